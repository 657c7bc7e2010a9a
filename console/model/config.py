"""The configuration: pairs, nodes and how to reach them (pydantic: outside data enters here)."""

import ipaddress
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from console.model.words import Home


def _absolute(value: str) -> str:
    if not PurePosixPath(value).is_absolute():
        raise ValueError("expected an absolute path such as /home/sites")
    if any(ord(c) < 0x20 for c in value):
        raise ValueError("a path holds no control characters")
    return value


def _word(value: str) -> str:
    if not value or any(c.isspace() or ord(c) < 0x20 for c in value) or value.startswith("-"):
        raise ValueError("expected one word without blanks that does not begin with '-'")
    return value


def _ipv4(value: str) -> str:
    try:
        return str(ipaddress.IPv4Address(value))
    except ValueError as odd:
        raise ValueError("expected an IPv4 address such as 192.168.1.102") from odd


AbsolutePath = Annotated[str, AfterValidator(_absolute)]
Word = Annotated[str, AfterValidator(_word)]
IPv4 = Annotated[str, AfterValidator(_ipv4)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NodeConfig(_Strict):
    """One server of a pair."""

    name: Word
    """What screens and reports call it."""
    home: Home
    """Where the service normally lives: `master` or `slave`."""
    host: Word
    """Address, name or ~/.ssh/config alias to connect to; never the floating address."""
    user: Word | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    jump: Word | None = None
    """ProxyJump: `[user@]host[:port]`."""
    identity: str | None = None
    """Private key file."""
    become: Literal["none", "sudo", "doas"] = "none"
    image: AbsolutePath
    """The file that backs this node's half."""
    replication: IPv4 | None = None
    """This node's own address on the replication link."""


class QmailConfig(_Strict):
    """qmail on both nodes."""

    enabled: bool = True
    home: AbsolutePath = "/var/qmail"
    log: AbsolutePath = "/var/log/qmail/current"
    interval: Seconds = 30.0
    """Seconds between counts of the queue: counting walks its directories, so more often costs the node."""


class PairConfig(_Strict):
    """Two nodes, one mirror, one mount point, one floating address."""

    name: Word
    mirror: Word = "remotemirror"
    mount: AbsolutePath = "/home/sites"
    floating: IPv4 = "192.168.1.102"
    vrid: Annotated[int, Field(ge=1, le=255)] = 1
    gate_unit: Annotated[int, Field(ge=0)] = 0
    interval: Seconds = 1.0
    """Seconds between fast refreshes."""
    slow_interval: Seconds = 5.0
    """Seconds between refreshes of what is costly or may hang (df, logs, configuration)."""
    qmail: QmailConfig = QmailConfig()
    nodes: tuple[NodeConfig, NodeConfig]

    @model_validator(mode="after")
    def _one_of_each(self) -> "PairConfig":
        if {n.home for n in self.nodes} != {Home.MASTER, Home.SLAVE}:
            raise ValueError("a pair needs one node with home = 'master' and one with home = 'slave'")
        if self.nodes[0].name == self.nodes[1].name:
            raise ValueError("the two nodes need different names")
        for node in self.nodes:
            if self.floating in (node.host, node.replication):
                raise ValueError(
                    f"node {node.name} is reached by the floating address {self.floating}: "
                    "use its own address (after a failover the floating one is the other node)"
                )
        return self

    @property
    def master(self) -> NodeConfig:
        """The node whose home is master."""
        return next(n for n in self.nodes if n.home is Home.MASTER)

    @property
    def slave(self) -> NodeConfig:
        """The node whose home is slave."""
        return next(n for n in self.nodes if n.home is Home.SLAVE)


class Config(_Strict):
    """The whole file."""

    ssh_config: str | None = None
    """An ssh_config file to use in place of ~/.ssh/config."""
    pairs: Annotated[tuple[PairConfig, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _distinct(self) -> "Config":
        names = [p.name for p in self.pairs]
        if len(set(names)) != len(names):
            raise ValueError("two pairs have the same name")
        return self
