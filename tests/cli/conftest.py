"""A practice on disk, an emulated Telegram in a thread of its own, and the program beside it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.demo.stage import TOKEN, write_config
from bot.emulator import Emulator
from bot.store.vault import read_key
from tests.canaries import keys_of
from tests.founding import founded


class Process(subprocess.Popen[str]):
    """A program of ours; whatever it says, it says no secret."""

    secrets: frozenset[str] = frozenset()

    def communicate(self, *given: Any, **named: Any) -> tuple[str, str]:
        """Give what it said. Errors: AssertionError when there is a key in it."""
        said = super().communicate(*given, **named)
        told = [secret for secret in self.secrets if any(secret in one for one in said if one)]
        assert told == [], "a child process says a key"
        return said


Start = Callable[..., Process]


@pytest.fixture(autouse=True)
def _only_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in list(os.environ):
        if variable.startswith("RAPPORT_") or variable == "CREDENTIALS_DIRECTORY":
            monkeypatch.delenv(variable)


@pytest.fixture(autouse=True)
def _the_log_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    # In this process the log belongs to the tests; what it does is seen in one of its own.
    monkeypatch.setattr("bot.logging.set_up", lambda _: None)


@pytest.fixture
def telegram_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread of its own: it goes on while the test waits."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()


@pytest.fixture
def telegram(telegram_loop: asyncio.AbstractEventLoop) -> Iterator[Emulator]:
    """A Telegram that lives in that loop; whoever acts in it does so there."""
    emulator = Emulator(TOKEN, seed=1)
    asyncio.run_coroutine_threadsafe(emulator.start(), telegram_loop).result(5)
    yield emulator

    async def end() -> None:
        emulator.faults.release()
        await emulator.stop()

    asyncio.run_coroutine_threadsafe(end(), telegram_loop).result(5)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A practice that never reaches a Telegram, with its master key and database."""
    return founded(write_config(tmp_path, "http://127.0.0.1:9/bot"))


@pytest.fixture
def connected(tmp_path: Path, telegram: Emulator) -> Path:
    """A practice with a Telegram."""
    return founded(write_config(tmp_path, telegram.base_url))


@pytest.fixture
def master(tmp_path: Path) -> Callable[[], bytes]:
    """Read the key file."""
    return lambda: read_key((tmp_path / "rapport.key").read_text("utf-8"))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start `rapport …` as its own process, in another folder than its configuration's."""
    running: list[Process] = []
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def begin(*words: str) -> Process:
        process = Process(
            [sys.executable, "-m", "bot", *words],
            cwd=elsewhere,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        key = tmp_path / "rapport.key"
        process.secrets = frozenset(keys_of(key, TOKEN) if key.exists() else ()) | {TOKEN}
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def wait_until(is_so: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait until something is so. Errors: TimeoutError."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not come to that")
        time.sleep(0.02)
