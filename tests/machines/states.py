"""Pair states built by hand, derived as the watch derives them."""

from collections.abc import Iterable
from dataclasses import replace

from prometheus_client import parser
from prometheus_client.core import Metric
from prometheus_client.openmetrics import parser as strict_parser

from console.health.findings import findings
from console.health.history import History, remember
from console.health.progress import progress
from console.health.readiness import readiness
from console.health.truths import pair_truths
from console.machines.exposition import Board, Exposition
from console.model.snapshot import Event, PairSnapshot, PairState
from console.model.words import Severity

VERSION = "1.2.3"


def state_of(pair: PairSnapshot, history: History | None = None) -> PairState:
    """Everything that is derived from a snapshot."""
    past = history or remember(History(), pair)
    return PairState(
        snapshot=pair,
        truths=pair_truths(pair),
        findings=findings(pair, past),
        readiness=readiness(pair),
        sync=progress(past, pair),
    )


def written(*states: PairState, settled: bool = True, accept: str = "text/plain") -> str:
    """The states as a scraper gets them."""
    board = Board(VERSION)
    for state in states:
        board.take(state, settled=settled)
    return Exposition(board).write(accept)[0].decode()


def read_plain(text: str) -> Iterable[Metric]:
    """The text format, read back."""
    return parser.text_string_to_metric_families(text)


def read_openmetrics(text: str) -> Iterable[Metric]:
    """OpenMetrics, read back strictly."""
    found: Iterable[Metric] = strict_parser.text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    return found


def with_events(state: PairState, *events: Event) -> PairState:
    """The state with events, newest first."""
    return replace(state, events=events)


def event(text: str, kind: str = "role", at: float = 1_795_400_000.0, node: str | None = "web-a") -> Event:
    """A warning."""
    return Event(at, node, kind, text, Severity.WARNING)
