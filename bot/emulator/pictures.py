"""Reading the size of a picture, as far as Telegram's limits for photos need it."""

from __future__ import annotations

import struct

from bot.emulator.refusals import bad

PHOTO_LIMIT_BYTES = 10 * 1024 * 1024
SIDES_LIMIT = 10_000
RATIO_LIMIT = 20


def photo_size(name: str, data: bytes) -> tuple[int, int]:
    """Check a picture against the limits for photos; give width and height in pixels.

    Reads PNG, JPEG and GIF. Raises Refusal 400.
    """
    if not data:
        raise bad("File must be non-empty")
    if len(data) > PHOTO_LIMIT_BYTES:
        raise bad(f'File "{name}" of size {len(data)} bytes is too big for a photo')
    size = _png(data) or _gif(data) or _jpeg(data)
    if size is None:
        raise bad("IMAGE_PROCESS_FAILED")
    width, height = size
    if width + height > SIDES_LIMIT or max(size) > RATIO_LIMIT * max(1, min(size)):
        raise bad("PHOTO_INVALID_DIMENSIONS")
    return size


def _png(data: bytes) -> tuple[int, int] | None:
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or len(data) < 24 or data[12:16] != b"IHDR":
        return None
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def _gif(data: bytes) -> tuple[int, int] | None:
    if data[:6] not in (b"GIF87a", b"GIF89a") or len(data) < 10:
        return None
    width, height = struct.unpack("<HH", data[6:10])
    return width, height


def _jpeg(data: bytes) -> tuple[int, int] | None:
    if not data.startswith(b"\xff\xd8"):
        return None
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + int(struct.unpack(">H", data[at + 2 : at + 4])[0])
    return None
