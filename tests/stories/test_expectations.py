"""Hope, confidence and worth: asked about once, from the fifth session that took place."""

from __future__ import annotations

from world import Human, World

DID_NOT_MEET = "We did not meet"
WORTH = "Does this feel worth the time, effort and cost right now?"


async def until_fifth(world: World, *before: int) -> tuple[Human, Human]:
    """Let four sessions pass, then the five ratings of the fifth."""
    anna, ben = await world.pair("Anna", "Ben")
    if before:
        await anna.taps("Answer now (three questions)")
        await anna.answers(*before)
        await anna.taps("Better")
    await world.meets(ben, "A7", "Mon 15:00")
    for _ in range(4):
        await world.until("Mon 16:20")
        await anna.checks_in(8, 8, 8, 8, 8)
        assert WORTH not in anna.everything
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    return anna, ben


async def test_they_are_asked_in_place_of_the_open_question_and_told(world: World) -> None:
    anna, ben = await until_fifth(world, 7, 6)
    assert "How hopeful are you now" in anna.screen
    await anna.answers(8, 6)
    assert WORTH in anna.screen
    await anna.taps("‹ Back")
    assert "· 6 ·" in anna.phone.last.labels
    await anna.taps("Keep it ›")
    await anna.answers(7)
    assert "Thank you." in anna.screen
    await world.until("Fri 17:00")
    assert "hope 7 → 8, confidence 6 → 6, worth it 7" in ben.screen
    assert "8.0" in ben.screen, "the score is of the five items"
    await ben.opens("A7")
    assert "hope 7 → 8, confidence 6 → 6, worth it 7" in ben.screen
    await anna.types("/history")
    assert "worth it 7" in anna.screen
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    assert "One thing to do differently next time?" in anna.screen, "once, and then no more"


async def test_skipping_is_an_answer_and_is_not_asked_again(world: World) -> None:
    anna, ben = await until_fifth(world)
    await anna.taps("Skip ›")
    await anna.answers(5)
    await anna.taps("Skip ›")
    assert "Thank you." in anna.screen
    await world.until("Fri 17:00")
    assert "confidence 5" in ben.screen
    assert "→" not in ben.screen, "nothing was said before"
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    assert "How hopeful" not in anna.screen


async def test_a_session_that_did_not_take_place_does_not_count(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.taps(DID_NOT_MEET)
    for _ in range(4):
        await world.until("Mon 16:20")
        await anna.checks_in(8, 8, 8, 8, 8)
        assert "How hopeful" not in anna.everything
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    assert "How hopeful are you now" in anna.screen


async def test_who_was_silent_is_asked_the_next_time(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    for _ in range(4):
        await world.until("Mon 16:20")
        await anna.checks_in(8, 8, 8, 8, 8)
    await world.until("Thu 16:20")
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    assert "How hopeful are you now" in anna.screen
