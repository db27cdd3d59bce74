"""Looking: those who wait together share one moment and one way, and nobody sees what is past."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.store import statements
from bot.store.database import Database, Transaction, Unavailable
from bot.store.migrate import migrate
from bot.store.vault import Vault
from tests.transactions import reading


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    made = await Database.open(tmp_path / "practice.sqlite3", Vault(bytes(32)), lambda: 5)
    await migrate(made, 5)
    await made.write(lambda tx: tx.run("CREATE TABLE word (word TEXT PRIMARY KEY)"))
    yield made
    async with asyncio.timeout(5):
        await made.close()


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The moments there were."""
    inner, found = statements.rows, list[str]()

    def rows(connection: sqlite3.Connection, sql: str, values: Mapping[str, object]) -> Any:
        if sql.startswith("BEGIN"):
            found.append(sql)
        return inner(connection, sql, values)

    monkeypatch.setattr(statements, "rows", rows)
    return found


async def say(db: Database, word: str) -> None:
    await db.write(lambda tx: tx.run("INSERT INTO word VALUES (:word)", word=word))


async def words(db: Database) -> list[str]:
    return [row["word"] for row in await db.look(lambda tx: tx.all("SELECT word FROM word"))]


class Held:
    """A look that stays in its thread until it is let go."""

    def __init__(self, db: Database) -> None:
        self._begun, self._go_on = threading.Event(), threading.Event()
        self.task = asyncio.create_task(db.look(self._stay))

    async def _stay(self, tx: Transaction) -> None:
        await tx.all("SELECT word FROM word")
        self._begun.set()
        self._go_on.wait(10)

    async def is_there(self) -> None:
        assert await asyncio.to_thread(self._begun.wait, 5)

    async def let_go(self) -> None:
        self._go_on.set()
        await self.task


async def test_those_who_look_together_share_a_moment(db: Database, begun: list[str]) -> None:
    await say(db, "pace")
    begun.clear()
    assert await asyncio.gather(*(words(db) for _ in range(12))) == [["pace"]] * 12
    assert begun == ["BEGIN"]


async def test_so_many_go_together_at_most(db: Database, begun: list[str]) -> None:
    await asyncio.gather(*(words(db) for _ in range(40)))
    assert len(begun) == 3


async def test_whoever_looks_after_a_commit_sees_it(db: Database) -> None:
    """Also while others are still looking at the moment before it."""
    before = Held(db)
    await before.is_there()
    await say(db, "pace")
    after = [asyncio.create_task(words(db)) for _ in range(3)]
    await before.let_go()
    assert await asyncio.gather(*after) == [["pace"]] * 3


async def test_whoever_looks_sees_what_another_process_wrote(db: Database) -> None:
    assert await words(db) == []
    other = sqlite3.connect(db.path)
    with other:
        other.execute("INSERT INTO word VALUES ('from outside')")
    other.close()
    assert await asyncio.gather(words(db), words(db)) == [["from outside"]] * 2


async def test_a_look_that_fails_fails_alone(db: Database) -> None:
    await say(db, "pace")
    seen, broken, forbidden, also_seen = await asyncio.gather(
        words(db),
        db.look(lambda tx: tx.all("SELECT nothing FROM word")),
        db.look(lambda tx: tx.run("INSERT INTO word VALUES ('x')")),
        words(db),
        return_exceptions=True,
    )
    assert seen == also_seen == ["pace"]
    assert isinstance(broken, sqlite3.OperationalError)
    assert isinstance(forbidden, Unavailable)
    assert await words(db) == ["pace"]


async def test_where_the_moment_is_lost_nobody_is_told_of_it(db: Database) -> None:
    """As SQLite ends a transaction by itself where the disk fails."""

    async def lose(tx: Transaction) -> None:
        tx._connection.rollback()
        raise Unavailable("the disk fails")

    said = await asyncio.gather(words(db), db.look(lose), words(db), return_exceptions=True)
    assert all(isinstance(one, Unavailable) for one in said)
    assert await words(db) == []


async def test_one_that_is_given_up_takes_no_part(db: Database) -> None:
    looked = list[str]()

    async def look(tx: Transaction) -> None:
        looked.append("looked")

    before = Held(db)
    await before.is_there()
    given_up, kept = asyncio.create_task(db.look(look)), asyncio.create_task(words(db))
    await asyncio.sleep(0)
    given_up.cancel()
    await before.let_go()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    assert await kept == []
    assert looked == []


async def test_a_look_waits_for_a_reader_and_gives_it_back(db: Database) -> None:
    async with reading(db) as one, reading(db) as other:
        look = asyncio.create_task(words(db))
        for statement in (one, other):
            assert await statement.one("SELECT 1 AS n") is not None
        assert not look.done()
    assert await look == []
    async with asyncio.timeout(5):
        assert await db.truncate_log(), "it takes all readers"


async def test_closing_waits_for_all_who_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it could take every reader before the first of them has one."""
    monkeypatch.setattr("bot.store.database._READERS", 1)
    db = await Database.open(tmp_path / "other.sqlite3", Vault(bytes(32)), lambda: 5)
    ones = [asyncio.create_task(db.look(lambda tx: tx.one("SELECT 1 AS n"))) for _ in range(40)]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await db.close()
        assert all(await asyncio.gather(*ones))
        with pytest.raises(Unavailable, match="closed"):
            await db.look(lambda tx: tx.one("SELECT 1 AS n"))
