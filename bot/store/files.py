"""The database's file: made so that only its owner can read it, and held by one process alone."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from bot.store.erasures import give_to_folders_owner
from bot.store.statements import Unavailable


class InUse(Exception):
    """Another process holds this database."""


def make_private(path: Path) -> None:
    """Make a missing file that only its owner can read; SQLite gives its log the same mode."""
    if path.exists():
        return  # opening and closing it here would drop this process's locks on it
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            give_to_folders_owner(descriptor, path)
        finally:
            os.close(descriptor)
    except OSError as problem:
        raise Unavailable(f"{path}: {problem.strerror}") from problem


def hold(path: Path) -> int:
    """Take the lock beside the database, to be given back by `let_go`. Errors: `InUse`."""
    # Beside the real file: a link to it is no second database.
    real = path.resolve()
    lock = real.with_name(real.name + ".lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as problem:
        raise Unavailable(f"{lock}: {problem.strerror}") from problem
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise InUse(f"{path} is in use by process {holder}") from None
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except OSError as problem:  # a full disk
        os.close(descriptor)
        raise Unavailable(f"{lock}: {problem.strerror}") from problem
    return descriptor


def let_go(lock: int) -> None:
    """Give the lock back."""
    os.close(lock)
