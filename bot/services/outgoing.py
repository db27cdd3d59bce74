"""Deciding late: whether a message that is due may still go out, and what became of it.

Consent, pause, cancellation and quiet hours are asked again when a message is claimed, in the
same transaction. What was perhaps delivered is never queued again, unless it is a kind that may
arrive twice (digests and news for therapists: at least once, three tries at most).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from bot.config import Settings
from bot.core.people import Pair, Person
from bot.core.timetable import day_after, local_on, local_time, to_utc
from bot.services.acts import reads, writes
from bot.services.admins import tell_admins
from bot.services.away_keeping import absence_of
from bot.services.confirming import eve_of
from bot.services.ending import ENDED, ENDED_ASKED
from bot.services.following import FRESH_MS
from bot.services.in_force import away_of, settings_in_force
from bot.services.ports import Clock, Ids
from bot.services.quiet import outside_quiet
from bot.services.redacting import note_shown, owe_collapses
from bot.services.unopened import RESTS_MS
from bot.store import absences, asking, checkins, feeds, losses, outbox, pairs, people, watch
from bot.store import digests as digest_store
from bot.store.database import Database, Transaction, Unavailable
from bot.store.outbox import Message
from bot.store.practice import advance_clock, last_seen_at
from bot.store.redactions import owe_redaction

MINUTE_MS: Final = 60_000
_TRIES: Final = 3
_TRY_AGAIN_MS: Final = (5 * MINUTE_MS, 30 * MINUTE_MS)
_BACKWARDS_MS: Final = 5 * MINUTE_MS
#: How long what waits for an unreachable therapist rests before it is looked at again.
_PARK_MS: Final = 360 * MINUTE_MS
#: How long a question waits for its calendar, and when it is looked at again.
_WAITS_MS: Final = 20_000
_LOOK_MS: Final = 3_000
#: When it is asked again whether a new account has agreed.
_UNAGREED_MS: Final = 10 * MINUTE_MS
#: Notices that ask a therapist who joined.
_ASKS_WHO: Final = ("joined", "confirm_nudge", "confirm_eve")
#: Notices that mean nothing any more once therapy has ended.
_OF_RUNNING: Final = ("confirmed", "consent:")
#: Notices about a change of account, to the former one and to the new one: somebody waits for it.
_RELINKED: Final = ("relinked:", "relinked_to:")
#: Notices about safety: at any hour, and to clients as well rather twice than never.
_SAFETY: Final = ("watch_help:", "watch:")
#: News that waits for somebody out of reach.
_OF_THE_SCHEDULE: Final = "schedule:"
#: What people must know of the program itself.
_OF_THE_PROGRAM: Final = ("lost:", "hold:")


log = structlog.get_logger(__name__)


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
        if (back_at := await self._back_at(tx, message, now)) is not None:
            await outbox.put_off(tx, message.id, back_at + RESTS_MS, back_at + 2 * RESTS_MS)
        elif now >= message.expires_at:
            await outbox.end(tx, message.id, "dropped", now, reason="expired")
        elif person.telegram_id is None:
            await outbox.end(tx, message.id, "dropped", now, reason="cut_off")
        elif person.unreachable_at is not None:
            await self._park(tx, message, now)
        elif (reason := await self._objection(tx, message, pair)) is not None:
            await outbox.end(tx, message.id, "dropped", now, reason=reason)
        elif (ripe_at := await self._ripe_at(tx, message, person)) > now:
            await outbox.put_back(tx, message.id, ripe_at, tried=False)
        elif _must_agree_first(message, pair):
            await outbox.put_back(tx, message.id, now + _UNAGREED_MS, tried=False)
        elif (loud_at := await self._after_quiet(tx, message, person, pair, now)) > now:
            await outbox.put_back(tx, message.id, loud_at, tried=False)
        elif await self._must_look(tx, message, now) or await self._must_follow(tx, message):
            await outbox.put_back(tx, message.id, now + _LOOK_MS, tried=False)
        else:
            return Claimed(message, person, pair)
        return None

    async def _back_at(self, tx: Transaction, message: Message, now: int) -> int | None:
        """Give when a therapist is back of whose unopened digests a message is; None if here."""
        if message.kind != "notice" or message.part not in ("unopened", "unopened_admin"):
            return None
        digest = await digest_store.load_digest(tx, message.subject_id)
        away = await away_of(tx, digest.therapist_id)
        zone = digest.timezone or self.settings.practice.timezone
        span = away.span_of(local_on(now, zone))
        if span is None:
            return None
        return to_utc(day_after(span.last_on), local_time(message.due_at, zone), zone)

    async def _must_look(self, tx: Transaction, message: Message, now: int) -> bool:
        """Say whether a question waits for its calendar, which is read once more before it goes.

        What was missed is often marked late. It waits for a moment only: where the calendar is
        not to be had, the question goes as planned.
        """
        return message.kind == "prompt" and await feeds.want_reading(
            tx, message.subject_id, now - FRESH_MS, now - _WAITS_MS, now
        )

    async def _must_follow(self, tx: Transaction, message: Message) -> bool:
        """Say whether a goodbye waits for the news that therapy has ended, which comes first."""
        if message.kind != "prompt" or message.pair_id is None:
            return False
        return await outbox.is_on_its_way(tx, message.pair_id, ENDED_ASKED)

    async def _park(self, tx: Transaction, message: Message, now: int) -> None:
        """Keep for an unreachable therapist what must not be lost; drop the rest."""
        if await _must_wait(tx, message):
            await self._keep(tx, message, now)
        else:
            await outbox.end(tx, message.id, "dropped", now, reason="unreachable")

    async def _keep(self, tx: Transaction, message: Message, now: int) -> None:
        """Let a message wait for somebody out of reach; of one about safety the admins know."""
        await outbox.put_back(tx, message.id, now + _PARK_MS, tried=True)
        if message.part.startswith("watch:") and message.pair_id is not None:
            await tell_admins(
                tx, "watch_waits", subject_id=message.id,
                pair_id=message.pair_id, ids=self.ids, settings=self.settings, now=now,
            )  # fmt: skip

    async def _ripe_at(self, tx: Transaction, message: Message, person: Person) -> int:
        """Give when a message may go out whose hour depends on what has moved meanwhile.

        A reminder's hours count from the prompt, not from the plan; a question before the first
        session goes by where that session stands now.
        """
        if message.part == "confirm_eve" and message.pair_id is not None:
            starts_at = await asking.find_first_start(tx, message.pair_id)
            if starts_at is None:
                return self.clock.now() + _PARK_MS
            return eve_of(starts_at, person.timezone, self.settings)
        checkin = None
        if message.kind == "reminder":
            checkin = await checkins.load_checkin(tx, message.subject_id)
        if checkin is None or checkin.snoozed_until_at is not None:
            return 0
        since = checkin.sent_at if checkin.sent_at is not None else self.clock.now()
        practice = await settings_in_force(tx, self.settings)
        return since + practice.checkin.reminder_after_hours * 60 * MINUTE_MS

    async def _objection(self, tx: Transaction, message: Message, pair: Pair | None) -> str | None:
        """Say why a message must not go out any more."""
        if message.kind in ("prompt", "reminder"):
            checkin = await checkins.load_checkin(tx, message.subject_id)
            if pair is None:
                return "erased"
            is_goodbye = checkin is not None and checkin.kind == "goodbye"
            if pair.state != ("ended" if is_goodbye else "active"):
                return pair.state
            if is_goodbye and (pair.stopped_at or pair.erase_asked_at) is not None:
                return "stopped" if pair.stopped_at is not None else "erasure_asked"
            if checkin is None or checkin.state != "open":
                return "closed"
            if message.kind == "reminder" and checkin.completed_at is not None:
                return "answered"
            if message.kind == "prompt" and await self._is_away(tx, checkin.id):
                # Nobody is asked, and the digest says why.
                await checkins.withdraw(tx, checkin, absences.REASON, self.clock.now())
                return "away"
        if message.part.startswith("handover_ask") and (
            pair is None or (pair.stopped_at or pair.erase_asked_at) is not None
        ):
            return "stopped"
        if message.part == "keep_asking":
            return await self._no_question_now(tx, pair)
        is_news = message.part in (ENDED, ENDED_ASKED)
        if is_news and pair is not None and pair.stopped_at is not None:
            return "stopped"
        is_settled = message.kind == "notice" and pair is not None and pair.is_over
        if is_settled and message.part.startswith((*_ASKS_WHO, *_OF_RUNNING)):
            return "ended"
        if message.kind == "notice" and message.part in _ASKS_WHO:
            if pair is None or pair.client_id is None or pair.confirmed_at is not None:
                return "settled"
            if message.part == "confirm_eve" and await self._has_begun(tx, pair):
                return "begun"
        if message.kind == "notice" and message.part.startswith("watch:"):
            # Taken back, or not wanted any more, while it waited.
            return None if await watch.may_be_told(tx, message.subject_id) else "settled"
        return None

    async def _no_question_now(self, tx: Transaction, pair: Pair | None) -> str | None:
        """Say why a client is not to be asked how to go on: there are no questions now."""
        if pair is None or pair.state != "active":
            return pair.state if pair else "erased"
        now = self.clock.now()
        return "away" if await absence_of(tx, self.settings, pair.therapist_id, now) else None

    async def _is_away(self, tx: Transaction, checkin_id: int) -> bool:
        """Say whether the session that is asked about falls into an absence after all."""
        session = await absences.session_of(tx, checkin_id)
        return session is not None and await absence_of(tx, self.settings, *session) is not None

    async def _has_begun(self, tx: Transaction, pair: Pair) -> bool:
        starts_at = await asking.find_first_start(tx, pair.id)
        return starts_at is not None and starts_at <= self.clock.now()

    async def _after_quiet(
        self, tx: Transaction, message: Message, person: Person, pair: Pair | None, now: int
    ) -> int:
        """Give when a message may be heard: clients have quiet hours, therapists their hour."""
        if _is_safety(message) or message.part.startswith(_RELINKED):
            return now
        to_client = message.kind in ("prompt", "reminder", "ack")
        if not (to_client or (pair is not None and pair.client_id == person.id)):
            return now
        return await outside_quiet(tx, self.settings, person, now)

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
    ) -> bool:
        """Record that a message arrived; give whether it is that person's chat still.

        shows: pairs of which it tells something, where its row names none.

        Where the account has changed while it was under way, no tap there counts, and what may
        arrive twice is owed to the new one.
        """
        now = self.clock.now()
        owner_id = await outbox.find_owner(tx, message.id)
        owner = await people.load_person(tx, owner_id) if owner_id is not None else None
        if owner is None:
            # Erased while it was under way.
            await owe_redaction(tx, message.id, message.person_id, telegram_message, now)
            return True
        if owner.telegram_id == chat_id:
            await outbox.end(tx, message.id, "sent", now, telegram_message=telegram_message)
            await arrived(tx, message, now, telegram_message)
            who = message.person_id
            await note_shown(tx, self.ids, who, shows, "text", telegram_message, now)
            if message.kind == "digest":
                await owe_collapses(tx, who, message.id, now)
            return True
        await outbox.end(tx, message.id, "unknown", now, reason="moved")
        await arrived(tx, message, now, None)
        if await may_repeat(tx, message):
            await outbox.owe_again(tx, message.id, now)
        return False

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
    async def dropped(self, tx: Transaction, message: Message, reason: str) -> None:
        """Record that there was nothing left to send."""
        await outbox.end(tx, message.id, "dropped", self.clock.now(), reason=reason)

    async def _perhaps(self, tx: Transaction, message: Message, now: int) -> None:
        """Note what counts as perhaps arrived; owe again what may arrive twice."""
        await arrived(tx, message, now, None)
        if await may_repeat(tx, message) and message.attempts < _TRIES:
            wait = _TRY_AGAIN_MS[min(message.attempts, len(_TRY_AGAIN_MS)) - 1]
            await outbox.owe_again(tx, message.id, now + wait)


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
        case "digest" | "notice" | "mirror":
            pass


async def _must_wait(tx: Transaction, message: Message) -> bool:
    """Say whether a message waits for somebody out of reach, and is not dropped."""
    return message.part.startswith(_OF_THE_SCHEDULE) or await may_repeat(tx, message)


async def may_repeat(tx: Transaction, message: Message) -> bool:
    """Say whether a message is of a kind that may arrive twice, because never would be worse."""
    # A change of account may be said twice; unsaid, nobody would know, or be asked to agree.
    if message.kind == "digest" or message.part.startswith(_RELINKED):
        return True
    if message.kind != "notice":
        return False
    if message.pair_id is None:
        return message.part.startswith(_OF_THE_PROGRAM)
    if _is_safety(message):
        return True
    pair = await pairs.load_pair(tx, message.pair_id)
    return pair.therapist_id == message.person_id


def _must_agree_first(message: Message, pair: Pair | None) -> bool:
    """Say whether a message waits until a client's new account has agreed to be written to."""
    if pair is None or pair.relinked_at is None or message.person_id != pair.client_id:
        return False
    return not (_is_safety(message) or message.part.startswith(_RELINKED))


def _is_safety(message: Message) -> bool:
    return message.kind == "notice" and message.part.startswith(_SAFETY)
