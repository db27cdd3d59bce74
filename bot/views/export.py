"""A client's export as two files: a page to read on a phone, and JSON for programs.

Both are made in memory when their turn comes; nothing of them is ever on the practice's disk.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.core.conversation import Value
from bot.core.instrument import Instrument
from bot.services.exporting import Export
from bot.services.ports import Document, Make, Screen
from bot.views.reader import Desk, Reader

_FORMAT: Final = 1


def shown(instrument: Instrument, language: str, item: str, value: Value) -> str:
    """Word an answer as the client gave it."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(instrument.text(language, f"{item}.{option}") for option in value)
    if instrument.item(item).kind == "choice":
        return instrument.text(language, f"{item}.{value}")
    return str(value)


@dataclass(frozen=True, slots=True)
class ExportViews:
    """Makes these files. instruments: `{name: {version: …}}`."""

    desk: Desk
    instruments: dict[str, dict[int, Instrument]]

    def files(self, export: Export, reader: Reader) -> tuple[Make, Make]:
        """Give what makes the messages with the page and with the JSON."""
        on = _local(export.made_at, reader.zone)[:10]

        async def page() -> Screen:
            body = ("<!doctype html>\n" + self.page(export, reader)).encode()
            caption = self.desk.text("client/export", reader, export=export)
            return Screen(caption, document=Document(f"rapport-{on}.html", body))

        async def data() -> Screen:
            body = json.dumps(self.data(export, reader), ensure_ascii=False, indent=1).encode()
            caption = self.desk.text("client/export_data", reader)
            return Screen(caption, document=Document(f"rapport-{on}.json", body))

        return page, data

    def page(self, export: Export, reader: Reader) -> str:
        """Make the page; times are the reader's."""
        return self.desk.text(
            "client/export_page",
            reader,
            export=export,
            made_at=_local(export.made_at, reader.zone),
            held=_told(self._worded(export, reader), lambda at: _local(at, reader.zone)),
        )

    def data(self, export: Export, reader: Reader) -> dict[str, Any]:
        """Make the JSON; times are UTC."""
        return {
            "format": _FORMAT,
            "made_at": _utc(export.made_at),
            "practice": self.desk.settings.practice.name,
            "therapist": export.therapist_name,
            **_told(self._worded(export, reader), _utc),
        }

    def _worded(self, export: Export, reader: Reader) -> dict[str, Any]:
        """Put each question's and answer's words beside what is stored of it."""
        return export.held | {
            "checkins": [self._worded_checkin(one, reader) for one in export.held["checkins"]]
        }

    def _worded_checkin(self, checkin: dict[str, Any], reader: Reader) -> dict[str, Any]:
        instrument = self.instruments[checkin["instrument"]][checkin["instrument_version"]]

        def worded(answer: dict[str, Any]) -> dict[str, Any]:
            item, value = answer["item"], answer["value"]
            question = instrument.text(reader.language, item)
            words = shown(instrument, reader.language, item, value)
            return answer | {"question": question, "words": words}

        both = ("answers", "earlier_answers")
        return checkin | {name: [worded(answer) for answer in checkin[name]] for name in both}


def _told(facts: Any, write: Any) -> Any:
    """Write every instant (`…_at`) in nested facts as `write` does."""
    if isinstance(facts, dict):
        return {
            name: write(fact) if name.endswith("_at") and fact is not None else _told(fact, write)
            for name, fact in facts.items()
        }
    return [_told(fact, write) for fact in facts] if isinstance(facts, list) else facts


def _utc(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds")


def _local(at: int, zone: str) -> str:
    local = datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(zone))
    return f"{local:%Y-%m-%d %H:%M}"
