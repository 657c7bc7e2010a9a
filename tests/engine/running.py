"""A run from beginning to end, on a loop of its own."""

from typing import Any

from console.model.plan import Plan
from console.model.run import Choice, RunRecord
from tests.engine.fake_site import Site
from tests.engine.fakes import Console
from tests.engine.warp import warped


def states(run: RunRecord) -> list[str]:
    return [record.state.value for record in run.steps]


def apply(site: Site, plan: Plan, *answers: Choice, **values: Any) -> tuple[RunRecord, Console]:
    """A run from beginning to end, on a loop of its own."""

    async def main() -> tuple[RunRecord, Console]:
        console = Console(site, **values)
        console.operator.answers = list(answers)
        return await console.runner.apply(plan), console

    return warped(main())


def texts(site: Site) -> list[str]:
    return [text for _, text in site.executed]
