"""What was said later and comes first: the order of the update ids decides."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.conversation import (
    Answer,
    Disclose,
    Event,
    Known,
    Pass,
    Rate,
    Remove,
    Reopen,
    Write,
    is_overtaken,
    position,
    reply_to,
    said_before,
)
from bot.core.order import was_said_before
from bot.instruments import load_instruments

ALLIANCE = load_instruments()["session-alliance"][1]
HOUR = 3_600_000
#: A Sunday morning in November 2026, as instants are.
TODAY = 1_795_942_800_000
Said = tuple[int, Event]
Answers = dict[str, Answer]

steady = settings(derandomize=True, database=None, deadline=None, max_examples=400)


def handled(said: list[Said], answers: Answers | None = None) -> tuple[Answers, list[Said]]:
    """Handle events in this order; give the answers and what was refused."""
    answers, refused = dict(answers or {}), []
    for now, (update_id, event) in enumerate(said, 1000):
        typed = isinstance(event, Write | Rate)
        if typed and is_overtaken(ALLIANCE, answers, event, update_id, now):
            refused.append((update_id, event))
            continue
        answers = dict(reply_to(ALLIANCE, answers, Known(), event, now, update_id).answers)
    return answers, refused


def told(said: list[Said]) -> dict[str, tuple[object, object]]:
    answers, _ = handled(said)
    return {key: (a.value, a.disclosure) for key, a in answers.items()}


@pytest.mark.parametrize(
    ("update_id", "other_id", "hours", "before"),
    [
        (5, 6, 1, True),
        (6, 6, 1, False),
        (7, 6, 1, False),
        (5, 6, 23.999, True),
        (5, 6, 24, False),  # ids began anew: nothing is as late as that
        (None, 6, 1, False),
        (5, None, 1, False),
    ],
)
def test_the_smaller_id_was_said_before_for_a_day(update_id, other_id, hours, before) -> None:
    assert was_said_before(update_id, other_id, TODAY, TODAY + int(hours * HOUR)) is before


def test_a_number_that_comes_late_answers_what_was_asked_when_it_was_typed() -> None:
    answers, _ = handled([(1, Rate("heard", 7)), (3, Rate("bond", 8))])
    at_the_time = said_before(answers, 2, 1001)
    here = position(ALLIANCE, at_the_time, Known())
    assert here is not None
    assert here.key == "bond"
    late = Rate("bond", 3)
    assert is_overtaken(ALLIANCE, answers, late, 2, 1001)
    assert not is_overtaken(ALLIANCE, answers, late, 4, 1001)
    assert not is_overtaken(ALLIANCE, answers, Rate("goals", 3), 2, 1001)


def test_what_comes_late_to_a_skipped_question_was_first_answered_when_that_was_skipped() -> None:
    answers, _ = handled([(1, Rate("heard", 7)), (3, Pass("bond")), (2, Rate("bond", 4))])
    assert (answers["bond"].value, answers["bond"].answered_at) == (4, 1001)


def test_a_tap_that_comes_late_changes_nothing() -> None:
    assert told([(2, Rate("heard", 4)), (1, Rate("heard", 9))])["heard"] == (4, None)
    assert told([(2, Write("different", "Slow.")), (1, Disclose("different", "raise"))])[
        "different"
    ] == (
        "Slow.",
        "keep",
    )


def test_the_same_answer_given_again_is_the_latest_word() -> None:
    assert told([(1, Rate("heard", 7)), (3, Rate("heard", 7)), (2, Rate("heard", 5))])["heard"] == (
        7,
        None,
    )


def test_a_number_that_was_typed_before_skip_is_kept() -> None:
    answers, refused = handled([(2, Pass("heard")), (1, Rate("heard", 6))])
    assert (answers["heard"].value, answers["heard"].in_hand, refused) == (6, False, [])
    answers, refused = handled([(2, Reopen("heard")), (1, Rate("heard", 6))])
    assert (answers["heard"].value, answers["heard"].in_hand, refused) == (6, True, [])


def test_a_text_that_was_written_before_skip_is_kept_for_the_client() -> None:
    answers, refused = handled([(2, Pass("different")), (1, Write("different", "Slow."))])
    note = answers["different"]
    assert (note.value, note.disclosure, note.in_hand) == ("Slow.", "keep", False)
    assert refused == []


def test_a_text_that_comes_after_what_was_shared_is_asked_about_again() -> None:
    shared = [(1, Write("different", "Slow.")), (3, Disclose("different", "show"))]
    answers, _ = handled([*shared, (2, Write("different", "And cold."))])
    note = answers["different"]
    assert (note.value, note.disclosure, note.in_hand) == ("Slow.\nAnd cold.", "keep", True)


def test_a_text_that_may_have_been_removed_does_not_come_back() -> None:
    gone = [(1, Write("different", "Slow.")), (3, Remove("different"))]
    late = (2, Write("different", "And cold."))
    answers, refused = handled([*gone, late])
    assert answers["different"].value is None
    assert refused == [late]
    assert told([*gone, (4, Write("different", "Warm."))])["different"] == ("Warm.", "keep")


ITEMS = ["heard", "bond"]
TAPS = st.one_of(
    st.builds(Rate, st.sampled_from(ITEMS), st.integers(0, 10)),
    st.builds(Pass, st.sampled_from([*ITEMS, "different"])),
    st.builds(Reopen, st.sampled_from([*ITEMS, "different"])),
    st.builds(Disclose, st.just("different"), st.sampled_from(["keep", "show", "raise"])),
)
TYPED = st.one_of(
    st.builds(Rate, st.sampled_from(ITEMS), st.integers(0, 10)),
    st.builds(Write, st.just("different"), st.sampled_from(["Slow.", "Cold."])),
)
OPEN_TO = {None: 0, "keep": 0, "show": 1, "raise": 2}


@steady
@given(st.lists(st.tuples(st.booleans(), TAPS, TYPED), max_size=8), st.randoms())
def test_two_queues_that_overtake_each_other_end_as_one(said, chance) -> None:
    """Each queue keeps its order. What is not refused counts as if all had come in order, but a
    text is never more open than it was made."""
    taps = [(n, tap) for n, (is_tap, tap, _) in enumerate(said) if is_tap]
    typed = [(n, words) for n, (is_tap, _, words) in enumerate(said) if not is_tap]
    queues, came = [taps, typed], []
    while any(queues):
        came.append(chance.choice([queue for queue in queues if queue]).pop(0))
    answers, refused = handled(came)
    in_order, _ = handled([one for one in sorted(came, key=lambda x: x[0]) if one not in refused])
    for item in ITEMS:
        late, right = answers.get(item), in_order.get(item)
        assert (late and late.value) == (right and right.value)
    late, right = answers.get("different"), in_order.get("different")
    assert (late and late.value) == (right and right.value)
    if late and right:
        assert OPEN_TO[late.disclosure] <= OPEN_TO[right.disclosure]
