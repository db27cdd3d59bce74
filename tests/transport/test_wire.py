"""What comes back on a connection, in every shape that HTTP/1.1 allows; and when it is kept."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.transport import wire
from bot.transport.wire import Answer, Limits, NotSent, Unanswered, Wire

LIMITS = Limits(1.0, 1.0, 2.0)
FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class RawServer:
    """Answers each request with the next bytes it was given; hangs up after `close_after`."""

    answers: list[bytes] = field(default_factory=list)
    close_after: int = 0
    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
                self.requests.append(head + await reader.readexactly(size))
                writer.write(self.answers.pop(0) if self.answers else FINE)
                await writer.drain()
                if len(self.requests) == self.close_after:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def at(self, path: str = "/bot1:x/sendMessage", scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"


@pytest.fixture
async def raw() -> AsyncIterator[RawServer]:
    it = RawServer()
    listening = await asyncio.start_server(it.connected, "127.0.0.1", 0)
    it.port = listening.sockets[0].getsockname()[1]
    yield it
    listening.close()


Ask = Callable[..., Awaitable[Answer]]


@pytest.fixture
async def ask(raw: RawServer) -> AsyncIterator[Ask]:
    """Make a request on two connections at most."""
    it = Wire(2, "Rapport")

    async def asking(url: str = "", body: bytes = b"{}", limits: Limits = LIMITS) -> Answer:
        return await it.exchange("POST", url or raw.at(), "application/json", body, limits)

    yield asking
    it.close()
    await asyncio.sleep(0)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(FINE, id="with a length"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
            id="in chunks",
        ),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + FINE, id="announced"),
        pytest.param(FINE.replace(b"Content-Length", b"cOnTeNt-lEnGtH"), id="in odd letters"),
    ],
)
async def test_an_answer_is_whole_and_its_connection_used_again(raw, ask, answer):
    raw.answers = [answer, answer]
    for _ in range(2):
        assert await ask() == Answer(200, "", b"ok")
    assert raw.connections == 1


async def test_an_answer_without_a_length_ends_with_its_connection(raw, ask):
    raw.answers, raw.close_after = [b"HTTP/1.1 200 OK\r\n\r\nok"], 1
    assert (await ask()).body == b"ok"
    assert (await ask()).body == b"ok"
    assert raw.connections == 2


async def test_an_answer_cut_short_is_none(raw, ask):
    raw.answers, raw.close_after = [FINE[:-1]], 1
    with pytest.raises(Unanswered, match="ConnectionLost"):
        await ask()


async def test_a_connection_that_the_server_wants_closed_is_not_used_again(raw, ask):
    raw.answers = [FINE.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")]
    await ask()
    await ask()
    assert raw.connections == 2


@pytest.mark.parametrize("more", [FINE, b"noise", b"HTTP/1.1 100 Continue\r\n\r\n"])
async def test_what_answers_no_request_is_for_none(raw, ask, more):
    raw.answers = [FINE + more, FINE.replace(b"ok", b"no")]
    assert (await ask()).body == b"ok"
    assert (await ask()).body == b"no"
    assert raw.connections == 2


async def test_an_old_connection_is_not_used_again(raw, ask, monkeypatch):
    monkeypatch.setattr(wire, "_KEEP_ALIVE_SECONDS", 0.01)
    await ask()
    await asyncio.sleep(0.02)
    await ask()
    assert raw.connections == 2


async def test_a_call_that_is_given_up_takes_its_connection_with_it(raw, ask):
    raw.answers = [b""]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await ask()
    raw.answers = [FINE.replace(b"ok", b"no")]
    assert (await ask()).body == b"no"
    assert raw.connections == 2


async def test_a_server_that_stays_silent_is_given_up(raw, ask):
    raw.answers = [b""]
    with pytest.raises(Unanswered, match="ReadTimeout"):
        await ask(limits=Limits(1.0, 0.05, 1.0))


async def test_more_calls_than_connections_wait_for_each_other(raw, ask):
    answers = await asyncio.gather(*(ask() for _ in range(7)))
    assert [answer.body for answer in answers] == [b"ok"] * 7
    assert raw.connections == 2


async def test_a_request_says_what_it_must(raw, ask):
    await ask(raw.at().replace("127.0.0.1", "ben:p%40ss@localhost"), body=b'{"a": 1}')
    head, _, body = raw.requests[0].partition(b"\r\n\r\n")
    assert body == b'{"a": 1}'
    assert head.decode().split("\r\n") == [
        "POST /bot1:x/sendMessage HTTP/1.1",
        f"Host: localhost:{raw.port}",
        "Authorization: Basic YmVuOnBAc3M=",
        "User-Agent: Rapport",
        "Content-Type: application/json",
        "Content-Length: 8",
    ]


async def test_a_large_body_arrives_whole(raw, ask):
    body = bytes(range(256)) * 20_000
    await ask(body=body)
    assert raw.requests[0].endswith(b"\r\n\r\n" + body)


@pytest.mark.parametrize(
    "url",
    ["http://localhost/a\r\nb", "http://localhost/a b", "http://[::1", "http://localhost:x/",
     "ftp://localhost/", "http:///a", "http://lo\u0441alhost/"],
)  # fmt: skip
async def test_what_is_no_address_is_not_asked(ask, url):
    with pytest.raises(NotSent, match="InvalidURL"):
        await ask(url)


async def test_another_server_gets_a_connection_of_its_own(raw, ask):
    await ask()
    await ask(raw.at().replace("127.0.0.1", "localhost"))
    assert raw.connections == 2


# TLS


@pytest.fixture
async def safe(tmp_path) -> AsyncIterator[RawServer]:
    """A server with a certificate of its own, for its address."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    plain = serialization.NoEncryption()
    pem, kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (tmp_path / "key.pem").write_bytes(key.private_bytes(pem, kind, plain))
    (tmp_path / "cert.pem").write_bytes(made.public_bytes(pem))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    it = RawServer()
    listening = await asyncio.start_server(it.connected, "127.0.0.1", 0, ssl=context)
    it.port = listening.sockets[0].getsockname()[1]
    yield it
    listening.close()


async def test_a_certificate_that_nobody_vouches_for_is_not_talked_to(safe, ask):
    with pytest.raises(NotSent, match="SSLCertVerificationError"):
        await ask(safe.at(scheme="https").replace("127.0.0.1", "localhost"))
    assert safe.requests == []


async def test_tls_is_spoken_and_its_connection_used_again(safe, ask, tmp_path, monkeypatch):
    trusted = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    monkeypatch.setattr(wire, "_tls", lambda: trusted)
    body = b"x" * 200_000
    for _ in range(3):
        answer = await ask(safe.at(scheme="https").replace("127.0.0.1", "localhost"), body=body)
        assert answer.body == b"ok"
    assert safe.connections == 1
    assert all(request.endswith(body) for request in safe.requests)
    with pytest.raises(NotSent, match="SSLCertVerificationError"):  # for another name
        await ask(safe.at(scheme="https"))


async def test_a_goodbye_by_tls_is_heard(safe, ask, tmp_path, monkeypatch):
    trusted = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    monkeypatch.setattr(wire, "_tls", lambda: trusted)
    url = safe.at(scheme="https").replace("127.0.0.1", "localhost")
    safe.close_after = 1
    await ask(url)
    await ask(url)
    assert safe.connections == 2
