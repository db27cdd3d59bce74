"""What is wrong in a configuration, in words that tell an admin what to do.

Owns: the list of all settings for docs and checks, and the translation of validation errors.
Refuses to show what a secret setting holds.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from reprlib import repr as shortened
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from bot.config.feeds import Feed
from bot.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as the docs show it.

    key: its path, such as `checkin.delay_minutes`. says: one line of description.
    allowed: the values it takes, in words; empty when the description says all.
    default: None when it is required (no setting has an empty default).
    """

    key: str
    says: str
    allowed: str
    required: bool
    secret: bool
    default: object

    @property
    def variable(self) -> str:
        """Give the environment variable that sets it."""
        return "RAPPORT_" + self.key.replace(".", "__").upper()


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to mend: where it stands, what is wrong with it, what to do."""

    key: str
    wrong: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.key} {self.wrong}: {self.remedy}"


class ConfigError(Exception):
    """The configuration cannot be used; `mistakes` names everything that is wrong with it."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(str(mistake) for mistake in mistakes))


def every_setting() -> Iterator[Setting]:
    """Give all settings in the order of the file, but for those of calendars."""
    for section, whole in Settings.model_fields.items():
        if section != "feeds":
            assert isinstance(whole.annotation, type)  # noqa: S101 - a class by design
            yield from _settings_of(whole.annotation, section)


def feed_settings(name: str) -> Iterator[Setting]:
    """Give the settings of the calendar that is declared under a name."""
    return _settings_of(Feed, f"feeds.{name}")


def _settings_of(section: type[BaseModel], key: str) -> Iterator[Setting]:
    for name, field in section.model_fields.items():
        yield Setting(
            key=f"{key}.{name}",
            says=field.description or "",
            allowed=_allowed(field),
            required=field.is_required(),
            secret=field.annotation is SecretStr,
            default=None if field.is_required() else field.default,
        )


def _allowed(field: FieldInfo) -> str:
    kind: Any = field.annotation
    if get_origin(kind) is Literal:
        return " or ".join(f'"{choice}"' for choice in get_args(kind))
    if kind is bool:
        return "true or false"
    if kind is dt.time:
        return 'a time such as "17:30"'
    if kind is Path:
        return "a path"
    lowest = next((mark.ge for mark in field.metadata if isinstance(mark, Ge)), None)
    highest = next((mark.le for mark in field.metadata if isinstance(mark, Le)), None)
    return f"a whole number from {lowest} to {highest}" if kind is int else ""


def unknown(key: str) -> Mistake:
    """Name a setting or section that does not exist, and the one probably meant."""
    section, _, name = key.rpartition(".")
    settings = [setting.key for setting in every_setting()]
    same_section = [k for k in settings if section and k.startswith(f"{section}.")]
    near = (
        [k for k in settings if k.rpartition(".")[2] == name]
        or [k for k in same_section if k.startswith(key)]
        or get_close_matches(key, same_section, 1, 0.7)
        or get_close_matches(key, [] if section else list(Settings.model_fields), 1, 0.6)
        or get_close_matches(key, settings, 1, 0.75)
    )
    remedy = f"did you mean {near[0]}?" if near else "remove it; config.example.toml names all"
    return Mistake(key, f"is not a {'setting' if section else 'section'}", remedy)


def once_each(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out that a list is too short where its items are wrong: it is the same mistake."""
    wrong_within = {error["loc"][:2] for error in errors if len(error["loc"]) > 2}
    return [
        error
        for error in errors
        if not (error["type"] == "too_short" and error["loc"] in wrong_within)
    ]


def translate(error: ErrorDetails) -> Mistake:
    """Say a validation error in an admin's words."""
    if error["loc"][0] == "feeds":
        return _of_feeds(error)
    key, within = ".".join(map(str, error["loc"][:2])), error["loc"][2:]
    setting = next((setting for setting in every_setting() if setting.key == key), None)
    if error["type"] == "extra_forbidden":
        return unknown(key)
    if setting is None and error["type"] != "setting":
        return Mistake(key, "is not a section" + _source(key), f"write its settings below [{key}]")
    if within[-1:] == ("[key]",):
        return Mistake(f"{key}.{within[0]}", "is no language of the bot", 'use "en" and "de"')
    key = ".".join([key, *(part for part in within if isinstance(part, str))])
    return _in_words(error, key, setting)


def _of_feeds(error: ErrorDetails) -> Mistake:
    """Say what is wrong with a declared calendar; what was given may be its address."""
    name, within = [*map(str, error["loc"][1:3]), "", ""][:2]
    key = ".".join(filter(None, ("feeds", name, within.replace("[key]", ""))))
    settings = {setting.key: setting for setting in feed_settings(name)}
    if error["type"] == "setting":
        return _in_words(error, key, settings.get(key))
    if not within:
        remedy = f"write what it has below [feeds.{name or 'NAME'}]"
        return Mistake(key, "is not a section" + _source(key), remedy)
    if error["type"] == "extra_forbidden":
        near = get_close_matches(key, settings, 1, 0.85)
        remedy = f"did you mean {near[0]}?" if near else "remove it; config.example.toml names all"
        return Mistake(key, "is not a setting", remedy)
    return _in_words(error, key, settings[key])


def _in_words(error: ErrorDetails, key: str, setting: Setting | None) -> Mistake:
    given, said = error["input"], error.get("ctx", {})
    says = setting.says if setting else ""
    if error["type"] == "missing":
        return Mistake(key, "is missing", says)
    if given in ((), [], {}) or (isinstance(given, str) and not given.strip()):
        return Mistake(key, "is empty" + _source(key), says)
    if error["type"] == "setting":
        key = said["key"] or key
        return Mistake(key, said["wrong"] + _source(key), said["remedy"])
    if error["type"] == "string_too_long":
        wrong = f"has {len(given.strip())} characters" + _source(key)
        return Mistake(key, wrong, f"shorten it to at most {said['max_length']}")
    if setting is None or setting.secret:
        return Mistake(key, "does not fit" + _source(key), says)
    return Mistake(key, f"cannot be {shortened(given)}" + _source(key), _remedy(setting, given))


def _remedy(setting: Setting, value: object) -> str:
    choices = setting.allowed.replace('"', "").split(" or ")
    near = get_close_matches(str(value), choices, 1, 0.7) if " or " in setting.allowed else []
    give = f"give {setting.allowed}" if setting.allowed else setting.says
    return f'{give}; did you mean "{near[0]}"?' if near else give


def _source(key: str) -> str:
    """Name the environment variable where it, and not the file, gave the value."""
    variable = "RAPPORT_" + key.replace(".", "__").upper()
    given = {name.upper() for name in os.environ}
    return f" (from {variable})" if variable in given else ""
