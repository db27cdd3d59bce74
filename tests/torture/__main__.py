"""`python -m tests.torture [--minutes 10] [--parts kills,nth] [--workers 2] [--markdown]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.scratch import keep_in_memory
from tests.torture.ledger import Book
from tests.torture.rounds import parts, torture

_FOLDER = Path(".torture")


def main() -> int:
    """Torture for a while, or print what was found so far; 1 when a promise was broken."""
    known = parts()
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long")
    parser.add_argument("--parts", default=",".join(known), help="which, with commas between")
    parser.add_argument("--workers", type=int, default=2, help="how many side by side")
    parser.add_argument("--seed", type=int, help="this one round of each part, nothing else")
    parser.add_argument("--folder", type=Path, default=_FOLDER, help="where the tally is kept")
    parser.add_argument("--markdown", action="store_true", help="print the tally so far, and end")
    asked = parser.parse_args()
    chosen = [name for name in asked.parts.split(",") if name]
    if unknown := set(chosen) - set(known):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are: {known}")
    keep_in_memory()
    book = Book.open(asked.folder)
    if asked.markdown:
        sys.stdout.write(book.markdown())
        return 0
    found = torture(book, chosen, asked.workers, asked.minutes * 60, asked.seed)
    sys.stdout.write(book.table())
    for part, seed, violation in found:
        sys.stdout.write(f"BROKEN {part} seed {seed}: {violation.invariant}: {violation.what}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
