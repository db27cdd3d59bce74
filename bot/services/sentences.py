"""A therapist's own short sentence to a client: written, looked at once more, then sent.

It goes beside an acknowledgement and nowhere else. What was typed and not sent is forgotten when
another is begun, or when its time is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.config import Settings
from bot.core.errors import Refused
from bot.services.acknowledgements import owe_telling
from bot.services.acts import reads, writes
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
        """Begin a sentence to what was acknowledged. Errors: Refused("no_sentence")."""
        now = self.clock.now()
        made = await sentences.ask_sentence(
            tx, self.ids.new(), therapist_id, digest_id, pair_id, now
        )
        if made is None:
            raise Refused("no_sentence")
        return made

    @reads
    async def is_waiting(self, tx: Transaction, therapist_id: int) -> bool:
        """Say whether this therapist's next message is a sentence."""
        since = self.clock.now() - _WAITS_MS
        return await sentences.find_waiting(tx, therapist_id, since) is not None

    @writes
    async def type(self, tx: Transaction, therapist_id: int, typed: str) -> Sentence:
        """Keep what was typed and give it to be looked at.

        Errors: Refused("not_kept"), Refused("sentence_too_long").
        """
        waiting = await sentences.find_waiting(tx, therapist_id, self.clock.now() - _WAITS_MS)
        words = " ".join(typed.split())
        if waiting is None or not words:
            raise Refused("not_kept")
        if len(words) > MOST:
            raise Refused("sentence_too_long", most=MOST, has=len(words))
        await sentences.write_words(tx, waiting, words)
        found = await sentences.find_sentence(tx, waiting.id, therapist_id)
        assert found is not None  # noqa: S101 - it was just written
        return found

    @reads
    async def show(self, tx: Transaction, therapist_id: int, sentence_id: int) -> Sentence:
        """Give a sentence of this therapist. Errors: Refused("stale_button") when it is gone."""
        found = await sentences.find_sentence(tx, sentence_id, therapist_id)
        if found is None:
            raise Refused("stale_button")
        return found

    @writes
    async def send(
        self, tx: Transaction, therapist_id: int, sentence_id: int
    ) -> tuple[Sentence, bool]:
        """Send a sentence; give it and whether the client will be told.

        Errors: Refused("stale_button") when it is gone or was sent before.
        """
        now = self.clock.now()
        if not await sentences.send_words(tx, sentence_id, therapist_id, now):
            raise Refused("stale_button")
        found = await sentences.find_sentence(tx, sentence_id, therapist_id)
        assert found is not None  # noqa: S101 - it was just sent
        await audit.note(
            tx, self.ids.new(), now, therapist_id, "sentence sent", "pair", found.pair_id
        )
        told = await owe_telling(
            tx, found.acknowledgement_id, now, ids=self.ids, settings=self.settings, words=True
        )
        return found, told

    @writes
    async def drop(self, tx: Transaction, therapist_id: int) -> None:
        """Forget what was not sent."""
        await sentences.drop_unsent(tx, therapist_id)
