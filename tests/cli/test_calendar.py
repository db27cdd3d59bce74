"""`rapport calendar test`: what a calendar says, as a table and as JSON, and each way it fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import cli
from tests.feeds.ics_text import calendar
from tests.feeds.web import serving

WEEKLY = """DTSTART;TZID=Europe/Berlin:20261102T150000
DTEND;TZID=Europe/Berlin:20261102T155000
RRULE:FREQ=WEEKLY
CATEGORIES:client:A7"""
GONE = """UID:2
DTSTART;TZID=Europe/Berlin:20261103T170000
DTEND;TZID=Europe/Berlin:20261103T175000
SUMMARY:Canceled: meeting"""
OTHER = """UID:3
DTSTART;TZID=Europe/Berlin:20261104T170000
DTEND;TZID=Europe/Berlin:20261104T175000
SUMMARY:Session [B2]"""
BAD = """UID:4
DTSTART;TZID=Europe/Berlin:20261104T180000
DURATION:PT50M
RRULE:FREQ=HOURLY"""
BETWEEN = ("--from", "2026-11-01", "--to", "2026-11-09", "--zone", "Europe/Berlin")


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["calendar", "test", *words])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "practice.ics"
    path.write_bytes(calendar(WEEKLY, GONE, OTHER, BAD))
    return path


def test_a_file_as_a_table(file: Path) -> None:
    result = run(str(file), *BETWEEN)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "Mon 2026-11-02 15:00–15:50  A7       by tag",
        "Tue 2026-11-03 17:00–17:50  –        skipped: cancelled",
        "Wed 2026-11-04 17:00–17:50  –        nobody known",
        "Mon 2026-11-09 15:00–15:50  A7       by tag",
        "3 appointments, 2 with a code; 1 skipped",
    ]
    assert result.stderr == (
        "practice.ics: line 23, what begins 2026-11-04 18:00 repeats within a day and is left out:"
        " no therapy meets like that\n"
    )
    assert "meeting" not in result.output, "a title may be a name"


def test_a_file_as_json(file: Path) -> None:
    rows = json.loads(run(str(file), *BETWEEN, "--json").stdout)
    assert [set(row) for row in rows] == [{"start", "end", "code", "matched_by", "skipped"}] * 4
    assert rows[0] == {
        "start": "2026-11-02T15:00:00+01:00",
        "end": "2026-11-02T15:50:00+01:00",
        "code": "A7",
        "matched_by": "tag",
        "skipped": None,
    }
    assert rows[1]["skipped"] == "cancelled"
    assert (rows[2]["code"], rows[2]["matched_by"]) == (None, None)


def test_the_practice_has_its_own_rules(file: Path, config: Path) -> None:
    with config.open("a", encoding="utf-8") as more:
        more.write(
            "\n[calendar]\nsummary_pattern = '\\[(?P<code>\\w+)\\]'\nmatch = [\"summary\"]\n"
        )
    rows = json.loads(run(str(file), "--config", str(config), *BETWEEN[:4], "--json").stdout)
    assert [row["code"] for row in rows] == [None, None, "B2", None]
    assert rows[2]["matched_by"] == "summary"


async def test_an_address(config: Path) -> None:
    import asyncio

    with config.open("a", encoding="utf-8") as more:
        more.write("\n[calendar]\nprivate_addresses = true\n")
    async with serving() as site:
        site.pages["/secret/a.ics"] = calendar(WEEKLY)
        url = site.at("/secret/a.ics")
        result = await asyncio.to_thread(run, url, *BETWEEN, "--config", str(config))
        assert "2 appointments, 2 with a code; 0 skipped" in result.stdout
        site.pages.clear()
        result = await asyncio.to_thread(run, url, *BETWEEN, "--config", str(config))
    assert result.exit_code == 1
    assert "127.0.0.1 has no calendar there. Copy the address again (HTTP 404)" in result.stderr
    assert "secret" not in result.output


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("/no/such.ics",), 1, "/no/such.ics cannot be read: No such file or directory"),
        (("ftp://example.org/a",), 1, "no web address"),
        (("https://127.0.0.1/a",), 1, "calendar.private_addresses"),
        (("a.ics", "--from", "2026-11-09", "--to", "2026-11-02"), 2, "is before --from"),
        (("a.ics", "--zone", "Mars/Olympus"), 2, "is no time zone"),
        (("a.ics", "--from", "soon"), 2, "soon"),
    ],
)
def test_what_is_wrong_is_told(words: tuple[str, ...], code: int, says: str) -> None:
    result = run(*words)
    assert result.exit_code == code
    assert says in " ".join(result.output.split())


def test_what_is_no_calendar_is_told_with_its_name(tmp_path: Path) -> None:
    page = tmp_path / "page.ics"
    page.write_text("<html>", "utf-8")
    result = run(str(page))
    assert result.exit_code == 1
    assert result.stderr.startswith("page.ics gives no calendar: it is a web page")


def test_what_stands_in_a_calendar_commands_no_terminal(tmp_path: Path) -> None:
    path = tmp_path / "odd.ics"
    path.write_bytes(
        calendar(f"DTSTART;TZID=Mars\x9b31m\u202e{'x' * 190}:20261102T150000\nDURATION:PT50M")
    )
    result = run(str(path), *BETWEEN)
    assert result.exit_code == 0, result.output
    assert "the time zone Mars 31m xxx" in result.stderr
    assert all(one.isprintable() for one in result.output.replace("\n", ""))
    assert len(result.stderr) < 300
    path.write_bytes(b"BEGIN:VCALENDAR\r\nBEGIN:\x1b[2J\r\nEND:\x1b]0;x\x07\r\nEND:VCALENDAR")
    result = run(str(path), *BETWEEN)
    assert all(one.isprintable() for one in result.output.replace("\n", ""))


def test_a_zone_without_end_is_named_and_one_that_cannot_be_read_in_time_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = "DTSTART:19701025T030000\nRRULE:FREQ=SECONDLY\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100"
    head = f"BEGIN:VTIMEZONE\nTZID:Own\nBEGIN:STANDARD\n{turn}\nEND:STANDARD\nEND:VTIMEZONE\n"
    path = tmp_path / "practice.ics"
    path.write_bytes(calendar(WEEKLY.replace("TZID=Europe/Berlin", "TZID=Own"), head=head))
    result = run(str(path), *BETWEEN)
    assert "2 appointments, 2 with a code" in result.stdout
    assert result.stderr == (
        "practice.ics: line 4, the time zone Own is defined by a rule that no clock follows; its"
        " times are read in Europe/Berlin: choose a zone like Europe/Berlin in the calendar\n"
    )
    monkeypatch.setattr("bot.feeds.apart.SECONDS", 0.01)
    result = run(str(path), *BETWEEN)
    assert result.exit_code == 1
    assert "it takes too long to read" in result.stderr
