"""Who may talk to this server: programs, and a browser that shows this server's own page.

The server stands on the visitor's machine, where any site he visits can send requests to. So a
request must name this machine as its host (against names that are rebound to 127.0.0.1), and what
a browser says of where it comes from must be this server: with a POST its origin, with a GET the
kind of site. A link to the page may stand anywhere; one to a method, which acts, may not.
"""

from __future__ import annotations

from collections.abc import Mapping

_NAMES = (b"127.0.0.1", b"localhost", b"[::1]")


def find_stranger(headers: Mapping[bytes, bytes], *, page: bool) -> str | None:
    """Say why a request is not served; None for one that is.

    headers: by their names in lower case. page: it asks for no method and no file of the bot.
    """
    host = headers.get(b"host", b"").lower()
    if host.rpartition(b":")[0] not in _NAMES and host not in _NAMES:
        return f"This server answers to 127.0.0.1 and localhost only, not to {_shown(host)}"
    origin = headers.get(b"origin")
    if origin is not None and origin != b"http://" + host:
        return f"A page of {_shown(origin)} may not talk to this server"
    site = headers.get(b"sec-fetch-site", b"none")
    is_link = page and headers.get(b"sec-fetch-mode") == b"navigate"
    if site not in (b"none", b"same-origin") and not is_link:
        return "Another site's page may not talk to this server"
    return None


def _shown(value: bytes) -> str:
    return repr(value.decode("latin-1"))
