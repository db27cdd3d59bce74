"""Delivering one due message: claim, make, send, record; and what each outcome means."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import structlog

from bot.core.errors import Rejected, TokenRefused, TryLater, Unclear, Unreachable
from bot.messages import Messages
from bot.room import Room
from bot.services.outgoing import Claimed, Outgoing
from bot.services.ports import Messenger, Screen
from bot.services.talks import Talk
from bot.store.database import Unavailable
from bot.transport.faults import trace
from bot.views.plain import without_markup

log = structlog.get_logger(__name__)
T = TypeVar("T")
_RECORD_AGAIN_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """Works off the outbox, one message at a time."""

    outgoing: Outgoing
    messages: Messages
    messenger: Messenger
    room: Room

    async def deliver_one(self) -> bool:
        """Deliver the message that has been due longest; was there one?

        What is claimed goes out at once or not at all: while Telegram wants silence, somebody may
        stop, or the night begin. Errors: `TokenRefused`, `ClockWentBack`, `Unavailable`.
        """
        await self.messenger.silence()
        claimed = await self.outgoing.claim()
        if claimed is None:
            return False
        try:
            made = await self.messages.make(claimed)
        except Unavailable:
            await self._surely(self.outgoing.later, claimed.message, 0.0)
            raise
        except Exception as bug:
            # An erasure, or a change of account, since it was claimed is no failure.
            whose = await self._surely(self.outgoing.unmade, claimed.message, "failed", "bug")
            if whose == "theirs":
                # One message that cannot be made must not hold up the others; it is said loudly.
                log.error("rendering failed", message=claimed.message.id, where=trace(bug))
            return True
        if made.screen is None:
            await self._surely(self.outgoing.unmade, claimed.message, "dropped", "gone")
            return True
        arrived = await self._send(claimed, made.screen, made.shows)
        if arrived and claimed.person.telegram_id is not None:
            for older in made.replaces:
                moved = self.room.checkin_views.moved(claimed.person)
                self.room.lanes.edit(claimed.person.telegram_id, older, moved)
        if arrived and made.asks is not None:
            await self._catch_up(made.asks)
        return True

    async def _catch_up(self, asked: Talk) -> None:
        """Let a question that has arrived show what was said to it while it was on its way."""
        talk = await self.room.checkins.delivery(asked.checkin.id)
        if talk is None or talk.person.id != asked.person.id:
            return
        if (talk.answers, talk.checkin.state) == (asked.answers, asked.checkin.state):
            return
        chat_id, message = talk.person.telegram_id, talk.checkin.telegram_message
        if chat_id is not None and message is not None:
            self.room.lanes.edit(chat_id, message, self.room.checkin_views.now(talk))

    async def _surely(self, record: Callable[..., Awaitable[T]], *values: object) -> T:
        """Record what became of a message, however long the database is away.

        While it is, nothing could be claimed either. A message nobody records would be `sending`
        until the next start.
        """
        while True:
            try:
                return await record(*values)
            except Unavailable as problem:
                log.warning("outcome not recorded yet", why=str(problem))
                await self.outgoing.clock.sleep(_RECORD_AGAIN_SECONDS)

    async def _send(self, claimed: Claimed, screen: Screen, shows: tuple[int, ...]) -> bool:
        """Send and record what became of it; give whether it certainly arrived."""
        message, chat_id = claimed.message, claimed.person.telegram_id
        assert chat_id is not None  # noqa: S101 - checked in the claim
        try:
            sent = await self._attempt(message.kind == "digest", chat_id, screen)
        except Unclear:
            log.warning("delivery unclear", message=message.id, kind=message.kind)
            await self._surely(self.outgoing.unclear, message)
        except TryLater as later:
            await self._surely(self.outgoing.later, message, later.after)
        except Unreachable:
            await self._surely(self.outgoing.unreachable, message)
            await self._surely(self.room.enrolment.unreachable, chat_id)
        except Rejected as rejected:
            log.error("delivery rejected", message=message.id, kind=message.kind, why=str(rejected))
            await self._surely(self.outgoing.failed, message, "rejected")
        except TokenRefused:
            await self._surely(self.outgoing.later, message, 60.0)
            raise
        else:
            whose = await self._surely(self.outgoing.sent, message, sent, chat_id, shows)
            if whose == "theirs":
                return True
            # The account has changed while this was under way, or is erased: nothing stays there.
            reader = self.room.desk.reader(claimed.person)
            gone = self.room.relink_views.gone(reader)
            if whose == "erased":
                gone = self.room.digest_views.erased(None, reader)
            self.room.lanes.edit(chat_id, sent, gone)
        return False

    async def _attempt(self, is_digest: bool, chat_id: int, screen: Screen) -> int:
        """Send once; a digest that is refused goes out once more without its markup."""
        try:
            return await self.messenger.send(chat_id, screen, through_silence=False)
        except Rejected:
            if not is_digest:
                raise
            log.error("digest refused with markup, sent plain")
            plain = replace(screen, text=without_markup(screen.text))
            return await self.messenger.send(chat_id, plain, through_silence=False)
