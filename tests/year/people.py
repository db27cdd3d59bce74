"""Clients and therapists of a year: what they do with what they get, by their temper."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from bot.emulator import Person, Seen
from tests.crash.people import Client, Somebody, Therapist, acts_of
from tests.year.cast import Part, Reading

_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000
#: Messages on the phone that somebody still looks at.
_LOOKED_AT = 10
_NOT_KEPT = ("I did not keep this message.", "I am being brought back after a fault")
#: Who leaves it often at the ratings, and how often; they pass over every second question.
_IN_A_HURRY = ("reliable", "forgetful", "all tens", "silent", "snoozer", "unmet")
_HURRY = 0.6
#: A refused tap on what is long closed is what the late tapper is there for.
_OLD_MS = 4 * _DAY

#: What somebody will do, after so many milliseconds.
Intent = tuple[int, Callable[[], Awaitable[None]]]


@dataclass
class _Patient(Somebody):
    """Waits for the bot to come to rest after each act, so that a run can be repeated.

    chats: of all their phones, the newest last.
    """

    calm: Callable[[], Awaitable[None]] = field(kw_only=True)
    name: str = field(kw_only=True)
    chats: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.chats = [self.phone.id]

    def moves_to(self, phone: Person) -> None:
        """Go on with another phone and account."""
        self.phone = phone
        self.chats.append(phone.id)

    @property
    def shown(self) -> list[Seen]:
        return self.phone.newest(_LOOKED_AT)

    async def _push(self, data: str, message: Seen, *, counts: bool = False) -> bool:
        self.ledger.taps += 1
        if counts:
            self.ledger.tapped(data)
        tap = self.phone.tap(data, message)
        await self.calm()
        self._acted(data)
        said = tap.answer.text if tap.answer else ""
        if said:
            self.ledger.refusals[said] += 1
            return False
        if counts:
            self.ledger.heard(data)
        return True

    def _acted(self, data: str) -> None:
        """Take note that a button was pressed and answered."""

    async def _until(self, is_so: Callable[[], bool]) -> None:
        await self.calm()

    async def say(self, text: str) -> None:
        """Write something and let the bot answer."""
        self.phone.send(text)
        await self.calm()

    async def taps(self, label: str) -> str:
        """Tap a button of the newest message that has it; give the toast's text."""
        tap = self.phone.tap(label)
        await self.calm()
        return tap.answer.text if tap.answer else ""

    async def press(self, act: str, *more: str) -> bool:
        """Press the newest button of an act whose data goes on like this; was there one?"""
        for seen in reversed(self.shown):
            for data in acts_of(seen)[act]:
                if data.split(".")[2:][: len(more)] == list(more):
                    await self._push(data, seen)
                    return True
        return False


@dataclass
class YearClient(_Patient, Client):
    """One client. finished: when each check-in's last screen came. snoozed: those put off.

    prompted: when each check-in came first. old: how each looked at first. refused: of each late
    tap, whether it was.
    """

    part: Part = field(kw_only=True)
    finished: dict[str, int] = field(default_factory=dict)
    prompted: dict[str, int] = field(default_factory=dict)
    snoozed: set[str] = field(default_factory=set)
    old: dict[str, Seen] = field(default_factory=dict)
    refused: list[bool] = field(default_factory=list)

    def asked(self, checkin: str, *, again: bool) -> Iterator[Intent]:
        """Say what comes of a prompt or, the second time, of its reminder."""
        self.prompted.setdefault(checkin, self.emulator.clock.now())
        if self.is_gone or self.phone.blocked:
            return
        way, soon = self.part.way, self.chance.randrange(2, 90) * _MINUTE
        if way == "silent" and self.chance.random() < 0.95:
            return
        if way == "forgetful" and not again and self.chance.random() < 0.7:
            return
        if self.chance.random() < (0.5 if way in _IN_A_HURRY else 0.3):
            return
        if way == "snoozer" and not again and self.chance.random() < 0.6:
            yield soon, lambda: self.answer(checkin, "snooze")
            return
        if way == "unmet" and self.chance.random() < 0.4:
            yield soon, lambda: self.answer(checkin, "unmet")
            return
        if way == "half way" and not again:
            yield soon, lambda: self.answer(checkin, "now", most=self.chance.randrange(1, 5))
            if self.chance.random() < 0.5:
                yield soon + 5 * _HOUR, lambda: self.answer(checkin, "now")
            return
        yield soon, lambda: self.answer(checkin, "now")
        if way == "corrector":
            yield soon + 20 * _MINUTE, lambda: self.correct(checkin)
        if way == "late tapper":
            yield _OLD_MS, lambda: self.tap_old(checkin)

    def asked_since(self, since: int) -> set[str]:
        """Give the check-ins that came since then."""
        return {checkin for checkin, at in self.prompted.items() if at > since}

    def _acted(self, data: str) -> None:
        checkin = data.split(".")[1]
        if "This goes to your therapist" in self.phone.last.text:
            self.finished.setdefault(checkin, self.emulator.clock.now())

    async def answer(self, checkin: str, way: str, most: int = 40) -> None:
        """Go through a check-in, or through the beginning of it."""
        self.ways[checkin] = way
        if way == "snooze":
            self.snoozed.add(checkin)
        for _ in range(most):
            seen = self._find(checkin)
            if seen is None or self.phone.blocked or self.is_gone:
                return
            self.old.setdefault(checkin, seen)
            if not await self._answer(checkin, seen):
                return

    async def correct(self, checkin: str) -> None:
        """Go back to a finished check-in and answer again."""
        seen = self._find(checkin)
        if seen is not None and acts_of(seen)["change"]:
            await self._push(acts_of(seen)["change"][0], seen)
            await self.answer(checkin, "now")

    async def tap_old(self, checkin: str) -> None:
        """Tap what the phone showed days ago: it is closed, and that is said."""
        seen = self.old.get(checkin)
        if seen is not None and acts_of(seen)["rate"]:
            tap = self.phone.tap(acts_of(seen)["rate"][0], seen)
            await self.calm()
            self.refused.append(tap.answer is not None and tap.answer.text != "")

    def _find(self, checkin: str) -> Seen | None:
        return next((seen for one, seen in self._checkins() if one == checkin), None)

    async def _answer(self, checkin: str, seen: Seen) -> bool:
        acts = acts_of(seen)
        asks = acts["rate"] or acts["chip"] or acts["choose"] or acts["disclose"]
        if acts["change"] and not asks:
            return False  # the last screen
        if not acts["rate"] and self.part.way in _IN_A_HURRY and self.chance.random() < _HURRY:
            return False  # five taps are a whole check-in
        if acts["pass"] and not asks and self.part.way not in ("writer", "corrector"):
            self.ledger.touched.add((checkin, acts["pass"][0].split(".")[2]))
            return await self._push(acts["pass"][0], seen)
        return await super()._answer(checkin, seen)

    async def _type(self, checkin: str, item: str, value: int) -> bool:
        """Type a number; what the bot says it did not keep is not promised."""
        self.typed.add((checkin, item))
        self.ledger.typed((checkin, item), value)
        await self.say(str(value))
        self.ledger.given[checkin, item][-1] = (value, not self._was_not_kept)
        return True

    async def _write(self, checkin: str, seen: Seen, skip: str) -> bool:
        going_on = await super()._write(checkin, seen, skip)
        if self._was_not_kept:
            self.ledger.texts.pop((checkin, skip.split(".")[2]), None)
        return going_on

    @property
    def _was_not_kept(self) -> bool:
        return any(words in self.phone.last.text for words in _NOT_KEPT)

    def _chosen(self, checkin: str, seen: Seen, options: list[str]) -> str:
        rates = [one for one in options if one.startswith("rate.")]
        if not rates:
            return super()._chosen(checkin, seen, options)
        if self.part.way == "all tens":
            return rates[-1]
        mood = min(10, max(0, round(self.chance.gauss(8.2, 1.4))))
        return rates[min(mood, len(rates) - 1)]

    async def hears(self) -> None:
        """Reply to what the therapist lets one know, if there is something to reply to."""
        for seen in reversed(self.shown):
            if offered := acts_of(seen)["ack"]:
                if offered[0].split(".")[1] not in self.ledger.replies:
                    await self._reply(seen, offered)
                return

    async def note_goals(self) -> None:
        """Note two goals."""
        for words in ("Sleep through the night", "Go out alone"):
            await self.say("/goals")
            if await self.press("goaladd"):
                await self.say(words)


@dataclass
class YearTherapist(_Patient, Therapist):
    """One therapist."""

    reading: Reading = field(kw_only=True)

    def has_digest(self) -> Iterator[Intent]:
        """Say what comes of a digest's page."""
        if self.reading == "never":
            return
        wait = 5 * _DAY if self.reading == "late" else self.chance.randrange(5, 100) * _MINUTE
        yield wait, self.read_it

    async def read_it(self) -> None:
        """Acknowledge everybody who stands out, and then the calm ones at once."""
        while await self.attend():
            pass
        await self.press("readall")

    async def guess(self) -> None:
        """Guess how the newest session of the mirror was."""
        if self.reading == "mirror" and await self.press("mirask"):
            for _ in range(5):
                await self.press("mirrate")


def seeded(chance: random.Random) -> random.Random:
    """Give somebody chance of their own, so that nobody's acts change another's."""
    return random.Random(chance.random())
