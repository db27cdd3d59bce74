"""Reading the settings from where an admin left them.

Later sources win: config.toml, then files in the secrets folder (`telegram__token`), then the
environment (`RAPPORT_TELEGRAM__TOKEN`). The secrets folder is the one that `RAPPORT_SECRETS_DIR`
or the service manager's `CREDENTIALS_DIRECTORY` names.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_settings import SettingsError

from bot.config.backups import of_backups
from bot.config.mistakes import ConfigError, Mistake, once_each, translate, unknown
from bot.config.settings import Settings
from bot.config.values import Language

SECRETS_VARIABLE = "RAPPORT_SECRETS_DIR"
LONG_OUTSIDE_THE_RECORD_DAYS = 1096
_LANGUAGE_NAMES: Final[dict[Language, str]] = {"en": "English", "de": "German"}


def load(path: Path) -> Settings:
    """Read the settings from the file at `path`, secret files and the environment.

    Relative paths in the result start at the file's folder.
    Errors: `ConfigError` with every mistake there is.
    """
    path = path.expanduser().absolute()
    written = _read(path)
    folder, mistakes = _secrets_folder()
    mistakes += _strangers(written)
    known = {name: value for name, value in written.items() if name in Settings.model_fields}
    settings = None
    try:
        settings = Settings(_secrets_dir=folder, **known)
    except ValidationError as error:
        mistakes += [translate(detail) for detail in once_each(error.errors(include_url=False))]
    except SettingsError as error:
        remedy = f"let {SECRETS_VARIABLE} name a folder of secrets only"
        mistakes.append(Mistake(str(folder), f"cannot be used ({error})", remedy))
    if settings is None or mistakes:
        # The cause would carry the values, and with them the token.
        raise ConfigError(tuple(dict.fromkeys(mistakes))) from None
    return _beside(settings, path.parent)


def warnings(settings: Settings, path: Path) -> tuple[Mistake, ...]:
    """Name what works but should be mended, for the settings loaded from `path`."""
    return tuple(_worries(settings, path.expanduser().absolute()))


def _worries(settings: Settings, path: Path) -> Iterator[Mistake]:
    if "token" in _read(path).get("telegram", {}) and _open_to_others(path):
        yield Mistake(
            str(path), "holds the token and can be read by others", f"run: chmod 600 {path}"
        )
    written = _read(path).get("feeds", {})
    told = [name for name, feed in written.items() if not {"url", "password"}.isdisjoint(feed)]
    if told and _open_to_others(path):
        yield Mistake(
            str(path),
            f"holds the address of feeds.{told[0]}, which is as good as a password, and can be"
            " read by others",
            f"run: chmod 600 {path}",
        )
    key = settings.keys.master_key_file
    if key.exists() and _open_to_others(key):
        yield Mistake(str(key), "is the master key and can be read by others", f"chmod 600 {key}")
    yield from _of_the_webhook(settings)
    yield from _of_health(settings)
    yield from of_backups(settings)
    privacy = settings.privacy
    if (
        not privacy.feedback_in_clinical_record
        and privacy.retention_days > LONG_OUTSIDE_THE_RECORD_DAYS
    ):
        yield Mistake(
            "privacy.retention_days",
            f"keeps answers for {privacy.retention_days} days though they are no clinical record",
            "choose the shortest time that the practice needs, such as 365",
        )
    # One text for everybody is the practice's choice; a table with a gap is rather an oversight.
    for language, name in _LANGUAGE_NAMES.items():
        if language not in settings.safety.text:
            yield Mistake(
                "safety.text",
                f"has no text in {name}: whoever reads {name} sees the practice's own, in "
                f"{_LANGUAGE_NAMES[settings.practice.language]}",
                f'add {language} = "..."',
            )


def _of_the_webhook(settings: Settings) -> Iterator[Mistake]:
    webhook = settings.webhook
    if settings.telegram.receive != "webhook":
        if webhook.url:
            yield Mistake(
                "webhook.url",
                "is not used, because telegram.receive is polling",
                'set telegram.receive = "webhook", or remove it',
            )
        return
    if webhook.loopback:
        yield Mistake(
            "webhook.loopback", "is on: Telegram itself cannot call this machine", "switch it off"
        )
    if not ip_address(webhook.listens_at[0]).is_loopback:
        yield Mistake(
            "webhook.listen",
            "can be reached from other machines, and speaks no TLS",
            "let nothing but your web server reach that port",
        )


def _of_health(settings: Settings) -> Iterator[Mistake]:
    place = settings.health.listens_at
    if place is None:
        return
    if settings.telegram.receive == "webhook":
        yield Mistake(
            "health.listen",
            "is not used, because /healthz and /metrics are served at webhook.listen",
            "remove it",
        )
    elif not ip_address(place[0]).is_loopback:
        yield Mistake(
            "health.listen",
            "can be reached from other machines, and shows counts to whoever asks",
            "let nothing but your monitoring reach that port",
        )


def _open_to_others(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o077)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        wrong, remedy = "does not exist", "copy config.example.toml there and fill it in"
    except OSError as error:
        wrong, remedy = f"cannot be read ({error.strerror})", "let the bot's user read this file"
    except UnicodeDecodeError:
        wrong, remedy = "is not UTF-8 text", "save it with UTF-8 encoding"
    except tomllib.TOMLDecodeError as error:
        found = re.fullmatch(r"(.*) \(at (.*)\)", str(error))
        what, where = (found[1], found[2]) if found else (str(error), "its end")
        wrong, remedy = f"is not TOML at {where}", f"mend that line: {what}"
    except (ValueError, RecursionError) as error:
        # A number of thousands of digits, or thousands of brackets: Python's own limits.
        kind = "number" if isinstance(error, ValueError) else "list or table"
        wrong, remedy = f"has a {kind} beyond all measure", "remove it; config.example.toml helps"
    raise ConfigError((Mistake(str(path), wrong, remedy),)) from None


def _strangers(written: dict[str, Any]) -> Iterator[Mistake]:
    """Find sections that do not exist, in the file and among the variables."""
    for name in written:
        if name not in Settings.model_fields:
            yield unknown(name)
    for variable in os.environ:
        section, nested, name = variable.upper().removeprefix("RAPPORT_").partition("__")
        if (
            variable.upper().startswith("RAPPORT_")
            and nested
            and section.lower() not in Settings.model_fields
        ):
            meant = unknown(f"{section}.{name.replace('__', '.')}".lower())
            yield Mistake(variable, "sets nothing", meant.remedy)


def _secrets_folder() -> tuple[Path | None, list[Mistake]]:
    for variable in (SECRETS_VARIABLE, "CREDENTIALS_DIRECTORY"):
        if named := os.environ.get(variable):
            folder = Path(named).expanduser()
            if folder.is_dir():
                return folder, []
            return None, [
                Mistake(variable, f"names no folder: {named}", "make it or mend the name")
            ]
    return None, []


def _beside(settings: Settings, folder: Path) -> Settings:
    """Let relative paths start at the file's folder, wherever the program was started."""
    database, keys, checkin = settings.database, settings.keys, settings.checkin
    practice, backup = settings.practice, settings.backup
    if backup.folder is not None:
        there = folder / backup.folder.expanduser()
        backup = backup.model_copy(update={"directory": str(there)})
    return settings.model_copy(
        update={
            "practice": practice.model_copy(
                update={"templates": folder / practice.templates.expanduser()}
            ),
            "backup": backup,
            "database": database.model_copy(update={"path": folder / database.path.expanduser()}),
            "keys": keys.model_copy(
                update={"master_key_file": folder / keys.master_key_file.expanduser()}
            ),
            "checkin": checkin.model_copy(
                update={"instruments": folder / checkin.instruments.expanduser()}
            ),
        }
    )
