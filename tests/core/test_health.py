"""What is healthy: each part's verdict at, and on either side of, its threshold.

1. One bad part makes the whole bad; what is only to be watched does not.
2. What cannot be known is never called fine.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core import health
from bot.core.health import Facts, Kept, Received, Report, age, judge

WELL = Facts(
    writes=True,
    kept=Kept(overdue=0, overdue_for=0, erasures=0, erasures_for=0, behind=0, set_aside=0),
    ticks={"deliver": 1.0, "follow": 2.0, "plan": 10.0, "sweep": 20.0},
    received=Received(ago=12.0, is_fresh=True),
    free_bytes=health.LOW_BYTES,
    backup_age=health.HOUR,
)


def kept(**changed: float) -> Facts:
    assert WELL.kept is not None
    return replace(WELL, kept=replace(WELL.kept, **changed))  # type: ignore[arg-type]


def states(report: Report) -> dict[str, str]:
    """Give what is not fine."""
    return {check.name: check.state for check in report.checks if check.state != "fine"}


def test_all_well() -> None:
    report = judge(WELL)
    assert report.is_healthy
    assert report.bad == ()
    assert states(report) == {}
    assert report.facts is WELL
    assert [(check.name, check.says) for check in report.checks] == [
        ("database", "answers and takes writes"),
        ("ticks", "all went through; the slowest 20 s ago"),
        ("receiving", "last sign of Telegram 12 s ago"),
        ("outbox", "nothing is overdue"),
        ("clock", "not behind what was noted"),
        ("disk", "1024 MiB free"),
        ("erasures", "none to be decided"),
        ("set aside", "every update could be handled"),
        ("backup", "the newest is 60 min old"),
        ("hold", "not on hold"),
    ]


@pytest.mark.parametrize(
    ("facts", "part", "says"),
    [
        (replace(WELL, writes=False), "database", "answers, but takes no writes"),
        (replace(WELL, ticks={**WELL.ticks, "plan": 301.0}), "ticks", "plan for 5 min"),
        (
            replace(WELL, ticks={"sweep": 301.0, "plan": 601.0, "deliver": 1.0}),
            "ticks",
            "plan for 10 min, sweep for 5 min",
        ),
        (replace(WELL, ticks={**WELL.ticks, "follow": 1801.0}), "ticks", "follow for 30 min"),
        (replace(WELL, received=Received(None, False)), "receiving", "since the start"),
        (replace(WELL, received=Received(200.0, False)), "receiving", "for 3 min"),
        (replace(WELL, received=Received(5.0, True, 7)), "receiving", "7 wait"),
        (kept(overdue=3, overdue_for=900.0), "outbox", "3 overdue, the oldest 15 min"),
        (kept(behind=301.0), "clock", "5 min behind"),
        (kept(held_for=health.DAY + 1), "hold", "on hold for 24 h: nothing is sent before"),
        (replace(WELL, free_bytes=health.FREE_BYTES - 1), "disk", "99 MiB free"),
        (replace(WELL, free_bytes=None), "disk", "does not say"),
    ],
)
def test_what_is_bad_is_named(facts: Facts, part: str, says: str) -> None:
    report = judge(facts)
    assert not report.is_healthy
    assert report.bad == (part,)
    assert states(report) == {part: "bad"}
    assert [says in check.says for check in report.checks if check.name == part] == [True]


@pytest.mark.parametrize(
    ("facts", "part", "says"),
    [
        (replace(WELL, free_bytes=health.LOW_BYTES - 1), "disk", "1023 MiB free"),
        (replace(WELL, free_bytes=health.FREE_BYTES), "disk", "100 MiB free"),
        (
            kept(erasures=1, erasures_for=health.ERASURE_SECONDS + 1),
            "erasures",
            "1 to be decided, the oldest asked 21 d ago",
        ),
        (kept(set_aside=1), "set aside", "1 updates could not be handled"),
        (kept(held_for=health.DAY), "hold", "on hold for 24 h: nothing is sent before"),
        (replace(WELL, backup_age=None), "backup", "none is known; `rapport backup` makes one"),
        (replace(WELL, backup_age=health.BACKUP_SECONDS + 1), "backup", "the newest is 2 d old"),
    ],
)
def test_what_is_only_to_be_watched_is_healthy(facts: Facts, part: str, says: str) -> None:
    report = judge(facts)
    assert report.is_healthy
    assert states(report) == {part: "watch"}
    assert [says in check.says for check in report.checks if check.name == part] == [True]


@pytest.mark.parametrize(
    "facts",
    [
        replace(WELL, ticks={**WELL.ticks, "plan": health.TICK_SECONDS}),
        replace(WELL, ticks={**WELL.ticks, "follow": health.FOLLOW_SECONDS}),
        kept(behind=health.BEHIND_SECONDS),
        kept(erasures=2, erasures_for=health.ERASURE_SECONDS),
        replace(WELL, backup_age=health.BACKUP_SECONDS),
    ],
)
def test_at_its_threshold_a_part_is_fine(facts: Facts) -> None:
    assert states(judge(facts)) == {}


def test_what_the_database_would_have_said_is_not_called_fine() -> None:
    report = judge(replace(WELL, kept=None, writes=False))
    assert states(report) == {
        "database": "bad",
        "outbox": "watch",
        "clock": "watch",
        "erasures": "watch",
        "set aside": "watch",
        "hold": "watch",
    }
    said = {check.says for check in report.checks if check.state == "watch"}
    assert said == {"not known while the database does not answer"}
    assert [check.says for check in report.checks if check.state == "bad"] == ["does not answer"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (119.9, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"),
     (172_799, "47 h"), (172_800, "2 d")],
)  # fmt: skip
def test_an_age_in_words(seconds: float, said: str) -> None:
    assert age(seconds) == said
