"""The people of an emulator that runs in another process.

    async with Control(url) as control:            # what `python -m bot.emulator` printed
        anna = await control.person("Anna")
        await anna.start()
        prompt = await anna.watch("short check-in")
        tap = await anna.tap("7", prompt)
        await tap.wait()

Mirrors `Emulator` and `Person` over `/_control/…`: the same names and the same errors, with an
`await` before each. Owns the HTTP client for that and nothing more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
import orjson

from bot.emulator.control_api import from_json, to_json
from bot.emulator.phone import Answer, Predicate, Seen

_ERRORS: dict[str, type[Exception]] = {
    "KeyError": KeyError,
    "LookupError": LookupError,
    "PermissionError": PermissionError,
    "TimeoutError": TimeoutError,
    "TypeError": TypeError,
    "ValueError": ValueError,
}


class Control:
    """A remote emulator. `url`: any address under it, such as its `base_url`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._root = f"{parts.scheme}://{parts.netloc}/_control/"
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def ask(self, act: str, **body: Any) -> Any:
        """Do one act and give its result; raises what the act raised."""
        if self._session is None:
            raise RuntimeError("a Control is used within `async with`")
        async with self._session.post(self._root + act, data=orjson.dumps(body)) as response:
            answer = orjson.loads(await response.read())
        if "error" in answer:
            raise _ERRORS.get(answer["error"], RuntimeError)(answer["message"])
        return answer["result"]

    async def person(
        self,
        name: str,
        language_code: str | None = "en",
        username: str | None = None,
        id: int | None = None,
    ) -> RemotePerson:
        """Create somebody who has not started the bot yet; raises ValueError for an id in use."""
        made = await self.ask(
            "person", name=name, language_code=language_code, username=username, id=id
        )
        return RemotePerson(self, made["id"], name)

    async def journal(self, after: int = 0) -> list[dict[str, Any]]:
        """Read the journal's entries above a sequence number, as JSON objects.

        Raises LookupError when the emulator no longer keeps some of them.
        """
        entries: list[dict[str, Any]] = await self.ask("journal", after=after)
        return entries

    async def fault(self, kind: str, **how: Any) -> str:
        """Script a fault; the arguments are those of `Faults.add`. Gives its name."""
        return str(await self.ask("fault", kind=kind, **how))

    async def disturb_updates(self, repeat: float = 0.0, *, shuffle: bool = False) -> None:
        """Hand confirmed updates out again with a chance, and batches in random order."""
        await self.ask("updates", repeat=repeat, shuffle=shuffle)

    async def clear_faults(self) -> None:
        """End all faults."""
        await self.ask("clear")

    async def release(self) -> None:
        """Let go of the calls that hang in a black hole."""
        await self.ask("release")

    async def inject(self, update: dict[str, Any]) -> int:
        """Queue a raw update; gives its id."""
        return int(await self.ask("inject", update=update))

    async def pending(self) -> int:
        """Count the updates the bot has not confirmed."""
        return int((await self.ask("state"))["pending"])

    async def polling(self) -> bool:
        """Tell whether a getUpdates call hangs right now."""
        return bool((await self.ask("state"))["polling"])

    async def now(self) -> int:
        """Give the emulator's present instant, UTC milliseconds."""
        return int((await self.ask("state"))["now"])

    async def advance_to(self, instant: int) -> None:
        """Move the emulator's clock; raises ValueError when it cannot be moved."""
        await self.ask("advance", to=instant)

    async def quiet(self, timeout_seconds: float = 5.0) -> None:
        """Wait until nothing is pending, no call is under way and a poll hangs.

        Raises TimeoutError.
        """
        await self.ask("quiet", timeout_seconds=timeout_seconds)

    async def wait_until(
        self, is_so: Callable[[], Awaitable[bool]], timeout_seconds: float = 5.0
    ) -> None:
        """Wait until `is_so()` gives true, asked anew after each entry of the journal.

        Raises TimeoutError.
        """
        now = asyncio.get_running_loop().time
        deadline = now() + timeout_seconds
        seen = int(await self.ask("changed", after=-1, timeout_seconds=0))
        while not await is_so():
            left = deadline - now()
            if left <= 0:
                raise TimeoutError("it did not come to that")
            seen = int(await self.ask("changed", after=seen, timeout_seconds=left))


class RemoteTap:
    """A tapped button of a remote person."""

    def __init__(self, control: Control, tap_id: str, data: str) -> None:
        self._control = control
        self.id = tap_id
        self.data = data

    async def answer(self) -> Answer | None:
        """Give the answer, None as long as there is none."""
        answer = (await self._control.ask("tapped", tap=self.id))["answer"]
        return Answer(**answer) if answer else None

    async def wait(self, timeout_seconds: float = 5.0) -> Answer:
        """Wait for the answer; raises TimeoutError."""
        body = await self._control.ask("answered", tap=self.id, timeout_seconds=timeout_seconds)
        return Answer(**body)


class RemotePerson:
    """A person of a remote emulator; the same acts as `Person`."""

    def __init__(self, control: Control, person_id: int, name: str) -> None:
        self._control = control
        self.id = person_id
        self.name = name

    async def start(self, payload: str | None = None) -> Seen:
        """Press Start, or follow a deep link."""
        return await self._seen("start", payload=payload)

    async def send(self, text: str) -> Seen:
        """Write a text."""
        return await self._seen("send", text=text)

    async def send_voice(self) -> Seen:
        """Send a voice message."""
        return await self._seen("voice")

    async def send_photo(self, caption: str = "") -> Seen:
        """Send a picture."""
        return await self._seen("photo", caption=caption)

    async def send_sticker(self) -> Seen:
        """Send a sticker."""
        return await self._seen("sticker")

    async def edit(self, message: Seen, text: str) -> Seen:
        """Change an own message."""
        return await self._seen("edit", message=to_json(message), text=text)

    async def tap(self, button: str, message: Seen | None = None) -> RemoteTap:
        """Tap a button, by its whole label or its callback data; see `Person.tap`."""
        shown = to_json(message) if message else None
        tap = await self._ask("tap", message=shown, button=button)
        return RemoteTap(self._control, tap["id"], tap["data"])

    async def block(self) -> None:
        """Block the bot."""
        await self._ask("block")

    async def unblock(self) -> None:
        """Unblock the bot."""
        await self._ask("unblock")

    async def deactivate(self) -> None:
        """Delete the person's account."""
        await self._ask("deactivate")

    async def chat(self) -> list[Seen]:
        """List all visible messages, oldest first."""
        return [from_json(body) for body in await self._ask("chat")]

    async def last(self) -> Seen:
        """Give the newest message of the bot; raises LookupError when there is none."""
        seen = await self.see(lambda seen: True)
        if seen is None:
            raise LookupError("the bot has written nothing here")
        return seen

    async def see(self, what: str | Predicate) -> Seen | None:
        """Find the newest message of the bot that holds a text or satisfies a predicate."""
        for seen in reversed(await self.chat()):
            if seen.from_bot and (what in seen.text if isinstance(what, str) else what(seen)):
                return seen
        return None

    async def watch(self, what: str | Predicate, timeout_seconds: float = 5.0) -> Seen:
        """Wait until the bot has such a message here; raises TimeoutError."""
        found: list[Seen] = []

        async def is_there() -> bool:
            seen = await self.see(what)
            found[:] = [] if seen is None else [seen]
            return seen is not None

        try:
            await self._control.wait_until(is_there, timeout_seconds)
        except TimeoutError:
            shown = [(seen.text, seen.labels) for seen in await self.chat()]
            raise TimeoutError(f"not seen: {what}; the chat shows {shown}") from None
        return found[0]

    async def _ask(self, act: str, **body: Any) -> Any:
        return await self._control.ask(act, id=self.id, **body)

    async def _seen(self, act: str, **body: Any) -> Seen:
        return from_json(await self._ask(act, **body))
