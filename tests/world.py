"""The story language: a practice with its cast on a stage.

Anna is a client and Ben her therapist; Cora is another client and must see nothing; Dana is the
admin. `world.until("Mon 16:20")` moves the clock and lets happen what is due on the way. With
`restarting`, the program is stopped and started again between every two steps; what nearly every
story begins with, `World.pair`, counts as one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from bot.config import load
from bot.core.timetable import local_on
from bot.demo.stage import ADMIN_ID, TOKEN, Stage, write_config
from bot.emulator import Entry, Person, Seen
from bot.store.answers import open_value
from tests.canaries import keys_of
from tests.transactions import reading

_HALF_AN_HOUR_MS = 30 * 60_000


@dataclass(eq=False)
class Human:
    """Somebody with a phone."""

    world: World
    phone: Person

    async def taps(self, label: str, message: Seen | None = None) -> str:
        """Tap a button of the newest message that has it; give the toast's text."""
        tap = self.phone.tap(label, message)
        await self.world.step()
        return (await tap.wait(5)).text

    async def opens(self, code: str) -> None:
        """Open a client's Details from the digest or the day, whatever the button says there."""
        labels = self.phone.last.labels
        names = ("Details", f"{code} · Details", code)
        await self.taps(next(name for name in names if name in labels))

    async def types(self, text: str) -> None:
        """Send a text."""
        self.phone.send(text)
        await self.world.step()

    async def starts(self, payload: str | None = None) -> None:
        """Press START, with or without an invitation."""
        self.phone.start(payload)
        await self.world.step()

    async def forges(self, *data: str) -> list[str]:
        """Press buttons this phone was never shown, by their data; give the toasts' texts."""
        # A picture or a file could only be answered by another caption.
        shown = [
            seen
            for seen in self.phone.chat
            if seen.from_bot and seen.photo is None and seen.document is None
        ][-1]
        taps = [
            self.phone.tap(one, replace(shown, buttons=[[(one, one)]], tappable=[one]))
            for one in data
        ]
        await self.world.step()
        return [(await tap.wait(5)).text for tap in taps]

    async def does(self, act: Callable[[], object]) -> None:
        """Do anything else the phone can do."""
        act()
        await self.world.step()

    async def answers(self, *numbers: int) -> None:
        """Tap one rating after the other."""
        for number in numbers:
            await self.taps(str(number))

    async def checks_in(self, *numbers: int) -> None:
        """Rate all five, tap no chip and write nothing."""
        await self.answers(*numbers)
        while "Skip ›" in self.phone.last.labels:
            await self.taps("Skip ›")
        assert "This goes to your therapist on" in self.screen

    def sees(self, text: str, button: str | None = None) -> Seen | None:
        """Give the newest visible message of the bot that has this text (and this button).

        Without random invitations, which may have a client's code in them.
        """
        for seen in reversed(self.phone.chat):
            has_button = button is None or any(button in label for label in seen.labels)
            if seen.from_bot and text in _without_secrets(seen) and has_button:
                return seen
        return None

    @property
    def screen(self) -> str:
        """The text of the newest message of the bot."""
        return self.phone.last.text or ""

    @property
    def received(self) -> int:
        """How many messages the bot has ever sent here."""
        return len(self.world.stage.emulator.journal.sent(self.phone.id))

    def data(self, label: str) -> str:
        """Give what a button on this phone carries, for somebody else to press."""
        for seen in reversed(self.phone.chat):
            if seen.from_bot and (found := seen.data_of(label)) is not None:
                return found
        raise LookupError(f"no button {label!r}")

    @property
    def everything(self) -> str:
        """All that is visible of the bot, for "must see nothing"; without random invitations."""
        return "\n".join(_without_secrets(seen) for seen in self.phone.chat if seen.from_bot)


@dataclass(repr=False)
class World:
    """A stage with people."""

    stage: Stage
    restarting: bool = False
    people: dict[str, Human] = field(default_factory=dict)
    therapists: set[str] = field(default_factory=set)
    logged: list[str] = field(default_factory=list)
    #: What Telegram has to refuse in a story, because somebody deleted a message there.
    to_be_refused: set[str] = field(default_factory=set)

    async def step(self) -> None:
        """Let everything happen that is due; between two steps, perhaps, restart."""
        await self.stage.settle()
        if self.restarting:
            await self.stage.restart()
            await self.stage.settle()

    async def until(self, words: str) -> None:
        """Move the clock to the next "Mon 16:20"."""
        await self.stage.advance_to(self.stage.moment(words))
        await self.step()

    async def later(self, *, hours: float = 0, minutes: float = 0) -> None:
        """Move the clock on."""
        ms = int((hours * 60 + minutes) * 60_000)
        await self.stage.advance_to(self.stage.clock.now() + ms)
        await self.step()

    def human(self, name: str, *, language: str = "en", telegram_id: int | None = None) -> Human:
        """Give somebody of the cast."""
        if name not in self.people:
            phone = self.stage.emulator.person(name, language_code=language, id=telegram_id)
            self.people[name] = Human(self, phone)
        return self.people[name]

    @property
    def dana(self) -> Human:
        """The admin."""
        return self.human("Dana", telegram_id=ADMIN_ID)

    async def therapist(self, name: str) -> Human:
        """Let Dana invite a therapist, who joins; it may be herself."""
        ben = self.dana if name == "Dana" else self.human(name)
        await self.dana.types("/invite_therapist")
        await ben.starts(invitation_in(self.dana.screen))
        self.therapists.add(name)
        return ben

    async def invites(self, ben: Human, code: str) -> str:
        """Let a therapist invite a client; give the invitation's code."""
        await ben.types(f"/invite {code}")
        return invitation_in(ben.screen)

    async def joins(self, anna: Human, invitation: str, language: str = "English") -> None:
        """Let a client use an invitation, up to consent."""
        await anna.starts(invitation)
        if anna.phone.last.labels and language in anna.phone.last.labels:
            await anna.taps(language)
        for act in ("jzone.", "agree."):
            label, data = (anna.phone.last.buttons or [[("", "")]])[0][0]
            if data.startswith(act):
                await anna.taps(label)

    async def pair(
        self, client: str, therapist: str, code: str = "A7", meets: str | None = None
    ) -> tuple[Human, Human]:
        """Make a confirmed pair; meets: "Mon 15:00" every week from the next one on.

        One step: `test_joining` tells it with restarts between its own.
        """
        with self._in_one_go():
            known = therapist in self.therapists
            ben = self.people[therapist] if known else await self.therapist(therapist)
            anna = self.human(client)
            await self.joins(anna, await self.invites(ben, code))
            await ben.taps("Yes, that is my client")
            if meets is not None:
                await self.meets(ben, code, meets)
        if self.restarting:
            await self.step()
        return anna, ben

    @contextmanager
    def _in_one_go(self) -> Iterator[None]:
        """Restart nothing while the context lasts."""
        restarting, self.restarting = self.restarting, False
        try:
            yield
        finally:
            self.restarting = restarting

    async def meets(self, ben: Human, code: str, when: str, repeats: str = "weekly") -> None:
        """Let a therapist enter when they meet, as a typed line."""
        zone = self.stage.settings.practice.timezone
        on = local_on(self.stage.moment(when), zone)
        await ben.types(f"/add {code} {on} {when.split()[1]} 50m {repeats}")
        await ben.taps("Confirm")

    async def reconfigure(self, toml: str) -> None:
        """Restart the program with other settings."""
        path = write_config(
            self.stage.settings.database.path.parent, self.stage.emulator.base_url, extra=toml
        )
        self.stage.settings = load(path)
        await self.stage.restart()
        await self.stage.settle()

    async def rows(self, sql: str, **values: object) -> list[tuple[object, ...]]:
        """Read the database past the program."""
        async with reading(self.stage.running.db) as tx:
            return [tuple(dict(row).values()) for row in await tx.all(sql, **values)]

    async def facts(self) -> list[object]:
        """Give every row that may only change for its owner."""
        tables = ("person", "role", "pair", "rule", "appointment", "checkin", "answer",
                  "answer_earlier", "digest", "acknowledgement", "invitation", "consent",
                  "message", "goal", "mirror_rating")  # fmt: skip
        return [await self.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]

    async def kept(self) -> list[object]:
        """Open every answer there is, replaced ones and those the client keeps included."""
        found: list[object] = []
        async with reading(self.stage.running.db) as tx:
            for table in ("answer", "answer_earlier"):
                for row in await tx.all(
                    f"SELECT {table}.*, pair.id AS pair_id, pair.data_key FROM {table}"
                    " JOIN checkin ON checkin.id = checkin_id JOIN pair ON pair.id = pair_id"
                ):
                    sealer = tx.vault.sealer(row["data_key"], "pair", row["pair_id"])
                    value = open_value(sealer, row["checkin_id"], row["item"], row["value"])
                    found += [] if value is None else [value]
        return found

    def calls_to(self, human: Human) -> list[Entry]:
        """List every call of the bot to somebody's phone."""
        return self.stage.emulator.journal.calls(chat=human.phone.id)

    def pushed(self, human: Human) -> list[str]:
        """Give what every button ever sent to somebody carries, in the order of sending."""
        found: dict[str, None] = {}
        for call in self.calls_to(human):
            keyboard = (call.params.get("reply_markup") or {}).get("inline_keyboard", [])
            found.update({b["callback_data"]: None for row in keyboard for b in row
                          if "callback_data" in b})  # fmt: skip
        return list(found)

    @property
    def raw(self) -> bytes:
        """All bytes of the database file and its log."""
        path = self.stage.settings.database.path
        log = path.with_name(path.name + "-wal")
        return path.read_bytes() + (log.read_bytes() if log.exists() else b"")

    async def check(self) -> None:
        """Fail where the program stumbled: an update set aside, a refused call, a second prompt, a
        link that Telegram would fetch."""
        aside = await self.rows("SELECT reason FROM set_aside")
        assert not aside, f"updates were set aside: {aside}"
        refused = [
            (call.method, call.result)
            for call in self.stage.emulator.journal.calls()
            if call.status == 400 and "not modified" not in str(call.result)
        ]
        said = {str(result) for _, result in refused}
        assert said >= self.to_be_refused, f"Telegram did not refuse: {self.to_be_refused - said}"
        refused = [one for one in refused if str(one[1]) not in self.to_be_refused]
        assert not refused, f"Telegram refused calls: {refused}"
        previews = [
            call.method
            for call in self.stage.emulator.journal.calls()
            if call.method in ("sendMessage", "editMessageText")
            and call.params.get("link_preview_options") != {"is_disabled": True}
        ]
        assert not previews, f"a link would be fetched and shown: {previews}"
        assert not self.asked_too_often(), f"asked twice: {self.asked_too_often()}"
        assert not self.leaked(), f"the log tells {self.leaked()}"

    def leaked(self) -> list[str]:
        """List what the log must not hold and does: keys, who people are, what they said.

        A rating is a digit like any other; with the button it was given by, it is theirs. Who
        somebody is counts where the number stands alone, not amid a hash, a port or a time.
        """
        log = "\n".join(self.logged)
        people = {str(human.phone.id) for human in self.people.values()}
        named = people & set(re.findall(r"(?<![\da-f.])\d+(?![\da-f])", log))
        secrets = {TOKEN, *keys_of(self.stage.settings.keys.master_key_file, TOKEN)}
        taps = [act.params.get("data", "") for act in self.stage.emulator.journal.read(kind="act")]
        secrets |= {data for data in taps if data.startswith(("rate.", "chip.", "choose."))}
        for human in self.people.values():
            texts = {seen.text or "" for seen in human.phone.chat if not seen.from_bot}
            secrets |= {text for text in texts if len(text) > 5 and not text.startswith("/")}
        return sorted({secret for secret in secrets if secret in log} | named)

    def asked_too_often(self) -> list[str]:
        """List check-ins that stood in more new messages than a prompt and, later, a reminder."""
        asked = defaultdict(list)
        for call in self.stage.emulator.journal.sent():
            rows = call.result.get("reply_markup", {}).get("inline_keyboard", [])
            for data in {push.get("callback_data", "") for row in rows for push in row}:
                if data.startswith("snooze."):
                    asked[call.chat, data].append(call.at)
        return [
            f"{data} at {ats}"
            for (_, data), ats in asked.items()
            if len(ats) > 2 or (len(ats) == 2 and ats[1] - ats[0] < _HALF_AN_HOUR_MS)
        ]


def _without_secrets(seen: Seen) -> str:
    return re.sub(r"\?start=\S+", "", seen.text or "")


def invitation_in(text: str) -> str:
    """Find the code of an invitation's link."""
    found = re.search(r"\?start=([A-Za-z0-9_-]+)", text)
    assert found is not None, f"no invitation in {text!r}"
    return found[1]
