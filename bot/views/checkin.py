"""The check-in's screens: one item at a time, the review at the end, and how it can end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from bot.core import conversation
from bot.core.conversation import Answer
from bot.core.instrument import Item
from bot.core.people import Person
from bot.core.shown import cut_text
from bot.render import gettext as _
from bot.render import speaking
from bot.services.ports import Keyboard, Screen
from bot.services.talks import Talk
from bot.store.losses import Loss
from bot.views.buttons import Button, button, columns, rows
from bot.views.reader import Desk, Reader

_CHIP_COLUMNS = 2
#: So much of a goal's words names it in a list, in UTF-16 units.
_GOAL_SHOWN = 40


@dataclass(frozen=True, slots=True)
class CheckInViews:
    """Makes the check-in's screens."""

    desk: Desk

    def now(self, talk: Talk) -> Screen:
        """Show a check-in as it stands: the item to answer, the review, or how it ended."""
        reader = self.desk.reader(talk.person)
        if not talk.is_open or not (talk.may_ask or talk.position is None):
            return self.ended(talk)
        with speaking(reader.language):
            if talk.position is None:
                return Screen(
                    self._text("review", reader, talk, lines=self._lines(talk, reader)),
                    self._review_keyboard(talk),
                )
            return self._item(talk, talk.position, reader)

    def reminder(self, talk: Talk) -> Screen:
        """Show the item to answer once more, with the reminder's words above."""
        # It is the one repetition, so there is no later any more.
        return self._below("reminder", replace(talk, snoozes={}))

    def after_outage(self, talk: Talk) -> Screen:
        """Show the item again after taps may have been lost on Telegram's side."""
        return self._below("after_outage", talk)

    def after_loss(self, talk: Talk, loss: Loss) -> Screen:
        """Show a check-in as it stood before hours that are lost, and say so above."""
        return self._below("lost", talk, loss=loss, kept=talk.keeps_text(loss))

    def _below(self, template: str, talk: Talk, **values: object) -> Screen:
        screen = self.now(talk)
        number, of = _number(talk)
        reader = self.desk.reader(talk.person)
        first = self._text(template, reader, talk, number=number, of=of, **values)
        return Screen(f"{first}\n\n{screen.text}", screen.keyboard)

    def moved(self, person: Person) -> Screen:
        """Leave a note where a check-in stood before its reminder."""
        return Screen(self.desk.text("client/moved", self.desk.reader(person)))

    def later(self, talk: Talk) -> Screen:
        """Offer when to ask again."""
        reader = self.desk.reader(talk.person)
        with speaking(reader.language):
            at = talk.checkin.id
            labels = {
                "hour": _("In an hour"),
                "evening": _("This evening"),
                "tomorrow": _("Tomorrow"),
            }
            keyboard = rows(
                [button(labels[when], "later", at, when) for when in talk.snoozes],
                [button(_("‹ Back"), "show", at)],
                [_help(at)],
            )
        return Screen(self._text("later", reader, talk), keyboard)

    def snoozed(self, talk: Talk) -> Screen:
        """Say when it will ask again, and that answering is possible until it closes."""
        reader = self.desk.reader(talk.person)
        with speaking(reader.language):
            at = talk.checkin.id
            keyboard = rows([button(_("Answer now"), "show", at)], [_help(at)])
        return Screen(self._text("snoozed", reader, talk), keyboard)

    def change(self, talk: Talk) -> Screen:
        """List the answers, each with a button to go back to it."""
        reader = self.desk.reader(talk.person)
        items = conversation.shown_items(talk.instrument, talk.answers, talk.known)
        with speaking(reader.language):
            buttons = [
                button(self._short(talk, item, reader), "reopen", talk.checkin.id, item.key)
                for item in items
                if item.key in talk.answers and item.key not in talk.shut
            ]
            keyboard = rows(
                *columns(buttons, _CHIP_COLUMNS),
                [button(_("‹ Back"), "show", talk.checkin.id)],
                [_help(talk.checkin.id)],
            )
            return Screen(
                self._text("change", reader, talk, lines=self._lines(talk, reader)), keyboard
            )

    def withhold(self, talk: Talk) -> Screen:
        """Ask once more before answers are withheld for good."""
        reader = self.desk.reader(talk.person)
        with speaking(reader.language):
            keyboard = rows(
                [button(_("Don't send"), "withheld", talk.checkin.id)],
                [button(_("‹ Back"), "show", talk.checkin.id)],
                [_help(talk.checkin.id)],
            )
        return Screen(self._text("withhold", reader, talk), keyboard)

    def ended(self, talk: Talk) -> Screen:
        """Show how a check-in ended, without answers (phones are shared)."""
        reader = self.desk.reader(talk.person)
        some = any(answer.value is not None for answer in talk.answers.values())
        goes = talk.waits and any(
            answer.value is not None and answer.disclosure != "keep"
            for answer in talk.answers.values()
        )
        return Screen(self._text("ended", reader, talk, some=some, goes=goes))

    def gone(self, reader: Reader) -> Screen:
        """Show that a check-in is no more, where nothing else is known about it."""
        return Screen(self.desk.text("client/gone", reader))

    def lines(self, talk: Talk, reader: Reader) -> list[tuple[str, str]]:
        """List what was answered as (name, answer); never a free text itself."""
        with speaking(reader.language):
            return self._lines(talk, reader)

    def _lines(self, talk: Talk, reader: Reader) -> list[tuple[str, str]]:
        lines = []
        for item in conversation.shown_items(talk.instrument, talk.answers, talk.known):
            given = talk.answers.get(item.key)
            if given is None or (given.value is None and item.kind != "rating"):
                continue
            if item.key in talk.shut:
                # Nor that it was asked: what is asked besides tells how the ratings were.
                continue
            lines.append((self._short(talk, item, reader), self._answer(talk, given, reader)))
        return lines

    def _text(self, name: str, reader: Reader, talk: Talk, **values: object) -> str:
        return self.desk.text(f"client/{name}", reader, talk=talk, checkin=talk.checkin, **values)

    def _item(self, talk: Talk, item: Item, reader: Reader) -> Screen:
        is_rating = item.kind == "rating"
        number, of = _number(talk)
        given = talk.answers.get(item.key)
        text = self._text(
            "item",
            reader,
            talk,
            item=item,
            question=self._words(talk, reader, item.key),
            goal=talk.goals.get(item.key),
            lowest=self._words(talk, reader, f"{item.key}.lowest") if is_rating else "",
            highest=self._words(talk, reader, f"{item.key}.highest") if is_rating else "",
            number=number,
            of=of,
            is_opening=not talk.answers,
            given=given,
        )
        return Screen(text, self._keyboard(talk, item, given, reader))

    def _keyboard(self, talk: Talk, item: Item, given: Answer | None, reader: Reader) -> Keyboard:
        match item.kind:
            case "rating":
                return self._rating_keyboard(talk, item, given)
            case "chips":
                return self._chips_keyboard(talk, item, given, reader)
            case "choice":
                return self._choice_keyboard(talk, item, given, reader)
            case "text":
                return self._text_keyboard(talk, item, given)
            case _ as never:
                assert_never(never)

    def _rating_keyboard(self, talk: Talk, item: Item, given: Answer | None) -> Keyboard:
        at = talk.checkin.id
        value = given.value if given and item.key not in talk.shut else None
        numbers = [
            button(f"· {n} ·" if n == value else str(n), "rate", at, item.key, str(n))
            for n in range(item.lowest, item.highest + 1)
        ]
        half = (len(numbers) + 1) // 2
        opening: list[list[Button]] = []
        if not talk.answers and talk.checkin.kind == "session":
            # Apart from each other: one of them cannot be taken back.
            opening = [
                [button(_("Later"), "snooze", at)] if talk.snoozes else [],
                [button(_("We did not meet"), "unmet", at)],
            ]
        elif not talk.answers and talk.checkin.kind == "goodbye":
            opening = [
                [button(_("Later"), "snooze", at)] if talk.snoozes else [],
                [button(_("No, thank you"), "nothanks", at)],
            ]
        return rows(
            numbers[:half], numbers[half:], self._moves(talk, item, given), *opening, [_help(at)]
        )

    def _chips_keyboard(
        self, talk: Talk, item: Item, given: Answer | None, reader: Reader
    ) -> Keyboard:
        at = talk.checkin.id
        had = given.value if given and isinstance(given.value, tuple) else ()
        had = () if item.key in talk.shut else had
        chips = [
            button(
                ("✓ " if option in had else "") + self._words(talk, reader, f"{item.key}.{option}"),
                "chip",
                at,
                item.key,
                str(item.options.index(option)),
                "0" if option in had else "1",
            )
            for option in item.options
        ]
        lines = columns(chips, _CHIP_COLUMNS)
        return rows(*lines, self._moves(talk, item, given), [_help(at)])

    def _choice_keyboard(
        self, talk: Talk, item: Item, given: Answer | None, reader: Reader
    ) -> Keyboard:
        at = talk.checkin.id
        choices = [
            button(
                self._words(talk, reader, f"{item.key}.{option}"),
                "choose",
                at,
                item.key,
                str(item.options.index(option)),
            )
            for option in item.options
        ]
        lines = columns(choices, _CHIP_COLUMNS)
        return rows(*lines, self._moves(talk, item, given), [_help(at)])

    def _text_keyboard(self, talk: Talk, item: Item, given: Answer | None) -> Keyboard:
        at = talk.checkin.id
        if given is None or given.value is None:
            return rows(self._moves(talk, item, given), [_help(at)])
        # At the end there is no next session to raise it in.
        raises = talk.checkin.kind != "goodbye"
        return rows(
            [button(_("Show my therapist"), "disclose", at, item.key, "show")],
            [button(_("Raise it for me"), "disclose", at, item.key, "raise")] if raises else [],
            [button(_("Keep it for me"), "disclose", at, item.key, "keep")],
            [button(_("Remove the text"), "remove", at, item.key)],
            [_help(at)],
        )

    def _moves(self, talk: Talk, item: Item, given: Answer | None) -> list[Button]:
        at = talk.checkin.id
        moves: list[Button] = []
        before = conversation.item_before(talk.instrument, talk.answers, talk.known, item)
        if before is not None:
            moves.append(button(_("‹ Back"), "back", at))
        answered = given is not None and given.value is not None
        if item.kind == "chips" and item.key in talk.shut:
            # Nor that it was asked before.
            answered = False
        if item.kind == "chips" and answered:
            moves.append(button(_("Done ›"), "pass", at, item.key))
        elif answered:
            moves.append(button(_("Keep it ›"), "pass", at, item.key))
        else:
            moves.append(button(_("Skip ›"), "pass", at, item.key))
        return moves

    def _review_keyboard(self, talk: Talk) -> Keyboard:
        at = talk.checkin.id
        if not talk.may_ask:
            return rows([button(_("Don't send"), "withhold", at)], [_help(at)])
        texts = [item for item in talk.instrument.items if item.kind == "text"]
        more = [button(_("Add something"), "reopen", at, item.key) for item in texts[:1]]
        return rows(
            [*([button(_("Change"), "change", at)] if talk.can_change else []), *more],
            [button(_("Don't send"), "withhold", at)],
            [_help(at)],
        )

    def _words(self, talk: Talk, reader: Reader, key: str) -> str:
        return talk.instrument.text(reader.language, key)

    def _short(self, talk: Talk, item: Item, reader: Reader) -> str:
        names = {
            "obstacles": _("What got in the way"),
            "good": _("What made it work"),
            "different": _("Your text"),
            "farewell": _("Your text"),
            "talked": _("Talked about it"),
        }
        if item.key in talk.goals:
            return _("“%(words)s”") % {"words": cut_text(talk.goals[item.key], _GOAL_SHOWN)}
        short = talk.instrument.short(reader.language, item)
        return names.get(item.key) or short[:1].upper() + short[1:]

    def _answer(self, talk: Talk, given: Answer, reader: Reader) -> str:
        match given.value:
            case None:
                return _("skipped")
            case int(value):
                return str(value)
            case tuple(options):
                return ", ".join(self._words(talk, reader, f"{given.item}.{o}") for o in options)
            case str(value) if talk.instrument.item(given.item).kind == "choice":
                return self._words(talk, reader, f"{given.item}.{value}")
            case _:
                return {
                    "show": _("shown to your therapist"),
                    "raise": _("raised for you"),
                }.get(given.disclosure or "keep", _("kept for you alone"))


def _number(talk: Talk) -> tuple[int, int]:
    """Give which question stands, of how many; 0 where it is one that not everybody is asked."""
    numbered = talk.instrument.numbered
    at = numbered.index(talk.position) + 1 if talk.position in numbered else 0
    return at, len(numbered)


def _help(checkin_id: int) -> Button:
    return button(_("Help now"), "help", checkin_id)
