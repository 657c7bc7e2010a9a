"""What could not be checked: a failed probe is never fine, nor is a word that is not known."""

from collections.abc import Iterator

from console.health import stack
from console.health.needs import NEEDS, denied
from console.health.rules.mail_disk import held_by_the_mirror
from console.health.rules.scene import Rule, Scene, finding, rule
from console.model.facts import Fact
from console.model.snapshot import Finding, NodeView
from console.model.words import ComponentState, Home, MirrorState, Role, Severity

NAMES = {
    "host": "identity and boot time",
    "geom": "mirror, gate and md (GEOM)",
    "mounts": "mounts",
    "interfaces": "addresses",
    "processes": "processes",
    "vrrplog": "the freevrrpd log",
    "messages": "kernel and ggate messages",
    "modules": "kernel modules",
    "sockets": "listening sockets",
    "vrrpconf": "freevrrpd.conf",
    "exports": "gg.exports",
    "files": "rc.conf, loader.conf and scripts",
    "images": "the image file",
    "df": "free space",
    "metadata": "the metadata on the components",
    "mail": "qmail",
    "lineage": "the recorded promotions",
    "lock": "whether an operator's job runs",
}
"""What each fact is called, for the operator."""
_OWN = ("metadata", "images", "mail", "lineage", "lock")
"""What an ordinary user hardly ever may: the remedy is told even where the node does not say why."""
_ELSE = "See the raw text; if it lasts, run the command by hand on the node."
NOT_YET = "not read yet"


def _wanted(scene: Scene, node: NodeView, section: str) -> bool:
    """Whether a missing section leaves something unchecked."""
    if section == "mail":
        return scene.snapshot.config.qmail.enabled
    if section in ("exports", "images") and node.config.home is Home.MASTER:
        # The home master need not export anything; if it does, ggated runs there.
        return bool(stack.processes_of(node, "ggated"))
    return True


@rule("U")
def could_not_check(scene: Scene) -> Iterator[Finding]:
    """Every section that was asked for and not answered, on a node that does answer."""
    for node in scene.snapshot.nodes:
        if not stack.answers(node):
            continue
        waiting = []
        for section, name in NAMES.items():
            fact: Fact[object] = getattr(node.facts, section)
            if fact.unknown is None or not _wanted(scene, node, section):
                continue
            if section == "mail" and held_by_the_mirror(scene, node) is not None:
                continue
            if fact.unknown == NOT_YET:
                waiting.append(name)
                continue
            yield finding(
                f"U-{section}",
                Severity.UNKNOWN,
                node,
                f"could not be checked on {node.name}: {name} ({fact.unknown})",
                why="Whatever depends on it is unknown, not fine.",
                todo=NEEDS[section].remedy if section in _OWN or denied(fact.unknown, fact.raw) else _ELSE,
                raw=fact.raw[-2000:] or fact.unknown,
            )
        if waiting:
            yield finding(
                "U-first",
                Severity.UNKNOWN,
                node,
                f"not read yet on {node.name}: {', '.join(waiting)}",
                why="The first readings are still on their way.",
                todo="Wait for the slow readings.",
            )


@rule("U-word")
def unknown_words(scene: Scene) -> Iterator[Finding]:
    """A state word that this program does not know."""
    for node in scene.snapshot.nodes:
        mirror = scene.mirror(node)
        words = (
            [c.state_raw or c.name for c in mirror.components if c.state is ComponentState.UNKNOWN]
            if mirror
            else []
        )
        if mirror and mirror.state is MirrorState.UNKNOWN:
            words.append(mirror.state_raw or mirror.name)
        if words:
            yield finding(
                "U-word",
                Severity.UNKNOWN,
                node,
                f"the mirror on {node.name} is in a state this program does not know: {', '.join(words)}",
                why="Releases differ in their words; an unknown one is never taken for a good one.",
                todo="Read `gmirror status` on the node.",
                raw=" ".join(words),
            )


@rule("U-role")
def role_unknown(scene: Scene) -> Iterator[Finding]:
    """The facts are there, but they do not tell the role."""
    for node in scene.snapshot.nodes:
        truth, facts = scene.truth(node), node.facts
        if truth.role is not Role.UNKNOWN or not stack.answers(node):
            continue
        if facts.processes.value is None or facts.vrrplog.value is None or facts.interfaces.value is None:
            continue
        yield finding(
            "U-role",
            Severity.UNKNOWN,
            node,
            f"the VRRP role of {node.name} cannot be told: {truth.role_why}",
            why="The daemon tells its state in syslog only, and those lines are gone or from another daemon.",
            todo="Compare address and mount of both nodes; the next change of state will be logged.",
            raw=truth.role_why,
        )


@rule("R8")
def mirror_not_loaded(scene: Scene) -> Iterator[Finding]:
    """The serving node has no mirror class at all."""
    for node in scene.snapshot.nodes:
        geom = node.facts.geom.value
        if geom is None or geom.mirror_loaded or not scene.mounted(node):
            continue
        yield finding(
            "R8",
            Severity.WARNING,
            node,
            f"geom_mirror is not loaded on {node.name}, which serves",
            why="gmirror cannot tell anything there, and whatever is mounted is not the mirror.",
            todo="`kldload geom_mirror` before the image is attached, and geom_mirror_load in loader.conf.",
        )


RULES: tuple[Rule, ...] = (could_not_check, unknown_words, role_unknown, mirror_not_loaded)
