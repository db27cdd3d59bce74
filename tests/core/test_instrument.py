"""Questionnaires as data: what is wrong is told, all of it at once; what is packaged loads."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from bot.core.instrument import BadInstrument, Condition, read_instrument, text_keys
from bot.core.rhythm import Rhythm
from bot.instruments import load_folder, load_instruments, load_numbers

GOOD: dict[str, Any] = {
    "instrument": "short",
    "version": 1,
    "licence": "CC0-1.0",
    "item": [
        {"key": "calm", "kind": "rating"},
        {
            "key": "why",
            "kind": "chips",
            "options": ["pace", "none"],
            "exclusive": ["none"],
            "show_if": [[{"items": ["calm"], "at_most": 5}]],
        },
    ],
}
TEXTS: dict[str, dict[str, Any]] = {
    "en": {
        "calm": "How calm?", "calm.lowest": "not", "calm.highest": "very", "calm.short": "calm",
        "why": "Why?", "why.pace": "pace", "why.none": "nothing",
    }
}  # fmt: skip


def mistakes_of(data: dict[str, Any], texts: dict[str, dict[str, Any]] | None = None) -> list[str]:
    with pytest.raises(BadInstrument) as bad:
        read_instrument("short-1", data, TEXTS if texts is None else texts)
    assert bad.value.name == "short-1"
    assert str(bad.value).startswith("instrument short-1: ")
    return list(bad.value.mistakes)


def changed(*path: str | int, to: object) -> dict[str, Any]:
    data = copy.deepcopy(GOOD)
    at: Any = data
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = to
    return data


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name != key}


def test_an_item_that_is_not_there_and_a_text_that_is_missing() -> None:
    instrument = read_instrument("short-1", GOOD, TEXTS)
    assert instrument.find_item("old") is None
    with pytest.raises(KeyError, match="old"):
        instrument.item("old")
    with pytest.raises(KeyError, match="no text 'old'"):
        instrument.text("en", "old")
    assert instrument.short("de_du", instrument.item("calm")) == "calm"
    assert instrument.short("en", instrument.item("why")) == "Why?"


def test_what_only_some_are_asked_has_no_number() -> None:
    instrument = read_instrument("short-1", GOOD, TEXTS)
    assert [item.key for item in instrument.numbered] == ["calm"]
    packaged = load_instruments()["session-alliance"][1]
    assert [item.key for item in packaged.numbered] == [item.key for item in packaged.ratings]
    choice = {"key": "way", "kind": "choice", "options": ["near", "far"]}
    texts = {"way": "Which?", "way.near": "near", "way.far": "far"}
    asked = read_instrument(
        "short-1", changed("item", to=[*GOOD["item"], choice]), {"en": TEXTS["en"] | texts}
    )
    assert [item.key for item in asked.numbered] == ["calm", "way"]


@pytest.mark.parametrize("limit", [0, 99])
def test_a_condition_may_name_either_end_of_the_scales(limit: int) -> None:
    data = changed("item", 1, "show_if", to=[[{"items": ["calm"], "at_most": limit}]])
    read = read_instrument("short-1", data, TEXTS).item("why")
    assert read.show_if == ((Condition("at_most", limit, ("calm",)),),)


@pytest.mark.parametrize("every", [1, 100])
def test_a_turn_may_come_each_time_or_hardly_ever(every: int) -> None:
    data = changed("item", 1, "show_if", to=[[{"every": every}]])
    read = read_instrument("short-1", data, TEXTS).item("why")
    assert read.show_if == ((Condition("every", every),),)


def test_without_a_rating_the_scale_is_the_usual_one() -> None:
    data = changed("item", to=[{"key": "why", "kind": "text"}])
    assert read_instrument("short-1", data, {"en": {"why": "Why?"}}).scale == (0.0, 10.0)


@pytest.mark.parametrize("limit", [-1, 100])
def test_a_condition_beyond_every_scale_is_told(limit: int) -> None:
    data = changed("item", 1, "show_if", to=[[{"items": ["calm"], "at_most": limit}]])
    assert any("at_most must be a number from 0 to" in told for told in mistakes_of(data))


def test_only_a_rating_that_is_worded_for_the_therapist_can_be_mirrored() -> None:
    assert not read_instrument("short-1", GOOD, TEXTS).has_mirror
    assert load_instruments()["session-alliance"][1].has_mirror


def test_a_good_one_is_read() -> None:
    instrument = read_instrument("short-1", GOOD, TEXTS)
    assert [item.key for item in instrument.ratings] == ["calm"]
    assert instrument.item("why").show_if == ((Condition("at_most", 5, ("calm",)),),)
    assert instrument.find_item("nothing") is None
    with pytest.raises(KeyError):
        instrument.item("nothing")
    assert text_keys(instrument.items) == set(TEXTS["en"])
    assert instrument.item("why").exclusive == ("none",)
    assert instrument.rhythm == Rhythm()


def test_what_an_item_and_a_condition_say_is_read() -> None:
    data = copy.deepcopy(GOOD) | {"version": 999_999_999}
    data["item"][0] |= {"lowest": 1, "highest": 7}
    data["item"][1]["show_if"] = [[{"all_of": ["calm"], "at_least": 2}]]
    data["item"].append({"key": "x" * 24, "kind": "text"})
    read = read_instrument("short-1", data, {"en": TEXTS["en"] | {"x" * 24: "Which?"}})
    widest = changed("item", 0, "highest", to=99)
    assert read_instrument("short-1", widest, TEXTS).item("calm").highest == 99
    assert (read.item("calm").lowest, read.item("calm").highest) == (1, 7)
    assert read.scale == (1.0, 7.0)
    assert read.item("why").show_if == ((Condition("at_least", 2, ("calm",), all_of=True),),)


def test_a_rhythm_is_read_and_what_is_wrong_with_it_is_told() -> None:
    goals = [{"key": f"goal_{place}", "kind": "rating", "scored": False} for place in range(1, 4)]
    data = changed("item", to=[*GOOD["item"], *goals]) | {"rhythm": {"goals_every": 4}}
    texts = {
        f"{goal['key']}{part}": "?"
        for goal in goals
        for part in ("", ".lowest", ".highest", ".short")
    }
    read = read_instrument("short-1", data, {"en": TEXTS["en"] | texts})
    assert read.rhythm == Rhythm(goals_every=4)
    assert [item.key for item in read.ratings] == ["calm"]
    assert mistakes_of(changed("rhythm", to={"goals": 4})) == ["rhythm: unknown key 'goals'"]


CONDITION = ("item", 1, "show_if", 0, 0)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (without("instrument"), "'instrument' must give its name"),
        (without("version"), "'version' must be a number from 1"),
        (changed("version", to=0), "'version' must be"),
        (changed("version", to=True), "'version' must be"),
        (changed("version", to="1"), "'version' must be"),
        (without("licence"), "'licence' must say"),
        (changed("licence", to=""), "'licence' must say"),
        (changed("licence", to="all rights reserved"), "'attested_by' must name who attests"),
        (changed("lisence", to="CC0-1.0"), "unknown key 'lisence'"),
        (without("item"), "at least one [[item]]"),
        (changed("item", to={"key": "calm"}), "at least one [[item]]"),
        (changed("item", 0, to="calm"), "item 1: must be a table"),
        (changed("item", 0, "key", to="two words"), "item 1: 'key' must be a short word"),
        (changed("item", 0, "key", to="schön"), "item 1: 'key' must be a short word"),
        (changed("item", 0, "key", to="x" * 25), "item 1: 'key' must be a short word"),
        (changed("item", 1, "key", to="calm"), "item calm: the key is used twice"),
        (changed("item", 0, "kind", to="scale"), "item calm: 'kind' must be one of rating"),
        (changed("item", 0, "higest", to=5), "item calm: unknown key 'higest'"),
        (changed("item", 0, "lowest", to=10), "item calm: 'lowest' and 'highest'"),
        (changed("item", 0, "highest", to=100), "item calm: 'lowest' and 'highest'"),
        (changed("item", 0, "highest", to=7.5), "item calm: 'lowest' and 'highest'"),
        (changed("item", 0, "options", to=["pace"]), "item calm: chips and choices have"),
        (changed("item", 1, "options", to=[]), "item why: chips and choices have"),
        (changed("item", 1, "options", to="pace"), "item why: 'options' must be a list"),
        (changed("item", 1, "options", to=5), "item why: 'options' must be a list"),
        (changed("item", 1, "options", to=[["pace"]]), "item why: 'options' must be a list"),
        (changed("item", 1, "options", to=["my pace"]), "item why: 'options' must be a list"),
        (changed("item", 1, "options", to=["pace", "pace"]), "item why: an option is given twice"),
        (changed("item", 1, "exclusive", to=["all"]), "item why: 'exclusive' names an option"),
        (changed("item", 1, "exclusive", to=5), "item why: 'exclusive' must be a list"),
        (changed("item", 1, "show_if", to={"at_most": 5}), "show_if: must be a list of lists"),
        (changed("item", 1, "hide_if", to=[{"every": 2}]), "hide_if: must be a list of lists"),
        (changed(*CONDITION, to="at_most"), "show_if: each condition must be a table"),
        (changed(*CONDITION, to={"items": ["calm"]}), "show_if: a condition has exactly one of"),
        (
            changed(*CONDITION, to={"items": ["calm"], "at_most": 5, "at_least": 2}),
            "show_if: a condition has exactly one of",
        ),
        (
            changed(*CONDITION, to={"items": ["calm"], "below": 5}),
            "show_if: a condition has exactly one of",
        ),
        (
            changed(*CONDITION, to={"items": ["calm"], "at_most": "five"}),
            "show_if: at_most has the wrong kind of value: 'five'",
        ),
        (
            changed(*CONDITION, to={"items": ["calm"], "at_most": True}),
            "show_if: at_most has the wrong kind of value: True",
        ),
        (
            changed(*CONDITION, to={"items": ["why"], "includes": 5}),
            "show_if: includes has the wrong kind of value: 5",
        ),
        (
            changed(*CONDITION, to={"items": ["calm"], "at_most": 5, "not": True}),
            "show_if: a condition has exactly one of at_most, at_least, includes",
        ),
        (changed(*CONDITION, to={"at_most": 5}), "show_if: at_most needs items"),
        (changed(*CONDITION, to={"every": 0}), "show_if: every needs a whole number"),
        (changed(*CONDITION, to={"every": 2, "items": ["calm"]}), "every takes no items"),
        (changed(*CONDITION, to={"every": 1.5}), "show_if: every needs a whole number"),
        (
            changed(*CONDITION, to={"items": "calm", "at_most": 5}),
            "show_if: 'items' must be a list",
        ),
        (
            changed(*CONDITION, to={"items": ["calm"], "all_of": ["calm"], "at_most": 5}),
            "show_if: a condition has 'items' (any of them) or 'all_of', not both",
        ),
        (
            changed(*CONDITION, to={"items": ["clam"], "at_most": 5}),
            "item why: a condition names unknown {'clam'}",
        ),
        (changed("house", to={"score_needs": 2}), "house.score_needs: there are only 1 ratings"),
        (changed("house", to=5), "[house] must be a table"),
        (changed("house", to={"low": 5}), "house: unknown key 'low'"),
        (changed("house", to={"low_at_most": "5"}), "house.low_at_most: must be a number"),
        (changed("house", to={"low_at_most": -1}), "house.low_at_most: must be a number"),
        (changed("house", to={"slide_last": 1.5}), "house.slide_last: must be a share from 0 to 1"),
        (changed("house", to={"ceiling_needs": 0}), "ceiling_needs: must be a whole number from 1"),
        (changed("item", 0, "scored", to="no"), "item calm: 'scored' is true or false"),
        (changed("item", 1, "scored", to=False), "item why: 'scored' is true or false, and for"),
        (changed("rhythm", to={"goals_every": 4}), "scored = false: goal_1, goal_2, goal_3"),
        (changed("rhythm", to={"expectations_at": 5}), "scored = false: hope, confidence, worth"),
    ],
)
def test_each_mistake_is_told(data: dict[str, Any], says: str) -> None:
    assert any(says in mistake for mistake in mistakes_of(data)), mistakes_of(data)


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ({}, "the English texts (en.toml) are missing"),
        ({"en": {**TEXTS["en"], "clam": "?"}}, "en.toml: unknown text 'clam'"),
        ({"en": {**TEXTS["en"], "calm": "  "}}, "en.toml: calm must be a text"),
        ({"en": {**TEXTS["en"], "calm": 5}}, "en.toml: calm must be a text"),
        (
            {**TEXTS, "de": {**TEXTS["en"], "calm.mirror": "Wie ruhig war es?"}},
            "en.toml: missing calm.mirror",
        ),
        ({**TEXTS, "de": {"calm": "Wie ruhig?"}}, "de.toml: missing calm.highest, calm.lowest"),
    ],
)
def test_each_mistake_in_the_texts_is_told(texts: dict[str, dict[str, Any]], says: str) -> None:
    assert any(says in mistake for mistake in mistakes_of(GOOD, texts))


def test_all_mistakes_are_told_at_once() -> None:
    data = changed("item", 0, "highest", to=100)
    data |= {"version": 0, "licence": "", "house": {"low": 1}, "extra": 1}
    assert len(mistakes_of(data, {})) == 6
    broken = ["calm", {"key": "two words"}, {"key": "clear", "kind": "scale"}, {"key": "why"}]
    told = mistakes_of(changed("item", to=broken), {"en": {}})
    assert [mistake.split(":")[0] for mistake in told] == [
        "item 1", "item 2", "item clear", "item why", "there must be at least one [[item]]",
    ]  # fmt: skip
    mirrored = {"calm": "How calm?", "calm.mirror": "How calm was it?"}
    assert mistakes_of(GOOD, {"en": mirrored}) == [
        "en.toml: missing calm.highest, calm.lowest, calm.short, why, why.none, why.pace"
    ]


def test_a_licence_other_than_cc0_needs_somebody_who_attests_it() -> None:
    data = changed("licence", to="Licensed to Lindenhof, 2026") | {"attested_by": "Dana"}
    assert read_instrument("short-1", data, TEXTS).licence == "Licensed to Lindenhof, 2026"


def test_a_form_of_address_may_say_only_what_differs() -> None:
    texts = {
        **TEXTS,
        "de": {key: f"{value} (Sie)" for key, value in TEXTS["en"].items()},
        "de_du": {"calm": "Wie ruhig bist du?"},
    }
    instrument = read_instrument("short-1", GOOD, texts)
    assert instrument.text("de_du", "calm") == "Wie ruhig bist du?"
    assert instrument.text("de_du", "why") == "Why? (Sie)"
    assert instrument.text("fr", "why") == "Why?"
    with pytest.raises(KeyError, match="no text 'nothing'"):
        instrument.text("en", "nothing")


# Files


def write(folder: Path, name: str = "short-1", **replaced: str) -> Path:
    here = folder / name
    here.mkdir(parents=True)
    files = {
        "items": 'instrument = "short"\nversion = 1\nlicence = "CC0-1.0"\n'
        '[[item]]\nkey = "why"\nkind = "text"\n',
        "en": 'why = "Why?"\n',
        **replaced,
    }
    for stem, text in files.items():
        (here / f"{stem}.toml").write_text(text, encoding="utf-8")
    return here


def test_the_packaged_ones_load_in_every_language() -> None:
    found = load_instruments()
    assert {name: sorted(versions) for name, versions in found.items()} == {
        "session-alliance": [1],
        "before-first-session": [1],
        "goodbye": [1],
    }
    for versions in found.values():
        for instrument in versions.values():
            assert {"en", "de", "de_du"} <= instrument.texts.keys()
            assert instrument.licence == "CC0-1.0"
    assert sorted(load_numbers().values()) == sorted([*range(11)] * 2)


def test_a_practice_adds_its_own(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "notes").mkdir()
    assert load_instruments(tmp_path)["short"][1].item("why").kind == "text"
    assert "session-alliance" in load_instruments(tmp_path)


def test_a_folder_must_be_called_what_its_file_says(tmp_path: Path) -> None:
    write(tmp_path, "short-2")
    with pytest.raises(BadInstrument, match="must be called instrument-version"):
        load_instruments(tmp_path)
    with pytest.raises(BadInstrument, match="does not exist"):
        load_instruments(tmp_path / "nowhere")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    here = write(tmp_path)
    (here / "items.toml").unlink()
    with pytest.raises(BadInstrument, match=r"items\.toml: cannot be read"):
        load_folder(here)
    (here / "items.toml").mkdir()
    with pytest.raises(BadInstrument, match=r"items\.toml: cannot be read"):
        load_folder(here)


@pytest.mark.parametrize("text", [b'why = "Why?\n', b'why = "Wie sch\xf6n"\n'])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, text: bytes) -> None:
    here = write(tmp_path)
    (here / "en.toml").write_bytes(text)
    with pytest.raises(BadInstrument, match=r"en\.toml: is not TOML"):
        load_folder(here)
