"""freevrrpd on a simulated node: electing by priority over the link, and running the node's own scripts.

A script runs inside the thread of its virtual router: while it runs nothing is sent and nothing is heard.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from console.lab.modules import is_loaded
from console.lab.network import (
    RUNNING,
    UP,
    Address,
    Interface,
    floating_interface,
    interfaces_of,
)
from console.lab.vrrpconf import Section
from console.lab.world import Node, World

if TYPE_CHECKING:
    from console.lab.vrrpd import Daemon

INTERVAL = 1.0
"""Seconds between advertisements."""
SETTLING = 0.6
"""Seconds a change of state takes: addresses, carrier, gratuitous ARP."""

WRONG_PASSWORD = "authentification incorrect in a received vrrp packet. Packet is discarded !"  # noqa: S105 - a message


@dataclass(frozen=True, slots=True)
class Advertisement:
    """One VRRP packet."""

    vrid: int
    priority: int
    address: str
    password: str
    addresses: tuple[tuple[str, int], ...]


_routers: "WeakKeyDictionary[World, list[Router]]" = WeakKeyDictionary()


def _rank(address: str) -> tuple[int, ...]:
    """Addresses are compared as raw integers on a little-endian machine: the last byte decides first."""
    return tuple(reversed([int(part) for part in address.split(".")]))


class Router:
    """One virtual router (one [VRID] section) of one daemon."""

    def __init__(self, daemon: "Daemon", section: Section) -> None:
        self.daemon = daemon
        self.node = daemon.node
        self.section = section
        self.state = "initialize"
        self.disabled = False
        self.faulty = False
        self._heard: deque[Advertisement] = deque(maxlen=64)
        self._wake = asyncio.Event()
        self._interrupted = False
        _routers.setdefault(self.node.world, []).append(self)

    @property
    def interface(self) -> Interface:
        """The made interface that carries the floating addresses."""
        return floating_interface(self.node, self.section.serverid)

    @property
    def skew(self) -> float:
        """Seconds a lower priority waits longer."""
        return (256 - self.section.priority) / 256

    async def run(self) -> None:
        """Take part in the election until the daemon ends."""
        await self.node.clock.sleep(1.0)
        if self.section.priority == 255:
            await self._become_master()
        else:
            await self._become_backup()
        while not self.disabled:
            if self.faulty:
                await self._pause(None)
            elif self.state == "master":
                await self._as_master()
            else:
                await self._as_backup()

    def hear(self, packet: Advertisement) -> None:
        """A packet arrived on the wire."""
        self._heard.append(packet)
        self._wake.set()

    def interrupt(self) -> None:
        """SIGHUP: resign, and then lose the way."""
        self._interrupted = True
        self._wake.set()

    def fail_interface(self) -> None:
        """The carrier went: the addresses go, and no script runs."""
        self.faulty = True
        self.release()
        self._wake.set()

    def revive_interface(self) -> None:
        """The carrier is back: begin again as backup."""
        self.faulty = False
        self._heard.clear()
        self._wake.set()

    def hold(self) -> None:
        """Put the floating addresses on."""
        interface = self.interface
        interface.set_flags(UP | RUNNING)
        interface.inet = [Address(address, prefix) for address, prefix in self.section.addresses]
        self._announce_addresses()

    def release(self) -> None:
        """Take the floating addresses off."""
        interface = self.interface
        interface.set_flags(UP | RUNNING, on=False)
        interface.inet = []

    def leave(self) -> None:
        """Stop listening."""
        routers = _routers.get(self.node.world, [])
        if self in routers:
            routers.remove(self)

    def send(self, priority: int | None = None) -> None:
        """Put one advertisement on the wire; a priority of 0 resigns."""
        world = self.node.world
        if not world.link.up or not self.node.power:
            return
        packet = Advertisement(
            self.section.serverid,
            self.section.priority if priority is None else priority,
            self.node.address,
            self.section.password,
            self.section.addresses,
        )
        for other in list(_routers.get(world, [])):
            reached = other.node is not self.node and other.node.power and not other.faulty
            if reached and other.section.serverid == packet.vrid and not is_loaded(other.node, "carp"):
                other.hear(packet)

    async def _as_backup(self) -> None:
        clock = self.node.clock
        deadline = clock.now() + 3 * INTERVAL + self.skew
        while not (self.faulty or self.disabled):
            packet = await self._next(deadline)
            if self.faulty or self.disabled:
                return
            if self._interrupted:
                await self._resign()
                return
            if packet is None:
                if clock.now() >= deadline - 0.001:
                    await self._become_master()
                    return
            elif packet.priority == 0:
                deadline = clock.now() + self.skew
            elif packet.priority >= self.section.priority:
                deadline = clock.now() + 3 * INTERVAL + self.skew

    async def _as_master(self) -> None:
        clock = self.node.clock
        self.send()
        due = clock.now() + INTERVAL
        while not (self.faulty or self.disabled):
            packet = await self._next(due)
            if self.faulty or self.disabled:
                return
            if self._interrupted:
                await self._resign()
                return
            if packet is None:
                if clock.now() >= due - 0.001:
                    return
            elif packet.priority == 0:
                self.send()
            elif (packet.priority, _rank(packet.address)) > (self.section.priority, _rank(self.node.address)):
                await self._become_backup()
                return

    async def _become_master(self) -> None:
        self.send()
        self.hold()
        await self.node.clock.sleep(SETTLING)
        if self.faulty:
            return
        self.state = "master"
        self.daemon.log(f"server state vrid {self.section.serverid}: master")
        await self.daemon.run_script(self.section.masterscript)

    async def _become_backup(self) -> None:
        self.release()
        self.state = "backup"
        self.daemon.log(f"server state vrid {self.section.serverid}: backup")
        await self.daemon.run_script(self.section.backupscript)

    async def _resign(self) -> None:
        self._interrupted = False
        if self.state == "master":
            self.send(0)
            await self._become_backup()
        self.daemon.log("select on readfds fd_set failed: Interrupted system call")
        self.disabled = True
        await self.node.clock.sleep(1.0)
        self.daemon.log(
            f"vrid [{self.section.serverid}] Cannot reach the correct state, disabled: "
            "Interrupted system call"
        )

    async def _next(self, deadline: float) -> Advertisement | None:
        """The next acceptable packet, or None when it is time, or something else happened."""
        while True:
            while self._heard:
                packet = self._heard.popleft()
                if packet.password != self.section.password:
                    self.daemon.log(WRONG_PASSWORD)
                elif set(packet.addresses) != set(self.section.addresses):
                    self.daemon.log(
                        f"detection of misconfigured server on the network for vrid = {self.section.serverid}"
                    )
                else:
                    return packet
            if self.faulty or self.disabled or self._interrupted or self.node.clock.now() >= deadline - 0.001:
                return None
            await self._pause(deadline)

    async def _pause(self, deadline: float | None) -> None:
        self._wake.clear()
        timer = None if deadline is None else self.node.clock.call_at(deadline, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            if timer is not None:
                timer.cancel()

    def _announce_addresses(self) -> None:
        """Gratuitous ARP: another holder with another MAC address is noticed by both kernels."""
        peer = self.node.peer
        if not (self.node.world.link.up and peer.power):
            return
        mine = {a.address for a in self.interface.inet}
        for other in interfaces_of(peer).values():
            shared = mine & set(other.addresses)
            if shared and other.ether != self.interface.ether:
                address = min(shared)
                for node, ether, name in (
                    (self.node, other.ether, self.interface.name),
                    (peer, self.interface.ether, other.name),
                ):
                    node.kernel(f"arp: {ether} is using my IP address {address} on {name}!")


def leave_wire(node: Node) -> None:
    """After a power cut nothing of the node is on the wire any more."""
    for router in list(_routers.get(node.world, [])):
        if router.node is node:
            router.leave()
