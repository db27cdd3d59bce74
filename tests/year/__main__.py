"""`python -m tests.year [--seed 1] [--transcript FOLDER]`: play a year, and write what each saw."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.scratch import keep_in_memory
from tests.year.rounds import CLIENTS, DAYS, year_of


def main() -> int:
    """Play and judge one year; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.year", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="whose year")
    parser.add_argument("--days", type=int, default=DAYS, help="how much of it; 126 hold all turns")
    parser.add_argument("--clients", type=int, default=CLIENTS, help="how many; fewer: no turns")
    parser.add_argument("--transcript", type=Path, help="a folder for one file for each phone")
    asked = parser.parse_args()
    keep_in_memory()
    tally, fingerprint = year_of(asked.seed, asked.days, asked.clients, asked.transcript)
    for name, n in sorted(tally.counts.items()):
        sys.stdout.write(f"{n:9} {name}\n")
    sys.stdout.write(f"journal   {fingerprint[:16]}\n")
    for broken in tally.violations:
        sys.stdout.write(f"BROKEN {broken.invariant}: {broken.what}\n")
    return 1 if tally.violations else 0


if __name__ == "__main__":
    raise SystemExit(main())
