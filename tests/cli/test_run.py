"""`rapport run` as its own process: it polls, it stops when told to, and says what is missing."""

from __future__ import annotations

import asyncio
import fcntl
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from bot.config import load
from bot.demo.stage import TOKEN, write_config
from bot.emulator import Emulator
from bot.opening import SystemClock, open_database
from bot.store import migrate
from tests.cli.conftest import Start, wait_until
from tests.founding import founded

STOPS_WITHIN_SECONDS = 8


def told_to_stop(process: object, signal_number: int = signal.SIGTERM) -> tuple[int, str]:
    """Stop a process; give its exit code and what it wrote to standard error."""
    began = time.monotonic()
    process.send_signal(signal_number)  # type: ignore[attr-defined]
    _, errors = process.communicate(timeout=STOPS_WITHIN_SECONDS)  # type: ignore[attr-defined]
    assert time.monotonic() - began < STOPS_WITHIN_SECONDS
    return process.returncode, errors  # type: ignore[attr-defined]


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_until_it_is_told_to_stop(
    connected: Path,
    telegram: Emulator,
    telegram_loop: asyncio.AbstractEventLoop,
    start: Start,
    signal_number: int,
) -> None:
    cora = telegram.person("Cora")
    process = start("run", "-c", str(connected))
    wait_until(lambda: telegram.polling)
    telegram_loop.call_soon_threadsafe(cora.start)
    wait_until(lambda: any(seen.from_bot for seen in cora.chat))
    lock = connected.with_name("rapport.sqlite3.lock")
    assert lock.read_text("ascii").strip() == str(process.pid)
    code, errors = told_to_stop(process, signal_number)
    assert code == 0, errors
    assert "Traceback" not in errors
    assert TOKEN not in errors
    with lock.open() as free:
        fcntl.flock(free, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert not connected.with_name("rapport.sqlite3-wal").exists(), "the log was taken in"


def test_it_stops_while_telegram_cannot_be_reached(config: Path, start: Start) -> None:
    process = start("run", "-c", str(config))
    assert process.stderr is not None
    assert "cannot be reached yet" in process.stderr.readline()
    code, errors = told_to_stop(process)
    assert code == 0, errors


def test_it_stops_while_telegram_says_nothing(
    connected: Path, telegram: Emulator, start: Start
) -> None:
    hole = telegram.faults.add("black_hole", method="setMyCommands", times=None)
    process = start("run", "-c", str(connected))
    wait_until(lambda: hole.struck > 0)
    code, errors = told_to_stop(process)
    assert code == 0, errors


def test_without_its_master_key_it_says_what_to_do(config: Path, start: Start) -> None:
    config.with_name("rapport.key").unlink()
    process = start("run", "-c", str(config))
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 3
    assert "rapport init" in errors
    assert "recovery sheet" in errors


def test_without_its_database_it_makes_none(config: Path, start: Start) -> None:
    database = config.with_name("rapport.sqlite3")
    database.unlink()
    process = start("run", "-c", str(config))
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert f"{database} does not exist: is its disk there" in errors
    assert "rapport restore" in errors
    assert "rapport init" in errors
    assert not database.exists()


def test_a_database_in_use_is_left_to_its_process(config: Path, start: Start) -> None:
    with config.with_name("rapport.sqlite3.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711\n")
        lock.flush()
        process = start("run", "-c", str(config))
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 4
    assert "in use by process 4711: stop it first" in errors


def test_a_token_that_telegram_does_not_know_is_told(connected: Path, start: Start) -> None:
    text = connected.read_text("utf-8").replace(TOKEN, TOKEN[:-1] + "x")
    connected.write_text(text, encoding="utf-8")
    process = start("run", "-c", str(connected))
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 5
    assert "@BotFather" in errors
    assert "Unclosed" not in errors
    assert TOKEN[:-1] not in errors


def test_what_is_no_database_ends_the_program_at_once(config: Path, start: Start) -> None:
    config.with_name("rapport.sqlite3").write_bytes(b"not a database at all " * 50)
    process = start("run", "-c", str(config))
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "file is not a database" in errors
    assert "Traceback" not in errors


async def made(config: Path) -> None:
    await (await open_database(load(config), SystemClock())).close()


def test_a_damaged_database_is_told_with_the_way_out(config: Path, start: Start) -> None:
    asyncio.run(made(config))
    database = config.with_name("rapport.sqlite3")
    whole = database.read_bytes()
    database.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    process = start("run", "-c", str(config))
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "the database's file is damaged" in errors
    assert "rapport restore" in errors
    assert "Traceback" not in errors


def test_a_database_that_cannot_be_upgraded_is_told_with_the_way_back(
    config: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = migrate.known()[:-1]
    config.with_name("rapport.sqlite3").unlink()
    monkeypatch.setattr(migrate, "known", lambda: older)
    asyncio.run(made(config))
    with closing(sqlite3.connect(config.with_name("rapport.sqlite3"))) as db:
        db.execute("INSERT INTO role VALUES (4711, 'therapist', 1, NULL)")
        db.commit()
    process = start("run", "-c", str(config))
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "cannot be brought to shape" in errors
    assert "row 1 of role, which points into person" in errors
    assert "Traceback" not in errors


def test_a_missing_configuration_is_told(tmp_path: Path, start: Start) -> None:
    process = start("run", "-c", str(tmp_path / "config.toml"))
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "copy config.example.toml there" in errors


def test_a_questionnaire_that_is_not_there_is_a_wrong_configuration(
    tmp_path: Path, start: Start
) -> None:
    extra = '[checkin]\ninstrument = "session-aliance"\n'
    config = founded(write_config(tmp_path, "http://127.0.0.1:9/bot", extra=extra))
    process = start("run", "-c", str(config))
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "there is no such questionnaire" in errors


def test_its_memory_goes_into_no_file(connected: Path, telegram: Emulator, start: Start) -> None:
    process = start("run", "-c", str(connected))
    wait_until(lambda: telegram.polling)
    limits = Path(f"/proc/{process.pid}/limits").read_text("ascii").splitlines()
    (core,) = [line.split() for line in limits if line.startswith("Max core file size")]
    assert core[4:6] == ["0", "0"]
    # Nobody but root owns what belongs to a process that may not be dumped.
    assert Path(f"/proc/{process.pid}/mem").stat().st_uid == 0


DUMPABLE = """
import ctypes
from bot.store.concealed import conceal
before = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
conceal()
print(before, ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


def test_a_concealed_process_cannot_be_dumped() -> None:
    said = subprocess.run(
        [sys.executable, "-c", DUMPABLE], capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["1", "0"]


ANY_COMMAND = """
import ctypes, resource, sys
import bot.cli
def cli():
    print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), *resource.getrlimit(resource.RLIMIT_CORE))
bot.cli.cli = cli
bot.cli.main()
"""


def test_nor_can_any_other_command() -> None:
    """`restore` and `rotate-key` hold the master key, and what it opens, for minutes."""
    said = subprocess.run(
        [sys.executable, "-c", ANY_COMMAND], capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["0", "0", "0"]


BACKING_UP = """
import ctypes, sys
from bot.store import backup_apart
def load_vaults(_):
    print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
    sys.exit()
backup_apart.load_vaults = load_vaults
backup_apart.main()
"""


def test_nor_can_the_process_that_makes_its_backups(tmp_path: Path) -> None:
    words = ["rapport.sqlite3", "rapport.key", str(tmp_path), "1"]
    said = subprocess.run(
        [sys.executable, "-c", BACKING_UP, *words], capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["0"]


def test_a_crash_leaves_no_core_file(
    connected: Path, telegram: Emulator, tmp_path: Path, start: Start
) -> None:
    pattern = Path("/proc/sys/kernel/core_pattern")
    if not pattern.exists() or pattern.read_text("ascii").strip().startswith(("|", "/")):
        pytest.skip("this system writes no core file into a process's folder")
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        process = start("run", "-c", str(connected))
        careless = [sys.executable, "-c", "import os; os.abort()"]
        subprocess.run(careless, cwd=tmp_path, check=False)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    if not list(tmp_path.glob("core*")):
        pytest.skip("this system writes no core file at all")
    wait_until(lambda: telegram.polling)
    process.send_signal(signal.SIGABRT)
    process.communicate(timeout=20)
    assert process.returncode == -signal.SIGABRT
    assert list((tmp_path / "elsewhere").glob("core*")) == []


def test_it_runs_without_what_it_never_uses() -> None:
    """Memory, and no way to draw a traceback's local variables."""
    asked = (
        "import sys; from bot.cli.lean import lean\n"
        "with lean():\n    import bot.app\n"
        "needless = ('rich', 'rich.console', 'greenlet', 'httpx', 'httpx._client', 'pygments',\n"
        "    'icalendar', 'pyrage')\n"
        "print([name for name in needless if name in sys.modules])\n"
        "import rich.console, httpx; print(httpx.AsyncClient().timeout, 'still to be had')"
    )
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    first, second = said.stdout.strip().split("\n")
    assert first == "[]"
    assert second.endswith("still to be had")


def test_what_was_imported_is_not_looked_through_for_rubbish() -> None:
    """It is most of what lives; what comes after it is looked through as ever."""
    asked = (
        "import gc; from bot.cli.lean import lean\n"
        "with lean():\n    import bot.app\n"
        "print(gc.isenabled(), gc.get_freeze_count() > 10 * len(gc.get_objects()),\n"
        "    gc.get_threshold())"
    )
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout == "True True (5000, 10, 10)\n"
