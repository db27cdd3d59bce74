"""Deciding late: each reason not to send, and what an unclear sending leaves behind."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.core.timetable import to_utc
from bot.services.outgoing import MINUTE_MS, Claimed, ClockWentBack, Outgoing
from bot.store import outbox, pairs, people, relinks
from bot.store.outbox import Kind
from tests.digest_support import DAY, ZONE
from tests.digest_world import World, open_world, settings
from tests.transactions import writing

HOUR = DAY // 24
NOON = to_utc("2026-11-24", "12:00", ZONE)
NIGHT = to_utc("2026-11-24", "22:30", ZONE)
MORNING = to_utc("2026-11-25", "08:00", ZONE)


@dataclass
class Post:
    """Ben's practice, Anna's pair A7 with an open check-in, and the outbox."""

    world: World
    outgoing: Outgoing
    pair: int
    anna: int
    checkin: int
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def owe(
        self,
        kind: Kind = "prompt",
        *,
        part: str = "",
        subject: int | None = None,
        to: int | None = None,
        expires_in: int = DAY,
        with_pair: bool = True,
    ) -> int:
        id, now = next(self.numbers), self.world.clock.now()
        if kind == "reminder" and (await self.asked())["sent_at"] is None:
            await self.change("checkin", self.checkin, sent_at=now - DAY)
        async with writing(self.world.db) as tx:
            assert await outbox.queue(
                tx, id=id, kind=kind, subject_id=subject or self.checkin, part=part,
                person_id=to or self.anna, pair_id=self.pair if with_pair else None,
                due_at=now, expires_at=now + expires_in, now=now,
            )  # fmt: skip
        return id

    async def claim(self) -> Claimed:
        claimed = await self.outgoing.claim()
        assert claimed is not None
        return claimed

    async def arrived(self, claimed: Claimed, number: int) -> bool:
        chat = claimed.person.telegram_id
        assert chat is not None
        return await self.outgoing.sent(claimed.message, number, chat) == "theirs"

    async def move(self) -> int:
        """Let the pair go over to a new account, which has not agreed yet; give whose it is."""
        now, pair = self.world.clock.now(), self.pair
        await self.change("pair", pair, confirmed_at=1)
        async with writing(self.world.db) as tx:
            await people.add_person(tx, 99, 99, "Anna", "en", now)
            ben = (await pairs.load_pair(tx, pair)).therapist_id
            assert await relinks.move_pair(tx, pair, ben, self.anna, 99, now, now)
        return 99

    async def owner(self, id: int) -> int:
        (row,) = await self.world.rows("SELECT person_id FROM message WHERE id = :id", id=id)
        return int(row["person_id"])

    async def state(self, id: int) -> tuple[str, str | None]:
        (row,) = await self.world.rows("SELECT * FROM message WHERE id = :id", id=id)
        return row["state"], row["reason"]

    async def due_at(self, id: int) -> int:
        (row,) = await self.world.rows("SELECT * FROM message WHERE id = :id", id=id)
        return int(row["due_at"])

    async def change(self, table: str, id: int, **facts: object) -> None:
        columns = ", ".join(f"{name} = :{name}" for name in facts)
        await self.world.run(f"UPDATE {table} SET {columns} WHERE id = :id", id=id, **facts)

    async def asked(self) -> Any:
        (row,) = await self.world.rows("SELECT * FROM checkin WHERE id = :id", id=self.checkin)
        return row


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    async with open_world(tmp_path, at=NOON) as world:
        pair = await world.pair("A7")
        checkin = await world.checkin(
            pair, on="2026-11-24", time="10:00", state="open", sent_at=None, closed_at=None
        )
        outgoing = Outgoing(world.db, world.clock, world.ids, settings(tmp_path))
        yield Post(world, outgoing, pair, await world.client_of(pair), checkin)


async def test_what_is_due_and_may_go_out_is_claimed_once(post: Post) -> None:
    id = await post.owe()
    claimed = await post.claim()
    assert (claimed.message.id, claimed.message.state, claimed.person.id) == (
        id, "sending", post.anna,
    )  # fmt: skip
    assert claimed.pair is not None
    assert claimed.pair.id == post.pair
    assert await post.outgoing.claim() is None


async def test_what_is_not_due_yet_waits(post: Post) -> None:
    id = await post.owe()
    await post.change("message", id, due_at=NOON + 1)
    assert await post.outgoing.claim() is None
    post.world.clock.at += 1
    assert (await post.claim()).message.id == id


@pytest.mark.parametrize("kind", ["prompt", "reminder"])
@pytest.mark.parametrize("state", ["joined", "paused", "stopped", "ended"])
async def test_only_an_active_pair_is_asked(post: Post, state: str, kind: Kind) -> None:
    id = await post.owe(kind)
    await post.change("pair", post.pair, state=state)
    assert await post.outgoing.claim() is None
    assert await post.state(id) == ("dropped", state)


@pytest.mark.parametrize("kind", ["prompt", "reminder"])
@pytest.mark.parametrize("state", ["active", "paused", "stopped"])
async def test_a_goodbye_is_asked_after_an_end_alone(post: Post, state: str, kind: Kind) -> None:
    first, second = await post.owe(kind, part="1"), await post.owe(kind, part="2")
    await post.change("checkin", post.checkin, kind="goodbye")
    await post.change("message", second, due_at=NOON + HOUR)
    await post.change("pair", post.pair, state=state)
    assert await post.outgoing.claim() is None
    assert await post.state(first) == ("dropped", state)
    await post.change("pair", post.pair, state="ended")
    post.world.clock.at += HOUR
    assert (await post.claim()).message.id == second


@pytest.mark.parametrize(
    "part", ["joined", "confirm_nudge", "confirm_eve", "confirmed", "consent:2"]
)
async def test_an_end_settles_what_was_to_come(post: Post, part: str) -> None:
    id = await post.owe("notice", part=part)
    await post.change("pair", post.pair, state="ended")
    assert await post.outgoing.claim() is None
    assert await post.state(id) == ("dropped", "ended")


@pytest.mark.parametrize("part", ["confirmed", "consent:2"])
async def test_who_has_stopped_is_not_greeted_and_not_asked_to_agree(post: Post, part: str) -> None:
    id = await post.owe("notice", part=part, subject=post.pair)
    await post.change("pair", post.pair, state="stopped", stopped_at=NOON)
    assert await post.outgoing.claim() is None
    assert await post.state(id) == ("dropped", "stopped")


async def test_a_pair_that_is_gone_is_not_asked(post: Post) -> None:
    id = await post.owe(with_pair=False)
    assert await post.outgoing.claim() is None
    assert await post.state(id) == ("dropped", "erased")


@pytest.mark.parametrize("state", ["answered", "expired", "did_not_meet", "withheld", "cancelled"])
async def test_a_closed_checkin_is_not_asked_about(post: Post, state: str) -> None:
    ids = [await post.owe(), await post.owe("reminder")]
    await post.change("checkin", post.checkin, state=state)
    assert await post.outgoing.claim() is None
    assert [await post.state(id) for id in ids] == [("dropped", "closed")] * 2


async def test_who_has_answered_is_not_reminded(post: Post) -> None:
    prompt, reminder = await post.owe(), await post.owe("reminder")
    await post.change("checkin", post.checkin, completed_at=NOON)
    assert (await post.claim()).message.id == prompt
    assert await post.outgoing.claim() is None
    assert await post.state(reminder) == ("dropped", "answered")


async def test_what_is_too_late_is_dropped(post: Post) -> None:
    id = await post.owe(expires_in=1000)
    post.world.clock.at += 1000
    assert await post.outgoing.claim() is None
    assert await post.state(id) == ("dropped", "expired")


async def test_somebody_cut_off_or_unreachable_gets_nothing(post: Post) -> None:
    id = await post.owe()
    await post.change("person", post.anna, unreachable_at=NOON)
    assert await post.outgoing.claim() is None
    assert await post.state(id) == ("dropped", "unreachable")
    other = await post.owe("reminder")
    await post.change("person", post.anna, unreachable_at=None, telegram=None)
    assert await post.outgoing.claim() is None
    assert await post.state(other) == ("dropped", "cut_off")


@pytest.mark.parametrize("part", ["joined", "confirm_nudge"])
async def test_who_has_confirmed_is_not_asked_to_confirm(post: Post, part: str) -> None:
    ask = await post.owe("notice", part=part, subject=post.pair, to=post.world.ben)
    assert (await post.claim()).message.id == ask
    await post.change("pair", post.pair, confirmed_at=NOON)
    late = await post.owe("notice", part=part, subject=7, to=post.world.ben)
    assert await post.outgoing.claim() is None
    assert await post.state(late) == ("dropped", "settled")


async def test_who_was_turned_away_is_not_asked_about(post: Post) -> None:
    id = await post.owe("notice", part="joined", subject=post.pair, to=post.world.ben)
    await post.change("pair", post.pair, client_id=None)
    assert await post.outgoing.claim() is None
    assert await post.state(id) == ("dropped", "settled")


async def test_an_objection_to_one_holds_up_no_other(post: Post) -> None:
    lost = await post.owe(with_pair=False)
    good = await post.owe("reminder")
    assert (await post.claim()).message.id == good
    assert (await post.state(lost))[0] == "dropped"


# Quiet hours


@pytest.mark.parametrize("kind", ["prompt", "reminder", "ack"])
async def test_a_clients_night_is_quiet(post: Post, kind: Kind) -> None:
    post.world.clock.at = NIGHT
    id = await post.owe(kind)
    assert await post.outgoing.claim() is None
    assert await post.state(id) == ("queued", None)
    assert await post.due_at(id) == MORNING
    post.world.clock.at = MORNING
    claimed = await post.claim()
    assert (claimed.message.id, claimed.message.attempts) == (id, 1), "the night was no attempt"


async def test_a_notice_to_a_client_waits_as_well_and_one_to_the_therapist_does_not(
    post: Post,
) -> None:
    post.world.clock.at = NIGHT
    to_anna = await post.owe("notice", part="confirmed", subject=post.pair)
    to_ben = await post.owe("notice", part="returned", subject=post.pair, to=post.world.ben)
    digest = await post.owe("digest", subject=9, part="1", to=post.world.ben, with_pair=False)
    assert {(await post.claim()).message.id, (await post.claim()).message.id} == {to_ben, digest}
    assert await post.outgoing.claim() is None
    assert await post.due_at(to_anna) == MORNING


async def test_a_persons_own_quiet_hours_and_zone_win(post: Post) -> None:
    id = await post.owe()
    await post.change("person", post.anna, quiet_from="11:30", quiet_to="13:15")
    assert await post.outgoing.claim() is None
    assert await post.due_at(id) == NOON + 75 * MINUTE_MS
    await post.change("person", post.anna, quiet_from=None, quiet_to=None, timezone="Asia/Tokyo")
    post.world.clock.at = NOON + 75 * MINUTE_MS  # 21:15 in Tokyo
    assert await post.outgoing.claim() is None
    assert await post.due_at(id) == to_utc("2026-11-25", "08:00", "Asia/Tokyo")


# The clock


async def test_a_clock_gone_back_stops_sending_until_it_is_right(post: Post) -> None:
    id = await post.owe("ack", subject=3)
    await post.claim()
    late = await post.owe()
    post.world.clock.at = NOON - 6 * MINUTE_MS
    await post.change("message", late, due_at=0)
    with pytest.raises(ClockWentBack):
        await post.outgoing.claim()
    assert await post.state(late) == ("queued", None)
    post.world.clock.at = NOON - 4 * MINUTE_MS  # as clocks are set right
    assert (await post.claim()).message.id == late
    assert await post.state(id) == ("sending", None)


# What became of it


async def test_an_arrived_prompt_is_known_by_its_message(post: Post) -> None:
    await post.owe()
    claimed = await post.claim()
    await post.arrived(claimed, 77)
    assert await post.state(claimed.message.id) == ("sent", None)
    row = await post.asked()
    assert (row["sent_at"], row["telegram_message"], row["reminded_at"]) == (NOON, 77, None)


async def test_an_arrived_reminder_carries_the_checkin_from_now_on(post: Post) -> None:
    await post.owe()
    await post.arrived(await post.claim(), 77)
    await post.owe("reminder")
    post.world.clock.at += 21 * HOUR
    await post.arrived(await post.claim(), 78)
    row = await post.asked()
    later = NOON + 21 * HOUR
    assert (row["sent_at"], row["telegram_message"], row["reminded_at"]) == (NOON, 78, later)


async def test_a_reminders_hours_count_from_the_prompt(post: Post) -> None:
    await post.owe()
    await post.arrived(await post.claim(), 77)
    id = await post.owe("reminder")
    assert await post.outgoing.claim() is None
    assert await post.due_at(id) == NOON + 20 * HOUR


async def test_a_prompt_that_perhaps_arrived_is_never_sent_again(post: Post) -> None:
    id = await post.owe()
    await post.outgoing.unclear((await post.claim()).message)
    assert await post.state(id) == ("unknown", "unclear")
    row = await post.asked()
    assert (row["sent_at"], row["telegram_message"]) == (NOON, None), "the client may see it"
    post.world.clock.at += DAY - 1
    assert await post.outgoing.claim() is None


@pytest.mark.parametrize(
    ("kind", "part", "repeats"),
    [("reminder", "", False), ("ack", "", False), ("digest", "1", True)],
)
async def test_only_a_digest_may_arrive_twice(
    post: Post, kind: Kind, part: str, repeats: bool
) -> None:
    id = await post.owe(kind, part=part, to=post.world.ben if kind == "digest" else None)
    await post.outgoing.unclear((await post.claim()).message)
    assert (await post.state(id))[0] == ("queued" if repeats else "unknown")


@pytest.mark.parametrize("to_ben", [True, False])
async def test_news_may_arrive_twice_at_the_therapist_and_not_at_the_client(
    post: Post, to_ben: bool
) -> None:
    to = post.world.ben if to_ben else post.anna
    id = await post.owe("notice", part="returned", subject=post.pair, to=to)
    await post.outgoing.unclear((await post.claim()).message)
    assert (await post.state(id))[0] == ("queued" if to_ben else "unknown")


async def test_a_digest_is_tried_three_times_with_pauses(post: Post) -> None:
    id = await post.owe("digest", subject=9, part="1", to=post.world.ben, with_pair=False)
    for wait in (5, 30):
        await post.outgoing.unclear((await post.claim()).message)
        assert await post.outgoing.claim() is None
        assert await post.due_at(id) == post.world.clock.at + wait * MINUTE_MS
        post.world.clock.at += wait * MINUTE_MS
    last = await post.claim()
    assert last.message.attempts == 3
    await post.outgoing.unclear(last.message)
    assert await post.state(id) == ("unknown", "unclear")


@pytest.mark.parametrize("part", ["1", "relinked_to:5"])
async def test_what_certainly_did_not_arrive_uses_up_no_try(post: Post, part: str) -> None:
    """An hour without network, and then an answer that is lost: nobody has seen it yet."""
    kind: Kind = "digest" if part == "1" else "notice"
    to = post.world.ben if kind == "digest" else None
    id = await post.owe(kind, part=part, to=to, with_pair=kind == "notice", expires_in=7 * DAY)
    for _ in range(9):
        await post.outgoing.later((await post.claim()).message, 0.0)
        post.world.clock.at = await post.due_at(id)
    for wait in (5, 30):
        await post.outgoing.unclear((await post.claim()).message)
        assert await post.due_at(id) == post.world.clock.at + wait * MINUTE_MS
        post.world.clock.at += wait * MINUTE_MS
    await post.outgoing.unclear((await post.claim()).message)
    assert await post.state(id) == ("unknown", "unclear")


async def test_a_process_that_died_in_between_is_recovered_from(post: Post) -> None:
    prompt = await post.owe()
    digest = await post.owe("digest", subject=9, part="1", to=post.world.ben, with_pair=False)
    await post.claim()
    await post.claim()
    assert await post.outgoing.recover() == 2
    assert await post.outgoing.recover() == 0
    assert await post.state(prompt) == ("unknown", "restart")
    assert (await post.state(digest))[0] == "queued"
    assert (await post.asked())["sent_at"] == NOON


async def test_what_certainly_did_not_arrive_waits_longer_each_time(post: Post) -> None:
    id = await post.owe(expires_in=10 * DAY)
    waits = []
    for after in (0.0, 0.0, 90.0, 0.0):
        post.world.clock.at = max(NOON, await post.due_at(id))
        before = post.world.clock.at
        await post.outgoing.later((await post.claim()).message, after)
        waits.append((await post.due_at(id) - before) // 1000)
    assert waits == [2, 4, 90, 16]


@pytest.mark.parametrize("ending", ["rejected", "failed", "dropped"])
async def test_what_will_not_arrive_says_why(post: Post, ending: str) -> None:
    id = await post.owe()
    claimed = await post.claim()
    if ending == "rejected":
        await post.outgoing.failed(claimed.message, "why")
    else:
        assert await post.outgoing.unmade(claimed.message, ending, "why") == "theirs"
    await post.arrived(claimed, 77)
    assert await post.state(id) == ("dropped" if ending == "dropped" else "failed", "why")


# While the account changes


@pytest.mark.parametrize("ending", ["failed", "dropped"])
async def test_what_is_not_made_while_the_account_changes_waits_for_the_new_one(
    post: Post, ending: str
) -> None:
    id = await post.owe()
    claimed = await post.claim()
    new = await post.move()
    assert await post.outgoing.unmade(claimed.message, ending, "gone") == "moved"
    assert (await post.owner(id), await post.state(id)) == (new, ("queued", None))


async def test_what_is_queued_waits_until_the_new_account_has_agreed(post: Post) -> None:
    id = await post.owe()
    new = await post.move()
    assert await post.outgoing.claim() is None
    assert (await post.owner(id), await post.due_at(id)) == (new, NOON + 10 * MINUTE_MS)
    await post.change("pair", post.pair, relinked_at=None)
    post.world.clock.at += 10 * MINUTE_MS
    assert (await post.claim()).person.id == new


@pytest.mark.parametrize("part", ["relinked_to:1", "watch_help:told"])
async def test_safety_and_the_question_itself_do_not_wait(post: Post, part: str) -> None:
    await post.owe("notice", part=part)
    post.world.clock.at = NIGHT
    await post.change("message", 1, expires_at=NIGHT + DAY)
    new = await post.move()
    assert (await post.claim()).person.id == new


async def test_what_arrives_in_the_former_chat_is_not_known_by_its_message(post: Post) -> None:
    id = await post.owe()
    claimed = await post.claim()
    await post.move()
    assert await post.arrived(claimed, 77) is False
    assert await post.state(id) == ("unknown", "moved")
    row = await post.asked()
    assert (row["sent_at"], row["telegram_message"]) == (NOON, None)


async def test_what_certainly_did_not_arrive_goes_to_the_new_account(post: Post) -> None:
    id = await post.owe()
    claimed = await post.claim()
    new = await post.move()
    await post.outgoing.later(claimed.message, 1)
    assert (await post.state(id))[0] == "queued"
    assert await post.owner(id) == new


async def test_what_perhaps_arrived_in_the_former_chat_is_not_sent_again(post: Post) -> None:
    unclear = await post.owe("ack", subject=5)
    claimed = await post.claim()
    await post.move()
    await post.outgoing.unclear(claimed.message)
    assert await post.state(unclear) == ("unknown", "unclear")
    left = await post.owe("ack", subject=6)
    await post.change("message", left, state="sending")
    await post.outgoing.recover()
    assert await post.state(left) == ("unknown", "restart")
