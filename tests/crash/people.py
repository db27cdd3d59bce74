"""People who use the bot while it is being killed, and what they may rely on afterwards.

A person sees a screen and taps. When nothing happens for a while, the person taps the same
again. What the bot has answered, or has shown as done, goes into the ledger: it must be stored.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.emulator import Emulator, Person, Seen, Tap

#: How long a person looks at a screen that does not change, and how often.
_PATIENCE_SECONDS = 0.15
_TRIES = 1000
#: What is chosen of several that apply, by person; none of these excludes another.
_PICKS = ((1, 2), (3,), (2, 4, 5))
#: How often a rating is typed instead of tapped.
_TYPED = 0.25
#: Looks at the phone after which somebody who answers late has had the reminder.
_LATE = 2
#: Ends the place of what may become of a text; the text itself has the item's.
DISCLOSED = " disclosed"

Place = tuple[str, str]  # a check-in and an item (or a digest and a pair), as buttons name them


@dataclass
class Ledger:
    """What people did, by place. given: all values in order, each with "was it acknowledged?".

    chips: chosen options likewise. texts: what was written. touched: every item anything was
    done to. unmet: check-ins without a session. erased: whose check-ins are gone, by name.
    refusals: what the bot said no with.
    """

    given: defaultdict[Place, list[tuple[object, bool]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    chips: defaultdict[Place, dict[int, bool]] = field(default_factory=lambda: defaultdict(dict))
    texts: dict[Place, str] = field(default_factory=dict)
    touched: set[Place] = field(default_factory=set)
    marks: dict[Place, str] = field(default_factory=dict)
    unmet: set[str] = field(default_factory=set)
    erased: dict[str, set[str]] = field(default_factory=dict)
    replies: dict[str, str] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)
    taps: int = 0
    repeats: int = 0

    def tapped(self, data: str) -> None:
        """Note a tap whose fate is not known yet."""
        act, checkin, item, *more = data.split(".")
        self.touched.add((checkin, item))
        if act == "chip":
            self.chips[checkin, item].setdefault(int(more[0]), False)
        else:
            self.given[_where(data)].append((_value(act, more), False))

    def typed(self, place: Place, value: int) -> None:
        """Note a typed number whose fate is not known yet."""
        self.touched.add(place)
        self.given[place].append((value, False))

    def forget(self, name: str, checkins: set[str]) -> None:
        """Note that somebody had everything erased."""
        self.erased[name] = checkins
        self.touched = {place for place in self.touched if place[0] not in checkins}
        for places in (self.given, self.chips, self.texts):
            for place in [place for place in places if place[0] in checkins]:
                del places[place]  # type: ignore[attr-defined]
        self.unmet -= checkins

    def take_away(self, checkins: set[str]) -> None:
        """Note that a therapist took these away: what was said stays as it was said, but it is no
        matter any more whether there was a session."""
        self.unmet -= checkins

    def keep_texts(self, checkins: set[str]) -> None:
        """Note that what was shown of these may have been taken back: nobody else may read it."""
        for (checkin, item), given in self.given.items():
            if checkin in checkins and item.endswith(DISCLOSED):
                given.append(("keep", True))

    def heard(self, data: str) -> None:
        """Note that the latest tap of this kind was answered or shown as done."""
        act, checkin, item, *more = data.split(".")
        if act == "chip":
            self.chips[checkin, item][int(more[0])] = True
        else:
            given = self.given[_where(data)]
            given[-1] = (given[-1][0], True)

    def allowed(self, place: Place) -> list[object]:
        """Give what may be stored: the last acknowledged value, or one tapped after it."""
        given = self.given[place]
        last = max((n for n, (_, heard) in enumerate(given) if heard), default=0)
        return [value for value, _ in given[last:]]


def _where(data: str) -> Place:
    act, checkin, item, *_ = data.split(".")
    return checkin, f"{item}{DISCLOSED}" if act == "disclose" else item


def _value(act: str, more: list[str]) -> object:
    match act:
        case "rate" | "choose":
            return int(more[0])
        case "disclose":
            return more[0]
        case _:
            return None


def acts_of(seen: Seen) -> dict[str, list[str]]:
    """Sort a message's buttons by what they do."""
    acts = defaultdict(list)
    for data in seen.tappable if seen.from_bot else ():
        acts[data.split(".")[0]].append(data)
    return acts


@dataclass
class Somebody(ABC):
    """Somebody with a phone."""

    emulator: Emulator
    phone: Person
    chance: random.Random
    ledger: Ledger

    @property
    def shown(self) -> list[Seen]:
        """What somebody finds on the phone, oldest first."""
        return self.phone.chat

    def look(self) -> None:  # noqa: B027 - most have nothing to do then
        """Pick up the phone; some time has passed."""

    @abstractmethod
    async def attend(self) -> bool:
        """Do one thing that is to be done; was there any?"""

    async def _push(self, data: str, message: Seen, *, counts: bool = False) -> bool:
        """Tap until something happens; False when that is a refusal. counts: for the ledger."""
        before = self._view(message)
        for attempt in range(_TRIES):
            self.ledger.taps += 1
            self.ledger.repeats += attempt > 0
            if counts:
                self.ledger.tapped(data)
            tap = self.phone.tap(data, message)
            await self._until(lambda tap=tap: _no(tap) != "" or self._view(message) != before)
            moved = self._view(message) != before
            if _no(tap):
                self.ledger.refusals[_no(tap)] += 1
                return False
            if counts and (tap.answered or moved):
                self.ledger.heard(data)
            if moved:
                return True
        raise AssertionError(f"{self.phone.name}: nothing ever comes of {data}: {before}")

    async def _until(self, is_so: Callable[[], bool]) -> None:
        await self.emulator.bell.wait_for(is_so, _PATIENCE_SECONDS)

    def _view(self, looked_at: Seen | None = None) -> list[tuple[int, str, list[str]]]:
        """Note the newest messages, and the one that is looked at however far up it stands."""
        newest = self.phone.newest(8)
        if looked_at and (seen := self.phone.see(lambda s: s.message_id == looked_at.message_id)):
            newest.append(seen)
        return [(seen.message_id, seen.text, seen.labels) for seen in newest if seen.from_bot]


def _no(tap: Tap) -> str:
    return tap.answer.text if tap.answer else ""


@dataclass
class Client(Somebody):
    """Answers check-ins, each in a way of its own: at once, late, in two parts or never."""

    done: set[str] = field(default_factory=set)
    corrected: set[str] = field(default_factory=set)
    choices: dict[tuple[str, str, bool], str] = field(default_factory=dict)
    ways: dict[str, str] = field(default_factory=dict)
    looks: Counter[str] = field(default_factory=Counter)
    typed: set[Place] = field(default_factory=set)
    is_gone: bool = False

    def look(self) -> None:
        self.looks.update({checkin for checkin, _ in self._checkins()})

    async def attend(self) -> bool:
        if self.phone.blocked or self.is_gone:
            return False
        for seen in self.shown:
            if offered := acts_of(seen)["ack"]:
                await self._reply(seen, offered)
                return True
        for checkin, seen in self._checkins():
            if checkin not in self.done and self._willing(checkin):
                if not await self._answer(checkin, seen):
                    self.done.add(checkin)
                return True
        return False

    def _checkins(self) -> list[tuple[str, Seen]]:
        """List what asks for something, the newest message first."""
        found = []
        for seen in reversed(self.shown):
            acts = acts_of(seen)
            for act in ("rate", "chip", "choose", "disclose", "pass", "reopen"):
                if acts[act]:
                    found.append((acts[act][0].split(".")[1], seen))
                    break
        return found

    def _willing(self, checkin: str) -> bool:
        if checkin not in self.ways:
            kinds = ("now", "late", "halves", "never", "unmet", "snooze")
            self.ways[checkin] = self.chance.choices(kinds, (6, 2, 2, 1, 1, 1))[0]
        begun = sum(1 for place in self.ledger.touched if place[0] == checkin)
        match self.ways[checkin]:
            case "now" | "unmet" | "snooze":
                return True
            case "halves":
                return begun < 2 or self.looks[checkin] > _LATE
            case "late":
                return self.looks[checkin] > _LATE
            case _:
                return False

    async def _answer(self, checkin: str, seen: Seen) -> bool:
        """Do what the screen asks for; False when there is nothing more to do here."""
        acts = acts_of(seen)
        if acts["unmet"] and self.ways[checkin] == "unmet":
            await self._push(acts["unmet"][0], seen)
            self.ledger.unmet.add(checkin)
            return False
        if acts["snooze"] and self.ways[checkin] == "snooze":
            self.ways[checkin] = "late"
            return await self._snooze(acts["snooze"][0], seen)
        if acts["rate"]:
            return await self._rate(checkin, seen, acts)
        if acts["chip"]:
            return await self._pick(checkin, seen, acts)
        if acts["choose"] or acts["disclose"]:
            chosen = self._chosen(checkin, seen, acts["choose"] or acts["disclose"])
            return await self._push(chosen, seen, counts=True)
        if acts["change"]:
            wants = checkin not in self.corrected and self.chance.random() < 0.5
            return wants and await self._push(acts["change"][0], seen)
        if acts["pass"]:
            return await self._write(checkin, seen, acts["pass"][0])
        self.corrected.add(checkin)  # the list of what can be changed
        return await self._push(acts["reopen"][0], seen)

    def _chosen(self, checkin: str, seen: Seen, options: list[str]) -> str:
        """Make up one's mind, once for each screen; going back may change it."""
        screen = options[0].rpartition(".")[0]
        key = (checkin, screen, checkin in self.corrected)
        if key not in self.choices:
            self.choices[key] = self.chance.choice(options)
        return self.choices[key]

    async def _rate(self, checkin: str, seen: Seen, acts: dict[str, list[str]]) -> bool:
        options = acts["rate"]
        if checkin not in self.corrected:
            options = options + acts["pass"]  # when going back, that button keeps the answer
        chosen = self._chosen(checkin, seen, options)
        _, _, item, *more = chosen.split(".")
        may_type = more and (checkin, item) not in self.ledger.given
        if may_type and (checkin, item) not in self.typed and self.chance.random() < _TYPED:
            return await self._type(checkin, item, int(more[0]))
        return await self._push(chosen, seen, counts=True)

    async def _type(self, checkin: str, item: str, value: int) -> bool:
        """Type a number, once; who sees no reaction taps the same instead."""
        self.typed.add((checkin, item))
        self.ledger.typed((checkin, item), value)
        before = self._view()
        self.phone.send(str(value))
        await self._until(lambda: self._view() != before)
        if self._view() != before:
            self.ledger.given[checkin, item][-1] = (value, True)
        return True

    async def _snooze(self, snooze: str, seen: Seen) -> bool:
        """Choose Later and then the first time that is offered; it may be too late for that."""
        if await self._push(snooze, seen):
            shown = next(s for s in self.shown if s.message_id == seen.message_id)
            if offered := acts_of(shown)["later"]:
                await self._push(offered[0], shown)
        return True

    async def erase(self) -> None:
        """Have everything erased, and go."""
        await self._leave("erase")
        self.ledger.forget(self.phone.name, {*self.ways, *self.looks})

    async def stop(self) -> None:
        """Stop the questions, and go."""
        await self._leave("stop")

    async def _leave(self, act: str) -> None:
        for _ in range(_TRIES):
            before = self._view()
            offered = [(seen, d) for seen in self.shown for d in acts_of(seen)[act]]
            if offered:
                await self._push(offered[-1][1], offered[-1][0])
                self.is_gone = True
                return
            self.phone.send(f"/{act}")
            await self._until(lambda before=before: self._view() != before)
        raise AssertionError(f"{self.phone.name} cannot {act}")

    async def _pick(self, checkin: str, seen: Seen, acts: dict[str, list[str]]) -> bool:
        place = (checkin, acts["chip"][0].split(".")[2])
        for data in acts["chip"]:
            option, wanted = data.split(".")[3:]
            if wanted == "1" and int(option) in _PICKS[len(self.phone.name) % len(_PICKS)]:
                return await self._push(data, seen, counts=True)
        self.ledger.touched.add(place)
        return await self._push(acts["pass"][0], seen)

    async def _write(self, checkin: str, seen: Seen, skip: str) -> bool:
        """Write something, once; who sees no reaction goes on instead of writing it again."""
        place = (checkin, skip.split(".")[2])
        self.ledger.touched.add(place)
        if (
            place in self.ledger.texts
            or self._chosen(checkin, seen, [skip, "write.", "write."]) == skip
        ):
            return await self._push(skip, seen)
        self.ledger.texts[place] = f"Please slow down a little. ({self.phone.name}, {checkin})"
        before = self._view()
        self.phone.send(self.ledger.texts[place])
        await self._until(lambda: self._view() != before)
        return True

    async def _reply(self, seen: Seen, offered: list[str]) -> None:
        acknowledgement = offered[0].split(".")[1]
        reply = self._chosen(acknowledgement, seen, offered)
        await self._push(reply, seen)
        self.ledger.replies[acknowledgement] = reply.split(".")[2]


@dataclass
class Therapist(Somebody):
    """Acknowledges each check-in of the newest digest once: read, or let's talk."""

    done: set[Place] = field(default_factory=set)

    async def attend(self) -> bool:
        for seen in reversed(self.shown):
            acts = acts_of(seen)
            offered = defaultdict(list)
            for data in acts["read"] + acts["talk"]:
                offered[data.split(".")[1], data.split(".")[2]].append(data)
            for place in sorted(offered.keys() - self.done):
                chosen = self.chance.choice(offered[place])
                await self._push(chosen, seen)
                self.ledger.marks[place] = chosen.split(".")[0]
                self.done.add(place)
                return True
            if acts["details"]:
                return False  # an older digest is not looked at again
        return False
