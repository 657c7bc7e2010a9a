"""What one sample of one node says. Every section is a `Fact`, and every fact may be unknown."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from console.model.lineage import Lineage, OperatorLock
from console.model.words import ComponentState, MirrorState

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """One section of one node's sample: the last value read and whether it still counts.

    `value` is what rules use: None when unknown. `last` is what a screen may draw greyed and dated.
    """

    last: T | None = None
    """The last value ever read, kept for display when it no longer counts."""
    unknown: str | None = "not read yet"
    """Why the value does not count now, in words for the operator; None when it counts."""
    taken: float | None = field(default=None, compare=False)
    """Console time (Unix seconds) at which `last` was read; outside equality."""
    raw: str = field(default="", compare=False, repr=False)
    """The inert text it was read from, for the raw view."""

    @property
    def value(self) -> T | None:
        """The value if it counts now, else None."""
        return self.last if self.unknown is None else None


@dataclass(frozen=True, slots=True)
class Component:
    """A consumer of a mirror: one half (confxml class MIRROR, consumer)."""

    name: str
    """The provider as the mirror names it: `md0`, `ggate0`, or an alias such as `ufsid/6b03…` (R4)."""
    state: ComponentState
    percent: int | None = None
    """0–100 while synchronising, else None."""
    device: str | None = None
    """The device under it, resolved through confxml (LABEL → MD/GATE/DISK): `md0`, `ggate0`, `ada1`."""
    device_class: str | None = None
    """GEOM class of `device`: MD, GATE, DISK, PART …"""
    priority: int | None = None
    flags: tuple[str, ...] = ()
    """DIRTY, HARDCODED, SYNCHRONIZING …; empty for NONE or (null)."""
    genid: int | None = None
    syncid: int | None = None
    bytes_synced: int | None = None
    id: str | None = None
    state_raw: str = ""


@dataclass(frozen=True, slots=True)
class Mirror:
    """A gmirror device (confxml class MIRROR, geom)."""

    name: str
    """Without the `mirror/` prefix."""
    state: MirrorState
    components: tuple[Component, ...] = ()
    expected: int | None = None
    """Configured number of components (`Components`)."""
    balance: str | None = None
    flags: tuple[str, ...] = ()
    """NOAUTOSYNC, NOFAILSYNC …"""
    id: str | None = None
    genid: int | None = None
    syncid: int | None = None
    mediasize: int | None = None
    """Bytes; None while STARTING (no provider yet)."""
    open_counts: str | None = None
    """`rNwNeN` of the provider: e > 0 means mounted or otherwise held."""
    state_raw: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """A ggate device on the client side (confxml class GATE; `ggatec list -v`)."""

    name: str
    unit: int
    host: str | None = None
    port: int | None = None
    path: str | None = None
    access: str | None = None
    timeout: int | None = None
    """Seconds; 0 = never (P01)."""
    queue_count: int | None = None
    queue_size: int | None = None
    mediasize: int | None = None


@dataclass(frozen=True, slots=True)
class MemoryDisk:
    """An md(4) unit."""

    name: str
    unit: int
    type: str | None = None
    file: str | None = None
    size: int | None = None
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Geom:
    """Storage as GEOM sees it at one instant."""

    mirrors: tuple[Mirror, ...] = ()
    gates: tuple[Gate, ...] = ()
    mds: tuple[MemoryDisk, ...] = ()
    mirror_loaded: bool = True
    """False when the MIRROR class is absent: geom_mirror is not loaded."""
    gate_loaded: bool = True
    source: str = "confxml"
    """`confxml`, or `text` when the fallback commands were read."""

    def mirror(self, name: str) -> Mirror | None:
        """The mirror called `name`, if present."""
        return next((m for m in self.mirrors if m.name == name), None)


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system (mount -p or mount)."""

    special: str
    node: str
    type: str
    options: tuple[str, ...] = ()

    @property
    def writable(self) -> bool:
        """Whether it is mounted read-write."""
        return not {"ro", "read-only"} & set(self.options)


@dataclass(frozen=True, slots=True)
class Inet:
    """An IPv4 address on an interface."""

    addr: str
    mask: str | None = None
    broadcast: str | None = None
    peer: str | None = None
    vhid: int | None = None


@dataclass(frozen=True, slots=True)
class Carp:
    """A CARP line of ifconfig."""

    state: str
    vhid: int
    advbase: int | None = None
    advskew: int | None = None


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface (ifconfig)."""

    name: str
    up: bool | None = None
    mtu: int | None = None
    flags_hex: str | None = None
    ether: str | None = None
    inet: tuple[Inet, ...] = ()
    inet6: tuple[str, ...] = ()
    status: str | None = None
    carp: tuple[Carp, ...] = ()


@dataclass(frozen=True, slots=True)
class Process:
    """A process (ps -axww -o pid,ppid,stat,command)."""

    pid: int
    ppid: int
    stat: str
    command: str

    @property
    def program(self) -> str:
        """Base name of the first word, without a trailing colon: `ggatec`, `freevrrpd`, `qmail-send`."""
        first = self.command.split(" ", 1)[0].rstrip(":")
        return first.rsplit("/", 1)[-1].strip("[]")


@dataclass(frozen=True, slots=True)
class Host:
    """The node itself: identity, clock, boot time, load."""

    hostname: str | None = None
    release: str | None = None
    """`13.2-RELEASE`."""
    boottime: int | None = None
    """Unix seconds."""
    load: tuple[float, float, float] | None = None
    uid: int | None = None
    """Effective uid the sampler runs as; 0 = root."""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LogLine:
    """One syslog line that matters to us."""

    stamp: str
    """As printed: `Nov 23 01:50:04`."""
    program: str
    """`freevrrpd`, `kernel`, `ggatec`, `ggated` …"""
    text: str
    pid: int | None = None
    """The number in `program[pid]:`, which tells a dead daemon's line apart; None for the kernel."""


@dataclass(frozen=True, slots=True)
class VrrpLog:
    """What syslog says of freevrrpd, oldest first. `states` maps vrid to (state word, stamp)."""

    states: tuple[tuple[int, str, str], ...] = ()
    """Last `server state vrid N: STATE` per vrid: (vrid, state, stamp)."""
    lines: tuple[LogLine, ...] = ()


@dataclass(frozen=True, slots=True)
class VrrpSection:
    """One [VRID] section of freevrrpd.conf; the password itself is never kept."""

    serverid: int | None = None
    interface: str | None = None
    priority: int | None = None
    addr: tuple[str, ...] = ()
    password_length: int | None = None
    password_check: str | None = None
    """A keyed checksum of its first 8 characters: equal on both nodes when the passwords agree."""
    masterscript: str | None = None
    backupscript: str | None = None
    others: tuple[tuple[str, str], ...] = ()
    """Every other known key, as written."""


@dataclass(frozen=True, slots=True)
class VrrpConf:
    """freevrrpd.conf as read."""

    sections: tuple[VrrpSection, ...] = ()
    keys_outside_section: tuple[str, ...] = ()
    unknown_keys: tuple[str, ...] = ()
    fatal: str | None = None
    outside: VrrpSection | None = None
    """What the keys before any [VRID] header say, so that they can be shown."""


@dataclass(frozen=True, slots=True)
class Export:
    """One line of /etc/gg.exports."""

    host: str
    prefix: int
    access: str
    path: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Exports:
    """/etc/gg.exports: good lines, and (line number, text, why) of the bad ones."""

    exports: tuple[Export, ...] = ()
    bad: tuple[tuple[int, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Socket:
    """A line of sockstat -4."""

    command: str
    pid: int
    local: str
    """`*:3080`, `192.168.1.101:3080`."""
    foreign: str
    """`*:*` for a listening socket."""

    @property
    def listening(self) -> bool:
        """Whether nobody is at the other end."""
        return self.foreign == "*:*"


@dataclass(frozen=True, slots=True)
class DiskUse:
    """A row of df -k."""

    fs: str
    on: str
    blocks: int
    """1 KiB blocks."""
    used: int
    avail: int
    capacity: int
    """Percent; may pass 100."""


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A backing file on a node (ls -ls)."""

    path: str
    size: int | None = None
    """Bytes; None when the file is missing."""
    allocated: int | None = None
    """Bytes really on disk; less than `size` means sparse (P26)."""
    mtime: str | None = None


@dataclass(frozen=True, slots=True)
class Metadata:
    """gmirror dump of one provider (needs root or group operator)."""

    provider: str
    name: str | None = None
    mid: int | None = None
    did: int | None = None
    all: int | None = None
    genid: int | None = None
    syncid: int | None = None
    priority: int | None = None
    mflags: tuple[str, ...] = ()
    dflags: tuple[str, ...] = ()
    hcprovider: str | None = None
    provsize: int | None = None


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A configuration file or script as text lines, secrets masked; None lines when it does not exist."""

    path: str
    lines: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """qmail at a glance. Counts are messages."""

    queue: int | None = None
    """`messages in queue`: includes the not yet preprocessed."""
    todo: int | None = None
    """`messages in queue but not yet preprocessed`."""
    local: tuple[int, int] | None = None
    """Delivery slots (used, limit) of the last `status:` line."""
    remote: tuple[int, int] | None = None
    exitasap: bool = False
    alerts: tuple[str, ...] = ()
    """Recent `alert:` and `warning:` lines of qmail-send, oldest first."""
    last_event: str | None = None
    """TAI64N stamp or text time of the newest log line."""
    last_end: str | None = None
    """The same of the newest `end msg`."""
    place: str | None = None
    """Where the queue really is, its links followed; None while nothing is known of that."""


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """Everything known of one node, section by section (the names are the sampler's)."""

    host: Fact[Host] = field(default_factory=Fact)
    geom: Fact[Geom] = field(default_factory=Fact)
    mounts: Fact[tuple[Mount, ...]] = field(default_factory=Fact)
    interfaces: Fact[tuple[Interface, ...]] = field(default_factory=Fact)
    processes: Fact[tuple[Process, ...]] = field(default_factory=Fact)
    vrrplog: Fact[VrrpLog] = field(default_factory=Fact)
    messages: Fact[tuple[LogLine, ...]] = field(default_factory=Fact)
    modules: Fact[tuple[str, ...]] = field(default_factory=Fact)
    sockets: Fact[tuple[Socket, ...]] = field(default_factory=Fact)
    vrrpconf: Fact[VrrpConf] = field(default_factory=Fact)
    exports: Fact[Exports] = field(default_factory=Fact)
    files: Fact[tuple[ConfigFile, ...]] = field(default_factory=Fact)
    """rc.conf, loader.conf and the VRRP scripts."""
    images: Fact[tuple[ImageFile, ...]] = field(default_factory=Fact)
    df: Fact[tuple[DiskUse, ...]] = field(default_factory=Fact)
    metadata: Fact[tuple[Metadata, ...]] = field(default_factory=Fact)
    mail: Fact[Mail] = field(default_factory=Fact)
    clock_offset: Fact[float] = field(default_factory=Fact)
    """Seconds the node's clock is ahead of the console's."""
    lineage: Fact[Lineage] = field(default_factory=Fact)
    """The pair's own lineage as this node knows it (never read from the mounted tree)."""
    lock: Fact[OperatorLock | None] = field(default_factory=Fact)
    """Who runs a job on this node; a value of None means nobody, so read `unknown` to tell it apart."""
