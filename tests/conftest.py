"""What stories need: a world, once as it is and once restarted between every two steps."""

from __future__ import annotations

import gc
import logging
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

from world import World

from bot.core.timetable import to_utc
from bot.demo.stage import TOKEN, StageClock, set_stage
from bot.emulator import Emulator
from bot.logging import LIBRARIES, quieten_libraries
from tests.prepared import prepare
from tests.scratch import keep_in_memory

#: A Sunday morning; no clock change within the next months.
START = to_utc("2026-11-01", "10:00", "Europe/Berlin")

# A law is not broken because the machine was busy or is watched: pytest-timeout ends what hangs.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


def pytest_configure() -> None:
    """Say where files lie before anything asks for a folder."""
    keep_in_memory()


def pytest_report_header() -> str:
    """Tell where that is; TMPDIR names another place."""
    return f"files: {tempfile.gettempdir()}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the year and end with stories: each of those takes a moment, and no worker is left
    alone with half a minute's work at the end.
    """
    items.sort(key=lambda item: (item.name != "test_a_year", item.path.parent.name == "stories"))


def pytest_collection_finish() -> None:
    """Look for rubbish among what tests make, and not again and again among themselves."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def unmeasured_children(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test starts is measured under coverage just when the test itself is."""
    if request.node.get_closest_marker("no_cover"):
        monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


class _Listener(logging.Handler):
    """Keeps what is logged by others than us."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._lines = lines
        self.setFormatter(logging.Formatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line with its traceback."""
        self._lines.append(self.format(record))


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """Everything that is logged, at every level, tracebacks included.

    Libraries say as much as in the program: what it does not let them say costs time as well.
    """
    lines: list[str] = []

    def keep(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        whole = structlog.processors.format_exc_info(None, "", dict(event))
        lines.append(str(whole))
        return event

    before = structlog.get_config()["processors"]
    structlog.configure(processors=[keep, *before])
    listener, root = _Listener(lines), logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in ("root", *LIBRARIES)}
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    quieten_libraries()
    yield lines
    root.removeHandler(listener)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    structlog.configure(processors=before)


@pytest.fixture(
    params=["as it is", pytest.param("restarting", marks=pytest.mark.restarting)],
)
async def world(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    logged: list[str],
) -> AsyncIterator[World]:
    """A practice without people; `@pytest.mark.settings("…TOML…")` adds settings."""
    prepare(monkeypatch)
    mark = request.node.get_closest_marker("settings")
    clock = StageClock(START)
    emulator = Emulator(token=TOKEN, clock=clock, seed=1, loopback_webhook=True)
    async with emulator.serve(port=0):
        extra = mark.args[0] if mark else ""
        stage = await set_stage(tmp_path, emulator, clock, extra=extra)
        try:
            made = World(stage, restarting=request.param == "restarting", logged=logged)
            yield made
            await made.check()
        finally:
            await stage.close()
