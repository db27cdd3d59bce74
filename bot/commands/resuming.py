"""Letting the bot go on after a restore, from the command line and beside the running program."""

from __future__ import annotations

from bot.config import Settings
from bot.opening import RandomIds, SystemClock, open_database
from bot.services.hold import Hold, OnHold
from bot.store.losses import Loss


async def look(settings: Settings) -> tuple[OnHold | None, Loss | None]:
    """Say what resuming would do, None where the bot is not on hold; and give the newest loss."""
    clock = SystemClock()
    db = await open_database(settings, clock, alone=False)
    try:
        hold = Hold(db, clock, RandomIds(), settings)
        return await hold.preview(), await hold.newest()
    finally:
        await db.close()


async def resume(settings: Settings) -> OnHold | None:
    """Let the bot go on; None where it is not on hold. The running program notices by itself."""
    clock = SystemClock()
    db = await open_database(settings, clock, alone=False)
    try:
        return await Hold(db, clock, RandomIds(), settings).resume()
    finally:
        await db.close()
