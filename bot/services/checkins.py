"""Check-ins: deciding whether to ask, and taking what is answered.

Every tap is one transaction and counts at its commit. Nothing is sent here; what is to be sent
is a row of the outbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from bot.config import Settings
from bot.core import conversation, signals
from bot.core.conversation import Answers, Event, Known, Reopen
from bot.core.errors import Refused
from bot.core.instrument import Instrument, Item
from bot.core.people import Pair, Person, language_of
from bot.core.timetable import after_quiet, local_on, next_weekly, to_utc
from bot.services.ports import Clock, Ids
from bot.store import answers as answer_store
from bot.store import audit, outbox, pairs, people
from bot.store import checkins as store
from bot.store.checkins import CheckIn
from bot.store.database import Database, Transaction

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

    def newest(self, name: str) -> Instrument:
        """Give the newest version of a questionnaire."""
        versions = self.instruments[name]
        return versions[max(versions)]

    async def ask_one(self) -> bool:
        """Decide about the appointment that ended longest ago; was there one to decide on?"""
        now = self.clock.now()
        ended_by = now - self.settings.checkin.delay_minutes * MINUTE_MS
        async with self.db.read() as tx:
            if await store.find_undecided(tx, ended_by) is None:
                return False
        async with self.db.write() as tx:
            due = await store.find_undecided(tx, ended_by)
            if due is None:
                return True
            reason = await self._ask(tx, due, now)
            await store.note_decision(tx, due.id, now, reason)
        return True

    async def _ask(self, tx: Transaction, ended: store.Ended, now: int) -> str | None:
        """Ask about an ended appointment, or give the reason why not."""
        pair = await pairs.load_pair(tx, ended.pair_id)
        if pair.state != "active" or pair.client_id is None:
            return pair.state if pair.state != "joined" else "not_confirmed"
        if pair.consent_version != self.settings.privacy.consent_version:
            await self._owe_consent(tx, pair, now)
            return "consent_outdated"
        due_at = ended.ends_at + self.settings.checkin.delay_minutes * MINUTE_MS
        closes_at = due_at + self.settings.checkin.expiry_hours * HOUR_MS
        following = await store.find_next_start(tx, pair.id, ended.starts_at)
        if following is not None:
            before = self.settings.checkin.closes_before_next_minutes * MINUTE_MS
            closes_at = min(closes_at, following - before)
        if closes_at <= max(now, due_at):
            return "too_late"
        if (reason := await self._cap(tx, pair, ended)) is not None:
            return reason
        await store.bring_closing_forward(tx, pair.id, "before_first", ended.starts_at)
        await self._open(tx, pair, "session", ended.id, now, due_at, closes_at)
        return None

    async def _cap(self, tx: Transaction, pair: Pair, ended: store.Ended) -> str | None:
        on = date.fromisoformat(ended.local_on)
        monday = on - timedelta(days=on.weekday())
        sunday = monday + timedelta(days=6)
        asked = await store.asked_between(tx, pair.id, monday.isoformat(), sunday.isoformat())
        if asked.count(ended.local_on) >= self.settings.checkin.per_day:
            return "per_day"
        return "per_week" if len(asked) >= self.settings.checkin.per_week else None

    async def _open(
        self,
        tx: Transaction,
        pair: Pair,
        kind: Literal["session", "before_first"],
        appointment_id: int | None,
        now: int,
        due_at: int,
        closes_at: int,
    ) -> int:
        """Make a check-in with its prompt and its one reminder; give its id."""
        assert pair.client_id is not None  # noqa: S101 - active pairs have a client
        settings = self.settings.checkin
        person = await people.load_person(tx, pair.client_id)
        instrument = self.newest(
            settings.instrument if kind == "session" else settings.before_first
        )
        known, follows_id = Known(), None
        if kind == "session":
            known, follows_id = await self._known(tx, pair.id, instrument)
        checkin_id = self.ids.new()
        fresh = await store.add_checkin(
            tx,
            id=checkin_id,
            pair_id=pair.id,
            appointment_id=appointment_id,
            kind=kind,
            instrument=instrument.name,
            instrument_version=instrument.version,
            language=language_of(person, None, self.settings.practice.language),
            consent_version=pair.consent_version or "",
            known=known,
            follows_id=follows_id,
            now=now,
            due_at=due_at,
            closes_at=closes_at,
        )
        if not fresh:
            raise Refused("asked_before")
        for message, at in (
            ("prompt", due_at),
            ("reminder", due_at + settings.reminder_after_hours * HOUR_MS),
        ):
            await outbox.queue(
                tx,
                id=self.ids.new(),
                kind="prompt" if message == "prompt" else "reminder",
                subject_id=checkin_id,
                person_id=pair.client_id,
                pair_id=pair.id,
                due_at=self.outside_quiet(person, max(at, now)),
                expires_at=closes_at,
                now=now,
            )
        return checkin_id

    async def _known(
        self, tx: Transaction, pair_id: int, instrument: Instrument
    ) -> tuple[Known, int | None]:
        """Freeze what this check-in's conditions need of the past."""
        house = instrument.house
        count, before = await answer_store.ratings_before(
            tx, pair_id, instrument.name, instrument.version, house.usual_over
        )
        usual = {}
        for item in instrument.ratings:
            values = [float(ratings[item.key]) for ratings in before if item.key in ratings]
            if (own := signals.usual(values, house)) is not None:
                usual[item.key] = own
        acknowledged = await store.latest_acknowledgement(tx, pair_id)
        if acknowledged is None or acknowledged[1] != "talk":
            return Known(usual, count), None
        return Known(usual, count, "talk"), acknowledged[0]

    async def _owe_consent(self, tx: Transaction, pair: Pair, now: int) -> None:
        assert pair.client_id is not None  # noqa: S101 - active pairs have a client
        await outbox.queue(
            tx,
            id=self.ids.new(),
            kind="notice",
            subject_id=pair.id,
            part=f"consent:{self.settings.privacy.consent_version}",
            person_id=pair.client_id,
            pair_id=pair.id,
            due_at=now,
            expires_at=now + 7 * 24 * HOUR_MS,
            now=now,
        )

    def outside_quiet(self, person: Person, at: int) -> int:
        """Move an instant out of a person's quiet hours."""
        settings = self.settings
        return after_quiet(
            at,
            person.quiet_from or f"{settings.checkin.quiet_from:%H:%M}",
            person.quiet_to or f"{settings.checkin.quiet_to:%H:%M}",
            person.timezone or settings.practice.timezone,
        )

    async def begin_before_first(self, client_id: int, pair_id: int, message: int) -> Talk:
        """Open the check-in before the first session at the client's wish, and show it.

        message: the Telegram message that will carry it.
        Errors: Refused("not_yours"), Refused("asked_before"), Refused("first_session_over").
        """
        now = self.clock.now()
        async with self.db.write() as tx:
            pair = await pairs.find_pair_of_client(tx, pair_id, client_id)
            if pair is None or pair.state != "active":
                raise Refused("not_yours")
            starts = await store.find_first_start(tx, pair_id)
            if starts is not None and starts <= now:
                raise Refused("first_session_over")
            closes_at = starts if starts is not None else now + 14 * 24 * HOUR_MS
            checkin_id = await self._open(tx, pair, "before_first", None, now, now, closes_at)
            # It is shown as the answer to a tap: the outbox owes neither prompt nor reminder.
            await outbox.drop_queued(tx, now, "shown", kind="prompt", subject_id=checkin_id)
            await outbox.drop_queued(tx, now, "shown", kind="reminder", subject_id=checkin_id)
            await store.note_sent(tx, checkin_id, now, message)
            return await self._talk(tx, await self._load(tx, client_id, checkin_id))

    async def find_before_first(self, client_id: int, pair_id: int) -> Talk | None:
        """Show the check-in before the first session, if it was begun."""
        async with self.db.read() as tx:
            checkin_id = await store.find_before_first(tx, pair_id, client_id)
            if checkin_id is None:
                return None
            return await self._talk(tx, await self._load(tx, client_id, checkin_id))

    async def show(self, client_id: int, checkin_id: int) -> Talk:
        """Give a client's check-in as it stands. Errors: Refused("not_yours")."""
        async with self.db.read() as tx:
            return await self._talk(tx, await self._load(tx, client_id, checkin_id))

    async def delivery(self, checkin_id: int) -> Talk | None:
        """Give a check-in for the delivery of its prompt; None when it was erased."""
        async with self.db.read() as tx:
            checkin = await store.load_checkin(tx, checkin_id)
            return await self._talk(tx, checkin) if checkin else None

    async def answer(
        self, client_id: int, checkin_id: int, event: Event, message: int | None = None
    ) -> Talk:
        """Take one event of a check-in and give what to show next.

        message: the Telegram message that was tapped; learnt where sending was unclear.
        Errors: Refused("not_yours" | "closed" | "stale_button" | "text_too_long").
        """
        async with self.db.write() as tx:
            checkin = await self._load(tx, client_id, checkin_id)
            self._refuse_closed(checkin)
            return await self._take(tx, checkin, event, message)

    async def type(self, client_id: int, text: str, language: str) -> Talk:
        """Take a typed message as the answer to the check-in that waits for one.

        Errors: Refused("not_kept") where none does, and what `conversation.typed` refuses.
        """
        async with self.db.write() as tx:
            for checkin in await store.open_checkins(tx, client_id):
                if self.clock.now() >= checkin.closes_at:
                    continue
                answers = await answer_store.answers_of(tx, checkin)
                item = conversation.position(self._instrument(checkin), answers, checkin.known)
                if item is not None:
                    event = conversation.typed(item, text, self.words.get(language, {}))
                    return await self._take(tx, checkin, event, None)
        raise Refused("not_kept")

    async def all_open(self) -> list[Talk]:
        """List every check-in that is on somebody's screen and can be answered."""
        async with self.db.read() as tx:
            return [await self._talk(tx, c) for c in await store.on_screens(tx, self.clock.now())]

    async def waiting(self, client_id: int) -> Talk | None:
        """Give the open check-in that a typed message would belong to."""
        async with self.db.read() as tx:
            for checkin in await store.open_checkins(tx, client_id):
                if self.clock.now() < checkin.closes_at:
                    return await self._talk(tx, checkin)
        return None

    async def carry(self, checkin_id: int, message: int) -> None:
        """Note that another Telegram message carries a check-in now."""
        async with self.db.write() as tx:
            await store.note_sent(tx, checkin_id, self.clock.now(), message)

    async def back(self, client_id: int, checkin_id: int) -> Talk:
        """Go back one question: the answer stays until it is replaced."""
        async with self.db.write() as tx:
            checkin = await self._load(tx, client_id, checkin_id)
            self._refuse_closed(checkin)
            answers = await answer_store.answers_of(tx, checkin)
            instrument = self._instrument(checkin)
            here = conversation.position(instrument, answers, checkin.known)
            before = conversation.item_before(instrument, answers, checkin.known, here)
            if before is None:
                return await self._talk(tx, checkin)
            return await self._take(tx, checkin, Reopen(before.key), None)

    async def later(self, client_id: int, checkin_id: int, when: Later) -> Talk:
        """Ask again later, which uses up the one reminder.

        Errors: Refused("reminded_before"), Refused("not_yours"), Refused("closed").
        """
        now = self.clock.now()
        async with self.db.write() as tx:
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
        return self.outside_quiet(person, until)

    async def did_not_meet(self, client_id: int, checkin_id: int) -> Talk:
        """Close a check-in because there was no session. Errors: as `answer`."""
        return await self._close(client_id, checkin_id, "did_not_meet")

    async def withhold(self, client_id: int, checkin_id: int) -> Talk:
        """Close a check-in whose answers are not to be shown to anybody. Errors: as `answer`."""
        return await self._close(client_id, checkin_id, "withheld")

    async def _close(
        self, client_id: int, checkin_id: int, state: Literal["did_not_meet", "withheld"]
    ) -> Talk:
        now = self.clock.now()
        async with self.db.write() as tx:
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
        now = self.clock.now()
        async with self.db.read() as tx:
            if await store.next_to_close(tx, now) is None:
                return None
        async with self.db.write() as tx:
            checkin = await store.next_to_close(tx, now)
            if checkin is None:
                return None
            await store.close(tx, checkin.id, await self._ending(tx, checkin), now)
            closed = await store.load_checkin(tx, checkin.id)
            return await self._talk(tx, closed or checkin)

    async def align(self) -> None:
        """Let check-ins before a first session close when that session starts."""
        async with self.db.read() as tx:
            if not await store.any_before_first_to_align(tx):
                return
        async with self.db.write() as tx:
            await store.end_before_first_sessions(tx)

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
            if step.completed and checkin.completed_at is None and checkin.kind != "session":
                await self._tell_before_first(tx, checkin, now)
        if checkin.sent_at is None or (message and checkin.telegram_message is None):
            await store.note_sent(tx, checkin.id, now, message)
        return await self._talk(tx, checkin, step.answers)

    async def _tell_before_first(self, tx: Transaction, checkin: CheckIn, now: int) -> None:
        """Owe the therapist what was said before the first session, before that session."""
        await outbox.queue(
            tx,
            id=self.ids.new(),
            kind="notice",
            subject_id=checkin.id,
            part="before_first",
            person_id=checkin.therapist_id,
            pair_id=checkin.pair_id,
            due_at=min(now + _SETTLE_MS, checkin.closes_at),
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
