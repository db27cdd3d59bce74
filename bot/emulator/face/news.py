"""What has changed on the phones since a page last heard of them.

Owns the shape of the page's events: `people`, `phone`, `answer`. Reads people and journal as any
test does and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from bot.emulator.journal import Journal
from bot.emulator.people import Person
from bot.emulator.phone import Seen
from bot.emulator.town import Town

Event = tuple[str, dict[str, Any]]


class News:
    """The events for one page. `since`: that page's own place in the journal."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._people: list[int] = []
        self._phones: dict[int, bytes] = {}
        self._messages: dict[int, dict[int, bytes]] = {}
        self._heard = len(town.journal)

    def read(self) -> Iterator[Event]:
        """Give what is new since the last reading; everything at the first."""
        people = list(self._town.people.values())
        ids = [person.id for person in people]
        if ids != self._people or not self._messages:
            self._people = ids
            yield "people", {"ids": ids}
        for person in people:
            yield from self._phone(person)
        yield from self._answers()

    def _phone(self, person: Person) -> Iterator[Event]:
        facts = _facts(person)
        packed = orjson.dumps(facts)
        known = self._messages.setdefault(person.id, {})
        now = {seen.message_id: message(person, seen) for seen in person.chat}
        bytes_of = {number: orjson.dumps(body) for number, body in now.items()}
        changed = [now[number] for number in now if known.get(number) != bytes_of[number]]
        gone = [number for number in known if number not in now]
        if changed or gone or self._phones.get(person.id) != packed:
            self._phones[person.id], self._messages[person.id] = packed, bytes_of
            yield "phone", {**facts, "changed": changed, "gone": gone}

    def _answers(self) -> Iterator[Event]:
        journal = self._town.journal
        if self._heard == len(journal):
            return
        entries, self._heard = _entries(journal, self._heard), len(journal)
        for entry in entries:
            if entry.method == "answerCallbackQuery" and entry.done:
                params = entry.params
                yield (
                    "answer",
                    {
                        "tap": params["callback_query_id"],
                        "text": params.get("text", ""),
                        "alert": params.get("show_alert", False),
                        "url": params.get("url", ""),
                    },
                )
            elif entry.kind == "act" and entry.method == "tap":
                yield "tap", {"person": entry.chat, **entry.params}


def _entries(journal: Journal, after: int) -> list[Any]:
    try:
        return journal.read(after)
    except LookupError:  # a journal that keeps little; what it forgot was no toast of now
        return []


def _facts(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "language": person.account.language_code,
        "blocked": person.blocked,
        "gone_from_telegram": person.account.deactivated,
        "keyboard": person.keyboard,
        "commands": person.commands,
    }


def message(person: Person, seen: Seen) -> dict[str, Any]:
    """Give a message as the page draws it; pictures and files by their address."""
    file = seen.photo or seen.document
    return {
        "id": seen.message_id,
        "mine": not seen.from_bot,
        "kind": seen.kind,
        "text": seen.text,
        "entities": seen.entities,
        "rows": [
            [
                {"label": label, "data": value} if value in seen.tappable
                else {"label": label, "url": value}
                for label, value in row
            ]
            for row in seen.buttons
        ],
        "file": f"/face/file/{person.id}/{seen.message_id}" if file else None,
        "size": len(file) if file else 0,
        "date": seen.date,
        "edited": seen.edited,
        "silent": seen.silent,
        "protected": seen.protected,
        "reactions": seen.reactions,
        "reply_to": seen.reply_to,
    }  # fmt: skip
