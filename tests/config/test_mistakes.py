"""An admin learns of every mistake at once, and what to do about each."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.config import ConfigError, Mistake, every_setting, load

Config = Callable[..., Path]
Mistakes = Callable[[Path], dict[str, Mistake]]

TOKEN_LINE = "123456789:AAHfakefakefakefakefakefakefakefake"
SAFETY = 'text = "Call 112, or Dana at the practice."'


def test_an_empty_file_names_all_that_is_required(tmp_path: Path, mistakes: Mistakes) -> None:
    path = tmp_path / "config.toml"
    path.touch()

    found = mistakes(path)

    assert set(found) == {setting.key for setting in every_setting() if setting.required}
    assert all(mistake.wrong == "is missing" and mistake.remedy for mistake in found.values())


def test_mistakes_of_every_kind_are_told_at_once(
    config: Config, mistakes: Mistakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAPPORT_TELEGAM__BASE_URL", "https://x/bot")
    monkeypatch.setenv("RAPPORT_LOG", "debug")
    path = config(
        ("Europe/Berlin", "Berlin"),
        ('name = "Lindenhof"', 'nmae = "Lindenhof"'),
        more='colour = 1\n[digest]\nweekday = "firday"\n[checkin]\nper_day = 9\nquiet_to = "8"\n',
    )

    found = mistakes(path)

    assert set(found) == {
        "RAPPORT_TELEGAM__BASE_URL",
        "log",
        "practice.timezone",
        "practice.name",
        "practice.nmae",
        "privacy.colour",
        "digest.weekday",
        "checkin.per_day",
        "checkin.quiet_to",
    }


@pytest.mark.parametrize(
    ("old", "new", "key", "wrong", "remedy"),
    [
        ("Europe/Berlin", "Berlin", "practice.timezone", "not a time", "Europe/Berlin?"),
        ("Europe/Berlin", "europe/berln", "practice.timezone", "time zone", "Europe/Berlin"),
        ("Europe/Berlin", "Europe", "practice.timezone", "time zone", "IANA"),
        ("Europe/Berlin", "../../etc/passwd", "practice.timezone", "time zone", "IANA"),
        ("Europe/Berlin", "", "practice.timezone", "empty", "IANA"),
        ("timezone", "time_zone", "practice.time_zone", "not a setting", "practice.timezone?"),
        ("[practice]", "[practise]", "practise", "not a section", "practice?"),
        ("contact", "retention_days = 0\ncontact", "privacy.retention_days", "0", "30 to 10958"),
        ("admins = [4001]", "admins = []", "practice.admins", "empty", "at least one"),
        ("admins = [4001]", "admins = [-100123]", "practice.admins", "-100123", "whole numbers"),
        ("admins = [4001]", "admins = true", "practice.admins", "True", "whole numbers"),
        (
            "admins",
            'closed_days = ["24.12."]\nadmins',
            "practice.closed_days",
            "24.12.",
            "2026-12-24",
        ),
        (
            "admins",
            'closed_days = ["2026-12-26 2026-12-24"]\nadmins',
            "practice.closed_days",
            "ends before it begins",
            '"2026-12-24 2026-12-26"',
        ),
        (
            "admins",
            'closed_days = ["2026-12-24 2027-12-24"]\nadmins',
            "practice.closed_days",
            "very long",
            "184 days",
        ),
        ("admins", 'german = "Du"\nadmins', "practice.german", "'Du'", '"Sie" or "du"'),
        ("admins", 'language = "fr"\nadmins', "practice.language", "'fr'", '"en" or "de"'),
        ("Lindenhof", "   ", "practice.name", "empty", "clients read"),
        ("Lindenhof", "L" * 61, "practice.name", "61 characters", "60"),
        ("Lindenhof", "a\\nb", "practice.name", "more than one line", "one line"),
        (SAFETY, 'text = "  "', "safety.text", "empty", "help"),
        (SAFETY, "text = {}", "safety.text", "empty", "help"),
        (SAFETY, f'text = "{"x" * 1501}"', "safety.text", "1501 characters", "1500"),
        (SAFETY, f'text.en = "{"x" * 1501}"', "safety.text.en", "1501 characters", "1500"),
        (SAFETY, 'text = { en = "" }', "safety.text.en", "empty", "help"),
        (SAFETY, 'text = { de = "Ruf 112 an." }', "safety.text", "no text in en", "en ="),
        (SAFETY, 'text = { en = "Call.", fr = "Non" }', "safety.text.fr", "no language", '"de"'),
        *(
            ("[safety]", f"[safety]\nwatch_phrases = {phrases}", "safety.watch_phrases", *said)
            for phrases, *said in (
                ('["tot"]', "'tot', which is too short", "5 letters"),
                ('["a b c d"]', "too short", "5 letters"),
                ('["  "]', "too short", "5 letters"),
                ('["kill.*self"]', "with .*: words are compared, no patterns", "plain words"),
                ('["end it\\nall"]', "no patterns", "one line"),
                ('["end it all", "END  it-all"]', "which are the same", "remove one"),
                (f'["{"end it all " * 8}"]', "too long", "80 characters"),
                (f"{[f'phrase {n}' for n in range(101)]}", "101 phrases", "100"),
                ("[12345]", "12345", "docs/watch.md"),
                ("true", "True", "docs/watch.md"),
            )
        ),
        (
            "record = true",
            'record = "perhaps"',
            "privacy.feedback_in_clinical_record",
            "'perhaps'",
            "true or",
        ),
        (TOKEN_LINE, "123", "telegram.token", "bot token", "@BotFather"),
        (TOKEN_LINE, "", "telegram.token", "empty", "@BotFather"),
        ("[practice]", 'receive = "pull"\n[practice]', "telegram.receive", "pull", '"webhook"'),
    ],
)
def test_a_wrong_value_gets_its_remedy(
    config: Config, mistakes: Mistakes, old: str, new: str, key: str, wrong: str, remedy: str
) -> None:
    found = mistakes(config((old, new)))

    assert wrong in found[key].wrong
    assert remedy in found[key].remedy


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ("delay_minutes = true", "checkin.delay_minutes"),
        ("delay_minutes = 12.5", "checkin.delay_minutes"),
        ("reminder_after_hours = 48", "checkin.expiry_hours"),
        ("expiry_hours = 20", "checkin.expiry_hours"),
        ("per_day = 3", "checkin.per_week"),
        ('quiet_from = "24:00"', "checkin.quiet_from"),
        ('quiet_from = "9 pm"', "checkin.quiet_from"),
        ("quiet_from = 21", "checkin.quiet_from"),
        ('quiet_from = "08:00"', "checkin.quiet_to"),
        ('quiet_from = "08:01"', "checkin.quiet_to"),
        ('instrument = "../secrets"', "checkin.instrument"),
    ],
)
def test_a_wrong_check_in_is_refused(
    config: Config, mistakes: Mistakes, lines: str, key: str
) -> None:
    assert set(mistakes(config(more=f"[checkin]\n{lines}\n"))) == {key}


@pytest.mark.parametrize("written", ['"9:05"', '"09:05"', "09:05:00"])
def test_a_time_can_be_written_in_three_ways(config: Config, written: str) -> None:
    settings = load(config(more=f"[checkin]\nquiet_to = {written}\n"))

    assert f"{settings.checkin.quiet_to:%H:%M}" == "09:05"


@pytest.mark.parametrize(
    ("address", "fits"),
    [
        ("https://bot-api.example.org/bot", True),
        ("http://127.0.0.1:8081/bot", True),
        ("http://localhost:8081/bot", True),
        ("http://[::1]:8081/bot", True),
        ("http://api.telegram.org/bot", False),
        ("http://10.0.0.7:8081/bot", False),
        ("https://api.telegram.org", False),
        ("https:///bot", False),
        ("ftp://localhost/bot", False),
    ],
)
def test_the_token_never_travels_in_the_open(
    config: Config, mistakes: Mistakes, address: str, fits: bool
) -> None:
    path = config(("[practice]", f'base_url = "{address}"\n[practice]'))

    if fits:
        assert load(path).telegram.base_url == address
    else:
        assert set(mistakes(path)) == {"telegram.base_url"}


def test_a_syntax_error_names_its_line(config: Config, mistakes: Mistakes) -> None:
    path = config(('name = "Lindenhof"', "name = Lindenhof"))

    (mistake,) = mistakes(path).values()

    assert mistake.key == str(path)
    assert "line 5" in mistake.wrong


def test_a_missing_file_says_where_to_begin(tmp_path: Path, mistakes: Mistakes) -> None:
    (mistake,) = mistakes(tmp_path / "config.toml").values()

    assert "does not exist" in mistake.wrong
    assert "config.example.toml" in mistake.remedy


def test_what_is_no_text_file_is_refused(tmp_path: Path, mistakes: Mistakes) -> None:
    (tmp_path / "latin.toml").write_bytes(b'name = "M\xfcller"')

    assert "UTF-8" in mistakes(tmp_path / "latin.toml")[str(tmp_path / "latin.toml")].wrong
    assert "cannot be read" in mistakes(tmp_path)[str(tmp_path)].wrong


def test_a_wrong_variable_is_named(
    config: Config, mistakes: Mistakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAPPORT_CHECKIN__DELAY_MINUTES", "soon")
    monkeypatch.setenv("RAPPORT_CHECKIN__DELAY", "5")

    found = mistakes(config())

    assert "RAPPORT_CHECKIN__DELAY_MINUTES" in found["checkin.delay_minutes"].wrong
    assert found["checkin.delay"].remedy == "did you mean checkin.delay_minutes?"


def test_a_secrets_folder_that_is_not_there_is_refused(
    config: Config, mistakes: Mistakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAPPORT_SECRETS_DIR", "/nowhere/at/all")

    assert set(mistakes(config())) == {"RAPPORT_SECRETS_DIR"}


def test_a_name_of_the_library_is_no_way_in(config: Config, mistakes: Mistakes) -> None:
    path = config(("\n[telegram]", "_env_file = 'other'\n[telegram]"))

    assert set(mistakes(path)) == {"_env_file"}


@pytest.mark.parametrize("told", ["short", "12345", TOKEN_LINE + " and more", TOKEN_LINE[:-12]])
def test_a_refused_token_is_never_repeated(config: Config, told: str) -> None:
    path = config((TOKEN_LINE, told), ("Europe/Berlin", "Nowhere"))

    with pytest.raises(ConfigError) as refused:
        load(path)

    assert refused.value.__cause__ is None
    assert told not in "".join(traceback.format_exception(refused.value))


def test_the_machine_may_have_other_variables(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAPPORT_CONFIG", "somewhere.toml")

    assert os.environ["RAPPORT_CONFIG"]
    assert load(config()).practice.name == "Lindenhof"


@pytest.mark.parametrize("given", ["[-5, true, 0]", None])
def test_each_wrong_admin_is_told_once(
    config: Config, monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    path = config(("[4001]", given)) if given else config()
    if given is None:
        monkeypatch.setenv("RAPPORT_PRACTICE__ADMINS", "abc")

    with pytest.raises(ConfigError) as refused:
        load(path)

    told = [str(mistake) for mistake in refused.value.mistakes]
    assert len(told) == (3 if given else 1)
    assert not any("[" in mistake.wrong for mistake in refused.value.mistakes)
