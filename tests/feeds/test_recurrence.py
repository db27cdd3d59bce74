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
