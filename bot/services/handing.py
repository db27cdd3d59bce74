"""A therapist leaves: the pairs end, and each client is asked once about going on with a colleague.

For a day after an admin has said so nothing changes, and it can be undone. Then all pairs end; who
leaves gets a last digest with what came until then, and has access for two more days to read and
acknowledge it. Whoever goes on has a pair of their own with the colleague, who sees nothing of
anybody before that (`services.continuing`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.config import Settings
from bot.core.errors import Refused
from bot.core.people import Pair, Person
from bot.services.acts import reads, writes
from bot.services.digest_making import LAST_AFTER_MS
from bot.services.ending import ENDED
from bot.services.handover_news import owe_admins
from bot.services.ports import Clock, Ids
from bot.services.relinking_own import find_professional
from bot.store import (
    audit,
    checkin_ends,
    feeds,
    handovers,
    invitations,
    outbox,
    pairs,
    people,
    redactions,
    timetable,
)
from bot.store.database import Database, Transaction
from bot.store.handovers import Handover

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
#: For so long nothing changes, and it can be undone.
BEGINS_AFTER_MS: Final = DAY_MS
#: The clients are asked so long after the last digest, which is not to change while it is read.
ASKED_AFTER_MS: Final = HOUR_MS
#: So long after it has come who leaves can read and acknowledge the last digest.
LEAVES_AFTER_MS: Final = 2 * DAY_MS
#: So long a client can answer; reminded once half-way.
ANSWER_DAYS: Final = 14
_REMIND_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Plan:
    """What a handover means. asked: these clients are. unasked: codes of those who are not, by why.

    anew: the codes of `asked` that the colleague has used before, who would get others. begins_at:
    when it begins. is_admin: who leaves stands in config.toml as well.
    """

    from_name: str
    to_name: str
    asked: tuple[str, ...]
    unasked: tuple[tuple[str, str], ...]
    anew: tuple[str, ...]
    begins_at: int
    is_admin: bool


@dataclass(frozen=True, slots=True)
class Telling:
    """What the two therapists are told. undone: it does not happen after all."""

    from_name: str
    to_name: str
    begins_at: int
    clients: int
    undone: bool


@dataclass(frozen=True, slots=True)
class Lapsed:
    """A question that was not answered in time. places: the messages in which it stands."""

    pair: Pair
    client: Person | None
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Handing:
    """The use cases of handing over, for the command line and the sweep."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings

    @reads
    async def preview(self, tx: Transaction, from_name: str, to_name: str) -> Plan:
        """Say what a handover would mean; names or Telegram ids.

        Errors: Refused("therapist_unknown" | "therapist_ambiguous" | "handover_same" |
        "handover_running" | "handover_takes_over" | "handover_leaves").
        """
        leaving, colleague = await self._two(tx, from_name, to_name)
        return await self._plan(tx, leaving, colleague)

    @writes
    async def start(self, tx: Transaction, from_name: str, to_name: str) -> Plan:
        """Let a handover begin in a day, and tell the two therapists. Errors: as `preview`."""
        now, new_id = self.clock.now(), self.ids.new()
        leaving, colleague = await self._two(tx, from_name, to_name)
        plan = await self._plan(tx, leaving, colleague)
        await handovers.add_handover(tx, new_id, leaving.id, colleague.id, now, plan.begins_at)
        for part, person in (("handover_from", leaving), ("handover_to", colleague)):
            await self._tell(tx, new_id, part, person.id, now)
        await self._note(tx, "handover to come", "handover", new_id)
        return plan

    @writes
    async def undo(self, tx: Transaction, from_name: str) -> Telling:
        """Take a handover back that has not begun, and tell the two.

        Errors: Refused("therapist_unknown" | "therapist_ambiguous" | "handover_none" |
        "handover_begun").
        """
        now = self.clock.now()
        leaving = await find_professional(tx, from_name)
        found = await handovers.find_open(tx, leaving.id)
        if found is None:
            raise Refused("handover_none", name=leaving.name)
        if not await handovers.undo(tx, found.id, now):
            raise Refused("handover_begun", name=leaving.name)
        for part, person_id in (("handover_from", found.from_id), ("handover_to", found.to_id)):
            await self._tell(tx, found.id, f"{part}:undone", person_id, now)
        await self._note(tx, "handover undone", "handover", found.id)
        return await self._telling(tx, found.id)

    @reads
    async def telling(self, tx: Transaction, handover_id: int) -> Telling:
        """Give what the two therapists are told."""
        return await self._telling(tx, handover_id)

    async def _telling(self, tx: Transaction, handover_id: int) -> Telling:
        found = await handovers.load_handover(tx, handover_id)
        leaving = await people.load_person(tx, found.from_id)
        colleague = await people.load_person(tx, found.to_id)
        asked, _ = await self._sorted(tx, found.from_id, found.to_id)
        undone = found.undone_at is not None
        return Telling(leaving.name, colleague.name, found.begins_at, len(asked), undone)

    async def _two(self, tx: Transaction, from_name: str, to_name: str) -> tuple[Person, Person]:
        leaving = await find_professional(tx, from_name)
        colleague = await find_professional(tx, to_name)
        if leaving.id == colleague.id:
            raise Refused("handover_same", name=leaving.name)
        for person in (leaving, colleague):
            if "therapist" not in await people.roles_of(tx, person.id):
                raise Refused("therapist_unknown", name=person.name, names="–")
        if await handovers.find_open(tx, leaving.id) is not None:
            raise Refused("handover_running", name=leaving.name)
        if await handovers.is_taking_over(tx, leaving.id):
            raise Refused("handover_takes_over", name=leaving.name)
        if await handovers.find_open(tx, colleague.id) is not None:
            raise Refused("handover_leaves", name=colleague.name)
        return leaving, colleague

    async def _plan(self, tx: Transaction, leaving: Person, colleague: Person) -> Plan:
        asked, unasked = await self._sorted(tx, leaving.id, colleague.id)
        used = await pairs.codes_of(tx, colleague.id)
        return Plan(
            leaving.name,
            colleague.name,
            asked=tuple(pair.code for pair in asked),
            unasked=tuple((pair.code, why) for pair, why in unasked),
            anew=tuple(pair.code for pair in asked if pair.code in used),
            begins_at=self.clock.now() + BEGINS_AFTER_MS,
            is_admin=leaving.telegram_id in self.settings.practice.admins,
        )

    async def _sorted(
        self, tx: Transaction, from_id: int, to_id: int
    ) -> tuple[list[Pair], list[tuple[Pair, str]]]:
        """Tell the pairs whose clients are asked from those who are not, and why not."""
        with_colleague = {
            pair.client_id for pair in await pairs.pairs_of_therapist(tx, to_id) if not pair.is_over
        }
        asked, unasked = [], []
        for pair in await handovers.to_hand_over(tx, from_id):
            why = _unasked(pair) or ("twice" if pair.client_id in with_colleague else None)
            if pair.client_id == to_id:
                why = "themselves"
            if why is None:
                asked.append(pair)
            else:
                unasked.append((pair, why))
        return asked, unasked

    async def any_to_do(self, tx: Transaction) -> bool:
        """Tell whether a handover is to begin, or somebody to leave."""
        now = self.clock.now()
        return (
            await handovers.find_to_begin(tx, now) is not None
            or await self._find_to_leave(tx, now) is not None
        )

    async def _find_to_leave(self, tx: Transaction, now: int) -> Handover | None:
        return await handovers.find_to_leave(tx, now - LEAVES_AFTER_MS, LAST_AFTER_MS)

    async def work_one(self) -> bool:
        """Begin a handover, or let somebody leave; was there one to do?"""
        if await self.db.read(self.any_to_do):
            return await self._work()
        return False

    @writes
    async def _work(self, tx: Transaction) -> bool:
        now = self.clock.now()
        if (found := await handovers.find_to_begin(tx, now)) is not None:
            await self._begin(tx, found, now)
        elif (found := await self._find_to_leave(tx, now)) is not None:
            await self._leave(tx, found, now)
        return True

    async def any_to_lapse(self, tx: Transaction) -> bool:
        """Tell whether `lapse_one` would find a question."""
        return await handovers.find_lapsed(tx, self.clock.now()) is not None

    async def lapse_one(self) -> Lapsed | None:
        """Close a question whose time is over; None where there is none."""
        return await self._lapse() if await self.db.read(self.any_to_lapse) else None

    @writes
    async def _lapse(self, tx: Transaction) -> Lapsed | None:
        now = self.clock.now()
        asked = await handovers.find_lapsed(tx, now)
        if asked is None:
            return None
        await handovers.lapse(tx, asked.id, now)
        pair = await pairs.load_pair(tx, asked.pair_id)
        if pair.client_id is None:
            return Lapsed(pair, None, ())
        client = await people.load_person(tx, pair.client_id)
        places = await handovers.question_in(tx, asked.id, client.id)
        return Lapsed(pair, client, tuple(places))

    async def _begin(self, tx: Transaction, found: Handover, now: int) -> None:
        """End every pair, and owe each client the question or the news."""
        asked, unasked = await self._sorted(tx, found.from_id, found.to_id)
        await handovers.begin(tx, found.id, now)
        for pair in asked:
            await self._end(tx, pair, now)
            await self._ask(tx, found, pair, now)
        for pair, _ in unasked:
            await self._end(tx, pair, now)
            await self._tell_ended(tx, pair, now)
        await self._close_all(tx, found.from_id, now)
        await self._note(tx, "handover begun", "handover", found.id)

    async def _close_all(self, tx: Transaction, from_id: int, now: int) -> None:
        """Close what stands open with who leaves, also where therapy had ended before.

        So it is in the last digest, and nobody answers afterwards to nobody.
        """
        for pair in await pairs.pairs_of_therapist(tx, from_id):
            await checkin_ends.end_all(tx, pair.id, now)

    async def _end(self, tx: Transaction, pair: Pair, now: int) -> None:
        # Nobody's therapy goes on: of who had stopped, the time of keeping runs since then.
        await pairs.end_pair(tx, pair.id, pair.therapist_id, pair.stopped_at or now)
        await timetable.clear_timetable(tx, pair.id, now)
        await invitations.revoke_invitations(tx, pair.id, now)
        await self._note(tx, "therapy ended by a handover", "pair", pair.id)

    async def _ask(self, tx: Transaction, found: Handover, pair: Pair, now: int) -> None:
        assert pair.client_id is not None  # noqa: S101 - nobody else is asked
        asked_id, until_at = self.ids.new(), now + ANSWER_DAYS * DAY_MS
        await handovers.add_asked(tx, asked_id, found.id, pair.id, until_at)
        for part, due_at in (
            ("handover_ask", now + ASKED_AFTER_MS),
            ("handover_ask:again", now + _REMIND_DAYS * DAY_MS),
        ):
            await outbox.queue(
                tx,
                id=self.ids.new(),
                kind="notice",
                subject_id=asked_id,
                part=part,
                person_id=pair.client_id,
                pair_id=pair.id,
                due_at=due_at,
                expires_at=until_at,
                now=now,
            )

    async def _tell_ended(self, tx: Transaction, pair: Pair, now: int) -> None:
        """Tell a client who is not asked that it has ended; who has stopped is left alone."""
        if pair.client_id is None or pair.stopped_at is not None:
            return
        await outbox.queue(
            tx,
            id=self.ids.new(),
            kind="notice",
            subject_id=pair.id,
            part=ENDED,
            person_id=pair.client_id,
            pair_id=pair.id,
            due_at=now + ASKED_AFTER_MS,
            expires_at=now + ANSWER_DAYS * DAY_MS,
            now=now,
        )

    async def _leave(self, tx: Transaction, found: Handover, now: int) -> None:
        """End the access of who leaves, with whatever was begun since."""
        for pair in await handovers.to_hand_over(tx, found.from_id):
            await self._end(tx, pair, now)
            await self._tell_ended(tx, pair, now)
        await self._close_all(tx, found.from_id, now)
        for feed in await feeds.feeds_of_therapist(tx, found.from_id):
            # Of one that config.toml declares it is kept that nobody wants it.
            is_declared = feed.source.declared in self.settings.feeds
            await (feeds.decline if is_declared else feeds.forget_feed)(tx, feed.id)
        await handovers.leave(tx, found.id, found.from_id, now)
        await redactions.owe_closing(tx, found.from_id, now)
        await self._tell(tx, found.id, "handover_left", found.from_id, now)
        if any(one.answer is None for one in await handovers.said_of(tx, found.id)):
            await owe_admins(tx, found, "left", ids=self.ids, settings=self.settings, now=now)
        await self._note(tx, "therapist left", "person", found.from_id)

    async def _tell(
        self, tx: Transaction, handover_id: int, part: str, person_id: int, now: int
    ) -> None:
        await outbox.queue(
            tx,
            id=self.ids.new(),
            kind="notice",
            subject_id=handover_id,
            part=part,
            person_id=person_id,
            due_at=now,
            expires_at=now + 7 * DAY_MS,
            now=now,
        )

    async def _note(self, tx: Transaction, act: str, kind: str, object_id: int) -> None:
        await audit.note(tx, self.ids.new(), self.clock.now(), None, act, kind, object_id)


def _unasked(pair: Pair) -> str | None:
    """Say why a client is not asked whether to go on."""
    if pair.client_id is None:
        return "not_joined"
    if pair.confirmed_at is None:
        return "not_confirmed"
    if pair.erase_asked_at is not None:
        return "erasure_asked"
    return "stopped" if pair.state == "stopped" else None
