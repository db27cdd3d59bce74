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
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from bot.config import Settings
from bot.core.timetable import day_after, local_on, to_utc
from bot.services.backups import Backups
from bot.services.ports import Clock
from bot.store.backup import BadBackup, keep_newest
from bot.store.backup_apart import back_up_apart
from bot.store.database import ERASURES, FAILURES
from bot.store.erasures import ErasureLog, write_whole
from bot.store.pulse import backed_up_at, mark_backup
from bot.transport.faults import trace

log = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 30.0
_ERASURES_SECONDS: Final = 2.0
_WITHIN_SECONDS: Final = 3600.0
_AGAIN_MS: Final = 15 * 60_000
_SAID_AT_MOST: Final = 200
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
    _again_at: int = 0
    _unsent: tuple[Path, int] | None = None
    _copied: tuple[int, ...] = ()
    _is_uncopied: bool = False

    @property
    def database(self) -> Path:
        """The file that is backed up."""
        return self.settings.database.path

    def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._every(_LOOK_SECONDS, self.look), name="nightly")]
        if self.settings.backup.is_on:
            copying = self._every(_ERASURES_SECONDS, self.copy_erasures)
            self._tasks.append(asyncio.create_task(copying, name="erasures' copy"))

    async def stop(self) -> None:
        """End what is under way: a backup that is not whole has no name yet."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

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
        """Make a backup if one is due; tell the admins what is new about it."""
        now = self.wall.now()
        made_at = await asyncio.to_thread(backed_up_at, self.database)
        if self.settings.backup.is_on and now >= self._again_at and self.is_due(made_at, now):
            try:
                made_at = await self._make(now)
            except (BadBackup, OSError) as problem:
                self._again_at = now + _AGAIN_MS
                log.error("no backup was made", why=_said(problem))
        await self.backups.tell(made_at, now)

    def is_due(self, made_at: int | None, now: int) -> bool:
        """Say whether the newest hour of backups has come since the newest backup."""
        zone = self.settings.practice.timezone
        at_time, today = f"{self.settings.backup.time:%H:%M}", local_on(now, zone)
        hour = to_utc(today, at_time, zone)
        if hour > now:
            hour = to_utc(day_after(today, -1), at_time, zone)
        return made_at is None or made_at < hour

    async def _make(self, now: int) -> int:
        """Make a backup, prove it, send it away, note it; give its time.

        One of this night that could not be sent is sent now. Errors: `BadBackup`, OSError.
        """
        backup = self.settings.backup
        folder = backup.folder or self.database.with_name(f"{self.database.name}.backing-up")
        path, made_at = self._unsent or (folder, now)
        if self._unsent is None or self.is_due(made_at, now) or not path.exists():
            made_at = now
            await self.backups.note_time()
            await asyncio.to_thread(_tidy, folder, is_ours=backup.folder is None)
            path = await back_up_apart(
                self.database, self.settings.keys.master_key_file, folder, now,
                within_seconds=self.within_seconds,
            )  # fmt: skip
        if backup.command:
            self._unsent = path, made_at
            await self._send(path)
            self._unsent = None
        await asyncio.to_thread(mark_backup, self.database, made_at)
        log.info("backup made", file=path.name)
        if backup.folder is None:
            await asyncio.to_thread(path.unlink)
            return made_at
        try:
            await asyncio.to_thread(keep_newest, backup.folder, backup.keep)
        except OSError as problem:
            log.warning("an old backup cannot be deleted", why=_said(problem))
        return made_at

    async def _send(self, path: Path) -> None:
        """Let the practice's command have a file. Errors: `BadBackup` with what it said last."""
        words = [word.replace("{file}", str(path)) for word in self.settings.backup.command]
        theirs = {name: v for name, v in os.environ.items() if not name.startswith(_OURS)}
        try:
            process = await asyncio.create_subprocess_exec(
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env=theirs,
                start_new_session=True,
            )
        except OSError as problem:
            raise BadBackup(f"{words[0]} cannot be run: {problem.strerror}") from None
        try:
            async with asyncio.timeout(self.within_seconds):
                _, said = await process.communicate()
        except TimeoutError:
            raise BadBackup(
                f"{words[0]} did not end within {self.within_seconds:.0f} seconds"
            ) from None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, 9)
                await process.wait()
        if process.returncode:
            lines = said.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
            raise BadBackup(
                f"{words[0]} ended with {process.returncode}: {lines[-1][:_SAID_AT_MOST]}"
            )

    async def copy_erasures(self) -> None:
        """Let what was erased be known where the backups are, as soon as it is."""
        source = ErasureLog(self.database.with_name(ERASURES))
        try:
            seen = await asyncio.to_thread(_look_of, source.path)
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
        folder = self.settings.backup.folder
        if folder is not None:
            erasures, _ = await asyncio.to_thread(source.read)
            await asyncio.to_thread(ErasureLog(folder / ERASURES).add_missing, erasures)
        if not self.settings.backup.command:
            return
        mark = self.database.with_name(f"{self.database.name}.erasures-sent")
        body = await asyncio.to_thread(source.path.read_bytes)
        digest = hashlib.sha256(body).hexdigest()
        if await asyncio.to_thread(_noted, mark) == digest:
            return
        # A name of its own: nothing that was sent before is written over.
        now = datetime.fromtimestamp(self.wall.now() / 1000, UTC)
        sent = self.database.with_name(f"erasures-{now:%Y%m%dT%H%M%SZ}.log")
        try:
            await asyncio.to_thread(write_whole, sent, body)
            await self._send(sent)
        finally:
            with suppress(FileNotFoundError):
                sent.unlink()
        await asyncio.to_thread(mark.write_text, digest, "ascii")


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


def _noted(mark: Path) -> str:
    try:
        return mark.read_text("ascii", "replace").strip()
    except FileNotFoundError:
        return ""


def _said(problem: Exception) -> str:
    if isinstance(problem, OSError) and problem.strerror:
        return f"{problem.filename or ''}: {problem.strerror}"
    return str(problem)
