"""Log lines: owns their form, and keeps the token and the heartbeat's address out of each of them.

Ids only: no module logs a text, a name or an update. What libraries say below WARNING is not
ours to trust, so it is not said.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import structlog

from bot.config import Settings

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
LIBRARIES: Final = (
    "telegram",
    "httpx",
    "httpcore",
    "aiohttp",
    "apscheduler",
    "aiosqlite",
    "uvicorn",
)
#: What is shorter may stand in a line by chance, and is no secret.
_SHORTEST: Final = 8


def _parts_of(address: str) -> list[tuple[str, str]]:
    """List what of a secret address must not be seen: all of it, and what follows its host."""
    parts = urlsplit(address)
    behind = f"{parts.path}?{parts.query}" if parts.query else parts.path
    behind = behind.strip("/")
    found = [address, behind, parts.path.strip("/"), parts.query]
    return [(one, "[heartbeat]") for one in found if len(one) >= _SHORTEST]


def set_up(settings: Settings) -> None:
    """Let every log line, ours and the libraries', go to standard error in one form."""
    token = settings.telegram.token.get_secret_value()
    secrets = [(token, "[token]"), *_parts_of(settings.health.heartbeat_url.get_secret_value())]
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_finishing(settings),
                _redacting(secrets),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[settings.log.level])
    quieten_libraries()


def _finishing(settings: Settings) -> list[Any]:
    """Give what makes a line of an event.

    Plain tracebacks: pretty ones show local variables, which hold what people said, and break
    lines where the token would no longer be found.
    """
    if settings.log.format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    ]


def _redacting(secrets: Sequence[tuple[str, str]]) -> structlog.typing.Processor:
    """Give what takes secrets, each with the name to show instead, out of a finished line."""

    def redact(_: Any, __: str, event: Any) -> Any:
        if isinstance(event, str):
            for secret, name in secrets:
                event = event.replace(secret, name)
        return event

    return redact


def quieten_libraries() -> None:
    """Let libraries say warnings and worse only."""
    for library in LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)
