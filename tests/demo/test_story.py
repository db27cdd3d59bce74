"""The demo's story: it goes as told, on the terminal as on the page, and in under two minutes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot.demo.stage import TOKEN, StageClock, set_stage
from bot.demo.story import STORY, THE_END, Reads, Scene, Taps
from bot.demo.telling import Silent, StoryFailed, gather, tell
from bot.demo.terminal import START
from bot.demo.watched import Watched
from bot.emulator import Emulator

# A story that cannot go as told, then the command as a user gives it.
WRONG = """
import sys
import bot.demo.terminal as terminal
from bot.cli import main
from bot.demo.story import Reads, Scene
terminal.STORY = (Scene("", "", (Reads("Dana", "no such words"),)),)
sys.argv = ["rapport", "demo", "--headless"]
main()
"""


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, check=False, timeout=60
    )


def test_it_is_told_on_the_terminal_without_a_person() -> None:
    told = run("-m", "bot", "demo", "--headless")

    assert told.returncode == 0, told.stderr
    assert THE_END in told.stdout
    assert [scene.title for scene in STORY if scene.title not in told.stdout] == []
    assert told.stderr == ""


def test_the_command_ends_with_an_error_when_the_story_goes_another_way() -> None:
    told = run("-c", WRONG)

    assert told.returncode == 1
    assert "did not go as told" in told.stderr


def test_it_holds_a_rupture_and_its_repair() -> None:
    read = [step.words for scene in STORY for step in scene.steps if isinstance(step, Reads)]

    order = [
        "Nothing stands out",
        "get in the way",
        "Talk about this first",
        "would like to make room for it",
        "Did you two talk about it?",
        "Calm (1)",
    ]
    assert [words for words in read if words in order] == order


def test_the_page_needs_less_than_two_minutes() -> None:
    assert 60 < Watched(STORY, 1.0, lambda: None).seconds < 105


@pytest.mark.parametrize("step", [Reads("Ben", "no such words"), Taps("Anna", "no such button")])
async def test_a_story_that_goes_another_way_fails(tmp_path: Path, step: Reads | Taps) -> None:
    clock = StageClock(START)
    emulator = Emulator(token=TOKEN, clock=clock)
    async with emulator.serve():
        stage = await set_stage(tmp_path, emulator, clock)
        cast = gather(emulator)
        for name in ("Anna", "Ben"):
            cast[name].start()
        await stage.settle()
        try:
            with pytest.raises(StoryFailed, match="no such"):
                await tell([Scene("", "", (step,))], stage, cast, Silent())
        finally:
            await stage.close()
