"""A copy under way or cut short (P19, P23, P24)."""

from collections.abc import Iterator
from itertools import pairwise

from console.health import stack
from console.health.rules.mirror import mirrors, status
from console.health.rules.scene import Rule, Scene, finding, rule
from console.health.syslog import last_with
from console.model.snapshot import Finding
from console.model.words import ComponentState, Severity


@rule("P23")
def written_while_rebuilding(scene: Scene) -> Iterator[Finding]:
    """A rebuild under a mounted file system: the moment of least protection."""
    for node, mirror in mirrors(scene):
        copying = [c for c in mirror.components if c.state is ComponentState.SYNCHRONIZING]
        if not copying or not scene.mounted(node):
            continue
        only_remote = not stack.is_remote(copying[0])
        whole = scene.snapshot.peer(node).name if only_remote else node.name
        yield finding(
            "P23",
            Severity.CRITICAL if only_remote else Severity.WARNING,
            node,
            f"{mirror.name} is written to on {node.name} while {copying[0].name} is rebuilt: "
            f"the only whole copy is on {whole}",
            why="If the link or the source dies now, writes fail and the mount may go with the mirror."
            if only_remote
            else "Until it is COMPLETE the data exists once.",
            todo="No failover and no reboot of either node until it is COMPLETE.",
            raw=status(mirror),
        )


@rule("P23")
def half_copied_and_alone(scene: Scene) -> Iterator[Finding]:
    """The only half present was the target of an interrupted rebuild."""
    for node, mirror in mirrors(scene):
        if len(mirror.components) != 1:
            continue
        part = mirror.components[0]
        flags = {
            *part.flags,
            *(
                f
                for m in node.facts.metadata.value or ()
                if m.provider in (part.name, part.device)
                for f in m.dflags
            ),
        }
        if "SYNCHRONIZING" in flags and part.state is not ComponentState.SYNCHRONIZING:
            yield finding(
                "P23",
                Severity.CRITICAL,
                node,
                f"the only half of {mirror.name} on {node.name}, {part.name}, is an unfinished copy",
                why="The rebuild was cut short, so this image is part old, part new; the whole one is "
                "on the other side.",
                todo="Do not mount it. Bring back the half that was the source.",
                raw=f"{status(mirror)} {' '.join(sorted(flags))}",
            )


@rule("P24")
def went_back(scene: Scene) -> Iterator[Finding]:
    """Progress that jumped back."""
    for node, mirror in mirrors(scene):
        past = scene.history.of(node).syncs
        for older, newer in pairwise(past):
            if newer.percent < older.percent or (newer.bytes_synced or 0) < (older.bytes_synced or 0):
                yield finding(
                    "P24",
                    Severity.NOTICE,
                    node,
                    f"the rebuild of {newer.component} on {node.name} went back from {older.percent} % "
                    f"to {newer.percent} %",
                    why="A copy that was interrupted goes on from the stored place, or from the start "
                    "when syncid moved.",
                    todo="Nothing; the time left is counted anew. If it repeats, look at the link.",
                    raw=status(mirror),
                )
                break


@rule("P24")
def copy_stopped(scene: Scene) -> Iterator[Finding]:
    """A rebuild that ended without finishing."""
    for node, mirror in mirrors(scene):
        last = last_with(node.facts.messages.value, "rebuilding provider", "Synchronization request failed")
        if last is None or not ("stopped" in last.text or "request failed" in last.text):
            continue
        behind = [c for c in mirror.components if c.state is not ComponentState.ACTIVE]
        missing = mirror.expected is not None and len(mirror.components) < mirror.expected
        if any(c.state is ComponentState.SYNCHRONIZING for c in behind) or not (behind or missing):
            continue
        yield finding(
            "P24",
            Severity.WARNING,
            node,
            f"the last rebuild of {mirror.name} on {node.name} stopped before it finished",
            why="The target is part old, part new, and nothing is being copied.",
            todo="Find out why (link, disk), then rebuild the same component again.",
            raw=last,
        )


@rule("P19")
def left_inactive(scene: Scene) -> Iterator[Finding]:
    """A component that `deactivate` stamped and nobody activated."""
    for node in scene.snapshot.nodes:
        mirror = scene.mirror(node)
        if mirror is None:
            continue
        names = {c.name for c in mirror.components if c.state is ComponentState.ACTIVE}
        stamped = [c.name for c in mirror.components if "INACTIVE" in c.flags]
        stamped += [m.provider for m in node.facts.metadata.value or () if "INACTIVE" in m.dflags]
        line = last_with(node.facts.messages.value, "marked as inactive, skipping")
        skipped = line.text.partition("provider ")[2].partition(" ")[0] if line else ""
        healed = len(names) >= 2
        if not stamped and (line is None or skipped in names or healed):
            continue
        name = stamped[0] if stamped else skipped
        yield finding(
            "P19",
            Severity.WARNING,
            node,
            f"{name} of {mirror.name} on {node.name} is marked INACTIVE and is skipped",
            why="`deactivate` stamps it on the disk: the half stays out at every attach until it is "
            "activated.",
            todo="Prove that it is the older half, then `gmirror activate`; for a hand-over use stop, "
            "not deactivate.",
            raw=line or f"{name}: INACTIVE",
        )


RULES: tuple[Rule, ...] = (
    written_while_rebuilding,
    half_copied_and_alone,
    went_back,
    copy_stopped,
    left_inactive,
)
