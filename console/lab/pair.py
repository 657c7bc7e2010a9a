"""The lab as one thing: a healthy pair behind real SSH servers, with a configuration that reaches it."""

import asyncio
import contextlib
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import asyncssh
import tomli_w

from console.lab import faults, scenarios
from console.lab.catalogue import commands
from console.lab.clock import Clock, settle
from console.lab.control import PREFIX, Control
from console.lab.disks_scenario import install_disks
from console.lab.mailpast import relive
from console.lab.provision import (
    FLOATING,
    IMAGES,
    MIRROR,
    MOUNT,
    build_mirror,
    install,
    install_pair,
    start_services,
)
from console.lab.qmail import mail_of
from console.lab.remote.keys import host_key_of
from console.lab.server import NodeServer, write_access
from console.lab.world import Node, World

NAMES: Mapping[str, str] = {"a": "web-a", "b": "web-b"}
"""What the nodes are called in the configuration, and their host names."""

SPARE = "web-c"
"""The host outside of the pair, as ssh_config knows it: empty, for a pair that must move."""

BARE, HEALTHY, DISKS = "bare", "healthy", "disks"
"""What a lab may start as: two nodes without anything of a pair, a pair at work, or two nodes without a pair
of which the first runs from an MBR disk with a BSD label, with an empty disk in every node."""

_UPTIME = 7200.0
_HURRY = 100.0
"""World seconds per real second while disks and mirror are made."""
_BRISK = 25.0
"""The same while VRRP elects: a pause of this process must not look like a silent master."""
_LEAD = 20.0
"""World seconds between the start of the services and now."""
_TURNS = 10
"""Turns of the loop after each timer while nodes have nothing to do but to be up: a start is to be quick."""


class LabPair:
    """Both nodes, their servers, and the files that lead to them."""

    def __init__(self, world: World, directory: Path, names: Mapping[str, str]) -> None:
        self.world = world
        self.directory = directory
        self.names = names
        self.servers: list[NodeServer] = []
        self.ssh_config = directory / "ssh_config"
        self.config_file = directory / "config.toml"
        self.control = Control(directory, self._ask)

    def server(self, node: Node) -> NodeServer:
        """The SSH server of a node."""
        return next(server for server in self.servers if server.node is node)

    def offered(self) -> Sequence[tuple[str, str]]:
        """Each fault as typed, and what it does."""
        return faults.offered(self)

    async def fault(self, name: str, *words: str) -> str:
        """Break or mend something; returns what happened, raises `control.Refused` when it cannot be."""
        return await faults.bring_about(self, name, words)

    async def build(self) -> None:
        """Make the mirror and let the home master serve it."""
        install_pair(self.world)
        await scenarios.serve(self)

    async def close(self) -> None:
        """End everything and remove the files."""
        await self.control.close()
        for server in self.servers:
            await server.close()
        await self.world.close()
        await asyncio.to_thread(shutil.rmtree, self.directory, ignore_errors=True)

    async def _ask(self, name: str, words: Sequence[str]) -> str:
        return await self.fault(name, *words)


async def serve(
    *,
    speed: float = 1.0,
    names: Mapping[str, str] = NAMES,
    ports: tuple[int, int] = (0, 0),
    scenario: str = HEALTHY,
) -> LabPair:
    """Start a pair on loopback ports; world time runs `speed` times as fast as real time.

    Raises ValueError for a scenario that no lab can start as.
    """
    if scenario not in (BARE, HEALTHY, DISKS):
        raise ValueError(f"a lab starts as {BARE}, {HEALTHY} or {DISKS}, not as {scenario}")
    clock = Clock(_HURRY, time.time() - _UPTIME)
    world = World(clock=clock)
    directory = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=PREFIX))
    lab = LabPair(world, directory, names)
    try:
        await _prepare(lab, ports, scenario)
    except BaseException:
        with contextlib.suppress(OSError):
            await lab.close()
        raise
    clock.speed = speed
    return lab


async def _prepare(lab: LabPair, ports: tuple[int, int], scenario: str) -> None:
    world = lab.world
    bare = scenario != HEALTHY
    install(world, lab.names, SPARE)
    if not bare:
        install_pair(world)
    if scenario == DISKS:
        install_disks(world)
    nodes = [*world.nodes.values(), world.spare]
    await asyncio.gather(*(node.boot(5.0) for node in nodes))
    await _bring_up(lab, bare=bare)
    for node in nodes:
        if node.system is not None:
            await node.system.flush()
    key = asyncssh.generate_private_key("ssh-ed25519")
    reach: dict[str, tuple[int, asyncssh.SSHKey]] = {}
    for node, port in zip(nodes, (*ports, 0), strict=True):
        host_key = host_key_of(node)
        server = NodeServer(node, commands(), host_key, key)
        await server.start(port)
        lab.servers.append(server)
        reach[node.hostname] = (server.port, host_key)
    await asyncio.to_thread(write_access, lab.directory, key, reach)
    await asyncio.to_thread(_write_config, lab)
    await lab.control.start()


async def _bring_up(lab: LabPair, *, bare: bool) -> None:
    """Let the nodes have been up for a while, with mail queued and, unless bare, the pair at work."""
    world, clock = lab.world, lab.world.clock
    mails = {name: mail_of(node) for name, node in world.nodes.items()}
    for mail in mails.values():
        if mail is not None and mail.process is not None:
            world.nodes[mail.node.name].processes.kill(mail.process.pid, 9)
    if not bare:
        rate, world.sync_rate = world.sync_rate, 1 << 34
        try:
            await build_mirror(world)
        finally:
            world.sync_rate = rate
    whole, clock.settle = clock.settle, partial(settle, _TURNS)
    try:
        await clock.advance(max(0.0, time.time() - _LEAD - clock.now()))
    finally:
        clock.settle = whole
    clock.speed = _BRISK
    for name, mail in mails.items():
        if mail is not None and not bare:
            relive(mail, clock.now(), mail.node.boot_time)
        elif mail is not None:
            mail.seed(18 if name == "a" else 2)
            mail.start()
    if not bare:
        await start_services(world)
        await scenarios.until(lab, world.nodes["a"], f"mount | grep -q ' on {MOUNT} '")
    if (behind := time.time() - clock.now()) > 0:
        await clock.sleep(behind)
    clock.speed = 1.0


def _write_config(lab: LabPair) -> None:
    nodes = [
        {
            "name": lab.names[name],
            "home": "master" if name == "a" else "slave",
            "host": lab.names[name],
            "image": IMAGES[name],
            "replication": node.address,
        }
        for name, node in lab.world.nodes.items()
    ]
    pair = {"name": "lab", "mirror": MIRROR, "mount": MOUNT, "floating": FLOATING, "vrid": 1, "nodes": nodes}
    # Nobody else waits for this disk: the queue may be counted often enough to be seen moving.
    pair["qmail"] = {"interval": 5.0}
    lab.config_file.touch(mode=0o600)
    lab.config_file.write_text(tomli_w.dumps({"ssh_config": str(lab.ssh_config), "pairs": [pair]}))
