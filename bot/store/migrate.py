"""Brings a database to the newest shape: numbered SQL files, applied once, only forward."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from functools import partial
from importlib.resources import files
from pathlib import Path

from bot.store.database import Database, PointsNowhere, Transaction


class TooNew(Exception):
    """The database was made by a newer program than this one."""


class NotMigrated(Exception):
    """The database could not be brought to the newest shape; says what is in the way."""


def known() -> list[tuple[int, str]]:
    """List the migrations of this program as (number, SQL text), in order."""
    folder = files("bot.store") / "migrations"
    found = sorted(
        (int(entry.name.split("_")[0]), entry.read_text(encoding="utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".sql")
    )
    if [number for number, _ in found] != list(range(1, len(found) + 1)):
        raise RuntimeError("migrations must be numbered 1, 2, 3 … without a gap")
    return found


async def migrate(database: Database, now: int) -> int:
    """Apply what is missing, each migration in one transaction; give the number reached.

    Errors: `TooNew` for a database of a newer program, `NotMigrated` where one of them would leave
    rows that point nowhere, or whose rules do not hold for what is there; it changed nothing then.
    """
    migrations = known()
    reached = await database.write(_reached)
    refuse_newer(database.path, reached, len(migrations))
    for number, text in migrations[reached:]:
        try:
            await database.reshape(partial(_apply, number=number, text=text, now=now))
        except (PointsNowhere, sqlite3.IntegrityError) as problem:
            raise NotMigrated(
                f"{database.path} cannot be brought to shape {number}: {problem}. It keeps shape "
                f"{number - 1}, and nothing in it was changed. Go back to the program it was last "
                "used with, or restore a backup, and report this line, which holds no content: see "
                '"Go back" in docs/operating.md'
            ) from problem
    return len(migrations)


def refuse_newer(path: Path, reached: int, newest: int) -> None:
    """Refuse a database of a shape that this program does not know. Errors: `TooNew`."""
    if reached > newest:
        raise TooNew(
            f"{path} has shape {reached}, this program knows shapes up to {newest}: run the newer "
            "program it was last used with"
        )


async def founded_at(tx: Transaction) -> int:
    """Give when the database was made, UTC milliseconds."""
    row = await tx.one("SELECT coalesce(min(applied_at), 0) AS at FROM migration")
    return int(row["at"]) if row else 0


async def has_this_shape(tx: Transaction) -> bool:
    """Say whether a database has the shape that this program knows; nothing is changed."""
    row = await tx.one("SELECT max(number) AS number FROM migration")
    return row is not None and row["number"] == len(known())


async def _reached(tx: Transaction) -> int:
    await tx.run(
        "CREATE TABLE IF NOT EXISTS migration"
        " (number BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)"
    )
    row = await tx.one("SELECT coalesce(max(number), 0) AS number FROM migration")
    return int(row["number"]) if row else 0


async def _apply(tx: Transaction, number: int, text: str, now: int) -> None:
    for statement in statements(text):
        await tx.run(statement)
    await tx.run("INSERT INTO migration VALUES (:number, :now)", number=number, now=now)


def statements(text: str) -> Iterator[str]:
    """Split an SQL file into its statements (`executescript` would commit first)."""
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if any(line and not line.startswith("--") for line in map(str.strip, statement.splitlines())):
        raise ValueError(f"a statement does not end: {statement[:60]!r}")
