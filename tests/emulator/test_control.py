"""The emulator in a process of its own, its people reached over HTTP."""

from __future__ import annotations

import asyncio
import base64
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.emulator import Emulator, Journal
from bot.emulator.files import picture
from tests.emulator.apart import Control, run_apart
from tests.emulator.rawbot import NOON, TOKEN, RawBot

KEYBOARD = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}


@dataclass
class Apart:
    """An emulator in another process: its control, its bot and its journal's file."""

    process: asyncio.subprocess.Process
    control: Control
    bot: RawBot
    journal: Path

    async def ask(self, act: str, **how: Any) -> Any:
        """Do an act of the control interface."""
        return await self.control.ask(act, **how)

    async def prompted(self) -> int:
        """Let Anna start the bot, which shows her a button; give her id."""
        anna = int((await self.ask("person", name="Anna"))["id"])
        await self.ask("start", id=anna, payload="abc")
        await self.bot.updates()
        text = {"text": "<b>x</b>", "parse_mode": "HTML", "reply_markup": KEYBOARD}
        await self.bot.call("sendMessage", chat_id=anna, **text)
        return anna


@pytest.fixture
async def apart(tmp_path: Path) -> AsyncIterator[Apart]:
    journal = tmp_path / "journal.jsonl"
    options = ("--token", TOKEN, "--seed", "1", "--clock", str(NOON), "--journal", str(journal))
    async with run_apart(*options) as (process, url), aiohttp.ClientSession() as session:
        yield Apart(process, Control(url, session), RawBot(url, session), journal)


async def test_a_person_in_another_process_does_what_a_person_does(apart: Apart) -> None:
    anna = await apart.prompted()
    prompt = (await apart.ask("chat", id=anna))[-1]
    assert (prompt["text"], prompt["html"]) == ("x", "<b>x</b>")
    assert prompt["buttons"] == [[["Go", "go"]]]
    said = await apart.ask("send", id=anna, text="helo")
    await apart.ask("edit", id=anna, message=said, text="hello")
    shot = base64.b64encode(picture(grey=9)).decode()
    await apart.ask("photo", id=anna, data=shot, caption="see")
    await apart.ask("voice", id=anna)
    await apart.ask("sticker", id=anna)
    tap = await apart.ask("tap", id=anna, button="Go", message=prompt)
    assert (tap["data"], tap["answer"]) == ("go", None)
    await apart.ask("block", id=anna)
    updates = await apart.bot.updates()
    kinds = [next(key for key in update if key != "update_id") for update in updates]
    messages = ["message", "edited_message", *["message"] * 3]
    assert kinds == [*messages, "callback_query", "my_chat_member"]
    waiting = asyncio.ensure_future(apart.ask("answered", tap=tap["id"]))
    await apart.bot.call("answerCallbackQuery", callback_query_id=tap["id"], text="ok")
    assert (await waiting)["text"] == "ok"
    assert (await apart.ask("tapped", tap=tap["id"]))["answer"]["text"] == "ok"
    assert "blocked" in await apart.bot.refused("sendMessage", chat_id=anna, text="x")
    assert (await apart.ask("people"))[0]["blocked"]
    await apart.ask("unblock", id=anna)
    [photo] = [seen for seen in await apart.ask("chat", id=anna) if seen["kind"] == "photo"]
    assert photo["photo"] == shot
    await apart.ask("delete", id=anna, message=photo)
    assert photo not in await apart.ask("chat", id=anna)


async def test_watching_from_afar_is_woken_by_the_message(apart: Apart) -> None:
    anna = await apart.prompted()
    watch = asyncio.ensure_future(apart.ask("watch", id=anna, what="later"))
    seen = await apart.ask("changed", after=-1)
    changed = asyncio.ensure_future(apart.ask("changed", after=seen))
    await apart.bot.call("sendMessage", chat_id=anna, text="later")
    assert (await watch)["text"] == "later"
    assert await changed > seen
    with pytest.raises(TimeoutError, match=r"(?s)not seen: never.*later"):
        await apart.ask("watch", id=anna, what="never", timeout_seconds=0.01)


async def test_refusals_of_a_person_come_back_as_they_are(apart: Apart) -> None:
    anna = await apart.prompted()
    with pytest.raises(LookupError, match="no button 'Stop'"):
        await apart.ask("tap", id=anna, button="Stop")
    with pytest.raises(ValueError, match="payload"):
        await apart.ask("start", id=anna, payload="not allowed!")
    with pytest.raises(ValueError, match="is taken"):
        await apart.ask("person", name="Cora", id=anna)
    with pytest.raises(TypeError, match="text"):
        await apart.ask("send", id=anna)
    await apart.ask("block", id=anna)
    with pytest.raises(PermissionError):
        await apart.ask("send", id=anna, text="x")


async def test_what_the_bot_offers_below_the_field_is_there(apart: Apart) -> None:
    anna = await apart.prompted()
    rows = {"keyboard": [[{"text": "Yes"}]]}
    await apart.bot.call("sendMessage", chat_id=anna, text="x", reply_markup=rows)
    command = {"command": "help", "description": "What this is"}
    await apart.bot.call("setMyCommands", commands=[command])
    assert await apart.ask("keyboard", id=anna) == [["Yes"]]
    assert await apart.ask("commands", id=anna) == [command]


async def test_clock_faults_and_quiet_are_reached(apart: Apart) -> None:
    assert (await apart.ask("state"))["now"] == NOON
    assert await apart.ask("advance", to=NOON + 5) == NOON + 5
    with pytest.raises(ValueError, match="does not go back"):
        await apart.ask("advance", to=NOON)
    assert await apart.ask("fault", kind="status", status=503, method="getMe") == (
        "status 503 before"
    )
    assert (await apart.bot.answer("getMe"))[0] == 503
    assert (await apart.bot.call("getMe"))["is_bot"]
    await apart.ask("fault", kind="drop", method="getMe", times=None)
    await apart.ask("updates", repeat=1.0, shuffle=True)
    await apart.ask("clear")
    assert (await apart.bot.call("getMe"))["is_bot"]
    with pytest.raises(TimeoutError, match="nobody polls"):
        await apart.ask("quiet", timeout_seconds=0.01)
    acts = [(act["method"], act["params"]) for act in await apart.ask("journal", kind="act")]
    assert acts == [
        ("advance", {"to": NOON + 5}),
        ("fault", {"kind": "status", "status": 503, "method": "getMe"}),
        ("fault", {"kind": "drop", "method": "getMe", "times": None}),
    ]
    await apart.ask("inject", update={"message": {}})
    assert await apart.ask("state") == {"pending": 1, "polling": False, "now": NOON + 5}


async def test_the_journal_is_the_same_over_http_and_in_the_file(apart: Apart) -> None:
    anna = await apart.prompted()
    entries = await apart.ask("journal")
    assert [entry["sequence"] for entry in entries] == list(range(1, len(entries) + 1))
    assert entries[-1]["method"] == "sendMessage"
    assert await apart.ask("journal", after=len(entries) - 1) == entries[-1:]
    assert await apart.ask("journal", kind="call", chat=anna) == entries[-1:]
    read = Journal.load(apart.journal)
    assert [entry.to_json() for entry in read.read()] == entries
    assert [entry.result["text"] for entry in read.sent(chat=anna)] == ["x"]


async def test_it_ends_cleanly_on_a_signal_with_a_poll_and_a_black_hole(apart: Apart) -> None:
    await apart.ask("fault", kind="black_hole", method="getMe")
    hanging = [
        asyncio.ensure_future(apart.bot.answer("getMe")),
        asyncio.ensure_future(apart.bot.answer("getUpdates", timeout=50)),
    ]
    changed = -1
    while not (await apart.ask("state"))["polling"]:
        changed = await apart.ask("changed", after=changed)
    apart.process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(apart.process.wait(), 5) == 0
    ended = await asyncio.gather(*hanging, return_exceptions=True)
    assert all(isinstance(error, aiohttp.ClientError) for error in ended)


async def test_options_reach_the_emulator() -> None:
    options = ("--token", TOKEN, "--username", "a_bot", "--flood", "--lenient")
    async with (
        run_apart(*options, "--loopback-webhook") as (_, url),
        aiohttp.ClientSession() as session,
    ):
        bot, control = RawBot(url, session), Control(url, session)
        assert (await bot.call("getMe", unknown="ignored"))["username"] == "a_bot"
        anna = (await control.ask("person", name="Anna"))["id"]
        await control.ask("start", id=anna)
        message = {"chat_id": anna, "text": "x"}
        statuses = [(await bot.answer("sendMessage", **message))[0] for _ in range(6)]
        assert statuses == [*[200] * 5, 429]
        await bot.call("setWebhook", url="http://127.0.0.1:9/")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--token", "x"], 2, "--token is digits, a colon and a secret, such as 1:x"),
        (["--port", "PORT"], 1, "cannot be listened on: Address already in use"),
    ],
)
async def test_what_cannot_be_served_is_told(
    emulator: Emulator, options: list[str], code: int, words: str
) -> None:
    taken = [str(emulator.port) if option == "PORT" else option for option in options]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "emulator", *taken), stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert (process.returncode, words in said.decode()) == (code, True)


async def test_a_real_clock_cannot_be_moved() -> None:
    emulator = Emulator(TOKEN)
    async with emulator.serve() as url, aiohttp.ClientSession() as session:
        with pytest.raises(ValueError, match="cannot be moved"):
            await Control(url, session).ask("advance", to=1)


def test_a_journal_that_has_forgotten_says_so() -> None:
    journal = Journal(keep=2)
    for _ in range(3):
        journal.add(NOON, "act", "write")
    assert len(journal) == 3
    assert [entry.sequence for entry in journal.read(after=1)] == [2, 3]
    with pytest.raises(LookupError, match="before 2"):
        journal.read()


def test_a_journal_whose_last_line_broke_off_is_read_without_it(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    journal = Journal(file=file)
    journal.add(NOON, "act", "write", chat=5, params={"text": "ü"})
    journal.add(NOON, "call", "getMe", answer=b'{"ok":true,"result":true}', status=200)
    journal.close()
    file.write_bytes(file.read_bytes() + b'{"sequence":3')
    act, call = Journal.load(file).read()
    assert (act.params, act.chat, call.result, call.status) == ({"text": "ü"}, 5, True, 200)
    assert str(call) == f"2 {NOON} call getMe -> 200 {{}}"
