"""How a calendar's title says that an event is called off, while its status says nothing.

Owns the words of each language, and where they may stand: before a title or instead of one, never
inside it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: What Outlook and practice systems put there, by language; accents do not count.
WORDS: Final = (
    "abgesagt", "afgelast", "aflyst", "annullata", "annullato", "annulé", "annulée", "anulowane",
    "anulowano", "avlyst", "canceled", "cancelada", "cancelado", "cancelled", "geannuleerd",
    "inställd", "inställt", "iptal edildi", "odwołane", "peruttu", "storniert", "zrušeno",
    "отменено", "キャンセル済み",
)  # fmt: skip
_LOOKED_AT: Final = 200


def is_called_off(title: str) -> bool:
    """Say whether a title begins with such a word, set apart: "Canceled: A7", "[Abgesagt] A7"."""
    plain = _plain(title[:_LOOKED_AT])
    return _APART.match(plain.casefold()) is not None or _LOUD.match(plain) is not None


def _plain(text: str) -> str:
    """Write a text without accents and odd spaces."""
    text = unicodedata.normalize("NFKD", text)
    return "".join(one for one in text if not unicodedata.combining(one)).strip()


_FOLDED: Final = "|".join(re.escape(_plain(word).casefold()) for word in WORDS)
_CAPITALS: Final = "|".join(re.escape(_plain(word).upper()) for word in WORDS)
#: A colon, a dash between spaces, or nothing after it; or brackets around it.
_APART: Final = re.compile(rf"(?:{_FOLDED})(?:\s*:|\s+[-–—|]\s|$)|[\[(]\s*(?:{_FOLDED})\s*[\])]")
#: Capitals set it apart as well.
_LOUD: Final = re.compile(rf"(?:{_CAPITALS})\s")
