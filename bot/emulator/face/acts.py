"""What a person does on the page: the acts by name, each with the request's JSON object.

Every act is the one of `bot.emulator.people` that a test would use. Refuses what people refuse,
with their sentence.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bot.emulator.people import Person
from bot.emulator.phone import Seen
from bot.emulator.town import Town

Body = dict[str, Any]
Act = Callable[[Body], object]


class Acts:
    """The acts on one emulator's people."""

    def __init__(self, town: Town) -> None:
        self._town = town

    def by_name(self) -> dict[str, Act]:
        """Give the acts by the last part of their path."""
        return {
            "person": self._add,
            "send": lambda body: self._of(body).send(body["text"], self._replied(body)),
            "start": lambda body: self._of(body).start(body.get("payload")),
            "tap": self._tap,
            "photo": self._photo,
            "sticker": lambda body: self._of(body).send_sticker(),
            "voice": lambda body: self._of(body).send_voice(),
            "edit": lambda body: self._of(body).edit(self._shown(body), body["text"]),
            "block": lambda body: self._of(body).block(),
            "unblock": lambda body: self._of(body).unblock(),
        }

    def _of(self, body: Body) -> Person:
        return self._town.people[body["person"]]

    def _add(self, body: Body) -> object:
        name = str(body["name"]).strip()
        if not 1 <= len(name) <= 64:
            raise ValueError("a name has 1 to 64 characters")
        return {"id": self._town.person(name, body.get("language") or None).id}

    def _shown(self, body: Body) -> Seen:
        for seen in self._of(body).chat:
            if seen.message_id == body["message"]:
                return seen
        raise LookupError("that message is no longer there")

    def _replied(self, body: Body) -> Seen | None:
        return self._shown(body) if body.get("message") else None

    def _photo(self, body: Body) -> None:
        data = base64.b64decode(body["data"]) if body.get("data") else None
        self._of(body).send_photo(data, body.get("caption", ""))

    def _tap(self, body: Body) -> object:
        # As in Telegram, what is sent is what the page showed, even if the bot changed it since.
        data = str(body["data"])
        shown = replace(self._shown(body), buttons=[[(data, data)]], tappable=[data])
        return {"tap": self._of(body).tap(data, shown).id}
