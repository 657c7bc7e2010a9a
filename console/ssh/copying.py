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
from console.ssh.piping import QUESTION_LIMIT, STALL_LIMIT, Host, Piped, lost
from console.ssh.quoting import quote
from console.ssh.text import one_line
from console.ssh.trouble import Trouble

Progress = Callable[[int, int], None]
"""Bytes that are at the target, and in all."""

BLOCK = 256 << 10
_SLOWEST_DISK = 5 << 20
"""Bytes per second at which a file is read at least while its sum is made."""

_LOOK = """look() {
if [ ! -e "$1" ]; then echo none; elif [ ! -f "$1" ]; then echo other; else
case $(uname) in *BSD) stat -L -f '%z %m' "$1" ;; *) stat -L -c '%s %Y' "$1" ;; esac || echo unknown
fi
}
"""


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
        if not posixpath.isabs(path) or any(ord(c) < 0x20 for c in path):
            raise ValueError(f"not an absolute path without control characters: {path!r}")
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
        (was,), (there, part, free) = await asyncio.gather(
            _said(self._source, _look(self._from)),
            _said(self._target, _look(self._to) + _look(self._part) + self._free()),
        )
        source = _stat(self._source, self._from, was)
        if source is None:
            raise CopyRefused(f"{self._source.name}: there is no {one_line(self._from)}; name another source")
        target = _stat(self._target, self._to, there)
        if target is not None:
            return await self._compare_existing(source, target)
        kept = await self._kept(source, _stat(self._target, self._part, part))
        self._check_room(free, source.size - kept)
        self._progress(kept, source.size)
        if kept < source.size or source.size == 0:
            await self._stream(kept, source.size)
        return await self._compare(source, kept)

    async def _compare(self, was: _Stat, kept: int) -> Copied:
        """Give the part its name, if it is what the source was and is."""
        (ours, now), (theirs, copy) = await asyncio.gather(
            _sum(self._source, self._from, was.size), _sum(self._target, self._part, was.size)
        )
        if now != was:
            raise CopyRefused(
                f"{self._source.name}: {one_line(self._from)} changed while it was copied; "
                "stop what writes to it and copy again"
            )
        if ours != theirs or copy is None or copy.size != was.size:
            await self._remove_part()
            raise CopyRefused(
                f"{self._target.name}: the copy differs from its source and was removed; "
                "check the disks of both, then copy again"
            )
        await self._name()
        return Copied(was.size, ours, kept)

    async def _compare_existing(self, was: _Stat, there: _Stat) -> Copied:
        """The target is there already: ours from an attempt whose answer was lost, or something else."""
        if there.size == was.size:
            (ours, _), (theirs, _) = await asyncio.gather(
                _sum(self._source, self._from, was.size), _sum(self._target, self._to, was.size)
            )
            if ours == theirs:
                self._progress(was.size, was.size)
                return Copied(was.size, ours, was.size)
        raise CopyRefused(
            f"{self._target.name}: {one_line(self._to)} exists and differs from the source; "
            "move it away or name another target"
        )

    async def _kept(self, was: _Stat, part: _Stat | None) -> int:
        """How much of the part that is there can be kept; one that differs from the source is removed."""
        if part is None:
            return 0
        if 0 < part.size <= was.size:
            (ours, _), (theirs, _) = await asyncio.gather(
                _sum(self._source, self._from, part.size, first=part.size),
                _sum(self._target, self._part, part.size),
            )
            if ours == theirs:
                return part.size
        await self._remove_part()
        return 0

    async def _remove_part(self) -> None:
        await _ran(self._target, quote(["rm", "-f", "--", self._part]))

    def _free(self) -> str:
        folder = quote([posixpath.dirname(self._to)])
        return f"if [ -d {folder} ]; then df -k {folder} | awk 'END {{ print $4 }}'; else echo none; fi\n"

    def _check_room(self, free: str, needed: int) -> None:
        if free == "none":
            raise CopyRefused(
                f"{self._target.name}: there is no folder for {one_line(self._to)}; make it there"
            )
        # What df said otherwise is no reason: a full disk shows itself when it is written.
        if re.fullmatch(r"-?[0-9]+", free) and int(free) * 1024 < needed:
            raise CopyRefused(
                f"{self._target.name}: {max(0, int(free)) >> 10} MiB are free and {needed >> 20} MiB "
                f"are needed for {one_line(self._to)}; make room there"
            )

    async def _stream(self, at: int, size: int) -> None:
        """Append what is missing to the part, no faster than the target takes it."""
        # Where the size ends it is left: nobody reads on then.
        send = f"{{ printf 'ready\\n'; tail -c +{at + 1} {quote([self._from])}; exit; }}\n"
        take = (
            f"{{ umask 077; printf 'ready\\n'; cat >>{quote([self._part])} || exit 1; "
            "printf 'written\\n'; exit; }\n"
        )
        async with Piped(self._source, send) as source, Piped(self._target, take) as target:
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


async def _ran(host: Host, script: str, limit: float = QUESTION_LIMIT) -> Reply:
    reply = await ask(host.connection, script, limit, become=host.become)
    if reply.exit_status is None:
        raise lost(host)
    return reply


def _look(path: str) -> str:
    return f"look {quote([path])}\n"


async def _said(host: Host, script: str, limit: float = QUESTION_LIMIT) -> list[str]:
    """The lines that a script prints, one for each of its lines."""
    reply = await _ran(host, _LOOK + script, limit)
    lines = reply.out.splitlines()
    if len(lines) != script.count("\n"):
        why = one_line(reply.err) or one_line(reply.out) or "no answer"
        raise CopyRefused(f"{host.name}: its files cannot be looked at ({why}); check them there")
    return lines


def _stat(host: Host, path: str, said: str) -> _Stat | None:
    """Size and time of a plain file, None when there is nothing."""
    if said == "none":
        return None
    if said == "other":
        raise CopyRefused(f"{host.name}: {one_line(path)} is no plain file; name another")
    found = re.fullmatch(r"([0-9]+) ([0-9]+)", said)
    if found is None:
        raise CopyRefused(f"{host.name}: {one_line(path)} cannot be looked at; check its permissions")
    return _Stat(int(found[1]), int(found[2]))


async def _sum(host: Host, path: str, size: int, first: int | None = None) -> tuple[str, _Stat | None]:
    """The sha256 of a file, or of its first bytes, in hex, and what the file was afterwards.

    Args:
        host: where it is.
        path: its path there.
        size: bytes to read, which tells how long to wait.
        first: how many bytes to look at; all by default.
    """
    limit = STALL_LIMIT + size / _SLOWEST_DISK
    name = quote([path])
    read, given = ("", f" <{name}") if first is None else (f"head -c {first} {name} | ", "")
    command = f"if command -v sha256 >/dev/null; then {read}sha256{given}; else {read}sha256sum{given}; fi\n"
    said, after = await _said(host, command + _look(path), limit)
    found = re.match(r"[0-9a-f]{64}\b", said)
    if found is None:
        raise CopyRefused(f"{host.name}: no sha256 of {one_line(path)} ({one_line(said)}); check its disk")
    return found[0], _stat(host, path, after)


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
