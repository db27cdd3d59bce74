"""What a year should have looked like, worked out anew from the timetable and from what happened.

Shares no rule with the program: local time is read off the wall (`tests.properties.local_time`),
and what was due when follows from the promises of the documentation. Judged by the journal.

asked       Each session is asked about once, at its moment, or for a reason not at all.
reminded    One reminder, to who did not finish, at its moment.
nights      Nothing reaches a client within quiet hours, by the client's own clocks.
left alone  Nothing reaches who has paused, stopped, erased or blocked.
weekly      One digest for each therapist and local week, at its hour or at the start after it.
told        An acknowledgement is told once.
closed      A tap on what is over is refused; what is over has no buttons left.
queued      Nothing waits for ever.
bounded     What is swept stays small; the database grows with the answers alone.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

from bot.emulator import Journal
from tests.crash.checker import dissected
from tests.crash.delivered import Delivered
from tests.crash.people import acts_of
from tests.properties.local_time import Wall
from tests.torture import Violation
from tests.year.cast import FIRST_ON, MINUTES, ZONE, Part
from tests.year.course import HOUR, MINUTE, Course

_QUIET = ("21:00", "08:00")
_EPOCH_ON = date(1970, 1, 1)
_FRIDAY = timedelta(days=4)
#: Beyond what a day brings: the log is emptied at its size, the rows are swept at the next tick.
_WAL_AT_MOST = 16 * 1024 * 1024
_SEEN_KEPT_MS = 96 * HOUR

wall_of = cache(Wall)


@dataclass(frozen=True, slots=True)
class Question:
    """A check-in that should have been asked, when it was due and until when it is open."""

    arrives: int
    due: int
    closes: int


@dataclass
class Oracle:
    """Judges one course from its begin to its end. samples: one a day."""

    course: Course
    until: int
    samples: list[Sample]
    found: list[Violation] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def report(self, invariant: str, what: object) -> None:
        self.found.append(Violation(invariant, str(what)))

    def judge(self) -> None:
        """Judge everything; the program has stopped."""
        got = _Got.of(self.course.stage.emulator.journal)
        for part in self.course.cast.parts:
            chat = self.course.clients[part.name].phone.id
            questions = list(self._questions(part))
            self._asked(part, questions, got.prompts[chat])
            self._reminded(part, questions, got.prompts[chat], got.reminders[chat])
            self._nights(part, got.pushed(chat))
            self._left_alone(part, got, chat)
        for name, therapist in self.course.therapists.items():
            self._weekly(name, got.digests[therapist.phone.id])
        with closing(dissected(self.course.stage.settings.database.path)) as db:
            self._told(db, got)
            self._closed(db)
            self._queued(db)
        self._bounded(got)

    # When something should have come.

    def _questions(self, part: Part) -> Iterator[Question]:
        """List the questions of a pair, by its timetable and the caps."""
        last_on = _local_date(wall_of(ZONE), self.until) + timedelta(days=14)
        sessions = sorted(
            (wall_of(ZONE).first(on, slot.time), on)
            for slot in part.slots
            for on in slot.dates(last_on)
        )
        asked: list[date] = []
        for (start, on), (following, _) in pairwise(sessions):
            due = start + (MINUTES + 30) * MINUTE
            decided = self._up(due)
            if decided > self.until:
                return
            closes = min(due + 48 * HOUR, following - HOUR)
            monday = on - timedelta(days=on.weekday())
            week = sum(monday <= other <= monday + timedelta(days=6) for other in asked)
            too_late = closes <= self._loud(part, decided)
            if self._is_silent(part, decided) or too_late or on in asked or week >= 2:
                self.counts["sessions not asked about"] += 1
                continue
            asked.append(on)
            yield Question(self._arrival(part, decided), due, closes)

    def _arrival(self, part: Part, at: int) -> int:
        """Give the first moment at which the program is there and the client may be written to."""
        while (later := self._loud(part, self._up(at))) != at:
            at = later
        return at

    def _up(self, at: int) -> int:
        for since, until in self.course.chronicle.down:
            if since < at < until:
                at = until
        return at

    def _loud(self, part: Part, at: int) -> int:
        """Give the first instant outside the client's quiet hours."""
        wall = wall_of(part.zone or ZONE)
        quiet_from, quiet_to = part.quiet or _QUIET
        today = _local_date(wall, at)
        for on in (today - timedelta(days=1), today):
            if wall.first(on, quiet_from) <= at < wall.first(on + timedelta(days=1), quiet_to):
                return wall.first(on + timedelta(days=1), quiet_to)
        return at

    def _is_silent(self, part: Part, at: int) -> bool:
        return any(since <= at < until for since, until in self.course.chronicle.silent[part.code])

    def _is_gone(self, part: Part, at: int) -> bool:
        return any(since <= at < until for since, until in self.course.chronicle.gone[part.code])

    # What came.

    def _asked(self, part: Part, questions: list[Question], got: dict[str, list[int]]) -> None:
        due = Counter(
            question.arrives
            for question in questions
            if question.arrives <= self.until
            and question.arrives < question.closes
            and not self._is_silent(part, question.arrives)
            and not self._is_gone(part, question.arrives)
        )
        came = Counter(at for times in got.values() for at in times)
        self.counts["questions"] += due.total()
        for at in due - came:
            self.report("asked", f"{part.code}: nothing came at {_when(at)}")
        for at in came - due:
            self.report("asked", f"{part.code}: a question at {_when(at)} that was not due")

    def _reminded(
        self,
        part: Part,
        questions: list[Question],
        prompts: dict[str, list[int]],
        reminders: dict[str, list[int]],
    ) -> None:
        client = self.course.clients[part.name]
        by_arrival = {question.arrives: question for question in questions}
        for checkin, came in reminders.items():
            self.counts["reminders"] += len(came)
            asked = prompts.get(checkin, [0])[0]
            done = client.finished.get(checkin)
            if done is not None and done < came[0]:
                self.report("reminded", f"{part.code}: {_when(came[0])}, done {_when(done)}")
            if came[0] - asked < 20 * HOUR and checkin not in client.snoozed:
                self.report("reminded", f"{part.code}: {_when(came[0])}, too early")
        for checkin, asked_at in prompts.items():
            question = by_arrival.get(asked_at[0])
            if question is None or checkin in client.ways:
                continue
            first = max(self._loud(part, question.due + 20 * HOUR), asked_at[0] + 20 * HOUR)
            at = self._arrival(part, first)
            over = at >= question.closes or at > self.until
            quiet = any(
                silent(part, moment)
                for silent in (self._is_silent, self._is_gone)
                for moment in range(asked_at[0], at + 1, HOUR)
            )
            if not (over or quiet) and reminders.get(checkin) != [at]:
                self.report("reminded", f"{part.code}: not at {_when(at)}")

    def _nights(self, part: Part, pushed: list[int]) -> None:
        for at in pushed:
            if self._loud(part, at) != at:
                self.report("nights", f"{part.code} at {_when(at)}")

    def _left_alone(self, part: Part, got: _Got, chat: int) -> None:
        for at in got.asked(chat):
            if self._is_silent(part, at - 1):
                self.report("left alone", f"{part.code}: a question at {_when(at)}")
        for at in got.pushed(chat):
            if self._is_gone(part, at - 1):
                self.report("left alone", f"{part.code} at {_when(at)}")

    def _weekly(self, name: str, came: list[int]) -> None:
        wall, due = wall_of(ZONE), []
        on = FIRST_ON + _FRIDAY
        while (at := self._up(wall.first(on, "17:00"))) <= self.until:
            due.append(at)
            on += timedelta(weeks=1)
        self.counts["digests"] += len(due)
        if came != due:
            other = sorted(set(came) ^ set(due)) or "twice"
            self.report("weekly", f"{name}: {other}")

    def _told(self, db: sqlite3.Connection, got: _Got) -> None:
        parts = {part.code: part for part in self.course.cast.parts}
        due: Counter[str] = Counter()
        for row in db.execute(
            "SELECT code, made_at FROM acknowledgement JOIN pair ON pair.id = pair_id"
        ):
            part = parts.get(row["code"])
            if part is None:
                continue
            at = self._arrival(part, row["made_at"] + 2 * MINUTE)
            if not (self._is_gone(part, at) or at > self.until):
                due[row["code"]] += 1
        for code, part in parts.items():
            came = len(got.told[self.course.clients[part.name].phone.id])
            self.counts["acknowledgements told"] += came
            has_left = self._is_gone(part, self.until)
            if came != due[code] and not (has_left and came > due[code]):
                self.report("told", f"{code}: {came} of {due[code]}")

    def _closed(self, db: sqlite3.Connection) -> None:
        still = {
            str(row["id"]) for row in db.execute("SELECT id FROM checkin WHERE state = 'open'")
        }
        for client in self.course.clients.values():
            self.counts["late taps"] += len(client.refused)
            if not all(client.refused):
                self.report("closed", f"{client.part.code}: a late tap was taken")
            if self.course.chronicle.gone[client.part.code]:
                continue  # what was closed while somebody had blocked the bot could not be shown
            for seen in client.phone.chat:
                acts = acts_of(seen)
                for data in acts["rate"] + acts["chip"] + acts["choose"]:
                    if str(int(data.split(".")[1], 36)) not in still:
                        self.report("closed", f"{client.part.code} can still press {data}")

    def _queued(self, db: sqlite3.Connection) -> None:
        for row in db.execute(
            "SELECT kind, part, due_at FROM message WHERE state IN ('queued', 'sending')"
            " AND due_at < :then",
            {"then": self.until - HOUR},
        ):
            self.report("queued", f"{row['kind']} {row['part']} since {_when(row['due_at'])}")

    def _bounded(self, got: _Got) -> None:
        for sample in self.samples:
            newest = bisect_right(got.updates, sample.at)
            kept = newest - bisect_right(got.updates, sample.at - _SEEN_KEPT_MS)
            if sample.seen > kept:
                self.report("bounded", f"{sample.seen} update ids on {_when(sample.at)}: {kept}")
            if sample.log_bytes > _WAL_AT_MOST:
                self.report("bounded", f"write-ahead log: {sample.log_bytes} bytes")
        third = len(self.samples) // 3
        if third < 60:
            return
        early = self.samples[2 * third].bytes - self.samples[third].bytes
        late = self.samples[-1].bytes - self.samples[2 * third].bytes
        if late > 1.3 * early:
            self.report("bounded", f"the database grew by {early} and then by {late} bytes")


@dataclass(frozen=True, slots=True)
class Sample:
    """What a day left behind: bytes of the database and of its log, ids of updates."""

    at: int
    bytes: int
    log_bytes: int
    seen: int


@dataclass
class _Got:
    """When what came, by chat (and check-in)."""

    prompts: defaultdict[int, dict[str, list[int]]]
    reminders: defaultdict[int, dict[str, list[int]]]
    told: defaultdict[int, list[int]]
    digests: defaultdict[int, list[int]]
    updates: list[int]

    @classmethod
    def of(cls, journal: Journal) -> _Got:
        got = cls(defaultdict(dict), defaultdict(dict), defaultdict(list), defaultdict(list), [])
        got.updates = [entry.at for entry in journal.read(kind="update")]
        for call in journal.sent():
            one = Delivered.of([call])
            for chat, checkin in one.prompts:
                got.prompts[chat].setdefault(checkin, []).append(call.at)
            for chat, checkin in one.reminders:
                got.reminders[chat].setdefault(checkin, []).append(call.at)
            for chat, _ in one.told:
                got.told[chat].append(call.at)
            if any(page == "1" for _, page in one.pages) and call.chat is not None:
                got.digests[call.chat].append(call.at)
        return got

    def asked(self, chat: int) -> list[int]:
        """List when a question or a reminder came."""
        both = (self.prompts[chat], self.reminders[chat])
        return sorted(at for asked in both for times in asked.values() for at in times)

    def pushed(self, chat: int) -> list[int]:
        """List when something came by itself."""
        return sorted([*self.asked(chat), *self.told[chat]])


def _local_date(wall: Wall, at: int) -> date:
    starts = [stretch.start for stretch in wall.stretches]
    stretch = wall.stretches[bisect_right(starts, at // 1000) - 1]
    return _EPOCH_ON + timedelta(days=(at // 1000 + stretch.offset) // 86_400)


def _when(at: int) -> str:
    """Give an instant as the practice's wall shows it."""
    wall = wall_of(ZONE)
    on = _local_date(wall, at)
    minutes = (at - wall.first(on, "00:00")) // MINUTE
    return f"{on} {minutes // 60:02}:{minutes % 60:02}"
