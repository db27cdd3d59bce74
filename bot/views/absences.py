"""Screens of absences: those to come, choosing days, what one does before it counts and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from bot.core.absence import Absence
from bot.core.errors import Refused
from bot.core.timetable import day_after
from bot.render import day, month, speaking, weekday
from bot.render import gettext as _
from bot.services.absence_plans import PRACTICE, Effect, Plan
from bot.services.absences import Listed
from bot.services.ports import Screen
from bot.views.buttons import Button, button, columns, rows
from bot.views.reader import Desk, Reader

#: So many codes are named; there may be hundreds of sessions.
_CODES: Final = 8
#: So many therapists are named to an admin; the practice may have many.
_THERAPISTS: Final = 12
#: So many absences are offered to be looked at.
_LISTED: Final = 12
_MONTHS: Final = 13


@dataclass(frozen=True, slots=True)
class _Choosing:
    """What days are chosen for. first_on: the first one, where it is chosen already.

    changes_id: the absence that gets other days; 0 for a new one.
    """

    owner_id: int
    first_on: str | None
    changes_id: int

    def grid(self, here: str, from_on: str) -> list[list[Button]]:
        """Show the month that begins on `here` by weeks; no day before `from_on` can be chosen."""
        blank = self._turn("·", here)
        names = [{**blank, "text": weekday(f"2026-11-{day}")} for day in range(23, 30)]
        cells = [blank] * date.fromisoformat(here).weekday()
        cells += [self._day(on) if on >= from_on else blank for on in _days_of(here)]
        cells += [blank] * (-len(cells) % 7)
        weeks = [week for week in columns(cells, 7) if any(one != blank for one in week)]
        before, turns = _shifted(here, -1), list[Button]()
        if before[:7] >= from_on[:7]:
            turns.append(self._turn("‹", before))
        if here[:7] < _shifted(from_on, _MONTHS)[:7]:
            turns.append(self._turn("›", _shifted(here, 1)))
        return [names, *weeks, turns]

    def _day(self, on: str) -> Button:
        label = str(int(on[8:]))
        if self.first_on is None:
            return button(label, "absend", self.owner_id, on, "", self.changes_id)
        return button(label, "absday", self.owner_id, self.first_on, on, self.changes_id)

    def _turn(self, label: str, shown: str) -> Button:
        if self.first_on is None:
            return button(label, "absnew", self.owner_id, shown[:7], self.changes_id)
        return button(label, "absend", self.owner_id, self.first_on, shown[:7], self.changes_id)


@dataclass(frozen=True, slots=True)
class AbsenceViews:
    """Makes these screens."""

    desk: Desk

    def listed(self, listed: Listed, reader: Reader) -> Screen:
        """List what is to come, each with its button."""
        with speaking(reader.language):
            each = [button(days(one), "absone", one.id) for one in listed.own[:_LISTED]]
            label = _("Add closed days") if listed.owner_id == PRACTICE else _("I will be away")
            new = button(label, "absnew", listed.owner_id)
            back = [button(_("‹ Back"), "sched", PRACTICE)] if listed.owner_id == PRACTICE else []
            own = [self._line(one) for one in listed.own]
            closed = [days(one) for one in listed.closed]
        text = self.desk.text(
            "absence/list",
            reader,
            own=own,
            closed=closed,
            is_practice=listed.owner_id == PRACTICE,
            example=f"{day_after(listed.today, 14)} {day_after(listed.today, 28)}",
        )
        return Screen(text, rows(*columns(each, 1), [new], back))

    def choose(
        self,
        owner_id: int,
        today: str,
        reader: Reader,
        *,
        first_on: str | None = None,
        shown: str = "",
        changes: Absence | None = None,
    ) -> Screen:
        """Ask for the first day, or for the last one of days that begin on `first_on`.

        shown: the month (YYYY-MM); "" for that of the first day that can be chosen. Errors:
        Refused("stale_button") for no day, no month, and what lies farther than can be turned to.
        """
        from_on = today if first_on is None else max(today, _day(first_on))
        here = max(f"{_month(shown, from_on)}-01", f"{from_on[:7]}-01")
        if here > _shifted(from_on, _MONTHS) or from_on > _shifted(today, _MONTHS + 1):
            raise Refused("stale_button")
        choosing = _Choosing(owner_id, first_on, 0 if changes is None else changes.id)
        with speaking(reader.language):
            grid = choosing.grid(here, from_on)
            cancel = (
                button(_("Cancel"), "abslist", owner_id)
                if changes is None
                else button(_("‹ Back"), "absone", changes.id)
            )
            name = month(here)
        text = self.desk.text(
            "absence/days",
            reader,
            month=name,
            first_on=first_on,
            is_practice=owner_id == PRACTICE,
        )
        return Screen(text, rows(*grid, [cancel]))

    def plan(
        self,
        plan: Plan,
        today: str,
        reader: Reader,
        person_id: int | None,
        *,
        is_looked_at: bool = False,
    ) -> Screen:
        """Show an absence before it counts, after an act on it, or to look at it.

        person_id: who reads; of other therapists' clients they see how many, and no code.
        """
        at, owner = plan.absence.id, plan.absence.owner_id
        has_begun = plan.absence.first_on < today
        with speaking(reader.language):
            back = button(_("‹ Back"), "abslist", owner)
            if plan.is_new:
                apply = _("Change it") if plan.is_within else _("Apply")
                keyboard = rows(
                    [button(apply, "absset", at), button(_("Cancel"), "abslist", owner)]
                )
            elif is_looked_at and plan.stands:
                off = _("I am back") if has_begun else _("Take it back")
                keyboard = rows(
                    [button(_("Change the days"), "abschg", at), button(off, "absdel", at)], [back]
                )
            else:
                keyboard = rows([button(_("Undo"), "absundo", at), back])
            text = self._text(plan, reader, person_id, is_looked_at=is_looked_at)
        return Screen(text, keyboard)

    def told(self, plan: Plan, reader: Reader) -> Screen:
        """Tell a therapist of days on which the practice is closed, or is not after all."""
        with speaking(reader.language):
            lines = [self._effect(one, one.therapist_id) for one in plan.effects]
            text = self.desk.text(
                "notice/closed",
                reader,
                plan=plan,
                days=days(plan.absence),
                replaced=[days(one) for one in plan.replaced],
                effects=lines,
            )
        return Screen(text)

    def _text(
        self, plan: Plan, reader: Reader, person_id: int | None, *, is_looked_at: bool
    ) -> str:
        absence = plan.absence
        effects = [self._effect(one, person_id) for one in plan.effects[:_THERAPISTS]]
        return self.desk.text(
            "absence/plan",
            reader,
            plan=plan,
            days=days(absence),
            replaced=[days(one) for one in plan.replaced],
            uncovered=[
                self._line(one)
                for one in (() if plan.was or is_looked_at else plan.replaced)
                if one.cover not in (None, absence.cover)
            ],
            effects=effects,
            same=effects[0] if plan.is_practice and _is_one_time(plan.effects) else None,
            more=max(0, len(plan.effects) - _THERAPISTS),
            typed=f"/away {absence.first_on} {absence.last_on}",
            is_looked_at=is_looked_at,
        )

    def _effect(self, effect: Effect, person_id: int | None) -> dict[str, Any]:
        is_own = effect.therapist_id == person_id
        return {
            "of": effect,
            "cancelled": _codes(effect.cancelled) if is_own else "",
            "back": _codes(effect.back) if is_own else "",
        }

    def _line(self, absence: Absence) -> dict[str, Any]:
        return {"days": days(absence), "cover": absence.cover}


def days(absence: Absence) -> str:
    """Name an absence's days in the language spoken now: `Sun, Dec 20 – Wed, Jan 6 2027`."""
    last = f"{day(absence.last_on)} {absence.last_on[:4]}"
    return last if absence.first_on == absence.last_on else f"{day(absence.first_on)} – {last}"


def _is_one_time(effects: Sequence[Effect]) -> bool:
    """Say whether the digests of several therapists come at the same times."""
    times = {(one.zone, one.eve_at, one.is_now, one.next_at) for one in effects}
    return len(effects) > 1 and len(times) == 1


def _codes(codes: Sequence[str]) -> str:
    """Name codes once each, with how often they are there: `A7 ×3, C3`; "" for none."""
    counted = Counter(codes).most_common()
    named = [code if n == 1 else f"{code} ×{n}" for code, n in counted[:_CODES]]
    return ", ".join([*named, *(["…"] if len(counted) > _CODES else [])])


def _month(shown: str, otherwise: str) -> str:
    """Read a month as a button carries it. Errors: Refused("stale_button")."""
    return _day(f"{shown}-01")[:7] if shown else otherwise[:7]


def _day(on: str) -> str:
    """Read a day as a button carries it. Errors: Refused("stale_button")."""
    try:
        return date.fromisoformat(on).isoformat()
    except ValueError:
        raise Refused("stale_button") from None


def _shifted(on: str, months: int) -> str:
    """Give the first day of a month so many months later."""
    year, number = divmod(int(on[:4]) * 12 + int(on[5:7]) - 1 + months, 12)
    return f"{year:04}-{number + 1:02}-01"


def _days_of(first: str) -> list[str]:
    begin = date.fromisoformat(first)
    end = date.fromisoformat(_shifted(first, 1))
    return [(begin + timedelta(days=n)).isoformat() for n in range((end - begin).days)]
