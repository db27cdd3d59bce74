"""What stands where the practice's database should be: looks, and neither makes nor changes it.

A missing database is mostly a disk that is not there or a wrong path. Whoever made a new one then
would have an empty practice that takes the clients' messages. Like `database`, this knows that the
engine is SQLite.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from bot.store.database import Damaged, Unavailable
from bot.store.migrate import known, refuse_newer

_BUSY_SECONDS: Final = 5.0
_NO_FILE_OF_OURS: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class NoPractice(Exception):
    """No practice's database is there; says what is, and what to do."""


class Foreign(Exception):
    """Another program's database is there; it is left as it is."""


def demand_practice(path: Path) -> None:
    """Make sure that a practice's database is at `path`, of a shape that this program knows.

    Errors: `NoPractice`, `TooNew`, and those of `find_shape`.
    """
    shape = find_shape(path)
    if shape is None:
        state = "holds no practice" if path.exists() else "does not exist"
        raise NoPractice(
            f"{path} {state}: is its disk there, and is database.path right? `rapport restore` "
            "puts a backup there; for a new practice `rapport init` makes it"
        )
    refuse_newer(path, shape, len(known()))


def find_shape(path: Path) -> int | None:
    """Give the number of the newest migration of the practice's database at `path`.

    None where a new one may be made: there is no file, an empty one, or one in which no practice
    was founded yet. Errors: `Foreign`, `Damaged` (also for what is no database), `Unavailable`.
    """
    if not path.exists():
        return None
    if path.is_dir():
        raise Unavailable(f"{path} is a directory: give the file in database.path")
    try:
        with closing(_looking(path)) as db:
            return _shape(path, db)
    except sqlite3.DatabaseError as problem:
        if getattr(problem, "sqlite_errorcode", 0) & 0xFF in _NO_FILE_OF_OURS:
            raise Damaged(
                f"{path}: the database's file is damaged or no database ({problem}): is "
                "database.path right? Then stop the bot; `rapport restore` puts a backup there and "
                "moves this file aside"
            ) from problem
        raise Unavailable(f"{path}: {problem}. May this user read it and its folder?") from problem


def _looking(path: Path) -> sqlite3.Connection:
    """Connect in the way that leaves the most as it is."""
    if path.with_name(f"{path.name}-journal").exists():
        how = "mode=rw"  # half a change has to be taken back before anything can be read
    elif path.with_name(f"{path.name}-wal").exists():
        how = "mode=ro"  # in use, or left by a crash: what stands in the log counts
    else:
        how = "mode=ro&immutable=1"  # else a log would be made beside it
    return sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=_BUSY_SECONDS)


def _shape(path: Path, db: sqlite3.Connection) -> int | None:
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    if tables and "migration" not in tables:
        raise Foreign(
            f"{path} is another program's database, and was left as it is: check database.path"
        )
    if "practice" not in tables or db.execute("SELECT id FROM practice").fetchone() is None:
        return None
    (shape,) = db.execute("SELECT coalesce(max(number), 0) FROM migration").fetchone()
    return int(shape)
