"""One HTTP call to the Bot API, on aiohttp, and a verdict on what became of it.

Owns the connections, the bodies (JSON through orjson, multipart for files) and the classing of
every failure by HTTP status and by cause. Refuses to repeat anything: a POST goes out once.
Refuses to name the address of a call anywhere, because the address contains the token: failures
are raised without the library's exception behind them, whose text would show it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import re
import warnings
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, cast

import aiohttp
import orjson
from telegram import Bot
from telegram.error import TelegramError
from telegram.request import BaseRequest, RequestData
from telegram.warnings import PTBUserWarning
from yarl import URL

_CONNECT_SECONDS: Final = 5.0
_READ_SECONDS: Final = 10.0
#: What a slow uplink may need for one picture, on top of the time to answer.
_UPLOAD_SECONDS: Final = 30.0
#: Shorter than any usual server's idle limit (75 s in nginx), so that it is us who let go of an
#: idle connection and a request rarely meets one that the server is closing.
_KEEP_ALIVE_SECONDS: Final = 30.0
#: aiohttp hands a body below 64 KiB to the socket in one piece with its headers.
_ONE_WRITE_BYTES: Final = 60_000
#: Rounds of the event loop before a call, in which a connection that the server closed while
#: this process was busy is noticed and left aside (measured: without them half of the calls
#: after a blocked loop end as unclear, with two of them none).
_LOOKS_AROUND: Final = 2
_LONGEST_HALT_SECONDS: Final = 3600.0
_LONGEST_SAID: Final = 200


class Outcome(Enum):
    """What became of a call, as far as the sender can know."""

    NOT_SENT = "not sent"
    UNCLEAR = "unclear"
    RETRY_AFTER = "too many requests"
    REJECTED = "rejected"
    FORBIDDEN = "forbidden"
    TOKEN_REFUSED = "token refused"  # noqa: S105 - a verdict, not a secret
    CONFLICT = "conflict"


_JSON: Final = {"Content-Type": "application/json"}
_USUAL: Final = aiohttp.ClientTimeout(
    total=_CONNECT_SECONDS + _READ_SECONDS, connect=_CONNECT_SECONDS, sock_read=_READ_SECONDS
)

_OF_STATUS: Final = {
    401: Outcome.TOKEN_REFUSED,
    403: Outcome.FORBIDDEN,
    404: Outcome.TOKEN_REFUSED,
    409: Outcome.CONFLICT,
}


class WireFailure(TelegramError):
    """A call that brought no result; `outcome` says whether it can have had an effect.

    said: the server's description or our own words, without quoted parts and without token.
    retry_after: seconds to be silent, only with `Outcome.RETRY_AFTER`.
    """

    __slots__ = ("outcome", "retry_after", "said", "status")

    def __init__(
        self, outcome: Outcome, said: str, *, status: int | None = None, retry_after: float = 0.0
    ) -> None:
        super().__init__(f"{outcome.value}{f' (HTTP {status})' if status else ''}: {said}")
        self.outcome = outcome
        self.said = said
        self.status = status
        self.retry_after = retry_after


class AiohttpRequest(BaseRequest):
    """The library's door to the network, on one pool of at most `connections` connections."""

    __slots__ = ("_connections", "_session")

    def __init__(self, connections: int = 50) -> None:
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        """Name the class and whether it is open, nothing else."""
        return f"AiohttpRequest({'open' if self._session else 'closed'})"

    @property
    def read_timeout(self) -> float:
        """Give the seconds that an answer may take when a call names no other time."""
        return _READ_SECONDS

    async def initialize(self) -> None:
        """Open the pool; a second time changes nothing."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._connections, keepalive_timeout=_KEEP_ALIVE_SECONDS
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT},
            )

    async def shutdown(self) -> None:
        """Close the pool; calls after this one fail as not sent."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Make one call and give its status (always 2xx) and body; else raise `WireFailure`.

        Timeouts in seconds; there is no way to wait for ever. Waiting for a free connection
        counts as connecting.
        """
        body, headers = _body(request_data)
        connecting = _seconds_or(connect_timeout, _CONNECT_SECONDS)
        connecting += _seconds_or(pool_timeout, 0.0)
        reading = _seconds_or(read_timeout, _READ_SECONDS)
        writing = _seconds_or(
            write_timeout, _UPLOAD_SECONDS if isinstance(body, aiohttp.FormData) else 0.0
        )
        limits = aiohttp.ClientTimeout(
            total=connecting + writing + reading, connect=connecting, sock_read=reading
        )
        return await self._exchange(url, method, body, headers, limits)

    async def post_plain(self, url: str, values: Mapping[str, object]) -> Any:
        """Make one call with values that are JSON as they are, and give its result.

        Without the library's parameters and its readings of the answer, which cost more than the
        call itself. Errors: `WireFailure`.
        """
        _, payload = await self._exchange(url, "POST", _as_json(values), _JSON, _USUAL)
        return self.parse_json_payload(payload)["result"]

    async def _exchange(
        self,
        url: str,
        method: str,
        body: bytes | aiohttp.FormData | None,
        headers: Mapping[str, str],
        limits: aiohttp.ClientTimeout,
    ) -> tuple[int, bytes]:
        if self._session is None:
            raise WireFailure(Outcome.NOT_SENT, "the connection pool is closed")
        for _ in range(_LOOKS_AROUND):
            await asyncio.sleep(0)
        upload = aiohttp.UploadTracker()
        try:
            async with self._session.request(
                method,
                URL(url, encoded=True),
                data=body,
                headers=headers,
                allow_redirects=False,  # a redirected POST would be a second POST, elsewhere
                upload_tracker=upload,
                timeout=limits,
            ) as answer:
                payload = await answer.read()
        except (
            aiohttp.ClientConnectorError,  # refused, no route, no such name, TLS refused
            aiohttp.ConnectionTimeoutError,  # connecting or waiting for the pool took too long
            aiohttp.InvalidURL,
        ) as problem:
            failure = WireFailure(Outcome.NOT_SENT, type(problem).__name__)
        except (aiohttp.ClientError, OSError) as problem:  # OSError: timeouts are among them
            known = isinstance(body, bytes) and _never_written(upload, body)
            failure = WireFailure(
                Outcome.NOT_SENT if known else Outcome.UNCLEAR, type(problem).__name__
            )
        else:
            if 200 <= answer.status <= 299:
                return answer.status, payload
            failure = _verdict(answer, payload, _token_in(url))
        # Raised here and not inside `except`: the library's exception must not hang behind it.
        raise failure

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Read a successful answer; one that is none is `Outcome.UNCLEAR`."""
        answer = read_json(payload)
        if not isinstance(answer, dict) or answer.get("ok") is not True or "result" not in answer:
            raise WireFailure(Outcome.UNCLEAR, "the answer is not one of the Bot API")
        return answer


class WireBot(Bot):
    """The library's bot, whose name in a log or traceback does not show its token."""

    __slots__ = ()

    async def call(self, method: str, values: Mapping[str, object]) -> Any:
        """Call a method with values that are JSON as they are; give its raw result.

        Errors: `WireFailure`.
        """
        wire = cast(AiohttpRequest, self.request)
        return await wire.post_plain(f"{self.base_url}/{method}", values)

    def __repr__(self) -> str:
        """Name the class alone."""
        return "WireBot()"


def make_bot(
    token: str, api_url: str = "https://api.telegram.org", *, connections: int = 50
) -> WireBot:
    """Build the library's bot on our own wire.

    api_url: without a trailing slash. Long polls have a pool of their own, so that they never
    wait behind messages. Silences the library's one warning about raw calls (it prefers its own
    slower methods) and its debug lines, which print whole messages.
    """
    warnings.filterwarnings(
        "ignore",
        message=r"Please use 'Bot\.\w+' instead of 'Bot\.do_api_request\(\"\w+\", \.\.\.\)'",
        category=PTBUserWarning,
    )
    logging.getLogger("telegram.Bot").setLevel(logging.INFO)
    return WireBot(
        token,
        base_url=f"{api_url}/bot",
        base_file_url=f"{api_url}/file/bot",
        request=AiohttpRequest(connections),
        get_updates_request=AiohttpRequest(2),
    )


def _seconds_or(value: object, usual: float) -> float:
    return float(value) if isinstance(value, int | float) else usual


def _as_json(values: Mapping[str, object]) -> bytes:
    try:
        return orjson.dumps(values)
    except orjson.JSONEncodeError:
        pass  # lone surrogates and the like: no server could take it, see below
    raise WireFailure(Outcome.REJECTED, "the content cannot be written as JSON")


def _body(data: RequestData | None) -> tuple[bytes | aiohttp.FormData | None, Mapping[str, str]]:
    if data is None:
        return None, {}
    if not data.contains_files:
        return _as_json(data.parameters), _JSON
    form = aiohttp.FormData()
    for name, text in data.json_parameters.items():
        form.add_field(name, text)
    for name, (filename, content, content_type) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=content_type)
    return form, {}


def _never_written(upload: aiohttp.UploadTracker, body: bytes) -> bool:
    """Tell whether not a byte left: a small body is written at once or not at all."""
    over = upload.upload_complete
    return len(body) <= _ONE_WRITE_BYTES and over.done() and over.exception() is not None


def _verdict(answer: aiohttp.ClientResponse, payload: bytes, token: str) -> WireFailure:
    """Class an answer with an error status.

    A refusal counts only in the Bot API's own words: a page with status 403 or 404 from a proxy
    on the way says nothing about a person or a token.
    """
    status = answer.status
    body = read_json(payload)
    telegram_says_no = isinstance(body, dict) and body.get("ok") is False
    said = _said(body, token) if telegram_says_no else "no answer of the Bot API"
    if status == 429:
        parameters = body.get("parameters") if isinstance(body, dict) else None
        named = parameters.get("retry_after") if isinstance(parameters, dict) else None
        wait = max(_wait(named), _wait(answer.headers.get("Retry-After")))
        return WireFailure(
            Outcome.RETRY_AFTER, said, status=status, retry_after=wait if wait > 0 else 1.0
        )
    if telegram_says_no and 400 <= status <= 499 and status != 408:
        return WireFailure(_OF_STATUS.get(status, Outcome.REJECTED), said, status=status)
    return WireFailure(Outcome.UNCLEAR, said, status=status)


def read_json(payload: bytes) -> Any:
    """Parse JSON, also such as orjson refuses (lone surrogates, broken UTF-8); None if none."""
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        try:
            return json.loads(payload.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            return None


def _wait(value: object) -> float:
    try:
        seconds = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return 0.0
    return min(seconds, _LONGEST_HALT_SECONDS) if math.isfinite(seconds) else 0.0


def _said(body: dict[str, Any], token: str) -> str:
    """Give the description without what it quotes (it may be a person's text) and the token."""
    said = str(body.get("description", ""))
    if token:
        said = said.replace(token, "…")
    return re.sub(r'"[^"]*"', '"…"', said)[:_LONGEST_SAID]


def _token_in(url: str) -> str:
    return url.rpartition("/")[0].rpartition("/bot")[2]
