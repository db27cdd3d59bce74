"""What meets only rarely: a lost server amid a handover, or after a change of account."""

from __future__ import annotations

from world import World

from tests.stories.test_handover import ASK, practice, starts
from tests.stories.test_lost_server import backed_up, restored, resumed

GONE = "it is gone: the practice's server had a fault."


async def test_who_is_asked_anew_about_going_on_reads_that_the_answer_was_lost(
    world: World,
) -> None:
    """Nobody says no or yes, is asked the same again, and is left to wonder what became of it."""
    anna, _, _ = await practice(world)
    await world.later(hours=49)
    await starts(world)
    backup = await backed_up(world)
    await world.later(hours=26)
    assert ASK in anna.screen
    assert GONE not in anna.screen
    await anna.taps("No, thank you")
    await restored(world, backup)
    await resumed(world)
    await world.later(hours=2)
    assert ASK in anna.screen
    assert anna.screen.count(GONE) == 1
    # Whoever has read it there does not read it again.
    dana = await world.therapist("Dana")
    await world.later(hours=24 * 8)
    again = anna.sees("I ask this once more, and then no more.")
    assert again is not None
    assert GONE not in (again.text or "")
    assert dana is world.dana
