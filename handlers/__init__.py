"""Telegram conversations: the whole routing table on one screen, and how updates reach it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from telegram import ChatMember, Update
from telegram.ext import (
    Application,
    CallbackContext,
    CallbackQueryHandler,
    ChatMemberHandler,
    MessageHandler,
    filters,
)

from bot.core.errors import Refused
from bot.room import Room
from handlers import (
    absences,
    calendar,
    checkin,
    client,
    digest,
    ending,
    goals,
    handover,
    joining,
    mirror,
    relinking,
    schedule,
    therapist,
    timetable,
    wrong_client,
)
from handlers.guard import Ask, Reply, Route, is_own, may, on_message, on_tap

COMMANDS: dict[str, Route] = {
    **joining.COMMANDS,
    **client.COMMANDS,
    **goals.COMMANDS,
    **therapist.COMMANDS,
    **ending.COMMANDS,
    **relinking.COMMANDS,
    **timetable.COMMANDS,
    **calendar.COMMANDS,
    **digest.COMMANDS,
    **mirror.COMMANDS,
    **schedule.COMMANDS,
    **absences.COMMANDS,
}
TAPS: dict[str, Route] = {
    **joining.TAPS,
    **client.TAPS,
    **checkin.TAPS,
    **goals.TAPS,
    **therapist.TAPS,
    **ending.TAPS,
    **relinking.TAPS,
    **handover.TAPS,
    **timetable.TAPS,
    **calendar.TAPS,
    **digest.TAPS,
    **mirror.TAPS,
    **schedule.TAPS,
    **absences.TAPS,
    **wrong_client.TAPS,
}


async def _typed(room: Room, ask: Ask) -> Reply:
    """Give a typed message to what waits for one: a therapist's sentence, or a check-in."""
    if may(ask.who, "therapist") and await room.sentences.is_waiting(ask.me):
        if ask.who.is_on_hold:
            raise Refused("not_kept")
        return await digest.sentence_typed(room, ask)
    return await checkin.typed(room, ask)


async def _typed_again(room: Room, ask: Ask) -> Reply:
    """Show again what a repeated message belonged to."""
    if may(ask.who, "therapist") and await room.sentences.is_waiting(ask.me):
        return await digest.sentence_again(room, ask)
    return await checkin.typed_again(room, ask)


TYPED = Route(_typed, "anyone", _typed_again, on_hold=True)
NOT_KEPT = Route(client.not_kept, "anyone", on_hold=True)
EDITED = Route(client.edited, "anyone", on_hold=True)
FORWARDED = Route(client.forwarded, "anyone", on_hold=True)
UNKNOWN = Route(client.unknown_command, "anyone", on_hold=True)

Callback = Callable[[Update, CallbackContext[Any, Any, Any, Any]], Coroutine[Any, Any, None]]
Leave = Callable[[int], Coroutine[Any, Any, None]]


def add_handlers(
    application: Application[Any, Any, Any, Any, Any, Any], room: Room, leave: Leave
) -> None:
    """Connect the routing table with the application. leave: lets the bot leave a group."""
    # A business message is no word to the bot: it was written to somebody whose account it serves.
    private = filters.ChatType.PRIVATE & ~filters.UpdateType.BUSINESS_MESSAGES
    plain_text = filters.TEXT & ~filters.COMMAND
    application.add_handlers(
        [
            CallbackQueryHandler(_taps(room)),
            MessageHandler(private & filters.UpdateType.EDITED, _message(room, EDITED)),
            MessageHandler(private & filters.TEXT & filters.FORWARDED, _message(room, FORWARDED)),
            MessageHandler(private & filters.COMMAND, _commands(room)),
            MessageHandler(private & plain_text, _message(room, TYPED)),
            MessageHandler(private & ~filters.StatusUpdate.ALL, _message(room, NOT_KEPT)),
            ChatMemberHandler(_membership(room, leave), ChatMemberHandler.MY_CHAT_MEMBER),
            MessageHandler(~filters.ChatType.PRIVATE, _strange_chat(leave)),
        ]
    )


def _answering(room: Room, update: Update) -> AbstractContextManager[None]:
    """Let nobody take for the last word in a chat what stands there before this is answered."""
    chat = update.effective_chat
    return room.lanes.answering(chat.id) if chat else nullcontext()


def _taps(room: Room) -> Callback:
    async def callback(update: Update, _: CallbackContext[Any, Any, Any, Any]) -> None:
        with _answering(room, update):
            await on_tap(room, TAPS, update)

    return callback


def _message(room: Room, route: Route) -> Callback:
    async def callback(update: Update, _: CallbackContext[Any, Any, Any, Any]) -> None:
        message = update.effective_message
        text = message.text or "" if message else ""
        # Also behind a command that is edited or forwarded, and thus not followed.
        is_command = text.startswith("/")
        secret = is_command and _read(text).holds_secret
        with _answering(room, update):
            await on_message(room, route, update, text, secret=secret)

    return callback


@dataclass(frozen=True, slots=True)
class _Command:
    """A command as it was sent. words: what stands behind it."""

    route: Route
    words: str = field(repr=False)

    @property
    def holds_secret(self) -> bool:
        """Say whether it is not to be left standing: an address is as good as a password.

        Also where the command is mistyped.
        """
        return bool(self.words) and (self.route.secret or "://" in self.words)


def _read(text: str) -> _Command:
    command, words = (*text.split(maxsplit=1), "", "")[:2]
    name = command.removeprefix("/").split("@")[0].lower()
    return _Command(COMMANDS.get(name, UNKNOWN), words)


def _commands(room: Room) -> Callback:
    async def callback(update: Update, _: CallbackContext[Any, Any, Any, Any]) -> None:
        message = update.effective_message
        said = _read((message.text or "") if message else "")
        with _answering(room, update):
            await on_message(room, said.route, update, said.words, secret=said.holds_secret)

    return callback


def _membership(room: Room, leave: Leave) -> Callback:
    async def callback(update: Update, _: CallbackContext[Any, Any, Any, Any]) -> None:
        member = update.my_chat_member
        if member is None:
            return
        status = member.new_chat_member.status
        if member.chat.type != "private":
            if status not in (ChatMember.LEFT, ChatMember.BANNED):
                await leave(member.chat.id)
        elif not is_own(member.from_user, member.chat):
            return
        elif status == ChatMember.BANNED:
            await room.enrolment.unreachable(member.from_user.id)
        else:
            await room.enrolment.reachable(member.from_user.id)

    return callback


def _strange_chat(leave: Leave) -> Callback:
    async def callback(update: Update, _: CallbackContext[Any, Any, Any, Any]) -> None:
        if update.effective_chat is not None:
            await leave(update.effective_chat.id)

    return callback
