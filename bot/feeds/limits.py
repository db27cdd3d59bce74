"""Limits of computing for series, so that rules without end cost themselves and no calendar."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

#: Seconds of computing. A series takes a hundredth of what one may; what is striking counts for all
#: of them together.
_FOR_ONE: Final = 0.7
_FOR_ONE_AT_LEAST: Final = 0.1
_STRIKING: Final = 0.05
_BEFORE_IT_SHRINKS: Final = 3.0
_FOR_ALL: Final = 8.0


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


class Patience:
    """How much computing the series of one text may take that take more than any should.

    What takes as much as others do is not counted: there may be thousands of these.
    """

    def __init__(self) -> None:
        self._wasted = 0.0

    @property
    def is_gone(self) -> bool:
        """Say whether no further series may be tried."""
        return self._wasted >= _FOR_ALL

    @contextmanager
    def for_one(self) -> Iterator[None]:
        """Let a series take what one may: less, when others have wasted much. Errors: `TooMuch`."""
        most = max(_FOR_ONE_AT_LEAST, min(_FOR_ONE, _BEFORE_IT_SHRINKS - self._wasted))
        begun = time.process_time()
        try:
            with computing_at_most(most):
                yield
        finally:
            # A library may have taken the end for an error of its own: what was spent counts.
            spent = time.process_time() - begun
            if spent >= _STRIKING:
                self._wasted += spent
