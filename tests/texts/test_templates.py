"""Every template compiles, includes what exists, and says nothing in English alone."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2
import pytest
from jinja2 import meta

from bot.core.trends import Repair
from bot.render import speaking, templates_folder
from bot.render.sandbox import environment_of
from bot.store.migrate import known
from tests.digest_support import renderer, visible

NAMES = sorted(path.relative_to(templates_folder()) for path in templates_folder().rglob("*.j2"))
#: Markup, what a person types, commands: the same in every language.
NOT_WORDS = re.compile(r"<code>.*?</code>|</?[a-z][^<>]*>|(?<!\w)/[a-z_]+", re.DOTALL)


@pytest.fixture(scope="module")
def environment() -> jinja2.Environment:
    # As the program's own, so that its filters and its way with white space count.
    return environment_of(jinja2.FileSystemLoader(templates_folder()), jinja2.Environment)


def test_there_are_templates() -> None:
    assert len(NAMES) > 50


@pytest.mark.parametrize("name", NAMES, ids=str)
def test_it_compiles_and_finds_what_it_includes(
    name: Path, environment: jinja2.Environment
) -> None:
    environment.get_template(name.as_posix())
    source = (templates_folder() / name).read_text("utf-8")
    for other in meta.find_referenced_templates(environment.parse(source)):
        assert other is not None, "a template that is named at run time cannot be checked"
        environment.get_template(other)


def english_alone(environment: jinja2.Environment, source: str) -> list[str]:
    """List the words of a template that are not handed to the translation."""
    outside: list[str] = []
    in_trans, names_block = False, False
    for _, kind, text in environment.lex(source):
        if kind == "block_begin":
            names_block = True
        elif names_block and kind == "name":
            in_trans = (in_trans or text == "trans") and text != "endtrans"
            names_block = False
        elif kind == "data":
            outside.append("" if in_trans else text)
    return re.findall(r"[^\W\d_]+", NOT_WORDS.sub(" ", "\0".join(outside)))


@pytest.mark.parametrize("name", NAMES, ids=str)
def test_every_word_can_be_translated(name: Path, environment: jinja2.Environment) -> None:
    assert english_alone(environment, (templates_folder() / name).read_text("utf-8")) == []


def test_a_word_outside_would_be_noticed(environment: jinja2.Environment) -> None:
    source = "{% trans n=1 %}Fine {{ n }}{% endtrans %} Not {{ _('fine') }}{% if x %}so{% endif %}"

    assert english_alone(environment, source) == ["Not", "so"]


#: Every reason that the program gives for not asking.
REASONS = (
    "per_day", "per_week", "paused", "stopped", "ended", "invited", "not_confirmed", "too_late",
    "consent_outdated", "answered_before_move", "asked_before_move", "failed",
    "less_often", "new_account", "lost", "absence", "hold", "wrong_client",
)  # fmt: skip


@pytest.mark.parametrize("language", ["en", "de", "de_du"])
@pytest.mark.parametrize("reason", REASONS)
def test_why_somebody_was_not_asked_has_words(
    environment: jinja2.Environment, reason: str, language: str
) -> None:
    with speaking(language):
        said = environment.get_template("therapist/digest_entry.html.j2").module.why_not(reason)  # type: ignore[attr-defined]
    assert re.fullmatch(r" \([^()]{4,}\)", said), said


#: Tables of which a client's export words a column with a fixed set of values.
EXPORTED = {
    "pair": "state", "consent": "decision", "appointment": "state", "checkin": "state",
    "answer": "disclosure", "acknowledgement": "kind|reply", "message_now": "kind|state",
    "goal": "state",
}  # fmt: skip
#: What no client is sent, and what is not there any more when one could ask.
NOT_A_CLIENTS = {"digest", "mirror", "erased"}


def test_every_state_in_an_export_has_words() -> None:
    page = (templates_folder() / "client/export_page.html.j2").read_text("utf-8")
    worded = set(re.findall(r'"(\w+)": gettext\(', page))
    tables = {
        name: body
        for _, text in known()
        for name, body in re.findall(r"CREATE TABLE (\w+) \((.*?)\n\);", text, re.DOTALL)
    }
    for table, columns in EXPORTED.items():
        lists = re.findall(rf"CHECK \((?:{columns}) IN\s*\((.*?)\)\)", tables[table], re.DOTALL)
        assert len(lists) == columns.count("|") + 1, table
        values = {value for one in lists for value in re.findall(r"'(\w+)'", one)}
        assert values - NOT_A_CLIENTS <= worded, table


@pytest.mark.parametrize(
    ("repair", "words"),
    [
        (Repair("2026-11-02", "open", False), "not acknowledged yet"),
        # Whether the two talked only the client can say.
        (Repair("2026-11-02", "open", False, "read"), "read"),
        (Repair("2026-11-02", "open", False, "talk"), "let's talk"),
        (Repair("2026-11-02", "open", False, "talk", False), "let's talk → not talked about yet"),
        (
            Repair("2026-11-02", "open", False, "talk", True),
            "let's talk → talked about → not back to usual yet",
        ),
        (
            Repair("2026-11-02", "back", False, None, False, "2026-11-09"),
            "back to usual on Mon 9 Nov",
        ),
        (
            Repair("2026-11-02", "repaired", False, "talk", True, "2026-11-09"),
            "let's talk → talked about → back to usual on Mon 9 Nov",
        ),
    ],
)
def test_a_fall_is_told_up_to_the_first_step_that_is_still_to_be_done(
    repair: Repair, words: str
) -> None:
    template = renderer().from_string(
        "{% from 'therapist/digest_entry.html.j2' import steps with context %}{{ steps(repair) }}"
    )
    assert visible(template.render(repair=repair)) == f"Fall of Mon 2 Nov → {words}"
