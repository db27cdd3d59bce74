"""Putting a backup in the database's place: proven and erased again before the swap, in one step.

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
from bot.opening import finish_erasures, prove
from bot.services.ports import Clock
from bot.store.backup import (
    BadBackup,
    Content,
    check_file,
    fitting,
    read_backup,
    write_private,
)
from bot.store.database import ERASURES, Database, hold, let_go
from bot.store.erasures import ErasureLog, sync_folder
from bot.store.migrate import known, migrate
from bot.store.vault import Vault, load_vaults

_SIDES = ("-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it. aside: where the former database is now; None when there was none."""

    content: Content
    aside: Path | None


async def restore(settings: Settings, backup: Path, clock: Clock) -> Restored:
    """Put a backup in the database's place. Errors: `KeyProblem`, `InUse`, `BadBackup`, OSError."""
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
        _join_logs(path, content)
        fresh = path.with_name(f".{path.name}.restoring")
        _clear(fresh)
        try:
            write_private(fresh, content.database)
            await _made_ready(fresh, vault, clock)
            aside = _set_aside(path, clock.now())
            os.replace(fresh, path)
        finally:
            _clear(fresh)
        sync_folder(path.parent)
        return Restored(content, aside)
    finally:
        let_go(lock)


def _join_logs(path: Path, content: Content) -> None:
    """Let the log beside the database hold the backup's erasures too."""
    log = ErasureLog(path.with_name(ERASURES))
    there = {erased.pair_id for erased in log.read()[0]}
    missing = [erased for erased in content.erasures if erased.pair_id not in there]
    if missing:
        log.add(missing)


async def _made_ready(fresh: Path, vault: Vault, clock: Clock) -> None:
    """Bring the file to this program's shape, prove its key, and erase again what was erased."""
    db = await Database.open(fresh, vault, clock.now, alone=False)
    try:
        await migrate(db, clock.now())
        await prove(db, clock.now())
        await finish_erasures(db)
        await db.truncate_log()
    finally:
        await db.close()
    check_file(fresh)


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
