"""Screens about a new phone or account: the link, the number, and what became of the former one."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.people import Pair
from bot.render import gettext as _
from bot.render import speaking
from bot.services.enrolment import Joining
from bot.services.ports import Screen
from bot.services.relink_links import Offer, Opened
from bot.services.relinking_own import Renewed
from bot.views.buttons import button, rows
from bot.views.people import PeopleViews
from bot.views.reader import Reader


@dataclass(frozen=True, slots=True)
class RelinkViews:
    """Makes these screens."""

    people: PeopleViews

    def offer(self, offer: Offer, reader: Reader) -> Screen:
        """Show a link for a new account as a QR picture."""
        url = self.people.url(offer.secret)
        name = "admin/relink" if offer.of_therapist else "therapist/relink"
        text = self.people.desk.text(name, reader, offer=offer, url=url)
        return self.people.link_picture(url, text, reader)

    def number(self, opened: Opened, reader: Reader) -> Screen:
        """Show a new account the number to read aloud."""
        text = self.people.desk.text(
            "relink_number", reader, number=opened.number, of_therapist=opened.of_therapist
        )
        with speaking(reader.language):
            return Screen(text, rows([button(_("Help now"), "help", 0)]))

    def moved(self, pair: Pair, reader: Reader) -> Screen:
        """Tell a therapist that a pair goes on in the new account."""
        return self.people.words("therapist/relinked", reader, pair=pair)

    def renewed(self, done: Renewed, reader: Reader) -> Screen:
        """Tell an admin that a therapist goes on in the new account, and what to change."""
        return self.people.words("admin/relinked", reader, done=done)

    def former(self, relink_id: int, others: bool, reader: Reader) -> Screen:
        """Tell a former account, neutrally, that nothing comes there any more."""
        text = self.people.words("notice/relinked", reader, others=others).text
        with speaking(reader.language):
            object_to_it = button(_("That was not me"), "notme", relink_id)
            return Screen(text, rows([object_to_it], [button(_("Help now"), "help", 0)]))

    def former_own(self, relink_id: int, others: bool, reader: Reader) -> Screen:
        """Tell a therapist's former account that nothing comes there any more."""
        text = self.people.words("notice/relinked_former_own", reader, others=others).text
        with speaking(reader.language):
            object_to_it = button(_("That was not me"), "notmine", relink_id)
            return Screen(text, rows([object_to_it], [button(_("Help now"), "help", 0)]))

    def objected_own(self, reader: Reader) -> Screen:
        """Say to a therapist's former account what its objection does."""
        return self.people.words("relink_objected_own", reader)

    def objected_admin(self, name: str, reader: Reader) -> Screen:
        """Tell an admin that a therapist's former account objects."""
        return self.people.words("notice/objected_own", reader, therapist=name)

    def objected(self, reader: Reader) -> Screen:
        """Say to a former account what its objection does."""
        text = self.people.words("relink_objected", reader).text
        with speaking(reader.language):
            return Screen(text, rows([button(_("Help now"), "help", 0)]))

    def gone(self, reader: Reader) -> Screen:
        """Stand in a former chat where something was open or could be read."""
        return self.people.words("relink_gone", reader)

    def arrived(self, joining: Joining, reader: Reader) -> Screen | None:
        """Greet a client's new account: it is asked to agree, or told what it can see.

        None where it has agreed already: all is said then.
        """
        pair = joining.pair
        if pair.relinked_at is not None:
            return self.people.joining(joining, reader)
        if pair.state not in ("stopped", "ended"):
            return None
        text = self.people.words("notice/relinked_to", reader, joining=joining).text
        with speaking(reader.language):
            return Screen(text, rows([button(_("Help now"), "help", 0)]))
