"""/export: a client's copy of everything that is held, and of nobody else's."""

from __future__ import annotations

import json
from typing import Any

from world import Human, World

from bot.views.buttons import write_id
from bot.views.menus import everybody
from tests.transactions import writing

KEPT, SHOWN, CORAS = "kept for myself, marmot", "shown to Ben, heron", "canary of Cora, otter"


async def with_answers(world: World) -> tuple[Human, Human, Human]:
    """Let Anna and Cora have answered, Ben acknowledged and Anna replied."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Mon 17:00")
    await world.until("Mon 16:20")
    await anna.answers(2, 8, 8, 8, 8)
    while "differently" not in anna.screen:
        await anna.taps("Skip ›")
    await anna.types(SHOWN)
    await anna.taps("Show my therapist")
    await anna.taps("Add something")
    await anna.types(f"<b>{KEPT}</b>")
    await anna.taps("Keep it for me")
    await world.until("Mon 18:20")
    await cora.answers(9, 9, 9, 9, 9)
    while "differently" not in cora.screen:
        await cora.taps("Skip ›")
    await cora.types(CORAS)
    await cora.taps("Keep it for me")
    await world.until("Fri 17:00")
    await ben.taps("Let's talk about it")
    await world.later(minutes=10)
    await anna.taps("OK")
    await _more(world)
    return anna, ben, cora


async def _more(world: World) -> None:
    """Let there be a goal and a sentence of Ben's."""
    db = world.stage.running.db
    async with writing(db) as tx:
        (pair,) = await tx.all("SELECT id, data_key FROM pair WHERE code = 'A7'")
        sealer = db.vault.sealer(pair["data_key"], "pair", pair["id"])
        await tx.run(
            "INSERT INTO goal VALUES (1, :id, 1, :words, 'open', NULL, 1, 1)", id=pair["id"],
            words=sealer.seal_text("to sleep, badger", "goal", "words", 1),
        )  # fmt: skip
        await tx.run(
            "INSERT INTO sentence SELECT 1, id, pair_id, 1, :words, 1, 1 FROM acknowledgement"
            " WHERE pair_id = :id", id=pair["id"],
            words=sealer.seal_text("until Monday", "sentence", "words", 1),
        )  # fmt: skip


def files(human: Human) -> list[str]:
    """Give the texts of all files that a phone was sent."""
    found = [seen.document for seen in human.phone.chat if seen.from_bot]
    return [body.decode("utf-8") for body in found if body is not None]


async def exported(human: Human) -> tuple[str, dict[str, Any]]:
    await human.types("/export")
    page, data = files(human)
    return page, json.loads(data)


async def test_all_of_it_is_there_and_kept_words_too(world: World) -> None:
    anna, _, _ = await with_answers(world)
    page, data = await exported(anna)
    caption = anna.sees("Your data")
    assert caption is not None
    assert "Telegram's cloud" in caption.text
    assert "delete it" in caption.text

    assert (data["practice"], data["therapist"]) == ("Lindenhof", "Ben")
    assert data["person"]["name"] == "Anna"
    assert data["person"]["telegram_id"] == anna.phone.id
    assert data["pair"]["code"] == "A7"
    assert [one["decision"] for one in data["consents"]] == ["given"]
    assert data["rules"][0]["local_time"] == "15:00"
    (checkin,) = [one for one in data["checkins"] if one["answers"]]
    assert checkin["state"] in ("answered", "open")
    given = {one["item"]: one for one in checkin["answers"]}
    assert [given[item]["value"] for item in ("heard", "bond", "goals")] == [2, 8, 8]
    assert given["heard"]["question"].startswith("How well did your therapist get")
    assert given["different"]["disclosure"] == "keep"
    assert KEPT in given["different"]["value"]
    assert any(SHOWN in str(one["value"]) for one in checkin["earlier_answers"])
    assert [one["words"] for one in data["goals"]] == ["to sleep, badger"]
    (told,) = data["acknowledgements"]
    assert (told["kind"], told["reply"], told["sentence"]) == ("talk", "ok", "until Monday")
    assert told["told_at"] > checkin["sent_at"]
    assert len(data["digests"]) == 1
    sent = [one for one in data["messages"] if one["state"] == "sent"]
    assert {"prompt", "ack"} <= {one["kind"] for one in sent}
    assert "joined" not in {one["part"] for one in data["messages"]}, "that was told to Ben"
    assert all(one["ended_at"].endswith("+00:00") for one in sent)

    assert page.startswith("<!doctype html>")
    assert 'name="viewport"' in page
    assert f"&lt;b&gt;{KEPT}" in page, "what somebody wrote is no markup"
    for text in (
        "to sleep, badger",
        "until Monday",
        SHOWN,
        "kept for you alone",
        "How well did your therapist get",
        "Ben",
        "A7",
    ):
        assert text in page
    assert "let's talk about it · OK" in page


async def test_the_files_hold_nothing_of_anybody_else(world: World) -> None:
    anna, ben, cora = await with_answers(world)
    page, data = await exported(anna)
    for body in (page, json.dumps(data)):
        for canary in (CORAS, "otter", "Cora", "C3", str(cora.phone.id), str(ben.phone.id)):
            assert canary not in body
    assert files(ben) == files(cora) == []
    ids = [str(row[0]) for table in ("person", "pair", "checkin", "digest")
           for row in await world.rows(f"SELECT id FROM {table}")]  # fmt: skip
    assert [one for one in ids if one in page + json.dumps(data)] == []


async def test_nothing_of_it_is_on_the_practices_disk(world: World) -> None:
    anna, _, _ = await with_answers(world)
    await exported(anna)
    folder = world.stage.settings.database.path.parent
    readable = [file.name for file in _files(folder) if KEPT.encode() in file.read_bytes()]
    assert readable == []
    assert await world.rows("SELECT count(*) FROM audit WHERE act = 'exported'") == [(1,)]


def _files(folder: Any) -> list[Any]:
    return [file for file in folder.rglob("*") if file.is_file()]


async def test_another_clients_tap_gets_nothing(world: World) -> None:
    anna, ben, cora = await with_answers(world)
    dana = await world.therapist("Dana")
    await world.pair("Anna", "Dana", code="D4")
    await anna.types("/export")
    assert files(anna) == []
    assert anna.phone.last.labels == ["Ben", "Dana"]
    tap = anna.data("Ben")
    for other in (cora, ben, dana):
        (said,) = await other.forges(tap)
        assert said in (
            "This is not one of yours, or it is no longer here.",
            "This is not for you to use. What you can do here: /help",
        )
        assert files(other) == []
    await anna.taps("Dana")
    assert KEPT not in "".join(files(anna))
    await anna.taps("Ben")
    assert KEPT in "".join(files(anna))


async def test_before_the_therapist_has_confirmed_there_is_nothing_to_have(world: World) -> None:
    ben, cora = await world.therapist("Ben"), world.human("Cora")
    await world.joins(cora, await world.invites(ben, "B8"))
    await cora.types("/export")
    assert files(cora) == []
    assert "until then I give out no data" in cora.screen
    await cora.forges(f"export.{write_id(await only_pair(world))}")
    assert files(cora) == []
    await ben.taps("Yes, that is my client")
    assert (await exported(cora))[1]["pair"]["code"] == "B8"


async def only_pair(world: World) -> int:
    ((pair_id,),) = await world.rows("SELECT id FROM pair")
    assert isinstance(pair_id, int)
    return pair_id


async def test_it_is_in_the_menu_in_help_and_in_the_privacy_text(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben")
    assert "export" in dict(everybody())
    for command in ("/help", "/privacy"):
        await anna.types(command)
        assert "/export" in anna.screen


async def test_it_is_in_german_for_who_reads_german(world: World) -> None:
    ben, anna = await world.therapist("Ben"), world.human("Anna", language="de")
    await world.joins(anna, await world.invites(ben, "A7"), "Deutsch")
    await ben.taps("Yes, that is my client")
    page, _ = await exported(anna)
    assert "Ihre Einwilligung" in page
    assert "zugestimmt" in page
    assert "Cloud von Telegram" in anna.everything
