"""What stories need: a world, once as it is and once restarted between every two steps."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from world import World

from bot.core.timetable import to_utc
from bot.demo.stage import TOKEN, StageClock, set_stage
from bot.emulator import Emulator
from bot.render import Renderer

#: A Sunday morning; no clock change within the next months.
START = to_utc("2026-11-01", "10:00", "Europe/Berlin")

#: The real one, but one for all restarts: compiling templates anew tells nothing.
one_renderer = cache(Renderer)


@pytest.fixture(params=["as it is", "restarting"])
async def world(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    """A practice without people; `@pytest.mark.settings("…TOML…")` adds settings."""
    monkeypatch.setattr("bot.app.Renderer", one_renderer)
    mark = request.node.get_closest_marker("settings")
    clock = StageClock(START)
    emulator = Emulator(token=TOKEN, clock=clock, seed=1, loopback_webhook=True)
    async with emulator.serve(port=0):
        extra = mark.args[0] if mark else ""
        stage = await set_stage(tmp_path, emulator, clock, extra=extra)
        try:
            made = World(stage, restarting=request.param == "restarting")
            yield made
            await made.check()
        finally:
            await stage.close()
