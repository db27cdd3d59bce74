"""getUpdates: what waits, how it is confirmed, who may poll, when it is forgotten."""

from __future__ import annotations

import asyncio
from typing import Any

from bot.emulator import Emulator, MovableClock, Person
from bot.emulator.schema import find_problem
from tests.emulator.rawbot import RawBot

KEYBOARD = {"inline_keyboard": [[{"text": "7", "callback_data": "answer:7"}]]}


def _ids(updates: list[dict[str, Any]]) -> list[int]:
    return [update["update_id"] for update in updates]


async def _hanging(emulator: Emulator, poll: asyncio.Task[Any]) -> None:
    assert await emulator.bell.wait_for(lambda: emulator.polling, 10)
    assert not poll.done()


async def test_an_update_comes_again_until_an_offset_above_it_confirms_it(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    # Bot API, getUpdates: confirmed as soon as it is called with an offset higher than its id.
    anna.send("one")
    [number] = _ids(await bot.call("getUpdates"))
    assert _ids(await bot.call("getUpdates")) == [number]
    assert _ids(await bot.call("getUpdates", offset=number)) == [number]
    assert emulator.world.queue.waiting == [number]
    assert await bot.call("getUpdates", offset=number + 1) == []
    assert emulator.world.queue.waiting == []
    assert emulator.pending == 0


async def test_ids_begin_at_random_and_count_up(bot: RawBot, anna: Person) -> None:
    for text in ("one", "two", "three"):
        anna.send(text)
    ids = _ids(await bot.call("getUpdates"))
    assert ids == [ids[0], ids[0] + 1, ids[0] + 2]
    assert Emulator("1:x", seed=2).inject({}) != Emulator("1:x", seed=3).inject({})


async def test_ids_begin_anew_after_a_week_without_updates(
    bot: RawBot, anna: Person, clock: MovableClock
) -> None:
    # Bot API, Update.update_id: no updates for a week, and the next id is chosen at random.
    anna.send("one")
    [first] = _ids(await bot.updates())
    clock.advance_to(clock.now() + 7 * 24 * 3600 * 1000 - 1)
    anna.send("two")
    assert _ids(await bot.updates()) == [first + 1]
    clock.advance_to(clock.now() + 7 * 24 * 3600 * 1000)
    anna.send("three")
    [anew] = _ids(await bot.updates())
    assert abs(anew - first) > 1000


def test_the_same_seed_gives_the_same_world() -> None:
    def world() -> tuple[int, int, int]:
        emulator = Emulator("1:x", seed=7)
        anna = emulator.person("Anna")
        return anna.id, anna.start().message_id, emulator.inject({})

    assert world() == world()


async def test_a_start_with_a_payload_is_a_command(bot: RawBot, emulator: Emulator) -> None:
    # Bot API, deep linking: `/start PAYLOAD` with a bot_command entity over the command alone.
    anna = emulator.person("Anna", language_code="de", id=4711)
    anna.start("invitation-1")
    [update] = await bot.call("getUpdates")
    message = update["message"]
    assert message["text"] == "/start invitation-1"
    assert message["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert (message["from"]["id"], message["from"]["language_code"]) == (4711, "de")


async def test_an_offset_far_beyond_the_newest_update_confirms_nothing(
    bot: RawBot, anna: Person
) -> None:
    # tdlib/telegram-bot-api, TQueue: ten beyond the end is accepted, more is taken for a mistake.
    anna.send("one")
    [number] = _ids(await bot.call("getUpdates"))
    assert _ids(await bot.call("getUpdates", offset=number + 12)) == [number]
    assert await bot.call("getUpdates", offset=number + 11) == []


async def test_a_negative_offset_forgets_all_but_the_last(bot: RawBot, anna: Person) -> None:
    # Bot API: -1 begins at the last update; all previous ones are forgotten.
    anna.send("one")
    anna.send("two")
    [update] = await bot.call("getUpdates", offset=-1)
    assert update["message"]["text"] == "two"
    assert len(await bot.call("getUpdates")) == 1


async def test_a_batch_has_at_most_a_hundred_updates(bot: RawBot, anna: Person) -> None:
    for number in range(120):
        anna.send(f"{number}")
    assert len(await bot.call("getUpdates", limit=1000)) == 100
    assert len(await bot.call("getUpdates", limit=3)) == 3


async def test_a_long_poll_ends_with_the_first_update(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    poll = asyncio.create_task(bot.call("getUpdates", timeout=30))
    await _hanging(emulator, poll)
    anna.send("now")
    [update] = await asyncio.wait_for(poll, 10)
    assert update["message"]["text"] == "now"


async def test_a_long_poll_ends_empty_after_its_time(bot: RawBot) -> None:
    assert await bot.call("getUpdates", timeout=1) == []


async def test_of_two_polls_the_older_gets_409(bot: RawBot, emulator: Emulator) -> None:
    # tdlib/telegram-bot-api: the newer request terminates the one that waits.
    older = asyncio.create_task(bot.answer("getUpdates", timeout=30))
    await _hanging(emulator, older)
    newer = asyncio.create_task(bot.call("getUpdates", timeout=30))
    status, body = await asyncio.wait_for(older, 10)
    assert (status, body["description"]) == (
        409,
        "Conflict: terminated by other getUpdates request;"
        " make sure that only one bot instance is running",
    )
    await _hanging(emulator, newer)
    emulator.person("Anna").start()
    assert len(await asyncio.wait_for(newer, 10)) == 1


async def test_a_poll_whose_client_left_takes_nothing(bot: RawBot, emulator: Emulator) -> None:
    left = asyncio.create_task(bot.call("getUpdates", timeout=30))
    await _hanging(emulator, left)
    left.cancel()
    assert await emulator.bell.wait_for(lambda: not emulator.polling, 10)
    emulator.person("Anna").start()
    assert len(await bot.call("getUpdates")) == 1


async def test_a_tap_is_forgotten_after_150_seconds_and_a_message_after_a_day(
    bot: RawBot, anna: Person, clock: MovableClock, emulator: Emulator
) -> None:
    # Bot API: updates are kept no longer than 24 hours; tdlib/telegram-bot-api: taps 150 s.
    await bot.call("sendMessage", chat_id=anna.id, text="a", reply_markup=KEYBOARD)
    anna.tap("7")
    anna.send("one")
    clock.advance_to(clock.now() + 149_999)
    assert len(await bot.call("getUpdates")) == 2
    clock.advance_to(clock.now() + 1)
    [update] = await bot.call("getUpdates")
    assert "message" in update
    clock.advance_to(clock.now() + 24 * 3600 * 1000)
    assert await bot.call("getUpdates") == []
    assert emulator.pending == 0


async def test_only_allowed_kinds_are_queued_and_the_choice_stays(
    bot: RawBot, anna: Person
) -> None:
    # Bot API: allowed_updates holds for updates created later; an empty list is the default.
    await bot.call("getUpdates", allowed_updates=["message"])
    anna.block()
    anna.unblock()
    assert await bot.call("getUpdates") == []
    assert (await bot.call("getWebhookInfo"))["allowed_updates"] == ["message"]
    await bot.call("getUpdates", allowed_updates=[])
    anna.block()
    [update] = await bot.call("getUpdates")
    assert update["my_chat_member"]["new_chat_member"]["status"] == "kicked"


async def test_waiting_updates_are_counted_and_can_be_dropped(bot: RawBot, anna: Person) -> None:
    anna.send("one")
    assert (await bot.call("getWebhookInfo"))["pending_update_count"] == 1
    await bot.call("deleteWebhook", drop_pending_updates=True)
    assert await bot.call("getUpdates") == []


async def test_every_kind_of_update_has_telegrams_shape(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    anna.edit(anna.send("one"), "two")
    anna.send_voice()
    anna.send_photo(caption="look")
    anna.send_sticker()
    await bot.call("sendMessage", chat_id=anna.id, text="a", reply_markup=KEYBOARD)
    anna.tap("7")
    anna.block()
    anna.unblock()
    group = emulator.group("Family")
    group.add_bot(by=anna)
    group.send(anna, "/start")
    updates = await bot.call("getUpdates")
    assert [find_problem(update, "Update") for update in updates] == [None] * 11
    [tap] = [update["callback_query"] for update in updates if "callback_query" in update]
    assert (tap["data"], tap["message"]["reply_markup"]) == ("answer:7", KEYBOARD)
    assert tap["chat_instance"]


async def test_a_raw_update_is_handed_out_as_it_is(bot: RawBot, emulator: Emulator) -> None:
    # No check of the result's shape here: the point of these updates is that they have none.
    number = emulator.inject({"message": {"text": 7}, "odd": None})
    emulator.inject({"update_id": "no number"})
    async with bot.session.post(f"{bot.url}/getUpdates") as response:
        assert (await response.json())["result"] == [
            {"update_id": number, "message": {"text": 7}, "odd": None},
            {"update_id": "no number"},
        ]
