"""Somebody who floods the bot slows nobody else down.

A small dose, judged so that a busy machine passes; `tests/torture/parts/flood.py` sends the ten
thousand messages of the promise and judges by its fifth.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hook import receive_by_webhook

from tests.bench.flood import feel

pytestmark = pytest.mark.no_cover  # times are compared

_EACH = 300
#: On a machine whose disk others use, the commit at the end of each poll alone comes to a fifth.
_LIMIT = 1.5


@pytest.mark.parametrize("way", ["polling", "webhook"])
async def test_others_wait_no_longer_beside_a_flood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    if way == "webhook":
        receive_by_webhook(monkeypatch)
    felt = await feel(tmp_path, _EACH)
    assert not felt.is_over(_LIMIT), str(felt)
    # All of it by polling; by webhook, where one person's come one by one, the first at once.
    assert felt.taken >= (felt.sent if way == "polling" else 20)
