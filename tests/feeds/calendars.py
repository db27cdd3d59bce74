"""A calendar that changes: its events by name, served as a calendar on the web serves them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from aiohttp import web

from tests.feeds.ics_text import calendar
from tests.feeds.web import Site


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
