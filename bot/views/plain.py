"""Text without markup, for toasts and for a message whose markup was refused."""

from __future__ import annotations

import html
import re
from typing import Final

_TAG: Final = re.compile(r"</?[a-z][^<>]*>")


def bare(text: str) -> str:
    """Take tags and entities out of a Telegram HTML text, for where there is no markup."""
    return html.unescape(_TAG.sub("", text))


def without_markup(text: str) -> str:
    """Take the tags out but leave what must stay escaped: still HTML, without formatting."""
    return html.escape(bare(text), quote=False)
