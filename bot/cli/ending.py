"""How a command ends: settings that cannot be used and errors that an admin can mend, in words."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer

from bot.config import ConfigError, Settings, load

Config = Annotated[
    Path,
    typer.Option("--config", "-c", help="The practice's config.toml.", envvar="RAPPORT_CONFIG"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
CONFIG: Final = Path("config.toml")


def fail(message: str, code: int) -> NoReturn:
    """End with a sentence on standard error and an exit code."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


def settings_of(path: Path) -> Settings:
    """Load the settings, and let the log go where no script reads it; or end with all mistakes."""
    from bot.logging import set_up

    try:
        settings = load(path)
    except ConfigError as error:
        lines = [f"{path}: {len(error.mistakes)} to mend"]
        lines += [f"  {mistake}" for mistake in error.mistakes]
        fail("\n".join(lines), 2)
    set_up(settings)
    return settings


def practice_of(path: Path) -> Settings:
    """Load the settings of a practice whose database is there; or end with what is wrong.

    Only `init` and `restore` make a database.
    """
    from bot.store.presence import demand_practice

    settings = settings_of(path)
    with worded():
        demand_practice(settings.database.path)
    return settings


def work(task: Coroutine[Any, Any, Any]) -> Any:
    """Run what needs the event loop, and word the errors that an admin can mend."""
    with worded():
        return asyncio.run(task)


@contextmanager
def worded() -> Iterator[None]:
    """End with a sentence and an exit code on errors that an admin can mend."""
    from bot.core.errors import CannotListen, TokenRefused
    from bot.core.instrument import BadInstrument
    from bot.opening import NoTelegram
    from bot.store.database import Damaged, InUse, Unavailable
    from bot.store.migrate import NotMigrated, TooNew
    from bot.store.presence import Foreign, NoPractice
    from bot.store.vault import KeyProblem

    try:
        yield
    except KeyProblem as problem:
        fail(str(problem), 3)
    except InUse as problem:
        fail(f"{problem}: stop it first, or leave it as the one that runs", 4)
    except TokenRefused as problem:
        fail(f"{problem}: check telegram.token with @BotFather", 5)
    except BadInstrument as problem:
        fail(str(problem), 2)
    except CannotListen as problem:
        fail(f"{problem}: choose another webhook.listen or health.listen, or end what has it", 1)
    except (
        Unavailable, Damaged, NoPractice, Foreign, TooNew, NotMigrated, NoTelegram
    ) as problem:  # fmt: skip
        fail(str(problem), 1)
