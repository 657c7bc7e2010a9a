"""Situations of the pair from which the jobs are planned, and looking at what came out."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from console.engine.validation import problems
from console.model.config import NodeConfig, PairConfig
from console.model.facts import Geom, ImageFile, VrrpConf
from console.model.lineage import Lineage, Promotion
from console.model.plan import Command, Manual, Plan, Step, Wait
from console.model.snapshot import PairSnapshot
from console.model.words import Home
from playbooks.job import CannotPlan
from playbooks.jobs import JOBS
from tests.health.building import (
    BACKUP,
    PRIMARY,
    ROOT,
    SIZE,
    healthy,
    interfaces,
    promoted,
    section,
    with_facts,
    without,
)

MARK = "0123456789abcdef"


def line_of(*served: tuple[str, str]) -> Lineage:
    """A lineage: (id letter, node) oldest first."""
    parents = ("-", *(id * 16 for id, _ in served))
    return Lineage(
        tuple(Promotion(id * 16, parents[n], 1_795_000_000 + n, node) for n, (id, node) in enumerate(served))
    )


def slave_serves() -> PairSnapshot:
    """After a recorded take-over: web-b serves, web-a holds nothing and its freevrrpd is down."""
    pair = with_facts(promoted(), Home.MASTER, vrrpconf=VrrpConf((section(),)))
    pair = without(pair, Home.MASTER, "freevrrpd")
    pair = with_facts(pair, Home.MASTER, lineage=line_of(("a", "web-a")))
    return with_facts(pair, Home.SLAVE, lineage=line_of(("a", "web-a"), ("b", "web-b")))


def stopped() -> PairSnapshot:
    """After stop-pair: nothing mounted, attached, served or announced."""
    pair = with_facts(
        healthy(),
        Home.MASTER,
        geom=Geom(),
        mounts=(ROOT,),
        interfaces=interfaces("192.168.1.100", floating=False),
        images=(ImageFile(PRIMARY, SIZE, SIZE),),
        metadata=(),
    )
    pair = with_facts(pair, Home.SLAVE, sockets=(), images=(ImageFile(BACKUP, SIZE, SIZE),))
    for home in Home:
        for program in ("freevrrpd", "ggatec", "ggated"):
            pair = without(pair, home, program)
    return pair


def named(pair: PairSnapshot, *, mount: str, mirror: str, image: str) -> PairSnapshot:
    """A stopped pair whose configuration has other names."""
    old = pair.config
    config = PairConfig(
        name=old.name,
        mount=mount,
        mirror=mirror,
        nodes=(
            NodeConfig(name="web-a", home=Home.MASTER, host="192.168.1.100", image=image),
            NodeConfig(name="web-b", home=Home.SLAVE, host="192.168.1.101", image=image),
        ),
    )
    facts: dict[str, Any] = {"images": (ImageFile(image, SIZE, SIZE),)}
    pair = replace(
        pair,
        config=config,
        master=replace(pair.master, config=config.master),
        slave=replace(pair.slave, config=config.slave),
    )
    for home in Home:
        pair = with_facts(pair, home, **facts)
    exports = pair.slave.facts.exports.value
    assert exports
    line = replace(exports.exports[0], path=image)
    return with_facts(pair, Home.SLAVE, exports=replace(exports, exports=(line,)))


def plan(job: str, pair: PairSnapshot, **answers: Any) -> Plan:
    """The plan, which must be one that the engine would take."""
    chosen = JOBS[job]
    made = chosen.plan(pair, chosen.answers.model_validate({"mark": MARK, **answers}))
    assert problems(made, pair.config) == ()
    assert Plan.model_validate(made.model_dump()) == made
    return made


def refused(job: str, pair: PairSnapshot, **answers: Any) -> str:
    """The one line with which the job is refused."""
    chosen = JOBS[job]
    with pytest.raises(CannotPlan) as raised:
        chosen.plan(pair, chosen.answers.model_validate({"mark": MARK, **answers}))
    said = str(raised.value)
    assert "\n" not in said
    assert len(said) < 400
    return said


def ids(made: Plan) -> list[str]:
    """The ids of its steps, in order."""
    return [step.id for step in made.steps]


def in_order(made: Plan, *wanted: str) -> bool:
    """Whether these steps are all there, in this order."""
    known = ids(made)
    return [known.index(id) for id in wanted] == sorted(known.index(id) for id in wanted)


def lines(step: Step) -> list[str]:
    """The lines of a command step."""
    assert isinstance(step.action, Command)
    return step.action.text.splitlines()


def typed(made: Plan) -> list[str | None]:
    """What has to be typed in manual steps."""
    return [s.action.typed for s in made.steps if isinstance(s.action, Manual)]


def texts(made: Plan) -> Iterator[str]:
    """Every piece of shell text in a plan: commands, undos, probes."""
    for step in made.steps:
        if isinstance(step.action, Command):
            yield step.action.text
        if step.undo is not None and step.undo.text is not None:
            yield step.undo.text
    if made.direction is not None:
        for side in (made.direction.source, made.direction.target):
            yield from (probe.text for probe in side.probes)


def waits(made: Plan, id: str) -> Wait:
    """The wait of a step."""
    action = made.step(id).action
    assert isinstance(action, Wait)
    return action
