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
    (panel,) = of(8.0, 7.0, 6.0).panels
    assert panel.marks[-1][0] == panel.right
    assert panel.newest == 6.0
    assert of(8.0, None).panels[0].newest is None


def test_a_new_beginning_is_drawn_between_two_scores_however_close_they_stand() -> None:
    days = [Dot(f"2026-11-{day + 1:02d}", 5.0, "plain", day == 20) for day in range(28)]
    (panel,) = arrange([Panel("A7", tuple(days))]).panels
    (anew,) = panel.anew
    assert panel.marks[19][0] < anew < panel.marks[20][0]


def test_numbers_stand_at_the_marks_only_where_they_fit() -> None:
    assert len(of(*[5.0] * 16).panels[0].labels) == 16
    assert of(*[5.0] * 17).panels[0].labels == ()
    two = [Panel("A7", (Dot("2026-11-01", 5.0),)), Panel("B2", (Dot("2026-11-01", 5.0),))]
    assert all(panel.labels == () for panel in arrange(two).panels)


def test_only_shapes_that_are_there_are_explained() -> None:
    dots = (Dot("2026-11-01", 4.0, "low"), Dot("2026-11-08", 4.0, "below"), Dot("2026-11-15", 8.0))
    assert arrange([Panel("A7", dots)]).shapes == ("low", "below")
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
