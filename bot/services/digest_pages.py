"""What a therapist is shown of a digest: a page, complete and bounded.

Owns the facts that the template needs, with nothing of Telegram and no database. Pages keep the
places they were given when the digest was made; what a client has withheld or erased since then is
gone from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from bot.core.digest import Counts, Digest, Placed, fits
from bot.core.entries import Entry, Mark
from bot.core.eve import Carried
from bot.core.picture import PANELS_AT_MOST, Panel
from bot.core.sessions import Session, Shared, Window
from bot.core.timetable import local_on
from bot.store.losses import Loss

AcknowledgementKind = Literal["read", "talk"]


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
    calm_unread: calm clients on this page with an answer and no acknowledgement. lost: hours of
    its time that were lost with a server, on the first page. away_until_on: it is the last one
    before an absence that ends then. erased: so many of its clients have been erased since.
    carried: on its first page, who has something open and nothing new.
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
    lost: tuple[Loss, ...] = ()
    away_until_on: str | None = None
    erased: int = 0
    carried: tuple[Carried, ...] = ()

    @property
    def others(self) -> tuple[Entry, ...]:
        """Those that stand out besides the first."""
        return self.expanded if self.first is None else self.expanded[1:]

    @property
    def shows(self) -> tuple[int, ...]:
        """The pairs of which it tells something."""
        return tuple(entry.pair_id for entry in (*self.expanded, *self.silent, *self.calm))

    @property
    def calm_unread(self) -> int:
        """How many the button "Read these" would acknowledge."""
        return len(unread(self.calm))

    @property
    def begun_unread(self) -> int:
        """Of how many of these the newest answers are of a check-in that was not finished."""
        return sum(entry.is_unfinished for entry in unread(self.calm))

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
        return any(one.score is not None for one in self.carried) or any(
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
    here = _standing_on(page, digest, places, marks)
    if places and not here:
        return None
    shown = [(place, entry) for place, entry in here if entry.standing != "silent"]
    expanded = tuple(entry for place, entry in shown if place.standing in ("first", "expanded"))
    is_first = bool(expanded) and here[0][0].standing == "first" and here[0][1] is expanded[0]
    return DigestPage(
        digest_id=digest_id,
        number=number,
        week=week_of(window),
        from_on=local_on(window.from_at, window.zone),
        cut_on=local_on(window.cut_at, window.zone),
        page=page,
        pages=max((place.page for place in places), default=1),
        head=_head(digest, whole or digest, places) if page == 1 else None,
        first=expanded[0] if is_first and expanded[0].stands_out else None,
        expanded=expanded,
        silent=tuple(entry for _, entry in here if entry.standing == "silent"),
        calm=tuple(e for place, e in shown if place.standing not in ("first", "expanded")),
        free_text=free_text,
    )


def _standing_on(
    page: int, digest: Digest, places: Sequence[Placed], marks: Mapping[int, Mark]
) -> list[tuple[Placed, Entry]]:
    """List who stands on a page and is not gone, without their words where these do not fit."""
    entries = {entry.pair_id: entry for entry in digest.entries}
    here = [
        (place, replace(entries[place.pair_id], mark=marks.get(place.pair_id)))
        for place in places
        if place.page == page and place.pair_id in entries
    ]
    if fits([entry for _, entry in here]):
        return here
    return [(place, _without_words(entry)) for place, entry in here]


def week_of(window: Window) -> int:
    """Give the ISO week of a cut-off."""
    return date.fromisoformat(local_on(window.cut_at, window.zone)).isocalendar().week


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
