"""The calendars that the settings declare: each a section of its own, by a name of the admin's.

Owns what one is and what several may not be beside each other. Its address and its password are
secrets; variables and secret files can give them, so a name is written in small letters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from bot.config.section import Section
from bot.config.values import ShortLine, TelegramId, refused

_NAME: Final = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")
_SCHEMES: Final = ("https", "webcal", "webcals", "http")


def _feed_name(name: str) -> str:
    if not _NAME.fullmatch(name) or len(name) > 40:
        raise refused(
            "cannot be a calendar's name", "write it in small letters and digits, such as ben-2"
        )
    return name


def _feed_address(url: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(url.get_secret_value().strip())
        usable = bool(parts.hostname) and parts.scheme.lower() in _SCHEMES and parts.port != 0
    except ValueError:  # half a bracket, or a port that is no number
        usable = False
    if not usable:
        raise refused("is no web address", "copy the calendar's private one, which is https://…")
    return url


class Feed(Section):
    """One calendar of config.toml."""

    url: Annotated[SecretStr, AfterValidator(_feed_address)] = Field(
        description="The calendar's private address; better in a secret file than here."
    )
    user: ShortLine = Field(
        "", repr=False, max_length=200, description="The name to give there, if any."
    )
    password: SecretStr = Field(
        SecretStr(""), description="The password to give there, if any; better in a secret file."
    )
    therapist: TelegramId | None = Field(
        None,
        repr=False,
        description="Whose it is, by Telegram id; without it, the whole practice's.",
    )
    name: ShortLine = Field(
        "", max_length=40, description="What people read it is called; without it, as here."
    )


FeedName = Annotated[str, AfterValidator(_feed_name)]
Feeds = dict[FeedName, Feed]


def wrong_beside(feeds: Mapping[str, Feed], *, private: bool) -> PydanticCustomError | None:
    """Find what is wrong with a feed only beside other settings.

    private: whether calendars may stand at addresses of this machine or network.
    """
    known: dict[tuple[str, int | None], str] = {}
    called: dict[str, str] = {}
    for name, feed in feeds.items():
        url = feed.url.get_secret_value().strip()
        if urlsplit(url).scheme.lower() == "http" and not private:
            return refused(
                "would be asked without encryption",
                "give an https:// address; http is for this network alone, with"
                " calendar.private_addresses = true",
                key=f"feeds.{name}.url",
            )
        if (other := known.setdefault((url, feed.therapist), name)) != name:
            return refused(
                f"is the same address as feeds.{other}.url",
                "remove one of the two",
                key=f"feeds.{name}.url",
            )
        if (other := called.setdefault((feed.name or name).casefold(), name)) != name:
            return refused(
                f"is called the same as feeds.{other}",
                "give each calendar a name of its own: commands and people know it by that",
                key=f"feeds.{name}.name",
            )
    return None
