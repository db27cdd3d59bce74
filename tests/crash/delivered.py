"""What reached whom, read from Telegram's own journal and from nothing else."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from bot.emulator import Entry

_PROMPTS = ("A short check-in about", "A last short check-in about")
_REMINDER = "One reminder, then no more."
_TOLD = "Your therapist read your check-in"
_ASKS = frozenset({"rate", "chip", "choose", "disclose", "pass"})
OF_CHECKINS = _ASKS | {"snooze", "unmet", "later", "reopen", "change", "withhold", "back"}
_CODE = re.compile(r"\b[A-D][1-9]\d?\b")
_WORDS = re.compile(r"Please slow down a little\. \((.+?), ")


@dataclass
class Delivered:
    """What reached whom, by chat and check-in; pages by digest and page."""

    prompts: Counter[tuple[int, str]] = field(default_factory=Counter)
    reminders: Counter[tuple[int, str]] = field(default_factory=Counter)
    told: Counter[tuple[int, str]] = field(default_factory=Counter)
    pages: Counter[tuple[str, str]] = field(default_factory=Counter)
    weeks: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    counts: list[tuple[str, tuple[int, int]]] = field(default_factory=list)
    owners: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    codes: defaultdict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    words: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    _day_ms: int = 86_400_000

    @classmethod
    def of(cls, calls: list[Entry]) -> Delivered:
        """Read it from the calls that were carried out, whatever the bot learnt of it."""
        got = cls()
        for call in calls:
            if call.done and call.chat is not None and call.method in _SHOWS:
                message = call.result
                if isinstance(message, dict):
                    got._see(call, message)
        return got

    def _see(self, call: Entry, message: dict[str, object]) -> None:
        assert call.chat is not None
        chat, text = call.chat, str(message.get("text", ""))
        pushes = _pushes(message)
        for act, subject, *_ in pushes:
            if act in OF_CHECKINS:
                self.owners[subject].add(chat)
        self.codes[chat].update(_CODE.findall(text))
        for author in _WORDS.findall(text):
            self.words[author].add(chat)
        if call.method == "sendMessage":
            self._sent(call, chat, text, pushes)

    def _sent(self, call: Entry, chat: int, text: str, pushes: list[list[str]]) -> None:
        if _REMINDER in text or any(words in text for words in _PROMPTS):
            subjects = {push[1] for push in pushes if push[0] in _ASKS}
            for checkin in subjects:
                (self.reminders if _REMINDER in text else self.prompts)[chat, checkin] += 1
        elif _TOLD in text:
            # Therapists of this story mark each client once after each digest.
            self.told[chat, f"week {call.at // (7 * self._day_ms)}"] += 1
        elif details := {push[1] for push in pushes if push[0] == "details"}:
            self._page(text, *details)

    def _page(self, text: str, digest: str) -> None:
        week = re.search(r"^Week (\d+)(?: · page (\d+))?", text, re.MULTILINE)
        if week is None:
            return
        self.pages[digest, week[2] or "1"] += 1
        self.weeks[digest].add(week[1])
        if "No finished check-ins." in text:
            self.counts.append((digest, (0, 0)))
        elif found := re.search(r"(\d+) of (\d+) answered\.", text):
            self.counts.append((digest, (int(found[1]), int(found[2]))))

    def too_often(self) -> list[str]:
        """List what arrived more than once and must not."""
        each = {"asked": self.prompts, "reminded": self.reminders, "told": self.told}
        return [f"{name} {n} times: {key}" for name, c in each.items() for key, n in c.items()
                if n > 1]  # fmt: skip

    def bad_pages(self) -> list[str]:
        """List pages that came too often, or under several numbers."""
        said = [f"{page} came {n} times" for page, n in self.pages.items() if n > 3]
        return said + [f"digest {d} is of weeks {w}" for d, w in self.weeks.items() if len(w) > 1]

    def mixed(
        self, therapists: dict[int, frozenset[str]], owners: Mapping[str, Set[int]]
    ) -> list[str]:
        """List what reached somebody whose it is not.

        therapists: codes by chat. owners: chats by check-in; of another one, any but one is wrong.
        """
        said = [
            f"check-in {checkin} in chats {who}"
            for checkin, who in self.owners.items()
            if not who <= owners.get(checkin, {min(who)})
        ]
        said += [f"words of {a} in chats {who}" for a, who in self.words.items() if len(who) > 1]
        for chat, codes in self.codes.items():
            if others := codes - therapists.get(chat, frozenset()):
                said.append(f"codes {sorted(others)} in chat {chat}")
        return said


_SHOWS = frozenset({"sendMessage", "editMessageText"})


def _pushes(message: dict[str, object]) -> list[list[str]]:
    markup = message.get("reply_markup")
    rows = markup.get("inline_keyboard", []) if isinstance(markup, dict) else []
    return [[*str(push.get("callback_data", "")).split("."), ""] for row in rows for push in row]
