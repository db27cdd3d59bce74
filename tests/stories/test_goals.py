"""A client's own goals: noted, worded anew, closed and rated; a rating keeps its words."""

from __future__ import annotations

from world import Human, World

OFFER = "Would you like to note what you want from therapy? /goals"


async def noted(anna: Human, *goals: str) -> None:
    await anna.types("/goals")
    for goal in goals:
        await anna.taps("Add a goal")
        await anna.types(goal)


async def week(world: World, anna: Human, *numbers: int) -> None:
    await world.until("Mon 16:20")
    await anna.checks_in(*(numbers or (8, 8, 8, 8, 8)))


async def second_check_in(world: World, *goals: str) -> tuple[Human, Human]:
    """Let Anna note goals after her first session and rate the five items of the second."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await week(world, anna)
    await noted(anna, *goals)
    await world.later(hours=2)
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    return anna, ben


async def test_goals_are_offered_once_and_only_to_who_has_none(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await week(world, anna)
    assert OFFER in anna.screen
    await week(world, anna)
    assert OFFER not in anna.screen
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Tue 15:00")
    await noted(cora, "Sleep through the night")
    await world.until("Tue 16:20")
    await cora.checks_in(8, 8, 8, 8, 8)
    assert OFFER not in cora.screen


async def test_who_sees_them_is_said_before_anything_is_typed(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben")
    await anna.types("/goals")
    assert "Your therapist can see your goals" in anna.screen
    await anna.taps("Add a goal")
    assert "Ben can see it." in anna.screen
    assert "Nobody reads along: if you need help now, tap the button below." in anna.screen
    assert "Help now" in anna.phone.last.labels
    await anna.types("Go out\n alone & <again>")
    assert anna.sees("1. Go out alone & <again>")
    assert b"alone" not in world.raw, "words rest encrypted"


async def test_words_are_kept_only_while_they_are_asked_for(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben")
    await noted(anna, "Go out alone")
    await anna.types("and a marmot")
    assert "I did not keep this message" in anna.screen
    await anna.types("/goals")
    await anna.taps("Add a goal")
    await anna.taps("‹ Back")
    await anna.types("and a marmot")
    assert "I did not keep this message" in anna.screen
    await anna.types("/goals")
    await anna.taps("Add a goal")
    await world.later(hours=1.1)
    await anna.types("and a marmot")
    assert "I did not keep this message" in anna.screen
    assert await world.rows("SELECT count(*) FROM goal") == [(1,)]


async def test_a_goal_too_long_is_not_kept_and_can_be_sent_again(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben")
    await noted(anna, "x" * 201)
    assert "A goal has room for 200 characters; these were 201." in anna.screen
    await anna.types("y" * 200)
    assert anna.sees("1. " + "y" * 200)


async def test_there_is_room_for_three_and_a_closed_one_makes_room(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben")
    await noted(anna, "One thing", "Another thing", "A third thing")
    listed = anna.sees("3. A third thing")
    assert listed is not None
    assert "Add a goal" not in listed.labels
    await anna.taps("2 · Another thing")
    await anna.taps("Set aside")
    await anna.taps("1 · One thing")
    await anna.taps("Reached")
    listed = anna.sees("1. A third thing")
    assert listed is not None
    assert "Add a goal" in listed.labels
    assert "Another thing (set aside)" in listed.text
    assert "One thing (reached)" in listed.text


async def test_they_are_rated_with_their_words_in_place_of_the_open_question(world: World) -> None:
    anna, ben = await second_check_in(world, "Go out alone", "Sleep through")
    assert "Your goal:\nGo out alone" in anna.screen
    assert "How far have you come with this?" in anna.screen
    await anna.answers(3)
    assert "Sleep through" in anna.screen
    await anna.taps("‹ Back")
    assert "· 3 ·" in anna.phone.last.labels
    await anna.answers(4)
    await anna.taps("Skip ›")
    assert "Thank you." in anna.screen, "no open question besides"
    assert "“Go out alone”: 4" in anna.screen
    await world.until("Fri 17:00")
    assert "8.0" in ben.screen, "the score is of the five items"
    await ben.opens("A7")
    assert "“Go out alone” 4\n“Sleep through”" in ben.screen
    await anna.types("/history")
    assert "“Go out alone” 4" in anna.screen


async def test_a_rating_stays_with_the_words_it_was_about(world: World) -> None:
    anna, ben = await second_check_in(world, "Go out alone")
    await anna.types("/goals")
    await anna.taps("1 · Go out alone")
    await anna.taps("Word it anew")
    assert "How would you word it now?" in anna.screen
    await anna.types("Take the bus alone")
    prompt = anna.sees("How far have you come with this?")
    assert prompt is not None
    assert "Go out alone" in prompt.text, "what is asked was fixed when it was made"
    await anna.taps("3", prompt)
    assert anna.sees("“Go out alone”: 3")
    await world.until("Fri 17:00")
    await ben.opens("A7")
    assert "“Take the bus alone”\n" in f"{ben.screen}\n"
    assert "3" not in ben.screen.split("“Take the bus alone”")[1].split("\n")[0]


async def test_they_come_back_with_every_fourth(world: World) -> None:
    anna, ben = await second_check_in(world, "Go out alone")
    await anna.answers(3)
    asked = [2]
    for number in range(3, 7):
        await world.until("Mon 16:20")
        await anna.answers(8, 8, 8, 8, 8)
        if "How far have you come" in anna.screen:
            asked.append(number)
            await anna.answers(6)
        while "Skip ›" in anna.phone.last.labels:
            await anna.taps("Skip ›")
    assert asked == [2, 6]
    await world.until("Fri 17:00")
    await ben.opens("A7")
    assert "“Go out alone” 3 → 6" in ben.screen


async def test_what_is_withheld_is_withheld_of_goals_too(world: World) -> None:
    anna, ben = await second_check_in(world, "Go out alone")
    await anna.answers(3)
    await anna.taps("Don't send")
    await anna.taps("Don't send")
    await world.until("Fri 17:00")
    await ben.opens("A7")
    assert "“Go out alone”\n" in f"{ben.screen}\n"
    assert "“Go out alone” 3" not in ben.everything


async def test_with_two_therapists_it_is_asked_which(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.pair("Anna", "Dana", code="D4", meets="Tue 15:00")
    await anna.types("/goals")
    assert "Which therapist is it about?" in anna.screen
    await anna.taps("Dana")
    await anna.taps("Add a goal")
    assert "Dana can see it." in anna.screen
    await anna.types("A marmot")
    await week(world, anna)
    await world.until("Fri 17:00")
    await ben.opens("A7")
    assert "marmot" not in ben.everything
    assert "Anna" not in (await world.rows("SELECT count(*) FROM goal"))


async def test_a_check_in_put_since_has_what_is_typed(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 15:25")
    await anna.types("/goals")
    await anna.taps("Add a goal")
    await world.until("Mon 16:20")
    await anna.types("8")
    assert await world.kept() == [8]
    assert await world.rows("SELECT * FROM goal") == []


async def test_whoever_stopped_adds_nothing_and_erasing_takes_all(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await noted(anna, "Go out alone")
    await anna.types("/stop")
    await anna.taps("Stop the questions")
    await anna.types("/goals")
    assert anna.phone.last.labels == ["Help now"]
    await anna.types("/erase")
    await anna.taps("Erase everything")
    assert await world.rows("SELECT * FROM goal") == []
    assert await world.rows("SELECT * FROM goal_wanted") == []


async def test_nobody_else_can_press_these_buttons(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await noted(anna, "Go out alone")
    await anna.taps("1 · Go out alone")
    buttons = [data for data in world.pushed(anna) if data.startswith("goal")]
    assert {data.split(".")[0] for data in buttons} >= {"goal", "goaladd", "goalword", "goalend"}
    cora, _ = await world.pair("Cora", "Ben", code="C3")
    before = await world.facts()
    for human in (cora, ben):
        await human.types("/help")
        assert "" not in await human.forges(*buttons)
        assert "Go out" not in human.everything
    assert await world.facts() == before


async def test_in_german(world: World) -> None:
    anna = world.human("Anna", language="de")
    ben = await world.therapist("Ben")
    await world.joins(anna, await world.invites(ben, "A7"), "Deutsch")
    await ben.taps("Yes, that is my client")
    await anna.types("/goals")
    await anna.taps("Ein Ziel notieren")
    assert "Ben kann es sehen." in anna.screen
    await anna.types("Allein hinausgehen")
    assert anna.sees("1. Allein hinausgehen")
