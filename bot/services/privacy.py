"""What is a client's to decide: pausing, stopping, erasing, and seeing one's own answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from bot.config import Settings
from bot.core import signals
from bot.core.conversation import Answer
from bot.core.errors import Refused
from bot.core.instrument import Instrument
from bot.core.people import Pair
from bot.core.picture import Panel
from bot.core.sessions import Window, sessions_of
from bot.core.timetable import local_on
from bot.core.trends import FOLLOWED_SESSIONS, trend_of
from bot.services.acts import reads, writes
from bot.services.admins import tell_admins
from bot.services.own import pair_with_history
from bot.services.ports import Clock, Ids
from bot.services.retention import leave_no_trace
from bot.store import answers as answer_store
from bot.store import (
    audit,
    checkin_ends,
    checkins,
    digest_facts,
    erasure,
    goals,
    handovers,
    outbox,
    pairs,
    people,
)
from bot.store import history as history_store
from bot.store.database import Database, Transaction
from bot.store.digest_rows import Among

log = structlog.get_logger(__name__)

DAY_MS: Final = 86_400_000
#: How many check-ins one page of a client's own history holds.
HISTORY_PAGE: Final = 5


@dataclass(frozen=True, slots=True)
class Past:
    """One of a client's own check-ins. score: None with too few answers.

    goals: the words of the goals that were rated, by item.
    """

    checkin_id: int
    on: str
    kind: str
    state: str
    instrument: str
    version: int
    score: float | None
    answers: tuple[Answer, ...]
    goals: Mapping[str, str]

    def given(
        self, instruments: Mapping[str, Mapping[int, Instrument]]
    ) -> list[tuple[Instrument, Answer]]:
        """List what was answered, in the order of its questionnaire."""
        instrument = instruments[self.instrument][self.version]
        answered = {a.item: a for a in self.answers if a.value is not None}
        return [
            (instrument, answered[item.key]) for item in instrument.items if item.key in answered
        ]


@dataclass(frozen=True, slots=True)
class OwnWords:
    """A client's own text about one session."""

    pair_id: int
    on: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class History:
    """A page of a client's own check-ins with one therapist, newest first."""

    pair: Pair
    therapist_name: str = field(repr=False)
    past: tuple[Past, ...]
    sparkline: str
    page: int
    has_older: bool


@dataclass(frozen=True, slots=True)
class Privacy:
    """The use cases of a client's own decisions."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings
    instrument: Instrument

    @writes
    async def pause(
        self, tx: Transaction, client_id: int, pair_id: int, until_on: str | None
    ) -> Pair:
        """Pause a pair's questions until a local date (`core.pausing`), or until resumed.

        Errors: Refused("not_active").
        """
        now = self.clock.now()
        pair = await pairs.pause(tx, pair_id, client_id, until_on, now)
        if pair is None:
            raise Refused("not_active")
        await checkin_ends.end_unfinished(tx, pair_id, now, begun=False)
        await self._note(tx, client_id, "paused", pair_id, now)
        return pair

    @writes
    async def resume(self, tx: Transaction, client_id: int, pair_id: int) -> Pair:
        """Let a paused pair's questions go on. Errors: Refused("not_paused")."""
        pair = await pairs.resume(tx, pair_id, client_id)
        if pair is None:
            raise Refused("not_paused")
        await self._note(tx, client_id, "resumed", pair_id, self.clock.now())
        return pair

    @writes
    async def ask_less_often(
        self, tx: Transaction, client_id: int, pair_id: int, *, less: bool
    ) -> Pair:
        """Ask a client about every second session, or about each. Errors: Refused("not_active")."""
        now = self.clock.now()
        pair = await pairs.ask_less_often(tx, pair_id, client_id, now if less else None)
        if pair is None:
            raise Refused("not_active")
        act = "asked less often" if less else "asked as ever"
        await self._note(tx, client_id, act, pair_id, now)
        return pair

    @writes
    async def stop(self, tx: Transaction, client_id: int, pair_id: int) -> Pair:
        """Stop a pair's questions: consent is withdrawn. Errors: Refused("not_active")."""
        now = self.clock.now()
        pair = await pairs.stop(tx, pair_id, client_id, now)
        if pair is None:
            raise Refused("not_active")
        await checkin_ends.end_unfinished(tx, pair_id, now, begun=True)
        version = pair.consent_version or self.settings.privacy.consent_version
        await pairs.note_consent(tx, self.ids.new(), pair_id, version, "withdrawn", now)
        await self._note(tx, client_id, "stopped", pair_id, now)
        return pair

    @writes
    async def tell_ending(self, tx: Transaction, client_id: int, pair_id: int) -> Pair:
        """Tell the therapist that the client thinks of ending or changing, at their wish.

        Errors: Refused("not_yours"), Refused("not_confirmed"): whoever the therapist has not
        recognised says nothing in a client's name.
        """
        now = self.clock.now()
        pair = await pairs.find_pair_of_client(tx, pair_id, client_id)
        if pair is None or pair.state == "ended":
            raise Refused("not_yours")
        if pair.confirmed_at is None:
            raise Refused("not_confirmed")
        await self._tell_therapist(tx, pair, f"thinks_of_ending:{now}", now)
        await self._note(tx, client_id, "told the therapist", pair_id, now)
        return pair

    async def erase(self, client_id: int, pair_id: int) -> list[int]:
        """Erase a pair, or ask for it where answers belong to the clinical record.

        Gives the Telegram messages of questions that are gone now. Errors: Refused("not_yours"),
        Refused("erase_later") where the erasures' log cannot be written: one person's wish must not
        keep everybody's answers waiting until it can.
        """
        gone = await self._erase(client_id, pair_id)
        if not self.settings.privacy.feedback_in_clinical_record:
            await leave_no_trace(self.db)
        return gone

    @writes
    async def _erase(self, tx: Transaction, client_id: int, pair_id: int) -> list[int]:
        now = self.clock.now()
        by_request = self.settings.privacy.feedback_in_clinical_record
        pair = await pairs.ask_erasure(tx, pair_id, client_id, now)
        if pair is None:
            raise Refused("not_yours")
        part = f"erase_asked:{pair.erase_asked_at}" if by_request else "erased"
        await self._tell_therapist(tx, pair, part, now, without_pair=not by_request)
        await self._note(tx, client_id, "erasure asked", pair_id, now)
        if by_request:
            if pair.state == "ended":  # a goodbye that nobody began
                await checkin_ends.end_unfinished(tx, pair_id, now, begun=False)
            await tell_admins(
                tx, f"erasure_open:{pair.erase_asked_at}", subject_id=pair.id, pair_id=pair.id,
                ids=self.ids, settings=self.settings, now=now,
            )  # fmt: skip
            return []
        gone = await checkins.messages_of_pair(tx, pair_id)
        gone += await handovers.questions_of_pair(tx, pair_id)
        try:
            await erasure.erase_pair(tx, pair_id, now)
        except erasure.NotLogged as problem:
            log.error("nobody can be erased: let the bot write its log", problem=str(problem))
            raise Refused("erase_later") from problem
        await self._note(tx, client_id, "erased", pair_id, now)
        return gone

    @reads
    async def history(
        self, tx: Transaction, client_id: int, pair_id: int, page: int = 0
    ) -> History:
        """Give a page of a client's own history. Errors: Refused("not_yours" | "agree_first")."""
        pair = await pair_with_history(tx, pair_id, client_id, self.clock.now())
        therapist = await people.load_person(tx, pair.therapist_id)
        rows = await history_store.checkins_of_pair(
            tx, pair_id, HISTORY_PAGE + 1, page * HISTORY_PAGE
        )
        zone = self.settings.practice.timezone
        past = [
            Past(
                checkin_id=row.id,
                on=row.local_on or local_on(row.due_at, zone),
                kind=row.kind,
                state=row.state,
                instrument=row.instrument,
                version=row.instrument_version,
                score=self._score(row, given := await answer_store.answers_of(tx, row)),
                answers=tuple(given.values()),
                goals={
                    item: goal.words for item, goal in (await goals.goals_by_item(tx, row)).items()
                },
            )
            for row in rows[:HISTORY_PAGE]
        ]
        scores = [entry.score for entry in reversed(past) if entry.kind == "session"]
        return History(
            pair=pair,
            therapist_name=therapist.name,
            past=tuple(past),
            sparkline=signals.sparkline(scores) if any(s is not None for s in scores) else "",
            page=page,
            has_older=len(rows) > HISTORY_PAGE,
        )

    @reads
    async def chart(self, tx: Transaction, client_id: int, pair_id: int) -> Panel:
        """Give a client's own scores with one therapist for a picture.

        The same numbers that the therapist sees. Errors: Refused("not_yours"),
        Refused("agree_first"), Refused("no_scores").
        """
        pair = await pair_with_history(tx, pair_id, client_id, self.clock.now())
        therapist = await people.load_person(tx, pair.therapist_id)
        now = self.clock.now()
        window = Window.up_to(now, self.settings.practice.timezone)
        found = await digest_facts.facts_of(
            tx,
            pair.therapist_id,
            window,
            depth=FOLLOWED_SESSIONS,
            texts=False,
            among=Among(pair_id),
        )
        sessions = [s for one in found for s in sessions_of(one.asked, window, self.instrument)]
        panel = trend_of(sessions, self.instrument).panel(therapist.name)
        if panel is None:
            raise Refused("no_scores")
        return panel

    @reads
    async def words(self, tx: Transaction, client_id: int, checkin_id: int) -> OwnWords:
        """Give a client's own text whole. Errors: Refused("not_yours"), also where none is."""
        checkin = await checkins.find_checkin(tx, checkin_id, client_id)
        given = await answer_store.answers_of(tx, checkin) if checkin else {}
        texts = [a for a in given.values() if a.disclosure and isinstance(a.value, str)]
        if checkin is None or not texts:
            raise Refused("not_yours")
        await pair_with_history(tx, checkin.pair_id, client_id, self.clock.now())
        on = checkin.local_on or local_on(checkin.due_at, self.settings.practice.timezone)
        return OwnWords(checkin.pair_id, on, texts[0])

    def _score(self, row: checkins.CheckIn, given: dict[str, Answer]) -> float | None:
        if row.instrument != self.instrument.name:
            return None
        values = [
            answer.value if (answer := given.get(item.key)) and isinstance(answer.value, int)
            else None
            for item in self.instrument.ratings
        ]  # fmt: skip
        return signals.score(values, self.instrument.house)

    async def _tell_therapist(
        self, tx: Transaction, pair: Pair, part: str, now: int, *, without_pair: bool = False
    ) -> None:
        if not await people.roles_of(tx, pair.therapist_id):
            return  # whoever has left hears nothing more
        await outbox.queue(
            tx,
            id=self.ids.new(),
            kind="notice",
            subject_id=pair.id,
            part=part,
            person_id=pair.therapist_id,
            pair_id=None if without_pair else pair.id,
            due_at=now,
            expires_at=now + 7 * DAY_MS,
            now=now,
        )

    async def _note(
        self, tx: Transaction, actor_id: int | None, act: str, pair_id: int, now: int
    ) -> None:
        await audit.note(tx, self.ids.new(), now, actor_id, act, "pair", pair_id)
