"""The simulated world: two nodes, the replication link between them, power and time."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bashkit import FileSystem

from console.lab.clock import Clock
from console.lab.drives import Drives, usual_drives
from console.lab.gated import GateServer
from console.lab.geom.kernel import Geom
from console.lab.images import ImageFiles
from console.lab.mounts import MountTable
from console.lab.processes import ProcessTable

if TYPE_CHECKING:
    from console.lab.system_disk import SystemDisk

BOOT_SECONDS = 20.0
"""From power on until the node's services start, world seconds."""

SYNC_RATE = 8 << 20

DUMP_RATE = 20 << 20

MESSAGES = "/var/log/messages"

BootHook = Callable[["Node"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Happening:
    """Something done to the world from outside, or worth telling: when, where ("" for the link) and what."""

    at: float
    node: str
    text: str


class Link:
    """The replication link between the two nodes; both directions fail together unless told otherwise."""

    def __init__(self) -> None:
        self.up = True
        self.watchers: list[Callable[[bool], None]] = []
        """Told of every change, after `up` has it."""

    def set(self, up: bool) -> None:
        """Pull (False) or plug in (True) the cable."""
        if up != self.up:
            self.up = up
            for watcher in list(self.watchers):
                watcher(up)


@dataclass
class Module:
    """A kernel module as kldstat(8) lists it."""

    name: str
    address: int
    size: int
    number: int
    references: int = 1


@dataclass(eq=False)
class Node:
    """One simulated server: its root disk survives a power cut, everything else here does not."""

    world: "World"
    name: str
    hostname: str
    address: str
    fs: FileSystem = field(default_factory=FileSystem)
    power: bool = False
    """Has electricity; a booting node is powered but not `ready`."""
    ready: bool = False
    """Multi-user: logins and services work."""
    boot_time: float = 0.0
    own_clock: Clock | None = None
    """Set by a fault: the node's clock is not the world's."""
    dmesg: list[str] = field(default_factory=list)
    modules: dict[str, Module] = field(default_factory=dict)
    sysctls: dict[str, str] = field(default_factory=dict)
    """Knobs that were set away from their default."""
    interfaces: dict[str, Any] = field(default_factory=dict)
    """Network interfaces by name; the network commands own what is inside."""
    before_services: list[BootHook] = field(default_factory=list)
    """Run in order while booting, before the node is ready (rc.d, newsyslog, fsck …)."""
    after_boot: list[BootHook] = field(default_factory=list)
    """Run in order once the node is ready (daemons)."""
    at_power_cut: list[Callable[["Node"], None]] = field(default_factory=list)
    """Run when the electricity goes, before processes vanish."""
    drives: Drives = field(default_factory=usual_drives)
    """The disks in the machine."""
    system: "SystemDisk | None" = None
    """The disk of the running system when it has true tables; None: gpt/rootfs of vtbd0, without contents."""
    boot_failure: str = ""
    """Why the last boot from a disk stopped: the stage, and what stands on the console."""
    disk_filler: int = 0
    """Bytes of the root disk that a fault has filled with nothing in particular."""
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.processes = ProcessTable(self.clock.now)
        self.images = ImageFiles(self)
        self.geom = Geom(self)
        self.mounts = MountTable(self)
        self.gate_server = GateServer(self)
        self.fs.mkdir("/var/log", recursive=True)

    @property
    def clock(self) -> Clock:
        """The node's clock: the world's, unless a fault gave it another."""
        return self.own_clock if self.own_clock is not None else self.world.clock

    @property
    def peer(self) -> "Node":
        """The other node of the pair."""
        return next(node for node in self.world.nodes.values() if node is not self)

    def reaches(self, address: str) -> "Node | None":
        """The powered node that answers at `address` over the network now, or None."""
        for node in self.world.nodes.values():
            if (
                node.answers_at(address)
                and node.power
                and node.ready
                and (node is self or self.world.link.up)
            ):
                return node
        return None

    def answers_at(self, address: str) -> bool:
        """True for the node's own address and every alias its interfaces carry."""
        return address in (self.address, self.hostname) or any(
            address in getattr(interface, "addresses", ()) for interface in self.interfaces.values()
        )

    def start(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Run something that a power cut of this node ends."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def syslog(self, program: str, text: str, pid: int | None = None) -> None:
        """Append one line to /var/log/messages, as syslogd(8) writes it."""
        if not self.power:
            return
        moment = datetime.fromtimestamp(self.clock.now(), UTC)
        stamp = f"{moment:%b} {moment.day:2d} {moment:%H:%M:%S}"
        tag = program if pid is None else f"{program}[{pid}]"
        line = f"{stamp} {self.hostname} {tag}: {text}\n".encode()
        if self.fs.exists(MESSAGES):
            self.fs.append_file(MESSAGES, line)
        else:
            self.fs.write_file(MESSAGES, line)

    def kernel(self, text: str) -> None:
        """Log a kernel message: into dmesg(8) and, through syslogd, /var/log/messages."""
        if self.power:
            self.dmesg.append(text)
            self.syslog("kernel", text)

    async def boot(self, seconds: float | None = None) -> None:
        """Switch on and come up; returns when the node is ready."""
        if self.power:
            return
        self.power = True
        self.boot_time = self.clock.now()
        self.dmesg.clear()
        self.world.record(self.name, "power on")
        await self.clock.sleep(BOOT_SECONDS if seconds is None else seconds)
        if not self.power:
            return
        await self.geom.start()
        if self.system is not None and not await self.system.start():
            return
        self.mounts.start()
        if self.system is not None:
            await self.system.bring_up()
        for hook in self.before_services:
            await hook(self)
        self.ready = True
        for hook in self.after_boot:
            await hook(self)

    def cut_power(self) -> None:
        """Take the electricity away: what was not written is lost, images stay as they are."""
        if not self.power:
            return
        self.world.record(self.name, "power cut")
        for hook in self.at_power_cut:
            hook(self)
        self.power = self.ready = False
        for task in list(self.tasks):
            task.cancel()
        self.mounts.lose()
        self.geom.lose()
        self.gate_server.lose()
        self.processes.clear()
        self.modules.clear()
        self.sysctls.clear()
        for watcher in list(self.world.power_watchers):
            watcher(self)

    async def halt(self) -> None:
        """Shut down in order: file systems are written and unmounted, then the power goes."""
        await self.mounts.unmount_all()
        if self.system is not None and self.power:
            await self.system.shut_down()
        self.cut_power()

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.world.record(self.name, f"lab fault: {error!r}")
            asyncio.get_running_loop().call_exception_handler(
                {"message": "lab task failed", "exception": error}
            )


class World:
    """Both nodes, the link, the clock and what has happened."""

    def __init__(self, speed: float = 1.0, *, seed: int = 20261123, clock: Clock | None = None) -> None:
        self.clock = clock if clock is not None else Clock(speed)
        self.random = random.Random(seed)  # noqa: S311 - ids in a simulation, reproducible on purpose
        self.link = Link()
        self.sync_rate = SYNC_RATE
        """Bytes per world second at which mirrors synchronise."""
        self.dump_rate = DUMP_RATE
        """Bytes per world second at which dump(8) reads a disk."""
        self.events: list[Happening] = []
        self.watchers: list[Callable[[Happening], None]] = []
        self.observers: list[Callable[[str, Node, object], Awaitable[None]]] = []
        """Told by `tell` of "mounting", "mounted", "fsynced", "copy begins" and "copied"; the world waits."""
        self.power_watchers: list[Callable[[Node], None]] = []
        """Told when a node's power goes."""
        self.nodes: dict[str, Node] = {}
        self.nodes["a"] = Node(self, "a", "nodea", "192.168.1.100")
        self.nodes["b"] = Node(self, "b", "nodeb", "192.168.1.101")
        self.spare = Node(self, "c", "nodec", "192.168.1.103")
        """A third server, no part of the pair; without power until somebody boots it."""

    def record(self, node: str, text: str) -> None:
        """Note that something happened."""
        happening = Happening(self.clock.now(), node, text)
        self.events.append(happening)
        for watcher in list(self.watchers):
            watcher(happening)

    async def tell(self, what: str, node: Node, thing: object) -> None:
        """Let the observers see something that happens inside a node."""
        for observer in list(self.observers):
            await observer(what, node, thing)

    def pull_link(self) -> None:
        """Take the replication cable out."""
        self.record("", "replication link pulled")
        self.link.set(False)

    def plug_link(self) -> None:
        """Plug the replication cable in."""
        self.record("", "replication link plugged in")
        self.link.set(True)

    async def close(self) -> None:
        """End every task of both nodes."""
        tasks = [task for node in (*self.nodes.values(), self.spare) for task in node.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
