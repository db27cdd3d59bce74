"""The tables that a benchmark prints, on a terminal or as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

#: Flat is what changes by no more than this.
FLAT = 0.2


@dataclass(frozen=True)
class Figure:
    """One measured value; budget: what it must not exceed."""

    name: str
    value: float
    unit: str
    budget: float | None = None
    note: str = ""

    @property
    def is_over(self) -> bool:
        return self.budget is not None and self.value > self.budget


@dataclass(frozen=True)
class Growth:
    """One thing measured with several amounts of data, the least first."""

    name: str
    unit: str
    values: Mapping[str, float]

    @property
    def times(self) -> float:
        """How many times the least the greatest amount takes."""
        values = list(self.values.values())
        return values[-1] / values[0]

    @property
    def is_over(self) -> bool:
        return self.times > 1 + FLAT


def show(title: str, figures: Sequence[Figure] | Sequence[Growth], *, markdown: bool) -> None:
    """Print figures with their budgets and ratios."""
    headings, lines = _grown(figures) if isinstance(figures[0], Growth) else _measured(figures)
    if markdown:
        print(f"\n### {title}\n")  # noqa: T201 - it is the output
        for line in (headings, ["---"] + ["---:"] * (len(headings) - 1), *lines):
            print(f"| {' | '.join(line)} |")  # noqa: T201
        return
    table = Table(title=title, title_justify="left")
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left")
    for line in lines:
        table.add_row(*line)
    Console(width=110).print(table)


def _grown(rows: Sequence[Growth]) -> tuple[list[str], list[list[str]]]:
    sizes = list(rows[0].values)
    lines = [
        [f"{row.name} ({row.unit})", *(number(value) for value in row.values.values()),
         f"{row.times:.2f}", "no" if row.is_over else "yes"]
        for row in rows
    ]  # fmt: skip
    return ["stored answers", *sizes, f"{sizes[-1]} : {sizes[0]}", f"flat (±{FLAT:.0%})"], lines


def _measured(figures: Sequence[Figure]) -> tuple[list[str], list[list[str]]]:
    lines = []
    for figure in figures:
        budget = figure.budget
        lines.append([
            figure.name,
            number(figure.value),
            figure.unit,
            f"{budget:g}" if budget is not None else "",
            f"{figure.value / budget:.2f}{' !' * figure.is_over}" if budget else "",
            figure.note,
        ])  # fmt: skip
    return ["measured", "value", "", "budget", "ratio", "note"], lines


def number(value: float) -> str:
    """Write a value with three digits."""
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"
