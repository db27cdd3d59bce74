"""What each start of the program makes anew, and tests make once: doing so again tells nothing.

Templates are compiled, questionnaires parsed and a new database is brought to its shape by the real
code; only the second time is left out. Of links' codes all are one.
"""

from __future__ import annotations

import asyncio
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import segno

from bot.core.instrument import Instrument
from bot.instruments import load_instruments, load_numbers
from bot.render import Renderer
from bot.store import migrate
from bot.store.database import Database
from bot.store.files import make_private
from bot.store.vault import Vault

_renderer = cache(Renderer)
_packaged = cache(load_instruments)
_numbers = cache(load_numbers)
_known = cache(migrate.known)


class _Drawn(segno.QRCode):
    """A code whose picture is made once, with a pixel for each square: nobody here scans it."""

    __slots__ = ()
    __hash__ = object.__hash__

    def save(self, out: Any, kind: str | None = None, **how: Any) -> None:
        out.write(_picture(self, kind, **{**how, "scale": 1}))


@cache
def _picture(code: segno.QRCode, kind: str | None, **how: Any) -> bytes:
    drawn = BytesIO()
    segno.QRCode.save(code, drawn, kind, **how)
    return drawn.getvalue()


def one_renderer(folder: Path | None = None) -> Renderer:
    """Give one renderer for all who have no templates of their own: each test has another folder.

    A practice with its own has one for all its restarts.
    """
    return _renderer(folder if folder is not None and folder.is_dir() else None)


def _instruments(own: Path | None = None) -> dict[str, dict[int, Instrument]]:
    if own is not None:
        return load_instruments(own)
    return {name: dict(versions) for name, versions in _packaged().items()}


@cache
def _new_database() -> bytes:
    """Make a database that nobody has used yet; give its file."""

    async def make(path: Path) -> None:
        db = await Database.open(path, Vault(bytes(32)), lambda: 0)
        await migrate.migrate(db, 0)
        await db.close()

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as apart:
        path = Path(folder) / "new.sqlite3"
        apart.submit(asyncio.run, make(path)).result()
        return path.read_bytes()


def _lay_new(path: Path) -> None:
    """Where a database is missing, lay one that has its shape already."""
    if not path.exists():
        make_private(path)
        path.write_bytes(_new_database())


@cache
def _code(**how: Any) -> segno.QRCode:
    """Draw a code with one pattern, and not with each of eight to take what looks best."""
    return _Drawn(segno.encoder.encode("https://t.me/a_bot?start=somebody", **how, mask=0))


def _drawn_once(_content: str, **how: Any) -> segno.QRCode:
    """Give one code for every link."""
    return _code(**how)


def prepare(patch: pytest.MonkeyPatch) -> None:
    """Let every program started in this process have what was made before, until it is undone."""
    _new_database()  # by what is patched below, no longer
    patch.setattr("bot.room.Renderer", one_renderer)
    patch.setattr("bot.room.load_numbers", lambda: dict(_numbers()))
    patch.setattr("bot.opening.load_instruments", _instruments)
    patch.setattr("bot.store.migrate.known", lambda: list(_known()))
    patch.setattr("bot.store.database.make_private", _lay_new)
    patch.setattr("segno.make", _drawn_once)
