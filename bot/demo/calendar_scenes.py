"""The scenes of a rehearsal that calendars play in, without a calendar: what one says is invented.

Nothing is asked anywhere: their addresses are of this machine, which no calendar may be at.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.core.feeds import Flaw, Found, Seen, Source
from bot.demo.stage import Stage
from bot.emulator import Person as Phone
from bot.services.declaring import Declared, Declaring
from bot.services.following import DAY_MS, MINUTE_MS, Following
from bot.services.matching import Said

_AT = "https://127.0.0.1/"
_FLAWS = (
    Flaw(b"1", "too_often", "2026-11-03 15:00", 4),
    Flaw(b"2", "bad_rule", "2026-11-03 15:00", 14),
    Flaw(b"3", "bad_event", "?", 24),
    Flaw(b"4", "zone", "2026-11-03 15:00", 0),
    Flaw(b"5", "zone_rule", "2026-11-03 15:00", 34),
    Flaw(b"6", "twice", "2026-11-03 15:00", 44),
)
Press = Callable[[Phone, str], Awaitable[bool]]


async def play_calendars(stage: Stage, ben: Phone, code: str, press: Press) -> None:
    """Let a calendar of Ben's be looked at, followed, asked about, lost and removed.

    code: a client of his, whose sessions are in it.
    """
    app = stage.running
    who = await app.room.enrolment.who(ben.id)
    if who.person is None:
        return
    feed_id = await app.room.feeds.add(who.person.id, Source("Praxis", f"{_AT}b"))
    await _says(stage, feed_id, code, code, code, None)
    for act in ("calone", "calok", "calall", "calone"):
        await press(ben, act)
    await _says(stage, feed_id, code, code, code, None, None, None)
    for act in ("calwho", "callater", "calnot", "calall"):
        await press(ben, act)
    await _says(stage, feed_id, *[None] * 6)
    await press(ben, "calallow")
    for act in ("calall", "calone", "caldel", "caldelok"):
        await press(ben, act)


async def play_declared(stage: Stage, code: str) -> None:
    """Let the practice's calendar come into config.toml, be followed, and leave it.

    code: a client whose sessions are in it.
    """
    app = stage.running
    source = Source("Praxis", f"{_AT}p", declared="praxis")
    for declared in ((Declared(None, source),), ()):
        await Declaring(app.db, app.clock, app.ids, stage.settings, declared).bring_in()
        for one in await app.room.feeds.all():
            if one.feed.source.declared and declared:
                await _says(stage, one.feed.id, code, None)
                await app.room.feeds.accept(one.feed.id, None)
        await stage.settle()


async def _says(stage: Stage, feed_id: int, *codes: str | None) -> None:
    """Let a calendar have an event for each code, two days apart; None for one of nobody known."""
    app = stage.running
    now = app.clock.now()
    said = []
    for number, code in enumerate(codes):
        name = bytes([number + 1, code is None]) * 16
        starts_at = now + (2 * number + 1) * DAY_MS
        said.append(Said(Found(name, name, starts_at, starts_at + 50 * MINUTE_MS), code))
    following = Following(app.db, app.clock, app.ids, stage.settings)
    seen = Seen(body=f"{now} {len(codes)}")
    job = await following.job(feed_id)
    if job is not None:
        await following.apply(job, tuple(said), frozenset(), seen, _FLAWS)
    await stage.settle()
