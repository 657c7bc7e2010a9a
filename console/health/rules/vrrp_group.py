"""How freevrrpd is set up on the two nodes, and what that makes it do (P28, P29, P31, P34, P35)."""

from collections.abc import Iterator

from console.health import stack
from console.health.conditions import check
from console.health.rules.scene import Rule, Scene, finding, rule
from console.health.rules.vrrp import both_master, daemon_log
from console.health.syslog import comes_after, last_with
from console.health.truths import bare_address, vrrp_section
from console.model.facts import VrrpSection
from console.model.snapshot import Finding
from console.model.words import Home, Severity


def _sections(scene: Scene) -> tuple[VrrpSection | None, VrrpSection | None]:
    first, second = (vrrp_section(n, scene.snapshot.config) for n in scene.snapshot.nodes)
    return first, second


@rule("P28")
def different_groups(scene: Scene) -> Iterator[Finding]:
    """The nodes are in different VRRP groups."""
    a, b = _sections(scene)
    one, two = scene.snapshot.nodes
    if a is None or b is None:
        yield from _groups_by_log(scene)
        return
    if a.serverid == b.serverid:
        return
    yield finding(
        "P28",
        Severity.CRITICAL,
        None,
        f"serverid is {a.serverid} on {one.name} and {b.serverid} on {two.name}",
        why="Adverts of another group are dropped without a word: both become master and both run their "
        "master script.",
        todo="Give both the same serverid; stop the daemon on the node with the older data, after its "
        "mount is gone.",
        raw=f"{one.name}: serverid = {a.serverid}\n{two.name}: serverid = {b.serverid}",
    )


def _groups_by_log(scene: Scene) -> Iterator[Finding]:
    one, two = scene.snapshot.nodes
    logs = one.facts.vrrplog.value, two.facts.vrrplog.value
    first, second = ({number for number, _, _ in log.states} if log else set() for log in logs)
    if not first or not second or first & second:
        return
    said = [f"{n.name}: vrid {', '.join(map(str, sorted(v)))}" for n, v in ((one, first), (two, second))]
    yield finding(
        "P28",
        Severity.CRITICAL if both_master(scene) else Severity.WARNING,
        None,
        f"the logs speak of different VRRP groups ({'; '.join(said)})",
        why="Adverts of another group are dropped without a word: both become master.",
        todo="Compare serverid in both freevrrpd.conf files.",
        raw="\n".join(said),
    )


@rule("P29")
def no_section(scene: Scene) -> Iterator[Finding]:
    """A configuration that freevrrpd cannot read, or partly ignores."""
    for node in scene.snapshot.nodes:
        conf = node.facts.vrrpconf.value
        log = daemon_log(node)
        died = last_with(log, "cannot see [VRID] section")
        if died is not None and (
            stack.processes_of(node, "freevrrpd") != ()
            or comes_after(log, "server state", "cannot see [VRID]")
        ):
            died = None
        carp = any(face.carp for face in node.facts.interfaces.value or ())
        if died or (conf and (conf.fatal or conf.keys_outside_section) and not carp):
            outside = "it has keys before any [VRID] line"
            reason = outside if died or (conf and conf.keys_outside_section) else (conf.fatal if conf else "")
            yield finding(
                "P29",
                Severity.CRITICAL,
                node,
                f"freevrrpd cannot use its configuration on {node.name}: {reason}",
                why="The daemon detaches first and exits afterwards: the start looked fine, and nobody "
                "takes over.",
                todo="Put [VRID] before the first key, and look for the process 2 s after the start.",
                raw=died or (conf.fatal or " ".join(conf.keys_outside_section) if conf else ""),
            )
        if conf and conf.unknown_keys:
            yield finding(
                "P29",
                Severity.NOTICE,
                node,
                f"freevrrpd on {node.name} ignores {', '.join(conf.unknown_keys)}",
                why="This version does not know the key and says so in syslog only.",
                todo="Remove the line, or spell the key as the manual does.",
                raw=" ".join(conf.unknown_keys),
            )


@rule("P31")
def claims_at_once(scene: Scene) -> Iterator[Finding]:
    """Priority 255, or a node that would take over before its data is current."""
    for node, section in zip(scene.snapshot.nodes, _sections(scene), strict=True):
        if section is not None and section.priority == 255:
            yield finding(
                "P31",
                Severity.WARNING,
                node,
                f"priority 255 on {node.name}",
                why="It takes the address at its start without listening first, also after a reboot "
                "with old data.",
                todo="Use less than 255, and start freevrrpd only after the mirror has been checked.",
                raw="priority = 255",
            )
    a, b = _sections(scene)
    node, peer = scene.snapshot.master, scene.snapshot.slave
    if (
        a is None
        or b is None
        or None in (a.priority, b.priority)
        or not scene.mounted(peer)
        or scene.mounted(node)
    ):
        return
    lines = [ln for f in node.facts.files.value or () if f.path == "/etc/rc.conf" for ln in f.lines or ()]
    enabled = next(
        (ln for ln in lines if ln.strip().lower().startswith("freevrrpd_enable=") and "yes" in ln.lower()), ""
    )
    runs = bool(stack.processes_of(node, "freevrrpd"))
    if (a.priority or 0) > (b.priority or 0) and (enabled or runs):
        yield finding(
            "P31",
            Severity.WARNING,
            node,
            f"{node.name} will take the service back by priority although its data is behind {peer.name}",
            why="Preemption cannot be switched off: at its next start freevrrpd takes over before the "
            "half is rebuilt.",
            todo=f"Keep freevrrpd stopped (and not enabled at boot) on {node.name} until the fail-back "
            "is done.",
            raw=enabled or f"priority {a.priority} against {b.priority}",
        )


@rule("P31")
def standby_outranks(scene: Scene) -> Iterator[Finding]:
    """Priorities that do not say who is home."""
    a, b = _sections(scene)
    if a is None or b is None or a.priority is None or b.priority is None or a.priority > b.priority:
        return
    master, slave = scene.snapshot.node(Home.MASTER), scene.snapshot.node(Home.SLAVE)
    yield finding(
        "P31",
        Severity.NOTICE,
        None,
        f"{master.name} (home master, {a.priority}) does not outrank {slave.name} ({b.priority})",
        why="The node with the higher priority takes the address; with equal ones the higher address does.",
        todo="Give the home master the higher priority, below 255.",
        raw=f"{master.name}: priority = {a.priority}\n{slave.name}: priority = {b.priority}",
    )


@rule("P34")
def adverts_rejected(scene: Scene) -> Iterator[Finding]:
    """Adverts that the other side throws away."""
    a, b = _sections(scene)
    one, two = scene.snapshot.nodes
    checks = (a.password_check if a else None, b.password_check if b else None)
    if None not in checks and checks[0] != checks[1]:
        yield finding(
            "P34",
            Severity.CRITICAL,
            None,
            "the VRRP passwords of the two nodes differ",
            why="Every advert is discarded: both become master. Only the first 8 characters count.",
            todo="Give both nodes the same password of at most 8 characters.",
        )
    if a and b and a.addr and b.addr and {*map(bare_address, a.addr)} != {*map(bare_address, b.addr)}:
        yield finding(
            "P34",
            Severity.WARNING,
            None,
            "the nodes list different floating addresses",
            why="Each calls the other misconfigured and may discard its adverts.",
            todo="Make `addr` the same on both.",
            raw=f"{one.name}: {', '.join(a.addr)}\n{two.name}: {', '.join(b.addr)}",
        )
    texts = (
        "authentification incorrect",
        "misconfigured server",
        "isn't same localy",
        "invalid ttl",
        "checksum",
    )
    for node in scene.snapshot.nodes:
        log = daemon_log(node)
        line = last_with(log, *texts)
        settled = check("one-master", scene.snapshot).holds
        if line is None or (settled and line is not log[-1]):
            continue
        yield finding(
            "P34",
            Severity.CRITICAL if both_master(scene) else Severity.WARNING,
            node,
            f"freevrrpd on {node.name} discards the peer's adverts",
            why="A node that hears no adverts becomes master, whatever the other one is.",
            todo="Compare both configuration files line by line.",
            raw=line,
        )


@rule("P35")
def carp_eats_adverts(scene: Scene) -> Iterator[Finding]:
    """The carp module takes VRRP's packets."""
    for node in scene.snapshot.nodes:
        loaded = [m for m in node.facts.modules.value or () if m.split(".")[0] in ("carp", "if_carp")]
        if not loaded or not stack.processes_of(node, "freevrrpd"):
            continue
        yield finding(
            "P35",
            Severity.CRITICAL if both_master(scene) else Severity.WARNING,
            node,
            f"{loaded[0]} is loaded on {node.name} beside freevrrpd",
            why="The kernel's CARP consumes the same IP protocol (112): freevrrpd never hears its peer.",
            todo=f"`kldunload {loaded[0].split('.')[0]}`, and keep it out of loader.conf.",
            raw=" ".join(loaded),
        )


RULES: tuple[Rule, ...] = (
    different_groups,
    no_section,
    claims_at_once,
    standby_outranks,
    adverts_rejected,
    carp_eats_adverts,
)
