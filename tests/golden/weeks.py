"""Eleven invented weeks, written as rows; what a therapist is shown of them stands beside this.

Each begins with an empty practice whose last digest was on Friday 13 November and fills in what
led to the next ones. Nothing depends on the day or the machine.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Final

from bot.core.conversation import Answer, Disclosure, Known
from bot.store import answers, checkins
from tests.digest_support import CUT, DAY, HOUR
from tests.digest_world import World
from tests.transactions import writing

Ratings = tuple[int | None, ...]
Week = Callable[[World], Awaitable[None]]

_MONDAY: Final = date(2026, 11, 16)
CALM: Final[tuple[Ratings, ...]] = (
    (8, 9, 8, 8, 9), (9, 9, 8, 8, 9), (8, 9, 9, 8, 8), (9, 9, 9, 8, 9), (8, 8, 9, 8, 9),
    (9, 9, 9, 9, 8), (8, 9, 8, 9, 9),
)  # fmt: skip


async def history(
    world: World,
    pair: int,
    *weeks: Ratings,
    weekday: int = 0,
    time: str = "15:00",
    newest: tuple[Answer, ...] = (),
    until: date = _MONDAY,
) -> list[int]:
    """Give a pair a check-in a week, oldest first, the last in the week that begins `until`.

    Without ratings nobody answered. newest: what else was answered in the last one.
    """
    made = []
    for place, ratings in enumerate(weeks):
        is_last = place == len(weeks) - 1
        on = until + timedelta(days=weekday - 7 * (len(weeks) - 1 - place))
        made.append(
            await world.checkin(
                pair, *ratings, on=on.isoformat(), time=time, extra=newest if is_last else ()
            )
        )
    return made


def chips(item: str, *options: str) -> Answer:
    """What was tapped."""
    return Answer(item, options)


def words(text: str, disclosure: Disclosure = "show") -> Answer:
    """What was written for the therapist."""
    return Answer("different", text, disclosure)


async def before_first(world: World, pair: int, **given: int | str) -> None:
    """What was said before a pair's first session in the week of the digest."""
    checkin, sent_at = world.ids.new(), CUT - 6 * DAY
    async with writing(world.db) as tx:
        await checkins.add_checkin(
            tx, id=checkin, pair_id=pair, appointment_id=None, kind="before_first",
            instrument="before-first-session", instrument_version=1, language="en",
            consent_version="1", known=Known(), follows_id=None, now=sent_at, due_at=sent_at,
            closes_at=sent_at + DAY,
        )  # fmt: skip
        loaded = await checkins.load_checkin(tx, checkin)
        assert loaded is not None
        said = [Answer(item, value, changed_at=sent_at) for item, value in given.items()]
        await answers.save_answers(tx, loaded, said, {})
        await tx.run(
            "UPDATE checkin SET state = 'answered', sent_at = :at, first_answer_at = :at,"
            " completed_at = :at WHERE id = :id",
            at=sent_at,
            id=checkin,
        )


async def calm(world: World) -> None:
    """Everybody is as usual, a little lower or with a small wish."""
    await history(world, await world.pair("A7"), *CALM)
    await history(world, await world.pair("B2"), *CALM[:3], weekday=1, time="10:00")
    small = chips("good", "warmth", "small_change")
    await history(
        world, await world.pair("C4"), *CALM[1:], (9, 9, 10, 9, 9), weekday=1, newest=(small,)
    )
    await history(world, await world.pair("D1"), (9, 9, 9, 9, 9), (8, 8, 9, 9, 8), weekday=2)
    await history(world, await world.pair("E9"), *CALM, (8, None, 8, 9, 8), weekday=3)
    await history(world, await world.pair("F3"), *CALM[2:], weekday=3, time="17:00")


async def rupture_and_repair(world: World) -> None:
    """A fall is acknowledged, talked about, and over a week later."""
    a7, b2 = await world.pair("A7"), await world.pair("B2")
    got_in_the_way = chips("obstacles", "pushed", "not_listened", "pace")
    wish = words("I would like to slow down before we plan the next step.", "raise")
    await history(world, a7, *CALM[:6], (4, 6, 5, 4, 6), newest=(got_in_the_way, wish))
    await history(world, b2, *CALM, weekday=2, time="09:00")
    assert await world.making.make_one()
    world.clock.at = CUT + HOUR
    await world.digests.acknowledge(world.ben, await world.newest_digest(), a7, "talk")
    (talk,) = await world.rows("SELECT id FROM acknowledgement")
    await world.acknowledgements.reply(await world.client_of(a7), talk["id"], "ok")
    talked = Answer("talked", "yes")
    await world.checkin(a7, 9, 9, 8, 8, 9, on="2026-11-23", extra=(talked,), follows_id=talk["id"])
    await world.checkin(b2, 8, 9, 9, 8, 9, on="2026-11-25", time="09:00")
    world.clock.at = CUT + 7 * DAY


async def slow_slide(world: World) -> None:
    """No single step is large; the control limit notices."""
    slide: tuple[Ratings, ...] = (
        (9, 9, 8, 9, 8), (9, 9, 9, 8, 9), (9, 9, 9, 9, 9), (8, 9, 8, 9, 8), (9, 9, 8, 9, 9),
        (9, 9, 9, 9, 9), (8, 9, 8, 9, 8), (8, 8, 8, 8, 8), (8, 8, 7, 8, 7), (7, 7, 7, 8, 7),
    )  # fmt: skip
    await history(world, await world.pair("A7"), *slide)
    await history(world, await world.pair("B2"), *CALM, weekday=1, time="11:00")
    await history(world, await world.pair("C4"), *CALM[:5], (7, 8, 8, 7, 8), weekday=3)


async def all_tens(world: World) -> None:
    """Everything at the top every time, and once not quite."""
    tens: tuple[Ratings, ...] = ((10,) * 5,) * 9
    good = chips("good", "felt_understood", "team")
    await history(world, await world.pair("A7"), *tens, newest=(good,))
    await history(world, await world.pair("B2"), *tens[:7], (10, 10, 9, 9, 10), weekday=1)
    await history(world, await world.pair("C4"), *tens[:7], (8, 9, 8, 8, 8), weekday=2)


async def silence(world: World) -> None:
    """All the ways in which there can be no answer."""
    low: Ratings = (4, 5, 6, 5, 4)
    await history(world, await world.pair("A7"), *CALM[:4], low, ())
    await history(world, await world.pair("B2"), *CALM[:4], (), (), (), weekday=1)
    await history(world, await world.pair("C4"), *CALM[:4], (), weekday=1, time="10:00")
    new, asked = await world.pair("D1"), await world.pair("E9")
    await history(world, new, (), weekday=2)
    (open_still,) = await history(world, asked, (), weekday=3)
    await world.run(
        "UPDATE checkin SET state = 'open', closed_at = NULL WHERE id = :id", id=open_still
    )
    others = {"F3": "withheld", "G5": "undeliverable", "H8": "did_not_meet"}
    for code, state in others.items():
        newest = (await history(world, await world.pair(code), *CALM[:3], (), weekday=2))[-1]
        await world.run(
            "UPDATE checkin SET state = :state, closed_at = sent_at + 1 WHERE id = :id",
            state=state,
            id=newest,
        )
    paused, stopped = await world.pair("J2", state="paused"), await world.pair("K6")
    await history(world, paused, *CALM[:4], until=_MONDAY - timedelta(days=7))
    await world.run("UPDATE pair SET paused_at = :at WHERE id = :id", at=CUT - 2 * DAY, id=paused)
    await world.appointment(
        paused, "2026-11-19", asked="not_asked", asked_at=CUT - DAY, not_asked_reason="paused"
    )
    await history(world, stopped, *CALM[:4], (8, 8, 8, 7, 8))
    await world.run(
        "UPDATE pair SET state = 'stopped', stopped_at = :at WHERE id = :id",
        at=CUT - DAY,
        id=stopped,
    )
    await history(world, await world.pair("L3"), *CALM[:4], (8, 9), weekday=1, time="17:00")
    await history(world, await world.pair("M4"), *CALM[:5], weekday=1, time="09:00")


async def new_client(world: World) -> None:
    """Somebody's first session, among others."""
    a7 = await world.pair("A7")
    await history(world, a7, (7, 8, 6, 7, 7), weekday=2)
    await before_first(world, a7, hope=7, confidence=6, change="better")
    await history(world, await world.pair("B2"), *CALM, weekday=1, time="11:00")
    await world.pair("C4")


async def one_client(world: World) -> None:
    """The smallest practice."""
    await history(world, await world.pair("A7"), *CALM[:4], newest=(words("Nothing, thank you."),))


async def forty_clients(world: World) -> None:
    """The largest one, with a little of everything."""
    chance = random.Random(40)
    obstacles = ("pace", "pushed", "hard_but_useful", "silences", "something_else")
    for number in range(40):
        level = chance.choice((7, 8, 8, 9, 9))
        weeks: list[Ratings] = [
            tuple(min(10, max(0, level + chance.choice((-1, 0, 0, 0, 1)))) for _ in range(5))
            if chance.random() < 0.8
            else ()
            for _ in range(chance.randrange(2, 14))
        ]
        extra: tuple[Answer, ...] = ()
        if number % 9 == 4:
            weeks[-1] = tuple(chance.randrange(3, 7) for _ in range(5))
            extra = (chips("obstacles", *chance.sample(obstacles, 2)),)
        if number % 13 == 6 and weeks[-1]:
            extra = (*extra, words("There is something I would like to say.", "raise"))
        code = f"{'ABCDEFGHKM'[number % 10]}{number + 1}"
        await history(
            world, await world.pair(code), *weeks, weekday=number % 5,
            time=f"{8 + number // 5:02}:00", newest=extra,
        )  # fmt: skip


async def hostile_unicode(world: World) -> None:
    """Texts that try to turn, stack, hide or break what stands around them."""
    texts = {
        "A7": "\u202eright to left\u202c <b>bold</b> &amp; {{ 7 * 7 }} %(num)d %s",
        "B2": "Z\u0351\u034d\u0320a\u0334\u0321l\u0352g\u0347\u031bo\u0330 " * 12,
        "C4": "👩‍👩‍👧‍👦" * 60,
        "D1": "one\nline\n\n\n\tand\x00 another\u2028 one\u200b\ufeff",
        "E9": "</i></blockquote>\\_*[a](b)`c` \U000e0041\ud800 ﷽ שלום مرحبا 你好",
    }
    low: Ratings = (5, 6, 6, 5, 6)
    for place, (code, text) in enumerate(texts.items()):
        newest = (words(text, "raise" if place % 2 else "show"),)
        await history(world, await world.pair(code), *CALM[:4], low, weekday=place, newest=newest)
    await history(world, await world.pair("<b>&"), *CALM[:4])


async def first_week(world: World) -> None:
    """A practice has just begun."""
    await history(world, await world.pair("A7"), (7, 8, 7, 6, 7))
    await history(world, await world.pair("B2"), (5, 7, 6, 7, 6), weekday=1)
    await history(world, await world.pair("C4"), (), weekday=2)
    await history(world, await world.pair("D1"), (9, 9, None, None, 8), weekday=2, time="10:00")


async def what_lasts(world: World) -> None:
    """Falls that are no news any more, deeper ones, and levels that have moved."""
    low: Ratings = (6, 6, 6, 7, 6)
    deep: tuple[Ratings, ...] = ((7, 7, 6, 7, 7), (6, 6, 6, 6, 6))
    goals = (Answer("goal_1", 4), Answer("goal_2", 7))
    await history(world, await world.pair("A7"), *CALM[:6], *[low] * 30)
    await history(world, await world.pair("B2"), *[(6,) * 5] * 6, *CALM, (7,) * 5, weekday=1)
    await history(world, await world.pair("C4"), *CALM[:6], *deep, weekday=1, time="10:00")
    await history(world, await world.pair("D1"), *CALM[:6], low, low, weekday=2)
    await history(world, await world.pair("E9"), *CALM, weekday=2, time="09:00", newest=goals)
    said = (Answer("talked", "a_bit"),)
    await history(world, await world.pair("F3"), *CALM, weekday=3, newest=said)
    would_rather_not = (Answer("talked", "rather_not_say"),)
    await history(world, await world.pair("G5"), *CALM[:5], low, low, newest=would_rather_not)
    slow = chips("obstacles", "pace")
    await history(world, await world.pair("H8"), *CALM[:6], (7, 8), weekday=2, newest=(slow,))
    await history(world, await world.pair("J2"), *CALM[:3], *[()] * 13, weekday=2, time="10:00")


WEEKS: Final[tuple[Week, ...]] = (
    calm, rupture_and_repair, slow_slide, all_tens, silence, new_client, one_client,
    forty_clients, hostile_unicode, first_week, what_lasts,
)  # fmt: skip

#: The weeks in which the practice has turned free text in digests on.
WITH_TEXTS: Final = frozenset({"one_client", "hostile_unicode"})
