"""The free text: kept at once and for the client alone, until the client says otherwise."""

from __future__ import annotations

import pytest
from world import Human, World

TEXT = "Please leave more room for silence, marmot"


async def asked_for_words(world: World) -> tuple[Human, Human]:
    """Let Anna come as far as the open question."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    return anna, ben


async def all_that_ben_can_open(world: World, ben: Human) -> str:
    """Let Ben open the digest, Details and the day; give everything that was ever sent to him."""
    await world.until("Fri 17:00")
    await ben.opens("A7")
    await world.until("Mon 09:00")
    await ben.types("/today")
    await ben.opens("A7")
    return "\n".join(str(call.params) for call in world.calls_to(ben))


@pytest.mark.parametrize("choice", ["Keep it for me", None])
async def test_kept_words_appear_nowhere_on_the_therapists_phone(
    world: World, choice: str | None
) -> None:
    anna, ben = await asked_for_words(world)
    await anna.types(TEXT)
    assert "I have your text. What should happen with it?" in anna.screen
    assert "Your therapist won't see this and nobody is alerted." in anna.screen
    if choice is not None:
        await anna.taps(choice)
        assert "Your text: kept for you alone" in anna.screen
    assert "marmot" not in await all_that_ben_can_open(world, ben)
    assert TEXT in await world.kept()
    await anna.types("/history")
    assert TEXT in anna.screen
    assert "(kept for you alone)" in anna.screen


async def test_shown_words_stand_on_details_alone(world: World) -> None:
    anna, ben = await asked_for_words(world)
    await anna.types(TEXT)
    await anna.taps("Show my therapist")
    assert "Your text: shown to your therapist" in anna.screen
    await world.until("Fri 17:00")
    assert "wrote something to share: see Details" in ben.screen
    assert "marmot" not in ben.screen
    await ben.opens("A7")
    assert f"Wrote: “{TEXT}”" in ben.screen


async def test_raised_words_stand_out_as_what_to_talk_about(world: World) -> None:
    anna, ben = await asked_for_words(world)
    await anna.types(TEXT)
    await anna.taps("Raise it for me")
    await world.until("Fri 17:00")
    assert "Talk about this first: A7" in ben.screen
    assert "would like to talk about something: see Details" in ben.screen
    assert "There is something you would like to talk about. Shall we start there?" in ben.screen
    assert "marmot" not in ben.screen
    await ben.opens("A7")
    assert f"Would like to talk about: “{TEXT}”" in ben.screen


@pytest.mark.settings("[digest]\nfree_text = true\n")
async def test_the_digest_holds_words_only_where_the_practice_wants_it(world: World) -> None:
    anna, ben = await asked_for_words(world)
    await anna.types(TEXT)
    await anna.taps("Raise it for me")
    await world.until("Fri 17:00")
    assert f"“{TEXT}”" in ben.screen


@pytest.mark.settings("[digest]\nfree_text = true\n")
async def test_kept_words_are_in_no_digest_whatever_the_practice_wants(world: World) -> None:
    anna, ben = await asked_for_words(world)
    await anna.types(TEXT)
    await anna.taps("Keep it for me")
    assert "marmot" not in await all_that_ben_can_open(world, ben)


async def test_words_can_come_in_two_messages(world: World) -> None:
    anna, ben = await asked_for_words(world)
    await anna.types("Please leave more room")
    await anna.types("for silence")
    assert "Please leave more room\nfor silence" in anna.screen
    await anna.taps("Show my therapist")
    await world.until("Fri 17:00")
    await ben.opens("A7")
    assert "“Please leave more room for silence”" in ben.screen


async def test_removed_words_are_gone(world: World) -> None:
    anna, ben = await asked_for_words(world)
    await anna.types(TEXT)
    await anna.taps("Remove the text")
    assert "Your text" not in anna.screen
    assert not any("marmot" in str(value) for value in await world.kept())
    assert "marmot" not in await all_that_ben_can_open(world, ben)


async def test_words_can_be_added_later(world: World) -> None:
    anna, ben = await asked_for_words(world)
    await anna.taps("Skip ›")
    await anna.taps("Add something")
    await anna.types(TEXT)
    await anna.taps("Show my therapist")
    await world.until("Fri 17:00")
    await ben.opens("A7")
    assert TEXT in ben.screen


async def test_words_shown_first_and_kept_after_the_digest_are_no_longer_shown(
    world: World,
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Fri 15:00")
    await world.until("Fri 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    await anna.types(TEXT)
    await anna.taps("Show my therapist")
    await world.until("Fri 17:00")
    await ben.opens("A7")
    assert TEXT in ben.screen
    await anna.taps("Change")
    await anna.taps("Your text")
    await anna.taps("Keep it for me")
    await ben.taps("‹ Back")
    await ben.opens("A7")
    assert "marmot" not in ben.everything


async def test_words_do_not_become_markup(world: World) -> None:
    anna, ben = await asked_for_words(world)
    await anna.types("<b>Slower</b> & [softer](https://example.org) <i")
    await anna.taps("Raise it for me")
    await world.until("Fri 17:00")
    await ben.opens("A7")
    assert "“<b>Slower</b> & [softer](https://example.org) <i”" in ben.screen


async def test_words_are_encrypted_in_the_file(world: World) -> None:
    anna, _ = await asked_for_words(world)
    await anna.types(TEXT)
    await anna.taps("Show my therapist")
    assert TEXT in await world.kept()
    assert b"marmot" not in world.raw
    assert str(anna.phone.id).encode() not in world.raw


async def test_too_long_a_text_keeps_what_was_written_before(world: World) -> None:
    anna, _ = await asked_for_words(world)
    await anna.types("a" * 3900)
    await anna.types("c" * 200)
    assert "What you wrote before is kept; this last message is not." in anna.screen
    assert not any("c" in str(value) for value in await world.kept())


async def test_what_stands_now_is_said_where_something_is_added(world: World) -> None:
    anna, ben = await asked_for_words(world)
    await anna.types("slower")
    assert "If you choose nothing, all of it stays with you." in anna.screen
    await anna.taps("Raise it for me")
    await anna.taps("Add something")
    assert "Now: raised for you." in anna.screen
    await anna.types("and warmer")
    assert "If you choose nothing, all of it stays with you." in anna.screen
    await world.until("Wed 17:00")
    await ben.types("/today")
    await world.until("Fri 17:00")
    assert "would like to talk about something" not in ben.screen


async def test_a_long_text_can_be_read_in_full_by_both(world: World) -> None:
    anna, ben = await asked_for_words(world)
    text = "word " * 700 + "marmot"
    await anna.types(text)
    await anna.taps("Show my therapist")
    await world.until("Fri 17:00")
    await ben.opens("A7")
    assert "marmot" not in ben.screen
    await ben.taps("Read the texts in full")
    assert ben.screen.endswith("marmot")
    assert "A7 · Mon, Nov 2" in ben.screen
    await ben.taps("‹ Back")
    assert "Wrote: " in ben.screen
    await anna.types("/history")
    assert "marmot" not in anna.screen
    await anna.taps("Mon, Nov 2: all of it")
    assert anna.screen.endswith("marmot")
    await anna.taps("‹ Back")
    assert "Your answers · Ben" in anna.screen


async def test_a_text_kept_meanwhile_does_not_open_any_more(world: World) -> None:
    anna, ben = await asked_for_words(world)
    await anna.types("word " * 700 + "marmot")
    await anna.taps("Show my therapist")
    await world.until("Wed 10:00")
    await ben.types("/clients")
    await world.meets(ben, "A7", "Wed 20:00", repeats="once")
    await ben.types("/today")
    await ben.opens("A7")
    await anna.taps("Add something")
    await anna.taps("Keep it for me")
    assert "no longer here" in await ben.taps("Read the texts in full")
    assert "marmot" not in ben.everything
