"""What stands beside the scores takes no more than pages were sized with, in any language."""

from __future__ import annotations

import pytest

from bot.core.beside import Beside, Expected, Guess, beside_units
from bot.render import gettext, speaking
from tests.digest_support import INSTRUMENT, renderer, units, visible
from tests.services.test_digest_pages import STRETCHED

NO_GUESS = None
ONE = Guess(10.0, 0.0)
FEW = Guess(0.0, 10.0, 99, 10.0, -10.0)
MANY = Guess(10.0, 10.0, 99, 10.0, 10.0)
EVERY = tuple(Expected(item, 10, 10) for item in ("hope", "confidence", "worth"))


def drawn(language: str, macro: str, beside: Beside) -> str:
    def said(text: str) -> str:
        with speaking(language):
            return gettext(text)

    def named(item: str, option: str | None = None) -> str:
        return INSTRUMENT.text(language, f"{item}.{option or 'short'}")

    environment = STRETCHED if language == "stretched" else renderer(said, named)
    template = environment.from_string(
        f"{{% from 'therapist/beside.html.j2' import {macro} with context %}}{{{{ {macro}(b) }}}}"
    )
    return visible(template.render(b=beside))


@pytest.mark.parametrize("language", ["en", "de", "de_du", "stretched"])
@pytest.mark.parametrize("macro", ["beside_lines", "beside_inline"])
@pytest.mark.parametrize("guess", [NO_GUESS, ONE, FEW, MANY])
@pytest.mark.parametrize("expected", [(), EVERY])
def test_every_part_keeps_to_its_bound(
    language: str, macro: str, guess: Guess | None, expected: tuple[Expected, ...]
) -> None:
    beside = Beside(guess, expected)
    text = drawn(language, macro, beside)
    assert units(text) <= beside_units(beside)
    assert bool(text) == bool(guess or expected)


def test_the_bounds_are_near_what_is_drawn() -> None:
    beside = Beside(MANY, EVERY)
    longest = max(
        units(drawn(language, "beside_inline", beside)) for language in ("de", "stretched")
    )
    assert longest > beside_units(beside) * 0.7


def test_nothing_beside_takes_nothing() -> None:
    assert beside_units(None) == 0
