"""`make pictures`: draw the pictures of the README and the guides, the same on every run.

The window, the practice's clock and what was tapped are fixed; only fonts differ by machine.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, async_playwright, expect

from bot.demo.round import Plan
from bot.demo.show import show
from tests.face.conftest import FLAGS, Screen, browser_path

_DOCS: Final = Path(__file__).parents[2] / "docs"
#: Drawn at once and whole: otherwise the edges of what was drawn over vary from run to run.
_STEADY: Final = [
    "--disable-partial-raster",
    "--disable-skia-runtime-opts",
    "--num-raster-threads=1",
]
_WINDOW: Final = {"width": 1280, "height": 850}


async def main() -> None:
    """Draw the page in light and in dark, and a client's phone in German."""
    path = browser_path()
    if path is None:
        sys.exit("No Chromium is here; on Debian: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*FLAGS, *_STEADY])
        await _draw(browser, _acts(_keep_none), _DOCS / "face-dark.png", color_scheme="dark")
        await _draw(browser, _acts(_keep), _DOCS / "face.png", color_scheme="light")
        await _draw(browser, _act_in_german, color_scheme="light")
        await browser.close()


Keep = Callable[[Screen, str, str], Awaitable[None]]
Act = Callable[[Screen], Awaitable[None]]


async def _keep(screen: Screen, name: str, whose: str) -> None:
    """Draw one phone, for the pages that are about it."""
    await screen.page.evaluate("document.activeElement.blur()")
    await screen.page.mouse.move(0, 0)
    await expect(screen.page.locator(".ringing")).to_have_count(0)
    await screen.phone(whose).screenshot(path=_DOCS / f"{name}.png")


async def _keep_none(screen: Screen, name: str, whose: str) -> None:
    """Draw no phone."""


async def _draw(browser: Browser, act: Act, file: Path | None = None, **looks: Any) -> None:
    """Let something be done on a page of its own, and draw the page where a file is named."""
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    showing = asyncio.create_task(show(0, Plan(), stop, ready.set_result))
    context = await browser.new_context(viewport=_WINDOW, reduced_motion="reduce", **looks)
    screen = Screen(await context.new_page())
    await screen.page.goto(await ready)
    await screen.free()
    await act(screen)
    if file is not None:
        await screen.page.set_viewport_size({**_WINDOW, "height": _WINDOW["height"] - 40})
        await screen.page.set_viewport_size(_WINDOW)
        await screen.page.screenshot(path=file)
    await context.close()
    stop.set()
    await showing


def _acts(keep: Keep) -> Act:
    return lambda screen: _act(screen, keep)


async def _act(screen: Screen, keep: Keep) -> None:
    """Bring the page to where both halves of the loop are seen."""
    await screen.sees("Anna", "Question 1 of 5")
    await keep(screen, "phone-question", "Anna")
    await screen.taps("Anna", "8", "9", "8", "8", "9", "Skip ›")
    await screen.moves("appointment")
    await screen.taps("Cora", "9", "9", "8", "9", "9", "Skip ›")
    await screen.moves("digest")
    await screen.taps("Ben", "Read these 2")
    await screen.moves("appointment")
    await screen.taps("Anna", "3", "7", "5", "8", "4", "didn't feel listened to", "pace", "Done ›")
    await screen.taps("Anna", "Skip ›")
    await screen.moves("appointment")
    await screen.taps("Cora", "9", "9", "8", "9", "9", "Skip ›")
    await screen.moves("digest")
    await screen.sees("Ben", "Talk about this first")
    await keep(screen, "phone-digest", "Ben")
    await screen.taps("Ben", "Let's talk about it")
    await screen.sees("Anna", "would like to make room for it")
    await keep(screen, "phone-told", "Anna")
    # The invitations are random; what stands over them is not.
    await screen.writes("Dana", "/help")
    await screen.sees("Dana", "If you need help now")
    await screen.writes("Dana", "/privacy")
    await expect(screen.phone("Dana").locator(".theirs")).to_have_count(4)
    await screen.page.evaluate("document.activeElement.blur()")
    await screen.page.mouse.move(0, 0)
    await expect(screen.page.locator(".ringing")).to_have_count(0)


async def _act_in_german(screen: Screen) -> None:
    """Show what a client who has chosen German is asked, and told."""
    await screen.sees("Anna", "Question 1 of 5")
    await screen.writes("Anna", "/settings")
    await screen.sees("Anna", "Your settings")
    await screen.taps("Anna", "Deutsch")
    # Cora's comes first.
    await screen.moves("appointment")
    await screen.moves("appointment")
    await screen.sees("Anna", "Frage 1 von 5")
    await _keep(screen, "phone-question-de", "Anna")
    await screen.taps("Anna", "3", "7", "5", "8", "4", "Tempo", "Fertig ›", "Überspringen ›")
    await screen.moves("digest")
    await screen.sees("Ben", "Talk about this first")
    await screen.taps("Ben", "Let's talk about it")
    await screen.sees("Anna", "Raum geben")
    await _keep(screen, "phone-told-de", "Anna")


if __name__ == "__main__":
    asyncio.run(main())
