"""The story on the terminal, without a person: for a quick look, scripts and tests."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel

from bot.config import load
from bot.core.timetable import to_utc
from bot.demo.stage import TOKEN, Stage, StageClock, write_config
from bot.demo.story import STORY, THE_END, Joins, Reads, Scene, Step, Taps, Writes
from bot.demo.telling import filled, gather, tell
from bot.emulator import Emulator, Seen
from bot.logging import set_up
from bot.render import dated_moment

ZONE: Final = "Europe/Berlin"
#: A Monday noon without a clock change near it.
START: Final = to_utc("2026-11-02", "12:00", ZONE)
#: The practice logs no more than what is wrong.
QUIET: Final = '[log]\nlevel = "warning"\n'
_WIDTH: Final = 66


class OnTerminal:
    """Prints the story: clients at the left, everybody else a little to the right."""

    def __init__(self, stage: Stage, console: Console) -> None:
        self._stage = stage
        self._console = console

    async def scene(self, scene: Scene) -> None:
        """Print the scene's title, the time and the caption."""
        at = dated_moment(self._stage.clock.now(), ZONE)
        self._console.print()
        self._console.rule(f"[bold]{escape(scene.title)}[/] · {escape(at)}", align="left")
        self._console.print(f"[dim]{escape(scene.caption)}[/]")

    async def before(self, step: Step) -> None:
        """Print what somebody does."""
        match step:
            case Taps():
                self._line(step.who, f"taps [reverse] {escape(step.label)} [/]")
            case Writes():
                text = filled(step.text, self._stage)
                self._line(step.who, f"writes [italic]{escape(text)}[/]")
            case Joins():
                self._line(step.who, f"opens the invitation from {step.inviter}")
            case _:
                pass

    async def after(self, step: Step, seen: Seen | None) -> None:
        """Print what somebody reads."""
        if seen is None or not isinstance(step, Reads):
            return
        buttons = "\n".join("  ".join(f"⟦{label}⟧" for label, _ in row) for row in seen.buttons)
        text = escape(seen.text) + (f"\n[dim]{escape(buttons)}[/]" if buttons else "")
        panel = Panel(text, title=f"to {step.who}", title_align="left", width=_WIDTH)
        self._console.print(Padding(panel, (0, 0, 0, _indent(step.who))))

    def _line(self, who: str, what: str) -> None:
        self._console.print(f"{' ' * _indent(who)}[bold]{who}[/] {what}")


def _indent(who: str) -> int:
    return 0 if who == "Anna" else 6


async def play() -> None:
    """Play the story. Errors: `StoryFailed`."""
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory(prefix="rapport-demo-") as folder:
        clock = StageClock(START)
        emulator = Emulator(token=TOKEN, clock=clock)
        async with emulator.serve(port=0) as url:
            console.print(f"A local Telegram answers at {url}; the bot talks to it by HTTP.")
            settings = load(write_config(Path(folder), emulator.base_url, extra=QUIET))
            set_up(settings)
            stage = Stage(settings, emulator, clock)
            await stage.open()
            try:
                await tell(STORY, stage, gather(emulator), OnTerminal(stage, console))
            finally:
                await stage.close()
    console.print(f"\n[bold green]{THE_END}[/]")
