"""Pausing, stopping, erasing, agreeing anew, and being out of reach: the client decides."""

from __future__ import annotations

import asyncio

import pytest
from world import World

from bot.services.admins import tell_admins
from bot.store.database import Unavailable
from bot.views.buttons import data
from tests.stories.test_goals import noted
from tests.transactions import writing

RECORD = '[privacy]\nfeedback_in_clinical_record = true\ncontact = "Dana at the front desk"\n'
NEW_TEXT = """[privacy]
feedback_in_clinical_record = false
contact = "Dana at the front desk"
consent_version = "3"
"""


async def test_nothing_is_asked_while_paused_and_it_goes_on_by_itself(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.later(minutes=5)
    await anna.types("/pause")
    await anna.taps("2 weeks")
    assert "The questions are paused until Sun, Nov 15." in anna.screen
    received = anna.received
    await world.until("Fri 17:00")
    assert anna.received == received
    assert "paused the questions · not asked" in ben.screen
    assert "(paused)" not in ben.screen  # said once
    await world.until("Mon 18:00")
    assert anna.received == received
    await world.until("Mon 16:20")
    assert "A short check-in about Monday is ready." in anna.screen


async def test_a_pause_lasts_until_a_day_that_is_typed(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await anna.types("/pause")
    assert "/pause 2026-11-22" in anna.screen
    await anna.types("/pause until 16 Nov")
    assert "The questions are paused until Mon, Nov 16." in anna.screen
    assert "without another word" in anna.screen
    await ben.types("/clients")
    assert "paused the questions until Mon, Nov 16" in ben.screen
    received = anna.received
    for _ in range(3):
        await world.until("Sun 12:00")
    assert anna.received == received
    await world.until("Mon 16:20")
    assert "A short check-in about Monday is ready." in anna.screen
    assert anna.received == received + 1


async def test_an_outage_over_the_end_of_a_pause_lets_no_session_go_by(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await anna.types("/pause until 9 Nov")
    await world.until("Mon 12:00")
    await world.until("Sun 20:00")
    await world.stage.close()
    world.stage.clock.advance_to(world.stage.moment("Mon 18:00"))
    await world.stage.open()
    await world.step()
    assert "A short check-in about Monday is ready." in anna.screen


async def test_a_pause_can_be_given_another_day(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await anna.types("/pause 24.12.")
    await anna.types("/pause 3.11.2026")
    assert "paused until Tue, Nov 3." in anna.screen
    await world.until("Mon 18:00")
    received = anna.received
    await world.until("Mon 16:20")
    assert anna.received == received + 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("soon & <then>", "I can't read “soon & <then>” as a day. Write it like this:"),
        ("1.11.", "Nov 1, 2026 is not after today, so nothing was changed."),
        ("2026-10-31", "Oct 31, 2026 is not after today, so nothing was changed."),
        ("1.12.2027", "Dec 1, 2027 is more than a year ahead"),
    ],
)
async def test_a_day_that_cannot_be_gets_an_answer_that_says_what_to_do(
    world: World, typed: str, said: str
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    before = await world.facts()
    await anna.types(f"/pause {typed}")
    assert said in anna.screen
    assert "/pause 2026-11-22" in anna.screen or "/stop" in anna.screen
    assert await world.facts() == before


async def test_of_two_therapists_one_is_chosen_and_the_day_is_kept(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben")
    await world.pair("Anna", "Faraway", code="F9")
    await anna.types("/pause 24 Dec")
    await anna.taps("Faraway")
    assert "paused until Thu, Dec 24." in anna.screen
    rows = await world.rows("SELECT code, paused_until_on FROM pair ORDER BY code")
    assert rows == [("A7", None), ("F9", "2026-12-24")]


async def test_who_has_stopped_is_not_paused_by_a_day(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben")
    await anna.types("/stop")
    await anna.taps("Stop the questions")
    await anna.types("/pause 24 Dec")
    assert "Nothing is running here that this could change." in anna.screen


async def test_a_pause_without_end_ends_when_the_client_resumes(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await anna.types("/pause")
    await anna.taps("Until I resume")
    assert "paused until you resume them" in anna.screen
    received = anna.received
    for _ in range(2):
        await world.until("Mon 18:00")
    assert anna.received == received
    await anna.taps("Resume")
    assert "The questions go on after your next session." in anna.screen
    await world.until("Mon 16:20")
    assert "A short check-in about Monday is ready." in anna.screen


async def test_a_pause_takes_back_a_check_in_nobody_began(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    opened = anna.phone.last
    await anna.types("/pause")
    await anna.taps("4 weeks")
    await anna.taps("8", opened)
    assert await world.kept() == []
    received = anna.received
    await world.until("Wed 17:00")
    assert anna.received == received


async def test_who_is_confirmed_at_night_and_stops_before_morning_gets_no_greeting(
    world: World,
) -> None:
    ben, anna = await world.therapist("Ben"), world.human("Anna")
    await world.joins(anna, await world.invites(ben, "A7"))
    await world.until("Sun 23:00")
    await ben.taps("Yes, that is my client")
    await anna.types("/stop")
    await anna.taps("Stop the questions")
    received = anna.received
    await world.until("Mon 12:00")
    assert anna.received == received


async def test_stop_ends_the_questions_and_the_therapist_sees_it(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.later(minutes=5)
    await anna.types("/stop")
    assert "Stopping has no effect on your therapy." in anna.screen
    await anna.taps("Stop the questions")
    assert "The questions have stopped." in anna.screen
    assert anna.screen.endswith("Help now works all the same: /help")
    received = anna.received
    await world.until("Fri 17:00")
    assert anna.received == received
    assert "stopped the questions" in ben.screen


async def test_who_stopped_can_come_back(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await anna.types("/stop")
    await anna.taps("Stop the questions")
    await anna.starts()
    assert "Do you agree?" in anna.screen
    await anna.taps("I agree")
    assert "A7 wants to be asked again after your sessions." in ben.screen
    await world.until("Mon 16:20")
    assert "A short check-in about Monday is ready." in anna.screen


async def test_stop_can_become_a_pause(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await anna.types("/stop")
    await anna.taps("Pause")
    await anna.taps("2 weeks")
    assert "The questions are paused until" in anna.screen


async def test_thinking_of_ending_is_told_only_at_the_clients_wish(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    received = ben.received
    await anna.types("/stop")
    await anna.taps("I'm thinking of ending or changing therapist")
    await anna.taps("No, keep it to me")
    assert "nothing was stored" in anna.screen
    assert ben.received == received
    await anna.types("/stop")
    await anna.taps("I'm thinking of ending or changing therapist")
    await anna.taps("Yes, tell my therapist")
    assert "A7 wants you to know: thinking about ending or changing therapist." in ben.screen
    await world.until("Mon 16:20")
    assert "A short check-in about Monday is ready." in anna.screen


async def test_who_is_not_confirmed_tells_the_therapist_nothing(world: World) -> None:
    ben, cora = await world.therapist("Ben"), world.human("Cora")
    await world.joins(cora, await world.invites(ben, "B8"))
    await cora.types("/stop")
    assert cora.phone.last.labels == ["Stop the questions", "Help now"]
    received = ben.received
    ((pair,),) = await world.rows("SELECT id FROM pair")
    assert isinstance(pair, int)
    for act in ("ending", "tellend"):
        (said,) = await cora.forges(data(act, pair))
        assert "has not confirmed yet that it is you" in said
    assert ben.received == received
    await cora.types("/erase")
    assert cora.phone.last.labels == ["Erase everything"]
    (said,) = await cora.forges(data("pausing", pair))
    assert "nothing to pause" in said


async def test_erasing_leaves_nothing_of_the_answers(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(2, 8, 8, 8, 8)
    await anna.taps("Skip ›")
    await anna.types("a marmot of my own")
    await anna.taps("Raise it for me")
    await world.until("Fri 17:00")
    digest = ben.phone.last
    await anna.types("/erase")
    assert "I can't delete notes your therapist made or copies in Telegram." in anna.screen
    assert (
        "Your therapist is told that you had your answers erased, and nothing else." in anna.screen
    )
    assert anna.phone.last.labels[0] == "Pause instead"
    await anna.taps("Erase everything")
    assert "Your answers have been erased, and the questions have stopped." in anna.screen
    assert anna.screen.endswith("Help now works all the same: /help")

    assert "A7 has had the answers erased." in ben.screen
    assert "delete earlier messages here that name A7" in ben.screen
    assert await world.kept() == []
    for table in ("checkin", "answer", "answer_earlier", "digest_entry", "appointment", "rule"):
        assert await world.rows(f"SELECT * FROM {table}") == []
    named = await world.rows("SELECT 1 FROM person WHERE name IS NOT NULL")
    assert len(named) == 2, "Ben and Dana"
    assert b"marmot" not in world.raw
    assert await ben.taps("A7 · Details", digest) != ""
    await ben.types("/today")
    await ben.types("/clients")
    assert "A7" not in ben.screen
    await ben.types("/invite A7")
    assert "You have used the code A7 before." in ben.screen
    received = anna.received
    await world.until("Mon 18:00")
    assert anna.received == received


async def test_what_an_admin_is_owed_outlives_what_they_were_as_a_client(world: World) -> None:
    dana, _ = await world.pair("Dana", "Ben")
    app = world.stage.running
    now = world.stage.clock.now()
    async with writing(app.db) as tx:
        await tell_admins(
            tx, "no_backup", subject_id=now, pair_id=None, ids=app.ids,
            settings=app.settings, now=now, due_at=now + 3_600_000,
        )  # fmt: skip
    await dana.types("/erase")
    await dana.taps("Erase everything")
    who = "SELECT name, language FROM person JOIN message ON person.id = person_id"
    assert set(await world.rows(f"{who} WHERE part LIKE 'no_backup%'")) == {(None, None)}
    await world.later(hours=2)
    assert "no good backup has been made" in dana.screen


async def test_what_was_sealed_before_erasing_can_not_be_opened_any_more(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 8, 8)
    rows = await world.rows("SELECT value FROM answer WHERE value IS NOT NULL")
    rows += await world.rows("SELECT data_key FROM pair")
    sealed = [value for (value,) in rows if isinstance(value, bytes)]
    assert len(sealed) == 6
    assert all(value in world.raw for value in sealed)
    await anna.types("/erase")
    await anna.taps("Erase everything")
    assert not any(value in world.raw for value in sealed)


async def test_the_privacy_text_says_that_erasing_erases_and_how_long_is_kept(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await anna.types("/privacy")
    assert "/erase has it erased." in anna.screen
    assert "clinical record" not in anna.screen
    assert "your answers are kept for about 10 more years" in anna.screen


@pytest.mark.settings(RECORD + "retention_days = 400\n")
async def test_the_privacy_text_promises_no_erasure_where_it_is_a_request(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await anna.types("/privacy")
    assert "has it erased" not in anna.everything, "neither here nor before agreeing"
    assert "belong to the clinical record: with /erase you ask for them" in anna.screen
    assert "your answers are kept for 400 more days" in anna.screen


@pytest.mark.settings(RECORD)
async def test_where_answers_belong_to_the_record_erasing_is_a_request(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 8, 8)
    await anna.types("/erase")
    assert "In this practice your answers belong to the clinical record" in anna.screen
    assert "Your therapist is told that you ask for it, and nothing else." in anna.screen
    await anna.taps("Send the request")
    assert "Your request has been sent." in anna.screen
    assert "A7 asks to have the answers erased." in ben.screen
    await world.until("Fri 17:00")
    assert "heard 2" in ben.screen


async def test_a_new_privacy_text_is_agreed_to_before_anything_is_asked(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.reconfigure(NEW_TEXT)
    await world.until("Mon 16:20")
    assert "The privacy text has changed." in anna.screen
    assert not anna.sees("A short check-in")
    await anna.starts()
    assert "Do you agree?" in anna.screen
    await anna.taps("I agree")
    await world.until("Mon 16:20")
    assert "A short check-in about Monday is ready." in anna.screen
    versions = await world.rows("SELECT version, decision FROM consent ORDER BY decided_at")
    assert versions == [("2", "given"), ("3", "given")]


async def test_who_does_not_agree_anew_is_told_once_and_never_asked(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.reconfigure(NEW_TEXT)
    received = anna.received
    await world.until("Fri 17:00")
    assert anna.received == received + 1
    await world.until("Tue 12:00")
    assert anna.received == received + 1
    await anna.starts()
    await anna.taps("No, thank you")
    assert "your therapy is not affected" in anna.screen


async def test_a_blocked_bot_tells_the_therapist_once_and_goes_on_at_start(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 12:00")
    await anna.does(anna.phone.block)
    assert "A7 can't be reached in Telegram" in ben.screen
    await ben.types("/clients")
    assert "A7 · active · can't be reached in Telegram" in ben.screen
    await ben.taps("A7")
    assert "A7 · active · can't be reached in Telegram" in ben.screen
    received = ben.received
    await world.until("Fri 16:00")
    assert ben.received == received
    await world.until("Fri 17:00")
    assert "No answer due (1)" in ben.screen
    assert "could not be reached" in ben.screen
    # Once it is known, it is a word beside the others.
    for _ in range(2):
        await world.until("Fri 17:00")
        assert "Still out of reach (1)\nA7 since Mon, Nov 2" in ben.screen
        assert "No answer due" not in ben.screen
    await anna.starts()
    assert "Hello." in anna.screen
    await world.until("Mon 16:20")
    assert "A short check-in about Monday is ready." in anna.screen


async def test_declining_leads_to_no_question_and_can_be_changed(world: World) -> None:
    ben = await world.therapist("Ben")
    anna = world.human("Anna")
    await anna.starts(await world.invites(ben, "A7"))
    await anna.taps("English")
    await anna.taps("Yes, that is right")
    await anna.taps("No, thank you")
    assert "I won't ask you anything" in anna.screen
    await ben.taps("Yes, that is my client")
    await world.meets(ben, "A7", "Mon 15:00")
    await world.until("Tue 12:00")
    assert not anna.sees("A short check-in")
    await anna.starts()
    await anna.taps("I agree")
    await world.until("Mon 16:20")
    assert anna.sees("A short check-in")


async def test_stopping_half_way_ends_the_question_on_the_screen(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(4, 4)
    prompt = anna.phone.last
    await anna.types("/stop")
    await anna.taps("Stop the questions")
    shown = next(seen for seen in anna.phone.chat if seen.message_id == prompt.message_id)
    assert shown.text == "Thank you for your check-in. It is closed now."
    assert shown.labels == []
    await anna.taps("9", prompt)
    await anna.types("9")
    assert await world.kept() == [4, 4]
    await world.until("Fri 17:00")
    assert "started, 2 of 5" in ben.screen
    assert "stopped the questions" in ben.screen


async def test_who_has_stopped_may_still_withhold_what_was_sent(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 2, 2, 2, 2)
    review = anna.phone.last
    await anna.types("/stop")
    await anna.taps("Stop the questions")
    await anna.taps("Change", review)
    shown = next(seen for seen in anna.phone.chat if seen.message_id == review.message_id)
    assert shown.labels == ["Don't send", "Help now"]
    assert "You can change your answers" not in shown.text
    await anna.taps("Don't send", shown)
    await anna.taps("Don't send")
    assert "Your answers are not shown." in anna.everything
    (toast,) = await anna.forges(
        shown.data_of("Don't send").replace("withhold", "reopen") + ".heard"
    )
    assert "This check-in is closed." in toast
    assert await world.kept() == [2, 2, 2, 2, 2]
    await world.until("Fri 17:00")
    assert "chose not to send the answers" in ben.screen


async def test_erasing_takes_the_buttons_of_an_open_question_away(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    prompt = anna.phone.last.message_id
    await anna.types("/erase")
    await anna.taps("Erase everything")
    shown = next(seen for seen in anna.phone.chat if seen.message_id == prompt)
    assert shown.text == "These questions are no longer open. There is nothing to do."
    assert shown.labels == []


@pytest.mark.parametrize("choice", ["Yes, tell my therapist", "No, keep it to me"])
@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("", "Questions about changing therapist: Dana at the front desk"),
        ("Call 030 1 & ask for Dana.", "Call 030 1 & ask for Dana."),
    ],
)
async def test_who_thinks_of_changing_reads_the_practices_own_words(
    world: World, monkeypatch: pytest.MonkeyPatch, choice: str, own: str, said: str
) -> None:
    monkeypatch.setenv("RAPPORT_PRACTICE__HOW_TO_CHANGE", own)
    await world.reconfigure("")
    anna, _ = await world.pair("Anna", "Ben")
    await anna.types("/stop")
    await anna.taps("I'm thinking of ending or changing therapist")
    await anna.taps(choice)
    assert anna.screen.endswith(said)


async def test_an_erasure_that_cannot_be_logged_keeps_nobody_else_waiting(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(7)
    log = world.stage.settings.database.path.with_name("erasures.log")
    await anna.types("/erase")
    world.restarting = False  # a start would end and say why
    log.mkdir()
    assert "nothing was changed. Please try again tomorrow" in await anna.taps("Erase everything")
    await cora.answers(8)
    assert await world.kept() == [7, 8]
    assert any("nobody can be erased" in said for said in world.logged)
    log.rmdir()
    await anna.taps("Erase everything")
    assert await world.kept() == [8]


async def test_erasing_takes_away_what_could_not_be_read_of_them(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3")
    for human in (anna, cora):
        chat = {"id": human.phone.id, "type": "private"}
        spoilt = {"chat": chat, "from": human.phone.account.json, "text": "a marmot", "date": "no"}
        world.stage.emulator.inject({"message": {"message_id": 1, **spoilt}})
        await world.step()
    assert await world.rows("SELECT count(*) FROM set_aside") == [(2,)]
    await anna.types("/erase")
    await anna.taps("Erase everything")
    assert await world.rows("SELECT count(*) FROM set_aside") == [(1,)]
    await cora.types("/erase")
    await cora.taps("Erase everything")
    assert await world.rows("SELECT * FROM set_aside") == []


async def test_a_question_that_was_deleted_comes_neither_erased_nor_closed(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Mon 15:00")
    await world.until("Mon 16:20")
    world.to_be_refused.add("Bad Request: message to edit not found")
    cora.phone.delete(cora.phone.last)
    await cora.types("/erase")
    received = cora.received
    await cora.taps("Erase everything")
    assert cora.received == received
    # The reminder of Tuesday is deleted as well.
    await world.until("Wed 12:00")
    anna.phone.delete(anna.phone.last)
    received = anna.received
    await world.until("Thu 16:20")
    assert await world.rows("SELECT state FROM checkin") == [("expired",)]
    assert anna.received == received


async def test_what_was_said_is_in_no_audit_that_outlives_it(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben")
    await noted(anna, "Sleep through the night")
    await anna.taps("1 · Sleep through the night")
    await anna.taps("Reached")
    await anna.types("/stop")
    await anna.taps("I'm thinking of ending or changing therapist")
    await anna.taps("Yes, tell my therapist")
    await anna.types("/erase")
    await anna.taps("Erase everything")
    acts = [act for (act,) in await world.rows("SELECT act FROM audit ORDER BY at")]
    assert {"goal noted", "goal closed", "told the therapist", "erased"} <= set(acts)
    assert not [act for act in acts if "ending" in str(act) or "reached" in str(act)]


@pytest.mark.settings(f"{RECORD}retention_days = 30\n")
async def test_a_pause_ends_also_where_nobody_can_be_erased(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben")
    cora, _ = await world.pair("Cora", "Ben", code="C3")
    await cora.types("/stop")
    await cora.taps("Stop the questions")
    await anna.types("/pause until 20 Dec")
    world.restarting = False  # a start would end and say why
    log = world.stage.settings.database.path.with_name("erasures.log")
    log.mkdir()
    world.stage.clock.advance_to(world.stage.clock.now() + 60 * 86_400_000)
    with pytest.raises(Unavailable, match=r"erasures\.log"):
        await world.stage.settle()
    states = "SELECT code, state FROM pair ORDER BY code"
    assert await world.rows(states) == [("A7", "active"), ("C3", "stopped")]
    log.rmdir()
    await world.step()
    assert await world.rows(states) == [("A7", "active"), ("C3", "erased")]


@pytest.mark.parametrize("world", ["as it is"], indirect=True)
async def test_a_question_under_way_to_who_erases_everything_does_not_stay(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:05")
    world.stage.emulator.faults.add("delay", seconds=1.0, method="sendMessage", chat=anna.phone.id)
    world.stage.clock.advance_to(world.stage.moment("Mon 16:20"))
    sending = asyncio.create_task(world.stage.settle())
    prompts = "SELECT state FROM message WHERE kind = 'prompt'"
    async with asyncio.timeout(10):
        while ("sending",) not in await world.rows(prompts):  # noqa: ASYNC110 - a row tells it
            await asyncio.sleep(0.01)
    ((pair, client),) = await world.rows("SELECT id, client_id FROM pair")
    await world.stage.running.room.privacy.erase(client, pair)  # type: ignore[arg-type]
    await sending
    await world.step()
    assert "A short check-in" not in anna.everything
    assert anna.screen == "What stood here has been erased."
    assert await world.rows("SELECT act FROM audit WHERE act LIKE 'not redacted%'") == []
