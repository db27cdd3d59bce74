"""The only place where the parts meet: building, starting and stopping in the right order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog
from telegram import Update

from bot.config import Settings
from bot.core.errors import TokenRefused
from bot.core.instrument import Instrument
from bot.delivery import Delivery
from bot.feeds.declared import declared_feeds
from bot.feeds.syncing import Syncing
from bot.heartbeat import Heartbeat
from bot.introducing import bring_up_to_date
from bot.messages import Messages
from bot.nightly import Nightly
from bot.opening import (
    RandomIds,
    SteadyClock,
    SystemClock,
    bot_of,
    check_instruments,
    check_open_checkins,
    open_database,
)
from bot.pulse import Pulse
from bot.redacting import Redaction
from bot.room import Room, furnish
from bot.services.backups import Backups
from bot.services.closing import Closing
from bot.services.declaring import Declaring
from bot.services.digest_making import DigestMaking
from bot.services.enrolment import Enrolment
from bot.services.following import Following
from bot.services.health import Health, Signs
from bot.services.hold import Hold
from bot.services.mornings import Mornings
from bot.services.outgoing import Outgoing
from bot.services.ports import Clock, Ids
from bot.services.retention import Retention
from bot.store import updates
from bot.store.database import Database
from bot.store.losses import is_on_hold
from bot.store.practice import last_seen_at
from bot.ticks import Piece, Ticks
from bot.transport.application import LoudApplication, close, introduce, make_application
from bot.transport.faults import trace
from bot.transport.lanes import Lanes
from bot.transport.leaving import leaving
from bot.transport.messenger import BotMessenger
from bot.transport.pacing import Pacing
from bot.transport.receiver import TAPS_LIVE_MS, Receiver
from bot.transport.request import WireBot
from handlers import add_handlers

if TYPE_CHECKING:
    from bot.transport.listening import Listening
    from bot.transport.webhook import Webhook

log = structlog.get_logger(__name__)

_SET_ASIDE_AT_MOST: Final = 1000
_STOP_SECONDS: Final = {"ticks": 2.0, "receiver": 2.0, "lanes": 1.0}


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
    receiver: Receiver | Webhook
    messenger: BotMessenger
    room: Room
    health: Health
    pulse: Pulse
    nightly: Nightly
    away_ms: int
    _receiving: asyncio.Task[None] | None = None
    _listening: Listening | None = None
    _refused: asyncio.Event | None = None

    async def introduce(self) -> None:
        """Let Telegram know which commands there are, per language and, for admins, per chat."""
        done = await bring_up_to_date(self.messenger, self.settings, menus_alone=True)
        for why in done.left:
            # The menu is a convenience: commands work without it, and an admin who never
            # wrote to the bot has no chat to put it into.
            log.warning("command menu not set", why=why)

    async def start(self, *, ticking: bool = True) -> None:
        """Begin to receive and, unless ticks are run by hand, to tick. Errors: `CannotListen`."""
        place = self.settings.health.listens_at
        if place is not None and self.settings.telegram.receive == "polling":
            # Its server is not loaded by those who do not ask for it: two MiB.
            from bot.transport.health_page import serve_health

            self._listening = await serve_health(self.health.look, *place)
        if self.away_ms > TAPS_LIVE_MS:
            await show_again(self.room)
        self._receiving = asyncio.create_task(self.receiver.run(), name="receiver")
        if ticking:
            self.ticks.start()
            self.pulse.start(self.receiver.ready)
            self.nightly.start()

    async def run(self, until: asyncio.Event) -> None:
        """Work until the event is set. Errors: `TokenRefused`, or what ended the receiver."""
        assert self._receiving is not None and self._refused is not None  # noqa: S101, PT018
        waits = [asyncio.create_task(until.wait()), asyncio.create_task(self._refused.wait())]
        try:
            await asyncio.wait([self._receiving, *waits], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self._receiving.done():
            self._receiving.result()
        if self._refused.is_set():
            raise TokenRefused("Telegram does not know this token any more")

    async def stop(self) -> None:
        """Stop within eight seconds; what was not finished is taken up at the next start."""
        await self.nightly.stop()
        await self.pulse.stop()
        await self.ticks.stop(_STOP_SECONDS["ticks"])
        if self._receiving is not None:
            await self.receiver.stop(_STOP_SECONDS["receiver"])
            self._receiving.cancel()
            await asyncio.gather(self._receiving, return_exceptions=True)
        await self.lanes.drain(_STOP_SECONDS["lanes"])
        await self.lanes.close()
        if self._listening is not None:
            await self._listening.cut()
        await self.application.shutdown()
        await self.db.close()


async def show_again(room: Room) -> None:
    """Show open check-ins again: taps during a long outage are lost on Telegram's side."""
    for talk in await room.checkins.all_open():
        chat, message = talk.person.telegram_id, talk.checkin.telegram_message
        if chat is not None and message is not None:
            room.lanes.edit(chat, message, room.checkin_views.after_outage(talk))


async def build(settings: Settings, clock: Clock | None = None, ids: Ids | None = None) -> App:
    """Put the parts together, ready to start.

    Errors: `KeyProblem`, `InUse`, `Unavailable`, `TooNew`, `BadInstrument`, `TokenRefused`.
    """
    clock, ids = clock or SystemClock(), ids or RandomIds()
    instruments, steady = check_instruments(settings), SteadyClock(clock)
    # The database's own times are to be in order as well: by them it forgets what was handled.
    db = await open_database(settings, steady)
    try:
        steady.note(await db.read(last_seen_at))
        await check_open_checkins(db, instruments)
    except BaseException:
        await db.close()
        raise
    bot = bot_of(settings)
    application = make_application(bot)
    try:
        await introduce(application, clock)
        outgoing = Outgoing(db, steady, ids, settings, wall=clock)
        return await _assemble(settings, steady, ids, instruments, db, bot, application, outgoing)
    except BaseException:
        await close(application)
        await db.close()
        raise


async def _assemble(
    settings: Settings,
    clock: Clock,
    ids: Ids,
    instruments: dict[str, dict[int, Instrument]],
    db: Database,
    bot: WireBot,
    application: LoudApplication,
    outgoing: Outgoing,
) -> App:
    refused = asyncio.Event()

    async def on_token_refused() -> None:
        refused.set()

    messenger = BotMessenger(bot, Pacing(clock), protect=settings.checkin.protect_content)
    enrolment = Enrolment(db, clock, ids, settings)
    lanes = Lanes(
        messenger, clock, on_unreachable=enrolment.unreachable, on_token_refused=on_token_refused
    )
    room = furnish(settings, clock, ids, instruments, db, bot.username, lanes, enrolment)
    declaring = Declaring(db, clock, ids, settings, declared_feeds(settings))
    away_ms = await _take_up(outgoing, declaring, room)
    wall = outgoing.wall or clock
    signs = Signs(lambda: ticks.went_through, lambda: receiver.received())
    health = Health(db, clock, wall, signs)
    receiver = _receiver(settings, clock, ids, db, bot, application, room, health)
    delivery = Delivery(outgoing, Messages(room, outgoing), messenger, room)
    redaction = Redaction(room, messenger)
    plan, sweep, follow = _work(settings, clock, ids, db, room)
    ticks = Ticks(
        plan=plan,
        deliver=Piece(delivery.deliver_one, outgoing.any_due),
        sweep=(
            *sweep,
            Piece(outgoing.be_seen, outgoing.is_to_be_seen),
            Piece(receiver.look),
            Piece(declaring.look),
        ),
        follow=follow,
        redact=(Piece(redaction.redact_one, room.redacting.any_due),),
        on_token_refused=on_token_refused,
        db=db,
        clock=clock,
    )
    add_handlers(application, room, leaving(messenger, clock))
    return App(
        settings, clock, ids, instruments, bot, db, application, lanes, ticks, receiver,
        messenger, room, health, _pulse(settings, health, db, wall),
        Nightly(settings, Backups(db, clock, ids, settings), wall), away_ms, _refused=refused,
    )  # fmt: skip


async def _take_up(outgoing: Outgoing, declaring: Declaring, room: Room) -> int:
    """Take up what the last run left and what the configuration says; give how long none ran."""
    away_ms = await outgoing.away_ms()
    recovered = await outgoing.recover()
    if recovered:
        log.warning("messages were half sent when the last run ended", count=recovered)
    await declaring.bring_in()
    await room.absences.bring_in()
    return away_ms


def _work(
    settings: Settings, clock: Clock, ids: Ids, db: Database, room: Room
) -> tuple[tuple[Piece, ...], tuple[Piece, ...], Piece]:
    """Give what is done by itself beside delivering: planning, sweeping and reading calendars."""
    closing = Closing(db, clock, ids, settings, room.checkins.talks)
    making = DigestMaking(db, clock, ids, settings, room.digests.reading)
    mornings = Mornings(db, clock, ids, settings)
    retention = Retention(db, clock, ids, settings)
    syncing = Syncing(Following(db, clock, ids, settings), settings)
    news = room.handover_news
    plan = (
        Piece(room.timetable.plan, room.timetable.any_to_plan),
        _off_hold(room.hold, Piece(room.asking.ask_one, room.asking.any_to_ask)),
        _off_hold(room.hold, Piece(making.make_one, making.any_to_make)),
        _off_hold(room.hold, Piece(room.confirming.ask_on_the_eve, room.confirming.any_to_ask)),
        _off_hold(room.hold, Piece(room.mirrors.write_one, room.mirrors.any_to_write)),
        _off_hold(room.hold, Piece(mornings.owe_one, mornings.any_to_owe)),
    )
    sweep = (
        Piece(closing.close_one, closing.any_to_close),
        Piece(_folding(closing, room), closing.any_to_fold),
        _off_hold(room.hold, Piece(room.endings.end_one, room.endings.any_to_end)),
        _off_hold(room.hold, Piece(room.handing.work_one, room.handing.any_to_do)),
        _off_hold(room.hold, Piece(_lapsing(room), room.handing.any_to_lapse)),
        _off_hold(room.hold, Piece(news.tell_one, news.any_to_tell)),
        Piece(retention.sweep_one, retention.any_to_sweep),
    )
    return plan, sweep, Piece(syncing.sync_one, syncing.any_due)


def _pulse(settings: Settings, health: Health, db: Database, wall: Clock) -> Pulse:
    url = settings.health.heartbeat_url.get_secret_value()
    private = settings.health.private_addresses
    return Pulse(health, db.path, wall, Heartbeat(url, wall, private=private) if url else None)


def _off_hold(hold: Hold, piece: Piece) -> Piece:
    """Let a kind of work rest while the bot is on hold: nothing of it counts as due then."""

    async def work() -> bool:
        return not await hold.is_on() and await piece.work()

    return Piece(work, piece.look, rests=is_on_hold)


def _folding(closing: Closing, room: Room) -> Callable[[], Awaitable[bool]]:
    """Let the messages of closed check-ins show how they ended."""

    async def fold_one() -> bool:
        talk = await closing.fold_one()
        if talk is None:
            return False
        chat, message = talk.person.telegram_id, talk.checkin.telegram_message
        if chat is not None and message is not None:
            room.lanes.edit(chat, message, room.checkin_views.ended(talk))
        return True

    return fold_one


def _lapsing(room: Room) -> Callable[[], Awaitable[bool]]:
    """Let a question about going on say that its time is over, and lose its buttons."""

    async def lapse_one() -> bool:
        lapsed = await room.handing.lapse_one()
        if lapsed is None:
            return False
        if lapsed.client is not None and lapsed.client.telegram_id is not None:
            over = room.handover_views.lapsed(lapsed.pair, room.desk.reader(lapsed.client))
            for place in lapsed.places:
                room.lanes.edit(lapsed.client.telegram_id, place, over)
        return True

    return lapse_one


async def _show_if_possible(room: Room) -> None:
    try:
        await show_again(room)
    except Exception as problem:
        # The receiver must go on; a check-in can still be answered by typing.
        log.error("open check-ins cannot be shown again", where=trace(problem))


def _receiver(
    settings: Settings,
    clock: Clock,
    ids: Ids,
    db: Database,
    bot: WireBot,
    application: LoudApplication,
    room: Room,
    health: Health,
) -> Receiver | Webhook:
    async def process(update: Update) -> None:
        await application.process_update(update)

    async def record_all(seen: Sequence[int]) -> None:
        await db.write(lambda tx: updates.record_seen(tx, seen, clock.now()))

    async def set_aside(update_id: int | None, body: bytes, reason: str) -> None:
        await db.write(
            lambda tx: updates.set_aside(
                tx, ids.new(), update_id, body, reason, clock.now(), _SET_ASIDE_AT_MOST
            )
        )

    if settings.telegram.receive == "polling":
        return Receiver(
            *(bot, process, record_all, set_aside, clock),
            after_silence=lambda: _show_if_possible(room),
        )
    # Its server is not loaded by those who poll: it would cost their start a tenth.
    from bot.transport.health_page import health_routes
    from bot.transport.webhook import Place, Webhook

    webhook = settings.webhook
    secret = db.vault.secret_for("webhook", settings.telegram.token.get_secret_value())
    place = Place(webhook.url, webhook.path, *webhook.listens_at, secret)
    routes = health_routes(health.look)
    return Webhook(bot, process, record_all, set_aside, clock, place, routes=routes)
