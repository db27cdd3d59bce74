"""What is on disk: docs/data.md says it, and whoever has the files without the key sees no more."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from world import Human, World

from bot.demo.stage import TOKEN
from bot.services.feeds import hashed
from bot.store import updates
from bot.store.backup import back_up
from bot.store.practice import practice_sealer
from bot.store.vault import load_vaults
from tests.transactions import writing

KINDS = {"clear", "sealed", "key", "hash"}
KEPT, SHOWN, REPLACED = "canary kept words", "canary shown words", "canary replaced"
NAMES = ("Canary-Anna", "Canary-Ben", "Canary-Cora")
COVER = "canary who covers"
CLIENT = 987_654_321_012
#: The practice's own files: they hold the token and the master key.
THEIR_OWN = {"config.toml", "rapport.key"}


def documented(root: Path) -> dict[tuple[str, str], str]:
    """Give what docs/data.md says of every column: `{(table, column): kind}`."""
    found: dict[tuple[str, str], str] = {}
    for line in (root / "docs" / "data.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[2] in KINDS:
            for column in re.findall(r"`(\w+)`", cells[1]):
                key = (cells[0].strip("`"), column)
                assert key not in found, f"{key} is told twice"
                found[key] = cells[2]
    return found


def kind_of(values: list[object]) -> str:
    """Say how a column's values look to somebody without the key."""
    if not all(isinstance(value, bytes) for value in values):
        return "clear"
    blobs = [value for value in values if isinstance(value, bytes)]
    if all(len(blob) == 32 for blob in blobs):
        return "hash"
    assert all(blob[:1] == b"\x01" and (len(blob) - 29) % 32 == 0 for blob in blobs)
    return "sealed"


def seen_without_key(path: Path) -> dict[tuple[str, str], str]:
    """Read every table as anybody can; `{(table, column): kind}` for columns with content."""
    found = {}
    with closing(sqlite3.connect(path)) as db:
        tables = db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        for (table,) in tables:
            for column in [row[1] for row in db.execute(f"PRAGMA table_info({table})")]:
                sql = f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL"
                if values := [row[0] for row in db.execute(sql)]:
                    kind = kind_of(values)
                    is_key = kind == "sealed" and column in ("data_key", "invitation_key")
                    found[table, column] = "key" if is_key else kind
    return found


async def full_practice(world: World) -> Human:
    """Let something happen that fills every table; gives the client."""
    ben = world.people["Ben"] = await world.therapist(NAMES[1])
    world.therapists.add("Ben")
    world.people["Anna"] = world.human(NAMES[0], telegram_id=CLIENT)
    world.people["Cora"] = world.human(NAMES[2])
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Mon 15:00")
    await world.invites(ben, "E5")
    await ben.types("/schedule delay 30")
    await ben.taps("Apply")
    await ben.types(f"/away 7.11.–9.11. cover: {COVER}")
    await ben.taps("Apply")
    await ben.types("/away 9.11.–13.11.")
    await ben.taps("Apply")
    await ben.types(f"/away 7.11.–13.11. cover: {COVER} 2")
    await ben.taps("Change it")
    await world.until("Mon 16:20")
    await anna.taps("Later")
    await anna.taps("In an hour")
    await world.later(hours=2)
    await anna.answers(2, 8, 8, 8, 8)
    while "Skip ›" in anna.phone.last.labels and "differently" not in anna.screen:
        await anna.taps("Skip ›")
    await anna.types(REPLACED)
    await anna.taps("Keep it for me")
    await anna.taps("Add something")
    await anna.types(SHOWN)
    await anna.taps("Show my therapist")
    await anna.taps("Add something")
    await anna.types(KEPT)
    await anna.taps("Keep it for me")
    await world.until("Fri 17:00")
    await ben.taps("Let's talk about it")
    await world.later(hours=30)
    await anna.taps("OK")
    await cora.types("/erase")
    await cora.taps("Erase everything")
    await world.human("Eve").starts("no-such-invitation-was-ever-made")
    return anna


@pytest.fixture
def root() -> Path:
    return Path(__file__).parents[2]


@pytest.fixture
async def folder(world: World) -> AsyncIterator[Path]:
    """The folder of a practice in which there is something of everything, with a backup."""
    await full_practice(world)
    db, path = world.stage.running.db, world.stage.settings.database.path
    async with writing(db) as tx:
        await updates.set_aside(tx, 1, 2, KEPT.encode(), "ValueError", 3, 100)
        # What the story does not come to.
        (pair,) = await tx.all("SELECT id, client_id, data_key FROM pair WHERE code = 'A7'")
        sealer = db.vault.sealer(pair["data_key"], "pair", pair["id"])
        await tx.run(
            "INSERT INTO goal VALUES (1, :id, 1, :words, 'open', NULL, 1, 1)", id=pair["id"],
            words=sealer.seal_text(KEPT, "goal", "words", 1),
        )  # fmt: skip
        await tx.run(
            "INSERT INTO goal_wanted VALUES (:client, :id, NULL, 1, 1, 1, 1)", id=pair["id"],
            client=pair["client_id"],
        )  # fmt: skip
        await tx.run(
            "INSERT INTO relink VALUES (1, :id, :client, :secret, 1, :at, 1, :opener, 0, NULL,"
            " NULL, NULL, NULL)", id=pair["id"], client=pair["client_id"], at=2**62,
            secret=db.vault.blind_index("invitation", KEPT),
            opener=(await practice_sealer(tx)).seal_text(KEPT, "relink", "opener", 1),
        )  # fmt: skip
        await tx.run(
            "INSERT INTO handover SELECT 1, therapist_id, therapist_id, 1, 1, 1, NULL, NULL, NULL"
            " FROM pair WHERE id = :id", id=pair["id"],
        )  # fmt: skip
        await tx.run(
            "INSERT INTO handover_pair VALUES (1, 1, :id, 1, 'no', 1, NULL)", id=pair["id"]
        )
        await tx.run("INSERT INTO watch_choice VALUES (:id, 'notice', 'yes', 1)", id=pair["id"])
        await tx.run(
            "INSERT INTO watched SELECT 1, id, 'different', :found, 1, 1 FROM checkin LIMIT 1",
            found=sealer.seal_text("1 1", "watched", "found", 1),
        )
        await tx.run(
            "INSERT INTO mirror_rating SELECT id, 'heard', :value, 1 FROM checkin LIMIT 1",
            value=sealer.seal_text("5", "mirror_rating", "value", 1),
        )
        await tx.run(
            "INSERT INTO sentence SELECT 1, id, pair_id, 1, :words, 1, 1 FROM acknowledgement",
            words=sealer.seal_text(KEPT, "sentence", "words", 1),
        )
        await tx.run(
            "INSERT INTO feed (id, source, seen, made_at, due_at) VALUES (1, :source, :seen, 1,"
            " :due_at)", source=(await practice_sealer(tx)).seal_text(KEPT, "feed", "source", 1),
            seen=(await practice_sealer(tx)).seal_text(KEPT, "feed", "seen", 1), due_at=2**62,
        )  # fmt: skip
        named = hashed("secret", "title", KEPT)
        await tx.run(
            "INSERT INTO feed_event SELECT 1, :named, :named, 1, 2, pair_id, id, NULL"
            " FROM appointment WHERE pair_id = :id LIMIT 1", named=named, id=pair["id"],
        )  # fmt: skip
        await tx.run(
            "INSERT INTO feed_series VALUES (1, 1, :named, NULL, NULL, 1, 2, NULL, NULL)",
            named=named,
        )
        await tx.run(
            "INSERT INTO feed_reply SELECT 1, therapist_id, NULL FROM pair WHERE id = :id",
            id=pair["id"],
        )
        await tx.run(
            "INSERT INTO feed_flaw VALUES (1, :named, 'zone', '?', 1, NULL, NULL)", named=named
        )
        await tx.run(
            "INSERT INTO feed_alias VALUES (1, 'title', :named, :id)", named=named, id=pair["id"]
        )
        await tx.run("INSERT INTO loss VALUES (1, 1, 2, 3)")
        await tx.run(
            "INSERT INTO shown SELECT 1, therapist_id, id, 1, 'text', 1 FROM pair WHERE id = :id",
            id=pair["id"],
        )
        await tx.run(
            "INSERT INTO redaction SELECT 1, therapist_id, id, 1, 1, 1, :due_at, 0, 0, 'text',"
            " 'older', NULL FROM digest LIMIT 1",
            due_at=2**62,
        )
        await tx.run(
            "UPDATE practice SET invitation_key = :key",
            key=db.vault.hand_index("invitation", db.vault),
        )
    vaults = load_vaults(world.stage.settings.keys.master_key_file)
    back_up(path, vaults, path.parent, world.stage.clock.now())
    yield path.parent
    async with writing(db) as tx:
        await tx.run("DELETE FROM set_aside")


async def test_what_can_be_read_without_the_key_is_what_the_page_says(
    folder: Path, root: Path
) -> None:
    path = folder / "rapport.sqlite3"
    told, found = documented(root), seen_without_key(path)
    assert {key: told.get(key) for key in found} == found
    types = declared(path)
    assert told.keys() == types.keys()
    empty = told.keys() - found.keys()
    assert {table for table, _ in told} == {table for table, _ in found}, "a table is empty"
    assert {told[key] for key in empty} <= {"clear"}, "what is hidden must have been looked at"
    assert {types[key] for key in empty} <= {"TEXT", "BIGINT"}, "a text or a number is clear"


async def test_no_name_text_id_or_token_is_readable_in_any_file(folder: Path, world: World) -> None:
    ids = [human.phone.id for name, human in world.people.items() if name in NAMES]
    assert CLIENT in ids
    assert len(ids) == 3
    words = [KEPT, SHOWN, REPLACED, COVER, TOKEN, *NAMES, *map(str, ids), *links_of(world)]
    canaries = [word.encode() for word in words]
    # As SQLite writes a number.
    canaries += [number.to_bytes(4 if number < 2**31 else 6, "big") for number in ids]
    files = files_of(folder)
    kinds = {"rapport.sqlite3", "rapport.sqlite3-wal", "erasures.log"}
    assert kinds <= {file.name for file in files}
    assert any(file.suffix == ".age" for file in files)
    for file in files:
        body = file.read_bytes()
        assert [canary for canary in canaries if canary in body] == [], file
    assert TOKEN in (folder / "config.toml").read_text("utf-8")


def files_of(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and file.name not in THEIR_OWN]


def links_of(world: World) -> set[str]:
    """List the codes of all invitations that were shown."""
    calls = [str(call.params) for call in world.stage.emulator.journal.calls()]
    found = {code for call in calls for code in re.findall(r"\?start=([\w-]+)", call)}
    assert len(found) >= 4
    return found


def declared(path: Path) -> dict[tuple[str, str], str]:
    """Give the declared type of every column: `{(table, column): type}`."""
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute(
            "SELECT m.name, c.name, c.type FROM sqlite_master m JOIN pragma_table_info(m.name) c"
            " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"
        ).fetchall()
    return {(table, column): kind for table, column, kind in rows}
