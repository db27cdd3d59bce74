"""Where the demo's clock can be moved to, each as an instant and in the practice's local time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from bot.core.timetable import day_after, local_on, to_utc
from bot.demo.stage import Stage
from bot.render import dated_moment

_HOUR_MS: Final = 3_600_000
_NEXT_APPOINTMENT: Final = (
    "SELECT ends_at, code FROM appointment JOIN pair ON pair.id = pair_id"
    " WHERE appointment.state = 'planned' AND ends_at > :now ORDER BY ends_at LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Move:
    """One way to move the clock; `at` is None when there is nothing to move to."""

    key: str
    label: str
    at: int | None
    note: str

    def to_json(self) -> dict[str, Any]:
        """Give what the page draws."""
        return {"key": self.key, "label": self.label, "note": self.note, "can": self.at is not None}


async def moves(stage: Stage) -> list[Move]:
    """List the ways to move the clock from where it stands."""
    now, zone = stage.clock.now(), stage.settings.practice.timezone
    next_one = await stage.running.db.read(lambda tx: tx.one(_NEXT_APPOINTMENT, now=now))
    digests = await stage.digest_hours()

    def move(key: str, label: str, at: int | None, note: str = "") -> Move:
        return Move(key, label, at, note or (_short(at, zone) if at else "none planned"))

    asked_at: int | None = None
    note = ""
    if next_one is not None:
        # Half an hour after its end the client is asked: that is what there is to see.
        asked_at = await stage.next_decision()
        note = f"{_short(asked_at, zone)} · {next_one['code']}" if asked_at else ""
    return [
        move("appointment", "After the next appointment", asked_at, note),
        move("digest", "Digest time", min(digests, default=None)),
        move("morning", "Next morning", _next_morning(now, zone)),
        move("hour", "+1 hour", now + _HOUR_MS),
        move("day", "+1 day", now + 24 * _HOUR_MS),
    ]  # fmt: skip


def _next_morning(now: int, zone: str) -> int:
    today = to_utc(local_on(now, zone), "08:00", zone)
    return today if today > now else to_utc(day_after(local_on(now, zone)), "08:00", zone)


def _short(at: int, zone: str) -> str:
    """Give `Fri 17:00` for `Fri, Nov 27, 17:00`."""
    day, _, time = dated_moment(at, zone).split(", ")
    return f"{day} {time}"
