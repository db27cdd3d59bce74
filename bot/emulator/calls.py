"""One call of a method: from raw parameters to a result or a refusal, and its journal line.

Owns the table of all methods, the long poll, and what surrounds every method: reading
parameters, attachments, flood limits, the check of the result. Knows nothing of HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson

from bot.emulator import profile, sending, webhook
from bot.emulator.chats import Json
from bot.emulator.faults import Fault
from bot.emulator.flood import Flood
from bot.emulator.refusals import Refusal, bad
from bot.emulator.schema import SPELLING, Upload, find_problem_in_result, read_parameters
from bot.emulator.world import World

#: What serves a method: on the world or, for those named in `webhook`, on the bot's webhook.
METHODS: dict[str, Callable[[Any, Json], object]] = {
    **profile.METHODS,
    **sending.METHODS,
    **webhook.METHODS,
}
#: It waits, and is served by `Calls` itself.
POLL = "getUpdates"
POLL_LIMIT_SECONDS = 50
#: Methods that count as messages for flood limits.
SENDS = frozenset({"sendMessage", "sendPhoto", "sendDocument", "sendMediaGroup"})

_Made = TypeVar("_Made")

#: Waits for something as long as the client does; None when it has left.
Patience = Callable[[Awaitable[list[Json]]], Awaitable[list[Json] | None]]


@dataclass(slots=True)
class Call:
    """One call on its way through; `answer` is the whole response body.

    note: what the journal keeps instead of the answer. gone: nobody is there to be answered.
    """

    method: str
    raw: dict[str, object] = field(default_factory=dict)
    params: dict[str, Any] | None = None
    chat: int | None = None
    fault: Fault | None = None
    status: int = 0
    answer: bytes = b""
    retry_after: int | None = None
    note: bytes | None = None
    done: bool = False
    gone: bool = False

    @classmethod
    def named(cls, name: str) -> Call:
        """Begin a call; names are case-insensitive."""
        return cls(SPELLING.get(name.lower(), name))

    @contextmanager
    def taking_refusals(self) -> Iterator[None]:
        """Settle the call with the refusal that the block raises, if it does."""
        try:
            yield
        except Refusal as refusal:
            self.refuse(refusal.code, refusal.description, refusal.retry_after)

    def ask(self, raw: dict[str, object]) -> None:
        """Take the raw parameters."""
        self.raw = raw
        chat = raw.get("chat_id")
        if isinstance(chat, str) and chat.lstrip("-").isdecimal():
            chat = int(chat)
        self.chat = chat if isinstance(chat, int) else None

    def refuse(self, code: int, description: str, retry_after: int | None = None) -> None:
        """Settle the call with an error."""
        body: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
        if retry_after is not None:
            body["parameters"] = {"retry_after": retry_after}
        self.status, self.answer, self.retry_after = code, orjson.dumps(body), retry_after

    def succeed(self, result: object, **more: object) -> None:
        """Settle the call with a result."""
        self.status = 200
        self.answer = orjson.dumps({"ok": True, "result": result, **more})
        self.done = True


class Calls:
    """Carries out calls on a world.

    strict: refuse unknown parameters, check every result. busy: calls being carried out right
    now, polls not counted.
    """

    def __init__(
        self, world: World, *, strict: bool, flood: Flood | None, loopback_webhook: bool
    ) -> None:
        self.busy = 0
        self.webhook = webhook.Webhook(world, self.carry_out_unseen, loopback=loopback_webhook)
        self._world = world
        self._strict = strict
        self._flood = flood

    def check_method(self, call: Call) -> None:
        """Raise Refusal 404 for a method that is not served."""
        if call.method not in METHODS and call.method != POLL:
            raise Refusal(404, "Method not found")

    async def carry_out(self, call: Call, patience: Patience) -> None:
        """Do what a call asks for; raises Refusal."""
        params = call.params = read_parameters(call.method, call.raw, strict=self._strict)
        if call.method == POLL:
            await self._poll(call, params, patience)
            return
        uploads = {name: item for name, item in call.raw.items() if isinstance(item, Upload)}
        if uploads:
            self._attach(params, uploads)
        if self._flood is not None and call.method in SENDS:
            chat = self._world.writable_chat(params["chat_id"])
            self._flood.check(chat, len(params.get("media", "1")))
        on = self.webhook if call.method in webhook.METHODS else self._world
        result = METHODS[call.method](on, params)
        more: Json = {}
        if isinstance(result, webhook.Said):
            more["description"], result = result.words, True
        if self._strict and (problem := find_problem_in_result(call.method, result)):
            raise Refusal(500, f"{call.method} gave what it must not: {problem}")
        call.succeed(result, **more)
        self._world.bell.ring()

    async def carry_out_unseen(self, method: str, raw: dict[str, object]) -> None:
        """Do what a bot asks for in its answer to a delivery; it never learns the result."""
        call = Call.named(method)
        call.ask(raw)
        with call.taking_refusals():
            self.check_method(call)
            await self.carry_out(call, _nobody)
        self.write_down(call, call.status)

    def write_down(self, call: Call, status: int) -> None:
        """Add a call to the journal. status: what the client was told, 0 for nothing."""
        shown = call.raw if call.params is None else call.params
        self._world.journal.add(
            self._world.clock.now(),
            "call",
            call.method,
            chat=call.chat,
            params={name: _shown(item) for name, item in shown.items() if name != "attachments"},
            answer=call.answer if call.note is None else call.note,
            status=status,
            done=call.done,
            fault=call.fault.name if call.fault else None,
        )

    def _attach(self, params: Json, uploads: dict[str, Upload]) -> None:
        named = orjson.dumps(params, default=lambda upload: "").decode()
        for name in uploads:
            if self._strict and name not in params and f"attach://{name}" not in named:
                raise bad(f'The file "{name}" belongs to no parameter')
        params["attachments"] = uploads

    async def _poll(self, call: Call, params: Json, patience: Patience) -> None:
        queue, offset = self._world.queue, params.get("offset", 0)
        limit = min(max(params.get("limit", 100), 1), 100)
        seconds = min(max(params.get("timeout", 0), 0), POLL_LIMIT_SECONDS)
        try:
            if self.webhook.target is not None:
                raise Refusal(409, webhook.POLL_WHILE_ACTIVE)
            queue.allow(params.get("allowed_updates"))
            if self._flood is not None:
                limit, seconds = self._flood.slow_down(offset, limit, seconds)
            batch = await patience(queue.get(offset, limit, seconds))
        except Refusal:
            if self._flood is not None:
                await asyncio.sleep(self._flood.conflict_seconds())
            raise
        if batch is None:
            call.gone = True
            return
        call.succeed(batch)
        call.note = orjson.dumps([update.get("update_id") for update in batch])


async def _nobody(work: Awaitable[_Made]) -> _Made | None:
    return await work


def _shown(item: object) -> object:
    return f"<{len(item.data)} bytes>" if isinstance(item, Upload) else item
