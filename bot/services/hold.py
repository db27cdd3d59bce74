"""On hold: after a restore nothing goes out of its own accord until an admin says so.

What may have gone out in the lost hours counts as gone out, so that nobody is asked twice; what may
have been answered in them is not called silence. Owns what is marked when a backup is restored, and
what resuming does and says. Refuses to guess what was lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.config import Settings
from bot.services.acts import reads, writes
from bot.services.admins import tell_admins
from bot.services.closing import end_over
from bot.services.failing import Failing
from bot.services.outgoing import LOST_OPEN, arrived, may_repeat
from bot.services.ports import Clock, Ids
from bot.store import asking, audit, checkin_ends, checkins, digests, losses, outbox
from bot.store.database import Database, Transaction
from bot.store.losses import Loss

#: A therapist who is on holiday is told all the same.
_TELL_WITHIN_MS: Final = 60 * 86_400_000


@dataclass(frozen=True, slots=True)
class LostHours:
    """One loss and the codes of whom nobody asks again about it, by therapist.

    ends: the codes whose planned end was taken back.
    """

    loss: Loss
    codes: Mapping[int, list[str]]
    ends: Mapping[int, list[str]]


@dataclass(frozen=True, slots=True)
class OnHold:
    """What resuming means.

    therapists: so many are told. withdrawable: the codes, one for each check-in, of the clients who
    are told at once, for they may have withheld what still stands. due: the messages that are due.
    """

    since_at: int
    lost: tuple[LostHours, ...]
    therapists: int
    withdrawable: tuple[str, ...]
    due: tuple[outbox.Due, ...]


@dataclass(frozen=True, slots=True)
class Telling:
    """What a therapist is told of a loss. ends: the codes whose planned end was taken back."""

    loss: Loss
    codes: tuple[str, ...]
    ends: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hold:
    """The use cases of the hold."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    @writes
    async def begin(self, tx: Transaction, from_at: int, until_at: int) -> None:
        """Record that the hours from `from_at` to `until_at` are lost, and go on hold.

        For a restored database that nobody uses yet, of which nothing claims to be on its way.
        """
        loss = Loss(self.ids.new(), from_at, until_at, None)
        await losses.add_loss(tx, loss)
        for message in await losses.due_by(tx, until_at):
            # What may arrive twice still goes out: rather that than never.
            if not await may_repeat(tx, message):
                await losses.presume_sent(tx, message.id, until_at)
                await arrived(tx, message, message.due_at, None)
        await losses.mark_checkins(tx, until_at, until_at)
        await losses.keep_texts(tx, from_at)
        await self._close_over(tx, until_at)
        await losses.forget_questions(tx)
        await losses.take_back_ends(tx, until_at)
        await losses.skip_digest_numbers(tx, loss)
        await tell_admins(
            tx, "hold", subject_id=loss.id, pair_id=None,
            ids=self.ids, settings=self.settings, now=until_at,
        )  # fmt: skip

    async def _close_over(self, tx: Transaction, until_at: int) -> None:
        """End the check-ins whose time was over within the loss, with what is known of them.

        The bot may go on before it has swept once; what cannot be read, the sweep tells of.
        """
        failing = Failing("check-in cannot be closed", "checkin")

        async def close(checkin_id: int) -> None:
            checkin = await checkins.load_checkin(tx, checkin_id)
            if checkin is not None:
                await end_over(tx, checkin, checkin.closes_at)

        for checkin_id in await checkin_ends.over(tx, until_at, limit=-1):
            await failing.attempt(checkin_id, close)

    @reads
    async def is_on(self, tx: Transaction) -> bool:
        """Say whether nothing is to go out."""
        return await losses.is_on_hold(tx)

    @reads
    async def newest(self, tx: Transaction) -> Loss | None:
        """Give the newest loss."""
        return await losses.newest_loss(tx)

    @reads
    async def preview(self, tx: Transaction) -> OnHold | None:
        """Say what `resume` would do; None when the bot is not on hold."""
        return await self._on_hold(tx)

    async def _on_hold(self, tx: Transaction) -> OnHold | None:
        waiting = await losses.waiting_losses(tx)
        if not waiting:
            return None
        lost = []
        for loss in waiting:
            undecided = [ended.pair_id for ended in await asking.undecided_by(tx, loss.until_at)]
            codes = await losses.codes_touched(tx, loss, undecided)
            lost.append(LostHours(loss, codes, await losses.codes_to_end(tx, loss)))
        now = self.clock.now()
        return OnHold(
            since_at=waiting[-1].until_at,
            lost=tuple(lost),
            therapists=len(await digests.weekly_hours(tx)),
            withdrawable=tuple(one["code"] for one in await losses.still_withdrawable(tx, now)),
            due=tuple(await outbox.due_by_kind(tx, now)),
        )

    @writes
    async def resume(self, tx: Transaction) -> OnHold | None:
        """Let the bot go on, and owe every therapist the news; None when it is not on hold."""
        on_hold = await self._on_hold(tx)
        if on_hold is None:
            return None
        now = self.clock.now()
        for hours in on_hold.lost:
            for ended in await asking.undecided_by(tx, hours.loss.until_at):
                await asking.note_decision(tx, ended.id, now, "lost")
            for weekly in await digests.weekly_hours(tx):
                await outbox.queue(
                    tx,
                    id=self.ids.new(),
                    kind="notice",
                    subject_id=hours.loss.id,
                    part=f"lost:{weekly.therapist_id}",
                    person_id=weekly.therapist_id,
                    due_at=now,
                    expires_at=now + _TELL_WITHIN_MS,
                    now=now,
                )
        newest = on_hold.lost[-1].loss
        await self._tell_who_may_have_withdrawn(tx, newest, now)
        await losses.resume(tx, now)
        await audit.note(tx, self.ids.new(), now, None, "hold ended", "loss", newest.id)
        await tell_admins(
            tx, "resumed", subject_id=newest.id, pair_id=None,
            ids=self.ids, settings=self.settings, now=now,
        )  # fmt: skip
        return on_hold

    async def _tell_who_may_have_withdrawn(self, tx: Transaction, loss: Loss, now: int) -> None:
        """Owe clients the news whose answers go out as they stood before a loss, if left alone."""
        for checkin in await losses.still_withdrawable(tx, now):
            await outbox.queue(
                tx,
                id=self.ids.new(),
                kind="notice",
                subject_id=checkin["id"],
                part=f"{LOST_OPEN}:{loss.id}",
                person_id=checkin["client_id"],
                pair_id=checkin["pair_id"],
                due_at=now,
                expires_at=checkin["closes_at"],
                now=now,
            )

    @reads
    async def telling(self, tx: Transaction, loss_id: int, person_id: int) -> Telling | None:
        """Give what somebody is told of a loss: with the codes of their own clients alone."""
        loss = await losses.find_loss(tx, loss_id)
        if loss is None:
            return None
        codes = await losses.codes_touched(tx, loss, ())
        ends = await losses.codes_to_end(tx, loss)
        return Telling(loss, tuple(codes.get(person_id, ())), tuple(ends.get(person_id, ())))
