"""The judges know whose is what, and when nobody may be written to, also after a change.

A client who goes on with a colleague may have the same code there; one with a new phone has what is
still open on it, and nothing else of before. A digest comes before days off, and not between two of
them. What may have been asked about in lost hours counts, within what a day has room for.
"""

from __future__ import annotations

import random
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from bot.views.buttons import write_id
from tests.crash.delivered import Delivered
from tests.crash.people import Ledger
from tests.year.came import Came, Got, wall_of
from tests.year.cast import ZONE, Cast, Part, Slot
from tests.year.chronicle import Loss
from tests.year.course import HOUR, MINUTE, Course
from tests.year.judge import YearChecker
from tests.year.oracle import Oracle

NOON = 1_800_010_800_000  # 2027-01-15 12:00 in Berlin
FORMER, NEW = 1, 2
WITH_BEN = Part("Anna", "blocker", "Ben", "A7", (Slot(0, "15:00", 1),), None, None)
WITH_DANA = replace(WITH_BEN, therapist="Dana")


@pytest.fixture
def course() -> Course:
    stage: Any = SimpleNamespace(clock=SimpleNamespace(now=lambda: NOON + 1000 * HOUR))
    course = Course(stage, Cast({}, (), {}, None), random.Random(1), Ledger())
    anna: Any = SimpleNamespace(name="Anna", part=WITH_DANA, chats=[FORMER, NEW])
    course.clients["Anna"] = anna
    course.chronicle.parts += [WITH_BEN, WITH_DANA]
    return course


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as db:
        db.row_factory = sqlite3.Row
        db.executescript(
            "CREATE TABLE pair (id, code);"
            "CREATE TABLE acknowledgement (pair_id, made_at);"
            "CREATE TABLE checkin (id, pair_id, planned_at, closes_at, closed_at);"
            "INSERT INTO pair VALUES (1, 'A7'), (2, 'A7')"
        )
        yield db


def came(*told: int) -> Got:
    got = Got(defaultdict(dict), defaultdict(dict), defaultdict(list), defaultdict(list), [])
    got.told[NEW] += told
    return got


def test_who_is_gone_is_gone_with_each_therapist(course: Course, db: sqlite3.Connection) -> None:
    course.chronicle.gone["Anna"].append([NOON - HOUR, NOON + HOUR])
    db.executemany(
        "INSERT INTO acknowledgement VALUES (?, ?)", [(1, NOON), (2, NOON + 2 * HOUR)]
    )  # fmt: skip
    for told, said in (
        ([NOON + 2 * HOUR + 2 * MINUTE], []),
        ([], ["Anna: 0 of 1"]),
        ([NOON + 2 * MINUTE, NOON + 2 * HOUR + 2 * MINUTE], ["Anna: 2 of 1"]),
    ):
        oracle = Oracle(course, [])
        oracle._told(db, came(*told))
        assert [violation.what for violation in oracle.found] == said


def test_nothing_reaches_who_is_gone_by_way_of_another_therapist(course: Course) -> None:
    course.chronicle.gone["Anna"].append([NOON - HOUR, NOON + HOUR])
    for at, said in ((NOON + 2 * HOUR, []), (NOON, ["Anna at 2027-01-15 12:00"])):
        oracle = Oracle(course, [])
        oracle._left_alone([WITH_BEN, WITH_DANA], Came({}, {}, [at]))
        assert [violation.what for violation in oracle.found] == said


def test_a_digest_comes_before_days_off_that_follow_each_other(course: Course) -> None:
    wall = wall_of(ZONE)
    fridays = [date(2026, 11, 6) + timedelta(weeks=week) for week in range(16)]
    # The practice's days off, and a therapist's that touch them; three Fridays are in them.
    course.chronicle.away["Ben"] += [
        (date(2026, 11, 12), date(2026, 11, 22)), (date(2026, 11, 23), date(2026, 11, 29)),
    ]  # fmt: skip
    fridays = [on for on in fridays if on not in {date(2026, 11, day) for day in (13, 20, 27)}]
    for eves, said in (
        ([11], []),
        ([11, 22], ["Ben: 2026-11-22 17:00"]),
        ([22], ["Ben: 2026-11-11 17:00, 2026-11-22 17:00"]),
        ([], ["Ben: 2026-11-11 17:00"]),
    ):
        oracle = Oracle(course, [])
        days = (*fridays, *(date(2026, 11, eve) for eve in eves))
        oracle._weekly("Ben", sorted(wall.first(on, "17:00") for on in days))
        assert [violation.what for violation in oracle.found] == said


def test_of_a_lost_day_no_more_counts_as_asked_than_a_day_has(course: Course) -> None:
    wall = wall_of(ZONE)

    def at(day: int, time: str) -> int:
        return wall.first(date(2026, 11, day), time)

    lost = Loss(at(3, "02:30"), at(3, "19:30"), at(4, "09:00"), at(4, "12:00"), 0)
    course.chronicle.loss = lost
    course.chronicle.down.append((lost.crashed_at, lost.resumed_at))
    course.stage.clock.now = lambda: at(7, "12:00")
    thrice = replace(
        WITH_BEN, slots=(Slot(1, "14:00", 1), Slot(1, "19:00", 1), Slot(3, "15:00", 1))
    )
    asked = [question.due for question in Oracle(course, [])._questions(thrice)]
    assert asked == [at(3, "15:20"), at(5, "16:20")]


def test_only_what_was_open_is_on_a_new_phone(course: Course, db: sqlite3.Connection) -> None:
    course.chronicle.changed["Anna"] = NOON
    rows = {  # planned, closes, closed
        "open": (NOON - HOUR, NOON + HOUR, NOON + HOUR),
        "over": (NOON - 3 * HOUR, NOON - HOUR, NOON - HOUR),
        "closed early": (NOON - HOUR, NOON + HOUR, NOON - 1),
        "later": (NOON, NOON + HOUR, None),
    }
    ids = {name: number for number, name in enumerate(rows, 1)}
    for name, times in rows.items():
        db.execute("INSERT INTO checkin VALUES (?, 1, ?, ?, ?)", (ids[name], *times))
    checker = YearChecker(course.stage, course.ledger, course=course)
    owners = checker._owners(db)
    assert owners == {
        write_id(ids["open"]): {FORMER, NEW},
        write_id(ids["over"]): {FORMER},
        write_id(ids["closed early"]): {FORMER},
        write_id(ids["later"]): {NEW},
    }
    got = Delivered()
    got.owners.update({checkin: {FORMER, NEW} for checkin in owners})
    mixed = got.mixed({}, owners)
    assert [line.split()[1] for line in mixed] == [
        write_id(ids[name]) for name in ("over", "closed early", "later")
    ]
    got.owners.update({"another": {FORMER, NEW}, "else": {NEW}})
    assert len(got.mixed({}, owners)) == 4
