"""The methods that put messages into chats, change them and take them away.

Owns the rules of sending and editing as the official server has them, down to the sentence of
each refusal (tdlib/telegram-bot-api `Client.cpp`, tdlib/td `MessagesManager`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from bot.emulator.chats import Answer, Chat, Json, Message, MessageKind, StoredFile
from bot.emulator.entities import CAPTION_LIMIT, TEXT_LIMIT, link_entities, read_text
from bot.emulator.files import take_file
from bot.emulator.keyboards import inline_keyboard, reply_keyboard
from bot.emulator.markup import Entity
from bot.emulator.refusals import bad
from bot.emulator.updates import TAP_LIFE_MS
from bot.emulator.world import World

ANSWER_LIMIT = 200
ALBUM_LIMITS = (2, 10)
DELETE_LIFE_SECONDS = 48 * 3600
_NOT_MODIFIED = (
    "Message is not modified: specified new message content and reply markup are exactly the"
    " same as a current content and reply markup of the message"
)
_ACTIONS = re.compile(
    "typing|choose_sticker|find_location|upload_(photo|document)"
    "|(record|upload)_(video|video_note|voice|audio)"
)
#: Single-sign emoji a bot may react with (Bot API documentation, ReactionTypeEmoji).
REACTIONS = frozenset(
    "❤👍👎🔥🥰👏😁🤔🤯😱🤬😢🎉🤩🤮💩🙏👌🕊🤡🥱🥴😍🐳🌚🌭💯🤣⚡🍌🏆💔🤨😐🍓🍾💋🖕😈😴😭🤓👻👀🎃🙈😇😨🤝✍🤗🫡🎅🎄☃💅🤪🗿🆒💘🙉🦄😘💊🙊😎👾😡"
)


def _send_message(world: World, params: Json) -> Json:
    chat = world.writable_chat(params["chat_id"])
    text, entities = _formatted(world, params, "text")
    return _send(world, chat, params, "text", text=text, entities=entities)


def _send_file(kind: MessageKind, world: World, params: Json) -> Json:
    chat = world.writable_chat(params["chat_id"])
    caption, entities = _formatted(world, params, "caption")
    media, stored = take_file(world, params, kind, params[kind])
    return _send(
        world, chat, params, kind, text=caption, entities=entities, media=media, file=stored
    )


def _send_album(world: World, params: Json) -> list[Json]:
    """Nothing is sent unless everything can be."""
    chat = world.writable_chat(params["chat_id"])
    items: list[Json] = params["media"]
    least, most = ALBUM_LIMITS
    if not items:
        raise bad("There are no messages to send")
    if len(items) > most:
        raise bad("Too many messages to send as an album")
    if len(items) < least:
        raise bad(f"An album has {least} to {most} files")
    if len({item["type"] for item in items}) > 1:
        raise bad("Document can't be mixed with other media types")
    group = {"media_group_id": str(world.chance.randrange(1 << 60))}
    made = []
    for item in items:
        caption, entities = _formatted(world, item, "caption")
        media, stored = take_file(world, params, item["type"], item["media"])
        made.append((item["type"], caption, entities, media | group, stored))
    return [
        _send(world, chat, params, kind, text=text, entities=entities, media=media, file=stored)
        for kind, text, entities, media, stored in made
    ]


def _send_chat_action(world: World, params: Json) -> bool:
    if not _ACTIONS.fullmatch(params["action"]):
        raise bad("Wrong parameter action in request")
    world.writable_chat(params["chat_id"])
    return True


def _edit_text(world: World, params: Json) -> Json:
    message = _own_message(world, params)
    if "text" not in params:
        raise bad("Message text is empty")
    text, entities = _formatted(world, params, "text")
    if message.kind != "text":
        raise bad("There is no text in the message to edit")
    return _edit(world, message, params, text, entities)


def _edit_caption(world: World, params: Json) -> Json:
    message = _own_message(world, params)
    caption, entities = _formatted(world, params, "caption")
    if message.kind == "text":
        raise bad("There is no caption in the message to edit")
    return _edit(world, message, params, caption, entities)


def _edit_keyboard(world: World, params: Json) -> Json:
    message = _own_message(world, params)
    return _edit(world, message, params, message.text, message.entities)


def _edit_media(world: World, params: Json) -> Json:
    message = _own_message(world, params)
    given = params["media"]
    caption, entities = _formatted(world, given, "caption")
    media, stored = take_file(world, params, given["type"], given["media"])
    return _edit(world, message, params, caption, entities, (given["type"], media, stored))


def _delete_message(world: World, params: Json) -> bool:
    """Own messages and, in private chats, the person's; for 48 hours."""
    chat = world.writable_chat(params["chat_id"])
    message = chat.messages.get(params["message_id"])
    if message is None:
        raise bad("Message to delete not found")
    too_old = world.seconds() - message.body["date"] >= DELETE_LIFE_SECONDS
    foreign = message.sender is not world.bot and chat.type != "private"
    if too_old or foreign:
        raise bad("Message can't be deleted" + (" for everyone" if too_old else ""))
    del chat.messages[message.message_id]
    return True


def _delete_messages(world: World, params: Json) -> bool:
    """Ids that are not there are skipped."""
    ids = params["message_ids"]
    if not ids:
        raise bad("Message identifiers are not specified")
    if len(ids) > 100:
        raise bad("Too many message identifiers specified")
    chat = world.writable_chat(params["chat_id"])
    for message_id in ids:
        if message_id in chat.messages:
            _delete_message(world, {"chat_id": chat.id, "message_id": message_id})
    return True


def _answer_tap(world: World, params: Json) -> bool:
    """The first answer is the one the person sees."""
    tap = world.taps.get(params["callback_query_id"])
    if tap is None or world.clock.now() - tap.at >= TAP_LIFE_MS:
        raise bad("Query is too old and response timeout expired or query ID is invalid")
    text, url = params.get("text", ""), params.get("url", "")
    if len(text) > ANSWER_LIMIT:
        raise bad("MESSAGE_TOO_LONG")
    if url and not url.startswith(f"https://t.me/{world.bot.username}?start="):
        raise bad("URL_INVALID")
    if tap.answer is None:
        tap.answer = Answer(text, alert=params.get("show_alert", False), url=url)
    return True


def _pin_message(world: World, params: Json) -> bool:
    chat = world.writable_chat(params["chat_id"])
    if params["message_id"] not in chat.messages:
        raise bad("Message to pin not found")
    chat.pinned = params["message_id"]
    return True


def _set_reaction(world: World, params: Json) -> bool:
    """A bot may set one emoji."""
    chat = world.writable_chat(params["chat_id"])
    message = chat.messages.get(params["message_id"])
    if message is None:
        raise bad("Message to react not found")
    emoji = [reaction["emoji"] for reaction in params.get("reaction", [])]
    if len(emoji) > 1:
        raise bad("REACTIONS_TOO_MANY")
    if any(sign.removesuffix("\ufe0f") not in REACTIONS for sign in emoji):
        raise bad("REACTION_INVALID")
    message.reactions = emoji
    return True


def _formatted(world: World, params: Json, name: str) -> tuple[str, list[Entity]]:
    """Read a text or caption with its formatting."""
    caption = name == "caption"
    given = params.get("parse_mode"), params.get("caption_entities" if caption else "entities")
    limit = CAPTION_LIMIT if caption else TEXT_LIMIT
    text, entities = read_text(params.get(name, ""), *given, limit=limit, caption=caption)
    return text, link_entities(entities, world.accounts)


def _send(world: World, chat: Chat, params: Json, kind: MessageKind, **content: Any) -> Json:
    markup = params.get("reply_markup")
    keyboard, labels = inline_keyboard(markup), reply_keyboard(markup)
    if params.get("protect_content"):
        content["media"] = {**content.get("media", {}), "has_protected_content": True}
    message = world.add_message(
        chat,
        world.bot,
        kind,
        keyboard=keyboard,
        reply_to=_replied_to(chat, params),
        silent=params.get("disable_notification", False),
        **content,
    )
    if labels is not None:
        chat.reply_keyboard = labels
    return message.body


def _replied_to(chat: Chat, params: Json) -> Message | None:
    reply = params.get("reply_parameters")
    if reply is None:
        return None
    found = chat.messages.get(reply["message_id"])
    if found is None and not reply.get("allow_sending_without_reply"):
        raise bad("Message to be replied not found")
    return found


def _own_message(world: World, params: Json) -> Message:
    if "chat_id" not in params:
        if "inline_message_id" in params:
            raise bad("This emulator does not serve inline messages")
        raise bad("Chat_id is empty")
    chat = world.writable_chat(params["chat_id"])
    if "message_id" not in params:
        raise bad("Message identifier is not specified")
    message = chat.messages.get(params["message_id"])
    if message is None:
        raise bad("Message to edit not found")
    if message.sender is not world.bot:
        raise bad("Message can't be edited")
    return message


def _edit(
    world: World,
    message: Message,
    params: Json,
    text: str,
    entities: list[Entity],
    media: tuple[MessageKind, Json, StoredFile] | None = None,
) -> Json:
    keyboard = inline_keyboard(params.get("reply_markup"))
    shown = (message.text, message.entities, message.keyboard)
    if (text, entities, keyboard) == shown and (media is None or media[2] is message.file):
        raise bad(_NOT_MODIFIED)
    if media is not None:
        for name in ("text", "entities", "photo", "document"):
            message.body.pop(name, None)
        message.kind, fields, message.file = media
        message.body.update(fields)
    message.show(text, entities, keyboard)
    message.body["edit_date"] = world.seconds()
    return message.body


METHODS: dict[str, Callable[[World, Json], object]] = {
    "sendMessage": _send_message,
    "sendPhoto": partial(_send_file, "photo"),
    "sendDocument": partial(_send_file, "document"),
    "sendMediaGroup": _send_album,
    "sendChatAction": _send_chat_action,
    "editMessageText": _edit_text,
    "editMessageCaption": _edit_caption,
    "editMessageReplyMarkup": _edit_keyboard,
    "editMessageMedia": _edit_media,
    "deleteMessage": _delete_message,
    "deleteMessages": _delete_messages,
    "answerCallbackQuery": _answer_tap,
    "pinChatMessage": _pin_message,
    "setMessageReaction": _set_reaction,
}
