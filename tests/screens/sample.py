"""Sample states to draw: one healthy pair, and what becomes of it."""

from dataclasses import replace
from typing import Any

from console.model.config import PairConfig
from console.model.facts import (
    Component,
    Geom,
    Inet,
    Interface,
    MemoryDisk,
    Mirror,
    Mount,
    NodeFacts,
    Socket,
    VrrpLog,
)
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
from console.model.words import Answer, ComponentState, MirrorState, Role, Severity
from tests.screens.sample_facts import (
    NOW,
    fact,
    geom,
    master_facts,
    mirror,
    old,
    pair_config,
    slave_facts,
)

__all__ = ["NOW", "fact", "pair_config"]


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
