"""Playing scenes on a stage, step by step, for whoever shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol, assert_never

from bot.core.timetable import local_on
from bot.demo.stage import ADMIN_ID, Stage
from bot.demo.story import Joins, Minutes, Reads, Scene, Step, Taps, Until, Writes
from bot.emulator import Emulator, Person, Seen

Cast = dict[str, Person]


class StoryFailed(Exception):
    """The story did not go as it should: somebody did not see what they ought to see."""


class Teller(Protocol):
    """Shows what happens; may take its time, and may end the story by an exception."""

    async def scene(self, scene: Scene) -> None:
        """A scene begins."""

    async def before(self, step: Step) -> None:
        """Somebody is about to do this."""

    async def after(self, step: Step, seen: Seen | None) -> None:
        """It happened; seen: the message that was read."""


class Silent:
    """Shows nothing."""

    async def scene(self, scene: Scene) -> None:
        """Say nothing."""

    async def before(self, step: Step) -> None:
        """Say nothing."""

    async def after(self, step: Step, seen: Seen | None) -> None:
        """Say nothing."""


class Together:
    """Several tellers, who all tell the same; the first one sets the pace."""

    def __init__(self, *tellers: Teller) -> None:
        self._tellers = tellers

    async def scene(self, scene: Scene) -> None:
        """Let each tell the scene."""
        for teller in self._tellers:
            await teller.scene(scene)

    async def before(self, step: Step) -> None:
        """Let each tell what somebody does."""
        for teller in self._tellers:
            await teller.before(step)

    async def after(self, step: Step, seen: Seen | None) -> None:
        """Let each tell what came of it."""
        for teller in self._tellers:
            await teller.after(step, seen)


def gather(emulator: Emulator) -> Cast:
    """Give the cast their phones. Nobody but Dana, who set the bot up, has started it."""
    cast = {name: emulator.person(name) for name in ("Anna", "Ben", "Cora")}
    cast["Dana"] = emulator.person("Dana", id=ADMIN_ID)
    cast["Dana"].start()
    return cast


async def tell(scenes: Iterable[Scene], stage: Stage, cast: Cast, teller: Teller) -> None:
    """Play scenes to their end. Errors: `StoryFailed`."""
    for scene in scenes:
        await teller.scene(scene)
        for step in scene.steps:
            await teller.before(step)
            try:
                seen = await _play(step, stage, cast)
            except LookupError as missing:
                raise StoryFailed(str(missing)) from None
            await teller.after(step, seen)


async def _play(step: Step, stage: Stage, cast: Cast) -> Seen | None:
    match step:
        case Reads():
            return _read(step, cast[step.who])
        case Until():
            await stage.advance_to(stage.moment(step.words))
        case Minutes():
            await stage.advance_to(stage.clock.now() + step.number * 60_000)
        case Writes():
            cast[step.who].send(filled(step.text, stage))
        case Joins():
            cast[step.who].start(_invitation(cast[step.inviter]))
        case Taps():
            cast[step.who].tap(step.label)
        case _:
            assert_never(step)
    await stage.settle()
    return None


def filled(text: str, stage: Stage) -> str:
    """Put the date of the next Monday where the story leaves room for it."""
    zone = stage.settings.practice.timezone
    return text.replace("{monday}", local_on(stage.moment("Mon 15:00"), zone))


def _read(step: Reads, phone: Person) -> Seen:
    for seen in reversed(phone.chat):
        if seen.from_bot and step.words in seen.text:
            return seen
    raise StoryFailed(f"{step.who} does not read {step.words!r} but {phone.last.text!r}")


def _invitation(phone: Person) -> str:
    found = re.search(r"\?start=([\w-]+)", phone.last.text)
    if found is None:
        raise StoryFailed(f"no invitation in {phone.last.text!r}")
    return found[1]
