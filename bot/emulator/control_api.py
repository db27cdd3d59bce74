"""The emulator's people over HTTP: `POST /_control/<act>`, a JSON object in and out.

Owns the translation between the in-process objects and JSON, for tests in other processes and
other languages; docs/emulator.md lists the acts. Refuses with 400 and a sentence what the people
themselves refuse.
"""

from __future__ import annotations

import base64
import inspect
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson

from bot.emulator.phone import Seen, Tap
from bot.emulator.wire import Pages, Receive, Scope, Send, answer, read_body

if TYPE_CHECKING:
    from bot.emulator.emulator import Emulator

Json = dict[str, Any]
#: Takes the request's object as named arguments; may be a coroutine.
Act = Callable[..., Any]

PREFIX = "/_control/"
_JSON = (b"content-type", b"application/json")


class _Acts:
    """The acts that need more than a call of a person's method; each is named as its path."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def find(self, name: str) -> Act | None:
        """Find an act by the last part of its path."""
        if name in _OF_A_PERSON:
            return lambda id, **how: self._of_a_person(_OF_A_PERSON[name], id, how)
        return None if name.startswith(("_", "find")) else getattr(self, name, None)

    def _of_a_person(self, name: str, id: int, how: Json) -> object:
        person = self._emulator.people[id]
        if isinstance(how.get("message"), dict):
            how["message"] = from_json(how["message"])
        if isinstance(how.get("data"), str):
            how["data"] = base64.b64decode(how["data"])
        found = getattr(person, name)
        return found(**how) if callable(found) else found

    def person(self, **who: Any) -> Json:
        """Create somebody who has not started the bot yet."""
        person = self._emulator.person(**who)
        return {"id": person.id, "name": person.name}

    def people(self) -> list[Json]:
        """List everybody."""
        people = self._emulator.people.values()
        return [{"id": one.id, "name": one.name, "blocked": one.blocked} for one in people]

    async def watch(self, id: int, text: str, timeout_seconds: float = 5.0) -> Seen:
        """Wait until the bot has a message with this text in somebody's chat."""
        return await self._emulator.people[id].watch(text, timeout_seconds)

    def tapped(self, tap: str) -> Tap:
        """Look at a tap, whose answer may not be there yet."""
        return self._emulator.world.taps[tap]

    async def answered(self, tap: str, timeout_seconds: float = 5.0) -> Json:
        """Wait for the answer to a tap."""
        return asdict(await self._emulator.world.taps[tap].wait(timeout_seconds))

    def inject(self, update: Json) -> int:
        """Queue a raw update; gives its id."""
        return self._emulator.inject(update)

    def journal(self, after: int = 0, **narrowed: Any) -> list[Json]:
        """Read the journal's entries above a sequence number."""
        entries = self._emulator.journal.read(after, **narrowed)
        return [entry.to_json() for entry in entries]

    def fault(self, kind: Any, **how: Any) -> str:
        """Script a fault; gives its name."""
        return self._emulator.faults.add(kind, **how).name

    def updates(self, repeat: float = 0.0, *, shuffle: bool = False) -> None:
        """Hand confirmed updates out again with a chance, and batches in random order."""
        self._emulator.faults.repeat_updates = repeat
        self._emulator.faults.shuffle_updates = shuffle

    def clear(self) -> None:
        """End all faults."""
        self._emulator.faults.clear()

    def release(self) -> None:
        """Let go of the calls that hang in a black hole."""
        self._emulator.faults.release()

    def state(self) -> Json:
        """Tell what waits, who polls and what time it is."""
        emulator = self._emulator
        now = emulator.clock.now()
        return {"pending": emulator.pending, "polling": emulator.polling, "now": now}

    def advance(self, to: int) -> int:
        """Move the clock to an instant."""
        move = getattr(self._emulator.clock, "advance_to", None)
        if move is None:
            raise ValueError("this emulator's clock cannot be moved")
        move(to)
        self._emulator.bell.ring()
        return self._emulator.clock.now()

    async def quiet(self, timeout_seconds: float = 5.0) -> None:
        """Wait until the bot has nothing left to do."""
        await self._emulator.quiet(timeout_seconds)

    async def changed(self, after: int, timeout_seconds: float = 5.0) -> int:
        """Wait until the world has changed more than `after` times; give how often it has."""
        bell = self._emulator.bell
        await bell.wait_for(lambda: bell.rings > after, timeout_seconds)
        return bell.rings


#: Acts that are a method or a property of `Person`, by path.
_OF_A_PERSON = {
    "start": "start",
    "send": "send",
    "photo": "send_photo",
    "voice": "send_voice",
    "sticker": "send_sticker",
    "edit": "edit",
    "delete": "delete",
    "tap": "tap",
    "block": "block",
    "unblock": "unblock",
    "deactivate": "deactivate",
    "chat": "chat",
    "keyboard": "keyboard",
    "commands": "commands",
}


def control_pages(emulator: Emulator) -> Pages:
    """Build the application that serves everything beside the Bot API."""
    acts = _Acts(emulator)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        act = acts.find(path.removeprefix(PREFIX)) if path.startswith(PREFIX) else None
        if act is None:
            await answer(send, 404, b"not found\n", (b"content-type", b"text/plain"))
            return
        status, reply = await _do(act, await read_body(receive) or b"{}")
        packed = orjson.dumps(reply, default=_plain, option=orjson.OPT_PASSTHROUGH_DATACLASS)
        await answer(send, status, packed, _JSON)

    return serve


async def _do(act: Act, body: bytes) -> tuple[int, Json]:
    try:
        result = act(**orjson.loads(body))
        return 200, {"result": await result if inspect.isawaitable(result) else result}
    except (LookupError, PermissionError, TimeoutError, TypeError, ValueError) as error:
        # Each of these names its kind to the other process.
        return 400, {"error": type(error).__name__, "message": str(error)}


def _plain(value: object) -> object:
    if isinstance(value, Tap):
        answer = asdict(value.answer) if value.answer else None
        return {"id": value.id, "data": value.data, "answer": answer}
    if isinstance(value, Seen):
        return to_json(value)
    raise TypeError(f"a {type(value).__name__} cannot be sent")


def to_json(seen: Seen) -> Json:
    """Give a message as JSON; bytes in base64."""
    body = asdict(seen)
    for name in ("photo", "document"):
        if body[name] is not None:
            body[name] = base64.b64encode(body[name]).decode()
    return body


def from_json(body: Json) -> Seen:
    """Undo `to_json`."""
    read = {**body, "buttons": [[(b[0], b[1]) for b in row] for row in body["buttons"]]}
    for name in ("photo", "document"):
        if read[name] is not None:
            read[name] = base64.b64decode(read[name])
    return Seen(**read)
