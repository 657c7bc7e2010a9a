"""A second operator, at another console, who wants to work on both nodes while a run is under way."""

from pathlib import Path

from console.engine.journal import Journal
from console.engine.readings import Rules
from console.engine.runner import Refused, Runner
from console.model.plan import Command, Plan, PlanNode, Step, Undo
from console.model.run import Choice, Question, RunRecord
from console.watch.fresh import PairEyes
from tests.faults.hands import Opener

INTRUDED = "/var/tmp/intruded"


class _Careful:
    """Takes no lock over."""

    async def decide(self, question: Question) -> Choice:
        return Choice.CANCEL if Choice.TAKE_OVER in question.choices else Choice.GO

    async def secret(self, name: str, prompt: str) -> str | None:
        return None

    def tell(self, run: RunRecord) -> None:
        return


async def intrude(plan: Plan, eyes: PairEyes, opened: Opener, history: Path) -> str:
    """Try to work on the nodes of `plan`; returns what is wrong with the answer, empty when refused."""
    intruding = Plan(
        id="0123456789abcdef",
        job="intrude",
        title="Somebody else at work",
        pair=plan.pair,
        made=plan.made,
        nodes=plan.nodes,
        steps=tuple(_touch(node) for node in plan.nodes),
        ends="both nodes were written to",
    )
    journal = Journal(history)
    runner = Runner(
        eyes.watch.pair,
        eyes,
        opened,
        journal,
        _Careful(),
        who="somebody@else",
        rules=Rules(changed=lambda facts, snapshot: ()),  # whatever they planned for is still so
    )
    try:
        record = await runner.apply(intruding)
    except Refused as refused:
        return "" if "operator@console runs" in str(refused) else f"a second operator is told: {refused}"
    return f"a second operator was let in ({record.state.value}: {record.why})"


def _touch(node: PlanNode) -> Step:
    return Step(
        id=f"intrude-{node.home}",
        title="Write where another works",
        why="To see whether the lock holds.",
        node=node.name,
        action=Command(text=f": > {INTRUDED}"),
        undo=Undo(none_needed="it is a file of the harness"),
        leaves="nothing is changed",
    )
