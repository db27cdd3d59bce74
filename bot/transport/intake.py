"""Raw updates, a batch or a single one, worked off until each is committed, recorded or set aside.

Owns order (people side by side, one person in order), the update in hand, and what happens to an
update that cannot be understood or handled. Refuses to give up on a batch: while the database is
away, it waits and does again what has not been committed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import orjson
import structlog
from telegram import Bot, CallbackQuery, Chat, InaccessibleMessage, Update, User

from bot.core.errors import Repeated
from bot.store.database import Unavailable, UpdateInHand, current_update
from bot.transport.faults import trace
from bot.transport.pacing import Backoff
from bot.transport.request import read_json
from bot.transport.strays import Strays
from bot.transport.turns import Turns

log = structlog.get_logger(__name__)

Process = Callable[[Update], Awaitable[None]]
RecordAll = Callable[[Sequence[int]], Awaitable[None]]
SetAside = Callable[[int | None, bytes, str], Awaitable[None]]

#: An update that takes longer twice will never end; its neighbours must not wait for it.
_HANDLING_SECONDS: Final = 30.0
#: A database that takes longer for nothing is what an update waits for.
_SLOW_SECONDS: Final = 1.0
_MOST_NAMELESS: Final = 1000
_MOST_LATE: Final = 1000


@dataclass(slots=True, eq=False)
class _Item:
    update_id: int | None
    body: object
    person: int | None
    #: Handled, but by no transaction that carried its id: the receiver has to record it.
    unrecorded: bool = False


class Intake:
    """Works batches off, see `take`, or single updates, see `take_one`.

    pause(seconds): waits, and says False when there is no more time to wait.
    """

    def __init__(
        self,
        bot: Bot,
        process: Process,
        record_all: RecordAll,
        set_aside: SetAside,
        pause: Callable[[float], Awaitable[bool]],
        at_once: int = 16,
    ) -> None:
        self._bot = bot
        self._process = process
        self._record_all = record_all
        self._set_aside = set_aside
        self._pause = pause
        self._places = asyncio.Semaphore(at_once)
        self._nameless: dict[bytes, None] = {}
        #: Updates that took too long once.
        self._late: dict[int, None] = {}
        self._strays = Strays()

    async def take(self, updates: Sequence[object]) -> int | None:
        """Work off a batch; give its highest update id once all of it is safe.

        None: nothing of it can be confirmed, because `pause` said that time is over, or because
        no update in it has an id.
        """
        items = self._items(updates)
        if not await self._all_safe(items):
            return None
        return max((i.update_id for i in items if i.update_id is not None), default=None)

    async def take_one(self, body: bytes, turns: Turns) -> bool:
        """Work off one update as it was brought, in its turn; tell whether it is safe.

        What is no update is set aside as well. Whoever brought it brings it again until it is
        told that it is safe, so nothing is remembered of a try that failed.
        """
        parsed = read_json(body)
        item = _Item(id_of(parsed), body if parsed is None else parsed, person_of(parsed))
        async with turns.turn(item.person):
            return await self._all_safe([item])

    async def _all_safe(self, items: Sequence[_Item]) -> bool:
        """Work items off until each is committed, recorded or set aside; False without time."""
        todo, backoff = items, Backoff()
        while todo := await self._round(todo):
            log.warning("database unavailable", updates_waiting=len(todo))
            if not await self._pause(backoff.pause()):
                return False
        plain = [i.update_id for i in items if i.unrecorded and i.update_id is not None]
        while plain:
            try:
                await self._record_all(plain)
                break
            except Unavailable:
                log.warning("database unavailable", updates_to_record=len(plain))
                if not await self._pause(backoff.pause()):
                    return False
        return True

    def _items(self, updates: Sequence[object]) -> list[_Item]:
        items: list[_Item] = []
        seen: set[int] = set()
        for body in updates:
            update_id = id_of(body)
            if update_id is None:
                if self._met_before(body):
                    continue
            elif update_id in seen:
                continue
            else:
                seen.add(update_id)
            items.append(_Item(update_id, body, person_of(body)))
        return items

    def _met_before(self, body: object) -> bool:
        """Remember updates without an id, which come again with each poll until one with an id
        confirms them."""
        mark = blake2b(raw(body), digest_size=16).digest()
        if mark in self._nameless:
            return True
        if len(self._nameless) >= _MOST_NAMELESS:
            del self._nameless[next(iter(self._nameless))]
        self._nameless[mark] = None
        return False

    async def _round(self, items: Sequence[_Item]) -> list[_Item]:
        """Try every item once and give those that the database could not take."""
        lines: dict[int | None, list[_Item]] = {}
        for item in items:
            # What has no person goes one after the other, in a line of its own.
            lines.setdefault(item.person, []).append(item)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._line(line)) for line in lines.values()]
        return [item for task in tasks for item in task.result()]

    async def _line(self, line: Sequence[_Item]) -> Sequence[_Item]:
        async with self._places:
            for place, item in enumerate(line):
                try:
                    await self._one(item)
                except Unavailable:
                    return line[place:]
        return ()

    async def _one(self, item: _Item) -> None:
        reason = await self._handled(item)
        if reason is not None:
            log.error("update set aside", update_id=item.update_id, fault=reason)
            await self._set_aside(item.update_id, raw(item.body), reason.partition(":")[0])

    async def _handled(self, item: _Item) -> str | None:
        """Parse and process one update; give what went wrong with it, if anything did."""
        if item.update_id is not None and self._strays.passes_over(item.person, item.body):
            item.unrecorded = True
            return None
        if item.update_id is None:
            return "NoJson" if isinstance(item.body, bytes) else "NoUpdateId"
        try:
            update = read_update(item.body, self._bot)
        except Exception as problem:
            return trace(problem)  # the parser raises whatever a wrong shape leads it into
        hand = UpdateInHand(item.update_id)
        context = Context()
        context.run(current_update.set, hand)
        task = asyncio.get_running_loop().create_task(self._limited(update), context=context)
        try:
            await task
        except Unavailable:
            raise
        except Repeated:
            return None  # committed in an earlier life; its handler chose to show nothing
        except asyncio.CancelledError as problem:
            me = asyncio.current_task()
            if me is not None and me.cancelling():
                raise
            return trace(problem)  # the handler cancelled itself, which is its bug
        except TimeoutError as problem:
            await self._give_up(item.update_id)
            return trace(problem)
        except Exception as problem:
            return trace(problem)
        item.unrecorded = not hand.recorded
        self._strays.looked_at(item.person, item.body, had_effect=hand.recorded)
        return None

    async def _give_up(self, update_id: int) -> None:
        """Return where an update will never end. Errors: `Unavailable` where it is tried once more.

        While the disk stands still, everybody waits for it: that is no reason to lose an answer.
        """
        if update_id not in self._late:
            if len(self._late) >= _MOST_LATE:
                del self._late[next(iter(self._late))]
            self._late[update_id] = None
            raise Unavailable("an update took too long")
        began = asyncio.get_running_loop().time()
        await self._record_all(())
        if asyncio.get_running_loop().time() - began > _SLOW_SECONDS:
            raise Unavailable("the database is slow")
        del self._late[update_id]

    async def _limited(self, update: Update) -> None:
        async with asyncio.timeout(_HANDLING_SECONDS):
            await self._process(update)


def id_of(body: object) -> int | None:
    """Give an update's id, or None where there is none to confirm."""
    update_id = body.get("update_id") if isinstance(body, dict) else None
    if not isinstance(update_id, int) or isinstance(update_id, bool):
        return None
    # Beyond 63 bits the database could record neither the update nor that it was set aside.
    return update_id if 0 <= update_id < 2**63 else None


def person_of(body: object) -> int | None:
    """Give the Telegram id of whoever caused an update: `from` or `user`, else its chat."""
    if not isinstance(body, dict):
        return None
    for part in body.values():
        if not isinstance(part, dict):
            continue
        message = part.get("message")
        about = message.get("chat") if isinstance(message, dict) else None
        for who in (part.get("from"), part.get("user"), part.get("chat"), about):
            number = who.get("id") if isinstance(who, dict) else None
            if isinstance(number, int):
                return number
    return None


def read_update(body: Any, bot: Bot) -> Update:
    """Read an update as one of the library's. Errors: whatever a wrong shape leads into.

    A tap is put together here: of the tapped message no more is known than which one it is and, in
    `api_kwargs["shown_at"]`, when it got what it shows (UTC seconds, 0 where Telegram cannot tell).
    All else in it is our own, brought back, and the library would read every word and button of it.
    """
    tap = body.get("callback_query")
    if not isinstance(tap, dict):
        return Update.de_json(body, bot)
    tapped = tap.get("message")
    message, shown = None, {}
    if tapped:
        message = InaccessibleMessage(Chat.de_json(tapped["chat"], bot), tapped["message_id"])
        shown = {"shown_at": tapped.get("edit_date") or tapped.get("date", 0)}
    query = CallbackQuery(
        tap["id"],
        User.de_json(tap["from"], bot),
        tap["chat_instance"],
        message,
        tap.get("data"),
        api_kwargs=shown,
    )
    return Update(body["update_id"], callback_query=query)


def raw(body: object) -> bytes:
    """Write an update back as JSON, also one with characters that orjson refuses.

    What never was JSON stays as it came.
    """
    if isinstance(body, bytes):
        return body
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError:
        pass
    try:
        return json.dumps(body).encode()
    except RecursionError:
        # It could be read, but is nested too deeply to be written: its neighbours must not wait.
        return b'"nested too deeply to be kept"'
