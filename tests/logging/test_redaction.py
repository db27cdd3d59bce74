"""Log lines: the token is in none of them, and neither is what somebody said."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from bot.config import load
from bot.demo.stage import TOKEN, write_config
from bot.logging import set_up

WORDS = "I felt pushed and never said so"
LEVELS = ("debug", "info", "warning", "error")
URL = f"https://api.telegram.org/bot{TOKEN}/getMe"


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    libraries = {n: logging.getLogger(n).level for n in ("telegram", "httpx", "httpcore", "aiohttp",
                                                         "apscheduler", "aiosqlite")}  # fmt: skip
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in libraries.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str, form: str) -> io.StringIO:
    """Set logging up as `run` does, and give what goes to standard error."""
    errors = io.StringIO()
    monkeypatch.setattr("sys.stderr", errors)
    extra = f'[log]\nlevel = "{level}"\nformat = "{form}"\n'
    set_up(load(write_config(tmp_path, "http://127.0.0.1:9/bot", extra=extra)))
    return errors


def fail(words: str, url: str) -> None:
    raise ValueError(f"no answer from {url}")


def say_everything() -> None:
    """Log the token and the words in every way that has ever leaked any."""
    for level in LEVELS:
        for log in (structlog.get_logger("ours"), logging.getLogger("telegram.ext")):
            getattr(log, level)("calling %s", URL)
        log = structlog.get_logger("ours")
        getattr(log, level)(f"calling {URL}", url=URL, nested={"tokens": [TOKEN, {"t": TOKEN}]})
        for name in ("asyncio", "aiohttp.client", "ours"):
            getattr(logging.getLogger(name), level)("%(url)s", {"url": URL})
        try:
            fail(WORDS, URL)
        except ValueError:
            getattr(log, level)("failed", exc_info=True, url=URL)
            getattr(logging.getLogger("asyncio"), level)("lost %s", TOKEN, exc_info=True)


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize("level", LEVELS)
def test_the_token_is_in_no_line_at_any_level(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str, form: str
) -> None:
    errors = start(tmp_path, monkeypatch, level, form)
    say_everything()
    said = errors.getvalue()
    secret = TOKEN.partition(":")[2]
    assert "[token]" in said
    together = re.sub(r"[^A-Za-z0-9]", "", said)
    for start_at in range(len(secret) - 11):
        assert secret[start_at : start_at + 12] not in together, "not even a piece of it"


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_says_where_but_not_what_somebody_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    errors = start(tmp_path, monkeypatch, "error", form)
    say_everything()
    said = errors.getvalue()
    assert said.count("Traceback (most recent call last)") == 2
    assert "in fail" in said
    assert "ValueError: no answer from https://api.telegram.org/bot[token]/getMe" in said
    assert WORDS not in said
    assert "felt pushed" not in said


@pytest.mark.parametrize("level", LEVELS)
def test_only_what_is_severe_enough_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    errors = start(tmp_path, monkeypatch, level, "json")
    for each in LEVELS:
        getattr(structlog.get_logger("ours"), each)("event", each=each)
        getattr(logging.getLogger("asyncio"), each)("library")
    lines = [json.loads(line) for line in errors.getvalue().splitlines()]
    wanted = list(LEVELS[LEVELS.index(level) :])
    assert [line["level"] for line in lines if line["event"] == "event"] == wanted
    assert [line["level"] for line in lines if line["event"] == "library"] == wanted
    assert all(line["timestamp"].endswith("Z") for line in lines)


def test_libraries_are_silent_below_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = start(tmp_path, monkeypatch, "debug", "json")
    for library in ("telegram", "httpx", "httpcore", "aiohttp", "apscheduler", "aiosqlite"):
        for each in LEVELS:
            getattr(logging.getLogger(f"{library}.part"), each)(f"{library} {WORDS}")
    lines = [json.loads(line) for line in errors.getvalue().splitlines()]
    assert {line["level"] for line in lines} == {"warning", "error"}
    assert len(lines) == 12


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize(
    "address",
    ["https://hc.example.org/ping/{}/", "https://hc.example.org/ping?key={}", "https://{}.example"],
)
def test_the_heartbeats_address_is_in_no_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, address: str
) -> None:
    secret = "0f1e2d3c-only-the-service-knows"
    monkeypatch.setenv("RAPPORT_HEALTH__HEARTBEAT_URL", address.format(secret))
    errors = start(tmp_path, monkeypatch, "debug", form)
    url = load(tmp_path / "config.toml").health.heartbeat_url.get_secret_value()
    log = structlog.get_logger("ours")
    log.warning("cannot call %s", url, url=url, asked=[url.split("example", 1)[-1]])
    log.info("it goes on")
    try:
        fail("", url)
    except ValueError:
        log.exception("failed")
    text = errors.getvalue()
    assert "it goes on" in text
    assert secret not in text
    assert "[heartbeat]" in text
