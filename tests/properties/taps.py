"""Buttons of a real week, spoilt by chance, pressed by everybody.

No press is an error, none changes a row of a pair the presser does not belong to, and nobody is
shown what somebody else said.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bot.emulator import Entry
from bot.views.buttons import write_id
from handlers import TAPS
from tests.properties.practice import CORAS, KEPT, SHARED, Log, a_week
from tests.torture import Tally, Violation
from tests.world import Human, World

#: Who may be shown what. Not "A7", which is the example in a help text.
_SECRETS = {KEPT: {"Anna"}, SHARED: {"Anna", "Ben"}, CORAS: {"Cora"},
            "C3": {"Cora", "Ben"}, "K1": {"Cora", "Another therapist"}}  # fmt: skip
#: After these of the owner's own little is left to press on, so they come seldom.
_FINAL = frozenset({"erase", "stop", "tellend", "withheld", "unmet", "away", "trulok", "tcancok",
                    "endyes"})  # fmt: skip
_SELDOM = 0.03
#: What Telegram says of presses that overtake each other on one message, which one of them deletes.
_HARMLESS = (
    "not modified",
    "to edit not found",
    "to delete not found",
    "can't be deleted for everyone",
    "no text in the message to edit",
)
_BATCH = 25
_WORDS = (
    "", "0", "1", "7", "10", "11", "99", "-1", "keep", "show", "raise", "hour", "evening", "de",
    "tomorrow", "heard", "different", "obstacle", "read", "talk", "ok", "no", "en", "2026-11-09",
    "15:00", "15:00+50", "UTC", "x" * 32, "zzzzzzzzzzzz",
)  # fmt: skip
#: Rows by pair, and digests by the pairs in them. Messages that are a therapist's alone have none.
_OWNED = {
    "pair": "SELECT id AS pair_id, pair.* FROM pair",
    **{
        table: f"SELECT pair_id, {table}.* FROM {table}"
        for table in ("rule", "appointment", "checkin", "acknowledgement", "invitation",
                      "consent", "message", "digest_entry", "goal", "goal_wanted", "sentence")
    },
    **{
        table: f"SELECT pair_id, {table}.* FROM {table} JOIN checkin ON checkin.id = checkin_id"
        for table in ("answer", "answer_earlier", "mirror_rating")
    },
    "digest": "SELECT pair_id, digest.* FROM digest JOIN digest_entry ON digest_id = digest.id",
}  # fmt: skip
_IDS = ("person", "pair", "checkin", "appointment", "rule", "digest", "acknowledgement", "message",
        "goal", "sentence")  # fmt: skip

Rows = dict[object, set[tuple[object, ...]]]


@dataclass
class Presses:
    """Lets everybody press. log: must stay without an error."""

    world: World
    log: Log
    chance: random.Random
    tally: Tally = field(default_factory=Tally)
    _known: list[str] = field(default_factory=list)
    _ids: list[str] = field(default_factory=list)
    _read: int = 0

    async def run(self, presses: int) -> Tally:
        """Press so many buttons."""
        done = 0
        while done < presses and not self.tally.violations:
            await self._learn()
            await self._batch()
            done += _BATCH
            if self.chance.random() < 0.1:
                await self.world.until(self.chance.choice(("Mon 16:20", "Fri 17:00", "Tue 18:30")))
        self.tally.counts["presses"] += done
        for row in await self.world.rows("SELECT reason FROM set_aside"):
            self._broken("set aside", str(row[0]))
        for call in self.world.stage.emulator.journal.calls():
            if call.status == 400 and not any(why in str(call.result) for why in _HARMLESS):
                self._broken("a refused call", f"{call.method}: {call.result}")
        for asked in self.world.asked_too_often():
            self._broken("asked twice", asked)
        return self.tally

    async def _learn(self) -> None:
        """Know every button that was ever shown to anybody, and every id."""
        seen = dict.fromkeys(self._known)
        for entry in self._calls():
            rows = (entry.params.get("reply_markup") or {}).get("inline_keyboard", [])
            seen.update({b["callback_data"]: None for r in rows for b in r if "callback_data" in b})
        self._known = list(seen)
        found = [await self.world.rows(f"SELECT id FROM {table}") for table in _IDS]
        self._ids = [write_id(int(str(row[0]))) for rows in found for row in rows]
        self._ids += ["0", "1", "zzzzzzzzzzzzz", "1y2p0ij32e8e7"]

    def _calls(self) -> list[Entry]:
        journal = self.world.stage.emulator.journal
        found = journal.read(self._read, kind="call")
        self._read = len(journal)
        return found

    async def _batch(self) -> None:
        who = self.chance.choice(list(self.world.people))
        human = self.world.people[who]
        before, mark = await self._rows(), self._read
        for data in self._pressed():
            shown = human.phone.last
            human.phone.tap(data, replace(shown, buttons=[[(data, data)]], tappable=[data]))
            self.tally.points[f"by {who}"] += 1
        await self.world.step()
        after, own = await self._rows(), await self._pairs_of(human)
        for pair in (before.keys() | after.keys()) - own - {None}:
            if changed := before.get(pair, set()) ^ after.get(pair, set()):
                self._broken("another's rows", f"{who}: {sorted(map(str, changed))}"[:1500])
        self._judge_shown(mark)
        _, lines = self.log.read()
        for line in lines:
            if line["level"] in ("error", "critical"):
                self._broken("an error", f"{who}: {line}"[:1500])

    def _pressed(self) -> list[str]:
        pressed: list[str] = []
        while len(pressed) < _BATCH:
            data = self._spoilt(self.chance.choice(self._known))
            is_final = data.split(".")[0] in _FINAL
            if 1 <= len(data.encode()) <= 64 and not (is_final and self.chance.random() > _SELDOM):
                pressed.append(data)
        return pressed

    def _spoilt(self, data: str) -> str:
        ways: tuple[Callable[[list[str]], object], ...] = (
            lambda words: None,
            lambda words: words.__setitem__(0, self.chance.choice(list(TAPS))),
            lambda words: words.__setitem__(1, self.chance.choice(self._ids)),
            self._other_word,
            self._other_id,
            lambda words: words.append(self.chance.choice(_WORDS)),
            lambda words: words.pop(),
            self._flip,
        )
        words = data.split(".")
        if len(words) < 2:
            return data
        for _ in range(self.chance.choice((1, 1, 2))):
            if len(words) > 1:
                self.chance.choice(ways)(words)
        return ".".join(words)

    def _other_word(self, words: list[str]) -> None:
        if len(words) > 2:
            words[self.chance.randrange(2, len(words))] = self.chance.choice(_WORDS)

    def _other_id(self, words: list[str]) -> None:
        words[self.chance.randrange(1, len(words))] = self.chance.choice(self._ids)

    def _flip(self, words: list[str]) -> None:
        at = self.chance.randrange(len(words))
        if word := words[at]:
            place = self.chance.randrange(len(word))
            flipped = chr(ord(word[place]) ^ (1 << self.chance.randrange(7)))
            words[at] = word[:place] + flipped + word[place + 1 :]

    async def _rows(self) -> Rows:
        found: Rows = {}
        for table, sql in _OWNED.items():
            for pair, *row in await self.world.rows(sql):
                found.setdefault(pair, set()).add((table, *row))
        return found

    async def _pairs_of(self, human: Human) -> set[object]:
        person = await self.world.stage.running.room.enrolment.who(human.phone.id)
        if person.person is None:
            return set()
        rows = await self.world.rows(
            "SELECT id FROM pair WHERE client_id = :me OR therapist_id = :me", me=person.person.id
        )
        return {row[0] for row in rows}

    def _judge_shown(self, mark: int) -> None:
        names = {human.phone.id: name for name, human in self.world.people.items()}
        for entry in self.world.stage.emulator.journal.read(mark, kind="call"):
            chat = entry.chat
            if chat is None and "callback_query_id" in entry.params:
                chat = int(entry.params["callback_query_id"]) >> 32
            if (name := names.get(chat or 0)) is None:
                continue
            text = str(entry.params)
            for secret, allowed in _SECRETS.items():
                if name not in allowed and secret in text:
                    self._broken("shown to another", f"{secret!r} to {name}: {text}"[:1500])

    def _broken(self, invariant: str, what: str) -> None:
        self.tally.violations.append(Violation(invariant, what))


async def everybody(world: World) -> None:
    """Let the cast live through a week: two therapists, two clients, an admin and a stranger."""
    await a_week(world)
    other = await world.therapist("Another therapist")
    await world.pair("Cora", "Another therapist", code="K1", meets="Tue 15:00")
    await other.types("/clients")
    await world.human("A stranger").types("/help")
    await world.dana.types("/help")
