"""`make bench`: measures start, memory, taps (beside other bots too), ticks, a digest, a flood, a
calendar and the emulator.

`python -m tests.bench start taps beside ticks digest flood feeds emulator` chooses. Ends with 1
when a figure is over its budget.
"""

from __future__ import annotations

import sys

from tests.bench import beside, digest, emulator, feeds, flood, start, taps, ticks
from tests.bench.table import show

_PARTS = {
    "start": start.measure,
    "taps": taps.measure,
    "beside": beside.measure,
    "ticks": ticks.measure,
    "ticks-full": ticks.measure_full,
    "digest": digest.measure,
    "flood": flood.measure,
    "feeds": feeds.measure,
    "emulator": emulator.measure,
}

#: Only when asked for.
_LONG = {"ticks-full"}


def main() -> int:
    over = False
    for name in sys.argv[1:] or [name for name in _PARTS if name not in _LONG]:
        figures = _PARTS[name]()
        show(name, figures)
        over |= any(figure.is_over for figure in figures)
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
