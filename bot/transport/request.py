"""One HTTP call to the Bot API, and a verdict on what became of it.

Owns the bodies (JSON through orjson, multipart for files) and the classing of every failure by HTTP
status and by cause. Refuses to repeat anything: a POST goes out once. Refuses to name the address
of a call anywhere, because the address contains the token.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import re
import secrets
import warnings
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, cast

import orjson
from telegram import Bot
from telegram.error import TelegramError
from telegram.request import BaseRequest, RequestData
from telegram.warnings import PTBUserWarning

from bot.transport.wire import Answer, Limits, NotSent, Unanswered, Wire

_CONNECT_SECONDS: Final = 5.0
_READ_SECONDS: Final = 10.0
#: What a slow uplink may need for one picture, on top of the time to answer.
_UPLOAD_SECONDS: Final = 30.0
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


_JSON: Final = "application/json"
_USUAL: Final = Limits(_CONNECT_SECONDS, _READ_SECONDS, _CONNECT_SECONDS + _READ_SECONDS)

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


class WireRequest(BaseRequest):
    """The library's door to the network, on one pool of at most `connections` connections."""

    __slots__ = ("_connections", "_wire")

    def __init__(self, connections: int = 50) -> None:
        self._connections = connections
        self._wire: Wire | None = None

    def __repr__(self) -> str:
        """Name the class and whether it is open, nothing else."""
        return f"WireRequest({'open' if self._wire else 'closed'})"

    @property
    def read_timeout(self) -> float:
        """Give the seconds that an answer may take when a call names no other time."""
        return _READ_SECONDS

    async def initialize(self) -> None:
        """Open the pool; a second time changes nothing."""
        if self._wire is None:
            self._wire = Wire(self._connections, self.USER_AGENT)

    async def shutdown(self) -> None:
        """Close the pool; calls after this one fail as not sent."""
        if self._wire is not None:
            wire, self._wire = self._wire, None
            wire.close()
            await asyncio.sleep(0)  # in which the connections end

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
        counts as connecting, writing as waiting for the answer.
        """
        kind, body = _body(request_data)
        connecting = _seconds_or(connect_timeout, _CONNECT_SECONDS)
        connecting += _seconds_or(pool_timeout, 0.0)
        is_upload = request_data is not None and request_data.contains_files
        silence = _seconds_or(write_timeout, _UPLOAD_SECONDS if is_upload else 0.0)
        silence += _seconds_or(read_timeout, _READ_SECONDS)
        limits = Limits(connecting, silence, connecting + silence)
        return await self._exchange(url, method, kind, body, limits)

    async def post_plain(self, url: str, values: Mapping[str, object]) -> Any:
        """Make one call with values that are JSON as they are, and give its result.

        Without the library's parameters and its readings of the answer, which cost more than the
        call itself. Errors: `WireFailure`.
        """
        _, payload = await self._exchange(url, "POST", _JSON, _as_json(values), _USUAL)
        return self.parse_json_payload(payload)["result"]

    async def _exchange(
        self, url: str, method: str, kind: str, body: bytes, limits: Limits
    ) -> tuple[int, bytes]:
        if self._wire is None:
            raise WireFailure(Outcome.NOT_SENT, "the connection pool is closed")
        try:
            answer = await self._wire.exchange(method, url, kind, body, limits)
        except NotSent as problem:
            raise WireFailure(Outcome.NOT_SENT, str(problem)) from None
        except Unanswered as problem:
            raise WireFailure(Outcome.UNCLEAR, str(problem)) from None
        if 200 <= answer.status <= 299:
            return answer.status, answer.body
        raise _verdict(answer, _token_in(url))

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
        request = cast(WireRequest, self.request)
        return await request.post_plain(f"{self.base_url}/{method}", values)

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
        request=WireRequest(connections),
        get_updates_request=WireRequest(2),
    )


def _seconds_or(value: object, usual: float) -> float:
    return float(value) if isinstance(value, int | float) else usual


def _as_json(values: Mapping[str, object]) -> bytes:
    try:
        return orjson.dumps(values)
    except orjson.JSONEncodeError:
        pass  # lone surrogates and the like: no server could take it, see below
    raise WireFailure(Outcome.REJECTED, "the content cannot be written as JSON")


def _body(data: RequestData | None) -> tuple[str, bytes]:
    """Give a call's media type and its body."""
    if data is None:
        return "", b""
    if not data.contains_files:
        return _JSON, _as_json(data.parameters)
    boundary = secrets.token_hex(16)
    parts = [_part(boundary, name, text.encode()) for name, text in data.json_parameters.items()]
    parts += [
        _part(boundary, name, cast(bytes, content), filename, content_type)
        for name, (filename, content, content_type) in data.multipart_data.items()
    ]
    return f"multipart/form-data; boundary={boundary}", b"".join(
        parts
    ) + f"--{boundary}--\r\n".encode()


def _part(boundary: str, name: str, content: bytes, filename: str = "", kind: str = "") -> bytes:
    """Write one part of a form (RFC 7578); what a name may not hold is left away."""
    shown = f'; filename="{_quoted(filename)}"' if filename else ""
    typed = f"\r\nContent-Type: {kind}" if kind else ""
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"{shown}{typed}'
    return f"{head}\r\n\r\n".encode() + content + b"\r\n"


def _quoted(name: str) -> str:
    return re.sub(r'[\r\n"\\]', "", name)


def _verdict(answer: Answer, token: str) -> WireFailure:
    """Class an answer with an error status.

    A refusal counts only in the Bot API's own words: a page with status 403 or 404 from a proxy
    on the way says nothing about a person or a token.
    """
    status = answer.status
    body = read_json(answer.body)
    telegram_says_no = isinstance(body, dict) and body.get("ok") is False
    said = _said(body, token) if telegram_says_no else "no answer of the Bot API"
    if status == 429:
        parameters = body.get("parameters") if isinstance(body, dict) else None
        named = parameters.get("retry_after") if isinstance(parameters, dict) else None
        wait = max(_wait(named), _wait(answer.retry_after))
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
