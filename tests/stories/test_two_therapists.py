"""One person with two therapists: Ben, and Dana, who is the admin and a therapist as well."""

from __future__ import annotations

from world import Human, Seen, World


async def with_both(world: World) -> tuple[Human, Human, Human]:
    """Let Anna see Ben on Mondays at three and Dana on Mondays at five."""
    anna, ben = await world.pair("Anna", "Ben", code="A7", meets="Mon 15:00")
    _, dana = await world.pair("Anna", "Dana", code="D4", meets="Mon 17:00")
    return anna, ben, dana


async def test_every_check_in_names_whom_it_is_about(world: World) -> None:
    anna, _, _ = await with_both(world)
    await world.until("Mon 16:20")
    first, *others = anna.screen.splitlines()
    assert first == "A short check-in about Monday is ready.", "no name on a lock screen"
    assert "Monday · Ben" in others
    await anna.answers(8)
    assert anna.screen.startswith("Monday · Ben\nQuestion 2 of 5")
    await world.until("Mon 18:20")
    assert "Monday · Dana" in anna.screen


async def test_what_follows_a_check_in_names_whom_it_is_about(world: World) -> None:
    anna, ben, _ = await with_both(world)
    await world.until("Mon 16:20")
    of_ben = anna.phone.last.message_id
    await anna.checks_in(2, 8, 8, 8, 8)
    assert anna.screen.startswith("Monday · Ben\nThank you. This goes to your therapist on")
    await world.until("Mon 18:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    assert anna.screen.startswith("Monday · Dana\nThank you.")
    await world.until("Fri 17:00")
    assert at(anna, of_ben).text.startswith("Monday · Ben\nThank you for your check-in.")
    await ben.taps("Let's talk about it")
    await world.later(minutes=3)
    first, *others = anna.screen.splitlines()
    assert "would like to make room for it" in first
    assert "Ben" not in first, "no name on a lock screen"
    assert "Ben" in others
    await anna.taps("OK")
    assert anna.screen.splitlines()[-1] == "Ben"


async def test_whoever_reads_stands_right_below_what_was_told(world: World) -> None:
    anna, ben, _ = await with_both(world)
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 8, 8)
    await world.until("Fri 17:00")
    await ben.taps("A7 · Read")
    await world.later(minutes=3)
    read = "Your therapist read your check-in. Nothing to do."
    assert anna.screen == f"{read}\nBen\n\nYou can't reply here."
    await ben.opens("A7")
    await ben.taps("Write a sentence")
    await ben.types("Thank you.")
    await ben.taps("Send")
    await world.later(minutes=3)
    wrote = "Your therapist wrote a sentence about your check-in:"
    assert anna.screen == f"{wrote}\n“Thank you.”\nBen\n\nYou can't reply here."


async def test_answers_are_never_mixed(world: World) -> None:
    anna, ben, dana = await with_both(world)
    await world.until("Mon 16:20")
    of_ben = anna.phone.last
    await world.until("Mon 18:20")
    of_dana = anna.phone.last
    for number in (9, 9, 9, 9, 9):
        await anna.taps(str(number), at(anna, of_ben.message_id))
        await world.later(minutes=1)
        await anna.taps("6", at(anna, of_dana.message_id))
    await anna.types("for Dana alone, marmot")
    await anna.taps("Show my therapist")
    await world.until("Fri 17:00")
    await ben.opens("A7")
    await dana.opens("D4")
    assert "heard 9 · bond 9 · goals 9 · tasks 9 · fit 9" in ben.screen
    assert "heard 6 · bond 6 · goals 6 · tasks 6 · fit 6" in dana.screen
    assert "marmot" in dana.screen
    assert "marmot" not in ben.everything
    assert "D4" not in ben.everything
    assert "A7" not in dana.everything


async def test_a_typed_number_goes_to_the_check_in_that_is_in_use(world: World) -> None:
    anna, _, _ = await with_both(world)
    await world.until("Mon 16:20")
    of_ben = anna.phone.last.message_id
    await world.until("Mon 18:20")
    of_dana = anna.phone.last.message_id
    await world.later(minutes=1)
    await anna.taps("9", at(anna, of_ben))
    await anna.types("9")
    assert "Question 3 of 5" in at(anna, of_ben).text
    assert "Question 1 of 5" in at(anna, of_dana).text


async def test_a_typed_number_that_may_mean_either_is_not_guessed(world: World) -> None:
    anna, _, _ = await with_both(world)
    await world.until("Mon 16:20")
    await anna.answers(9)
    await world.until("Mon 18:20")  # Dana's question came after the last answer about Ben
    await anna.types("6")
    assert "I can't tell which one you mean" in anna.screen
    assert await world.kept() == [9]


async def test_a_text_goes_to_the_one_check_in_that_asks_for_words(world: World) -> None:
    anna, _, _ = await with_both(world)
    await world.until("Mon 16:20")
    await anna.answers(9, 8, 8, 8, 8)
    await world.until("Mon 18:20")
    await anna.types("a little slower")
    await anna.types("6")
    assert await world.kept() == [9, 8, 8, 8, 8, "a little slower"]
    assert "I can't tell which one you mean" in anna.screen


async def test_pausing_one_therapist_asks_which_and_leaves_the_other(world: World) -> None:
    anna, _, _ = await with_both(world)
    await anna.types("/pause")
    assert anna.screen == "Which therapist is it about?"
    await anna.taps("Ben")
    await anna.taps("Until I resume")
    await world.until("Mon 18:20")
    assert not anna.sees("Monday · Ben")
    assert anna.sees("Monday · Dana")


async def test_erasing_one_therapist_leaves_the_other(world: World) -> None:
    anna, ben, dana = await with_both(world)
    await world.until("Mon 16:20")
    await anna.checks_in(9, 9, 9, 9, 9)
    await world.until("Mon 18:20")
    await anna.checks_in(6, 6, 6, 6, 6)
    await anna.types("/erase")
    await anna.taps("Ben")
    await anna.taps("Erase everything")
    assert await world.kept() == [6, 6, 6, 6, 6]
    await world.until("Fri 17:00")
    assert "D4" in dana.screen
    assert not ben.sees("1 of 1 answered")


def at(human: Human, message_id: int) -> Seen:
    """Look at a message as it is now."""
    return next(seen for seen in human.phone.chat if seen.message_id == message_id)
