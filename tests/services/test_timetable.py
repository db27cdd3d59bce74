"""The timetable in a real database: Ben and Dana are therapists; Anna (A7) and Cora (B2) are Ben's.

The rules under test:
 1. Nobody touches what is another therapist's.
 2. A second tap changes nothing.
 3. A replaced rule runs until its successor starts; what has begun is never cancelled.
 4. A check-in with answers is left alone; one without is withdrawn with its messages.
 5. Planning makes each appointment once, also after a long pause, and not for pairs that stopped.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from bot.config import Settings, load
from bot.core.draft import Draft
from bot.core.errors import Refused, Repeated
from bot.core.timetable import Appointment, Note, to_utc
from bot.services.planning import materialise
from bot.services.timetable import Timetable
from bot.store import pairs, people
from bot.store.database import Database, Row, UpdateInHand, current_update
from bot.store.migrate import migrate
from bot.store.vault import Vault
from tests.transactions import reading, writing

ZONE = "Europe/Berlin"
HOUR, DAY = 3_600_000, 86_400_000
BEN, DANA, ANNA, CORA = 11, 12, 21, 22
A7, B2, DANAS = 31, 32, 33

CONFIG = """
[telegram]
token = "123456789:AAHfakefakefakefakefakefakefakefake"
[practice]
name = "Lindenhof"
timezone = "Europe/Berlin"
admins = [4001]
[safety]
text = "Call 112, or Dana at the practice."
[privacy]
feedback_in_clinical_record = true
contact = "Dana, at the front desk"
"""

TUESDAYS = Draft("2026-12-01", "15:00", 50, "weekly")
THURSDAYS = Draft("2026-12-03", "09:00", 50, "weekly")
ONCE = Draft("2026-12-02", "11:00", 50, "once")


def at(on: str, local: str, zone: str = ZONE) -> int:
    return to_utc(on, local, zone)


@dataclass
class MovableClock:
    at: int

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.at / 1000

    async def sleep(self, seconds: float) -> None:
        self.at += round(seconds * 1000)


@dataclass
class SeededIds:
    random: Random = field(default_factory=lambda: Random(7))

    def new(self) -> int:
        return self.random.randrange(1, 2**63)

    def secret(self, size: int) -> str:
        return "".join(self.random.choice("abcdefghij") for _ in range(size))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG, encoding="utf-8")
    path.chmod(0o600)
    return load(path)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(at("2026-11-24", "10:00"))


@pytest.fixture
async def db(tmp_path: Path, clock: MovableClock) -> AsyncIterator[Database]:
    database = await Database.open(tmp_path / "rapport.db", Vault(os.urandom(32)), clock.now)
    await migrate(database, clock.now())
    async with writing(database) as tx:
        for person_id, name in ((BEN, "Ben"), (DANA, "Dana"), (ANNA, "Anna"), (CORA, "Cora")):
            await people.add_person(tx, person_id, 5000 + person_id, name, None, clock.now())
        for therapist_id in (BEN, DANA):
            await people.make_therapist(tx, therapist_id, clock.now())
        for pair_id, therapist_id, client_id, code in (
            (A7, BEN, ANNA, "A7"),
            (B2, BEN, CORA, "B2"),
            (DANAS, DANA, CORA, "A7"),
        ):
            await pairs.add_pair(tx, pair_id, therapist_id, code, clock.now())
            await pairs.join_pair(tx, pair_id, client_id, clock.now())
            await pairs.confirm_pair(tx, pair_id, therapist_id, client_id, clock.now())
            await pairs.consent(tx, pair_id, client_id, "1", clock.now())
    yield database
    await database.close()


@pytest.fixture
def timetable(db: Database, clock: MovableClock, settings: Settings) -> Timetable:
    return Timetable(db, clock, SeededIds(), settings)


async def rows(db: Database, sql: str, **values: object) -> list[Row]:
    async with reading(db) as tx:
        return await tx.all(sql, **values)


async def run(db: Database, sql: str, **values: object) -> None:
    async with writing(db) as tx:
        await tx.run(sql, **values)


async def dates(db: Database, pair_id: int = A7, state: str = "planned") -> list[str]:
    """List a pair's appointments in a state as `2026-12-01 15:00`."""
    found = await rows(
        db,
        "SELECT local_on, local_time FROM appointment WHERE pair_id = :pair_id AND state = :state"
        " ORDER BY starts_at",
        pair_id=pair_id,
        state=state,
    )
    return [f"{row['local_on']} {row['local_time']}" for row in found]


async def acts(db: Database) -> list[str]:
    return [row["act"] for row in await rows(db, "SELECT act FROM audit ORDER BY rowid")]


async def everything(db: Database) -> list[tuple[object, ...]]:
    """Give all that the timetable writes to, for comparing before with after."""
    tables = ("rule", "appointment", "checkin", "message", "audit")
    return [
        (table, *row)
        for table in tables
        for row in await rows(db, f"SELECT * FROM {table} ORDER BY id")
    ]


async def the_appointment(timetable: Timetable, draft: Draft = ONCE) -> Appointment:
    """Confirm a draft for Anna and give its (first) appointment."""
    await timetable.confirm(BEN, A7, draft)
    return (await timetable.upcoming(BEN, A7))[0].appointment


async def asked(db: Database, appointment_id: int, *, answered: bool = False) -> int:
    """Put Anna's open check-in about an appointment there, with its reminder queued."""
    checkin_id = 900 + appointment_id % 90
    await run(
        db,
        "INSERT INTO checkin (id, pair_id, appointment_id, kind, instrument, instrument_version,"
        " language, consent_version, state, known, planned_at, due_at, sent_at, first_answer_at,"
        " closes_at) VALUES (:id, :pair, :appointment, 'session', 'session-alliance', 1, 'en', '1',"
        " 'open', x'00', 1, 1, 1, :first, 9000000000000)",
        id=checkin_id,
        pair=A7,
        appointment=appointment_id,
        first=1 if answered else None,
    )
    for kind, state in (("prompt", "sent"), ("reminder", "queued")):
        await run(
            db,
            "INSERT INTO message (id, kind, subject_id, person_id, pair_id, state, made_at,"
            " planned_at, due_at, expires_at) VALUES (:id, :kind, :subject, :person, :pair,"
            " :state, 1, 1, 1, 9000000000000)",
            id=checkin_id * 10 + len(kind),
            kind=kind,
            subject=checkin_id,
            person=ANNA,
            pair=A7,
            state=state,
        )
    return checkin_id


async def checkin_and_messages(db: Database) -> tuple[str, dict[str, tuple[str, str | None]]]:
    (checkin,) = await rows(db, "SELECT state FROM checkin")
    found = await rows(db, "SELECT kind, state, reason FROM message")
    return checkin["state"], {row["kind"]: (row["state"], row["reason"]) for row in found}


# --- preview -------------------------------------------------------------------------------


async def test_a_typed_line_is_previewed_and_nothing_is_written(
    timetable: Timetable, db: Database
) -> None:
    before = await everything(db)
    preview = await timetable.draft(BEN, "a7 2026-12-01 15:00 weekly")
    assert (preview.pair_id, preview.code, preview.draft) == (A7, "A7", TUESDAYS)
    assert preview.timezone == ZONE
    assert [o.local_on for o in preview.occurrences] == ["2026-12-01", "2026-12-08", "2026-12-15"]
    assert preview.clashes == ()
    assert preview.replaceable == ()
    assert await everything(db) == before


async def test_the_same_code_means_another_pair_for_another_therapist(
    timetable: Timetable,
) -> None:
    assert (await timetable.draft(DANA, "A7 2026-12-01 15:00 weekly")).pair_id == DANAS
    with pytest.raises(Refused, match="code_unknown"):
        await timetable.draft(DANA, "B2 2026-12-01 15:00 weekly")


async def test_the_therapists_own_zone_wins_over_the_practices(
    timetable: Timetable, db: Database
) -> None:
    await run(db, "UPDATE person SET timezone = 'America/New_York' WHERE id = :id", id=BEN)
    preview = await timetable.draft(BEN, "A7 2026-12-01 15:00 weekly")
    assert preview.occurrences[0].starts_at == at("2026-12-01", "15:00", "America/New_York")
    await timetable.confirm(BEN, A7, TUESDAYS)
    (rule,) = await timetable.open_rules(BEN, A7)
    assert rule.rule.timezone == "America/New_York"


async def test_the_preview_tells_of_clocks_that_change(
    timetable: Timetable, clock: MovableClock
) -> None:
    clock.at = at("2026-10-14", "10:00")
    preview = await timetable.preview(BEN, A7, Draft("2026-10-15", "15:00", 50, "weekly"))
    assert [o.note for o in preview.occurrences] == [
        None,
        None,
        Note("clocks_change", "2026-10-25", "15:00"),
    ]


async def test_the_preview_names_clashes_also_beyond_what_is_planned(
    timetable: Timetable,
) -> None:
    await timetable.confirm(BEN, B2, Draft("2026-12-01", "15:30", 50, "weekly"))
    await timetable.confirm(BEN, B2, Draft("2026-12-22", "14:30", 30, "once"))
    preview = await timetable.preview(BEN, A7, Draft("2026-12-01", "15:00", 50, "fortnightly"))
    assert [(c.occurrence.local_on, c.code, c.starts_at) for c in preview.clashes] == [
        ("2026-12-01", "B2", at("2026-12-01", "15:30")),  # has its appointment
        ("2026-12-15", "B2", at("2026-12-15", "15:30")),  # follows from the rule
        ("2026-12-29", "B2", at("2026-12-29", "15:30")),
    ]
    touching = await timetable.preview(BEN, A7, Draft("2026-12-01", "16:20", 50, "weekly"))
    assert touching.clashes == ()
    # What stands in Dana's calendar is Dana's business, even with the same client.
    assert (await timetable.preview(DANA, DANAS, TUESDAYS)).clashes == ()


async def test_the_preview_offers_what_may_be_replaced_and_says_what_falls(
    timetable: Timetable,
) -> None:
    await timetable.confirm(BEN, A7, TUESDAYS)
    preview = await timetable.preview(BEN, A7, Draft("2026-12-03", "09:00", 50, "weekly"))
    (offer,) = preview.replaceable
    assert (offer.kept.rule.weekday, offer.kept.rule.local_time) == (1, "15:00")
    assert [falls.local_on for falls in offer.falling] == ["2026-12-08"]
    assert (await timetable.preview(BEN, A7, ONCE)).replaceable == ()


# --- confirm -------------------------------------------------------------------------------


async def test_confirming_a_rule_makes_its_appointments_a_fortnight_ahead(
    timetable: Timetable, db: Database
) -> None:
    confirmed = await timetable.confirm(BEN, A7, TUESDAYS)
    assert confirmed.changed
    assert await dates(db) == ["2026-12-01 15:00", "2026-12-08 15:00"]
    assert await acts(db) == ["rule made"]
    (row,) = await rows(db, "SELECT actor_id, object_kind FROM audit")
    assert (row["actor_id"], row["object_kind"]) == (BEN, "rule")


@pytest.mark.parametrize("draft", [TUESDAYS, ONCE, Draft("2026-12-01", "15:00", 50, "fortnightly")])
async def test_confirming_twice_changes_nothing_twice(
    timetable: Timetable, db: Database, draft: Draft
) -> None:
    first = await timetable.confirm(BEN, A7, draft)
    before = await everything(db)
    second = await timetable.confirm(BEN, A7, draft)
    assert (first.changed, second.changed) == (True, False)
    assert second.occurrences == first.occurrences
    assert await everything(db) == before


async def test_replacing_twice_changes_nothing_twice(timetable: Timetable, db: Database) -> None:
    await timetable.confirm(BEN, A7, TUESDAYS)
    (old,) = await timetable.open_rules(BEN, A7)
    first = await timetable.confirm(BEN, A7, THURSDAYS, replaces=old.id)
    assert first.replaced == old
    before = await everything(db)
    assert not (await timetable.confirm(BEN, A7, THURSDAYS, replaces=old.id)).changed
    assert await everything(db) == before


async def test_a_rule_that_would_replace_itself_stays(timetable: Timetable, db: Database) -> None:
    await timetable.confirm(BEN, A7, TUESDAYS)
    (rule,) = await timetable.open_rules(BEN, A7)
    before = await everything(db)
    assert not (await timetable.confirm(BEN, A7, TUESDAYS, replaces=rule.id)).changed
    assert await everything(db) == before


async def test_the_same_update_delivered_twice_is_repeated(
    timetable: Timetable, db: Database
) -> None:
    for delivered in (1, 2):
        token = current_update.set(UpdateInHand(77))
        try:
            if delivered == 1:
                await timetable.confirm(BEN, A7, ONCE)
            else:
                with pytest.raises(Repeated):
                    await timetable.confirm(BEN, A7, ONCE)
        finally:
            current_update.reset(token)
    assert await dates(db) == ["2026-12-02 11:00"]


async def test_a_pair_may_meet_twice_a_week(timetable: Timetable, db: Database) -> None:
    await timetable.confirm(BEN, A7, TUESDAYS)
    await timetable.confirm(BEN, A7, THURSDAYS)
    assert len(await timetable.open_rules(BEN, A7)) == 2
    assert await dates(db) == ["2026-12-01 15:00", "2026-12-03 09:00", "2026-12-08 15:00"]


async def test_two_rules_at_one_hour_are_refused_unless_one_replaces_the_other(
    timetable: Timetable, db: Database
) -> None:
    await timetable.confirm(BEN, A7, TUESDAYS)
    longer = Draft("2026-12-08", "15:00", 80, "weekly")
    before = await everything(db)
    with pytest.raises(Refused, match="rule_there") as refused:
        await timetable.confirm(BEN, A7, longer)
    assert refused.value.facts == {"code": "A7", "weekday": 1, "time": "15:00"}
    assert await everything(db) == before
    (old,) = await timetable.open_rules(BEN, A7)
    await timetable.confirm(BEN, A7, longer, replaces=old.id)
    found = await rows(
        db,
        "SELECT local_on, ends_at - starts_at AS ms FROM appointment WHERE state = 'planned'"
        " ORDER BY local_on",
    )
    assert [(row["local_on"], row["ms"] // 60_000) for row in found] == [
        ("2026-12-01", 50),
        ("2026-12-08", 80),
    ]


async def test_a_replaced_rule_runs_until_its_successor_starts(
    timetable: Timetable, db: Database, clock: MovableClock
) -> None:
    await timetable.confirm(BEN, A7, TUESDAYS)
    (old,) = await timetable.open_rules(BEN, A7)
    in_january = Draft("2027-01-07", "09:00", 50, "weekly")
    confirmed = await timetable.confirm(BEN, A7, in_january, replaces=old.id)
    assert confirmed.cancelled == ()
    tuesdays = [f"{on} 15:00" for on in ("2026-12-01", "2026-12-08", "2026-12-15", "2026-12-22")]
    tuesdays += ["2026-12-29 15:00", "2027-01-05 15:00"]
    assert await dates(db) == tuesdays
    clock.at = at("2026-12-30", "10:00")
    assert await timetable.plan()
    assert await dates(db) == [*tuesdays, "2027-01-07 09:00"]


async def test_replacing_cancels_what_was_to_come_and_leaves_what_was(
    timetable: Timetable, db: Database, clock: MovableClock
) -> None:
    await timetable.confirm(BEN, A7, TUESDAYS)
    clock.at = at("2026-12-01", "15:10")  # the first one is going on
    (old,) = await timetable.open_rules(BEN, A7)
    later_today = Draft("2026-12-01", "18:00", 50, "weekly")
    confirmed = await timetable.confirm(BEN, A7, later_today, replaces=old.id)
    assert [c.local_on for c in confirmed.cancelled] == ["2026-12-08"]
    assert "2026-12-01 15:00" in await dates(db)
    assert await dates(db, state="cancelled") == ["2026-12-08 15:00"]
    assert await acts(db) == ["rule made", "rule closed", "rule made"]


@pytest.mark.parametrize("whose", ["nobody's", "Dana's", "Cora's"])
async def test_only_an_open_rule_of_this_pair_can_be_replaced(
    timetable: Timetable, db: Database, whose: str
) -> None:
    await timetable.confirm(DANA, DANAS, TUESDAYS)
    await timetable.confirm(BEN, B2, TUESDAYS)
    (danas,) = await timetable.open_rules(DANA, DANAS)
    (coras,) = await timetable.open_rules(BEN, B2)
    before = await everything(db)
    replaces = {"nobody's": 404, "Dana's": danas.id, "Cora's": coras.id}[whose]
    with pytest.raises(Refused, match="stale_button"):
        await timetable.confirm(BEN, A7, THURSDAYS, replaces=replaces)
    assert await everything(db) == before


async def test_a_session_just_held_may_be_entered(timetable: Timetable, db: Database) -> None:
    await timetable.confirm(BEN, A7, Draft("2026-11-24", "08:30", 50, "weekly"))
    assert await dates(db) == ["2026-11-24 08:30", "2026-12-01 08:30", "2026-12-08 08:30"]


async def test_a_confirmation_that_comes_too_late_is_refused(
    timetable: Timetable, clock: MovableClock, db: Database
) -> None:
    clock.at = at("2026-12-02", "03:01")
    with pytest.raises(Refused, match="schedule_past") as refused:
        await timetable.confirm(BEN, A7, TUESDAYS)
    assert refused.value.facts["on"] == "2026-12-01"
    assert await dates(db) == []


async def test_one_pair_is_not_put_twice_into_one_hour(timetable: Timetable, db: Database) -> None:
    await timetable.confirm(BEN, A7, TUESDAYS)
    for draft in (
        Draft("2026-12-01", "15:30", 50, "once"),
        Draft("2026-12-08", "15:00", 50, "once"),  # the rule's own
        Draft("2027-02-02", "15:30", 50, "once"),  # only the rule knows of it yet
    ):
        with pytest.raises(Refused, match="appointment_there") as refused:
            await timetable.confirm(BEN, A7, draft)
        facts = {"code": "A7", "on": draft.local_on, "time": draft.local_time}
        assert refused.value.facts == facts
    assert (await timetable.confirm(BEN, B2, Draft("2026-12-01", "15:30", 50, "once"))).changed


@pytest.mark.parametrize(
    ("state", "reason"),
    [("stopped", "pair_stopped"), ("ended", "pair_over"), ("erased", "pair_over")],
)
async def test_nothing_is_scheduled_for_a_pair_that_stopped_or_is_over(
    timetable: Timetable, db: Database, state: str, reason: str
) -> None:
    appointment = await the_appointment(timetable)
    await run(db, "UPDATE pair SET state = :state WHERE id = :id", state=state, id=A7)
    attempts: list[Callable[[], Awaitable[object]]] = [
        lambda: timetable.draft(BEN, "A7 2026-12-01 15:00 weekly"),
        lambda: timetable.preview(BEN, A7, TUESDAYS),
        lambda: timetable.confirm(BEN, A7, TUESDAYS),
        lambda: timetable.move(BEN, appointment.id, Draft("2026-12-04", "11:00", 50, "once")),
    ]
    for attempt in attempts:
        with pytest.raises(Refused, match=reason) as refused:
            await attempt()
        assert refused.value.facts == {"code": "A7"}
    assert await dates(db) == ["2026-12-02 11:00"]


async def test_a_pair_whose_client_has_not_joined_yet_can_be_scheduled(
    timetable: Timetable, db: Database
) -> None:
    await run(db, "UPDATE pair SET state = 'invited' WHERE id = :id", id=A7)
    await timetable.confirm(BEN, A7, TUESDAYS)
    assert len(await dates(db)) == 2


# --- cancel, move, did not meet -------------------------------------------------------------


async def test_nobody_touches_another_therapists_timetable(
    timetable: Timetable, db: Database
) -> None:
    appointment = await the_appointment(timetable)
    await timetable.confirm(BEN, A7, TUESDAYS)
    (rule,) = await timetable.open_rules(BEN, A7)
    before = await everything(db)
    moved = Draft("2026-12-04", "11:00", 50, "once")
    attempts: list[tuple[str, Callable[[], Awaitable[object]]]] = [
        ("pair_unknown", lambda: timetable.preview(DANA, A7, TUESDAYS)),
        ("pair_unknown", lambda: timetable.confirm(DANA, A7, TUESDAYS)),
        ("pair_unknown", lambda: timetable.confirm(DANA, A7, THURSDAYS, replaces=rule.id)),
        ("pair_unknown", lambda: timetable.confirm(DANA, A7, ONCE)),
        ("pair_unknown", lambda: timetable.open_rules(DANA, A7)),
        ("appointment_unknown", lambda: timetable.cancel(DANA, appointment.id)),
        ("appointment_unknown", lambda: timetable.did_not_meet(DANA, appointment.id)),
        ("appointment_unknown", lambda: timetable.move(DANA, appointment.id, moved)),
        (
            "appointment_unknown",
            lambda: timetable.draft_move(DANA, appointment.id, "2026-12-04 11:00"),
        ),
        ("appointment_unknown", lambda: timetable.appointment(DANA, appointment.id)),
        ("rule_unknown", lambda: timetable.close_rule(DANA, rule.id)),
        ("appointment_unknown", lambda: timetable.cancel(BEN, 404)),
    ]
    for reason, attempt in attempts:
        with pytest.raises(Refused) as refused:
            await attempt()
        assert refused.value.reason == reason
        assert refused.value.facts == {}
    assert await timetable.upcoming(DANA) == ()
    assert await everything(db) == before


async def test_cancelling_twice_changes_nothing_twice(timetable: Timetable, db: Database) -> None:
    appointment = await the_appointment(timetable)
    first = await timetable.cancel(BEN, appointment.id)
    before = await everything(db)
    second = await timetable.cancel(BEN, appointment.id)
    assert (first.changed, second.changed) == (True, False)
    assert second.entry.appointment.state == "cancelled"
    assert await everything(db) == before
    assert await acts(db) == ["appointment made", "appointment cancelled"]


async def test_what_has_begun_is_not_cancelled_but_may_not_have_taken_place(
    timetable: Timetable, clock: MovableClock, db: Database
) -> None:
    appointment = await the_appointment(timetable)
    clock.at = appointment.starts_at
    with pytest.raises(Refused, match="appointment_begun") as refused:
        await timetable.cancel(BEN, appointment.id)
    assert refused.value.facts == {"code": "A7", "on": "2026-12-02", "time": "11:00"}
    change = await timetable.did_not_meet(BEN, appointment.id)
    assert (change.changed, change.entry.appointment.state) == (True, "did_not_meet")
    before = await everything(db)
    assert not (await timetable.did_not_meet(BEN, appointment.id)).changed
    assert await everything(db) == before
    with pytest.raises(Refused, match="appointment_changed") as changed:
        await timetable.cancel(BEN, appointment.id)
    assert changed.value.facts["state"] == "did_not_meet"


async def test_a_cancelled_appointment_of_a_rule_does_not_come_back(
    timetable: Timetable, clock: MovableClock, db: Database
) -> None:
    appointment = await the_appointment(timetable, TUESDAYS)
    await timetable.cancel(BEN, appointment.id)
    clock.at += 7 * DAY
    assert await timetable.plan()
    assert await dates(db) == ["2026-12-08 15:00", "2026-12-15 15:00"]
    assert await dates(db, state="cancelled") == ["2026-12-01 15:00"]


async def test_an_unanswered_check_in_is_withdrawn_with_its_reminder(
    timetable: Timetable, clock: MovableClock, db: Database
) -> None:
    appointment = await the_appointment(timetable)
    clock.at = appointment.ends_at + HOUR
    await asked(db, appointment.id)
    change = await timetable.did_not_meet(BEN, appointment.id)
    assert (change.entry.checkin_state, change.entry.answered) == ("cancelled", False)
    assert await checkin_and_messages(db) == (
        "cancelled",
        {"prompt": ("sent", None), "reminder": ("dropped", "cancelled")},
    )
    (row,) = await rows(db, "SELECT closed_at FROM checkin")
    assert row["closed_at"] == clock.at


async def test_answers_stay_and_both_sides_are_stated(
    timetable: Timetable, clock: MovableClock, db: Database
) -> None:
    appointment = await the_appointment(timetable)
    clock.at = appointment.ends_at + HOUR
    await asked(db, appointment.id, answered=True)
    change = await timetable.did_not_meet(BEN, appointment.id)
    assert change.entry.appointment.state == "did_not_meet"
    assert (change.entry.checkin_state, change.entry.answered) == ("open", True)
    (entry,) = (await timetable.today(BEN)).entries
    assert entry == change.entry
    state, messages = await checkin_and_messages(db)
    assert state == "open"
    assert messages["reminder"] == ("dropped", "cancelled")


async def test_another_appointments_check_in_is_left_alone(
    timetable: Timetable, db: Database
) -> None:
    first = await the_appointment(timetable, TUESDAYS)
    second = (await timetable.upcoming(BEN, A7))[1].appointment
    await asked(db, first.id)
    await timetable.cancel(BEN, second.id)
    assert (await checkin_and_messages(db))[0] == "open"


async def test_moving_previews_then_moves_once(timetable: Timetable, db: Database) -> None:
    appointment = await the_appointment(timetable, TUESDAYS)
    preview = await timetable.draft_move(BEN, appointment.id, "2026-12-01 15:30")
    assert preview.moves == appointment
    assert preview.clashes == ()  # it is not in its own way
    assert preview.draft == Draft("2026-12-01", "15:30", 50, "once")
    first = await timetable.move(BEN, appointment.id, preview.draft)
    assert first.changed
    assert first.successor is not None
    assert first.entry.appointment.moved_to == first.successor.id
    before = await everything(db)
    second = await timetable.move(BEN, appointment.id, preview.draft)
    assert not second.changed
    assert second.successor == first.successor
    assert await everything(db) == before
    with pytest.raises(Refused, match="appointment_changed"):
        await timetable.move(BEN, appointment.id, ONCE)
    with pytest.raises(Refused, match="appointment_changed"):
        await timetable.draft_move(BEN, appointment.id, "2026-12-04 11:00")
    assert await dates(db) == ["2026-12-01 15:30", "2026-12-08 15:00"]
    assert await timetable.plan() is False  # the moved date is not made again
    assert await acts(db) == ["rule made", "appointment moved"]


async def test_moving_into_an_hour_that_is_taken_changes_nothing(
    timetable: Timetable, db: Database
) -> None:
    appointment = await the_appointment(timetable, TUESDAYS)
    before = await everything(db)
    with pytest.raises(Refused, match="appointment_there"):
        await timetable.move(BEN, appointment.id, Draft("2026-12-08", "15:30", 50, "once"))
    assert await everything(db) == before


@pytest.mark.parametrize("answered", [True, False])
async def test_a_moved_session_is_asked_about_again_only_if_nothing_was_answered(
    timetable: Timetable, clock: MovableClock, db: Database, answered: bool
) -> None:
    appointment = await the_appointment(timetable)
    clock.at = appointment.ends_at + HOUR
    await asked(db, appointment.id, answered=answered)
    change = await timetable.move(BEN, appointment.id, Draft("2026-12-04", "11:00", 50, "once"))
    assert change.successor is not None
    again = await timetable.move(BEN, change.successor.id, Draft("2026-12-07", "11:00", 50, "once"))
    assert again.successor is not None
    found = await rows(
        db,
        "SELECT asked, not_asked_reason FROM appointment WHERE id IN (:one, :two)",
        one=change.successor.id,
        two=again.successor.id,
    )
    wanted = ("not_asked", "answered_before_move") if answered else (None, None)
    assert [(row["asked"], row["not_asked_reason"]) for row in found] == [wanted, wanted]
    assert (await checkin_and_messages(db))[0] == ("open" if answered else "cancelled")


# --- rules, lists, planning -----------------------------------------------------------------


async def test_closing_a_rule_cancels_what_is_to_come_once(
    timetable: Timetable, clock: MovableClock, db: Database
) -> None:
    await timetable.confirm(BEN, A7, TUESDAYS)
    await timetable.confirm(BEN, A7, ONCE)
    (rule,) = await timetable.open_rules(BEN, A7)
    clock.at = at("2026-12-01", "15:20")
    closed = await timetable.close_rule(BEN, rule.id)
    assert [c.local_on for c in closed.cancelled] == ["2026-12-08"]
    assert await dates(db) == ["2026-12-01 15:00", "2026-12-02 11:00"]
    before = await everything(db)
    again = await timetable.close_rule(BEN, rule.id)
    assert (closed.changed, again.changed, again.cancelled) == (True, False, ())
    clock.at += 30 * DAY
    assert await timetable.plan() is False
    assert await everything(db) == before


async def test_today_is_the_therapists_day(
    timetable: Timetable, clock: MovableClock, db: Database
) -> None:
    await timetable.confirm(BEN, A7, Draft("2026-12-01", "23:30", 60, "once"))
    await timetable.confirm(BEN, B2, Draft("2026-12-02", "00:10", 50, "once"))
    await timetable.confirm(BEN, B2, Draft("2026-12-02", "09:00", 50, "once"))
    gone = (await timetable.upcoming(BEN, B2))[1]
    await timetable.cancel(BEN, gone.appointment.id)
    clock.at = at("2026-12-02", "08:00")
    today = await timetable.today(BEN)
    assert (today.on, today.timezone) == ("2026-12-02", ZONE)
    assert [(e.code, e.appointment.local_time) for e in today.entries] == [("B2", "00:10")]
    assert (await timetable.today(DANA)).entries == ()
    clock.at = at("2026-12-02", "05:00")  # in New York it is still 1 December
    await run(db, "UPDATE person SET timezone = 'America/New_York' WHERE id = :id", id=BEN)
    assert [e.code for e in (await timetable.today(BEN)).entries] == ["A7", "B2"]


async def test_upcoming_lists_what_is_not_over_soonest_first(
    timetable: Timetable, clock: MovableClock
) -> None:
    await timetable.confirm(BEN, B2, Draft("2026-12-01", "09:00", 50, "once"))
    await timetable.confirm(BEN, A7, TUESDAYS)
    clock.at = at("2026-12-01", "15:20")
    entries = await timetable.upcoming(BEN)
    assert [e.appointment.local_on for e in entries] == ["2026-12-01", "2026-12-08"]
    assert len(await timetable.upcoming(BEN, limit=1)) == 1
    assert await timetable.upcoming(BEN, B2) == ()


async def test_planning_goes_on_day_by_day_and_makes_each_once(
    timetable: Timetable, clock: MovableClock, db: Database
) -> None:
    await timetable.confirm(BEN, A7, TUESDAYS)
    await timetable.confirm(BEN, B2, Draft("2026-11-26", "09:00", 50, "fortnightly"))
    assert await timetable.plan() is False
    worked = 0
    for _ in range(35):
        clock.at += DAY
        worked += await timetable.plan()
        assert await timetable.plan() is False
    assert worked == 5 + 3  # only when something is to be made
    assert await dates(db) == [
        f"{on} 15:00"
        for on in (
            *("2026-12-01", "2026-12-08", "2026-12-15", "2026-12-22", "2026-12-29"),
            *("2027-01-05", "2027-01-12"),
        )
    ]
    assert await dates(db, B2) == [
        f"{on} 09:00" for on in ("2026-11-26", "2026-12-10", "2026-12-24", "2027-01-07")
    ]


async def test_after_a_long_pause_no_appointment_is_missing(
    timetable: Timetable, clock: MovableClock, db: Database
) -> None:
    await timetable.confirm(BEN, A7, TUESDAYS)
    clock.at += 63 * DAY
    assert await timetable.plan()
    assert len(await dates(db)) == 11
    assert await timetable.plan() is False


async def test_planning_does_a_bounded_part_at_a_time(
    timetable: Timetable, clock: MovableClock, db: Database
) -> None:
    await timetable.confirm(BEN, A7, TUESDAYS)
    await timetable.confirm(BEN, B2, TUESDAYS)
    clock.at += 7 * DAY
    assert await timetable.plan(limit=1)
    assert len(await dates(db)) + len(await dates(db, B2)) == 5
    assert await timetable.plan(limit=1)
    assert len(await dates(db)) + len(await dates(db, B2)) == 6
    assert await timetable.plan(limit=1) is False


@pytest.mark.parametrize("state", ["stopped", "ended", "erased"])
async def test_planning_waits_for_a_pair_that_stopped_and_leaves_no_hole(
    timetable: Timetable, clock: MovableClock, db: Database, state: str
) -> None:
    await timetable.confirm(BEN, A7, TUESDAYS)
    await run(db, "UPDATE pair SET state = :state WHERE id = :id", state=state, id=A7)
    clock.at += 21 * DAY
    assert await timetable.plan() is False
    assert len(await dates(db)) == 2
    await run(db, "UPDATE pair SET state = 'active' WHERE id = :id", id=A7)
    assert await timetable.plan()
    assert len(await dates(db)) == 5


async def test_a_rule_that_is_closed_while_planning_is_left_alone(
    timetable: Timetable, clock: MovableClock, db: Database
) -> None:
    await timetable.confirm(BEN, A7, TUESDAYS)
    (stale,) = await timetable.open_rules(BEN, A7)
    clock.at += 7 * DAY
    await timetable.plan()
    async with writing(db) as tx:
        assert not await materialise(tx, timetable.ids, stale, "2027-02-01", clock.now())
    assert len(await dates(db)) == 3
