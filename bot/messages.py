"""What a message that is due says, made the moment it goes out.

Owns one maker for each kind of message and for each notice, found by the name that stands in the
outbox. A maker gives None where meanwhile there is nothing left to say.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.core.people import Pair
from bot.room import Room
from bot.services.handover_news import OUTCOME, OUTCOME_ADMIN
from bot.services.outgoing import LOST_OPEN, Claimed, Outgoing
from bot.services.ports import Screen
from bot.services.relinking_own import OBJECTED
from bot.services.talks import Talk
from bot.services.unopened import REMINDED_AFTER, TOLD_AFTER
from bot.services.wrong_client import NOTICE as WRONG_CLIENT
from bot.views.reader import Reader


@dataclass(frozen=True, slots=True)
class Made:
    """What is sent. screen: None where there is nothing left to say. replaces: the Telegram
    messages that only point to this one afterwards. shows: pairs of whose answers it tells. asks:
    the check-in that it is a question of."""

    screen: Screen | None
    replaces: tuple[int, ...] = ()
    shows: tuple[int, ...] = ()
    asks: Talk | None = None


@dataclass(frozen=True, slots=True)
class Messages:
    """Makes messages out of the room."""

    room: Room
    outgoing: Outgoing

    async def make(self, claimed: Claimed) -> Made:
        """Make a claimed message. Errors: `Unavailable`."""
        room, message, reader = self.room, claimed.message, self._reader(claimed)
        match message.kind:
            case "prompt" | "reminder":
                talk = await room.checkins.delivery(message.subject_id)
                if talk is None or not talk.is_open:
                    return Made(None)
                if message.kind == "prompt":
                    return Made(room.checkin_views.now(talk), asks=talk)
                if talk.checkin.completed_at is not None:
                    return Made(None)  # completed since it was claimed
                older = talk.checkin.telegram_message
                replaces = () if older is None else (older,)
                return Made(room.checkin_views.reminder(talk), replaces, asks=talk)
            case "digest":
                page = await room.digests.page(message.subject_id, int(message.part))
                return Made(room.digest_views.page(page, reader) if page else None)
            case "ack":
                telling = await room.acknowledgements.telling(message.subject_id, message.part)
                return Made(room.digest_views.told(telling, reader) if telling else None)
            case "mirror":
                mirror = await room.mirrors.show(claimed.person.id)
                return Made(room.mirror_views.asked(mirror, reader))
            case "notice":
                return await self._notice(claimed)

    def _reader(self, claimed: Claimed) -> Reader:
        return self.room.desk.reader(claimed.person)

    async def _notice(self, claimed: Claimed) -> Made:
        name = _name(claimed)
        if name == "relinked":
            return await self._to_former(claimed)
        if name == "morning":
            return await self._morning(claimed)
        if name in (OUTCOME, OUTCOME_ADMIN):
            return await self._outcome(claimed)
        if name == LOST_OPEN:
            return await self._lost_open(claimed)
        replaces = await self.outgoing.sent_before(claimed.message) if name in TAKE_OVER else ()
        if name in OF_A_PAIR:
            pair = claimed.pair
            screen = None if pair is None else await OF_A_PAIR[name](self, claimed, pair)
        elif name in OF_OTHERS:
            screen = await OF_OTHERS[name](self, claimed)
        else:
            screen = self.room.notice_views.plain(name, claimed.pair, self._reader(claimed))
        return Made(screen, replaces)

    async def _to_former(self, claimed: Claimed) -> Made:
        """Tell an account of before that it is cut off, and close what stands open there.

        That is closed at once, whether or not the news arrives.
        """
        room, message, reader = self.room, claimed.message, self._reader(claimed)
        gone = await room.relinking.gone(message.subject_id, claimed.person.id)
        assert claimed.person.telegram_id is not None  # noqa: S101 - checked in the claim
        for older in gone:
            room.lanes.edit(claimed.person.telegram_id, older, room.relink_views.gone(reader))
        words = _more(claimed)
        views = room.relink_views
        former = views.former_own if "own" in words else views.former
        return Made(former(message.subject_id, "others" in words, reader))

    async def _schedule(self, claimed: Claimed) -> Screen | None:
        told = await self.room.schedule.telling(claimed.message.subject_id, claimed.person.id)
        return self.room.schedule_views.told(*told, self._reader(claimed)) if told else None

    async def _hold(self, claimed: Claimed) -> Screen | None:
        loss, is_on = await self.room.hold.newest(), await self.room.hold.is_on()
        if loss is None or is_on != (_name(claimed) == "hold"):
            return None
        return self.room.notice_views.hold(loss, self._reader(claimed))

    async def _lost(self, claimed: Claimed) -> Screen | None:
        lost = await self.room.hold.telling(claimed.message.subject_id, claimed.person.id)
        return self.room.notice_views.lost(lost, self._reader(claimed)) if lost else None

    async def _lost_open(self, claimed: Claimed) -> Made:
        """Say what is known of an open check-in, which goes on in this message."""
        loss_id = int(_more(claimed)[0])
        talk = await self.room.checkins.delivery(claimed.message.subject_id)
        lost = await self.room.hold.telling(loss_id, claimed.person.id)
        if talk is None or lost is None or not talk.is_open:
            return Made(None)
        older = talk.checkin.telegram_message
        screen = self.room.notice_views.lost_open(talk, lost.loss)
        return Made(screen, () if older is None else (older,), asks=talk)

    async def _closed(self, claimed: Claimed) -> Screen | None:
        plan = await self.room.absences.telling(claimed.message.subject_id, claimed.person.id)
        return self.room.absence_views.told(plan, self._reader(claimed)) if plan else None

    async def _morning(self, claimed: Claimed) -> Made:
        """Make a therapist's day; nothing where there are no appointments any more."""
        today = await self.room.lookup.today(claimed.person.id)
        if not today.lines:
            return Made(None)
        screen = self.room.digest_views.today(today, self._reader(claimed))
        return Made(screen, shows=today.shows)

    async def _outcome(self, claimed: Claimed) -> Made:
        """Tell what came of a handover; only the admins are told of whom."""
        outcome = await self.room.handover_news.outcome(claimed.message.subject_id)
        if outcome is None:
            return Made(None)
        name, reader = _name(claimed), self._reader(claimed)
        # What the last one to answer says at once is in the news of all.
        if "left" in _more(claimed) and not outcome.open:
            return Made(None)
        screen = self.room.handover_views.outcome(name, outcome, reader)
        return Made(screen, shows=outcome.shows if name == OUTCOME_ADMIN else ())

    async def _watch_help(self, claimed: Claimed) -> Screen | None:
        return self.room.notice_views.watch_help(_more(claimed)[1], self._reader(claimed))

    async def _watch(self, claimed: Claimed, pair: Pair) -> Screen | None:
        at = int(_more(claimed)[0])
        return self.room.notice_views.watch(pair, at, self._reader(claimed))

    async def _unopened(self, claimed: Claimed) -> Screen | None:
        name = _name(claimed)
        at_least = REMINDED_AFTER if name == "unopened" else TOLD_AFTER
        lying = await self.room.unopened.find(claimed.message.subject_id, at_least)
        reader = self._reader(claimed)
        return self.room.notice_views.unopened(name, lying, reader) if lying else None

    async def _before_first(self, claimed: Claimed, pair: Pair) -> Screen | None:
        talk = await self.room.checkins.delivery(claimed.message.subject_id)
        if talk is None or talk.checkin.state == "cancelled":
            return None
        return self.room.notice_views.before_first(pair, talk, self._reader(claimed))

    async def _handover(self, claimed: Claimed) -> Screen | None:
        name = _name(claimed)
        telling = await self.room.handing.telling(claimed.message.subject_id)
        # What was taken back before it could be told is told once, as taken back.
        is_news = telling.undone == ("undone" in _more(claimed))
        reader = self._reader(claimed)
        return self.room.handover_views.told(name, telling, reader) if is_news else None

    async def _handover_ask(self, claimed: Claimed, pair: Pair) -> Screen | None:
        question = await self.room.continuing.question(claimed.person.id, pair.id)
        is_again, reader = bool(_more(claimed)), self._reader(claimed)
        return self.room.handover_views.ask(question, is_again, reader) if question else None

    async def _handover_came(self, claimed: Claimed, pair: Pair) -> Screen | None:
        shares = "share" in _more(claimed)
        return self.room.handover_views.came(pair, shares, self._reader(claimed))

    async def _objected_own(self, claimed: Claimed) -> Screen | None:
        name = await self.room.own_relinking.objected(claimed.message.subject_id)
        return self.room.relink_views.objected_admin(name, self._reader(claimed))

    async def _relinked_to(self, claimed: Claimed, pair: Pair) -> Screen | None:
        joining = await self.room.enrolment.joining(claimed.person.id, pair.id)
        return self.room.relink_views.arrived(joining, self._reader(claimed))

    async def _wrong_client(self, claimed: Claimed) -> Screen | None:
        talk = await self.room.checkins.delivery(claimed.message.subject_id)
        return self.room.notice_views.wrong_client(talk, self._reader(claimed)) if talk else None

    async def _confirmed(self, claimed: Claimed, pair: Pair) -> Screen | None:
        joining = await self.room.enrolment.joining(claimed.person.id, pair.id)
        return self.room.notice_views.joining(joining, self._reader(claimed))

    async def _keep_asking(self, claimed: Claimed, pair: Pair) -> Screen | None:
        joining = await self.room.enrolment.joining(claimed.person.id, pair.id)
        return self.room.notice_views.keep_asking(joining, self._reader(claimed))

    async def _ended(self, claimed: Claimed, pair: Pair) -> Screen | None:
        joining = await self.room.enrolment.joining(claimed.person.id, pair.id)
        asked = "asked" in _more(claimed) and pair.erase_asked_at is None
        return self.room.ending_views.told(joining, asked, self._reader(claimed))

    async def _joined(self, claimed: Claimed, pair: Pair) -> Screen | None:
        name = _name(claimed)
        _, client = await self.room.enrolment.pair_of(claimed.person.id, pair.id)
        reader = self._reader(claimed)
        return self.room.notice_views.joined(name, pair, client, reader) if client else None

    async def _expired(self, claimed: Claimed, pair: Pair) -> Screen | None:
        reader = self._reader(claimed)
        return self.room.notice_views.expired(pair, reader) if pair.state == "invited" else None

    async def _erased(self, claimed: Claimed) -> Screen | None:
        # The message is about no pair, because erasing deletes all that are.
        pair, _ = await self.room.enrolment.pair_of(claimed.person.id, claimed.message.subject_id)
        return self.room.notice_views.plain("erased", pair, self._reader(claimed))

    async def _feed_failed(self, claimed: Claimed) -> Screen | None:
        feed = await self.room.feeds.find(claimed.message.subject_id)
        if feed is None or not feed.failures:
            return None
        return self.room.feed_views.failed(feed, self._reader(claimed))

    async def _feed_lost(self, claimed: Claimed) -> Screen | None:
        feed = await self.room.feeds.find(claimed.message.subject_id)
        if feed is None or feed.held_at is None:
            return None
        return self.room.feed_views.lost(feed, self._reader(claimed))

    async def _feed_gone(self, claimed: Claimed) -> Screen | None:
        feed = await self.room.feeds.find(claimed.message.subject_id)
        if feed is None or feed.rests != "gone":
            return None
        return self.room.feed_views.gone(feed, self._reader(claimed))

    async def _feed_flaws(self, claimed: Claimed) -> Screen | None:
        feed = await self.room.feeds.find(claimed.message.subject_id)
        overview = None if feed is None else await self.room.feeds.show(feed.id, None)
        if overview is None or not overview.flaws:
            return None
        return self.room.feed_views.flaws(overview, self._reader(claimed))

    async def _feed_ready(self, claimed: Claimed) -> Screen | None:
        feed = await self.room.feeds.find(claimed.message.subject_id)
        if feed is None or feed.accepted_at is not None or feed.rests is not None:
            return None
        overview = await self.room.feeds.show(feed.id, None)
        return self.room.feed_views.ready(overview, self._reader(claimed))

    async def _feed_asks(self, claimed: Claimed) -> Screen | None:
        feed = await self.room.feeds.find(claimed.message.subject_id)
        question = None if feed is None else await self.room.feeds.question(claimed.person.id)
        if question is None or not question.asks:
            return None
        return self.room.feed_views.question(question, self._reader(claimed))


def _name(claimed: Claimed) -> str:
    """Give the name of a notice."""
    return claimed.message.part.split(":")[0]


def _more(claimed: Claimed) -> list[str]:
    """Give what stands behind a notice's name."""
    return claimed.message.part.split(":")[1:]


#: Notices that say anew what the same person was told or asked before.
TAKE_OVER: Final = ("before_first", "handover_ask")
#: Notices about one pair: where it is no more, neither are they.
OF_A_PAIR: Final[Mapping[str, Callable[[Messages, Claimed, Pair], Awaitable[Screen | None]]]] = {
    "watch": Messages._watch,
    "before_first": Messages._before_first,
    "handover_ask": Messages._handover_ask,
    "handover_came": Messages._handover_came,
    "relinked_to": Messages._relinked_to,
    "confirmed": Messages._confirmed,
    "keep_asking": Messages._keep_asking,
    "ended": Messages._ended,
    "joined": Messages._joined,
    "confirm_nudge": Messages._joined,
    "confirm_eve": Messages._joined,
    "expired": Messages._expired,
}
#: Notices about something else. All other names need no more than their template.
OF_OTHERS: Final[Mapping[str, Callable[[Messages, Claimed], Awaitable[Screen | None]]]] = {
    "schedule": Messages._schedule,
    "hold": Messages._hold,
    "resumed": Messages._hold,
    "lost": Messages._lost,
    "closed": Messages._closed,
    "watch_help": Messages._watch_help,
    "unopened": Messages._unopened,
    "unopened_admin": Messages._unopened,
    "handover_from": Messages._handover,
    "handover_to": Messages._handover,
    OBJECTED: Messages._objected_own,
    WRONG_CLIENT: Messages._wrong_client,
    "erased": Messages._erased,
    "feed_failed": Messages._feed_failed,
    "feed_lost": Messages._feed_lost,
    "feed_gone": Messages._feed_gone,
    "feed_flaws": Messages._feed_flaws,
    "feed_ready": Messages._feed_ready,
    "feed_asks": Messages._feed_asks,
}
