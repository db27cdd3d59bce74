"""A feed's address is not trusted, and no sentence about it tells the secret in it."""

from __future__ import annotations

import base64
import gzip
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from bot.feeds import fetching
from bot.feeds.addresses import Address, NotFetched, read_address
from bot.feeds.facts import MOST_BYTES
from bot.feeds.fetching import fetch
from tests.feeds.web import Site, free_port, serving

SECRET = "private-0123456789abcdef"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serving() as served:
        served.pages["/a.ics"] = b"BEGIN:VCALENDAR"
        yield served


async def _refused(address: Address, *, private: bool = True) -> str:
    with pytest.raises(NotFetched) as refused:
        await fetch(address, private=private)
    said = str(refused.value)
    assert SECRET not in said
    assert refused.value.__cause__ is None
    return said


async def test_it_is_asked_itself_whatever_the_surroundings_say(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    came = await fetch(Address(site.at("/a.ics")), private=True)
    assert came.body == b"BEGIN:VCALENDAR"


def moved(to: str, status: int = 302) -> web.Response:
    return web.Response(status=status, headers={"Location": to})


# Addresses


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://example.org/a.ics", "https://example.org/a.ics"),
        (" webcal://example.org/a.ics?x=1#y ", "https://example.org/a.ics?x=1"),
        ("HTTPS://Example.org:8443/A", "https://example.org:8443/A"),
        ("https://[2001:db8::1]:8443/a", "https://[2001:db8::1]:8443/a"),
    ],
)
def test_an_address_is_read(text: str, url: str) -> None:
    assert read_address(text) == Address(url)


def test_a_name_and_password_stand_apart() -> None:
    address = read_address("https://anna%40home:p%3Ass@example.org/a.ics")
    assert address == Address("https://example.org/a.ics", "anna@home", "p:ss")
    assert address.host == "example.org"
    assert "p:ss" not in repr(address)
    assert "a.ics" not in repr(address)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.ics",
        "ftp://example.org/a",
        "https://",
        "file:a.ics",
        "https://[x",
        "https://a:b",
    ],
)
def test_what_is_no_address_is_told(text: str) -> None:
    with pytest.raises(NotFetched, match="no web address"):
        read_address(text)


# Whom it asks


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/a", "https://10.1.2.3/a", "https://192.168.0.1/a", "https://172.16.9.9/a",
        "https://169.254.169.254/latest", "https://[::1]/a", "https://[fe80::1]/a",
        "https://[fd00::1]/a", "https://[::ffff:127.0.0.1]/a", "https://[::ffff:10.0.0.1]/a",
        "https://0.0.0.0/a", "https://224.0.0.1/a", "https://100.64.0.1/a", "https://localhost/a",
        "https://[2002:7f00:1::]/a", "https://[2002:a00:1::]/a",
        "https://2130706433/a", "https://0x7f000001/a", "https://127.1/a", "https://0177.0.0.1/a",
        "https://127.0.0.1./a", "https://\uff11\uff12\uff17.0.0.\uff11/a",
        "https://127\u30020\u30020\u30021/a", "https://\u2460\u2461\u2466.0.0.\u2460/a",
        "https://[64:ff9b::7f00:1]/a", "https://[64:ff9b::10.0.0.1]/a", "https://[64:ff9b:1::1]/a",
        "https://[::127.0.0.1]/a", "https://[::ffff:0:10.0.0.1]/a", "https://[fec0::1]/a",
        "https://[fe80::1%25lo]/a", "https://[ff02::1]/a", "https://[::]/a",
    ],
)  # fmt: skip
async def test_an_address_inside_a_network_is_not_asked(url: str) -> None:
    assert "inside a network" in await _refused(read_address(url), private=False)


class Names:
    """What names lead to, and where is connected to; nothing is ever reached.

    answers: the addresses of each look-up, the last one again and again.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.connected: list[str] = []
        monkeypatch.setattr(socket, "getaddrinfo", self.look_up)
        monkeypatch.setattr("aiohappyeyeballs.start_connection", self.connect)

    def look_up(self, *_: object, **__: object) -> list[tuple[object, ...]]:
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (one, 443, 0, 0))
            if ":" in one
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 443))
            for one in found
        ]

    async def connect(self, addr_infos: list[tuple[Any, ...]], **_: object) -> socket.socket:
        self.connected += [info[4][0] for info in addr_infos]
        raise OSError("not reached")


NAMED = f"https://calendar.example.org/{SECRET}"


@pytest.mark.parametrize("inside", ["10.0.0.7", "64:ff9b::a00:7", "::ffff:10.0.0.7", "fd00::7"])
async def test_a_name_that_leads_inside_is_not_asked(
    inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for found in ([inside], ["93.184.216.34", inside]):
        names = Names(monkeypatch, found)
        said = await _refused(read_address(NAMED), private=False)
        assert said.startswith("calendar.example.org is an address inside a network")
        assert names.connected == []


@pytest.mark.parametrize("outside", ["93.184.216.34", "64:ff9b::5db8:d822", "2606:2800:220:1::1"])
async def test_a_name_is_looked_up_once_and_what_was_looked_at_is_asked(
    outside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever owns a name can let it lead elsewhere a moment later.
    names = Names(monkeypatch, [outside], ["127.0.0.1"])
    assert "could not be reached" in await _refused(read_address(NAMED), private=False)
    assert names.connected == [outside]
    assert names.answers == [["127.0.0.1"]], "looked up once"


async def test_an_address_of_the_internet_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for host in ("93.184.216.34", "[64:ff9b::5db8:d822]", "[::ffff:5db8:d822]"):
        names = Names(monkeypatch, [])
        said = await _refused(read_address(f"https://{host}/{SECRET}"), private=False)
        assert "could not be reached" in said
        assert names.connected == [host.strip("[]")]


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "[64:ff9b::a00:1]", "\uff11\uff10.0.0.\uff11", "10.0.0.1.", "localhost"]
)
async def test_a_redirect_that_leads_inside_is_not_followed(
    host: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.pages["/out"] = moved(f"https://{host}/a.ics")
    checked, first = fetching._checked, URL(site.at("/out"))
    # This one address stands for one of the internet.
    monkeypatch.setattr(
        fetching, "_checked", lambda url, *, private: checked(url, private=url == first)
    )
    said = await _refused(read_address(site.at("/out")), private=False)
    assert "is an address inside a network" in said
    assert len(site.asked) == 1


async def test_without_https_only_a_network_that_is_allowed_is_asked(site: Site) -> None:
    address = read_address(site.at("/a.ics"))
    assert (await fetch(address, private=True)).body == b"BEGIN:VCALENDAR"
    assert "without encryption" in await _refused(address, private=False)
    assert len(site.asked) == 1


async def test_a_redirect_is_held_to_the_same_rules(site: Site) -> None:
    site.pages["/out"] = moved("file:a.ics")
    assert "without encryption" in await _refused(read_address(site.at("/out")))
    site.pages["/round"] = moved("/round")
    said = await _refused(read_address(site.at("/round")))
    assert "leads from one address to the next" in said
    assert len([one for one in site.asked if one.path == "/round"]) == 6


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed(site: Site, status: int) -> None:
    site.pages["/old"] = moved("a.ics", status)
    assert (await fetch(read_address(site.at("/old")), private=True)).body == b"BEGIN:VCALENDAR"


async def test_a_name_and_password_go_to_their_own_host_only(site: Site) -> None:
    async with serving() as other:
        other.pages["/a.ics"] = b"BEGIN:VCALENDAR"
        site.pages["/away"] = moved(other.at("/a.ics"))
        address = read_address(site.at("/away").replace("//", "//anna:geheim\u00e4@"))
        await fetch(address, private=True)
        sent = site.asked[-1].headers["Authorization"].removeprefix("Basic ")
        assert base64.b64decode(sent).decode() == "anna:geheim\u00e4"
        assert "Authorization" not in other.asked[-1].headers


# What it gives


async def test_what_has_not_changed_is_not_fetched_again(site: Site) -> None:
    async def page(request: web.Request) -> web.Response:
        marks = {"ETag": '"7"', "Last-Modified": "Mon, 02 Nov 2026 10:00:00 GMT"}
        if request.headers.get("If-None-Match") == '"7"':
            return web.Response(status=304, headers=marks)
        return web.Response(body=b"BEGIN:VCALENDAR", headers=marks)

    site.pages["/b.ics"] = page
    address = read_address(site.at("/b.ics"))
    first = await fetch(address, private=True)
    again = await fetch(address, etag=first.etag, modified=first.modified, private=True)
    assert first.body == b"BEGIN:VCALENDAR"
    assert again.body is None
    assert again.etag == '"7"'
    assert site.asked[-1].headers["If-Modified-Since"] == "Mon, 02 Nov 2026 10:00:00 GMT"


async def test_what_never_came_cannot_be_unchanged(site: Site) -> None:
    site.pages["/b.ics"] = web.Response(status=304)
    with pytest.raises(NotFetched, match=r"says that nothing has changed.*again later"):
        await fetch(read_address(site.at("/b.ics")), private=True)


async def test_no_more_is_read_than_a_calendar_may_have(site: Site) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while sent < 40 * MOST_BYTES:
                await response.write(b"x" * 100_000)
                sent += 100_000
        except ConnectionError:
            pass
        return response

    site.pages["/endless"] = endless
    fetched = await fetch(read_address(site.at("/endless")), private=True)
    assert fetched.body is not None
    assert MOST_BYTES < len(fetched.body) <= MOST_BYTES + 1_000_000
    assert sent < 20 * MOST_BYTES


async def test_what_is_packed_is_not_unpacked(site: Site) -> None:
    packed = web.Response(
        body=gzip.compress(b"x" * 10_000_000), headers={"Content-Encoding": "gzip"}
    )
    site.pages["/bomb"] = packed
    said = await _refused(read_address(site.at("/bomb")))
    assert "packs what it sends" in said
    assert "Whoever runs it can mend that" in said


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "asks for a name and password, or does not take these. Give them in the address"),
        (403, "Publish the calendar"),
        (404, "Copy the address again"),
        (410, "any more"),
        (429, "too often"),
        (500, "Try again later"),
        (503, "Try again later"),
    ],
)
async def test_each_answer_has_a_sentence(site: Site, status: int, words: str) -> None:
    site.pages[f"/{SECRET}"] = web.Response(status=status)
    said = await _refused(read_address(site.at(f"/{SECRET}")))
    assert words in said
    assert said.endswith(f"(HTTP {status})")
    assert "127.0.0.1" in said


async def test_nobody_there(site: Site) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = await _refused(read_address(f"http://127.0.0.1:{port}/{SECRET}"))
    assert said == "127.0.0.1 could not be reached. Try again later"


async def test_no_such_name() -> None:
    said = await _refused(read_address(f"https://no-such-name.invalid/{SECRET}"))
    assert "no-such-name.invalid" in said


async def test_one_that_never_answers(site: Site) -> None:
    import asyncio

    async def silent(request: web.Request) -> web.Response:
        await asyncio.sleep(3600)
        return web.Response()

    site.pages["/silent"] = silent
    with pytest.raises(NotFetched) as refused:
        await fetch(read_address(site.at("/silent")), private=True, within_seconds=0.3)
    said = str(refused.value)
    assert said == "127.0.0.1 did not answer in time. Try again later"


async def test_one_that_hangs_up(site: Site) -> None:
    async def rude(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    site.pages["/rude"] = rude
    assert "could not be reached" in await _refused(read_address(site.at("/rude")))
