"""Templates: all compile, nothing is undefined, nobody's name becomes markup."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import jinja2
import pytest
from jinja2.sandbox import SecurityError

from bot.render import Renderer, gettext, ngettext, speaking, spoken, templates_folder, weekday
from bot.render.words import dated_moment, day, full_weekday, moment, score
from bot.views.plain import bare, without_markup

FRIDAY = 1_795_795_200_000  # 2026-11-27 16:00 UTC
EVIL = "<b>&\"'</b>"


@pytest.fixture(scope="module")
def packaged() -> Renderer:
    return Renderer()


def own(folder: Path, **templates: str) -> Renderer:
    for name, text in templates.items():
        (folder / f"{name}.html.j2").write_text(text, encoding="utf-8")
    return Renderer(folder)


def test_every_template_compiles(packaged: Renderer) -> None:
    files = list(templates_folder().rglob("*.j2"))
    assert packaged.compile_all() == len(files) > 50
    assert all(file.name.endswith((".html.j2", ".svg.j2")) for file in files), (
        "only these are rendered"
    )


def test_a_template_that_does_not_compile_is_told(tmp_path: Path) -> None:
    broken = own(tmp_path, broken="{% if %}")
    with pytest.raises(jinja2.TemplateSyntaxError):
        broken.compile_all()


@pytest.mark.parametrize(
    "text",
    [
        "{{ nobody }}",
        "{{ person.nothing }}",
        "{% if nobody %}{% endif %}",
        "{% trans %}{{ nobody }}{% endtrans %}",
    ],
)
def test_an_undefined_name_is_an_error(tmp_path: Path, text: str) -> None:
    render = own(tmp_path, mine=text)
    with pytest.raises(jinja2.UndefinedError):
        render("mine", "en", person=SimpleNamespace())


def test_the_packaged_ones_want_their_values(packaged: Renderer) -> None:
    with pytest.raises(jinja2.UndefinedError):
        packaged("notice/joined", "en")


@pytest.mark.parametrize(
    "text",
    [
        "{{ name }}",
        "{% trans name=name %}{{ name }}{% endtrans %}",
        "{% trans %}{{ name }}{% endtrans %}",
        "{{ _('%(name)s', name=name) }}",
        "{{ ngettext('%(name)s', '%(name)s', 2, name=name) }}",
        "{{ [name]|join(', ') }}",
        "{{ name|truncate(600) }}",
    ],
)
def test_no_name_becomes_markup(tmp_path: Path, text: str) -> None:
    said = own(tmp_path, mine=f"<i>{text}</i>")("mine", "en", name=EVIL)
    assert said == "<i>&lt;b&gt;&amp;&#34;&#39;&lt;/b&gt;</i>"


@pytest.mark.parametrize("language", ["en", "de", "de_du"])
def test_a_clients_name_in_a_notice_is_text(packaged: Renderer, language: str) -> None:
    said = packaged(
        "notice/joined", language,
        client=SimpleNamespace(name=EVIL), pair=SimpleNamespace(code="A7"),
    )  # fmt: skip
    assert "&lt;b&gt;&amp;" in said
    assert "<b>&" not in said
    assert "A7" in said


def test_a_name_with_a_percent_sign_is_no_format(tmp_path: Path) -> None:
    said = own(tmp_path, mine="{{ _('%(name)s has joined', name=name) }}")(
        "mine", "en", name="100 %(x)s"
    )
    assert said == "100 %(x)s has joined"


def test_a_practices_own_template_wins_and_reaches_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "notice").mkdir()
    (tmp_path / "notice" / "joined.html.j2").write_text("Ours: {{ pair.code }}\n", encoding="utf-8")
    render = Renderer(tmp_path)
    assert render("notice/joined", "en", pair=SimpleNamespace(code="A7")) == "Ours: A7"
    assert render.compile_all() == Renderer().compile_all()
    for text in ("{{ ''.__class__.__mro__ }}", "{{ speak.__globals__ }}"):
        with pytest.raises(SecurityError):
            own(tmp_path, mine=text)("mine", "en", speak=speaking)
    with pytest.raises(jinja2.TemplateNotFound):
        own(tmp_path, mine="{% include '../../secret' %}")("mine", "en")


# Languages


def test_a_language_is_spoken_within_its_block_only() -> None:
    assert spoken() == "en"
    with speaking("de"):
        assert spoken() == "de"
        with speaking("de_du"):
            assert spoken() == "de_du"
        assert spoken() == "de"
        with pytest.raises(ZeroDivisionError), speaking("de_du"):
            _ = 1 / 0
        assert spoken() == "de"
    assert spoken() == "en"


def test_du_falls_back_to_sie_and_sie_to_english() -> None:
    said = {}
    for language in ("en", "de", "de_du"):
        with speaking(language):
            said[language] = (gettext("Help now"), gettext("not in any catalogue"), gettext(""))
            assert ngettext("one", "many", 1) == "one"
    assert said["de"][0] != said["en"][0] == "Help now"
    assert said["de_du"][0] == said["de"][0], "no form of address in it"
    assert {words[1:] for words in said.values()} == {("not in any catalogue", "")}


@pytest.mark.parametrize(
    ("language", "short", "long", "date", "at", "half", "whole"),
    [
        ("en", "Fri", "Friday", "Fri, Nov 27", "Fri 17:00", "7.5", "8.0"),
        ("de", "Fr", "Freitag", "Fr., 27. Nov.", "Fr 17:00", "7,5", "8,0"),
        ("de_du", "Fr", "Freitag", "Fr., 27. Nov.", "Fr 17:00", "7,5", "8,0"),
    ],
)
def test_dates_and_numbers_are_written_as_the_reader_does(
    language: str, short: str, long: str, date: str, at: str, half: str, whole: str
) -> None:
    with speaking(language):
        assert weekday("2026-11-27") == short
        assert full_weekday("2026-11-27") == long
        assert day("2026-11-27") == date
        assert moment(FRIDAY, "Europe/Berlin") == at
        assert dated_moment(FRIDAY, "Europe/Berlin") == f"{date}, 17:00"
        assert moment(FRIDAY, "Asia/Tokyo").endswith(" 01:00")
        assert score(7.5) == half
        assert score(8.0) == whole


# Without markup


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<b>Ask</b> A7", "Ask A7"),
        ('<a href="https://x">here</a>', "here"),
        ("5 &lt; 7 &amp; 8", "5 < 7 & 8"),
        ("<blockquote expandable>x</blockquote>", "x"),
        ("a < b > c", "a < b > c"),
        ("&lt;b&gt;Anna&lt;/b&gt;", "<b>Anna</b>"),
        ("", ""),
    ],
)
def test_text_without_markup(text: str, plain: str) -> None:
    assert bare(text) == plain
    assert "<" not in without_markup(text), "still HTML: what was escaped stays so"
    assert bare(without_markup(text)) == plain
