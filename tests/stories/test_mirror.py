"""The therapist's mirror: wanted, blind, once a day, and never before a client's eyes."""

from __future__ import annotations

import json

from world import Human, World

LIST = "How was it for your client?"


def prompts(world: World, ben: Human) -> int:
    """How many messages of the mirror came by themselves."""
    return sum(
        1
        for call in world.stage.emulator.journal.sent(ben.phone.id)
        if str(call.params.get("text", "")).startswith(f"<b>{LIST}")
    )


def shown(ben: Human) -> list[str]:
    """The messages of the mirror on Ben's phone."""
    return [seen.text for seen in ben.phone.chat if seen.from_bot and LIST in (seen.text or "")]


async def mirrored(world: World, meets: str = "Mon 15:00") -> tuple[Human, Human]:
    anna, ben = await world.pair("Anna", "Ben", meets=meets)
    await ben.types("/mirror")
    await ben.taps("Turn this on")
    assert "Nothing to guess now." in ben.screen
    return anna, ben


async def guesses(ben: Human, *numbers: int, session: str = "A7 · Mon 15:00") -> None:
    await ben.taps(session)
    await ben.answers(*numbers)


async def test_nobody_is_asked_who_does_not_want_to_be(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 22:00")
    assert LIST not in ben.everything
    await ben.types("/mirror")
    await ben.taps("Turn this on")
    await ben.taps("Turn this off")
    await world.until("Mon 22:00")
    assert prompts(world, ben) == 1, "the answer to /mirror alone"


async def test_a_guess_stands_beside_the_clients_score(world: World) -> None:
    anna, ben = await mirrored(world)
    await world.until("Mon 16:20")
    assert "Guess before you see the answers" in ben.screen
    await ben.taps("A7 · Mon 15:00")
    assert "A7 · Mon 15:00 · Question 1 of 5" in ben.screen
    assert "How well did you get what the client was trying to say?" in ben.screen
    await ben.answers(9)
    await ben.taps("‹ Back")
    assert "· 9 ·" in ben.phone.last.labels
    await ben.answers(8, 8, 8, 8, 8)
    assert "✓ A7 · Mon 15:00" in ben.phone.last.labels
    await anna.checks_in(6, 6, 6, 6, 6)
    await world.until("Fri 17:00")
    assert "you 8.0, client 6.0: 2.0 apart" in ben.screen
    assert "on average" not in ben.screen, "one session is too few"
    await ben.opens("A7")
    assert "you 8.0, client 6.0: 2.0 apart" in ben.screen


async def test_after_five_sessions_the_mean_and_its_size_are_told(world: World) -> None:
    anna, ben = await mirrored(world)
    for own, client in ((8, 7), (8, 9), (8, 7), (8, 9), (8, 6)):
        await world.until("Mon 16:20")
        await guesses(ben, *[own] * 5)
        await anna.checks_in(*[client] * 5)
        await world.until("Fri 17:00")
    assert (
        "you 8.0, client 6.0: 2.0 apart; over 5 sessions 1.2 apart on average, you 0.4 higher"
        in ben.screen
    )


async def test_one_message_a_day_after_the_last_session(world: World) -> None:
    _, ben = await mirrored(world)
    await world.pair("Cora", "Ben", code="C3", meets="Mon 17:00")
    before = prompts(world, ben)
    await world.until("Mon 17:30")
    assert prompts(world, ben) == before, "a session is still to come"
    await world.until("Mon 18:30")
    assert prompts(world, ben) == before + 1
    assert {"A7 · Mon 15:00", "C3 · Mon 17:00"} <= set(ben.phone.last.labels)
    received = ben.received
    await guesses(ben, 8, 8, 8, 8, 8)
    await guesses(ben, 7, 7, 7, 7, 7, session="C3 · Mon 17:00")
    await world.until("Tue 12:00")
    assert ben.received == received, "edited in place, and no second message"


async def test_a_message_that_perhaps_arrived_is_not_sent_again(world: World) -> None:
    _, ben = await mirrored(world)
    before = len(shown(ben))
    world.stage.emulator.faults.add("drop", stage="after", method="sendMessage", chat=ben.phone.id)
    await world.until("Mon 16:20")
    await world.later(hours=20)
    assert len(shown(ben)) == before + 1
    assert await world.rows("SELECT state FROM message WHERE kind = 'mirror'") == [("unknown",)]


async def test_what_the_digest_has_shown_cannot_be_guessed(world: World) -> None:
    anna, ben = await mirrored(world, "Fri 14:00")
    await world.until("Fri 15:30")
    mirror = ben.sees(LIST, button="A7 · Fri 14:00")
    assert mirror is not None
    await ben.taps("A7 · Fri 14:00")
    rating = ben.data("5")
    await anna.checks_in(6, 6, 6, 6, 6)
    await world.until("Fri 17:00")
    assert "6.0" in ben.screen
    before = await world.facts()
    (toast,) = await ben.forges(rating)
    assert "you have seen your client's answers" in toast
    assert await world.facts() == before
    await ben.types("/mirror")
    assert "Nothing to guess now." in ben.screen


async def test_nor_what_details_or_the_day_have_shown(world: World) -> None:
    anna, ben = await mirrored(world)
    await world.until("Mon 16:20")
    await ben.taps("A7 · Mon 15:00")
    rating = ben.data("5")
    await ben.types("/today")
    assert "" in await ben.forges(rating), "no answer was shown yet"
    await anna.checks_in(6, 6, 6, 6, 6)
    await ben.types("/today")
    assert "you have seen" in (await ben.forges(rating))[0]
    assert await world.rows("SELECT count(*) FROM mirror_rating") == [(1,)]


async def test_a_guess_has_its_time(world: World) -> None:
    _, ben = await mirrored(world)
    await world.until("Mon 16:20")
    await ben.taps("A7 · Mon 15:00")
    rating = ben.data("5")
    await world.until("Wed 16:20")
    assert "its time is over" in (await ben.forges(rating))[0]
    assert await world.rows("SELECT * FROM mirror_rating") == []


async def test_the_client_never_sees_it_in_any_form(world: World) -> None:
    anna, ben = await mirrored(world)
    for _ in range(2):
        await world.until("Mon 16:20")
        await guesses(ben, 1, 2, 1, 2, 1)
        await anna.checks_in(9, 9, 9, 9, 8)
        await world.until("Fri 17:00")
        await ben.taps("Read this one")
        await world.later(minutes=3)
    for command in ("/history", "/goals", "/help", "/privacy", "/start"):
        await anna.types(command)
    shown = json.dumps(
        [[call.params, call.result] for call in world.calls_to(anna)], ensure_ascii=False
    )
    assert "mir" not in {push.split(".")[0][:3] for push in world.pushed(anna)}
    for trace in ("1.4", "apart", "guess", "How well did you get", "mirrate"):
        assert trace not in shown, trace
    assert "1.4" in json.dumps([call.params for call in world.calls_to(ben)])
    buttons = [data for data in world.pushed(ben) if data.startswith("mir")]
    before = await world.facts()
    assert "" not in await anna.forges(*buttons)
    assert await world.facts() == before


async def test_erasing_takes_it_along(world: World) -> None:
    anna, ben = await mirrored(world)
    await world.until("Mon 16:20")
    await guesses(ben, 8, 8, 8, 8, 8)
    assert await world.rows("SELECT count(*) FROM mirror_rating") == [(5,)]
    await anna.types("/erase")
    await anna.taps("Erase everything")
    assert await world.rows("SELECT * FROM mirror_rating") == []
    await ben.types("/mirror")
    assert "A7 · Mon 15:00" not in ben.phone.last.labels


async def test_another_therapist_cannot_guess(world: World) -> None:
    _, ben = await mirrored(world)
    await world.until("Mon 16:20")
    await ben.taps("A7 · Mon 15:00")
    buttons = [data for data in world.pushed(ben) if data.startswith("mir") and "set" not in data]
    _, dana = await world.pair("Cora", "Dana", code="C3")
    await dana.types("/mirror")
    await dana.taps("Turn this on")
    before = await world.facts()
    await dana.forges(*buttons)
    assert await world.facts() == before
    assert "A7" not in dana.everything
