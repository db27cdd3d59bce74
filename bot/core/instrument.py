"""What a questionnaire is: items, options and the conditions under which an item is asked.

An instrument is data, versioned, with its texts in one file per language. This module checks
the data and explains what is wrong with it; it reads no files and asks no questions.

Conditions know five words: `at_most`, `at_least`, `includes`, `below_usual_by` and `every`.
`show_if` is a list of groups; an item is shown when in any group all conditions hold.
`hide_if` has the same shape and wins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeGuard, cast

from bot.core.house import House, read_house
from bot.core.rhythm import EXPECTED_ITEMS, GOAL_ITEMS, WORTH, Rhythm, read_rhythm

ItemKind = Literal["rating", "chips", "choice", "text"]

_KINDS: Final = ("rating", "chips", "choice", "text")
_WORDS: Final = ("at_most", "at_least", "includes", "below_usual_by", "every")
_KEY_LIMIT: Final = 24
_TABLES: Final = frozenset(
    {"instrument", "version", "licence", "attested_by", "house", "rhythm", "item"}
)
#: What conditions may name besides items: what a check-in knows of the past.
KNOWN: Final = frozenset({"acknowledged", "asks"})


class BadInstrument(Exception):
    """An instrument file cannot be used; `mistakes` has one line for each reason."""

    def __init__(self, name: str, mistakes: Sequence[str]) -> None:
        super().__init__(f"instrument {name}: " + "; ".join(mistakes))
        self.name = name
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True)
class Condition:
    """One word about some items: it holds when any of them (or all, with `all_of`) does so."""

    word: Literal["at_most", "at_least", "includes", "below_usual_by", "every"]
    value: float | str
    items: tuple[str, ...] = ()
    all_of: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One question. Ratings run from `lowest` to `highest`; chips and choices have options.

    scored: whether a rating is part of the score and of what makes a check-in complete.
    """

    key: str
    kind: ItemKind
    lowest: int = 0
    highest: int = 10
    options: tuple[str, ...] = ()
    exclusive: tuple[str, ...] = ()
    scored: bool = True
    show_if: tuple[tuple[Condition, ...], ...] = ()
    hide_if: tuple[tuple[Condition, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Instrument:
    """A versioned questionnaire. `texts[language][key]` are its words, see `load_texts`."""

    name: str
    version: int
    licence: str
    items: tuple[Item, ...]
    house: House
    texts: Mapping[str, Mapping[str, str]]
    rhythm: Rhythm = field(default_factory=Rhythm)

    @property
    def ratings(self) -> tuple[Item, ...]:
        """The items that make the score."""
        return tuple(item for item in self.items if item.kind == "rating" and item.scored)

    @property
    def scale(self) -> tuple[float, float]:
        """The lowest and the highest score."""
        return (
            float(min((item.lowest for item in self.ratings), default=0)),
            float(max((item.highest for item in self.ratings), default=10)),
        )

    @property
    def has_mirror(self) -> bool:
        """Whether the ratings are worded for the therapist's guess at the client's view as well."""
        return all(f"{item.key}.mirror" in self.texts["en"] for item in self.ratings)

    @property
    def numbered(self) -> tuple[Item, ...]:
        """The questions that everybody is asked, for "question 2 of 5"."""
        return tuple(
            item
            for item in self.items
            if item.kind in ("rating", "choice") and not item.show_if and not item.hide_if
        )

    def item(self, key: str) -> Item:
        """Give the item with this key. Errors: KeyError."""
        for item in self.items:
            if item.key == key:
                return item
        raise KeyError(key)

    def find_item(self, key: str) -> Item | None:
        """Give the item with this key, or None (a button may be older than the file)."""
        return next((item for item in self.items if item.key == key), None)

    def text(self, language: str, key: str) -> str:
        """Give a text: in the language, else in its parent (`de_du` → `de`), else English."""
        for candidate in (language, language.split("_")[0], "en"):
            words = self.texts.get(candidate, {}).get(key)
            if words is not None:
                return words
        raise KeyError(f"{self.name}: no text {key!r}")

    def short(self, language: str, item: Item) -> str:
        """Give an item's short name, or its question where it has none."""
        try:
            return self.text(language, f"{item.key}.short")
        except KeyError:
            return self.text(language, item.key)


def text_keys(items: Sequence[Item]) -> set[str]:
    """List the texts an instrument needs in a complete language.

    A rating needs its question, both anchors and a short name, others their question, every option
    a label. The others may have a short name as well.
    """
    keys = set()
    for item in items:
        keys.add(item.key)
        if item.kind == "rating":
            keys |= {f"{item.key}.lowest", f"{item.key}.highest", f"{item.key}.short"}
        keys |= {f"{item.key}.{option}" for option in item.options}
    return keys


def read_instrument(
    name: str, data: Mapping[str, Any], texts: Mapping[str, Mapping[str, Any]]
) -> Instrument:
    """Build an instrument from the parsed TOML of its items and of its languages.

    name: what the files are called, for errors. Errors: `BadInstrument` with all mistakes.
    """
    mistakes: list[str] = []
    for key in data.keys() - _TABLES:
        mistakes.append(f"unknown key {key!r}")
    if not isinstance(data.get("instrument"), str):
        mistakes.append("'instrument' must give its name")
    version = data.get("version")
    if not _is_whole(version) or version < 1:
        mistakes.append("'version' must be a number from 1")
    if not isinstance(data.get("licence"), str) or not data.get("licence"):
        mistakes.append("'licence' must say under what licence its wording may be used")
    elif data["licence"] != "CC0-1.0" and not data.get("attested_by"):
        mistakes.append("'attested_by' must name who attests that the practice holds the licence")
    entries = data.get("item")
    items = _read_items(entries if isinstance(entries, list) else [], mistakes)
    if not items:
        mistakes.append("there must be at least one [[item]]")
    scored = [item for item in items if item.kind == "rating" and item.scored]
    house = read_house(data.get("house", {}), scored, mistakes)
    rhythm = read_rhythm(data.get("rhythm", {}), mistakes)
    _check_rhythm(items, rhythm, mistakes)
    _check_texts(items, texts, mistakes)
    if mistakes:
        raise BadInstrument(name, mistakes)
    name, licence = data["instrument"], data["licence"]
    return Instrument(name, data["version"], licence, tuple(items), house, dict(texts), rhythm)


def _read_items(entries: Sequence[Any], mistakes: list[str]) -> list[Item]:
    items: list[Item] = []
    for number, entry in enumerate(entries, 1):
        where = f"item {number}"
        if not isinstance(entry, Mapping):
            mistakes.append(f"{where}: must be a table")
            continue
        key = entry.get("key")
        if not _is_word(key):
            mistakes.append(f"{where}: 'key' must be a short word such as \"bond\"")
            continue
        where = f"item {key}"
        for unknown in entry.keys() - set(Item.__dataclass_fields__):
            mistakes.append(f"{where}: unknown key {unknown!r}")
        if key in {item.key for item in items}:
            mistakes.append(f"{where}: the key is used twice")
        if entry.get("kind") not in _KINDS:
            mistakes.append(f"{where}: 'kind' must be one of {', '.join(_KINDS)}")
            continue
        items.append(_read_item(where, entry, mistakes))
    return items


def _read_item(where: str, entry: Mapping[str, Any], mistakes: list[str]) -> Item:
    kind = cast(ItemKind, entry["kind"])
    if (kind in ("chips", "choice")) != bool(entry.get("options")):
        mistakes.append(f"{where}: chips and choices have 'options', the others have none")
    options = _read_words(where, "options", entry, mistakes)
    if len(set(options)) != len(options):
        mistakes.append(f"{where}: an option is given twice")
    exclusive = _read_words(where, "exclusive", entry, mistakes)
    if set(exclusive) - set(options):
        mistakes.append(f"{where}: 'exclusive' names an option that is not there")
    lowest, highest = entry.get("lowest", 0), entry.get("highest", 10)
    if not (_is_whole(lowest) and _is_whole(highest) and 0 <= lowest < highest <= 99):
        mistakes.append(f"{where}: 'lowest' and 'highest' must be whole numbers, 0 to 99")
        lowest, highest = 0, 10
    scored = entry.get("scored", True)
    if not isinstance(scored, bool) or ("scored" in entry and kind != "rating"):
        mistakes.append(f"{where}: 'scored' is true or false, and for ratings only")
        scored = True
    return Item(
        key=entry["key"],
        kind=kind,
        lowest=lowest,
        highest=highest,
        options=options,
        exclusive=exclusive,
        scored=scored,
        show_if=_read_groups(f"{where}.show_if", entry.get("show_if", []), mistakes),
        hide_if=_read_groups(f"{where}.hide_if", entry.get("hide_if", []), mistakes),
    )


def _is_word(word: object) -> bool:
    """Say whether buttons can carry this as a key, in any language."""
    return (
        isinstance(word, str) and word.isascii() and word.isidentifier() and len(word) <= _KEY_LIMIT
    )


def _is_whole(number: object) -> TypeGuard[int]:
    return isinstance(number, int) and not isinstance(number, bool)


def _read_words(
    where: str, name: str, entry: Mapping[str, Any], mistakes: list[str]
) -> tuple[str, ...]:
    words = entry.get(name, [])
    if not isinstance(words, list) or not all(_is_word(word) for word in words):
        mistakes.append(f"{where}: '{name}' must be a list of short words such as \"pace\"")
        return ()
    return tuple(words)


def _read_groups(
    where: str, groups: object, mistakes: list[str]
) -> tuple[tuple[Condition, ...], ...]:
    if not isinstance(groups, list) or not all(isinstance(group, list) for group in groups):
        mistakes.append(f"{where}: must be a list of lists of conditions")
        return ()
    return tuple(
        tuple(c for entry in group if (c := _read_condition(where, entry, mistakes)) is not None)
        for group in groups
    )


def _read_condition(where: str, entry: object, mistakes: list[str]) -> Condition | None:
    if not isinstance(entry, Mapping):
        mistakes.append(f"{where}: each condition must be a table")
        return None
    words = [word for word in _WORDS if word in entry]
    unknown = entry.keys() - set(_WORDS) - {"items", "all_of"}
    if len(words) != 1 or unknown:
        mistakes.append(f"{where}: a condition has exactly one of {', '.join(_WORDS)}")
        return None
    word = words[0]
    value = entry[word]
    if isinstance(value, bool) or not isinstance(
        value, str if word == "includes" else (int, float)
    ):
        mistakes.append(f"{where}: {word} has the wrong kind of value: {value!r}")
        return None
    if "items" in entry and "all_of" in entry:
        mistakes.append(f"{where}: a condition has 'items' (any of them) or 'all_of', not both")
        return None
    name = "all_of" if "all_of" in entry else "items"
    items = _read_words(where, name, entry, mistakes)
    if word == "every" and (not isinstance(value, int) or value < 1):
        mistakes.append(f"{where}: every needs a whole number from 1")
        return None
    if (word == "every") == bool(entry.get(name)):
        mistakes.append(f"{where}: {word} {'takes no' if items else 'needs'} items")
        return None
    return Condition(cast(Any, word), value, items, name == "all_of")


def _check_rhythm(items: Sequence[Item], rhythm: Rhythm, mistakes: list[str]) -> None:
    """Tell which items are missing for what the rhythm asks; none of them is part of a score."""
    unscored = {item.key for item in items if item.kind == "rating" and not item.scored}
    for name, needed in (
        ("goals_every", GOAL_ITEMS),
        ("expectations_at", (*EXPECTED_ITEMS, WORTH)),
    ):
        missing = [key for key in needed if key not in unscored]
        if getattr(rhythm, name) and missing:
            mistakes.append(
                f"rhythm.{name}: needs ratings with scored = false: {', '.join(missing)}"
            )


def _check_texts(
    items: Sequence[Item], texts: Mapping[str, Mapping[str, Any]], mistakes: list[str]
) -> None:
    needed = text_keys(items)
    known = {item.key for item in items}
    may_be = needed | {f"{item.key}.short" for item in items}
    mirrored = {f"{item.key}.mirror" for item in items if item.kind == "rating" and item.scored}
    if any(mirrored & words.keys() for words in texts.values()):
        # The therapist is asked about every item or about none.
        needed |= mirrored
    may_be |= needed
    for item in items:
        for group in (*item.show_if, *item.hide_if):
            for condition in group:
                if unknown := set(condition.items) - known - KNOWN:
                    mistakes.append(f"item {item.key}: a condition names unknown {unknown}")
    if "en" not in texts:
        mistakes.append("the English texts (en.toml) are missing")
    for language, words in texts.items():
        for key, value in words.items():
            if key not in may_be:
                mistakes.append(f"{language}.toml: unknown text {key!r}")
            elif not isinstance(value, str) or not value.strip():
                mistakes.append(f"{language}.toml: {key} must be a text")
        if "_" not in language and (missing := needed - words.keys()):
            mistakes.append(f"{language}.toml: missing {', '.join(sorted(missing))}")
