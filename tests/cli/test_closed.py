"""`rapport schedule closed`: beside a running bot or without one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import cli
from bot.store import people
from bot.store.database import Database
from tests.cli.test_commands import with_database
from tests.transactions import writing

runner = CliRunner()
#: Far enough from today in any time zone.
FIRST = (datetime.now(UTC) + timedelta(days=20)).date()
DAYS = (FIRST.isoformat(), (FIRST + timedelta(days=2)).isoformat())


def run(config: Path, *words: str, typed: str = "") -> tuple[int, str]:
    full = ["schedule", "closed", *words, "--config", str(config)]
    done = runner.invoke(cli, full, input=typed)
    return done.exit_code, done.output


def closed(config: Path) -> list[tuple[str, str]]:
    code, said = run(config, "list", "--json")
    assert code == 0
    return [(one["first"], one["last"]) for one in json.loads(said)]


def test_days_are_shown_before_they_count_and_taken_back(config: Path) -> None:
    assert "is not to be closed" in run(config, "list")[1]
    code, said = run(config, "add", *DAYS, typed="n\n")
    assert (code, closed(config)) == (1, [])
    assert f"{DAYS[0]} to {DAYS[1]}" in said
    assert run(config, "add", *DAYS, typed="y\n")[0] == 0
    assert closed(config) == [DAYS]
    assert "stands already" in run(config, "add", *DAYS, "--yes")[1]
    longer = (FIRST + timedelta(days=4)).isoformat()
    code, said = run(config, "add", DAYS[1], longer, "--yes")
    assert code == 0
    assert f"in the place of {DAYS[0]} to {DAYS[1]}" in said
    assert closed(config) == [(DAYS[0], longer)]
    code, said = run(config, "remove", DAYS[1], typed="n\n")
    assert (code, closed(config)) == (1, [(DAYS[0], longer)])
    assert run(config, "remove", DAYS[1], "--yes")[0] == 0
    assert closed(config) == []
    code, said = run(config, "remove", DAYS[1], "--yes")
    assert code == 1
    assert "is no closed day to come" in said


def test_what_taking_them_back_does_is_said_before_it_is_asked(config: Path) -> None:
    async def ben(db: Database) -> None:
        async with writing(db) as tx:
            await people.make_therapist(
                tx, (await people.add_person(tx, 7, 1, "Ben", None, 1)).id, 1
            )

    with_database(config, ben)
    assert run(config, "add", *DAYS, "--yes")[0] == 0
    code, said = run(config, "remove", DAYS[1], typed="n\n")
    effects, asked, _ = said.partition("Take it back?")
    assert (code, bool(asked)) == (1, True)
    assert "Ben: " in effects
    assert "the next digest after these days comes" in effects
    assert closed(config) == [DAYS]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("soon",), "cannot read “soon” as days: write them such as: rapport schedule closed add"),
        (("2020-01-01",), "2020-01-01 is over: give days from today on"),
        ((DAYS[1], DAYS[0]), f"rapport schedule closed add {DAYS[0]} {DAYS[1]}"),
        (("2090-01-01",), "more than a year ahead"),
        ((DAYS[0], (FIRST + timedelta(days=200)).isoformat()), "more than 184 days"),
        ((DAYS[0], "cover: Dr. Klein"), "give days alone"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    config: Path, words: tuple[str, ...], said: str
) -> None:
    code, output = run(config, "add", *words, "--yes")
    assert code == 2
    assert said in " ".join(output.split())
    assert closed(config) == []
