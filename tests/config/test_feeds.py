"""Calendars that the settings declare: where they come from, and what is wrong with one."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from bot.config import ConfigError, Mistake, load, warnings
from bot.config.mistakes import feed_settings

Config = Callable[..., Path]
Mistakes = Callable[[Path], dict[str, Mistake]]
EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
SECRET = "https://calendar.example.org/private-canary/basic.ics"


def test_a_calendar_is_declared_by_its_section(config: Config) -> None:
    more = f'[feeds.ben]\nurl = "{SECRET}"\ntherapist = 501\nname = "Praxis"\n[feeds.all_of-us]\n'
    settings = load(config(more=f'{more}url = "webcal://x.example.org/a"\n'))

    assert list(settings.feeds) == ["ben", "all_of-us"]
    ben, everybody = settings.feeds.values()
    assert ben.url.get_secret_value() == SECRET
    assert (ben.therapist, ben.name, ben.user) == (501, "Praxis", "")
    assert everybody.therapist is None


@pytest.mark.parametrize(
    ("first", "second"), [('name = "Praxis"', 'name = "PRAXIS "'), ('name = "Two"', "")]
)
def test_two_of_one_name_are_told_apart_first(
    first: str, second: str, config: Config, mistakes: Mistakes
) -> None:
    more = f'[feeds.one]\nurl = "{SECRET}"\n{first}\n[feeds.two]\nurl = "{SECRET}2"\n{second}\n'
    (mistake,) = mistakes(config(more=more)).values()
    assert mistake.key == "feeds.two.name"
    assert "is called the same as feeds.one" in mistake.wrong
    assert "a name of its own" in mistake.remedy
    other = more.replace("[feeds.two]", '[feeds.two]\nname = "Zweite"').replace(second, "")
    assert load(config(more=other)).feeds["two"].name == "Zweite"


def test_its_secrets_come_from_files_and_variables(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "feeds__ben__url").write_text(SECRET + "\n")
    (secrets / "feeds__ben__password").write_text("from a file")
    monkeypatch.setenv("RAPPORT_SECRETS_DIR", str(secrets))
    monkeypatch.setenv("RAPPORT_FEEDS__BEN__PASSWORD", "from a variable")
    monkeypatch.setenv("RAPPORT_FEEDS__BEN__THERAPIST", "501")

    feed = load(config(more='[feeds.ben]\nname = "Praxis"\n')).feeds["ben"]

    assert feed.url.get_secret_value() == SECRET
    assert feed.password.get_secret_value() == "from a variable"
    assert (feed.therapist, feed.name) == (501, "Praxis")


@pytest.mark.parametrize(
    ("more", "key", "wrong", "remedy"),
    [
        ("[feeds.ben]", "feeds.ben.url", "is missing", "private address"),
        ('[feeds.ben]\nurl = ""', "feeds.ben.url", "is empty", "private address"),
        ('[feeds.ben]\nurl = "canary"', "feeds.ben.url", "no web address", "https://"),
        ('[feeds.ben]\nurl = "ftp://canary/"', "feeds.ben.url", "no web address", "https://"),
        ('[feeds.ben]\nurl = "https://[canary"', "feeds.ben.url", "no web address", "https://"),
        ("[feeds.ben]\nurl = 5", "feeds.ben.url", "does not fit", "private address"),
        ('[feeds.ben]\nurl = { canary = "x" }', "feeds.ben.url", "does not fit", "private"),
        ('[feeds.ben]\nulr = "canary"', "feeds.ben.ulr", "is not a setting", "feeds.ben.url?"),
        ('[feeds.ben]\ncolour = "canary"', "feeds.ben.colour", "is not a setting", "remove it"),
        ('[feeds.ben]\ntherapist = "Ben"', "feeds.ben.therapist", "'Ben'", "Telegram id"),
        ("[feeds.ben]\ntherapist = true", "feeds.ben.therapist", "switch", "whole number"),
        ('[feeds.ben]\nname = "a\\nb"', "feeds.ben.name", "more than one line", "one line"),
        (f'[feeds.ben]\nname = "{"x" * 41}"', "feeds.ben.name", "41 characters", "40"),
        (f'[feeds.Ben]\nurl = "{SECRET}"', "feeds.Ben", "calendar's name", "small letters"),
        (f'[feeds.a__b]\nurl = "{SECRET}"', "feeds.a__b", "calendar's name", "small letters"),
        (f'[feeds]\nben = "{SECRET}"', "feeds.ben", "not a section", "below [feeds.ben]"),
        (f'[[feeds]]\nurl = "{SECRET}"', "feeds", "not a section", "below [feeds.NAME]"),
        (
            '[feeds.ben]\nurl = "http://canary.example.org/a"',
            "feeds.ben.url",
            "without encryption",
            "calendar.private_addresses",
        ),
        (
            f'[feeds.a]\nurl = "{SECRET}"\n[feeds.b]\nurl = "{SECRET}"',
            "feeds.b.url",
            "same address as feeds.a.url",
            "remove one",
        ),
    ],
)
def test_what_is_wrong_is_named_by_its_key_and_never_repeated(
    config: Config, mistakes: Mistakes, more: str, key: str, wrong: str, remedy: str
) -> None:
    path = config(more=more + "\n")

    found = mistakes(path)

    assert wrong in found[key].wrong
    assert remedy in found[key].remedy
    with pytest.raises(ConfigError) as refused:
        load(path)
    assert "canary" not in str(refused.value)


def test_one_address_may_be_that_of_two_therapists(config: Config) -> None:
    each = [f'[feeds.{n}]\nurl = "{SECRET}"\ntherapist = {n}\n' for n in (501, 502)]

    assert len(load(config(more="".join(each))).feeds) == 2


def test_without_encryption_it_may_stand_in_this_network(config: Config) -> None:
    allowed = "[calendar]\nprivate_addresses = true\n"

    settings = load(config(more=f'{allowed}[feeds.ben]\nurl = "http://nas.example.org/a"\n'))

    assert "ben" in settings.feeds


def test_a_wrong_variable_of_one_is_named(
    config: Config, mistakes: Mistakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAPPORT_FEEDS__BEN__URL", "canary")

    (mistake,) = mistakes(config()).values()

    assert mistake.key == "feeds.ben.url"
    assert mistake.wrong == "is no web address (from RAPPORT_FEEDS__BEN__URL)"


def test_no_printout_holds_its_address(config: Config) -> None:
    settings = load(config(more=f'[feeds.ben]\nurl = "{SECRET}"\npassword = "canary"\n'))

    assert "canary" not in repr(settings)
    assert "canary" not in settings.model_dump_json()


def test_no_object_tells_of_itself_whose_it_is(config: Config) -> None:
    whose = 'therapist = 281041745\nuser = "canary"\n'
    settings = load(config(more=f'[feeds.ben]\nurl = "{SECRET}"\n{whose}'))

    assert settings.feeds["ben"].therapist == 281041745
    assert "281041745" not in repr(settings)
    assert "canary" not in repr(settings)


def test_an_address_that_others_can_read_is_a_warning(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAPPORT_FEEDS__CARL__URL", SECRET + "?2")
    path = config(more=f'[feeds.carl]\nname = "x"\n[feeds.ben]\nurl = "{SECRET}"\n')
    settings = load(path)
    assert warnings(settings, path) == ()
    path.chmod(0o644)

    (warning,) = (each for each in warnings(settings, path) if "feeds" in each.wrong)

    assert "feeds.ben" in warning.wrong
    assert "chmod 600" in warning.remedy


def test_the_example_shows_every_setting_of_one_below_its_description() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    at = lines.index("# [feeds.praxis]")
    block = [line.removeprefix("# ") for line in lines[at : lines.index("", at)]]
    said = {line.split(" = ")[0]: above for above, line in pairwise(block) if " = " in line}

    assert said == {one.key.split(".")[2]: one.says for one in feed_settings("praxis")}
    shown = tomllib.loads("\n".join(line for line in block if line.startswith("[") or "=" in line))
    assert list(shown["feeds"]["praxis"]) == list(said)
