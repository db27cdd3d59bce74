"""A simulated year: everything that is due comes once, at its moment, and nothing else comes.

The whole program against the local Telegram, from a seed; time goes from one due moment to the
next. Both changes of the clocks, restarts and outages are in it; holidays, ends, new phones, a
mistake, a loss of the server and a handover (`turns`, `loss`). `python -m tests.year --transcript
FOLDER` writes what each saw, to be read. `make torture PARTS=year` goes on with more seeds; one
that finds something becomes a test here, named after what it found.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.config import load
from bot.demo.stage import write_config
from tests.crash.rounds import options_of
from tests.torture import Tally
from tests.year.cast import Slot
from tests.year.rounds import DAYS, fingerprint, play, year_of

_ROOT = Path(__file__).parents[2]
#: Enough of everything to repeat: check-ins, digests, an outage of each length.
_SHORT = (1, 21, 8)


def unbroken(tally: Tally, seed: int) -> None:
    said = [f"{violation.invariant}: {violation.what}" for violation in tally.violations]
    assert said == [], f"seed {seed}"


@pytest.mark.timeout(900)
async def test_a_year(tmp_path: Path) -> None:
    tally, _ = await play(tmp_path, 1)
    unbroken(tally, 1)
    # A year in which little happens proves little.
    assert tally.counts["days"] == DAYS
    assert tally.counts["questions"] > 1000
    assert tally.counts["reminders"] > 200
    assert tally.counts["digests"] > 190  # less those that holidays take
    assert tally.counts["acknowledgements told"] > 200
    assert tally.counts["late taps"] > 10
    assert tally.counts["restarts"] >= 50
    assert tally.counts["losses"] == 1
    assert tally.counts["answers lost"] > 0
    assert all(tally.counts[f"handed over: {how}"] for how in ("share", "alone", "no", "nothing"))


@pytest.mark.timeout(300)
def test_the_same_seed_gives_the_same_journal() -> None:
    """In another process too, where sets and hashes have another order."""
    _, here = year_of(*_SHORT)
    code = f"from tests.year.rounds import year_of; print(year_of(*{_SHORT})[1])"
    there = subprocess.run(
        [sys.executable, "-c", code], cwd=_ROOT, env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert there.stdout.split()[-1] == here
    _, other = year_of(_SHORT[0] + 1, *_SHORT[1:])
    assert other != here


def test_what_folds_up_older_messages_has_no_order_beside_what_comes_anew() -> None:
    """Of a lost phone both leave at once; the order of each, and to whom it went, still counts."""
    new, fold, more = ("sendMessage", "new"), ("editMessageText", "gone"), ("editMessageText", "")
    tap, later = ("sendMessage", "later"), ("sendMessage", "new")
    first = _reduced(new, fold, tap, more)
    assert _reduced(fold, new, more, tap) == first
    for other in (
        (tap, fold, new, more), (new, more, tap, fold), (new, fold, tap), (new, fold, tap, later),
    ):  # fmt: skip
        assert _reduced(*other) != first


def _reduced(*calls: tuple[str, str]) -> str:
    """Reduce a chat with these answers of Telegram, in the order in which they were sent."""
    entries = [
        SimpleNamespace(chat=1, at=5, kind="call", method=method, params={}, result={"text": text})
        for method, text in calls
    ]
    people = {1: SimpleNamespace(id=1, name="Ben")}
    emulator = SimpleNamespace(journal=SimpleNamespace(read=lambda: entries), people=people)
    course: Any = SimpleNamespace(stage=SimpleNamespace(emulator=emulator))
    return fingerprint(course)


def test_a_pattern_is_counted_from_its_first_week() -> None:
    fortnightly = Slot(weekday=2, time="10:00", every_weeks=2)
    assert fortnightly.dates(date(2026, 12, 2)) == [
        date(2026, 11, 4), date(2026, 11, 18), date(2026, 12, 2),
    ]  # fmt: skip


def test_the_judge_knows_what_a_goodbye_asks(tmp_path: Path) -> None:
    settings = load(write_config(tmp_path, "http://127.0.0.1:1/bot"))
    options = options_of(settings)
    assert options("reached") == ("rating", ())
    assert options("talked")[1] == ("yes", "a_bit", "no", "rather_not_say")
