"""What each saw in a year, in order, with dates: to be read by people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.emulator import Emulator, Entry, Person
from tests.year.cast import ZONE


def write(emulator: Emulator, folder: Path) -> list[Path]:
    """Write one file for each phone; give them."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for person in emulator.people.values():
        file = folder / f"{person.name.lower().replace(' ', '-').replace(chr(39), '')}.txt"
        file.write_text("\n".join(lines_of(emulator, person)) + "\n", "utf-8")
        files.append(file)
    return files


def lines_of(emulator: Emulator, person: Person) -> Iterator[str]:
    """Give what happened in one chat. An edited message shows itself anew, below what was there."""
    yield person.name
    day, labels = "", dict[str, str]()
    for entry in _entries(emulator, person):
        said = list(_told(entry, labels))
        if not said:
            continue
        moment = datetime.fromtimestamp(entry.at / 1000, UTC).astimezone(ZoneInfo(ZONE))
        if day != (day := f"{moment:%a %Y-%m-%d}"):
            yield f"\n===== {day} ====="
        first, *rest = said
        yield f"{moment:%H:%M}  {first}"
        yield from (f"       {line}" for line in rest)


def _entries(emulator: Emulator, person: Person) -> list[Entry]:
    """List what happened in a chat, with what the bot said to taps: that names only the tap."""
    own = emulator.journal.read(chat=person.id)
    taps = {entry.params["tap"] for entry in own if entry.kind == "act" and entry.method == "tap"}
    answers = emulator.journal.read(kind="call", method="answerCallbackQuery")
    own += [answer for answer in answers if answer.params["callback_query_id"] in taps]
    return sorted(own, key=lambda entry: entry.sequence)


def _told(entry: Entry, labels: dict[str, str]) -> Iterator[str]:
    if entry.kind == "act":
        yield _done(entry, labels)
    elif entry.kind == "call" and entry.done:
        if entry.method == "answerCallbackQuery":
            if text := entry.params.get("text"):
                yield f"(!) {text}"
        elif isinstance(entry.result, dict) and "message_id" in entry.result:
            yield from _shown(entry, entry.result, labels)
        elif entry.method.startswith("delete"):
            yield f"#{entry.params.get('message_id')} is deleted"


def _done(entry: Entry, labels: dict[str, str]) -> str:
    match entry.method:
        case "write":
            return f"> {entry.params['text']}"
        case "tap":
            label = labels.get(entry.params["data"], entry.params["data"])
            return f"> taps [{label}] of #{entry.params['message_id']}"
        case other:
            return f"> ({other})"


def _shown(entry: Entry, message: dict[str, Any], labels: dict[str, str]) -> Iterator[str]:
    text = str(message.get("text") or message.get("caption") or "(a file)")
    becomes = " becomes" if entry.method.startswith("edit") else ""
    yield f"#{message['message_id']}{becomes}"
    yield from (f"| {line}" for line in text.splitlines())
    for row in message.get("reply_markup", {}).get("inline_keyboard", []):
        labels.update({push.get("callback_data", ""): push["text"] for push in row})
        yield "| " + " ".join(f"[{push['text']}]" for push in row)
