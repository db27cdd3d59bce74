"""The emulator's people over HTTP: `POST /_control/<act>`, a JSON object in and out.

Owns the translation between the in-process objects and JSON, for tests in other processes and
other languages; docs/town.md lists the acts. Refuses with 400 and a sentence what the people
themselves refuse.
"""

from __future__ import annotations

import base64
import inspect
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

import orjson

from bot.emulator.chats import Answer, Tap
from bot.emulator.people import Person
from bot.emulator.phone import Seen
from bot.emulator.town import Town
from bot.emulator.wire import Pages, Receive, Scope, Send, answer, read_body

Json = dict[str, Any]
#: Takes the request's object as named arguments; may be a coroutine.
Act = Callable[..., Any]

PREFIX = "/_control/"
_JSON = (b"content-type", b"application/json")


#: Acts that are a method or a property of `Person`, by path.
_OF_A_PERSON = {
    **{name: name for name in ("start", "send", "edit", "delete", "tap", "chat", "watch")},
    **{name: name for name in ("block", "unblock", "deactivate", "keyboard", "commands")},
    **{name: f"send_{name}" for name in ("photo", "voice", "sticker")},
}


def control_pages(town: Town) -> Pages:
    """Build the application that serves everything beside the Bot API."""
    acts = acts_of(town)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        act = acts.get(path.removeprefix(PREFIX)) if path.startswith(PREFIX) else None
        if act is None:
            await answer(send, 404, b"not found\n", (b"content-type", b"text/plain"))
            return
        status, reply = await _do(act, await read_body(receive) or b"{}")
        packed = orjson.dumps(reply, default=_plain, option=orjson.OPT_PASSTHROUGH_DATACLASS)
        await answer(send, status, packed, _JSON)

    return serve


def acts_of(town: Town) -> dict[str, Act]:
    """Give every act by the last part of its path."""
    people, taps = town.people, town.world.taps
    return {
        **{path: partial(_of_a_person, town, name) for path, name in _OF_A_PERSON.items()},
        "person": lambda **who: _who(town.person(**who)),
        "people": lambda: [_who(person) for person in people.values()],
        "tapped": lambda tap: taps[tap],
        "answered": lambda tap, **how: taps[tap].wait(**how),
        "inject": town.inject,
        "journal": lambda **how: [entry.to_json() for entry in town.journal.read(**how)],
        "fault": partial(_fault, town),
        "updates": partial(_disturb, town),
        "clear": town.faults.clear,
        "release": town.faults.release,
        "advance": partial(_advance, town),
        "quiet": town.quiet,
        "changed": partial(_changed, town),
        "state": lambda: {
            "pending": town.pending,
            "polling": town.polling,
            "now": town.clock.now(),
        },
    }


def _of_a_person(town: Town, name: str, id: int, **how: Any) -> object:
    if isinstance(how.get("message"), dict):
        how["message"] = from_json(how["message"])
    if isinstance(how.get("data"), str):
        how["data"] = base64.b64decode(how["data"])
    found = getattr(town.people[id], name)
    return found(**how) if callable(found) else found


def _disturb(town: Town, repeat: float = 0.0, *, shuffle: bool = False) -> None:
    town.faults.repeat_updates, town.faults.shuffle_updates = repeat, shuffle


def _advance(town: Town, to: int) -> int:
    move = getattr(town.clock, "advance_to", None)
    if move is None:
        raise ValueError("this emulator's clock cannot be moved")
    move(to)
    town.world.act("advance", None, to=to)
    return town.clock.now()


def _fault(town: Town, kind: Any, **how: Any) -> str:
    name = town.faults.add(kind, **how).name
    town.world.act("fault", None, kind=kind, **how)
    return name


async def _changed(town: Town, after: int, timeout_seconds: float = 5.0) -> int:
    await town.bell.wait_past(after, timeout_seconds)
    return town.bell.rings


async def _do(act: Act, body: bytes) -> tuple[int, Json]:
    try:
        result = act(**orjson.loads(body))
        return 200, {"result": await result if inspect.isawaitable(result) else result}
    except (LookupError, PermissionError, TimeoutError, TypeError, ValueError) as error:
        # Each of these names its kind to the other process.
        return 400, {"error": type(error).__name__, "message": str(error)}


def _who(person: Person) -> Json:
    return {"id": person.id, "name": person.name, "blocked": person.blocked}


def _plain(value: object) -> object:
    if isinstance(value, Tap):
        return {"id": value.id, "data": value.data, "answer": value.answer}
    if isinstance(value, Answer):
        return asdict(value)
    if isinstance(value, Seen):
        return to_json(value)
    raise TypeError(f"a {type(value).__name__} cannot be sent")


def to_json(seen: Seen) -> Json:
    """Give a message as JSON; bytes in base64."""
    files = {name: getattr(seen, name) for name in ("photo", "document")}
    coded = {name: data and base64.b64encode(data).decode() for name, data in files.items()}
    return asdict(seen) | coded | {"html": seen.html}


def from_json(body: Json) -> Seen:
    """Undo `to_json`."""
    files = {name: body[name] for name in ("photo", "document")}
    buttons = [[(label, target) for label, target in row] for row in body["buttons"]]
    read = {n: data and base64.b64decode(data) for n, data in files.items()}
    made = {name: value for name, value in body.items() if name != "html"}
    return Seen(**{**made, **read, "buttons": buttons})
