"""Emptying the write-ahead log takes every reader: it must never keep one, nor wait for itself."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.database import Database
from bot.store.migrate import migrate
from bot.store.vault import Vault
from tests.transactions import reading


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    made = await Database.open(tmp_path / "practice.sqlite3", Vault(bytes(32)), lambda: 5)
    await migrate(made, 5)
    yield made
    async with asyncio.timeout(5):
        await made.close()


async def begun(*works: asyncio.Task[bool]) -> None:
    """Let works come as far as they can."""
    for _ in range(20):
        await asyncio.sleep(0)
    assert not any(work.done() for work in works)


async def can_read(db: Database) -> None:
    async with asyncio.timeout(5):
        async with reading(db) as one, reading(db) as other:
            assert await one.one("SELECT 1 AS n") is not None
            assert await other.one("SELECT 1 AS n") is not None


async def test_two_at_once_do_not_wait_for_each_others_readers(db: Database) -> None:
    async with reading(db) as one, reading(db) as other:
        await one.one("SELECT 1 AS n")
        await other.one("SELECT 1 AS n")
        works = [asyncio.create_task(db.truncate_log()) for _ in range(3)]
        await begun(*works)
    async with asyncio.timeout(5):
        assert await asyncio.gather(*works) == [True, True, True]
    await can_read(db)


async def test_one_that_is_given_up_gives_its_readers_back(db: Database) -> None:
    async with reading(db) as tx:
        await tx.one("SELECT 1 AS n")
        work = asyncio.create_task(db.truncate_log())
        await begun(work)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    await can_read(db)
    assert db.owes_truncation


async def test_somebody_who_reads_without_end_holds_up_nobody_else(db: Database) -> None:
    await db.write(lambda tx: tx.run("INSERT INTO seen_update VALUES (1, 1)"))
    other = sqlite3.connect(db.path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT * FROM seen_update").fetchall()
    await db.write(lambda tx: tx.run("INSERT INTO seen_update VALUES (2, 2)"))
    began = time.monotonic()
    assert not await db.truncate_log()
    assert time.monotonic() - began < 1.5
    other.close()
    assert await db.truncate_log()
    # The patience of everything else is what it was.
    busy = await db.write(lambda tx: tx.one("PRAGMA busy_timeout"))
    assert busy is not None
    assert busy["timeout"] == 5000


async def test_closing_meanwhile_ends(db: Database) -> None:
    async with reading(db) as tx:
        await tx.one("SELECT 1 AS n")
        work = asyncio.create_task(db.truncate_log())
        await begun(work)
        closing = asyncio.create_task(db.close())
        await asyncio.sleep(0.01)
    async with asyncio.timeout(5):
        await asyncio.gather(work, closing)
