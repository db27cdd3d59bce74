"""Every text people see stands in German too, whole, and says the same with the same parts."""

from __future__ import annotations

import gettext
import re
from collections import Counter
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo

from bot.render import templates_folder

LOCALE = templates_folder() / "locale"
FORMAL = re.compile(r"\b(Sie|Ihnen|Ihre?[mnrs]?)\b")
INFORMAL = re.compile(r"\b([Dd]u|[Dd]ich|[Dd]ir|[Dd]eine?[mnrs]?|[Ee]uch|[Ee]ure?[mnrs]?)\b")
#: What a translation must not lose: placeholders, markup, commands, and what is not German.
PARTS = re.compile(r"%%|%\(\w+\)[a-z]|</?[a-z][^<>]*>|(?<![\w/])/[a-z_]+|Telegram|SRS|WAI|⚠|✓")
BUTTON_AT_MOST = 40


def texts(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def forms(message: Message | None) -> tuple[str, ...]:
    """Give a message's translations: one, or one for each number; none when it is missing."""
    if message is None or not message.string:
        return ()
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def originals(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def find(catalogue: Catalog, message: Message) -> Message | None:
    found = catalogue.get(originals(message)[0], message.context)
    return found if found is not None and found.id == message.id else None


def places(message: Message) -> set[str]:
    return {place for place, _ in message.locations}


def test_the_list_of_texts_is_up_to_date(extracted: Catalog, template: Catalog) -> None:
    """Run `make texts` when this fails."""
    now = {(message.id, message.context): places(message) for message in texts(extracted)}
    listed = {(message.id, message.context): places(message) for message in texts(template)}

    assert len(now) > 300
    assert listed == now


@pytest.mark.parametrize("language", ["german", "informal"])
def test_the_catalogues_hold_these_texts_and_no_others(
    extracted: Catalog, language: str, request: pytest.FixtureRequest
) -> None:
    catalogue: Catalog = request.getfixturevalue(language)

    assert {message.id for message in texts(catalogue)} == {m.id for m in texts(extracted)}
    assert list(catalogue.obsolete) == []
    assert [message.id for message in texts(catalogue) if message.fuzzy] == []


def test_every_text_is_in_german(extracted: Catalog, german: Catalog) -> None:
    missing = []
    for message in texts(extracted):
        said = forms(find(german, message))
        if len(said) != len(originals(message)) or not all(form.strip() for form in said):
            missing.append(message.id)

    assert missing == []


@pytest.mark.parametrize("language", ["german", "informal"])
def test_a_digest_has_one_word_in_german(language: str, request: pytest.FixtureRequest) -> None:
    others = [
        said
        for message in texts(request.getfixturevalue(language))
        for said, original in zip(forms(message), originals(message), strict=False)
        if said and re.search(r"\bdigests?\b", original, re.I) and "Wochenbericht" not in said
    ]

    assert others == []


@pytest.mark.parametrize("language", ["german", "informal"])
def test_a_check_in_is_never_said_in_english(language: str, request: pytest.FixtureRequest) -> None:
    said = [said for m in texts(request.getfixturevalue(language)) for said in forms(m)]

    assert [one for one in said if re.search("check-?in", one, re.I)] == []


@pytest.mark.parametrize("language", ["german", "informal"])
def test_no_sentence_ends_with_a_date(language: str, request: pytest.FixtureRequest) -> None:
    """A day without its year ends in a full stop of its own: *26. Dez.*"""
    day = re.compile(r"%\((?:day|on|said|given)\)s\.")
    said = [said for m in texts(request.getfixturevalue(language)) for said in forms(m)]

    assert [one for one in said if day.search(one)] == []


@pytest.mark.parametrize("language", ["german", "informal"])
def test_nobody_is_taken_for_a_man(language: str, request: pytest.FixtureRequest) -> None:
    """Who says *Klient* says *Klientin* too, and first: nobody knows who is behind a code."""
    alone = [
        said
        for message in texts(request.getfixturevalue(language))
        for said in forms(message)
        for him, her in ((r"\bKlient(en)?\b", "Klientin"), (r"\bTherapeut(en)?\b", "Therapeutin"))
        if re.search(him, said) and not re.search(rf"{her}.*{him}|{him}/in", said, re.S)
    ]

    assert alone == []


@pytest.mark.parametrize("language", ["german", "informal"])
def test_the_therapist_is_not_called_the_practice(
    language: str, request: pytest.FixtureRequest
) -> None:
    """Who reads is one person; *in der Praxis* would be anybody there, or just *in practice*."""
    blurred = [
        said
        for message in texts(request.getfixturevalue(language))
        for said, original in zip(forms(message), originals(message), strict=False)
        if re.search(r"your therapist\b", original, re.I) and "practice" not in original.lower()
        if "Praxis" in said
    ]

    assert blurred == []


@pytest.mark.parametrize("language", ["german", "informal"])
def test_a_translation_has_the_same_parts(language: str, request: pytest.FixtureRequest) -> None:
    differing = [
        (said, original)
        for message in texts(request.getfixturevalue(language))
        for said, original in zip(forms(message), originals(message), strict=False)
        if said and Counter(PARTS.findall(said)) != Counter(PARTS.findall(original))
    ]

    assert differing == []


def test_whoever_is_addressed_formally_can_be_addressed_informally(
    german: Catalog, informal: Catalog
) -> None:
    missing = [
        message.id
        for message in texts(german)
        if any(map(FORMAL.search, forms(message)))
        and not all([form.strip() for form in forms(find(informal, message))] or [False])
    ]

    assert missing == []


def test_the_two_forms_of_address_do_not_mix(german: Catalog, informal: Catalog) -> None:
    for catalogue, other in ((german, INFORMAL), (informal, FORMAL)):
        mixed = [said for m in texts(catalogue) for said in forms(m) if other.search(said)]
        assert mixed == []


def test_informal_entries_stand_only_where_they_differ(german: Catalog, informal: Catalog) -> None:
    same = [
        message.id
        for message in texts(informal)
        if isinstance(message.id, str) and message.string
        if forms(message) == forms(find(german, message))
    ]

    assert same == []


def test_texts_with_numbers_are_whole_in_every_catalogue(informal: Catalog) -> None:
    """The compiler writes English, not the other German, where a number's form is missing."""
    numbered = [message for message in texts(informal) if message.pluralizable]

    assert len(numbered) > 0
    assert [message.id for message in numbered if not all(forms(message))] == []


@pytest.mark.parametrize("language", ["de", "de_du"])
def test_what_is_compiled_is_what_is_written(
    language: str, german: Catalog, informal: Catalog
) -> None:
    """Run `make texts` when this fails."""
    compiled = BytesIO()
    write_mo(compiled, german if language == "de" else informal)
    compiled.seek(0)
    now = gettext.GNUTranslations(compiled)
    with (LOCALE / language / "LC_MESSAGES" / "rapport.mo").open("rb") as file:
        shipped = gettext.GNUTranslations(file)

    assert entries(shipped) == entries(now)
    assert len(entries(now)) > 80


def entries(translations: gettext.GNUTranslations) -> dict[object, str]:
    catalogue: dict[object, str] = vars(translations)["_catalog"]
    return {key: said for key, said in catalogue.items() if key}


def test_labels_fit_a_button(german: Catalog, informal: Catalog) -> None:
    """What views say themselves is on buttons, or as short; menus are lists and have more room."""
    labels = [
        said
        for catalogue in (german, informal)
        for message in texts(catalogue)
        if any(p.startswith("bot/views/") for p in places(message) - {"bot/views/menus.py"})
        for said in forms(message)
    ]

    assert len(labels) > 50
    assert [said for said in labels if len(said) > BUTTON_AT_MOST] == []


def test_a_catalogue_does_not_change_with_the_day_or_the_machine() -> None:
    for path in Path(LOCALE).rglob("*.po*"):
        dates = re.findall(r"^\"\S+-Date: (.*?)\\n", path.read_text("utf-8"), flags=re.MULTILINE)
        assert set(dates) <= {"2026-01-01 00:00+0000"}, path
        assert not re.search(r"^#: .*:\d+", path.read_text("utf-8"), flags=re.MULTILINE), path
