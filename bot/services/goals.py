"""Goals in the client's own words: up to three for each pair, noted, worded anew, closed.

Owns what a client does with them and what their therapist is told of them. Words are asked for
before they are typed, after it was said who can see them; without that they are not kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from bot.core.errors import Refused
from bot.core.order import was_said_before
from bot.core.people import Pair
from bot.core.rhythm import GOAL_ITEMS
from bot.services.acts import reads, writes
from bot.services.details import Progress
from bot.services.own import pair_to_show, pair_with_history
from bot.services.ports import Clock, Ids
from bot.services.relink_links import OBJECTS_MS
from bot.store import audit, goals, people
from bot.store.database import Database, Transaction
from bot.store.goals import Goal, Wanted

#: How many goals may be open, and how long the words of one may be, in characters.
GOALS_AT_MOST: Final = len(GOAL_ITEMS)
WORDS_AT_MOST: Final = 200
#: For so long after they were asked for, typed words are a goal's.
_WAIT_MS: Final = 3_600_000

Closing = Literal["reached", "set_aside"]


@dataclass(frozen=True, slots=True)
class OwnGoals:
    """A client's goals with one therapist. open: by place. closed: reached or set aside, newest
    first."""

    pair: Pair
    therapist_name: str
    open: tuple[Goal, ...]
    closed: tuple[Goal, ...]

    @property
    def may_add(self) -> bool:
        """Whether there is room for one more."""
        return len(self.open) < GOALS_AT_MOST and self.pair.state in _MAY_CHANGE

    @property
    def may_change(self) -> bool:
        """Whether goals can be changed."""
        return self.pair.state in _MAY_CHANGE


#: Whoever has stopped the questions has taken the consent back: nothing new is kept.
_MAY_CHANGE: Final = ("active", "paused")


@dataclass(frozen=True, slots=True)
class Goals:
    """The use cases of goals."""

    db: Database
    clock: Clock
    ids: Ids

    @reads
    async def show(self, tx: Transaction, client_id: int, pair_id: int) -> OwnGoals:
        """Give a client's goals with one therapist.

        Errors: Refused("not_yours"), and those of `pair_with_history` where some were noted before
        the account was the client's.
        """
        return await self._show(tx, client_id, pair_id)

    @reads
    async def show_one(
        self, tx: Transaction, client_id: int, goal_id: int
    ) -> tuple[OwnGoals, Goal]:
        """Give one open goal with all of them. Errors: Refused("not_yours" | "goal_closed")."""
        pair_id = await goals.pair_of_goal(tx, goal_id, client_id)
        if pair_id is None:
            raise Refused("not_yours")
        own = await self._show(tx, client_id, pair_id)
        for goal in own.open:
            if goal.id == goal_id:
                return own, goal
        raise Refused("goal_closed")

    @reads
    async def show_of(self, tx: Transaction, client_id: int, goal_id: int) -> OwnGoals:
        """Give the goals that one of them, in whatever state, stands among.

        Errors: Refused("not_yours").
        """
        pair_id = await goals.pair_of_goal(tx, goal_id, client_id)
        if pair_id is None:
            raise Refused("not_yours")
        return await self._show(tx, client_id, pair_id)

    @writes
    async def ask_words(
        self, tx: Transaction, client_id: int, pair_id: int, goal_id: int | None, message: int
    ) -> OwnGoals:
        """Wait for the words of a new goal, or of one that is worded anew.

        message: the Telegram message that asks. Errors: Refused("not_yours" | "goal_closed" |
        "goals_full" | "not_active").
        """
        own = await self._show(tx, client_id, pair_id)
        if not own.may_change:
            raise Refused("not_active")
        if goal_id is None and not own.may_add:
            raise Refused("goals_full", most=GOALS_AT_MOST)
        if goal_id is not None and goal_id not in {goal.id for goal in own.open}:
            raise Refused("goal_closed")
        wanted = Wanted(client_id, pair_id, goal_id, message, self.clock.now())
        await goals.want_words(tx, wanted)
        return own

    @reads
    async def find_wanted(self, tx: Transaction, client_id: int) -> Wanted | None:
        """Say whether what a client types now, or typed last, are the words of a goal."""
        return await self._wanted(tx, client_id)

    async def _wanted(self, tx: Transaction, client_id: int) -> Wanted | None:
        now = self.clock.now()
        wanted = await goals.find_wanted(tx, client_id, now - _WAIT_MS)
        # What was typed before the words were asked for answers something else, however late.
        if wanted and was_said_before(tx.update_id, wanted.update_id, wanted.asked_at, now):
            return None
        return wanted

    @writes
    async def note(self, tx: Transaction, client_id: int, text: str) -> OwnGoals:
        """Keep the words that were waited for, as a new goal or in place of the one they follow.

        Errors: Refused("not_kept") where none are waited for, Refused("goal_too_long"),
        Refused("goals_full"), Refused("goal_closed").
        """
        now, words = self.clock.now(), " ".join(text.split())
        wanted = await self._wanted(tx, client_id)
        if wanted is None or wanted.noted_at is not None or not words:
            raise Refused("not_kept")
        if len(words) > WORDS_AT_MOST:
            raise Refused("goal_too_long", most=WORDS_AT_MOST, length=len(words))
        own = await self._show(tx, client_id, wanted.pair_id)
        if not own.may_change:
            raise Refused("not_kept")
        place = await self._place(tx, own, wanted, now)
        await goals.add_goal(
            tx,
            id=self.ids.new(),
            pair_id=own.pair.id,
            place=place,
            words=words,
            follows_id=wanted.follows_id,
            now=now,
        )
        await goals.note_words(tx, client_id, now)
        await self._note(tx, client_id, "goal noted", own.pair.id, now)
        return await self._show(tx, client_id, own.pair.id)

    async def _place(self, tx: Transaction, own: OwnGoals, wanted: Wanted, now: int) -> int:
        if wanted.follows_id is not None:
            place = await goals.end_goal(tx, wanted.follows_id, own.pair.id, "reworded", now)
            if place is None:
                raise Refused("goal_closed")
            return place
        taken = {goal.place for goal in own.open}
        free = [place for place in range(1, GOALS_AT_MOST + 1) if place not in taken]
        if not free:
            raise Refused("goals_full", most=GOALS_AT_MOST)
        return free[0]

    @writes
    async def close(self, tx: Transaction, client_id: int, goal_id: int, how: Closing) -> OwnGoals:
        """Let a goal be reached or set aside. Errors: Refused("not_yours" | "goal_closed")."""
        now = self.clock.now()
        pair_id = await goals.pair_of_goal(tx, goal_id, client_id)
        if pair_id is None:
            raise Refused("not_yours")
        if not (await self._show(tx, client_id, pair_id)).may_change:
            raise Refused("not_active")
        if await goals.end_goal(tx, goal_id, pair_id, how, now) is None:
            raise Refused("goal_closed")
        # What became of it is the client's to tell, and the audit outlives an erasure.
        await self._note(tx, client_id, "goal closed", pair_id, now)
        return await self._show(tx, client_id, pair_id)

    @writes
    async def forget_wanted(self, tx: Transaction, client_id: int, pair_id: int) -> OwnGoals:
        """Wait for no words any more. Errors: Refused("not_yours")."""
        await goals.forget_wanted(tx, client_id)
        return await self._show(tx, client_id, pair_id)

    async def _show(self, tx: Transaction, client_id: int, pair_id: int) -> OwnGoals:
        pair = await pair_to_show(tx, pair_id, client_id)
        if pair.confirmed_at is None:
            raise Refused("not_yours")
        found = await goals.goals_of_pair(tx, pair_id)
        changed_at = (pair.history_from_at or 0) - OBJECTS_MS
        if any(goal.made_at <= changed_at for goal in found):
            # Noted in a former account: as private there as what was answered.
            await pair_with_history(tx, pair_id, client_id, self.clock.now())
        closed = [goal for goal in found if goal.state in ("reached", "set_aside")]
        return OwnGoals(
            pair=pair,
            therapist_name=(await people.load_person(tx, pair.therapist_id)).name,
            open=tuple(sorted((g for g in found if g.state == "open"), key=lambda g: g.place)),
            closed=tuple(sorted(closed, key=lambda goal: goal.state_at, reverse=True)),
        )

    async def _note(self, tx: Transaction, actor_id: int, act: str, pair_id: int, now: int) -> None:
        await audit.note(tx, self.ids.new(), now, actor_id, act, "pair", pair_id)


async def progress_of(tx: Transaction, pair_id: int) -> tuple[Progress, ...]:
    """Give a pair's open goals with their ratings, for the therapist; withheld ones left out."""
    found = [goal for goal in await goals.goals_of_pair(tx, pair_id) if goal.state == "open"]
    if not found:
        return ()
    ratings = await goals.ratings_of(tx, pair_id)
    return tuple(
        Progress(goal.words, tuple(ratings.get(goal.id, ())))
        for goal in sorted(found, key=lambda goal: goal.place)
    )
