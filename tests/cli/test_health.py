"""`rapport health` beside the running program, and the port that is open only when asked for."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from bot.demo.stage import write_config
from bot.emulator import Emulator
from bot.store.pulse import backed_up_at, write_pulse
from tests.cli.conftest import Process, Start, wait_until
from tests.cli.test_commands import rapport
from tests.founding import founded
from tests.hook import free_port


def pulse_of(config: Path) -> Path:
    return config.with_name("rapport.sqlite3.health")


def running(start: Start, config: Path) -> Process:
    """Start the program and wait until it has said how it is, and that is well."""
    process: Process = start("run", "-c", str(config))
    wait_until(lambda: pulse_of(config).exists())
    return process


def now() -> int:
    return time.time_ns() // 1_000_000


def write(config: Path, at: int, process: int, healthy: bool = True) -> None:
    database = config.with_name("rapport.sqlite3")
    checks = [{"name": "disk", "state": "fine", "says": "7 MiB free"}]
    write_pulse(database, at, healthy, checks)
    page = json.loads(pulse_of(config).read_text("utf-8")) | {"process": process}
    pulse_of(config).write_text(json.dumps(page), "utf-8")


def test_it_tells_how_the_running_bot_is(connected: Path, telegram: Emulator, start: Start) -> None:
    process = running(start, connected)
    before = connected.with_name("rapport.sqlite3").stat().st_mtime_ns
    said = json.loads(rapport("health", "-c", connected, "--json").stdout)
    assert said["running"]
    assert said["process"] == process.pid
    parts = {check["name"]: check["state"] for check in said["checks"]}
    assert parts["database"] == parts["ticks"] == parts["outbox"] == "fine"
    assert parts["backup"] == "watch"
    plain = rapport("health", "-c", connected)
    assert f"process {process.pid}" in plain.stdout
    assert "answers and takes writes" in plain.stdout
    assert plain.exit_code == (0 if said["healthy"] else 1)
    assert connected.with_name("rapport.sqlite3").stat().st_mtime_ns == before
    assert process.poll() is None

    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 0
    stopped = rapport("health", "-c", connected)
    assert stopped.exit_code == 1
    assert "the bot is not running" in stopped.stderr
    assert not pulse_of(connected).exists()


def test_a_bot_that_was_killed_is_missed_at_once(
    connected: Path, telegram: Emulator, start: Start
) -> None:
    process = running(start, connected)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)
    result = rapport("health", "-c", connected, "--json")
    assert result.exit_code == 1
    said = json.loads(result.stdout)
    assert not said["running"]
    assert f"process {process.pid} ended without stopping" in said["why"]


def test_a_bot_that_hangs_gives_no_sign(config: Path) -> None:
    write(config, now() - 95_000, os.getpid())
    result = rapport("health", "-c", config)
    assert result.exit_code == 1
    assert "no sign of life for 95 s" in result.stderr
    write(config, now() - 80_000, os.getpid())
    assert rapport("health", "-c", config).exit_code == 0


def test_an_unhealthy_bot_ends_it_with_1(config: Path) -> None:
    write(config, now(), os.getpid(), healthy=False)
    result = rapport("health", "-c", config)
    assert result.exit_code == 1
    assert result.stdout.startswith("NOT HEALTHY")
    assert "7 MiB free" in result.stdout


def test_a_bot_in_another_container_is_told_by_its_age_alone(config: Path) -> None:
    write(config, now(), 2**22 + 1)
    assert "ended without stopping" in rapport("health", "-c", config).stderr
    page = json.loads(pulse_of(config).read_text("utf-8")) | {"space": 1}
    pulse_of(config).write_text(json.dumps(page), "utf-8")
    assert rapport("health", "-c", config).exit_code == 0


def test_half_a_pulse_is_none(config: Path) -> None:
    pulse_of(config).write_text('{"at": 1', "utf-8")
    result = rapport("health", "-c", config)
    assert result.exit_code == 1
    assert "cannot be read" in result.stderr


def test_the_pulse_is_for_its_owner_and_always_one_page(config: Path) -> None:
    write_pulse(config.with_name("rapport.sqlite3"), 1, True, [])
    assert pulse_of(config).stat().st_mode & 0o777 == 0o600
    assert pulse_of(config).stat().st_size == 4096


def test_a_backup_is_marked(config: Path) -> None:
    from tests.cli.test_commands import with_database

    async def made(_: object) -> None:
        return None

    with_database(config, made)
    database = config.with_name("rapport.sqlite3")
    assert backed_up_at(database) is None
    before = now()
    assert rapport("backup", "--to", config.parent, "-c", config).exit_code == 0
    at = backed_up_at(database)
    assert at is not None
    assert before <= at <= now()
    assert rapport("backup", "--to", config.parent / "no" / "x", "-c", config).exit_code == 1
    assert backed_up_at(database) == at


# The port


def test_polling_opens_no_port_and_loads_no_server(
    connected: Path, telegram: Emulator, start: Start
) -> None:
    process = running(start, connected)
    ours = {
        os.readlink(link)
        for link in Path(f"/proc/{process.pid}/fd").iterdir()
        if os.path.islink(link)
    }
    inodes = {name[8:-1] for name in ours if name.startswith("socket:")}
    lines = Path(f"/proc/{process.pid}/net/tcp").read_text("ascii").splitlines()[1:]
    listening = [line for line in lines if line.split()[3] == "0A" and line.split()[9] in inodes]
    assert listening == []
    asked = (
        "import sys; from bot.cli.lean import lean\n"
        "with lean():\n    import bot.app\n"
        "print([m for m in ('prometheus_client', 'starlette', 'uvicorn') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_the_port_is_there_when_asked_for(tmp_path: Path, telegram: Emulator, start: Start) -> None:
    port = free_port()
    extra = f'[health]\nlisten = "127.0.0.1:{port}"\n'
    config = founded(write_config(tmp_path, telegram.base_url, extra=extra))
    process = start("run", "-c", str(config))
    wait_until(lambda: telegram.polling)

    def asked() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                return bool(json.load(answer)["healthy"])
        except urllib.error.URLError:
            return False

    wait_until(asked)
    process.terminate()
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


def test_a_port_that_is_taken_is_told(tmp_path: Path, telegram: Emulator, start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        extra = f'[health]\nlisten = "127.0.0.1:{taken.getsockname()[1]}"\n'
        config = founded(write_config(tmp_path, telegram.base_url, extra=extra))
        process = start("run", "-c", str(config))
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "health.listen" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ('[health]\nlisten = "0.0.0.0:9090"\n', "can be reached from other machines"),
        ('[health]\nlisten = "127.0.0.1:9090"\n', None),
    ],
)
def test_a_port_that_others_reach_is_a_warning(
    tmp_path: Path, extra: str, says: str | None
) -> None:
    config = founded(write_config(tmp_path, "http://127.0.0.1:9/bot", extra=extra))
    worries = json.loads(rapport("check", "-c", config, "--json").stdout)["warnings"]
    told = [worry for worry in worries if worry.startswith("health.listen")]
    assert [says in worry for worry in told if says] == ([True] if says else [])
    assert len(told) == (1 if says else 0)


def test_no_address_is_told(tmp_path: Path) -> None:
    config = write_config(tmp_path, "http://127.0.0.1:9/bot", extra='[health]\nlisten = "x"\n')
    result = rapport("check", "-c", config)
    assert result.exit_code == 2
    assert "health.listen" in result.stderr
