"""The server is lost, and the newest backup is put in its place; the hours between are gone."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from bot.commands.restoring import restore
from bot.core.timetable import day_after, local_on, to_utc
from bot.services.hold import Hold
from bot.store.database import ERASURES
from bot.views.buttons import write_id
from tests.crash.checker import Checker, dissected
from tests.crash.people import Ledger
from tests.year.cast import ZONE
from tests.year.chronicle import Loss
from tests.year.course import Act, Course
from tests.year.people import YearClient

#: When: by the share of the year, a Tuesday (the first day is a Sunday), on which many are asked:
#: those who meet every second week do so in the first of two.
_SHARE, _FORTNIGHT, _TUESDAY = 0.775, 14, 2
_BACKED_UP, _ERASED, _CRASHES, _IS_BACK, _GOES_ON = "02:30", "12:00", "19:30", "09:00", "12:00"


def with_backups(folder: Path) -> str:
    """Make a place for backups beside a practice's folder; give what config.toml says of it."""
    place = folder / "elsewhere"
    place.mkdir()
    return f'[backup]\ndirectory = "{place}"\ntime = "{_BACKED_UP}"\nkeep = 3\n'


@dataclass
class Disaster:
    """Plans and plays the loss of the server. leave: lets somebody have everything erased."""

    course: Course
    checker: Checker
    begin: int
    days: int
    leave: Callable[[YearClient], Awaitable[None]]
    _kept: Ledger = field(default_factory=Ledger)
    _backed_up_at: int = 0

    @property
    def day(self) -> int:
        """Give the day of the crash: so many after the first."""
        return int(_SHARE * self.days) // _FORTNIGHT * _FORTNIGHT + _TUESDAY

    @property
    def eraser(self) -> YearClient:
        """Who has everything erased in the hours that will be lost."""
        return next(one for one in self.course.clients.values() if one.part.way == "eraser")

    def plan(self) -> None:
        """Plan it, with the backups of the nights before."""
        for day in (self.day - 1, self.day):
            self._at(day, _BACKED_UP, self._back_up)
        self._at(self.day, _ERASED, self._erase)
        self._at(self.day, _CRASHES, self._crash)

    def _at(self, day: int, time: str, act: Act) -> None:
        on = day_after(local_on(self.begin, ZONE), day)
        self.course.plan(to_utc(on, time, ZONE), act)

    async def _back_up(self) -> None:
        await self.course.after()
        await self.course.stage.running.nightly.look()
        self._kept = copy.deepcopy(self.course.ledger)
        self._backed_up_at = self.course.stage.clock.now()

    async def _erase(self) -> None:
        await self.leave(self.eraser)
        await self.course.stage.running.nightly.copy_erasures()

    async def _crash(self) -> None:
        """Everything on the server is gone; another one is set up the next morning."""
        stage, course = self.course.stage, self.course
        crashed_at = stage.clock.now()
        await stage.close()
        self._burn()
        on = day_after(local_on(crashed_at, ZONE))
        stage.clock.advance_to(to_utc(on, _IS_BACK, ZONE))
        done = await restore(stage.settings, self._newest_backup(), stage.clock)
        lost = self._forget()
        course.ledger.keep_texts(self._changeable_after(done.from_at))
        self.checker.is_restored()
        course.chronicle.loss = Loss(
            done.from_at, crashed_at, done.until_at, to_utc(on, _GOES_ON, ZONE), lost
        )
        course.chronicle.down.append((crashed_at, done.until_at))
        await stage.open()
        await course.settle()
        course.plan(to_utc(on, _GOES_ON, ZONE), self._resume)
        course.counts["losses"] += 1
        course.counts["answers lost"] += lost

    def _burn(self) -> None:
        path = self.course.stage.settings.database.path
        for gone in path.parent.glob(f"{path.name}*"):
            gone.unlink()
        path.with_name(ERASURES).unlink(missing_ok=True)

    def _newest_backup(self) -> Path:
        return max(Path(self.course.stage.settings.backup.directory).glob("*.age"))

    def _forget(self) -> int:
        """Take from what is promised what was said after the backup; give how many answers."""
        ledger, kept = self.course.ledger, self._kept
        before = sum(len(given) for given in ledger.given.values())
        erased = ledger.erased
        kept.refusals, kept.taps, kept.repeats = ledger.refusals, ledger.taps, ledger.repeats
        for one in fields(Ledger):
            setattr(ledger, one.name, getattr(kept, one.name))
        for name, checkins in erased.items():
            ledger.forget(name, checkins)
        return before - sum(len(given) for given in ledger.given.values())

    def _changeable_after(self, from_at: int) -> set[str]:
        """Give the check-ins of the backup in which something could be taken back after it."""
        with closing(dissected(self.course.stage.settings.database.path)) as db:
            rows = db.execute(
                "SELECT id FROM checkin WHERE min(closes_at, coalesce(closed_at, closes_at)) > ?",
                (from_at,),
            )
            return {write_id(row["id"]) for row in rows}

    async def _resume(self) -> None:
        """The admin lets it go on."""
        stage, chronicle = self.course.stage, self.course.chronicle
        hold = Hold(stage.running.db, stage.clock, self.course.ids, stage.settings)
        assert await hold.resume() is not None
        assert chronicle.loss is not None
        now = stage.clock.now()
        chronicle.down.append((chronicle.loss.crashed_at, now))
        chronicle.loss = replace(chronicle.loss, resumed_at=now)
