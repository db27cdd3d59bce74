"""Calendars are read side by side: one that hangs holds up no other, and none is read twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import web
from world import World

from bot import ticks
from bot.app import SystemClock
from bot.core.feeds import Source
from bot.feeds.syncing import Syncing
from bot.services.following import Following
from bot.ticks import Piece, Ticks
from tests.feeds.calendars import Kept, kept_beside

pytestmark = pytest.mark.settings("[calendar]\nprivate_addresses = true\n")


@pytest.fixture
async def kept(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Kept]:
    async with kept_beside(world, monkeypatch, apart=not world.restarting) as made:
        yield made


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - what is waited for rings no bell
            await asyncio.sleep(0.01)


async def test_a_server_that_hangs_holds_up_no_other_calendar(world: World, kept: Kept) -> None:
    kept.has("1", "2026-11-02 15:00")
    hangs = asyncio.Event()

    async def hanging(request: web.Request) -> web.Response:
        await hangs.wait()
        return web.Response(status=404)

    kept.site.pages["/hangs.ics"] = hanging
    app = world.stage.running
    await app.room.feeds.add(None, Source("Hangs", kept.site.at("/hangs.ics")))
    world.stage.clock.advance_to(world.stage.clock.now() + 1)
    other = await app.room.feeds.add(None, Source("Other", kept.url))
    syncing = Syncing(Following(app.db, app.clock, app.ids, app.settings), app.settings)
    first = asyncio.create_task(syncing.sync_one())
    await until(lambda: len(kept.site.asked) == 1)
    assert kept.site.asked[0].path == "/hangs.ics"
    async with asyncio.timeout(20):
        assert await syncing.sync_one()
        assert await syncing.sync_one() is False, "what is in hand is left alone"
    assert not first.done()
    assert await world.rows("SELECT read_at IS NULL FROM feed WHERE id = :id", id=other) == [(0,)]
    assert [one.path for one in kept.site.asked] == ["/hangs.ics", kept.path]
    hangs.set()
    assert await first
    assert syncing.in_hand == set()


async def test_what_hangs_in_a_tick_leaves_the_next_tick_to_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticks, "_SECONDS", {"follow": 0.02})
    begun = 0

    async def follow() -> bool:
        nonlocal begun
        begun += 1
        await asyncio.Event().wait()
        return True

    async def nothing() -> None:
        return None

    db, piece = world.stage.running.db, Piece(follow)
    made = Ticks((), piece, (), piece, nothing, db, SystemClock())
    made.start()
    await until(lambda: begun == 4)
    await asyncio.sleep(0.2)
    assert begun == 4, "a limit there is"
    await made.stop(0.01)
