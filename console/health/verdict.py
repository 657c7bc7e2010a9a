"""One word for a monitoring plugin, from the findings."""

from collections.abc import Iterable
from enum import IntEnum

from console.model.snapshot import Finding
from console.model.words import Severity


class PluginState(IntEnum):
    """Exit status of a monitoring plugin; the name is the word it prints."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


def plugin_state(found: Iterable[Finding]) -> PluginState:
    """Critical beats warning beats unknown; notices do not alarm."""
    severities = {f.severity for f in found}
    for severity, state in (
        (Severity.CRITICAL, PluginState.CRITICAL),
        (Severity.WARNING, PluginState.WARNING),
        (Severity.UNKNOWN, PluginState.UNKNOWN),
    ):
        if severity in severities:
            return state
    return PluginState.OK
