"""One node's GEOM: classes, open counts, and the event thread that tastes providers one after the other."""

import asyncio
import errno
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from console.lab import devd
from console.lab.geom.base import Consumer, GeomClass, GeomObject, Provider, failure
from console.lab.geom.devices import Dev, Vfs
from console.lab.geom.disk import Disk, Swap, make_disks
from console.lab.geom.gate import Gates
from console.lab.geom.label import Label
from console.lab.geom.md import MemoryDisks
from console.lab.geom.mesh import write_mesh
from console.lab.geom.mirror import Mirrors
from console.lab.geom.part import Part

if TYPE_CHECKING:
    from console.lab.geom.gate import Gate
    from console.lab.geom.softc import Mirror
    from console.lab.world import Node

Event = Callable[[], Awaitable[None]]


class Geom:
    """All of a node's geoms; empty until the node boots."""

    def __init__(self, node: "Node") -> None:
        self.node = node
        self.last_id = 0
        self._reset()

    def _reset(self) -> None:
        self._events: deque[Event] = deque()
        self._thread: asyncio.Task[None] | None = None
        self.md = MemoryDisks(self)
        self.vfs = Vfs(self)
        self.dev = Dev(self)
        self.label = Label(self)
        self.swap = Swap(self)
        self.part = Part(self)
        self.mirror_class: Mirrors | None = None
        self.gate_class: Gates | None = None
        self._fixed: list[GeomClass] = [
            self.swap,
            self.label,
            self.vfs,
            self.md,
            Disk(self),
            self.dev,
            self.part,
        ]

    @property
    def classes(self) -> list[GeomClass]:
        """Every class, the last loaded first: the order in which they taste."""
        loaded: list[GeomClass] = [
            known for known in (self.gate_class, self.mirror_class) if known is not None
        ]
        return [*loaded, *self._fixed]

    @property
    def mirrors(self) -> "dict[str, Mirror]":
        """The mirrors by name, the oldest first."""
        return {} if self.mirror_class is None else self.mirror_class.mirrors

    @property
    def gates(self) -> "dict[int, Gate]":
        """The ggate units."""
        return {} if self.gate_class is None else self.gate_class.gates

    def new_id(self, *, consumer: bool = False) -> str:
        """A kernel address for a new object, as kern.geom.confxml shows it."""
        self.last_id += 1
        start = 0xFFFFF80004650080 if consumer else 0xFFFFF80004160100
        return f"0x{start + self.last_id * 0x100:x}"

    async def start(self) -> None:
        """Find the disks, as the kernel does while booting."""
        make_disks(self)
        for name in self.node.modules:
            self.module_loaded(name)
        await self.idle()

    def lose(self) -> None:
        """Forget everything at once, as a power cut does."""
        if self._thread is not None:
            self._thread.cancel()
        for gate in list(self.gates.values()):
            gate.lose()
        for mirror in list(self.mirrors.values()):
            mirror.lose()
        self.dev.lose()
        self._reset()

    def module_loaded(self, name: str) -> None:
        """A class has arrived with its module: it tastes everything there is."""
        if name == "geom_mirror" and self.mirror_class is None:
            self.mirror_class = Mirrors(self)
            self._taste_all(self.mirror_class)
        elif name == "geom_gate" and self.gate_class is None:
            self.gate_class = Gates(self)

    def module_unloaded(self, name: str) -> None:
        """A class has gone with its module."""
        if name == "geom_mirror":
            self.mirror_class = None
        elif name == "geom_gate":
            self.gate_class = None

    def find(self, name: str) -> Provider | None:
        """The provider of that name; a leading /dev/ is dropped."""
        name = name.removeprefix("/dev/")
        for known in self.providers():
            if known.name == name:
                return known
        return None

    def providers(self) -> list[Provider]:
        """Every provider that is not on its way out."""
        return [
            provider
            for kind in self.classes
            for geom in kind.geoms
            for provider in geom.providers
            if not provider.withered
        ]

    def confxml(self) -> str:
        """kern.geom.confxml as geom_dump.c writes it."""
        return write_mesh(self.classes)

    # Building and taking apart

    def new_geom(self, owner: GeomClass, name: str, rank: int) -> GeomObject:
        """Make a geom; the newest stands first, as in the kernel's lists."""
        geom = GeomObject(owner, name, rank)
        owner.geoms.insert(0, geom)
        return geom

    def offer(self, provider: Provider) -> None:
        """Bring a provider to life: it is named, gets a device and is tasted by every class."""
        provider.geom.providers.insert(0, provider)
        self.post_taste(provider)

    def attach(self, geom: GeomObject, provider: Provider) -> Consumer:
        """Make a consumer of `provider`, opened not at all."""
        consumer = Consumer(geom)
        consumer.provider = provider
        geom.consumers.insert(0, consumer)
        provider.consumers.append(consumer)
        geom.rank = max(geom.rank, provider.geom.rank + 1)
        return consumer

    def detach(self, consumer: Consumer) -> None:
        """Close and take away a consumer; harmless when it is gone."""
        provider = consumer.provider
        if provider is None:
            return
        if consumer.reads or consumer.writes or consumer.exclusives:
            self.access(consumer, -consumer.reads, -consumer.writes, -consumer.exclusives)
        provider.consumers.remove(consumer)
        consumer.provider = None
        if consumer in consumer.geom.consumers:
            consumer.geom.consumers.remove(consumer)
        geom = consumer.geom
        geom.rank = max((user.below.geom.rank + 1 for user in geom.consumers if user.provider), default=1)

    def remove_geom(self, geom: GeomObject) -> None:
        """Take a geom out of its class, its providers and consumers with it."""
        for provider in list(geom.providers):
            self.wither(provider)
        for consumer in list(geom.consumers):
            self.detach(consumer)
        if geom in geom.owner.geoms:
            geom.owner.geoms.remove(geom)

    def wither(self, provider: Provider) -> None:
        """Take a provider away; those who use it are told."""
        if provider.withered:
            return
        provider.withered = True
        for consumer in list(provider.consumers):
            consumer.geom.owner.orphaned(consumer)
        if provider in provider.geom.providers:
            provider.geom.providers.remove(provider)

    def access(self, consumer: Consumer, reads: int, writes: int, exclusives: int) -> None:
        """Change open counts as g_access() does; raises OSError(EPERM) on a conflict."""
        provider = consumer.below
        others_write = provider.write_count - consumer.writes
        others_exclusive = provider.exclusive_count - consumer.exclusives
        if (exclusives > 0 and others_write > 0) or (writes > 0 and others_exclusive > 0):
            raise failure(errno.EPERM)
        if provider.withered and (reads > 0 or writes > 0 or exclusives > 0):
            raise failure(errno.ENXIO)
        provider.access(reads, writes, exclusives)
        first_write = provider.write_count == 0 and writes > 0
        provider.read_count += reads
        provider.write_count += writes
        provider.exclusive_count += exclusives
        consumer.reads += reads
        consumer.writes += writes
        consumer.exclusives += exclusives
        if first_write:
            for other in list(provider.consumers):
                if other is not consumer and not (other.reads or other.writes or other.exclusives):
                    other.geom.owner.spoiled(other)
        if writes < 0 and provider.write_count == 0 and not provider.withered:
            devd.announce_device(self.node, "MEDIACHANGE", provider.name)
            self.post_taste(provider)

    # The event thread

    def post(self, event: Event) -> None:
        """Queue work for the event thread."""
        self._events.append(event)
        if self._thread is None and self.node.power:
            self._thread = self.node.start(self._run())

    def post_taste(self, provider: Provider) -> None:
        """Have every class look at a provider."""

        async def taste() -> None:
            for kind in self.classes:
                await self._taste(kind, provider)

        self.post(taste)

    async def idle(self) -> None:
        """Wait until the event thread has nothing left to do: a dead gate can make that a long time."""
        while self._thread is not None:
            await asyncio.wait([self._thread])

    @property
    def blocked(self) -> bool:
        """True while the event thread is at work or waits for a provider."""
        return self._thread is not None

    def _taste_all(self, kind: GeomClass) -> None:
        for provider in reversed(self.providers()):

            async def taste(provider: Provider = provider) -> None:
                await self._taste(kind, provider)

            self.post(taste)

    async def _taste(self, kind: GeomClass, provider: Provider) -> None:
        # A class that already uses the provider is not asked again: that is how gmirror
        # keeps away from a component it has just closed.
        if provider.withered or any(user.geom.owner is kind for user in provider.consumers):
            return
        await kind.taste(provider)

    async def _run(self) -> None:
        try:
            while self._events:
                await self._events.popleft()()
        finally:
            self._thread = None
