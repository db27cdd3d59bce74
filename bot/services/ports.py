"""What the services and the outer layers ask of the world: time, ids, and a way to speak.

Implementations live outside: `bot.app` brings the system's clock, the demo and the tests
bring one they can move, `bot.transport` speaks to Telegram.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

#: One inline keyboard: rows of Telegram `InlineKeyboardButton` objects as plain dicts
#: (`{"text": …, "callback_data": …}` or `{"text": …, "url": …}`). Plain, because building and
#: serialising the library's button classes costs twenty times as much on the path of a tap.
Keyboard = tuple[tuple[dict[str, str], ...], ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A file for somebody, in memory."""

    name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Screen:
    """One message as a person sees it.

    text: Telegram HTML, at most 4,096 characters after parsing (1,024 as a photo's caption).
    keyboard: rows of buttons; empty means none (an edit then removes the old one).
    photo: PNG bytes; when given, `text` is the caption.
    silent: deliver without a sound.
    document: a file; `text` is its caption. Only for a new message.
    """

    text: str = field(repr=False)
    keyboard: Keyboard = field(default=(), repr=False)
    photo: bytes | None = field(default=None, repr=False)
    silent: bool = False
    document: Document | None = None


#: What makes a screen that takes a while, such as one with a drawing.
Make = Callable[[], Awaitable[Screen]]


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> int:
        """Give the wall clock as UTC milliseconds since 1970."""
        ...

    def monotonic(self) -> float:
        """Give seconds that never step back, for pacing and timeouts."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; a clock that can be moved may return at once after moving its monotonic time."""
        ...


class Ids(Protocol):
    """Random numbers and codes, seedable so that a simulation can be repeated."""

    def new(self) -> int:
        """Make a random positive 63-bit integer (1 … 2**63 - 1)."""
        ...

    def secret(self, size: int) -> str:
        """Make an unguessable URL-safe code of `size` characters from `[A-Za-z0-9_-]`."""
        ...


class Messenger(Protocol):
    """One attempt to put something before a person; pacing inside, no repetition inside.

    Errors: `Unreachable`, `Rejected`, `TryLater` (certainly not delivered), `Unclear` (perhaps
    delivered), `TokenRefused`.
    """

    async def silence(self) -> None:
        """Return when Telegram's order to be silent is over, if there is one."""
        ...

    async def send(self, chat_id: int, screen: Screen, *, through_silence: bool = True) -> int:
        """Send a new message and give its message id.

        through_silence: wait for the end of an order to be silent; else it is `TryLater` at once.
        """
        ...

    async def edit(self, chat_id: int, message_id: int, screen: Screen) -> None:
        """Replace a message's text (or caption) and keyboard; no change is success."""
        ...

    async def toast(self, callback_id: str, text: str = "", *, alert: bool = False) -> None:
        """Answer a tap; one that Telegram already gave up on is success."""
        ...

    async def delete(self, chat_id: int, message_id: int) -> None:
        """Delete a message; one already gone is success."""
        ...


class Lane(Protocol):
    """How a reply gets to the chat: at once queued, sent by and by."""

    def edit(
        self,
        chat_id: int,
        message_id: int,
        screen: Screen,
        *,
        or_new: bool = False,
        then: Callable[[int], Awaitable[None]] | None = None,
    ) -> None:
        """Replace a message, if it is there still.

        or_new: send it anew where it is not; `then` learns the new id.
        """
        ...

    def say(
        self,
        chat_id: int,
        screen: Screen | Make,
        *,
        then: Callable[[int], Awaitable[None]] | None = None,
    ) -> None:
        """Send a new message; `then` learns its id."""
        ...

    def delete(self, chat_id: int, message_id: int) -> None:
        """Take a message away."""
        ...

    def toast(self, callback_id: str, text: str = "", *, alert: bool = False) -> None:
        """Answer a tap."""
        ...

    def answering(self, chat_id: int) -> AbstractContextManager[None]:
        """Count a chat as busy in this block: what is to be said there is being made."""
        ...

    def is_busy(self, chat_id: int) -> bool:
        """Tell whether something is made for a chat, waits for it, or is under way there."""
        ...
