"""Words: the languages, and how dates, times and scores are written in each.

Owns which language is spoken now (a ContextVar, so that one environment serves everybody) and the
catalogues. Refuses to know any template.
"""

from __future__ import annotations

import gettext as gettext_module
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_skeleton, get_day_names
from babel.numbers import format_decimal

_language: ContextVar[str] = ContextVar("language", default="en")
_DOMAIN: Final = "rapport"


def templates_folder() -> Path:
    """Find the templates: beside `bot/` in a checkout, inside it in a wheel."""
    here = Path(__file__).parents[1]
    for candidate in (here / "templates", here.parent / "templates"):
        if (candidate / "locale").is_dir():
            return candidate
    raise FileNotFoundError("the templates folder is missing from this installation")


@lru_cache(maxsize=8)
def _translations(language: str) -> gettext_module.NullTranslations:
    """Load a language's catalogue; `de_du` falls back to `de`, and that to English."""
    chain = [language, language.split("_")[0]] if "_" in language else [language]
    return gettext_module.translation(
        _DOMAIN, templates_folder() / "locale", languages=chain, fallback=True
    )


@lru_cache(maxsize=8)
def _locale(language: str) -> Locale:
    return Locale.parse(language.split("_")[0])


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak a language (`en`, `de`, `de_du`) within this block."""
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


def spoken() -> str:
    """Give the language that is spoken now."""
    return _language.get()


def gettext(text: str) -> str:
    """Translate a text into the language that is spoken now."""
    return _translations(_language.get()).gettext(text) if text else ""


def ngettext(one: str, many: str, n: int) -> str:
    """Translate a text with a number into the language that is spoken now."""
    return _translations(_language.get()).ngettext(one, many, n)


def weekday(on: str) -> str:
    """Give the short name of a local date's weekday: `Mon`."""
    names = get_day_names("abbreviated", locale=_locale(_language.get()))
    return str(names[date.fromisoformat(on).weekday()]).rstrip(".")


def full_weekday(on: str) -> str:
    """Give the name of a local date's weekday: `Monday`."""
    return str(get_day_names("wide", locale=_locale(_language.get()))[_weekday_of(on)])


def _weekday_of(on: str) -> int:
    return date.fromisoformat(on).weekday()


def day(on: str) -> str:
    """Give a local date with its weekday: `Mon, Nov 23`."""
    return str(format_skeleton("MMMEd", date.fromisoformat(on), locale=_locale(_language.get())))


def short_day(on: str) -> str:
    """Give a local date without its weekday: `Nov 23`."""
    return str(format_skeleton("MMMd", date.fromisoformat(on), locale=_locale(_language.get())))


def dated(on: str) -> str:
    """Give a local date with its year: `Nov 23, 2036`."""
    return str(format_skeleton("yMMMd", date.fromisoformat(on), locale=_locale(_language.get())))


def month(on: str) -> str:
    """Give a local date's month with its year: `November 2036`."""
    return str(format_skeleton("yMMMM", date.fromisoformat(on), locale=_locale(_language.get())))


def moment(at: int, zone: str) -> str:
    """Give an instant as weekday and time in a zone: `Fri 17:00`."""
    local = _local(at, zone)
    return f"{weekday(local.date().isoformat())} {local:%H:%M}"


def dated_moment(at: int, zone: str) -> str:
    """Give an instant with its date in a zone: `Fri, Nov 27, 17:00`."""
    local = _local(at, zone)
    return f"{day(local.date().isoformat())}, {local:%H:%M}"


def soon(at: int, zone: str, now: int) -> str:
    """Give an instant as it is said now: `today at 17:25`, `on Fri, Nov 27 at 17:00`."""
    local, today = _local(at, zone), _local(now, zone).date()
    at_time = f"{local:%H:%M}"
    if local.date() == today:
        return gettext("today at %(time)s") % {"time": at_time}
    if local.date() == today + timedelta(days=1):
        return gettext("tomorrow at %(time)s") % {"time": at_time}
    on = day(local.date().isoformat())
    return gettext("on %(day)s at %(time)s") % {"day": on, "time": at_time}


def named_day(at: int, zone: str) -> str:
    """Give an instant's date in a zone with its weekday in full: `Friday, Nov 27`."""
    on = _local(at, zone).date()
    short = format_skeleton("MMMd", on, locale=_locale(_language.get()))
    return f"{full_weekday(on.isoformat())}, {short}"


def clock(at: int, zone: str) -> str:
    """Give an instant's time in a zone: `17:00`."""
    return f"{_local(at, zone):%H:%M}"


def _local(at: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(zone))


def score(value: float) -> str:
    """Give a score with one decimal in the language's writing: `7.0` or `7,0`."""
    return str(format_decimal(value, "0.0", locale=_locale(_language.get())))
