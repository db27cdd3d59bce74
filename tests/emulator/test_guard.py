"""Who may talk to the server: no page of another site, by whatever way a browser has."""

from __future__ import annotations

import pytest

from bot.emulator import Emulator, Person
from tests.emulator.rawbot import TOKEN, RawBot

# As browsers write them: a rebound name, a form or script elsewhere, a picture elsewhere, another
# port of this machine.
STRANGERS = [
    {"Host": "practice.example"},
    {"Host": "127.0.0.1.practice.example:80"},
    {"Host": "practice.example:8081", "Origin": "http://practice.example:8081"},
    {"Origin": "http://practice.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:3000"},
]
PATHS = ["/", "/face/events", "/face/send", "/_control/send", f"/bot{TOKEN}/sendMessage"]


@pytest.mark.parametrize("headers", STRANGERS, ids=str)
@pytest.mark.parametrize("path", PATHS)
async def test_another_sites_page_is_refused(
    emulator: Emulator, bot: RawBot, anna: Person, headers: dict[str, str], path: str
) -> None:
    body = {"person": anna.id, "id": anna.id, "chat_id": anna.id, "text": "forged"}
    for method in ("GET", "POST"):
        asked = bot.session.request(
            method, emulator.url + path, headers=headers, params=body, json=body
        )
        async with asked as response:
            assert response.status == 403
            assert (await response.json())["description"].startswith("Forbidden: ")
    assert [seen.text for seen in anna.chat] == ["/start"]
    assert emulator.journal.calls() == []


async def test_a_rebound_name_gets_no_file(emulator: Emulator, bot: RawBot, anna: Person) -> None:
    anna.send_photo()
    [path] = emulator.world.paths
    url = f"{emulator.file_url}{TOKEN}/{path}"
    async with bot.session.get(url, headers={"Host": "practice.example"}) as response:
        assert response.status == 403
    async with bot.session.get(url) as response:
        assert response.status == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:8081", "[::1]:8081"])
async def test_a_bot_calls_by_any_name_of_this_machine(bot: RawBot, host: str) -> None:
    async with bot.session.post(f"{bot.url}/getMe", headers={"Host": host}) as response:
        assert response.status == 200


async def test_a_link_elsewhere_opens_the_page_but_calls_no_method(
    emulator: Emulator, bot: RawBot
) -> None:
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    async with bot.session.get(f"{emulator.url}/", headers=followed) as response:
        assert response.status == 200
    async with bot.session.get(f"{bot.url}/getMe", headers=followed) as response:
        assert response.status == 403


async def test_an_address_typed_into_a_browser_calls_a_method(bot: RawBot) -> None:
    typed = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}
    async with bot.session.get(f"{bot.url}/getMe", headers=typed) as response:
        assert response.status == 200
