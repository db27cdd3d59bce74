"""Where settings come from, and which source wins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.config import load, warnings

Config = Callable[..., Path]
OTHER_TOKEN = "987654321:BBHfakefakefakefakefakefakefakefake"


def test_what_is_required_is_enough(config: Config) -> None:
    settings = load(config())

    assert settings.practice.name == "Lindenhof"
    assert settings.practice.zone.key == "Europe/Berlin"
    assert settings.practice.admins == (4001,)
    assert settings.checkin.delay_minutes == 30
    assert settings.checkin.quiet_from == dt.time(21, 0)
    assert settings.digest.time == dt.time(17, 0)


def test_relative_paths_start_at_the_file_and_not_where_the_program_runs(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = config(more='[database]\npath = "data/r.sqlite3"\n[keys]\nmaster_key_file = "/safe/k"\n')
    monkeypatch.chdir("/")

    settings = load(path)

    assert settings.database.path == path.parent / "data/r.sqlite3"
    assert settings.keys.master_key_file == Path("/safe/k")


def test_a_relative_config_path_still_gives_absolute_paths(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = config().parent
    monkeypatch.chdir(folder)

    assert load(Path("config.toml")).database.path == folder / "rapport.sqlite3"


def test_the_environment_wins_over_secret_files_and_both_over_the_file(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "telegram__token").write_text(OTHER_TOKEN + "\n")
    (secrets / "practice__name").write_text("From the folder")
    (secrets / "somebody_elses_secret").write_text("not ours")
    monkeypatch.setenv("RAPPORT_SECRETS_DIR", str(secrets))
    monkeypatch.setenv("RAPPORT_PRACTICE__NAME", "From the environment")

    settings = load(config())

    assert settings.telegram.token.get_secret_value() == OTHER_TOKEN
    assert settings.practice.name == "From the environment"
    assert settings.practice.timezone == "Europe/Berlin"


def test_the_service_managers_credentials_are_read(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "telegram__token").write_text(OTHER_TOKEN)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))

    settings = load(config())

    assert settings.telegram.token.get_secret_value() == OTHER_TOKEN


def test_lists_numbers_and_tables_come_from_the_environment_too(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAPPORT_PRACTICE__ADMINS", "4001, [4002] 4001")
    monkeypatch.setenv("RAPPORT_CHECKIN__DELAY_MINUTES", "45")
    monkeypatch.setenv("RAPPORT_DIGEST__FREE_TEXT", "true")
    monkeypatch.setenv("RAPPORT_SAFETY__TEXT", "Call 112.")

    settings = load(config())

    assert settings.practice.admins == (4001, 4002)
    assert settings.checkin.delay_minutes == 45
    assert settings.digest.free_text is True
    assert settings.safety_text("de") == "Call 112."


def test_a_safety_text_can_have_two_languages(config: Config) -> None:
    one = 'text = "Call 112, or Dana at the practice."'
    settings = load(config((one, 'text = { en = "Call 112.", de = "Ruf 112 an." }')))

    assert settings.safety_text("de") == "Ruf 112 an."
    assert settings.safety_text("en") == "Call 112."
    assert settings.safety_text("fr") == "Call 112."


def test_a_missing_language_falls_back_to_the_practices(config: Config) -> None:
    one = 'text = "Call 112, or Dana at the practice."'
    settings = load(config((one, 'text = { en = "Call 112." }')))

    assert settings.safety_text("de") == "Call 112."


def test_settings_do_not_change(config: Config) -> None:
    settings = load(config())

    with pytest.raises(ValidationError, match="frozen"):
        settings.checkin.delay_minutes = 5  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        settings.checkin = settings.checkin  # type: ignore[misc]


def test_no_printout_holds_the_token(config: Config) -> None:
    settings = load(config())
    secret = settings.telegram.token.get_secret_value()

    assert secret not in repr(settings)
    assert secret not in str(settings.telegram)
    assert secret not in settings.model_dump_json()


def test_a_private_file_gives_no_warning(config: Config) -> None:
    path = config()

    assert warnings(load(path), path) == ()


def test_a_token_that_others_can_read_is_a_warning(config: Config) -> None:
    path = config()
    path.chmod(0o644)

    (warning,) = warnings(load(path), path)

    assert "token" in warning.wrong
    assert "chmod 600" in warning.remedy


def test_an_open_file_without_the_token_is_fine(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAPPORT_TELEGRAM__TOKEN", OTHER_TOKEN)
    path = config()
    text = path.read_text()
    path.write_text(text[: text.index("token")] + text[text.index("[practice]") :])
    path.chmod(0o644)

    assert warnings(load(path), path) == ()


def test_a_master_key_that_others_can_read_is_a_warning(config: Config) -> None:
    path = config()
    key = path.parent / "rapport.key"
    key.write_bytes(b"0" * 32)
    key.chmod(0o640)

    (warning,) = warnings(load(path), path)

    assert warning.key == str(key)


def test_ten_years_of_answers_outside_the_record_are_a_warning(config: Config) -> None:
    path = config(("record = true", "record = false"))
    shorter = config(("record = true", "record = false\nretention_days = 365"))

    assert warnings(load(shorter), shorter) == ()
    path = config(("record = true", "record = false"))
    (warning,) = warnings(load(path), path)
    assert warning.key == "privacy.retention_days"


def test_a_language_without_a_safety_text_is_a_warning(config: Config) -> None:
    path = config(('text = "Call 112, or Dana at the practice."', 'text = { en = "Call 112." }'))
    (warning,) = warnings(load(path), path)
    assert str(warning) == (
        "safety.text has no text in German: whoever reads German sees the practice's own, in "
        'English: add de = "..."'
    )


def test_watched_phrases_can_come_from_the_environment(
    config: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load(config()).safety.watch_phrases == ()
    monkeypatch.setenv("RAPPORT_SAFETY__WATCH_PHRASES", "end it all; can't go on;\nno way out\n")
    assert load(config()).safety.watch_phrases == ("end it all", "can't go on", "no way out")
