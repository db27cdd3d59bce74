"""The phrase watch as rows: what clients chose, and in which texts something was found.

How much was found is sealed with the pair's key, like the text itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.store.checkins import CheckIn
from bot.store.database import Transaction
from bot.store.vault import Sealer

About = Literal["notice", "kept"]
Choice = Literal["yes", "no"]
Choices = dict[About, Choice]


@dataclass(frozen=True, slots=True)
class Watched:
    """A text in which phrases were found. helped, told: for how many of them what was done."""

    id: int
    helped: int
    told: int
    helped_at: int
    told_at: int | None


async def choices_of(tx: Transaction, pair_id: int, client_id: int) -> Choices:
    """Give what a client chose; what was not asked yet is missing."""
    rows = await tx.all(
        "SELECT about, choice FROM watch_choice JOIN pair ON pair.id = watch_choice.pair_id"
        " WHERE pair_id = :pair_id AND client_id = :client_id",
        pair_id=pair_id,
        client_id=client_id,
    )
    return {row["about"]: row["choice"] for row in rows}


async def choose(
    tx: Transaction, pair_id: int, client_id: int, about: About, choice: Choice, now: int
) -> bool:
    """Keep a client's choice; False where the pair is not theirs or is over."""
    row = await tx.one(
        "INSERT INTO watch_choice (pair_id, about, choice, chosen_at)"
        " SELECT id, :about, :choice, :now FROM pair WHERE id = :pair_id"
        " AND client_id = :client_id AND state IN ('joined', 'active', 'paused', 'stopped')"
        " ON CONFLICT (pair_id, about) DO UPDATE SET choice = excluded.choice,"
        " chosen_at = excluded.chosen_at RETURNING pair_id",
        pair_id=pair_id,
        client_id=client_id,
        about=about,
        choice=choice,
        now=now,
    )
    return row is not None


async def forget_choices(tx: Transaction, pair_id: int) -> None:
    """Forget what somebody chose who turned out not to be the client."""
    await tx.run("DELETE FROM watch_choice WHERE pair_id = :pair_id", pair_id=pair_id)


async def find_watched(tx: Transaction, checkin: CheckIn, item: str) -> Watched | None:
    """Find what was done about a text."""
    row = await tx.one(
        "SELECT * FROM watched WHERE checkin_id = :checkin_id AND item = :item",
        checkin_id=checkin.id,
        item=item,
    )
    if row is None:
        return None
    sealed = (await _sealer(tx, checkin)).open_text(row["found"], "watched", "found", row["id"])
    helped, told = map(int, sealed.split())
    return Watched(row["id"], helped, told, row["helped_at"], row["told_at"])


async def save_watched(tx: Transaction, checkin: CheckIn, item: str, watched: Watched) -> None:
    """Keep what was done about a text."""
    sealer = await _sealer(tx, checkin)
    await tx.run(
        "INSERT INTO watched (id, checkin_id, item, found, helped_at, told_at)"
        " VALUES (:id, :checkin_id, :item, :found, :helped_at, :told_at)"
        " ON CONFLICT (checkin_id, item) DO UPDATE SET found = excluded.found,"
        " helped_at = excluded.helped_at, told_at = excluded.told_at",
        id=watched.id,
        checkin_id=checkin.id,
        item=item,
        found=sealer.seal_text(f"{watched.helped} {watched.told}", "watched", "found", watched.id),
        helped_at=watched.helped_at,
        told_at=watched.told_at,
    )


async def forget_watched(tx: Transaction, checkin_id: int, item: str) -> None:
    """Forget what was done about a text that is removed: whatever follows is another one."""
    await tx.run(
        "DELETE FROM watched WHERE checkin_id = :checkin_id AND item = :item",
        checkin_id=checkin_id,
        item=item,
    )


async def may_be_told(tx: Transaction, watched_id: int) -> bool:
    """Say whether a notice may still go out: the text is still shared, and the client still wants
    the therapist to be told."""
    row = await tx.one(
        "SELECT watched.id FROM watched JOIN checkin ON checkin.id = watched.checkin_id"
        " JOIN answer ON answer.checkin_id = watched.checkin_id AND answer.item = watched.item"
        " JOIN watch_choice ON watch_choice.pair_id = checkin.pair_id AND about = 'notice'"
        " WHERE watched.id = :id AND choice = 'yes' AND disclosure IN ('show', 'raise')"
        " AND checkin.state <> 'withheld'",
        id=watched_id,
    )
    return row is not None


async def _sealer(tx: Transaction, checkin: CheckIn) -> Sealer:
    key = await tx.one("SELECT data_key FROM pair WHERE id = :id", id=checkin.pair_id)
    if key is None:
        raise KeyError(f"no pair {checkin.pair_id}")
    return tx.vault.sealer(key["data_key"], "pair", checkin.pair_id)
