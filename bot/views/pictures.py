"""Screens with a picture of scores, made when their turn comes because drawing takes a while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from bot.core.picture import Panel
from bot.pictures import NotDrawn, Pictures
from bot.services.ports import Keyboard, Make, Screen
from bot.views.reader import Desk, Reader

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PictureViews:
    """Makes these screens."""

    desk: Desk
    pictures: Pictures

    def screen(
        self, panels: Sequence[Panel], reader: Reader, caution: str, keyboard: Keyboard
    ) -> Make:
        """Give what makes a picture's screen, or one that says that it could not be drawn."""

        async def make() -> Screen:
            try:
                picture = await self.pictures.png(panels, reader.language, caution)
            except NotDrawn as problem:
                log.error("picture not drawn", why=str(problem))
                return Screen(self.desk.text("picture_failed", reader), keyboard)
            return Screen("", keyboard, photo=picture)

        return make
