"""What people said, who they are and the keys: in no log line and in no object's own description.

A log line, a traceback or an exception may show any object of ours by its `repr`: so none says
what must not be read. `World.check` holds every story's log against what its people said.
"""

from __future__ import annotations

import gc
import logging
import re

import pytest
import structlog
from world import World

from bot.demo.stage import TOKEN
from bot.store.vault import read_key
from tests.canaries import keys_of

#: How an answer would show what was rated; a rule of an instrument may show its numbers.
RATING = re.compile(r"Answer\([^)]*value=[\[({]?\d+")


def ours(thing: object) -> bool:
    """Say whether an object is of the program's own classes (the stage and the tests are not)."""
    module = str(type(thing).__module__)
    return module.startswith(("bot.", "handlers.")) and not module.startswith(
        ("bot.emulator", "bot.demo")
    )


async def test_no_object_of_ours_says_what_it_holds(world: World) -> None:
    seen: set[type] = set()
    secrets: list[str] = []

    def look(*_: object) -> None:
        for thing in gc.get_objects():
            if ours(thing):
                seen.add(type(thing))
                shown = f"{thing!r} {thing}"
                found = [secret for secret in secrets if secret in shown]
                found += RATING.findall(shown)
                assert found == [], f"{type(thing).__qualname__} shows {found}"

    anna, ben = await world.pair("Annabella", "Benedikt", meets="Mon 15:00")
    secrets += ["Annabella", "Benedikt", "marmot", TOKEN, TOKEN.split(":")[1]]
    secrets += [str(human.phone.id) for human in (anna, ben)]
    secrets += keys_of(world.stage.settings.keys.master_key_file, TOKEN)
    look()
    await world.until("Mon 16:20")
    await anna.answers(8, 8, 8, 8, 8)
    await anna.types("a marmot")
    look()
    await anna.taps("Show my therapist")
    room = world.stage.running.room
    person = (await room.enrolment.who(anna.phone.id)).person
    assert person is not None
    ((pair,),) = await world.rows("SELECT id FROM pair")
    assert isinstance(pair, int)
    held = [await room.enrolment.who(anna.phone.id), await room.privacy.history(person.id, pair)]
    look(held)
    await world.until("Fri 17:00")
    ((digest, therapist),) = await world.rows("SELECT id, therapist_id FROM digest")
    assert isinstance(therapist, int)
    assert isinstance(digest, int)
    room = world.stage.running.room
    details = await room.lookup.details(therapist, digest, pair)
    look(details, await room.lookup.words(therapist, digest, pair, 0))
    assert len(seen) > 40


@pytest.mark.parametrize("restarting", [False])
async def test_a_story_that_logs_what_was_said_fails(world: World, restarting: bool) -> None:
    anna, _ = await world.pair("Anna", "Ben", meets="Mon 15:00")
    await anna.types("I dreamt of a marmot")
    await world.until("Mon 16:20")
    rating = next(data for data in anna.phone.last.tappable if data.startswith("rate."))
    await anna.taps(rating)
    key_file = world.stage.settings.keys.master_key_file
    keys = (key_file.read_text("utf-8").strip(), read_key(key_file.read_text("utf-8")).hex())
    secret = world.stage.running.db.vault.secret_for("webhook", TOKEN)
    for leak in ("I dreamt of a marmot", str(anna.phone.id), TOKEN, rating, *keys, secret):
        structlog.get_logger("bot").debug("leaking", what=leak)
        assert world.leaked() == [leak]
        world.logged.clear()
        logging.getLogger("telegram.ext").error("leaking %s", leak)
        assert world.leaked() == [leak]
        world.logged.clear()
    try:
        raise ValueError("I dreamt of a marmot")
    except ValueError:
        structlog.get_logger("bot").exception("leaking")
    assert world.leaked() == ["I dreamt of a marmot"]
    world.logged.clear()
