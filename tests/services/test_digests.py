"""The weekly digest end to end, from rows to the words a therapist reads."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from time import sleep
from typing import Any

import pytest

from bot.core.conversation import Answer
from bot.core.errors import Refused
from bot.core.timetable import to_utc
from bot.services.digest_making import DigestMaking
from bot.services.digest_pages import DigestPage
from bot.store import digest_facts, outbox
from bot.store import digests as store
from bot.store.database import Transaction
from bot.store.erasure import erase_pair
from tests.digest_support import CUT, DAY, FROM, HOUR, ZONE, renderer, visible
from tests.digest_world import MONDAY, World, open_world
from tests.transactions import writing

CALM = (8, 8, 8, 8, 8)
LOW = (8, 8, 8, 8, 4)
MINUTE = 60_000


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def made(world: World) -> int:
    assert await world.making.make_one()
    assert not await world.making.make_one()
    return await world.newest_digest()


async def page(world: World, digest: int, number: int = 1) -> DigestPage:
    found = await world.digests.page(digest, number)
    assert found is not None
    return found


def text(shown: DigestPage) -> str:
    return visible(renderer().get_template("therapist/digest.html.j2").render(page=shown))


async def owed(world: World, kind: str) -> list[tuple[int, str, int, int]]:
    rows = await world.rows(
        "SELECT * FROM message WHERE kind = :kind ORDER BY made_at, part", kind=kind
    )
    return [(row["subject_id"], row["part"], row["person_id"], row["due_at"]) for row in rows]


# Making


async def test_nothing_before_the_hour_and_one_digest_at_it(world: World) -> None:
    a7 = await world.pair("A7")
    await world.checkin(a7, *LOW)
    world.clock.at = CUT - 1
    assert not await world.making.make_one()
    world.clock.at = CUT
    digest = await made(world)
    assert await owed(world, "digest") == [(digest, "1", world.ben, CUT)]
    (row,) = await world.rows("SELECT * FROM digest")
    assert (row["number"], row["from_at"], row["cut_at"]) == (1, FROM, CUT)
    (therapist,) = await world.rows("SELECT * FROM therapist")
    assert (therapist["digests"], therapist["cut_at"]) == (1, CUT)


async def test_after_weeks_of_silence_one_digest_up_to_the_latest_hour(world: World) -> None:
    a7 = await world.pair("A7")
    for on in ("2026-11-16", "2026-11-23", "2026-11-30"):
        await world.checkin(a7, *LOW, on=on)
    world.clock.at = to_utc("2026-12-06", "03:00", ZONE)
    shown = await page(world, await made(world))
    assert (shown.number, shown.cut_on) == (1, "2026-12-04")
    assert [s.on for s in shown.expanded[0].sessions] == ["2026-11-30", "2026-11-23", "2026-11-16"]
    assert "1 more: see Details" in text(shown)


OWN_HOUR = {"digest.weekday": "thursday", "digest.time": "12:30"}


async def test_own_day_and_zone_win_over_the_practices(world: World) -> None:
    await world.pair("A7")
    for number, (name, value) in enumerate(OWN_HOUR.items()):
        await world.run(
            "INSERT INTO schedule_value (id, change_id, owner_id, name, value, set_at, since_at)"
            " VALUES (:id, 1, :owner, :name, :value, 0, 0)",
            id=number,
            owner=world.ben,
            name=name,
            value=value,
        )
    await world.run("UPDATE person SET timezone = 'Asia/Tokyo' WHERE id = :id", id=world.ben)
    await made(world)
    (row,) = await world.rows("SELECT cut_at FROM digest")
    assert row["cut_at"] == to_utc("2026-11-19", "12:30", "Asia/Tokyo")


async def test_no_digest_without_clients_but_the_cut_off_moves(world: World) -> None:
    await world.pair("A7", state="ended")
    assert await world.making.make_one()
    assert not await world.making.make_one()
    assert await world.rows("SELECT * FROM digest") == []
    assert await owed(world, "digest") == []


async def test_a_week_without_checkins_is_a_short_page(world: World) -> None:
    await world.pair("A7")
    shown = await page(world, await made(world))
    assert shown.head is not None
    assert shown.head.interval is None
    assert text(shown).strip().endswith("\nNo finished check-ins.")


async def test_each_therapist_has_a_digest_of_their_own(world: World) -> None:
    dana = await world.person(2, therapist=True)
    await world.checkin(await world.pair("A7"), *LOW)
    await world.checkin(await world.pair("D4", therapist=dana), *CALM)
    assert await world.making.make_one()
    assert await world.making.make_one()
    assert not await world.making.make_one()
    rows = await world.rows(
        "SELECT digest.therapist_id, pair.code FROM digest_entry"
        " JOIN digest ON digest.id = digest_id JOIN pair ON pair.id = pair_id"
    )
    assert {(r["therapist_id"], r["code"]) for r in rows} == {(world.ben, "A7"), (dana, "D4")}


# Pages


async def test_a_page_says_who_to_talk_with_first_and_why(world: World) -> None:
    await world.checkin(
        await world.pair("A7"), 4, 6, 5, 4, 3, extra=(Answer("obstacles", ("pace",)),)
    )
    await world.checkin(await world.pair("B2"))
    await world.checkin(await world.pair("C4"), *CALM)
    shown = text(await page(world, await made(world)))
    assert shown.startswith("Talk about this first: A7 · Mon 15:00\na low answer\n")
    assert "I may have missed something last time" in shown
    assert "2 of 3 answered" in shown
    assert "B2 · Mon 15:00 · no answer" in shown
    assert "C4 · Mon 15:00 ▇ 8" in shown
    assert "Conversation aid. Not validated" in shown


async def test_no_free_text_unless_the_practice_turns_it_on(tmp_path: Path) -> None:
    for free_text, folder in ((False, tmp_path / "off"), (True, tmp_path / "on")):
        folder.mkdir()
        async with open_world(folder, free_text=free_text) as world:
            shared = (Answer("different", "slower <please> & thanks", "raise"),)
            await world.checkin(await world.pair("A7"), *CALM, extra=shared)
            shown = text(await page(world, await made(world)))
            assert ("“slower <please> & thanks”" in shown) is free_text
            assert ("something: see Details" in shown) is not free_text


async def test_a_page_stays_as_of_its_cut_off(world: World) -> None:
    checkin = await world.checkin(await world.pair("A7"), *LOW, on="2026-11-20", time="10:00")
    digest = await made(world)
    before = await page(world, digest)
    await world.correct(checkin, CUT + HOUR, Answer("fit", 9))
    assert await page(world, digest) == before
    world.clock.at = CUT + 7 * DAY
    following = await page(world, await made(world))
    assert "changed since the last digest" in text(following)


@pytest.mark.parametrize("off", [-1, 0, 1])
async def test_what_comes_at_the_cut_off_is_news_in_one_digest_alone(
    world: World, off: int
) -> None:
    """A digest covers [previous cut-off, cut-off); nothing falls between two of them."""
    at = CUT + off
    await world.checkin(
        await world.pair("A7"), *LOW, on="2026-11-19", time="10:00", completed_at=at
    )
    counts = []
    for week in range(2):
        world.clock.at = CUT + week * 7 * DAY + HOUR
        digest = await made(world)
        shown = await world.digests.show(world.ben, digest, 1)
        assert shown.head is not None
        counts.append(shown.head.counts.answered)
    assert counts == ([1, 0] if off < 0 else [0, 1])


async def test_what_is_said_at_the_cut_off_after_the_making_is_in_the_next(world: World) -> None:
    """In the same millisecond, which is enough for both."""
    a7 = await world.pair("A7")
    first = await made(world)
    await world.checkin(a7, *LOW, on="2026-11-19", time="10:00", completed_at=CUT)
    world.clock.at = CUT + 7 * DAY
    following = await page(world, await made(world))
    assert following.head is not None
    assert following.head.counts.answered == 1
    assert (await page(world, first)).first is None


async def test_what_was_said_before_the_cut_off_is_waited_for(world: World) -> None:
    """Its transaction has not come to its end when the hour comes."""
    a7, begun = await world.pair("A7"), threading.Event()

    async def stop(tx: Transaction) -> None:
        await tx.run(
            "UPDATE pair SET state = 'stopped', stopped_at = :at WHERE id = :id", at=CUT - 1, id=a7
        )
        begun.set()
        sleep(0.2)  # noqa: ASYNC251 - in the database's own thread

    stopping = asyncio.create_task(world.db.write(stop))
    await asyncio.to_thread(begun.wait)
    await made(world)
    await stopping
    (row,) = await world.rows("SELECT pair_id FROM digest_entry")
    assert row["pair_id"] == a7


# Between reading and placing


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Awaitable[object]]) -> None:
    """Let something happen when a digest has been read and not yet placed."""
    place = DigestMaking._place

    async def placing(self: DigestMaking, *given: Any, **named: Any) -> None:
        await happens()
        await place(self, *given, **named)

    monkeypatch.setattr(DigestMaking, "_place", placing)


async def test_who_is_erased_meanwhile_has_no_place(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    a7, b2 = await world.pair("A7"), await world.pair("B2")
    for pair in (a7, b2):
        await world.checkin(pair, *LOW)

    async def erase() -> None:
        async with writing(world.db) as tx:
            await erase_pair(tx, a7, CUT)

    meanwhile(monkeypatch, erase)
    digest = await made(world)
    assert [row["pair_id"] for row in await world.rows("SELECT pair_id FROM digest_entry")] == [b2]
    shown = await page(world, digest)
    assert "A7" not in text(shown)
    assert shown.head is not None
    assert shown.head.counts.clients == 1


async def test_when_all_are_erased_meanwhile_a_page_tells_of_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    a7 = await world.pair("A7")
    await world.checkin(a7, *LOW)

    async def erase() -> None:
        async with writing(world.db) as tx:
            await erase_pair(tx, a7, CUT)

    meanwhile(monkeypatch, erase)
    shown = await page(world, await made(world))
    assert "A7" not in text(shown)
    assert await world.rows("SELECT * FROM digest_entry") == []


async def test_what_is_said_and_changed_meanwhile_is_in_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    corrected = await world.checkin(await world.pair("A7"), *LOW)
    b2 = await world.pair("B2")

    async def answer() -> None:
        await world.correct(corrected, CUT, Answer("fit", 9))
        await world.checkin(b2, *CALM, on="2026-11-20", time="10:00", completed_at=CUT,
                            first_answer_at=CUT)  # fmt: skip

    meanwhile(monkeypatch, answer)
    digest = await made(world)
    shown = await page(world, digest)
    assert shown.head is not None
    assert (shown.head.counts.answered, shown.first is not None) == (1, True)
    assert "changed since" not in text(shown)
    monkeypatch.undo()
    world.clock.at = CUT + 7 * DAY
    following = await page(world, await made(world))
    assert following.head is not None
    assert following.head.counts.answered == 1
    assert "changed since the last digest" in text(following)


async def test_what_is_withheld_meanwhile_is_not_shown(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.checkin(await world.pair("A7"), *LOW)
    meanwhile(
        monkeypatch,
        lambda: world.run("UPDATE checkin SET state = 'withheld', closed_at = :at", at=CUT),
    )
    assert "A7 · Mon 15:00 · chose not to send the answers" in text(
        await page(world, await made(world))
    )


async def test_a_digest_that_another_placed_meanwhile_is_not_made_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.checkin(await world.pair("A7"), *LOW)
    place = DigestMaking._place

    async def twice(self: DigestMaking, *given: Any, **named: Any) -> None:
        await place(self, *given, **named)
        await place(self, *given, **named)

    monkeypatch.setattr(DigestMaking, "_place", twice)
    await made(world)
    assert len(await world.rows("SELECT * FROM digest")) == 1
    assert len(await owed(world, "digest")) == 1


async def test_a_digest_is_read_where_no_writer_waits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for the button that reads a page's calm clients as one."""
    await world.checkin(await world.pair("A7"), *CALM)
    reading, facts_of = [], digest_facts.facts_of

    async def watched(tx: Transaction, *given: Any, **named: Any) -> Any:
        row = await tx.one("PRAGMA query_only")
        assert row is not None
        reading.append(row["query_only"])
        return await facts_of(tx, *given, **named)

    monkeypatch.setattr(digest_facts, "facts_of", watched)
    digest = await made(world)
    assert await world.digests.read_these(world.ben, digest, 1) == 1
    assert reading == [1, 1]


async def test_what_is_withheld_after_making_is_gone_from_the_page(world: World) -> None:
    a7 = await world.pair("A7")
    await world.checkin(a7, *LOW)
    digest = await made(world)
    await world.run("UPDATE checkin SET state = 'withheld', closed_at = :at", at=CUT + HOUR)
    shown = await page(world, digest)
    assert (shown.first, shown.expanded) == (None, ())
    assert "A7 · Mon 15:00 · chose not to send the answers" in text(shown)
    assert "Conversation aid" not in text(shown)


async def test_a_page_whose_pairs_were_all_erased_is_not_delivered(world: World) -> None:
    a7 = await world.pair("A7")
    await world.checkin(a7, *LOW)
    digest = await made(world)
    await world.run("UPDATE pair SET state = 'erased', data_key = NULL")
    assert await world.digests.page(digest, 1) is None
    with pytest.raises(Refused, match="digest_gone"):
        await world.digests.show(world.ben, digest, 1)


async def test_a_long_week_has_pages_and_one_outbox_row_each(world: World) -> None:
    for number in range(20):
        await world.checkin(await world.pair(f"A{number}"), *LOW)
    digest = await made(world)
    pages = [part for _, part, _, _ in await owed(world, "digest")]
    assert pages == [str(number) for number in range(1, len(pages) + 1)]
    assert len(pages) > 1
    shown = [await page(world, digest, int(part)) for part in pages]
    assert sum(len(p.expanded) for p in shown) == 20
    assert [p.head is not None for p in shown] == [True] + [False] * (len(pages) - 1)
    assert [p.first is not None for p in shown] == [True] + [False] * (len(pages) - 1)
    assert f"page 2 of {len(pages)}" in text(shown[1])


# Acknowledging


async def test_read_is_told_in_two_minutes_and_only_once(world: World) -> None:
    a7 = await world.pair("A7")
    await world.checkin(a7, *LOW)
    digest = await made(world)
    first = await world.digests.acknowledge(world.ben, digest, a7, "read")
    again = await world.digests.acknowledge(world.ben, digest, a7, "read")
    assert (first.changed, first.told, first.kind, first.page) == (True, True, "read", 1)
    assert (again.changed, again.told, again.kind) == (False, False, "read")
    ((acknowledgement, part, person, due_at),) = await owed(world, "ack")
    assert (part, person, due_at) == ("", await world.client_of(a7), CUT + 2 * MINUTE)
    telling = await world.acknowledgements.telling(acknowledgement, "")
    assert telling is not None
    assert (telling.kind, telling.can_reply) == ("read", False)
    shown = await page(world, digest)
    assert "✓ read" in text(shown)
    (row,) = await world.rows("SELECT opened_at FROM digest")
    assert row["opened_at"] == CUT


async def test_read_rises_to_talk_before_it_was_told_and_never_falls(world: World) -> None:
    a7 = await world.pair("A7")
    await world.checkin(a7, *LOW)
    digest = await made(world)
    await world.digests.acknowledge(world.ben, digest, a7, "read")
    risen = await world.digests.acknowledge(world.ben, digest, a7, "talk")
    assert (risen.changed, risen.kind) == (True, "talk")
    fallen = await world.digests.acknowledge(world.ben, digest, a7, "read")
    assert (fallen.changed, fallen.kind) == (False, "talk")
    ((acknowledgement, _, _, _),) = await owed(world, "ack")
    telling = await world.acknowledgements.telling(acknowledgement, "")
    assert telling is not None
    assert telling.kind == "talk"


async def test_read_that_was_told_rises_with_a_second_message_once(world: World) -> None:
    a7 = await world.pair("A7")
    await world.checkin(a7, *LOW)
    digest = await made(world)
    await world.digests.acknowledge(world.ben, digest, a7, "read")
    ((acknowledgement, _, _, _),) = await owed(world, "ack")
    async with writing(world.db) as tx:
        while (message := await outbox.claim_due(tx, CUT + HOUR)) is not None:
            await outbox.end(tx, message.id, "sent", CUT + HOUR)
        await store.note_told(tx, acknowledgement, CUT + HOUR)
    world.clock.at += HOUR
    for _ in range(2):
        await world.digests.acknowledge(world.ben, digest, a7, "talk")
    assert [part for _, part, _, _ in await owed(world, "ack")] == ["", "talk"]
    told = [await world.acknowledgements.telling(acknowledgement, p) for p in ("", "talk")]
    assert [t.kind for t in told if t] == ["read", "talk"]


async def test_telling_waits_for_the_clients_own_morning(world: World) -> None:
    a7 = await world.pair("A7")
    await world.checkin(a7, *LOW)
    digest = await made(world)
    await world.run(
        "UPDATE person SET quiet_from = '20:00', quiet_to = '09:00', timezone = 'Europe/Lisbon'"
        " WHERE id = :id",
        id=await world.client_of(a7),
    )
    world.clock.at = to_utc("2026-11-20", "22:00", ZONE)
    await world.digests.acknowledge(world.ben, digest, a7, "talk")
    ((_, _, _, due_at),) = await owed(world, "ack")
    assert due_at == to_utc("2026-11-21", "09:00", "Europe/Lisbon")


@pytest.mark.parametrize(
    ("state", "stopped_at", "told"),
    [("paused", None, True), ("stopped", 1, False), ("ended", None, True), ("ended", 1, False)],
)
async def test_who_is_told(world: World, state: str, stopped_at: int | None, told: bool) -> None:
    a7 = await world.pair("A7")
    await world.checkin(a7, *LOW)
    digest = await made(world)
    await world.run("UPDATE pair SET state = :state, stopped_at = :at", state=state, at=stopped_at)
    outcome = await world.digests.acknowledge(world.ben, digest, a7, "read")
    assert (outcome.changed, outcome.told) == (True, told)
    assert bool(await owed(world, "ack")) is told


async def test_after_the_end_nothing_of_a_next_time_is_said(world: World) -> None:
    a7 = await world.pair("A7")
    await world.checkin(a7, *LOW)
    digest = await made(world)
    await world.digests.acknowledge(world.ben, digest, a7, "read")
    await world.run("UPDATE pair SET state = 'ended'")
    with pytest.raises(Refused, match="over"):
        await world.digests.acknowledge(world.ben, digest, a7, "talk")
    ((acknowledgement, _, _, _),) = await owed(world, "ack")
    await world.run("UPDATE acknowledgement SET kind = 'talk'")
    telling = await world.acknowledgements.telling(acknowledgement, "")
    assert telling is not None
    assert telling.kind == "read"
    assert await world.acknowledgements.telling(acknowledgement, "talk") is None


async def test_a_pair_that_ends_before_delivery_is_not_told(world: World) -> None:
    a7 = await world.pair("A7")
    await world.checkin(a7, *LOW)
    await world.digests.acknowledge(world.ben, await made(world), a7, "talk")
    ((acknowledgement, _, _, _),) = await owed(world, "ack")
    await world.run("UPDATE pair SET state = 'stopped'")
    assert await world.acknowledgements.telling(acknowledgement, "") is None


async def test_silence_is_not_acknowledged(world: World) -> None:
    a7 = await world.pair("A7")
    await world.checkin(a7, *LOW, on="2026-11-09")
    await world.checkin(a7)
    digest = await made(world)
    with pytest.raises(Refused, match="nothing_to_acknowledge"):
        await world.digests.acknowledge(world.ben, digest, a7, "read")
    assert await owed(world, "ack") == []


async def test_read_these_tells_the_calm_who_answered(world: World) -> None:
    calm = [await world.pair(code) for code in ("C2", "C3", "C4")]
    for pair in calm:
        await world.checkin(pair, *CALM)
    await world.checkin(await world.pair("S2"))
    await world.checkin(await world.pair("L2"), *LOW)
    digest = await made(world)
    await world.digests.acknowledge(world.ben, digest, calm[0], "talk")
    assert (await page(world, digest)).calm_unread == 2
    assert await world.digests.read_these(world.ben, digest, 1) == 2
    assert await world.digests.read_these(world.ben, digest, 1) == 0
    told = {person for _, _, person, _ in await owed(world, "ack")}
    assert told == {await world.client_of(pair) for pair in calm}
    kinds = await world.rows("SELECT kind FROM acknowledgement ORDER BY kind")
    assert [row["kind"] for row in kinds] == ["read", "read", "talk"]


async def test_the_client_replies_and_the_therapist_sees_it(world: World) -> None:
    a7 = await world.pair("A7")
    await world.checkin(a7, *LOW)
    digest = await made(world)
    await world.digests.acknowledge(world.ben, digest, a7, "talk")
    ((acknowledgement, _, anna, _),) = await owed(world, "ack")
    await world.acknowledgements.reply(anna, acknowledgement, "ok")
    await world.acknowledgements.reply(anna, acknowledgement, "rather_not")
    assert "✓ let's talk · would rather not" in text(await page(world, digest))


async def test_an_open_loop_stands_out_the_week_after(world: World) -> None:
    a7 = await world.pair("A7")
    await world.checkin(a7, *LOW)
    await world.digests.acknowledge(world.ben, await made(world), a7, "talk")
    await world.checkin(a7, *CALM, on="2026-11-23")
    world.clock.at = CUT + 7 * DAY
    shown = await page(world, await made(world))
    assert shown.first is not None
    assert shown.first.reasons == ("open_loop",)
    assert "your “let's talk” is still open" in text(shown)


# Ownership


async def test_nobody_reaches_another_therapists_digest(world: World) -> None:
    dana = await world.person(2, therapist=True)
    a7, d4 = await world.pair("A7"), await world.pair("D4", therapist=dana)
    await world.checkin(a7, *LOW)
    await world.checkin(d4, *LOW)
    bens = await made_for(world, world.ben)
    for attempt in (
        world.digests.show(dana, bens, 1),
        world.digests.open_page(dana, bens, 1),
        world.digests.acknowledge(dana, bens, a7, "talk"),
        world.digests.acknowledge(world.ben, bens, d4, "talk"),
        world.digests.read_these(dana, bens, 1),
        world.lookup.details(dana, bens, a7),
        world.lookup.details(world.ben, bens, d4),
        world.lookup.today(await world.client_of(a7)),
    ):
        with pytest.raises(Refused, match="not_yours"):
            await attempt
    assert await world.rows("SELECT * FROM acknowledgement") == []
    assert await world.rows("SELECT * FROM digest WHERE opened_at IS NOT NULL") == []
    assert await world.rows("SELECT * FROM audit WHERE act = 'details opened'") == []


async def made_for(world: World, therapist: int) -> int:
    while await world.making.make_one():
        pass
    (row,) = await world.rows("SELECT id FROM digest WHERE therapist_id = :id", id=therapist)
    return int(row["id"])


async def test_cora_cannot_reply_for_anna(world: World) -> None:
    a7, c3 = await world.pair("A7"), await world.pair("C3")
    await world.checkin(a7, *LOW)
    await world.digests.acknowledge(world.ben, await made(world), a7, "talk")
    ((acknowledgement, _, _, _),) = await owed(world, "ack")
    with pytest.raises(Refused, match="not_yours"):
        await world.acknowledgements.reply(await world.client_of(c3), acknowledgement, "ok")
    (row,) = await world.rows("SELECT reply FROM acknowledgement")
    assert row["reply"] is None


async def test_read_has_nothing_to_reply_to(world: World) -> None:
    a7 = await world.pair("A7")
    await world.checkin(a7, *CALM)
    await world.digests.acknowledge(world.ben, await made(world), a7, "read")
    ((acknowledgement, _, anna, _),) = await owed(world, "ack")
    with pytest.raises(Refused, match="not_yours"):
        await world.acknowledgements.reply(anna, acknowledgement, "ok")


# Details and today


async def test_details_show_shared_texts_never_kept_or_withheld_ones_and_are_audited(
    world: World,
) -> None:
    a7 = await world.pair("A7")
    await world.checkin(
        a7, 2, 2, 2, 2, 2, on="2026-11-02", state="withheld",
        extra=(Answer("different", "withheld words", "show"),),
    )  # fmt: skip
    await world.checkin(
        a7, *CALM, on="2026-11-09", extra=(Answer("different", "kept words", "keep"),)
    )
    await world.checkin(a7, *LOW, extra=(Answer("different", "please slow down", "raise"),))
    digest = await made(world)
    details = await world.lookup.details(world.ben, digest, a7)
    shown = visible(
        renderer().get_template("therapist/details.html.j2").render(details=details, before=[])
    )
    assert "Would like to talk about: “please slow down”" in shown
    assert "kept words" not in shown
    assert "withheld words" not in shown
    assert "chose not to send the answers" in shown
    assert [s.on for s in details.sessions] == [MONDAY, "2026-11-09", "2026-11-02"]
    (row,) = await world.rows("SELECT * FROM audit WHERE act = 'details opened'")
    assert (row["actor_id"], row["object_kind"], row["object_id"]) == (world.ben, "pair", a7)


async def test_details_open_without_a_digest_for_the_own_clients_only(world: World) -> None:
    dana = await world.person(2, therapist=True)
    a7 = await world.pair("A7")
    await world.checkin(a7, *LOW)
    details = await world.lookup.details(world.ben, None, a7)
    assert (details.digest_id, details.code, len(details.sessions)) == (None, "A7", 1)
    with pytest.raises(Refused, match="not_yours"):
        await world.lookup.details(dana, None, a7)
    await world.run("UPDATE pair SET state = 'erased', data_key = NULL")
    with pytest.raises(Refused, match="not_yours"):
        await world.lookup.details(world.ben, None, a7)
    assert len(await world.rows("SELECT * FROM audit WHERE act = 'details opened'")) == 1


async def test_details_are_of_now_and_say_when_there_is_too_little(world: World) -> None:
    a7 = await world.pair("A7")
    checkin = await world.checkin(a7, *LOW, on="2026-11-20", time="10:00")
    digest = await made(world)
    await world.correct(checkin, CUT + HOUR, Answer("fit", 10))
    world.clock.at = CUT + 2 * HOUR
    details = await world.lookup.details(world.ben, digest, a7)
    assert details.sessions[0].score == 8.4
    shown = renderer().get_template("therapist/details.html.j2").render(details=details, before=[])
    assert "too few to say what is usual" in shown


async def test_today_includes_what_came_after_the_digest(world: World) -> None:
    a7, b2 = await world.pair("A7"), await world.pair("B2")
    await world.checkin(a7, *CALM)
    await made(world)
    await world.checkin(
        a7, 6, 6, 6, 6, 4, on="2026-11-20", time="18:00", extra=(Answer("obstacles", ("pace",)),)
    )
    await world.checkin(b2, *CALM)
    await world.checkin(b2, on="2026-11-18")
    for pair, time in ((b2, "09:00"), (a7, "15:00")):
        await world.appointment(pair, "2026-11-23", time)
    await world.appointment(a7, "2026-11-24", "15:00")
    await world.appointment(a7, "2026-11-23", "17:00", state="cancelled")
    world.clock.at = to_utc("2026-11-23", "07:00", ZONE)
    today = await world.lookup.today(world.ben)
    shown = visible(
        renderer()
        .get_template("therapist/today.html.j2")
        .render(today=today, before={line.pair_id: [] for line in today.lines})
    )
    assert shown.splitlines()[:3] == [
        "Mon 23 Nov",
        "09:00 · B2 · last 8.0 · no answer last time",
        "15:00 · A7 · last 5.6 · fit 4 · in the way: pace",
    ]


async def test_today_remembers_a_promise(world: World) -> None:
    a7 = await world.pair("A7")
    await world.checkin(a7, *LOW)
    await world.digests.acknowledge(world.ben, await made(world), a7, "talk")
    await world.appointment(a7, "2026-11-23")
    world.clock.at = to_utc("2026-11-23", "07:00", ZONE)
    (line,) = (await world.lookup.today(world.ben)).lines
    assert line.promised


async def test_today_notes_what_it_shows_as_seen_and_then_waits_for_nobody(world: World) -> None:
    a7, b2 = await world.pair("A7"), await world.pair("B2")
    for pair in (a7, b2):
        await world.checkin(pair, *CALM)
    await world.appointment(a7, "2026-11-23")
    world.clock.at = to_utc("2026-11-23", "07:00", ZONE)
    await world.lookup.today(world.ben)
    seen = await world.rows("SELECT pair_id FROM checkin WHERE seen_at = :now", now=world.clock.at)
    assert [tuple(dict(row).values()) for row in seen] == [(a7,)], "B2 does not come today"
    async with writing(world.db):
        (line,) = (await asyncio.wait_for(world.lookup.today(world.ben), 5)).lines
    assert line.code == "A7"


async def test_every_result_is_frozen(world: World) -> None:
    await world.checkin(await world.pair("A7"), *LOW)
    shown = await page(world, await made(world))
    with pytest.raises(dataclasses.FrozenInstanceError):
        shown.page = 2  # type: ignore[misc]
