"""The heartbeat over real HTTP: when it is called, what is told, and that it holds nothing up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from bot.config import load
from bot.demo.stage import write_config
from bot.heartbeat import Heartbeat
from tests.cli.test_commands import rapport
from tests.feeds.web import Site, serving
from tests.founding import founded
from tests.transport.clocks import HandClock

SECRET = "0f1e2d3c-only-the-service-knows"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serving() as it:
        it.pages = {f"/{SECRET}": web.Response(), f"/{SECRET}/fail": web.Response()}
        yield it


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


async def noted(heart: Heartbeat, *, is_healthy: bool) -> None:
    """Note how the program is, and wait for the call if there is one."""
    heart.note(is_healthy=is_healthy)
    if heart._calling is not None:
        await heart._calling


def asked(site: Site) -> list[str]:
    return [request.path.replace(SECRET, "…") for request in site.asked]


async def test_it_calls_every_four_minutes_and_at_once_when_all_changes(
    site: Site, clock: HandClock
) -> None:
    heart = Heartbeat(site.at(f"/{SECRET}"), clock, private=True)
    for minutes, is_healthy in ((0, True), (2, True), (1.9, True), (0.1, True), (0.5, False),
                                (0.5, False), (3, False), (1, False), (0.5, True)):  # fmt: skip
        await clock.move(minutes * 60)
        await noted(heart, is_healthy=is_healthy)
    assert asked(site) == ["/…", "/…", "/…/fail", "/…/fail", "/…"]


async def test_one_bad_look_alone_raises_no_alarm(site: Site, clock: HandClock) -> None:
    heart = Heartbeat(site.at(f"/{SECRET}"), clock, private=True)
    for is_healthy in (False, True, False, True, False, False):
        await noted(heart, is_healthy=is_healthy)
        await clock.move(30)
    assert asked(site) == ["/…", "/…/fail"]


async def test_a_bad_look_when_a_call_is_due_waits_for_the_next(
    site: Site, clock: HandClock
) -> None:
    heart = Heartbeat(site.at(f"/{SECRET}"), clock, private=True)
    await noted(heart, is_healthy=True)
    await clock.move(300)
    await noted(heart, is_healthy=False)
    assert asked(site) == ["/…"]
    await clock.move(30)
    await noted(heart, is_healthy=True)
    assert asked(site) == ["/…", "/…"]


async def test_what_the_address_asks_for_stays_behind_the_fail(
    site: Site, clock: HandClock
) -> None:
    heart = Heartbeat(site.at(f"/{SECRET}/?x=1"), clock, private=True)
    for _ in range(2):
        await noted(heart, is_healthy=False)
    assert site.asked[0].path_qs == f"/{SECRET}/fail?x=1"


async def test_a_service_that_is_away_is_told_once_and_its_address_never(
    site: Site, clock: HandClock
) -> None:
    heart = Heartbeat(site.at(f"/{SECRET}"), clock, private=True)
    page = site.pages.pop(f"/{SECRET}")
    with capture_logs() as logs:
        for _ in range(3):
            await noted(heart, is_healthy=True)
            await clock.move(300)
        site.pages[f"/{SECRET}"] = page
        for _ in range(2):
            await noted(heart, is_healthy=True)
            await clock.move(300)
    assert [log["event"] for log in logs] == [
        "the heartbeat's service cannot be reached",
        "the heartbeat's service is reached again",
    ]
    assert SECRET not in str(logs) + repr(heart)


async def test_a_private_address_is_not_called_unless_allowed(site: Site, clock: HandClock) -> None:
    with capture_logs() as logs:
        await noted(Heartbeat(f"https://127.0.0.1:{site.port}/x", clock), is_healthy=True)
    assert [log["why"] for log in logs] == ["private"]
    assert site.asked == []


async def test_a_slow_service_holds_nothing_up_and_is_called_once(
    site: Site, clock: HandClock
) -> None:
    let_go = asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        await let_go.wait()
        return web.Response()

    site.pages[f"/{SECRET}"] = slow
    heart = Heartbeat(site.at(f"/{SECRET}"), clock, private=True)
    for _ in range(5):
        heart.note(is_healthy=True)
        await clock.move(300)
        await asyncio.sleep(0.02)
    assert len(site.asked) == 1
    async with asyncio.timeout(10):
        await heart.stop()
    let_go.set()


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (f'heartbeat_url = "http://hc.example.org/{SECRET}"', "is not https"),
        (f'heartbeat_url = "hc.example.org/{SECRET}"', "is no web address"),
        (f'heartbeat_url = "https://x:{SECRET}@hc.example.org/"', "is no web address"),
        (f'heartbeat_url = "https://[{SECRET}/"', "is no web address"),
        (f'heartbeat_url = "https://hc.example.org/{SECRET}"', None),
        (f'heartbeat_url = "http://10.0.0.7/{SECRET}"\nprivate_addresses = true', None),
    ],
)
def test_which_addresses_will_do(tmp_path: Path, lines: str, says: str | None) -> None:
    config = write_config(tmp_path, "http://127.0.0.1:9/bot", extra=f"[health]\n{lines}\n")
    if says is None:
        founded(config)
    result = rapport("check", "-c", config, "--json")
    assert SECRET not in result.output
    mistakes = json.loads(result.stdout)["mistakes"]
    assert [(m["key"], says in m["wrong"]) for m in mistakes if says] == (
        [("health.heartbeat_url", True)] if says else []
    )
    if says is None:
        assert mistakes == []
        settings = load(config)
        for shown in (repr, str, lambda one: one.model_dump(), lambda one: one.model_dump_json()):
            assert SECRET not in f"{shown(settings)} {shown(settings.health)}"
        assert SECRET not in f"{settings.health.heartbeat_url}"
