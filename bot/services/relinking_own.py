"""A therapist with a new phone or account: an admin makes the link and types the number.

The person stays who they are, with all pairs, digests and roles; the Telegram account changes. What
they have as somebody else's client stays in the account of before: it is that therapist's to move.
What is known of an admin stands in config.toml alone, so who makes the link is told what to change
there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from bot.config import Settings
from bot.core.errors import Refused
from bot.core.people import Person
from bot.services.acts import reads, writes
from bot.services.admins import tell_admins
from bot.services.inviting import Account
from bot.services.ports import Clock, Ids
from bot.services.relink_links import (
    OBJECTS_MS,
    TRIES,
    Offer,
    checked,
    is_right,
    make_link,
    unfit,
)
from bot.services.relinking import tell_former
from bot.store import audit, erasure, outbox, own_relinks, pairs, people, relinks
from bot.store.database import Database, Transaction
from bot.store.relinks import Relink

DAY_MS: Final = 86_400_000
#: The notice for admins that a former account objects.
OBJECTED: Final = "objected_own"
_DELIVER_WITHIN_MS: Final = 7 * DAY_MS


@dataclass(frozen=True, slots=True)
class Renewed:
    """A therapist whose account has changed. in_config: where config.toml names the former one."""

    name: str
    in_config: tuple[str, ...]
    former: int = field(repr=False)
    new: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class OwnRelinking:
    """The use cases of changing a therapist's account. admin: None from the command line."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    @writes
    async def offer(self, tx: Transaction, admin: Account | None, typed: str) -> Offer:
        """Make a link for a therapist by name or Telegram id; an earlier one is worthless then.

        Errors: Refused("therapist_unknown" | "therapist_ambiguous").
        """
        now = self.clock.now()
        therapist = await find_professional(tx, typed)
        actor_id = await self._actor(tx, admin)
        offer = await make_link(
            tx, self.ids, therapist.name, pair_id=None, person_id=therapist.id, now=now
        )
        await self._note(tx, actor_id, "new account: link made", therapist.id)
        return offer

    @writes
    async def confirm(
        self, tx: Transaction, admin: Account | None, typed: str, number: str
    ) -> Renewed | Refused:
        """Let a therapist go on in the account whose number is typed.

        Gives the refusal, instead of raising it, where a wrong number was counted. Errors: as
        `offer`, Refused("relink_none" | "relink_unopened" | "relink_unfit").
        """
        now = self.clock.now()
        therapist = await find_professional(tx, typed)
        actor_id = await self._actor(tx, admin)
        found = await relinks.newest_of_person(tx, therapist.id)
        opener = checked(found, now, therapist.name)
        assert found is not None  # noqa: S101 - `checked` refuses none
        if not is_right(tx, found, number):
            left = await relinks.note_try(tx, found.id, TRIES, now)
            await self._note(tx, actor_id, "new account: wrong number", therapist.id)
            return Refused("relink_wrong", whose=therapist.name, left=left)
        idle = await people.find_person_by_telegram(tx, opener.telegram_id)
        if idle is not None and await unfit(tx, found, idle) is not None:
            raise Refused("relink_unfit", whose=therapist.name)
        return await self._renew(tx, therapist, found, idle, opener.telegram_id, actor_id)

    async def _renew(
        self,
        tx: Transaction,
        therapist: Person,
        found: Relink,
        idle: Person | None,
        telegram_id: int,
        actor_id: int | None,
    ) -> Renewed:
        now, former_telegram = self.clock.now(), therapist.telegram_id
        if former_telegram is None:
            raise Refused("relink_none", whose=therapist.name)
        if idle is not None:
            await own_relinks.take_over(tx, idle.id, therapist.id)
            await erasure.forget_person(tx, idle.id)
        gone = await own_relinks.leave_messages(tx, therapist.id, now)
        await people.set_telegram(tx, therapist.id, telegram_id)
        former = await people.add_person(tx, self.ids.new(), former_telegram, "", None, now)
        if not await relinks.end_relink(tx, found.id, former.id, gone, now):
            raise Refused("relink_none", whose=therapist.name)
        await own_relinks.leave_redactions(tx, therapist.id, former.id, now)
        if idle is not None:
            await own_relinks.bring_redactions(tx, idle.id, therapist.id)
        await own_relinks.leave_as_client(tx, therapist.id, former.id)
        await relinks.hand_on_settings(tx, therapist.id, former.id)
        await own_relinks.owe_digests_again(tx, therapist.id, now, now + _DELIVER_WITHIN_MS)
        await people.set_reachable(tx, therapist.id, None)
        await outbox.wake(tx, therapist.id, now)
        await self._note(tx, actor_id, "new account: therapist moved", therapist.id)
        others = bool(await pairs.pairs_of_client(tx, former.id))
        await tell_former(tx, self.ids, found.id, former.id, now, others=others, own=True)
        await self._tell_new(tx, found.id, therapist.id, now)
        return self._renewed(therapist, former_telegram, telegram_id)

    def _renewed(self, therapist: Person, former: int, new: int) -> Renewed:
        """Say what config.toml has to name otherwise now."""
        named = ["practice.admins"] if former in self.settings.practice.admins else []
        named += [
            f"feeds.{name}.therapist"
            for name, feed in self.settings.feeds.items()
            if feed.therapist == former
        ]
        return Renewed(therapist.name, tuple(named), former, new)

    async def _tell_new(self, tx: Transaction, relink_id: int, person_id: int, now: int) -> None:
        await outbox.queue(
            tx,
            id=self.ids.new(),
            kind="notice",
            subject_id=relink_id,
            part="relinked_own",
            person_id=person_id,
            due_at=now,
            expires_at=now + 7 * DAY_MS,
            now=now,
        )

    @writes
    async def object(self, tx: Transaction, former_id: int, relink_id: int) -> None:
        """Let a therapist's account of before say that it was somebody else: the admins are told.

        Nothing is cut off by it, unlike for clients: an admin typed the number that was read aloud,
        and a former phone in anybody's hands could keep every digest unread. Once. Errors:
        Refused("not_yours"), also when it is too late.
        """
        now = self.clock.now()
        therapist_id = await relinks.find_moved_person(tx, relink_id, former_id, now - OBJECTS_MS)
        if therapist_id is None:
            raise Refused("not_yours")
        part = f"{OBJECTED}:{relink_id}"
        if await outbox.was_owed(tx, "notice", therapist_id, f"{part}:0"):
            return
        await self._note(tx, former_id, "new account: objected to", therapist_id)
        await tell_admins(
            tx, part, subject_id=therapist_id, pair_id=None,
            ids=self.ids, settings=self.settings, now=now,
        )  # fmt: skip

    @reads
    async def objected(self, tx: Transaction, therapist_id: int) -> str:
        """Give the name of a therapist whose former account has objected."""
        return (await people.load_person(tx, therapist_id)).name

    @reads
    async def renewed(self, tx: Transaction, typed: str) -> Renewed | None:
        """Say again what came of a therapist's newest link; None where it was not used.

        Errors: as `offer`.
        """
        therapist = await find_professional(tx, typed)
        found = await relinks.newest_of_person(tx, therapist.id)
        if found is None or found.ended != "done" or found.former_id is None:
            return None
        former = await people.load_person(tx, found.former_id)
        if former.telegram_id is None or therapist.telegram_id is None:
            return None
        return self._renewed(therapist, former.telegram_id, therapist.telegram_id)

    async def _actor(self, tx: Transaction, admin: Account | None) -> int | None:
        """Give who acts: an admin who does is a person like everybody who does something here."""
        if admin is None:
            return None
        person = await people.add_person(
            tx, self.ids.new(), admin.telegram_id, admin.name, admin.language_hint, self.clock.now()
        )
        return person.id

    async def _note(self, tx: Transaction, actor_id: int | None, act: str, person_id: int) -> None:
        await audit.note(tx, self.ids.new(), self.clock.now(), actor_id, act, "person", person_id)


async def find_professional(tx: Transaction, typed: str) -> Person:
    """Find a therapist or supervisor by name, in whatever case, or by Telegram id.

    Errors: Refused("therapist_unknown", names=…), Refused("therapist_ambiguous").
    """
    wanted = " ".join(typed.split()).casefold()
    everybody = await people.professionals(tx)
    fitting = [
        person
        for person in everybody
        if person.name.casefold() == wanted or str(person.telegram_id) == wanted
    ]
    if len(fitting) > 1:
        raise Refused("therapist_ambiguous", name=typed)
    if not fitting:
        names = ", ".join(sorted(person.name for person in everybody)) or "–"
        raise Refused("therapist_unknown", name=typed, names=names)
    return fitting[0]
