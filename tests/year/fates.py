"""What happens to people and to the program again and again: restarts, outages, pauses, ends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from bot.core.timetable import day_after, local_on, to_utc
from tests.year.cast import ZONE
from tests.year.chronicle import Left
from tests.year.course import DAY, FOR_EVER, MINUTE, Act, Course
from tests.year.people import YearClient

#: Restarts in a year, and outages, in minutes.
_RESTARTS, _OUTAGES = 60, (1, 3, 10, 45, 300, 1200, 1800)
#: So many days from one outage to the next: two of them beside each other would be one.
_APART = 3


@dataclass
class Fates:
    """Plans what a course has by chance, and does it.

    spared: days on which nobody decides anything. without: who does not leave by chance.
    """

    course: Course
    spared: range = range(0)
    without: YearClient | None = None

    def plan(self, begin: int, days: int) -> None:
        """Draw when what happens."""
        course, chance = self.course, self.course.chance
        for _ in range(max(2, _RESTARTS * days // 365)):
            course.plan(begin + chance.randrange(days * DAY), self._restart)
        free = [day for day in range(2, days - 3, _APART) if day not in self.spared]
        for minutes, day in zip(_OUTAGES, chance.sample(free, len(free)), strict=False):
            # Not in the night: what is due while nobody may be written to is not delayed by it.
            at = begin + day * DAY + chance.randrange(0, 9 * 60) * MINUTE
            course.plan(at, partial(self._be_away, minutes))
        for client in course.clients.values():
            if client is self.without:
                continue
            for share, act in self._fates_of(client):
                day = int(days * share)
                day = self.spared.stop if day in self.spared else day
                course.plan(begin + day * DAY + chance.randrange(600) * MINUTE, act)

    def _fates_of(self, client: YearClient) -> list[tuple[float, Act]]:
        chance = self.course.chance
        early, late = chance.uniform(0.1, 0.4), chance.uniform(0.5, 0.8)
        match client.part.way:
            case "pauser":
                return [(share, partial(self._pause, client)) for share in (early, late)]
            case "blocker":
                return [
                    (early, partial(self._block, client)), (late, partial(self._unblock, client)),
                ]  # fmt: skip
            case "stopper" | "eraser":
                return [(late, partial(self.leave, client))]
            case _:
                return []

    async def _restart(self) -> None:
        await self.course.stage.restart()
        self.course.counts["restarts"] += 1

    async def _be_away(self, minutes: int) -> None:
        """The program is away while time passes; who wants to tap taps into nothing."""
        stage = self.course.stage
        since = stage.clock.now()
        await stage.close()
        stage.clock.advance_to(since + minutes * MINUTE)
        await stage.open()
        self.course.chronicle.down.append((since, stage.clock.now()))
        self.course.counts["outages"] += 1

    async def _pause(self, client: YearClient) -> None:
        """Pause for two weeks: until midnight of that day, where the practice is."""
        await client.say("/pause")
        if not await client.press("pause", "2"):
            return  # paused already; in a year there is room for both
        now = self.course.stage.clock.now()
        ends = to_utc(day_after(local_on(now, ZONE), 14), "00:00", ZONE)
        self.course.chronicle.silent[client.part.key].append([now, ends])

    async def _block(self, client: YearClient) -> None:
        client.phone.block()
        self.course.chronicle.gone[client.name].append([self.course.stage.clock.now(), FOR_EVER])

    async def _unblock(self, client: YearClient) -> None:
        client.phone.unblock()
        self.course.chronicle.gone[client.name][-1][1] = self.course.stage.clock.now()

    async def leave(self, client: YearClient) -> None:
        """Let a client stop, or have everything erased."""
        course, erases = self.course, client.part.way == "eraser"
        await course.after()
        await (client.erase() if erases else client.stop())
        now = course.stage.clock.now()
        course.chronicle.silent[client.part.key].append([now, FOR_EVER])
        course.chronicle.gone[client.name].append([now, FOR_EVER])
        why = "erased" if erases else "stopped"
        course.chronicle.left.append(Left(client.phone.id, now, why))
