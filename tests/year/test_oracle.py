"""The year's judge finds what it looks for: one promise after the other is broken on purpose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.core.sessions import Given
from bot.core.timetable import after_quiet
from bot.services.acknowledgements import Acknowledgements
from bot.services.checkins import CheckIns
from bot.services.deciding import Deciding
from bot.services.digest_making import DigestMaking
from bot.services.talks import Talk
from bot.store import digest_answers, updates
from tests.year.rounds import play

#: A cast with a late tapper, other time zones, and somebody who meets more often than is asked.
_SEED = 23
_DAYS, _CLIENTS = 25, 12

Break = Callable[[pytest.MonkeyPatch], None]


async def _none(*_: object) -> None:
    return None


async def _false(*_: object) -> bool:
    return False


def _asks_too_often(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("bot.services.asking._cap", _none)


def _asks_too_rarely(patch: pytest.MonkeyPatch) -> None:
    async def cap(_: Any, __: Any, ___: Any, ended: Any) -> str | None:
        return "per_week" if ended.local_on == "2026-11-10" else None

    patch.setattr("bot.services.asking._cap", cap)


def _reminds_who_is_done(patch: pytest.MonkeyPatch) -> None:
    sound = Deciding._objection

    async def objection(self: Deciding, tx: Any, message: Any, pair: Any) -> str | None:
        said = await sound(self, tx, message, pair)
        return None if said == "answered" else said

    async def delivery(self: CheckIns, checkin_id: int) -> Talk | None:
        # It is looked at twice: when it is due, and when it is made.
        talk = await looked(self, checkin_id)
        return talk and replace(talk, checkin=replace(talk.checkin, completed_at=None))

    looked = CheckIns.delivery
    patch.setattr(CheckIns, "delivery", delivery)
    patch.setattr(Deciding, "_objection", objection)


def _forgets_own_clocks(patch: pytest.MonkeyPatch) -> None:
    async def outside(_: object, __: object, ___: object, at: int) -> int:
        return after_quiet(at, "21:00", "08:00", "Europe/Berlin")

    patch.setattr("bot.services.deciding.outside_quiet", outside)
    patch.setattr("bot.services.asking.outside_quiet", outside)


def _makes_digests_late(patch: pytest.MonkeyPatch) -> None:
    sound = DigestMaking._due
    patch.setattr(
        DigestMaking,
        "_due",
        lambda self, weekly, force, now: sound(self, weekly, force, now - 3_600_000),
    )


def _tells_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Acknowledgements, "telling", _none)


def _takes_late_taps(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(CheckIns, "_refuse_closed", lambda self, checkin: None)


def _sweeps_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(updates, "any_to_forget", _false)


def _shows_other_numbers(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(digest_answers, "_number", lambda item, plain: Given(item, 10))


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("breaks", "invariant"),
    [
        (_asks_too_often, "asked"),
        (_asks_too_rarely, "asked"),
        (_reminds_who_is_done, "recorded"),
        (_forgets_own_clocks, "nights"),
        (_makes_digests_late, "weekly"),
        (_tells_nobody, "told"),
        (_takes_late_taps, "closed"),
        (_sweeps_nothing, "bounded"),
        (_shows_other_numbers, "numbers"),
    ],
)
async def test_a_broken_promise_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, breaks: Break, invariant: str
) -> None:
    breaks(monkeypatch)
    tally, _ = await play(tmp_path, _SEED, _DAYS, _CLIENTS)
    assert invariant in {violation.invariant for violation in tally.violations}
