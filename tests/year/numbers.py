"""Whose numbers digests show: each rating and score beside a code is what its own client gave.

Read off Telegram's journal alone: what was tapped, or typed below the questions that stood there.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import product
from typing import Final, NamedTuple

from bot.emulator import Journal
from tests.year.verdict import Message, digests_of, message_of

_ITEMS: Final = ("heard", "bond", "goals", "tasks", "fit")
_ENTRY: Final = re.compile(r"^(?:Talk about this first: )?([A-D][1-9]\d?) · ")
_RATINGS: Final = re.compile(" · ".join(rf"{item} (\d+|–)" for item in _ITEMS))
#: A score right after a course that ends with one.
_SCORE: Final = re.compile(r"[▁-█] (\d+\.\d)")
#: A score needs so many of the five.
_ENOUGH: Final = 4
#: From its question on, a check-in has come to a digest within this time, holidays included.
_LATEST_MS: Final = 35 * 86_400_000

#: The values that each of the five has had in a check-in; 1 to 3 where it was corrected.
_Values = Mapping[str, Set[int]]


class Given(NamedTuple):
    """A number that somebody gave, by check-in and item, as buttons name them."""

    at: int
    chat: int
    checkin: str
    item: str
    value: int


def given_in(journal: Journal) -> list[Given]:
    """List all of them; what was typed may be for each question that stood there."""
    found: list[Given] = []
    standing: defaultdict[int, dict[int, dict[str, str]]] = defaultdict(dict)
    for entry in journal.read():
        if (message := message_of(entry)) is not None and isinstance(entry.result, dict):
            asks = [push.split(".")[1:3] for push in message.pushes if push.startswith("rate.")]
            standing[message.chat][entry.result["message_id"]] = dict(asks)
        elif entry.kind == "act" and entry.chat is not None:
            data, text = entry.params.get("data") or "", entry.params.get("text") or ""
            if data.startswith("rate."):
                _, checkin, item, value = data.split(".")
                found.append(Given(entry.at, entry.chat, checkin, item, int(value)))
            elif entry.method == "write" and text.isdecimal():
                asked = {ask for asks in standing[entry.chat].values() for ask in asks.items()}
                found += [Given(entry.at, entry.chat, *ask, int(text)) for ask in asked]
    return found


def own_numbers(
    messages: Iterable[Message], given: Sequence[Given], chats: Mapping[str, Set[int]]
) -> Iterator[str]:
    """chats: whose a code is, on all phones."""
    by_chat: defaultdict[int, list[Given]] = defaultdict(list)
    for one in given:
        by_chat[one.chat].append(one)
    for page, which in digests_of(messages):
        code = ""
        for line in page.text.splitlines():
            if entry := _ENTRY.match(line):
                code = entry[1]
            ratings, score = _RATINGS.match(line), _SCORE.search(line) if entry else None
            if code == "" or not (ratings or score):
                continue
            own = [one for chat in chats[code] for one in by_chat[chat]]
            lately = list(_lately(own, page.at))
            is_own = (
                any(_are_of(ratings.groups(), one) for one in lately)
                if ratings
                else any(score[1] in _scores_of(one) for one in lately)
            )
            if not is_own:
                yield f"{code} in {page.chat}, {which}: {line!r}"


def _lately(given: Iterable[Given], at: int) -> Iterator[_Values]:
    """Give what each check-in had been given before a digest came, and not long before."""
    checkins: defaultdict[str, defaultdict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for one in given:
        if at - _LATEST_MS < one.at <= at and one.item in _ITEMS:
            checkins[one.checkin][one.item].add(one.value)
    yield from checkins.values()


def _are_of(ratings: Sequence[str], values: _Values) -> bool:
    return all(
        rating == "–" or int(rating) in values.get(item, ())
        for item, rating in zip(_ITEMS, ratings, strict=True)
    )


def _scores_of(values: _Values) -> set[str]:
    if len(values) < _ENOUGH:
        return set()
    return {f"{sum(ratings) / len(ratings):.1f}" for ratings in product(*values.values())}
