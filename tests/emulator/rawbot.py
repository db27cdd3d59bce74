"""A raw client of the Bot API that believes nothing."""

from __future__ import annotations

from typing import Any

import aiohttp

from bot.emulator.schema import find_problem_in_result

TOKEN = "1:x"
NOON = 1_794_916_800_000  # 2026-11-17 12:00 UTC


class RawBot:
    """Calls the server as any HTTP client would; every result must be what the API documents."""

    def __init__(self, base_url: str, session: aiohttp.ClientSession) -> None:
        self.url = f"{base_url}{TOKEN}"
        self.session = session

    async def answer(self, method: str, **params: Any) -> tuple[int, dict[str, Any]]:
        """Call with a JSON body; give the status and the whole answer."""
        async with self.session.post(f"{self.url}/{method}", json=params) as response:
            body = await response.json()
            assert body["ok"] == (response.status == 200)
            if body["ok"]:
                assert find_problem_in_result(method, body["result"]) is None
            else:
                assert body["error_code"] == response.status
            return response.status, body

    async def call(self, method: str, **params: Any) -> Any:
        """Call and give the result; the call must succeed."""
        status, body = await self.answer(method, **params)
        assert status == 200, body
        return body["result"]

    async def refused(self, method: str, **params: Any) -> str:
        """Call and give the description of the refusal; the call must fail."""
        status, body = await self.answer(method, **params)
        assert status != 200, body
        return str(body["description"])

    async def updates(self, **params: Any) -> list[dict[str, Any]]:
        """Fetch updates and confirm them."""
        updates: list[dict[str, Any]] = await self.call("getUpdates", **params)
        if updates:
            await self.call("getUpdates", offset=updates[-1]["update_id"] + 1)
        return updates
