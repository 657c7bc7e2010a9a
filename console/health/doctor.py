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
