"""A lane: questions to a node's sampler, and its answers as frames."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace

import asyncssh

from console.ssh.channel import SamplerChannel
from console.ssh.frames import BROKEN, Frame
from console.ssh.programs import SAMPLER
from console.ssh.shell import Become, no_shell
from console.ssh.starting import NotStarted, start
from console.ssh.trouble import Trouble
from console.ssh.wall import ReadOnlyConnection

SCRIPT = SAMPLER.script
HANGING = frozenset({"geom", "metadata", "df", "mail"})
"""Sections that a dead remote disk can hold up: each has a channel to itself, so it holds up nothing else."""

HANDSHAKE_LIMIT = 10.0
"""Seconds from opening a channel to the sampler's first word."""
_CLOSING = 2.0
SALT = secrets.token_hex(16)
"""Keys the checksums of secrets: one for this process, so that two nodes' answers can be compared."""


class LaneClosed(Exception):
    """The channel or the connection under a lane is gone."""


class Lane:
    """One channel for what answers at once, and one more for each hanging section that is asked.

    A tick is one write per channel, all made before any answer: one round trip.
    """

    def __init__(
        self,
        connection: asyncssh.SSHClientConnection | ReadOnlyConnection,
        node: str,
        become: Become,
        settings: Mapping[str, str],
        script: str,
        salt: str,
        limit: float,
    ) -> None:
        self._connection = connection
        self._node = node
        self._become = become
        self._script = script
        self._limit = limit
        self._boundary = secrets.token_hex(16)
        self._preface = f"hello {self._boundary} {salt}\n" + "".join(
            f"set {name} {value}\n" for name, value in settings.items()
        )
        self._tick = 0
        self._asked: dict[str, int] = {}
        self._channels: dict[str, SamplerChannel] = {}
        self._opening: dict[str, asyncio.Task[None]] = {}
        self._pending: dict[str, list[tuple[int, Sequence[str]]]] = {}
        self._news: asyncio.Queue[Frame | LaneClosed | None] = asyncio.Queue()
        self._closed = False
        # A lane whose channels have all ended must still learn that the connection went.
        self._watching = asyncio.create_task(self._watch())
        self.writes = 0
        """Ticks written to channels so far."""

    @classmethod
    async def open(
        cls,
        connection: asyncssh.SSHClientConnection | ReadOnlyConnection,
        node: str,
        *,
        become: Become = "none",
        settings: Mapping[str, str] | None = None,
        script: str = SCRIPT,
        salt: str = SALT,
        limit: float = HANDSHAKE_LIMIT,
    ) -> "Lane":
        """Start a sampler on the node; raises Trouble where sudo asks, sh is missing or nothing answers.

        `settings` are the script's: `qmail`, `qmaillog`, `image`, each an absolute path.
        """
        lane = cls(connection, node, become, settings or {}, script, salt, limit)
        try:
            await lane._start("")
        except BaseException:
            await lane.close()
            raise
        return lane

    async def tick(self, sections: Sequence[str]) -> None:
        """Ask for sections; one whose last answer is outstanding is not asked again."""
        if self._closed:
            raise LaneClosed(f"{self._node}: the lane is closed")
        self._tick += 1
        fresh = [section for section in dict.fromkeys(sections) if section not in self._asked]
        self._asked.update(dict.fromkeys(fresh, self._tick))
        at_once = [section for section in fresh if section not in HANGING]
        if at_once:
            self._ask("", at_once)
        for section in fresh:
            if section in HANGING:
                self._ask(section, [section])

    async def frames(self) -> AsyncGenerator[Frame, None]:
        """The answers as they come; ends when the lane is closed, raises LaneClosed when it breaks."""
        while (news := await self._news.get()) is not None:
            if isinstance(news, LaneClosed):
                raise news
            yield news

    async def close(self) -> None:
        """Close every channel; what still hangs on the node is left to end by itself."""
        if self._closed:
            return
        self._closed = True
        self._news.put_nowait(None)
        tasks = [self._watching, *self._opening.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        channels = list(self._channels.values())
        self._channels.clear()
        for channel in channels:
            channel.close()
        try:
            async with asyncio.timeout(_CLOSING):
                await asyncio.gather(*(channel.wait_closed() for channel in channels))
        except TimeoutError:
            # Something on the node still holds the channel; the connection's end takes it along.
            return

    async def _watch(self) -> None:
        await self._connection.wait_closed()
        self._news.put_nowait(LaneClosed(f"{self._node}: the connection was lost; reconnecting"))

    def _ask(self, key: str, sections: Sequence[str]) -> None:
        """Write one tick to the channel called `key`, which is opened first where it is not yet."""
        channel = self._channels.get(key)
        if channel is not None:
            self._write(channel, self._tick, sections)
            return
        self._pending.setdefault(key, []).append((self._tick, sections))
        if key not in self._opening:
            self._opening[key] = asyncio.create_task(self._start_late(key))

    def _write(self, channel: SamplerChannel, tick: int, sections: Sequence[str]) -> None:
        channel.open.update(sections)
        channel.write(f"tick {tick} {' '.join(sections)}\n")
        self.writes += 1

    async def _start_late(self, key: str) -> None:
        """Open a channel for the ticks that wait for it."""
        why: str | None = None
        try:
            await self._start(key)
        except Trouble as trouble:
            why = trouble.line
        finally:
            del self._opening[key]
        for tick, sections in self._pending.pop(key, []):
            if why is None:
                self._write(self._channels[key], tick, sections)
            else:
                self._break(sections, why)

    async def _start(self, key: str) -> None:
        """Open a channel and bring its sampler to where it takes ticks."""
        try:
            async with asyncio.timeout(self._limit):
                channel = await start(
                    self._connection,
                    lambda: SamplerChannel(self, self._boundary),
                    SAMPLER,
                    self._become,
                    self._script,
                )
        except TimeoutError as late:
            raise Trouble(
                self._node,
                f"connected, but no shell started within {self._limit:.0f} s",
                "the node is very busy or its file system hangs: look at its console",
                retry=True,
            ) from late
        except asyncssh.ChannelOpenError as odd:
            if self._connection.is_closed():
                raise self._lost() from odd
            raise Trouble(
                self._node,
                f"sshd refuses another session ({odd.reason})",
                "allow at least 10 in sshd_config (MaxSessions)",
                retry=False,
            ) from odd
        except NotStarted as odd:
            raise no_shell(self._node, self._become, odd.said, odd.exit_status) from odd
        except (OSError, asyncssh.Error) as odd:
            raise self._lost() from odd
        channel.write(self._preface)
        self._channels[key] = channel

    def _lost(self) -> Trouble:
        return Trouble(
            self._node, "the connection broke while the sampler started", "reconnecting", retry=True
        )

    def take(self, channel: SamplerChannel, frames: Sequence[Frame]) -> None:
        """Frames from a channel: those that were asked of it go on."""
        for frame in frames:
            if frame.section in channel.open and self._asked.get(frame.section) == frame.tick:
                channel.open.discard(frame.section)
                del self._asked[frame.section]
                self._news.put_nowait(replace(frame, late=frame.tick < self._tick))

    def ended(self, channel: SamplerChannel, why: Exception | None) -> None:
        """A channel closed. Alone, the next tick opens it again; with the connection, the lane ends."""
        self._channels = {key: other for key, other in self._channels.items() if other is not channel}
        if why is None and not self._closed:
            self._break(list(channel.open), "the sampler ended before its answer did")

    def _break(self, sections: Sequence[str], why: str) -> None:
        for section in sections:
            tick = self._asked.pop(section, None)
            if tick is not None:
                self._news.put_nowait(Frame(tick, section, why, BROKEN))
