"""Carrying out or declining, from the command line, what a client asked to have erased.

Works beside the running program. Whoever is erased is told from here: nothing in the database knows
them afterwards.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.config import Settings
from bot.core.errors import Undelivered
from bot.opening import PATIENCE_SECONDS, RandomIds, SystemClock, bot_of, open_database
from bot.render import Renderer
from bot.services.erasures import Erasures, Farewell, Wish
from bot.services.ports import Screen
from bot.transport.application import close, introduce, make_application
from bot.transport.messenger import BotMessenger
from bot.transport.pacing import Pacing
from bot.views.reader import Desk


@dataclass(frozen=True, slots=True)
class Erased:
    """How an erasure ended. is_told: the client; is_without_trace: the write-ahead log is empty."""

    is_told: bool
    is_without_trace: bool


async def open_wishes(settings: Settings) -> list[Wish]:
    """List the wishes to be erased that wait for the practice's decision."""
    clock = SystemClock()
    db = await open_database(settings, clock, alone=False)
    try:
        return await Erasures(db, clock, RandomIds(), settings).open_wishes()
    finally:
        await db.close()


async def carry_out(settings: Settings, wish: Wish) -> Erased:
    """Erase, then tell the client. Errors: Refused("settled"), `Unavailable`."""
    clock = SystemClock()
    db = await open_database(settings, clock, alone=False)
    try:
        farewell = await Erasures(db, clock, RandomIds(), settings).carry_out(wish)
    finally:
        await db.close()
    return Erased(await _tell(settings, farewell), farewell.is_without_trace)


async def decline(settings: Settings, wish: Wish) -> None:
    """Decline; the running program tells the client. Errors: Refused("settled")."""
    clock = SystemClock()
    db = await open_database(settings, clock, alone=False)
    try:
        await Erasures(db, clock, RandomIds(), settings).decline(wish)
    finally:
        await db.close()


async def _tell(settings: Settings, farewell: Farewell) -> bool:
    """Tell the client, and take the buttons of questions away; were they told?"""
    client = farewell.client
    if client is None or client.telegram_id is None:
        return False
    desk = Desk(Renderer(settings.practice.templates), settings)
    reader = desk.reader(client)
    clock = SystemClock()
    application = make_application(bot_of(settings))
    messenger = BotMessenger(
        application.bot, Pacing(clock), protect=settings.checkin.protect_content
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await introduce(application, clock)
            told = Screen(desk.text("client/erased_by_practice", reader))
            await messenger.send(client.telegram_id, told)
            for message in farewell.gone:
                gone = Screen(desk.text("client/gone", reader))
                await messenger.edit(client.telegram_id, message, gone)
    except (TimeoutError, Undelivered):
        return False
    finally:
        await close(application)
    return True
