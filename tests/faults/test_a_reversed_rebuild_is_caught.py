"""A planner that copies the wrong way must not get through the same runner that passes ours."""

from collections.abc import Callable

from console.model.plan import Command, Plan, Step
from tests.faults.cells import parse
from tests.faults.play import Outcome, play
from tests.faults.site import site
from tests.faults.virtual_time import run

CELL = "fail-back/fsck-master/second-operator/intent/brief/resume"
_MIRROR = "/dev/mirror/remotemirror"
_REVERSED = {
    # The old half starts the mirror …
    "attach-gate": (
        "mdconfig -a -t vnode -f /root/images/sitesprimary.img -u 0 || exit 1\n"
        f"n=0; while [ ! -e {_MIRROR} ] && [ $n -lt 30 ]; do sleep 1; n=$((n+1)); done"
    ),
    # … the newer one joins it …
    "attach-md-master": (
        "ggatec create -t 10 -u 0 192.168.1.101 /root/images/sitesbackup.img || exit 1\n"
        "n=0; while [ ! -e /dev/ggate0 ] && [ $n -lt 30 ]; do sleep 1; n=$((n+1)); done; sleep 2"
    ),
    # … and is overwritten.
    "rebuild-master-half": (
        "gmirror forget remotemirror; gmirror clear ggate0\n"
        "gmirror insert -p 0 remotemirror ggate0; gmirror rebuild remotemirror ggate0; exit 0"
    ),
}


def _wrong(plan: Plan) -> Plan:
    return plan.model_copy(update={"steps": tuple(_reversed(step) for step in plan.steps)})


def _reversed(step: Step) -> Step:
    text = _REVERSED.get(step.id)
    if text is None:
        # Nothing that would notice: the matrix has to.
        keeps = step.id in ("stop-services-slave", "unmount-slave", "let-go-slave", "serve-image")
        return step if keeps else step.model_copy(update={"guards": (), "expects": ()})
    return step.model_copy(update={"action": Command(text=text), "guards": (), "expects": ()})


def _without_what_sees(plan: Plan) -> Plan:
    steps = tuple(step for step in _wrong(plan).steps if step.id != "newer-half-runs")
    return plan.model_copy(update={"steps": steps})


async def _played(edit: Callable[[Plan], Plan] | None) -> Outcome:
    async with site() as here:
        return await play(here, parse(CELL), edit=edit)


def test_a_fail_back_that_keeps_the_old_half_is_reported() -> None:
    outcome = run(_played(_without_what_sees))
    told = "\n".join(outcome.wrong)
    assert "in no image any more" in told, (outcome.told, told)
    copied = [line for line in outcome.wrong if "is copied over" in line]
    assert copied, told
    assert "sitesbackup.img, which alone has the acknowledged write to /marks-b" in copied[0]


def test_the_same_cell_with_our_own_plan_passes() -> None:
    outcome = run(_played(None))
    assert outcome.struck
    assert outcome.passed, (outcome.wrong, outcome.told)
