"""Receiving by webhook: which addresses will do, and what an admin is told about the others."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.config import Mistake, load, warnings

ROOT = Path(__file__).parents[2]
Config = Callable[..., Path]
Mistakes = Callable[[Path], dict[str, Mistake]]

TOKEN_LINE = "123456789:AAHfakefakefakefakefakefakefakefake"
BY_WEBHOOK = ("[practice]", 'receive = "webhook"\n[practice]')
ADDRESS = "https://bot.example.org/telegram"


def section(*lines: str) -> str:
    return "\n".join(["[webhook]", *lines, ""])


def test_its_address_and_where_to_listen(config: Config) -> None:
    path = config(BY_WEBHOOK, more=section(f'url = "{ADDRESS}"', 'listen = "[::1]:8443"'))

    settings = load(path)

    assert settings.telegram.receive == "webhook"
    assert settings.webhook.url == ADDRESS
    assert settings.webhook.path == "/telegram"
    assert settings.webhook.listens_at == ("::1", 8443)
    assert warnings(settings, path) == warnings(load(config()), path)


def test_the_settings_in_the_docs_will_do(config: Config) -> None:
    docs = (ROOT / "docs" / "webhook.md").read_text(encoding="utf-8")
    found = re.search(r"```toml\n(.*?)```", docs, re.DOTALL)
    assert found is not None
    shown = tomllib.loads(found[1])["webhook"]
    path = config(BY_WEBHOOK, more=section(*(f'{key} = "{shown[key]}"' for key in shown)))

    settings = load(path)

    assert settings.webhook.path == "/telegram"
    assert docs.count(f"proxy_pass http://{settings.webhook.listen};") == 1
    assert docs.count(f"reverse_proxy {settings.webhook.listen}\n") == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://bot.example.org:8443/a/b-c_d.e~f",
        "https://93.184.216.34:88/telegram",
        "https://[2606:2800:220:1::1]/telegram",
    ],
)
def test_addresses_that_telegram_can_call(config: Config, url: str) -> None:
    assert load(config(BY_WEBHOOK, more=section(f'url = "{url}"'))).webhook.url == url


@pytest.mark.parametrize(
    ("url", "wrong", "remedy"),
    [
        ("bot.example.org/telegram", "no web address", "https://"),
        ("ftp://bot.example.org/telegram", "no web address", "https://"),
        ("https:///telegram", "no web address", "https://"),
        ("https://bot.example.org:https/telegram", "no web address", "https://"),
        ("https://[::1/telegram", "no web address", "https://"),
        ("https://anna:ben@bot.example.org/telegram", "no web address", "https://"),
        ("https://bot.example.org", "needs a path", "/telegram"),
        ("https://bot.example.org/", "needs a path", "/telegram"),
        ("https://bot.example.org/{x}", "needs a path", "/telegram"),
        ("https://bot.example.org/a%2fb", "needs a path", "/telegram"),
        ("https://bot.example.org/telegram?a=1", "needs a path", "without ?"),
        ("http://bot.example.org/telegram", "not https", "certificate"),
        ("http://127.0.0.1:8080/telegram", "not https", "certificate"),
        ("https://127.0.0.1/telegram", "from outside", "internet"),
        ("https://10.0.0.7/telegram", "from outside", "internet"),
        ("https://[fd00::7]/telegram", "from outside", "internet"),
        ("https://localhost/telegram", "from outside", "internet"),
        ("https://server/telegram", "from outside", "internet"),
        ("https://bot.example.org:8080/telegram", "port 8080", "8443"),
    ],
)
def test_an_address_that_telegram_cannot_call_is_refused(
    config: Config, mistakes: Mistakes, url: str, wrong: str, remedy: str
) -> None:
    found = mistakes(config(BY_WEBHOOK, more=section(f'url = "{url}"')))

    assert set(found) == {"webhook.url"}
    assert wrong in found["webhook.url"].wrong
    assert remedy in found["webhook.url"].remedy


@pytest.mark.parametrize("host", ["127.0.0.1:9000", "localhost:9000", "[::1]:9000"])
def test_this_machine_will_do_by_an_explicit_switch_alone(config: Config, host: str) -> None:
    url = f"http://{host}/telegram"
    path = config(BY_WEBHOOK, more=section(f'url = "{url}"', "loopback = true"))

    settings = load(path)

    assert settings.webhook.url == url
    assert "webhook.loopback" in {worry.key for worry in warnings(settings, path)}


def test_the_switch_opens_nothing_else(config: Config, mistakes: Mistakes) -> None:
    more = section('url = "http://bot.example.org/telegram"', "loopback = true")

    assert set(mistakes(config(BY_WEBHOOK, more=more))) == {"webhook.url"}


@pytest.mark.parametrize("given", ["", 'url = ""'])
def test_a_missing_address_is_told_beside_all_other_mistakes(
    config: Config, mistakes: Mistakes, given: str
) -> None:
    path = config(BY_WEBHOOK, (TOKEN_LINE, "123"), more=section(given, 'listen = "8080"'))

    found = mistakes(path)

    assert set(found) == {"telegram.token", "webhook.url", "webhook.listen"}
    assert found["webhook.url"].wrong == "is missing, and telegram.receive is webhook"
    assert ADDRESS in found["webhook.url"].remedy


@pytest.mark.parametrize(
    "listen", ["8080", ":8080", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "bot.example.org:80"]
)
def test_a_place_where_nobody_can_listen_is_refused(
    config: Config, mistakes: Mistakes, listen: str
) -> None:
    found = mistakes(config(more=section(f'listen = "{listen}"')))

    assert set(found) == {"webhook.listen"}
    assert "127.0.0.1:8080" in found["webhook.listen"].remedy


def test_an_open_port_and_an_unused_address_are_worth_a_warning(config: Config) -> None:
    more = section(f'url = "{ADDRESS}"', 'listen = "0.0.0.0:8080"')
    by_webhook, by_polling = config(BY_WEBHOOK, more=more), config(more=more)

    def worries(*replaced: tuple[str, str]) -> set[str]:
        path = config(*replaced, more=more)
        return {worry.key for worry in warnings(load(path), path) if "webhook" in worry.key}

    assert by_webhook == by_polling
    assert worries(BY_WEBHOOK) == {"webhook.listen"}
    assert worries() == {"webhook.url"}
