"""The lab's control socket: faults from outside, one JSON object per line (`mirrorgate lab fault …`)."""

import asyncio
import json
import os
import socket
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

PREFIX = "mirrorgate-lab-"
_SOCKET = "control.sock"

Answer = dict[str, object]
Ask = Callable[[str, Sequence[str]], Awaitable[str]]


class Refused(Exception):
    """The lab does not know the fault, or its arguments make no sense."""


class Control:
    """Listens in the lab's directory and hands each request on."""

    def __init__(self, directory: Path, ask: Ask) -> None:
        self.path = directory / _SOCKET
        self._ask = ask
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Begin to listen; only this user can connect."""
        self._server = await asyncio.start_unix_server(self._serve, self.path)
        self.path.chmod(0o600)

    async def close(self) -> None:
        """Stop."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.close()
        with suppress(FileNotFoundError):
            self.path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, line: bytes) -> Answer:
        try:
            request = json.loads(line)
            name, arguments = str(request["fault"]), [str(word) for word in request.get("arguments", [])]
        except (ValueError, KeyError, TypeError, AttributeError):
            return {"ok": False, "error": 'expected {"fault": NAME, "arguments": [WORD, …]} on one line'}
        try:
            return {"ok": True, "says": await self._ask(name, arguments)}
        except Refused as refused:
            return {"ok": False, "error": str(refused)}


def running_labs() -> list[Path]:
    """Control sockets of labs that may run here, newest first; $MIRRORGATE_LAB names one directory."""
    if chosen := os.environ.get("MIRRORGATE_LAB"):
        return [Path(chosen) / _SOCKET]
    found = Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{_SOCKET}")
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def ask_lab(path: Path, name: str, arguments: Sequence[str], limit: float = 120.0) -> Answer:
    """Send one fault and wait for the answer; OSError when no lab listens there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(limit)
        connection.connect(str(path))
        connection.sendall(json.dumps({"fault": name, "arguments": list(arguments)}).encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            data = connection.recv(65536)
            if not data:
                break
            answer += data
    read: Answer = json.loads(answer) if answer.strip() else {"ok": False, "error": "the lab went away"}
    return read
