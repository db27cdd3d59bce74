"""People, pairs and invitations: what they are, and which states allow what.

The unit is the pair (one client with one therapist): consent, code, schedule and history belong
to it. One Telegram person may be in several pairs and have several roles.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal
from unicodedata import category

PairState = Literal["invited", "joined", "active", "paused", "stopped", "ended", "erased"]

#: A code is short and says nothing about the person: letters, digits and single dashes.
CODE_SHAPE: Final = re.compile(r"[A-Z0-9](?:-?[A-Z0-9]){0,7}")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has spoken to the bot. `telegram_id` is None once the account was cut off."""

    id: int
    telegram_id: int | None = field(repr=False)
    name: str = field(repr=False)
    language: str | None
    language_hint: str | None
    timezone: str | None
    quiet_from: str | None
    quiet_to: str | None
    unreachable_at: int | None


@dataclass(frozen=True, slots=True)
class Pair:
    """One client with one therapist. to_end_at: when it ends, which can be undone until then.

    relinked_at: since when the client's new account has not agreed yet. history_from_at: when that
    account may see what was before. objected_at: the account of before says that it is not theirs.
    """

    id: int
    therapist_id: int
    client_id: int | None
    code: str
    state: PairState
    joined_at: int | None
    confirmed_at: int | None
    consented_at: int | None
    consent_version: str | None
    paused_at: int | None
    paused_until_on: str | None
    stopped_at: int | None
    ended_at: int | None
    erase_asked_at: int | None
    less_often_at: int | None = None
    to_end_at: int | None = None
    to_end_with: Literal["goodbye", "word"] | None = None
    relinked_at: int | None = None
    history_from_at: int | None = None
    objected_at: int | None = None

    def shows_before(self, now: int) -> bool:
        """Whether the client's account may see what was before it was theirs."""
        return self.objected_at is None and (self.history_from_at or 0) <= now

    @property
    def may_pause(self) -> bool:
        """Whether there is anything to pause, or to resume."""
        return self.state in ("active", "paused")

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left that could end."""
        return self.state in ("ended", "erased")


def may_hear(state: PairState, stopped_at: int | None) -> bool:
    """Say whether a client is still told what the therapist says to the answers.

    Also after the end, for it is said to the last ones; but not who had stopped before it.
    """
    return state in ("active", "paused") or (state == "ended" and stopped_at is None)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A single-use link. For a client it belongs to a pair; for a therapist to nobody yet."""

    id: int
    kind: Literal["therapist", "client"]
    pair_id: int | None
    invited_by: int | None
    expires_at: int
    used_at: int | None
    used_by: int | None
    revoked_at: int | None


#: Telegram's own limit of a first name.
LONGEST_NAME: Final = 64
_MARKS_AT_MOST: Final = 4
#: They join letters and pictures, and turn nothing around.
_JOINERS: Final = "\u200c\u200d"
#: Letters, marks and signs that show nothing: fillers, selectors, an empty braille cell.
_BLANKS: Final = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\U00013441\U00013442"
    "\U0001d159\U00016fe4" + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)


def tidy_name(given: str) -> str:
    """Give a Telegram name as one line that leaves its neighbours in peace.

    Controls, direction overrides and floods of marks go; where nothing is left to be seen, "–"
    stands.
    """
    kept: list[str] = []
    marks = 0
    for letter in given:
        kind = category(letter)
        if letter.isspace():
            letter = " "
        elif kind in ("Cc", "Cf", "Cs", "Co", "Cn") and letter not in _JOINERS:
            continue
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if marks <= _MARKS_AT_MOST:
            kept.append(letter)
    name = " ".join("".join(kept).split())[:LONGEST_NAME].strip()
    return name if is_seen(name) else "–"


def is_seen(text: str) -> bool:
    """Say whether a text has anything that can be seen."""
    return bool(text.strip(_JOINERS + _BLANKS + " "))


def tidy_code(typed: str) -> str | None:
    """Give a typed code in its one spelling (`a7` → `A7`), or None when it is none."""
    code = typed.strip().upper()
    return code if CODE_SHAPE.fullmatch(code) else None


def looks_like_a_name(code: str) -> bool:
    """Say whether a code could be read as a name, as initials, or as initials with a birth year.

    One letter with digits says nothing; suggested codes are of that kind.
    """
    bare = code.replace("-", "")
    return (
        re.search(r"[A-Z]{3}", code) is not None
        or re.fullmatch(r"[A-Z]{2,}", bare) is not None
        # The years that 0 to 9 and 30 to 99 stand for: others are rather a running number.
        or re.fullmatch(r"[A-Z]{2,3}(?:(?:19|20)\d\d|[03-9]\d)", bare) is not None
    )


def suggest_code(taken: frozenset[str], pick: int, digits_more: int = 0) -> str:
    """Suggest a free code: one letter and one digit, longer when those are used up.

    digits_more: so many digits more from the start, where nobody knows any more which of the
    shorter codes are taken. pick: any non-negative integer; the suggestion starts from there, so
    that codes do not tell the order in which clients came. Letters and digits that are read as one
    another are left out.
    """
    letters, digits = "ABCDEFGHJKLMNPRTUVWXY", "23456789"
    size = 1 + digits_more
    while True:
        space = len(letters) * len(digits) ** size
        for step in range(space):
            number = (pick + step) % space
            code = letters[number % len(letters)]
            number //= len(letters)
            for _ in range(size):
                code += digits[number % len(digits)]
                number //= len(digits)
            if code not in taken:
                return code
        size += 1


#: Languages that people are addressed in; others are answered in the practice's.
LANGUAGES: Final = ("en", "de")


def language_of(person: Person | None, hint: str | None, default: str) -> str:
    """Give the language to address somebody in: chosen, else Telegram's hint, else `default`."""
    if person is not None and person.language is not None:
        return person.language
    hinted = (hint or (person.language_hint if person else None) or "").lower().split("-")[0]
    return hinted if hinted in LANGUAGES else default
