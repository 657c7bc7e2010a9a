"""Sample states to draw: one healthy pair, and what becomes of it."""

from dataclasses import replace
from typing import Any, TypeVar

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
from console.model.snapshot import (
    Event,
    Finding,
    Link,
    LinkState,
    NodeView,
    PairSnapshot,
    PairState,
    Readiness,
    SyncProgress,
    Truths,
)
from console.model.words import Answer, ComponentState, Home, MirrorState, Role, Severity

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


def live() -> Link:
    return Link(LinkState.LIVE, "", NOW - 0.4, 0.038)


EVENTS = (
    Event(NOW - 4, "web-a", "sync", "rebuild of md0 began", Severity.WARNING),
    Event(NOW - 13, "web-a", "role", "BACKUP ▸ MASTER"),
    Event(NOW - 17, "web-b", "role", "MASTER ▸ BACKUP"),
    Event(NOW - 60, "web-a", "link", "connected"),
    Event(NOW - 61, "web-b", "link", "connected"),
)

P31 = Finding(
    "P31",
    Severity.WARNING,
    "priority 255 on web-a",
    "255 takes the address at start without listening first: after a reboot the node serves old data.",
    "Set priority below 255 and start freevrrpd only after the mirror was checked.",
    "web-a",
    "priority = 255",
)
P09 = Finding(
    "P09",
    Severity.WARNING,
    "ggated on web-b listens on every address (*:3080)",
    "Whoever reaches the port can read and write the image.",
    "Start ggated with -a 10.0.0.2, or filter port 3080.",
    "web-b",
    "root     ggated     802   4  tcp4   *:3080                *:*",
)
P23 = Finding(
    "P23",
    Severity.CRITICAL,
    "/home/sites is written to while md0 is rebuilt on web-a",
    "Until the rebuild is complete the only whole copy is the remote one: if the link dies, writes fail.",
    "Stop writers if you can, and leave the link alone until the mirror is COMPLETE.",
    "web-a",
    "mirror/remotemirror  DEGRADED  md0 (SYNCHRONIZING, 41%)",
)
P18 = Finding(
    "P18",
    Severity.CRITICAL,
    "both nodes have /home/sites mounted read-write: two histories",
    "Each half is written without the other. When they meet, gmirror joins them as if they were equal.",
    "Stop the service on one node now. Decide which history to keep before the halves see each other again.",
    None,
    "web-a /dev/mirror/remotemirror /home/sites\nweb-b /dev/md0 /home/sites",
)
GONE = Finding(
    "P43",
    Severity.CRITICAL,
    "web-b does not answer: nothing about it is known",
    "The mirror has one half less than it looks, and nobody could take over.",
    "Look at the console of web-b; its last values are shown grey with their age.",
    "web-b",
    "",
)
YES = Readiness(
    Answer.YES,
    "web-a",
    "web-b holds a whole, current copy and its VRRP daemon waits",
    "writes of the last seconds",
    9,
    0,
)


def truths_master(one: Mirror | None) -> Truths:
    return Truths(
        Role.MASTER,
        "",
        Answer.YES,
        "ngeth0",
        one,
        True,
        Answer.YES,
        Mount("/dev/mirror/remotemirror", "/home/sites", "ufs", ("rw",)),
    )


TRUTHS_SLAVE = Truths(Role.BACKUP, "", Answer.NO, None, None, True, Answer.NO, None)


def state(
    *,
    config: PairConfig | None = None,
    master: NodeFacts | None = None,
    slave: NodeFacts | None = None,
    master_link: Link | None = None,
    slave_link: Link | None = None,
    **derived: Any,
) -> PairState:
    config = config or pair_config()
    facts_a = master or master_facts()
    snapshot = PairSnapshot(
        config,
        NodeView(config.master, master_link or live(), facts_a),
        NodeView(config.slave, slave_link or live(), slave or slave_facts()),
        NOW,
    )
    one = facts_a.geom.value.mirror("remotemirror") if facts_a.geom.value else None
    defaults: dict[str, Any] = {
        "truths": (truths_master(one), TRUTHS_SLAVE),
        "readiness": YES,
        "events": EVENTS[1:],
        "queue_history": (*(800 + 30 * n + (n % 5) * 40 for n in range(14)), 1204),
    }
    return PairState(snapshot, **(defaults | derived))


def healthy(config: PairConfig | None = None) -> PairState:
    return state(config=config)


def syncing() -> PairState:
    one = mirror(MirrorState.DEGRADED, ComponentState.SYNCHRONIZING, ComponentState.ACTIVE, 41)
    return state(
        master=master_facts(one),
        findings=(P23, P31, P09),
        readiness=Readiness(
            Answer.NO,
            "web-a",
            "web-b could take over, but it holds the only whole copy while the rebuild runs",
            "everything, if web-b fails before the rebuild is complete",
            5,
            1,
        ),
        events=EVENTS,
        sync=SyncProgress("md0", "web-b", "web-a", 41, 38 * 2**20, 192.0, NOW - 4),
    )


def degraded() -> PairState:
    one = mirror(MirrorState.DEGRADED, ComponentState.ACTIVE, None)
    return state(
        master=replace(master_facts(one), geom=fact(geom(one, gate=False)), sockets=fact(())),
        slave=replace(slave_facts(), sockets=fact((Socket("ggated", 802, "10.0.0.2:3080", "*:*"),))),
        findings=(
            replace(P23, id="P03", what="the gate on web-a is gone and nothing brings it back"),
            P31,
            P09,
        ),
        readiness=Readiness(
            Answer.NO, "web-a", "web-b's half has missed every write since 02:03", "8 minutes of writes", 9, 0
        ),
    )


def split_brain() -> PairState:
    one = mirror(MirrorState.DEGRADED, ComponentState.ACTIVE, None)
    other = Mount("/dev/md0", "/home/sites", "ufs", ("rw",))
    slave = replace(
        slave_facts(),
        geom=fact(Geom(mds=(MemoryDisk("md0", 0, "vnode", "/data/sitesbackup.img", 524288000),))),
        mounts=fact((other,)),
        vrrplog=fact(VrrpLog(((1, "MASTER", "Nov 23 02:11:31"),), ())),
    )
    return state(
        master=replace(master_facts(one), geom=fact(geom(one, gate=False))),
        slave=slave,
        truths=(
            truths_master(one),
            Truths(Role.MASTER, "", Answer.YES, "ngeth0", None, True, Answer.YES, other),
        ),
        findings=(P18, P31, P09),
        readiness=Readiness(
            Answer.NO, None, "both serve already, each with its own data", "one of two histories", 9, 0
        ),
    )


def gone(seconds: float = 14.0) -> PairState:
    """The slave's power was cut `seconds` ago."""
    facts = slave_facts()
    old_facts = NodeFacts(
        **{
            name: replace(getattr(facts, name), unknown="no answer", taken=NOW - seconds)
            for name in NodeFacts.__dataclass_fields__
        }
    )
    one = mirror(MirrorState.DEGRADED, ComponentState.ACTIVE, None)
    return state(
        master=replace(master_facts(one), sockets=fact(())),
        slave=old_facts,
        slave_link=Link(LinkState.LOST, "connection lost; trying again", NOW - seconds, None),
        truths=(truths_master(one), Truths()),
        findings=(GONE, P31),
        readiness=Readiness(Answer.UNKNOWN, "web-a", "web-b does not answer", "unknown", 4, 5),
    )


def blocked(seconds: float = 21.0) -> PairState:
    """GEOM on the master hangs while SSH answers."""
    facts = master_facts()
    return state(
        master=replace(facts, geom=old(facts.geom, seconds), df=old(facts.df, seconds + 3)),
        truths=(replace(truths_master(None), mirror_known=False), TRUTHS_SLAVE),
        findings=(replace(P23, id="P12a", what="GEOM on web-a does not answer"),),
        readiness=Readiness(Answer.UNKNOWN, "web-a", "the mirror on web-a cannot be read", "unknown", 6, 3),
    )


def promoted() -> PairState:
    """The slave serves from its own mirror; the master's node is up, its half left behind."""
    one = Mirror(
        "remotemirror",
        MirrorState.DEGRADED,
        (Component("ufsid/6b03a1b2c3d4e5f6", ComponentState.ACTIVE, None, "md0", "MD", 0, (), 1, 4),),
        2,
        "prefer",
        (),
        "1234567890",
        1,
        4,
        524287488,
        "r1w1e1",
        "DEGRADED",
    )
    mount = Mount("/dev/mirror/remotemirror", "/home/sites", "ufs", ("rw",))
    return state(
        master=replace(
            master_facts(),
            geom=fact(Geom()),
            mounts=fact(()),
            sockets=fact(()),
            interfaces=fact((Interface("ngeth0", True, 1500, None, None, (Inet("192.168.1.100"),)),)),
        ),
        slave=replace(
            slave_facts(), geom=fact(geom(one, "/data/sitesbackup.img", gate=False)), sockets=fact(())
        ),
        truths=(
            replace(TRUTHS_SLAVE),
            Truths(Role.MASTER, "", Answer.YES, "ngeth0", one, True, Answer.YES, mount),
        ),
        readiness=Readiness(Answer.NO, "web-b", "web-a's half is old", "everything since 01:56", 9, 0),
    )


def connecting(config: PairConfig | None = None) -> PairState:
    """Nothing was read yet."""
    config = config or pair_config()
    snapshot = PairSnapshot(config, NodeView(config.master), NodeView(config.slave), NOW)
    return PairState(snapshot)


def refused() -> PairState:
    """The slave's host key changed."""
    config = pair_config()
    why = (
        "host key of 192.168.1.101 CHANGED: somebody may listen in; compare it, then edit known_hosts line 7"
    )
    return state(
        slave=NodeFacts(),
        slave_link=Link(LinkState.REFUSED, why),
        config=config,
        truths=(truths_master(mirror()), Truths()),
        findings=(replace(GONE, what="web-b cannot be reached: its host key changed"),),
        readiness=Readiness(Answer.UNKNOWN, "web-a", "web-b was never seen", "unknown", 4, 5),
    )
