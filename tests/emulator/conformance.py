"""What a conformance check is, and the setting all of them begin in.

Anna talks to the bot; Cora has never started it; Ben has blocked it; Dana's account is gone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.emulator import Emulator, FloodLimits, MovableClock, Person
from tests.emulator.rawbot import NOON, TOKEN, RawBot

Json = dict[str, Any]

API = "Bot API: "
SERVER = "tdlib/telegram-bot-api: "
TD = "tdlib/td: "
#: Codes and sentences of Telegram's servers, as bots meet them.
SEEN = "observed: "

KEYBOARD = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}


@dataclass
class Setting:
    """An emulator, its people, a bot, and names for what is in the chats."""

    emulator: Emulator
    clock: MovableClock
    bot: RawBot
    anna: Person
    names: Json = field(default_factory=dict)

    def fill(self, value: Any) -> Any:
        """Replace names (`ANNA`, `TEXT` …) by what they stand for."""
        if isinstance(value, dict):
            return {key: self.fill(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        return self.names.get(value, value) if isinstance(value, str) else value

    async def ask(self, method: str, **params: Any) -> tuple[int, Json]:
        """Call a method; give the status and the answer."""
        return await self.bot.answer(method, **self.fill(params))


@asynccontextmanager
async def setting(
    flood: FloodLimits | None = None, *, loopback_webhook: bool = False
) -> AsyncIterator[Setting]:
    """Make a fresh setting: a text, a photo and a message of Anna's in her chat, and a tap."""
    clock = MovableClock(NOON)
    emulator = Emulator(TOKEN, clock, seed=1, flood=flood, loopback_webhook=loopback_webhook)
    cast = ("Anna", "Ben", "Cora", "Dana")
    anna, ben, cora, dana = (emulator.person(name, id=4711 + n) for n, name in enumerate(cast))
    for person in (anna, ben, dana):
        person.start()
    ben.block()
    dana.deactivate()
    group = emulator.group("Family")
    group.add_bot(by=anna)
    group.remove_bot(by=anna)
    async with emulator.serve() as url, aiohttp.ClientSession() as session:
        bot = RawBot(url, session)
        made = Setting(emulator, clock, bot, anna)
        hers = anna.send_photo()
        emulator.world.queue.clear()
        photo = next(iter(emulator.world.files))
        made.names = {
            "ANNA": anna.id,
            "BEN": ben.id,
            "CORA": cora.id,
            "DANA": dana.id,
            "GROUP": group.id,
            "HERS": hers.message_id,
            "FILE": photo,
        }
        text = await bot.call("sendMessage", chat_id=anna.id, text="hello", reply_markup=KEYBOARD)
        sent = await bot.call("sendPhoto", chat_id=anna.id, photo=photo, caption="look")
        made.names |= {
            "TEXT": text["message_id"],
            "PHOTO": sent["message_id"],
            "TAP": anna.tap("Go").id,
        }
        emulator.world.queue.clear()
        yield made


@dataclass(frozen=True)
class Check:
    """One thing the official server does.

    number: of this check, for good. says: the behaviour in a sentence. source: where it is
    documented or seen. method, params: one call, in the setting's names. expected: "400 …" for
    a refusal, a function that judges the result, or what the result is or (for an object) holds.
    """

    number: int
    says: str
    source: str
    method: str
    params: Json
    expected: str | Callable[[Any], bool] | object

    def __str__(self) -> str:
        return f"{self.number:03} {self.says[:60]}"

    def failure(self, status: int, body: Json) -> str | None:
        """Say what is wrong with an answer, if anything."""
        told = f"{status} {body.get('description', '')}"
        if isinstance(self.expected, str):
            return None if told == self.expected else f"{told!r}, not {self.expected!r}"
        if status != 200:
            return told
        return None if _holds(body["result"], self.expected) else f"the result is {body['result']}"


def _holds(result: Any, expected: Any) -> bool:
    if callable(expected):
        return bool(expected(result))
    if isinstance(expected, dict):
        return isinstance(result, dict) and all(
            key in result and _holds(result[key], value) for key, value in expected.items()
        )
    return bool(result == expected and type(result) is type(expected))
