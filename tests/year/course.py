"""The course of a year: time goes from one thing that is due to the next, and people act between.

Nothing happens between two due moments, so nothing is skipped: the program is asked at each of
them, as its ticks would ask it every second. Whatever the course does to somebody (a pause, a
block, an outage) is written down, for the judge to work out what should have happened.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from bot.core.timetable import day_after, local_on, to_utc
from bot.emulator import Entry
from tests.crash.delivered import Delivered
from tests.crash.people import Ledger
from tests.world import World
from tests.year.cast import FIRST_ON, ZONE, Cast, Part
from tests.year.people import YearClient, YearTherapist, seeded
from tests.year.stage import YearStage

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
FOR_EVER = 1 << 60
#: Restarts, and outages (in minutes) among them, in a year.
_RESTARTS, _OUTAGES = 60, (1, 3, 10, 45, 300, 1200, 1800)

Act = Callable[[], Awaitable[None]]


@dataclass
class Chronicle:
    """What was done to people and to the program, for the judge.

    down: from when to when the program was away. silent: when nobody was to be asked (paused,
    stopped, erased), by code. gone: when nobody was to be written to (stopped, erased, blocked).
    """

    down: list[tuple[int, int]] = field(default_factory=list)
    silent: defaultdict[str, list[list[int]]] = field(default_factory=lambda: defaultdict(list))
    gone: defaultdict[str, list[list[int]]] = field(default_factory=lambda: defaultdict(list))


@dataclass
class Course:
    """A year on a stage. after: awaited once a day, and before and after what somebody decides."""

    stage: YearStage
    cast: Cast
    chance: random.Random
    ledger: Ledger
    after: Callable[[], Awaitable[None]]
    chronicle: Chronicle = field(default_factory=Chronicle)
    counts: Counter[str] = field(default_factory=Counter)
    clients: dict[str, YearClient] = field(default_factory=dict)
    therapists: dict[str, YearTherapist] = field(default_factory=dict)
    _plans: list[tuple[int, int, Act]] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=count)
    _read: int = 0

    async def enrol(self) -> None:
        """Everybody joins on one Sunday; all patterns come into the timetable."""
        world = World(self.stage)
        emulator = self.stage.emulator
        for part in self.cast.parts:
            human, other = await world.pair(part.name, part.therapist, part.code)
            own = seeded(self.chance)
            client = YearClient(emulator, human.phone, own, self.ledger, calm=self.calm, part=part)
            self.clients[part.name] = client
            if part.therapist not in self.therapists:
                self.therapists[part.therapist] = YearTherapist(
                    emulator, other.phone, seeded(self.chance), self.ledger, calm=self.calm,
                    reading=self.cast.therapists[part.therapist],
                )  # fmt: skip
            for slot in part.slots:
                on = (FIRST_ON + timedelta(days=slot.weekday)).isoformat()
                repeats = "weekly" if slot.every_weeks == 1 else "fortnightly"
                await other.types(f"/add {part.code} {on} {slot.time} 50m {repeats}")
                labels = other.phone.last.labels
                await other.taps("Confirm" if "Confirm" in labels else "Add beside it")
            await self._settle_in(client, part)
        for therapist in self.therapists.values():
            if therapist.reading == "mirror":
                await therapist.say("/mirror")
                await therapist.press("mirset")

    async def _settle_in(self, client: YearClient, part: Part) -> None:
        if part.zone is not None:
            await client.say(f"/zone {part.zone}")
        if part.quiet is not None:
            await client.say("/settings")
            assert await client.press("squiet", *part.quiet), "no such quiet hours"
        if part.way == "goals":
            await client.note_goals()

    async def run(self, days: int) -> None:
        """Let so many days pass."""
        begin = self.stage.clock.now()
        until = begin + days * DAY
        self._read = len(self.stage.emulator.journal)
        self._plan_fates(begin, days)
        for day in range(1, days + 1):
            self._plan(begin + day * DAY, self.after)
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

    def _plan(self, at: int, act: Act) -> None:
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
    def everybody(self) -> list[YearClient | YearTherapist]:
        return [*self.clients.values(), *self.therapists.values()]

    def _notice_client(self, client: YearClient, call: Entry) -> None:
        now, got = self.stage.clock.now(), Delivered.of([call])
        for seen in (got.prompts, got.reminders):
            for _, checkin in seen:
                for wait, act in client.asked(checkin, again=seen is got.reminders):
                    self._plan(now + wait, act)
        if got.told and not client.is_gone:
            self._plan(now + client.chance.randrange(5, 600) * MINUTE, client.hears)

    def _notice_therapist(self, therapist: YearTherapist, call: Entry) -> None:
        now, got = self.stage.clock.now(), Delivered.of([call])
        intents = list(therapist.has_digest()) if got.pages else []
        if "Guess before you see" in str(call.params.get("text")):
            intents.append((30 * MINUTE, therapist.guess))
        for wait, act in intents:
            self._plan(now + wait, act)

    # What happens to them.

    def _plan_fates(self, begin: int, days: int) -> None:
        for _ in range(max(2, _RESTARTS * days // 365)):
            self._plan(begin + self.chance.randrange(days * DAY), self._restart)
        for minutes in _OUTAGES:
            # Not in the night: what is due while nobody may be written to is not delayed by it.
            day = self.chance.randrange(2, days - 3)
            at = begin + day * DAY + self.chance.randrange(0, 9 * 60) * MINUTE
            self._plan(at, lambda minutes=minutes: self._be_away(minutes))  # type: ignore[misc]
        for client in self.clients.values():
            for share, act in self._fates_of(client):
                moment = begin + int(days * share) * DAY + self.chance.randrange(600) * MINUTE
                self._plan(moment, act)

    def _fates_of(self, client: YearClient) -> list[tuple[float, Act]]:
        early, late = self.chance.uniform(0.1, 0.4), self.chance.uniform(0.5, 0.8)
        match client.part.way:
            case "pauser":
                return [(share, lambda: self._pause(client)) for share in (early, late)]
            case "blocker":
                return [(early, lambda: self._block(client)), (late, lambda: self._unblock(client))]
            case "stopper":
                return [(late, lambda: self._leave(client, "stop"))]
            case "eraser":
                return [(late, lambda: self._leave(client, "erase"))]
            case _:
                return []

    async def _restart(self) -> None:
        await self.stage.restart()
        self.counts["restarts"] += 1

    async def _be_away(self, minutes: int) -> None:
        """The program is away while time passes; who wants to tap taps into nothing."""
        since = self.stage.clock.now()
        await self.stage.close()
        self.stage.clock.advance_to(since + minutes * MINUTE)
        await self.stage.open()
        if self.chronicle.down and self.chronicle.down[-1][1] == since:
            since = self.chronicle.down.pop()[0]  # it had no time to do anything in between
        self.chronicle.down.append((since, self.stage.clock.now()))
        self.counts["outages"] += 1

    async def _pause(self, client: YearClient) -> None:
        """Pause for two weeks: until midnight of that day, where the practice is."""
        await client.say("/pause")
        if not await client.press("pause", "2"):
            return  # paused already; in a year there is room for both
        now = self.stage.clock.now()
        ends = to_utc(day_after(local_on(now, ZONE), 14), "00:00", ZONE)
        self.chronicle.silent[client.part.code].append([now, ends])

    async def _block(self, client: YearClient) -> None:
        client.phone.block()
        self.chronicle.gone[client.part.code].append([self.stage.clock.now(), FOR_EVER])

    async def _unblock(self, client: YearClient) -> None:
        client.phone.unblock()
        self.chronicle.gone[client.part.code][-1][1] = self.stage.clock.now()

    async def _leave(self, client: YearClient, act: str) -> None:
        await self.after()
        await (client.stop() if act == "stop" else client.erase())
        for places in (self.chronicle.silent, self.chronicle.gone):
            places[client.part.code].append([self.stage.clock.now(), FOR_EVER])
