"""A rebuild: which way it copies, how fast, and how long it will take."""

from console.health import stack
from console.health.history import History, SyncSample
from console.model.facts import Component, Mirror
from console.model.snapshot import NodeView, PairSnapshot, SyncProgress
from console.model.words import ComponentState

_WINDOW = 15.0
"""Seconds of samples behind the rate: long enough to be steady, short enough to notice a change."""


def progress(history: History, snapshot: PairSnapshot) -> SyncProgress | None:
    """The rebuild under way, or None. The component tells which node's image is overwritten."""
    for node in snapshot.nodes:
        mirror = stack.mirror_on(node, snapshot.config)
        part = _copying(mirror)
        if mirror is None or part is None:
            continue
        samples = since_it_last_went_back(history.of(node).syncs)
        rate = _rate(samples, mirror)
        percent = min(100, max(0, part.percent or 0))
        return SyncProgress(
            component=part.device or part.name,
            source=_source(snapshot, node, mirror, part),
            target=_owner(snapshot, node, part).name,
            percent=percent,
            rate=rate,
            eta=_time_left(part, mirror, percent, rate),
            since=samples[0].at if samples else None,
        )
    return None


def since_it_last_went_back(samples: tuple[SyncSample, ...]) -> tuple[SyncSample, ...]:
    """The samples since the copy began, or began again: a rate across a jump back means nothing."""
    start = 0
    for place in range(1, len(samples)):
        older, newer = samples[place - 1], samples[place]
        both = older.bytes_synced is not None and newer.bytes_synced is not None
        if newer.percent < older.percent or (both and (newer.bytes_synced or 0) < (older.bytes_synced or 0)):
            start = place
    return samples[start:]


def _copying(mirror: Mirror | None) -> Component | None:
    parts = mirror.components if mirror else ()
    return next((c for c in parts if c.state is ComponentState.SYNCHRONIZING), None)


def _owner(snapshot: PairSnapshot, node: NodeView, part: Component) -> NodeView:
    return snapshot.peer(node) if stack.is_remote(part) else node


def _source(snapshot: PairSnapshot, node: NodeView, mirror: Mirror, target: Component) -> str:
    for part in mirror.components:
        if part is not target and part.state is ComponentState.ACTIVE:
            return _owner(snapshot, node, part).name
    return "unknown"


def _copied(sample: SyncSample, mirror: Mirror) -> float | None:
    if sample.bytes_synced is not None:
        return float(sample.bytes_synced)
    return sample.percent * mirror.mediasize / 100 if mirror.mediasize else None


def _rate(samples: tuple[SyncSample, ...], mirror: Mirror) -> float | None:
    recent = [s for s in samples if s.at >= samples[-1].at - _WINDOW]
    if len(recent) < 2:
        return None
    first, last = _copied(recent[0], mirror), _copied(recent[-1], mirror)
    if first is None or last is None or last <= first:
        return None
    return (last - first) / (recent[-1].at - recent[0].at)


def _time_left(part: Component, mirror: Mirror, percent: int, rate: float | None) -> float | None:
    if not rate or not mirror.mediasize:
        return None
    done = part.bytes_synced if part.bytes_synced is not None else percent * mirror.mediasize / 100
    return max(0.0, (mirror.mediasize - done) / rate)
