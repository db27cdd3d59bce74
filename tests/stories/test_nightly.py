"""Backups that the running bot makes: when, where to, what is said when they fail.

1. One every night, or after the start where a night was missed; restored, it is the practice.
2. A file has a good name only when it is whole; what goes wrong is told and tried again.
3. What is erased is known where the backups are before the next night.
4. No secret is on a command line or in the command's environment.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from pathlib import Path

import pytest
from world import World

from bot.aside import Aside
from bot.demo.stage import TOKEN
from bot.nightly import Nightly
from bot.store.backup import BadBackup, read_backup
from bot.store.database import ERASURES
from bot.store.erasures import ErasureLog
from bot.store.pulse import backed_up_at, mark_backup
from bot.store.vault import load_vaults
from tests.canaries import keys_of
from tests.transactions import writing

#: Keeps what it is given, says what it was given, and does as it is told by a file beside it.
COMMAND = """
import json, os, shutil, sys, time
place = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(place, "calls"), "a") as calls:
    print(json.dumps([sys.argv[1:], dict(os.environ)]), file=calls)
told = os.path.join(place, "told")
if os.path.exists(told):
    word = open(told).read()
    if word == "hang":
        time.sleep(600)
    print("first line", file=sys.stderr)
    sys.exit(word)
shutil.copy(sys.argv[1], place)
"""


def toml(folder: Path | None, *command: str | Path, keep: int = 30) -> str:
    words = json.dumps([str(word) for word in command])
    place = f'[backup]\ndirectory = "{folder or ""}"\ncommand = {words}\n'
    return f'{place}time = "02:30"\nkeep = {keep}\n'


@pytest.fixture
def away(tmp_path: Path) -> Path:
    """Another machine: what is sent there is kept."""
    place = tmp_path / "away"
    place.mkdir()
    (place / "send.py").write_text(COMMAND, "utf-8")
    return place


def sending(away: Path) -> tuple[str | Path, ...]:
    return sys.executable, away / "send.py", "{file}"


def nightly(world: World) -> Nightly:
    return world.stage.running.nightly


async def founded(world: World) -> None:
    """Let the practice be new: nobody has missed a backup yet."""
    async with writing(world.stage.running.db) as tx:
        await tx.run("UPDATE migration SET applied_at = :now", now=world.stage.clock.now())


async def is_over(process: int) -> bool:
    """Say whether a process that was killed has ended: the kernel may take a moment for it."""
    for _ in range(100):
        if _is_gone(process):
            return True
        await asyncio.sleep(0.02)
    return False


def _is_gone(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text("ascii").split()[2] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def backups(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.age"))


def sent_logs(folder: Path) -> list[Path]:
    return sorted(folder.glob("erasures-*.log"))


async def goes_on(world: World, hours: int, *, every: int = 1) -> None:
    """Let time go by with some of the looks that a running program takes."""
    clock = world.stage.clock
    for _ in range(hours // every):
        clock.advance_to(clock.now() + every * 3_600_000)
        await nightly(world).look()
    await world.step()


async def test_every_night_one_and_so_many_are_kept(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "mine.age").write_bytes(b"")
    await world.pair("Anna", "Ben")
    await world.reconfigure(toml(folder, keep=2))
    await nightly(world).look()
    first = "rapport-20261101T090000Z.age"
    assert backups(folder) == ["mine.age", first], "none was known: made after the start"
    await goes_on(world, 24)
    second = "rapport-20261102T020000Z.age"
    assert backups(folder) == ["mine.age", first, second]
    await goes_on(world, 24)
    third = folder / "rapport-20261103T020000Z.age"
    assert backups(folder) == ["mine.age", second, third.name]
    assert not list(folder.glob(".*"))
    assert read_backup(third, load_vaults(world.stage.settings.keys.master_key_file)).pairs == 1
    body = third.read_bytes()
    for secret in keys_of(world.stage.settings.keys.master_key_file, TOKEN):
        assert secret.encode() not in body


async def test_a_night_that_was_missed_is_made_up_after_the_start(
    world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    await world.reconfigure(toml(folder))
    await nightly(world).look()
    await world.stage.close()
    world.stage.clock.advance_to(world.stage.moment("Mon 09:00"))
    await world.stage.open()
    await nightly(world).look()
    await nightly(world).look()
    assert backups(folder) == ["rapport-20261101T090000Z.age", "rapport-20261102T080000Z.age"]


async def test_a_command_gets_the_file_and_nothing_secret(
    world: World, away: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.reconfigure(toml(None, *sending(away)))
    for name in ("RAPPORT_TELEGRAM__TOKEN", "rapport_telegram__token"):
        monkeypatch.setenv(name, TOKEN)
    await nightly(world).look()
    for name in ("RAPPORT_TELEGRAM__TOKEN", "rapport_telegram__token"):
        monkeypatch.delenv(name)
    (name,) = backups(away)
    said = (away / "calls").read_text("utf-8")
    ((given, theirs),) = [json.loads(line) for line in said.splitlines()]
    assert [os.path.basename(word) for word in given] == [name]
    assert "PATH" in theirs
    secrets = keys_of(world.stage.settings.keys.master_key_file, TOKEN)
    assert not [one for one in secrets if one in said]
    assert not backups(world.stage.settings.database.path.parent), "they only pass through"
    assert not backups(Path(given[0]).parent)
    assert backed_up_at(world.stage.settings.database.path) == world.stage.clock.now()


async def test_what_a_command_said_last_is_told_and_the_same_file_is_sent_again(
    world: World, away: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (away / "told").write_text("remote: permission denied", "utf-8")
    await founded(world)
    await world.reconfigure(toml(folder, *sending(away)))
    await nightly(world).look()
    assert any("ended with 1: remote: permission denied" in line for line in world.logged)
    assert not any("first line" in line for line in world.logged)
    assert backed_up_at(world.stage.settings.database.path) is None
    made = backups(folder)
    await nightly(world).look()
    assert len((away / "calls").read_text("utf-8").splitlines()) == 1, "not at once again"
    (away / "told").unlink()
    world.stage.clock.advance_to(world.stage.clock.now() + 15 * 60_000)
    await nightly(world).look()
    assert backups(folder) == backups(away) == made
    assert backed_up_at(world.stage.settings.database.path) is not None


async def test_a_command_that_hangs_is_ended(world: World, away: Path) -> None:
    (away / "told").write_text("hang", "utf-8")
    await world.reconfigure(toml(None, *sending(away)))
    nightly(world).within_seconds = 3.0
    await asyncio.wait_for(nightly(world).look(), 20)
    assert any("did not end within 3 seconds" in line for line in world.logged)


async def test_a_folder_that_is_away_is_told_and_tried_again(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "disk" / "backups"
    await founded(world)
    await world.reconfigure(toml(folder))
    await nightly(world).look()
    assert any("is no folder: is its disk mounted?" in line for line in world.logged)
    folder.mkdir(parents=True)
    await world.later(minutes=16)
    await nightly(world).look()
    assert len(backups(folder)) == 1


async def test_two_days_without_one_are_told_once_and_so_is_the_end_of_it(
    world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    dana = world.dana
    await dana.types("/start")
    await world.reconfigure(toml(folder))
    await nightly(world).look()
    folder.rename(tmp_path / "elsewhere")
    received = dana.received
    await goes_on(world, 42, every=6)
    assert dana.received == received
    await goes_on(world, 30, every=6)
    assert dana.received == received + 1
    assert "no good backup has been made" in dana.screen
    (tmp_path / "elsewhere").rename(folder)
    await goes_on(world, 3, every=3)
    assert dana.received == received + 2
    assert "There is a good backup again." in dana.screen
    await goes_on(world, 30, every=6)
    assert dana.received == received + 2


async def test_what_is_erased_is_known_where_the_backups_are_at_once(
    world: World, away: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Mon 15:00")
    await world.reconfigure(toml(folder, *sending(away)))
    # Of an earlier time, of which this server knows nothing any more: it stays.
    await anna.types("/erase")
    await anna.taps("Erase everything")
    log = world.stage.settings.database.path.with_name(ERASURES)
    before = log.read_bytes()
    await nightly(world).copy_erasures()
    assert (folder / ERASURES).read_bytes() == before
    (sent,) = sent_logs(away)
    assert sent.read_bytes() == before
    await world.stage.restart()
    await nightly(world).copy_erasures()
    assert len(sent_logs(away)) == 1, "sent already"
    log.unlink()
    await world.later(minutes=1)
    await cora.types("/erase")
    await cora.taps("Erase everything")
    await nightly(world).copy_erasures()
    assert len(ErasureLog(folder / ERASURES).read()[0]) == 2
    assert len(sent_logs(away)) == 2
    assert not sent_logs(log.parent), "they only passed through"


async def test_ended_in_the_middle_there_is_no_half_file(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    await world.reconfigure(toml(folder))
    for step in range(12):
        task = asyncio.create_task(nightly(world).look())
        await asyncio.sleep(step * 0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        vaults = load_vaults(world.stage.settings.keys.master_key_file)
        for name in backups(folder):
            assert read_backup(folder / name, vaults).pairs == 0


async def test_a_clock_that_was_ahead_does_not_stop_the_backups(
    world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    await world.reconfigure(toml(folder, keep=1))
    database, now = world.stage.settings.database.path, world.stage.clock.now()
    ahead = folder / "rapport-20991101T090000Z.age"
    ahead.write_bytes(b"")
    mark_backup(database, now + 30 * 86_400_000)
    await nightly(world).look()
    assert backups(folder) == ["rapport-20261101T090000Z.age"], "the one just made stays"
    assert backed_up_at(database) == now


async def test_so_many_are_kept_also_while_none_can_be_sent(
    world: World, away: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (away / "told").write_text("no", "utf-8")
    await founded(world)
    await world.reconfigure(toml(folder, *sending(away), keep=2))
    for _ in range(4):
        clock = world.stage.clock
        clock.advance_to(clock.now() + 24 * 3_600_000)
        await nightly(world).make_if_due()
    assert len(backups(folder)) == 2


async def test_a_command_that_leaves_something_running_has_done_its_work(
    world: World, away: Path
) -> None:
    script = 'cp "$1" "$2"; sleep 300 & echo $! > "$2/left"; exit 0'
    await world.reconfigure(toml(None, "sh", "-c", script, "send", "{file}", away))
    await asyncio.wait_for(nightly(world).look(), 20)
    assert len(backups(away)) == 1
    assert backed_up_at(world.stage.settings.database.path) is not None
    assert await is_over(int((away / "left").read_text("ascii")))


async def test_a_folder_that_is_away_keeps_nothing_from_being_sent(
    world: World, away: Path, tmp_path: Path
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.reconfigure(toml(tmp_path / "gone", *sending(away)))
    await anna.types("/erase")
    await anna.taps("Erase everything")
    source = ErasureLog(world.stage.settings.database.path.with_name(ERASURES))
    with pytest.raises(BadBackup, match="gone"):
        await nightly(world)._copy(source)
    assert len(sent_logs(away)) == 1
    await nightly(world).look()
    assert len(backups(away)) == 1
    assert any("is no folder: is its disk mounted?" in line for line in world.logged)


async def test_a_disk_that_does_not_answer_holds_up_neither_the_news_nor_the_end(
    world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    await world.reconfigure(toml(folder))
    hanging, goes_on_now = Aside(0.2), threading.Event()
    with pytest.raises(OSError, match="does not answer within"):
        await hanging.do(goes_on_now.wait)
    with pytest.raises(OSError, match="does not answer within"):
        await hanging.do(folder.exists)
    nightly(world)._making = hanging
    await asyncio.wait_for(nightly(world).look(), 5)
    assert any("does not answer within" in line for line in world.logged)
    goes_on_now.set()
    assert await hanging.do(folder.exists)
