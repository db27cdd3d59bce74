"""The scenes of a rehearsal: invented people, and what they send and tap in a few weeks.

Somebody joins, answers low and high and not at all, the therapist reads and replies, everybody
sends each command and taps each kind of button once. Owns who plays what, in which order; how the
texts are judged that they come to see stands in `bot.demo.rehearsal`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from bot.core.timetable import local_on
from bot.demo.calendar_scenes import play_calendars, play_declared
from bot.demo.stage import Stage
from bot.emulator import Person as Phone
from bot.emulator import Seen
from bot.services.handing import Handing
from bot.views.menus import everybody, professionals

#: What ends something, and is pressed last; what only takes a message away.
_ENDS: Final = (
    "stop", "erase", "withheld", "away", "trulok", "tcancok", "unmet", "close", "endyes",
    "nothanks",
)  # fmt: skip
_PRESSES_AT_MOST: Final = 150
_A_WHILE_MS: Final = 3_000
#: The clients' codes. None has a digit of those that are suggested: an invitation without a code is
#: made as well, and what it takes is chosen at random.
_ANNA, _CORA, _DORA, *_HANDED = ("A1", "C1", "D1", "G1", "H1", "J1")
#: What is come to by a command and several buttons in a row; Anna's, Ben's, the admin's.
_ANNAS: Final = (
    ("start",), ("stop", "ending", "tellend"), ("stop", "ending", "keepend"), ("goals", "goal"),
    ("settings", "szone"),
)  # fmt: skip
_BENS: Final = (
    ("add", "tadd", "tnew", "tform"), ("add", "tnew", "tform", "tprev"), ("mirror", "mirset"),
    ("appointments", "tappt", "tmove", "tpick", "tmprev", "tmoved"),
    ("away", "absnew", "absend"), ("away 2.8.", "absset"), ("away 2.8.",), ("away x",),
    ("away", "absone", "abschg"), ("away", "absone", "absdel"),
    ("appointments", "tappt", "tcanc", "tcancok"), ("appointments", "trules", "trule", "trulok"),
    ("appointments", "tappt", "wrong", "wrongto", "wrongok"),
)  # fmt: skip
_DANAS: Final = (
    ("schedule closed 2.8.", "absset", "absundo"),
    ("schedule week 3", "schset", "schundo"), ("schedule x",), ("schedule delay x",),
)  # fmt: skip
_READING: Final = ("details", "words", "textback", "page", "talk", "details", "sentence")


@dataclass
class Scenes:
    """The people and what they do. Buttons are found by what they carry: texts may be anybody's."""

    stage: Stage
    language: str
    pressed: set[str] = field(default_factory=set)

    async def all(self) -> None:
        """Play everything."""
        dana = self._person("Dana", self.stage.settings.practice.admins[0])
        ben, anna = self._person("Ben"), self._person("Anna")
        await self._start(ben, await self._invited(dana, "/invite_therapist"))
        await self._join(anna, await self._invited(ben, f"/invite {_ANNA}"))
        await self._press(ben, "confirm")
        on = date.fromisoformat(local_on(self.stage.clock.now(), self._zone)) + timedelta(days=1)
        await self._send(ben, f"/add {_ANNA} {on} 15:00 50m weekly")
        await self._press(ben, "tconf")
        await self._press(anna, "begin")
        await self._answer(anna, "8")
        for week, rating in enumerate(("8", "9", "2", "", "8", "", "", "")):
            await self._until("Tue 16:30")
            if week == 0:
                await self._press(anna, "snooze")
                await self._press(anna, "later")
                await self._until("Tue 20:00")
            if rating:
                await self._answer(anna, rating)
            await self._until("Fri 18:30" if week else "Sat 12:00")
            await self._read(ben)
            await self._look_around(ben)
            await self._until("Sat 18:00")
            await self._press(anna, "ack")
        for act in ("seldom", "keepon"):
            await self._press(anna, act)
        for person, ways in ((anna, _ANNAS), (ben, _BENS), (dana, _DANAS)):
            await self._commands(person)
            # Whoever writes on and on in one second is passed over.
            await self.stage.advance_to(self.stage.clock.now() + _A_WHILE_MS)
            for command, *acts in ways:
                await self._send(person, f"/{command}")
                for act in acts:
                    await self._press(person, act)
        await play_calendars(self.stage, ben, _ANNA, self._press)
        await play_declared(self.stage, _ANNA)
        anna = await self._new_account(anna, ben)
        ben = await self._new_own(dana, ben)
        await self._ends(anna, ben)
        await self._leaves(dana, ben)

    async def _new_account(self, anna: Phone, ben: Phone) -> Phone:
        """Let a client, and one who has stopped, go over to a new account; give the client's."""
        dora = new = self._person("Dora")
        await self._join(dora, await self._invited(ben, f"/invite {_DORA}"))
        await self._press(ben, "confirm")
        await self._send(dora, "/stop")
        await self._press(dora, "stop")
        for code, name in ((_DORA, "Dora's new phone"), (_ANNA, "Anna's new phone")):
            new = self._person(name)
            await self._start(new, await self._invited(ben, f"/relink {code}"))
            await self._send(ben, f"/relink {code} {self._number(new)}")
        await self._send(new, "/history")
        if not await self._press(new, "agree"):
            return anna
        while await self._press(new, "jwatch", "yes") and self._offers(new, "jwatch"):
            pass
        return new

    async def _new_own(self, dana: Phone, ben: Phone) -> Phone:
        """Let a therapist, named in the settings as well, go over to a new account; give it."""
        new = self._person("Ben's new phone")
        await self._start(new, await self._invited(dana, "/relink_therapist Ben"))
        await self._send(dana, f"/relink_therapist Ben {self._number(new)}")
        await self._press(ben, "notmine")
        await self._send(new, "/clients")
        return new if self._offers(new, "pairinfo") else ben

    async def _leaves(self, dana: Phone, ben: Phone) -> None:
        """Let a therapist leave, after it was taken back once, and clients say what they like."""
        fay = self._person("Fay")
        await self._start(fay, await self._invited(dana, "/invite_therapist"))
        clients = [self._person(name) for name in ("Gus", "Hal", "Ida")]
        for client, code in zip(clients, _HANDED, strict=True):
            await self._join(client, await self._invited(ben, f"/invite {code}"))
            await self._press(ben, "confirm")
        app = self.stage.running
        handing = Handing(app.db, self.stage.clock, app.ids, self.stage.settings)
        await handing.start("Ben", "Fay")
        await self.stage.settle()
        await handing.undo("Ben")
        await handing.start("Ben", "Fay")
        await self._until("Tue 12:00")
        for client, said in zip(clients, (".share", ".fresh", ".no"), strict=True):
            await self._press(client, "hand", said)
            await self._press(client, "agree")
        await self._send(fay, "/clients")
        await self._press(fay, "pairinfo")
        await self._press(fay, "earlier")
        await self._until("Mon 12:00")

    @property
    def _zone(self) -> str:
        return self.stage.settings.practice.timezone

    def _person(self, name: str, number: int | None = None) -> Phone:
        return self.stage.emulator.person(name, language_code=self.language, id=number)

    async def _send(self, person: Phone, text: str) -> None:
        person.send(text)
        await self.stage.settle()

    async def _start(self, person: Phone, link: str) -> None:
        person.start(link)
        await self.stage.settle()

    async def _until(self, words: str) -> None:
        await self.stage.advance_to(self.stage.moment(words))
        await self.stage.settle()

    async def _invited(self, person: Phone, command: str) -> str:
        """Send a command that makes an invitation; give its code, or nothing.

        There is none where a wrong template is in the way, which is said elsewhere.
        """
        before = len(self.stage.emulator.journal)
        await self._send(person, command)
        for call in self.stage.emulator.journal.calls(chat=person.id):
            found = re.search(r"\?start=([A-Za-z0-9_-]+)", str(call.params.get("reply_markup")))
            if call.sequence > before and found is not None:
                return found[1]
        return ""

    def _number(self, person: Phone) -> str:
        """Find the number that a new account was shown, whatever stands around it."""
        for call in reversed(self.stage.emulator.journal.calls(chat=person.id)):
            found = re.search(r"\b(\d{3}) ?(\d{3})\b", str(call.params.get("text")))
            if found is not None:
                return found[1] + found[2]
        return ""  # its template is wrong, which is said elsewhere

    async def _press(self, person: Phone, act: str, ends: str = "") -> bool:
        """Press the newest button of an act, the one whose data ends so; was there one?"""
        for seen in reversed(person.chat):
            for data in _buttons(seen):
                if data.split(".")[0] == act and data.endswith(ends):
                    self.pressed.add(act)
                    person.tap(data, seen)
                    await self.stage.settle()
                    return True
        return False

    async def _join(self, anna: Phone, link: str) -> None:
        await self._start(anna, link)
        await self._press(anna, "jlang", self.language)
        await self._press(anna, "jzone", "own")
        await self._press(anna, "agree")
        while await self._press(anna, "jwatch", "yes") and self._offers(anna, "jwatch"):
            pass

    def _offers(self, person: Phone, act: str) -> bool:
        return any(data.startswith(f"{act}.") for data in _buttons(person.last))

    async def _answer(self, anna: Phone, rating: str) -> None:
        """Answer a whole check-in, whatever its questionnaire asks."""
        for _ in range(30):
            if self._offers(anna, "rate"):
                await self._press(anna, "rate", f".{rating}")
            elif self._offers(anna, "choose"):
                await self._press(anna, "choose")
            elif self._offers(anna, "chip"):
                await self._press(anna, "chip", ".1")
                await self._press(anna, "pass")
            elif self._offers(anna, "pass"):
                await self._send(anna, "Words about the session & <more>. " * 30)
                await self._press(anna, "disclose", "raise" if rating == "2" else "show")
            else:
                return

    async def _look_around(self, person: Phone) -> None:
        """Press each kind of button once that has not been pressed and ends nothing."""
        for _ in range(_PRESSES_AT_MOST):
            acts = [
                data.split(".")[0]
                for seen in reversed(person.chat[-12:])
                for data in _buttons(seen)
            ]
            new = [act for act in acts if act not in self.pressed and act not in _ENDS]
            if not new:
                return
            await self._press(person, new[0])
            if new[0] in ("sentence", "goaladd", "goalword"):
                await self._send(person, "A sentence of one's own & <more>.")

    async def _read(self, ben: Phone) -> None:
        """Read a digest as a therapist does, and write a sentence."""
        for act in _READING:
            await self._press(ben, act)
        await self._send(ben, "A sentence of one's own & <more>.")
        await self._press(ben, "sendsay")

    async def _commands(self, person: Phone) -> None:
        for name, _ in (*everybody(), *professionals()):
            await self._send(person, f"/{name}")
            await self._look_around(person)
        for text in ("/nothing", "hello", "/zone", "/zone Nowhere", "/add x", "/invite a b c"):
            await self._send(person, text)
        # An address of this machine: nothing is asked outside of it, and it cannot be read.
        await self._send(person, "/calendar https://127.0.0.1/a Praxis")
        for act in ("calone", "caldelok"):
            await self._press(person, act)

    async def _ends(self, anna: Phone, ben: Phone) -> None:
        """Let everything end that can."""
        await self._until("Tue 16:30")
        await self._press(anna, "unmet")
        await self._until("Tue 16:30")
        await self._answer(anna, "3")
        await self._press(anna, "change")
        await self._press(anna, "show")
        await self._press(anna, "withhold")
        await self._press(anna, "withheld")
        for command, act in (("pause", "pause"), ("pause", "resume")):
            await self._send(anna, f"/{command}")
            await self._press(anna, act)
        await self._goodbye(anna, ben)
        await self._send(anna, "/erase")
        await self._press(anna, "erase")
        await self._until("Fri 18:30")
        await self._look_around(ben)

    async def _goodbye(self, anna: Phone, ben: Phone) -> None:
        """Let therapy end, and somebody else stop before it does."""
        cora = self._person("Cora")
        await self._join(cora, await self._invited(ben, f"/invite {_CORA}"))
        await self._press(ben, "confirm")
        await self._send(cora, "/stop")
        await self._press(cora, "stop")
        for code in (_CORA, _ANNA, _ANNA):
            await self._send(ben, f"/end {code}")
            await self._press(ben, "endyes", ".ask" if code == _ANNA else "")
        await self._press(ben, "endundo")
        await self._send(ben, f"/end {_ANNA}")
        await self._press(ben, "endyes", ".ask")
        await self._until("Thu 12:00")
        await self._press(ben, "endundo")  # too late
        await self._answer(anna, "8")
        await self._until("Fri 18:30")
        await self._look_around(ben)


def _buttons(seen: Seen) -> list[str]:
    """List what a message's buttons carry that come back."""
    return seen.tappable if seen.from_bot else []
