"""Which rows a digest reads: a therapist's own pairs, and of each pair few of its check-ins.

Of each pair `:depth` of the newest check-ins and, for its baseline, `:first` of the version it is
asked now, from its first or from where the therapist let the usual begin anew. Where nothing but
what is new is wanted, no history is read. Text of statements, for `digest_facts` and
`digest_answers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Among:
    """Which of a therapist's pairs are read; with nothing said, all of them.

    pair_id: this one. digest_id: those that have a place in this digest; page: on this page of it.
    """

    pair_id: int | None = None
    digest_id: int | None = None
    page: int | None = None

    @property
    def values(self) -> dict[str, int | None]:
        """What `AMONG` is to be given."""
        return {"pair_id": self.pair_id, "digest_id": self.digest_id, "page": self.page}


EVERYBODY: Final = Among()

AMONG: Final = (
    " AND (CAST(:pair_id AS BIGINT) IS NULL OR pair.id = :pair_id)"
    " AND (CAST(:digest_id AS BIGINT) IS NULL OR pair.id IN"
    " (SELECT placed.pair_id FROM digest_entry AS placed WHERE placed.digest_id = :digest_id"
    " AND (CAST(:page AS BIGINT) IS NULL OR placed.page = :page)))"
)

OWN: Final = (
    " pair.therapist_id = :therapist_id AND pair.data_key IS NOT NULL"
    f" AND pair.state NOT IN ('invited', 'erased'){AMONG}"
)

#: Those of them that were not over by `over_at`: of whoever left long before a digest begins,
#: nothing can be new in it, and a practice has ever more of them.
STILL: Final = (
    f"{OWN} AND (pair.state NOT IN ('stopped', 'ended')"
    " OR coalesce(pair.ended_at, pair.stopped_at, :over_at + 1) > :over_at)"
)

OF_PAIR: Final = (
    " WHERE one.pair_id = pair.id AND one.kind = 'session'"
    " AND one.state <> 'cancelled' AND one.due_at <= :cut_at"
)
READ: Final = (
    " FROM pair JOIN checkin ON checkin.id IN ("  # noqa: S608 - fixed text
    f"SELECT id FROM (SELECT one.id FROM checkin AS one{OF_PAIR}"
    " ORDER BY one.due_at DESC LIMIT :depth) AS newest"
    f" UNION SELECT id FROM (SELECT one.id FROM checkin AS one{OF_PAIR}"
    " AND one.state IN ('answered', 'partial') AND one.due_at >= coalesce("
    f"(SELECT max(one.due_at) FROM checkin AS one{OF_PAIR} AND one.anew_at < :cut_at), 0)"
    " AND (one.instrument, one.instrument_version) ="
    f" (SELECT one.instrument, one.instrument_version FROM checkin AS one{OF_PAIR}"
    " AND one.first_answer_at IS NOT NULL ORDER BY one.due_at DESC LIMIT 1)"
    f" ORDER BY one.due_at LIMIT :first) AS first)"
)

#: Only what can be new, open or corrected in a window, and no history: nothing else happens to a
#: check-in that is closed.
RECENT: Final = (
    " FROM pair JOIN checkin ON checkin.pair_id = pair.id AND checkin.kind = 'session'"
    " AND checkin.state <> 'cancelled' AND checkin.due_at <= :cut_at AND checkin.due_at > :since_at"
    " AND (coalesce(checkin.closed_at, :from_at) >= :from_at OR checkin.corrected_at >= :from_at)"
)

#: From its question on, a check-in has come to a digest within this time.
AT_MOST_MS: Final = 35 * 86_400_000
#: Whether the check-in `other` has answers that `digest` tells anew: sent in, ended half-way or
#: changed in its time.
ANSWERED_IN_IT: Final = (
    f"other.due_at > digest.from_at - {AT_MOST_MS} AND other.due_at < digest.cut_at"
    " AND other.first_answer_at IS NOT NULL"
    " AND ((coalesce(other.completed_at, other.closed_at) >= digest.from_at"
    "   AND coalesce(other.completed_at, other.closed_at) < digest.cut_at)"
    "  OR (other.corrected_at >= digest.from_at AND other.corrected_at < digest.cut_at))"
)
