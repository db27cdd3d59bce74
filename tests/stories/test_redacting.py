"""What lies on therapists' phones after somebody was erased: no answer, and nothing new arrives."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

import pytest
from typer.testing import CliRunner
from world import Human, World

from bot.cli import cli
from bot.emulator import Seen
from bot.opening import RandomIds
from bot.services.handing import Handing
from bot.services.redacting import Redacting
from tests.stories.test_lost_server import backed_up, restored
from tests.stories.test_relinking_own import renews
from tests.stories.test_sentence import WORDS, acknowledged

ERASED = "What stood here has been erased."
SINCE = "The answers of one client have been erased since."
RECORD = '[privacy]\nfeedback_in_clinical_record = true\ncontact = "Dana at the front desk"\n'
SHORT = '[privacy]\nretention_days = 30\nfeedback_in_clinical_record = false\ncontact = "Dana"\n'
ENDING = "I'm thinking of ending or changing therapist"


async def told(world: World) -> tuple[Human, Human, Human]:
    """Let Ben have a digest in which Anna answered low and Cora well."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 8, 8)
    await cora.checks_in(8, 8, 8, 8, 8)
    await world.until("Fri 17:00")
    return anna, ben, cora


async def erases(client: Human) -> None:
    await client.types("/erase")
    await client.taps("Erase everything")


def digest_of(ben: Human) -> Seen:
    """Give the newest message that is a digest."""
    for seen in reversed(ben.phone.chat):
        if seen.from_bot and "Week " in (seen.text or ""):
            return seen
    raise LookupError("no digest")


def at(human: Human, message: Seen) -> str:
    """Give what stands now where a message stood, with its buttons."""
    for seen in human.phone.chat:
        if seen.message_id == message.message_id:
            return "\n".join([seen.text or "", *seen.labels])
    return ""


def seen_at(human: Human, message: Seen) -> Seen:
    """Give a message as it is now."""
    return next(seen for seen in human.phone.chat if seen.message_id == message.message_id)


def news(world: World, human: Human) -> int:
    """Count the messages somebody was sent, but for the word that somebody was erased."""
    sent = world.stage.emulator.journal.sent(human.phone.id)
    return sum("has had the answers erased" not in str(call.params) for call in sent)


async def owed(world: World) -> int:
    return len(await world.rows("SELECT id FROM redaction"))


async def given_up(world: World) -> list[object]:
    found = await world.rows("SELECT act FROM audit WHERE act LIKE 'not redacted%' ORDER BY at")
    return [act for (act,) in found]


async def test_a_digest_shows_nothing_of_the_erased_and_all_of_the_others(world: World) -> None:
    anna, ben, _ = await told(world)
    digest, before = digest_of(ben), news(world, ben)
    assert "A7" in at(ben, digest)
    await erases(anna)
    now = at(ben, digest)
    assert "A7" not in now
    assert "heard 2" not in now
    assert "C3" in now
    assert f"1 of 1 answered.\n{SINCE}\n" in now
    assert (news(world, ben), await owed(world)) == (before, 0)
    await ben.taps("C3", digest_of(ben))
    assert "A7" not in at(ben, digest)
    await ben.taps("‹ Back", next(s for s in ben.phone.chat if s.message_id == digest.message_id))
    assert at(ben, digest) == now


async def test_details_that_stand_open_in_a_digest_go_as_well(world: World) -> None:
    anna, ben, _ = await told(world)
    digest = digest_of(ben)
    await ben.opens("A7")
    assert "Week" not in at(ben, digest)
    await erases(anna)
    assert "A7" not in at(ben, digest)
    assert SINCE in at(ben, digest)


async def test_every_digest_that_held_the_erased_is_changed_and_no_other(world: World) -> None:
    anna, ben, _ = await told(world)
    first = digest_of(ben)
    await world.until("Mon 16:20")
    await anna.checks_in(3, 8, 8, 8, 8)
    await world.until("Fri 17:00")
    second = digest_of(ben)
    assert second.message_id != first.message_id
    await erases(anna)
    assert at(ben, first) == "Week 45\nOpen"
    await ben.taps("Open", seen_at(ben, first))
    for digest in (first, second):
        assert "A7" not in at(ben, digest)
        assert "C3" in at(ben, digest)
        assert SINCE in at(ben, digest)
    await world.until("Fri 17:00")
    third = digest_of(ben)
    assert SINCE not in at(ben, third)


async def test_a_digest_of_nobody_else_says_so_and_its_buttons_are_gone(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 8, 8)
    await world.until("Fri 17:00")
    digest = digest_of(ben)
    old = [data for row in digest.buttons for _, data in row]
    await erases(anna)
    now = at(ben, digest)
    assert "A7" not in now
    assert SINCE in now
    assert "No finished check-ins." not in now
    # What another of his devices may still show does not bring anything back.
    await ben.forges(*old)
    assert "A7" not in at(ben, digest)
    assert "heard" not in at(ben, digest)


async def test_what_two_clients_erase_is_counted(world: World) -> None:
    anna, ben, cora = await told(world)
    digest = digest_of(ben)
    await erases(anna)
    await erases(cora)
    now = at(ben, digest)
    assert now.splitlines()[1] == "The answers of 2 clients have been erased since."
    assert "C3" not in now
    await anna.types("/erase")
    assert at(ben, digest) == now


@pytest.mark.settings(RECORD)
@pytest.mark.parametrize("is_running", [True, False])
async def test_what_is_erased_on_the_command_line_goes_at_the_next_tick(
    world: World, monkeypatch: pytest.MonkeyPatch, is_running: bool
) -> None:
    monkeypatch.setattr("bot.commands.erasing.SystemClock", lambda: world.stage.clock)
    monkeypatch.setattr("bot.logging.set_up", lambda _: None)
    anna, ben, _ = await told(world)
    digest = digest_of(ben)
    await anna.types("/erase")
    await anna.taps("Send the request")
    assert "heard 2" in at(ben, digest)
    config = str(world.stage.settings.database.path.with_name("config.toml"))
    if not is_running:
        await world.stage.close()
    do = ["erasures", "do", "A7", "-c", config]
    asks = await asyncio.to_thread(CliRunner().invoke, cli, do)
    word = asks.output.split("--confirm ")[1][:6]
    done = await asyncio.to_thread(CliRunner().invoke, cli, [*do, "--confirm", word])
    assert done.exit_code == 0
    assert "heard 2" in at(ben, digest)
    if not is_running:
        await world.stage.open()
    await world.step()
    assert "A7" not in at(ben, digest)
    assert await owed(world) == 0


@pytest.mark.settings(SHORT)
async def test_what_is_not_kept_any_longer_does_not_stay_on_a_phone(world: World) -> None:
    anna, ben, _ = await told(world)
    digest, before = digest_of(ben), news(world, ben)
    await anna.types("/stop")
    await anna.taps("Stop the questions")
    await world.later(hours=31 * 24)
    assert await world.rows("SELECT state FROM pair WHERE code = 'A7'") == [("erased",)]
    assert "A7" not in at(ben, digest)
    await ben.taps("Open", seen_at(ben, digest))
    assert "A7" not in at(ben, digest)
    assert SINCE in at(ben, digest)
    assert news(world, ben) > before, "the digests of the weeks since"


async def test_a_notice_that_tells_what_a_client_said_goes_and_one_of_a_code_stays(
    world: World,
) -> None:
    anna, ben, _ = await told(world)
    await anna.types("/stop")
    await anna.taps(ENDING)
    await anna.taps("Yes, tell my therapist")
    notice = next(s for s in reversed(ben.phone.chat) if "A7" in (s.text or ""))
    assert "thinking about ending" in at(ben, notice)
    await erases(anna)
    assert at(ben, notice) == ERASED
    assert "A7 has had the answers erased." in ben.screen


async def test_nothing_comes_anew_where_the_therapist_has_deleted_the_message(world: World) -> None:
    anna, ben, _ = await told(world)
    digest, before = digest_of(ben), news(world, ben)
    ben.phone.delete(digest)
    world.to_be_refused.add("Bad Request: message to edit not found")
    await erases(anna)
    assert (news(world, ben), await owed(world)) == (before, 0)
    assert await given_up(world) == ["not redacted: refused"]


async def test_a_page_that_comes_anew_for_a_deleted_message_goes_as_well(
    world: World,
) -> None:
    anna, ben, _ = await told(world)
    digest = digest_of(ben)
    world.to_be_refused.add("Bad Request: message to edit not found")
    # Deleted on one device while a button is tapped on another.
    deleting = ben.phone.tap("C3", digest)
    ben.phone.delete(digest)
    await world.step()
    await deleting.wait(5)
    await ben.taps("‹ Back")
    page = ben.phone.last
    assert page.message_id != digest.message_id
    assert "A7" in at(ben, page)
    await erases(anna)
    assert "A7" not in at(ben, page)
    assert "C3" in at(ben, page)
    await world.later(minutes=20)
    assert (await owed(world), await given_up(world)) == (0, [])


async def test_details_beside_digests_that_come_anew_go_as_well(world: World) -> None:
    anna, ben, _ = await told(world)
    await world.until("Mon 14:00")
    await ben.types("/today")
    await ben.opens("A7")
    await world.later(minutes=16)
    shut = ben.phone.last
    world.to_be_refused.add("Bad Request: message to edit not found")
    deleting = ben.phone.tap("Open", shut)
    ben.phone.delete(shut)
    await world.step()
    await deleting.wait(5)
    details = ben.phone.last
    assert "heard 2" in at(ben, details)
    await erases(anna)
    assert at(ben, details) == ERASED


async def test_a_page_that_was_deleted_does_not_come_back_to_be_set_right(world: World) -> None:
    _, ben, _ = await told(world)
    ben.phone.delete(digest_of(ben))
    world.to_be_refused.add("Bad Request: message to edit not found")
    await world.until("Mon 14:00")
    await ben.types("/today")
    await ben.opens("A7")
    await ben.taps("Wrong client")
    await ben.taps("Mon, Nov 2, 15:00")
    await ben.taps("Nobody's")
    await ben.taps("Yes, that is right")
    await world.later(minutes=5)
    assert not [seen for seen in ben.phone.chat if seen.from_bot and "Week " in seen.text]


async def test_what_telegram_puts_off_is_done_later_also_after_a_restart(world: World) -> None:
    anna, ben, _ = await told(world)
    digest = digest_of(ben)
    faults = world.stage.emulator.faults
    faults.add("status", status=502, method="editMessageText", chat=ben.phone.id)
    faults.add("status", status=429, retry_after=3, method="editMessageText", chat=ben.phone.id)
    await erases(anna)
    assert await owed(world) == 1
    await world.stage.restart()
    await world.later(minutes=2)
    assert "A7" not in at(ben, digest)
    assert await owed(world) == 0


async def test_whoever_is_out_of_reach_has_it_changed_on_coming_back(world: World) -> None:
    anna, ben, _ = await told(world)
    digest = digest_of(ben)
    await ben.does(ben.phone.block)
    await erases(anna)
    assert await owed(world) == 1
    await ben.does(ben.phone.unblock)
    await ben.starts()
    await world.later(hours=7)
    assert "A7" not in at(ben, digest)
    assert await owed(world) == 0


async def test_after_a_month_out_of_reach_it_is_given_up_and_the_reason_kept(world: World) -> None:
    anna, ben, _ = await told(world)
    await ben.does(ben.phone.block)
    await erases(anna)
    await world.later(hours=31 * 24)
    assert await owed(world) == 0
    assert "not redacted: expired" in await given_up(world)


async def test_who_erases_as_an_earlier_one_is_given_up_has_a_month_of_their_own(
    world: World,
) -> None:
    anna, ben, cora = await told(world)
    digest = digest_of(ben)
    await ben.does(ben.phone.block)
    await erases(anna)
    await world.later(hours=29 * 24)
    await erases(cora)
    await world.later(hours=2 * 24)
    assert (await owed(world), await given_up(world)) == (1, [])
    await ben.does(ben.phone.unblock)
    await world.later(hours=7)
    assert "C3" not in at(ben, digest)
    assert (await owed(world), await given_up(world)) == (0, [])


async def test_an_answer_made_before_the_erasing_and_shown_after_it_is_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, ben, _ = await told(world)
    digest, note = digest_of(ben), Redacting.note_opened
    ((pair_id, client_id),) = await world.rows("SELECT id, client_id FROM pair WHERE code = 'A7'")
    assert isinstance(pair_id, int)
    assert isinstance(client_id, int)

    async def as_somebody_erases(self: Redacting, *given: Any) -> None:
        """Let the page that was tapped for be made, and not shown, as all else goes on."""
        monkeypatch.setattr(Redacting, "note_opened", note)
        app = world.stage.running
        await app.room.privacy.erase(client_id, pair_id)
        await app.ticks.run_once()
        await note(self, *given)

    monkeypatch.setattr(Redacting, "note_opened", as_somebody_erases)
    await ben.taps("A7 · Read", digest)
    await world.later(minutes=1)
    assert "A7" not in at(ben, digest)
    assert SINCE in at(ben, digest)
    assert await owed(world) == 0


async def test_one_partner_who_erases_takes_nothing_of_the_other(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.pair("Cora", "Ben", code="C3", meets="Mon 15:00")
    fay = await world.therapist("Fay")
    await world.pair("Anna", "Fay", code="F1", meets="Tue 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 8, 8)
    await world.until("Tue 16:20")
    await anna.checks_in(3, 8, 8, 8, 8)
    await world.until("Fri 17:00")
    bens, fays = digest_of(ben), digest_of(fay)
    await anna.types("/erase")
    await anna.taps("Ben")
    await anna.taps("Erase everything")
    assert "A7" not in at(ben, bens)
    assert "heard 3" in at(fay, fays)


async def test_a_digest_that_is_being_sent_while_somebody_erases_is_changed_after(
    world: World,
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 8, 8)
    await world.until("Fri 16:00")
    stage = world.stage
    stage.emulator.faults.add(
        "delay", stage="after", method="sendMessage", chat=ben.phone.id, seconds=1.0
    )
    stage.clock.advance_to(stage.moment("Fri 17:00"))
    await stage.running.ticks._tick("plan")
    before = len(ben.phone.chat)
    sending = asyncio.create_task(stage.running.ticks._tick("deliver"))
    assert await stage.emulator.bell.wait_for(lambda: len(ben.phone.chat) > before, 10)
    assert await world.rows("SELECT 1 FROM message WHERE kind = 'digest' AND state = 'sending'")
    ((client_id, pair_id),) = await world.rows("SELECT client_id, id FROM pair WHERE code = 'A7'")
    await stage.running.room.privacy.erase(client_id, pair_id)  # type: ignore[arg-type]
    await stage.running.ticks._tick("redact")
    await sending
    digest = digest_of(ben)
    assert "A7" in at(ben, digest)
    await world.later(minutes=1)
    assert "A7" not in at(ben, digest)
    assert await owed(world) == 0


async def test_a_notice_that_is_being_sent_while_somebody_erases_is_changed_after(
    world: World,
) -> None:
    anna, ben, _ = await told(world)
    stage = world.stage
    await anna.types("/stop")
    await anna.taps(ENDING)
    ((client_id, pair_id),) = await world.rows("SELECT client_id, id FROM pair WHERE code = 'A7'")
    stage.emulator.faults.add(
        "delay", stage="after", method="sendMessage", chat=ben.phone.id, seconds=1.0
    )
    await stage.running.room.privacy.tell_ending(client_id, pair_id)  # type: ignore[arg-type]
    before = len(ben.phone.chat)
    sending = asyncio.create_task(stage.running.ticks._tick("deliver"))
    assert await stage.emulator.bell.wait_for(lambda: len(ben.phone.chat) > before, 10)
    assert await world.rows("SELECT 1 FROM message WHERE state = 'sending'")
    notice = next(s for s in reversed(ben.phone.chat) if "A7" in (s.text or ""))
    await stage.running.room.privacy.erase(client_id, pair_id)  # type: ignore[arg-type]
    await sending
    await world.step()
    assert at(ben, notice) == ERASED


async def test_details_pictures_and_the_day_beside_digests_go_as_well(world: World) -> None:
    anna, ben, _ = await told(world)
    await world.until("Mon 14:00")
    await ben.types("/today")
    day = ben.phone.last
    assert "A7" in at(ben, day)
    await ben.opens("A7")
    details = ben.phone.last
    assert "A7" in at(ben, details)
    await ben.taps("Picture", details)
    picture = ben.phone.last
    assert picture.photo is not None
    await ben.taps("Pictures", digest_of(ben))
    several = ben.phone.last
    assert several.photo is not None
    before = news(world, ben)
    await erases(anna)
    assert at(ben, day) == ERASED
    assert at(ben, details) == ERASED
    left = [seen.message_id for seen in ben.phone.chat]
    assert picture.message_id not in left
    assert several.message_id not in left
    assert (news(world, ben), await owed(world)) == (before, 0)
    rest = await world.rows("SELECT code FROM shown JOIN pair ON pair.id = pair_id")
    assert set(rest) == {("C3",)}


async def test_what_came_while_the_database_was_locked_goes_as_well(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben, _ = await told(world)
    await world.until("Mon 14:00")
    monkeypatch.setattr("bot.store.connections._BUSY_SECONDS", 0.05)
    await world.stage.restart()
    world.stage.emulator.faults.add(
        "delay", stage="after", method="sendMessage", chat=ben.phone.id, seconds=0.2
    )
    ben.phone.send("/today")
    day = await ben.phone.watch("15:00 · A7 · last")
    other = sqlite3.connect(world.stage.settings.database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await asyncio.sleep(0.5)
    other.rollback()
    other.close()
    await world.step()
    assert "A7" in at(ben, day)
    await erases(anna)
    assert at(ben, day) == ERASED


async def test_a_sentence_to_the_erased_goes_sent_or_not(world: World) -> None:
    anna, ben = await acknowledged(world)
    await ben.taps("Write a sentence")
    await ben.types("Was it hard to say that your brother drinks?")
    draft = ben.phone.last
    await ben.types(WORDS)
    await ben.taps("Send")
    sent = ben.phone.last
    assert WORDS in at(ben, sent)
    await erases(anna)
    assert at(ben, draft) == at(ben, sent) == ERASED
    # The Details that it was written from close in their own time.
    await world.later(minutes=20)
    assert (await owed(world), await given_up(world)) == (0, [])


async def test_a_picture_too_old_to_be_deleted_is_emptied(world: World) -> None:
    _, ben, _ = await told(world)
    await ben.taps("Pictures", digest_of(ben))
    picture = ben.phone.last
    world.to_be_refused.add("Bad Request: message can't be deleted for everyone")
    await world.stage.close()
    world.stage.clock.advance_to(world.stage.clock.now() + 50 * 3_600_000)
    await world.stage.open()
    was = picture.photo
    ((client_id, pair_id),) = await world.rows("SELECT client_id, id FROM pair WHERE code = 'A7'")
    await world.stage.running.room.privacy.erase(client_id, pair_id)  # type: ignore[arg-type]
    await world.step()
    now = seen_at(ben, picture)
    assert now.photo is not None
    assert now.photo != was
    assert at(ben, picture) == ERASED


async def test_a_morning_card_of_the_erased_goes(world: World) -> None:
    anna, ben, _ = await told(world)
    await ben.types("/schedule card 7:30")
    await ben.taps("Apply")
    await world.until("Mon 09:00")
    card = ben.phone.last
    assert "A7" in at(ben, card)
    await erases(anna)
    assert at(ben, card) == ERASED


async def test_who_leaves_keeps_no_answers_on_the_phone(world: World) -> None:
    anna, ben, _ = await told(world)
    await world.therapist("Fay")
    first = digest_of(ben)
    stage = world.stage
    handing = Handing(stage.running.db, stage.clock, RandomIds(), stage.settings)
    await handing.start("Ben", "Fay")
    await world.later(hours=26)
    last = digest_of(ben)
    assert at(ben, first) == "Week 45\nOpen"
    await world.later(hours=45, minutes=55)
    await ben.taps("Pictures", last)
    picture = ben.phone.last
    assert picture.photo is not None
    await world.later(minutes=10)
    assert picture.message_id not in {seen.message_id for seen in ben.phone.chat}
    await world.later(hours=3)
    assert at(ben, first) == "Week 45 · closed"
    assert "closed" in at(ben, last)
    assert "A7" not in at(ben, last)
    before = news(world, ben)
    await erases(anna)
    await world.later(hours=1)
    assert at(ben, first) == "Week 45 · closed", "no page is made anew for who has left"
    assert news(world, ben) == before


async def test_after_a_new_account_of_the_therapist_both_chats_are_clean(world: World) -> None:
    anna, ben, _ = await told(world)
    await ben.taps("Pictures", digest_of(ben))
    picture = ben.phone.last
    new = await renews(world)
    assert picture.message_id not in {seen.message_id for seen in ben.phone.chat}
    assert "A7" in at(new, digest_of(new))
    received = ben.received
    await erases(anna)
    assert "A7" not in at(new, digest_of(new))
    assert SINCE in at(new, digest_of(new))
    assert "heard 2" not in ben.everything
    assert (ben.received, await owed(world)) == (received, 0)


async def test_what_is_erased_on_hold_goes_from_the_phones_on_hold(world: World) -> None:
    anna, ben, _ = await told(world)
    digest, before = digest_of(ben), news(world, ben)
    backup = await backed_up(world)
    await world.later(hours=1)
    await restored(world, backup)
    await erases(anna)
    assert "A7" not in at(ben, digest)
    assert news(world, ben) == before


async def test_what_was_erased_in_lost_hours_is_taken_out_again(world: World) -> None:
    anna, ben, _ = await told(world)
    digest = digest_of(ben)
    backup = await backed_up(world)
    await world.stage.close()
    await world.stage.open()
    await world.later(hours=1)
    world.stage.emulator.faults.add(
        "status", status=502, method="editMessageText", chat=ben.phone.id, times=None
    )
    await erases(anna)
    assert "A7" in at(ben, digest)
    world.stage.emulator.faults.clear()
    await restored(world, backup)
    assert await world.rows("SELECT state FROM pair WHERE code = 'A7'") == [("erased",)]
    assert "A7" not in at(ben, digest)


async def test_who_is_only_named_on_the_evening_before_an_absence_goes_as_well(
    world: World,
) -> None:
    """What is carried over stands on no digest's list of who is on which page."""
    anna, ben, _ = await told(world)
    await ben.types("/away 9.11.–13.11.")
    await ben.taps("Apply")
    await world.until("Sun 17:01")
    eve = digest_of(ben)
    assert "Still open before you go\nA7" in at(ben, eve)
    assert await world.rows("SELECT page FROM digest_entry JOIN digest ON id = digest_id"
                            " WHERE away_until_on IS NOT NULL") == []  # fmt: skip
    before = news(world, ben)
    await erases(anna)
    assert "A7" not in at(ben, eve)
    assert "Your last digest before you are away" in at(ben, eve)
    assert (news(world, ben), await owed(world)) == (before, 0)
    audited = await given_up(world)
    assert audited == []
