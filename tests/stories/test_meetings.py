"""Where two of these meet: a wrong client, an absence, a new account, a therapist who leaves."""

from __future__ import annotations

from world import World

from bot.services.digest_making import LAST_AFTER_MS
from tests.stories.test_handover import ASK, code_with_fay, is_asked, practice, starts
from tests.stories.test_relinking import relinks
from tests.stories.test_wrong_client import MISTAKE, OPENING, opened, sets_right, two_clients


async def test_a_session_before_the_therapist_fell_ill_is_asked_about_with_whose_it_was(
    world: World,
) -> None:
    anna, cora, ben = await two_clients(world)
    await ben.types("/away 2.11.–4.11.")
    await ben.taps("Apply")
    await sets_right(ben, "B2")
    await ben.taps("Yes, that is right")
    await world.later(minutes=2)
    assert cora.sees(OPENING)
    assert anna.sees(MISTAKE)


async def test_what_was_taken_away_does_not_come_back_with_a_days_work(world: World) -> None:
    anna, _, ben = await two_clients(world)
    await sets_right(ben, "Nobody's")
    await ben.taps("Yes, that is right")
    await ben.types("/away 2.11.–4.11.")
    await ben.taps("Apply")
    await ben.taps("Undo")
    asked = "SELECT state, not_asked_reason FROM appointment"
    assert await world.rows(asked) == [("cancelled", "wrong_client")]
    assert anna.sees(MISTAKE)
    received = anna.received
    await world.until("Wed 12:00")
    assert anna.received == received


async def test_a_new_account_is_told_of_the_mistake_once_it_has_agreed(world: World) -> None:
    anna, _, ben = await two_clients(world)
    new = await relinks(world, ben)
    await sets_right(ben, "Nobody's")
    await ben.taps("Yes, that is right")
    await world.later(minutes=30)
    assert not anna.sees(MISTAKE)
    assert not new.sees(MISTAKE)
    await new.taps("I agree")
    await world.later(minutes=15)
    assert not new.sees(OPENING)
    assert new.sees(MISTAKE)


async def test_whose_it_was_is_asked_in_the_new_account_that_has_agreed(world: World) -> None:
    _, cora, ben = await two_clients(world)
    new = await relinks(world, ben, "B2", "Cora's new phone")
    await sets_right(ben, "B2")
    await ben.taps("Yes, that is right")
    await world.later(minutes=5)
    assert not cora.sees(OPENING)
    assert not new.sees(OPENING)
    await new.taps("I agree")
    await world.later(minutes=15)
    assert new.sees(OPENING)
    assert not cora.sees(OPENING)


async def test_who_leaves_while_away_has_the_last_digest_all_the_same(world: World) -> None:
    anna, ben, fay = await practice(world)
    await ben.types("/away 3.11.–20.11.")
    await ben.taps("Apply")
    await fay.types("/away 3.11.–20.11.")
    await fay.taps("Apply")
    await starts(world)
    await world.later(hours=26)
    last = "SELECT max(cut_at) - max(begun_at) FROM digest JOIN handover ON from_id = therapist_id"
    assert await world.rows(last) == [(LAST_AFTER_MS,)]
    # The one before his days off has given way to the last, and opens again.
    await ben.taps("Open")
    assert ben.sees("A7", button="Let's talk about it")
    assert ASK in anna.screen
    await anna.taps("Yes, and share my answers")
    await anna.taps("I agree")
    await world.later(hours=72)
    await fay.types("/clients")
    await fay.taps(await code_with_fay(world))
    await fay.taps("Earlier answers")
    assert "a marmot" in fay.screen
    # The sessions with who has left are not asked about, whatever becomes of the days off.
    received = anna.received
    await world.until("Mon 18:00")
    assert anna.received == received


async def test_what_who_leaves_takes_away_is_not_handed_on(world: World) -> None:
    anna, ben, fay = await is_asked(world)
    await opened(ben)
    await ben.taps("Wrong client")
    await ben.taps("Nobody's")
    await ben.taps("Yes, that is right")
    await anna.taps("Yes, and share my answers")
    await anna.taps("I agree")
    await world.later(hours=72)
    await fay.types("/clients")
    await fay.taps(await code_with_fay(world))
    assert "a marmot" not in fay.everything
    if "Earlier answers" in fay.phone.last.labels:
        await fay.taps("Earlier answers")
    assert "a marmot" not in fay.everything
