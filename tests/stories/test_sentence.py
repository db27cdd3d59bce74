"""A therapist's own sentence: asked for, looked at once more, sent, and read by one client only."""

from __future__ import annotations

from world import Human, World

from tests.stories.test_relinking import by_practice, relinks

PROMPT = "Write one short sentence for A7"
WORDS = "Thank you for saying that the pace was too quick."


async def acknowledged(world: World, label: str = "A7 · Read") -> tuple[Human, Human]:
    """Let Ben acknowledge Anna's check-in and open her Details."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 8, 8)
    await world.until("Fri 17:00")
    await ben.taps(label)
    await ben.opens("A7")
    return anna, ben


async def test_a_sentence_is_looked_at_sent_and_read(world: World) -> None:
    anna, ben = await acknowledged(world)
    await ben.taps("Write a sentence")
    assert PROMPT in ben.screen
    await ben.types(f"  {WORDS}\n")
    assert f"A7 would read:\n\n“{WORDS}”" in ben.screen
    assert WORDS not in anna.everything
    await ben.taps("Send")
    assert f"A7 will read:\n\n“{WORDS}”" in ben.screen
    assert ben.phone.last.labels == []
    await world.later(minutes=3)
    assert WORDS in anna.everything
    assert anna.everything.count(WORDS) == 1
    assert "You can't reply here." in anna.screen


async def test_a_sentence_sent_at_once_comes_with_the_acknowledgement(world: World) -> None:
    anna, ben = await acknowledged(world, "Let's talk about it")
    received = anna.received
    await ben.taps("Write a sentence")
    await ben.types(WORDS)
    await ben.taps("Send")
    await world.later(minutes=10)
    assert anna.received == received + 1
    told = anna.sees("would like to make room for it", button="OK")
    assert told is not None
    assert WORDS in (told.text or "")


async def test_a_sentence_sent_later_comes_by_itself(world: World) -> None:
    anna, ben = await acknowledged(world)
    await world.later(minutes=30)
    received = anna.received
    await ben.opens("A7")
    await ben.taps("Write a sentence")
    await ben.types(WORDS)
    await ben.taps("Send")
    await world.later(minutes=3)
    assert anna.received == received + 1
    assert "wrote a sentence about your check-in" in anna.screen
    begin = ben.data("Write a sentence")
    assert (await ben.forges(begin))[0].startswith("A sentence goes with"), "one sentence, once"


async def test_a_sentence_that_came_with_read_does_not_come_again_with_lets_talk(
    world: World,
) -> None:
    anna, ben = await acknowledged(world)
    await ben.taps("Write a sentence")
    await ben.types(WORDS)
    await ben.taps("Send")
    await world.later(minutes=10)
    assert anna.everything.count(WORDS) == 1
    await ben.taps("Let's talk about it")
    await world.later(minutes=10)
    assert anna.sees("would like to make room for it", button="OK")
    assert anna.everything.count(WORDS) == 1


async def test_a_new_account_reads_a_sentence_when_it_may_see_what_was_before(
    world: World,
) -> None:
    anna, ben = await acknowledged(world)
    await ben.taps("Write a sentence")
    await ben.types(WORDS)
    await ben.taps("Send")
    new = await relinks(world, ben)
    await new.taps("I agree")
    await world.later(hours=20)
    assert WORDS not in new.everything + anna.everything
    await world.later(hours=10)
    assert new.everything.count(WORDS) == 1
    assert WORDS not in anna.everything


async def test_an_account_that_was_objected_to_reads_no_sentence(world: World) -> None:
    anna, ben = await acknowledged(world)
    new = await relinks(world, ben)
    await new.taps("I agree")
    await world.later(minutes=10)
    await ben.taps("Write a sentence")
    await ben.types(WORDS)
    await ben.taps("Send")
    await anna.taps("That was not me")
    await world.later(hours=48)
    assert "Your therapist read your check-in." in new.everything
    assert WORDS not in new.everything
    await by_practice(world).settle("A7", None)
    await world.later(hours=10)
    assert new.everything.count(WORDS) == 1


async def test_it_can_be_written_anew_and_dropped(world: World) -> None:
    anna, ben = await acknowledged(world)
    await ben.taps("Write a sentence")
    await ben.types("First try")
    await ben.types(WORDS)
    assert WORDS in ben.screen
    await ben.taps("Cancel")
    assert await world.rows("SELECT count(*) FROM sentence") == [(0,)]
    await ben.types(WORDS)
    assert "I did not keep this message." in ben.screen
    await world.later(minutes=10)
    assert WORDS not in anna.everything


async def test_too_long_is_not_kept_and_can_be_shortened(world: World) -> None:
    _, ben = await acknowledged(world)
    await ben.taps("Write a sentence")
    await ben.types("x" * 201)
    assert "That is 201 characters; a sentence has at most 200." in ben.screen
    assert await world.rows("SELECT words FROM sentence") == [(None,)]
    await ben.types("y" * 200)
    assert "y" * 200 in ben.screen


async def test_after_a_quarter_of_an_hour_a_message_is_no_sentence_any_more(world: World) -> None:
    _, ben = await acknowledged(world)
    await ben.taps("Write a sentence")
    await world.later(minutes=16)
    await ben.types(WORDS)
    assert "I did not keep this message." in ben.screen
    assert await world.rows("SELECT words FROM sentence") == [(None,)]


async def test_it_is_offered_only_beside_an_acknowledgement(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 8, 8)
    await world.until("Fri 17:00")
    await ben.opens("A7")
    assert "Write a sentence" not in ben.phone.last.labels
    forged = ben.data("Read").replace("read.", "sentence.")
    said = await ben.forges(forged)
    assert said[0].startswith("A sentence goes with “Read” or “Let's talk about it”, once.")


async def test_nobody_else_writes_or_sends_it(world: World) -> None:
    anna, ben = await acknowledged(world)
    cora, dana = await world.pair("Cora", "Dana", code="C3")
    begin = ben.data("Write a sentence")
    await ben.taps("Write a sentence")
    await ben.types(WORDS)
    send, drop = ben.data("Send"), ben.data("Cancel")
    for human in (dana, cora, anna):
        await human.forges(begin, send, drop)
    await dana.types("Not mine to say")
    assert await world.rows("SELECT sent_at FROM sentence") == [(None,)]
    await world.later(minutes=10)
    assert all(WORDS not in human.everything for human in (anna, cora, dana))


async def test_it_is_sealed_and_erased(world: World) -> None:
    anna, ben = await acknowledged(world)
    await ben.taps("Write a sentence")
    await ben.types(WORDS)
    await ben.taps("Send")
    await world.later(minutes=3)
    assert WORDS.encode() not in world.raw
    await anna.types("/erase")
    await anna.taps("Erase everything")
    assert await world.rows("SELECT * FROM sentence") == []


async def test_what_a_therapist_says_as_a_client_is_no_sentence_to_a_client(
    world: World,
) -> None:
    """Ben is Fay's client, too: he answers what stood before him last."""
    await world.therapist("Ben")
    await world.therapist("Fay")
    await world.pair("Ben", "Fay", code="B5", meets="Fri 15:50")
    anna, ben = await acknowledged(world)
    await world.until("Fri 17:11")
    page = next(seen for seen in ben.phone.chat if "Write a sentence" in seen.labels)
    await ben.taps("Write a sentence", page)
    await world.later(minutes=1)
    await ben.taps("2", next(seen for seen in ben.phone.chat if "10" in seen.labels))
    for _ in range(4):
        await ben.types("2")
    assert ben.sees("Did anything get in the way?")
    await ben.taps("Skip ›")
    await ben.types("a marmot of my own")
    assert ben.sees("a marmot of my own", button="Show my therapist")
    await ben.taps("Keep it for me")
    await world.later(minutes=1)
    await ben.taps("Write a sentence", page)
    await world.later(minutes=1)
    await ben.types("/goals")
    await ben.taps("Add a goal")
    await ben.types("More sleep")
    assert ben.sees("1. More sleep")
    assert await world.rows("SELECT words FROM sentence") == [(None,)]
    # And the other way round.
    await world.later(minutes=1)
    await ben.taps("Write a sentence", page)
    await ben.types(WORDS)
    assert ben.sees("A7 would read:", button="Send")
    assert "marmot" not in anna.everything
