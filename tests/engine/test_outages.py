"""What a plan may say of the times the service is away."""

import pytest
from pydantic import ValidationError

from console.model.plan import Plan
from tests.engine.sample_runs import drill_plan, two_outages


@pytest.mark.parametrize(
    ("outages", "why"),
    [
        ([["release", "gone"]], "outage 1 names the step gone"),
        ([["mount", "release"]], "outage 1 ends with release, before it begins"),
        (
            [["rebuild", "resync"], ["release", "mount"]],
            "outage 2 begins with release, before",
        ),
        ([["release", "mount"], ["mount", "resync"]], "outage 2 begins with mount, before"),
    ],
)
def test_an_outage_out_of_order_is_refused(outages: list[list[str]], why: str) -> None:
    data = {**drill_plan().model_dump(mode="json"), "outages": outages}
    with pytest.raises(ValidationError, match=why):
        Plan.model_validate(data)


def test_a_plan_knows_the_steps_of_each_outage() -> None:
    plan = two_outages().plan
    Plan.model_validate(plan.model_dump(mode="json"))
    assert [[step.id for step in steps] for steps in plan.outage_steps()] == [
        ["release", "attach", "mount"],
        ["rebuild", "resync"],
    ]
