"""Settings with values in place of config.toml's: what people set at run time.

Owns: judging such values by the same rules as the file's. Refuses to know where they are kept.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from bot.config.mistakes import ConfigError, Mistake, once_each, translate, unknown
from bot.config.section import Section
from bot.config.settings import Settings


def written(settings: Settings, key: str) -> str:
    """Give a setting's value as one would write it: `45`, `17:30`, `friday`."""
    section, name = key.split(".")
    return _written(getattr(getattr(settings, section), name))


def checked(settings: Settings, values: Mapping[str, str]) -> dict[str, str]:
    """Give values as they would be kept, if they could stand in the place of config.toml's.

    values: `{"checkin.delay_minutes": "45"}`. Errors: `ConfigError` with all that is wrong.
    """
    mistakes: list[Mistake] = []
    kept: dict[str, str] = {}
    for section, inner in _by_section(values).items():
        before = getattr(settings, section, None)
        known = type(before).model_fields if before is not None else {}
        strangers = [unknown(f"{section}.{name}") for name in inner if name not in known]
        if before is None or strangers:
            mistakes += strangers
            continue
        # What does not fit together already must not keep anything else from being set.
        standing = _mistakes(section, before, dict(before))
        new = [
            mistake
            for mistake in _mistakes(section, before, {**dict(before), **inner})
            if mistake not in standing
        ]
        mistakes += new
        if not new:
            alone = {name: _alone(before, name, text) for name, text in inner.items()}
            kept |= {f"{section}.{name}": _written(value) for name, value in alone.items()}
    if mistakes:
        raise ConfigError(tuple(mistakes))
    return kept


def _alone(model: Section, name: str, text: str) -> object:
    """Read a value that has no mistake of its own, whatever stands beside it."""
    field = type(model).model_fields[name]
    kind: Any = Annotated[(field.annotation, *field.metadata)]
    return TypeAdapter(kind).validate_python(text)


def _mistakes(section: str, model: Section, values: Mapping[str, object]) -> list[Mistake]:
    try:
        type(model).model_validate(values)
    except ValidationError as error:
        details = once_each(error.errors(include_url=False))
        return [translate({**detail, "loc": (section, *detail["loc"])}) for detail in details]
    return []


def overridden(settings: Settings, values: Mapping[str, str]) -> Settings:
    """Put values that were `checked` once in the place of config.toml's.

    What that file says may have changed since; together they are what the practice wants.
    """
    sections: dict[str, Any] = {}
    for section, inner in _by_section(values).items():
        before = getattr(settings, section)
        read = {name: _read(getattr(before, name), text) for name, text in inner.items()}
        sections[section] = before.model_copy(update=read)
    return settings.model_copy(update=sections)


def clashes(settings: Settings, keys: Iterable[str]) -> tuple[Mistake, ...]:
    """Name what does not fit together in the sections of these keys, as they count now."""
    found: list[Mistake] = []
    for section in sorted({key.partition(".")[0] for key in keys}):
        model = getattr(settings, section)
        found += _mistakes(section, model, dict(model))
    return tuple(found)


def _by_section(values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    sections: dict[str, dict[str, str]] = {}
    for key, value in values.items():
        section, _, name = key.partition(".")
        sections.setdefault(section, {})[name] = value
    return sections


def _written(value: object) -> str:
    return f"{value:%H:%M}" if isinstance(value, dt.time) else str(value)


def _read(before: object, text: str) -> object:
    if isinstance(before, dt.time):
        return dt.time.fromisoformat(text)
    return int(text) if isinstance(before, int) else text
