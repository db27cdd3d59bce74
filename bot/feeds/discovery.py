"""Finding the calendars of a CalDAV server by one address of it (RFC 6764, RFC 4791).

Owns the three questions (who am I, where are my calendars, which are there) and what of the answers
is believed. What a server names is asked under the same guard as what people give; the name and
password go where it says only with encryption, or to where they were given for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

import aiohttp
from yarl import URL

from bot.core.feeds import NAME_LENGTH
from bot.core.shown import on_one_line
from bot.feeds.addresses import Address, NotFetched
from bot.feeds.fetching import asking, body_of, follow

_DAV: Final = "{DAV:}"
_CAL: Final = "{urn:ietf:params:xml:ns:caldav}"
_ASKED: Final = (
    b'<?xml version="1.0" encoding="utf-8"?>'
    b'<propfind xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><prop>'
    b"<current-user-principal/><c:calendar-home-set/><resourcetype/><displayname/>"
    b"<c:supported-calendar-component-set/></prop></propfind>"
)
_WELL_KNOWN: Final = "/.well-known/caldav"
_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Collection:
    """A calendar of a server. name: what people call it there."""

    url: str
    name: str


async def find_collections(
    address: Address, *, private: bool = False, within_seconds: float = 30.0
) -> tuple[Collection, ...]:
    """Find the calendars with appointments that an account has. Errors: `NotFetched`.

    address: any of the server's, with the account's name and password.
    """
    async with asking(address, private=private, within_seconds=within_seconds) as session:
        server = _Server(session, private)
        start = await _begin(server, address)
        home = _href(start, f"{_CAL}calendar-home-set")
        if home is None:
            principal = _href(start, f"{_DAV}current-user-principal")
            if principal is None:
                raise NotFetched("missing", f"{address.host} has no calendars at this address")
            address = _at(address, principal)
            home = _href(await server.asks(address, "0"), f"{_CAL}calendar-home-set")
        if home is None:
            raise NotFetched("missing", f"{address.host} does not say where its calendars are")
        address = _at(address, home)
        return _distinct(_calendars(await server.asks(address, "1"), address))[:_MOST]


async def _begin(server: _Server, address: Address) -> Element:
    """Ask the address, and where that is no place of CalDAV's, the one that stands for it."""
    try:
        found = await server.asks(address, "0")
        if _href(found, f"{_DAV}current-user-principal") is not None:
            return found
    except NotFetched as problem:
        if problem.why not in ("missing", "status"):
            raise
    return await server.asks(_at(address, _WELL_KNOWN), "0")


@dataclass(frozen=True, slots=True)
class _Server:
    session: aiohttp.ClientSession
    private: bool

    async def asks(self, address: Address, depth: str) -> Element:
        headers = {"Depth": depth, "Content-Type": "application/xml; charset=utf-8"}
        return await follow(
            self.session, address, headers, _answer,
            private=self.private, method="PROPFIND", data=_ASKED,
        )  # fmt: skip


class _Plain(TreeBuilder):
    """Builds what has no definitions of its own: those of entities could grow without end."""

    def doctype(self, *_: Any) -> None:
        raise ParseError("a document type")


async def _answer(response: aiohttp.ClientResponse, host: str) -> Element:
    body = await body_of(response, host, 207)
    parser = XMLParser(target=_Plain())  # noqa: S314 - it takes no definitions
    try:
        parser.feed(body)
        found: Element = parser.close()
    except ParseError:
        raise NotFetched("status", f"{host} gives no answer that CalDAV knows") from None
    return found


def _href(found: Element, name: str) -> str | None:
    part = found.find(f"{_DAV}response/{_DAV}propstat/{_DAV}prop/{name}/{_DAV}href")
    return (part.text or "").strip() or None if part is not None else None


def _at(address: Address, href: str) -> Address:
    """Give another address of the same account.

    Errors: `NotFetched` where the password would go there without encryption.
    """
    url = urljoin(address.url, href)
    here, there = urlsplit(address.url), urlsplit(url)
    same = (here.scheme, here.netloc) == (there.scheme, there.netloc)
    if not same and there.scheme != "https":
        raise NotFetched("open", f"{address.host} leads to an address without encryption")
    # Written with its other characters as %1B: it is shown, to be copied.
    return replace(address, url=str(URL(there._replace(fragment="").geturl())))


def _calendars(found: Element, address: Address) -> Iterator[Collection]:
    for one in found.iterfind(f"{_DAV}response"):
        href = (one.findtext(f"{_DAV}href") or "").strip()
        prop = f"{_DAV}propstat/{_DAV}prop"
        kinds = [
            part.get("name")
            for part in one.iterfind(f"{prop}/{_CAL}supported-calendar-component-set/{_CAL}comp")
        ]
        if one.find(f"{prop}/{_DAV}resourcetype/{_CAL}calendar") is None or not href:
            continue
        if not kinds or "VEVENT" in kinds:
            url = _at(address, href).url
            given = one.findtext(f"{prop}/{_DAV}displayname") or ""
            name = on_one_line(given, NAME_LENGTH) or unquote(url.rstrip("/").rpartition("/")[2])
            yield Collection(url, on_one_line(name, NAME_LENGTH))


def _distinct(found: Iterable[Collection]) -> tuple[Collection, ...]:
    """Name each once: what has another's name is told by where it is."""
    each = list({one.url: one for one in found}.values())
    names = Counter(one.name.casefold() for one in each)
    return tuple(
        one
        if names[one.name.casefold()] == 1
        else replace(one, name=f"{one.name} ({URL(one.url).raw_path})")
        for one in each
    )
