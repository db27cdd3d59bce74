"""Kills at the nth passage of every point, while Telegram brings the updates."""

from __future__ import annotations

from tests.torture import Tally
from tests.torture.parts import kills


def run(seed: int) -> Tally:
    """Do the same as `kills`, by webhook."""
    return kills.run(seed, "webhook")
