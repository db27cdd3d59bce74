"""Screens about people: joining, settings, a client's own decisions, invitations, plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final, assert_never

from bot.core.people import Pair, Person
from bot.render import gettext as _
from bot.render import speaking
from bot.services.confirming import Word
from bot.services.enrolment import Joining, Who
from bot.services.inviting import Invite
from bot.services.ports import Keyboard, Screen
from bot.services.watching import Chosen
from bot.views.buttons import Button, button, columns, link, rows
from bot.views.reader import Desk, Reader

#: Time zones offered by button; any other can be typed.
ZONES: Final = (
    "Europe/Berlin", "Europe/London", "Europe/Lisbon", "Europe/Athens", "Europe/Istanbul",
    "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles",
    "America/Sao_Paulo", "Asia/Dubai", "Asia/Kolkata", "Asia/Tokyo", "Australia/Sydney",
)  # fmt: skip
LANGUAGE_NAMES: Final = (("en", "English"), ("de", "Deutsch"))
QUIET: Final = (("21:00", "08:00"), ("20:00", "09:00"), ("22:00", "07:00"), ("19:00", "10:00"))


@dataclass(frozen=True, slots=True)
class PeopleViews:
    """Makes these screens. username: the bot's own, for links."""

    desk: Desk
    username: str

    def refused(self, reader: Reader, text: str) -> Screen:
        """Show a refusal as a message, with Help now in reach."""
        return Screen(text, self._help(reader))

    def _help(self, reader: Reader) -> Keyboard:
        with speaking(reader.language):
            return rows([button(_("Help now"), "help", 0)])

    def help(self, who: Who, reader: Reader) -> Screen:
        """Show the practice's safety text first, then what the bot can do for this person."""
        known = who.person is not None
        return Screen(self.desk.text("help", reader, roles=self._roles(who), known=known))

    def privacy(self, reader: Reader) -> Screen:
        """Show the privacy text."""
        return Screen(self.desk.text("client/privacy", reader))

    def home(self, who: Who, reader: Reader) -> Screen:
        """Greet somebody who is known (or not) and say what can be done here."""
        is_asked = any(not pair.is_over for pair in who.pairs)
        text = self.desk.text("home", reader, roles=self._roles(who), is_asked=is_asked)
        return Screen(text, self._help(reader))

    def words(self, name: str, reader: Reader, **values: object) -> Screen:
        """Show a template that has no buttons of its own."""
        return Screen(self.desk.text(name, reader, **values))

    def _roles(self, who: Who) -> frozenset[str]:
        return who.roles | ({"client"} if who.is_client else frozenset())

    def joining(self, joining: Joining, reader: Reader) -> Screen:
        """Show the next step of joining."""
        text = self.desk.text(f"client/join_{joining.missing}", reader, joining=joining)
        with speaking(reader.language):
            return Screen(text, self._joining_keyboard(joining))

    def _joining_keyboard(self, joining: Joining) -> Keyboard:
        pair = joining.pair.id
        help_now = button(_("Help now"), "help", 0)
        match joining.missing:
            case "language":
                return rows([button(name, "jlang", pair, code) for code, name in LANGUAGE_NAMES])
            case "timezone":
                return rows(
                    [button(_("Yes, that is right"), "jzone", pair, "own")],
                    [button(_("Another time zone"), "jzone", pair, "more")],
                )
            case "consent":
                return rows(
                    [button(_("I agree"), "agree", pair)],
                    [button(_("No, thank you"), "decline", pair), help_now],
                )
            case "watch_notice" | "watch_kept" as missing:
                yes = _("Yes, tell my therapist") if missing == "watch_notice" else _("Yes, do")
                about = missing.removeprefix("watch_")
                return rows(
                    [button(yes, "jwatch", pair, about, "yes")],
                    [button(_("No, thank you"), "jwatch", pair, about, "no"), help_now],
                )
            case "therapist" | "nothing":
                begin = button(_("Answer now (three questions)"), "begin", pair)
                return rows([begin] if joining.may_begin else [], [help_now])
            case _ as never:
                assert_never(never)

    def zones(self, act: str, subject: int, reader: Reader) -> Screen:
        """Offer time zones by button; others can be typed."""
        buttons = [
            button(zone.split("/")[1].replace("_", " "), act, subject, str(number))
            for number, zone in enumerate(ZONES)
        ]
        return Screen(self.desk.text("client/zones", reader), rows(*columns(buttons, 2)))

    def settings(
        self, reader: Reader, quiet: tuple[str, str] | None, chosen: Sequence[Chosen]
    ) -> Screen:
        """Show what somebody chose for themselves.

        quiet: the quiet hours, a client's alone. chosen: about the phrase watch, by therapist.
        """
        text = self.desk.text(
            "settings",
            reader,
            quiet=quiet,
            chosen=dict(LANGUAGE_NAMES)[reader.spoken],
            watched=chosen,
        )
        offered = QUIET if quiet else ()
        with speaking(reader.language):
            return Screen(
                text,
                rows(
                    [button(name, "slang", 0, code) for code, name in LANGUAGE_NAMES],
                    [button(_("Time zone"), "szone", 0, "more")],
                    [
                        button(f"{since}–{till}", "squiet", 0, since, till)
                        for since, till in offered
                    ],
                    *_watch_buttons(chosen),
                ),
            )

    def choose_pair(
        self, act: str, pairs: list[tuple[Pair, str]], reader: Reader, *args: str
    ) -> Screen:
        """Ask which therapist is meant; args: what the act is done with."""
        text = self.desk.text("client/which", reader)
        return Screen(text, rows(*([button(name, act, pair.id, *args)] for pair, name in pairs)))

    def pausing(self, pair: Pair, example_on: str, reader: Reader) -> Screen:
        """Offer how long to pause. example_on: a day that could be typed."""
        with speaking(reader.language):
            weeks = [
                button(_("2 weeks"), "pause", pair.id, "2"),
                button(_("4 weeks"), "pause", pair.id, "4"),
                button(_("Until I resume"), "pause", pair.id, "0"),
            ]
        text = self.desk.text("client/pausing", reader, pair=pair, example_on=example_on)
        return Screen(text, rows(weeks))

    def paused(self, pair: Pair, reader: Reader) -> Screen:
        """Say that the questions are paused, with the way back."""
        with speaking(reader.language):
            keyboard = rows([button(_("Resume"), "resume", pair.id)])
        return Screen(self.desk.text("client/paused", reader, pair=pair), keyboard)

    def stopping(self, pair: Pair, reader: Reader) -> Screen:
        """Offer the three ways to stop; somebody not confirmed yet has only one."""
        with speaking(reader.language):
            pause = [button(_("Pause"), "pausing", pair.id)]
            each = [button(_("After every session"), "keepon", pair.id)]
            ending = [button(_("I'm thinking of ending or changing therapist"), "ending", pair.id)]
            keyboard = rows(
                [button(_("Stop the questions"), "stop", pair.id)],
                pause if pair.may_pause else [],
                each if pair.may_pause and pair.less_often_at is not None else [],
                ending if pair.confirmed_at is not None and not pair.is_over else [],
                [button(_("Help now"), "help", 0)],
            )
        return Screen(self.desk.text("client/stopping", reader, pair=pair), keyboard)

    def keep_asking(self, joining: Joining, reader: Reader) -> Screen:
        """Ask whether to go on after silence: every answer is as good as the others."""
        pair = joining.pair
        with speaking(reader.language):
            keyboard = rows(
                [
                    button(_("Yes"), "keepon", pair.id),
                    button(_("Less often"), "seldom", pair.id),
                    button(_("Stop"), "stop", pair.id),
                ],
                [button(_("Help now"), "help", 0)],
            )
        return Screen(self.desk.text("notice/keep_asking", reader, joining=joining), keyboard)

    def how_often(self, pair: Pair, reader: Reader) -> Screen:
        """Say after which sessions questions come, with the other way to have them."""
        with speaking(reader.language):
            other = (
                button(_("After every second session"), "seldom", pair.id)
                if pair.less_often_at is None
                else button(_("After every session"), "keepon", pair.id)
            )
        return Screen(self.desk.text("client/how_often", reader, pair=pair), rows([other]))

    def ending(self, pair: Pair, reader: Reader) -> Screen:
        """Ask whether the therapist shall be told."""
        with speaking(reader.language):
            keyboard = rows(
                [button(_("Yes, tell my therapist"), "tellend", pair.id)],
                [button(_("No, keep it to me"), "keepend", pair.id)],
                [button(_("Help now"), "help", 0)],
            )
        return Screen(self.desk.text("client/ending", reader, pair=pair), keyboard)

    def erasing(self, pair: Pair, reader: Reader) -> Screen:
        """Explain what erasing means here and ask once more; pausing is offered first."""
        by_request = self.desk.settings.privacy.feedback_in_clinical_record
        text = self.desk.text("client/erasing", reader, by_request=by_request)
        with speaking(reader.language):
            yes = _("Send the request") if by_request else _("Erase everything")
            keyboard = rows(
                [button(_("Pause instead"), "pausing", pair.id)] if pair.may_pause else [],
                [button(yes, "erase", pair.id)],
            )
        return Screen(text, keyboard)

    def invitation(self, invite: Invite, reader: Reader) -> Screen:
        """Show an invitation's link as a QR picture."""
        url = self.url(invite.secret)
        name = f"{'therapist' if invite.kind == 'client' else 'admin'}/invitation"
        return self.link_picture(url, self.desk.text(name, reader, invite=invite, url=url), reader)

    def link_picture(self, url: str, text: str, reader: Reader) -> Screen:
        """Show a link as a QR picture with a text below it."""
        # Only a link needs it: the idle program does without its memory.
        import segno

        picture = BytesIO()
        segno.make(url, error="m").save(picture, kind="png", scale=8, border=4)
        with speaking(reader.language):
            keyboard = rows([link(_("Open the link"), url)])
        return Screen(text, keyboard, photo=picture.getvalue())

    def url(self, secret: str) -> str:
        """Give the deep link of an invitation."""
        return f"https://t.me/{self.username}?start={secret}"

    def joined(self, pair: Pair, client: Person, reader: Reader) -> Screen:
        """Ask the therapist to confirm who joined."""
        text = self.desk.text("therapist/joined", reader, pair=pair, client=client)
        with speaking(reader.language):
            return Screen(text, rows(*self._word(pair, client)))

    def _word(self, pair: Pair, client: Person) -> list[list[Button]]:
        return [
            [button(_("Yes, that is my client"), "confirm", pair.id, client.id)],
            [button(_("No, somebody else"), "away", pair.id, client.id)],
        ]

    def settled(self, word: Word, reader: Reader) -> Screen:
        """Say how a joining stands in a message that asked about it, without a name."""
        return Screen(self.desk.text("therapist/settled", reader, pair=word.pair))

    def clients(self, pairs: list[Pair], unreachable: frozenset[int], reader: Reader) -> Screen:
        """List a therapist's pairs with how each stands."""
        buttons = [
            button(pair.code, "pairinfo", pair.id) for pair in pairs if pair.state != "ended"
        ]
        text = self.desk.text("therapist/clients", reader, pairs=pairs, unreachable=unreachable)
        return Screen(text, rows(*columns(buttons, 4)))

    def pair(
        self, pair: Pair, client: Person | None, reader: Reader, *, has_earlier: bool = False
    ) -> Screen:
        """Show one pair to its therapist, with what can be done about it now.

        has_earlier: the client shares what was before, with another therapist.
        """
        lines: list[list[Button]] = []
        with speaking(reader.language):
            if pair.state == "invited":
                lines = [[button(_("New link"), "reinvite", pair.id)]]
            elif client is not None and pair.confirmed_at is None:
                lines = [[button(_("Who joined?"), "whois", pair.id)], *self._word(pair, client)]
            if has_earlier:
                lines = [*lines, [button(_("Earlier answers"), "earlier", pair.id)]]
            if not pair.is_over:
                lines = [*lines, [button(_("Therapy has ended …"), "endpair", pair.id)]]
        text = self.desk.text("therapist/pair", reader, pair=pair, client=client)
        return Screen(text, rows(*lines))

    def notice(
        self, name: str, reader: Reader, keyboard: Keyboard = (), **values: object
    ) -> Screen:
        """Show a notice of the outbox."""
        return Screen(self.desk.text(f"notice/{name}", reader, **values), keyboard)


def _watch_buttons(chosen: Sequence[Chosen]) -> list[list[Button]]:
    """Give, for each therapist, what can be chosen otherwise about the phrase watch."""
    lines = []
    for one in chosen:
        whose = f"{one.therapist_name}: " if len(chosen) > 1 else ""
        tells, reads = (one.choices.get(about) == "yes" for about in ("notice", "kept"))
        notice = _("Tell nobody") if tells else _("Tell my therapist")
        kept = _("Leave kept texts alone") if reads else _("Look at kept texts too")
        at = one.pair.id
        lines.append([button(whose + notice, "swatch", at, "notice", "no" if tells else "yes")])
        lines.append([button(whose + kept, "swatch", at, "kept", "no" if reads else "yes")])
    return lines
