"""Reading what a client put into a request: query string, form, multipart or JSON.

Refuses bodies that are not UTF-8 or not what their Content-Type says.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

import orjson

from bot.emulator.refusals import bad
from bot.emulator.schema import Upload

_BOUNDARY = re.compile(rb'boundary="?([^";,]+)"?', re.IGNORECASE)
_NAME = re.compile(rb'[; ]name="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_FILENAME = re.compile(rb'[; ]filename="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_TYPE = re.compile(rb"^content-type:[ \t]*([^\r\n;]+)", re.IGNORECASE | re.MULTILINE)


def read_request(query: bytes, content_type: bytes, body: bytes) -> dict[str, object]:
    """Merge the query string and the body of a call into raw parameters.

    Values are text from forms, any JSON value from a JSON body, Upload from file parts.
    Raises Refusal 400.
    """
    raw: dict[str, object] = {}
    if query:
        raw.update(_form(query))
    if body:
        kind = content_type.partition(b";")[0].strip().lower()
        if kind == b"application/json":
            raw.update(_json(body))
        elif kind == b"multipart/form-data":
            raw.update(_multipart(content_type, body))
        else:
            raw.update(_form(body))
    return raw


def _form(data: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(data.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise bad("Strings must be encoded in UTF-8") from None


def _json(body: bytes) -> dict[str, object]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise bad("Can't parse request: it is no JSON") from None
    if not isinstance(value, dict):
        raise bad("Can't parse request: Object expected")
    return value


def _multipart(content_type: bytes, body: bytes) -> dict[str, object]:
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise bad("Can't parse request: the multipart boundary is missing")
    marker = b"--" + found.group(1)
    parts = (b"\r\n" + body).split(b"\r\n" + marker)
    if len(parts) < 2 or not parts[-1].startswith(b"--"):
        raise bad("Can't parse request: the multipart body is cut")
    raw: dict[str, object] = {}
    try:
        for part in parts[1:-1]:
            head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
            name = _NAME.search(head)
            if name is None:
                raise bad("Can't parse request: a multipart part has no name")
            filename = _FILENAME.search(head)
            if filename is None:
                raw[name.group(1).decode()] = content.decode()
                continue
            kind = _TYPE.search(head)
            mime = kind.group(1).decode() if kind else "application/octet-stream"
            upload = Upload(filename.group(1).decode(), mime, content)
            raw[name.group(1).decode()] = upload
    except UnicodeDecodeError:
        raise bad("Strings must be encoded in UTF-8") from None
    return raw
