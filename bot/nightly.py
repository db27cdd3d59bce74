"""Backups that the running bot makes: every night one, and each erasure's line at once.

Owns when that is: at the practice's hour, or after the start where that was missed, and again a
quarter of an hour after a failure. Each backup is made by a process of its own, and sent away by a
command of the practice's own; whatever hangs is ended, and neither holds up anything else. Refuses
to give a command a shell, or anything that is secret.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

import structlog

from bot.aside import Aside
from bot.config import Settings
from bot.core.timetable import day_after, local_on, to_utc
from bot.services.backups import Backups
from bot.services.ports import Clock
from bot.store.backup import BadBackup, keep_newest
from bot.store.backup_apart import back_up_apart
from bot.store.database import ERASURES, FAILURES
from bot.store.erasures import ErasureLog, write_whole
from bot.store.pulse import mark_backup, newest_backup
from bot.transport.faults import trace

log = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 30.0
_ERASURES_SECONDS: Final = 2.0
_WITHIN_SECONDS: Final = 3600.0
_AGAIN_SECONDS: Final = 900.0
_FILES_SECONDS: Final = 60.0
#: How long something that was killed, or is to stop, is waited for.
_ENDS_SECONDS: Final = 5.0
_STOPS_SECONDS: Final = 2.0
_SAID_AT_MOST: Final = 200
_TAIL_BYTES: Final = 4096
_STALE_SECONDS: Final = 86_400
#: The bot's own settings in the environment, its token among them, are nobody else's.
_OURS: Final = ("RAPPORT_", "CREDENTIALS_DIRECTORY")


@dataclass
class Nightly:
    """Works from `start` to `stop`. wall: the machine's clock, by which nights are counted."""

    settings: Settings
    backups: Backups
    wall: Clock
    within_seconds: float = _WITHIN_SECONDS
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _again_at: float = 0.0
    _unsent: tuple[Path, int] | None = None
    _copied: tuple[int, ...] = ()
    _is_uncopied: bool = False
    _making: Aside = field(default_factory=lambda: Aside(_FILES_SECONDS), repr=False)
    _copying: Aside = field(default_factory=lambda: Aside(_FILES_SECONDS), repr=False)
    _looking: Aside = field(default_factory=lambda: Aside(_FILES_SECONDS), repr=False)

    @property
    def database(self) -> Path:
        """The file that is backed up."""
        return self.settings.database.path

    def start(self) -> None:
        """Begin."""
        # The news do not wait for a backup that hangs.
        telling = self._every(_LOOK_SECONDS, self.tell)
        self._tasks = [asyncio.create_task(telling, name="news of backups")]
        if self.settings.backup.is_on:
            making = self._every(_LOOK_SECONDS, self.make_if_due)
            self._tasks.append(asyncio.create_task(making, name="nightly"))
            copying = self._every(_ERASURES_SECONDS, self.copy_erasures)
            self._tasks.append(asyncio.create_task(copying, name="erasures' copy"))

    async def stop(self) -> None:
        """End what is under way: a backup that is not whole has no name yet. What does not end
        within two seconds is left.
        """
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_STOPS_SECONDS)

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except FAILURES:
                log.warning("database unavailable", part="backup")
            except Exception as problem:
                # A bug here must not end the backups for good.
                log.error("backup failed", where=trace(problem))
            await self.wall.sleep(seconds)

    async def look(self) -> None:
        """Make a backup if one is due; then tell the admins what is new about it."""
        await self.make_if_due()
        await self.tell()

    async def tell(self) -> None:
        """Tell the admins what is new about the backups."""
        now = self.wall.now()
        await self.backups.tell(await self._looking.do(newest_backup, self.database, now), now)

    async def make_if_due(self) -> None:
        """Make a backup if one is due."""
        now = self.wall.now()
        if not self.settings.backup.is_on or self.wall.monotonic() < self._again_at:
            return
        try:
            if self.is_due(await self._making.do(newest_backup, self.database, now), now):
                await self._make(now)
        except (BadBackup, OSError) as problem:
            self._again_at = self.wall.monotonic() + _AGAIN_SECONDS
            log.error("no backup was made", why=_said(problem))

    def is_due(self, made_at: int | None, now: int) -> bool:
        """Say whether the newest hour of backups has come since the newest backup."""
        zone = self.settings.practice.timezone
        at_time, today = f"{self.settings.backup.time:%H:%M}", local_on(now, zone)
        hour = to_utc(today, at_time, zone)
        if hour > now:
            hour = to_utc(day_after(today, -1), at_time, zone)
        return made_at is None or made_at < hour

    async def _make(self, now: int) -> None:
        """Make a backup, prove it, send it away, note it. A folder that is away does not keep it
        from being sent, nor a command that fails from being kept.

        One of this night that could not be sent is sent now. Errors: `BadBackup`, OSError.
        """
        path, made_at = self._unsent or (self._passing, now)
        if self._unsent is None or self.is_due(made_at, now) or not await self._is_there(path):
            made_at = now
            await self.backups.note_time()
            path = await self._made(now)
        if self.settings.backup.command:
            self._unsent = path, made_at
            await self._send(path)
            self._unsent = None
        await self._making.do(mark_backup, self.database, made_at)
        log.info("backup made", file=path.name)
        if path.parent == self._passing:
            await self._making.do(path.unlink)

    @property
    def _passing(self) -> Path:
        """The folder for what is only sent away."""
        return self.database.with_name(f"{self.database.name}.backing-up")

    async def _is_there(self, path: Path) -> bool:
        try:
            return await self._making.do(path.exists)
        except OSError:
            return False

    async def _made(self, now: int) -> Path:
        """Make a backup in the practice's folder; where that fails, one that is only sent."""
        backup = self.settings.backup
        if backup.folder is not None:
            try:
                path = await self._made_in(backup.folder, now, is_ours=False)
                await self._prune(backup.folder, path)
                return path
            except (BadBackup, OSError) as problem:
                if not backup.command:
                    raise
                log.error("no backup was made in the folder", why=_said(problem))
        return await self._made_in(self._passing, now, is_ours=True)

    async def _made_in(self, folder: Path, now: int, *, is_ours: bool) -> Path:
        await self._making.do(_tidy, folder, is_ours=is_ours)
        return await back_up_apart(
            self.database, self.settings.keys.master_key_file, folder, now,
            within_seconds=self.within_seconds,
        )  # fmt: skip

    async def _prune(self, folder: Path, made: Path) -> None:
        try:
            await self._making.do(keep_newest, folder, self.settings.backup.keep, made)
        except OSError as problem:
            log.warning("an old backup cannot be deleted", why=_said(problem))

    async def _send(self, path: Path) -> None:
        """Let the practice's command have a file. Errors: `BadBackup` with what it said last."""
        words = [word.replace("{file}", str(path)) for word in self.settings.backup.command]
        theirs = {n: v for n, v in os.environ.items() if not n.upper().startswith(_OURS)}
        with tempfile.TemporaryFile() as said:
            try:
                process = await asyncio.create_subprocess_exec(
                    *words,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=said,
                    env=theirs,
                    start_new_session=True,
                )
            except OSError as problem:
                raise BadBackup(f"{words[0]} cannot be run: {problem.strerror}") from None
            try:
                async with asyncio.timeout(self.within_seconds):
                    await process.wait()
            except TimeoutError:
                raise BadBackup(
                    f"{words[0]} did not end within {self.within_seconds:.0f} seconds"
                ) from None
            finally:
                # Also what it has left running: nobody would end that.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, 9)
                with suppress(TimeoutError):
                    async with asyncio.timeout(_ENDS_SECONDS):
                        await process.wait()
            if process.returncode:
                why = f"{words[0]} ended with {process.returncode}: {_last_line(said)}"
                raise BadBackup(why)

    async def copy_erasures(self) -> None:
        """Let what was erased be known where the backups are, as soon as it is."""
        source = ErasureLog(self.database.with_name(ERASURES))
        try:
            seen = await self._looking.do(_look_of, source.path)
            if seen == self._copied:
                return
            await self._copy(source)
        except (BadBackup, OSError) as problem:
            if not self._is_uncopied:
                log.error("an erasure is not known where the backups are", why=_said(problem))
            self._is_uncopied = True
            await self.wall.sleep(_LOOK_SECONDS)
            return
        self._copied, self._is_uncopied = seen, False

    async def _copy(self, source: ErasureLog) -> None:
        """Copy the log to the folder, and send it: neither waits for the other to succeed."""
        problems = []
        for copy in (self._copy_to_folder, self._send_log):
            try:
                await copy(source)
            except (BadBackup, OSError) as problem:
                problems.append(_said(problem))
        if problems:
            raise BadBackup("; ".join(problems))

    async def _copy_to_folder(self, source: ErasureLog) -> None:
        folder = self.settings.backup.folder
        if folder is not None:
            erasures, _ = await self._looking.do(source.read)
            await self._copying.do(ErasureLog(folder / ERASURES).add_missing, erasures)

    async def _send_log(self, source: ErasureLog) -> None:
        if not self.settings.backup.command:
            return
        mark = self.database.with_name(f"{self.database.name}.erasures-sent")
        body = await self._looking.do(source.path.read_bytes)
        digest = hashlib.sha256(body).hexdigest()
        if await self._looking.do(_noted, mark) == digest:
            return
        # A name of its own: nothing that was sent before is written over.
        now = datetime.fromtimestamp(self.wall.now() / 1000, UTC)
        sent = self.database.with_name(f"erasures-{now:%Y%m%dT%H%M%SZ}.log")
        try:
            await self._looking.do(write_whole, sent, body)
            await self._send(sent)
        finally:
            await self._looking.do(sent.unlink, missing_ok=True)
        await self._looking.do(mark.write_text, digest, "ascii")


def _tidy(folder: Path, *, is_ours: bool) -> None:
    """Take away what a killed process left; make the folder where it is the bot's own."""
    if is_ours:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        return
    for part in folder.glob(".rapport-*.part"):
        with suppress(FileNotFoundError):
            if time.time() - part.stat().st_mtime > _STALE_SECONDS:
                part.unlink()


def _look_of(path: Path) -> tuple[int, ...]:
    """Tell one state of a file from another; () where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _last_line(said: IO[bytes]) -> str:
    said.seek(max(0, said.seek(0, os.SEEK_END) - _TAIL_BYTES))
    lines = said.read().decode("utf-8", "replace").strip().splitlines()
    return (lines or ["it said nothing"])[-1][:_SAID_AT_MOST]


def _noted(mark: Path) -> str:
    try:
        return mark.read_text("ascii", "replace").strip()
    except FileNotFoundError:
        return ""


def _said(problem: Exception) -> str:
    if isinstance(problem, OSError) and problem.strerror:
        return f"{problem.filename or ''}: {problem.strerror}"
    return str(problem)
