"""Addresses and roles: freevrrpd and CARP (P30, P32, P33, P36, P37, R16-R18)."""

from collections.abc import Iterator

from console.health.history import script_of
from console.health.rules.scene import Rule, Scene, finding, rule
from console.health.syslog import comes_after, last_with
from console.health.truths import vrrp_section
from console.model.facts import LogLine
from console.model.snapshot import Finding, NodeView
from console.model.words import Answer, Role, Severity

SCRIPT_LIMIT = 2.0
"""Seconds a VRRP script may run before its silence is dangerous: the peer takes over after about 3.2 s."""
PROMOTION = 20.0
"""Seconds a node that became MASTER gets to attach, check and mount before its missing mount is a fault."""


def daemon_log(node: NodeView) -> tuple[LogLine, ...]:
    """What syslog has of freevrrpd."""
    messages = tuple(ln for ln in node.facts.messages.value or () if ln.program == "freevrrpd")
    log = node.facts.vrrplog.value
    return messages + (log.lines if log else ())


def both_master(scene: Scene) -> bool:
    """Whether both nodes say that they are MASTER."""
    return all(t.role is Role.MASTER for t in scene.truths)


@rule("R17")
def two_masters(scene: Scene) -> Iterator[Finding]:
    """Both nodes are MASTER, or both hold the address."""
    held = all(t.address is Answer.YES for t in scene.truths)
    if not held and not both_master(scene):
        return
    one, two = scene.snapshot.nodes
    claims = [last_with(n.facts.messages.value, "is using my IP address") for n in (one, two)]
    what = f"hold {scene.snapshot.config.floating}" if held else "say they are MASTER"
    yield finding(
        "R17",
        Severity.CRITICAL,
        None,
        f"{one.name} and {two.name} both {what}",
        why="Both run their master scripts: two nodes serve, and two histories of the data begin.",
        todo="Stop freevrrpd on the node with the older data once its mount is gone; then compare serverid, "
        "password, packet filter and script times.",
        raw="\n".join(c.text for c in claims if c)
        or f"{scene.truths[0].role_why}\n{scene.truths[1].role_why}",
    )


@rule("R18")
def nobody_serves_the_address(scene: Scene) -> Iterator[Finding]:
    """No node holds the address, or no node is MASTER."""
    first, second = scene.truths
    if first.address is Answer.NO and second.address is Answer.NO:
        yield finding(
            "R18",
            Severity.CRITICAL,
            None,
            f"neither node holds {scene.snapshot.config.floating}",
            why="The service cannot be reached. A dead link takes the address from both, and no script runs.",
            todo="Look at the interface and the role of both nodes; the node with the mount should get "
            "the address.",
            raw=f"{first.role_why}\n{second.role_why}".strip(),
        )


@rule("R16")
def role_and_address_disagree(scene: Scene) -> Iterator[Finding]:
    """The log says one thing, the interface another."""
    for node in scene.snapshot.nodes:
        truth = scene.truth(node)
        holds = truth.address is Answer.YES
        if truth.role is Role.MASTER and truth.address is Answer.NO:
            what = f"{node.name} is MASTER but does not hold {scene.snapshot.config.floating}"
        elif truth.role in (Role.BACKUP, Role.STOPPED, Role.DISABLED) and holds:
            where = f"{scene.snapshot.config.floating} on {truth.address_on}"
            what = f"{node.name} is {truth.role.value} but holds {where}"
        else:
            continue
        yield finding(
            "R16",
            Severity.CRITICAL,
            node,
            what,
            why="Clients follow the address, scripts follow the role: they now point to different places.",
            todo="Read the freevrrpd log and ifconfig together; a daemon that was killed hard leaves "
            "its address behind.",
            raw=truth.role_why,
        )


@rule("P30")
def slow_script(scene: Scene) -> Iterator[Finding]:
    """A script that runs inside the daemon keeps it from sending adverts."""
    for node in scene.snapshot.nodes:
        since = scene.history.of(node).script_since
        command = script_of(node, scene.snapshot)
        log = daemon_log(node)
        begun = last_with(log, "] executing script")
        hanging = begun is not None and not comes_after(log, "has been executed", "] executing script")
        age = scene.snapshot.now - since if since is not None else 0.0
        if command is None or age <= SCRIPT_LIMIT:
            continue
        section = vrrp_section(node, scene.snapshot.config)
        letting_go = bool(section and section.backupscript and section.backupscript in command)
        yield finding(
            "P30",
            Severity.WARNING if letting_go else Severity.CRITICAL,
            node,
            f"a VRRP script on {node.name} has been running for {age:.0f} s",
            why="Until it returns the node does not hear its peer, and may promote itself afterwards."
            if letting_go
            else "Until it returns the node sends no adverts; after about 3 s the peer takes over as well.",
            todo="Let it finish and watch both nodes' mounts; then make the script hand its work to a "
            "background job.",
            raw=begun if hanging else command,
        )


@rule("P32")
def stopped_with_mount(scene: Scene) -> Iterator[Finding]:
    """No daemon, but the data is still mounted."""
    for node in scene.snapshot.nodes:
        truth, other = scene.truth(node), scene.truth(scene.snapshot.peer(node))
        if truth.role is not Role.STOPPED or truth.mounted is not Answer.YES:
            continue
        yield finding(
            "P32",
            Severity.CRITICAL if other.role is Role.MASTER else Severity.WARNING,
            node,
            f"freevrrpd is gone on {node.name}, which still has {scene.snapshot.config.mount} mounted",
            why="Stopping it drops the address, says no farewell and runs no script: the peer promotes "
            "itself after 3 s.",
            todo="Order for a hand-over: services, umount, mirror, then the address. See whether the "
            "peer has mounted.",
            raw=truth.role_why,
        )


@rule("P33")
def master_without_data(scene: Scene) -> Iterator[Finding]:
    """MASTER by VRRP, but nothing is mounted."""
    for node in scene.snapshot.nodes:
        truth = scene.truth(node)
        failed = last_with(daemon_log(node), "cannot execute script")
        if truth.role is not Role.MASTER or truth.mounted is not Answer.NO:
            continue
        roles = scene.history.of(node).roles
        # Only a change that was seen gives time: a first look cannot tell how long it has been so.
        young = len(roles) >= 2 and scene.snapshot.now - roles[-1].at < PROMOTION
        yield finding(
            "P33",
            Severity.WARNING if young and failed is None else Severity.CRITICAL,
            node,
            f"{node.name} is MASTER, but {scene.snapshot.config.mount} is not mounted there"
            + (" (yet)" if young and failed is None else ""),
            why="The address leads to a node without the data. The log says executed for any exit "
            "status of a script.",
            todo="See what the master script did; look at the mirror, then at whether the other node "
            "still holds the mount.",
            raw=failed or truth.role_why,
        )


@rule("P36")
def will_not_take_over(scene: Scene) -> Iterator[Finding]:
    """A node whose daemon has given up or does not run."""
    for node in scene.snapshot.nodes:
        truth = scene.truth(node)
        if truth.role is Role.DISABLED:
            serves = truth.mounted is Answer.YES
            what = f"freevrrpd on {node.name} has given up" + (", while the node serves" if serves else "")
            why = (
                "After a SIGHUP, a faulty interface or too many errors the daemon lives on and does nothing."
            )
            todo = "Once the link is good: restart freevrrpd there, and watch both roles settle."
        elif truth.role is Role.STOPPED and truth.mounted is not Answer.YES:
            what = f"no freevrrpd runs on {node.name}"
            why = "Nobody there listens for the other node's adverts, or takes the address when they end."
            todo = "Start it once the node is fit to take over."
        else:
            continue
        yield finding(
            "P36",
            Severity.CRITICAL,
            node,
            f"{what}: it will not take over",
            why=why,
            todo=todo,
            raw=truth.role_why,
        )


@rule("P37")
def roles_flap(scene: Scene) -> Iterator[Finding]:
    """Roles that do not settle."""
    for node in scene.snapshot.nodes:
        recent = [r for r in scene.history.of(node).roles if scene.snapshot.now - r.at < 120]
        if len(recent) >= 4:
            yield finding(
                "P37",
                Severity.WARNING,
                node,
                f"{node.name} changed its role {len(recent)} times within two minutes",
                why="Each change runs a script, and the scripts overlap.",
                todo="Look at the link and at slow scripts; act only on a role that has been the same "
                "for 10 s.",
                raw=" ".join(r.role.value for r in recent),
            )


@rule("R18")
def no_carrier(scene: Scene) -> Iterator[Finding]:
    """The interface that VRRP or the replication uses has no link."""
    for node in scene.snapshot.nodes:
        section = vrrp_section(node, scene.snapshot.config)
        named = {section.interface} if section and section.interface else set()
        own = {node.config.replication, node.config.host} - {None}
        for face in node.facts.interfaces.value or ():
            used = face.name in named or any(i.addr in own for i in face.inet)
            if not used or face.status != "no carrier":
                continue
            yield finding(
                "R18",
                Severity.CRITICAL,
                node,
                f"{face.name} on {node.name} has no carrier",
                why="Without a link both nodes give up the address and no script runs: the mount stays "
                "where it was.",
                todo="Look at cable and switch; when the link is back both start over, with two masters "
                "for a moment.",
                raw=f"{face.name}: status: {face.status}",
            )


RULES: tuple[Rule, ...] = (
    two_masters,
    nobody_serves_the_address,
    no_carrier,
    role_and_address_disagree,
    slow_script,
    stopped_with_mount,
    master_without_data,
    will_not_take_over,
    roles_flap,
)
