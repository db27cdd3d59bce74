"""What people did stands in the ledger as the program must keep it, whatever becomes of it."""

from __future__ import annotations

from tests.crash.checker import broken_answers
from tests.crash.people import Ledger


def options(item: str) -> tuple[str, tuple[str, ...]]:
    return ("text" if item == "different" else "rating"), ()


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


def test_a_text_that_may_have_been_taken_back_is_kept_until_it_is_shown_again() -> None:
    """In hours that were lost with the server nobody knows what became of it."""
    ledger = Ledger()
    for checkin in ("open", "over"):
        for data in (f"rate.{checkin}.heard.3", f"disclose.{checkin}.different.show"):
            ledger.tapped(data)
            ledger.heard(data)
    ledger.keep_texts({"open"})
    kept: dict[tuple[str, str], tuple[object, str | None]] = {
        ("open", "heard"): (3, None),
        ("over", "heard"): (3, None),
        ("open", "different"): ("words", "keep"),
        ("over", "different"): ("words", "show"),
    }
    assert broken_answers(ledger, kept, options) == []
    for checkin, disclosure in (("open", "show"), ("over", "keep")):
        stored = {**kept, (checkin, "different"): ("words", disclosure)}
        (said,) = broken_answers(ledger, stored, options)
        assert said.startswith(f"not the last: ('{checkin}', 'different disclosed')")
    again = "disclose.open.different.raise"
    ledger.tapped(again)
    ledger.heard(again)
    assert len(broken_answers(ledger, kept, options)) == 1
    assert (
        broken_answers(ledger, {**kept, ("open", "different"): ("words", "raise")}, options) == []
    )
