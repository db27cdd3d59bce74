"""What must hold after a walk, whatever happened on it.

What reached whom is judged by Telegram's journal, never by the program's own tables; those are
opened to see whether what people were promised is in them, and what may not move stood still.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from bot.store.answers import open_value
from bot.views.buttons import write_id
from tests.transactions import reading
from tests.world import Human, World

_PROMPT = "A short check-in about"
_REMINDER = "One reminder, then no more."
_ASKS = frozenset({"rate", "chip", "choose", "disclose", "pass"})
_OPEN = {"checkin": {"open"}, "message": {"queued", "sending"}, "pair": set[str]()}
_ENDED = {"pair": {"ended", "erased"}}
#: A message of unknown fate may turn out to have arrived, and what has ended can be erased; nothing
#: else goes on from its end.
_LATER = {("unknown", "sent"), ("ended", "erased")}

Place = tuple[str, str]  # a check-in and an item, as buttons name them


@dataclass
class Promises:
    """What people were told is done. given: each value, in order, with "was it acknowledged?".

    words: what each client wrote. quiet: who stopped or erased, and must not be written to.
    """

    given: defaultdict[Place, list[tuple[object, bool]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    of: dict[str, str] = field(default_factory=dict)
    words: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    erased: set[str] = field(default_factory=set)
    quiet: set[str] = field(default_factory=set)

    def erase(self, name: str) -> None:
        """Nothing is promised of a client's check-ins any more but that nothing is left."""
        gone = {checkin for checkin, whose in self.of.items() if whose == name}
        self.erased |= gone
        for place in [place for place in self.given if place[0] in gone]:
            del self.given[place]

    def allowed(self, place: Place) -> list[object]:
        """Give what may be stored: the last acknowledged value, or one tapped after it."""
        given = self.given[place]
        last = max((n for n, (_, heard) in enumerate(given) if heard), default=0)
        return [value for value, _ in given[last:]]

    def any_heard(self, place: Place) -> bool:
        """Say whether anything given there was acknowledged."""
        return any(heard for _, heard in self.given[place])


@dataclass
class Verdict:
    """Judges one walk: `step` after each act, `end` once."""

    world: World
    promises: Promises
    _final: dict[tuple[str, object], object] = field(default_factory=dict)
    _read: int = 0

    async def step(self, actor: Human | None) -> list[str]:
        """List what is wrong after an act. actor: who may have been answered."""
        said = await self._stands_still()
        for row in await self.world.rows("SELECT kind FROM message WHERE state = 'sending'"):
            said.append(f"still sending when idle: {row[0]}")
        journal = self.world.stage.emulator.journal
        people = self.world.people.items()
        names = {human.phone.id: name for name, human in people if human is not actor}
        for entry in journal.read(self._read, kind="call"):
            name = names.get(entry.chat or 0)
            if name in self.promises.quiet and entry.done and entry.method.startswith("send"):
                said.append(f"{name} stopped, and got {entry.params.get('text')!r}")
        self._read = len(journal)
        return said

    async def _stands_still(self) -> list[str]:
        said = []
        for table, still in _OPEN.items():
            for number, state in await self.world.rows(f"SELECT id, state FROM {table}"):
                before = self._final.get((table, number))
                if before not in (None, state) and (before, state) not in _LATER:
                    said.append(f"{table} went from {before} to {state}")
                ended = _ENDED.get(table)
                if state in ended if ended else state not in still:
                    self._final[table, number] = state
        return said

    async def end(self) -> list[str]:
        """List what is wrong after all."""
        return [*await self._asked_twice(), *self._seen_by_others(), *await self._not_stored()]

    async def _asked_twice(self) -> list[str]:
        """Judge by check-in, and by pair and day of the session: one of each a day is enough."""
        got: Counter[tuple[object, ...]] = Counter()
        rows = await self.world.rows(
            "SELECT checkin.id, checkin.pair_id, local_on FROM checkin"
            " JOIN appointment ON appointment.id = appointment_id"
        )
        sessions = {write_id(int(str(number))): session for number, *session in rows}
        for entry in self.world.stage.emulator.journal.sent():
            shown = entry.result if isinstance(entry.result, dict) else {}
            kind = next((k for k in (_REMINDER, _PROMPT) if k in shown.get("text", "")), None)
            lines = shown.get("reply_markup", {}).get("inline_keyboard", [])
            data = [push.get("callback_data", "").split(".") for line in lines for push in line]
            asked = {words[1] for words in data if words[0] in _ASKS}
            if kind is None:
                continue
            for checkin in asked:
                got[kind, checkin] += 1
                got[(kind, *sessions.get(checkin, (checkin, "")))] += 1
        return [f"more than once: {what}" for what, n in got.items() if n > 1]

    def _seen_by_others(self) -> list[str]:
        said = []
        for name, human in self.world.people.items():
            calls = "\n".join(str(call.params) for call in self.world.calls_to(human))
            for whose, words in self.promises.words.items():
                if name not in (whose, "Ben"):
                    said += [f"{name} was shown {w!r} of {whose}" for w in words if w in calls]
        return said

    async def _not_stored(self) -> list[str]:
        said, stored = [], {}
        async with reading(self.world.stage.running.db) as tx:
            rows = await tx.all(
                "SELECT answer.*, checkin.pair_id, pair.data_key FROM answer"
                " JOIN checkin ON checkin.id = checkin_id JOIN pair ON pair.id = checkin.pair_id"
            )
            for row in rows:
                place = (write_id(row["checkin_id"]), row["item"])
                if place[0] in self.promises.erased:
                    said.append(f"erased, and still there: {place}")
                    continue
                sealer = tx.vault.sealer(row["data_key"], "pair", row["pair_id"])
                stored[place] = open_value(sealer, row["checkin_id"], row["item"], row["value"])
        for place in list(self.promises.given):
            if place not in stored:
                said += [f"lost: {place}"] if self.promises.any_heard(place) else []
            elif stored[place] not in self.promises.allowed(place):
                said.append(f"not the last: {place} is {stored[place]!r}")
        return said
