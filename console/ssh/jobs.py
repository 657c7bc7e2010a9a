"""The job script on a node: orders in, one answer each. Everything that changes a node goes through here."""

import asyncio
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

import asyncssh

from console.model.job import HandsLost, JobLook, JobState
from console.ssh.channel import ChannelClosed, SamplerChannel
from console.ssh.frames import BROKEN, Frame
from console.ssh.shell import SHELLS, Become, no_shell
from console.ssh.text import inert_bytes
from console.ssh.trouble import Trouble

SCRIPT = files("console.ssh").joinpath("jobs.sh").read_text("utf-8")
RUNNER = files("console.ssh").joinpath("runner.sh").read_text("utf-8")

HANDSHAKE_LIMIT = 10.0
"""Seconds from opening the channel to the script's first word."""
_CLOSING = 2.0

_FORMAT = {
    byte: chr(byte) if 0x20 <= byte < 0x7F and byte not in b"\\%" else f"\\{byte:03o}" for byte in range(256)
}
_FORMAT[ord("%")] = "%%"


def printf_format(data: bytes) -> str:
    """`data` as a format that every printf(1) writes as exactly these bytes; one line of ASCII."""
    text = "".join(map(_FORMAT.__getitem__, data))
    # A format that begins with a dash would be taken for an option.
    return f"\\055{text[1:]}" if text.startswith("-") else text


@dataclass(frozen=True, slots=True)
class Answer:
    """What the script said to one order."""

    status: int
    """0 done, 1 there is none, 3 the lock is not this run's, 4 it could not, 5 another holds the lock."""
    text: str
    """Inert."""
    parts: Mapping[str, bytes]
    """What came before, by name."""

    @property
    def fields(self) -> dict[str, str]:
        """The text's `name=value` lines."""
        return dict(line.split("=", 1) for line in self.text.splitlines() if "=" in line)


class JobChannel:
    """One channel with the job script on it. An answer that is late ends it: answers never mix."""

    def __init__(self, connection: asyncssh.SSHClientConnection, node: str) -> None:
        self._connection = connection
        self._node = node
        self._boundary = secrets.token_hex(16)
        hello = f"mirrorgate-jobs 1 {self._boundary}\n".encode()
        self._channel = SamplerChannel(self, self._boundary, hello=hello, raw=True)
        self._turn = asyncio.Lock()
        self._number = 0
        self._parts: dict[str, bytes] = {}
        self._waiting: asyncio.Future[Answer] | None = None
        self._ready = False
        self.lost = ""
        """Why it cannot be used any more; empty while it can."""

    @classmethod
    async def open(
        cls,
        connection: asyncssh.SSHClientConnection,
        node: str,
        *,
        become: Become = "none",
        script: str = SCRIPT,
        runner: str = RUNNER,
        limit: float = HANDSHAKE_LIMIT,
    ) -> "JobChannel":
        """Start the script on a node; raises HandsLost."""
        opened = cls(connection, node)
        try:
            async with asyncio.timeout(limit):
                await opened._start(become, script, runner)
        except TimeoutError as late:
            raise HandsLost(
                f"{node}: connected, but no shell started within {limit:.0f} s; "
                "the node is very busy or its disk hangs: look at its console"
            ) from late
        except asyncssh.ChannelOpenError as odd:
            raise HandsLost(
                f"{node}: sshd refuses another session; allow at least 10 in sshd_config (MaxSessions)"
            ) from odd
        except Trouble as trouble:
            raise HandsLost(trouble.line) from trouble
        except (OSError, asyncssh.Error) as odd:
            raise HandsLost(f"{node}: the connection broke at its start; connect again") from odd
        finally:
            if not opened._ready:
                opened._channel.close()
        return opened

    async def _start(self, become: Become, script: str, runner: str) -> None:
        channel = self._channel
        await self._connection.create_session(
            lambda: channel,
            SHELLS[become],
            encoding=None,
            request_pty=False,
            env=None,
            send_env=None,
            x11_forwarding=False,
        )
        channel.write(f"boundary={self._boundary}\n{script}")
        try:
            await channel.greeted
        except ChannelClosed as odd:
            raise no_shell(self._node, become, channel.said, channel.exit_status) from odd
        await self.call("hello", payload=[printf_format(runner.encode("utf-8"))], limit=HANDSHAKE_LIMIT)
        self._ready = True

    async def call(self, verb: str, *words: str, payload: Sequence[str] = (), limit: float) -> Answer:
        """Send one order and wait for its answer; raises HandsLost, after which nothing more can be sent.

        `payload` are further lines. Cancelling leaves the order with the node, and its answer is dropped.
        """
        async with self._turn:
            if self.lost:
                raise HandsLost(self.lost)
            self._number += 1
            self._parts = {}
            waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
            self._waiting = waiting
            self._channel.write(
                "".join(f"{line}\n" for line in (_order(verb, self._number, words), *payload))
            )
            try:
                async with asyncio.timeout(limit):
                    return await waiting
            except TimeoutError as late:
                self._end(f"no answer within {limit:.0f} s; look at the node's console, then connect again")
                raise HandsLost(self.lost) from late
            finally:
                self._waiting = None

    def take(self, channel: SamplerChannel, frames: Sequence[Frame]) -> None:
        """Frames of the order that waits; those of one that nobody waits for any more are dropped."""
        for frame in frames:
            waiting = self._waiting
            if frame.tick != self._number or waiting is None or waiting.done():
                continue
            if frame.exit_status == BROKEN:
                self._end("an answer came broken; connect again")
            elif frame.section != "answer":
                self._parts[frame.section] = frame.raw
            else:
                waiting.set_result(Answer(frame.exit_status, frame.text, self._parts))

    def ended(self, channel: SamplerChannel, why: Exception | None) -> None:
        """The channel closed."""
        self._end("the connection was lost; connect again")

    def _end(self, why: str) -> None:
        if not self.lost:
            self.lost = f"{self._node}: {why}"
        waiting = self._waiting
        if waiting is not None and not waiting.done():
            waiting.set_exception(HandsLost(self.lost))
        self._channel.close()

    async def close(self) -> None:
        """Close the channel; jobs go on."""
        if not self.lost:
            self.lost = f"{self._node}: these hands were closed; connect again"
        self._channel.close()
        try:
            async with asyncio.timeout(_CLOSING):
                await self._channel.wait_closed()
        except TimeoutError:
            # The connection's end takes it along.
            return


def _order(verb: str, number: int, words: Sequence[str]) -> str:
    return " ".join((verb, str(number), *words))


def job_look(answer: Answer, out_offset: int, err_offset: int) -> JobLook:
    """A job's directory as the script reported it. What makes no sense is never an end, and never success."""
    said = answer.fields
    out, err = answer.parts.get("out", b""), answer.parts.get("err", b"")
    state, code = _state(said)
    return JobLook(
        state,
        code,
        inert_bytes(out),
        inert_bytes(err),
        out_offset + len(out),
        err_offset + len(err),
        _number(said.get("started")),
        _number(said.get("ended")) if state is JobState.ENDED else None,
    )


def _state(said: Mapping[str, str]) -> tuple[JobState, int | None]:
    code = said.get("code", "")
    if said.get("claimed") != "yes":
        return JobState.ABSENT, None
    if re.fullmatch(r"[0-9]{1,3}", code) and _number(said.get("ended")) is not None:
        return JobState.ENDED, int(code)
    if said.get("begun") != "yes":
        return JobState.CLAIMED, None
    if said.get("alive") != "no":
        # A search for its process that failed says nothing: it is looked for again.
        return JobState.RUNNING, None
    if said.get("boot") and said["boot"] != said.get("now"):
        return JobState.INTERRUPTED, None
    return JobState.VANISHED, None


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and re.fullmatch(r"[0-9]{1,12}", text) else None
