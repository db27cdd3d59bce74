"""A practice's own templates: told by `rapport check`, harmless when wrong, never silent."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs
from world import World

from bot.render import Renderer
from bot.render.trial import TemplateMistake

MARMOT = "a marmot said so"
GIVEN = {
    "client": SimpleNamespace(name="<Anna>", secret=MARMOT, boom=lambda: 1 // 0),
    "pair": SimpleNamespace(code="A7"),
}


def write(folder: Path, text: str, name: str = "notice/joined.html.j2") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def mistakes_in(folder: Path) -> list[TemplateMistake]:
    own = Renderer(folder).own
    assert own is not None
    return own.mistakes()


ATTACKS = {
    "classes": "{{ ''.__class__ }}",
    "classes by filter": "{{ ''|attr('__class__') }}",
    "functions": "{{ _.__globals__ }}",
    "a map of attributes": "{{ [_]|map(attribute='__globals__')|first }}",
    "ranges": "{% for a in range(1000000000) %}x{% endfor %}",
    "nested loops": "{% set l = '0123456789' %}" + "{% for a in l %}" * 9 + "{% endfor %}" * 9,
    "macros": "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}"
    "{{ f(60) }}",
    "itself": "{% include 'notice/joined.html.j2' %}{% include 'notice/joined.html.j2' %}",
    "long texts": "{{ 'a' * 9999999999 }}",
    "long texts, turned": "{{ 9999999999 * 'a' }}",
    "long lists": "{{ ([1] * 9999999999)|length }}",
    "powers": "{{ 9 ** 9 ** 9 ** 9 }}",
    "formats": "{{ '%9999999999d' % 1 }}",
    "padding": "{{ 'a'|center(9999999999) }}",
    "other files": "{% include '../config.toml' %}",
    "whole paths": "{% include '/etc/passwd' %}",
    "a bug of a value": "{{ client.boom() }}",
    "undefined": "{{ settings.telegram.token }}",
    "broken": "{% if %}",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_template_may_not_is_told_and_the_packaged_one_speaks(
    tmp_path: Path, attack: str
) -> None:
    write(tmp_path, f"Hello\n{ATTACKS[attack]}")
    begun = time.monotonic()
    with capture_logs() as logs:
        said = Renderer(tmp_path)("notice/joined", "en", **GIVEN)
    assert said == Renderer()("notice/joined", "en", **GIVEN)
    assert time.monotonic() - begun < 5
    (line,) = logs
    assert line["log_level"] == "error"
    assert line["template"] == "notice/joined.html.j2"
    assert MARMOT not in str(line)


def test_the_log_names_the_line_and_nothing_that_was_said(tmp_path: Path) -> None:
    path = write(tmp_path, "Hello\n{{ client.secret + 1 }}")
    with capture_logs() as logs:
        Renderer(tmp_path)("notice/joined", "en", **GIVEN)
    assert logs[0]["at"] == f"{path}:2"
    assert logs[0]["problem"] == "TypeError"
    assert MARMOT not in str(logs)


MISTAKES = {
    "{% if %}": (2, "Expected an expression"),
    "{{ clinet.name }}": (2, "'clinet' has no meaning here"),
    "{{ pair.code|shout }}": (2, "No filter named 'shout'"),
    "{% include 'notice/no.html.j2' %}": (2, "includes 'notice/no.html.j2'"),
    "{{ range(3) }}": (2, "'range' has no meaning here"),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_told_with_file_line_and_remedy(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, f"Hello\n{text}")
    (mistake,) = mistakes_in(tmp_path)
    line, wrong = MISTAKES[text]
    assert (mistake.file, mistake.line) == (path, line)
    assert wrong in mistake.wrong
    assert mistake.remedy


def test_a_template_that_is_shown_nowhere_is_told(tmp_path: Path) -> None:
    write(tmp_path, "Hello", "notice/joinde.html.j2")
    (mistake,) = mistakes_in(tmp_path)
    assert mistake.remedy == "did you mean notice/joined.html.j2?"


def test_every_packaged_template_is_a_right_one_of_ones_own(tmp_path: Path) -> None:
    from bot.render import templates_folder

    for path in templates_folder().rglob("*.j2"):
        write(tmp_path, path.read_text("utf-8"), str(path.relative_to(templates_folder())))
    assert mistakes_in(tmp_path) == []


def test_the_packaged_texts_take_few_of_the_steps_there_are(tmp_path: Path) -> None:
    write(
        tmp_path, "{% for a in '0123456789' %}{% for b in '0123456789' %}x{% endfor %}{% endfor %}"
    )
    assert Renderer(tmp_path)("notice/joined", "en", **GIVEN) == "x" * 100


def test_a_folder_that_is_not_there_is_no_mistake(tmp_path: Path) -> None:
    assert Renderer(tmp_path / "none").own is None


async def test_a_practice_speaks_with_its_own_words(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.room.Renderer", Renderer)
    folder = world.stage.settings.database.path.parent / "templates"
    write(folder, "Good to see you in {{ practice }}.", "home.html.j2")
    await world.stage.restart()
    anna, _ = await world.pair("Anna", "Ben")
    await anna.starts()
    assert anna.screen == "Good to see you in Lindenhof."
    write(folder, "Good to see you in {{ practise }}.", "home.html.j2")
    await world.stage.restart()
    await anna.starts()
    assert "Good to see you" not in anna.screen
    assert "/help" in anna.screen
