"""Starting and stopping what uses the file system, by the hooks an administrator put on the node."""

from console.model.plan import Step
from console.model.words import Home
from playbooks.parts.building import command_step, q, take_back
from playbooks.parts.site import Site

HOOKS = "/usr/local/etc/mirrorgate.d"
"""Executables `NN-name`, called with `start` in their order or `stop` in the reverse one."""

_START = (
    f"for hook in {HOOKS}/*; do",
    '    [ -f "$hook" ] && [ -x "$hook" ] || continue',
    '    echo "$hook start"; "$hook" start || { echo "$hook start failed" >&2; exit 1; }',
    "done",
)
_STOP = (
    "set --",
    f"for hook in {HOOKS}/*; do",
    '    if [ -f "$hook" ] && [ -x "$hook" ]; then set -- "$hook" "$@"; fi',
    "done",
    'for hook in "$@"; do',
    '    echo "$hook stop"; "$hook" stop || { echo "$hook stop failed" >&2; exit 1; }',
    "done",
)


def stop_services(site: Site, home: Home, *, leaves: str) -> Step:
    """Stop the services on a node, in the reverse of their starting order."""
    node = site.node(home).name
    return command_step(
        f"stop-services-{home.value}",
        f"Stop the services on {node}",
        "A file system with open files cannot be unmounted, and what a service writes last must get in.",
        node,
        *_STOP,
        guards=(f"{home.value}-answers",),
        # No condition knows services: one that holds anyway makes a stop that failed half-way look undone.
        undo=take_back(*_START, expects=(f"{home.value}-answers",)),
        timeout=300.0,
        phase="release",
        leaves=leaves,
    )


def start_services(site: Site, home: Home, *, leaves: str, begins: bool = False) -> Step:
    """Start the services on the node that has the file system mounted.

    `begins`: the node begins to write what the other one does not have, which no undo gives back.
    """
    node = site.node(home).name
    way = "promote" if home is Home.MASTER else "fail-back"
    refusal = f"echo {q(f'{node} has written since: give the service back with the job {way}')} >&2; exit 1"
    return command_step(
        f"start-services-{home.value}",
        f"Start the services on {node}",
        "They work with files of the mounted file system, which is there now.",
        node,
        *_START,
        guards=(f"{home.value}-mounted-through-mirror",),
        undo=take_back(*((refusal,) if begins else _STOP), expects=(f"{home.value}-answers",)),
        timeout=300.0,
        phase="services",
        leaves=leaves,
    )
