"""`rapport demo` as its own process: where it is, what it serves, how it ends."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

Process = subprocess.Popen[str]


@pytest.fixture
def demo() -> Iterator[Process]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_stops_when_told_to(demo: Process, signal_number: int) -> None:
    assert demo.stdout is not None
    line = demo.stdout.readline()
    found = re.fullmatch(r"The demo is at http://127\.0\.0\.1:(\d+)/ \(.*Ctrl-C\)\n", line)
    assert found is not None, line
    asking = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=10)
    asking.request("GET", "/")
    assert "<title>Rapport · demo</title>" in asking.getresponse().read().decode()
    demo.send_signal(signal_number)
    _, errors = demo.communicate(timeout=15)
    assert (demo.returncode, errors) == (0, "")


def test_without_a_browser_the_story_begins_by_itself_on_the_terminal(demo: Process) -> None:
    assert demo.stdout is not None
    told = ""
    while "Dana" not in told:
        line = demo.stdout.readline()
        assert line, "it ended before it told anything"
        told += line
    assert "Its story is told there and here" in told
    demo.terminate()
    demo.communicate(timeout=15)
    assert demo.returncode == 0


def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, "-m", "bot", "demo", "--no-open", "--port", str(port)],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert ended.returncode == 1
    assert f"Port {port} cannot be used" in ended.stderr
    assert "Traceback" not in ended.stderr
