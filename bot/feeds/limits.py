"""A limit of computing for one series, so that a rule without end costs itself and no calendar."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class TooMuch(Exception):
    """Something has taken more computing than it may."""


@contextmanager
def computing_at_most(seconds: float) -> Iterator[None]:
    """Let what is done inside take so much of the processor. Errors: `TooMuch`.

    Only a program's main thread can be interrupted; in another one there is no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: Any) -> None:
        raise TooMuch

    before = signal.signal(signal.SIGVTALRM, end)
    try:
        # Again and again: a library might take it for an error of its own.
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds, seconds)
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
