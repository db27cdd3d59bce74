"""The practice's own row: proves at start that the master key is the right one."""

from __future__ import annotations

from typing import Final

from bot.store.database import Transaction
from bot.store.vault import Altered, KeyProblem, Sealer

_PROOF: Final = b"rapport"
#: What is wrong and what to do when no master key at hand opens a database.
WRONG_KEY: Final = (
    "the master key is not the one this database was made with: put the line from the "
    "practice's recovery sheet into the key file"
)


async def find_practice(tx: Transaction) -> bool:
    """Say whether this database belongs to a practice yet."""
    return await tx.one("SELECT id FROM practice") is not None


async def found_practice(tx: Transaction, now: int) -> None:
    """Make the practice's row for the vault's master key."""
    data_key = tx.vault.new_data_key("practice", 1)
    proof = tx.vault.sealer(data_key, "practice", 1).seal(_PROOF, "practice", "key_check", 1)
    await tx.run(
        "INSERT INTO practice (id, data_key, key_check, last_now_at)"
        " VALUES (1, :data_key, :proof, :now)",
        data_key=data_key,
        proof=proof,
        now=now,
    )


async def practice_sealer(tx: Transaction) -> Sealer:
    """Open the practice's data key. Errors: `KeyProblem` when the master key is another one."""
    row = await tx.one("SELECT data_key, key_check FROM practice WHERE id = 1")
    if row is None:
        raise KeyError("no practice row")
    try:
        sealer = tx.vault.sealer(row["data_key"], "practice", 1)
        sealer.open(row["key_check"], "practice", "key_check", 1)
    except Altered:
        raise KeyProblem(WRONG_KEY) from None
    return sealer


async def take_indexes(tx: Transaction) -> None:
    """Let the vault find invitations that were made under an earlier master key."""
    row = await tx.one("SELECT invitation_key FROM practice WHERE id = 1")
    if row is not None and row["invitation_key"] is not None:
        tx.vault.keep_index("invitation", row["invitation_key"])


async def advance_clock(tx: Transaction, now: int) -> int:
    """Note the wall clock and give the newest time ever noted, UTC milliseconds."""
    row = await tx.one(
        "UPDATE practice SET last_now_at ="
        " CASE WHEN last_now_at < :now THEN :now ELSE last_now_at END WHERE id = 1"
        " RETURNING last_now_at",
        now=now,
    )
    return int(row["last_now_at"]) if row else now


async def last_seen_at(tx: Transaction) -> int:
    """Give the newest wall clock noted, UTC milliseconds."""
    row = await tx.one("SELECT last_now_at FROM practice WHERE id = 1")
    return int(row["last_now_at"]) if row else 0
