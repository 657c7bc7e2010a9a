"""Facts of a healthy pair to draw: what each node tells of itself."""

from dataclasses import replace
from typing import TypeVar

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
from console.model.words import ComponentState, Home, MirrorState

T = TypeVar("T")

NOW = 1_795_399_904.0
"""2026-11-23 02:11:44 UTC."""


def fact(value: T, age: float = 0.4, raw: str = "") -> Fact[T]:
    return Fact(last=value, unknown=None, taken=NOW - age, raw=raw or repr(value))


def old(one: Fact[T], age: float, why: str = "no answer") -> Fact[T]:
    return replace(one, unknown=why, taken=NOW - age)


def pair_config(name: str = "borkcorp-www", a: str = "web-a", b: str = "web-b") -> PairConfig:
    return PairConfig(
        name=name,
        nodes=(
            NodeConfig(
                name=a,
                home=Home.MASTER,
                host="192.168.1.100",
                image="/data/sitesprimary.img",
                replication="10.0.0.1",
            ),
            NodeConfig(
                name=b,
                home=Home.SLAVE,
                host="192.168.1.101",
                image="/data/sitesbackup.img",
                replication="10.0.0.2",
            ),
        ),
    )


def mirror(
    state: MirrorState = MirrorState.COMPLETE,
    md: ComponentState = ComponentState.ACTIVE,
    gate: ComponentState | None = ComponentState.ACTIVE,
    percent: int | None = None,
) -> Mirror:
    halves = [
        Component(
            "md0", md, percent if md is ComponentState.SYNCHRONIZING else None, "md0", "MD", 1, (), 0, 3
        )
    ]
    if gate is not None:
        halves.append(
            Component(
                "ggate0",
                gate,
                percent if gate is ComponentState.SYNCHRONIZING else None,
                "ggate0",
                "GATE",
                0,
                (),
                0,
                3,
            )
        )
    return Mirror(
        "remotemirror",
        state,
        tuple(halves),
        2,
        "prefer",
        (),
        "1234567890",
        0,
        3,
        524287488,
        "r1w1e1",
        state.value,
    )


def geom(one: Mirror | None, file: str = "/data/sitesprimary.img", gate: bool = True) -> Geom:
    return Geom(
        mirrors=(one,) if one else (),
        gates=(
            Gate(
                "ggate0", 0, "10.0.0.2", 3080, "/data/sitesbackup.img", "read-write", 10, 0, 1024, 524288000
            ),
        )
        if gate
        else (),
        mds=(MemoryDisk("md0", 0, "vnode", file, 524288000),) if one else (),
    )


def vrrp_conf(priority: int) -> VrrpConf:
    return VrrpConf(
        (
            VrrpSection(
                1,
                "ngeth0",
                priority,
                ("192.168.1.102/32",),
                8,
                "3187",
                "/usr/local/bin/master_script.sh",
                "/usr/local/bin/backup_script.sh",
            ),
        )
    )


MAIL = Mail(1204, 3, (2, 10), (60, 60), False, (), "2026-11-23 02:11:40", "2026-11-23 02:11:38")


LINEAGE = Lineage((Promotion("6cace4d519d52695", "-", 1_795_395_000, "nodea"),))


def master_facts(one: Mirror | None = None) -> NodeFacts:
    one = one or mirror()
    return NodeFacts(
        host=fact(
            Host("nodea", "13.2-RELEASE", int(NOW) - 41 * 86400, (0.12, 0.10, 0.08), 0, ("wheel", "operator"))
        ),
        geom=fact(geom(one), 0.4, '<mesh>\n  <class id="0x1">\n    <name>MIRROR</name>\n'),
        mounts=fact(
            (
                Mount("/dev/ada0p2", "/", "ufs", ("rw",)),
                Mount("/dev/mirror/remotemirror", "/home/sites", "ufs", ("rw",)),
            )
        ),
        interfaces=fact(
            (
                Interface(
                    "ngeth0",
                    True,
                    1500,
                    None,
                    "58:9c:fc:00:00:01",
                    (Inet("192.168.1.100"), Inet("192.168.1.102")),
                    (),
                    "active",
                ),
                Interface("vtnet1", True, 9000, None, "58:9c:fc:00:00:03", (Inet("10.0.0.1"),), (), "active"),
            )
        ),
        processes=fact(
            (
                Process(2097, 1, "Is", "/usr/local/sbin/freevrrpd"),
                Process(1831, 1, "Is", "ggatec create -o rw -t 10 -u 0 10.0.0.2 /data/sitesbackup.img"),
                Process(912, 1, "S", "qmail-send"),
            )
        ),
        vrrplog=fact(VrrpLog(((1, "MASTER", "Nov 23 02:11:31"),), ())),
        messages=fact(
            (LogLine("Nov 23 02:11:40", "kernel", "GEOM_MIRROR: Device remotemirror: rebuild"),), 3
        ),
        modules=fact(("geom_mirror.ko", "geom_gate.ko"), 3),
        sockets=fact((Socket("ggatec", 1831, "10.0.0.1:50212", "10.0.0.2:3080"),), 3),
        vrrpconf=fact(vrrp_conf(200), 3),
        exports=fact(Exports((Export("10.0.0.2", 32, "RW", "/data/sitesprimary.img", 1),)), 3),
        files=fact((ConfigFile("/etc/rc.conf", ('hostname="nodea"',)),), 3),
        images=fact((ImageFile("/data/sitesprimary.img", 524288000, 524320768, "Nov 23 02:11"),), 3),
        df=fact((DiskUse("/dev/mirror/remotemirror", "/home/sites", 491520, 201523, 250676, 41),), 3),
        metadata=fact((Metadata("md0", "remotemirror", 1, 2, 2, 0, 3, 1, (), (), "md0", 524288000),), 3),
        mail=fact(MAIL, 12),
        clock_offset=fact(0.02),
        lineage=fact(LINEAGE),
        lock=fact(None),
    )


def slave_facts() -> NodeFacts:
    return NodeFacts(
        host=fact(Host("nodeb", "13.2-RELEASE", int(NOW) - 41 * 86400, (0.03, 0.02, 0.0), 0, ("wheel",))),
        geom=fact(Geom()),
        mounts=fact((Mount("/dev/ada0p2", "/", "ufs", ("rw",)),)),
        interfaces=fact(
            (
                Interface(
                    "ngeth0", True, 1500, None, "58:9c:fc:00:00:02", (Inet("192.168.1.101"),), (), "active"
                ),
            )
        ),
        processes=fact(
            (
                Process(749, 1, "Is", "/usr/local/sbin/freevrrpd"),
                Process(802, 1, "Is", "ggated -a 10.0.0.2"),
                Process(911, 1, "S", "qmail-send"),
            )
        ),
        vrrplog=fact(VrrpLog(((1, "BACKUP", "Nov 23 02:11:27"),), ())),
        messages=fact((), 3),
        modules=fact(("geom_mirror.ko", "geom_gate.ko"), 3),
        sockets=fact(
            (
                Socket("ggated", 802, "10.0.0.2:3080", "*:*"),
                Socket("ggated", 803, "10.0.0.2:3080", "10.0.0.1:50212"),
            ),
            3,
        ),
        vrrpconf=fact(vrrp_conf(150), 3),
        exports=fact(Exports((Export("10.0.0.1", 32, "RW", "/data/sitesbackup.img", 1),)), 3),
        files=fact((ConfigFile("/etc/rc.conf", ('hostname="nodeb"',)),), 3),
        images=fact((ImageFile("/data/sitesbackup.img", 524288000, 524320768, "Nov 23 02:11"),), 3),
        df=fact((), 3),
        metadata=fact((), 3),
        mail=fact(Mail(0, 0, (0, 10), (0, 60), False, (), None, None), 12),
        clock_offset=fact(0.01),
        lineage=fact(LINEAGE),
        lock=fact(None),
    )
