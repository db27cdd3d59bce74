"""The door: every update comes in here, and no handler is called by somebody who may not.

It says who is speaking, reads what a button means, calls one handler, and turns its `Reply` into
the chat's lane. A refusal becomes a kind answer; what is repeated is shown again; a bug goes on
to the receiver, which sets the update aside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, Literal

import structlog
from telegram import CallbackQuery, Chat, Update, User

from bot.core.errors import Refused, Repeated
from bot.core.people import tidy_name
from bot.core.shown import cut_text
from bot.room import Room
from bot.services.enrolment import Who
from bot.services.ports import Make, Screen
from bot.services.redacting import Form, Opened
from bot.views.buttons import Tap, read_tap
from bot.views.plain import bare
from bot.views.reader import Reader

log = structlog.get_logger(__name__)

Role = Literal["anyone", "client", "therapist", "admin", "professional"]
_TOAST_AT_MOST: Final = 200
_QUOTED_AT_MOST: Final = 100
#: So long after a loss, a button that means nothing here is taken for one of those hours.
_LOST_IS_MEANT_MS: Final = 30 * 86_400_000
NO_TAP: Final = Tap("", 0, ())


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody did. tap: for buttons. words: what stood behind a command, or the text.

    message_id: the tapped message, or the person's own.
    """

    who: Who
    reader: Reader
    chat_id: int = field(repr=False)
    message_id: int
    name: str = field(repr=False)
    hint: str | None
    words: str = field(default="", repr=False)
    tap: Tap = NO_TAP

    @property
    def me(self) -> int:
        """The person's id. Errors: Refused("stranger")."""
        if self.who.person is None:
            raise Refused("stranger")
        return self.who.person.id


@dataclass(frozen=True, slots=True)
class Reply:
    """What the person gets. screen: replaces the tapped message, or answers as a new one.

    place: the message to replace instead of the tapped one. also: more messages that the screen
    replaces. then: learns the id of a new message. refused: said as an alert, beside the screen.
    closes: the tapped message is taken away. shows: pairs of whose answers a new message tells.
    opened: what stands in the message of the screen now, or in the new one, until it closes by
    itself. prolongs: what stands in the tapped message stays open a while longer.
    """

    screen: Screen | None = None
    place: int | None = None
    also: tuple[int, ...] = ()
    then: Callable[[int], Awaitable[None]] | None = None
    say: tuple[Screen | Make, ...] = ()
    toast: str = ""
    alert: bool = False
    refused: Refused | None = None
    closes: bool = False
    shows: tuple[int, ...] = ()
    opened: Opened | None = None
    prolongs: bool = False


Handler = Callable[[Room, Ask], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Route:
    """A handler, who may call it, and what shows the state when an update is repeated.

    on_hold: it is called also while the bot is on hold. folds: the message of what was lost with a
    server says so from then on, without buttons. secret: what stands behind the command is as good
    as a password.
    """

    handler: Handler
    role: Role
    again: Handler | None = field(default=None)
    on_hold: bool = False
    folds: bool = False
    secret: bool = False


def may(who: Who, role: Role) -> bool:
    """Say whether somebody has a role; everybody may what is for anyone."""
    if role in ("anyone", "client"):
        return role == "anyone" or who.is_client
    return bool(who.roles & ({"therapist", "admin"} if role == "professional" else {role}))


async def _call(room: Room, route: Route, ask: Ask) -> Reply:
    if not route.on_hold:
        refuse_on_hold(ask)
    if not may(ask.who, route.role):
        raise Refused("stranger" if ask.who.person is None else "not_for_you")
    try:
        return await route.handler(room, ask)
    except Repeated:
        return await route.again(room, ask) if route.again else Reply()


def refuse_on_hold(ask: Ask) -> None:
    """Say, where the bot is on hold, that this has to wait; to admins also until what.

    Errors: Refused("on_hold" | "on_hold_admin").
    """
    if ask.who.loss is not None and ask.who.is_on_hold:
        is_admin = "admin" in ask.who.roles
        raise Refused("on_hold_admin" if is_admin else "on_hold", since_at=ask.who.loss.until_at)


def _lost(room: Room, ask: Ask, refused: Refused, query: CallbackQuery) -> Refused:
    """Give the refusal of what the database does not know, where it may have been lost with it.

    That is so of a message that was sent or changed in the hours that were lost, and of one that
    is too old for Telegram to say when that was.
    """
    loss = ask.who.loss
    if refused.reason != "not_yours" or loss is None or ask.who.person is None:
        return refused
    if room.enrolment.clock.now() - loss.until_at > _LOST_IS_MEANT_MS:
        return refused
    shown_at = _shown_at(query)
    # Telegram counts whole seconds.
    if shown_at and not loss.from_at - 1000 < shown_at <= loss.until_at - 1000:
        return refused
    return Refused("lost", from_at=loss.from_at, until_at=loss.until_at)


def _shown_at(query: CallbackQuery) -> float:
    """Give when a tapped message got what it shows (UTC ms), 0 where Telegram cannot tell."""
    shown_at = query.api_kwargs.get("shown_at", 0)
    return shown_at * 1000 if isinstance(shown_at, int) else 0


def refusal(room: Room, reader: Reader, refused: Refused) -> str:
    """Word a refusal for a person, as Telegram HTML; what it quotes is cut to a line."""
    facts = {
        name: cut_text(fact, _QUOTED_AT_MOST) if isinstance(fact, str) else fact
        for name, fact in refused.facts.items()
    }
    return room.desk.text("refused", reader, reason=refused.reason, facts=facts)


def plain(text: str) -> str:
    """Word a refusal as a toast of at most 200 characters."""
    short = bare(text)
    return short if len(short) <= _TOAST_AT_MOST else short[: _TOAST_AT_MOST - 1] + "…"


def is_own(user: User, chat: Chat) -> bool:
    """Say whether a private chat is this user's own, as each that Telegram speaks of is.

    What somebody may do hangs on the user, and what is shown goes to the chat: where they differ,
    one would be shown what is another's.
    """
    if user.id != chat.id:
        log.warning("update ignored: its private chat is not its sender's")
        return False
    return True


async def ask_of(room: Room, update: Update, words: str = "") -> Ask | None:
    """Say who did what; None for what is not a person in a private chat of their own."""
    user, chat = update.effective_user, update.effective_chat
    if user is None or chat is None or chat.type != "private" or user.is_bot:
        return None
    if not is_own(user, chat):
        return None
    who = await room.enrolment.who(user.id)
    if who.person is not None and who.person.unreachable_at is not None:
        # Whoever speaks can be spoken to; that they are back may have been lost in an outage.
        await _apart(room.enrolment.reachable(user.id))
    hint = user.language_code
    query = update.callback_query
    message = query.message if query else update.effective_message
    return Ask(
        who=who,
        reader=room.desk.reader(who.person, hint),
        chat_id=chat.id,
        message_id=message.message_id if message else 0,
        name=tidy_name(user.first_name),
        hint=hint,
        words=words,
    )


def _noting(
    room: Room, ask: Ask, reply: Reply, screen: Screen | Make
) -> Callable[[int], Awaitable[None]] | None:
    """Give what notes of whom a new message tells something, once it has arrived."""
    if not reply.shows:
        return None
    form: Form = "text" if isinstance(screen, Screen) else "picture"
    return partial(room.redacting.note_shown, ask.me, reply.shows, form, reply.opened)


async def _apart(act: Coroutine[Any, Any, None]) -> None:
    """Note something of a tap in a transaction of its own: the update in hand has had its one.

    It may be noted twice. Where the program ends before it is, the screen has not been shown
    either, and Telegram brings the tap once more.
    """
    await asyncio.get_running_loop().create_task(act, context=Context())


async def _note_tap(room: Room, ask: Ask, reply: Reply) -> Reply:
    """Note what a tapped message shows from now on, before it does; give the reply for it.

    Where a new message takes its place, that is noted of the new one.
    """
    noting, place = room.redacting, reply.place or ask.message_id
    if reply.opened is not None and reply.screen is not None:
        await _apart(noting.note_opened(ask.me, reply.opened, place))
        taken_over = partial(noting.note_taken_over, ask.me, reply.opened)
        return replace(reply, then=reply.then or taken_over)
    if reply.prolongs:
        await _apart(noting.prolong(ask.me, ask.message_id))
    return reply


async def on_tap(room: Room, routes: dict[str, Route], update: Update) -> None:
    """Answer a tapped button."""
    query = update.callback_query
    ask = await ask_of(room, update)
    if query is None or ask is None:
        return
    try:
        tap = read_tap(query.data)
        if tap.act not in routes:
            raise Refused("stale_button")
        ask = Ask(ask.who, ask.reader, ask.chat_id, ask.message_id, ask.name, ask.hint, "", tap)
        reply = await _note_tap(room, ask, await _call(room, routes[tap.act], ask))
    except Refused as refused:
        refused = _lost(room, ask, refused, query)
        text = refusal(room, ask.reader, refused)
        room.lanes.toast(query.id, plain(text), alert=True)
        if refused.reason == "lost" and not ask.who.is_on_hold and routes[ask.tap.act].folds:
            folded = room.people_views.refused(ask.reader, text)
            room.lanes.edit(ask.chat_id, ask.message_id, folded)
        return
    if reply.refused is not None:
        room.lanes.toast(query.id, plain(refusal(room, ask.reader, reply.refused)), alert=True)
    else:
        room.lanes.toast(query.id, reply.toast, alert=reply.alert)
    if reply.screen is not None:
        place = reply.place or ask.message_id
        room.lanes.edit(ask.chat_id, place, reply.screen, or_new=True, then=reply.then)
        for other in reply.also:
            if other != place:
                room.lanes.edit(ask.chat_id, other, reply.screen)
    if reply.closes:
        # Until it is gone it owes its closing: what cannot be taken away now shall not stay.
        opens = may(ask.who, "therapist")
        gone = partial(room.redacting.note_taken_away, ask.me) if opens else None
        room.lanes.delete(ask.chat_id, ask.message_id, then=gone)
    for screen in reply.say:
        room.lanes.say(ask.chat_id, screen, then=_noting(room, ask, reply, screen))


async def on_message(
    room: Room, route: Route, update: Update, words: str, *, secret: bool = False
) -> None:
    """Answer a command or anything else somebody sent.

    secret: it is not left standing in the chat, whoever sent it and whatever becomes of it.
    """
    ask = await ask_of(room, update, words)
    if ask is None:
        return
    if secret:
        room.lanes.delete(ask.chat_id, ask.message_id)
    try:
        reply = await _call(room, route, ask)
    except Refused as refused:
        screen = room.people_views.refused(ask.reader, refusal(room, ask.reader, refused))
        room.lanes.say(ask.chat_id, screen)
        return
    if reply.screen is not None:
        if reply.place is not None:
            room.lanes.edit(ask.chat_id, reply.place, reply.screen, or_new=True, then=reply.then)
        else:
            then = reply.then or _noting(room, ask, reply, reply.screen)
            room.lanes.say(ask.chat_id, reply.screen, then=then)
    for more in reply.say:
        room.lanes.say(ask.chat_id, more)
