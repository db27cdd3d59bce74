"""Each way in which a call can fail has its own verdict, and no call goes out twice."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
import warnings
from collections.abc import Iterator

import pytest
from telegram import InputFile
from telegram.error import TelegramError
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter
from telegram.warnings import PTBUserWarning

from bot.transport.request import AiohttpRequest, Outcome, WireFailure, make_bot
from tests.transport.faultserver import (
    answers,
    cuts,
    hangs,
    refuses,
    sends_raw,
    succeeds,
    waits,
)

HTML = b"<html>Sign in to Cafe WiFi</html>"


async def failure_of(bot, method="sendMessage", **timeouts) -> WireFailure:
    with pytest.raises(WireFailure) as caught:
        await bot.do_api_request(method, api_kwargs={"chat_id": 7, "text": "hello"}, **timeouts)
    return caught.value


def unused_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


# Certainly not sent


async def test_nothing_listening_is_not_sent(token):
    bot = make_bot(token, f"http://127.0.0.1:{unused_port()}")
    with pytest.raises(WireFailure) as caught:
        await bot.initialize()
    assert caught.value.outcome is Outcome.NOT_SENT
    await bot.shutdown()


async def test_a_name_nobody_knows_is_not_sent(token):
    request = AiohttpRequest()
    await request.initialize()
    with pytest.raises(WireFailure) as caught:
        await request.post(f"http://nobody.invalid/bot{token}/getMe")
    assert caught.value.outcome is Outcome.NOT_SENT
    assert token not in str(caught.value)
    await request.shutdown()


async def test_a_connect_that_takes_too_long_is_not_sent(token):
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        port = deaf.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:  # the queue of a socket that nobody accepts from is full after these
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        request = AiohttpRequest()
        await request.initialize()
        with pytest.raises(WireFailure) as caught:
            await request.post(f"http://127.0.0.1:{port}/bot{token}/getMe", connect_timeout=0.2)
        await request.shutdown()
        for filler in fillers:
            filler.close()
    assert caught.value.outcome is Outcome.NOT_SENT
    assert caught.value.said == "ConnectionTimeoutError"


async def test_waiting_for_our_own_pool_too_long_is_not_sent(server, token):
    bot = make_bot(token, server.url, connections=1)
    await bot.initialize()
    server.on("sendMessage", hangs)
    first = asyncio.create_task(failure_of(bot, read_timeout=0.5))
    await server.until(lambda: server.methods.count("sendMessage") == 1)
    second = await failure_of(bot, connect_timeout=0.1)
    assert second.outcome is Outcome.NOT_SENT
    assert (await first).outcome is Outcome.UNCLEAR
    assert server.methods.count("sendMessage") == 1
    await bot.shutdown()


async def test_a_call_after_closing_is_not_sent(server, bot):
    await bot.shutdown()
    assert (await failure_of(bot)).outcome is Outcome.NOT_SENT
    assert server.calls == []


async def test_content_that_no_server_could_take_is_rejected_without_a_call(server, bot):
    with pytest.raises(WireFailure) as caught:
        await bot.do_api_request("sendMessage", api_kwargs={"chat_id": 7, "text": "\ud800 half"})
    assert caught.value.outcome is Outcome.REJECTED
    assert server.calls == []


# Perhaps delivered


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(hangs, id="answer later than the read timeout"),
        pytest.param(cuts, id="cut after processing"),
        pytest.param(sends_raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"), id="cut short"),
        pytest.param(sends_raw(b"HTTP/1.1 TWO\r\n\r\n"), id="no HTTP"),
        pytest.param(refuses(500, "Internal Server Error"), id="500"),
        pytest.param(answers(502, HTML), id="502 page"),
        pytest.param(refuses(503, "Service Unavailable"), id="503"),
        pytest.param(answers(200, HTML), id="200 that is no JSON"),
        pytest.param(answers(200, b""), id="200 empty"),
        pytest.param(answers(200, b"[1]"), id="200 other JSON"),
        pytest.param(answers(200, {"ok": True}), id="200 without result"),
        pytest.param(answers(200, {"ok": False, "description": "no"}), id="200 but not ok"),
        pytest.param(answers(403, HTML), id="403 of a proxy"),
        pytest.param(answers(404, HTML), id="404 of a proxy"),
        pytest.param(answers(401, b""), id="401 of a proxy"),
        pytest.param(refuses(408, "Request Timeout"), id="408"),
    ],
)
async def test_perhaps_delivered_is_unclear_and_goes_out_once(server, bot, behaviour):
    server.on("sendMessage", behaviour)
    failure = await failure_of(bot, read_timeout=0.2)
    assert failure.outcome is Outcome.UNCLEAR
    assert server.methods == ["sendMessage"]


async def test_cut_before_the_request_was_read_is_unclear(server, bot):
    server.close_connections()
    await asyncio.sleep(0.01)
    server.cut_before_reading = 1
    assert (await failure_of(bot)).outcome is Outcome.UNCLEAR
    assert server.calls == []


async def test_a_used_connection_that_dies_under_a_message_does_not_send_it_again(server, bot):
    await bot.do_api_request("sendMessage", api_kwargs={"chat_id": 7, "text": "first"})
    server.on("sendMessage", cuts)
    assert (await failure_of(bot)).outcome is Outcome.UNCLEAR
    assert server.methods == ["sendMessage", "sendMessage"]
    assert server.connections == 1  # the one that getMe had opened


async def test_a_redirected_message_is_not_sent_elsewhere(server, bot):
    server.on("sendMessage", answers(307, b"", {"Location": f"{server.url}/elsewhere"}))
    assert (await failure_of(bot)).outcome is Outcome.UNCLEAR
    assert server.methods == ["sendMessage"]


# Refused


@pytest.mark.parametrize(
    ("status", "description", "outcome"),
    [
        (400, "Bad Request: message text is empty", Outcome.REJECTED),
        (413, "Request Entity Too Large", Outcome.REJECTED),
        (401, "Unauthorized", Outcome.TOKEN_REFUSED),
        (403, "Forbidden: bot was blocked by the user", Outcome.FORBIDDEN),
        (404, "Not Found", Outcome.TOKEN_REFUSED),
        (409, "Conflict: terminated by other getUpdates request", Outcome.CONFLICT),
    ],
)
async def test_a_refusal_is_classed_by_its_status(server, bot, status, description, outcome):
    server.on("sendMessage", refuses(status, description))
    failure = await failure_of(bot)
    assert (failure.outcome, failure.status, failure.said) == (outcome, status, description)
    assert isinstance(failure, TelegramError)


@pytest.mark.parametrize(
    ("in_body", "in_header", "seconds"),
    [
        (3, None, 3),
        (None, "4", 4),
        (3, "9", 9),
        (9, "3", 9),
        (None, None, 1),
        (None, "Fri, 31 Dec 1999 23:59:59 GMT", 1),
        ("nan", "-5", 1),
        (10**9, None, 3600),
    ],
)
async def test_too_many_requests_names_the_longer_wait(server, bot, in_body, in_header, seconds):
    body = {"ok": False, "error_code": 429, "description": "Too Many Requests"}
    if in_body is not None:
        body["parameters"] = {"retry_after": in_body}
    server.on("sendMessage", answers(429, body, {"Retry-After": in_header} if in_header else {}))
    failure = await failure_of(bot)
    assert failure.outcome is Outcome.RETRY_AFTER
    assert failure.retry_after == seconds


async def test_a_refusal_does_not_repeat_what_it_quotes(server, bot):
    server.on("sendMessage", refuses(400, 'Bad Request: Unsupported start tag "anna-cries" at 3'))
    failure = await failure_of(bot)
    assert failure.said == 'Bad Request: Unsupported start tag "…" at 3'


# Bodies


async def test_parameters_go_out_as_json(server, bot):
    markup = {"inline_keyboard": [[{"text": "7", "callback_data": "a:7"}]]}
    params = {"chat_id": 7, "text": "Grüße 🌱", "reply_markup": markup}
    await bot.do_api_request("sendMessage", api_kwargs=params)
    [call] = server.calls
    assert call.content_type == "application/json"
    assert call.params == params


async def test_a_picture_goes_out_as_multipart(server, bot):
    picture = bytes(range(256)) * 4000  # a megabyte, more than one write
    await bot.do_api_request(
        "sendPhoto",
        api_kwargs={"chat_id": 7, "caption": "Week 3", "photo": InputFile(picture, "a.png")},
    )
    [call] = server.calls
    assert call.content_type.startswith("multipart/form-data")
    assert picture in call.body
    assert b'name="photo"' in call.body
    assert b'name="caption"' in call.body


async def test_an_answer_with_broken_letters_is_still_read(server, bot):
    server.on("getChat", answers(200, b'{"ok":true,"result":{"a":"\\ud800","b":"\xff"}}'))
    assert await bot.do_api_request("getChat") == {"a": "\ud800", "b": "\ufffd"}


async def test_each_call_has_its_own_time_to_answer(server, bot):
    server.on("sendMessage", waits(0.3, succeeds({"message_id": 5})))
    server.on("sendMessage", waits(0.3))
    params = {"chat_id": 7, "text": "hello"}
    sent = await bot.do_api_request("sendMessage", api_kwargs=params, read_timeout=2)
    assert sent == {"message_id": 5}
    assert (await failure_of(bot, read_timeout=0.1)).outcome is Outcome.UNCLEAR


async def test_a_server_that_only_drips_does_not_hold_a_call_for_ever(server, bot):
    async def drips(server, call, at) -> bool:
        at.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not at.writer.is_closing():
            at.writer.write(b" ")
            await asyncio.sleep(0.05)
        return False

    server.on("sendMessage", drips)
    began = time.monotonic()
    failure = await failure_of(bot, read_timeout=0.3, connect_timeout=0.2)
    assert failure.outcome is Outcome.UNCLEAR
    assert time.monotonic() - began < 2


# Idle connections


class ClosingServer(threading.Thread):
    """Answers one request per connection and closes it 3 ms later, in a thread of its own."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.bodies = 0

    def run(self) -> None:
        body = b'{"ok":true,"result":true}'
        while True:
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            with sock:
                while sock.recv(65536):
                    self.bodies += 1
                    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n" + body)
                    time.sleep(0.003)
                    break

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@pytest.fixture
def closing() -> Iterator[ClosingServer]:
    it = ClosingServer()
    it.start()
    yield it
    it.close()


async def outcomes_of_a_busy_process(closing: ClosingServer, token: str) -> list[Outcome | None]:
    """The server's goodbye waits unread in the kernel each time the next call begins."""
    request = AiohttpRequest()
    await request.initialize()
    outcomes: list[Outcome | None] = []
    url = f"http://127.0.0.1:{closing.port}/bot{token}/sendMessage"
    data = RequestData([RequestParameter.from_input("text", "hello")])
    for _ in range(15):
        try:
            await request.post(url, data)
            outcomes.append(None)
        except WireFailure as failure:
            outcomes.append(failure.outcome)
        time.sleep(0.01)  # noqa: ASYNC251 - a busy process is the point
    await request.shutdown()
    return outcomes


async def test_a_connection_closed_while_we_were_busy_costs_no_message(closing, token):
    assert await outcomes_of_a_busy_process(closing, token) == [None] * 15
    assert closing.bodies == 15


async def test_a_call_of_which_no_byte_was_written_is_not_sent(closing, token, monkeypatch):
    monkeypatch.setattr("bot.transport.request._LOOKS_AROUND", 1)  # sees the goodbye too late
    outcomes = await outcomes_of_a_busy_process(closing, token)
    assert set(outcomes) == {None, Outcome.NOT_SENT}
    assert closing.bodies == outcomes.count(None)


# Secrets


async def test_the_token_is_in_no_repr_no_failure_and_no_log_line(server, bot, token, caplog):
    caplog.set_level(logging.DEBUG)
    bad = refuses(400, f"Bad Request: wrong path /bot{token}/sendMessage")
    for behaviour in (cuts, hangs, sends_raw(b"no http\r\n\r\n"), answers(200, HTML), bad):
        server.on("sendMessage", behaviour)
        failure = await failure_of(bot, read_timeout=0.1)
        chain: BaseException | None = failure
        while chain is not None:
            assert token not in f"{chain} {chain!r} {chain.args}"
            chain = chain.__cause__ or chain.__context__
    await bot.do_api_request("sendMessage", api_kwargs={"chat_id": 7, "text": "Anna's words"})
    assert token not in repr(bot)
    assert token not in repr(bot.request)
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert token not in logged
    assert "Anna's words" not in logged


async def test_the_librarys_advice_about_raw_calls_is_silenced_and_no_other(server, token):
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        bot = make_bot(token, server.url)
        await bot.initialize()
        await bot.do_api_request("sendMessage", api_kwargs={"chat_id": 7, "text": "hello"})
        await bot.shutdown()
        warnings.warn("Please use something else", PTBUserWarning, stacklevel=1)
    assert [str(w.message) for w in heard] == ["Please use something else"]
