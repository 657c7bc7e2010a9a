"""Reading from and writing to a mirror: every write to all active components, failures by their errno."""

import asyncio
import errno
from typing import TYPE_CHECKING

from console.lab.geom import metadata as meta
from console.lab.geom.base import Provider, failure
from console.lab.geom.component import ACTIVE, BUMP_GENID, BUMP_SYNCID, BUMP_SYNCID_NOW, Component

if TYPE_CHECKING:
    from console.lab.geom.softc import Mirror


class MirrorProvider(Provider):
    """The device /dev/mirror/NAME."""

    def __init__(self, mirror: "Mirror") -> None:
        super().__init__(mirror.geom, f"mirror/{mirror.name}", mirror.mediasize)
        self.mirror = mirror
        self.config = tuple
        self.unmapped = all(component.provider.unmapped for component in mirror.components)
        self._turn = 0

    @property
    def candelete(self) -> bool:  # type: ignore[override]  # follows the components
        """Supports BIO_DELETE as soon as one component does."""
        below = [component.consumer.provider for component in self.mirror.components]
        return any(provider.candelete for provider in below if provider is not None)

    @property
    def in_use(self) -> bool:
        """Open by anyone but the mirror's own synchronisation."""
        own = self.mirror.sync_geom.consumers
        return self.read_count - sum(user.reads for user in own) + self.write_count + self.exclusive_count > 0

    def access(self, reads: int, writes: int, exclusives: int) -> None:
        """The last close of a writer lets the components be marked clean."""
        if writes < 0 and self.write_count + writes == 0:
            self.mirror.activity.closed()

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
        number = await asyncio.shield(self.mirror.node.start(self._write(offset, data)))
        if number is not None:
            raise failure(number)

    async def _write(self, offset: int, data: bytes) -> int | None:
        mirror = self.mirror
        async with mirror.lock:
            if mirror.gone or mirror.active_count == 0:
                return errno.ENXIO
            await mirror.activity.begin()
            if mirror.bump & BUMP_SYNCID:
                await mirror.bump_syncid()
            targets = [*mirror.active, *mirror.sync.followers(offset)]
            writes = [mirror.node.start(self._write_one(component, offset, data)) for component in targets]
            mirror.activity.sent()
        try:
            errors = await asyncio.gather(*writes)
        finally:
            mirror.activity.answered()
        if all(error is not None for error in errors):
            return errors[0] if errors else errno.ENXIO
        return None

    async def _write_one(self, component: Component, offset: int, data: bytes) -> int | None:
        try:
            await component.provider.write(offset, data)
        except OSError as error:
            self._failed(component, error, f"WRITE(offset={offset}, length={len(data)})", reading=False)
            return error.errno or errno.EIO
        return None

    def _failed(self, component: Component, error: OSError, request: str, *, reading: bool) -> None:
        mirror = self.mirror
        if component not in mirror.components or component.leaving:
            return
        if not component.flags & meta.BROKEN:
            component.flags |= meta.BROKEN
            mirror.say(f"Request failed (error={error.errno}). {component.name}[{request}]")
        if mirror.active_count > 1 or component.state != ACTIVE:
            # A device that is simply gone counts as missing; one that answered with an error as broken.
            if error.errno == errno.ENXIO:
                mirror.bump |= BUMP_SYNCID if reading else BUMP_SYNCID_NOW
            else:
                mirror.bump |= BUMP_GENID
            mirror.drop(component)

    def _reader(self) -> Component:
        active = self.mirror.active
        if not active:
            raise failure(errno.ENXIO)
        if self.mirror.balance in ("prefer", "none"):
            return active[0]
        self._turn += 1
        return active[self._turn % len(active)]
