"""The timetable's dialogs by button: Ben is a therapist with Anna (A7) and Cora (B2); Dana another.

Ben taps what stands on his screen, and every screen he sees is checked: it fits Telegram, each
button carries at most 64 bytes and leads somewhere.
"""

from __future__ import annotations

import os
import re
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import cast

import pytest

from bot.config import load
from bot.core.draft import Draft, pack, parse_line, unpack
from bot.core.errors import Refused
from bot.core.timetable import to_utc
from bot.render import Renderer
from bot.room import Room
from bot.services.enrolment import Enrolment
from bot.services.ports import Screen
from bot.services.timetable import Timetable
from bot.services.wrong_client import WrongClient
from bot.store import pairs, people
from bot.store.database import Database, UpdateInHand, current_update
from bot.store.migrate import migrate
from bot.store.vault import Vault
from bot.views.buttons import Tap, data, read_tap, write_id
from bot.views.reader import Desk
from bot.views.timetable import TimetableViews
from bot.views.wrong_client import WrongClientViews
from handlers import timetable as dialogs
from handlers import wrong_client
from handlers.guard import NO_TAP, Ask, Reply, _call, refusal
from tests.transactions import reading, writing

ZONE = "Europe/Berlin"
BEN, DANA, ANNA, CORA = 2**62 + 11, 2**62 + 12, 2**62 + 21, 2**62 + 22
A7, B2, DANAS = 2**62 + 31, 2**62 + 32, 2**62 + 33
WRITES = {"tconf", "tcancok", "tunmet", "tmoved", "trulok", "wrongok"}
#: With what an appointment's own screen leads to; one more begins at a client's details.
TAPS = {**dialogs.TAPS, **{act: wrong_client.TAPS[act] for act in ("wrong", "wrongto", "wrongok")}}
LANGUAGES = ("en", "de", "de_du")

CONFIG = """
[telegram]
token = "123456789:AAHfakefakefakefakefakefakefakefake"
[practice]
name = "Lindenhof"
timezone = "Europe/Berlin"
admins = [4001]
[safety]
text = "Call 112, or Dana at the practice."
[privacy]
feedback_in_clinical_record = true
contact = "Dana, at the front desk"
"""


@dataclass
class MovableClock:
    at: int = to_utc("2026-11-24", "10:00", ZONE)

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.at / 1000

    async def sleep(self, seconds: float) -> None:
        self.at += round(seconds * 1000)


@dataclass
class LongIds:
    """Ids as long as they get, so that buttons are as long as they get."""

    random: Random = field(default_factory=lambda: Random(7))

    def new(self) -> int:
        return self.random.randrange(2**62, 2**63)

    def secret(self, size: int) -> str:
        return "".join(self.random.choice("abcdefghij") for _ in range(size))


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def db(tmp_path: Path, clock: MovableClock) -> AsyncIterator[Database]:
    database = await Database.open(tmp_path / "rapport.db", Vault(os.urandom(32)), clock.now)
    await migrate(database, clock.now())
    persons = ((BEN, "Ben"), (DANA, "Dana"), (ANNA, "Anna"), (CORA, "Cora"))
    async with writing(database) as tx:
        for number, (person_id, name) in enumerate(persons):
            await people.add_person(tx, person_id, 5000 + number, name, None, clock.now())
        for therapist_id in (BEN, DANA):
            await people.make_therapist(tx, therapist_id, clock.now())
        for pair_id, therapist_id, client_id, code in (
            (A7, BEN, ANNA, "A7"),
            (B2, BEN, CORA, "B2"),
            (DANAS, DANA, CORA, "C3"),
        ):
            await pairs.add_pair(tx, pair_id, therapist_id, code, clock.now())
            await pairs.join_pair(tx, pair_id, client_id, clock.now())
            await pairs.confirm_pair(tx, pair_id, therapist_id, client_id, clock.now())
            await pairs.consent(tx, pair_id, client_id, "1", clock.now())
    yield database
    await database.close()


@pytest.fixture
def room(tmp_path: Path, db: Database, clock: MovableClock) -> Room:
    """The part of a room that these handlers stand in; anything else they reach for is missing."""
    path = tmp_path / "config.toml"
    path.write_text(CONFIG, encoding="utf-8")
    path.chmod(0o600)
    settings, ids = load(path), LongIds()
    desk = Desk(Renderer(), settings)
    parts = SimpleNamespace(
        desk=desk,
        enrolment=Enrolment(db, clock, ids, settings),
        timetable=Timetable(db, clock, ids, settings),
        timetable_views=TimetableViews(desk),
        wrong_client=WrongClient(db, clock, ids, settings),
        wrong_client_views=WrongClientViews(desk),
    )
    return cast(Room, parts)


@dataclass
class Therapist:
    """Somebody at the phone, with one message that is edited in place."""

    room: Room
    telegram_id: int = 5000
    language: str = "en"
    screen: Screen = field(default_factory=lambda: Screen(""))

    async def _ask(self, words: str = "", tap: Tap = NO_TAP) -> Ask:
        who = await self.room.enrolment.who(self.telegram_id)
        reader = replace(self.room.desk.reader(who.person), language=self.language)
        return Ask(who, reader, self.telegram_id, 7, "Ben", None, words, tap)

    async def types(self, line: str) -> Screen:
        command, _, words = line.partition(" ")
        route = dialogs.COMMANDS[command.removeprefix("/")]
        return self._see(await _call(self.room, route, await self._ask(words)))

    async def presses(self, button_data: str) -> Screen:
        tap = read_tap(button_data)
        route = TAPS[tap.act]
        return self._see(await _call(self.room, route, await self._ask(tap=tap)))

    async def taps(self, label: str) -> Screen:
        return await self.presses(self.data(label))

    def data(self, label: str) -> str:
        found = [b["callback_data"] for row in self.screen.keyboard for b in row
                 if b["text"] == label]  # fmt: skip
        assert len(found) == 1, f"{label!r} is not one of {self.labels}"
        return found[0]

    @property
    def labels(self) -> list[str]:
        return [button["text"] for row in self.screen.keyboard for button in row]

    @property
    def text(self) -> str:
        return self.screen.text

    async def refused(self, act: Awaitable[object]) -> str:
        """Let something be refused and give the words of it."""
        with pytest.raises(Refused) as refused:
            await act
        return refusal(self.room, (await self._ask()).reader, refused.value)

    def _see(self, reply: Reply) -> Screen:
        assert reply.screen is not None
        check(reply.screen)
        self.screen = reply.screen
        return self.screen


def check(screen: Screen) -> None:
    """Fail for a screen that Telegram would not take or that leads nowhere."""
    assert screen.text.strip()
    assert len(screen.text) <= 4096
    assert "\n\n\n" not in screen.text
    assert not re.search(r"[{}]|None(?! in the next)|%\(", screen.text), screen.text
    buttons = [button for row in screen.keyboard for button in row]
    assert len(buttons) <= 100
    assert all(row and len(row) <= 8 for row in screen.keyboard)
    for button in buttons:
        assert button["text"].strip()
        assert len(button["callback_data"].encode()) <= 64
        assert read_tap(button["callback_data"]).act in TAPS


@pytest.fixture
def ben(room: Room) -> Therapist:
    return Therapist(room)


async def walk(ben: Therapist, *labels: str) -> None:
    for label in labels:
        await ben.taps(label)


# --- adding


@pytest.mark.parametrize("repeats", [("Once", "once"), ("Every two weeks", "fortnightly")])
async def test_the_walk_by_buttons_and_the_typed_line_reach_the_same_draft(
    ben: Therapist, clock: MovableClock, repeats: tuple[str, str]
) -> None:
    label, word = repeats
    await ben.types("/add")
    await walk(ben, "A7", "Tue 1", "16", ":45", "60", label)
    by_buttons, shown = ben.data("Confirm"), ben.text
    line = f"A7 2026-12-01 16:45 60m {word}"
    await ben.types(f"/add {line}")
    assert (by_buttons, shown) == (ben.data("Confirm"), ben.text)
    assert unpack(read_tap(by_buttons).arg(0)) == parse_line(line, clock.now(), ZONE)[1]


async def test_each_step_shows_what_was_chosen_and_goes_back(ben: Therapist) -> None:
    seen = [await ben.types("/add")]
    heads = []
    for label in ("A7", "Mon 30", "15", ":30", "80"):
        seen.append(await ben.taps(label))
        heads.append(ben.text.splitlines()[0])
    assert heads == [
        "<b>A7</b>",
        "<b>A7</b> · Mon, Nov 30",
        "<b>A7</b> · Mon, Nov 30 · 15:…",
        "<b>A7</b> · Mon, Nov 30 · 15:30",
        "<b>A7</b> · Mon, Nov 30 · 15:30 · 80 min",
    ]
    for earlier in reversed(seen[:-1]):
        await ben.taps("‹ Back")
        assert ben.text.splitlines()[0] == earlier.text.splitlines()[0]


async def test_a_confirmed_pattern_says_what_is_true_now(ben: Therapist) -> None:
    await ben.types("/add a7 30.11.2026 15:00 50 weekly")
    assert "<b>A7</b> · Mon 15:00–15:50 · 50 min · every week" in ben.text
    assert "Mon, Dec 14, 15:00" in ben.text
    confirm = ben.data("Confirm")
    await ben.taps("Confirm")
    assert ben.text == (
        "✓ <b>A7</b> · Mon 15:00–15:50 · 50 min · every week\n"
        "Next: Mon, Nov 30 · Mon, Dec 7 · Mon, Dec 14"
    )
    await ben.presses(confirm)
    assert "✓" not in ben.text
    assert "That is there already; nothing was added." in ben.text
    await ben.taps("Appointments")
    assert ben.labels == ["A7 Mon 30, 15:00", "A7 Mon 7, 15:00", "Patterns"]


async def test_one_part_can_be_changed_before_confirming(ben: Therapist) -> None:
    await ben.types("/add A7 2026-11-30 15:00 50m weekly")
    await walk(ben, "Change", "✎ Hour", "17", "Next ›")
    assert "Mon 17:00–17:50 · 50 min · every week" in ben.text


async def test_a_second_pattern_stands_beside_the_first_or_replaces_it(ben: Therapist) -> None:
    await ben.types("/add A7 2026-11-30 15:00 50m weekly")
    await ben.taps("Confirm")
    await ben.types("/add A7 2026-12-03 09:00 50m weekly")
    assert "There is a pattern already: Mon 15:00." in ben.text
    assert "cancels 1 planned appointment." in ben.text
    assert "Confirm" not in ben.labels
    beside = ben.data("Add beside it")
    await ben.taps("Replace Mon 15:00")
    assert "1 appointment of the old pattern was cancelled." in ben.text
    await walk(ben, "Appointments", "Patterns")
    assert ben.labels == ["A7 Thu 09:00", "‹ Back"]
    await ben.presses(beside)
    await walk(ben, "Appointments", "Patterns")
    assert ben.labels == ["A7 Thu 09:00", "‹ Back"]


async def test_replacing_what_has_no_appointments_cancels_nothing(ben: Therapist) -> None:
    await ben.types("/add A7 2026-12-21 15:00 50m weekly")
    await ben.taps("Confirm")
    await ben.types("/add A7 2026-12-22 15:00 50m weekly")
    assert "There is a pattern already: Mon 15:00." in ben.text
    assert "cancels" not in ben.text


async def test_a_pattern_to_replace_is_no_obstacle(ben: Therapist) -> None:
    await ben.types("/add A7 2026-11-30 15:00 50m weekly")
    await ben.taps("Confirm")
    await ben.types("/add A7 2026-11-30 15:30 50m weekly")
    assert "⚠" not in ben.text
    assert "There is a pattern already: Mon 15:00. The two overlap. Replacing it" in ben.text
    await ben.types("/add B2 2026-11-30 15:30 50m weekly")
    assert "⚠ Mon, Nov 30: overlaps with A7 (Mon 15:00)" in ben.text


@pytest.mark.parametrize("first", ["2026-11-30", "2026-12-07"])
async def test_a_pattern_that_is_there_is_not_offered_again(ben: Therapist, first: str) -> None:
    await ben.types("/add A7 2026-11-30 15:00 50m weekly")
    await ben.taps("Confirm")
    await ben.types(f"/add A7 {first} 15:00 50m weekly")
    assert "This pattern is there already; there is nothing to add." in ben.text
    assert "⚠" not in ben.text
    assert ben.labels == ["Change", "Cancel"]


async def test_a_fortnight_out_of_step_is_another_pattern(ben: Therapist) -> None:
    await ben.types("/add A7 2026-11-30 15:00 50m fortnightly")
    await ben.taps("Confirm")
    await ben.types("/add A7 2026-12-07 15:00 50m fortnightly")
    assert "there already;" not in ben.text
    await ben.types("/add A7 2026-12-14 15:00 50m fortnightly")
    assert "there already;" in ben.text


async def test_the_preview_warns_of_clashes_and_of_the_clocks(ben: Therapist) -> None:
    await ben.types("/add B2 2027-03-22 15:30 50m once")
    await ben.taps("Confirm")
    await ben.types("/add A7 2027-03-22 15:00 50m weekly")
    assert "⚠ Mon, Mar 22: overlaps with B2 (Mon 15:30)" in ben.text.splitlines()
    assert "clocks change on Sun, Mar 28; it stays at 15:00" in ben.text
    await ben.types("/add A7 2027-03-28 02:30 50m once")
    assert "that time does not exist on this day; it starts at 03:00" in ben.text


async def test_who_stopped_is_not_offered(
    ben: Therapist, db: Database, clock: MovableClock
) -> None:
    await ben.types("/add")
    assert ben.labels == ["A7", "B2"]
    async with writing(db) as tx:
        await pairs.stop(tx, B2, CORA, clock.now())
    await ben.types("/add")
    assert ben.labels == ["A7"]
    assert "B2 has stopped" in await ben.refused(ben.types("/add B2 2026-12-01 15:00 weekly"))
    async with writing(db) as tx:
        await pairs.stop(tx, A7, ANNA, clock.now())
    await ben.types("/add")
    assert "All of your clients have stopped or ended" in ben.text


# --- the list, cancelling, moving, ending


async def weekly(ben: Therapist) -> None:
    await ben.types("/add A7 2026-11-30 15:00 50m weekly")
    await ben.taps("Confirm")
    await ben.types("/appointments")


async def test_cancelling_asks_once_more(ben: Therapist) -> None:
    await weekly(ben)
    await ben.taps("A7 Mon 30, 15:00")
    assert ben.labels == ["Cancel it", "Move it", "‹ Back"]
    await ben.taps("Cancel it")
    assert "Cancel A7 on Mon, Nov 30 at 15:00?" in ben.text
    sure = ben.data("Yes, cancel it")
    await ben.taps("Yes, cancel it")
    assert "Mon, Nov 30, 15:00: cancelled" in ben.text
    await ben.presses(sure)
    await ben.taps("Appointments")
    assert ben.labels == ["A7 Mon 7, 15:00", "Patterns"]


async def test_moving_keeps_the_length_and_warns_of_clashes(ben: Therapist) -> None:
    await weekly(ben)
    await ben.types("/add B2 2026-12-01 09:00 50m once")
    await ben.taps("Confirm")
    await ben.types("/appointments")
    await walk(ben, "A7 Mon 30, 15:00", "Move it", "Tue 1", "9", ":30")
    assert ben.text.splitlines() == [
        "<b>A7</b> · Mon, Nov 30, 15:00",
        "→ <b>Tue, Dec 1, 09:30–10:20</b>",
        "⚠ Tue, Dec 1: overlaps with B2 (Tue 09:00)",
    ]
    await walk(ben, "Change", "✎ Hour", "11", "Next ›")
    assert "overlaps" not in ben.text
    moved = ben.data("Move it there")
    await ben.taps("Move it there")
    assert "Mon, Nov 30, 15:00: moved" in ben.text
    assert "Now: Tue, Dec 1, 11:30" in ben.text
    await ben.presses(moved)
    await ben.taps("Appointments")
    assert ben.labels[:2] == ["B2 Tue 1, 09:00", "A7 Tue 1, 11:30"]


async def test_what_has_begun_can_only_have_not_taken_place(
    ben: Therapist, clock: MovableClock
) -> None:
    await weekly(ben)
    await ben.taps("A7 Mon 30, 15:00")
    late = ben.data("Cancel it").replace("tcanc.", "tcancok.")
    clock.at = to_utc("2026-11-30", "18:00", ZONE)
    await ben.types("/appointments")
    await ben.taps("A7 Mon 30, 15:00")
    assert ben.labels == ["Move it", "We did not meet", "Wrong client", "‹ Back"]
    assert "has begun" in await ben.refused(ben.presses(late))
    await ben.taps("We did not meet")
    assert "Mon, Nov 30, 15:00: did not meet" in ben.text
    assert "was changed before. (did not meet)" in await ben.refused(ben.presses(late))
    await ben.taps("Appointments")
    assert "Mon, Nov 30, 15:00 · A7 · did not meet" in ben.text
    await ben.taps("A7 Mon 30, 15:00")
    assert ben.labels == ["Wrong client", "‹ Back"]


async def test_what_was_lately_can_still_be_said_not_to_have_taken_place(
    ben: Therapist, clock: MovableClock
) -> None:
    await weekly(ben)
    clock.at = to_utc("2026-12-02", "10:00", ZONE)
    await ben.types("/appointments")
    assert "Mon, Nov 30, 15:00 · A7 · past" in ben.text
    assert ben.labels == ["A7 Mon 30, 15:00", "A7 Mon 7, 15:00", "Patterns"]
    await ben.taps("A7 Mon 30, 15:00")
    await ben.taps("We did not meet")
    await ben.taps("Appointments")
    assert "Mon, Nov 30, 15:00 · A7 · did not meet" in ben.text
    clock.at = to_utc("2026-12-14", "23:00", ZONE)
    await ben.types("/appointments")
    assert "Nov 30" in ben.text
    clock.at = to_utc("2026-12-15", "01:00", ZONE)
    await ben.types("/appointments")
    assert "Nov 30" not in ben.text


async def test_a_full_past_leaves_today_at_the_top(ben: Therapist, clock: MovableClock) -> None:
    for day in (25, 26, 27):
        for hour in range(8, 17):
            await ben.types(f"/add A7 2026-11-{day} {hour}:00 50m once")
            await ben.taps("Confirm")
    clock.at = to_utc("2026-11-27", "07:00", ZONE)
    await ben.types("/appointments")
    assert ben.labels[0] == "A7 Fri 27, 08:00"
    assert "past" not in ben.text
    today = list(ben.labels)
    await ben.taps("‹ Earlier")
    assert ben.labels[:2] == ["A7 Wed 25, 08:00", "A7 Wed 25, 09:00"]
    assert ben.text.count("past") == 18
    await ben.taps("Later ›")
    assert ben.labels == today


async def test_the_list_says_who_will_not_be_asked(
    ben: Therapist, db: Database, clock: MovableClock
) -> None:
    await weekly(ben)
    await ben.types("/add B2 2026-12-01 15:00 50m once")
    await ben.taps("Confirm")
    async with writing(db) as tx:
        await people.set_reachable(tx, ANNA, clock.now())
        await pairs.stop(tx, B2, CORA, clock.now())
    await ben.types("/appointments")
    assert "Mon, Nov 30, 15:00 · A7 · can't be reached in Telegram" in ben.text
    assert "Tue, Dec 1, 15:00 · B2 · stopped the questions" in ben.text
    await ben.taps("B2 Tue 1, 15:00")
    assert ben.text.endswith("planned · stopped the questions")


async def test_ending_a_pattern_asks_once_more(ben: Therapist) -> None:
    await weekly(ben)
    await ben.taps("Patterns")
    assert "A7 · Mon 15:00 · 50 min · every week" in ben.text
    await ben.taps("A7 Mon 15:00")
    assert "End the pattern of A7, Mon 15:00?" in ben.text
    sure = ben.data("Yes, end it")
    await ben.taps("Yes, end it")
    assert "The pattern of A7 has ended; 2 planned appointments were cancelled." in ben.text
    await ben.presses(sure)
    await ben.taps("Appointments")
    assert "None in the next two weeks." in ben.text
    await ben.taps("Patterns")
    assert "No patterns. Add one: /add" in ben.text


async def test_a_full_practice_is_listed_page_by_page(ben: Therapist) -> None:
    for day in range(25, 29):
        for hour in range(8, 20):
            await ben.types(f"/add A7 2026-11-{day} {hour}:00 50m once")
            await ben.taps("Confirm")
    await ben.types("/appointments")
    seen, pages = Counter(ben.labels), 1
    while "Later ›" in ben.labels:
        await ben.taps("Later ›")
        pages += 1
        seen.update(ben.labels)
    assert pages == 3
    listed = [label for label in seen if label.startswith("A7 ")]
    assert len(listed) == 48
    assert all(seen[label] == 1 for label in listed)
    here = list(ben.labels)
    await ben.taps(here[0])
    await ben.taps("‹ Back")
    assert ben.labels == here
    await ben.presses("tlist.0.999")
    assert ben.labels == here


async def test_a_repeated_update_shows_what_it_did(ben: Therapist) -> None:
    await ben.types("/add A7 2026-11-30 15:00 50m weekly")
    confirm = ben.data("Confirm")

    numbers = count(900)

    async def twice(press: str) -> None:
        number = next(numbers)
        for _ in range(2):
            token = current_update.set(UpdateInHand(number))
            try:
                await ben.presses(press)
            finally:
                current_update.reset(token)

    await twice(confirm)
    assert "A7 Mon 30, 15:00" in ben.labels
    await walk(ben, "A7 Mon 30, 15:00", "Move it", "Tue 1", "9", ":30")
    await twice(ben.data("Move it there"))
    assert ben.text.endswith("moved")
    await ben.types("/appointments")
    await walk(ben, "A7 Mon 7, 15:00", "Cancel it")
    await twice(ben.data("Yes, cancel it"))
    assert ben.text.endswith("cancelled")
    await ben.presses("trules.0")
    await ben.taps("A7 Mon 15:00")
    await twice(ben.data("Yes, end it"))
    assert "No patterns. Add one: /add" in ben.text


# --- every screen, every refusal


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_screen_can_be_shown_in_every_language(
    room: Room, clock: MovableClock, language: str
) -> None:
    english, ben = Therapist(room), Therapist(room, language=language)
    for line in ("B2 2026-11-24 08:00 50m once", "A7 2026-11-30 15:00 50m fortnightly"):
        await english.types(f"/add {line}")
        await english.taps("Confirm")
    await ben.types("/add A7 2026-12-01 15:00 50m weekly")
    waiting = deque([ben.screen, await ben.types("/add"), await ben.types("/appointments")])
    pressed: Counter[tuple[str, ...]] = Counter()
    while waiting:
        for row in waiting.popleft().keyboard:
            for button in row:
                tap = read_tap(button["callback_data"])
                kind = (tap.act, *[a for a in tap.args if not a.isdigit() and len(a) < 13])
                pressed[kind] += 1
                if pressed[kind] <= 3 and tap.act not in WRITES:
                    waiting.append(await ben.presses(button["callback_data"]))
    assert {kind[0] for kind in pressed} == set(TAPS)


LINES = {
    "": "Whose appointment is it?",
    "A7 15:00": "Something is missing: the date, how often. I understood: A7 15:00",
    "2026-12-01": "Something is missing: the code, the time, how often.",
    "A-7-! 2026-12-01 15:00 weekly": "“a-7-!” is not a code.",
    "A7 2026-12-01 15:00 <b>monthly</b>": "the word “&lt;b&gt;monthly&lt;/b&gt;”",
    "A7 2026-12-01 15:00 biweekly": "once, weekly or fortnightly.",
    "weekly A7 2026-12-01 15:00": "The code comes first.",
    "A7 2026-12-01 15:00 16:00 once": "There is one too many: “16:00”.",
    "A7 2026-02-30 15:00 once": "“2026-02-30” is not a date I can read.",
    "A7 2026-12-01 25:00 once": "“25:00” is not a time.",
    "A7 2026-12-01 15:00 500m once": "a session lasts 15 to 180 minutes.",
    "A7 2025-12-01 15:00 once": "2025-12-01 15:00 is more than 12 hours ago.",
    "A7 2028-12-01 15:00 once": "2028-12-01 is more than 366 days ahead.",
    "Z9 2026-12-01 15:00 once": "You have no client with the code Z9. Your clients and their codes:"
    " /clients",
}


@pytest.mark.parametrize("line", [line for line in LINES if line])
async def test_a_refused_line_says_what_is_wrong_and_what_would_be_right(
    ben: Therapist, line: str
) -> None:
    said = await ben.refused(ben.types(f"/add {line}"))
    assert LINES[line] in said
    example = re.search(r"<code>(/add .*)</code>", said)
    if "Z9" in line:
        assert example is None
    else:
        assert example is not None
        corrected = example[1].replace("/add A-7-!", "/add A7")
        await ben.types(corrected)
        assert "Confirm" in ben.labels


async def test_a_button_out_of_time_offers_no_line_without_a_code(
    ben: Therapist, clock: MovableClock
) -> None:
    await ben.types("/add A7 2026-11-24 11:00 50m once")
    confirm = ben.data("Confirm")
    clock.at = to_utc("2026-11-26", "10:00", ZONE)
    said = await ben.refused(ben.presses(confirm))
    assert said == "2026-11-24 11:00 is more than 12 hours ago."


DRAFT = pack(Draft("2026-12-01", "15:00", 50, "weekly"))
#: The draft in digits that are digits to Python's `int` as well.
ARABIC = DRAFT.translate({ord("0") + n: 0x0660 + n for n in range(10)})
FORGED: dict[str, Callable[[], str]] = {
    "another's pair": lambda: data("tnew", DANAS),
    "another's pair in the walk": lambda: data("tpick", DANAS, "day", DRAFT, "w"),
    "another's pair in the form": lambda: data("tform", DANAS, DRAFT, "n"),
    "another's pair previewed": lambda: data("tprev", DANAS, DRAFT),
    "another's pair confirmed": lambda: data("tconf", DANAS, DRAFT),
    "nobody's pair": lambda: data("tnew", 0),
    "no such appointment": lambda: data("tappt", 5),
    "no such appointment cancelled": lambda: data("tcancok", 5),
    "no such appointment not met": lambda: data("tunmet", 5),
    "no such appointment moved": lambda: data("tmoved", 5, DRAFT),
    "no such appointment to move": lambda: data("tpick", 5, "day", DRAFT, "v"),
    "no such move": lambda: data("tmprev", 5, DRAFT),
    "no such appointment was another's": lambda: data("wrongto", 5, B2),
    "no such appointment is set right": lambda: data("wrongok", 5, 0),
    "no such rule": lambda: data("trule", 5),
    "no such rule ended": lambda: data("trulok", 5),
    "no such rule replaced": lambda: data("tconf", A7, DRAFT, 5),
    "no id replaced": lambda: f"tconf.{write_id(A7)}.{DRAFT}.-1",
    "no draft": lambda: data("tconf", A7),
    "half a draft": lambda: data("tprev", A7, DRAFT[:9]),
    "no such day": lambda: data("tprev", A7, "202602301500050w"),
    "no such hour": lambda: data("tconf", A7, "202612012500050w"),
    "no such length": lambda: data("tconf", A7, "202612011500999w"),
    "other digits": lambda: f"tconf.{write_id(A7)}.{ARABIC}",
    "no such part": lambda: data("tpick", A7, "year", DRAFT, "w"),
    "no such mode": lambda: data("tpick", A7, "day", DRAFT, "x"),
    "no mode": lambda: data("tform", A7, DRAFT),
    "a page below": lambda: "tlist.0.-1",
    "a page far above": lambda: "tlist.0.9999",
    "a page of words": lambda: "trules.0.first",
    "an id too long": lambda: "tappt.zzzzzzzzzzzzz",
}


@pytest.mark.parametrize("forged", FORGED)
async def test_a_forged_button_is_refused_with_words_and_changes_nothing(
    ben: Therapist, db: Database, forged: str
) -> None:
    assert await ben.refused(ben.presses(FORGED[forged]()))
    async with reading(db) as tx:
        assert await tx.all("SELECT 1 FROM appointment UNION ALL SELECT 1 FROM rule") == []


async def test_a_moving_appointment_has_no_pattern_to_choose(ben: Therapist) -> None:
    await weekly(ben)
    await ben.taps("A7 Mon 30, 15:00")
    moved = read_tap(ben.data("Move it")).subject
    for part in ("repeats", "length"):
        await ben.refused(ben.presses(data("tpick", moved, part, DRAFT, "v")))


async def test_nobody_sees_or_changes_what_is_anothers(room: Room, ben: Therapist) -> None:
    await weekly(ben)
    dana = Therapist(room, telegram_id=5001)
    mine = [b["callback_data"] for row in ben.screen.keyboard for b in row]
    await ben.taps("A7 Mon 30, 15:00")
    mine = [m for m in mine if m.startswith("tappt")]
    subject = read_tap(mine[0]).subject
    for act, *args in (
        ("tappt",), ("tcanc",), ("tcancok",), ("tunmet",), ("tmove",), ("tmprev", DRAFT),
        ("tmoved", DRAFT), ("tpick", "day", DRAFT, "v"), ("tform", DRAFT, "m"),
    ):  # fmt: skip
        said = await dana.refused(dana.presses(data(act, subject, *args)))
        assert "not in your list" in said
    await ben.presses("trules.0")
    rule = read_tap(ben.data("A7 Mon 15:00")).subject
    for act in ("trule", "trulok"):
        assert "not in your list" in await dana.refused(dana.presses(data(act, rule)))
    client = Therapist(room, telegram_id=5002)
    for act in TAPS:
        await client.refused(client.presses(data(act, subject, DRAFT)))
    await ben.types("/appointments")
    assert ben.labels == ["A7 Mon 30, 15:00", "A7 Mon 7, 15:00", "Patterns"]


async def test_what_is_there_already_is_not_made_twice(ben: Therapist) -> None:
    await weekly(ben)
    await ben.types("/add A7 2026-11-30 15:10 50m once")
    assert "already has an appointment at that time (Mon, Nov 30 15:10)." in await ben.refused(
        ben.taps("Confirm")
    )
    await ben.types("/add A7 2026-12-07 15:00 60m weekly")
    assert "already has a pattern at that time (Mon 15:00)." in await ben.refused(
        ben.taps("Add beside it")
    )
