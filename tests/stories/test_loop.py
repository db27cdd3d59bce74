"""The loop, end to end: asked, answered, brought to the therapist, acknowledged, told, asked."""

from __future__ import annotations

from world import Human, World


async def test_a_low_rating_reaches_the_therapist_and_comes_back(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    assert anna.sees("A short check-in about Monday is ready.", button="We did not meet")
    await anna.answers(2, 8, 8, 7, 9)
    assert anna.sees("Did anything get in the way?")
    await anna.taps("pace")
    await anna.taps("Done ›")
    await anna.taps("Skip ›")
    assert anna.sees("This goes to your therapist on Friday, Nov 6 after 17:00")

    await world.until("Fri 17:00")
    digest = ben.sees("A7", button="Let's talk about it")
    assert digest is not None
    assert "pace" in (digest.text or "")

    await ben.taps("Let's talk about it")
    await world.later(minutes=3)
    assert anna.sees("would like to make room for it next time", button="OK")
    await anna.taps("OK")

    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    await anna.taps("Skip ›")
    assert anna.sees("Did you two talk about it?")
    await anna.taps("Yes")
    assert anna.sees("Thank you.")


async def test_an_outage_of_a_week_does_not_keep_the_news_from_the_client(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 7, 9)
    await world.until("Fri 17:00")
    await ben.taps("Let's talk about it")
    assert not anna.sees("would like to make room for it next time")
    await world.stage.close()
    clock = world.stage.clock
    clock.advance_to(clock.now() + 8 * 86_400_000)
    await world.stage.open()
    await world.step()
    assert anna.sees("would like to make room for it next time", button="OK")


async def let_us_talk(world: World) -> tuple[Human, Human]:
    """Let Ben make room for what Anna said, and Anna agree."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 7, 9)
    await world.until("Fri 17:00")
    await ben.taps("Let's talk about it")
    await world.later(minutes=3)
    await anna.taps("OK")
    return anna, ben


async def is_asked(world: World, anna: Human) -> bool:
    """Let Anna answer the next check-in up to where it may ask whether the two talked."""
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    while "Skip ›" in anna.phone.last.labels and "Did you two talk" not in anna.screen:
        await anna.taps("Skip ›")
    return "Did you two talk about it?" in anna.screen


async def test_whoever_left_the_next_check_in_alone_is_asked_in_the_one_after(
    world: World,
) -> None:
    anna, ben = await let_us_talk(world)
    await world.until("Mon 16:20")
    await world.until("Fri 17:00")
    assert "your “let's talk” is still open" in ben.screen
    assert await is_asked(world, anna)
    await anna.taps("A bit")
    assert "and you talked about it a bit" in anna.screen
    assert not await is_asked(world, anna)


async def test_where_the_two_did_not_meet_the_question_comes_after_the_next_session(
    world: World,
) -> None:
    anna, _ = await let_us_talk(world)
    await world.until("Mon 16:20")
    await anna.taps("We did not meet")
    assert await is_asked(world, anna)


async def test_whoever_answered_but_not_this_question_is_not_asked_again(world: World) -> None:
    anna, _ = await let_us_talk(world)
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8)
    assert not await is_asked(world, anna)


async def test_after_four_weeks_of_silence_nobody_is_asked_about_it(world: World) -> None:
    anna, _ = await let_us_talk(world)
    for _ in range(5):
        await world.until("Mon 16:20")
    assert not await is_asked(world, anna)


async def test_today_names_an_open_word_as_long_as_the_digests_do(world: World) -> None:
    anna, ben = await let_us_talk(world)
    for weeks, is_open in ((3, True), (2, False)):
        for _ in range(weeks):
            await world.until("Mon 16:20")
            await anna.answers(8, 8, 8)
        await world.until("Fri 17:00")
        assert ("your “let's talk” is still open" in ben.screen) is is_open
        await world.until("Mon 09:00")
        await ben.types("/today")
        assert ("you said “let's talk”" in ben.screen) is is_open
