"""Lanes: the newest screen, in order, beside the batch, and never stopped by an error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from bot.services.ports import Screen
from bot.store.database import Unavailable, UpdateInHand, current_update
from bot.transport.lanes import Lanes
from bot.transport.messenger import BotMessenger
from bot.transport.pacing import Pacing
from tests.transport.clocks import HandClock, RealClock
from tests.transport.faultserver import FaultServer, cuts, refuses, succeeds, waits

ANNA, BEN = 71, 72
GONE = "Bad Request: message to edit not found"


class Told:
    """What the lanes tell the rest of the program."""

    def __init__(self) -> None:
        self.unreachable: list[int] = []
        self.refused = 0
        self.ids: list[int] = []

    async def on_unreachable(self, chat_id: int) -> None:
        self.unreachable.append(chat_id)

    async def on_token_refused(self) -> None:
        self.refused += 1

    async def then(self, message_id: int) -> None:
        self.ids.append(message_id)


def lanes_of(messenger: BotMessenger, clock: RealClock, told: Told, at_once: int = 32) -> Lanes:
    return Lanes(
        messenger,
        clock,
        on_unreachable=told.on_unreachable,
        on_token_refused=told.on_token_refused,
        at_once=at_once,
    )


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def lanes(unhurried, clock, told) -> AsyncIterator[Lanes]:
    it = lanes_of(unhurried, clock, told)
    yield it
    await it.close()


def texts(server: FaultServer, method: str) -> list[str]:
    return [params["text"] for params in server.of(method)]


async def test_messages_of_a_chat_arrive_in_order_and_then_is_told_their_ids(server, lanes, told):
    server.on("sendMessage", waits(0.05, succeeds({"message_id": 1})))
    for number in range(5):
        lanes.say(ANNA, Screen(str(number)), then=told.then)
    assert server.calls == []  # enqueuing returns at once
    assert not lanes.idle
    assert await lanes.drain(5)
    assert texts(server, "sendMessage") == ["0", "1", "2", "3", "4"]
    assert told.ids == [1, 100, 101, 102, 103]
    assert lanes.idle


async def test_one_slow_chat_does_not_hold_up_another(server, lanes):
    server.on("sendMessage", waits(0.5, succeeds({"message_id": 1})))
    lanes.say(ANNA, Screen("slow"))
    await server.until(lambda: len(server.calls) == 1)
    lanes.say(BEN, Screen("quick"))
    await server.until(lambda: len(server.calls) == 2, 0.4)
    assert await lanes.drain(5)


async def test_only_the_newest_edit_of_a_message_is_shown(server, lanes):
    for number in range(10):
        lanes.edit(ANNA, 5, Screen(f"five {number}"))
        lanes.edit(ANNA, 6, Screen(f"six {number}"))
    assert await lanes.drain(5)
    assert texts(server, "editMessageText") == ["five 9", "six 9"]


async def test_an_edit_under_way_is_followed_by_the_newest_alone(server, lanes):
    server.on("editMessageText", waits(0.1))
    lanes.edit(ANNA, 5, Screen("first"))
    await server.until(lambda: len(server.calls) == 1)
    for number in range(5):
        lanes.edit(ANNA, 5, Screen(f"later {number}"))
    assert await lanes.drain(5)
    assert texts(server, "editMessageText") == ["first", "later 4"]


async def test_an_edit_that_waits_for_its_turn_shows_what_is_newest_then(server, bot, told):
    clock = HandClock()
    lanes = lanes_of(BotMessenger(bot, Pacing(clock, burst=1)), clock, told)
    lanes.edit(ANNA, 5, Screen("first"))
    await server.until(lambda: len(server.calls) == 1)
    assert await lanes.drain(5)
    for number in range(3):
        lanes.edit(ANNA, 5, Screen(f"later {number}"))
        await clock.move(0.1)
    await clock.move(1)
    assert await lanes.drain(5)
    assert texts(server, "editMessageText") == ["first", "later 2"]


async def test_the_tap_is_answered_while_its_edit_is_under_way(server, lanes):
    server.on("editMessageText", waits(0.3))
    lanes.edit(ANNA, 5, Screen("slow"))
    lanes.toast("q1", "Saved")
    await server.until(
        lambda: set(server.methods) == {"editMessageText", "answerCallbackQuery"}, 0.25
    )
    assert await lanes.drain(5)


async def test_the_tap_is_answered_even_while_everything_else_must_be_silent(server, bot, told):
    clock = HandClock()
    pacing = Pacing(clock)
    lanes = lanes_of(BotMessenger(bot, pacing), clock, told)
    pacing.halt(60)
    lanes.edit(ANNA, 5, Screen("later"))
    lanes.toast("q1")
    await server.until(lambda: server.methods == ["answerCallbackQuery"])
    assert not await lanes.drain(0.05)
    await clock.move(61)
    assert await lanes.drain(5)
    assert server.methods[-1] == "editMessageText"


@pytest.mark.parametrize(
    "failure", [cuts, refuses(502, "Bad Gateway"), refuses(429, "Slow down", retry_after=9)]
)
async def test_an_edit_is_tried_again_whatever_became_of_it(server, lanes, clock, failure):
    server.on("editMessageText", failure, failure, failure)
    lanes.edit(ANNA, 5, Screen("shown in the end"))
    assert await lanes.drain(5)
    assert len(server.of("editMessageText")) == 4


async def test_a_newer_edit_ends_the_wait_of_a_failed_one(server, bot, told):
    clock = HandClock()
    lanes = lanes_of(BotMessenger(bot, Pacing(clock)), clock, told)
    server.on("editMessageText", cuts)
    lanes.edit(ANNA, 5, Screen("lost"))
    await server.until(lambda: len(server.calls) == 1)
    await asyncio.sleep(0.05)
    lanes.edit(ANNA, 5, Screen("newer"))
    assert await lanes.drain(5)  # the clock has not moved
    assert texts(server, "editMessageText") == ["lost", "newer"]


async def test_an_edit_overtaken_while_failing_is_not_tried_again(server, lanes):
    server.on("editMessageText", waits(0.1, cuts))
    lanes.edit(ANNA, 5, Screen("old"))
    await server.until(lambda: len(server.calls) == 1)
    lanes.edit(ANNA, 5, Screen("new"))
    assert await lanes.drain(5)
    assert texts(server, "editMessageText") == ["old", "new"]


async def test_an_edit_is_given_up_after_two_minutes_and_the_lane_goes_on(server, lanes, clock):
    server.always("editMessageText", cuts)
    began = clock.monotonic()
    with capture_logs() as logs:
        lanes.edit(ANNA, 5, Screen("never"))
        lanes.say(ANNA, Screen("after it"))
        assert await lanes.drain(20)
    assert 120 <= clock.monotonic() - began < 200
    assert texts(server, "sendMessage") == ["after it"]
    assert [line["event"] for line in logs] == ["answer not delivered"]


async def test_a_message_perhaps_sent_is_not_sent_again(server, lanes, told):
    server.on("sendMessage", cuts)
    lanes.say(ANNA, Screen("perhaps"), then=told.then)
    lanes.say(ANNA, Screen("next"))
    assert await lanes.drain(5)
    assert texts(server, "sendMessage") == ["perhaps", "next"]
    assert told.ids == []


async def test_a_message_certainly_not_sent_is_sent_again_in_its_place(server, lanes, clock, told):
    server.on("sendMessage", *[refuses(429, "Slow down", retry_after=4)] * 3)
    lanes.say(ANNA, Screen("first"), then=told.then)
    lanes.say(ANNA, Screen("second"), then=told.then)
    assert await lanes.drain(5)
    assert texts(server, "sendMessage") == ["first"] * 4 + ["second"]
    assert told.ids == [100, 101]
    assert max(clock.slept) >= 4


async def test_a_tap_is_answered_at_most_once_when_unclear_and_again_when_not_sent(server, lanes):
    server.on("answerCallbackQuery", cuts)
    lanes.toast("q1")
    assert await lanes.drain(5)
    assert len(server.of("answerCallbackQuery")) == 1
    server.on("answerCallbackQuery", refuses(429, "Slow down", retry_after=1))
    lanes.toast("q2")
    assert await lanes.drain(5)
    assert [p["callback_query_id"] for p in server.of("answerCallbackQuery")] == ["q1", "q2", "q2"]


async def test_a_screen_whose_message_is_gone_becomes_a_new_message(server, lanes, told):
    server.on("editMessageText", refuses(400, GONE))
    lanes.edit(ANNA, 5, Screen("How was it?"), or_new=True, then=told.then)
    assert await lanes.drain(5)
    assert texts(server, "sendMessage") == ["How was it?"]
    assert told.ids == [100]


async def test_a_screen_that_nobody_waits_for_is_dropped_where_its_message_is_gone(
    server, lanes, told
):
    server.on("editMessageText", refuses(400, GONE))
    with capture_logs() as logs:
        lanes.edit(ANNA, 5, Screen("It is closed now."), then=told.then)
        lanes.say(ANNA, Screen("after it"))
        assert await lanes.drain(5)
    assert texts(server, "sendMessage") == ["after it"]
    assert told.ids == []
    assert logs == []


async def test_whoever_waits_for_an_older_screen_gets_the_newer_one(server, lanes, told):
    server.on("editMessageText", waits(0.1), refuses(400, GONE))
    lanes.edit(ANNA, 5, Screen("first"))
    await server.until(lambda: len(server.calls) == 1)
    lanes.edit(ANNA, 5, Screen("answer"), or_new=True, then=told.then)
    lanes.edit(ANNA, 5, Screen("It is closed now."))
    assert await lanes.drain(5)
    assert texts(server, "sendMessage") == ["It is closed now."]
    assert told.ids == [100]


async def test_then_is_not_told_of_an_edit_that_worked(server, lanes, told):
    lanes.edit(ANNA, 5, Screen("How was it?"), then=told.then)
    assert await lanes.drain(5)
    assert told.ids == []


async def test_that_a_message_is_gone_is_told_when_it_is(server, lanes, told):
    server.on("deleteMessage", cuts, refuses(400, "Bad Request: message to delete not found"))
    lanes.delete(ANNA, 5, then=told.then)
    assert await lanes.drain(5)
    assert told.ids == []
    lanes.delete(ANNA, 5, then=told.then)
    assert await lanes.drain(5)
    assert told.ids == [5]


async def test_edits_that_come_meanwhile_go_to_the_message_that_took_over(server, lanes, told):
    server.on("editMessageText", refuses(400, GONE))
    server.on("sendMessage", waits(0.1, succeeds({"message_id": 900})))
    lanes.edit(ANNA, 5, Screen("old"), or_new=True, then=told.then)
    await server.until(lambda: "sendMessage" in server.methods)
    lanes.edit(ANNA, 5, Screen("new"))
    assert await lanes.drain(5)
    assert [p["message_id"] for p in server.of("editMessageText")] == [5, 900]
    assert told.ids == [900]
    assert texts(server, "sendMessage") == ["old"]


async def test_an_edit_with_the_old_id_still_finds_the_new_message(server, lanes):
    server.on("editMessageText", refuses(400, GONE))

    async def then(new_message_id: int) -> None:
        lanes.edit(ANNA, 5, Screen("new"))  # by somebody who does not know of it yet

    lanes.edit(ANNA, 5, Screen("old"), or_new=True, then=then)
    assert await lanes.drain(5)
    assert [p["message_id"] for p in server.of("editMessageText")] == [5, 100]
    assert texts(server, "sendMessage") == ["old"]


async def test_the_newest_screen_is_what_takes_over(server, lanes):
    server.on("editMessageText", waits(0.1, refuses(400, GONE)))
    lanes.edit(ANNA, 5, Screen("old"))
    await server.until(lambda: len(server.calls) == 1)
    lanes.edit(ANNA, 5, Screen("new"), or_new=True)
    assert await lanes.drain(5)
    assert server.methods == ["editMessageText", "sendMessage"]
    assert texts(server, "sendMessage") == ["new"]


async def test_a_screen_that_the_server_rejects_is_dropped_and_reported_without_its_text(
    server, lanes
):
    server.on("sendMessage", refuses(400, 'Bad Request: Unsupported start tag "my mother"'))
    server.on("editMessageText", refuses(400, "Bad Request: message is too long"))
    with capture_logs() as logs:
        lanes.say(ANNA, Screen("Anna's secret"))
        lanes.edit(ANNA, 5, Screen("Anna's secret"))
        lanes.say(ANNA, Screen("fine"))
        assert await lanes.drain(5)
    assert texts(server, "sendMessage") == ["Anna's secret", "fine"]
    assert [line["event"] for line in logs] == ["answer not delivered"] * 2
    assert "too long" in logs[1]["said"]
    for hidden in ("secret", "mother", str(ANNA)):
        assert hidden not in str(logs)


async def test_somebody_unreachable_is_reported_once_and_their_lane_emptied(server, lanes, told):
    server.on("sendMessage", refuses(403, "Forbidden: bot was blocked by the user"))
    for text in ("one", "two", "three"):
        lanes.say(ANNA, Screen(text))
    lanes.edit(ANNA, 5, Screen("four"))
    lanes.say(BEN, Screen("hello"))
    assert await lanes.drain(5)
    assert told.unreachable == [ANNA]
    assert texts(server, "sendMessage") == ["one", "hello"]
    lanes.say(ANNA, Screen("back again"))
    assert await lanes.drain(5)
    assert texts(server, "sendMessage")[-1] == "back again"


@pytest.mark.parametrize("method", ["sendMessage", "answerCallbackQuery"])
async def test_a_refused_token_is_reported(server, lanes, told, method):
    server.always(method, refuses(401, "Unauthorized"))
    if method == "sendMessage":
        lanes.say(ANNA, Screen("hello"))
    else:
        lanes.toast("q1")
    assert await lanes.drain(5)
    assert told.refused == 1


async def test_a_bug_in_a_callback_stops_nothing(server, lanes, told):
    async def broken(message_id: int) -> None:
        raise KeyError("Anna's words")

    told.on_unreachable = broken
    with capture_logs() as logs:
        lanes.say(ANNA, Screen("one"), then=broken)
        lanes.say(ANNA, Screen("two"), then=told.then)
        assert await lanes.drain(5)
    assert told.ids == [101]
    assert [line["event"] for line in logs] == ["answer failed"]
    assert logs[0]["fault"].startswith("KeyError: ")
    assert "Anna" not in str(logs)


async def test_what_cannot_be_noted_yet_is_noted_later_and_holds_up_nothing(server, lanes, told):
    free = asyncio.Event()

    async def then(message_id: int) -> None:
        if not free.is_set():
            raise Unavailable("disk full")
        await told.then(message_id)

    lanes.say(ANNA, Screen("the day"), then=then)
    lanes.say(ANNA, Screen("help"))
    await server.until(lambda: texts(server, "sendMessage") == ["the day", "help"])
    assert not await lanes.drain(0.1)
    assert told.ids == []
    free.set()
    assert await lanes.drain(5)
    assert told.ids == [100]


async def test_a_stop_tries_at_once_to_note_what_waits_for_its_turn(server, unhurried, told):
    clock = HandClock()
    lanes = lanes_of(unhurried, clock, told)
    free = False

    async def then(message_id: int) -> None:
        if not free:
            raise Unavailable("disk full")
        await told.then(message_id)

    lanes.say(ANNA, Screen("the day"), then=then)
    await server.until(lambda: texts(server, "sendMessage") == ["the day"])
    assert not await lanes.drain(0.2)
    free = True
    assert await lanes.drain(5), "its turn is never: the clock stands still"
    assert told.ids == [100]


async def test_what_a_stop_leaves_unnoted_is_said_loudly(server, unhurried, told):
    lanes = lanes_of(unhurried, HandClock(), told)

    async def never(message_id: int) -> None:
        raise Unavailable("disk full")

    async def slow(message_id: int) -> None:
        await asyncio.Event().wait()

    lanes.say(ANNA, Screen("the day"), then=never)
    lanes.say(BEN, Screen("the day"), then=slow)
    await server.until(lambda: len(texts(server, "sendMessage")) == 2)
    assert not await lanes.drain(0.2)
    with capture_logs() as logs:
        await lanes.close()
    said = [
        one["message"] for one in logs if one["event"] == "new message not noted before the end"
    ]
    assert sorted(said) == [100, 101]
    assert {one["log_level"] for one in logs if "message" in one} == {"error"}


async def test_callbacks_do_not_inherit_the_update_in_hand(lanes):
    seen = []

    async def then(message_id: int) -> None:
        seen.append(current_update.get())

    current_update.set(UpdateInHand(9))
    lanes.say(ANNA, Screen("one"), then=then)
    assert await lanes.drain(5)
    assert seen == [None]


async def test_a_chat_is_busy_while_an_answer_is_made_and_until_it_is_there(server, lanes):
    assert not lanes.is_busy(ANNA)
    with lanes.answering(ANNA):
        with lanes.answering(ANNA):
            assert (lanes.is_busy(ANNA), lanes.is_busy(BEN)) == (True, False)
        assert lanes.is_busy(ANNA)
        lanes.say(ANNA, Screen("How was it?"))
    assert lanes.is_busy(ANNA)
    assert await lanes.drain(5)
    assert not lanes.is_busy(ANNA)


async def test_lanes_leave_nothing_behind(server, lanes):
    for chat in range(300):
        lanes.say(chat, Screen("hello"))
        lanes.edit(chat, 1, Screen("hello"))
        lanes.toast(str(chat))
    assert await lanes.drain(10)
    assert len(server.calls) == 900
    assert not lanes._lanes
    assert not lanes._tasks


async def test_no_more_than_so_many_chats_send_at_once(server, unhurried, clock, told):
    lanes = lanes_of(unhurried, clock, told, at_once=3)
    now, most = 0, 0

    async def counting(server, call, at) -> bool:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.02)
        now -= 1
        return await succeeds({"message_id": 1})(server, call, at)

    server.always("sendMessage", counting)
    for chat in range(12):
        lanes.say(chat, Screen("hello"))
    assert await lanes.drain(5)
    assert most == 3


async def test_one_person_cannot_fill_the_memory(server, bot, told):
    clock = HandClock()
    pacing = Pacing(clock)
    lanes = lanes_of(BotMessenger(bot, pacing), clock, told)
    pacing.halt(60)
    with capture_logs() as logs:
        for _ in range(500):
            lanes.say(ANNA, Screen("again"))
    assert len(logs) == 400
    await lanes.close()
    assert lanes.idle


async def test_drain_says_when_there_was_not_enough_time(server, lanes):
    server.on("sendMessage", waits(0.3, succeeds({"message_id": 1})))
    lanes.say(ANNA, Screen("slow"))
    assert not await lanes.drain(0.05)
    assert await lanes.drain(5)


async def test_where_the_practice_protects_its_messages_every_one_says_so(
    server, bot, clock, told
) -> None:
    lanes = lanes_of(BotMessenger(bot, Pacing(clock), protect=True), clock, told)
    lanes.say(ANNA, Screen("answer"))
    server.on("editMessageText", refuses(400, GONE))
    lanes.edit(ANNA, 1, Screen("lost, and sent anew"), or_new=True)
    assert await lanes.drain(5)
    assert [sent["protect_content"] for sent in server.of("sendMessage")] == [True, True]
