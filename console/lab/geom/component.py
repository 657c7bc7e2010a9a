"""One component of a mirror: its counters, flags and state."""

from dataclasses import dataclass

from console.lab.geom import metadata as meta
from console.lab.geom.base import Config, Consumer, Provider

ACTIVE, STALE, SYNCHRONIZING, NEW = "ACTIVE", "STALE", "SYNCHRONIZING", "NEW"

BUMP_SYNCID, BUMP_SYNCID_NOW, BUMP_GENID = 1, 2, 4


@dataclass(eq=False)
class Component:
    """One disk of a mirror."""

    consumer: Consumer
    did: int
    priority: int
    flags: int
    genid: int
    syncid: int
    offset: int
    state: str = NEW
    name: str = ""
    leaving: bool = False
    """It failed or went away; the worker will disconnect it as soon as it can."""

    @property
    def provider(self) -> Provider:
        """The provider it lives on."""
        return self.consumer.below

    @property
    def flag_words(self) -> str:
        """Its flags as kern.geom.confxml prints them."""
        return meta.flag_words(self.flags, meta.DISK_FLAGS)

    def config(self, mirror_size: int) -> Config:
        """What kern.geom.confxml says of it."""
        config = [("ID", str(self.did))]
        if self.state == SYNCHRONIZING:
            config.append(("Synchronized", f"{self.offset * 100 // mirror_size}%"))
            if self.offset:
                config.append(("BytesSynced", str(self.offset)))
        config += [
            ("SyncID", str(self.syncid)),
            ("GenID", str(self.genid)),
            ("Flags", self.flag_words),
            ("Priority", str(self.priority)),
            ("State", self.state),
        ]
        return config
