"""The timetable's screens: one question after the other, a form to change, a preview, the lists.

The whole draft travels in the buttons (16 characters), so there is no dialog state to lose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, Literal, TypeVar

from bot.core.draft import Draft, pack
from bot.core.people import Pair
from bot.core.plans import Change, Closed, Confirmed, Preview
from bot.core.timetable import Entry, KeptRule, local_time
from bot.render import gettext as _
from bot.render import speaking, weekday
from bot.services.ports import Screen
from bot.views.buttons import Button, button, columns, rows
from bot.views.reader import Desk, Reader

Item = TypeVar("Item")
Part = Literal["day", "hour", "minute", "length", "repeats"]
#: What is drafted and how: "w" asks one part after the other for a new appointment, "v" for one
#: that moves; "n" and "m" change one part of such a draft.
Mode = Literal["w", "n", "v", "m"]
_NEW: Final[tuple[Part, ...]] = ("day", "hour", "minute", "length", "repeats")
_MOVED: Final[tuple[Part, ...]] = ("day", "hour", "minute")
_HOURS: Final = range(7, 22)
_MINUTES: Final = (0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55)
_LENGTHS: Final = (25, 30, 45, 50, 60, 75, 80, 90, 100, 120)
_DAYS: Final = 28
_WIDE: Final[dict[Part, int]] = {"day": 7, "hour": 5, "minute": 4, "length": 5, "repeats": 1}
#: What one screen lists; Telegram takes a hundred buttons and 4,096 characters.
_PAGE: Final = 20
CODES: Final = 60


@dataclass(frozen=True, slots=True)
class Drafting:
    """A draft in the making. subject: the pair, or the appointment that moves."""

    subject: int
    code: str
    draft: Draft
    mode: Mode

    @property
    def moves(self) -> bool:
        """Whether an appointment moves; its length stays, and it is no pattern."""
        return self.mode in ("v", "m")

    @property
    def walks(self) -> bool:
        """Whether one part is asked after the other."""
        return self.mode in ("w", "v")

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts to choose, in their order."""
        return _MOVED if self.moves else _NEW

    @property
    def form(self) -> tuple[int, str, str]:
        """What a button to the form carries."""
        return self.subject, pack(self.draft), "m" if self.moves else "n"

    @property
    def preview(self) -> tuple[str, int, str]:
        """What a button to the preview carries."""
        return "tmprev" if self.moves else "tprev", self.subject, pack(self.draft)


@dataclass(frozen=True, slots=True)
class TimetableViews:
    """Makes the timetable's screens."""

    desk: Desk

    def choose_pair(
        self, pairs: Sequence[Pair], page: int, reader: Reader, *, has_clients: bool
    ) -> Screen:
        """Ask whose appointment it is. pairs: those that can be planned for."""
        page, shown = a_page(pairs, page, CODES)
        buttons = [button(pair.code, "tnew", pair.id) for pair in shown]
        with speaking(reader.language):
            turn = turning("tadd", page, len(pairs), CODES)
            text = self._text("choose_pair", reader, pairs=shown, has_clients=has_clients)
            return Screen(text, rows(*columns(buttons, 4), turn))

    def form(self, drafting: Drafting, reader: Reader) -> Screen:
        """Show a draft with a button to change each part."""
        subject, packed, mode = drafting.form
        with speaking(reader.language):
            names: dict[Part, str] = {
                "day": _("Day"),
                "hour": _("Hour"),
                "minute": _("Minute"),
                "length": _("Length"),
                "repeats": _("Repeats"),
            }
            change = [
                button(f"✎ {names[part]}", "tpick", subject, part, packed, mode)
                for part in drafting.parts
            ]
            go = [button(_("Next ›"), *drafting.preview)]
            back = button(_("‹ Back"), "tappt", subject)
            if not drafting.moves:
                back = button(_("Cancel"), "tlist", 0)
            text = self._text("form", reader, drafting=drafting, chosen=_NEW)
            return Screen(text, rows(*columns(change, 3), go, [back]))

    def pick(self, drafting: Drafting, part: Part, today: str, reader: Reader) -> Screen:
        """Offer the values of one part of a draft, beside what was chosen so far."""
        chosen = drafting.parts[: drafting.parts.index(part)] if drafting.walks else _NEW
        with speaking(reader.language):
            buttons = [
                _then(label, replace(drafting, draft=changed), part)
                for label, changed in _choices(part, drafting.draft, today)
            ]
            text = self._text("pick", reader, drafting=drafting, part=part, chosen=chosen)
            lines = columns(buttons, _WIDE[part])
            return Screen(text, rows(*lines, [_before(drafting, part)]))

    def preview(self, preview: Preview, reader: Reader) -> Screen:
        """Show what a draft would mean, with the ways to confirm it."""
        at, packed = preview.pair_id, pack(preview.draft)
        with speaking(reader.language):
            if preview.moves is not None:
                return self._move_preview(preview, preview.moves.id, reader)
            confirm = [button(_("Confirm"), "tconf", at, packed)]
            if preview.is_there:
                confirm = []
            elif preview.replaceable:
                confirm = [button(_("Add beside it"), "tconf", at, packed)]
            instead = [
                [button(_("Replace %(time)s") % {"time": _when(old.kept)}, "tconf", at, packed,
                        old.kept.id)]
                for old in preview.replaceable if not preview.is_there
            ]  # fmt: skip
            change = [
                button(_("Change"), "tform", at, packed, "n"),
                button(_("Cancel"), "tlist", 0),
            ]
            text = self._text("preview", reader, preview=preview, until=_until(preview))
            return Screen(text, rows(confirm, *instead, change))

    def _move_preview(self, preview: Preview, moved_id: int, reader: Reader) -> Screen:
        packed = pack(preview.draft)
        keyboard = rows(
            [button(_("Move it there"), "tmoved", moved_id, packed)],
            [
                button(_("Change"), "tform", moved_id, packed, "m"),
                button(_("Cancel"), "tappt", moved_id),
            ],
        )
        text = self._text("move_preview", reader, preview=preview, until=_until(preview))
        return Screen(text, keyboard)

    def confirmed(self, confirmed: Confirmed, reader: Reader) -> Screen:
        """Say what is true now."""
        return self._done("confirmed", reader, confirmed=confirmed, until=_until(confirmed))

    def changed(self, change: Change, reader: Reader) -> Screen:
        """Say what became of an appointment."""
        return self._done("changed", reader, change=change, entry=change.entry)

    def closed(self, closed: Closed, reader: Reader) -> Screen:
        """Say that a rule has ended."""
        return self._done("closed", reader, closed=closed)

    def listed(
        self, past: Sequence[Entry], coming: Sequence[Entry], page: int | None, reader: Reader
    ) -> Screen:
        """List a page of appointments, newest last. page: None for the one that today begins."""
        pages, first = _leaves(past, coming)
        page = first if page is None else min(page, len(pages) - 1)
        shown = pages[page]
        with speaking(reader.language):
            buttons = [
                button(_short(entry), "tappt", entry.appointment.id, str(page)) for entry in shown
            ]
            more = [button(_("Patterns"), "trules", 0)]
            ids = {entry.appointment.id for entry in past}
            text = self._text("list", reader, entries=shown, past=ids, any_coming=bool(coming))
            turn = turning("tlist", page, len(pages), 1)
            return Screen(text, rows(*columns(buttons, 2), turn, more))

    def rules(self, kept: Sequence[KeptRule], page: int, reader: Reader) -> Screen:
        """List a page of the patterns that appointments come from."""
        page, shown = a_page(kept, page, _PAGE)
        with speaking(reader.language):
            buttons = [button(f"{rule.code} {_when(rule)}", "trule", rule.id) for rule in shown]
            turn = turning("trules", page, len(kept), _PAGE)
            back = [button(_("‹ Back"), "tlist", 0)]
            text = self._text("rules", reader, kept=shown)
            return Screen(text, rows(*columns(buttons, 2), turn, back))

    def appointment(
        self, entry: Entry, page: int | None, reader: Reader, *, has_begun: bool
    ) -> Screen:
        """Show one appointment and what can be done about it. page: where it is listed."""
        at = entry.appointment.id
        with speaking(reader.language):
            acts: list[Button] = []
            if entry.appointment.state == "planned":
                acts = [button(_("Move it"), "tmove", at)]
                if has_begun:
                    acts.append(button(_("We did not meet"), "tunmet", at))
                else:
                    acts.insert(0, button(_("Cancel it"), "tcanc", at))
            wrong: list[Button] = []
            if has_begun and entry.appointment.state in ("planned", "did_not_meet"):
                wrong = [button(_("Wrong client"), "wrong", at)]
            listed = () if page is None else (str(page),)
            back = [button(_("‹ Back"), "tlist", 0, *listed)]
            return Screen(self._text("appointment", reader, entry=entry), rows(acts, wrong, back))

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
                [button(_("Yes, end it"), "trulok", kept.id)], [button(_("‹ Back"), "trules", 0)]
            )
            return Screen(self._text("ending", reader, kept=kept), keyboard)

    def _done(self, name: str, reader: Reader, **values: object) -> Screen:
        with speaking(reader.language):
            keyboard = rows([button(_("Appointments"), "tlist", 0)])
            return Screen(self._text(name, reader, **values), keyboard)

    def _text(self, name: str, reader: Reader, **values: object) -> str:
        return self.desk.text(f"therapist/timetable/{name}", reader, **values)


def a_page(items: Sequence[Item], page: int, size: int) -> tuple[int, Sequence[Item]]:
    """Give a page, the last one when there are fewer by now, and what stands on it."""
    page = min(page, max(0, (len(items) - 1) // size))
    return page, items[page * size : (page + 1) * size]


def _leaves(past: Sequence[Item], coming: Sequence[Item]) -> tuple[list[Sequence[Item]], int]:
    """Give the pages of a list, and which one today begins; one page when all fit on it."""
    if len(past) + len(coming) <= _PAGE:
        return [[*past, *coming]], 0
    # The odd ones stand on the oldest page, so that today's are at the top of theirs.
    odd = len(past) % _PAGE
    older = ([past[:odd]] if odd else []) + [
        past[at : at + _PAGE] for at in range(odd, len(past), _PAGE)
    ]
    newer = [coming[at : at + _PAGE] for at in range(0, len(coming), _PAGE)]
    return older + newer, min(len(older), len(older) + len(newer) - 1)


def turning(act: str, page: int, count: int, size: int, subject: int = 0) -> list[Button]:
    """Make the buttons to the pages before and after one; the last argument of each is its page."""
    turn: list[Button] = []
    if page:
        turn.append(button(_("‹ Earlier"), act, subject, str(page - 1)))
    if (page + 1) * size < count:
        turn.append(button(_("Later ›"), act, subject, str(page + 1)))
    return turn


def _then(label: str, drafting: Drafting, part: Part) -> Button:
    """Make the button that chooses a part: on to the next one, or back to the form."""
    if not drafting.walks:
        return button(label, "tform", *drafting.form)
    following = drafting.parts[drafting.parts.index(part) + 1 :]
    if not following:
        return button(label, *drafting.preview)
    packed = pack(drafting.draft)
    return button(label, "tpick", drafting.subject, following[0], packed, drafting.mode)


def _before(drafting: Drafting, part: Part) -> Button:
    place = drafting.parts.index(part)
    if not drafting.walks:
        return button(_("‹ Back"), "tform", *drafting.form)
    if place == 0 and drafting.moves:
        return button(_("‹ Back"), "tappt", drafting.subject)
    if place == 0:
        return button(_("‹ Back"), "tadd", 0)
    packed, earlier = pack(drafting.draft), drafting.parts[place - 1]
    return button(_("‹ Back"), "tpick", drafting.subject, earlier, packed, drafting.mode)


def _until(planned: Preview | Confirmed) -> str:
    return local_time(planned.occurrences[0].ends_at, planned.timezone)


def _short(entry: Entry) -> str:
    on = entry.appointment.local_on
    return f"{entry.code} {weekday(on)} {int(on[8:])}, {entry.appointment.local_time}"


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
