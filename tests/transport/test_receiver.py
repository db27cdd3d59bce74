"""Receiving: at least once, in order per person, past bad updates, and for as long as it takes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from telegram import InaccessibleMessage, Update

from bot.core.errors import Repeated, TokenRefused
from bot.store.database import Database, Unavailable, current_update
from bot.store.migrate import migrate
from bot.store.updates import record_seen
from bot.store.vault import Vault, new_master_key
from bot.transport.receiver import HEALTHY_SECONDS, Receiver
from tests.transport.clocks import HandClock
from tests.transport.faultserver import FaultServer, answers, cuts, hangs, refuses, succeeds

ANNA, BEN, CORA = 71, 72, 73


def message(update_id: int, sender: int, text: str) -> dict:
    who = {"id": sender, "is_bot": False, "first_name": "Anna"}
    return {
        "update_id": update_id,
        "message": {
            "message_id": update_id,
            "date": 1_800_000_000,
            "from": who,
            "chat": {"id": sender, "type": "private"},
            "text": text,
        },
    }


def tap(update_id: int, sender: int, data: str) -> dict:
    about = message(update_id, sender, "How was it?")["message"]
    button = {"text": "7", "callback_data": "a:7"}
    return {
        "update_id": update_id,
        "callback_query": {
            "id": str(update_id),
            "chat_instance": "1",
            "from": about["from"],
            "data": data,
            "message": {**about, "reply_markup": {"inline_keyboard": [[button]]}},
        },
    }


def said(update: Update) -> str:
    if update.callback_query is not None:
        return update.callback_query.data or ""
    return (update.message and update.message.text) or ""


def asked_from(server: FaultServer, offset: int) -> bool:
    return any(params["offset"] == offset for params in server.of("getUpdates"))


class Practice:
    """Stands for the program: handles updates, keeps notes, can be made to fail."""

    def __init__(self) -> None:
        self.handled: list[tuple[int, str]] = []
        self.recorded: list[int] = []
        self.aside: list[tuple[int | None, bytes, str]] = []
        self.on: dict[str, Callable[[Update], Awaitable[None]]] = {}
        self.away = 0

    async def process(self, update: Update) -> None:
        special = self.on.get(said(update))
        if special is not None:
            await special(update)
        self.handled.append((update.effective_user.id, said(update)))

    async def record_all(self, ids) -> None:
        self._look()
        self.recorded += ids

    async def set_aside(self, update_id, body, reason) -> None:
        self._look()
        self.aside.append((update_id, body, reason))

    def _look(self) -> None:
        if self.away:
            self.away -= 1
            raise Unavailable("disk full")

    @property
    def texts(self) -> list[str]:
        return [text for _, text in self.handled]


@pytest.fixture
def practice() -> Practice:
    return Practice()


@pytest.fixture
async def receiver(bot, practice, clock) -> AsyncIterator[Receiver]:
    it = Receiver(bot, practice.process, practice.record_all, practice.set_aside, clock)
    yield it
    await it.stop(1)


@pytest.fixture
async def running(receiver) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(receiver.run())
    yield task
    await receiver.stop(1)
    if task.done() and not task.cancelled():
        task.exception()
    else:
        task.cancel()


# Confirming


async def test_updates_are_handled_recorded_and_then_confirmed(server, practice, running):
    server.add(message(501, ANNA, "hello"), tap(502, ANNA, "a:7"))
    await server.until(lambda: asked_from(server, 503))
    assert practice.handled == [(ANNA, "hello"), (ANNA, "a:7")]
    assert practice.recorded == [501, 502]
    assert server.updates == []
    first = server.of("getUpdates")[0]
    assert first["offset"] == 0
    assert first["allowed_updates"] == [
        "message",
        "edited_message",
        "callback_query",
        "my_chat_member",
    ]


async def test_the_first_poll_asks_without_waiting_and_the_next_ones_wait_fifty_seconds(
    server, receiver, running
):
    await server.until(lambda: len(server.calls) == 2)
    assert [p["timeout"] for p in server.of("getUpdates")] == [0, 50]
    assert receiver.ready.is_set()


async def test_nothing_is_confirmed_before_the_slowest_of_the_batch_is_safe(
    server, practice, running
):
    go_on = asyncio.Event()

    async def slow(update: Update) -> None:
        await go_on.wait()

    practice.on["slow"] = slow
    server.add(message(1, ANNA, "slow"), message(2, BEN, "quick"))
    await server.until(lambda: practice.texts == ["quick"])
    await asyncio.sleep(0.05)
    assert [p["offset"] for p in server.of("getUpdates")][-1] == 0
    go_on.set()
    await server.until(lambda: asked_from(server, 3))
    assert practice.recorded == [1, 2]


async def test_an_idle_poll_lets_go_of_the_offset(server, practice, bot, clock):
    """Ids restart after a quiet week; an old offset must not hide or drop the new ones."""
    it = Receiver(
        bot, practice.process, practice.record_all, practice.set_aside, clock, long_poll_seconds=0
    )
    running = asyncio.create_task(it.run())
    server.add(message(900, ANNA, "before"))
    await server.until(lambda: practice.texts == ["before"])
    await server.until(lambda: asked_from(server, 901))
    await server.until(lambda: server.of("getUpdates")[-1]["offset"] == 0)
    server.add(message(5, ANNA, "after"))
    await server.until(lambda: practice.texts == ["before", "after"])
    await it.stop(1)
    await running


async def test_an_update_twice_in_a_batch_is_handled_once(server, practice, running):
    server.add(message(1, ANNA, "hello"), message(1, ANNA, "hello"), message(2, ANNA, "bye"))
    await server.until(lambda: practice.texts == ["hello", "bye"])
    assert practice.recorded == [1, 2]


# Order


async def test_one_person_in_order_while_people_go_side_by_side(server, practice, running):
    both = asyncio.Barrier(2)

    async def meets(update: Update) -> None:
        async with asyncio.timeout(10):
            await both.wait()

    practice.on["meet"] = meets
    server.add(
        message(1, ANNA, "meet"),
        message(2, ANNA, "a2"),
        tap(3, BEN, "meet"),
        tap(4, ANNA, "a3"),
        message(5, BEN, "b2"),
    )
    await server.until(lambda: len(practice.handled) == 5)
    assert [text for who, text in practice.handled if who == ANNA] == ["meet", "a2", "a3"]
    assert [text for who, text in practice.handled if who == BEN] == ["meet", "b2"]
    assert practice.aside == []


async def test_no_more_than_so_many_people_at_once(server, bot, practice, clock):
    it = Receiver(bot, practice.process, practice.record_all, practice.set_aside, clock, at_once=3)
    now, most = 0, 0

    async def counts(update: Update) -> None:
        nonlocal now, most
        now, most = now + 1, max(most, now + 1)
        await asyncio.sleep(0.01)
        now -= 1

    practice.on["x"] = counts
    server.add(*[message(n, 1000 + n, "x") for n in range(1, 13)])
    running = asyncio.create_task(it.run())
    await server.until(lambda: len(practice.handled) == 12)
    assert most == 3
    await it.stop(1)
    await running


async def test_of_a_tapped_message_only_which_one_it_is_is_read(server, practice, running):
    seen = []

    async def looks(update: Update) -> None:
        seen.append(update.callback_query.message)

    practice.on["a:7"] = looks
    server.add(tap(1, ANNA, "a:7"))
    await server.until(lambda: bool(practice.handled))
    (message,) = seen
    assert type(message) is InaccessibleMessage
    assert (message.message_id, message.chat.id) == (1, ANNA)


# The update in hand


async def test_each_update_is_in_hand_in_a_context_of_its_own(server, practice, running):
    hands = []

    async def looks(update: Update) -> None:
        hand = current_update.get()
        hands.append(hand.update_id)
        hand.recorded = hand.update_id == 2

    practice.on["x"] = looks
    server.add(*[message(n, ANNA, "x") for n in (1, 2, 3)])
    await server.until(lambda: len(practice.handled) == 3)
    await server.until(lambda: len(practice.recorded) == 2)
    assert hands == [1, 2, 3]
    assert practice.recorded == [1, 3]  # a transaction had recorded the second
    assert current_update.get() is None


async def test_a_repeated_update_is_neither_recorded_again_nor_set_aside(server, practice, running):
    async def repeats(update: Update) -> None:
        raise Repeated

    practice.on["x"] = repeats
    server.add(message(1, ANNA, "x"), message(2, ANNA, "y"))
    await server.until(lambda: practice.recorded == [2])
    assert practice.aside == []


# Bad updates


async def test_a_bad_update_is_set_aside_and_its_neighbours_go_on(server, practice, running):
    async def bug(update: Update) -> None:
        raise KeyError("Anna's words")

    async def gives_up(update: Update) -> None:
        raise asyncio.CancelledError

    practice.on["bug"], practice.on["gives up"] = bug, gives_up
    malformed = {"update_id": 3, "message": {"message_id": 3, "from": {"id": ANNA}}}
    with capture_logs() as logs:
        server.add(
            message(1, ANNA, "before"),
            message(2, ANNA, "bug"),
            malformed,
            message(4, BEN, "gives up"),
            message(5, ANNA, "after"),
            {"update_id": 6, "message": "not an object"},
            message(7, BEN, "after"),
        )
        await server.until(lambda: asked_from(server, 8))
    assert [t for who, t in practice.handled if who == ANNA] == ["before", "after"]
    assert [t for who, t in practice.handled if who == BEN] == ["after"]
    aside = {update_id: (json.loads(body), reason) for update_id, body, reason in practice.aside}
    assert set(aside) == {2, 3, 4, 6}
    assert aside[2] == (message(2, ANNA, "bug"), "KeyError")
    assert aside[3] == (malformed, "TypeError")
    assert aside[4][1] == "CancelledError"
    assert practice.recorded == [1, 5, 7]
    assert "Anna" not in str(logs)
    assert str(ANNA) not in str(logs)
    assert {line["update_id"] for line in logs if "update_id" in line} == {2, 3, 4, 6}


async def test_an_update_that_never_ends_is_set_aside(server, practice, running, monkeypatch):
    monkeypatch.setattr("bot.transport.intake._HANDLING_SECONDS", 0.05)

    async def never(update: Update) -> None:
        await asyncio.Event().wait()

    practice.on["never"] = never
    server.add(message(1, ANNA, "never"), message(2, ANNA, "after"))
    await server.until(lambda: practice.texts == ["after"])
    assert [(i, reason) for i, _, reason in practice.aside] == [(1, "TimeoutError")]


@pytest.mark.parametrize("wrong", [None, "12", 1.5, True, -4, 2**63, [], "missing"])
async def test_an_update_without_an_id_is_set_aside_once_and_does_not_stop_the_others(
    server, practice, running, clock, wrong
):
    nameless = message(0, ANNA, "who am I")
    nameless["update_id"] = wrong
    if wrong == "missing":
        del nameless["update_id"]

    async def always_first(server, call, at) -> bool:
        known = await server._wait_for_updates({**call.params, "timeout": 0})
        return await succeeds([nameless, *known])(server, call, at)

    server.always("getUpdates", always_first)
    await server.until(lambda: len(server.calls) >= 5)
    assert [(update_id, reason) for update_id, _, reason in practice.aside] == [
        (None, "NoUpdateId")
    ]
    assert sum(clock.slept) > 2  # and the server is not asked without a pause
    server.add(message(10, ANNA, "hello"))
    await server.until(lambda: practice.texts == ["hello"])
    await server.until(lambda: asked_from(server, 11))
    assert all(p["offset"] >= 0 for p in server.of("getUpdates"))


async def test_things_that_are_no_updates_are_set_aside(server, practice, running):
    server.on("getUpdates", succeeds([7, None, "text", message(1, ANNA, "hello")]))
    await server.until(lambda: practice.texts == ["hello"])
    assert sorted(body for _, body, _ in practice.aside) == [b'"text"', b"7", b"null"]


async def test_half_a_character_does_not_stop_the_poll(server, practice, running):
    body = json.dumps({"ok": True, "result": [message(1, ANNA, "half \ud83d"), {"x": "\ud83d"}]})
    server.on("getUpdates", answers(200, body.encode()))
    await server.until(lambda: practice.recorded == [1])
    assert json.loads(practice.aside[0][1]) == {"x": "\ud83d"}


# The database away


async def test_while_the_database_is_away_nothing_is_confirmed_and_only_the_rest_is_redone(
    server, practice, running, clock
):
    tries = 0

    async def locked(update: Update) -> None:
        nonlocal tries
        tries += 1
        if tries < 4:
            assert all(p["offset"] == 0 for p in server.of("getUpdates"))
            raise Unavailable("locked")

    practice.on["locked"] = locked
    server.add(message(1, ANNA, "first"), message(2, ANNA, "locked"), message(3, ANNA, "third"))
    server.add(message(4, BEN, "other"))
    await server.until(lambda: asked_from(server, 5))
    assert sorted(practice.texts) == ["first", "locked", "other", "third"]  # each once
    assert [t for who, t in practice.handled if who == ANNA] == ["first", "locked", "third"]
    assert tries == 4
    for pause, step in zip(clock.slept, (1, 2, 4), strict=True):
        assert step / 2 <= pause <= step
    assert practice.recorded == [1, 2, 3, 4]
    assert practice.aside == []


async def test_while_the_database_is_away_recording_and_setting_aside_wait_too(
    server, practice, running
):
    async def bug(update: Update) -> None:
        raise ValueError

    practice.on["bug"] = bug
    practice.away = 3
    server.add(message(1, ANNA, "bug"), message(2, ANNA, "hello"))
    await server.until(lambda: asked_from(server, 3))
    assert [update_id for update_id, _, _ in practice.aside] == [1]
    assert practice.recorded == [2]
    assert practice.texts == ["hello"]


async def test_a_broken_record_is_loud(server, practice, receiver):
    async def broken(ids) -> None:
        raise ZeroDivisionError

    receiver._intake._record_all = broken
    server.add(message(1, ANNA, "hello"))
    with pytest.raises(ZeroDivisionError):
        await receiver.run()


# At least once


async def test_what_was_committed_but_not_confirmed_comes_again_and_changes_nothing(
    server, bot, clock, tmp_path: Path
):
    database = await Database.open(
        tmp_path / "rapport.db", Vault(new_master_key()), lambda: 1_800_000_000_000
    )
    await migrate(database, 1_800_000_000_000)
    committed: list[str] = []
    rendered: list[str] = []
    reached = asyncio.Event()
    crash = True

    async def process(update: Update) -> None:
        try:
            await database.write(lambda tx: tx.all("SELECT 1"))
            committed.append(said(update))
        except Repeated:
            rendered.append(said(update))
        if crash and said(update) == "third":
            reached.set()
            await asyncio.Event().wait()  # the process is killed here

    async def record_all(ids) -> None:
        await database.write(lambda tx: record_seen(tx, ids, 1_800_000_000_000))

    async def set_aside(update_id, body, reason) -> None:
        raise AssertionError(reason)

    server.add(*[message(n, ANNA, text) for n, text in enumerate(("first", "second", "third"), 1)])
    server.add(message(4, ANNA, "fourth"))
    killed = asyncio.create_task(Receiver(bot, process, record_all, set_aside, clock).run())
    await reached.wait()
    killed.cancel()
    await asyncio.wait([killed])
    assert committed == ["first", "second", "third"]
    assert len(server.updates) == 4  # Telegram still has them all

    crash = False
    it = Receiver(bot, process, record_all, set_aside, clock)
    running = asyncio.create_task(it.run())
    await server.until(lambda: server.updates == [])
    assert committed == ["first", "second", "third", "fourth"]
    assert rendered == ["first", "second", "third"]
    await it.stop(2)
    await running
    await database.close()


# Supervision


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(cuts, id="cut"),
        pytest.param(refuses(500, "Internal Server Error"), id="500"),
        pytest.param(answers(502, b"<html>"), id="502 page"),
        pytest.param(answers(200, b"<html>"), id="no JSON"),
        pytest.param(answers(200, {"ok": True, "result": True}), id="no list"),
        pytest.param(refuses(409, "Conflict: terminated by other getUpdates request"), id="409"),
        pytest.param(refuses(429, "Too Many Requests", retry_after=40), id="429"),
        pytest.param(refuses(400, "Bad Request"), id="400"),
    ],
)
async def test_a_failing_poll_is_repeated_more_and_more_slowly(
    server, practice, receiver, clock, failure
):
    server.on("getUpdates", *[failure] * 7)
    server.add(message(1, ANNA, "hello"))
    task = asyncio.create_task(receiver.run())
    await server.until(lambda: practice.texts == ["hello"])
    pauses = clock.slept[:7]
    if pauses[0] >= 40:  # the server said how long
        assert pauses == [40] * 7
    else:
        for pause, step in zip(pauses, (1, 2, 4, 8, 16, 30, 30), strict=True):
            assert step / 2 <= pause <= step
    await receiver.stop(1)
    await task


async def test_another_poller_is_named_in_the_log(server, receiver, running):
    server.on("getUpdates", refuses(409, "Conflict: terminated by other getUpdates request"))
    with capture_logs() as logs:
        await receiver.ready.wait()
    assert logs[0]["event"] == "another process receives for this bot"
    assert "terminated by other" in logs[0]["said"]


async def test_a_poll_that_hangs_is_given_up_and_repeated(server, practice, receiver, monkeypatch):
    monkeypatch.setattr("bot.transport.receiver._GRACE_SECONDS", 0.1)
    server.on("getUpdates", hangs, hangs)
    server.add(message(1, ANNA, "hello"))
    task = asyncio.create_task(receiver.run())
    await server.until(lambda: practice.texts == ["hello"])
    await receiver.stop(1)
    await task


@pytest.mark.parametrize(("status", "text"), [(401, "Unauthorized"), (404, "Not Found")])
async def test_a_token_refused_three_times_in_a_row_ends_it(server, receiver, status, text, token):
    server.always("getUpdates", refuses(status, text))
    with pytest.raises(TokenRefused) as caught:
        await receiver.run()
    assert len(server.of("getUpdates")) == 3
    assert token not in str(caught.value)


async def test_a_token_refused_now_and_then_does_not_end_it(server, practice, running):
    no = refuses(401, "Unauthorized")
    server.on("getUpdates", no, no, refuses(500, "Oops"), no, no, succeeds([]), no, no)
    server.add(message(1, ANNA, "hello"))
    await server.until(lambda: practice.texts == ["hello"])


async def test_health_is_the_age_of_the_last_successful_poll(server, bot, practice):
    clock = HandClock()
    it = Receiver(bot, practice.process, practice.record_all, practice.set_aside, clock)
    assert not it.healthy(clock.monotonic())
    server.on("getUpdates", cuts)
    task = asyncio.create_task(it.run())
    await server.until(lambda: len(server.calls) == 1)
    await asyncio.sleep(0.05)
    assert not it.ready.is_set()
    assert not it.healthy(clock.monotonic())
    await clock.move(1)
    await asyncio.wait_for(it.ready.wait(), 5)
    assert it.healthy(clock.monotonic())
    await clock.move(HEALTHY_SECONDS - 0.1)
    assert it.healthy(clock.monotonic())
    await clock.move(0.2)
    assert not it.healthy(clock.monotonic())
    await it.stop(1)
    await task


# Stopping


async def test_stopping_does_not_wait_for_the_long_poll(server, receiver):
    task = asyncio.create_task(receiver.run())
    await server.until(lambda: len(server.calls) == 2)
    began = time.monotonic()
    assert await receiver.stop()
    await task
    assert time.monotonic() - began < 0.5


async def test_stopping_lets_the_batch_finish_and_confirms_it(server, practice, receiver):
    async def slow(update: Update) -> None:
        await asyncio.sleep(0.2)

    practice.on["slow"] = slow
    server.add(message(41, ANNA, "slow"), message(42, ANNA, "after"))
    task = asyncio.create_task(receiver.run())
    await server.until(lambda: len(server.calls) == 1)
    await asyncio.sleep(0.05)
    assert await receiver.stop()
    await task
    assert practice.texts == ["slow", "after"]
    last = server.of("getUpdates")[-1]
    assert (last["offset"], last["timeout"]) == (43, 0)
    assert server.updates == []


async def test_stopping_is_bounded_when_an_update_and_the_server_hang(server, practice, receiver):
    async def never(update: Update) -> None:
        await asyncio.Event().wait()

    practice.on["never"] = never
    server.add(message(1, ANNA, "never"), message(2, BEN, "quick"))
    task = asyncio.create_task(receiver.run())
    await server.until(lambda: practice.texts == ["quick"])
    server.always("getUpdates", hangs)
    began = time.monotonic()
    assert not await receiver.stop(0.2)
    await task
    assert time.monotonic() - began < 1.5
    assert len(server.updates) == 2  # not confirmed, so they come again


async def test_what_a_stop_cuts_short_is_not_confirmed(server, practice, receiver):
    async def never(update: Update) -> None:
        await asyncio.Event().wait()

    practice.on["never"] = never
    server.add(message(1, ANNA, "never"), message(2, BEN, "quick"))
    task = asyncio.create_task(receiver.run())
    await server.until(lambda: practice.texts == ["quick"])
    assert not await receiver.stop(0.2)
    await task
    assert [update["update_id"] for update in server.updates] == [1, 2]
    assert all(p["offset"] == 0 for p in server.of("getUpdates"))


async def test_what_a_database_away_at_a_stop_did_not_take_is_not_confirmed(
    server, practice, receiver
):
    async def locked(update: Update) -> None:
        raise Unavailable("locked")

    practice.on["locked"] = locked
    server.add(message(1, ANNA, "locked"), message(2, BEN, "quick"))
    task = asyncio.create_task(receiver.run())
    await server.until(lambda: practice.texts == ["quick"])
    await receiver.stop()
    await task
    assert len(server.updates) == 2
    assert all(p["offset"] == 0 for p in server.of("getUpdates"))


async def test_stopping_is_bounded_when_the_last_confirmation_hangs(
    server, practice, receiver, monkeypatch
):
    monkeypatch.setattr("bot.transport.receiver._CONFIRM_SECONDS", 0.3)

    async def slow(update: Update) -> None:
        await asyncio.sleep(0.1)

    practice.on["slow"] = slow
    server.add(message(1, ANNA, "slow"))
    task = asyncio.create_task(receiver.run())
    await server.until(lambda: len(server.calls) == 1)
    await asyncio.sleep(0.02)
    server.always("getUpdates", hangs)
    began = time.monotonic()
    assert await receiver.stop()
    await task
    assert time.monotonic() - began < 0.8
    assert practice.recorded == [1]


async def test_stopping_is_bounded_while_the_database_is_away(server, practice, receiver):
    practice.away = 10**9
    server.add(message(1, ANNA, "hello"))
    task = asyncio.create_task(receiver.run())
    await server.until(lambda: practice.texts == ["hello"])
    began = time.monotonic()
    await receiver.stop()
    await task
    assert time.monotonic() - began < 1
    assert practice.recorded == []
    assert len(server.updates) == 1


async def test_a_receiver_stopped_before_it_ran_does_not_run(server, receiver):
    assert await receiver.stop()
    await receiver.run()
    assert server.calls == []


async def test_no_text_no_token_in_the_log_of_a_bad_day(
    server, practice, receiver, token, caplog, capsys
):
    caplog.set_level("DEBUG")

    async def bug(update: Update) -> None:
        raise ValueError(f"cannot read {said(update)}")

    practice.on["my secret"] = bug
    server.on("getUpdates", cuts, refuses(401, "Unauthorized"), refuses(409, "Conflict"))
    server.add(message(1, ANNA, "my secret"), message(2, BEN, "another secret"))
    task = asyncio.create_task(receiver.run())
    await server.until(lambda: asked_from(server, 3))
    await receiver.stop(1)
    await task
    out = capsys.readouterr()
    everything = caplog.text + out.out + out.err
    assert "update set aside" in everything
    assert "secret" not in everything
    assert token not in everything
