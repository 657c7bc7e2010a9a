"""The MIRROR class: it tastes providers for gmirror's metadata and makes mirrors of them."""

from typing import TYPE_CHECKING

from console.lab.geom import metadata as meta
from console.lab.geom.base import Consumer, GeomClass, Provider
from console.lab.geom.component import BUMP_SYNCID, Component
from console.lab.geom.softc import Mirror

if TYPE_CHECKING:
    from console.lab.geom.kernel import Geom


class Mirrors(GeomClass):
    """All mirrors of a node."""

    name = "MIRROR"
    xml_id = "0xffffffff80d1e398"

    def __init__(self, kernel: "Geom") -> None:
        super().__init__(kernel)
        self.mirrors: dict[str, Mirror] = {}

    async def taste(self, provider: Provider) -> None:
        """Take a provider whose last sector says that it belongs to a mirror."""
        if provider.write_count > 0:
            return
        try:
            md = meta.decode(await provider.read(provider.mediasize - meta.SIZE, meta.SIZE))
        except OSError:
            return
        if md is None or provider.withered or provider.write_count > 0:
            return
        if md.hcprovider and md.hcprovider != provider.name:
            return
        if md.provsize and md.provsize != provider.mediasize:
            return
        if md.dflags & meta.INACTIVE:
            self.node.kernel(
                f"GEOM_MIRROR: Device {md.name}: provider {provider.name} marked as inactive, skipping."
            )
            return
        mirror = self.mirrors.get(md.name)
        if mirror is not None and mirror.mid != md.mid:
            mirror.say(f"Device {md.name} already configured.")
            return
        if mirror is None:
            mirror = self.mirrors[md.name] = Mirror(self, md)
        error = await mirror.add(provider, md)
        if error:
            mirror.say(f"Cannot add disk {provider.name} to {md.name} (error={error}).")
            if not mirror.components and not mirror.gone:
                mirror.destroy()

    def component_of(self, consumer: Consumer) -> tuple[Mirror, Component] | None:
        """The mirror and component that a consumer belongs to."""
        for mirror in self.mirrors.values():
            for component in mirror.components:
                if component.consumer is consumer:
                    return mirror, component
        return None

    def orphaned(self, consumer: Consumer) -> None:
        """A component's provider is gone: the rest goes on without it, and counts that."""
        found = self.component_of(consumer)
        if found is None:
            self.kernel.detach(consumer)
            return
        mirror, component = found
        mirror.bump |= BUMP_SYNCID
        mirror.drop(component)

    def resized(self, consumer: Consumer) -> None:
        """A component has another size now: its metadata moves to the new end."""
        found = self.component_of(consumer)
        if found is not None:
            mirror, component = found
            self.node.start(self._move_metadata(mirror, component))

    async def _move_metadata(self, mirror: Mirror, component: Component) -> None:
        async with mirror.lock:
            if component in mirror.components:
                await mirror.store(component)

    def forget(self, mirror: Mirror) -> None:
        """Take a mirror's geoms away."""
        if self.mirrors.get(mirror.name) is mirror:
            del self.mirrors[mirror.name]
        for geom in (mirror.sync_geom, mirror.geom):
            for provider in list(geom.providers):
                self.kernel.wither(provider)
            if geom in self.geoms:
                self.geoms.remove(geom)
