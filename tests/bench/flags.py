"""How often signals are wrong: invented caseloads judged by the packaged house rules.

`python -m tests.bench.flags` prints the tables of docs/signals.md; a test keeps the page to them.
Nothing here is data about people: a client is a level, a session adds noise to it, an item adds
its own, and what comes out is rounded to the buttons there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from bot.core.house import House
from bot.core.signals import Course, Point, course
from bot.instruments import load_instruments

CLIENTS: Final = 500
SESSIONS: Final = 20
#: From here on every rule has what it needs.
JUDGED_FROM: Final = 6
SHOWN: Final = ("low", "below_limit", "reliable_fall", "fall", "straight")
DROP_AT: Final = 10


@dataclass(frozen=True)
class Kind:
    """Clients of one kind. level: from, to. noise: SD between sessions. item: SD of each item.

    The mean of five items has the SD √(noise² + item²/5 + 1/60), the last from rounding: 0.46 by
    the figures given here, which is the standard error that the file assumes.
    carried: how much of a session's noise is left in the next. missing: share of silence. drop:
    points lost for good at the eleventh session.
    """

    name: str
    level: tuple[float, float] = (7.0, 9.5)
    noise: float = 0.32
    item: float = 0.7
    carried: float = 0.0
    missing: float = 0.2
    drop: float = 0.0


STEADY: Final = (
    Kind("noise as the file assumes"),
    Kind("twice that noise", noise=0.86),
    Kind("noise that lasts (half is left next time)", noise=0.277, carried=0.5),
    Kind("near the top of the scale", level=(9.2, 10.0)),
    Kind("in the middle of the scale", level=(5.5, 7.0)),
    Kind("the same noise, nobody silent", missing=0.0),
)

FALLEN: Final = (
    Kind("a fall of 1", drop=1.0),
    Kind("a fall of 2", drop=2.0),
    Kind("a fall of 3", drop=3.0),
)


def house() -> House:
    """Give the packaged house rules."""
    return load_instruments()["session-alliance"][1].house


def courses(kind: Kind, rules: House, seed: int = 11) -> Iterator[Course]:
    """Judge the caseload of a kind; the same every time."""
    random = Random(f"{seed} {kind.name}")
    for _ in range(CLIENTS):
        level, drift, points = random.uniform(*kind.level), 0.0, []
        for session in range(SESSIONS):
            drift = drift * kind.carried + random.gauss(0, kind.noise)
            own = level + drift - kind.drop * (session >= DROP_AT)
            values = [min(10, max(0, round(own + random.gauss(0, kind.item)))) for _ in range(5)]
            points.append(Point(tuple(values) if random.random() >= kind.missing else ()))
        yield course(points, rules)


def steady_table(rules: House) -> list[str]:
    """Give how often each finding is made about clients with whom nothing happens."""
    rows = [
        "| a steady client with … | " + " | ".join(f"`{name}`" for name in SHOWN) + " | rupture |",
        "|---|" + "---|" * (len(SHOWN) + 1),
    ]
    for kind in STEADY:
        made, judged, ruptured = Counter[str](), 0, 0
        for found in courses(kind, rules):
            late = [v for v in found.verdicts[JUDGED_FROM:] if v.is_answered]
            judged += len(late)
            made.update(name for verdict in late for name in verdict.findings)
            # "Low" is counted whether it is the first or the next one running.
            made["low"] += sum("low_twice" in verdict.findings for verdict in late)
            ruptured += bool(found.ruptures)
        shares = [f"{100 * made[name] / judged:.1f} %" for name in SHOWN]
        rows.append(f"| {kind.name} | {' | '.join(shares)} | {100 * ruptured / CLIENTS:.0f} % |")
    return rows


def fallen_table(rules: House) -> list[str]:
    """Give how often a lasting fall is seen: at once, and within three answered check-ins."""
    rows = ["| what happened | seen at once | within three check-ins |", "|---|---|---|"]
    for kind in FALLEN:
        at_once = in_three = asked = 0
        for found in courses(kind, rules):
            after = [v for v in found.verdicts[DROP_AT:] if v.is_answered][:3]
            seen = [bool({"below_limit", "reliable_fall"} & set(v.findings)) for v in after]
            asked += len(seen) == 3
            at_once += len(seen) == 3 and seen[0]
            in_three += len(seen) == 3 and any(seen)
        shares = f"{100 * at_once / asked:.0f} % | {100 * in_three / asked:.0f} %"
        rows.append(f"| {kind.name} | {shares} |")
    return rows


if __name__ == "__main__":
    print("\n".join([*steady_table(house()), "", *fallen_table(house())]))  # noqa: T201
