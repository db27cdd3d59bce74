"""Check-ins: taking what is answered.

Every tap is one transaction and counts at its commit. Nothing is sent here; what is to be sent
is a row of the outbox.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from bot.core import conversation
from bot.core.conversation import Event, Reopen
from bot.core.errors import Refused
from bot.core.typed import read_number, read_typed
from bot.services.acts import reads, writes
from bot.services.own import history_closed
from bot.services.ports import Clock, Ids
from bot.services.talks import Later, Talk, Talks, is_closed, known_of
from bot.services.watching import Watching
from bot.store import answers as answer_store
from bot.store import asking, audit, checkin_ends, losses, outbox
from bot.store import checkins as store
from bot.store.checkins import CheckIn
from bot.store.database import Database, Transaction
from bot.store.losses import Loss

HOUR_MS: Final = 3_600_000
MINUTE_MS: Final = 60_000
#: How long a finished check-in before the first session rests before the therapist gets it.
_SETTLE_MS: Final = 15 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class CheckIns:
    """The check-in's use cases. words: numbers as they are typed, of every language."""

    db: Database
    clock: Clock
    ids: Ids
    talks: Talks
    watching: Watching
    words: Mapping[str, int]

    @reads
    async def find_before_first(self, tx: Transaction, client_id: int, pair_id: int) -> Talk | None:
        """Show the check-in before the first session, if it was begun."""
        checkin_id = await asking.find_before_first(tx, pair_id, client_id)
        if checkin_id is None:
            return None
        return await self.talks.of(tx, await self._load(tx, client_id, checkin_id))

    @reads
    async def show(self, tx: Transaction, client_id: int, checkin_id: int) -> Talk:
        """Give a client's check-in as it stands. Errors: Refused("not_yours")."""
        return await self.talks.of(tx, await self._load(tx, client_id, checkin_id))

    @reads
    async def show_again(
        self, tx: Transaction, client_id: int, checkin_id: int, message: int
    ) -> tuple[Talk, Loss | None]:
        """Give a client's check-in as it stands, with what its message told of lost hours.

        message: the Telegram message; the loss is given where it was sent to tell of it.
        Errors: Refused("not_yours").
        """
        talk = await self.talks.of(tx, await self._load(tx, client_id, checkin_id))
        told = await losses.find_told_in(tx, checkin_id, client_id, message)
        return (talk, told) if told is not None else (await self._with_lost(tx, talk), None)

    @reads
    async def delivery(self, tx: Transaction, checkin_id: int) -> Talk | None:
        """Give a check-in for the delivery of its prompt; None when it was erased."""
        checkin = await store.load_checkin(tx, checkin_id)
        if checkin is None:
            return None
        lost = await losses.find_untold(tx, checkin.pair_id)
        return await self._telling(tx, await self.talks.of(tx, checkin), lost)

    @writes
    async def answer(
        self,
        tx: Transaction,
        client_id: int,
        checkin_id: int,
        event: Event,
        message: int | None = None,
    ) -> Talk:
        """Take one event of a check-in and give what to show next.

        message: the Telegram message that was tapped; learnt where sending was unclear.
        Errors: Refused("not_yours" | "closed" | "stale_button" | "text_too_long").
        """
        checkin = await self._load(tx, client_id, checkin_id)
        self._refuse_closed(checkin)
        return await self._take(tx, checkin, event, message)

    @writes
    async def type(self, tx: Transaction, client_id: int, text: str) -> Talk:
        """Take a typed message as the answer to the check-in that waits for one.

        It answers what was asked when it was typed. Errors: Refused("not_kept") where none does, or
        what was tapped later leaves nothing of it, Refused("which_checkin") where two do and the
        message says nothing about which, Refused("answers_lost") for a number where nobody knows
        what it answers, and what `read_typed` refuses.
        """
        fitting: list[tuple[CheckIn, Event]] = []
        refused = Refused("not_kept")
        for checkin in reversed(await self._open(tx, client_id)):
            try:
                fitting.append((checkin, await self._meant(tx, checkin, text)))
            except Refused as why:
                refused = why
        if not fitting:
            raise refused
        checkin, event = fitting.pop()
        # A word about one therapist must not land with another.
        if not _is_in_use(checkin, [other for other, _ in fitting]):
            raise Refused("which_checkin")
        # Further answers may be lost: then another question stands before the client.
        if checkin.is_behind and read_number(text, self.words) is not None:
            raise Refused("answers_lost", checkin=checkin.id)
        return await self._take(tx, checkin, event, None)

    async def _meant(self, tx: Transaction, checkin: CheckIn, text: str) -> Event:
        now, instrument = self.clock.now(), self.talks.instrument(checkin)
        answers = await answer_store.answers_of(tx, checkin)
        then = conversation.said_before(answers, tx.update_id, now)
        item = conversation.position(instrument, then, known_of(checkin, then, now))
        event = read_typed(item, text, self.words)
        if conversation.is_overtaken(instrument, answers, event, tx.update_id, now):
            raise Refused("not_kept")
        return event

    async def _open(self, tx: Transaction, client_id: int) -> list[CheckIn]:
        """List a client's check-ins that take answers, the one used last first."""
        now = self.clock.now()
        opened = [c for c in await store.open_checkins(tx, client_id) if c.may_ask(now)]
        return sorted(opened, key=lambda c: (c.last_answer_at or 0, c.put_at), reverse=True)

    @reads
    async def all_open(self, tx: Transaction) -> list[Talk]:
        """List every check-in that is on somebody's screen and can be answered."""
        talks = []
        for checkin in await store.on_screens(tx, self.clock.now()):
            talks.append(await self._with_lost(tx, await self.talks.of(tx, checkin)))
        return talks

    async def _with_lost(self, tx: Transaction, talk: Talk) -> Talk:
        """Give a check-in with the lost hours that its question told of."""
        checkin = talk.checkin
        lost = await losses.find_untold(tx, checkin.pair_id, checkin.id)
        # A question from before the loss never said it; the next one will.
        told = lost is not None and (checkin.sent_at or 0) >= lost.until_at
        return await self._telling(tx, talk, lost if told else None)

    async def _telling(self, tx: Transaction, talk: Talk, lost: Loss | None) -> Talk:
        """Give a check-in that tells of lost hours, if there are any to tell of."""
        if lost is None:
            return talk
        kept = await losses.keeps_text(tx, talk.checkin.pair_id, lost, self.clock.now())
        return replace(talk, lost=lost, keeps_lost=kept)

    @reads
    async def waiting(self, tx: Transaction, client_id: int) -> Talk | None:
        """Give the open check-in that a typed message would belong to."""
        opened = await self._open(tx, client_id)
        return await self.talks.of(tx, opened[0]) if opened else None

    @writes
    async def carry(self, tx: Transaction, client_id: int, checkin_id: int, message: int) -> bool:
        """Note that another Telegram message in a client's chat carries a check-in now.

        False where it is not theirs any more: it was erased, or goes on in another account.
        """
        checkin = await store.find_checkin(tx, checkin_id, client_id)
        if checkin is None:
            return False
        await store.note_sent(tx, checkin.id, self.clock.now(), message)
        return True

    @writes
    async def back(self, tx: Transaction, client_id: int, checkin_id: int) -> Talk:
        """Go back one question: the answer stays until it is replaced."""
        checkin = await self._load(tx, client_id, checkin_id)
        self._refuse_closed(checkin)
        answers = await answer_store.answers_of(tx, checkin)
        instrument = self.talks.instrument(checkin)
        known = known_of(checkin, answers, self.clock.now())
        here = conversation.position(instrument, answers, known)
        before = conversation.item_before(instrument, answers, known, here)
        if before is None:
            return await self.talks.of(tx, checkin)
        return await self._take(tx, checkin, Reopen(before.key), None)

    @writes
    async def later(self, tx: Transaction, client_id: int, checkin_id: int, when: Later) -> Talk:
        """Ask again later, which uses up the one reminder.

        Errors: Refused("reminded_before"), Refused("not_yours"), Refused("closed").
        """
        checkin = await self._load(tx, client_id, checkin_id)
        self._refuse_closed(checkin)
        until_at = (await self.talks.of(tx, checkin)).snoozes.get(when)
        if until_at is None or not await store.snooze(tx, checkin.id, until_at):
            raise Refused("reminded_before", closes_at=checkin.closes_at)
        return await self.talks.of(tx, await self._load(tx, client_id, checkin_id))

    async def did_not_meet(self, client_id: int, checkin_id: int) -> Talk:
        """Close a check-in because there was no session. Errors: as `answer`."""
        return await self._close(client_id, checkin_id, "did_not_meet")

    async def withhold(self, client_id: int, checkin_id: int) -> Talk:
        """Close a check-in whose answers are not to be shown to anybody. Errors: as `answer`."""
        return await self._close(client_id, checkin_id, "withheld")

    @writes
    async def decline(self, tx: Transaction, client_id: int, checkin_id: int) -> Talk:
        """Let a goodbye be: nothing is asked or reminded of any more, and nobody is told why.

        Errors: as `answer`, Refused("stale_button") where something was answered.
        """
        checkin = await self._load(tx, client_id, checkin_id)
        self._refuse_closed(checkin)
        if checkin.kind != "goodbye" or checkin.first_answer_at is not None:
            raise Refused("stale_button")
        await checkin_ends.close(tx, checkin.id, "expired", self.clock.now(), seen=True)
        return await self.talks.of(tx, await self._load(tx, client_id, checkin_id))

    @writes
    async def _close(
        self,
        tx: Transaction,
        client_id: int,
        checkin_id: int,
        state: Literal["did_not_meet", "withheld"],
    ) -> Talk:
        now = self.clock.now()
        checkin = await self._load(tx, client_id, checkin_id)
        if checkin.state != state:
            # Also for a client who has stopped the questions: what was said can be withheld.
            if not checkin.is_open(now):
                raise Refused("closed", state=checkin.state)
            await checkin_ends.close(tx, checkin.id, state, now, seen=True)
            await audit.note(
                tx, self.ids.new(), now, client_id, f"check-in {state}", "checkin", checkin.id
            )
            if checkin.kind == "before_first":
                await self._tell_before_first(tx, checkin, now)
        return await self.talks.of(tx, await self._load(tx, client_id, checkin_id))

    def _refuse_closed(self, checkin: CheckIn) -> None:
        if not checkin.may_ask(self.clock.now()):
            raise Refused("closed", state=checkin.state)

    async def _load(self, tx: Transaction, client_id: int, checkin_id: int) -> CheckIn:
        checkin = await store.find_checkin(tx, checkin_id, client_id)
        if checkin is None:
            raise Refused("not_yours")
        return checkin

    async def _take(
        self, tx: Transaction, checkin: CheckIn, event: Event, message: int | None
    ) -> Talk:
        now = self.clock.now()
        instrument = self.talks.instrument(checkin)
        before = await answer_store.answers_of(tx, checkin)
        known = known_of(checkin, before, now)
        step = conversation.reply_to(instrument, before, known, event, now, tx.update_id)
        if any(answer.item in before and is_closed(before[answer.item], checkin, now)
               for answer in step.save):  # fmt: skip
            # Nor may they be handed on.
            raise history_closed(checkin.objected_at, checkin.history_from_at)
        if step.save:
            corrected = await answer_store.save_answers(tx, checkin, step.save, before)
            await store.note_progress(
                tx, checkin.id, now, completed=step.completed, corrected=corrected
            )
            await self.watching.look(tx, checkin, step.save, now)
            if checkin.kind == "before_first":
                await self._tell_before_first(tx, checkin, now)
        elif step.again is not None:
            await answer_store.note_update(tx, checkin.id, step.again)
        if checkin.sent_at is None or (message or 0) > (checkin.telegram_message or 0):
            await store.note_sent(tx, checkin.id, now, message)
        return await self.talks.of(tx, checkin, step.answers)

    async def _tell_before_first(self, tx: Transaction, checkin: CheckIn, now: int) -> None:
        """Owe the therapist what is said before the first session, when it has come to rest.

        A later change is owed once more: no digest holds these answers.
        """
        due_at = min(now + _SETTLE_MS, checkin.closes_at)
        if await outbox.move_queued(tx, "notice", checkin.id, due_at):
            return
        await outbox.queue(
            tx,
            id=self.ids.new(),
            kind="notice",
            subject_id=checkin.id,
            part=f"before_first:{now}",
            person_id=checkin.therapist_id,
            pair_id=checkin.pair_id,
            due_at=due_at,
            expires_at=now + 30 * 24 * HOUR_MS,
            now=now,
        )


def _is_in_use(checkin: CheckIn, others: Sequence[CheckIn]) -> bool:
    """Say whether a check-in was answered since any other one was put before the client."""
    since = checkin.last_answer_at or 0
    return all(since > max(other.put_at, other.last_answer_at or 0) for other in others)
