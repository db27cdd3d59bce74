"""Wishes to be erased where answers belong to the record: the admin sees, erases or declines.

The real command line beside the running program, in a thread of its own.
"""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from contextlib import closing

import pytest
from typer.testing import CliRunner
from world import Human, World

from bot.cli import cli
from bot.demo.stage import ADMIN_ID
from bot.store import people
from bot.store.erasures import read_lines
from tests.transactions import writing

RECORD = '[privacy]\nfeedback_in_clinical_record = true\ncontact = "Dana at the front desk"\n'
pytestmark = pytest.mark.settings(RECORD)
OPEN = "A client asks to have the answers erased"


@pytest.fixture(autouse=True)
def _one_clock_and_log(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.commands.erasing.SystemClock", lambda: world.stage.clock)
    monkeypatch.setattr("bot.logging.set_up", lambda _: None)


async def rapport(world: World, *words: str) -> tuple[int, str]:
    """Run `rapport erasures …`; give the exit code and what was printed."""
    path = world.stage.settings.database.path.with_name("config.toml")
    arguments = ["erasures", *words, "-c", str(path)]
    result = await asyncio.to_thread(CliRunner().invoke, cli, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    await world.step()
    return result.exit_code, result.output


def word_in(output: str) -> str:
    found = re.search(r"--confirm (\w{6})", output)
    assert found is not None, output
    return found[1]


async def asking(world: World) -> tuple[Human, Human]:
    """Let Anna, who kept a text and has another check-in open, ask to be erased."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.pair("Cora", "Ben", code="C3", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(2, 8, 8, 8, 8)
    while "differently" not in anna.screen:
        await anna.taps("Skip ›")
    await anna.types("a marmot")
    await anna.taps("Keep it for me")
    await world.until("Mon 16:20")
    assert "A short check-in" in anna.screen
    await asks(anna)
    return anna, ben


async def asks(anna: Human) -> None:
    await anna.types("/erase")
    await anna.taps("Send the request")


async def test_open_wishes_are_told_and_listed_without_content(world: World) -> None:
    code, said = await rapport(world)
    assert (code, said.strip()) == (0, "0 open")
    anna, ben = await asking(world)
    assert "A7 asks to have the answers erased." in ben.screen
    assert OPEN in world.dana.screen
    assert "rapport erasures" in world.dana.screen
    for secret in ("A7", "Anna", "marmot", "Ben"):
        assert secret not in world.dana.screen
    code, said = await rapport(world)
    assert code == 0
    assert said.splitlines()[0] == "1 open"
    assert f"A7 · Ben ({ben.phone.id}) · asked 2026-11-09" in said
    for secret in ("Anna", "marmot", str(anna.phone.id)):
        assert secret not in said
    _, printed = await rapport(world, "--json")
    (wish,) = json.loads(printed)["open"]
    assert (wish["code"], wish["therapist"], wish["destroys"]["answers"]) == ("A7", "Ben", 6)
    await asks(anna)
    assert len(world.stage.emulator.journal.sent(world.dana.phone.id, OPEN)) == 1


async def test_an_admin_who_is_known_by_number_alone_gets_a_name_later(world: World) -> None:
    async with writing(world.stage.running.db) as tx:
        await people.add_person(tx, 1, ADMIN_ID, "", None, 1)
    await world.therapist("Dana")
    anna, _ = await world.pair("Anna", "Dana")
    await asks(anna)
    _, printed = await rapport(world, "--json")
    assert [wish["therapist"] for wish in json.loads(printed)["open"]] == ["Dana"]
    assert len(await world.rows("SELECT 1 FROM person")) == 2
    assert OPEN in world.dana.everything


async def test_erasing_takes_two_steps_and_keeps_every_promise(world: World) -> None:
    anna, ben = await asking(world)
    opened = anna.sees("A short check-in")
    assert opened is not None
    rows = await world.rows("SELECT value FROM answer WHERE value IS NOT NULL")
    rows += await world.rows("SELECT data_key FROM pair WHERE code = 'A7'")
    sealed = [value for (value,) in rows if isinstance(value, bytes)]
    assert all(value in world.raw for value in sealed)

    code, said = await rapport(world, "do", "a7")
    assert code == 0
    assert "Erasing destroys for good:" in said
    for line in ("2 check-ins", "6 answers", "1 texts of the client, kept ones included"):
        assert line in said
    assert "Nothing was done yet." in said
    assert "marmot" not in said
    code, wrong = await rapport(world, "do", "A7", "--confirm", "abcdef")
    assert code == 2
    assert "Nothing was done." in wrong
    decline = word_in((await rapport(world, "decline", "A7"))[1])
    assert (await rapport(world, "do", "A7", "--confirm", decline))[0] == 2
    assert len(await world.kept()) == 6

    code, done = await rapport(world, "do", "A7", "--confirm", word_in(said))
    assert (code, "A7 · Ben" in done, "could not be told" in done) == (0, True, False)
    assert not any(value in world.raw for value in sealed)
    log = world.stage.settings.database.path.with_name("erasures.log").read_text("ascii")
    assert len(read_lines(log)[0]) == 1
    assert await world.rows("SELECT state, data_key, client_id FROM pair WHERE code = 'A7'") == [
        ("erased", None, None)
    ]
    assert "The practice has done so, and the questions have stopped." in anna.screen
    assert "Dana at the front desk" in anna.screen
    shown = next(seen for seen in anna.phone.chat if seen.message_id == opened.message_id)
    assert shown.text == "These questions are no longer open. There is nothing to do."
    assert shown.labels == []
    assert "A7 has had the answers erased." in ben.screen
    acts = [act for (act,) in await world.rows("SELECT act FROM audit WHERE actor_id IS NULL")]
    assert "erased by the practice" in acts
    assert (await rapport(world))[1].strip() == "0 open"
    assert (await rapport(world, "do", "A7", "--confirm", word_in(said)))[0] == 1
    received = anna.received
    await world.until("Tue 18:00")
    assert anna.received == received
    assert await world.rows("SELECT state FROM pair WHERE code = 'C3'") == [("active",)]


async def test_a_client_out_of_reach_is_erased_and_the_admin_is_asked_to_tell(
    world: World,
) -> None:
    anna, _ = await asking(world)
    await anna.does(anna.phone.block)
    _, said = await rapport(world, "do", "A7")
    code, done = await rapport(world, "do", "A7", "--confirm", word_in(said))
    assert code == 0
    assert "The client could not be told in Telegram: please tell them yourself." in done


async def test_a_log_that_cannot_be_emptied_is_said_and_emptied_at_the_next_start(
    world: World,
) -> None:
    await asking(world)
    (key,) = [value for (value,) in await world.rows("SELECT data_key FROM pair WHERE code = 'A7'")]
    _, said = await rapport(world, "do", "A7")
    with closing(sqlite3.connect(world.stage.settings.database.path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM pair").fetchone()
        code, done = await rapport(world, "do", "A7", "--confirm", word_in(said))
        assert code == 1
        assert "A7 · Ben" in done
        assert "The write-ahead log still holds what was erased: restart" in done
    await world.stage.restart()
    assert isinstance(key, bytes)
    assert key not in world.raw


async def test_declining_keeps_the_answers_tells_both_and_can_be_asked_again(
    world: World,
) -> None:
    anna, ben = await asking(world)
    _, said = await rapport(world, "decline", "A7")
    assert "Declining keeps all answers" in said
    code, done = await rapport(world, "decline", "A7", "--confirm", word_in(said))
    assert (code, "declined" in done) == (0, True)
    assert "The practice cannot do that now" in anna.screen
    assert "Dana at the front desk" in anna.screen
    assert "the practice has declined for now" in ben.screen
    assert len(await world.kept()) == 6
    assert (await rapport(world))[1].strip() == "0 open"
    await world.later(hours=1)
    await asks(anna)
    assert (await rapport(world))[1].startswith("1 open")
    journal = world.stage.emulator.journal
    assert len(journal.sent(ben.phone.id, "A7 asks to have the answers erased.")) == 2
    assert len(journal.sent(world.dana.phone.id, OPEN)) == 2
    code, _ = await rapport(world, "decline", "A7", "--confirm", word_in(said))
    assert code == 2, "the word is for one wish"


async def test_a_code_that_two_therapists_have_needs_the_therapist(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben")
    other, far = await world.pair("Another", "Faraway")
    await asks(anna)
    await asks(other)
    code, said = await rapport(world, "do", "A7")
    assert (code, "add --therapist" in said) == (2, True)
    code, said = await rapport(world, "do", "A7", "--therapist", str(far.phone.id))
    assert (code, "A7 · Faraway" in said) == (0, True)
    assert (await rapport(world, "do", "B1"))[0] == 1
