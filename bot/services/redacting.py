"""What delivered messages are to say instead: which is next, whose it is, and what became of it.

They owe that to who was erased, and to whoever may look at the phone: what was opened closes by
itself, and older digests collapse. Asked when its turn comes, as with the outbox: whoever has no
access any more is shown no page made anew, and a page that is to be delivered again is not touched
before. Refuses to send anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from bot.core.people import Person
from bot.services.acts import writes
from bot.services.ports import Clock, Ids
from bot.store import audit, closings, pairs, people, redactions
from bot.store.database import Database, Transaction
from bot.store.redactions import Form, Redaction

__all__ = ["Form", "Opened", "Owed", "Redacting", "note_shown", "owe_collapses"]

log = structlog.get_logger(__name__)

MINUTE_MS: Final = 60_000
#: So long after the last tap what was opened closes, and after a newer digest an older collapses.
OPEN_MS: Final = 15 * MINUTE_MS
#: How long a message that is being sent is waited for.
_UNDER_WAY_MS: Final = 5_000
#: How long what waits for somebody out of reach rests before it is looked at again.
_PARK_MS: Final = 360 * MINUTE_MS
#: A message that could not be changed for so long stays as it is.
_GIVEN_UP_MS: Final = 30 * 24 * 60 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Opened:
    """What somebody opened in a message: a page of a digest, or one pair's details and beyond.

    digest_id: None beside digests. page: None where only the pair tells which. pair_id: None for
    a page alone, and beside digests for what cannot be opened there again.
    """

    digest_id: int | None = None
    page: int | None = None
    pair_id: int | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """A message to be given another text now. message: its Telegram number.

    has_access: whose chat it is in is a therapist here still. code: of the pair whose details
    may be opened there again.
    """

    redaction: Redaction
    person: Person
    message: int
    has_access: bool
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Redacting:
    """The use cases of redacting."""

    db: Database
    clock: Clock
    ids: Ids

    @writes
    async def note_shown(
        self,
        tx: Transaction,
        person_id: int,
        pair_ids: Sequence[int],
        form: Form,
        opened: Opened | None,
        telegram_message: int,
    ) -> None:
        """Note that a new message in somebody's chat shows something of pairs.

        opened: what is in it, where it closes by itself.
        """
        now = self.clock.now()
        await note_shown(tx, self.ids, person_id, pair_ids, form, telegram_message, now)
        if opened is not None:
            await self._close_later(tx, person_id, opened, form, telegram_message)

    @writes
    async def note_opened(
        self, tx: Transaction, person_id: int, opened: Opened, telegram_message: int
    ) -> None:
        """Note that somebody opened something in a message, which closes by itself."""
        await self._close_later(tx, person_id, opened, "text", telegram_message)

    @writes
    async def note_taken_over(
        self, tx: Transaction, person_id: int, opened: Opened, telegram_message: int
    ) -> None:
        """Note that a new message shows what was to stand in one that is gone, and closes as it."""
        if opened.digest_id is not None:
            await closings.carry_page(
                tx, person_id, opened.digest_id, opened.page, opened.pair_id, telegram_message
            )
        elif opened.pair_id is not None:
            now, shown = self.clock.now(), (opened.pair_id,)
            await note_shown(tx, self.ids, person_id, shown, "text", telegram_message, now)
        await self._close_later(tx, person_id, opened, "text", telegram_message)

    @writes
    async def prolong(self, tx: Transaction, person_id: int, telegram_message: int) -> None:
        """Note a tap in a message that changes nothing there: what is open stays a while longer."""
        await closings.prolong(tx, person_id, telegram_message, self.clock.now() + OPEN_MS)

    @writes
    async def note_taken_away(self, tx: Transaction, person_id: int, telegram_message: int) -> None:
        """Note that somebody has taken a message away: it owes no closing any more."""
        await closings.forget_open(tx, person_id, telegram_message)

    async def _close_later(
        self, tx: Transaction, person_id: int, opened: Opened, form: Form, telegram_message: int
    ) -> None:
        now, new_id = self.clock.now(), self.ids.new()
        due_at = now + OPEN_MS
        if opened.digest_id is None:
            await closings.close_later(
                tx, id=new_id, person_id=person_id, pair_id=opened.pair_id,
                telegram_message=telegram_message, form=form, now=now, due_at=due_at,
            )  # fmt: skip
        else:
            await closings.close_digest_later(
                tx, id=new_id, person_id=person_id, digest_id=opened.digest_id,
                page=opened.page, pair_id=opened.pair_id, telegram_message=telegram_message,
                now=now, due_at=due_at,
            )  # fmt: skip

    async def any_due(self, tx: Transaction) -> bool:
        """Tell whether `next_owed` would have something to do."""
        return await redactions.is_any_redaction_due(tx, self.clock.now())

    async def next_owed(self) -> Owed | None:
        """Give the next message that can be changed now; None when nothing is due."""
        more, owed = True, None
        while more and owed is None:
            owed, more = await self._next()
        return owed

    @writes
    async def _next(self, tx: Transaction) -> tuple[Owed | None, bool]:
        """Look at what has been due longest; give it if it can be changed, and whether one was."""
        now = self.clock.now()
        found = await redactions.find_redaction(tx, now)
        if found is None:
            return None, False
        person = await people.load_person(tx, found.person_id)
        if found.is_under_way:
            await redactions.put_redaction_off(tx, found, now + _UNDER_WAY_MS)
        elif found.telegram_message is None:
            # It was not delivered after all, or is to be once more: made anew then.
            await redactions.settle_redaction(tx, found)
        elif found.why == "older" and await closings.is_open(tx, found):
            # Somebody reads in it: it collapses when that closes.
            await redactions.settle_redaction(tx, found)
        elif person.telegram_id is None:
            await self._give_up(tx, found, "cut_off", now)
        elif now - found.owed_at > _GIVEN_UP_MS:
            await self._give_up(tx, found, "expired", now)
        elif person.unreachable_at is not None:
            await redactions.put_redaction_off(tx, found, now + _PARK_MS)
        else:
            roles = await people.roles_of(tx, person.id)
            # A therapist's former account may be another one's by now.
            has_access, code = "therapist" in roles and found.is_own, await _code(tx, found)
            return Owed(found, person, found.telegram_message, has_access, code), True
        return None, True

    @writes
    async def done(self, tx: Transaction, owed: Owed) -> None:
        """Record that a message says what it was to say."""
        found = owed.redaction
        await redactions.settle_redaction(tx, found)
        if found.why == "open" and found.form == "picture":
            await closings.forget_picture(tx, found.person_id, owed.message)

    @writes
    async def later(self, tx: Transaction, owed: Owed, after_seconds: float) -> None:
        """Try a message again after so many seconds, and each time a little later."""
        wait = max(after_seconds, min(2**owed.redaction.attempts, 300))
        due_at = self.clock.now() + int(wait * 1000)
        await redactions.put_redaction_off(tx, owed.redaction, due_at)

    @writes
    async def refused(self, tx: Transaction, owed: Owed) -> None:
        """Record that Telegram will never change a message: it is gone, or cannot be edited."""
        await self._give_up(tx, owed.redaction, "refused", self.clock.now())

    async def _give_up(self, tx: Transaction, found: Redaction, why: str, now: int) -> None:
        what = "redacted" if found.why == "erased" else "closed"
        log.warning(f"message not {what}", message=found.id, why=why)
        await redactions.settle_redaction(tx, found)
        act = f"not {what}: {why}"
        await audit.note(tx, self.ids.new(), now, None, act, "message", found.id)


async def note_shown(
    tx: Transaction,
    ids: Ids,
    person_id: int,
    pair_ids: Sequence[int],
    form: Form,
    telegram_message: int,
    now: int,
) -> None:
    """Note that a message in somebody's chat shows something of pairs.

    Where one was erased while it was being sent, it is owed another text at once.
    """
    for pair_id in pair_ids:
        if (await pairs.load_pair(tx, pair_id)).state == "erased":
            new_id = ids.new()
            await redactions.owe_redaction(tx, new_id, person_id, telegram_message, now, form)
    shown = [(ids.new(), pair_id) for pair_id in pair_ids]
    await redactions.add_shown(tx, person_id, shown, telegram_message, form, now)


async def owe_collapses(tx: Transaction, therapist_id: int, message_id: int, now: int) -> None:
    """Owe their line to a therapist's older digests, a message of one having just arrived."""
    await closings.owe_collapses(tx, therapist_id, message_id, now, now + OPEN_MS)


async def _code(tx: Transaction, found: redactions.Redaction) -> str | None:
    """Give the code of the pair whose details may be opened again; None where none may."""
    if found.pair_id is None:
        return None
    pair = await pairs.load_pair(tx, found.pair_id)
    return None if pair.state == "erased" else pair.code
