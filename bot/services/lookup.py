"""What a therapist looks up between digests: the day's appointments, one pair's history, its texts.

Everything is shown as it stands now, and opening a pair's history is audited.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from bot.config import Settings
from bot.core.conversation import TEXT_LIMIT
from bot.core.errors import Refused
from bot.core.instrument import Instrument
from bot.core.pair_facts import PairFacts
from bot.core.sessions import Shared, Window, sessions_of
from bot.core.timetable import local_day_bounds, local_on
from bot.core.trends import FOLLOWED_SESSIONS, TREND_SESSIONS, trend_of
from bot.services.acts import reads, writes
from bot.services.beside import with_beside
from bot.services.details import TEXT_IN_DETAILS, BeforeFirst, Details, details_of
from bot.services.digest_pages import Chart
from bot.services.digests import own_digest, placed_in
from bot.services.goals import progress_of
from bot.services.goodbyes import with_goodbyes
from bot.services.in_force import most_per_week
from bot.services.ports import Clock, Ids
from bot.services.relink_links import OBJECTS_MS
from bot.services.today import TODAY_AT_MOST, Today, today_line
from bot.store import audit, digest_facts, expectations, handovers, mirror, pairs
from bot.store import digests as store
from bot.store.database import Database, Transaction
from bot.store.digest_rows import Among

#: In UTF-16 units: whatever is kept is shown whole, in one message (Telegram counts characters).
WHOLE: Final = 2 * TEXT_LIMIT


@dataclass(frozen=True, slots=True)
class Words:
    """One text that a client lets the therapist see, whole. older, newer: pages, None at an end.

    digest_id: where the details were opened from, 0 for nowhere.
    """

    pair_id: int
    code: str
    on: str
    shared: Shared
    digest_id: int
    older: int | None
    newer: int | None


@dataclass(frozen=True, slots=True)
class Lookup:
    """The use cases of looking closer. instruments: `{name: {version: …}}`."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings
    instrument: Instrument
    instruments: Mapping[str, Mapping[int, Instrument]]

    @writes
    async def details(
        self, tx: Transaction, therapist_id: int, digest_id: int | None, pair_id: int
    ) -> Details:
        """Open a pair's history, from a digest or (None) from elsewhere; this is audited.

        Errors: Refused("not_yours"), also for a pair that was erased.
        """
        now = self.clock.now()
        page, mark = 0, None
        if digest_id is not None:
            await own_digest(tx, digest_id, therapist_id)
            page = (await placed_in(tx, digest_id, pair_id)).page
            mark = (await store.marks_of(tx, digest_id)).get(pair_id)
            await store.note_opened(tx, digest_id, therapist_id, now)
        facts, window = await self._opened(tx, therapist_id, pair_id)
        return details_of(
            facts,
            window,
            self.instrument,
            digest_id=digest_id,
            page=page,
            mark=mark,
            before_first=await self._before_first(tx, therapist_id, pair_id),
            goals=await progress_of(tx, pair_id),
        )

    @writes
    async def earlier(self, tx: Transaction, therapist_id: int, pair_id: int) -> Details:
        """Open what was before a pair, with another therapist; this is audited.

        What that one guessed is not among it. Errors: Refused("not_yours" | "nothing_shared").
        """
        own = await pairs.find_pair_of_therapist(tx, pair_id, therapist_id)
        if own is None:
            raise Refused("not_yours")
        now = self.clock.now()
        former = await handovers.find_earlier(tx, pair_id, therapist_id, now, OBJECTS_MS)
        if former is None:
            raise Refused("nothing_shared")
        window, among = Window.up_to(now, await self._zone(tx, therapist_id)), Among(former.pair_id)
        found = await digest_facts.facts_of(
            tx, former.therapist_id, window, depth=FOLLOWED_SESSIONS, texts=True, among=among
        )
        if not found:
            raise Refused("nothing_shared")
        await audit.note(
            tx, self.ids.new(), now, therapist_id, "earlier answers opened", "pair", pair_id
        )
        return details_of(
            # The code of before may be another client's here.
            replace(found[0], code=own.code),
            window,
            self.instrument,
            digest_id=None,
            page=0,
            mark=None,
            before_first=await self._before_first(tx, former.therapist_id, former.pair_id),
            goals=await progress_of(tx, former.pair_id),
        )

    @writes
    async def words(
        self, tx: Transaction, therapist_id: int, digest_id: int, pair_id: int, page: int
    ) -> Words:
        """Open one of a pair's shared texts, 0 the newest; this is audited.

        Errors: Refused("not_yours"), also where the text is no longer shared.
        """
        if digest_id:
            await own_digest(tx, digest_id, therapist_id)
        facts, window = await self._opened(tx, therapist_id, pair_id, WHOLE)
        sessions = sessions_of(facts.asked, window, self.instrument, WHOLE)
        goodbye = () if facts.goodbye is None else (facts.goodbye,)
        sessions = (*goodbye, *reversed(sessions))
        found = [(s.on, s.shared) for s in sessions if s.shared is not None and s.shared.words]
        if page >= len(found):
            raise Refused("not_yours")
        on, shared = found[page]
        return Words(
            pair_id=pair_id,
            code=facts.code,
            on=on,
            shared=shared,
            digest_id=digest_id,
            older=page + 1 if page + 1 < len(found) else None,
            newer=page - 1 if page else None,
        )

    @writes
    async def chart(self, tx: Transaction, therapist_id: int, pair_id: int) -> Chart:
        """Give one pair's scores for a picture; this is audited.

        Errors: Refused("not_yours"), Refused("no_scores").
        """
        facts, window = await self._opened(tx, therapist_id, pair_id)
        sessions = sessions_of(facts.asked, window, self.instrument)
        panel = trend_of(sessions, self.instrument).panel(facts.code)
        if panel is None:
            raise Refused("no_scores")
        return Chart((panel,), ((sessions[-1].on, sessions[-1].time),))

    async def _opened(
        self, tx: Transaction, therapist_id: int, pair_id: int, text_limit: int = TEXT_IN_DETAILS
    ) -> tuple[PairFacts, Window]:
        now = self.clock.now()
        await mirror.note_seen(tx, therapist_id, [pair_id], now)
        window = Window.up_to(now, await self._zone(tx, therapist_id))
        found = await digest_facts.facts_of(
            tx, therapist_id, window, depth=FOLLOWED_SESSIONS, texts=True, among=Among(pair_id)
        )
        if not found:
            raise Refused("not_yours")
        await audit.note(tx, self.ids.new(), now, therapist_id, "details opened", "pair", pair_id)
        found = await with_goodbyes(
            tx,
            found,
            therapist_id,
            window,
            self.instruments,
            texts=True,
            among=Among(pair_id),
            since_at=0,
            text_limit=text_limit,
        )
        found = await with_beside(tx, found, therapist_id, window, self.instrument, Among(pair_id))
        return found[0], window

    async def _zone(self, tx: Transaction, therapist_id: int) -> str:
        weekly = await store.weekly_hours(tx, therapist_id)
        if not weekly:
            raise Refused("not_yours")
        return weekly[0].timezone or self.settings.practice.timezone

    async def _before_first(
        self, tx: Transaction, therapist_id: int, pair_id: int
    ) -> BeforeFirst | None:
        found = await expectations.before_first_of(tx, therapist_id, pair_id)
        if found is None:
            return None
        instrument = self.instruments[found.instrument][found.version]
        given = {answer.item: answer for answer in found.answers}
        order = tuple(given[item.key] for item in instrument.items if item.key in given)
        return BeforeFirst(instrument, found.is_withheld, order)

    async def today(self, therapist_id: int) -> Today:
        """Give today's appointments of a therapist with the latest from each client.

        What is shown counts as seen; that is noted where it was not yet, in an act of its own, so
        that nobody who writes waits for histories to be read.
        Errors: Refused("not_yours") for somebody who is no therapist.
        """
        shown, unseen, by = await self._look(therapist_id)
        if unseen:
            await self._note_seen(therapist_id, unseen, by)
        return shown

    @reads
    async def today_again(self, tx: Transaction, therapist_id: int) -> Today:
        """Give the day once more for a repeated message. Errors: as `today`."""
        return await self._today(tx, therapist_id, self.clock.now())

    @reads
    async def _look(self, tx: Transaction, therapist_id: int) -> tuple[Today, list[int], int]:
        """Give the day, whose answers in it were not seen yet, and as of when that is."""
        now = self.clock.now()
        shown = await self._today(tx, therapist_id, now)
        pair_ids = {line.pair_id for line in shown.lines}
        unseen = [
            one for one in sorted(pair_ids) if await mirror.has_unseen(tx, therapist_id, one, now)
        ]
        return shown, unseen, now

    @writes
    async def _note_seen(
        self, tx: Transaction, therapist_id: int, pair_ids: list[int], by: int
    ) -> None:
        await mirror.note_seen(tx, therapist_id, pair_ids, by)

    async def _today(self, tx: Transaction, therapist_id: int, now: int) -> Today:
        zone = await self._zone(tx, therapist_id)
        on, window = local_on(now, zone), Window.up_to(now, zone)
        meetings = await store.appointments_between(tx, therapist_id, *local_day_bounds(on, zone))
        depth = TREND_SESSIONS + await most_per_week(tx, self.settings)
        by_pair: dict[int, PairFacts] = {}
        # Of those of the day alone: the others' histories are not asked for.
        for pair_id in {pair_id for pair_id, _, _ in meetings}:
            for facts in await digest_facts.facts_of(
                tx,
                therapist_id,
                window,
                depth=depth,
                texts=self.settings.digest.free_text,
                among=Among(pair_id),
            ):
                by_pair[pair_id] = facts
        lines = [
            today_line(by_pair[pair_id], local, time, window, self.instrument)
            for pair_id, local, time in meetings
            if pair_id in by_pair
        ]
        lines = [
            line.with_before_first(await self._before_first(tx, therapist_id, line.pair_id))
            if line.last is None
            else line
            for line in lines
        ]
        return Today(
            on=on,
            lines=tuple(lines[:TODAY_AT_MOST]),
            more=max(0, len(lines) - TODAY_AT_MOST),
            free_text=self.settings.digest.free_text,
        )
