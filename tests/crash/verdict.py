"""What must hold after the bot was killed many times.

What people got is judged by Telegram's own journal and never by the bot's tables; the tables
are opened only to see whether what people were promised is in them.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from crash.people import Ledger

from bot.core.instrument import Instrument
from bot.core.timetable import local_on
from bot.emulator import Journal
from bot.store.answers import open_value
from bot.store.database import Database, Row
from bot.views.buttons import write_id
from tests.transactions import reading

_PROMPT = "A short check-in about"
_REMINDER = "One reminder, then no more."
_TOLD = "Your therapist read your check-in"
_ASKS = frozenset({"rate", "chip", "choose", "disclose", "pass"})

Count = Counter[tuple[int, str]]


@dataclass
class Delivered:
    """How often what reached whom: by chat and check-in, day or week, as the name says.

    pages: deliveries of each digest. weeks: which digests called themselves "Week n".
    """

    prompts: Count = field(default_factory=Counter)
    prompts_of_a_day: Count = field(default_factory=Counter)
    reminders: Count = field(default_factory=Counter)
    reminders_of_a_day: Count = field(default_factory=Counter)
    told_in_a_week: Count = field(default_factory=Counter)
    pages: Counter[str] = field(default_factory=Counter)
    weeks: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def too_often(self) -> list[str]:
        """List everything that reached somebody more often than it may."""
        once = {
            "asked twice": self.prompts,
            "asked twice in a day": self.prompts_of_a_day,
            "reminded twice": self.reminders,
            "reminded twice in a day": self.reminders_of_a_day,
            "told twice": self.told_in_a_week,
        }
        said = [f"{name}: {key}" for name, n in once.items() for key in n if n[key] > 1]
        said += [f"digest {digest}: {n} times" for digest, n in self.pages.items() if n > 3]
        said += [
            f"{week} in {len(ids)} digests" for week, ids in self.weeks.items() if len(ids) > 1
        ]
        of_a_digest = Counter(digest for ids in self.weeks.values() for digest in ids)
        return said + [f"digest {d} of two weeks" for d, n in of_a_digest.items() if n > 1]


def delivered(journal: Journal, zone: str) -> Delivered:
    """Read from the journal what reached whom, whether or not the bot learned of it."""
    got = Delivered()
    for entry in journal.sent():
        assert entry.chat is not None
        text, on = entry.result.get("text", ""), local_on(entry.at, zone)
        rows = entry.result.get("reply_markup", {}).get("inline_keyboard", [])
        pushes = [push.get("callback_data", "").split(".") for row in rows for push in row]
        if _REMINDER in text or _PROMPT in text:
            (checkin,) = {push[1] for push in pushes if push[0] in _ASKS}
            is_reminder = _REMINDER in text
            (got.reminders if is_reminder else got.prompts)[entry.chat, checkin] += 1
            (got.reminders_of_a_day if is_reminder else got.prompts_of_a_day)[entry.chat, on] += 1
        elif _TOLD in text:
            week = dt.date.fromisoformat(on).isocalendar().week
            got.told_in_a_week[entry.chat, f"week {week}"] += 1
        elif details := {push[1] for push in pushes if push[0] == "details"}:
            (digest,) = details
            got.pages[digest] += 1
            (week_line,) = [line for line in text.split("\n") if line.startswith("Week ")]
            got.weeks[week_line.split(" · ")[0]].add(digest)
    return got


async def broken_promises(db: Database, ledger: Ledger, instrument: Instrument) -> list[str]:
    """List what people were promised and is not stored, or is stored and nobody said."""
    async with reading(db) as tx:
        rows = await tx.all(
            "SELECT answer.*, checkin.pair_id, pair.data_key FROM answer"
            " JOIN checkin ON checkin.id = answer.checkin_id JOIN pair ON pair.id = checkin.pair_id"
        )
        stored = {
            (write_id(row["checkin_id"]), row["item"]): (_value(tx, row), row["disclosure"])
            for row in rows
        }
        acknowledged = await tx.all("SELECT * FROM acknowledgement")
        sending = await tx.all("SELECT id FROM message WHERE state = 'sending'")
        damage = [str(dict(row)) for row in await tx.all("PRAGMA foreign_key_check")]
        whole = await tx.all("PRAGMA integrity_check")
    said = [*damage, *(f"still sending: {row['id']}" for row in sending)]
    said += [row["integrity_check"] for row in whole if row["integrity_check"] != "ok"]
    said += [f"said by nobody: {place}" for place in stored.keys() - ledger.touched]
    said += _answers(ledger, stored, instrument)
    marks = {(write_id(row["digest_id"]), write_id(row["pair_id"])): row for row in acknowledged}
    said += [f"mark lost: {p}" for p, k in ledger.marks.items() if marks[p]["kind"] != k]
    replies = {write_id(row["id"]): row["reply"] for row in acknowledged}
    words = {"ok": "ok", "no": "rather_not"}
    return said + [f"reply lost: {i}" for i, r in ledger.replies.items() if replies[i] != words[r]]


async def untrue_records(db: Database, got: Delivered) -> list[str]:
    """List prompts and reminders of which the outbox says another thing than the journal.

    One said to be queued or dropped could still go out, and so a second time, if it has arrived.
    """
    async with reading(db) as tx:
        rows = await tx.all("SELECT * FROM message WHERE kind IN ('prompt', 'reminder')")
        aside = await tx.all("SELECT reason FROM set_aside")
    arrived = {
        "prompt": {checkin for _, checkin in got.prompts},
        "reminder": {checkin for _, checkin in got.reminders},
    }
    said = [f"update set aside: {row['reason']}" for row in aside]
    for row in rows:
        has_arrived = write_id(row["subject_id"]) in arrived[row["kind"]]
        if row["state"] != "unknown" and has_arrived != (row["state"] == "sent"):
            said.append(f"{row['kind']} is {row['state']}, but arrived: {has_arrived}")
    return said


def _value(tx: Any, row: Row) -> object:
    sealer = tx.vault.sealer(row["data_key"], "pair", row["pair_id"])
    return open_value(sealer, row["checkin_id"], row["item"], row["value"])


def _answers(
    ledger: Ledger, stored: dict[tuple[str, str], tuple[Any, str | None]], instrument: Instrument
) -> list[str]:
    said = []
    for place, given in ledger.given.items():
        checkin, item = place[0], place[1].removesuffix(" disclosed")
        if (checkin, item) not in stored:
            said += [f"lost: {place} {given}"] if any(heard for _, heard in given) else []
            continue
        value, disclosure = stored[checkin, item]
        if item != place[1]:
            value = disclosure
        elif instrument.item(item).kind == "choice":
            value = instrument.item(item).options.index(value)
        if value not in ledger.allowed(place):
            said.append(f"not the last: {place} is {value!r} of {given}")
    for place, picked in ledger.chips.items():
        options = instrument.item(place[1]).options
        there = {options.index(option) for option in stored.get(place, ((), None))[0] or ()}
        if not {o for o, heard in picked.items() if heard} <= there <= set(picked):
            said.append(f"chips: {place} are {there} of {picked}")
    for place, text in ledger.texts.items():
        value, _ = stored.get(place, (None, None))
        if value != text:
            said.append(f"text: {place} is {value!r}")
    return said
