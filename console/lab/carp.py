"""CARP groups on a simulated node's interface, electing over the replication link (carp(4))."""

import asyncio
from dataclasses import dataclass

from console.lab import devd
from console.lab.network import PPROMISC, PROMISC, Interface, interfaces_of
from console.lab.world import Node


@dataclass(eq=False)
class Group:
    """One vhid on one interface."""

    node: Node
    interface: Interface
    vhid: int
    advbase: int = 1
    advskew: int = 0
    password: str = ""
    state: str = "INIT"
    task: "asyncio.Task[None] | None" = None

    def __str__(self) -> str:
        return f"{self.state} vhid {self.vhid} advbase {self.advbase} advskew {self.advskew}"

    @property
    def patience(self) -> float:
        """Seconds without an advertisement after which it takes over."""
        return 3 * self.advbase + self.advskew / 256

    def become(self, state: str, why: str) -> None:
        """Change state and say so, as the kernel does."""
        if state != self.state:
            self.node.kernel(f"carp: {self.vhid}@{self.interface.name}: {self.state} -> {state} ({why})")
            devd.announce(self.node, "CARP", f"{self.vhid}@{self.interface.name}", state)
            self.state = state

    def rival(self) -> "Group | None":
        """The peer's group of the same vhid and password, when it can be heard."""
        node = self.node
        if not (node.world.link.up and node.peer.power):
            return None
        interface = interfaces_of(node.peer).get(self.interface.name)
        other = interface.carp.get(self.vhid) if interface is not None else None
        return other if isinstance(other, Group) and other.password == self.password else None

    async def run(self) -> None:
        """Take part in the election until the group is removed."""
        self.become("BACKUP", "initialization complete")
        silent = 0.0
        step = 0.25
        while True:
            await self.node.clock.sleep(step)
            if not self.interface.carrier:
                self.become("INIT", "hardware interface down")
                continue
            if self.state == "INIT":
                self.become("BACKUP", "hardware interface up")
                silent = 0.0
            rival = self.rival()
            heard = rival is not None and rival.state == "MASTER"
            if self.state == "MASTER":
                if (
                    rival is not None
                    and heard
                    and (rival.advbase, rival.advskew) < (self.advbase, self.advskew)
                ):
                    self.become("BACKUP", "more frequent advertisement received")
                    silent = 0.0
                continue
            silent = 0.0 if heard else silent + step
            if silent >= self.patience:
                self.become("MASTER", "master timed out")


def join_group(node: Node, interface: Interface, vhid: int, settings: dict[str, str]) -> Group:
    """Make or change a CARP group."""
    group = interface.carp.get(vhid)
    if not isinstance(group, Group):
        group = Group(node, interface, vhid)
        interface.carp[vhid] = group
        interface.set_flags(PROMISC | PPROMISC)
    group.advbase = int(settings.get("advbase", group.advbase))
    group.advskew = int(settings.get("advskew", group.advskew))
    group.password = settings.get("pass", group.password)
    if group.task is None:
        group.task = node.start(group.run())
    wanted = settings.get("state", "").upper()
    if wanted in ("BACKUP", "MASTER"):
        rival = group.rival()
        group.become(wanted, "user requested via ifconfig")
        if wanted == "BACKUP" and rival is not None and rival.state == "BACKUP":
            rival.become("MASTER", "master timed out")
    return group


def leave_group(interface: Interface, vhid: int) -> None:
    """Remove a group once no address uses it."""
    if any(address.vhid == vhid for address in interface.inet):
        return
    group = interface.carp.pop(vhid, None)
    if isinstance(group, Group) and group.task is not None:
        group.task.cancel()
        devd.announce(group.node, "CARP", f"{vhid}@{interface.name}", "INIT")
