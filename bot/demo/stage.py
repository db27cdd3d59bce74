"""The stage: runs the real program against a local Telegram on a clock that can be moved.

The program does not know: it is given a clock and a `base_url`, as always. The demo plays on this
stage, and so do the project's story tests.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from bot.app import App, build
from bot.config import Settings, load
from bot.core.timetable import day_after, local_on, to_utc
from bot.emulator import Emulator
from bot.services.digest_making import LAST_AFTER_MS
from bot.services.handing import LEAVES_AFTER_MS
from bot.services.in_force import each_in_force, settings_in_force
from bot.services.ports import Ids
from bot.store.asking import next_decision_at
from bot.store.database import Transaction
from bot.store.digests import weekly_hours
from bot.store.vault import new_master_key, write_key_file

TOKEN: Final = "123456789:AAStageStageStageStageStageStage"  # noqa: S105 - of the stage alone
ADMIN_ID: Final = 4001
_AT_MOST_MS: Final = 6 * 3_600_000
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DUE: Final = (
    "SELECT min(due_at) AS at FROM message WHERE state = 'queued'"
    " UNION ALL SELECT min(closes_at) FROM checkin WHERE state = 'open'"
    " UNION ALL SELECT min(due_at) FROM redaction"
    " UNION ALL SELECT min(to_end_at) FROM pair"
    " UNION ALL SELECT min(begins_at) FROM handover WHERE begun_at IS NULL AND undone_at IS NULL"
    " UNION ALL SELECT min(begun_at) + :last_after FROM handover JOIN therapist"
    "  ON person_id = from_id WHERE left_at IS NULL AND cut_at < begun_at + :last_after"
    " UNION ALL SELECT max(begun_at, coalesce(max(ended_at), 0)) + :leaves_after FROM handover"
    "  LEFT JOIN message ON kind = 'digest' AND person_id = from_id AND message.made_at >= begun_at"
    "  WHERE left_at IS NULL AND begun_at IS NOT NULL GROUP BY handover.id"
    " UNION ALL SELECT min(until_at) FROM handover_pair WHERE answer IS NULL"
)


class StageClock:
    """A clock that stands until it is moved; what waits on it does not wait."""

    def __init__(self, start: int) -> None:
        self._now = start
        self._skipped = 0.0

    def now(self) -> int:
        """Give the stage's wall clock, UTC milliseconds."""
        return self._now

    def advance_to(self, instant: int) -> None:
        """Move forward. Errors: ValueError for an earlier instant."""
        if instant < self._now:
            raise ValueError(f"the clock stands at {self._now} and does not go back to {instant}")
        self._skipped += (instant - self._now) / 1000
        self._now = instant

    def monotonic(self) -> float:
        """Give seconds that never step back."""
        return time.monotonic() + self._skipped

    async def sleep(self, seconds: float) -> None:
        """Let the others run and count the time as passed."""
        self._skipped += seconds
        await asyncio.sleep(0)


def write_config(
    folder: Path, base_url: str, *, zone: str = "Europe/Berlin", extra: str = ""
) -> Path:
    """Write a practice's config.toml and master key into a folder; give the file's path.

    extra: lines of TOML put at the end; a section of `SECTIONS` that they have replaces that one.
    """
    path = folder / "config.toml"
    path.write_text(
        f"""[telegram]
token = "{TOKEN}"
base_url = "{base_url}"

[practice]
name = "Lindenhof"
timezone = "{zone}"
admins = [{ADMIN_ID}]

{"".join(section for section in SECTIONS if section.split()[0] not in extra)}{extra}
""",
        encoding="utf-8",
    )
    path.chmod(0o600)
    key = folder / "rapport.key"
    if not key.exists():
        write_key_file(key, new_master_key())
    return path


SECTIONS: Final = (
    "[safety]\n"
    'text = "In an emergency call 112. The practice: 030 123456, Mon to Fri 9 to 17."\n\n',
    '[privacy]\nfeedback_in_clinical_record = false\ncontact = "Dana at the front desk"\n\n',
)


@dataclass
class Stage:
    """A running practice on a stage. Make it with `open_stage`; close it with `close`.

    patience_seconds: how long answers that are on their way, or being drawn, are waited for.
    """

    settings: Settings
    emulator: Emulator
    clock: StageClock
    ids: Ids | None = None
    app: App | None = field(default=None)
    patience_seconds: float = 10.0

    async def open(self) -> None:
        """Start the program."""
        self.app = await build(self.settings, self.clock, self.ids)
        await self.app.start(ticking=False)
        await self.app.receiver.ready.wait()

    async def close(self) -> None:
        """Stop the program."""
        if self.app is not None:
            await self.app.stop()
            self.app = None

    async def restart(self) -> None:
        """Stop the program and start it again, on the same database and the same Telegram."""
        await self.close()
        await self.open()

    @property
    def running(self) -> App:
        """The running program. Errors: RuntimeError when it is stopped."""
        if self.app is None:
            raise RuntimeError("the program is not running")
        return self.app

    async def settle(self) -> None:
        """Let everything that is due now happen: updates, answers, ticks."""
        while True:
            await self.emulator.quiet(self.patience_seconds)
            await self.running.lanes.drain(self.patience_seconds)
            worked = await self.running.ticks.run_once()
            await self.running.lanes.drain(self.patience_seconds)
            if not worked and not self.emulator.pending:
                return

    async def advance_to(self, instant: int) -> None:
        """Move the clock there from one due moment to the next; let happen what is due at each."""
        while self.clock.now() < instant:
            self.clock.advance_to(min(await self.next_due(), instant))
            await self.settle()

    async def next_due(self) -> int:
        """Give when something may be due next: a row's time, a digest's hour, a new day, six hours.

        What the program decides by the clock alone is decided by the day or slower.
        """
        now, zone = self.clock.now(), self.settings.practice.timezone
        moments = [now + _AT_MOST_MS, to_utc(day_after(local_on(now, zone)), "00:00", zone)]
        moments += [at for at in await self.running.db.read(self._due) if at is not None]
        return min(at for at in moments if at > now)

    async def next_decision(self) -> int | None:
        """Give when the next appointment is decided about: asked, as a rule."""
        return await self.running.db.read(self._next_decision)

    async def _next_decision(self, tx: Transaction) -> int | None:
        practice = await settings_in_force(tx, self.settings)
        return await next_decision_at(tx, practice.checkin.delay_minutes)

    async def _due(self, tx: Transaction) -> list[int | None]:
        decided_at = await self._next_decision(tx)
        rows = await tx.all(_DUE, last_after=LAST_AFTER_MS, leaves_after=LEAVES_AFTER_MS)
        return [decided_at, *(row["at"] for row in rows), *await self._digest_hours(tx)]

    async def digest_hours(self) -> list[int]:
        """List the next hour of each therapist's digest."""
        return await self.running.db.read(self._digest_hours)

    async def _digest_hours(self, tx: Transaction) -> list[int]:
        now, force_of = self.clock.now(), await each_in_force(tx, self.settings)
        zone = self.settings.practice.timezone
        return [
            force_of(weekly.therapist_id).next_digest_at(now, weekly.timezone or zone)
            for weekly in await weekly_hours(tx)
        ]

    def moment(self, words: str) -> int:
        """Give the next "Mon 16:20" (in the practice's time zone) after now."""
        day, at_time = words.split()
        zone = self.settings.practice.timezone
        today = date.fromisoformat(local_on(self.clock.now(), zone))
        for ahead in range(9):
            on = today + timedelta(days=ahead)
            instant = to_utc(on.isoformat(), at_time, zone)
            if _WEEKDAYS[on.weekday()] == day and instant > self.clock.now():
                return instant
        raise ValueError(f"no such moment: {words}")


async def set_stage(
    folder: Path, emulator: Emulator, clock: StageClock, *, extra: str = "", ids: Ids | None = None
) -> Stage:
    """Write a practice into a folder and start the program on it."""
    settings = load(write_config(folder, emulator.base_url, extra=extra))
    stage = Stage(settings, emulator, clock, ids)
    await stage.open()
    return stage
