"""Ten thousand messages of one person, long and short, while twenty others answer."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from tests.bench.flood import DOSE, MOST_PAIRS, feel
from tests.hook import receive_by_webhook
from tests.torture import Tally, Violation


def run(seed: int) -> Tally:
    """Flood by polling and by webhook in turns."""
    way = ("polling", "webhook")[seed % 2]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        if way == "webhook":
            receive_by_webhook(patch)
        felt = asyncio.run(feel(Path(folder), DOSE // MOST_PAIRS + 1, until=lambda _: False))
    tally = Tally(counts=Counter({"messages": felt.sent}), points=Counter({f"by {way}": 1}))
    if felt.is_over():
        tally.violations.append(Violation("slower", f"{felt}, by {way}"))
    return tally
