"""What the bot says of itself, and what it may learn of chats and files."""

from __future__ import annotations

import pytest

from bot.emulator import Emulator, Person
from tests.emulator.rawbot import RawBot

START = {"command": "start", "description": "Begin"}


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        # Bot API, BotCommand: 1-32 of a-z, 0-9 and _; description 1-256.
        ({"command": "Start", "description": "x"}, "BOT_COMMAND_INVALID"),
        ({"command": "", "description": "x"}, "BOT_COMMAND_INVALID"),
        ({"command": "x" * 33, "description": "x"}, "BOT_COMMAND_INVALID"),
        ({"command": "two words", "description": "x"}, "BOT_COMMAND_INVALID"),
        ({"command": "x", "description": " "}, "command description must be non-empty"),
        (
            {"command": "x", "description": "x" * 257},
            "command description length must not exceed 256",
        ),
    ],
)
async def test_a_bad_command_is_refused(
    bot: RawBot, command: dict[str, str], sentence: str
) -> None:
    refused = await bot.refused("setMyCommands", commands=[START, command])
    assert refused == f"Bad Request: {sentence}"
    assert await bot.call("getMyCommands") == []


async def test_there_are_at_most_a_hundred_commands(bot: RawBot) -> None:
    commands = [{"command": f"c{number}", "description": "x"} for number in range(101)]
    refused = await bot.refused("setMyCommands", commands=commands)
    assert refused == "Bad Request: BOT_COMMANDS_TOO_MUCH"
    await bot.call("setMyCommands", commands=commands[:100])
    assert await bot.call("getMyCommands") == commands[:100]


async def test_commands_are_kept_per_scope_and_language(
    bot: RawBot, anna: Person, emulator: Emulator
) -> None:
    private = {"type": "all_private_chats"}
    hers = {"type": "chat", "chat_id": anna.id}
    sets = [({}, "default"), ({"scope": private}, "private"), ({"language_code": "de"}, "german")]
    for where, description in [*sets, ({"scope": hers}, "hers")]:
        command = {"command": "start", "description": description}
        await bot.call("setMyCommands", commands=[command], **where)
    for where, description in sets:
        [command] = await bot.call("getMyCommands", **where)
        assert command["description"] == description

    def menu() -> list[str]:
        commands = emulator.world.profile.commands_for(anna.id, "en")
        return [command["description"] for command in commands]

    assert menu() == ["hers"]
    await bot.call("deleteMyCommands", scope=hers)
    assert menu() == ["private"]
    await bot.call("setMyCommands", commands=[], scope=private)
    assert menu() == ["default"]


async def test_names_and_descriptions_are_kept_per_language_and_limited(bot: RawBot) -> None:
    # Bot API: name 0-64, description 0-512, short description 0-120 characters.
    for what, method, limit in [
        ("name", "Name", 64),
        ("description", "Description", 512),
        ("short_description", "ShortDescription", 120),
    ]:
        await bot.call(f"setMy{method}", **{what: "x" * limit})
        await bot.call(f"setMy{method}", **{what: "deutsch"}, language_code="de")
        assert await bot.call(f"getMy{method}") == {what: "x" * limit}
        assert await bot.call(f"getMy{method}", language_code="de") == {what: "deutsch"}
        assert await bot.call(f"getMy{method}", language_code="fr") == {what: "x" * limit}
        refused = await bot.refused(f"setMy{method}", **{what: "x" * (limit + 1)})
        assert refused == f"Bad Request: BOT_{what.upper()}_TOO_LONG"


async def test_a_menu_button_is_the_chats_or_everybodys(bot: RawBot, anna: Person) -> None:
    await bot.call("setChatMenuButton", menu_button={"type": "commands"})
    assert await bot.call("getChatMenuButton", chat_id=anna.id) == {"type": "commands"}
    await bot.call("setChatMenuButton", chat_id=anna.id, menu_button={"type": "default"})
    assert await bot.call("getChatMenuButton", chat_id=anna.id) == {"type": "default"}


async def test_members_and_leaving(bot: RawBot, anna: Person, emulator: Emulator) -> None:
    group = emulator.group("Family")
    group.add_bot(by=anna)
    cora = emulator.person("Cora")
    for person, status in [(anna, "member"), (cora, "left")]:
        member = await bot.call("getChatMember", chat_id=group.id, user_id=person.id)
        assert (member["user"]["id"], member["status"]) == (person.id, status)
    refused = await bot.refused("leaveChat", chat_id=anna.id)
    assert refused == "Bad Request: chat member status can't be changed in private chats"
    await bot.call("leaveChat", chat_id=group.id)
    refused = await bot.refused("sendMessage", chat_id=group.id, text="x")
    assert refused == "Forbidden: bot is not a member of the group chat"
