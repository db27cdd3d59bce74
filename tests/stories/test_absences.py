"""Life around holidays, as therapists, clients and the admin feel it.

1. Nothing counts before the preview is applied. 2. Sessions in an absence are cancelled by it, are
not asked about, and come back with the days, unless they were cancelled otherwise. 3. One digest
comes on the evening before, none within, and the next holds everything since. 4. Whoever answers
something open is told when it is read, and who covers. 5. Nobody is reminded of unopened digests
while away.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from world import Human, World

from bot.core.errors import Refused
from bot.services.absence_plans import PRACTICE
from bot.services.schedule import By
from bot.views.reader import Reader
from tests.feeds.calendars import Kept, follows, kept_beside, read_again
from tests.transactions import writing

WEEK = "/away 7.11.–15.11."
SESSIONS = (
    "SELECT local_on, appointment.state, asked, not_asked_reason FROM appointment"
    " JOIN pair ON pair.id = pair_id WHERE code = :code ORDER BY starts_at"
)


async def test_nothing_counts_before_it_is_applied(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await ben.types("/away 2.11.–6.11.")
    assert "Mon, Nov 2 – Fri, Nov 6 2026" in ben.screen
    assert "Sessions cancelled: 1 (A7)" in ben.screen
    assert "comes before it: Sun, Nov 1, 17:00" in ben.screen
    assert "with everything since: Fri, Nov 13, 17:00" in ben.screen
    await ben.taps("Cancel")
    assert "Nothing is planned." in ben.screen
    await world.until("Mon 16:21")
    assert anna.sees("Question 1 of 5")
    await world.until("Fri 17:01")
    assert ben.sees("Week 45")


async def test_a_holiday_from_its_evening_before_to_the_digest_after_it(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Fri 11:00")
    await ben.types(f"{WEEK} cover: Dr. Klein, 030 1234")
    assert "Sessions cancelled: 2 (A7, C3)" in ben.screen
    assert "Covering for you: Dr. Klein, 030 1234" in ben.screen
    await ben.taps("Apply")
    assert "You are away:" in ben.screen
    await world.until("Mon 16:21")
    await anna.checks_in(8, 8, 8, 8, 8)
    assert "goes to your therapist on Friday, Nov 6 after 17:00." in anna.screen
    assert "away" not in anna.screen, "it is read before"
    await world.until("Fri 17:01")
    assert "Your last digest before you are away until Sun, Nov 15" in ben.screen
    assert "C3 · Fri 11:00 · open until" in ben.screen
    await world.until("Fri 18:00")
    await cora.checks_in(8, 8, 8, 8, 8)
    assert "goes to your therapist on Friday, Nov 20 after 17:00." in cora.screen
    assert "away from Sat, Nov 7 to Sun, Nov 15." in cora.screen
    assert "During that time you can turn to: Dr. Klein, 030 1234" in cora.screen
    before = (anna.received, cora.received, ben.received)
    await world.until("Fri 16:00")
    await world.until("Sun 23:00")
    assert (anna.received, cora.received, ben.received) == before, "nobody hears anything"
    assert (await world.rows(SESSIONS, code="C3"))[1] == (
        "2026-11-13", "cancelled", "not_asked", "absence",
    )  # fmt: skip
    await world.until("Mon 16:21")
    assert anna.received == before[0] + 1, "it goes on by itself"
    await anna.checks_in(9, 9, 9, 9, 9)
    assert "away" not in anna.screen
    await world.until("Fri 17:01")
    for code, day in (("A7", "Mon 15:00"), ("C3", "Fri 11:00")):
        assert f"{code} · {day}" in ben.screen
    assert "2 of 2 answered." in ben.screen, "what was cancelled is not unanswered"
    assert "The last digest" not in ben.screen
    numbers = "SELECT number, from_at, cut_at FROM digest ORDER BY number"
    (_, _, cut_at), (number, from_at, _) = await world.rows(numbers)
    assert (number, from_at) == (2, cut_at), "one after the other, without a gap"


async def test_what_comes_back_is_asked_about_as_always(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await ben.types("/away 2.11.–13.11.")
    await ben.taps("Apply")
    await ben.types("/away")
    await ben.taps("Mon, Nov 2 – Fri, Nov 13 2026")
    await ben.taps("Change the days")
    await ben.taps("3")
    await ben.taps("13")
    assert "Sessions planned again: 1 (A7)" in ben.screen
    assert "This replaces: Mon, Nov 2 – Fri, Nov 13 2026" in ben.screen
    await ben.taps("Apply")
    await world.until("Mon 16:21")
    assert anna.sees("Question 1 of 5")
    await ben.types("/away")
    await ben.taps("Tue, Nov 3 – Fri, Nov 13 2026")
    await ben.taps("Take it back")
    assert "No longer planned:" in ben.screen
    assert "Sessions planned again: 1 (A7)" in ben.screen
    asked = anna.received
    await world.until("Sun 12:00")
    await world.until("Mon 16:21")
    assert anna.received > asked


async def test_undo_and_undo_again(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await ben.types(WEEK)
    await ben.taps("Apply")
    undo = ben.data("Undo")
    await ben.taps("Undo")
    assert "Sessions planned again: 1 (A7)" in ben.screen
    assert (await world.rows(SESSIONS, code="A7"))[1][1:] == ("planned", None, None)
    await ben.forges(undo)
    assert "You are away:" in ben.screen
    assert (await world.rows(SESSIONS, code="A7"))[1][1] == "cancelled"
    await ben.types("/away")
    assert "Sat, Nov 7 – Sun, Nov 15 2026" in ben.screen
    acts = await world.rows("SELECT act FROM audit WHERE object_kind = 'absence' ORDER BY at")
    assert [act for (act,) in acts] == ["absence set", "absence undone", "absence undone"]


async def test_a_second_tap_changes_nothing_more(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await ben.types(WEEK)
    apply = ben.data("Apply")
    await ben.taps("Apply")
    await ben.forges(apply)
    assert "You are away:" in ben.screen
    assert len(await world.rows("SELECT id FROM audit WHERE act = 'absence set'")) == 1
    await ben.types("/away 20.11.")
    old = ben.data("Apply")
    await ben.types("/away 21.11.")
    toasts = await ben.forges(old)
    assert toasts == ["This is not one of yours, or it is no longer here."], "another was shown"


async def test_what_was_cancelled_otherwise_stays_so(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await ben.types("/away 9.11.–13.11.")
    await ben.taps("Apply")
    await ben.types("/appointments")
    await ben.taps("Patterns")
    await ben.taps(next(label for label in ben.phone.last.labels if label.startswith("A7")))
    await ben.taps("Yes, end it")
    await ben.types("/away")
    await ben.taps("Mon, Nov 9 – Fri, Nov 13 2026")
    await ben.taps("Take it back")
    assert "Sessions planned again" not in ben.screen
    asked = anna.received
    await world.until("Sat 12:00")
    await world.until("Mon 16:21")
    assert anna.received == asked


async def test_patterns_that_begin_in_an_absence_are_not_asked_about_in_it(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    await ben.types("/away 2.11.–8.11.")
    await ben.taps("Apply")
    await world.meets(ben, "A7", "Tue 15:00")
    rows = await world.rows(SESSIONS, code="A7")
    assert [row[1] for row in rows] == ["cancelled", "planned"]
    received = anna.received
    await world.until("Fri 12:00")
    assert anna.received == received
    await world.until("Tue 16:21")
    assert anna.received == received + 1
    await ben.types("/add A7 2026-11-18 15:00 50m once")
    await ben.taps("Confirm")
    await ben.types("/away 2.12.–8.12.")
    assert "Sessions cancelled: 1 (A7)" in ben.screen, "it is not planned yet, and will be"
    await ben.taps("Apply")
    await ben.types("/add A7 2026-12-03 15:00 50m once")
    assert "You are away on Dec 3, 2026" in ben.screen


async def test_what_had_ended_is_asked_about_and_what_is_to_begin_is_not(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 09:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Mon 15:00")
    await world.until("Mon 10:00")
    await ben.types("/away heute")
    assert "Sessions cancelled: 1 (C3)" in ben.screen
    await ben.taps("Apply")
    received = cora.received
    await world.until("Mon 18:00")
    assert anna.sees("Question 1 of 5")
    assert cora.received == received


async def test_what_slipped_through_is_stopped_when_it_is_decided_about(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await ben.types("/away 2.11.–5.11.")
    await ben.taps("Apply")
    await world.until("Mon 12:00")
    async with writing(world.stage.running.db) as tx:
        await tx.run(
            "UPDATE appointment SET state = 'planned', asked = NULL, asked_at = NULL,"
            " not_asked_reason = NULL, absence_id = NULL"
        )
    received = anna.received
    await world.until("Mon 18:00")
    assert anna.received == received
    assert (await world.rows(SESSIONS, code="A7"))[0][1:] == ("cancelled", "not_asked", "absence")


async def test_and_once_more_when_the_question_goes_out(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 20:00")
    await world.until("Mon 22:00")
    received = anna.received
    await ben.types("/away 10.11.")
    async with writing(world.stage.running.db) as tx:
        # As if it had been said before the session.
        await tx.run(
            "UPDATE absence SET first_on = '2026-11-02', last_on = '2026-11-03',"
            " since_at = 1, agreed_at = 1"
        )
    await world.until("Tue 12:00")
    assert anna.received == received
    assert await world.rows("SELECT reason FROM message WHERE kind = 'prompt'") == [("away",)]
    assert await world.rows("SELECT state FROM checkin") == [("cancelled",)]
    await world.until("Fri 17:00")
    assert ben.sees("not asked (you were away, or the practice closed)")


async def test_who_falls_ill_has_the_digest_at_once(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:21")
    await anna.checks_in(8, 8, 8, 8, 8)
    await world.until("Fri 09:00")
    await ben.types("/away today–12.11.")
    assert "comes as soon as you apply this." in ben.screen
    await ben.taps("Apply")
    assert ben.sees(
        "Your last digest before you are away until Thu, Nov 12", button="Read this one"
    )
    received = ben.received
    await world.until("Thu 12:00")
    assert ben.received == received
    await world.until("Fri 17:01")
    assert ben.sees("Week 46")


async def test_whoever_is_back_earlier_missed_what_would_have_been(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 09:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Mon 15:00")
    await ben.types("/away 1.11.–6.11.")
    await ben.taps("Apply")
    await world.until("Mon 12:00")
    await ben.types("/away")
    await ben.taps("Sun, Nov 1 – Fri, Nov 6 2026")
    received = anna.received
    await ben.taps("I am back")
    assert "Sessions planned again: 1 (C3)" in ben.screen
    await world.until("Mon 16:21")
    assert cora.sees("Question 1 of 5")
    assert anna.received == received
    await world.until("Fri 17:01")
    assert ben.sees("Week 45")


async def test_being_back_can_be_undone(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await ben.types("/away 1.11.–6.11.")
    await ben.taps("Apply")
    await world.until("Mon 12:00")
    await ben.types("/away")
    await ben.taps("Sun, Nov 1 – Fri, Nov 6 2026")
    await ben.taps("I am back")
    await ben.taps("Undo")
    assert ben.sees("Back in its place: Sun, Nov 1 – Fri, Nov 6 2026")
    assert ben.sees("The digest due in this time comes now.")
    assert ben.sees("Your last digest before you are away until Fri, Nov 6")
    assert (await world.rows(SESSIONS, code="A7"))[0][1] == "cancelled"


async def _be_back(ben: Human) -> None:
    await ben.taps("I am back")


async def _take_back(ben: Human) -> None:
    await ben.taps("Take it back")


async def _begin_tomorrow(ben: Human) -> None:
    await ben.taps("Change the days")
    await ben.taps("3")
    await ben.taps("6")
    await ben.taps("Apply")


@pytest.mark.parametrize(
    ("typed", "act"),
    [
        ("1.11.–6.11.", _be_back),
        ("2.11.–6.11.", _take_back),
        ("2.11.–6.11.", _begin_tomorrow),
    ],
)
@pytest.mark.parametrize(("meets", "undone"), [("10:00", "11:00"), ("20:00", "22:00")])
async def test_what_took_place_before_an_undo_is_asked_about(
    world: World, typed: str, act: Callable[[Human], Awaitable[None]], meets: str, undone: str
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets=f"Mon {meets}")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Tue 10:00")
    await ben.types(f"/away {typed}")
    await ben.taps("Apply")
    await world.until("Mon 09:00")
    await ben.types("/away")
    await ben.taps(next(label for label in ben.phone.last.labels or [] if "Nov 6" in label))
    await act(ben)
    await world.until(f"Mon {undone}")
    await ben.taps("Undo")
    received = cora.received
    await world.until("Tue 11:30")
    assert anna.sees("Question 1 of 5")
    assert (await world.rows(SESSIONS, code="A7"))[0][1:3] == ("planned", "asked")
    assert cora.received == received, "it is as it was from then on"


async def test_another_hour_chosen_on_the_evening_before_loses_no_digest(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben")
    await ben.types("/schedule digest friday 19:30")
    await ben.taps("Apply")
    await ben.types("/away 9.11.–15.11.")
    await ben.taps("Apply")
    await world.until("Sat 12:00")
    await world.until("Sun 18:00")
    assert ben.sees("The last digest") is None
    await ben.types("/schedule digest friday 12:00")
    await ben.taps("Apply")
    await world.step()
    assert ben.sees("Your last digest before you are away until Sun, Nov 15")


async def test_a_pattern_names_which_of_its_first_dates_are_days_off(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben")
    await ben.types("/away 3.11.")
    await ben.taps("Apply")
    await world.dana.types("/schedule closed 10.11.")
    await world.dana.taps("Apply")
    await ben.types("/add A7 2026-11-03 15:00 50m weekly")
    said = "Tue, Nov 3{0} – you are away: no session{2}Tue, Nov 10{0} – the practice is closed: no session{2}Tue, Nov 17{0}"  # noqa: E501
    assert said.format(", 15:00", "", "\n") in ben.screen
    await ben.taps("Confirm")
    assert said.format("", "", " · ") in ben.screen


async def test_another_weekday_chosen_after_an_absence_makes_none(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben")
    await ben.types("/away 3.11.–5.11.")
    await ben.taps("Apply")
    await world.until("Fri 10:00")
    await ben.types("/schedule digest wednesday 12:00")
    await ben.taps("Apply")
    received = ben.received
    await world.until("Tue 12:00")
    assert ben.received == received


async def test_days_that_grow_have_a_digest_of_what_came_until_then(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Sun 15:00")
    await ben.types("/away 9.11.–12.11.")
    await ben.taps("Apply")
    await world.until("Sat 12:00")
    await world.until("Sun 18:00")
    await cora.checks_in(1, 1, 1, 1, 1)
    await world.until("Mon 09:00")
    await ben.types("/away 10.11.–20.11.")
    assert "Mon, Nov 9 – Fri, Nov 20 2026" in ben.screen
    assert "comes as soon as you apply this." in ben.screen
    await ben.taps("Apply")
    await world.step()
    assert ben.sees("Your last digest before you are away until Fri, Nov 20")
    assert ben.sees("C3 · Sun 15:00")
    received = ben.received
    await world.until("Thu 12:00")
    assert ben.received == received


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("next week", "I can't read “next week” as days. Write it like this: /away 2026-11-15"),
        ("2026-10-20 2026-10-25", "Oct 25, 2026 has passed, so nothing was changed."),
        ("20.10.–5.11.", "From today on, write: /away 2026-11-01 2026-11-05"),
        ("2026-12-24 2026-12-20", "Did you mean this? Nothing was changed. /away 2026-12-20"),
        ("2028-01-01", "is more than a year ahead"),
        ("2.11.–30.6.", "is more than 184 days"),
        ("7.11.–15.11.", "Those days are planned already: Nov 7, 2026 to Nov 15, 2026."),
        ("20.11. cover: " + "x" * 121, "up to 120 characters, and that is 121"),
    ],
)
async def test_what_cannot_be_is_said_and_changes_nothing(
    world: World, typed: str, said: str
) -> None:
    _, ben = await world.pair("Anna", "Ben")
    await ben.types(WEEK)
    await ben.taps("Apply")
    before = await world.rows("SELECT id, agreed_at, over_at FROM absence")
    await ben.types(f"/away {typed}")
    assert said in ben.screen
    assert await world.rows("SELECT id, agreed_at, over_at FROM absence") == before


async def test_days_that_overlap_become_one_absence(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben")
    await ben.types(f"{WEEK} cover: Dr. Klein")
    await ben.taps("Apply")
    await ben.types("/away 12.11.–20.11.")
    assert "Sat, Nov 7 – Fri, Nov 20 2026" in ben.screen
    assert "This replaces: Sat, Nov 7 – Sun, Nov 15 2026" in ben.screen
    assert "Covering for you: Dr. Klein" in ben.screen
    await ben.taps("Apply")
    await ben.types("/away 9.11.–10.11.")
    assert "Already planned: Sat, Nov 7 – Fri, Nov 20 2026." in ben.screen
    await ben.taps("Change it")
    assert "Mon, Nov 9 – Tue, Nov 10 2026" in ben.screen
    await ben.taps("Undo")
    await ben.types("/away")
    assert [label for label in ben.phone.last.labels or [] if "Nov" in label] == [
        "Sat, Nov 7 – Fri, Nov 20 2026"
    ]


async def test_who_does_not_cover_any_more_is_named(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben")
    await ben.types(f"{WEEK} cover: Dr. Klein")
    await ben.taps("Apply")
    await ben.types("/away 12.11.–20.11. cover: Dr. Gross")
    assert "Covering for you: Dr. Gross" in ben.screen
    named = "No longer covering: Dr. Klein (Sat, Nov 7 – Sun, Nov 15 2026)"
    assert named in ben.screen
    await ben.taps("Apply")
    await ben.taps("Undo")
    assert named not in ben.screen


async def test_clients_are_told_who_covers_when(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Fri 15:50")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Fri 15:50")
    for typed in ("7.11. cover: Dr. Klein", "8.11.–9.11. cover: Dr. Gross", "10.11.–14.11."):
        await ben.types(f"/away {typed}")
        await ben.taps("Apply")
    await world.dana.types("/schedule closed 15.11.")
    await world.dana.taps("Apply")
    await world.until("Fri 18:05")
    await anna.checks_in(8, 8, 8, 8, 8)
    assert "away from Sat, Nov 7 to Sun, Nov 15." in anna.screen
    assert "On Sat, Nov 7 you can turn to: Dr. Klein" in anna.screen
    assert "From Sun, Nov 8 to Mon, Nov 9 you can turn to: Dr. Gross" in anna.screen
    await world.until("Sun 10:00")
    await cora.checks_in(8, 8, 8, 8, 8)
    assert "Dr. Gross" in cora.screen
    assert "Dr. Klein" not in cora.screen, "that is over"


async def test_days_are_chosen_by_button_over_the_turn_of_the_year(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben")
    await ben.types("/away")
    await ben.taps("I will be away")
    assert "November 2026" in ben.screen
    await ben.taps("›")
    await ben.taps("20")
    assert "From Sun, Dec 20 on. What is the last day?" in ben.screen
    await ben.taps("›")
    assert "January 2027" in ben.screen
    await ben.taps("6")
    assert "Sun, Dec 20 – Wed, Jan 6 2027" in ben.screen
    assert "/away 2026-12-20 2027-01-06 cover: Dr. Klein" in ben.screen
    await ben.taps("Apply")
    assert "You are away:" in ben.screen


async def test_who_covers_is_sealed_and_harmless(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben")
    await ben.types(f"{WEEK} cover: Dr. <Marmot>\u202e 030")
    assert "Covering for you: Dr. <Marmot> 030" in ben.screen
    await ben.taps("Apply")
    assert b"Marmot" not in world.raw


async def test_nobody_is_reminded_of_digests_while_away(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    reminder = "weekly digests have not been opened yet"
    for _ in range(2):
        await world.until("Mon 16:20")
        await anna.checks_in(8, 8, 8, 8, 8)
        await world.until("Fri 17:00")
    await ben.types("/away 14.11.–18.11.")
    await ben.taps("Apply")
    await world.until("Mon 17:01")
    await world.until("Thu 12:00")
    assert ben.sees(reminder) is None
    await world.until("Sun 18:00")
    assert ben.sees(reminder) is not None, "three days after the return"


async def test_a_german_practice_says_du_or_sie(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await ben.types("/settings")
    await ben.taps("Deutsch")
    await ben.types("/away 7. bis 15. November, Vertretung: Dr. Klein")
    assert "Sa., 7. Nov. – So., 15. Nov. 2026" in ben.screen
    assert "Vertretung: Dr. Klein" in ben.screen
    await ben.taps("Übernehmen")
    await ben.types("/away")
    assert "Wann Sie abwesend sind" in ben.screen


async def test_the_practice_closes_and_its_therapists_are_told(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Fri 11:00")
    _, far = await world.pair("Cora", "Faraway", code="F9", meets="Mon 15:00")
    dana = world.dana
    await dana.types("/schedule")
    await dana.taps("Closed days")
    assert "Nothing is planned." in dana.screen
    await dana.types("/schedule closed 6.11. cover: Dr. Klein")
    assert "Each therapist says who covers" in dana.screen
    await dana.types("/schedule closed 31.2.")
    assert "/schedule closed 2026-11-15" in dana.screen
    told = ben.received
    await dana.types("/schedule closed 6.11.")
    assert "Ben\nSessions cancelled: 1\n" in dana.screen
    assert "A7" not in dana.screen, "whom a colleague sees, and how often, is not the admin's"
    assert "Faraway\nNo sessions are planned in this time yet.\n\n" in dana.screen
    assert dana.screen.count("comes before it: Thu, Nov 5, 17:00") == 1, "once for both"
    assert ben.received == told
    await dana.taps("Apply")
    assert ben.sees("The practice is closed: Fri, Nov 6 2026")
    assert ben.sees("Sessions cancelled: 1 (A7)")
    assert far.sees("The practice is closed: Fri, Nov 6 2026")
    assert far.sees("Cancelled") is None
    await ben.types("/away")
    assert "The practice is closed: Fri, Nov 6 2026" in ben.screen
    await ben.types("/add A7 2026-11-06 15:00 50m once")
    assert "The practice is closed on Nov 6, 2026" in ben.screen
    await dana.taps("Undo")
    assert "The practice is open after all: Fri, Nov 6 2026" in ben.screen
    assert "Sessions planned again: 1 (A7)" in ben.screen
    await world.until("Fri 12:21")
    assert anna.sees("Question 1 of 5")


async def test_closed_days_that_are_changed_are_told_as_they_stand(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Fri 11:00")
    dana = world.dana
    await world.until("Sun 23:30")
    await dana.types("/schedule closed 5.11.–6.11.")
    await dana.taps("Apply")
    await dana.types("/schedule closed 5.11.")
    await dana.taps("Change it")
    await world.until("Mon 12:00")
    assert ben.sees("open after all") is None, "he never heard of it"
    assert ben.sees("The practice is closed: Thu, Nov 5 2026")
    await dana.types("/schedule closed 5.11.–6.11.")
    await dana.taps("Apply")
    assert "The practice is closed: Thu, Nov 5 – Fri, Nov 6 2026" in ben.screen
    assert "This replaces: Thu, Nov 5 2026" in ben.screen
    assert "Sessions cancelled: 1 (A7)" in ben.screen
    await dana.taps("Undo")
    assert ben.sees("The practice is open after all: Thu, Nov 5 – Fri, Nov 6 2026")
    assert ben.sees("Sessions planned again: 1 (A7)")
    assert "The practice is closed: Thu, Nov 5 2026" in ben.screen


async def test_the_evening_before_leads_with_what_is_open_and_not_new(world: World) -> None:
    """Low, silent and open loops of a digest before; who has something new stands below as ever."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.pair("Cora", "Ben", code="C3", meets="Tue 11:00")
    await world.pair("Eve", "Ben", code="E5", meets="Fri 11:00")
    await world.until("Mon 16:21")
    await anna.checks_in(3, 8, 8, 8, 8)
    await world.until("Fri 17:01")
    await ben.taps("Let's talk about it")
    await ben.types("/away 9.11.–13.11.")
    await ben.taps("Apply")
    await world.until("Sun 17:01")
    assert "Your last digest before you are away" in ben.screen
    opening = (
        "Still open before you go\n"
        "A7 · a low answer · your “let's talk” is still open · last answer Mon, Nov 2 (7.0)\n"
        "C3 · no answer\n\n"
    )
    assert ben.screen.startswith(opening)
    assert "Without answers (1)\nE5" in ben.screen
    assert not any("A7" in label for label in ben.phone.last.labels), "nothing new to acknowledge"
    await world.until("Sat 12:00")
    await world.until("Fri 17:01")
    assert ben.sees("Week 47")
    assert "Still open before you go" not in ben.screen


@pytest.mark.parametrize("when", ["Sun 12:00", "Wed 12:00"])
async def test_taking_closed_days_back_shows_first_just_what_it_then_does(
    world: World, when: str
) -> None:
    await world.pair("Anna", "Ben", meets="Thu 15:00")
    absences, by = world.stage.running.room.absences, By(None, is_admin=True)
    plan = await absences.draft(by, PRACTICE, "2.11.–6.11.")
    await absences.agree(by, plan.absence.id)
    await world.until(when)
    absences = world.stage.running.room.absences
    shown = await absences.removing(by, plan.absence.id)
    assert [one.back for one in shown.effects] == [("A7",)]
    assert (await absences.show(by, plan.absence.id)).stands
    assert (await absences.remove(by, plan.absence.id)).effects == shown.effects
    with pytest.raises(Refused, match="stale_button"):
        await absences.removing(by, plan.absence.id)


@pytest.mark.parametrize(
    ("first_on", "shown"),
    [
        ("A7", ""), ("2026-13-40", ""), ("9999-12-30", ""), ("2028-06-01", ""),
        (None, "soon"), (None, "9999-12"), (None, "2028-01"), ("2026-11-20", "2028-01"),
    ],
)  # fmt: skip
async def test_a_spoilt_button_chooses_no_day(
    world: World, first_on: str | None, shown: str
) -> None:
    room = world.stage.running.room
    reader = Reader("en", "Europe/Berlin")
    with pytest.raises(Refused, match="stale_button"):
        room.absence_views.choose(PRACTICE, "2026-11-01", reader, first_on=first_on, shown=shown)


async def test_the_farthest_month_and_day_can_be_turned_to(world: World) -> None:
    views, reader = world.stage.running.room.absence_views, Reader("en", "Europe/Berlin")
    turned = views.choose(PRACTICE, "2026-11-01", reader, shown="2027-12")
    assert "December 2027" in turned.text
    assert (
        "December 2028"
        in views.choose(PRACTICE, "2026-11-01", reader, first_on="2027-11-30", shown="2028-12").text
    )


async def test_a_digest_that_is_due_holds_up_only_what_would_move_it(world: World) -> None:
    await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Fri 16:30")
    # As if it could not be made.
    world.stage.clock.advance_to(world.stage.moment("Fri 17:30"))
    absences, by = world.stage.running.room.absences, By(None, is_admin=True)
    plan = await absences.draft(by, PRACTICE, "18.11.–20.11.")
    assert (await absences.agree(by, plan.absence.id)).stands
    plan = await absences.draft(by, PRACTICE, "6.11.–13.11.")
    with pytest.raises(Refused, match="digest_due") as refused:
        await absences.agree(by, plan.absence.id)
    assert refused.value.facts == {"whose": "Ben"}


async def test_a_digest_that_cannot_be_made_holds_nobody_up_for_long(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    await world.until("Fri 16:30")
    async with writing(world.stage.running.db) as tx:
        await tx.run("UPDATE answer SET value = x'00'")
    await world.until("Fri 17:30")
    assert await world.rows("SELECT count(*) FROM digest") == [(0,)]
    await world.dana.types("/schedule closed 6.11.–13.11.")
    await world.dana.taps("Apply")
    assert "The practice is closed" not in world.dana.screen
    await world.dana.types("/schedule digest thu 12:00")
    assert "is due at this moment: Ben." in await world.dana.taps("Apply")
    await world.until("Fri 18:30")
    await world.dana.taps("Apply")
    assert await world.rows("SELECT count(*) FROM schedule_value") == [(2,)]
    await world.dana.taps("Undo")
    await world.dana.types("/schedule closed 6.11.–13.11.")
    await world.dana.taps("Apply")
    assert "The practice is closed:\nFri, Nov 6 – Fri, Nov 13 2026" in world.dana.screen


async def test_what_two_admins_are_shown_does_not_take_the_others_place(world: World) -> None:
    await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.dana.types("/schedule closed 6.11.")
    absences, by = world.stage.running.room.absences, By(None, is_admin=True)
    plan = await absences.draft(by, PRACTICE, "20.11.")
    assert (await absences.agree(by, plan.absence.id)).stands
    await world.dana.taps("Apply")
    assert "The practice is closed:" in world.dana.screen


async def test_closed_days_of_the_file_count_once_and_what_was_set_wins(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    with_days = world.stage.settings.model_copy(
        update={
            "practice": world.stage.settings.practice.model_copy(
                update={"closed_days": ("2026-11-02 2026-11-03", "2026-10-20")}
            )
        }
    )
    world.stage.settings = with_days
    await world.stage.restart()
    await world.step()
    assert ben.sees("The practice is closed: Mon, Nov 2 – Tue, Nov 3 2026")
    assert len(await world.rows("SELECT id FROM absence WHERE agreed_at IS NOT NULL")) == 1
    received = anna.received
    await world.until("Mon 16:21")
    assert anna.received == received
    await world.dana.types("/schedule closed")
    await world.dana.taps("Mon, Nov 2 – Tue, Nov 3 2026")
    await world.dana.taps("Take it back")
    await world.stage.restart()
    await world.step()
    stands = "SELECT id FROM absence WHERE agreed_at IS NOT NULL AND over_at IS NULL"
    assert await world.rows(stands) == []


async def test_therapists_do_not_close_the_practice_and_admins_leave_absences_alone(
    world: World,
) -> None:
    _, ben = await world.pair("Anna", "Ben")
    _, far = await world.pair("Cora", "Faraway", code="F9")
    await ben.types("/schedule closed 6.11.")
    assert "Only admins can close the practice. For your own time away: /away" in ben.screen
    assert await ben.forges("abslist.0") == ["This is not one of yours, or it is no longer here."]
    await ben.types(WEEK)
    apply = ben.data("Apply")
    await world.dana.types("/schedule")
    for other in (far, world.dana):
        assert await other.forges(apply) == ["This is not one of yours, or it is no longer here."]
    assert await world.rows("SELECT id FROM absence WHERE agreed_at IS NOT NULL") == []


class TestCalendars:
    """A calendar that is followed goes on through an absence."""

    pytestmark = pytest.mark.settings("[calendar]\nprivate_addresses = true\n")

    @pytest.fixture
    async def kept(self, world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Kept]:
        async with kept_beside(world, monkeypatch) as made:
            yield made

    async def test_no_reading_brings_a_question_back(self, world: World, kept: Kept) -> None:
        anna, ben = await world.pair("Anna", "Ben")
        kept.has("0", "2026-11-13 15:00")
        kept.has("1", "2026-11-10 15:00")
        await follows(ben, kept)
        await ben.types("/away 7.11.–12.11.")
        assert "Sessions cancelled: 1 (A7)" in ben.screen
        await ben.taps("Apply")
        kept.has("2", "2026-11-11 15:00")
        await read_again(world)
        rows = [row[:2] for row in await world.rows(SESSIONS, code="A7")]
        assert rows == [
            ("2026-11-10", "cancelled"), ("2026-11-11", "cancelled"), ("2026-11-13", "planned"),
        ]  # fmt: skip
        kept.has("1", "2026-11-10 16:00")
        await read_again(world)
        received = anna.received
        await world.until("Sat 12:00")
        await world.until("Fri 15:00")
        assert anna.received == received
        await world.until("Fri 16:21")
        assert anna.received == received + 1

    async def test_what_the_calendar_cancels_does_not_come_back(
        self, world: World, kept: Kept
    ) -> None:
        anna, ben = await world.pair("Anna", "Ben")
        kept.has("0", "2026-11-13 15:00")
        kept.has("1", "2026-11-10 15:00")
        kept.has("2", "2026-11-11 15:00")
        kept.has("3", "2026-11-12 15:00")
        await follows(ben, kept)
        await ben.types("/away 7.11.–12.11.")
        await ben.taps("Apply")
        kept.has("1", "2026-11-10 15:00", "STATUS:CANCELLED")
        kept.has("2", "2026-11-14 15:00")
        await read_again(world)
        await ben.types("/away")
        await ben.taps("Sat, Nov 7 – Thu, Nov 12 2026")
        await ben.taps("Take it back")
        assert "Sessions planned again: 1 (A7)" in ben.screen
        rows = [row[:2] for row in await world.rows(SESSIONS, code="A7") if row[1] == "planned"]
        assert rows == [
            ("2026-11-12", "planned"), ("2026-11-13", "planned"), ("2026-11-14", "planned"),
        ]  # fmt: skip
        assert anna.sees("Question") is None


async def test_an_admin_who_is_a_therapist_reads_codes_of_the_own_clients_alone(
    world: World,
) -> None:
    dana = world.dana
    await world.pair("Anna", "Dana", meets="Fri 11:00")
    await world.pair("Cora", "Ben", code="C3", meets="Fri 11:00")
    await dana.types("/schedule closed 6.11.")
    assert "Dana\nSessions cancelled: 1 (A7)\n" in dana.screen
    assert "Ben\nSessions cancelled: 1\n" in dana.screen
    await dana.taps("Apply")
    await dana.taps("Undo")
    assert "Sessions planned again: 1 (A7)\n" in dana.screen
    assert "C3" not in dana.screen
    assert "\n\n\n" not in dana.screen
