"""When a pause is over: with its day, by the client's clock, for the sessions from then on.

Whoever looks first, the sweep or the decision about a session, finds the same.
"""

from __future__ import annotations

import pytest
from world import World

from bot.opening import RandomIds
from bot.services.retention import Retention


async def asked_of_sessions(world: World) -> list[tuple[object, ...]]:
    """Give which of the sessions so far were asked about, or why not."""
    await world.later(hours=2)
    return await world.rows(
        "SELECT asked, not_asked_reason FROM appointment WHERE asked IS NOT NULL ORDER BY starts_at"
    )


async def test_a_session_on_the_eve_of_a_pauses_end_is_not_asked_about(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Sun 23:00")
    await anna.types("/pause until 9 Nov")
    for _ in range(2):
        await world.until("Mon 00:05")
        await world.later(minutes=10)
    assert await asked_of_sessions(world) == [("not_asked", "paused")] * 2
    await world.until("Mon 00:05")
    assert (await asked_of_sessions(world))[-1] == ("asked", None)


async def test_an_outage_over_the_end_of_a_pause_asks_nothing_about_what_lay_in_it(
    world: World,
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Sun 15:00")
    await anna.types("/pause until 9 Nov")
    await world.until("Sun 20:00")
    await world.until("Sun 14:00")
    stage = world.stage
    await stage.close()
    stage.clock.advance_to(stage.moment("Mon 00:10"))
    await stage.open()
    # Each tick runs by itself: the sweep may come first.
    sweep = Retention(stage.running.db, stage.clock, RandomIds(), stage.settings)
    while await sweep.sweep_one():
        pass
    assert await asked_of_sessions(world) == [("not_asked", "paused")] * 2


@pytest.mark.parametrize(
    ("zone", "meets", "asked"),
    [
        ("America/New_York", "Mon 01:00", ("not_asked", "paused")),
        ("Asia/Tokyo", "Sun 20:00", ("asked", None)),
    ],
)
async def test_a_pause_ends_with_the_day_by_the_clients_clock(
    world: World, zone: str, meets: str, asked: tuple[str, str | None]
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets=meets)
    await anna.types(f"/zone {zone}")
    await anna.types("/pause until 9 Nov")
    await world.until("Sat 12:00")
    await world.until("Mon 05:00")
    assert (await asked_of_sessions(world))[-1] == asked


async def test_a_therapist_reads_which_sessions_a_pause_is_about(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await anna.types("/pause until 9 Nov")
    await ben.types("/appointments")
    lines = ben.screen.splitlines()
    assert "Mon, Nov 2, 15:00 · A7 · paused the questions" in lines
    assert "Mon, Nov 9, 15:00 · A7" in lines
