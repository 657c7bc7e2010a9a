"""The state of every pair as the text a Prometheus scrapes (prometheus-client writes it)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from console.health.metrics import FAMILIES, Family, Kind, Sample, samples
from console.model.snapshot import PairState

BUILD = Family("mirrorgate_build", Kind.INFO, "The mirrorgate that is scraped.")
PAIRS = Family("mirrorgate_pairs", Kind.GAUGE, "Pairs that are watched.")
DELIVERIES = Family("mirrorgate_hook_deliveries", Kind.COUNTER, "Events told by a hook, by outcome.")
PENDING = Family("mirrorgate_hook_pending_events", Kind.GAUGE, "Events that wait for a hook.")
OWN = (BUILD, PAIRS, DELIVERIES, PENDING)
"""The families that tell of mirrorgate itself."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of one pair now."""

    state: PairState
    settled: bool


@dataclass(slots=True)
class Board:
    """The newest state of every pair; states are replaced whole, so that any thread may read."""

    version: str
    hooks: Callable[[], Iterable[Sample]] = tuple
    """Samples of the hooks, asked at every scrape."""
    told: dict[str, Told] = field(default_factory=dict)

    def take(self, state: PairState, *, settled: bool) -> None:
        """Put a newer state in place of a pair's older one."""
        self.told = {**self.told, state.snapshot.config.name: Told(state, settled)}

    def samples(self) -> Iterator[Sample]:
        """Everything there is to tell."""
        told = self.told
        yield Sample(BUILD, (("version", self.version),))
        yield Sample(PAIRS, (), float(len(told)))
        yield from self.hooks()
        for one in told.values():
            yield from samples(one.state, settled=one.settled)


class _PairCollector(Collector):
    def __init__(self, board: Board) -> None:
        self._board = board

    def collect(self) -> Iterator[Metric]:
        return metrics(self._board.samples())


class Exposition:
    """Writes a board in the form a scraper asks for."""

    def __init__(self, board: Board) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_PairCollector(board))
        ProcessCollector(registry=self._registry)

    def write(self, accept: str) -> tuple[bytes, str]:
        """The text and its content type, for the Accept header of a request."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type


def metrics(given: Iterable[Sample]) -> Iterator[Metric]:
    """Samples as prometheus-client's families, in the order of the catalogue; empty ones are left out."""
    by_family: dict[Family, list[Sample]] = {}
    for sample in given:
        by_family.setdefault(sample.family, []).append(sample)
    for family in (*OWN, *FAMILIES):
        if family in by_family:
            metric = Metric(family.name, family.help, family.kind.value, family.unit)
            for sample in by_family[family]:
                _add(metric, family, dict(sample.labels), sample.value)
            yield metric


def _add(metric: Metric, family: Family, labels: Mapping[str, str], value: float | str) -> None:
    match family.kind:
        case Kind.STATESET:
            for word in family.words:
                metric.add_sample(family.name, {**labels, family.name: word}, float(word == value))
        case Kind.INFO:
            metric.add_sample(f"{family.name}_info", dict(labels), 1.0)
        case Kind.COUNTER:
            metric.add_sample(f"{family.name}_total", dict(labels), float(value))
        case Kind.GAUGE:
            metric.add_sample(family.name, dict(labels), float(value))
