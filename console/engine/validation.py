"""Whether a plan can be run on a pair at all: conditions we know, nodes of this pair, nothing readdressed."""

from collections.abc import Iterator

from console.engine.writing import secret_names
from console.health.conditions import known
from console.model.config import PairConfig
from console.model.plan import Action, Command, Plan, Step, Stream, Wait, WriteFile
from console.ssh.destination import Target
from console.ssh.text import one_line

Where = tuple[str | int, ...]
"""The place in the plan: `("steps", 2, "guards")`."""


def problems(plan: Plan, pair: PairConfig) -> tuple[tuple[Where, str], ...]:
    """What is wrong with a plan for this pair, each with its place; empty when it may be run."""
    return (*_of_nodes(plan, pair), *_of_hosts(plan, pair), *_of_conditions(plan), *_of_steps(plan))


def _of_nodes(plan: Plan, pair: PairConfig) -> Iterator[tuple[Where, str]]:
    if plan.pair != pair.name:
        yield ("pair",), f"the plan is for the pair {plan.pair}, this is {pair.name}"
    configured = {node.name: node for node in pair.nodes}
    for number, node in enumerate(plan.nodes):
        now = configured.get(node.name)
        if now is None:
            yield ("nodes", number, "name"), f"the pair has no node {node.name} (renamed since?)"
            continue
        for field, was, is_now in (
            ("home", node.home, now.home.value),
            ("host", node.host, now.host),
            ("image", node.image, now.image),
        ):
            if was != is_now:
                yield (
                    ("nodes", number, field),
                    f"{field} of {node.name} was {was}, the configuration says {is_now}",
                )


def _of_hosts(plan: Plan, pair: PairConfig) -> Iterator[tuple[Where, str]]:
    nodes = {node.host: node.name for node in pair.nodes}
    for number, host in enumerate(plan.hosts):
        try:
            target = Target.parse(host.host)
        except ValueError as odd:
            yield ("hosts", number, "host"), f"{host.host} is no host: {one_line(str(odd))}"
            continue
        if target.host in nodes and target.port is None:
            name = nodes[target.host]
            yield ("hosts", number, "host"), f"{host.host} is the pair's node {name}: name it so"


def _of_conditions(plan: Plan) -> Iterator[tuple[Where, str]]:
    named: list[tuple[Where, tuple[str, ...]]] = [
        (("aborts",), plan.aborts),
        (("expects",), plan.expects),
    ]
    for number, step in enumerate(plan.steps):
        here: Where = ("steps", number)
        named += [((*here, "guards"), step.guards), ((*here, "expects"), step.expects)]
        if step.undo is not None:
            named.append(((*here, "undo", "expects"), step.undo.expects))
        if isinstance(step.action, Wait):
            named.append(((*here, "action", "until"), step.action.until))
            named.append(((*here, "action", "failed_when"), step.action.failed_when))
    for where, names in named:
        for name in names:
            if not known(name):
                yield where, f"no condition is called {name!r} (`mirrorgate plan --conditions` lists them)"


def _of_steps(plan: Plan) -> Iterator[tuple[Where, str]]:
    machines = {node.name for node in plan.nodes} | {host.name for host in plan.hosts}
    for number, step in enumerate(plan.steps):
        if step.node is not None and step.node not in machines:
            yield ("steps", number, "node"), f"no node {step.node} in this pair"
        for field, text in _shell_texts(step.action):
            if secret_names(text):
                yield ("steps", number, "action", field), "a secret may stand in a file, never in a command"
        if step.undo is not None and step.undo.text is not None and secret_names(step.undo.text):
            yield ("steps", number, "undo", "text"), "a secret may stand in a file, never in a command"
        if _goes_back_unsaid(step):
            yield ("steps", number, "undo"), "a step that changes says how it is taken back, or why not"


def _shell_texts(action: Action) -> tuple[tuple[str, str], ...]:
    match action:
        case Command():
            return (("text", action.text),)
        case Stream():
            return (("text", action.text), ("into", action.into))
        case _:
            return ()


def _goes_back_unsaid(step: Step) -> bool:
    if isinstance(step.action, WriteFile) and not secret_names(step.action.content):
        return False  # the engine keeps what was there, and puts it back
    return (
        step.risk.value == "changes"
        and step.undo is None
        and step.action.kind in ("command", "write", "transfer", "stream")
    )
