"""Somebody with a new phone or another Telegram account: what they had goes on there.

A link is made and opened by the new account, which is shown a number; it is read aloud to whoever
made the link, and typed. Only then is the former account cut off and told. Whoever opens a link is
nobody here before that. Moves no more than the one pair of the therapist who asks, with what a
handover connects with it: anything else with somebody else is that one's to move.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from bot.config import Settings
from bot.core.errors import Refused
from bot.core.people import Pair, Person, tidy_code
from bot.services.acts import reads, writes
from bot.services.asking_again import ask_again
from bot.services.inviting import GUESSES_AN_HOUR, Account
from bot.services.ports import Clock, Ids
from bot.store import audit, checkins, invitations, outbox, pairs, people, relinks
from bot.store.database import Database, Transaction
from bot.store.relinks import Opener, Relink

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
#: How long a link can be opened and its number typed.
VALID_MS: Final = HOUR_MS
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


@dataclass(frozen=True, slots=True)
class Relinking:
    """The use cases of changing the account; those about therapists' own: `OwnRelinking`."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    @writes
    async def offer(self, tx: Transaction, therapist_id: int, typed: str) -> Offer:
        """Make a link for the client of a typed code; an earlier one is worthless then.

        Errors: Refused("code_shape" | "code_unknown" | "relink_nobody").
        """
        pair = await _pair(tx, therapist_id, typed)
        assert pair.client_id is not None  # noqa: S101 - `_pair` refuses where there is none
        offer = await make_link(
            tx, self.ids, pair.code, pair_id=pair.id, person_id=pair.client_id, now=self.clock.now()
        )
        await self._note(tx, therapist_id, "new account: link made", pair.id)
        return offer

    @writes
    async def open(self, tx: Transaction, account: Account, secret: str) -> Opened:
        """Open a link with a new account; wrong codes count as those of invitations do."""
        now = self.clock.now()
        wrong = await invitations.guesses_since(tx, account.telegram_id, now - HOUR_MS)
        if wrong >= GUESSES_AN_HOUR:
            return Opened("silence")
        found = await relinks.find_relink(tx, secret)
        if found is None:
            await invitations.note_guess(tx, self.ids.new(), account.telegram_id, now)
            return Opened("last" if wrong + 1 == GUESSES_AN_HOUR else "unknown")
        opener = Opener(account.telegram_id, account.name, account.language_hint)
        if (outcome := await _closed_to(tx, found, account.telegram_id, now)) is not None:
            return Opened(outcome, found.pair_id is None)
        await relinks.open_relink(tx, found.id, opener, now)
        return await self._shown(tx, secret)

    @reads
    async def opened(self, tx: Transaction, account: Account, secret: str) -> Opened:
        """Show again what opening a link came to."""
        found = await relinks.find_relink(tx, secret)
        if found is None or found.opener is None:
            return Opened("silence")
        outcome = await _closed_to(tx, found, account.telegram_id, self.clock.now())
        return Opened(outcome, found.pair_id is None) if outcome else await self._shown(tx, secret)

    async def _shown(self, tx: Transaction, secret: str) -> Opened:
        found = await relinks.find_relink(tx, secret)
        assert found is not None  # noqa: S101 - it was found in this transaction
        return Opened("opened", found.pair_id is None, relinks.number_of(tx, found))

    @writes
    async def confirm(
        self, tx: Transaction, therapist_id: int, typed: str, number: str
    ) -> Pair | Refused:
        """Move a pair to the account whose number a therapist types.

        Gives the refusal, instead of raising it, where a wrong number was counted:
        Refused("relink_wrong", left=…). Errors: as `offer`, Refused("relink_none" |
        "relink_unopened" | "relink_unfit").
        """
        now = self.clock.now()
        pair = await _pair(tx, therapist_id, typed)
        found = await relinks.newest_of_pair(tx, pair.id, therapist_id)
        opener = await self._opener(tx, found, number, pair.code, therapist_id)
        if found is None or isinstance(opener, Refused):
            assert isinstance(opener, Refused)  # noqa: S101 - without a link there is no opener
            return opener
        new = await people.add_person(
            tx, self.ids.new(), opener.telegram_id, opener.name, opener.hint, now
        )
        if await unfit(tx, found, new) is not None:
            raise Refused("relink_unfit", whose=pair.code)
        return await self._move(tx, pair, found, new)

    async def _opener(
        self, tx: Transaction, found: Relink | None, number: str, whose: str, actor_id: int
    ) -> Opener | Refused:
        """Give who has opened a link, where the number is theirs; a wrong one is counted."""
        opener = checked(found, self.clock.now(), whose)
        assert found is not None  # noqa: S101 - `checked` refuses none
        if is_right(tx, found, number):
            return opener
        left = await relinks.note_try(tx, found.id, TRIES, self.clock.now())
        assert found.pair_id is not None  # noqa: S101 - it is of a pair
        await self._note(tx, actor_id, "new account: wrong number", found.pair_id)
        return Refused("relink_wrong", whose=whose, left=left)

    async def _move(self, tx: Transaction, pair: Pair, found: Relink, new: Person) -> Pair:
        now = self.clock.now()
        assert pair.client_id is not None  # noqa: S101 - `_pair` refuses where there is none
        linked = await relinks.linked_pairs(tx, pair.id, pair.client_id)
        await _check_linked(tx, linked, new, pair.code)
        gone = [
            message
            for one in (pair, *linked)
            for message in await checkins.messages_of_pair(tx, one.id)
        ]
        if not await relinks.end_relink(tx, found.id, pair.client_id, gone, now):
            raise Refused("relink_none", whose=pair.code)
        for one in (pair, *linked):
            if not await relinks.move_pair(
                tx, one.id, one.therapist_id, pair.client_id, new.id, now
            ):
                raise Refused("relink_none", whose=pair.code)
            await self._note(tx, pair.therapist_id, "new account: pair moved", one.id)
        await relinks.hand_on_settings(tx, pair.client_id, new.id)
        await people.set_reachable(tx, new.id, None)
        others = await pairs.pairs_of_client(tx, pair.client_id)
        await tell_former(tx, self.ids, found.id, pair.client_id, now, others=bool(others))
        for one in (pair, *(one for one in linked if not one.is_over)):
            await self._tell_new(tx, one, found.id, new.id, now)
        moved = await pairs.load_pair(tx, pair.id)
        if moved.relinked_at is None:
            await ask_again(tx, moved, self.ids, self.settings, now)
        return moved

    async def _tell_new(
        self, tx: Transaction, pair: Pair, relink_id: int, new_id: int, now: int
    ) -> None:
        await outbox.queue(
            tx,
            id=self.ids.new(),
            kind="notice",
            subject_id=pair.id,
            part=f"relinked_to:{relink_id}",
            person_id=new_id,
            pair_id=pair.id,
            due_at=now,
            expires_at=now + 7 * DAY_MS,
            now=now,
        )

    @reads
    async def moved(self, tx: Transaction, therapist_id: int, typed: str) -> Pair | None:
        """Give the pair of a typed code where its newest link was used; None where not.

        Errors: as `offer`.
        """
        pair = await _pair(tx, therapist_id, typed)
        found = await relinks.newest_of_pair(tx, pair.id, therapist_id)
        return pair if found is not None and found.ended == "done" else None

    @reads
    async def gone(self, tx: Transaction, relink_id: int, former_id: int) -> tuple[int, ...]:
        """List the messages that are to be closed in a former chat."""
        return await relinks.gone_of(tx, relink_id, former_id)

    async def _note(self, tx: Transaction, actor_id: int, act: str, pair_id: int) -> None:
        await audit.note(tx, self.ids.new(), self.clock.now(), actor_id, act, "pair", pair_id)


async def _pair(tx: Transaction, therapist_id: int, typed: str) -> Pair:
    """Find a therapist's pair whose client's account can change. Errors: as `offer`."""
    code = tidy_code(typed)
    if code is None:
        raise Refused("code_shape", code=typed)
    pair = await pairs.find_pair_by_code(tx, therapist_id, code)
    if pair is None:
        raise Refused("code_unknown", code=code)
    # Whoever was never confirmed has nothing to move: a new invitation does it.
    if pair.client_id is None or pair.confirmed_at is None or pair.state == "erased":
        raise Refused("relink_nobody", code=code)
    return pair


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


async def _closed_to(
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
    """Say why somebody who is known cannot take over what a link is for."""
    if found.pair_id is None:
        if known.id == found.person_id:
            return "same"
        has_something = await pairs.pairs_of_client(tx, known.id) or await people.roles_of(
            tx, known.id
        )
        return "known" if has_something else None
    pair = await pairs.load_pair(tx, found.pair_id)
    if pair.therapist_id == known.id:
        return "own"
    if pair.client_id == known.id:
        return "same"
    theirs = await pairs.pairs_of_client(tx, known.id)
    is_in = any(p.therapist_id == pair.therapist_id and p.state != "ended" for p in theirs)
    return "twice" if is_in and pair.state != "ended" else None


async def _check_linked(tx: Transaction, linked: list[Pair], new: Person, whose: str) -> None:
    """Refuse an account in which what a handover connects would stand twice, or with oneself."""
    theirs = [one for one in await pairs.pairs_of_client(tx, new.id) if not one.is_over]
    for pair in linked:
        is_in = any(one.therapist_id == pair.therapist_id for one in theirs)
        if pair.therapist_id == new.id or (is_in and not pair.is_over):
            raise Refused("relink_unfit", whose=whose)


async def tell_former(
    tx: Transaction, ids: Ids, relink_id: int, former_id: int, now: int, *, others: bool
) -> None:
    """Owe the account of before its one message. others: something else goes on there."""
    await outbox.queue(
        tx,
        id=ids.new(),
        kind="notice",
        subject_id=relink_id,
        part=f"relinked:{'others' if others else 'nothing'}",
        person_id=former_id,
        due_at=now,
        expires_at=now + 7 * DAY_MS,
        now=now,
    )
