"""Space: the pair's file system, and the host's under a sparse image (P26, R12, FULL)."""

from collections.abc import Iterator

from console.health import stack
from console.health.rules.scene import Rule, Scene, finding, rule
from console.model.snapshot import Finding, NodeView
from console.model.words import Severity

_NEARLY, _FULL = 90, 98
"""Percent of capacity as df(1) counts it: the reserve is outside of it."""


@rule("FULL")
def nearly_full(scene: Scene) -> Iterator[Finding]:
    """The file system that is mirrored runs out of space."""
    for node in scene.snapshot.nodes:
        for row in node.facts.df.value or ():
            if row.on != scene.snapshot.config.mount or row.capacity < _NEARLY or not scene.mounted(node):
                continue
            yield finding(
                "FULL",
                Severity.CRITICAL if row.capacity >= _FULL else Severity.WARNING,
                node,
                f"{row.on} on {node.name} is {row.capacity} % full",
                why="Writes fail soon, and both halves are equally full: the other node is no way out.",
                todo="Free space; to grow, enlarge both images, then the mirror, then the file system.",
                raw=f"{row.fs} {row.blocks} {row.used} {row.avail} {row.capacity}% {row.on}",
            )


@rule("R12")
def reads_hang(scene: Scene) -> Iterator[Finding]:
    """Commands that touch the halves or the file system hang, on a node that answers otherwise."""
    for node in scene.snapshot.nodes:
        late = {
            what: fact.unknown
            for what, fact in (("gmirror dump", node.facts.metadata), ("df", node.facts.df))
            if fact.unknown is not None and "no answer" in fact.unknown
        }
        if not late or not stack.answers(node) or not scene.mounted(node):
            continue
        said = ", ".join(f"{what}: {why}" for what, why in late.items())
        yield finding(
            "R12",
            Severity.WARNING,
            node,
            f"reads on {node.name}, which serves, do not come back ({said})",
            why="A frozen disk or gate holds them; buffered writers do not notice, fsync and umount hang.",
            todo="Look at the gate's queue and at the disk under the image before anything else touches "
            "the mount.",
            raw=said,
        )


@rule("P26")
def no_room_for_the_image(scene: Scene) -> Iterator[Finding]:
    """A sparse image on a file system that cannot hold all of it."""
    for node in scene.snapshot.nodes:
        file, free = stack.image_file(node, node.config.image), _free_bytes(node, node.config.image)
        if file is None or file.size is None or file.allocated is None or free is None:
            continue
        gap = file.size - file.allocated
        if gap > 0 and free < gap:
            yield finding(
                "P26",
                Severity.CRITICAL if free < gap // 4 else Severity.WARNING,
                node,
                f"the disk of {node.name} has {free} bytes left, its sparse image may still want {gap}",
                why="truncate(1) reserves nothing: the write error arrives later, under a mounted file "
                "system.",
                todo="Free space on the host file system, or fill the image once so that its blocks are "
                "reserved.",
                raw=f"{file.path}: size {file.size}, allocated {file.allocated}",
            )


def _free_bytes(node: NodeView, path: str) -> int | None:
    rows = [
        row
        for row in node.facts.df.value or ()
        if row.on == "/" or path == row.on or path.startswith(row.on.rstrip("/") + "/")
    ]
    return max(rows, key=lambda row: len(row.on)).avail * 1024 if rows else None


RULES: tuple[Rule, ...] = (nearly_full, reads_hang, no_room_for_the_image)
