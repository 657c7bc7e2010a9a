"""Where the parts of a pair's data path are on a node: image, md, gate, mirror, component.

Everything returns None (or an empty tuple) both for "not there" and for "not known"; a caller that must tell
the two apart looks at the fact itself first.
"""

import re
from collections.abc import Iterable

from console.model.config import PairConfig
from console.model.facts import Component, Gate, Geom, ImageFile, MemoryDisk, Mirror, Mount, Process
from console.model.snapshot import LinkState, NodeView, PairSnapshot

_UNIT = re.compile(r"\s-u\s*(\d+)")


def answers(view: NodeView) -> bool:
    """Whether the node answers now, even if one of its commands hangs."""
    if view.link.state is LinkState.SILENT:
        return view.facts.host.value is not None
    return view.link.state is LinkState.LIVE


def mirror_on(view: NodeView, pair: PairConfig) -> Mirror | None:
    """The pair's mirror on this node."""
    geom = view.facts.geom.value
    return geom.mirror(pair.mirror) if geom else None


def gates_to_peer(view: NodeView, pair: PairConfig, peer: NodeView) -> tuple[Gate, ...]:
    """Gates of this node that lead to the peer's image: by path, else by the pair's unit number."""
    geom = view.facts.geom.value
    if geom is None:
        return ()
    by_path = tuple(g for g in geom.gates if g.path == peer.config.image)
    if by_path:
        return by_path
    return tuple(g for g in geom.gates if g.unit == pair.gate_unit)


def leads_to(gate: Gate, view: NodeView, peer: NodeView) -> bool:
    """Whether a gate of this node leads to the peer's image: by path, and not back to this node (P12)."""
    return gate.path == peer.config.image and gate.host not in own_addresses(view)


def md_of(geom: Geom | None, path: str) -> tuple[MemoryDisk, ...]:
    """The md units backed by the file `path`."""
    return tuple(md for md in geom.mds if md.file == path) if geom else ()


def like_md_of(geom: Geom | None, path: str) -> tuple[MemoryDisk, ...]:
    """The md units backed by a file of the same name in another place: it may be `path` itself.

    mdconfig(8) resolves links: an image configured as `/home/images/x` is shown as `/usr/home/images/x`.
    """
    name = path.rpartition("/")[2]
    mds = geom.mds if geom else ()
    return tuple(md for md in mds if md.file and md.file != path and md.file.rpartition("/")[2] == name)


def is_remote(component: Component) -> bool:
    """Whether the component reaches its data through a gate."""
    if component.device_class:
        return component.device_class == "GATE"
    return (component.device or component.name).startswith("ggate")


def remote_half(mirror: Mirror) -> Component | None:
    """The component behind a gate."""
    return next((c for c in mirror.components if is_remote(c)), None)


def local_half(mirror: Mirror) -> Component | None:
    """The component on this node's own storage."""
    return next((c for c in mirror.components if not is_remote(c)), None)


def mounts_of(view: NodeView, pair: PairConfig) -> tuple[Mount, ...]:
    """What is mounted at the pair's mount point, oldest first, after the mirror mounted at any other place.

    mount(8) tells where the mount point really lies: `/usr/home/sites` where `/home` is a link. And a mirror
    that somebody looks into at `/mnt` is in use as well.
    """
    device = f"/dev/mirror/{pair.mirror}"
    at = tuple(m for m in view.facts.mounts.value or () if is_at(m, pair))
    elsewhere = tuple(m for m in view.facts.mounts.value or () if m.special == device and m not in at)
    return elsewhere + at


def is_at(mount: Mount, pair: PairConfig) -> bool:
    """Whether a mount is at the pair's mount point, by its name or, of the mirror, by its real path."""
    node, wanted = mount.node.rstrip("/"), pair.mount.rstrip("/")
    return node == wanted or (mount.special == f"/dev/mirror/{pair.mirror}" and node.endswith(wanted))


def processes_of(view: NodeView, program: str) -> tuple[Process, ...] | None:
    """Live processes of a program; None when the process list is unknown."""
    table = view.facts.processes.value
    if table is None:
        return None
    return tuple(p for p in table if p.program == program and not p.stat.startswith("Z"))


def ggatec_of(gate: Gate, processes: Iterable[Process]) -> Process | None:
    """The ggatec process that serves a gate: its unit number or its path is on the command line."""
    for process in processes:
        unit = _UNIT.search(process.command)
        if unit is not None:
            if int(unit[1]) == gate.unit:
                return process
        elif gate.path is None or gate.path in process.command.split():
            return process
    return None


def exports_image(view: NodeView, path: str) -> bool | None:
    """Whether gg.exports of the node names `path`; None when unknown."""
    exports = view.facts.exports.value
    return None if exports is None else any(e.path == path for e in exports.exports)


def image_file(view: NodeView, path: str) -> ImageFile | None:
    """What `ls -ls` says of a backing file."""
    return next((i for i in view.facts.images.value or () if i.path == path), None)


def image_size(view: NodeView) -> int | None:
    """Size in bytes of the node's image, from the file or from the md attached to it."""
    file = image_file(view, view.config.image)
    if file and file.size is not None:
        return file.size
    return next(
        (md.size for md in md_of(view.facts.geom.value, view.config.image) if md.size is not None), None
    )


def own_addresses(view: NodeView) -> frozenset[str]:
    """Every IPv4 address of the node's interfaces."""
    return frozenset(i.addr for face in view.facts.interfaces.value or () for i in face.inet)


def serving(snapshot: PairSnapshot) -> NodeView | None:
    """The node that has the pair's file system mounted, if exactly one is known to."""
    mounted = [n for n in snapshot.nodes if mounts_of(n, snapshot.config)]
    return mounted[0] if len(mounted) == 1 else None
