"""The loop, end to end: asked, answered, brought to the therapist, acknowledged, told, asked."""

from __future__ import annotations

from world import World


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
