"""One attempt to tell: programs and https servers that do what they should, and those that do not."""

import asyncio
import datetime
import json
import ssl
import stat
from collections.abc import AsyncIterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from console.machines.delivery import Outcome, post, run_command
from console.machines.hooks import News, deliver
from console.model.config import HookConfig
from tests.machines.states import event
from tests.waiting import eventually

BODY = b'{"text": "web-a MASTER \xe2\x86\x92 BACKUP"}'
SECRET = "s3cr3t-t0ken"


def script(tmp_path: Path, text: str) -> str:
    path = tmp_path / "hook"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(stat.S_IRWXU)
    return str(path)


async def run(argv: list[str], deadline: float = 30) -> Outcome:
    return await run_command(argv, BODY, {"MIRRORGATE_KIND": "role"}, deadline)


async def test_a_command_gets_the_event_on_standard_input_and_nothing_of_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/tmp/agent")
    out = tmp_path / "out"
    assert (
        await run([script(tmp_path, f'cat > {out}; echo; env >> {out}; echo "$1" >> {out}'), "$(id)"])
        == Outcome()
    )
    text = out.read_bytes()
    assert text.startswith(BODY)
    assert b"MIRRORGATE_KIND=role\n" in text
    assert b"SSH_AUTH_SOCK" not in text
    assert text.endswith(b"$(id)\n")


async def test_a_command_that_does_not_read_is_no_failure() -> None:
    assert await run_command(["/bin/true"], b"x" * 1_000_000, {}, 30) == Outcome()


async def test_a_command_that_fails_says_its_exit_status() -> None:
    assert await run(["/bin/sh", "-c", "exit 7"]) == Outcome("exit status 7", again=True)


async def test_a_command_that_is_not_there_is_not_tried_again() -> None:
    outcome = await run(["/nonexistent/hook"])
    assert outcome == Outcome("/nonexistent/hook cannot be started: No such file or directory")


async def test_a_command_that_hangs_is_killed_with_all_it_started(tmp_path: Path) -> None:
    pipe = tmp_path / "alive"
    # Whoever of them lives holds the file's lock.
    text = f'exec 9>"{pipe}"; flock 9; sleep 600 & sleep 600'
    assert await run([script(tmp_path, text)], deadline=1) == Outcome("not done within 1 s", again=True)
    free = await asyncio.create_subprocess_exec("flock", "-w", "30", str(pipe), "true")
    assert await free.wait() == 0


async def test_a_command_is_killed_when_we_leave(tmp_path: Path) -> None:
    pipe, started = tmp_path / "alive", tmp_path / "started"
    text = f'exec 9>"{pipe}"; flock 9; : > "{started}"; sleep 600'
    task = asyncio.create_task(run([script(tmp_path, text)], deadline=300))
    await eventually(started.exists)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    free = await asyncio.create_subprocess_exec("flock", "-w", "30", str(pipe), "true")
    assert await free.wait() == 0


class Receiver:
    """An https server on loopback with a certificate of its own; answers what it is told to."""

    def __init__(self, directory: Path) -> None:
        self.ca = directory / "ca.pem"
        self.answer = b"HTTP/1.1 204 No Content\r\n\r\n"
        self.got: list[bytes] = []
        self.port = 0
        self._key = directory / "key.pem"
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self) -> asyncio.Server:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver")])
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        self.ca.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        self._key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca, self._key)
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(
            next(w.split(b":")[1] for w in head.split(b"\r\n") if w.lower().startswith(b"content-length"))
        )
        self.got.append(head + await reader.readexactly(length))
        writer.write(self.answer)
        if self.answer:
            writer.close()

    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}/hook/{SECRET}?a=b"

    async def post(self, deadline: float = 30) -> Outcome:
        return await post(self.url(), BODY, str(self.ca), deadline)


@pytest.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[Receiver]:
    one = Receiver(tmp_path)
    server = await one.start()
    yield one
    server.close()


async def test_a_webhook_gets_the_event_as_json(receiver: Receiver) -> None:
    assert await receiver.post() == Outcome()
    head, _, body = receiver.got[0].partition(b"\r\n\r\n")
    assert head.startswith(
        f"POST /hook/{SECRET}?a=b HTTP/1.1\r\nHost: 127.0.0.1:{receiver.port}\r\n".encode()
    )
    assert b"Content-Type: application/json" in head
    assert body == BODY


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", Outcome()),
        (b"HTTP/1.1 500 Oops\r\n\r\n", Outcome("HTTP status 500", again=True)),
        (b"HTTP/1.1 429 Slowly\r\n\r\n", Outcome("HTTP status 429", again=True)),
        (b"HTTP/1.1 403 No\r\n\r\n", Outcome("HTTP status 403")),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n", Outcome("HTTP status 302")),
        (b"SSH-2.0-OpenSSH\r\n", Outcome("cannot be reached: it does not speak HTTP", again=True)),
        (b"x" * 100_000, Outcome("cannot be reached: it does not speak HTTP", again=True)),
    ],
)
async def test_answers_of_a_webhook(receiver: Receiver, answer: bytes, outcome: Outcome) -> None:
    receiver.answer = answer
    assert await receiver.post() == outcome
    assert len(receiver.got) == 1


async def test_a_webhook_that_does_not_answer_is_given_up_at_the_deadline(receiver: Receiver) -> None:
    receiver.answer = b""
    assert await receiver.post(deadline=1) == Outcome("no answer within 1 s", again=True)


async def test_a_certificate_that_is_not_trusted_gets_no_event(receiver: Receiver) -> None:
    outcome = await post(receiver.url(), BODY, None, 30)
    assert outcome.why.startswith("its certificate is not trusted: ")
    assert receiver.got == []


@pytest.mark.parametrize("missing", ["server", "ca"])
async def test_a_failure_never_quotes_the_address(receiver: Receiver, missing: str) -> None:
    url = receiver.url() if missing == "ca" else f"https://127.0.0.1:1/{SECRET}"
    outcome = await post(url, BODY, "/nonexistent" if missing == "ca" else str(receiver.ca), 30)
    assert outcome.again
    assert outcome.why.startswith("cannot be reached: ")
    assert SECRET not in outcome.why


async def test_hostile_words_arrive_as_text(receiver: Receiver, tmp_path: Path) -> None:
    bad = 'x\x1b]0;p\x07"; rm -rf / #\n$(id)`id`\u202e'
    news = News("www", event(bad))
    hook = HookConfig(name="h", webhook=receiver.url(), ca=str(receiver.ca))
    assert await deliver(hook, news) == Outcome()
    told = json.loads(receiver.got[0].partition(b"\r\n\r\n")[2])
    assert told["text"] == 'x␛]0;p␇"; rm -rf / #'
    out = tmp_path / "out"
    command = HookConfig(name="c", command=(script(tmp_path, f'printf %s "$MIRRORGATE_TEXT" > {out}'),))
    assert await deliver(command, news) == Outcome()
    assert out.read_text() == told["text"]


async def test_what_is_told(receiver: Receiver) -> None:
    hook = HookConfig(name="h", webhook=receiver.url(), ca=str(receiver.ca))
    for _ in range(2):
        await deliver(hook, News("www", event("web-a MASTER → BACKUP")))
    first, second = (json.loads(got.partition(b"\r\n\r\n")[2]) for got in receiver.got)
    assert first == second
    assert len(first.pop("id")) == 16
    assert first == {
        "pair": "www",
        "node": "web-a",
        "kind": "role",
        "severity": "warning",
        "text": "web-a MASTER → BACKUP",
        "time": 1_795_400_000.0,
        "at": "2026-11-23T02:13:20Z",
        "missed": 0,
    }
