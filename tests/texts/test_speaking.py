"""People read their own language: formal German, informal where it differs, English otherwise."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from bot.core.instrument import Instrument, text_keys
from bot.instruments import load_instruments
from bot.render import Renderer, gettext, ngettext, speaking

FOLDERS = sorted(Path(__file__).parents[2].glob("bot/instruments/*/items.toml"))
FORMAL = re.compile(r"\b(Sie|Ihnen|Ihre?[mnrs]?)\b")
INSTRUMENTS = [
    instrument for versions in load_instruments(None).values() for instrument in versions.values()
]
OPTION_AT_MOST = 36


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "All right. I won't ask you anything"),
        ("de", "In Ordnung. Ich frage Sie nichts"),
        ("de_du", "In Ordnung. Ich frage dich nichts"),
    ],
)
def test_anna_reads_her_own_language(language: str, said: str) -> None:
    assert Renderer()("client/declined", language).startswith(said)


def test_informal_german_falls_back_to_german() -> None:
    with speaking("de_du"):
        assert gettext("Later") == "Später"


@pytest.mark.parametrize(("n", "said"), [(1, "Diese gelesen"), (18, "Diese 18 gelesen")])
def test_numbers_are_said_right_in_both_forms(n: int, said: str) -> None:
    for language in ("de", "de_du"):
        with speaking(language):
            assert ngettext("Read this one", "Read these %(num)d", n) % {"num": n} == said


@pytest.mark.parametrize("language", ["de", "de_du"])
def test_the_caution_is_whole(language: str) -> None:
    text = Renderer()(
        "notice/before_first", language, pair={"code": "A7"}, lines=[], withheld=False
    )

    for part in ("Nicht validiert", "keine Normen", "Grenzwerte", "SRS", "WAI"):
        assert part in text


def read(folder: Path, language: str) -> dict[str, str]:
    return tomllib.loads((folder / f"{language}.toml").read_text("utf-8"))


@pytest.mark.parametrize("path", FOLDERS, ids=lambda path: path.parent.name)
def test_a_questionnaire_is_whole_in_german(path: Path) -> None:
    folder = path.parent
    english, german, informal = (read(folder, language) for language in ("en", "de", "de_du"))
    formal = {key for key, text in german.items() if FORMAL.search(text)}

    assert german.keys() == english.keys()
    assert all(text.strip() for text in (*german.values(), *informal.values()))
    assert formal <= informal.keys() <= german.keys()
    assert [text for text in informal.values() if FORMAL.search(text)] == []
    assert [key for key, text in informal.items() if text == german[key]] == []


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda one: f"{one.name}-{one.version}")
def test_options_fit_a_button_and_the_digest(instrument: Instrument) -> None:
    for item in instrument.items:
        for option in item.options:
            for language in ("en", "de", "de_du"):
                label = instrument.text(language, f"{item.key}.{option}")
                assert len(label) <= OPTION_AT_MOST, label
    shorts = {f"{item.key}.short" for item in instrument.items}
    mirrors = {f"{item.key}.mirror" for item in instrument.ratings}
    assert text_keys(instrument.items) | shorts | mirrors >= set(instrument.texts["de"])
    assert text_keys(instrument.items) <= set(instrument.texts["de"])
