"""The therapist's digest: reading, acknowledging, looking closer; and the client's reply."""

from __future__ import annotations

from bot.core.errors import Refused
from bot.room import Room
from bot.services.digest_pages import AcknowledgementKind, DigestPage
from bot.services.redacting import Opened
from handlers.client import close
from handlers.guard import Ask, Reply, Route


def _page(ask: Ask, place: int) -> int:
    text = ask.tap.arg(place)
    if not text.isascii() or not text.isdigit() or len(text) > 3:
        raise Refused("stale_button")
    return int(text)


def _page_shown(room: Room, ask: Ask, shown: DigestPage, toast: str = "") -> Reply:
    screen = room.digest_views.page(shown, ask.reader)
    return Reply(screen, toast=toast, opened=Opened(shown.digest_id, shown.page))


async def page(room: Room, ask: Ask) -> Reply:
    """Show a page again (Back), or one that had collapsed (Open)."""
    number = _page(ask, 0)
    try:
        shown = await room.digests.open_page(ask.me, ask.tap.subject, number)
    except Refused as refused:
        return await _erased(room, ask, refused)
    return _page_shown(room, ask, shown)


async def _show(room: Room, ask: Ask, number: int) -> Reply:
    try:
        shown = await room.digests.show(ask.me, ask.tap.subject, number)
    except Refused as refused:
        return await _erased(room, ask, refused)
    return _page_shown(room, ask, shown)


async def _erased(room: Room, ask: Ask, refused: Refused) -> Reply:
    """Let nothing stay in a message of whose page everybody was erased."""
    if refused.reason != "digest_gone":
        raise refused
    week = await room.digests.week(ask.tap.subject)
    return Reply(room.digest_views.erased(week, ask.reader), refused=refused)


async def page_again(room: Room, ask: Ask) -> Reply:
    """Show the page of a repeated tap."""
    return await _show(room, ask, _page(ask, 0))


async def read(room: Room, ask: Ask) -> Reply:
    """Acknowledge that a pair's check-in was read."""
    return await _acknowledge(room, ask, "read")


async def talk(room: Room, ask: Ask) -> Reply:
    """Let the client know that there will be room for it."""
    return await _acknowledge(room, ask, "talk")


async def _acknowledge(room: Room, ask: Ask, kind: AcknowledgementKind) -> Reply:
    done = await room.digests.acknowledge(ask.me, ask.tap.subject, ask.tap.id_arg(0), kind)
    shown = await room.digests.show(ask.me, ask.tap.subject, done.page)
    return _page_shown(room, ask, shown, room.digest_views.acknowledged(done, ask.reader))


async def read_all(room: Room, ask: Ask) -> Reply:
    """Acknowledge every calm check-in of a page."""
    number = _page(ask, 0)
    await room.digests.read_these(ask.me, ask.tap.subject, number)
    return await _show(room, ask, number)


async def details(room: Room, ask: Ask) -> Reply:
    """Open a pair's history: in place from a digest, as a new message from the day."""
    shown = await room.lookup.details(ask.me, ask.tap.subject or None, ask.tap.id_arg(0))
    screen = room.digest_views.details(shown, ask.reader)
    opened = Opened(shown.digest_id, shown.page or None, shown.pair_id)
    if ask.tap.subject:
        return Reply(screen, opened=opened)
    return Reply(say=(screen,), shows=(shown.pair_id,), opened=opened)


def _of_pair(ask: Ask) -> Opened:
    """Give what is open where the details of a tap's pair are gone into."""
    return Opened(ask.tap.subject or None, pair_id=ask.tap.id_arg(0))


async def words(room: Room, ask: Ask) -> Reply:
    """Open a shared text whole."""
    found = await room.lookup.words(ask.me, ask.tap.subject, ask.tap.id_arg(0), _page(ask, 1))
    return Reply(room.digest_views.words(found, ask.reader), opened=_of_pair(ask))


async def usual(room: Room, ask: Ask) -> Reply:
    """Offer to let a pair's usual begin anew, or to take that back."""
    choice = await room.usual.choice(ask.me, ask.tap.subject, ask.tap.id_arg(0))
    return Reply(room.digest_views.usual(choice, ask.reader), opened=_of_pair(ask))


async def begin_anew(room: Room, ask: Ask) -> Reply:
    """Let a pair's usual begin anew with a session."""
    await room.usual.begin(ask.me, ask.tap.subject, ask.tap.id_arg(0), ask.tap.id_arg(1))
    return await usual(room, ask)


async def take_back_anew(room: Room, ask: Ask) -> Reply:
    """Compare with all that was before again."""
    await room.usual.take_back(ask.me, ask.tap.subject, ask.tap.id_arg(0), ask.tap.id_arg(1))
    return await usual(room, ask)


async def sentence(room: Room, ask: Ask) -> Reply:
    """Ask for an own sentence to a client."""
    begun = await room.sentences.ask(ask.me, ask.tap.subject, ask.tap.id_arg(0))
    return Reply(say=(room.digest_views.sentence(begun, ask.reader),), prolongs=True)


async def sentence_typed(room: Room, ask: Ask) -> Reply:
    """Show what a therapist typed before it is sent."""
    typed = await room.sentences.type(ask.me, ask.words)
    return Reply(room.digest_views.sentence(typed, ask.reader), shows=(typed.pair_id,))


async def sentence_again(room: Room, ask: Ask) -> Reply:
    """Show what waits to be looked at, after a repeated message."""
    waiting = await room.sentences.waiting(ask.me)
    return Reply(room.digest_views.sentence(waiting, ask.reader), shows=(waiting.pair_id,))


async def send_words(room: Room, ask: Ask) -> Reply:
    """Send the sentence as it was shown."""
    sent, told = await room.sentences.send(ask.me, ask.tap.subject)
    return Reply(room.digest_views.sentence(sent, ask.reader, told=told))


async def words_sent(room: Room, ask: Ask) -> Reply:
    """Show a sentence again after a repeated tap."""
    shown = await room.sentences.show(ask.me, ask.tap.subject)
    return Reply(room.digest_views.sentence(shown, ask.reader))


async def drop_words(room: Room, ask: Ask) -> Reply:
    """Forget a sentence that was not sent."""
    await room.sentences.drop(ask.me, ask.tap.subject)
    return Reply(closes=True)


async def pictures(room: Room, ask: Ask) -> Reply:
    """Draw the scores of a page: the first picture as a new message, each next in its place."""
    page, number = _page(ask, 0), _page(ask, 1) if len(ask.tap.args) > 1 else 0
    shown = await room.digests.show(ask.me, ask.tap.subject, page)
    chart = shown.chart(number)
    if chart is None:
        raise Refused("no_scores")
    following = number + 1 if shown.chart(number + 1) is not None else 0
    screen = room.digest_views.chart(
        chart, ask.reader, digest_id=shown.digest_id, page=page, next_one=following
    )
    closes = number > 0
    return Reply(
        say=(screen,), closes=closes, shows=shown.shows, opened=Opened(), prolongs=not closes
    )


async def picture(room: Room, ask: Ask) -> Reply:
    """Draw one pair's scores as a new message."""
    chart = await room.lookup.chart(ask.me, ask.tap.subject)
    screen = room.digest_views.chart(chart, ask.reader)
    return Reply(say=(screen,), shows=(ask.tap.subject,), opened=Opened(), prolongs=True)


async def back_to_details(room: Room, ask: Ask) -> Reply:
    """Go back from a text to its pair's details, in place."""
    shown = await room.lookup.details(ask.me, ask.tap.subject or None, ask.tap.id_arg(0))
    return Reply(room.digest_views.details(shown, ask.reader), opened=_of_pair(ask))


async def pair_again(room: Room, ask: Ask) -> Reply:
    """Show the page that a repeated tap about one pair stood on."""
    return await _show(room, ask, _page(ask, 1)) if ask.tap.subject else Reply()


async def today(room: Room, ask: Ask) -> Reply:
    """Show the day's appointments."""
    found = await room.lookup.today(ask.me)
    return Reply(room.digest_views.today(found, ask.reader), shows=found.shows)


async def today_again(room: Room, ask: Ask) -> Reply:
    """Show the day of a repeated message."""
    found = await room.lookup.today_again(ask.me)
    return Reply(room.digest_views.today(found, ask.reader), shows=found.shows)


async def reply(room: Room, ask: Ask) -> Reply:
    """Keep what a client says to "let's talk"."""
    match ask.tap.arg(0):
        case "ok":
            await room.acknowledgements.reply(ask.me, ask.tap.subject, "ok")
        case "no":
            await room.acknowledgements.reply(ask.me, ask.tap.subject, "rather_not")
        case _:
            raise Refused("stale_button")
    return await reply_again(room, ask)


async def reply_again(room: Room, ask: Ask) -> Reply:
    """Show that the reply was kept."""
    name = await room.acknowledgements.whose(ask.me, ask.tap.subject)
    return Reply(room.digest_views.replied(ask.tap.arg(0), name, ask.reader))


COMMANDS = {"today": Route(today, "therapist", today_again)}
TAPS = {
    "page": Route(page, "therapist", page_again),
    "read": Route(read, "therapist", pair_again),
    "talk": Route(talk, "therapist", pair_again),
    "readall": Route(read_all, "therapist", page_again),
    "details": Route(details, "therapist", pair_again),
    "words": Route(words, "therapist"),
    "usual": Route(usual, "therapist"),
    "anew": Route(begin_anew, "therapist", usual),
    "anewoff": Route(take_back_anew, "therapist", usual),
    "pictures": Route(pictures, "therapist"),
    "picture": Route(picture, "therapist"),
    "sentence": Route(sentence, "therapist"),
    "sendsay": Route(send_words, "therapist", words_sent),
    "dropsay": Route(drop_words, "therapist", close),
    "textback": Route(back_to_details, "therapist"),
    "ack": Route(reply, "client", reply_again),
}
