"""The append-only record of everything that went in and out; tests judge by it.

Four kinds of entry: `call` (the bot asked the server), `update` (the server queued something
for the bot), `delivery` (the server brought an update to the bot's webhook), `act` (a person or
a test did something). Owns nothing else and never forgets unless it was told to keep only so
many entries. Writes to a file only when it is given one, and reads such a file again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Literal, Self

import orjson

Kind = Literal["call", "update", "delivery", "act"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened.

    sequence: from 1, without gaps. at: the emulator's clock, milliseconds. method: an API
    method, an update's kind, or the name of an act. status: the HTTP status of a call or of a
    delivery's answer, 0 when there was none. done: the server carried the call out, whatever
    the client saw of it. fault: the fault that struck, if one did. Kept packed: a load test
    makes many of them.
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
        body = orjson.loads(self.answer) if self.answer else None
        if not isinstance(body, dict) or "ok" not in body:
            return body
        return body["result"] if body["ok"] else body["description"]

    def to_json(self) -> dict[str, Any]:
        """Give the entry as plain values."""
        plain = asdict(self)
        del plain["params_json"], plain["answer"]
        return {**plain, "params": self.params, "result": self.result}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Self:
        """Make an entry of what `to_json` gave."""
        params, result = orjson.dumps(plain.pop("params")), orjson.dumps(plain.pop("result"))
        return cls(**plain, params_json=params, answer=result)

    def __str__(self) -> str:
        where = "" if self.chat is None else f" chat {self.chat}"
        fault = f" ({self.fault})" if self.fault else ""
        what = "" if self.kind in ("update", "act") else f" -> {self.status}{fault}"
        return f"{self.sequence} {self.at} {self.kind} {self.method}{where}{what} {self.params}"


class Journal:
    """All entries in order; also written to `file`, one JSON object a line, when one is given."""

    def __init__(self, keep: int | None = None, file: Path | None = None) -> None:
        self._entries: deque[Entry] = deque(maxlen=keep)
        self._sequence = 0
        self._path = file
        self._file: BinaryIO | None = None

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read what another journal wrote; a last line that broke off is left out."""
        journal = cls()
        for line in file.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):
                journal._append(Entry.from_json(orjson.loads(line)))
        return journal

    def __len__(self) -> int:
        return self._sequence

    def _append(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._sequence = entry.sequence

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
        packed, number = _fitted(orjson.dumps(params or {}, default=str)), self._sequence + 1
        answer = _fitted(answer)
        entry = Entry(number, at, kind, method, chat, packed, answer, status, done, fault)
        self._append(entry)
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
        # Sequences have no gaps; who asks for the newest few does not go through all of them.
        newer = list(islice(reversed(self._entries), max(0, self._sequence - after)))
        return [
            entry
            for entry in reversed(newer)
            if kind in (None, entry.kind)
            and method in (None, entry.method)
            and chat in (None, entry.chat)
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
                shown = entry.result if isinstance(entry.result, list) else [entry.result]
                texts = [message.get("text", message.get("caption", "")) for message in shown]
                if text is None or any(text in one for one in texts):
                    found.append(entry)
        return found

    def deliveries(self, update_id: int) -> int:
        """Count how often an update was handed to the bot, by poll or by webhook."""
        polled = [e.result for e in self.calls("getUpdates") if e.done and e.fault is None]
        brought = [[e.params["update_id"]] for e in self.read(kind="delivery")]
        return sum(update_id in ids for ids in polled + brought)

    def close(self) -> None:
        """Close the file, if there is one; a later entry opens it again."""
        if self._file:
            self._file.close()
            self._file = None


def _fitted(packed: bytes) -> bytes:
    """Copy bytes of orjson's into as much memory as they need: it leaves them four times that."""
    return bytes(memoryview(packed))
