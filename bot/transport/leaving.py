"""Leaving groups: the bot speaks with one person at a time, in private chats alone."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog

from bot.core.errors import Rejected, TryLater, Unclear, Unreachable
from bot.services.ports import Clock
from bot.transport.messenger import BotMessenger

log = structlog.get_logger(__name__)

#: So long a group that was left is not left again.
_LEFT_SECONDS: Final = 60.0


def leaving(messenger: BotMessenger, clock: Clock) -> Callable[[int], Coroutine[Any, Any, None]]:
    """Make what lets the bot leave a group: once, and without a word when it is out already."""
    left_at: dict[int, float] = {}

    async def leave(chat_id: int) -> None:
        # Being added to a group comes as two updates; the second finds the bot gone.
        now = clock.monotonic()
        for chat in [chat for chat, at in left_at.items() if now - at >= _LEFT_SECONDS]:
            del left_at[chat]
        if chat_id in left_at:
            return
        left_at[chat_id] = now
        try:
            await messenger.call("leaveChat", chat_id=chat_id)
        except (Rejected, Unreachable):
            pass  # out already
        except (TryLater, Unclear) as problem:
            del left_at[chat_id]
            log.warning("could not leave a group", why=type(problem).__name__)

    return leave
