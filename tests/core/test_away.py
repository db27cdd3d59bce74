"""From when until when somebody is away, as people type it, and what cannot be meant."""

from __future__ import annotations

import pytest

from bot.core.away import (
    LONGEST_COVER,
    LONGEST_DAYS,
    Wanted,
    check_days,
    read_away,
    tidy_cover,
)
from bot.core.days import TypedDay, plain_words, read_day, read_iso
from bot.core.errors import Refused

TODAY = "2026-11-28"
HOLIDAYS = ("2026-12-20", "2027-01-06")


@pytest.mark.parametrize(
    ("typed", "days"),
    [
        ("20 Dec–6 Jan", HOLIDAYS),
        ("20 Dec - 6 Jan", HOLIDAYS),
        ("20 dec 6 jan", HOLIDAYS),
        ("from 20 December to 6 January", HOLIDAYS),
        ("Dec 20 through Jan 6", HOLIDAYS),
        ("20.12. bis 6.1.", HOLIDAYS),
        ("20.12.-6.1.", HOLIDAYS),
        ("vom 20. Dezember bis zum 6. Januar", HOLIDAYS),
        ("20.12.2026 – 6.1.2027", HOLIDAYS),
        ("20 Dec–6 Jan 2027", HOLIDAYS),
        ("20.12.2026–6.1.", HOLIDAYS),
        ("2026-12-20 2027-01-06", HOLIDAYS),
        ("2026-12-20–2027-01-06", HOLIDAYS),
        ("2026-12-20-2027-01-06", HOLIDAYS),
        ("20–24 Dec", ("2026-12-20", "2026-12-24")),
        ("20.–24.12.", ("2026-12-20", "2026-12-24")),
        ("Dec 20-24", ("2026-12-20", "2026-12-24")),
        ("24.12.", ("2026-12-24", "2026-12-24")),
        ("on the 24 Dec", ("2026-12-24", "2026-12-24")),
        ("until 6 Dec", (TODAY, "2026-12-06")),
        ("bis zum 6.12.", (TODAY, "2026-12-06")),
        ("today", (TODAY, TODAY)),
        ("heute bis 2.12.", (TODAY, "2026-12-02")),
        ("heute bis morgen", (TODAY, "2026-11-29")),
        ("until tomorrow", (TODAY, "2026-11-29")),
        ("20 Nov–6 Dec 2027", ("2027-11-20", "2027-12-06")),
        # Into the next year, although such a day comes before as well.
        ("1.8.–15.1.", ("2027-08-01", "2028-01-15")),
        ("20.7.–19.1.", ("2027-07-20", "2028-01-19")),
        ("morgen", ("2026-11-29", "2026-11-29")),
        ("29.11.", ("2026-11-29", "2026-11-29")),
        ("28.9.", ("2027-09-28", "2027-09-28")),
        ("29.11.2027", ("2027-11-29", "2027-11-29")),
        ("29.2.2028", None),
    ],
)
def test_days_are_read_as_they_are_written(typed: str, days: tuple[str, str] | None) -> None:
    if days is None:
        with pytest.raises(Refused, match="away_far"):
            read_away(typed, TODAY)
    else:
        assert read_away(typed, TODAY) == Wanted(*days)


@pytest.mark.parametrize(
    "typed",
    [
        "20.12.–6.1. cover: Dr. Klein, 030 1234",
        "20 Dec–6 Jan, Cover Dr. Klein, 030 1234",
        "20.12. bis 6.1. Vertretung: Dr. Klein, 030 1234",
        "20.12.–6.1.,vertreten durch  Dr. Klein,\n030 1234",
    ],
)
def test_who_covers_stands_behind_the_days(typed: str) -> None:
    assert read_away(typed, TODAY) == Wanted(*HOLIDAYS, "Dr. Klein, 030 1234")


def test_a_cover_leaves_its_neighbours_in_peace() -> None:
    assert tidy_cover(" Dr.\u202eKl\x00ein\u2066\n 030 ") == "Dr.Klein 030"
    assert tidy_cover("Dr.\ud800 K\ue000lein\uffff") == "Dr. Klein"
    assert tidy_cover("\u200d \u202e") is None
    assert tidy_cover("\u3164 \u2800") is None
    assert tidy_cover("x" * LONGEST_COVER) == "x" * LONGEST_COVER
    with pytest.raises(Refused, match="cover_long") as refused:
        read_away(f"24.12. cover: {'x' * (LONGEST_COVER + 1)}", TODAY)
    assert refused.value.facts == {"has": LONGEST_COVER + 1, "most": LONGEST_COVER}


@pytest.mark.parametrize(
    ("typed", "reason", "example"),
    [
        ("", "away_date", "2026-12-12 2026-12-26"),
        ("soon", "away_date", "2026-12-12 2026-12-26"),
        ("until soon", "away_date", "2026-12-12 2026-12-26"),
        ("31.2.", "away_date", "2026-12-12 2026-12-26"),
        ("24.12.–31.2.", "away_date", "2026-12-12 2026-12-26"),
        ("31.2.–6.3.2027", "away_date", "2026-12-12 2026-12-26"),
        ("24.12.–31.2.2027", "away_date", "2026-12-12 2026-12-26"),
        ("soon–6 Jan", "away_date", "2026-12-12 2026-12-26"),
        ("20 Dec–soon", "away_date", "2026-12-12 2026-12-26"),
        ("cover: Dr. Klein", "away_date", "2026-12-12 2026-12-26"),
        ("2025-12-20 2026-01-06", "away_past", "2026-12-12 2026-12-26"),
        ("20.11.–25.11.", "away_past", "2026-12-12 2026-12-26"),
        ("27.11.", "away_past", "2026-12-12 2026-12-26"),
        ("20.11.–5.12.", "away_begun", "2026-11-28 2026-12-05"),
        ("29.9.", "away_past", "2026-12-12 2026-12-26"),
        ("24.12.–20.12.", "away_turned", "2026-12-20 2026-12-24"),
        ("24.12.–28.11.", "away_turned", "2026-11-28 2026-12-24"),
        ("20.7.–20.1.", "away_turned", "2027-01-20 2027-07-20"),
        ("24–20 Dec 2026", "away_turned", "2026-12-20 2026-12-24"),
        ("2026-12-24 2026-12-20", "away_turned", "2026-12-20 2026-12-24"),
        ("2028-01-01", "away_far", "2026-12-12 2026-12-26"),
        ("30.11.2027", "away_far", "2026-12-12 2026-12-26"),
        ("1.1.–30.8.", "away_long", "2026-12-12 2026-12-26"),
        ("20.12.–25.11.", "away_long", "2026-12-12 2026-12-26"),
        ("2.3.–29.2.", "away_long", "2026-12-12 2026-12-26"),
        ("6 Jan–20 Dec", "away_long", "2026-12-12 2026-12-26"),
    ],
)
def test_what_cannot_be_meant_is_said_with_what_to_type(
    typed: str, reason: str, example: str
) -> None:
    with pytest.raises(Refused) as refused:
        read_away(typed, TODAY)
    assert refused.value.reason == reason
    assert refused.value.facts["example"] == example


def test_what_was_typed_is_quoted_shortly() -> None:
    with pytest.raises(Refused) as refused:
        read_away("some  day\nsoon " + "x" * 200, TODAY)
    assert refused.value.facts["typed"] == "some day soon " + "x" * 46


def test_the_longest_absence_and_one_day_more() -> None:
    assert check_days("2026-12-01", "2027-06-02", TODAY)
    with pytest.raises(Refused, match="away_long") as refused:
        check_days("2026-12-01", "2027-06-03", TODAY)
    assert refused.value.facts == {
        "first_on": "2026-12-01",
        "last_on": "2027-06-03",
        "example": "2026-12-12 2026-12-26",
        "most": LONGEST_DAYS,
    }


MONTHS = (
    "January Januar Jan", "February Februar Feb", "March März Maerz Mrz Mar Mär", "April Apr",
    "May Mai", "June Juni Jun", "July Juli Jul", "August Aug", "September Sept Sep",
    "October Oktober Oct Okt", "November Nov", "December Dezember Dec Dez",
)  # fmt: skip


@pytest.mark.parametrize("month", range(1, 13))
def test_a_month_is_known_by_each_of_its_names(month: int) -> None:
    for name in MONTHS[month - 1].split():
        for typed in (f"5 {name}", f"5. {name}.", f"{name} 5"):
            assert read_day(plain_words(typed)) == TypedDay(None, month, 5), typed


def test_a_day_that_few_years_have_is_found() -> None:
    assert TypedDay(None, 2, 29).from_on(TODAY) == "2028-02-29"
    assert TypedDay(None, 2, 29).from_on("2096-03-01") == "2104-02-29", "2100 has none"
    assert TypedDay(None, 2, 29).until_on(TODAY) == "2024-02-29"
    assert TypedDay(None, 11, 28).until_on(TODAY) == TypedDay(None, 11, 28).from_on(TODAY) == TODAY
    assert TypedDay(2026, 2, 29).until_on(TODAY) is None
    assert TypedDay(2027, 3, 1).until_on(TODAY) == "2027-03-01"
    assert read_day("24 foo") is None
    assert read_iso("2026-12-24") == "2026-12-24"
    assert read_iso("2026-1-2") is None
