"""Who judges a year: the checker of kills, and the verdict on everybody's chat.

Both know from the course, and not from the program, whose is what at which time.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from bot.views.buttons import write_id
from tests.crash.checker import Checker
from tests.torture import Violation
from tests.year import verdict
from tests.year.cast import Part
from tests.year.course import FOR_EVER, Course
from tests.year.numbers import given_in, own_numbers

_LAST_ON = date(2028, 1, 1)


@dataclass
class YearChecker(Checker):
    """Judges by the rows as `Checker` does; whose is what it takes from the course."""

    course: Course = field(kw_only=True)

    def _therapists(self) -> dict[int, frozenset[str]]:
        codes: defaultdict[int, set[str]] = defaultdict(set)
        for one in self.course.chronicle.entitled:
            codes[one.chat].add(one.code)
        return {chat: frozenset(own) for chat, own in codes.items()}

    def _owners(self, db: sqlite3.Connection) -> dict[str, frozenset[int]]:
        chronicle, owners = self.course.chronicle, {}
        # With another therapist, a code is the same client's or none had it before.
        names = {part.code: part.name for part in chronicle.parts}
        for row in db.execute(
            "SELECT checkin.id, planned_at, min(closes_at, coalesce(closed_at, closes_at)) AS over,"
            " code FROM checkin JOIN pair ON pair.id = pair_id"
        ):
            name = names[row["code"]]
            chats, changed_at = self.course.clients[name].chats, chronicle.changed.get(name, 0)
            # What was open then goes on in the new chat; when in which is judged by `moved`.
            own = chats[-1:] if row["planned_at"] >= changed_at else chats
            own = own if row["over"] > changed_at else chats[:1]
            owners[write_id(row["id"])] = frozenset(own)
        return owners


def judge(course: Course, lost: Iterable[Part]) -> list[Violation]:
    """Give what the verdict finds. lost: whose sessions lie in lost hours."""
    journal = course.stage.emulator.journal
    messages = verdict.messages_of(journal)
    chronicle, therapists = course.chronicle, course.therapists
    people = {chat: client.name for client in course.clients.values() for chat in client.chats}
    sessions: defaultdict[str, Counter[date]] = defaultdict(Counter)
    for part in chronicle.parts:
        for slot in part.slots:
            sessions[part.name].update(slot.dates(_LAST_ON))
        sessions[part.name].update(one.on for one in chronicle.singles if one.key == part.key)
    found = {
        "asked once": verdict.asked_once(messages, people, sessions),
        "told once": verdict.told_once(messages),
        "left": verdict.left_alone(messages, chronicle.left),
        "entitled": verdict.entitled(messages, chronicle.entitled),
        "moved": verdict.moved(messages, _moves(course)),
        "digest once": verdict.digest_once(messages),
        "promised": verdict.promised(messages),
        "numbers": own_numbers(messages, given_in(journal), _codes(course)),
    }
    if course.cast.roles is not None:
        couples = [
            (_chat(course, one), _chat(course, two)) for one, two in course.cast.roles.couples
        ]
        found["partners"] = verdict.partners(messages, couples)
    if (loss := chronicle.loss) is not None:
        pairs = Counter(
            chat for part in chronicle.parts for chat in course.clients[part.name].chats
        )
        told = [one.chats[-1] for one in therapists.values()]
        found["lost"] = verdict.lost_told_once(messages, loss, told, pairs)
        erased = {left.chat: left.at for left in chronicle.left if left.why == "erased"}
        chats = [
            (
                therapists[part.therapist].chats[-1],
                part.code,
                erased.get(course.clients[part.name].chats[-1], FOR_EVER),
            )
            for part in lost
            if not any(since < loss.until_at for since, _ in chronicle.silent[part.key])
        ]
        found["lost, known"] = verdict.lost_is_said(messages, loss, chats)
    return [Violation(rule, what) for rule, said in found.items() for what in said]


def _moves(course: Course) -> Iterator[tuple[int, int, int]]:
    for name, client in course.clients.items():
        if name in course.chronicle.changed:
            former, new = client.chats
            yield former, new, course.chronicle.changed[name]


def _codes(course: Course) -> dict[str, set[int]]:
    return {part.code: set(course.clients[part.name].chats) for part in course.chronicle.parts}


def _chat(course: Course, part: Part) -> tuple[int, str]:
    return course.clients[part.name].chats[0], part.code
