"""A small HTTP server that behaves like the Bot API, or fails in exactly the way it is told to."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl


@dataclass
class Call:
    """One request as it arrived."""

    method: str
    params: dict
    body: bytes
    content_type: str
    path: str


@dataclass
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


Behaviour = Callable[["FaultServer", Call, Connection], Awaitable[bool]]


def answers(status: int, body: bytes | dict, headers: dict[str, str] | None = None) -> Behaviour:
    """Answer with this status and body."""
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(payload)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]

    async def behave(server: FaultServer, call: Call, at: Connection) -> bool:
        at.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + payload)
        await at.writer.drain()
        return True

    return behave


def refuses(status: int, description: str, **parameters: object) -> Behaviour:
    """Refuse as the Bot API does."""
    body: dict = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = parameters
    return answers(status, body)


def succeeds(result: object) -> Behaviour:
    return answers(200, {"ok": True, "result": result})


def sends_raw(payload: bytes) -> Behaviour:
    """Write these bytes and cut the connection."""

    async def behave(server: FaultServer, call: Call, at: Connection) -> bool:
        at.writer.write(payload)
        await at.writer.drain()
        return False

    return behave


async def cuts(server: FaultServer, call: Call, at: Connection) -> bool:
    """Read the whole request and cut the connection without a word."""
    return False


def waits(seconds: float, then: Behaviour | None = None) -> Behaviour:
    async def behave(server: FaultServer, call: Call, at: Connection) -> bool:
        await asyncio.sleep(seconds)
        return await (then or succeeds(True))(server, call, at)

    return behave


async def hangs(server: FaultServer, call: Call, at: Connection) -> bool:
    """Never answer, until the client goes away."""
    await at.reader.read()
    return False


@dataclass
class FaultServer:
    """Speaks just enough HTTP; behaves well unless told otherwise, once per `on`, in order."""

    port: int = 0
    calls: list[Call] = field(default_factory=list)
    updates: list[object] = field(default_factory=list)
    connections: int = 0
    cut_before_reading: int = 0

    def __post_init__(self) -> None:
        self._planned: dict[str, deque[Behaviour]] = defaultdict(deque)
        self._always: dict[str, Behaviour] = {}
        self._message_ids = itertools.count(100)
        self._news = asyncio.Event()
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def on(self, method: str, *behaviours: Behaviour) -> None:
        self._planned[method].extend(behaviours)

    def always(self, method: str, behaviour: Behaviour | None) -> None:
        if behaviour is None:
            self._always.pop(method, None)
        else:
            self._always[method] = behaviour

    def of(self, method: str) -> list[dict]:
        """Give the parameters of every call of a method."""
        return [call.params for call in self.calls if call.method == method]

    @property
    def methods(self) -> list[str]:
        return [call.method for call in self.calls]

    def add(self, *updates: object) -> None:
        self.updates += updates
        self._news.set()

    async def until(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - conditions have no event
                await asyncio.sleep(0.005)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open[writer] = asyncio.current_task()
        try:
            if self.cut_before_reading:
                self.cut_before_reading -= 1
                return
            while await self._serve(Connection(reader, writer)):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client is gone, or the server is being closed
        finally:
            del self._open[writer]
            writer.close()

    async def _serve(self, at: Connection) -> bool:
        head = (await at.reader.readuntil(b"\r\n\r\n")).decode()
        request_line, *lines = head.split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (x.partition(":") for x in lines)}
        body = await self._body(at.reader, headers)
        path = request_line.split(" ")[1]
        kind = headers.get("content-type", "")
        params: dict = {}
        if "json" in kind:
            params = json.loads(body)
        elif "urlencoded" in kind:
            params = dict(parse_qsl(body.decode()))
        call = Call(path.rpartition("/")[2], params, body, kind, path)
        self.calls.append(call)
        planned = self._planned[call.method]
        if planned:
            return await planned.popleft()(self, call, at)
        if call.method in self._always:
            return await self._always[call.method](self, call, at)
        return await succeeds(await self._result(call))(self, call, at)

    @staticmethod
    async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
        if "content-length" in headers:
            return await reader.readexactly(int(headers["content-length"]))
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
        return body

    async def _result(self, call: Call) -> object:
        if call.method == "getMe":
            return {"id": 4242, "is_bot": True, "first_name": "Rapport", "username": "rapportbot"}
        if call.method in ("sendMessage", "sendPhoto", "sendDocument"):
            return {"message_id": next(self._message_ids), "date": 0, "chat": {"id": 1}}
        if call.method == "getUpdates":
            return await self._wait_for_updates(call.params)
        return True

    async def _wait_for_updates(self, params: dict) -> list[object]:
        offset = params["offset"]

        def waiting(update: object) -> bool:
            return not isinstance(update, dict) or update.get("update_id") is None

        self.updates = [u for u in self.updates if waiting(u) or u["update_id"] >= offset]
        if not self.updates and params["timeout"]:
            self._news.clear()
            try:
                async with asyncio.timeout(params["timeout"]):
                    await self._news.wait()
            except TimeoutError:
                pass
        return self.updates[: params["limit"]]

    def close_connections(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def close(self) -> None:
        serving = [task for task in self._open.values() if task is not None]
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving)
