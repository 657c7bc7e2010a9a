"""What a plan cannot rule out, said before it is run: scripts that are not ours, what starts at boot."""

from console.health.lint.boot import settings
from console.health.truths import vrrp_section
from console.model.snapshot import NodeView, PairSnapshot
from playbooks.node import LIBEXEC

_ON = ("YES", "TRUE", "ON", "1")


def foreign_scripts(snapshot: PairSnapshot) -> tuple[str, ...]:
    """VRRP scripts that do not hand on to ours: only those stand back while a job holds the node."""
    said = []
    for node in snapshot.nodes:
        section = vrrp_section(node, snapshot.config)
        files = {f.path: f.lines for f in node.facts.files.value or ()}
        for path in (section.masterscript, section.backupscript) if section else ():
            lines = files.get(path) if path else None
            if path and lines and not any(LIBEXEC in line for line in lines):
                said.append(_line(f"{node.name}: whether {path} keeps still during the job: it is not ours"))
    return tuple(said)


def starts_by_itself(node: NodeView) -> tuple[str, ...]:
    """A node whose freevrrpd a reboot would start, and which would then take the address too early."""
    found = settings(node, "/etc/rc.conf")
    if found and found.get("freevrrpd_enable", "").upper() in _ON:
        return (f"{node.name}: whether it is rebooted before it is brought back: freevrrpd starts at boot",)
    return ()


def _line(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)[:400]
