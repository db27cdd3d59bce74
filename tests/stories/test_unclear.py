"""What Telegram did not say, or said not to do now: nothing arrives twice, and nothing is lost."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest
from world import World

from bot.services.outgoing import Outgoing
from bot.store.database import Unavailable

PROMPT = "A short check-in about Monday is ready."
TOLD = "Your therapist read your check-in"


async def states(world: World, kind: str) -> list[tuple[object, ...]]:
    return await world.rows("SELECT state FROM message WHERE kind = :kind", kind=kind)


def arrived(world: World, name: str, text: str) -> int:
    journal = world.stage.emulator.journal
    return len(journal.sent(world.human(name).phone.id, text))


async def test_a_prompt_whose_answer_was_lost_is_not_sent_again(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    world.stage.emulator.faults.add("drop", stage="after", method="sendMessage", chat=anna.phone.id)
    await world.until("Mon 16:20")
    assert await states(world, "prompt") == [("unknown",)]
    await world.later(hours=6)
    assert arrived(world, "Anna", PROMPT) == 1
    await anna.checks_in(8, 8, 8, 8, 8)
    await world.until("Fri 17:00")
    assert "1 of 1 answered" in ben.screen


async def test_news_for_a_client_whose_answer_was_lost_is_not_told_again(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 8, 8)
    await world.until("Fri 17:00")
    world.stage.emulator.faults.add("drop", stage="after", method="sendMessage", chat=anna.phone.id)
    await ben.taps("Let's talk about it")
    await world.until("Sat 12:00")
    assert await states(world, "ack") == [("unknown",)]
    assert arrived(world, "Anna", TOLD) == 1


@pytest.mark.parametrize("who", ["Anna", "Ben"])
async def test_what_telegram_puts_off_again_and_again_comes_once(world: World, who: str) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    put_off = world.stage.emulator.faults.add(
        "status", status=429, retry_after=2, method="sendMessage", times=5,
        chat=world.human(who).phone.id,
    )  # fmt: skip
    if who == "Ben":
        await world.until("Mon 16:20")
        await anna.checks_in(8, 8, 8, 8, 8)
    await world.until("Mon 16:25" if who == "Anna" else "Fri 17:05")
    assert put_off.struck == 5
    assert await states(world, "prompt") == [("sent",)]
    assert arrived(world, "Anna", PROMPT) == 1
    assert who == "Anna" or await states(world, "digest") == [("sent",)]
    assert who == "Anna" or "1 of 1 answered" in ben.screen


async def test_what_arrived_is_recorded_when_the_database_is_free_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    monkeypatch.setattr("bot.store.connections._BUSY_SECONDS", 0.05)
    await world.stage.restart()
    world.stage.emulator.faults.add(
        "delay", stage="after", method="sendMessage", chat=anna.phone.id, seconds=0.2
    )
    moving = asyncio.create_task(world.until("Mon 16:20"))
    await anna.phone.watch(PROMPT)
    other = sqlite3.connect(world.stage.settings.database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await asyncio.sleep(0.5)
    other.rollback()
    other.close()
    await moving
    assert await states(world, "prompt") == [("sent",)]


@pytest.mark.parametrize(
    ("record", "status", "ending"), [("sent", None, "sent"), ("failed", 400, "failed")]
)
async def test_what_became_of_a_message_is_recorded_however_long_the_database_is_away(
    world: World, monkeypatch: pytest.MonkeyPatch, record: str, status: int | None, ending: str
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    if status is not None:
        world.stage.emulator.faults.add(
            "status", status=status, description="Bad Request: not this one",
            method="sendMessage", chat=anna.phone.id,
        )  # fmt: skip
    inner, left = getattr(Outgoing, record), [40]

    async def away(self: Outgoing, *given: object) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise Unavailable("disk full")
        await inner(self, *given)

    monkeypatch.setattr(Outgoing, record, away)
    # World.check would call a refused prompt a mistake of ours; this one was made to be refused.
    monkeypatch.setattr(World, "check", _unchecked)
    await world.until("Mon 16:20")
    assert left[0] < 0
    assert await states(world, "prompt") == [(ending,)]


async def _unchecked(self: World) -> None:
    """Refuse nothing."""
