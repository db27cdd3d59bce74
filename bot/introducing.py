"""What Telegram shows of the bot by itself, brought to what it should be.

Asks what is there and changes only what differs, so that it can be repeated at will: Telegram
limits such changes, the name's most of all. A part that cannot be changed now does not hold up the
others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from bot.config import Settings
from bot.core.errors import Rejected, TryLater, Undelivered, Unreachable
from bot.core.health import age
from bot.opening import PATIENCE_SECONDS, NoTelegram, SystemClock, bot_of
from bot.transport.application import close, introduce, make_application
from bot.transport.messenger import BotMessenger
from bot.transport.pacing import Pacing
from bot.views.menus import Command, command_menus, profiles

_CALLED: Final = {
    "name": "Name",
    "short_description": "ShortDescription",
    "description": "Description",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that Telegram shows otherwise than it should, in words."""

    what: str
    is_now: str
    should_be: str


@dataclass(frozen=True, slots=True)
class Setup:
    """What came of it. left: what could not be seen to, each in a sentence."""

    differences: tuple[Difference, ...]
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """One thing that Telegram keeps: how to ask for it and how to set it."""

    what: str
    ask: tuple[str, dict[str, Any]]
    put: tuple[str, dict[str, Any]]
    key: str | None
    wanted: Any

    def found(self, answer: Any) -> Any:
        """Give what an answer to `ask` holds."""
        if self.key is None:
            return answer if isinstance(answer, list) else []
        return answer.get(self.key, "") if isinstance(answer, dict) else ""


def _parts(settings: Settings, *, menus_alone: bool) -> Iterator[_Part]:
    for profile in () if menus_alone else profiles(settings):
        name = _CALLED[profile.what]
        for code, text in profile.texts.items():
            asked = {"language_code": code}
            put = (f"setMy{name}", {profile.what: text, **asked})
            what = f"{profile.what.replace('_', ' ')}{_for(code)}"
            yield _Part(what, (f"getMy{name}", asked), put, profile.what, text)
    for code, scope, commands in command_menus(settings):
        place = {"scope": scope, "language_code": code}
        whose = f" of admin {scope['chat_id']}" if "chat_id" in scope else " of private chats"
        yield _Part(
            f"commands{whose}{_for(code)}",
            ("getMyCommands", place),
            ("setMyCommands", {"commands": commands, **place}),
            None,
            commands,
        )


def _for(code: str) -> str:
    return f" in {code}" if code else ""


async def bring_up_to_date(
    messenger: BotMessenger, settings: Settings, *, dry: bool = False, menus_alone: bool = False
) -> Setup:
    """Change what differs. dry: only say what does. menus_alone: leave the texts as they are.

    Errors: `TokenRefused`.
    """
    differences: list[Difference] = []
    left: list[str] = []
    fallback: tuple[str | None, Any, Any] = (None, None, None)
    for part in _parts(settings, menus_alone=menus_alone):
        try:
            now = part.found(await messenger.call(part.ask[0], **part.ask[1]))
            if part.key is not None and not part.ask[1]["language_code"]:
                fallback = (part.key, now, part.wanted)
            elif dry and part.key == fallback[0] and now == fallback[1]:
                # It has no text of its own, so it would have the new one that all have.
                now = fallback[2]
            if now == part.wanted:
                continue
            if not dry:
                await messenger.call(part.put[0], **part.put[1])
            differences.append(Difference(part.what, _shown(now), _shown(part.wanted)))
        except Undelivered as problem:
            left.append(_in_words(part.what, problem))
    return Setup(tuple(differences), tuple(left))


def _in_words(what: str, problem: Undelivered) -> str:
    if isinstance(problem, TryLater) and problem.after:
        wait = age(problem.after)
        return (
            f"{what}: Telegram allows no more changes of it now. Run this again in {wait} at the"
            " earliest"
        )
    if isinstance(problem, Unreachable):
        return f"{what}: they have not written to the bot yet. Run this again when they have"
    if isinstance(problem, Rejected):
        return f"{what}: Telegram refuses it ({problem})"
    return f"{what}: Telegram cannot be reached. Run this again later"


def _shown(value: str | list[Command]) -> str:
    if isinstance(value, str):
        return value
    return ", ".join(f"/{one['command']}: {one['description']}" for one in value)


async def set_up(settings: Settings, *, dry: bool) -> Setup:
    """Do so from the command line. Errors: `TokenRefused`, `NoTelegram`."""
    clock = SystemClock()
    application = make_application(bot_of(settings))
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await introduce(application, clock)
        return await bring_up_to_date(
            BotMessenger(application.bot, Pacing(clock)), settings, dry=dry
        )
    except TimeoutError:
        raise NoTelegram(
            f"Telegram did not answer within {PATIENCE_SECONDS:.0f} seconds: check the network and "
            "telegram.base_url, then try again"
        ) from None
    finally:
        await close(application)
