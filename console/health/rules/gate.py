"""The gate on the client side: ggatec(8), its queue, process and log (P01-P07, P11, P12, P12a)."""

from collections.abc import Iterator

from console.health import stack
from console.health.conditions import gate_alive
from console.health.rules.scene import Rule, Scene, finding, rule
from console.health.syslog import last_with
from console.model.facts import Gate, Process
from console.model.snapshot import Finding, NodeView
from console.model.words import Answer, ComponentState, Severity

_FREE_WRITERS = (
    "If the peer is really gone, `ggatec destroy -f -u {unit}` on {node} fails what is pending and frees the "
    "writers; do not umount or sync first, they would hang as well."
)


def gates(scene: Scene) -> Iterator[tuple[NodeView, Gate]]:
    """Each node's gates to the other node's image."""
    for node in scene.snapshot.nodes:
        for gate in stack.gates_to_peer(node, scene.snapshot.config, scene.snapshot.peer(node)):
            yield node, gate


def _in_use(scene: Scene, node: NodeView) -> bool:
    """Whether the mirror on the node has the gate as an ACTIVE component."""
    mirror = scene.mirror(node)
    half = stack.remote_half(mirror) if mirror else None
    return half is not None and half.state is ComponentState.ACTIVE


@rule("P01")
def no_timeout(scene: Scene) -> Iterator[Finding]:
    """A gate that never gives up on a request."""
    for node, gate in gates(scene):
        if gate.timeout == 0:
            yield finding(
                "P01",
                Severity.WARNING,
                node,
                f"{gate.name} on {node.name} has no I/O timeout",
                why="When the peer vanishes every writer on the mirror blocks for ever, and the mirror "
                "still says COMPLETE.",
                todo="At the next planned hand-over create the gate with `ggatec create -t 10 …`.",
                raw=f"{gate.name}: timeout 0",
            )


def _stuck_severity(counts: list[int], stuck: int, sure: bool) -> Severity:
    if sure:
        return Severity.CRITICAL
    # A queue that rises once is a busy mirror more often than a dead gate.
    return Severity.NOTICE if stuck == 1 and counts[-1] > counts[-2] else Severity.WARNING


def _blocked(process: Process) -> bool:
    """Whether a program waits for the disk; the kernel's own threads are always in state D."""
    return process.stat.startswith("D") and not process.command.startswith("[")


@rule("P01")
def queue_stuck(scene: Scene) -> Iterator[Finding]:
    """A queue that holds requests and does not fall."""
    for node, gate in gates(scene):
        past = scene.history.of(node)
        counts = [s.queue_count for s in past.gates]
        stuck = 0
        for older, newer in zip(reversed(counts[:-1]), reversed(counts[1:]), strict=True):
            if newer < older or older == 0:
                break
            stuck += 1
        moving = len({(s.percent, s.bytes_synced) for s in past.syncs[-2:]}) > 1
        if not gate.queue_count or stuck < 1 or moving:
            continue
        blocked = any(_blocked(p) for p in node.facts.processes.value or ())
        dead = gate_alive(scene.snapshot, node).answer is Answer.NO
        sure = stuck >= 4 or dead or (blocked and stuck >= 2)
        waiting = "1 request waits" if gate.queue_count == 1 else f"{gate.queue_count} requests wait"
        yield finding(
            "P01",
            _stuck_severity(counts, stuck, sure),
            node,
            f"{gate.name} on {node.name}: {waiting} and none is answered",
            why="Writers block while a small buffered write still seems to succeed; the mirror goes on "
            "saying COMPLETE.",
            todo=_FREE_WRITERS.format(unit=gate.unit, node=node.name),
            raw=f"{gate.name}: queue_count {' '.join(map(str, counts[-5:]))}, timeout {gate.timeout}",
        )


@rule("P01")
def nobody_at_the_other_end(scene: Scene) -> Iterator[Finding]:
    """A gate whose server is not there."""
    for node, gate in gates(scene):
        peer = scene.snapshot.peer(node)
        daemons, sockets = stack.processes_of(peer, "ggated"), peer.facts.sockets.value
        port = f":{gate.port or 3080}"
        silent = sockets is not None and not any(s.listening and s.local.endswith(port) for s in sockets)
        if daemons == () or (silent and not daemons):
            yield finding(
                "P01",
                Severity.CRITICAL,
                node,
                f"{gate.name} on {node.name} leads to {peer.name}, where no ggated runs",
                why="Nothing written reaches the peer; requests wait in the gate until its timeout, or "
                "for ever without one.",
                todo=f"First see whether {peer.name} has served meanwhile (P06). Only if it has not: "
                "start ggated there.",
                raw=f"{gate.name}: {gate.host}:{gate.port} {gate.path}",
            )


@rule("P01")
def reconnecting(scene: Scene) -> Iterator[Finding]:
    """A ggatec that lost its connection and has not got it back."""
    for node, gate in gates(scene):
        table = stack.processes_of(node, "ggatec")
        process = stack.ggatec_of(gate, table) if table else None
        lines = [
            ln
            for ln in node.facts.messages.value or ()
            if ln.program == "ggatec" and process is not None and ln.pid in (None, process.pid)
        ]
        last = last_with(lines, "Lost connection", "Disconnected [", "Connecting [", "_thread: started")
        if last is None or "started" in last.text:
            continue
        yield finding(
            "P01",
            Severity.CRITICAL,
            node,
            f"ggatec on {node.name} has lost {gate.host or 'its server'} and is trying to connect",
            why="Until it connects, everything written waits; the mirror may still call the component "
            "ACTIVE.",
            todo=_FREE_WRITERS.format(unit=gate.unit, node=node.name),
            raw=last,
        )


@rule("P02")
def dropped_by_error(scene: Scene) -> Iterator[Finding]:
    """A component that was dropped because a request failed, and is still out."""
    for node in scene.snapshot.nodes:
        messages = node.facts.messages.value
        failed = last_with(messages, "Request failed (error=")
        mirror = scene.mirror(node)
        if failed is None or mirror is None or not failed.text.partition("). ")[2].startswith("ggate"):
            continue
        if _in_use(scene, node):
            continue
        code = failed.text.partition("error=")[2].partition(")")[0]
        cause = {
            "5": "a request timed out",
            "12": "the queue was full",
            "6": "the gate was destroyed by force",
        }
        yield finding(
            "P02" if code != "12" else "P04",
            Severity.WARNING,
            node,
            f"{mirror.name} on {node.name} dropped its remote half: {cause.get(code, 'error ' + code)}",
            why="A gate timeout of N seconds fails a request after 5 to N+5 s, so a short stall is "
            "enough to lose the half.",
            todo="Choose 10-30 s; see P03 for the way back, which depends on how it was lost.",
            raw=failed,
        )


@rule("P03")
def way_back(scene: Scene) -> Iterator[Finding]:
    """A lost half that gmirror will not take back by itself."""
    for node, gate in gates(scene):
        mirror = scene.mirror(node)
        if mirror is None or stack.remote_half(mirror) is not None:
            continue
        broken = last_with(
            node.facts.messages.value,
            f"Component {gate.name} (device {mirror.name}) broken",
            f"Cannot add disk {gate.name} to {mirror.name} (error=22)",
        )
        metadata = {m.provider: m for m in node.facts.metadata.value or ()}
        half = stack.local_half(mirror)
        theirs = metadata.get(gate.name)
        mine = metadata.get(half.device or half.name) or metadata.get(half.name) if half else None
        older = (
            theirs is not None
            and mine is not None
            and theirs.genid is not None
            and mine.genid is not None
            and theirs.genid < mine.genid
        )
        if broken is None and not older:
            continue
        raw = (
            f"genid {theirs.genid} on {gate.name}, {mine.genid} here" if older and theirs and mine else broken
        )
        yield finding(
            "P03",
            Severity.WARNING,
            node,
            f"{gate.name} on {node.name} is back but the mirror refuses it: it was lost by an I/O error",
            why="Its generation is older, so it stays outside, and `gmirror rebuild` answers that there "
            "is no such provider.",
            todo=f"After proving that {node.name} holds the newer data: `gmirror forget {mirror.name}`, then "
            f"`gmirror insert -p 0 {mirror.name} {gate.name}`, then `rebuild`. This overwrites the "
            "peer's image.",
            raw=raw,
        )


@rule("P04")
def queue_filling(scene: Scene) -> Iterator[Finding]:
    """A queue on its way to overflow."""
    for node, gate in gates(scene):
        if gate.queue_count is None or not gate.queue_size or gate.queue_count * 2 <= gate.queue_size:
            continue
        full = gate.queue_count * 10 >= gate.queue_size * 9
        yield finding(
            "P04",
            Severity.CRITICAL if full else Severity.WARNING,
            node,
            f"{gate.name} on {node.name}: {gate.queue_count} of {gate.queue_size} queue places are taken",
            why="When the queue overflows, requests fail, and the half is lost in the way that needs "
            "forget and insert.",
            todo="Slow the writers down or find out why the peer is slow; a larger -q (at most 4096) "
            "only buys time.",
            raw=f"{gate.name}: queue_count {gate.queue_count}, queue_size {gate.queue_size}",
        )


@rule("P05")
def gate_without_process(scene: Scene) -> Iterator[Finding]:
    """A device whose process is gone."""
    for node, gate in gates(scene):
        table = stack.processes_of(node, "ggatec")
        if table is None or stack.ggatec_of(gate, table) is not None:
            continue
        yield finding(
            "P05",
            Severity.CRITICAL,
            node,
            f"{gate.name} on {node.name} has no ggatec process",
            why="The device outlives its process: opening it works, and every read or write waits for ever.",
            todo=f"`ggatec rescue -u {gate.unit} {gate.host or 'HOST'} {gate.path or 'PATH'}` with "
            "exactly this host "
            f"and path; to give up instead, `ggatec destroy -f -u {gate.unit}`.",
            raw=f"{gate.name}: {gate.host}:{gate.port} {gate.path}",
        )


@rule("P06")
def late_replay(scene: Scene) -> Iterator[Finding]:
    """A gate still waiting to write into an image that has been promoted."""
    for node, gate in gates(scene):
        peer = scene.snapshot.peer(node)
        if not scene.mounted(peer):
            continue
        yield finding(
            "P06",
            Severity.CRITICAL,
            node,
            f"{node.name} still has {gate.name} open while {peer.name} serves from that image",
            why="ggatec sends its unanswered writes again when it connects: old writes would land on "
            "newer data.",
            todo=f"`ggatec destroy -f -u {gate.unit}` on {node.name} before any ggated starts on "
            f"{peer.name}.",
            raw=f"{gate.name}: {gate.host}:{gate.port} {gate.path}",
        )


@rule("P07")
def silent_refusals(scene: Scene) -> Iterator[Finding]:
    """Refusals that only syslog tells, as long as the gate does not work."""
    texts = {
        "ggatec": ("Cannot connect", "Cannot open", "File exists"),
        "ggated": ("Unauthorized connection", "Cannot open", "exported read-only"),
    }
    working = any(_in_use(scene, n) for n in scene.snapshot.nodes)
    expected = any(scene.mirror(n) is not None and scene.mounted(n) for n in scene.snapshot.nodes)
    if working or not expected:
        return
    for node in scene.snapshot.nodes:
        for program, words in texts.items():
            line = last_with(node.facts.messages.value, *words, program=program)
            if line is None:
                continue
            yield finding(
                "P07",
                Severity.WARNING,
                node,
                f"{program} on {node.name} was refused: {line.text}",
                why="Without -v these programs print nothing and speak only to syslog; the client's "
                "errno is not the "
                "server's reason.",
                todo="Compare the path byte by byte in gg.exports and on ggatec's command line, and "
                "look at both logs.",
                raw=line,
            )


@rule("P11")
def one_file_two_units(scene: Scene) -> Iterator[Finding]:
    """The same file or the same export attached twice."""
    for node in scene.snapshot.nodes:
        geom = node.facts.geom.value
        units: dict[str, list[str]] = {}
        for md in geom.mds if geom else ():
            if md.file:
                units.setdefault(md.file, []).append(md.name)
        for gate in geom.gates if geom else ():
            if gate.path:
                units.setdefault(f"{gate.host} {gate.path}", []).append(gate.name)
        for what, names in units.items():
            if len(names) > 1:
                yield finding(
                    "P11",
                    Severity.CRITICAL,
                    node,
                    f"{what} is attached twice on {node.name}: {' and '.join(sorted(names))}",
                    why="Two devices write to one file without knowing of each other.",
                    todo="Find the one the mirror does not use and detach that; always name units with -u.",
                    raw=" ".join(sorted(names)),
                )


@rule("P12")
def dials_itself(scene: Scene) -> Iterator[Finding]:
    """A gate that leads to the floating address or to the node itself."""
    for node in scene.snapshot.nodes:
        geom = node.facts.geom.value
        for gate in geom.gates if geom else ():
            floating = gate.host == scene.snapshot.config.floating
            host = node.facts.host.value
            own = stack.own_addresses(node) | ({host.hostname} if host else set())
            if gate.host is None or not (floating or gate.host in own):
                continue
            yield finding(
                "P12",
                Severity.CRITICAL,
                node,
                f"{gate.name} on {node.name} leads to {gate.host}, "
                + ("the floating address" if floating else "the node itself"),
                why="Whoever serves holds the floating address, so the node dials itself: refused for "
                "ever, or "
                "mirrored onto its own disk.",
                todo="Use the peer's own address on the replication link.",
                raw=f"{gate.name}: {gate.host}:{gate.port} {gate.path}",
            )


@rule("P12a")
def geom_silent(scene: Scene) -> Iterator[Finding]:
    """GEOM does not answer although the node does."""
    for node in scene.snapshot.nodes:
        why = node.facts.geom.unknown
        if why is None or "no answer" not in why or not stack.answers(node):
            continue
        if node.facts.host.value is None:
            continue
        yield finding(
            "P12a",
            Severity.CRITICAL,
            node,
            f"GEOM on {node.name} gives {why}, while SSH does answer",
            why="A dead gate holds the kernel's GEOM thread: gmirror, ggatec and mdconfig hang too, for "
            "minutes.",
            todo=_FREE_WRITERS.format(unit=scene.snapshot.config.gate_unit, node=node.name),
            raw=why,
        )


RULES: tuple[Rule, ...] = (
    no_timeout,
    queue_stuck,
    nobody_at_the_other_end,
    reconnecting,
    dropped_by_error,
    way_back,
    queue_filling,
    gate_without_process,
    late_replay,
    silent_refusals,
    one_file_two_units,
    dials_itself,
    geom_silent,
)
