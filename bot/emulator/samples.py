"""Small files that a person of the emulator can send."""

from __future__ import annotations

import struct
import zlib

#: The first page header of an Ogg stream, and of a WebP picture: enough for a bot that refuses.
VOICE = b"OggS\x00\x02" + bytes(22)
STICKER = b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f" + bytes(13)


def picture(width: int = 64, height: int = 64, grey: int = 160) -> bytes:
    """Make a PNG of one shade; width and height in pixels."""
    row = b"\x00" + bytes([grey]) * width
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(row * height)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
