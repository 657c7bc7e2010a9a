"""`mirrorgate check`: one line for a monitoring system, by the Monitoring Plugins guidelines.

Exit status 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN; performance data after `|`.
"""

from collections.abc import Sequence

from console.commands.sampling import settled_states
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


def line_of(state: PairState) -> str:
    """`words | performance data` of one pair."""
    name = state.snapshot.config.name
    status = plugin_state(state.findings)
    worst = [f.what for f in state.findings if _STATUS[f.severity] is status is not PluginState.OK]
    serving = state.readiness.serving if state.readiness else None
    words = worst[0] + (f" (+{len(worst) - 1} more)" if len(worst) > 1 else "") if worst else "nothing wrong"
    mirror = next((t.mirror for t in state.truths if t.mirror), None)
    data = [f"'{_label(name)}_findings'={sum(f.severity is not Severity.NOTICE for f in state.findings)};;;0"]
    if mirror:
        active = sum(c.state == "ACTIVE" for c in mirror.components)
        data.append(f"'{_label(name)}_active'={active};;;0;{mirror.expected or 2}")
    if state.sync:
        data.append(f"'{_label(name)}_sync'={state.sync.percent}%;;;0;100")
    for node in state.snapshot.nodes:
        if (mail := node.facts.mail.value) and mail.queue is not None:
            data.append(f"'{_label(node.name)}_queue'={mail.queue};;;0")
            data.append(f"'{_label(node.name)}_todo'={mail.todo or 0};;;0")
    who = f"{serving} serves, " if serving else ""
    ready = (
        f", takeover {state.readiness.answer}"
        if state.readiness and state.readiness.answer is not Answer.YES
        else ""
    )
    return f"{name}: {who}{_plain(words)}{ready} | {' '.join(data)}"


def _label(name: str) -> str:
    return "".join(c for c in name if c.isalnum() or c in "._-")


def _plain(words: str) -> str:
    return words.replace("|", "/").replace("\n", " ")


async def run(pairs: Sequence[PairConfig], open_session: Opener, limit: float) -> int:
    """Print the plugin's line (one per pair after the first line) and return its status."""
    states = await settled_states(pairs, open_session, limit)
    states.sort(key=lambda s: _WORST_FIRST.index(plugin_state(s.findings)))
    status = plugin_state(states[0].findings)
    print(f"MIRRORGATE {status.name} - {line_of(states[0])}")
    for state in states[1:]:
        print(f"{plugin_state(state.findings).name}: {line_of(state)}")
    return int(status)
