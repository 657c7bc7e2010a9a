"""`mirrorgate doctor`: the files of both nodes, checked for the known mistakes of such a set-up.

The checks are listed in one table, `console.health.lint.table`. Files that were not read are named too.
"""

from console.health.findings import in_order
from console.health.history import History
from console.health.lint.boot import check_boot
from console.health.lint.paths import check_exports
from console.health.lint.scripts import check_scripts
from console.health.lint.vrrp_conf import check_vrrp
from console.health.rules.handover import node_does_not_answer
from console.health.rules.scene import Scene
from console.health.rules.unknown import could_not_check
from console.model.snapshot import Finding, PairSnapshot

_SAME = {
    "G-01": "P29",
    "G-02": "P28",
    "G-03": "P31",
    "G-06": "P29",
    "G-07": "P34",
    "G-09": "P29",
    "G-13": "P09",
    "G-14": "P08",
}
"""Checks of the set-up, and the rule that finds the same thing, from the same lines, in a snapshot."""
_FILES = ("U-vrrpconf", "U-exports", "U-files", "U-first")


def lint(snapshot: PairSnapshot) -> tuple[Finding, ...]:
    """What is wrong with the set-up, worst first."""
    found = list(check_vrrp(snapshot))
    for node in snapshot.nodes:
        found += check_exports(snapshot, node)
        found += check_scripts(snapshot, node)
        found += check_boot(snapshot, node)
    scene = Scene.of(snapshot, History())
    found += [f for f in could_not_check.test(scene) if f.id in _FILES]
    found += node_does_not_answer.test(scene)
    return in_order(tuple(found))


def examine(snapshot: PairSnapshot, found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The lint and what is wrong right now together, without saying the same thing twice."""
    checked = lint(snapshot)
    told = {(_SAME[f.id], f.node, f.raw) for f in checked if f.id in _SAME}
    return in_order((*checked, *(f for f in found if (f.id, f.node, f.raw) not in told)))
