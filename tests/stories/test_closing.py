"""What therapists open closes by itself, and older digests collapse: nothing new arrives for it."""

from __future__ import annotations

from world import Human, World

from tests.stories.test_redacting import (
    at,
    digest_of,
    erases,
    given_up,
    news,
    owed,
    seen_at,
    told,
)
from tests.stories.test_relinking_own import renews

LINE = "Week 45\nOpen"


async def next_week(world: World, anna: Human) -> None:
    """Let a newer digest arrive, in which Anna is well, and the older one collapse."""
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    await world.until("Fri 17:00")


async def test_details_close_a_quarter_of_an_hour_after_the_last_tap(world: World) -> None:
    _, ben, _ = await told(world)
    digest, before = digest_of(ben), news(world, ben)
    page = at(ben, digest)
    await ben.opens("A7")
    assert "Week" not in at(ben, digest)
    await world.later(minutes=14)
    await ben.taps("What is usual", seen_at(ben, digest))
    usual = at(ben, digest)
    await world.later(minutes=14)
    assert at(ben, digest) == usual, "a tap prolongs"
    await world.later(minutes=1)
    assert at(ben, digest) == page
    assert (news(world, ben), await owed(world)) == (before, 0)
    assert await given_up(world) == []


async def test_a_tap_for_another_message_prolongs_as_well(world: World) -> None:
    _, ben, _ = await told(world)
    digest = digest_of(ben)
    await ben.opens("A7")
    details = at(ben, digest)
    for label in ("Picture", "Wrong client"):
        await world.later(minutes=10)
        await ben.taps(label, seen_at(ben, digest))
    await world.later(minutes=10)
    assert at(ben, digest) == details
    await world.later(minutes=5)
    assert "Week 45" in at(ben, digest)


async def test_what_is_acknowledged_meanwhile_stands_on_the_page(world: World) -> None:
    _, ben, _ = await told(world)
    digest = digest_of(ben)
    await ben.opens("A7")
    await ben.taps("Let's talk about it", seen_at(ben, digest))
    page = at(ben, digest)
    assert "Week 45" in page
    await world.later(minutes=20)
    assert at(ben, digest) == page


async def test_an_older_digest_collapses_and_opens_in_place(world: World) -> None:
    anna, ben, _ = await told(world)
    first = digest_of(ben)
    page = at(ben, first)
    await next_week(world, anna)
    newest, before = digest_of(ben), news(world, ben)
    assert at(ben, first) == page
    await world.later(minutes=15)
    assert at(ben, first) == LINE
    assert "Open" not in seen_at(ben, newest).labels, "the newest never collapses"
    await ben.taps("Open", seen_at(ben, first))
    assert at(ben, first) == page
    await world.later(minutes=10)
    await ben.taps("A7 · Details", seen_at(ben, first))
    assert "Week" not in at(ben, first)
    await ben.taps("Read", seen_at(ben, first))
    assert "A7 · Read" not in at(ben, first), "Read works as ever"
    await world.later(minutes=14)
    assert at(ben, first) != LINE
    await world.later(minutes=1)
    assert at(ben, first) == LINE
    assert (news(world, ben), await owed(world)) == (before, 0)


async def test_whoever_reads_the_older_one_as_the_newer_comes_may_go_on(world: World) -> None:
    anna, ben, _ = await told(world)
    first = digest_of(ben)
    await next_week(world, anna)
    await world.later(minutes=10)
    await ben.taps("A7 · Read", seen_at(ben, first))
    await world.later(minutes=14)
    assert at(ben, first) != LINE
    await world.later(minutes=1)
    assert at(ben, first) == LINE
    assert await owed(world) == 0


async def test_one_that_collapsed_unopened_counts_as_unopened(world: World) -> None:
    anna, ben, _ = await told(world)
    first = digest_of(ben)
    await next_week(world, anna)
    await world.later(minutes=20)
    assert at(ben, first) == LINE
    (opened, _) = await world.rows("SELECT opened_at FROM digest ORDER BY number")
    assert opened == (None,)
    await world.until("Mon 17:00")
    assert ben.sees("The last 2 weekly digests have not been opened yet.")
    await ben.taps("Open", seen_at(ben, first))
    ((opened_at,), _) = await world.rows("SELECT opened_at FROM digest ORDER BY number")
    assert opened_at is not None


async def test_each_page_of_an_older_digest_collapses_to_its_own_line(world: World) -> None:
    codes = [f"B{number}" for number in range(10, 34)]
    for number, code in enumerate(codes):
        await world.pair(f"Client {number}", "Ben", code=code, meets="Mon 15:00")
    ben = world.human("Ben")
    await world.until("Mon 16:20")
    for number in range(len(codes)):
        await world.human(f"Client {number}").checks_in(2, 2, 2, 2, 2)
    await world.until("Fri 17:00")
    pages = [s for s in ben.phone.chat if s.from_bot and "page " in (s.text or "")]
    assert len(pages) > 1
    texts = [at(ben, page) for page in pages]
    await world.until("Fri 17:00")
    await world.later(minutes=16)
    for number, page in enumerate(pages, 1):
        assert at(ben, page) == f"Week 45 · page {number} of 3\nOpen"
    await ben.taps("Open", seen_at(ben, pages[1]))
    assert at(ben, pages[1]).splitlines()[0] == texts[1].splitlines()[0]
    assert at(ben, pages[0]) == "Week 45 · page 1 of 3\nOpen"


async def test_details_beside_digests_close_to_a_line_that_opens_them_again(world: World) -> None:
    _, ben, _ = await told(world)
    await world.until("Mon 14:00")
    await ben.types("/today")
    day = ben.phone.last
    shown = at(ben, day)
    await ben.opens("A7")
    details = ben.phone.last
    text, before = at(ben, details), news(world, ben)
    await world.later(minutes=15)
    assert at(ben, details) == "A7 · closed\nOpen"
    assert at(ben, day) == shown, "the day stays"
    await ben.taps("Open", seen_at(ben, details))
    assert at(ben, details) == text
    assert news(world, ben) == before
    await world.later(minutes=15)
    assert at(ben, details) == "A7 · closed\nOpen"
    assert await owed(world) == 0


async def test_pictures_go(world: World) -> None:
    anna, ben, _ = await told(world)
    await ben.taps("Pictures", digest_of(ben))
    picture = ben.phone.last
    await ben.taps("Pictures", digest_of(ben))
    taken_away = ben.phone.last
    await ben.taps("Close", taken_away)
    await world.later(minutes=15)
    assert picture.photo is not None
    assert picture.message_id not in {seen.message_id for seen in ben.phone.chat}
    assert await owed(world) == 0
    assert (await world.rows("SELECT DISTINCT telegram_message FROM shown")) == [
        (taken_away.message_id,)
    ]
    world.to_be_refused.add("Bad Request: message to delete not found")
    await erases(anna)
    assert await given_up(world) == []


async def test_a_picture_that_cannot_be_taken_away_at_the_tap_goes_in_its_time(
    world: World,
) -> None:
    _, ben, _ = await told(world)
    await ben.taps("Pictures", digest_of(ben))
    picture = ben.phone.last
    world.stage.emulator.faults.add("status", status=502, method="deleteMessage", chat=ben.phone.id)
    await ben.taps("Close", picture)
    assert seen_at(ben, picture).photo is not None
    await world.later(minutes=15)
    assert picture.message_id not in {seen.message_id for seen in ben.phone.chat}
    assert await owed(world) == 0
    assert await given_up(world) == []


async def test_what_is_due_while_nothing_runs_is_done_at_the_next_start(world: World) -> None:
    anna, ben, _ = await told(world)
    first = digest_of(ben)
    page = at(ben, first)
    await ben.opens("A7")
    stage = world.stage
    await stage.close()
    stage.clock.advance_to(stage.clock.now() + 3 * 3_600_000)
    await stage.open()
    await world.step()
    assert at(ben, first) == page
    await next_week(world, anna)
    await world.stage.restart()
    await world.later(minutes=15)
    assert at(ben, first) == LINE


async def test_what_telegram_puts_off_is_closed_later_and_what_it_refuses_is_noted(
    world: World,
) -> None:
    _, ben, _ = await told(world)
    digest = digest_of(ben)
    page = at(ben, digest)
    await ben.opens("A7")
    world.stage.emulator.faults.add(
        "status", status=429, retry_after=3, method="editMessageText", chat=ben.phone.id
    )
    await world.later(minutes=16)
    await world.later(minutes=2)
    assert at(ben, digest) == page
    await ben.opens("A7")
    ben.phone.delete(seen_at(ben, digest))
    world.to_be_refused.add("Bad Request: message to edit not found")
    before = news(world, ben)
    await world.later(minutes=16)
    assert (news(world, ben), await owed(world)) == (before, 0)
    assert await given_up(world) == []
    said = await world.rows("SELECT act FROM audit WHERE act LIKE 'not closed%'")
    assert said == [("not closed: refused",)]


async def test_an_erasure_goes_before_what_closes(world: World) -> None:
    anna, ben, _ = await told(world)
    first = digest_of(ben)
    await ben.types("/clients")
    await world.until("Mon 14:00")
    await ben.types("/today")
    await ben.opens("A7")
    details = ben.phone.last
    await next_week(world, anna)
    await ben.taps("Open", seen_at(ben, details))
    await world.later(minutes=15)
    assert at(ben, first) == LINE
    await ben.taps("Open", seen_at(ben, first))
    await ben.taps("Open", seen_at(ben, details))
    await erases(anna)
    assert at(ben, first) == LINE
    assert at(ben, details) == "What stood here has been erased."
    await world.later(minutes=30)
    assert at(ben, details) == "What stood here has been erased."
    assert await owed(world) == 0
    await ben.taps("Open", seen_at(ben, first))
    assert "A7" not in at(ben, first)


async def test_in_a_new_account_an_older_digest_collapses_too(world: World) -> None:
    anna, ben, _ = await told(world)
    await next_week(world, anna)
    await ben.opens("A7")
    new = await renews(world)
    first, second = [s for s in new.phone.chat if "Week " in (s.text or "")]
    await world.later(minutes=16)
    assert at(new, first) == LINE
    assert "A7" in at(new, second)
    assert "A7" not in ben.everything.split("Week")[-1]
    assert await owed(world) == 0


async def test_one_message_that_shows_now_a_digest_and_now_details_closes_as_the_last(
    world: World,
) -> None:
    """A button of one is pressed where another phone shows the other already."""
    _, ben, _ = await told(world)
    await ben.opens("A7")
    of_digest = next(one for one in world.pushed(ben) if one.startswith("details."))
    await world.until("Mon 14:00")
    await ben.types("/today")
    await ben.opens("A7")
    beside = ben.phone.last
    assert await ben.forges(of_digest) == [""]
    await world.later(minutes=16)
    assert "Week 45" in at(ben, beside)

    await ben.types("/today")
    await ben.opens("A7")
    beside = ben.phone.last
    await world.later(minutes=16)
    (reopens,) = seen_at(ben, beside).tappable
    assert await ben.forges(of_digest, reopens) == ["", ""]
    await world.later(minutes=16)
    assert at(ben, beside) == "A7 · closed\nOpen"
    assert await owed(world) == 0
