"""Each fault as a bare HTTP client sees it, and what really happened behind it."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest

from bot.emulator import Emulator, Person
from tests.emulator.rawbot import TOKEN, RawBot


async def _impatient(bot: RawBot, anna: Person) -> None:
    message = {"chat_id": anna.id, "text": "a"}
    patience = aiohttp.ClientTimeout(total=0.2)
    async with bot.session.post(f"{bot.url}/sendMessage", json=message, timeout=patience):
        pytest.fail("an answer came after all")


async def test_a_connection_dropped_before_the_call_delivers_nothing(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    emulator.faults.add("drop", method="sendMessage")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await bot.call("sendMessage", chat_id=anna.id, text="a")
    assert anna.see("a") is None
    [entry] = emulator.journal.calls("sendMessage")
    assert (entry.status, entry.done, entry.fault) == (0, False, "drop before")
    assert (await bot.answer("sendMessage", chat_id=anna.id, text="a"))[0] == 200


async def test_a_connection_dropped_after_the_call_has_delivered(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    emulator.faults.add("drop", stage="after", method="sendMessage")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await bot.call("sendMessage", chat_id=anna.id, text="a")
    assert anna.last.text == "a"
    [entry] = emulator.journal.sent(chat=anna.id, text="a")
    assert (entry.status, entry.done) == (0, True)


async def test_a_cut_body_promises_more_than_it_brings(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    emulator.faults.add("cut_body")
    with pytest.raises(aiohttp.ClientPayloadError):
        await bot.call("sendMessage", chat_id=anna.id, text="a")
    assert anna.last.text == "a"


async def test_a_page_of_html_comes_with_status_200(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    emulator.faults.add("not_json", method="sendMessage")
    form = {"chat_id": str(anna.id), "text": "a"}
    async with bot.session.post(f"{bot.url}/sendMessage", data=form) as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
        assert "<html>" in await answer.text()
    assert anna.last.text == "a"


async def test_a_delay_answers_late_but_rightly(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    emulator.faults.add("delay", seconds=0.2)
    began = time.monotonic()
    assert (await bot.answer("sendMessage", chat_id=anna.id, text="a"))[0] == 200
    assert time.monotonic() - began >= 0.2


async def test_a_late_answer_was_carried_out_even_if_nobody_waited(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    emulator.faults.add("delay", stage="after", seconds=1)
    with pytest.raises(TimeoutError):
        await _impatient(bot, anna)
    assert anna.last.text == "a"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (500, "Internal Server Error"),
        (502, "Bad Gateway"),
        (503, "Service Unavailable"),
        (401, "Unauthorized"),
        (404, "Not Found"),
        (409, "Conflict"),
    ],
)
async def test_a_status_comes_as_a_real_status(
    bot: RawBot, anna: Person, emulator: Emulator, status: int, words: str
) -> None:
    emulator.faults.add("status", status=status)
    got, body = await bot.answer("sendMessage", chat_id=anna.id, text="a")
    assert (got, body["description"]) == (status, words)
    assert anna.see("a") is None


async def test_a_429_says_how_long_in_body_and_header(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    emulator.faults.add("status", status=429, retry_after=3, method="sendMessage")
    form = {"chat_id": str(anna.id), "text": "a"}
    async with bot.session.post(f"{bot.url}/sendMessage", data=form) as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "3")
        assert await response.json() == {
            "ok": False,
            "error_code": 429,
            "description": "Too Many Requests: retry after 3",
            "parameters": {"retry_after": 3},
        }


async def test_a_status_after_the_call_hides_a_delivery(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    emulator.faults.add("status", status=502, stage="after")
    assert (await bot.answer("sendMessage", chat_id=anna.id, text="a"))[0] == 502
    assert anna.last.text == "a"
    assert len(emulator.journal.sent(chat=anna.id)) == 1


async def test_a_black_hole_says_nothing_until_it_is_released(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    fault = emulator.faults.add("black_hole", chat=anna.id)
    hanging = asyncio.create_task(bot.call("sendMessage", chat_id=anna.id, text="a"))
    assert await emulator.bell.wait_for(lambda: fault.struck == 1, 10)
    assert (await bot.answer("getMe"))[0] == 200
    assert not hanging.done()
    emulator.faults.release()
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await hanging
    assert anna.see("a") is None


async def test_a_released_black_hole_swallows_the_next_call_as_well(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    fault = emulator.faults.add("black_hole", times=None)
    for struck in (1, 2):
        hanging = asyncio.create_task(bot.call("sendMessage", chat_id=anna.id, text="a"))
        assert await emulator.bell.wait_for(lambda struck=struck: fault.struck == struck, 10)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(hanging), 0.2)
        emulator.faults.release()
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await hanging


async def test_a_client_may_give_up_in_a_black_hole(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    emulator.faults.add("black_hole", stage="after")
    with pytest.raises(TimeoutError):
        await _impatient(bot, anna)
    assert anna.last.text == "a"
    assert (await bot.answer("sendMessage", chat_id=anna.id, text="b"))[0] == 200


async def test_a_fault_strikes_the_nth_call_of_its_method_and_chat(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    cora = emulator.person("Cora")
    cora.start()
    emulator.faults.add("status", method="sendmessage", chat=anna.id, nth=2)
    statuses = [
        (await bot.answer("sendMessage", chat_id=chat, text="a"))[0]
        for chat in (cora.id, anna.id, cora.id, anna.id, anna.id)
    ]
    assert statuses == [200, 200, 200, 500, 200]


async def test_a_fault_by_chance_follows_the_seed(bot: RawBot) -> None:
    async def run(seed: int) -> list[int]:
        other = Emulator(TOKEN, seed=seed)
        async with other.serve() as url:
            other.faults.add("status", chance=0.5)
            client = RawBot(url, bot.session)
            return [(await client.answer("getMe"))[0] for _ in range(30)]

    first = await run(3)
    assert set(first) == {200, 500}
    assert await run(3) == first
    assert await run(4) != first


async def test_cleared_faults_strike_no_more(bot: RawBot, emulator: Emulator) -> None:
    emulator.faults.add("status", times=None)
    assert [(await bot.answer("getMe"))[0] for _ in range(3)] == [500, 500, 500]
    emulator.faults.clear()
    assert (await bot.answer("getMe"))[0] == 200


async def test_a_refused_token_meets_no_fault(bot: RawBot, emulator: Emulator) -> None:
    fault = emulator.faults.add("drop")
    async with bot.session.get(f"{emulator.base_url}1:wrong/getMe") as response:
        assert response.status == 401
    assert fault.struck == 0


async def test_confirmed_updates_may_come_again(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    anna.send("one")
    emulator.faults.repeat_updates = 1.0
    [update] = await bot.call("getUpdates")
    number = update["update_id"]
    assert await bot.call("getUpdates", offset=number + 1) == [update]
    assert emulator.journal.deliveries(number) == 2
    emulator.faults.clear()
    assert await bot.call("getUpdates", offset=number + 1) == []


async def test_a_batch_may_come_in_disorder(bot: RawBot, anna: Person, emulator: Emulator) -> None:
    for number in range(20):
        anna.send(f"{number}")
    emulator.faults.shuffle_updates = True
    ids = [update["update_id"] for update in await bot.call("getUpdates")]
    assert ids != sorted(ids)
    assert sorted(ids) == list(range(min(ids), min(ids) + 20))


async def test_an_unknown_fault_is_refused(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="there is no fault 'earthquake'"):
        emulator.faults.add("earthquake")  # type: ignore[arg-type]
