"""Screens of a client's own answers: page by page, one text whole, and their picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.core.instrument import Instrument
from bot.core.picture import Panel
from bot.core.shown import cut_text
from bot.render import day, speaking
from bot.render import gettext as _
from bot.services.ports import Make, Screen
from bot.services.privacy import History, OwnWords
from bot.views.buttons import Button, button, rows
from bot.views.export import shown
from bot.views.pictures import PictureViews
from bot.views.reader import Desk, Reader

#: So much of a text stands in a history of several check-ins.
_SHOWN_OF_TEXT: Final = 300
#: So much of a goal's words names it there, in UTF-16 units.
_SHOWN_OF_GOAL: Final = 60


@dataclass(frozen=True, slots=True)
class OwnAnswerViews:
    """Makes these screens."""

    desk: Desk
    instruments: dict[str, dict[int, Instrument]]
    pictures: PictureViews

    def history(self, history: History, reader: Reader) -> Screen:
        """Show a page of a client's own answers: the numbers the therapist sees, and more."""

        entries = []
        for past in history.past:
            lines = []
            for name, answer in past.given(self.instruments):
                value = shown(name, reader.language, answer.item, answer.value)
                if answer.item in past.goals:
                    goal = cut_text(past.goals[answer.item], _SHOWN_OF_GOAL)
                    value = f"{_quoted(goal, reader)} {value}"
                elif name.item(answer.item).kind == "rating":
                    value = f"{name.text(reader.language, f'{answer.item}.short')} {value}"
                lines.append((answer, value))
            entries.append((past, lines))
        at, page = history.pair.id, history.page
        long = [
            past
            for past, lines in entries
            if any(answer.disclosure and len(value) > _SHOWN_OF_TEXT for answer, value in lines)
        ]
        with speaking(reader.language):
            whole = [
                button(_("%(day)s: all of it") % {"day": day(past.on)}, "mywords", past.checkin_id)
                for past in long
            ]
            turn: list[Button] = []
            if history.has_older:
                turn.append(button(_("‹ Older"), "history", at, str(page + 1)))
            if page:
                turn.append(button(_("Newer ›"), "history", at, str(page - 1)))
            chart = [button(_("Picture"), "mychart", at)] if history.sparkline else []
        text = self.desk.text(
            "client/history", reader, history=history, entries=entries, most=_SHOWN_OF_TEXT
        )
        return Screen(text, rows(*([one] for one in whole), turn, chart))

    def chart(self, panel: Panel, reader: Reader) -> Make:
        """Make a client's own picture, with a button to close it."""
        with speaking(reader.language):
            close = rows([button(_("Close"), "close", 0)])
        return self.pictures.screen([panel], reader, "", close)

    def own_words(self, words: OwnWords, reader: Reader) -> Screen:
        """Show a client's own text whole, with the way back to the history."""
        with speaking(reader.language):
            keyboard = rows([button(_("‹ Back"), "history", words.pair_id, "0")])
        return Screen(self.desk.text("client/own_words", reader, words=words), keyboard)


def _quoted(words: str, reader: Reader) -> str:
    with speaking(reader.language):
        return _("“%(words)s”") % {"words": words}
