"""`python -m tests.golden` prints the invented weeks as a therapist sees them.

`python -m tests.golden calm silence` prints some; `--renew` writes what has changed to the files
and prints the difference.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.golden.pages import differences, kept_in, pages_of_week
from tests.golden.weeks import WEEKS


def main() -> int:
    names = [week.__name__ for week in WEEKS]
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    parser.add_argument("weeks", nargs="*", metavar="week", help=", ".join(names))
    parser.add_argument("--renew", action="store_true", help="write what has changed")
    chosen = parser.parse_args()
    if unknown := set(chosen.weeks) - set(names):
        parser.error(f"no such week: {', '.join(sorted(unknown))}")
    for week in WEEKS:
        if chosen.weeks and week.__name__ not in chosen.weeks:
            continue
        with tempfile.TemporaryDirectory() as folder:
            now = asyncio.run(pages_of_week(week, Path(folder)))
        if chosen.renew:
            sys.stdout.write(differences(week, now))
            kept_in(week).write_text(now, "utf-8")
        else:
            sys.stdout.write(f"{week.__name__.replace('_', ' ').upper()}\n{now}\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
