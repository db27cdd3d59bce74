"""A therapist with a new phone or account: the admin makes the link and types the number.

1. Nothing changes before that. 2. Then all that is the therapist's goes to the new account alone,
with the digests that may lie unread in the former one. 3. What the therapist has as a client of a
colleague stays. 4. What config.toml still names is said.
"""

from __future__ import annotations

import asyncio

import pytest
from world import Human, World, invitation_in

from bot.demo.stage import ADMIN_ID
from tests.stories.test_handover import by_admin
from tests.stories.test_relinking import NEW, NOT_FOR_YOU, number_on, relinks

BENS = "Ben's new phone"
STRANGER = "I don't know you yet."
NOT_YOURS = "not one of yours"


async def link_for(world: World, name: str = "Ben") -> str:
    await world.dana.types(f"/relink_therapist {name}")
    return invitation_in(world.dana.screen)


async def renews(world: World, name: str = "Ben", phone: str = BENS) -> Human:
    """Let a therapist go over to a new account."""
    new = world.human(phone)
    await new.starts(await link_for(world, name))
    await world.dana.types(f"/relink_therapist {name} {number_on(new)}")
    assert "goes on in the new account" in world.dana.screen
    return new


async def week(world: World) -> tuple[Human, Human]:
    """Let there be a digest with Anna's answers in Ben's chat."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(3, 8, 8, 8, 8)
    await world.until("Fri 17:00")
    assert ben.sees("A7")
    return anna, ben


async def test_everything_goes_on_in_the_new_account(world: World) -> None:
    anna, ben = await week(world)
    new = await renews(world)
    assert "goes on in another Telegram account now" in ben.screen
    assert "1 of 1 answered" not in ben.everything
    # The digest that lay in the former chat comes once more, and can be acknowledged.
    await new.taps("Let's talk about it")
    await world.later(minutes=5)
    assert anna.sees("Your therapist read your check-in")
    await new.types("/clients")
    assert "A7" in new.screen
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    await world.until("Fri 17:00")
    assert new.sees("1 of 1 answered")
    assert "answered" not in ben.everything


async def test_the_former_account_can_say_that_it_was_somebody_else(world: World) -> None:
    """In words for a therapist; the admins are told, once, and can cut the other account off."""
    _, ben = await week(world)
    new = await renews(world)
    told = ben.sees("goes on in another Telegram account now", button="That was not me")
    assert told is not None
    assert "that account can read what your clients have said" in (told.text or "")
    assert "written before stays closed" not in ben.everything
    assert "stays here" not in (told.text or "")
    again = ben.data("That was not me")
    assert NOT_YOURS in (await new.forges(again))[0]
    await ben.taps("That was not me")
    assert "The admins are told that it was not you." in ben.screen
    assert world.dana.sees("The former account of Ben says that it was somebody else")
    await ben.forges(again)
    assert len(await world.rows("SELECT id FROM message WHERE part LIKE 'objected_own%'")) == 1
    noted = await world.rows("SELECT act FROM audit WHERE act = 'new account: objected to'")
    assert len(noted) == 1
    right = await renews(world, phone="Ben's own phone")
    await new.types("/clients")
    assert NOT_FOR_YOU in new.screen
    await right.types("/clients")
    assert "A7" in right.screen
    await world.later(hours=25)
    assert NOT_YOURS in (await ben.forges(again))[0]


async def test_of_what_was_not_opened_for_long_the_newest_four_come_again(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    for _ in range(6):
        await world.until("Mon 16:20")
        await anna.answers(8)
        await world.until("Fri 17:00")
    new = await renews(world)
    assert "of the three before it those not opened" in world.dana.screen
    digests = [call.at for call in world.calls_to(new) if "1 of 1 answered" in str(call.params)
               or "started, 1 of 5" in str(call.params)]  # fmt: skip
    assert len(digests) == 4


async def test_a_former_chat_is_closed_whether_or_not_the_news_arrives(world: World) -> None:
    _, ben = await week(world)
    lost = world.stage.emulator.faults.add(
        "drop", stage="before", method="sendMessage", chat=ben.phone.id
    )
    await renews(world)
    assert lost.struck
    assert "1 of 1 answered" not in ben.everything
    assert "goes on in another Telegram account now" not in ben.everything
    # Longer than a former account is kept otherwise, it is told that it is one.
    world.stage.emulator.faults.clear()
    await world.later(hours=1)
    assert "goes on in another Telegram account now" in ben.screen
    await world.later(hours=72)
    assert await world.rows("SELECT id FROM relink") == []


async def test_a_notice_of_long_ago_tells_nothing_in_the_former_chat(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that two messages are many.
    monkeypatch.setattr("bot.store.own_relinks._CLOSED_AT_MOST", 1)
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await anna.types("/stop")
    await anna.taps("I'm thinking of ending or changing therapist")
    await anna.taps("Yes, tell my therapist")
    assert ben.sees("A7 wants you to know: thinking about ending")
    await world.until("Mon 16:20")
    await anna.checks_in(3, 8, 8, 8, 8)
    await world.until("Fri 17:00")
    await renews(world)
    await world.later(minutes=1)
    assert "thinking about ending" not in ben.everything
    assert "1 of 1 answered" not in ben.everything
    assert await world.rows("SELECT id FROM redaction") == []


async def test_the_former_account_is_nobodys(world: World) -> None:
    _, ben = await week(world)
    buttons = [one for one in world.pushed(ben) if not one.startswith("help.")]
    await renews(world)
    before = await world.facts()
    for toast in await ben.forges(*buttons):
        assert NOT_FOR_YOU in toast
    for command in ("/clients", "/today", "/invite B8", "/end A7", "/relink A7"):
        await ben.types(command)
        assert NOT_FOR_YOU in ben.screen
    assert await world.facts() == before
    await ben.types("/help")
    assert ben.screen.startswith("If you need help now")
    await world.later(hours=72)
    await ben.types("/clients")
    assert STRANGER in ben.screen


async def test_before_the_number_nothing_changes_and_wrong_ones_are_counted(world: World) -> None:
    _, ben = await week(world)
    before = await world.rows("SELECT id, telegram_index FROM person ORDER BY id")
    new = world.human(BENS)
    await world.dana.types("/relink_therapist ben 123456")
    assert "No link for a new account is valid for Ben." in world.dana.screen
    link = await link_for(world, "ben")
    await new.starts(link)
    assert "Read this number to whoever made the link for you" in new.screen
    wrong = f"{(int(number_on(new)) + 1) % 1_000_000:06}"
    for _ in range(3):
        await world.dana.types(f"/relink_therapist Ben {wrong}")
    assert "is not valid any more" in world.dana.screen
    await world.dana.types(f"/relink_therapist Ben {number_on(new)}")
    assert "No link for a new account is valid" in world.dana.screen
    assert await world.rows("SELECT id, telegram_index FROM person ORDER BY id") == before
    await ben.types("/clients")
    assert "A7" in ben.screen


async def test_who_may_not_take_over_and_whom_nobody_knows(world: World) -> None:
    anna, ben = await week(world)
    link = await link_for(world)
    await ben.starts(link)
    assert "This is the account that I know already" in ben.screen
    await anna.starts(link)
    assert "belongs to somebody whom I know already" in anna.screen
    await world.dana.types("/relink_therapist Nobody")
    assert "No therapist is called “Nobody” here. There are: Ben" in world.dana.screen
    await world.dana.types("/relink_therapist")
    assert "/relink_therapist Ben" in world.dana.screen
    await ben.types("/relink_therapist Ben")
    assert NOT_FOR_YOU in ben.screen


async def test_the_account_of_who_has_left_is_no_colleagues(world: World) -> None:
    """Taken over, it would lose its name, with which clients are asked whether to go on."""
    anna, ben = await world.pair("Anna", "Ben")
    await world.therapist("Fay")
    await by_admin(world, lambda handing: handing.start("Ben", "Fay"))
    await world.later(hours=75)
    assert ben.sees("Your work here has ended")
    await ben.starts(await link_for(world, "Fay"))
    assert "belongs to somebody whom I know already" in ben.screen
    await world.later(hours=24 * 8)
    assert anna.sees("Ben has left the practice.")


async def test_what_a_therapist_has_as_a_client_stays(world: World) -> None:
    await week(world)
    ben, far = await world.pair("Ben", "Faraway", code="F9", meets="Mon 10:00")
    new = await renews(world)
    assert "What you have here as a client stays here." in ben.screen
    await world.until("Mon 11:20")
    assert ben.sees("A short check-in about Monday is ready")
    assert not new.sees("A short check-in")
    await ben.answers(8, 8, 8)
    await new.types("/history")
    assert NOT_FOR_YOU in new.screen
    # A new account of the client's own is the colleague's to make.
    await far.types("/relink F9")
    await new.starts(invitation_in(far.screen))
    await far.types(f"/relink F9 {number_on(new)}")
    await new.taps("I agree")
    assert new.sees("Question 4 of 5")


async def test_an_admin_who_is_a_therapist_is_told_what_to_change(world: World) -> None:
    await world.therapist("Dana")
    new = world.human("Dana's new phone")
    await new.starts(await link_for(world, "Dana"))
    await world.dana.types(f"/relink_therapist Dana {number_on(new)}")
    told = world.dana.sees(f"config.toml still names the former account ({ADMIN_ID})")
    assert told is not None
    assert f"Put {new.phone.id} there" in (told.text or "")
    # Until that is done, the former account is the admin's, and the new one only a therapist's.
    await new.types("/invite_therapist")
    assert NOT_FOR_YOU in new.screen
    await new.types("/clients")
    assert "Your clients" in new.screen
    await world.dana.types("/clients")
    assert NOT_FOR_YOU in world.dana.screen


async def test_an_account_that_was_there_and_is_nobodys_can_be_taken(world: World) -> None:
    _, ben = await week(world)
    new = world.human(BENS)
    await new.starts(await world.invites(ben, "L2"))
    await ben.taps("No, somebody else")
    await renews(world)
    await new.types("/clients")
    assert "A7" in new.screen
    await ben.types("/clients")
    assert NOT_FOR_YOU in ben.screen


async def test_a_digest_under_way_comes_in_the_new_account(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(3, 8, 8, 8, 8)
    await world.until("Fri 16:30")
    new = world.human(BENS)
    await new.starts(await link_for(world))
    world.stage.emulator.faults.add("delay", seconds=1.5, method="sendMessage", chat=ben.phone.id)
    world.stage.clock.advance_to(world.stage.moment("Fri 17:00"))
    sending = asyncio.create_task(world.stage.settle())
    digests = "SELECT state FROM message WHERE kind = 'digest'"
    async with asyncio.timeout(10):
        while ("sending",) not in await world.rows(digests):  # noqa: ASYNC110 - a row tells it
            await asyncio.sleep(0.01)
    world.dana.phone.send(f"/relink_therapist Ben {number_on(new)}")
    await sending
    world.stage.emulator.faults.clear()
    await world.step()
    assert "1 of 1 answered" not in ben.everything
    assert new.sees("1 of 1 answered")
    assert await world.rows(digests) == [("sent",)]


async def test_a_client_and_the_therapist_may_change_one_after_the_other(world: World) -> None:
    await week(world)
    ben = await renews(world)
    new = world.human(NEW)
    await ben.types("/relink A7")
    await new.starts(invitation_in(ben.screen))
    await ben.types(f"/relink A7 {number_on(new)}")
    await new.taps("I agree")
    await world.until("Mon 16:20")
    assert new.sees("A short check-in about Monday is ready")


@pytest.mark.parametrize("name", ["ben", " Ben ", "BEN"])
async def test_a_name_is_found_as_it_is_said(world: World, name: str) -> None:
    await world.therapist("Ben")
    await link_for(world, name)


async def test_a_former_account_is_taken_over_by_nobody_else_while_it_can_object(
    world: World,
) -> None:
    anna, ben = await week(world)
    await world.therapist("Fay")
    new = await relinks(world, ben)
    await new.taps("I agree")
    await renews(world)
    link = await link_for(world, "Fay")
    for former in (ben, anna):
        await former.starts(link)
        assert "belongs to somebody whom I know already" in former.screen
    await ben.taps("That was not me")
    assert "The former account of Ben says that it was somebody else" in world.dana.screen
    await anna.taps("That was not me")
    await world.later(hours=25)
    await new.types("/history")
    assert "says that this one is not theirs" in new.screen


async def test_who_becomes_a_colleague_in_a_former_account_sees_nothing_of_it(
    world: World,
) -> None:
    """What stood open there closes by itself, and shows the digest to whose it is alone."""
    _, ben = await week(world)
    await ben.opens("A7")
    assert "heard 3" in ben.screen
    await renews(world)
    assert "heard 3" not in ben.everything
    await world.dana.types("/invite_therapist")
    await ben.starts(invitation_in(world.dana.screen))
    await world.later(minutes=30)
    assert "heard 3" not in ben.everything
    assert "1 of 1 answered" not in ben.everything


async def test_what_a_therapist_can_object_to_as_a_client_stays_in_the_former_account(
    world: World,
) -> None:
    await week(world)
    ben, far = await world.pair("Ben", "Faraway", code="F9", meets="Mon 10:00")
    await relinks(world, far, "F9", "Ben as a client")
    objection = ben.data("That was not me")
    await renews(world)
    assert "not one of yours" not in (await ben.forges(objection))[0]
    assert "F9: somebody with the former account says" in far.screen


async def test_whoever_comes_back_takes_along_what_is_owed_in_that_chat(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await anna.taps("Answer now (three questions)")
    await anna.answers(9, 8)
    await anna.taps("Better")
    await world.later(minutes=30)
    told = ben.sees("before the first session")
    assert told is not None
    world.stage.emulator.faults.add(
        "status", status=429, retry_after=20, method="editMessageText", chat=ben.phone.id, times=99
    )
    await anna.types("/erase")
    await anna.taps("Erase everything")
    await renews(world)
    await ben.starts(await link_for(world))
    await world.dana.types(f"/relink_therapist Ben {number_on(ben)}")
    assert "goes on in the new account" in world.dana.screen
    world.stage.emulator.faults.clear()
    await world.later(minutes=10)
    assert await world.rows("SELECT * FROM redaction") == []
    there = next(seen for seen in ben.phone.chat if seen.message_id == told.message_id)
    assert "9" not in (there.text or "")
    assert await world.rows("SELECT act FROM audit WHERE act LIKE 'not redacted%'") == []
