"""Joining: who somebody is, and consent; and what people set for themselves.

The order of joining is derived from what is still missing (language, time zone, consent, the
therapist's confirmation).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal
from zoneinfo import available_timezones

from bot.config import Settings
from bot.core.errors import Refused
from bot.core.people import (
    LANGUAGES,
    Pair,
    Person,
)
from bot.services.acts import looks, reads, writes
from bot.services.asking_again import ask_again
from bot.services.ports import Clock, Ids
from bot.services.quiet import quiet_of
from bot.store import asking, audit, losses, outbox, pairs, people, watch
from bot.store.database import Database, Transaction
from bot.store.losses import Loss

_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS


@cache
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


@dataclass(frozen=True, slots=True)
class Who:
    """The person behind a Telegram account; `person` is None for a stranger.

    loss: the newest time that was lost with a server; while it waits, the bot is on hold.
    """

    telegram_id: int = field(repr=False)
    person: Person | None
    roles: frozenset[str]
    pairs: tuple[Pair, ...]
    loss: Loss | None = None

    @property
    def is_on_hold(self) -> bool:
        """Whether nothing but what must always work is done for anybody."""
        return self.loss is not None and self.loss.resumed_at is None

    @property
    def is_client(self) -> bool:
        """Whether this person is a client in any pair."""
        return bool(self.pairs)


Missing = Literal[
    "language", "timezone", "consent", "watch_notice", "watch_kept", "therapist", "nothing"
]


@dataclass(frozen=True, slots=True)
class Joining:
    """Where a client stands in joining one pair. missing: the next thing to do.

    may_begin: whether the check-in before the first session may still be taken. opens_at: when a
    new account may see what was before; None where it may, or never will of itself.
    """

    person: Person
    pair: Pair
    therapist_name: str = field(repr=False)
    missing: Missing
    may_begin: bool
    opens_at: int | None = None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The use cases of joining and of settings."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    @looks
    async def who(self, tx: Transaction, telegram_id: int) -> Who:
        """Say who a Telegram account is."""
        person = await people.find_person_by_telegram(tx, telegram_id)
        roles: frozenset[str] = frozenset()
        own: list[Pair] = []
        if person is not None:
            roles = await people.roles_of(tx, person.id)
            own = await pairs.pairs_of_client(tx, person.id)
        if telegram_id in self.settings.practice.admins:
            roles |= {"admin"}
        return Who(telegram_id, person, roles, tuple(own), await losses.newest_loss(tx))

    @reads
    async def joining(self, tx: Transaction, client_id: int, pair_id: int) -> Joining:
        """Say where a client stands in joining. Errors: Refused("not_yours")."""
        return await self._joining(tx, client_id, pair_id)

    async def _joining(self, tx: Transaction, client_id: int, pair_id: int) -> Joining:
        pair = await pairs.find_pair_of_client(tx, pair_id, client_id)
        if pair is None:
            raise Refused("not_yours")
        person = await people.load_person(tx, client_id)
        therapist = await people.load_person(tx, pair.therapist_id)
        current = self.settings.privacy.consent_version
        missing: Missing = "nothing"
        if person.language is None:
            missing = "language"
        elif person.timezone is None:
            missing = "timezone"
        elif pair.consented_at is None or pair.consent_version != current:
            missing = "consent"
        elif pair.is_over:
            missing = "nothing"
        elif (unchosen := await self._unchosen(tx, client_id, pair_id)) is not None:
            missing = unchosen
        elif pair.confirmed_at is None:
            missing = "therapist"
        starts = await asking.find_first_start(tx, pair_id)
        begun = await asking.find_before_first(tx, pair_id, client_id)
        may_begin = (
            missing == "nothing"
            and not pair.is_over
            and begun is None
            and (starts is None or starts > self.clock.now())
        )
        is_shut = pair.objected_at is None and not pair.shows_before(self.clock.now())
        opens_at = pair.history_from_at if is_shut else None
        return Joining(person, pair, therapist.name, missing, may_begin, opens_at)

    async def _unchosen(
        self, tx: Transaction, client_id: int, pair_id: int
    ) -> Literal["watch_notice", "watch_kept"] | None:
        """Give what a client has not chosen yet about the phrase watch, where there is one."""
        if not self.settings.safety.watch_phrases:
            return None
        choices = await watch.choices_of(tx, pair_id, client_id)
        if "notice" not in choices:
            return "watch_notice"
        return None if "kept" in choices else "watch_kept"

    @writes
    async def set_language(self, tx: Transaction, person_id: int, language: str) -> None:
        """Set the language somebody is addressed in. Errors: Refused("stale_button")."""
        if language not in LANGUAGES:
            raise Refused("stale_button")
        await people.set_person(tx, person_id, language=language)

    @writes
    async def set_timezone(self, tx: Transaction, person_id: int, zone: str) -> None:
        """Set a time zone, in whatever case it is typed. Errors: Refused("zone_unknown")."""
        named = _zones().get("_".join(zone.split()).lower())
        if named is None:
            raise Refused("zone_unknown", zone=zone.strip())
        await people.set_person(tx, person_id, timezone=named)

    @reads
    async def quiet(self, tx: Transaction, person: Person) -> tuple[str, str]:
        """Give somebody's quiet hours (HH:MM, local), from and to."""
        return await quiet_of(tx, self.settings, person.quiet_from, person.quiet_to)

    @writes
    async def set_quiet(
        self, tx: Transaction, person_id: int, quiet_from: str, quiet_to: str
    ) -> None:
        """Set somebody's quiet hours (HH:MM, local). Errors: Refused("stale_button")."""
        if not (_TIME.fullmatch(quiet_from) and _TIME.fullmatch(quiet_to)):
            raise Refused("stale_button")
        await people.set_person(tx, person_id, quiet_from=quiet_from, quiet_to=quiet_to)

    @writes
    async def consent(self, tx: Transaction, client_id: int, pair_id: int) -> Joining:
        """Note a client's consent to the present privacy text. Errors: Refused("not_yours")."""
        now, version = self.clock.now(), self.settings.privacy.consent_version
        before = await pairs.find_pair_of_client(tx, pair_id, client_id)
        pair = await pairs.consent(tx, pair_id, client_id, version, now)
        if before is None or pair is None:
            raise Refused("not_yours")
        await pairs.note_consent(tx, self.ids.new(), pair_id, version, "given", now)
        await self._note(tx, client_id, "consent given", "pair", pair_id, now)
        if pair.state == "active" and before.relinked_at is not None:
            await ask_again(tx, pair, self.ids, self.settings, now)
        if pair.state == "active" and before.state == "stopped":
            await self._tell_therapist(tx, pair, f"returned:{now}", now)
        return await self._joining(tx, client_id, pair_id)

    @writes
    async def decline(self, tx: Transaction, client_id: int, pair_id: int) -> None:
        """Note that a client does not consent. Errors: Refused("not_yours")."""
        now, version = self.clock.now(), self.settings.privacy.consent_version
        if await pairs.find_pair_of_client(tx, pair_id, client_id) is None:
            raise Refused("not_yours")
        await pairs.note_consent(tx, self.ids.new(), pair_id, version, "declined", now)
        await self._note(tx, client_id, "consent declined", "pair", pair_id, now)

    @writes
    async def unreachable(self, tx: Transaction, telegram_id: int) -> None:
        """Note that somebody cannot be written to, and tell their therapists once."""
        now = self.clock.now()
        person = await people.find_person_by_telegram(tx, telegram_id)
        if person is None or not await people.set_reachable(tx, person.id, now):
            return
        for pair in await pairs.pairs_of_client(tx, person.id):
            if pair.state in ("joined", "active", "paused"):
                await self._tell_therapist(tx, pair, f"unreachable:{now}", now)

    @writes
    async def reachable(self, tx: Transaction, telegram_id: int) -> None:
        """Note that somebody can be written to again."""
        person = await people.find_person_by_telegram(tx, telegram_id)
        if person is not None:
            await people.set_reachable(tx, person.id, None)
            await outbox.wake(tx, person.id, self.clock.now())

    @reads
    async def pairs_of(self, tx: Transaction, therapist_id: int) -> list[Pair]:
        """List a therapist's pairs by code."""
        return await pairs.pairs_of_therapist(tx, therapist_id)

    @reads
    async def clients_of(
        self, tx: Transaction, therapist_id: int
    ) -> tuple[list[Pair], frozenset[int]]:
        """List a therapist's pairs by code, and the ids of those whose client is unreachable."""
        found = await pairs.pairs_of_therapist(tx, therapist_id)
        return found, await pairs.unreachable_pairs(tx, therapist_id)

    @reads
    async def pair_of(
        self, tx: Transaction, therapist_id: int, pair_id: int
    ) -> tuple[Pair, Person | None]:
        """Give a therapist's pair and its client. Errors: Refused("not_yours")."""
        pair = await pairs.find_pair_of_therapist(tx, pair_id, therapist_id)
        if pair is None:
            raise Refused("not_yours")
        client = await people.load_person(tx, pair.client_id) if pair.client_id else None
        return pair, client

    async def _tell_therapist(self, tx: Transaction, pair: Pair, part: str, now: int) -> None:
        await outbox.queue(
            tx,
            id=self.ids.new(),
            kind="notice",
            subject_id=pair.id,
            part=part,
            person_id=pair.therapist_id,
            pair_id=pair.id,
            due_at=now,
            expires_at=now + 7 * DAY_MS,
            now=now,
        )

    async def _note(
        self, tx: Transaction, actor_id: int | None, act: str, kind: str, object_id: int, now: int
    ) -> None:
        await audit.note(tx, self.ids.new(), now, actor_id, act, kind, object_id)
