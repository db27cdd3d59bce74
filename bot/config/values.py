"""What a single setting's value may be, and the words for one that it may not be.

Owns: the value types that sections are made of. Refuses: anything that needs a second setting to
judge; sections do that.
"""

from __future__ import annotations

import re
import shlex
from datetime import time
from difflib import get_close_matches
from ipaddress import ip_address
from reprlib import repr as shortened
from typing import Annotated, Any, Final, Literal, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints
from pydantic_core import PydanticCustomError

from bot.core.away import LONGEST_DAYS
from bot.core.days import read_iso
from bot.core.timetable import day_after
from bot.core.watch import plain_phrase, strange_letters

#: A safety text shares its message with a heading and buttons.
WORDING_AT_MOST = 1500

#: Stands for the address that is asked for and was not given; no file can hold it.
NO_ADDRESS: Final = object()
_WEBHOOK_PORTS: Final = (443, 80, 88, 8443)
_PATH: Final = re.compile(r"(/[A-Za-z0-9._~-]+)+")

Language = Literal["en", "de"]
#: A watched phrase has at least so many letters or digits: a shorter one is met at every turn.
PHRASE_AT_LEAST: Final = 5
PHRASE_AT_MOST: Final = 80
PHRASES_AT_MOST: Final = 100


def refused(wrong: str, remedy: str, key: str = "") -> PydanticCustomError:
    """Make the error that carries its own remedy; `key` when it is not where the value stands."""
    return PydanticCustomError("setting", "{wrong}", {"wrong": wrong, "remedy": remedy, "key": key})


def _not_a_switch(value: object) -> object:
    """Keep `true` from being read as the number one."""
    if isinstance(value, bool):
        raise refused("is a switch where a number belongs", "write a whole number")
    return value


def _time_of_day(value: object) -> time:
    if isinstance(value, time) and value.tzinfo is None and not (value.second or value.microsecond):
        return value
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", value.strip()) if isinstance(value, str) else None
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        raise refused(f"is not a time of day: {shortened(value)}", 'write it as "17:30", 24 hours')
    return time(int(found[1]), int(found[2]))


def _time_or_off(value: object) -> object:
    """Read a time of day as HH:MM, or `off`."""
    if isinstance(value, str) and value.strip().lower() == "off":
        return "off"
    return f"{_time_of_day(value):%H:%M}"


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        town = name.strip().replace(" ", "_").rsplit("/", 1)[-1].lower()
        zones = sorted(available_timezones())
        towns = {zone.rsplit("/", 1)[-1].lower(): zone for zone in zones if "/" in zone}
        near = [towns[match] for match in get_close_matches(town, towns, 3, 0.75)]
        near = near or get_close_matches(name, zones, 3, 0.6)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise refused(
            f"is not a time zone: {shortened(name)}",
            f"give an IANA name such as Europe/Berlin or America/New_York{hint}",
        ) from None
    return name


def _token(token: SecretStr) -> SecretStr:
    if not re.fullmatch(r"\d{5,}:[A-Za-z0-9_-]{30,}", token.get_secret_value()):
        raise refused(
            "does not look like a bot token",
            "copy the whole token from @BotFather: digits, a colon, about 35 characters",
        )
    return token


def _api_address(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        near = ip_address(host).is_loopback
    except ValueError:
        near = host != "" and "." not in host  # localhost, or a neighbour in the same network
    if parts.scheme != "https" and not (parts.scheme == "http" and near):
        raise refused(
            f"would send the token in the open: {shortened(url)}",
            "use https; http is for a Bot API server of your own, next to the bot",
        )
    if not host or not parts.path.endswith("/bot"):
        raise refused(f"does not end with /bot: {shortened(url)}", "end the address with /bot")
    return url


def _webhook_address(value: object) -> object:
    if value is NO_ADDRESS:
        raise refused(
            "is missing, and telegram.receive is webhook",
            "give the public address, such as https://bot.example.org/telegram",
        )
    if not isinstance(value, str) or not value:
        return value
    try:
        parts = urlsplit(value.strip())
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # half a bracket, or a port that is no number
        parts, usable = urlsplit(""), None
    if not usable or "@" in parts.netloc:
        raise refused(
            f"is no web address: {shortened(value)}", "write it as https://bot.example.org/telegram"
        )
    if not _PATH.fullmatch(parts.path) or parts.query or parts.fragment:
        raise refused(
            f"needs a path of letters, digits and -._~ after the host: {shortened(value)}",
            "end it with one such as /telegram, without ? and #",
        )
    return value.strip()


def unreachable(url: str, *, loopback: bool) -> tuple[str, str] | None:
    """Say why Telegram could not call a well-formed address, and the remedy; None if it could.

    loopback: whether an address of this very machine will do.
    """
    if not url:
        return None
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        address = ip_address(host)
        here, near = address.is_loopback, not address.is_global
    except ValueError:
        here = host == "localhost"
        near = "." not in host
    if here and loopback:
        return None
    if parts.scheme != "https":
        return f"is not https: {shortened(url)}", "let a web server with a certificate stand there"
    if near:
        return (
            f"cannot be reached from outside: {shortened(url)}",
            "give the name that the internet knows this server by",
        )
    if (parts.port or 443) not in _WEBHOOK_PORTS:
        return f"has the port {parts.port}", "Telegram calls only 443, 80, 88 and 8443"
    return None


def _listen_address(value: str) -> str:
    host, _, port = value.rpartition(":")
    try:
        ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        host = ""
    if not host or not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise refused(
            f"is no IP address with a port: {shortened(value)}",
            "write it as 127.0.0.1:8080; in a container as 0.0.0.0:8080",
        )
    return value


def _address_or_none(value: str) -> str:
    return _listen_address(value) if value else value


def _heartbeat_address(address: SecretStr) -> SecretStr:
    """Take an address that can be called; it is a secret, so no error repeats it."""
    value = address.get_secret_value().strip()
    if not value:
        return SecretStr("")
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        parts, usable = urlsplit(""), None
    if not usable or "@" in parts.netloc or parts.fragment:
        raise refused(
            "is no web address", "copy it from the service, such as https://hc-ping.com/…"
        )
    return SecretStr(value)


def host_and_port(listen: str) -> tuple[str, int]:
    """Give the IP address and the port of a `ListenAddress`."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


def _arguments(value: object) -> object:
    """Read a command line (environment, secret file) as a list; nothing of it is for a shell."""
    if not isinstance(value, str):
        return value
    try:
        return shlex.split(value)
    except ValueError as error:
        raise refused(f"is no command line: {error}", 'write it as ["rclone", …]') from None


def _with_file(value: tuple[str, ...]) -> tuple[str, ...]:
    if value and not any("{file}" in word for word in value[1:]):
        raise refused(
            "does not say where the backup's name goes",
            'name it: ["rclone", "copy", "{file}", "remote:rapport"]',
        )
    return value


def _numbers(value: object) -> object:
    """Read `12, 34` (environment, secret file) as a list."""
    return re.findall(r"[^\s,\[\]]+", value) if isinstance(value, str) else value


def _once_each(ids: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(ids))


def _per_language(value: object) -> object:
    """Let one text stand for every language."""
    if not isinstance(value, str):
        return value
    if len(value.strip()) > WORDING_AT_MOST:
        raise refused(
            f"has {len(value.strip())} characters", f"shorten it to at most {WORDING_AT_MOST}"
        )
    return dict.fromkeys(get_args(Language), value) if value.strip() else {}


def _lines(value: object) -> object:
    """Read `a phrase; another` (environment, secret file) as a list."""
    if not isinstance(value, str):
        return value
    return [phrase.strip() for phrase in re.split(r"[;\n]", value) if phrase.strip()]


def _phrases(phrases: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what would never be found, be found everywhere, or is meant as a pattern."""
    seen: dict[str, str] = {}
    for phrase in phrases:
        if strange := strange_letters(phrase):
            raise refused(
                f"has {shortened(phrase)} with {strange}: words are compared, no patterns",
                "write plain words, in one line; case and extra spaces do not matter",
            )
        plain = plain_phrase(phrase)
        size = sum(letter.isalnum() for letter in plain)
        if size < PHRASE_AT_LEAST:
            raise refused(
                f"has {shortened(phrase)}, which is too short: it would be found in harmless texts",
                f"write at least {PHRASE_AT_LEAST} letters, rather several words",
            )
        if len(phrase) > PHRASE_AT_MOST:
            raise refused(
                f"has {shortened(phrase)}, which is too long to be typed just so",
                f"write at most {PHRASE_AT_MOST} characters",
            )
        if plain in seen:
            raise refused(
                f"has {shortened(seen[plain])} and {shortened(phrase)}, which are the same",
                "remove one of them",
            )
        seen[plain] = phrase
    if len(phrases) > PHRASES_AT_MOST:
        raise refused(
            f"has {len(phrases)} phrases", f"write at most {PHRASES_AT_MOST}; fewer are better"
        )
    return phrases


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _one_line(value: str) -> str:
    if "\n" in value:
        raise refused("has more than one line", "write it on one line")
    return value


def _words(value: object) -> object:
    """Let a text with commas, as the environment gives it, be a list of words."""
    if isinstance(value, str):
        return tuple(word.strip().lower() for word in value.split(",") if word.strip())
    return value


def _each_once(value: tuple[str, ...]) -> tuple[str, ...]:
    twice = next((one for one in value if value.count(one) > 1), None)
    if twice is not None:
        raise refused(f"names {twice} twice", "name each once")
    return value


def _days(value: object) -> object:
    """Let a text with commas, as the environment gives it, be a list of days."""
    if isinstance(value, str):
        return tuple(one.strip() for one in value.split(",") if one.strip())
    return value


def _closed_days(value: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what is no day, and no first and last day in this order."""
    for one in value:
        first, last = first_and_last(one)
        if read_iso(first) is None or read_iso(last) is None:
            raise refused(
                f"has {shortened(one)}, which is no day",
                'write "2026-12-24", or the first and the last one: "2026-12-24 2026-12-26"',
            )
        if last < first:
            raise refused(
                f"has {shortened(one)}, which ends before it begins",
                f'write "{last} {first}"',
            )
        if last > day_after(first, LONGEST_DAYS - 1):
            raise refused(
                f"has {shortened(one)}, which is very long",
                f"write at most {LONGEST_DAYS} days in one",
            )
    return value


def first_and_last(days: str) -> tuple[str, str]:
    """Give the first and the last day of one of `ClosedDays`."""
    first, _, last = days.partition(" ")
    return first, last.strip() or first


def _code_pattern(value: str) -> str:
    """Take a pattern that can find a code; none at all is empty."""
    try:
        names = re.compile(value).groupindex if value else {"code": 1}
    except re.error as error:
        raise refused(f"is no pattern: {error}", "mend it, or leave it empty") from None
    if "code" not in names:
        raise refused("has no group named code", r"write something like \[(?P<code>[A-Z0-9-]+)\]")
    return value


Whole = Annotated[int, BeforeValidator(_not_a_switch)]
MatchRule = Literal["tag", "summary", "attendee", "title"]
MatchRules = Annotated[tuple[MatchRule, ...], BeforeValidator(_words), AfterValidator(_each_once)]
ClosedDays = Annotated[
    tuple[str, ...],
    BeforeValidator(_days),
    AfterValidator(_each_once),
    AfterValidator(_closed_days),
]
CodePattern = Annotated[str, AfterValidator(_code_pattern)]
TelegramId = Annotated[Whole, Field(gt=0, lt=2**52)]
TelegramIds = Annotated[
    tuple[TelegramId, ...], BeforeValidator(_numbers), AfterValidator(_once_each)
]
Command = Annotated[tuple[str, ...], BeforeValidator(_arguments), AfterValidator(_with_file)]
Token = Annotated[SecretStr, AfterValidator(_token)]
ApiAddress = Annotated[str, AfterValidator(_api_address)]
WebhookAddress = Annotated[str, BeforeValidator(_webhook_address)]
ListenAddress = Annotated[str, AfterValidator(_listen_address)]
HeartbeatAddress = Annotated[SecretStr, AfterValidator(_heartbeat_address)]
MaybeListenAddress = Annotated[str, AfterValidator(_address_or_none)]
MorningCard = Annotated[str, BeforeValidator(_time_or_off)]
TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]
Weekday = Annotated[
    Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
    BeforeValidator(_lower),
]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)]
LogFormat = Annotated[Literal["console", "json"], BeforeValidator(_lower)]
ZoneName = Annotated[str, AfterValidator(_zone)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_one_line)
]
ShortLine = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_one_line)]
Wording = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=WORDING_AT_MOST)
]
Phrases = Annotated[tuple[str, ...], BeforeValidator(_lines), AfterValidator(_phrases)]
Wordings = Annotated[dict[Language, Wording], BeforeValidator(_per_language)]


def whole(default: int, lowest: int, highest: int, says: str) -> Any:
    """Make a field that holds a whole number between two bounds, both included."""
    return Field(default, ge=lowest, le=highest, description=says)
