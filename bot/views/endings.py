"""Screens about the end of a therapy or of the questions: the therapist's two steps, the client's
stop, the news, and until when answers are kept then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.core.people import Pair
from bot.core.timetable import local_on
from bot.render import gettext as _
from bot.render import speaking
from bot.services.ending import UNDO_MINUTES, Ending
from bot.services.enrolment import Joining
from bot.services.ports import Screen
from bot.views.buttons import button, columns, rows
from bot.views.reader import Desk, Reader

_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class EndingViews:
    """Makes these screens."""

    desk: Desk

    def choose(self, pairs: Sequence[Pair], reader: Reader) -> Screen:
        """Ask with whom therapy ends."""
        codes = [button(pair.code, "endpair", pair.id) for pair in pairs]
        text = self.desk.text("therapist/ending_whose", reader, pairs=pairs)
        return Screen(text, rows(*columns(codes, 4)))

    def preview(self, ending: Ending, reader: Reader) -> Screen:
        """Say what will happen, with the way back; or, where that is said, that it is to end."""
        if ending.pair.to_end_at is not None:
            return self.soon(ending, reader)
        at = ending.pair.id
        with speaking(reader.language):
            plain = _("End it") if ending.unasked else _("End it without")
            keyboard = rows(
                []
                if ending.unasked
                else [button(_("End it, with a goodbye check-in"), "endyes", at, "ask")],
                [button(plain, "endyes", at, "not")],
                [button(_("‹ Back"), "pairinfo", at)],
            )
        text = self.desk.text("therapist/ending", reader, ending=ending, minutes=UNDO_MINUTES)
        return Screen(text, keyboard)

    def soon(self, ending: Ending, reader: Reader) -> Screen:
        """Say when it ends, with a button that undoes it."""
        with speaking(reader.language):
            keyboard = rows([button(_("Undo"), "endundo", ending.pair.id)])
        text = self.desk.text("therapist/ending_soon", reader, ending=ending, zone=reader.zone)
        return Screen(text, keyboard)

    def ended(self, ending: Ending, reader: Reader) -> Screen:
        """Say what has happened, is to happen, or does not happen after all."""
        if ending.pair.is_over:
            return Screen(self.desk.text("therapist/ending_done", reader, ending=ending))
        if ending.pair.to_end_at is not None:
            return self.soon(ending, reader)
        return Screen(self.desk.text("therapist/ending_undone", reader, ending=ending))

    def told(self, joining: Joining, asked: bool, reader: Reader) -> Screen:
        """Tell a client that therapy has ended here, and what becomes of the answers."""
        kept_on = self._kept_on(joining.pair.ended_at, reader)
        with speaking(reader.language):
            keyboard = rows([button(_("Help now"), "help", 0)])
        text = self.desk.text("notice/ended", reader, joining=joining, asked=asked, kept_on=kept_on)
        return Screen(text, keyboard)

    def stopped(self, pair: Pair, reader: Reader) -> Screen:
        """Show a client that the questions have stopped, and what becomes of the answers."""
        since_at = pair.ended_at if pair.is_over else pair.stopped_at
        kept_on = self._kept_on(since_at, reader)
        return Screen(self.desk.text("client/stopped", reader, pair=pair, kept_on=kept_on))

    def _kept_on(self, since_at: int | None, reader: Reader) -> str:
        days = self.desk.settings.privacy.retention_days
        return local_on((since_at or 0) + days * _DAY_MS, reader.zone)
