"""The practice's database, made as `rapport init` makes it: no other command but `restore` does."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bot.config import load
from bot.opening import SystemClock, open_database
from bot.services.ports import Clock


def founded(config: Path, clock: Clock | None = None) -> Path:
    """Make the database of the practice that `config` is of; give the configuration back."""

    async def found() -> None:
        await (await open_database(load(config), clock or SystemClock())).close()

    with ThreadPoolExecutor(1) as apart:  # whoever asks may be in a loop already
        apart.submit(lambda: asyncio.run(found())).result()
    return config
