"""A therapy ends here: the therapist says so, the client is told, nothing is asked but a goodbye.

What was answered last is shown once and acknowledged; then the pair is gone from the digests, and
the time begins after which everything is erased.
"""

from __future__ import annotations

from datetime import date

import pytest
from world import Human, World

from bot.core.timetable import local_on
from bot.emulator import Seen
from bot.services.ending import Endings
from bot.store.database import Transaction
from tests.transactions import writing

BETWEEN = "Talk about this first"
SHORT = '[privacy]\nretention_days = 30\nfeedback_in_clinical_record = false\ncontact = "Dana"\n'


async def ends(ben: Human, code: str = "A7", *, goodbye: bool = True) -> None:
    """Let a therapist end a pair in the two steps."""
    await ben.types(f"/end {code}")
    labels = ben.phone.last.labels
    with_one = "End it, with a goodbye check-in"
    plain = next(label for label in labels if label in ("End it", "End it without"))
    await ben.taps(with_one if goodbye and with_one in labels else plain)
    assert f"It ends with {code}: " in ben.screen
    await ben.world.later(minutes=11)


async def says_goodbye(anna: Human, *numbers: int, words: str | None = None) -> None:
    """Answer the goodbye."""
    await anna.answers(*numbers)
    if words is None:
        await anna.taps("Skip ›")
    else:
        await anna.types(words)
        await anna.taps("Show my therapist")


async def test_what_will_happen_is_said_first_and_there_is_a_way_back(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    before = await world.facts()
    received = anna.received
    await ben.types("/end a7")
    assert "End it with A7?" in ben.screen
    assert "Patterns that close: 1. Appointments that are cancelled here: 2." in ben.screen
    assert "one goodbye check-in" in ben.screen
    assert "are kept until Nov 1, 2036" in ben.screen
    await ben.taps("‹ Back")
    assert "A7 · active" in ben.screen.replace("<b>", "").replace("</b>", "")
    assert await world.facts() == before
    assert anna.received == received


async def test_an_end_closes_what_was_planned_and_asks_once_more(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 7, 9)
    await world.until("Wed 12:00")
    await ends(ben)
    assert anna.sees("It has been noted that your therapy with Ben is finished.")
    assert anna.sees("kept until Nov 4, 2036")
    assert "A last short check-in about your therapy with Ben, if you like." in anna.screen
    assert await world.rows("SELECT count(*) FROM rule WHERE closed_at IS NULL") == [(0,)]
    assert await world.rows(
        "SELECT count(*) FROM appointment WHERE state = 'planned' AND asked IS NULL"
    ) == [(0,)]
    await says_goodbye(anna, 9, 8, 4, words="It was good to be heard.")
    assert "This goes to your therapist on Friday, Nov 6 after 17:00." in anna.screen
    received = anna.received
    await world.until("Fri 17:00")
    digest = ben.screen
    assert "therapy ended here" in digest
    assert "a low answer" in digest
    assert BETWEEN not in digest
    assert "Goodbye check-in: reached 9 · together 8 · ending now <b>4</b>" in digest or (
        "Goodbye check-in: reached 9 · together 8 · ending now 4" in digest
    )
    assert "It was good to be heard." not in digest
    assert "wrote something to share: see Details" in digest
    assert not any("Let's talk" in label for label in ben.phone.last.labels)
    assert anna.received == received
    for _ in range(6):
        await world.until("Fri 17:00")
    assert anna.received == received
    assert ben.screen == digest  # there has been nothing to make a digest of


async def test_the_last_answers_are_acknowledged_and_the_client_hears_of_it(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 7, 9)
    await ends(ben, goodbye=False)
    assert not anna.sees("A last short check-in")
    await world.until("Fri 17:00")
    await ben.taps("A7 · Read")
    await world.later(minutes=3)
    assert "Your therapist read your check-in. Nothing to do." in anna.screen
    await ben.opens("A7")
    await ben.taps("Write a sentence")
    await ben.types("Thank you for these months.")
    await ben.taps("Send")
    await world.later(minutes=3)
    assert "Thank you for these months." in anna.screen


async def test_an_old_lets_talk_does_not_promise_a_next_time(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 7, 9)
    await world.until("Fri 17:00")
    digest = ben.phone.last
    await ends(ben, goodbye=False)
    said = await ben.taps("Let's talk about it", digest)
    assert "there is no next time" in said
    await ben.taps("A7 · Read", digest)
    await world.later(minutes=3)
    assert "Your therapist read your check-in. Nothing to do." in anna.screen


async def test_lets_talk_that_was_not_told_yet_is_told_as_read(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 7, 9)
    await world.until("Fri 17:00")
    digest = ben.phone.last
    await ben.types("/end A7")
    await ben.taps("End it without")
    await world.later(minutes=9)
    await ben.taps("Let's talk about it", digest)
    await world.later(minutes=5)
    assert "Your therapist read your check-in. Nothing to do." in anna.screen
    assert not anna.sees("would like to make room")


async def test_a_goodbye_that_comes_after_the_digest_stands_in_the_next_one(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 7, 9)
    await world.until("Thu 12:00")
    await ends(ben)
    await world.until("Fri 17:00")
    assert "therapy ended here" in ben.screen
    assert "Goodbye check-in: open until Thu, Nov 12 12:10" in ben.screen
    received = ben.received
    await world.until("Sat 12:00")
    await says_goodbye(anna, 10, 9, 8)
    await world.until("Fri 17:00")
    assert ben.received == received + 1
    assert "Goodbye check-in: reached 10 · together 9 · ending now 8" in ben.screen
    assert "therapy ended here" not in ben.screen
    assert "heard" not in ben.screen  # the last session stood in the one before
    await ben.taps("A7 · Read")
    await world.later(minutes=3)
    assert "Your therapist read your check-in." in anna.screen
    received = ben.received
    await world.until("Fri 17:00")
    assert ben.received == received


async def test_a_goodbye_is_left_be_with_one_tap(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await ends(ben)
    await anna.taps("No, thank you")
    assert "That is all right." in anna.screen
    received = anna.received
    await world.until("Fri 17:00")
    assert "Goodbye check-in: no answer" in ben.screen
    for _ in range(2):
        await world.until("Fri 17:00")
    assert anna.received == received


async def test_a_goodbye_is_reminded_of_once_and_closes_after_a_week(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await ends(ben)
    opened = anna.phone.last
    received = anna.received
    await world.until("Tue 12:00")
    assert anna.received == received + 1
    assert "One reminder, then no more." in anna.screen
    await world.until("Mon 12:00")
    assert anna.received == received + 1
    assert "That is all right." in anna.screen
    await anna.taps("8", opened)
    assert await world.kept() == []
    await world.until("Fri 17:00")
    assert "Goodbye check-in: no answer" in ben.screen


async def test_what_is_half_answered_ends_with_what_there_is(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Mon 16:00")
    await world.until("Mon 17:20")
    await anna.answers(2, 8)
    opened = cora.phone.last
    await ends(ben)
    await ends(ben, "C3", goodbye=False)
    await world.later(minutes=1)
    await cora.taps("8", opened)
    assert await world.kept() == [2, 8]
    await world.until("Fri 17:00")
    assert "started, 2 of 5" in ben.screen
    assert "Goodbye check-in: open until" in ben.screen
    assert await world.rows(
        "SELECT checkin.state FROM checkin JOIN pair ON pair.id = pair_id WHERE code = 'C3'"
    ) == [("cancelled",)]


async def test_after_the_session_the_goodbye_takes_the_place_of_its_question(
    world: World,
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 15:55")
    await ends(ben)
    received = anna.received
    assert "A last short check-in" in anna.screen
    await world.until("Mon 18:00")
    assert anna.received == received
    await world.until("Fri 17:00")
    assert "not asked" in ben.screen
    assert ben.screen.count("therapy ended here") == 1


async def test_a_sent_check_in_can_still_be_withheld(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(2, 8, 8, 7, 9)
    sent = anna.phone.last
    await ends(ben, goodbye=False)
    await anna.taps("Don't send", sent)
    await anna.taps("Don't send")
    await world.until("Fri 17:00")
    assert "chose not to send the answers" in ben.screen
    assert "heard" not in ben.screen


async def test_a_goodbye_can_be_corrected(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Thu 12:00")
    await ends(ben)
    await says_goodbye(anna, 9, 8, 4)
    await world.until("Fri 17:00")
    assert "reached 9" in ben.screen
    await anna.taps("Change")
    await anna.taps("Reached")
    await anna.answers(3)
    await world.until("Fri 17:00")
    assert "Goodbye check-in: reached <b>3</b>" in ben.screen or "reached 3" in ben.screen
    assert "changed since the last digest" in ben.screen


async def test_a_goodbye_can_be_withheld(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await ends(ben)
    await says_goodbye(anna, 9, 8, 4, words="Something of mine.")
    await anna.taps("Don't send")
    await anna.taps("Don't send")
    await world.until("Fri 17:00")
    assert "Goodbye check-in: chose not to send the answers" in ben.screen
    await ben.opens("A7")
    assert "reached" not in ben.everything
    assert "Something of mine." not in ben.everything


async def test_the_words_of_a_goodbye_are_read_in_details(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await ends(ben)
    await says_goodbye(anna, 9, 8, 4, words="Something long. " * 100)
    await world.until("Fri 17:00")
    await ben.opens("A7")
    assert "Goodbye check-in: reached 9" in ben.screen
    assert "Something long. Something long." in ben.screen
    await ben.taps("Read the texts in full")
    assert ben.screen.count("Something long.") == 100


async def test_what_a_client_keeps_at_the_end_stays_with_the_client(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await ends(ben)
    await anna.answers(9, 8, 4)
    await anna.types("Something of mine.")
    assert "Raise it for me" not in anna.phone.last.labels
    assert "Raise it for me" not in anna.screen
    await anna.taps("Keep it for me")
    await world.until("Fri 17:00")
    await ben.opens("A7")
    assert "Something of mine." not in ben.everything
    assert "wrote something" not in ben.everything


async def test_who_stopped_is_neither_told_nor_asked(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 7, 9)
    await anna.types("/stop")
    await anna.taps("Stop the questions")
    await ben.types("/end A7")
    assert "A7 has stopped the questions and is not written to any more" in ben.screen
    assert "End it, with a goodbye check-in" not in ben.phone.last.labels
    data = ben.data("End it").replace(".not", ".ask")
    received = anna.received
    await ben.forges(data)
    assert "It ends with A7: " in ben.screen
    assert "A7 is told" not in ben.screen
    await world.later(minutes=11)
    await ben.forges(data)
    assert "A7 is told" not in ben.screen
    await world.until("Fri 17:00")
    await ben.taps("A7 · Read")
    await world.later(hours=48)
    assert anna.received == received


async def test_who_paused_is_told_and_not_asked(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await anna.types("/pause")
    await anna.taps("2 weeks")
    await ben.types("/end A7")
    assert "There is no goodbye check-in: A7 has paused the questions." in ben.screen
    await ben.taps("End it")
    await world.later(minutes=11)
    assert "has been noted that your therapy" in anna.screen
    received = anna.received
    for _ in range(4):
        await world.until("Mon 18:00")
    assert anna.received == received


async def test_an_invitation_nobody_used_ends_too(world: World) -> None:
    ben, eve = await world.therapist("Ben"), world.human("Eve")
    secret = await world.invites(ben, "A7")
    await ben.types("/end A7")
    assert "Nobody has joined with this code." in ben.screen
    again = ben.data("‹ Back").replace("pairinfo", "reinvite")
    await ben.taps("End it")
    await world.later(minutes=11)
    await eve.starts(secret)
    assert "Please ask your therapist for a new one." in eve.screen
    received = ben.received
    await world.until("Fri 17:00")
    assert ben.received == received
    assert "It has ended with A7" in (await ben.forges(again))[0]


async def test_who_was_never_confirmed_is_told_no_more_than_that(world: World) -> None:
    ben, cora = await world.therapist("Ben"), world.human("Cora")
    await world.joins(cora, await world.invites(ben, "A7"))
    asked = ben.phone.last
    await ben.types("/end A7")
    assert "joining with A7 was never completed" in ben.screen
    await ben.taps("End it")
    await world.later(minutes=11)
    assert "has been noted that your therapy" in cora.screen
    received = (ben.received, cora.received)
    assert "settled" in await ben.taps("Yes, that is my client", asked)
    await world.until("Fri 16:00")
    assert (ben.received, cora.received) == received


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/end Z9", "You have no client with the code Z9."),
        ("/end F9", "You have no client with the code F9."),
        ("/end nobody at all", "can't be a code"),
        ("/end A7", "It ended with A7 on Nov 1, 2026. Who comes back gets a new code: /invite"),
        ("/end E6", "The answers of E6 have been erased; there is nothing left to end."),
    ],
)
async def test_what_cannot_end_gets_a_clear_answer(world: World, typed: str, said: str) -> None:
    _, ben = await world.pair("Anna", "Ben")
    await ends(ben)
    eve, _ = await world.pair("Eve", "Ben", code="E6")
    await eve.types("/erase")
    await eve.taps("Erase everything")
    await world.pair("Far", "Faraway", code="F9")
    before = await world.facts()
    await ben.types(typed)
    assert said in ben.screen
    assert await world.facts() == before


async def test_end_alone_asks_with_whom(world: World) -> None:
    ben = await world.therapist("Ben")
    await ben.types("/end")
    assert "Nobody yet." in ben.screen
    await world.pair("Anna", "Ben")
    await world.pair("Cora", "Ben", code="C3")
    await ends(ben, "C3")
    await ben.types("/end")
    assert ben.phone.last.labels == ["A7"]
    await ben.taps("A7")
    assert "End it with A7?" in ben.screen


async def test_the_second_tap_on_the_same_button_changes_nothing(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await ben.types("/end A7")
    shown = ben.phone.last
    await ben.taps("End it, with a goodbye check-in")
    assert await ben.taps("End it without", shown) == ""
    await world.later(minutes=11)
    received = anna.received
    assert "It ended with A7" in (await ben.forges(shown.data_of("End it without") or ""))[0]
    assert anna.received == received


async def test_who_comes_back_begins_anew_with_a_new_code(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await ends(ben, goodbye=False)
    await ben.types("/invite A7")
    assert "Codes are never used twice" in ben.screen
    await world.joins(anna, await world.invites(ben, "B8"))
    await ben.taps("Yes, that is my client")
    await world.meets(ben, "B8", "Mon 15:00")
    await world.until("Mon 16:20")
    assert "A short check-in about Monday is ready." in anna.screen
    assert "Ben" not in anna.screen  # there is one therapist to think of
    await anna.types("/history")
    assert anna.phone.last.labels == ["Ben", "Ben"]


async def test_the_link_of_what_has_ended_opens_nothing(world: World) -> None:
    ben, anna = await world.therapist("Ben"), world.human("Anna")
    secret = await world.invites(ben, "A7")
    await world.joins(anna, secret)
    await ben.taps("Yes, that is my client")
    await ends(ben, goodbye=False)
    await anna.starts(secret)
    assert "Please ask your therapist for a new one." in anna.screen
    await anna.starts()
    assert "there is nothing to do until then" not in anna.screen


async def test_after_the_end_the_client_looks_copies_and_erases(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await ends(ben)
    await says_goodbye(anna, 9, 8, 7, words="Thank you.")
    await anna.types("/history")
    assert "reached 9" in anna.screen
    assert "Thank you." in anna.screen
    await anna.types("/stop")
    await anna.taps("Stop the questions")
    assert "Nothing more is asked or told about this therapy." in anna.screen
    await anna.types("/stop")
    assert "Nothing is running here" in anna.screen
    await anna.types("/erase")
    await anna.taps("Erase everything")
    assert await world.kept() == []


@pytest.mark.settings(SHORT)
async def test_the_time_of_keeping_begins_with_the_end(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 7, 9)
    await ends(ben)
    await says_goodbye(anna, 9, 8, 7)
    await world.later(hours=24 * 29)
    assert len(await world.kept()) == 8
    await world.later(hours=48)
    assert await world.kept() == []
    assert await world.rows("SELECT state FROM pair") == [("erased",)]


@pytest.mark.settings(SHORT)
@pytest.mark.parametrize("way", ["/stop", "asked how to go on"])
async def test_the_time_of_keeping_begins_with_a_stop_as_well(world: World, way: str) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 7, 9)
    if way == "/stop":
        await anna.types("/stop")
        await anna.taps("Stop the questions")
    else:
        for _ in range(3):
            await world.until("Mon 16:20")
            await world.until("Wed 17:00")
        await anna.taps("Stop")
    on = local_on(world.stage.clock.now() + 30 * 86_400_000, "Europe/Berlin")
    day = date.fromisoformat(on)
    assert f"kept until {day:%b} {day.day}, {day.year}, then they are erased" in anna.screen
    await world.later(hours=24 * 29)
    assert await world.kept() == [8, 8, 8, 7, 9]
    await world.later(hours=48)
    assert await world.kept() == []
    assert await world.rows("SELECT state FROM pair") == [("erased",)]


@pytest.mark.settings(SHORT)
async def test_who_begins_again_or_is_ended_later_is_kept_longer(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Mon 15:00")
    await world.until("Mon 16:20")
    for human in (anna, cora):
        await human.checks_in(8, 8, 8, 7, 9)
        await human.types("/stop")
        await human.taps("Stop the questions")
    await world.later(hours=24 * 20)
    await anna.starts()
    await anna.taps("I agree")
    await ends(ben, "C3")
    await world.later(hours=24 * 20)
    assert len(await world.kept()) == 10
    await world.later(hours=24 * 11)
    assert len(await world.kept()) == 5
    states = await world.rows("SELECT code, state FROM pair ORDER BY code")
    assert states == [("A7", "active"), ("C3", "erased")]


async def test_the_news_waits_for_the_end_of_quiet_hours(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 22:00")
    received = anna.received
    await ends(ben)
    assert anna.received == received
    await world.until("Tue 08:05")
    news = anna.sees("has been noted that your therapy")
    question = anna.sees("A last short check-in")
    assert news is not None
    assert question is not None
    assert news.message_id < question.message_id


async def test_of_two_therapists_the_goodbye_names_its_own(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    await world.pair("Anna", "Faraway", code="F9")
    await ends(ben)
    assert "about your therapy with Ben" in anna.screen


@pytest.mark.parametrize("when", ["before", "after"])
async def test_who_stops_when_the_end_is_said_is_not_written_to_any_more(
    world: World, when: str
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 7, 9)
    # At night all that the end brings waits for the morning.
    await world.until("Mon 22:00")
    await ends(ben)
    assert not anna.sees("A last short check-in")
    if when == "after":
        await world.until("Tue 09:00")
        assert anna.sees("A last short check-in")
        await anna.answers(9)
    await anna.types("/stop")
    assert ("Therapy has ended here." in anna.screen) is (when == "after")
    is_short = anna.phone.last.labels == ["Stop the questions", "Help now"]
    assert is_short is (when == "after")
    await anna.taps("Stop the questions")
    said = "Nothing more is asked or told about this therapy."
    assert (said in anna.screen) is (when == "after")
    received = anna.received
    await world.until("Fri 17:00")
    await ben.taps("A7 · Read")
    await world.until("Fri 17:00")
    assert anna.received == received
    assert await world.rows("SELECT count(*) FROM checkin WHERE state = 'open'") == [(0,)]
    assert await world.rows("SELECT decision FROM consent ORDER BY decided_at DESC LIMIT 1") == [
        ("withdrawn",)
    ]
    await anna.types("/stop")
    assert anna.received == received + 1, "there is nothing more to stop"


async def test_the_news_comes_first_though_it_takes_its_time(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    cora, _ = await world.pair("Cora", "Ben", code="C3")
    await world.until("Mon 22:00")
    for code in ("A7", "C3"):
        await ends(ben, code)
    stage = world.stage
    await stage.close()
    stage.clock.advance_to(stage.moment("Tue 09:00"))
    # Of what is due at once, only the first is sent alone.
    for human in (anna, cora):
        stage.emulator.faults.add(
            "delay", seconds=1.0, method="sendMessage", chat=human.phone.id, nth=1
        )
    await stage.open()
    for _ in range(2):
        await world.later(minutes=1)
    for human in (anna, cora):
        news = human.sees("has been noted that your therapy")
        question = human.sees("A last short check-in")
        assert news is not None
        assert question is not None
        assert news.message_id < question.message_id


RECORD = '[privacy]\nfeedback_in_clinical_record = true\ncontact = "Dana at the front desk"\n'


@pytest.mark.settings(RECORD)
@pytest.mark.parametrize("when", ["before the end", "before the goodbye", "after it"])
async def test_who_asked_to_be_erased_is_not_asked_once_more(world: World, when: str) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 22:00")

    async def asks_erasure() -> None:
        await anna.types("/erase")
        await anna.taps("Send the request")

    if when == "before the end":
        await asks_erasure()
        await ben.types("/end A7")
        assert "no goodbye check-in: A7 has asked to have the answers erased" in ben.screen
        assert ben.phone.last.labels == ["End it", "‹ Back"]
    await ends(ben)
    if when == "before the goodbye":
        await asks_erasure()
    await world.until("Tue 09:00")
    news = anna.sees("It has been noted that your therapy with Ben is finished.")
    assert news is not None
    assert ("a last short check-in follows" in (news.text or "")) is (when == "after it")
    assert bool(anna.sees("A last short check-in about")) is (when == "after it")
    if when == "after it":
        await asks_erasure()
        assert not anna.sees("A last short check-in about")
    received = anna.received
    await world.later(hours=24 * 8)
    assert anna.received == received
    assert await world.rows("SELECT count(*) FROM checkin WHERE state = 'open'") == [(0,)]


async def says_end(ben: Human) -> Seen:
    """Let a therapist say that it ends with A7; give the message that says when."""
    await ben.types("/end A7")
    await ben.taps("End it, with a goodbye check-in")
    assert "It ends with A7: Wed, Nov 4, 12:10." in ben.screen
    assert "nobody is told, and you can undo it" in ben.screen
    return ben.phone.last


async def test_an_end_can_be_undone_as_if_it_had_never_been_said(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.answers(8, 8)
    await world.until("Wed 12:00")
    before, received = await world.facts(), anna.received
    soon = await says_end(ben)
    await world.later(minutes=9)
    await ben.taps("Undo", soon)
    assert "It goes on with A7. Nothing was changed, and nobody was told." in ben.screen
    assert await world.facts() == before
    await ben.taps("Undo", soon)
    assert "It goes on with A7." in ben.screen
    await world.later(minutes=30)
    assert anna.received == received
    await anna.answers(8, 8, 8)
    await world.until("Fri 17:00")
    assert "therapy ended here" not in ben.screen
    assert "A7" in ben.screen
    await world.until("Mon 16:20")
    assert "A short check-in about Monday is ready." in anna.screen
    acts = await world.rows("SELECT act FROM audit WHERE act LIKE '%end%' ORDER BY at, id")
    assert acts == [("therapy to end",), ("end of therapy undone",)]


async def test_the_list_of_clients_says_who_is_to_end(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben")
    await world.until("Wed 12:00")
    soon = await says_end(ben)
    await ben.types("/clients")
    assert "active · to end soon; /end A7 undoes it" in ben.screen
    await ben.taps("Undo", soon)
    await ben.types("/clients")
    assert "to end soon" not in ben.screen


async def test_once_the_client_is_told_nothing_is_undone(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Wed 12:00")
    soon = await says_end(ben)
    await world.later(minutes=11)
    assert "A last short check-in about your therapy with Ben" in anna.screen
    received = anna.received
    for _ in range(2):
        said = await ben.taps("Undo", soon)
        assert "It ended with A7 on Nov 4, 2026." in said
        assert "It has ended with A7." in ben.screen
    assert ben.phone.last.labels == []
    assert await world.rows("SELECT state FROM pair") == [("ended",)]
    await world.later(hours=2)
    assert anna.received == received


async def test_an_end_that_is_said_twice_is_one_and_the_first_counts(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Wed 12:00")
    await ben.types("/end A7")
    choice = ben.phone.last
    await ben.taps("End it without", choice)
    await world.later(minutes=5)
    await ben.forges(choice.data_of("End it, with a goodbye check-in") or "")
    assert "It ends with A7: Wed, Nov 4, 12:10." in ben.screen
    await ben.types("/end A7")
    assert ben.phone.last.labels == ["Undo"]
    received = anna.received
    await world.later(minutes=6)
    assert anna.received == received + 1
    assert not anna.sees("A last short check-in")


async def test_at_night_an_end_can_be_undone_until_the_morning(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 23:00")
    received = anna.received
    await ben.types("/end A7")
    await ben.taps("End it without")
    assert "It ends with A7: Tue, Nov 3, 08:00." in ben.screen
    await world.until("Tue 07:55")
    await ben.taps("Undo")
    await world.until("Tue 12:00")
    assert anna.received == received
    assert await world.rows("SELECT state, to_end_at FROM pair") == [("active", None)]


@pytest.mark.parametrize("act", ["/stop", "/pause", "/erase"])
async def test_what_a_client_does_while_it_is_to_end_counts(world: World, act: str) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Wed 12:00")
    soon = await says_end(ben)
    labels = {"/stop": "Stop the questions", "/pause": "2 weeks", "/erase": "Erase everything"}
    await anna.types(act)
    await anna.taps(labels[act])
    received = anna.received
    await world.later(minutes=15)
    assert not anna.sees("A last short check-in")
    assert anna.received == received + (act == "/pause")
    state = "erased" if act == "/erase" else "ended"
    assert await world.rows("SELECT state, to_end_at FROM pair") == [(state, None)]
    said = await ben.taps("Undo", soon)
    assert ("erased" if act == "/erase" else "It ended with A7 on") in said


async def test_one_that_cannot_be_ended_holds_up_no_other(world: World) -> None:
    await world.pair("Anna", "Ben", meets="Mon 15:00")
    _, ben = await world.pair("Cora", "Ben", code="C3", meets="Mon 15:00")
    for code in ("A7", "C3"):
        await ben.types(f"/end {code}")
        await ben.taps("End it without")
        await world.later(minutes=1)
    async with writing(world.stage.running.db) as tx:
        # Whatever ends this pair fails, as with a row that cannot be read.
        await tx.run(
            "CREATE TRIGGER broken BEFORE UPDATE ON pair WHEN new.state = 'ended'"
            " AND new.code = 'A7' BEGIN SELECT RAISE(ABORT, 'broken'); END"
        )
    await world.later(minutes=15)
    states = await world.rows("SELECT code, state FROM pair ORDER BY code")
    assert states == [("A7", "active"), ("C3", "ended")]
    assert [line for line in world.logged if "therapy cannot be ended" in line]
    async with writing(world.stage.running.db) as tx:
        await tx.run("DROP TRIGGER broken")
    await world.stage.restart()
    await world.step()
    assert await world.rows("SELECT DISTINCT state FROM pair") == [("ended",)]


async def test_an_end_undone_after_a_tick_has_seen_it_does_not_come(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.pair("Anna", "Ben")
    ((pair_id,),) = await world.rows("SELECT id FROM pair")

    async def saw_one(_: Endings, tx: Transaction) -> int:
        return int(str(pair_id))

    monkeypatch.setattr(Endings, "_next_to_end", saw_one)
    await world.stage.running.room.endings.end_one()
    assert await world.rows("SELECT state, ended_at FROM pair") == [("active", None)]
    assert not [line for line in world.logged if "cannot be ended" in line]
