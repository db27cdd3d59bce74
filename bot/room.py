"""The room everybody works in: the use cases and the views, each made once.

Handlers answer out of it, and messages that are due are made in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from bot.config import Settings
from bot.core.instrument import Instrument
from bot.instruments import load_numbers
from bot.pictures import Pictures
from bot.render import Renderer
from bot.services.absences import Absences
from bot.services.acknowledgements import Acknowledgements
from bot.services.asking import Asking
from bot.services.checkins import CheckIns
from bot.services.confirming import Confirming
from bot.services.continuing import Continuing
from bot.services.digest_reading import DigestReading
from bot.services.digests import Digests
from bot.services.ending import Endings
from bot.services.enrolment import Enrolment
from bot.services.exporting import Exporting
from bot.services.feeds import Feeds
from bot.services.goals import Goals
from bot.services.handing import Handing
from bot.services.handover_news import HandoverNews
from bot.services.hold import Hold
from bot.services.inviting import Inviting
from bot.services.lookup import Lookup
from bot.services.mirror import Mirrors
from bot.services.ports import Clock, Ids, Lane
from bot.services.privacy import Privacy
from bot.services.redacting import Redacting
from bot.services.relinking import Relinking
from bot.services.relinking_own import OwnRelinking
from bot.services.schedule import Schedule
from bot.services.sentences import Sentences
from bot.services.talks import Talks
from bot.services.timetable import Timetable
from bot.services.unopened import UnopenedDigests
from bot.services.usual import Usual
from bot.services.watching import Watching
from bot.services.wrong_client import WrongClient
from bot.store.database import Database
from bot.views.absences import AbsenceViews
from bot.views.checkin import CheckInViews
from bot.views.digest import DigestViews
from bot.views.endings import EndingViews
from bot.views.export import ExportViews
from bot.views.feeds import FeedViews
from bot.views.goals import GoalViews
from bot.views.handover import HandoverViews
from bot.views.mirror import MirrorViews
from bot.views.notices import NoticeViews
from bot.views.own_answers import OwnAnswerViews
from bot.views.people import PeopleViews
from bot.views.pictures import PictureViews
from bot.views.reader import Desk
from bot.views.relinking import RelinkViews
from bot.views.schedule import ScheduleViews
from bot.views.timetable import TimetableViews
from bot.views.wrong_client import WrongClientViews

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Room:
    """What handlers and due messages work with: the use cases and the views."""

    desk: Desk
    lanes: Lane
    inviting: Inviting
    confirming: Confirming
    enrolment: Enrolment
    asking: Asking
    endings: Endings
    checkins: CheckIns
    timetable: Timetable
    feeds: Feeds
    digests: Digests
    lookup: Lookup
    usual: Usual
    acknowledgements: Acknowledgements
    sentences: Sentences
    redacting: Redacting
    relinking: Relinking
    own_relinking: OwnRelinking
    continuing: Continuing
    privacy: Privacy
    exporting: Exporting
    goals: Goals
    mirrors: Mirrors
    watching: Watching
    schedule: Schedule
    absences: Absences
    wrong_client: WrongClient
    hold: Hold
    handing: Handing
    handover_news: HandoverNews
    unopened: UnopenedDigests
    checkin_views: CheckInViews
    people_views: PeopleViews
    own_answer_views: OwnAnswerViews
    ending_views: EndingViews
    relink_views: RelinkViews
    handover_views: HandoverViews
    export_views: ExportViews
    digest_views: DigestViews
    timetable_views: TimetableViews
    feed_views: FeedViews
    goal_views: GoalViews
    mirror_views: MirrorViews
    schedule_views: ScheduleViews
    absence_views: AbsenceViews
    wrong_client_views: WrongClientViews
    notice_views: NoticeViews


def furnish(
    settings: Settings,
    clock: Clock,
    ids: Ids,
    instruments: dict[str, dict[int, Instrument]],
    db: Database,
    username: str,
    lanes: Lane,
    enrolment: Enrolment,
) -> Room:
    """Make every use case and every view there is."""
    desk = _desk(settings)
    pictures = PictureViews(desk, Pictures(desk.render, settings.digest.pictures))
    versions = instruments[settings.checkin.instrument]
    instrument = versions[max(versions)]
    watching = Watching(db, clock, ids, settings)
    asking = Asking(db, clock, ids, settings, instruments)
    checkin_views = CheckInViews(desk)
    people_views = PeopleViews(desk, username)
    return Room(
        desk=desk,
        lanes=lanes,
        inviting=Inviting(db, clock, ids, settings),
        confirming=Confirming(db, clock, ids, settings),
        enrolment=enrolment,
        asking=asking,
        endings=Endings(db, clock, ids, settings, asking),
        checkins=CheckIns(
            db, clock, ids, Talks(clock, settings, instruments), watching, load_numbers()
        ),
        timetable=Timetable(db, clock, ids, settings),
        feeds=Feeds(db, clock, ids, settings),
        digests=Digests(db, clock, ids, settings, DigestReading(settings, instrument, instruments)),
        lookup=Lookup(db, clock, ids, settings, instrument, instruments),
        usual=Usual(db, clock, ids),
        acknowledgements=Acknowledgements(db, clock),
        sentences=Sentences(db, clock, ids, settings),
        redacting=Redacting(db, clock, ids),
        relinking=Relinking(db, clock, ids, settings),
        continuing=Continuing(db, clock, ids),
        own_relinking=OwnRelinking(db, clock, ids, settings),
        privacy=Privacy(db, clock, ids, settings, instrument),
        exporting=Exporting(db, clock, ids),
        goals=Goals(db, clock, ids),
        mirrors=Mirrors(db, clock, ids, settings, instrument),
        watching=watching,
        schedule=Schedule(db, clock, ids, settings),
        absences=Absences(db, clock, ids, settings),
        wrong_client=WrongClient(db, clock, ids, settings),
        hold=Hold(db, clock, ids, settings),
        handing=Handing(db, clock, ids, settings),
        handover_news=HandoverNews(db, clock, ids, settings),
        unopened=UnopenedDigests(db),
        checkin_views=checkin_views,
        people_views=people_views,
        own_answer_views=OwnAnswerViews(desk, instruments, pictures),
        ending_views=EndingViews(desk),
        relink_views=RelinkViews(people_views),
        handover_views=HandoverViews(people_views),
        export_views=ExportViews(desk, instruments),
        digest_views=DigestViews(desk, instrument, pictures, instruments),
        timetable_views=TimetableViews(desk),
        feed_views=FeedViews(desk),
        goal_views=GoalViews(desk),
        mirror_views=MirrorViews(desk, instrument),
        schedule_views=ScheduleViews(desk),
        absence_views=AbsenceViews(desk),
        wrong_client_views=WrongClientViews(desk),
        notice_views=NoticeViews(people_views, checkin_views),
    )


def _desk(settings: Settings) -> Desk:
    """Make what all views write with; templates of the practice that are wrong are told."""
    render = Renderer(settings.practice.templates)
    for mistake in render.own.mistakes() if render.own is not None else ():
        log.error("a template of the practice is wrong", where=str(mistake))
    return Desk(render, settings)
