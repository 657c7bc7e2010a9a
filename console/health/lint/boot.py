"""rc.conf, loader.conf and fstab: what a reboot brings back, and in which order (G-5x)."""

import re
from collections.abc import Iterator

from console.health.lint.scripts import CONFIGURATION
from console.health.lint.shell import read_script
from console.health.lint.table import spot
from console.health.lint.vrrp_conf import configured
from console.model.snapshot import Finding, NodeView, PairSnapshot
from console.model.words import Home

_SETTING = re.compile(r"""^\s*(\w+)\s*=\s*["']?([^"'#]*)["']?""")


def settings(node: NodeView, path: str) -> dict[str, str] | None:
    """`name="value"` lines of a file on a node; None when it is not known, empty when it does not exist."""
    file = next((f for f in node.facts.files.value or () if f.path == path), None)
    if file is None:
        return None
    found: dict[str, str] = {}
    for line in file.lines or ():
        match = _SETTING.match(line)
        if match:
            found[match[1]] = match[2].strip()
    return found


def _on(found: dict[str, str], name: str) -> bool:
    return found.get(name, "").upper() in ("YES", "TRUE", "ON", "1")


def check_boot(snapshot: PairSnapshot, node: NodeView) -> Iterator[Finding]:
    """Every check of what happens when this node boots."""
    loader, rc = settings(node, "/boot/loader.conf"), settings(node, "/etc/rc.conf")
    if loader is not None and rc is not None:
        if not _loaded(node, loader, rc, "geom_mirror"):
            yield spot("G-50", node, f"/boot/loader.conf on {node.name}")
        if node.config.home is Home.MASTER and not _loaded(node, loader, rc, "geom_gate"):
            yield spot("G-51", node, f"/boot/loader.conf on {node.name}")
    if rc is not None:
        yield from _daemons(snapshot, node, rc)
    yield from _fstab(snapshot, node)


def _loaded(node: NodeView, loader: dict[str, str], rc: dict[str, str], module: str) -> bool:
    if _on(loader, f"{module}_load") or module in rc.get("kld_list", "").replace(".ko", "").split():
        return True
    modules, geom = node.facts.modules.value, node.facts.geom.value
    if modules is None or geom is None:
        return False
    # The class is there, yet no module of its name is loaded: it is compiled into the kernel.
    present = geom.mirror_loaded if module == "geom_mirror" else geom.gate_loaded
    return present and geom.source == "confxml" and not any(m.removesuffix(".ko") == module for m in modules)


def _daemons(snapshot: PairSnapshot, node: NodeView, rc: dict[str, str]) -> Iterator[Finding]:
    enabled = _on(rc, "freevrrpd_enable")
    carp = any(f.carp for f in node.facts.interfaces.value or ())
    raw = f'freevrrpd_enable="{rc.get("freevrrpd_enable", "")}"'
    if node.config.home is Home.SLAVE:
        if not enabled and not carp:
            yield spot("G-52", node, f"/etc/rc.conf on {node.name}")
        served = _on(rc, "ggated_enable") or _on(rc, "mirrorgate_enable")
        if not served and not (enabled and _a_script_starts_ggated(node)):
            yield spot("G-53", node, f"/etc/rc.conf on {node.name}")
        return
    mine, other = configured(node, snapshot.config), configured(snapshot.peer(node), snapshot.config)
    ranks = (mine.priority if mine else None, other.priority if other else None)
    if enabled and None not in ranks and (ranks[0] or 0) > (ranks[1] or 0):
        yield spot("G-55", node, f"/etc/rc.conf on {node.name}", raw)


def _a_script_starts_ggated(node: NodeView) -> bool:
    scripts = [f for f in node.facts.files.value or () if f.path not in CONFIGURATION and f.lines]
    return any(
        c.program == "ggated" or (c.program == "service" and c.has("ggated"))
        for f in scripts
        for c in read_script(f.lines or ()).commands
    )


def _fstab(snapshot: PairSnapshot, node: NodeView) -> Iterator[Finding]:
    file = next((f for f in node.facts.files.value or () if f.path == "/etc/fstab"), None)
    for line in (file.lines or ()) if file else ():
        words = line.split()
        if len(words) < 4 or words[0].startswith("#") or "noauto" in words[3].split(","):
            continue
        mirror = words[0] == f"/dev/mirror/{snapshot.config.mirror}"
        if mirror or words[1].rstrip("/") == snapshot.config.mount.rstrip("/"):
            yield spot("G-54", node, f"/etc/fstab on {node.name}", line)
