"""People and groups: what a phone can do, what it shows, and waiting for the bot."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from bot.emulator import Answer, Emulator, Person
from tests.emulator.rawbot import RawBot


def _keyboard(*buttons: tuple[str, str]) -> dict[str, object]:
    rows = [[{"text": label, "callback_data": data}] for label, data in buttons]
    return {"inline_keyboard": rows}


async def test_a_button_is_found_by_its_whole_label_before_its_data(
    bot: RawBot, anna: Person
) -> None:
    keyboard = _keyboard(("7", "a"), ("8", "7"), ("77", "c"))
    await bot.call("sendMessage", chat_id=anna.id, text="x", reply_markup=keyboard)
    assert anna.tap("7").data == "a"
    assert anna.tap("c").data == "c"
    with pytest.raises(LookupError, match=r"bot: 'x' \['7', '8', '77'\]"):
        anna.tap("9")


async def test_a_tap_goes_to_the_newest_message_that_has_the_button(
    bot: RawBot, anna: Person
) -> None:
    texts = [("one", ("Yes", "1")), ("two", ("Yes", "2")), ("three", ("No", "3"))]
    for text, button in texts:
        keyboard = _keyboard(button)
        await bot.call("sendMessage", chat_id=anna.id, text=text, reply_markup=keyboard)
    assert anna.tap("Yes").data == "2"
    older = anna.see("one")
    assert anna.tap("Yes", older).data == "1"


async def test_a_button_with_an_address_does_not_reach_the_bot(bot: RawBot, anna: Person) -> None:
    link = {"inline_keyboard": [[{"text": "Help", "url": "https://example.org/help"}]]}
    await bot.call("sendMessage", chat_id=anna.id, text="x", reply_markup=link)
    assert anna.last.buttons == [[("Help", "https://example.org/help")]]
    with pytest.raises(LookupError):
        anna.tap("Help")
    assert await bot.updates() == []


async def test_an_old_view_still_taps_what_it_showed(bot: RawBot, anna: Person) -> None:
    # Telegram keeps no record of former keyboards: a tap that is under way arrives all the same.
    keyboard = _keyboard(("7", "old"))
    sent = await bot.call("sendMessage", chat_id=anna.id, text="x", reply_markup=keyboard)
    before = anna.last
    place = {"chat_id": anna.id, "message_id": sent["message_id"]}
    await bot.call("editMessageText", **place, text="y")
    with pytest.raises(LookupError):
        anna.tap("7")
    assert anna.tap("7", before).data == "old"
    [update] = await bot.updates()
    assert update["callback_query"]["message"]["text"] == "y"
    await bot.call("deleteMessage", **place)
    with pytest.raises(LookupError, match="no longer there"):
        anna.tap("7", before)


async def test_watching_ends_with_the_message_or_with_what_there_was(
    bot: RawBot, anna: Person
) -> None:
    watching = asyncio.create_task(anna.watch(lambda seen: seen.text.endswith("!")))
    await bot.call("sendMessage", chat_id=anna.id, text="not yet")
    assert not watching.done()
    await bot.call("sendMessage", chat_id=anna.id, text="now!")
    assert (await watching).text == "now!"
    with pytest.raises(TimeoutError, match=r"(?s)not seen: never.*bot: 'now!'"):
        await anna.watch("never", 0.01)


async def test_a_mistake_in_a_predicate_is_raised_where_it_waits(bot: RawBot, anna: Person) -> None:
    watching = asyncio.create_task(anna.watch(lambda seen: bool(1 // (len(seen.text) - 1))))
    await asyncio.sleep(0)
    await bot.call("sendMessage", chat_id=anna.id, text="x")
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(watching, 10)


async def test_nobody_is_spoken_to_before_the_bot_says_something(anna: Person) -> None:
    assert anna.see("") is None
    with pytest.raises(LookupError, match="nothing here"):
        _ = anna.last


async def test_the_phone_refuses_what_a_phone_refuses(anna: Person) -> None:
    with pytest.raises(ValueError, match="payload"):
        anna.start("two words")
    with pytest.raises(ValueError, match="1 to 4096"):
        anna.send("x" * 4097)
    anna.block()
    with pytest.raises(PermissionError):
        anna.send("hello")
    with pytest.raises(PermissionError):
        anna.block()


async def test_start_unblocks_and_the_bot_is_told_in_order(bot: RawBot, anna: Person) -> None:
    anna.block()
    anna.start("again")
    blocked, unblocked, start = await bot.updates()
    assert blocked["my_chat_member"]["new_chat_member"]["status"] == "kicked"
    assert unblocked["my_chat_member"]["new_chat_member"]["status"] == "member"
    assert start["message"]["text"] == "/start again"


async def test_only_own_messages_can_be_edited(bot: RawBot, anna: Person) -> None:
    await bot.call("sendMessage", chat_id=anna.id, text="x")
    with pytest.raises(PermissionError):
        anna.edit(anna.last, "y")
    said = anna.edit(anna.send("helo"), "hello")
    assert (said.text, said.edited) == ("hello", True)
    updates = await bot.updates()
    assert updates[-1]["edited_message"]["text"] == "hello"


async def test_a_message_deleted_by_a_person_is_gone_for_the_bot(bot: RawBot, anna: Person) -> None:
    sent = await bot.call("sendMessage", chat_id=anna.id, text="x")
    anna.delete(anna.last)
    assert anna.see("x") is None
    refused = await bot.refused(
        "editMessageText", chat_id=anna.id, message_id=sent["message_id"], text="y"
    )
    assert refused == "Bad Request: message to edit not found"


async def test_in_a_group_the_bot_hears_only_what_is_meant_for_it(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    # Bot API, privacy mode: commands, mentions, replies to the bot and service messages.
    group = emulator.group("Family")
    group.send(anna, "/before")
    group.add_bot(by=anna)
    await bot.call("sendMessage", chat_id=group.id, text="x")
    group.send(anna, "among ourselves")
    group.send(anna, "/start")
    group.send(anna, "hello @rapport_bot")
    group.send(anna, "thanks", reply_to=group.last)
    updates = await bot.updates()
    assert updates[0]["my_chat_member"]["chat"]["type"] == "group"
    assert [update["message"].get("text") for update in updates[1:]] == [
        None,
        "/start",
        "hello @rapport_bot",
        "thanks",
    ]


async def test_a_bot_that_was_thrown_out_cannot_write(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    group = emulator.group("Family")
    refused = await bot.refused("sendMessage", chat_id=group.id, text="x")
    assert refused == "Forbidden: bot is not a member of the group chat"
    group.add_bot(by=anna)
    group.remove_bot(by=anna)
    refused = await bot.refused("sendMessage", chat_id=group.id, text="x")
    assert refused == "Forbidden: bot was kicked from the group chat"
    assert not group.has_bot


async def test_buttons_in_a_group_are_tapped_by_its_people(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    group = emulator.group("Family")
    group.add_bot(by=anna)
    await bot.updates()
    await bot.call("sendMessage", chat_id=group.id, text="x", reply_markup=_keyboard(("Go", "go")))
    tap = group.tap(anna, "Go")
    [update] = await bot.updates()
    assert update["callback_query"]["from"]["id"] == anna.id
    assert update["callback_query"]["message"]["chat"]["id"] == group.id
    await bot.call("answerCallbackQuery", callback_query_id=tap.id)
    assert (await tap.wait()).text == ""


async def test_quiet_waits_for_an_empty_queue_and_a_hanging_poll(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    anna.send("one")
    with pytest.raises(TimeoutError, match="1 pending, 0 calls under way, nobody polls"):
        await emulator.quiet(0.01)
    quiet = asyncio.create_task(emulator.quiet())
    await bot.updates()
    assert not quiet.done()
    poll = asyncio.create_task(bot.call("getUpdates", timeout=30))
    await quiet
    assert emulator.polling
    emulator.faults.add("delay", seconds=0.1, method="sendMessage")
    sending = asyncio.create_task(bot.call("sendMessage", chat_id=anna.id, text="x"))
    assert await emulator.bell.wait_for(lambda: not sending.done(), 1)
    anna.send("two")
    with pytest.raises(TimeoutError, match="1 pending"):
        await emulator.quiet(0.01)
    await asyncio.gather(poll, sending)


async def test_the_first_answer_to_a_tap_is_the_one_that_shows(bot: RawBot, anna: Person) -> None:
    await bot.call("sendMessage", chat_id=anna.id, text="x", reply_markup=_keyboard(("Go", "go")))
    tap = anna.tap("Go")
    assert (tap.answered, tap.answer) == (False, None)
    with pytest.raises(TimeoutError, match="no answer to the tap on 'go'"):
        await tap.wait(0.01)
    await bot.call("answerCallbackQuery", callback_query_id=tap.id, text="Saved", show_alert=True)
    await bot.call("answerCallbackQuery", callback_query_id=tap.id, text="Again")
    assert await tap.wait() == tap.answer == Answer("Saved", alert=True, url="")


async def test_all_state_outlives_a_stop(bot: RawBot, anna: Person, emulator: Emulator) -> None:
    await bot.call("sendMessage", chat_id=anna.id, text="before")
    port = emulator.port
    await emulator.stop()
    anna.send("meanwhile")
    with pytest.raises(aiohttp.ClientConnectionError):
        await bot.call("getMe")
    await emulator.start(port)
    with pytest.raises(RuntimeError, match="already"):
        await emulator.start()
    [update] = await bot.updates()
    assert update["message"]["text"] == "meanwhile"
    assert anna.last.text == "before"


async def test_ids_of_people_are_their_own(emulator: Emulator, anna: Person) -> None:
    with pytest.raises(ValueError, match="is taken"):
        emulator.person("Cora", id=anna.id)
    cora = emulator.person("Cora", username="cora", language_code=None)
    assert cora.id not in (anna.id, emulator.world.bot.id)
