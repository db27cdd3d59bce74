"""The timetable's screens: a form with one button for each part, a preview, the list.

The whole draft travels in the buttons (16 characters), so there is no dialog state to lose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, Literal

from bot.core.draft import Draft, pack
from bot.core.people import Pair
from bot.core.plans import Change, Closed, Confirmed, Preview
from bot.core.timetable import Entry, KeptRule
from bot.render import gettext as _
from bot.render import speaking, weekday
from bot.services.ports import Screen
from bot.views.buttons import Button, button, columns, rows
from bot.views.reader import Desk, Reader

Part = Literal["day", "hour", "minute", "length", "repeats"]
_HOURS: Final = range(7, 22)
_MINUTES: Final = (0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55)
_LENGTHS: Final = (25, 30, 45, 50, 60, 75, 80, 90, 100, 120)
_DAYS: Final = 28


@dataclass(frozen=True, slots=True)
class TimetableViews:
    """Makes the timetable's screens."""

    desk: Desk

    def choose_pair(self, pairs: Sequence[Pair], reader: Reader) -> Screen:
        """Ask whose appointment it is."""
        buttons = [button(pair.code, "tnew", pair.id) for pair in pairs]
        return Screen(self._text("choose_pair", reader, pairs=pairs), rows(*columns(buttons, 4)))

    def form(self, subject: int, draft: Draft, reader: Reader, *, moves: bool) -> Screen:
        """Show a draft with a button to change each part. subject: the pair, or what is moved."""
        packed, mode = pack(draft), "m" if moves else "n"
        with speaking(reader.language):
            parts: list[tuple[str, Part]] = [
                (_("Day"), "day"),
                (_("Hour"), "hour"),
                (_("Minute"), "minute"),
            ]
            if not moves:
                parts += [(_("Length"), "length"), (_("Repeats"), "repeats")]
            change = [button(f"✎ {name}", "tpick", subject, part, packed, mode)
                      for name, part in parts]  # fmt: skip
            if moves:
                go = [button(_("Move it there"), "tmoved", subject, packed)]
            else:
                go = [button(_("Next ›"), "tprev", subject, packed)]
            back = [button(_("‹ Back"), "tappt" if moves else "tlist", subject if moves else 0)]
            text = self._text("form", reader, draft=draft, moves=moves)
            return Screen(text, rows(*columns(change, 3), go, back))

    def pick(
        self, subject: int, part: Part, draft: Draft, today: str, reader: Reader, mode: str
    ) -> Screen:
        """Offer the values of one part of a draft."""
        with speaking(reader.language):
            buttons = [
                button(label, "tform", subject, pack(changed), mode)
                for label, changed in _choices(part, draft, today)
            ]
            wide = {"day": 7, "hour": 5, "minute": 4, "length": 5, "repeats": 1}[part]
            back = [button(_("‹ Back"), "tform", subject, pack(draft), mode)]
            text = self._text("pick", reader, part=part)
            return Screen(text, rows(*columns(buttons, wide), back))

    def preview(self, preview: Preview, reader: Reader) -> Screen:
        """Show what a draft would mean, with the ways to confirm it."""
        at, packed = preview.pair_id, pack(preview.draft)
        with speaking(reader.language):
            confirm = [button(_("Confirm"), "tconf", at, packed)]
            if preview.replaceable:
                confirm = [button(_("Add beside it"), "tconf", at, packed)]
            instead = [
                [button(_("Replace %(time)s") % {"time": _when(old.kept)}, "tconf", at, packed,
                        old.kept.id)]
                for old in preview.replaceable
            ]  # fmt: skip
            change = [
                button(_("Change"), "tform", at, packed, "n"),
                button(_("Cancel"), "tlist", 0),
            ]
            return Screen(
                self._text("preview", reader, preview=preview), rows(confirm, *instead, change)
            )

    def confirmed(self, confirmed: Confirmed, reader: Reader) -> Screen:
        """Say what is true now."""
        return self._done("confirmed", reader, confirmed=confirmed)

    def changed(self, change: Change, reader: Reader) -> Screen:
        """Say what became of an appointment."""
        return self._done("changed", reader, change=change, entry=change.entry)

    def closed(self, closed: Closed, reader: Reader) -> Screen:
        """Say that a rule has ended."""
        return self._done("closed", reader, closed=closed)

    def listed(
        self, past: Sequence[Entry], entries: Sequence[Entry], kept: Sequence[KeptRule],
        reader: Reader,
    ) -> Screen:  # fmt: skip
        """List today's and the coming appointments, and the rules they come from."""
        with speaking(reader.language):
            shown = {e.appointment.id: e for e in (*past, *entries)}
            buttons = [
                button(f"{e.code} {weekday(e.appointment.local_on)} "
                       f"{e.appointment.local_on[8:]}. {e.appointment.local_time}",
                       "tappt", e.appointment.id)
                for e in shown.values()
            ]  # fmt: skip
            ends = [button(f"{rule.code} {_when(rule)}", "trule", rule.id) for rule in kept]
            text = self._text("list", reader, entries=list(shown.values()), kept=kept)
            return Screen(text, rows(*columns(buttons[:40], 2), *columns(ends[:40], 2)))

    def appointment(self, entry: Entry, reader: Reader, *, is_over: bool) -> Screen:
        """Show one appointment and what can be done about it."""
        at = entry.appointment.id
        with speaking(reader.language):
            acts: list[Button] = []
            if entry.appointment.state == "planned":
                if not is_over:
                    acts = [button(_("Cancel it"), "tcanc", at), button(_("Move it"), "tmove", at)]
                acts.append(button(_("We did not meet"), "tunmet", at))
            back = [button(_("‹ Back"), "tlist", 0)]
            return Screen(self._text("appointment", reader, entry=entry), rows(acts, back))

    def cancelling(self, entry: Entry, reader: Reader) -> Screen:
        """Ask once more before an appointment is cancelled."""
        at = entry.appointment.id
        with speaking(reader.language):
            keyboard = rows(
                [button(_("Yes, cancel it"), "tcancok", at)], [button(_("‹ Back"), "tappt", at)]
            )
            return Screen(self._text("cancelling", reader, entry=entry), keyboard)

    def ending(self, kept: KeptRule, reader: Reader) -> Screen:
        """Ask once more before a rule ends."""
        with speaking(reader.language):
            keyboard = rows(
                [button(_("Yes, end it"), "trulok", kept.id)], [button(_("‹ Back"), "tlist", 0)]
            )
            return Screen(self._text("ending", reader, kept=kept), keyboard)

    def _done(self, name: str, reader: Reader, **values: object) -> Screen:
        with speaking(reader.language):
            keyboard = rows([button(_("Appointments"), "tlist", 0)])
            return Screen(self._text(name, reader, **values), keyboard)

    def _text(self, name: str, reader: Reader, **values: object) -> str:
        return self.desk.text(f"therapist/timetable/{name}", reader, **values)


def _when(kept: KeptRule) -> str:
    # Any Monday will do to name a weekday.
    on = (date(2024, 1, 1) + timedelta(days=kept.rule.weekday)).isoformat()
    return f"{weekday(on)} {kept.rule.local_time}"


def _choices(part: Part, draft: Draft, today: str) -> list[tuple[str, Draft]]:
    hour, minute = draft.local_time.split(":")
    match part:
        case "day":
            days = [
                (date.fromisoformat(today) + timedelta(days=n)).isoformat() for n in range(_DAYS)
            ]
            return [(f"{weekday(on)} {int(on[8:])}", replace(draft, local_on=on)) for on in days]
        case "hour":
            return [(f"{h}", replace(draft, local_time=f"{h:02}:{minute}")) for h in _HOURS]
        case "minute":
            return [(f":{m:02}", replace(draft, local_time=f"{hour}:{m:02}")) for m in _MINUTES]
        case "length":
            return [(f"{n}", replace(draft, minutes=n)) for n in _LENGTHS]
        case "repeats":
            return [
                (_("Once"), replace(draft, repeats="once")),
                (_("Every week"), replace(draft, repeats="weekly")),
                (_("Every two weeks"), replace(draft, repeats="fortnightly")),
            ]
