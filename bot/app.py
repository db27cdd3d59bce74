"""The only place where the parts meet: building, starting and stopping in the right order."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from telegram import Update
from telegram.ext import Application

from bot.config import Settings
from bot.core.errors import TokenRefused, TryLater, Unclear, Undelivered
from bot.core.instrument import BadInstrument, Instrument
from bot.delivery import Delivery
from bot.instruments import load_instruments, load_numbers
from bot.render import Renderer
from bot.services.acknowledgements import Acknowledgements
from bot.services.checkins import CheckIns
from bot.services.digests import Digests
from bot.services.enrolment import Enrolment
from bot.services.outgoing import Outgoing
from bot.services.ports import Clock, Ids
from bot.services.privacy import Privacy
from bot.services.timetable import Timetable
from bot.store import practice, updates
from bot.store.database import Database
from bot.store.migrate import migrate
from bot.store.vault import load_vault
from bot.ticks import Ticks
from bot.transport.lanes import Lanes
from bot.transport.messenger import BotMessenger
from bot.transport.pacing import Backoff, Pacing
from bot.transport.receiver import Receiver
from bot.transport.request import Outcome, WireBot, WireFailure, make_bot
from bot.views.checkin import CheckInViews
from bot.views.digest import DigestViews
from bot.views.menus import command_menus
from bot.views.notices import NoticeViews
from bot.views.people import PeopleViews
from bot.views.reader import Desk
from bot.views.timetable import TimetableViews
from handlers import add_handlers
from handlers.guard import Room

log = structlog.get_logger(__name__)

_SET_ASIDE_AT_MOST: Final = 1000
#: Telegram keeps a tap for 150 s; from here on some may have been lost.
_TAPS_LIVE_MS: Final = 120_000
_STOP_SECONDS: Final = {"ticks": 2.0, "receiver": 2.0, "lanes": 1.0}


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


class RandomIds:
    """Unguessable ids and codes from the operating system."""

    def new(self) -> int:
        """Make a random positive 63-bit integer."""
        return secrets.randbits(63) or 1

    def secret(self, size: int) -> str:
        """Make an unguessable URL-safe code of `size` characters."""
        return secrets.token_urlsafe(size)[:size]


class LoudApplication(Application[Any, Any, Any, Any, Any, Any]):
    """The library's application, but a handler's error is the caller's to see."""

    async def process_error(self, update: object, error: Exception, *_: Any, **__: Any) -> bool:
        """Raise instead of logging and going on: the receiver sets the update aside."""
        raise error


@dataclass
class App:
    """A running Rapport. Make it with `build`, then `start`, `run` and `stop`."""

    settings: Settings
    clock: Clock
    ids: Ids
    instruments: dict[str, dict[int, Instrument]]
    bot: WireBot
    db: Database
    application: LoudApplication
    lanes: Lanes
    ticks: Ticks
    receiver: Receiver
    messenger: BotMessenger
    room: Room
    away_ms: int
    _polling: asyncio.Task[None] | None = None
    _refused: asyncio.Event | None = None

    async def introduce(self) -> None:
        """Tell Telegram which commands there are, per language and, for admins, per chat."""
        for language, scope, commands in command_menus(self.settings):
            try:
                await self.messenger.call(
                    "setMyCommands", commands=commands, scope=scope, language_code=language
                )
            except Undelivered as problem:
                # The menu is a convenience: commands work without it, and an admin who never
                # wrote to the bot has no chat to put it into.
                log.warning("command menu not set", scope=scope["type"], why=str(problem))

    async def start(self, *, ticking: bool = True) -> None:
        """Begin to receive and, unless ticks are run by hand, to tick."""
        if self.away_ms > _TAPS_LIVE_MS:
            await self._show_again()
        self._polling = asyncio.create_task(self.receiver.run(), name="receiver")
        if ticking:
            self.ticks.start()

    async def _show_again(self) -> None:
        """Show open check-ins again: taps during a long outage are lost on Telegram's side."""
        for talk in await self.room.checkins.all_open():
            chat, message = talk.person.telegram_id, talk.checkin.telegram_message
            if chat is not None and message is not None:
                self.lanes.edit(chat, message, self.room.checkin_views.after_outage(talk))

    async def run(self, until: asyncio.Event) -> None:
        """Work until the event is set. Errors: `TokenRefused`, or what ended the receiver."""
        assert self._polling is not None and self._refused is not None  # noqa: S101, PT018
        waits = [asyncio.create_task(until.wait()), asyncio.create_task(self._refused.wait())]
        try:
            await asyncio.wait([self._polling, *waits], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self._polling.done():
            self._polling.result()
        if self._refused.is_set():
            raise TokenRefused("Telegram does not know this token any more")

    async def stop(self) -> None:
        """Stop within eight seconds; what was not finished is taken up at the next start."""
        await self.ticks.stop(_STOP_SECONDS["ticks"])
        if self._polling is not None:
            await self.receiver.stop(_STOP_SECONDS["receiver"])
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)
        await self.lanes.drain(_STOP_SECONDS["lanes"])
        await self.lanes.close()
        await self.application.shutdown()
        await self.db.close()


def check_instruments(settings: Settings) -> dict[str, dict[int, Instrument]]:
    """Load the questionnaires and make sure that the named ones are there.

    Errors: `BadInstrument`.
    """
    own = settings.checkin.instruments
    instruments = load_instruments(own if own.is_dir() else None)
    for name in (settings.checkin.instrument, settings.checkin.before_first):
        if name not in instruments:
            known = ", ".join(sorted(instruments))
            raise BadInstrument(name, [f"there is no such questionnaire; there are: {known}"])
    return instruments


async def open_database(settings: Settings, clock: Clock, *, alone: bool = True) -> Database:
    """Open, migrate and prove the practice's database.

    alone: False for a command beside the running program. Errors: `KeyProblem`, `InUse`,
    `Unavailable`, `TooNew`.
    """
    vault = load_vault(settings.keys.master_key_file)
    db = await Database.open(settings.database.path, vault, clock.now, alone=alone)
    try:
        await migrate(db, clock.now())
        async with db.write() as tx:
            if not await practice.find_practice(tx):
                await practice.found_practice(tx, clock.now())
            await practice.practice_sealer(tx)
    except BaseException:
        await db.close()
        raise
    return db


async def bots_name(settings: Settings) -> str:
    """Ask Telegram for the bot's own user name. Errors: `TokenRefused`."""
    bot = _bot(settings)
    application = LoudApplication.builder().bot(bot).updater(None).job_queue(None).build()
    try:
        await _introduce(application, SystemClock())
        return bot.username
    finally:
        await application.shutdown()


def _bot(settings: Settings) -> WireBot:
    return make_bot(
        settings.telegram.token.get_secret_value(),
        settings.telegram.base_url.removesuffix("/bot"),
    )


async def build(settings: Settings, clock: Clock | None = None, ids: Ids | None = None) -> App:
    """Put the parts together, ready to start.

    Errors: `KeyProblem`, `InUse`, `Unavailable`, `TooNew`, `BadInstrument`, `TokenRefused`.
    """
    clock, ids = clock or SystemClock(), ids or RandomIds()
    instruments = check_instruments(settings)
    db = await open_database(settings, clock)
    bot = _bot(settings)
    application = (
        Application.builder()
        .application_class(LoudApplication)
        .bot(bot)
        .updater(None)
        .job_queue(None)
        .build()
    )
    assert isinstance(application, LoudApplication)  # noqa: S101 - the builder's own promise
    try:
        await _introduce(application, clock)
        return await _assemble(settings, clock, ids, instruments, db, bot, application)
    except BaseException:
        await application.shutdown()
        await db.close()
        raise


async def _introduce(application: Application[Any, Any, Any, Any, Any, Any], clock: Clock) -> None:
    """Ask Telegram who the bot is (getMe), again and again while the network is away."""
    backoff = Backoff()
    while True:
        try:
            await application.initialize()
        except WireFailure as failure:
            if failure.outcome is Outcome.TOKEN_REFUSED:
                raise TokenRefused("Telegram does not know this token") from None
            log.warning("Telegram cannot be reached yet", why=failure.outcome.name)
            await clock.sleep(backoff.pause())
        else:
            return


async def _assemble(
    settings: Settings,
    clock: Clock,
    ids: Ids,
    instruments: dict[str, dict[int, Instrument]],
    db: Database,
    bot: WireBot,
    application: LoudApplication,
) -> App:
    refused = asyncio.Event()

    async def on_token_refused() -> None:
        refused.set()

    messenger = BotMessenger(bot, Pacing(clock))
    enrolment = Enrolment(db, clock, ids, settings)
    lanes = Lanes(
        messenger, clock, on_unreachable=enrolment.unreachable, on_token_refused=on_token_refused
    )
    room = _room(settings, clock, ids, instruments, db, bot.username, lanes, enrolment)
    outgoing = Outgoing(db, clock, ids, settings)
    away_ms = await outgoing.away_ms()
    recovered = await outgoing.recover()
    if recovered:
        log.warning("messages were half sent when the last run ended", count=recovered)
    delivery = Delivery(
        outgoing,
        room.checkins,
        room.digests,
        room.acknowledgements,
        enrolment,
        room.checkin_views,
        room.digest_views,
        NoticeViews(room.people_views, room.checkin_views),
        messenger,
        lanes,
        settings.checkin.protect_content,
    )
    ticks = Ticks(
        plan=(room.timetable.plan, room.checkins.ask_one, room.digests.make_one),
        deliver=delivery.deliver_one,
        sweep=(_closing(room), room.privacy.sweep_one, outgoing.be_seen),
        on_token_refused=on_token_refused,
    )
    add_handlers(application, room, _leaving(messenger))
    receiver = _receiver(settings, clock, ids, db, bot, application)
    return App(
        settings, clock, ids, instruments, bot, db, application, lanes, ticks, receiver,
        messenger, room, away_ms, _refused=refused,
    )  # fmt: skip


def _room(
    settings: Settings,
    clock: Clock,
    ids: Ids,
    instruments: dict[str, dict[int, Instrument]],
    db: Database,
    username: str,
    lanes: Lanes,
    enrolment: Enrolment,
) -> Room:
    desk = Desk(Renderer(), settings)
    versions = instruments[settings.checkin.instrument]
    instrument = versions[max(versions)]
    return Room(
        desk=desk,
        lanes=lanes,
        enrolment=enrolment,
        checkins=CheckIns(db, clock, ids, settings, instruments, load_numbers()),
        timetable=Timetable(db, clock, ids, settings),
        digests=Digests(db, clock, ids, settings, instrument),
        acknowledgements=Acknowledgements(db, clock),
        privacy=Privacy(db, clock, ids, settings, instrument),
        checkin_views=CheckInViews(desk),
        people_views=PeopleViews(desk, username, instruments),
        digest_views=DigestViews(desk, instrument),
        timetable_views=TimetableViews(desk),
    )


def _closing(room: Room) -> Any:
    """Close check-ins whose time is over, and fold up their messages."""

    async def close_one() -> bool:
        await room.checkins.align()
        talk = await room.checkins.close_one()
        if talk is None:
            return False
        chat, message = talk.person.telegram_id, talk.checkin.telegram_message
        if chat is not None and message is not None:
            room.lanes.edit(chat, message, room.checkin_views.ended(talk))
        return True

    return close_one


def _leaving(messenger: BotMessenger) -> Any:
    async def leave(chat_id: int) -> None:
        try:
            await messenger.call("leaveChat", chat_id=chat_id)
        except (Undelivered, TryLater, Unclear) as problem:
            log.warning("could not leave a group", why=type(problem).__name__)

    return leave


def _receiver(
    settings: Settings,
    clock: Clock,
    ids: Ids,
    db: Database,
    bot: WireBot,
    application: LoudApplication,
) -> Receiver:
    async def process(update: Update) -> None:
        await application.process_update(update)

    async def record_all(seen: Sequence[int]) -> None:
        async with db.write() as tx:
            await updates.record_seen(tx, seen, clock.now())

    async def set_aside(update_id: int | None, body: bytes, reason: str) -> None:
        async with db.write() as tx:
            await updates.set_aside(
                tx, ids.new(), update_id, body, reason, clock.now(), _SET_ASIDE_AT_MOST
            )

    return Receiver(bot, process, record_all, set_aside, clock)
