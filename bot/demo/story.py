"""The story that `rapport demo` plays: one week of Anna and Ben, told on the terminal."""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel

from bot.core.timetable import local_on, to_utc
from bot.demo.stage import ADMIN_ID, TOKEN, Stage, StageClock, set_stage
from bot.emulator import Emulator, Person, Seen
from bot.render import dated_moment

_ZONE: Final = "Europe/Berlin"
#: A Monday noon without a clock change near it.
_START: Final = to_utc("2026-11-02", "12:00", _ZONE)
_WIDTH: Final = 66


class StoryFailed(Exception):
    """The story did not go as it should: somebody did not see what they ought to see."""


@dataclass
class Teller:
    """Tells a story on the terminal. ask: gives what a person at the keyboard wants to tap."""

    stage: Stage
    console: Console
    pause_seconds: float
    ask: Callable[[str, str], str]

    async def chapter(self, words: str) -> None:
        """Announce what comes, with the stage's time."""
        at = dated_moment(self.stage.clock.now(), _ZONE)
        self.console.print()
        self.console.rule(f"[bold]{escape(at)}[/] · {escape(words)}", align="left")
        await self._pause()

    async def hears(self, name: str, phone: Person, words: str) -> Seen:
        """Show the newest message in which somebody reads these words. Errors: `StoryFailed`."""
        found = [s for s in phone.chat if s.from_bot and words in (s.text or "")]
        if not found:
            raise StoryFailed(f"{name} does not read {words!r} but {phone.last.text!r}")
        seen = found[-1]
        buttons = "\n".join("  ".join(f"⟦{label}⟧" for label, _ in row) for row in seen.buttons)
        text = escape(seen.text or "") + (f"\n[dim]{escape(buttons)}[/]" if buttons else "")
        panel = Panel(text, title=f"to {name}", title_align="left", width=_WIDTH)
        self.console.print(Padding(panel, (0, 0, 0, 0 if name == "Anna" else 6)))
        await self._pause()
        return seen

    async def taps(self, name: str, phone: Person, label: str) -> None:
        """Let somebody tap a button and let happen what follows."""
        self.console.print(f"{'' if name == 'Anna' else '      '}[bold]{name}[/] taps "
                           f"[reverse] {escape(label)} [/]")  # fmt: skip
        phone.tap(label)
        await self.stage.settle()
        await self._pause()

    async def says(self, name: str, phone: Person, text: str) -> None:
        """Let somebody type a message and let happen what follows."""
        self.console.print(f"{'' if name == 'Anna' else '      '}[bold]{name}[/] writes "
                           f"[italic]{escape(text)}[/]")  # fmt: skip
        phone.send(text)
        await self.stage.settle()
        await self._pause()

    async def until(self, words: str) -> None:
        """Let time pass until "Mon 16:20"."""
        await self.stage.advance_to(self.stage.moment(words))

    async def _pause(self) -> None:
        await asyncio.sleep(self.pause_seconds)


async def play(pause_seconds: float) -> None:
    """Play the story; pause_seconds: for reading, 0 without a person. Errors: `StoryFailed`."""
    console = Console(highlight=False)
    asks = pause_seconds > 0 and sys.stdin.isatty()
    with tempfile.TemporaryDirectory(prefix="rapport-demo-") as folder:
        clock = StageClock(_START)
        emulator = Emulator(token=TOKEN, clock=clock)
        async with emulator.serve(port=0) as url:
            console.print(f"A local Telegram answers at {url}; the bot talks to it by HTTP.")
            stage = await set_stage(Path(folder), emulator, clock)
            try:
                ask = _from_keyboard(console) if asks else _by_the_book
                await _story(Teller(stage, console, pause_seconds, ask))
            finally:
                await stage.close()
    console.print("\n[bold green]The loop is closed:[/] asked, answered, read, told, talked about.")


def _by_the_book(question: str, usual: str) -> str:
    return usual


def _from_keyboard(console: Console) -> Callable[[str, str], str]:
    def ask(question: str, usual: str) -> str:
        return console.input(f"{escape(question)} [dim](Enter for {usual})[/] ").strip() or usual

    return ask


async def _story(teller: Teller) -> None:
    emulator = teller.stage.emulator
    dana = emulator.person("Dana", id=ADMIN_ID)
    ben, anna = emulator.person("Ben"), emulator.person("Anna")
    await _joining(teller, dana, ben, anna)
    await _check_in(teller, anna)
    await _digest(teller, ben, anna)
    await _next_week(teller, anna)


def _link(phone: Person) -> str:
    found = re.search(r"\?start=([\w-]+)", phone.last.text or "")
    if found is None:
        raise StoryFailed(f"no invitation in {phone.last.text!r}")
    return found[1]


async def _joining(teller: Teller, dana: Person, ben: Person, anna: Person) -> None:
    stage = teller.stage
    await teller.chapter("Dana invites Ben, Ben invites Anna")
    await teller.says("Dana", dana, "/invite_therapist")
    ben.start(_link(dana))
    await stage.settle()
    await teller.hears("Ben", ben, "Welcome")
    await teller.says("Ben", ben, "/invite A7")
    anna.start(_link(ben))
    await stage.settle()
    await teller.taps("Anna", anna, "English")
    await teller.taps("Anna", anna, "Yes, that is right")
    await teller.hears("Anna", anna, "Do you agree?")
    await teller.taps("Anna", anna, "I agree")
    await teller.hears("Ben", ben, "Is that your client?")
    await teller.taps("Ben", ben, "Yes, that is my client")
    on = local_on(stage.moment("Mon 15:00"), _ZONE)
    await teller.says("Ben", ben, f"/add A7 {on} 15:00 50m weekly")
    await teller.hears("Ben", ben, "A7")
    await teller.taps("Ben", ben, "Confirm")


async def _check_in(teller: Teller, anna: Person) -> None:
    await teller.until("Mon 16:20")
    await teller.chapter("the appointment is over; Anna is asked")
    await teller.hears("Anna", anna, "A short check-in about Monday")
    console = teller.console
    if teller.ask is not _by_the_book:
        console.print("[dim]You are Anna now: type a number from 0 to 10, or press Enter.[/]")
    for usual in ("3", "8", "7", "8", "6"):
        question = (anna.last.text or "").splitlines()
        console.print(f"[dim]{escape(' · '.join(line for line in question if line)[:160])}[/]")
        wanted = teller.ask("Anna taps", usual)
        labels = {label.strip("· ") for label in anna.last.labels}
        await teller.taps("Anna", anna, wanted if wanted in labels else usual)
    if "get in the way" in (anna.last.text or ""):
        await teller.hears("Anna", anna, "get in the way")
        await teller.taps("Anna", anna, "pace")
        await teller.taps("Anna", anna, "Done ›")
    await teller.says("Anna", anna, "It went a bit fast for me today.")
    await teller.hears("Anna", anna, "What should become of it?")
    await teller.taps("Anna", anna, "Raise it for me")
    await teller.hears("Anna", anna, "This goes to your therapist on")


async def _digest(teller: Teller, ben: Person, anna: Person) -> None:
    await teller.until("Fri 17:00")
    await teller.chapter("the week is over; Ben gets his digest")
    await teller.hears("Ben", ben, "A7")
    await teller.taps("Ben", ben, "Let's talk about it")
    await teller.stage.advance_to(teller.stage.clock.now() + 3 * 60_000)
    await teller.chapter("Anna is told")
    await teller.hears("Anna", anna, "would like to make room for it")
    await teller.taps("Anna", anna, "OK")


async def _next_week(teller: Teller, anna: Person) -> None:
    await teller.until("Mon 16:20")
    await teller.chapter("a week later; the next check-in asks whether it was talked about")
    await teller.hears("Anna", anna, "A short check-in about Monday")
    for number in ("8", "9", "8", "8", "9"):
        await teller.taps("Anna", anna, number)
    await teller.taps("Anna", anna, "Skip ›")
    await teller.hears("Anna", anna, "Did you two talk about it?")
    await teller.taps("Anna", anna, "Yes")
    await teller.hears("Anna", anna, "Thank you.")
