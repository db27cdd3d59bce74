"""getUpdates: what waits, how it is confirmed, who may poll, when it is forgotten."""

from __future__ import annotations

import asyncio
from typing import Any

from bot.emulator import Emulator, MovableClock, Person
from bot.emulator.schema import find_problem

CONFLICT = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is"
    " running"
)


def _ids(reply: Any) -> list[int]:
    return [update["update_id"] for update in reply.result]


async def _hanging(emulator: Emulator, poll: asyncio.Task[Any]) -> None:
    assert await emulator.bell.wait_for(lambda: emulator.polling, 2)
    assert not poll.done()


async def test_an_update_comes_again_until_an_offset_above_it_confirms_it(
    call: Any, anna: Person, emulator: Emulator
) -> None:
    first = await call("getUpdates")
    assert _ids(await call("getUpdates")) == _ids(first)
    assert _ids(await call("getUpdates", offset=_ids(first)[0])) == _ids(first)
    assert _ids(await call("getUpdates", offset=_ids(first)[0] + 1)) == []
    assert emulator.pending == 0


async def test_ids_begin_at_random_and_count_up(call: Any, anna: Person) -> None:
    anna.send("one")
    anna.send("two")
    ids = _ids(await call("getUpdates"))
    assert ids == [ids[0], ids[0] + 1, ids[0] + 2]
    other = Emulator("1:other", seed=2)
    other.person("Anna").start()
    assert other.inject({}) != ids[0] + 1


async def test_the_same_seed_gives_the_same_world() -> None:
    def world() -> tuple[int, int, int]:
        emulator = Emulator("1:x", seed=7)
        anna = emulator.person("Anna")
        return anna.id, anna.start().message_id, emulator.inject({})

    assert world() == world()


async def test_a_start_with_a_payload_is_a_command(call: Any, emulator: Emulator) -> None:
    anna = emulator.person("Anna", language_code="de", id=4711)
    anna.start("invitation-1")
    [update] = (await call("getUpdates")).result
    assert find_problem(update, "Update") is None
    message = update["message"]
    assert message["text"] == "/start invitation-1"
    assert message["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert (message["from"]["id"], message["from"]["language_code"]) == (4711, "de")


async def test_an_offset_far_beyond_the_newest_update_confirms_nothing(
    call: Any, anna: Person
) -> None:
    [last] = _ids(await call("getUpdates"))
    assert _ids(await call("getUpdates", offset=last + 1000)) == [last]
    assert _ids(await call("getUpdates", offset=last + 5)) == []


async def test_a_negative_offset_forgets_all_but_the_last(call: Any, anna: Person) -> None:
    anna.send("one")
    anna.send("two")
    reply = await call("getUpdates", offset=-1)
    assert [update["message"]["text"] for update in reply.result] == ["two"]


async def test_a_batch_has_at_most_a_hundred_updates(call: Any, anna: Person) -> None:
    for number in range(120):
        anna.send(f"{number}")
    assert len(_ids(await call("getUpdates", limit=1000))) == 100
    assert len(_ids(await call("getUpdates", limit=3))) == 3


async def test_a_long_poll_ends_with_the_first_update(
    call: Any, anna: Person, emulator: Emulator
) -> None:
    [first] = _ids(await call("getUpdates"))
    poll = asyncio.create_task(call("getUpdates", offset=first + 1, timeout=30))
    await _hanging(emulator, poll)
    anna.send("now")
    reply = await asyncio.wait_for(poll, 2)
    assert [update["message"]["text"] for update in reply.result] == ["now"]


async def test_a_long_poll_ends_empty_after_its_time(call: Any) -> None:
    assert (await call("getUpdates", timeout=1)).result == []


async def test_of_two_polls_the_older_gets_409(call: Any, emulator: Emulator) -> None:
    older = asyncio.create_task(call("getUpdates", timeout=30))
    await _hanging(emulator, older)
    newer = asyncio.create_task(call("getUpdates", timeout=30))
    lost = await asyncio.wait_for(older, 2)
    assert (lost.status, lost.error) == (409, CONFLICT)
    emulator.person("Anna").start()
    assert len((await asyncio.wait_for(newer, 2)).result) == 1


async def test_a_poll_whose_client_left_takes_nothing(call: Any, emulator: Emulator) -> None:
    left = asyncio.create_task(call("getUpdates", timeout=30))
    await _hanging(emulator, left)
    left.cancel()
    assert await emulator.bell.wait_for(lambda: not emulator.polling, 2)
    emulator.person("Anna").start()
    assert len((await call("getUpdates")).result) == 1


async def test_a_tap_is_forgotten_after_150_seconds_and_a_message_after_a_day(
    call: Any, anna: Person, clock: MovableClock, emulator: Emulator
) -> None:
    markup = {"inline_keyboard": [[{"text": "7", "callback_data": "a"}]]}
    await call("sendMessage", chat_id=anna.id, text="a", reply_markup=markup)
    anna.tap("7")
    clock.advance_to(clock.now() + 149_999)
    kinds = [set(update) - {"update_id"} for update in (await call("getUpdates")).result]
    assert kinds == [{"message"}, {"callback_query"}]
    clock.advance_to(clock.now() + 1)
    assert len((await call("getUpdates")).result) == 1
    clock.advance_to(clock.now() + 24 * 3600 * 1000)
    assert (await call("getUpdates")).result == []
    assert emulator.pending == 0


async def test_only_allowed_kinds_are_queued_and_the_choice_stays(call: Any, anna: Person) -> None:
    [first] = _ids(await call("getUpdates", allowed_updates=["message"]))
    anna.block()
    anna.unblock()
    assert _ids(await call("getUpdates", offset=first + 1)) == []
    assert (await call("getWebhookInfo")).result["allowed_updates"] == ["message"]
    await call("getUpdates", allowed_updates=[])
    anna.block()
    [update] = (await call("getUpdates")).result
    assert find_problem(update, "Update") is None
    assert update["my_chat_member"]["new_chat_member"]["status"] == "kicked"


async def test_waiting_updates_are_counted_and_can_be_dropped(call: Any, anna: Person) -> None:
    info = await call("getWebhookInfo")
    assert find_problem(info.result, "WebhookInfo") is None
    assert info.result["pending_update_count"] == 1
    assert (await call("deleteWebhook", drop_pending_updates=True)).result is True
    assert (await call("getUpdates")).result == []


async def test_every_kind_of_update_has_telegrams_shape(
    call: Any, anna: Person, emulator: Emulator
) -> None:
    anna.edit(anna.send("one"), "two")
    anna.send_voice()
    anna.send_photo(caption="look")
    anna.send_sticker()
    markup = {"inline_keyboard": [[{"text": "7", "callback_data": "a"}]]}
    await call("sendMessage", chat_id=anna.id, text="a", reply_markup=markup)
    anna.tap("7")
    anna.block()
    anna.unblock()
    group = emulator.group("Family")
    group.add_bot(by=anna)
    group.send(anna, "/start")
    updates = (await call("getUpdates")).result
    assert [find_problem(update, "Update") for update in updates] == [None] * len(updates)
    assert len(updates) == 12
    [tap] = [update["callback_query"] for update in updates if "callback_query" in update]
    assert tap["chat_instance"]
    assert tap["message"]["reply_markup"] == markup


async def test_a_raw_update_is_handed_out_as_it_is(call: Any, emulator: Emulator) -> None:
    number = emulator.inject({"message": {"text": 7}, "odd": None})
    assert (await call("getUpdates")).result == [
        {"update_id": number, "message": {"text": 7}, "odd": None}
    ]
    emulator.inject({"update_id": "no number"})
    assert (await call("getUpdates")).result[1] == {"update_id": "no number"}
