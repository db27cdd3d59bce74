"""Which method is served by what: the emulator's table of contents."""

from __future__ import annotations

from collections.abc import Callable

from bot.emulator import profile, sending
from bot.emulator.chats import Json, World
from bot.emulator.profile import Profile

Serve = Callable[[Json], object]

#: Methods that count as messages for flood limits.
SENDS = frozenset({"sendMessage", "sendPhoto", "sendDocument"})


def method_table(world: World, about: Profile) -> dict[str, Serve]:
    """Bind every method but getUpdates (which waits) to this world, by official name."""

    def on_world(serve: Callable[[World, Json], object]) -> Serve:
        return lambda params: serve(world, params)

    def webhook_info(params: Json) -> Json:
        info: Json = {
            "url": "",
            "has_custom_certificate": False,
            "pending_update_count": world.queue.pending,
        }
        if world.queue.allowed:
            info["allowed_updates"] = world.queue.allowed
        return info

    def delete_webhook(params: Json) -> bool:
        if params.get("drop_pending_updates"):
            world.queue.clear()
        return True

    return {
        "getMe": lambda params: profile.get_me(world),
        "getWebhookInfo": webhook_info,
        "deleteWebhook": delete_webhook,
        "sendMessage": on_world(sending.send_message),
        "sendPhoto": on_world(sending.send_photo),
        "sendDocument": on_world(sending.send_document),
        "sendChatAction": on_world(sending.send_chat_action),
        "editMessageText": on_world(sending.edit_text),
        "editMessageCaption": on_world(sending.edit_caption),
        "editMessageReplyMarkup": on_world(sending.edit_keyboard),
        "editMessageMedia": on_world(sending.edit_media),
        "deleteMessage": on_world(sending.delete_message),
        "deleteMessages": on_world(sending.delete_messages),
        "answerCallbackQuery": on_world(sending.answer_tap),
        "pinChatMessage": on_world(sending.pin_message),
        "setMessageReaction": on_world(sending.set_reaction),
        "setMyCommands": on_world(about.set_commands),
        "getMyCommands": on_world(about.get_commands),
        "deleteMyCommands": on_world(about.delete_commands),
        "setMyName": lambda params: about.set_text("name", params),
        "getMyName": lambda params: about.get_text("name", params, world.bot.first_name),
        "setMyDescription": lambda params: about.set_text("description", params),
        "getMyDescription": lambda params: about.get_text("description", params),
        "setMyShortDescription": lambda params: about.set_text("short_description", params),
        "getMyShortDescription": lambda params: about.get_text("short_description", params),
        "setChatMenuButton": on_world(about.set_menu_button),
        "getChatMenuButton": on_world(about.get_menu_button),
        "getChat": on_world(profile.get_chat),
        "getChatMember": on_world(profile.get_chat_member),
        "getFile": on_world(profile.get_file),
        "leaveChat": on_world(profile.leave_chat),
    }
