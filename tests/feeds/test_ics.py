"""Each trap of calendars in the wild, one by one."""

from __future__ import annotations

import signal
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.core.timetable import to_utc
from bot.feeds.called_off import WORDS
from bot.feeds.facts import MOST_BYTES, NotACalendar, Trouble
from bot.feeds.ics import read
from tests.feeds.ics_text import FROM, TO, ZONE, calendar, reading, starts

WEEKLY = """DTSTART;TZID=Europe/Berlin:20261019T150000
DTEND;TZID=Europe/Berlin:20261019T155000
RRULE:FREQ=WEEKLY;COUNT=4"""
ONE = "DTSTART;TZID=Europe/Berlin:20261102T150000\nDTEND;TZID=Europe/Berlin:20261102T155000"


# Series


def test_a_weekly_session_stays_at_its_hour_when_the_clocks_change() -> None:
    found = reading(WEEKLY)
    assert starts(found) == ["10-19 15:00", "10-26 15:00", "11-02 15:00", "11-09 15:00"]
    assert {event.ends_at - event.starts_at for event in found.events} == {50 * 60_000}
    assert found.troubles == ()


@pytest.mark.parametrize(
    "line",
    [
        "EXDATE;TZID=Europe/Berlin:20261026T150000",
        "EXDATE:20261026T140000Z",
        "EXDATE;VALUE=DATE:20261026",
        "EXDATE;VALUE=DATE;TZID=Europe/Berlin:20261026",
        "EXDATE:20261026T150000",
        "EXDATE;TZID=Europe/Berlin:20261026T150000,20271026T150000",
        "EXDATE;TZID=Europe/Berlin:20261012T150000\nEXDATE;TZID=Europe/Berlin:20261026T150000",
        "EXDATE;TZID=W. Europe Standard Time:20261026T150000",
    ],
)
def test_a_date_taken_out_of_a_series_in_each_way(line: str) -> None:
    assert starts(reading(f"{WEEKLY}\n{line}")) == ["10-19 15:00", "11-02 15:00", "11-09 15:00"]


def test_a_date_added_to_a_series() -> None:
    found = reading(f"{WEEKLY}\nRDATE;TZID=Europe/Berlin:20261021T100000")
    assert starts(found)[:2] == ["10-19 15:00", "10-21 10:00"]


@pytest.mark.parametrize(
    "until", ["20261109", "20261109T150000", "20261109T140000Z", "20261109T235959Z"]
)
def test_the_last_session_of_a_series_is_not_lost(until: str) -> None:
    series = WEEKLY.replace("COUNT=4", f"UNTIL={until}")
    assert starts(reading(series))[-1] == "11-09 15:00"


def test_a_moved_occurrence_is_known_by_where_it_was() -> None:
    moved = """RECURRENCE-ID;TZID=Europe/Berlin:20261026T150000
DTSTART;TZID=Europe/Berlin:20261027T170000
DTEND;TZID=Europe/Berlin:20261027T175000"""
    before, after = reading(WEEKLY), reading(WEEKLY, moved)
    assert starts(after) == ["10-19 15:00", "10-27 17:00", "11-02 15:00", "11-09 15:00"]
    assert [e.recurrence for e in after.events] == [e.recurrence for e in before.events]


def test_a_date_of_a_series_that_is_named_without_its_hour_is_that_of_its_day() -> None:
    first = "RECURRENCE-ID;VALUE=DATE:20261026"
    moved = """DTSTART;TZID=Europe/Berlin:20261027T170000
DTEND;TZID=Europe/Berlin:20261027T175000"""
    found = reading(WEEKLY, f"{first}\n{moved}")
    assert starts(found) == ["10-19 15:00", "10-27 17:00", "11-02 15:00", "11-09 15:00"]
    assert [e.recurrence for e in found.events] == [e.recurrence for e in reading(WEEKLY).events]
    gone = reading(WEEKLY, f"{first}\n{ONE}\nSTATUS:CANCELLED")
    assert starts(gone) == ["10-19 15:00", "11-02 15:00", "11-09 15:00"]
    days = reading("DTSTART;VALUE=DATE:20261019\nRRULE:FREQ=WEEKLY;COUNT=2", f"{first}\n{moved}")
    assert starts(days) == ["10-27 17:00"]


def test_a_series_with_a_rule_of_what_it_leaves_out_is_left_out_and_named() -> None:
    found = reading(f"{WEEKLY}\nEXRULE:FREQ=WEEKLY;INTERVAL=2", f"UID:2\n{ONE}")
    assert starts(found) == ["11-02 15:00"]
    assert [(one.kind, one.line) for one in found.troubles] == [("bad_rule", 4)]


def test_from_one_date_on_everything_is_later() -> None:
    later = """RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20261026T150000
DTSTART;TZID=Europe/Berlin:20261027T170000
DTEND;TZID=Europe/Berlin:20261027T175000"""
    found = reading(WEEKLY, later)
    assert starts(found) == ["10-19 15:00", "10-27 17:00", "11-03 17:00", "11-10 17:00"]
    keys = {(event.uid, event.recurrence, event.starts_at) for event in found.events}
    assert len(keys) == 4


def test_an_exception_does_not_repeat_what_its_series_says() -> None:
    series = f"{WEEKLY}\nCATEGORIES:client:A7\nATTENDEE:mailto:Anna@example.org\nX-CLIENT-CODE:A7"
    moved = """RECURRENCE-ID;TZID=Europe/Berlin:20261026T150000
DTSTART;TZID=Europe/Berlin:20261027T170000
DTEND;TZID=Europe/Berlin:20261027T175000"""
    for event in reading(series, moved).events:
        assert event.categories == ("client:A7",)
        assert event.attendees == ("anna@example.org",)
        assert event.client_code == "A7"


def test_an_exception_without_its_series_is_an_appointment() -> None:
    found = reading(f"RECURRENCE-ID;TZID=Europe/Berlin:20261026T150000\n{ONE}")
    assert starts(found) == ["11-02 15:00"]
    assert found.events[0].recurrence == str(to_utc("2026-10-26", "15:00", ZONE))


def test_events_that_share_an_id_and_are_no_series_are_each_one() -> None:
    other = ONE.replace("1102", "1103")
    assert starts(reading(ONE, other)) == ["11-02 15:00", "11-03 15:00"]


OTHER = ONE.replace("1102", "1104")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (WEEKLY, f"{OTHER}\nRRULE:FREQ=WEEKLY", "10-19 10-26 11-02 11-09"),
        (WEEKLY, OTHER, "10-19 10-26 11-02 11-09"),
        (ONE, f"{ONE}\nCATEGORIES:client:B2", "11-02"),
    ],
)
def test_what_has_the_id_of_something_else_is_left_out_and_named(
    first: str, second: str, expected: str
) -> None:
    found = reading(f"{first}\nCATEGORIES:client:A7", second)
    assert starts(found) == [f"{day} 15:00" for day in expected.split()]
    assert {event.categories for event in found.events} == {("client:A7",)}
    (trouble,) = found.troubles
    day = "11-02" if first == ONE else "11-04"
    assert (trouble.kind, trouble.about) == ("twice", f"2026-{day} 15:00")
    assert trouble.line == 4 + len(first.splitlines()) + 4
    assert found.left_out == {"1"}, "what is missing under it may be the other"


def test_what_stands_there_twice_or_in_an_older_version_is_nothing_wrong() -> None:
    for again in (WEEKLY, ONE):
        assert reading(again, again).troubles == ()
    newer = f"{WEEKLY.replace('T15', 'T16')}\nSEQUENCE:2"
    found = reading(WEEKLY, newer)
    assert starts(found) == ["10-19 16:00", "10-26 16:00", "11-02 16:00", "11-09 16:00"]
    assert found.troubles == ()
    shorter = reading(f"{OTHER}\nSEQUENCE:1", OTHER.replace("T1550", "T1530"))
    assert [one.ends_at - one.starts_at for one in shorter.events] == [50 * 60_000]
    assert shorter.troubles == ()


def test_an_event_without_an_id_is_known_again() -> None:
    data = calendar(ONE).replace(b"UID:1\r\n", b"")
    first, again = (read(data, zone=ZONE, from_at=FROM, to_at=TO).events[0] for _ in "12")
    assert first.uid == again.uid != ""


# Zones


def test_times_without_a_zone_take_the_calendars_or_else_the_practices() -> None:
    floating = "DTSTART:20261102T150000\nDURATION:PT50M"
    assert starts(reading(floating)) == ["11-02 15:00"]
    head = "X-WR-TIMEZONE:America/New_York\n"
    assert starts(reading(floating, head=head)) == ["11-02 21:00"]
    assert starts(reading(floating, zone="Asia/Tokyo")) == ["11-02 07:00"]


@pytest.mark.parametrize("name", ["Eastern Standard Time", "Own"])
def test_the_calendars_zone_may_be_named_as_in_windows_or_defined_by_itself(name: str) -> None:
    standard = "DTSTART:20001029T030000\nTZOFFSETFROM:-0500\nTZOFFSETTO:-0500"
    own = f"BEGIN:VTIMEZONE\nTZID:Own\nBEGIN:STANDARD\n{standard}\nEND:STANDARD\nEND:VTIMEZONE\n"
    found = reading("DTSTART:20261102T150000\nDURATION:PT50M", head=f"X-WR-TIMEZONE:{name}\n{own}")
    assert starts(found) == ["11-02 21:00"]
    assert found.troubles == ()


def test_the_calendars_zone_is_told_where_nobody_knows_it_and_it_counts() -> None:
    head = "X-WR-TIMEZONE:Mars/Olympus\n"
    assert reading(ONE, head=head).troubles == ()
    floating = reading(ONE, "UID:2\nDTSTART:20261103T150000\nDURATION:PT50M", head=head)
    assert starts(floating) == ["11-02 15:00", "11-03 15:00"]
    assert floating.troubles == (Trouble("zone", "2026-11-03 15:00", "Mars/Olympus", 10),)
    utc = reading(IN_UTC, head=head)
    assert [(one.kind, one.name) for one in utc.troubles] == [("zone", "Mars/Olympus")]


def test_a_zone_nobody_knows_is_the_practices_and_is_told() -> None:
    found = reading("DTSTART;TZID=Mars/Olympus:20261102T150000\nDURATION:PT50M")
    assert starts(found) == ["11-02 15:00"]
    assert found.troubles == (Trouble("zone", "2026-11-02 15:00", "Mars/Olympus", 4),)


@pytest.mark.parametrize(
    "name", ["Europe", "America/", "x" * 500, "../../../etc/passwd", "/etc/passwd", "Europe/\u00ff"]
)
def test_what_is_no_name_of_a_zone_costs_one_event_and_no_calendar(name: str) -> None:
    odd = f"UID:2\nDTSTART;TZID={name}:20261103T150000\nDURATION:PT50M"
    found = reading(ONE, odd, head=f"X-WR-TIMEZONE:{name}\n")
    assert starts(found) == ["11-02 15:00", "11-03 15:00"]
    assert [trouble.name for trouble in found.troubles] == [name]


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "BEGIN:STANDARD\nEND:STANDARD\n",
        "BEGIN:STANDARD\nDTSTART:20001029T030000\nTZOFFSETTO:+0100\nEND:STANDARD\n",
        "BEGIN:STANDARD\nDTSTART:x\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nEND:STANDARD\n",
        "BEGIN:STANDARD\nDTSTART:20001029T030000\nRRULE:FREQ=X\nTZOFFSETFROM:+0200\n"
        "TZOFFSETTO:+0100\nEND:STANDARD\n",
        "BEGIN:STANDARD\nDTSTART:20001029T030000\nTZOFFSETFROM:x\nTZOFFSETTO:y\nEND:STANDARD\n",
    ],
)
def test_a_zone_that_is_defined_wrongly_is_one_that_nobody_knows(lines: str) -> None:
    head = f"BEGIN:VTIMEZONE\nTZID:Practice\n{lines}END:VTIMEZONE\n"
    found = reading(ONE.replace("Europe/Berlin", "Practice"), head=head)
    assert starts(found) == ["11-02 15:00"]
    assert [trouble.name for trouble in found.troubles] == ["Practice"]


def test_a_zone_of_one_calendar_is_none_of_the_next() -> None:
    standard = "DTSTART:20001029T030000\nTZOFFSETFROM:-0500\nTZOFFSETTO:-0500"
    head = f"BEGIN:VTIMEZONE\nTZID:Own\nBEGIN:STANDARD\n{standard}\nEND:STANDARD\nEND:VTIMEZONE\n"
    session = ONE.replace("Europe/Berlin", "Own")
    assert starts(reading(session, head=head)) == ["11-02 21:00"]
    assert starts(reading(session)) == ["11-02 15:00"]


def test_a_zone_is_told_once_by_its_first_event() -> None:
    events = [f"UID:{n}\nDTSTART;TZID=Mars:2026110{n}T150000\nDURATION:PT50M" for n in (2, 3)]
    assert reading(*events).troubles == (Trouble("zone", "2026-11-02 15:00", "Mars", 4),)


def test_windows_names_of_zones_are_known() -> None:
    found = reading("DTSTART;TZID=W. Europe Standard Time:20261102T150000\nDURATION:PT50M")
    assert starts(found) == ["11-02 15:00"]
    assert found.troubles == ()


def test_a_series_written_in_utc_stays_at_its_hour_in_the_calendars_zone() -> None:
    utc = "DTSTART:20261019T130000Z\nDTEND:20261019T135000Z\nRRULE:FREQ=WEEKLY;COUNT=3"
    head = f"X-WR-TIMEZONE:{ZONE}\n"
    assert starts(reading(utc, head=head)) == ["10-19 15:00", "10-26 15:00", "11-02 15:00"]
    assert starts(reading(utc)) == ["10-19 15:00", "10-26 14:00", "11-02 14:00"]


IN_UTC = "DTSTART:20261019T130000Z\nDTEND:20261019T135000Z\nRRULE:FREQ=WEEKLY"


@pytest.mark.parametrize("hour", ["13", "14"])
def test_a_date_of_such_a_series_is_named_by_its_instant_or_by_the_hour_of_all(hour: str) -> None:
    head, series = f"X-WR-TIMEZONE:{ZONE}\n", f"{IN_UTC};COUNT=3"
    without = reading(f"{series}\nEXDATE:20261026T{hour}0000Z", head=head)
    assert starts(without) == ["10-19 15:00", "11-02 15:00"]
    first = f"RECURRENCE-ID:20261026T{hour}0000Z"
    moved = f"{first}\nDTSTART:20261027T090000Z\nDTEND:20261027T095000Z"
    found = reading(series, moved, head=head)
    assert starts(found) == ["10-19 15:00", "10-27 10:00", "11-02 15:00"]
    assert found.events[1].recurrence == str(to_utc("2026-10-26", "15:00", ZONE))
    there = f"DTSTART:20261026T{hour}0000Z\nDTEND:20261026T{hour}5000Z"
    found = reading(series, f"{first}\n{there}\nSUMMARY:x", head=head)
    assert starts(found) == ["10-19 15:00", "10-26 15:00", "11-02 15:00"]
    assert {one.ends_at - one.starts_at for one in found.events} == {50 * 60_000}
    cancelled = reading(series, f"{first}\n{there}\nSTATUS:CANCELLED", head=head)
    assert starts(cancelled) == ["10-19 15:00", "11-02 15:00"]
    last = reading(f"{IN_UTC};UNTIL=20261026T{hour}0000Z", head=head)
    assert starts(last) == ["10-19 15:00", "10-26 15:00"]


@pytest.mark.parametrize("day", ["WE", "TU"])
def test_the_weekdays_of_such_a_series_are_those_that_its_start_is_of(day: str) -> None:
    # Tuesdays at 17:00 in Los Angeles, where it is Wednesday in UTC.
    series = f"DTSTART:20261014T000000Z\nDURATION:PT50M\nRRULE:FREQ=WEEKLY;BYDAY={day};COUNT=4"
    found = reading(series, head="X-WR-TIMEZONE:America/Los_Angeles\n")
    tuesdays = ["10-13 17:00", "10-20 17:00", "10-27 17:00", "11-03 17:00"]
    assert starts(found, "America/Los_Angeles") == tuesdays


def test_the_days_of_the_month_of_such_a_series_are_those_that_its_start_is_of() -> None:
    series = "DTSTART:20261014T000000Z\nDURATION:PT50M\nRRULE:FREQ=MONTHLY;COUNT=2;BYMONTHDAY="
    for day in ("13", "14"):
        found = reading(f"{series}{day}", head="X-WR-TIMEZONE:America/Los_Angeles\n")
        assert starts(found, "America/Los_Angeles") == ["10-13 17:00", "11-13 17:00"]


def test_a_zone_that_the_calendar_defines_itself() -> None:
    own = """BEGIN:VTIMEZONE
TZID:Practice
BEGIN:STANDARD
DTSTART:20001029T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20000326T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
"""
    series = WEEKLY.replace("Europe/Berlin", "Practice")
    found = reading(series, head=own)
    assert starts(found) == ["10-19 15:00", "10-26 15:00", "11-02 15:00", "11-09 15:00"]
    assert found.troubles == ()


# What is no appointment


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (f"{ONE}\nSTATUS:CANCELLED", "cancelled"),
        (f"{ONE}\nSTATUS:CONFIRMED\nSUMMARY:Canceled: A7", "cancelled"),
        (f"{ONE}\nSUMMARY:Abgesagt: A7", "cancelled"),
        (f"{ONE}\nSUMMARY:Annulé : A7", "cancelled"),
        (f"{ONE}\nTRANSP:TRANSPARENT", "free"),
        (f"{ONE}\nX-MICROSOFT-CDO-BUSYSTATUS:FREE", "free"),
        ("DTSTART;VALUE=DATE:20261102\nDTEND;VALUE=DATE:20261103", "all_day"),
        ("DTSTART;TZID=Europe/Berlin:20261102T150000\nDURATION:PT14M", "too_short"),
        ("DTSTART;TZID=Europe/Berlin:20261102T150000", "too_short"),
        ("DTSTART;TZID=Europe/Berlin:20261102T150000\nDURATION:PT181M", "too_long"),
        (ONE.replace("155000", "140000"), "too_short"),
    ],
)
def test_what_is_no_appointment_says_why(lines: str, why: str) -> None:
    (event,) = reading(lines).events
    assert event.skipped == why


def _said(title: str) -> str | None:
    (event,) = reading(f"{ONE}\nSTATUS:CONFIRMED\nSUMMARY:{title}").events
    return event.skipped


@pytest.mark.parametrize("word", WORDS)
def test_each_language_s_word_for_called_off_is_known(word: str) -> None:
    apart = [f"{word}: A7", f"  {word.capitalize()}: A7", f"{word} - A7", f"[{word}] A7", word]
    spelt = [unicodedata.normalize("NFD", f"{word}: A7"), f"{word}\u00a0: A7", f"{word.upper()} A7"]
    assert [one for one in apart + spelt if _said(one) != "cancelled"] == []
    inside = [f"A7 {word}: no", f"A7 ({word})", f"{word}x: A7"]
    assert [one for one in inside if _said(one) is not None] == [], "only before the title"


@pytest.mark.parametrize("title", ["Cancelled talk with A7", "Cancelled-at-home", "Storniert es?"])
def test_such_a_word_that_begins_a_title_is_one_of_it(title: str) -> None:
    assert _said(title) is None


@pytest.mark.parametrize("minutes", [15, 50, 180])
def test_lengths_that_are_appointments(minutes: int) -> None:
    found = reading(f"DTSTART;TZID=Europe/Berlin:20261102T150000\nDURATION:PT{minutes}M")
    assert starts(found) == ["11-02 15:00"]


def test_a_cancelled_occurrence_and_a_cancelled_series() -> None:
    gone = f"RECURRENCE-ID;TZID=Europe/Berlin:20261026T150000\n{ONE}\nSTATUS:CANCELLED"
    assert starts(reading(WEEKLY, gone)) == ["10-19 15:00", "11-02 15:00", "11-09 15:00"]
    assert starts(reading(f"{WEEKLY}\nSTATUS:CANCELLED")) == []


# What is wrong


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        ("FREQ=SECONDLY", "too_often"),
        ("FREQ=MINUTELY;INTERVAL=5", "too_often"),
        ("FREQ=HOURLY;UNTIL=20271231T000000Z", "too_often"),
        ("FREQ=DAILY;BYHOUR=1,2,3", "too_often"),
        ("FREQ=DAILY;BYMINUTE=1,2,3,4,5", "too_often"),
        ("FREQ=DAILY;BYSECOND=1,2", "too_often"),
        ("FREQ=WEEKLY;BYDAY=XX", "bad_rule"),
        ("FREQ=WEEKLY;INTERVAL=0", "bad_rule"),
        ("FREQ=SOMETIMES", "bad_rule"),
        ("INTERVAL=2", "bad_rule"),
        ("nonsense", "bad_rule"),
    ],
)
def test_a_bad_series_is_named_and_the_rest_is_kept(rule: str, kind: str) -> None:
    bad = f"UID:2\nDTSTART;TZID=Europe/Berlin:20261101T090000\nDURATION:PT50M\nRRULE:{rule}"
    found = reading(WEEKLY, bad)
    assert len(starts(found)) == 4
    line = 4 + len(WEEKLY.strip().splitlines()) + 3
    assert found.troubles == (Trouble(kind, "2026-11-01 09:00", "2", line),)


@pytest.mark.parametrize(
    "series",
    [
        "DTSTART;TZID=Europe/Berlin:20261102T090000\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "DTSTART;TZID=Europe/Berlin:20261102T090000\nRRULE:FREQ=DAILY;BYMONTH=2;BYYEARDAY=1",
        "DTSTART;TZID=Europe/Berlin:00010105T090000\nRRULE:FREQ=DAILY",
    ],
)
def test_a_rule_that_is_reckoned_without_end_costs_no_calendar(series: str) -> None:
    begun = time.process_time()
    found = reading(WEEKLY, f"UID:2\n{series}\nDURATION:PT50M")
    assert time.process_time() - begun < 4
    assert len(starts(found)) == 4
    assert [(one.kind, one.name) for one in found.troubles] == [("bad_rule", "2")]
    assert found.left_out == {"2"}
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)


def test_many_such_rules_cost_no_calendar_together() -> None:
    series = "DTSTART;TZID=Europe/Berlin:20261102T090000\nDURATION:PT50M\nRRULE:FREQ="
    never = [
        f"UID:n{n}\n{series}{freq};BYMONTH=2;BYMONTHDAY=30"
        for n, freq in enumerate(("DAILY", "YEARLY") * 100)
    ]
    begun = time.process_time()
    found = reading(*never[:4], WEEKLY, *never[4:], f"UID:2\n{ONE}")
    assert time.process_time() - begun < 13
    assert len(starts(found)) >= 5, "what stands before and what is no series"
    assert "2" in {one.uid for one in found.events}
    assert found.left_out >= {"n0", "n198", "n199"}
    assert {one.name for one in found.troubles} == found.left_out


@pytest.mark.parametrize(
    "rule", ["FREQ=SECONDLY", "INTERVAL=1;FREQ=DAILY", "FREQ=YEARLY;BYSECOND=1,2", "BYMONTH=1"]
)
def test_a_zone_whose_clock_is_changed_without_end_is_told_by_its_line(rule: str) -> None:
    turn = f"DTSTART:19701025T030000\nRRULE:{rule}\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100"
    head = f"BEGIN:VTIMEZONE\nTZID:Own\nBEGIN:STANDARD\n{turn}\nEND:STANDARD\nEND:VTIMEZONE\n"
    begun = time.process_time()
    found = reading(ONE.replace("Europe/Berlin", "Own"), head=head)
    assert time.process_time() - begun < 2
    assert starts(found) == ["11-02 15:00"]
    assert found.troubles == (Trouble("zone_rule", "2026-11-02 15:00", "Own", 4),)


def test_in_another_thread_there_is_no_limit() -> None:
    with ThreadPoolExecutor(1) as threads:
        assert len(starts(threads.submit(reading, WEEKLY).result())) == 4


@pytest.mark.parametrize(
    "lines",
    [
        "DTSTART;TZID=Asia/Tokyo:00010101T000000\nRRULE:FREQ=WEEKLY;UNTIL=00010101",
        "DTSTART;TZID=America/New_York:99991231T235959\nRRULE:FREQ=YEARLY;UNTIL=99991231",
        "DTSTART;TZID=Europe/Berlin:20261102T150000\nDURATION:P9999999D",
    ],
)
def test_a_time_that_no_clock_can_show_costs_no_calendar(lines: str) -> None:
    found = reading(WEEKLY, f"UID:2\n{lines}")
    assert len(starts(found)) == 4
    assert found.left_out <= {"2"}


def test_an_end_without_a_zone_is_in_the_zone_of_the_series() -> None:
    weekly = "DTSTART;TZID=Europe/Berlin:20261102T150000\nDURATION:PT50M\nRRULE:FREQ=WEEKLY;UNTIL="
    assert starts(reading(f"{weekly}20261109T140000")) == ["11-02 15:00"]
    assert starts(reading(f"{weekly}20261109T150000")) == ["11-02 15:00", "11-09 15:00"]


def test_what_starts_at_the_end_is_not_read_any_more() -> None:
    single = "UID:{0}\nDTSTART:2026110{0}T140000Z\nDURATION:PT50M"
    body = calendar(*(single.format(day) for day in (2, 3, 4)))
    at = to_utc("2026-11-04", "15:00", ZONE)
    found = read(body, zone=ZONE, from_at=at - 86_400_000, to_at=at)
    assert starts(found) == ["11-03 15:00"]


def test_its_line_is_known_however_its_begin_is_written() -> None:
    folded = calendar("DESCRIPTION:x\n BEGIN:VEVENT\nUID:2\nDTSTART:x")
    (trouble,) = read(folded, zone=ZONE, from_at=FROM, to_at=TO).troubles
    assert trouble.line == 4
    strange = calendar("UID:2\nDTSTART:x").replace(b"BEGIN:VEVENT", b"BEGIN;X=1:VEVENT")
    (trouble,) = read(strange, zone=ZONE, from_at=FROM, to_at=TO).troubles
    assert trouble.line == 4


def test_its_line_is_that_of_the_file_whatever_stands_before() -> None:
    body = b"\xef\xbb\xbf\r\n" + calendar(WEEKLY) + calendar("UID:2\nDTSTART:x", head="X-A:b\n")
    found = read(body, zone=ZONE, from_at=FROM, to_at=TO)
    (trouble,) = found.troubles
    assert body.splitlines()[trouble.line - 1 :][:2] == [b"BEGIN:VEVENT", b"UID:2"]


@pytest.mark.parametrize(
    ("lines", "kind", "about"),
    [
        ("SUMMARY:x", "bad_event", "?"),
        ("DTSTART:tomorrow", "bad_event", "?"),
        ("DTSTART:20261101T090000\nDTEND:later", "bad_event", "2026-11-01 09:00"),
        ("DTSTART:20261101T090000\nEXDATE:never", "bad_rule", "2026-11-01 09:00"),
        ("DTSTART:20261101T090000\nRECURRENCE-ID:once", "bad_event", "2026-11-01 09:00"),
    ],
)
def test_an_event_without_its_times_is_named(lines: str, kind: str, about: str) -> None:
    found = reading(WEEKLY, f"UID:2\n{lines}")
    assert len(starts(found)) == 4
    line = 4 + len(WEEKLY.strip().splitlines()) + 3
    assert found.troubles == (Trouble(kind, about, "2", line),)


def test_other_lines_that_cannot_be_read_change_nothing() -> None:
    found = reading(f"{ONE}\nCREATED:once\nSEQUENCE:many\nCATEGORIES\nATTENDEE\nGEO:here")
    assert starts(found) == ["11-02 15:00"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n", "empty"),
        (b"<!DOCTYPE html><html><body>Sign in", "sign in"),
        (b'{"error": "no"}', "ends in .ics"),
        (calendar(ONE)[:-20], "did not arrive whole"),
        (b"BEGIN:VCALENDAR\r\nrubbish\r\nEND:VCALENDAR", "cannot be read"),
        (calendar(ONE) + b" " * MOST_BYTES, "more than 2 MiB"),
    ],
)
def test_what_is_no_calendar_is_told_in_a_sentence(data: bytes, words: str) -> None:
    with pytest.raises(NotACalendar, match=words):
        read(data, zone=ZONE, from_at=FROM, to_at=TO)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("rubbish\nEND:VCALENDAR", "line 2 is none of a calendar's"),
        (
            "BEGIN:VEVENT\nUID:1\nEND:VCALENDAR",
            "line 4 ends something else than the VEVENT that",
        ),
        ("BEGIN:X-Anna\nEND:VCALENDAR", "line 3 ends something else than the block that is open"),
        ("BEGIN:VEVENT\nBEGIN:VCALENDAR\nEND:VCALENDAR", "the end of its last VEVENT is missing"),
        ("END:VCALENDARBEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR", "line 3 stands outside of a"),
        ("END:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR", "line 3 begins a block outside"),
        ("BEGIN:X\n" * 8 + "END:VCALENDAR", "line 9 begins a block within too many others"),
    ],
)
def test_a_torn_calendar_says_in_which_line_and_what_helps(lines: str, says: str) -> None:
    with pytest.raises(NotACalendar) as refused:
        read(f"BEGIN:VCALENDAR\n{lines}".encode(), zone=ZONE, from_at=FROM, to_at=TO)
    assert str(refused.value).startswith("it cannot be read. Publish or export it again: ")
    assert says in str(refused.value)


def test_a_calendar_without_events_is_one() -> None:
    assert reading().events == ()


def test_two_calendars_in_one_text_are_both_read() -> None:
    data = calendar(ONE) + calendar("UID:2\n" + ONE.replace("1102", "1103"))
    found = read(data, zone=ZONE, from_at=FROM, to_at=TO)
    assert starts(found) == ["11-02 15:00", "11-03 15:00"]


def test_a_later_calendar_of_a_text_changes_what_an_earlier_one_has() -> None:
    moved = f"RECURRENCE-ID;TZID=Europe/Berlin:20261026T150000\n{OTHER}"
    found = read(calendar(WEEKLY) + calendar(moved), zone=ZONE, from_at=FROM, to_at=TO)
    assert starts(found) == ["10-19 15:00", "11-02 15:00", "11-04 15:00", "11-09 15:00"]


def test_what_a_calendar_of_cancellations_holds_is_cancelled() -> None:
    off = "METHOD:CANCEL\n"
    assert starts(reading(WEEKLY, f"UID:2\n{ONE}", head=off)) == []
    one = f"RECURRENCE-ID;TZID=Europe/Berlin:20261026T150000\n{ONE}"
    # It began before the days that are read, and without its rule is none of a series.
    old = WEEKLY.replace("20261019", "20260921").replace("COUNT=4", "COUNT=6")
    whole = old.partition("\nRRULE")[0]
    for said, expected in (
        (one, ["10-05 15:00", "10-12 15:00", "10-19 15:00"]),
        (whole, []),
        (f"UID:3\n{ONE}", ["10-05 15:00", "10-12 15:00", "10-19 15:00", "10-26 15:00"]),
    ):
        text = calendar(old) + calendar(said, head=off)
        found = read(text, zone=ZONE, from_at=FROM, to_at=TO)
        assert starts(found) == expected
        assert found.troubles == ()
    newer = calendar(f"{old}\nSEQUENCE:1") + calendar(whole, head=off)
    assert len(starts(read(newer, zone=ZONE, from_at=FROM, to_at=TO))) == 4


def test_what_somebody_wrote_stands_in_no_repr() -> None:
    (event,) = reading(
        f"{ONE}\nSUMMARY:marmot\nCATEGORIES:marmot\nATTENDEE:mailto:marmot@example.org"
        "\nX-CLIENT-CODE:marmot"
    ).events
    assert "marmot" not in repr(event)
