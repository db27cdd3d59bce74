"""A calendar that changes: its events by name, served as a calendar on the web serves them."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from world import Human, World

from bot.feeds.apart import told, understood
from bot.feeds.facts import Reading
from tests.feeds.ics_text import calendar
from tests.feeds.web import Site, serving


@dataclass
class Kept:
    """events: the lines of each, by its uid. broken: what is answered instead."""

    site: Site
    path: str = "/secret/basic.ics"
    events: dict[str, str] = field(default_factory=dict)
    head: str = ""
    broken: web.Response | None = None
    unchanged: int = 0

    def __post_init__(self) -> None:
        self.site.pages[self.path] = self.answer

    @property
    def url(self) -> str:
        return self.site.at(self.path)

    def has(self, uid: str, start: str, *more: str, minutes: int = 50, code: str = "A7") -> None:
        """Let an event begin at "2026-11-02 15:00" in Berlin; more: further lines of it."""
        local = start.replace("-", "").replace(":", "").replace(" ", "T") + "00"
        tag = (f"CATEGORIES:client:{code}",) if code else ()
        self.events[uid] = "\n".join(
            [
                f"UID:{uid}",
                f"DTSTART;TZID=Europe/Berlin:{local}",
                f"DURATION:PT{minutes}M",
                "SUMMARY:Canary title",
                "ATTENDEE:mailto:canary@example.org",
                *tag,
                *more,
            ]
        )

    @property
    def body(self) -> bytes:
        return calendar(*self.events.values(), head=self.head)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if self.broken is not None:
            return web.Response(body=self.broken.body, status=self.broken.status)
        tag = f'"{hashlib.sha256(self.body).hexdigest()[:12]}"'
        if request.headers.get("If-None-Match") == tag:
            self.unchanged += 1
            return web.Response(status=304, headers={"ETag": tag})
        return web.Response(body=self.body, content_type="text/calendar", headers={"ETag": tag})


async def _read_here(
    body: bytes, *, zone: str, from_at: int, to_at: int, within_seconds: float
) -> Reading:
    return understood(told(body, zone, from_at, to_at))


def read_here(patch: pytest.MonkeyPatch) -> None:
    """Let calendars be read without a process of their own, by the same steps.

    To start one costs more than the rest of such a story.
    """
    patch.setattr("bot.feeds.syncing.read_apart", _read_here)


@asynccontextmanager
async def kept_beside(
    world: World, patch: pytest.MonkeyPatch, *, apart: bool = False
) -> AsyncIterator[Kept]:
    """Serve a calendar on the web; at the end, nothing of its words is anywhere.

    apart: whether it is read in a process of its own, as in the program.
    """
    if not apart:
        read_here(patch)
    async with serving() as site:
        made = Kept(site)
        yield made
        words = ("Canary", "canary", "secret/basic", "geheim")
        assert [word for word in words if word.encode() in world.raw] == []
        assert [line for line in world.logged if any(word in line for word in words)] == []


async def follows(ben: Human, kept: Kept, *, name: str = "Praxis") -> None:
    """Let a therapist add a calendar and accept it."""
    await ben.types(f"/calendar {kept.url} {name}")
    await ben.taps("Follow this calendar")


async def read_again(world: World) -> None:
    """Let the next regular reading come."""
    await world.later(minutes=18)


async def planned(world: World) -> list[tuple[object, ...]]:
    """List the appointments: code, date, time and state."""
    return await world.rows(
        "SELECT code, local_on, local_time, appointment.state FROM appointment"
        " JOIN pair ON pair.id = pair_id ORDER BY starts_at, state_at"
    )
