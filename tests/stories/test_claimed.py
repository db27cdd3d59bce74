"""What happens to a message after it is claimed and before it is made.

1. Of whoever is erased then, nothing is sent, and nobody is told of a failure. 2. What is for
somebody whose account changes then goes to the new one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from world import World

from bot.services.outgoing import Claimed, Outgoing
from tests.stories.test_relinking import NEW, link_for, number_on
from tests.stories.test_silences import QUESTION, asked_how


def once_claimed(
    monkeypatch: pytest.MonkeyPatch, kind: str, act: Callable[[], Awaitable[object]]
) -> list[int]:
    """Let something happen when the first message of a kind has just been claimed."""
    claim, seen = Outgoing.claim, list[int]()

    async def claimed(outgoing: Outgoing) -> Claimed | None:
        found = await claim(outgoing)
        if found is not None and kind in (found.message.kind, found.message.part) and not seen:
            seen.append(found.message.id)
            await act()
        return found

    monkeypatch.setattr(Outgoing, "claim", claimed)
    return seen


async def test_an_erasure_before_the_news_is_made_is_no_failure(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 8, 8)
    await world.until("Fri 17:00")
    await anna.types("/erase")
    seen = once_claimed(monkeypatch, "ack", lambda: anna.phone.tap("Erase everything").wait(5))
    await ben.taps("Let's talk about it")
    await world.later(minutes=10)
    assert len(seen) == 1
    assert await world.rows("SELECT * FROM message WHERE kind = 'ack'") == []
    assert "Your answers have been erased" in anna.everything
    assert "Your therapist read your check-in" not in anna.everything
    assert [line for line in world.logged if "failed" in line] == []


async def test_what_is_made_while_the_account_changes_comes_in_the_new_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    for _ in range(2):
        await world.until("Mon 16:20")
        await world.until("Wed 17:00")
    await world.until("Mon 16:20")
    await world.until("Wed 16:00")
    new = world.human(NEW)
    await new.starts(await link_for(ben))

    async def move() -> None:
        ben.phone.send(f"/relink A7 {number_on(new)}")
        assert await world.stage.emulator.bell.wait_for(
            lambda: "goes on in the new account" in ben.screen, 10
        )

    seen = once_claimed(monkeypatch, "keep_asking", move)
    await world.later(minutes=40)
    assert len(seen) == 1
    await new.taps("I agree")
    await world.later(minutes=15)
    assert (asked_how(world, anna), asked_how(world, new)) == (0, 1)
    assert QUESTION in new.screen
    assert [line for line in world.logged if "failed" in line] == []
