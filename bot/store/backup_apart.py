"""A program of its own that makes one backup: a tap must not wait for it, nor lend it memory.

Arguments: the database, the file of the master key, the folder, and the time (UTC milliseconds).
Says on its output, as JSON, which file it wrote or what was in the way. No secret is an argument.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from bot.store.backup import BadBackup, back_up
from bot.store.concealed import conceal
from bot.store.vault import KeyProblem, load_vaults

#: How long a process that was killed is waited for.
_ENDS_SECONDS: Final = 5.0


async def back_up_apart(
    database: Path, key: Path, folder: Path, now: int, *, within_seconds: float
) -> Path:
    """Make a backup in a process of its own, which ends with this act. Errors: `BadBackup`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-m", __name__, str(database), str(key), str(folder), str(now),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(within_seconds):
            told, _ = await process.communicate()
    except TimeoutError:
        raise BadBackup(f"it was not made within {within_seconds:.0f} seconds") from None
    finally:
        if process.returncode is None:
            process.kill()
            with suppress(TimeoutError):  # on a disk that does not answer it cannot even be ended
                async with asyncio.timeout(_ENDS_SECONDS):
                    await process.wait()
    if process.returncode:
        raise BadBackup(f"the process that makes it ended with {process.returncode}")
    said = json.loads(told)
    if "why" in said:
        raise BadBackup(said["why"])
    return Path(said["path"])


def main() -> None:
    """Make one and end."""
    # The key and the whole practice are in its memory; what its parent asked for ended with exec.
    conceal()
    database, key, folder, now = sys.argv[1:]
    os.nice(5)
    try:
        if not Path(folder).is_dir():
            raise BadBackup(f"{folder} is no folder: is its disk mounted?")
        made = back_up(Path(database), load_vaults(Path(key)), Path(folder), int(now))
        said = {"path": str(made)}
    except (BadBackup, KeyProblem) as problem:
        said = {"why": str(problem)}
    except OSError as problem:
        said = {"why": f"{problem.filename or folder}: {problem.strerror}"}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
