"""A file from one host to another through the console: in blocks, resumable, compared by sha256."""

import asyncio
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from console.model.asking import Asker
from console.model.config import NodeConfig
from console.model.job import CopyRefused, HandsLost
from console.ssh.commanding import Reply, ask
from console.ssh.connecting import connect, connect_to
from console.ssh.destination import Target
from console.ssh.keys import Keyring
from console.ssh.quoting import quote
from console.ssh.shell import SHELLS, Become
from console.ssh.text import inert_bytes, one_line
from console.ssh.trouble import Trouble

Progress = Callable[[int, int], None]
"""Bytes that are at the target, and in all."""

BLOCK = 256 << 10
QUESTION_LIMIT = 15.0
STALL_LIMIT = 60.0
"""Seconds without a byte after which a connection counts as lost."""
_SLOWEST_DISK = 5 << 20
"""Bytes per second at which a file is read at least while its sum is made."""

_SUM = "if command -v sha256 >/dev/null; then sha256; else sha256sum; fi"
_STAT = """case $(uname) in
*BSD) stat -L -f '%z %m %HT' -- {0} ;;
*) stat -L -c '%s %Y %F' -- {0} ;;
esac"""


@dataclass(frozen=True, slots=True)
class Host:
    """One end of a copy: an open connection, what to call it, and how to become root there."""

    connection: asyncssh.SSHClientConnection
    name: str
    become: Become = "none"


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy that was made and compared."""

    bytes: int
    sha256: str
    resumed_from: int
    """Bytes that an earlier attempt had brought over; all of them when nothing was left to do."""


@dataclass(frozen=True, slots=True)
class _Stat:
    size: int
    modified: int


async def copy_file(
    source: Host, source_path: str, target: Host, target_path: str, progress: Progress | None = None
) -> Copied:
    """Copy a file; what came over is NAME.part until its sha256 is the source's. Called again, it goes on.

    Raises:
        CopyRefused: no such file, no room, the target exists and differs, the source changed meanwhile.
        HandsLost: a connection went or stalled; calling again goes on where it was.
    """
    for path in (source_path, target_path):
        if not posixpath.isabs(path) or "\0" in path:
            raise ValueError(f"not an absolute path: {path!r}")
    copy = _Copy(source, source_path, target, target_path, progress or _nobody)
    return await copy.make()


def _nobody(done: int, size: int) -> None:
    return


class _Copy:
    """One attempt."""

    def __init__(
        self, source: Host, source_path: str, target: Host, target_path: str, progress: Progress
    ) -> None:
        self._source = source
        self._from = source_path
        self._target = target
        self._to = target_path
        self._part = target_path + ".part"
        self._progress = progress

    async def make(self) -> Copied:
        was = await _stat(self._source, self._from)
        if was is None:
            raise CopyRefused(f"{self._source.name}: there is no {one_line(self._from)}; name another source")
        there = await _stat(self._target, self._to)
        if there is not None:
            return await self._compare_existing(was, there)
        kept = await self._kept(was)
        await self._room(was.size - kept)
        self._progress(kept, was.size)
        if kept < was.size or was.size == 0:
            await self._stream(kept, was.size)
        ours, theirs = await asyncio.gather(
            _sum(self._source, self._from, was.size), _sum(self._target, self._part, was.size)
        )
        if await _stat(self._source, self._from) != was:
            raise CopyRefused(
                f"{self._source.name}: {one_line(self._from)} changed while it was copied; "
                "stop what writes to it and copy again"
            )
        now = await _stat(self._target, self._part)
        if ours != theirs or now is None or now.size != was.size:
            await _ran(self._target, quote(["rm", "-f", "--", self._part]))
            raise CopyRefused(
                f"{self._target.name}: the copy differs from its source and was removed; "
                "check the disks of both, then copy again"
            )
        await self._name()
        return Copied(was.size, ours, kept)

    async def _compare_existing(self, was: _Stat, there: _Stat) -> Copied:
        """The target is there already: ours from an attempt whose answer was lost, or something else."""
        if there.size == was.size:
            ours, theirs = await asyncio.gather(
                _sum(self._source, self._from, was.size), _sum(self._target, self._to, was.size)
            )
            if ours == theirs:
                self._progress(was.size, was.size)
                return Copied(was.size, ours, was.size)
        raise CopyRefused(
            f"{self._target.name}: {one_line(self._to)} exists and differs from the source; "
            "move it away or name another target"
        )

    async def _kept(self, was: _Stat) -> int:
        """How much of the part that is there can be kept; one that differs from the source is removed."""
        part = await _stat(self._target, self._part)
        if part is None:
            return 0
        if 0 < part.size <= was.size:
            ours, theirs = await asyncio.gather(
                _sum(self._source, self._from, part.size), _sum(self._target, self._part, part.size)
            )
            if ours == theirs:
                return part.size
        await _ran(self._target, quote(["rm", "-f", "--", self._part]))
        return 0

    async def _room(self, needed: int) -> None:
        folder = quote([posixpath.dirname(self._to)])
        reply = await _ran(
            self._target,
            f"if [ -d {folder} ]; then df -k {folder} | awk 'END {{ print $4 }}'; else echo none; fi",
        )
        said = reply.out.strip()
        if said == "none":
            raise CopyRefused(
                f"{self._target.name}: there is no folder for {one_line(self._to)}; make it there"
            )
        # What df said otherwise is no reason: a full disk shows itself when it is written.
        if re.fullmatch(r"-?[0-9]+", said) and int(said) * 1024 < needed:
            raise CopyRefused(
                f"{self._target.name}: {max(0, int(said)) >> 10} MiB are free and {needed >> 20} MiB "
                f"are needed for {one_line(self._to)}; make room there"
            )

    async def _stream(self, at: int, size: int) -> None:
        """Append what is missing to the part, no faster than the target takes it."""
        send = (
            f"{{ printf 'ready\\n'; tail -c +{at + 1} {quote([self._from])} | head -c {size - at}; exit; }}\n"
        )
        take = (
            f"{{ umask 077; printf 'ready\\n'; cat >>{quote([self._part])} || exit 1; "
            "printf 'written\\n'; exit; }\n"
        )
        async with _Piped(self._source, send) as source, _Piped(self._target, take) as target:
            while at < size:
                block = await source.read(min(BLOCK, size - at))
                if not block:
                    why = await source.complaint() or "it is shorter now"
                    raise CopyRefused(
                        f"{self._source.name}: {one_line(self._from)} cannot be read to its end ({why}); "
                        "check its disk, then copy again"
                    )
                await target.write(block)
                at += len(block)
                self._progress(at, size)
            if await target.finish() != b"written\n":
                raise CopyRefused(
                    f"{self._target.name}: {one_line(self._part)} cannot be written "
                    f"({await target.complaint() or 'no reason given'}); make room there, then copy again"
                )

    async def _name(self) -> None:
        part, to = quote([self._part]), quote([self._to])
        reply = await _ran(
            self._target,
            f"if command -v fsync >/dev/null; then fsync {part}; fi\n[ ! -e {to} ] && mv -f {part} {to}",
            limit=STALL_LIMIT,
        )
        if not reply.ok:
            raise CopyRefused(
                f"{self._target.name}: {one_line(self._part)} cannot be renamed "
                f"({one_line(reply.err) or 'the target exists now'}); rename it by hand, it is whole"
            )


class _Piped:
    """A shell on a host that sends or takes bytes."""

    def __init__(self, host: Host, script: str) -> None:
        self._host = host
        self._script = script

    async def __aenter__(self) -> "_Piped":
        try:
            async with asyncio.timeout(QUESTION_LIMIT):
                self._process = await self._host.connection.create_process(
                    SHELLS[self._host.become], encoding=None, request_pty=False, x11_forwarding=False
                )
                self._process.stdin.write(self._script.encode("utf-8", "surrogateescape"))
                # What follows is not sent before the shell has read all of its script.
                while (line := await self._process.stdout.readline()) != b"ready\n":
                    if not line:
                        raise _lost(self._host)
        except BaseException as odd:
            await self.__aexit__()
            if isinstance(odd, (TimeoutError, OSError, asyncssh.Error)):
                raise _lost(self._host) from odd
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        process = getattr(self, "_process", None)
        if process is not None:
            process.close()

    async def read(self, most: int) -> bytes:
        """Some bytes; none at the end. asyncssh stops the window while nobody reads."""
        try:
            async with asyncio.timeout(STALL_LIMIT):
                block: bytes = await self._process.stdout.read(most)
        except (TimeoutError, OSError, asyncssh.Error) as odd:
            raise _lost(self._host) from odd
        if not block and self._host.connection.is_closed():
            raise _lost(self._host)
        return block

    async def write(self, block: bytes) -> None:
        """Hand on bytes, when there is room for them on the way."""
        try:
            async with asyncio.timeout(STALL_LIMIT):
                self._process.stdin.write(block)
                await self._process.stdin.drain()
        except BrokenPipeError as odd:
            if self._host.connection.is_closed():
                raise _lost(self._host) from odd
            # The one who takes has ended: `finish` tells why.
            return
        except (TimeoutError, OSError, asyncssh.Error) as odd:
            raise _lost(self._host) from odd

    async def finish(self) -> bytes:
        """Say that nothing follows; what the other end says then."""
        try:
            async with asyncio.timeout(STALL_LIMIT):
                if not self._process.stdin.is_closing():
                    self._process.stdin.write_eof()
                said: bytes = await self._process.stdout.read()
        except BrokenPipeError:
            said = b""
        except (TimeoutError, OSError, asyncssh.Error) as odd:
            raise _lost(self._host) from odd
        if self._host.connection.is_closed():
            raise _lost(self._host)
        return said

    async def complaint(self) -> str:
        """What it wrote to standard error, one line."""
        try:
            async with asyncio.timeout(QUESTION_LIMIT):
                said: bytes = await self._process.stderr.read()
        except (TimeoutError, OSError, asyncssh.Error):
            return ""
        return one_line(inert_bytes(said))


async def _ran(host: Host, script: str, limit: float = QUESTION_LIMIT) -> Reply:
    reply = await ask(host.connection, script, limit, become=host.become)
    if reply.exit_status is None:
        raise _lost(host)
    return reply


async def _stat(host: Host, path: str) -> _Stat | None:
    """Size and time of a plain file, None when there is nothing."""
    name = quote([path])
    reply = await _ran(host, f"[ -e {name} ] || exit 9\n" + _STAT.format(name))
    if reply.exit_status == 9:
        return None
    words = reply.out.lower().split(None, 2)
    if reply.ok and len(words) == 3 and words[0].isdecimal() and words[1].isdecimal():
        if "regular" not in words[2]:
            raise CopyRefused(f"{host.name}: {one_line(path)} is no plain file; name another")
        return _Stat(int(words[0]), int(words[1]))
    why = one_line(reply.err) or one_line(reply.out) or "no answer"
    raise CopyRefused(f"{host.name}: {one_line(path)} cannot be looked at ({why}); check its permissions")


async def _sum(host: Host, path: str, size: int) -> str:
    """The sha256 of a file's first bytes, in hex."""
    limit = STALL_LIMIT + size / _SLOWEST_DISK
    reply = await _ran(host, f"head -c {size} {quote([path])} | {{ {_SUM}; }}", limit)
    found = re.match(r"[0-9a-f]{64}\b", reply.out)
    if found is None:
        why = one_line(reply.err) or one_line(reply.out) or "no sum"
        raise CopyRefused(
            f"{host.name}: no sha256 of {one_line(path)} ({why}); check its disk and permissions"
        )
    return found[0]


def _lost(host: Host) -> HandsLost:
    return HandsLost(f"{host.name}: the connection went or stalled during the copy; copying again goes on")


class ConsoleCopier:
    """Copies from a node to any host that ssh_config leads to, over connections of its own."""

    def __init__(self, ssh_config: Path | None, asker: Asker | None) -> None:
        self._ssh_config = ssh_config
        self._asker = asker
        self._keyring = Keyring()

    async def copy(self, node: NodeConfig, source: str, host: str, target: str, show: Progress) -> None:
        """Return when the target has the source's size and sha256.

        Args:
            node: where the file is.
            source: its path there.
            host: `[user@]host[:port]` or an ssh_config alias.
            target: the path there; its folder exists.
            show: told of bytes copied, and in all.

        Raises:
            HandsLost: a connection went; the same call goes on where it was.
            CopyRefused: no such file, no room, a host that will not be spoken to.
        """
        opened: list[asyncssh.SSHClientConnection] = []
        try:
            there = Target.parse(host)
            opened.append(
                await connect(node, ssh_config=self._ssh_config, asker=self._asker, keyring=self._keyring)
            )
            opened.append(await connect_to(host, there, self._ssh_config, self._asker, self._keyring))
            await copy_file(
                Host(opened[0], node.name, node.become), source, Host(opened[1], host), target, show
            )
        except ValueError as odd:
            raise CopyRefused(f"{host}: {one_line(str(odd))}; correct the transfer's host or path") from odd
        except Trouble as trouble:
            raise (HandsLost if trouble.retry else CopyRefused)(trouble.line) from trouble
        finally:
            for connection in opened:
                connection.close()
