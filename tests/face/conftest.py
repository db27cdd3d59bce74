"""A real browser on the demo's page, and on a bare emulator's."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from bot.demo.round import Plan, Round
from bot.demo.show import show

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: What a browser says when a round ends under a page that listens to it.
EXPECTED = "ERR_INCOMPLETE_CHUNKED_ENCODING"

# A machine that is busy with other tests may be slow; what does not come at all still fails.
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)


def browser_path() -> str | None:
    """Find a Chromium on this machine."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Start a headless Chromium, one for all tests of a worker."""
    path = browser_path()
    if path is None:
        pytest.skip(
            f"NO BROWSER: none of {', '.join(NAMES)} is here, so nobody looked at the page;"
            " on Debian: apt-get install chromium"
        )
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        await browser.close()


class Screen:
    """A page as a visitor has it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def phone(self, name: str) -> Locator:
        """Somebody's phone."""
        return self.page.get_by_role("region", name=name)

    def button(self, name: str, label: str) -> Locator:
        """The newest button of that label on a phone."""
        return self.phone(name).locator(".keys").get_by_role("button", name=label, exact=True).last

    async def taps(self, name: str, *labels: str) -> None:
        """Tap buttons one after the other, each once the bot has shown it."""
        for label in labels:
            last = self.phone(name).locator(".message:has(.key)").last
            before = await last.inner_text()
            await self.button(name, label).click()
            await expect(last).not_to_have_text(before, use_inner_text=True)

    async def writes(self, name: str, text: str) -> None:
        """Write a message and send it."""
        await self.phone(name).get_by_label(f"{name} writes").fill(text)
        await self.phone(name).get_by_role("button", name="Send", exact=True).click()

    async def sees(self, name: str, words: str) -> Locator:
        """Wait for a message of the bot with these words."""
        message = self.phone(name).locator(".theirs", has_text=words).last
        await expect(message).to_be_visible()
        return message

    async def moves(self, key: str) -> None:
        """Move the clock, and wait until it stands again."""
        clock = self.page.get_by_role("group", name="The practice's clock")
        before = await clock.inner_text()
        await self.page.locator(f"[data-move={key}]").click()
        await expect(clock).not_to_have_text(before, use_inner_text=True)
        await self.free()

    async def free(self) -> None:
        """Wait until the page is the visitor's."""
        await self.page.locator("html.free").wait_for()


Visit = Callable[..., Awaitable[Screen]]


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser) -> AsyncIterator[Visit]:
    """Open a page in a browser that was never here; fails where the page stumbled.

    Whatever the page asked for must have come from its own address.
    """
    stumbled: list[str] = []
    async with AsyncExitStack() as closing:

        async def open_page(url: str, **looks: Any) -> Screen:
            size = {"width": 1440, "height": 900}
            context = await browser.new_context(**{"viewport": size, **looks})
            closing.push_async_callback(context.close)
            page = await context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            page.on("pageerror", lambda error: stumbled.append(str(error)))
            page.on(
                "console",
                lambda said: said.type == "error" and EXPECTED not in said.text
                and stumbled.append(said.text),
            )  # fmt: skip
            page.on(
                "request",
                lambda request: (
                    request.url.startswith((url.partition("?")[0], "data:", "blob:"))
                    or stumbled.append(f"asked elsewhere: {request.url}")
                ),
            )
            await page.goto(url)
            return Screen(page)

        yield open_page
    assert stumbled == []


class Demo:
    """A demo that is being shown; its present round."""

    def __init__(self) -> None:
        self.url = ""
        self.rounds: list[Round] = []


@pytest_asyncio.fixture(loop_scope="session")
async def demo(request: pytest.FixtureRequest) -> AsyncIterator[Demo]:
    """The demo, its cast enrolled; `@pytest.mark.parametrize("demo", [Plan(…)], indirect=True)`."""
    shown, stop, ready = Demo(), asyncio.Event(), asyncio.Event()

    def is_ready(url: str) -> None:
        shown.url = url
        ready.set()

    plan = getattr(request, "param", Plan())
    showing = asyncio.create_task(show(0, plan, stop, is_ready, shown.rounds.append))
    await ready.wait()
    yield shown
    stop.set()
    await showing
