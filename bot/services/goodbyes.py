"""A step inside somebody else's transaction: put beside a pair's facts what the client said at the
end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.core.instrument import Instrument
from bot.core.pair_facts import PairFacts
from bot.core.sessions import TEXT_SHOWN, Window, sessions_of
from bot.store.database import Transaction
from bot.store.digest_rows import EVERYBODY, Among
from bot.store.goodbyes import goodbyes_of


async def with_goodbyes(
    tx: Transaction,
    facts: Sequence[PairFacts],
    therapist_id: int,
    window: Window,
    instruments: Mapping[str, Mapping[int, Instrument]],
    *,
    texts: bool,
    among: Among = EVERYBODY,
    since_at: int | None = None,
    text_limit: int = TEXT_SHOWN,
) -> list[PairFacts]:
    """Complete a therapist's facts as of a window's end.

    since_at: goodbyes that had closed by then are left out; None for what a digest of this window
    can hold. text_limit: shared texts are cut to so many characters.
    """
    found = await goodbyes_of(
        tx,
        therapist_id,
        among,
        since_at=window.from_at if since_at is None else since_at,
        cut_at=window.cut_at,
        zone=window.zone,
        texts=texts,
    )
    completed = []
    for pair in facts:
        asked = found.get(pair.pair_id)
        if asked is not None:
            name, version = asked.instrument.split("/")
            read = sessions_of((asked,), window, instruments[name][int(version)], text_limit)
            pair = replace(pair, goodbye=read[0] if read else None)
        completed.append(pair)
    return completed
