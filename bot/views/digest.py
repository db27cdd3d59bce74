"""The digest's screens: a page with its buttons, one pair's details, the day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.core.entries import Entry
from bot.core.instrument import Instrument
from bot.render import day, ngettext, speaking, weekday
from bot.render import gettext as _
from bot.services.acknowledgements import Telling
from bot.services.details import Details
from bot.services.digest_pages import Chart, DigestPage
from bot.services.digests import Acknowledgement, Line
from bot.services.lookup import Words
from bot.services.ports import Make, Screen
from bot.services.sentences import MOST
from bot.services.today import Today, TodayLine
from bot.services.usual import Choice
from bot.store.sentences import Sentence
from bot.views.buttons import Button, button, columns, rows
from bot.views.labels import labels
from bot.views.pictures import PictureViews
from bot.views.plain import bare
from bot.views.reader import Desk, Reader


@dataclass(frozen=True, slots=True)
class DigestViews:
    """Makes the digest's screens. instrument: whose items and options are named.

    instruments: `{name: {version: …}}`, for what was asked with another one.
    """

    desk: Desk
    instrument: Instrument
    pictures: PictureViews
    instruments: Mapping[str, Mapping[int, Instrument]]

    def page(self, page: DigestPage, reader: Reader) -> Screen:
        """Show a page: buttons for each pair that stands out, one for all calm ones."""
        with speaking(reader.language):
            lines = [line for entry in page.expanded for line in self._pair_lines(page, entry)]
            quiet = [
                button(entry.code, "details", page.digest_id, entry.pair_id, str(page.page))
                for entry in (*page.silent, *page.calm)
            ]
            lines += columns(quiet, 5)
            if page.calm_unread:
                label = _read_these(page.calm_unread, page.begun_unread)
                lines.append([button(label, "readall", page.digest_id, str(page.page))])
            if page.digest_id and page.chart(0) is not None:
                lines.append([button(_("Pictures"), "pictures", page.digest_id, str(page.page))])
        return Screen(self._text("digest", reader, page=page), rows(*lines))

    def erased(self, week: int | None, reader: Reader) -> Screen:
        """Say that what stood in a message has been erased; week: of the digest it was."""
        return Screen(self.desk.text("therapist/erased", reader, week=week))

    def closed(self, week: int | None, reader: Reader) -> Screen:
        """Say nothing of a message but that it is closed; week: of the digest it was."""
        return Screen(self.desk.text("therapist/closed", reader, week=week))

    def collapsed(self, line: Line, page: int, reader: Reader) -> Screen:
        """Show one line of an older digest, and the button that opens this page of it."""
        with speaking(reader.language):
            opens = button(_("Open"), "page", line.digest_id, str(page))
        text = self.desk.text("therapist/collapsed", reader, line=line, page=page)
        return Screen(text, rows([opens]))

    def shut(self, code: str, pair_id: int, reader: Reader) -> Screen:
        """Show that a pair's details have closed, and the button that opens them again."""
        with speaking(reader.language):
            opens = button(_("Open"), "textback", 0, pair_id, "0")
        return Screen(self.desk.text("therapist/shut", reader, code=code), rows([opens]))

    def details(self, details: Details, reader: Reader) -> Screen:
        """Show one pair's history, with the way back and the acknowledgement."""
        at, pair = details.digest_id, details.pair_id
        with speaking(reader.language):
            marks: list[Button] = []
            if at and details.has_answers:
                kind = details.mark.kind if details.mark else None
                read, talk = self._marks(at, pair, details.page, kind)
                # Where therapy has ended there is no next time.
                marks = read if details.state == "ended" else [*read, *talk]
            back = [button(_("‹ Back"), "page", at, str(details.page))] if at else []
            more: list[Button] = []
            if at and details.mark is not None:
                marks.append(button(_("Write a sentence"), "sentence", at, pair))
            if details.panel is not None:
                more = [button(_("Picture"), "picture", pair)]
            if details.panel is not None and details.sessions:
                more.append(button(_("What is usual"), "usual", at or 0, pair))
            if details.has_more_words:
                more.append(button(_("Read the texts in full"), "words", at or 0, pair, "0"))
            if details.sessions:
                more.append(button(_("Wrong client"), "wrongs", pair))
        text = self._text("details", reader, details=details, before=self._before(details, reader))
        return Screen(text, rows(marks, *columns(more, 2), back))

    def earlier(self, details: Details, reader: Reader) -> Screen:
        """Show what was before a pair with another therapist: nothing of it can be acknowledged."""
        with speaking(reader.language):
            close = rows([button(_("Close"), "close", 0)])
        before = self._before(details, reader)
        text = self._text("earlier", reader, details=details, before=before)
        return Screen(text, close)

    def usual(self, choice: Choice, reader: Reader) -> Screen:
        """Say what beginning anew means; offer the sessions to begin with, and to take it back."""
        at, pair = choice.digest_id, choice.pair_id
        with speaking(reader.language):
            lines = [
                [button(_("Take back: %(on)s") % {"on": day(one.on)}, "anewoff", at, pair,
                        one.checkin_id)]
                for one in choice.begun
            ]  # fmt: skip
            offered = [
                button(_("From %(on)s") % {"on": day(one.on)}, "anew", at, pair, one.checkin_id)
                for one in choice.offered
            ]
            lines += columns(offered, 2)
            back = [button(_("‹ Back"), "textback", at, pair, "0")]
        return Screen(self._text("usual", reader, choice=choice), rows(*lines, back))

    def chart(
        self, chart: Chart, reader: Reader, *, digest_id: int = 0, page: int = 0, next_one: int = 0
    ) -> Make:
        """Make a picture of scores, with a button for the next (0: none) and one to close it."""
        with speaking(reader.language):
            panels = [
                replace(panel, title=f"{panel.title} · {weekday(on)} {time}")
                for panel, (on, time) in zip(chart.panels, chart.slots, strict=True)
            ]
            more = (
                [button(_("Next ›"), "pictures", digest_id, str(page), str(next_one))]
                if next_one
                else []
            )
            close = button(_("Close"), "close", 0)
        caution = self.desk.text("therapist/caution", reader)
        return self.pictures.screen(panels, reader, caution, rows([*more, close]))

    def sentence(self, sentence: Sentence, reader: Reader, *, told: bool = True) -> Screen:
        """Ask for a sentence, show it before it is sent, or say that it was."""
        with speaking(reader.language):
            send = [button(_("Send"), "sendsay", sentence.id)]
            cancel = [button(_("Cancel"), "dropsay", sentence.id)]
        lines = [] if sentence.sent_at else [send, cancel] if sentence.words else [cancel]
        text = self._text("sentence", reader, sentence=sentence, told=told, most=MOST)
        return Screen(text, rows(*lines))

    def words(self, words: Words, reader: Reader) -> Screen:
        """Show one shared text whole, with the way to the others and back."""
        at, pair = words.digest_id, words.pair_id
        with speaking(reader.language):
            turn: list[Button] = []
            if words.older is not None:
                turn.append(button(_("‹ Older"), "words", at, pair, str(words.older)))
            if words.newer is not None:
                turn.append(button(_("Newer ›"), "words", at, pair, str(words.newer)))
            back = [button(_("‹ Back"), "textback", at, pair, "0")]
        return Screen(self._text("words", reader, words=words), rows(turn, back))

    def acknowledged(self, done: Acknowledgement, reader: Reader) -> str:
        """Say what a tap on Read or Let's talk did, where the button alone does not tell."""
        if done.told or not done.changed:
            return ""
        return bare(self._text("not_told", reader, code=done.code))

    def _before(self, shown: Details | TodayLine, reader: Reader) -> list[tuple[str, str]]:
        """List what was said before the first session as (name, answer)."""
        if shown.before_first is None:
            return []
        instrument, lines = shown.before_first.instrument, []
        for answer in shown.before_first.answers:
            item = instrument.item(answer.item)
            value = str(answer.value)
            if item.kind == "choice":
                value = instrument.text(reader.language, f"{item.key}.{value}")
            lines.append((instrument.short(reader.language, item), value))
        return lines

    def today(self, today: Today, reader: Reader) -> Screen:
        """Show the day's appointments with what to know before each."""
        codes = {line.pair_id: line.code for line in today.lines}
        buttons = [button(code, "details", 0, pair, "0") for pair, code in codes.items()]
        before = {line.pair_id: self._before(line, reader) for line in today.lines}
        text = self._text("today", reader, today=today, before=before)
        return Screen(text, rows(*columns(buttons, 5)))

    def told(self, telling: Telling, reader: Reader) -> Screen:
        """Tell a client that the therapist has read the check-in, or wants to talk about it."""
        keyboard = rows()
        if telling.can_reply:
            with speaking(reader.language):
                at = telling.acknowledgement_id
                keyboard = rows(
                    [button(_("OK"), "ack", at, "ok"), button(_("I'd rather not"), "ack", at, "no")]
                )
        return Screen(self.desk.text("client/told", reader, telling=telling), keyboard)

    def replied(self, answer: str, name: str | None, reader: Reader) -> Screen:
        """Say that the client's reply to "let's talk" was kept; name: whose, of several."""
        text = self.desk.text("client/told_reply", reader, answer=answer, therapist_name=name)
        return Screen(text)

    def _pair_lines(self, page: DigestPage, entry: Entry) -> list[list[Button]]:
        """Give a pair's lines of buttons; three in one line would be cut on a phone."""
        at, pair, code = page.digest_id, entry.pair_id, f"{entry.code} · "
        details = button(code + _("Details"), "details", at, pair, str(page.page))
        if not entry.can_be_acknowledged:
            return [[details]]
        kind = entry.mark.kind if entry.mark else None
        read, talk = self._marks(at, pair, page.page, kind, code, alone=len(page.expanded) == 1)
        return [[*read, details], [] if entry.is_over else talk]

    def _marks(
        self,
        digest: int,
        pair: int,
        page: int,
        kind: str | None,
        code: str = "",
        *,
        alone: bool = True,
    ) -> tuple[list[Button], list[Button]]:
        """Offer what is still to say: Read, and Let's talk about it."""
        about = "" if alone else code
        read = button(code + _("Read"), "read", digest, pair, str(page))
        talk = button(about + _("Let's talk about it"), "talk", digest, pair, str(page))
        return [] if kind else [read], [] if kind == "talk" else [talk]

    def _text(self, name: str, reader: Reader, **values: object) -> str:
        named = labels(self.instrument, self.instruments, reader.language)
        return self.desk.text(f"therapist/{name}", reader, **named, **values)


def _read_these(many: int, begun: int) -> str:
    """Say what the one button covers; begun: so many of them are not finished."""
    if not begun:
        label = ngettext("Read this one", "Read these %(num)d", many)
    elif begun == many:
        label = ngettext("Read this one, only begun", "Read these %(num)d, only begun", many)
    else:
        label = _("Read these %(num)d, %(of)d only begun")
    return label % {"num": many, "of": begun}
