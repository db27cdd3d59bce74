"""What a life of the bot had in its hands when it was killed.

Read from what Telegram had handed out and was not told to forget, and from a copy of the
database, so that the next life finds everything as it was left.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from bot.emulator import Emulator

#: Ids of handled updates are kept for 72 hours; one less leaves room for a sweep.
_IDS_KEPT_MS = 71 * 3_600_000


@dataclass(frozen=True)
class Moment:
    """One kill.

    starting: before the first poll. sending: kinds of the messages on their way. unstored: an
    update had been handed out and was not committed. unconfirmed: one had been handed out and was
    committed, but Telegram did not know. lost: updates that Telegram was told to forget although
    they were not committed.
    """

    starting: bool
    sending: frozenset[str]
    unstored: bool
    unconfirmed: bool
    lost: frozenset[int]

    @property
    def struck(self) -> list[str]:
        """Name what this kill struck."""
        struck = [n for n in ("starting", "unstored", "unconfirmed") if getattr(self, n)]
        struck += ["sending"] if self.sending else []
        return (struck + [f"sending {kind}" for kind in self.sending]) or ["idle"]


@dataclass
class Moments:
    """All kills so far. Tell it of each life's beginning, and of each kill before and after."""

    emulator: Emulator
    database: Path
    seen: list[Moment] = field(default_factory=list)
    _life_from: int = 0
    _starting: bool = False
    _in_hand: frozenset[int] = frozenset()
    _confirmed: frozenset[int] = frozenset()

    def life_begins(self) -> None:
        """Note where in the journal a life begins."""
        self._life_from = len(self.emulator.journal)

    @property
    def has_update(self) -> bool:
        """Whether an update was handed out and not confirmed: it waits, and no poll does."""
        return self.emulator.pending > 0 and not self.emulator.polling

    @property
    def is_receiving(self) -> bool:
        """Whether this life has polled."""
        return bool(self._polls())

    @property
    def messages(self) -> int:
        """How many messages of the bot there are in all chats."""
        world = self.emulator.world
        chats = [list(chat.messages.values()) for chat in world.chats.values()]
        return sum(message.sender is world.bot for chat in chats for message in chat)

    def _polls(self) -> list[list[int]]:
        journal = self.emulator.journal
        polls = journal.read(self._life_from, kind="call", method="getUpdates")
        return [poll.result for poll in polls if poll.done]

    def before_kill(self) -> None:
        """Note what Telegram knows right before a kill."""
        journal, waiting = self.emulator.journal, set(self.emulator.world.queue.waiting)
        handed = self._polls()
        self._starting = not handed
        self._in_hand = frozenset(handed[-1] if handed and self.has_update else ())
        since = self.emulator.clock.now() - _IDS_KEPT_MS
        self._confirmed = frozenset(
            entry.params["update_id"]
            for entry in journal.read(kind="update")
            if entry.at > since and entry.params["update_id"] not in waiting
        )

    def after_kill(self) -> None:
        """Look at what the dead life had committed."""
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "left"
            for end in ("", "-wal"):
                if (left := Path(f"{self.database}{end}")).exists():
                    shutil.copy(left, f"{copy}{end}")
            with closing(sqlite3.connect(copy)) as db:
                sending = db.execute("SELECT kind FROM message WHERE state = 'sending'").fetchall()
                stored = {id for (id,) in db.execute("SELECT update_id FROM seen_update")}
        self.seen.append(
            Moment(
                starting=self._starting,
                sending=frozenset(kind for (kind,) in sending),
                unstored=bool(self._in_hand - stored),
                unconfirmed=bool(self._in_hand & stored),
                lost=self._confirmed - stored,
            )
        )

    def counted(self) -> Counter[str]:
        """Count the kills by what they struck; one may strike several things."""
        return Counter(name for moment in self.seen for name in moment.struck)
