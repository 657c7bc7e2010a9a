"""One attempt to tell somebody of an event: a command is run, or a webhook is posted to.

Whatever happens becomes an `Outcome` within the deadline; nothing is raised, and no word of it holds the
address of a webhook, which may be a secret.
"""

import asyncio
import contextlib
import os
import signal
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from console.ssh.text import inert

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP answers that mean: come again. A redirection is not followed, it could lead anywhere."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: `why` it failed, empty when it did not; whether another one makes sense."""

    why: str = ""
    again: bool = False


async def run_command(
    argv: Sequence[str], body: bytes, variables: Mapping[str, str], deadline: float
) -> Outcome:
    """Run a program, without a shell and with nothing of our environment but the home directory."""
    environment = {"PATH": _PATH, "LANG": "C.UTF-8", "HOME": os.environ.get("HOME", "/"), **variables}
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    except OSError as odd:
        return Outcome(f"{argv[0]} cannot be started: {odd.strerror}")
    try:
        async with asyncio.timeout(deadline):
            await process.communicate(body)
    except TimeoutError:
        return Outcome(f"not done within {deadline:g} s", again=True)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return Outcome() if process.returncode == 0 else Outcome(f"exit status {process.returncode}", again=True)


async def post(address: str, body: bytes, ca: str | None, deadline: float) -> Outcome:
    """Post JSON to an https address; any 2xx is success."""
    try:
        async with asyncio.timeout(deadline):
            status = await _status(address, body, ca)
    except TimeoutError:
        return Outcome(f"no answer within {deadline:g} s", again=True)
    except ssl.SSLCertVerificationError as odd:
        return Outcome(f"its certificate is not trusted: {inert(odd.verify_message)}", again=True)
    except (OSError, EOFError, ValueError) as odd:
        return Outcome(f"cannot be reached: {_words(odd)}", again=True)
    return Outcome() if 200 <= status < 300 else Outcome(f"HTTP status {status}", again=status in _AGAIN)


async def _status(address: str, body: bytes, ca: str | None) -> int:
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or 443
    trust = await asyncio.to_thread(_trust, ca)
    reader, writer = await asyncio.open_connection(host, port, ssl=trust, limit=4096)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        head = (
            f"POST {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: mirrorgate\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode("ascii") + body)
        await writer.drain()
        words = (await reader.readline()).split(b" ", 2)
        if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
            raise ValueError("not an HTTP answer")
        return int(words[1][:3])
    finally:
        # Nothing that the other side still says matters.
        writer.transport.abort()


@lru_cache(maxsize=32)
def _trust(ca: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca)


def _words(odd: Exception) -> str:
    """What went wrong without the address: an OSError's own text may quote it."""
    if isinstance(odd, ssl.SSLError):
        return odd.reason or "TLS failed"
    if isinstance(odd, OSError):
        return odd.strerror or type(odd).__name__
    return "it does not speak HTTP"
