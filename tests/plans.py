"""The plans by which SQLite would find the rows of what the program asks."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from typing import Any

import pytest

from bot.store import statements


def catch_plans(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Give the steps of every statement that is run from now on, by its text."""
    found: dict[str, list[str]] = {}
    run = statements.rows

    def explained(connection: sqlite3.Connection, sql: str, values: Mapping[str, object]) -> Any:
        if sql not in found and re.match("SELECT|INSERT|UPDATE|DELETE", sql):
            found[sql] = [
                str(step[3]) for step in run(connection, f"EXPLAIN QUERY PLAN {sql}", values)
            ]
        return run(connection, sql, values)

    monkeypatch.setattr(statements, "rows", explained)
    return found
