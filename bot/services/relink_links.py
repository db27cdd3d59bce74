"""Links for a new phone or account: making one, who may open it, and the number it shows.

Steps of `services.relinking` and `services.relinking_own`, within whoever's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from bot.core.errors import Refused
from bot.core.people import Person
from bot.services.ports import Ids
from bot.store import pairs, people, relinks
from bot.store.database import Transaction
from bot.store.relinks import Opener, Relink

HOUR_MS: Final = 3_600_000
#: How long a link can be opened and its number typed.
VALID_MS: Final = HOUR_MS
#: So long the account of before can object, and what was before stays closed.
OBJECTS_MS: Final = 24 * HOUR_MS
#: So many wrong numbers may be typed for one link; then it is worthless.
TRIES: Final = 3
#: What a link's code begins with; an invitation's is told apart by it.
PREFIX: Final = "relink-"
_SECRET_LENGTH: Final = 32

#: Why somebody cannot take over: a therapist's own client's link, the account there is, a second
#: pair with the same therapist, an account that is somebody else's here.
Unfit = Literal["own", "same", "twice", "known"]


@dataclass(frozen=True, slots=True)
class Offer:
    """A new link. whose: the client's code, or the therapist's name. secret: never stored."""

    whose: str
    secret: str = field(repr=False)
    expires_at: int
    of_therapist: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening a link came to. number: to be read aloud, where it was "opened".

    outcome: "unknown" (no such link), "last" (unknown once too often), "silence", "over" (used,
    replaced or dead), "expired", "taken" (another account opened it first), or an `Unfit`.
    """

    outcome: Literal["opened", "unknown", "last", "silence", "over", "expired", "taken"] | Unfit
    of_therapist: bool = False
    number: str = field(default="", repr=False)


async def make_link(
    tx: Transaction, ids: Ids, whose: str, *, pair_id: int | None, person_id: int, now: int
) -> Offer:
    """Make a link inside somebody else's transaction. pair_id: None for a therapist's own."""
    secret, expires_at = PREFIX + ids.secret(_SECRET_LENGTH), now + VALID_MS
    await relinks.add_relink(
        tx, id=ids.new(), code=secret, pair_id=pair_id, person_id=person_id, now=now,
        expires_at=expires_at,
    )  # fmt: skip
    return Offer(whose, secret, expires_at, pair_id is None)


def checked(found: Relink | None, now: int, whose: str) -> Opener:
    """Give who has opened a link whose number is typed.

    Errors: Refused("relink_none" | "relink_unopened").
    """
    if found is None or found.ended is not None or found.expires_at <= now:
        raise Refused("relink_none", whose=whose)
    if found.opener is None:
        raise Refused("relink_unopened", whose=whose)
    return found.opener


def is_right(tx: Transaction, found: Relink, number: str) -> bool:
    """Say whether a typed number is a link's."""
    return "".join(number.split()) == relinks.number_of(tx, found)


async def closed_to(
    tx: Transaction, found: Relink, telegram_id: int, now: int
) -> Literal["over", "expired", "taken", "own", "same", "twice", "known"] | None:
    """Say why an account cannot use a link; None where it can."""
    known = await people.find_person_by_telegram(tx, telegram_id)
    why = await unfit(tx, found, known) if known is not None else None
    if found.ended is not None:
        return "same" if why == "same" and found.ended == "done" else "over"
    if why is not None:
        return why
    if found.expires_at <= now:
        return "expired"
    if found.opener is not None and found.opener.telegram_id != telegram_id:
        return "taken"
    return None


async def unfit(tx: Transaction, found: Relink, known: Person) -> Unfit | None:
    """Say why somebody who is known cannot take over what a link is for.

    An account that something was moved away from is still somebody's: it can object.
    """
    left = await relinks.left_by(tx, known.id)
    if found.pair_id is None:
        if known.id == found.person_id:
            return "same"
        if any(one.pair_id is not None or one.person_id != found.person_id for one in left):
            return "known"
        # Also who has left the practice: their name stands in what is asked about a handover, and
        # their chat still owes what they were shown.
        is_somebody = await people.has_had_role(tx, known.id)
        return "known" if is_somebody or await pairs.pairs_of_client(tx, known.id) else None
    pair = await pairs.load_pair(tx, found.pair_id)
    own = {known.id, *(one.person_id for one in left if one.pair_id is None)}
    if pair.therapist_id in own:
        return "own"
    if pair.client_id == known.id:
        return "same"
    theirs = await pairs.pairs_of_client(tx, known.id)
    is_in = any(p.therapist_id == pair.therapist_id and p.state != "ended" for p in theirs)
    return "twice" if is_in and pair.state != "ended" else None
