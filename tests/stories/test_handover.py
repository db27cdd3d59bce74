"""A therapist leaves: each client is asked once whether to go on with a colleague.

1. For a day it can be undone, and nothing changes. 2. Then all pairs end; who leaves gets a last
digest, and two days later has no access. 3. The colleague sees nothing of a client who has not said
yes and agreed; then the earlier answers only where they are shared. 4. A no, and no answer, end it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from world import Human, World

from bot.core.errors import Refused
from bot.opening import RandomIds
from bot.services.erasures import Erasures
from bot.services.handing import Handing, Plan
from bot.store.database import Transaction
from bot.views.buttons import write_id
from tests.stories.test_ending import SHORT
from tests.stories.test_goals import noted
from tests.stories.test_leaving import RECORD
from tests.stories.test_relinking import by_practice, link_for, number_on, relinks

ASK = "If you go on with Fay: shall I ask you after those sessions, too?"
NOT_FOR_YOU = "This is not for you to use."
T = TypeVar("T")


async def by_admin(world: World, act: Callable[[Handing], Awaitable[T]]) -> T:
    """Let the admin do something on the server."""
    stage = world.stage
    handing = Handing(stage.running.db, stage.clock, RandomIds(), stage.settings)
    done = await act(handing)
    await world.step()
    return done


async def starts(world: World) -> Plan:
    return await by_admin(world, lambda handing: handing.start("Ben", "Fay"))


async def practice(world: World) -> tuple[Human, Human, Human]:
    """Anna with Ben, with one answered check-in; and Fay, a colleague with a client under A7."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    _, fay = await world.pair("Gus", "Fay", code="A7")
    await world.until("Mon 16:20")
    await anna.answers(3, 8, 8, 8, 8)
    while "Skip ›" in anna.phone.last.labels and "differently" not in anna.screen:
        await anna.taps("Skip ›")
    await anna.types("a marmot")
    await anna.taps("Show my therapist")
    return anna, ben, fay


async def is_asked(world: World) -> tuple[Human, Human, Human]:
    """Come to where Anna is asked."""
    anna, ben, fay = await practice(world)
    await starts(world)
    await world.later(hours=26)
    assert ASK in anna.screen
    assert "Ben leaves the practice." in anna.screen
    assert "only about these questions, not about who treats you." in anna.screen
    assert "If this surprises you, please ask the practice." in anna.screen
    return anna, ben, fay


async def test_what_it_means_is_said_first(world: World) -> None:
    anna, _, _ = await practice(world)
    await world.pair("Cora", "Ben", code="C3")
    stopped, ben = await world.pair("Stopped", "Ben", code="S5")
    await stopped.types("/stop")
    await stopped.taps("Stop the questions")
    await world.pair("Gus", "Ben", code="G2")
    await world.joins(world.human("Joined"), await world.invites(ben, "J8"))
    await world.invites(ben, "L2")
    before = await world.facts()
    plan = await by_admin(world, lambda handing: handing.preview("ben", "FAY"))
    assert (plan.from_name, plan.to_name) == ("Ben", "Fay")
    assert (plan.asked, plan.anew) == (("A7", "C3"), ("A7",))
    assert dict(plan.unasked) == {
        "S5": "stopped", "G2": "twice", "J8": "not_confirmed", "L2": "not_joined",
    }  # fmt: skip
    assert await world.facts() == before
    received = stopped.received
    await starts(world)
    await world.later(hours=30)
    assert ASK in anna.screen
    assert ASK in world.people["Cora"].screen
    assert stopped.received == received
    for name in ("Gus", "Joined"):
        assert world.people[name].sees("It has been noted that your therapy with Ben is finished.")
        assert ASK not in world.people[name].everything


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (("Ben", "Ben"), "handover_same"),
        (("Ben", "Nobody"), "therapist_unknown"),
        (("Anna", "Fay"), "therapist_unknown"),
    ],
)
async def test_who_cannot_hand_over_or_take_over(
    world: World, names: tuple[str, str], why: str
) -> None:
    await practice(world)
    with pytest.raises(Refused) as refused:
        await by_admin(world, lambda handing: handing.start(*names))
    assert refused.value.reason == why


async def test_who_takes_clients_over_does_not_leave_before_they_have_answered(
    world: World,
) -> None:
    anna, _, fay = await practice(world)
    await world.therapist("Gil")
    await starts(world)
    for hours in (1, 26):
        await world.later(hours=hours)
        with pytest.raises(Refused) as refused:
            await by_admin(world, lambda handing: handing.start("Fay", "Gil"))
        assert refused.value.reason == "handover_takes_over"
    await anna.taps("Yes, and share my answers")
    await by_admin(world, lambda handing: handing.start("Fay", "Gil"))
    assert fay.sees("The practice hands your clients over to Gil.")


async def test_until_it_begins_it_can_be_undone(world: World) -> None:
    anna, ben, fay = await practice(world)
    await starts(world)
    assert ben.sees("The practice hands your clients over to Fay.")
    assert fay.sees("take over the clients of Ben.")
    assert "Anna" not in fay.everything
    for start in (("Ben", "Fay"), ("Fay", "Ben")):
        with pytest.raises(Refused):
            await by_admin(world, lambda handing, two=start: handing.start(*two))  # type: ignore[misc]
    received = anna.received
    await world.later(hours=20)
    await by_admin(world, lambda handing: handing.undo("Ben"))
    assert ben.sees("not handed over to Fay after all")
    assert fay.sees("The clients of Ben are not handed over after all.")
    await world.later(hours=48)
    assert anna.received == received
    assert await world.rows("SELECT state FROM pair WHERE ended_at IS NOT NULL") == []
    with pytest.raises(Refused) as refused:
        await by_admin(world, lambda handing: handing.undo("Ben"))
    assert refused.value.reason == "handover_none"
    await world.until("Fri 17:00")
    assert ben.sees("1 of 1 answered")


async def test_who_leaves_gets_a_last_digest_and_then_has_no_access(world: World) -> None:
    anna, ben, _ = await practice(world)
    await starts(world)
    await world.later(hours=24, minutes=30)
    assert ben.sees("1 of 1 answered")
    assert not anna.sees(ASK)
    await ben.opens("A7")
    assert ben.sees("a marmot")
    await ben.taps("‹ Back")
    await ben.taps("A7 · Read")
    await world.later(hours=2)
    assert anna.sees("Your therapist read your check-in")
    with pytest.raises(Refused) as refused:
        await by_admin(world, lambda handing: handing.undo("Ben"))
    assert refused.value.reason == "handover_begun"
    await world.later(hours=48)
    assert ben.sees("Your work here has ended, and with it your access.")
    buttons = [one for one in world.pushed(ben) if not one.startswith(("help.", "close."))]
    before = await world.facts()
    for toast in await ben.forges(*buttons):
        assert NOT_FOR_YOU in toast
    for command in ("/clients", "/today", "/invite"):
        await ben.types(command)
        assert NOT_FOR_YOU in ben.screen
    assert await world.facts() == before
    received = ben.received
    await world.until("Fri 17:00")
    await world.until("Fri 17:00")
    assert ben.received == received
    await ben.types("/help")
    assert ben.screen.startswith("If you need help now")


async def test_nobody_leaves_before_the_last_digest_is_made_and_has_come(world: World) -> None:
    """The program was down for the two days in which it was to be read."""
    _, ben, _ = await practice(world)
    await starts(world)
    stage = world.stage
    await world.later(hours=23, minutes=50)
    stage.clock.advance_to(stage.clock.now() + 10 * 60_000 + 1000)
    await world.step()
    assert await world.rows("SELECT id FROM digest") == []
    assert await world.rows("SELECT id FROM handover WHERE begun_at IS NULL") == []
    stage.clock.advance_to(stage.clock.now() + 50 * 3_600_000)
    handing = Handing(stage.running.db, stage.clock, RandomIds(), stage.settings)
    assert not await handing.work_one()
    stage.emulator.faults.add("status", status=500, method="sendMessage", chat=ben.phone.id)
    await world.step()
    assert await world.rows("SELECT id FROM handover WHERE left_at IS NOT NULL") == []
    stage.emulator.faults.clear()
    await world.later(hours=1)
    assert ben.sees("1 of 1 answered")
    await world.later(hours=46)
    assert await world.rows("SELECT id FROM handover WHERE left_at IS NOT NULL") == []
    await ben.taps("A7 · Read")
    assert "✓" in ben.screen, "it can be acknowledged for as long as any last digest"
    await world.later(hours=2)
    assert len(await world.rows("SELECT id FROM handover WHERE left_at IS NOT NULL")) == 1
    assert not ben.sees("1 of 1 answered")


async def test_when_access_ends_all_digests_close_at_once(world: World) -> None:
    anna, ben, _ = await practice(world)
    await world.until("Fri 17:00")
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    await starts(world)
    while not ben.sees("Your work here has ended"):
        await world.later(minutes=30)
    closed = [seen.text for seen in ben.phone.chat if "· closed" in (seen.text or "")]
    assert len(closed) == 2
    assert "answered" not in ben.everything


async def test_who_leaves_begins_nothing_new_meanwhile(world: World) -> None:
    _, ben, _ = await practice(world)
    link = await world.invites(ben, "L2")
    late, cora = world.human("Late"), world.human("Cora")
    await world.joins(late, await world.invites(ben, "J8"))
    waiting = [button for button in world.pushed(ben) if button.startswith("confirm.")]
    await starts(world)
    await world.later(hours=26)
    for words in ("/invite C9", "/invite"):
        await ben.types(words)
        assert "because you leave the practice" in ben.screen
    await ben.types("/add A7 2026-11-10 09:00 50m weekly")
    assert "A7 has ended; nothing can be planned." in ben.screen
    await cora.starts(link)
    assert "This invitation is not valid, or no longer." in cora.screen
    await ben.forges(*waiting)
    assert await world.rows("SELECT DISTINCT pair.state FROM pair JOIN person ON person.id ="
                            " therapist_id JOIN handover ON from_id = person.id") == [
        ("ended",)
    ]  # fmt: skip
    await world.later(hours=48)
    assert len(await world.rows("SELECT id FROM handover WHERE left_at IS NOT NULL")) == 1


async def wish(world: World, at: int | None) -> None:
    """Let the former pair have a wish to be erased that waits for a decision, or none."""

    async def do(tx: Transaction) -> None:
        await tx.run("UPDATE pair SET erase_asked_at = :at WHERE state = 'ended'", at=at)

    await world.stage.running.db.write(do)


async def test_a_yes_with_the_earlier_answers(world: World) -> None:
    anna, ben, fay = await is_asked(world)
    await anna.taps("Yes, and share my answers")
    assert "Do you agree?" in anna.screen
    told = fay.sees("would like to go on with you, and is being asked to agree.")
    assert told is not None
    # Fay has used A7 before: it is another code.
    code = (told.text or "").split(" ")[0]
    assert code != "A7"
    await fay.types("/clients")
    await fay.taps(code)
    assert "has not agreed yet" in fay.screen
    assert "Earlier answers" not in fay.phone.last.labels
    await anna.taps("I agree")
    await fay.types("/clients")
    await fay.taps(code)
    assert await fay.taps("Earlier answers") == ""
    assert fay.sees(f"Before you · {code}")
    assert "a marmot" in fay.screen
    # Another therapist, and who leaves, see nothing of the new pair, and Fay not the former one's.
    await ben.types("/clients")
    assert code not in ben.screen
    await world.meets(fay, code, "Mon 15:00")
    await world.until("Mon 16:20")
    assert anna.sees("A short check-in about Monday is ready")
    await anna.checks_in(9, 9, 9, 9, 9)
    await world.until("Fri 17:00")
    assert fay.sees("answered")
    # Whoever wishes to be erased before shares nothing while that is decided.
    await wish(world, 1)
    await fay.types("/clients")
    await fay.taps(code)
    assert "Earlier answers" not in fay.phone.last.labels
    await wish(world, None)
    # Whoever stops with Fay shares nothing any more.
    await anna.types("/stop")
    await anna.taps("Stop the questions")
    await fay.types("/clients")
    await fay.taps(code)
    assert "Earlier answers" not in fay.phone.last.labels


async def test_what_goes_along_is_said_before(world: World) -> None:
    """Whatever the colleague then reads is named in the question: goals and the eve of it, too."""
    anna, ben = await world.pair("Anna", "Ben")
    _, fay = await world.pair("Gus", "Fay", code="B2")
    await anna.taps("Answer now (three questions)")
    await anna.answers(7, 6)
    await anna.taps("Better")
    await noted(anna, "Go out alone")
    await world.meets(ben, "A7", "Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    await starts(world)
    await world.later(hours=26)
    assert ASK in anna.screen
    for what in (
        "the numbers, what you tapped, the texts that you had chosen to show",
        "what you said before the first session and as a goodbye",
        "your goals in your own words",
        "which sessions you did not answer about",
    ):
        assert what in anna.screen
    await anna.taps("Yes, and share my answers")
    await anna.taps("I agree")
    await fay.types("/clients")
    await fay.taps("A7")
    await fay.taps("Earlier answers")
    assert "Go out alone" in fay.screen
    assert "Before the first session" in fay.screen


async def test_a_yes_without_them(world: World) -> None:
    anna, _, fay = await is_asked(world)
    await anna.taps("Yes, without earlier answers")
    await anna.taps("I agree")
    assert fay.sees("Earlier answers are not shared.")
    ((code,),) = await world.rows(
        "SELECT code FROM pair WHERE id = (SELECT new_pair_id FROM handover_pair)"
    )
    await fay.types("/clients")
    await fay.taps(str(code))
    assert "Earlier answers" not in fay.phone.last.labels
    await fay.types("/today")
    assert "marmot" not in fay.everything
    # Asked once: a button that is pressed again changes nothing.
    (toast,) = await anna.forges(next(b for b in world.pushed(anna) if b.startswith("hand.")))
    assert "This question is closed." in toast
    await world.later(hours=24 * 8)
    assert len([c for c in world.calls_to(anna) if ASK in str(c.params)
                and c.method == "sendMessage"]) == 1  # fmt: skip


async def test_a_no_ends_it(world: World) -> None:
    anna, _, fay = await is_asked(world)
    await anna.taps("No, thank you")
    assert "That is all right" in anna.screen
    await world.until("Mon 16:20")
    assert not anna.sees("A short check-in", button="Later")
    assert not fay.sees("is being asked to agree")
    await anna.types("/history")
    assert anna.sees("heard 3")
    assert await world.rows("SELECT state FROM pair WHERE client_id ="
                            " (SELECT client_id FROM pair WHERE ended_at IS NOT NULL)") == [
        ("ended",)
    ]  # fmt: skip


async def test_no_answer_is_asked_about_once_more_and_then_is_a_no(world: World) -> None:
    anna, _, fay = await is_asked(world)
    await world.later(hours=24 * 7)
    assert anna.sees("I ask this once more, and then no more.")
    assert "Ben has left the practice." in anna.screen
    # The first one is folded: whoever scrolls up finds no second pair of buttons.
    assert anna.sees("This goes on in the newest message.")
    assert len([seen for seen in anna.phone.chat if ASK in (seen.text or "")]) == 1
    await world.later(hours=24 * 8)
    asked = [c for c in world.calls_to(anna) if ASK in str(c.params) and c.method == "sendMessage"]
    assert len(asked) == 2
    # Nothing looks open any more.
    assert not anna.sees(ASK)
    over = anna.sees("The time to answer is over; no answer means no.")
    assert over is not None
    assert over.labels == ["Help now"]
    assert await world.rows("SELECT answer FROM handover_pair") == [("lapsed",)]
    button = next(one for one in world.pushed(anna) if one.startswith("hand."))
    (toast,) = await anna.forges(button)
    assert "This question is closed." in toast
    assert not fay.sees("is being asked to agree")


async def asked_all(world: World) -> Human:
    """Come to where four of Ben's clients are asked, one of whom has blocked the bot; give Fay."""
    _, _, fay = await practice(world)
    for name, code in (("Cora", "C3"), ("Hal", "H4"), ("Ida", "J5")):
        await world.pair(name, "Ben", code=code)
    await world.people["Ida"].does(world.people["Ida"].phone.block)
    await starts(world)
    await world.later(hours=26)
    return fay


OVER = "The clients of Ben have answered, or their time to answer is over."


async def test_at_the_end_each_learns_what_is_theirs(world: World) -> None:
    """The admin by code, who has to look after whom; the colleague how many, and no more."""
    fay = await asked_all(world)
    await world.people["Anna"].taps("Yes, and share my answers")
    assert "Fay, who said yes, and of the others only how many." in world.people["Cora"].screen
    await world.people["Cora"].taps("No, thank you")
    await world.later(hours=24)
    assert not world.dana.sees("Ben → Fay")
    await world.later(hours=25)
    ((new,),) = await world.rows("SELECT code FROM pair WHERE id IN"
                                 " (SELECT new_pair_id FROM handover_pair)")  # fmt: skip
    told = world.dana.sees("The access of Ben has ended. Not everybody has answered yet:")
    assert told is not None
    assert f"Go on with Fay: A7 → {new}\n\nSaid no: C3\n\nCan answer until" in (told.text or "")
    assert ": H4, J5\n\n" in (told.text or "")
    assert not fay.sees(OVER)
    await world.later(hours=24 * 13)
    told = world.dana.sees("All clients have answered")
    assert told is not None
    lines = (told.text or "").split("\n\n")
    assert lines[1:5] == [
        f"Go on with Fay: A7 → {new}", "Said no: C3", "Asked, and no answer: H4",
        "Could not be asked (out of reach, or stopped meanwhile): J5",
    ]  # fmt: skip
    hears = fay.sees(OVER)
    assert hears is not None
    assert "These go on with you: 1 of 4." in (hears.text or "")
    assert not any(code in fay.everything for code in ("C3", "H4", "J5"))
    assert "share" not in world.dana.everything.lower()
    assert not world.people["Ben"].sees("said no")
    await world.later(hours=24)
    assert len(await world.rows("SELECT id FROM message WHERE part LIKE 'handover_outcome%'")) == 3


async def test_where_all_answer_at_once_it_is_said_at_once_and_once(world: World) -> None:
    anna, ben, fay = await is_asked(world)
    await anna.taps("Yes, without earlier answers")
    assert fay.sees("These go on with you: 1 of 1.")
    assert not fay.sees("The others said no, or nothing")
    assert world.dana.sees("All clients have answered")
    await world.later(hours=49)
    assert ben.sees("Your work here has ended")
    assert not world.dana.sees("Not everybody has answered yet")


async def test_what_the_admin_was_told_goes_with_whoever_is_erased(world: World) -> None:
    anna, _, _ = await is_asked(world)
    await anna.taps("No, thank you")
    assert world.dana.sees("Said no: A7")
    await anna.types("/erase")
    await anna.taps("Erase everything")
    await world.later(minutes=1)
    assert not world.dana.sees("A7")


async def test_an_open_check_in_stands_in_the_last_digest(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.therapist("Fay")
    await world.until("Mon 10:00")
    await starts(world)
    await world.until("Mon 16:20")
    await anna.answers(3, 8)
    await world.until("Tue 10:30")
    assert await world.rows("SELECT state FROM checkin") == [("partial",)]
    assert ben.sees("2 of 5")
    assert anna.sees("This check-in is closed") or not anna.sees("Question 3 of 5")
    await world.until("Tue 12:00")
    assert ASK in anna.screen


async def test_a_goodbye_of_before_stands_in_the_last_digest_as_well(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.therapist("Fay")
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    await world.until("Tue 09:00")
    await starts(world)
    await ben.types("/end A7")
    await ben.taps("End it, with a goodbye check-in")
    await world.until("Tue 11:00")
    await anna.answers(2)
    await world.until("Wed 09:30")
    assert await world.rows("SELECT state FROM checkin WHERE kind = 'goodbye'") == [("partial",)]
    assert await world.rows("SELECT state FROM checkin WHERE state = 'open'") == []
    assert ben.sees("Goodbye")
    # What is tapped afterwards would be read by nobody: it is not taken.
    kept = await world.kept()
    await anna.forges(next(b for b in world.pushed(anna) if b.startswith("rate.")))
    assert await world.kept() == kept


async def test_with_two_therapists_only_the_one_who_leaves_is_asked_about(world: World) -> None:
    anna, _, _ = await practice(world)
    _, far = await world.pair("Anna", "Faraway", code="F9", meets="Tue 15:00")
    await starts(world)
    await world.until("Tue 16:20")
    assert anna.sees("A short check-in about Tuesday is ready")
    await world.until("Wed 10:00")
    assert anna.sees(ASK)
    rows = await world.rows("SELECT state FROM pair WHERE code = 'F9'")
    assert rows == [("active",)]
    await anna.taps("No, thank you", anna.sees(ASK))
    assert await world.rows("SELECT state FROM pair WHERE code = 'F9'") == [("active",)]
    assert far.received


async def test_a_new_account_is_asked_in_place_of_the_former_one(world: World) -> None:
    anna, ben, _ = await practice(world)
    await starts(world)
    await world.later(hours=24, minutes=10)
    new = await relinks(world, ben)
    await world.later(hours=2)
    assert new.sees(ASK)
    assert not anna.sees(ASK)
    await new.taps("Yes, and share my answers")
    assert "Do you agree?" in new.screen
    for toast in await anna.forges(*[b for b in world.pushed(new) if b.startswith("hand.")]):
        assert NOT_FOR_YOU in toast


async def left(world: World) -> tuple[Human, Human]:
    """Come to where Anna goes on with Fay, and Ben has no access any more."""
    anna, ben, _ = await is_asked(world)
    await anna.taps("Yes, and share my answers")
    await anna.taps("I agree")
    await world.later(hours=72)
    assert await world.rows("SELECT 1 FROM handover WHERE left_at IS NOT NULL") == [(1,)]
    return anna, ben


async def test_who_has_left_is_not_told_who_erases(world: World) -> None:
    anna, ben = await left(world)
    received = ben.received
    await anna.types("/erase")
    await anna.taps("Ben")
    await anna.taps("Erase everything")
    await world.later(hours=12)
    assert await world.kept() == []
    assert ben.received == received


@pytest.mark.settings(RECORD)
@pytest.mark.parametrize("is_granted", [True, False])
async def test_who_has_left_is_not_told_what_the_practice_erases(
    world: World, is_granted: bool
) -> None:
    anna, ben = await left(world)
    received = ben.received
    await anna.types("/erase")
    await anna.taps("Ben")
    await anna.taps("Send the request")
    await world.later(hours=12)
    stage = world.stage
    erasures = Erasures(stage.running.db, stage.clock, RandomIds(), stage.settings)
    (wish,) = await erasures.open_wishes()
    await (erasures.carry_out(wish) if is_granted else erasures.decline(wish))
    await world.later(hours=12)
    assert (await world.kept() == []) == is_granted
    assert ben.received == received


async def shared_by_another(world: World) -> tuple[Human, Human, Human]:
    """Let an account that is not Anna's get her pair, and share what was before with Fay."""
    anna, ben, fay = await practice(world)
    await starts(world)
    await world.later(hours=24, minutes=10)
    other = await relinks(world, ben)
    await world.later(hours=2)
    await other.taps("Yes, and share my answers")
    await other.taps("I agree")
    return anna, other, fay


async def looks_at_earlier(world: World, fay: Human) -> bool:
    """Let Fay open the earlier answers, where offered; else try what would open them."""
    await fay.types("/clients")
    await fay.taps(await code_with_fay(world))
    if "Earlier answers" in fay.phone.last.labels:
        await fay.taps("Earlier answers")
        assert "a marmot" in fay.screen
        return True
    ((pair,),) = await world.rows("SELECT new_pair_id FROM handover_pair")
    await fay.forges(f"earlier.{write_id(int(str(pair)))}")
    assert not fay.sees("a marmot")
    return False


async def test_what_a_new_account_shares_waits_until_nobody_can_object(world: World) -> None:
    _, _, fay = await shared_by_another(world)
    assert not await looks_at_earlier(world, fay)
    await world.later(hours=24)
    assert await looks_at_earlier(world, fay)


async def test_what_an_account_shared_that_was_not_the_clients_stays_closed(world: World) -> None:
    anna, _, fay = await shared_by_another(world)
    await anna.taps("That was not me")
    await world.later(hours=30)
    assert not await looks_at_earlier(world, fay)
    back = world.human("Anna's own phone")
    await back.starts((await by_practice(world).offer_by_practice("A7", "Ben")).secret)
    await by_practice(world).confirm_by_practice("A7", number_on(back), "Ben")
    await world.step()
    await back.taps("I agree")
    await world.later(hours=30)
    assert not await looks_at_earlier(world, fay), "the yes was another's"


async def test_where_the_new_account_was_the_right_one_its_yes_counts(world: World) -> None:
    anna, _, fay = await shared_by_another(world)
    await anna.taps("That was not me")
    await by_practice(world).settle("A7", "Ben")
    await world.step()
    assert await looks_at_earlier(world, fay)


async def test_who_has_left_is_not_told_who_objects_to_a_new_account(world: World) -> None:
    anna, ben, _ = await is_asked(world)
    await world.later(hours=60)
    assert await world.rows("SELECT 1 FROM handover WHERE left_at IS NOT NULL") == [(1,)]
    received = ben.received
    relinking = world.stage.running.room.relinking
    new = world.human("Anna's new phone")
    await new.starts((await relinking.offer_by_practice("A7", "Ben")).secret)
    await world.stage.running.room.relinking.confirm_by_practice("A7", number_on(new), "Ben")
    await world.step()
    await anna.taps("That was not me")
    await world.later(hours=12)
    assert world.dana.sees("rapport relink client A7")
    assert ben.received == received


async def code_with_fay(world: World) -> str:
    ((code,),) = await world.rows(
        "SELECT code FROM pair WHERE id = (SELECT new_pair_id FROM handover_pair)"
    )
    return str(code)


async def test_a_new_account_that_has_not_agreed_is_not_asked_before(world: World) -> None:
    _, ben, _ = await practice(world)
    new = await relinks(world, ben)
    await starts(world)
    await world.later(hours=26)
    assert not new.sees(ASK)
    ((pair,),) = await world.rows("SELECT id FROM pair WHERE state = 'ended'")
    (toast,) = await new.forges(f"hand.{write_id(int(str(pair)))}.share")
    assert "you have not agreed here yet" in toast
    await new.types("/start")
    await new.taps("I agree")
    await world.later(hours=1)
    assert new.sees(ASK)


async def test_what_was_before_goes_along_to_a_new_account(world: World) -> None:
    """Ben has left and can move nothing any more: Fay's word moves both."""
    anna, _, fay = await is_asked(world)
    await anna.taps("Yes, and share my answers")
    await anna.taps("I agree")
    await world.later(hours=72)
    code = await code_with_fay(world)
    new = await relinks(world, fay, code)
    await new.taps("I agree")
    await world.later(hours=24)
    await new.types("/history")
    await new.taps("Ben")
    assert new.sees("heard 3")
    await anna.types("/history")
    assert NOT_FOR_YOU in anna.screen
    await fay.types("/clients")
    await fay.taps(code)
    await fay.taps("Earlier answers")
    assert "a marmot" in fay.screen
    await anna.types("/erase")
    assert NOT_FOR_YOU in anna.screen


async def test_what_comes_after_goes_along_where_the_former_therapist_moves_it(
    world: World,
) -> None:
    anna, ben, fay = await is_asked(world)
    await anna.taps("Yes, and share my answers")
    await anna.taps("I agree")
    new = world.human("Anna's new phone")
    await new.starts(await link_for(ben))
    await ben.types(f"/relink A7 {number_on(new)}")
    assert "Do you agree?" in new.everything
    code = await code_with_fay(world)
    await fay.types("/clients")
    assert "new account, has not agreed there yet" in fay.screen
    await new.types("/start")
    await new.taps("I agree")
    await fay.types("/clients")
    await fay.taps(code)
    assert "Earlier answers" in fay.phone.last.labels


async def test_an_account_that_is_with_the_colleague_already_cannot_take_both(
    world: World,
) -> None:
    anna, ben, _ = await is_asked(world)
    await anna.taps("Yes, and share my answers")
    await anna.taps("I agree")
    gus = world.people["Gus"]
    await gus.starts(await link_for(ben))
    before = await world.rows("SELECT id, client_id FROM pair ORDER BY id")
    await ben.types(f"/relink A7 {number_on(gus)}")
    assert "is connected here otherwise since" in ben.screen
    assert await world.rows("SELECT id, client_id FROM pair ORDER BY id") == before


@pytest.mark.settings(SHORT)
async def test_a_handover_does_not_renew_how_long_is_kept_of_who_had_stopped(
    world: World,
) -> None:
    anna, _, _ = await practice(world)
    await anna.types("/stop")
    await anna.taps("Stop the questions")
    await world.later(hours=24 * 25)
    await starts(world)
    await world.later(hours=30)
    assert await world.rows("SELECT state FROM pair WHERE code = 'A7'"
                            " AND stopped_at IS NOT NULL") == [("ended",)]  # fmt: skip
    assert await world.kept() != []
    await world.later(hours=24 * 5)
    assert await world.kept() == []


async def test_erasing_what_was_before_takes_it_from_the_colleague(world: World) -> None:
    anna, _, fay = await is_asked(world)
    await anna.taps("Yes, and share my answers")
    await anna.taps("I agree")
    await anna.types("/erase")
    await anna.taps("Ben")
    await anna.taps("Erase everything")
    assert await world.kept() == []
    ((code,),) = await world.rows("SELECT code FROM pair WHERE state = 'active' AND code <> 'A7'")
    await fay.types("/clients")
    await fay.taps(str(code))
    assert "Earlier answers" not in fay.phone.last.labels


async def test_the_last_digest_says_who_is_handed_over_and_with_whom_it_has_ended(
    world: World,
) -> None:
    anna, ben, _ = await practice(world)
    await world.pair("Gus", "Ben", code="G2", meets="Mon 17:00")
    await starts(world)
    await world.later(hours=24, minutes=5)
    assert "A7 · Mon 15:00" in ben.screen
    said = {line.split(" · ")[0]: line for line in ben.screen.splitlines() if " · " in line}
    assert "handed over" in ben.screen
    assert "therapy ended here" in said["G2"], "a client of Fay's already: nobody is asked"
    await world.later(hours=2)
    assert ASK in anna.screen
    await anna.taps("No, thank you")
    await ben.opens("A7")
    await ben.taps("‹ Back")
    assert "handed over" not in ben.screen, "she goes on with nobody"
