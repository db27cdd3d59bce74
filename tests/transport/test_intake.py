"""What no neighbour of an update may suffer from."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from telegram import Update

from bot.transport.intake import Intake
from bot.transport.request import make_bot


async def test_an_update_nested_too_deeply_to_be_written_is_set_aside_beside_a_good_one() -> None:
    deep = orjson.loads('{"update_id": 5, "message": ' + '{"a": ' * 1015 + "1" + "}" * 1016)
    good = {"update_id": 6}
    done: list[int] = []
    aside: list[tuple[int | None, bytes]] = []

    async def process(update: Update) -> None:
        done.append(update.update_id)

    async def record_all(ids: Sequence[int]) -> None:
        pass

    async def set_aside(update_id: int | None, body: bytes, _: str) -> None:
        aside.append((update_id, body))

    async def pause(_: float) -> bool:
        return False

    intake = Intake(make_bot("1:x"), process, record_all, set_aside, pause)

    assert await intake.take([deep, good]) == 6
    assert done == [6]
    assert aside == [(5, b'"nested too deeply to be kept"')]
