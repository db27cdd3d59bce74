"""Somebody with a new phone or another Telegram account: what they had goes on there.

A link is made and opened by the new account, which is shown a number; it is read aloud to whoever
made the link, and typed. Only then is the former account cut off and told. Whoever opens a link is
nobody here before that. Moves no more than the one pair of the therapist who asks, with what a
handover connects with it: anything else with somebody else is that one's to move.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.config import Settings
from bot.core.errors import Refused
from bot.core.people import Pair, Person, tidy_code
from bot.services.acts import reads, writes
from bot.services.admins import tell_admins
from bot.services.asking_again import ask_again
from bot.services.inviting import GUESSES_AN_HOUR, Account
from bot.services.news import tell
from bot.services.ports import Clock, Ids
from bot.services.relink_links import (
    OBJECTS_MS,
    TRIES,
    Offer,
    Opened,
    checked,
    closed_to,
    is_right,
    make_link,
    unfit,
)
from bot.store import (
    audit,
    checkins,
    handovers,
    invitations,
    losses,
    outbox,
    pairs,
    people,
    relinks,
)
from bot.store.database import Database, Transaction
from bot.store.relinks import Opener, Relink

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS


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

        Errors: Refused("code_shape" | "code_unknown" | "relink_nobody" | "relink_objected").
        """
        pair = await _pair(tx, therapist_id, typed)
        _refuse_objected(pair)
        return await self._offer(tx, pair, therapist_id)

    @writes
    async def offer_by_practice(self, tx: Transaction, typed: str, therapist: str | None) -> Offer:
        """Make a link for the client of any therapist, also of one who has left.

        therapist: by name, where several have this code. Errors: Refused("code_shape" |
        "code_unknown" | "code_several" | "relink_nobody").
        """
        return await self._offer(tx, await _pair_of_any(tx, typed, therapist), None)

    async def _offer(self, tx: Transaction, pair: Pair, actor_id: int | None) -> Offer:
        assert pair.client_id is not None  # noqa: S101 - who has none was refused
        offer = await make_link(
            tx, self.ids, pair.code, pair_id=pair.id, person_id=pair.client_id, now=self.clock.now()
        )
        await self._note(tx, actor_id, "new account: link made", pair.id)
        return offer

    @writes
    async def open(self, tx: Transaction, account: Account, secret: str) -> Opened:
        """Open a link with a new account; wrong codes count as those of invitations do.

        Errors: Refused("on_hold") for a client's while the bot is on hold.
        """
        now = self.clock.now()
        wrong = await invitations.guesses_since(tx, account.telegram_id, now - HOUR_MS)
        if wrong >= GUESSES_AN_HOUR:
            return Opened("silence")
        found = await relinks.find_relink(tx, secret)
        if found is None:
            await invitations.note_guess(tx, self.ids.new(), account.telegram_id, now)
            return Opened("last" if wrong + 1 == GUESSES_AN_HOUR else "unknown")
        if found.pair_id is not None:
            await _refuse_on_hold(tx)
        opener = Opener(account.telegram_id, account.name, account.language_hint)
        if (outcome := await closed_to(tx, found, account.telegram_id, now)) is not None:
            return Opened(outcome, found.pair_id is None)
        await relinks.open_relink(tx, found.id, opener, now)
        return await self._shown(tx, secret)

    @reads
    async def opened(self, tx: Transaction, account: Account, secret: str) -> Opened:
        """Show again what opening a link came to."""
        found = await relinks.find_relink(tx, secret)
        if found is None or found.opener is None:
            return Opened("silence")
        outcome = await closed_to(tx, found, account.telegram_id, self.clock.now())
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
        pair = await _pair(tx, therapist_id, typed)
        _refuse_objected(pair)
        return await self._confirm(tx, pair, number, therapist_id)

    @writes
    async def confirm_by_practice(
        self, tx: Transaction, typed: str, number: str, therapist: str | None
    ) -> Pair | Refused:
        """Move a pair of whichever therapist to the account whose number is typed.

        A therapist who is here is told of it. Gives and refuses as `confirm`; errors also those of
        `offer_by_practice`, and Refused("on_hold").
        """
        pair = await _pair_of_any(tx, typed, therapist)
        moved = await self._confirm(tx, pair, number, None)
        if not isinstance(moved, Refused) and await people.roles_of(tx, pair.therapist_id):
            await self._tell_therapist(tx, pair, "relinked_by_practice")
        return moved

    async def _confirm(
        self, tx: Transaction, pair: Pair, number: str, actor_id: int | None
    ) -> Pair | Refused:
        await _refuse_on_hold(tx)
        now = self.clock.now()
        found = await relinks.newest_of_pair(tx, pair.id, pair.therapist_id)
        opener = await self._opener(tx, found, number, pair.code, actor_id)
        if found is None or isinstance(opener, Refused):
            assert isinstance(opener, Refused)  # noqa: S101 - without a link there is no opener
            return opener
        new = await people.add_person(
            tx, self.ids.new(), opener.telegram_id, opener.name, opener.hint, now
        )
        if await unfit(tx, found, new) is not None:
            raise Refused("relink_unfit", whose=pair.code)
        return await self._move(tx, pair, found, new, actor_id)

    async def _opener(
        self, tx: Transaction, found: Relink | None, number: str, whose: str, actor_id: int | None
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

    async def _move(
        self, tx: Transaction, pair: Pair, found: Relink, new: Person, actor_id: int | None
    ) -> Pair:
        now = self.clock.now()
        assert pair.client_id is not None  # noqa: S101 - `_pair` refuses where there is none
        # After an objection only the practice comes here, and has found out who it is.
        opens_at = now + OBJECTS_MS if pair.objected_at is None else now
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
            if one.objected_at is not None and one.history_from_at is not None:
                # What the account said that was not the client's is no yes of theirs.
                moved_at = one.history_from_at - OBJECTS_MS
                await handovers.withdraw_earlier(tx, one.id, moved_at)
            if not await relinks.move_pair(
                tx, one.id, one.therapist_id, pair.client_id, new.id, now, opens_at
            ):
                raise Refused("relink_none", whose=pair.code)
            await self._note(tx, actor_id, "new account: pair moved", one.id)
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

    @writes
    async def object(self, tx: Transaction, former_id: int, relink_id: int) -> None:
        """Let the account of before say that it was somebody else: what was before stays closed.

        The therapist, where that one is here still, and the admins are told, once.
        Errors: Refused("not_yours"), also when it is too late.
        """
        now = self.clock.now()
        pair = await relinks.find_moved_pair(tx, relink_id, former_id, now)
        if pair is None or pair.client_id is None:
            raise Refused("not_yours")
        linked = await relinks.linked_pairs(tx, pair.id, pair.client_id)
        noted = [
            await relinks.note_objection(tx, one.id, pair.client_id, now) for one in (pair, *linked)
        ]
        if not any(noted):
            return
        await self._note(tx, former_id, "new account: objected to", pair.id)
        if await people.roles_of(tx, pair.therapist_id):
            await self._tell_therapist(tx, pair, "objected")
        await tell_admins(
            tx, f"objected_admin:{now}", subject_id=pair.id, pair_id=pair.id,
            ids=self.ids, settings=self.settings, now=now,
        )  # fmt: skip

    @writes
    async def settle(self, tx: Transaction, typed: str, therapist: str | None) -> Pair:
        """Let the practice say that the new account is the right one, after an objection.

        Errors: as `offer_by_practice`, Refused("relink_settled") where nobody has objected.
        """
        pair = await _pair_of_any(tx, typed, therapist)
        assert pair.client_id is not None  # noqa: S101 - who has none was refused
        linked = await relinks.linked_pairs(tx, pair.id, pair.client_id)
        settled = [await relinks.settle_objection(tx, one.id) for one in (pair, *linked)]
        if not any(settled):
            raise Refused("relink_settled", code=pair.code)
        await self._note(tx, None, "new account: objection settled", pair.id)
        return pair

    @reads
    async def gone(self, tx: Transaction, relink_id: int, former_id: int) -> tuple[int, ...]:
        """List the messages that are to be closed in a former chat."""
        return await relinks.gone_of(tx, relink_id, former_id)

    async def _tell_therapist(self, tx: Transaction, pair: Pair, notice: str) -> None:
        now = self.clock.now()
        await tell(
            tx, pair.therapist_id, f"{notice}:{now}", subject_id=pair.id,
            pair_id=pair.id, ids=self.ids, settings=self.settings, now=now,
        )  # fmt: skip

    async def _note(self, tx: Transaction, actor_id: int | None, act: str, pair_id: int) -> None:
        await audit.note(tx, self.ids.new(), self.clock.now(), actor_id, act, "pair", pair_id)


async def _pair(tx: Transaction, therapist_id: int, typed: str) -> Pair:
    """Find a therapist's pair whose client's account can change. Errors: as `offer`."""
    code = tidy_code(typed)
    if code is None:
        raise Refused("code_shape", code=typed)
    pair = await pairs.find_pair_by_code(tx, therapist_id, code)
    if pair is None:
        raise Refused("code_unknown", code=code)
    return _movable(pair)


async def _pair_of_any(tx: Transaction, typed: str, therapist: str | None) -> Pair:
    """Find a pair by its code, and by its therapist's name where several have it.

    Errors: as `Relinking.offer_by_practice`.
    """
    code = tidy_code(typed)
    if code is None:
        raise Refused("code_shape", code=typed)
    wanted = None if therapist is None else " ".join(therapist.split()).casefold()
    found = {
        pair.id: (pair, (await people.load_person(tx, pair.therapist_id)).name)
        for pair in await pairs.pairs_by_code(tx, code)
    }
    fitting = [pair for pair, name in found.values() if wanted in (None, name.casefold())]
    names = ", ".join(sorted(name for _, name in found.values())) or "–"
    if not fitting:
        raise Refused("code_unknown", code=code, names=names)
    if len(fitting) > 1:
        raise Refused("code_several", code=code, names=names)
    return _movable(fitting[0])


async def _refuse_on_hold(tx: Transaction) -> None:
    # The former account could not be told, and its day for objecting would run.
    if await losses.is_on_hold(tx):
        raise Refused("on_hold")


def _refuse_objected(pair: Pair) -> None:
    """Errors: Refused("relink_objected"): the practice looks who it is, no therapist alone."""
    if pair.objected_at is not None:
        raise Refused("relink_objected", code=pair.code)


def _movable(pair: Pair) -> Pair:
    """Give a pair whose client's account can change. Errors: Refused("relink_nobody")."""
    # Whoever was never confirmed has nothing to move: a new invitation does it.
    if pair.client_id is None or pair.confirmed_at is None or pair.state == "erased":
        raise Refused("relink_nobody", code=pair.code)
    return pair


async def _check_linked(tx: Transaction, linked: list[Pair], new: Person, whose: str) -> None:
    """Refuse an account in which what a handover connects would stand twice, or with oneself."""
    theirs = [one for one in await pairs.pairs_of_client(tx, new.id) if not one.is_over]
    for pair in linked:
        is_in = any(one.therapist_id == pair.therapist_id for one in theirs)
        if pair.therapist_id == new.id or (is_in and not pair.is_over):
            raise Refused("relink_unfit", whose=whose)


async def tell_former(
    tx: Transaction,
    ids: Ids,
    relink_id: int,
    former_id: int,
    now: int,
    *,
    others: bool,
    own: bool = False,
) -> None:
    """Owe the account of before its one message. others: something else goes on there.

    own: it was a therapist's.
    """
    await outbox.queue(
        tx,
        id=ids.new(),
        kind="notice",
        subject_id=relink_id,
        part=f"relinked:{'others' if others else 'nothing'}{':own' * own}",
        person_id=former_id,
        due_at=now,
        expires_at=now + 7 * DAY_MS,
        now=now,
    )
