"""`rapport schedule`: beside a running bot or without one."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import cli

runner = CliRunner()


def run(config: Path, *words: str, typed: str = "") -> tuple[int, str]:
    done = runner.invoke(cli, ["schedule", *words, "--config", str(config)], input=typed)
    return done.exit_code, done.output


def values(config: Path) -> dict[str, tuple[str, str]]:
    code, said = run(config, "show", "--json")
    assert code == 0
    return {one["name"]: (one["value"], one["source"]) for one in json.loads(said)["values"]}


def test_it_shows_what_counts_and_why(config: Path) -> None:
    code, said = run(config, "show")
    assert code == 0
    assert "checkin.delay_minutes = 30  (config.toml or its default)" in said
    assert "digest.time = 17:00  (config.toml or its default)" in said


def test_it_asks_before_it_applies_and_takes_back(config: Path) -> None:
    code, said = run(config, "set", "delay", "45", typed="n\n")
    assert code == 1
    assert "checkin.delay_minutes: 30 -> 45" in said
    assert values(config)["checkin.delay_minutes"] == ("30", "config")
    assert run(config, "set", "checkin.delay_minutes", "45", typed="y\n")[0] == 0
    assert values(config)["checkin.delay_minutes"] == ("45", "practice")
    assert "is so already" in run(config, "set", "delay", "45")[1]
    code, said = run(config, "undo", "--yes")
    assert code == 0
    assert "45 -> 30 (follows again)" in said
    assert values(config)["checkin.delay_minutes"] == ("30", "config")


def test_two_values_are_one_change(config: Path) -> None:
    assert run(config, "set", "quiet", "22:00-7:00", "--yes")[0] == 0
    assert values(config)["checkin.quiet_to"] == ("07:00", "practice")
    assert run(config, "undo", "--yes")[0] == 0
    assert values(config)["checkin.quiet_from"] == ("21:00", "config")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("set", "delay", "5000"), 2, "a whole number from 0 to 1440"),
        (("set", "expiry", "10"), 2, "not later than the reminder after 20 hours"),
        (("set", "checkin.delay", "5"), 2, "is not part of the schedule: it has checkin.delay_min"),
        (("set", "lunch", "12:00"), 2, "give one of delay, reminder"),
        (("set", "week", "3", "--therapist", "5"), 1, "no therapist of this practice"),
        (("undo",), 1, "Nothing was ever set here"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_with_the_remedy(
    config: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    before = values(config)
    assert run(config, *words)[0] == code
    assert said in run(config, *words)[1]
    assert values(config) == before


def test_check_looks_at_what_is_in_force(config: Path) -> None:
    assert run(config, "set", "expiry", "24", "--yes")[0] == 0
    checked = runner.invoke(cli, ["check", "--config", str(config)])
    line = "set at run time for the practice: checkin.expiry_hours = 24 (config.toml: 48)"
    assert line in checked.output
    assert "beside what config.toml says now" not in checked.output
    text = config.read_text("utf-8")
    config.write_text(f"{text}\n[checkin]\nreminder_after_hours = 30\n", "utf-8")
    checked = runner.invoke(cli, ["check", "--config", str(config)])
    assert checked.exit_code == 0
    assert (
        "warning: checkin.expiry_hours = 24 was set at run time for the practice" in checked.output
    )
    assert "not later than the reminder after 30 hours" in checked.output
    said = json.loads(runner.invoke(cli, ["check", "--config", str(config), "--json"]).stdout)
    assert [one["key"] for one in said["set"]] == ["checkin.expiry_hours"]


def test_check_changes_nothing_in_the_database_of_another_version(config: Path) -> None:
    assert run(config, "set", "expiry", "24", "--yes")[0] == 0
    newest = "SELECT max(number) FROM migration"
    with closing(sqlite3.connect(config.with_name("rapport.sqlite3"))) as db:
        (shape,) = db.execute(newest).fetchone()
        db.execute("DELETE FROM migration WHERE number = ?", (shape,))
        db.commit()
        checked = runner.invoke(cli, ["check", "--config", str(config)])
        assert checked.exit_code == 0
        assert "is of another version until the bot has been started with this one" in " ".join(
            checked.output.split()
        )
        assert db.execute(newest).fetchone() == (shape - 1,)
