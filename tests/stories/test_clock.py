"""The machine's clock is set wrong and right again, while the program runs or between two runs.

Telegram's own clock is right all the time. While the program's is behind what it has noted, by five
minutes or more, nothing is sent; afterwards everything goes on, once. A clock that is ahead ends
what it believes to be over, and floods nobody.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from conftest import START
from world import Human, World

from bot.demo.stage import TOKEN, StageClock, set_stage
from bot.emulator import Emulator
from tests.crash.delivered import Delivered
from tests.prepared import prepare

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
BACK = {
    "1 s": SECOND, "4 min": 4 * MINUTE, "6 min": 6 * MINUTE, "2 h": 2 * HOUR, "1 day": DAY,
}  # fmt: skip
AHEAD = {"2 h": 2 * HOUR, "1 day": DAY, "40 days": 40 * DAY}
REFUSED = 5 * MINUTE
TOLD = "Your therapist read your check-in"


class WrongClock(StageClock):
    """A wall clock beside the true one, `ms` off; what is monotonic is not touched."""

    def __init__(self, true: StageClock) -> None:
        super().__init__(true.now())
        self.true = true
        self.ms = 0

    def now(self) -> int:
        return self.true.now() + self.ms

    def monotonic(self) -> float:
        return self.true.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self.true.sleep(seconds)

    def advance_to(self, instant: int) -> None:
        self.true.advance_to(instant - self.ms)


@pytest.fixture
def clock() -> WrongClock:
    return WrongClock(StageClock(START))


@pytest.fixture
async def world(
    clock: WrongClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: list[str]
) -> AsyncIterator[World]:
    """A practice without people whose clock can be wrong."""
    prepare(monkeypatch)
    emulator = Emulator(token=TOKEN, clock=clock.true, seed=1)
    async with emulator.serve(port=0):
        stage = await set_stage(tmp_path, emulator, clock)
        try:
            made = World(stage, logged=logged)
            yield made
            await made.check()
        finally:
            await stage.close()


async def step(world: World, clock: WrongClock, ms: int, when: str) -> None:
    """Set the clock wrong (or right): while the program runs, or while it is away."""
    if when == "between two runs":
        await world.stage.close()
    clock.ms += ms
    if when == "between two runs":
        await world.stage.open()


async def tick(world: World, clock: WrongClock, ms: int, refused: bool) -> None:
    """Let true time pass, with the ticks as they run: each by itself, every minute."""
    for minutes in range(1 + ms // MINUTE):
        clock.true.advance_to(clock.true.now() + (MINUTE if minutes else 0))
        for name in ("plan", "deliver", "sweep"):
            await world.stage.running.ticks._tick(name)
    await rest(world)
    said = [line for line in world.logged if "the clock went back" in line]
    assert bool(said) is refused
    world.logged.clear()


async def anew(world: World, invitation: str) -> None:
    """Let somebody join, without the ticks."""
    phone = world.human("Client 3").phone
    phone.start(invitation)
    await rest(world)
    for act in ("jlang.", "jzone.", "agree."):
        buttons = [data for row in phone.last.buttons for _, data in row if data.startswith(act)]
        for data in buttons[:1]:
            phone.tap(data)
            await rest(world)


async def rest(world: World) -> None:
    """Let the program take and answer what people did."""
    await world.stage.emulator.quiet(10)
    await world.stage.running.lanes.drain(10)


async def finals(world: World) -> list[tuple[object, ...]]:
    """What has ended, and how."""
    return await world.rows(
        "SELECT id, state FROM message WHERE state NOT IN ('queued', 'sending')"
        " UNION ALL SELECT id, state FROM checkin WHERE state <> 'open' ORDER BY 1"
    )


def got(world: World, human: Human) -> Delivered:
    return Delivered.of(world.calls_to(human))


def told(world: World, human: Human) -> int:
    return sum(TOLD in str(call.params.get("text")) for call in world.calls_to(human))


async def friday(world: World) -> tuple[Human, Human, Human]:
    """Anna has answered and stands in Friday's digest; Cora's check-in is half answered."""
    anna, ben = await world.pair("Anna", "Ben", meets="Wed 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Fri 13:00")
    await world.until("Wed 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    await world.until("Fri 14:20")
    await cora.answers(8, 8)
    await world.until("Fri 17:00")
    assert "1 of 1 answered" in ben.screen
    await world.later(minutes=10)
    return anna, ben, cora


@pytest.mark.parametrize("when", ["while it runs", "between two runs"])
@pytest.mark.parametrize("name", BACK)
async def test_a_clock_set_back_costs_nothing_and_doubles_nothing(
    world: World, clock: WrongClock, name: str, when: str
) -> None:
    ms = BACK[name]
    anna, ben, cora = await friday(world)
    ended = await finals(world)
    invitation = await world.invites(ben, "D4")
    await step(world, clock, -ms, when)
    ben.phone.tap("Read this one")  # Anna is to be told in two minutes
    await anew(world, invitation)  # Ben is to be told at once
    for number in (8, 8, 8):
        cora.phone.tap(str(number))
        await rest(world)
    await tick(world, clock, 4 * MINUTE, refused=ms >= REFUSED)
    assert told(world, anna) == int(ms < 2 * MINUTE), "until then time stands still"

    await step(world, clock, ms, when)
    await tick(world, clock, 3 * MINUTE, refused=False)
    assert told(world, anna) == 1
    assert set(ended) <= set(await finals(world)), "what has ended stays as it ended"
    while "Skip ›" in cora.screen or "Skip ›" in cora.phone.last.labels:
        await cora.taps("Skip ›")

    # Everything goes on: the next week's questions and digest, with what was answered meanwhile.
    await world.until("Wed 16:20")
    await anna.checks_in(9, 9, 9, 9, 9)
    await world.until("Fri 17:00")
    assert "2 of 2 answered" in ben.screen
    assert got(world, ben).pages.total() == 2
    assert got(world, anna).prompts.total() == 2
    assert got(world, cora).prompts.total() == 2


@pytest.mark.parametrize("when", ["while it runs", "between two runs"])
@pytest.mark.parametrize("name", AHEAD)
async def test_a_clock_set_ahead_floods_nobody(
    world: World, clock: WrongClock, name: str, when: str
) -> None:
    ms = AHEAD[name]
    anna, ben, cora = await friday(world)
    before = {human: human.received for human in (anna, ben, cora)}
    await step(world, clock, ms, when)
    await tick(world, clock, 3 * MINUTE, refused=False)
    got_more = [human.received - before[human] for human in (anna, ben, cora)]
    if ms < 2 * DAY:
        # By then only Cora's reminder may be due; her check-in is open.
        assert got_more == [0, 0, int(ms >= DAY)]
        await step(world, clock, -ms, when)
        await cora.answers(8, 8, 8)
        await cora.taps("Skip ›")
    else:
        # Of six weeks: one question, about the session that is just over, and one digest.
        assert got_more == [1, 1, 0]
        assert await world.rows("SELECT state FROM checkin ORDER BY due_at") == [
            ("answered",), ("partial",), ("open",),
        ]  # fmt: skip
        await anna.checks_in(8, 8, 8, 8, 8)
        await world.until("Fri 17:00")
        assert "1 of 1 answered. 1 still open. 10 not asked." in ben.screen
    # Everything goes on, week by week.
    await world.until("Wed 16:20")
    await anna.checks_in(9, 9, 9, 9, 9)
    await world.until("Fri 17:00")
    assert got(world, ben).pages.total() == (2 if ms < 2 * DAY else 4)
    assert ("2 of 2 answered" if ms < 2 * DAY else "1 of 2 answered") in ben.screen


@pytest.mark.parametrize("when", ["while it runs", "between two runs"])
async def test_a_clock_that_was_weeks_ahead_is_said_to_be_wrong_when_it_is_right_again(
    world: World, clock: WrongClock, when: str
) -> None:
    """Until somebody has looked, nothing is sent; what people say is kept and in order."""
    anna, ben, _ = await friday(world)
    await step(world, clock, 40 * DAY, when)
    await tick(world, clock, 3 * MINUTE, refused=False)
    await step(world, clock, -40 * DAY, when)
    received = anna.received
    anna.phone.tap("3")
    ben.phone.tap("Read this one")
    await anew(world, await world.invites(ben, "D4"))
    await tick(world, clock, 10 * MINUTE, refused=True)
    assert anna.received == received
    assert 3 in await world.kept()


async def test_what_was_handled_stays_known_while_the_clock_is_days_behind(
    world: World, clock: WrongClock
) -> None:
    """As on a machine without a clock of its own. Telegram may repeat it."""
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await step(world, clock, -10 * DAY, "between two runs")
    anna.phone.tap("8")
    await rest(world)
    seen = "SELECT update_id FROM seen_update ORDER BY update_id"
    known = await world.rows(seen)
    await world.stage.running.ticks._tick("sweep")
    assert await world.rows(seen) == known
