"""Files on their way into messages: uploads, `attach://` references, files sent before.

Owns the limits of uploads and what a picture's header says of its size. Refuses addresses: this
server fetches nothing from anywhere.
"""

from __future__ import annotations

import struct
import zlib

from bot.emulator.chats import Json, StoredFile
from bot.emulator.refusals import Refusal, bad
from bot.emulator.schema import Upload
from bot.emulator.world import World

UPLOAD_LIMIT_BYTES = 50 * 1024 * 1024
DOWNLOAD_LIMIT_BYTES = 20 * 1024 * 1024
PHOTO_LIMIT_BYTES = 10 * 1024 * 1024
SIDES_LIMIT = 10_000
RATIO_LIMIT = 20

#: The first page header of an Ogg stream, and of a WebP picture: enough for a bot that refuses.
VOICE = b"OggS\x00\x02" + bytes(22)
STICKER = b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f" + bytes(13)


def take_file(world: World, params: Json, kind: str, source: object) -> tuple[Json, StoredFile]:
    """Make a photo or document of what a file parameter names.

    source: an upload, `attach://part` or a file_id. Gives the file's fields in a message and
    its bytes. Raises Refusal 400 or 413.
    """
    if isinstance(source, str) and source.startswith("attach://"):
        source = params.get("attachments", {}).get(source.removeprefix("attach://"))
        if source is None:
            raise bad("File is not attached to the request")
    if isinstance(source, Upload) and kind == "photo":
        photo_size(source.name, source.data)
    stored = _stored(world, source, f"{kind}s")
    if kind == "photo":
        width, height = photo_size(stored.name, stored.data)
        return {"photo": [stored.to_json(width=width, height=height)]}, stored
    named = stored.to_json(file_name=stored.name, mime_type=stored.mime_type)
    return {"document": named}, stored


def _stored(world: World, source: object, folder: str) -> StoredFile:
    if isinstance(source, Upload):
        if not source.data:
            raise bad("File must be non-empty")
        if len(source.data) > UPLOAD_LIMIT_BYTES:
            raise Refusal(413)
        return world.store_file(source.name, source.mime_type, source.data, folder)
    if str(source).startswith(("http://", "https://")):
        raise bad("Failed to get HTTP URL content")
    if source not in world.files:
        raise bad("Wrong file identifier/HTTP URL specified")
    return world.files[str(source)]


def get_file(world: World, params: Json) -> Json:
    """Serve getFile."""
    stored = world.files.get(params["file_id"])
    if stored is None:
        raise bad("Invalid file_id")
    if len(stored.data) > DOWNLOAD_LIMIT_BYTES:
        raise bad("File is too big")
    return stored.to_json(file_path=stored.path)


def photo_size(name: str, data: bytes) -> tuple[int, int]:
    """Check a picture against the limits for photos; give width and height in pixels.

    Reads PNG, JPEG and GIF. Raises Refusal 400.
    """
    if not data:
        raise bad("File must be non-empty")
    if len(data) > PHOTO_LIMIT_BYTES:
        raise bad(f'File "{name}" of size {len(data)} bytes is too big for a photo')
    width, height = _png_or_gif(data) or _jpeg(data) or (0, 0)
    if width == 0 or height == 0:
        raise bad("IMAGE_PROCESS_FAILED")
    if width + height > SIDES_LIMIT or max(width, height) > RATIO_LIMIT * min(width, height):
        raise bad("PHOTO_INVALID_DIMENSIONS")
    return width, height


def _png_or_gif(data: bytes) -> tuple[int, int] | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
    elif data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
    else:
        return None
    return width, height


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    while data.startswith(b"\xff\xd8") and at + 9 < len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + int(struct.unpack(">H", data[at + 2 : at + 4])[0])
    return None


def picture(width: int = 64, height: int = 64, grey: int = 160) -> bytes:
    """Make a PNG of one shade; width and height in pixels."""
    row = b"\x00" + bytes([grey]) * width
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(row * height)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
