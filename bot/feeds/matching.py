"""Whose session an event is: ordered rules, the first that hits decides, and none guesses.

Owns the rules and what counts as one answer. Where a rule gives two codes, nobody knows, and the
event is asked about like one that no rule knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.config import Settings
from bot.config.values import MatchRule
from bot.core.people import tidy_code
from bot.feeds.facts import Event

RULES: Final[tuple[MatchRule, ...]] = ("tag", "summary", "attendee", "title")

#: Gives the codes that some words of a kind (`attendee`, `title`) stand for.
Known = Callable[[str, Sequence[str]], set[str]]

#: A pattern looks at so many characters: its author may not have thought of longer ones.
_LOOKED_AT: Final = 200


@dataclass(frozen=True, slots=True)
class Match:
    """code: whose session it is, None for nobody known. by: the rule that decided.

    unclear: that rule found more than one code, or what cannot be one.
    """

    code: str | None = None
    by: MatchRule | None = None
    unclear: bool = False


@dataclass(frozen=True, slots=True)
class Matching:
    """The rules in their order.

    tag: what a category begins with before the code. pattern: has a group `code`, looked for in the
    summary.
    """

    order: Sequence[MatchRule] = RULES
    tag: str = "client:"
    pattern: re.Pattern[str] | None = None

    def match(self, event: Event, known: Known = lambda kind, words: set()) -> Match:
        """Say whose session an event is. known: the practice's aliases."""
        finders: Mapping[MatchRule, Callable[[Event], set[str]]] = {
            "tag": self._tagged,
            "summary": self._in_summary,
            "attendee": lambda event: known("attendee", event.attendees),
            "title": lambda event: known("title", (event.summary,)),
        }
        for rule in self.order:
            found = finders[rule](event)
            if len(found) == 1:
                code = tidy_code(next(iter(found)))
                if code is not None:
                    return Match(code, rule)
            if found:
                return Match(None, rule, unclear=True)
        return Match()

    def _tagged(self, event: Event) -> set[str]:
        tag = self.tag.casefold()
        found = {
            word[len(tag) :].strip().upper()
            for word in event.categories
            if word.casefold().startswith(tag)
        }
        return found | ({event.client_code.upper()} if event.client_code else set())

    def _in_summary(self, event: Event) -> set[str]:
        if self.pattern is None:
            return set()
        found = self.pattern.finditer(event.summary[:_LOOKED_AT])
        return {code.strip().upper() for one in found if (code := one["code"])}


def matching_of(settings: Settings) -> Matching:
    """Give the practice's rules."""
    own = settings.calendar
    pattern = re.compile(own.summary_pattern) if own.summary_pattern else None
    return Matching(order=own.match, tag=own.tag, pattern=pattern)
