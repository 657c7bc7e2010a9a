"""`mirrorgate check`: one line for a monitoring system, by the Monitoring Plugins guidelines.

https://www.monitoring-plugins.org/doc/guidelines.html: exit status 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN;
one line on standard output, performance data after `|`, a value that is not known is `U`. Whatever goes
wrong with the plugin itself is UNKNOWN: a crash or a usage error must not look like a state of the pair.
"""

import contextlib
import io
import os
import sys
import threading
from collections.abc import Iterator, Sequence

from console.commands.sampling import settled_looks
from console.health.verdict import PluginState, plugin_state
from console.model.config import PairConfig
from console.model.snapshot import PairState
from console.model.words import Answer, Severity
from console.watch.node_watch import Opener

_STATUS = {
    Severity.NOTICE: PluginState.OK,
    Severity.WARNING: PluginState.WARNING,
    Severity.CRITICAL: PluginState.CRITICAL,
    Severity.UNKNOWN: PluginState.UNKNOWN,
}
_WORST_FIRST = (PluginState.CRITICAL, PluginState.WARNING, PluginState.UNKNOWN, PluginState.OK)
_MOST = 4096
"""Bytes of the line with its newline: what older Nagios and NRPE read."""
_WORDS = 1500
"""Bytes of it that words may take; the rest is for performance data."""
_GRACE = 3.0
"""Seconds that a command may need to end after its time is over, before it is ended by force."""


class _Said:
    """What the plugin has printed, for the watchdog."""

    status: int | None = None


def line_of(states: Sequence[tuple[PairState, bool]], limit: float) -> tuple[PluginState, str]:
    """The plugin's status and its line, for each pair's state and whether everything in it was answered."""
    judged = [(*_judge(state, answered, limit), state) for state, answered in states]
    judged.sort(key=lambda one: _WORST_FIRST.index(one[0]))
    status = judged[0][0]
    words = "; ".join(words for _, words, _ in judged)
    line = _cut(f"MIRRORGATE {status.name} - {_plain(words)}", _WORDS)
    left = _MOST - len(f"{line} |\n".encode())
    data: list[str] = []
    for item in _data([state for state, _ in states]):
        left -= len(item.encode()) + 1
        if left < 0:
            break
        data.append(item)
    return status, f"{line} | {' '.join(data)}"


def _judge(state: PairState, answered: bool, limit: float) -> tuple[PluginState, str]:
    """One pair: its status, and `name: who serves, the worst there is`."""
    name, ready = state.snapshot.config.name, state.readiness
    status = plugin_state(state.findings)
    late = "" if answered else f" (not everything answered within {limit:g} s)"
    if late and status is PluginState.OK:
        status = PluginState.UNKNOWN
    worst = [f.what for f in state.findings if _STATUS[f.severity] is status is not PluginState.OK]
    words = worst[0] + (f" (+{len(worst) - 1} more)" if len(worst) > 1 else "") if worst else "nothing wrong"
    if late and not worst:
        words = "nothing wrong in what was read"
    who = f"{ready.serving} serves" if ready and ready.serving else ""
    who = f"{who}, " if who and not words.startswith(who) else ""
    takeover = f", takeover {ready.answer}" if ready and ready.answer is not Answer.YES else ""
    return status, f"{name}: {who}{words}{takeover}{late}"


def _data(states: Sequence[PairState]) -> Iterator[str]:
    """`'label'=value[UOM];warn;crit;min;max` of every pair; names are made unique by their pair."""
    for state in states:
        name = state.snapshot.config.name
        yield _datum(f"{name}_findings", sum(f.severity is not Severity.NOTICE for f in state.findings))
        mirror = next((t.mirror for t in state.truths if t.mirror), None)
        active = sum(c.state == "ACTIVE" for c in mirror.components) if mirror else None
        yield _datum(f"{name}_active", active, most=mirror.expected if mirror else None)
        if state.sync:
            yield _datum(f"{name}_sync", state.sync.percent, "%", most=100)
        for node in state.snapshot.nodes:
            if state.snapshot.config.qmail.enabled:
                mail = node.facts.mail.value
                yield _datum(f"{name}_{node.name}_queue", mail.queue if mail else None)
                yield _datum(f"{name}_{node.name}_todo", mail.todo if mail else None)


def _datum(label: str, value: int | None, unit: str = "", most: int | None = None) -> str:
    kept = "".join(c for c in label if c.isascii() and (c.isalnum() or c in "._-"))
    ends = f";;;0;{most}" if most is not None else ";;;0"
    return f"'{kept}'=U" if value is None else f"'{kept}'={value}{unit}{ends}"


def _plain(words: str) -> str:
    """One line without `|`, which begins performance data."""
    return " ".join(words.replace("|", "/").split())


def _cut(line: str, most: int) -> str:
    if len(line.encode()) <= most:
        return line
    return line.encode()[: most - 3].decode("utf-8", "ignore") + "…"


async def run(pairs: Sequence[PairConfig], open_session: Opener, limit: float) -> int:
    """Print the plugin's line and return its status; after `limit` seconds it is never OK."""
    status, line = line_of(await settled_looks(pairs, open_session, limit), limit)
    say(status, line)
    return int(status)


def say(status: PluginState, line: str) -> None:
    """Print the plugin's only line, in whatever encoding there is."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    print(line, flush=True)
    _Said.status = int(status)


def unknown(why: object) -> int:
    """Say that the plugin itself failed; returns UNKNOWN. Nothing more is said after a first line."""
    if _Said.status is None:
        say(PluginState.UNKNOWN, _cut(f"MIRRORGATE UNKNOWN - {_plain(str(why))}", _WORDS))
    return int(PluginState.UNKNOWN)


@contextlib.contextmanager
def in_time(limit: float) -> Iterator[None]:
    """End the process if the block does not: a name server or a connection that will not close may hold it.

    The exit status is then the one that was said, or UNKNOWN, and that is said.
    """
    _Said.status = None

    def end() -> None:
        status = _Said.status
        if status is None:
            status = unknown(f"no answer within {limit:g} s")
        os._exit(status)

    timer = threading.Timer(limit + _GRACE, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
