"""The emulator in a process of its own, its people reached over HTTP."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import orjson
import pytest

from bot.emulator import Emulator, Journal
from bot.emulator.control import Control, RemotePerson
from tests.emulator.rawbot import NOON, TOKEN, RawBot

KEYBOARD = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}


@dataclass
class Apart:
    """An emulator in another process: its control, its bot and its journal's file."""

    process: asyncio.subprocess.Process
    control: Control
    bot: RawBot
    journal: Path


@pytest.fixture
async def apart(tmp_path: Path) -> AsyncIterator[Apart]:
    journal = tmp_path / "journal.jsonl"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.emulator", "--port", "0", "--token", TOKEN),
        *("--seed", "1", "--clock", str(NOON), "--journal", str(journal)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    word, url = (await process.stdout.readline()).decode().split()
    assert word == "ready"
    async with Control(url) as control, aiohttp.ClientSession() as session:
        yield Apart(process, control, RawBot(url, session), journal)
    if process.returncode is None:
        process.kill()
    await process.wait()


async def prompted(apart: Apart) -> RemotePerson:
    anna = await apart.control.person("Anna")
    await anna.start("abc")
    await apart.bot.updates()
    await apart.bot.call(
        "sendMessage", chat_id=anna.id, text="<b>x</b>", parse_mode="HTML", reply_markup=KEYBOARD
    )
    return anna


async def test_a_person_in_another_process_does_what_a_person_does(apart: Apart) -> None:
    anna = await prompted(apart)
    prompt = await anna.last()
    assert (prompt.text, prompt.html, prompt.buttons) == ("x", "<b>x</b>", [[("Go", "go")]])
    said = await anna.send("helo")
    await anna.edit(said, "hello")
    await anna.send_photo("see")
    await anna.send_voice()
    await anna.send_sticker()
    tap = await anna.tap("Go", prompt)
    assert await tap.answer() is None
    await anna.block()
    updates = await apart.bot.updates()
    kinds = [next(key for key in update if key != "update_id") for update in updates]
    assert kinds == [
        "message",
        "edited_message",
        *["message"] * 3,
        "callback_query",
        "my_chat_member",
    ]
    waiting = asyncio.ensure_future(tap.wait(5))
    await apart.bot.call("answerCallbackQuery", callback_query_id=tap.id, text="ok")
    assert (await waiting).text == "ok"
    assert "blocked" in await apart.bot.refused("sendMessage", chat_id=anna.id, text="x")
    await anna.unblock()
    photo = next(seen for seen in await anna.chat() if seen.kind == "photo")
    assert photo.photo
    assert photo.photo.startswith(b"\x89PNG")


async def test_watching_from_afar_is_woken_by_the_message(apart: Apart) -> None:
    anna = await prompted(apart)
    watch = asyncio.ensure_future(anna.watch("later", 5))
    await apart.bot.call("sendMessage", chat_id=anna.id, text="later")
    assert (await watch).text == "later"
    with pytest.raises(TimeoutError, match=r"not seen: never.*later"):
        await anna.watch("never", 0.01)


async def test_refusals_of_a_person_come_back_as_they_are(apart: Apart) -> None:
    anna = await prompted(apart)
    with pytest.raises(LookupError, match="no button 'Stop'"):
        await anna.tap("Stop")
    with pytest.raises(ValueError, match="payload"):
        await anna.start("not allowed!")
    with pytest.raises(ValueError, match="is taken"):
        await apart.control.person("Cora", id=anna.id)
    await anna.block()
    with pytest.raises(PermissionError):
        await anna.send("x")


async def test_clock_faults_and_quiet_are_reached(apart: Apart) -> None:
    control = apart.control
    assert await control.now() == NOON
    await control.advance_to(NOON + 5)
    assert await control.now() == NOON + 5
    with pytest.raises(ValueError, match="does not go back"):
        await control.advance_to(NOON)
    await control.fault("status", status=503, method="getMe")
    status, _ = await apart.bot.answer("getMe")
    assert status == 503
    assert (await apart.bot.call("getMe"))["is_bot"]
    await control.fault("drop", method="getMe", times=None)
    await control.clear_faults()
    assert (await apart.bot.call("getMe"))["is_bot"]
    with pytest.raises(TimeoutError, match="nobody polls"):
        await control.quiet(0.01)
    await control.inject({"message": {}})
    assert (await control.pending(), await control.polling()) == (1, False)


async def test_the_journal_is_the_same_in_memory_and_in_the_file(apart: Apart) -> None:
    await prompted(apart)
    entries = await apart.control.journal()
    assert [entry["sequence"] for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry["method"] for entry in entries][-1] == "sendMessage"
    assert await apart.control.journal(after=len(entries) - 1) == entries[-1:]
    lines = [orjson.loads(line) for line in apart.journal.read_bytes().splitlines()]
    assert lines == entries


async def test_it_ends_cleanly_on_a_signal_with_a_poll_and_a_black_hole(apart: Apart) -> None:
    await apart.control.fault("black_hole", method="getMe")
    hanging = [
        asyncio.ensure_future(apart.bot.answer("getMe")),
        asyncio.ensure_future(apart.bot.answer("getUpdates", timeout=50)),
    ]
    await apart.control.wait_until(apart.control.polling)
    apart.process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(apart.process.wait(), 5) == 0
    ended = await asyncio.gather(*hanging, return_exceptions=True)
    assert all(isinstance(error, aiohttp.ClientError) for error in ended)


async def test_a_real_clock_cannot_be_moved() -> None:
    emulator = Emulator(TOKEN)
    async with emulator.serve() as url, Control(url) as control:
        with pytest.raises(ValueError, match="cannot be moved"):
            await control.advance_to(1)


def test_a_journal_that_has_forgotten_says_so() -> None:
    journal = Journal(keep=2)
    for _ in range(3):
        journal.add(NOON, "act", "write")
    assert len(journal) == 3
    assert [entry.sequence for entry in journal.read(after=1)] == [2, 3]
    with pytest.raises(LookupError, match="before 2"):
        journal.read()
