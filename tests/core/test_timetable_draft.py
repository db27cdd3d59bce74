"""What a therapist types and what a button carries: read strictly, refused kindly."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.draft import Draft, check_start, pack, parse_line, parse_move, unpack
from bot.core.errors import Refused
from bot.core.timetable import Rule, day_after, to_utc

ZONE = "Europe/Berlin"
NOW = to_utc("2026-11-24", "10:00", ZONE)
ARABIC_DIGITS = str.maketrans("0123456789", "".join(chr(0x660 + digit) for digit in range(10)))
WORDS = (
    *("A7", "2026-12-01", "15:00", "50m", "weekly", "2026-02-30", "2020-01-01", "24:00", "9m"),
    *("\u2075\u2070", "x", "1.1.1", "15:00".translate(ARABIC_DIGITS), "1.12.2026", "min"),
)
A_LINE = "A7 2026-12-01 15:00 50m weekly"


def read(text: str) -> tuple[str, Draft]:
    return parse_line(text, NOW, ZONE)


def refusal(text: str) -> Refused:
    with pytest.raises(Refused) as refused:
        read(text)
    return refused.value


@pytest.mark.parametrize(
    "line",
    [
        A_LINE,
        "  a7   2026-12-01 15:00 50 weekly ",
        "A7 1.12.2026 15:00 50min wöchentlich",
        "A7 01.12.2026 15:00 50 min woechentlich",
        "A7 2026-12-1 15:00 WEEKLY",
        "A7 weekly 50m 15:00 2026-12-01",
        "A7 2026-12-01 15:00 wo\u0308chentlich",
        "A7 2026-12-01 15:00 50 Minuten weekly",
    ],
)
def test_one_appointment_pattern_may_be_typed_in_many_ways(line: str) -> None:
    assert read(line) == ("A7", Draft("2026-12-01", "15:00", 50, "weekly"))


@pytest.mark.parametrize(
    ("word", "repeats"),
    [
        ("once", "once"),
        ("einmal", "once"),
        ("einmalig", "once"),
        ("fortnightly", "fortnightly"),
        ("14-tägig", "fortnightly"),
        ("14-taegig", "fortnightly"),
        ("zweiwöchentlich", "fortnightly"),
        ("zweiwoechentlich", "fortnightly"),
    ],
)
def test_how_often(word: str, repeats: str) -> None:
    assert read(f"A7 2026-12-01 9:05 75m {word}")[1] == Draft("2026-12-01", "09:05", 75, repeats)


@pytest.mark.parametrize(
    ("line", "reason", "facts", "understood"),
    [
        ("", "schedule_missing", {"missing": ("code", "date", "time", "repeats")}, ""),
        ("A7", "schedule_missing", {"missing": ("date", "time", "repeats")}, "A7"),
        (
            "2026-12-01 15:00 weekly",
            "schedule_missing",
            {"missing": ("code",)},
            "2026-12-01 15:00 weekly",
        ),
        (
            "A7 2026-12-01 weekly",
            "schedule_missing",
            {"missing": ("time",)},
            "A7 2026-12-01 weekly",
        ),
        (
            "A7 2026-12-01 15:00",
            "schedule_missing",
            {"missing": ("repeats",)},
            "A7 2026-12-01 15:00",
        ),
        (
            "A_7! 2026-12-01 15:00 weekly",
            "schedule_code",
            {"word": "a_7!"},
            "2026-12-01 15:00 weekly",
        ),
        ("A7 2026-02-30 15:00 weekly", "schedule_date", {"word": "2026-02-30"}, "A7 15:00 weekly"),
        ("A7 12/01/2026 15:00 weekly", "schedule_date", {"word": "12/01/2026"}, "A7 15:00 weekly"),
        ("A7 1.12. 15:00 weekly", "schedule_date", {"word": "1.12."}, "A7 15:00 weekly"),
        ("A7 0000-01-01 15:00 once", "schedule_date", {"word": "0000-01-01"}, "A7 15:00 once"),
        ("A7 2026-12-01 24:00 once", "schedule_time", {"word": "24:00"}, "A7 2026-12-01 once"),
        ("A7 2026-12-01 3:00pm once", "schedule_time", {"word": "3:00pm"}, "A7 2026-12-01 once"),
        (
            "A7 2026-12-01 15:00 14m once",
            "schedule_length",
            {"word": "14m", "shortest": 15, "longest": 180},
            "A7 2026-12-01 15:00 once",
        ),
        (
            "A7 2026-12-01 15:00 181 once",
            "schedule_length",
            {"longest": 180},
            "A7 2026-12-01 15:00 once",
        ),
        ("A7 tomorrow 15:00 once", "schedule_word", {"word": "tomorrow"}, "A7 15:00 once"),
        ("A7 2026-12-01 1500 once", "schedule_word", {"word": "1500"}, "A7 2026-12-01 once"),
        (
            "A7 2026-12-01 15:00 biweekly",
            "schedule_word",
            {"word": "biweekly"},
            "A7 2026-12-01 15:00",
        ),
        ("weekly A7 2026-12-01 15:00", "schedule_order", {}, "A7 2026-12-01 15:00 weekly"),
        ("15.00 A7 2026-12-01 weekly", "schedule_order", {}, "A7 2026-12-01 15:00 weekly"),
        ("A7 1.12 15:00 weekly", "schedule_date", {"word": "1.12"}, "A7 01:12 weekly"),
        ("A7 15.70 2026-12-01 once", "schedule_time", {"word": "15.70"}, "A7 2026-12-01 once"),
        ("24:00 2026-12-01 weekly", "schedule_time", {"word": "24:00"}, "2026-12-01 weekly"),
        ("3:00pm 2026-12-01 weekly", "schedule_time", {"word": "3:00pm"}, "2026-12-01 weekly"),
        (
            "A7 1.12.2026 2.12.2026 15:00 once",
            "schedule_twice",
            {"part": "date", "word": "2.12.2026"},
            "A7 2026-12-01 15:00 once",
        ),
        (
            "A7 2026-12-01 15:00 16:00 once",
            "schedule_twice",
            {"part": "time", "word": "16:00"},
            "A7 2026-12-01 15:00 once",
        ),
        (
            "A7 2026-12-01 2026-12-02 15:00 once",
            "schedule_twice",
            {"part": "date", "word": "2026-12-02"},
            "A7 2026-12-01 15:00 once",
        ),
        (
            "A7 2026-11-23 15:00 weekly",
            "schedule_past",
            {"hours": 12, "on": "2026-11-23", "time": "15:00"},
            "A7 2026-11-23 15:00 weekly",
        ),
        ("A7 2062-12-01 15:00 weekly", "schedule_far", {"days": 366}, "A7 2062-12-01 15:00 weekly"),
    ],
)
def test_a_line_that_is_not_right_is_refused_with_the_reason_and_what_was_understood(
    line: str, reason: str, facts: dict[str, object], understood: str
) -> None:
    refused = refusal(line)
    assert refused.reason == reason
    assert {name: refused.facts[name] for name in facts} == facts
    assert refused.facts["understood"] == understood


@pytest.mark.parametrize("on", ["2026-12-01", "1.12.2026", "01.12.2026", "1.12.26", "01.12.26"])
@pytest.mark.parametrize("at", ["15:00", "15.00"])
def test_dates_and_times_may_be_written_as_people_do(on: str, at: str) -> None:
    assert read(f"A7 {on} {at} 50m weekly") == read(A_LINE)


@given(
    st.lists(
        st.one_of(
            st.sampled_from(WORDS),
            st.text(max_size=8),
        ),
        max_size=6,
    ).map(" ".join)
)
def test_any_text_is_read_or_refused_and_the_example_given_is_always_right(text: str) -> None:
    try:
        code, draft = read(text)
    except Refused as refused:
        code, draft = read(str(refused.facts["example"]))
    assert unpack(pack(draft)) == draft
    assert code


def test_the_example_keeps_what_was_right() -> None:
    assert refusal("B2 2026-12-03 9am 75m fortnightly").facts["example"] == (
        "B2 2026-12-03 15:00 75m fortnightly"
    )
    assert refusal("B2 2026-11-01 09:00 once").facts["example"] == "B2 2026-12-01 09:00 50m once"
    assert refusal("").facts["example"] == A_LINE
    assert refusal("B2 2026-11-24 9am once").facts["example"] == "B2 2026-12-01 15:00 50m once"
    assert refusal("B2 2026-11-25 9am once").facts["example"] == "B2 2026-11-25 15:00 50m once"
    assert refusal("B2 2027-11-25 9am once").facts["example"] == "B2 2027-11-25 15:00 50m once"
    assert refusal("B2 2027-11-26 9am once").facts["example"] == "B2 2026-12-01 15:00 50m once"


def test_a_word_that_is_very_long_is_cut_in_the_refusal() -> None:
    assert refusal("A7 " + "x" * 4000).facts["word"] == "x" * 31 + "…"
    assert refusal("A7 " + "x" * 32).facts["word"] == "x" * 32


@pytest.mark.parametrize("minutes", [15, 180])
def test_the_shortest_and_the_longest_session(minutes: int) -> None:
    draft = Draft("2026-12-01", "15:00", minutes, "once")
    assert read(f"A7 2026-12-01 15:00 {minutes}m once") == ("A7", draft)
    assert unpack(pack(draft)) == draft


def test_a_session_just_held_may_be_entered_and_an_older_one_not() -> None:
    late = to_utc("2026-11-24", "03:00", ZONE)
    assert parse_line("A7 2026-11-23 15:00 once", late, ZONE)[1].local_on == "2026-11-23"
    with pytest.raises(Refused, match="schedule_past"):
        parse_line("A7 2026-11-23 15:00 once", late + 60_000, ZONE)


def test_past_and_far_are_judged_by_the_therapists_clock() -> None:
    far_on = day_after("2026-11-24", 366)
    assert read(f"A7 {far_on} 15:00 once")[1].local_on == far_on
    assert refusal(f"A7 {day_after(far_on)} 15:00 once").reason == "schedule_far"
    with pytest.raises(Refused, match="schedule_past"):
        parse_line("A7 2026-11-23 22:30 once", NOW, "Asia/Kathmandu")
    assert parse_line("A7 2026-11-23 22:30 once", NOW, ZONE)


def test_a_move_needs_a_date_and_a_time_and_keeps_its_length() -> None:
    assert parse_move("2.12.2026 16:00", NOW, ZONE, 75) == Draft("2026-12-02", "16:00", 75, "once")
    assert parse_move("16:00 2026-12-02 45m once", NOW, ZONE, 75).minutes == 45
    with pytest.raises(Refused) as refused:
        parse_move("2026-12-02", NOW, ZONE, 75)
    assert refused.value.reason == "schedule_missing"
    assert refused.value.facts["missing"] == ("time",)
    assert refused.value.facts["understood"] == "2026-12-02"
    with pytest.raises(Refused, match="schedule_missing") as refused:
        parse_move("16:00", NOW, ZONE, 75)
    assert refused.value.facts["missing"] == ("date",)
    with pytest.raises(Refused, match="schedule_word") as refused:
        parse_move("2026-12-02 16:00 weekly", NOW, ZONE, 75)
    assert refused.value.facts["word"] == "weekly"
    with pytest.raises(Refused, match="schedule_past"):
        parse_move("2026-11-20 16:00", NOW, ZONE, 75)


def test_a_draft_becomes_a_rule_or_one_appointment() -> None:
    _, weekly = read(A_LINE)
    assert weekly.rule(ZONE) == Rule(1, "15:00", 50, 1, "2026-12-01", ZONE)
    assert [o.local_on for o in weekly.preview(ZONE)] == ["2026-12-01", "2026-12-08", "2026-12-15"]
    _, other = read("A7 2026-12-01 15:00 fortnightly")
    assert [o.local_on for o in other.preview(ZONE)] == ["2026-12-01", "2026-12-15", "2026-12-29"]
    _, once = read("A7 2026-12-01 15:00 once")
    assert [o.starts_at for o in once.preview(ZONE)] == [to_utc("2026-12-01", "15:00", ZONE)]
    with pytest.raises(ValueError, match="no rule"):
        once.rule(ZONE)


drafts = st.builds(
    Draft,
    local_on=st.dates(date(1900, 1, 1), date(9000, 12, 31)).map(date.isoformat),
    local_time=st.times().map(lambda t: t.strftime("%H:%M")),
    minutes=st.integers(15, 180),
    repeats=st.sampled_from(("once", "weekly", "fortnightly")),
)


@given(drafts)
def test_a_draft_survives_the_way_through_a_button(draft: Draft) -> None:
    text = pack(draft)
    assert text.isascii()
    assert len(text) <= 24
    assert unpack(text) == draft


@pytest.mark.parametrize(
    "text",
    [
        "",
        "202612011500050",
        "202612011500050x",
        "202612011500050w ",
        "202612011500050w\n",
        "202602301500050w",
        "202612012400050w",
        "202612011560050w",
        "202612011500014w",
        "202612011500181w",
        "000012011500050w",
        "202612011500050w".translate(ARABIC_DIGITS),
        "-02612011500050w",
        "'; DROP TABLE--w",
    ],
)
def test_a_button_that_was_tampered_with_is_stale(text: str) -> None:
    with pytest.raises(Refused, match="stale_button"):
        unpack(text)


@given(st.text(alphabet="0123456789owf", max_size=20))
def test_whatever_a_button_says_it_is_a_sound_draft_or_stale(text: str) -> None:
    try:
        again = pack(unpack(text))
    except Refused as refused:
        again = text if refused.reason == "stale_button" else refused.reason
    assert again == text


def test_a_button_pressed_much_later_is_checked_against_the_present() -> None:
    draft = unpack("202612011500050w")
    check_start(draft, NOW, ZONE)
    with pytest.raises(Refused, match="schedule_past") as refused:
        check_start(draft, to_utc("2026-12-02", "03:01", ZONE), ZONE)
    assert refused.value.facts == {"hours": 12, "on": "2026-12-01", "time": "15:00"}
