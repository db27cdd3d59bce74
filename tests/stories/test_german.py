"""A client whose Telegram speaks German is spoken to in German from the first word to the last."""

from __future__ import annotations

import re

import pytest
from world import Human, World

ENGLISH = re.compile(r"\b(the|your|you|and|this|not|question|therapist|skip|done|back)\b", re.I)


async def through_a_week(world: World) -> tuple[Human, Human]:
    """Let Anna join in German, answer, and be told that it was read."""
    ben = await world.therapist("Ben")
    anna = world.human("Anna", language="de")
    await world.joins(anna, await world.invites(ben, "A7"), "Deutsch")
    await ben.taps("Yes, that is my client")
    await world.meets(ben, "A7", "Mon 15:00")
    await world.until("Mon 16:20")
    await anna.types("acht")
    await anna.answers(2, 8, 8, 8)
    await anna.taps("Tempo")
    await anna.taps("Fertig ›")
    await anna.types("Etwas langsamer, bitte.")
    await anna.taps(anna.phone.last.labels[1])
    await world.until("Fri 17:00")
    await ben.taps("Let's talk about it")
    await world.later(minutes=3)
    return anna, ben


async def test_a_german_client_reads_german_all_the_way(world: World) -> None:
    anna, _ = await through_a_week(world)
    sent = [str(call.params.get("text", "")) for call in world.calls_to(anna)]
    assert any("Ein paar kurze Fragen zum Montag sind da." in text for text in sent)
    assert any("Frage 2 von 5" in text for text in sent)
    assert any("Danke. Das geht am Freitag, 6. Nov. nach 17:00 Uhr an" in text for text in sent)
    await anna.types("Hallo?")
    assert anna.screen == (
        "Niemand liest in diesem Chat mit. Diese Nachricht habe ich nicht gespeichert."
    )
    for command in ("/pause", "/stop", "/erase", "/history", "/privacy", "/settings", "/nichts"):
        await anna.types(command)
    for call in world.calls_to(anna):
        words = str(call.params.get("text", "")).replace("Dana at the front desk", "")
        labels = " ".join(label for row in keyboard(call.params) for label in row)
        found = ENGLISH.search(f"{words} {labels}")
        assert found is None, f"{found} in {words!r} {labels!r}"


async def test_the_therapist_goes_on_reading_english(world: World) -> None:
    _, ben = await through_a_week(world)
    assert "pace" in ben.everything
    assert "bond 2" in ben.everything
    assert "Tempo" not in ben.everything


async def test_du_where_the_practice_says_du(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPPORT_PRACTICE__GERMAN", "du")
    await world.reconfigure("")
    anna, _ = await through_a_week(world)
    sent = "\n".join(str(call.params.get("text", "")) for call in world.calls_to(anna))
    assert re.search(r"\b(du|dir|dein|deine|deiner)\b", sent)
    assert not re.search(r"\b(Ihnen|Ihre|Ihrem|Ihren|Ihrer)\b", sent)


async def test_the_language_can_be_changed_in_the_middle(world: World) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    prompt = anna.phone.last.message_id
    await anna.answers(8)
    await anna.types("/settings")
    await anna.taps("Deutsch")
    await anna.types("neun")
    shown = next(seen for seen in anna.phone.chat if seen.message_id == prompt)
    assert "Frage 3 von 5" in shown.text
    assert await world.kept() == [8, 9]


def keyboard(params: dict[str, object]) -> list[list[str]]:
    """Give the labels of a call's buttons."""
    markup = params.get("reply_markup")
    rows = markup.get("inline_keyboard", []) if isinstance(markup, dict) else []
    return [[button["text"] for button in row] for row in rows]


async def test_the_therapist_sees_where_the_language_was_switched(world: World) -> None:
    anna, ben = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await world.until("Mon 16:20")
    await anna.checks_in(8, 8, 8, 8, 8)
    await anna.types("/settings")
    await anna.taps("Deutsch")
    for _ in range(2):
        await world.until("Mon 16:20")
        await anna.answers(9, 9, 9, 9, 8)
    await world.until("Fri 17:00")
    await ben.opens("A7")
    marked = [line for line in ben.screen.splitlines() if "asked in another language" in line]
    assert marked == ["Mon, Nov 9 · 8.8 · asked in another language than before"]
    assert "▇██" in ben.screen, "the trend goes on"
