"""A failover drill that ran, and what could have become of it."""

from dataclasses import replace

from console.model.plan import Command, Manual, Plan, PlanNode, Risk, Step, Undo, Wait
from console.model.run import Checked, RunEvent, RunRecord, RunState, StepRecord, StepState
from console.model.words import Answer

STARTED = 1_795_399_904.0
"""2026-11-23 02:11:44 UTC."""
YES = Answer.YES


def drill_plan(pair: str = "borkcorp-www") -> Plan:
    """Hand-over from web-a to web-b, with a canary."""
    return Plan(
        id="7f3a21c9d0e4b5a6",
        job="failover-drill",
        title="Fail over from web-a to web-b and measure it",
        pair=pair,
        made="2026-11-23T02:11:00+00:00",
        nodes=(
            PlanNode(name="web-a", home="master", host="192.168.1.100", image="/data/sitesprimary.img"),
            PlanNode(name="web-b", home="slave", host="192.168.1.101", image="/data/sitesbackup.img"),
        ),
        answers={"canary": True, "rate": 10},
        unchecked=("whether the switch forwards gratuitous ARP",),
        outages=(("release", "mount"),),
        steps=(
            Step(
                id="canary-start",
                title="Start the canary on web-a",
                why="acknowledged writes are counted",
                node="web-a",
                action=Command(text="/usr/local/libexec/mirrorgate/canary start"),
                leaves="web-a serves, mirrored",
            ),
            Step(
                id="agree",
                title="Agree to the outage",
                why="the service stops for some seconds",
                action=Manual(ask="Users were told.", typed="yes"),
                leaves="web-a serves, mirrored",
            ),
            Step(
                id="release",
                title="Release the service on web-a",
                why="web-b may only mount what web-a has let go",
                node="web-a",
                action=Command(text="umount /home/sites && gmirror stop remotemirror\nmdconfig -d -u 0"),
                guards=("mounted-on-one-node", "mirror-complete-2-of-2"),
                expects=("not master-mounted", "not master-mirror-running"),
                undo=Undo(text="mount /dev/mirror/remotemirror /home/sites"),
                phase="release",
                leaves="nobody serves, web-a has let go",
            ),
            Step(
                id="attach",
                title="Wait for the mirror on web-b",
                why="the device appears 4 s after attaching",
                action=Wait(until=("slave-mirror-running",)),
                phase="check",
                leaves="nobody serves, web-b runs the mirror",
            ),
            Step(
                id="mount",
                title="Mount on web-b",
                why="the service reads there",
                node="web-b",
                action=Command(text="mount /dev/mirror/remotemirror /home/sites"),
                expects=("slave-mounted", "slave-holds-address", "slave-vrrp-master"),
                phase="mount",
                leaves="web-b serves alone",
            ),
            Step(
                id="canary-read-acked",
                title="What web-a acknowledged",
                why="the markers tell what was lost",
                node="web-a",
                action=Command(text="/usr/local/libexec/mirrorgate/canary acked"),
                risk=Risk.READ,
                leaves="web-b serves alone",
            ),
            Step(
                id="canary-read-found",
                title="What web-b holds",
                why="the markers tell what was lost",
                node="web-b",
                action=Command(text="/usr/local/libexec/mirrorgate/canary found"),
                risk=Risk.READ,
                leaves="web-b serves alone",
            ),
            Step(
                id="rebuild",
                title="Overwrite md0 on web-a",
                why="web-b was the last to serve",
                node="web-a",
                action=Command(text="gmirror rebuild remotemirror md0"),
                risk=Risk.DESTROYS,
                confirm="web-a:md0",
                leaves="web-b serves, web-a is being overwritten",
            ),
            Step(
                id="resync",
                title="Resynchronise web-a",
                why="both halves hold the same again",
                action=Wait(until=("mirror-complete-2-of-2",)),
                phase="copy",
                leaves="web-b serves, mirrored",
            ),
        ),
        ends="web-b serves, mirrored",
        expects=("mounted-on-one-node", "one-master", "not master-mounted"),
    )


def drill(
    number: int = 0, *, mount: float = 0.8, state: RunState = RunState.DONE, pair: str = "borkcorp-www"
) -> RunRecord:
    """A drill that ended well; `number` days later for each, its mount phase lasting `mount` seconds."""
    at = STARTED + number * 86400

    def done(id: str, begin: float, took: float, **more: object) -> StepRecord:
        record = StepRecord(id, StepState.DONE, at + begin, at + begin + took, exit_status=0)
        return replace(record, **more)  # type: ignore[arg-type]  # fields of a StepRecord

    end = 14.5 + mount
    steps = (
        done("canary-start", 0.5, 0.3, out="canary: writing 10 a second\n"),
        done("agree", 1.0, 6.0, exit_status=None, why="root@jump typed yes"),
        done(
            "release",
            8.0,
            1.5,
            out="remotemirror: stopped\n",
            guards=(
                Checked("mounted-on-one-node", YES, "/home/sites on web-a"),
                Checked("mirror-complete-2-of-2", YES, "md0 and ggate0 are ACTIVE"),
            ),
            expects=(
                Checked("not master-mounted", YES, "/home/sites is not mounted on web-a"),
                Checked("not master-mirror-running", YES, "no mirror on web-a"),
            ),
        ),
        done("attach", 9.7, 4.3, exit_status=None),
        done(
            "mount",
            14.2,
            mount,
            expects=(
                Checked("slave-mounted", YES, "/dev/mirror/remotemirror on /home/sites"),
                Checked("slave-holds-address", YES, "192.168.1.102 on ngeth0"),
                Checked("slave-vrrp-master", YES, "vrid 1 master"),
            ),
        ),
        done("canary-read-acked", end, 0.2, out=f"acked 412 {at + 7.95 + 0.5:.2f}\n"),
        done(
            "canary-read-found", end + 0.3, 0.2, out=f"found 412 412 0\nfirst 413 {at + 14.4 + mount:.2f}\n"
        ),
        done("rebuild", end + 0.4, 0.1),
        done("resync", end + 0.5, 190.0, exit_status=None),
    )
    measures = {
        "clock.offset.web-a": 0.5,
        "clock.offset.web-b": 0.0,
        "clock.uncertainty": 0.04,
        "rto": 6.2 + mount,
        "rto.release": 1.5,
        "rto.check": 4.3,
        "rto.mount": mount,
        "rto.between": 0.4,
        "phase.copy": 190.0,
        "took": end + 190.5,
        "rpo.markers_lost": 0.0,
        "rpo.markers_acked": 412.0,
        "rpo.markers_found": 412.0,
        "write_outage": 6.45 + mount,
    }
    return RunRecord(
        id=f"202611{23 + number:02d}-021144-failover-drill-7f3a",
        plan=drill_plan(pair),
        operator="root@jump",
        state=state,
        started=at,
        ended=at + end + 190.5,
        steps=steps,
        events=(
            RunEvent(at + 0.1, "lock", "taken on web-a and web-b"),
            RunEvent(at + 7.0, "answer", "Users were told. → go"),
            RunEvent(at + 8.0, "step", "release begins"),
            RunEvent(at + 14.2 + mount, "step", "mount is done"),
        ),
        safe_state="web-b serves, mirrored",
        why="",
        measures=measures,
    )


def failed_drill(number: int = 0) -> RunRecord:
    """The mount said no; the rest was never begun."""
    run = drill(number, state=RunState.FAILED)
    steps = [
        *run.steps[:4],
        replace(
            run.steps[4],
            state=StepState.FAILED,
            exit_status=1,
            err="mount: /dev/mirror/remotemirror: R/W mount of /home/sites denied. Filesystem is not clean\n",
            why="exit status 1",
            expects=(Checked("slave-mounted", Answer.NO, "/home/sites is not mounted on web-b"),),
        ),
        *(StepRecord(step.id) for step in run.plan.steps[5:]),
    ]
    return replace(
        run,
        steps=tuple(steps),
        events=run.events[:3],
        ended=run.started + 16.0,
        safe_state="nobody serves, web-b runs the mirror",
        why="step mount failed on web-b: exit status 1",
        measures={"took": 16.0},
    )


def two_outages() -> RunRecord:
    """A drill whose copy is an outage too, between the second pair of steps: rebuild to resync."""
    run = drill()
    outages = (*run.plan.outages, ("rebuild", "resync"))
    steps = tuple(
        step.model_copy(update={"phase": "copy"}) if step.id == "rebuild" else step for step in run.plan.steps
    )
    return replace(
        run,
        plan=run.plan.model_copy(update={"outages": outages, "steps": steps}),
        measures={name: value for name, value in run.measures.items() if name.startswith("clock.")},
    )
