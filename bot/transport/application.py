"""The library's application on our wire: handlers and dispatch are its, nothing else.

No updater (it confirms updates before they are handled), no job queue, and no swallowed errors.
"""

from __future__ import annotations

from typing import Any

import structlog
from telegram.ext import Application

from bot.core.errors import TokenRefused
from bot.services.ports import Clock
from bot.transport.pacing import Backoff
from bot.transport.request import Outcome, WireBot, WireFailure

log = structlog.get_logger(__name__)


class LoudApplication(Application[Any, Any, Any, Any, Any, Any]):
    """The library's application, but a handler's error is the caller's to see."""

    async def process_error(self, update: object, error: Exception, *_: Any, **__: Any) -> bool:
        """Raise instead of logging and going on: the receiver sets the update aside."""
        raise error


def make_application(bot: WireBot) -> LoudApplication:
    """Build the application for a bot of our own wire."""
    application = (
        Application.builder()
        .application_class(LoudApplication)
        .bot(bot)
        .updater(None)
        .job_queue(None)
        .build()
    )
    assert isinstance(application, LoudApplication)  # noqa: S101 - the builder's own promise
    return application


async def introduce(application: LoudApplication, clock: Clock) -> None:
    """Ask Telegram who the bot is (getMe), again and again while the network is away."""
    backoff = Backoff()
    while True:
        try:
            await application.initialize()
        except WireFailure as failure:
            if failure.outcome is Outcome.TOKEN_REFUSED:
                raise TokenRefused("Telegram does not know this token") from None
            log.warning("Telegram cannot be reached yet", why=failure.outcome.name)
            await clock.sleep(backoff.pause())
        else:
            return


async def close(application: LoudApplication) -> None:
    """Close what `introduce` opened, also where Telegram never said who the bot is."""
    await application.shutdown()
    # Of a bot that was not introduced the library closes nothing; otherwise this is no work.
    await application.bot.shutdown()
