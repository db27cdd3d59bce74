"""What the rows tell as of a cut-off, and that telling it reads no whole table."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.core.conversation import Answer
from bot.core.digest import Placed
from bot.core.pair_facts import PairFacts
from bot.core.sessions import Given, Window
from bot.core.trends import Acknowledged
from bot.store import digest_answers, digest_facts
from bot.store import digests as store
from bot.store.digest_rows import EVERYBODY
from tests.digest_support import CUT, DAY, FROM, HOUR, NEXT, WINDOW
from tests.digest_world import MONDAY, World, open_world
from tests.transactions import reading, writing


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def facts(
    world: World, window: Window = WINDOW, *, depth: int = 12, texts: bool = True
) -> dict[str, PairFacts]:
    async with reading(world.db) as tx:
        found = await digest_facts.facts_of(tx, world.ben, window, depth=depth, texts=texts)
    return {pair.code: pair for pair in found}


def values(pair: PairFacts) -> dict[str, object]:
    (asked,) = pair.asked
    return {given.item: given.value for given in asked.answers}


async def test_answers_chips_and_shared_texts_are_given(world: World) -> None:
    a7 = await world.pair("A7")
    await world.checkin(
        a7, 8, None, 7, 6, 9,
        extra=(Answer("obstacles", ("pace",)), Answer("different", "slower", "raise")),
    )  # fmt: skip
    found = await facts(world)
    (asked,) = found["A7"].asked
    assert asked.answers == (
        Given("different", "slower", "raise"), Given("fit", 9), Given("goals", 7),
        Given("heard", 8), Given("obstacles", ("pace",)), Given("tasks", 6),
    )  # fmt: skip
    assert (asked.on, asked.time, asked.instrument) == (MONDAY, "15:00", "session-alliance/1")


async def test_a_kept_text_never_leaves_the_store(world: World) -> None:
    a7 = await world.pair("A7")
    await world.checkin(a7, 8, 8, 8, 8, 8, extra=(Answer("different", "mine", "keep"),))
    assert "different" not in values((await facts(world))["A7"])


async def test_a_text_is_not_opened_unless_it_is_asked_for(world: World) -> None:
    a7 = await world.pair("A7")
    checkin = await world.checkin(a7, 8, extra=(Answer("different", "slower", "show"),))
    await world.run("UPDATE answer SET value = x'00' WHERE item = 'different'")
    (asked,) = (await facts(world, texts=False))["A7"].asked
    assert Given("different", None, "show") in asked.answers
    assert asked.checkin_id == checkin


async def test_a_correction_after_the_cut_off_leaves_what_stood_at_it(world: World) -> None:
    a7 = await world.pair("A7")
    checkin = await world.checkin(a7, 8, 8, 8, 8, 3, on="2026-11-20", time="10:00")
    await world.correct(checkin, CUT + HOUR, Answer("fit", 5))
    await world.correct(checkin, CUT + 2 * HOUR, Answer("fit", 9), Answer("obstacles", ("pace",)))
    assert values((await facts(world))["A7"])["fit"] == 3
    assert "obstacles" not in values((await facts(world))["A7"])
    following = (await facts(world, NEXT))["A7"]
    assert values(following)["fit"] == 9
    assert values(following)["obstacles"] == ("pace",)
    assert any(map(NEXT.holds, following.asked[0].changed_ats))


async def test_a_correction_before_the_cut_off_counts(world: World) -> None:
    a7 = await world.pair("A7")
    checkin = await world.checkin(a7, 8, 8, 8, 8, 3)
    await world.correct(checkin, CUT - DAY, Answer("fit", 9))
    assert values((await facts(world))["A7"])["fit"] == 9


async def test_a_text_taken_back_or_kept_after_the_cut_off_is_gone_at_once(world: World) -> None:
    a7, b2 = await world.pair("A7"), await world.pair("B2")
    for pair, later in ((a7, ("slower", "keep")), (b2, (None, None))):
        checkin = await world.checkin(
            pair, 8, 8, 8, 8, 8, on="2026-11-20", time="10:00",
            extra=(Answer("different", "slower", "show"),),
        )  # fmt: skip
        await world.correct(checkin, CUT + HOUR, Answer("different", *later))
    found = await facts(world)
    assert "different" not in values(found["A7"])
    assert "different" not in values(found["B2"])


async def test_a_text_shown_only_after_the_cut_off_waits_for_the_next(world: World) -> None:
    a7 = await world.pair("A7")
    checkin = await world.checkin(
        a7, 8, 8, 8, 8, 8, on="2026-11-20", time="10:00",
        extra=(Answer("different", "slower", "keep"),),
    )  # fmt: skip
    await world.correct(checkin, CUT + HOUR, Answer("different", "slower", "raise"))
    assert "different" not in values((await facts(world))["A7"])
    assert values((await facts(world, NEXT))["A7"])["different"] == "slower"


async def test_withheld_answers_are_not_even_opened(world: World) -> None:
    a7 = await world.pair("A7")
    await world.checkin(a7, 2, 2, 2, 2, 2, state="withheld", closed_at=CUT + DAY)
    await world.run("UPDATE answer SET value = x'00'")
    assert values((await facts(world))["A7"]) == {}


async def test_only_this_therapists_pairs_and_no_erased_ones(world: World) -> None:
    dana = await world.person(2, therapist=True)
    await world.checkin(await world.pair("A7"), 8, 8, 8, 8, 8)
    await world.checkin(await world.pair("D4", therapist=dana), 2, 2, 2, 2, 2)
    erased = await world.pair("E5", state="erased")
    await world.run("UPDATE pair SET data_key = NULL WHERE id = :id", id=erased)
    assert set(await facts(world)) == {"A7"}


async def test_what_was_cancelled_is_not_read(world: World) -> None:
    a7 = await world.pair("A7")
    await world.checkin(a7, 8, 8, 8, 8, 8)
    await world.checkin(a7, on="2026-11-18", state="cancelled")
    assert [a.on for a in (await facts(world))["A7"].asked] == [MONDAY]


async def test_what_was_not_asked_has_its_reason(world: World) -> None:
    a7 = await world.pair("A7")
    await world.appointment(a7, asked="not_asked", asked_at=CUT - DAY, not_asked_reason="per_week")
    (asked,) = (await facts(world))["A7"].asked
    assert (asked.state, asked.not_asked_reason) == (None, "per_week")
    assert (await facts(world, NEXT))["A7"].asked == ()


async def test_the_calendar_is_read_as_of_the_cut_off(world: World) -> None:
    a7 = await world.pair("A7")
    await world.checkin(a7, 8, 8, 8, 8, 8)
    await world.run("UPDATE appointment SET state = 'did_not_meet', state_at = :at", at=CUT + 1)
    assert (await facts(world))["A7"].asked[0].calendar_met
    assert not (await facts(world, NEXT))["A7"].asked[0].calendar_met


async def test_the_newest_talk_before_the_cut_off(world: World) -> None:
    a7 = await world.pair("A7")
    for number, (kind, made, raised) in enumerate(
        (("talk", FROM - 7 * DAY, None), ("read", FROM - DAY, None), ("talk", FROM, CUT + 1)), 1
    ):
        await world.insert(
            "digest",
            {"id": number, "therapist_id": world.ben, "number": number, "from_at": 0,
             "cut_at": 0, "made_at": 0},
        )  # fmt: skip
        await world.insert(
            "acknowledgement",
            {"id": number, "digest_id": number, "pair_id": a7, "kind": kind, "made_at": made,
             "raised_at": raised, "reply": "ok", "replied_at": CUT + 1},
        )  # fmt: skip
    talk = (await facts(world))["A7"].talk
    assert talk is not None
    assert (talk.id, talk.reply) == (1, None)
    later = (await facts(world, NEXT))["A7"].talk
    assert later is not None
    assert (later.id, later.reply, later.made_at) == (3, "ok", CUT + 1)


async def test_what_was_said_to_a_week_is_given_as_it_stood_at_the_cut_off(world: World) -> None:
    a7 = await world.pair("A7")
    for number, (made, raised) in enumerate(((FROM - DAY, None), (FROM, CUT + 1)), 1):
        await world.insert(
            "digest",
            {"id": number, "therapist_id": world.ben, "number": number, "from_at": 0,
             "cut_at": number * DAY, "made_at": 0},
        )  # fmt: skip
        await world.insert(
            "acknowledgement",
            {"id": number, "digest_id": number, "pair_id": a7, "made_at": made,
             "kind": "talk", "raised_at": raised},
        )  # fmt: skip
    said = (Acknowledged("talk", DAY), Acknowledged("read", 2 * DAY))
    assert (await facts(world))["A7"].acknowledged == said
    raised_since = (Acknowledged("talk", DAY), Acknowledged("talk", 2 * DAY))
    assert (await facts(world, NEXT))["A7"].acknowledged == raised_since


def mondays(count: int) -> list[str]:
    newest = date(2026, 11, 16)
    return [(newest - timedelta(weeks=back)).isoformat() for back in range(count - 1, -1, -1)]


async def test_the_first_check_ins_are_read_with_the_newest_and_the_hole_is_told(
    world: World,
) -> None:
    a7, b2 = await world.pair("A7"), await world.pair("B2")
    days = mondays(41)
    for on in days:
        await world.checkin(a7, 8, 8, 8, 8, 8, on=on)
    for on in days[-14:]:
        await world.checkin(b2, *((8,) * 5 if on != days[-3] else ()), on=on)
    found = await facts(world, depth=10)
    assert [one.on for one in found["A7"].asked] == [*days[:12], *days[-10:]]
    assert [one.on for one in found["A7"].asked if one.is_after_unseen] == [days[-10]]
    assert [one.on for one in found["B2"].asked] == days[-14:]
    assert not any(one.is_after_unseen for one in found["B2"].asked), "nothing is left out"


async def test_the_first_are_those_of_the_version_that_is_asked_now(world: World) -> None:
    a7 = await world.pair("A7")
    days = mondays(41)
    for on in days:
        await world.checkin(a7, 8, 8, 8, 8, 8, on=on, instrument_version=1 if on < days[20] else 2)
    read = [one.on for one in (await facts(world, depth=5))["A7"].asked]
    assert read == [*days[20:32], *days[-5:]]


@pytest.mark.parametrize(
    "name",
    [
        "PAIRS", "COUNTED", "CHECKINS", "RECENT_CHECKINS", "ANSWERS", "RECENT_ANSWERS", "EARLIER",
        "NOT_ASKED", "TALKS", "ACKNOWLEDGED",
    ],
)  # fmt: skip
async def test_no_whole_table_is_read(world: World, name: str) -> None:
    (*plan,) = await world.rows(
        f"EXPLAIN QUERY PLAN {getattr(digest_facts, name, '') or getattr(digest_answers, name)}",
        therapist_id=world.ben, **EVERYBODY.values, cut_at=CUT, from_at=FROM, since_at=FROM,
        followed_at=FROM, depth=11, first=12, over_at=0,
    )  # fmt: skip
    steps = [row["detail"] for row in plan]
    assert steps
    # These hold at most the rows that their LIMIT lets in.
    bounded = ("SCAN newest", "SCAN first", "SCAN counted")
    assert not [s for s in steps if s.startswith("SCAN") and s not in bounded], steps


async def test_whoever_left_long_ago_is_not_read_for_a_digest(world: World) -> None:
    now_and_then = {"A7": "active", "B2": "ended", "C4": "stopped", "D1": "ended", "E9": "paused"}
    for code, state in now_and_then.items():
        pair = await world.pair(code, state=state)
        await world.checkin(pair, 8, 8, 8, 8, 8, on="2026-01-12")
        at = FROM + 1 if code == "D1" else FROM
        column = {"ended": "ended_at", "stopped": "stopped_at"}.get(state)
        if column:
            await world.run(f"UPDATE pair SET {column} = :at WHERE id = :id", at=at, id=pair)
    async with reading(world.db) as tx:
        read = await digest_facts.facts_of(
            tx, world.ben, WINDOW, depth=11, texts=False, over_at=FROM
        )
    assert {pair.code for pair in read} == {"A7", "D1", "E9"}
    assert set(await facts(world)) == now_and_then.keys(), "where nothing is said, all are read"


async def test_a_long_history_is_not_counted_to_its_end(world: World) -> None:
    a7 = await world.pair("A7")
    for on in mondays(30):
        await world.checkin(a7, 8, 8, 8, 8, 8, on=on)
    (row,) = await world.rows(
        digest_facts.COUNTED,
        therapist_id=world.ben, **EVERYBODY.values, cut_at=CUT, depth=5, first=12, over_at=0,
    )  # fmt: skip
    assert row["checkins"] == 5 + 12 + 1


async def test_where_a_usual_begins_anew_is_found_by_its_index(world: World) -> None:
    plan = await world.rows(
        f"EXPLAIN QUERY PLAN {digest_facts.CHECKINS}",
        therapist_id=world.ben, **EVERYBODY.values, cut_at=CUT, depth=11, first=12, over_at=0,
    )  # fmt: skip
    assert any("checkin_anew" in row["detail"] for row in plan), [row["detail"] for row in plan]


async def test_the_first_are_those_from_where_the_usual_begins_anew(world: World) -> None:
    a7 = await world.pair("A7")
    days = mondays(41)
    for on in days:
        anew_at = FROM if on == days[7] else CUT + 1 if on == days[20] else None
        await world.checkin(a7, 8, 8, 8, 8, 8, on=on, anew_at=anew_at)
    found = (await facts(world, depth=5))["A7"].asked
    assert [one.on for one in found] == [*days[7:19], *days[-5:]]
    assert [one.on for one in found if one.begins_anew] == [days[7]], "the later one is not yet"


async def test_the_weekly_check_reads_therapists_and_looks_the_rest_up(world: World) -> None:
    plan = await world.rows(f"EXPLAIN QUERY PLAN {store.CANDIDATES}")
    scans = [row["detail"] for row in plan if row["detail"].startswith("SCAN")]
    assert scans in (["SCAN therapist"], ["SCAN role"])


async def test_a_cut_off_is_moved_once(world: World) -> None:
    async with writing(world.db) as tx:
        (weekly,) = await store.weekly_hours(tx, world.ben)
        assert await store.advance(tx, world.ben, weekly.cut_at, CUT, made=True) == 1
        assert await store.advance(tx, world.ben, weekly.cut_at, CUT, made=True) is None


async def test_a_former_therapist_is_no_candidate(world: World) -> None:
    await world.run("UPDATE role SET ended_at = 1")
    async with reading(world.db) as tx:
        assert await store.weekly_hours(tx) == []


async def test_the_acknowledging_statement_itself_names_the_therapist(world: World) -> None:
    a7 = await world.pair("A7")
    dana = await world.person(2, therapist=True)
    place = Placed(a7, 1, 1, "calm")
    async with writing(world.db) as tx:
        await store.add_digest(
            tx, id=5, therapist_id=world.ben, number=1, from_at=FROM, cut_at=CUT, now=CUT,
            places=[place],
        )  # fmt: skip
        tap = {"digest_id": 5, "pair_id": a7, "now": CUT}
        assert await store.acknowledge(tx, id=6, therapist_id=dana, kind="talk", **tap) is None
        assert await store.acknowledge(tx, id=7, therapist_id=world.ben, kind="talk", **tap) == 7
        assert await store.places_of(tx, 5) == (place,)


async def test_the_first_of_a_version_are_found_by_their_index(world: World) -> None:
    """Else each digest would walk all that was asked with the version before."""
    plan = await world.rows(
        f"EXPLAIN QUERY PLAN {digest_facts.CHECKINS}",
        therapist_id=world.ben, **EVERYBODY.values, cut_at=CUT, depth=11, first=12, over_at=0,
    )  # fmt: skip
    found = "SEARCH one USING INDEX checkin_of_version (pair_id=? AND instrument=?"
    assert any(row["detail"].startswith(found) for row in plan), [row["detail"] for row in plan]
