"""An ICS text is cut to what matters; what else stands in it costs and breaks nothing."""

from __future__ import annotations

import time

import pytest

from bot.feeds.cutting import Torn, cut
from bot.feeds.facts import MOST_BYTES, NotACalendar
from bot.feeds.ics import read
from tests.feeds.ics_text import FROM, TO, ZONE, calendar, reading, starts

ONE = "DTSTART;TZID=Europe/Berlin:20261102T150000\nDURATION:PT50M"
WEEKLY = "DTSTART;TZID=Europe/Berlin:20261019T150000\nDURATION:PT50M\nRRULE:FREQ=WEEKLY;COUNT=4"
NEVER = "UID:2\nDTSTART;TZID=Europe/Berlin:{}T150000\nDURATION:PT50M"


def test_what_is_over_or_far_off_is_left_out_and_series_are_not() -> None:
    (found,) = cut(
        calendar(ONE, NEVER.format("20240101"), NEVER.format("20280101"), "UID:3\nDTSTART:soon",
                 WEEKLY.replace("20261019", "20200106")),
        "20260930", "20270103",
    )  # fmt: skip
    assert [block.line for block in found.events] == [4, 19, 23]


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Pacific/Kiritimati", "20261001T120000"), ("Pacific/Pago_Pago", "20260930T110000"),
        ("Europe/Berlin", "20261001T000000"), ("Europe/Berlin", "20261231T235900"),
        ("Pacific/Kiritimati", "20270101T125900"), ("Pacific/Pago_Pago", "20261231T115900"),
    ],
)  # fmt: skip
def test_what_starts_on_the_first_or_last_day_is_read(zone: str, start: str) -> None:
    found = reading(f"DTSTART;TZID={zone}:{start}\nDURATION:PT50M")
    assert len(found.events) == 1


def test_an_event_that_shares_its_id_with_a_series_stays_with_it() -> None:
    far = ONE.replace("20261102", "20200101")
    (found,) = cut(calendar(WEEKLY, far), "20260930", "20270103")
    assert len(found.events) == 2


@pytest.mark.parametrize(
    "block",
    [
        "BEGIN:VTODO\nDUE:never\nDTSTART:x\nEND:VTODO\n",
        "BEGIN:VJOURNAL\nDTSTART:x\nSUMMARY\nEND:VJOURNAL\n",
        "BEGIN:VFREEBUSY\nFREEBUSY:x/y\nDTSTAMP:x\nEND:VFREEBUSY\n",
        "BEGIN:X-OWN\nBEGIN:VEVENT\nDTSTART:20261103T150000\nEND:VEVENT\nEND:X-OWN\n",
        "REFRESH-INTERVAL;VALUE=DURATION:often\nLAST-MODIFIED:x\nCOLOR;=:\n",
        "begin:vtodo\ndue:never\nend:vtodo\n",
    ],
)
def test_what_else_a_calendar_holds_breaks_nothing(block: str) -> None:
    found = reading(ONE, head=block)
    assert starts(found) == ["11-02 15:00"]
    assert found.troubles == ()


@pytest.mark.parametrize(
    "lines",
    [
        "BEGIN:VALARM\nTRIGGER:soon\nDURATION:x\nDTSTART:x\nRRULE:x\nEND:VALARM",
        "DESCRIPTION:one\n  BEGIN:VEVENT\n \n  END:VEVENT",
        "ATTACH;VALUE=BINARY:x\nGEO:here\nX-ALT-DESC;FMTTYPE=text/html:<a\nCREATED:x",
        "EXDATE:\nRDATE:\nEXDATE;TZID=Europe/Berlin:",
        "rubbish",
        'ATTENDEE;CN=a"b:mailto:x\nCATEGORIES;=:x',
    ],
)
def test_what_else_an_event_holds_breaks_nothing(lines: str) -> None:
    found = reading(f"{WEEKLY}\n{lines}")
    assert starts(found) == ["10-19 15:00", "10-26 15:00", "11-02 15:00", "11-09 15:00"]
    assert found.troubles == ()


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("RRULE;FREQ=WEEKLY", "bad_rule"),
        ("RRULE;=:FREQ=WEEKLY", "bad_rule"),
        ('EXDATE;TZID="x:20261109T150000', "bad_rule"),
        ("RDATE;=:20261109T150000", "bad_rule"),
        ("RECURRENCE-ID;=:20261109T150000", "bad_event"),
        ("DTEND;=:20261109T150000", "bad_event"),
    ],
)
def test_a_line_that_is_there_and_cannot_be_read_is_not_overlooked(line: str, kind: str) -> None:
    # Read as one date, a series would lose all its others.
    found = reading(f"{ONE}\n{line}", NEVER.format("20261103"))
    assert starts(found) == ["11-03 15:00"]
    assert [trouble.kind for trouble in found.troubles] == [kind]
    assert found.left_out == {"1"}


def test_a_zone_is_known_wherever_it_is_defined() -> None:
    zone = (
        "BEGIN:VTIMEZONE\nTZID:Own\nBEGIN:STANDARD\nDTSTART:20001029T030000\n"
        "TZOFFSETFROM:-0500\nTZOFFSETTO:-0500\nEND:STANDARD\nEND:VTIMEZONE\nEND:VCALENDAR"
    )
    body = calendar(ONE.replace("Europe/Berlin", "Own")).replace(
        b"END:VCALENDAR", zone.replace("\n", "\r\n").encode()
    )
    found = read(body, zone=ZONE, from_at=FROM, to_at=TO)
    assert starts(found) == ["11-02 21:00"]
    assert found.troubles == ()


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n\r\n"])
def test_lines_end_in_each_way(end: bytes) -> None:
    body = calendar(WEEKLY, "UID:2\nSUMMARY:a\n b\nDTSTART:x").replace(b"\r\n", end)
    found = read(body, zone=ZONE, from_at=FROM, to_at=TO)
    assert len(starts(found)) == 4
    (trouble,) = found.troubles
    assert body.split(b"\n" if end != b"\r" else b"\r")[trouble.line - 1].strip() == b"BEGIN:VEVENT"


WHOLE = calendar(ONE)


@pytest.mark.parametrize(
    "body",
    [
        WHOLE.replace(b"END:VEVENT\r\n", b""),
        WHOLE.replace(b"END:VEVENT", b"END:VTODO"),
        WHOLE.replace(b"END:VEVENT", b"END:VEVENT\r\nEND:VEVENT"),
        WHOLE.replace(b"BEGIN:VEVENT\r\n", b""),
        WHOLE.replace(b"END:VCALENDAR", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR"),
        WHOLE + b"UID:3\r\n" + WHOLE,
        WHOLE + b"BEGIN:VEVENT\r\nEND:VEVENT\r\n" + WHOLE,
        WHOLE.replace(b"VERSION:2.0", b"<html>"),
    ],
)
def test_what_is_torn_is_no_calendar(body: bytes) -> None:
    with pytest.raises(NotACalendar) as refused:
        read(body, zone=ZONE, from_at=FROM, to_at=TO)
    assert refused.value.why == "unreadable"


def test_a_text_of_one_folded_line_or_of_many_blocks_takes_no_time() -> None:
    room = MOST_BYTES // 4
    bodies = [
        calendar(f"{ONE}\nSUMMARY:x" + "\n x" * (room // 4)),
        calendar(f"{ONE}\n" + "BEGIN:VALARM\nEND:VALARM\n" * (room // 27)),
        calendar(f"{ONE}\n" + "X:y\n" * (room // 5)),
        calendar(ONE, head="BEGIN:X\nEND:X\n" * (room // 17)),
    ]
    for body in bodies:
        begun = time.process_time()
        assert starts(read(body, zone=ZONE, from_at=FROM, to_at=TO)) == ["11-02 15:00"]
        assert time.process_time() - begun < 4


def test_blocks_that_begin_without_end_are_torn() -> None:
    body = b"BEGIN:VCALENDAR\n" + b"BEGIN:X\n" * 100_000
    begun = time.process_time()
    with pytest.raises(Torn):
        cut(body, "20260930", "20270103")
    assert time.process_time() - begun < 5
