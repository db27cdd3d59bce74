"""The check-in conversation: a pure function of its answers, whatever order events come in.

The properties play random taps against the packaged questionnaire. The stories below them name
single rules.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.conversation import (
    TEXT_LIMIT,
    Answer,
    Answers,
    Chip,
    Choose,
    Disclose,
    Event,
    Known,
    Pass,
    Rate,
    Remove,
    Reopen,
    Write,
    holds,
    is_completed,
    item_before,
    position,
    rated,
    reply_to,
    shown,
    shown_items,
)
from bot.core.errors import Refused
from bot.core.instrument import Condition, House, Instrument, Item
from bot.core.typed import read_number, read_typed
from bot.instruments import load_instruments, load_numbers

ALLIANCE = load_instruments()["session-alliance"][1]
RATINGS = tuple(item.key for item in ALLIANCE.ratings)
WORDS = load_numbers()

steady = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=80,
    suppress_health_check=[HealthCheck.too_slow],
)


def events_of(item: Item) -> st.SearchStrategy[Event]:
    """Everything the buttons and the keyboard can say about an item."""
    key = item.key
    every: list[st.SearchStrategy[Event]] = [st.just(Pass(key)), st.just(Reopen(key))]
    match item.kind:
        case "rating":
            every.append(st.integers(item.lowest, item.highest).map(lambda n: Rate(key, n)))
        case "chips":
            every.append(
                st.builds(Chip, st.just(key), st.sampled_from(item.options), st.booleans())
            )
        case "choice":
            every.append(st.sampled_from(item.options).map(lambda o: Choose(key, o)))
        case "text":
            every.append(st.sampled_from(["slower", "more pauses"]).map(lambda t: Write(key, t)))
            every.append(st.sampled_from(["keep", "show", "raise"]).map(lambda d: Disclose(key, d)))
            every.append(st.just(Remove(key)))
    return st.one_of(every)


ANY_EVENT = st.one_of([events_of(item) for item in ALLIANCE.items])
KNOWN = st.builds(
    Known,
    usual=st.dictionaries(st.sampled_from(RATINGS), st.floats(0, 10)),
    count=st.integers(0, 8),
    acknowledged=st.sampled_from([None, "talk"]),
)


def play(events: list[Event], known: Known | None = None, start: int = 1) -> dict[str, Answer]:
    """Keep only what each step says is to be saved, as the database does."""
    stored: dict[str, Answer] = {}
    for now, event in enumerate(events, start):
        step = reply_to(ALLIANCE, stored, known or Known(), event, now)
        stored.update({answer.item: answer for answer in step.save})
        assert step.answers == stored
        assert step.position == position(ALLIANCE, stored, known or Known())
    return stored


def facts(answers: Answers) -> dict[str, object]:
    return {key: (a.value, a.disclosure, a.in_hand) for key, a in answers.items()}


@steady
@given(st.lists(ANY_EVENT, max_size=25), KNOWN)
def test_whatever_comes_the_state_is_consistent(events: list[Event], known: Known) -> None:
    stored = play(events, known)
    for key, answer in stored.items():
        item = ALLIANCE.item(key)
        assert answer.answered_at <= answer.changed_at
        if answer.value is None:
            assert answer.disclosure in (None, "keep", "show", "raise")
        elif item.kind == "rating":
            assert isinstance(answer.value, int)
            assert item.lowest <= answer.value <= item.highest
        elif item.kind == "chips":
            assert isinstance(answer.value, tuple)
            assert answer.value == tuple(o for o in item.options if o in answer.value)
            assert len(answer.value) == 1 or not set(answer.value) & set(item.exclusive)
        elif item.kind == "choice":
            assert answer.value in item.options
        else:
            assert answer.disclosure is not None, "a text without a decision about it"
    here = position(ALLIANCE, stored, known)
    visible = shown_items(ALLIANCE, stored, known)
    passed = visible if here is None else visible[: visible.index(here)]
    assert all(item.key in stored and not stored[item.key].in_hand for item in passed)
    assert here is None or here.key not in stored or stored[here.key].in_hand
    assert {key for key, answer in stored.items() if answer.value is not None} <= {
        item.key for item in visible
    }, "an answer that is kept but can no longer be seen"


@steady
@given(st.lists(ANY_EVENT, max_size=20), KNOWN)
def test_saying_the_same_twice_saves_nothing(events: list[Event], known: Known) -> None:
    stored: Answers = {}
    for now, event in enumerate(events, 1):
        first = reply_to(ALLIANCE, stored, known, event, now)
        if not isinstance(event, Write):  # what is written again is added: it was said again
            again = reply_to(ALLIANCE, first.answers, known, event, now + 1_000_000)
            assert again.save == ()
            assert again.answers == first.answers
            assert (again.position, again.completed) == (first.position, first.completed)
        stored = first.answers


@steady
@given(st.lists(ANY_EVENT, max_size=20), st.randoms(use_true_random=False))
def test_items_do_not_care_in_which_order_the_others_were_answered(
    events: list[Event], chance: object
) -> None:
    queues = {item.key: [e for e in events if e.item == item.key] for item in ALLIANCE.items}
    turns = [event.item for event in events]
    chance.shuffle(turns)  # type: ignore[attr-defined]
    other = [queues[key].pop(0) for key in turns]
    assert facts(play(events)) == facts(play(other))


@steady
@given(st.lists(ANY_EVENT, min_size=1, max_size=15), st.data())
def test_late_copies_of_ratings_leave_a_state_that_taps_could_have_made(
    events: list[Event], data: st.DataObject
) -> None:
    copies = [e for e in events if isinstance(e, Rate | Choose)]
    late = data.draw(st.lists(st.sampled_from(copies), max_size=4)) if copies else []
    stored = play([*events, *late])
    for event in late:
        last = next(e for e in reversed(late) if e.item == event.item)
        wanted = last.value if isinstance(last, Rate) else last.option
        assert stored[event.item].value == wanted


@pytest.mark.parametrize(
    "event",
    [
        Rate("nowhere", 5), Rate("heard", 11), Rate("heard", -1), Rate("obstacles", 1),
        Chip("obstacles", "no such chip", True), Chip("heard", "pace", True),
        Choose("talked", "perhaps"), Choose("obstacles", "pace"), Write("heard", "eight"),
        Disclose("heard", "show"), Remove("talked"), Pass("nowhere"), Reopen("nowhere"),
    ],
)  # fmt: skip
def test_what_this_conversation_has_not_is_refused(event: Event) -> None:
    with pytest.raises(Refused, match="stale_button"):
        reply_to(ALLIANCE, {}, Known(), event, 1)


# Position


def test_the_position_is_the_first_question_without_an_answer() -> None:
    assert position(ALLIANCE, {}, Known()) == ALLIANCE.item("heard")
    skipped_ahead = play([Rate("heard", 8), Rate("goals", 8)])
    assert position(ALLIANCE, skipped_ahead, Known()) == ALLIANCE.item("bond")


def test_skipping_is_an_answer_and_not_a_zero() -> None:
    stored = play([Pass(key) for key in RATINGS])
    assert [answer.value for answer in stored.values()] == [None] * 5
    assert position(ALLIANCE, stored, Known()) == ALLIANCE.item("different")
    assert is_completed(ALLIANCE, stored), "asked once is enough, whatever was skipped"
    assert not is_completed(ALLIANCE, play([Pass(key) for key in RATINGS[:4]]))


def test_back_leads_through_what_is_shown_to_the_first_question() -> None:
    stored = play([Rate("heard", 8), Rate("bond", 2), Rate("goals", 8)])
    assert item_before(ALLIANCE, stored, Known(), ALLIANCE.item("heard")) is None
    assert item_before(ALLIANCE, stored, Known(), ALLIANCE.item("tasks")) == ALLIANCE.item("goals")
    all_done = play([Rate(key, 8) for key in RATINGS] + [Pass("different")])
    assert item_before(ALLIANCE, all_done, Known(), None) == ALLIANCE.item("different")
    assert item_before(ALLIANCE, all_done, Known(), ALLIANCE.item("different")) == ALLIANCE.item(
        "fit"
    ), "the chips were never shown, so Back does not stop there"


def test_a_reopened_answer_stays_until_it_is_replaced() -> None:
    stored = play([Rate(key, 8) for key in RATINGS] + [Reopen("bond")])
    assert position(ALLIANCE, stored, Known()) == ALLIANCE.item("bond")
    assert stored["bond"].value == 8
    kept = reply_to(ALLIANCE, stored, Known(), Pass("bond"), 99)
    assert kept.answers["bond"].value == 8
    assert kept.position == ALLIANCE.item("different")
    replaced = reply_to(ALLIANCE, stored, Known(), Rate("bond", 3), 99)
    assert (replaced.answers["bond"].value, replaced.answers["bond"].changed_at) == (3, 99)
    assert replaced.answers["bond"].answered_at == 2, "the first time stays"


def test_what_was_answered_stays_part_of_the_conversation() -> None:
    low = play([Rate(key, 8 if key != "fit" else 2) for key in RATINGS])
    assert position(ALLIANCE, low, Known()) == ALLIANCE.item("obstacles")
    chosen = play(
        [Rate(k, 2) for k in RATINGS] + [Chip("obstacles", "pace", True), Pass("obstacles")]
    )
    raised = reply_to(ALLIANCE, chosen, Known(), Rate("heard", 9), 50).answers
    for key in RATINGS:
        raised = reply_to(ALLIANCE, raised, Known(), Rate(key, 9), 51).answers
    assert ALLIANCE.item("obstacles") in shown_items(ALLIANCE, raised, Known())


def test_a_rating_gone_to_but_never_passed_does_not_complete() -> None:
    four = play([Rate(key, 8) for key in RATINGS[:4]])
    assert not reply_to(ALLIANCE, four, Known(), Reopen("fit"), 9).completed
    assert reply_to(ALLIANCE, four, Known(), Pass("fit"), 9).completed
    assert rated(ALLIANCE, four) == (4, 5)


def test_a_rating_gone_back_to_stays_passed_and_a_skipped_one_is_not_counted() -> None:
    whole = play([Rate(key, 8) for key in RATINGS[:4]] + [Pass("fit")])
    again = reply_to(ALLIANCE, whole, Known(), Reopen("heard"), 9)
    assert again.completed
    assert again.position == ALLIANCE.item("heard")
    assert rated(ALLIANCE, again.answers) == (4, 5)


# Show-if: five words


def condition(word: str, value: float | str, *items: str, all_of: bool = False) -> Condition:
    return Condition(word, value, items, all_of)  # type: ignore[arg-type]


GIVEN = {
    "heard": Answer("heard", 5),
    "bond": Answer("bond", 8),
    "fit": Answer("fit", None),
    "obstacles": Answer("obstacles", ("pace", "rigid")),
    "talked": Answer("talked", "no"),
}
KNOWS = Known(usual={"heard": 7.0, "bond": 8.5}, count=3, acknowledged="talk")


@pytest.mark.parametrize(
    ("asked", "so"),
    [
        (condition("at_most", 5, "heard"), True),
        (condition("at_most", 4, "heard"), False),
        (condition("at_most", 5, "bond", "heard"), True),
        (condition("at_most", 5, "bond", "heard", all_of=True), False),
        (condition("at_least", 8, "bond"), True),
        (condition("at_least", 9, "bond"), False),
        (condition("at_least", 5, "heard", "bond", all_of=True), True),
        (condition("below_usual_by", 2, "heard"), True),
        (condition("below_usual_by", 2.5, "heard"), False),
        (condition("below_usual_by", 2, "bond"), False),
        (condition("includes", "pace", "obstacles"), True),
        (condition("includes", "pac", "obstacles"), False),
        (condition("includes", "no", "talked"), True),
        (condition("includes", "o", "talked"), False),
        (condition("includes", "talk", "acknowledged"), True),
        (condition("includes", "read", "acknowledged"), False),
        (condition("every", 4), True),
        (condition("every", 3), False),
        (condition("every", 1), True),
    ],
)
def test_the_five_words(asked: Condition, so: bool) -> None:
    assert holds(asked, GIVEN, KNOWS) is so


@pytest.mark.parametrize("word", ["at_most", "at_least", "below_usual_by"])
@pytest.mark.parametrize("item", ["fit", "tasks"])
def test_what_is_skipped_or_missing_never_holds(word: str, item: str) -> None:
    assert not holds(condition(word, 0, item), GIVEN, Known(usual={"fit": 9.0, "tasks": 9.0}))
    assert not holds(condition("below_usual_by", 1, "heard"), GIVEN, Known())


def test_groups_are_any_of_all_and_hiding_wins() -> None:
    low, high = condition("at_most", 5, "heard"), condition("at_least", 8, "bond")
    never = condition("at_least", 11, "heard")
    both = Item("x", "text", show_if=((never,), (low, high)))
    assert shown(both, GIVEN, KNOWS)
    assert not shown(Item("x", "text", show_if=((low, never),)), GIVEN, KNOWS)
    assert not shown(Item("x", "text", show_if=((low,),), hide_if=((high,),)), GIVEN, KNOWS)
    assert shown(Item("x", "text", hide_if=((low, never),)), GIVEN, KNOWS)


def test_a_low_rating_asks_what_got_in_the_way_and_every_fourth_fine_one_what_worked() -> None:
    def follow(*numbers: int, known: Known | None = None) -> list[str]:
        stored = play([Rate(k, n) for k, n in zip(RATINGS, numbers, strict=True)])
        items = shown_items(ALLIANCE, stored, known or Known())
        return [item.key for item in items if item.key not in RATINGS]

    assert follow(8, 8, 5, 8, 8) == ["obstacles", "different"]
    assert follow(8, 8, 6, 8, 8) == ["different"]
    assert follow(8, 8, 6, 8, 8, known=Known(usual={"goals": 8.0})) == ["obstacles", "different"]
    assert follow(9, 9, 9, 9, 9, known=Known(count=3)) == ["good"]
    assert follow(9, 9, 9, 9, 9, known=Known(count=2)) == ["different"]
    assert follow(8, 8, 8, 8, 8, known=Known(acknowledged="talk")) == ["different", "talked"]


# Chips


def chips(*events: Event) -> object:
    return play(list(events))["obstacles"].value


def pick(option: str, chosen: bool = True) -> Chip:
    return Chip("obstacles", option, chosen)


def test_a_chip_names_what_is_to_be_so() -> None:
    assert chips(pick("pace"), pick("pace"), pick("rigid")) == ("rigid", "pace")
    assert chips(pick("pace"), pick("pace", False), pick("pace", False)) is None


def test_a_button_of_another_kind_of_item_is_stale() -> None:
    for event in (
        Chip("talked", "yes", True),
        Choose("obstacles", "pace"),
        Rate("obstacles", 3),
        Rate("heard", 11),
        Rate("heard", -1),
        Write("heard", "eight"),
        Pass("nothing"),
    ):
        with pytest.raises(Refused) as refused:
            reply_to(ALLIANCE, {}, Known(acknowledged="talk"), event, 1)
        assert refused.value.reason == "stale_button"


def test_an_item_that_was_skipped_is_left_out_when_its_reason_is_gone() -> None:
    skipped = play([Rate(key, 2) for key in RATINGS] + [Pass("obstacles")])
    assert ALLIANCE.item("obstacles") in shown_items(ALLIANCE, skipped, Known())
    for key in RATINGS:
        skipped = {**reply_to(ALLIANCE, skipped, Known(), Rate(key, 9), 50).answers}
    assert ALLIANCE.item("obstacles") not in shown_items(ALLIANCE, skipped, Known())
    back = reply_to(ALLIANCE, skipped, Known(), Reopen("obstacles"), 51)
    assert back.position == ALLIANCE.item("obstacles"), "gone back to, it can be answered"


def test_exclusive_chips_push_the_others_out_and_are_pushed_out() -> None:
    assert chips(pick("pace"), pick("rigid"), pick("rather_not_say")) == ("rather_not_say",)
    assert chips(pick("rather_not_say"), pick("nothing_particular")) == ("nothing_particular",)
    assert chips(pick("nothing_particular"), pick("pace")) == ("pace",)


def test_what_is_said_once_more_saves_nothing_but_which_update_said_it_last() -> None:
    first = reply_to(ALLIANCE, {}, Known(), Rate("heard", 7), 1, 1)
    assert first.again is None
    more = reply_to(ALLIANCE, first.answers, Known(), Rate("heard", 7), 5, 3)
    assert more.save == ()
    assert more.again == replace(first.answers["heard"], update_id=3)


def test_chips_are_in_hand_until_done() -> None:
    stored = play([Rate(k, 2) for k in RATINGS] + [pick("pace")])
    assert position(ALLIANCE, stored, Known()) == ALLIANCE.item("obstacles")
    done = reply_to(ALLIANCE, stored, Known(), Pass("obstacles"), 9)
    assert done.position == ALLIANCE.item("different")
    assert done.answers["obstacles"].value == ("pace",)


# Typing


def read_at(key: str, text: str, language: str = "en") -> Event:
    return read_typed(ALLIANCE.item(key), text, WORDS)


@pytest.mark.parametrize(
    ("text", "language", "number"),
    [
        ("8", "en", 8), (" 8 ", "en", 8), ("8.", "en", 8), ("8!", "en", 8), ("8/10", "en", 8),
        ("8 / 10", "en", 8), ("10", "en", 10), ("0", "en", 0), ("Eight", "en", 8),
        ("seven.", "en", 7), ("acht", "de", 8), ("FÜNF", "de", 5), ("null", "de", 0),
        ("07", "en", 7),
    ],
)  # fmt: skip
def test_a_typed_number_is_a_tap(text: str, language: str, number: int) -> None:
    assert read_at("heard", text, language) == Rate("heard", number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "good",
        "8/20",
        "8/5",
        "7.5",
        "7,5",
        "-3",
        "8 9",
        "8%",
        "eight and a half",
        "8\n9",
        "1234",
    ],
)
def test_what_is_no_whole_number_of_this_scale_is_asked_for_again(text: str) -> None:
    with pytest.raises(Refused, match="number_expected") as refused:
        read_at("heard", text)
    assert refused.value.facts == {"lowest": 0, "highest": 10}


@pytest.mark.parametrize("text", ["11", "99", "100", "11/10"])
def test_a_number_beyond_the_scale_is_told_so(text: str) -> None:
    with pytest.raises(Refused, match="number_out_of_range") as refused:
        read_at("heard", text)
    assert refused.value.facts == {"lowest": 0, "highest": 10}


def test_a_fraction_is_read_on_the_items_own_scale() -> None:
    to_five = Item("calm", "rating", lowest=1, highest=5)
    assert read_typed(to_five, "4/5", {}) == Rate("calm", 4)
    with pytest.raises(Refused, match="number_expected"):
        read_typed(to_five, "4/10", {})
    assert read_number("4/10", {}) == 4


@pytest.mark.parametrize("key", ["obstacles", "talked"])
def test_where_buttons_are_asked_for_text_is_not_kept(key: str) -> None:
    with pytest.raises(Refused, match="tap_expected"):
        read_at(key, "something private")


def test_where_words_are_asked_for_they_are_taken_as_they_are() -> None:
    assert read_at("different", "8") == Write("different", "8")


def test_where_nothing_is_asked_nothing_is_kept() -> None:
    with pytest.raises(Refused, match="not_kept"):
        read_typed(None, "something private", {})
    with pytest.raises(Refused, match="not_kept"):
        read_at("different", "  \n ")


# Free text


def test_a_text_is_the_clients_own_until_they_say_otherwise() -> None:
    step = reply_to(ALLIANCE, {}, Known(), Write("different", "  slower, please "), 1)
    (answer,) = step.save
    assert (answer.value, answer.disclosure, answer.in_hand) == ("slower, please", "keep", True)
    shared = reply_to(ALLIANCE, step.answers, Known(), Disclose("different", "raise"), 2)
    assert shared.answers["different"].disclosure == "raise"
    assert not shared.answers["different"].in_hand


def test_further_messages_are_added_to_the_first_up_to_the_limit() -> None:
    stored = play([Write("different", "slower"), Write("different", "and warmer")])
    assert stored["different"].value == "slower\nand warmer"
    full = play([Write("different", "a" * TEXT_LIMIT)])
    assert len(str(full["different"].value)) == TEXT_LIMIT
    for events in ([Write("different", "a" * (TEXT_LIMIT + 1))],
                   [Write("different", "a" * TEXT_LIMIT), Write("different", "b")]):  # fmt: skip
        with pytest.raises(Refused, match="text_too_long") as refused:
            play(events)
        assert refused.value.reason == "text_too_long"
        assert refused.value.facts == {"limit": TEXT_LIMIT}


def test_a_removed_text_is_gone_with_its_disclosure() -> None:
    stored = play([Write("different", "slower"), Disclose("different", "show"),
                   Remove("different")])  # fmt: skip
    assert (stored["different"].value, stored["different"].disclosure) == (None, None)
    again = reply_to(ALLIANCE, stored, Known(), Write("different", "new"), 9)
    assert again.answers["different"].disclosure == "keep", "the old decision does not come back"


def test_a_decision_without_a_text_decides_nothing() -> None:
    assert reply_to(ALLIANCE, {}, Known(), Disclose("different", "show"), 1).save == ()
    removed = play([Write("different", "x"), Remove("different")])
    assert reply_to(ALLIANCE, removed, Known(), Disclose("different", "show"), 9).save == ()


def test_an_instrument_without_ratings_is_completed_by_any_answer() -> None:
    note = Instrument("note", 1, "CC0-1.0", (Item("why", "text"),), House(), {})
    assert not is_completed(note, {})
    assert is_completed(note, {"why": Answer("why", "so")})


def test_what_may_not_show_is_missing_for_what_is_asked_besides() -> None:
    low: dict[str, Answer] = {key: Answer(key, 2) for key in RATINGS}
    shut = Known(shut=frozenset(RATINGS))
    assert position(ALLIANCE, low, Known()).key == "obstacles"  # type: ignore[union-attr]
    assert position(ALLIANCE, low, shut).key == "different"  # type: ignore[union-attr]
    said = {**low, "obstacles": Answer("obstacles", ("rigid",))}
    told = Known(shut=frozenset(said))
    assert "obstacles" in [item.key for item in shown_items(ALLIANCE, said, Known())]
    assert "obstacles" not in [item.key for item in shown_items(ALLIANCE, said, told)]
    back = item_before(ALLIANCE, said, told, ALLIANCE.item("different"))
    assert back is not None
    assert back.key == "fit"
    # What the new account says itself counts.
    own = Known(shut=frozenset(RATINGS) - {"fit"})
    assert position(ALLIANCE, low, own).key == "obstacles"  # type: ignore[union-attr]


def test_a_choice_that_may_not_show_is_missing_too() -> None:
    chosen = {"talked": Answer("talked", "no")}
    includes = Condition("includes", "no", ("talked",))
    assert holds(includes, chosen, Known())
    assert not holds(includes, chosen, Known(shut=frozenset({"talked"})))
