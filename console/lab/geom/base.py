"""What every GEOM class is made of: geoms, the providers they offer and the consumers that use them."""

import errno
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.lab.geom.kernel import Geom

SECTOR = 512

Config = Sequence[tuple[str, str]]
"""Keys and values as they stand inside a `config` element of kern.geom.confxml."""


def failure(number: int) -> OSError:
    """The error with which a request ends."""
    return OSError(number, errno.errorcode.get(number, str(number)))


class GeomClass:
    """A GEOM class of one node; a subclass tastes providers and makes geoms of them."""

    name = ""
    xml_id = ""
    """The class's address, as kern.geom.confxml prints it."""

    def __init__(self, kernel: "Geom") -> None:
        self.kernel = kernel
        self.node = kernel.node
        self.geoms: list[GeomObject] = []

    async def taste(self, provider: "Provider") -> None:
        """Look at a provider that is new or has just been written; take it if it is ours."""

    def spoiled(self, consumer: "Consumer") -> None:
        """Someone else opened the provider for writing: what was tasted may no longer hold."""

    def orphaned(self, consumer: "Consumer") -> None:
        """The provider is going away."""
        self.kernel.detach(consumer)


class GeomObject:
    """One geom: an instance of a class."""

    def __init__(self, owner: GeomClass, name: str, rank: int) -> None:
        self.owner = owner
        self.name = name
        self.rank = rank
        self.xml_id = owner.kernel.new_id()
        self.providers: list[Provider] = []
        self.consumers: list[Consumer] = []
        self.config: Callable[[], Config] | None = None
        """What dumpconf prints for the geom; None when the class has no dumpconf at all."""


class Provider:
    """Something that can be read and written, with a name below /dev."""

    candelete = False
    """Supports BIO_DELETE (TRIM)."""
    unmapped = True
    """Accepts unmapped I/O."""

    def __init__(self, geom: GeomObject, name: str, mediasize: int) -> None:
        self.geom = geom
        self.name = name
        self.mediasize = mediasize
        self.sectorsize = SECTOR
        self.stripeoffset = 0
        self.read_count = self.write_count = self.exclusive_count = 0
        self.consumers: list[Consumer] = []
        self.withered = False
        self.xml_id = geom.owner.kernel.new_id()
        self.config: Callable[[], Config] | None = None

    @property
    def in_use(self) -> bool:
        """Open by anyone who may write, or who wants it for himself."""
        return self.write_count + self.exclusive_count > 0

    @property
    def mode(self) -> str:
        """The open counts as r1w1e1."""
        return f"r{self.read_count}w{self.write_count}e{self.exclusive_count}"

    def access(self, reads: int, writes: int, exclusives: int) -> None:
        """Told before its open counts change; raises OSError to refuse."""

    async def read(self, offset: int, length: int) -> bytes:
        """Read a range; raises OSError as the driver does, and may wait for ever."""
        raise NotImplementedError

    async def write(self, offset: int, data: bytes) -> None:
        """Write a range; raises OSError as the driver does, and may wait for ever."""
        raise NotImplementedError


class Consumer:
    """A geom's hold on a provider below it."""

    def __init__(self, geom: GeomObject) -> None:
        self.geom = geom
        self.provider: Provider | None = None
        self.reads = self.writes = self.exclusives = 0
        self.xml_id = geom.owner.kernel.new_id(consumer=True)
        self.config: Callable[[], Config] | None = None

    @property
    def mode(self) -> str:
        """The open counts as r1w1e1."""
        return f"r{self.reads}w{self.writes}e{self.exclusives}"

    @property
    def below(self) -> Provider:
        """The provider; it must be attached."""
        if self.provider is None:
            raise failure(errno.ENXIO)
        return self.provider
