"""What the benchmark compares is the same survey, answered to the end by every bot."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.bench.beside import commands, peer
from tests.bench.peers.survey import ITEMS
from tests.bench.taps import TAPS, rapport

PEOPLE = 3


async def test_rapport_stores_every_tap(tmp_path: Path) -> None:
    async with rapport(tmp_path, 1, PEOPLE) as bot:
        await bot.play_round(1)
        assert len(bot.waits) == PEOPLE * TAPS
    assert bot.ms[0] > 0


@pytest.mark.parametrize("name", ["stock", "aiogram", "grammY"])
async def test_a_peer_holds_the_survey(name: str, tmp_path: Path) -> None:
    found, missing = commands(install=False)
    if name in missing:
        pytest.skip(f"{name}: {missing[name]}")
    async with peer(name, found[name], tmp_path, PEOPLE) as bot:
        await bot.play_round(2)  # the second begins with "again"
    assert len(bot.waits) == PEOPLE * 2 * TAPS
    if (database := tmp_path / name / f"{name.lower()}.sqlite3").exists():
        query = "SELECT count(*), min(value), max(value) FROM answer"
        assert sqlite3.connect(database).execute(query).fetchone() == (
            PEOPLE * 2 * len(ITEMS), 8, 8,
        )  # fmt: skip
    else:
        assert name == "stock", "the others commit each answer"
        assert (tmp_path / name / "stock.pickle").stat().st_size > 0
