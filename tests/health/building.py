"""Pairs built by hand: a healthy one, and small variations of it.

pair = healthy()                                             # a PairSnapshot without findings
pair = with_facts(pair, Home.MASTER, geom=Geom(...))         # one fact replaced
pair = losing(pair, Home.SLAVE, "geom", "no answer for 21 s")  # one fact unknown
pair = with_gate(pair, timeout=0)                            # the master's gate changed
pair = with_parts(pair, md0="STALE", state="DEGRADED")       # component states by name
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from typing import Any

from console.health.history import History, remember
from console.model.config import NodeConfig, PairConfig
from console.model.facts import (
    Component,
    ConfigFile,
    DiskUse,
    Export,
    Exports,
    Fact,
    Gate,
    Geom,
    Host,
    ImageFile,
    Inet,
    Interface,
    LogLine,
    Mail,
    MemoryDisk,
    Metadata,
    Mirror,
    Mount,
    NodeFacts,
    Process,
    Socket,
    VrrpConf,
    VrrpLog,
    VrrpSection,
)
from console.model.lineage import Lineage, Promotion
from console.model.snapshot import Finding, Link, LinkState, NodeView, PairSnapshot
from console.model.words import ComponentState, Home, MirrorState

NOW = 1_795_400_000.0
"""23 November 2026, some time in the morning (UTC)."""
SIZE = 50_331_648
PRIMARY, BACKUP = "/root/images/sitesprimary.img", "/root/images/sitesbackup.img"
FLOATING = "192.168.1.102"
SECTIONS = tuple(f.name for f in fields(NodeFacts))

CONFIG = PairConfig(
    name="borkcorp-www",
    nodes=(
        NodeConfig(name="web-a", home=Home.MASTER, host="192.168.1.100", image=PRIMARY),
        NodeConfig(name="web-b", home=Home.SLAVE, host="192.168.1.101", image=BACKUP),
    ),
)
LINE = "Nov 23 01:50:08"


def known(value: Any, at: float = NOW) -> Fact[Any]:
    """A fact that was read at a time."""
    return Fact(last=value, unknown=None, taken=at)


def log(text: str, program: str = "kernel", pid: int | None = None, stamp: str = LINE) -> LogLine:
    """A syslog line."""
    return LogLine(stamp=stamp, program=program, text=text, pid=pid)


def component(name: str, state: str = "ACTIVE", **changed: Any) -> Component:
    """A component of the healthy mirror."""
    remote = name.startswith("ggate")
    values: dict[str, Any] = {
        "name": name,
        "state": ComponentState(state),
        "device": name,
        "device_class": "GATE" if remote else "MD",
        "priority": 0 if remote else 100,
        "flags": () if remote else ("HARDCODED",),
        "genid": 0,
        "syncid": 1,
        "id": "2142698310" if remote else "2311935055",
        "state_raw": state,
    }
    return Component(**(values | changed))


def mirror(*components: Component, state: str = "COMPLETE", expected: int = 2, **changed: Any) -> Mirror:
    """The pair's mirror."""
    values: dict[str, Any] = {
        "name": "remotemirror",
        "state": MirrorState(state),
        "components": components or (component("ggate0"), component("md0")),
        "expected": expected,
        "balance": "prefer",
        "flags": ("NOAUTOSYNC",),
        "id": "1378154394",
        "genid": 0,
        "syncid": 1,
        "mediasize": SIZE - 512,
        "state_raw": state,
    }
    return Mirror(**(values | changed))


GATE = Gate("ggate0", 0, "192.168.1.101", 3080, BACKUP, "read-write", 10, 0, 1024, SIZE)
MD = MemoryDisk("md0", 0, "vnode", PRIMARY, SIZE)
MD_OF_SLAVE = MemoryDisk("md0", 0, "vnode", BACKUP, SIZE)
GEOM = Geom(mirrors=(mirror(),), gates=(GATE,), mds=(MD,))
ROOT = Mount("/dev/gpt/rootfs", "/", "ufs", ("rw",))
SITES = Mount("/dev/mirror/remotemirror", "/home/sites", "ufs", ("rw",))
SCRIPTS = ("/usr/local/bin/master_script.sh", "/usr/local/bin/backup_script.sh")
GOOD_SCRIPT = ("#!/bin/sh", "logger -t pair role changed", "/usr/local/libexec/pair-job start &")
METADATA = tuple(
    Metadata(p, "remotemirror", 1378154394, did, 2, 0, 1, priority, ("NOAUTOSYNC",), (), "", SIZE)
    for p, did, priority in (("md0", 2311935055, 100), ("ggate0", 2142698310, 0))
)


def lineage(*ids: str) -> Lineage:
    """A lineage of promotions, oldest first, each the child of the one before it."""
    parents = ("-", *ids)
    return Lineage(
        tuple(
            Promotion(id * 16, parent * 16 if parent != "-" else parent, int(NOW) - 86_400 + at, "web-a")
            for at, (id, parent) in enumerate(zip(ids, parents, strict=False))
        )
    )


def section(**changed: Any) -> VrrpSection:
    """The VRRP section of the home master."""
    values: dict[str, Any] = {
        "serverid": 1,
        "interface": "vtnet1",
        "priority": 200,
        "addr": ("192.168.1.102/32",),
        "password_length": 8,
        "password_check": "3181272466",
        "masterscript": SCRIPTS[0],
        "backupscript": SCRIPTS[1],
    }
    return VrrpSection(**(values | changed))


def interfaces(address: str, *, floating: bool) -> tuple[Interface, ...]:
    """Interfaces as freevrrpd leaves them: the floating address sits on ngeth0."""
    return (
        Interface("vtnet1", up=True, inet=(Inet(address, "255.255.255.0"),), status="active"),
        Interface("lo0", up=True, inet=(Inet("127.0.0.1"),)),
        Interface("ngeth0", up=floating, inet=(Inet(FLOATING, "255.255.255.255"),) if floating else ()),
    )


def vrrp_log(pid: int, *states: str) -> VrrpLog:
    """A freevrrpd that went through these states."""
    lines = [log("initializing threads and all VRID", "freevrrpd", pid)]
    lines += [log(f"server state vrid 1: {s}", "freevrrpd", pid) for s in states]
    return VrrpLog(states=((1, states[-1], LINE),) if states else (), lines=tuple(lines))


def boot_files(rc: Sequence[str], scripts: Sequence[str] = GOOD_SCRIPT) -> tuple[ConfigFile, ...]:
    """rc.conf, loader.conf, fstab and both scripts."""
    return (
        ConfigFile("/etc/rc.conf", tuple(rc)),
        ConfigFile("/boot/loader.conf", ('geom_mirror_load="YES"', 'geom_gate_load="YES"')),
        ConfigFile(
            "/etc/fstab",
            ("/dev/gpt/rootfs / ufs rw 1 1", "/dev/mirror/remotemirror /home/sites ufs rw,noauto 0 0"),
        ),
        *(ConfigFile(path, tuple(scripts)) for path in SCRIPTS),
    )


def facts(**values: Any) -> NodeFacts:
    """Known facts by section."""
    return NodeFacts(**{name: known(value) for name, value in values.items()})


def _master() -> NodeFacts:
    return facts(
        host=Host("nodea", "13.2-RELEASE", int(NOW) - 86_400 * 41, (0.1, 0.1, 0.1), 0, ("wheel",)),
        geom=GEOM,
        mounts=(ROOT, SITES),
        interfaces=interfaces("192.168.1.100", floating=True),
        processes=(
            Process(766, 1, "Ss", f"ggatec create -t 10 -u 0 192.168.1.101 {BACKUP}"),
            Process(813, 0, "DL", "[md0]"),
            Process(2097, 1, "Ss", "/usr/local/sbin/freevrrpd -f /usr/local/etc/freevrrpd.conf"),
            Process(900, 1, "I", "qmail-send"),
        ),
        vrrplog=vrrp_log(2097, "backup", "master"),
        messages=(log("send_thread: started!", "ggatec", 766),),
        modules=("kernel", "geom_mirror.ko", "geom_gate.ko"),
        sockets=(),
        vrrpconf=VrrpConf((section(),)),
        exports=Exports(),
        files=boot_files(('hostname="nodea"',)),
        images=(),
        df=(DiskUse("/dev/gpt/rootfs", "/", 3_044_988, 121_632, 2_679_760, 4),),
        metadata=METADATA,
        mail=Mail(queue=3, todo=0, local=(0, 10), remote=(1, 60)),
        clock_offset=0.02,
        lineage=lineage("a"),
        lock=None,
    )


def _slave() -> NodeFacts:
    return facts(
        host=Host("nodeb", "13.2-RELEASE", int(NOW) - 86_400 * 41, (0.0, 0.0, 0.0), 0, ("wheel",)),
        geom=Geom(mirror_loaded=True, gate_loaded=False),
        mounts=(ROOT,),
        interfaces=interfaces("192.168.1.101", floating=False),
        processes=(
            Process(740, 1, "Ss", "ggated -a 192.168.1.101"),
            Process(747, 740, "S", "ggated -a 192.168.1.101"),
            Process(749, 1, "Ss", "/usr/local/sbin/freevrrpd"),
        ),
        vrrplog=vrrp_log(749, "backup"),
        messages=(log(f"send_thread: started [{BACKUP}]!", "ggated", 747),),
        modules=("kernel", "geom_mirror.ko"),
        sockets=(Socket("ggated", 740, "192.168.1.101:3080", "*:*"),),
        vrrpconf=VrrpConf((section(priority=150),)),
        exports=Exports((Export("192.168.1.100", 32, "RW", BACKUP, 1),)),
        files=boot_files(('freevrrpd_enable="YES"', 'ggated_enable="YES"')),
        images=(ImageFile(BACKUP, SIZE, SIZE),),
        df=(DiskUse("/dev/gpt/rootfs", "/", 3_044_988, 121_632, 2_679_760, 4),),
        metadata=(),
        mail=Mail(queue=0, todo=0, local=(0, 10), remote=(0, 60)),
        clock_offset=0.0,
        lineage=lineage("a"),
        lock=None,
    )


def healthy(now: float = NOW) -> PairSnapshot:
    """A pair with nothing wrong: web-a serves, web-b stands by."""
    live = Link(LinkState.LIVE, last_seen=now, round_trip=0.02)
    return PairSnapshot(
        config=CONFIG,
        master=NodeView(CONFIG.master, live, _master()),
        slave=NodeView(CONFIG.slave, live, _slave()),
        now=now,
    )


def _changed(pair: PairSnapshot, home: Home, change: Callable[[NodeView], NodeView]) -> PairSnapshot:
    if home is Home.MASTER:
        return replace(pair, master=change(pair.master))
    return replace(pair, slave=change(pair.slave))


def with_facts(pair: PairSnapshot, home: Home, **values: Any) -> PairSnapshot:
    """The pair with known facts of one node replaced."""
    new = {name: known(value, pair.now) for name, value in values.items()}
    return _changed(pair, home, lambda n: replace(n, facts=replace(n.facts, **new)))


def losing(pair: PairSnapshot, home: Home, section: str, why: str = "no answer for 9 s") -> PairSnapshot:
    """The pair with one fact of one node unknown; the last value stays for display."""
    lost = replace(getattr(pair.node(home).facts, section), unknown=why)
    return _changed(pair, home, lambda n: replace(n, facts=replace(n.facts, **{section: lost})))


def with_link(pair: PairSnapshot, home: Home, state: LinkState, why: str = "") -> PairSnapshot:
    """The pair with one node's link in another state, and all its facts unknown."""
    pair = _changed(pair, home, lambda n: replace(n, link=Link(state, why, last_seen=pair.now - 14)))
    for name in SECTIONS:
        pair = losing(pair, home, name, "no answer for 14 s")
    return pair


def with_gate(pair: PairSnapshot, **changed: Any) -> PairSnapshot:
    """The master's gate changed."""
    geom = pair.master.facts.geom.value
    assert geom
    return with_facts(pair, Home.MASTER, geom=replace(geom, gates=(replace(geom.gates[0], **changed),)))


def with_mirror(pair: PairSnapshot, new: Mirror | None, home: Home = Home.MASTER) -> PairSnapshot:
    """A node's mirror replaced."""
    geom = pair.node(home).facts.geom.value
    assert geom
    return with_facts(pair, home, geom=replace(geom, mirrors=(new,) if new else ()))


def with_parts(pair: PairSnapshot, state: str = "COMPLETE", **states: str) -> PairSnapshot:
    """The master's mirror with components in other states: `with_parts(pair, "DEGRADED", md0="STALE")`."""
    parts = tuple(component(n, states.get(n, "ACTIVE")) for n in ("ggate0", "md0") if states.get(n) != "gone")
    return with_mirror(pair, mirror(*parts, state=state))


def with_messages(pair: PairSnapshot, home: Home, *texts: str, program: str = "kernel") -> PairSnapshot:
    """More syslog lines on a node."""
    old = pair.node(home).facts.messages.value or ()
    pid = {"ggatec": 766, "ggated": 740, "freevrrpd": 2097 if home is Home.MASTER else 749}.get(program)
    return with_facts(pair, home, messages=(*old, *(log(t, program, pid) for t in texts)))


def without(pair: PairSnapshot, home: Home, program: str) -> PairSnapshot:
    """A node without the processes of a program."""
    table = tuple(p for p in pair.node(home).facts.processes.value or () if p.program != program)
    return with_facts(pair, home, processes=table)


def with_processes(pair: PairSnapshot, home: Home, *new: Process) -> PairSnapshot:
    """More processes on a node."""
    return with_facts(pair, home, processes=(*(pair.node(home).facts.processes.value or ()), *new))


def promoted() -> PairSnapshot:
    """After a hand-over: web-b serves through its mirror, web-a has let everything go."""
    pair = healthy()
    pair = with_facts(
        pair,
        Home.MASTER,
        geom=Geom(),
        mounts=(ROOT,),
        interfaces=interfaces("192.168.1.100", floating=False),
        vrrplog=vrrp_log(2097, "master", "backup"),
        metadata=(),
        images=(ImageFile(PRIMARY, SIZE, SIZE),),
        vrrpconf=VrrpConf((section(priority=100),)),
    )
    pair = without(pair, Home.MASTER, "ggatec")
    alone = mirror(component("md0", flags=(), priority=0, id="2142698310"), state="DEGRADED")
    pair = with_facts(
        pair,
        Home.SLAVE,
        geom=Geom(mirrors=(alone,), mds=(MD_OF_SLAVE,)),
        mounts=(ROOT, SITES),
        interfaces=interfaces("192.168.1.101", floating=True),
        vrrplog=vrrp_log(749, "backup", "master"),
        sockets=(),
    )
    pair = without(pair, Home.SLAVE, "ggated")
    return with_processes(pair, Home.SLAVE, Process(901, 1, "I", "qmail-send"))


def at(pair: PairSnapshot, now: float) -> PairSnapshot:
    """The same readings, taken at another time."""

    def taken(node: NodeView) -> NodeView:
        new = {name: replace(getattr(node.facts, name), taken=now) for name in SECTIONS}
        return replace(node, facts=replace(node.facts, **new))

    return replace(pair, master=taken(pair.master), slave=taken(pair.slave), now=now)


def history_of(*pairs: PairSnapshot) -> History:
    """The history after these snapshots."""
    history = History()
    for pair in pairs:
        history = remember(history, pair)
    return history


def every_second(*pairs: PairSnapshot, step: float = 1.0) -> tuple[PairSnapshot, History]:
    """The last of the pairs, and the history after all of them, one step apart."""
    timed = [at(p, NOW + i * step) for i, p in enumerate(pairs)]
    return timed[-1], history_of(*timed)


def ids(found: Iterable[Finding]) -> set[str]:
    """The ids of findings."""
    return {f.id for f in found}
