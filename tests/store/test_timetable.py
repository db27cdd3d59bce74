"""Rules and appointments in a real SQLite file: keys decide, owners stand in the statements."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.core.timetable import Occurrence, Rule, occurrence
from bot.store import pairs, people, rules, timetable
from bot.store.database import Database, Transaction
from bot.store.migrate import migrate
from bot.store.vault import Vault
from tests.transactions import reading, writing

ZONE = "Europe/Berlin"
NOW = 1_795_000_000_000
HOUR = 3_600_000
BEN, DANA = 11, 12
A7, B2 = 31, 32
TUESDAYS = Rule(1, "15:00", 50, 1, "2026-12-01", ZONE)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(tmp_path / "rapport.db", Vault(os.urandom(32)), lambda: NOW)
    await migrate(database, NOW)
    async with writing(database) as tx:
        for person_id, name in ((BEN, "Ben"), (DANA, "Dana")):
            await people.add_person(tx, person_id, 5000 + person_id, name, None, NOW)
        await pairs.add_pair(tx, A7, BEN, "A7", NOW)
        await pairs.add_pair(tx, B2, BEN, "B2", NOW)
    yield database
    await database.close()


async def add_rule(tx: Transaction, id: int, rule: Rule = TUESDAYS, pair_id: int = A7) -> bool:
    return await rules.insert_rule(
        tx, id=id, pair_id=pair_id, rule=rule, planned_until_on="2026-11-30", now=NOW
    )


def meeting(at: int, on: str = "2026-12-01") -> Occurrence:
    return Occurrence(on, "15:00", at, at + 50 * 60_000)


async def add(
    tx: Transaction, id: int, when: Occurrence, rule_id: int | None = None, pair_id: int = A7
) -> bool:
    return await timetable.insert_appointment(
        tx, id=id, pair_id=pair_id, rule_id=rule_id, occurrence=when, timezone=ZONE, now=NOW
    )


async def test_one_appointment_per_rule_and_local_date_even_when_cancelled(db: Database) -> None:
    async with writing(db) as tx:
        assert await add_rule(tx, 1)
        first = occurrence("2026-12-01", "15:00", 50, ZONE)
        assert await add(tx, 51, first, rule_id=1)
        assert not await add(tx, 52, first, rule_id=1)
        assert await timetable.end_appointment(tx, 51, BEN, "cancelled", NOW)
        assert not await add(tx, 53, first, rule_id=1)
        assert await add(tx, 54, occurrence("2026-12-08", "15:00", 50, ZONE), rule_id=1)


async def test_one_single_appointment_per_pair_and_instant_while_it_is_planned(
    db: Database,
) -> None:
    async with writing(db) as tx:
        assert await add(tx, 51, meeting(NOW + HOUR))
        assert not await add(tx, 52, meeting(NOW + HOUR))
        assert await add(tx, 53, meeting(NOW + HOUR), pair_id=B2)
        assert await timetable.end_appointment(tx, 51, BEN, "cancelled", NOW)
        assert await add(tx, 54, meeting(NOW + HOUR))


async def test_one_open_rule_per_pair_weekday_and_time(db: Database) -> None:
    async with writing(db) as tx:
        assert await add_rule(tx, 1)
        assert not await add_rule(tx, 2, Rule(1, "15:00", 80, 2, "2027-01-05", ZONE))
        assert await add_rule(tx, 3, Rule(1, "16:00", 50, 1, "2026-12-01", ZONE))
        assert await add_rule(tx, 4, pair_id=B2)
        assert await rules.close_rule(tx, 1, BEN, NOW)
        assert await add_rule(tx, 5)
        assert [kept.id for kept in await rules.open_rules_of_pair(tx, A7)] == [5, 3]
        of_ben = await rules.open_rules_of_therapist(tx, BEN)
        assert {(kept.code, kept.id) for kept in of_ben} == {("A7", 3), ("B2", 4), ("A7", 5)}
        assert await rules.open_rules_of_therapist(tx, DANA) == []


async def test_a_rule_comes_back_as_it_was_put_in(db: Database) -> None:
    async with writing(db) as tx:
        await add_rule(tx, 1)
        found = await rules.find_rule_of_therapist(tx, 1, BEN)
        assert found is not None
        assert (found.rule, found.code, found.pair_id) == (TUESDAYS, "A7", A7)
        assert (found.planned_until_on, found.closed_at) == ("2026-11-30", None)
        assert await rules.find_rule_of_therapist(tx, 1, DANA) is None
        closed = await rules.close_rule(tx, 1, BEN, NOW + 5)
        assert closed is not None
        assert (closed.code, closed.closed_at) == ("A7", NOW + 5)
        assert await rules.close_rule(tx, 1, BEN, NOW + 9) is None
        assert await rules.find_rule_of_therapist(tx, 1, BEN) == closed


async def test_another_therapists_rows_are_not_hit(db: Database) -> None:
    async with writing(db) as tx:
        await add_rule(tx, 1)
        await add(tx, 51, meeting(NOW + HOUR))
        assert await rules.close_rule(tx, 1, DANA, NOW) is None
        for state in ("cancelled", "did_not_meet", "moved"):
            assert await timetable.end_appointment(tx, 51, DANA, state, NOW) is None
        assert await timetable.find_appointment_of_therapist(tx, 51, DANA) is None
        assert await timetable.appointments_of_therapist(tx, DANA, 0, NOW * 2) == []
        mine = await timetable.find_appointment_of_therapist(tx, 51, BEN)
        assert mine is not None
        assert mine.appointment.state == "planned"


async def test_planning_is_claimed_once_and_by_conditional_update(db: Database) -> None:
    async with writing(db) as tx:
        await add_rule(tx, 1)
        assert await rules.rules_to_plan(tx, "2026-11-30", 9) == []
        (kept,) = await rules.rules_to_plan(tx, "2026-12-01", 9)
        assert await rules.claim_planning(tx, kept, "2026-12-07")
        assert not await rules.claim_planning(tx, kept, "2026-12-07")
        assert await rules.rules_to_plan(tx, "2026-12-07", 9) == []
        (kept,) = await rules.rules_to_plan(tx, "2026-12-08", 9)
        await tx.run("UPDATE pair SET state = 'stopped' WHERE id = :id", id=A7)
        assert await rules.rules_to_plan(tx, "2026-12-08", 9) == []
        assert not await rules.claim_planning(tx, kept, "2026-12-14")


async def test_next_and_previous_appointments_pass_over_what_is_not_planned(db: Database) -> None:
    async with writing(db) as tx:
        for number in range(4):
            await add(tx, 51 + number, meeting(NOW + number * HOUR))
        await add(tx, 61, meeting(NOW + HOUR // 2), pair_id=B2)
        await timetable.end_appointment(tx, 52, BEN, "cancelled", NOW)
        following = await timetable.find_next_appointment(tx, A7, NOW)
        assert following is not None
        assert (following.id, following.minutes) == (53, 50)
        previous = await timetable.find_previous_appointment(tx, A7, NOW + 2 * HOUR)
        assert previous is not None
        assert previous.id == 51
        assert await timetable.find_next_appointment(tx, A7, NOW + 3 * HOUR) is None
        assert await timetable.find_previous_appointment(tx, A7, NOW) is None


async def test_a_list_takes_in_what_touches_its_span(db: Database) -> None:
    async with writing(db) as tx:
        await add(tx, 51, meeting(NOW - HOUR))  # ended ten minutes before
        await add(tx, 52, meeting(NOW - HOUR // 2))  # going on as the span begins
        await add(tx, 53, meeting(NOW + HOUR), pair_id=B2)
        await add(tx, 54, meeting(NOW + 2 * HOUR))  # begins as it ends
        long = Occurrence("2026-12-01", "12:00", NOW - 3 * HOUR + 1, NOW + 1)
        await add(tx, 55, long)
        found = await timetable.appointments_of_therapist(tx, BEN, NOW, NOW + 2 * HOUR)
        assert [(entry.appointment.id, entry.code) for entry in found] == [
            (55, "A7"),
            (52, "A7"),
            (53, "B2"),
        ]
        assert [(entry.checkin_state, entry.answered) for entry in found] == [(None, False)] * 3


async def test_a_pair_that_is_over_has_nothing_to_come(db: Database) -> None:
    async with writing(db) as tx:
        await add_rule(tx, 1)
        await add_rule(tx, 2, pair_id=B2)
        await add(tx, 51, meeting(NOW - HOUR))
        await add(tx, 52, meeting(NOW + HOUR))
        await add(tx, 53, meeting(NOW + 2 * HOUR, "2026-12-08"), rule_id=1)
        await add(tx, 54, meeting(NOW + HOUR), pair_id=B2)
        await timetable.clear_timetable(tx, A7, NOW)
        found = await timetable.appointments_of_therapist(tx, BEN, 0, NOW * 2)
        assert {e.appointment.id: e.appointment.state for e in found} == {
            51: "planned",
            52: "cancelled",
            53: "cancelled",
            54: "planned",
        }
        assert await rules.open_rules_of_pair(tx, A7) == []
        assert len(await rules.open_rules_of_pair(tx, B2)) == 1


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        (
            "SELECT rule.*, pair.code FROM rule JOIN pair ON pair.id = rule.pair_id"
            " WHERE rule.closed_at IS NULL AND rule.planned_until_on < '2026-12-08'"
            " ORDER BY rule.planned_until_on LIMIT 9",
            "rule_open",
        ),
        (
            "SELECT appointment.* FROM pair JOIN appointment ON appointment.pair_id = pair.id"
            " WHERE pair.therapist_id = 11 AND appointment.starts_at >= 1"
            " AND appointment.starts_at < 2",
            "appointment_of_pair",
        ),
    ],
)
async def test_the_frequent_questions_have_their_index(db: Database, sql: str, index: str) -> None:
    async with reading(db) as tx:
        plan = " ".join(row["detail"] for row in await tx.all("EXPLAIN QUERY PLAN " + sql))
    assert index in plan
    assert "SCAN" not in plan
