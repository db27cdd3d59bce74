"""Migrations: forward only, each whole or not at all, and none twice."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store import migrate as module
from bot.store.database import Database, Transaction
from bot.store.migrate import NotMigrated, TooNew, known, migrate, statements
from bot.store.vault import Vault
from tests.transactions import reading, writing


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(tmp_path / "rapport.sqlite3", Vault(bytes(32)), lambda: 1)
    yield opened
    await opened.close()


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """The migrations of an invented program; tests add to them."""
    migrations = [(1, "CREATE TABLE a (x TEXT);"), (2, "CREATE TABLE b (x TEXT);")]
    monkeypatch.setattr(module, "known", lambda: migrations)
    return migrations


async def shape(db: Database) -> tuple[set[str], list[tuple[int, int]]]:
    async with reading(db) as tx:
        tables = await tx.all("SELECT name FROM sqlite_master WHERE type = 'table'")
        done = await tx.all("SELECT * FROM migration ORDER BY number")
    return {row["name"] for row in tables} - {"migration"}, [tuple(row) for row in done]


async def test_a_new_database_gets_everything(db: Database) -> None:
    reached = await migrate(db, 7)
    tables, done = await shape(db)
    assert reached == len(known()) == len(done)
    assert {"practice", "pair", "answer", "audit"} <= tables


async def test_only_what_is_missing_is_applied(
    db: Database, program: list[tuple[int, str]]
) -> None:
    assert await migrate(db, 7) == 2
    assert await migrate(db, 8) == 2
    program.append((3, "ALTER TABLE a ADD COLUMN y TEXT;\nINSERT INTO a VALUES ('one', 'two');"))
    assert await migrate(db, 9) == 3
    assert await migrate(db, 10) == 3
    assert await shape(db) == ({"a", "b"}, [(1, 7), (2, 7), (3, 9)])
    async with reading(db) as tx:
        assert len(await tx.all("SELECT * FROM a")) == 1


async def test_a_newer_database_is_refused_and_left_alone(
    db: Database, program: list[tuple[int, str]]
) -> None:
    await migrate(db, 7)
    before = await shape(db)
    program.pop()
    with pytest.raises(TooNew, match="has shape 2, this program knows shapes up to 1"):
        await migrate(db, 8)
    assert await shape(db) == before


async def test_a_failing_migration_leaves_nothing(
    db: Database, program: list[tuple[int, str]]
) -> None:
    program[1] = (2, "CREATE TABLE b (x TEXT);\nINSERT INTO a VALUES (1);\nCREATE TABLE b (y);")
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        await migrate(db, 7)
    assert await shape(db) == ({"a"}, [(1, 7)])
    async with reading(db) as tx:
        assert await tx.all("SELECT * FROM a") == []
    program[1] = (2, "CREATE TABLE b (x TEXT);")
    assert await migrate(db, 8) == 2


async def test_rows_that_a_new_rule_forbids_are_named_with_what_to_do(
    db: Database, program: list[tuple[int, str]]
) -> None:
    program[1] = (
        2, "CREATE TABLE b (x BIGINT UNIQUE);\nINSERT INTO b VALUES (1);\nINSERT INTO b VALUES (1);"
    )  # fmt: skip
    with pytest.raises(NotMigrated) as said:
        await migrate(db, 7)
    for part in (
        f"{db.path} cannot be brought to shape 2: UNIQUE constraint failed: b.x",
        "It keeps shape 1, and nothing in it was changed",
        "Go back to the program it was last used with",
    ):
        assert part in str(said.value)
    assert await shape(db) == ({"a"}, [(1, 7)])


@pytest.mark.parametrize("names", [("0001_a", "0003_c"), ("0002_b",), ("0001_a", "0001_b")])
def test_a_gap_or_a_number_twice_is_refused(
    names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    for name in names:
        (folder / f"{name}.sql").write_text("CREATE TABLE a (x TEXT);", encoding="utf-8")
    (folder / "notes.md").write_text("not a migration", encoding="utf-8")
    monkeypatch.setattr(module, "files", lambda _: tmp_path)
    with pytest.raises(RuntimeError, match="without a gap"):
        known()


def test_statements_end_at_their_own_semicolon() -> None:
    text = (
        "-- first; a comment\nCREATE TABLE a (\n  x TEXT DEFAULT 'a;b' -- why; so\n);\n\n"
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  DELETE FROM a;\n  SELECT 1;\nEND;\n-- end\n"
    )
    first, second = statements(text)
    assert first.endswith(");\n")
    assert "DEFAULT 'a;b'" in first
    assert second.strip().endswith("END;")
    with pytest.raises(ValueError, match="does not end"):
        list(statements("CREATE TABLE a (x TEXT)"))


async def test_an_outbox_moves_whole_into_its_new_shape(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever of it was there before one more kind of message was known."""
    every = known()
    monkeypatch.setattr(module, "known", lambda: every[:2])
    await migrate(db, 7)
    key = b"k"
    async with writing(db) as tx:
        await tx.run("INSERT INTO person (id, data_key, created_at) VALUES (1, :k, 1)", k=key)
        await tx.run(
            "INSERT INTO message (id, kind, subject_id, part, person_id, state, reason, made_at,"
            " planned_at, due_at, expires_at, attempts, claimed_at, ended_at, telegram_message)"
            " VALUES (2, 'prompt', 3, 'p', 1, 'failed', 'bug', 4, 5, 6, 7, 8, 9, 10, 11)"
        )
        (before,) = await tx.all("SELECT * FROM message")
    monkeypatch.setattr(module, "known", lambda: every)
    await migrate(db, 8)
    async with writing(db) as tx:
        (after,) = await tx.all("SELECT * FROM message")
        assert dict(after) == {**before, "unclear": 0}
        names = {r["name"] for r in await tx.all("PRAGMA index_list(message)")}
        assert {"message_due", "message_sending", "message_of_person"} <= names
        await tx.run("UPDATE message SET kind = 'mirror'")
        with pytest.raises(sqlite3.IntegrityError):
            await tx.run("UPDATE message SET kind = 'something'")


async def test_a_verdict_of_all_is_what_each_has_said(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the practice's calendar; what a therapist has said of the own one stays a verdict."""
    every = known()
    monkeypatch.setattr(module, "known", lambda: every[:16])
    await migrate(db, 7)
    async with writing(db) as tx:
        await tx.run("INSERT INTO person (id, data_key, created_at) VALUES (1, x'00', 1)")
        await tx.run(
            "INSERT INTO pair (id, therapist_id, code, data_key, state, invited_at)"
            " VALUES (4, 1, 'A7', x'00', 'active', 1)"
        )
        await tx.run(
            "INSERT INTO feed (id, therapist_id, source, made_at, accepted_at, due_at)"
            " VALUES (1, 1, x'00', 1, 1, 1), (2, NULL, x'00', 1, 1, 1)"
        )
        await tx.run(
            "INSERT INTO feed_series (id, feed_id, series, verdict, starts_at, ends_at) VALUES"
            " (10, 1, x'01', 'no_client', 1, 2), (11, 1, x'02', NULL, 1, 2),"
            " (20, 2, x'01', 'no_client', 1, 2), (21, 2, x'02', NULL, 1, 2)"
        )
        await tx.run("INSERT INTO feed_reply VALUES (20, 1, NULL)")
    monkeypatch.setattr(module, "known", lambda: every)
    await migrate(db, 8)
    async with reading(db) as tx:
        rows = await tx.all("SELECT id, verdict, later_at FROM feed_series ORDER BY id")
        assert [tuple(row) for row in rows] == [
            (10, "no_client", None), (11, None, 0), (20, None, None), (21, None, None),
        ]  # fmt: skip
        rows = await tx.all("SELECT * FROM feed_reply ORDER BY series_id")
        assert [tuple(row) for row in rows] == [(20, 1, None), (21, 1, 0)]


async def test_check_ins_move_whole_into_their_new_shape(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever points to them, and whatever of them was there before a goodbye was known."""
    every = known()
    before_it = next(number for number, text in every if "'goodbye'" in text) - 1
    monkeypatch.setattr(module, "known", lambda: every[:before_it])
    await migrate(db, 7)
    async with writing(db) as tx:
        await tx.run("INSERT INTO person (id, data_key, created_at) VALUES (1, :k, 1)", k=b"k")
        await tx.run(
            "INSERT INTO pair (id, therapist_id, client_id, code, data_key, state, invited_at)"
            " VALUES (2, 1, 1, 'A7', :k, 'active', 1)",
            k=b"k",
        )
        columns = [row["name"] for row in await tx.all("PRAGMA table_info(checkin)")]
        given = {"id": 3, "pair_id": 2, "kind": "'session'", "state": "'answered'"}
        values = [given.get(name, 10 + place) for place, name in enumerate(columns)]
        values[columns.index("appointment_id")] = "NULL"
        await tx.run(f"INSERT INTO checkin VALUES ({', '.join(map(str, values))})")
        await tx.run("INSERT INTO answer (checkin_id, item, answered_at, changed_at)"
                     " VALUES (3, 'heard', 1, 2)")  # fmt: skip
        await tx.run("INSERT INTO answer_earlier VALUES (3, 'heard', NULL, NULL, 1, 2)")
        await tx.run("INSERT INTO mirror_rating VALUES (3, 'heard', NULL, 4)")
        await tx.run("INSERT INTO watched VALUES (5, 3, 'different', :k, 1, 2)", k=b"k")
        tables = ("checkin", "answer", "answer_earlier", "mirror_rating", "watched")
        before = [await _rows(tx, table) for table in tables]
        indexes = {r["name"] for r in await tx.all("PRAGMA index_list(checkin)")}
    monkeypatch.setattr(module, "known", lambda: every[: before_it + 1])
    await migrate(db, 8)
    async with writing(db) as tx:
        assert [await _rows(tx, table) for table in tables] == before
        now = {r["name"] for r in await tx.all("PRAGMA index_list(checkin)")}
        assert {name for name in indexes if not name.startswith("sqlite_")} <= now
        points = {
            (table, key["table"])
            for table in tables
            for key in await tx.all(f"PRAGMA foreign_key_list({table})")
        }
        assert points == {
            ("checkin", "pair"), ("checkin", "appointment"), ("answer", "checkin"),
            ("answer_earlier", "checkin"), ("mirror_rating", "checkin"), ("watched", "checkin"),
        }  # fmt: skip
        with pytest.raises(sqlite3.IntegrityError):
            await tx.run("INSERT INTO answer (checkin_id, item, answered_at, changed_at)"
                         " VALUES (4, 'heard', 1, 2)")  # fmt: skip
        with pytest.raises(sqlite3.IntegrityError):
            await tx.run("DELETE FROM checkin")
        await tx.run("UPDATE checkin SET kind = 'goodbye'")
        with pytest.raises(sqlite3.IntegrityError):
            await tx.run("UPDATE checkin SET kind = 'something'")


async def _rows(tx: Transaction, table: str) -> list[dict[str, object]]:
    return [dict(row) for row in await tx.all(f"SELECT * FROM {table}")]


async def test_a_migration_that_leaves_something_pointing_nowhere_is_none(
    db: Database, program: list[tuple[int, str]]
) -> None:
    program[1] = (
        2,
        "CREATE TABLE b (x BIGINT PRIMARY KEY);\nCREATE TABLE c (x BIGINT REFERENCES b (x));\n"
        "INSERT INTO b VALUES (1);\nINSERT INTO c VALUES (1);\nDROP TABLE b;\n"
        "CREATE TABLE b (x BIGINT PRIMARY KEY);",
    )
    with pytest.raises(NotMigrated) as said:
        await migrate(db, 7)
    for part in (
        f"{db.path} cannot be brought to shape 2",
        "1 rows point to rows that are not there; the first is row 1 of c, which points into b",
        "It keeps shape 1, and nothing in it was changed",
        "Go back to the program it was last used with",
        "docs/operating.md",
    ):
        assert part in str(said.value)
    assert await shape(db) == ({"a"}, [(1, 7)])
    program[1] = (2, program[1][1] + "\nINSERT INTO b VALUES (1);")
    assert await migrate(db, 8) == 2
    async with writing(db) as tx:
        with pytest.raises(sqlite3.IntegrityError):
            await tx.run("INSERT INTO c VALUES (2)")
