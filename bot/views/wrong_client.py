"""Screens for an appointment that was somebody else's: which one, whose, and what it means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.people import Pair
from bot.core.timetable import Entry
from bot.render import gettext as _
from bot.render import speaking
from bot.render.words import day
from bot.services.ports import Screen
from bot.services.wrong_client import Mistaken, Righting
from bot.views.buttons import button, columns, rows
from bot.views.reader import Desk, Reader
from bot.views.timetable import CODES, a_page, turning


@dataclass(frozen=True, slots=True)
class WrongClientViews:
    """Makes the screens of setting right whose appointment it was."""

    desk: Desk

    def which(self, pair: Pair, entries: Sequence[Entry], reader: Reader) -> Screen:
        """Ask which of a client's newest appointments was somebody else's."""
        with speaking(reader.language):
            buttons = [
                button(f"{day(at.local_on)}, {at.local_time}", "wrong", at.id)
                for at in (entry.appointment for entry in entries)
            ]
            text = self._text("which", reader, pair=pair, entries=entries)
            return Screen(text, rows(*columns(buttons, 2), [button(_("Close"), "close", 0)]))

    def whose(self, mistaken: Mistaken, page: int, reader: Reader) -> Screen:
        """Ask whose appointment it was."""
        at = mistaken.entry.appointment.id
        page, shown = a_page(mistaken.others, page, CODES)
        with speaking(reader.language):
            codes = [button(pair.code, "wrongto", at, pair.id) for pair in shown]
            turn = turning("wrong", page, len(mistaken.others), CODES, at)
            nobody = [button(_("Nobody's"), "wrongto", at, 0)]
            back = [button(_("‹ Back"), "tappt", at)]
            text = self._text("whose", reader, entry=mistaken.entry)
            return Screen(text, rows(*columns(codes, 4), turn, nobody, back))

    def proposal(self, righting: Righting, reader: Reader) -> Screen:
        """Say what it means before it counts."""
        at = righting.entry.appointment.id
        with speaking(reader.language):
            yes = button(
                _("Yes, that is right"), "wrongok", at, righting.to.id if righting.to else 0
            )
            text = self._text("proposal", reader, righting=righting, entry=righting.entry)
            return Screen(text, rows([yes], [button(_("‹ Back"), "wrong", at)]))

    def done(self, righting: Righting, reader: Reader) -> Screen:
        """Say what is true now."""
        with speaking(reader.language):
            text = self._text("done", reader, righting=righting, entry=righting.entry)
            return Screen(text, rows([button(_("Appointments"), "tlist", 0)]))

    def _text(self, name: str, reader: Reader, **values: object) -> str:
        return self.desk.text(f"therapist/wrong_client/{name}", reader, **values)
