"""`/healthz` and `/metrics`: right about each trouble, answering in the middle of it, and silent
about people.

1. 200 when all is well, 503 when something is bad; both pages come within four seconds, always.
2. Neither page, nor the file that `rapport health` reads, holds anything of a person.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

import aiohttp
import pytest
from aiohttp import web
from hook import free_port, receive_by_webhook
from structlog.testing import capture_logs
from world import World

from bot.core.health import Report
from bot.demo.stage import TOKEN
from bot.store.database import Database, Transaction, Work
from bot.store.pulse import mark_backup
from bot.ticks import Piece
from tests.canaries import keys_of
from tests.feeds.web import serving
from tests.transactions import writing

WITHIN_SECONDS = 4.0
MINUTE = 60_000


@dataclass
class Pages:
    """Somebody who watches the machine."""

    url: str
    session: aiohttp.ClientSession

    async def ask(self, path: str) -> tuple[int, str]:
        began = time.monotonic()
        async with self.session.get(self.url + path) as answer:
            found = answer.status, await answer.text()
        assert time.monotonic() - began < WITHIN_SECONDS
        return found

    async def bad(self) -> list[str]:
        """Name what is bad, and hold the status against it."""
        status, body = await self.ask("/healthz")
        said = json.loads(body)
        bad = [part for part, state in said["checks"].items() if state == "bad"]
        assert (status, said["healthy"]) == ((503, False) if bad else (200, True))
        return bad

    async def metrics(self) -> dict[str, float]:
        status, body = await self.ask("/metrics")
        assert status == 200
        lines = [line.rpartition(" ") for line in body.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in lines}


@pytest.fixture(autouse=True)
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    found = free_port()
    monkeypatch.setenv("RAPPORT_HEALTH__LISTEN", f"127.0.0.1:{found}")
    return found


@pytest.fixture
async def pages(port: int, world: World) -> AsyncIterator[Pages]:
    async with aiohttp.ClientSession() as session:
        yield Pages(f"http://127.0.0.1:{port}", session)


def later(world: World, minutes: float) -> None:
    """Move the clock, and let nothing happen."""
    world.stage.clock.advance_to(world.stage.clock.now() + int(minutes * MINUTE))


async def test_all_is_well_in_a_practice_at_work(world: World, pages: Pages) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(8, 8)
    assert await pages.bad() == []
    metrics = await pages.metrics()
    assert metrics["rapport_healthy"] == 1
    assert metrics['rapport_check{part="backup"}'] == 1
    assert metrics["rapport_overdue_messages"] == 0
    assert "rapport_backup_age_seconds" not in metrics
    assert metrics["rapport_disk_free_bytes"] > 0
    assert metrics["process_resident_memory_bytes"] > 1e7


async def test_the_port_has_nothing_else(world: World, pages: Pages) -> None:
    for path in ("/", "/telegram", "/docs", "/healthz/", "/metrics/x"):
        assert await pages.ask(path) == (404, "Not Found")
    async with pages.session.post(pages.url + "/healthz") as answer:
        assert answer.status == 405


async def test_who_works_no_more_is_not_healthy(world: World, pages: Pages) -> None:
    later(world, 6)
    assert await pages.bad() == ["ticks", "receiving"]
    metrics = await pages.metrics()
    assert metrics['rapport_tick_age_seconds{tick="plan"}'] >= 300
    assert metrics['rapport_check{part="ticks"}'] == 2


async def test_a_tick_that_always_fails_is_seen(world: World, pages: Pages) -> None:
    running = world.stage.running

    async def broken() -> bool:
        raise RuntimeError("a bug")

    async def cannot_look(tx: Transaction) -> bool:
        raise RuntimeError("a bug")

    tried: list[str] = []

    async def beside() -> bool:
        tried.append("beside")
        return False

    async def sees_work(tx: Transaction) -> bool:
        return True

    running.ticks._pieces["plan"] = (Piece(broken, cannot_look), Piece(beside, sees_work))
    later(world, 6)
    for name in ("plan", "deliver", "sweep", "follow", "redact"):
        await running.ticks._tick(name)
    report = await running.health.look()
    (ticks,) = [check for check in report.checks if check.name == "ticks"]
    assert ticks.says == "did not go through: plan for 6 min"
    assert tried, "what cannot even look keeps no other from its turn"


async def test_a_look_that_is_broken_is_said_also_where_the_work_goes_on(world: World) -> None:
    worked: list[str] = []

    async def works() -> bool:
        worked.append("works")
        return False

    async def cannot_look(tx: Transaction) -> bool:
        raise RuntimeError("a bug")

    ticks = world.stage.running.ticks
    ticks._pieces["plan"] = (Piece(works, cannot_look),)
    with capture_logs() as said:
        await ticks._tick("plan")
    assert worked
    assert [one["event"] for one in said if one["log_level"] == "error"] != []
    assert {one["event"] for one in said} == {"cannot look what is due"}


async def test_a_tick_that_finds_nothing_asks_the_database_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.pair("Anna", "Ben", meets="Mon 15:00")
    asked: list[str] = []
    read, write = Database.read, Database.write

    async def reading(db: Database, work: Work[object]) -> object:
        asked.append("read")
        return await read(db, work)

    async def writing(db: Database, work: Work[object]) -> object:
        asked.append("write")
        return await write(db, work)

    monkeypatch.setattr(Database, "read", reading)
    monkeypatch.setattr(Database, "write", writing)
    for name in ("plan", "deliver", "sweep", "follow", "redact"):
        await world.stage.running.ticks._tick(name)
        assert asked == ["read"], name
        asked.clear()


async def test_a_tick_does_not_look_again_at_what_had_its_turn(world: World) -> None:
    looked: list[str] = []

    def piece(name: str, *, is_due: bool) -> Piece:
        async def works() -> bool:
            looked.append(f"{name} works")
            return False

        async def look(tx: Transaction) -> bool:
            looked.append(name)
            return is_due

        return Piece(works, look)

    ticks = world.stage.running.ticks
    ticks._pieces["plan"] = (piece("first", is_due=True), piece("second", is_due=False))
    await ticks._tick("plan")
    # The first may have made work for the second, which is therefore asked once more.
    assert looked == ["first", "second", "first works", "second"]


async def test_what_should_have_gone_out_is_counted(world: World, pages: Pages) -> None:
    await world.pair("Anna", "Ben")
    async with writing(world.stage.running.db) as tx:
        now = world.stage.clock.now()
        await tx.run(
            "INSERT INTO message (id, kind, subject_id, part, person_id, state, made_at,"
            " planned_at, due_at, expires_at) SELECT 1, 'notice', 1, 'x', id, 'queued', :now, :now,"
            " :now, :now + 9000000 FROM person LIMIT 1", now=now,
        )  # fmt: skip
    later(world, 4)
    assert "outbox" not in await pages.bad()
    later(world, 3)
    assert "outbox" in await pages.bad()
    metrics = await pages.metrics()
    assert metrics["rapport_overdue_messages"] == 1
    assert metrics["rapport_overdue_age_seconds"] == 420
    async with writing(world.stage.running.db) as tx:
        await tx.run("DELETE FROM message WHERE id = 1")


async def test_while_a_write_hangs_it_says_so(world: World, pages: Pages) -> None:
    other = sqlite3.connect(world.stage.settings.database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert await pages.bad() == ["database"]
        both = await asyncio.gather(pages.ask("/metrics"), pages.ask("/healthz"))
        assert [status for status, _ in both] == [200, 503]
        assert "rapport_database_writes 0.0" in both[0][1]
        assert "rapport_overdue_messages 0.0" in both[0][1], "reading goes on"
    finally:
        other.execute("ROLLBACK")
        other.close()
    async with asyncio.timeout(10):
        while await pages.bad():  # noqa: ASYNC110 - another process would wait as well
            await asyncio.sleep(0.5)


async def test_while_the_database_is_down_it_says_so(world: World, pages: Pages) -> None:
    await world.stage.running.db.close()
    assert await pages.bad() == ["database"]
    metrics = await pages.metrics()
    assert metrics["rapport_healthy"] == 0
    assert "rapport_overdue_messages" not in metrics, "not known is not none"
    await world.stage.restart()


@pytest.mark.parametrize("spared", [0, 4096])
async def test_a_damaged_database_is_said_and_no_bug(
    world: World, pages: Pages, spared: int
) -> None:
    db = world.stage.running.db
    await db.truncate_log()
    whole = db.path.read_bytes()
    # In place: what is replaced by another file is not what the program has open.
    with db.path.open("r+b") as file:
        file.seek(spared)
        file.write(b"\xff" * (len(whole) - spared))
    forget = partial(Transaction.run, sql="PRAGMA shrink_memory")
    for _ in range(2):
        await db.read(forget)
    await db.write(forget)
    try:
        assert await pages.bad() == ["database"]
        assert (await pages.metrics())["rapport_healthy"] == 0
    finally:
        with db.path.open("r+b") as file:
            file.write(whole)
        await world.stage.restart()


async def test_a_clock_that_went_back_is_seen(world: World, pages: Pages) -> None:
    running = world.stage.running
    async with writing(running.db) as tx:
        ahead = world.stage.clock.now() + 60 * MINUTE
        await tx.run("UPDATE practice SET last_now_at = :ahead", ahead=ahead)
    assert await pages.bad() == ["clock"]
    assert (await pages.metrics())["rapport_clock_behind_seconds"] == 3600


@pytest.mark.settings(
    "[privacy]\nfeedback_in_clinical_record = true\ncontact = 'Dana at the front desk'\n"
)
async def test_open_erasures_are_counted(world: World, pages: Pages) -> None:
    anna, _ = await world.pair("Anna", "Ben")
    await anna.types("/erase")
    await anna.taps("Send the request")
    await world.later(hours=1)
    await anna.types("/help")
    metrics = await pages.metrics()
    assert metrics["rapport_open_erasures"] == 1
    assert metrics["rapport_open_erasure_age_seconds"] >= 3600
    assert metrics["rapport_healthy"] == 1


async def test_a_backup_has_an_age(world: World, pages: Pages) -> None:
    mark_backup(world.stage.settings.database.path, world.stage.clock.now() - 90 * MINUTE)
    assert (await pages.metrics())["rapport_backup_age_seconds"] == 5400


async def test_a_mark_that_cannot_be_read_hides_nothing_else(world: World, pages: Pages) -> None:
    database = world.stage.settings.database.path
    database.with_name(f"{database.name}.backed-up").mkdir()
    metrics = await pages.metrics()
    assert metrics["rapport_disk_free_bytes"] > 0
    assert "rapport_backup_age_seconds" not in metrics
    assert await pages.bad() == []


async def test_who_asks_often_is_told_what_was_seen_last(world: World, pages: Pages) -> None:
    health = world.stage.running.health
    first = await health.look()
    looks: list[Report] = await asyncio.gather(*(health.look() for _ in range(50)))
    assert all(report is first for report in looks)
    later(world, 0.1)
    assert await health.look() is not first


async def test_nothing_of_a_person_is_told(world: World, pages: Pages) -> None:
    anna, ben = await world.pair("Annabella", "Benedikt", code="Q7Z", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(2, 2, 2, 2, 2)
    await anna.taps("felt criticised")
    await anna.taps("Done ›")
    await anna.types("I dreamt of a marmot")
    await anna.taps("Show my therapist")
    await world.until("Fri 17:00")
    running = world.stage.running
    await running.pulse.beat()
    file = world.stage.settings.database.path.with_name("rapport.sqlite3.health")
    said = [(await pages.ask(path))[1] for path in ("/healthz", "/metrics")]
    said.append(file.read_text("utf-8"))
    secrets = {"Annabella", "Benedikt", "Q7Z", "marmot", "criticised", "Lindenhof", TOKEN}
    secrets |= {str(human.phone.id) for human in (anna, ben, world.dana)}
    secrets |= {str(row[0]) for row in await world.rows("SELECT id FROM person")}
    secrets |= {str(row[0]) for row in await world.rows("SELECT id FROM pair")}
    secrets |= set(keys_of(world.stage.settings.keys.master_key_file, TOKEN))
    for text in said:
        assert len(text) > 100
        assert [secret for secret in secrets if secret in text] == []


async def test_the_pulse_logs_a_trouble_once(world: World, pages: Pages) -> None:
    running = world.stage.running
    later(world, 6)
    for _ in range(3):
        await running.pulse.beat()
        later(world, 0.1)
    told = [line for line in world.logged if "not healthy" in line]
    assert len(told) == 2, "ticks and receiving"
    await world.stage.settle()
    later(world, 0.1)
    running.receiver.last_success = world.stage.clock.monotonic()
    await running.pulse.beat()
    assert sum("healthy again" in line for line in world.logged) == 1


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> int:
    return receive_by_webhook(monkeypatch)


async def test_by_webhook_both_pages_stand_at_its_port(hook: int, world: World) -> None:
    async with aiohttp.ClientSession() as session:
        pages = Pages(f"http://127.0.0.1:{hook}", session)
        assert await pages.bad() == []
        assert (await pages.metrics())["rapport_received_age_seconds"] < 60
        later(world, 3)
        assert await pages.bad() == ["receiving"]


async def test_the_heartbeat_is_told_what_the_pages_say(
    world: World, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving() as site:
        site.pages = {"/x": web.Response(), "/x/fail": web.Response()}
        monkeypatch.setenv("RAPPORT_HEALTH__HEARTBEAT_URL", site.at("/x"))
        monkeypatch.setenv("RAPPORT_HEALTH__PRIVATE_ADDRESSES", "true")
        await world.reconfigure("")
        for minutes, expected in ((0, "/x"), (6, "/x/fail")):
            later(world, minutes)
            for _ in range(2):
                later(world, 0.5)
                await world.stage.running.pulse.beat()
            async with asyncio.timeout(5):
                while [one.path for one in site.asked][-1:] != [expected]:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
