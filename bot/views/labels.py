"""What a therapist's screens call the items and options of questionnaires."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.core.instrument import Instrument
from bot.core.sessions import Session


def labels(
    instrument: Instrument, instruments: Mapping[str, Mapping[int, Instrument]], language: str
) -> dict[str, Callable[..., str]]:
    """Give what templates need to name items: `label` and `label_of`.

    instrument: whose items `label` names. instruments: `{name: {version: …}}`, of which `label_of`
    takes the one that a session was asked with.
    """

    def label(item: str, option: str | None = None) -> str:
        return instrument.text(language, f"{item}.{option}" if option else f"{item}.short")

    def label_of(session: Session, item: str) -> str:
        name, version = session.instrument.split("/")
        asked = instruments[name][int(version)]
        return asked.short(language, asked.item(item))

    return {"label": label, "label_of": label_of}
