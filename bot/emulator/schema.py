"""What Telegram's methods take and its objects hold, checked from a small data file.

`schema.json` is Bot API 10.1 reduced to the methods and types this server serves: field names,
types (`!` required, `*` array, `|` alternatives). Owns reading parameters in whatever form a
body brought them, and checking objects. Refuses, in strict mode, what the official server would
quietly ignore: a client that misspells a parameter should learn it here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from bot.emulator.refusals import Refusal, bad

_DATA: dict[str, Any] = orjson.loads((Path(__file__).parent / "schema.json").read_bytes())
_METHODS: dict[str, dict[str, Any]] = _DATA["methods"]
_TYPES: dict[str, Any] = _DATA["types"]
VERSION: str = _DATA["version"]

#: Lower-cased method name to its official spelling: names are case-insensitive on the wire.
SPELLING = {name.lower(): name for name in _METHODS}

_INTEGER = re.compile(r"-?\d{1,19}")
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_MISSING = {
    "chat_id": "Chat_id is empty",
    "text": "Message text is empty",
    "message_id": "Message identifier is not specified",
    "photo": "There is no photo in the request",
    "document": "There is no document in the request",
    "user_id": "Invalid user_id specified",
    "action": "Wrong parameter action in request",
    "file_id": "File_id not specified",
    "message_ids": "Message identifiers are not specified",
}

Check = Callable[[object], None]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came in a multipart body."""

    name: str
    mime_type: str
    data: bytes


class Mismatch(Exception):
    """A value that is not of its official type; the message says where and why."""


def read_parameters(method: str, raw: Mapping[str, object], *, strict: bool) -> dict[str, Any]:
    """Turn raw parameters (text from forms, values from JSON) into typed ones.

    method: official spelling. Raises Refusal 400 for what is missing, mistyped or, when
    `strict`, unknown.
    """
    readers = _readers(method)
    read: dict[str, Any] = {}
    for name, value in raw.items():
        reader = readers.get(name)
        if reader is None:
            if strict and not isinstance(value, Upload):
                raise bad(f'{method} has no parameter "{name}"')
            continue
        if value is None or value == "":
            continue
        try:
            read[name] = reader.read(value)
        except Mismatch as error:
            raise _mistyped(name, error) from None
    for name in _required(method):
        if name not in read:
            raise bad(_MISSING.get(name, f'Parameter "{name}" is required'))
    return read


def find_problem(value: object, code: str) -> str | None:
    """Say what is wrong with a value of an official type (`Message`, `*BotCommand`), if anything.

    The value is what JSON would carry; unknown fields count as wrong.
    """
    try:
        _check(code)(value)
    except Mismatch as error:
        return str(error)
    return None


def returns(method: str) -> str:
    """Give the type code of a method's result."""
    return str(_METHODS[method]["returns"])


@dataclass(frozen=True, slots=True)
class _Reader:
    kinds: tuple[str, ...]
    check: Check

    def read(self, value: object) -> Any:
        if isinstance(value, str):
            value = self._from_text(value)
        self.check(value)
        return value

    def _from_text(self, text: str) -> Any:
        for kind in self.kinds:
            if kind == "Integer" and _INTEGER.fullmatch(text):
                return int(text)
            if kind == "Boolean" and text.lower() in _BOOLEANS:
                return _BOOLEANS[text.lower()]
            if kind == "String":
                return text
        if all(kind in ("Integer", "Boolean", "Float") for kind in self.kinds):
            raise Mismatch(f'"{text[:64]}" is no {" or ".join(self.kinds)}')
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            raise Mismatch("no JSON") from None


@cache
def _readers(method: str) -> dict[str, _Reader]:
    fields: dict[str, str] = _METHODS[method]["fields"]
    return {
        name: _Reader(tuple(code.lstrip("!").split("|")), _check(code.lstrip("!")))
        for name, code in fields.items()
    }


@cache
def _required(method: str) -> tuple[str, ...]:
    fields: dict[str, str] = _METHODS[method]["fields"]
    return tuple(name for name, code in fields.items() if code[0] == "!")


def _mistyped(name: str, error: Mismatch) -> Refusal:
    if name == "reply_markup":
        if str(error) == "no JSON":
            return bad("Can't parse reply keyboard markup JSON object")
        if "InlineKeyboardButton" in str(error):
            return bad(f"Can't parse inline keyboard button: {_last(error)}")
        return bad(f"Can't parse reply markup: {error}")
    return bad(f'Can\'t parse parameter "{name}": {error}')


def _last(error: Mismatch) -> str:
    return str(error).rsplit(": ", 1)[-1]


@cache
def _check(code: str) -> Check:
    alternatives = code.split("|")
    if len(alternatives) > 1:
        return _any_of(tuple(alternatives))
    if code.startswith("*"):
        return _array(code[1:])
    if code in _LEAVES:
        return _leaf(code)
    shape = _TYPES.get(code)
    if shape is None:
        return _unserved(code)
    return _any_of(tuple(shape)) if isinstance(shape, list) else _object(code)


_LEAVES: dict[str, tuple[type, ...]] = {
    "Integer": (int,),
    "String": (str,),
    "Boolean": (bool,),
    "Float": (int, float),
    "InputFile": (Upload,),
}


def _leaf(code: str) -> Check:
    wanted = _LEAVES[code]
    allows_bool = bool in wanted

    def check(value: object) -> None:
        if not isinstance(value, wanted) or (isinstance(value, bool) and not allows_bool):
            raise Mismatch(f"{code} expected, not {type(value).__name__}")

    return check


def _unserved(code: str) -> Check:
    def check(value: object) -> None:
        raise Mismatch(f"this emulator does not serve {code}")

    return check


def _array(code: str) -> Check:
    check_item = _check(code)

    def check(value: object) -> None:
        if not isinstance(value, list):
            raise Mismatch(f"Array expected, not {type(value).__name__}")
        for item in value:
            check_item(item)

    return check


def _any_of(codes: tuple[str, ...]) -> Check:
    def check(value: object) -> None:
        reasons: list[tuple[int, str]] = []
        for code in codes:
            try:
                _check(code)(value)
            except Mismatch as error:
                reasons.append((_likeness(value, code), str(error)))
            else:
                return
        raise Mismatch(max(reasons, key=lambda reason: reason[0])[1])

    return check


def _likeness(value: object, code: str) -> int:
    shape = _TYPES.get(code)
    if not isinstance(value, dict) or not isinstance(shape, dict):
        return -1
    return sum(1 if name in shape else -1 for name in value)


def _object(name: str) -> Check:
    fields: dict[str, str] = _TYPES[name]
    checks: dict[str, Check] = {}
    required = [field for field, code in fields.items() if code[0] == "!"]

    def check(value: object) -> None:
        if not isinstance(value, dict):
            raise Mismatch(f"Object expected as {name}, not {type(value).__name__}")
        for field in required:
            if field not in value:
                raise Mismatch(f'{name}: Can\'t find field "{field}"')
        for field, item in value.items():
            check_field = checks.get(field)
            if check_field is None:
                if field not in fields:
                    raise Mismatch(f'{name}: it has no field "{field}"')
                # Types refer to each other in circles, so a field is compiled when first seen.
                check_field = checks[field] = _check(fields[field].lstrip("!"))
            try:
                check_field(item)
            except Mismatch as error:
                raise Mismatch(f"{name}.{field}: {error}") from None

    return check
