"""Starts the program without what its libraries would load for it and it never uses.

structlog and httpx load rich when it is there, some five MiB: the one to draw tracebacks with local
variables, which may hold what somebody said and must never be drawn; the other for a command of
its own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

_NEEDLESS: Final = "rich"


@contextmanager
def lean() -> Iterator[None]:
    """Let whatever is imported in this block do without rich; afterwards it can be had again."""
    loaded = cast(dict[str, Any], sys.modules)
    if _NEEDLESS in loaded:
        yield
        return
    loaded[_NEEDLESS] = None  # what Python calls a module that cannot be imported
    try:
        yield
    finally:
        del loaded[_NEEDLESS]
