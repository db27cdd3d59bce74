"""Real updates, spoilt by chance, put through the real program beside good ones.

A spoilt update may be handled, refused or set aside with a reason; each is recorded. Its good
neighbours are handled, nothing waits for ever, and no log line holds what somebody said.
"""

from __future__ import annotations

import asyncio
import copy
import random
import reprlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from bot.emulator import Seen
from bot.store.answers import open_value
from tests.properties.practice import CANARIES, Log
from tests.torture import Tally, Violation
from tests.transactions import reading
from tests.world import Human, World

Json = dict[str, Any]
Place = tuple[Any, Any]  # a container and the key or index of something in it

#: A batch is long done by then, on the busiest machine.
_BLOCKED_SECONDS = 60.0
_BATCH = 50
_GOOD = 2
_LONG = "a very long marmot " * 500
_SCALARS: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 2**70, -(10**30), 1.5,
    float("inf"), float("nan"), "", " ", "0", "\x00", "a\x00b", "\ud800", "x\udfffy", "\u202e",
    _LONG, "/start", "/start " + "A" * 64, "/", "/\x00", "/history@", "private", "9" * 5000,
)  # fmt: skip
_CONTAINERS: tuple[Any, ...] = ([], {}, [[]], [None], [{}], {"id": 1}, {"": None}, {"id": {}})
_CHATS = ("private", "group", "supergroup", "channel", "sender", "", "PRIVATE", 7, None)
_KINDS = (
    "message", "edited_message", "callback_query", "my_chat_member", "channel_post", "poll",
    "inline_query", "chat_member", "message_reaction", "business_message", "pre_checkout_query",
)  # fmt: skip
_IDS = (None, True, "1", -1, 1.0, 2**63, 2**70, [], {})


class Spoiler:
    """Spoils updates by the seed. others: the ids of people to put in somebody's place."""

    def __init__(self, chance: random.Random, others: list[int]) -> None:
        self._chance = chance
        self._others = others
        self._ways: dict[str, Callable[[Json], None]] = {
            "drop": self._drop, "retag": self._retag, "retype": self._retype, "nest": self._nest,
            "copy": self._copy, "number": self._number, "chat": self._chat, "sender": self._sender,
            "kind": self._kind, "swap": self._swap, "deep": self._deep, "data": self._data,
        }  # fmt: skip

    def spoil(self, update: Json) -> tuple[Json, list[str]]:
        """Give a spoilt copy, and how it was spoilt: in one to three ways."""
        spoilt = orjson.loads(orjson.dumps(update))
        ways = self._chance.choices(list(self._ways), k=self._chance.choice((1, 1, 2, 3)))
        # What is nested very deeply can not be copied any more.
        for way in sorted(ways, key="deep".__eq__):
            self._ways[way](spoilt)
        return spoilt, ways

    def _place(self, update: Json) -> Place:
        """Choose any place, at whatever depth, but that of the update's own id."""
        places = [p for p in places_of(update) if p[0] is not update or p[1] != "update_id"]
        return self._chance.choice(places) if places else (update, "message")

    def _named(self, update: Json, *names: str) -> list[Place]:
        return [p for p in places_of(update) if p[1] in names]

    def _drop(self, update: Json) -> None:
        where, what = self._place(update)
        if isinstance(where, dict):
            where.pop(what, None)
        else:
            del where[what]

    def _retag(self, update: Json) -> None:
        where, what = self._place(update)
        if isinstance(where, dict) and what in where:
            names = [key for _, key in places_of(update) if isinstance(key, str)]
            where[self._chance.choice(names)] = where.pop(what)

    def _retype(self, update: Json) -> None:
        where, what = self._place(update)
        value = self._chance.choice(self._chance.choice((_SCALARS, _CONTAINERS)))
        where[what] = copy.deepcopy(value)

    def _nest(self, update: Json) -> None:
        where, what = self._place(update)
        value = where[what] if not isinstance(where, dict) else where.get(what)
        where[what] = self._chance.choice(([value], {what: value}, [[value, value]]))

    def _deep(self, update: Json) -> None:
        where, what = self._place(update)
        value: Any = "a marmot"
        # Some can still be written back, some only be read.
        for _ in range(self._chance.choice((30, 200, 900, 5000))):
            value = [value]
        where[what] = value

    def _copy(self, update: Json) -> None:
        (where, what), (to, at) = self._place(update), self._place(update)
        value = where[what] if not isinstance(where, dict) else where.get(what)
        to[at] = copy.deepcopy(value)

    def _number(self, update: Json) -> None:
        for where, what in self._named(update, "id", "message_id", "date", "chat_instance"):
            if self._chance.random() < 0.5:
                where[what] = self._chance.choice(_SCALARS)

    def _chat(self, update: Json) -> None:
        for where, _ in self._named(update, "type"):
            where["type"] = self._chance.choice(_CHATS)
            if self._chance.random() < 0.5:
                where["id"] = -self._chance.randrange(1, 2**40)

    def _sender(self, update: Json) -> None:
        for where, what in self._named(update, "from"):
            if isinstance(where[what], dict):
                where[what]["id"] = self._chance.choice(self._others)

    def _kind(self, update: Json) -> None:
        kinds = [key for key in update if key != "update_id"]
        if kinds:
            kept = self._chance.choice(kinds)
            update[self._chance.choice(_KINDS)] = update[kept]
            if self._chance.random() < 0.7:
                del update[kept]

    def _swap(self, update: Json) -> None:
        if self._chance.random() < 0.3:
            value = self._chance.choice(_IDS)
            update["update_id"] = value
            if self._chance.random() < 0.3:
                del update["update_id"]

    def _data(self, update: Json) -> None:
        for where, what in self._named(update, "data", "text"):
            if isinstance(said := where[what], str) and said:
                place = self._chance.randrange(len(said))
                put = chr(self._chance.choice((0, 32, 46, 48, 97, 0xD800, 0x1F600, 0x661)))
                where[what] = said[:place] + put + said[place + 1 :]


def places_of(whole: Any) -> list[Place]:
    """List every place of a tree, without going deeper than real updates do."""
    found: list[Place] = []
    todo = [(whole, 0)]
    while todo:
        part, depth = todo.pop()
        inside: Any = part.items() if type(part) is dict else enumerate(part)
        for key, value in inside:
            found.append((part, key))
            if depth < 12 and type(value) in (dict, list):
                todo.append((value, depth + 1))
    return found


def is_of(update: Json, person: int) -> bool:
    """Say whether an update, read with good will, could be this person's own."""
    return any(
        key == "chat" and isinstance(where[key], dict) and where[key].get("id") == person
        for where, key in places_of(update)
    )


@dataclass
class Soak:
    """Puts batches through the program's own intake. cora: whose good taps stand beside."""

    world: World
    cora: Human
    log: Log
    chance: random.Random
    tally: Tally = field(default_factory=Tally)
    _next_id: int = 1

    def __post_init__(self) -> None:
        phones = [human.phone for human in self.world.people.values()]
        updates = [e.params for e in self.world.stage.emulator.journal.read(kind="update")]
        self._real = updates
        self._prompt = self.cora.phone.last
        self._spoiler = Spoiler(self.chance, [phone.id for phone in phones])
        template = next(u for u in reversed(updates) if _is_tap_of(u, self.cora.phone.id))
        self._good = template["callback_query"]
        self._given = -1

    async def run(self, updates: int) -> Tally:
        """Put so many spoilt updates through."""
        done = 0
        while done < updates and not self.tally.violations:
            done += await self._batch()
        self.tally.counts["updates"] += done
        return self.tally

    async def _batch(self) -> int:
        clock = self.world.stage.clock
        clock.advance_to(clock.now() + 1)
        good = set(self.chance.sample(range(_BATCH + _GOOD), _GOOD))
        places = range(_BATCH + _GOOD)
        batch = [self._rated() if place in good else self._spoilt() for place in places]
        self.tally.counts["good"] += _GOOD
        try:
            async with asyncio.timeout(_BLOCKED_SECONDS):
                await self.world.stage.running.receiver._intake.take(batch)
                await self.world.stage.running.lanes.drain(_BLOCKED_SECONDS)
        except TimeoutError:
            self._broken("blocks", shown(batch))
            return _BATCH
        await self._judge(batch)
        return _BATCH

    def _spoilt(self) -> Json:
        while True:
            real = {**self.chance.choice(self._real), "update_id": self._number()}
            spoilt, ways = self._spoiler.spoil(real)
            # What could really be Cora's may do what she may: it is no neighbour of hers.
            if not is_of(spoilt, self.cora.phone.id):
                self.tally.points.update(f"spoilt: {way}" for way in ways)
                return spoilt

    def _number(self) -> int:
        self._next_id += 1
        return self._next_id

    def _rated(self) -> Json:
        self._given = self.chance.randrange(11)
        data = _rating(self._prompt, self._given)
        tap = {**self._good, "id": str(self._next_id), "data": data}
        return {"update_id": self._number(), "callback_query": tap}

    async def _judge(self, batch: list[Json]) -> None:
        # Spoiling may put any small number in the place of the update's own.
        numbers = {n for u in batch if type(n := u.get("update_id")) is int and 0 <= n < 2**63}
        async with reading(self.world.stage.running.db) as tx:
            rows = await tx.all(
                "SELECT update_id FROM seen_update WHERE update_id >= :n",
                n=min(numbers, default=0),
            )
            seen = {row["update_id"] for row in rows}
            aside = await tx.all(
                "SELECT update_id, reason FROM set_aside WHERE set_aside_at = :now",
                now=self.world.stage.clock.now(),
            )
            _, checkin, item, _ = _rating(self._prompt, 0).split(".")
            answer = await tx.one(
                "SELECT answer.*, pair.id AS pair_id, pair.data_key FROM answer"
                " JOIN checkin ON checkin.id = checkin_id JOIN pair ON pair.id = pair_id"
                " WHERE checkin_id = :id AND item = :item",
                id=int(checkin, 36),
                item=item,
            )
            stored = None
            if answer is not None:
                sealer = tx.vault.sealer(answer["data_key"], "pair", answer["pair_id"])
                stored = open_value(sealer, answer["checkin_id"], item, answer["value"])
        if stored != self._given:
            self._broken("good neighbour", f"{stored!r} is stored, {self._given} was answered")
        for number in numbers - seen:
            self._broken("recorded", shown([u for u in batch if u.get("update_id") == number]))
        self._judge_log(aside)

    def _judge_log(self, aside: list[Any]) -> None:
        text, lines = self.log.read()
        self.tally.counts["set aside"] += len(aside)
        said = [line for line in lines if line["event"] == "update set aside"]
        reasons = Counter(line["fault"].partition(":")[0] for line in said)
        if reasons != Counter(row["reason"] for row in aside):
            self._broken("a reason each", f"{reasons} is logged, {aside} is kept")
        self.tally.points.update(f"set aside: {_where(line['fault'])}" for line in said)
        for word in (*CANARIES, "marmot"):
            if word in text:
                line = next(one for one in text.splitlines() if word in one)
                self._broken("silent log", line[:500])

    def _broken(self, invariant: str, what: str) -> None:
        self.tally.violations.append(Violation(invariant, what))


def shown(what: object) -> str:
    """Write something down for a report, however deep it is."""
    short = reprlib.Repr()  # takes its limits as arguments from Python 3.12 on
    short.maxlevel, short.maxdict, short.maxlist = 8, 20, 9
    return short.repr(what)


def _rating(prompt: Seen, number: int) -> str:
    data = prompt.data_of(str(number))
    assert data is not None
    return data


def _is_tap_of(update: Json, person: int) -> bool:
    tap = update.get("callback_query")
    return tap is not None and bool(tap["from"]["id"] == person)


def _where(fault: str) -> str:
    """Shorten a logged fault to its class and the two innermost files it came through."""
    name, _, lines = fault.partition(":")
    files = [line.strip().partition(":")[0] for line in lines.split(">")[-2:] if line]
    return f"{name} in {' > '.join(files)}" if files else name
