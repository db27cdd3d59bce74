"""Each rule of the verdict can be broken, and says nothing of what is right."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

from bot.core.timetable import to_utc
from tests.year.cast import ZONE
from tests.year.chronicle import Entitled, Left, Loss
from tests.year.verdict import (
    Message,
    asked_once,
    digest_once,
    entitled,
    left_alone,
    lost_is_said,
    lost_told_once,
    moved,
    partners,
    promised,
    told_once,
)

ANNA, BEN, CORA, DANA = 1, 2, 3, 4
HOUR, FOR_EVER = 3_600_000, 1 << 60
MONDAY = to_utc("2026-11-02", "16:20", ZONE)
ASKS = Message(
    MONDAY, ANNA, "A short check-in about Monday is ready.\n\nhow?", ("rate.x1.heard.3",)
)
PAGE = Message(MONDAY, BEN, "Talk about this first: A7\n\nWeek 45 · Fri, Nov 6\n\nA7 6.2 · B2 8.0")
TOLD = Message(MONDAY, ANNA, "Your therapist read your check-in", ("ack.k1.ok", "ack.k1.no"))


def asked(*messages: Message) -> list[str]:
    return list(asked_once(messages, {ANNA: "Anna"}, {"Anna": Counter([date(2026, 11, 2)])}))


def test_answers_go_on_a_day_that_lies_ahead() -> None:
    goes = "Thank you. This goes to your therapist on {} after 17:00."
    assert list(promised([ASKS, replace(ASKS, text=goes.format("Friday, Nov 6"))])) == []
    for wrong in ("Thursday, Jan 1", "Thursday, Nov 6", "Friday, Oct 30"):
        (said,) = promised([replace(ASKS, text=goes.format(wrong))])
        assert wrong in said


def test_a_question_comes_once() -> None:
    reminder = replace(ASKS, at=MONDAY + 20 * HOUR, text=f"One reminder\n{ASKS.text}")
    assert asked(ASKS, replace(ASKS, at=MONDAY + HOUR, is_new=False), reminder) == []
    assert "check-in x1 twice" in asked(ASKS, replace(ASKS, at=MONDAY + 20 * HOUR))[0]


def test_a_session_is_not_asked_about_again_under_another_number() -> None:
    again = replace(ASKS, at=MONDAY + 40 * HOUR, pushes=("rate.x2.heard.3",))
    assert asked(ASKS, again) == ["Anna about 2026-11-02 again, at 2026-11-04 08:20"]


def test_a_mark_is_told_once() -> None:
    other = replace(TOLD, pushes=("ack.k2.ok",))
    assert list(told_once([TOLD, other])) == []
    assert list(told_once([TOLD, replace(TOLD, at=MONDAY + HOUR)])) == ["k1 2 times"]


def test_who_has_left_is_left_alone() -> None:
    left = [Left(ANNA, MONDAY, "ended", ("read your check-in",))]
    due = replace(TOLD, at=MONDAY + HOUR)
    folded = replace(ASKS, at=MONDAY + HOUR, is_new=False)
    helped = replace(ASKS, at=MONDAY + HOUR, text="If you need help", is_answer=True)
    assert list(left_alone([ASKS, due, folded, helped], left)) == []
    (said,) = left_alone([replace(ASKS, at=MONDAY + 1)], left)
    assert said.startswith("1 (ended) at 2026-11-02 16:20")


def test_a_code_is_shown_to_who_is_entitled_to_it_then() -> None:
    rights = [Entitled(BEN, "A7", 0, MONDAY), Entitled(BEN, "B2", 0, FOR_EVER)]
    assert list(entitled([PAGE, ASKS], rights)) == []
    edited = replace(PAGE, at=MONDAY + 1, is_new=False)
    assert len(list(entitled([edited], rights))) == 1, "not any more, nor by an edit"
    assert len(list(entitled([replace(PAGE, chat=DANA)], rights))) == 2, "nor to somebody else"
    assert len(list(entitled([replace(PAGE, chat=ANNA)], rights))) == 2, "nor to a client"


def test_what_is_open_goes_on_in_the_new_chat_alone() -> None:
    def found(*messages: Message) -> list[str]:
        return list(moved(messages, [(ANNA, CORA, then)]))

    then = MONDAY + 30 * HOUR
    again = replace(ASKS, chat=CORA, at=then)
    folded = replace(ASKS, at=then, pushes=(), is_new=False)
    later = replace(again, at=then + 100 * HOUR, pushes=("rate.x2.heard.3",))
    assert found(ASKS, folded, again, later) == []
    (said,) = found(ASKS, replace(folded, at=then + 1, pushes=("change.x1",)))
    assert said.startswith(f"check-in x1 in {ANNA}, at")
    (said,) = found(ASKS, replace(again, at=then - 1))
    assert said.startswith(f"check-in x1 in {CORA} already, at")
    (said,) = found(ASKS, replace(again, at=MONDAY + 48 * HOUR + 1, pushes=("reopen.x1",)))
    assert said.startswith(f"check-in x1 in {CORA} still, at")


def test_partners_do_not_meet_in_a_line_or_a_chat() -> None:
    couple = [((ANNA, "A7"), (CORA, "A8"))]
    coras = replace(ASKS, chat=CORA, pushes=("rate.x2.heard.3",))
    apart = replace(PAGE, text="Mon 15:00 · A7 · A8\nA7: 6.2\nA8: 8.0")
    assert list(partners([ASKS, coras, apart], couple)) == []
    (said,) = partners([replace(PAGE, text="A7 6.2 · A8 8.0")], couple)
    assert "in one line" in said
    (said,) = partners([ASKS, replace(coras, pushes=ASKS.pushes)], couple)
    assert said == "check-in x1 in both chats of a couple"


def test_a_weeks_digest_comes_once() -> None:
    second = replace(PAGE, text="Week 45 · page 2 of 2")
    eve = replace(PAGE, text="Week 45 · Fri, Nov 6 – Sun, Nov 8")
    opened = replace(PAGE, at=MONDAY + HOUR, is_new=False)
    next_year = replace(PAGE, at=MONDAY + 364 * 24 * HOUR)
    elsewhere = replace(PAGE, at=MONDAY + HOUR, chat=DANA)
    assert list(digest_once([PAGE, second, eve, opened, elsewhere, next_year])) == []
    assert len(list(digest_once([PAGE, replace(PAGE, at=MONDAY + 7 * HOUR)]))) == 1


def test_lost_hours_are_told_once_and_nothing_follows_on_them() -> None:
    loss = Loss(MONDAY - HOUR, MONDAY + HOUR, MONDAY + 10 * HOUR, MONDAY + 12 * HOUR, 3)
    then = MONDAY + 12 * HOUR
    news = Message(then, BEN, "the practice's server was lost, and a backup was restored")
    next_one = replace(
        ASKS, at=then, pushes=("rate.x9.heard.3",),
        text="A short check-in about Tuesday is ready.\n\nIf you wrote anything here, it is gone:"
        " the practice's server had a fault.",
    )  # fmt: skip

    def found(*messages: Message) -> list[str]:
        return list(lost_told_once(messages, loss, [BEN], Counter([ANNA])))

    assert found(ASKS, news, next_one) == []
    assert found() == ["2 was told 0 times"]
    assert found(news, news) == ["2 was told 2 times"]
    assert "of lost hours again" in found(ASKS, news, replace(ASKS, at=then))[0]
    known = "Week 45 · x\nA7 · Mon 15:00 · not known: lost with the server"
    page = replace(PAGE, at=then + HOUR, text=known)
    assert list(lost_is_said([page], loss, [(BEN, "A7", FOR_EVER)])) == []
    for chat, code in ((BEN, "B2"), (DANA, "A7")):
        (said,) = lost_is_said([page], loss, [(chat, code, FOR_EVER)])
        assert said == f"what is lost of {code} is not said in {chat}"
    silent = replace(page, text="Week 45 · x\nnobody")
    for erased_at, many in ((silent.at - 1, 0), (silent.at + 1, 1)):
        assert len(list(lost_is_said([silent], loss, [(BEN, "A7", erased_at)]))) == many
    later = replace(next_one, at=then + HOUR, pushes=("rate.y1.heard.3",))
    assert found(news, next_one, later) == ["1 read it with 2 check-ins"]
