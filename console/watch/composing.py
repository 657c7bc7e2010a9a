"""From one snapshot after the other to `PairState`: findings, readiness, events, the rebuild, the queue."""

from console.health.events import changes, finding_changes
from console.health.findings import findings
from console.health.history import History, queue_depths, remember
from console.health.progress import progress
from console.health.readiness import readiness
from console.health.truths import truths
from console.model.config import PairConfig
from console.model.snapshot import Event, Finding, PairSnapshot, PairState

_EVENTS_KEPT = 500


class Composing:
    """What has to be remembered of a pair's snapshots to derive the next state."""

    def __init__(self, pair: PairConfig, past: tuple[Event, ...] = ()) -> None:
        """`past`: what happened before, newest first, where somebody knows it."""
        self.pair = pair
        self.fresh: tuple[Event, ...] = ()
        """What happened between the last snapshot and the one before, newest first."""
        self._before: PairSnapshot | None = None
        self._history = History()
        self._events = past
        self._found: tuple[Finding, ...] = ()
        self._settled = False

    def state(self, snapshot: PairSnapshot, *, settled: bool) -> PairState:
        """The state at a snapshot; `settled` says whether each node has answered everything once."""
        self._history = remember(self._history, snapshot)
        found = findings(snapshot, self._history)
        fresh = changes(self._before, snapshot)
        # What is found before both nodes have answered once is no news.
        if self._settled:
            fresh = (*finding_changes(self._found, found, snapshot.now), *fresh)
        self._found, self._settled, self.fresh = found, settled, fresh
        self._events = (*fresh, *self._events)[:_EVENTS_KEPT]
        self._before = snapshot
        master, slave = snapshot.nodes
        ready = readiness(snapshot)
        serving = slave if ready.serving == slave.name else master
        return PairState(
            snapshot=snapshot,
            truths=(truths(master, self.pair, slave), truths(slave, self.pair, master)),
            findings=found,
            readiness=ready,
            events=self._events,
            sync=progress(self._history, snapshot),
            queue_history=queue_depths(self._history, serving),
        )
