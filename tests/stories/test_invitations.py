"""Invitations in the wrong hands: raced for, forwarded, guessed, and of pairs that are no more."""

from __future__ import annotations

import pytest
from world import World


async def test_of_two_who_open_a_link_at_the_same_moment_one_joins(world: World) -> None:
    ben = await world.therapist("Ben")
    invitation = await world.invites(ben, "A7")
    anna, cora = world.human("Anna"), world.human("Cora")
    # Both lie in one batch, whose people are served side by side.
    anna.phone.start(invitation)
    cora.phone.start(invitation)
    await world.step()
    refused = [h for h in (anna, cora) if "not valid, or no longer" in h.screen]
    assert len(refused) == 1
    assert await world.rows("SELECT count(*) FROM pair WHERE client_id IS NOT NULL") == [(1,)]
    assert await world.rows("SELECT count(*) FROM person") == [(3,)], "nobody is made of a loser"


@pytest.mark.parametrize(
    ("command", "button"), [("/stop", "Stop the questions"), ("/erase", "Erase everything")]
)
async def test_a_link_forwarded_after_joining_opens_nothing(
    world: World, command: str, button: str
) -> None:
    ben = await world.therapist("Ben")
    invitation = await world.invites(ben, "A7")
    anna, cora = world.human("Anna"), world.human("Cora")
    await world.joins(anna, invitation)
    await ben.taps("Yes, that is my client")
    await cora.starts(invitation)
    assert "not valid, or no longer" in cora.screen
    await anna.types(command)
    await anna.taps(button)
    before = await world.rows("SELECT id, state, client_id FROM pair")
    await cora.starts(invitation)
    assert "A7" not in cora.everything
    assert "Ben" not in cora.everything
    assert await world.rows("SELECT id, state, client_id FROM pair") == before


async def test_one_who_guesses_does_not_silence_another(world: World) -> None:
    ben = await world.therapist("Ben")
    invitation = await world.invites(ben, "A7")
    cora, anna = world.human("Cora"), world.human("Anna")
    for number in range(5):
        await cora.starts(f"guess{number}")
    received = cora.received
    await cora.starts(invitation)
    assert cora.received == received, "not even the right one is answered"
    await anna.starts(invitation)
    assert anna.received == 1
    await world.later(minutes=61)
    await cora.starts(invitation)
    assert "not valid, or no longer" in cora.screen
