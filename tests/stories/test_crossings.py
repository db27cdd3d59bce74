"""What meets only rarely: a lost server, an erasure, a change of account amid a handover."""

from __future__ import annotations

import pytest
from world import World

from bot.core.errors import Refused
from bot.opening import RandomIds
from bot.services.erasures import Erasures
from tests.stories.test_handover import ASK, is_asked, practice, starts
from tests.stories.test_leaving import RECORD
from tests.stories.test_lost_server import HELD, backed_up, restored, resumed
from tests.stories.test_relinking import GOES_ON, NEW, by_practice, link_for, number_on, relinks
from tests.stories.test_relinking_own import renews, week
from tests.stories.test_wrong_client import LOW, sets_right, two_clients

GONE = "it is gone: the practice's server had a fault."


async def test_who_is_asked_anew_about_going_on_reads_that_the_answer_was_lost(
    world: World,
) -> None:
    """Nobody says no or yes, is asked the same again, and is left to wonder what became of it."""
    anna, _, _ = await practice(world)
    await world.later(hours=49)
    await starts(world)
    backup = await backed_up(world)
    await world.later(hours=26)
    assert ASK in anna.screen
    assert GONE not in anna.screen
    await anna.taps("No, thank you")
    await restored(world, backup)
    await resumed(world)
    await world.later(hours=2)
    assert ASK in anna.screen
    assert anna.screen.count(GONE) == 1
    # Whoever has read it there does not read it again.
    dana = await world.therapist("Dana")
    await world.later(hours=24 * 8)
    again = anna.sees("I ask this once more, and then no more.")
    assert again is not None
    assert GONE not in (again.text or "")
    assert dana is world.dana


async def test_whoever_had_moved_in_lost_hours_is_said_to_be_back(world: World) -> None:
    """The former phone may be anybody's: only people know of a change that no file has."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    backup = await backed_up(world)
    new = await relinks(world, ben)
    await new.taps("I agree")
    await restored(world, backup)
    assert world.dana.sees("Who had changed accounts since then is back in the former one")
    await resumed(world)
    assert ben.sees("goes on in the former account: please send /relink again")
    await relinks(world, ben)
    await new.taps("I agree")
    await world.until("Mon 16:20")
    assert new.sees("A short check-in about Monday is ready.")
    assert not anna.sees("A short check-in about Monday is ready.")


async def test_erasing_takes_the_question_about_going_on_along(world: World) -> None:
    """It asks whether a colleague may see answers that are no more."""
    anna, _, _ = await is_asked(world)
    await anna.types("/erase")
    await anna.taps("Erase everything")
    assert anna.sees("Your answers have been erased")
    assert not anna.sees(ASK)
    assert anna.sees("These questions are no longer open. There is nothing to do.")
    (toast,) = await anna.forges(next(b for b in world.pushed(anna) if b.startswith("hand.")))
    assert "I don't know you yet" in toast


@pytest.mark.settings(RECORD)
async def test_so_does_the_practices_erasing(world: World) -> None:
    anna, _, _ = await is_asked(world)
    await anna.types("/erase")
    await anna.taps("Send the request")
    assert anna.sees(ASK)
    stage = world.stage
    erasures = Erasures(stage.running.db, stage.clock, RandomIds(), stage.settings)
    (wish,) = await erasures.open_wishes()
    asked = anna.sees(ASK)
    assert asked is not None
    assert asked.message_id in (await erasures.carry_out(wish)).gone


async def test_whose_a_session_was_is_not_said_to_be_asked_about_lost_hours(
    world: World,
) -> None:
    """It was set right before, in hours that are lost: the other client has been asked then."""
    anna, cora, ben = await two_clients(world)
    await anna.checks_in(*LOW)
    backup = await backed_up(world)
    await sets_right(ben, "B2")
    await ben.taps("Yes, that is right")
    await world.later(minutes=5)
    await cora.checks_in(9, 9, 9, 9, 9)
    await restored(world, backup)
    await resumed(world)
    await sets_right(ben, "B2")
    assert "B2 gets the appointment. Nothing is asked about it:" in ben.screen
    await ben.taps("Yes, that is right")
    await world.until("Fri 17:00")
    assert ben.sees("B2 · Mon 15:00 · not asked (its time was lost with the server)")
    assert "2.4" not in ben.screen


async def test_a_therapist_goes_over_again_before_anything_is_sent(world: World) -> None:
    """After a loss, no digest goes to a phone that was lost with the account."""
    anna, ben = await week(world)
    backup = await backed_up(world)
    new = await renews(world)
    await restored(world, backup)
    assert world.dana.sees("Please connect therapists anew now, while nothing is sent")
    await renews(world)
    await new.types("/clients")
    assert HELD in new.screen
    before = ben.received
    await resumed(world)
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    await world.until("Fri 17:10")
    assert new.sees("1 of 1 answered")
    assert ben.received == before + 1
    assert "goes on in another Telegram account now" in ben.screen


async def test_a_clients_change_of_account_waits_for_the_end_of_a_hold(world: World) -> None:
    """The former account could not be told, and its day for objecting would be over."""
    _, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    link = await link_for(ben)
    backup = await backed_up(world)
    await restored(world, backup)
    new = world.human(NEW)
    await new.starts(link)
    assert HELD in new.screen
    await resumed(world)
    await new.starts(link)
    assert number_on(new)


async def test_nor_does_the_practice_change_it_on_hold_by_a_link_of_before(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    new = world.human(NEW)
    await new.starts(await link_for(ben))
    number = number_on(new)
    await restored(world, await backed_up(world))
    with pytest.raises(Refused, match="on_hold"):
        await by_practice(world).confirm_by_practice("A7", number, None)
    await resumed(world)
    assert not isinstance(await by_practice(world).confirm_by_practice("A7", number, None), Refused)
    await world.later(minutes=5)
    assert anna.sees(GOES_ON, "That was not me")
