"""The people on the other side: what a person can see and do in Telegram.

Owns the acts (write, tap, block, …) and waiting for what the bot does. A person is no bot tester
with special powers: everything goes through the same queue and the same state as in Telegram.
Every act is written into the journal. Plain functions, to be called on the event loop's thread.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

from bot.emulator.chats import Account, Chat, Json, Message, MessageKind, StoredFile, Tap
from bot.emulator.entities import find_entities
from bot.emulator.files import STICKER, VOICE, photo_size, picture
from bot.emulator.phone import Predicate, Seen, look_at
from bot.emulator.updates import TAP_LIFE_MS
from bot.emulator.world import World

_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")


class ChatView:
    """One chat from the outside; `id` is the chat's."""

    def __init__(self, world: World, chat: Chat) -> None:
        self._world = world
        self._chat = chat
        self.id = chat.id

    @property
    def chat(self) -> list[Seen]:
        """All visible messages, oldest first, in their present state."""
        return [look_at(self._world, message) for message in self._chat.messages.values()]

    def newest(self, most: int) -> list[Seen]:
        """List the newest visible messages, oldest first, in their present state."""
        few = list(islice(reversed(self._chat.messages.values()), most))
        return [look_at(self._world, message) for message in reversed(few)]

    @property
    def last(self) -> Seen:
        """The newest message of the bot; raises LookupError when there is none."""
        seen = self.see(lambda seen: True)
        if seen is None:
            raise LookupError("the bot has written nothing here")
        return seen

    def see(self, what: str | Predicate) -> Seen | None:
        """Find the newest message of the bot that holds a text or satisfies a predicate."""
        for message in reversed(self._chat.messages.values()):
            if message.sender is self._world.bot:
                seen = look_at(self._world, message)
                if what in seen.text if isinstance(what, str) else what(seen):
                    return seen
        return None

    async def watch(self, what: str | Predicate, timeout_seconds: float = 5.0) -> Seen:
        """Wait until the bot has a message here that holds a text or satisfies a predicate.

        Looks again after every change of the emulated world. Raises TimeoutError with the
        chat's present content.
        """
        found: list[Seen] = []  # of the moment it was there; it may have changed since

        def is_there() -> bool:
            seen = self.see(what)
            found[:] = [] if seen is None else [seen]
            return seen is not None

        if not await self._world.bell.wait_for(is_there, timeout_seconds):
            raise TimeoutError(f"not seen: {what}; the chat shows\n{self._shown()}")
        return found[0]

    def _shown(self) -> str:
        return "\n".join(
            f"{'bot' if seen.from_bot else 'you'}: {seen.text!r} {seen.labels}"
            for seen in self.chat
        )

    def _act(self, name: str, **details: object) -> None:
        self._world.act(name, self._chat, **details)

    def _write(
        self, sender: Account, text: str = "", reply_to: Seen | None = None, **content: Any
    ) -> Seen:
        replied = self._chat.messages.get(reply_to.message_id) if reply_to else None
        message = self._world.add_message(
            *(self._chat, sender),
            text=text,
            entities=find_entities(text),
            reply_to=replied,
            **content,
        )
        self._act("write", text=text, kind=message.kind, message_id=message.message_id)
        if self._reaches_bot(message, replied):
            self._world.tell("message", message.body, self._chat)
        return look_at(self._world, message)

    def _reaches_bot(self, message: Message, replied: Message | None) -> bool:
        return True

    def _tap(self, by: Account, button: str, message: Seen | None) -> Tap:
        world = self._world
        message = message or self.see(lambda seen: seen.data_of(button) is not None)
        data = message.data_of(button) if message else None
        if message is None or data is None:
            raise LookupError(f"no button {button!r}; the chat shows\n{self._shown()}")
        target = self._chat.messages.get(message.message_id)
        if target is None:
            raise LookupError("the message is no longer there to be tapped")
        self._forget_old_taps()
        tap_id = str((by.id << 32) + world.chance.randrange(1 << 31))
        tap = world.taps[tap_id] = Tap(tap_id, data, world.clock.now(), world.bell)
        self._act("tap", data=data, message_id=target.message_id, tap=tap_id, by=by.id)
        query: Json = {
            "id": tap_id,
            "from": by.json,
            "message": dict(target.body),
            "chat_instance": str(hash((world.bot.id, self._chat.id)) & (2**62 - 1)),
            "data": data,
        }
        world.tell("callback_query", query, self._chat, TAP_LIFE_MS)
        return tap

    def _forget_old_taps(self) -> None:
        now, taps = self._world.clock.now(), self._world.taps
        while taps and now - next(iter(taps.values())).at >= TAP_LIFE_MS:
            del taps[next(iter(taps))]


class Person(ChatView):
    """Somebody with a phone and a private chat with the bot."""

    def __init__(self, world: World, account: Account, chat: Chat) -> None:
        super().__init__(world, chat)
        self.account = account
        self.name = account.first_name

    @property
    def keyboard(self) -> list[list[str]]:
        """The labels of the keyboard that stands in for the phone's own."""
        return self._chat.reply_keyboard

    @property
    def blocked(self) -> bool:
        """Whether the person has blocked the bot."""
        return self._chat.blocked

    @property
    def commands(self) -> list[Json]:
        """What the bot's command menu shows this person."""
        return self._world.profile.commands_for(self.id, self.account.language_code)

    def start(self, payload: str | None = None) -> Seen:
        """Press Start, or follow a deep link; a blocked bot is unblocked first.

        Raises ValueError for a payload Telegram would not carry.
        """
        if payload and not _PAYLOAD.fullmatch(payload):
            raise ValueError(f"no deep link carries the payload {payload!r}")
        if self._chat.blocked:
            self.unblock()
        return self.send(f"/start {payload}" if payload else "/start")

    def send(self, text: str, reply_to: Seen | None = None) -> Seen:
        """Write a text."""
        self._open()
        text = text.strip()
        if not 1 <= len(text) <= 4096:
            raise ValueError("the phone sends 1 to 4096 characters in one message")
        return self._write(self.account, text, reply_to)

    def send_photo(self, data: bytes | None = None, caption: str = "") -> Seen:
        """Send a picture (a small one of its own when no bytes are given)."""
        data = picture() if data is None else data
        width, height = photo_size("photo.png", data)
        stored = self._world.store_file("photo.png", "image/png", data, "photos")
        sizes = [stored.to_json(width=width, height=height)]
        return self._send_file("photo", sizes, stored, caption)

    def send_voice(self, seconds: int = 3) -> Seen:
        """Send a voice message."""
        stored = self._world.store_file("voice.ogg", "audio/ogg", VOICE, "voice")
        voice = stored.to_json(duration=seconds, mime_type="audio/ogg")
        return self._send_file("voice", voice, stored)

    def send_sticker(self, emoji: str = "🙂") -> Seen:
        """Send a sticker."""
        stored = self._world.store_file("sticker.webp", "image/webp", STICKER, "stickers")
        shape = {"type": "regular", "width": 512, "height": 512}
        still = {"is_animated": False, "is_video": False, "emoji": emoji}
        return self._send_file("sticker", stored.to_json(**shape, **still), stored)

    def _send_file(
        self, kind: MessageKind, fields: object, stored: StoredFile, caption: str = ""
    ) -> Seen:
        self._open()
        return self._write(self.account, caption, kind=kind, media={kind: fields}, file=stored)

    def edit(self, message: Seen, text: str) -> Seen:
        """Change an own message."""
        mine = self._chat.messages[message.message_id]
        if mine.sender is not self.account:
            raise PermissionError("only own messages can be edited")
        mine.show(text, find_entities(text), None)
        mine.body["edit_date"] = self._world.seconds()
        self._act("edit", text=text, message_id=mine.message_id)
        self._world.tell("edited_message", mine.body, self._chat)
        return look_at(self._world, mine)

    def delete(self, message: Seen) -> None:
        """Delete a message for both sides; bots are not told."""
        del self._chat.messages[message.message_id]
        self._act("delete", message_id=message.message_id)

    def tap(self, button: str, message: Seen | None = None) -> Tap:
        """Tap a button, by its whole label or its callback data.

        message: as seen at some moment (an old view taps what it saw); by default the newest
        of the bot's messages that has the button. Raises LookupError when there is none.
        """
        self._open()
        return self._tap(self.account, button, message)

    def block(self) -> None:
        """Block the bot."""
        self._world.set_blocked(self._chat, blocked=True)

    def unblock(self) -> None:
        """Unblock the bot."""
        self._world.set_blocked(self._chat, blocked=False)

    def deactivate(self) -> None:
        """Delete the person's account."""
        self.account.deactivated = True
        self._act("deactivate")

    def _open(self) -> None:
        if self._chat.blocked or self.account.deactivated:
            raise PermissionError(f"{self.name} cannot write to a bot that is blocked")
        self._chat.opened = True


class Group(ChatView):
    """A group; the bot sees commands, mentions and replies to it only (privacy mode)."""

    def add_bot(self, by: Person) -> None:
        """Put the bot into the group."""
        self._chat.members[by.id] = by.account
        old = "kicked" if self._chat.kicked else "left"
        self._chat.inside, self._chat.kicked = True, False
        self._act("add_bot", by=by.id)
        self._world.tell_membership(self._chat, by.account, old, "member")
        new_members = {"new_chat_members": [self._world.bot.json]}
        self._write(by.account, kind="service", media=new_members)

    def remove_bot(self, by: Person) -> None:
        """Throw the bot out."""
        self._chat.inside, self._chat.kicked = False, True
        self._act("remove_bot", by=by.id)
        self._world.tell_membership(self._chat, by.account, "member", "kicked")

    def send(self, person: Person, text: str, reply_to: Seen | None = None) -> Seen:
        """Let a person write into the group."""
        self._chat.members[person.id] = person.account
        return self._write(person.account, text, reply_to)

    def tap(self, person: Person, button: str, message: Seen | None = None) -> Tap:
        """Let a person tap a button in the group; see `Person.tap`."""
        return self._tap(person.account, button, message)

    @property
    def has_bot(self) -> bool:
        """Whether the bot is a member."""
        return self._chat.inside

    def _reaches_bot(self, message: Message, replied: Message | None) -> bool:
        bot = self._world.bot
        to_bot = replied is not None and replied.sender is bot
        addressed = message.text.startswith("/") or f"@{bot.username}" in message.text
        return self._chat.inside and (message.kind == "service" or to_bot or addressed)
