"""What is held about one pair and its client, whole, for the client's own export.

Answers, goals, kept texts and a therapist's sentences to the client are opened. Left out is what
is not the client's: a therapist's own guesses, how a digest was arranged and read, what a therapist
was sent, and who did what in the program. So is what is made of the answers given here
(`checkin.known`, `watched.found`), and every key and hash.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from bot.core.people import Person
from bot.core.rhythm import GOAL_ITEMS
from bot.store.answers import open_value
from bot.store.checkins import read_known
from bot.store.database import Row, Transaction
from bot.store.goals import goals_of_pair
from bot.store.vault import Sealer

Facts = dict[str, Any]

_PERSON: Final = (
    "SELECT language, language_hint, timezone, quiet_from, quiet_to, unreachable_at, created_at"
    " FROM person WHERE id = :client_id"
)
_PAIR: Final = (
    "SELECT code, state, invited_at, joined_at, confirmed_at, consented_at, consent_version,"
    " paused_at, paused_until_on, less_often_at, stopped_at, ended_at, erase_asked_at,"
    " relinked_at, history_from_at, objected_at FROM pair"
    " WHERE id = :id"
)
_LISTS: Final = {
    "invitations": "SELECT made_at, expires_at, used_at, revoked_at FROM invitation"
    " WHERE pair_id = :id ORDER BY made_at",
    "account_changes": "SELECT made_at, expires_at, opened_at, tries, ended, ended_at FROM relink"
    " WHERE pair_id = :id ORDER BY made_at",
    "handovers": "SELECT begun_at, until_at, answer, answered_at FROM handover_pair"
    " JOIN handover ON handover.id = handover_id WHERE pair_id = :id OR new_pair_id = :id"
    " ORDER BY begun_at",
    "consents": "SELECT version, decision, decided_at FROM consent WHERE pair_id = :id"
    " ORDER BY decided_at",
    "watch_choices": "SELECT about, choice, chosen_at FROM watch_choice WHERE pair_id = :id"
    " ORDER BY about",
    "watched": "SELECT appointment.local_on, item, helped_at, told_at FROM watched"
    " JOIN checkin ON checkin.id = watched.checkin_id"
    " LEFT JOIN appointment ON appointment.id = checkin.appointment_id"
    " WHERE checkin.pair_id = :id ORDER BY helped_at",
    "rules": "SELECT weekday, local_time, minutes, every_weeks, starts_on, timezone, made_at,"
    " closed_at FROM rule WHERE pair_id = :id ORDER BY made_at",
    "appointments": "SELECT local_on, local_time, timezone, starts_at, ends_at, state, state_at,"
    " asked, asked_at, not_asked_reason FROM appointment WHERE pair_id = :id ORDER BY starts_at",
    "digests": "SELECT digest.made_at FROM digest_entry"
    " JOIN digest ON digest.id = digest_entry.digest_id WHERE digest_entry.pair_id = :id"
    " ORDER BY digest.made_at",
    "messages": "SELECT kind, part, state, reason, made_at, planned_at, due_at, expires_at,"
    " attempts, unclear, claimed_at, ended_at FROM message"
    " WHERE pair_id = :id AND person_id = :client_id ORDER BY made_at, kind",
}
_ACKNOWLEDGEMENTS: Final = (
    "SELECT acknowledgement.kind, told_at, reply, replied_at, sentence.id AS sentence_id,"
    " sentence.words FROM acknowledgement LEFT JOIN sentence"
    " ON sentence.acknowledgement_id = acknowledgement.id AND sentence.sent_at IS NOT NULL"
    " WHERE acknowledgement.pair_id = :id AND told_at IS NOT NULL ORDER BY told_at"
)
_CHECKINS: Final = (
    "SELECT checkin.id, known, kind, instrument, instrument_version, language, consent_version,"
    " checkin.state, appointment.local_on, planned_at, due_at, sent_at, first_answer_at,"
    " last_answer_at, completed_at, corrected_at, snoozed_until_at, reminded_at, closes_at,"
    " closed_at, lost_at FROM checkin"
    " LEFT JOIN appointment ON appointment.id = checkin.appointment_id"
    " WHERE checkin.pair_id = :id ORDER BY due_at"
)
_ANSWERS: Final = (
    "SELECT checkin_id, item, value, disclosure, answered_at, changed_at FROM answer"
    " WHERE checkin_id IN (SELECT id FROM checkin WHERE pair_id = :id) ORDER BY answered_at"
)
_EARLIER: Final = (
    "SELECT checkin_id, item, value, disclosure, changed_at, replaced_at FROM answer_earlier"
    " WHERE checkin_id IN (SELECT id FROM checkin WHERE pair_id = :id) ORDER BY replaced_at"
)


async def holdings_of(tx: Transaction, pair_id: int, client: Person) -> Facts:
    """Give all that is held about a pair and its client; instants in UTC milliseconds.

    The pair must be the client's: whoever calls has asked. Errors: KeyError.
    """
    person = await tx.one(_PERSON, client_id=client.id)
    pair = await tx.one(_PAIR, id=pair_id)
    key = await tx.one("SELECT data_key FROM pair WHERE id = :id", id=pair_id)
    if person is None or pair is None or key is None:
        raise KeyError(f"no pair {pair_id}")
    sealer = tx.vault.sealer(key["data_key"], "pair", pair_id)
    named = {"name": client.name, "telegram_id": client.telegram_id}
    held: Facts = {"person": named | dict(person), "pair": dict(pair)}
    for name, sql in _LISTS.items():
        given = {"id": pair_id} | ({"client_id": client.id} if ":client_id" in sql else {})
        held[name] = [dict(row) for row in await tx.all(sql, **given)]
    answers = _by_checkin(await tx.all(_ANSWERS, id=pair_id), sealer)
    earlier = _by_checkin(await tx.all(_EARLIER, id=pair_id), sealer)
    goals = await goals_of_pair(tx, pair_id)
    held["goals"] = [
        {"words": goal.words, "state": goal.state, "made_at": goal.made_at,
         "state_at": goal.state_at} for goal in goals
    ]  # fmt: skip
    told = await tx.all(_ACKNOWLEDGEMENTS, id=pair_id)
    held["acknowledgements"] = [_acknowledgement(row, sealer) for row in told]
    rated = {goal.id: (GOAL_ITEMS[goal.place - 1], goal.words) for goal in goals}
    checkins = [dict(row) for row in await tx.all(_CHECKINS, id=pair_id)]
    for checkin in checkins:
        at = checkin.pop("id")
        known = read_known(sealer.open_text(checkin.pop("known"), "checkin", "known", at))
        words = dict(rated[goal] for goal in known.goals if goal in rated)
        now, before = answers.get(at, []), earlier.get(at, [])
        for answer in now + before:
            answer["goal"] = words.get(answer["item"])
        checkin |= {"answers": now, "earlier_answers": before}
    held["checkins"] = checkins
    return held


def _acknowledgement(row: Row, sealer: Sealer) -> Facts:
    facts = dict(row)
    at, words = facts.pop("sentence_id"), facts.pop("words")
    sentence = None if words is None else sealer.open_text(words, "sentence", "words", at)
    return facts | {"sentence": sentence}


def _by_checkin(rows: Iterable[Row], sealer: Sealer) -> dict[int, list[Facts]]:
    found: dict[int, list[Facts]] = {}
    for row in rows:
        facts = dict(row)
        at = facts.pop("checkin_id")
        facts["value"] = open_value(sealer, at, row["item"], row["value"])
        found.setdefault(at, []).append(facts)
    return found
