"""A bare pair of simulated nodes behind SSH, without storage; and a stock OpenSSH client for it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest

from console.lab import fresh
from console.lab.catalogue import commands
from console.lab.server import NodeServer, write_access
from console.lab.world import World

NAMES = {"a": "web-a", "b": "web-b"}


@dataclass(frozen=True)
class Ran:
    """What a client program left behind."""

    status: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        return self.out.decode()


class Site:
    """Both nodes, their servers and the way in."""

    def __init__(self, world: World, servers: dict[str, NodeServer], directory: Path) -> None:
        self.world = world
        self.servers = servers
        self.directory = directory
        self.ssh_config = directory / "ssh_config"

    async def ssh(self, name: str, *words: str, feed: bytes | None = b"", options: Sequence[str] = ()) -> Ran:
        """Run the stock ssh client; `feed=None` leaves its input open and silent."""
        return await self.client("ssh", "-F", str(self.ssh_config), *options, name, *words, feed=feed)

    async def client(self, *words: str, feed: bytes | None = b"") -> Ran:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            if feed is None:
                out, err = await asyncio.wait_for(_read_all(process), 30)
            else:
                out, err = await asyncio.wait_for(process.communicate(feed), 30)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return Ran(process.returncode or 0, out, err)


async def _read_all(process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    assert process.stdout is not None
    assert process.stderr is not None
    out, err = await asyncio.gather(process.stdout.read(), process.stderr.read())
    await process.wait()
    return out, err


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    world = World()
    key = asyncssh.generate_private_key("ssh-ed25519")
    servers: dict[str, NodeServer] = {}
    reach: dict[str, tuple[int, asyncssh.SSHKey]] = {}
    for name, node in world.nodes.items():
        fresh.install(node)
        await node.boot(0)
        host_key = asyncssh.generate_private_key("ssh-ed25519")
        servers[name] = NodeServer(node, commands(), host_key, key)
        await servers[name].start()
        reach[NAMES[name]] = (servers[name].port, host_key)
    write_access(tmp_path, key, reach)
    yield Site(world, servers, tmp_path)
    for server in servers.values():
        await server.close()
    await world.close()
