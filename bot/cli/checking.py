"""`rapport check`: whatever a start would stumble over, and what deserves a look.

Changes nothing. A mistake sets the exit code; a warning does not.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.ending import CONFIG, AsJson, Config, settings_of, work
from bot.config import ConfigError, Settings, load, warnings

if TYPE_CHECKING:
    from bot.render.trial import TemplateMistake


@dataclass
class _Found:
    """What a look has brought. standing: what counts in the place of config.toml's values."""

    mistakes: list[dict[str, str]] = field(default_factory=list)
    worries: list[str] = field(default_factory=list)
    standing: list[dict[str, str]] = field(default_factory=list)
    code: int = 0

    def wrong(self, key: str, what: str, remedy: str, code: int) -> None:
        """Note a mistake; the first one says what the command ends with."""
        self.mistakes.append({"key": key, "wrong": what, "remedy": remedy})
        self.code = self.code or code


def check(
    config: Config = CONFIG,
    ask_telegram: Annotated[
        bool, typer.Option("--telegram", help="Ask Telegram, too, what it shows of the bot.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check the configuration, the master key, the database, the questionnaires, own texts, and
    what was set at run time in the place of config.toml's values."""
    if as_json:
        try:
            settings = load(config)
        except ConfigError as error:
            found = _Found()
            for mistake in error.mistakes:
                found.wrong(mistake.key, mistake.wrong, mistake.remedy, 2)
            typer.echo(json.dumps({"ok": False, "mistakes": found.mistakes}))
            raise typer.Exit(found.code) from None
    else:
        settings = settings_of(config)
    found = _look(settings, config, ask_telegram=ask_telegram)
    _say(found, config, as_json=as_json)
    raise typer.Exit(found.code)


def _look(settings: Settings, config: Path, *, ask_telegram: bool) -> _Found:
    """Look at everything; at what needs a sound practice only where it is one."""
    from bot.render import Renderer

    found = _Found(worries=[str(worry) for worry in warnings(settings, config)])
    for key, problem, code in _in_the_way(settings):
        found.wrong(key, str(problem), "", code)
    own = Renderer(settings.practice.templates).own
    wrongs = own.mistakes() if own is not None else []
    if own is not None and own.names() and not wrongs and not found.mistakes:
        wrongs, untried = _tried(settings)
        found.worries += untried
    for wrong in wrongs:
        found.wrong("practice.templates", str(wrong), wrong.remedy, 2)
    if not found.mistakes:
        _set_at_run_time(settings, found)
    if ask_telegram and not found.mistakes:
        found.worries += _shown_otherwise(settings)
    return found


def _say(found: _Found, config: Path, *, as_json: bool) -> None:
    """Print what was found: mistakes to those who read errors, all else as it is."""
    if as_json:
        said = {"ok": not found.mistakes, "mistakes": found.mistakes, "warnings": found.worries}
        typer.echo(json.dumps({**said, "set": found.standing}))
        return
    for one in found.standing:
        typer.echo(
            f"set at run time for {one['whose'] or 'the practice'}: {one['key']} ="
            f" {one['value']} (config.toml: {one['config.toml']})"
        )
    for worry in found.worries:
        typer.echo(f"warning: {worry}")
    for mistake in found.mistakes:
        typer.echo(f"wrong: {mistake['wrong']}", err=True)
    if not found.mistakes:
        typer.echo(f"{config}: all is well")


def _tried(settings: Settings) -> tuple[list[TemplateMistake], list[str]]:
    """Show the practice's own templates to invented people; give mistakes, and what to look at."""
    from bot.demo.rehearsal import rehearse

    tried = asyncio.run(rehearse(settings))
    return list(tried.mistakes), [
        f"practice.templates {name} was not come to while trying: look at it when it is shown"
        for name in tried.not_shown
    ]


def _shown_otherwise(settings: Settings) -> list[str]:
    """Name what Telegram shows of the bot otherwise than `rapport telegram setup` would."""
    from bot.introducing import set_up

    found = work(set_up(settings, dry=True))
    worries = [
        f"Telegram shows something else as {one.what}: `rapport telegram setup` sets it"
        for one in found.differences
    ]
    return worries + list(found.left)


def _set_at_run_time(settings: Settings, looked: _Found) -> None:
    """Note what counts in the place of config.toml's values, and what does not fit beside that; a
    mistake where the master key does not open the database."""
    from bot.commands.scheduling import standing
    from bot.store.database import Damaged, Unavailable
    from bot.store.vault import Altered, KeyProblem

    try:
        found = asyncio.run(standing(settings))
    except KeyProblem as problem:
        looked.wrong("keys.master_key_file", str(problem), "", 3)
        return
    except (Altered, Damaged, Unavailable) as problem:
        looked.worries.append(f"what was set at run time cannot be looked at: {problem}")
        return
    if found is None:
        looked.worries.append(
            f"what was set at run time was not looked at: {settings.database.path} is of another"
            " version until the bot has been started with this one; nothing in it was changed"
        )
        return
    looked.standing = [
        {"key": one.name, "value": one.value, "config.toml": one.in_file, "whose": one.whose or ""}
        for one in found
    ]
    worries = [
        f"{one.name} = {one.value} was set at run time for {one.whose or 'the practice'}; beside"
        f" what config.toml says now {wrong}; or set it anew with `rapport schedule set`"
        for one in found
        for wrong in one.wrong
    ]
    looked.worries += dict.fromkeys(worries)


def _in_the_way(settings: Settings) -> Iterator[tuple[str, Exception, int]]:
    """Give what a start would end with, and changes nothing: the setting, what is wrong, the
    exit code."""
    from bot.core.instrument import BadInstrument
    from bot.opening import check_instruments
    from bot.store.database import Damaged, Unavailable
    from bot.store.migrate import TooNew
    from bot.store.presence import Foreign, NoPractice, demand_practice
    from bot.store.vault import KeyProblem, load_vault

    try:
        load_vault(settings.keys.master_key_file)
    except KeyProblem as problem:
        yield "keys.master_key_file", problem, 3
    try:
        check_instruments(settings)
    except BadInstrument as problem:
        yield "checkin.instrument", problem, 2
    try:
        demand_practice(settings.database.path)
    except (NoPractice, Foreign, TooNew, Damaged, Unavailable) as problem:
        yield "database.path", problem, 1
