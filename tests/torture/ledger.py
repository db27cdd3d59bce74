"""The book of what was tortured so far: sums by part, in one JSON file that is replaced whole."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture import Tally


@dataclass
class Book:
    """What all rounds so far did. broken: part, seed, invariant and words of each violation."""

    folder: Path
    parts: dict[str, Tally] = field(default_factory=dict)
    seeds: dict[str, int] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path) -> Book:
        """Read the book in a folder, or begin one."""
        folder.mkdir(parents=True, exist_ok=True)
        book, path = cls(folder), folder / "tally.json"
        if path.exists():
            plain = json.loads(path.read_text("utf-8"))
            book.seeds = plain["seeds"]
            book.parts = {name: Tally.from_json(one) for name, one in plain["parts"].items()}
        return book

    def next_seed(self, part: str) -> int:
        """Give a seed that no round of this part had; one that was cut short is not run again."""
        self.seeds[part] = self.seeds.get(part, 0) + 1
        return self.seeds[part]

    def enter(self, part: str, seed: int, tally: Tally, *, is_new: bool = True) -> None:
        """Add a round. is_new: not one that was run again."""
        if not is_new:
            return
        self.parts.setdefault(part, Tally(runs=0)).add(tally)
        plain = {
            "seeds": self.seeds,
            "parts": {name: one.to_json() for name, one in self.parts.items()},
        }
        new = self.folder / "tally.new"
        new.write_text(json.dumps(plain, indent=1), "utf-8")
        os.replace(new, self.folder / "tally.json")

    def table(self) -> str:
        """Give the sums as text."""
        lines = []
        for name, tally in sorted(self.parts.items()):
            counts = ", ".join(f"{n:,} {what}" for what, n in sorted(tally.counts.items()))
            lines.append(f"{name}: {tally.runs:,} rounds, {counts}; {_broken(tally)}")
            lines += [f"    {point:<40} {n:>7,}" for point, n in sorted(tally.points.items())]
        return "\n".join([*lines, ""])

    def markdown(self) -> str:
        """Give the sums as tables for a page."""
        lines = ["| part | rounds | what | violations |", "|---|---:|---|---|"]
        for name, tally in sorted(self.parts.items()):
            counts = ", ".join(f"{n:,} {what}" for what, n in sorted(tally.counts.items()))
            lines.append(f"| {name} | {tally.runs:,} | {counts} | {_broken(tally)} |")
        for name, tally in sorted(self.parts.items()):
            if tally.points:
                lines += ["", f"| struck in {name} | times |", "|---|---:|"]
                lines += [f"| {point} | {n:,} |" for point, n in sorted(tally.points.items())]
        return "\n".join([*lines, ""])


def _broken(tally: Tally) -> str:
    if not tally.violations:
        return "none"
    by_name = Counter(violation.invariant for violation in tally.violations)
    return ", ".join(f"{name}: {n}" for name, n in sorted(by_name.items()))
