"""People who use the bot while it is being killed, and what they may rely on afterwards.

A person sees a screen and taps. When nothing happens for a while, the person taps the same
again. What the bot has answered, or has shown as done, goes into the ledger: it must be stored.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Protocol

from bot.emulator import Emulator, Person, Seen, Tap

#: How long a person looks at a screen that does not change, and how often.
_PATIENCE_SECONDS = 0.5
_TRIES = 16

Key = tuple[str, str]  # a check-in and an item, as the buttons name them


@dataclass
class Ledger:
    """What people did. given: per item all values in order, each with "was it acknowledged?"."""

    given: defaultdict[Key, list[tuple[object, bool]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    chips: defaultdict[Key, dict[int, bool]] = field(default_factory=lambda: defaultdict(dict))
    texts: dict[Key, str] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    marks: dict[Key, str] = field(default_factory=dict)
    replies: dict[str, str] = field(default_factory=dict)
    repeats: int = 0

    def allowed(self, key: Key) -> set[object]:
        """Give what may be stored: the last acknowledged value, or one tapped after it."""
        given = self.given[key]
        last = max((n for n, (_, heard) in enumerate(given) if heard), default=0)
        return {value for value, _ in given[last:]}

    def promised(self, key: Key) -> bool:
        return any(heard for _, heard in self.given[key])


class Attends(Protocol):
    """Somebody who looks at the phone from time to time."""

    async def attend(self) -> bool:
        """Do one thing that is to be done; was there any?"""
        ...


@dataclass
class _Somebody:
    emulator: Emulator
    phone: Person
    chance: random.Random
    ledger: Ledger

    def _view(self) -> list[tuple[int, str, list[str]]]:
        return [
            (seen.message_id, seen.text, seen.labels)
            for seen in self.phone.chat[-6:]
            if seen.from_bot
        ]

    async def _push(self, data: str, message: Seen) -> tuple[Tap, bool]:
        """Tap until something happens; gives the tap that was heard and whether it was refused."""
        before = self._view()
        for attempt in range(_TRIES):
            self.ledger.repeats += attempt > 0
            tap = self.phone.tap(data, message)
            await self.emulator.bell.wait_for(
                lambda tap=tap: (tap.answered and tap.answer.text != "") or self._view() != before,
                _PATIENCE_SECONDS,
            )
            refused = tap.answer is not None and tap.answer.text != ""
            if refused or self._view() != before:
                return tap, refused
            if tap.answered:
                self._heard(data)
        raise AssertionError(f"{self.phone.name}: nothing ever happens on {data}: {before}")

    def _heard(self, data: str) -> None:
        """Note that a tap was answered although the screen did not move (yet)."""


@dataclass
class Client(_Somebody):
    """Answers check-ins, each in a way of its own: at once, late, in two parts or never."""

    done: set[str] = field(default_factory=set)
    choices: dict[tuple[str, str, bool], str] = field(default_factory=dict)
    correcting: dict[str, bool] = field(default_factory=dict)
    looks: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    ways: dict[str, str] = field(default_factory=dict)

    def look(self) -> None:
        """Pick up the phone (an hour has passed)."""
        for checkin in {self._checkin(seen) for seen in self.phone.chat if self._checkin(seen)}:
            self.looks[checkin] += 1

    async def attend(self) -> bool:
        return await self._acknowledged() or await self._asked()

    def _checkin(self, seen: Seen) -> str:
        asks = ("rate.", "chip.", "choose.", "disclose.", "change.", "pass.", "reopen.")
        tappable = [data for data in seen.tappable if data.startswith(asks)]
        return tappable[0].split(".")[1] if seen.from_bot and tappable else ""

    async def _asked(self) -> bool:
        for seen in reversed(self.phone.chat):
            checkin = self._checkin(seen)
            if checkin and checkin not in self.done:
                if not self._willing(checkin, seen):
                    return False
                await self._act(checkin, seen)
                return True
        return False

    def _willing(self, checkin: str, seen: Seen) -> bool:
        way = self.ways.setdefault(
            checkin, self.chance.choices(("now", "late", "halves", "never"), (6, 2, 2, 1))[0]
        )
        begun = sum(1 for key in self.ledger.given if key[0] == checkin)
        return way == "now" or (way != "never" and (self.looks[checkin] > 21 or 0 < begun < 3)) or (
            way == "halves" and begun == 0
        )  # fmt: skip

    async def _act(self, checkin: str, seen: Seen) -> None:
        acts = defaultdict(list)
        for data in seen.tappable:
            acts[data.split(".")[0]].append(data)
        if "rate" in acts:
            await self._rate(checkin, seen, acts)
        elif "chip" in acts:
            await self._pick(checkin, seen, acts)
        elif "choose" in acts or "disclose" in acts:
            await self._choose(checkin, seen, acts["choose"] or acts["disclose"])
        elif "change" in acts:
            await self._review(checkin, seen, acts)
        elif "pass" in acts:
            await self._write(checkin, seen, acts["pass"][0])
        else:  # the list of what can be changed
            await self._go_back(checkin, seen, acts["reopen"][0])

    async def _tap(self, checkin: str, data: str, seen: Seen) -> bool:
        """Tap and keep book; False when the check-in is over."""
        act, _, item, *more = data.split(".")
        value: object = {"rate": lambda: int(more[0]), "pass": lambda: None}.get(act, lambda: 0)()
        if act in ("rate", "pass", "choose"):
            value = int(more[0]) if act == "choose" else value
            self.ledger.given[checkin, item].append((value, False))
        elif act == "chip":
            self.ledger.chips[checkin, item].setdefault(int(more[0]), False)
        _, refused = await self._push(data, seen)
        if refused:
            self.done.add(checkin)
        else:
            self._heard(data)
        return not refused

    def _heard(self, data: str) -> None:
        act, checkin, item, *more = data.split(".")
        if act in ("rate", "pass", "choose"):
            given = self.ledger.given[checkin, item]
            given[-1] = (given[-1][0], True)
        elif act == "chip":
            self.ledger.chips[checkin, item][int(more[0])] = True

    def _chosen(self, checkin: str, item: str, options: list[str]) -> str:
        key = (checkin, item, self.correcting.get(checkin, False))
        return self.choices.setdefault(key, self.chance.choice(options))

    async def _rate(self, checkin: str, seen: Seen, acts: dict[str, list[str]]) -> None:
        skip = [data for data in acts["pass"] if self.chance.random() < 0.1]
        item = acts["rate"][0].split(".")[2]
        chosen = self._chosen(checkin, item, skip or acts["rate"])
        await self._tap(checkin, chosen if chosen in seen.tappable else acts["rate"][0], seen)

    async def _pick(self, checkin: str, seen: Seen, acts: dict[str, list[str]]) -> None:
        item = acts["chip"][0].split(".")[2]
        wanted = self._chosen(checkin, item, ["1 2", "3", "2 4 5"]).split()
        for data in acts["chip"]:
            if data.split(".")[3] in wanted and data.endswith(".1"):
                await self._tap(checkin, data, seen)
                return
        await self._push(acts["pass"][0], seen)

    async def _choose(self, checkin: str, seen: Seen, options: list[str]) -> None:
        await self._tap(checkin, self._chosen(checkin, options[0].split(".")[2], options), seen)

    async def _write(self, checkin: str, seen: Seen, skip: str) -> None:
        """Write something once; who sees no reaction goes on instead of writing it again."""
        key = (checkin, skip.split(".")[2])
        if key not in self.ledger.texts and self.chance.random() < 0.7:
            self.ledger.texts[key] = f"Please slow down, {self.phone.name}, {len(self.done)}."
            before = self._view()
            self.phone.send(self.ledger.texts[key])
            await self.emulator.bell.wait_for(lambda: self._view() != before, _PATIENCE_SECONDS)
            return
        _, refused = await self._push(skip, seen)
        if refused:
            self.done.add(checkin)

    async def _review(self, checkin: str, seen: Seen, acts: dict[str, list[str]]) -> None:
        if checkin not in self.correcting and self.chance.random() < 0.5:
            await self._push(acts["change"][0], seen)
            return
        self.done.add(checkin)

    async def _go_back(self, checkin: str, seen: Seen, reopen: str) -> None:
        self.correcting[checkin] = True
        await self._push(reopen, seen)

    async def _acknowledged(self) -> bool:
        for seen in self.phone.chat:
            offered = [data for data in seen.tappable if data.startswith("ack.")]
            if offered:
                acknowledgement = offered[0].split(".")[1]
                reply = self._chosen(acknowledgement, "reply", offered)
                await self._push(reply, seen)
                self.ledger.replies[acknowledgement] = reply.split(".")[2]
                return True
        return False


@dataclass
class Therapist(_Somebody):
    """Acknowledges each check-in of the newest digest once: read, or let's talk."""

    done: set[Key] = field(default_factory=set)

    async def attend(self) -> bool:
        for seen in reversed(self.phone.chat):
            marks = [data for data in seen.tappable if data.split(".")[0] in ("read", "talk")]
            for data in marks:
                act, digest, pair, _ = data.split(".")
                if (digest, pair) in self.done:
                    continue
                both = [d for d in marks if d.split(".")[1:3] == [digest, pair]]
                chosen = self.chance.choice(both)
                await self._push(chosen, seen)
                self.done.add((digest, pair))
                self.ledger.marks[digest, pair] = chosen.split(".")[0]
                return True
            if any(data.startswith("details.") for data in seen.tappable):
                return False  # an older digest is not looked at again
        return False
