"""From what two nodes say to a proposed configuration: what was found, guessed and is still missing."""

from dataclasses import dataclass, field

from console.model.facts import Gate, Geom
from console.model.snapshot import NodeView
from console.model.words import Home


@dataclass(frozen=True, slots=True)
class Found:
    """One value of the configuration to be."""

    value: str | int | bool
    source: str
    """Where it was seen, or why it was guessed."""
    guessed: bool = False


@dataclass(slots=True)
class Discovery:
    """Values by key; node keys are `KEY of NODE`. `homes` maps node name to home."""

    pair: dict[str, Found] = field(default_factory=dict)
    nodes: dict[str, dict[str, Found]] = field(default_factory=dict)

    def missing(self) -> list[tuple[str | None, str]]:
        """What a person must still say: (node or None, key)."""
        gaps: list[tuple[str | None, str]] = [(None, key) for key in ("floating",) if key not in self.pair]
        gaps += [
            (node, key) for node, found in self.nodes.items() for key in ("home", "image") if key not in found
        ]
        return gaps


def discover(views: tuple[NodeView, NodeView]) -> Discovery:
    """Propose a configuration from both nodes' facts; a value nobody showed is left out, never invented."""
    found = Discovery(nodes={view.name: {} for view in views})
    _mirror(found, views)
    _homes(found, views)
    _images(found, views)
    _vrrp(found, views)
    mail = [v for v in views if (m := v.facts.mail.value) and m.queue is not None]
    found.pair["qmail"] = (
        Found(True, f"qmail-qstat answers on {mail[0].name}")
        if mail
        else Found(False, "qmail-qstat answered on neither node", guessed=True)
    )
    return found


def _geom(view: NodeView) -> Geom:
    return view.facts.geom.value or Geom()


def _gate(view: NodeView) -> Gate | None:
    return next(iter(_geom(view).gates), None)


def _mirror(found: Discovery, views: tuple[NodeView, NodeView]) -> None:
    for view in views:
        for mirror in _geom(view).mirrors:
            found.pair.setdefault("mirror", Found(mirror.name, f"mirror/{mirror.name} on {view.name}"))
            device = f"/dev/mirror/{mirror.name}"
            for mount in view.facts.mounts.value or ():
                if mount.special == device:
                    found.pair.setdefault(
                        "mount", Found(mount.node, f"{device} is mounted there on {view.name}")
                    )
        if gate := _gate(view):
            found.pair.setdefault("gate_unit", Found(gate.unit, f"{gate.name} on {view.name}"))
    found.pair.setdefault("mirror", Found("remotemirror", "no mirror seen: the usual name", guessed=True))
    found.pair.setdefault("mount", Found("/home/sites", "not mounted now: the usual place", guessed=True))


def _homes(found: Discovery, views: tuple[NodeView, NodeView]) -> None:
    priorities = {
        view.name: max((s.priority or 0 for s in conf.sections), default=0)
        for view in views
        if (conf := view.facts.vrrpconf.value)
    }
    first, second = views
    if len(priorities) == 2 and priorities[first.name] != priorities[second.name]:
        master = max(priorities, key=lambda name: priorities[name])
        why, guessed = f"freevrrpd priority {priorities[master]} is the higher one", False
    elif gated := [v for v in views if _gate(v)]:
        master, why, guessed = gated[0].name, f"{gated[0].name} has the gate now", True
    elif exporting := [v for v in views if (e := v.facts.exports.value) and e.exports]:
        master = second.name if exporting[0] is first else first.name
        why, guessed = f"{exporting[0].name} exports an image", True
    else:
        return
    for view in views:
        home = Home.MASTER if view.name == master else Home.SLAVE
        found.nodes[view.name]["home"] = Found(home.value, why, guessed)


def _images(found: Discovery, views: tuple[NodeView, NodeView]) -> None:
    for view, peer in (views, views[::-1]):
        mine = found.nodes[view.name]
        used = {c.device for m in _geom(view).mirrors for c in m.components}
        for md in _geom(view).mds:
            if md.file and (md.name in used or len(_geom(view).mds) == 1):
                mine.setdefault("image", Found(md.file, f"{md.name} on {view.name} is backed by it"))
        for export in view.facts.exports.value.exports if view.facts.exports.value else ():
            mine.setdefault("image", Found(export.path, f"/etc/gg.exports on {view.name}"))
            if "/" not in export.host and export.prefix == 32:
                found.nodes[peer.name].setdefault(
                    "replication", Found(export.host, f"/etc/gg.exports on {view.name} lets it in")
                )
        if gate := _gate(view):
            if gate.path:
                found.nodes[peer.name].setdefault(
                    "image", Found(gate.path, f"{gate.name} on {view.name} reads it")
                )
            if gate.host:
                found.nodes[peer.name].setdefault(
                    "replication", Found(gate.host, f"{gate.name} on {view.name}")
                )


def _vrrp(found: Discovery, views: tuple[NodeView, NodeView]) -> None:
    for view in views:
        for section in conf.sections if (conf := view.facts.vrrpconf.value) else ():
            source = f"freevrrpd.conf on {view.name}"
            if section.serverid is not None:
                found.pair.setdefault("vrid", Found(section.serverid, source))
            for address in section.addr[:1]:
                plain = address.rsplit(":", 1)[-1].split("/")[0]
                found.pair.setdefault("floating", Found(plain, source))
