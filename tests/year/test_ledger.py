"""What people did stands in the ledger as the program must keep it, whatever becomes of it."""

from __future__ import annotations

from tests.crash.checker import broken_answers
from tests.crash.people import Ledger


def options(_: str) -> tuple[str, tuple[str, ...]]:
    return "rating", ()


def test_what_was_taken_away_stays_said() -> None:
    """A check-in about another's session keeps its answers, and counts nowhere."""
    ledger = Ledger()
    for checkin in ("wrong", "own"):
        ledger.tapped(f"rate.{checkin}.heard.3")
        ledger.heard(f"rate.{checkin}.heard.3")
    ledger.unmet |= {"wrong", "own"}
    ledger.take_away({"wrong"})
    assert ledger.touched == {("wrong", "heard"), ("own", "heard")}
    assert ledger.erased == {}
    assert ledger.unmet == {"own"}
    kept = dict.fromkeys(ledger.touched, (3, None))
    assert broken_answers(ledger, kept, options) == []
    del kept["wrong", "heard"]
    assert broken_answers(ledger, kept, options) == ["lost: ('wrong', 'heard') [(3, True)]"]
