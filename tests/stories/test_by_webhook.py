"""Stories of every kind told once more with updates that are brought instead of fetched."""

from __future__ import annotations

import pytest
from hook import receive_by_webhook

from tests.stories.test_answering import (
    test_a_low_answer_asks_what_got_in_the_way as test_chips,
)
from tests.stories.test_answering import (
    test_numbers_can_be_typed as test_typed_numbers,
)
from tests.stories.test_digest import (
    test_clients_never_see_each_other as test_two_clients,
)
from tests.stories.test_joining import (
    test_five_wrong_codes_and_then_silence as test_wrong_links,
)
from tests.stories.test_joining import (
    test_the_wrong_person_is_turned_away_and_a_new_link_made as test_the_wrong_person,
)
from tests.stories.test_leaving import (
    test_a_blocked_bot_tells_the_therapist_once_and_goes_on_at_start as test_a_blocked_bot,
)
from tests.stories.test_loop import (
    test_a_low_rating_reaches_the_therapist_and_comes_back as test_the_whole_loop,
)
from tests.stories.test_unclear import (
    test_a_prompt_whose_answer_was_lost_is_not_sent_again as test_a_lost_answer,
)
from tests.stories.test_words import (
    test_words_can_come_in_two_messages as test_two_messages,
)

__all__ = [
    "test_a_blocked_bot",
    "test_a_lost_answer",
    "test_chips",
    "test_the_whole_loop",
    "test_the_wrong_person",
    "test_two_clients",
    "test_two_messages",
    "test_typed_numbers",
    "test_wrong_links",
]


@pytest.fixture(autouse=True)
def _by_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    receive_by_webhook(monkeypatch)


async def test_these_stories_are_told_by_webhook(world) -> None:
    await world.therapist("Ben")
    journal = world.stage.emulator.journal
    assert journal.calls(method="getUpdates") == []
    assert journal.read(kind="delivery")
