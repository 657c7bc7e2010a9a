"""Plans of a few steps, each given by what matters."""

from collections.abc import Sequence
from typing import Any

from console.model.plan import Plan, PlanNode, Step
from tests.health.building import CONFIG


def plan_of(*steps: dict[str, Any], **values: Any) -> Plan:
    """A plan of steps given by what matters: `command(...)`, `write(...)`, `wait(...)`."""
    whole = [
        {"title": f"do {s['id']}", "why": "it is needed", "leaves": f"after {s['id']}", **s} for s in steps
    ]
    nodes = tuple(PlanNode(name=n.name, home=n.home.value, host=n.host, image=n.image) for n in CONFIG.nodes)
    return Plan(
        **{
            "id": "7f3a7f3a7f3a7f3a",
            "job": "try",
            "title": "Try the engine",
            "pair": CONFIG.name,
            "made": "2026-11-23T02:11:40+00:00",
            "nodes": nodes,
            "steps": tuple(Step(**s) for s in whole),
            "ends": "all is done",
            **values,
        }
    )


def command(id: str, text: str, node: str = "web-a", **values: Any) -> dict[str, Any]:
    """A command step."""
    return {"id": id, "node": node, "action": {"kind": "command", "text": text}, **values}


def write(id: str, path: str, content: str, node: str = "web-a", **values: Any) -> dict[str, Any]:
    """A step that writes a file."""
    mode = values.pop("mode", "0644")
    action = {"kind": "write", "path": path, "content": content, "mode": mode}
    return {"id": id, "node": node, "action": action, **values}


def wait(id: str, until: Sequence[str], failed_when: Sequence[str] = (), **values: Any) -> dict[str, Any]:
    """A wait."""
    return {"id": id, "action": {"kind": "wait", "until": until, "failed_when": failed_when}, **values}


def manual(id: str, ask: str, **values: Any) -> dict[str, Any]:
    """A manual step."""
    return {"id": id, "action": {"kind": "manual", "ask": ask, "typed": values.pop("typed", None)}, **values}


def transfer(id: str, source: str, node: str = "web-a", **values: Any) -> dict[str, Any]:
    """A transfer."""
    action = {"kind": "transfer", "source": source, "host": "spare", "target": "/root/spare.img"}
    return {"id": id, "node": node, "action": action, **values}


def stream(id: str, text: str, to: str = "web-b", node: str = "web-a", **values: Any) -> dict[str, Any]:
    """A stream from a node into another machine."""
    action = {"kind": "stream", "text": text, "to": to, "into": f"take {id}", "total": 100}
    return {"id": id, "node": node, "action": action, **values}
