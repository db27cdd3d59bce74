"""Each fault as a bare HTTP client sees it, and what really happened behind it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from bot.emulator import Emulator, Person


async def test_a_connection_dropped_before_the_call_delivers_nothing(
    call: Any, anna: Person, emulator: Emulator
) -> None:
    emulator.faults.add("drop", method="sendMessage")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await call("sendMessage", chat_id=anna.id, text="a")
    assert anna.see("a") is None
    [entry] = emulator.journal.calls("sendMessage")
    assert (entry.status, entry.done, entry.fault) == (0, False, "drop before")
    assert (await call("sendMessage", chat_id=anna.id, text="a")).status == 200


async def test_a_connection_dropped_after_the_call_has_delivered(
    call: Any, anna: Person, emulator: Emulator
) -> None:
    emulator.faults.add("drop", stage="after", method="sendMessage")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await call("sendMessage", chat_id=anna.id, text="a")
    assert anna.last.text == "a"
    [entry] = emulator.journal.sent(chat=anna.id, text="a")
    assert (entry.status, entry.done) == (0, True)


async def test_a_cut_body_promises_more_than_it_brings(
    call: Any, anna: Person, emulator: Emulator
) -> None:
    emulator.faults.add("cut_body")
    with pytest.raises(aiohttp.ClientPayloadError):
        await call("sendMessage", chat_id=anna.id, text="a")
    assert anna.last.text == "a"


async def test_a_page_of_html_comes_with_status_200(
    call: Any, anna: Person, emulator: Emulator
) -> None:
    emulator.faults.add("not_json", method="sendMessage")
    form = {"chat_id": str(anna.id), "text": "a"}
    async with call.session.post(call.address("sendMessage"), data=form) as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
        assert "<html>" in await answer.text()
    assert anna.last.text == "a"


async def test_a_delay_answers_late_but_rightly(
    call: Any, anna: Person, emulator: Emulator
) -> None:
    emulator.faults.add("delay", seconds=0.2)
    began = time.monotonic()
    assert (await call("sendMessage", chat_id=anna.id, text="a")).status == 200
    assert time.monotonic() - began >= 0.2


async def test_a_late_answer_was_carried_out_even_if_nobody_waited(
    call: Any, anna: Person, emulator: Emulator
) -> None:
    emulator.faults.add("delay", stage="after", seconds=0.3)
    with pytest.raises(TimeoutError):
        await call.request(
            "sendMessage",
            json={"chat_id": anna.id, "text": "a"},
            timeout=aiohttp.ClientTimeout(total=0.05),
        )
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
    call: Any, anna: Person, emulator: Emulator, status: int, words: str
) -> None:
    emulator.faults.add("status", status=status)
    reply = await call("sendMessage", chat_id=anna.id, text="a")
    assert (reply.status, reply.error) == (status, words)
    assert anna.see("a") is None


async def test_a_429_says_how_long_in_body_and_header(
    call: Any, anna: Person, emulator: Emulator
) -> None:
    emulator.faults.add("status", status=429, retry_after=3, method="sendMessage")
    reply = await call("sendMessage", chat_id=anna.id, text="a")
    assert (reply.status, reply.error) == (429, "Too Many Requests: retry after 3")
    assert reply.body["parameters"] == {"retry_after": 3}
    assert reply.headers["retry-after"] == "3"


async def test_a_status_after_the_call_hides_a_delivery(
    call: Any, anna: Person, emulator: Emulator
) -> None:
    emulator.faults.add("status", status=502, stage="after")
    assert (await call("sendMessage", chat_id=anna.id, text="a")).status == 502
    assert anna.last.text == "a"
    assert len(emulator.journal.sent(chat=anna.id)) == 1


async def test_a_black_hole_says_nothing_until_it_is_released(
    call: Any, anna: Person, emulator: Emulator
) -> None:
    fault = emulator.faults.add("black_hole", chat=anna.id)
    hanging = asyncio.create_task(call("sendMessage", chat_id=anna.id, text="a"))
    assert (await call("getMe")).status == 200
    while not fault.struck:
        await asyncio.sleep(0.005)
    assert not hanging.done()
    emulator.faults.release()
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await hanging
    assert anna.see("a") is None


async def test_a_client_may_give_up_in_a_black_hole(
    call: Any, anna: Person, emulator: Emulator
) -> None:
    emulator.faults.add("black_hole", stage="after")
    how = {"json": {"chat_id": anna.id, "text": "a"}, "timeout": aiohttp.ClientTimeout(total=0.1)}
    with pytest.raises(TimeoutError):
        await call.request("sendMessage", **how)
    assert anna.last.text == "a"
    assert (await call("sendMessage", chat_id=anna.id, text="b")).status == 200


async def test_a_fault_strikes_the_nth_call_of_its_method_and_chat(
    call: Any, anna: Person, emulator: Emulator
) -> None:
    cora = emulator.person("Cora")
    cora.start()
    emulator.faults.add("status", method="sendmessage", chat=anna.id, nth=2)
    statuses = [
        (await call("sendMessage", chat_id=chat, text="a")).status
        for chat in (cora.id, anna.id, cora.id, anna.id, anna.id)
    ]
    assert statuses == [200, 200, 200, 500, 200]


async def test_a_fault_by_chance_follows_the_seed(call: Any, emulator: Emulator) -> None:
    async def run(seed: int) -> list[int]:
        other = Emulator("12345:emulated", seed=seed)
        async with other.serve():
            call.emulator = other
            other.faults.add("status", chance=0.5)
            return [(await call("getMe")).status for _ in range(30)]

    first = await run(3)
    assert set(first) == {200, 500}
    assert await run(3) == first
    assert await run(4) != first


async def test_cleared_faults_strike_no_more(call: Any, emulator: Emulator) -> None:
    emulator.faults.add("status", times=None)
    assert [(await call("getMe")).status for _ in range(3)] == [500, 500, 500]
    emulator.faults.clear()
    assert (await call("getMe")).status == 200


async def test_a_refused_token_meets_no_fault(call: Any, emulator: Emulator) -> None:
    fault = emulator.faults.add("drop")
    address = f"{emulator.base_url}12345:wrong/getMe"
    async with call.session.get(address) as answer:
        assert answer.status == 401
    assert fault.struck == 0


async def test_confirmed_updates_may_come_again(
    call: Any, anna: Person, emulator: Emulator
) -> None:
    emulator.faults.repeat_updates = 1.0
    [update] = (await call("getUpdates")).result
    number = update["update_id"]
    again = await call("getUpdates", offset=number + 1)
    assert [update["update_id"] for update in again.result] == [number]
    assert emulator.journal.deliveries(number) == 2
    emulator.faults.clear()
    assert (await call("getUpdates", offset=number + 1)).result == []


async def test_a_batch_may_come_in_disorder(call: Any, anna: Person, emulator: Emulator) -> None:
    for number in range(20):
        anna.send(f"{number}")
    emulator.faults.shuffle_updates = True
    ids = [update["update_id"] for update in (await call("getUpdates")).result]
    assert ids != sorted(ids)
    assert sorted(ids) == list(range(min(ids), min(ids) + 21))


async def test_an_unknown_fault_is_refused(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="there is no fault 'earthquake'"):
        emulator.faults.add("earthquake")  # type: ignore[arg-type]
