"""Of a digest no more is read than is shown, and what is shown is what stands in the rows now.

1. The counts of what is new alone are those of everybody with all their history.
2. A page opens nobody's answers but those of the pairs on it; the first one also what is counted.
3. What is withheld or erased on another page is out of the counts with the next tap.
4. A baseline is whole, also where some of the first check-ins have no score.
5. Of whoever left long ago no row is read: a practice has ever more of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.conversation import Answer
from bot.core.digest import Digest
from bot.core.entries import entry_of
from bot.core.errors import Refused
from bot.services.digest_pages import DigestPage
from bot.store import digest_facts
from bot.store.database import Transaction
from bot.store.digest_rows import Among
from bot.store.vault import Altered
from tests.digest_support import CUT, DAY, FROM, HOUR, INSTRUMENT, NEXT, WINDOW
from tests.digest_world import MONDAY, World, open_world
from tests.transactions import reading

CALM = (8, 8, 8, 8, 8)
LOW = (8, 8, 8, 8, 4)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def both(world: World, window: object) -> tuple[Digest, Digest]:
    """Everybody's digest with all history, and the one that only counts."""
    async with reading(world.db) as tx:
        given = tx, world.ben, window, Among()
        read = world.digests.reading
        return await read.judged(*given), await read.counted(*given)  # type: ignore[arg-type]


async def a_little_of_everything(world: World) -> None:
    """One pair for each thing that can become of a check-in, each with a past."""
    last = "2026-11-09"

    async def past(code: str, state: str = "active") -> int:  # fmt: skip
        pair = await world.pair(code, state=state)
        for on in ("2026-10-05", "2026-10-12", "2026-10-19"):
            await world.checkin(pair, *CALM, on=on)
        return pair

    await past("A0")
    await world.checkin(await past("A1"), *CALM)
    await world.checkin(await past("A2"), *LOW, extra=(Answer("different", "slower", "show"),))
    await world.checkin(await past("A3"), 8, 8, state="expired")
    await world.checkin(await past("A4"), on=MONDAY)
    await world.checkin(await past("A5"), *CALM, state="withheld", closed_at=CUT - HOUR)
    await world.checkin(
        await past("A6"), on="2026-11-20", time="12:00", state="open", closed_at=None
    )
    await world.checkin(await past("A7"), state="did_not_meet", closed_at=CUT - DAY)
    conflict = await world.checkin(await past("A8"), *CALM)
    await world.run(
        "UPDATE appointment SET state = 'cancelled', state_at = :at WHERE id ="
        " (SELECT appointment_id FROM checkin WHERE id = :id)", at=CUT - DAY, id=conflict,
    )  # fmt: skip
    await world.checkin(await past("A9"), state="undeliverable", sent_at=None, closed_at=CUT - DAY)
    await world.appointment(
        await past("B0"), asked="not_asked", asked_at=CUT - DAY, not_asked_reason="cap"
    )
    late = await world.checkin(await past("B1"), *CALM, on="2026-11-13", time="14:00")
    await world.correct(late, FROM + HOUR, Answer("fit", 3))
    gone = await past("B2", "stopped")
    await world.run("UPDATE pair SET stopped_at = :at WHERE id = :id", at=CUT - DAY, id=gone)
    # Taken back after a digest had shown it, and asked long before it was over.
    await world.checkin(await past("B3"), *CALM, on=last, state="withheld", closed_at=FROM + HOUR)
    await world.checkin(
        await past("B4"), *CALM[:3], on=last, closes_at=FROM + HOUR, closed_at=FROM + HOUR
    )
    await world.checkin(
        await past("B5"), on="2026-10-26", state="did_not_meet", closed_at=CUT - HOUR
    )
    # Its time was over before the digest begins, and nobody has closed it yet.
    await world.checkin(
        await past("B6"), *CALM, on=last, state="open", closes_at=FROM, closed_at=None,
        completed_at=FROM,
    )  # fmt: skip


async def test_what_is_new_is_counted_without_the_past(world: World) -> None:
    await a_little_of_everything(world)
    for window in (WINDOW, NEXT):
        whole, counted = await both(world, window)
        assert counted.counts == whole.counts
        assert {e.code for e in counted.entries} == {e.code for e in whole.entries}
        for one in counted.entries:
            (full,) = [entry for entry in whole.entries if entry.pair_id == one.pair_id]
            assert one.can_be_acknowledged == full.can_be_acknowledged
    whole, _ = await both(world, WINDOW)
    assert len(whole.entries) == 16, "A0 has nothing new"
    counts = whole.counts
    assert (counts.answered, counts.started, counts.silent, counts.withheld) == (3, 2, 1, 2)
    assert (counts.open, counts.did_not_meet, counts.undelivered, counts.not_asked) == (1, 3, 1, 1)


async def test_a_baseline_is_read_whole_where_the_first_have_no_scores(world: World) -> None:
    days = [(date(2026, 11, 16) - timedelta(weeks=back)).isoformat() for back in range(40, -1, -1)]
    a7, b2 = await world.pair("A7"), await world.pair("B2")
    for place, on in enumerate(days):
        score = 7 + place % 3
        skips = place in (1, 3)
        await world.checkin(a7, *((score, score) if skips else (score,) * 5), on=on)
        await world.checkin(b2, *(score,) * 5, on=on)
    async with reading(world.db) as tx:
        facts = await world.digests.reading.facts(tx, world.ben, WINDOW)
    read = {pair.code: [one.on for one in pair.asked] for pair in facts}
    assert read["A7"] == [*days[:12], *days[-22:]]
    assert read["B2"] == [*days[:6], *days[-22:]]
    whole, _ = await both(world, WINDOW)
    for one in whole.entries:
        assert one.limits is not None
    async with reading(world.db) as tx:
        more = await digest_facts.facts_of(tx, world.ben, WINDOW, depth=22, first=19, texts=False)
    for pair in more:
        full = entry_of(pair, WINDOW, INSTRUMENT)
        (here,) = [entry for entry in whole.entries if entry.pair_id == pair.pair_id]
        assert full is not None
        assert (here.limits, here.usual, here.reasons) == (full.limits, full.usual, full.reasons)


async def left_long_ago(world: World) -> int:
    """A pair with a row of everything that a digest reads."""
    pair = await world.pair("Z9")
    await world.checkin(pair, *CALM, on="2026-06-01")
    met = await world.checkin(pair, *CALM, on=MONDAY)
    await world.appointment(
        pair, asked="not_asked", asked_at=CUT - DAY, not_asked_reason="cap", on="2026-11-17"
    )
    await world.insert("mirror_rating", {"checkin_id": met, "item": "heard", "rated_at": CUT - DAY})
    assert await world.making.make_one()
    await world.digests.acknowledge(world.ben, await world.newest_digest(), pair, "talk")
    await world.run("UPDATE acknowledgement SET made_at = :at", at=CUT - DAY)
    return pair


@pytest.mark.parametrize("left_at", [CUT - DAY, CUT - 100 * DAY])
async def test_of_whoever_left_long_ago_no_row_is_read(
    world: World, monkeypatch: pytest.MonkeyPatch, left_at: int
) -> None:
    left = await left_long_ago(world)
    await world.checkin(await world.pair("A7"), *CALM)
    await world.run(
        "UPDATE pair SET state = 'ended', ended_at = :at WHERE id = :id", at=left_at, id=left
    )
    read: list[str] = []

    def listen(name: str) -> None:
        asked = getattr(Transaction, name)

        async def heard(tx: Transaction, sql: str, **values: object) -> list[Any]:
            rows: list[Any] = await asked(tx, sql, **values)
            if any(left in (row.values() if isinstance(row, dict) else tuple(row)) for row in rows):
                read.append(sql)
            return rows

        monkeypatch.setattr(Transaction, name, heard)

    listen("all")
    listen("tuples")
    async with reading(world.db) as tx:
        facts = await world.digests.reading.facts(tx, world.ben, WINDOW)
    codes = {pair.code for pair in facts}
    if left_at == CUT - DAY:
        assert codes == {"A7", "Z9"}
        what = "pair, check-ins, their number, not asked, talk, acknowledgements, guesses"
        assert len(read) == 7, what
    else:
        assert codes == {"A7"}
        assert read == []


async def pages(world: World) -> tuple[int, list[int]]:
    """A digest of twelve who all stand out, so that it has two pages; its pairs in order."""
    for number in range(12):
        pair = await world.pair(f"A{number:02}")
        for on in ("2026-10-05", MONDAY):
            await world.checkin(pair, *LOW, on=on)
    assert await world.making.make_one()
    digest = await world.newest_digest()
    rows = await world.rows("SELECT pair_id, page FROM digest_entry ORDER BY place")
    assert {row["page"] for row in rows} == {1, 2}
    return digest, [row["pair_id"] for row in rows]


async def spoil(world: World, *pairs: int, on: str) -> None:
    """Let nobody be able to open what some answered about a day."""
    for pair in pairs:
        await world.run(
            "UPDATE answer SET value = x'00' WHERE checkin_id IN (SELECT checkin.id FROM checkin"
            " JOIN appointment ON appointment.id = checkin.appointment_id"
            " WHERE checkin.pair_id = :pair AND appointment.local_on = :on)",
            pair=pair,
            on=on,
        )


async def shown(world: World, digest: int, page: int) -> DigestPage:
    return await world.digests.show(world.ben, digest, page)


async def test_a_page_opens_nobodys_answers_but_those_on_it(world: World) -> None:
    digest, pairs = await pages(world)
    first, second = pairs[:8], pairs[8:]
    await spoil(world, *first, on="2026-10-05")
    await spoil(world, *first, on=MONDAY)
    assert [e.pair_id for e in (await shown(world, digest, 2)).expanded] == second
    with pytest.raises(Altered):
        await shown(world, digest, 1)


async def test_the_first_page_opens_nobodys_past_but_theirs_on_it(world: World) -> None:
    digest, pairs = await pages(world)
    await spoil(world, *pairs[8:], on="2026-10-05")
    page = await shown(world, digest, 1)
    assert [e.pair_id for e in page.expanded] == pairs[:8]
    assert page.head is not None
    assert (page.head.counts.answered, page.head.counts.asked) == (12, 12)
    with pytest.raises(Altered):
        await shown(world, digest, 2)


async def test_an_acknowledgement_opens_no_past_at_all(world: World) -> None:
    digest, pairs = await pages(world)
    await spoil(world, *pairs, on="2026-10-05")
    await spoil(world, *pairs[1:], on=MONDAY)
    done = await world.digests.acknowledge(world.ben, digest, pairs[0], "talk")
    assert (done.code, done.page, done.changed) == ("A00", 1, True)


async def test_what_changes_on_another_page_is_counted_with_the_next_tap(world: World) -> None:
    digest, pairs = await pages(world)
    await world.run(
        "UPDATE checkin SET state = 'withheld', closed_at = :at WHERE pair_id = :pair",
        at=CUT + HOUR,
        pair=pairs[8],
    )
    await world.run("UPDATE pair SET state = 'erased', data_key = NULL WHERE id = :id", id=pairs[9])
    head = (await shown(world, digest, 1)).head
    assert head is not None
    assert (head.counts.answered, head.counts.withheld, head.counts.asked) == (10, 1, 11)
    assert head.counts.clients == 11
    assert pairs[9] not in [e.pair_id for e in (await shown(world, digest, 2)).expanded]


async def test_what_stands_out_on_a_later_page_is_not_denied_on_the_first(world: World) -> None:
    digest, pairs = await pages(world)
    everybody = ", ".join(str(pair) for pair in pairs[:8])
    await world.run(
        "UPDATE checkin SET state = 'withheld', closed_at = :at"
        f" WHERE pair_id IN ({everybody})", at=CUT + HOUR,
    )  # fmt: skip
    head = (await shown(world, digest, 1)).head
    assert head is not None
    assert head.stands_out
    await world.run("UPDATE pair SET state = 'erased', data_key = NULL")
    with pytest.raises(Refused, match="digest_gone"):
        await shown(world, digest, 1)
    with pytest.raises(Refused, match="digest_gone"):
        await shown(world, digest, 2)


async def test_where_nothing_stood_out_later_pages_do_not_say_so(world: World) -> None:
    for number in range(9):
        pair = await world.pair(f"A{number}", state="stopped")
        await world.run("UPDATE pair SET stopped_at = :at WHERE id = :id", at=CUT - DAY, id=pair)
        await world.checkin(pair, *CALM)
    assert await world.making.make_one()
    digest = await world.newest_digest()
    assert len((await shown(world, digest, 2)).expanded) == 1
    head = (await shown(world, digest, 1)).head
    assert head is not None
    assert (head.stands_out, head.counts.answered) == (False, 9)
