"""The digest's screens: a page with its buttons, one pair's details, the day."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.entries import Entry
from bot.core.instrument import Instrument
from bot.render import gettext as _
from bot.render import ngettext, speaking
from bot.services.acknowledgements import Telling
from bot.services.digest_pages import Details, DigestPage, Today
from bot.services.ports import Screen
from bot.views.buttons import Button, button, columns, rows
from bot.views.reader import Desk, Reader


@dataclass(frozen=True, slots=True)
class DigestViews:
    """Makes the digest's screens. instrument: whose items and options are named."""

    desk: Desk
    instrument: Instrument

    def page(self, page: DigestPage, reader: Reader) -> Screen:
        """Show a page: buttons for each pair that stands out, one for all calm ones."""
        with speaking(reader.language):
            lines = [self._pair_line(page, entry) for entry in page.expanded]
            quiet = [
                button(entry.code, "details", page.digest_id, entry.pair_id, str(page.page))
                for entry in (*page.silent, *page.calm)
            ]
            lines += columns(quiet, 5)
            if page.calm_unread:
                n = page.calm_unread
                label = ngettext("Read this one", "Read these %(num)d", n) % {"num": n}
                lines.append([button(label, "readall", page.digest_id, str(page.page))])
        return Screen(self._text("digest", reader, page=page), rows(*lines))

    def details(self, details: Details, reader: Reader) -> Screen:
        """Show one pair's history, with the way back and the acknowledgement."""
        at, pair = details.digest_id, details.pair_id
        with speaking(reader.language):
            marks: list[Button] = []
            if at and any(session.has_answers for session in details.sessions):
                kind = details.mark.kind if details.mark else None
                marks = self._marks(at, pair, details.page, kind)
            back = [button(_("‹ Back"), "page", at, str(details.page))] if at else []
        return Screen(self._text("details", reader, details=details), rows(marks, back))

    def today(self, today: Today, reader: Reader) -> Screen:
        """Show the day's appointments with what to know before each."""
        codes = {line.pair_id: line.code for line in today.lines}
        buttons = [button(code, "details", 0, pair, "0") for pair, code in codes.items()]
        return Screen(self._text("today", reader, today=today), rows(*columns(buttons, 5)))

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

    def replied(self, answer: str, reader: Reader) -> Screen:
        """Say that the client's reply to "let's talk" was kept."""
        return Screen(self.desk.text("client/told_reply", reader, answer=answer))

    def _pair_line(self, page: DigestPage, entry: Entry) -> list[Button]:
        line: list[Button] = []
        if entry.can_be_acknowledged:
            kind = entry.mark.kind if entry.mark else None
            line = self._marks(page.digest_id, entry.pair_id, page.page, kind, entry.code)
        label = _("Details") if line else f"{entry.code} · " + _("Details")
        return [*line, button(label, "details", page.digest_id, entry.pair_id, str(page.page))]

    def _marks(
        self, digest: int, pair: int, page: int, kind: str | None, code: str = ""
    ) -> list[Button]:
        """Offer what is still to say: Read, then Let's talk about it."""
        at = str(page)
        before = f"{code} · " if code else ""
        if kind == "talk":
            return []
        if kind == "read":
            return [button(f"{before}" + _("Let's talk about it"), "talk", digest, pair, at)]
        return [
            button(f"{before}" + _("Read"), "read", digest, pair, at),
            button(_("Let's talk about it"), "talk", digest, pair, at),
        ]

    def _text(self, name: str, reader: Reader, **values: object) -> str:
        def label(item: str, option: str | None = None) -> str:
            key = f"{item}.{option}" if option else f"{item}.short"
            return self.instrument.text(reader.language, key)

        return self.desk.text(f"therapist/{name}", reader, label=label, **values)
