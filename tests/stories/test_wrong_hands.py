"""Buttons in the wrong hands while they would still do something for their owner.

The presser of a button is checked against its row: whoever learns what a button carries can press
it from another phone. Each such tap is refused, shows nothing and changes nothing.
"""

from __future__ import annotations

from world import Human, World

#: The last two are said whatever the state of somebody else's questions.
REFUSED = {
    "This is not one of yours, or it is no longer here.",
    "This is not for you to use. What you can do here: /help",
    "The questions are not running, so there is nothing to pause or stop.",
    "The questions are not paused.",
}


async def refuses(world: World, buttons: list[str], *humans: Human) -> None:
    """Let other people press each button; whatever they see stays as it was."""
    before = await world.facts()
    for human in humans:
        await human.types("/help")
        shown, calls = human.everything, len(world.calls_to(human))
        assert set(await human.forges(*buttons)) <= REFUSED
        assert human.everything == shown
        answered = [call.method for call in world.calls_to(human)[calls:]]
        assert set(answered) <= {"answerCallbackQuery"}
    assert await world.facts() == before


def of(human: Human, *acts: str) -> list[str]:
    """List what the buttons for these acts carry that a phone was ever shown."""
    found = [data for data in human.world.pushed(human) if data.split(".")[0] in acts]
    assert {data.split(".")[0] for data in found} == set(acts)
    return found


async def test_nobody_else_takes_part_in_joining(world: World) -> None:
    cora, dana = await world.pair("Cora", "Dana", code="C3")
    ben = await world.therapist("Ben")
    anna = world.human("Anna")
    await anna.starts(await world.invites(ben, "A7"))
    await anna.taps("English")
    await anna.taps(anna.phone.last.labels[0])
    await refuses(world, of(anna, "agree", "decline"), cora, dana, ben)
    await anna.taps("I agree")
    await refuses(world, of(ben, "confirm", "away"), anna, cora, dana)
    await ben.taps("Yes, that is my client")
    await refuses(world, of(anna, "begin"), cora, ben, dana)
    assert await world.rows("SELECT count(*) FROM pair WHERE state = 'active'") == [(2,)]


async def test_nobody_else_answers_an_open_check_in(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Mon 15:00")
    dana = await world.therapist("Dana")
    await world.until("Mon 16:20")
    await anna.taps("Later")
    await anna.taps("‹ Back")
    await anna.answers(2, 8, 8, 8, 8)
    await anna.taps("pace")
    await anna.taps("Done ›")
    await anna.types("a marmot")
    await anna.taps("Keep it for me")
    await anna.taps("Change")
    await anna.taps("‹ Back")
    await anna.taps("Don't send")
    acts = ("rate", "pass", "snooze", "later", "unmet", "show", "chip", "back", "disclose",
            "change", "reopen", "withhold", "withheld")  # fmt: skip
    await refuses(world, of(anna, *acts), cora, ben, dana)
    await anna.taps("‹ Back")
    assert "This goes to your therapist on" in anna.screen


async def test_nobody_else_pauses_stops_or_erases(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, dana = await world.pair("Cora", "Dana", code="C3")
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    for command in ("/stop", "/erase", "/pause"):
        await anna.types(command)
    acts = ("stop", "ending", "erase", "pause")
    await refuses(world, of(anna, *acts), cora, ben, dana)
    await anna.taps("Until I resume")
    await refuses(world, of(anna, *acts, "resume"), cora, ben, dana)


async def test_typed_words_land_with_who_typed_them(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await cora.answers(1)
    await world.later(minutes=1)
    await anna.answers(9)
    await cora.types("2")
    assert "Question 3 of 5" in cora.screen
    assert "Question 2 of 5" in anna.screen
    of_whom = "SELECT code FROM answer JOIN checkin ON checkin.id = checkin_id JOIN pair ON pair.id"
    rows = await world.rows(f"{of_whom} = pair_id ORDER BY code")
    assert rows == [("A7",), ("C3",), ("C3",)]


async def test_an_update_whose_chat_is_not_its_senders_does_nothing(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora = world.human("Cora")
    await cora.types("/help")
    await world.until("Mon 16:20")
    emulator = world.stage.emulator
    before, shown = await world.facts(), cora.everything
    prompt = anna.phone.last
    account = anna.phone.account.json
    chat = {"id": cora.phone.id, "type": "private", "first_name": "Cora"}
    message = {"message_id": 1, "date": prompt.date, "chat": chat}
    asks = [
        {"message": {**message, "from": account, "text": "/history"}},
        {"message": {**message, "from": account, "text": "8"}},
        {"edited_message": {**message, "from": account, "text": "8", "edit_date": prompt.date}},
        {"callback_query": {"id": "1", "from": account, "chat_instance": "1", "message": message,
                            "data": prompt.data_of("8")}},
    ]  # fmt: skip
    barred = {"user": emulator.world.bot.json, "status": "kicked", "until_date": 0}
    member = {"chat": chat, "from": account, "date": prompt.date, "new_chat_member": barred,
              "old_chat_member": {"user": emulator.world.bot.json, "status": "member"}}  # fmt: skip
    numbers = [emulator.inject(one) for one in (*asks, {"my_chat_member": member})]
    await world.step()
    assert cora.everything == shown
    assert await world.facts() == before
    assert await world.rows("SELECT * FROM set_aside") == []
    seen = await world.rows("SELECT update_id FROM seen_update")
    assert {(number,) for number in numbers} <= set(seen)
    await anna.answers(8)
    assert await world.kept() == [8]
