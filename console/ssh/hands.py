"""Hands on a node: what the engine changes it with. The connection may go at any moment, the jobs do not."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncssh

from console.model.asking import Asker
from console.model.config import NodeConfig
from console.model.job import HandsLost, HandsRefused, JobLook, JobState, LockLost
from console.model.lineage import OperatorLock
from console.ssh.commanding import ask
from console.ssh.connecting import connect
from console.ssh.jobs import RUNNER, SCRIPT, Answer, JobChannel, job_look, printf_format
from console.ssh.keys import Keyring
from console.ssh.text import one_line
from console.ssh.trouble import Trouble

CALL_LIMIT = 10.0
"""Seconds one order to a node may take."""
LONGEST_FILE = 1 << 20
_LONGEST_TEXT = 256 << 10
"""Bytes of a command or an input: the node's shell reads them one by one."""
_PATIENCE = 5.0
"""Seconds between TERM and KILL."""
_AFTERWARDS = 2.0
"""Seconds a job is given to end after KILL: one in an uninterruptible wait does not."""
_CLOSING = 2.0
_PATH = "PATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin; export PATH"

_ORDERS = {
    "launch": "start the job",
    "take": "take the lock",
    "beat": "renew the lock",
    "drop": "release the lock",
    "read": "read the file",
}
"""What an order does, for what is said of its failure."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class NodeHands:
    """Hands on one node over one connection; `console.engine.parties.Hands` says what each call does."""

    def __init__(
        self, connection: asyncssh.SSHClientConnection, node: NodeConfig, channel: JobChannel, limit: float
    ) -> None:
        self._connection = connection
        self._node = node
        self._channel = channel
        self._limit = limit
        self._seen = "*"
        """The lock that was shown last, as its run and beat; `*` when none was."""

    @classmethod
    async def on(
        cls,
        connection: asyncssh.SSHClientConnection,
        node: NodeConfig,
        *,
        script: str = SCRIPT,
        runner: str = RUNNER,
        limit: float = CALL_LIMIT,
    ) -> "NodeHands":
        """Start the job script over an open connection, which is these hands' own from now on.

        Raises:
            HandsLost: no shell, or no answer from it; the connection is closed then.
        """
        try:
            channel = await JobChannel.open(
                connection, node.name, become=node.become, script=script, runner=runner
            )
        except BaseException:
            connection.abort()
            raise
        return cls(connection, node, channel, limit)

    async def launch(self, job: str, text: str, *, run: str, input: bytes | None = None) -> JobLook:
        """Claim and start a job, once, and wait ~0.2 s for its end.

        Args:
            job: its id, a file name: letters, digits, `.`, `_` and `-`.
            text: a script for /bin/sh; lone surrogates stand for bytes that are not UTF-8.
            run: whose lock must be on the node.
            input: the job's standard input; it is gone from the node before the job reads it.

        Raises:
            LockLost: the node's lock is not this run's; nothing was started.
            HandsRefused: the node could not take the job; nothing was started.
            HandsLost: it may have been started; `look` tells.
            ValueError: an odd id, or text or input that no job can have.
        """
        script = text.encode("utf-8", "surrogateescape")
        if b"\0" in script:
            raise ValueError("no script can hold a NUL")
        if max(len(script), len(input or b"")) > _LONGEST_TEXT:
            raise ValueError(f"a job's text and input are {_LONGEST_TEXT >> 10} KiB at most")
        payload = [printf_format(script), "-" if input is None else "+" + printf_format(input)]
        answer = await self._call("launch", _name(job), _name(run), payload=payload)
        if answer.status == 3:
            raise LockLost(self._not_ours(run, answer))
        return self._look(answer, 0, 0)

    async def look(self, job: str, out_offset: int = 0, err_offset: int = 0) -> JobLook:
        """Read a job, its output from these offsets (bytes).

        One that runs is stayed with for up to half a second: its end is told as soon as it comes.
        """
        answer = await self._call("look", _name(job), str(out_offset), str(err_offset))
        return self._look(answer, out_offset, err_offset)

    async def stop(self, job: str) -> JobLook:
        """End what a job started: TERM, and KILL 5 s later; its output is told from the start.

        It is `running` still where even KILL does not help: a process that waits for a dead disk.
        """
        look = await self._stop(job, "TERM")
        if look.state is JobState.RUNNING:
            look = await self._ended(job, _PATIENCE)
        if look.state is JobState.RUNNING:
            await self._stop(job, "KILL")
            look = await self._ended(job, _AFTERWARDS)
        return look

    async def read(self, text: str, limit: float = CALL_LIMIT) -> tuple[int | None, str]:
        """Run a read-only command on a channel of its own, with the PATH that a job has.

        Returns:
            Its exit status, None when it was late, and its output and errors, inert.

        Raises:
            HandsLost: the connection is gone.
        """
        reply = await ask(self._connection, f"{_PATH}\n{text}", limit, become=self._node.become)
        if reply.exit_status is None and self._connection.is_closed():
            raise HandsLost(f"{self._node.name}: the connection was lost; connect again")
        return reply.exit_status, reply.out + reply.err

    async def read_file(self, path: str) -> bytes | None:
        """A file's content, None when there is none.

        Raises:
            HandsRefused: it cannot be read, is no plain file, or is longer than 1 MiB.
            HandsLost: no answer: the connection went, or its file system hangs.
        """
        name = path.encode("utf-8", "surrogateescape")
        if b"\0" in name or not name.startswith(b"/"):
            raise ValueError(f"not an absolute path: {path!r}")
        todo = f"look at {one_line(path)} there"
        answer = await self._call("read", payload=[printf_format(name)], todo=todo)
        content = answer.parts.get("file", b"")
        if len(content) > LONGEST_FILE:
            raise HandsRefused(f"{self._node.name}: {one_line(path)} is longer than 1 MiB; look at it there")
        return content if answer.status == 0 else None

    async def take_lock(
        self, run: str, job: str, operator: str, *, break_stale: bool = False
    ) -> OperatorLock | None:
        """Take the node's lock: None when it is ours now, else who holds it.

        What is broken is the lock that was shown last: one that has changed hands, or whose owner has given a
        sign of life since, is not.
        """
        how = ["keep"]
        if break_stale:
            how = ["break", self._seen]
        who = printf_format(one_line(operator).encode("utf-8", "backslashreplace"))
        answer = await self._call("take", _name(run), _name(job), *how, payload=[who])
        if answer.status != 5:
            self._seen = "*"
            return None
        said = answer.fields
        self._seen = f"{said.get('run', '')}/{said.get('beat', '')}"
        return _holder(said)

    async def beat(self, run: str) -> bool:
        """Renew the lock's sign of life; False when it is no longer ours."""
        return (await self._call("beat", _name(run))).status == 0

    async def drop_lock(self, run: str) -> None:
        """Release our lock; another's is left alone."""
        await self._call("drop", _name(run))

    async def close(self) -> None:
        """Close the connection and its jump hosts; jobs go on."""
        try:
            async with asyncio.timeout(_CLOSING):
                await self._channel.close()
                self._connection.close()
                await self._connection.wait_closed()
        except TimeoutError:
            self._connection.abort()

    async def _call(
        self,
        verb: str,
        *words: str,
        payload: list[str] | None = None,
        todo: str = "check its disk space and permissions in /var/db/mirrorgate",
    ) -> Answer:
        try:
            answer = await self._channel.call(verb, *words, payload=payload or (), limit=self._limit)
        except HandsLost:
            # An order that is late may still be under way; a new connection looks at what it did.
            self._connection.abort()
            raise
        if answer.status == 4:
            why = one_line(answer.text) or "no reason given"
            what = _ORDERS.get(verb, verb)
            raise HandsRefused(f"{self._node.name}: the node could not {what} ({why}); {todo}")
        return answer

    def _look(self, answer: Answer, out_offset: int, err_offset: int) -> JobLook:
        return job_look(answer, out_offset, err_offset)

    async def _stop(self, job: str, signal: str) -> JobLook:
        return self._look(await self._call("stop", _name(job), signal, "0", "0"), 0, 0)

    async def _ended(self, job: str, within: float) -> JobLook:
        """Look until a job no longer runs, for a while."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while True:
            look = await self.look(job)
            if look.state is not JobState.RUNNING or loop.time() > deadline:
                return look
            await asyncio.sleep(0.1)

    def _not_ours(self, run: str, answer: Answer) -> str:
        holder = one_line(answer.text.removeprefix("run="))
        held = f"run {holder} holds its lock" if holder else "nobody holds its lock"
        return f"{self._node.name}: {held}, not run {run}; nothing was started: see who works there"


def _name(word: str) -> str:
    if not _NAME.fullmatch(word):
        raise ValueError(f"no name for a file on a node: {word!r}")
    return word


def _holder(said: dict[str, str]) -> OperatorLock:
    """Who holds a lock; one without an owner is somebody unknown, alive when the directory was made."""
    made = _seconds(said, "made", 0)
    since = _seconds(said, "since", made)
    return OperatorLock(
        said.get("run", ""),
        said.get("job", "unknown"),
        said.get("operator", "unknown"),
        since,
        _seconds(said, "beat", since),
    )


def _seconds(said: dict[str, str], name: str, otherwise: int) -> int:
    text = said.get(name, "")
    return int(text) if re.fullmatch(r"[0-9]{1,12}", text) else otherwise


async def open_hands(
    node: NodeConfig,
    ssh_config: Path | None = None,
    asker: Asker | None = None,
    keyring: Keyring | None = None,
) -> NodeHands:
    """Connect to a node with hands; raises HandsLost."""
    try:
        connection = await connect(node, ssh_config=ssh_config, asker=asker, keyring=keyring)
    except Trouble as trouble:
        raise HandsLost(trouble.line) from trouble
    return await NodeHands.on(connection, node)


def operating_opener(
    ssh_config: Path | None, asker: Asker | None
) -> Callable[[NodeConfig], Awaitable[NodeHands]]:
    """How nodes are opened for changing them: every passphrase is asked for once."""
    keyring = Keyring()

    async def open_node(node: NodeConfig) -> NodeHands:
        return await open_hands(node, ssh_config, asker, keyring)

    return open_node
