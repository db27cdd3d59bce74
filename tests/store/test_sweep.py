"""What each sweep asks costs the same however many have come and gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.erasure import EXPIRED
from bot.store.pairs import ENDING, RESUMING
from tests.digest_world import World, open_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize(
    ("sql", "value", "indexes"),
    [
        (
            EXPIRED,
            {"before": 1, "joined_before": 1},
            ["pair_over", "pair_stopped", "pair_unconfirmed"],
        ),
        (RESUMING, {"on": "x"}, ["pair_resuming"]),
        (ENDING, {"now": 1, "limit": 1}, ["pair_ending"]),
    ],
)
async def test_it_is_found_by_its_index(
    world: World, sql: str, value: dict[str, object], indexes: list[str]
) -> None:
    steps = [row["detail"] for row in await world.rows(f"EXPLAIN QUERY PLAN {sql}", **value)]
    read = [step for step in steps if step.startswith(("SCAN", "SEARCH"))]
    assert len(read) == len(indexes)
    assert all(f"INDEX {one} (" in step for one, step in zip(indexes, read, strict=True))
