"""A transcript shows what somebody saw: messages, own taps, and what the bot said to a tap."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from bot.emulator import Journal
from tests.year.transcript import lines_of

ANNA, CORA = 1, 2
TAP = {"data": "rate.x1.heard.3", "message_id": 7, "tap": "t1"}


def test_what_the_bot_said_to_a_tap_stands_below_it() -> None:
    journal = Journal()
    journal.add(0, "act", "tap", chat=ANNA, params=TAP)
    journal.add(0, "act", "tap", chat=CORA, params={**TAP, "tap": "t2"})
    for tap, said in (("t2", "For Cora"), ("t1", "This check-in is closed."), ("t1", "")):
        params = {"callback_query_id": tap, "text": said}
        journal.add(0, "call", "answerCallbackQuery", params=params, status=200)
    late = {"callback_query_id": "t1", "text": "Too late"}
    journal.add(0, "call", "answerCallbackQuery", params=late, status=400, done=False)
    emulator: Any = SimpleNamespace(journal=journal)
    anna: Any = SimpleNamespace(id=ANNA, name="Anna")
    assert list(lines_of(emulator, anna)) == [
        "Anna",
        "\n===== Thu 1970-01-01 =====",
        "01:00  > taps [rate.x1.heard.3] of #7",
        "01:00  (!) This check-in is closed.",
    ]
