"""`make bench`: what Rapport takes, beside other bots too, and whether it grows with the data.

`python -m tests.bench [--markdown] [start growth taps …]` chooses among `_PARTS`; without a choice
all but the long ones. Ends with 1 when a figure is over its budget.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from tests.bench import (
    beside,
    digest,
    emulator,
    feeds,
    flood,
    growth,
    latency,
    machine,
    prompts,
    start,
    taps,
)
from tests.bench.table import Figure, Growth, show

_PARTS: dict[str, Callable[[], Sequence[Figure] | Sequence[Growth]]] = {
    "growth": growth.measure,
    "growth-full": growth.measure_full,
    "start": start.measure,
    "taps": taps.measure,
    "beside": beside.measure,
    "latency": latency.measure,
    "prompts": prompts.measure,
    "digest": digest.measure,
    "flood": flood.measure,
    "feeds": feeds.measure,
    "emulator": emulator.measure,
}

#: Only when asked for.
_LONG = {"growth-full"}


def main() -> int:
    chosen = [name for name in sys.argv[1:] if name != "--markdown"]
    markdown = len(chosen) < len(sys.argv) - 1
    over, began = False, time.monotonic()
    print(machine.described())  # noqa: T201 - it is the output
    for name in chosen or [name for name in _PARTS if name not in _LONG]:
        figures = _PARTS[name]()
        show(name, figures, markdown=markdown)
        over |= any(figure.is_over for figure in figures)
    print(f"\nAll of it took {time.monotonic() - began:.0f} s.")  # noqa: T201
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
