"""When what came to whom in a year, by Telegram's journal; and the wall it is read off."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from bot.emulator import Journal
from tests.crash.delivered import Delivered
from tests.properties.local_time import Wall
from tests.year.cast import FIRST_ON, ZONE
from tests.year.course import MINUTE
from tests.year.people import YearClient
from tests.year.verdict import digests_of, messages_of

_EPOCH_ON = date(1970, 1, 1)


@cache
def wall_of(zone: str) -> Wall:
    """Give a zone's clocks in the years of a course."""
    return Wall(zone, FIRST_ON, date(2028, 12, 31))


@dataclass
class Came:
    """When what came to one person, on all phones; prompts and reminders by check-in."""

    prompts: dict[str, list[int]]
    reminders: dict[str, list[int]]
    told: list[int]

    @property
    def asked(self) -> list[int]:
        """List when a question or a reminder came."""
        both = (self.prompts, self.reminders)
        return sorted(at for asked in both for times in asked.values() for at in times)

    @property
    def pushed(self) -> list[int]:
        """List when something came by itself."""
        return sorted([*self.asked, *self.told])


@dataclass
class Got:
    """When what came, by chat (and check-in). A goodbye is asked for, and not by a session."""

    prompts: defaultdict[int, dict[str, list[int]]]
    reminders: defaultdict[int, dict[str, list[int]]]
    told: defaultdict[int, list[int]]
    digests: defaultdict[int, list[int]]
    updates: list[int]

    @classmethod
    def of(cls, journal: Journal) -> Got:
        got = cls(defaultdict(dict), defaultdict(dict), defaultdict(list), defaultdict(list), [])
        got.updates = [entry.at for entry in journal.read(kind="update")]
        goodbyes = set()
        for call in journal.sent():
            one = Delivered.of([call])
            if "A last short check-in about" in str(call.params.get("text")):
                goodbyes |= {checkin for _, checkin in one.prompts}
            for chat, checkin in one.prompts:
                if checkin not in goodbyes:
                    got.prompts[chat].setdefault(checkin, []).append(call.at)
            for chat, checkin in one.reminders:
                if checkin not in goodbyes:
                    got.reminders[chat].setdefault(checkin, []).append(call.at)
            for chat, _ in one.told:
                got.told[chat].append(call.at)
        for page, which in digests_of(messages_of(journal)):
            if "page" not in which or "page 1" in which:
                got.digests[page.chat].append(page.at)
        return got

    def by(self, client: YearClient) -> Came:
        """Give what came to a client, in whichever chat."""
        came = Came({}, {}, [])
        for chat in client.chats:
            for all_of, own in ((self.prompts, came.prompts), (self.reminders, came.reminders)):
                for checkin, times in all_of[chat].items():
                    own.setdefault(checkin, []).extend(times)
            came.told += self.told[chat]
        return came


def local_date(wall: Wall, at: int) -> date:
    starts = [stretch.start for stretch in wall.stretches]
    stretch = wall.stretches[bisect_right(starts, at // 1000) - 1]
    return _EPOCH_ON + timedelta(days=(at // 1000 + stretch.offset) // 86_400)


def when(at: int) -> str:
    """Give an instant as the practice's wall shows it."""
    wall = wall_of(ZONE)
    on = local_date(wall, at)
    minutes = (at - wall.first(on, "00:00")) // MINUTE
    return f"{on} {minutes // 60:02}:{minutes % 60:02}"
