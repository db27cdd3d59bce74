"""Putting a backup in the database's place: proven and erased again before the swap, in one step.

A restored database is on hold (`bot.services.hold`): with that it comes into its place. Only who
says that nothing was lost gets one that goes on by itself; nobody can tell from the files.
The program must not run meanwhile: the lock is held throughout. What stood there is moved aside,
never overwritten. Whoever is killed at any point finds the old database or the new one whole.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.config import Settings
from bot.opening import RandomIds, SteadyClock, finish_erasures, prove
from bot.services.hold import Hold
from bot.services.outgoing import Outgoing
from bot.services.ports import Clock
from bot.store.backup import (
    BadBackup,
    Content,
    Standing,
    check_file,
    fitting,
    is_practice_of,
    read_backup,
    standing_of,
    write_private,
)
from bot.store.database import ERASURES, Damaged, Database, Unavailable, hold, let_go
from bot.store.erasures import ERASURE_LOGS, ErasureLog, sync_folder
from bot.store.migrate import known, migrate
from bot.store.practice import last_seen_at
from bot.store.presence import find_shape
from bot.store.pulse import mark_backup, newest_backup
from bot.store.vault import Vault, load_vaults

_SIDES = ("-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it. aside: where the former database is now; None when there was none.

    from_at, until_at: the hours that count as lost (UTC ms), for which the bot is on hold.
    logs: the erasures' logs that were read, with how many each names. erased: so many pairs were
    in the backup still, and are erased again.
    """

    content: Content
    aside: Path | None
    from_at: int
    until_at: int
    logs: tuple[tuple[Path, int], ...]
    erased: int


async def restore(
    settings: Settings, backup: Path, clock: Clock, *, nothing_lost: bool = False
) -> Restored:
    """Put a backup in the database's place.

    nothing_lost: it was made after the program had stopped for the last time; no hold is needed.
    Errors: `KeyProblem`, `InUse`, `BadBackup`, `Foreign`, OSError.
    """
    vaults = load_vaults(settings.keys.master_key_file)
    path = settings.database.path
    lock = hold(path)
    try:
        content = read_backup(backup, vaults)
        vault = fitting(content.database, vaults)
        if content.shape > len(known()):
            raise BadBackup(
                f"{backup} has shape {content.shape}, this program knows shapes up to "
                f"{len(known())}: restore it with the newer program it was made with"
            )
        _refuse_another_programs(path)
        there = _in_place(path)
        _refuse_foreign(path, there, content, vault)
        if nothing_lost:
            _refuse_lost(path, there, content)
        logs = _join_logs(path, content, backup)
        fresh = path.with_name(f".{path.name}.restoring")
        _clear(fresh)
        try:
            write_private(fresh, content.database)
            from_at, until_at, erased = await _made_ready(
                fresh, vault, clock, settings, nothing_lost
            )
            aside = _set_aside(path, clock.now())
            os.replace(fresh, path)
        finally:
            _clear(fresh)
        sync_folder(path.parent)
        with suppress(OSError):  # it is restored, whether or not that can be noted
            if newest_backup(path, clock.now()) is None:
                # On a new server none is known, and this one is there.
                mark_backup(path, from_at)
        return Restored(content, aside, from_at, until_at, logs, erased)
    finally:
        let_go(lock)


def _refuse_another_programs(path: Path) -> None:
    """Errors: `Foreign`. What is damaged, or no database, is what a backup is for."""
    with suppress(Damaged, Unavailable):
        find_shape(path)


def _in_place(path: Path) -> Standing | None:
    """Give whose and how old the database in place is; None for none, and for a broken one."""
    with suppress(BadBackup, OSError):
        return standing_of(path)
    return None


def _refuse_foreign(path: Path, there: Standing | None, content: Content, vault: Vault) -> None:
    if there is None or is_practice_of(content.database, there, vault):
        return
    raise BadBackup(
        f"{path} is another practice's database: nothing was changed. Check --config and "
        "database.path; if this practice is to be here, move that database away first"
    )


def _refuse_lost(path: Path, there: Standing | None, content: Content) -> None:
    """Refuse to believe that nothing was lost where the database in place says otherwise."""
    if there is not None and there.last_now_at > content.last_now_at:
        raise BadBackup(
            f"{path} was at work after this backup was made, so something is lost: nothing was "
            "changed. Restore without --nothing-lost, or make a backup of what is there now"
        )


def _join_logs(path: Path, content: Content, backup: Path) -> tuple[tuple[Path, int], ...]:
    """Let the log beside the database hold the erasures of the backup, and of logs beside that.

    Those are copied there whenever somebody is erased: they know more than the backup. Gives the
    logs there are, with how many erasures each of them names.
    """
    log = ErasureLog(path.with_name(ERASURES))
    found = [(log.path, len(log.read()[0]))] if log.path.exists() else []
    for beside in sorted(backup.parent.glob(ERASURE_LOGS)):
        if beside.resolve() != log.path.resolve():
            erasures = ErasureLog(beside).read()[0]
            log.add_missing(erasures)
            found.append((beside, len(erasures)))
    log.add_missing(content.erasures)
    return tuple(found)


async def _made_ready(
    fresh: Path, vault: Vault, clock: Clock, settings: Settings, nothing_lost: bool
) -> tuple[int, int, int]:
    """Bring the file to this program's shape, prove its key, erase again what was erased, and put
    it on hold; give the hours that are lost, and how many pairs were erased."""
    db = await Database.open(fresh, vault, clock.now, alone=False)
    try:
        await migrate(db, clock.now())
        await prove(db, clock.now())
        erased = await finish_erasures(db)
        from_at = await db.read(last_seen_at)
        until_at = max(from_at, clock.now())
        if not nothing_lost:
            ids = RandomIds()
            steady = SteadyClock(clock, until_at)
            await Outgoing(db, steady, ids, settings).recover()
            await Hold(db, steady, ids, settings).begin(from_at, until_at)
        await db.truncate_log()
    finally:
        await db.close()
    check_file(fresh)
    return from_at, until_at, erased


def _set_aside(path: Path, now: int) -> Path | None:
    """Give the present database a second name, and take its log in or aside."""
    if not path.exists():
        _clear(path)
        return None
    stem = f"{path.name}.before-restore-{datetime.fromtimestamp(now / 1000, UTC):%Y%m%dT%H%M%SZ}"
    aside, number = path.with_name(stem), 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{stem}-{number}")
    with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as db:
        # One that is damaged keeps its log beside it instead.
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.link(path, aside)
    for side in _SIDES:
        beside = path.with_name(path.name + side)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + side))
    sync_folder(path.parent)
    return aside


def _clear(path: Path) -> None:
    for side in ("", *_SIDES):
        if side or path.name.endswith(".restoring"):
            path.with_name(path.name + side).unlink(missing_ok=True)
