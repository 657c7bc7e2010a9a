"""If the node that serves died now: could the other one take over?

The answer is the worst of a fixed list of conditions about the other node. What could not be checked is
counted, and one such makes the answer unknown. The data at risk is described, never put at zero: ggated
answers from its own node's cache, so even a whole second copy may miss the last writes.
"""

from console.health import stack
from console.health.conditions import Verdict, check, gate_alive, no, unknown, worst, yes
from console.health.truths import truths, vrrp_section
from console.model.facts import Component, Mirror
from console.model.snapshot import NodeView, PairSnapshot, Readiness
from console.model.words import Answer, ComponentState, Home, Role


def readiness(snapshot: PairSnapshot) -> Readiness:
    """Judge the node that does not serve."""
    node = stack.serving(snapshot)
    if node is None:
        return _nobody_serves(snapshot)
    standby = snapshot.peer(node)
    verdicts = [
        _answers(standby),
        _has_let_go(snapshot, standby),
        _will_take_over(snapshot, standby),
        check("same-vrrp-group", snapshot),
        _has_script(snapshot, standby),
        _image_there(standby),
        _copy_is_whole(snapshot, node),
        _link_to_copy(snapshot, node),
    ]
    if truths(standby, snapshot.config, node).role_why.startswith("carp:"):
        del verdicts[3:5]
    result = worst(verdicts)
    unchecked = sum(v.answer is Answer.UNKNOWN for v in verdicts)
    because = {
        Answer.YES: f"{standby.name} could take over: {result.why}",
        Answer.NO: f"{standby.name} could not take over: {result.why}",
        Answer.UNKNOWN: f"it cannot be told whether {standby.name} could take over: {result.why}",
    }[result.answer]
    if result.answer is Answer.YES:
        because = f"{standby.name} could take over{_only_whole_copy(snapshot, node)}"
    return Readiness(
        answer=result.answer,
        serving=node.name,
        because=because,
        data_at_risk=data_at_risk(snapshot, node),
        checked=len(verdicts) - unchecked,
        unchecked=unchecked,
    )


def data_at_risk(snapshot: PairSnapshot, node: NodeView) -> str:
    """What would be missing on the other node if `node` died now."""
    standby = snapshot.peer(node)
    if node.facts.geom.value is None:
        return f"unknown: GEOM on {node.name} ({node.facts.geom.unknown})"
    mirror = stack.mirror_on(node, snapshot.config)
    half = stack.remote_half(mirror) if mirror else None
    if mirror is None or half is None:
        return f"everything written on {node.name} since {standby.name}'s half was last part of the mirror"
    if half.state is ComponentState.SYNCHRONIZING:
        return (
            f"{standby.name}'s copy is {_percent(half)} done: what is not copied yet, "
            "and what is copied is useless without the rest"
        )
    if half.state is not ComponentState.ACTIVE:
        return f"everything written since {half.name} became {half.state_raw or half.state.value}"
    gate = next(iter(stack.gates_to_peer(node, snapshot.config, standby)), None)
    waiting = ""
    if gate and gate.queue_count:
        requests = "1 request" if gate.queue_count == 1 else f"{gate.queue_count} requests"
        waiting = f"{requests} waiting in {gate.name}, and "
    return (
        f"{waiting}the last moments: what applications have not fsynced, and what {standby.name} holds "
        "in its cache"
    )


def _nobody_serves(snapshot: PairSnapshot) -> Readiness:
    both = check("mounted-on-both-nodes", snapshot)
    if both.holds:
        because, answer = "both nodes have it mounted: there are two histories", Answer.NO
        risk = "whatever was written on the node that is not kept"
    else:
        one = check("mounted-on-one-node", snapshot)
        answer = Answer.UNKNOWN if one.answer is Answer.UNKNOWN else Answer.NO
        because = f"no node is known to serve: {one.why}"
        risk = "unknown: it is not certain which node holds the newest data"
    return Readiness(
        answer=answer,
        serving=None,
        because=because,
        data_at_risk=risk,
        checked=0 if answer is Answer.UNKNOWN else 1,
        unchecked=1 if answer is Answer.UNKNOWN else 0,
    )


def _answers(standby: NodeView) -> Verdict:
    if stack.answers(standby):
        return yes(f"{standby.name} answers")
    return unknown(standby.link.why or f"{standby.name}: {standby.link.state.value}")


def _has_let_go(snapshot: PairSnapshot, standby: NodeView) -> Verdict:
    if standby.facts.geom.value is None:
        return unknown(f"GEOM on {standby.name}: {standby.facts.geom.unknown}")
    if stack.mirror_on(standby, snapshot.config):
        return no(f"a mirror already runs on {standby.name} on its own half")
    if stack.gates_to_peer(standby, snapshot.config, snapshot.peer(standby)):
        return no(f"{standby.name} still holds a gate to the other image")
    return yes(f"{standby.name} holds nothing")


def _will_take_over(snapshot: PairSnapshot, standby: NodeView) -> Verdict:
    truth = truths(standby, snapshot.config, snapshot.peer(standby))
    if truth.role is Role.BACKUP:
        return yes(f"{standby.name} is BACKUP")
    if truth.role is Role.UNKNOWN:
        return unknown(f"role of {standby.name}: {truth.role_why}")
    return no(f"{standby.name} is {truth.role.value}: {truth.role_why}")


def _has_script(snapshot: PairSnapshot, standby: NodeView) -> Verdict:
    section = vrrp_section(standby, snapshot.config)
    if section is None:
        return unknown(
            f"freevrrpd.conf of {standby.name}: {standby.facts.vrrpconf.unknown or 'no fitting section'}"
        )
    if not section.masterscript:
        return no(f"{standby.name} has no master script")
    files = standby.facts.files.value
    if files is None:
        return unknown(f"scripts of {standby.name}: {standby.facts.files.unknown}")
    file = next((f for f in files if f.path == section.masterscript), None)
    if file is None:
        return unknown(f"{section.masterscript} on {standby.name} was not read")
    if file.lines is None:
        return no(f"{section.masterscript} does not exist on {standby.name}")
    return yes(f"{standby.name} has {section.masterscript}")


def _image_there(standby: NodeView) -> Verdict:
    path = standby.config.image
    if stack.md_of(standby.facts.geom.value, path):
        return yes(f"{path} is attached on {standby.name}")
    file = stack.image_file(standby, path)
    if file is not None and file.size is None:
        return no(f"{path} does not exist on {standby.name}")
    if file is not None:
        return yes(f"{path} is on {standby.name}")
    if standby.config.home is Home.SLAVE and stack.processes_of(standby, "ggated"):
        return yes(f"ggated serves {path} on {standby.name}")
    return unknown(f"{path} on {standby.name}: {standby.facts.images.unknown or 'not listed'}")


def _copy_is_whole(snapshot: PairSnapshot, node: NodeView) -> Verdict:
    standby = snapshot.peer(node)
    if node.facts.geom.value is None:
        return unknown(f"GEOM on {node.name}: {node.facts.geom.unknown}")
    mirror = stack.mirror_on(node, snapshot.config)
    half = stack.remote_half(mirror) if mirror else None
    if mirror is None or half is None:
        return no(f"{standby.name}'s half is not part of the mirror on {node.name}, so it is out of date")
    if half.state is ComponentState.ACTIVE:
        return yes(f"{half.name} is ACTIVE")
    if half.state is ComponentState.UNKNOWN:
        return unknown(f"{half.name} is {half.state_raw}, a word that is not known")
    if half.state is ComponentState.SYNCHRONIZING:
        return no(f"{standby.name}'s copy is only {_percent(half)} done")
    return no(f"{half.name} is {half.state.value}: {standby.name}'s copy is out of date")


def _link_to_copy(snapshot: PairSnapshot, node: NodeView) -> Verdict:
    verdict = gate_alive(snapshot, node)
    if verdict.answer is Answer.NO:
        return no(f"{verdict.why}, so {snapshot.peer(node).name}'s copy may be falling behind")
    return verdict


def _only_whole_copy(snapshot: PairSnapshot, node: NodeView) -> str:
    mirror: Mirror | None = stack.mirror_on(node, snapshot.config)
    half = stack.local_half(mirror) if mirror else None
    if half is not None and half.state is ComponentState.ACTIVE:
        return ": it is BACKUP and its copy is whole"
    return ", but it holds the only whole copy: then nothing is left beside it"


def _percent(half: Component) -> str:
    return f"{half.percent} %" if half.percent is not None else "partly"
