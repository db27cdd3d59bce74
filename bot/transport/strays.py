"""Messages that nobody asked for, one after the other: from some point on they are not looked at.

Owns the memory of who writes on and on without any effect, by Telegram's own dates, so that a
backlog after an outage is no flood. Refuses to pass over what may be an answer: a tap is always
looked at, of commands and of what is as short as a number three a second, which nobody writes by
hand, and one message in two seconds, whatever it is. A question takes longer than that to be read
and answered.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

#: So many are looked at and answered first.
_IN_A_ROW: Final = 20
_SECONDS: Final = 2
#: Commands, and short messages, that are looked at in a second.
_QUICK_ONES: Final = 3
#: Numbers are also typed as words, and as "8 out of 10".
_LONGEST_NUMBER: Final = 20
_MOST_PEOPLE: Final = 1000
_MOST_EDITED: Final = 1000


@dataclass(slots=True)
class _Row:
    """Messages of one person in a row without effect, and when the last was looked at.

    quick: how many of each kind that may be an answer were looked at in that second.
    """

    count: int = 0
    at: int = 0
    quick: Counter[str] = field(default_factory=Counter)


class Strays:
    """Remembers who is being passed over; forgets those it has not met for the longest time."""

    def __init__(self) -> None:
        self._rows: dict[int, _Row] = {}
        #: Person and message: those whose edits were answered, the newest last.
        self._edited: dict[tuple[int, int], None] = {}

    def passes_over(self, person: int | None, update: object) -> bool:
        """Tell whether an update need not be looked at: it can have no effect."""
        if (edited := _edited(person, update)) is not None and edited in self._edited:
            return True
        row = self._rows.get(person) if person is not None else None
        if row is None or row.count < _IN_A_ROW:
            return False
        message = _message(update)
        if message is None:
            return False
        written_at: int = message["date"]
        if kind := _kind_of_answer(message.get("text")):
            return written_at == row.at and row.quick[kind] >= _QUICK_ONES
        return 0 <= written_at - row.at < _SECONDS

    def looked_at(self, person: int | None, update: object, *, had_effect: bool) -> None:
        """Remember what became of an update that was looked at."""
        if person is None:
            return
        if (edited := _edited(person, update)) is not None:
            self._edited[edited] = None
            if len(self._edited) > _MOST_EDITED:
                del self._edited[next(iter(self._edited))]
        row = self._rows.pop(person, None)
        message = _message(update)
        if had_effect or message is None:
            return
        self._rows[person] = row = row or _Row()
        if message["date"] != row.at:
            row.at = message["date"]
            row.quick.clear()
        row.count += 1
        if kind := _kind_of_answer(message.get("text")):
            row.quick[kind] += 1
        if len(self._rows) > _MOST_PEOPLE:
            del self._rows[next(iter(self._rows))]


def _edited(person: int | None, update: object) -> tuple[int, int] | None:
    """Give whose message an update says was edited, and which."""
    message = update.get("edited_message") if isinstance(update, dict) else None
    number = message.get("message_id") if isinstance(message, dict) else None
    return (person, number) if person is not None and isinstance(number, int) else None


def _message(update: object) -> dict[str, Any] | None:
    """Give the message of an update that is a dated one, new or edited."""
    if not isinstance(update, dict):
        return None
    message = update.get("message", update.get("edited_message"))
    is_one = isinstance(message, dict) and isinstance(message.get("date"), int)
    return message if is_one else None


def _kind_of_answer(text: object) -> str | None:
    """Tell in which way a text may be an answer, if it may."""
    if not isinstance(text, str):
        return None
    said = text.strip()
    if said.startswith("/"):
        return "command"
    return "short" if len(said) <= _LONGEST_NUMBER else None
