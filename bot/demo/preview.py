"""What a digest looks like, on the terminal: a believable sample, or a therapist's own."""

from __future__ import annotations

import time

from bot.config import Settings
from bot.core.instrument import Instrument
from bot.instruments import load_instruments
from bot.opening import RandomIds, SystemClock, check_instruments, open_database
from bot.render import Renderer
from bot.services.digest_pages import DigestPage
from bot.services.digest_sample import sample
from bot.services.digests import Digests
from bot.services.enrolment import Enrolment
from bot.views.plain import bare
from bot.views.reader import Desk


def _print(
    page: DigestPage, instrument: Instrument, language: str, render: Renderer | None = None
) -> str:
    def label(item: str, option: str | None = None) -> str:
        return instrument.text(language, f"{item}.{option}" if option else f"{item}.short")

    return bare((render or Renderer())("therapist/digest", language, page=page, label=label))


def preview_sample(language: str) -> str:
    """Print a sample digest of a week in English, German (`de`) or `de_du`."""
    instrument = load_instruments()["session-alliance"][1]
    now = time.time_ns() // 1_000_000
    return _print(sample(now, "Europe/Berlin", instrument, free_text=False), instrument, language)


async def preview_real(
    settings: Settings, telegram_id: int, language: str | None = None
) -> str | None:
    """Print what a therapist's next digest would say now; None for somebody else. Audited.

    language: None for the one the therapist is addressed in.
    """
    clock = SystemClock()
    versions = check_instruments(settings)[settings.checkin.instrument]
    instrument = versions[max(versions)]
    db = await open_database(settings, clock, alone=False)
    try:
        who = await Enrolment(db, clock, RandomIds(), settings).who(telegram_id)
        if who.person is None or "therapist" not in who.roles:
            return None
        digests = Digests(db, clock, RandomIds(), settings, instrument)
        page = await digests.preview(who.person.id)
    finally:
        await db.close()
    render = Renderer(settings.practice.templates)
    own = Desk(render, settings).reader(who.person).language
    return _print(page, instrument, language or own, render)
