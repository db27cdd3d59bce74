"""The screens of a client's own goals: all of them, one, and the prompt for its words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.core.shown import cut_text
from bot.render import gettext as _
from bot.render import speaking
from bot.services.goals import WORDS_AT_MOST, OwnGoals
from bot.services.ports import Screen
from bot.store.goals import Goal
from bot.views.buttons import button, rows
from bot.views.reader import Desk, Reader

#: What fits a button, and how many closed goals are shown.
_ON_BUTTON: Final = 40
_CLOSED_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class GoalViews:
    """Makes these screens."""

    desk: Desk

    def all(self, own: OwnGoals, reader: Reader) -> Screen:
        """List the goals, each with a button, and offer to add one."""
        at = own.pair.id
        with speaking(reader.language):
            each = [
                [button(f"{place} · {cut_text(goal.words, _ON_BUTTON)}", "goal", goal.id)]
                for place, goal in enumerate(own.open, 1)
            ]
            add = [button(_("Add a goal"), "goaladd", at)] if own.may_add else []
            change = each if own.may_change else []
            keyboard = rows(*change, add, [button(_("Help now"), "help", 0)])
        text = self.desk.text("client/goals", reader, own=own, closed=own.closed[:_CLOSED_SHOWN])
        return Screen(text, keyboard)

    def one(self, own: OwnGoals, goal: Goal, reader: Reader) -> Screen:
        """Show one goal and what can become of it."""
        with speaking(reader.language):
            keyboard = rows(
                [button(_("Word it anew"), "goalword", goal.id)],
                [
                    button(_("Reached"), "goalend", goal.id, "reached"),
                    button(_("Set aside"), "goalend", goal.id, "set_aside"),
                ],
                [button(_("‹ Back"), "goals", own.pair.id)],
                [button(_("Help now"), "help", 0)],
            )
        return Screen(self.desk.text("client/goal", reader, goal=goal), keyboard)

    def prompt(self, own: OwnGoals, goal: Goal | None, reader: Reader) -> Screen:
        """Ask for the words of a new goal, or of one that is worded anew."""
        with speaking(reader.language):
            keyboard = rows(
                [button(_("‹ Back"), "goalstop", own.pair.id)], [button(_("Help now"), "help", 0)]
            )
        text = self.desk.text("client/goal_prompt", reader, own=own, goal=goal, most=WORDS_AT_MOST)
        return Screen(text, keyboard)
