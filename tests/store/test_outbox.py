"""The outbox: what is owed goes out once, in its order, and an end is an end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.store import outbox
from bot.store.outbox import Kind, Message
from tests.digest_world import World, open_world
from tests.transactions import reading, writing

NOW = 1_000_000


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def owe(
    world: World, id: int, due_at: int = NOW, *, kind: Kind = "prompt", part: str = "",
    subject_id: int | None = None,
) -> bool:  # fmt: skip
    async with writing(world.db) as tx:
        return await outbox.queue(
            tx, id=id, kind=kind, subject_id=subject_id or id, part=part, person_id=world.ben,
            due_at=due_at, expires_at=NOW + 1000, now=NOW,
        )  # fmt: skip


async def claim(world: World, now: int = NOW) -> Message | None:
    async with writing(world.db) as tx:
        return await outbox.claim_due(tx, now)


async def row(world: World, id: int) -> Any:
    (found,) = await world.rows("SELECT * FROM message WHERE id = :id", id=id)
    return found


async def is_any_due(world: World, now: int) -> bool:
    async with reading(world.db) as tx:
        return await outbox.is_any_due(tx, now)


async def test_what_is_due_longest_is_claimed_first_and_once(world: World) -> None:
    for id, due_at in ((1, NOW), (2, NOW - 5), (3, NOW + 1), (4, NOW - 9)):
        assert await owe(world, id, due_at)
    claimed = [message for _ in range(5) if (message := await claim(world))]
    assert [message.id for message in claimed] == [4, 2, 1]
    assert all((m.state, m.attempts) == ("sending", 1) for m in claimed)
    assert await is_any_due(world, NOW + 1)
    assert not await is_any_due(world, NOW)
    assert (await row(world, 4))["claimed_at"] == NOW


async def test_the_same_message_is_owed_once_for_ever(world: World) -> None:
    assert await owe(world, 1, subject_id=9)
    assert not await owe(world, 2, subject_id=9)
    assert await owe(world, 3, subject_id=9, part="2")
    assert await owe(world, 4, subject_id=9, kind="reminder")
    message = await claim(world)
    assert message is not None
    async with writing(world.db) as tx:
        assert await outbox.end(tx, message.id, "sent", NOW, telegram_message=77)
    assert not await owe(world, 5, subject_id=9)
    assert (await row(world, 1))["telegram_message"] == 77


@pytest.mark.parametrize(("tried", "attempts"), [(True, 1), (False, 0)])
async def test_what_did_not_arrive_is_put_back(world: World, tried: bool, attempts: int) -> None:
    await owe(world, 1)
    await claim(world)
    async with writing(world.db) as tx:
        await outbox.put_back(tx, 1, NOW + 50, tried=tried)
    kept = await row(world, 1)
    assert (kept["state"], kept["due_at"], kept["attempts"]) == ("queued", NOW + 50, attempts)
    assert (kept["claimed_at"], kept["planned_at"]) == (None, NOW)
    assert await claim(world, NOW + 49) is None
    again = await claim(world, NOW + 50)
    assert again is not None
    assert again.attempts == attempts + 1


@pytest.mark.parametrize("state", ["sent", "unknown", "failed", "dropped"])
async def test_the_first_end_wins(world: World, state: Any) -> None:
    await owe(world, 1)
    async with writing(world.db) as tx:
        assert not await outbox.end(tx, 1, state, NOW), "nobody has claimed it"
    await claim(world)
    async with writing(world.db) as tx:
        assert await outbox.end(tx, 1, state, NOW + 1, reason="why")
        for other in ("sent", "unknown", "failed", "dropped"):
            assert not await outbox.end(tx, 1, other, NOW + 2)  # type: ignore[arg-type]
        await outbox.put_back(tx, 1, NOW, tried=True)
        await outbox.drop_queued(tx, NOW, "closed", kind="prompt", subject_id=1)
    kept = await row(world, 1)
    assert (kept["state"], kept["ended_at"], kept["reason"]) == (state, NOW + 1, "why")
    assert await claim(world) is None


async def test_what_a_process_left_half_sent_becomes_unknown(world: World) -> None:
    for id in (1, 2, 3):
        await owe(world, id)
    await claim(world)
    await claim(world)
    async with writing(world.db) as tx:
        left = await outbox.abandon_sending(tx, NOW + 9)
        assert await outbox.abandon_sending(tx, NOW + 10) == []
    assert sorted(message.id for message in left) == [1, 2]
    assert {message.state for message in left} == {"unknown"}
    kept = await row(world, 1)
    assert (kept["state"], kept["reason"], kept["ended_at"]) == ("unknown", "restart", NOW + 9)
    assert (await row(world, 3))["state"] == "queued"


async def test_only_what_perhaps_arrived_can_be_owed_again(world: World) -> None:
    await owe(world, 1)
    await claim(world)
    async with writing(world.db) as tx:
        await outbox.end(tx, 1, "unknown", NOW)
        await outbox.owe_again(tx, 1, NOW + 50)
    kept = await row(world, 1)
    assert (kept["state"], kept["attempts"], kept["ended_at"]) == ("queued", 1, None)
    again = await claim(world, NOW + 50)
    assert again is not None
    assert again.attempts == 2
    async with writing(world.db) as tx:
        await outbox.end(tx, 1, "sent", NOW)
        await outbox.owe_again(tx, 1, NOW + 60)
    assert (await row(world, 1))["state"] == "sent"


async def test_only_what_is_queued_about_a_subject_is_dropped(world: World) -> None:
    await owe(world, 1, subject_id=9)
    await claim(world)
    for id, kind, subject in ((2, "reminder", 9), (3, "reminder", 8), (4, "ack", 9)):
        await owe(world, id, kind=kind, subject_id=subject)  # type: ignore[arg-type]
    async with writing(world.db) as tx:
        for kind in ("prompt", "reminder"):
            await outbox.drop_queued(tx, NOW, "closed", kind=kind, subject_id=9)  # type: ignore[arg-type]
    states = {row["id"]: row["state"] for row in await world.rows("SELECT * FROM message")}
    assert states == {1: "sending", 2: "dropped", 3: "queued", 4: "queued"}


async def test_an_empty_outbox_has_nothing_due(world: World) -> None:
    assert not await is_any_due(world, NOW + 10**9)
    assert await claim(world) is None


async def test_claiming_reads_no_whole_table(world: World) -> None:
    plan = await world.rows(
        "EXPLAIN QUERY PLAN SELECT id FROM message WHERE state = 'queued' AND due_at <= 1"
        " ORDER BY due_at LIMIT 1"
    )
    assert all("message_due" in step["detail"] for step in plan), [s["detail"] for s in plan]


async def end(world: World, id: int, state: outbox.Ending) -> None:
    async with writing(world.db) as tx:
        assert await outbox.end(tx, id, state, NOW)


async def put_back(world: World, id: int, due_at: int) -> None:
    async with writing(world.db) as tx:
        await outbox.put_back(tx, id, due_at, tried=True)


async def owe_pages(world: World) -> None:
    """Owe a digest of three pages, and one page of another; the last of all is due the longest."""
    for id, due_at in ((1, NOW), (2, NOW - 1), (10, NOW - 2)):
        assert await owe(world, id, due_at, kind="digest", part=str(id), subject_id=7)
    assert await owe(world, 30, NOW, kind="digest", part="1", subject_id=8)


async def test_a_page_waits_for_those_before_it(world: World) -> None:
    await owe_pages(world)
    first, other = await claim(world), await claim(world)
    assert {message.id for message in (first, other) if message} == {1, 30}
    assert not await is_any_due(world, NOW)
    assert await claim(world) is None
    for id in (1, 2, 10):
        await end(world, id, "sent")
        following = await claim(world)
        assert (following.id if following else None) == {1: 2, 2: 10, 10: None}[id]


@pytest.mark.parametrize("state", ["unknown", "failed", "dropped"])
async def test_a_page_of_which_nothing_more_is_to_come_holds_up_none(
    world: World, state: outbox.Ending
) -> None:
    await owe_pages(world)
    await claim(world)
    await claim(world)
    await end(world, 1, state)
    following = await claim(world)
    assert following is not None
    assert following.id == 2


async def test_a_page_that_cannot_be_sent_holds_the_others_up_three_times(world: World) -> None:
    await owe_pages(world)
    for tried in range(1, 4):
        claimed = [message for _ in range(2) if (message := await claim(world, NOW + tried))]
        assert 1 in [message.id for message in claimed]
        assert 2 not in [message.id for message in claimed]
        assert not await is_any_due(world, NOW + tried)
        await put_back(world, 1, NOW + tried + 1)
    following = [message for _ in range(2) if (message := await claim(world, NOW + 3))]
    assert [message.id for message in following] == [2]


async def test_a_page_that_is_long_in_coming_holds_up_none(world: World) -> None:
    await owe_pages(world)
    await claim(world)
    await claim(world)
    await put_back(world, 1, NOW + 60_001)
    following = await claim(world)
    assert following is not None
    assert following.id == 2
