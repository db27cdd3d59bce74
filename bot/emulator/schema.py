"""What Telegram's methods take and its objects hold, checked from a small data file.

`schema.json` is Bot API 10.1 reduced to the methods and types this server serves: field names and
type codes (`!` required, `*` array of, `|` or). Owns reading parameters in whatever form a body
brought them, and checking objects. Refuses, in strict mode, what the official server would
quietly ignore: a client that misspells a parameter should learn it here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from bot.emulator.refusals import Refusal, bad


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came in a multipart body."""

    name: str
    mime_type: str
    data: bytes


class Mismatch(Exception):
    """A value that is not of its official type; the message says where and why."""


class _Shape(NamedTuple):
    """The fields of an object or a method: which must be there, and what each may hold."""

    required: tuple[str, ...]
    codes: dict[str, tuple[str, ...]]


def _shape(fields: dict[str, str]) -> _Shape:
    required = tuple(name for name, code in fields.items() if code.startswith("!"))
    return _Shape(required, {n: tuple(c.lstrip("!").split("|")) for n, c in fields.items()})


_DATA: dict[str, Any] = orjson.loads((Path(__file__).parent / "schema.json").read_bytes())
_PARAMETERS = {n: _shape(method["fields"]) for n, method in _DATA["methods"].items()}
_RESULTS = {n: tuple(m["returns"].split("|")) for n, m in _DATA["methods"].items()}
_OBJECTS = {n: _shape(shape) for n, shape in _DATA["types"].items() if isinstance(shape, dict)}
_UNIONS = {n: tuple(codes) for n, codes in _DATA["types"].items() if isinstance(codes, list)}
_LEAVES: dict[str, tuple[type, ...]] = {
    "Integer": (int,),
    "String": (str,),
    "Boolean": (bool,),
    "Float": (int, float),
    "InputFile": (Upload,),
}

#: Lower-cased method name to its official spelling: names are case-insensitive on the wire.
SPELLING = {name.lower(): name for name in _PARAMETERS}

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


def read_parameters(method: str, raw: Mapping[str, object], *, strict: bool) -> dict[str, Any]:
    """Turn raw parameters (text from forms, values from JSON) into typed ones.

    method: official spelling. Raises Refusal 400 for what is missing, mistyped or, when
    `strict`, unknown.
    """
    required, codes_of = _PARAMETERS[method]
    read: dict[str, Any] = {}
    for name, value in raw.items():
        codes = codes_of.get(name)
        if codes is None:
            if strict and not isinstance(value, Upload):
                raise bad(f'{method} has no parameter "{name}"')
        elif value is not None and value != "":
            try:
                read[name] = _from_text(value, codes) if isinstance(value, str) else value
                _check(read[name], codes)
            except Mismatch as error:
                raise _mistyped(name, str(error)) from None
    for name in required:
        if name not in read:
            raise bad(_MISSING.get(name, f'Parameter "{name}" is required'))
    return read


def find_problem(value: object, *codes: str) -> str | None:
    """Say what is wrong with a value of official types (`Message`, `*BotCommand`), if anything.

    The value is what JSON would carry; unknown fields count as wrong.
    """
    try:
        _check(value, codes)
    except Mismatch as error:
        return str(error)
    return None


def find_problem_in_result(method: str, result: object) -> str | None:
    """Say what is wrong with a method's result, if anything."""
    return find_problem(result, *_RESULTS[method])


def _from_text(text: str, codes: tuple[str, ...]) -> Any:
    for code in codes:
        if code == "Integer" and _INTEGER.fullmatch(text):
            return int(text)
        if code == "Boolean" and text.lower() in _BOOLEANS:
            return _BOOLEANS[text.lower()]
        if code == "String":
            return text
    if all(code in _LEAVES for code in codes):
        raise Mismatch(f'"{text[:64]}" is no {" or ".join(codes)}')
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Mismatch("no JSON") from None


def _mistyped(name: str, reason: str) -> Refusal:
    if name != "reply_markup":
        return bad(f'Can\'t parse parameter "{name}": {reason}')
    if reason == "no JSON":
        return bad("Can't parse reply keyboard markup JSON object")
    if "InlineKeyboardButton" in reason:
        return bad(f"Can't parse inline keyboard button: {reason.rpartition(': ')[2]}")
    return bad(f"Can't parse reply markup: {reason}")


def _check(value: object, codes: tuple[str, ...]) -> None:
    """Raise Mismatch unless the value is of one of the types."""
    if len(codes) == 1:
        _check_one(value, codes[0])
        return
    reasons: list[tuple[int, str]] = []
    for code in codes:
        try:
            _check_one(value, code)
        except Mismatch as error:
            reasons.append((_likeness(value, code), str(error)))
        else:
            return
    raise Mismatch(max(reasons, key=lambda reason: reason[0])[1])


def _check_one(value: object, code: str) -> None:
    leaf = _LEAVES.get(code)
    if leaf is not None:
        if not isinstance(value, leaf) or (value.__class__ is bool and code != "Boolean"):
            raise Mismatch(f"{code} expected, not {type(value).__name__}")
    elif code[0] == "*":
        if not isinstance(value, list):
            raise Mismatch(f"Array expected, not {type(value).__name__}")
        for item in value:
            _check_one(item, code[1:])
    elif code in _OBJECTS:
        _check_object(value, code)
    elif code in _UNIONS:
        _check(value, _UNIONS[code])
    else:
        raise Mismatch(f"this emulator does not serve {code}")


def _check_object(value: object, name: str) -> None:
    if not isinstance(value, dict):
        raise Mismatch(f"Object expected as {name}, not {type(value).__name__}")
    required, codes_of = _OBJECTS[name]
    for field in required:
        if field not in value:
            raise Mismatch(f'{name}: Can\'t find field "{field}"')
    for field, item in value.items():
        codes = codes_of.get(field)
        if codes is None:
            raise Mismatch(f'{name}: it has no field "{field}"')
        try:
            _check(item, codes)
        except Mismatch as error:
            raise Mismatch(f"{name}.{field}: {error}") from None


def _likeness(value: object, code: str) -> int:
    """Count how much an object looks like a type, to give the reason that helps."""
    shape = _OBJECTS.get(code)
    if not isinstance(value, dict) or shape is None:
        return -1
    return sum(1 if name in shape.codes else -1 for name in value)
