"""Starts the program without what it never needs: modules, and looking for rubbish among its code.

structlog and httpx load rich when it is there, some five MiB: the one to draw tracebacks with local
variables, which may hold what somebody said and must never be drawn; the other for a command of
its own. structlog also looks for greenlet. The Telegram library names httpx, another five MiB with
its command line, in its own way to the network, which ours replaces: it is given the names alone.

Python looks through all that lives for what only refers to itself. What importing has made stays to
the end, and is most of it: it is left out of that, which was a twelfth of what a tap cost. And most
of what taps make is gone when they are through, so that looking less often finds less to look at.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final, cast

_NEEDLESS: Final = ("rich", "greenlet")
_NAMED: Final = "httpx"
#: So many things more than were let go are made before the youngest are looked through; Python's
#: own 700 are what few taps under way hold. At some 200 bytes each it is a megabyte.
_YOUNGEST: Final = 5_000
#: What the signatures of the library's methods say; whoever called one would be told so loudly.
_TYPES: Final = ("AsyncClient", "Proxy", "URL")


@contextmanager
def lean() -> Iterator[None]:
    """Let whatever is imported in this block do without these; afterwards they can be had again.

    What is there by its end, rubbish included (it is little), is not looked through any more.
    """
    loaded = cast(dict[str, Any], sys.modules)
    # None is what Python calls a module that cannot be imported.
    ours = dict.fromkeys(_NEEDLESS) | {_NAMED: _names_alone()}
    ours = {name: instead for name, instead in ours.items() if name not in loaded}
    loaded.update(ours)
    was_looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(_YOUNGEST, *gc.get_threshold()[1:])
        if was_looking:
            gc.enable()
        for name in ours:
            del loaded[name]


def _names_alone() -> ModuleType:
    module = ModuleType(_NAMED)
    for name in _TYPES:
        setattr(module, name, type(name, (), {}))
    return module
