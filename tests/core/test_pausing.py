"""Until when a pause lasts, as people type it, and what is no day that it can last until."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.core.errors import Refused
from bot.core.pausing import goes_on_at, read_button, read_until

TODAY = "2026-11-28"


@pytest.mark.parametrize(
    ("typed", "on"),
    [
        ("2026-12-24", "2026-12-24"),
        ("2026-12-1", "2026-12-01"),
        ("24.12.2026", "2026-12-24"),
        ("24.12.26", "2026-12-24"),
        ("24. 12. 2026", "2026-12-24"),
        ("24.12.", "2026-12-24"),
        ("24.12", "2026-12-24"),
        ("1.3.", "2027-03-01"),
        ("29.11.", "2026-11-29"),
        ("27.11.", "2027-11-27"),
        ("24 Dec", "2026-12-24"),
        ("until 24 December", "2026-12-24"),
        ("24 dec 2026", "2026-12-24"),
        ("Dec 24", "2026-12-24"),
        ("December 24, 2026", "2026-12-24"),
        ("  bis zum 24.  Dezember ", "2026-12-24"),
        ("1. März", "2027-03-01"),
        ("1. Ma\u0308rz", "2027-03-01"),
        ("bis 6. Jan.", "2027-01-06"),
        ("3 Mai", "2027-05-03"),
        ("29.11.2027", "2027-11-29"),
    ],
)
def test_a_day_is_understood_as_people_write_it(typed: str, on: str) -> None:
    assert read_until(typed, TODAY) == on


@pytest.mark.parametrize(
    "typed",
    ["", "soon", "31.11.", "32 Dec", "24.13.", "24 Foo", "24", "December", "2026-02-30", "0.1.",
     "29.2.", "٢٤.12.", "24.12.2026 15:00", "until", "2 weeks", "24.12.026"],
)  # fmt: skip
def test_what_is_no_day_gets_an_example(typed: str) -> None:
    with pytest.raises(Refused, match="pause_date") as refused:
        read_until(typed, TODAY)
    assert refused.value.facts == {"typed": typed, "example": "2026-12-19"}


def test_what_is_quoted_is_short() -> None:
    with pytest.raises(Refused) as refused:
        read_until("x" * 500, TODAY)
    assert refused.value.facts["typed"] == "x" * 40


@pytest.mark.parametrize(
    ("typed", "on"),
    [
        ("28.11.", "2026-11-28"),
        ("2026-11-28", "2026-11-28"),
        ("27.11.2026", "2026-11-27"),
        ("1.1.26", "2026-01-01"),
        ("2020-01-01", "2020-01-01"),
    ],
)
def test_a_pause_ends_after_today(typed: str, on: str) -> None:
    with pytest.raises(Refused, match="pause_past") as refused:
        read_until(typed, TODAY)
    assert refused.value.facts == {"on": on, "example": "2026-12-19"}


@pytest.mark.parametrize(
    ("typed", "on"),
    [
        ("30.11.2027", "2027-11-30"),
        ("24.12.2027", "2027-12-24"),
        ("9999-12-31", "9999-12-31"),
    ],
)
def test_a_pause_ends_within_a_year(typed: str, on: str) -> None:
    with pytest.raises(Refused, match="pause_far") as refused:
        read_until(typed, TODAY)
    assert refused.value.facts == {"on": on}


def test_in_a_leap_year_its_day_is_one() -> None:
    assert read_until("29.2.", "2027-11-28") == "2028-02-29"
    assert read_until("29 Feb", "2028-02-01") == "2028-02-29"


def test_a_button_means_weeks_a_day_or_no_end() -> None:
    assert read_button("2", TODAY) == "2026-12-12"
    assert read_button("4", TODAY) == "2026-12-26"
    assert read_button("0", TODAY) is None
    assert read_button("2026-12-24", TODAY) == "2026-12-24"


@pytest.mark.parametrize("text", ["", "3", "2026-12-1", "2026-02-30", "24.12.", "x"])
def test_a_button_nobody_made_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="stale_button"):
        read_button(text, TODAY)


def test_an_old_button_does_not_pause_into_the_past() -> None:
    with pytest.raises(Refused, match="pause_past"):
        read_button("2026-11-01", TODAY)


@pytest.mark.parametrize(
    ("on", "zone", "at"),
    [
        ("2026-11-09", "Europe/Berlin", datetime(2026, 11, 8, 23, tzinfo=UTC)),
        ("2026-11-09", "America/New_York", datetime(2026, 11, 9, 5, tzinfo=UTC)),
        # There is no midnight on this day.
        ("2026-04-24", "Africa/Cairo", datetime(2026, 4, 23, 22, tzinfo=UTC)),
    ],
)
def test_sessions_are_asked_about_again_from_the_days_begin(
    on: str, zone: str, at: datetime
) -> None:
    assert goes_on_at(on, zone) == at.timestamp() * 1000
