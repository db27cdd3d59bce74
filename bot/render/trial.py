"""What is wrong with a practice's own templates, and the trial in which that comes out.

Owns the list of mistakes. Refuses to render: `bot.render.own` does, and says here what came of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TemplateMistake:
    """What is wrong with a practice's own template. line: 0 where it is the whole file."""

    file: Path
    line: int
    wrong: str
    remedy: str

    def __str__(self) -> str:
        at = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{at}: {self.wrong}; {self.remedy}"


@dataclass(slots=True)
class Trial:
    """What becomes of a practice's own templates while they are tried with sample data.

    judge: says of a template's name and text what Telegram would refuse about it, if anything.
    shown: the names of those that were shown without a mistake. mistakes: by file and line.
    """

    judge: Callable[[str, str], str | None]
    shown: set[str] = field(default_factory=set)
    mistakes: dict[tuple[Path, int], TemplateMistake] = field(default_factory=dict)

    def add(self, file: Path, line: int, wrong: str, remedy: str) -> None:
        """Keep the first mistake of a line."""
        self.mistakes.setdefault((file, line), TemplateMistake(file, line, wrong, remedy))


#: The trial that is on, if any. Of the process: each update is handled in a context of its own.
trials: list[Trial] = []


@contextmanager
def trying(judge: Callable[[str, str], str | None]) -> Iterator[Trial]:
    """Let own templates be judged in this block, whoever renders them.

    Only with invented people: what is wrong may be said with words of what was shown.
    """
    trials.append(trial := Trial(judge))
    try:
        yield trial
    finally:
        trials.remove(trial)
