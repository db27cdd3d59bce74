"""Files an admin might write, spoilt: each is refused in words, or can be worked with."""

from __future__ import annotations

import copy
import random
import tomllib
from pathlib import Path
from typing import Any

from bot.config import ConfigError, load
from bot.core.conversation import Choose, Event, Known, Pass, Rate, Write, position, reply_to
from bot.core.instrument import BadInstrument, Instrument, Item, read_instrument

_ROOT = Path(__file__).parents[2]
_PACKAGED = _ROOT / "bot" / "instruments"
_ODD: tuple[Any, ...] = (
    None, True, -1, 0, 1, 10**40, -(2**63), 1e308, float("nan"), float("inf"), "", " ", "\n",
    "A" * 5000, "\0", "é", "every", [], [[]], [{}], {}, {"en": 3}, {"every": 0}, [[{"every": 1.5}]],
    [[{"at_most": 10**400, "items": ["bond"]}]], "25:99", "Europe/Berlin\0", "../x", "x" * 64,
)  # fmt: skip
_LINES = (
    "", "[", "]]", "x", "x = ", "= 3", "[telegram]", "[a.b]", "a.b = 1", "\0", "\ufeff", "é = 1",
    'timezone = "../etc/passwd"', 'timezone = "/etc/passwd"', 'timezone = "."', "[[practice]]",
    'name = "\\ud800"', "token = 99999999999999999999", "admins = [[1]]", "per_day = 1e400",
    "quiet_to = 08:00:00", "quiet_from = 1979-05-27", "weekday = nan", "practice = 3",
)  # fmt: skip


def spoil(plain: Any, chance: random.Random) -> Any:
    """Change one place of a tree: drop it, replace it, wrap it or put it twice."""
    tree = copy.deepcopy(plain)
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        keys = node.keys() if isinstance(node, dict) else range(len(node))
        for key in list(keys):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    walk(tree)
    node, key = chance.choice(places)
    match chance.randrange(6):
        case 0:
            del node[key]
        case 1:
            node[key] = [node[key]]
        case 2:
            node[key] = {str(key): node[key]}
        case 3 if isinstance(node, dict):
            node[chance.choice(("items", "kind", "\0", "", "every", "x" * 99))] = node[key]
        case 4:
            node[key] = copy.deepcopy(_ODD[chance.randrange(len(_ODD))])
        case _:
            other, place = chance.choice(places)
            node[key] = copy.deepcopy(other[place])
    return tree


def instrument_trouble(chance: random.Random) -> str | None:
    """Spoil a packaged questionnaire and hold a conversation with what is left of it."""
    folder = chance.choice(sorted(path for path in _PACKAGED.iterdir() if path.is_dir()
                                  and (path / "items.toml").exists()))  # fmt: skip
    read = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in folder.glob("*.toml")}
    for _ in range(chance.randint(1, 3)):
        read = spoil(read, chance)
        if not all(isinstance(file, dict) and file for file in read.values()) or not read:
            return None  # a file is always a table
    texts = {name: words for name, words in read.items() if name != "items"}
    try:
        instrument = read_instrument("x", read.get("items", {}), texts)
    except BadInstrument as bad:
        return None if bad.mistakes and all(bad.mistakes) else "refused without a reason"
    except Exception as bug:
        return f"{type(bug).__name__}: {bug} in {read.get('items')}"[:600]
    return _talk(instrument, chance)


def _talk(instrument: Instrument, chance: random.Random) -> str | None:
    answers: Any = {}
    known = Known({item.key: 7.0 for item in instrument.ratings}, chance.randrange(9), "talk")
    try:
        for _ in range(60):
            item = position(instrument, answers, known)
            if item is None:
                return None
            instrument.text("de", item.key)
            answers = reply_to(instrument, answers, known, _event(item, chance), 1).answers
    except Exception as bug:
        return f"accepted, then {type(bug).__name__}: {bug}"[:300]
    return None


def _event(item: Item, chance: random.Random) -> Event:
    match item.kind:
        case "rating":
            return Rate(item.key, chance.randint(item.lowest, item.highest))
        case "choice":
            return Choose(item.key, chance.choice(item.options))
        case "text" if chance.random() < 0.3:
            return Write(item.key, "a word")
        case _:
            return Pass(item.key)


def config_trouble(folder: Path, chance: random.Random) -> str | None:
    """Spoil config.toml line by line and byte by byte, and load it."""
    lines = (_ROOT / "config.example.toml").read_text("utf-8").splitlines()
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(lines))
        match chance.randrange(5):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, chance.choice(_LINES))
            case 2:
                name = lines[at].lstrip("# ").partition("=")[0]
                lines[at] = f"{name}= {chance.choice(_VALUES)}"
            case 3:
                lines[at] = lines[chance.randrange(len(lines))]
            case _:
                lines[at] = lines[at].lstrip("# ")
    content = bytearray("\n".join(lines).encode("utf-8", "surrogatepass"))
    if chance.random() < 0.3:
        content[chance.randrange(len(content))] = chance.randrange(256)
    path = folder / "config.toml"
    path.write_bytes(content)
    path.chmod(0o600)
    try:
        load(path)
    except ConfigError as refused:
        good = refused.mistakes and all(m.key and m.wrong and m.remedy for m in refused.mistakes)
        return None if good else f"refused without where, what and how: {refused.mistakes}"
    except Exception as bug:
        return f"{type(bug).__name__}: {bug}"[:300]
    return None


_VALUES = (
    '""', '" "', "3", "-1", "10000000000000000000000", "1e400", "nan", "true", "[]", "[1, 1]",
    "{}", '{ en = "x" }', '{ xx = "x" }', "{ en = 3 }", '"\\u0000"', '"a\\u0000b"', "[[]]",
    "07:30:00", "1979-05-27", "1979-05-27T07:32:00Z", '"24:00"', '"Berlin"', '"../.."', '"/"',
    '"."', '"http://[::1"', '"https://x/bot"', '"http://localhost:99999999/bot"', '"monday "',
    '"' + "x" * 5000 + '"', '"~/x"', "[" * 500 + "]" * 500, "9" * 5000,
)  # fmt: skip
