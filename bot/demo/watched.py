"""The story as a visitor watches it: at a reader's pace, with pause and stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from bot.demo.story import Joins, Minutes, Reads, Scene, Step, Taps, Until, Writes
from bot.emulator import Seen

#: How long a finger or the typed words are seen before they take effect.
_GESTURE_SECONDS: Final = 0.35
GESTURES: Final = (Taps, Writes, Joins)
#: For a new title and caption.
_TITLE_SECONDS: Final = 1.0


class StoryStopped(Exception):
    """The visitor stopped the story."""


class Watched:
    """Tells a page where the story is. ring: called whenever that changed."""

    def __init__(self, scenes: Sequence[Scene], speed: float, ring: Callable[[], None]) -> None:
        self._scenes = scenes
        self._speed = speed
        self._ring = ring
        self._goes_on = asyncio.Event()
        self._goes_on.set()
        self._stopped = asyncio.Event()
        self._scene: Scene | None = None
        self._caption = ""
        self._who = ""
        self._gesture: dict[str, Any] = {"number": 0}
        self._done = 0.0
        self._all = sum(step.seconds for scene in scenes for step in scene.steps)
        gestures = sum(isinstance(step, GESTURES) for scene in scenes for step in scene.steps)
        #: How long the whole story takes, without what the program itself needs.
        self.seconds = (
            self._all + gestures * _GESTURE_SECONDS + len(scenes) * _TITLE_SECONDS
        ) / speed

    def to_json(self) -> dict[str, Any]:
        """Give what the page draws."""
        return {
            "paused": not self._goes_on.is_set(),
            "progress": round(self._done / self._all, 3),
            "scene": self._scenes.index(self._scene) + 1 if self._scene else 0,
            "scenes": len(self._scenes),
            "title": self._scene.title if self._scene else "",
            "caption": self._caption,
            "who": self._who,
            "gesture": self._gesture,
        }

    def pause(self, paused: bool) -> None:
        """Hold the story before its next step, or let it go on."""
        if paused:
            self._goes_on.clear()
        else:
            self._goes_on.set()

    def stop(self) -> None:
        """End the story before its next step."""
        self._stopped.set()
        self._goes_on.set()

    async def scene(self, scene: Scene) -> None:
        """Show a scene's title and caption."""
        self._scene, self._caption = scene, scene.caption
        self._ring()
        await self._wait(_TITLE_SECONDS)

    async def before(self, step: Step) -> None:
        """Show the finger before it taps and the words before they are sent."""
        match step:
            case Taps(who=who, label=label):
                self._mime(who, {"label": label})
            case Writes(who=who, text=text):
                self._mime(who, {"text": text.split(" {")[0]})
            case Joins(who=who):
                self._mime(who, {})
            case Reads(who=who):
                self._who = who
                self._ring()
                return
            case Until() | Minutes():
                return
        await self._wait(_GESTURE_SECONDS)

    async def after(self, step: Step, seen: Seen | None) -> None:
        """Leave time to see what happened."""
        if isinstance(step, Reads) and step.note:
            self._caption = step.note
        self._done += step.seconds
        self._ring()
        await self._wait(step.seconds)

    def _mime(self, who: str, what: dict[str, Any]) -> None:
        self._who = who
        self._gesture = {"number": self._gesture["number"] + 1, "who": who, **what}
        self._ring()

    async def _wait(self, seconds: float) -> None:
        """Wait as long as a reader needs. Errors: `StoryStopped`."""
        try:
            async with asyncio.timeout(seconds / self._speed):
                await self._stopped.wait()
        except TimeoutError:
            await self._goes_on.wait()
        if self._stopped.is_set():
            raise StoryStopped
