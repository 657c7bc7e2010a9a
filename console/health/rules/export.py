"""The server side: gg.exports, ggated(8) and the image files (P08-P10, P12c, P25)."""

from collections.abc import Iterator

from console.health import stack
from console.health.rules.scene import Rule, Scene, finding, rule
from console.health.syslog import last_with
from console.model.snapshot import Finding
from console.model.words import Home, Severity


@rule("P08")
def bad_exports(scene: Scene) -> Iterator[Finding]:
    """Lines of gg.exports that ggated cannot read: it exits at the next connection."""
    for node in scene.snapshot.nodes:
        exports = node.facts.exports.value
        for number, text, why in exports.bad if exports else ():
            yield finding(
                "P08",
                Severity.WARNING,
                node,
                f"/etc/gg.exports on {node.name}, line {number}: {why}",
                why="The table is read again after a HUP, at the next connection, and a bad line then "
                "ends the listener.",
                todo="Mend the line before ggated is restarted or sent HUP, then see that port 3080 "
                "still listens.",
                raw=text,
            )
        for export in exports.exports if exports else ():
            file = stack.image_file(node, export.path)
            if file is not None and file.size is None:
                yield finding(
                    "P08",
                    Severity.WARNING,
                    node,
                    f"/etc/gg.exports on {node.name} names {export.path}, which does not exist",
                    why="ggated refuses that path, and ggatec on the other node ends with exit 1 and no "
                    "text.",
                    todo="Correct the path; both sides must spell it the same, byte by byte.",
                    raw=f"{export.host}/{export.prefix} {export.access} {export.path}",
                )


@rule("P08")
def image_not_exported(scene: Scene) -> Iterator[Finding]:
    """The slave's image must be in its export table, read-write."""
    node = scene.snapshot.slave
    exports = node.facts.exports.value
    if exports is None:
        return
    mine = [e for e in exports.exports if e.path == node.config.image]
    if mine and any(e.access.upper() == "RW" for e in mine):
        return
    yield finding(
        "P08",
        Severity.WARNING,
        node,
        f"{node.name} does not export {node.config.image}" + (" read-write" if mine else ""),
        why="The other node cannot make a gate to it (again), so the mirror has no second half after "
        "the next restart.",
        todo=f"Put `ADDRESS RW {node.config.image}` into /etc/gg.exports, with the other node's "
        "replication address.",
        raw="\n".join(f"{e.host}/{e.prefix} {e.access} {e.path}" for e in exports.exports),
    )


@rule("P09")
def open_to_all(scene: Scene) -> Iterator[Finding]:
    """Ggated trusts addresses, so where it listens and whom it admits matters."""
    for node in scene.snapshot.nodes:
        for socket in node.facts.sockets.value or ():
            if socket.listening and socket.command == "ggated" and socket.local.startswith("*:"):
                yield finding(
                    "P09",
                    Severity.NOTICE,
                    node,
                    f"ggated on {node.name} listens on every interface ({socket.local})",
                    why="ggate neither authenticates nor encrypts: who reaches the port from an "
                    "exported address owns the data.",
                    todo="Start it with `-a` on the replication address, and filter the port.",
                    raw=f"{socket.command} {socket.pid} {socket.local}",
                )
                break
        exports = node.facts.exports.value
        for export in exports.exports if exports else ():
            if export.prefix < 32:
                yield finding(
                    "P09",
                    Severity.WARNING,
                    node,
                    f"{node.name} exports {export.path} to {export.host}/{export.prefix}: "
                    f"{2 ** (32 - export.prefix)} addresses",
                    why="Any of these addresses may write into the image; there is no other check.",
                    todo="Name the peer's replication address only.",
                    raw=f"{export.host}/{export.prefix} {export.access} {export.path}",
                )


@rule("P10")
def exported_and_attached(scene: Scene) -> Iterator[Finding]:
    """Two writers on one file: md here, ggated for the other node."""
    for node in scene.snapshot.nodes:
        exports = node.facts.exports.value
        if not exports or not stack.processes_of(node, "ggated"):
            continue
        for path in dict.fromkeys(e.path for e in exports.exports):
            units = " ".join(md.name for md in stack.md_of(node.facts.geom.value, path))
            if not units:
                continue
            state = (
                "mounted" if scene.mounted(node) else "under a mirror" if scene.mirror(node) else "attached"
            )
            yield finding(
                "P10",
                Severity.CRITICAL,
                node,
                f"{path} on {node.name} is {state} as {units} and exported by ggated at once",
                why="The file is not locked: two nodes can write to it, and neither sees the other's writes.",
                todo="If this node serves, stop ggated. If not, umount, then `mdconfig -d -o force` the "
                "unit, "
                "before ggated serves the file (a plain `gmirror stop` does not last, see R21).",
                raw=f"{units} {path}",
            )


@rule("P12c")
def releases_differ(scene: Scene) -> Iterator[Finding]:
    """Different releases at the two ends of a gate."""
    seen = {n.name: n.facts.host.value.release for n in scene.snapshot.nodes if n.facts.host.value}
    words = {release.split("-")[0] for release in seen.values() if release}
    for node in scene.snapshot.nodes:
        old = last_with(node.facts.messages.value, "Kernel module is too old")
        if old is not None:
            yield finding(
                "P12c",
                Severity.CRITICAL,
                node,
                f"the kernel of {node.name} is too old for the metadata on a component",
                why="A newer gmirror wrote the metadata; this node cannot use that half.",
                todo="Bring both nodes to the same release.",
                raw=old,
            )
        drops = [ln for ln in node.facts.messages.value or () if "Lost connection" in ln.text]
        if len(words) == 2 and len(drops) >= 3:
            yield finding(
                "P12c",
                Severity.WARNING,
                node,
                f"ggatec on {node.name} lost its connection {len(drops)} times, and the releases differ",
                why="An old ggated dies of a request it does not know, and gets it again at each reconnect.",
                todo="Bring both nodes to the same release.",
                raw=drops[-1],
            )
    if len(words) == 2:
        said = ", ".join(f"{name} {release}" for name, release in seen.items())
        yield finding(
            "P12c",
            Severity.NOTICE,
            None,
            f"the nodes run different releases: {said}",
            why="The gate's protocol number does not tell what each end understands, and newer metadata "
            "may be refused.",
            todo="Bring both nodes to the same release.",
            raw=said,
        )


@rule("P25")
def sizes_differ(scene: Scene) -> Iterator[Finding]:
    """Halves that do not fit each other."""
    snapshot = scene.snapshot
    a, b = (stack.image_size(n) for n in snapshot.nodes)
    if a is not None and b is not None and a != b:
        small = snapshot.master if a < b else snapshot.slave
        yield finding(
            "P25",
            Severity.WARNING,
            None,
            f"the images differ in size: {snapshot.master.name} {a}, {snapshot.slave.name} {b} bytes",
            why=f"The mirror is as small as its smallest half; the one on {small.name} may be refused "
            "as too small.",
            todo="Make both the same size, with the procedure for growing: metadata sits in the last sector.",
            raw=f"{snapshot.master.config.image} {a}\n{snapshot.slave.config.image} {b}",
        )
    for node in snapshot.nodes:
        mirror = scene.mirror(node)
        gate = next(iter(stack.gates_to_peer(node, snapshot.config, snapshot.peer(node))), None)
        needed = mirror.mediasize + 512 if mirror and mirror.mediasize else None
        if gate and gate.mediasize and needed and gate.mediasize < needed:
            yield finding(
                "P25",
                Severity.WARNING,
                node,
                f"{gate.name} on {node.name} is smaller than the mirror needs",
                why="A component needs the size of the mirror and one sector more for the metadata.",
                todo="Enlarge the peer's image before inserting it.",
                raw=f"{gate.name} {gate.mediasize}, needed {needed}",
            )


@rule("P08")
def peer_not_admitted(scene: Scene) -> Iterator[Finding]:
    """The peer's own address must be the one that the table admits."""
    node = scene.snapshot.node(Home.SLAVE)
    peer = scene.snapshot.peer(node)
    exports, theirs = node.facts.exports.value, stack.own_addresses(peer)
    mine = [e for e in exports.exports if e.path == node.config.image] if exports else []
    hosts = [e for e in mine if e.prefix == 32 and e.host[:1].isdigit()]
    if not mine or len(hosts) != len(mine) or not theirs:
        return
    if any(e.host in theirs and e.host != scene.snapshot.config.floating for e in hosts):
        return
    yield finding(
        "P08",
        Severity.WARNING,
        node,
        f"{node.name} exports its image to {', '.join(e.host for e in hosts)}, no own address of {peer.name}",
        why="ggated looks at the address the connection comes from, and refuses every other.",
        todo=f"Name the address {peer.name} uses on the replication link, never the floating one.",
        raw="\n".join(f"{e.host}/{e.prefix} {e.access} {e.path}" for e in hosts),
    )


RULES: tuple[Rule, ...] = (
    bad_exports,
    image_not_exported,
    peer_not_admitted,
    open_to_all,
    exported_and_attached,
    releases_differ,
    sizes_differ,
)
