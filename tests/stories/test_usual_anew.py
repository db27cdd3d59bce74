"""After a long break, or with another focus, Ben lets what is usual for Anna begin anew."""

from __future__ import annotations

from world import Human, World

HIGH, LOWER = (9, 9, 9, 9, 9), (7, 7, 7, 7, 7)
MEANS = "later ones are compared with each other only"


async def weeks(world: World, *weeks: tuple[int, ...]) -> tuple[Human, Human]:
    """Let Anna check in every Monday and Ben get his digests."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    for numbers in weeks:
        await world.until("Mon 16:20")
        await anna.checks_in(*numbers)
        await world.until("Fri 17:00")
    return anna, ben


async def begins_anew(ben: Human, on: str) -> None:
    """Let Ben begin anew with a session."""
    await ben.opens("A7")
    await ben.taps("What is usual")
    await ben.taps(f"From {on}")


async def test_from_then_on_scores_are_compared_with_each_other_only(world: World) -> None:
    anna, ben = await weeks(world, HIGH, HIGH, LOWER)
    assert "clearly below usual: a possible rupture" in ben.screen
    await ben.opens("A7")
    assert "usual 9.0" in ben.screen
    await ben.taps("What is usual")
    assert MEANS in ben.screen
    assert not any("Take back" in label for label in ben.phone.last.labels)
    await ben.taps("From Mon, Nov 16")
    assert "usual begun anew on Mon, Nov 16" in ben.screen
    await ben.taps("‹ Back")
    assert "too few to say what is usual" in ben.screen
    assert "usual begun anew on Mon, Nov 16" in ben.screen
    assert "Fall of" not in ben.screen

    await world.until("Mon 16:20")
    await anna.checks_in(*LOWER)
    await world.until("Fri 17:00")
    assert "Nothing stands out; 1 of 1 answered." in ben.screen
    assert "usual begun anew on Mon, Nov 16" in ben.screen
    assert not anna.sees("anew")


async def test_it_is_taken_back_and_everything_is_as_before(world: World) -> None:
    _, ben = await weeks(world, HIGH, HIGH, LOWER)
    await ben.opens("A7")
    before = ben.screen
    await ben.taps("‹ Back")
    digest = ben.screen
    await begins_anew(ben, "Mon, Nov 16")
    await ben.taps("Take back: Mon, Nov 16")
    assert "usual begun anew" not in ben.screen
    await ben.taps("‹ Back")
    assert ben.screen == before
    await ben.taps("‹ Back")
    assert ben.screen == digest


async def test_a_digest_that_was_made_before_stays_as_it_was(world: World) -> None:
    _, ben = await weeks(world, HIGH, HIGH, LOWER)
    digest = ben.screen
    await world.later(minutes=1)
    await begins_anew(ben, "Mon, Nov 16")
    await ben.taps("‹ Back")
    await ben.taps("‹ Back")
    assert ben.screen == digest


async def test_it_is_audited(world: World) -> None:
    _, ben = await weeks(world, HIGH, LOWER)
    await begins_anew(ben, "Mon, Nov 9")
    await ben.taps("Take back: Mon, Nov 9")
    rows = await world.rows(
        "SELECT act, object_kind FROM audit WHERE act LIKE 'usual%' ORDER BY at, act"
    )
    assert rows == [("usual begun anew", "checkin"), ("usual begun anew undone", "checkin")]


async def test_what_nobody_answered_is_not_offered(world: World) -> None:
    _, ben = await weeks(world, HIGH)
    await world.until("Fri 17:00")
    await ben.opens("A7")
    await ben.taps("What is usual")
    offered = [label for label in ben.phone.last.labels if label.startswith("From ")]
    assert offered == ["From Mon, Nov 2"]


async def test_the_client_is_asked_by_the_new_usual(world: World) -> None:
    """A six is a fall of three against nines, and none against the sevens since."""
    anna, ben = await weeks(world, HIGH, HIGH, LOWER, LOWER)
    await begins_anew(ben, "Mon, Nov 16")
    await world.until("Mon 16:20")
    await anna.answers(6, 6, 6, 6, 6)
    assert "get in the way" not in anna.screen
