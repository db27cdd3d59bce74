"""Eleven invented weeks read as they were read when somebody last looked at them.

A change of words or of rules shows here as a difference; `make golden` prints it and keeps it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden.pages import FOLDER, differences, kept_in, pages_of_week
from tests.golden.weeks import WEEKS, Week


@pytest.mark.parametrize("week", WEEKS, ids=lambda week: week.__name__)
async def test_a_week_reads_as_it_was_looked_at(week: Week, tmp_path: Path) -> None:
    assert differences(week, await pages_of_week(week, tmp_path)) == ""


def test_every_kept_page_belongs_to_a_week() -> None:
    assert set(FOLDER.glob("*.txt")) == {kept_in(week) for week in WEEKS}
