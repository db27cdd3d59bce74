"""The table that a benchmark prints."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One measured value; budget: what it must not exceed. base: what it is compared with."""

    name: str
    value: float
    unit: str
    budget: float | None = None
    note: str = ""
    base: float | None = None

    @property
    def is_over(self) -> bool:
        return self.budget is not None and self.value > self.budget


def show(title: str, figures: list[Figure]) -> None:
    """Print figures with their budgets and ratios."""
    table = Table(title=title, title_justify="left")
    for heading in ("measured", "value", "", "budget", "ratio", "note"):
        table.add_column(heading, justify="right" if heading in ("value", "budget") else "left")
    for figure in figures:
        base = figure.base if figure.base is not None else figure.budget
        ratio = f"{figure.value / base:.2f}" if base else ""
        if figure.base is not None:
            ratio += " × 2 thousand"
        table.add_row(
            figure.name,
            f"{figure.value:.3g}" if figure.value < 100 else f"{figure.value:.0f}",
            figure.unit,
            f"{figure.budget:g}" if figure.budget is not None else "",
            f"[red]{ratio}[/]" if figure.is_over else ratio,
            figure.note,
        )
    Console(width=110).print(table)
