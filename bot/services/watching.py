"""The phrase watch: help at once for whoever shares a text with one of the practice's phrases.

A program compares words. It promises nothing: neither that it finds what is meant nor that
somebody reads it. Only with the client's yes is the therapist told, and only about a text that is
shared: about a kept one nobody is ever told, because that is what stands beside *keep*. The notice
goes at once, at any hour: held back until morning it would look like a night nobody answered, and
a professional can mute a chat. It waits for nothing but Telegram.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from bot.config import Settings
from bot.core.conversation import Answer
from bot.core.errors import Refused
from bot.core.people import Pair
from bot.core.watch import count_phrases
from bot.services.acts import reads, writes
from bot.services.ports import Clock, Ids
from bot.store import audit, outbox, pairs, people
from bot.store import watch as store
from bot.store.checkins import CheckIn
from bot.store.database import Database, Transaction
from bot.store.watch import About, Choice, Choices, Watched

HOUR_MS: Final = 3_600_000
#: Help is for now; later it would startle.
_HELP_WITHIN_MS: Final = 2 * HOUR_MS
_TELL_WITHIN_MS: Final = 7 * 24 * HOUR_MS
_SHARED: Final = ("show", "raise")
_GOES_ON: Final = ("joined", "active", "paused", "stopped")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a client chose about the watch, with one therapist."""

    pair: Pair
    therapist_name: str = field(repr=False)
    choices: Choices


@dataclass(frozen=True, slots=True)
class Watching:
    """The use cases of the phrase watch, and what taking an answer needs of it."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    @property
    def is_on(self) -> bool:
        """Whether the practice watches for any phrase."""
        return bool(self.settings.safety.watch_phrases)

    @reads
    async def chosen(self, tx: Transaction, client_id: int) -> list[Chosen]:
        """List what a client chose, by therapist; nothing where there is no watch."""
        if not self.is_on:
            return []
        found = []
        for pair in await pairs.pairs_of_client(tx, client_id):
            if pair.state in _GOES_ON:
                therapist = await people.load_person(tx, pair.therapist_id)
                choices = await store.choices_of(tx, pair.id, client_id)
                found.append(Chosen(pair, therapist.name, choices))
        return found

    @writes
    async def choose(
        self, tx: Transaction, client_id: int, pair_id: int, about: About, choice: Choice
    ) -> None:
        """Keep a client's choice. Errors: Refused("not_yours"), Refused("stale_button")."""
        if not self.is_on:
            raise Refused("stale_button")
        now = self.clock.now()
        if not await store.choose(tx, pair_id, client_id, about, choice, now):
            raise Refused("not_yours")
        act = f"watch {about} {choice}"
        await audit.note(tx, self.ids.new(), now, client_id, act, "pair", pair_id)

    async def look(
        self, tx: Transaction, checkin: CheckIn, answers: Iterable[Answer], now: int
    ) -> None:
        """Look at answers that were just saved, within their transaction."""
        for answer in answers:
            if answer.disclosure is None and answer.value is None:
                await store.forget_watched(tx, checkin.id, answer.item)
            elif self.is_on and answer.disclosure is not None and isinstance(answer.value, str):
                await self._look_at(tx, checkin, answer, answer.value, now)

    async def _look_at(
        self, tx: Transaction, checkin: CheckIn, answer: Answer, text: str, now: int
    ) -> None:
        is_shared = answer.disclosure in _SHARED
        choices = await store.choices_of(tx, checkin.pair_id, checkin.client_id)
        if not is_shared and choices.get("kept") != "yes":
            return
        found = count_phrases(self.settings.safety.watch_phrases, text)
        was = await store.find_watched(tx, checkin, answer.item)
        is_told = is_shared and choices.get("notice") == "yes" and found > (was.told if was else 0)
        if found <= (was.helped if was else 0) and not is_told:
            return
        watched = Watched(
            id=was.id if was else self.ids.new(),
            helped=found,
            told=found if is_told else was.told if was else 0,
            helped_at=now,
            told_at=now if is_told else was.told_at if was else None,
        )
        await store.save_watched(tx, checkin, answer.item, watched)
        how = "told" if is_told else "shared" if is_shared else "kept"
        to_client = (checkin.client_id, f"watch_help:{now}:{how}", _HELP_WITHIN_MS)
        to_therapist = (checkin.therapist_id, f"watch:{now}", _TELL_WITHIN_MS)
        for person_id, part, within in (to_client, to_therapist)[: 1 + is_told]:
            await outbox.queue(
                tx, id=self.ids.new(), kind="notice", subject_id=watched.id, part=part,
                person_id=person_id, pair_id=checkin.pair_id, due_at=now, expires_at=now + within,
                now=now,
            )  # fmt: skip
        act = "watch told" if is_told else "watch helped"
        await audit.note(tx, self.ids.new(), now, None, act, "checkin", checkin.id)
