"""`rapport health`: how the running bot is, seen from outside and without disturbing it."""

from __future__ import annotations

import json
import time

import typer

from bot.cli.ending import CONFIG, AsJson, Config, fail, settings_of


def health(config: Config = CONFIG, as_json: AsJson = False) -> None:
    """Say how the running bot is; ends with 1 when it is not healthy, or does not run."""
    from bot.core.health import age
    from bot.store.pulse import NoPulse, read_pulse

    database, now = settings_of(config).database.path, time.time_ns() // 1_000_000
    try:
        pulse = read_pulse(database, now)
    except (NoPulse, OSError) as problem:
        why = str(problem) if isinstance(problem, NoPulse) else f"{database}: {problem.strerror}"
        if as_json:
            typer.echo(json.dumps({"healthy": False, "running": False, "why": why}))
            raise typer.Exit(1) from None
        fail(f"{why}. `rapport run` starts it", 1)
    healthy, checks = pulse["healthy"], pulse["checks"]
    if as_json:
        seen = {"at": pulse["at"], "process": pulse["process"], "checks": checks}
        typer.echo(json.dumps({"healthy": healthy, "running": True, **seen}))
    else:
        seen_ago = age(max(0, now - pulse["at"]) / 1000)
        verdict = "healthy" if healthy else "NOT HEALTHY"
        typer.echo(f"{verdict} · process {pulse['process']}, looked at {seen_ago} ago")
        for check in checks:
            typer.echo(f"    {check['name']:10} {check['state']:6} {check['says']}")
    raise typer.Exit(0 if healthy else 1)
