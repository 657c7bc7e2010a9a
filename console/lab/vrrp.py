"""freevrrpd on a simulated node: electing by priority over the link, and running the node's own scripts.

A script runs inside the thread of its virtual router: while it runs nothing is sent and nothing is heard.
"""

import asyncio
import signal
from collections import deque
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from console.lab.catalogue import commands
from console.lab.lineinput import LineInput
from console.lab.modules import is_loaded
from console.lab.network import (
    PPROMISC,
    PROMISC,
    RUNNING,
    UP,
    Address,
    Interface,
    floating_interface,
    interfaces_of,
)
from console.lab.processes import Process
from console.lab.shell import Shell
from console.lab.vrrpconf import Section, read_configuration
from console.lab.world import Node, World

INTERVAL = 1.0
"""Seconds between advertisements."""
SETTLING = 0.6
"""Seconds a change of state takes: addresses, carrier, gratuitous ARP."""
MOST_FAULTS = 5
"""Faults of an interface after which freevrrpd does not take it back."""

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


class Daemon:
    """One freevrrpd process."""

    def __init__(self, node: Node, command: str, file: str) -> None:
        self.node = node
        self._file = file
        self._last = ""
        self._routers: list[Router] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._faults: dict[str, int] = {}
        self._down: set[str] = set()
        node.syslog("freevrrpd", "launching daemon in background mode", node.processes.take_pid())
        self.process: Process = node.processes.spawn(command, stat="Ss", on_signal=self._on_signal)

    def log(self, text: str) -> None:
        """One line to syslog; syslogd(8) keeps repeated ones back."""
        if text != self._last:
            self._last = text
            self.node.syslog("freevrrpd", text, self.process.pid)

    def start(self) -> None:
        """Read the file and begin, or end when it cannot be used."""
        self.log("initializing threads and all VRID")
        self.log(f"reading configuration file {self._file}")
        text = ""
        if self.node.fs.exists(self._file):
            text = self.node.fs.read_file(self._file).decode("utf-8", "replace")
        configuration = read_configuration(text)
        for complaint in configuration.complaints:
            self.log(complaint)
        if configuration.fatal:
            self.log(configuration.fatal)
            self.node.processes.exit(self.process)
            return
        for section in configuration.sections:
            real = interfaces_of(self.node).get(section.interface)
            if real is not None:
                real.set_flags(PROMISC | PPROMISC)
            router = Router(self, section)
            self._routers.append(router)
            router.interface.set_flags(UP | RUNNING, on=False)
        self.log("monitored circuits engine initialized")
        self._tasks = [self.node.start(router.run()) for router in self._routers]
        self._tasks.append(self.node.start(self._watch_circuits()))

    async def run_script(self, path: str) -> None:
        """Run a script as system(3) does: until it returns, whatever it leaves in the background."""
        if not path:
            return
        node = self.node
        process = node.processes.spawn(f"/bin/sh {path}", ppid=self.process.pid, stat="S")

        async def nowhere(data: bytes) -> None:
            pass

        live = LineInput()
        live.end()
        shell = Shell(node, commands(), live, nowhere, nowhere)
        try:
            rest = await shell.foreground(path)
        finally:
            node.processes.exit(process)
        if not rest.done():
            node.tasks.add(rest)
            rest.add_done_callback(node.tasks.discard)

    async def _watch_circuits(self) -> None:
        """Notice a carrier that goes or comes back."""
        while True:
            await self.node.clock.sleep(0.25)
            for name in {r.section.interface for r in self._routers if r.section.monitored}:
                interface = interfaces_of(self.node).get(name)
                up = interface is not None and interface.carrier and interface.up
                concerned = [r for r in self._routers if r.section.interface == name and not r.disabled]
                if not up and name not in self._down:
                    self._down.add(name)
                    self._faults[name] = self._faults.get(name, 0) + 1
                    self.log(f"interface {name} is faulty, deactivated from VRRP VRIDs")
                    for router in concerned:
                        router.fail_interface()
                elif up and name in self._down:
                    self._down.discard(name)
                    await self._revive(name, concerned)

    async def _revive(self, name: str, concerned: list[Router]) -> None:
        if self._faults[name] > MOST_FAULTS:
            self.log(f"cannot reactivate interface {name}, too much errors on it !")
            return
        masters = [router for router in concerned if router.state == "master"]
        for router in masters:
            router.state = "backup"
            self.log(f"server state vrid {router.section.serverid}: backup")
        self.log(f"interface {name} is alive again, reactivate it on VRRP")
        for router in masters:
            await self.run_script(router.section.backupscript)
        for router in concerned:
            router.revive_interface()

    def _on_signal(self, number: int) -> bool:
        if number == signal.SIGHUP:
            for router in self._routers:
                router.interrupt()
            return True
        for router in self._routers:
            router.leave()
            if number != signal.SIGKILL:
                router.release()
                interfaces_of(self.node).pop(router.interface.name, None)
        for task in self._tasks:
            task.cancel()
        return False


def forget(node: Node) -> None:
    """After a power cut nothing of the node is on the wire any more."""
    for router in list(_routers.get(node.world, [])):
        if router.node is node:
            router.leave()


def start_daemon(node: Node, arguments: list[str]) -> Daemon:
    """Start freevrrpd with these arguments, as its own process."""
    file = "/usr/local/etc/freevrrpd.conf"
    if "-f" in arguments[:-1]:
        file = arguments[arguments.index("-f") + 1]
    if forget not in node.at_power_cut:
        node.at_power_cut.append(forget)
    daemon = Daemon(node, " ".join(["/usr/local/sbin/freevrrpd", *arguments]), file)
    daemon.start()
    return daemon
