"""Words from elsewhere, made fit to be shown."""

from __future__ import annotations


def on_one_line(words: str, most: int = 200) -> str:
    """Give words from elsewhere so that they can be shown, as `most` characters on one line.

    Left out is what would command a terminal or turn the direction of what stands after it.
    """
    # A little more than is kept is looked at: what follows can be two megabytes.
    plain = "".join(one if one.isprintable() else " " for one in words[: 4 * most])
    return " ".join(plain.split())[:most].rstrip()
