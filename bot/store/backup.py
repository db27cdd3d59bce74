"""Backups: one moment of the database and the erasures' log, in one encrypted file.

The file is an age file, for the identity that the master key derives; the master key itself is
not in it, so the recovery sheet and a backup are together enough and neither alone is. Inside is a
tar with the database and its erasures. No plain copy is ever on disk. Like `database`, this knows
that the engine is SQLite. Refuses a backup of another master key and one of a newer program.
"""

from __future__ import annotations

import io
import os
import re
import sqlite3
import tarfile
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.store.database import ERASURES
from bot.store.erasures import (
    Erased,
    ErasureLog,
    give_to_folders_owner,
    read_lines,
    sync_folder,
)
from bot.store.practice import WRONG_KEY
from bot.store.vault import Altered, KeyProblem, Vault

# It is loaded where a backup is written or read, which the bot that runs leaves to other processes.
if TYPE_CHECKING:
    import pyrage

_DATABASE: Final = "rapport.sqlite3"
_NAME: Final = re.compile(r"rapport-\d{8}T\d{6}Z(-\d+)?\.age")
#: Where the header says how the file is written; "1" is without a write-ahead log.
_JOURNAL_BYTES: Final = slice(18, 20)
_SUFFIX: Final = ".age"
_BUSY_SECONDS: Final = 30.0


class BadBackup(Exception):
    """A backup cannot be made, read or restored; says why and what to do."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a backup holds. shape: the number of its newest migration.

    last_now_at: the newest time it knows of, UTC milliseconds.
    """

    database: bytes
    erasures: tuple[Erased, ...]
    shape: int
    pairs: int
    last_now_at: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Whose a database file is, sealed, and the newest time it knows of, UTC milliseconds."""

    key_check: bytes
    last_now_at: int


def back_up(database: Path, vaults: list[Vault], to: Path, now: int) -> Path:
    """Write a backup of the database, which may be in use, and give its path.

    to: a folder that is there, or the file to write, which must not exist and end with ".age":
    a folder that is missing would become a file of its name. The written file is opened again
    before it gets its name. Errors: `KeyProblem` when none of the vaults opens the database,
    `BadBackup`, OSError.
    """
    import pyrage

    path = _named(to, now) if to.is_dir() else to
    if path.suffix != _SUFFIX or not path.parent.is_dir():
        missing = path.parent if path.suffix == _SUFFIX else path
        raise BadBackup(
            f"{missing} is no folder: mount the disk or make the folder (mkdir -p {missing}), or"
            f" name a file that ends with {_SUFFIX} in a folder that is there"
        )
    if path.exists():
        raise BadBackup(f"{path} exists already; a backup is never overwritten")
    image = _one_moment(database)
    vault = fitting(image, vaults)
    # After the moment: what was erased since is in it, and applied when the backup is restored.
    erasures, _ = ErasureLog(database.with_name(ERASURES)).read()
    content = Content(image, tuple(erasures), *_proven(image))
    sealed = pyrage.encrypt(_packed(content), [_identity(vault).to_public()])
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write_private(part, sealed)
        if read_backup(part, [vault]) != content:
            raise BadBackup(f"{part} reads otherwise than it was written: check the disk")
        os.link(part, path)  # unlike a rename it never overwrites
    except FileExistsError:
        raise BadBackup(f"{path} exists already; a backup is never overwritten") from None
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
    sync_folder(path.parent)
    return path


def keep_newest(folder: Path, keep: int, made: Path) -> list[Path]:
    """Delete all but the newest backups in a folder, never the one just made; give the deleted.

    By when the files were written: the time in a name is wrong where a clock was ahead.
    """
    others = [path for path in folder.iterdir() if _NAME.fullmatch(path.name) and path != made]
    others.sort(key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)
    for path in others[keep - 1 :]:
        path.unlink()
    return others[keep - 1 :]


def read_backup(path: Path, vaults: list[Vault]) -> Content:
    """Open a backup with one of the vaults and prove it whole. Errors: `BadBackup`, OSError."""
    import pyrage

    try:
        packed = pyrage.decrypt(path.read_bytes(), [_identity(vault) for vault in vaults])
    except pyrage.DecryptError:
        raise BadBackup(
            f"{path} cannot be opened with this master key: it is damaged, no backup of Rapport, "
            "or was made with another key. Put the key line from the recovery sheet of that time "
            "into the key file"
        ) from None
    try:
        with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
            image, log = (_member(tar, name) for name in (_DATABASE, ERASURES))
    except (tarfile.TarError, KeyError):
        raise BadBackup(f"{path} does not hold a database and its erasures") from None
    erasures, _ = read_lines(log.decode("ascii", "replace"))
    return Content(image, tuple(erasures), *_proven(image))


def fitting(image: bytes, vaults: list[Vault]) -> Vault:
    """Give the vault that opens a database. Errors: `KeyProblem`, `BadBackup`."""
    try:
        with closing(sqlite3.connect(":memory:")) as db:
            db.deserialize(image)
            row = db.execute("SELECT data_key FROM practice").fetchone()
    except sqlite3.Error as problem:
        raise BadBackup(f"the database cannot be read: {problem}") from problem
    if row is None:
        raise BadBackup("the database belongs to no practice yet: run `rapport init` first")
    for vault in vaults:
        with suppress(Altered):
            vault.sealer(row[0], "practice", 1)
            return vault
    raise KeyProblem(WRONG_KEY)


def standing_of(path: Path) -> Standing | None:
    """Say whose a database file is that nobody uses; None where there is none, or nobody's.

    Errors: `BadBackup` where it cannot be read.
    """
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(path)) as db:
            row = db.execute("SELECT key_check, last_now_at FROM practice").fetchone()
    except sqlite3.Error as problem:
        raise BadBackup(f"{path} cannot be read: {problem}") from problem
    return None if row is None else Standing(bytes(row[0]), int(row[1]))


def is_practice_of(image: bytes, there: Standing, vault: Vault) -> bool:
    """Say whether a database, which this vault opens, is the same practice's as another one.

    A practice's own key outlives every change of the master key.
    """
    with closing(sqlite3.connect(":memory:")) as db:
        db.deserialize(image)
        (data_key,) = db.execute("SELECT data_key FROM practice").fetchone()
    try:
        vault.sealer(data_key, "practice", 1).open(there.key_check, "practice", "key_check", 1)
    except Altered:
        return False
    return True


def check_file(path: Path) -> None:
    """Check a database file that nobody uses, from end to end. Errors: `BadBackup`, OSError."""
    _proven(_one_moment(path))


def _identity(vault: Vault) -> pyrage.x25519.Identity:
    import pyrage

    return pyrage.x25519.Identity.from_str(vault.age_identity())


def _named(folder: Path, now: int) -> Path:
    stem = f"rapport-{datetime.fromtimestamp(now / 1000, UTC):%Y%m%dT%H%M%SZ}"
    path, number = folder / f"{stem}.age", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.age"
    return path


def _one_moment(database: Path) -> bytes:
    """Give the file as it is at one moment, while others go on writing."""
    if not database.exists():
        raise BadBackup(f"{database} does not exist: there is nothing to back up")
    try:
        with (
            closing(sqlite3.connect(database, timeout=_BUSY_SECONDS)) as source,
            closing(sqlite3.connect(":memory:")) as copy,
        ):
            # Only the running program moves the log into the file.
            source.execute("PRAGMA wal_autocheckpoint = 0")
            source.backup(copy)
            image = bytearray(copy.serialize())
    except sqlite3.Error as problem:
        raise BadBackup(f"{database} cannot be read: {problem}") from problem
    image[_JOURNAL_BYTES] = b"\x01\x01"
    return bytes(image)


def _proven(image: bytes) -> tuple[int, int, int]:
    """Check a database file from end to end; give its shape, how many pairs it has, and the newest
    time it knows of."""
    try:
        with closing(sqlite3.connect(":memory:")) as db:
            db.deserialize(image)
            (verdict,) = db.execute("PRAGMA integrity_check(1)").fetchone()
            strays = db.execute("PRAGMA foreign_key_check").fetchall()
            (shape,) = db.execute("SELECT coalesce(max(number), 0) FROM migration").fetchone()
            (pairs,) = db.execute("SELECT count(*) FROM pair").fetchone()
            (at,) = db.execute("SELECT coalesce(max(last_now_at), 0) FROM practice").fetchone()
    except sqlite3.Error as problem:
        raise BadBackup(f"the database in it is damaged: {problem}") from problem
    if verdict != "ok" or strays:
        raise BadBackup(f"the database in it is damaged: {verdict}, {len(strays)} rows astray")
    return int(shape), int(pairs), int(at)


def _packed(content: Content) -> bytes:
    log = "".join(erased.line() for erased in content.erasures).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, body in ((_DATABASE, content.database), (ERASURES, log)):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(body), 0o600
            tar.addfile(entry, io.BytesIO(body))
    return packed.getvalue()


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    member = tar.extractfile(name)
    if member is None:
        raise KeyError(name)
    return member.read()


def write_private(path: Path, body: bytes) -> None:
    """Write a new file that only its owner can read; it is on disk when this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        give_to_folders_owner(descriptor, path)
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
