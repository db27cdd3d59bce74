"""The phrase watch: help at once for the client; the therapist only with a yes; kept texts too.

1. Off, or with nothing found, nobody is shown or told anything. 2. Help is shown whatever was
chosen. 3. Nobody is told without a yes, nor about what is kept or taken back. 4. What is owed is
said once for each text, and survives restarts, lost answers and a blocked bot.
"""

from __future__ import annotations

import pytest
from world import Human, World

from tests.transactions import writing

ON = '[safety]\nwatch_phrases = ["end it all", "can\'t go on"]\ntext = "Call 112."\n'
BY_REQUEST = "This practice has a list of phrases"
FOUND, HARMLESS = "I just want to END it all.", "Let us talk about the end."
HELP, REAL_TIME = "your text has words that this practice looks out for", "in real time"
NOTICE = "a text with words you look out for"

on = pytest.mark.settings(ON)


async def asked(
    world: World, notice: str | None = None, kept: str | None = None
) -> tuple[Human, Human]:
    """Let Anna stand before the open question, having chosen what to say about the watch."""
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.pair("Cora", "Ben", code="C3")
    for about, choice in (("notice", notice), ("kept", kept)):
        if choice is not None:
            await chooses(anna, about, choice)
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 2)
    while "differently" not in anna.screen:
        await anna.taps("Skip ›")
    return anna, ben


async def chooses(anna: Human, about: str, choice: str) -> None:
    labels = {
        ("notice", "yes"): "Tell my therapist", ("notice", "no"): "Tell nobody",
        ("kept", "yes"): "Look at kept texts too", ("kept", "no"): "Leave kept texts alone",
    }  # fmt: skip
    await anna.types("/settings")
    await anna.taps(labels[about, choice])


async def writes(anna: Human, text: str, then: str) -> None:
    await anna.types(text)
    await anna.taps(then)


def times(world: World, human: Human, text: str) -> int:
    return len(world.stage.emulator.journal.sent(human.phone.id, text))


async def acts(world: World) -> list[str]:
    rows = await world.rows("SELECT act FROM audit WHERE act LIKE 'watch %' ORDER BY at, id")
    return sorted(str(act) for (act,) in rows)


async def test_off_nothing_is_asked_looked_at_or_said(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    assert BY_REQUEST not in anna.everything
    await anna.types("/settings")
    assert "looks out for" not in anna.screen
    await anna.types("/privacy")
    assert "phrases" not in anna.screen
    assert "Goals that you note in /goals can be seen by your therapist" in anna.screen
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 2)
    while "differently" not in anna.screen:
        await anna.taps("Skip ›")
    await writes(anna, FOUND, "Show my therapist")
    assert times(world, anna, HELP) == times(world, ben, NOTICE) == 0
    assert await world.rows("SELECT * FROM watched") == []


@on
async def test_joining_asks_two_questions_apart_and_the_answers_can_be_changed(
    world: World,
) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    assert BY_REQUEST in anna.screen
    assert "Nobody reads this in real time." in anna.screen
    await anna.taps("Yes, tell my therapist")
    assert "I don't look at texts that you keep for yourself." in anna.screen
    assert "nobody is told" in anna.screen
    await anna.taps("No, thank you")
    assert "Everything is ready." in anna.screen
    await anna.types("/settings")
    assert "tell my therapist: yes" in anna.screen
    assert "show me help: no" in anna.screen
    await anna.taps("Tell nobody")
    await anna.taps("Look at kept texts too")
    assert "tell my therapist: no" in anna.screen
    assert "show me help: yes" in anna.screen
    assert await acts(world) == [
        "watch kept no", "watch kept yes", "watch notice no", "watch notice yes",
    ]  # fmt: skip
    await ben.types("/settings")
    assert "looks out for" not in ben.screen


@on
async def test_the_questions_need_no_answer_before_the_practice_can_begin(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    assert "A short check-in about Monday is ready." in anna.screen
    await anna.types("/start")
    assert BY_REQUEST in anna.screen


@on
@pytest.mark.parametrize(
    ("then", "notice"), [("Show my therapist", "no"), ("Raise it for me", None)]
)
async def test_without_a_yes_help_is_shown_and_nobody_told(
    world: World, then: str, notice: str | None
) -> None:
    anna, ben = await asked(world, None if notice is None else "yes")
    if notice == "no":
        await chooses(anna, "notice", "no")
    await writes(anna, FOUND, then)
    helped = anna.sees(HELP)
    assert helped is not None
    assert helped.text.startswith("If you need help now\nCall 112.")
    assert "Nobody has been told." in helped.text
    assert "Nobody reads this in real time." in helped.text
    assert times(world, ben, NOTICE) == 0
    assert "watch helped" in await acts(world)


@on
async def test_with_a_yes_the_therapist_is_told_at_once_without_a_word_of_it(world: World) -> None:
    anna, ben = await asked(world, "yes")
    await writes(anna, FOUND, "Show my therapist")
    helped, told = anna.sees(HELP), ben.sees(NOTICE)
    assert helped is not None
    assert told is not None
    assert "Your therapist is being sent a notice" in helped.text
    assert "I can't tell whether or when it is read." in helped.text
    assert "A7" in told.text
    assert "Mon, Nov 2, 16:2" in told.text
    assert "in real time" in told.text
    for word in ("END", "end it all", "Anna"):
        assert word not in told.text
    await ben.taps("A7 · Details", told)
    assert FOUND in ben.screen
    assert await acts(world) == ["watch notice yes", "watch told"]
    for table in ("audit", "message"):
        assert not any("end it all" in str(row).lower() for row in await world.rows(
            f"SELECT * FROM {table}"))  # fmt: skip
    assert b"end it all" not in world.raw.lower()
    cora = world.human("Cora")
    assert HELP not in cora.everything


@on
async def test_in_the_night_both_are_told_at_once(world: World) -> None:
    anna, ben = await asked(world, "yes")
    await world.until("Tue 02:00")
    await writes(anna, FOUND, "Show my therapist")
    assert times(world, anna, HELP) == times(world, ben, NOTICE) == 1
    told = ben.sees(NOTICE)
    assert told is not None
    assert "Tue, Nov 3, 02:0" in told.text


@on
async def test_kept_texts_are_left_alone_without_a_yes(world: World) -> None:
    anna, ben = await asked(world, "yes")
    await writes(anna, FOUND, "Keep it for me")
    assert times(world, anna, HELP) == times(world, ben, NOTICE) == 0
    assert await world.rows("SELECT * FROM watched") == []


@on
async def test_kept_texts_with_a_yes_show_help_and_are_never_told_of(world: World) -> None:
    anna, ben = await asked(world, "yes", "yes")
    await anna.types(FOUND)
    helped = anna.sees(HELP)
    assert helped is not None
    assert "Your text stays with you, and nobody has been told." in helped.text
    await anna.taps("Keep it for me")
    await world.until("Fri 17:00")
    assert times(world, anna, HELP) == 1
    assert times(world, ben, NOTICE) == 0
    assert "END" not in ben.everything


@on
async def test_a_kept_text_that_is_shown_after_all_is_told_of_and_the_client_knows(
    world: World,
) -> None:
    anna, ben = await asked(world, "yes", "yes")
    await writes(anna, FOUND, "Keep it for me")
    assert times(world, ben, NOTICE) == 0
    await anna.taps("Add something")
    await anna.taps("Show my therapist")
    assert times(world, ben, NOTICE) == 1
    helped = anna.sees(HELP)
    assert helped is not None
    assert "Your therapist is being sent a notice" in helped.text


@on
async def test_it_is_found_after_several_edits_and_across_them(world: World) -> None:
    anna, ben = await asked(world, "yes")
    await writes(anna, HARMLESS, "Show my therapist")
    await anna.taps("Add something")
    await writes(anna, "Sometimes I want to end", "Show my therapist")
    assert times(world, anna, HELP) == 0
    await anna.taps("Add something")
    await writes(anna, "it all", "Show my therapist")
    assert times(world, anna, HELP) == times(world, ben, NOTICE) == 1


@on
async def test_once_for_a_text_and_again_only_when_more_is_found_or_it_is_another(
    world: World,
) -> None:
    anna, ben = await asked(world, "yes")
    await writes(anna, FOUND, "Show my therapist")
    for again in ("Keep it for me", "Raise it for me", "Show my therapist"):
        await anna.taps("Add something")
        await anna.taps(again)
    await anna.taps("Add something")
    await writes(anna, HARMLESS, "Show my therapist")
    assert times(world, anna, HELP) == times(world, ben, NOTICE) == 1
    await world.later(minutes=5)
    await anna.taps("Add something")
    await writes(anna, "I can’t go on", "Show my therapist")
    assert times(world, anna, HELP) == times(world, ben, NOTICE) == 2
    await world.later(minutes=5)
    await anna.taps("Add something")
    await anna.taps("Remove the text")
    assert await world.rows("SELECT * FROM watched") == []
    await anna.taps("Add something")
    await writes(anna, FOUND, "Show my therapist")
    assert times(world, anna, HELP) == times(world, ben, NOTICE) == 3


@on
async def test_a_notice_whose_answer_is_lost_is_sent_three_times_at_most(world: World) -> None:
    anna, ben = await asked(world, "yes")
    for human in (anna, ben):
        world.stage.emulator.faults.add(
            "drop", stage="after", method="sendMessage", chat=human.phone.id, times=9
        )
    await writes(anna, FOUND, "Show my therapist")
    await world.later(hours=2)
    for human, said in ((anna, HELP), (ben, NOTICE)):
        calls = world.stage.emulator.journal.sent(human.phone.id, said)
        assert len(calls) == 3
        assert calls[-1].at - calls[0].at <= 2 * 3_600_000
        texts = {str(call.params["text"]) for call in calls}
        assert len(texts) == 1, "the same number each time"
    world.stage.emulator.faults.clear()
    await world.later(hours=12)
    assert times(world, ben, NOTICE) == 3


@on
async def test_a_therapist_out_of_reach_is_told_when_back(world: World) -> None:
    anna, ben = await asked(world, "yes")
    await ben.does(ben.phone.block)
    await writes(anna, FOUND, "Show my therapist")
    assert times(world, anna, HELP) == 1
    await world.later(hours=13)
    assert times(world, ben, NOTICE) == 0
    waits = "A safety notice for a therapist can't be delivered"
    assert times(world, world.dana, waits) == 1
    assert "A7" not in world.dana.everything
    await ben.does(ben.phone.unblock)
    await ben.starts()
    assert times(world, ben, NOTICE) == 1


@on
@pytest.mark.parametrize("how", ["withheld", "kept", "removed", "a no", "erased"])
async def test_what_is_taken_back_before_it_was_told_is_not_told(world: World, how: str) -> None:
    anna, ben = await asked(world, "yes")
    await ben.does(ben.phone.block)
    await writes(anna, FOUND, "Show my therapist")
    review = anna.sees("This goes to your therapist")
    match how:
        case "withheld":
            await anna.taps("Don't send", review)
            await anna.taps("Don't send")
        case "kept" | "removed":
            await anna.taps("Add something")
            await anna.taps("Keep it for me" if how == "kept" else "Remove the text")
        case "a no":
            await chooses(anna, "notice", "no")
        case _:
            await anna.types("/erase")
            await anna.taps("Erase everything")
            assert await world.rows("SELECT * FROM watched") == []
            codes = await world.rows("SELECT code FROM watch_choice JOIN pair ON pair_id = pair.id")
            assert ("A7",) not in codes
    await ben.does(ben.phone.unblock)
    await ben.starts()
    await world.later(hours=8)
    assert times(world, ben, NOTICE) == 0


@on
async def test_a_wrong_person_leaves_no_choice_behind(world: World) -> None:
    ben = await world.therapist("Ben")
    stranger = world.human("Stranger")
    await world.joins(stranger, await world.invites(ben, "A7"))
    await stranger.taps("Yes, tell my therapist")
    await ben.taps("No, somebody else")
    assert await world.rows("SELECT * FROM watch_choice") == []


@on
async def test_each_therapist_is_chosen_about_apart(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben")
    await world.pair("Anna", "Faraway", code="F9")
    await anna.types("/settings")
    await anna.taps("Faraway: Tell my therapist")
    rows = await world.rows("SELECT code, choice FROM watch_choice JOIN pair ON pair.id = pair_id")
    assert rows == [("F9", "yes")]


@on
async def test_what_was_chosen_is_in_the_copy_of_ones_data(world: World) -> None:
    anna, _ = await asked(world, "yes")
    await writes(anna, FOUND, "Show my therapist")
    await anna.types("/export")
    page, data = (seen.document.decode() for seen in anna.phone.chat if seen.document is not None)
    assert '"about": "notice"' in data
    assert '"choice": "yes"' in data
    assert '"told_at": "2026-11-02T' in data
    assert "tell my therapist: yes" in page
    assert "notice to your therapist" in page


@on
async def test_a_new_text_about_privacy_asks_again_and_keeps_what_was_chosen(world: World) -> None:
    anna, _ = await asked(world, "yes", "yes")
    async with writing(world.stage.running.db) as tx:
        await tx.run("UPDATE pair SET consent_version = '1'")
    await anna.types("/start")
    assert "A program compares the texts you share" in anna.screen
    await anna.taps("I agree")
    assert "Everything is ready" in anna.screen
