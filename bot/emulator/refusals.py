"""The one way in which the emulator says no: an HTTP status and Telegram's own sentence.

Owns the wording rule of the official server (tdlib/telegram-bot-api, `fail_query_with_error`):
a prefix that names the status, then the message with its first letter lowered unless the
message is an UPPER_CASE code. Refuses to decide *when* to refuse; the methods do that.
"""

from __future__ import annotations

from http import HTTPStatus

# Newer Pythons call 413 otherwise.
_PREFIXES = {status.value: status.phrase for status in HTTPStatus} | {
    413: "Request Entity Too Large"
}


class Refusal(Exception):
    """A call that is answered with `ok: false`.

    code: the HTTP status, also sent as `error_code`. retry_after: whole seconds, for 429.
    """

    def __init__(self, code: int, message: str = "", retry_after: int | None = None) -> None:
        self.code = code
        self.retry_after = retry_after
        self.description = describe(code, message)
        super().__init__(self.description)


def describe(code: int, message: str = "") -> str:
    """Word an error as the official server does; an empty message leaves the prefix alone."""
    prefix = _PREFIXES.get(code, "Error")
    if not message:
        return prefix
    is_code = len(message) > 1 and (message[1] == "_" or "A" <= message[1] <= "Z")
    return f"{prefix}: {message if is_code else message[0].lower() + message[1:]}"


def bad(message: str) -> Refusal:
    """Make a 400."""
    return Refusal(400, message)


def too_many(seconds: int) -> Refusal:
    """Make a 429."""
    return Refusal(429, f"retry after {seconds}", retry_after=seconds)
