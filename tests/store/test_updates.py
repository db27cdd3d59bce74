"""Updates: each counts once, what cannot be handled is kept sealed for a while."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store import audit, invitations, updates
from bot.store.practice import practice_sealer
from tests.digest_world import World, open_world
from tests.transactions import reading, writing

BODY = b'{"update_id": 5, "message": {"text": "something private"}}'


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def ids(world: World, table: str = "seen_update", column: str = "update_id") -> list[int]:
    found = await world.rows(f"SELECT {column} FROM {table} ORDER BY {column}")
    return [row[column] for row in found]


async def put_aside(world: World, id: int, at: int, keep: int = 10) -> None:
    async with writing(world.db) as tx:
        await updates.set_aside(tx, id, 100 + id, BODY, "ValueError", at, keep)


async def test_an_update_is_recorded_once_at_its_first_time(world: World) -> None:
    async with writing(world.db) as tx:
        await updates.record_seen(tx, [3, 1, 2], 10)
        await updates.record_seen(tx, [2, 4], 20)
    rows = await world.rows("SELECT * FROM seen_update ORDER BY update_id")
    assert [tuple(row) for row in rows] == [(1, 10), (2, 10), (3, 10), (4, 20)]


async def test_an_update_set_aside_counts_as_handled_and_is_sealed(world: World) -> None:
    await put_aside(world, 5, 10)
    assert await ids(world) == [105]
    (kept,) = await world.rows("SELECT * FROM set_aside")
    assert b"private" not in kept["body"]
    assert (kept["update_id"], kept["reason"], kept["set_aside_at"]) == (105, "ValueError", 10)
    async with reading(world.db) as tx:
        sealer = await practice_sealer(tx)
    assert sealer.open(kept["body"], "set_aside", "body", 5) == BODY


async def test_what_has_no_number_is_set_aside_as_well(world: World) -> None:
    async with writing(world.db) as tx:
        await updates.set_aside(tx, 1, None, BODY, "KeyError", 10, 10)
    assert await ids(world) == []
    assert await ids(world, "set_aside", "id") == [1]


async def test_only_the_newest_are_kept(world: World) -> None:
    for id, at in ((1, 30), (2, 10), (3, 20), (4, 40)):
        await put_aside(world, id, at, keep=2)
    assert await ids(world, "set_aside", "id") == [1, 4]
    assert await ids(world) == [101, 102, 103, 104], "but all of them count as handled"


async def test_what_is_older_than_its_retention_is_forgotten(world: World) -> None:
    for id, at in ((1, 10), (2, 20), (3, 30)):
        await put_aside(world, id, at)

    async def due(seen_before: int, aside_before: int) -> bool:
        async with reading(world.db) as tx:
            return await updates.any_to_forget(tx, seen_before, aside_before)

    assert [await due(10, 10), await due(11, 10), await due(10, 11)] == [False, True, True]
    async with writing(world.db) as tx:
        await updates.forget_updates(tx, 20, 30)
    assert await ids(world) == [102, 103]
    assert await ids(world, "set_aside", "id") == [3]
    assert not await due(20, 30)


async def test_the_audit_and_the_guesses_have_retentions_of_their_own(world: World) -> None:
    async with writing(world.db) as tx:
        for id, at in ((1, 10), (2, 20)):
            await audit.note(tx, id, at, None, "paused", "pair", 7)
            await invitations.note_guess(tx, id, 4001, at)
        await invitations.note_guess(tx, 3, 4002, 20)
        assert await invitations.guesses_since(tx, 4001, 9) == 2
        assert await invitations.guesses_since(tx, 4001, 10) == 1
        await audit.forget(tx, 20)
        await invitations.forget_guesses(tx, 20)
    assert await ids(world, "audit", "id") == [2]
    assert await ids(world, "guess", "id") == [2, 3]
