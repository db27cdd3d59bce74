"""Pictures of scores: drawn on request, for whom they are, and taken away again."""

from __future__ import annotations

from pathlib import Path

import pytest
from world import Human, World

from bot import pictures

PNG = b"\x89PNG\r\n\x1a\n"
REFUSED = "This is not one of yours, or it is no longer here."


async def two_weeks(world: World) -> tuple[Human, Human]:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    for numbers in ((9, 9, 9, 9, 9), (8, 8, 4, 8, 8)):
        await world.until("Mon 16:20")
        await anna.checks_in(*numbers)
        await world.until("Fri 17:00")
    return anna, ben


async def test_a_digest_is_drawn_and_the_picture_closed_again(world: World) -> None:
    _, ben = await two_weeks(world)
    before = ben.everything
    await ben.taps("Pictures")
    drawn = ben.phone.last
    assert drawn.photo is not None
    assert drawn.photo.startswith(PNG)
    assert drawn.labels == ["Close"]
    await ben.taps("Close", drawn)
    assert ben.phone.last.photo is None
    assert ben.everything == before


async def test_one_client_is_drawn_from_details(world: World) -> None:
    _, ben = await two_weeks(world)
    await ben.opens("A7")
    await ben.taps("Picture")
    assert ben.phone.last.photo is not None
    acts = await world.rows("SELECT act FROM audit WHERE act = 'details opened'")
    assert len(acts) == 2, "looking at the picture is looking at the details"


async def test_a_client_sees_the_own_scores_drawn(world: World) -> None:
    anna, _ = await two_weeks(world)
    await anna.types("/history")
    await anna.taps("Picture")
    assert anna.phone.last.photo is not None
    await anna.taps("Close")
    assert anna.phone.last.photo is None


async def test_without_a_score_there_is_nothing_to_draw(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Fri 17:00")
    assert "Pictures" not in ben.phone.last.labels
    await anna.types("/history")
    assert "Picture" not in anna.phone.last.labels


async def test_nobody_else_has_a_picture_drawn(world: World) -> None:
    anna, ben = await two_weeks(world)
    cora, dana = await world.pair("Cora", "Dana", code="C3")
    of_page = ben.data("Pictures")
    await ben.opens("A7")
    of_pair = ben.data("Picture")
    await anna.types("/history")
    own = anna.data("Picture")
    shown = [(human, human.everything, human.received) for human in (cora, dana, ben)]
    assert await dana.forges(of_page, of_pair) == [REFUSED, REFUSED]
    assert await cora.forges(own) == [REFUSED]
    assert set(await ben.forges(own)) <= {
        REFUSED,
        "This is not for you to use. What you can do here: /help",
    }
    assert shown == [(human, human.everything, human.received) for human, _, _ in shown]


async def test_a_picture_that_cannot_be_drawn_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, ben = await two_weeks(world)
    monkeypatch.setattr(pictures, "_HERE", tmp_path)
    await ben.taps("Pictures")
    assert "could not be drawn just now" in ben.screen
    await ben.taps("Close")
    assert "could not be drawn" not in ben.everything
