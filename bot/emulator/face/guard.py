"""Who may talk to the face: a browser on this machine that shows the face's own page.

The page stands on the visitor's machine, where any site he visits can send requests to. So a
request must name this server as its host (against names that are rebound to 127.0.0.1) and, when
it names an origin, the same one; browsers name it with everything that could change something.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")

#: What the page may load and do: its own files, and nothing that is written into it.
HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;"
        " connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


def refusal(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Say why a request is not served; None for one that is."""
    given = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
    host = given.get("host", "")
    if host.rpartition(":")[0] not in _NAMES and host not in _NAMES:
        return "This server answers to its own name only."
    origin = given.get("origin")
    if origin is not None and origin != f"http://{host}":
        return "Another site's page may not talk to this server."
    return None
