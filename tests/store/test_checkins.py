"""Check-ins as rows: time never undoes an end."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from bot.store import checkin_ends, checkins
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
            assert await checkin_ends.close(tx, checkin, first, CUT)
        async with writing(world.db) as tx:
            assert not await checkin_ends.close(tx, checkin, second, CUT + HOUR)
        (row,) = await world.rows("SELECT state, closed_at FROM checkin")
        assert (row["state"], row["closed_at"]) == (first, CUT)


async def test_questionnaires_in_use_are_found_without_reading_every_check_in(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        pair = await world.pair("A7")
        made = [await world.checkin(pair, time=f"{8 + n:02}:00") for n in range(7)]
        kinds = [("own-alliance", 10), ("own-alliance", 2), ("session-alliance", 1)]
        for number, checkin in enumerate(made):
            name, version = kinds[number % 3]
            await world.run(
                "UPDATE checkin SET instrument = :name, instrument_version = :version"
                " WHERE id = :id",
                name=name,
                version=version,
                id=checkin,
            )
        assert sorted(await world.db.read(checkins.instruments_in_use)) == kinds[1::-1] + kinds[2:]
        plan = await world.rows(
            "EXPLAIN QUERY PLAN SELECT instrument FROM checkin"
            " WHERE instrument || '-' || instrument_version > ''"
            " ORDER BY instrument || '-' || instrument_version LIMIT 1"
        )
        assert [row["detail"] for row in plan] == [
            "SEARCH checkin USING INDEX checkin_of_questionnaire (<expr>>?)"
        ]
