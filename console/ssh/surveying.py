"""The disks of a machine, read once over a connection of its own: for a job that has to know them."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import get_args

import asyncssh

from console.model.asking import Asker
from console.model.config import NodeConfig, PairConfig
from console.model.disks import HostDisks
from console.parse.host_disks import LATE, Section, read_host_disks
from console.ssh.commanding import Reply, ask
from console.ssh.connecting import connect, connect_to
from console.ssh.destination import Target
from console.ssh.frames import BROKEN, FrameReader
from console.ssh.keys import Keyring
from console.ssh.quoting import quote
from console.ssh.shell import Become
from console.ssh.text import one_line
from console.ssh.trouble import Trouble

SCRIPT = files("playbooks").joinpath("node/disks.sh").read_text("utf-8")
LIMIT = 30.0
"""Seconds for all that is read of one machine, once it is connected."""
GROUPS = ("plain", "tables", "blocks", "files", "reach")
"""Each is asked on a channel of its own: one that hangs holds up no other."""
NOT_REACHED = "ssh"
"""What is unknown of a machine of which everything is: why it is not reached stands beside it."""
_CLOSING = 2.0


@dataclass(frozen=True, slots=True)
class Machine:
    """Where to look: a node of the pair, or another host as it was named in the answers."""

    name: str
    target: Target
    node: NodeConfig | None = None
    seen_as: str = ""
    """`HOST PORT` by which the other machine of the job would reach it."""


def machine(name: str, pair: PairConfig) -> Machine:
    """The node of that name, else the host `[user@]host[:port]`; raises ValueError."""
    node = next((node for node in pair.nodes if node.name == name), None)
    if node is not None:
        return Machine(name, Target.of(node), node, f"{node.replication or node.host} {node.port or 22}")
    target = Target.parse(name)
    return Machine(name, target, None, f"{target.host} {target.port or 22}")


class Surveyor:
    """Reads the disks of machines; every passphrase is asked for once."""

    def __init__(self, ssh_config: Path | None, asker: Asker | None, *, script: str = SCRIPT) -> None:
        self._ssh_config = ssh_config
        self._asker = asker
        self._keyring = Keyring()
        self._script = script

    async def survey(self, names: Sequence[str], pair: PairConfig) -> tuple[HostDisks, ...]:
        """What is known of each, in order; of one that is not reached, only why.

        Raises:
            ValueError: a name is no host; one line.
        """
        machines = [machine(name, pair) for name in names]
        others = {
            one.name: next((other.seen_as for other in machines if other is not one), "") for one in machines
        }
        return tuple(await asyncio.gather(*(self._one(one, others[one.name]) for one in machines)))

    async def _one(self, one: Machine, peer: str) -> HostDisks:
        try:
            connection = await self._connect(one)
        except Trouble as trouble:
            return HostDisks(one.name, unknown=((NOT_REACHED, trouble.line),), taken=time.time())
        try:
            become = one.node.become if one.node is not None else await _root(connection)
            return await look(connection, one.name, become, peer=peer, script=self._script)
        finally:
            await _closed(connection)

    async def _connect(self, one: Machine) -> asyncssh.SSHClientConnection:
        if one.node is not None:
            return await connect(
                one.node, ssh_config=self._ssh_config, asker=self._asker, keyring=self._keyring
            )
        return await connect_to(one.name, one.target, self._ssh_config, self._asker, self._keyring)


async def look(
    connection: asyncssh.SSHClientConnection,
    name: str,
    become: Become = "none",
    *,
    peer: str = "",
    limit: float = LIMIT,
    script: str = SCRIPT,
) -> HostDisks:
    """Read the disks over an open connection; what is not answered in time is unknown. Never raises.

    Args:
        connection: to the machine; it stays open.
        name: what to call it.
        become: how to be root there.
        peer: `HOST PORT` of the other machine of the job, tried from this one; empty = none.
        limit: seconds for everything.
        script: what is run there.
    """
    groups = [group for group in GROUPS if group != "reach" or peer]
    answers = await asyncio.gather(
        *(_ask(connection, group, become, peer, limit, script) for group in groups)
    )
    sections: dict[str, Section] = {}
    late: list[tuple[str, str]] = []
    for group, (found, why) in zip(groups, answers, strict=True):
        sections |= found
        if why:
            late.append((f"{group} of {name}", why))
    disks = read_host_disks(name, sections, time.time())
    known = dict(disks.unknown)
    return replace(disks, become=become, unknown=tuple({**known, **dict(late)}.items()))


async def _ask(
    connection: asyncssh.SSHClientConnection, group: str, become: Become, peer: str, limit: float, script: str
) -> tuple[dict[str, Section], str]:
    """What a group's sections said, and why not all of them, if so."""
    boundary = secrets.token_hex(16)
    head = f"boundary={boundary}\ngroups={group}\npeer={quote([peer]) if peer else ''}\n"
    reply = await ask(connection, head + script, limit, become=become)
    frames = FrameReader(boundary).feed(reply.out.encode("utf-8"))
    sections = {
        frame.section: Section(frame.text, frame.exit_status)
        for frame in frames
        if frame.exit_status != BROKEN
    }
    return sections, "" if reply.ok else _why(reply, connection, limit)


def _why(reply: Reply, connection: asyncssh.SSHClientConnection, limit: float) -> str:
    if reply.exit_status is not None:
        return one_line(reply.err) or f"the shell ended with exit {reply.exit_status}"
    if connection.is_closed():
        return "the connection was lost while it was read"
    return f"{LATE} ({limit:.0f} s)"


async def _root(connection: asyncssh.SSHClientConnection) -> Become:
    """How to be root on a host of which only the address is known; `none` where nothing helps."""
    for become in get_args(Become):
        reply = await ask(connection, ["id", "-u"], 10.0, become=become)
        if reply.ok and reply.out.strip() == "0":
            found: Become = become
            return found
    return "none"


async def _closed(connection: asyncssh.SSHClientConnection) -> None:
    try:
        async with asyncio.timeout(_CLOSING):
            connection.close()
            await connection.wait_closed()
    except TimeoutError:
        connection.abort()
