"""Turns: Telegram's limits hold, nobody is overtaken, and an order to be silent is kept."""

from __future__ import annotations

import asyncio

import pytest

from bot.transport.pacing import Backoff, Pacing
from tests.transport.clocks import HandClock, RealClock

ANNA, BEN = 1, 2


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


class Callers:
    """Notes when each waiting caller got its turn, in seconds from the start."""

    def __init__(self, pacing: Pacing, clock: HandClock) -> None:
        self.pacing, self.clock, self.began = pacing, clock, clock.monotonic()
        self.turns: list[tuple[float, object]] = []
        self.tasks: list[asyncio.Task[None]] = []

    def ask(self, chat_id: int, name: object = None) -> asyncio.Task[None]:
        async def wait() -> None:
            await self.pacing.wait(chat_id)
            at = round(self.clock.monotonic() - self.began, 6)
            self.turns.append((at, chat_id if name is None else name))

        self.tasks.append(asyncio.create_task(wait()))
        return self.tasks[-1]

    @property
    def times(self) -> list[float]:
        return [at for at, _ in self.turns]


async def test_one_chat_may_burst_and_then_goes_once_a_second(clock):
    callers = Callers(Pacing(clock, per_chat_per_second=1.0, burst=3), clock)
    for _ in range(6):
        callers.ask(ANNA)
    await clock.move(10)
    assert callers.times == [0, 0, 0, 1, 2, 3]


async def test_a_chat_that_was_quiet_has_its_burst_again(clock):
    callers = Callers(Pacing(clock, burst=2), clock)
    for _ in range(2):
        callers.ask(ANNA)
    await clock.move(5)
    for _ in range(3):
        callers.ask(ANNA)
    await clock.move(5)
    assert callers.times == [0, 0, 5, 5, 6]


async def test_all_chats_together_keep_the_overall_limit(clock):
    callers = Callers(Pacing(clock, per_second=25), clock)
    for chat in range(100):
        callers.ask(chat)
    await clock.move(10)
    assert len(callers.times) == 100
    for start in range(40):
        within = [at for at in callers.times if start / 10 <= at < start / 10 + 1]
        assert len(within) <= 30
    assert callers.times[-1] == pytest.approx((100 - 5) / 25)


async def test_turns_come_in_the_order_of_asking(clock):
    callers = Callers(Pacing(clock, per_second=10), clock)
    for chat in range(50):
        callers.ask(chat)
    await clock.move(10)
    assert [name for _, name in callers.turns] == list(range(50))


async def test_one_busy_chat_does_not_hold_up_another(clock):
    callers = Callers(Pacing(clock, burst=1), clock)
    for _ in range(5):
        callers.ask(ANNA)
    callers.ask(BEN)
    await clock.move(0.5)
    assert [name for _, name in callers.turns] == [ANNA, BEN]
    await clock.move(10)


async def test_an_order_to_be_silent_holds_for_everybody_also_for_those_already_waiting(clock):
    pacing = Pacing(clock, per_second=25)
    callers = Callers(pacing, clock)
    for chat in range(30):
        callers.ask(chat)
    await clock.move(0.1)
    gone = len(callers.turns)
    assert 5 <= gone < 15
    pacing.halt(30)
    callers.ask(ANNA)
    await clock.move(29.99)
    assert len(callers.turns) == gone
    await clock.move(5)
    later = callers.times[gone:]
    assert len(later) == 31 - gone
    assert later[0] == pytest.approx(30.1)
    # The end of the silence is no stampede, and those who waited before go before.
    assert later[-1] - later[0] == pytest.approx((len(later) - 5) / 25)
    assert [name for _, name in callers.turns] == [*range(30), ANNA]


async def test_whoever_does_not_wait_through_a_silence_hears_at_once_how_long_it_is(clock):
    pacing = Pacing(clock, burst=1)
    assert await pacing.wait_unless_silent(ANNA) == 0
    turn = asyncio.create_task(pacing.wait_unless_silent(ANNA))
    patient = asyncio.create_task(pacing.wait(ANNA))
    await clock.move(0.5)
    pacing.halt(30)
    await clock.move(0)
    assert turn.done()
    assert turn.result() == 30
    await clock.move(10)
    assert await pacing.wait_unless_silent(BEN) == 20
    over = asyncio.create_task(pacing.silence())
    await clock.move(19.9)
    assert not over.done()
    assert not patient.done()
    await clock.move(1)
    assert over.done()
    assert patient.done()
    assert await pacing.wait_unless_silent(BEN) == 0


async def test_a_shorter_order_does_not_end_a_longer_one(clock):
    pacing = Pacing(clock)
    pacing.halt(20)
    pacing.halt(3)
    callers = Callers(pacing, clock)
    callers.ask(ANNA)
    await clock.move(19.9)
    assert callers.times == []
    await clock.move(0.2)
    assert callers.times == [20]


async def test_somebody_who_gives_up_waiting_blocks_nobody(clock):
    pacing = Pacing(clock)
    pacing.halt(5)
    callers = Callers(pacing, clock)
    gone = callers.ask(ANNA)
    callers.ask(BEN)
    await clock.move(1)
    gone.cancel()
    await clock.move(10)
    assert [name for _, name in callers.turns] == [BEN]


async def test_quiet_chats_are_forgotten(clock):
    pacing = Pacing(clock, per_second=1e6)
    for chat in range(5000):
        await pacing.wait(chat)
        await clock.move(0.01)
    assert pacing.chats_in_memory <= 101


async def test_the_usual_turn_costs_no_time():
    pacing = Pacing(RealClock(), per_second=1e9)
    async with asyncio.timeout(2):
        for chat in range(20_000):
            await pacing.wait(chat)


def test_backoff_doubles_with_jitter_up_to_its_limit_and_starts_over():
    backoff = Backoff(first=1, longest=30)
    pauses = [backoff.pause() for _ in range(8)]
    for pause, step in zip(pauses, (1, 2, 4, 8, 16, 30, 30, 30), strict=True):
        assert step / 2 <= pause <= step
    backoff.reset()
    assert backoff.pause() <= 1
