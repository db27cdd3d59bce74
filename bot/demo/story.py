"""The story that the demo tells, as data: three weeks of Anna and Ben, with a repair.

Owns what happens, in which words it is introduced, and how long a reader needs for each step.
Refuses to know who tells it: `telling` plays it, `terminal` and `page` show it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Writes:
    """Somebody writes a message; `{monday}` stands for the date of the next Monday."""

    who: str
    text: str
    seconds: float = 1.4


@dataclass(frozen=True, slots=True)
class Joins:
    """Somebody opens the invitation that stands newest on another one's phone."""

    who: str
    inviter: str
    seconds: float = 1.6


@dataclass(frozen=True, slots=True)
class Taps:
    """Somebody taps a button."""

    who: str
    label: str
    seconds: float = 1.1


@dataclass(frozen=True, slots=True)
class Reads:
    """Somebody must have these words from the bot. note: the caption from now on."""

    who: str
    words: str
    note: str = ""
    seconds: float = 3.0


@dataclass(frozen=True, slots=True)
class Until:
    """Time passes until "Mon 16:20" in the practice."""

    words: str
    seconds: float = 0.8


@dataclass(frozen=True, slots=True)
class Minutes:
    """A few minutes pass."""

    number: int
    seconds: float = 0.8


Step = Writes | Joins | Taps | Reads | Until | Minutes


@dataclass(frozen=True, slots=True)
class Scene:
    """A part of the story with a title and its first caption."""

    title: str
    caption: str
    steps: tuple[Step, ...]


def _rates(who: str, *numbers: int) -> tuple[Step, ...]:
    return tuple(Taps(who, str(number), 0.65) for number in numbers)


THERAPIST_JOINS: Final = Scene(
    "Ben joins",
    "Dana runs the practice. She invites Ben, a therapist.",
    (
        Writes("Dana", "/invite_therapist"),
        Joins("Ben", "Dana"),
        Reads("Ben", "Welcome", seconds=1.8),
    ),
)


def client_joins(who: str, code: str, first: str) -> Scene:
    """Give the scene of a client's joining; first: date and time of the first appointment."""
    return Scene(
        f"{who} joins",
        f"Ben invites {who} under a code: no names in the digest.",
        (
            Writes("Ben", f"/invite {code}"),
            Joins(who, "Ben", 1.4),
            Taps(who, "English", 1.0),
            Taps(who, "Yes, that is right", 1.0),
            Reads(who, "Do you agree?", f"{who} reads what it is about, and agrees.", 2.6),
            Taps(who, "I agree"),
            Reads("Ben", "Is that your client?", "Ben confirms who joined.", 1.2),
            Taps("Ben", "Yes, that is my client"),
            Writes("Ben", f"/add {code} {first} 50m weekly"),
            Taps("Ben", "Confirm"),
        ),
    )


_GOOD_WEEK: Final = Scene(
    "Week 1: a good session",
    "Half an hour after the appointment Anna is asked. Five taps, under a minute.",
    (
        Until("Mon 16:20"),
        Reads("Anna", "A short check-in about Monday", seconds=2.2),
        *_rates("Anna", 8, 9, 8, 8, 9),
        Taps("Anna", "Skip ›", 1.0),
        Reads(
            "Anna",
            "This goes to your therapist on",
            "She sees what goes to Ben, and when.",
            2.6,
        ),
    ),
)

_CALM_DIGEST: Final = Scene(
    "Friday: a calm digest",
    "On Friday Ben gets one message for the whole week. Nothing stands out.",
    (
        Until("Fri 17:00"),
        Reads("Ben", "Nothing stands out", seconds=3.6),
        Taps("Ben", "Read this one"),
    ),
)

_LOW_WEEK: Final = Scene(
    "Week 2: something got in the way",
    "A week later Anna did not feel heard. She says so with a number.",
    (
        Until("Mon 16:20"),
        Reads("Anna", "A short check-in about Monday", seconds=1.6),
        *_rates("Anna", 3, 7, 5, 8, 4),
        Reads("Anna", "get in the way", "After a low answer the bot asks what it was.", 3.0),
        Taps("Anna", "didn't feel listened to", 0.9),
        Taps("Anna", "pace", 0.9),
        Taps("Anna", "Done ›", 1.2),
        Writes("Anna", "It went a bit fast for me today.", 1.6),
        Reads(
            "Anna",
            "What should happen with it?",
            "Her own words are hers: she chooses who sees them.",
            2.8,
        ),
        Taps("Anna", "Raise it for me", 1.8),
    ),
)

_FIRST_DIGEST: Final = Scene(
    "Friday: talk about this first",
    "A7 stands on top, with the reason and a way to open the conversation.",
    (
        Until("Fri 17:00"),
        Reads("Ben", "Talk about this first", seconds=5.5),
        Taps("Ben", "Let's talk about it", 1.8),
    ),
)

_TOLD: Final = Scene(
    "Anna is told",
    "Two minutes later Anna knows that Ben has read it and would like to talk about it.",
    (
        Minutes(3),
        Reads("Anna", "would like to make room for it", seconds=4.0),
        Taps("Anna", "OK"),
    ),
)

_REPAIRED: Final = Scene(
    "Week 3: did you two talk about it?",
    "They met again. The next check-in asks whether it was talked about.",
    (
        Until("Mon 16:20"),
        Reads("Anna", "A short check-in about Monday", seconds=1.4),
        *_rates("Anna", 8, 9, 8, 8, 9),
        Taps("Anna", "Skip ›", 1.0),
        Reads("Anna", "Did you two talk about it?", seconds=2.6),
        Taps("Anna", "Yes", 1.4),
    ),
)

_RECOVERED: Final = Scene(
    "Friday: back on track",
    "Nothing stands out any more, and the line goes up again.",
    (
        Until("Fri 17:00"),
        Reads("Ben", "Calm (1)", seconds=4.5),
        Taps("Ben", "Read this one"),
    ),
)

STORY: Final = (
    THERAPIST_JOINS,
    client_joins("Anna", "A7", "{monday} 15:00"),
    _GOOD_WEEK,
    _CALM_DIGEST,
    _LOW_WEEK,
    _FIRST_DIGEST,
    _TOLD,
    _REPAIRED,
    _RECOVERED,
)

THE_END: Final = "The loop is closed: asked, answered, read, told, talked about."
