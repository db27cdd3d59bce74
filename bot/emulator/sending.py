"""The methods that put messages into chats, change them and take them away.

Owns the rules of sending and editing as the official server has them, down to the sentence of
each refusal (tdlib/telegram-bot-api `Client.cpp`, tdlib/td `MessagesManager`).
"""

from __future__ import annotations

from typing import Any

from bot.emulator.chats import Chat, Json, Message, World
from bot.emulator.entities import CAPTION_LIMIT, TEXT_LIMIT, link_entities, read_text
from bot.emulator.keyboards import inline_keyboard, reply_keyboard
from bot.emulator.markup import Entity
from bot.emulator.refusals import bad
from bot.emulator.updates import TAP_LIFE_MS
from bot.emulator.uploads import as_document, as_photo, upload_of

ANSWER_LIMIT = 200
DELETE_LIFE_SECONDS = 48 * 3600
_NOT_MODIFIED = (
    "Message is not modified: specified new message content and reply markup are exactly the"
    " same as a current content and reply markup of the message"
)
_ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "record_audio",
        "upload_audio",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)
#: Single-sign emoji a bot may react with (Bot API documentation, ReactionTypeEmoji).
REACTIONS = frozenset(
    "❤👍👎🔥🥰👏😁🤔🤯😱🤬😢🎉🤩🤮💩🙏👌🕊🤡🥱🥴😍🐳🌚🌭💯🤣⚡🍌🏆💔🤨😐🍓🍾💋🖕😈😴😭🤓👻👀🎃🙈😇😨🤝✍🤗🫡🎅🎄☃💅🤪🗿🆒💘🙉🦄😘💊🙊😎👾😡"
)


def send_message(world: World, params: Json) -> Json:
    """Serve sendMessage."""
    chat = world.writable_chat(params["chat_id"])
    text, entities = _text(world, params, "text", "entities", TEXT_LIMIT)
    return _send(world, chat, params, text=text, entities=entities)


def send_photo(world: World, params: Json) -> Json:
    """Serve sendPhoto."""
    chat = world.writable_chat(params["chat_id"])
    caption, entities = _caption(world, params)
    media, stored = as_photo(world, upload_of(params, params["photo"]))
    return _send(
        world, chat, params, kind="photo", text=caption, entities=entities, media=media, file=stored
    )


def send_document(world: World, params: Json) -> Json:
    """Serve sendDocument."""
    chat = world.writable_chat(params["chat_id"])
    caption, entities = _caption(world, params)
    media, stored = as_document(world, upload_of(params, params["document"]))
    return _send(
        world,
        chat,
        params,
        kind="document",
        text=caption,
        entities=entities,
        media=media,
        file=stored,
    )


def send_chat_action(world: World, params: Json) -> bool:
    """Serve sendChatAction."""
    if params["action"] not in _ACTIONS:
        raise bad("Wrong parameter action in request")
    world.writable_chat(params["chat_id"]).actions.append(params["action"])
    return True


def edit_text(world: World, params: Json) -> Json:
    """Serve editMessageText."""
    message = _own_message(world, params)
    if "text" not in params:
        raise bad("Message text is empty")
    text, entities = _text(world, params, "text", "entities", TEXT_LIMIT)
    if message.kind != "text":
        raise bad("There is no text in the message to edit")
    return _edit(world, message, params, text, entities)


def edit_caption(world: World, params: Json) -> Json:
    """Serve editMessageCaption."""
    message = _own_message(world, params)
    caption, entities = _caption(world, params)
    if message.kind == "text":
        raise bad("There is no caption in the message to edit")
    return _edit(world, message, params, caption, entities)


def edit_keyboard(world: World, params: Json) -> Json:
    """Serve editMessageReplyMarkup."""
    message = _own_message(world, params)
    return _edit(world, message, params, message.text, message.entities)


def edit_media(world: World, params: Json) -> Json:
    """Serve editMessageMedia."""
    message = _own_message(world, params)
    given = params["media"]
    caption, entities = _caption(world, given)
    source = upload_of(params, given["media"])
    match given["type"]:
        case "photo":
            media, stored = as_photo(world, source)
        case "document":
            media, stored = as_document(world, source)
        case _:
            raise bad("Unsupported media type specified")
    message.media, message.file, message.kind = media, stored, given["type"]
    message.text, message.entities = caption, entities
    message.keyboard = inline_keyboard(params.get("reply_markup"))
    return _edited(world, message)


def delete_message(world: World, params: Json) -> bool:
    """Serve deleteMessage: own messages and, in private chats, the person's; for 48 hours."""
    chat = world.writable_chat(params["chat_id"])
    message = chat.messages.get(params["message_id"])
    if message is None:
        raise bad("Message to delete not found")
    too_old = world.seconds() - message.date >= DELETE_LIFE_SECONDS
    foreign = message.sender is not world.bot and chat.type != "private"
    if too_old or foreign:
        raise bad("Message can't be deleted" + (" for everyone" if too_old else ""))
    del chat.messages[message.message_id]
    world.bell.ring()
    return True


def delete_messages(world: World, params: Json) -> bool:
    """Serve deleteMessages: ids that are not there are skipped."""
    ids = params["message_ids"]
    if not 1 <= len(ids) <= 100:
        raise bad("Too many message identifiers specified" if ids else _no_ids())
    chat = world.writable_chat(params["chat_id"])
    for message_id in ids:
        if message_id in chat.messages:
            delete_message(world, {"chat_id": chat.id, "message_id": message_id})
    return True


def _no_ids() -> str:
    return "Message identifiers are not specified"


def answer_tap(world: World, params: Json) -> bool:
    """Serve answerCallbackQuery: the first answer is the one the person sees."""
    tap = world.taps.get(params["callback_query_id"])
    if tap is None or world.clock.now() - tap.at >= TAP_LIFE_MS:
        raise bad("Query is too old and response timeout expired or query ID is invalid")
    text = params.get("text", "")
    if len(text) > ANSWER_LIMIT:
        raise bad("MESSAGE_TOO_LONG")
    url = params.get("url", "")
    if url and not url.startswith(f"https://t.me/{world.bot.username}?start="):
        raise bad("URL_INVALID")
    if not tap.answered:
        tap.answered, tap.text, tap.url = True, text, url
        tap.alert = params.get("show_alert", False)
        world.bell.ring()
    return True


def pin_message(world: World, params: Json) -> bool:
    """Serve pinChatMessage."""
    chat = world.writable_chat(params["chat_id"])
    if params["message_id"] not in chat.messages:
        raise bad("Message to pin not found")
    chat.pinned = params["message_id"]
    return True


def set_reaction(world: World, params: Json) -> bool:
    """Serve setMessageReaction: a bot may set one emoji."""
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
    world.bell.ring()
    return True


def _text(
    world: World, params: Json, name: str, entities_name: str, limit: int
) -> tuple[str, list[Entity]]:
    text, entities = read_text(
        params.get(name, ""),
        params.get("parse_mode"),
        params.get(entities_name),
        limit=limit,
        caption=limit == CAPTION_LIMIT,
    )
    return text, link_entities(entities, world.users)


def _caption(world: World, params: Json) -> tuple[str, list[Entity]]:
    return _text(world, params, "caption", "caption_entities", CAPTION_LIMIT)


def _send(world: World, chat: Chat, params: Json, **content: Any) -> Json:
    markup = params.get("reply_markup")
    keyboard, labels = inline_keyboard(markup), reply_keyboard(markup)
    message = Message(
        world.next_message_id(),
        chat,
        world.bot,
        world.seconds(),
        keyboard=keyboard,
        reply_to=_replied_to(chat, params),
        silent=params.get("disable_notification", False),
        protected=params.get("protect_content", False),
        **content,
    )
    if labels is not None:
        chat.reply_keyboard = labels
    return world.add_message(message).to_json()


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


def _edit(world: World, message: Message, params: Json, text: str, entities: list[Entity]) -> Json:
    keyboard = inline_keyboard(params.get("reply_markup"))
    if (text, entities, keyboard) == (message.text, message.entities, message.keyboard):
        raise bad(_NOT_MODIFIED)
    message.text, message.entities, message.keyboard = text, entities, keyboard
    return _edited(world, message)


def _edited(world: World, message: Message) -> Json:
    message.edit_date = world.seconds()
    world.bell.ring()
    return message.to_json()
