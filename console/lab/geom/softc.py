"""One mirror as the kernel runs it: components, states, metadata, the counters that decide who is stale."""

import asyncio
import errno
from typing import TYPE_CHECKING

from console.lab.clock import Timer
from console.lab.geom import metadata as meta
from console.lab.geom.activity import Activity
from console.lab.geom.base import Config, Provider
from console.lab.geom.component import (
    ACTIVE,
    BUMP_GENID,
    BUMP_SYNCID,
    BUMP_SYNCID_NOW,
    STALE,
    SYNCHRONIZING,
    Component,
)
from console.lab.geom.metadata import Metadata
from console.lab.geom.mirror_io import MirrorProvider
from console.lab.geom.syncing import Synchroniser

if TYPE_CHECKING:
    from console.lab.geom.mirror import Mirrors


class Mirror:
    """One gmirror device."""

    def __init__(self, owner: "Mirrors", md: Metadata) -> None:
        self.owner = owner
        self.kernel = owner.kernel
        self.node = owner.node
        self.name = md.name
        self.mid = md.mid
        self.slice = md.slice
        self.balance = md.balance
        self.flags = md.mflags
        self.mediasize = md.mediasize
        self.all = md.all
        self.genid = md.genid
        self.syncid = md.syncid
        self.bump = 0
        self.started = False
        self.gone = False
        self.components: list[Component] = []
        self.provider: MirrorProvider | None = None
        self.lock = asyncio.Lock()
        """The worker: whoever holds it decides, and blocks everyone else while a metadata write hangs."""
        self.sync = Synchroniser(self)
        self.geom = self.kernel.new_geom(owner, md.name, 1)
        self.geom.config = self._config
        self.sync_geom = self.kernel.new_geom(owner, f"{md.name}.sync", 1)
        self.process = self.node.processes.spawn(f"[g_mirror {md.name}]", ppid=0, stat="DL")
        self.activity = Activity(self)
        self._start_timer: Timer | None = self.node.clock.call_later(self.knob("timeout", 4), self._time_out)

    @property
    def state(self) -> str:
        """STARTING, COMPLETE or DEGRADED."""
        if not self.started:
            return "STARTING"
        return "COMPLETE" if self.active_count == self.all else "DEGRADED"

    @property
    def active(self) -> list[Component]:
        """The ACTIVE components, highest priority first; of equals the last that came."""
        found = [component for component in self.components if component.state == ACTIVE]
        found.reverse()
        found.sort(key=lambda component: -component.priority)
        return found

    @property
    def active_count(self) -> int:
        """How many components are ACTIVE."""
        return sum(component.state == ACTIVE for component in self.components)

    def knob(self, name: str, default: float) -> float:
        """The value of kern.geom.mirror.NAME."""
        return float(self.node.sysctls.get(f"kern.geom.mirror.{name}", default))

    def say(self, text: str) -> None:
        """Log a kernel message of the class."""
        self.node.kernel(f"GEOM_MIRROR: {text}")

    # Components come

    def refusal(self, md: Metadata) -> int:
        """Why a component with this metadata cannot join: an errno, or 0."""
        if any(component.did == md.did for component in self.components):
            return errno.EEXIST
        if md.mediasize != self.mediasize or md.slice != self.slice:
            return errno.EINVAL
        return 0

    async def add(self, provider: Provider, md: Metadata) -> int:
        """Take a tasted provider in; returns an errno, or 0."""
        async with self.lock:
            trouble = self.refusal(md)
            if trouble:
                return trouble
            if self.started and md.genid < self.genid:
                self.say(f"Component {provider.name} (device {self.name}) broken, skipping.")
                return errno.EINVAL
            try:
                component = self._connect(provider, md)
            except OSError as error:
                return error.errno or errno.EIO
            if self.started:
                await self._settle_state(component)
            elif len(self.components) == self.all:
                await self._start()
        return 0

    def _connect(self, provider: Provider, md: Metadata) -> Component:
        consumer = self.kernel.attach(self.geom, provider)
        try:
            self.kernel.access(consumer, 1, 1, 1)
        except OSError:
            self.kernel.detach(consumer)
            raise
        flags = md.dflags
        if provider.candelete:
            flags |= meta.CANDELETE
        if md.hcprovider:
            flags |= meta.HARDCODED
        component = Component(consumer, md.did, md.priority, flags, md.genid, md.syncid, md.syncoffset)
        component.name = provider.name
        consumer.config = lambda: component.config(self.mediasize)
        self.components.append(component)
        if not self.started:
            self._refresh(md)
        return component

    def _refresh(self, md: Metadata) -> None:
        if (md.genid, md.syncid) > (self.genid, self.syncid):
            self.genid, self.syncid = md.genid, md.syncid
            self.all, self.balance, self.flags = md.all, md.balance, md.mflags

    async def _settle_state(self, component: Component) -> None:
        """Decide what a component of a running mirror is: by its counters and flags."""
        if component.syncid == self.syncid:
            dirty = component.flags & meta.DIRTY
            if not component.flags & meta.SYNCHRONIZING and (self.active_count == 0 or not dirty):
                await self._activate(component)
                return
        elif component.syncid < self.syncid:
            component.flags |= meta.SYNCHRONIZING
            component.offset = 0
            component.syncid = self.syncid
        else:
            self.say(
                f"Device {self.name} was started before the freshest disk ({component.name}) arrives!! "
                "It will not be connected to the running device."
            )
            self._release(component)
            return
        if self.flags & meta.NOAUTOSYNC and not component.flags & meta.FORCE_SYNC:
            component.state = STALE
            component.flags &= ~meta.DIRTY
            component.genid = self.genid
            self.say(f"Device {self.name}: provider {component.name} is stale.")
            await self.store(component)
        else:
            await self.sync.begin(component)

    async def _activate(self, component: Component) -> None:
        component.state = ACTIVE
        component.flags &= ~(meta.SYNCHRONIZING | meta.FORCE_SYNC)
        self.activity.flag(component)
        component.genid, component.syncid = self.genid, self.syncid
        await self.store(component)

    async def synchronised(self, component: Component) -> None:
        """A copy has ended well."""
        self.say(f"Device {self.name}: rebuilding provider {component.name} finished.")
        component.offset = 0
        await self._activate(component)

    # The start

    def _time_out(self) -> None:
        self._start_timer = None
        self.node.start(self._start_anyway())

    async def _start_anyway(self) -> None:
        async with self.lock:
            if self.components and not self.started and not self.gone:
                self.say(f"Force device {self.name} start due to timeout.")
                await self._start(missing=len(self.components) < self.all)

    async def _start(self, *, missing: bool = False) -> None:
        if self._start_timer is not None:
            self._start_timer.cancel()
            self._start_timer = None
        genid = max(component.genid for component in self.components)
        for component in [known for known in self.components if known.genid < genid]:
            self.say(f"Component {component.name} (device {self.name}) broken, skipping.")
            self._release(component)
            missing = True
        syncid = max(component.syncid for component in self.components)
        whole = [
            component
            for component in self.components
            if component.syncid == syncid and not component.flags & meta.SYNCHRONIZING
        ]
        if not whole:
            # The only copies here were interrupted halfway: without their source there is no mirror.
            return
        dirty = [component for component in whole if component.flags & meta.DIRTY]
        if dirty:
            master = (
                max(dirty, key=lambda component: component.priority) if len(dirty) == len(whole) else None
            )
            for component in dirty:
                if component is not master:
                    component.flags |= meta.SYNCHRONIZING
        self.genid, self.syncid, self.started = genid, syncid, True
        if missing:
            self.bump |= BUMP_SYNCID
        first = [component for component in whole if not component.flags & meta.SYNCHRONIZING]
        for component in first:
            await self._activate(component)
        self._launch()
        for component in [known for known in self.components if known not in first]:
            await self._settle_state(component)

    def _launch(self) -> None:
        self.provider = MirrorProvider(self)
        for component in sorted(self.components, key=lambda known: -known.priority):
            if not component.provider.unmapped:
                self.say(f"Cancelling unmapped because of {component.name}.")
        self.kernel.offer(self.provider)
        self.say(f"Device mirror/{self.name} launched ({self.active_count}/{self.all}).")

    # Components go

    def drop(self, component: Component) -> None:
        """Have the worker disconnect a component that failed or went away."""
        component.leaving = True
        self.node.start(self._drop(component))

    async def _drop(self, component: Component) -> None:
        async with self.lock:
            if component in self.components:
                await self.disconnect(component)

    async def disconnect(self, component: Component, verb: str = "disconnected") -> None:
        """Take a component out of the running mirror; the caller holds the lock."""
        self.sync.stop(component)
        if self.started:
            self.say(f"Device {self.name}: provider {component.name} {verb}.")
        self._release(component)
        await self.update()

    def _release(self, component: Component) -> None:
        self.components.remove(component)
        consumer = component.consumer
        provider = consumer.provider
        if provider is None:
            return
        if provider.withered:
            self.kernel.detach(consumer)
            return
        # Closing has the provider tasted again. The consumer goes only after that, so that this class
        # does not take the component back at once; GEOM_LABEL has no such scruples.
        self.kernel.access(consumer, -consumer.reads, -consumer.writes, -consumer.exclusives)

        async def detach() -> None:
            self.kernel.detach(consumer)

        self.kernel.post(detach)

    async def update(self) -> None:
        """Draw the consequences of a change: counters, or the end of the device."""
        if self.gone:
            return
        if not self.components:
            self.destroy()
            return
        if self.started and self.active_count == 0:
            self._destroy_provider()
            return
        if self.bump & BUMP_GENID:
            self.bump &= ~BUMP_GENID
            self.genid += 1
            for component in self.active:
                component.genid = self.genid
                await self.store(component)
        if self.bump & BUMP_SYNCID_NOW:
            await self.bump_syncid()

    async def bump_syncid(self) -> None:
        """Count that something was written without the components that are not here."""
        self.bump &= ~(BUMP_SYNCID | BUMP_SYNCID_NOW)
        self.syncid += 1
        for component in [*self.active, *(c for c in self.components if c.state == SYNCHRONIZING)]:
            component.syncid = self.syncid
            if component.state == ACTIVE:
                await self.store(component)

    async def stop(self) -> None:
        """Mark the components clean and let go of them; the metadata stays."""
        async with self.lock:
            if self.gone:
                return
            self.owner.mirrors.pop(self.name, None)
            for component in sorted(self.components, key=lambda known: -known.priority):
                self.sync.stop(component)
                component.flags &= ~meta.DIRTY
                if self.started:
                    await self.store(component)
            self.destroy()

    def destroy(self) -> None:
        """Take the device away."""
        self.gone = True
        self._cancel_timers()
        self._destroy_provider()
        for component in sorted(self.components, key=lambda known: -known.priority):
            self._release(component)
        self.owner.forget(self)
        self.node.processes.exit(self.process)
        self.say(f"Device {self.name} destroyed.")

    def lose(self) -> None:
        """Vanish without a word, as in a power cut."""
        self.gone = True
        self._cancel_timers()

    def _cancel_timers(self) -> None:
        self.activity.stop()
        if self._start_timer is not None:
            self._start_timer.cancel()

    def _destroy_provider(self) -> None:
        if self.provider is not None:
            provider, self.provider = self.provider, None
            self.kernel.wither(provider)
            self.say(f"Device {self.name}: provider destroyed.")

    # Metadata

    def describe(self, component: Component | None) -> Metadata:
        """The metadata of a component; of a new one without `component`."""
        blank = Metadata(
            name=self.name,
            mid=self.mid,
            did=self.node.world.random.getrandbits(32),
            all=self.all,
            genid=self.genid,
            syncid=0,
            priority=0,
            slice=self.slice,
            balance=self.balance,
            mediasize=self.mediasize,
            mflags=self.flags,
        )
        if component is None:
            return blank
        hardcoded = component.flags & meta.HARDCODED and component.consumer.provider is not None
        return blank.but(
            did=component.did,
            genid=component.genid,
            syncid=component.syncid,
            priority=component.priority,
            dflags=component.flags & meta.STORED_FLAGS,
            syncoffset=component.offset if component.state == SYNCHRONIZING else 0,
            hcprovider=component.name if hardcoded else "",
            provsize=component.provider.mediasize if component.consumer.provider is not None else 0,
        )

    async def store(self, component: Component) -> None:
        """Write a component's metadata; a failure costs it its place. Waits while its gate is dead."""
        try:
            provider = component.provider
            sector = self.describe(component).encode()
            await provider.write(provider.mediasize - meta.SIZE, sector)
        except OSError as error:
            if not component.flags & meta.BROKEN:
                component.flags |= meta.BROKEN
                self.say(
                    f"Cannot write metadata on {component.name} (device={self.name}, error={error.errno})."
                )
            self.say(f"Cannot update metadata on disk {component.name} (error={error.errno}).")
            if self.active_count > 1 and component in self.components:
                self.bump |= BUMP_GENID
                self.drop(component)

    # kern.geom.confxml

    def _config(self) -> Config:
        return (
            ("Type", "AUTOMATIC"),
            ("ID", str(self.mid)),
            ("SyncID", str(self.syncid)),
            ("GenID", str(self.genid)),
            ("Flags", meta.flag_words(self.flags, meta.DEVICE_FLAGS)),
            ("Slice", str(self.slice)),
            ("Balance", self.balance),
            ("Components", str(self.all)),
            ("State", self.state),
        )
