"""Trying a practice's own templates: the real program, invented people, and a few weeks in seconds.

What the people do stands in `bot.demo.scenes`. Nothing of the practice but its settings, templates
and questionnaires is used, and nothing leaves this machine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from structlog.testing import capture_logs

from bot.config import Settings
from bot.core.people import Pair, Person
from bot.core.timetable import to_utc
from bot.demo.scenes import Scenes
from bot.demo.stage import TOKEN, Stage, StageClock
from bot.emulator import Emulator
from bot.emulator.entities import CAPTION_LIMIT, TEXT_LIMIT, read_text
from bot.emulator.refusals import Refusal
from bot.render import Renderer
from bot.render.own import OwnTemplates
from bot.render.trial import TemplateMistake, Trial, trying
from bot.services.hold import Telling
from bot.services.unopened import Unopened
from bot.store.losses import Loss
from bot.store.vault import new_master_key, write_key_file
from bot.views.reader import Desk, Reader

#: A Monday noon without a clock change near it.
_START: Final = ("2026-11-02", "12:00")
#: What stands below a picture or a file.
_CAPTIONS: Final = (
    "therapist/invitation", "admin/invitation", "therapist/relink.", "admin/relink.",
    "client/export.", "export_data",
)  # fmt: skip
#: What is no message of its own, or no Telegram text at all.
_NO_MESSAGES: Final = ("export_page", ".svg.j2")
#: A small server that is busy takes its time to draw a picture, and what comes after it waits.
_PATIENCE_SECONDS: Final = 120.0
#: What templates of notices and short ones are given.
_PAIR: Final = Pair(1, 2, 3, "A7", "active", 1, 1, 1, "1", None, None, None, None, None)
_LOSS: Final = Loss(1, 1_785_700_000_000, 1_785_800_000_000, None)
_SAMPLES: Final = {
    "pair": _PAIR,
    "client": Person(3, 4, "Anna", "en", None, None, None, None, None),
    "code": "A7",
    "roles": frozenset({"client"}),
    "lying": Unopened("Ben", 3, 1),
    "loss": _LOSS,
    "week": 47,
    "telling": Telling(_LOSS, ("A7",), ("C3",)),
}


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What came of it. not_shown: own templates that no scene came to."""

    mistakes: tuple[TemplateMistake, ...]
    not_shown: tuple[str, ...]


async def rehearse(settings: Settings) -> Rehearsed:
    """Try the practice's own templates in its own language."""
    renderer = Renderer(settings.practice.templates)
    own = renderer.own
    if own is None or not own.names():
        return Rehearsed((), ())
    with tempfile.TemporaryDirectory() as folder, capture_logs(), trying(_judge) as trial:
        refused = await _play(_elsewhere(settings, Path(folder)))
        _show_the_short_ones(renderer, own, settings, own.names() - trial.shown)
    shown = own.used_by(trial.shown)
    # One that is too long by itself has been named.
    for description in refused if not trial.mistakes else ():
        trial.add(
            settings.practice.templates, 0,
            f"Telegram refuses a message that they make up together: {description}",
            "shorten the longer ones",
        )  # fmt: skip
    folder_of_own = settings.practice.templates
    wrong = {file.relative_to(folder_of_own).as_posix() for file, _ in trial.mistakes}
    return Rehearsed(_in_order(trial), tuple(sorted(own.names() - shown - wrong)))


def _show_the_short_ones(
    renderer: Renderer, own: OwnTemplates, settings: Settings, names: Iterable[str]
) -> None:
    """Render what needs no more than the samples, and what no scene came to."""
    desk = Desk(renderer, settings)
    reader = Reader(settings.practice.language, settings.practice.timezone)
    packaged = Desk(Renderer(), settings)
    for name in sorted(names):
        bare = name.removesuffix(".html.j2")
        # What shows nothing by itself is there for others to import.
        if own.needs(name) <= _SAMPLES.keys() and packaged.text(bare, reader, **_SAMPLES):
            desk.text(bare, reader, **_SAMPLES)


def _in_order(trial: Trial) -> tuple[TemplateMistake, ...]:
    return tuple(mistake for _, mistake in sorted(trial.mistakes.items()))


def _judge(name: str, text: str) -> str | None:
    """Say what Telegram would refuse about a template's text."""
    if any(part in name for part in _NO_MESSAGES):
        return None
    is_caption = any(part in name for part in _CAPTIONS)
    try:
        read_text(
            text, "HTML", None, limit=CAPTION_LIMIT if is_caption else TEXT_LIMIT,
            caption=is_caption,
        )  # fmt: skip
    except Refusal as refusal:
        return str(refusal)
    return None


def _elsewhere(settings: Settings, folder: Path) -> Settings:
    """Give the practice's settings, with a database, a key and a bot of the rehearsal's own."""
    key = folder / "rapport.key"
    write_key_file(key, new_master_key())
    telegram = {"token": type(settings.telegram.token)(TOKEN), "receive": "polling"}
    return settings.model_copy(
        update={
            "telegram": settings.telegram.model_copy(update=telegram),
            "database": settings.database.model_copy(update={"path": folder / "rapport.sqlite3"}),
            "keys": settings.keys.model_copy(update={"master_key_file": key}),
            "feeds": {},  # the practice's own calendars are asked by the practice alone
        }
    )


async def _play(settings: Settings) -> list[str]:
    """Play all scenes; give what Telegram refused."""
    clock = StageClock(to_utc(*_START, settings.practice.timezone))
    emulator = Emulator(token=TOKEN, clock=clock, seed=1)
    async with emulator.serve(port=0):
        telegram = settings.telegram.model_copy(update={"base_url": emulator.base_url})
        here = settings.model_copy(update={"telegram": telegram})
        stage = Stage(here, emulator, clock, patience_seconds=_PATIENCE_SECONDS)
        await stage.open()
        try:
            await Scenes(stage, settings.practice.language).all()
        finally:
            await stage.close()
        calls = emulator.journal.calls()
    # What fails by its template is known already; here several texts make one message.
    return sorted(
        {
            str(call.result)
            for call in calls
            if call.status == 400 and "is too long" in str(call.result)
        }
    )
