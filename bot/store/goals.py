"""A client's own goals as rows, their words sealed with the pair's key and never changed.

A goal that is worded anew is a new row that follows the old one, so that what was rated stays
what it was. Ratings are answers of check-ins (`answers`); which goal each belongs to is frozen in
the check-in.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

from bot.core.rhythm import GOAL_ITEMS
from bot.store.answers import answers_of
from bot.store.checkins import SELECT_CHECKIN, CheckIn, read_checkin
from bot.store.database import Row, Transaction

GoalState = Literal["open", "reached", "set_aside", "reworded"]


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal in the client's own words. place: 1 to 3, free again when it is not open any more."""

    id: int
    pair_id: int
    place: int
    words: str
    state: GoalState
    follows_id: int | None
    made_at: int
    state_at: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """The words of a goal are waited for. follows_id: the goal to word anew, None for a new one.

    noted_at: when they came, None while they are waited for. update_id: the tap since when.
    """

    client_id: int
    pair_id: int
    follows_id: int | None
    telegram_message: int
    asked_at: int
    noted_at: int | None = None
    update_id: int | None = None


_GOALS = "SELECT goal.*, pair.data_key FROM goal JOIN pair ON pair.id = goal.pair_id"


def _goal(tx: Transaction, row: Row) -> Goal:
    sealer = tx.vault.sealer(row["data_key"], "pair", row["pair_id"])
    return Goal(
        row["id"], row["pair_id"], row["place"],
        sealer.open_text(row["words"], "goal", "words", row["id"]),
        row["state"], row["follows_id"], row["made_at"], row["state_at"],
    )  # fmt: skip


async def goals_of_pair(tx: Transaction, pair_id: int) -> list[Goal]:
    """List every goal a pair ever had, in the order of their making."""
    rows = await tx.all(
        f"{_GOALS} WHERE goal.pair_id = :pair_id ORDER BY goal.made_at, goal.id", pair_id=pair_id
    )
    return [_goal(tx, row) for row in rows]


async def open_goals(tx: Transaction, pair_id: int) -> list[tuple[int, int]]:
    """List a pair's open goals by place, as (id, place); nothing is decrypted."""
    rows = await tx.all(
        "SELECT id, place FROM goal WHERE pair_id = :pair_id AND state = 'open' ORDER BY place",
        pair_id=pair_id,
    )
    return [(row["id"], row["place"]) for row in rows]


async def has_goals(tx: Transaction, pair_id: int) -> bool:
    """Say whether a pair ever had a goal."""
    row = await tx.one("SELECT id FROM goal WHERE pair_id = :pair_id LIMIT 1", pair_id=pair_id)
    return row is not None


async def goals_by_item(tx: Transaction, checkin: CheckIn) -> dict[str, Goal]:
    """Give the goals that a check-in asks about, by the item that rates each."""
    if not checkin.known.goals:
        return {}
    found = {goal.id: goal for goal in await goals_of_pair(tx, checkin.pair_id)}
    items = zip(GOAL_ITEMS, checkin.known.goals, strict=False)
    return {item: found[goal_id] for item, goal_id in items}


async def ratings_of(tx: Transaction, pair_id: int) -> dict[int, list[int]]:
    """Give what a pair's goals were rated, oldest first, by goal.

    What was withheld or taken back is left out.
    """
    rows = await tx.all(
        f"{SELECT_CHECKIN} WHERE checkin.pair_id = :pair_id AND checkin.kind = 'session'"  # noqa: S608 - fixed text
        " AND checkin.state NOT IN ('withheld', 'cancelled') AND EXISTS (SELECT 1 FROM answer"
        "  WHERE answer.checkin_id = checkin.id AND answer.item = :item)"
        " ORDER BY checkin.due_at",
        pair_id=pair_id,
        item=GOAL_ITEMS[0],
    )
    found: defaultdict[int, list[int]] = defaultdict(list)
    for row in rows:
        checkin = read_checkin(tx, row)
        given = await answers_of(tx, checkin)
        for item, goal_id in zip(GOAL_ITEMS, checkin.known.goals, strict=False):
            value = given[item].value if item in given else None
            if isinstance(value, int):
                found[goal_id].append(value)
    return found


async def add_goal(
    tx: Transaction,
    *,
    id: int,
    pair_id: int,
    place: int,
    words: str,
    follows_id: int | None,
    now: int,
) -> bool:
    """Add an open goal; False when its place is taken."""
    key = await tx.one("SELECT data_key FROM pair WHERE id = :id", id=pair_id)
    if key is None or key["data_key"] is None:
        raise KeyError(f"no pair {pair_id}")
    sealer = tx.vault.sealer(key["data_key"], "pair", pair_id)
    row = await tx.one(
        "INSERT INTO goal (id, pair_id, place, words, state, follows_id, made_at, state_at)"
        " VALUES (:id, :pair_id, :place, :words, 'open', :follows_id, :now, :now)"
        " ON CONFLICT DO NOTHING RETURNING id",
        id=id,
        pair_id=pair_id,
        place=place,
        words=sealer.seal_text(words, "goal", "words", id),
        follows_id=follows_id,
        now=now,
    )
    return row is not None


async def end_goal(
    tx: Transaction, goal_id: int, pair_id: int, state: GoalState, now: int
) -> int | None:
    """Let an open goal of a pair not be open any more; give the place that is free now."""
    row = await tx.one(
        "UPDATE goal SET state = :state, state_at = :now"
        " WHERE id = :id AND pair_id = :pair_id AND state = 'open' RETURNING place",
        id=goal_id,
        pair_id=pair_id,
        state=state,
        now=now,
    )
    return int(row["place"]) if row else None


async def pair_of_goal(tx: Transaction, goal_id: int, client_id: int) -> int | None:
    """Give the pair of a goal that belongs to this client."""
    row = await tx.one(
        "SELECT pair.id FROM goal JOIN pair ON pair.id = goal.pair_id"
        " WHERE goal.id = :id AND pair.client_id = :client_id AND pair.state <> 'erased'"
        " AND pair.relinked_at IS NULL",
        id=goal_id,
        client_id=client_id,
    )
    return int(row["id"]) if row else None


async def want_words(tx: Transaction, wanted: Wanted) -> None:
    """Wait for the words of a goal; what the same client was waited for before is forgotten."""
    await tx.run(
        "INSERT INTO goal_wanted (client_id, pair_id, follows_id, telegram_message, asked_at,"
        " update_id) VALUES (:client_id, :pair_id, :follows_id, :message, :now, :update_id)"
        " ON CONFLICT (client_id) DO UPDATE SET pair_id = excluded.pair_id,"
        " follows_id = excluded.follows_id, telegram_message = excluded.telegram_message,"
        " asked_at = excluded.asked_at, noted_at = NULL, update_id = excluded.update_id",
        client_id=wanted.client_id,
        pair_id=wanted.pair_id,
        follows_id=wanted.follows_id,
        message=wanted.telegram_message,
        now=wanted.asked_at,
        update_id=tx.update_id,
    )


async def find_wanted(tx: Transaction, client_id: int, asked_after: int) -> Wanted | None:
    """Find what words are (or were) waited for, unless a check-in was put or answered since.

    What is typed belongs to what stood before the client last.
    """
    row = await tx.one(
        "SELECT goal_wanted.* FROM goal_wanted JOIN pair ON pair.id = goal_wanted.pair_id"
        " WHERE goal_wanted.client_id = :client_id AND pair.client_id = :client_id"
        " AND asked_at > :asked_after AND NOT EXISTS (SELECT 1 FROM checkin"
        "  JOIN pair AS own ON own.id = checkin.pair_id WHERE own.client_id = :client_id"
        "  AND checkin.state = 'open' AND (checkin.sent_at > asked_at"
        "  OR checkin.reminded_at > asked_at OR checkin.last_answer_at > asked_at))",
        client_id=client_id,
        asked_after=asked_after,
    )
    if row is None:
        return None
    return Wanted(
        row["client_id"], row["pair_id"], row["follows_id"], row["telegram_message"],
        row["asked_at"], row["noted_at"], row["update_id"],
    )  # fmt: skip


async def note_words(tx: Transaction, client_id: int, now: int) -> None:
    """Note that the words that were waited for have come."""
    await tx.run(
        "UPDATE goal_wanted SET noted_at = :now WHERE client_id = :client_id",
        client_id=client_id,
        now=now,
    )


async def forget_wanted(tx: Transaction, client_id: int) -> None:
    """Wait for no goal's words any more."""
    await tx.run("DELETE FROM goal_wanted WHERE client_id = :client_id", client_id=client_id)
