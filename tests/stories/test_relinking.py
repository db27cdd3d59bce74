"""A client with a new phone or account: the pair goes on there, and nowhere else.

1. Nothing changes before the therapist has typed the number that the new account shows. 2. Then the
former account is cut off and told once, neutrally. 3. The new one is asked to agree; history opens
and questions come only afterwards, an open one once and where it stood. 4. Only the pair of the
therapist who asks moves. 5. Whoever may not take over is told why, and what to do.
"""

from __future__ import annotations

import asyncio
import re

import pytest
from world import Human, World, invitation_in

from bot.core.errors import Refused
from bot.services.relinking import Relinking
from bot.views.buttons import write_id
from tests.stories.test_goals import noted, second_check_in
from tests.transactions import writing

NEW = "Anna's new phone"
GOES_ON = "goes on in another Telegram account now"
AGREED = "Do you agree?"
PROMPTS = "SELECT state FROM message WHERE kind = 'prompt'"
TALKED = "Did you two talk about it?"
NOT_FOR_YOU = "This is not for you to use."
NOT_YOURS = "This is not one of yours, or it is no longer here."


async def link_for(ben: Human, code: str = "A7") -> str:
    """Let a therapist make a link; give its code."""
    await ben.types(f"/relink {code}")
    return invitation_in(ben.screen)


def by_practice(world: World) -> Relinking:
    """Give what the practice does on its server, of the program as it runs now."""
    return world.stage.running.room.relinking


def number_on(human: Human) -> str:
    """Read the number that a new account shows."""
    found = re.search(r"\b(\d{3}) (\d{3})\b", human.screen)
    assert found is not None, human.screen
    return found[1] + found[2]


async def relinks(world: World, ben: Human, code: str = "A7", name: str = NEW) -> Human:
    """Let a client go over to a new account, up to the question whether they agree there."""
    new = world.human(name)
    await new.starts(await link_for(ben, code))
    await ben.types(f"/relink {code} {number_on(new)}")
    assert "goes on in the new account" in ben.screen
    return new


async def half_answered(world: World) -> tuple[Human, Human]:
    """Let Anna answer two questions of the first check-in."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(3, 8)
    return anna, ben


async def test_a_pair_goes_on_in_the_new_account(world: World) -> None:
    anna, ben = await half_answered(world)
    new = await relinks(world, ben)

    assert GOES_ON in anna.screen
    assert anna.sees("This goes on in another account.")
    assert "Ben" not in anna.screen
    assert AGREED in new.screen
    assert not new.sees("check-in")
    await new.taps("I agree")
    # Where it stood: two of five are answered.
    assert new.sees("Question 3 of 5", button="Skip ›")
    await new.checks_in(7, 7, 7)

    kept = [value for value in await world.kept() if isinstance(value, int)]
    assert sorted(kept) == [3, 7, 7, 7, 8]
    await world.until("Fri 17:00")
    assert ben.sees("A7")
    await world.until("Mon 16:20")
    assert new.sees("A short check-in about Monday is ready")
    await new.answers(8)
    assert GOES_ON in anna.screen


async def test_the_former_account_has_nothing_left_but_help(world: World) -> None:
    anna, ben = await half_answered(world)
    buttons = world.pushed(anna)
    await relinks(world, ben)
    before = await world.facts()

    received = anna.received
    toasts = await anna.forges(*[one for one in buttons if not one.startswith("help.")])
    assert len(toasts) > 10
    assert {toast for toast in toasts if NOT_FOR_YOU not in toast} == set()
    await anna.types("7")
    await anna.types("/history")
    assert NOT_FOR_YOU in anna.screen
    assert await world.facts() == before
    assert anna.received == received + 2
    await anna.taps("Help now")
    assert "In an emergency call 112." in anna.screen


async def test_what_was_deleted_in_the_former_chat_does_not_come_anew(world: World) -> None:
    anna, ben = await half_answered(world)
    world.to_be_refused.add("Bad Request: message to edit not found")
    for seen in [seen for seen in anna.phone.chat if seen.from_bot]:
        anna.phone.delete(seen)
    received = anna.received
    await relinks(world, ben)
    assert GOES_ON in anna.screen
    assert anna.received == received + 1


async def test_before_the_number_is_typed_nothing_changes(world: World) -> None:
    anna, ben = await half_answered(world)
    before = await world.facts()
    new = world.human(NEW)
    await new.starts(await link_for(ben))
    assert "Read this number to your therapist" in new.screen
    number = number_on(new)
    await new.types("/history")
    assert "I don't know you yet." in new.screen
    await anna.answers(8)
    assert len(await world.rows("SELECT id FROM person")) == 3  # Dana, Ben and Anna
    assert (await world.facts())[2] == before[2]
    # Opening it once more shows the same number.
    await new.starts(invitation_in(ben.sees("New account for A7").text or ""))  # type: ignore[union-attr]
    assert number_on(new) == number


async def test_who_agrees_before_the_news_arrives_is_not_told_that_therapy_has_ended(
    world: World,
) -> None:
    _, ben = await half_answered(world)
    new = world.human(NEW)
    await new.starts(await link_for(ben))
    ((therapist,),) = await world.rows("SELECT therapist_id FROM pair")
    room = world.stage.running.room
    await room.relinking.confirm(int(str(therapist)), "A7", number_on(new))
    await room.enrolment.consent(
        *(await world.rows("SELECT client_id, id FROM pair"))[0]  # type: ignore[arg-type]
    )
    await world.later(minutes=10)
    assert not new.sees("Therapy has ended here.")
    assert new.sees("Question 3 of 5", button="Skip ›")


async def test_history_opens_only_after_agreeing(world: World) -> None:
    _, ben = await half_answered(world)
    new = await relinks(world, ben)
    for command in ("/history", "/goals", "/export"):
        await new.types(command)
        assert "you have not agreed here yet" in new.screen, command
    await new.types("8")
    assert "Nobody reads this chat." in new.screen
    ((pair,),) = await world.rows("SELECT id FROM pair")
    ((checkin,),) = await world.rows("SELECT id FROM checkin")
    at, on = write_id(int(str(checkin))), write_id(int(str(pair)))
    toasts = await new.forges(
        f"rate.{at}.goals.9", f"show.{at}", f"history.{on}.0", f"mychart.{on}"
    )
    assert toasts[:2] == [NOT_YOURS] * 2
    assert all("you have not agreed here yet" in toast for toast in toasts[2:])
    assert len(await world.kept()) == 2
    await new.types("/start")
    await new.taps("I agree")
    await world.later(hours=24)
    await new.types("/history")
    assert new.sees("heard 3")


async def kept_words(world: World, code: str = "A7") -> tuple[Human, Human]:
    """Let Anna answer all questions, and write something that she keeps."""
    anna, ben = await world.pair("Anna", "Ben", code, meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(3, 8, 8, 8, 8)
    await anna.taps("Skip ›")
    await anna.types("only mine")
    await anna.taps("Keep it for me")
    return anna, ben


async def test_what_was_before_opens_a_day_after_the_change(world: World) -> None:
    anna, ben = await kept_words(world)
    new = await relinks(world, ben)
    await new.taps("I agree")
    for command in ("/history", "/export"):
        await new.types(command)
        assert "What was written before opens on Tue, Nov 3" in new.screen, command
    ((pair,),) = await world.rows("SELECT id FROM pair")
    ((checkin,),) = await world.rows("SELECT id FROM checkin")
    at, on = write_id(int(str(checkin))), write_id(int(str(pair)))
    toasts = await new.forges(f"history.{on}.0", f"mychart.{on}", f"mywords.{at}")
    assert all("What was written before opens on" in toast for toast in toasts)
    await new.forges(f"show.{at}", f"change.{at}")
    handed = await new.forges(f"reopen.{at}.different", f"disclose.{at}.different.show")
    assert all("What was written before opens on" in toast for toast in handed), handed
    assert "only mine" not in new.everything
    disclosed = "SELECT disclosure FROM answer WHERE item = 'different'"
    assert await world.rows(disclosed) == [("keep",)]
    assert anna.sees(GOES_ON, button="That was not me")
    await world.later(hours=24)
    await new.types("/history")
    assert new.sees("heard 3")
    assert "not one of yours" in await anna.taps("That was not me")


async def test_answers_of_before_do_not_show_in_what_is_still_open(world: World) -> None:
    """A wrong account would learn how the session was, and for a day nobody could object."""
    _, ben = await kept_words(world)
    ((checkin,),) = await world.rows("SELECT id FROM checkin")
    at = write_id(int(str(checkin)))
    new = await relinks(world, ben)
    since = len(world.calls_to(new))
    await new.taps("I agree")
    assert new.sees("Thank you. This goes to your therapist")
    assert new.sees("What was answered in the former account is not shown in this one yet.")
    assert not new.sees("Change")
    # What has no button is not offered in words either.
    assert "You can change your answers" not in new.screen
    await new.forges(f"change.{at}", f"reopen.{at}.heard", f"show.{at}")
    await new.taps("Keep it ›")
    await new.forges(f"reopen.{at}.hindered", f"show.{at}")
    shown = [str(call.params) for call in world.calls_to(new)[since:]]
    assert len(shown) > 5
    numbers = re.compile(r"(heard|bond|goals|tasks|overall): \d|· \d+ ·|✓", re.IGNORECASE)
    named = [one for one in shown if numbers.search(one)]
    assert named == []
    assert sorted(v for v in await world.kept() if isinstance(v, int)) == [3, 8, 8, 8, 8]
    await world.later(hours=24)
    await new.forges(f"show.{at}")
    assert new.sees("Heard: 3", button="Change")
    assert "You can change your answers until the check-in closes" in new.screen


async def test_what_became_of_answers_of_before_opens_a_day_after_the_change(
    world: World,
) -> None:
    """When somebody met, and that it was read, is of before; what is answered here is not."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    await world.until("Fri 17:00")
    await ben.taps("Read this one")
    await world.until("Mon 16:00")
    new = await relinks(world, ben)
    await new.taps("I agree")
    await world.until("Mon 16:20")
    await new.answers(8, 8, 8, 8, 8)
    await new.taps("Skip ›")
    assert new.sees("Thank you. This goes to your therapist")
    assert "Your check-in of" not in new.everything
    await world.later(hours=24)
    ((checkin,),) = await world.rows("SELECT id FROM checkin WHERE state = 'open'")
    await new.forges(f"show.{write_id(int(str(checkin)))}")
    assert "Your check-in of Mon, Nov 2 was read on Friday, Nov 6." in new.screen


@pytest.mark.parametrize("low", [3, 8])
@pytest.mark.parametrize("tapped", [True, False], ids=["with a chip", "asked"])
async def test_what_is_asked_in_a_new_account_tells_nothing_of_what_was_answered(
    world: World, low: int, tapped: bool
) -> None:
    """Only after a low answer it is asked what got in the way: that it was is an answer, too."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(low, 8, 8, 8, 8)
    assert ("get in the way" in anna.screen) == (low == 3)
    if tapped and low == 3:
        await anna.taps("felt rigid")
        await anna.taps("Done ›")
    new = await relinks(world, ben)
    await world.later(minutes=1)
    await new.taps("I agree")
    assert "One thing to do differently next time?" in new.screen
    await new.taps("‹ Back")
    assert new.sees("Question 5 of 5", button="Keep it ›")
    await new.taps("Keep it ›")
    await new.types("more of it")
    await new.taps("Keep it for me")
    assert new.sees("Thank you. This goes to your therapist")
    assert "get in the way" not in new.everything
    # A day later nothing is closed, and what is open still is asked.
    await world.later(hours=24)
    await new.forges(
        f"show.{write_id(int(str((await world.rows('SELECT id FROM checkin'))[0][0])))}"
    )
    assert ("get in the way" in new.everything) == (low == 3 and not tapped)


async def talk_wished(world: World) -> tuple[Human, Human]:
    """Let Anna's therapist have told her, in the former account, that he would talk about it."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(3, 8, 8, 8, 8)
    await world.until("Fri 17:00")
    await ben.taps("Let's talk about it")
    await world.later(minutes=30)
    assert anna.sees("Your therapist read your check-in")
    return anna, ben


async def test_whether_it_was_talked_about_is_asked_a_day_after_the_change(world: World) -> None:
    """The question tells how the last answers were read, and that there were some."""
    _, ben = await talk_wished(world)
    await world.until("Mon 16:20")
    new = await relinks(world, ben)
    await world.later(minutes=1)
    await new.taps("I agree")
    await new.answers(8, 8, 8, 8, 8)
    await new.taps("Skip ›")
    assert "Thank you. This goes to your therapist" in new.screen
    await world.later(hours=24)
    ((checkin,),) = await world.rows("SELECT id FROM checkin WHERE state = 'open'")
    await new.forges(f"show.{write_id(int(str(checkin)))}")
    assert TALKED in new.screen


async def test_whether_it_was_talked_about_waits_for_the_first_check_in_after_that_day(
    world: World,
) -> None:
    _, ben = await talk_wished(world)
    await world.until("Mon 12:00")
    new = await relinks(world, ben)
    await world.later(minutes=1)
    await new.taps("I agree")
    await world.until("Mon 16:20")
    await new.answers(8, 8, 8, 8, 8)
    await new.taps("Skip ›")
    assert "Thank you. This goes to your therapist" in new.screen
    await world.until("Mon 16:20")
    await new.answers(8, 8, 8, 8, 8)
    await new.taps("Skip ›")
    assert TALKED in new.screen


async def test_what_the_new_account_was_told_itself_it_is_asked_about_also_after_an_objection(
    world: World,
) -> None:
    anna, ben = await talk_wished(world)
    await world.until("Mon 12:00")
    new = await relinks(world, ben)
    await world.later(minutes=1)
    await new.taps("I agree")
    await anna.taps("That was not me")
    await world.until("Mon 16:20")
    await new.answers(3, 8, 8, 8, 8)
    while "Skip ›" in new.phone.last.labels:
        assert TALKED not in new.screen
        await new.taps("Skip ›")
    await world.until("Fri 17:00")
    await ben.taps("Let's talk about it", ben.sees("A7", button="Let's talk about it"))
    await world.until("Mon 16:20")
    await new.answers(8, 8, 8, 8, 8)
    await new.taps("Skip ›")
    assert TALKED in new.screen


async def test_who_says_that_it_was_somebody_else_keeps_what_was_before_closed(
    world: World,
) -> None:
    anna, ben = await kept_words(world)
    new = await relinks(world, ben)
    await new.taps("I agree")
    await anna.taps("That was not me")
    assert "stays closed in that account" in anna.screen
    assert "A7: somebody with the former account says" in ben.screen
    assert "rapport relink client A7" in world.dana.screen
    received = (ben.received, world.dana.received)
    await anna.forges(anna.data("Help now").replace("help", "notme"))
    await world.later(hours=72)
    await new.types("/history")
    assert "says that this one is not theirs" in new.screen
    assert "only mine" not in new.everything
    # Nor is another link the way around it.
    await ben.types("/relink A7")
    assert "Only the practice can connect another one now" in ben.screen
    assert ben.received == received[0] + 1
    assert world.dana.received == received[1]
    other = world.human("Anna's own phone")
    await other.starts((await by_practice(world).offer_by_practice("A7", None)).secret)
    await by_practice(world).confirm_by_practice("A7", number_on(other), None)
    await world.step()
    await other.taps("I agree")
    await other.types("/history")
    assert other.sees("heard 3")
    assert "not one of yours" in await new.taps("That was not me")


async def test_goals_of_before_open_a_day_after_the_change(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    await noted(anna, "Say it to my mother")
    ((goal,),) = await world.rows("SELECT id FROM goal")
    at = write_id(int(str(goal)))
    new = await relinks(world, ben)
    since = len(world.calls_to(new))
    await new.taps("I agree")
    await new.types("/goals")
    assert "What was written before opens on" in new.screen
    toasts = await new.forges(f"goal.{at}", f"goalword.{at}", f"goalend.{at}.reached")
    assert all("What was written before opens on" in toast for toast in toasts), toasts
    assert "mother" not in str([call.params for call in world.calls_to(new)[since:]])
    await world.later(hours=24)
    await new.types("/goals")
    assert new.sees("1. Say it to my mother", button="Add a goal")


async def test_goals_of_before_stay_closed_after_an_objection(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    await noted(anna, "Say it to my mother")
    new = await relinks(world, ben)
    await new.taps("I agree")
    await anna.taps("That was not me")
    await world.later(hours=72)
    await new.types("/goals")
    assert "says that this one is not theirs" in new.screen
    assert "mother" not in new.everything


async def test_what_is_asked_about_a_goal_of_before_does_not_name_it(world: World) -> None:
    anna, ben = await second_check_in(world, "Say it to my mother")
    assert "Your goal:\nSay it to my mother" in anna.screen
    ((checkin,),) = await world.rows("SELECT id FROM checkin ORDER BY due_at DESC LIMIT 1")
    new = await relinks(world, ben)
    since = len(world.calls_to(new))
    await new.taps("I agree")
    await world.later(minutes=5)
    assert "Your goal:\n…" in new.screen
    await new.taps("7")
    await new.taps("Change")
    assert "“…”: 7" in new.screen
    assert "mother" not in str([call.params for call in world.calls_to(new)[since:]])
    await world.later(hours=24)
    await new.forges(f"change.{write_id(int(str(checkin)))}")
    assert "“Say it to my mother”: 7" in new.screen


async def test_in_a_new_account_goals_can_be_noted_at_once_where_there_were_none(
    world: World,
) -> None:
    _, ben = await world.pair("Anna", "Ben")
    new = await relinks(world, ben)
    await new.taps("I agree")
    await world.later(minutes=5)
    await noted(new, "Sleep through the night")
    assert new.sees("1. Sleep through the night")


async def test_the_practice_can_say_that_the_new_account_is_the_right_one(world: World) -> None:
    anna, ben = await kept_words(world)
    new = await relinks(world, ben)
    await new.taps("I agree")
    with pytest.raises(Refused, match="relink_settled"):
        await by_practice(world).settle("A7", None)
    again = anna.data("That was not me")
    await anna.taps("That was not me")
    await by_practice(world).settle("A7", None)
    await new.types("/history")
    assert new.sees("heard 3")
    assert "not one of yours" in (await anna.forges(again))[0]


async def test_a_new_account_is_asked_to_agree_also_where_that_was_lost_once(
    world: World,
) -> None:
    _, ben = await half_answered(world)
    new = world.human(NEW)
    await new.starts(await link_for(ben))
    lost = world.stage.emulator.faults.add(
        "drop", stage="before", method="sendMessage", times=1, chat=new.phone.id
    )
    await ben.types(f"/relink A7 {number_on(new)}")
    assert lost.struck
    assert AGREED not in new.everything
    await world.later(minutes=10)
    assert AGREED in new.screen
    await new.taps("I agree")
    assert new.sees("Question 3 of 5", button="Skip ›")


async def test_a_former_account_out_of_reach_is_told_once_it_can_be(world: World) -> None:
    anna, ben = await half_answered(world)
    new = world.human(NEW)
    await new.starts(await link_for(ben))
    number = number_on(new)
    anna.phone.block()
    await ben.types(f"/relink A7 {number}")
    await world.later(hours=72)
    assert len(await world.rows("SELECT id FROM relink")) == 1
    anna.phone.unblock()
    await anna.types("/help")
    await world.later(hours=12)
    assert GOES_ON in anna.everything
    await world.later(hours=24)
    assert await world.rows("SELECT id FROM relink") == []


async def test_what_was_set_aside_of_a_former_account_goes_with_it(world: World) -> None:
    """A week is longer than a former account is known: an erasure would not find it any more."""
    anna, ben = await world.pair("Anna", "Ben")
    chat = {"id": anna.phone.id, "type": "private"}
    spoilt = {"chat": chat, "from": anna.phone.account.json, "text": "a marmot", "date": "no"}
    world.stage.emulator.inject({"message": {"message_id": 1, **spoilt}})
    await world.step()
    new = await relinks(world, ben)
    await new.taps("I agree")
    await world.later(hours=24)
    assert await world.rows("SELECT count(*) FROM set_aside") == [(1,)]
    await world.later(hours=48)
    assert await world.rows("SELECT id FROM relink") == []
    assert await world.rows("SELECT id FROM set_aside") == []


async def test_stopping_opens_no_history_that_was_not_agreed_to(world: World) -> None:
    _, ben = await half_answered(world)
    new = await relinks(world, ben)
    await new.types("/stop")
    await new.taps("Stop the questions")
    await new.types("/history")
    assert "you have not agreed here yet" in new.screen
    await new.types("/start")
    await new.taps("I agree")
    await world.later(hours=24)
    await new.types("/history")
    assert new.sees("heard 3")


async def test_an_end_opens_no_history_that_was_not_agreed_to(world: World) -> None:
    _, ben = await half_answered(world)
    new = await relinks(world, ben)
    await ben.types("/end A7")
    await ben.taps("End it")
    await world.later(hours=24)
    assert await world.rows("SELECT state FROM pair") == [("ended",)]
    for command in ("/history", "/export"):
        await new.types(command)
        assert "you have not agreed here yet" in new.screen
    await new.types("/start")
    await new.taps("I agree")
    assert "Therapy has ended here." in new.screen
    assert "Answer now (three questions)" not in new.phone.last.labels
    assert await world.rows("SELECT state, relinked_at FROM pair") == [("ended", None)]
    await new.types("/history")
    assert new.sees("heard 3")


async def test_questions_wait_for_the_agreement_and_none_is_asked_twice(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:05")
    anna = world.people["Anna"]
    asked = anna.received
    new = await relinks(world, ben)
    await world.until("Mon 20:00")
    assert anna.received == asked + 1
    assert AGREED in new.screen
    await new.taps("I agree")
    assert new.sees("A short check-in about Monday is ready")
    await world.until("Wed 16:00")
    asked_at = [c.at for c in world.calls_to(new) if c.method == "sendMessage"
                and "A short check-in about Monday" in str(c.params)]  # fmt: skip
    # Once, and the one reminder long after.
    assert len(asked_at) == 2
    assert asked_at[1] - asked_at[0] > 12 * 3_600_000
    assert len(await world.rows("SELECT id FROM checkin WHERE reminded_at IS NOT NULL")) == 1


async def test_who_does_not_agree_is_not_asked_and_the_digest_says_so(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    new = await relinks(world, ben)
    await new.taps("No, thank you")
    await world.until("Fri 17:00")
    assert not new.sees("A short check-in")
    assert ben.sees("has not agreed in the new account yet")
    await ben.types("/clients")
    assert "new account, has not agreed there yet" in ben.screen
    await new.types("/stop")
    await new.taps("Stop the questions")
    assert new.sees("stopped")


async def test_the_practice_moves_whose_therapist_has_left(world: World) -> None:
    anna, ben = await half_answered(world)
    async with writing(world.stage.running.db) as tx:
        await tx.run(
            "UPDATE pair SET state = 'ended', ended_at = :now", now=world.stage.clock.now()
        )
        await tx.run("UPDATE role SET ended_at = 1 WHERE role = 'therapist'")
    received = ben.received
    new = world.human(NEW)
    offer = await by_practice(world).offer_by_practice("a7", None)
    await new.starts(offer.secret)
    number = number_on(new)
    assert isinstance(
        await by_practice(world).confirm_by_practice("A7", f"{number}1", None), Refused
    )
    await by_practice(world).confirm_by_practice("A7", number, None)
    await world.step()
    assert GOES_ON in anna.screen
    await anna.types("/history")
    assert NOT_FOR_YOU in anna.screen
    assert "Your account is connected now" in new.screen
    assert ben.received == received
    acts = await world.rows(
        "SELECT act FROM audit WHERE act LIKE 'new account%' AND actor_id IS NULL"
    )
    assert len(acts) == 3


async def test_the_practice_says_which_therapist_and_who_is_here_is_told(world: World) -> None:
    anna, ben = await half_answered(world)
    await world.pair("Cora", "Dana", code="A7")
    new = world.human(NEW)
    with pytest.raises(Refused, match="code_several") as several:
        await by_practice(world).offer_by_practice("A7", None)
    assert several.value.facts["names"] == "Ben, Dana"
    with pytest.raises(Refused, match="code_unknown"):
        await by_practice(world).offer_by_practice("A7", "Nobody")
    await new.starts((await by_practice(world).offer_by_practice("A7", "Ben")).secret)
    await by_practice(world).confirm_by_practice("A7", number_on(new), "Ben")
    await world.step()
    assert GOES_ON in anna.screen
    assert AGREED in new.screen
    assert "A7 goes on in a new account: the practice has connected it" in ben.screen
    assert not world.dana.sees("goes on in a new account")


async def test_a_wrong_number_is_counted_and_the_third_ends_the_link(world: World) -> None:
    anna, ben = await half_answered(world)
    new = world.human(NEW)
    await ben.types("/relink A7 123456")
    assert "No link for a new account is valid for A7." in ben.screen
    link = await link_for(ben)
    await ben.types("/relink A7 123456")
    assert "Nobody has opened the link for A7 yet." in ben.screen
    await new.starts(link)
    number = number_on(new)
    wrong = f"{(int(number) + 1) % 1_000_000:06}"
    for left in (2, 1):
        await ben.types(f"/relink A7 {wrong}")
        assert f"Tries left: {left}." in ben.screen
    await ben.types("/relink A7 nonsense")
    assert "is not valid any more" in ben.screen
    await ben.types(f"/relink A7 {number}")
    assert "No link for a new account is valid for A7." in ben.screen
    await new.starts(link)
    assert "This link is not valid, or no longer" in new.screen
    assert GOES_ON not in anna.everything
    rows = await world.rows("SELECT act FROM audit WHERE act LIKE 'new account%' ORDER BY at")
    assert [act for (act,) in rows] == ["new account: link made"] + [
        "new account: wrong number"
    ] * 3


async def test_the_number_may_be_typed_with_a_space_and_the_code_small(world: World) -> None:
    _, ben = await half_answered(world)
    new = world.human(NEW)
    await new.starts(await link_for(ben, "a7"))
    number = number_on(new)
    await ben.types(f"/relink a7 {number[:3]} {number[3:]}")
    assert "goes on in the new account" in ben.screen


async def test_a_link_is_for_whoever_opens_it_first_and_for_once(world: World) -> None:
    anna, ben = await half_answered(world)
    eve, new = world.human("Eve"), world.human(NEW)
    link = await link_for(ben)
    await eve.starts(link)
    await new.starts(link)
    assert "was opened in another account before" in new.screen
    # Eve has a number, but nobody to read it to: a new link takes its place.
    eves = number_on(eve)
    await new.starts(await link_for(ben))
    if eves != number_on(new):
        await ben.types(f"/relink A7 {eves}")
        assert "That is not the number" in ben.screen
    await ben.types(f"/relink A7 {number_on(new)}")
    await eve.starts(link)
    assert "This link is not valid, or no longer" in eve.screen
    newest = await world.rows("SELECT count(*) FROM relink WHERE ended = 'done'")
    assert newest == [(1,)]
    # Replayed by the new account itself, it does no harm.
    await new.starts(invitation_in(ben.sees("New account for A7").text or ""))  # type: ignore[union-attr]
    assert "This is the account that I know already" in new.screen
    assert GOES_ON in anna.screen
    await eve.types("/history")
    assert "I don't know you yet." in eve.screen


async def test_a_link_is_valid_for_an_hour(world: World) -> None:
    _, ben = await half_answered(world)
    new, late = world.human(NEW), world.human("Late")
    link = await link_for(ben)
    await new.starts(link)
    number = number_on(new)
    await world.later(minutes=61)
    await ben.types(f"/relink A7 {number}")
    assert "No link for a new account is valid for A7." in ben.screen
    for human in (new, late):
        await human.starts(link)
        assert "This link is not valid, or no longer" in human.screen
    await world.later(hours=72)
    assert await world.rows("SELECT * FROM relink") == []


async def test_who_guesses_links_meets_silence_and_with_them_invitations(world: World) -> None:
    _, ben = await half_answered(world)
    eve = world.human("Eve")
    link = await link_for(ben)
    for number in range(5):
        await eve.starts(f"relink-{number}")
        assert "This link is not valid" in eve.screen
    assert "For an hour I try no more links from you" in eve.screen
    received = eve.received
    await eve.starts(link)
    await eve.starts("relink-6")
    assert eve.received == received
    await world.later(minutes=59)
    await eve.starts(link)
    assert eve.received == received
    assert await world.rows("SELECT opened_at FROM relink") == [(None,)]


async def test_who_may_not_take_over_is_told_why(world: World) -> None:
    anna, ben = await half_answered(world)
    cora, _ = await world.pair("Cora", "Ben", code="C3")
    link = await link_for(ben)
    for human, why in (
        (anna, "This is the account that I know already"),
        (ben, "This link is for your client's new account."),
        (cora, "is connected with the same therapist already"),
    ):
        await human.starts(link)
        assert why in human.screen
    assert await world.rows("SELECT opened_at FROM relink") == [(None,)]


async def test_a_number_is_good_for_its_own_pair_alone(world: World) -> None:
    anna, ben = await half_answered(world)
    cora, _ = await world.pair("Cora", "Ben", code="C3")
    _, far = await world.pair("Another", "Faraway", code="A7")
    news, coras = world.human(NEW), world.human("Cora's new phone")
    await news.starts(await link_for(ben))
    await coras.starts(await link_for(ben, "C3"))
    assert number_on(news) != number_on(coras)
    before = await world.rows("SELECT id, client_id FROM pair ORDER BY id")
    await ben.types(f"/relink C3 {number_on(news)}")
    assert "That is not the number" in ben.screen
    await far.types(f"/relink A7 {number_on(news)}")
    assert "No link for a new account is valid for A7." in far.screen
    await far.types("/relink C3")
    assert "C3" in far.screen
    assert "?start=" not in far.screen
    assert await world.rows("SELECT id, client_id FROM pair ORDER BY id") == before
    assert GOES_ON not in anna.everything + cora.everything


async def test_only_this_pair_moves(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    _, far = await world.pair("Anna", "Faraway", code="F9", meets="Tue 15:00")
    new = await relinks(world, ben)
    assert "The rest goes on here as before." in anna.screen
    await new.taps("I agree")
    await world.until("Mon 16:20")
    assert new.sees("A short check-in about Monday is ready")
    await world.until("Tue 16:20")
    assert anna.sees("A short check-in about Tuesday is ready")
    assert not new.sees("Tuesday")
    await anna.answers(8)
    # The other one can move to the same account, with its own therapist's word.
    await new.starts(await link_for(far, "F9"))
    await far.types(f"/relink F9 {number_on(new)}")
    await new.taps("I agree")
    assert new.sees("Question 2 of 5")


async def test_a_pause_goes_on_and_ends_when_it_was_to_end(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await anna.types("/pause")
    await anna.taps("2 weeks")
    new = await relinks(world, ben)
    await new.taps("I agree")
    await world.until("Mon 16:20")
    assert not new.sees("A short check-in")
    assert await world.rows("SELECT state FROM pair") == [("paused",)]
    await world.until("Sun 16:20")
    await world.until("Sun 16:20")
    await world.until("Mon 16:20")
    assert new.sees("A short check-in")


async def test_who_has_stopped_is_asked_nothing_and_sees_their_own(world: World) -> None:
    anna, ben = await half_answered(world)
    await anna.types("/stop")
    await anna.taps("Stop the questions")
    new = await relinks(world, ben)
    assert "The questions stay stopped." in new.screen
    await world.later(hours=24)
    await new.types("/history")
    assert new.sees("heard 3")
    await world.until("Mon 16:20")
    assert not new.sees("A short check-in")
    await new.types("/start")
    await new.taps("I agree")
    assert await world.rows("SELECT state FROM pair") == [("active",)]


async def test_where_therapy_has_ended_the_goodbye_follows(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    await ben.types("/end A7")
    await ben.taps("End it, with a goodbye check-in")
    await world.later(minutes=11)
    assert anna.sees("Therapy", button="Help now") or anna.received
    new = await relinks(world, ben)
    assert new.sees("Therapy has ended here.")
    (prompt,) = [c for c in world.calls_to(new) if "snooze." in str(c.params) or "nothanks" in
                 str(c.params)]  # fmt: skip
    assert prompt.method == "sendMessage"
    await new.taps("No, thank you")
    await world.later(hours=24)
    await new.types("/history")
    assert new.sees("heard 8")


async def test_settings_follow_where_the_new_account_has_none(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    await anna.types("/zone Asia/Tokyo")
    await anna.taps("20:00–09:00")
    await anna.taps("Deutsch")
    new = await relinks(world, ben)
    assert "Sind Sie einverstanden?" in new.screen
    rows = await world.rows("SELECT language, timezone, quiet_from, quiet_to FROM person"
                            " WHERE id = (SELECT client_id FROM pair)")  # fmt: skip
    assert rows == [("de", "Asia/Tokyo", "20:00", "09:00")]


async def test_after_two_days_nothing_is_left_of_the_former_account(world: World) -> None:
    anna, ben = await half_answered(world)
    new = await relinks(world, ben)
    ((former,),) = await world.rows("SELECT former_id FROM relink")
    await world.later(hours=72)
    rows = await world.rows("SELECT telegram, telegram_index, name FROM person WHERE id = :id",
                            id=former)  # fmt: skip
    assert rows == [(None, None, None)]
    await anna.types("/help")
    assert "/history" not in anna.screen
    await new.taps("I agree")
    assert await world.rows("SELECT state FROM pair") == [("active",)]


async def test_what_is_said_to_the_answers_waits_for_the_new_account(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(3, 3, 8, 8, 8)
    await world.until("Fri 17:00")
    await ben.taps("Let's talk about it")
    new = await relinks(world, ben)
    await world.later(minutes=30)
    assert not new.sees("Your therapist read")
    assert not anna.sees("Your therapist read")
    await new.taps("I agree")
    await world.later(minutes=15)
    assert new.sees("Your therapist read your check-in")
    await new.taps("OK")
    assert await world.rows("SELECT reply FROM acknowledgement") == [("ok",)]


async def test_an_erased_pair_has_nothing_to_move(world: World) -> None:
    anna, ben = await half_answered(world)
    link = await link_for(ben)
    await anna.types("/erase")
    await anna.taps("Erase everything")
    new = world.human(NEW)
    await new.starts(link)
    assert "This link is not valid, or no longer" in new.screen
    await ben.types("/relink A7")
    assert "Nobody whom you have confirmed is there with the code A7." in ben.screen


async def test_erasing_by_the_new_account_erases_all_of_it(world: World) -> None:
    _, ben = await half_answered(world)
    new = await relinks(world, ben)
    await new.types("/erase")
    await new.taps("Erase everything")
    assert await world.kept() == []
    assert await world.rows("SELECT * FROM relink") == []
    # Of neither account anything is left: those are Dana's and Ben's.
    assert await world.rows("SELECT count(telegram), count(name) FROM person") == [(2, 2)]
    await new.types("/history")
    assert NOT_FOR_YOU in new.screen or "I don't know you yet." in new.screen


async def test_who_is_not_confirmed_has_nothing_to_move(world: World) -> None:
    ben = await world.therapist("Ben")
    joined = world.human("Joined")
    await world.joins(joined, await world.invites(ben, "J8"))
    await world.invites(ben, "L2")
    for code in ("J8", "L2"):
        await ben.types(f"/relink {code}")
        assert f"Nobody whom you have confirmed is there with the code {code}." in ben.screen
    await ben.types("/relink Z9")
    assert "Z9" in ben.screen
    await ben.types("/relink")
    assert "/relink A7" in ben.screen


async def test_a_prompt_under_way_while_the_account_changes_is_asked_in_the_new_one_alone(
    world: World,
) -> None:
    """The request has left; it arrives in the former chat, where nothing can be answered then."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:05")
    new = world.human(NEW)
    await new.starts(await link_for(ben))
    world.stage.emulator.faults.add("delay", seconds=1.5, method="sendMessage", chat=anna.phone.id)
    world.stage.clock.advance_to(world.stage.clock.now() + 15 * 60_000)
    sending = asyncio.create_task(world.stage.settle())
    async with asyncio.timeout(10):
        while ("sending",) not in await world.rows(PROMPTS):  # noqa: ASYNC110 - a row tells it
            await asyncio.sleep(0.01)
    ben.phone.send(f"/relink A7 {number_on(new)}")
    await sending
    world.stage.emulator.faults.clear()
    await world.step()
    rows = await world.rows("SELECT state, reason FROM message WHERE kind = 'prompt'")
    assert rows == [("unknown", "moved")]
    assert anna.sees("This goes on in another account.")
    assert "A short check-in" not in anna.everything
    await new.taps("I agree")
    assert new.sees("A short check-in about Monday is ready")
    await new.checks_in(7, 7, 7, 7, 7)


async def test_a_question_sent_anew_while_the_account_changes_does_not_stay_in_the_former(
    world: World,
) -> None:
    """It stands in the former chat under a number that means another message in the new one."""
    anna, ben = await half_answered(world)
    new = world.human(NEW)
    await new.starts(await link_for(ben))
    anna.phone.delete(anna.phone.last)
    world.to_be_refused.add("Bad Request: message to edit not found")
    world.stage.emulator.faults.add("delay", seconds=1.5, method="sendMessage", chat=anna.phone.id)
    anna.phone.send("7")
    async with asyncio.timeout(10):
        while len(await world.kept()) < 3:  # noqa: ASYNC110 - a row tells it
            await asyncio.sleep(0.01)
    ben.phone.send(f"/relink A7 {number_on(new)}")
    await world.step()
    assert "Question 4 of 5" not in anna.everything
    assert anna.sees("These questions are no longer open. There is nothing to do.")
    assert await world.rows("SELECT telegram_message FROM checkin") == [(None,)]
    await new.taps("I agree")
    await new.checks_in(7, 7)


async def test_what_is_shown_again_stands_in_for_the_reminder_for_a_while(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await world.until("Tue 12:00")
    new = await relinks(world, ben)
    await world.until("Tue 12:45")
    await new.taps("I agree")
    assert new.sees("A short check-in about Monday is ready")
    received = new.received
    await world.until("Tue 20:00")
    assert new.received == received
    await world.until("Wed 12:00")
    assert new.received == received + 1


async def test_a_former_account_can_object_whatever_else_it_is_here_and_has_erased(
    world: World,
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await relinks(world, ben)
    await world.pair("Anna", "Carl", code="B2")
    await anna.types("/erase")
    await anna.taps("Erase everything")
    assert "Your answers have been erased" in anna.everything
    await anna.forges(anna.data("That was not me"))
    assert "A7: somebody with the former account says" in ben.screen
    await world.later(hours=72)
    assert await world.rows("SELECT count(telegram) FROM person") == [(4,)]


async def test_who_has_the_pair_again_cannot_object_to_having_left_it(world: World) -> None:
    anna, ben = await half_answered(world)
    await relinks(world, ben)
    objection = anna.data("That was not me")
    await relinks(world, ben, name="Anna")
    assert NOT_YOURS in (await anna.forges(objection))[0]
    await anna.taps("I agree")
    await world.later(hours=25)
    await anna.types("/history")
    assert "is not theirs" not in anna.screen


OPENS = "What was written before opens here on Tue, Nov 3, 16:20."


async def test_a_new_account_reads_when_what_was_before_opens(world: World) -> None:
    anna, ben = await half_answered(world)
    assert "opens here" not in anna.everything
    new = await relinks(world, ben)
    assert "opens here" not in new.everything
    await new.taps("I agree")
    assert new.sees(OPENS)
    assert new.sees("Everything is ready.")
    await world.until("Tue 16:30")
    await new.types("/start")
    assert "opens here" not in new.screen
    await world.later(hours=1)
    again = await relinks(world, ben, name="Anna's third phone")
    await new.taps("That was not me")
    await again.taps("I agree")
    assert "Everything is ready." in again.everything
    assert "opens here" not in again.everything


async def test_who_has_stopped_reads_when_what_was_before_opens(world: World) -> None:
    anna, ben = await half_answered(world)
    await anna.types("/stop")
    await anna.taps("Stop the questions")
    new = await relinks(world, ben)
    assert new.sees("The questions stay stopped.")
    assert new.sees(OPENS)
