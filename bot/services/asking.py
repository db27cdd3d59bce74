"""Asking: deciding about each ended appointment whether its client is asked, and when.

Each decision is one transaction and is kept with its reason; nobody is asked twice about the same
appointment, and what a condition needs of the past is frozen in the check-in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import structlog

from bot.config import Settings
from bot.core import signals
from bot.core.conversation import Known
from bot.core.errors import Refused
from bot.core.instrument import Instrument
from bot.core.people import Pair, Person, language_of
from bot.core.rhythm import GOALS, WORTH, asks_of
from bot.services.acts import writes
from bot.services.asking_again import NEW_ACCOUNT
from bot.services.away_keeping import absence_of
from bot.services.in_force import settings_in_force
from bot.services.pauses import go_on, is_pause_over
from bot.services.ports import Clock, Ids
from bot.services.quiet import outside_quiet
from bot.services.relink_links import OBJECTS_MS
from bot.store import absences, checkins, goals, losses, outbox, pairs, people
from bot.store import answers as answer_store
from bot.store import asking as store
from bot.store.database import Database, Transaction, Unavailable

log = structlog.get_logger(__name__)

HOUR_MS: Final = 3_600_000
MINUTE_MS: Final = 60_000
_DAY_MS: Final = 24 * HOUR_MS
#: How long a goodbye can be answered: there is no next session to bring it up in.
GOODBYE_DAYS: Final = 7
#: It comes so long after the news that therapy has ended here.
_AFTER_NEWS_MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Asking:
    """The use cases of making check-ins. instruments: `{name: {version: …}}`."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings
    instruments: Mapping[str, Mapping[int, Instrument]]

    def newest(self, name: str) -> Instrument:
        """Give the newest version of a questionnaire."""
        versions = self.instruments[name]
        return versions[max(versions)]

    async def ask_one(self) -> bool:
        """Decide about the appointment that ended longest ago; was there one to decide on?"""
        due = await self.db.read(self._undecided)
        if due is None:
            return False
        try:
            await self._decide(due)
        except Unavailable:
            raise
        except Exception as bug:
            # One appointment that cannot be decided on must not keep all others from being asked.
            log.error("cannot ask", appointment=due.id, why=type(bug).__name__)
            await self._give_up(due)
        return True

    async def any_to_ask(self, tx: Transaction) -> bool:
        """Tell whether `ask_one` would find an appointment."""
        return await self._undecided(tx) is not None

    async def _undecided(self, tx: Transaction) -> store.Ended | None:
        practice = await settings_in_force(tx, self.settings)
        return await store.find_undecided(tx, self.clock.now(), practice.checkin.delay_minutes)

    @writes
    async def _decide(self, tx: Transaction, due: store.Ended) -> None:
        # It was seen by a reader: cancelled or decided meanwhile, there is nothing to decide.
        if not await store.is_undecided(tx, due):
            return
        now = self.clock.now()
        therapist_id = (await pairs.load_pair(tx, due.pair_id)).therapist_id
        absence = await absence_of(tx, self.settings, therapist_id, due.starts_at)
        if absence is not None:
            await absences.cancel(tx, due.id, absence.id, now)
        else:
            await store.note_decision(tx, due.id, now, await self._ask(tx, due, now))

    @writes
    async def _give_up(self, tx: Transaction, due: store.Ended) -> None:
        await store.note_decision(tx, due.id, self.clock.now(), "failed")

    async def _ask(self, tx: Transaction, ended: store.Ended, now: int) -> str | None:
        """Ask about an ended appointment, or give the reason why not."""
        pair = await pairs.load_pair(tx, ended.pair_id)
        # After an outage over the end of a pause, nobody has ended it yet.
        if await is_pause_over(tx, pair, ended.starts_at, self.settings):
            pair = await go_on(tx, pair)
        if pair.state != "active" or pair.client_id is None:
            return pair.state if pair.state != "joined" else "not_confirmed"
        if pair.relinked_at is not None:
            return NEW_ACCOUNT
        if pair.consent_version != self.settings.privacy.consent_version:
            await self._owe_consent(tx, pair, now)
            return "consent_outdated"
        if pair.less_often_at is not None and await store.was_asked_last(
            tx, pair.id, ended.starts_at
        ):
            return "less_often"
        settings = await settings_in_force(tx, self.settings, pair.therapist_id)
        following = await store.find_next_start(tx, pair.id, ended.starts_at)
        due_at, closes_at = open_from_to(settings, ended.ends_at, following)
        newest = await losses.newest_loss(tx)
        if newest is not None and ended.ends_at <= newest.until_at:
            # It may have been asked about in the hours that were lost, and answered. How long
            # after its end that was, nobody knows: the delay may have been changed in them.
            return "lost"
        person = await people.load_person(tx, pair.client_id)
        if closes_at <= await outside_quiet(tx, settings, person, max(now, due_at)):
            return "too_late"
        if (reason := await _cap(tx, settings, pair, ended)) is not None:
            return reason
        await store.bring_closing_forward(tx, pair.id, "before_first", ended.starts_at)
        checkin_id = await self._open(
            tx, pair, person, "session", settings.checkin.instrument, ended, now, due_at, closes_at
        )
        await self._owe(tx, settings, person, pair, checkin_id, now, due_at, closes_at)
        return None

    async def _open(
        self,
        tx: Transaction,
        pair: Pair,
        person: Person,
        kind: checkins.Kind,
        name: str,
        ended: store.Ended | None,
        now: int,
        due_at: int,
        closes_at: int,
    ) -> int:
        """Make a check-in with the questionnaire of a name; give its id.

        Errors: Refused("asked_before").
        """
        instrument = self.newest(name)
        known, follows_id = Known(), None
        if ended is not None:
            known, follows_id = await self._known(tx, pair, instrument, ended, now)
        checkin_id = self.ids.new()
        fresh = await checkins.add_checkin(
            tx,
            id=checkin_id,
            pair_id=pair.id,
            appointment_id=ended.id if ended else None,
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
        return checkin_id

    async def _owe(
        self,
        tx: Transaction,
        settings: Settings,
        person: Person,
        pair: Pair,
        checkin_id: int,
        now: int,
        due_at: int,
        closes_at: int,
    ) -> None:
        """Owe a check-in's prompt and its one reminder, outside of its client's quiet hours."""
        messages: tuple[tuple[outbox.Kind, int], ...] = (
            ("prompt", due_at),
            ("reminder", due_at + settings.checkin.reminder_after_hours * HOUR_MS),
        )
        for kind, at in messages:
            await outbox.queue(
                tx,
                id=self.ids.new(),
                kind=kind,
                subject_id=checkin_id,
                person_id=person.id,
                pair_id=pair.id,
                due_at=await outside_quiet(tx, settings, person, max(at, now)),
                expires_at=closes_at,
                now=now,
            )

    async def _known(
        self, tx: Transaction, pair: Pair, instrument: Instrument, ended: store.Ended, now: int
    ) -> tuple[Known, int | None]:
        """Freeze what this check-in's conditions need of the past."""
        house = instrument.house
        count, before = await answer_store.ratings_before(
            tx, pair.id, instrument.name, instrument.version, house.usual_over
        )
        usual = {}
        for item in instrument.ratings:
            values = [float(ratings[item.key]) for ratings in before if item.key in ratings]
            if (median := signals.usual(values, house)) is not None:
                usual[item.key] = median
        own = [goal_id for goal_id, _ in await goals.open_goals(tx, pair.id)]
        asks = asks_of(
            instrument.rhythm,
            count=count,
            sessions=await store.sessions_until(tx, pair.id, ended.ends_at),
            goals=len(own),
            expected=await store.was_asked(tx, pair.id, WORTH),
        )
        known = Known(usual, count, None, asks, tuple(own) if GOALS in asks else ())
        # What a new account may not know of yet is asked about in a later check-in.
        changed_at = 0 if pair.shows_before(now) else (pair.history_from_at or now) - OBJECTS_MS
        acknowledged = await store.latest_acknowledgement(
            tx, pair.id, ended.starts_at, told_from=changed_at
        )
        if acknowledged is None or acknowledged[1] != "talk":
            return known, None
        return replace(known, acknowledged="talk"), acknowledged[0]

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

    async def open_goodbye(self, tx: Transaction, pair: Pair, now: int, told_at: int) -> None:
        """Make the one check-in of a pair that has just ended, within whoever ends it.

        It is due below the news that it ended, told at `told_at`, and open for a week.
        """
        assert pair.client_id is not None  # noqa: S101 - who has answered is there
        settings = await settings_in_force(tx, self.settings, pair.therapist_id)
        person = await people.load_person(tx, pair.client_id)
        due_at = told_at + _AFTER_NEWS_MS
        closes_at = due_at + GOODBYE_DAYS * _DAY_MS
        checkin_id = await self._open(
            tx, pair, person, "goodbye", settings.checkin.goodbye, None, now, due_at, closes_at
        )
        await self._owe(tx, settings, person, pair, checkin_id, now, due_at, closes_at)

    @writes
    async def begin_before_first(
        self, tx: Transaction, client_id: int, pair_id: int, message: int
    ) -> None:
        """Open the check-in before the first session at the client's wish.

        message: the Telegram message that will carry it.
        Errors: Refused("not_yours"), Refused("asked_before"), Refused("first_session_over").
        """
        now = self.clock.now()
        pair = await pairs.find_pair_of_client(tx, pair_id, client_id)
        if pair is None or pair.state != "active":
            raise Refused("not_yours")
        starts = await store.find_first_start(tx, pair_id)
        if starts is not None and starts <= now:
            raise Refused("first_session_over")
        closes_at = starts if starts is not None else now + 14 * 24 * HOUR_MS
        settings = await settings_in_force(tx, self.settings, pair.therapist_id)
        person = await people.load_person(tx, client_id)
        name = settings.checkin.before_first
        checkin_id = await self._open(
            tx, pair, person, "before_first", name, None, now, now, closes_at
        )
        # It is shown as the answer to a tap: the outbox owes neither prompt nor reminder.
        await checkins.note_sent(tx, checkin_id, now, message)


def open_from_to(settings: Settings, ends_at: int, next_at: int | None) -> tuple[int, int]:
    """Give when the check-in about a session is due and when it closes (UTC ms).

    settings: those in force. next_at: when the pair's next session starts, if one is planned.
    """
    checkin = settings.checkin
    due_at = ends_at + checkin.delay_minutes * MINUTE_MS
    closes_at = due_at + checkin.expiry_hours * HOUR_MS
    if next_at is not None:
        closes_at = min(closes_at, next_at - checkin.closes_before_next_minutes * MINUTE_MS)
    return due_at, closes_at


async def _cap(tx: Transaction, settings: Settings, pair: Pair, ended: store.Ended) -> str | None:
    on = date.fromisoformat(ended.local_on)
    monday = on - timedelta(days=on.weekday())
    sunday = monday + timedelta(days=6)
    before = await store.asked_between(tx, pair.id, monday.isoformat(), sunday.isoformat())
    asked = Counter(day for day, is_certain in before if is_certain)
    per_day = settings.checkin.per_day
    for day, is_certain in before:
        # Of a day that was lost, no more can have been asked about than a day has.
        if not is_certain and asked[day] < per_day:
            asked[day] += 1
    if asked[ended.local_on] >= per_day:
        return "per_day"
    return "per_week" if asked.total() >= settings.checkin.per_week else None
