"""Rapport beside other bots: the same taps, against the same local Telegram, on one core.

All bots run at once, each with a Telegram of its own, and are measured in turn, round after round;
a bot whose turn it is not only polls. What each does with a tap (`tests.bench.taps`):

- Rapport: everything on.
- stock: python-telegram-bot's ConversationHandler and PicklePersistence, nothing durable per tap.
- aiogram: states in memory, one durable commit per answer.
- grammY: sessions in memory, one durable commit per answer.

What cannot be had here (an environment, Node.js) is left out, and the table says so.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from bot.demo.stage import TOKEN
from bot.emulator import Emulator
from tests.bench.peers.survey import ITEMS, THANKS, rows
from tests.bench.processes import resident_mib, running
from tests.bench.table import Figure
from tests.bench.taps import BOT_CORE, PEOPLE, Tapped, from_afar, in_a_folder, rapport

_ROUNDS, _EACH_ROUND = 5, 2
#: Rapport's processor per tap is to be at most so many times that of each.
_GOALS = {"stock": 0.25, "aiogram": 0.6, "grammY": 1.0}
_TURNS = 1 + _ROUNDS * _EACH_ROUND
_ROOT = Path(__file__).parents[2]
_PEERS = Path(__file__).parent / "peers"


def measure() -> list[Figure]:
    """Measure all that can be had here."""
    return in_a_folder(_measure)


async def _measure(folder: Path) -> list[Figure]:
    found, missing = commands(install=True)
    async with AsyncExitStack() as stack:
        bots = [await stack.enter_async_context(rapport(folder, _TURNS))]
        for name, command in found.items():
            bots.append(await stack.enter_async_context(peer(name, command, folder)))
        for bot in bots:
            await bot.play_round(1)
            bot.forget()  # it was to warm up
        for _ in range(_ROUNDS):
            for bot in bots:
                await bot.play_round(_EACH_ROUND)
        figures = [figure for bot in bots for figure in _figures(bot)]
        figures += [_compared(bots[0], bot) for bot in bots[1:]]
    return figures + [Figure(name, 0, "", note=why) for name, why in missing.items()]


def commands(*, install: bool) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Give what starts each peer, and for those that cannot be had, why."""
    found = {"stock": [sys.executable, str(_PEERS / "stock.py")]}
    missing = {}
    aiogram = _ROOT / ".venv-aiogram" / "bin" / "python"
    if aiogram.exists():
        found["aiogram"] = [str(aiogram), str(_PEERS / "with_aiogram.py")]
    else:
        missing["aiogram"] = "not here: `make test` installs .venv-aiogram"
    if _has_grammy(install):
        found["grammY"] = [str(shutil.which("node")), str(_PEERS / "grammy" / "bot.mjs")]
    else:
        missing["grammY"] = "not here: `make bench` installs it, with node and npm"
    return found, missing


def _has_grammy(install: bool) -> bool:
    """Tell whether grammY can be run; it is installed from its lock, once."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return False
    place = _PEERS / "grammy"
    if (place / "node_modules" / "grammy").is_dir():
        return True
    wanted = ["npm", "ci", "--silent"]
    return install and subprocess.run(wanted, cwd=place, check=False).returncode == 0


@asynccontextmanager
async def peer(
    name: str,
    command: list[str],
    folder: Path,
    count: int = PEOPLE,
    *,
    turns: int = _TURNS,
    far_seconds: float = 0.0,
) -> AsyncIterator[Tapped]:
    """Run a peer with `count` people; their one message is answered again and again.

    turns: how often it can be. far_seconds: how far away Telegram is, there and back.
    """
    telegram, place = Emulator(token=TOKEN, seed=1), folder / name
    place.mkdir()
    survey = {"items": ITEMS, "thanks": THANKS, "rows": [rows(n) for n in range(len(ITEMS) + 1)]}
    (place / "survey.json").write_text(json.dumps(survey), "utf-8")
    async with telegram.serve(), from_afar(telegram, far_seconds) as base_url:
        people = [telegram.person(f"Client {number}") for number in range(count)]
        with running([*command, base_url, TOKEN, str(place)], BOT_CORE) as process:
            bot = Tapped(name, telegram, people, process.pid)
            for person in people:
                person.start()
            await bot.until_all_are_asked(1)
            bot.screens = {person: places * turns for person, places in bot.screens.items()}
            yield bot


def _figures(bot: Tapped) -> list[Figure]:
    ms, waits = statistics.median(bot.ms), statistics.quantiles(bot.waits, n=100)
    return [
        Figure(f"{bot.name}: processor per tap", ms, "ms",
               note=f"{min(bot.ms):.2f} to {max(bot.ms):.2f}"),
        Figure(f"{bot.name}: taps", statistics.median(bot.a_second), "/s",
               note=f"p50 {waits[49]:.0f} ms, p99 {waits[98]:.0f} ms"),
        Figure(f"{bot.name}: memory", resident_mib(bot.pid), "MiB"),
    ]  # fmt: skip


def _compared(ours: Tapped, peer: Tapped) -> Figure:
    times = sorted(own / its for own, its in zip(ours.ms, peer.ms, strict=True))
    value = statistics.median(ours.ms) / statistics.median(peer.ms)
    note = f"round by round {times[0]:.2f} to {times[-1]:.2f}"
    return Figure(f"a tap of Rapport : of {peer.name}", value, "times", _GOALS[peer.name], note)
