"""One writer at a time, all or nothing, whatever is cancelled, locked, closed or said twice."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

from bot.core.errors import Repeated
from bot.store import connections, statements
from bot.store.database import (
    Database,
    InUse,
    Transaction,
    Unavailable,
    UpdateInHand,
    current_update,
)
from bot.store.migrate import migrate
from bot.store.vault import Vault
from tests.transactions import reading, writing

VAULT = Vault(bytes(32))


async def open_database(path: Path, **how: Any) -> Database:
    db = await Database.open(path, VAULT, lambda: 5, **how)
    await migrate(db, 5)
    return db


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rapport.sqlite3"


@pytest.fixture
async def db(path: Path) -> AsyncIterator[Database]:
    opened = await open_database(path)
    await opened.write(lambda tx: tx.run("CREATE TABLE word (word TEXT PRIMARY KEY)"))
    yield opened
    await opened.close()


async def say(db: Database, word: str) -> None:
    await db.write(lambda tx: tx.run("INSERT INTO word VALUES (:word)", word=word))


async def say_half(db: Database) -> None:
    async def half(tx: Transaction) -> None:
        await tx.run("INSERT INTO word VALUES ('half')")
        _ = 1 / 0

    await db.write(half)


async def words(db: Database) -> list[str]:
    rows = await db.read(lambda tx: tx.all("SELECT word FROM word ORDER BY rowid"))
    return [row["word"] for row in rows]


@contextmanager
def in_hand(update_id: int) -> Iterator[UpdateInHand]:
    hand = UpdateInHand(update_id)
    token = current_update.set(hand)
    try:
        yield hand
    finally:
        current_update.reset(token)


@contextmanager
def halted(connection: aiosqlite.Connection) -> Iterator[None]:
    """Let a connection's thread stand still, so that what is asked of it waits in its queue."""
    go_on = threading.Event()
    connection._tx.put_nowait((asyncio.get_running_loop().create_future(), go_on.wait))
    try:
        yield
    finally:
        go_on.set()


async def cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def all_end(threads: set[threading.Thread]) -> None:
    """Wait for threads to end: one left over would keep the process alive."""
    for thread in threads:
        # The loop's own pool stays for its next work, and is where the waiting is done.
        if not thread.name.startswith("asyncio_"):
            await asyncio.to_thread(thread.join, 5)
            assert not thread.is_alive(), thread.name


# Writing


async def test_what_is_written_can_be_read(db: Database) -> None:
    await say(db, "pace")
    assert await words(db) == ["pace"]


async def test_an_exception_leaves_nothing(db: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        await say_half(db)
    await say(db, "whole")
    assert await words(db) == ["whole"]


async def test_a_broken_rule_leaves_nothing(db: Database) -> None:
    async def say_two(tx: Transaction) -> None:
        await tx.run("INSERT INTO word VALUES ('rigid')")
        await tx.run("INSERT INTO word VALUES ('pace')")

    await say(db, "pace")
    with pytest.raises(sqlite3.IntegrityError):
        await db.write(say_two)
    assert await words(db) == ["pace"]


async def test_rows_that_others_point_to_cannot_go(db: Database) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        await db.write(lambda tx: tx.run("INSERT INTO role VALUES (99, 'therapist', 1, NULL)"))


async def test_writers_take_turns(db: Database) -> None:
    async def count(tx: Transaction) -> int:
        """Read and write: between the two of one transaction there is nobody else."""
        (row,) = await tx.all("SELECT count(*) AS n FROM word")
        await tx.run("INSERT INTO word VALUES (:word)", word=str(row["n"]))
        return int(row["n"])

    counted = await asyncio.gather(*(db.write(count) for _ in range(30)))
    assert sorted(counted) == [*range(30)]


async def test_a_transaction_may_wait_for_nothing_else(db: Database) -> None:
    async def wait(tx: Transaction) -> None:
        await tx.run("INSERT INTO word VALUES ('half')")
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="wait for nothing"):
        await db.write(wait)
    await say(db, "whole")
    assert await words(db) == ["whole"]


async def test_work_off_the_loop_leaves_the_loop_free(db: Database) -> None:
    async with writing(db) as tx:
        await tx.run("INSERT INTO word VALUES ('slow')")
        async with asyncio.timeout(2):
            assert await words(db) == [], "readers do not wait for a writer"


# Cancelling


@pytest.mark.parametrize("twice", [False, True])
async def test_a_writer_cancelled_before_it_begins_wrote_nothing(db: Database, twice: bool) -> None:
    assert db._writer is not None
    with halted(db._writer.connection):
        writer = asyncio.create_task(say(db, "never"))
        next_one = asyncio.create_task(say(db, "whole"))
        await asyncio.sleep(0.01)
        writer.cancel()
        if twice:
            await asyncio.sleep(0.01)
            writer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writer
    await next_one
    assert await words(db) == ["whole"]


async def test_a_writer_cancelled_while_it_writes_wrote_all_or_nothing(db: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    async def two(tx: Transaction) -> None:
        await tx.run("INSERT INTO word VALUES ('half')")
        begun.set()
        go_on.wait()
        await tx.run("INSERT INTO word VALUES ('other half')")

    writer = asyncio.create_task(db.write(two))
    await asyncio.to_thread(begun.wait)
    await cancelled(writer)
    go_on.set()
    await say(db, "next")
    assert await words(db) == ["half", "other half", "next"]


async def test_a_cancelled_update_that_was_written_counts_as_recorded(db: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    async def slow(tx: Transaction) -> None:
        begun.set()
        go_on.wait()
        await tx.run("INSERT INTO word VALUES ('pace')")

    with in_hand(77) as hand:
        writer = asyncio.create_task(db.write(slow))
        await asyncio.to_thread(begun.wait)
        await cancelled(writer)
        go_on.set()
    await say(db, "next")
    assert hand.recorded
    with in_hand(77), pytest.raises(Repeated):
        await say(db, "again")


async def test_a_reader_cancelled_as_it_begins_blocks_nobody(db: Database) -> None:
    await say(db, "pace")
    reader = db._readers.get_nowait()
    db._readers.put_nowait(reader)  # the next to be used
    with halted(reader):
        task = asyncio.create_task(words(db))
        await asyncio.sleep(0.01)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for _ in range(3):
        assert await words(db) == ["pace"]


# Updates


async def seen(db: Database) -> list[tuple[int, int]]:
    rows = await db.read(lambda tx: tx.all("SELECT * FROM seen_update"))
    return [tuple(row) for row in rows]


async def test_an_update_is_recorded_with_what_it_changed(db: Database) -> None:
    with in_hand(77) as hand:
        await say(db, "pace")
        assert hand.recorded
    assert await seen(db) == [(77, 5)]


async def test_a_repeated_update_changes_nothing(db: Database) -> None:
    with in_hand(77):
        await say(db, "pace")
    with in_hand(77) as again:
        with pytest.raises(Repeated):
            await say(db, "rigid")
        assert again.recorded
    assert await words(db) == ["pace"]
    with in_hand(78):
        await say(db, "silence")
    assert await words(db) == ["pace", "silence"]


async def test_an_update_whose_change_failed_may_come_again(db: Database) -> None:
    with in_hand(77) as hand:
        with pytest.raises(ZeroDivisionError):
            await say_half(db)
        assert not hand.recorded
    assert await seen(db) == []
    with in_hand(77):
        await say(db, "whole")
    assert await words(db) == ["whole"]


async def test_one_update_has_one_writing_transaction(db: Database) -> None:
    with in_hand(77):
        await say(db, "pace")
        with pytest.raises(RuntimeError, match="one update, one writing transaction"):
            await say(db, "rigid")
    assert await words(db) == ["pace"]


async def test_the_same_update_twice_at_once_counts_once(db: Database) -> None:
    async def handle(word: str) -> str | None:
        with in_hand(77):
            try:
                await say(db, word)
            except Repeated:
                return None
            return word

    done = [word for word in await asyncio.gather(handle("one"), handle("two")) if word]
    assert len(done) == 1
    assert await words(db) == done


# Sharing a commit


async def say_for(db: Database, update_id: int, word: str) -> UpdateInHand | Exception:
    """Say a word as an update's change; give the update, or what went wrong."""
    with in_hand(update_id) as hand:
        try:
            await (say_half(db) if word == "half" else say(db, word))
        except Exception as problem:
            return problem
        assert hand.recorded, "whoever is told that it is done can rely on it"
        return hand


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commits there were; one that says "fail" fails as on a full disk."""
    inner, found = statements.rows, list[str]()

    def rows(connection: sqlite3.Connection, sql: str, values: Any) -> Any:
        if sql == "COMMIT" and connection.total_changes > 0:
            if found and found[-1] == "fail":
                found.pop()
                raise Unavailable("the disk is full")
            found.append(sql)
        return inner(connection, sql, values)

    monkeypatch.setattr(statements, "rows", rows)
    return found


async def test_updates_that_wait_together_share_a_commit(db: Database, commits: list[str]) -> None:
    said = await asyncio.gather(*(say_for(db, n, f"word {n}") for n in range(5)))
    assert all(isinstance(one, UpdateInHand) for one in said)
    assert len(commits) == 1
    assert await words(db) == [f"word {n}" for n in range(5)]
    assert [update for update, _ in await seen(db)] == [*range(5)]


async def test_nobody_waits_for_ever_for_a_connection_that_is_gone(path: Path) -> None:
    db = await open_database(path)
    assert db._writer is not None
    await db._writer.connection.close()
    for _ in range(2):
        both = asyncio.gather(say_for(db, 1, "a"), say_for(db, 2, "b"))
        said = await asyncio.wait_for(both, 5)
        assert all(isinstance(one, ValueError) for one in said), said
    await db.close()


async def test_the_programs_own_work_shares_with_nobody(db: Database, commits: list[str]) -> None:
    await asyncio.gather(say_for(db, 1, "pace"), say(db, "own"), say_for(db, 2, "rigid"))
    assert len(commits) == 3


async def test_what_fails_beside_others_fails_alone(db: Database, commits: list[str]) -> None:
    one, half, repeated, two = await asyncio.gather(
        say_for(db, 1, "pace"), say_for(db, 2, "half"), say_for(db, 1, "again"),
        say_for(db, 3, "rigid"),
    )  # fmt: skip
    assert isinstance(half, ZeroDivisionError)
    assert isinstance(repeated, Repeated)
    assert isinstance(one, UpdateInHand)
    assert isinstance(two, UpdateInHand)
    assert len(commits) == 1
    assert await words(db) == ["pace", "rigid"]
    assert isinstance(await say_for(db, 2, "whole"), UpdateInHand), "it may come again"


async def test_where_the_commit_fails_nothing_counts(db: Database, commits: list[str]) -> None:
    commits.append("fail")
    said = await asyncio.gather(*(say_for(db, n, f"word {n}") for n in range(3)))
    assert all(isinstance(problem, Unavailable) for problem in said)
    assert await words(db) == []
    assert await seen(db) == []
    assert isinstance(await say_for(db, 1, "word 1"), UpdateInHand)


async def test_where_all_was_undone_nothing_counts(db: Database) -> None:
    """As SQLite does it by itself when the disk is full in the middle of a statement."""

    async def undone(tx: Transaction) -> None:
        tx._connection.rollback()
        raise Unavailable("the disk is full")

    async def fail() -> None:
        with in_hand(7):
            await db.write(undone)

    first, failed, later = await asyncio.gather(
        say_for(db, 1, "pace"), fail(), say_for(db, 2, "rigid"), return_exceptions=True
    )
    assert all(isinstance(one, Unavailable) for one in (first, failed, later))
    assert await words(db) == []
    assert await seen(db) == []


async def test_where_a_part_cannot_be_ended_it_is_undone(
    db: Database, commits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    inner, failed = statements.rows, list[str]()

    def rows(connection: sqlite3.Connection, sql: str, values: Any) -> Any:
        if sql.startswith("RELEASE") and not failed:
            failed.append(sql)
            raise Unavailable("the disk is full")
        return inner(connection, sql, values)

    monkeypatch.setattr(statements, "rows", rows)
    first, second = await asyncio.gather(say_for(db, 1, "pace"), say_for(db, 2, "rigid"))
    assert isinstance(first, Unavailable)
    assert isinstance(second, UpdateInHand)
    assert await words(db) == ["rigid"]


async def test_one_that_is_given_up_while_it_waits_takes_no_part(db: Database) -> None:
    assert db._writer is not None
    with halted(db._writer.connection):
        said = [asyncio.create_task(say_for(db, n, f"word {n}")) for n in range(4)]
        await asyncio.sleep(0.01)
        await cancelled(said[2])
    await asyncio.gather(*said[:2], said[3])
    assert await words(db) == ["word 0", "word 1", "word 3"]


async def test_closing_waits_for_all_that_was_asked(path: Path, db: Database) -> None:
    said = [asyncio.create_task(say_for(db, n, f"word {n}")) for n in range(40)]
    await asyncio.sleep(0)
    await db.close()
    assert all(isinstance(one, UpdateInHand) for one in await asyncio.gather(*said))
    again = await open_database(path)
    assert len(await words(again)) == 40
    await again.close()


# Reading


async def test_a_reader_sees_one_moment(db: Database) -> None:
    await say(db, "pace")
    async with reading(db) as tx:
        before = await tx.all("SELECT word FROM word")
        await say(db, "rigid")
        assert len(await tx.all("SELECT word FROM word")) == len(before) == 1
    assert len(await words(db)) == 2


async def test_a_reader_cannot_write(db: Database) -> None:
    for statement in ("INSERT INTO word VALUES ('x')", "DELETE FROM word", "DROP TABLE word"):
        with pytest.raises(Unavailable, match="readonly"):
            await db.read(lambda tx, statement=statement: tx.run(statement))
    await say(db, "pace")
    assert await words(db) == ["pace"]


async def test_more_readers_than_connections_wait_for_each_other(db: Database) -> None:
    await say(db, "pace")
    assert await asyncio.gather(*(words(db) for _ in range(12))) == [["pace"]] * 12


async def test_an_unknown_column_is_a_bug_and_not_unavailable(db: Database) -> None:
    with pytest.raises(sqlite3.OperationalError):
        await db.read(lambda tx: tx.all("SELECT nothing FROM word"))


# Unavailable


async def test_a_closed_database_is_unavailable_at_once(path: Path) -> None:
    db = await open_database(path)
    await db.close()
    async with asyncio.timeout(2):
        with pytest.raises(Unavailable, match="closed"):
            await words(db)
        with pytest.raises(Unavailable, match="closed"):
            await say(db, "late")
        assert not await db.truncate_log()
        await db.close()


async def test_closing_waits_for_a_reader_and_leaves_no_connection(path: Path) -> None:
    threads = set(threading.enumerate())
    db = await open_database(path)
    assert set(threading.enumerate()) - threads, "a connection is a thread"
    async with reading(db) as tx:
        closing = asyncio.create_task(db.close())
        await asyncio.sleep(0.01)
        assert await tx.one("SELECT 1 AS one") is not None
        assert not closing.done()
    await closing
    await all_end(set(threading.enumerate()) - threads)


async def test_a_lock_that_cannot_be_written_on_a_full_disk_is_unavailable(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk:
        disk.setattr(os, "pwrite", full)
        with pytest.raises(Unavailable, match="No space left on device"):
            await open_database(path)
    await (await open_database(path)).close()  # the lock was given back


async def test_locked_by_another_connection_is_unavailable(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_BUSY_SECONDS", 0.05)
    db = await open_database(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked"):
        await db.write(lambda tx: tx.run("DELETE FROM guess"))
    other.execute("ROLLBACK")
    other.close()
    await db.write(lambda tx: tx.run("DELETE FROM guess"))
    await db.close()


@pytest.mark.parametrize("content", [b"not a database at all " * 40, None])
async def test_what_cannot_be_a_database_is_unavailable(path: Path, content: bytes | None) -> None:
    def put() -> None:
        path.mkdir() if content is None else path.write_bytes(content)

    threads = set(threading.enumerate())
    put()
    for _ in range(2):
        with pytest.raises(Unavailable, match="rapport"):
            await Database.open(path, VAULT, lambda: 5)
    await all_end(set(threading.enumerate()) - threads)


async def test_a_folder_that_is_missing_is_unavailable(tmp_path: Path) -> None:
    for alone in (True, False):
        with pytest.raises(Unavailable, match="nowhere"):
            await Database.open(tmp_path / "nowhere" / "x.sqlite3", VAULT, lambda: 5, alone=alone)


# One process


HOLDER = """
import asyncio, sys
from pathlib import Path
from bot.store.database import Database
from bot.store.vault import Vault

async def hold():
    db = await Database.open(Path(sys.argv[1]), Vault(bytes(32)), lambda: 5)
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await db.close()

asyncio.run(hold())
"""


@contextmanager
def held_by_another(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        yield holder
        holder.communicate(b"\n", timeout=10)


async def test_a_second_process_is_told_who_holds_the_database(path: Path) -> None:
    with held_by_another(path) as holder:
        with pytest.raises(InUse, match=f"in use by process {holder.pid}$"):
            await Database.open(path, VAULT, lambda: 5)
        beside = await open_database(path, alone=False)
        await beside.write(lambda tx: tx.run("DELETE FROM guess"))
        await beside.close()
        with pytest.raises(InUse):
            await Database.open(path, VAULT, lambda: 5)
    await (await open_database(path)).close()


async def test_a_link_to_the_database_is_no_way_around_its_lock(path: Path) -> None:
    link = path.with_name("link.sqlite3")
    link.symlink_to(path)
    with held_by_another(path), pytest.raises(InUse):
        await Database.open(link, VAULT, lambda: 5)
    assert not path.with_name("link.sqlite3.lock").exists()


async def test_the_lock_of_a_killed_process_is_free(path: Path) -> None:
    with held_by_another(path) as holder:
        holder.kill()
    db = await open_database(path)
    lock = path.with_name("rapport.sqlite3.lock")
    assert lock.read_text("ascii") == f"{os.getpid()}\n"
    await db.close()


async def test_a_lock_without_a_name_is_told_as_such(path: Path) -> None:
    with path.with_name("rapport.sqlite3.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(InUse, match="in use by process unknown"):
            await Database.open(path, VAULT, lambda: 5)


# The files


async def test_the_files_are_the_owners_alone(path: Path) -> None:
    before = os.umask(0)
    try:
        db = await open_database(path)
    finally:
        os.umask(before)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}
    assert modes == dict.fromkeys(
        [path.name, f"{path.name}-wal", f"{path.name}-shm", f"{path.name}.lock"], 0o600
    )
    await db.close()


async def test_deleted_text_is_gone_from_the_files(db: Database, path: Path) -> None:
    def on_disk() -> bytes:
        return b"".join(file.read_bytes() for file in path.parent.glob("rapport.sqlite3*"))

    for number in range(200):
        await say(db, f"something private {number}")
    assert b"something private" in on_disk()
    await db.write(lambda tx: tx.run("DELETE FROM word"))
    assert b"something private" in on_disk(), "the log still has it"
    assert await db.truncate_log()
    assert b"something private" not in on_disk()


async def test_a_log_that_another_process_reads_is_owed_to_be_emptied(
    db: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await say(db, "something private")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT word FROM word").fetchall()
    await db.write(lambda tx: tx.run("DELETE FROM word"))
    assert db._writer is not None
    await db._writer.connection.execute_fetchall("PRAGMA busy_timeout = 50")
    assert not await db.truncate_log()
    assert db.owes_truncation
    other.close()
    assert await db.truncate_log()
    assert not db.owes_truncation


async def test_a_commit_is_on_the_disk_before_it_is_told(db: Database) -> None:
    assert db._writer is not None
    for pragma, value in (("synchronous", 2), ("foreign_keys", 1), ("secure_delete", 1)):
        (row,) = await db._writer.connection.execute_fetchall(f"PRAGMA {pragma}")
        assert row[0] == value, pragma
    (row,) = await db._writer.connection.execute_fetchall("PRAGMA journal_mode")
    assert row[0] == "wal"
