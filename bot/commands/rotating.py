"""Changing the master key: one transaction, and a key file that is there before and after.

The program must not run meanwhile: the lock is held throughout. The new recovery sheet is shown
before the key comes into force, so that there is never a key in force that nobody was shown.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bot.config import Settings
from bot.opening import open_database
from bot.services.ports import Clock
from bot.store import rotation
from bot.store.vault import Vault, begun_key_file, find_begun_key


async def rotate(settings: Settings, clock: Clock, show: Callable[[bytes], None]) -> list[Path]:
    """Put a new master key in force and give the former keys' files, oldest first.

    show: is given the new key while the old one still counts. A change that was begun is finished,
    with its own key. Errors: `KeyProblem`, `InUse`, `Unavailable`, OSError.
    """
    key_file = settings.keys.master_key_file
    begun = find_begun_key(key_file)
    db = await open_database(settings, clock)
    try:
        if begun is not None and not begun_key_file(key_file).exists():
            show(begun)  # opening found it in force and gave it the key file's name
            return rotation.formers(key_file)
        master = rotation.begin(key_file, clock.now())
        show(master)
        new = Vault(master)
        await db.write(lambda tx: rotation.rewrap(tx, new))
        rotation.finish(key_file, clock.now())
        await db.truncate_log()
        return rotation.formers(key_file)
    finally:
        await db.close()
