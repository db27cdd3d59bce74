"""Two thousand series by chance, against dateutil's own reckoning in local time."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr

from bot.feeds.ics import read
from tests.feeds.ics_text import calendar

SERIES = 2_000
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC",
         "America/Santiago", "Africa/Casablanca")  # fmt: skip
FROM, TO = datetime(2026, 3, 1, tzinfo=UTC), datetime(2027, 4, 30, tzinfo=UTC)
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass
class Series:
    """What a practice's calendar could hold: a rule in local time, and what it leaves out."""

    chance: random.Random
    zone: str = ""
    first: datetime = datetime(2026, 1, 1)  # noqa: DTZ001 - local time without a zone is meant
    rule: str = ""
    end: str = ""
    without: set[datetime] = field(default_factory=set)

    def __post_init__(self) -> None:
        chance = self.chance
        self.zone = chance.choice(ZONES)
        on = date(2025, 9, 1) + timedelta(days=chance.randrange(500))
        # Between four and midnight no clock is put forward or back.
        self.first = datetime(  # noqa: DTZ001
            on.year, on.month, on.day, chance.randrange(4, 23), chance.choice((0, 15, 30, 45))
        )
        self.rule = self._rule()
        planned = self.planned(2027)
        if planned and chance.random() < 0.4:
            self.without = set(chance.sample(planned, min(len(planned), chance.randrange(1, 4))))

    def _rule(self) -> str:
        chance = self.chance
        parts = [f"FREQ={chance.choice(('DAILY', 'WEEKLY', 'WEEKLY', 'WEEKLY', 'MONTHLY'))}"]
        parts.append(f"INTERVAL={chance.choice((1, 1, 1, 2, 3, 4))}")
        if "WEEKLY" in parts[0] and chance.random() < 0.5:
            own = _DAYS[self.first.weekday()]
            others = chance.sample(_DAYS, chance.randrange(3))
            parts.append(f"BYDAY={','.join(dict.fromkeys([own, *others]))}")
            if chance.random() < 0.3:
                parts.append(f"WKST={chance.choice(('MO', 'SU'))}")
        if "MONTHLY" in parts[0] and chance.random() < 0.5:
            # A start that is not of its own rule is undefined (RFC 5545, 3.8.2.4).
            place = (self.first.day - 1) // 7 + 1 if self.first.day < 29 else -1
            parts.append(f"BYDAY={place}{_DAYS[self.first.weekday()]}")
        last = self.first + timedelta(days=chance.randrange(1, 600))
        form = chance.choice(("count", "date", "instant", "endless"))
        if form == "count":
            self.end = f";COUNT={chance.randrange(1, 80)}"
        elif form == "date":
            self.end = f";UNTIL={last:%Y%m%d}"
        elif form == "instant":
            until = last.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC)
            self.end = f";UNTIL={until:%Y%m%dT%H%M%SZ}"
        return ";".join(parts)

    def planned(self, year: int) -> list[datetime]:
        """Reckon in local time, where a date as the end means that whole day."""
        end = self.end
        if "UNTIL" in end:
            value = end.removeprefix(";UNTIL=")
            local = datetime.strptime(value[:8], "%Y%m%d") + timedelta(hours=23.9)  # noqa: DTZ007
            if "Z" in value:
                at = datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
                local = at.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
            end = f";UNTIL={local:%Y%m%dT%H%M%S}"
        rule = rrulestr(self.rule + end, dtstart=self.first)
        found = []
        for one in rule:
            if one.year > year:
                break
            found.append(one)
        return found

    def expected(self) -> list[int]:
        zone = ZoneInfo(self.zone)
        kept = [one for one in self.planned(2027) if one not in self.without]
        at = [one.replace(tzinfo=zone) for one in kept]
        return [int(one.timestamp()) * 1000 for one in at if FROM <= one < TO]

    def text(self) -> bytes:
        lines = [
            f"DTSTART;TZID={self.zone}:{self.first:%Y%m%dT%H%M%S}",
            "DURATION:PT50M",
            f"RRULE:{self.rule}{self.end}",
        ]
        for number, gone in enumerate(sorted(self.without)):
            if number % 2:
                lines.append(f"EXDATE;TZID={self.zone}:{gone:%Y%m%dT%H%M%S}")
            else:
                at = gone.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC)
                lines.append(f"EXDATE:{at:%Y%m%dT%H%M%SZ}")
        return calendar("\n".join(lines))


@pytest.mark.parametrize("part", range(4))
def test_another_reckoning_agrees(part: int) -> None:
    each = SERIES // 4
    counted = 0
    for seed in range(part * each, (part + 1) * each):
        series = Series(random.Random(seed))
        found = read(
            series.text(),
            zone="Europe/Berlin",
            from_at=int(FROM.timestamp()) * 1000,
            to_at=int(TO.timestamp()) * 1000,
        )
        assert not found.troubles, (seed, series.text())
        assert [e.starts_at for e in found.events] == series.expected(), (seed, series.text())
        counted += len(found.events)
    assert counted > each * 10


@dataclass
class InUtc:
    """A series that is written in UTC, in a calendar that names its zone.

    days: of its rule, where it has any: in UTC, as its start is written; some are of local time,
    and some do not have the start's own. moved, cancelled: other versions of its dates.
    """

    chance: random.Random

    def __post_init__(self) -> None:
        chance = self.chance
        self.zone = ZoneInfo(chance.choice(("Europe/Berlin", "America/Los_Angeles",
                                            "Australia/Sydney", "Asia/Kathmandu")))  # fmt: skip
        on = date(2026, 1, 1) + timedelta(days=chance.randrange(400))
        local = datetime(on.year, on.month, on.day, chance.randrange(4, 23), tzinfo=self.zone)
        self.start = local.astimezone(UTC)
        self.ahead = local.utcoffset() or timedelta()
        own = chance.choice((self.start, local, local + timedelta(days=3)))
        days = [_DAYS[own.weekday()], *chance.sample(_DAYS, chance.randrange(2))]
        self.days = set(days) if chance.random() < 0.7 else set()
        by = f";BYDAY={','.join(dict.fromkeys(days))}" if self.days else ""
        self.rule = f"FREQ=WEEKLY{by};INTERVAL={chance.choice((1, 1, 2))};COUNT=40"
        self.is_local = local.date() == self.start.date() or (
            _DAYS[self.start.weekday()] not in self.days and _DAYS[local.weekday()] in self.days
        )
        named = chance.sample(self.planned(), 9)
        self.without, self.moved, self.cancelled = named[:3], named[3:6], named[6:]

    def planned(self) -> list[datetime]:
        """Reckon by the clock that the rule is written for, and keep the hour of the zone."""
        first = self.start.replace(tzinfo=None) + (self.ahead if self.is_local else timedelta())
        found = sorted({first, *rrulestr(self.rule, dtstart=first)})
        behind = timedelta() if self.is_local else self.ahead
        return [(one + behind).replace(tzinfo=self.zone) for one in found]

    def expected(self) -> list[datetime]:
        gone = {*self.without, *self.moved, *self.cancelled}
        there = {one for one in self.planned() if one not in gone}
        return sorted(there | {one.astimezone(UTC) + timedelta(hours=2) for one in self.moved})

    def text(self) -> bytes:
        events = [f"{self._times(self.start)}\nRRULE:{self.rule}"]
        events[0] += "".join(f"\nEXDATE:{self._named(one)}" for one in self.without)
        for one in self.moved:
            to = self._times(one.astimezone(UTC) + timedelta(hours=2))
            events.append(f"RECURRENCE-ID:{self._named(one)}\n{to}")
        for one in self.cancelled:
            where = self._named(one)
            events.append(
                f"RECURRENCE-ID:{where}\nDTSTART:{where}\nDURATION:PT50M\nSTATUS:CANCELLED"
            )
        return calendar(*events, head=f"X-WR-TIMEZONE:{self.zone.key}\n")

    def _times(self, at: datetime) -> str:
        return f"DTSTART:{at:%Y%m%dT%H%M%SZ}\nDURATION:PT50M"

    def _named(self, one: datetime) -> str:
        """Name a date by its instant, or by the hour that the series has in UTC."""
        if self.chance.random() < 0.5:
            return f"{one.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        return f"{one.replace(tzinfo=None) - self.ahead:%Y%m%dT%H%M%SZ}"


def test_another_reckoning_agrees_on_what_is_written_in_utc() -> None:
    for seed in range(150):
        series = InUtc(random.Random(seed))
        found = read(
            series.text(),
            zone="Europe/Berlin",
            from_at=int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 1000,
            to_at=int(datetime(2029, 1, 1, tzinfo=UTC).timestamp()) * 1000,
        )
        assert not found.troubles, (seed, series.text())
        at = [
            datetime.fromtimestamp(e.starts_at / 1000, UTC) for e in found.events if not e.skipped
        ]
        assert at == series.expected(), (seed, series.text())
        assert sum(e.skipped == "cancelled" for e in found.events) == 3, (seed, series.text())
