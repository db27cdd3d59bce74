"""A new master key: owns what the database holds under it, and the order of the key files.

Every wrapped data key is wrapped anew, every Telegram id is indexed anew. Invitations cannot be:
only hashes of their codes are kept. Their index key is kept instead, wrapped by the new master
key, so that no link breaks; whoever knows it can still not guess a code, as one could guess a
Telegram id. What was sealed with the data keys stays as it is.

The next key is on disk before the one transaction, and takes the key file's name after it. Whoever
dies in between finds both, and one of them opens the database.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from bot.store.database import Transaction
from bot.store.erasures import sync_folder
from bot.store.vault import (
    KeyProblem,
    Vault,
    begun_key_file,
    find_begun_key,
    new_master_key,
    write_key_file,
)


def begin(key_file: Path, now: int) -> bytes:
    """Put the next master key beside the present one and keep the present one by a second name.

    The key of a change that was begun and never came into force is taken up. Errors: OSError.
    """
    master = find_begun_key(key_file)
    if master is None:
        master = new_master_key()
        begun = begun_key_file(key_file)
        begun.unlink(missing_ok=True)  # half written: nobody was shown it
        write_key_file(begun, master, in_place_of=key_file.resolve())
    keep_former(key_file, now)
    return master


def formers(key_file: Path) -> list[Path]:
    """List the files of former master keys, oldest first."""
    real = key_file.resolve()
    return sorted(real.parent.glob(f"{real.name}.before-*"))


def keep_former(key_file: Path, now: int) -> Path:
    """Give the present key file a second name that outlives the change. Errors: OSError."""
    real = key_file.resolve()
    for there in formers(key_file):
        if there.samefile(real):
            return there
    stem = f"{real.name}.before-{datetime.fromtimestamp(now / 1000, UTC):%Y%m%dT%H%M%SZ}"
    former, number = real.with_name(stem), 1
    while former.exists():
        number += 1
        former = real.with_name(f"{stem}-{number}")
    os.link(real, former)
    sync_folder(real.parent)
    return former


def finish(key_file: Path, now: int) -> None:
    """Let the next key be the key file; the former one is kept. Errors: `KeyProblem`."""
    begun = begun_key_file(key_file)
    try:
        keep_former(key_file, now)
        os.replace(begun, key_file.resolve())
        sync_folder(begun.parent)
    except OSError as problem:
        raise KeyProblem(
            f"the database has its new master key, {begun}, which cannot be renamed to "
            f"{key_file}: {problem.strerror}. Rename it"
        ) from problem


async def rewrap(tx: Transaction, new: Vault) -> None:
    """Bring everything under the master key of another vault."""
    old = tx.vault
    for table in ("practice", "person", "pair"):
        keys = f"SELECT id, data_key FROM {table} WHERE data_key IS NOT NULL"  # noqa: S608
        for row in await tx.all(keys):
            await tx.run(
                f"UPDATE {table} SET data_key = :key WHERE id = :id",  # noqa: S608 - one of three
                key=old.rewrap(row["data_key"], table, row["id"], new),
                id=row["id"],
            )
    await _index_people(tx, new)
    # Only an hour of them counts, and whose they are is not known.
    await tx.run("DELETE FROM guess")
    await tx.run(
        "UPDATE practice SET invitation_key = :key WHERE id = 1",
        key=old.hand_index("invitation", new),
    )


async def _index_people(tx: Transaction, new: Vault) -> None:
    for row in await tx.all(
        "SELECT id, data_key, telegram FROM person WHERE telegram_index IS NOT NULL"
    ):
        sealer = new.sealer(row["data_key"], "person", row["id"])
        telegram = sealer.open_text(row["telegram"], "person", "telegram", row["id"])
        await tx.run(
            "UPDATE person SET telegram_index = :ix WHERE id = :id",
            ix=new.blind_index("telegram", telegram),
            id=row["id"],
        )
