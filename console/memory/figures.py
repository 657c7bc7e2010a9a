"""The figures of a pair that are kept for trends, and whether its service is there."""

from collections.abc import Mapping
from types import MappingProxyType

from console.model.snapshot import PairState
from console.model.words import Answer

FIGURES: Mapping[str, str] = MappingProxyType(
    {
        "queue": "messages in the queue of the node that serves",
        "todo": "messages in that queue that are not preprocessed",
        "sync-rate": "bytes a second that a rebuild copies",
        "sync-percent": "how far a rebuild is",
        "gate-queue": "requests that wait in the serving node's gate to the other",
    }
)
"""Names of the series, and what each counts."""
