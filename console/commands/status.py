"""`mirrorgate status`: a pair in plain text or JSON, once or as it changes."""

import asyncio
import json
import sys
from collections.abc import Sequence

from console.commands.sampling import settled_states
from console.model.config import PairConfig
from console.model.jsonable import jsonable
from console.model.snapshot import LinkState, NodeView, PairState, Truths
from console.model.words import Answer, Severity
from console.watch.fleet import Fleet
from console.watch.node_watch import Opener
from console.watch.pair_watch import PairWatch

_SIGNS = {Severity.CRITICAL: "X", Severity.WARNING: "!", Severity.UNKNOWN: "?", Severity.NOTICE: "."}


def as_text(state: PairState) -> str:
    """A pair as an administrator reads it in a log or a mail: four truths per node, then what is wrong."""
    snapshot = state.snapshot
    lines = [f"{snapshot.config.name}: {_mirror_words(state)}"]
    lines += [_node_line(node, truths) for node, truths in zip(snapshot.nodes, state.truths, strict=True)]
    if state.sync:
        rate = f" {state.sync.rate / 1e6:.1f} MB/s" if state.sync.rate else ""
        left = f" {state.sync.eta:.0f} s left" if state.sync.eta is not None else ""
        lines.append(f"  sync {state.sync.source} -> {state.sync.target} {state.sync.percent} %{rate}{left}")
    for node in snapshot.nodes:
        if (mail := node.facts.mail.value) and mail.queue is not None:
            lines.append(f"  mail {node.name}: queue {mail.queue}, not preprocessed {mail.todo}")
    if state.readiness:
        ready = state.readiness
        who = f"if {ready.serving} died now" if ready.serving else "if the serving node died now"
        lines.append(f"  {who}: {ready.answer}, because {ready.because}; data at risk: {ready.data_at_risk}")
    lines += [f"  {_SIGNS[f.severity]} {f.id} {f.what}" for f in state.findings]
    return "\n".join(lines)


def _mirror_words(state: PairState) -> str:
    for truths in state.truths:
        if truths.mirror:
            mirror = truths.mirror
            parts = ", ".join(
                f"{c.device or c.name} {c.state}" + (f" {c.percent} %" if c.percent is not None else "")
                for c in mirror.components
            )
            expected = mirror.expected if mirror.expected is not None else "?"
            active = sum(c.state == "ACTIVE" for c in mirror.components)
            return f"mirror/{mirror.name} {mirror.state} {active}/{expected} ({parts})"
    return "no mirror" if all(t.mirror_known for t in state.truths) else "mirror unknown"


def _node_line(node: NodeView, truths: Truths) -> str:
    if node.link.state is not LinkState.LIVE and node.link.last_seen is None:
        return f"  {node.name} (home {node.config.home}) {node.link.state}: {node.link.why}"
    where = f" on {truths.address_on}" if truths.address_on else ""
    here = {Answer.YES: "here", Answer.NO: "no", Answer.UNKNOWN: "unknown"}
    mirror = truths.mirror.state if truths.mirror else ("none" if truths.mirror_known else "unknown")
    late = "" if node.link.state is LinkState.LIVE else f"  [{node.link.state}: {node.link.why}]"
    return (
        f"  {node.name} (home {node.config.home}) vrrp {truths.role}, address {here[truths.address]}{where}, "
        f"mirror {mirror}, mounted {here[truths.mounted]}{late}"
    )


def as_json(state: PairState) -> dict[str, object]:
    """A pair as JSON-ready data; `pair` and `worst` first, for scripts."""
    snapshot = state.snapshot
    return {
        "pair": snapshot.config.name,
        "time": snapshot.now,
        "worst": state.findings[0].severity.value if state.findings else "ok",
        "nodes": [
            {
                "name": node.name,
                "home": node.config.home.value,
                "link": jsonable(node.link),
                "truths": jsonable(truths),
                "facts": jsonable(node.facts),
            }
            for node, truths in zip(snapshot.nodes, state.truths, strict=True)
        ],
        "sync": jsonable(state.sync),
        "readiness": jsonable(state.readiness),
        "findings": jsonable(state.findings),
    }


async def run(pairs: Sequence[PairConfig], open_session: Opener, limit: float, *, as_json_text: bool) -> int:
    """Print every pair once. Exit status 0 when each node answered, 1 otherwise."""
    states = await settled_states(pairs, open_session, limit)
    if as_json_text:
        print(json.dumps([as_json(s) for s in states], indent=2))
    else:
        print("\n".join(as_text(s) for s in states))
    live = all(n.link.last_seen is not None for s in states for n in s.snapshot.nodes)
    return 0 if live else 1


async def watch(pairs: Sequence[PairConfig], open_session: Opener, *, as_json_text: bool) -> int:
    """Print a pair each time what it says changes, until interrupted."""
    watches = {p.name: PairWatch(p, open_session) for p in pairs}
    said: dict[str, str] = {}
    states = Fleet(tuple(watches.values())).states()
    try:
        async for state in states:
            name = state.snapshot.config.name
            if not watches[name].settled:
                continue
            text = as_text(state)
            if said.get(name) != text:
                said[name] = text
                print(json.dumps(as_json(state)) if as_json_text else text, flush=True)
    except (BrokenPipeError, asyncio.CancelledError):
        sys.stderr.close()
    finally:
        await states.aclose()
    return 0
