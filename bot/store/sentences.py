"""A therapist's own sentence beside an acknowledgement, as rows sealed with the pair's key.

Every statement names the therapist; at most one sentence of a therapist waits to be written.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.store.database import Row, Transaction


@dataclass(frozen=True, slots=True)
class Sentence:
    """words: None until they were typed. sent_at: None until the therapist has sent them.

    update_id: the tap since when they are waited for.
    """

    id: int
    acknowledgement_id: int
    pair_id: int
    code: str
    words: str | None
    asked_at: int
    update_id: int | None
    sent_at: int | None


_SENTENCE = (
    "SELECT sentence.*, pair.code, pair.data_key FROM sentence"
    " JOIN acknowledgement ON acknowledgement.id = sentence.acknowledgement_id"
    " JOIN digest ON digest.id = acknowledgement.digest_id"
    " JOIN pair ON pair.id = sentence.pair_id AND pair.data_key IS NOT NULL"
)


def _sentence(tx: Transaction, row: Row) -> Sentence:
    sealer = tx.vault.sealer(row["data_key"], "pair", row["pair_id"])
    words = row["words"]
    return Sentence(
        id=row["id"],
        acknowledgement_id=row["acknowledgement_id"],
        pair_id=row["pair_id"],
        code=row["code"],
        words=None if words is None else sealer.open_text(words, "sentence", "words", row["id"]),
        asked_at=row["asked_at"],
        update_id=row["update_id"],
        sent_at=row["sent_at"],
    )


async def ask_sentence(
    tx: Transaction, id: int, therapist_id: int, digest_id: int, pair_id: int, now: int
) -> Sentence | None:
    """Wait for a sentence to what was acknowledged on this therapist's digest.

    None: nothing was acknowledged there, it is not theirs, or a sentence was sent already.
    """
    await drop_unsent(tx, therapist_id)
    row = await tx.one(
        "INSERT INTO sentence (id, acknowledgement_id, pair_id, asked_at, update_id)"
        " SELECT :id, acknowledgement.id, acknowledgement.pair_id, :now, :update_id"
        " FROM acknowledgement"
        " JOIN digest ON digest.id = acknowledgement.digest_id"
        " WHERE digest.id = :digest_id AND digest.therapist_id = :therapist_id"
        " AND acknowledgement.pair_id = :pair_id"
        " ON CONFLICT (acknowledgement_id) DO NOTHING RETURNING id",
        id=id,
        digest_id=digest_id,
        therapist_id=therapist_id,
        pair_id=pair_id,
        now=now,
        update_id=tx.update_id,
    )
    return await find_sentence(tx, id, therapist_id) if row else None


async def find_sentence(tx: Transaction, sentence_id: int, therapist_id: int) -> Sentence | None:
    """Find a sentence of this therapist."""
    row = await tx.one(
        f"{_SENTENCE} WHERE sentence.id = :id AND digest.therapist_id = :therapist_id",
        id=sentence_id,
        therapist_id=therapist_id,
    )
    return _sentence(tx, row) if row else None


async def find_waiting(tx: Transaction, therapist_id: int, since_at: int) -> Sentence | None:
    """Find the sentence that this therapist was asked for since then and has not sent.

    Not one since which a check-in was put or answered that is theirs as a colleague's client, or a
    goal of their own asked for: what is typed belongs to what stood before them last.
    """
    row = await tx.one(
        f"{_SENTENCE} WHERE digest.therapist_id = :therapist_id AND sentence.sent_at IS NULL"  # noqa: S608 - fixed text
        " AND sentence.asked_at >= :since_at AND NOT EXISTS (SELECT 1 FROM checkin"
        "  JOIN pair AS own ON own.id = checkin.pair_id WHERE own.client_id = :therapist_id"
        "  AND checkin.state = 'open' AND (checkin.sent_at > sentence.asked_at"
        "  OR checkin.reminded_at > sentence.asked_at"
        "  OR checkin.last_answer_at > sentence.asked_at))"
        " AND NOT EXISTS (SELECT 1 FROM goal_wanted WHERE goal_wanted.client_id = :therapist_id"
        "  AND goal_wanted.asked_at > sentence.asked_at)",
        therapist_id=therapist_id,
        since_at=since_at,
    )
    return _sentence(tx, row) if row else None


async def write_words(tx: Transaction, sentence: Sentence, words: str) -> None:
    """Keep what was typed, sealed, in place of what was typed before."""
    row = await tx.one("SELECT data_key FROM pair WHERE id = :id", id=sentence.pair_id)
    assert row is not None  # noqa: S101 - the sentence was found with its pair
    sealer = tx.vault.sealer(row["data_key"], "pair", sentence.pair_id)
    await tx.run(
        "UPDATE sentence SET words = :words WHERE id = :id AND sent_at IS NULL",
        id=sentence.id,
        words=sealer.seal_text(words, "sentence", "words", sentence.id),
    )


async def send_words(tx: Transaction, sentence_id: int, therapist_id: int, now: int) -> bool:
    """Send what was typed; False: nothing was, it was sent before, or it is not theirs."""
    row = await tx.one(
        "UPDATE sentence SET sent_at = :now WHERE id = :id AND words IS NOT NULL"
        " AND sent_at IS NULL AND acknowledgement_id IN (SELECT acknowledgement.id"
        " FROM acknowledgement JOIN digest ON digest.id = acknowledgement.digest_id"
        " WHERE digest.therapist_id = :therapist_id) RETURNING id",
        id=sentence_id,
        therapist_id=therapist_id,
        now=now,
    )
    return row is not None


async def drop_unsent(tx: Transaction, therapist_id: int) -> None:
    """Forget every sentence of this therapist that was not sent."""
    await tx.run(
        "DELETE FROM sentence WHERE sent_at IS NULL AND acknowledgement_id IN"
        " (SELECT acknowledgement.id FROM acknowledgement"
        " JOIN digest ON digest.id = acknowledgement.digest_id"
        " WHERE digest.therapist_id = :therapist_id)",
        therapist_id=therapist_id,
    )


async def sent_words(tx: Transaction, acknowledgement_id: int) -> str | None:
    """Give the sentence that was sent beside an acknowledgement, for the client to read."""
    row = await tx.one(
        f"{_SENTENCE} WHERE sentence.acknowledgement_id = :id AND sentence.sent_at IS NOT NULL",
        id=acknowledgement_id,
    )
    return _sentence(tx, row).words if row else None
