"""Who is let in where: strangers, other people's buttons, groups, and what nobody asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from world import Human, World

SAFETY = "In an emergency call 112."

#: Everything a therapist's phone shows buttons for, and everything a client's does.
COMMANDS = (
    "/history", "/export", "/pause", "/stop", "/erase", "/today",
    "/add A7 2026-12-01 15:00 50m weekly",
    "/appointments", "/invite", "/invite B3", "/clients", "/invite_therapist", "/zone Europe/Rome",
    "/settings", "/goals", "/mirror",
)  # fmt: skip


async def test_a_stranger_can_do_nothing(world: World) -> None:
    await world.pair("Anna", "Ben", meets="Mon 15:00")
    before = await world.facts()
    cora = world.human("Cora")
    for command in COMMANDS:
        cora.phone.send(command)
    await world.step()
    answers = [seen for seen in cora.phone.chat if seen.from_bot]
    assert len(answers) == len(COMMANDS)
    for answer in answers:
        assert "I don't know you yet." in answer.text
        assert answer.labels == ["Help now"]
    assert await world.facts() == before


async def test_help_now_works_for_everybody(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora = world.human("Cora")
    for human in (anna, ben, cora, world.dana):
        await human.types("/help")
        assert human.screen.startswith("If you need help now\nIn an emergency call 112.")
        assert "Nobody reads this chat" in human.screen
    await cora.types("Hello?")
    await cora.taps("Help now")
    assert SAFETY in cora.screen
    await world.until("Mon 16:20")
    prompt = anna.phone.last
    await anna.taps("Help now")
    assert SAFETY in anna.screen
    assert anna.phone.chat[-2].text == prompt.text


async def test_help_offers_only_what_works(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    cora = world.human("Cora")
    for human, offered in ((anna, True), (ben, True), (cora, False)):
        await human.types("/help")
        assert ("/settings" in human.screen) is offered
    await anna.types("/erase")
    await anna.taps("Erase everything")
    await anna.types("/help")
    assert "/settings" not in anna.screen


async def test_quiet_hours_are_for_who_is_asked_something(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    await anna.types("/settings")
    assert "In quiet hours I ask nothing." in anna.screen
    assert "20:00–09:00" in anna.phone.last.labels
    await ben.types("/settings")
    assert "uiet hours" not in ben.screen
    assert ben.phone.last.labels == ["English", "Deutsch", "Time zone"]


async def test_a_time_zone_is_typed_in_any_case(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben")
    await ben.types("/zone")
    assert ben.screen == "Which time zone? Write it like this: /zone Europe/Vienna"
    for typed, zone in (
        ("europe/vienna", "Europe/Vienna"),
        ("america/new york", "America/New_York"),
    ):
        await ben.types(f"/zone {typed}")
        assert f"Time zone: {zone}" in ben.screen
    await ben.types("/zone Lindenhof")
    assert "I don't know the time zone “Lindenhof”." in ben.screen


async def test_help_now_works_for_who_paused_or_stopped(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    for act, button in (("/pause", "Until I resume"), ("/stop", "Stop the questions")):
        await anna.types(act)
        await anna.taps(button)
        await anna.types("/help")
        assert SAFETY in anna.screen


async def test_a_stranger_who_writes_is_told_and_not_kept(world: World) -> None:
    cora = world.human("Cora")
    await cora.types("My therapist is a marmot")
    assert cora.screen == "Nobody reads this chat. I did not keep this message."
    await cora.taps("Help now")
    assert SAFETY in cora.screen
    assert await world.rows("SELECT * FROM person") == []
    assert b"marmot" not in world.raw


SENDINGS: dict[str, Callable[[Human], object]] = {
    "text": lambda human: human.phone.send("I feel like a marmot"),
    "voice": lambda human: human.phone.send_voice(),
    "photo": lambda human: human.phone.send_photo(caption="a marmot"),
    "sticker": lambda human: human.phone.send_sticker(),
}


async def test_what_nobody_asked_for_is_not_kept(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    received = ben.received
    for number, send in enumerate(SENDINGS.values(), anna.received + 1):
        await anna.does(partial(send, anna))
        assert anna.received == number
        assert anna.screen == "Nobody reads this chat. I did not keep this message."
        assert anna.phone.last.labels == ["Help now"]
    await anna.taps("Help now")
    assert SAFETY in anna.screen
    assert await world.kept() == []
    assert await world.rows("SELECT * FROM set_aside") == []
    assert b"marmot" not in world.raw
    assert ben.received == received


async def test_the_open_question_takes_words_and_nothing_else(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    for what in ("voice", "photo", "sticker"):
        await anna.does(partial(SENDINGS[what], anna))
        assert "I did not keep this message" in anna.screen
    assert await world.kept() == [8, 8, 8, 8, 8]


async def test_words_after_the_check_in_are_not_kept(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    await anna.types("one more thing, marmot")
    assert "I did not keep this message" in anna.screen
    assert not any("marmot" in str(value) for value in await world.kept())


async def test_an_edited_message_is_not_followed_and_that_is_said(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.types("8")
    mine = next(seen for seen in reversed(anna.phone.chat) if not seen.from_bot)
    await anna.does(lambda: anna.phone.edit(mine, "3"))
    assert "I can't follow edits" in anna.screen
    assert await world.kept() == [8]


async def test_what_is_forwarded_is_no_answer_and_that_is_said(world: World) -> None:
    """It may be anybody's words, from anywhere: neither a number nor a text of the client's."""
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    chat = {"id": anna.phone.id, "type": "private", "first_name": "Anna"}
    body = {"date": anna.phone.last.date, "chat": chat, "from": anna.phone.account.json}
    origins = (
        {"type": "user", "date": body["date"], "sender_user": anna.phone.account.json},
        {"type": "hidden_user", "date": body["date"], "sender_user_name": "Somebody"},
    )

    async def forwards(text: str, message_id: int) -> None:
        for more, origin in enumerate(origins):
            forwarded = {**body, "message_id": message_id + more, "text": text}
            world.stage.emulator.inject({"message": {**forwarded, "forward_origin": origin}})
            await world.step()
            assert "What is forwarded I take neither as your answer nor as" in anna.screen

    await forwards("7", 900)
    assert await world.kept() == []
    await forwards("/stop", 902)
    assert anna.phone.last.labels == ["Help now"]
    world.to_be_refused.add("Bad Request: message to delete not found")  # it is in no chat here
    await forwards("/calendar https://ben:marmot@cal.example", 904)
    deleted = [call for call in world.calls_to(anna) if call.method == "deleteMessage"]
    assert [call.params["message_id"] for call in deleted] == [904, 905]
    await anna.answers(8, 8, 8, 8, 8)
    await forwards("somebody's marmot", 910)
    assert await world.kept() == [8] * 5
    await anna.types("my own marmot")
    assert "my own marmot" in await world.kept()


async def test_a_live_location_is_answered_once_however_far_it_goes(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    chat = {"id": anna.phone.id, "type": "private", "first_name": "Anna"}
    body = {"message_id": 900, "date": anna.phone.last.date, "chat": chat,
            "from": anna.phone.account.json}  # fmt: skip
    received = anna.received
    for number in range(20):
        place = {"latitude": 52.5, "longitude": 13.4 + number, "live_period": 900}
        edit = {"edit_date": body["date"] + number, "location": place}
        world.stage.emulator.inject({"edited_message": {**body, **edit}})
    await world.step()
    assert anna.received == received + 1
    assert "I can't follow edits" in anna.screen
    world.stage.emulator.inject({"edited_message": {**body, **edit, "message_id": 901}})
    await world.step()
    assert anna.received == received + 2


async def test_what_is_written_to_somebody_else_s_business_account_is_no_answer(
    world: World,
) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    received, date = anna.received, anna.phone.last.date
    chat = {"id": anna.phone.id, "type": "private", "first_name": "Anna"}
    body = {"message_id": 1, "date": date, "chat": chat, "from": anna.phone.account.json,
            "text": "8", "business_connection_id": "x"}  # fmt: skip
    world.stage.emulator.inject({"business_message": body})
    world.stage.emulator.inject({"edited_business_message": {**body, "edit_date": date}})
    await world.step()
    assert await world.kept() == []
    assert anna.received == received


async def test_an_unknown_command_is_answered(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    for human in (anna, ben, world.human("Cora")):
        await human.types("/frobnicate now")
        assert "I don't know this command. What you can do here: /help" in human.screen


async def test_the_bot_leaves_a_group(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    group = world.stage.emulator.group("Our couple")
    await anna.does(lambda: group.add_bot(anna.phone))
    assert not group.has_bot
    assert [seen for seen in group.chat if seen.from_bot] == []
    left = [c for c in world.stage.emulator.journal.calls() if c.method == "leaveChat"]
    assert [call.status for call in left] == [200], "it leaves once"
    await world.later(minutes=2)
    await anna.does(lambda: group.add_bot(anna.phone))
    assert not group.has_bot


async def test_a_therapists_commands_are_not_for_clients_nor_the_other_way(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    for command in ("/invite", "/clients", "/today", "/appointments", "/invite_therapist"):
        await anna.types(command)
        assert "This is not for you to use." in anna.screen
    for command in ("/history", "/export", "/pause", "/stop", "/erase", "/invite_therapist"):
        await ben.types(command)
        assert "This is not for you to use." in ben.screen
    await world.dana.types("/today")
    assert "This is not for you to use." in world.dana.screen


async def buttons_of_a_week(world: World) -> tuple[list[str], list[str]]:
    """Let Anna and Ben go through a week; give every button each was ever shown."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(2, 8, 8, 8, 8)
    await anna.taps("pace")
    await anna.taps("Done ›")
    await anna.types("a marmot")
    await anna.taps("Raise it for me")
    await anna.taps("Change")
    await anna.taps("‹ Back")
    await anna.taps("Don't send")
    await anna.taps("‹ Back")
    for command in ("/pause", "/stop", "/erase"):
        await anna.types(command)
    await world.until("Fri 17:00")
    await ben.opens("A7")
    await ben.taps("‹ Back")
    await ben.taps("Let's talk about it")
    await world.later(minutes=3)
    await ben.types("/appointments")
    await ben.taps("A7 Mon 9, 15:00")
    await ben.taps("Cancel it")
    await ben.types("/clients")
    return world.pushed(anna), world.pushed(ben)


async def test_nobody_else_can_press_these_buttons(world: World) -> None:
    of_anna, of_ben = await buttons_of_a_week(world)
    assert len(of_anna) > 60
    assert len(of_ben) > 8
    cora, dana = await world.pair("Cora", "Dana", code="C3", meets="Tue 15:00")
    stranger = world.human("A stranger")
    before = await world.facts()
    for human in (cora, dana, stranger):
        await human.types("/help")
        shown = human.phone.chat
        # Help is for everybody, and these two set the presser's own language and time zone.
        free = ("help.", "jlang.", "jzone.")
        buttons = [data for data in (*of_anna, *of_ben) if not data.startswith(free)]
        await human.forges(*buttons)
        assert "marmot" not in human.everything
        for seen in human.phone.chat[len(shown) :]:
            assert not seen.from_bot
        assert "A7" not in human.everything
    assert await world.facts() == before


async def test_a_client_can_not_press_the_therapists_buttons_nor_the_other_way(
    world: World,
) -> None:
    of_anna, of_ben = await buttons_of_a_week(world)
    anna, ben = world.people["Anna"], world.people["Ben"]
    await anna.types("/help")
    await ben.types("/help")
    before = await world.facts()
    for human, buttons in ((anna, of_ben), (ben, of_anna)):
        theirs = [data for data in buttons if not data.startswith("help.")]
        assert "" not in await human.forges(*theirs)
    assert await world.facts() == before


INVENTED = (
    "rate", "rate..", "rate.zzzzzzzzzzzzz.heard.8", "rate.0.heard.99", "nothing.1", "a b c",
    "page.0.9999", "tconf.1.zzzz", "history.1.999999", "later.0.never", "ack.0.perhaps",
    "jlang.0.xx", "szone.0.999", "squiet.0.aa:bb.cc", "pause.0.7", "disclose.0.heard.all",
)  # fmt: skip


async def test_an_invented_button_is_out_of_date_and_does_nothing(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    before = await world.facts()
    for human in (anna, ben):
        assert "" not in await human.forges(*INVENTED)
    assert await world.facts() == before


async def test_a_secret_behind_a_command_is_not_left_standing_whoever_sent_it(world: World) -> None:
    """Sent to the bot by mistake, mistyped or refused: an address is as good as a password."""
    anna, ben = await world.pair("Anna", "Ben")
    for who, said in (
        (ben, "/calendar https://ben:marmot@"),
        (ben, "/calender https://ben:marmot@cal.example/private"),
        (anna, "/calendar https://anna:marmot@cal.example/private"),
        (world.human("Zoe", telegram_id=999), "/calendar cal.example/marmot"),
    ):
        await who.types(said)
        assert not any("marmot" in (seen.text or "") for seen in who.phone.chat), said
    await ben.types("/calendar")
    assert any(seen.text == "/calendar" for seen in ben.phone.chat), "nothing secret in it"
