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
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise

from tests.crash.checker import dissected
from tests.crash.people import acts_of
from tests.torture import Violation
from tests.year.bounds import Sample, unbounded, waiting
from tests.year.came import Came, Got, local_date, wall_of, when
from tests.year.cast import FIRST_ON, MINUTES, ZONE, Part
from tests.year.course import FOR_EVER, HOUR, MINUTE, Course
from tests.year.people import YearClient

_QUIET = ("21:00", "08:00")
_FRIDAY = timedelta(days=4)
_DIGESTS_AGAIN = 4


@dataclass(frozen=True, slots=True)
class Question:
    """A check-in that should have been asked, when it was due and until when it is open.

    ends: from when on nobody is reminded of it.
    """

    part: Part
    arrives: int
    due: int
    closes: int
    ends: int


@dataclass
class Oracle:
    """Judges one course from its begin to its end. samples: one for three days.

    lost: whose sessions lie in the hours that were lost with the server.
    """

    course: Course
    samples: list[Sample]
    found: list[Violation] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    lost: set[Part] = field(default_factory=set)

    @property
    def until(self) -> int:
        """Give the end of the course."""
        return self.course.stage.clock.now()

    def report(self, invariant: str, what: object) -> None:
        self.found.append(Violation(invariant, str(what)))

    def judge(self) -> None:
        """Judge everything; the program has stopped."""
        got = Got.of(self.course.stage.emulator.journal)
        for client in self.course.clients.values():
            came = got.by(client)
            parts = [part for part in self.course.chronicle.parts if part.name == client.name]
            questions = [question for part in parts for question in self._questions(part)]
            self._asked(client, questions, came)
            self._reminded(client, questions, came)
            self._nights(client.part, came.pushed)
            self._left_alone(parts, came)
        for name, therapist in self.course.therapists.items():
            self._weekly(name, sorted(at for chat in therapist.chats for at in got.digests[chat]))
        with closing(dissected(self.course.stage.settings.database.path)) as db:
            self._told(db, got)
            self._closed(db, got)
            for line in waiting(db, self.until):
                self.report("queued", line)
        for line in unbounded(self.samples, got.updates):
            self.report("bounded", line)

    # When something should have come.

    def _questions(self, part: Part) -> Iterator[Question]:
        """List the questions of a pair, by its timetable and the caps."""
        chronicle = self.course.chronicle
        asked: list[date] = []
        for (start, on, known), (following, _, _) in pairwise(self._sessions(part)):
            due = start + (MINUTES + 30) * MINUTE
            decided = self._up(max(due, known))
            if decided > self.until:
                return
            closes = min(due + 48 * HOUR, following - HOUR)
            monday = on - timedelta(days=on.weekday())
            week = sum(monday <= other <= monday + timedelta(days=6) for other in asked)
            if self._is_lost(start + MINUTES * MINUTE, decided):
                # Nobody knows any more whether it was asked about: it counts as if it was.
                if on not in asked:
                    asked.append(on)
                self.lost.add(part)
                continue
            too_late = closes <= self._loud(part, decided)
            if self._is_silent(part, decided) or too_late or on in asked or week >= 2:
                self.counts["sessions not asked about"] += 1
                continue
            asked.append(on)
            if (loss := chronicle.loss) and loss.from_at < decided < loss.crashed_at:
                self.lost.add(part)
            if not self._is_presumed(self._loud(part, decided)):
                ends = chronicle.dropped.get((part.key, on), FOR_EVER)
                yield Question(part, self._arrival(part, decided), due, closes, ends)

    def _sessions(self, part: Part) -> list[tuple[int, date, int]]:
        """List start and local date of what takes place, and since when it is known, in order."""
        chronicle, wall = self.course.chronicle, wall_of(ZONE)
        last_on = local_date(wall, self.until) + timedelta(days=28)
        found = [(on, slot.time, 0) for slot in part.slots for on in slot.dates(last_on)]
        found += [
            (one.on, one.time, one.known_at) for one in chronicle.singles if one.key == part.key
        ]
        return sorted(
            (wall.first(on, time), on, known)
            for on, time, known in found
            if not chronicle.is_off(part.therapist, on)
        )

    # What the loss of the server leaves of it.

    def _is_lost(self, ended: int, decided: int) -> bool:
        loss = self.course.chronicle.loss
        return loss is not None and ended <= loss.until_at and decided >= loss.crashed_at

    def _is_presumed(self, at: int) -> bool:
        """Say whether the restored program must believe that what was due then has come."""
        loss = self.course.chronicle.loss
        return loss is not None and loss.crashed_at <= at <= loss.until_at

    def _may_remind(self, asked_at: int, at: int) -> bool:
        loss = self.course.chronicle.loss
        return loss is None or asked_at > loss.until_at or at < loss.crashed_at

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
        today = local_date(wall, at)
        for on in (today - timedelta(days=1), today):
            if wall.first(on, quiet_from) <= at < wall.first(on + timedelta(days=1), quiet_to):
                return wall.first(on + timedelta(days=1), quiet_to)
        return at

    def _is_silent(self, part: Part, at: int) -> bool:
        return any(since <= at < until for since, until in self.course.chronicle.silent[part.key])

    def _is_gone(self, part: Part, at: int) -> bool:
        return any(since <= at < until for since, until in self.course.chronicle.gone[part.name])

    # What came.

    def _asked(self, client: YearClient, questions: list[Question], got: Came) -> None:
        due = Counter(
            question.arrives
            for question in questions
            if question.arrives <= self.until
            and question.arrives < question.closes
            and not self._is_silent(question.part, question.arrives)
            and not self._is_gone(question.part, question.arrives)
        )
        came = Counter(at for times in got.prompts.values() for at in times)
        self.counts["questions"] += due.total()
        for at in due - came:
            self.report("asked", f"{client.name}: nothing came at {when(at)}")
        for at in came - due:
            self.report("asked", f"{client.name}: a question at {when(at)} that was not due")

    def _reminded(self, client: YearClient, questions: list[Question], got: Came) -> None:
        by_arrival = {question.arrives: question for question in questions}
        name = client.name
        for checkin, came in got.reminders.items():
            self.counts["reminders"] += len(came)
            asked = got.prompts.get(checkin, [0])[0]
            done = client.finished.get(checkin)
            if done is not None and done < came[0]:
                self.report("reminded", f"{name}: {when(came[0])}, done {when(done)}")
            if came[0] - asked < 20 * HOUR and checkin not in client.snoozed:
                self.report("reminded", f"{name}: {when(came[0])}, too early")
            if not self._may_remind(asked, came[0]):
                self.report("reminded", f"{name}: {when(came[0])}, of what was lost")
            if asked in by_arrival and came[0] > by_arrival[asked].ends:
                self.report("reminded", f"{name}: {when(came[0])}, of another's session")
        for checkin, asked_at in got.prompts.items():
            question = by_arrival.get(asked_at[0])
            if question is None or checkin in client.ways:
                continue
            part = question.part
            first = max(self._loud(part, question.due + 20 * HOUR), asked_at[0] + 20 * HOUR)
            at = self._arrival(part, first)
            over = at >= min(question.closes, question.ends) or at > self.until
            quiet = not self._may_remind(asked_at[0], at) or any(
                silent(part, moment)
                for silent in (self._is_silent, self._is_gone)
                for moment in range(asked_at[0], at + 1, HOUR)
            )
            if not (over or quiet) and got.reminders.get(checkin) != [at]:
                self.report("reminded", f"{name}: not at {when(at)}")

    def _nights(self, part: Part, pushed: list[int]) -> None:
        for at in pushed:
            if self._loud(part, at) != at:
                self.report("nights", f"{part.code} at {when(at)}")

    def _left_alone(self, parts: list[Part], got: Came) -> None:
        for at in got.asked:
            if all(self._is_silent(part, at - 1) for part in parts):
                self.report("left alone", f"{parts[0].name}: a question at {when(at)}")
        for at in got.pushed:
            if self._is_gone(parts[0], at - 1):
                self.report("left alone", f"{parts[0].name} at {when(at)}")

    def _weekly(self, name: str, came: list[int]) -> None:
        chronicle, wall = self.course.chronicle, wall_of(ZONE)
        hours, on = set(), FIRST_ON + _FRIDAY
        while (at := wall.first(on, "17:00")) <= self.until:
            # Before days off that have the hour in them, it comes on their eve instead, which is
            # no day off itself.
            eve = on
            while chronicle.is_off(name, eve):
                eve -= timedelta(days=1)
            hours.add(at if eve == on else wall.first(eve, "17:00"))
            on += timedelta(weeks=1)
        due = sorted(self._up(at) for at in hours)
        if name in chronicle.left_at:
            last, _ = chronicle.left_at[name]
            due = [at for at in due if at < last] + [last + MINUTE]
        if name in chronicle.changed:
            # The newest one comes once more, into the new chat, with those that were not opened.
            again = came.count(chronicle.changed[name])
            came = [at for at in came if at != chronicle.changed[name]]
            if not 1 <= again <= _DIGESTS_AGAIN:
                self.report("weekly", f"{name}: {again} digests on a new phone")
        due = [at for at in due if at <= self.until]
        self.counts["digests"] += len(due)
        if came != due:
            other = ", ".join(when(at) for at in sorted(set(came) ^ set(due))) or "twice"
            self.report("weekly", f"{name}: {other}")

    def _told(self, db: sqlite3.Connection, got: Got) -> None:
        names = {part.code: part for part in self.course.chronicle.parts}
        due: Counter[str] = Counter()
        for row in db.execute(
            "SELECT code, made_at FROM acknowledgement JOIN pair ON pair.id = pair_id"
        ):
            part = names.get(row["code"])
            if part is None:
                continue
            at = self._arrival(part, row["made_at"] + 2 * MINUTE)
            if not (self._is_gone(part, at) or at > self.until):
                due[part.name] += 1
        loss = self.course.chronicle.loss
        for name, client in self.course.clients.items():
            told = got.by(client).told
            self.counts["acknowledgements told"] += len(told)
            # What was told in lost hours is in no row.
            lost = [at for at in told if loss and loss.from_at < at < loss.crashed_at]
            came, has_left = len(told) - len(lost), self._is_gone(client.part, self.until)
            if came != due[name] and not (has_left and came > due[name]):
                self.report("told", f"{name}: {came} of {due[name]}")

    def _closed(self, db: sqlite3.Connection, got: Got) -> None:
        still = {
            str(row["id"]) for row in db.execute("SELECT id FROM checkin WHERE state = 'open'")
        }
        for client in self.course.clients.values():
            self.counts["late taps"] += len(client.refused)
            if not all(client.refused):
                self.report("closed", f"{client.name}: a late tap was taken")
            if self.course.chronicle.gone[client.name]:
                continue  # what was closed while somebody had blocked the bot could not be shown
            lost = self._lost_to(got.by(client))
            for chat in client.chats:
                is_former = chat != client.phone.id
                for data in self._pressable(chat):
                    checkin = data.split(".")[1]
                    is_open = str(int(checkin, 36)) in still and not is_former
                    if checkin not in lost and not is_open:
                        self.report("closed", f"{client.name} can still press {data}")

    def _pressable(self, chat: int) -> Iterator[str]:
        """List what can be pressed of check-ins in a chat as it stands in the end."""
        for seen in self.course.stage.emulator.people[chat].chat:
            acts = acts_of(seen)
            yield from acts["rate"] + acts["chip"] + acts["choose"]

    def _lost_to(self, got: Came) -> set[str]:
        """Give the check-ins with a message that the restored program does not know: nobody can
        fold it up."""
        loss = self.course.chronicle.loss
        if loss is None:
            return set()
        return {
            one
            for one, times in (*got.prompts.items(), *got.reminders.items())
            if any(loss.from_at < at < loss.crashed_at for at in times)
        }
