"""Fails a run of the whole suite that leaves a line or a branch of `bot/core` untried.

A plugin beside pytest-cov, which holds one share for everything; `make test` loads both.
"""

from __future__ import annotations

import io
from collections.abc import Generator

import pytest
from coverage import Coverage

CORE = "bot/core/*"
_UNTRIED: pytest.StashKey[str] = pytest.StashKey()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Judge when pytest-cov, which is inside, has put together what the workers saw."""
    result = yield
    if not hasattr(session.config, "workerinput"):
        untried = untried_core()
        if untried:
            session.config.stash[_UNTRIED] = untried
            session.testsfailed += 1
    return result


def untried_core() -> str:
    """Give a table of what was not tried, or nothing."""
    measured, table = Coverage(), io.StringIO()
    measured.load()
    share = measured.report(include=CORE, show_missing=True, skip_covered=True, file=table)
    return "" if share == 100.0 else table.getvalue()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what was not tried."""
    if untried := config.stash.get(_UNTRIED, ""):
        terminalreporter.section("not every branch of bot/core was tried", red=True)
        terminalreporter.write_line(untried)
