"""Rounds of the parts, side by side in processes of their own, each with a seed of its own."""

from __future__ import annotations

import asyncio
import importlib
import json
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import cast

from tests.torture import Tally, Violation
from tests.torture.ledger import Book

_PARTS = Path(__file__).with_name("parts")
#: A round that takes longer hangs, which is a finding.
_ROUND_SECONDS = 900.0

Found = tuple[str, int, Violation]


def parts() -> list[str]:
    """Name the parts there are."""
    return sorted(path.stem for path in _PARTS.glob("*.py") if path.stem != "__init__")


def run_one(part: str, seed: int) -> Tally:
    """Run one round here."""
    module = importlib.import_module(f"tests.torture.parts.{part}")
    return cast(Tally, module.run(seed))


def torture(
    book: Book, chosen: list[str], workers: int, seconds: float, seed: int | None = None
) -> list[Found]:
    """Run rounds until the time is over; give what was found.

    seed: run this one round of each part instead.
    """
    return asyncio.run(_Torture(book, chosen, seconds, seed).run(workers))


class _Torture:
    def __init__(self, book: Book, chosen: list[str], seconds: float, seed: int | None) -> None:
        self._book = book
        self._until = time.monotonic() + seconds
        self._once = None if seed is None else [(part, seed) for part in chosen]
        self._chosen = chosen
        self._turn = 0
        self._found: list[Found] = []

    async def run(self, workers: int) -> list[Found]:
        await asyncio.gather(*(self._work() for _ in range(workers)))
        return self._found

    def _next(self) -> tuple[str, int] | None:
        if self._once is not None:
            return self._once.pop() if self._once else None
        if time.monotonic() >= self._until:
            return None
        self._turn += 1
        part = self._chosen[self._turn % len(self._chosen)]
        return part, self._book.next_seed(part)

    async def _work(self) -> None:
        while (chosen := self._next()) is not None:
            part, seed = chosen
            tally = await _round_of(part, seed, self._book.folder)
            self._found += [(part, seed, violation) for violation in tally.violations]
            self._book.enter(part, seed, tally, is_new=self._once is None)


async def _round_of(part: str, seed: int, folder: Path) -> Tally:
    """Run a round in a process of its own, so that nothing of one is left for the next."""
    place = folder / "rounds" / f"{part}-{seed}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.torture.rounds", part, str(seed), str(place)),
        start_new_session=True,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_ROUND_SECONDS):
            _, said = await process.communicate()
    except TimeoutError:
        process.send_signal(signal.SIGKILL)
        await process.wait()
        return Tally(violations=[Violation("hangs", f"after {_ROUND_SECONDS:.0f} seconds")])
    except asyncio.CancelledError:
        process.kill()
        raise
    result = place / "tally.json"
    if process.returncode or not result.exists():
        why = said.decode(errors="replace").strip()
        return Tally(violations=[Violation("broke", why[-2000:])])
    tally = Tally.from_json(json.loads(result.read_text("utf-8")))
    if not tally.violations:
        for file in place.iterdir():
            file.unlink()
        with suppress(OSError):
            place.rmdir()
    return tally


def main() -> None:
    """Run one round and write what it gave into a folder."""
    part, seed, place = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    tally = run_one(part, seed)
    place.mkdir(parents=True, exist_ok=True)
    (place / "tally.json").write_text(json.dumps(tally.to_json()), "utf-8")
    for name, content in tally.evidence.items():
        (place / name).write_bytes(content)


if __name__ == "__main__":
    main()
