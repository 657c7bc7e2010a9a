"""The DEV and VFS classes: entries below /dev, and the hold of a mounted file system."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from console.lab import devd
from console.lab.geom.base import Consumer, GeomClass, Provider

if TYPE_CHECKING:
    from console.lab.geom.kernel import Geom


class Dev(GeomClass):
    """Gives every provider its entry below /dev, which shows as an empty file in the node's file system."""

    name = "DEV"
    xml_id = "0xffffffff80863b90"

    def __init__(self, kernel: "Geom") -> None:
        super().__init__(kernel)
        self._paths: set[str] = set()

    async def taste(self, provider: Provider) -> None:
        """Make the entry."""
        geom = self.kernel.new_geom(self, provider.name, provider.geom.rank + 1)
        self.kernel.attach(geom, provider)
        path = f"/dev/{provider.name}"
        self._paths.add(path)
        self.node.fs.mkdir(path.rsplit("/", 1)[0], recursive=True)
        self.node.fs.write_file(path, b"")
        devd.announce_device(self.node, "CREATE", provider.name)

    def orphaned(self, consumer: Consumer) -> None:
        """Take the entry away."""
        self._forget(f"/dev/{consumer.below.name}")
        name = consumer.below.name
        devd.announce(self.node, "DEVFS", "CDEV", "DESTROY", name)

        async def gone() -> None:
            # GEOM says so only when the device has been let go of.
            devd.announce(self.node, "GEOM", "DEV", "DESTROY", name)

        self.kernel.post(gone)
        self.kernel.remove_geom(consumer.geom)

    def lose(self) -> None:
        """Take all entries away: /dev does not survive a reboot."""
        for path in sorted(self._paths):
            self._forget(path)

    def _forget(self, path: str) -> None:
        fs = self.node.fs
        self._paths.discard(path)
        if fs.exists(path):
            fs.remove(path)
        directory = path.rsplit("/", 1)[0]
        if directory != "/dev" and fs.exists(directory) and not fs.read_dir(directory):
            fs.remove(directory, recursive=True)

    @contextmanager
    def opened(self, provider: Provider, *, write: bool) -> Iterator[Provider]:
        """Open /dev/NAME as a program does; closing it after writing has it tasted again. Raises OSError."""
        user = next(consumer for consumer in provider.consumers if consumer.geom.owner is self)
        self.kernel.access(user, 1, int(write), 0)
        try:
            yield provider
        finally:
            if user.provider is not None:
                self.kernel.access(user, -1, -int(write), 0)


class Vfs(GeomClass):
    """The hold that a mounted file system has on its device."""

    name = "VFS"
    xml_id = "0xffffffff80864768"

    def open(self, provider: Provider) -> Consumer:
        """Open a provider for a file system that will be mounted; raises OSError."""
        geom = self.kernel.new_geom(self, f"ffs.{provider.name}", provider.geom.rank + 1)
        consumer = self.kernel.attach(geom, provider)
        try:
            self.kernel.access(consumer, 1, 1, 1)
        except OSError:
            self.kernel.remove_geom(geom)
            raise
        return consumer

    def close(self, consumer: Consumer) -> None:
        """Let go after unmounting."""
        self.kernel.remove_geom(consumer.geom)

    def orphaned(self, consumer: Consumer) -> None:
        """The file system stays mounted over a device that is gone; its writes fail from now on."""
        provider = consumer.below
        self.node.kernel(f"GEOM_VFS: {provider.name}: lost device under {consumer.geom.name}")
        self.kernel.detach(consumer)
