"""Invitations: making links and using them once.

A stranger is nobody: no row about a person is made before an invitation is used. Wrong codes are
counted, and after five in an hour there is only silence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from bot.config import Settings
from bot.core.errors import Refused
from bot.core.people import Invitation, Pair, Person, looks_like_a_name, suggest_code, tidy_code
from bot.services.acts import writes
from bot.services.ports import Clock, Ids
from bot.store import audit, handovers, invitations, losses, outbox, pairs, people
from bot.store.database import Database, Transaction

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
INVITATION_DAYS: Final = 14
GUESSES_AN_HOUR: Final = 5
_SECRET_LENGTH: Final = 32
#: A code has room for no more; by then the longer ones are hard to guess twice.
_DIGITS_MORE: Final = 4


@dataclass(frozen=True, slots=True)
class Invite:
    """A new invitation. secret: goes into the link and is never stored."""

    id: int
    secret: str = field(repr=False)
    kind: Literal["therapist", "client"]
    pair: Pair | None
    expires_at: int
    name_like: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """What /start came to.

    outcome: "welcome" (an invitation was used now, `joining` for a client), "wrong", "last" (wrong
    once too often), "expired", "used", "own" (a therapist opened his own client's link), "twice"
    (already a pair), or "silence" after too many wrong codes.
    """

    outcome: Literal["welcome", "wrong", "last", "expired", "used", "own", "twice", "silence"]
    kind: Literal["therapist", "client"] | None = None
    person_id: int | None = None
    pair_id: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """A Telegram account as an update shows it, whether or not it is a person here yet."""

    telegram_id: int = field(repr=False)
    name: str = field(repr=False)
    language_hint: str | None


@dataclass(frozen=True, slots=True)
class Inviting:
    """The use cases of invitations."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    @writes
    async def invite_therapist(self, tx: Transaction, admin: Account | None) -> Invite:
        """Make an invitation for a therapist. admin: who asks; None from the command line.

        An admin who acts is a person like everybody who does something here: otherwise nobody
        could tell later who it was.
        """
        now = self.clock.now()
        actor_id = None
        if admin is not None:
            person = await people.add_person(
                tx, self.ids.new(), admin.telegram_id, admin.name, admin.language_hint, now
            )
            actor_id = person.id
        invite = await make_invite(tx, self.ids, "therapist", None, actor_id, now)
        await self._note(tx, actor_id, "therapist invited", "invitation", invite.id, now)
        return invite

    @writes
    async def invite_client(
        self, tx: Transaction, therapist_id: int, wish: str | None = None
    ) -> Invite:
        """Make a pair with a code (wished or suggested) and an invitation to it.

        Errors: Refused("code_shape"), Refused("code_taken"), Refused("leaving").
        """
        now = self.clock.now()
        await _check_stays(tx, therapist_id)
        taken = await pairs.codes_of(tx, therapist_id)
        if wish is None:
            # Codes given in hours that were lost are in no list: they had fewer digits.
            more = min(await losses.count_losses(tx), _DIGITS_MORE)
            code: str | None = suggest_code(taken, self.ids.new(), more)
        else:
            code = tidy_code(wish)
        if code is None:
            raise Refused("code_shape", code=wish)
        pair_id = self.ids.new()
        if not await pairs.add_pair(tx, pair_id, therapist_id, code, now):
            raise Refused("code_taken", code=code)
        pair = await pairs.load_pair(tx, pair_id)
        invite = await make_invite(tx, self.ids, "client", pair, therapist_id, now)
        await self._note(tx, therapist_id, "client invited", "pair", pair_id, now)
        return invite

    @writes
    async def invite_again(self, tx: Transaction, therapist_id: int, pair_id: int) -> Invite:
        """Make a new link for a pair nobody has joined; the old link is worthless then.

        Errors: Refused("not_yours"), Refused("joined_before"), Refused("over"),
        Refused("leaving").
        """
        now = self.clock.now()
        await _check_stays(tx, therapist_id)
        pair = await pairs.find_pair_of_therapist(tx, pair_id, therapist_id)
        if pair is None:
            raise Refused("not_yours")
        if pair.is_over:
            raise Refused("over", code=pair.code)
        if pair.state != "invited":
            raise Refused("joined_before", code=pair.code)
        await invitations.revoke_invitations(tx, pair_id, now)
        invite = await make_invite(tx, self.ids, "client", pair, therapist_id, now)
        await self._note(tx, therapist_id, "client invited again", "pair", pair_id, now)
        return invite

    @writes
    async def arrive(
        self, tx: Transaction, telegram_id: int, name: str, language_hint: str | None, secret: str
    ) -> Arrival:
        """Use an invitation; a wrong code is counted, and after five in an hour only silence."""
        now = self.clock.now()
        wrong = await invitations.guesses_since(tx, telegram_id, now - HOUR_MS)
        if wrong >= GUESSES_AN_HOUR:
            return Arrival("silence")
        found = await invitations.find_invitation(tx, secret)
        if found is None:
            await invitations.note_guess(tx, self.ids.new(), telegram_id, now)
            return Arrival("last" if wrong + 1 == GUESSES_AN_HOUR else "wrong")
        known = await people.find_person_by_telegram(tx, telegram_id)
        if found.used_at is not None:
            if known is not None and await self._is_still_in(tx, found, known):
                return Arrival("welcome", found.kind, known.id, found.pair_id)
            return Arrival("used", found.kind)
        if found.revoked_at is not None:
            return Arrival("expired", found.kind)
        if found.expires_at <= now:
            await self._offer_renewal(tx, found, now)
            return Arrival("expired", found.kind)
        if (refusal := await self._refusal(tx, found.pair_id, known)) is not None:
            return refusal
        person = known or await people.add_person(
            tx, self.ids.new(), telegram_id, name, language_hint, now
        )
        await invitations.use_invitation(tx, found.id, person.id, now)
        await people.set_reachable(tx, person.id, None)
        if found.kind == "therapist":
            await people.make_therapist(tx, person.id, now)
            await self._note(tx, person.id, "therapist joined", "person", person.id, now)
            return Arrival("welcome", "therapist", person.id)
        assert found.pair_id is not None  # noqa: S101 - CHECK of the table
        await self._join(tx, found.id, found.pair_id, person, now)
        return Arrival("welcome", "client", person.id, found.pair_id)

    async def _is_still_in(self, tx: Transaction, found: Invitation, known: Person) -> bool:
        """Say whether the person who used a link is what it made of them: not turned away since."""
        if found.used_by != known.id:
            return False
        if found.pair_id is None:
            return "therapist" in await people.roles_of(tx, known.id)
        pair = await pairs.find_pair_of_client(tx, found.pair_id, known.id)
        return pair is not None and not pair.is_over

    async def _offer_renewal(self, tx: Transaction, found: Invitation, now: int) -> None:
        """Tell the therapist, once, that somebody came with a client's link that has expired."""
        if found.pair_id is None:
            return
        pair = await pairs.load_pair(tx, found.pair_id)
        await outbox.queue(
            tx,
            id=self.ids.new(),
            kind="notice",
            subject_id=found.id,
            part="expired",
            person_id=pair.therapist_id,
            pair_id=pair.id,
            due_at=now,
            expires_at=now + 7 * DAY_MS,
            now=now,
        )

    async def _refusal(
        self, tx: Transaction, pair_id: int | None, known: Person | None
    ) -> Arrival | None:
        """Say why a known person may not use a valid invitation."""
        if pair_id is None or known is None:
            return None
        pair = await pairs.load_pair(tx, pair_id)
        if pair.therapist_id == known.id:
            return Arrival("own", "client")
        theirs = await pairs.pairs_of_client(tx, known.id)
        if any(p.therapist_id == pair.therapist_id and p.state != "ended" for p in theirs):
            return Arrival("twice", "client", known.id)
        return None

    async def _join(
        self, tx: Transaction, invitation_id: int, pair_id: int, person: Person, now: int
    ) -> None:
        pair = await pairs.join_pair(tx, pair_id, person.id, now)
        if pair is None:
            raise Refused("invitation_used")
        await self._note(tx, person.id, "client joined", "pair", pair_id, now)
        for part, due_at in (("joined", now), ("confirm_nudge", now + 4 * HOUR_MS)):
            await outbox.queue(
                tx,
                id=self.ids.new(),
                kind="notice",
                subject_id=invitation_id,
                part=part,
                person_id=pair.therapist_id,
                pair_id=pair_id,
                due_at=due_at,
                expires_at=now + 14 * DAY_MS,
                now=now,
            )

    async def _note(
        self, tx: Transaction, actor_id: int | None, act: str, kind: str, object_id: int, now: int
    ) -> None:
        await audit.note(tx, self.ids.new(), now, actor_id, act, kind, object_id)


async def _check_stays(tx: Transaction, therapist_id: int) -> None:
    """Refuse what nobody would go on with: all of a therapist's pairs have been handed over."""
    leaving = await handovers.find_open(tx, therapist_id)
    if leaving is not None and leaving.begun_at is not None:
        raise Refused("leaving")


async def make_invite(
    tx: Transaction,
    ids: Ids,
    kind: Literal["therapist", "client"],
    pair: Pair | None,
    by: int | None,
    now: int,
) -> Invite:
    """Make an invitation inside somebody else's transaction. by: None from the command line."""
    secret, new_id = ids.secret(_SECRET_LENGTH), ids.new()
    expires_at = now + INVITATION_DAYS * DAY_MS
    await invitations.add_invitation(
        tx,
        id=new_id,
        code=secret,
        kind=kind,
        pair_id=pair.id if pair else None,
        invited_by=by,
        now=now,
        expires_at=expires_at,
    )
    like = pair is not None and looks_like_a_name(pair.code)
    return Invite(new_id, secret, kind, pair, expires_at, like)
