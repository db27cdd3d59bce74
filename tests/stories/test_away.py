"""The bot is away, or Telegram is, while people tap and type and much falls due.

Telegram keeps a tap for 150 seconds and a message for 24 hours. What it still has is taken; what it
forgot is asked for again; what was due in between comes once, or is reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pytest
from world import Human, World

from bot.core.timetable import to_utc
from tests.crash.delivered import Delivered

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
AWAY = "I was away for a while."
FIVE = to_utc("2026-11-06", "17:00", "Europe/Berlin")
#: How long, and when it begins: the shortest ones just around the hour of the digest.
LENGTHS = {
    "30 s": (30 * SECOND, FIVE - 15 * SECOND),
    "140 s": (140 * SECOND, FIVE - 75 * SECOND),
    "10 min": (10 * MINUTE, FIVE - 75 * SECOND),
    "20 h": (20 * HOUR, FIVE - 75 * SECOND),
    "30 h": (30 * HOUR, FIVE - 75 * SECOND),
}
SESSIONS = {
    "Client 6": ("B6", "Wed 10:00"),  # finished before all this
    "Client 4": ("B4", "Thu 19:39"),  # asked at 20:59; the reminder is due on Friday at 16:59
    "Anna": ("A7", "Fri 13:00"),  # half way, taps
    "Cora": ("C3", "Fri 14:00"),  # half way, types
    "Client 3": ("B3", "Fri 15:40"),  # to be asked at 17:00
    "Client 5": ("B5", "Fri 16:31"),  # to be asked at 17:51; closes before Saturday's session
}

How = Literal["the bot", "the network"]


@dataclass
class Absence:
    """One story. end: when it is over."""

    world: World
    how: How
    begin: int
    end: int

    async def pass_by(self, anna: Human, cora: Human) -> None:
        """Let it begin, let Anna tap and Cora type, and let it end."""
        stage = self.world.stage
        port = stage.emulator.port
        await stage.advance_to(self.begin)
        self.world.people["Ben"].phone.send(
            "/help"
        )  # a poll begins now: the silence is as long as the absence
        await stage.settle()
        await (stage.close() if self.how == "the bot" else stage.emulator.stop())
        stage.clock.advance_to(self.begin + 5 * SECOND)
        anna.phone.tap("7")
        cora.phone.send("6")
        if self.how == "the bot":
            stage.clock.advance_to(self.end)
            await stage.open()
        else:
            await self._tick_in_vain()
            await stage.emulator.start(port)
            # What could not be sent is tried again after five minutes at most.
            await stage.settle()
            await stage.advance_to(self.end + 5 * MINUTE)
        await self.world.step()

    async def _tick_in_vain(self) -> None:
        stage = self.world.stage
        moments = [self.begin + minutes * MINUTE for minutes in (1, 2, 5)]
        moments += range(self.begin + 20 * MINUTE, self.end, 30 * MINUTE)
        for moment in [*(moment for moment in moments if moment < self.end), self.end]:
            stage.clock.advance_to(max(moment, stage.clock.now()))
            await stage.running.ticks.run_once()


async def friday(world: World) -> dict[str, Human]:
    """Let everybody join and live until shortly before the hour of the digest."""
    people: dict[str, Human] = {}
    for name, (code, when) in SESSIONS.items():
        people[name], people["Ben"] = await world.pair(name, "Ben", code)
        await world.meets(people["Ben"], code, when, "once")
    await world.meets(people["Ben"], "B5", "Sat 12:00", "once")
    await world.until("Wed 11:20")
    await people["Client 6"].checks_in(8, 8, 8, 8, 8)
    await world.until("Fri 16:50")
    await people["Anna"].answers(8)
    await people["Cora"].answers(8)
    return people


def delivered(world: World, human: Human) -> tuple[int, int]:
    """Count the prompts and reminders that somebody got."""
    got = Delivered.of(world.calls_to(human))
    return got.prompts.total(), got.reminders.total()


def shown_again(world: World, human: Human) -> int:
    calls = world.calls_to(human)
    return sum(call.done and AWAY in str(call.params.get("text")) for call in calls)


@pytest.mark.parametrize("how", ["the bot", "the network"])
@pytest.mark.parametrize("length", LENGTHS)
async def test_what_can_be_kept_is_kept_and_the_rest_is_asked_for_again(
    world: World, length: str, how: How
) -> None:
    ms, begin = LENGTHS[length]
    people = await friday(world)
    anna, cora, ben = people["Anna"], people["Cora"], people["Ben"]
    await Absence(world, how, begin, begin + ms).pass_by(anna, cora)

    # A tap lives 150 seconds, a message 24 hours; after two minutes one cannot be sure of taps.
    tap_lives, text_lives = ms < 150 * SECOND, ms < 24 * HOUR
    kept = await world.kept()
    assert (kept.count(8), 7 in kept, 6 in kept) == (7, tap_lives, text_lives)
    for human, lives in ((anna, tap_lives), (cora, text_lives)):
        assert f"Question {3 if lives else 2} of 5" in human.screen
        assert shown_again(world, human) <= 1
    if ms > 120 * SECOND and not tap_lives:
        assert AWAY in anna.screen or "One reminder" in anna.screen
    if ms < 120 * SECOND:
        assert shown_again(world, anna) == 0
    assert pages(world, ben) == 1
    assert "1 of 1 answered" in ben.screen

    await world.until("Sun 10:00")
    on_time, reminded = ms < HOUR, ms < 24 * HOUR
    assert delivered(world, people["Client 3"]) == (1, int(ms < 30 * HOUR))
    assert delivered(world, people["Client 4"]) == (1, int(reminded))
    assert delivered(world, people["Client 5"])[0] == (2 if on_time else 1)
    assert delivered(world, anna)[0] == delivered(world, cora)[0] == 1

    # Whoever was half way goes on, and the next digest has all of it.
    for human in (anna, cora):
        while "of 5" in human.screen:
            await human.answers(9)
    await world.until("Fri 17:00")
    assert pages(world, ben) == 2
    assert f"2 of {6 if on_time else 5} answered" in ben.screen
    assert ben.screen.count("no answer") == (4 if on_time else 3)
    assert ("not asked (too late to ask)" in ben.screen) is not on_time


def pages(world: World, ben: Human) -> int:
    """Count the pages of digests that arrived."""
    return Delivered.of(world.calls_to(ben)).pages.total()
