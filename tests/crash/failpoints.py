"""Named places in the program at which a life of it can be struck, without a word in the program.

A point is a function or method and an edge of it; the forked child wraps them before its loop
begins. "inside" in a name: in the database's thread, after the statements and before the commit.
Whether a point is armed, and how often each was passed, stands in shared memory, so that the
driver can read it when the life is dead.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import mmap
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Edge = Literal["before", "after"]
Way = Literal["polling", "webhook"]


@dataclass(frozen=True, slots=True)
class Point:
    """where: "module:Class.method" or "module:function". when: which calls count.

    way: of receiving, where it lies on one of the two alone.
    """

    where: str
    edge: Edge
    when: Callable[..., bool] = lambda *_, **__: True
    way: Way | None = None


def _writing(whole: Any, *_: object) -> bool:
    return bool(whole.begin == "BEGIN IMMEDIATE")


def _reading(whole: Any, *_: object) -> bool:
    return bool(whole.begin == "BEGIN")


def _message(_: object, url: str, *__: object, **___: object) -> bool:
    return url.endswith("/sendMessage")


def _edges(name: str, where: str, way: Way | None = None) -> dict[str, Point]:
    return {f"{name}: {edge}": Point(where, edge, way=way) for edge in ("before", "after")}


def _inside(name: str, where: str) -> dict[str, Point]:
    return {f"{name}: inside": Point(where, "after")}


#: The end of it is the moment in which the answer has been given to the socket.
_CALL = "uvicorn.protocols.http.httptools_impl:RequestResponseCycle.run_asgi"

POINTS: dict[str, Point] = {
    # Starting.
    **_edges("start: open the database", "bot.store.database:Database.open"),
    **_edges("start: migrate", "bot.opening:migrate"),
    **_edges("start: introduce", "bot.app:introduce"),
    **_edges("start: recover", "bot.services.outgoing:Outgoing.recover"),
    **_inside("start: recover", "bot.store.outbox:abandon_sending"),
    # Receiving.
    **_edges("receive: poll", "bot.transport.receiver:Receiver._get_updates", "polling"),
    **_edges("receive: batch", "bot.transport.intake:Intake.take", "polling"),
    **_edges("receive: register", "bot.transport.webhook:Webhook._register", "webhook"),
    **_edges("receive: call", _CALL, "webhook"),
    **_edges("receive: body", "bot.transport.endpoint:_read", "webhook"),
    **_edges("receive: brought", "bot.transport.intake:Intake.take_one", "webhook"),
    **_edges("receive: update", "bot.transport.intake:Intake._limited"),
    **_inside("receive: record plain updates", "bot.store.updates:record_seen"),
    # Saving, of whatever kind.
    **_inside("save: update's id", "bot.store.database:Database.record"),
    "write: before": Point("bot.store.transactions:Whole.__call__", "before", _writing),
    "write: before commit": Point("bot.store.transactions:Whole._through", "after", _writing),
    "write: after commit": Point("bot.store.transactions:Whole.__call__", "after", _writing),
    "read: after": Point("bot.store.transactions:Whole.__call__", "after", _reading),
    # A client's answer.
    **_edges("answer", "bot.services.checkins:CheckIns.answer"),
    **_inside("answer: save", "bot.store.answers:save_answers"),
    **_inside("answer", "bot.services.checkins:CheckIns._take"),
    **_edges("answer: typed", "bot.services.checkins:CheckIns.type"),
    **_edges("answer: later", "bot.services.checkins:CheckIns.later"),
    **_edges("answer: did not meet", "bot.services.checkins:CheckIns.did_not_meet"),
    # Planning and asking.
    **_edges("plan", "bot.services.timetable:Timetable.plan"),
    **_edges("plan: rule", "bot.services.timetable:Timetable._plan"),
    **_edges("ask: decide", "bot.services.asking:Asking._decide"),
    **_inside("ask: check-in", "bot.store.checkins:add_checkin"),
    **_inside("ask: queue", "bot.store.outbox:queue"),
    # Claiming, rendering, sending, recording.
    **_edges("claim", "bot.services.outgoing:Outgoing._claim"),
    **_inside("claim: taken", "bot.store.outbox:claim_due"),
    **_inside("claim: checked", "bot.services.outgoing:Outgoing._checked"),
    **_edges("render", "bot.messages:Messages.make"),
    **_edges("send", "bot.transport.messenger:BotMessenger.send"),
    "send: call: before": Point("bot.transport.request:AiohttpRequest._exchange", "before",
                                _message),
    "send: call: after": Point("bot.transport.request:AiohttpRequest._exchange", "after",
                               _message),
    **_edges("record: sent", "bot.services.outgoing:Outgoing.sent"),
    **_inside("record: sent", "bot.store.outbox:end"),
    **_inside("record: arrived", "bot.services.outgoing:arrived"),
    **_edges("record: unclear", "bot.services.outgoing:Outgoing.unclear"),
    **_edges("record: later", "bot.services.outgoing:Outgoing.later"),
    **_edges("record: unmade", "bot.services.outgoing:Outgoing.unmade"),
    **_edges("record: unreachable", "bot.services.enrolment:Enrolment.unreachable"),
    **_edges("record: reachable", "bot.services.enrolment:Enrolment.reachable"),
    # Screens and toasts.
    "screen: queued": Point("bot.transport.lanes:Lanes.edit", "after"),
    **_edges("screen: edit", "bot.transport.messenger:BotMessenger.edit_newest"),
    **_edges("screen: toast", "bot.transport.messenger:BotMessenger.toast"),
    # The digest and its echo.
    **_edges("digest: make", "bot.services.digest_making:DigestMaking._make_of"),
    **_edges("digest: cut", "bot.services.digest_making:DigestMaking._cut"),
    **_edges("digest: look", "bot.services.digest_making:DigestMaking._look"),
    **_edges("digest: place", "bot.services.digest_making:DigestMaking._place"),
    **_inside("digest: place: cut-off", "bot.store.digests:advance"),
    **_inside("digest: place", "bot.store.digests:add_digest"),
    **_edges("digest: page", "bot.services.digests:Digests.page"),
    **_edges("acknowledge", "bot.services.digests:Digests.acknowledge"),
    **_inside("acknowledge", "bot.services.digests:Digests._acknowledge"),
    **_edges("acknowledge: reply", "bot.services.acknowledgements:Acknowledgements.reply"),
    # Closing, folding, erasing, sweeping.
    **_edges("close", "bot.services.closing:Closing._close"),
    **_inside("close", "bot.store.checkin_ends:close"),
    **_edges("fold", "bot.services.closing:Closing._fold"),
    **_edges("erase", "bot.services.privacy:Privacy._erase"),
    **_inside("erase", "bot.store.erasure:erase_pair"),
    **_edges("erase: empty the log", "bot.store.database:Database.truncate_log"),
    **_edges("sweep", "bot.services.retention:Retention._sweep"),
    **_edges("sweep: be seen", "bot.services.outgoing:Outgoing._advance"),
}  # fmt: skip

#: Statements that can be made to fail, as the database does when it is busy or full.
OPERATIONS: dict[str, Callable[[str], bool]] = {
    "a write that begins": lambda sql: sql == "BEGIN IMMEDIATE",
    "a read that begins": lambda sql: sql == "BEGIN",
    "a commit": lambda sql: sql == "COMMIT",
    "a statement": lambda sql: sql not in ("BEGIN", "BEGIN IMMEDIATE", "COMMIT"),
}

NAMES = (*POINTS, *OPERATIONS)
#: For each name: passages so far, passages left until it strikes, strikes so far, passages from
#: one strike to the next (0: none follows).
_PASSED, _LEFT, _STRUCK, _EVERY = range(4)
_BYTES = 8 * 4 * len(NAMES)


class Arms:
    """What is armed, and the passages so far, in a file that driver and lives share."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(_BYTES))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _BYTES)
        self._numbers = memoryview(self._memory).cast("q")

    def close(self) -> None:
        self._numbers.release()
        self._memory.close()

    def arm(self, name: str, nth: int, every: int = 0) -> None:
        """Let the nth passage from now on strike (0: none), and then perhaps every so many."""
        at = 4 * NAMES.index(name)
        self._numbers[at + _EVERY] = every
        self._numbers[at + _LEFT] = nth

    def strikes(self, name: str) -> int:
        """How often something armed here has struck."""
        return self._numbers[4 * NAMES.index(name) + _STRUCK]

    def passages(self) -> dict[str, int]:
        """How often each was passed in all lives."""
        return {name: self._numbers[4 * n + _PASSED] for n, name in enumerate(NAMES)}

    def passed(self, number: int) -> bool:
        """Count a passage; is this one to strike?"""
        numbers, at = self._numbers, 4 * number
        numbers[at + _PASSED] += 1
        if not numbers[at + _LEFT]:
            return False
        numbers[at + _LEFT] -= 1
        if numbers[at + _LEFT]:
            return False
        numbers[at + _LEFT] = numbers[at + _EVERY]
        numbers[at + _STRUCK] += 1
        return True


def points_of(way: Way) -> list[str]:
    """Name the points that a life which receives in this way can pass."""
    return [name for name, point in POINTS.items() if point.way in (None, way)]


def install(arms: Arms, way: Way) -> None:
    """Wrap every point of this way of receiving; the other's modules are not loaded.

    Errors: AttributeError for a point that is not there.
    """
    passable = points_of(way)
    for number, (name, point) in enumerate(POINTS.items()):
        if name in passable:
            _wrap(arms, number, point)
    _wrap_statements(arms)


def resolve(where: str) -> tuple[Any, str, Any]:
    """Find what a point names: its owner, its name there, and the thing itself."""
    module, _, path = where.partition(":")
    owner: Any = importlib.import_module(module)
    *parts, name = path.split(".")
    for part in parts:
        owner = getattr(owner, part)
    return owner, name, inspect.getattr_static(owner, name)


def _wrap(arms: Arms, number: int, point: Point) -> None:
    owner, name, found = resolve(point.where)
    inner = found.__func__ if isinstance(found, classmethod) else found

    def pass_by(*given: Any, **named: Any) -> None:
        if point.when(*given, **named) and arms.passed(number):
            os.kill(os.getpid(), signal.SIGKILL)

    if inspect.iscoroutinefunction(inner):

        @functools.wraps(inner)
        async def wrapped(*given: Any, **named: Any) -> Any:
            if point.edge == "before":
                pass_by(*given, **named)
                return await inner(*given, **named)
            result = await inner(*given, **named)
            pass_by(*given, **named)
            return result

    else:

        @functools.wraps(inner)
        def wrapped(*given: Any, **named: Any) -> Any:
            if point.edge == "before":
                pass_by(*given, **named)
                return inner(*given, **named)
            result = inner(*given, **named)
            pass_by(*given, **named)
            return result

    setattr(owner, name, classmethod(wrapped) if isinstance(found, classmethod) else wrapped)


def _wrap_statements(arms: Arms) -> None:
    statements = importlib.import_module("bot.store.statements")
    inner = statements.rows
    operations = [(len(POINTS) + n, is_it) for n, is_it in enumerate(OPERATIONS.values())]

    def rows(connection: Any, sql: str, values: Any) -> Any:
        for number, is_it in operations:
            if is_it(sql) and arms.passed(number):
                raise statements.Unavailable("struck by the test")
        return inner(connection, sql, values)

    statements.rows = rows
