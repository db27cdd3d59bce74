"""The phrase watch: whether a text has one of the practice's phrases. Words are compared, no more.

Owns what counts as the same word and how often phrases stand in a text. Refuses patterns, and to
know what a phrase means: it finds words also where they are denied, quoted or meant kindly, and
misses whatever is said in other ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from unicodedata import category, normalize

#: Signs that are typed for one another within a word.
_APOSTROPHES: Final = dict.fromkeys(map(ord, "\u2019\u2018\u02bc`\u00b4"), "'")
#: What may stand in a phrase besides letters and numbers.
ALSO_IN_PHRASES: Final = " '-"


def words_of(text: str) -> tuple[str, ...]:
    """Give a text's words as they are compared: without case, spelling variants and punctuation."""
    folded = normalize("NFKC", text.translate(_APOSTROPHES)).casefold()
    letters = []
    for letter in normalize("NFKC", folded).translate(_APOSTROPHES):
        kind = category(letter)
        if kind == "Cf":
            continue  # invisible: a soft hyphen, a joiner, a direction mark
        letters.append(letter if kind[0] in "LNM" or letter == "'" else " ")
    words = (word.strip("'") for word in "".join(letters).split())
    return tuple(word for word in words if word)


def plain_phrase(phrase: str) -> str:
    """Give a phrase as it is compared; two that give the same are the same phrase."""
    return " ".join(words_of(phrase))


def strange_letters(phrase: str) -> str:
    """Give what stands in a phrase and is part of no word, each once, in order."""
    tidy = normalize("NFKC", phrase.translate(_APOSTROPHES))
    strange = (s for s in tidy if category(s)[0] not in "LNM" and s not in ALSO_IN_PHRASES)
    return "".join(dict.fromkeys(strange))


def count_phrases(phrases: Iterable[str], text: str) -> int:
    """Count how often phrases stand in a text as whole words; overlapping ones each count."""
    words = words_of(text)
    found = 0
    for phrase in map(words_of, phrases):
        size = len(phrase)
        found += sum(words[at : at + size] == phrase for at in range(len(words) - size + 1))
    return found
