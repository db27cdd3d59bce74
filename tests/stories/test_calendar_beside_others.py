"""What one event, one reading or one calendar does leaves those beside it alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from world import World

from tests.feeds.calendars import Kept, follows, kept_beside, planned, read_again

pytestmark = pytest.mark.settings("[calendar]\nprivate_addresses = true\n")


@pytest.fixture
async def kept(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Kept]:
    async with kept_beside(world, monkeypatch) as made:
        yield made


@pytest.mark.parametrize("before", ["asked", "cancelled by hand"])
async def test_a_corrected_code_counts_and_stops_no_other_calendar(
    world: World, kept: Kept, before: str
) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    await world.pair("Cora", "Ben", code="B2")
    kept.has("1", "2026-11-02 15:00")
    await follows(ben, kept)
    other = Kept(kept.site, "/secret/other.ics")
    other.has("2", "2026-11-06 09:00", code="B2")
    await follows(ben, other, name="Zweite")
    if before == "asked":
        await world.until("Mon 16:20")
        assert "about Monday is ready" in anna.screen
    else:
        await ben.types("/appointments")
        await ben.taps(next(label for label in ben.phone.last.labels if "A7" in label))
        await ben.taps("Cancel it")
        await ben.taps("Yes, cancel it")
    kept.has("1", "2026-11-02 15:00", code="B2")
    other.has("2", "2026-11-06 10:00", code="B2")
    await read_again(world)
    assert [row for row in await planned(world) if row[3] != "moved"] == [
        ("A7", "2026-11-02", "15:00", "did_not_meet" if before == "asked" else "cancelled"),
        ("B2", "2026-11-02", "15:00", "planned"),
        ("B2", "2026-11-06", "10:00", "planned"),
    ]
    assert await world.rows("SELECT DISTINCT failures, problem FROM feed") == [(0, None)]
    assert [line for line in world.logged if "'error'" in line] == []
