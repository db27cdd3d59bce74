"""Questionnaires as data: one folder each (`name-version`), one file of texts per language.

This module reads the files; what they must contain is `bot.core.instrument`'s to judge. A
practice's own folder is searched before the packaged one.
"""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from bot.core.instrument import BadInstrument, Instrument, read_instrument

_FOLDER: Final = re.compile(r"(?P<name>[a-z0-9-]+)-(?P<version>\d+)")


def load_instruments(own: Path | None = None) -> dict[str, dict[int, Instrument]]:
    """Read every questionnaire: `{name: {version: instrument}}`.

    own: a practice's folder of further questionnaires. Errors: `BadInstrument` that names the
    folder and all its mistakes.
    """
    found: dict[str, dict[int, Instrument]] = {}
    packaged = Path(str(files("bot.instruments")))
    for root in (packaged, *([own] if own is not None else [])):
        if not root.is_dir():
            raise BadInstrument(str(root), ["this folder of questionnaires does not exist"])
        for folder in sorted(root.iterdir()):
            if folder.is_dir() and (named := _FOLDER.fullmatch(folder.name)):
                instrument = load_folder(folder)
                if (instrument.name, instrument.version) != (named["name"], int(named["version"])):
                    raise BadInstrument(
                        str(folder),
                        ["the folder must be called instrument-version, as in its file"],
                    )
                found.setdefault(instrument.name, {})[instrument.version] = instrument
    return found


def load_folder(folder: Path) -> Instrument:
    """Read one questionnaire. Errors: `BadInstrument`."""
    items = _read(folder / "items.toml")
    texts = {
        path.stem: _read(path) for path in sorted(folder.glob("*.toml")) if path.stem != "items"
    }
    return read_instrument(str(folder), items, texts)


def load_numbers() -> dict[str, int]:
    """Read the number words that may be typed, of every language: people mix them."""
    of_languages = _read(Path(str(files("bot.instruments"))) / "numbers.toml")
    return {word: number for words in of_languages.values() for word, number in words.items()}


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise BadInstrument(str(path), [f"cannot be read: {problem.strerror}"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise BadInstrument(str(path), [f"is not TOML: {problem}"]) from None
    except (ValueError, RecursionError):
        # Python's own limits: thousands of digits in a number, thousands of nested brackets.
        raise BadInstrument(str(path), ["has a number or a list beyond all measure"]) from None
