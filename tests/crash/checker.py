"""Judges what happened by Telegram's journal, by what people know, and by the database's rows.

It shares no rule with the program. The invariants, by name:

forgotten   An update that Telegram was told to forget is recorded in the database.
stored      What a person was shown as taken is stored, with the last value given.
unsaid      Nothing is stored that nobody said: what was said once counts once.
aside       Nothing is set aside that the program should have understood.
once        A prompt, a reminder and an acknowledgement arrive at most once.
pages       A page of a digest arrives at most three times, always under one number.
due         What was due ended by its expiry: messages, check-ins, ended appointments.
sending     After a start nothing is left that claims to be on its way.
recorded    What the outbox says of prompts and reminders is what happened.
counts      A digest's counts are those of its cut-off, whenever it was drawn.
final       A final state never changes again, whatever the time.
no-op       A restart changes no row.
apart       Nobody gets what is another's: buttons, words, codes.
whole       The database is intact, and the program ended only when it was made to.
loud        The log tells of no bug.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bot.demo.stage import Stage
from bot.views.buttons import read_id, write_id
from tests.crash.delivered import Delivered
from tests.crash.people import DISCLOSED, Ledger
from tests.crash.story import PARTIES
from tests.torture import Violation

#: Ids of handled updates are kept for 72 hours; one less leaves room for a sweep.
_IDS_KEPT_MS = 71 * 3_600_000
_BUGS = ("Traceback", "update set aside", "tick failed", "a lane broke", "answer failed",
         "rendering failed", "cannot be claimed", "cannot be made", "check-in cannot be",
         "cannot ask", "telling failed")  # fmt: skip
#: Where a message may go on from: what may arrive twice is owed again.
_GOES_ON = {("unknown", "queued"), ("unknown", "sending"), ("unknown", "sent"),
            ("unknown", "failed"), ("unknown", "dropped")}  # fmt: skip


def _copy_whole(database: Path, copy: Path) -> None:
    """Copy a database with its log; anew where somebody else has just moved the one into the other.

    Whoever closes it last does that, as the process that held the lock of `LongLock`.
    """
    log, copied = Path(f"{database}-wal"), Path(f"{copy}-wal")
    while True:
        copied.unlink(missing_ok=True)
        was_there = log.exists()
        shutil.copy(database, copy)
        with suppress(FileNotFoundError):
            shutil.copy(log, copied)
        if log.exists() == was_there == copied.exists():
            return


def dissected(database: Path) -> sqlite3.Connection:
    """Open a copy of what a dead life left, so that the next finds all as it was."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "left"
        _copy_whole(database, copy)
        db = sqlite3.connect(copy)
        db.row_factory = sqlite3.Row
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return db


@dataclass
class Checker:
    """Collects violations: at each death, at each step's end, and at the end of all.

    parties: client and therapist of each code. weekly: whether therapists mark a client once a week
    by the calendar; otherwise somebody else must count what clients are told.
    """

    stage: Stage
    ledger: Ledger
    parties: Mapping[str, tuple[str, str]] = field(default_factory=lambda: PARTIES)
    weekly: bool = True
    violations: list[Violation] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    _updates: dict[int, int] = field(default_factory=dict)
    _reported: set[int] = field(default_factory=set)
    _read: int = 0
    _finals: dict[tuple[str, int], str] = field(default_factory=dict)
    _expected: dict[int, tuple[int, int]] = field(default_factory=dict)

    def report(self, invariant: str, what: object) -> None:
        self.violations.append(Violation(invariant, str(what)))

    def is_restored(self) -> None:
        """Take note that an older database is there now: what it does not know binds nobody."""
        self._updates.clear()
        self._finals.clear()
        self._read = len(self.stage.emulator.journal)

    # At a death.

    async def dissect(self, struck: str) -> None:
        """Look at what a dead life left behind."""
        with closing(dissected(self.stage.settings.database.path)) as db:
            self._forgotten(db, f"killed at {struck}")
            on_its_way = db.execute("SELECT 1 FROM message WHERE state = 'sending'").fetchone()
            self.counts["kills with a message on its way"] += on_its_way is not None
            self.counts["kills with updates in hand"] += self.stage.emulator.pending > 0

    def _forgotten(self, db: sqlite3.Connection, when: str) -> None:
        since = self.stage.clock.now() - _IDS_KEPT_MS
        told = {id for id, at in self._told().items() if at > since}
        stored = {id for (id,) in db.execute("SELECT update_id FROM seen_update")}
        for lost in told - stored:
            self.report("forgotten", f"update {lost}, {when}")
            self._reported.add(lost)  # once is enough

    def _told(self) -> dict[int, int]:
        """Give the updates that Telegram was told to forget, and when they were made, or brought.

        By polling, it is told by the offset of the next poll; by webhook, by a 2xx.
        """
        journal = self.stage.emulator.journal
        by_webhook = self.stage.way == "webhook"
        for entry in journal.read(self._read, kind="delivery" if by_webhook else "update"):
            if not by_webhook or entry.done:
                self._updates[entry.params["update_id"]] = entry.at
        self._read = len(journal)
        waiting = [] if by_webhook else self.stage.emulator.world.queue.waiting
        return {id: at for id, at in self._updates.items() if id not in {*waiting, *self._reported}}

    # At a step's end; the bot has nothing to do.

    async def look(self) -> None:
        """Look at the rows while the bot rests."""
        path = self.stage.settings.database.path
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            db.execute("BEGIN")
            self._forgotten(db, "at rest")
            for row in db.execute("SELECT id, kind FROM message WHERE state = 'sending'"):
                self.report("sending", f"{row['kind']} {row['id']}")
            self._stay_final(db)
            for digest in db.execute("SELECT * FROM digest").fetchall():
                if digest["id"] not in self._expected:
                    self._expected[digest["id"]] = _counted(db, digest)

    def _stay_final(self, db: sqlite3.Connection) -> None:
        still = {
            (table, id): state
            for table in ("message", "checkin")
            for id, state in db.execute(f"SELECT id, state FROM {table}").fetchall()
        }
        now = {
            key: state for key, state in still.items() if state not in ("queued", "sending", "open")
        }
        for key, was in self._finals.items():
            state = still.get(key, was)  # what is erased is gone
            if state != was and not (key[0] == "message" and (was, state) in _GOES_ON):
                self.report("final", f"{key[0]} {key[1]} was {was} and is {state}")
        self._finals = now

    # At the end of all; the bot has stopped.

    def judge(self, opened: Callable[[sqlite3.Row], object], options: Options) -> None:
        """Judge everything. opened: gives the value of a sealed answer."""
        try:
            self._judge(opened, options)
        except sqlite3.DatabaseError as problem:
            self.report("whole", problem)
        self._log()

    def _judge(self, opened: Callable[[sqlite3.Row], object], options: Options) -> None:
        with closing(dissected(self.stage.settings.database.path)) as db:
            got = Delivered.of(self.stage.emulator.journal.read(kind="call"))
            if not self.weekly:
                got.told.clear()
            for line in got.too_often():
                self.report("once", line)
            for line in got.bad_pages():
                self.report("pages", line)
            for line in got.mixed(self._therapists(), self._owners(db)):
                self.report("apart", line)
            self._told_counts(got)
            self._due(db)
            self._recorded(db, got)
            self._stored(db, opened, options)
            for table in ("foreign_key_check", "integrity_check"):
                for row in db.execute(f"PRAGMA {table}"):
                    if row[0] != "ok":
                        self.report("whole", tuple(row))
            for row in db.execute("SELECT reason FROM set_aside"):
                self.report("aside", row["reason"])

    def _therapists(self) -> dict[int, frozenset[str]]:
        """Which chat may be shown which codes."""
        codes: defaultdict[str, set[str]] = defaultdict(set)
        for code, (_, therapist) in self.parties.items():
            codes[therapist].add(code)
        chats = {person.name: person.id for person in self.stage.emulator.people.values()}
        return {chats[name]: frozenset(own) for name, own in codes.items() if name in chats}

    def _owners(self, db: sqlite3.Connection) -> dict[str, frozenset[int]]:
        """Whose chats each check-in belongs into, by the pair's code."""
        chats = {person.name: person.id for person in self.stage.emulator.people.values()}
        owners = {code: chats[name] for code, (name, _) in self.parties.items() if name in chats}
        rows = db.execute(
            "SELECT checkin.id, code FROM checkin JOIN pair ON pair.id = checkin.pair_id"
        )
        return {write_id(row["id"]): frozenset({owners[row["code"]]}) for row in rows}

    def _told_counts(self, got: Delivered) -> None:
        for digest, told in got.counts:
            expected = self._expected.get(read_id(digest))
            if expected is not None and told != expected:
                self.report("counts", f"digest {digest} says {told}, and it was {expected}")

    def _due(self, db: sqlite3.Connection) -> None:
        now = self.stage.clock.now()
        overdue = (
            "SELECT kind AS what, id FROM message"
            " WHERE state IN ('queued', 'sending') AND expires_at <= :now",
            "SELECT kind AS what, id FROM checkin WHERE state = 'open' AND closes_at <= :now",
            "SELECT 'appointment' AS what, id FROM appointment WHERE asked IS NULL"
            " AND state = 'planned' AND ends_at + 3600000 <= :now",
        )
        for sql in overdue:
            for row in db.execute(sql, {"now": now}):
                self.report("due", f"{row['what']} {row['id']}")

    def _recorded(self, db: sqlite3.Connection, got: Delivered) -> None:
        arrived = {
            "prompt": {checkin for _, checkin in got.prompts},
            "reminder": {checkin for _, checkin in got.reminders},
        }
        gone = {checkin for checkins in self.ledger.erased.values() for checkin in checkins}
        for row in db.execute("SELECT * FROM message WHERE kind IN ('prompt', 'reminder')"):
            subject = write_id(row["subject_id"])
            has_arrived = subject in arrived[row["kind"]]
            if row["state"] == "unknown" or subject in gone:
                continue
            if has_arrived != (row["state"] == "sent"):
                self.report("recorded", f"{row['kind']} is {row['state']}, arrived: {has_arrived}")

    def _stored(
        self, db: sqlite3.Connection, opened: Callable[[sqlite3.Row], object], options: Options
    ) -> None:
        rows = db.execute(
            "SELECT answer.*, checkin.pair_id, pair.data_key FROM answer"
            " JOIN checkin ON checkin.id = answer.checkin_id JOIN pair ON pair.id = checkin.pair_id"
        ).fetchall()
        stored = {
            (write_id(row["checkin_id"]), row["item"]): (opened(row), row["disclosure"])
            for row in rows
        }
        for place in stored.keys() - self.ledger.touched:
            self.report("unsaid", f"{place} is {stored[place]}")
        for line in broken_answers(self.ledger, stored, options):
            self.report("stored", line)
        states = {write_id(r["id"]): r["state"] for r in db.execute("SELECT * FROM checkin")}
        for checkin in self.ledger.unmet:
            if states.get(checkin) != "did_not_meet":
                self.report("stored", f"{checkin} did not meet, but is {states.get(checkin)}")
        told = {row["id"]: row for row in db.execute("SELECT * FROM acknowledgement")}
        marks = {(r["digest_id"], r["pair_id"]): r["kind"] for r in told.values()}
        for (digest, pair), kind in self.ledger.marks.items():
            # What is erased is gone with its marks.
            stands = marks.get((read_id(digest), read_id(pair)), kind)
            if stands != kind:
                self.report("stored", f"mark {digest} {pair} is {stands}, not {kind}")
        words = {"ok": "ok", "no": "rather_not"}
        for id, reply in self.ledger.replies.items():
            row = told.get(read_id(id))
            if row is not None and row["reply"] != words[reply]:
                self.report("stored", f"reply {id} is {row['reply']}, not {reply}")
        erased = {write_id(r["checkin_id"]) for r in rows}
        for name, checkins in self.ledger.erased.items():
            if erased & checkins:
                self.report("stored", f"{name} is not erased")

    def _log(self) -> None:
        folder = self.stage.settings.database.path.parent
        log = (folder / "bot.log").read_text("utf-8", "replace").splitlines()
        for line in {line for line in log if any(bug in line for bug in _BUGS)}:
            self.report("loud", line[-300:])


Options = Callable[[str], tuple[str, tuple[str, ...]]]
"""Gives an item's kind and its options."""


def rows_of(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """Give every row of a database at rest, but for when it was last seen at work."""
    with closing(dissected(database)) as db:
        tables = [
            name
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name != "practice"
        ]
        return {
            table: sorted((tuple(row) for row in db.execute(f"SELECT * FROM {table}")), key=repr)
            for table in tables
        }


def _counted(db: sqlite3.Connection, digest: sqlite3.Row) -> tuple[int, int]:
    """Count "answered of asked" of a digest by the rows' times, as of its cut-off."""
    from_at, cut_at = digest["from_at"], digest["cut_at"]
    rows = db.execute(
        "SELECT checkin.*, (SELECT count(*) FROM answer WHERE checkin_id = checkin.id"
        " AND value IS NOT NULL AND answered_at < :cut_at"
        " AND coalesce(disclosure, 'show') <> 'keep') AS given FROM checkin"
        " JOIN pair ON pair.id = checkin.pair_id WHERE pair.therapist_id = :therapist_id"
        " AND checkin.kind = 'session' AND checkin.state NOT IN ('cancelled', 'undeliverable')"
        " AND checkin.due_at <= :cut_at AND sent_at IS NOT NULL AND sent_at < :cut_at",
        {"therapist_id": digest["therapist_id"], "cut_at": cut_at},
    ).fetchall()
    answered = asked = 0
    for row in rows:
        completed_at, closed_at = row["completed_at"], row["closed_at"]
        if row["state"] == "did_not_meet" and closed_at < cut_at:
            continue
        if completed_at is not None and completed_at < cut_at:
            known_at = completed_at
            is_answered = row["given"] > 0
        else:
            # Nothing could be answered any more when its time was over.
            last, by_time = row["closes_at"] - 1, row["state"] != "did_not_meet"
            known_at = min(last, closed_at) if by_time and closed_at is not None else last
            is_answered = False
        if from_at <= known_at < cut_at:
            asked += 1
            answered += is_answered
    return answered, asked


def broken_answers(
    ledger: Ledger, stored: dict[tuple[str, str], tuple[object, str | None]], options: Options
) -> list[str]:
    """List answers that are not as their person was shown them last."""
    said = []
    for place, given in ledger.given.items():
        checkin, item = place[0], place[1].removesuffix(DISCLOSED)
        if (checkin, item) not in stored:
            said += [f"lost: {place} {given}"] if any(heard for _, heard in given) else []
            continue
        value, disclosure = stored[checkin, item]
        kind, names = options(item)
        if item != place[1]:
            value = disclosure
        elif kind == "choice" and value is not None:
            value = names.index(str(value))
        if value not in ledger.allowed(place):
            said.append(f"not the last: {place} is {value!r} of {given}")
    for place, picked in ledger.chips.items():
        _, names = options(place[1])
        value, _ = stored.get(place, ((), None))
        there = {names.index(option) for option in (value if isinstance(value, tuple) else ())}
        if not {o for o, heard in picked.items() if heard} <= there <= set(picked):
            said.append(f"chips: {place} are {there} of {picked}")
    for place, text in ledger.texts.items():
        value, _ = stored.get(place, (None, None))
        if value != text:
            said.append(f"text: {place} is {value!r}")
    return said
