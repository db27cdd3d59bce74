"""How soon `rapport run` is there again, how soon it is gone, and that nothing is lost by either.

Both by polling and by webhook, as its own process, against a Telegram that goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.app import SystemClock
from bot.config import load
from bot.demo.stage import TOKEN, write_config
from bot.emulator import Emulator, MovableClock, Person
from tests.bench.practice import ZONE, found, open_checkins
from tests.cli.conftest import Start, wait_until
from tests.founding import founded
from tests.hook import receive_by_webhook

pytestmark = pytest.mark.no_cover  # what is measured starts later

THERE_WITHIN_SECONDS = 5.0
GONE_WITHIN_SECONDS = 8.0
CLIENTS = 25
ITEMS = ("heard", "bond", "goals", "tasks")

Note = Callable[[str, object], None]
Within = Callable[[Callable[[], Any]], Any]


@pytest.fixture(params=["polling", "webhook"], autouse=True)
def way_in(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "webhook":
        receive_by_webhook(monkeypatch)


@pytest.fixture
def telegram(telegram_loop: asyncio.AbstractEventLoop) -> Iterator[Emulator]:
    """A Telegram whose clock stands still: what it tries again later, it does not try again."""
    clock = MovableClock(SystemClock().now())
    emulator = Emulator(TOKEN, clock, seed=1, loopback_webhook=True)
    asyncio.run_coroutine_threadsafe(emulator.start(), telegram_loop).result(5)
    yield emulator

    async def end() -> None:
        emulator.faults.release()
        await emulator.stop()

    asyncio.run_coroutine_threadsafe(end(), telegram_loop).result(5)


@pytest.fixture
def within(telegram_loop: asyncio.AbstractEventLoop) -> Within:
    """Let something happen in Telegram, and give what comes of it."""

    def act(what: Callable[[], Any]) -> Any:
        async def soon() -> Any:
            return what()

        return asyncio.run_coroutine_threadsafe(soon(), telegram_loop).result(5)

    return act


@pytest.fixture
def config(tmp_path: Path, telegram: Emulator) -> Path:
    """A practice with a Telegram, in whose quiet hours it is not."""
    far = (datetime.now(ZoneInfo(ZONE)).hour + 12) % 24
    quiet = f'[checkin]\nquiet_from = "{far:02}:00"\nquiet_to = "{far:02}:01"\n'
    return founded(write_config(tmp_path, telegram.base_url, extra=quiet))


def stopped(process: subprocess.Popen[str]) -> tuple[float, str]:
    """Stop the program; give the seconds it took and its log."""
    began = time.monotonic()
    process.terminate()
    _, log = process.communicate(timeout=30)
    assert process.returncode == 0, log
    return time.monotonic() - began, log


def queued_seconds(pid: int) -> float:
    """Give how long a program stood in line for a processor that others had.

    On a busy machine a start takes longer, and the program is not to blame for that.
    """
    return int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[1]) / 1e9


def count(config: Path, table: str) -> int:
    with sqlite3.connect(config.with_name("rapport.sqlite3")) as db:
        found: int = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return found


def test_what_waited_is_answered_five_seconds_after_a_cold_start(
    config: Path, telegram: Emulator, within: Within, start: Start, record_property: Note
) -> None:
    cora = within(lambda: telegram.person("Cora"))
    process = start("run", "-c", str(config))
    wait_until(lambda: telegram.polling, 60)
    within(cora.start)
    wait_until(lambda: bool(cora.chat) and cora.chat[-1].from_bot, 60)
    stopped(process)

    within(lambda: cora.send("/help"))
    time.sleep(0.2)  # by webhook, Telegram has tried in vain by now
    began = time.monotonic()
    process = start("run", "-c", str(config))
    wait_until(lambda: telegram.pending == 0, 60)
    wait_until(lambda: cora.chat[-1].from_bot, 60)
    seconds = time.monotonic() - began - queued_seconds(process.pid)
    assert count(config, "seen_update") >= 2
    assert seconds < THERE_WITHIN_SECONDS
    record_property("there within seconds", round(seconds, 2))


def test_a_hundred_queued_answers_and_hanging_calls_make_no_stop_slow_and_none_is_lost(
    config: Path, telegram: Emulator, within: Within, start: Start, record_property: Note
) -> None:
    people = asked(config, telegram, within)
    process = start("run", "-c", str(config))
    wait_until(lambda: all(prompt_of(anna) for anna in people), 30)

    hang = partial(telegram.faults.add, "black_hole", times=None)
    holes = [hang(method=method) for method in ("sendMessage", "editMessageText")]
    within(lambda: people[0].send("/help"))
    wait_until(lambda: any(hole.struck for hole in holes))
    within(lambda: [rate(anna, item) for anna in people for item in ITEMS])
    wait_until(lambda: count(config, "answer") > 0)
    seconds, log = stopped(process)
    assert seconds < GONE_WITHIN_SECONDS
    assert "Traceback" not in log
    before = count(config, "answer")

    within(telegram.faults.clear)
    lives = len(telegram.journal.calls(method="getMe"))
    process = start("run", "-c", str(config))
    wait_until(lambda: len(telegram.journal.calls(method="getMe")) > lives)
    wait_until(lambda: telegram.pending == 0)
    wait_until(lambda: count(config, "answer") == CLIENTS * len(ITEMS))
    stopped(process)
    assert count(config, "answer_earlier") == 0
    assert count(config, "set_aside") == 0
    record_property("gone within seconds", round(seconds, 2))
    record_property("stored before the end", before)


def asked(config: Path, telegram: Emulator, within: Within) -> list[Person]:
    """Make clients with an open check-in each."""
    settings, clock = load(config), SystemClock()

    async def make() -> list[int]:
        couples = await found(settings, clock, therapists=1, each=CLIENTS)
        await open_checkins(settings, clock, couples, 1)
        return [couple.telegram_id for couple in couples]

    def met(telegram_id: int) -> Person:
        anna = telegram.person("Anna", id=telegram_id)
        anna.start()
        return anna

    ids = asyncio.run(make())
    return [within(lambda each=each: met(each)) for each in ids]


def prompt_of(anna: Person) -> Any:
    """Give the message with the first question, as it is seen now."""
    asking = [seen for seen in anna.chat if any(d.startswith("rate.") for d in seen.tappable)]
    return asking[-1] if asking else None


def rate(anna: Person, item: str) -> None:
    """Tap an eight for an item, shown or not: Telegram has kept older taps in its queue."""
    shown = prompt_of(anna)
    first = next(data for data in shown.tappable if data.startswith("rate."))
    data = ".".join([*first.split(".")[:2], item, "8"])
    anna.tap(data, replace(shown, buttons=[[(data, data)]], tappable=[data]))
