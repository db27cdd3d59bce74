"""What making and showing a digest asks costs the same however long the histories are.

Every statement is caught as it is run, and SQLite is asked how it would find the rows. No table
that grows is read whole, and of what grows with a pair or a therapist no more is read than a time,
a state or a limit lets in.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.store import database, digest_facts
from tests.digest_world import World, open_world

#: Read whole: practices have few therapists. These names are of rows that a LIMIT let in.
FEW = ("role", "therapist", "newest", "first", "counted")

#: Found by their owner alone, which is a whole history: of these there are few, or one is taken.
BOUNDED = (
    # A practice knows all its pairs; a digest leaves out whoever left long ago.
    "SEARCH pair USING INDEX sqlite_autoindex_pair_2 (therapist_id=?)",
    # One of a pair.
    "SEARCH checkin USING INDEX checkin_before_first (pair_id=?)",
    # A pair is handed over once.
    "SEARCH handover_pair USING INDEX sqlite_autoindex_handover_pair_2 (pair_id=?)",
    # The last of the index is the highest.
    "SEARCH other USING COVERING INDEX digest_opened (therapist_id=?)",
    # As many as a digest has pairs, a check-in items.
    "SEARCH digest_entry USING INDEX sqlite_autoindex_digest_entry_1 (digest_id=?)",
    "SEARCH placed USING INDEX sqlite_autoindex_digest_entry_1 (digest_id=?)",
    "SEARCH acknowledgement USING INDEX sqlite_autoindex_acknowledgement_2 (digest_id=?)",
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The steps of every statement that is run, by its text."""
    found: dict[str, list[str]] = {}
    run = database._rows

    def explained(connection: sqlite3.Connection, sql: str, values: Mapping[str, object]) -> Any:
        if sql not in found and re.match("SELECT|INSERT|UPDATE|DELETE", sql):
            found[sql] = [
                str(step[3]) for step in run(connection, f"EXPLAIN QUERY PLAN {sql}", values)
            ]
        return run(connection, sql, values)

    monkeypatch.setattr(database, "_rows", explained)
    return found


def grows(step: str) -> bool:
    """Say whether a step of a plan reads ever more."""
    if step.startswith("SCAN"):
        return step.removeprefix("SCAN ").split()[0] not in FEW and step != "SCAN CONSTANT ROW"
    alone = re.search(r"\((pair_id|therapist_id|digest_id)=\?\)$", step)
    return alone is not None and step not in BOUNDED


async def test_nothing_asked_for_a_digest_reads_a_whole_history(
    world: World, plans: dict[str, list[str]]
) -> None:
    a7, b2 = await world.pair("A7"), await world.pair("B2")
    await world.checkin(a7, 8, 8, 8, 8, 8)
    await world.checkin(b2, 3, 3, 3, 3, 3)
    plans.clear()
    assert await world.making.make_one()
    (digest,) = [row["id"] for row in await world.rows("SELECT id FROM digest WHERE number = 1")]
    del plans["SELECT id FROM digest WHERE number = 1"]
    page = await world.digests.open_page(world.ben, digest, 1)
    await world.digests.acknowledge(world.ben, digest, b2, "talk")
    assert await world.digests.read_these(world.ben, digest, 1) == 1
    assert page.expanded
    assert await world.digests.page(digest, 1)
    assert len(plans) > 20, "the statements were caught"
    wrong = {sql: step for sql, steps in plans.items() for step in steps if grows(step)}
    assert wrong == {}
    # Whoever only reads has long rows of acknowledgements without a talk.
    newest = [step for step in plans[digest_facts.TALKS] if step.startswith("SEARCH newest ")]
    assert [step.split(" (")[0] for step in newest] == [
        "SEARCH newest USING INDEX acknowledgement_talk"
    ]


def test_the_guard_sees_what_it_guards_against() -> None:
    for step in (
        "SCAN checkin",
        "SCAN one USING INDEX checkin_of_pair",
        "SEARCH checkin USING INDEX checkin_of_pair (pair_id=?)",
        "SEARCH digest USING INDEX sqlite_autoindex_digest_2 (therapist_id=?)",
    ):
        assert grows(step)
    for step in (
        "SCAN newest",
        "SEARCH checkin USING INDEX checkin_of_pair (pair_id=? AND due_at<?)",
        "SEARCH person USING INDEX sqlite_autoindex_person_1 (id=?)",
    ):
        assert not grows(step)
