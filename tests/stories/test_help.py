"""`/help` names to each what the command menus hold for them."""

from __future__ import annotations

import re

from world import World

from bot.views.menus import everybody, professionals

OF_ADMINS = {"invite_therapist", "relink_therapist"}


def named(screen: str) -> dict[str, str]:
    """Give the commands that a help screen lists, with what it says of each."""
    return dict(re.findall(r"^/(\w+) – (.+)$", screen, re.MULTILINE))


async def test_help_names_to_each_what_the_menus_hold(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    asks = {name: words for name, words in everybody() if name != "help"}
    works = dict(professionals())
    await anna.types("/help")
    assert named(anna.screen) == asks
    await ben.types("/help")
    shown = named(ben.screen)
    assert shown.items() >= {n: w for n, w in works.items() if n not in OF_ADMINS}.items()
    assert shown.keys() - works.keys() == {"settings", "privacy"}
    await world.dana.types("/help")
    assert named(world.dana.screen).keys() >= OF_ADMINS | {"schedule"}
