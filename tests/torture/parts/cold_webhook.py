"""Whole processes killed at any moment, while Telegram brings the updates."""

from __future__ import annotations

from tests.torture import Tally
from tests.torture.parts import cold


def run(seed: int) -> Tally:
    """Do the same as `cold`, by webhook."""
    return cold.run(seed, "webhook")
