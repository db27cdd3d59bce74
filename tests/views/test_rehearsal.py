"""`rapport check` shows a practice's own templates to invented people before real ones see them."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from bot.config import Settings, load
from bot.core.people import suggest_code, tidy_code
from bot.demo.rehearsal import Rehearsed, rehearse
from bot.demo.stage import write_config
from bot.render import templates_folder
from bot.services.ports import Screen
from bot.transport.lanes import Lanes
from bot.transport.messenger import BotMessenger
from tests.feeds.web import serving

#: What no scene comes to yet. `check` says so of each; nobody is let think that it was tried.
NOT_COME_TO = {
    "client/change.html.j2",
    "therapist/mirror_item.html.j2",
    "therapist/timetable/cancelling.html.j2",
    "therapist/timetable/changed.html.j2",
    "therapist/timetable/form.html.j2",
    "therapist/timetable/move_preview.html.j2",
    "therapist/timetable/words.html.j2",
}
ON = '[safety]\ntext = "Call 112."\nwatch_phrases = ["words about the session"]\n'


@pytest.fixture
def practice(tmp_path: Path) -> Settings:
    (tmp_path / "templates").mkdir()
    return load(write_config(tmp_path, "http://127.0.0.1:9/bot", extra=ON))


async def tried(practice: Settings, **templates: str) -> Rehearsed:
    for name, text in templates.items():
        path = practice.practice.templates / f"{name.replace('__', '/')}.html.j2"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return await rehearse(practice)


async def test_every_packaged_template_is_tried_and_right(practice: Settings) -> None:
    shutil.copytree(templates_folder(), practice.practice.templates, dirs_exist_ok=True)
    found = await rehearse(practice)
    assert found.mistakes == ()
    assert set(found.not_shown) <= NOT_COME_TO


async def test_what_is_wrong_is_said_with_file_line_and_remedy(practice: Settings) -> None:
    found = await tried(
        practice,
        therapist__pair="<b>{{ pair.code }}</b>\n{{ pair.cod }}",
        notice__joined="{{ client.name }}<p>joined</p>",
        client__review="{% for name, value in lines %}{{ name }}{{ value }}{% endfor %}\n"
        + "word " * 900,
        home="{{ practice }}\n\n{{ roles.nobody.name }}",
        client__paused="",
        help="{{ safety }}",
    )
    folder = practice.practice.templates
    said = {(str(m.file.relative_to(folder)), m.line): m for m in found.mistakes}
    assert set(said) == {
        ("therapist/pair.html.j2", 2), ("notice/joined.html.j2", 0), ("home.html.j2", 3),
        ("client/review.html.j2", 0), ("client/paused.html.j2", 0),
    }  # fmt: skip
    assert "cod" in said["therapist/pair.html.j2", 2].wrong
    assert 'Unsupported start tag "p"' in said["notice/joined.html.j2", 0].wrong
    assert "message is too long" in said["client/review.html.j2", 0].wrong
    assert "non-empty" in said["client/paused.html.j2", 0].wrong
    assert all(mistake.remedy for mistake in found.mistakes)
    assert found.not_shown == ()


async def test_a_slow_machine_is_waited_for(
    practice: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, drain = BotMessenger.send, Lanes.drain

    async def slow(self: BotMessenger, chat_id: int, screen: Screen, **how: Any) -> int:
        if "?start=" in str(screen.keyboard):
            await asyncio.sleep(0.3)
        return await send(self, chat_id, screen, **how)

    async def hundred_times_as_fast(self: Lanes, within_seconds: float) -> bool:
        return await drain(self, within_seconds / 100)

    monkeypatch.setattr(BotMessenger, "send", slow)
    monkeypatch.setattr(Lanes, "drain", hundred_times_as_fast)
    assert (await tried(practice, home="{{ practice }}")).mistakes == ()


async def test_nothing_of_ones_own_is_nothing_to_try(practice: Settings) -> None:
    assert await rehearse(practice) == Rehearsed((), ())


async def test_no_calendar_of_the_practice_is_asked(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "home.html.j2").write_text("Hello", encoding="utf-8")
    async with serving() as site:
        feeds = f'[calendar]\nprivate_addresses = true\n[feeds.all]\nurl = "{site.at("/a")}"\n'
        await rehearse(load(write_config(tmp_path, "http://127.0.0.1:9/bot", extra=feeds)))
        assert site.asked == []


async def test_no_code_that_it_names_may_be_taken_by_an_invitation_without_one(
    practice: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    named: set[str | None] = set()

    def noted(typed: str) -> str | None:
        named.add(code := tidy_code(typed))
        return code

    monkeypatch.setattr("bot.services.inviting.tidy_code", noted)
    await tried(practice, help="{{ safety }}")
    assert len(named) > 5
    assert named.isdisjoint(suggest_code(frozenset(), pick) for pick in range(1000))
