"""A practice's own templates: told by `rapport check`, harmless when wrong, never silent."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs
from world import World

from bot.render import Renderer
from bot.render.trial import TemplateMistake, trying

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


LONG = "{% set t = 'abcdefghij' %}"
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
    "doubling with ~": LONG + "{% set t = t ~ t %}" * 40 + "{{ t|length }}",
    "doubling with +": LONG + "{% set t = t + t %}" * 40 + "{{ t|length }}",
    "doubling HTML": "{% set t %}<b>a</b>{% endset %}"
    + "{% set t = t + t %}" * 40
    + "{{ t|length }}",
    "doubling by showing": LONG + "{% set t %}{{ t }}{{ t }}{% endset %}" * 40 + "{{ t|length }}",
    "doubling with a macro": "{% macro f(t) %}{{ t }}{{ t }}{% endmacro %}"
    + LONG
    + "{% set t = f(t) %}" * 40
    + "{{ t|length }}",
    "doubling with join": LONG + "{% set t = [t, t]|join %}" * 40 + "{{ t|length }}",
    "doubling with gaps": LONG + "{% set t = _('%(t)s%(t)s', t=t) %}" * 40 + "{{ t|length }}",
    "doubling with replace": LONG + "{% set t = t|replace('a', t) %}" * 40 + "{{ t|length }}",
    "doubling lists": "{% set l = [1] %}" + "{% set l = l + l %}" * 40 + "{{ l|length }}",
    "lists in lists": "{% set l = [1] %}" + "{% set l = [l, l] %}" * 40 + "{{ l }}",
    "lists in lists, compared": "{% set l = [1] %}{% set m = [1] %}"
    + "{% set l = [l, l] %}{% set m = [m, m] %}" * 40
    + "{{ l == m }}",
    "lists in lists by append": "{% set l = [1] %}"
    + "{% set m = [] %}{% set _ = m.append(l) %}{% set _ = m.append(l) %}{% set l = m %}" * 40
    + "{{ l }}",
    "lists in maps": "{% set l = {} %}" + "{% set l = {'a': l, 'b': l} %}" * 40 + "{{ l }}",
    "lists in what a macro is given": "{% macro f(n) %}{% if n %}{{ f(n - 1, varargs, varargs) }}"
    "{% else %}{{ varargs == [] }}{% endif %}{% endmacro %}{{ f(40, 1) }}",
    "widths": "{{ '{:>500000000}'.format(1) }}",
    "widths by index": "{{ 'x'['format'](1) }}{{ '{:>500000000}'['format'](1) }}",
    "widths of a map": "{{ '{a:>500000000}'.format_map({'a': 1}) }}",
    "widths of a text to translate": "{{ _('%(a)500000000d', a=1) }}",
    "widths of plurals": "{{ ngettext('%(num)500000000d', '%(num)500000000d', 2) }}",
    "ljust": "{{ 'a'.ljust(500000000) }}",
    "zfill": "{{ 'a'.zfill(500000000) }}",
    "center": "{{ 'a'.center(500000000) }}",
    "expandtabs": "{{ '\t'.expandtabs(500000000) }}",
    "translate": "{{ 'a'.translate({97: 'b'}) }}",
    "bytes of a number": "{{ (1).to_bytes(500000000) }}",
    "bits of a number": "{{ 9.5.hex() }}",
    "chained replace": "{{ 'aaaaaaaaaa'" + "|replace('a', 'aaaaaaaaaa')" * 9 + " }}",
    "replace nothing": "{{ 'aaaaaaaaaa'" + "|replace('', 'aaaaaaaaaa')" * 9 + " }}",
    "slice": "{{ [1]|slice(30000000)|list|length }}",
    "batch": "{{ [1]|batch(30000000, 0)|list|length }}",
    "tojson": "{{ [1]|tojson(indent=300000000) }}",
    "indent": "{{ 'a\na'|indent(300000000) }}",
    "wordwrap": "{{ 'aaaaaaaa'|wordwrap(1, wrapstring='aaaaaaaaa') }}",
    "rounding": "{{ 1.5|round(99999999, 'ceil') }}",
    "rounding down": "{{ 15|round(-99999999) }}",
    "squares": "{% set n = 10 %}" + "{% set n = n * n %}" * 40 + "{{ n }}",
    "a turn after the other": "{% set l = 'abcdefghij' %}"
    + "{% for a in l %}" * 6
    + "{{ a }}" * 500
    + "{% endfor %}" * 6,
    "much in a turn": "{% set l = 'abcdefghij' %}{% for a in l %}{% for b in l %}{% for c in l %}"
    + "x" * 10_000
    + "{% endfor %}" * 3,
    "much without a turn": "{% set l = 'abcdefghij' %}"
    + "{% for a in l if false %}{% endfor %}"
    + "{% for a in l %}" * 5
    + "{% for b in l if b == 'no' %}{% endfor %}" * 100
    + "{% endfor %}" * 5,
    "splitting": "{% set t = 'a a a a a a a a a a ' %}"
    + "{% set t = t ~ t %}" * 9
    + "{% for a in 'abcdefghij' %}" * 4
    + "{% set _ = t.split() %}"
    + "{% endfor %}" * 4,
    "a filter after the other": LONG
    + "{% set t = t ~ t %}" * 10
    + "{% for a in 'abcdefghij' %}" * 4
    + "{% set u = t"
    + "|upper|lower" * 50
    + " %}"
    + "{% endfor %}" * 4,
    "loops of themselves": "{% for a in 'abcdefghij' recursive %}{{ loop('abcdefghij') }}"
    "{% endfor %}",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_template_may_not_is_told_and_the_packaged_one_speaks(
    tmp_path: Path, attack: str
) -> None:
    write(tmp_path, f"Hello\n{ATTACKS[attack]}")
    begun = time.process_time()
    with capture_logs() as logs:
        said = Renderer(tmp_path)("notice/joined", "en", **GIVEN)
    assert said == Renderer()("notice/joined", "en", **GIVEN)
    # What Jinja takes to read a template is by far the most of it.
    assert time.process_time() - begun < 3
    (line,) = logs
    assert line["log_level"] == "error"
    assert line["template"] == "notice/joined.html.j2"
    assert MARMOT not in str(line)


@pytest.mark.parametrize(
    ("attack", "remedy"),
    [
        ("doubling with ~", "makes a text of more than 20000 characters: shorten it"),
        ("doubling lists", "makes a list of more than 1000 members: shorten it"),
        ("much in a turn", "writes more than 500000 characters in all: shorten it"),
        ("a turn after the other", "takes more than 20000 steps: loop over less"),
        ("lists in lists", "a list within a list is not for templates: use two lists"),
        ("zfill", "'zfill' of a str is not for templates: there are: capitalize, "),
        ("slice", "No filter named 'slice'"),
    ],
)
def test_what_is_endless_is_told_with_file_line_and_remedy(
    tmp_path: Path, attack: str, remedy: str
) -> None:
    path = write(tmp_path, f"Hello\n{ATTACKS[attack]}")
    with trying(lambda _name, _text: None) as trial:
        Renderer(tmp_path)("notice/joined", "en", **GIVEN)
    (mistake,) = trial.mistakes.values()
    assert (mistake.file, mistake.line) == (path, 2)
    assert remedy in mistake.wrong
    assert mistake.remedy


HARMLESS = {
    "{{ ['a', pair.code]|join(', ') }} {{ pair.code ~ '-' ~ 1 }}": "a, A7 A7-1",
    "{% set l = [] %}{% set _ = l.append('x') %}{{ l|join }}{{ l|length }}": "x1",
    "{{ client.name }} {{ client.name|upper }} {{ client.name ~ 'b' }}":
        "&lt;Anna&gt; &lt;ANNA&gt; &lt;Anna&gt;b",
    "{{ 'a-b'.split('-')|last }}{{ {'a': 1}.get('a') }}{{ 2 * 3 + 1 }}{{ 7 % 4 }}": "b173",
    "{{ 'a-b'|replace('-', '+') }}{{ nobody|default('none') }}": "a+bnone",
}  # fmt: skip


@pytest.mark.parametrize("text", HARMLESS)
def test_what_a_text_needs_is_there(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    assert Renderer(tmp_path)("notice/joined", "en", **GIVEN) == HARMLESS[text]


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
