"""Reading from and writing to a mirror: every write to all active components, failures by their errno."""

import asyncio
import errno
from typing import TYPE_CHECKING

from console.lab.geom import metadata as meta
from console.lab.geom.base import Provider, failure

if TYPE_CHECKING:
    from console.lab.geom.softc import Component, Mirror


class MirrorProvider(Provider):
    """The device /dev/mirror/NAME."""

    def __init__(self, mirror: "Mirror") -> None:
        super().__init__(mirror.geom, f"mirror/{mirror.name}", mirror.mediasize)
        self.mirror = mirror
        self.config = tuple
        self._turn = 0

    @property
    def in_use(self) -> bool:
        """Open by anyone but the mirror's own synchronisation."""
        own = self.mirror.sync_geom.consumers
        return self.read_count - sum(user.reads for user in own) + self.write_count + self.exclusive_count > 0

    def access(self, reads: int, writes: int, exclusives: int) -> None:
        """The last close of a writer lets the components be marked clean."""
        if writes < 0 and self.write_count + writes == 0:
            self.mirror.closed()

    async def read(self, offset: int, length: int) -> bytes:
        """Read from the component that the balance chooses; from another when it fails."""
        while True:
            component = self._reader()
            try:
                return await component.provider.read(offset, length)
            except OSError as error:
                if self.mirror.active_count <= 1 or component not in self.mirror.components:
                    raise
                self._failed(component, error, f"READ(offset={offset}, length={length})", reading=True)
                component.state = "DISCONNECTED"

    async def write(self, offset: int, data: bytes) -> None:
        """Write to every active component; done when all have answered, even if the caller gives up."""
        await asyncio.shield(self.mirror.node.start(self._write(offset, data)))

    async def _write(self, offset: int, data: bytes) -> None:
        mirror = self.mirror
        async with mirror.lock:
            if mirror.gone or mirror.active_count == 0:
                raise failure(errno.ENXIO)
            if mirror.idle:
                await mirror.mark_dirty()
            mirror.wrote()
            if mirror.bump & 1:
                await mirror.bump_syncid()
            targets = [*mirror.active, *mirror.sync.followers(offset)]
            writes = [mirror.node.start(self._write_one(component, offset, data)) for component in targets]
        errors = await asyncio.gather(*writes)
        if all(error is not None for error in errors):
            raise failure(errors[0] or errno.EIO)

    async def _write_one(self, component: "Component", offset: int, data: bytes) -> int | None:
        try:
            await component.provider.write(offset, data)
        except OSError as error:
            self._failed(component, error, f"WRITE(offset={offset}, length={len(data)})", reading=False)
            return error.errno or errno.EIO
        return None

    def _failed(self, component: "Component", error: OSError, request: str, *, reading: bool) -> None:
        mirror = self.mirror
        if component not in mirror.components:
            return
        if not component.flags & meta.BROKEN:
            component.flags |= meta.BROKEN
            mirror.say(f"Request failed (error={error.errno}). {component.name}[{request}]")
        if mirror.active_count > 1 or component.state != "ACTIVE":
            # A device that is simply gone counts as missing; one that answered with an error as broken.
            if error.errno == errno.ENXIO:
                mirror.bump |= 1 if reading else 2
            else:
                mirror.bump |= 4
            mirror.drop(component)

    def _reader(self) -> "Component":
        active = self.mirror.active
        if not active:
            raise failure(errno.ENXIO)
        if self.mirror.balance in ("prefer", "none"):
            return active[0]
        self._turn += 1
        return active[self._turn % len(active)]
