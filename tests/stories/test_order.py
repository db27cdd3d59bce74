"""By webhook, what was typed can come after what was tapped later: it counts as it was meant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hook import receive_by_webhook
from world import Human, World


@pytest.fixture(autouse=True)
def _by_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    receive_by_webhook(monkeypatch)


@dataclass
class Late:
    """A message that was typed now and is under way."""

    human: Human
    update: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        queue = self.human.world.stage.emulator.world.queue
        self.update = {"update_id": queue._next_id}
        queue._next_id += 1

    async def comes(self, text: str) -> None:
        """Let it come."""
        phone, stage = self.human.phone, self.human.world.stage
        account = {"id": phone.id, "is_bot": False, "first_name": phone.name}
        self.update["message"] = {
            "message_id": 900_000 + self.update["update_id"] % 1000,
            "date": stage.clock.now() // 1000,
            "chat": {"id": phone.id, "type": "private", "first_name": phone.name},
            "from": account | {"language_code": "en"},
            "text": text,
        }
        stage.emulator.inject(self.update)
        await self.human.world.step()


async def asked(world: World) -> tuple[Human, Human]:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    return anna, ben


async def test_a_number_is_not_taken_for_the_next_question(world: World) -> None:
    anna, _ = await asked(world)
    late = Late(anna)
    await anna.taps("8")
    await late.comes("3")
    assert await world.kept() == [8]
    assert "I did not keep this message." in anna.screen
    assert anna.sees("Question 2 of 5")


async def test_a_number_typed_before_skip_is_kept(world: World) -> None:
    anna, _ = await asked(world)
    late = Late(anna)
    await anna.taps("Skip ›")
    await late.comes("3")
    assert await world.kept() == [3]
    assert await world.rows("SELECT item FROM answer WHERE value IS NOT NULL") == [("heard",)]


async def test_a_text_typed_before_skip_stays_with_the_client(world: World) -> None:
    anna, ben = await asked(world)
    await anna.answers(8, 8, 8, 8, 8)
    while "different" not in anna.screen:
        await anna.taps("Skip ›")
    late = Late(anna)
    await anna.taps("Skip ›")
    await late.comes("Slower, please.")
    assert "Slower, please." in await world.kept()
    await world.until("Fri 17:00")
    await ben.opens("A7")
    assert "Slower, please." not in ben.everything


async def test_what_was_typed_before_a_goal_was_asked_for_becomes_none(world: World) -> None:
    anna, _ = await asked(world)
    late = Late(anna)
    await anna.types("/goals")
    await anna.taps("Add a goal")
    await late.comes("8")
    assert await world.kept() == [8]
    assert await world.rows("SELECT id FROM goal") == []
    await anna.types("/goals")
    await anna.taps("Add a goal")
    await anna.types("To sleep")
    assert len(await world.rows("SELECT id FROM goal")) == 1


async def test_what_was_typed_for_one_client_is_no_sentence_to_another(world: World) -> None:
    anna, ben = await asked(world)
    await anna.checks_in(2, 8, 8, 8, 8)
    await world.until("Fri 17:00")
    await ben.taps("A7 · Read")
    await ben.opens("A7")
    late = Late(ben)
    await ben.taps("Write a sentence")
    await late.comes("I am glad you said so.")
    assert "A7 would read" not in ben.everything
    await ben.types("Thank you.")
    assert "A7 would read:\n\n“Thank you.”" in ben.screen
