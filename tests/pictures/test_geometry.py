"""Where things stand: the axis is fixed, a gap stays a gap, nothing leaves its panel."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.picture import PANELS_AT_MOST, WIDTH, Dot, Panel, Picture, arrange

SCORES = st.none() | st.floats(0, 10)
PANELS = st.builds(
    lambda scores, usual: Panel(
        "A7 · Mon 15:00",
        tuple(Dot(f"2026-11-{day + 1:02d}", score) for day, score in enumerate(scores)),
        usual,
        None if usual is None else max(0.0, usual - 1.4),
        None if usual is None else min(10.0, usual + 1.4),
    ),
    st.lists(SCORES, min_size=1, max_size=28),
    st.none() | st.floats(0, 10),
)


def of(*scores: float | None) -> Picture:
    days = (Dot(f"2026-11-{day + 1:02d}", score) for day, score in enumerate(scores))
    return arrange([Panel("A7", tuple(days))])


def test_the_axis_is_fixed_from_0_to_10() -> None:
    (panel,) = of(0.0, 10.0, 5.0).panels
    lowest, highest, middle = (y for _, y, _, _ in panel.marks)
    assert (lowest, highest) == (panel.bottom, panel.top)
    assert middle == (panel.top + panel.bottom) / 2


def test_a_gap_is_shown_and_not_bridged() -> None:
    (panel,) = of(8.0, 7.0, None, 6.0, 7.0, None, 9.0).panels
    assert [len(line) for line in panel.lines] == [2, 2], "a score alone has no line"
    assert len(panel.gaps) == 2
    assert len(panel.marks) == 5


def test_the_newest_stands_at_the_right_edge() -> None:
    (panel,) = of(8.0).panels
    assert panel.marks[0][0] == panel.right
    (panel,) = of(8.0, 7.0).panels
    assert [x for x, _, _, _ in panel.marks] == [panel.left, panel.right]
    (panel,) = of(8.0, 7.0, 6.0).panels
    assert [x for x, _, _, _ in panel.marks] == [
        panel.left, (panel.left + panel.right) / 2, panel.right,
    ]  # fmt: skip
    assert panel.newest == 6.0
    assert of(8.0, None).panels[0].newest is None


def test_a_line_runs_from_mark_to_mark() -> None:
    (panel,) = of(8.0, 7.0, None, 6.0, 7.5).panels
    marks = tuple((x, y) for x, y, _, _ in panel.marks)
    assert panel.lines == (marks[:2], marks[2:])


def test_the_usual_and_its_range_stand_where_such_scores_would() -> None:
    dots = tuple(Dot(f"2026-11-0{day}", score) for day, score in enumerate((9.2, 8.0, 6.8), 1))
    (panel,) = arrange([Panel("A7 · Mon 15:00", dots, 8.0, 6.8, 9.2)]).panels
    upper, usual, lower = (y for _, y, _, _ in panel.marks)
    assert panel.usual_y == usual
    assert panel.band == pytest.approx((upper, lower - upper), abs=0.05)
    for low, high in ((None, 9.2), (6.8, None), (None, None)):
        (bare,) = arrange([Panel("A7", dots, None, low, high)]).panels
        assert (bare.usual_y, bare.band) == (None, None)


def test_a_panel_says_whose_it_is_and_from_when_until_when() -> None:
    dots = (Dot("2026-11-02", 8.0), Dot("2026-11-09", None), Dot("2026-11-16", 7.0))
    (panel,) = arrange([Panel("A7 · Mon 15:00", dots)]).panels
    assert (panel.title, panel.first_on, panel.last_on) == (
        "A7 · Mon 15:00", "2026-11-02", "2026-11-16",
    )  # fmt: skip
    assert 0 < panel.title_y < panel.top


@pytest.mark.parametrize(
    ("count", "columns"), [(1, 1), (2, 2), (3, 2), (4, 2), (5, 3), (6, 3), (12, 3)]
)
def test_panels_fill_the_width_row_by_row_in_their_order(count: int, columns: int) -> None:
    panels = [Panel(f"A{n}", (Dot("2026-11-01", 5.0),)) for n in range(count)]
    picture = arrange(panels)
    assert picture.columns == columns
    assert [panel.title for panel in picture.panels] == [f"A{n}" for n in range(count)]
    first_row = picture.panels[:columns]
    axis = 40  # numbers stand beside the plot, to its left
    assert first_row[0].left - axis == pytest.approx(WIDTH - first_row[-1].right, abs=1)
    assert len({panel.right - panel.left for panel in picture.panels}) == 1
    dates, gap = 44, 24
    assert picture.panels[-1].bottom + dates + gap == picture.legend_y
    for n, panel in enumerate(picture.panels):
        assert panel.left == first_row[n % columns].left
        assert panel.top == picture.panels[n - n % columns].top
        if n % columns:
            assert panel.left - axis > picture.panels[n - 1].right
        if n >= columns:
            assert panel.title_y > picture.panels[n - columns].bottom


def test_the_more_panels_the_smaller_the_marks() -> None:
    one = Panel("A7", (Dot("2026-11-01", 5.0),))
    sizes = [arrange([one] * count).radius for count in (1, 2, 5)]
    assert sizes == sorted(set(sizes), reverse=True)


def test_a_new_beginning_is_drawn_between_two_scores_however_close_they_stand() -> None:
    days = [Dot(f"2026-11-{day + 1:02d}", 5.0, "plain", day == 20) for day in range(28)]
    (panel,) = arrange([Panel("A7", tuple(days))]).panels
    (anew,) = panel.anew
    assert anew == pytest.approx((panel.marks[19][0] + panel.marks[20][0]) / 2, abs=0.1)


def test_numbers_stand_at_the_marks_only_where_they_fit() -> None:
    (panel,) = of(*[5.0] * 16).panels
    assert [(x, score) for x, _, score in panel.labels] == [(x, 5.0) for x, _, _, _ in panel.marks]
    assert all(label[1] < mark[1] for label, mark in zip(panel.labels, panel.marks, strict=True))
    assert of(*[5.0] * 17).panels[0].labels == ()
    two = [Panel("A7", (Dot("2026-11-01", 5.0),)), Panel("B2", (Dot("2026-11-01", 5.0),))]
    assert all(panel.labels == () for panel in arrange(two).panels)


def test_only_shapes_that_are_there_are_explained() -> None:
    dots = (Dot("2026-11-01", 4.0, "low"), Dot("2026-11-08", 4.0, "below"), Dot("2026-11-15", 8.0))
    assert arrange([Panel("A7", dots)]).shapes == ("low", "below")
    again = (*dots[1:], Dot("2026-11-22", 8.0, "back"))
    assert arrange([Panel("A7", again)]).shapes == ("below", "back")
    assert of(8.0, 9.0).shapes == ()


@pytest.mark.parametrize("count", [0, PANELS_AT_MOST + 1])
def test_none_and_too_many_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match="make no picture"):
        arrange([Panel("A7", (Dot("2026-11-01", 5.0),))] * count)


def test_a_panel_without_check_ins_is_refused() -> None:
    with pytest.raises(ValueError, match="make no picture"):
        arrange([Panel("A7", ())])


@given(st.lists(PANELS, min_size=1, max_size=PANELS_AT_MOST))
def test_everything_stands_within_its_panel_and_no_panel_on_another(panels: list[Panel]) -> None:
    picture = arrange(panels)
    assert picture.width == WIDTH
    # Telegram shrinks what is larger, and refuses 10,000 together or 20 to 1.
    assert picture.height <= WIDTH
    for panel in picture.panels:
        assert 0 < panel.left < panel.right < picture.width
        assert 0 < panel.top < panel.bottom < picture.legend_y < picture.height
        for x, y, _, _ in panel.marks:
            assert panel.left <= x <= panel.right
            assert panel.top <= y <= panel.bottom
        if panel.band:
            over, high = panel.band
            assert panel.top <= over
            assert over + high <= panel.bottom + 0.2
    for one, other in itertools.combinations(picture.panels, 2):
        apart = one.right < other.left or other.right < one.left
        assert apart or one.bottom < other.title_y or other.bottom < one.title_y


def test_between_two_usuals_stands_a_line_that_no_run_crosses() -> None:
    dots = [Dot(f"2026-11-{day + 1:02d}", 8.0, begins_anew=day == 2) for day in range(5)]
    (panel,) = arrange([Panel("A7", tuple(dots))]).panels
    (x,) = panel.anew
    assert panel.marks[1][0] < x < panel.marks[2][0]
    assert [len(line) for line in panel.lines] == [2, 3]


def test_a_new_usual_at_either_edge_stays_in_its_panel() -> None:
    for count, place in ((1, 0), (5, 0), (5, 4), (28, 0)):
        dots = [Dot("2026-11-01", 8.0, begins_anew=day == place) for day in range(count)]
        (panel,) = arrange([Panel("A7", tuple(dots))]).panels
        assert all(panel.left <= x <= panel.right for x in panel.anew)
