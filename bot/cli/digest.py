"""`rapport digest …`: the therapist's weekly digest on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.ending import fail, practice_of, work

digest = typer.Typer(help="The therapist's weekly digest.", no_args_is_help=True)


@digest.command("preview")
def preview(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", help="Show real data of this practice.", envvar="RAPPORT_CONFIG"
        ),
    ] = None,
    therapist: Annotated[
        int | None, typer.Option(help="Whose digest: a therapist's Telegram id; with --config.")
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(help="en, de or de_du; without it the therapist's own, or English."),
    ] = None,
) -> None:
    """Print a digest as it would look: a sample, or a therapist's next one (audited)."""
    from bot.demo.preview import preview_real, preview_sample

    if language not in (None, "en", "de", "de_du"):
        fail(f"{language} is not spoken here: give en, de or de_du as --language", 2)
    if config is None and therapist is not None:
        fail("--config is missing: give the config.toml of the therapist's practice", 2)
    # Who has named the practice once for all commands may still ask for the sample.
    source = context.get_parameter_source("config")
    is_named_here = source is not None and source.name == "COMMANDLINE"
    if config is None or (therapist is None and not is_named_here):
        typer.echo(preview_sample(language or "en"))
    elif therapist is None:
        fail("--therapist is missing: whose digest? Give the therapist's Telegram id", 2)
    else:
        text = work(preview_real(practice_of(config), therapist, language))
        if text is None:
            fail(f"{therapist} is no therapist of this practice", 1)
        typer.echo(text)
