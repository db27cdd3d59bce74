"""The outbox: claiming what is due, once it is decided that it may go, and what became of it.

What was perhaps delivered is never queued again, unless it is a kind that may arrive twice
(digests and news for therapists: at least once, three tries at most).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import structlog

from bot.config import Settings
from bot.core.people import Pair, Person
from bot.services.acts import reads, writes
from bot.services.admins import tell_admins
from bot.services.deciding import PARK_MS, RELINKED, Deciding, Drop, Rest, Wait, is_safety
from bot.services.ports import Clock, Ids
from bot.services.redacting import note_shown, owe_collapses
from bot.store import checkins, losses, outbox, pairs, people
from bot.store import digests as digest_store
from bot.store.database import Database, Transaction, Unavailable
from bot.store.outbox import Message
from bot.store.practice import advance_clock, last_seen_at
from bot.store.redactions import owe_redaction

MINUTE_MS: Final = 60_000
#: How long what perhaps arrived, and must, waits to be sent again; then it has been sent enough.
_TRY_AGAIN_MS: Final = (5 * MINUTE_MS, 30 * MINUTE_MS)
_BACKWARDS_MS: Final = 5 * MINUTE_MS
#: News that waits for somebody out of reach.
_OF_THE_SCHEDULE: Final = "schedule:"
#: What people must know of the program itself.
_OF_THE_PROGRAM: Final = ("lost:", "hold:")
#: A check-in that lost hours left open, shown as it is known: it goes on in that message.
LOST_OPEN: Final = "lost_open"


log = structlog.get_logger(__name__)

#: Whose a claimed message is by now: of whom it was for, of another account, or of nobody.
Whose = Literal["theirs", "moved", "erased"]


class ClockWentBack(Exception):
    """The wall clock is behind what it was: nothing is sent before somebody has looked."""


class _Unclaimable(Exception):
    """What a message is about cannot be read; says what kind of error that is."""

    def __init__(self, message_id: int, why: str) -> None:
        super().__init__(why)
        self.message_id = message_id


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that is being sent now, and to whom."""

    message: Message
    person: Person
    pair: Pair | None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The outbox's use cases.

    wall: the real wall clock, where `clock` is one that stands still instead of going back.
    """

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings
    wall: Clock | None = None

    @property
    def deciding(self) -> Deciding:
        """What says whether a message may go."""
        return Deciding(self.clock, self.settings)

    @writes
    async def recover(self, tx: Transaction) -> int:
        """Record what a process that is gone left half sent; give how many messages that were."""
        now = self.clock.now()
        left = await outbox.abandon_sending(tx, now)
        for message in left:
            await self._perhaps(tx, message, now)
        return len(left)

    @reads
    async def away_ms(self, tx: Transaction) -> int:
        """Give how long ago the program was last known to be at work."""
        return self.clock.now() - await last_seen_at(tx)

    async def be_seen(self) -> bool:
        """Note, at most once a minute, that the program is at work. Never work for a tick."""
        if await self.db.read(self.is_to_be_seen):
            await self._advance()
        return False

    async def is_to_be_seen(self, tx: Transaction) -> bool:
        """Tell whether `be_seen` would note it."""
        return self.clock.now() - await last_seen_at(tx) >= MINUTE_MS

    @writes
    async def _advance(self, tx: Transaction) -> None:
        await advance_clock(tx, self.clock.now())

    async def claim(self) -> Claimed | None:
        """Claim the next message that is due and may go out; None when there is none.

        Errors: `ClockWentBack`.
        """
        claimed, more = None, await self.db.read(self.any_due)
        while more and claimed is None:
            try:
                claimed, more = await self._claim()
            except _Unclaimable as bug:
                # One message that cannot be read must not hold up the others.
                log.error("message cannot be claimed", message=bug.message_id, why=str(bug))
                await self._give_up(bug.message_id)
        return claimed

    async def any_due(self, tx: Transaction) -> bool:
        """Tell whether `claim` would find a message that is due: on hold, of those that go out
        also then. It may be one that is not to go out after all.
        """
        on_hold = await losses.is_on_hold(tx)
        return await outbox.is_any_due(tx, self.clock.now(), on_hold=on_hold)

    @writes
    async def _claim(self, tx: Transaction) -> tuple[Claimed | None, bool]:
        """Take the message that has been due longest; give it if it may go, and whether one was."""
        now, wall = self.clock.now(), (self.wall or self.clock).now()
        if await advance_clock(tx, now) - wall > _BACKWARDS_MS:
            raise ClockWentBack
        message = await outbox.claim_due(tx, now, on_hold=await losses.is_on_hold(tx))
        if message is None:
            return None, False
        try:
            return await self._checked(tx, message, now), True
        except Unavailable:
            raise
        except Exception as bug:
            raise _Unclaimable(message.id, type(bug).__name__) from bug

    @writes
    async def _give_up(self, tx: Transaction, message_id: int) -> None:
        await outbox.fail_queued(tx, message_id, self.clock.now())

    async def _checked(self, tx: Transaction, message: Message, now: int) -> Claimed | None:
        """Ask once more whether a message may go out; if not, end it or put it back."""
        person = await people.load_person(tx, message.person_id)
        pair = await pairs.load_pair(tx, message.pair_id) if message.pair_id else None
        match await self.deciding.decide(tx, message, person, pair, now):
            case "go":
                return Claimed(message, person, pair)
            case "park":
                await self._park(tx, message, now)
            case Drop(reason):
                await outbox.end(tx, message.id, "dropped", now, reason=reason)
            case Wait(until_at):
                await outbox.put_back(tx, message.id, until_at, tried=False)
            case Rest(until_at, expires_at):
                await outbox.put_off(tx, message.id, until_at, expires_at)
        return None

    async def _park(self, tx: Transaction, message: Message, now: int) -> None:
        """Keep for an unreachable therapist what must not be lost; drop the rest."""
        if await _must_wait(tx, message):
            await self._keep(tx, message, now)
        else:
            await outbox.end(tx, message.id, "dropped", now, reason="unreachable")

    async def _keep(self, tx: Transaction, message: Message, now: int) -> None:
        """Let a message wait for somebody out of reach; of one about safety the admins know."""
        await outbox.put_back(tx, message.id, now + PARK_MS, tried=True)
        if message.part.startswith("watch:") and message.pair_id is not None:
            await tell_admins(
                tx, "watch_waits", subject_id=message.id,
                pair_id=message.pair_id, ids=self.ids, settings=self.settings, now=now,
            )  # fmt: skip

    @reads
    async def sent_before(self, tx: Transaction, message: Message) -> tuple[int, ...]:
        """Give the Telegram messages in which the same was said to the same person before."""
        return tuple(await outbox.sent_before(tx, message))

    @writes
    async def sent(
        self,
        tx: Transaction,
        message: Message,
        telegram_message: int,
        chat_id: int,
        shows: Sequence[int] = (),
    ) -> Whose:
        """Record that a message arrived; say whose it is in that chat.

        shows: pairs of which it tells something, where its row names none.

        Where the account has changed while it was under way, no tap there counts, and what may
        arrive twice is owed to the new one. Whoever was erased with all that is theirs is known
        by no chat any more, so that what came there has to be changed at once.
        """
        now = self.clock.now()
        owner_id = await outbox.find_owner(tx, message.id)
        owner = await people.load_person(tx, owner_id) if owner_id is not None else None
        if owner is None:
            if (await people.load_person(tx, message.person_id)).telegram_id != chat_id:
                return "erased"
            await owe_redaction(tx, message.id, message.person_id, telegram_message, now)
            return "theirs"
        if owner.telegram_id == chat_id:
            await outbox.end(tx, message.id, "sent", now, telegram_message=telegram_message)
            await arrived(tx, message, now, telegram_message)
            who = message.person_id
            await note_shown(tx, self.ids, who, shows, "text", telegram_message, now)
            if message.kind == "digest":
                await owe_collapses(tx, who, message.id, now)
            return "theirs"
        await outbox.end(tx, message.id, "unknown", now, reason="moved")
        await arrived(tx, message, now, None)
        if await may_repeat(tx, message):
            await outbox.owe_again(tx, message.id, now)
        return "moved"

    @writes
    async def unclear(self, tx: Transaction, message: Message) -> None:
        """Record that a message perhaps arrived."""
        now = self.clock.now()
        await outbox.end(tx, message.id, "unknown", now, reason="unclear")
        await self._perhaps(tx, message, now)

    @writes
    async def later(self, tx: Transaction, message: Message, after_seconds: float) -> None:
        """Put a message back that certainly did not arrive."""
        wait = max(after_seconds * 1000, min(2**message.attempts, 300) * 1000)
        due_at = self.clock.now() + int(wait)
        await outbox.put_back(tx, message.id, due_at, tried=True)

    @writes
    async def unreachable(self, tx: Transaction, message: Message) -> None:
        """Record that the person cannot be written to; what must not be lost waits."""
        now = self.clock.now()
        if await _must_wait(tx, message):
            await self._keep(tx, message, now)
        else:
            await outbox.end(tx, message.id, "failed", now, reason="unreachable")

    @writes
    async def failed(self, tx: Transaction, message: Message, reason: str) -> None:
        """Record that a message will not arrive."""
        await outbox.end(tx, message.id, "failed", self.clock.now(), reason=reason)

    @writes
    async def unmade(
        self, tx: Transaction, message: Message, state: Literal["dropped", "failed"], reason: str
    ) -> Whose:
        """Record that a claimed message was not made; say whose it is by now.

        state: "dropped" where there was nothing left to say. Whoever has it in another account
        since it was claimed gets it there; with whoever was erased since, it is gone.
        """
        now, owner_id = self.clock.now(), await outbox.find_owner(tx, message.id)
        if owner_id is None:
            return "erased"
        if owner_id != message.person_id:
            await outbox.put_back(tx, message.id, now, tried=False)
            return "moved"
        await outbox.end(tx, message.id, state, now, reason=reason)
        return "theirs"

    async def _perhaps(self, tx: Transaction, message: Message, now: int) -> None:
        """Note what counts as perhaps arrived; owe again what may arrive twice."""
        await arrived(tx, message, now, None)
        if message.unclear < len(_TRY_AGAIN_MS) and await may_repeat(tx, message):
            await outbox.owe_again(tx, message.id, now + _TRY_AGAIN_MS[message.unclear])


async def arrived(tx: Transaction, message: Message, at: int, telegram_message: int | None) -> None:
    """Note what it means that a message arrived, or counts as arrived."""
    match message.kind:
        case "prompt":
            await checkins.note_sent(tx, message.subject_id, at, telegram_message)
        case "reminder":
            await checkins.note_sent(tx, message.subject_id, at, telegram_message)
            await checkins.note_reminded(tx, message.subject_id, at)
        case "ack":
            await digest_store.note_told(tx, message.subject_id, at)
        case "notice" if message.part.startswith(f"{LOST_OPEN}:"):
            await checkins.note_sent(tx, message.subject_id, at, telegram_message)
        case "digest" | "notice" | "mirror":
            pass


async def _must_wait(tx: Transaction, message: Message) -> bool:
    """Say whether a message waits for somebody out of reach, and is not dropped."""
    return message.part.startswith(_OF_THE_SCHEDULE) or await may_repeat(tx, message)


async def may_repeat(tx: Transaction, message: Message) -> bool:
    """Say whether a message is of a kind that may arrive twice, because never would be worse."""
    # A change of account may be said twice; unsaid, nobody would know, or be asked to agree.
    if message.kind == "digest" or message.part.startswith(RELINKED):
        return True
    if message.kind != "notice":
        return False
    if message.pair_id is None:
        return message.part.startswith(_OF_THE_PROGRAM)
    if is_safety(message):
        return True
    pair = await pairs.load_pair(tx, message.pair_id)
    return pair.therapist_id == message.person_id
