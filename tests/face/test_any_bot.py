"""The emulator's own page with any bot: here one that is a handful of raw calls."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import expect

from bot.emulator import Emulator, MovableClock, Person
from tests.emulator.rawbot import NOON, TOKEN, RawBot
from tests.face.conftest import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEYBOARD = {
    "inline_keyboard": [
        [{"text": "One", "callback_data": "1"}, {"text": "Two", "callback_data": "2"}],
        [{"text": "Look", "url": "https://practice.example/look"}],
    ]
}


@pytest_asyncio.fixture(loop_scope="session")
async def emulator() -> AsyncIterator[Emulator]:
    emulator = Emulator(TOKEN, MovableClock(NOON), seed=1)
    async with emulator.serve():
        yield emulator


@pytest_asyncio.fixture(loop_scope="session")
async def bot(emulator: Emulator) -> AsyncIterator[RawBot]:
    async with aiohttp.ClientSession() as session:
        yield RawBot(emulator.base_url, session)


@pytest_asyncio.fixture(loop_scope="session")
async def anna(emulator: Emulator) -> Person:
    anna = emulator.person("Anna")
    anna.start()
    return anna


async def test_people_are_added_and_press_start(emulator: Emulator, visit: Visit) -> None:
    screen = await visit(f"{emulator.url}/")
    await expect(screen.page.get_by_text("There is nobody yet.")).to_be_visible()
    await screen.page.get_by_label("Name").fill("Cora")
    await screen.page.get_by_label("Language").select_option("German")
    await screen.page.get_by_role("button", name="Add a phone").click()
    await screen.phone("Cora").get_by_role("button", name="Start").click()
    await expect(screen.phone("Cora").locator(".mine")).to_contain_text("/start")
    (cora,) = emulator.people.values()
    assert (cora.name, cora.account.language_code) == ("Cora", "de")


async def test_an_answer_is_a_toast_or_a_window(
    emulator: Emulator, bot: RawBot, anna: Person, visit: Visit
) -> None:
    screen, other = await visit(f"{emulator.url}/"), await visit(f"{emulator.url}/")
    await bot.call("sendMessage", chat_id=anna.id, text="Which?", reply_markup=KEYBOARD)
    for label, alert in (("One", False), ("Two", True)):
        known = len(emulator.world.taps)
        await screen.button("Anna", label).click()
        assert await emulator.bell.wait_for(lambda: len(emulator.world.taps) > known, 10)  # noqa: B023
        update = (await bot.call("getUpdates", offset=-1))[0]
        await bot.call(
            "answerCallbackQuery",
            callback_query_id=update["callback_query"]["id"],
            text=f"{label} it is",
            show_alert=alert,
        )
        if alert:
            window = screen.page.get_by_role("dialog")
            await expect(window).to_contain_text("Two it is")
            await expect(window.get_by_role("button", name="OK")).to_be_focused()
            await screen.page.keyboard.press("Enter")
            await expect(window).to_have_count(0)
            await expect(screen.button("Anna", "Two")).to_be_focused()
            await expect(other.phone("Anna").get_by_role("status")).to_have_text("Two it is")
            await expect(other.page.get_by_role("dialog")).to_have_count(0)
        else:
            await expect(screen.phone("Anna").get_by_role("status")).to_have_text("One it is")


async def test_rows_of_buttons_stand_as_telegram_lays_them(
    emulator: Emulator, bot: RawBot, anna: Person, visit: Visit
) -> None:
    screen = await visit(f"{emulator.url}/", reduced_motion="reduce")
    await bot.call("sendMessage", chat_id=anna.id, text="Which?", reply_markup=KEYBOARD)
    one, two, look = [
        await screen.phone("Anna").locator(".key").nth(number).bounding_box() for number in range(3)
    ]
    assert one is not None
    assert two is not None
    assert look is not None
    assert one["y"] == two["y"] < look["y"]
    assert abs(one["width"] - two["width"]) < 1
    assert look["width"] > one["width"] + two["width"]


async def test_text_is_formatted_and_never_markup(
    emulator: Emulator, bot: RawBot, anna: Person, visit: Visit
) -> None:
    screen = await visit(f"{emulator.url}/")
    text = "🙂 <b>bold <i>both</i></b> <code>x</code> <a href='https://practice.example'>a link</a>"
    await bot.call(
        "sendMessage",
        chat_id=anna.id,
        text=f"{text} &lt;img src=x onerror=alert(1)&gt; /help",
        parse_mode="HTML",
    )
    words = screen.phone("Anna").locator(".theirs .words")
    await expect(words).to_have_text("🙂 bold both x a link <img src=x onerror=alert(1)> /help")
    await expect(words.locator("strong")).to_have_text("bold both")
    await expect(words.locator("strong em")).to_have_text("both")
    await expect(words.locator("code")).to_have_text("x")
    await expect(words.get_by_role("link")).to_have_attribute("href", "https://practice.example/")
    await expect(words.locator("img")).to_have_count(0)
    await words.get_by_role("button", name="/help").click()
    await expect(screen.phone("Anna").locator(".mine").last).to_contain_text("/help")


async def test_a_picture_is_shown_and_looked_at(
    emulator: Emulator, bot: RawBot, anna: Person, visit: Visit
) -> None:
    screen = await visit(f"{emulator.url}/")
    anna.send_photo()
    form = aiohttp.FormData({"chat_id": str(anna.id), "caption": "A view"})
    form.add_field("photo", anna.chat[-1].photo, filename="view.png")
    async with bot.session.post(f"{bot.url}/sendPhoto", data=form) as response:
        assert response.status == 200
    image = screen.phone("Anna").get_by_role("img", name="Picture: A view")
    await expect(image).to_be_visible()
    loaded = "(image) => image.decode().then(() => [image.naturalWidth, image.naturalHeight])"
    assert await image.evaluate(loaded) == [64, 64]
    await screen.phone("Anna").get_by_role("button", name="Picture: A view").click()
    await screen.page.get_by_role("dialog").get_by_role("button", name="Close").click()


async def test_edits_and_deletions_happen_in_place(
    emulator: Emulator, bot: RawBot, anna: Person, visit: Visit
) -> None:
    screen = await visit(f"{emulator.url}/")
    sent = await bot.call("sendMessage", chat_id=anna.id, text="First words")
    place = {"chat_id": anna.id, "message_id": sent["message_id"]}
    message = await screen.sees("Anna", "First words")
    await bot.call("editMessageText", **place, text="Other words")
    await expect(screen.phone("Anna").locator(".theirs")).to_have_count(1)
    await expect(screen.phone("Anna").locator(".theirs")).to_contain_text("Other words")
    await expect(screen.phone("Anna").locator(".theirs .edited")).to_have_text("edited")
    await bot.call("deleteMessage", **place)
    await expect(message).to_have_count(0)


async def test_a_person_writes_edits_sends_and_blocks(
    emulator: Emulator, anna: Person, visit: Visit
) -> None:
    screen = await visit(f"{emulator.url}/")
    phone = screen.phone("Anna")
    await screen.writes("Anna", "Good morming")
    mine = phone.locator(".mine").last
    await mine.hover()
    await mine.get_by_role("button", name="Edit this message").click()
    await screen.writes("Anna", "Good morning")
    await expect(mine).to_contain_text("Good morning")
    await expect(mine).to_contain_text("edited")
    for what, kind in (("A picture", "photo"), ("A sticker", "sticker"), ("A voice", "voice")):
        await phone.get_by_role("button", name="Send something else").click()
        await screen.page.get_by_role("menuitem", name=what).click()
        await expect(phone.locator(f".mine.{kind}")).to_be_visible()
    await phone.get_by_role("button", name="More on Anna's phone").click()
    await screen.page.get_by_role("menuitem", name="Block").click()
    await expect(phone).to_contain_text("Anna has blocked this bot.")
    assert anna.blocked
    await phone.get_by_role("button", name="Unblock").click()
    await expect(phone.get_by_label("Anna writes")).to_be_visible()
    assert not anna.blocked


async def test_a_reply_keyboard_stands_under_the_field(
    emulator: Emulator, bot: RawBot, anna: Person, visit: Visit
) -> None:
    screen = await visit(f"{emulator.url}/")
    keyboard = {"keyboard": [[{"text": "Yes"}, {"text": "No"}]]}
    await bot.call("sendMessage", chat_id=anna.id, text="Well?", reply_markup=keyboard)
    await screen.phone("Anna").locator(".reply-keys").get_by_role("button", name="No").click()
    await expect(screen.phone("Anna").locator(".mine").last).to_contain_text("No")


async def test_an_old_page_finds_its_people_again_after_the_server_was_away(
    emulator: Emulator, bot: RawBot, anna: Person, visit: Visit
) -> None:
    screen = await visit(f"{emulator.url}/")
    await screen.writes("Anna", "before")
    port = emulator.port
    await emulator.stop()
    await screen.page.locator("html.lost").wait_for()
    await emulator.start(port)
    await screen.page.locator("html:not(.lost)").wait_for()
    await screen.writes("Anna", "after")
    await expect(screen.phone("Anna").locator(".mine")).to_have_count(3)
