"""A therapist's calendars on screen: the list, one of them, whose an event is; and their notices.

Nothing of an event is shown but its day and time: a title may be a name, and is not kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.core.feeds import Feed
from bot.render import gettext as _
from bot.render import speaking
from bot.services.feeds import Overview, Question
from bot.services.ports import Screen
from bot.views.buttons import button, columns, rows
from bot.views.reader import Desk, Reader

#: What one screen lists; Telegram takes a hundred buttons and 4,096 characters.
_SHOWN: Final = 30
_CODES: Final = 60
_FLAWS: Final = 5


@dataclass(frozen=True, slots=True)
class FeedViews:
    """Makes the screens of calendars."""

    desk: Desk

    def all(self, feeds: Sequence[Overview], question: Question, reader: Reader) -> Screen:
        """List a therapist's calendars, and say how to add one."""
        with speaking(reader.language):
            each = [[button(one.feed.source.name[:40], "calone", one.feed.id)] for one in feeds]
            asks = [button(_("Questions (%(n)s)") % {"n": question.left}, "calask", 0)]
            text = self._text("all", reader, feeds=feeds, waiting=question.left)
            return Screen(text, rows(*each, asks if question.asks else []))

    def one(self, overview: Overview, reader: Reader) -> Screen:
        """Show a calendar: its preview with a yes and a no, or how it stands."""
        feed = overview.feed
        with speaking(reader.language):
            if feed.rests is not None:
                acts = [
                    button(_("Look at it again"), "calnow", feed.id)
                    if feed.rests == "declined"
                    else button(_("Remove it"), "caldel", feed.id)
                ]
            elif feed.accepted_at is None:
                acts = [
                    button(_("Follow this calendar"), "calok", feed.id),
                    button(_("No, forget it"), "caldelok", feed.id),
                ]
                if feed.read_at is None:
                    acts = acts[1:]
            else:
                acts = [button(_("Read it now"), "calnow", feed.id),
                        button(_("Remove it"), "caldel", feed.id)]  # fmt: skip
            n = len(overview.unknown)
            asks = [button(_("Questions (%(n)s)") % {"n": n}, "calask", 0)]
            held = [button(_("Yes, they are cancelled"), "calallow", feed.id)]
            back = [button(_("‹ Back"), "calall", 0)]
            text = self._text(
                "one", reader, one=overview, most=_SHOWN, most_flaws=_FLAWS, why=feed.problem
            )
            return Screen(
                text,
                rows(
                    acts,
                    asks if n and feed.accepted_at is not None and feed.rests is None else [],
                    held if feed.held_at is not None else [],
                    back,
                ),
            )

    def ready(self, overview: Overview, reader: Reader) -> Screen:
        """Show what would come of a new calendar; of the practice's, how much."""
        if overview.feed.therapist_id is not None:
            return self.one(overview, reader)
        return Screen(self.desk.text("notice/feed_ready", reader, one=overview))

    def removing(self, overview: Overview, reader: Reader) -> Screen:
        """Ask once more before a calendar is removed."""
        at = overview.feed.id
        with speaking(reader.language):
            keyboard = rows(
                [button(_("Yes, remove it"), "caldelok", at)], [button(_("‹ Back"), "calone", at)]
            )
            return Screen(self._text("removing", reader, one=overview), keyboard)

    def removed(self, feed: Feed, reader: Reader) -> Screen:
        """Say that a calendar is removed. feed: as it was."""
        with speaking(reader.language):
            keyboard = rows([button(_("Calendars"), "calall", 0)])
            return Screen(self._text("removed", reader, feed=feed), keyboard)

    def question(self, question: Question, reader: Reader) -> Screen:
        """Ask whose an event is, or say that nothing is to be asked."""
        with speaking(reader.language):
            text = self._text("question", reader, question=question, most=_CODES)
            back = [button(_("Calendars"), "calall", 0)]
            if question.asks is None:
                return Screen(text, rows(back))
            at = question.asks.id
            codes = [
                button(one.code, "calwho", at, one.pair_id) for one in question.choices[:_CODES]
            ]
            is_own = question.feed is not None and question.feed.therapist_id is not None
            others = [
                button(_("Not a client") if is_own else _("Not mine"), "calnot", at),
                button(_("Ask later"), "callater", at),
            ]
            return Screen(text, rows(*columns(codes, 4), others))

    def failed(self, feed: Feed, reader: Reader) -> Screen:
        """Tell that a calendar could not be read, what is wrong, and what to do."""
        text = self.desk.text("notice/feed_failed", reader, feed=feed, why=feed.problem)
        return Screen(text, self._to(feed, reader))

    def gone(self, feed: Feed, reader: Reader) -> Screen:
        """Tell that config.toml does not have a calendar any more, and what that means."""
        text = self.desk.text("notice/feed_gone", reader, feed=feed)
        return Screen(text, self._to(feed, reader))

    def flaws(self, overview: Overview, reader: Reader) -> Screen:
        """Tell what in a calendar cannot be taken as it stands, and what to do."""
        text = self.desk.text("notice/feed_flaws", reader, one=overview, most=_FLAWS)
        return Screen(text, self._to(overview.feed, reader))

    def lost(self, feed: Feed, reader: Reader) -> Screen:
        """Ask whether most of a calendar's appointments are cancelled indeed."""
        text = self.desk.text("notice/feed_lost", reader, feed=feed)
        if feed.therapist_id is None:
            return Screen(text)
        with speaking(reader.language):
            return Screen(text, rows([button(_("Yes, they are cancelled"), "calallow", feed.id)]))

    def _to(self, feed: Feed, reader: Reader) -> tuple[tuple[dict[str, str], ...], ...]:
        if feed.therapist_id is None:
            return ()
        with speaking(reader.language):
            return rows([button(_("Look at it"), "calone", feed.id)])

    def _text(self, name: str, reader: Reader, **values: object) -> str:
        return self.desk.text(f"therapist/calendar/{name}", reader, **values)
