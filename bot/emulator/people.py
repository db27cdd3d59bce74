"""The people on the other side: what a person can do in Telegram.

Owns the acts (write, tap, block, …). A person is no bot tester with special powers: everything
goes through the same queue and the same state as in Telegram. Every act is written into the
journal. Plain functions, to be called on the event loop's thread.
"""

from __future__ import annotations

import re

from bot.emulator.chats import Account, Chat, Json, Message, MessageKind, StoredFile, World
from bot.emulator.entities import find_entities
from bot.emulator.journal import Journal
from bot.emulator.phone import ChatView, Seen, Tap, look_at
from bot.emulator.pictures import photo_size
from bot.emulator.profile import tell_membership
from bot.emulator.samples import STICKER, VOICE, picture

_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Person(ChatView):
    """Somebody with a phone and a private chat with the bot."""

    def __init__(self, world: World, journal: Journal, account: Account, chat: Chat) -> None:
        super().__init__(world, journal, chat)
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
        return self._write(self.account, text=text, entities=find_entities(text), reply_to=reply_to)

    def send_photo(self, data: bytes | None = None, caption: str = "") -> Seen:
        """Send a picture (a small one of its own when no bytes are given)."""
        data = picture() if data is None else data
        width, height = photo_size("photo.png", data)
        stored = self._world.store_file("photo.png", "image/png", data, "photos")
        photo = {**stored.to_json(), "width": width, "height": height}
        return self._send_media("photo", {"photo": [photo]}, stored, caption)

    def send_voice(self, seconds: int = 3) -> Seen:
        """Send a voice message."""
        stored = self._world.store_file("voice.ogg", "audio/ogg", VOICE, "voice")
        voice = {**stored.to_json(), "duration": seconds, "mime_type": "audio/ogg"}
        return self._send_media("voice", {"voice": voice}, stored)

    def send_sticker(self, emoji: str = "🙂") -> Seen:
        """Send a sticker."""
        stored = self._world.store_file("sticker.webp", "image/webp", STICKER, "stickers")
        shape = {"type": "regular", "width": 512, "height": 512}
        kind = {"is_animated": False, "is_video": False, "emoji": emoji}
        return self._send_media(
            "sticker", {"sticker": {**stored.to_json(), **shape, **kind}}, stored
        )

    def edit(self, message: Seen, text: str) -> Seen:
        """Change an own message."""
        mine = self._chat.messages[message.message_id]
        if mine.sender is not self.account:
            raise PermissionError("only own messages can be edited")
        mine.text, mine.entities = text, find_entities(text)
        mine.edit_date = self._world.seconds()
        self._act("edit", text=text, message_id=mine.message_id)
        self._world.tell("edited_message", mine.to_json(), self._chat)
        return look_at(self._world, mine)

    def delete(self, message: Seen) -> None:
        """Delete a message for both sides; bots are not told."""
        del self._chat.messages[message.message_id]
        self._act("delete", message_id=message.message_id)
        self._world.bell.ring()

    def tap(self, button: str, message: Seen | None = None) -> Tap:
        """Tap a button, by its whole label or its callback data.

        message: as seen at some moment (an old view taps what it saw); by default the newest
        of the bot's messages that has the button. Raises LookupError when there is none.
        """
        self._open()
        return self._tap(self.account, button, message)

    def block(self) -> None:
        """Block the bot."""
        self._change_block(blocked=True)

    def unblock(self) -> None:
        """Unblock the bot."""
        self._change_block(blocked=False)

    def deactivate(self) -> None:
        """Delete the person's account."""
        self.account.deactivated = True
        self._act("deactivate")

    def _open(self) -> None:
        if self._chat.blocked or self.account.deactivated:
            raise PermissionError(f"{self.name} cannot write to a bot that is blocked")
        self._chat.opened = True

    def _change_block(self, *, blocked: bool) -> None:
        if self._chat.blocked == blocked:
            raise PermissionError(f"{self.name} has the bot in that state already")
        self._chat.blocked = blocked
        self._act("block" if blocked else "unblock")
        old, new = ("member", "kicked") if blocked else ("kicked", "member")
        tell_membership(self._world, self._chat, self.account.to_json(), old, new)

    def _send_media(
        self, kind: MessageKind, media: Json, stored: StoredFile, caption: str = ""
    ) -> Seen:
        self._open()
        return self._write(
            self.account,
            kind=kind,
            media=media,
            file=stored,
            text=caption,
            entities=find_entities(caption),
        )


class Group(ChatView):
    """A group; the bot sees commands, mentions and replies to it only (privacy mode)."""

    def add_bot(self, by: Person) -> None:
        """Put the bot into the group."""
        self._chat.members[by.account.id] = by.account
        old = "kicked" if self._chat.kicked else "left"
        self._chat.inside, self._chat.kicked = True, False
        self._act("add_bot", by=by.id)
        tell_membership(self._world, self._chat, by.account.to_json(), old, "member")
        bot = self._world.bot.to_json()
        self._write(by.account, kind="service", media={"new_chat_members": [bot]})

    def remove_bot(self, by: Person) -> None:
        """Throw the bot out."""
        self._chat.inside, self._chat.kicked = False, True
        self._act("remove_bot", by=by.id)
        tell_membership(self._world, self._chat, by.account.to_json(), "member", "kicked")

    def send(self, person: Person, text: str, reply_to: Seen | None = None) -> Seen:
        """Let a person write into the group."""
        self._chat.members[person.account.id] = person.account
        return self._write(
            person.account, text=text, entities=find_entities(text), reply_to=reply_to
        )

    def tap(self, person: Person, button: str, message: Seen | None = None) -> Tap:
        """Let a person tap a button in the group; see `Person.tap`."""
        return self._tap(person.account, button, message)

    @property
    def has_bot(self) -> bool:
        """Whether the bot is a member."""
        return self._chat.inside

    def _reaches_bot(self, message: Message) -> bool:
        bot = self._world.bot
        to_bot = message.reply_to is not None and message.reply_to.sender is bot
        addressed = message.text.startswith("/") or f"@{bot.username}" in message.text
        return self._chat.inside and (message.kind == "service" or to_bot or addressed)
