"""Erasing a pair leaves a code and nothing else, in whatever table there will ever be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.core.conversation import Answer
from bot.core.digest import Placed
from bot.core.feeds import Found, Source
from bot.core.timetable import Rule
from bot.store import (
    checkins,
    closings,
    digests,
    erasure,
    feed_events,
    feed_series,
    feeds,
    goals,
    handovers,
    invitations,
    mirror,
    outbox,
    pairs,
    people,
    redactions,
    relinks,
    rules,
    sentences,
    watch,
)
from bot.store.database import Transaction
from bot.store.people import load_person
from bot.store.vault import Altered
from tests.digest_support import CUT, FROM, ZONE
from tests.digest_world import World, open_world
from tests.transactions import reading, writing


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def with_calendar(tx: Transaction, world: World, pair_id: int, appointment_id: int) -> None:
    """Let an appointment be a calendar's, and a series and a title stand for the pair."""
    feed_id, series_id = world.ids.new(), world.ids.new()
    await feeds.add_feed(tx, feed_id, world.ben, Source("Praxis", "https://example.org"), CUT)
    event = Found(bytes(32), bytes(32), FROM, CUT, pair_id)
    await feed_events.keep_event(tx, feed_id, event, pair_id, appointment_id, None)
    await feed_series.note_unknown(tx, series_id, feed_id, event)
    assert await feed_series.decide_series(tx, series_id, world.ben, pair_id) == feed_id
    await feed_series.add_alias(tx, feed_id, "title", bytes(32), pair_id)
    # And a series of the practice's that the therapist had put off before it was the pair's.
    common_id, put_off_id = world.ids.new(), world.ids.new()
    await feeds.add_feed(tx, common_id, None, Source("All", "https://example.org/all"), CUT)
    assert await feeds.accept(tx, common_id, CUT)
    await feed_series.note_unknown(tx, put_off_id, common_id, event)
    assert await feed_series.reply(tx, put_off_id, world.ben, CUT) == common_id
    assert await feed_series.decide_series(tx, put_off_id, world.ben, pair_id) == common_id


async def full_pair(world: World, code: str) -> int:
    """A pair with something in every table that can hold something of it."""
    pair_id = await world.pair(code)
    checkin_id = await world.checkin(
        pair_id, 8, 7, 6, 7, 8, extra=(Answer("different", f"private words of {code}", "show"),)
    )
    await world.correct(checkin_id, CUT - 1000, Answer("heard", 3))
    first = await world.appointment(pair_id, on="2026-11-23")
    second = await world.appointment(pair_id, on="2026-11-24")
    async with writing(world.db) as tx:
        await tx.run(
            "UPDATE appointment SET state = 'moved', moved_to = :b WHERE id = :a", a=first, b=second
        )
        await rules.insert_rule(
            tx, id=world.ids.new(), pair_id=pair_id, planned_until_on="2026-11-30", now=FROM,
            rule=Rule(0, "15:00", 50, 1, "2026-11-16", ZONE),
        )  # fmt: skip
        digest_id = world.ids.new()
        (newest,) = await tx.all("SELECT coalesce(max(number), 0) AS n FROM digest")
        await digests.add_digest(
            tx, id=digest_id, therapist_id=world.ben, number=newest["n"] + 1, from_at=FROM,
            cut_at=CUT, now=CUT, places=[Placed(pair_id, 1, 1, "expanded")],
        )  # fmt: skip
        acknowledged = await digests.acknowledge(
            tx, id=world.ids.new(), digest_id=digest_id, pair_id=pair_id, therapist_id=world.ben,
            kind="talk", now=CUT,
        )  # fmt: skip
        assert acknowledged is not None
        begun = await sentences.ask_sentence(
            tx, world.ids.new(), world.ben, digest_id, pair_id, FROM
        )
        assert begun is not None
        await sentences.write_words(tx, begun, "thank you")
        assert await sentences.send_words(tx, begun.id, world.ben, FROM)
        await outbox.queue(
            tx, id=world.ids.new(), kind="prompt", subject_id=checkin_id, person_id=world.ben,
            pair_id=pair_id, due_at=CUT, expires_at=CUT, now=CUT,
        )  # fmt: skip
        await invitations.add_invitation(
            tx, id=world.ids.new(), code=code, kind="client", pair_id=pair_id,
            invited_by=world.ben, now=CUT, expires_at=CUT,
        )  # fmt: skip
        await redactions.add_shown(tx, world.ben, [(world.ids.new(), pair_id)], 1, "text", CUT)
        await closings.close_later(
            tx, id=world.ids.new(), person_id=world.ben, pair_id=pair_id,
            telegram_message=pair_id % 1000, form="text", now=CUT, due_at=CUT,
        )  # fmt: skip
        await pairs.note_consent(tx, world.ids.new(), pair_id, "1", "given", CUT)
        handover_id = world.ids.new()
        fay = await people.add_person(tx, world.ids.new(), handover_id, "Fay", None, CUT)
        await handovers.add_handover(tx, handover_id, fay.id, world.ben, CUT, CUT)
        await handovers.add_asked(tx, world.ids.new(), handover_id, pair_id, CUT)
        earlier, goal = world.ids.new(), world.ids.new()
        for one, follows in ((earlier, None), (goal, earlier)):
            await goals.add_goal(
                tx, id=one, pair_id=pair_id, place=1, words=f"what {code} wants",
                follows_id=follows, now=CUT,
            )  # fmt: skip
            await goals.end_goal(tx, one, pair_id, "reworded", CUT)
        client = (await pairs.load_pair(tx, pair_id)).client_id
        assert client is not None
        await relinks.add_relink(
            tx, id=world.ids.new(), code=f"relink-{code}", pair_id=pair_id, person_id=client,
            now=CUT, expires_at=CUT + 1,
        )  # fmt: skip
        await goals.want_words(tx, goals.Wanted(client, pair_id, goal, 1, CUT))
        await mirror.set_mirror(tx, world.ben, CUT)
        await tx.run("UPDATE checkin SET seen_at = NULL WHERE id = :id", id=checkin_id)
        assert await mirror.guess(tx, world.ben, checkin_id, "heard", 7, 0, CUT)
        assert await watch.choose(tx, pair_id, client, "notice", "yes", CUT)
        checkin = await checkins.load_checkin(tx, checkin_id)
        assert checkin is not None
        await with_calendar(tx, world, pair_id, second)
        found = watch.Watched(world.ids.new(), 1, 1, CUT, CUT)
        await watch.save_watched(tx, checkin, "different", found)
    return pair_id


async def of_pair(world: World, pair_id: int) -> dict[str, int]:
    """Count the rows that belong to a pair, in every table whose foreign keys lead to it.

    What a new table holds of a pair is found here without anybody naming the table.
    """
    tables = [row["name"] for row in await world.rows(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )]  # fmt: skip
    async with writing(world.db) as tx:
        where = {"pair": "id = :id"}
        counts: dict[str, int] = {}
        grown = True
        while grown:
            grown = False
            for table in tables:
                if table in where:
                    continue
                columns = {c["name"] for c in await tx.all(f"PRAGMA table_info({table})")}
                keys = await tx.all(f"PRAGMA foreign_key_list({table})")
                paths = {(key["from"], key["table"]) for key in keys if key["table"] != table}
                paths |= {(f"{name}_id", name) for name in ("pair", "checkin", "appointment")}
                conditions = [
                    f"{column} IN (SELECT id FROM {target} WHERE {where[target]})"
                    for column, target in sorted(paths)
                    if column in columns and target in where
                ]
                if conditions:
                    where[table] = " OR ".join(conditions)
                    grown = True
        for table in where.keys() - {"pair"}:
            (row,) = await tx.all(
                f"SELECT count(*) AS n FROM {table} WHERE {where[table]}", id=pair_id
            )
            counts[table] = row["n"]
    return counts


async def everything(world: World) -> dict[str, int]:
    tables = [row["name"] for row in await world.rows(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )]  # fmt: skip
    return {t: (await world.rows(f"SELECT count(*) AS n FROM {t}"))[0]["n"] for t in tables}


async def orphans(world: World) -> list[object]:
    async with reading(world.db) as tx:
        return list(await tx.all("PRAGMA foreign_key_check"))


async def erase(world: World, pair_id: int) -> int | None:
    async with writing(world.db) as tx:
        return await erasure.erase_pair(tx, pair_id, CUT + 1)


async def test_every_table_with_something_of_the_pair_is_empty_afterwards(world: World) -> None:
    a7, b2 = await full_pair(world, "A7"), await full_pair(world, "B2")
    before, of_cora = await of_pair(world, a7), await of_pair(world, b2)
    assert {"answer", "answer_earlier", "consent", "message", "rule"} <= before.keys()
    unfilled = [table for table, rows in before.items() if rows == 0]
    assert unfilled == [], "let full_pair put something into these, and erase_pair take it out"

    whole = await everything(world)
    await erase(world, a7)

    assert set((await of_pair(world, a7)).values()) == {0}
    assert await of_pair(world, b2) == of_cora, "Cora's stays"
    left = {t: n - before.get(t, 0) for t, n in whole.items()}
    # Cora's, what was open and is nobody's now, and what A7 is owed on a phone.
    assert await everything(world) == left | {"redaction": 3}
    assert await orphans(world) == []


async def test_what_stays_is_a_code_that_is_never_given_again(world: World) -> None:
    a7 = await full_pair(world, "A7")
    client = await world.client_of(a7)
    assert await erase(world, a7) == client
    (row,) = await world.rows("SELECT * FROM pair WHERE id = :id", id=a7)
    assert (row["state"], row["code"], row["erased_at"]) == ("erased", "A7", CUT + 1)
    assert (row["data_key"], row["client_id"]) == (None, None)
    async with writing(world.db) as tx:
        assert "A7" in await pairs.codes_of(tx, world.ben)
        assert not await pairs.add_pair(tx, world.ids.new(), world.ben, "A7", CUT)
        assert await pairs.pairs_of_therapist(tx, world.ben) == []
    assert await erase(world, a7) is None, "once"
    assert await erase(world, 12345) is None


async def test_even_a_copy_of_the_rows_cannot_be_read(world: World) -> None:
    a7 = await full_pair(world, "A7")
    (copy,) = await world.rows("SELECT * FROM answer WHERE item = 'different'")
    (key,) = await world.rows("SELECT data_key FROM pair WHERE id = :id", id=a7)
    place = ("answer", "value", f"{copy['checkin_id']}|different")
    opened = world.db.vault.sealer(key["data_key"], "pair", a7).open_text(copy["value"], *place)
    assert "private words of A7" in opened
    b2 = await full_pair(world, "B2")
    await erase(world, a7)
    world.db.vault.forget()
    for row in await world.rows("SELECT id, data_key FROM pair WHERE data_key IS NOT NULL"):
        assert row["id"] == b2
        other = world.db.vault.sealer(row["data_key"], "pair", row["id"])
        with pytest.raises(Altered):
            other.open_text(copy["value"], *place)


async def test_neither_keys_nor_sealed_words_stay_in_the_files(
    world: World, tmp_path: Path
) -> None:
    a7 = await full_pair(world, "A7")
    (key,) = await world.rows("SELECT data_key FROM pair WHERE id = :id", id=a7)
    sealed = [row["value"] for row in await world.rows("SELECT value FROM answer")]

    def on_disk() -> bytes:
        return b"".join(file.read_bytes() for file in tmp_path.glob("rapport.sqlite3*"))

    assert all(secret in on_disk() for secret in [key["data_key"], *sealed])
    await erase(world, a7)
    await world.db.truncate_log()
    assert not any(secret in on_disk() for secret in [key["data_key"], *sealed])


async def test_a_client_whom_nothing_else_connects_is_cut_off(world: World) -> None:
    a7 = await full_pair(world, "A7")
    client = await world.client_of(a7)
    await erase(world, a7)
    async with reading(world.db) as tx:
        person = await load_person(tx, client)
    assert (person.telegram_id, person.name, person.language_hint) == (None, "", None)
    (row,) = await world.rows("SELECT * FROM person WHERE id = :id", id=client)
    assert (row["telegram_index"], row["telegram"], row["name"]) == (None, None, None)


@pytest.mark.parametrize("tie", ["another pair", "a role"])
async def test_a_client_with_another_tie_is_not_cut_off(world: World, tie: str) -> None:
    a7 = await full_pair(world, "A7")
    client = await world.client_of(a7)
    async with writing(world.db) as tx:
        if tie == "a role":
            await people.make_therapist(tx, client, CUT)
        else:
            other = world.ids.new()
            await pairs.add_pair(tx, other, world.ben, "C3", CUT)
            await tx.run("UPDATE pair SET state = 'ended' WHERE id = :id", id=a7)
            await pairs.join_pair(tx, other, client, CUT)
    await erase(world, a7)
    async with reading(world.db) as tx:
        assert (await load_person(tx, client)).telegram_id is not None


async def test_only_a_pair_that_ended_long_enough_ago_has_expired(world: World) -> None:
    a7 = await world.pair("A7")
    await world.pair("B2", state="stopped")
    for state, ended_at, expired in (
        ("active", None, None), ("ended", CUT, None), ("ended", CUT - 1, a7), ("erased", 1, None),
    ):  # fmt: skip
        await world.run(
            "UPDATE pair SET state = :state, ended_at = :at WHERE id = :id",
            state=state, at=ended_at, id=a7,
        )  # fmt: skip
        async with reading(world.db) as tx:
            assert await erasure.find_expired_pair(tx, CUT, CUT) == expired
