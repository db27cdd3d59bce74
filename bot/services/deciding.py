"""Deciding late: whether a message that is due may still go out.

Consent, pause, cancellation and quiet hours are asked again when a message is claimed, in the
same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from bot.config import Settings
from bot.core.people import Pair, Person
from bot.core.timetable import day_after, local_on, local_time, to_utc
from bot.services.away_keeping import absence_of
from bot.services.confirming import eve_of
from bot.services.ending import ENDED, ENDED_ASKED
from bot.services.following import FRESH_MS
from bot.services.in_force import away_of, settings_in_force
from bot.services.ports import Clock
from bot.services.quiet import outside_quiet
from bot.services.unopened import RESTS_MS
from bot.store import absences, asking, checkin_ends, checkins, feeds, outbox, sentences, watch
from bot.store import digests as digest_store
from bot.store.database import Transaction
from bot.store.outbox import Message

MINUTE_MS: Final = 60_000
#: How long what waits for an unreachable therapist rests before it is looked at again.
PARK_MS: Final = 360 * MINUTE_MS
#: How long a question waits for its calendar, and when it is looked at again.
_WAITS_MS: Final = 20_000
_LOOK_MS: Final = 3_000
#: When it is asked again whether a new account has agreed, or the practice said whose it is.
_UNAGREED_MS: Final = 10 * MINUTE_MS
#: Notices that ask a therapist who joined.
_ASKS_WHO: Final = ("joined", "confirm_nudge", "confirm_eve")
#: Notices that mean nothing any more once therapy has ended, or its client has stopped.
_OF_RUNNING: Final = ("confirmed", "consent:")
#: Notices about a change of account, to the former one and to the new one: somebody waits for it.
RELINKED: Final = ("relinked:", "relinked_to:")
#: Notices about safety: at any hour, and to clients as well rather twice than never.
_SAFETY: Final = ("watch_help:", "watch:")


@dataclass(frozen=True, slots=True)
class Drop:
    """A message is not sent at all; reason: one word."""

    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """A message is asked about again then."""

    until_at: int


@dataclass(frozen=True, slots=True)
class Rest:
    """A message is asked about again then, and has until `expires_at` from there."""

    until_at: int
    expires_at: int


#: "park": it waits for somebody out of reach, if it is of a kind that must not be lost.
Verdict = Literal["go", "park"] | Drop | Wait | Rest


@dataclass(frozen=True, slots=True)
class Deciding:
    """Says whether a message may go."""

    clock: Clock
    settings: Settings

    async def decide(
        self, tx: Transaction, message: Message, person: Person, pair: Pair | None, now: int
    ) -> Verdict:
        """Say whether a message may go out now, and what else is to become of it."""
        if (back_at := await self._back_at(tx, message, now)) is not None:
            return Rest(back_at + RESTS_MS, back_at + 2 * RESTS_MS)
        if now >= message.expires_at:
            return Drop("expired")
        if person.telegram_id is None:
            return Drop("cut_off")
        if person.unreachable_at is not None:
            return "park"
        if (reason := await self._objection(tx, message, pair)) is not None:
            return Drop(reason)
        if (ripe_at := await self._ripe_at(tx, message, person)) > now:
            return Wait(ripe_at)
        if _must_agree_first(message, pair):
            return Wait(now + _UNAGREED_MS)
        if (open_at := await self._open_at(tx, message, pair, now)) > now:
            return Wait(open_at)
        if (loud_at := await self._after_quiet(tx, message, person, pair, now)) > now:
            return Wait(loud_at)
        if await self._must_look(tx, message, now) or await self._must_follow(tx, message):
            return Wait(now + _LOOK_MS)
        return "go"

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

    async def _ripe_at(self, tx: Transaction, message: Message, person: Person) -> int:
        """Give when a message may go out whose hour depends on what has moved meanwhile.

        A reminder's hours count from the prompt, not from the plan; a question before the first
        session goes by where that session stands now.
        """
        if message.part == "confirm_eve" and message.pair_id is not None:
            starts_at = await asking.find_first_start(tx, message.pair_id)
            if starts_at is None:
                return self.clock.now() + PARK_MS
            return eve_of(starts_at, person.timezone, self.settings)
        checkin = None
        if message.kind == "reminder":
            checkin = await checkins.load_checkin(tx, message.subject_id)
        if checkin is None or checkin.snoozed_until_at is not None:
            return 0
        since = checkin.sent_at if checkin.sent_at is not None else self.clock.now()
        practice = await settings_in_force(tx, self.settings)
        return since + practice.checkin.reminder_after_hours * 60 * MINUTE_MS

    async def _open_at(self, tx: Transaction, message: Message, pair: Pair | None, now: int) -> int:
        """Give when a client's new account may read a therapist's sentence.

        It may tell what was said before that account was the client's.
        """
        if message.kind != "ack" or pair is None or pair.shows_before(now):
            return 0
        if await sentences.sent_words(tx, message.subject_id) is None:
            return 0
        opens_at = pair.history_from_at if pair.objected_at is None else None
        return now + _UNAGREED_MS if opens_at is None else opens_at

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
                await checkin_ends.withdraw(tx, checkin, absences.REASON, self.clock.now())
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
        if pair is not None and pair.state == "stopped" and message.part.startswith(_OF_RUNNING):
            return "stopped"
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
        if is_safety(message) or message.part.startswith(RELINKED):
            return now
        to_client = message.kind in ("prompt", "reminder", "ack")
        if not (to_client or (pair is not None and pair.client_id == person.id)):
            return now
        return await outside_quiet(tx, self.settings, person, now)


def _must_agree_first(message: Message, pair: Pair | None) -> bool:
    """Say whether a message waits until a client's new account has agreed to be written to."""
    if pair is None or pair.relinked_at is None or message.person_id != pair.client_id:
        return False
    return not (is_safety(message) or message.part.startswith(RELINKED))


def is_safety(message: Message) -> bool:
    """Say whether a notice is about somebody's safety."""
    return message.kind == "notice" and message.part.startswith(_SAFETY)
