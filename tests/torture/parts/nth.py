"""The nth call or operation fails, and every so many after it, until all of them have failed.

A seed names the kind and the first n: with enough seeds in a row each call and each statement of
the story has failed once. Statements are counted over idle ticks as well, so their stride is
longer than a tick: one that always fails would say nothing but that nothing gets done.
"""

from __future__ import annotations

from typing import Any

from tests.crash.failpoints import OPERATIONS, Way
from tests.crash.keeper import SOMETIME, Blow, Keeper
from tests.crash.killed_stage import KilledStage
from tests.crash.rounds import round_of
from tests.torture import Tally

#: Every so many statements, or calls, one fails.
_STATEMENTS, _CALLS = 101, 13
_CALLS_AT_MOST = 1500
_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "drop"},
    {"kind": "drop", "stage": "after"},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 502, "stage": "after"},
    {"kind": "status", "status": 429, "retry_after": 1},
    {"kind": "not_json"},
    {"kind": "cut_body"},
    {"kind": "delay", "seconds": 0.05, "stage": "after"},
)
KINDS = len(OPERATIONS) + len(_FAULTS)


def run(seed: int, way: Way = "polling") -> Tally:
    """Play the story once while one kind of operation fails at n, n + stride, …"""
    first, kind = divmod(seed - 1, KINDS)
    stride = _STATEMENTS if kind < len(OPERATIONS) else _CALLS
    nth, begun = first % stride + 1, []
    # Some kills, so that what a start does fails as well.
    kills = [Blow(SOMETIME, 3)] * 4

    async def strike(stage: KilledStage, _: Keeper) -> None:
        if begun:
            return
        begun.append(True)
        if kind < len(OPERATIONS):
            stage.arms.arm(list(OPERATIONS)[kind], nth, every=stride)
        else:
            for n in range(nth, _CALLS_AT_MOST, stride):
                stage.emulator.faults.add(**_FAULTS[kind - len(OPERATIONS)], nth=n)

    tally = round_of(seed, kills, network=False, extra=strike, way=way)
    if kind >= len(OPERATIONS):
        fault = _FAULTS[kind - len(OPERATIONS)]
        words = (fault["kind"], fault.get("status"), fault.get("stage", "before"))
        name = " ".join(str(word) for word in words if word is not None)
        tally.points[f"a call: {name}"] += tally.counts["faults"]
    return tally
