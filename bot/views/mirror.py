"""The therapist's mirror on screen: the sessions to guess about, and one item at a time."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.instrument import Instrument, Item
from bot.render import gettext as _
from bot.render import speaking, weekday
from bot.services.mirror import Mirror
from bot.services.ports import Screen
from bot.store.mirror import Guessable
from bot.views.buttons import Button, button, rows
from bot.views.reader import Desk, Reader


@dataclass(frozen=True, slots=True)
class MirrorViews:
    """Makes these screens. instrument: whose items are worded from the client's view."""

    desk: Desk
    instrument: Instrument

    def asked(self, mirror: Mirror, reader: Reader) -> Screen | None:
        """Show what can be guessed; None where there is nothing (any more)."""
        open_ones = [session for session in mirror.sessions if mirror.missing(session)]
        return self.all(mirror, reader) if mirror.is_on and open_ones else None

    def all(self, mirror: Mirror, reader: Reader) -> Screen:
        """List the sessions, and turn the mirror on or off."""
        with speaking(reader.language):
            sessions = [
                [button(self._label(mirror, session), "mirask", session.checkin_id, "")]
                for session in mirror.sessions
            ]
            turn = (
                button(_("Turn this off"), "mirset", 0, "off")
                if mirror.is_on
                else button(_("Turn this on"), "mirset", 0, "on")
            )
        text = self.desk.text("therapist/mirror", reader, mirror=mirror)
        return Screen(text, rows(*sessions, [turn]))

    def _label(self, mirror: Mirror, session: Guessable) -> str:
        done = "" if mirror.missing(session) else "✓ "
        return f"{done}{_name(session)}"

    def item(self, mirror: Mirror, session: Guessable, key: str, reader: Reader) -> Screen:
        """Show one item of a session; without a key the first that is missing."""
        missing = mirror.missing(session)
        named = next((item for item in mirror.ratings if item.key == key), None)
        item = named or (missing[0] if missing else mirror.ratings[0])
        place = mirror.ratings.index(item)
        language = reader.language
        with speaking(language):
            name = _name(session)
            keyboard = rows(*self._numbers(session, item), self._moves(mirror, session, place))
        text = self.desk.text(
            "therapist/mirror_item",
            reader,
            name=name,
            number=place + 1,
            of=len(mirror.ratings),
            question=self.instrument.text(language, f"{item.key}.mirror"),
            item=item,
            lowest=self.instrument.text(language, f"{item.key}.lowest"),
            highest=self.instrument.text(language, f"{item.key}.highest"),
        )
        return Screen(text, keyboard)

    def next(self, mirror: Mirror, checkin_id: int, reader: Reader) -> Screen:
        """Show what comes after a guess: the next missing item, or the list."""
        session = mirror.session(checkin_id)
        if mirror.missing(session):
            return self.item(mirror, session, "", reader)
        return self.all(mirror, reader)

    def _numbers(self, session: Guessable, item: Item) -> tuple[list[Button], list[Button]]:
        at, given = session.checkin_id, session.guesses.get(item.key)
        numbers = [
            button(f"· {n} ·" if n == given else str(n), "mirrate", at, item.key, str(n))
            for n in range(item.lowest, item.highest + 1)
        ]
        half = (len(numbers) + 1) // 2
        return numbers[:half], numbers[half:]

    def _moves(self, mirror: Mirror, session: Guessable, place: int) -> list[Button]:
        at, key = session.checkin_id, mirror.ratings[place].key
        back = button(_("‹ Back"), "mirror", 0)
        if place:
            back = button(_("‹ Back"), "mirask", at, mirror.ratings[place - 1].key)
        if key in session.guesses:
            after = mirror.ratings[place + 1 : place + 2]
            if not after:
                return [back, button(_("Done ›"), "mirror", 0)]
            return [back, button(_("Keep it ›"), "mirask", at, after[0].key)]
        return [back, button(_("Skip ›"), "mirskip", at, key)]


def _name(session: Guessable) -> str:
    return f"{session.code} · {weekday(session.on)} {session.time}"
