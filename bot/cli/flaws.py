"""What in a calendar cannot be taken as it stands, in a sentence with what to do."""

from __future__ import annotations

from bot.core.shown import on_one_line


def told(kind: str, *, line: int, starts: str, zone: str, name: str = "") -> str:
    """Say what is wrong and what helps. kind: of a `Flaw`. line: 0 where it is not known.

    starts: when it begins, as it stands there. zone: in which times without one are read. name: of
    the zone that stands there, where it was kept.
    """
    where = f"line {line}, " if line else ""
    about = f"{where}what begins {starts}"
    there = f"{where}the time zone {on_one_line(name, 60)}" if name else f"{about}: its time zone"
    return {
        "too_often": f"{about} repeats within a day and is left out: no therapy meets like that",
        "bad_rule": f"{about} repeats by a rule that cannot be read, or takes too much reckoning,"
        " and is left out: set its repetition again in the calendar",
        "bad_event": f"{about} has no times that can be read and is left out:"
        " set them again in the calendar",
        "zone": f"{there} is unknown; its times are read in {zone}:"
        " choose a zone like Europe/Berlin in the calendar",
        "zone_rule": f"{there} is defined by a rule that no clock follows; its"
        f" times are read in {zone}: choose a zone like Europe/Berlin in the calendar",
        "twice": f"{about} has the id (UID) of something else and is left out: enter it anew in the"
        " calendar and delete this one",
    }[kind]
