"""What can go wrong that somebody can act on. Everything else is a bug and fails loudly.

`Refused` is for people: it names a text in `templates/refused.html.j2` and carries the facts
that text needs. The others say what became of a message on the wire; `bot.transport` raises
them, `bot.delivery` and the lanes decide what follows.
"""

from __future__ import annotations


class Refused(Exception):
    """A request that a person can mend; nothing was changed.

    `reason` is a key of the refusal texts (`refused.html.j2`), `facts` what the text names.
    """

    def __init__(self, reason: str, **facts: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.facts = facts


class Undelivered(Exception):
    """A message did not, or perhaps did not, reach its chat."""


class Unreachable(Undelivered):
    """The person blocked the bot, left Telegram or never started it: permanent until /start."""


class Rejected(Undelivered):
    """The server refused this content for good (HTTP 400); nothing was delivered."""


class TryLater(Undelivered):
    """Certainly not delivered; `after` seconds must pass before the next try."""

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after


class Unclear(Undelivered):
    """Perhaps delivered: the answer was late, cut, or no answer at all."""


class TokenRefused(Exception):
    """Telegram does not know this bot's token (HTTP 401 or 404 on a known method)."""


class CannotListen(Exception):
    """The address to listen on is taken, or none of this machine."""


class Repeated(Exception):
    """The update being handled has been committed before; show the state, change nothing."""
