"""The calendars that the settings declare, as they are fetched."""

from __future__ import annotations

from bot.config import Settings
from bot.core.feeds import Source
from bot.feeds.addresses import read_address
from bot.services.declaring import Declared


def declared_feeds(settings: Settings) -> tuple[Declared, ...]:
    """Give the feeds of config.toml. A name and password of their own win over the address's."""
    found = []
    for name, feed in settings.feeds.items():
        address = read_address(feed.url.get_secret_value())
        source = Source(
            name=feed.name or name,
            url=address.url,
            user=feed.user or address.user,
            password=feed.password.get_secret_value() or address.password,
            declared=name,
        )
        found.append(Declared(feed.therapist, source))
    return tuple(found)
