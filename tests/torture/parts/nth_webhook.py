"""The nth call or operation fails, while Telegram brings the updates."""

from __future__ import annotations

from tests.torture import Tally
from tests.torture.parts import nth


def run(seed: int) -> Tally:
    """Do the same as `nth`, by webhook."""
    return nth.run(seed, "webhook")
