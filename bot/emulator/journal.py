"""The append-only record of everything that went in and out; tests judge by it.

Three kinds of entry: `call` (the bot asked the server), `update` (the server queued something
for the bot), `act` (a person or a test did something). Owns nothing else and never forgets
unless it was told to keep only so many entries.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import orjson

Kind = Literal["call", "update", "act"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened.

    sequence: from 1, without gaps. at: the emulator's clock, milliseconds. method: an API
    method, an update's kind, or the name of an act. status: the HTTP status of a call, 0 when
    no answer was sent. done: the server carried the call out, whatever the client saw of it.
    fault: the fault that struck, if one did. Kept packed: a load test makes many of them.
    """

    sequence: int
    at: int
    kind: Kind
    method: str
    chat: int | None
    params_json: bytes
    answer: bytes
    status: int
    done: bool
    fault: str | None

    @property
    def params(self) -> dict[str, Any]:
        """Give what came in: a call's parameters, an update, the details of an act."""
        params: dict[str, Any] = orjson.loads(self.params_json)
        return params

    @property
    def result(self) -> Any:
        """Give what the server answered: a call's `result`, an error's description."""
        if not self.answer:
            return None
        body = orjson.loads(self.answer)
        if not isinstance(body, dict) or "ok" not in body:
            return body
        return body["result"] if body["ok"] else body["description"]

    def to_json(self) -> dict[str, Any]:
        """Give the entry as plain values."""
        return {
            "sequence": self.sequence,
            "at": self.at,
            "kind": self.kind,
            "method": self.method,
            "chat": self.chat,
            "params": self.params,
            "result": self.result,
            "status": self.status,
            "done": self.done,
            "fault": self.fault,
        }


class Journal:
    """All entries in order; also written to `file`, one JSON object a line, when one is given."""

    def __init__(self, keep: int | None = None, file: Path | None = None) -> None:
        self._entries: deque[Entry] = deque(maxlen=keep)
        self._sequence = 0
        self._path = file
        self._file: BinaryIO | None = None

    def __len__(self) -> int:
        return self._sequence

    def add(
        self,
        at: int,
        kind: Kind,
        method: str,
        *,
        chat: int | None = None,
        params: dict[str, Any] | None = None,
        answer: bytes = b"",
        status: int = 0,
        done: bool = True,
        fault: str | None = None,
    ) -> Entry:
        """Append an entry and return it."""
        self._sequence += 1
        packed = orjson.dumps(params or {}, default=str)
        entry = Entry(self._sequence, at, kind, method, chat, packed, answer, status, done, fault)
        self._entries.append(entry)
        if self._path:
            if self._file is None:
                self._file = self._path.open("ab")
            self._file.write(orjson.dumps(entry.to_json()) + b"\n")
            self._file.flush()
        return entry

    def read(
        self,
        after: int = 0,
        *,
        kind: Kind | None = None,
        method: str | None = None,
        chat: int | None = None,
    ) -> list[Entry]:
        """List the entries with a sequence above `after`, narrowed as asked.

        Raises LookupError when some of them are no longer kept: a judgement by half of the
        evidence would be none.
        """
        if self._entries and self._entries[0].sequence > after + 1:
            raise LookupError(f"entries before {self._entries[0].sequence} are no longer kept")
        return [
            entry
            for entry in self._entries
            if entry.sequence > after
            and (kind is None or entry.kind == kind)
            and (method is None or entry.method == method)
            and (chat is None or entry.chat == chat)
        ]

    def calls(self, method: str | None = None, chat: int | None = None) -> list[Entry]:
        """List the bot's calls, refused and faulty ones included."""
        return self.read(kind="call", method=method, chat=chat)

    def sent(self, chat: int | None = None, text: str | None = None) -> list[Entry]:
        """List the messages that reached a chat, whether or not the bot learned of it.

        text: only messages whose plain text or caption contains it.
        """
        found = []
        for entry in self.read(kind="call", chat=chat):
            if entry.done and entry.method.startswith("send") and entry.method != "sendChatAction":
                shown = entry.result.get("text", entry.result.get("caption", ""))
                if text is None or text in shown:
                    found.append(entry)
        return found

    def deliveries(self, update_id: int) -> int:
        """Count how often an update was handed to the bot."""
        return sum(
            update_id in entry.result
            for entry in self.read(kind="call", method="getUpdates")
            if entry.done and entry.fault is None
        )

    def close(self) -> None:
        """Close the file, if there is one; a later entry opens it again."""
        if self._file:
            self._file.close()
            self._file = None
