"""Erasing a pair: its line in the erasures' log first, then its key, then its rows.

Which messages still show something of it is noted before (`redactions`). What stays is a code that
is never used again, also where an older database is put back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from bot.store import people
from bot.store.database import Transaction, Unavailable
from bot.store.erasures import Erased
from bot.store.practice import practice_sealer
from bot.store.redactions import owe_redactions
from bot.store.updates import forget_set_aside_of
from bot.store.vault import Altered

_OF_CHECKINS: Final = ("answer", "answer_earlier", "mirror_rating", "watched")
_OF_PAIR: Final = (
    "sentence", "checkin", "digest_entry", "acknowledgement", "message", "invitation", "consent",
    "goal_wanted", "goal", "watch_choice", "feed_event", "feed_series", "feed_alias",
    "relink", "shown",
)  # fmt: skip


_WEIGHED: Final = {
    "appointments": "SELECT count(*) AS n FROM appointment WHERE pair_id = :id",
    "check-ins": "SELECT count(*) AS n FROM checkin WHERE pair_id = :id",
    "answers": "SELECT count(*) AS n FROM answer JOIN checkin ON checkin.id = checkin_id"
    " WHERE pair_id = :id AND value IS NOT NULL",
    "texts of the client, kept ones included": "SELECT count(*) AS n"
    " FROM answer JOIN checkin ON checkin.id = checkin_id"
    " WHERE pair_id = :id AND value IS NOT NULL AND disclosure IS NOT NULL",
    "goals": "SELECT count(*) AS n FROM goal WHERE pair_id = :id",
    "guesses of the therapist": "SELECT count(*) AS n"
    " FROM mirror_rating JOIN checkin ON checkin.id = checkin_id"
    " WHERE pair_id = :id",
    "sentences of the therapist": "SELECT count(*) AS n"
    " FROM sentence WHERE pair_id = :id AND sent_at IS NOT NULL",
    "acknowledgements": "SELECT count(*) AS n FROM acknowledgement WHERE pair_id = :id",
    "decisions about consent": "SELECT count(*) AS n FROM consent WHERE pair_id = :id",
}


class NotLogged(Unavailable):
    """The erasures' log cannot be written, so nothing is erased; all else goes on."""


async def erase_pair(tx: Transaction, pair_id: int, now: int) -> int | None:
    """Erase a pair; give who the client was, None when it had been erased before.

    Its line is in the erasures' log, on disk, before anything goes: should this transaction not
    come to its end, the next start finishes it. Errors: `NotLogged` when the line cannot be
    written; nothing is erased then.
    """
    pair = await tx.one(
        "SELECT therapist_id, code FROM pair WHERE id = :id AND state <> 'erased'", id=pair_id
    )
    if pair is None:
        return None
    sealer = await practice_sealer(tx)
    code = sealer.seal_text(pair["code"], "erasures", "code", pair_id)
    try:
        tx.erasures.add([Erased(pair_id, pair["therapist_id"], now, code)])
    except OSError as problem:
        raise NotLogged(f"{tx.erasures.path}: {problem}") from problem
    return await _erase(tx, pair_id, now)


async def finish_erasures(tx: Transaction, log: Sequence[Erased]) -> tuple[list[int], int]:
    """Carry out again what the erasures' log says.

    Gives the pairs that were there still, and how many lines are not this practice's. Of a pair
    that an older database never had, the code is kept from being given again.
    """
    gone = {row["id"] for row in await tx.all("SELECT id FROM pair WHERE state = 'erased'")}
    found, strange = [], 0
    for erased in log:
        if erased.pair_id in gone:
            continue
        if await tx.one("SELECT id FROM pair WHERE id = :id", id=erased.pair_id):
            await _erase(tx, erased.pair_id, erased.erased_at)
            found.append(erased.pair_id)
            continue
        try:
            await _keep_code(tx, erased)
        except Altered:
            strange += 1
    return found, strange


async def _keep_code(tx: Transaction, erased: Erased) -> None:
    """Let a code stay used whose pair this database never had. Errors: `Altered`."""
    sealer = await practice_sealer(tx)
    code = sealer.open_text(erased.code, "erasures", "code", erased.pair_id)
    await tx.run(
        "INSERT INTO pair (id, therapist_id, code, state, invited_at, erased_at)"
        " SELECT :id, person.id, :code, 'erased', :at, :at FROM person"
        " WHERE person.id = :therapist_id ON CONFLICT DO NOTHING",
        id=erased.pair_id,
        therapist_id=erased.therapist_id,
        code=code,
        at=erased.erased_at,
    )


async def weigh(tx: Transaction, pair_id: int) -> dict[str, int]:
    """Count what erasing a pair would destroy, by kind."""
    counts = {}
    for kind, counted in _WEIGHED.items():
        row = await tx.one(counted, id=pair_id)
        counts[kind] = int(row["n"]) if row else 0
    return counts


async def _erase(tx: Transaction, pair_id: int, now: int) -> int | None:
    """Destroy a pair's data key, then its rows: even a copy of those cannot be read without it."""
    was = await tx.one("SELECT client_id FROM pair WHERE id = :id", id=pair_id)
    await owe_redactions(tx, pair_id, now)
    await tx.run(
        "UPDATE pair SET data_key = NULL, client_id = NULL, state = 'erased', erased_at = :now,"
        " to_end_at = NULL, to_end_with = NULL, end_lost_at = NULL, relinked_at = NULL,"
        " history_from_at = NULL, objected_at = NULL"
        " WHERE id = :id",
        id=pair_id,
        now=now,
    )
    formers = await tx.all(
        "SELECT former_id FROM relink WHERE pair_id = :id AND former_id IS NOT NULL", id=pair_id
    )
    for table in _OF_CHECKINS:
        await tx.run(
            f"DELETE FROM {table} WHERE checkin_id IN"  # noqa: S608 - names of ours
            " (SELECT id FROM checkin WHERE pair_id = :id)",
            id=pair_id,
        )
    # What the accounts of before are told of the new one is of no pair, and nevertheless of this.
    await tx.run(
        "DELETE FROM message WHERE kind = 'notice' AND state = 'queued' AND pair_id IS NULL"
        " AND subject_id IN (SELECT id FROM relink WHERE pair_id = :id)",
        id=pair_id,
    )
    for table in _OF_PAIR:
        await tx.run(f"DELETE FROM {table} WHERE pair_id = :id", id=pair_id)  # noqa: S608
    await tx.run("DELETE FROM handover_pair WHERE pair_id = :id OR new_pair_id = :id", id=pair_id)
    await tx.run("UPDATE appointment SET moved_to = NULL WHERE pair_id = :id", id=pair_id)
    await tx.run("DELETE FROM appointment WHERE pair_id = :id", id=pair_id)
    await tx.run("DELETE FROM rule WHERE pair_id = :id", id=pair_id)
    client_id: int | None = was["client_id"] if was else None
    # The accounts of before are the client's as well.
    for person_id in {client_id, *(row["former_id"] for row in formers)} - {None}:
        person = await people.load_person(tx, person_id)
        if person.telegram_id is not None:
            await forget_set_aside_of(tx, person.telegram_id)
        await forget_person(tx, person_id)
    return client_id


_IS_NOBODY: Final = (
    "id = :id AND NOT EXISTS (SELECT 1 FROM pair WHERE pair.client_id = :id)"
    " AND NOT EXISTS (SELECT 1 FROM role WHERE role.person_id = :id AND ended_at IS NULL)"
)


async def forget_person(tx: Transaction, person_id: int) -> None:
    """Cut off a person whom nothing connects with the practice any more.

    While something else is to be sent there, as to an admin who was a client as well, it is known
    where to; `forget_nobodys` comes back to it. An account that can object to a new one stays known
    until its link is forgotten.
    """
    await tx.run(
        "UPDATE person SET name = NULL, language = NULL, language_hint = NULL,"  # noqa: S608 - ours
        f" timezone = NULL, quiet_from = NULL, quiet_to = NULL WHERE {_IS_NOBODY}",
        id=person_id,
    )
    await tx.run(
        f"UPDATE person SET telegram = NULL, telegram_index = NULL WHERE {_IS_NOBODY}"  # noqa: S608
        " AND NOT EXISTS (SELECT 1 FROM relink WHERE relink.former_id = :id)"
        " AND NOT EXISTS (SELECT 1 FROM message WHERE message.person_id = :id"
        "  AND message.state IN ('queued', 'sending'))",
        id=person_id,
    )


async def forget_former(tx: Transaction, person_id: int) -> None:
    """Cut off an account of before whose link is forgotten, with what was set aside of it.

    No later erasure could tell any more that this was its client's as well.
    """
    former = await people.load_person(tx, person_id)
    await forget_person(tx, person_id)
    is_cut_off = (await people.load_person(tx, person_id)).telegram_id is None
    if former.telegram_id is not None and is_cut_off:
        await forget_set_aside_of(tx, former.telegram_id)


_NOBODYS: Final = (
    "SELECT id, telegram_index FROM person WHERE telegram_index IS NOT NULL"
    " AND created_at < :before"
    " AND NOT EXISTS (SELECT 1 FROM pair WHERE pair.client_id = person.id)"
    " AND NOT EXISTS (SELECT 1 FROM role WHERE role.person_id = person.id)"
    " AND NOT EXISTS (SELECT 1 FROM relink WHERE relink.former_id = person.id)"
    " AND NOT EXISTS (SELECT 1 FROM message WHERE message.person_id = person.id"
    "  AND message.state IN ('queued', 'sending'))"
)


async def forget_nobodys(tx: Transaction, admins: Iterable[int], before: int) -> None:
    """Cut off whoever is nobody's client and has no part here, as who was turned away.

    admins: their Telegram ids; they are known by the configuration alone. before: who came later
    may still be told something (UTC milliseconds).
    """
    kept = {people.telegram_index(tx, admin) for admin in admins}
    for row in await tx.all(_NOBODYS, before=before):
        if row["telegram_index"] not in kept:
            await forget_person(tx, row["id"])


EXPIRED: Final = (
    "SELECT id FROM pair WHERE state = 'ended' AND ended_at < :before UNION ALL"
    " SELECT id FROM pair WHERE state = 'stopped' AND stopped_at < :before UNION ALL"
    " SELECT id FROM pair WHERE state = 'joined' AND confirmed_at IS NULL"
    " AND joined_at < :joined_before LIMIT 1"
)


async def find_expired_pair(tx: Transaction, over_before: int, joined_before: int) -> int | None:
    """Give a pair whose retention is over.

    It ended, or its client stopped for good, before the one moment; or somebody joined before the
    other (both UTC milliseconds) and was never confirmed.
    """
    row = await tx.one(EXPIRED, before=over_before, joined_before=joined_before)
    return row["id"] if row else None
