"""The short commands: what they print, what they leave on disk, and their exit codes."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bot import __version__
from bot.cli import cli
from bot.config import load
from bot.demo.stage import TOKEN, write_config
from bot.emulator import Emulator
from bot.opening import RandomIds, SystemClock, open_database
from bot.render import Renderer, templates_folder
from bot.store import people
from bot.store.database import Database
from bot.store.vault import Vault, new_master_key, read_key, write_key, write_key_file
from tests.founding import founded
from tests.transactions import writing

DAY = 86_400_000
Master = Callable[[], bytes]


def rapport(*words: str | Path) -> Result:
    result = CliRunner().invoke(cli, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert TOKEN not in result.output
    return result


def listing(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def rows(config: Path, sql: str) -> list[Any]:
    connection = sqlite3.connect(config.with_name("rapport.sqlite3"))
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def with_database(config: Path, act: Callable[[Database], Any]) -> Any:
    async def opened() -> Any:
        db = await open_database(load(config), SystemClock())
        try:
            return await act(db)
        finally:
            await db.close()

    return asyncio.run(opened())


def test_the_version() -> None:
    assert rapport("version").stdout == f"rapport {__version__}\n"
    assert json.loads(rapport("version", "--json").stdout) == {"version": __version__}


# check


def test_a_good_configuration_is_well_and_untouched(config: Path) -> None:
    short = "feedback_in_clinical_record = false\nretention_days = 365"
    text = config.read_text("utf-8")
    config.write_text(text.replace("feedback_in_clinical_record = false", short), encoding="utf-8")
    before = listing(config.parent)
    result = rapport("check", "-c", config)
    assert (result.exit_code, result.stdout) == (0, f"{config}: all is well\n")
    answer = json.loads(rapport("check", "-c", config, "--json").stdout)
    assert answer == {"ok": True, "mistakes": [], "warnings": [], "set": []}
    assert listing(config.parent) == before


def test_a_token_that_others_can_read_is_a_warning(config: Path) -> None:
    config.chmod(0o644)
    result = rapport("check", "-c", config)
    assert result.exit_code == 0
    assert f"chmod 600 {config}" in result.stdout
    answer = json.loads(rapport("check", "-c", config, "--json").stdout)
    assert answer["ok"]
    assert any(f"chmod 600 {config}" in warning for warning in answer["warnings"])


def test_a_wrong_template_of_the_practice_is_told(config: Path) -> None:
    mine = config.parent / "templates" / "home.html.j2"
    mine.parent.mkdir()
    mine.write_text("Welcome\n{{ practise }}", encoding="utf-8")
    result = rapport("check", "-c", config)
    assert result.exit_code == 2
    assert f"{mine}:2: 'practise' has no meaning here; there are: " in result.stderr
    mine.write_text("Welcome to {{ practice }}", encoding="utf-8")
    assert rapport("check", "-c", config).exit_code == 0


def test_the_programs_own_templates_are_not_the_practices(config: Path) -> None:
    """A configuration that lies in a checkout has them beside it."""
    config.with_name("templates").symlink_to(templates_folder())
    assert Renderer(load(config).practice.templates).own is None
    result = rapport("check", "-c", config)
    assert result.exit_code == 0
    assert "practice.templates" not in result.output


def test_all_mistakes_of_a_configuration_are_told(config: Path) -> None:
    text = config.read_text("utf-8")
    text = text.replace("Europe/Berlin", "Europe/Berlín").replace("admins = [4001]", "admins = []")
    config.write_text(text, encoding="utf-8")
    result = rapport("check", "-c", config)
    assert result.exit_code == 2
    assert "2 to mend" in result.stderr
    assert "practice.timezone" in result.stderr
    result = rapport("check", "-c", config, "--json")
    assert result.exit_code == 2
    answer = json.loads(result.stdout)
    assert not answer["ok"]
    assert {m["key"] for m in answer["mistakes"]} == {"practice.timezone", "practice.admins"}
    assert all(m["wrong"] and m["remedy"] for m in answer["mistakes"])


@pytest.mark.parametrize(
    ("key", "instrument", "code", "wrong"),
    [
        (False, "session-alliance", 3, {"keys.master_key_file"}),
        (True, "session-aliance", 2, {"checkin.instrument"}),
        (False, "session-aliance", 3, {"keys.master_key_file", "checkin.instrument"}),
    ],
)
def test_a_missing_key_and_a_wrong_questionnaire_are_told(
    tmp_path: Path, key: bool, instrument: str, code: int, wrong: set[str]
) -> None:
    extra = f'[checkin]\ninstrument = "{instrument}"\n'
    config = founded(write_config(tmp_path, "http://127.0.0.1:9/bot", extra=extra))
    if not key:
        (tmp_path / "rapport.key").unlink()
    result = rapport("check", "-c", config, "--json")
    assert result.exit_code == code
    assert {m["key"] for m in json.loads(result.stdout)["mistakes"]} == wrong
    plain = rapport("check", "-c", config)
    assert plain.exit_code == code
    assert plain.stderr.count("wrong: ") == len(wrong)
    assert "all is well" not in plain.output


# init


@pytest.fixture
def fresh(config: Path) -> Path:
    """A practice that has only its configuration."""
    for name in ("rapport.key", "rapport.sqlite3", "rapport.sqlite3.lock"):
        config.with_name(name).unlink()
    return config


def key_on(sheet: str) -> str:
    (line,) = [line.strip() for line in sheet.splitlines() if "RAPPORT-KEY-1" in line]
    return line


def test_a_new_practice_gets_a_key_a_database_and_a_sheet(fresh: Path, master: Master) -> None:
    before = os.umask(0)
    try:
        result = rapport("init", "-c", fresh)
    finally:
        os.umask(before)
    assert result.exit_code == 0
    assert "RECOVERY SHEET · Lindenhof" in result.stdout
    key, database = fresh.with_name("rapport.key"), fresh.with_name("rapport.sqlite3")
    assert stat.S_IMODE(key.stat().st_mode) == stat.S_IMODE(database.stat().st_mode) == 0o600
    assert read_key(key_on(result.stdout)) == master()
    assert rows(fresh, "SELECT id FROM practice") == [(1,)]
    assert rapport("check", "-c", fresh).exit_code == 0


def test_a_key_is_never_overwritten(fresh: Path) -> None:
    rapport("init", "-c", fresh)
    before = listing(fresh.parent)
    result = rapport("init", "-c", fresh)
    assert result.exit_code == 3
    assert "never overwritten" in result.stderr
    assert "RAPPORT-KEY-1" not in result.output
    assert listing(fresh.parent) == before


def test_a_lost_key_is_not_replaced_but_restored_from_the_sheet(fresh: Path) -> None:
    sheet = rapport("init", "-c", fresh).stdout
    key = fresh.with_name("rapport.key")
    key.unlink()
    result = rapport("init", "-c", fresh)
    assert result.exit_code == 3
    assert "recovery sheet" in result.stderr
    assert not key.exists(), "a new key would lock the practice out"
    key.write_text(key_on(sheet).lower().replace(" ", "-"), encoding="utf-8")
    assert rapport("check", "-c", fresh).exit_code == 0
    assert with_database(fresh, lambda db: asyncio.sleep(0, "open")) == "open"


def test_the_sheet_is_printed_even_if_the_database_cannot_be_made(
    tmp_path: Path, master: Master
) -> None:
    extra = '[database]\npath = "missing/rapport.sqlite3"\n'
    config = write_config(tmp_path, "http://127.0.0.1:9/bot", extra=extra)
    config.with_name("rapport.key").unlink()
    result = rapport("init", "-c", config)
    assert result.exit_code == 1
    assert "No such file or directory" in result.stderr
    assert read_key(key_on(result.stdout)) == master()


def test_a_key_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    extra = '[keys]\nmaster_key_file = "missing/rapport.key"\n'
    config = write_config(tmp_path, "http://127.0.0.1:9/bot", extra=extra)
    result = rapport("init", "-c", config)
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr
    assert not config.with_name("rapport.sqlite3").exists()


def test_another_practices_key_opens_nothing(fresh: Path, telegram: Emulator) -> None:
    write_config(fresh.parent, telegram.base_url)
    fresh.with_name("rapport.key").unlink()
    rapport("init", "-c", fresh)
    key = fresh.with_name("rapport.key")
    key.unlink()
    write_key_file(key, new_master_key())
    result = rapport("invite", "therapist", "-c", fresh)
    assert result.exit_code == 3
    assert "not the one this database was made with" in result.stderr
    before = listing(fresh.parent)
    result = rapport("check", "-c", fresh)
    assert result.exit_code == 3
    assert "not the one this database was made with" in result.stderr
    assert "all is well" not in result.output
    assert listing(fresh.parent) == before
    for written, wrong in (
        (write_key(bytes(32))[:-1] + "Q", "typing mistake"),
        ("", "starts with"),
    ):
        key.write_text(written, encoding="utf-8")
        said = rapport("check", "-c", fresh).stderr
        assert wrong in said
        assert str(key) in said
        assert "recovery sheet" in said


# invite


def test_a_therapist_is_invited(connected: Path, master: Master) -> None:
    before = time.time_ns() // 1_000_000
    result = rapport("invite", "therapist", "-c", connected, "--json")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    found = re.fullmatch(r"https://t\.me/rapport_bot\?start=([A-Za-z0-9_-]{1,64})", answer["url"])
    assert found is not None
    assert 0 <= answer["expires_at"] - before - 14 * DAY < 60_000
    secret = Vault(master()).blind_index("invitation", found[1])
    assert rows(connected, "SELECT kind, secret, invited_by FROM invitation") == [
        ("therapist", secret, None)
    ]


def test_an_invitation_is_also_a_picture_and_made_beside_a_running_program(
    connected: Path,
) -> None:
    async def beside(_: Database) -> Result:
        return await asyncio.to_thread(rapport, "invite", "therapist", "-c", connected)

    result = with_database(connected, beside)
    assert result.exit_code == 0
    assert "https://t.me/rapport_bot?start=" in result.stdout
    assert sum(result.stdout.count(block) for block in "█▀▄") > 100


def test_nobody_is_invited_with_a_wrong_token(connected: Path) -> None:
    text = connected.read_text("utf-8").replace(TOKEN, TOKEN[:-1] + "x")
    connected.write_text(text, encoding="utf-8")
    result = rapport("invite", "therapist", "-c", connected)
    assert result.exit_code == 5
    assert "telegram.token" in result.stderr
    assert rows(connected, "SELECT count(*) FROM invitation") == [(0,)]


def test_who_has_no_network_is_told_and_scripts_read_no_log(config: Path) -> None:
    program = (
        "import bot.opening, bot.cli; bot.opening.PATIENCE_SECONDS = 1.0;"
        f"bot.cli.cli(['invite', 'therapist', '--json', '-c', {str(config)!r}])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert "Telegram did not answer within 1 seconds: check the network" in result.stderr
    assert "cannot be reached yet" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Unclosed" not in result.stderr


# digest preview


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Let's talk"), ("de", "Woche"), ("de_du", "Woche")]
)
def test_a_sample_digest_in_every_language(language: str, words: str) -> None:
    result = rapport("digest", "preview", "--language", language)
    assert result.exit_code == 0
    assert all(code in result.stdout for code in ("A7", "C4", "B2"))
    assert not re.search(r"</?[a-z]+>|&[a-z]+;", result.stdout), "markup has no place here"


def test_the_sample_is_translated() -> None:
    samples = {rapport("digest", "preview", "--language", word).stdout for word in ("en", "de")}
    assert len(samples) == 2


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--language", "xx"], 2, "give en, de or de_du"),
        (["-c", "CONFIG"], 2, "--therapist is missing"),
        (["--therapist", "5"], 2, "--config is missing"),
        (["-c", "CONFIG", "--therapist", "4001"], 1, "4001 is no therapist"),
    ],
)
def test_a_preview_that_cannot_be_shown_is_told(
    config: Path, words: list[str], code: int, says: str
) -> None:
    result = rapport("digest", "preview", *(w.replace("CONFIG", str(config)) for w in words))
    assert result.exit_code == code
    assert says in result.stderr


def test_a_practice_named_for_all_commands_is_taken_and_the_sample_still_shown(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = rapport("digest", "preview").stdout
    monkeypatch.setenv("RAPPORT_CONFIG", str(config))
    result = rapport("digest", "preview", "--therapist", "4001")
    assert (result.exit_code, result.stderr) == (1, "4001 is no therapist of this practice\n")
    assert rapport("digest", "preview").stdout.splitlines()[0] == sample.splitlines()[0]
    config.write_text("broken", encoding="utf-8")
    for words in (["test", "table.ics"], ["find", "https://example.org"]):
        result = rapport("calendar", *words)
        assert (result.exit_code, str(config) in result.stderr) == (2, True)


def test_a_real_preview_is_noted_in_the_audit(config: Path) -> None:
    async def ben(db: Database) -> None:
        async with writing(db) as tx:
            person = await people.add_person(tx, RandomIds().new(), 4001, "Ben", "en", 1)
            await people.make_therapist(tx, person.id, SystemClock().now())

    with_database(config, ben)
    result = rapport("digest", "preview", "-c", config, "--therapist", "4001")
    assert result.exit_code == 0
    assert result.stdout.strip()
    (noted,) = rows(config, "SELECT act, actor_id FROM audit")
    assert "preview" in noted[0]
    german = rapport("digest", "preview", "-c", config, "--therapist", "4001", "--language", "de")
    assert "Woche" in german.stdout
    assert "Woche" not in result.stdout


def test_own_templates_are_tried_before_they_go_live(config: Path) -> None:
    folder = config.with_name("templates")
    (folder / "client").mkdir(parents=True)
    own = folder / "client" / "review.html.j2"
    own.write_text("Thank you.\n{{ talk.no_such_thing }}", encoding="utf-8")
    before = listing(config.parent)
    result = rapport("check", "-c", config)
    assert result.exit_code == 2
    assert f"{own}:2: fails when it is shown" in result.stderr
    assert "no_such_thing" in result.stderr
    own.write_text("Thank you.", encoding="utf-8")
    result = rapport("check", "-c", config, "--json")
    assert (result.exit_code, json.loads(result.stdout)["ok"]) == (0, True)
    assert listing(config.parent) == before
