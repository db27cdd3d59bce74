"""Files on their way into messages: uploads, `attach://` references, files sent before.

Owns the limits of uploads. Refuses addresses: this server fetches nothing from anywhere.
"""

from __future__ import annotations

from bot.emulator.chats import Json, StoredFile, World
from bot.emulator.pictures import photo_size
from bot.emulator.refusals import Refusal, bad
from bot.emulator.schema import Upload

UPLOAD_LIMIT_BYTES = 50 * 1024 * 1024


def upload_of(params: Json, source: object) -> Upload | str:
    """Find what a file parameter means: an upload, `attach://part`, or a text left to judge."""
    if isinstance(source, Upload):
        return source
    if not isinstance(source, str):
        raise bad("File must be non-empty")
    if not source.startswith("attach://"):
        return source
    attachments: dict[str, Upload] = params.get("attachments", {})
    attached = attachments.get(source.removeprefix("attach://"))
    if attached is None:
        raise bad("File is not attached to the request")
    return attached


def _stored(world: World, source: Upload | str, folder: str) -> StoredFile:
    if isinstance(source, str):
        if source.startswith(("http://", "https://")):
            raise bad("Failed to get HTTP URL content")
        known = world.files.get(source)
        if known is None:
            raise bad("Wrong file identifier/HTTP URL specified")
        return known
    if not source.data:
        raise bad("File must be non-empty")
    if len(source.data) > UPLOAD_LIMIT_BYTES:
        raise Refusal(413)
    return world.store_file(source.name, source.mime_type, source.data, folder)


def as_photo(world: World, source: Upload | str) -> tuple[Json, StoredFile]:
    """Make a photo of an upload or a known file: its fields in a message, and its bytes."""
    if isinstance(source, Upload):
        photo_size(source.name, source.data)
    stored = _stored(world, source, "photos")
    width, height = photo_size(stored.name, stored.data)
    return {"photo": [{**stored.to_json(), "width": width, "height": height}]}, stored


def as_document(world: World, source: Upload | str) -> tuple[Json, StoredFile]:
    """Make a document of an upload or a known file: its fields in a message, and its bytes."""
    stored = _stored(world, source, "documents")
    named = {"file_name": stored.name, "mime_type": stored.mime_type}
    return {"document": {**stored.to_json(), **named}}, stored
