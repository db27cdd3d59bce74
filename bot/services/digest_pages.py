"""What a therapist is shown: a digest's page, one pair's details, the day's appointments.

Owns the facts that templates need, complete and bounded, with nothing of Telegram and no
database. Pages keep the places they were given when the digest was made; what a client has
withheld or erased since then is gone from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

from bot.core.beside import Beside, beside_of
from bot.core.digest import Counts, Digest, Placed, fits
from bot.core.entries import Entry, Mark, PairFacts, Talk
from bot.core.instrument import Instrument
from bot.core.picture import PANELS_AT_MOST, Panel
from bot.core.sessions import Given, Session, Shared, Window, cut_text, sessions_of
from bot.core.signals import Limits
from bot.core.timetable import local_on
from bot.core.trends import TREND_SESSIONS, Repair, trend_of

AcknowledgementKind = Literal["read", "talk"]

#: Shared texts on Details, in UTF-16 units: the newest, the others, all together.
TEXT_IN_DETAILS: Final = 1_000
OLDER_TEXT_IN_DETAILS: Final = 150
TEXTS_IN_DETAILS: Final = 1_300

#: A goal on Details: its words in UTF-16 units, and how many of its newest ratings.
GOAL_IN_DETAILS: Final = 100
GOAL_RATINGS_IN_DETAILS: Final = 6

#: What fits one message of `today`: appointments, and UTF-16 units of each shared text.
TODAY_AT_MOST: Final = 12
TEXT_IN_TODAY: Final = 80


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the first page. interval: of the response rate, None without one."""

    counts: Counts
    interval: tuple[float, float] | None
    stands_out: bool

    @property
    def rate(self) -> float:
        """The response rate, 0 where nobody was asked."""
        return self.counts.answered / self.counts.asked if self.counts.asked else 0.0


@dataclass(frozen=True, slots=True)
class DigestPage:
    """One page of a digest. first is the first of `expanded`, where something stands out.

    week: ISO week of the cut-off. from_on, cut_on: local dates. head: on the first page only.
    calm_unread: calm clients on this page with an answer and no acknowledgement.
    """

    digest_id: int
    number: int
    week: int
    from_on: str
    cut_on: str
    page: int
    pages: int
    head: Head | None
    first: Entry | None
    expanded: tuple[Entry, ...]
    silent: tuple[Entry, ...]
    calm: tuple[Entry, ...]
    free_text: bool

    @property
    def others(self) -> tuple[Entry, ...]:
        """Those that stand out besides the first."""
        return self.expanded if self.first is None else self.expanded[1:]

    @property
    def calm_unread(self) -> int:
        """How many the button "Read these" would acknowledge."""
        return len(unread(self.calm))

    def chart(self, number: int) -> Chart | None:
        """Give the page's scores for its picture of this number, from 0; None for none.

        In the order of the page, as many in one picture as stay legible.
        """
        drawn = [
            (entry.panel, (entry.on, entry.time))
            for entry in (*self.expanded, *self.silent, *self.calm)
            if entry.panel is not None and entry.on is not None and entry.time is not None
        ]
        here = drawn[number * PANELS_AT_MOST : (number + 1) * PANELS_AT_MOST]
        if not here:
            return None
        return Chart(tuple(panel for panel, _ in here), tuple(slot for _, slot in here))

    @property
    def too_few(self) -> tuple[str, ...]:
        """Codes of those who have answered too seldom for a range of their own."""
        shown = (*self.expanded, *self.calm)
        return tuple(
            e.code for e in shown if e.limits is None and e.can_be_acknowledged and not e.is_over
        )

    @property
    def has_scores(self) -> bool:
        """Whether ratings are shown, so that the label about them must stand here."""
        return any(
            entry.sparkline
            or any(session.given for session in entry.sessions)
            or (entry.goodbye is not None and entry.goodbye.given)
            for entry in (*self.expanded, *self.calm, *self.silent)
        )


@dataclass(frozen=True, slots=True)
class Chart:
    """Scores for one picture. slots: of each panel the appointment's local date and time."""

    panels: tuple[Panel, ...]
    slots: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class BeforeFirst:
    """What a pair said before its first session, in the order of its questionnaire."""

    instrument: Instrument
    is_withheld: bool
    answers: tuple[Given, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How one goal has been rated. words: the client's. ratings: oldest first, 0 to 10."""

    words: str
    ratings: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Details:
    """One pair's history. sessions: newest first. usual, limits None: too few to say.
    anew_on: the session with which the usual began anew. repair: the newest fall.
    straight_running: check-ins in a row with one value in every item.
    all_highest: of how many check-ins every item was at its highest, of how many.

    digest_id, page: where it was opened from; None and 0 when not from a digest. before_first:
    what was said before the first session, None where nothing was.
    """

    digest_id: int | None
    page: int
    pair_id: int
    code: str
    on: str | None
    time: str | None
    state: str
    sessions: tuple[Session, ...]
    sparkline: str
    usual: float | None
    limits: Limits | None
    anew_on: str | None
    repair: Repair | None
    straight_running: int
    all_highest: tuple[int, int]
    panel: Panel | None
    talk: Talk | None
    mark: Mark | None
    before_first: BeforeFirst | None = None
    beside: Beside | None = None
    goals: tuple[Progress, ...] = ()
    goodbye: Session | None = None

    @property
    def has_scores(self) -> bool:
        """Whether ratings are shown, so that the label about them must stand here."""
        rated = self.before_first is not None and bool(self.before_first.answers)
        rated = rated or (self.goodbye is not None and self.goodbye.given > 0)
        return rated or any(session.given for session in self.sessions)

    @property
    def has_answers(self) -> bool:
        """Whether there is an answer that the therapist can have read."""
        shown = self.sessions if self.goodbye is None else (self.goodbye, *self.sessions)
        return any(session.has_answers for session in shown)

    @property
    def has_more_words(self) -> bool:
        """Whether a shared text is longer than what is shown of it."""
        shown = self.sessions if self.goodbye is None else (self.goodbye, *self.sessions)
        return any(session.shared and session.shared.is_cut for session in shown)

    def is_switched(self, place: int) -> bool:
        """Whether the session at this place was asked in another language than the one before."""
        before = next((s.language for s in self.sessions[place + 1 :] if s.language), None)
        return before not in (None, self.sessions[place].language)


@dataclass(frozen=True, slots=True)
class TodayLine:
    """One appointment today. last: the newest session with answers; is_silent: one went
    unanswered since. promised: "let's talk about it" is still to come; declined: the client
    would rather not. before_first: where no session has been answered yet."""

    pair_id: int
    code: str
    on: str
    time: str
    last: Session | None
    is_silent: bool
    promised: bool
    declined: bool
    before_first: BeforeFirst | None = None

    def with_before_first(self, before_first: BeforeFirst | None) -> TodayLine:
        """Give the line with what was said before the first session."""
        return replace(self, before_first=before_first)


@dataclass(frozen=True, slots=True)
class Today:
    """A therapist's day. more: appointments beyond those shown."""

    on: str
    lines: tuple[TodayLine, ...]
    more: int
    free_text: bool

    @property
    def has_scores(self) -> bool:
        """Whether ratings are shown, so that the label about them must stand here."""
        return any(
            (line.last is not None and line.last.given) or line.before_first for line in self.lines
        )


def unread(calm: Sequence[Entry]) -> tuple[Entry, ...]:
    """Give the entries with an answer that has not been acknowledged."""
    return tuple(entry for entry in calm if entry.mark is None and entry.can_be_acknowledged)


def page_of(
    digest: Digest,
    places: Sequence[Placed],
    marks: Mapping[int, Mark],
    page: int,
    *,
    digest_id: int,
    number: int,
    window: Window,
    free_text: bool,
    whole: Digest | None = None,
) -> DigestPage | None:
    """Put a page together; None when every pair on it is gone.

    digest: what is said of this page's pairs, at least. whole: what is counted of everybody, for
    the first page; None where `digest` holds it.
    """
    entries = {entry.pair_id: entry for entry in digest.entries}
    here = [
        (place, replace(entries[place.pair_id], mark=marks.get(place.pair_id)))
        for place in places
        if place.page == page and place.pair_id in entries
    ]
    if places and not here:
        return None
    if not fits([entry for _, entry in here]):
        here = [(place, _without_words(entry)) for place, entry in here]
    shown = [(place, entry) for place, entry in here if entry.standing != "silent"]
    expanded = tuple(entry for place, entry in shown if place.standing in ("first", "expanded"))
    is_first = bool(expanded) and here[0][0].standing == "first" and here[0][1] is expanded[0]
    cut_on = local_on(window.cut_at, window.zone)
    return DigestPage(
        digest_id=digest_id,
        number=number,
        week=date.fromisoformat(cut_on).isocalendar().week,
        from_on=local_on(window.from_at, window.zone),
        cut_on=cut_on,
        page=page,
        pages=max((place.page for place in places), default=1),
        head=_head(digest, whole or digest, places) if page == 1 else None,
        first=expanded[0] if is_first and expanded[0].stands_out else None,
        expanded=expanded,
        silent=tuple(entry for _, entry in here if entry.standing == "silent"),
        calm=tuple(e for place, e in shown if place.standing not in ("first", "expanded")),
        free_text=free_text,
    )


def _head(digest: Digest, whole: Digest, places: Sequence[Placed]) -> Head:
    """Say what stands above the first page, of whose pairs `digest` tells."""
    counts, stands_out = whole.counts, digest.first is not None
    if not stands_out and any(place.standing == "first" for place in places):
        # Nothing does any more on this page, but of others something was said further back.
        there = {entry.pair_id for entry in whole.entries}
        stands_out = any(
            place.page > 1 and place.standing == "expanded" and place.pair_id in there
            for place in places
        )
    return Head(counts, counts.interval, stands_out)


def _without_words(entry: Entry) -> Entry:
    """Leave shared texts to Details: the page was made when digests held none."""
    goodbye = None if entry.goodbye is None else _without_text(entry.goodbye)
    return replace(entry, sessions=tuple(map(_without_text, entry.sessions)), goodbye=goodbye)


def _without_text(session: Session) -> Session:
    if session.shared is None:
        return session
    return session._replace(shared=Shared(session.shared.disclosure, None))


def details_of(
    facts: PairFacts,
    as_of: Window,
    instrument: Instrument,
    *,
    digest_id: int | None,
    page: int,
    mark: Mark | None,
    before_first: BeforeFirst | None,
    goals: Sequence[Progress] = (),
) -> Details:
    """Put together a pair's history as of a window's end."""
    sessions = sessions_of(facts.asked, replace(as_of, from_at=0), instrument, TEXT_IN_DETAILS)
    goodbye = facts.goodbye
    shown = [session for session in sessions if session.outcome != "not_asked"]
    trend, latest = trend_of(sessions, instrument), sessions[-1] if sessions else None
    repair = trend.repair(facts.acknowledged)
    if repair is not None:
        # The whole history is read as new here.
        began_here = repair.since_on > local_on(as_of.from_at, as_of.zone)
        repair = replace(repair, is_new=began_here)
    newest, highest = trend.course.newest, trend.course.ceiling
    return Details(
        digest_id=digest_id,
        page=page,
        pair_id=facts.pair_id,
        code=facts.code,
        on=latest.on if latest else None,
        time=latest.time if latest else None,
        state=facts.state,
        sessions=_with_texts_bounded(
            shown[: -TREND_SESSIONS - 1 : -1], after=() if goodbye is None else (goodbye,)
        ),
        sparkline=trend.sparkline,
        usual=trend.usual,
        limits=trend.limits,
        anew_on=trend.anew_on,
        repair=repair,
        straight_running=newest.straight_running if newest else 0,
        all_highest=(highest.hits, highest.of),
        panel=trend.panel(facts.code),
        talk=facts.talk,
        mark=mark,
        before_first=before_first,
        beside=beside_of(facts.beside, facts.asked, sessions, instrument.house),
        goals=tuple(
            replace(
                goal,
                words=cut_text(goal.words, GOAL_IN_DETAILS),
                ratings=goal.ratings[-GOAL_RATINGS_IN_DETAILS:],
            )
            for goal in goals
        ),
        goodbye=goodbye,
    )


def _with_texts_bounded(
    sessions: Sequence[Session], after: Sequence[Session] = ()
) -> tuple[Session, ...]:
    """Cut shared texts (newest first) so that all together stay within their bound.

    after: what is shown as it is, above them.
    """
    taken = sum(len(one.shared.words or "") for one in after if one.shared is not None)
    left = max(1, TEXTS_IN_DETAILS - taken)
    limit = OLDER_TEXT_IN_DETAILS if taken else TEXT_IN_DETAILS
    bounded: list[Session] = []
    for session in sessions:
        if session.shared is not None and session.shared.words is not None:
            shared = session.shared
            words = cut_text(session.shared.words, min(limit, left))
            left, limit = max(1, left - len(words)), OLDER_TEXT_IN_DETAILS
            is_cut = shared.is_cut or words != shared.words
            bounded.append(session._replace(shared=Shared(shared.disclosure, words, is_cut)))
        else:
            bounded.append(session)
    return tuple(bounded)


def today_line(
    facts: PairFacts, on: str, time: str, as_of: Window, instrument: Instrument
) -> TodayLine:
    """Say what to know before an appointment, including what came after the last digest."""
    sessions = sessions_of(facts.asked, as_of, instrument, TEXT_IN_TODAY)
    answered = [session for session in sessions if session.has_answers]
    last = answered[-1] if answered else None
    over = trend_of([s for s in sessions if s.outcome != "withheld"], instrument).sessions
    talk = facts.talk
    promised = (
        talk is not None
        and talk.reply != "rather_not"
        and not any(s.follows_id == talk.id and s.talked is not None for s in sessions)
    )
    return TodayLine(
        pair_id=facts.pair_id,
        code=facts.code,
        on=on,
        time=time,
        last=last,
        is_silent=bool(over) and over[-1].outcome == "silent",
        promised=promised,
        declined=talk is not None
        and talk.reply == "rather_not"
        and not any(s.starts_at > talk.made_at for s in answered),
    )
