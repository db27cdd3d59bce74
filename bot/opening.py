"""What a run and a single command both need: time, ids, questionnaires, the database, the bot."""

from __future__ import annotations

import asyncio
import secrets
import time

import structlog

from bot.config import Settings
from bot.core.instrument import BadInstrument, Instrument
from bot.instruments import load_instruments
from bot.services.ports import Clock
from bot.store import erasure, practice, rotation
from bot.store.checkins import instruments_in_use
from bot.store.database import Database, Transaction, Unavailable
from bot.store.migrate import migrate
from bot.store.vault import KeyProblem, Vault, load_vaults
from bot.transport.application import close, introduce, make_application
from bot.transport.request import WireBot, make_bot

log = structlog.get_logger(__name__)

#: How long a command waits for Telegram; a run waits for as long as it takes.
PATIENCE_SECONDS = 20.0


class NoTelegram(Exception):
    """Telegram cannot be reached, and a command does not wait any longer."""


class SystemClock:
    """The machine's own time."""

    def now(self) -> int:
        """Give the wall clock as UTC milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Give seconds that never step back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class SteadyClock:
    """A clock whose wall time never goes back: while the real one is behind, it stands still.

    What is recorded stays in order then. A digest, for example, holds what was answered after the
    one before: an answer with a time before that would be in none. noted: the newest time that is
    known from earlier runs; `note` takes it where it is known only later.
    """

    def __init__(self, real: Clock, noted: int = 0) -> None:
        self._real = real
        self._newest = noted

    def note(self, noted: int) -> None:
        """Take the newest time that is known from earlier runs."""
        self._newest = max(self._newest, noted)

    def now(self) -> int:
        """Give the wall clock, or the newest time it ever showed."""
        self._newest = max(self._newest, self._real.now())
        return self._newest

    def monotonic(self) -> float:
        """Give seconds that never step back."""
        return self._real.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._real.sleep(seconds)


class RandomIds:
    """Unguessable ids and codes from the operating system."""

    def new(self) -> int:
        """Make a random positive 63-bit integer."""
        return secrets.randbits(63) or 1

    def secret(self, size: int) -> str:
        """Make an unguessable URL-safe code of `size` characters."""
        return secrets.token_urlsafe(size)[:size]


def check_instruments(settings: Settings) -> dict[str, dict[int, Instrument]]:
    """Load the questionnaires and make sure that the named ones are there.

    Errors: `BadInstrument`.
    """
    own = settings.checkin.instruments
    instruments = load_instruments(own if own.is_dir() else None)
    checkin = settings.checkin
    for name in (checkin.instrument, checkin.before_first, checkin.goodbye):
        if name not in instruments:
            known = ", ".join(sorted(instruments))
            raise BadInstrument(name, [f"there is no such questionnaire; there are: {known}"])
    return instruments


async def open_database(settings: Settings, clock: Clock, *, alone: bool = True) -> Database:
    """Open, migrate and prove the practice's database.

    alone: False for a command beside the running program. Errors: `KeyProblem`, `InUse`,
    `Unavailable`, `TooNew`, `NotMigrated`.
    """
    key_file = settings.keys.master_key_file
    vaults = load_vaults(key_file)
    db = await Database.open(settings.database.path, vaults[0], clock.now, alone=alone)
    try:
        await migrate(db, clock.now())
        has_changed = await _prove_any(db, vaults, clock.now())
        if alone:
            if has_changed:
                rotation.finish(key_file, clock.now())
                log.warning("a change of the master key was finished")
            await finish_erasures(db)
            # A process that died between deleting and emptying the log owes this.
            await db.truncate_log()
    except BaseException:
        await db.close()
        raise
    return db


async def finish_erasures(db: Database) -> int:
    """Finish what the erasures' log says was erased and this database still has.

    That is so after a crash between the two, and when an older database was put back. Gives how
    many pairs those were. Errors: `Unavailable`.
    """
    try:
        log_lines, torn = db.erasures.read()
    except OSError as problem:
        raise Unavailable(f"{db.erasures.path}: {problem.strerror}") from problem
    if torn:
        log.warning("the erasures' log has lines that cannot be read", count=torn)
    if not log_lines:
        return 0
    finished, strange = await db.write(lambda tx: erasure.finish_erasures(tx, log_lines))
    if finished:
        log.warning("erasures were finished that the database had not", count=len(finished))
    if strange:
        log.warning("the erasures' log has lines of another practice", count=strange)
    db.vault.forget()
    return len(finished)


async def _prove_any(db: Database, vaults: list[Vault], now: int) -> bool:
    """Let the database have the vault that opens it; was it that of a begun change?

    Errors: `KeyProblem` when none does.
    """
    try:
        await prove(db, now)
    except KeyProblem:
        if len(vaults) == 1:
            raise
        db.vault = vaults[1]
        await prove(db, now)
        return True
    return False


async def fit(db: Database, vaults: list[Vault]) -> None:
    """Let the database have the vault that opens it, and change nothing. Errors: `KeyProblem`."""
    for vault in vaults:
        db.vault = vault
        try:
            await db.read(practice.practice_sealer)
        except KeyProblem:
            if vault is vaults[-1]:
                raise
        else:
            return


async def prove(db: Database, now: int) -> None:
    """Make sure that the master key opens this practice, or found it. Errors: `KeyProblem`."""
    await db.write(lambda tx: _prove(tx, now))


async def _prove(tx: Transaction, now: int) -> None:
    if not await practice.find_practice(tx):
        await practice.found_practice(tx, now)
    await practice.practice_sealer(tx)
    await practice.take_indexes(tx)


async def check_open_checkins(db: Database, instruments: dict[str, dict[int, Instrument]]) -> None:
    """Make sure that every check-in can be shown with its questionnaire.

    Errors: `BadInstrument` that names the one whose file is gone.
    """
    for name, version in await db.read(instruments_in_use):
        if version not in instruments.get(name, {}):
            raise BadInstrument(
                f"{name}-{version}",
                ["check-ins were made with it, but its folder is gone: put it back"],
            )


async def bots_name(settings: Settings) -> str:
    """Ask Telegram for the bot's own user name. Errors: `TokenRefused`, `NoTelegram`."""
    bot = bot_of(settings)
    application = make_application(bot)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await introduce(application, SystemClock())
        return bot.username
    except TimeoutError:
        raise NoTelegram(
            f"Telegram did not answer within {PATIENCE_SECONDS:.0f} seconds: check the network and "
            "telegram.base_url, then try again"
        ) from None
    finally:
        await close(application)


def bot_of(settings: Settings) -> WireBot:
    """Make the bot that the settings name, not yet introduced."""
    return make_bot(
        settings.telegram.token.get_secret_value(),
        settings.telegram.base_url.removesuffix("/bot"),
    )
