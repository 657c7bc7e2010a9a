"""The connections over which mail is looked at: opened when needed, kept while used, closed when idle."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from console.model.asking import Asker
from console.model.config import NodeConfig, PairConfig
from console.model.mail import MailTrouble
from console.model.words import Home
from console.ssh.connecting import connect
from console.ssh.keys import Keyring
from console.ssh.mail_channel import SCRIPT, MailChannel
from console.ssh.trouble import Trouble
from console.ssh.wall import ReadOnlyConnection

IDLE = 300.0
"""Seconds after which a connection that nobody used is closed."""
_CLOSING = 2.0


@dataclass(slots=True)
class _Link:
    """One node."""

    node: NodeConfig
    settings: dict[str, str]
    connection: ReadOnlyConnection | None = None
    channels: dict[str, MailChannel] = field(default_factory=dict)
    locks: dict[str, asyncio.Lock] = field(default_factory=dict)
    connecting: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    timer: asyncio.TimerHandle | None = None


class MailLinks:
    """Lends channels; what asks twice at a time on one channel waits its turn."""

    def __init__(
        self,
        pairs: Sequence[PairConfig],
        ssh_config: Path | None,
        asker: Callable[[], Asker | None],
        *,
        script: str = SCRIPT,
        idle: float = IDLE,
    ) -> None:
        self._ssh_config = ssh_config
        self._asker = asker
        self._script = script
        self._idle = idle
        self._keyring = Keyring()
        self._links = {
            (pair.name, node.home): _Link(node, {"qmail": pair.qmail.home, "qmaillog": pair.qmail.log})
            for pair in pairs
            for node in pair.nodes
        }
        self._ending: set[asyncio.Task[None]] = set()

    def node(self, pair: str, home: Home) -> NodeConfig:
        """The node; raises MailTrouble where there is none."""
        return self._link(pair, home).node

    def settings(self, pair: str, home: Home) -> dict[str, str]:
        """Where its qmail and its log are."""
        return self._link(pair, home).settings

    def _link(self, pair: str, home: Home) -> _Link:
        link = self._links.get((pair, home))
        if link is None:
            raise MailTrouble(f"no pair is called {pair}; see the configuration")
        return link

    @asynccontextmanager
    async def channel(self, pair: str, home: Home, kind: str) -> AsyncIterator[MailChannel]:
        """A channel for this kind of request, to oneself; raises MailTrouble."""
        link = self._link(pair, home)
        link.users += 1
        if link.timer is not None:
            link.timer.cancel()
            link.timer = None
        try:
            async with link.locks.setdefault(kind, asyncio.Lock()):
                channel = link.channels.get(kind)
                if channel is None or not channel.alive:
                    connection = await self._connected(link)
                    channel = await MailChannel.open(
                        connection, link.node.name, link.node.become, link.settings, self._script
                    )
                    link.channels[kind] = channel
                yield channel
        finally:
            link.users -= 1
            if not link.users:
                link.timer = asyncio.get_running_loop().call_later(self._idle, self._rest, link)

    def drop(self, pair: str, home: Home, kind: str) -> None:
        """Close a channel that is not used again."""
        link = self._link(pair, home)
        link.locks.pop(kind, None)
        if channel := link.channels.pop(kind, None):
            channel.close()

    async def _connected(self, link: _Link) -> ReadOnlyConnection:
        async with link.connecting:
            if link.connection is None or link.connection.is_closed():
                link.channels.clear()
                try:
                    link.connection = ReadOnlyConnection(
                        await connect(
                            link.node,
                            ssh_config=self._ssh_config,
                            asker=self._asker(),
                            keyring=self._keyring,
                        )
                    )
                except Trouble as trouble:
                    raise MailTrouble(trouble.line) from trouble
            return link.connection

    def _rest(self, link: _Link) -> None:
        if not link.users:
            task = asyncio.get_running_loop().create_task(_closed(link))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """Close every channel and every connection."""
        await asyncio.gather(*(_closed(link) for link in self._links.values()), *self._ending)


async def _closed(link: _Link) -> None:
    if link.timer is not None:
        link.timer.cancel()
        link.timer = None
    connection, link.connection = link.connection, None
    channels = list(link.channels.values())
    link.channels.clear()
    for channel in channels:
        channel.close()
    if connection is None:
        return
    try:
        async with asyncio.timeout(_CLOSING):
            connection.close()
            await connection.wait_closed()
    except TimeoutError:
        connection.abort()
