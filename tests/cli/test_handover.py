"""`rapport handover`: it says what it means, asks, does it, and takes it back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import cli
from bot.store import pairs, people
from tests.cli.test_commands import rapport, rows, with_database
from tests.transactions import writing


@pytest.fixture
def practice(config: Path) -> Path:
    """Dr. Weber with three clients, one of them stopped; and Fay, who has used A7 before."""

    async def fill(db: object) -> None:
        async with writing(db) as tx:  # type: ignore[arg-type]
            for id, telegram_id, name in ((1, 4001, "Dr. Weber"), (2, 502, "Fay")):
                await people.add_person(tx, id, telegram_id, name, None, 1)
                await people.make_therapist(tx, id, 1)
            for id, code, owner in ((11, "A7", 1), (12, "C3", 1), (13, "S5", 1), (21, "A7", 2)):
                await people.add_person(tx, id, 600 + id, f"Client {id}", None, 1)
                await pairs.add_pair(tx, id, owner, code, 1)
                await pairs.join_pair(tx, id, id, 1)
                await pairs.consent(tx, id, id, "1", 1)
                await pairs.confirm_pair(tx, id, owner, id, 1)
            await pairs.stop(tx, 13, 13, 1)

    with_database(config, fill)
    return config


def answering(config: Path, word: str) -> Result:
    """Hand over and answer the question that is asked."""
    given = ["handover", "Dr. Weber", "Fay", "-c", str(config)]
    return CliRunner().invoke(cli, given, input=f"{word}\n")


def test_it_says_what_it_means_and_asks(practice: Path) -> None:
    said = answering(practice, "n")
    assert said.exit_code == 1
    assert "Dr. Weber → Fay" in said.output
    assert "2: A7, C3" in said.output
    assert "another one: A7" in said.output
    assert "not asked: S5, who has stopped the questions" in said.output
    assert "practice.admins is yours" in said.output
    assert rows(practice, "SELECT * FROM handover") == []
    done = answering(practice, "y")
    assert done.exit_code == 0
    assert "until then --undo takes it back" in done.output
    assert rows(practice, "SELECT from_id, to_id, undone_at FROM handover") == [(1, 2, None)]
    told = rows(practice, "SELECT person_id, part FROM message ORDER BY person_id")
    assert told == [(1, "handover_from"), (2, "handover_to")]
    assert rows(practice, "SELECT act, actor_id FROM audit") == [("handover to come", None)]


def test_it_is_taken_back(practice: Path) -> None:
    none = rapport("handover", "dr. weber", "--undo", "-c", practice)
    assert (none.exit_code, none.stdout) == (1, "")
    assert "No handover of Dr. Weber is under way" in none.stderr
    assert rapport("handover", "4001", "502", "--yes", "-c", practice).exit_code == 0
    again = rapport("handover", "Dr. Weber", "Fay", "--yes", "-c", practice)
    assert "are being handed over already" in again.stderr
    undone = rapport("handover", "Dr. Weber", "--undo", "-c", practice)
    assert "Taken back: Dr. Weber and Fay are told." in undone.stdout
    assert rows(practice, "SELECT count(*) FROM handover WHERE undone_at IS NOT NULL") == [(1,)]
    assert rapport("handover", "Dr. Weber", "Fay", "--yes", "-c", practice).exit_code == 0


def test_scripts_see_it_first_and_do_it_with_a_yes(practice: Path) -> None:
    seen = json.loads(rapport("handover", "Dr. Weber", "Fay", "--json", "-c", practice).stdout)
    assert (seen["started"], seen["asked"], seen["anew"]) == (False, ["A7", "C3"], ["A7"])
    assert rows(practice, "SELECT * FROM handover") == []
    done = rapport("handover", "Dr. Weber", "Fay", "--json", "--yes", "-c", practice)
    assert json.loads(done.stdout)["started"] is True
    assert len(rows(practice, "SELECT * FROM handover")) == 1


def test_what_cannot_be_is_told(practice: Path) -> None:
    for words, why in (
        (("Nobody", "Fay"), "There are: Dr. Weber, Fay"),
        (("Fay", "fay"), "Fay cannot take over from themselves"),
        (("Fay",), "Who takes over? rapport handover FROM TO"),
    ):
        said = rapport("handover", *words, "--yes", "-c", practice)
        assert said.exit_code in (1, 2)
        assert why in said.stderr
    assert rows(practice, "SELECT * FROM handover") == []
