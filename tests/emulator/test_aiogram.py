"""A second client: an aiogram bot in an environment of its own, by polling and by webhook."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.emulator import Emulator, Person
from bot.emulator.files import picture
from tests.emulator.rawbot import TOKEN

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-aiogram" / "bin" / "python"
#: A bot of this kind takes seconds of processor time to begin.
PATIENCE_SECONDS = 60.0
BOT = Path(__file__).parent / "aiogram" / "bot.py"


def why_not() -> str | None:
    """Say why aiogram cannot be run here, if it cannot."""
    if not PYTHON.exists():
        return "aiogram has no environment: `make test` installs .venv-aiogram"
    find = "import sys; from importlib.util import find_spec; sys.exit(not find_spec('aiogram'))"
    found = subprocess.run([PYTHON, "-c", find], check=False).returncode == 0
    return None if found else "aiogram is not installed in .venv-aiogram: see `make test`"


@pytest.fixture(scope="module", autouse=True)
def _aiogram() -> None:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)


@asynccontextmanager
async def bot(emulator: Emulator, *more: str) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(PYTHON, BOT, emulator.url, TOKEN, *more)
    try:
        if not await emulator.bell.wait_for(lambda: emulator.polling, PATIENCE_SECONDS):
            raise TimeoutError("the bot does not ask for updates")
        yield
    finally:
        process.terminate()
        await process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def plays(emulator: Emulator, anna: Person) -> None:
    """Let Anna answer, send a photo, write, and block the bot before it has answered."""
    anna.start("A7")
    asked = await anna.watch("How heard?", PATIENCE_SECONDS)
    assert asked.html == "<b>How heard?</b> for A7"
    tap = anna.tap("7")
    assert (await tap.wait(PATIENCE_SECONDS)).text == "7 it is"
    assert (await anna.watch("Thank you: 7", PATIENCE_SECONDS)).message_id == asked.message_id
    anna.send_photo(picture(grey=7))
    await anna.watch(lambda seen: seen.album is not None, PATIENCE_SECONDS)
    await emulator.quiet(PATIENCE_SECONDS)
    back, *album = [seen for seen in anna.chat if seen.from_bot and seen.kind == "photo"]
    assert (back.photo, back.html) == (picture(grey=7), "<i>back</i>")
    assert [seen.photo for seen in album] == [picture(grey=7)] * 2
    anna.send("hello")
    await anna.watch("you said hello", PATIENCE_SECONDS)
    anna.send("later")
    anna.block()
    told, texts = "Forbidden: bot was blocked by the user", emulator.world.profile.texts
    place = ("short_description", "")
    assert await emulator.bell.wait_for(lambda: texts.get(place) == told, PATIENCE_SECONDS)
    del texts[place]
    await emulator.quiet(PATIENCE_SECONDS)
    assert [command["command"] for command in anna.commands] == ["start"]


async def test_an_aiogram_bot_polls_and_then_takes_a_webhook() -> None:
    emulator = Emulator(TOKEN, seed=1, loopback_webhook=True)
    webhook = emulator.calls.webhook
    async with emulator.serve(), bot(emulator, str(free_port())):
        await plays(emulator, emulator.person("Anna"))
        dana = emulator.person("Dana")
        dana.send("webhook")
        assert await emulator.bell.wait_for(lambda: webhook.target is not None, PATIENCE_SECONDS)
        await plays(emulator, emulator.person("Cora"))
    refused = [call for call in emulator.journal.calls() if call.status == 400]
    assert [(call.method, call.result) for call in refused] == []
    failed = [str(entry) for entry in emulator.journal.read(kind="delivery") if not entry.done]
    assert failed == []


def test_it_says_why_it_cannot_be_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(f"{__name__}.PYTHON", tmp_path / "python")
    assert "make test" in str(why_not())
