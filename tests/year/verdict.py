"""What must never be in anybody's chat, whatever the hour: judged by Telegram's journal alone.

Each rule takes messages and what was planned, and gives a sentence for each that breaks it.

asked once      Nobody is asked twice about a session, also not under another number.
told once       An acknowledgement is told once.
left            Who has left gets nothing more, but what is due by design and answers to their own.
entitled        A code stands only in the chat of who is entitled to it at that time.
moved           What is open goes on in a client's new chat, and no more in the one of before; what
                was closed before stays out of the new one.
partners        What one of a couple is asked or says is in no line and no chat with the other's.
digest once     A week's digest comes once into a chat.
promised        The day on which answers are said to go to the therapist lies ahead, and not far.
lost            Who is told of lost hours is told once, and nothing follows on what was lost; of
                each session in them the next digests say that it is not known.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.emulator import Entry, Journal
from tests.crash.delivered import OF_CHECKINS
from tests.year.cast import ZONE
from tests.year.chronicle import Entitled, Left, Loss

_CODE: Final = re.compile(r"\b[A-D][1-9]\d?\b")
_ABOUT: Final = re.compile(r"A short check-in about (\w+) is ready")
_TOLD: Final = "Your therapist read your check-in"
_WEEK: Final = re.compile(r"^Week \d+ · .*", re.MULTILINE)
_GOES_ON: Final = re.compile(r"goes to your therapist on (\w+, \w+ \d+)")
_SCORE: Final = re.compile(r"\d\.\d|(?:heard|bond|goals|tasks|fit) \d")
_LOST_TOLD: Final = "the practice's server was lost, and a backup was restored"
_LOST_KNOWN: Final = "lost with the server"
_LOST_SAID: Final = "it is gone: the practice's server had a fault"
#: The longest holiday and a digest's week, with a day for zones.
_PROMISED_DAYS: Final = range(-1, 36)
#: The longest that a check-in is open after it came.
_OPEN_MS: Final = 48 * 3_600_000
_FORTNIGHT_MS: Final = 14 * 86_400_000
_HALF_A_YEAR_MS: Final = 180 * 86_400_000
_NEW: Final = frozenset({"sendMessage", "sendPhoto", "sendDocument", "sendMediaGroup"})
_SHOWS: Final = _NEW | {"editMessageText", "editMessageCaption", "editMessageMedia"}
_DAYS: Final = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Message:
    """What the bot put into a chat. is_new: whether it is no edit. is_answer: to their own act."""

    at: int
    chat: int
    text: str
    pushes: tuple[str, ...] = ()
    is_new: bool = True
    is_answer: bool = False


def messages_of(journal: Journal) -> list[Message]:
    """Read all of them, in order."""
    acted = {(act.chat, act.at) for act in journal.read(kind="act")}
    found = []
    for call in journal.calls():
        if (message := message_of(call)) is not None:
            is_answer = (message.chat, message.at) in acted
            found.append(replace(message, is_answer=True) if is_answer else message)
    return found


def message_of(call: Entry) -> Message | None:
    """Read what a call put into a chat; None where it put nothing there."""
    if not call.done or call.chat is None or call.method not in _SHOWS:
        return None
    shown = call.result if isinstance(call.result, dict) else {}
    rows = shown.get("reply_markup", {}).get("inline_keyboard", [])
    pushes = tuple(push.get("callback_data", "") for row in rows for push in row)
    text = str(shown.get("text") or shown.get("caption") or "")
    return Message(call.at, call.chat, text, pushes, call.method in _NEW)


def promised(messages: Iterable[Message]) -> Iterator[str]:
    """Each day that is named for what was answered is one of the next weeks."""
    for message in messages:
        for said in _GOES_ON.findall(message.text):
            on = datetime.fromtimestamp(message.at / 1000, UTC).astimezone(ZoneInfo(ZONE)).date()
            near = (on + timedelta(days=days) for days in _PROMISED_DAYS)
            if said not in {f"{day:%A, %b} {day.day}" for day in near}:
                yield f"{message.chat} on {on}: goes on {said}"


def asked_once(
    messages: Iterable[Message], people: Mapping[int, str], sessions: Mapping[str, Counter[date]]
) -> Iterator[str]:
    """people: names by chat. sessions: how many somebody has on which day."""
    asked: Counter[tuple[str, date]] = Counter()
    seen: set[tuple[int, str]] = set()
    for one in messages:
        about = _ABOUT.search(one.text)
        if about is None or not one.is_new or "One reminder" in one.text:
            continue
        for checkin in {push.split(".")[1] for push in one.pushes if push.startswith("rate.")}:
            if (one.chat, checkin) in seen:
                yield f"check-in {checkin} twice, again at {_when(one.at)}"
            seen.add((one.chat, checkin))
        on = _last(about[1], one.at)
        asked[people[one.chat], on] += 1
        if asked[people[one.chat], on] > sessions[people[one.chat]][on]:
            yield f"{people[one.chat]} about {on} again, at {_when(one.at)}"


def told_once(messages: Iterable[Message]) -> Iterator[str]:
    """By the acknowledgement that a reply would go to."""
    told: Counter[str] = Counter(
        mark
        for one in messages
        if one.is_new and _TOLD in one.text
        for mark in {push.split(".")[1] for push in one.pushes if push.startswith("ack.")}
    )
    yield from (f"{mark} {n} times" for mark, n in told.items() if n > 1)


def left_alone(messages: Sequence[Message], left: Iterable[Left]) -> Iterator[str]:
    """Edits fold up what is there already: they are no messages."""
    for end in left:
        for one in messages:
            late = one.is_new and one.chat == end.chat and one.at > end.at and not one.is_answer
            if late and not any(words in one.text for words in end.but):
                yield f"{end.chat} ({end.why}) at {_when(one.at)}: {one.text[:60]!r}"


def entitled(messages: Iterable[Message], rights: Iterable[Entitled]) -> Iterator[str]:
    """Clients know no codes; therapists theirs, as long as they are."""
    spans: defaultdict[tuple[int, str], list[tuple[int, int]]] = defaultdict(list)
    for right in rights:
        spans[right.chat, right.code].append((right.since, right.until))
    for one in messages:
        for code in sorted(set(_CODE.findall(one.text))):
            if not any(since <= one.at <= until for since, until in spans[one.chat, code]):
                yield f"{code} in {one.chat} at {_when(one.at)}: {one.text[:60]!r}"


def moved(messages: Iterable[Message], moves: Iterable[tuple[int, int, int]]) -> Iterator[str]:
    """moves: chat of before, new chat, and when, for each client with a new phone."""
    came: defaultdict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for one in messages:
        acts = [push.split(".") for push in one.pushes]
        for checkin in {act[1] for act in acts if act[0] in OF_CHECKINS}:
            came[one.chat][checkin].append(one.at)
    for former, new, at in moves:
        for checkin, times in came[former].items():
            if times[-1] > at:
                yield f"check-in {checkin} in {former}, at {_when(times[-1])}"
            again = came[new].get(checkin, [])
            if again and again[0] < at:
                yield f"check-in {checkin} in {new} already, at {_when(again[0])}"
            if again and again[-1] > times[0] + _OPEN_MS:
                yield f"check-in {checkin} in {new} still, at {_when(again[-1])}"


def partners(
    messages: Iterable[Message], couples: Iterable[tuple[tuple[int, str], tuple[int, str]]]
) -> Iterator[str]:
    """couples: chat and code of each of the two."""
    shown: defaultdict[int, set[str]] = defaultdict(set)
    pairs = list(couples)
    both = [(one[1], other[1]) for one, other in pairs]
    chats = [(one[0], other[0]) for one, other in pairs]
    for message in messages:
        acts = [push.split(".") for push in message.pushes]
        shown[message.chat] |= {act[1] for act in acts if act[0] in ("rate", "chip", "choose")}
        for line in message.text.splitlines():
            for codes in both:
                if _SCORE.search(line) and all(code in _CODE.findall(line) for code in codes):
                    yield f"{codes} in one line at {_when(message.at)}: {line!r}"
    for one, other in chats:
        for checkin in shown[one] & shown[other]:
            yield f"check-in {checkin} in both chats of a couple"


def digests_of(messages: Iterable[Message]) -> Iterator[tuple[Message, str]]:
    """Give what came as a page of a digest, with the line that says which."""
    for one in messages:
        week = _WEEK.search(one.text) if one.is_new else None
        if week is not None:
            yield one, week[0]


def digest_once(messages: Iterable[Message]) -> Iterator[str]:
    """By week, page and days, in the same half of a year."""
    came: dict[tuple[int, str], int] = {}
    for one, which in digests_of(messages):
        before = came.get((one.chat, which))
        if before is not None and one.at - before < _HALF_A_YEAR_MS:
            yield f"{which} again in {one.chat}, at {_when(one.at)}"
        came[one.chat, which] = one.at


def lost_told_once(
    messages: Iterable[Message], loss: Loss, therapists: Iterable[int], pairs: Mapping[int, int]
) -> Iterator[str]:
    """therapists: the chats of those who are to be told. pairs: how many a client's chat has; each
    says it once, with the next check-in.
    """
    told: Counter[int] = Counter()
    said: defaultdict[int, set[str]] = defaultdict(set)
    asked_in_it: set[str] = set()
    for one in messages:
        checkins = {push.split(".")[1] for push in one.pushes if push.startswith("rate.")}
        if loss.from_at < one.at < loss.crashed_at and one.is_new and _ABOUT.search(one.text):
            asked_in_it |= checkins
        if one.at <= loss.until_at or not one.is_new:
            continue
        told[one.chat] += _LOST_TOLD in one.text
        if _LOST_SAID in one.text:
            said[one.chat] |= checkins
        for checkin in checkins & asked_in_it:
            yield f"check-in {checkin} of lost hours again, at {_when(one.at)}"
    for chat in therapists:
        if told[chat] != 1:
            yield f"{chat} was told {told[chat]} times"
    for chat, where in said.items():
        if len(where) > pairs[chat]:
            yield f"{chat} read it with {len(where)} check-ins"


def lost_is_said(
    messages: Iterable[Message], loss: Loss, lost: Iterable[tuple[int, str, int]]
) -> Iterator[str]:
    """lost: chat of the therapist, code and when all was erased, for each pair with a session whose
    answers are gone. Of whoever was erased before the first digest after it, nothing is said.
    """
    parts: defaultdict[int, list[str]] = defaultdict(list)
    first: dict[int, int] = {}
    for one, _ in digests_of(messages):
        if loss.until_at < one.at < loss.until_at + _FORTNIGHT_MS:
            first.setdefault(one.chat, one.at)
            parts[one.chat] += [*one.text.split("\n\n"), *one.text.splitlines()]
    for chat, code, erased_at in lost:
        if erased_at < first.get(chat, 0):
            continue
        if not any(code in _CODE.findall(part) and _LOST_KNOWN in part for part in parts[chat]):
            yield f"what is lost of {code} is not said in {chat}"


def _last(weekday: str, at: int) -> date:
    """Give the newest day of this name up to a moment, where the practice is."""
    on = datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(ZONE)).date()
    return on - timedelta(days=(on.weekday() - _DAYS.index(weekday)) % 7)


def _when(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(ZONE)):%Y-%m-%d %H:%M}"
