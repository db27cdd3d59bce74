"""What a digest looks like, on the terminal: a believable sample, or a therapist's own."""

from __future__ import annotations

import time

from bot.config import Settings
from bot.core.instrument import Instrument
from bot.instruments import load_instruments
from bot.opening import RandomIds, SystemClock, check_instruments, open_database
from bot.render import Renderer
from bot.services.digest_pages import DigestPage
from bot.services.digest_reading import DigestReading
from bot.services.digest_sample import sample
from bot.services.digests import Digests
from bot.services.enrolment import Enrolment
from bot.views.labels import labels
from bot.views.plain import bare
from bot.views.reader import Desk

Instruments = dict[str, dict[int, Instrument]]


def _print(
    page: DigestPage,
    instrument: Instrument,
    instruments: Instruments,
    language: str,
    render: Renderer | None = None,
) -> str:
    named = labels(instrument, instruments, language)
    return bare((render or Renderer())("therapist/digest", language, page=page, **named))


def preview_sample(language: str) -> str:
    """Print a sample digest of a week in English, German (`de`) or `de_du`."""
    instruments = load_instruments()
    instrument = instruments["session-alliance"][1]
    now = time.time_ns() // 1_000_000
    page = sample(now, "Europe/Berlin", instrument, free_text=False)
    return _print(page, instrument, instruments, language)


async def preview_real(
    settings: Settings, telegram_id: int, language: str | None = None
) -> str | None:
    """Print what a therapist's next digest would say now; None for somebody else. Audited.

    language: None for the one the therapist is addressed in.
    """
    clock = SystemClock()
    instruments = check_instruments(settings)
    versions = instruments[settings.checkin.instrument]
    instrument = versions[max(versions)]
    db = await open_database(settings, clock, alone=False)
    try:
        who = await Enrolment(db, clock, RandomIds(), settings).who(telegram_id)
        if who.person is None or "therapist" not in who.roles:
            return None
        reading = DigestReading(settings, instrument, instruments)
        digests = Digests(db, clock, RandomIds(), settings, reading)
        page = await digests.preview(who.person.id)
    finally:
        await db.close()
    render = Renderer(settings.practice.templates)
    own = Desk(render, settings).reader(who.person).language
    return _print(page, instrument, instruments, language or own, render)
