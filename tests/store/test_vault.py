"""The vault: what is sealed comes back whole, from its own place and with its own key only."""

from __future__ import annotations

import base64
import os
import re
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.store.database import Database
from bot.store.migrate import migrate
from bot.store.practice import advance_clock, find_practice, found_practice, practice_sealer
from bot.store.vault import (
    Altered,
    KeyProblem,
    Sealer,
    Vault,
    load_vault,
    new_master_key,
    read_key,
    write_key,
    write_key_file,
)
from tests.transactions import reading, writing

MASTER = bytes(range(32))
KEY = bytes(reversed(range(32)))
PLACE = ("answer", "value", "7|heard")
LINE = write_key(MASTER)

steady = settings(derandomize=True, database=None, deadline=None, max_examples=60)


@steady
@given(st.binary(max_size=200), st.text(max_size=80))
def test_any_bytes_and_any_text_come_back(plain: bytes, text: str) -> None:
    sealer = Sealer(KEY)
    assert sealer.open(sealer.seal(plain, *PLACE), *PLACE) == plain
    assert sealer.open_text(sealer.seal_text(text, *PLACE), *PLACE) == text


@pytest.mark.parametrize(
    "plain", [b"", b"\x00", b"\x80", b"a\x80\x00\x00", b"\x00" * 32, b"x" * 31]
)
def test_padding_eats_nothing(plain: bytes) -> None:
    sealer = Sealer(KEY)
    assert sealer.open(sealer.seal(plain, *PLACE), *PLACE) == plain


def test_half_a_character_comes_back() -> None:
    sealer = Sealer(KEY)
    assert sealer.open_text(sealer.seal_text("\ud83d", *PLACE), *PLACE) == "\ud83d"


def test_an_8_and_a_10_are_alike() -> None:
    sealer = Sealer(KEY)
    lengths = {len(sealer.seal_text(text, *PLACE)) for text in ("0", "8", "10", '["pace"]')}
    assert len(lengths) == 1
    assert sealer.seal_text("8", *PLACE) != sealer.seal_text("8", *PLACE)


def test_every_altered_byte_is_noticed() -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal_text("8", *PLACE)
    for at in range(len(sealed)):
        altered = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(Altered):
            sealer.open(altered, *PLACE)


def test_every_shortened_value_is_noticed() -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal_text("8", *PLACE)
    for length in range(len(sealed)):
        with pytest.raises(Altered):
            sealer.open(sealed[:length], *PLACE)
    with pytest.raises(Altered):
        sealer.open(sealed + b"\x00", *PLACE)


@pytest.mark.parametrize(
    "elsewhere",
    [("answer", "value", "8|heard"), ("answer", "value", "7|bond"), ("answer", "known", "7|heard"),
     ("checkin", "value", "7|heard"), ("answer", "value", 7)],
)  # fmt: skip
def test_a_value_moved_elsewhere_does_not_open(elsewhere: tuple[str, str, str | int]) -> None:
    sealer = Sealer(KEY)
    with pytest.raises(Altered) as altered:
        sealer.open(sealer.seal_text("secret", *PLACE), *elsewhere)
    assert "secret" not in str(altered.value)


def test_another_key_does_not_open() -> None:
    sealed = Sealer(KEY).seal_text("8", *PLACE)
    with pytest.raises(Altered):
        Sealer(MASTER).open(sealed, *PLACE)


def test_a_data_key_belongs_to_its_vault_and_its_row() -> None:
    vault = Vault(MASTER)
    wrapped = vault.new_data_key("pair", 7)
    sealed = vault.sealer(wrapped, "pair", 7).seal_text("8", *PLACE)
    assert Vault(MASTER).sealer(wrapped, "pair", 7).open_text(sealed, *PLACE) == "8"
    for other, table, row in ((vault, "pair", 8), (vault, "person", 7), (Vault(KEY), "pair", 7)):
        with pytest.raises(Altered):
            other.sealer(wrapped, table, row)
    assert wrapped != vault.new_data_key("pair", 7)


def test_a_vault_forgets_the_keys_it_has_opened() -> None:
    vault = Vault(MASTER)
    wrapped = vault.new_data_key("pair", 7)
    first = vault.sealer(wrapped, "pair", 7)
    assert vault.sealer(wrapped, "pair", 7) is first
    vault.forget()
    assert vault.sealer(wrapped, "pair", 7) is not first


def test_a_shared_secret_is_steady_and_changes_with_the_key_and_the_other_side() -> None:
    secret = Vault(MASTER).secret_for("webhook", "1:x")
    assert secret == Vault(MASTER).secret_for("webhook", "1:x")
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", secret)
    others = {
        Vault(MASTER).secret_for("webhook", "1:y"),
        Vault(MASTER).secret_for("other", "1:x"),
        Vault(KEY).secret_for("webhook", "1:x"),
    }
    assert len(others - {secret}) == 3
    index = Vault(MASTER).blind_index("webhook", "1:x")
    assert base64.urlsafe_b64encode(index).decode().rstrip("=") != secret


def test_a_blind_index_is_steady_keyed_and_tells_purposes_apart() -> None:
    vault = Vault(MASTER)
    index = vault.blind_index("telegram", "4001")
    assert index == Vault(MASTER).blind_index("telegram", "4001")
    assert len(index) == 32
    others = {
        vault.blind_index("telegram", "4002"),
        vault.blind_index("invitation", "4001"),
        Vault(KEY).blind_index("telegram", "4001"),
    }
    assert index not in others
    assert len(others) == 3


def test_a_vault_shows_nothing_of_itself() -> None:
    assert repr(Vault(MASTER)) == "Vault(…)"
    with pytest.raises(KeyProblem, match="32 bytes, not 31"):
        Vault(MASTER[1:])


# The key line


@steady
@given(st.binary(min_size=32, max_size=32))
def test_a_key_line_reads_back_however_it_is_typed(master: bytes) -> None:
    line = write_key(master)
    assert read_key(line) == master
    for typed in (
        line.lower(), line.replace(" ", ""), line.replace(" ", "-"), f"  {line}\r\n",
        line.replace(" ", "\n"), line.replace("O", "0"), line.replace("B", "8"),
        line.replace("I", "1"), line.replace("1", "I"),
    ):  # fmt: skip
        assert read_key(typed) == master


def test_every_single_typing_mistake_in_a_key_is_noticed() -> None:
    label = len("RAPPORT-KEY-1 ")
    for at in range(label, len(LINE)):
        if LINE[at] == " ":
            continue
        for letter in ("A", "B") if LINE[at] not in "AB" else ("C",):
            with pytest.raises(KeyProblem, match="typing mistake"):
                read_key(LINE[:at] + letter + LINE[at + 1 :])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "starts with RAPPORT-KEY-1"),
        (LINE.removeprefix("RAPPORT-KEY-1"), "starts with RAPPORT-KEY-1"),
        ("RAPPORT-KEY-2" + LINE.removeprefix("RAPPORT-KEY-1"), "starts with RAPPORT-KEY-1"),
        (LINE[:-1], "letters missing|typing mistake"),
        (LINE + "A", "letters missing|typing mistake"),
        (LINE[:-5], "letters missing|typing mistake"),
        (LINE + " " + LINE, "letters missing|typing mistake"),
        (LINE.replace(" ", " ä", 2), "letters missing"),
        (LINE.replace(" ", "\u2013"), "starts with|letters missing"),
        ("RAPPORT-KEY-1 !", "letters missing"),
        ("RAPPORT-KEY-1", "typing mistake"),
    ],
)
def test_what_is_no_key_is_told_so(line: str, says: str) -> None:
    with pytest.raises(KeyProblem, match=says):
        read_key(line)


# The key file


def test_a_key_file_is_the_owners_alone_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "rapport.key"
    before = os.umask(0)
    try:
        write_key_file(path, MASTER)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text("utf-8") == LINE + "\n"
    with pytest.raises(FileExistsError):
        write_key_file(path, KEY)
    sealed = Vault(MASTER).new_data_key("pair", 1)
    load_vault(path).sealer(sealed, "pair", 1)


def test_a_key_file_that_is_missing_or_unreadable_says_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(KeyProblem, match="recovery sheet"):
        load_vault(tmp_path / "rapport.key")
    (tmp_path / "folder").mkdir()
    with pytest.raises(KeyProblem, match="cannot be read"):
        load_vault(tmp_path / "folder")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(KeyProblem, match="cannot be read"):
        load_vault(tmp_path / "binary")


def test_new_keys_are_new() -> None:
    assert len({new_master_key() for _ in range(8)}) == 8


# The practice's proof


async def test_the_wrong_master_key_is_told_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "rapport.sqlite3"
    db = await Database.open(path, Vault(MASTER), lambda: 1)
    await migrate(db, 1)
    async with writing(db) as tx:
        assert not await find_practice(tx)
        await found_practice(tx, 1)
        assert await find_practice(tx)
        await practice_sealer(tx)
    await db.close()

    db = await Database.open(path, Vault(KEY), lambda: 1)
    async with reading(db) as tx:
        with pytest.raises(KeyProblem, match=r"not the one this database was made with.*recovery"):
            await practice_sealer(tx)
    await db.close()


async def test_the_clock_is_noted_and_never_moved_back(tmp_path: Path) -> None:
    db = await Database.open(tmp_path / "rapport.sqlite3", Vault(MASTER), lambda: 1)
    await migrate(db, 1)
    async with writing(db) as tx:
        assert await advance_clock(tx, 5) == 5, "no practice yet: nothing to compare with"
        await found_practice(tx, 10)
        assert [await advance_clock(tx, now) for now in (12, 11, 13)] == [12, 12, 13]
    await db.close()
