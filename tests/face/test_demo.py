"""The demo's page in a real browser, clicked through as client, therapist and admin."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from bot.demo.round import Plan
from bot.demo.story import THE_END
from tests.face.conftest import Demo, Screen, Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

empty = pytest.mark.parametrize("demo", [Plan(enrolled=False)], indirect=True)


async def opens(screen: Screen, inviter: str, invited: str) -> None:
    """Tap the QR picture on one phone, open it on another one and press START there."""
    picture = screen.phone(inviter).get_by_role("button", name="Picture: Invitation")
    await picture.click()
    window = screen.page.get_by_role("dialog", name="Open this invitation")
    await window.get_by_role("button", name=invited).click()
    start = screen.phone(invited).get_by_role("button", name="Start")
    await expect(start).to_be_focused()
    await start.click()


@empty
async def test_the_whole_loop_is_clicked_through_from_an_empty_practice(
    demo: Demo, visit: Visit
) -> None:
    screen = await visit(demo.url)
    await screen.free()
    await screen.writes("Dana", "/invite_therapist")
    await opens(screen, "Dana", "Ben")
    await screen.sees("Ben", "Welcome")
    await screen.writes("Ben", "/invite A7")
    await opens(screen, "Ben", "Anna")
    await screen.taps("Anna", "English", "Yes, that is right", "I agree")
    await screen.sees("Ben", "Is that your client?")
    await screen.taps("Ben", "Yes, that is my client")
    await screen.writes("Ben", "/add A7 2026-11-02 15:00 50m weekly")
    await screen.taps("Ben", "Confirm")

    await expect(screen.page.locator("[data-move=appointment] small")).to_have_text(
        "Mon 16:20 · A7"
    )
    await screen.moves("appointment")
    await expect(screen.page.locator("#time")).to_have_text("16:20")
    await screen.sees("Anna", "A short check-in about Monday")
    await screen.taps("Anna", "2", "8", "8", "7", "9", "pace", "Done ›", "Skip ›")
    await screen.sees("Anna", "This goes to your therapist on")

    await screen.moves("digest")
    digest = await screen.sees("Ben", "Talk about this first")
    await expect(digest.locator("strong").first).to_contain_text("Talk about this first")
    await screen.taps("Ben", "Let's talk about it")
    await expect(digest).to_contain_text("edited")
    await screen.sees("Anna", "would like to make room for it")
    await screen.taps("Anna", "OK")

    await screen.moves("appointment")
    await screen.taps("Anna", "8", "9", "8", "8", "9", "Skip ›", "Yes")
    await screen.sees("Anna", "Talked about it: Yes")
    await expect(screen.phone("Cora").get_by_role("button", name="Start")).to_be_visible()
    await expect(screen.phone("Anna")).not_to_contain_text("rupture", ignore_case=True)


async def test_the_story_plays_to_its_end(demo: Demo, visit: Visit) -> None:
    screen = await visit(f"{demo.url}?speed=60")
    await screen.free()
    await screen.page.get_by_role("button", name="Watch the story").click()
    await expect(screen.page.get_by_role("progressbar")).to_be_visible()
    await expect(screen.page.locator("#title")).to_have_text(THE_END, timeout=40_000)
    await screen.sees("Ben", "Calm (1)")
    await screen.sees("Anna", "It is for the two of you to decide")
    await expect(screen.page.get_by_role("button", name="Watch the story")).to_be_visible()
    assert len(demo.rounds) == 2


async def test_the_story_can_be_paused_stopped_and_taken_over(demo: Demo, visit: Visit) -> None:
    screen = await visit(demo.url)
    page = screen.page
    await screen.free()
    await page.get_by_role("button", name="Watch the story").click()
    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_role("button", name="Go on")).to_be_focused()
    progress = page.get_by_role("progressbar")
    await page.wait_for_timeout(1800)
    before = await progress.get_attribute("value")
    await page.wait_for_timeout(1500)
    assert await progress.get_attribute("value") == before

    await screen.phone("Cora").get_by_role("button", name="Start").click()
    await expect(page.get_by_text("The story is being told. Stop it to take over.")).to_be_visible()
    await page.get_by_role("button", name="Go on").click()
    await page.get_by_role("button", name="Stop").click()
    await screen.free()
    await expect(page.locator("#title")).to_contain_text("stopped here")
    await screen.phone("Cora").get_by_role("button", name="Start").click()
    await screen.sees("Cora", "Hello")


async def test_starting_over_gives_a_new_practice_under_the_same_address(
    demo: Demo, visit: Visit
) -> None:
    screen = await visit(demo.url)
    await screen.free()
    await screen.sees("Anna", "A short check-in about Monday")
    await screen.page.get_by_role("button", name="Empty practice").click()
    await expect(screen.phone("Anna")).to_contain_text("Anna has not started this bot.")
    await expect(screen.phone("Dana")).to_contain_text("Hello.")
    await screen.page.get_by_role("button", name="Start over").click()
    await screen.sees("Anna", "A short check-in about Monday")


async def test_what_follows_within_five_minutes_is_not_waited_for(demo: Demo, visit: Visit) -> None:
    screen = await visit(demo.url)
    await screen.free()
    await screen.taps("Anna", "8", "8", "8", "8", "8", "Skip ›")
    await screen.moves("digest")
    await screen.taps("Ben", "Read this one")
    await screen.sees("Anna", "Your therapist read your check-in")
    await expect(screen.page.locator("#time")).to_have_text("17:02")


async def test_the_story_and_the_clock_refuse_what_cannot_be(demo: Demo, visit: Visit) -> None:
    screen = await visit(demo.url)
    await screen.free()
    playing = demo.rounds[-1]
    for act, body in ((playing.pause, {"paused": True}), (playing.stop, {})):
        with pytest.raises(ValueError, match="no story"):
            act(body)
    with pytest.raises(ValueError, match="nothing to move to"):
        playing.move({"to": "yesterday"})
