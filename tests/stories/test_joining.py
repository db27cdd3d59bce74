"""Invitations, who may use them, and the check-in before the first session."""

from __future__ import annotations

from world import World, invitation_in


async def test_a_client_joins_agrees_and_is_confirmed(world: World) -> None:
    ben = await world.therapist("Ben")
    link = await world.invites(ben, "A7")
    assert ben.phone.last.photo is not None
    anna = world.human("Anna")
    await anna.starts(link)
    assert "Which language shall I use?" in anna.screen
    await anna.taps("English")
    await anna.taps("Yes, that is right")
    watched = "nobody watches them in between"
    for promise in ("voluntary", "not end-to-end encrypted", watched, "encrypted"):
        assert promise in anna.screen
    assert "Anna has joined as A7. Is that your client?" in ben.screen
    await anna.taps("I agree")
    assert "Your therapist will confirm that it is you" in anna.screen
    await ben.taps("Yes, that is my client")
    assert "Everything is ready." in anna.screen
    await world.meets(ben, "A7", "Mon 15:00")
    await world.until("Mon 16:20")
    assert anna.sees("A short check-in about Monday is ready.")


async def test_nothing_is_asked_before_the_therapist_confirms(world: World) -> None:
    ben = await world.therapist("Ben")
    anna = world.human("Anna")
    await world.joins(anna, await world.invites(ben, "A7"))
    await world.meets(ben, "A7", "Mon 15:00")
    await world.until("Tue 12:00")
    assert not anna.sees("A short check-in")
    assert ben.sees("Still waiting for you:", button="Yes, that is my client")


async def test_the_therapist_is_reminded_once_to_confirm(world: World) -> None:
    ben = await world.therapist("Ben")
    await world.joins(world.human("Anna"), await world.invites(ben, "A7"))
    received = ben.received
    await world.later(hours=4)
    assert "Still waiting for you:" in ben.screen
    await world.until("Thu 12:00")
    assert ben.received == received + 1


async def test_the_wrong_person_is_turned_away_and_a_new_link_made(world: World) -> None:
    ben = await world.therapist("Ben")
    cora, anna = world.human("Cora"), world.human("Anna")
    old = await world.invites(ben, "A7")
    await world.joins(cora, old)
    await ben.taps("No, somebody else")
    assert "you have been signed out again" in cora.screen
    assert "Invitation for A7" in ben.screen
    await anna.starts(old)
    assert "This invitation is not valid" in anna.screen
    await world.joins(anna, invitation_in(ben.screen))
    await ben.taps("Yes, that is my client")
    assert "Everything is ready." in anna.screen
    await world.meets(ben, "A7", "Mon 15:00")
    received = cora.received
    await world.until("Mon 16:20")
    assert cora.received == received
    await cora.types("/history")
    assert "A7" not in cora.everything


async def test_an_expired_invitation_asks_for_a_new_one(world: World) -> None:
    ben = await world.therapist("Ben")
    link = await world.invites(ben, "A7")
    await world.later(hours=14 * 24 + 1)
    anna = world.human("Anna")
    await anna.starts(link)
    assert "Please ask your therapist for a new one." in anna.screen
    assert "opened the invitation for A7, but it has expired." in ben.screen
    received = ben.received
    await anna.starts(link)
    assert ben.received == received
    await ben.taps("New link")
    await world.joins(anna, invitation_in(ben.screen))
    assert "Anna has joined as A7." in ben.screen


async def test_a_client_who_has_not_joined_can_be_given_a_new_link(world: World) -> None:
    ben = await world.therapist("Ben")
    await world.invites(ben, "A7")
    await ben.types("/clients")
    await ben.taps("A7")
    assert "invited, has not joined yet" in ben.screen
    await ben.taps("New link")
    await world.joins(world.human("Anna"), invitation_in(ben.screen))
    assert "Anna has joined as A7." in ben.screen


async def test_who_was_turned_away_can_not_come_back_with_the_old_link(world: World) -> None:
    ben = await world.therapist("Ben")
    cora = world.human("Cora")
    old = await world.invites(ben, "A7")
    await world.joins(cora, old)
    await ben.taps("No, somebody else")
    await cora.starts(old)
    assert "This invitation is not valid" in cora.screen


async def test_a_therapists_expired_link_sends_to_the_practice(world: World) -> None:
    await world.dana.types("/invite_therapist")
    link = invitation_in(world.dana.screen)
    await world.later(hours=14 * 24 + 1)
    ben = world.human("Ben")
    await ben.starts(link)
    assert "Please ask the practice for a new one." in ben.screen


async def test_an_invitation_is_for_one_person(world: World) -> None:
    ben = await world.therapist("Ben")
    link = await world.invites(ben, "A7")
    await world.joins(world.human("Anna"), link)
    cora = world.human("Cora")
    await cora.starts(link)
    assert "This invitation is not valid" in cora.screen
    await cora.starts()
    assert "only for people who were invited" in cora.screen


async def test_a_new_link_makes_the_old_one_worthless(world: World) -> None:
    ben = await world.therapist("Ben")
    old = await world.invites(ben, "A7")
    await ben.types("/clients")
    await ben.taps("A7")
    await ben.taps("New link")
    anna = world.human("Anna")
    await anna.starts(old)
    assert "This invitation is not valid" in anna.screen


async def test_opening_the_own_link_again_goes_on_where_joining_stands(world: World) -> None:
    ben = await world.therapist("Ben")
    link = await world.invites(ben, "A7")
    anna = world.human("Anna")
    await anna.starts(link)
    await anna.taps("English")
    await anna.starts(link)
    assert "Is your time zone Europe/Berlin?" in anna.screen


async def test_five_wrong_codes_and_then_silence(world: World) -> None:
    ben = await world.therapist("Ben")
    link = await world.invites(ben, "A7")
    cora = world.human("Cora")
    for number in range(5):
        await cora.starts(f"guess{number}")
        assert "This invitation is not valid" in cora.screen
        assert ("For an hour I try no more links from you" in cora.screen) is (number == 4)
    received = cora.received
    await cora.starts("guess6")
    await cora.starts(link)
    assert cora.received == received
    await world.later(minutes=61)
    await cora.starts(link)
    assert "Which language shall I use?" in cora.screen


async def test_the_own_clients_link_is_not_used_up_by_the_therapist(world: World) -> None:
    ben = await world.therapist("Ben")
    link = await world.invites(ben, "A7")
    await ben.starts(link)
    assert "This link is for your client." in ben.screen
    await world.joins(world.human("Anna"), link)
    assert "Anna has joined as A7." in ben.screen


async def test_nobody_joins_the_same_therapist_twice(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben")
    link = await world.invites(ben, "B8")
    await anna.starts(link)
    assert "You have joined with this therapist before." in anna.screen
    await world.joins(world.human("Cora"), link)
    assert "Cora has joined as B8." in ben.screen


async def test_a_code_that_looks_like_a_name_is_warned_about(world: World) -> None:
    ben = await world.therapist("Ben")
    await ben.types("/invite ANNA")
    assert "This code looks like a name, initials or a year of birth." in ben.screen
    await ben.types("/invite JD85")
    assert "This code looks like" in ben.screen
    assert "Invitation for JD85" in ben.screen
    await ben.types("/invite Anna Berg")
    assert "can't be a code" in ben.screen
    await ben.types("/invite")
    assert "This code looks like" not in ben.screen
    assert "Invitation for" in ben.screen


async def test_who_invited_a_therapist_can_be_told(world: World) -> None:
    await world.therapist("Ben")
    (noted,) = await world.rows(
        "SELECT actor_id, object_kind, object_id FROM audit WHERE act = 'therapist invited'"
    )
    people = await world.rows("SELECT id FROM person ORDER BY created_at, id")
    assert (noted[0],) in people
    assert [noted[0]] == [by for (by,) in await world.rows("SELECT invited_by FROM invitation")]
    assert await world.rows("SELECT id FROM invitation") == [(noted[2],)]
    await world.dana.types("/invite_therapist")
    assert len(people) == len(await world.rows("SELECT id FROM person"))


async def test_before_the_first_session_three_questions_reach_the_therapist(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    assert "Before your first session there are three questions" in anna.screen
    received = anna.received
    await anna.taps("Answer now (three questions)")
    assert "A few questions before your first session." in anna.screen
    await anna.answers(7, 6)
    assert "Since you booked" in anna.screen
    await anna.taps("Better")
    assert "Your therapist gets it before your first session." in anna.screen
    assert anna.received == received
    await world.later(minutes=16)
    for line in ("A7 · before the first session", "Hope: 7", "Confidence: 6", "Better"):
        assert line in ben.screen
    assert "not comparable with SRS or WAI scores" in ben.screen


async def test_what_is_answered_late_still_comes_before_the_session(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 14:55")
    await anna.taps("Answer now (three questions)")
    await anna.answers(7, 6)
    await anna.taps("About the same")
    await world.until("Mon 15:00")
    assert "A7 · before the first session" in ben.screen


async def test_once_the_first_session_began_it_is_too_late_for_that(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 15:01")
    assert "Your first session has begun" in await anna.taps("Answer now (three questions)")


async def test_before_first_is_offered_once(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    offer = anna.phone.last
    await anna.taps("Answer now (three questions)")
    await anna.taps("7")
    assert "You have had these questions already." in await anna.taps(
        "Answer now (three questions)", offer
    )


async def test_before_first_closes_when_the_session_starts(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await anna.taps("Answer now (three questions)")
    await anna.taps("7")
    await world.until("Mon 15:01")
    assert "It is closed now." in anna.screen


async def test_withheld_before_the_first_session_is_said_and_what_was_shown_goes(
    world: World,
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await anna.taps("Answer now (three questions)")
    await anna.answers(7, 3)
    assert "Question 3 of 3" in anna.screen
    await anna.taps("Worse")
    assert "Since booking: Worse" in anna.screen
    await world.later(minutes=16)
    assert "Hope: 7" in ben.screen
    told = ben.phone.last.message_id
    await anna.taps("Don't send")
    await anna.taps("Don't send")
    await world.later(minutes=16)
    assert ben.screen == "A7 · before the first session\nchose not to send the answers"
    before = next(seen for seen in ben.phone.chat if seen.message_id == told)
    assert before.text == "This goes on in the newest message."
    await world.until("Mon 09:00")
    await ben.types("/today")
    await ben.opens("A7")
    assert "Before the first session\nchose not to send the answers" in ben.screen
    assert "7" not in ben.screen.replace("A7", "")


async def test_before_the_first_session_the_day_and_the_details_have_what_was_said(
    world: World,
) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await anna.taps("Answer now (three questions)")
    await anna.answers(7, 3)
    await anna.taps("Worse")
    await world.until("Mon 09:00")
    await ben.types("/today")
    said = "before the first session: hope 7, confidence 3, since booking Worse"
    assert f"15:00 · A7 · {said}" in ben.screen
    await ben.opens("A7")
    assert "hope: 7\nconfidence: 3\nsince booking: Worse" in ben.screen


async def test_a_story_takes_no_random_link_for_what_somebody_sees(world: World) -> None:
    ben = await world.therapist("Ben")
    await ben.types("/invite C3")
    secret = invitation_in(ben.screen)
    assert ben.sees("Invitation for C3")
    assert not ben.sees(secret)
    assert secret not in ben.everything
