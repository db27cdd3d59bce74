"""Changes of an account and handovers as rows: whose they are, and how often they count."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store import handovers, pairs, people, relinks
from bot.store.relinks import Opener
from tests.digest_support import CUT, DAY
from tests.digest_world import World, open_world
from tests.transactions import reading, writing

OPENER, OTHER = Opener(77, "Anna", "en"), Opener(78, "Eve", None)
STRANGER = 4_242


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def with_link(world: World, code: str = "A7", expires_at: int = CUT + 10) -> tuple[int, int]:
    """A confirmed pair with a link for a new account; gives the pair and its client."""
    pair = await world.pair(code)
    client = await world.client_of(pair)
    await world.run("UPDATE pair SET confirmed_at = 1 WHERE id = :id", id=pair)
    async with writing(world.db) as tx:
        await relinks.add_relink(
            tx, id=1, code=f"relink-{code}", pair_id=pair, person_id=client, now=CUT,
            expires_at=expires_at,
        )  # fmt: skip
        await people.add_person(tx, 99, 77, "Anna", "en", CUT)
    return pair, client


async def test_a_link_is_found_by_its_code_alone_and_by_its_therapist(world: World) -> None:
    pair, _ = await with_link(world)
    async with reading(world.db) as tx:
        assert await relinks.find_relink(tx, "relink-A8") is None
        found = await relinks.find_relink(tx, "relink-A7")
        assert found is not None
        assert found.pair_id == pair
        assert await relinks.newest_of_pair(tx, pair, world.ben) == found
        assert await relinks.newest_of_pair(tx, pair, STRANGER) is None


async def test_whoever_opens_it_first_has_it_and_the_number_is_theirs(world: World) -> None:
    await with_link(world)
    async with writing(world.db) as tx:
        before = await relinks.find_relink(tx, "relink-A7")
        assert before is not None
        with pytest.raises(ValueError, match="nobody has opened"):
            relinks.number_of(tx, before)
        assert await relinks.open_relink(tx, 1, OPENER, CUT)
        assert not await relinks.open_relink(tx, 1, OTHER, CUT)
        found = await relinks.find_relink(tx, "relink-A7")
        assert found is not None
        assert found.opener == OPENER
        number = relinks.number_of(tx, found)
        assert len(number) == 6
        assert number.isdigit()
        assert relinks.number_of(tx, found) == number


async def test_a_link_that_is_over_is_opened_and_used_no_more(world: World) -> None:
    _, client = await with_link(world, expires_at=CUT)
    async with writing(world.db) as tx:
        assert not await relinks.open_relink(tx, 1, OPENER, CUT)
        assert not await relinks.end_relink(tx, 1, client, [], CUT)
        assert await relinks.any_over(tx, CUT + 1)
        assert not await relinks.any_over(tx, CUT)
        assert await relinks.forget_over(tx, CUT + 1) == []
        assert await relinks.find_relink(tx, "relink-A7") is None


async def test_the_last_wrong_number_ends_a_link_and_forgets_who_opened_it(world: World) -> None:
    await with_link(world)
    async with writing(world.db) as tx:
        assert await relinks.open_relink(tx, 1, OPENER, CUT)
        assert [await relinks.note_try(tx, 1, 2, CUT) for _ in range(3)] == [1, 0, 0]
        found = await relinks.find_relink(tx, "relink-A7")
        assert found is not None
        assert (found.ended, found.opener) == ("wrong", None)


async def test_a_pair_moves_for_its_own_therapist_and_from_its_own_client_alone(
    world: World,
) -> None:
    pair, client = await with_link(world)
    async with writing(world.db) as tx:
        assert not await relinks.move_pair(tx, pair, STRANGER, client, 99, CUT, CUT + 1)
        assert not await relinks.move_pair(tx, pair, world.ben, STRANGER, 99, CUT, CUT + 1)
        assert (await pairs.load_pair(tx, pair)).client_id == client
        assert await relinks.move_pair(tx, pair, world.ben, client, 99, CUT, CUT + 1)
        moved = await pairs.load_pair(tx, pair)
        assert (moved.client_id, moved.relinked_at, moved.consented_at) == (99, CUT, None)
        assert not await relinks.move_pair(tx, pair, world.ben, client, 99, CUT, CUT + 1)
        assert await relinks.end_relink(tx, 1, client, [5, 6], CUT)
        assert not await relinks.end_relink(tx, 1, client, [5, 6], CUT)
        assert await relinks.gone_of(tx, 1, client) == (5, 6)
        assert await relinks.gone_of(tx, 1, 99) == ()


@pytest.mark.parametrize("state", ["stopped", "ended"])
async def test_who_is_asked_nothing_need_not_agree(world: World, state: str) -> None:
    pair, client = await with_link(world)
    await world.run("UPDATE pair SET state = :state WHERE id = :id", id=pair, state=state)
    async with writing(world.db) as tx:
        assert await relinks.move_pair(tx, pair, world.ben, client, 99, CUT, CUT + 1)
        assert (await pairs.load_pair(tx, pair)).relinked_at is None


async def asked(world: World) -> tuple[int, int, int]:
    """A pair that ended by a handover to Fay; gives it, its client, and Fay."""
    pair = await world.pair("A7")
    client = await world.client_of(pair)
    async with writing(world.db) as tx:
        fay = (await people.add_person(tx, 50, 50, "Fay", None, CUT)).id
        await people.make_therapist(tx, fay, CUT)
        assert await handovers.add_handover(tx, 1, world.ben, fay, CUT, CUT)
        assert not await handovers.add_handover(tx, 2, world.ben, fay, CUT, CUT)
        await pairs.end_pair(tx, pair, world.ben, CUT)
        await handovers.add_asked(tx, 3, 1, pair, CUT + 10)
    return pair, client, fay


async def test_only_the_client_answers_once_and_in_time(world: World) -> None:
    pair, client, _ = await asked(world)
    async with writing(world.db) as tx:
        assert await handovers.find_asked(tx, pair, STRANGER) is None
        assert not await handovers.answer(tx, pair, STRANGER, "share", None, CUT)
        assert not await handovers.answer(tx, pair, client, "no", None, CUT + 10)
        assert await handovers.answer(tx, pair, client, "no", None, CUT)
        assert not await handovers.answer(tx, pair, client, "share", None, CUT)
        found = await handovers.find_asked(tx, pair, client)
        assert found is not None
        assert found.answer == "no"


@pytest.mark.parametrize(
    ("said", "change", "is_seen"),
    [
        ("share", "state = 'active'", True),
        ("share", "state = 'paused'", True),
        ("share", "state = 'joined'", False),
        ("share", "state = 'stopped'", False),
        ("share", "state = 'ended'", False),
        ("share", "consented_at = NULL", False),
        ("share", "client_id = 50", False),
        ("fresh", "state = 'active'", False),
    ],
)
async def test_what_was_before_is_the_colleagues_only_by_the_clients_yes(
    world: World, said: handovers.Answer, change: str, is_seen: bool
) -> None:
    pair, client, fay = await asked(world)
    async with writing(world.db) as tx:
        await pairs.add_pair(tx, 60, fay, "A7", CUT)
        await pairs.join_pair(tx, 60, client, CUT)
        await pairs.confirm_pair(tx, 60, fay, client, CUT)
        await pairs.consent(tx, 60, client, "1", CUT)
        assert await handovers.find_earlier(tx, 60, fay, CUT, DAY) is None
        assert await handovers.answer(tx, pair, client, said, 60, CUT)
        await tx.run(f"UPDATE pair SET {change} WHERE id = 60")
        found = await handovers.find_earlier(tx, 60, fay, CUT, DAY)
        assert (found is not None) == is_seen
        if found is not None:
            assert (found.pair_id, found.therapist_id) == (pair, world.ben)
        for therapist in (world.ben, client, STRANGER):
            assert await handovers.find_earlier(tx, 60, therapist, CUT, DAY) is None
        assert await handovers.find_earlier(tx, pair, fay, CUT, DAY) is None


async def test_what_was_before_is_not_the_colleagues_while_the_account_is_in_doubt(
    world: World,
) -> None:
    pair, client, fay = await asked(world)
    async with writing(world.db) as tx:
        await pairs.add_pair(tx, 60, fay, "A7", CUT)
        await pairs.join_pair(tx, 60, client, CUT)
        await pairs.confirm_pair(tx, 60, fay, client, CUT)
        await pairs.consent(tx, 60, client, "1", CUT)
        assert await handovers.answer(tx, pair, client, "share", 60, CUT)
        await tx.run("UPDATE pair SET history_from_at = :at WHERE id = :id", at=CUT + 1, id=pair)
        assert await handovers.find_earlier(tx, 60, fay, CUT, DAY) is None
        assert await handovers.find_earlier(tx, 60, fay, CUT + 1, DAY) is not None
        await tx.run("UPDATE pair SET objected_at = :at WHERE id = :id", at=CUT, id=pair)
        assert await handovers.find_earlier(tx, 60, fay, CUT + 1, DAY) is None
        before = CUT + 1 + DAY
        await tx.run("UPDATE pair SET history_from_at = :at WHERE id = :id", at=before, id=pair)
        assert await handovers.find_earlier(tx, 60, fay, CUT + 1, DAY) is not None, "said before"
        await tx.run("UPDATE pair SET objected_at = NULL WHERE id = :id", id=pair)
        await handovers.withdraw_earlier(tx, pair, CUT)
        assert await handovers.find_earlier(tx, 60, fay, CUT + 1, DAY) is not None
        await handovers.withdraw_earlier(tx, pair, CUT - 1)
        assert await handovers.find_earlier(tx, 60, fay, CUT + 1, DAY) is None
