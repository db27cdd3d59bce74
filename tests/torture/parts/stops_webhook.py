"""Processes that stand still, while Telegram brings the updates."""

from __future__ import annotations

from tests.torture import Tally
from tests.torture.parts import stops


def run(seed: int) -> Tally:
    """Do the same as `stops`, by webhook."""
    return stops.run(seed, "webhook")
