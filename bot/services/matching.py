"""Whose the events of a calendar are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.feeds import Found, Kept
from bot.store.feed_events import Whose


@dataclass(frozen=True, slots=True)
class Said:
    """What a calendar says of one event before its pair is known. code: whose, by the rules."""

    event: Found
    code: str | None


def resolved(
    said: Iterable[Said], whose: Mapping[int, Whose], verdicts: Mapping[bytes, int | None]
) -> list[Found]:
    """Say whose events are: by the rules, else by what was answered about their series.

    whose: by pair. verdicts: `{series: pair, or None for nobody's}`.
    """
    codes = _by_code([(one.code, pair_id) for pair_id, one in whose.items()])
    return [_resolved(one, codes, verdicts) for one in said]


def plannable(
    found: Sequence[Found], whose: Mapping[int, Whose], kept: Sequence[Kept]
) -> list[Found]:
    """Take their pair from events of who has stopped or left, but for those that were known.

    Nothing new is made for them, and what there is stays theirs.
    """
    known = {(one.stem, one.starts_at, one.pair_id) for one in kept}
    return [
        one
        if one.pair_id is None
        or whose[one.pair_id].may_plan
        or (one.stem, one.starts_at, one.pair_id) in known
        else replace(one, pair_id=None)
        for one in found
    ]


def _by_code(known: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Give the pair of each code; one that two therapists use is nobody's."""
    found: dict[str, int] = {}
    for code, pair_id in known:
        found[code] = 0 if code in found else pair_id
    return found


def _resolved(said: Said, codes: Mapping[str, int], verdicts: Mapping[bytes, int | None]) -> Found:
    """Say whose an event is: by a rule, else by what was answered about its series."""
    event = said.event
    if said.code is not None and codes.get(said.code):
        return replace(event, pair_id=codes[said.code], is_asked_about=False)
    if event.series in verdicts:
        return replace(event, pair_id=verdicts[event.series], is_asked_about=False)
    return event
