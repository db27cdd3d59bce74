"""Delivering one due message: claim, render, send, record; and what each outcome means."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import structlog

from bot.core.errors import Rejected, TokenRefused, TryLater, Unclear, Unreachable
from bot.services.absences import Absences
from bot.services.acknowledgements import Acknowledgements
from bot.services.checkins import CheckIns
from bot.services.continuing import Continuing
from bot.services.digests import Digests
from bot.services.enrolment import Enrolment
from bot.services.feeds import Feeds
from bot.services.handing import Handing
from bot.services.hold import Hold
from bot.services.lookup import Lookup
from bot.services.mirror import Mirrors
from bot.services.outgoing import Claimed, Outgoing
from bot.services.ports import Messenger, Screen
from bot.services.relinking import Relinking
from bot.services.schedule import Schedule
from bot.services.unopened import REMINDED_AFTER, TOLD_AFTER, UnopenedDigests
from bot.services.wrong_client import NOTICE as WRONG_CLIENT
from bot.store.database import Unavailable
from bot.transport.faults import trace
from bot.transport.lanes import Lanes
from bot.views.absences import AbsenceViews
from bot.views.checkin import CheckInViews
from bot.views.digest import DigestViews
from bot.views.endings import EndingViews
from bot.views.feeds import FeedViews
from bot.views.handover import HandoverViews
from bot.views.mirror import MirrorViews
from bot.views.notices import NoticeViews
from bot.views.plain import without_markup
from bot.views.relinking import RelinkViews
from bot.views.schedule import ScheduleViews

log = structlog.get_logger(__name__)
T = TypeVar("T")
_RECORD_AGAIN_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Made:
    """What is sent. screen: None where there is nothing left to say. replaces: the Telegram
    messages that only point to this one afterwards."""

    screen: Screen | None
    replaces: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """Works off the outbox, one message at a time."""

    outgoing: Outgoing
    checkins: CheckIns
    digests: Digests
    acknowledgements: Acknowledgements
    enrolment: Enrolment
    mirrors: Mirrors
    unopened: UnopenedDigests
    feeds: Feeds
    schedule: Schedule
    hold: Hold
    absences: Absences
    lookup: Lookup
    relinking: Relinking
    handing: Handing
    continuing: Continuing
    checkin_views: CheckInViews
    digest_views: DigestViews
    mirror_views: MirrorViews
    feed_views: FeedViews
    ending_views: EndingViews
    schedule_views: ScheduleViews
    absence_views: AbsenceViews
    relink_views: RelinkViews
    handover_views: HandoverViews
    notice_views: NoticeViews
    messenger: Messenger
    lanes: Lanes

    async def deliver_one(self) -> bool:
        """Deliver the message that has been due longest; was there one?

        Errors: `TokenRefused`, `ClockWentBack`, `Unavailable`.
        """
        claimed = await self.outgoing.claim()
        if claimed is None:
            return False
        try:
            made = await self._render(claimed)
        except Unavailable:
            await self._surely(self.outgoing.later, claimed.message, 0.0)
            raise
        except Exception as bug:
            # One message that cannot be made must not hold up the others; it is said loudly.
            log.error("rendering failed", message=claimed.message.id, where=trace(bug))
            await self._surely(self.outgoing.failed, claimed.message, "bug")
            return True
        if made.screen is None:
            await self._surely(self.outgoing.dropped, claimed.message, "gone")
            return True
        arrived = await self._send(claimed, made.screen)
        if arrived and claimed.person.telegram_id is not None:
            for older in made.replaces:
                self.lanes.edit(
                    claimed.person.telegram_id, older, self.checkin_views.moved(claimed.person)
                )
        return True

    async def _render(self, claimed: Claimed) -> _Made:
        message, reader = claimed.message, self.digest_views.desk.reader(claimed.person)
        match message.kind:
            case "prompt" | "reminder":
                talk = await self.checkins.delivery(message.subject_id)
                if talk is None or not talk.is_open:
                    return _Made(None)
                if message.kind == "prompt":
                    return _Made(self.checkin_views.now(talk))
                older = talk.checkin.telegram_message
                return _Made(self.checkin_views.reminder(talk), () if older is None else (older,))
            case "digest":
                page = await self.digests.page(message.subject_id, int(message.part))
                return _Made(self.digest_views.page(page, reader) if page else None)
            case "ack":
                telling = await self.acknowledgements.telling(message.subject_id, message.part)
                return _Made(self.digest_views.told(telling, reader) if telling else None)
            case "mirror":
                mirror = await self.mirrors.show(claimed.person.id)
                return _Made(self.mirror_views.asked(mirror, reader))
            case "notice":
                if message.part.startswith("relinked:"):
                    return await self._to_former(claimed)
                takes_over = message.part.startswith(("before_first", "handover_ask"))
                replaces = await self.outgoing.sent_before(message) if takes_over else ()
                return _Made(await self._notice(claimed), replaces)

    async def _to_former(self, claimed: Claimed) -> _Made:
        """Tell an account of before that it is cut off, and close what stands open there.

        That is closed at once, whether or not the news arrives.
        """
        message, reader = claimed.message, self.digest_views.desk.reader(claimed.person)
        gone = await self.relinking.gone(message.subject_id, claimed.person.id)
        assert claimed.person.telegram_id is not None  # noqa: S101 - checked in the claim
        for older in gone:
            self.lanes.edit(claimed.person.telegram_id, older, self.relink_views.gone(reader))
        return _Made(
            self.relink_views.former(message.subject_id, message.part.endswith(":others"), reader)
        )

    async def _notice(self, claimed: Claimed) -> Screen | None:
        message, pair = claimed.message, claimed.pair
        name, *more = message.part.split(":")
        reader = self.digest_views.desk.reader(claimed.person)
        if name.startswith("feed_"):
            return await self._of_feed(name, claimed)
        if name == "schedule":
            told = await self.schedule.telling(message.subject_id, claimed.person.id)
            return self.schedule_views.told(*told, reader) if told else None
        if name in ("hold", "resumed"):
            loss = await self.hold.newest()
            is_on = await self.hold.is_on()
            return (
                self.notice_views.hold(loss, reader) if loss and is_on == (name == "hold") else None
            )
        if name == "lost":
            lost = await self.hold.telling(message.subject_id, claimed.person.id)
            return self.notice_views.lost(lost, reader) if lost else None
        if name == "lost_open":
            talk = await self.checkins.delivery(message.subject_id)
            lost = await self.hold.telling(int(more[0]), claimed.person.id)
            if talk is None or lost is None or not talk.is_open:
                return None
            return self.notice_views.lost_open(talk, lost.loss)
        if name == "closed":
            plan = await self.absences.telling(message.subject_id, claimed.person.id)
            return self.absence_views.told(plan, reader) if plan else None
        if name == "morning":
            today = await self.lookup.today(claimed.person.id)
            return self.digest_views.today(today, reader) if today.lines else None
        if name == "watch_help":
            return self.notice_views.watch_help(more[1], reader)
        if name == "watch" and pair is not None:
            return self.notice_views.watch(pair, int(more[0]), reader)
        if name in ("unopened", "unopened_admin"):
            at_least = REMINDED_AFTER if name == "unopened" else TOLD_AFTER
            lying = await self.unopened.find(message.subject_id, at_least)
            return self.notice_views.unopened(name, lying, reader) if lying else None
        if name == "before_first":
            talk = await self.checkins.delivery(message.subject_id)
            if talk is None or pair is None or talk.checkin.state == "cancelled":
                return None
            return self.notice_views.before_first(pair, talk, reader)
        if name in ("handover_from", "handover_to"):
            telling = await self.handing.telling(message.subject_id)
            # What was taken back before it could be told is told once, as taken back.
            is_news = telling.undone == ("undone" in more)
            return self.handover_views.told(name, telling, reader) if is_news else None
        if name == "handover_ask" and pair is not None:
            question = await self.continuing.question(claimed.person.id, pair.id)
            return self.handover_views.ask(question, bool(more), reader) if question else None
        if name == "handover_came" and pair is not None:
            return self.handover_views.came(pair, "share" in more, reader)
        if name == "relinked_to" and pair is not None:
            joining = await self.enrolment.joining(claimed.person.id, pair.id)
            return self.relink_views.arrived(joining, reader)
        if name == WRONG_CLIENT:
            talk = await self.checkins.delivery(message.subject_id)
            return self.notice_views.wrong_client(talk, reader) if talk else None
        if name == "confirmed" and pair is not None:
            joining = await self.enrolment.joining(claimed.person.id, pair.id)
            return self.notice_views.joining(joining, reader)
        if name == "keep_asking" and pair is not None:
            joining = await self.enrolment.joining(claimed.person.id, pair.id)
            return self.notice_views.keep_asking(joining, reader)
        if name == "ended" and pair is not None:
            joining = await self.enrolment.joining(claimed.person.id, pair.id)
            asked = "asked" in more and pair.erase_asked_at is None
            return self.ending_views.told(joining, asked, reader)
        if name in ("joined", "confirm_nudge", "confirm_eve") and pair is not None:
            _, client = await self.enrolment.pair_of(claimed.person.id, pair.id)
            return self.notice_views.joined(name, pair, client, reader) if client else None
        if name == "expired" and pair is not None:
            return self.notice_views.expired(pair, reader) if pair.state == "invited" else None
        if name == "erased":
            # The message is about no pair, because erasing deletes all that are.
            pair, _ = await self.enrolment.pair_of(claimed.person.id, message.subject_id)
        return self.notice_views.plain(name, pair, reader)

    async def _of_feed(self, name: str, claimed: Claimed) -> Screen | None:
        """Make a notice about a calendar; None where it is settled meanwhile."""
        feed = await self.feeds.find(claimed.message.subject_id)
        reader = self.digest_views.desk.reader(claimed.person)
        if feed is None:
            return None
        if name == "feed_failed":
            return self.feed_views.failed(feed, reader) if feed.failures else None
        if name == "feed_lost":
            return self.feed_views.lost(feed, reader) if feed.held_at is not None else None
        if name == "feed_gone":
            return self.feed_views.gone(feed, reader) if feed.rests == "gone" else None
        if name == "feed_flaws":
            overview = await self.feeds.show(feed.id, None)
            return self.feed_views.flaws(overview, reader) if overview.flaws else None
        if name == "feed_ready":
            overview = await self.feeds.show(feed.id, None)
            is_new = feed.accepted_at is None and feed.rests is None
            return self.feed_views.ready(overview, reader) if is_new else None
        question = await self.feeds.question(claimed.person.id)
        return self.feed_views.question(question, reader) if question.asks else None

    async def _surely(self, record: Callable[..., Awaitable[T]], *values: object) -> T:
        """Record what became of a message, however long the database is away.

        While it is, nothing could be claimed either. A message nobody records would be `sending`
        until the next start.
        """
        while True:
            try:
                return await record(*values)
            except Unavailable as problem:
                log.warning("outcome not recorded yet", why=str(problem))
                await self.outgoing.clock.sleep(_RECORD_AGAIN_SECONDS)

    async def _send(self, claimed: Claimed, screen: Screen) -> bool:
        """Send and record what became of it; give whether it certainly arrived."""
        message, chat_id = claimed.message, claimed.person.telegram_id
        assert chat_id is not None  # noqa: S101 - checked in the claim
        try:
            sent = await self._attempt(message.kind == "digest", chat_id, screen)
        except Unclear:
            log.warning("delivery unclear", message=message.id, kind=message.kind)
            await self._surely(self.outgoing.unclear, message)
        except TryLater as later:
            await self._surely(self.outgoing.later, message, later.after)
        except Unreachable:
            await self._surely(self.outgoing.unreachable, message)
            await self._surely(self.enrolment.unreachable, chat_id)
        except Rejected as rejected:
            log.error("delivery rejected", message=message.id, kind=message.kind, why=str(rejected))
            await self._surely(self.outgoing.failed, message, "rejected")
        except TokenRefused:
            await self._surely(self.outgoing.later, message, 60.0)
            raise
        else:
            if await self._surely(self.outgoing.sent, message, sent, chat_id):
                return True
            # The account has changed while this was under way: nothing of it stays there.
            gone = self.relink_views.gone(self.digest_views.desk.reader(claimed.person))
            self.lanes.edit(chat_id, sent, gone)
        return False

    async def _attempt(self, is_digest: bool, chat_id: int, screen: Screen) -> int:
        """Send once; a digest that is refused goes out once more without its markup."""
        try:
            return await self.messenger.send(chat_id, screen)
        except Rejected:
            if not is_digest:
                raise
            log.error("digest refused with markup, sent plain")
            plain = replace(screen, text=without_markup(screen.text))
            return await self.messenger.send(chat_id, plain)
