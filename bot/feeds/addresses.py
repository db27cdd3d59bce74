"""Addresses of feeds, and why one could not be fetched: what is said of one without going there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

from bot.core.shown import on_one_line

_SCHEMES: Final = {"webcal": "https", "webcals": "https"}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a feed is. url: without a name and password, which stand apart."""

    url: str = field(repr=False)
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def host(self) -> str:
        """The part of it that may be shown."""
        return urlsplit(self.url).hostname or "?"


Why = Literal[
    "no_address", "private", "late", "certificate", "no_host", "unreached", "round", "open",
    "packed", "denied", "forbidden", "missing", "often", "status",
]  # fmt: skip


class NotFetched(Exception):
    """A feed that could not be fetched; the message names its host, and what to do.

    why: the same in one word.
    """

    def __init__(self, why: Why, message: str) -> None:
        super().__init__(on_one_line(message))
        self.why: Why = why


def read_address(text: str) -> Address:
    """Read an address, also one that begins with webcal: or holds a name and password.

    Errors: `NotFetched`.
    """
    no_address = NotFetched("no_address", "This is no web address: such a one begins with https://")
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise no_address from None
    scheme = _SCHEMES.get(parts.scheme.lower(), parts.scheme.lower())
    if not host or scheme not in ("https", "http"):
        raise no_address
    where = f"[{host}]" if ":" in host else host
    bare = parts._replace(
        scheme=scheme, netloc=f"{where}:{port}" if port else where, fragment=""
    ).geturl()
    return Address(bare, unquote(parts.username or ""), unquote(parts.password or ""))
