"""Calls that fail while receiving: what is said in the log, how long to wait, when to give up.

Owns the count of refusals of the token: three in a row end the program. Refuses to give up for
anything else.
"""

from __future__ import annotations

import os
from typing import Final

import structlog
from telegram.error import TelegramError

from bot.core.errors import TokenRefused
from bot.transport.pacing import Backoff
from bot.transport.request import Outcome, WireFailure

log = structlog.get_logger(__name__)

_MOST_REFUSALS: Final = 3


class Trouble:
    """The failures of one kind of call in a row. failed: what the log says of one."""

    def __init__(self, failed: str) -> None:
        self._failed = failed
        self._backoff = Backoff()
        self._refusals = 0

    def over(self) -> None:
        """Forget what went wrong: a call has succeeded."""
        self._backoff.reset()
        self._refusals = 0

    def after(self, problem: TelegramError) -> float:
        """Say in the log what is wrong and give the seconds to wait before the next try.

        Errors: `TokenRefused` for the third refusal in a row.
        """
        failure = problem if isinstance(problem, WireFailure) else None
        outcome = failure.outcome if failure else Outcome.UNCLEAR
        said = failure.said if failure else type(problem).__name__
        pause = self._backoff.pause()
        if outcome is Outcome.TOKEN_REFUSED:
            self._refusals += 1
            log.error("token refused", times=self._refusals, said=said)
            if self._refusals >= _MOST_REFUSALS:
                raise TokenRefused(f"the token was refused {self._refusals} times: {said}")
            return pause
        self._refusals = 0
        if outcome is Outcome.CONFLICT:
            log.error("another process receives for this bot", said=said, this_process=os.getpid())
        else:
            log.warning(self._failed, outcome=outcome.value, said=said, wait=round(pause, 1))
        return max(pause, failure.retry_after) if failure else pause
