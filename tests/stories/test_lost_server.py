"""The server is lost: a backup is restored, the bot waits on hold, and then goes on.

1. On hold nothing goes out but help and what is about safety; what is known is still kept.
2. Nobody is asked twice, whatever went out in the hours that were lost.
3. Who was erased stays erased; silence is not read into lost hours.
4. Therapists and admins are told, each once, and which hours.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from world import Human, World

from bot.commands.restoring import restore
from bot.opening import RandomIds, open_database
from bot.services.hold import Hold
from bot.store.backup import BadBackup, back_up
from bot.store.vault import load_vaults
from tests.transactions import writing

KEPT = "What you had written before that is kept for you alone now"
HELD = "I am being brought back after a fault"


async def backed_up(world: World) -> Path:
    """Make a backup as the running program is now."""
    # At work until this moment, as the program notes once a minute.
    await world.stage.running.ticks.run_once()
    return made(world)


def made(world: World) -> Path:
    """Make a backup, whether the program runs or not."""
    settings = world.stage.settings
    folder = settings.database.path.parent / "backups"
    folder.mkdir(exist_ok=True)
    vaults = load_vaults(settings.keys.master_key_file)
    return back_up(settings.database.path, vaults, folder, world.stage.clock.now())


async def restored(world: World, backup: Path, *, nothing_lost: bool = False) -> None:
    """Lose the server and put the backup in its place."""
    await world.stage.close()
    await restore(world.stage.settings, backup, world.stage.clock, nothing_lost=nothing_lost)
    await world.stage.open()
    await world.step()


def hold(world: World) -> Hold:
    app = world.stage.running
    return Hold(app.db, app.clock, app.ids, app.settings)


async def resumed(world: World) -> None:
    assert await hold(world).resume() is not None
    await world.step()


def questions(human: Human) -> list[int]:
    """When somebody was put a question by a message of its own, first or repeated."""
    found = []
    for call in human.world.stage.emulator.journal.sent(human.phone.id):
        rows = call.result.get("reply_markup", {}).get("inline_keyboard", [])
        if any(push.get("callback_data", "").startswith("rate.") for row in rows for push in row):
            found.append(call.at)
    return found


async def test_a_week_is_lost_and_nobody_is_asked_twice(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Wed 11:00")
    eve, _ = await world.pair("Eve", "Ben", code="E5", meets="Thu 09:00")
    await world.until("Mon 16:20")
    await anna.answers(4, 8)
    backup = await backed_up(world)
    # The week goes on: answers, a digest, an acknowledgement, and an erasure.
    await anna.answers(8, 8, 8)
    await world.until("Wed 12:20")
    await cora.checks_in(8, 8, 8, 8, 8)
    await world.until("Thu 10:20")
    await eve.answers(9)
    await eve.types("/erase")
    await eve.taps("Erase everything")
    await world.until("Fri 17:10")
    assert ben.sees("Week 45") is not None
    number = (await world.rows("SELECT number FROM digest"))[-1]
    asked = {who.phone.id: questions(who) for who in (anna, cora, eve)}
    await world.until("Sat 09:00")

    await restored(world, backup)
    assert "On hold" in world.dana.screen
    assert "rapport resume" in world.dana.screen
    assert "The backup ends on Mon, Nov 2, 16:20; what came after it is lost." in world.dana.screen
    received = {who.phone.id: who.received for who in (anna, ben, cora)}
    await world.until("Sun 12:00")
    assert {who.phone.id: who.received for who in (anna, ben, cora)} == received, "on hold"
    assert await world.rows("SELECT count(*) FROM pair WHERE state = 'erased'") == [(1,)]

    on_hold = await hold(world).preview()
    assert on_hold is not None
    (lost,) = on_hold.lost
    assert list(lost.codes.values()) == [["A7", "C3"]]
    await resumed(world)
    told = ben.sees("the practice's server was lost, and a backup was restored")
    assert told is not None
    assert "From Mon, Nov 2, 16:20 to Sat, Nov 7, 09:00" in (told.text or "")
    assert "not asked again: A7, C3" in (told.text or "")
    assert "The hold is over" in world.dana.screen
    assert {who.phone.id: questions(who) for who in (anna, cora, eve)} == asked
    # The digest of the lost Friday comes again, says so, and bears a number of its own.
    again = ben.sees("some of this may have reached you before")
    assert again is not None
    assert (
        "started, 2 of 5; what came from Mon, Nov 2 16:20 to Sat, Nov 7 09:00 was lost with the"
        " server" in (again.text or "")
    )
    assert "E5" not in (again.text or "")
    assert "\n\n\n" not in (again.text or "")
    assert (await world.rows("SELECT number FROM digest"))[-1] > number
    await world.until("Mon 16:20")
    assert len(questions(anna)) == len(asked[anna.phone.id]) + 1
    # She may have told nothing then, and that is how it is said.
    hours = "between Mon, Nov 2, 16:20 and Sat, Nov 7, 09:00, it is gone: the practice's server"
    assert f"If you wrote or tapped anything here {hours} had a fault." in anna.screen
    then = "please do it again: /stop, /pause. Questions: Dana at the front desk\n\nQuestion 1"
    assert then in anna.screen
    assert "\n\n\n" not in anna.screen
    await world.stage.close()
    world.stage.clock.advance_to(world.stage.clock.now() + 10 * 60_000)
    await world.stage.open()
    await world.step()
    assert "I was away for a while." in anna.screen
    assert f"If you wrote or tapped anything here {hours} had a fault." in anna.screen
    await anna.checks_in(8, 8, 8, 8, 8)
    await world.until("Wed 12:20")
    await cora.checks_in(8, 8, 8, 8, 8)
    await world.until("Fri 17:10")
    assert "its time was lost with the server" in (ben.sees("Week 46").text or "")  # type: ignore[union-attr]
    await world.until("Mon 16:20")
    assert "had a fault" not in anna.screen, "it was said once"
    assert questions(eve) == asked[eve.phone.id]
    await world.check()


async def test_what_was_asked_shortly_before_is_not_repeated_and_still_kept(world: World) -> None:
    """The backup holds the question as queued, as sent and unanswered: both are on phones."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Mon 20:00")
    await world.until("Mon 21:25")  # Cora's waits for the end of her night
    assert (len(questions(anna)), len(questions(cora))) == (1, 0)
    backup = await backed_up(world)
    await world.until("Tue 08:10")
    assert len(questions(cora)) == 1
    await anna.answers(7)
    await world.until("Tue 09:00")
    await restored(world, backup)
    # Both can answer, on hold, with the message they have.
    assert await anna.taps("3", anna.sees("Question 2 of 5")) == ""
    assert await cora.taps("8", cora.sees("Question 1 of 5")) == ""
    await resumed(world)
    # The reminders' hours, and all the rest of the time that the questions were open.
    await world.until("Fri 12:00")
    assert (len(questions(anna)), len(questions(cora))) == (1, 1)
    states = await world.rows("SELECT code, checkin.state FROM checkin JOIN pair ON pair.id ="
                              " pair_id ORDER BY code")  # fmt: skip
    assert states == [("A7", "partial"), ("C3", "partial")]
    await world.until("Fri 17:10")
    assert ben.sees("started, 1 of 5") is not None
    await world.check()


async def test_what_tells_of_a_loss_carries_the_check_in_from_then_on(world: World) -> None:
    """The older message points to it, and when the time is over it is this one that closes."""
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(9, 4, 10, 7, 9)
    older = anna.phone.last.message_id
    backup = await backed_up(world)
    await world.until("Mon 20:00")
    await restored(world, backup)
    await resumed(world)
    newer = anna.phone.last.message_id
    assert "the practice's server had a fault" in anna.screen
    stands = {seen.message_id: seen for seen in anna.phone.chat}
    assert stands[older].text == "This goes on in the newest message."
    assert stands[older].tappable == []
    await world.until("Thu 12:00")
    stands = {seen.message_id: seen for seen in anna.phone.chat}
    assert "It is closed now" in (stands[newer].text or "")
    assert stands[newer].tappable == []


async def test_lost_hours_are_not_called_silence(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    backup = await backed_up(world)
    await anna.checks_in(2, 8, 8, 8, 8)
    await world.until("Thu 09:00")
    await restored(world, backup)
    await resumed(world)
    assert "what you answered here may be lost" in anna.screen
    await world.until("Fri 17:10")
    digest = ben.sees("Week 45")
    assert digest is not None
    assert "not known: lost with the server" in (digest.text or "")
    assert "no answer" not in (digest.text or "")
    assert "0 of 0" not in (digest.text or "")
    await world.check()


async def test_what_is_lost_is_said_beside_the_answers_of_two_sessions(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Fri 15:00")
    await world.until("Fri 18:00")
    await anna.checks_in(8, 8, 8, 8, 8)
    await world.meets(ben, "A7", "Mon 15:00", "once")
    await world.meets(ben, "A7", "Thu 15:00", "once")
    await world.until("Mon 16:20")
    backup = await backed_up(world)
    await anna.checks_in(2, 8, 8, 8, 8)
    await world.until("Tue 09:00")
    await restored(world, backup)
    await resumed(world)
    await world.until("Thu 16:20")
    await anna.checks_in(2, 8, 8, 8, 8)
    await world.until("Fri 17:10")
    digest = ben.sees("Week 46")
    assert digest is not None
    for said in ("Thu, Nov 12: 6.8", "Fri, Nov 6: 8.0", "Mon, Nov 9: not known: lost with the"):
        assert said in (digest.text or ""), digest.text
    await world.check()


@pytest.mark.parametrize("is_answered", [True, False])
async def test_of_a_lost_day_no_more_counts_as_asked_than_a_day_has(
    world: World, *, is_answered: bool
) -> None:
    """Of two sessions of one day only one can have been asked about; it is said of both days."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    for when in ("2026-11-02 18:00", "2026-11-05 15:00"):
        await ben.types(f"/add A7 {when} 50m weekly")
        labels = ben.phone.last.labels
        await ben.taps("Confirm" if "Confirm" in labels else "Add beside it")
    await world.until("Mon 12:00")
    backup = await backed_up(world)
    await world.until("Tue 09:00")
    asked_before = len(questions(anna))
    await restored(world, backup)
    await resumed(world)
    await world.until("Thu 16:30")
    assert len(questions(anna)) == asked_before + 1, "a week has two"
    if is_answered:
        await anna.checks_in(8, 8, 8, 8, 8)
    await world.until("Fri 17:10")
    digest = ben.sees("Week 45")
    assert digest is not None
    assert "Mon, Nov 2: not asked (its time was lost with the server)" in (digest.text or "")
    await world.check()


async def test_on_hold_help_stop_erase_and_privacy_work(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Mon 15:00")
    await world.until("Mon 16:20")
    backup = await backed_up(world)
    await world.until("Mon 17:00")
    await restored(world, backup)
    for words, seen in (("/help", "In an emergency call 112"), ("/privacy", "Telegram")):
        await anna.types(words)
        assert seen in anna.screen
    await anna.types("/history")
    assert HELD in anna.screen
    await ben.types("/invite")
    assert HELD in ben.screen
    await world.dana.types("/invite_therapist")
    assert "On hold since Mon, Nov 2, 17:00" in world.dana.screen
    assert "rapport resume" in world.dana.screen
    await world.human("Far").types("hello")
    assert await world.rows("SELECT count(*) FROM pair") == [(2,)]
    await anna.types("/stop")
    await anna.taps("Stop the questions")
    await cora.types("/erase")
    await cora.taps("Erase everything")
    assert sorted(await world.rows("SELECT state FROM pair")) == [("erased",), ("stopped",)]
    await resumed(world)
    await world.until("Mon 16:20")
    assert (len(questions(anna)), len(questions(cora))) == (1, 1)


async def test_a_tap_on_what_is_not_known_any_more_says_so(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 12:00")
    backup = await backed_up(world)
    await world.until("Mon 16:20")
    question = anna.sees("Question 1 of 5")
    await world.until("Mon 17:00")
    await restored(world, backup)
    said = await anna.taps("8", question)
    assert said.startswith("This was lost with the practice's server (Mon, Nov 2, 12:00 to ")
    await resumed(world)
    assert (await anna.taps("8", question)).startswith("This was lost with the practice's server")
    await world.later(hours=24 * 31)
    assert "not one of yours" in await anna.taps("8", question)


async def test_a_tap_on_what_never_was_in_the_lost_hours_is_not_called_lost(
    world: World,
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, ben = await world.pair("Cora", "Ben", code="C3")
    await world.until("Mon 12:00")
    backup = await backed_up(world)
    await world.until("Mon 16:20")
    question = anna.sees("Question 1 of 5")
    assert question is not None
    theirs = question.data_of("8")
    assert theirs is not None
    await world.until("Mon 17:00")
    await restored(world, backup)
    await resumed(world)
    # The same button in hands that were never shown it, on messages of before and after.
    await cora.types("/help")
    assert "not one of yours" in (await cora.forges(theirs))[0]
    await ben.types("/clients")
    assert "not one of yours" in (await ben.forges(f"details.0.{theirs.split('.')[1]}.0"))[0]
    assert (await anna.taps("8", question)).startswith("This was lost")


async def test_codes_of_lost_hours_are_not_suggested_again(world: World) -> None:
    ben = await world.therapist("Ben")
    backup = await backed_up(world)
    await ben.types("/invite")
    await restored(world, backup)
    await resumed(world)
    await ben.types("/invite")
    ((code,),) = await world.rows("SELECT code FROM pair")
    assert len(str(code)) == 3, "the lost one had two characters"


async def test_who_moves_and_loses_nothing_goes_on_at_once(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(8)
    too_early = await backed_up(world)
    await world.until("Mon 16:30")
    await world.stage.close()
    with pytest.raises(BadBackup, match="was at work after this backup was made"):
        await restore(world.stage.settings, too_early, world.stage.clock, nothing_lost=True)
    backup = made(world)
    await restored(world, backup, nothing_lost=True)
    await anna.answers(8, 8, 8, 8)
    await anna.taps("Skip ›")
    assert "This goes to your therapist on" in anna.screen
    await ben.types("/invite")
    assert HELD not in ben.screen
    assert await hold(world).preview() is None
    await world.until("Fri 17:10")
    assert "was lost" not in (ben.sees("Week 45").text or "")  # type: ignore[union-attr]


async def test_a_goodbye_is_not_asked_twice(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 17:00")
    await ben.types("/end A7")
    await ben.taps("End it, with a goodbye check-in")
    backup = await backed_up(world)
    await world.later(minutes=20)
    asked = len(questions(anna))
    assert "last short check-in" in anna.screen
    received = anna.received
    await restored(world, backup)
    await resumed(world)
    await world.until("Fri 12:00")
    assert len(questions(anna)) == asked
    assert anna.received == received, "nor is the end told twice"
    assert "please say it again with /end" in ben.screen
    assert await world.rows("SELECT state FROM pair") == [("active",)]


@pytest.mark.parametrize("back", ["Tue 12:00", "Tue 07:30"])
async def test_an_end_that_was_undone_in_lost_hours_does_not_come(world: World, back: str) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 21:45")
    await ben.types("/end A7")
    await ben.taps("End it, with a goodbye check-in")
    await world.until("Tue 02:30")
    backup = await backed_up(world)
    await world.until("Tue 07:00")
    await ben.taps("Undo")
    received = anna.received
    await world.until(back)
    await restored(world, backup)
    on_hold = await hold(world).preview()
    assert on_hold is not None
    assert list(on_hold.lost[0].ends.values()) == [["A7"]]
    await resumed(world)
    assert "choose “End it without” then: A7" in ben.screen
    await world.until("Tue 20:00")
    assert await world.rows("SELECT state FROM pair") == [("active",)]
    assert anna.received == received
    await ben.types("/end A7")
    await ben.taps("End it without")
    await world.later(hours=24)
    assert await world.rows("SELECT state FROM pair") == [("ended",)]


async def test_an_acknowledgement_that_may_have_been_told_is_not_told_again(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 8, 8)
    await world.until("Fri 17:00")
    await ben.taps("A7 · Read")
    backup = await backed_up(world)
    await world.later(minutes=5)
    received = anna.received
    assert "Your therapist read your check-in" in anna.screen
    await restored(world, backup)
    await resumed(world)
    await world.until("Sun 20:00")
    assert anna.received == received


async def test_a_backup_of_a_hold_is_still_on_hold(world: World) -> None:
    await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 12:00")
    first = await backed_up(world)
    await world.until("Mon 17:00")
    await restored(world, first)
    await world.until("Mon 19:00")
    second = await backed_up(world)
    await world.until("Tue 09:00")
    await restored(world, second)
    on_hold = await hold(world).preview()
    assert on_hold is not None
    assert len(on_hold.lost) == 2
    await resumed(world)
    assert await hold(world).preview() is None
    assert await hold(world).resume() is None
    ben = world.people["Ben"]
    assert ben.sees("From Mon, Nov 2, 12:00 to Mon, Nov 2, 17:00") is not None
    assert ben.sees("From Mon, Nov 2, 19:00 to Tue, Nov 3, 09:00") is not None


async def test_the_hours_are_told_in_the_readers_own_zone(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await ben.types("/zone Asia/Tokyo")
    await world.until("Mon 02:00")
    backup = await backed_up(world)
    await world.until("Tue 09:15")
    await restored(world, backup)
    await resumed(world)
    assert ben.sees("From Mon, Nov 2, 10:00 to Tue, Nov 3, 17:15 the practice") is not None


async def test_a_session_of_lost_hours_that_turns_up_later_is_not_asked_about(
    world: World,
) -> None:
    """A calendar may bring it again after the hold is over."""
    anna, _ = await world.pair("Anna", "Ben", meets="Wed 15:00")
    await world.until("Mon 12:00")
    backup = await backed_up(world)
    await world.until("Tue 15:00")
    ends_at = world.stage.clock.now() - 3_600_000
    await restored(world, backup)
    await resumed(world)
    async with writing(world.stage.running.db) as tx:
        await tx.run(
            "INSERT INTO appointment (id, pair_id, local_on, local_time, timezone, starts_at,"
            " ends_at, state, state_at) SELECT 77, id, '2026-11-03', '13:10', 'Europe/Berlin',"
            " :starts, :ends, 'planned', 1 FROM pair",
            starts=ends_at - 3_000_000, ends=ends_at,
        )  # fmt: skip
    await world.step()
    said = await world.rows("SELECT asked, not_asked_reason FROM appointment WHERE id = 77")
    assert said == [("not_asked", "lost")]
    assert questions(anna) == []


async def test_who_was_never_asked_because_of_a_long_hold_is_not_out_of_reach(
    world: World,
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 20:00")
    await world.until("Mon 21:25")  # hers waits for the end of the night
    backup = await backed_up(world)
    await world.until("Mon 22:00")
    await restored(world, backup)
    await world.until("Thu 09:00")
    await resumed(world)
    await world.until("Fri 17:10")
    assert questions(anna) == []
    digest = ben.sees("Week 45")
    assert digest is not None
    assert "not asked (the bot was on hold)" in (digest.text or "")
    assert "could not be reached" not in (digest.text or "")
    assert "no answer" not in (digest.text or "")


async def test_news_that_may_come_twice_waits_for_the_end_of_the_hold(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 8, 8)
    await world.until("Fri 17:00")
    async with writing(world.stage.running.db) as tx:
        # As it is in the moment before a digest goes out.
        await tx.run("UPDATE message SET state = 'queued', ended_at = NULL WHERE kind = 'digest'")
    backup = made(world)
    await world.step()
    received = ben.received
    await restored(world, backup)
    await world.later(hours=1)
    assert "On hold" in world.dana.screen, "what is due later goes past what waits"
    assert ben.received == received
    await resumed(world)
    assert ben.received == received + 2, "the digest, and what was lost"


async def test_nobody_is_asked_twice_where_the_delay_was_changed_in_lost_hours(
    world: World,
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 12:00")
    backup = await backed_up(world)
    await ben.types("/schedule delay 5")
    await ben.taps("Apply")
    await world.until("Mon 16:00")
    await anna.checks_in(7, 7, 7, 7, 7)
    await world.until("Mon 16:05")
    asked = len(questions(anna))
    await restored(world, backup)
    await resumed(world)
    assert "not asked again: A7" in ben.screen
    await world.until("Tue 12:00")
    assert len(questions(anna)) == asked


async def test_a_number_typed_at_a_question_that_was_lost_does_not_land_at_another(
    world: World,
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(4)
    backup = await backed_up(world)
    await anna.answers(8, 8)
    assert anna.sees("Question 4 of 5") is not None
    await world.until("Mon 16:40")
    await restored(world, backup)
    for _ in range(2):
        await anna.types("9")
        assert "Some of your answers may have been lost" in anna.screen
        assert anna.sees("Question 4 of 5") is None
        assert await world.rows("SELECT count(*) FROM answer") == [(1,)]
    await anna.taps("8", anna.sees("Question 2 of 5"))
    await anna.types("9")
    assert anna.sees("Question 4 of 5") is not None


async def test_what_is_typed_after_a_loss_is_no_goal_that_was_asked_for_before(
    world: World,
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await anna.types("/goals")
    await anna.taps("Add a goal")
    backup = await backed_up(world)
    await anna.types("To sleep through")
    await restored(world, backup)
    await anna.types("I am not well")
    assert "did not keep" in anna.screen
    assert await world.rows("SELECT count(*) FROM goal") == [(0,)]


async def test_lost_hours_are_no_silence_where_the_bot_goes_on_before_it_is_started(
    world: World,
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    backup = await backed_up(world)
    await anna.checks_in(2, 8, 8, 8, 8)
    await world.until("Fri 18:00")
    stage = world.stage
    await stage.close()
    await restore(stage.settings, backup, stage.clock)
    db = await open_database(stage.settings, stage.clock, alone=False)
    assert await Hold(db, stage.clock, RandomIds(), stage.settings).resume() is not None
    await db.close()
    await stage.open()
    await world.step()
    digest = ben.sees("Week 45")
    assert digest is not None
    assert "not known: lost with the server" in (digest.text or "")
    assert "no answer" not in (digest.text or "")
    assert await world.rows("SELECT state FROM checkin") == [("undeliverable",)]


async def test_what_may_have_been_asked_in_lost_hours_counts_for_the_day(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 09:00")
    await ben.types("/add A7 2026-11-02 18:00 50m weekly")
    await ben.taps("Add beside it")
    await world.until("Mon 08:00")
    backup = await backed_up(world)
    await world.until("Mon 11:00")
    assert len(questions(anna)) == 1
    await restored(world, backup)
    await resumed(world)
    await world.until("Mon 20:30")
    assert len(questions(anna)) == 1
    said = await world.rows("SELECT not_asked_reason FROM appointment WHERE asked IS NOT NULL"
                            " ORDER BY starts_at")  # fmt: skip
    assert said == [("lost",), ("per_day",)]


async def test_every_second_session_counts_from_what_may_have_been_asked(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 09:00")
    async with writing(world.stage.running.db) as tx:
        await tx.run("UPDATE pair SET less_often_at = 1")
    await world.until("Mon 08:00")
    backup = await backed_up(world)
    await world.until("Mon 11:00")
    await restored(world, backup)
    await resumed(world)
    asked = len(questions(anna))
    await world.until("Mon 11:00")
    assert len(questions(anna)) == asked
    await world.until("Mon 11:00")
    assert len(questions(anna)) == asked + 1


async def test_a_digest_that_may_have_been_opened_in_lost_hours_is_not_called_unopened(
    world: World,
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    await world.until("Fri 17:10")
    backup = await backed_up(world)
    await ben.opens("A7")
    await world.until("Sat 09:00")
    await restored(world, backup)
    await resumed(world)
    for unopened in (1, 2):
        await world.until("Mon 17:10")
        assert "have not been opened yet" not in ben.everything, unopened
        await anna.checks_in(8, 8, 8, 8, 8)
        await world.until("Fri 17:10")
    await world.until("Mon 17:10")
    assert "The last 2 weekly digests have not been opened yet." in ben.screen


async def test_a_client_is_told_of_lost_hours_once(world: World) -> None:
    """Neither with each therapist nor again with the reminder."""
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.pair("Anna", "Carl", code="B2", meets="Tue 15:00")
    await world.until("Sat 09:00")
    backup = await backed_up(world)
    await world.until("Sat 10:00")
    before = len(questions(anna))
    await restored(world, backup)
    await resumed(world)
    await world.until("Wed 20:00")
    assert len(questions(anna)) - before == 4, "two questions, a reminder each"
    sent = world.stage.emulator.journal.sent(anna.phone.id)
    said = [call for call in sent if "If you wrote or tapped" in call.result.get("text", "")]
    assert len(said) == 1


async def test_a_text_taken_back_in_lost_hours_is_not_shown(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    await anna.types("Less homework, please")
    await anna.taps("Show my therapist")
    backup = await backed_up(world)
    await anna.taps("Change")
    await anna.taps("Your text")
    await anna.taps("Keep it for me")
    await world.until("Tue 09:00")
    await restored(world, backup)
    await resumed(world)
    await world.until("Fri 17:10")
    await ben.opens("A7")
    assert "Less homework" not in ben.everything
    assert "Wrote" not in ben.everything
    assert await world.rows("SELECT disclosure FROM answer WHERE disclosure IS NOT NULL") == [
        ("keep",)
    ]


@pytest.mark.parametrize("text", ["Less homework, please", None])
async def test_a_text_that_a_loss_keeps_for_its_client_alone_says_so(
    world: World, text: str | None
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    if text is None:
        await anna.taps("Skip ›")
    else:
        await anna.types(text)
        await anna.taps("Show my therapist")
    backup = await backed_up(world)
    await world.until("Tue 09:00")
    await restored(world, backup)
    await resumed(world)
    assert anna.screen.startswith("If you wrote or tapped anything")
    assert (KEPT in anna.screen) == (text is not None)
    if text is None:
        return
    await anna.taps("Change")
    await anna.taps("‹ Back")
    assert KEPT in anna.screen
    await anna.taps("Change")
    await anna.taps("Your text")
    await anna.taps("Show my therapist")
    assert KEPT not in anna.screen
    await anna.taps("Change")
    await anna.taps("‹ Back")
    assert anna.screen.startswith("If you wrote or tapped anything")
    assert KEPT not in anna.screen
    await world.until("Fri 17:10")
    await ben.opens("A7")
    assert "Wrote" in ben.everything


@pytest.mark.parametrize("chosen", ["Raise it for me", "Remove the text"])
async def test_a_kept_text_whose_time_is_over_is_told_of_with_the_next_question(
    world: World, chosen: str
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    await anna.types("Less homework, please")
    await anna.taps(chosen)
    backup = await backed_up(world)
    await world.until("Sat 09:00")
    await restored(world, backup)
    await resumed(world)
    assert "is gone" not in anna.screen
    await world.until("Mon 16:20")
    assert "If you wrote or tapped anything" in anna.screen
    assert (KEPT in anna.screen) == (chosen == "Raise it for me")
    await world.until("Tue 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    await world.until("Mon 16:20")
    assert "If you wrote or tapped anything" not in anna.screen


async def test_who_may_have_withheld_in_lost_hours_can_do_it_again_before_the_digest(
    world: World,
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Thu 15:00")
    await world.until("Thu 16:20")
    await anna.checks_in(2, 8, 8, 8, 8)
    backup = await backed_up(world)
    await anna.taps("Don't send")
    await anna.taps("Don't send")
    await world.until("Fri 09:00")
    await restored(world, backup)
    assert "is gone" not in anna.screen, "nobody is told while it is on hold"
    await resumed(world)
    assert anna.screen.startswith("If you wrote or tapped anything here between Thu")
    await anna.taps("Don't send")
    await anna.taps("Don't send")
    await world.until("Fri 17:10")
    assert "chose not to send the answers" in (ben.sees("Week 45").text or "")  # type: ignore[union-attr]
    await world.until("Thu 16:20")
    assert "is gone" not in anna.screen, "it was said"


async def test_a_message_that_only_looks_live_after_a_loss_is_closed_at_the_first_tap(
    world: World,
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 12:00")
    backup = await backed_up(world)
    await world.until("Mon 16:20")
    question = anna.phone.last
    assert "8" in question.labels
    await world.until("Mon 17:00")
    await restored(world, backup)
    await anna.taps("8", question)
    assert "8" in anna.phone.last.labels, "on hold another backup may still be put back"
    await resumed(world)
    said = await anna.taps("Later", question)
    assert said.startswith("This was lost with the practice's server")
    now = next(s for s in anna.phone.chat if s.message_id == question.message_id)
    assert (now.text or "").startswith("This was lost with the practice's server")
    assert now.labels == ["Help now"]


async def test_a_question_whose_time_was_over_in_lost_hours_is_closed_at_the_first_tap(
    world: World,
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    question = anna.phone.last
    backup = await backed_up(world)
    await world.until("Sat 09:00")
    await restored(world, backup)
    await resumed(world)
    said = await anna.taps("8", question)
    assert "closed" in said
    now = next(s for s in anna.phone.chat if s.message_id == question.message_id)
    assert "8" not in now.labels


async def test_what_a_message_tells_of_lost_hours_stays_there_with_later_and_back(
    world: World,
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Sat 09:00")
    backup = await backed_up(world)
    await world.until("Sat 10:00")
    await restored(world, backup)
    await resumed(world)
    await world.until("Mon 16:20")
    assert "If you wrote or tapped anything here" in anna.screen
    told = anna.screen
    await anna.taps("Later")
    await anna.taps("‹ Back")
    assert anna.screen == told


async def test_what_a_finished_check_in_tells_of_lost_hours_stays_there_with_back(
    world: World,
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Thu 15:00")
    await world.until("Thu 16:20")
    await anna.checks_in(2, 8, 8, 8, 8)
    backup = await backed_up(world)
    await world.until("Fri 09:00")
    await restored(world, backup)
    await resumed(world)
    told = anna.screen
    assert told.startswith("If you wrote or tapped anything here between Thu")
    for label in ("Don't send", "Change"):
        await anna.taps(label)
        await anna.taps("‹ Back")
        assert anna.screen == told


@pytest.mark.parametrize("lost", ["Read", "Let's talk about it"])
async def test_what_was_acknowledged_in_lost_hours_can_be_acknowledged_again(
    world: World, lost: str
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 8, 8)
    await world.until("Fri 17:00")
    backup = await backed_up(world)
    digest = ben.phone.last
    label = next(one for one in digest.labels if one.endswith(lost))
    await ben.taps(label, digest)
    await world.until("Sat 09:00")
    assert label not in ben.phone.last.labels
    await restored(world, backup)
    await resumed(world)
    shown = next(s for s in ben.phone.chat if s.message_id == digest.message_id)
    await ben.taps("A7 · Details", shown)
    await ben.taps("‹ Back")
    shown = next(s for s in ben.phone.chat if s.message_id == digest.message_id)
    assert label in shown.labels
    await ben.taps(label, shown)
    assert await world.rows("SELECT kind FROM acknowledgement") == [
        ("read" if lost == "Read" else "talk",)
    ]


async def test_a_calendars_address_does_not_stand_in_the_chat_while_on_hold(world: World) -> None:
    """What is refused then is as secret as what is taken at other times."""
    anna, ben = await world.pair("Anna", "Ben")
    await restored(world, await backed_up(world))
    for human in (anna, ben):
        await human.types("/calendar https://ben:marmot@cal.example/private")
        assert HELD in human.screen
        assert not any("marmot" in (seen.text or "") for seen in human.phone.chat)
