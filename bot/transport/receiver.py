"""The long poll: fetches updates, confirms them only after they are safe, and never gives up.

Owns the offset (in memory alone: it starts at 0, because Telegram's ids may restart) and the
supervision of the poll. Refuses to end for anything but `stop` and a token refused three times
in a row; the age of the last successful poll says whether it is healthy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog
from telegram import Bot
from telegram.error import TelegramError

from bot.core.health import Received
from bot.services.ports import Clock
from bot.transport.intake import Intake, Process, RecordAll, SetAside
from bot.transport.pacing import Backoff
from bot.transport.request import Outcome, WireFailure
from bot.transport.stopping import unless
from bot.transport.trouble import Trouble

log = structlog.get_logger(__name__)

#: Everything that Rapport handles; Telegram keeps the last list it was told, so it is told.
ALLOWED_UPDATES: Final = ("message", "edited_message", "callback_query", "my_chat_member")
HEALTHY_SECONDS: Final = 90.0

_LIMIT: Final = 100
#: The server holds a poll for `long_poll_seconds`; the answer may take this much longer.
_GRACE_SECONDS: Final = 10.0
_CANCEL_SECONDS: Final = 1.0
_CONFIRM_SECONDS: Final = 2.0
#: Telegram keeps a tap for 150 s; when nothing could be fetched for so long, some may be lost.
TAPS_LIVE_MS: Final = 120_000


class Receiver:
    """Polls with `run` until `stop`; see `Intake` for what happens to a batch.

    process(update): handles one update in a context of its own where `current_update` is set.
    record_all(ids): records updates that no transaction of `process` recorded.
    set_aside(update_id or None, raw JSON, exception's class name): keeps an update that could
    not be handled. Any of them raises `Unavailable` while the database is away.
    after_silence(): awaited once updates are fetched and worked off again after Telegram could not
    be reached for so long that taps may be lost.
    ready: set after the first successful poll. last_success: monotonic seconds of the last one.
    """

    def __init__(
        self,
        bot: Bot,
        process: Process,
        record_all: RecordAll,
        set_aside: SetAside,
        clock: Clock,
        *,
        at_once: int = 16,
        long_poll_seconds: int = 50,
        allowed_updates: Sequence[str] = ALLOWED_UPDATES,
        after_silence: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.ready = asyncio.Event()
        self.last_success: float | None = None
        self._bot = bot
        self._clock = clock
        self._long_poll_seconds = long_poll_seconds
        self._allowed_updates = list(allowed_updates)
        self._intake = Intake(bot, process, record_all, set_aside, self._pause, at_once)
        self._trouble = Trouble("poll failed")
        self._nameless_backoff = Backoff()
        self._after_silence = after_silence
        self._silent_since: int | None = None
        self._was_silent = False
        self._offset = 0
        self._asked = 0
        self._stopping = asyncio.Event()
        self._over = asyncio.Event()
        self._over.set()
        self._batch: asyncio.Task[int | None] | None = None

    def healthy(self, now: float) -> bool:
        """Tell whether the last successful poll is younger than 90 s (`now` is monotonic)."""
        return self.last_success is not None and now - self.last_success < HEALTHY_SECONDS

    def received(self) -> Received:
        """Say how long ago Telegram last answered a poll."""
        now = self._clock.monotonic()
        ago = None if self.last_success is None else now - self.last_success
        return Received(ago, self.healthy(now))

    async def look(self) -> bool:
        """Do nothing: each poll shows by itself whether Telegram still answers."""
        return False

    async def run(self) -> None:
        """Poll and work until `stop`. Errors: `TokenRefused` after three refusals in a row."""
        self._over.clear()
        try:
            while not self._stopping.is_set():
                updates = await self._poll()
                if updates:
                    await self._work(updates)
                if self._was_silent and not self._stopping.is_set():
                    self._was_silent = False
                    if self._after_silence is not None:
                        await self._after_silence()
        finally:
            self._over.set()

    async def stop(self, within_seconds: float = 5.0) -> bool:
        """End the poll, let the running batch finish, confirm it; False if it was cut short.

        Takes at most `within_seconds` and three seconds more. What was cut short comes again at
        the next start.
        """
        self._stopping.set()
        finished = await self._ended(within_seconds)
        if not finished and self._batch is not None:
            log.warning("batch cut short", offset=self._offset)
            self._batch.cancel()
            await self._ended(_CANCEL_SECONDS)
        await self._confirm()
        return finished

    async def _ended(self, within_seconds: float) -> bool:
        try:
            async with asyncio.timeout(within_seconds):
                await self._over.wait()
        except TimeoutError:
            return False
        return True

    async def _poll(self) -> list[object]:
        """Ask once; waits after a failure, gives nothing then and when stopped."""
        # The first poll, and the first after one that failed, does not wait for updates, so that
        # it is known at once that Telegram answers.
        fine = self.ready.is_set() and self._silent_since is None
        hold = self._long_poll_seconds if fine else 0
        self._asked, asked_at = self._offset, self._clock.now()
        try:
            updates = await unless(self._stopping, self._get_updates(hold, _GRACE_SECONDS))
        except TelegramError as problem:
            self._note_silence(asked_at)
            await self._pause(await self._after(problem))
            return []
        if updates is None:
            return []
        if not isinstance(updates, list):
            self._note_silence(asked_at)
            nothing = WireFailure(Outcome.UNCLEAR, "not a list of updates")
            await self._pause(await self._after(nothing))
            return []
        self._trouble.over()
        self.last_success = self._clock.monotonic()
        if self._silent_since is not None:
            # By the wall clock: a machine that slept counts as well.
            self._was_silent |= self._clock.now() - self._silent_since > TAPS_LIVE_MS
            self._silent_since = None
        if not self.ready.is_set():
            log.info("receiving")
            self.ready.set()
        if not updates:
            # All before the offset is confirmed and forgotten by now. Ids may restart lower
            # after a quiet week, and an offset above them would hide or drop them.
            self._offset = self._asked = 0
        return updates

    async def _get_updates(self, hold: int, grace: float, limit: int = _LIMIT) -> object:
        return await self._bot.do_api_request(
            "getUpdates",
            api_kwargs={
                "offset": self._offset,
                "timeout": hold,
                "limit": limit,
                "allowed_updates": self._allowed_updates,
            },
            read_timeout=hold + grace,
        )

    def _note_silence(self, since: int) -> None:
        """Note when the first of the polls was begun that fail now."""
        if self._silent_since is None:
            self._silent_since = since

    async def _work(self, updates: list[object]) -> None:
        self._batch = asyncio.ensure_future(self._intake.take(updates))
        try:
            await asyncio.wait((self._batch,))
        finally:
            self._batch.cancel()
        if self._batch.cancelled():
            return
        highest = self._batch.result()
        if highest is not None:
            self._offset = highest + 1
            self._nameless_backoff.reset()
        elif not self._stopping.is_set():
            # Nothing to confirm these by: the next poll brings them again, so not at once.
            log.error("updates without an id", updates=len(updates))
            await self._pause(self._nameless_backoff.pause())

    async def _after(self, problem: TelegramError) -> float:
        """Give the seconds to wait before the next poll; a webhook of earlier times goes."""
        if self._is_webhook(problem) and not self.ready.is_set():
            # Later on it would be somebody else's: two programs must not take turns.
            log.warning("a webhook was set; it goes, nothing that waits is dropped")
            try:
                await self._bot.do_api_request("deleteWebhook")
            except TelegramError as another:
                return self._trouble.after(another)
            return 0.0
        return self._trouble.after(problem)

    @staticmethod
    def _is_webhook(problem: TelegramError) -> bool:
        return (
            isinstance(problem, WireFailure)
            and problem.outcome is Outcome.CONFLICT
            and "webhook is active" in problem.said
        )

    async def _pause(self, seconds: float) -> bool:
        """Sleep by the clock; False as soon as it is time to stop."""
        await unless(self._stopping, self._clock.sleep(seconds))
        return not self._stopping.is_set()

    async def _confirm(self) -> None:
        """Tell Telegram what is safe, unless the poll that just ended has told it already."""
        if self._asked == self._offset:
            return
        self._asked = self._offset
        try:
            async with asyncio.timeout(_CONFIRM_SECONDS):
                await self._get_updates(0, _CONFIRM_SECONDS, limit=1)
        except (TelegramError, TimeoutError):
            log.warning("last batch not confirmed; it will come again", offset=self._offset)
