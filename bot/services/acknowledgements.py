"""Telling a client that the check-in was read, and hearing what the client says to it.

The other half of measuring. A client is told once, with the latest; when "read" had been told
and rises to "let's talk about it", once more. Where therapy has ended, the client still hears that
the last answers were read, and nothing of a next time; whoever has stopped hears nothing.

A check-in that was only begun is told of like any other: each tap in it counted, the therapist is
shown it, and there is at least one rating in it, for silence cannot be acknowledged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from bot.config import Settings
from bot.core.errors import Refused
from bot.core.people import may_hear
from bot.core.timetable import after_quiet
from bot.services.acts import reads, writes
from bot.services.digest_pages import AcknowledgementKind
from bot.services.ports import Clock, Ids
from bot.services.quiet import quiet_of
from bot.store import digests as store
from bot.store import outbox, people, sentences
from bot.store.database import Database, Transaction

_TELL_AFTER_MS: Final = 2 * 60_000
#: No outage, and no hold after one, may cost a client the news: it closes the loop.
_TELL_WITHIN_MS: Final = 14 * 86_400_000


@dataclass(frozen=True, slots=True)
class Telling:
    """What a client is told about an acknowledgement; can_reply: with OK and I'd rather not.

    kind: None where only the therapist's own sentence (words) is still to be told. therapist_name:
    where the client has more than one therapist, which one it was. leaves_open: a check-in is open
    that was not read.
    """

    acknowledgement_id: int
    client_id: int
    pair_id: int
    kind: AcknowledgementKind | None
    words: str | None = None
    therapist_name: str | None = field(default=None, repr=False)
    leaves_open: bool = False

    @property
    def can_reply(self) -> bool:
        """Whether there is something to say yes or no to."""
        return self.kind == "talk"


@dataclass(frozen=True, slots=True)
class Acknowledgements:
    """What delivery and the client need of acknowledgements."""

    db: Database
    clock: Clock

    @reads
    async def telling(self, tx: Transaction, acknowledgement_id: int, part: str) -> Telling | None:
        """Give what the client is told, the latest; None for who has stopped or is erased.

        part: "" for the first message; "talk" for another, after "read" had been told; "words" for
        the therapist's own sentence, after both.
        """
        told = await store.load_acknowledgement(tx, acknowledgement_id)
        if told.client_id is None or not may_hear(told.pair_state, told.stopped_at):
            return None
        if not told.stands:
            return None
        words, name = await self._words(tx, told, part), await _which(tx, told)
        is_over = told.pair_state == "ended"
        # After the end there is no next time to make room in: of that only the sentence is left.
        kind: AcknowledgementKind | None = "read" if is_over else told.kind
        if part == "words" or (part == "talk" and is_over):
            if words is None:
                return None
            kind = None
        elif part == "" and await store.telling_has_part(tx, acknowledgement_id, "talk"):
            kind = "read"
        return Telling(told.id, told.client_id, told.pair_id, kind, words, name, told.leaves_open)

    async def _words(self, tx: Transaction, told: store.Acknowledged, part: str) -> str | None:
        """Give the sentence that a message carries: none that has one of its own, or has come."""
        # Without one of its own it went with the first message, if that arrived.
        has_come = part == "talk" and told.told_at is not None
        if part != "words" and (has_come or await store.telling_has_part(tx, told.id, "words")):
            return None
        return await sentences.sent_words(tx, told.id)

    @writes
    async def reply(
        self,
        tx: Transaction,
        client_id: int,
        acknowledgement_id: int,
        answer: Literal["ok", "rather_not"],
    ) -> None:
        """Keep what a client says to "let's talk about it". Errors: Refused("not_yours")."""
        if not await store.reply(tx, acknowledgement_id, client_id, answer, self.clock.now()):
            raise Refused("not_yours")

    @reads
    async def whose(self, tx: Transaction, client_id: int, acknowledgement_id: int) -> str | None:
        """Name the therapist of an acknowledgement, to a client who has more than one.

        Errors: Refused("not_yours").
        """
        try:
            told = await store.load_acknowledgement(tx, acknowledgement_id)
        except KeyError:  # erased since the reply
            raise Refused("not_yours") from None
        if told.client_id != client_id:
            raise Refused("not_yours")
        return await _which(tx, told)


async def _which(tx: Transaction, told: store.Acknowledged) -> str | None:
    return (await people.load_person(tx, told.therapist_id)).name if told.has_others else None


async def owe_telling(
    tx: Transaction,
    acknowledgement_id: int,
    now: int,
    *,
    ids: Ids,
    settings: Settings,
    words: bool = False,
) -> bool:
    """Owe a client the news; one that is still queued will carry the latest anyway.

    Due in two minutes and outside of quiet hours. words: the news is a sentence. Gives whether the
    client will be told: who has stopped or is erased will not.
    """
    told = await store.load_acknowledgement(tx, acknowledgement_id)
    if told.client_id is None or not may_hear(told.pair_state, told.stopped_at):
        return False
    if await store.telling_is_queued(tx, acknowledgement_id):
        return True
    quiet = await quiet_of(tx, settings, told.quiet_from, told.quiet_to)
    zone = told.timezone or settings.practice.timezone
    due_at = after_quiet(now + _TELL_AFTER_MS, *quiet, zone)
    parts = ("words",) if words else ("", "talk") if told.kind == "talk" else ("",)
    for part in parts:
        if await outbox.queue(
            tx,
            id=ids.new(),
            kind="ack",
            subject_id=acknowledgement_id,
            part=part,
            person_id=told.client_id,
            pair_id=told.pair_id,
            due_at=due_at,
            expires_at=due_at + _TELL_WITHIN_MS,
            now=now,
        ):
            return True
    return False
