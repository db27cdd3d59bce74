"""A check-in as its client sees it now, put together from its rows within a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final, Literal

from bot.config import Settings
from bot.core import conversation
from bot.core.absence import Absence, Span
from bot.core.conversation import Answer, Answers, Known, Value
from bot.core.instrument import Instrument, Item
from bot.core.people import Person
from bot.core.timetable import after_quiet, local_on, to_utc
from bot.services.in_force import in_force
from bot.services.ports import Clock
from bot.services.quiet import quiet_of
from bot.services.relink_links import OBJECTS_MS
from bot.store import absences, goals, people
from bot.store import answers as answer_store
from bot.store.checkins import CheckIn
from bot.store.database import Transaction
from bot.store.history import Heard, heard_of_last
from bot.store.losses import Loss

HOUR_MS: Final = 3_600_000

Later = Literal["hour", "evening", "tomorrow"]
#: In the place of words that may not be seen.
_CLOSED: Final = "…"
_EVENING: Final = "19:00"
_MORNING: Final = "10:00"


@dataclass(frozen=True, slots=True)
class Talk:
    """A check-in as its client sees it now. position: the item to show, None at the end.

    digest_at: when the answers reach the therapist, UTC milliseconds; was_read_out: an earlier
    digest had them, so that only changes are still to go. snoozes: when it could be asked again,
    by choice. therapist_name: where the client has more than one therapist, which one is meant.
    goals: the words of the goals that are rated, by item. offers_goals: whether to say that there
    could be some. last: what became of the answers before these, at the end alone.
    lost: hours that were lost and of which this client is told now, with the question alone;
    keeps_lost: a text from before them may have become the client's alone by that.
    away: days off of the therapist for which the digest waits. covers: the therapist's own absences
    among them that are not over and name who covers. shut: the items whose answers a new account
    may not see yet.
    """

    checkin: CheckIn
    instrument: Instrument
    answers: Answers
    position: Item | None
    person: Person
    now: int
    digest_at: int = 0
    was_read_out: bool = False
    snoozes: Mapping[Later, int] = field(default_factory=dict)
    therapist_name: str | None = field(default=None, repr=False)
    goals: Mapping[str, str] = field(default_factory=dict, repr=False)
    offers_goals: bool = False
    last: Heard | None = None
    lost: Loss | None = None
    keeps_lost: bool = False
    away: Span | None = None
    covers: tuple[Absence, ...] = ()
    shut: frozenset[str] = frozenset()

    @property
    def known(self) -> Known:
        """What conditions need of the past, and what they may not tell now."""
        return known_of(self.checkin, self.answers, self.now)

    @property
    def talked(self) -> Value:
        """What the client says to whether the two have talked about the last answers."""
        given = None if "talked" in self.shut else self.answers.get("talked")
        return given.value if given is not None else None

    @property
    def waits(self) -> bool:
        """Whether what was answered after a session, and is closed now, is still to be read out."""
        checkin = self.checkin
        counts = checkin.kind == "session" and checkin.state in ("answered", "partial")
        return counts and checkin.pair_state in ("active", "paused") and not self.was_read_out

    @property
    def is_open(self) -> bool:
        """Whether answers can still be given, changed or withheld."""
        return self.checkin.is_open(self.now)

    @property
    def can_change(self) -> bool:
        """Whether there is an answer to go back to: one that may be seen, and asked again."""
        return self.may_ask and any(key not in self.shut for key in self.answers)

    def keeps_text(self, loss: Loss) -> bool:
        """Whether a loss made a text in this check-in the client's alone, if it was not before."""
        return any(
            given.disclosure == "keep" and given.value is not None
            for key, given in self.answers.items()
            if given.changed_at <= loss.from_at and key not in self.shut
        )

    @property
    def may_ask(self) -> bool:
        """Whether questions may still be put: not to a client who has stopped them."""
        return self.checkin.may_ask(self.now)


@dataclass(frozen=True, slots=True)
class Talks:
    """Puts talks together. instruments: `{name: {version: …}}`."""

    clock: Clock
    settings: Settings
    instruments: Mapping[str, Mapping[int, Instrument]]

    def instrument(self, checkin: CheckIn) -> Instrument:
        """Give the questionnaire, in the version the check-in was made with."""
        return self.instruments[checkin.instrument][checkin.instrument_version]

    async def of(self, tx: Transaction, checkin: CheckIn, answers: Answers | None = None) -> Talk:
        """Put a check-in's talk together; answers: as they stand, where the caller has them."""
        if answers is None:
            answers = await answer_store.answers_of(tx, checkin)
        instrument, now = self.instrument(checkin), self.clock.now()
        known = known_of(checkin, answers, now)
        position = conversation.position(instrument, answers, known)
        person = await people.load_person(tx, checkin.client_id)
        digest_at, cut_at, away, covers = 0, 0, None, tuple[Absence, ...]()
        # Closed ones say where they go, wherever in the questions they were left.
        if position is None or checkin.state in ("answered", "partial"):
            digest_at, cut_at, away, covers = await self._digest(tx, checkin.therapist_id, now)
        taken_at = checkin.completed_at
        if checkin.state == "partial":
            taken_at = checkin.closes_at
        return Talk(
            checkin=checkin,
            instrument=instrument,
            answers=_shown(answers, checkin, now),
            position=position,
            person=person,
            now=now,
            digest_at=digest_at,
            was_read_out=taken_at is not None and taken_at < cut_at,
            snoozes={} if answers else await self._snoozes(tx, checkin, person, now),
            therapist_name=await self._which(tx, checkin),
            goals=await _goals(tx, checkin, now),
            offers_goals=position is None and await self._offers_goals(tx, checkin, instrument),
            last=await self._last(tx, checkin, now) if position is None else None,
            away=away,
            covers=covers,
            shut=known.shut,
        )

    async def _last(self, tx: Transaction, checkin: CheckIn, now: int) -> Heard | None:
        # After the end there is no next session in which to raise anything.
        last = None if checkin.kind == "goodbye" else await heard_of_last(tx, checkin)
        # When somebody met before, and what came of it, is history as well.
        return None if last is None or _is_shut(last.taken_at, checkin, now) else last

    async def _offers_goals(
        self, tx: Transaction, checkin: CheckIn, instrument: Instrument
    ) -> bool:
        """Say whether this is the one thank-you that offers to note goals: the first."""
        return (
            checkin.kind == "session"
            and checkin.known.count == 0
            and instrument.rhythm.goals_every > 0
            and not await goals.has_goals(tx, checkin.pair_id)
        )

    async def _snoozes(
        self, tx: Transaction, checkin: CheckIn, person: Person, now: int
    ) -> Mapping[Later, int]:
        """Say when a check-in could be asked again: once, outside quiet hours, before it closes."""
        if checkin.reminded_at is not None or checkin.snoozed_until_at is not None:
            return {}
        zone = person.timezone or self.settings.practice.timezone
        today = local_on(now, zone)
        tomorrow = (date.fromisoformat(today) + timedelta(days=1)).isoformat()
        evening = to_utc(today, _EVENING, zone)
        wished: dict[Later, int] = {"hour": now + HOUR_MS}
        if evening > now + HOUR_MS:
            wished["evening"] = evening
        wished["tomorrow"] = to_utc(tomorrow, _MORNING, zone)
        quiet = await quiet_of(tx, self.settings, person.quiet_from, person.quiet_to)
        loud = {when: after_quiet(at, *quiet, zone) for when, at in wished.items()}
        return {when: at for when, at in loud.items() if at < checkin.closes_at}

    async def _which(self, tx: Transaction, checkin: CheckIn) -> str | None:
        # A goodbye is not about a session that one remembers.
        if checkin.therapists < 2 and checkin.kind != "goodbye":
            return None
        return (await people.load_person(tx, checkin.therapist_id)).name

    async def _digest(
        self, tx: Transaction, therapist_id: int, now: int
    ) -> tuple[int, int, Span | None, tuple[Absence, ...]]:
        """Give when a therapist's next digest is due, and the cut-off of the newest.

        And the days off for which it waits, and those of them for which somebody covers.
        """
        therapist = await people.load_person(tx, therapist_id)
        force = await in_force(tx, self.settings, therapist_id)
        zone = therapist.timezone or self.settings.practice.timezone
        span = force.away.waited_for(now, force.hours(zone))
        covers: tuple[Absence, ...] = ()
        if span is not None:
            covers = tuple(
                one
                for one in await absences.standing(tx, [therapist_id])
                if one.cover is not None
                and one.last_on >= local_on(now, zone)
                and span.first_on <= one.first_on <= span.last_on
            )
        cut_at = await people.newest_cut(tx, therapist_id)
        return force.next_digest_at(now, zone), cut_at, span, covers


def known_of(checkin: CheckIn, answers: Answers, now: int) -> Known:
    """Give what conditions need, without what a new account may not see yet.

    That somebody wanted to talk was said in the former account where it is asked about in what was
    made there: the question would tell.
    """
    if checkin.history_from_at is None:
        return checkin.known
    known = checkin.known
    if _is_shut(checkin.made_at, checkin, now):
        known = replace(known, acknowledged=None)
    shut = (item for item, given in answers.items() if _is_of_before(given, checkin, now))
    return replace(known, shut=frozenset(shut))


def is_closed(given: Answer, checkin: CheckIn, now: int) -> bool:
    """Say whether an answer holds words of before, which a new account may not see yet."""
    is_text = isinstance(given.value, str) and given.disclosure is not None
    return is_text and _is_of_before(given, checkin, now)


def _is_of_before(given: Answer, checkin: CheckIn, now: int) -> bool:
    """Say whether an answer was given in a former account, and is not to be seen in the new one."""
    return _is_shut(given.answered_at, checkin, now)


def _is_shut(said_at: int, checkin: CheckIn, now: int) -> bool:
    """Say whether what was said then is not to be seen in a new account."""
    if checkin.history_from_at is None or checkin.shows_before(now):
        return False
    return said_at <= checkin.history_from_at - OBJECTS_MS


def _shown(answers: Answers, checkin: CheckIn, now: int) -> Answers:
    """Give answers with nothing in the place of words that may not be seen yet."""
    if checkin.history_from_at is None:
        return answers
    return {
        item: replace(given, value=_CLOSED) if is_closed(given, checkin, now) else given
        for item, given in answers.items()
    }


async def _goals(tx: Transaction, checkin: CheckIn, now: int) -> Mapping[str, str]:
    """Give the words of the goals that are rated, with nothing in place of those of before."""
    return {
        item: _CLOSED if _is_shut(goal.made_at, checkin, now) else goal.words
        for item, goal in (await goals.goals_by_item(tx, checkin)).items()
    }
