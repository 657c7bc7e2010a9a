"""What an operator says about a pair that is to be built, and what can be taken from the nodes."""

import re
from typing import Literal, Self

from pydantic import Field, model_validator

from console.health import stack
from console.model.snapshot import NodeView, PairSnapshot
from playbooks.job import Answers

_SIZE = re.compile(r"([1-9][0-9]{0,9})([mgt])")
_UNITS = {"m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
SMALLEST = 8 << 20
"""Bytes; below this newfs and growfs have hardly any cylinder group to work with."""
_INTERFACE = r"^[A-Za-z][A-Za-z0-9_.]{0,14}$"


def size_in_bytes(text: str) -> int:
    """Bytes of a size such as `500m`, `20g`, `1t` (powers of 1024); raises ValueError."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError("expected a whole number followed by m, g or t, such as 500m or 20g")
    size = int(found[1]) * _UNITS[found[2]]
    if size < SMALLEST:
        raise ValueError("an image smaller than 8m cannot hold a useful file system")
    return size


class ProvisionAnswers(Answers):
    """How the pair is to be built. Mirror, mount point, addresses and image paths are the configuration's."""

    size: str = Field(
        "500m", title="Image size", description="Size of each image: a number with m, g or t.", max_length=12
    )
    preallocate: bool = Field(
        False,
        title="Preallocate",
        description="Write every block of the images now (slow); a sparse image can run out of disk later.",
    )
    gate_timeout: int = Field(
        10,
        ge=5,
        le=600,
        title="Gate timeout",
        description="Seconds after which a dead slave's half is given up (never 0: writers would hang).",
    )
    interface_master: str = Field(
        "vtnet1",
        pattern=_INTERFACE,
        title="VRRP interface of the master",
        description="The interface on which the home master sends VRRP adverts.",
    )
    interface_slave: str = Field(
        "vtnet1",
        pattern=_INTERFACE,
        title="VRRP interface of the slave",
        description="The interface on which the home slave sends VRRP adverts.",
    )
    priority_master: int = Field(
        200, ge=2, le=254, title="Priority of the master", description="VRRP priority, the higher one wins."
    )
    priority_slave: int = Field(
        150, ge=1, le=253, title="Priority of the slave", description="VRRP priority, below the master's."
    )
    fsck: Literal["preen", "yes", "refuse"] = Field(
        "preen",
        title="Check of an unclean file system",
        description="At a promotion: preen it (fsck -p), answer yes to everything, or refuse to mount.",
    )
    promotion: Literal["auto", "manual"] = Field(
        "auto",
        title="Promotion",
        description="Whether the slave takes over by itself or waits for the promote job.",
    )
    fstab: bool = Field(
        True, title="Line in fstab", description="Add a noauto line for the mount point, as dump needs it."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        size_in_bytes(self.size)
        if self.priority_slave >= self.priority_master:
            raise ValueError("the slave's priority must be below the master's")
        return self

    @property
    def bytes(self) -> int:
        """The image size in bytes."""
        return size_in_bytes(self.size)


def defaults(snapshot: PairSnapshot) -> dict[str, object]:
    """What the pair itself says: sizes of images that exist, interfaces of the replication network."""
    found: dict[str, object] = {}
    sizes = {stack.image_size(node) for node in snapshot.nodes} - {None}
    size = sizes.pop() if len(sizes) == 1 else None
    if size is not None and size >= SMALLEST and size % (1 << 20) == 0:
        found["size"] = f"{size >> 20}m"
    for node, key in ((snapshot.master, "interface_master"), (snapshot.slave, "interface_slave")):
        interface = interface_of(node)
        if interface is not None:
            found[key] = interface
    return found


def interface_of(node: NodeView) -> str | None:
    """The interface that holds the node's replication address, None when unknown."""
    wanted = node.config.replication or node.config.host
    for face in node.facts.interfaces.value or ():
        if any(inet.addr == wanted for inet in face.inet):
            return face.name
    return None
