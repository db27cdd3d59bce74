"""What can go wrong on the wire, on purpose.

A fault strikes calls that match its method and chat: the nth of them, the next few, or each by
chance with a seed. Owns which fault strikes which call; the server carries it out.

    faults.add("drop", stage="after", method="sendMessage", nth=2)
    faults.add("status", status=429, retry_after=3, method="editMessageText", times=5)
    faults.add("delay", seconds=0.2, chance=0.1)
    faults.add("black_hole", chat=anna.id)
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

FaultKind = Literal[
    "drop", "delay", "cut_body", "not_json", "status", "black_hole", "block", "unblock"
]
Stage = Literal["before", "after"]


@dataclass(slots=True, eq=False)
class Fault:
    """One scripted fault.

    kind: `drop` closes the connection without an answer; `delay` waits `seconds`; `cut_body`
    sends half of the answer and closes; `not_json` answers 200 with a page of HTML; `status`
    answers with that HTTP status; `black_hole` says nothing until it is released, then closes;
    `block` and `unblock` let the person whose chat the call names do that.
    stage: strike before or after the call is carried out (`cut_body` and `not_json` always
    come after). nth: only the nth matching call, from 1. times: how many calls it strikes,
    None for every one. chance: strike each matching call with this probability, until removed.
    """

    kind: FaultKind
    stage: Stage = "before"
    method: str | None = None
    chat: int | None = None
    nth: int | None = None
    times: int | None = 1
    chance: float | None = None
    seconds: float = 0.0
    status: int = 500
    retry_after: int | None = None
    description: str = ""
    seen: int = 0
    struck: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        if self.kind not in get_args(FaultKind) or self.stage not in get_args(Stage):
            raise ValueError(f"there is no fault {self.kind!r} at stage {self.stage!r}")
        if self.kind in ("cut_body", "not_json"):
            self.stage = "after"

    def matches(self, method: str, chat: int | None) -> bool:
        """Tell whether a call is of those this fault is meant for."""
        return (self.method is None or self.method.lower() == method.lower()) and (
            self.chat is None or self.chat == chat
        )

    def applies(self, chance: random.Random) -> bool:
        """Tell whether it strikes the matching call that was seen last."""
        if self.nth is not None:
            return self.seen == self.nth
        if self.chance is not None:
            return chance.random() < self.chance
        return self.times is None or self.struck < self.times

    @property
    def name(self) -> str:
        """Name the fault for the journal."""
        what = f"{self.kind} {self.status}" if self.kind == "status" else self.kind
        return f"{what} {self.stage}"


class Faults:
    """The faults in force.

    repeat_updates: chance that a confirmed update is handed out once more.
    shuffle_updates: whether a batch of updates comes in random order.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._faults: list[Fault] = []
        self._holes: set[Fault] = set()
        self.repeat_updates = 0.0
        self.shuffle_updates = False

    def __bool__(self) -> bool:
        return bool(self._faults)

    def add(self, kind: FaultKind, **how: Any) -> Fault:
        """Script a fault: it strikes the next matching call unless nth, times or chance say more.

        how: the fields of `Fault`. Raises ValueError and TypeError for what is no fault.
        """
        fault = Fault(kind, **how)
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """End all faults, those on updates too, and release every call that hangs."""
        self._faults.clear()
        self.release()
        self.repeat_updates = 0.0
        self.shuffle_updates = False

    def release(self) -> None:
        """Let go of every call that hangs in a black hole (its connection is closed)."""
        for fault in self._holes:
            fault.released.set()
            fault.released = asyncio.Event()
        self._holes.clear()

    def strike(self, method: str, chat: int | None) -> Fault | None:
        """Find the fault for one call and count it; the first that applies wins."""
        struck: Fault | None = None
        for fault in self._faults:
            if fault.matches(method, chat):
                fault.seen += 1
                if struck is None and fault.applies(self._chance):
                    struck = fault
                    fault.struck += 1
                    if fault.kind == "black_hole":
                        self._holes.add(fault)
        return struck

    def repeats_update(self) -> bool:
        """Decide by chance whether a confirmed update is handed out again."""
        return self.repeat_updates > 0 and self._chance.random() < self.repeat_updates
