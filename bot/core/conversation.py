"""The check-in conversation as a pure function of its answers.

There is no pointer: where a conversation stands is the first shown item that has no answer yet
or is still in hand (chips being picked, a text whose disclosure is open, an answer gone back to).
Events may come late, twice or in any order; each names what it wants to be so, never "toggle".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, assert_never

from bot.core.errors import Refused
from bot.core.instrument import Condition, Instrument, Item
from bot.core.order import was_said_before

Disclosure = Literal["keep", "show", "raise"]
Value = int | str | tuple[str, ...] | None

#: The longest text kept for one item, in characters: one message can show all of it again.
TEXT_LIMIT: Final = 4000


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to one item; `value` None means skipped (missing is not zero).

    in_hand: still being answered, or gone back to. Times are UTC milliseconds. update_id: the
    latest update that gave it, None where none is known.
    """

    item: str
    value: Value = field(repr=False)
    disclosure: Disclosure | None = None
    in_hand: bool = False
    answered_at: int = 0
    changed_at: int = 0
    update_id: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Known:
    """What conditions need of the past, frozen when the check-in is made.

    usual: the own usual per rating item. count: check-ins completed before this one.
    acknowledged: how the last check-in was acknowledged ("talk" is asked about). asks: what is
    asked in place of the open question (`bot.core.rhythm`). goals: the ids of the goals that are
    rated, in the order of their items. shut: the items whose answers may not show at the moment;
    they count as missing, so that what is asked besides tells nothing of them.
    """

    usual: Mapping[str, float] = field(default_factory=dict)
    count: int = 0
    acknowledged: str | None = None
    asks: tuple[str, ...] = ()
    goals: tuple[int, ...] = ()
    shut: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rate:
    """A rating was tapped or typed."""

    item: str
    value: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pass:
    """Skip an unanswered item; leave a reopened one as it is; chips: that was all."""

    item: str


@dataclass(frozen=True, slots=True)
class Chip:
    """An option is to be chosen, or is not."""

    item: str
    option: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Choose:
    """The one option of a choice."""

    item: str
    option: str


@dataclass(frozen=True, slots=True)
class Write:
    """Free text; further messages are added to the first."""

    item: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Disclose:
    """What may become of the free text."""

    item: str
    disclosure: Disclosure


@dataclass(frozen=True, slots=True)
class Remove:
    """Take back a free text."""

    item: str


@dataclass(frozen=True, slots=True)
class Reopen:
    """Go back to an item, or add something to one that was never asked."""

    item: str


Event = Rate | Pass | Chip | Choose | Write | Disclose | Remove | Reopen
Answers = Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class Step:
    """What one event does. save: the answers to store. answers: all of them afterwards.

    again: the answer that was given once more as it stands. position: the item to show next, None
    when there is nothing more to ask. completed: every rating was passed.
    """

    save: tuple[Answer, ...]
    again: Answer | None
    answers: Answers
    position: Item | None
    completed: bool


def holds(condition: Condition, answers: Answers, known: Known) -> bool:
    """Say whether a condition holds; what is missing never holds."""
    if condition.word == "every":
        return (known.count + 1) % int(condition.value) == 0
    # A plain loop: these are the innermost steps of every tap, and generators cost twice as much.
    for key in condition.items:
        if _holds_for(condition, key, answers, known) != condition.all_of:
            return not condition.all_of
    return condition.all_of


def _holds_for(condition: Condition, key: str, answers: Answers, known: Known) -> bool:
    if condition.word == "includes":
        if key == "acknowledged":
            return known.acknowledged == condition.value
        if key == "asks":
            return condition.value in known.asks
        given = None if key in known.shut else answers.get(key)
        value = given.value if given else None
        return condition.value in value if isinstance(value, tuple) else value == condition.value
    given = None if key in known.shut else answers.get(key)
    if given is None or not isinstance(given.value, int):
        return False
    limit = float(condition.value)
    match condition.word:
        case "at_most":
            return given.value <= limit
        case "at_least":
            return given.value >= limit
        case "below_usual_by":
            usual = known.usual.get(key)
            return usual is not None and usual - given.value >= limit
        case "every":  # pragma: no cover - answered in `holds`; named for `assert_never`
            raise AssertionError("every has no items")
        case _ as never:
            assert_never(never)


def shown(item: Item, answers: Answers, known: Known) -> bool:
    """Say whether an item is part of this conversation; what was answered stays part of it."""
    given = None if item.key in known.shut else answers.get(item.key)
    if given is not None and (given.in_hand or given.value is not None):
        return True
    if item.hide_if and _any_group_holds(item.hide_if, answers, known):
        return False
    return not item.show_if or _any_group_holds(item.show_if, answers, known)


def _any_group_holds(groups: Iterable[Iterable[Condition]], answers: Answers, known: Known) -> bool:
    for group in groups:
        for condition in group:
            if not holds(condition, answers, known):
                break
        else:
            return True
    return False


def shown_items(instrument: Instrument, answers: Answers, known: Known) -> tuple[Item, ...]:
    """List the items of this conversation in order, as far as they are known by now."""
    return tuple(item for item in instrument.items if shown(item, answers, known))


def position(instrument: Instrument, answers: Answers, known: Known) -> Item | None:
    """Give the item to show, or None when there is nothing more to ask."""
    for item in instrument.items:
        given = answers.get(item.key)
        # Whether an item is shown is asked last: its conditions are most of what a tap computes.
        if (given is None or given.in_hand) and shown(item, answers, known):
            return item
    return None


def item_before(
    instrument: Instrument, answers: Answers, known: Known, here: Item | None
) -> Item | None:
    """Give the item that Back leads to, or None at the first one (or a gap before `here`)."""
    before = None
    for item in instrument.items:
        if not shown(item, answers, known):
            continue
        if here is not None and item.key == here.key:
            return before
        before = item
    return before


def is_completed(instrument: Instrument, answers: Answers) -> bool:
    """Say whether every rating was passed; whoever skips all of them has been asked as well."""
    return bool(answers) and all(
        (a := answers.get(item.key)) is not None and (a.value is not None or not a.in_hand)
        for item in instrument.ratings
    )


def rated(instrument: Instrument, answers: Answers) -> tuple[int, int]:
    """Count the ratings given, and how many there are ("started, 3 of 5")."""
    ratings = instrument.ratings
    given = sum(1 for item in ratings if (a := answers.get(item.key)) and a.value is not None)
    return given, len(ratings)


def reply_to(
    instrument: Instrument,
    answers: Answers,
    known: Known,
    event: Event,
    now: int,
    update_id: int | None = None,
) -> Step:
    """Apply one event; saving the same thing again saves nothing.

    now: UTC milliseconds. update_id: what brought the event. Errors: Refused("stale_button") for
    what this conversation has not, Refused("text_too_long").
    """
    item = instrument.find_item(event.item)
    if item is None or not _fits(item, event):
        raise Refused("stale_button")
    before = answers.get(item.key)
    if before is not None and _is_newer(before, update_id, now):
        after = _applied_late(item, before, event, now)
    else:
        after = _applied(item, before, event, now)
        after = after and replace(after, update_id=update_id)
    again = None
    if after is not None and before is not None and after == replace(before, changed_at=now):
        after = again = replace(before, update_id=after.update_id)
    merged = {**answers, after.item: after} if after else answers
    return Step(
        save=(after,) if after and not again else (),
        again=again,
        answers=merged,
        position=position(instrument, merged, known),
        completed=is_completed(instrument, merged),
    )


def _fits(item: Item, event: Event) -> bool:
    match event:
        case Rate(value=value):
            return item.kind == "rating" and item.lowest <= value <= item.highest
        case Chip(option=option):
            return item.kind == "chips" and option in item.options
        case Choose(option=option):
            return item.kind == "choice" and option in item.options
        case Write() | Disclose() | Remove():
            return item.kind == "text"
        case Pass() | Reopen():
            return True
        case _ as never:
            assert_never(never)


def _applied(item: Item, before: Answer | None, event: Event, now: int) -> Answer | None:
    start = before or Answer(item.key, None, answered_at=now, changed_at=now)
    value, disclosure = start.value, start.disclosure
    in_hand = False
    match event:
        case Rate(value=tapped):
            value = tapped
        case Choose(option=option):
            value = option
        case Pass():
            pass
        case Chip(option=option, chosen=chosen):
            value, in_hand = _picked(item, value, option, chosen), True
        case Write(text=text):
            # What is added was not meant when the first part was shared: the choice is open again.
            value, in_hand, disclosure = _added(value, text), True, "keep"
        case Disclose(disclosure=wanted):
            if value is None:
                return None
            disclosure = wanted
        case Remove():
            value, disclosure = None, None
        case Reopen():
            in_hand = True
        case _ as never:
            assert_never(never)
    return replace(start, value=value, disclosure=disclosure, in_hand=in_hand, changed_at=now)


def _applied_late(item: Item, before: Answer, event: Event, now: int) -> Answer | None:
    """Apply an event to an answer that was given after it: what was done later stays done.

    None: nothing is left of it. What was passed later keeps the value it was passed with, a text
    for the client alone; a text that may have been removed does not come back.
    """
    was_only_passed = before.value is None and before.answered_at == before.changed_at
    match event:
        case Write() if before.value is not None or before.in_hand:
            return _applied(item, before, event, now)
        case Write() if was_only_passed:
            pass
        case Rate() | Choose() if before.value is None:
            pass
        case _:
            return None
    late = _applied(item, before, event, now)
    return late and replace(late, in_hand=before.in_hand)


def _is_newer(answer: Answer, update_id: int | None, now: int) -> bool:
    return was_said_before(update_id, answer.update_id, answer.changed_at, now)


def said_before(answers: Answers, update_id: int | None, now: int) -> Answers:
    """Give the answers as an update finds them that was said before some of them were given."""
    return {key: a for key, a in answers.items() if not _is_newer(a, update_id, now)}


def is_overtaken(
    instrument: Instrument, answers: Answers, event: Event, update_id: int | None, now: int
) -> bool:
    """Say whether nothing would be left of an event, because of what was said after it."""
    given = answers.get(event.item)
    if given is None or not _is_newer(given, update_id, now):
        return False
    return _applied_late(instrument.item(event.item), given, event, now) is None


def _picked(item: Item, value: Value, option: str, chosen: bool) -> tuple[str, ...] | None:
    had = set(value) if isinstance(value, tuple) else set()
    if not chosen:
        had.discard(option)
    elif option in item.exclusive:
        had = {option}
    else:
        had = (had - set(item.exclusive)) | {option}
    return tuple(o for o in item.options if o in had) or None


def _added(value: Value, text: str) -> str:
    joined = f"{value}\n{text.strip()}" if isinstance(value, str) else text.strip()
    if len(joined) > TEXT_LIMIT:
        raise Refused("text_too_long", limit=TEXT_LIMIT)
    return joined
