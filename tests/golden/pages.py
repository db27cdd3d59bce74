"""What a therapist is shown of an invented week, as plain text to read and to compare.

The digests of the week and then the Details of the first pair on the last one, each as the real
program renders it: bold stands between asterisks, italics between underscores, a button in
brackets.
"""

from __future__ import annotations

import difflib
import html
import re
from pathlib import Path
from typing import Final

from bot.instruments import load_instruments
from bot.pictures import Pictures
from bot.render import Renderer
from bot.services.ports import Screen
from bot.views.digest import DigestViews
from bot.views.pictures import PictureViews
from bot.views.reader import Desk, Reader
from tests.digest_support import INSTRUMENT, ZONE
from tests.digest_world import World, open_world
from tests.golden.weeks import WITH_TEXTS, Week

FOLDER: Final = Path(__file__).parent
_READER: Final = Reader("en", ZONE)
_RULE: Final = "─" * 60


def kept_in(week: Week) -> Path:
    """Give the file in which a week's pages stand."""
    return FOLDER / f"{week.__name__}.txt"


async def pages_of_week(week: Week, folder: Path) -> str:
    """Let an invented week pass in an empty folder; give every page of its digests."""
    async with open_world(folder, free_text=week.__name__ in WITH_TEXTS) as world:
        await week(world)
        while await world.making.make_one():
            pass
        screens = await _screens(world)
    return f"{week.__doc__}\n\n" + "\n".join(map(_written, screens))


async def _screens(world: World) -> list[tuple[str, Screen]]:
    desk = Desk(Renderer(), world.digests.settings)
    pictures = PictureViews(desk, Pictures(desk.render, "light"))
    views = DigestViews(desk, INSTRUMENT, pictures, load_instruments())
    shown: list[tuple[str, Screen]] = []
    first = 0
    digests = await world.rows("SELECT id, number FROM digest ORDER BY number")
    for row in digests:
        places = await world.rows(
            "SELECT page, pair_id FROM digest_entry WHERE digest_id = :id ORDER BY place",
            id=row["id"],
        )
        for number in sorted({place["page"] for place in places}):
            page = await world.digests.page(row["id"], number)
            assert page is not None
            title = f"Digest {row['number']}, page {number}"
            shown.append((title, views.page(page, _READER)))
        first = places[0]["pair_id"]
    details = await world.lookup.details(world.ben, digests[-1]["id"], first)
    shown.append((f"Details of {details.code}", views.details(details, _READER)))
    return shown


def _written(shown: tuple[str, Screen]) -> str:
    title, screen = shown
    buttons = ["  ".join(f"[ {button['text']} ]" for button in line) for line in screen.keyboard]
    return "\n".join([f"{title} {_RULE}", "", _plain(screen.text), "", *buttons, ""])


def _plain(text: str) -> str:
    marked = re.sub(r"</?b>", "*", re.sub(r"</?i>", "_", text.strip()))
    return html.unescape(marked)


def differences(week: Week, now: str) -> str:
    """Tell how a week's pages differ from those in its file; empty where they do not."""
    path = kept_in(week)
    before = path.read_text("utf-8") if path.exists() else ""
    return "".join(
        difflib.unified_diff(
            before.splitlines(keepends=True), now.splitlines(keepends=True), path.name, "now"
        )
    )
