"""A random walk through what can happen to a practice: people, the clock, the network, crashes."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count

from bot.core.timetable import local_on
from bot.emulator import Seen, Tap
from tests.properties.verdict import Promises, Verdict
from tests.torture import Tally, Violation
from tests.world import Human, World

_MOMENTS = ("Mon 16:20", "Mon 18:00", "Wed 12:20", "Wed 16:30", "Fri 17:00", "Sat 10:00")
_TIMES = ("Mon 15:00", "Wed 11:00", "Tue 14:00", "Thu 10:00")
#: So that there is much to ask: every pair meets on these days, and is asked each time.
_MEET = {"Anna": ("Mon 15:00", "Wed 15:00"), "Cora": ("Mon 15:00", "Wed 11:00")}
OFTEN = "[checkin]\nper_week = 7\n"
_CLIENTS = ("Anna", "Cora")
_ANSWERS = ("rate", "rate", "rate", "chip", "choose", "pass", "disclose", "reopen", "back", "ack",
            "change", "show", "snooze", "later", "nothanks", "seldom", "keepon")  # fmt: skip
_DIGEST = ("read", "talk", "details", "page", "readall", "textback", "words")
_FAULTS: tuple[dict[str, object], ...] = (
    {"kind": "drop", "stage": "before"}, {"kind": "drop", "stage": "after"},
    {"kind": "cut_body"}, {"kind": "not_json"}, {"kind": "status", "status": 500},
    {"kind": "status", "status": 502, "stage": "after"},
    {"kind": "status", "status": 429, "retry_after": 2},
)  # fmt: skip
_RUNNING = "SELECT to_end_at FROM pair WHERE code = :code AND state NOT IN ('ended', 'erased')"
_METHODS = ("sendMessage", "sendMessage", "editMessageText", "answerCallbackQuery")

Act = Callable[[], Awaitable[Human | None]]


@dataclass
class Walk:
    """One walk. An act gives who acted, if it was somebody."""

    world: World
    chance: random.Random
    promises: Promises = field(default_factory=Promises)
    tally: Tally = field(default_factory=Tally)
    trail: list[str] = field(default_factory=list)
    _codes: dict[str, str] = field(default_factory=dict)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    async def run(self, steps: int) -> Tally:
        """Take so many steps, or as many as it takes to find something."""
        verdict = Verdict(self.world, self.promises)
        repeats = self.chance.choice((0.0, 0.3))
        await self.begin()
        acts: dict[str, tuple[int, Act]] = {
            "clock": (40, self._clock), "answer": (40, self._answer), "type": (8, self._type),
            "twice": (8, self._twice), "restart": (4, self._restart), "crash": (8, self._crash),
            "half sent": (6, self._half_sent), "block": (3, self._block),
            "pause": (3, self._pause), "stop": (1, self._stop), "erase": (1, self._erase),
            "end": (3, self._end),
            "did not meet": (2, self._unmet), "timetable": (3, self._timetable),
            "digest": (10, self._digest), "fault": (8, self._fault), "enrol": (8, self._enrol_one),
        }  # fmt: skip
        weights = [weight for weight, _ in acts.values()]
        for _ in range(steps):
            name = self.chance.choices(list(acts), weights)[0]
            self.trail.append(name)
            # A repeated command for an invitation does not show it again.
            faults = self.world.stage.emulator.faults
            faults.repeat_updates = 0.0 if name == "enrol" else repeats
            actor = await acts[name][1]()
            await self.world.step()
            self.tally.points[name] += 1
            if found := await verdict.step(actor):
                return self._found(found)
        return self._found([*await verdict.end(), *await self._set_aside()])

    async def begin(self) -> None:
        """Let everybody join, unless this goes on with a practice where they have."""
        is_new = not self.world.people
        if is_new:
            await self.world.therapist("Ben")
        for name in _CLIENTS:
            if is_new:
                await self._enrol(name)
            else:
                self._codes[name] = self._new_code(name)

    def _new_code(self, name: str) -> str:
        return f"{name[0]}{next(self._numbers)}"

    def _found(self, found: list[str]) -> Tally:
        self.tally.counts["steps"] += len(self.trail)
        given = [heard for place in self.promises.given.values() for _, heard in place]
        self.tally.counts += Counter({"taps": len(given), "acknowledged": sum(given)})
        way = " > ".join(self.trail[-12:])
        self.tally.violations += [Violation("walk", f"{one} (after {way})") for one in found]
        return self.tally

    async def _set_aside(self) -> list[str]:
        return [f"set aside: {r[0]}" for r in await self.world.rows("SELECT reason FROM set_aside")]

    # What people do.

    def _client(self) -> Human:
        return self.world.people[self.chance.choice(_CLIENTS)]

    async def _enrol(self, name: str) -> None:
        code = self._codes[name] = self._new_code(name)
        _, ben = await self.world.pair(name, "Ben", code=code)
        for when in _MEET[name]:
            await self._meet(ben, code, when, "weekly")
        self.promises.quiet.discard(name)

    async def _enrol_one(self) -> Human | None:
        gone = [name for name in _CLIENTS if name not in self._codes]
        for name in gone:
            if not self.world.people[name].phone.blocked:
                await self._enrol(name)
                return self.world.people[name]
        return None

    async def _answer(self) -> Human | None:
        human = self._client()
        if human.phone.blocked:
            human.phone.unblock()
        for _ in range(self.chance.choice((1, 3, 6))):
            if (push := self._a_push(human, _ANSWERS)) is None:
                break
            taps = [self._tap(human, *push)]
            await self.world.step()
            self._hear(taps)
        return human

    async def _twice(self) -> Human | None:
        """Two taps at once: the same again, or another on the same screen."""
        human = self._client()
        if (push := self._a_push(human, ("rate", "chip", "pass"))) is not None:
            seen, data = push
            rates = [one for one in seen.tappable if one.startswith("rate.")]
            other = self.chance.choice([*rates, data])
            taps = [self._tap(human, seen, one) for one in (data, other)]
            await self.world.step()
            self._hear(taps)
        return human

    def _a_push(self, human: Human, acts: tuple[str, ...]) -> tuple[Seen, str] | None:
        """Choose a button among the newest messages."""
        if human.phone.blocked:
            return None
        wanted = self.chance.sample(acts, len(acts))
        for act in wanted:
            for seen in human.phone.chat[-4:]:
                if found := [d for d in seen.tappable if seen.from_bot and d.split(".")[0] == act]:
                    return seen, self.chance.choice(found)
        return None

    def _tap(self, human: Human, seen: Seen, data: str) -> Tap:
        act, checkin, *more = data.split(".")
        # Of a chip's question, the same button means Done.
        is_rated = any(d.startswith(f"rate.{checkin}.") for d in seen.tappable)
        if act == "rate" or (act == "pass" and is_rated):
            self.promises.of[checkin] = human.phone.name
            value = int(more[1]) if act == "rate" else None
            self.promises.given[checkin, more[0]].append((value, False))
        return human.phone.tap(data, seen)

    def _hear(self, taps: list[Tap]) -> None:
        """Note what was acknowledged, in the order it was tapped."""
        for number, tap in enumerate(taps):
            act, checkin, *more = tap.data.split(".")
            if act != "rate" or not tap.answered or tap.answer.text:  # type: ignore[union-attr]
                continue
            given = self.promises.given[checkin, more[0]]
            later = sum(t.data.split(".")[1:3] == [checkin, more[0]] for t in taps[number + 1 :])
            place = len(given) - 1 - later
            given[place] = (given[place][0], True)

    async def _type(self) -> Human | None:
        human = self._client()
        if not human.phone.blocked:
            words = f"{human.phone.name} wrote no {next(self._numbers)}"
            self.promises.words[human.phone.name].append(words)
            await human.types(words)
        return human

    async def _block(self) -> Human | None:
        human = self._client()
        (human.phone.unblock if human.phone.blocked else human.phone.block)()
        return human

    async def _says(self, command: str, *acts: str) -> Human | None:
        """Let a client give a command and press what comes of it; True when it was done."""
        human = self._client()
        if human.phone.blocked:
            return human
        await human.types(command)
        data = [d for d in human.phone.last.tappable if d.split(".")[0] in acts]
        if data:
            tap = human.phone.tap(self.chance.choice(data), human.phone.last)
            await self.world.step()
            done = tap.answered and not tap.answer.text  # type: ignore[union-attr]
            if done and acts[0] in ("stop", "erase"):
                self.promises.quiet.add(human.phone.name)
            if done and acts[0] == "erase":
                self.promises.erase(human.phone.name)
                self._codes.pop(human.phone.name, None)
        return human

    async def _pause(self) -> Human | None:
        return await self._says("/pause", "pause", "resume")

    async def _stop(self) -> Human | None:
        return await self._says("/stop", "stop")

    async def _erase(self) -> Human | None:
        return await self._says("/erase", "erase")

    async def _end(self) -> Human | None:
        """Therapy ends with a client, perhaps with a goodbye; the client may come back."""
        if not self._codes:
            return None
        name, ben = self.chance.choice(sorted(self._codes)), self.world.people["Ben"]
        await ben.types(f"/end {self._codes[name]}")
        data = [d for d in ben.phone.last.tappable if d.startswith("endyes.")]
        if data:
            ben.phone.tap(self.chance.choice(data), ben.phone.last)
            await self.world.step()
            await self._undo_or_wait(ben, self._codes[name])
        if not await self.world.rows(_RUNNING, code=self._codes[name]):
            del self._codes[name]
        return ben

    async def _undo_or_wait(self, ben: Human, code: str) -> None:
        """Let an end that was said be undone, or come."""
        undo = [d for d in ben.phone.last.tappable if d.startswith("endundo.")]
        if undo and self.chance.random() < 0.3:
            ben.phone.tap(undo[0], ben.phone.last)
            return
        for (at,) in await self.world.rows(_RUNNING, code=code):
            if isinstance(at, int) and at > self.world.stage.clock.now():
                await self.world.stage.advance_to(at)
                await self.world.step()

    async def _unmet(self) -> Human | None:
        human = self._client()
        begun = {checkin for checkin, _ in self.promises.given}
        for seen in human.phone.chat[-4:]:
            data = [d for d in seen.tappable if d.startswith("unmet.")]
            if data and not human.phone.blocked and data[0].split(".")[1] not in begun:
                human.phone.tap(data[0], seen)
                break
        return human

    async def _digest(self) -> Human | None:
        ben = self.world.people["Ben"]
        for _ in range(3):
            if (push := self._a_push(ben, _DIGEST)) is not None:
                ben.phone.tap(push[1], push[0])
                await self.world.step()
        return ben

    async def _timetable(self) -> Human | None:
        ben = self.world.people["Ben"]
        if self._codes:
            code = self.chance.choice(list(self._codes.values()))
            repeats = self.chance.choice(("weekly", "once"))
            await self._meet(ben, code, self.chance.choice(_TIMES), repeats)
        return ben

    async def _meet(self, ben: Human, code: str, when: str, repeats: str) -> None:
        """Plan a meeting; what is there already, or is nobody's any more, cannot be confirmed."""
        stage = self.world.stage
        on = local_on(stage.moment(when), stage.settings.practice.timezone)
        await ben.types(f"/add {code} {on} {when.split()[1]} 50m {repeats}")
        labels = ("Confirm", "Add beside it")
        if label := next((one for one in ben.phone.last.labels if one in labels), None):
            await ben.taps(label)

    # What happens to all of them.

    async def _clock(self) -> Human | None:
        if self.chance.random() < 0.8:
            await self.world.until(self.chance.choice(_MOMENTS))
        else:
            await self.world.later(minutes=self.chance.choice((1, 20, 90, 600, 1500)))
        return None

    async def _restart(self) -> Human | None:
        await self.world.stage.restart()
        return None

    async def _fault(self) -> Human | None:
        """Something goes wrong on the wire during another act."""
        faults = self.world.stage.emulator.faults
        how = {**self.chance.choice(_FAULTS), "method": self.chance.choice(_METHODS)}
        faults.add(**how, times=self.chance.choice((1, 2)))  # type: ignore[arg-type]
        try:
            return await self.chance.choice((self._answer, self._clock, self._twice))()
        finally:
            await self.world.step()
            faults.clear()

    async def _crash(self) -> Human | None:
        """The program is gone while a tap is on its way, at whatever moment."""
        human = self._client()
        push = self._a_push(human, ("rate",))
        taps = [] if push is None else [self._tap(human, *push)]
        await asyncio.sleep(self.chance.choice((0.0, 0.001, 0.003, 0.006, 0.01, 0.02)))
        await abandon(self.world)
        await self.world.stage.open()
        await self.world.step()
        self._hear(taps)
        return human

    async def _half_sent(self) -> Human | None:
        """The program is gone while a message is on its way; it arrived, or it did not."""
        stage = self.world.stage
        how = self.chance.choice(("before", "after"))
        fault = stage.emulator.faults.add("black_hole", stage=how, method="sendMessage")
        # As after a sleep of the machine: much is due at once.
        stage.clock.advance_to(stage.moment(self.chance.choice(_MOMENTS)))
        ticking = asyncio.create_task(stage.running.ticks.run_once())
        await stage.emulator.bell.wait_for(lambda: fault.struck > 0 or ticking.done(), 3.0)
        await abandon(self.world, ticking)
        stage.emulator.faults.clear()
        self.tally.points["half sent, struck"] += fault.struck
        await stage.open()
        return None


async def abandon(world: World, *under_way: asyncio.Task[bool]) -> None:
    """End the program without a goodbye: from now on it can record nothing."""
    app, world.stage.app = world.stage.running, None
    await app.db.close()
    tasks = [task for task in (*under_way, app._receiving) if task is not None]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await app.lanes.close()
    await app.application.shutdown()
