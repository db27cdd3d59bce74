"""How long a person waits for the next screen when Telegram is 50 ms away, there and back.

Ten people answer at once. Half of the way is taken by the tap, half by the new screen, so that
nothing can be faster than 50 ms. One who polls may have to ask first: an update that comes while
the answer before it is on its way waits for the next question.

Measured twice. Each in their own time: a person reads a screen for up to a fifth of a second, far
less than anybody needs, and no two alike. In step: all tap as soon as their screen has changed; as
the way takes all of them the same time, ten taps keep coming in the same moment for ever, and half
of them wait for five others: that tells what ten taps cost, and not how anybody is answered.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable
from pathlib import Path

from tests.bench.beside import commands, peer
from tests.bench.table import Figure
from tests.bench.taps import Tapped, in_a_folder, rapport

PEOPLE = 10
FAR_SECONDS = 0.05
_SURVEYS = 6
_READS_SECONDS = 0.2
#: Milliseconds: of half of the taps at most so many, by polling and by webhook.
_GOALS = {"polling": 95.0, "webhook": 60.0}


def measure() -> list[Figure]:
    """Measure Rapport in both ways of receiving, and the others that can be had."""
    return in_a_folder(_measure)


async def _measure(folder: Path) -> list[Figure]:
    figures = []
    for way, goal in _GOALS.items():
        own = folder / way
        own.mkdir()
        async with rapport(
            own, 1 + 2 * _SURVEYS, PEOPLE, far_seconds=FAR_SECONDS, by_webhook=way == "webhook"
        ) as bot:
            figures += await _felt(bot, f"Rapport by {way}", goal)
    found, missing = commands(install=True)
    for name, command in found.items():
        async with peer(
            name, command, folder, PEOPLE, turns=1 + 2 * _SURVEYS, far_seconds=FAR_SECONDS
        ) as bot:
            figures += await _felt(bot, f"{name} by polling", None)
    return figures + [Figure(name, 0, "", note=why) for name, why in missing.items()]


async def _felt(bot: Tapped, name: str, goal: float | None) -> list[Figure]:
    await bot.play_round(1)
    reads = random.Random(1)
    return [
        await _waits(bot, name, goal, lambda: reads.uniform(0, _READS_SECONDS)),
        await _waits(bot, f"{name}, in step", None, lambda: 0.0),
    ]


async def _waits(bot: Tapped, name: str, goal: float | None, thinks: Callable[[], float]) -> Figure:
    bot.forget()
    await bot.play_round(_SURVEYS, thinks)
    ways = statistics.quantiles(bot.waits, n=100)
    note = f"99 of 100 within {ways[98]:.0f} ms; {len(bot.waits)} taps"
    return Figure(f"{name}: half of the taps within", ways[49], "ms", goal, note)
