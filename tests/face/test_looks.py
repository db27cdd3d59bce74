"""The page for everybody: by keyboard, read aloud, in the dark, on a phone, without motion."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.face.conftest import Demo, Screen, Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAMELESS = """() => [...document.querySelectorAll('button, input, select, a, [role=tab], progress')]
  .filter((one) => one.checkVisibility())
  .filter((one) => !(one.ariaLabel || one.innerText || one.labels?.length
    || one.querySelector('img')?.alt))
  .map((one) => one.outerHTML)"""
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


async def tab_to(page: Page, name: str, *, most: int = 40) -> None:
    """Press Tab until the focus is on something of this name."""
    for _ in range(most):
        await page.keyboard.press("Tab")
        focused = await page.evaluate(
            "() => document.activeElement.ariaLabel || document.activeElement.innerText"
        )
        if name in focused:
            return
    raise AssertionError(f"the focus never came to {name!r}")


async def background(page: Page) -> str:
    return str(await page.evaluate("() => getComputedStyle(document.body).backgroundColor"))


async def test_a_check_in_is_answered_by_keyboard_alone(demo: Demo, visit: Visit) -> None:
    screen = await visit(demo.url)
    page = screen.page
    await screen.free()
    await screen.sees("Anna", "Question 1 of 5")
    await tab_to(page, "Skip to the phones", most=1)
    await page.keyboard.press("Enter")
    question = screen.phone("Anna").locator(".message", has_text=re.compile(r"Question \d of 5"))
    keys = question.get_by_role("toolbar", name="Buttons")
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await keys.locator(":focus").count():
            break
    await expect(keys.get_by_role("button", name="0", exact=True)).to_be_focused()
    outline = "() => getComputedStyle(document.activeElement).outlineStyle"
    assert await page.evaluate(outline) == "solid"

    # Right to 2, down to 8, and with Enter to the next question: the focus keeps its place.
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        await page.keyboard.press(key)
    await expect(keys.get_by_role("button", name="8", exact=True)).to_be_focused()
    for number in ("2", "3", "4", "5"):
        await page.keyboard.press("Enter")
        await expect(question).to_contain_text(f"Question {number} of 5")
        await expect(keys.get_by_role("button", name="8", exact=True)).to_be_focused()

    await page.keyboard.press("Enter")
    await screen.sees("Anna", "do differently next time")
    await tab_to(page, "Anna writes")
    await page.keyboard.type("A little slower, please.")
    await page.keyboard.press("Enter")
    await screen.sees("Anna", "What should happen with it?")


async def test_menus_and_windows_keep_the_focus_and_give_it_back(demo: Demo, visit: Visit) -> None:
    screen = await visit(demo.url)
    page = screen.page
    await screen.free()
    menu = screen.phone("Ben").get_by_role("button", name="Menu")
    await menu.press("Enter")
    items = page.get_by_role("menuitem")
    await expect(items.first).to_be_focused()
    await page.keyboard.press("End")
    await expect(items.last).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(menu).to_be_focused()
    await expect(items).to_have_count(0)

    picture = screen.phone("Dana").get_by_role("button", name="Picture: Invitation")
    await picture.press("Enter")
    window = page.get_by_role("dialog")
    for _ in range(8):
        await page.keyboard.press("Tab")
        outside = await page.evaluate("() => document.activeElement.closest('main, header')")
        assert outside is None
    await page.keyboard.press("Escape")
    await expect(window).to_have_count(0)
    await expect(picture).to_be_focused()


async def test_a_command_is_chosen_from_the_menu_of_ones_own(demo: Demo, visit: Visit) -> None:
    screen = await visit(demo.url)
    await screen.free()
    for name, has in (("Dana", True), ("Anna", False)):
        await screen.phone(name).get_by_role("button", name="Menu").click()
        of_admins = screen.page.get_by_role("menuitem", name="/invite_therapist")
        await expect(of_admins).to_have_count(1 if has else 0)
        await screen.page.keyboard.press("Escape")
    await screen.phone("Anna").get_by_role("button", name="Menu").click()
    await screen.page.get_by_role("menuitem", name="/history").click()
    await expect(screen.phone("Anna").locator(".mine").last).to_contain_text("/history")


async def test_everything_has_a_name_and_news_are_read_aloud(demo: Demo, visit: Visit) -> None:
    screen = await visit(demo.url)
    await screen.free()
    await screen.sees("Anna", "Question 1 of 5")
    assert await screen.page.evaluate(NAMELESS) == []
    for name in ("Anna", "Cora", "Ben", "Dana"):
        await expect(screen.page.get_by_role("heading", name=name, level=2)).to_be_visible()
    await screen.writes("Anna", "/help")
    aloud = screen.page.locator("[aria-live=polite]")
    await expect(aloud).to_contain_text("On Anna's phone: If you need help now")


async def test_dark_is_the_systems_choice_until_the_visitor_makes_another(
    demo: Demo, visit: Visit
) -> None:
    screen = await visit(demo.url, color_scheme="dark")
    page = screen.page
    await screen.free()
    assert await background(page) == "rgb(14, 20, 27)"
    await page.get_by_role("button", name="Switch to the light appearance").click()
    assert await background(page) == "rgb(238, 241, 245)"
    await page.reload()
    await screen.free()
    assert await background(page) == "rgb(238, 241, 245)"
    await page.get_by_role("button", name="Switch to the dark appearance").click()
    assert await background(page) == "rgb(14, 20, 27)"


@pytest.mark.parametrize("width", [320, 390])
async def test_a_narrow_page_shows_one_phone_with_tabs(
    demo: Demo, visit: Visit, width: int
) -> None:
    screen = await visit(demo.url, viewport={"width": width, "height": 780}, has_touch=True)
    page = screen.page
    await screen.free()
    tabs = page.get_by_role("tab")
    await expect(tabs).to_have_count(4)
    await expect(page.get_by_role("region", name="Anna")).to_be_visible()
    await expect(screen.phone("Ben")).to_be_hidden()
    assert await page.evaluate(SIDEWAYS) == 0

    await screen.taps("Anna", "8", "8", "8", "8", "8", "Skip ›")
    await screen.moves("digest")
    await expect(page.get_by_role("tab", name="Ben")).to_contain_text("1")
    await tabs.first.press("ArrowRight")
    await page.get_by_role("tab", name="Ben").click()
    await screen.sees("Ben", "Nothing stands out")
    await expect(page.get_by_role("tab", name="Ben")).to_have_attribute("aria-selected", "true")
    await expect(screen.phone("Anna")).to_be_hidden()


@pytest.mark.parametrize("width", [760, 1024, 1440])
async def test_all_phones_stand_side_by_side_on_a_wide_page(
    demo: Demo, visit: Visit, width: int
) -> None:
    screen = await visit(demo.url, viewport={"width": width, "height": 800})
    await screen.free()
    assert await screen.page.evaluate(SIDEWAYS) == 0
    boxes = [await screen.phone(name).bounding_box() for name in ("Anna", "Cora", "Ben", "Dana")]
    assert len({box["y"] for box in boxes if box}) == 1
    lefts = [box["x"] for box in boxes if box]
    assert lefts == sorted(lefts)


async def test_nothing_moves_for_who_wants_no_motion(demo: Demo, visit: Visit) -> None:
    screen = await visit(demo.url, reduced_motion="reduce")
    await screen.free()
    moving = "() => document.getAnimations().filter((one) => one.playState === 'running').length"
    await screen.taps("Anna", "8")
    assert await screen.page.evaluate(moving) == 0


async def test_the_newest_message_stays_in_view(demo: Demo, visit: Visit) -> None:
    screen: Screen = await visit(demo.url)
    await screen.free()
    await screen.sees("Anna", "Question 1 of 5")
    await expect(screen.button("Anna", "Help now")).to_be_in_viewport(ratio=0.9)
    await screen.writes("Anna", "/help")
    await expect(await screen.sees("Anna", "If you need help now")).to_be_in_viewport(ratio=0.9)


async def test_a_message_taller_than_the_phone_begins_at_its_beginning(
    demo: Demo, visit: Visit
) -> None:
    screen = await visit(demo.url, viewport={"width": 390, "height": 740})
    await screen.free()
    await screen.taps("Anna", "2", "8", "8", "8", "8")
    question = await screen.sees("Anna", "Did anything get in the way?")
    await expect(question.locator(".words")).to_be_in_viewport(ratio=0.9)
    await screen.button("Anna", "pace").click()
    await expect(screen.button("Anna", "✓ pace")).to_be_in_viewport()
