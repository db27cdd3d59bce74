"""What a phone shows of a chat: messages in their present state, buttons, answers to taps.

Owns the reading side of a chat and waiting for it to change. Refuses to change anything but by
an act that goes through the same queue and the same state as in Telegram; `people` has those.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.emulator.chats import Account, Chat, Json, Message, MessageKind, TapRecord, World
from bot.emulator.entities import to_html
from bot.emulator.journal import Journal
from bot.emulator.markup import Entity
from bot.emulator.updates import TAP_LIFE_MS


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as the phone shows it at one moment; `date` is in seconds.

    text: plain, after parsing (the caption of a picture or file). html: the same with its
    formatting. buttons: rows of (label, callback data or address). tappable: those of the
    second halves that are callback data. photo, document: bytes.
    """

    message_id: int
    chat_id: int
    from_bot: bool
    kind: MessageKind
    text: str
    html: str
    entities: list[Entity]
    buttons: list[list[tuple[str, str]]]
    tappable: list[str]
    photo: bytes | None
    document: bytes | None
    date: int
    edited: bool
    silent: bool
    protected: bool
    reactions: list[str]
    reply_to: int | None

    @property
    def labels(self) -> list[str]:
        """Give the labels of all buttons, row after row."""
        return [label for row in self.buttons for label, _ in row]

    def data_of(self, button: str) -> str | None:
        """Find the callback data of a button by its label or, failing that, by the data."""
        pushes = [push for row in self.buttons for push in row if push[1] in self.tappable]
        for place in (0, 1):
            for push in pushes:
                if push[place] == button:
                    return push[1]
        return None


Predicate = Callable[[Seen], bool]


@dataclass(frozen=True, slots=True)
class Answer:
    """The bot's answer to a tap: its words (a toast, or a window when `alert`) and address."""

    text: str
    alert: bool
    url: str


class Tap:
    """A tapped button; shows the bot's answer once there is one."""

    def __init__(self, world: World, record: TapRecord) -> None:
        self._world = world
        self._record = record
        self.id = record.id
        self.data = record.data

    @property
    def answered(self) -> bool:
        """Whether the bot has answered; the button shows a spinner until then."""
        return self._record.answered

    @property
    def answer(self) -> Answer | None:
        """The answer, None as long as there is none."""
        record = self._record
        return Answer(record.text, record.alert, record.url) if record.answered else None

    async def wait(self, timeout_seconds: float = 5.0) -> Answer:
        """Wait for the answer; raises TimeoutError."""
        await self._world.bell.wait_for(lambda: self._record.answered, timeout_seconds)
        if self.answer is None:
            raise TimeoutError(f"no answer to the tap on {self.data!r}")
        return self.answer


class ChatView:
    """One chat from the outside; `id` is the chat's."""

    def __init__(self, world: World, journal: Journal, chat: Chat) -> None:
        self._world = world
        self._journal = journal
        self._chat = chat
        self.id = chat.id

    @property
    def chat(self) -> list[Seen]:
        """All visible messages, oldest first, in their present state."""
        return [look_at(self._world, message) for message in self._chat.messages.values()]

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
        found: list[Seen] = []

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

    def _act(self, name: str, **params: object) -> None:
        self._journal.add(
            self._world.clock.now(), "act", name, chat=self._chat.id, params=dict(params)
        )

    def _write(self, sender: Account, **content: Any) -> Seen:
        world = self._world
        reply = content.pop("reply_to", None)
        message = Message(world.next_message_id(), self._chat, sender, world.seconds(), **content)
        message.reply_to = self._chat.messages.get(reply.message_id) if reply else None
        world.add_message(message)
        self._act("write", text=message.text, kind=message.kind, message_id=message.message_id)
        if self._reaches_bot(message):
            world.tell("message", message.to_json(), self._chat)
        return look_at(world, message)

    def _reaches_bot(self, message: Message) -> bool:
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
        tap_id = str((by.id << 32) + world.chance.randrange(1 << 31))
        record = TapRecord(tap_id, data, world.clock.now(), target)
        self._forget_old_taps()
        world.taps[tap_id] = record
        self._act("tap", data=data, message_id=target.message_id, tap=tap_id, by=by.id)
        query: Json = {
            "id": tap_id,
            "from": by.to_json(),
            "message": target.to_json(),
            "chat_instance": str(hash((world.bot.id, self._chat.id)) & (2**62 - 1)),
            "data": data,
        }
        world.tell("callback_query", query, self._chat, TAP_LIFE_MS)
        return Tap(world, record)

    def _forget_old_taps(self) -> None:
        now, taps = self._world.clock.now(), self._world.taps
        while taps and now - next(iter(taps.values())).at >= TAP_LIFE_MS:
            del taps[next(iter(taps))]


def look_at(world: World, message: Message) -> Seen:
    """Make the picture of a message as it is now."""
    keyboard = message.keyboard or {"inline_keyboard": []}
    rows: list[list[dict[str, Any]]] = keyboard["inline_keyboard"]
    data = message.file.data if message.file else None
    return Seen(
        message_id=message.message_id,
        chat_id=message.chat.id,
        from_bot=message.sender is world.bot,
        kind=message.kind,
        text=message.text,
        html=to_html(message.text, message.entities),
        entities=list(message.entities),
        buttons=[[(push["text"], _target(push)) for push in row] for row in rows],
        tappable=[push["callback_data"] for row in rows for push in row if "callback_data" in push],
        photo=data if message.kind == "photo" else None,
        document=data if message.kind == "document" else None,
        date=message.date,
        edited=message.edit_date is not None,
        silent=message.silent,
        protected=message.protected,
        reactions=list(message.reactions),
        reply_to=message.reply_to.message_id if message.reply_to else None,
    )


def _target(push: dict[str, Any]) -> str:
    return str(push.get("callback_data", push.get("url", "")))
