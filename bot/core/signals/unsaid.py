"""What stands in the place of a number that must not be said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Unsaid:
    """Why there is no number.

    "too_few": `has` of `needs`. "no_spread": the instrument file names no SD and reliability.
    "no_variance": all the same, so that nothing can be compared.
    """

    why: Literal["too_few", "no_spread", "no_variance"]
    has: int = 0
    needs: int = 0
