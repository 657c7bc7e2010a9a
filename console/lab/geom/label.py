"""The LABEL class: names for partitions, and for providers that look like a UFS file system."""

from typing import TYPE_CHECKING

from console.lab.geom.base import Consumer, GeomClass, GeomObject, Provider
from console.lab.ufs import FRAGMENT, read_superblock

if TYPE_CHECKING:
    from console.lab.geom.kernel import Geom

FORMATS = 18
"""Reads with which GEOM_LABEL and the partition classes look for the formats they know, one by one."""


class LabelProvider(Provider):
    """A second name for the whole of another provider."""

    def __init__(self, geom: GeomObject, name: str, size: int, user: Consumer) -> None:
        super().__init__(geom, name, size)
        self._user = user
        self.candelete = user.below.candelete
        self.unmapped = user.below.unmapped
        self.stripeoffset = user.below.stripeoffset

    def access(self, reads: int, writes: int, exclusives: int) -> None:
        """The first open through the label takes the provider for oneself, the last close gives it back."""
        user = self._user
        if user.provider is None:
            return
        before = user.reads + user.writes + user.exclusives
        after = before + reads + writes + exclusives
        if before == 0:
            exclusives += 1
        elif after == 1:
            exclusives -= 1
        self.geom.owner.kernel.access(user, reads, writes, exclusives)

    async def read(self, offset: int, length: int) -> bytes:
        """Read from the provider below."""
        return await self._user.below.read(offset, length)

    async def write(self, offset: int, data: bytes) -> None:
        """Write to the provider below."""
        await self._user.below.write(offset, data)


class Label(GeomClass):
    """GEOM_LABEL with its gpt/, ufs/ and ufsid/ names."""

    name = "LABEL"
    xml_id = "0xffffffff80864940"

    def __init__(self, kernel: "Geom") -> None:
        super().__init__(kernel)

    def put(self, provider: Provider, name: str, size: int) -> None:
        """Give `provider` one more name, unless another has it already."""
        if self.kernel.find(name) is not None:
            return
        geom = self.kernel.new_geom(self, provider.name, provider.geom.rank + 1)
        geom.config = tuple
        user = self.kernel.attach(geom, provider)
        user.config = tuple
        label = LabelProvider(geom, name, size, user)
        label.config = lambda: (
            ("index", "0"),
            ("length", str(size)),
            ("seclength", str(size // provider.sectorsize)),
            ("offset", "0"),
            ("secoffset", "0"),
        )
        self.kernel.offer(label)

    async def taste(self, provider: Provider) -> None:
        """Look for a UFS superblock whose size fits the provider."""
        if provider.write_count > 0 or provider.geom.owner.name in ("LABEL", "DISK"):
            return
        superblock = None
        for attempt in range(FORMATS):
            try:
                if attempt == 0:
                    superblock = await read_superblock(provider)
                else:
                    await provider.read(0, provider.sectorsize)
            except OSError:
                continue
        if superblock is None or provider.withered or provider.write_count > 0:
            return
        # gmirror's last sector makes a component one sector larger than what newfs saw.
        if not superblock.size <= provider.mediasize // FRAGMENT <= superblock.size + 1:
            return
        if superblock.volname:
            self.put(provider, f"ufs/{superblock.volname}", provider.mediasize)
        self.put(provider, f"ufsid/{superblock.ident}", provider.mediasize)

    def spoiled(self, consumer: Consumer) -> None:
        """What was read may be overwritten now: the name goes."""
        self.kernel.remove_geom(consumer.geom)

    def orphaned(self, consumer: Consumer) -> None:
        """The provider goes, its name too."""
        self.kernel.remove_geom(consumer.geom)
