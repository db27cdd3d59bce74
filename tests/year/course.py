"""The course of a year: time goes from one thing that is due to the next, and people act between.

Nothing happens between two due moments, so nothing is skipped: the program is asked at each of
them, as its ticks would ask it every second. Whatever the course does to somebody (a pause, a
block, an outage) is written down, for the judge to work out what should have happened.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from bot.emulator import Entry, Person
from bot.services.ports import Ids
from tests.crash.delivered import Delivered
from tests.crash.people import Ledger, acts_of
from tests.world import World
from tests.year.cast import Cast, Part
from tests.year.chronicle import Chronicle, Entitled
from tests.year.people import YearClient, YearTherapist, seeded
from tests.year.stage import YearStage

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
FOR_EVER = 1 << 60
_LOOKED_AT = 3 * DAY

Act = Callable[[], Awaitable[None]]


@dataclass
class Course:
    """A year on a stage. after: awaited every third day, and before what somebody decides.

    clients, therapists: by name. answers: what becomes of the question of a handover.
    """

    stage: YearStage
    cast: Cast
    chance: random.Random
    ledger: Ledger
    after: Act = field(init=False)
    chronicle: Chronicle = field(default_factory=Chronicle)
    counts: Counter[str] = field(default_factory=Counter)
    clients: dict[str, YearClient] = field(default_factory=dict)
    therapists: dict[str, YearTherapist] = field(default_factory=dict)
    answers: Callable[[YearClient], Awaitable[None]] | None = None
    _plans: list[tuple[int, int, Act]] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=count)
    _read: int = 0

    async def enrol(self) -> None:
        """Everybody joins on one Sunday; all patterns come into the timetable."""
        world = World(self.stage)
        for part in self.cast.parts:
            human, other = await world.pair(part.name, part.therapist, part.code)
            self._meet(part, human.phone, other.phone)
            if not part.imported:
                await self.add_pattern(part)
            await self._settle_in(self.clients[part.name], part)
        for therapist in self.therapists.values():
            if therapist.reading == "mirror":
                await therapist.say("/mirror")
                await therapist.press("mirset")

    def _meet(self, part: Part, client: Person, therapist: Person) -> None:
        emulator, name = self.stage.emulator, part.therapist
        # Everybody has chance of their own, so that nobody's acts change another's.
        if part.name not in self.clients:
            self.clients[part.name] = YearClient(
                emulator, client, seeded(self.chance), self.ledger, calm=self.calm,
                name=part.name, part=part,
            )  # fmt: skip
        if name not in self.therapists:
            self.therapists[name] = YearTherapist(
                emulator, therapist, seeded(self.chance), self.ledger, calm=self.calm,
                name=name, reading=self.cast.therapists[name],
            )  # fmt: skip
        self.begins(part)

    def begins(self, part: Part) -> None:
        """Note that somebody has begun with a therapist."""
        now, chat = self.stage.clock.now(), self.therapists[part.therapist].phone.id
        self.chronicle.parts.append(part)
        self.chronicle.entitled.append(Entitled(chat, part.code, now - DAY, FOR_EVER))

    async def add_pattern(self, part: Part) -> None:
        """Let a therapist say when a client comes."""
        therapist = self.therapists[part.therapist]
        for slot in part.slots:
            repeats = "weekly" if slot.every_weeks == 1 else "fortnightly"
            await therapist.say(f"/add {part.code} {slot.first_on} {slot.time} 50m {repeats}")
            labels = therapist.phone.last.labels
            await therapist.taps("Confirm" if "Confirm" in labels else "Add beside it")

    async def _settle_in(self, client: YearClient, part: Part) -> None:
        if part.zone is not None:
            await client.say(f"/zone {part.zone}")
        if part.quiet is not None:
            await client.say("/settings")
            assert await client.press("squiet", *part.quiet), "no such quiet hours"
        if part.way == "goals":
            await client.note_goals()

    async def run(self, until: int) -> None:
        """Let time pass until a moment."""
        self._read = len(self.stage.emulator.journal)
        for at in range(self.stage.clock.now() + _LOOKED_AT, until + 1, _LOOKED_AT):
            self.plan(at, self.after)
        while self.stage.clock.now() < until:
            due = min(until, await self.stage.next_due())
            acts_at = self._plans[0][0] if self._plans else until
            self.stage.clock.advance_to(min(due, max(acts_at, self.stage.clock.now())))
            if self.stage.clock.now() >= due:
                await self._rest()
            await self._act()

    async def _act(self) -> None:
        """Let people do what they meant to do by now; the ticks run if that made work for them."""
        acted = False
        while self._plans and self._plans[0][0] <= self.stage.clock.now():
            await heapq.heappop(self._plans)[2]()
            acted = True
        if acted:
            await self.calm()
            self._notice()
            if await self.stage.is_due():
                await self._rest()

    async def calm(self) -> None:
        """Let the bot take and answer what was just done."""
        await self.stage.calm()

    async def _rest(self) -> None:
        await self.stage.settle()
        self.counts["moments"] += 1
        self._notice()

    async def settle(self) -> None:
        """Let everything happen that is due now."""
        await self.stage.settle()

    def plan(self, at: int, act: Act) -> None:
        """Let something be done then."""
        # Nobody taps in the very millisecond in which something is due.
        heapq.heappush(self._plans, (at + 1000, next(self._numbers), act))

    # What people get, and what comes of it.

    def _notice(self) -> None:
        """Let those who got a message decide what they will do with it."""
        journal, names = self.stage.emulator.journal, {c.phone.id: c for c in self.everybody}
        fresh = journal.read(self._read, kind="call", method="sendMessage")
        self._read = len(journal)
        for call in sorted(fresh, key=lambda call: call.chat or 0):
            somebody = names.get(call.chat or 0)
            if somebody is None or not call.done:
                continue
            if isinstance(somebody, YearClient):
                self._notice_client(somebody, call)
            else:
                self._notice_therapist(somebody, call)

    @property
    def ids(self) -> Ids:
        """What the program makes ids with."""
        assert self.stage.ids is not None
        return self.stage.ids

    @property
    def everybody(self) -> list[YearClient | YearTherapist]:
        return [*self.clients.values(), *self.therapists.values()]

    def _notice_client(self, client: YearClient, call: Entry) -> None:
        now, got = self.stage.clock.now(), Delivered.of([call])
        for seen in (got.prompts, got.reminders):
            for _, checkin in seen:
                for wait, act in client.asked(checkin, again=seen is got.reminders):
                    self.plan(now + wait, act)
        if client.is_gone or client.phone.blocked:
            return
        soon = now + client.chance.randrange(5, 600) * MINUTE if got.told else now + HOUR
        if got.told:
            self.plan(soon, client.hears)
        elif self.answers is not None and acts_of(client.phone.last)["hand"]:
            self.plan(soon, partial(self.answers, client))

    def _notice_therapist(self, therapist: YearTherapist, call: Entry) -> None:
        now, got = self.stage.clock.now(), Delivered.of([call])
        intents = list(therapist.has_digest()) if got.pages else []
        if "Guess before you see" in str(call.params.get("text")):
            intents.append((30 * MINUTE, therapist.guess))
        for wait, act in intents:
            self.plan(now + wait, act)
