"""Giving delivered messages another text, one edit at a time, paced: where somebody was erased,
where what was opened closes by itself, and where an older digest collapses.

An edit may be repeated, so that nothing is recorded before it. Refuses to send anything new: where
a message is gone or Telegram will not change it, that is recorded and the matter is over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import structlog

from bot.core.errors import Rejected, TokenRefused, TryLater, Unclear, Unreachable
from bot.pictures import BLANK
from bot.room import Room
from bot.services.ports import Messenger, Screen
from bot.services.redacting import Owed
from bot.store.database import Unavailable
from bot.transport.faults import trace
from bot.views.reader import Reader

log = structlog.get_logger(__name__)

_LANE_SECONDS: Final = 1.0
_TOKEN_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Redaction:
    """Works off what delivered messages are to say instead."""

    room: Room
    messenger: Messenger

    async def redact_one(self) -> bool:
        """Change the message that has been owed it longest; was there one?

        Errors: `TokenRefused`, `Unavailable`.
        """
        owed = await self.room.redacting.next_owed()
        if owed is None:
            return False
        assert owed.person.telegram_id is not None  # noqa: S101 - checked before
        if self.room.lanes.is_busy(owed.person.telegram_id):
            # An answer that was made before the erasing may be on its way into this very message,
            # or is just being made.
            await self.room.redacting.later(owed, _LANE_SECONDS)
            return True
        await self._edit(owed, owed.person.telegram_id, await self._screen(owed))
        return True

    async def _screen(self, owed: Owed) -> Screen:
        """Make what a message says from now on."""
        reader = self.room.desk.reader(owed.person)
        digest_id, page = owed.redaction.digest_id, owed.redaction.page
        if digest_id is None or page is None:
            return self._beside(owed, reader)
        line = await self.room.digests.line(digest_id)
        if not owed.has_access:
            return self.room.digest_views.closed(line.week, reader)
        if line.is_older and owed.redaction.why != "erased":
            return self.room.digest_views.collapsed(line, page, reader)
        erased = self.room.digest_views.erased(line.week, reader)
        collapsed = self.room.digest_views.collapsed(line, page, reader)
        try:
            made = await self.room.digests.page(digest_id, page)
            if made is None:
                return erased
            return collapsed if line.is_older else self.room.digest_views.page(made, reader)
        except Unavailable:
            raise
        except Exception as bug:
            # Whatever else cannot be made: what was erased, or is open, does not stay for it.
            log.error("page cannot be made anew", digest=digest_id, where=trace(bug))
            return erased if owed.redaction.why == "erased" else collapsed

    def _beside(self, owed: Owed, reader: Reader) -> Screen:
        """Make what a message says from now on that is no page of a digest."""
        found = owed.redaction
        screen = self.room.digest_views.closed(None, reader)
        if owed.has_access and found.why == "erased":
            screen = self.room.digest_views.erased(None, reader)
        elif owed.has_access and owed.code is not None and found.pair_id is not None:
            screen = self.room.digest_views.shut(owed.code, found.pair_id, reader)
        return replace(screen, photo=BLANK) if found.form == "picture" else screen

    async def _change(self, chat_id: int, message: int, screen: Screen) -> None:
        """Take a picture away, or where it is too old for that put an empty one; edit the rest."""
        if screen.photo is not None:
            try:
                await self.messenger.delete(chat_id, message)
                return
            except Rejected:
                log.info("picture cannot be deleted any more", what="an empty one takes its place")
        await self.messenger.edit(chat_id, message, screen)

    async def _edit(self, owed: Owed, chat_id: int, screen: Screen) -> None:
        try:
            await self._change(chat_id, owed.message, screen)
        except Unclear:
            await self.room.redacting.later(owed, 0.0)
        except TryLater as later:
            await self.room.redacting.later(owed, later.after)
        except Unreachable:
            await self.room.enrolment.unreachable(chat_id)
            await self.room.redacting.later(owed, 0.0)
        except Rejected as refusal:
            log.warning("edit refused", message=owed.redaction.id, said=str(refusal))
            await self.room.redacting.refused(owed)
        except TokenRefused:
            await self.room.redacting.later(owed, _TOKEN_SECONDS)
            raise
        else:
            await self.room.redacting.done(owed)
