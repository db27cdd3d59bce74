"""What the digest's tests share: the instrument, invented check-ins, and a small renderer."""

from __future__ import annotations

import datetime as dt
import html
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import jinja2

from bot.core.instrument import Instrument, read_instrument
from bot.core.pair_facts import PairFacts, Talk
from bot.core.sessions import Asked, Given, Window
from bot.core.timetable import to_utc
from bot.render import dated, dated_moment

ROOT = Path(__file__).parent.parent
ZONE = "Europe/Berlin"
HOUR = 3_600_000
DAY = 24 * HOUR

_FOLDER = ROOT / "bot" / "instruments" / "session-alliance-1"
_READ = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in _FOLDER.glob("*.toml")}
INSTRUMENT: Instrument = read_instrument(
    "session-alliance-1", _READ["items"], {k: v for k, v in _READ.items() if k != "items"}
)
HOUSE = INSTRUMENT.house
RATINGS = ("heard", "bond", "goals", "tasks", "fit")

#: Friday 20 Nov 2026, 17:00 in Berlin, and the Friday before.
CUT = to_utc("2026-11-20", "17:00", ZONE)
FROM = to_utc("2026-11-13", "17:00", ZONE)
WINDOW = Window(FROM, CUT, ZONE)
NEXT = Window(CUT, to_utc("2026-11-27", "17:00", ZONE), ZONE)


def asked(
    on: str = "2026-11-16",
    *ratings: int | None,
    time: str = "15:00",
    extra: tuple[Given, ...] = (),
    **changes: object,
) -> Asked:
    """A check-in sent an hour after its appointment, completed an hour later when rated at all.

    Without ratings it expired after two days; `changes` replace any fact.
    """
    starts_at = to_utc(on, time, ZONE)
    given = tuple(
        Given(key, value) for key, value in zip(RATINGS, ratings, strict=False) if value is not None
    )
    whole = len(ratings) == len(RATINGS)
    facts: dict[str, object] = {
        "checkin_id": starts_at,
        "state": "answered" if whole else "partial" if ratings else "expired",
        "instrument": "session-alliance/1",
        "sent_at": starts_at + HOUR,
        "completed_at": starts_at + 2 * HOUR if whole else None,
        "closes_at": starts_at + 49 * HOUR,
        "closed_at": starts_at + 49 * HOUR,
        "answers": (*given, *extra),
    }
    return Asked(on=on, time=time, starts_at=starts_at, **{**facts, **changes})  # type: ignore[arg-type]


def pair(
    code: str, *history: Asked, pair_id: int | None = None, talk: Talk | None = None, **more: object
) -> PairFacts:
    """A pair with these appointments."""
    return PairFacts(
        pair_id=pair_id or int.from_bytes(code.encode(), "big"),
        code=code,
        asked=history,
        talk=talk,
        **more,
    )  # type: ignore[arg-type]


def renderer(
    gettext: Callable[[str], str] = lambda message: message,
    label: Callable[[str, str | None], str] | None = None,
) -> jinja2.Environment:
    """A small stand-in for the renderer: same extension, filters and function names."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, lambda one, many, n: gettext(one if n == 1 else many), newstyle=True
    )
    environment.filters["weekday"] = lambda on: f"{dt.date.fromisoformat(on):%a}"
    environment.filters["day"] = lambda on: f"{dt.date.fromisoformat(on):%a %-d %b}"
    environment.filters |= {"dated": dated, "dated_moment": dated_moment}
    environment.filters["score"] = lambda value: f"{value:.1f}"
    environment.globals["label"] = label or _label
    return environment


def _label(item: str, option: str | None = None) -> str:
    return INSTRUMENT.text("en", f"{item}.{option or 'short'}")


def visible(text: str) -> str:
    """What Telegram shows of HTML text, after its entities were parsed."""
    return html.unescape(re.sub(r"</?(b|i|u|s|code|pre|blockquote|tg-spoiler)>", "", text))


def units(text: str) -> int:
    """The length of a text in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2
