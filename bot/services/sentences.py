"""A therapist's own short sentence to a client: written, looked at once more, then sent.

It goes beside an acknowledgement and nowhere else. What was typed and not sent is forgotten when
another is begun, or when its time is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.config import Settings
from bot.core.errors import Refused
from bot.core.order import was_said_before
from bot.services.acknowledgements import owe_telling
from bot.services.acts import reads, writes
from bot.services.digests import own_digest, placed_in
from bot.services.ports import Clock, Ids
from bot.store import audit, sentences
from bot.store.database import Database, Transaction
from bot.store.sentences import Sentence

#: Code points; one sentence that fits a phone's lock screen and no more.
MOST: Final = 200
#: So long the next message of a therapist is the sentence.
_WAITS_MS: Final = 15 * 60_000


@dataclass(frozen=True, slots=True)
class Sentences:
    """The use cases of a therapist's sentence."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    @writes
    async def ask(
        self, tx: Transaction, therapist_id: int, digest_id: int, pair_id: int
    ) -> Sentence:
        """Begin a sentence to what was acknowledged.

        Errors: Refused("not_yours"), Refused("no_sentence").
        """
        now = self.clock.now()
        await own_digest(tx, digest_id, therapist_id)
        await placed_in(tx, digest_id, pair_id)
        made = await sentences.ask_sentence(
            tx, self.ids.new(), therapist_id, digest_id, pair_id, now
        )
        if made is None:
            raise Refused("no_sentence")
        return made

    @reads
    async def is_waiting(self, tx: Transaction, therapist_id: int) -> bool:
        """Say whether this therapist's next message is a sentence."""
        return await self._waiting(tx, therapist_id) is not None

    async def _waiting(self, tx: Transaction, therapist_id: int) -> Sentence | None:
        now = self.clock.now()
        found = await sentences.find_waiting(tx, therapist_id, now - _WAITS_MS)
        # What was typed before this sentence was asked for was meant for somebody else.
        if found and was_said_before(tx.update_id, found.update_id, found.asked_at, now):
            return None
        return found

    @reads
    async def waiting(self, tx: Transaction, therapist_id: int) -> Sentence:
        """Give the sentence that waits to be written or sent. Errors: Refused("not_kept")."""
        found = await self._waiting(tx, therapist_id)
        if found is None:
            raise Refused("not_kept")
        return found

    @writes
    async def type(self, tx: Transaction, therapist_id: int, typed: str) -> Sentence:
        """Keep what was typed and give it to be looked at.

        Errors: Refused("not_kept"), Refused("sentence_too_long").
        """
        waiting = await self._waiting(tx, therapist_id)
        words = " ".join(typed.split())
        if waiting is None or not words:
            raise Refused("not_kept")
        if len(words) > MOST:
            raise Refused("sentence_too_long", most=MOST, has=len(words))
        await sentences.write_words(tx, waiting, words)
        return await self._own(tx, therapist_id, waiting.id)

    @reads
    async def show(self, tx: Transaction, therapist_id: int, sentence_id: int) -> Sentence:
        """Give a sentence of this therapist. Errors: Refused("not_yours"), also when it is gone."""
        return await self._own(tx, therapist_id, sentence_id)

    async def _own(self, tx: Transaction, therapist_id: int, sentence_id: int) -> Sentence:
        found = await sentences.find_sentence(tx, sentence_id, therapist_id)
        if found is None:
            raise Refused("not_yours")
        return found

    @writes
    async def send(
        self, tx: Transaction, therapist_id: int, sentence_id: int
    ) -> tuple[Sentence, bool]:
        """Send a sentence; give it and whether the client will be told.

        Errors: Refused("not_yours"), Refused("stale_button") when nothing was written or it was
        sent before.
        """
        now = self.clock.now()
        await self._own(tx, therapist_id, sentence_id)
        if not await sentences.send_words(tx, sentence_id, therapist_id, now):
            raise Refused("stale_button")
        found = await self._own(tx, therapist_id, sentence_id)
        await audit.note(
            tx, self.ids.new(), now, therapist_id, "sentence sent", "pair", found.pair_id
        )
        told = await owe_telling(
            tx, found.acknowledgement_id, now, ids=self.ids, settings=self.settings, words=True
        )
        return found, told

    @writes
    async def drop(self, tx: Transaction, therapist_id: int, sentence_id: int) -> None:
        """Forget a sentence that was not sent. Errors: Refused("not_yours"), also when it was."""
        if (await self._own(tx, therapist_id, sentence_id)).sent_at is not None:
            raise Refused("not_yours")
        await sentences.drop_unsent(tx, therapist_id)
