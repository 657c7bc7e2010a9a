"""Synchronisation: copying a mirror onto a component, from the start to the end, at the world's speed."""

import asyncio
from typing import TYPE_CHECKING

from console.lab.geom import metadata as meta
from console.lab.geom.component import SYNCHRONIZING, Component

if TYPE_CHECKING:
    from console.lab.geom.softc import Mirror

STEP_SECONDS = 0.25
_GRAIN = 131072


class Synchroniser:
    """The copies that a mirror is making."""

    def __init__(self, mirror: "Mirror") -> None:
        self._mirror = mirror
        self._copies: dict[Component, asyncio.Task[None]] = {}

    def followers(self, offset: int) -> list[Component]:
        """Components being copied that already hold this place: writes must reach them too."""
        return [component for component in self._copies if component.offset > offset]

    async def begin(self, component: Component) -> None:
        """Start copying onto a component; the caller holds the mirror's lock."""
        mirror = self._mirror
        await mirror.node.world.tell("copy begins", mirror.node, component)
        component.state = SYNCHRONIZING
        component.flags |= meta.SYNCHRONIZING
        if not mirror.flags & meta.NOFAILSYNC:
            component.flags |= meta.DIRTY
        component.genid, component.syncid = mirror.genid, mirror.syncid
        mirror.say(f"Device {mirror.name}: rebuilding provider {component.name}.")
        if mirror.provider is not None and not mirror.sync_geom.consumers:
            reader = mirror.kernel.attach(mirror.sync_geom, mirror.provider)
            mirror.kernel.access(reader, 1, 0, 0)
        await mirror.store(component)
        self._copies[component] = mirror.node.start(self._copy(component))

    def stop(self, component: Component) -> None:
        """Give a copy up, if there is one."""
        task = self._copies.pop(component, None)
        if task is not None:
            task.cancel()
            mirror = self._mirror
            mirror.say(f"Device {mirror.name}: rebuilding provider {component.name} stopped.")
            self._close()

    async def _copy(self, component: Component) -> None:
        mirror = self._mirror
        clock = mirror.node.clock
        stored = clock.now()
        while component.offset < mirror.mediasize:
            await clock.sleep(STEP_SECONDS)
            async with mirror.lock:
                step = max(_GRAIN, int(mirror.node.world.sync_rate * STEP_SECONDS) // _GRAIN * _GRAIN)
                if not await self._copy_range(component, min(component.offset + step, mirror.mediasize)):
                    return
                if clock.now() - stored >= mirror.knob("sync_update_period", 5):
                    stored = clock.now()
                    await mirror.store(component)
        async with mirror.lock:
            if self._copies.pop(component, None) is not None:
                await mirror.synchronised(component)
                self._close()
                await mirror.node.world.tell("copied", mirror.node, component)

    async def _copy_range(self, component: Component, end: int) -> bool:
        mirror = self._mirror
        while component.offset < end:
            if mirror.provider is None or component not in self._copies:
                return False
            length = min(_GRAIN, end - component.offset)
            try:
                data = await mirror.provider.read(component.offset, length)
                await component.provider.write(component.offset, data)
            except OSError as error:
                mirror.say(f"Synchronization request failed (error={error.errno}).")
                mirror.drop(component)
                return False
            component.offset += length
        return True

    def _close(self) -> None:
        if not self._copies:
            for reader in list(self._mirror.sync_geom.consumers):
                self._mirror.kernel.detach(reader)
