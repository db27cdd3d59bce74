"""`rapport calendar import`: a table comes in as a whole, and each wrong line is told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import cli
from bot.commands.calendars import calendars
from bot.config import load
from bot.core.timetable import day_after, local_on
from bot.opening import SystemClock
from bot.store import pairs, people
from tests.transactions import reading, writing

BEN, A7 = 11, 31
TOMORROW = day_after(local_on(SystemClock().now(), "Europe/Berlin"))
YESTERDAY = day_after(TOMORROW, -2)


@pytest.fixture
async def practice(config: Path) -> Path:
    """A practice in which Ben (Telegram id 501) has a client A7."""
    async with calendars(load(config)) as here, writing(here.feeds.db) as tx:
        await people.add_person(tx, BEN, 501, "Ben", None, 1)
        await people.make_therapist(tx, BEN, 1)
        await pairs.add_pair(tx, A7, BEN, "A7", 1)
    return config


async def bring(practice: Path, text: str | bytes, *words: str, therapist: str = "501") -> Result:
    file = practice.with_name("table.csv")
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    given = ["calendar", "import", str(file), "--therapist", therapist, "-c", str(practice)]
    return await asyncio.to_thread(lambda: CliRunner().invoke(cli, [*given, *words]))


async def made(practice: Path) -> list[tuple[str, str, int]]:
    async with calendars(load(practice)) as here, reading(here.feeds.db) as tx:
        rows = await tx.all("SELECT * FROM appointment ORDER BY starts_at")
        return [
            (row["local_on"], row["local_time"], (row["ends_at"] - row["starts_at"]) // 60_000)
            for row in rows
        ]


async def test_a_table_comes_in_once(practice: Path) -> None:
    day, month, year = TOMORROW[8:], TOMORROW[5:7], TOMORROW[:4]
    table = (
        "\ufeffKürzel;Name;Tag;Beginn;Ende\r\n"
        f"a7;Canary;{day}.{month}.{year};15:00;15:50\r\n"
        ";;; ;\r\n"
        f"A7;Canary;{TOMORROW};17.00;17:45\r\n"
        f"A7;Canary;{TOMORROW};17:30;18:15\r\n"
        f"A7;Canary;{YESTERDAY};9:00;9:50\r\n"
    )
    mapping = ("--columns", "code=Kürzel,date=Tag,time=Beginn,end=Ende")
    dry = await bring(practice, table, *mapping, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert f"line 2: {TOMORROW} 15:00 A7  appointment" in dry.output
    assert f"line 6: {YESTERDAY} 09:00 A7  passed over: it has begun already" in dry.output
    assert f"line 5: {TOMORROW} 17:30 A7  passed over: this client has one" in dry.output
    assert "2 appointments would be made" in dry.output
    assert await made(practice) == []
    result = await bring(practice, table, *mapping)
    assert "line 5: " in result.output
    assert "passed over: this client has one at that time" in result.output
    assert "2 appointments made" in result.output
    assert await made(practice) == [(TOMORROW, "15:00", 50), (TOMORROW, "17:00", 45)]
    again = await bring(practice, table, *mapping)
    assert "0 appointments made" in again.output
    assert "Canary" not in result.output


async def test_a_table_whose_lines_end_in_a_way_of_old_comes_in(practice: Path) -> None:
    result = await bring(practice, f"code,date,time\rA7,{TOMORROW},15:00\r")
    assert result.exit_code == 0, result.output
    assert await made(practice) == [(TOMORROW, "15:00", 50)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("code,date,time\nMüller,{on},15:00\n", "table.csv: line 2: the code is none"),
        ("code,date,time\nA7,12/01/2026,15:00\n", "line 2: the date is not understood: write it"),
        ("code,date,time\nA7,2026-02-30,15:00\n", "line 2: there is no such date"),
        ("code,date,time\nA7,{on},24:00\n", "line 2: the time is not understood"),
        ("code,date,time\nA7,{on},15:60\n", "line 2: the time is not understood"),
        ("code,date,time\nA7,{on}\n", "line 2: the time is not understood"),
        ("code,day,time\nA7,{on},15:00\n", "line 1 has no column 'date': it has code, day, time"),
        ("", "line 1 has no column 'code': it has nothing"),
        ("code,date,time\nZ9,{on},15:00\n", "there is no client with this code"),
        (b"code,date,time\n\xff,1,2\n", "save it as CSV in UTF-8"),
        ("code,date,time\nA7,{on},15:00" + "x" * 140_000 + "\n", "line 2 cannot be read: look for"),
        ('code,date,time,x\nA7,{on},15:00,"a\nb"\nA7,{on},x,\n', "line 4: the time is not"),
        ("code,date,time,code\nA7,{on},15:00,B2\n", "line 1 has the column 'code' twice: rename"),
        ("code,date,time\n" + "A7,{on},15:00\n" * 2000, "divide it"),
    ],
)
async def test_a_wrong_line_keeps_all_of_them_out(
    practice: Path, text: str | bytes, says: str
) -> None:
    if isinstance(text, str):
        text = text.replace("{on}", TOMORROW)
        text += f"A7,{TOMORROW},10:00\n" if text else ""
    result = await bring(practice, text)
    assert result.exit_code == 1, result.output
    assert says in result.output
    assert await made(practice) == []
    assert "Müller" not in result.output, "it may be a name"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--columns", "code"), "--columns has 'code'"),
        (("--columns", "code=a,date=b"), "does not say which column is time"),
        (("--columns", "code=a,date=b,time=c,end=d,minutes=e"), "name one of them"),
        (("--minutes", "5"), "line 2: it would last 5 minutes"),
    ],
)
async def test_columns_that_cannot_be_are_told(
    practice: Path, words: tuple[str, ...], says: str
) -> None:
    result = await bring(practice, f"code,date,time\nA7,{TOMORROW},15:00\n", *words)
    assert result.exit_code == 1
    assert says in result.output


async def test_only_a_therapist_has_appointments(practice: Path) -> None:
    result = await bring(practice, "code,date,time\n", therapist="9")
    assert "9 is no therapist of this practice" in result.output
