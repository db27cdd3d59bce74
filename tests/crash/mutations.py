"""Guarantees broken on purpose, to see that the checker sees it. Applied in a life, nowhere else.

Each names the invariant that must be reported.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bot.core.sessions import Window
from bot.services import outgoing
from bot.services.checkins import CheckIns
from bot.services.digests import Digests
from bot.services.outgoing import Outgoing
from bot.store import database, outbox, practice
from bot.store.database import Database
from bot.transport.intake import Intake
from bot.transport.messenger import BotMessenger


@dataclass(frozen=True, slots=True)
class Mutation:
    """invariants: any of these must be reported. points: where kills let it show. apply: breaks.

    lossy: it shows where messages arrive and their answers get lost, so many of them do. busy: it
    shows where the database cannot be written to, so often it cannot.
    """

    invariants: tuple[str, ...]
    points: tuple[str, ...]
    apply: Callable[[], None]
    lossy: bool = False
    busy: bool = False


def _confirm_before_commit() -> None:
    batch, single = Intake.take, Intake.take_one
    late: set[asyncio.Task[Any]] = set()

    async def later(work: Callable[[], Awaitable[Any]]) -> None:
        await asyncio.sleep(0.2)  # longer than a slow machine needs from a poll to the next
        await work()

    async def take(self: Intake, updates: Any) -> int | None:
        if "'rate." not in str(updates):
            return await batch(self, updates)
        late.add(asyncio.create_task(later(lambda: batch(self, updates))))
        return max(update["update_id"] for update in updates)

    async def take_one(self: Intake, body: bytes, turns: Any) -> bool:
        if b'"rate.' not in body:
            return await single(self, body, turns)
        late.add(asyncio.create_task(later(lambda: single(self, body, turns))))
        return True

    Intake.take, Intake.take_one = take, take_one  # type: ignore[method-assign]


def _confirm_what_failed() -> None:
    inner = Intake._all_safe

    async def all_safe(self: Intake, items: Any) -> bool:
        await inner(self, items)
        return True

    Intake._all_safe = all_safe  # type: ignore[method-assign]


def _retry_unclear() -> None:
    async def unclear(self: Outgoing, message: Any) -> None:
        await self.later(message, 0.0)

    Outgoing.unclear = unclear  # type: ignore[assignment, method-assign]


def _no_recovery() -> None:
    async def recover(self: Outgoing) -> int:
        return 0

    Outgoing.recover = recover  # type: ignore[method-assign]


def _recovery_sends_again() -> None:
    async def recover(self: Outgoing) -> int:
        async def again(tx: Any) -> None:
            await tx.run("UPDATE message SET state = 'queued' WHERE state = 'sending'")

        await self.db.write(again)
        return 0

    Outgoing.recover = recover  # type: ignore[method-assign]


def _no_dedupe() -> None:
    async def record(self: Database, tx: Any, hand: Any) -> None:
        await tx.run(
            "INSERT INTO seen_update (update_id, seen_at) VALUES (:id, :now)"
            " ON CONFLICT (update_id) DO NOTHING",
            id=hand.update_id,
            now=self._now(),
        )

    Database.record = record  # type: ignore[method-assign]


def _claim_nothing() -> None:
    async def claim_due(tx: Any, now: int, *, on_hold: bool = False) -> Any:
        row = await tx.one(
            "SELECT * FROM message WHERE state = 'queued' AND due_at <= :now"
            " ORDER BY due_at LIMIT 1",
            now=now,
        )
        return outbox.read_message(row) if row else None

    inner, put_back = outbox.end, outbox.put_back

    async def end(tx: Any, message_id: int, *given: Any, **named: Any) -> bool:
        await tx.run("UPDATE message SET state = 'sending' WHERE id = :id", id=message_id)
        return await inner(tx, message_id, *given, **named)

    async def later(tx: Any, message_id: int, due_at: int, *, tried: bool) -> None:
        # Otherwise what waits for the end of the night is due at once, again and again: the bot
        # never rests, and the story waits for it in vain.
        await tx.run(
            "UPDATE message SET state = 'sending', attempts = attempts + 1 WHERE id = :id",
            id=message_id,
        )
        await put_back(tx, message_id, due_at, tried=tried)

    outbox.claim_due, outbox.end, outbox.put_back = claim_due, end, later  # type: ignore[assignment]


_THREE_DAYS_MS = 3 * 86_400_000


def _digest_of_another_day() -> None:
    # As of when it is drawn would show only where something came in between, which is rare.
    def window(self: Digests, row: Any) -> Window:
        return Window(row.from_at, row.cut_at - _THREE_DAYS_MS, self._zone(row.timezone))

    Digests._window = window  # type: ignore[method-assign]


def _lose_every_tenth_answer() -> None:
    inner = CheckIns._take
    calls = 0

    async def take(self: CheckIns, tx: Any, checkin: Any, event: Any, message: Any) -> Any:
        nonlocal calls
        calls += 1
        talk = await inner(self, tx, checkin, event, message)
        if calls % 10 == 0:
            await tx.run(
                "DELETE FROM answer WHERE checkin_id = :id AND changed_at ="
                " (SELECT max(changed_at) FROM answer WHERE checkin_id = :id)",
                id=checkin.id,
            )
        return talk

    CheckIns._take = take  # type: ignore[method-assign]


def _wrong_person() -> None:
    inner = BotMessenger.send
    chats: list[int] = []

    async def send(self: BotMessenger, chat_id: int, screen: Any, **how: Any) -> int:
        chats.append(chat_id)
        other = next((chat for chat in chats if chat != chat_id), chat_id)
        is_prompt = "A short check-in" in screen.text
        return await inner(self, other if is_prompt else chat_id, screen, **how)

    BotMessenger.send = send  # type: ignore[method-assign]


def _time_changes() -> None:
    inner = practice.advance_clock

    async def advance_clock(tx: Any, now: int) -> int:
        await tx.run(
            "UPDATE checkin SET state = 'partial' WHERE state = 'answered' AND closed_at < :now",
            now=now - 3_600_000,
        )
        return await inner(tx, now)

    outgoing.advance_clock = advance_clock


def _starts_change_things() -> None:
    inner = Outgoing.recover

    async def recover(self: Outgoing) -> int:
        async def touch(tx: Any) -> None:
            await tx.run("UPDATE person SET created_at = created_at + 1")

        await self.db.write(touch)
        return await inner(self)

    Outgoing.recover = recover  # type: ignore[method-assign]


def _commit_without_sync() -> None:
    inner = database.connect

    async def connect(path: Any, *settings: str) -> Any:
        return await inner(path, *settings, "synchronous = OFF")

    database.connect = connect


_SENDING = ("send: call: after", "send: after", "record: sent: before", "send: call: before")

#: Seen when the power fails.
UNSYNCED = Mutation(
    ("forgotten", "whole"), ("receive: poll: after", "write: after commit"), _commit_without_sync
)

MUTATIONS: dict[str, Mutation] = {
    "confirm before commit": Mutation(
        ("forgotten",), ("sometime", "sometime", "receive: call: after"), _confirm_before_commit
    ),
    "retry unclear sends": Mutation(("once",), (), _retry_unclear, lossy=True),
    "forget to recover what was being sent": Mutation(("sending",), _SENDING, _no_recovery),
    "send again what was being sent": Mutation(("once",), _SENDING, _recovery_sends_again),
    "handle repeated updates again": Mutation(
        ("unsaid", "stored"),
        ("answer: typed: after", "receive: batch: after", "receive: brought: after"),
        _no_dedupe,
    ),
    "send without a claim": Mutation(("once",), _SENDING, _claim_nothing),
    # Nobody is killed: a page whose drawing is struck three times is given up and never seen.
    "draw a digest as of another day": Mutation(("counts",), (), _digest_of_another_day),
    "lose an answer now and then": Mutation(("stored",), (), _lose_every_tenth_answer),
    "send to somebody else": Mutation(("apart",), (), _wrong_person),
    "change a final state with time": Mutation(("final",), (), _time_changes),
    "change something at each start": Mutation(("no-op",), (), _starts_change_things),
}

#: What is tried with updates that are brought: what receiving decides, and what a repeated or a
#: killed delivery could double.
BY_WEBHOOK: dict[str, Mutation] = {
    "answer 2xx although nothing was saved": Mutation(
        ("forgotten",), (), _confirm_what_failed, busy=True
    ),
    **{
        name: MUTATIONS[name]
        for name in (
            "confirm before commit",
            "handle repeated updates again",
            "send again what was being sent",
            "lose an answer now and then",
        )
    },
}
