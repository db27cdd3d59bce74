"""The therapist's word about who joined: it counts for the person it was asked about."""

from __future__ import annotations

import pytest
from world import Human, World, invitation_in

from bot.store.waiting import UNSURE

SHORT = '[privacy]\nretention_days = 30\nfeedback_in_clinical_record = false\ncontact = "Dana"\n'
YES, NO = "Yes, that is my client", "No, somebody else"


def names_beside_a_code(ben: Human) -> list[str]:
    """List what still stands in a therapist's chat with a name and a code together."""
    texts = [seen.text or "" for seen in ben.phone.chat if seen.from_bot]
    return [text for text in texts if "has joined as" in text]


async def test_a_late_yes_is_not_about_whoever_joined_since(world: World) -> None:
    ben = await world.therapist("Ben")
    anna, cora = world.human("Anna"), world.human("Cora")
    await world.joins(cora, await world.invites(ben, "A7"))
    about_cora = ben.phone.last
    await ben.taps(NO)
    await world.joins(anna, invitation_in(ben.screen))
    about_anna = ben.phone.last
    for stale in (YES, NO):
        assert "Nothing was changed." in await ben.taps(stale, about_cora)
        assert await world.rows("SELECT state, confirmed_at FROM pair") == [("joined", None)]
    assert "Everything is ready." not in anna.everything
    assert len(names_beside_a_code(ben)) == 1
    await ben.taps(YES, about_anna)
    assert "Everything is ready." in anna.screen
    assert names_beside_a_code(ben) == []


async def test_a_late_no_does_not_turn_away_whoever_was_confirmed(world: World) -> None:
    ben = await world.therapist("Ben")
    anna = world.human("Anna")
    await world.joins(anna, await world.invites(ben, "A7"))
    question = ben.phone.last
    await ben.taps(YES)
    assert "You have confirmed this person before" in await ben.taps(NO, question)
    assert "Everything is ready." in anna.screen
    assert await ben.taps(YES, question) == ""
    acts = await world.rows("SELECT act FROM audit WHERE act LIKE 'client %ed'")
    assert acts.count(("client confirmed",)) == 1


async def test_every_message_that_asked_loses_the_name_once_it_is_settled(world: World) -> None:
    ben = await world.therapist("Ben")
    await world.joins(world.human("Anna"), await world.invites(ben, "A7"))
    await world.later(hours=4)
    asked = [seen for seen in ben.phone.chat if YES in seen.labels]
    assert len(asked) == 2
    await ben.taps(YES, asked[1])
    assert names_beside_a_code(ben) == []
    assert not any(YES in seen.labels for seen in ben.phone.chat)
    assert [seen.text for seen in ben.phone.chat if "you have confirmed" in (seen.text or "")] == [
        "✓ A7 · you have confirmed who joined.\nAppointments: /add A7 … or /appointments"
    ] * 2


async def test_who_is_turned_away_stays_in_no_message(world: World) -> None:
    ben = await world.therapist("Ben")
    await world.joins(world.human("Cora"), await world.invites(ben, "A7"))
    await world.later(hours=4)
    await ben.taps(NO)
    assert "Cora" not in ben.everything
    assert "Invitation for A7" in ben.screen


async def test_who_is_turned_away_is_forgotten(world: World) -> None:
    ben = await world.therapist("Ben")
    cora = world.human("Cora")
    await world.joins(cora, await world.invites(ben, "A7"))
    await ben.taps(NO)
    known = "SELECT count(*) FROM person WHERE telegram_index IS NOT NULL AND name IS NOT NULL"
    assert await world.rows(known) == [(3,)]
    await world.later(hours=24 * 4)
    assert await world.rows(known) == [(2,)], "Ben, and Dana, who has no role but is an admin"
    invitation = await world.invites(ben, "B3")
    await world.joins(cora, invitation)
    await ben.taps("Yes, that is my client")
    await world.later(hours=24 * 4)
    assert await world.rows(known) == [(3,)]


async def test_the_list_of_clients_names_nobody_in_the_chat(world: World) -> None:
    ben = await world.therapist("Ben")
    anna = world.human("Anna")
    await world.joins(anna, await world.invites(ben, "A7"))
    await ben.types("/clients")
    await ben.taps("A7")
    assert "waits for your confirmation" in ben.screen
    assert "Anna" not in ben.screen
    assert "Anna has joined as A7." in await ben.taps("Who joined?")
    who = ben.phone.last
    await ben.taps(YES)
    assert "Everything is ready." in anna.screen
    assert names_beside_a_code(ben) == []
    assert "or it is settled" in await ben.taps("Who joined?", who)


async def test_the_therapist_is_asked_once_more_on_the_evening_before(world: World) -> None:
    ben = await world.therapist("Ben")
    await world.joins(world.human("Anna"), await world.invites(ben, "A7"))
    await world.meets(ben, "A7", "Wed 15:00")
    await world.until("Tue 18:59")
    assert not ben.sees("Before the first session")
    await world.until("Tue 19:00")
    assert ben.sees("Before the first session, still waiting for you:", button=YES)
    received = ben.received
    await world.until("Thu 12:00")
    assert ben.received == received
    await ben.taps(YES)
    assert names_beside_a_code(ben) == []


async def test_the_evening_before_follows_an_appointment_that_moves(world: World) -> None:
    ben = await world.therapist("Ben")
    await world.joins(world.human("Anna"), await world.invites(ben, "A7"))
    await world.meets(ben, "A7", "Wed 15:00", "once")
    await ben.types("/appointments")
    await ben.taps("A7 Wed 4, 15:00")
    await ben.taps("Move it")
    for wanted in ("Fri 6", "10", ":30"):
        await ben.taps(next(label for label in ben.phone.last.labels if wanted in label))
    await ben.taps("Move it there")
    await world.until("Wed 12:00")
    assert not ben.sees("Before the first session")
    await world.meets(ben, "A7", "Fri 08:00", "once")
    await world.until("Thu 18:59")
    assert not ben.sees("Before the first session")
    await world.until("Thu 19:00")
    assert ben.sees("Before the first session, still waiting for you:", button=YES)


async def test_an_earlier_first_session_brings_its_evening_forward(world: World) -> None:
    ben = await world.therapist("Ben")
    await world.joins(world.human("Anna"), await world.invites(ben, "A7"))
    await world.meets(ben, "A7", "Fri 15:00")
    await world.meets(ben, "A7", "Wed 09:00", "once")
    await world.until("Tue 19:00")
    assert "Before the first session" in ben.screen


async def test_who_is_confirmed_is_not_asked_about_on_the_evening_before(world: World) -> None:
    _, ben = await world.pair("Anna", "Ben", meets="Wed 15:00")
    await world.until("Wed 12:00")
    assert not ben.sees("Before the first session")


async def test_who_joins_that_very_evening_is_asked_about_once(world: World) -> None:
    ben = await world.therapist("Ben")
    link = await world.invites(ben, "A7")
    await world.meets(ben, "A7", "Mon 09:00")
    await world.until("Sun 20:00")
    await world.joins(world.human("Anna"), link)
    await world.until("Mon 08:00")
    assert not ben.sees("Before the first session")


async def test_who_waits_to_be_confirmed_is_found_without_reading_whole_tables(
    world: World,
) -> None:
    plan = await world.rows(f"EXPLAIN QUERY PLAN {UNSURE}", part="confirm_eve", now=0)
    steps = [str(step[-1]) for step in plan]
    assert any("pair_unconfirmed" in step for step in steps)
    tables = ("pair", "person", "invitation", "appointment", "message")
    assert [s for s in steps if s.startswith("SCAN") and s.split()[1] in tables[1:]] == []


@pytest.mark.settings(SHORT)
async def test_whom_nobody_confirmed_is_forgotten_when_the_time_of_keeping_is_over(
    world: World,
) -> None:
    """Nobody is told, the name goes from the chat, the code and the link are used up."""
    ben = await world.therapist("Ben")
    anna, cora = world.human("Anna"), world.human("Cora")
    link = await world.invites(ben, "A7")
    await world.joins(anna, link)
    await world.joins(cora, await world.invites(ben, "C3"))
    await ben.taps(YES)
    told, heard = ben.received, anna.received
    known = "SELECT count(*) FROM person WHERE telegram IS NOT NULL AND name IS NOT NULL"
    ((before,),) = await world.rows(known)
    await world.later(hours=24 * 29)
    assert names_beside_a_code(ben) != []
    nudged = ben.received - told
    await world.later(hours=48)
    assert await world.rows("SELECT code, state FROM pair ORDER BY code") == [
        ("A7", "erased"), ("C3", "active"),
    ]  # fmt: skip
    assert await world.rows(known) == [(before - 1,)]
    assert names_beside_a_code(ben) == []
    assert (ben.received - told, anna.received) == (nudged, heard)
    acts = await world.rows("SELECT act FROM audit WHERE act = 'retention over'")
    assert len(acts) == 1
    await anna.starts(link)
    assert "This invitation is not valid, or no longer." in anna.screen
    await ben.types("/invite A7")
    assert await world.rows("SELECT count(*) FROM pair WHERE code = 'A7'") == [(1,)]


async def test_a_year_is_enough_for_a_therapists_word(world: World) -> None:
    ben = await world.therapist("Ben")
    await world.joins(world.human("Anna"), await world.invites(ben, "A7"))
    await world.later(hours=24 * 364)
    assert await world.rows("SELECT state FROM pair") == [("joined",)]
    await world.later(hours=48)
    assert await world.rows("SELECT state FROM pair") == [("erased",)]


async def test_the_name_of_who_erases_before_the_word_goes_from_the_chat(world: World) -> None:
    ben = await world.therapist("Ben")
    anna = world.human("Anna")
    await world.joins(anna, await world.invites(ben, "A7"))
    assert len(names_beside_a_code(ben)) == 1
    await anna.types("/erase")
    await anna.taps("Erase everything")
    assert names_beside_a_code(ben) == []
    assert not any(YES in seen.labels for seen in ben.phone.chat)
