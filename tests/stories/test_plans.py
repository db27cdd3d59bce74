"""What the program asks all the time, and at every tap, is found by a key.

A table that grows is neither read whole nor by a column that has a few values only; SQLite takes
such a column for a good key, because it counts nothing.
"""

from __future__ import annotations

import re

import pytest

from tests.plans import catch_plans
from tests.world import World

#: What there is more of with every week and every client. All else is as much as therapists have.
GROWING = frozenset(
    {
        "acknowledgement", "answer", "answer_earlier", "appointment", "audit", "checkin", "digest",
        "digest_entry", "message", "mirror_rating", "pair", "seen_update", "set_aside", "watched",
    }
)  # fmt: skip

#: Indexes of what waits or is open alone, which is little.
OF_LITTLE = (
    "message_due", "message_due_kind", "message_sending", "message_of_practice", "checkin_closing",
    "checkin_unfolded", "checkin_goodbye", "checkin_before_first", "appointment_undecided",
    "pair_unconfirmed", "pair_resuming", "pair_ending",
)  # fmt: skip


def reads_ever_more(sql: str, step: str) -> bool:
    """Say whether a step of a statement's plan reads more with every answer there is."""
    if " VALUES (" in sql:
        return False  # a row is put in, and SQLite calls that a scan
    found = re.match(
        r"(SCAN|SEARCH) (\w+)(?: USING (?:COVERING )?INDEX (\w+))?(?: \((.*)\))?", step
    )
    if found is None:
        return False
    how, name, index, by = found.groups()
    named = re.findall(r"\b(?:FROM|JOIN|UPDATE) (\w+) AS (\w+)", sql)
    table = {short: long for long, short in named}.get(name, name)
    if table not in GROWING or index in OF_LITTLE:
        return False
    return how == "SCAN" or re.fullmatch(r"(kind|state|instrument)=\?", by or "") is not None


async def test_nothing_that_is_asked_all_the_time_reads_ever_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    plans = catch_plans(monkeypatch)
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 7, 9)
    await world.until("Fri 17:00")
    await ben.taps("Let's talk about it")
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    for _ in range(3):  # which she lets pass
        await world.until("Mon 16:20")
    await world.until("Thu 20:00")
    await world.stage.app.nightly.tell()
    assert len(plans) > 100, "the statements were caught"
    wrong = {sql: step for sql, steps in plans.items() for step in steps
             if reads_ever_more(sql, step)}  # fmt: skip
    assert wrong == {}


def test_the_guard_sees_what_it_guards_against() -> None:
    sql = "SELECT 1 FROM message JOIN checkin AS past ON 1"
    for step in (
        "SCAN message",
        "SCAN past USING INDEX checkin_of_pair",
        "SEARCH message USING INDEX sqlite_autoindex_message_2 (kind=?)",
    ):
        assert reads_ever_more(sql, step)
    for step in (
        "SCAN therapist",
        "SCAN message USING INDEX message_sending",
        "SEARCH message USING INDEX message_due_kind (kind=? AND due_at<?)",
        "SEARCH past USING INDEX checkin_of_pair (pair_id=?)",
    ):
        assert not reads_ever_more(sql, step)
