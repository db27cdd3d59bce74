"""Check-ins as rows: time never undoes an end."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from bot.store import checkins
from bot.store.checkins import State
from tests.digest_support import CUT, HOUR
from tests.digest_world import open_world
from tests.transactions import writing

ENDS: tuple[State, ...] = ("answered", "expired", "did_not_meet", "withheld", "cancelled")


@pytest.mark.parametrize(("first", "second"), list(permutations(ENDS, 2)))
async def test_the_first_closing_wins(tmp_path: Path, first: State, second: State) -> None:
    async with open_world(tmp_path) as world:
        checkin = await world.checkin(await world.pair("A7"), state="open", closed_at=None)
        async with writing(world.db) as tx:
            assert await checkins.close(tx, checkin, first, CUT)
        async with writing(world.db) as tx:
            assert not await checkins.close(tx, checkin, second, CUT + HOUR)
        (row,) = await world.rows("SELECT state, closed_at FROM checkin")
        assert (row["state"], row["closed_at"]) == (first, CUT)
