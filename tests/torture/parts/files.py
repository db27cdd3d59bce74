"""A thousand spoilt configurations and questionnaires a round."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from pathlib import Path

from tests.properties.files import config_trouble, instrument_trouble
from tests.torture import Tally, Violation

_EACH = 1000


def run(seed: int) -> Tally:
    """Spoil them by the seed."""
    chance = random.Random(seed)
    tally = Tally(counts=Counter({"configurations": _EACH, "questionnaires": _EACH}))
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(_EACH):
            for found in (config_trouble(Path(folder), chance), instrument_trouble(chance)):
                if found is not None:
                    tally.violations.append(Violation("refused in words", found))
    return tally
