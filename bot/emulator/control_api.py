"""The emulator's people over HTTP: `/_control/…`, JSON in and out.

Owns the translation between the in-process objects and JSON, for tests that run the emulator in
a process of its own. Refuses with 400 and a sentence what the people themselves refuse.
`bot.emulator.control` is the other end.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.emulator.people import Person
from bot.emulator.phone import Seen, Tap

if TYPE_CHECKING:
    from bot.emulator.emulator import Emulator

Body = dict[str, Any]
Act = Callable[[Body], object]


class _Control:
    """The acts by name; each takes the request's JSON object."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def acts(self) -> dict[str, Act]:
        """Give the plain acts, by the last part of their path."""
        return {
            "person": self._person,
            "send": lambda body: to_json(self._of(body).send(body["text"])),
            "start": lambda body: to_json(self._of(body).start(body["payload"])),
            "voice": lambda body: to_json(self._of(body).send_voice()),
            "photo": lambda body: to_json(self._of(body).send_photo(caption=body["caption"])),
            "sticker": lambda body: to_json(self._of(body).send_sticker()),
            "edit": lambda body: to_json(self._of(body).edit(self._shown(body), body["text"])),
            "tap": self._tap,
            "tapped": self._tapped,
            "block": lambda body: self._of(body).block(),
            "unblock": lambda body: self._of(body).unblock(),
            "deactivate": lambda body: self._of(body).deactivate(),
            "chat": lambda body: [to_json(seen) for seen in self._of(body).chat],
            "inject": lambda body: self._emulator.inject(body["update"]),
            "journal": self._journal,
            "fault": self._fault,
            "updates": self._updates,
            "clear": lambda body: self._emulator.faults.clear(),
            "release": lambda body: self._emulator.faults.release(),
            "state": self._state,
            "advance": self._advance,
        }

    async def quiet(self, body: Body) -> object:
        """Wait until the bot has nothing left to do."""
        await self._emulator.quiet(body["timeout_seconds"])
        return True

    async def answered(self, body: Body) -> object:
        """Wait for the answer to a tap."""
        return asdict(await self._tap_of(body).wait(body["timeout_seconds"]))

    async def changed(self, body: Body) -> object:
        """Wait until the world has changed more than `after` times; give how often it has."""
        bell = self._emulator.bell
        after, seconds = body["after"], body["timeout_seconds"]
        await bell.wait_for(lambda: bell.rings > after, seconds)
        return bell.rings

    def _of(self, body: Body) -> Person:
        return self._emulator.people[body["id"]]

    def _person(self, body: Body) -> object:
        person = self._emulator.person(**body)
        return {"id": person.id, "name": person.name}

    def _shown(self, body: Body) -> Seen:
        return from_json(body["message"])

    def _tap(self, body: Body) -> object:
        message = None if body["message"] is None else self._shown(body)
        return _tap_json(self._of(body).tap(body["button"], message))

    def _tapped(self, body: Body) -> object:
        return _tap_json(self._tap_of(body))

    def _tap_of(self, body: Body) -> Tap:
        return Tap(self._emulator.world, self._emulator.world.taps[body["tap"]])

    def _journal(self, body: Body) -> object:
        return [entry.to_json() for entry in self._emulator.journal.read(body["after"])]

    def _fault(self, body: Body) -> object:
        return self._emulator.faults.add(**body).name

    def _updates(self, body: Body) -> object:
        self._emulator.faults.repeat_updates = body["repeat"]
        self._emulator.faults.shuffle_updates = body["shuffle"]
        return True

    def _state(self, body: Body) -> object:
        emulator = self._emulator
        now = emulator.clock.now()
        return {"pending": emulator.pending, "polling": emulator.polling, "now": now}

    def _advance(self, body: Body) -> object:
        advance = getattr(self._emulator.clock, "advance_to", None)
        if advance is None:
            raise ValueError("this emulator's clock cannot be moved")
        advance(body["to"])
        return self._emulator.clock.now()


def control_pages(emulator: Emulator) -> Starlette:
    """Build the application that serves everything beside the Bot API."""
    control = _Control(emulator)
    routes = [_route(name, _at_once(act)) for name, act in control.acts().items()]
    waits = {
        "quiet": control.quiet,
        "answered": control.answered,
        "changed": control.changed,
    }
    routes += [_route(name, wait) for name, wait in waits.items()]
    return Starlette(routes=routes)


def to_json(seen: Seen) -> Body:
    """Give a message as JSON; bytes in base64."""
    body = asdict(seen)
    for name in ("photo", "document"):
        if body[name] is not None:
            body[name] = base64.b64encode(body[name]).decode()
    return body


def from_json(body: Body) -> Seen:
    """Undo `to_json`."""
    read = {**body, "buttons": [[(b[0], b[1]) for b in row] for row in body["buttons"]]}
    for name in ("photo", "document"):
        if read[name] is not None:
            read[name] = base64.b64decode(read[name])
    return Seen(**read)


def _tap_json(tap: Tap) -> Body:
    return {"id": tap.id, "data": tap.data, "answer": asdict(tap.answer) if tap.answer else None}


def _at_once(act: Act) -> Callable[[Body], Awaitable[object]]:
    async def run(body: Body) -> object:
        return act(body)

    return run


def _route(name: str, act: Callable[[Body], Awaitable[object]]) -> Route:
    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        status = 200
        try:
            answer: Body = {"result": await act(orjson.loads(raw or b"{}"))}
        except (LookupError, PermissionError, TimeoutError, TypeError, ValueError) as error:
            # TimeoutError is an OSError; each of these names its kind to the other process.
            answer, status = {"error": type(error).__name__, "message": str(error)}, 400
        body = orjson.dumps(answer, default=str)
        return Response(body, status_code=status, media_type="application/json")

    return Route(f"/_control/{name}", endpoint, methods=["POST"])
