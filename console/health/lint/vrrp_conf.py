"""freevrrpd.conf of both nodes, each alone and side by side (G-0x)."""

from collections.abc import Iterator

from console.health.lint.table import spot
from console.health.truths import bare_address, vrrp_section
from console.model.config import PairConfig
from console.model.facts import VrrpSection
from console.model.snapshot import Finding, NodeView, PairSnapshot


def configured(node: NodeView, pair: PairConfig) -> VrrpSection | None:
    """The section for the floating address, or what stands outside of any section (G-01)."""
    conf = node.facts.vrrpconf.value
    if conf is None:
        return None
    return vrrp_section(node, pair) or conf.outside or (conf.sections[0] if conf.sections else None)


def check_vrrp(snapshot: PairSnapshot) -> Iterator[Finding]:
    """Every check of freevrrpd.conf."""
    for node in snapshot.nodes:
        yield from _alone(snapshot, node)
    a, b = (configured(n, snapshot.config) for n in snapshot.nodes)
    if a is None or b is None:
        return
    names = [n.name for n in snapshot.nodes]
    if a.serverid != b.serverid:
        yield spot(
            "G-02", None, f"serverid {a.serverid} on {names[0]}, {b.serverid} on {names[1]}",
            f"{names[0]}: serverid = {a.serverid}\n{names[1]}: serverid = {b.serverid}",
        )  # fmt: skip
    addresses = [{bare_address(x) for x in s.addr} for s in (a, b)]
    if addresses[0] != addresses[1]:
        yield spot("G-07", None, "addr", f"{names[0]}: {', '.join(a.addr)}\n{names[1]}: {', '.join(b.addr)}")
    if None not in (a.password_check, b.password_check) and a.password_check != b.password_check:
        yield spot("G-07", None, "password")


def _alone(snapshot: PairSnapshot, node: NodeView) -> Iterator[Finding]:
    conf = node.facts.vrrpconf.value
    if conf is None:
        return
    where = f"freevrrpd.conf on {node.name}"
    if conf.keys_outside_section or (not conf.sections and conf.outside is not None):
        yield spot("G-01", node, where, conf.fatal or " ".join(conf.keys_outside_section))
    elif not conf.sections:
        if not any(face.carp for face in node.facts.interfaces.value or ()):
            yield spot("G-09", node, f"{where} ({conf.fatal or 'no section'})", conf.fatal or "")
        return
    if conf.unknown_keys:
        yield spot("G-06", node, f"{where} ({', '.join(conf.unknown_keys)})", " ".join(conf.unknown_keys))
    section = configured(node, snapshot.config)
    if section is None:
        return
    if section.priority == 255:
        yield spot("G-03", node, where, "priority = 255")
    faces = node.facts.interfaces.value
    if section.interface and faces is not None and section.interface not in {f.name for f in faces}:
        yield spot("G-04", node, f"{where} ({section.interface})", f"interface = {section.interface}")
    if section.password_length is not None and section.password_length > 8:
        yield spot("G-05", node, where, f"password of {section.password_length} characters")
    files = {f.path: f for f in node.facts.files.value or ()}
    for kind, path in (("masterscript", section.masterscript), ("backupscript", section.backupscript)):
        if path is None:
            yield spot("G-08", node, f"{where} names no {kind}")
        elif path in files and files[path].lines is None:
            yield spot("G-08", node, f"{where}: {path}", f"{kind} = {path}")
