"""What the rows tell about one pair, as of a digest's cut-off.

Owns what is read before anything is concluded. It refuses to conclude: reasons and trends do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.core.beside import BesideFacts
from bot.core.people import PairState
from bot.core.sessions import Asked, Session, Window
from bot.core.trends import Acknowledged

StateNow = Literal["paused", "stopped", "ended", "handed_over"]


@dataclass(frozen=True, slots=True)
class Talk:
    """The newest "let's talk about it" before the cut-off, and what the client said to it."""

    id: int
    made_at: int
    reply: Literal["ok", "rather_not"] | None = None
    replied_at: int | None = None


@dataclass(frozen=True, slots=True)
class PairFacts:
    """What the rows tell about one pair. changed_at: since when it is paused, stopped or ended.

    goodbye: the check-in after the end, read as of the same window. handed_over: a colleague goes
    on, or the client is asked whether one shall.
    """

    pair_id: int
    code: str
    state: PairState = "active"
    changed_at: int | None = None
    asked: tuple[Asked, ...] = ()
    talk: Talk | None = None
    beside: BesideFacts | None = None
    acknowledged: tuple[Acknowledged, ...] = ()
    goodbye: Session | None = None
    handed_over: bool = False

    def state_now(self, window: Window) -> StateNow | None:
        """Give a pause, stop or end that falls into the window."""
        if not window.holds(self.changed_at):
            return None
        if self.state == "ended" and self.handed_over:
            return "handed_over"
        if self.state in ("paused", "stopped", "ended"):
            return self.state
        return None

    def is_declined(self, window: Window) -> bool:
        """Say whether the client said to "let's talk about it", in this window, that rather not."""
        return (
            self.talk is not None
            and self.talk.reply == "rather_not"
            and window.holds(self.talk.replied_at)
        )
