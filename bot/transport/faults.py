"""What a log line may say about an exception: where it came from, never what it carries."""

from __future__ import annotations

import traceback
from pathlib import Path

_FRAMES = 4


def trace(problem: BaseException) -> str:
    """Name an exception's class and its innermost lines (`KeyError: a.py:3 > b.py:9`).

    The exception's own words are left out: they may hold a person's text or an address with the
    token in it.
    """
    frames = traceback.extract_tb(problem.__traceback__)[-_FRAMES:]
    lines = " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    return f"{type(problem).__name__}: {lines}"
