"""A database that is missing, or is none of a practice's: nothing is made in its place.

1. Only `init` and `restore` make a database. Every other command that needs one ends with what to
   do.
2. `check` says what stands there and changes nothing.
3. `init` finishes where only the key is left, and never touches a database that is there.
4. What is another program's is left to it, by `restore` as well.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.cli import cli
from bot.store.database import Database
from tests.cli.test_backup import made
from tests.cli.test_commands import listing, rapport, rows, with_database

#: Every command of the practice with what it has to be given.
NEED_ONE: dict[str, tuple[str, ...]] = {
    "run": (),
    "backup": (),
    "resume": (),
    "rotate-key": (),
    "handover": ("Ben", "Fay"),
    "invite therapist": (),
    "relink therapist": ("Ben",),
    "relink client": ("A7",),
    "digest preview": ("--therapist", "4001"),
    "calendar add": ("https://example.org/a.ics", "--therapist", "4001"),
    "calendar list": (),
    "calendar accept": ("ours",),
    "calendar sync": (),
    "calendar alias": ("ours", "A7", "word"),
    "calendar remove": ("ours",),
    "calendar import": ("TABLE", "--therapist", "4001"),
    "schedule show": (),
    "schedule set": ("delay", "20"),
    "schedule undo": (),
    "schedule closed list": (),
    "schedule closed add": ("2027-01-01",),
    "schedule closed remove": ("2027-01-01",),
    "erasures": (),
    "erasures do": ("A7",),
    "erasures decline": ("A7",),
}
NEED_NONE = {"version", "demo", "emulator", "check", "init", "restore", "health", "telegram setup",
             "calendar test", "calendar find"}  # fmt: skip


def missing(config: Path) -> Path:
    database = config.with_name("rapport.sqlite3")
    database.unlink()
    return database


def all_commands() -> set[str]:
    import typer.main

    found: set[str] = set()

    def walk(command: object, name: str) -> None:
        below = getattr(command, "commands", {})
        if not below or getattr(command, "invoke_without_command", False):
            found.add(name)
        for word, one in below.items():
            walk(one, f"{name} {word}".strip())

    walk(typer.main.get_command(cli), "")
    return found


def test_every_command_is_known_here() -> None:
    known = {*NEED_ONE, *NEED_NONE}
    assert all_commands() - {"schedule closed", "schedule"} == known


@pytest.mark.parametrize("command", NEED_ONE)
def test_no_command_makes_a_database(config: Path, command: str) -> None:
    database = missing(config)
    table = config.with_name("table.csv")
    table.write_text("code,date,time\nA7,2027-01-01,10:00\n", encoding="utf-8")
    words = [str(table) if word == "TABLE" else word for word in NEED_ONE[command]]
    result = rapport(*command.split(), *words, "-c", config)
    assert result.exit_code == 1, result.output
    assert f"{database} does not exist" in result.stderr
    assert not database.exists()


def laid(config: Path, what: str) -> Path:
    """Let something that is no practice's database stand where it should be."""
    database = config.with_name("rapport.sqlite3")
    if what == "newer":
        newer = "INSERT INTO migration VALUES (999, 1)"
        with_database(config, lambda db: db.write(lambda tx: tx.run(newer)))
        return database
    database.unlink()
    match what:
        case "empty":
            database.touch()
        case "no database":
            database.write_bytes(b"not a database at all " * 50)
        case "directory":
            database.mkdir()
        case "foreign":
            with closing(sqlite3.connect(database)) as other:
                other.execute("CREATE TABLE song (title TEXT)")
    return database


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("missing", "does not exist: is its disk there"),
        ("empty", "holds no practice: is its disk there"),
        ("no database", "is damaged or no database (file is not a database)"),
        ("directory", "is a directory: give the file in database.path"),
        ("foreign", "is another program's database"),
        ("newer", "has shape 999"),
    ],
)
def test_check_and_run_say_what_stands_there(config: Path, what: str, says: str) -> None:
    laid(config, what)
    before = listing(config.parent)
    for command in ("check", "run"):
        result = rapport(command, "-c", config)
        assert result.exit_code == 1
        assert says in result.stderr
        assert "all is well" not in result.output
    assert listing(config.parent) == before


def test_check_looks_into_the_database_of_a_running_bot(config: Path) -> None:
    async def beside(_: Database) -> int:
        return (await asyncio.to_thread(rapport, "check", "-c", config)).exit_code

    assert with_database(config, beside) == 0


def test_where_only_the_key_is_left_init_makes_the_database(config: Path) -> None:
    missing(config)
    key = config.with_name("rapport.key").read_bytes()
    result = rapport("init", "-c", config)
    assert result.exit_code == 0, result.output
    assert "its recovery sheet counts" in result.stdout.replace("\n", " ")
    assert "RAPPORT-KEY-1" not in result.output
    assert config.with_name("rapport.key").read_bytes() == key
    assert rows(config, "SELECT id FROM practice") == [(1,)]
    assert rapport("check", "-c", config).exit_code == 0


@pytest.mark.parametrize("what", ["no database", "directory", "foreign"])
def test_init_makes_nothing_of_what_is_another_ones(config: Path, what: str) -> None:
    laid(config, what)
    before = listing(config.parent)
    assert rapport("init", "-c", config).exit_code == 1
    assert listing(config.parent) == before


def test_another_programs_database_is_not_put_aside(config: Path) -> None:
    backup = made(config)
    database = laid(config, "foreign")
    before = database.read_bytes()
    result = rapport("restore", backup, "-c", config)
    assert result.exit_code == 1
    assert "is another program's database" in result.stderr
    assert database.read_bytes() == before
    assert not list(config.parent.glob("*before-restore*"))
