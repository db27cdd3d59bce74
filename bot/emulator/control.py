"""The people of an emulator that runs in another process.

Mirrors `Emulator` and `Person` over `/_control/…`. Owns the HTTP client for that and nothing
more; it is synchronous, because a test that kills processes has no event loop to share.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

from bot.emulator.control_api import from_json, to_json
from bot.emulator.phone import Answer, Seen

_ERRORS: dict[str, type[Exception]] = {
    "KeyError": KeyError,
    "LookupError": LookupError,
    "PermissionError": PermissionError,
    "TimeoutError": TimeoutError,
    "TypeError": TypeError,
    "ValueError": ValueError,
}
_PATIENCE_SECONDS = 60


class Control:
    """A remote emulator. `url`: what `python -m bot.emulator` printed, or `base_url`."""

    def __init__(self, url: str) -> None:
        self._host = urlsplit(url).netloc
        self._connection = http.client.HTTPConnection(self._host, timeout=_PATIENCE_SECONDS)

    def ask(self, act: str, **body: Any) -> Any:
        """Do one act and give its result; raises what the act raised."""
        self._connection.request("POST", f"/_control/{act}", orjson.dumps(body))
        answer = orjson.loads(self._connection.getresponse().read())
        if "error" in answer:
            raise _ERRORS.get(answer["error"], RuntimeError)(answer["message"])
        return answer["result"]

    def person(
        self,
        name: str,
        language_code: str | None = "en",
        username: str | None = None,
        id: int | None = None,
    ) -> RemotePerson:
        """Create somebody who has not started the bot yet; raises ValueError for an id in use."""
        made = self.ask("person", name=name, language_code=language_code, username=username, id=id)
        return RemotePerson(self, made["id"], name)

    def journal(self, after: int = 0) -> list[dict[str, Any]]:
        """Read the journal's entries above a sequence number, as JSON objects."""
        entries: list[dict[str, Any]] = self.ask("journal", after=after)
        return entries

    def fault(self, kind: str, **how: Any) -> str:
        """Script a fault; the arguments are those of `Faults.add`."""
        return str(self.ask("fault", kind=kind, **how))

    def disturb_updates(self, repeat: float = 0.0, *, shuffle: bool = False) -> None:
        """Hand confirmed updates out again with a chance, and batches in random order."""
        self.ask("updates", repeat=repeat, shuffle=shuffle)

    def clear_faults(self) -> None:
        """End all faults."""
        self.ask("clear")

    def release(self) -> None:
        """Let go of the calls that hang in a black hole."""
        self.ask("release")

    def inject(self, update: dict[str, Any]) -> int:
        """Queue a raw update; gives its id."""
        return int(self.ask("inject", update=update))

    @property
    def pending(self) -> int:
        """Number of updates the bot has not confirmed."""
        return int(self.ask("state")["pending"])

    @property
    def polling(self) -> bool:
        """Whether a getUpdates call hangs right now."""
        return bool(self.ask("state")["polling"])

    def now(self) -> int:
        """Give the emulator's present instant, UTC milliseconds."""
        return int(self.ask("state")["now"])

    def advance_to(self, instant: int) -> None:
        """Move the emulator's clock; raises ValueError when it cannot be moved."""
        self.ask("advance", to=instant)

    def quiet(self, timeout_seconds: float = 5.0) -> None:
        """Wait until the bot has nothing left to do; raises TimeoutError."""
        self.ask("quiet", timeout_seconds=timeout_seconds)

    def wait_until(self, is_so: Callable[[], bool], timeout_seconds: float = 5.0) -> None:
        """Wait until `is_so()` holds, asked anew after each change; raises TimeoutError."""
        deadline = time.monotonic() + timeout_seconds
        seen = int(self.ask("changed", after=-1, timeout_seconds=0))
        while not is_so():
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("it did not come to that")
            seen = int(self.ask("changed", after=seen, timeout_seconds=left))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@dataclass(slots=True)
class RemoteTap:
    """A tapped button of a remote person; asks for its answer when looked at."""

    _control: Control
    id: str
    data: str

    @property
    def answered(self) -> bool:
        """Whether the bot has answered."""
        return self.answer is not None

    @property
    def answer(self) -> Answer | None:
        """The answer, None as long as there is none."""
        answer = self._control.ask("tapped", tap=self.id)["answer"]
        return Answer(**answer) if answer else None

    def wait(self, timeout_seconds: float = 5.0) -> Answer:
        """Wait for the answer; raises TimeoutError."""
        self._control.wait_until(lambda: self.answered, timeout_seconds)
        answer = self.answer
        if answer is None:
            raise LookupError(f"the answer to the tap on {self.data!r} is gone")
        return answer


class RemotePerson:
    """A person of a remote emulator; the same acts as `Person`."""

    def __init__(self, control: Control, person_id: int, name: str) -> None:
        self._control = control
        self.id = person_id
        self.name = name

    def start(self, payload: str | None = None) -> Seen:
        """Press Start, or follow a deep link."""
        return self._seen("start", payload=payload)

    def send(self, text: str) -> Seen:
        """Write a text."""
        return self._seen("send", text=text)

    def send_voice(self) -> Seen:
        """Send a voice message."""
        return self._seen("voice")

    def send_photo(self, caption: str = "") -> Seen:
        """Send a picture."""
        return self._seen("photo", caption=caption)

    def send_sticker(self) -> Seen:
        """Send a sticker."""
        return self._seen("sticker")

    def edit(self, message: Seen, text: str) -> Seen:
        """Change an own message."""
        return self._seen("edit", message=to_json(message), text=text)

    def tap(self, button: str, message: Seen | None = None) -> RemoteTap:
        """Tap a button, by its whole label or its callback data; see `Person.tap`."""
        shown = to_json(message) if message else None
        tap = self._ask("tap", message=shown, button=button)
        return RemoteTap(self._control, tap["id"], tap["data"])

    def block(self) -> None:
        """Block the bot."""
        self._ask("block")

    def unblock(self) -> None:
        """Unblock the bot."""
        self._ask("unblock")

    def deactivate(self) -> None:
        """Delete the person's account."""
        self._ask("deactivate")

    @property
    def chat(self) -> list[Seen]:
        """All visible messages, oldest first."""
        return [from_json(body) for body in self._ask("chat")]

    @property
    def last(self) -> Seen:
        """The newest message of the bot; raises LookupError when there is none."""
        for seen in reversed(self.chat):
            if seen.from_bot:
                return seen
        raise LookupError("the bot has written nothing here")

    def see(self, what: str | Callable[[Seen], bool]) -> Seen | None:
        """Find the newest message of the bot that holds a text or satisfies a predicate."""
        for seen in reversed(self.chat):
            if seen.from_bot and (what in seen.text if isinstance(what, str) else what(seen)):
                return seen
        return None

    def watch(self, what: str | Callable[[Seen], bool], timeout_seconds: float = 5.0) -> Seen:
        """Wait until the bot has such a message here; raises TimeoutError."""
        found: list[Seen] = []

        def is_there() -> bool:
            seen = self.see(what)
            if seen is not None:
                found.append(seen)
            return seen is not None

        self._control.wait_until(is_there, timeout_seconds)
        return found[-1]

    def _ask(self, act: str, **body: Any) -> Any:
        return self._control.ask(act, id=self.id, **body)

    def _seen(self, act: str, **body: Any) -> Seen:
        return from_json(self._ask(act, **body))
