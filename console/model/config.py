"""The configuration: pairs, nodes and how to reach them (pydantic: outside data enters here)."""

import ipaddress
from pathlib import PurePosixPath
from typing import Annotated, Literal
from urllib.parse import urlsplit

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
    tags: tuple[Word, ...] = ()
    """Words to find the pair by among many: a site, a customer, `production`."""
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


EventKind = Literal[
    "role", "address", "mount", "mirror", "component", "sync", "link", "boot", "lock", "finding"
]
"""What an event can be about (console.health.events)."""
Watcher = Literal["console", "monitor", "export", "collect", "record"]
"""What watches: the console, the read-only console, the exporter, the collector, the recorder."""


class HookConfig(_Strict):
    """Who is told of an event: a command of this machine, or a webhook. Only its `name` is ever shown."""

    name: Word
    kinds: tuple[EventKind, ...] = ()
    """What it is told of; empty = everything."""
    severity: Literal["critical", "warning", "unknown", "notice"] = "notice"
    """The least severity it is told of; `notice` also brings what is well again."""
    pairs: tuple[Word, ...] = ()
    """Only of these pairs; empty = all."""
    where: tuple[Watcher, ...] = ("console", "monitor", "export", "collect", "record")
    """What runs it: with several consoles open at once, each would."""
    command: tuple[str, ...] = ()
    """A program by its full path, and its words; no shell. The event comes as JSON on standard input."""
    webhook: str | None = Field(default=None, repr=False)
    """An https address that the event is posted to as JSON. It may be a secret: it is never shown."""
    ca: AbsolutePath | None = None
    """A file of certificates to trust in place of the system's."""
    deadline: Annotated[float, Field(gt=0, le=300)] = 10.0
    """Seconds that one attempt may take."""
    retries: Annotated[int, Field(ge=0, le=10)] = 3
    """Further attempts after one that failed."""
    quiet: Annotated[float, Field(ge=0, le=86400)] = 300.0
    """Seconds in which the same news of the same thing is not told twice running."""

    @model_validator(mode="after")
    def _one_way(self) -> "HookConfig":
        # Checked here and not by field: a complaint about a field quotes it, and an address may be a secret.
        if bool(self.command) == bool(self.webhook):
            raise ValueError("a hook needs either `command` or `webhook`")
        if self.command and not self.command[0].startswith("/"):
            raise ValueError("`command` begins with the full path of a program; there is no shell")
        if any(not word.isprintable() for word in self.command):
            raise ValueError("`command` holds no control characters")
        if self.webhook and not _is_plain_https(self.webhook):
            raise ValueError("`webhook` is an https address without user, password, blanks or fragment")
        return self


def _is_plain_https(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return (
            address.isascii()
            and address.isprintable()
            and " " not in address
            and parts.scheme == "https"
            and bool(parts.hostname)
            and "@" not in parts.netloc
            and not parts.fragment
            and parts.port != 0
        )
    except ValueError:
        return False


class ConfigPart(_Strict):
    """One file of a configuration that is a directory of files."""

    ssh_config: str | None = None
    """An ssh_config file to use in place of ~/.ssh/config."""
    collector: AbsolutePath | None = None
    """The Unix socket of `mirrorgate collect`, from which read-only consoles take what it reads."""
    recording: AbsolutePath | None = None
    """The file of `mirrorgate record`; default: `recording.db` beside the journal."""
    recording_size: Annotated[int, Field(ge=1)] | None = None
    """Megabytes that it may take; the oldest goes first. Default: 50 for each pair."""
    on_event: tuple[HookConfig, ...] = ()
    """Who is told when something changes."""
    pairs: tuple[PairConfig, ...] = ()


class Config(ConfigPart):
    """The whole configuration: one file, or a directory of files put together."""

    pairs: Annotated[tuple[PairConfig, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _distinct(self) -> "Config":
        names = [p.name for p in self.pairs]
        if len(set(names)) != len(names):
            raise ValueError("two pairs have the same name")
        hooks = [h.name for h in self.on_event]
        if len(set(hooks)) != len(hooks):
            raise ValueError("two hooks have the same name")
        for hook in self.on_event:
            if unknown := set(hook.pairs) - set(names):
                raise ValueError(f"hook {hook.name}: no pair is called {min(unknown)!r}")
        return self
