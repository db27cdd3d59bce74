"""A way into a database file that takes rows first and makes every index after.

Keys that stand in a table's own definition cannot be left out and added later by SQL, and rows
with random ids make them slow: SQLite looks for a place in each index for each row. So the tables
are made anew with their columns alone, and when the rows are in, each key is sorted at once, as an
index, and put under the name by which the definition finds it. In the end the file has the schema
that the migrations gave it, to the letter, and `check` says whether SQLite agrees.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

#: A billion bytes of pages are kept, so that sorting seldom waits for the disk.
_UNSAFE = ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000", "threads = 2")


class Bulk:
    """Empty tables being filled. Nothing else may use the file meanwhile, nor if this fails."""

    def __init__(self, path: Path, tables: Iterable[str]) -> None:
        self._path = path
        self._connection = _connected(path)
        self._tables = {name: self._definition(name) for name in tables}
        self._keys: dict[str, tuple[str, list[str]]] = {}
        self._indexes: list[str] = []
        for table in self._tables:
            self._strip(table)
        self._connection.execute("BEGIN")

    def _definition(self, table: str) -> str:
        (found,) = self._connection.execute(
            "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
        ).fetchone()
        return str(found)

    def _strip(self, table: str) -> None:
        """Make an empty table anew without its keys and indexes. Errors: ValueError: not empty."""
        run = self._connection.execute
        if run(f"SELECT 1 FROM {table} LIMIT 1").fetchone():
            raise ValueError(f"{table} is not empty")
        for name, sql in run(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ?", (table,)
        ).fetchall():
            if sql is not None:
                self._indexes.append(sql)
            else:
                self._keys[name] = (table, [c[2] for c in run(f"PRAGMA index_info({name})")])
        columns = [
            f"{name} {kind} DEFAULT {default or 'NULL'}"
            for _, name, kind, _, default, _ in run(f"PRAGMA table_info({table})")
        ]
        run(f"DROP TABLE {table}")
        run(f"CREATE TABLE {table} ({', '.join(columns)})")

    def add(self, table: str, columns: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows to a table; columns: their names, separated by commas."""
        places = ", ".join("?" * len(columns.split(",")))
        self._connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)

    def close(self) -> None:
        """Make the keys and the indexes, and leave the file as the program expects it."""
        run = self._connection.execute
        run("COMMIT")
        for name, (table, columns) in self._keys.items():
            run(f"CREATE UNIQUE INDEX bulk_{name} ON {table} ({', '.join(columns)})")
        run("PRAGMA writable_schema = ON")
        for table, sql in self._tables.items():
            run("UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?", (sql, table))
        for name in self._keys:
            run("UPDATE sqlite_master SET name = ?, sql = NULL WHERE name = ?",
                (name, f"bulk_{name}"))  # fmt: skip
        self._connection.close()
        self._connection = _connected(self._path)
        for sql in self._indexes:
            self._connection.execute(sql)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.close()


def check(path: Path) -> None:
    """See that keys, indexes, constraints and references are whole. Errors: RuntimeError."""
    connection = sqlite3.connect(path)
    wrong = connection.execute("PRAGMA integrity_check(5)").fetchall()
    wrong = [row for row in wrong if row != ("ok",)]
    wrong += connection.execute("PRAGMA foreign_key_check").fetchmany(5)
    connection.close()
    if wrong:
        raise RuntimeError(f"{path} was not filled rightly: {wrong}")


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    for setting in _UNSAFE:
        connection.execute(f"PRAGMA {setting}")
    return connection
