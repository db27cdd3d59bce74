"""Where things stand in a picture of scores: pure geometry, in pixels, nothing drawn.

The axis is fixed from 0 to 10 for everybody, so that two pictures can be compared; a check-in
without a score is a gap, never a zero and never bridged; nothing is smoothed. A mark differs in
shape and not in colour alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

#: What is drawn at a check-in. "low": an item is low. "below": under the own limit or a fall.
#: "back": back to usual after one of these.
Shape = Literal["plain", "low", "below", "back"]

AXIS_HIGHEST: Final = 10.0
#: Both sides of a picture: what Telegram shows without shrinking it further.
WIDTH: Final = 1280
#: So many panels stand in one picture.
PANELS_AT_MOST: Final = 12

_MARGIN: Final = 32
_GAP: Final = 24
#: Above the plot of one panel, by the number of columns; where numbers stand at the marks, one
#: at 10 needs room below the title.
_TITLE: Final = {1: 96, 2: 64, 3: 64}
_FOOT: Final = 44
_AXIS: Final = 40
_PAD: Final = 18
_LEGEND: Final = 144
#: A number stands so far over its mark, and only where there are few of them.
_OVER: Final = 24
_LABELS_AT_MOST: Final = 16
#: The line before a new usual stands half-way to the mark before, but at most so far.
_BEFORE: Final = 24
#: How high the drawing of one panel is, by the number of columns.
_PLOT: Final = {1: 560, 2: 250, 3: 144}


@dataclass(frozen=True, slots=True)
class Dot:
    """One check-in. on: its local date. score: None is a gap. begins_anew: the usual begins
    with it."""

    on: str
    score: float | None
    shape: Shape = "plain"
    begins_anew: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """What is known of one pair, oldest first.

    title: such as "A7 · Mon 15:00". usual: the mean of the own baseline, None for too few.
    lower, upper: the own limits, None where there are none.
    """

    title: str
    dots: tuple[Dot, ...]
    usual: float | None = None
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A panel's drawing. Lengths are pixels from the picture's upper left corner.

    left, top, right, bottom: the plot, on whose lower edge is 0 and on whose upper edge is 10.
    lines: runs of neighbouring scores; a gap ends one. marks: x, y, shape and date of each score.
    gaps: x of each check-in without one. usual_y, band: None where too little is known; the band
    is its upper edge and its height. anew: x of each line between two usuals, which no run crosses.
    newest: the newest score, None when the newest is a gap.
    labels: x, y and score of each number written at its mark; none where they would not fit.
    """

    title: str
    title_y: int
    left: int
    top: int
    right: int
    bottom: int
    lines: tuple[tuple[tuple[float, float], ...], ...]
    marks: tuple[tuple[float, float, Shape, str], ...]
    gaps: tuple[float, ...]
    anew: tuple[float, ...]
    usual_y: float | None
    band: tuple[float, float] | None
    newest: float | None
    labels: tuple[tuple[float, float, float], ...]
    first_on: str
    last_on: str


@dataclass(frozen=True, slots=True)
class Picture:
    """All that a drawing needs. radius: of a mark. columns: how many panels stand side by side."""

    width: int
    height: int
    columns: int
    radius: float
    panels: tuple[Placed, ...]
    shapes: tuple[Shape, ...]
    legend_y: int


def arrange(panels: Sequence[Panel]) -> Picture:
    """Arrange 1 to 12 panels in a picture, in the order given.

    Errors: ValueError for none, for too many, for one without check-ins.
    """
    if not 0 < len(panels) <= PANELS_AT_MOST or not all(panel.dots for panel in panels):
        raise ValueError(f"{len(panels)} panels, or one of them empty, make no picture")
    columns = 1 if len(panels) == 1 else 2 if len(panels) <= 4 else 3
    width = (WIDTH - 2 * _MARGIN - (columns - 1) * _GAP) // columns
    high = _TITLE[columns] + _PLOT[columns] + _FOOT
    placed = tuple(
        _place(
            panel,
            _MARGIN + (place % columns) * (width + _GAP),
            _MARGIN + (place // columns) * (high + _GAP),
            width,
            columns,
        )
        for place, panel in enumerate(panels)
    )
    rows = -(-len(panels) // columns)
    legend_y = _MARGIN + rows * (high + _GAP)
    seen = {shape for panel in placed for _, _, shape, _ in panel.marks}
    shapes: tuple[Shape, ...] = ("low", "below", "back")
    return Picture(
        width=WIDTH,
        height=legend_y + _LEGEND,
        columns=columns,
        radius={1: 11.0, 2: 9.0, 3: 8.0}[columns],
        panels=placed,
        shapes=tuple(shape for shape in shapes if shape in seen),
        legend_y=legend_y,
    )


def _place(panel: Panel, x: int, y: int, width: int, columns: int) -> Placed:
    left, right = x + _AXIS + _PAD, x + width - _PAD
    high, top = _PLOT[columns], y + _TITLE[columns]
    bottom = top + high
    is_labelled = columns == 1 and len(panel.dots) <= _LABELS_AT_MOST
    step = (right - left) / max(1, len(panel.dots) - 1)
    # A single check-in stands at the right edge, where the newest always is.
    start = left if len(panel.dots) > 1 else right

    def height_of(score: float) -> float:
        return round(bottom - score / AXIS_HIGHEST * high, 1)

    places = [(round(start + place * step, 1), dot) for place, dot in enumerate(panel.dots)]
    scored = [(at, height_of(d.score), d) for at, d in places if d.score is not None]
    band = None
    if panel.lower is not None and panel.upper is not None:
        over = height_of(panel.upper)
        band = over, round(height_of(panel.lower) - over, 1)
    return Placed(
        title=panel.title,
        title_y=y + 40,
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        lines=_runs(places, height_of),
        marks=tuple((at, level, dot.shape, dot.on) for at, level, dot in scored),
        gaps=tuple(at for at, dot in places if dot.score is None),
        anew=tuple(
            max(left, round(at - min(step / 2, _BEFORE), 1))
            for at, dot in places
            if dot.begins_anew
        ),
        usual_y=None if panel.usual is None else height_of(panel.usual),
        band=band,
        newest=panel.dots[-1].score,
        labels=tuple(
            (at, level - _OVER, d.score)
            for at, level, d in scored
            if is_labelled and d.score is not None
        ),
        first_on=panel.dots[0].on,
        last_on=panel.dots[-1].on,
    )


def _runs(
    places: Sequence[tuple[float, Dot]], height_of: Callable[[float], float]
) -> tuple[tuple[tuple[float, float], ...], ...]:
    """Give the runs of at least two neighbouring scores."""
    runs: list[list[tuple[float, float]]] = [[]]
    for at, dot in places:
        if dot.score is None or dot.begins_anew:
            runs.append([])
        if dot.score is not None:
            runs[-1].append((at, height_of(dot.score)))
    return tuple(tuple(run) for run in runs if len(run) > 1)
