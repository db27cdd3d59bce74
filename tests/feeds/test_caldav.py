"""A collection of a real CalDAV server (Radicale), read by a plain GET with a name and password."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.feeds.addresses import Address, NotFetched, read_address
from bot.feeds.discovery import Collection, find_collections
from bot.feeds.fetching import fetch
from tests.feeds.ics_text import FROM, TO, ZONE, calendar, starts
from tests.feeds.web import Site, free_port, serving

WEEKLY = """UID:weekly
DTSTART;TZID=Europe/Berlin:20261102T150000
DTEND;TZID=Europe/Berlin:20261102T155000
RRULE:FREQ=WEEKLY;COUNT=3
CATEGORIES:client:A7"""
ONCE = """UID:once
DTSTART;TZID=Europe/Berlin:20261104T090000
DTEND;TZID=Europe/Berlin:20261104T095000
CATEGORIES:client:B2"""
OWNER = {"Authorization": aiohttp.encode_basic_auth("ben", "geheim")}


@pytest.fixture
async def collection(tmp_path: Path) -> AsyncIterator[str]:
    """Ben's empty collection on a server of its own; gives its address."""
    port = free_port()
    (tmp_path / "users").write_text("ben:geheim\n", "utf-8")
    (tmp_path / "config").write_text(
        f"[server]\nhosts = 127.0.0.1:{port}\n"
        f"[auth]\ntype = htpasswd\nhtpasswd_filename = {tmp_path}/users\n"
        "htpasswd_encryption = plain\n"
        f"[storage]\nfilesystem_folder = {tmp_path}/collections\n",
        "utf-8",
    )
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "radicale", "--config", str(tmp_path / "config"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}/ben/sessions/"
    try:
        await _made(url)
        yield url
    finally:
        server.kill()
        await server.wait()


async def _made(url: str) -> None:
    """Make the collection as soon as the server listens."""
    async with aiohttp.ClientSession(headers=OWNER) as session, asyncio.timeout(30):
        while True:
            try:
                async with session.request("MKCALENDAR", url) as answer:
                    assert answer.status == 201
                    return
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.05)


async def put(url: str, name: str, event: str) -> None:
    headers = {"Content-Type": "text/calendar"}
    async with (
        aiohttp.ClientSession(headers=OWNER) as session,
        session.put(url + name, data=calendar(event), headers=headers) as answer,
    ):
        assert answer.status in (201, 204)


async def test_a_collection_is_read_as_one_calendar(collection: str) -> None:
    from bot.feeds.apart import read_apart

    await put(collection, "weekly.ics", WEEKLY)
    await put(collection, "once.ics", ONCE)
    address = read_address(collection.replace("//", "//ben:geheim@"))
    came = await fetch(address, private=True)
    assert came.body is not None
    reading = await read_apart(came.body, zone=ZONE, from_at=FROM, to_at=TO)
    assert starts(reading) == ["11-02 15:00", "11-04 09:00", "11-09 15:00", "11-16 15:00"]
    assert {event.categories for event in reading.events} == {("client:A7",), ("client:B2",)}

    again = await fetch(address, etag=came.etag, modified=came.modified, private=True)
    assert again.body is None or again.body == came.body
    await put(
        collection, "once.ics", ONCE.replace("T090000", "T100000").replace("T095000", "T105000")
    )
    moved = await fetch(address, etag=came.etag, modified=came.modified, private=True)
    assert moved.body is not None
    later = await read_apart(moved.body, zone=ZONE, from_at=FROM, to_at=TO)
    assert "11-04 10:00" in starts(later)


@pytest.mark.parametrize("who", ["ben:wrong@", ""])
async def test_who_is_not_let_in_is_told_so(collection: str, who: str) -> None:
    with pytest.raises(NotFetched, match="asks for a name and password") as refused:
        await fetch(read_address(collection.replace("//", f"//{who}")), private=True)
    assert refused.value.why == "denied"
    assert "wrong" not in str(refused.value)


@pytest.mark.parametrize("path", ["/", "/ben/", "/ben/sessions/"])
async def test_its_calendars_are_found_by_any_address_of_the_server(
    collection: str, path: str
) -> None:
    server = collection.removesuffix("/ben/sessions/")
    found = await find_collections(Address(server + path, "ben", "geheim"), private=True)
    assert found == (Collection(collection, "ben/sessions"),)
    with pytest.raises(NotFetched) as refused:
        await find_collections(Address(server + path, "ben", "wrong"), private=True)
    assert refused.value.why == "denied"


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://10.0.0.1/", "http://example.org/"])
async def test_no_calendars_are_looked_for_where_none_may_be_read(url: str) -> None:
    with pytest.raises(NotFetched) as refused:
        await find_collections(Address(url, "ben", "geheim"))
    assert refused.value.why == ("open" if url.startswith("http:") else "private")


def told(prop: str, href: str = "/") -> web.Response:
    """Answer with a property of one place."""
    body = (
        '<multistatus xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">'
        f"<response><href>{href}</href><propstat><prop>{prop}</prop></propstat></response>"
        "</multistatus>"
    )
    return web.Response(status=207, text=body, content_type="application/xml")


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serving() as served:
        yield served


PRINCIPAL = "<current-user-principal><href>{}</href></current-user-principal>"
HOME = "<c:calendar-home-set><href>{}</href></c:calendar-home-set>"
KIND = "<resourcetype><c:calendar/></resourcetype><displayname>{}</displayname>"
TASKS = (
    KIND.format("Tasks")
    + '<c:supported-calendar-component-set><c:comp name="VTODO"/>'
    + "</c:supported-calendar-component-set>"
)


async def test_a_server_is_found_by_its_well_known_address(site: Site) -> None:
    site.pages["/.well-known/caldav"] = web.Response(status=301, headers={"Location": "/dav"})
    site.pages["/dav"] = told(PRINCIPAL.format("/ben"))
    site.pages["/ben"] = told(HOME.format("/house/"))
    site.pages["/house/"] = told(KIND.format(" Ben  at work "), "/house/a/")
    found = await find_collections(Address(site.at("/"), "ben", "geheim"), private=True)
    assert found == (Collection(site.at("/house/a/"), "Ben at work"),)
    assert {one.method for one in site.asked} == {"PROPFIND"}
    site.pages["/house/"] = told(TASKS, "/house/a/")
    assert await find_collections(Address(site.at("/"), "ben", "x"), private=True) == ()


def listing(*calendars: tuple[str, str]) -> web.Response:
    """Answer with calendars: the address and the name of each; and where they are."""
    each = "".join(
        f"<response><href>{href}</href><propstat><prop>{KIND.format(name)}</prop></propstat>"
        "</response>"
        for href, name in (("/", ""), *calendars)
    ).replace("</prop>", HOME.format("/") + PRINCIPAL.format("/") + "</prop>", 1)
    return web.Response(
        status=207,
        text='<multistatus xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">'
        f"{each.replace(KIND.format(''), '', 1)}</multistatus>",
    )


async def test_calendars_of_one_name_are_told_apart(site: Site) -> None:
    site.pages["/"] = listing(
        ("/ben/a/", "Praxis"), ("/ben/b/", "PRAXIS"), ("/ben/c/", "Home"), ("/ben/c/", "Home"),
        ("/ben/caf%C3%A9/", ""),
    )  # fmt: skip
    found = await find_collections(Address(site.at("/"), "ben", "geheim"), private=True)
    assert [one.name for one in found] == ["Praxis (/ben/a/)", "PRAXIS (/ben/b/)", "Home", "café"]


async def test_what_a_server_calls_its_calendars_commands_no_terminal(site: Site) -> None:
    site.pages["/"] = listing(
        ("/ben/\x9b2Ja b\u202e/", "Ben\x9b31m \u202eneB"), ("/b/%1B%5B2J/", "")
    )
    found = await find_collections(Address(site.at("/"), "ben", "geheim"), private=True)
    assert found == (
        Collection(site.at("/ben/%C2%9B2Ja%20b%E2%80%AE/"), "Ben 31m neB"),
        Collection(site.at("/b/%1B%5B2J/"), "[2J"),
    )


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (web.Response(status=200, text="hello"), "status"),
        (web.Response(status=207, text="<html"), "status"),
        (web.Response(status=207, text='<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), "status"),
        (told(""), "missing"),
        (told(PRINCIPAL.format("http://example.org/ben")), "open"),
    ],
)
async def test_what_a_server_says_is_not_believed(
    site: Site, answer: web.Response, why: str
) -> None:
    async def answers(request: web.Request) -> web.Response:
        return web.Response(status=answer.status, body=answer.body)

    site.pages["/"] = site.pages["/.well-known/caldav"] = answers
    with pytest.raises(NotFetched) as refused:
        await find_collections(Address(site.at("/"), "ben", "geheim"), private=True)
    assert refused.value.why == why
