"""How a pair's scores run: how the newest stands to those before, and what became of a fall.

Owns the reading of sessions as a course (bot/core/signals). Only what was asked, is over and is of
the newest version of the instrument belongs to a trend; what nobody answered is a gap in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from bot.core import signals
from bot.core.house import House
from bot.core.instrument import Instrument
from bot.core.picture import Dot, Panel, Shape
from bot.core.sessions import Asked, Session

#: So many of the newest sessions make the line of bars.
TREND_SESSIONS: Final = 8
#: So many of the newest sessions make a panel of a picture.
PICTURE_SESSIONS: Final = 12

#: So many of the newest sessions are read, to follow what runs on: four months of weeks.
FOLLOWED_SESSIONS: Final = 18

#: A silence that runs on is counted so far: always fewer than are read.
LONG_SILENCE: Final = 12

#: What the client says when the two have talked.
TALKED: Final = ("yes", "a_bit")
_OUTSIDE: Final = ("open", "not_asked", "did_not_meet", "undelivered")


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What the therapist acknowledged on a digest. covers_at: up to when that digest reached."""

    kind: Literal["read", "talk"]
    covers_at: int


@dataclass(frozen=True, slots=True)
class Repair:
    """A fall followed until it is over (S14). Clients never see it.

    since_on, until_on: local dates of the session it began with and the one that was back to
    usual. acknowledged: the most that the therapist said to it. talked: whether the two talked
    about it, as the client says; None where nobody knows. is_new: it began in this digest.
    is_older: it had begun before what is read here. is_overdue: still open when a repair would be
    late. is_deeper: the newest score is lower than all since it began.
    """

    since_on: str
    outcome: Literal["open", "back", "repaired"]
    is_new: bool
    acknowledged: Literal["read", "talk"] | None = None
    talked: bool | None = None
    until_on: str | None = None
    is_older: bool = False
    is_overdue: bool = False
    is_deeper: bool = False

    @property
    def lasts(self) -> bool:
        """Whether it is open, began before this digest and has not become deeper in it."""
        return self.outcome == "open" and not self.is_new and not self.is_deeper


@dataclass(frozen=True, slots=True)
class Trend:
    """Sessions of one version, oldest first, each with its verdict in `course`."""

    sessions: tuple[Session, ...]
    course: signals.Course
    house: House

    @property
    def newest(self) -> signals.Verdict | None:
        """The verdict on the newest session with a score."""
        return next((v for v in reversed(self.course.verdicts) if v.score is not None), None)

    @property
    def usual(self) -> float | None:
        """What the newest score is compared with; None for too few.

        The mean of its baseline (S7); where the instrument has no chart, the median of the last
        ones (S17).
        """
        newest = self.newest
        if newest is None:
            return None
        if not isinstance(newest.baseline, signals.Baseline):
            return newest.usual
        return newest.baseline.mean if newest.baseline.count >= self.house.usual_needs else None

    @property
    def lately(self) -> float | None:
        """The median of the last ones, where the newest score is a fall from it (S17)."""
        return self.newest.usual if self.newest and self.change == "fall" else None

    @property
    def limits(self) -> signals.Limits | None:
        """The usual range that the newest score is judged by; None for too few."""
        baseline = self.newest.baseline if self.newest else None
        limits = baseline.limits if isinstance(baseline, signals.Baseline) else None
        return limits if isinstance(limits, signals.Limits) else None

    @property
    def change(self) -> signals.Change:
        """How the newest score stands, if it is new: a fall, or lower than last time in words."""
        verdict = self.newest
        if verdict is None or not self._is_here(self.sessions[verdict.at]):
            return "none"
        if "fall" in verdict.findings:
            return "fall"
        return "lower" if "lower" in verdict.findings else "none"

    @property
    def slid(self) -> bool:
        """Whether the newest score was reached slowly: each of the last ones lower than the one
        before, and only a part of the way from the usual in the last step (house rules)."""
        over = self.house.slide_over
        scores = [v.score for v in self.course.verdicts if v.score is not None][-over:]
        if len(scores) < over or self.usual is None:
            return False
        last_step = scores[-2] - scores[-1]
        is_gradual = last_step <= (self.usual - scores[-1]) * self.house.slide_last
        return is_gradual and all(after < before for before, after in pairwise(scores))

    @property
    def sparkline(self) -> str:
        """The newest sessions as a line of bars; empty when there is no score at all."""
        scores = [session.score for session in self.sessions[-TREND_SESSIONS:]]
        return signals.sparkline(scores) if any(score is not None for score in scores) else ""

    @property
    def silent_running(self) -> int:
        """How many of the newest sessions went unanswered in a row."""
        running = 0
        for session in reversed(self.sessions):
            if session.outcome != "silent":
                break
            running += 1
        return running

    @property
    def is_low_running(self) -> bool:
        """Whether the newest answers are low, and those before them were (S16)."""
        verdicts = self.course.verdicts
        return bool(verdicts) and verdicts[-1].low_running >= self.house.low_running

    @property
    def last_answered(self) -> Session | None:
        """The newest session with answers; None also where it may be among those not read."""
        for session in reversed(self.sessions):
            if session.has_answers:
                return session
            if session.is_after_unseen:
                break
        return None

    @property
    def anew_on(self) -> str | None:
        """The date of the session with which the usual began anew, while the bars show it."""
        shown = reversed(self.sessions[-TREND_SESSIONS:])
        return next((session.on for session in shown if session.begins_anew), None)

    def verdict_on(self, session: Session) -> signals.Verdict | None:
        """Give the verdict on a session; None when it is no part of the trend."""
        for one, verdict in zip(self.sessions, self.course.verdicts, strict=True):
            if one is session:
                return verdict
        return None

    def repair(self, acknowledged: Sequence[Acknowledged]) -> Repair | None:
        """Give the fall that is open, began here or was over here; None when there is none."""
        if not self.course.ruptures:
            return None
        newest = self.course.ruptures[-1]
        began = self.sessions[newest.at]
        ended = None if newest.until is None else self.sessions[newest.until]
        if ended is not None and newest.outcome == "open":
            return None  # its baseline ended, and with it what could be said of it
        is_over = ended is not None and not self._is_here(ended)
        if is_over and not self._is_here(began):
            return None
        said = {one.kind for one in acknowledged if one.covers_at > began.known_at}
        since = [s.score for s in self.sessions[newest.at :] if s.score is not None]
        replies = {session.talked for session in self.sessions[newest.at + 1 :]}
        talked = None if "no" not in replies else False
        return Repair(
            since_on=began.on,
            outcome=newest.outcome,
            is_new=self._is_here(began) and not newest.is_older,
            acknowledged="talk" if "talk" in said else "read" if said else None,
            talked=True if replies.intersection(TALKED) else talked,
            until_on=ended.on if ended is not None else None,
            is_older=newest.is_older,
            is_overdue=newest.is_overdue,
            is_deeper=since[-1] < min(since[:-1], default=since[-1]),
        )

    def panel(self, title: str) -> Panel | None:
        """Give the newest sessions as a panel of a picture; None without any score."""
        start = max(0, len(self.sessions) - PICTURE_SESSIONS)
        verdicts = self.course.verdicts[start:]
        if all(verdict.score is None for verdict in verdicts):
            return None
        return Panel(
            title=title,
            dots=tuple(
                Dot(session.on, verdict.score, _shape(verdict), session.begins_anew)
                for session, verdict in zip(self.sessions[start:], verdicts, strict=True)
            ),
            usual=self.usual,
            lower=self.limits.lower if self.limits else None,
            upper=self.limits.upper if self.limits else None,
        )

    @staticmethod
    def _is_here(session: Session) -> bool:
        return session.is_new or session.is_corrected


def _shape(verdict: signals.Verdict) -> Shape:
    if {"below_limit", "reliable_fall"} & set(verdict.findings):
        return "below"
    if {"low", "low_twice"} & set(verdict.findings):
        return "low"
    return "back" if verdict.state in ("back", "repaired") else "plain"


def trend_of(sessions: Sequence[Session], instrument: Instrument) -> Trend:
    """Give the trend of a pair's sessions (oldest first), judged."""
    versions = [session.instrument for session in sessions if session.has_answers]
    version = versions[-1] if versions else None
    here = tuple(_carried(sessions, version))
    points = [
        signals.Point(
            session.values,
            session.instrument,
            session.talked in TALKED,
            session.begins_anew,
            session.is_after_unseen,
        )
        for session in here
    ]
    judged = signals.course(points, instrument.house, instrument.scale)
    return Trend(here, judged, instrument.house)


def holds_baseline(asked: Sequence[Asked], instrument: Instrument) -> bool:
    """Say whether a pair's check-ins hold all scores of its baseline.

    asked: in their order in time. True where none between the first and the newest is left out.
    """
    gap = next((place for place, one in enumerate(asked) if one.is_after_unseen), None)
    if gap is None:
        return True
    keys = [item.key for item in instrument.ratings]
    scored = 0
    for one in asked[:gap]:
        said = {given.item: given.value for given in one.answers}
        values = [value if isinstance(value := said.get(key), int) else None for key in keys]
        scored += one.calendar_met and signals.score(values, instrument.house) is not None
    return scored >= instrument.house.baseline_over


def _carried(sessions: Sequence[Session], version: str | None) -> Iterator[Session]:
    """Give what belongs to the trend. Where a usual begins anew with one that does not, it begins
    with the next that does, and so it is with what was not read before it."""
    begins_anew = is_after_unseen = False
    for session in sessions:
        begins_anew = begins_anew or session.begins_anew
        is_after_unseen = is_after_unseen or session.is_after_unseen
        if session.outcome in _OUTSIDE or (version is not None and session.instrument != version):
            continue
        if (begins_anew, is_after_unseen) == (session.begins_anew, session.is_after_unseen):
            yield session
        else:
            yield session._replace(begins_anew=begins_anew, is_after_unseen=is_after_unseen)
        begins_anew = is_after_unseen = False
