"""Fetching a feed over HTTP(S), as one who does not trust the address.

Owns what may be asked (https; a private address only where the practice allows it), how often to
follow, how much to read, and the sentence for each failure. A feed's address is a secret: whoever
has it can read the calendar. So no error names more than its host.
"""

from __future__ import annotations

import base64
import ipaddress
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import urljoin

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.feeds.addresses import Address, NotFetched, Why
from bot.feeds.facts import MOST_BYTES

T = TypeVar("T")

_REDIRECTS: Final = 5
_MOVED: Final = (301, 302, 303, 307, 308)
_CHUNK: Final = 64 * 1024
_NUMERIC: Final = re.compile(r"0x[0-9a-fA-F]*|[0-9]+")
_UNICAST: Final = ipaddress.ip_network("2000::/3")
#: In the last four bytes of such an address stands the one that a network's translator asks.
_TRANSLATED: Final = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came. body: None where it is what it was. etag, modified: to ask with the next time."""

    body: bytes | None = field(repr=False)
    etag: str = field(default="", repr=False)
    modified: str = ""


async def fetch(
    address: Address,
    *,
    etag: str = "",
    modified: str = "",
    private: bool = False,
    within_seconds: float = 30.0,
) -> Fetched:
    """Fetch a feed, unless it is as it was.

    etag, modified: of the last time. private: whether it may stand at an address of this machine
    or network; only there it may be without https. within_seconds: the time for all of it.
    Errors: `NotFetched`.
    """
    headers = {"Accept": "text/calendar, */*;q=0.1"}
    headers |= {"If-None-Match": etag} if etag else {}
    headers |= {"If-Modified-Since": modified} if modified else {}
    async with asking(address, private=private, within_seconds=within_seconds) as session:
        fetched = await follow(session, address, headers, _taken, private=private)
    if fetched.body is None and not (etag or modified):
        raise NotFetched(
            "status",
            f"{address.host} says that nothing has changed, though it gave nothing before"
            " (HTTP 304). Try again later",
        )
    return fetched


@asynccontextmanager
async def asking(
    address: Address, *, private: bool, within_seconds: float
) -> AsyncIterator[aiohttp.ClientSession]:
    """Give a session that reaches no other addresses than may be asked; what fails is worded.

    Errors: `NotFetched`.
    """
    timeout = aiohttp.ClientTimeout(total=within_seconds)
    connector = aiohttp.TCPConnector(resolver=_Checked(private=private), force_close=True)
    try:
        async with aiohttp.ClientSession(
            connector=connector, timeout=timeout, auto_decompress=False, trust_env=False
        ) as session:
            yield session
    except _Private as where:
        raise NotFetched(
            "private",
            f"{where} is an address inside a network. Allow it with calendar.private_addresses,"
            " if the calendar really stands there",
        ) from None
    except TimeoutError:
        raise NotFetched(
            "late", f"{address.host} did not answer in time. Try again later"
        ) from None
    except aiohttp.ClientConnectorCertificateError:
        raise NotFetched(
            "certificate", f"{address.host} has no valid certificate. Whoever runs it can mend that"
        ) from None
    except aiohttp.ClientConnectorDNSError:
        raise NotFetched("no_host", f"There is no {address.host}. Copy the address again") from None
    except (aiohttp.ClientError, ValueError, OSError):
        raise NotFetched(
            "unreached", f"{address.host} could not be reached. Try again later"
        ) from None


async def follow(
    session: aiohttp.ClientSession,
    address: Address,
    headers: dict[str, str],
    take: Callable[[aiohttp.ClientResponse, str], Awaitable[T]],
    *,
    private: bool,
    method: str = "GET",
    data: bytes | None = None,
) -> T:
    """Ask an address, and where it leads to, and give what is taken of the last answer.

    take: given the answer and its host. Errors: `NotFetched`, and those that `asking` words.
    """
    here = URL(address.url)
    first = here.origin()
    plain = headers | {"Accept-Encoding": "identity"}
    for _ in range(_REDIRECTS + 1):
        host = _checked(here, private=private)
        # A name and password are for the host they were given for.
        known = here.origin() == first and bool(address.user or address.password)
        named = {"Authorization": _basic(address)} if known else {}
        async with session.request(
            method, here, headers=plain | named, data=data, allow_redirects=False
        ) as response:
            if response.status not in _MOVED:
                return await take(response, host)
            here = URL(urljoin(str(here), response.headers.get("Location", "")))
    raise NotFetched(
        "round", f"{address.host} leads from one address to the next. Copy the address again"
    )


def _basic(address: Address) -> str:
    pair = f"{address.user}:{address.password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


def _checked(url: URL, *, private: bool) -> str:
    """Give the host of an address that may be asked, as it is asked: full-width digits are digits.

    Errors: `NotFetched`, `_Private`.
    """
    host = url.raw_host or "?"
    if url.scheme != "https" and not (private and url.scheme == "http"):
        raise NotFetched(
            "open", f"{host} would be asked without encryption. Give an https:// address"
        )
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        # "127.1", "127.0.0.1." and the like are addresses to some, and would reach no resolver.
        if ":" in host or _NUMERIC.fullmatch(host.rstrip(".").rpartition(".")[2]):
            raise _Private(host) from None
        return host
    if not private and not _is_public(literal):
        raise _Private(host)
    return host


async def _taken(response: aiohttp.ClientResponse, host: str) -> Fetched:
    etag = response.headers.get("ETag", "")
    modified = response.headers.get("Last-Modified", "")
    if response.status == 304:
        return Fetched(None, etag, modified)
    return Fetched(await body_of(response, host, 200), etag, modified)


async def body_of(response: aiohttp.ClientResponse, host: str, wanted: int) -> bytes:
    """Give the body of an answer that has the wanted status; more than is read is left away.

    Errors: `NotFetched`.
    """
    if response.status != wanted:
        why, said = _SAID.get(response.status, _SAID[0])
        raise NotFetched(why, f"{host} {said} (HTTP {response.status})")
    if response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        raise NotFetched(
            "packed",
            f"{host} packs what it sends though it was asked not to. Whoever runs it can mend that",
        )
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > MOST_BYTES:
            break  # the reader says that it is too large
    return bytes(body)


_SAID: Final[dict[int, tuple[Why, str]]] = {
    0: ("status", "does not give the calendar. Try again later"),
    401: (
        "denied",
        "asks for a name and password, or does not take these. Give them in the address, or copy"
        " its private address again",
    ),
    403: (
        "forbidden",
        "does not let us read it. Publish the calendar, or copy its private address again",
    ),
    404: ("missing", "has no calendar there. Copy the address again"),
    410: ("missing", "has no calendar there any more. Copy the address again"),
    429: ("often", "is asked too often. It is tried again later"),
}


class _Private(Exception):
    """A host whose address is not one of the internet's."""


class _Checked(AbstractResolver):
    """Resolves a name and refuses private addresses, so that no other is connected to."""

    def __init__(self, *, private: bool) -> None:
        self._private = private
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Give the addresses of a name. Errors: `_Private`, OSError."""
        found = await self._resolver.resolve(host, port, family)
        for one in found:
            if not self._private and not _is_public(ipaddress.ip_address(one["host"])):
                raise _Private(host)
        return found

    async def close(self) -> None:
        """Close the resolver behind it."""
        await self._resolver.close()


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _TRANSLATED:
            inner = ipaddress.IPv4Address(address.packed[-4:])
        if inner is None:
            return address in _UNICAST and address.is_global
        address = inner
    return address.is_global and not address.is_multicast
