"""Invitations: making links, using them once, and undoing a joining by the wrong person.

A stranger is nobody: no row about a person is made before an invitation is used. Wrong codes are
counted, and after five in an hour there is only silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from bot.config import Settings
from bot.core.errors import Refused
from bot.core.people import Pair, Person, looks_like_a_name, suggest_code, tidy_code
from bot.services.acts import writes
from bot.services.ports import Clock, Ids
from bot.store import audit, invitations, outbox, pairs, people
from bot.store.database import Database, Transaction

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
INVITATION_DAYS: Final = 14
GUESSES_AN_HOUR: Final = 5
_SECRET_LENGTH: Final = 32


@dataclass(frozen=True, slots=True)
class Invite:
    """A new invitation. secret: goes into the link and is never stored."""

    secret: str
    kind: Literal["therapist", "client"]
    pair: Pair | None
    expires_at: int
    name_like: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """What /start came to.

    outcome: "welcome" (an invitation was used now, `joining` for a client), "wrong", "expired",
    "used", "own" (a therapist opened his own client's link), "twice" (already a pair), or
    "silence" after too many wrong codes.
    """

    outcome: Literal["welcome", "wrong", "expired", "used", "own", "twice", "silence"]
    kind: Literal["therapist", "client"] | None = None
    person_id: int | None = None
    pair_id: int | None = None


@dataclass(frozen=True, slots=True)
class Inviting:
    """The use cases of invitations."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    @writes
    async def invite_therapist(self, tx: Transaction, actor_id: int | None) -> Invite:
        """Make an invitation for a therapist. actor_id: None from the command line."""
        now = self.clock.now()
        invite = await self._add(tx, "therapist", None, actor_id, now)
        await self._note(tx, actor_id, "therapist invited", "person", actor_id or 0, now)
        return invite

    @writes
    async def invite_client(
        self, tx: Transaction, therapist_id: int, wish: str | None = None
    ) -> Invite:
        """Make a pair with a code (wished or suggested) and an invitation to it.

        Errors: Refused("code_shape"), Refused("code_taken").
        """
        now = self.clock.now()
        taken = await pairs.codes_of(tx, therapist_id)
        code = suggest_code(taken, self.ids.new()) if wish is None else tidy_code(wish)
        if code is None:
            raise Refused("code_shape", code=wish)
        pair_id = self.ids.new()
        if not await pairs.add_pair(tx, pair_id, therapist_id, code, now):
            raise Refused("code_taken", code=code)
        pair = await pairs.load_pair(tx, pair_id)
        invite = await self._add(tx, "client", pair, therapist_id, now)
        await self._note(tx, therapist_id, "client invited", "pair", pair_id, now)
        return invite

    @writes
    async def invite_again(self, tx: Transaction, therapist_id: int, pair_id: int) -> Invite:
        """Make a new link for a pair nobody has joined; the old link is worthless then.

        Errors: Refused("not_yours"), Refused("joined_before").
        """
        now = self.clock.now()
        pair = await pairs.find_pair_of_therapist(tx, pair_id, therapist_id)
        if pair is None:
            raise Refused("not_yours")
        if pair.state != "invited":
            raise Refused("joined_before", code=pair.code)
        await invitations.revoke_invitations(tx, pair_id, now)
        invite = await self._add(tx, "client", pair, therapist_id, now)
        await self._note(tx, therapist_id, "client invited again", "pair", pair_id, now)
        return invite

    async def _add(
        self,
        tx: Transaction,
        kind: Literal["therapist", "client"],
        pair: Pair | None,
        by: int | None,
        now: int,
    ) -> Invite:
        secret = self.ids.secret(_SECRET_LENGTH)
        expires_at = now + INVITATION_DAYS * DAY_MS
        await invitations.add_invitation(
            tx,
            id=self.ids.new(),
            code=secret,
            kind=kind,
            pair_id=pair.id if pair else None,
            invited_by=by,
            now=now,
            expires_at=expires_at,
        )
        like = pair is not None and looks_like_a_name(pair.code)
        return Invite(secret, kind, pair, expires_at, like)

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
            return Arrival("wrong")
        known = await people.find_person_by_telegram(tx, telegram_id)
        if found.used_at is not None:
            again = known is not None and found.used_by == known.id
            return Arrival("welcome" if again else "used", found.kind, found.used_by
                           if again else None, found.pair_id if again else None)  # fmt: skip
        if found.revoked_at is not None or found.expires_at <= now:
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

    @writes
    async def turn_away(self, tx: Transaction, therapist_id: int, pair_id: int) -> Invite:
        """Undo a joining by the wrong person and make a new link.

        Errors: Refused("confirmed_before"), Refused("not_yours").
        """
        now = self.clock.now()
        if await pairs.find_pair_of_therapist(tx, pair_id, therapist_id) is None:
            raise Refused("not_yours")
        was = await pairs.turn_away(tx, pair_id, therapist_id)
        if was is None:
            raise Refused("confirmed_before")
        await self._note(tx, therapist_id, "client turned away", "pair", pair_id, now)
        await outbox.drop_queued_of_pair(tx, now, "settled", pair_id)
        await outbox.queue(
            tx,
            id=self.ids.new(),
            kind="notice",
            subject_id=was,
            part=f"turned_away:{now}",
            person_id=was,
            due_at=now,
            expires_at=now + DAY_MS,
            now=now,
        )
        pair = await pairs.load_pair(tx, pair_id)
        return await self._add(tx, "client", pair, therapist_id, now)

    async def _note(
        self, tx: Transaction, actor_id: int | None, act: str, kind: str, object_id: int, now: int
    ) -> None:
        await audit.note(tx, self.ids.new(), now, actor_id, act, kind, object_id)
