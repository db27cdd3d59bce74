"""`rapport telegram setup` and what `rapport check --telegram` says, against the local Telegram.

1. It changes only what differs: a second time it changes nothing.
2. What cannot be changed now holds up nothing else, and is told in a sentence.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.config import load
from bot.demo.stage import ADMIN_ID, write_config
from bot.emulator import Emulator
from bot.views.menus import profiles
from tests.cli.test_commands import rapport


@pytest.fixture
def dana(telegram: Emulator, telegram_loop: Any) -> None:
    """The admin has written to the bot."""
    import asyncio

    async def begins() -> None:
        telegram.person("Dana", id=ADMIN_ID).start()

    asyncio.run_coroutine_threadsafe(begins(), telegram_loop).result(5)


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPPORT_TELEGRAM__DISPLAY_NAME", "Lotte")


def changes(telegram: Emulator) -> list[str]:
    return [call.method for call in telegram.journal.calls() if call.method.startswith("set")]


def done(config: Path, *more: str, code: int = 0) -> dict[str, Any]:
    result = rapport("telegram", "setup", "-c", config, "--json", *more)
    assert result.exit_code == code, result.output
    said: dict[str, Any] = json.loads(result.stdout)
    return said


@pytest.mark.usefixtures("dana")
def test_all_is_set_once(connected: Path, telegram: Emulator) -> None:
    changed = [one["what"] for one in done(connected)["changed"]]
    assert changed == [
        "name",
        "short description",
        "short description in de",
        "description",
        "description in de",
        *(f"commands of {whose}{code}" for code in ("", " in en", " in de")
          for whose in ("private chats", f"admin {ADMIN_ID}")),
    ]  # fmt: skip
    texts = telegram.world.profile.texts
    assert texts["name", ""] == "Lotte"
    assert "Nur mit Einladung" in texts["short_description", "de"]
    assert "Nobody reads this chat" in texts["description", ""]
    before = changes(telegram)
    assert len(before) == len(changed)
    again = rapport("telegram", "setup", "-c", connected)
    assert again.stdout == "All is as it should be; nothing was changed.\n"
    assert changes(telegram) == before


@pytest.mark.usefixtures("dana")
def test_only_what_differs_is_changed(
    connected: Path, telegram: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(connected)
    before = len(changes(telegram))
    monkeypatch.setenv("RAPPORT_TELEGRAM__DISPLAY_NAME", "Emil")
    plain = rapport("telegram", "setup", "-c", connected)
    assert plain.stdout == "changed: name\n    from  Lotte\n    to    Emil\n"
    assert changes(telegram)[before:] == ["setMyName"]


@pytest.mark.usefixtures("dana")
def test_a_dry_run_says_what_would_change_and_changes_nothing(
    connected: Path, telegram: Emulator
) -> None:
    said = done(connected, "--dry-run")
    assert changes(telegram) == []
    assert said["changed"][0]["should_be"] == "Lotte"
    plain = rapport("telegram", "setup", "-c", connected, "--dry-run")
    assert plain.stdout.startswith("would change: name\n")
    assert done(connected)["changed"] == said["changed"]
    assert done(connected, "--dry-run")["changed"] == []


@pytest.mark.usefixtures("dana")
def test_too_many_changes_of_the_name_are_told_and_the_rest_is_done(
    connected: Path, telegram: Emulator
) -> None:
    telegram.faults.add("status", status=429, retry_after=40_000, method="setMyName", times=1)
    said = done(connected, code=1)
    assert said["left"] == [
        "name: Telegram allows no more changes of it now. Run this again in 60 min at the earliest"
    ]
    assert len(said["changed"]) >= 10
    assert done(connected)["changed"][0]["what"].startswith("name")


def test_an_admin_who_never_wrote_is_told(connected: Path, telegram: Emulator) -> None:
    said = done(connected, code=1)
    assert len(said["left"]) == 3
    assert all(f"admin {ADMIN_ID}" in one and "not written" in one for one in said["left"])
    plain = rapport("telegram", "setup", "-c", connected)
    assert plain.exit_code == 1
    assert plain.stderr.count("left: ") == 3


def test_a_refusal_is_told_in_telegrams_words(connected: Path, telegram: Emulator) -> None:
    telegram.faults.add(
        "status", status=400, description="Bad Request: no such text", method="setMyDescription"
    )
    left = done(connected, code=1)["left"]
    assert "Telegram refuses it" in left[0]
    assert "no such text" in left[0]


@pytest.mark.usefixtures("dana")
def test_check_asks_telegram_only_when_told_to(connected: Path, telegram: Emulator) -> None:
    plain = json.loads(rapport("check", "-c", connected, "--json").stdout)
    assert telegram.journal.calls() == []
    asked = json.loads(rapport("check", "-c", connected, "--telegram", "--json").stdout)
    new = [worry for worry in asked["warnings"] if worry not in plain["warnings"]]
    assert new[0] == "Telegram shows something else as name: `rapport telegram setup` sets it"
    assert changes(telegram) == []
    done(connected)
    asked = json.loads(rapport("check", "-c", connected, "--telegram", "--json").stdout)
    assert asked["warnings"] == plain["warnings"]


def test_without_a_name_of_its_own_the_one_given_to_botfather_stays(
    connected: Path, telegram: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAPPORT_TELEGRAM__DISPLAY_NAME")
    rapport("telegram", "setup", "-c", connected)
    assert telegram.journal.calls(method="setMyDescription")
    assert telegram.journal.calls(method="setMyName") == []


@pytest.mark.parametrize("german", ["Sie", "du"])
def test_every_text_fits_and_speaks_as_the_practice_does(tmp_path: Path, german: str) -> None:
    config = write_config(tmp_path, "http://127.0.0.1:9/bot")
    text = config.read_text("utf-8").replace("[practice]\n", f'[practice]\ngerman = "{german}"\n')
    config.write_text(text, "utf-8")
    for profile in profiles(load(config)):
        limit = {"name": 64, "short_description": 120, "description": 512}[profile.what]
        assert set(profile.texts) == {"", "en", "de"}
        assert all(0 < len(text) <= limit for text in profile.texts.values())
        if profile.what != "name":
            assert ("Ihre" in profile.texts["de"]) == (german == "Sie")
