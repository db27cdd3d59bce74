"""Weekly digests: making them, showing them, and acknowledging what they say.

A digest is made when a therapist's weekly hour has come, once, with everything since the last
cut-off however long that was; its pages are rows of the outbox and are put together again at
delivery, as of the cut-off. Making one is three acts, so that nobody who writes waits for a year of
answers to be read: one that lets all writes from before the cut-off be through, one that reads, one
that places what was read. Only the last changes anything. Silence is never acknowledged. What the
client is told stands in `acknowledgements`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from bot.config import Settings
from bot.core.digest import Digest, Placed, digest_of, pages_of
from bot.core.entries import PairFacts
from bot.core.errors import Refused
from bot.core.instrument import Instrument
from bot.core.sessions import Window
from bot.core.trends import FOLLOWED_SESSIONS
from bot.services.acknowledgements import owe_telling
from bot.services.acts import reads, writes
from bot.services.beside import with_beside
from bot.services.digest_pages import (
    AcknowledgementKind,
    DigestPage,
    page_of,
    unread,
)
from bot.services.goodbyes import with_goodbyes
from bot.services.in_force import InForce, each_in_force, in_force, most_per_week
from bot.services.ports import Clock, Ids
from bot.services.unopened import owe_reminders
from bot.store import audit, digest_facts, mirror, outbox, pairs
from bot.store import digests as store
from bot.store.database import Database, Transaction, Unavailable

log = structlog.get_logger(__name__)

_DAY_MS: Final = 86_400_000
#: Of whoever left so long before a digest begins, nothing is new in it: all check-ins are closed.
_OVER_MS: Final = 35 * _DAY_MS
_DELIVER_WITHIN_MS: Final = 7 * _DAY_MS


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What a tap on Read or Let's talk did. kind: what stands now. page: where the pair stands.

    changed: False when it was so already (or "talk" before). told: the client will be told.
    """

    pair_id: int
    code: str
    page: int
    kind: AcknowledgementKind
    changed: bool
    told: bool


@dataclass(frozen=True, slots=True)
class Digests:
    """The digest's use cases. instruments: `{name: {version: …}}`."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings
    instrument: Instrument
    instruments: Mapping[str, Mapping[int, Instrument]]
    failing: set[int] = field(default_factory=set)

    async def make_one(self) -> bool:
        """Make the digest of one therapist whose weekly hour has come; was there one?"""
        therapist_id = await self._next_due()
        if therapist_id is None:
            return False
        try:
            await self._make_of(therapist_id)
        except Unavailable:
            raise
        except Exception as bug:
            # One therapist's rows must not keep the others from their digests; a restart tries
            # again.
            log.error("digest cannot be made", therapist=therapist_id, why=type(bug).__name__)
            self.failing.add(therapist_id)
        return True

    @reads
    async def _next_due(self, tx: Transaction) -> int | None:
        now, force_of = self.clock.now(), await each_in_force(tx, self.settings)
        for weekly in await store.weekly_hours(tx):
            at = self._due(weekly, force_of(weekly.therapist_id), now)
            if at is not None and weekly.therapist_id not in self.failing:
                return weekly.therapist_id
        return None

    async def _make_of(self, therapist_id: int) -> None:
        """Make a digest. Ended anywhere on the way, it is made again from the start."""
        window = await self._cut(therapist_id)
        if window is not None:
            places, made = await self._look(therapist_id, window)
            await self._place(therapist_id, window, places, made=made)

    @writes
    async def _cut(self, tx: Transaction, therapist_id: int) -> Window | None:
        """Give what a digest is to cover; None when it is not due any more.

        This takes the writer's turn though it changes nothing. Acts write one after the other and
        each takes its time within its turn: when this is through, whatever bears a time before the
        cut-off can be read, and whatever is still to come bears a later one.
        """
        for weekly in await store.weekly_hours(tx, therapist_id):
            force = await in_force(tx, self.settings, therapist_id)
            if (hour := self._due(weekly, force, self.clock.now())) is not None:
                return Window(weekly.cut_at, hour, self._zone(weekly.timezone))
        return None

    @reads
    async def _look(
        self, tx: Transaction, therapist_id: int, window: Window
    ) -> tuple[tuple[Placed, ...], bool]:
        """Give everybody's place in a digest, and whether there is one to be made at all."""
        facts = await self._facts(tx, therapist_id, window)
        places = pages_of(digest_of(facts, window, self.instrument))
        return places, bool(places) or any(pair.state in ("active", "paused") for pair in facts)

    def _due(self, weekly: store.Weekly, force: InForce, now: int) -> int | None:
        """Give the hour for which a therapist's digest is due, None where none is.

        An hour that lies before it was chosen is none: the first is the next one.
        """
        hour = force.latest_digest_at(now, self._zone(weekly.timezone))
        return hour if hour > max(weekly.cut_at, force.digest_since_at) else None

    def _zone(self, own: str | None) -> str:
        return own or self.settings.practice.timezone

    @writes
    async def _place(
        self,
        tx: Transaction,
        therapist_id: int,
        window: Window,
        places: tuple[Placed, ...],
        *,
        made: bool,
    ) -> None:
        """Move the cut-off, once, and with it record a digest and owe its pages.

        Whoever has been erased since the places were read has none.
        """
        now, cut_at = self.clock.now(), window.cut_at
        number = await store.advance(tx, therapist_id, window.from_at, cut_at, made=made)
        if number is None or not made:
            return
        digest_id = self.ids.new()
        await store.add_digest(
            tx,
            id=digest_id,
            therapist_id=therapist_id,
            number=number,
            from_at=window.from_at,
            cut_at=cut_at,
            now=now,
            places=places,
        )
        placed = await store.places_of(tx, digest_id)
        # What came in the cut-off's own millisecond is not in this digest.
        await mirror.note_seen(tx, therapist_id, [one.pair_id for one in placed], cut_at - 1)
        for page in sorted({1, *(one.page for one in placed)}):
            await outbox.queue(
                tx,
                id=self.ids.new(),
                kind="digest",
                subject_id=digest_id,
                part=str(page),
                person_id=therapist_id,
                due_at=now,
                expires_at=now + _DELIVER_WITHIN_MS,
                now=now,
            )
        await owe_reminders(tx, therapist_id, ids=self.ids, settings=self.settings, now=now)

    async def _facts(
        self, tx: Transaction, therapist_id: int, window: Window, pair_id: int | None = None
    ) -> list[PairFacts]:
        weeks = -(-(window.cut_at - window.from_at) // (7 * _DAY_MS))
        per_week = await most_per_week(tx, self.settings)
        facts = await digest_facts.facts_of(
            tx,
            therapist_id,
            window,
            depth=FOLLOWED_SESSIONS + per_week * (weeks + 1),
            texts=self.settings.digest.free_text,
            pair_id=pair_id,
            over_at=window.from_at - _OVER_MS if pair_id is None else 0,
        )
        facts = await with_goodbyes(
            tx,
            facts,
            therapist_id,
            window,
            self.instruments,
            texts=self.settings.digest.free_text,
            pair_id=pair_id,
        )
        return await with_beside(tx, facts, therapist_id, window, self.instrument, pair_id)

    @reads
    async def page(self, tx: Transaction, digest_id: int, page: int) -> DigestPage | None:
        """Give a page for its delivery, as of the cut-off; None when every pair on it is gone.

        Errors: KeyError for a digest that is not there.
        """
        return await self._page(tx, await store.load_digest(tx, digest_id), page)

    @reads
    async def show(
        self, tx: Transaction, therapist_id: int, digest_id: int, page: int
    ) -> DigestPage:
        """Give a page to the therapist it belongs to.

        Errors: Refused("not_yours"), Refused("digest_gone") when every pair on it is gone.
        """
        return _there(await self._page(tx, await own_digest(tx, digest_id, therapist_id), page))

    async def open_page(self, therapist_id: int, digest_id: int, page: int) -> DigestPage:
        """Note that the digest was opened and give a page. Errors: as `show`.

        Two acts, because a page is made of a year of answers, and whoever writes would wait for it.
        """
        await self._note_opened(therapist_id, digest_id)
        return await self.show(therapist_id, digest_id, page)

    @writes
    async def _note_opened(self, tx: Transaction, therapist_id: int, digest_id: int) -> None:
        await own_digest(tx, digest_id, therapist_id)
        await store.note_opened(tx, digest_id, therapist_id, self.clock.now())

    async def preview(self, therapist_id: int) -> DigestPage:
        """Give the first page of the digest that would be made now; this is audited before."""
        await self._note_preview(therapist_id)
        return await self._preview(therapist_id)

    @writes
    async def _note_preview(self, tx: Transaction, therapist_id: int) -> None:
        now = self.clock.now()
        await audit.note(tx, self.ids.new(), now, None, "digest previewed", "person", therapist_id)

    @reads
    async def _preview(self, tx: Transaction, therapist_id: int) -> DigestPage:
        (weekly,) = await store.weekly_hours(tx, therapist_id)
        window = Window(weekly.cut_at, self.clock.now() + 1, self._zone(weekly.timezone))
        digest = digest_of(await self._facts(tx, therapist_id, window), window, self.instrument)
        page = page_of(
            digest, pages_of(digest), {}, 1, digest_id=0, number=0, window=window, free_text=False
        )
        return _there(page)

    async def _page(self, tx: Transaction, row: store.DigestRow, page: int) -> DigestPage | None:
        places = await store.places_of(tx, row.id)
        window = self._window(row)
        return page_of(
            await self._digest(tx, row, frozenset(place.pair_id for place in places)),
            places,
            await store.marks_of(tx, row.id),
            page,
            digest_id=row.id,
            number=row.number,
            window=window,
            free_text=self.settings.digest.free_text,
        )

    def _window(self, row: store.DigestRow) -> Window:
        return Window(row.from_at, row.cut_at, self._zone(row.timezone))

    async def _digest(
        self,
        tx: Transaction,
        row: store.DigestRow,
        placed: frozenset[int],
        pair_id: int | None = None,
    ) -> Digest:
        """Make a digest again from what was known at its cut-off, for the pairs placed in it."""
        window = self._window(row)
        facts = await self._facts(tx, row.therapist_id, window, pair_id)
        return digest_of([f for f in facts if f.pair_id in placed], window, self.instrument)

    @writes
    async def acknowledge(
        self,
        tx: Transaction,
        therapist_id: int,
        digest_id: int,
        pair_id: int,
        kind: AcknowledgementKind,
    ) -> Acknowledgement:
        """Acknowledge a client's answers on a digest; "read" may rise to "talk", never back.

        Errors: Refused("not_yours"), Refused("nothing_to_acknowledge"), Refused("over") for "talk"
        where therapy has ended.
        """
        now = self.clock.now()
        row = await own_digest(tx, digest_id, therapist_id)
        place = await placed_in(tx, digest_id, pair_id)
        digest = await self._digest(tx, row, frozenset({pair_id}), pair_id)
        if not digest.entries or not digest.entries[0].can_be_acknowledged:
            raise Refused("nothing_to_acknowledge")
        if kind == "talk" and (await pairs.load_pair(tx, pair_id)).is_over:
            raise Refused("over", code=digest.entries[0].code)
        await store.note_opened(tx, digest_id, therapist_id, now)
        changed, told = await self._acknowledge(tx, row, pair_id, kind, now)
        marks = await store.marks_of(tx, digest_id)
        return Acknowledgement(
            pair_id=pair_id,
            code=digest.entries[0].code,
            page=place.page,
            kind=marks[pair_id].kind,
            changed=changed,
            told=told,
        )

    async def read_these(self, therapist_id: int, digest_id: int, page: int) -> int:
        """Acknowledge every calm client of a page as read; give how many that were.

        Two acts, as in `open_page`. Errors: Refused("not_yours"), Refused("digest_gone").
        """
        calm = unread((await self.show(therapist_id, digest_id, page)).calm)
        await self._read_these(therapist_id, digest_id, [entry.pair_id for entry in calm])
        return len(calm)

    @writes
    async def _read_these(
        self, tx: Transaction, therapist_id: int, digest_id: int, pair_ids: Sequence[int]
    ) -> None:
        now = self.clock.now()
        row = await own_digest(tx, digest_id, therapist_id)
        await store.note_opened(tx, digest_id, therapist_id, now)
        for pair_id in pair_ids:
            await self._acknowledge(tx, row, pair_id, "read", now)

    async def _acknowledge(
        self,
        tx: Transaction,
        row: store.DigestRow,
        pair_id: int,
        kind: AcknowledgementKind,
        now: int,
    ) -> tuple[bool, bool]:
        """Keep an acknowledgement; give whether it changed anything and the client is told."""
        acknowledgement_id = await store.acknowledge(
            tx,
            id=self.ids.new(),
            digest_id=row.id,
            pair_id=pair_id,
            therapist_id=row.therapist_id,
            kind=kind,
            now=now,
        )
        if acknowledgement_id is None:
            return False, False
        told = await owe_telling(tx, acknowledgement_id, now, ids=self.ids, settings=self.settings)
        return True, told


async def own_digest(tx: Transaction, digest_id: int, therapist_id: int) -> store.DigestRow:
    """Load a digest of this therapist. Errors: Refused("not_yours")."""
    row = await store.find_digest_of_therapist(tx, digest_id, therapist_id)
    if row is None:
        raise Refused("not_yours")
    return row


async def placed_in(tx: Transaction, digest_id: int, pair_id: int) -> Placed:
    """Give a pair's place in a digest. Errors: Refused("not_yours")."""
    for place in await store.places_of(tx, digest_id):
        if place.pair_id == pair_id:
            return place
    raise Refused("not_yours")


def _there(page: DigestPage | None) -> DigestPage:
    if page is None:
        raise Refused("digest_gone")
    return page
