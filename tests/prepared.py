"""What each start of the program reads anew, and tests read once: doing so again tells nothing.

Templates are compiled and questionnaires parsed by the real code; only the second time is left out.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from bot.core.instrument import Instrument
from bot.instruments import load_instruments, load_numbers
from bot.render import Renderer

_renderer = cache(Renderer)
_packaged = cache(load_instruments)
_numbers = cache(load_numbers)


def one_renderer(folder: Path | None = None) -> Renderer:
    """Give one renderer for all who have no templates of their own: each test has another folder.

    A practice with its own has one for all its restarts.
    """
    return _renderer(folder if folder is not None and folder.is_dir() else None)


def _instruments(own: Path | None = None) -> dict[str, dict[int, Instrument]]:
    if own is not None:
        return load_instruments(own)
    return {name: dict(versions) for name, versions in _packaged().items()}


def prepare(patch: pytest.MonkeyPatch) -> None:
    """Let every program started in this process have what was read before, until it is undone."""
    patch.setattr("bot.app.Renderer", one_renderer)
    patch.setattr("bot.app.load_numbers", lambda: dict(_numbers()))
    patch.setattr("bot.opening.load_instruments", _instruments)
