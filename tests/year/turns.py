"""What a practice has once in a year: holidays, ends, new phones, a mistake, a handover."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from typing import Final

from bot.core.timetable import to_utc
from bot.feeds.table import read_columns, read_table
from bot.services.handing import Handing
from bot.services.importing import Importing, Wanted
from bot.store import people
from tests.world import invitation_in
from tests.year.cast import FIRST_ON, ZONE, Part, Roles, Slot
from tests.year.chronicle import Entitled, Left, Single
from tests.year.course import DAY, FOR_EVER, HOUR, Course
from tests.year.people import YearClient, YearTherapist

#: Days off: who (None: the practice closes), the week by its share of the year, first day, days.
_AWAY: Final = (
    (None, 0.145, 3, 11), ("Therapist 4", 0.28, 0, 7), ("Ben", 0.39, 0, 14), ("Dana", 0.55, 0, 7),
    ("Therapist 3", 0.61, 0, 14),
)  # fmt: skip
_COVER: Final = "Dr. Klein, 030 1234"
_MISTAKE, _GOODBYE, _PHONE, _END, _PHONE_THERAPIST, _HANDOVER = 0.25, 0.33, 0.45, 0.47, 0.68, 0.85
LEAVES, TAKES_OVER = "Therapist 4", "Ben"
_NUMBER: Final = re.compile(r"\b(\d{3}) (\d{3})\b")
#: A table of sessions has so many weeks; the next one comes before the last of them.
_TABLE_WEEKS, _EVERY_WEEKS = 14, 12
#: What is due by design after each end.
_AFTER_END: Final = (
    "has been noted that your therapy", "A last short check-in about your therapy",
    "One reminder, then no more.", "Your therapist read your check-in",
)  # fmt: skip
_AFTER_HANDOVER: Final = (
    "If you go on with Ben: shall I ask you after those sessions, too?",
    "Your therapist read your",
)


@dataclass
class Turns:
    """Plans what a whole cast has in a year, and does it."""

    course: Course
    roles: Roles
    begin: int
    days: int
    _answers: list[str] = field(default_factory=list)

    def plan(self) -> None:
        """Plan all of it."""
        for therapist, share, first, days in _AWAY:
            first_on = self._monday(share) + timedelta(days=first)
            days_off = first_on, first_on + timedelta(days=days - 1)
            self._on(
                first_on - timedelta(days=16), "12:00", partial(self._away, therapist, *days_off)
            )
        self._in_week(_MISTAKE, 0, "12:00", self._add_wrongly)
        for part, share in zip(self.roles.ended, (_GOODBYE, _END), strict=True):
            self._in_week(share, 6, "12:00", partial(self._end, part))
        self._in_week(_PHONE, 6, "15:00", self._lose_phone)
        self._in_week(_PHONE_THERAPIST, 1, "12:00", self._lose_therapists_phone)
        self._in_week(_HANDOVER, 5, "10:00", self._hand_over)
        for week in range(0, self.days // 7, _EVERY_WEEKS):
            on = FIRST_ON + timedelta(weeks=week)
            self._on(on, "06:00", partial(self._bring_table, on))
        self.course.answers = self._answer

    def _monday(self, share: float) -> date:
        return FIRST_ON + timedelta(weeks=int(share * self.days / 7))

    def _in_week(
        self, share: float, weekday: int, time: str, act: Callable[[], Awaitable[None]]
    ) -> None:
        self._on(self._monday(share) + timedelta(days=weekday), time, act)

    def _on(self, on: date, time: str, act: Callable[[], Awaitable[None]]) -> None:
        at = to_utc(on.isoformat(), time, ZONE)
        self.course.plan(max(at, self.begin + HOUR), act)

    @property
    def _now(self) -> int:
        return self.course.stage.clock.now()

    def _therapist(self, name: str) -> YearTherapist:
        return self.course.therapists[name]

    async def _away(self, therapist: str | None, first: date, last: date) -> None:
        """Somebody says when they are away, or the admin when the practice is closed."""
        if therapist is None:
            admin = self._therapist("Dana")
            await admin.say(f"/schedule closed {first} {last}")
            await admin.taps("Apply")
        else:
            own = self._therapist(therapist)
            await own.say(f"/away {first} {last} cover: {_COVER}")
            await own.taps("Apply")
        for name in self.course.therapists if therapist is None else [therapist]:
            self.course.chronicle.away[name].append((first, last))

    async def _end(self, part: Part) -> None:
        """A therapy ends: once with a goodbye, and once without."""
        therapist, client = self._therapist(part.therapist), self.course.clients[part.name]
        await therapist.say(f"/end {part.code}")
        labels = therapist.phone.last.labels
        with_goodbye = part is self.roles.ended[0]
        wanted = "End it, with a goodbye check-in" if with_goodbye else "End it without"
        await therapist.taps(wanted if wanted in labels else "End it")
        ends_at = self._now + 10 * 60_000
        chronicle = self.course.chronicle
        chronicle.silent[part.key].append([ends_at, FOR_EVER])
        chronicle.left.append(Left(client.phone.id, ends_at, "ended", _AFTER_END))

    # A new phone: the number on it is read aloud.

    async def _renew(
        self, somebody: YearClient | YearTherapist, by: YearTherapist, say: str
    ) -> None:
        former, emulator = somebody.phone, self.course.stage.emulator
        await by.say(say)
        link = invitation_in(by.phone.last.text)
        new = emulator.person(f"{somebody.name}'s new phone")
        new.start(link)
        await self.course.calm()
        number = _NUMBER.search(new.last.text)
        assert number is not None, new.last.text
        await by.say(f"{say} {number[1]}{number[2]}")
        left = Left(former.id, self._now, "another phone", ("goes on in another Telegram account",))
        self.course.chronicle.left.append(left)
        somebody.moves_to(new)
        await self.course.settle()

    async def _lose_phone(self) -> None:
        part = self.roles.renewed
        client = self.course.clients[part.name]
        await self._renew(client, self._therapist(part.therapist), f"/relink {part.code}")
        self.course.chronicle.changed[part.name] = self._now
        await client.taps("I agree")

    async def _lose_therapists_phone(self) -> None:
        ben, chronicle = self._therapist("Ben"), self.course.chronicle
        former = ben.phone.id
        await self._renew(ben, self._therapist("Dana"), "/relink_therapist Ben")
        chronicle.changed["Ben"] = self._now
        for number, one in enumerate(chronicle.entitled):
            if one.chat == former:
                chronicle.entitled[number] = replace(one, until=self._now)
                chronicle.entitled.append(replace(one, chat=ben.phone.id, since=self._now))

    # A session that was another's.

    async def _add_wrongly(self) -> None:
        """A therapist enters a session on Saturday with the wrong code."""
        (wrong, right), on = self.roles.mistaken, self._monday(_MISTAKE) + timedelta(days=5)
        ben = self._therapist(wrong.therapist)
        await ben.say(f"/add {wrong.code} {on} 10:00 50m once")
        await ben.taps("Confirm")
        self.course.chronicle.singles.append(Single(wrong.key, on, "10:00", self._now))
        self._on(on, "14:00", partial(self._set_right, wrong, right, on))

    async def _set_right(self, wrong: Part, right: Part, on: date) -> None:
        ben, chronicle = self._therapist(wrong.therapist), self.course.chronicle
        await ben.say("/appointments")
        label = f"{wrong.code} Sat {on.day}, 10:00"
        await ben.taps(next(one for one in ben.phone.last.labels if one.startswith(label)))
        for answer in ("Wrong client", right.code, "Yes, that is right"):
            await ben.taps(answer)
        chronicle.dropped[wrong.key, on] = self._now
        chronicle.singles.append(Single(right.key, on, "10:00", self._now))
        # What was said about another's session counts nowhere; the rows stay, and nobody is shown.
        client, began_at = self.course.clients[wrong.name], to_utc(on.isoformat(), "10:00", ZONE)
        self.course.ledger.take_away(client.asked_since(began_at))

    # Sessions from a table.

    async def _bring_table(self, on: date) -> None:
        """The practice's other program gives the sessions of the next weeks."""
        part, stage = self.roles.imported, self.course.stage
        until = on + timedelta(weeks=_TABLE_WEEKS)
        lines = [
            f"{part.code};{day};{slot.time}"
            for slot in part.slots
            for day in slot.dates(until)
            if day >= on
        ]
        table = "\n".join(("code;date;time", *lines)).encode()
        read = read_table(table, read_columns("code=code,date=date,time=time"), 50)
        wanted = [Wanted(one.code, one.local_on, one.local_time, one.minutes) for one in read]
        telegram_id = self._therapist(part.therapist).phone.id
        therapist = await stage.running.db.read(
            lambda tx: people.find_person_by_telegram(tx, telegram_id)
        )
        assert therapist is not None
        importing = Importing(stage.running.db, stage.clock, self.course.ids, stage.settings)
        outcomes = await importing.bring_in(therapist.id, wanted, is_dry=False)
        assert set(outcomes) <= {"made", "there"}, outcomes

    # A therapist leaves.

    async def _hand_over(self) -> None:
        stage, chronicle = self.course.stage, self.course.chronicle
        handing = Handing(stage.running.db, stage.clock, self.course.ids, stage.settings)
        await handing.start(LEAVES, TAKES_OVER)
        begins, leaves = self._now + DAY, self._now + 3 * DAY
        chronicle.left_at[LEAVES] = begins, leaves
        chat = self._therapist(LEAVES).phone.id
        chronicle.left.append(Left(chat, leaves, "left", ("Your work here has ended",)))
        for number, one in enumerate(chronicle.entitled):
            if one.chat == chat:
                chronicle.entitled[number] = replace(one, until=leaves)
        for part in chronicle.parts:
            if part.therapist == LEAVES:
                chronicle.silent[part.key].append([begins, FOR_EVER])
                self._is_told_to_admins(part.code)

    def _is_told_to_admins(self, code: str) -> None:
        """What came of it the admins are told by code."""
        admins = self._therapist("Dana").phone.id
        self.course.chronicle.entitled.append(Entitled(admins, code, self._now, FOR_EVER))

    async def _answer(self, client: YearClient) -> None:
        """Answer whether to go on with the colleague: one after the other in another way."""
        if client.name in self._answers:
            return  # asked once more, and still nothing
        said = ("share", "alone", "no", "nothing")[len(self._answers) % 4]
        self._answers.append(client.name)
        self.course.counts[f"handed over: {said}"] += 1
        if said in ("no", "nothing"):
            left = Left(client.phone.id, self._now, f"handed over: {said}", _AFTER_HANDOVER)
            self.course.chronicle.left.append(left)
        if said == "nothing":
            return
        words = {"share": "Yes, and share my answers", "alone": "Yes, without earlier answers"}
        await client.taps(words.get(said, "No, thank you"))
        if said == "no":
            return
        await self.course.settle()
        ben = self._therapist(TAKES_OVER)
        told = ben.phone.see("would like to go on with you")
        assert told is not None
        await client.taps("I agree")
        week = (self._now - self.begin) // (7 * DAY) + 1
        since = FIRST_ON + timedelta(weeks=week)
        hour = self.course.cast.free[TAKES_OVER].pop()
        client.part = replace(
            client.part, therapist=TAKES_OVER, code=told.text.split()[0],
            slots=(Slot(*hour, 2, since),),
        )  # fmt: skip
        self._is_told_to_admins(client.part.code)
        self.course.begins(client.part)
        await self.course.add_pattern(client.part)
