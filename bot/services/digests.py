"""Weekly digests once they are made: showing their pages, and acknowledging what they say.

A page is put together again each time, as of its digest's cut-off, from the pairs that are on it.
Silence is never acknowledged. What the client is told stands in `acknowledgements`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.config import Settings
from bot.core.digest import Placed, digest_of, pages_of
from bot.core.errors import Refused
from bot.core.eve import carried_of, has_room
from bot.core.sessions import Window
from bot.services.acknowledgements import owe_telling
from bot.services.acts import reads, writes
from bot.services.digest_pages import (
    AcknowledgementKind,
    DigestPage,
    page_of,
    unread,
    week_of,
)
from bot.services.digest_reading import DigestReading
from bot.services.ports import Clock, Ids
from bot.store import audit, closings, losses, pairs
from bot.store import digests as store
from bot.store.database import Database, Transaction
from bot.store.digest_rows import Among


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
class Line:
    """What a digest collapses to. week: the ISO week of its cut-off. pages: how many it has.

    is_older: a newer one has arrived, so that it does.
    """

    digest_id: int
    week: int
    pages: int
    is_older: bool


@dataclass(frozen=True, slots=True)
class Digests:
    """The use cases of a digest that is there, and of a look at the next."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings
    reading: DigestReading

    @reads
    async def page(self, tx: Transaction, digest_id: int, page: int) -> DigestPage | None:
        """Give a page for its delivery, as of the cut-off; None when every pair on it is gone.

        Errors: KeyError for a digest that is not there.
        """
        return await self._page(tx, await store.load_digest(tx, digest_id), page)

    @reads
    async def week(self, tx: Transaction, digest_id: int) -> int:
        """Give the ISO week of a digest's cut-off. Errors: KeyError."""
        row = await store.load_digest(tx, digest_id)
        return week_of(self._window(row))

    @reads
    async def line(self, tx: Transaction, digest_id: int) -> Line:
        """Give what a digest collapses to. Errors: KeyError."""
        row = await store.load_digest(tx, digest_id)
        pages = max((place.page for place in await store.places_of(tx, digest_id)), default=1)
        is_older = await closings.is_older(tx, digest_id)
        return Line(digest_id, week_of(self._window(row)), pages, is_older)

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
        facts = await self.reading.facts(tx, therapist_id, window)
        digest = digest_of(facts, window, self.reading.instrument)
        page = page_of(
            digest, pages_of(digest), {}, 1, digest_id=0, number=0, window=window, free_text=False
        )
        return _there(page)

    async def _page(self, tx: Transaction, row: store.DigestRow, page: int) -> DigestPage | None:
        places, window = await store.places_of(tx, row.id), self._window(row)
        here = Among(digest_id=row.id, page=page)
        digest = await self.reading.judged(tx, row.therapist_id, window, here)
        whole = digest
        if page == 1 and any(place.page != page for place in places):
            everybody = Among(digest_id=row.id)
            whole = await self.reading.counted(tx, row.therapist_id, window, everybody)
        made = page_of(
            digest,
            places,
            await store.marks_of(tx, row.id),
            page,
            digest_id=row.id,
            number=row.number,
            window=window,
            free_text=self.settings.digest.free_text,
            whole=whole,
        )
        if made is None:
            return None
        made = replace(made, away_until_on=row.away_until_on, erased=row.erased)
        if page > 1:
            return made
        if row.away_until_on is not None and has_room((*made.expanded, *made.silent, *made.calm)):
            facts = await self.reading.facts(tx, row.therapist_id, window)
            made = replace(made, carried=carried_of(facts, window, self.reading.instrument))
        lost = await losses.losses_between(tx, window.from_at, window.cut_at)
        return replace(made, lost=tuple(lost))

    def _window(self, row: store.DigestRow) -> Window:
        return Window(row.from_at, row.cut_at, self._zone(row.timezone))

    def _zone(self, own: str | None) -> str:
        return own or self.settings.practice.timezone

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
        window, this_one = self._window(row), Among(pair_id, digest_id)
        digest = await self.reading.counted(tx, therapist_id, window, this_one)
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
