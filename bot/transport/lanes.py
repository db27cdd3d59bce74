"""Answers to what a person did: off the batch, in order within a chat, newest screen first.

Owns the waiting, dropping and repeating of those answers, in memory alone: what must survive a
restart is a row in the outbox and goes through delivery. Refuses to let anything stop a lane:
an error is logged by its kind and the lane goes on. No chat id, text or token is logged.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar, assert_never

import structlog

from bot.core.errors import TokenRefused, TryLater, Unclear, Undelivered, Unreachable
from bot.services.ports import Clock, Make, Messenger, Screen
from bot.transport.faults import trace
from bot.transport.messenger import Gone
from bot.transport.notes import Notes, Then
from bot.transport.pacing import Backoff
from bot.transport.stopping import unless

log = structlog.get_logger(__name__)

T = TypeVar("T")

#: How long an edit or a message is tried again. Later the person has given up looking.
_PATIENCE_SECONDS: Final = 120.0
#: A tap's spinner turns for a few seconds only.
_TOAST_PATIENCE_SECONDS: Final = 15.0
#: One person who writes on and on while nothing can be sent does not fill the memory.
_MOST_SAYS: Final = 100


class LateMessenger(Messenger, Protocol):
    """A messenger that can be asked to edit to whatever is newest when the turn comes."""

    async def edit_newest(
        self, chat_id: int, message_id: int, newest: Callable[[], Screen]
    ) -> None:
        """Edit a message to `newest()`, which is called once, right before the call."""
        ...


@dataclass(slots=True, eq=False)
class _Edit:
    message_id: int
    screen: Screen
    then: Then | None
    or_new: bool
    on_the_wire: bool = False
    renewed: asyncio.Event = field(default_factory=asyncio.Event)

    def newest(self) -> Screen:
        self.on_the_wire = True
        return self.screen

    def renew(self, screen: Screen, then: Then | None, *, or_new: bool) -> None:
        """Take a newer screen; whoever waits for an older one waits for this."""
        self.screen, self.then = screen, then or self.then
        self.or_new |= or_new


@dataclass(slots=True, eq=False)
class _Say:
    screen: Screen | Make
    then: Then | None


@dataclass(slots=True, eq=False)
class _Lane:
    chat_id: int
    jobs: deque[_Edit | _Say] = field(default_factory=deque)
    #: The edit of each message that can still take a newer screen.
    edits: dict[int, _Edit] = field(default_factory=dict)
    #: Messages that a new one took over from, as long as the lane lives.
    moved: dict[int, int] = field(default_factory=dict)
    says: int = 0


class Lanes:
    """One lane per chat with something to say; at most `at_once` calls and as many toasts.

    on_unreachable(chat_id): awaited when a chat cannot be reached; what waits for it is dropped.
    on_token_refused(): awaited when Telegram does not know the bot any more.
    """

    def __init__(
        self,
        messenger: LateMessenger,
        clock: Clock,
        *,
        on_unreachable: Callable[[int], Awaitable[None]],
        on_token_refused: Callable[[], Awaitable[None]],
        at_once: int = 32,
    ) -> None:
        self._messenger = messenger
        self._clock = clock
        self._on_unreachable = on_unreachable
        self._on_token_refused = on_token_refused
        self._calls = asyncio.Semaphore(at_once)
        self._toasts = asyncio.Semaphore(at_once)
        self._lanes: dict[int, _Lane] = {}
        self._answering: Counter[int] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._notes = Notes(clock, self._start)

    def edit(
        self,
        chat_id: int,
        message_id: int,
        screen: Screen,
        *,
        or_new: bool = False,
        then: Then | None = None,
    ) -> None:
        """Show `screen` in an existing message; an older one that still waits is dropped.

        Tried again for two minutes, also when the result was unclear. Where the message is gone
        or cannot be edited, that is the end of it. or_new: somebody waits for an answer, so the
        screen is sent as a new message then, and `then(new_message_id)` awaited.
        """
        lane = self._lane(chat_id)
        message_id = lane.moved.get(message_id, message_id)
        job = lane.edits.get(message_id)
        if job is None or job.on_the_wire:
            job = lane.edits[message_id] = _Edit(message_id, screen, then, or_new)
            lane.jobs.append(job)
        else:
            job.renew(screen, then, or_new=or_new)
            job.renewed.set()

    def say(self, chat_id: int, screen: Screen | Make, *, then: Then | None = None) -> None:
        """Send a new message, in the order of the calls; `then(message_id)` after success.

        A screen that is still to be made is made when its turn comes, off the batch.
        Tried again for two minutes while certainly not sent, at most once otherwise.
        """
        lane = self._lane(chat_id)
        if lane.says >= _MOST_SAYS:
            log.warning("lane full, message dropped", waiting=lane.says)
            return
        lane.says += 1
        lane.jobs.append(_Say(screen, then))

    def toast(self, callback_id: str, text: str = "", *, alert: bool = False) -> None:
        """Answer a tap at once, beside the lane; best effort within fifteen seconds."""
        self._start(self._toast(callback_id, text, alert))

    def delete(self, chat_id: int, message_id: int, *, then: Then | None = None) -> None:
        """Take a message away, beside the lane; `then(message_id)` once it is gone.

        Best effort; one that is gone already is success.
        """
        self._start(self._delete(chat_id, message_id, then))

    @contextmanager
    def answering(self, chat_id: int) -> Iterator[None]:
        """Count a chat as busy in this block: what is to be said there is being made."""
        self._answering[chat_id] += 1
        try:
            yield
        finally:
            self._answering[chat_id] -= 1
            if not self._answering[chat_id]:
                del self._answering[chat_id]

    def is_busy(self, chat_id: int) -> bool:
        """Tell whether something is made for a chat, waits for it, or is under way there."""
        return chat_id in self._lanes or chat_id in self._answering

    @property
    def idle(self) -> bool:
        """Tell whether nothing waits and nothing is under way."""
        return not self._tasks

    async def drain(self, within_seconds: float) -> bool:
        """Wait until idle, in real time; False when that took too long.

        What could not be noted yet is tried again all the while, and not first at its turn.
        """
        try:
            with self._notes.hurried():
                async with asyncio.timeout(within_seconds):
                    await self._quiet.wait()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Drop everything that still waits; what is under way ends as unclear."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            log.warning("lanes closed with work left", tasks=len(tasks))
            await asyncio.wait(tasks)
        self._lanes.clear()

    def _lane(self, chat_id: int) -> _Lane:
        lane = self._lanes.get(chat_id)
        if lane is None:
            lane = self._lanes[chat_id] = _Lane(chat_id)
            self._start(self._run(lane))
        return lane

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        # An empty context: the update in hand belongs to the receiver's task, and what a `then`
        # writes must not count as that update's transaction.
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._tasks.add(task)
        self._quiet.clear()
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not self._tasks:
            self._quiet.set()
        if not task.cancelled() and (problem := task.exception()) is not None:
            log.error("a lane broke", fault=trace(problem))

    async def _run(self, lane: _Lane) -> None:
        try:
            while lane.jobs:
                job = lane.jobs.popleft()
                try:
                    await self._do(lane, job)
                except (Unreachable, TokenRefused) as problem:
                    lane.jobs.clear()
                    lane.edits.clear()
                    lane.says = 0
                    await self._tell(lane.chat_id, problem)
                except Undelivered as problem:
                    kind = "edit" if isinstance(job, _Edit) else "message"
                    log.error("answer not delivered", kind=kind, said=str(problem))
                except Exception as problem:
                    # A bug in a callback or in a screen: this answer is lost, the next is not.
                    log.error("answer failed", fault=trace(problem))
        finally:
            self._lanes.pop(lane.chat_id, None)

    async def _tell(self, chat_id: int, problem: Exception) -> None:
        log.warning("chat's answers dropped", outcome=type(problem).__name__)
        try:
            if isinstance(problem, Unreachable):
                await self._on_unreachable(chat_id)
            else:
                await self._on_token_refused()
        except Exception as fault:
            # Whoever was to be told has a bug; the other lanes do not care.
            log.error("telling failed", fault=trace(fault))

    async def _do(self, lane: _Lane, job: _Edit | _Say) -> None:
        match job:
            case _Edit():
                try:
                    await self._edit(lane, job)
                finally:
                    if lane.edits.get(job.message_id) is job:
                        del lane.edits[job.message_id]
            case _Say():
                lane.says -= 1
                await self._say(lane.chat_id, job)
            case _:
                assert_never(job)

    async def _edit(self, lane: _Lane, job: _Edit) -> None:
        backoff, started = Backoff(), self._clock.monotonic()
        while True:
            try:
                async with self._calls:
                    await self._messenger.edit_newest(lane.chat_id, job.message_id, job.newest)
                return
            except Gone:
                await self._take_over(lane, job)
                return
            except (TryLater, Unclear) as problem:
                if lane.edits.get(job.message_id) is not job:
                    return  # overtaken while under way
                if self._clock.monotonic() - started >= _PATIENCE_SECONDS:
                    raise
                job.on_the_wire = False
                job.renewed.clear()
                after = problem.after if isinstance(problem, TryLater) else 0.0
                wait = self._clock.sleep(max(after, backoff.pause()))
                await unless(job.renewed, wait)
                if job.renewed.is_set():
                    started = self._clock.monotonic()

    async def _take_over(self, lane: _Lane, job: _Edit) -> None:
        """Send as a new message what could not be edited, and let later edits go there.

        Unless nobody waits for it: whoever deleted a message shall not get it again.
        """
        newest = lane.edits.get(job.message_id, job)
        if newest is not job:
            lane.jobs.remove(newest)
            job.renew(newest.screen, newest.then, or_new=newest.or_new)
        lane.edits.pop(job.message_id, None)
        if not job.or_new:
            return
        new_id = await self._send(lane.chat_id, job.screen)
        lane.moved[job.message_id] = new_id
        waiting = lane.edits.pop(job.message_id, None)
        if waiting is not None:
            waiting.message_id = new_id
            lane.edits[new_id] = waiting
        if job.then is not None:
            await self._notes.note(job.then, new_id)

    async def _say(self, chat_id: int, job: _Say) -> None:
        screen = job.screen if isinstance(job.screen, Screen) else await job.screen()
        message_id = await self._send(chat_id, screen)
        if job.then is not None:
            await self._notes.note(job.then, message_id)

    async def _send(self, chat_id: int, screen: Screen) -> int:
        async def attempt() -> int:
            async with self._calls:
                return await self._messenger.send(chat_id, screen)

        return await self._while_not_sent(attempt, _PATIENCE_SECONDS)

    async def _toast(self, callback_id: str, text: str, alert: bool) -> None:
        async def attempt() -> None:
            async with self._toasts:
                await self._messenger.toast(callback_id, text, alert=alert)

        try:
            await self._while_not_sent(attempt, _TOAST_PATIENCE_SECONDS)
        except TokenRefused as problem:
            await self._tell(0, problem)
        except Undelivered as problem:
            log.warning("tap not answered", said=str(problem))

    async def _delete(self, chat_id: int, message_id: int, then: Then | None) -> None:
        async def attempt() -> None:
            async with self._calls:
                await self._messenger.delete(chat_id, message_id)

        try:
            await self._while_not_sent(attempt, _PATIENCE_SECONDS)
        except (Unreachable, TokenRefused) as problem:
            await self._tell(chat_id, problem)
        except Undelivered as problem:
            log.warning("message not deleted", said=str(problem))
        else:
            if then is not None:
                await self._notes.note(then, message_id)

    async def _while_not_sent(self, attempt: Callable[[], Awaitable[T]], patience: float) -> T:
        """Repeat what certainly did not arrive, for `patience` seconds."""
        backoff, started = Backoff(), self._clock.monotonic()
        while True:
            try:
                return await attempt()
            except TryLater as problem:
                if self._clock.monotonic() - started >= patience:
                    raise
                await self._clock.sleep(max(problem.after, backoff.pause()))
