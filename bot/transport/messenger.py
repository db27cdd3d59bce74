"""One attempt to put something before a person, and what became of it in the house's words.

Owns the Bot API's method names and parameters for screens, and the meaning of its refusals.
Refuses to repeat (that is for the lanes and for delivery) and to parse answers into objects.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from telegram import InputFile, InputMediaPhoto

from bot.core.errors import Rejected, TokenRefused, TryLater, Unclear, Unreachable
from bot.services.ports import Screen
from bot.transport.pacing import Pacing
from bot.transport.request import Outcome, WireBot, WireFailure

_NO_PREVIEW: Final = {"is_disabled": True}

# Fragments of the server's descriptions, lower case; it has no finer codes.
_SAME: Final = "message is not modified"
_TOO_OLD: Final = ("query is too old", "query id is invalid", "query_id_invalid")
_NOBODY: Final = ("chat not found", "user is deactivated")
_NOT_A_TEXT: Final = "there is no text in the message to edit"
_GONE: Final = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "there is no caption in the message to edit",
    _NOT_A_TEXT,
)
_DELETED: Final = ("message to delete not found", "message_id_invalid")


class Gone(Rejected):
    """The message is no longer there or cannot become this screen: a new one must take over."""


class BotMessenger:
    """`Messenger` over the library's bot: paced, one call per attempt, plain dicts both ways.

    protect: let Telegram block forwarding and saving of every message.
    """

    def __init__(self, bot: WireBot, pacing: Pacing, *, protect: bool = False) -> None:
        self._bot = bot
        self._pacing = pacing
        self._protect = protect

    async def silence(self) -> None:
        """Return when Telegram's order to be silent is over, if there is one."""
        await self._pacing.silence()

    async def send(self, chat_id: int, screen: Screen, *, through_silence: bool = True) -> int:
        """Send a new message and give its message id. Errors: see `Messenger`."""
        asked: dict[str, Any] = {"chat_id": chat_id, "parse_mode": "HTML"}
        if screen.keyboard:
            asked["reply_markup"] = _markup(screen)
        if screen.silent:
            asked["disable_notification"] = True
        if self._protect and screen.document is None:  # a file is for its person to save
            asked["protect_content"] = True
        if through_silence:
            await self._pacing.wait(chat_id)
        elif (silent_for := await self._pacing.wait_unless_silent(chat_id)) > 0:
            raise TryLater("everybody is to be silent", silent_for)
        if screen.document is not None:
            asked["caption"] = screen.text
            file = screen.document
            asked["document"] = InputFile(file.body, filename=file.name)
            sent = await self._upload("sendDocument", **asked)
        elif screen.photo is None:
            asked["text"] = screen.text
            asked["link_preview_options"] = _NO_PREVIEW
            sent = await self.call("sendMessage", **asked)
        else:
            asked["caption"] = screen.text
            asked["photo"] = InputFile(screen.photo, filename="picture.png")
            sent = await self._upload("sendPhoto", **asked)
        message_id = sent.get("message_id") if isinstance(sent, dict) else None
        if not isinstance(message_id, int):
            raise Unclear("the answer to a message names no message id")
        return message_id

    async def edit(self, chat_id: int, message_id: int, screen: Screen) -> None:
        """Replace a message's text (or caption) and keyboard; no change is success.

        Errors: see `Messenger`; `Gone` where a new message has to take its place.
        """
        await self.edit_newest(chat_id, message_id, lambda: screen)

    async def edit_newest(
        self, chat_id: int, message_id: int, newest: Callable[[], Screen]
    ) -> None:
        """Edit as `edit` does, to the screen that `newest` gives once the turn has come.

        While a chat waits for its turn, its person may have tapped on: asking late saves a call
        that would show what is already past.
        """
        await self._pacing.wait(chat_id)
        screen = newest()
        asked: dict[str, Any] = {"chat_id": chat_id, "message_id": message_id}
        if screen.keyboard:
            asked["reply_markup"] = _markup(screen)
        try:
            if screen.photo is not None:
                # Turns a text message into a picture as well.
                media = InputMediaPhoto(screen.photo, caption=screen.text, parse_mode="HTML")
                await self._upload("editMessageMedia", **asked, media=media)
                return
            asked["parse_mode"] = "HTML"
            try:
                await self.call(
                    "editMessageText", **asked, text=screen.text, link_preview_options=_NO_PREVIEW
                )
            except Gone as refusal:
                if _NOT_A_TEXT not in str(refusal):
                    raise
                # A picture stands there; a picture cannot become a text, its caption can.
                await self._pacing.wait(chat_id)
                await self.call("editMessageCaption", **asked, caption=screen.text)
        except Rejected as refusal:
            if _SAME not in str(refusal):
                raise

    async def toast(self, callback_id: str, text: str = "", *, alert: bool = False) -> None:
        """Answer a tap; one that Telegram already gave up on is success. Not paced."""
        asked: dict[str, Any] = {"callback_query_id": callback_id}
        if text:
            asked["text"] = text
        if alert:
            asked["show_alert"] = True
        try:
            await self.call("answerCallbackQuery", **asked)
        except Rejected as refusal:
            if not any(words in str(refusal) for words in _TOO_OLD):
                raise

    async def delete(self, chat_id: int, message_id: int) -> None:
        """Delete a message; one already gone is success."""
        await self._pacing.wait(chat_id)
        try:
            await self.call("deleteMessage", chat_id=chat_id, message_id=message_id)
        except Rejected as refusal:
            if not any(words in str(refusal) for words in _DELETED):
                raise

    async def call(self, method: str, **params: object) -> Any:
        """Call any method of the Bot API with plain values and give its raw result. Not paced.

        Errors: `Unreachable`, `Rejected` (its text is the server's, in lower case), `TryLater`,
        `Unclear`, `TokenRefused`. After 429 everything paced is silent as long as ordered.
        """
        return await self._worded(method, self._bot.call(method, params))

    async def _upload(self, method: str, **params: object) -> Any:
        """Call a method with a file among its values, which the library knows how to send."""
        return await self._worded(method, self._bot.do_api_request(method, api_kwargs=params))

    async def _worded(self, method: str, result: Awaitable[Any]) -> Any:
        try:
            return await result
        except WireFailure as failure:
            if failure.outcome is Outcome.RETRY_AFTER:
                self._pacing.halt(failure.retry_after)
            raise _in_our_words(failure, method) from failure


def _markup(screen: Screen) -> dict[str, Any]:
    return {"inline_keyboard": screen.keyboard}


def _in_our_words(failure: WireFailure, method: str) -> Exception:
    said = f"{method}: {failure}".lower() if failure.status else f"{method}: {failure}"
    match failure.outcome:
        case Outcome.NOT_SENT | Outcome.CONFLICT:
            return TryLater(said)
        case Outcome.RETRY_AFTER:
            return TryLater(said, failure.retry_after)
        case Outcome.UNCLEAR:
            return Unclear(said)
        case Outcome.FORBIDDEN:
            return Unreachable(said)
        case Outcome.TOKEN_REFUSED:
            return TokenRefused(said)
        case Outcome.REJECTED:
            if any(words in said for words in _NOBODY):
                return Unreachable(said)
            gone = method.startswith("edit") and any(words in said for words in _GONE)
            return Gone(said) if gone else Rejected(said)
