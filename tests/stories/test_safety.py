"""Help is in reach, whatever is on the screen and whoever looks at it.

1. Every screen of a check-in and of goals that has a button has *Help now*. 2. Every prompt for
free text says that nobody reads along. 3. `/help` and the button open with the practice's safety
text, for everybody and in every state. 4. Whatever is written outside a question has it in reach.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from world import Human, World

from bot.emulator.html import parse_html
from bot.views.buttons import read_tap, write_id
from handlers import checkin, goals
from tests.transactions import writing

ALONG = "Nobody reads along: if you need help now, tap the button below."
SAFETY = "If you need help now\nIn an emergency call 112."
STRAY = "Nobody reads this chat."
#: The acts whose buttons stand on the screens of a check-in, and of goals.
ACTS = checkin.TAPS.keys() | goals.TAPS.keys()


def screens(world: World, human: Human) -> Iterator[tuple[str, list[str]]]:
    """Give every screen with buttons that somebody was ever shown: its text, what they carry."""
    for call in world.calls_to(human):
        keyboard = (call.params.get("reply_markup") or {}).get("inline_keyboard", [])
        data = [button.get("callback_data", "") for row in keyboard for button in row]
        if data:
            yield str(call.params.get("text")), data


def without_help(world: World, human: Human) -> list[str]:
    """List the screens of check-ins and goals from which help is not one tap away."""
    return [
        text
        for text, data in screens(world, human)
        if {read_tap(one).act for one in data} & ACTS
        and "help" not in {read_tap(one).act for one in data}
    ]


def acts_shown(world: World, human: Human) -> set[str]:
    return {read_tap(one).act for _, data in screens(world, human) for one in data} & ACTS


async def through_all_of_it(world: World) -> Human:
    """Let Anna come to every kind of screen that a check-in and goals have."""
    ben = await world.therapist("Ben")
    anna = world.human("Anna")
    await world.joins(anna, await world.invites(ben, "A7"))
    await ben.taps("Yes, that is my client")
    await world.meets(ben, "A7", "Mon 15:00")
    await anna.taps("Answer now (three questions)")
    await anna.answers(8, 8)
    await anna.types("/goals")
    await anna.taps("Add a goal")
    await anna.types("to sleep")
    await anna.taps("1 · to sleep")
    await anna.taps("Word it anew")
    await anna.taps("‹ Back")
    await world.until("Mon 16:20")
    await anna.taps("Later")
    await anna.taps("‹ Back")
    await anna.taps("Later")
    await anna.taps("In an hour")
    await anna.taps("Answer now")
    await anna.answers(2)
    await anna.taps("‹ Back")
    await anna.taps("Keep it ›")
    await anna.answers(3, 3, 3, 3)
    await anna.taps("felt rigid")
    await anna.taps("Done ›")
    for then in ("Show my therapist", "Raise it for me", "Keep it for me"):
        await anna.types("something")
        await anna.taps(then)
        await anna.taps("Add something")
    await anna.taps("Remove the text")
    if "Skip ›" in anna.phone.last.labels:
        await anna.taps("Skip ›")
    await anna.taps("Change")
    await anna.taps("‹ Back")
    await anna.taps("Don't send")
    await anna.taps("‹ Back")
    await world.until("Fri 17:00")
    await ben.taps("Let's talk about it")
    await world.until("Mon 17:00")
    await world.until("Tue 17:00")
    await anna.answers(8, 8, 8, 8, 8)
    while "Skip ›" in anna.phone.last.labels:
        await anna.taps("Skip ›")
    await world.until("Mon 16:20")
    await anna.taps("We did not meet")
    for _ in range(3):
        await world.until("Mon 16:20")
        await anna.answers(8, 8, 8, 8, 8)
        while "Skip ›" in anna.phone.last.labels:
            await anna.taps("Skip ›")
    await ben.types("/end A7")
    await ben.taps("End it, with a goodbye check-in")
    await world.later(minutes=11)
    await anna.taps("No, thank you")
    return anna


async def test_help_is_one_tap_away_on_every_screen(world: World) -> None:
    anna = await through_all_of_it(world)
    assert without_help(world, anna) == []
    # "remove" and the like are only pressed; all that have a screen of their own were come to.
    assert acts_shown(world, anna) == ACTS
    asking = ("one message", "Write it here", "I have your text")
    prompts = [text for text, _ in screens(world, anna) if any(words in text for words in asking)]
    assert len(prompts) > 6
    assert [text for text in prompts if "if you need help now" not in parse_html(text)[0]] == []
    assert any(ALONG in text for text in prompts)


async def test_help_stays_on_what_is_shown_again_after_an_outage(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(5)
    await world.stage.close()
    world.stage.clock.advance_to(world.stage.clock.now() + 10 * 60_000)
    await world.stage.open()
    await world.step()
    assert "Help now" in anna.phone.last.labels
    assert without_help(world, anna) == []


async def everybody(world: World) -> dict[str, Human]:
    """Give somebody of each role and in each state, who has at least one message of the bot."""
    anna, ben = await world.pair("Anna", "Ben", code="A7", meets="Mon 15:00")
    found = {"a client": anna, "a therapist": ben, "the admin": world.dana}
    joined = world.human("Joined")
    await world.joins(joined, await world.invites(ben, "J2"))
    arrived = world.human("Arrived")
    await arrived.starts(await world.invites(ben, "K2"))
    away = world.human("Turned away")
    await world.joins(away, await world.invites(ben, "L2"))
    await ben.taps("No, somebody else")
    declined = world.human("Declined")
    await declined.starts(await world.invites(ben, "M2"))
    await declined.taps("English")
    await declined.taps("Yes, that is right")
    await declined.taps("No, thank you")
    found |= {"not confirmed": joined, "not agreed": arrived, "turned away": away,
              "declined": declined}  # fmt: skip
    for name, code, command, label in (
        ("paused", "P3", "/pause", "Until I resume"),
        ("stopped", "S3", "/stop", "Stop the questions"),
        ("erased", "E3", "/erase", "Erase everything"),
        ("ended", "N3", "", ""),
    ):
        found[name], _ = await world.pair(name.title(), "Ben", code=code)
        if command:
            await found[name].types(command)
            await found[name].taps(label)
    async with writing(world.stage.running.db) as tx:
        await tx.run("UPDATE pair SET state = 'ended', ended_at = :now WHERE code = 'N3'",
                     now=world.stage.clock.now())  # fmt: skip
    found["a stranger"] = world.human("Stranger")
    await found["a stranger"].starts("no-such-invitation-was-ever-made")
    return found


async def test_everybody_gets_help_in_every_state(world: World) -> None:
    people = await everybody(world)
    assert len(people) == 12
    for who, human in people.items():
        await human.types("/help")
        assert human.screen.startswith(SAFETY), who
        assert "nobody is alerted" in human.screen, who
        for subject in ("0", write_id(2**62)):
            received = human.received
            await human.forges(f"help.{subject}")
            assert human.received == received + 1, (who, "always as a message of its own")
            assert human.screen.startswith(SAFETY), who
        if who != "a client":  # whose check-in could be waiting for a word
            await human.types("I can't go on")
            assert STRAY in human.screen, who
            assert human.phone.last.labels == ["Help now"], who
            await human.taps("Help now")
            assert human.screen.startswith(SAFETY), who


@pytest.mark.settings('[safety]\ntext = { en = "Call 112.", de = "Wählen Sie 112." }\n')
async def test_help_is_in_ones_own_language(world: World) -> None:
    for language, said in (("en", "Call 112."), ("de", "Wählen Sie 112."), ("fr", "Call 112.")):
        stranger = world.human(language, language=language)
        await stranger.types("/help")
        assert stranger.screen.split("\n")[1] == said
