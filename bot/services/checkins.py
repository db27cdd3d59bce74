"""Check-ins: deciding whether to ask, and taking what is answered.

Every tap is one transaction and counts at its commit. Nothing is sent here; what is to be sent
is a row of the outbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Literal

import structlog

from bot.config import Settings
from bot.core import conversation
from bot.core.conversation import Answers, Event, Reopen
from bot.core.errors import Refused
from bot.core.instrument import Instrument, Item
from bot.core.people import Person
from bot.core.timetable import local_on, next_weekly, to_utc
from bot.services.acts import reads, writes
from bot.services.ports import Clock, Ids
from bot.services.quiet import outside_quiet
from bot.store import answers as answer_store
from bot.store import asking, audit, outbox, people
from bot.store import checkins as store
from bot.store.checkins import CheckIn
from bot.store.database import Database, Transaction, Unavailable

log = structlog.get_logger(__name__)

HOUR_MS: Final = 3_600_000
MINUTE_MS: Final = 60_000
#: How long a finished check-in before the first session rests before the therapist gets it.
_SETTLE_MS: Final = 15 * MINUTE_MS

Later = Literal["hour", "evening", "tomorrow"]
_WEEKDAYS: Final = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Talk:
    """A check-in as its client sees it now. position: the item to show, None at the end.

    digest_at: when the answers reach the therapist, UTC milliseconds.
    can_snooze: whether the one reminder is still to come.
    therapist_name: where the client has more than one therapist, which one is meant.
    """

    checkin: CheckIn
    instrument: Instrument
    answers: Answers
    position: Item | None
    person: Person
    digest_at: int
    now: int
    can_snooze: bool = True
    therapist_name: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether answers can still be given or changed."""
        return self.checkin.state == "open" and self.now < self.checkin.closes_at


@dataclass(frozen=True, slots=True)
class CheckIns:
    """The check-in's use cases. instruments: `{name: {version: …}}`. words: numbers as typed."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings
    instruments: Mapping[str, Mapping[int, Instrument]]
    words: Mapping[str, Mapping[str, int]]
    failing: set[int] = field(default_factory=set)

    @reads
    async def find_before_first(self, tx: Transaction, client_id: int, pair_id: int) -> Talk | None:
        """Show the check-in before the first session, if it was begun."""
        checkin_id = await asking.find_before_first(tx, pair_id, client_id)
        if checkin_id is None:
            return None
        return await self._talk(tx, await self._load(tx, client_id, checkin_id))

    @reads
    async def show(self, tx: Transaction, client_id: int, checkin_id: int) -> Talk:
        """Give a client's check-in as it stands. Errors: Refused("not_yours")."""
        return await self._talk(tx, await self._load(tx, client_id, checkin_id))

    @reads
    async def delivery(self, tx: Transaction, checkin_id: int) -> Talk | None:
        """Give a check-in for the delivery of its prompt; None when it was erased."""
        checkin = await store.load_checkin(tx, checkin_id)
        return await self._talk(tx, checkin) if checkin else None

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
    async def type(self, tx: Transaction, client_id: int, text: str, language: str) -> Talk:
        """Take a typed message as the answer to the check-in that waits for one.

        Errors: Refused("not_kept") where none does, and what `conversation.typed` refuses.
        """
        now = self.clock.now()
        fresh = [c for c in await store.open_checkins(tx, client_id) if now < c.closes_at]
        if not fresh:
            raise Refused("not_kept")
        # Only the one used last: a word about one therapist must not land with another.
        answers = await answer_store.answers_of(tx, fresh[0])
        item = conversation.position(self._instrument(fresh[0]), answers, fresh[0].known)
        event = conversation.typed(item, text, self.words.get(language, {}))
        return await self._take(tx, fresh[0], event, None)

    @reads
    async def all_open(self, tx: Transaction) -> list[Talk]:
        """List every check-in that is on somebody's screen and can be answered."""
        return [await self._talk(tx, c) for c in await store.on_screens(tx, self.clock.now())]

    @reads
    async def waiting(self, tx: Transaction, client_id: int) -> Talk | None:
        """Give the open check-in that a typed message would belong to."""
        for checkin in await store.open_checkins(tx, client_id):
            if self.clock.now() < checkin.closes_at:
                return await self._talk(tx, checkin)
        return None

    @writes
    async def carry(self, tx: Transaction, checkin_id: int, message: int) -> None:
        """Note that another Telegram message carries a check-in now."""
        await store.note_sent(tx, checkin_id, self.clock.now(), message)

    @writes
    async def back(self, tx: Transaction, client_id: int, checkin_id: int) -> Talk:
        """Go back one question: the answer stays until it is replaced."""
        checkin = await self._load(tx, client_id, checkin_id)
        self._refuse_closed(checkin)
        answers = await answer_store.answers_of(tx, checkin)
        instrument = self._instrument(checkin)
        here = conversation.position(instrument, answers, checkin.known)
        before = conversation.item_before(instrument, answers, checkin.known, here)
        if before is None:
            return await self._talk(tx, checkin)
        return await self._take(tx, checkin, Reopen(before.key), None)

    @writes
    async def later(self, tx: Transaction, client_id: int, checkin_id: int, when: Later) -> Talk:
        """Ask again later, which uses up the one reminder.

        Errors: Refused("reminded_before"), Refused("not_yours"), Refused("closed").
        """
        now = self.clock.now()
        checkin = await self._load(tx, client_id, checkin_id)
        self._refuse_closed(checkin)
        person = await people.load_person(tx, client_id)
        until_at = self._snoozed(person, when, now)
        if until_at >= checkin.closes_at or not await store.snooze(tx, checkin.id, until_at):
            raise Refused("reminded_before", closes_at=checkin.closes_at)
        return await self._talk(tx, await self._load(tx, client_id, checkin_id))

    def _snoozed(self, person: Person, when: Later, now: int) -> int:
        zone = person.timezone or self.settings.practice.timezone
        today = date.fromisoformat(local_on(now, zone))
        tomorrow = (today + timedelta(days=1)).isoformat()
        evening = to_utc(today.isoformat(), "19:00", zone)
        until = {
            "hour": now + HOUR_MS,
            "evening": evening if evening > now else to_utc(tomorrow, "19:00", zone),
            "tomorrow": to_utc(tomorrow, "10:00", zone),
        }[when]
        return outside_quiet(self.settings, person, until)

    async def did_not_meet(self, client_id: int, checkin_id: int) -> Talk:
        """Close a check-in because there was no session. Errors: as `answer`."""
        return await self._close(client_id, checkin_id, "did_not_meet")

    async def withhold(self, client_id: int, checkin_id: int) -> Talk:
        """Close a check-in whose answers are not to be shown to anybody. Errors: as `answer`."""
        return await self._close(client_id, checkin_id, "withheld")

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
            self._refuse_closed(checkin)
            await store.close(tx, checkin.id, state, now)
            await audit.note(
                tx, self.ids.new(), now, client_id, f"check-in {state}", "checkin", checkin.id
            )
        return await self._talk(tx, await self._load(tx, client_id, checkin_id))

    async def close_one(self) -> Talk | None:
        """Close one check-in whose time is over and give it as it ended; None: there was none."""
        due = await self._next_to_close()
        if due is None:
            return None
        try:
            return await self._close_over(due)
        except Unavailable:
            raise
        except Exception as bug:
            # One check-in that cannot be read must not keep the others open; a restart tries again.
            log.error("check-in cannot be closed", checkin=due, why=type(bug).__name__)
            self.failing.add(due)
            return None

    @reads
    async def _next_to_close(self, tx: Transaction) -> int | None:
        now = self.clock.now()
        over = await store.over(tx, now, limit=len(self.failing) + 1)
        return next((one for one in over if one not in self.failing), None)

    @writes
    async def _close_over(self, tx: Transaction, checkin_id: int) -> Talk | None:
        now = self.clock.now()
        checkin = await store.load_checkin(tx, checkin_id)
        if checkin is None or now < checkin.closes_at:
            return None
        if not await store.close(tx, checkin.id, await self._ending(tx, checkin), now):
            return None
        closed = await store.load_checkin(tx, checkin.id)
        return await self._talk(tx, closed or checkin)

    async def _ending(self, tx: Transaction, checkin: CheckIn) -> store.State:
        if checkin.completed_at is not None:
            return "answered"
        if checkin.sent_at is None:
            return "undeliverable"
        given = await answer_store.answers_of(tx, checkin)
        some = any(answer.value is not None for answer in given.values())
        return "partial" if some else "expired"

    def _instrument(self, checkin: CheckIn) -> Instrument:
        return self.instruments[checkin.instrument][checkin.instrument_version]

    def _refuse_closed(self, checkin: CheckIn) -> None:
        if checkin.state != "open" or self.clock.now() >= checkin.closes_at:
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
        instrument = self._instrument(checkin)
        before = await answer_store.answers_of(tx, checkin)
        step = conversation.reply_to(instrument, before, checkin.known, event, now)
        if step.save:
            corrected = await answer_store.save_answers(tx, checkin, step.save, before)
            await store.note_progress(
                tx, checkin.id, now, completed=step.completed, corrected=corrected
            )
            if checkin.kind != "session":
                await self._tell_before_first(tx, checkin, now)
        if checkin.sent_at is None or (message and checkin.telegram_message is None):
            await store.note_sent(tx, checkin.id, now, message)
        return await self._talk(tx, checkin, step.answers)

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

    async def _talk(
        self, tx: Transaction, checkin: CheckIn, answers: Answers | None = None
    ) -> Talk:
        if answers is None:
            answers = await answer_store.answers_of(tx, checkin)
        instrument = self._instrument(checkin)
        place = conversation.position(instrument, answers, checkin.known)
        now = self.clock.now()
        return Talk(
            checkin=checkin,
            instrument=instrument,
            answers=answers,
            position=place,
            person=await people.load_person(tx, checkin.client_id),
            digest_at=0 if place else await self._digest_at(tx, checkin.therapist_id, now),
            now=now,
            can_snooze=checkin.reminded_at is None and checkin.snoozed_until_at is None,
            therapist_name=await self._which(tx, checkin),
        )

    async def _which(self, tx: Transaction, checkin: CheckIn) -> str | None:
        if checkin.therapists < 2:
            return None
        return (await people.load_person(tx, checkin.therapist_id)).name

    async def _digest_at(self, tx: Transaction, therapist_id: int, now: int) -> int:
        weekday, at_time = await people.therapist_settings(tx, therapist_id)
        therapist = await people.load_person(tx, therapist_id)
        settings = self.settings
        return next_weekly(
            now,
            _WEEKDAYS.index(settings.digest.weekday) if weekday is None else weekday,
            at_time or f"{settings.digest.time:%H:%M}",
            therapist.timezone or settings.practice.timezone,
        )
