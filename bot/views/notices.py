"""News for therapists and clients that are not part of a check-in or a digest."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.people import Pair, Person
from bot.render import gettext as _
from bot.render import speaking
from bot.services.enrolment import Joining
from bot.services.hold import Telling
from bot.services.ports import Screen
from bot.services.talks import Talk
from bot.services.unopened import Unopened
from bot.store.losses import Loss
from bot.views.buttons import button, rows
from bot.views.checkin import CheckInViews
from bot.views.people import PeopleViews
from bot.views.reader import Reader


@dataclass(frozen=True, slots=True)
class NoticeViews:
    """Makes the screens of notices."""

    people: PeopleViews
    checkins: CheckInViews

    def plain(self, name: str, pair: Pair | None, reader: Reader) -> Screen:
        """Show a notice that needs no buttons."""
        return self.people.words(f"notice/{name}", reader, pair=pair)

    def joining(self, joining: Joining, reader: Reader) -> Screen:
        """Tell a client that the therapist has confirmed, with what comes next."""
        return self.people.joining(joining, reader)

    def joined(self, name: str, pair: Pair, client: Person, reader: Reader) -> Screen:
        """Ask a therapist (again) to confirm who joined."""
        asked = self.people.joined(pair, client, reader)
        text = self.people.words(f"notice/{name}", reader, pair=pair, client=client).text
        return Screen(text, asked.keyboard)

    def keep_asking(self, joining: Joining, reader: Reader) -> Screen:
        """Ask a client who has been silent how to go on."""
        return self.people.keep_asking(joining, reader)

    def wrong_client(self, talk: Talk, reader: Reader) -> Screen:
        """Tell a client that a check-in was about somebody else's appointment."""
        return self.people.words("notice/wrong_client", reader, talk=talk)

    def expired(self, pair: Pair, reader: Reader) -> Screen:
        """Tell a therapist that a client's link has expired, with a button for a new one."""
        text = self.people.words("notice/expired", reader, pair=pair).text
        return Screen(text, self.people.pair(pair, None, reader).keyboard)

    def watch_help(self, how: str, reader: Reader) -> Screen:
        """Show a client help after the phrase watch found something; how: told, shared or kept."""
        return self.people.words("notice/watch_help", reader, how=how)

    def watch(self, pair: Pair, at: int, reader: Reader) -> Screen:
        """Tell a therapist of a shared text, without a word of it; at: numbers the notice."""
        text = self.people.words("notice/watch", reader, pair=pair, at=at).text
        with speaking(reader.language):
            details = button(f"{pair.code} · " + _("Details"), "details", 0, pair.id, "0")
        return Screen(text, rows([details]))

    def unopened(self, name: str, lying: Unopened, reader: Reader) -> Screen:
        """Remind a therapist of digests that lie unopened, or tell an admin whose do."""
        text = self.people.words(f"notice/{name}", reader, lying=lying).text
        with speaking(reader.language):
            opened = button(_("Open the newest"), "page", lying.newest_id, "1")
        return Screen(text, rows([opened] if name == "unopened" else []))

    def hold(self, loss: Loss, reader: Reader) -> Screen:
        """Tell an admin that the bot is on hold, or that it goes on."""
        name = "hold" if loss.resumed_at is None else "resumed"
        return self.people.words(f"notice/{name}", reader, loss=loss)

    def lost(self, telling: Telling, reader: Reader) -> Screen:
        """Tell a therapist which hours were lost, and about whom nobody asks again."""
        return self.people.words("notice/lost", reader, telling=telling, loss=telling.loss)

    def lost_open(self, talk: Talk, loss: Loss) -> Screen:
        """Tell a client of lost hours, with the check-in that can still be withheld or changed."""
        return self.checkins.after_loss(talk, loss)

    def before_first(self, pair: Pair, talk: Talk, reader: Reader) -> Screen:
        """Tell a therapist what a client said before the first session."""
        withheld = talk.checkin.state == "withheld"
        lines = [] if withheld else self.checkins.lines(talk, reader)
        return self.people.words(
            "notice/before_first", reader, pair=pair, lines=lines, withheld=withheld
        )
