"""Screens about a therapist who leaves: what the two are told, and what each client is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.core.people import Pair
from bot.core.timetable import local_on
from bot.render import gettext as _
from bot.render import speaking
from bot.services.continuing import Question
from bot.services.handing import LEAVES_AFTER_MS, Telling
from bot.services.handover_news import Outcome
from bot.services.ports import Screen
from bot.views.buttons import button, rows
from bot.views.people import PeopleViews
from bot.views.reader import Reader

_DAY_MS: Final = 86_400_000
_DAYS_TO_READ: Final = LEAVES_AFTER_MS // _DAY_MS


@dataclass(frozen=True, slots=True)
class HandoverViews:
    """Makes these screens."""

    people: PeopleViews

    def told(self, name: str, telling: Telling, reader: Reader) -> Screen:
        """Tell who leaves (`handover_from`) or the colleague (`handover_to`)."""
        return self.people.words(
            f"notice/{name}", reader, telling=telling, zone=reader.zone, days=_DAYS_TO_READ
        )

    def ask(self, question: Question, again: bool, reader: Reader) -> Screen:
        """Ask a client whether to go on, with the earlier answers or without."""
        at = question.pair.id
        text = self.people.words(
            "notice/handover_ask", reader, question=question, again=again,
            kept_on=self._kept_on(question.pair, reader), until_on=local_on(
                question.until_at, reader.zone
            ),
        ).text  # fmt: skip
        with speaking(reader.language):
            keyboard = rows(
                [button(_("Yes, and share my answers"), "hand", at, "share")],
                [button(_("Yes, without earlier answers"), "hand", at, "fresh")],
                [button(_("No, thank you"), "hand", at, "no"), button(_("Help now"), "help", 0)],
            )
        return Screen(text, keyboard)

    def declined(self, pair: Pair, reader: Reader) -> Screen:
        """Say that a no is all right, and what becomes of the answers."""
        return self._over(pair, reader, lapsed=False)

    def lapsed(self, pair: Pair, reader: Reader) -> Screen:
        """Say that the time to answer is over, which is a no."""
        return self._over(pair, reader, lapsed=True)

    def _over(self, pair: Pair, reader: Reader, *, lapsed: bool) -> Screen:
        kept_on = self._kept_on(pair, reader)
        text = self.people.words("client/handover_no", reader, kept_on=kept_on, lapsed=lapsed).text
        with speaking(reader.language):
            return Screen(text, rows([button(_("Help now"), "help", 0)]))

    def came(self, pair: Pair, shares: bool, reader: Reader) -> Screen:
        """Tell the colleague that somebody goes on with them."""
        return self.people.words("notice/handover_came", reader, pair=pair, shares=shares)

    def outcome(self, name: str, outcome: Outcome, reader: Reader) -> Screen:
        """Tell the colleague or an admin (`handover_outcome_admin`) what came of the questions."""
        return self.people.words(f"notice/{name}", reader, outcome=outcome, zone=reader.zone)

    def _kept_on(self, pair: Pair, reader: Reader) -> str:
        days = self.people.desk.settings.privacy.retention_days
        return local_on((pair.ended_at or 0) + days * _DAY_MS, reader.zone)
