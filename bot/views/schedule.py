"""Screens of the schedule: what counts, choosing a value, a change before it counts and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.core.errors import Refused
from bot.core.schedule import WORDS
from bot.render import full_weekday, speaking
from bot.render import gettext as _
from bot.services.in_force import WEEKDAYS
from bot.services.ports import Screen
from bot.services.schedule import Shown
from bot.services.schedule_changes import PRACTICE, Change, Values
from bot.views.buttons import Button, button, columns, rows
from bot.views.reader import Desk, Reader

#: Values by button, for what is set alone; everything else can be typed.
_OFFERED: Final[Mapping[str, tuple[str, ...]]] = {
    "delay": ("0", "15", "30", "60", "120", "180"),
    "reminder": ("12", "18", "20", "24", "36"),
    "expiry": ("24", "36", "48", "72", "96"),
    "day": ("1", "2", "3"),
    "week": ("1", "2", "3", "5"),
    "card": ("off", "06:30", "07:00", "07:30", "08:00", "09:00"),
}
_QUIET: Final = (("20:00", "08:00"), ("21:00", "08:00"), ("21:00", "09:00"), ("22:00", "07:00"))
_HOURS: Final = ("08:00", "12:00", "15:00", "17:00", "18:00", "20:00")
#: What stands on buttons for each name: it means the same in every version of the program.
_SHORT: Final = {name.partition(".")[2]: name for names in WORDS.values() for name in names}
#: A Monday, to name the days after it.
_MONDAY: Final = 23


def wanted_from(args: Sequence[str]) -> dict[str, str | None]:
    """Read what a button wants set. Errors: LookupError, ValueError for what no button carries."""
    pairs = zip(args[::2], args[1::2], strict=True)
    return {_SHORT[short]: value or None for short, value in pairs}


@dataclass(frozen=True, slots=True)
class ScheduleViews:
    """Makes these screens."""

    desk: Desk

    def show(self, shown: Shown, reader: Reader, me: int | None, *, is_admin: bool) -> Screen:
        """Show what counts. me: a therapist who may also look at the own schedule."""
        with speaking(reader.language):
            names = {line.name for line in shown.lines}
            groups = [
                button(_group(group), "schname", shown.owner_id, group)
                for group, values in WORDS.items()
                if names.issuperset(values)
            ]
            others = [
                button(_("My own") if one == me else name, "sched", one)
                for one, name in shown.therapists
            ]
            is_practice = is_admin and shown.owner_id == PRACTICE
            closed = [button(_("Closed days"), "abslist", PRACTICE)] if is_practice else []
            undo = [button(_("Undo the last change"), "schlast", shown.undo)] if shown.undo else []
            is_others = is_admin and shown.owner_id != PRACTICE
            back = [button(_("‹ Back"), "sched", PRACTICE)] if is_others else []
            lines = [self._line(one.name, one.value, one.source) for one in shown.lines]
        keyboard = rows(*columns(groups, 2), closed, *columns(others, 2), undo, back)
        return Screen(self.desk.text("schedule/show", reader, shown=shown, lines=lines), keyboard)

    def value(
        self, shown: Shown, group: str, reader: Reader, me: int | None, *, is_admin: bool
    ) -> Screen:
        """Offer values for what is set together, by its word in `WORDS`.

        What an admin types is the practice's, or with `my` the admin's own: the example says so.
        Errors: Refused("stale_button").
        """
        if group not in WORDS:
            raise Refused("stale_button")
        chosen = [shown.line(name) for name in WORDS[group]]
        with speaking(reader.language):
            lines = [self._line(one.name, one.value, one.source) for one in chosen]
            label = _group(group)
            level = "practice" if shown.owner_id == PRACTICE else "therapist"
            label_of_none = (
                _("As before anything was set") if level == "practice" else _("As the practice")
            )
            follow = _wants(label_of_none, shown.owner_id, dict.fromkeys(WORDS[group]))
            keyboard = rows(
                *_offers(group, shown.owner_id),
                [follow] if any(one.source == level for one in chosen) else [],
                [button(_("‹ Back"), "sched", shown.owner_id)],
            )
        is_own, is_practice = shown.owner_id == me, shown.owner_id == PRACTICE
        typed = f"{group} {' '.join(one.value for one in chosen)}"
        example = f"/schedule my {typed}" if is_admin and is_own else f"/schedule {typed}"
        example = example if is_own or is_practice else ""
        text = self.desk.text("schedule/value", reader, label=label, lines=lines, example=example)
        return Screen(text, keyboard)

    def change(
        self, change: Change, reader: Reader, me: int | None, *, undoes: int | None = None
    ) -> Screen:
        """Show a change before it counts, or after. undoes: the change that it takes back."""
        owner = change.owner_id
        with speaking(reader.language):
            lines = [
                {
                    **self._line(name, value),
                    "was": _said(name, change.was[name]),
                    "is_pinned": value == change.was[name] and change.wanted[name] is not None,
                    "follows": _follows(owner) if change.wanted[name] is None else "",
                }
                for name, value in change.after.items()
            ]
            back = button(_("‹ Back"), "sched", owner)
            if change.is_none:
                keyboard = rows([back])
            elif change.id is None:
                apply = (
                    _wants(_("Apply"), owner, change.wanted, "schset")
                    if undoes is None
                    else button(_("Apply"), "schundo", undoes)
                )
                keyboard = rows([apply, button(_("Cancel"), "sched", owner)])
            else:
                keyboard = rows([button(_("Undo"), "schundo", change.id), back])
        text = self.desk.text(
            "schedule/change", reader, change=change, lines=lines, own=owner == me
        )
        return Screen(text, keyboard)

    def told(self, change: Change, next_at: int, reader: Reader) -> Screen:
        """Tell a therapist of a change that somebody else has made."""
        with speaking(reader.language):
            lines = [self._line(name, value) for name, value in change.after.items()]
        is_digest = any(name.startswith("digest.") for name in change.after)
        text = self.desk.text(
            "notice/schedule",
            reader,
            change=change,
            lines=lines,
            next_at=next_at if is_digest else None,
        )
        return Screen(text)

    def _line(self, name: str, value: str, source: str = "") -> dict[str, Any]:
        return {"label": _label(name), "value": _said(name, value), "source": _source(source)}


def _offers(group: str, owner: int) -> list[list[Button]]:
    if group == "quiet":
        since, until = WORDS[group]
        pairs = [_wants(f"{a}–{b}", owner, {since: a, until: b}) for a, b in _QUIET]
        return columns(pairs, 2)
    if group == "digest":
        weekday, hour = WORDS[group]
        days = [_wants(_said(weekday, day), owner, {weekday: day}) for day in WEEKDAYS]
        return columns(days, 4) + columns([_wants(at, owner, {hour: at}) for at in _HOURS], 3)
    (name,) = WORDS[group]
    return columns([_wants(_said(name, one), owner, {name: one}) for one in _OFFERED[group]], 3)


def _wants(label: str, owner: int, wanted: Values, act: str = "schprev") -> Button:
    args = [part for name, v in wanted.items() for part in (name.partition(".")[2], v or "")]
    return button(label, act, owner, *args)


def _group(group: str) -> str:
    return {
        "delay": _("Question after a session"),
        "reminder": _("Reminder"),
        "expiry": _("How long it is open"),
        "day": _("Most a day"),
        "week": _("Most a week"),
        "quiet": _("Quiet hours"),
        "digest": _("Weekly digest"),
        "card": _("Morning card"),
    }[group]


def _label(name: str) -> str:
    return {
        "checkin.delay_minutes": _("Question after a session's end"),
        "checkin.reminder_after_hours": _("The one reminder, after the question"),
        "checkin.expiry_hours": _("A check-in is open for"),
        "checkin.per_day": _("Most check-ins a day for one client"),
        "checkin.per_week": _("Most check-ins a week for one client"),
        "checkin.quiet_from": _("Quiet for clients from"),
        "checkin.quiet_to": _("Quiet for clients until"),
        "digest.weekday": _("Day of the weekly digest"),
        "digest.time": _("Time of the weekly digest"),
        "practice.morning_card": _("The day's appointments, in the morning"),
    }[name]


def _said(name: str, value: str) -> str:
    if name.endswith("_minutes"):
        return _("%s min") % value
    if name.endswith("_hours"):
        return _("%s h") % value
    if value == "off":
        return _("off")
    if name == "digest.weekday":
        return full_weekday(f"2026-11-{_MONDAY + WEEKDAYS.index(value)}")
    return value


def _source(source: str) -> str:
    return {
        "config": _("config.toml"),
        "practice": _("set for the practice"),
        "therapist": _("own"),
        "": "",
    }[source]


def _follows(owner: int) -> str:
    return _("as in config.toml") if owner == PRACTICE else _("as the practice")
