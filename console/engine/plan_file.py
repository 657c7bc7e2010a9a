"""Saved plans as TOML: written by us with a seal per step, or by hand as a job of one's own.

A plan we wrote is refused when a step was edited since: what the planner proved would no longer be what runs.
A plan written by hand needs no seal and no facts (they are filled in when it is used), may not take the name
of one of our jobs, and is checked as strictly: keys, conditions, nodes.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from console.engine.validation import problems
from console.health.binding import bound_facts, unchecked
from console.model.moment import local_iso
from console.model.plan import Plan, Step
from console.model.snapshot import PairSnapshot
from console.toml_file import BadConfig, decoded, dotted, line_of, read_text, validated, write_whole

_SEAL = "seal"
_TAGS = frozenset({"command", "write", "wait", "manual", "transfer", "stream"})
_MOST = 1 << 20
"""Bytes: more is no plan."""


def plans_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """`$XDG_CONFIG_HOME/mirrorgate/plans`, where an operator's own jobs are: NAME.toml each."""
    base = environment.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "mirrorgate" / "plans"


def as_toml(plan: Plan) -> str:
    """A plan as TOML with its seal; commands stand in it line by line, as they will run."""
    data = _without_hosts(plan.model_dump(mode="json", exclude_none=True))
    return tomli_w.dumps({_SEAL: _seals(plan), **data}, multiline_strings=True)


def save(plan: Plan, path: Path) -> None:
    """Write a plan file (0600), whole or not at all; raises OSError."""
    write_whole(path, as_toml(plan).encode())


def load(path: Path, snapshot: PairSnapshot, ours: frozenset[str]) -> Plan:
    """Read a plan file for the pair of `snapshot`; `ours` are the names of the built-in jobs.

    Raises:
        BadConfig: it is unreadable, not a plan, was edited, or does not fit this pair.
    """
    return parse(read_text(path, _MOST), path, snapshot, ours)


def parse(text: str, path: Path, snapshot: PairSnapshot, ours: frozenset[str]) -> Plan:
    """Check plan text; `path` only names it in errors.

    Raises:
        BadConfig: as `load`.
    """
    data = decoded(text, path)
    seal = data.pop(_SEAL, None)
    if seal is None:
        data = _filled_in(data, snapshot)
    plan = validated(text, path, Plan, data, _TAGS)
    if seal is None and plan.job in ours:
        raise BadConfig(
            path,
            line_of(text, ("job",)),
            "job",
            f"{plan.job} is one of our jobs: make it with `mirrorgate plan {plan.job}`, or use another name",
        )
    if seal is not None:
        _check_seal(seal, plan, text, path)
    for where, why in problems(plan, snapshot.config):
        raise BadConfig(path, line_of(text, where), dotted(where), why)
    return plan


def _filled_in(data: dict[str, Any], snapshot: PairSnapshot) -> dict[str, Any]:
    """What a hand-written plan leaves out: its mark, when and from what it was made."""
    nodes = [
        {"name": n.name, "home": n.config.home.value, "host": n.config.host, "image": n.config.image}
        for n in snapshot.nodes
    ]
    made: dict[str, Any] = {
        "format": 1,
        "id": secrets.token_hex(8),
        "pair": snapshot.config.name,
        "made": local_iso(snapshot.now),
        "nodes": nodes,
        "facts": bound_facts(snapshot),
        "unchecked": list(unchecked(snapshot)),
    }
    return {**made, **data}


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]


def _step_digest(step: Step) -> str:
    return _digest(step.model_dump(mode="json", exclude_none=True))


def _without_hosts(data: dict[str, Any]) -> dict[str, Any]:
    """A plan that stays within its pair reads, and is sealed, as before there were any hosts."""
    return data if data.get("hosts") else {key: value for key, value in data.items() if key != "hosts"}


def _frame_digest(plan: Plan) -> str:
    data = _without_hosts(plan.model_dump(mode="json", exclude_none=True, exclude={"steps"}))
    return _digest([data, [s.id for s in plan.steps]])


def _seals(plan: Plan) -> dict[str, Any]:
    return {"plan": _frame_digest(plan), "steps": {step.id: _step_digest(step) for step in plan.steps}}


def _check_seal(seal: object, plan: Plan, text: str, path: Path) -> None:
    said = seal if isinstance(seal, dict) else {}
    steps = said.get("steps")
    for number, step in enumerate(plan.steps):
        if not isinstance(steps, dict) or steps.get(step.id) != _step_digest(step):
            raise BadConfig(
                path,
                line_of(text, ("steps", number)),
                f"steps[{number + 1}]",
                f"step {step.id} was edited since the plan was made: make it anew, or remove [seal] and "
                "give the job another name to use it as your own",
            )
    if said.get("plan") != _frame_digest(plan):
        raise BadConfig(
            path, line_of(text, ("id",)), "", "the plan was edited since it was made: make it anew"
        )
