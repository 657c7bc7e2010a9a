"""slave-drill: the slave is taken away on purpose (the reference guide's third test), and brought back."""

from typing import Literal

from pydantic import Field

from console.model.plan import Plan, Risk, Step
from console.model.snapshot import PairSnapshot
from console.model.words import Home
from playbooks.failover_drill import STEADY
from playbooks.job import Answers, Job
from playbooks.parts import refusing
from playbooks.parts.building import command_step, make, manual_step, no_undo, q, wait_step
from playbooks.parts.canary import READER, Canary
from playbooks.parts.lineage_steps import adopt, descent
from playbooks.parts.serving_image import end_serving
from playbooks.parts.site import Site, site_of
from playbooks.recovering.card import onto_the_slave
from playbooks.recovering.steps import Way, recovery, release_gate

MEANWHILE = "file_written_without_the_slave"
_LONGEST_TIMEOUT = 900.0
"""Seconds: R5 saw 178 s with a gate timeout of 10 s."""


class SlaveDrillAnswers(Answers):
    """How the slave goes, and how the master gets over it."""

    way: Literal["stop-ggated", "power", "cable"] = Field(
        "stop-ggated",
        title="How the slave goes",
        description="End ggated from here, or somebody cuts its power, or pulls the replication cable",
    )
    release: Literal["at-once", "timeout"] = Field(
        "at-once",
        title="How the master goes on",
        description="Destroy the gate at once (writers wait seconds), or let its timeout work (minutes)",
    )
    watch_seconds: int = Field(
        5,
        ge=1,
        le=600,
        title="Watch the writers hang",
        description="Seconds to watch what writes do before anything is done about it",
    )
    canary_seconds: int = Field(
        5, ge=1, le=600, title="Canary time", description="Seconds it writes before the slave goes"
    )


def plan(snapshot: PairSnapshot, answers: SlaveDrillAnswers) -> Plan:
    """The drill; raises CannotPlan unless the pair is in its steady state."""
    refusing.refuse_trouble(snapshot)
    for node in snapshot.nodes:
        refusing.require_answer(node)
    refusing.refuse_rebuild(snapshot)
    for name in STEADY:
        refusing.require(snapshot, name, "a drill starts from a healthy pair, mend this first")
    site = site_of(snapshot)
    master, slave = site.master.name, site.slave.name
    calm, alone = f"{master} serves through a complete mirror", f"{master} serves alone, {slave} is away"
    canary = Canary(site, answers.mark)
    history = descent(site, Home.MASTER, answers.mark)
    away = _away(site, answers, alone)
    steps = (
        wait_step(
            "steady-state",
            "Measure the steady state",
            "A drill compares with the state before it.",
            STEADY,
            leaves=calm,
            timeout=30.0,
            phase="before",
        ),
        *adopt(site, history, Home.MASTER, leaves=calm),
        *canary.install(leaves=calm),
        canary.start(1, Home.MASTER, leaves=calm),
        canary.write_for(1, Home.MASTER, answers.canary_seconds, leaves=calm),
        away,
        _watch(site, canary, answers.watch_seconds, alone),
        _free(site, answers, alone),
        _writes_again(site, canary, alone),
        _write_meanwhile(site, canary, alone),
        *_returns(site, answers, alone),
        *recovery(site, Way(destroy=answers.release == "timeout"), before=alone, after=calm),
        canary.stop(1, Home.MASTER, leaves=calm),
        _outage(site, canary, calm),
        canary.read("found", 1, Home.MASTER, leaves=calm),
        _is_there(site, canary, calm),
        *canary.clean(Home.MASTER, leaves=calm),
    )
    return make(
        snapshot,
        answers,
        job="slave-drill",
        title=f"Slave drill: {slave} goes away ({answers.way}) and comes back",
        steps=steps,
        ends=f"{calm}, as before the drill",
        expects=(
            "master-vrrp-master",
            "master-holds-address",
            "master-mounted-through-mirror",
            "not slave-mounted",
            "mirror-complete-2-of-2",
            "gate-alive",
            "same-lineage",
        ),
        aborts=("mounted-on-both-nodes", "slave-mounted"),
        outages=((away.id, "writes-again"),) if answers.way == "stop-ggated" else (),
        direction=onto_the_slave(site),
        unchecked=(f"that {slave} can serve what was written meanwhile: only a failover drill proves it",),
    )


def _away(site: Site, answers: SlaveDrillAnswers, leaves: str) -> Step:
    slave = site.slave.name
    if answers.way == "stop-ggated":
        return end_serving(site, leaves=leaves, guards=("master-mounted-through-mirror",), phase="fault")
    what = {
        "power": f"Cut the power of {slave} now; do not shut it down",
        "cable": f"Pull the replication cable between {site.master.name} and {slave} now",
    }[answers.way]
    return manual_step(
        "take-away",
        f"{slave} goes away: {answers.way}",
        "A slave that is shut down in good order proves nothing about one that vanishes.",
        what,
        typed=f"{slave} is away",
        leaves=leaves,
    )


def _watch(site: Site, canary: Canary, seconds: int, leaves: str) -> Step:
    log = q(canary.acknowledged(1))
    return command_step(
        "watch-writers",
        f"Watch the writers on {site.master.name} for {seconds} s",
        "gmirror still says COMPLETE; that no write is acknowledged any more is the only sign.",
        site.master.name,
        f"n=0; while [ $n -lt {seconds} ]; do",
        f"    set -- $(tail -n 1 {log})",
        '    printf "after %s s: last acknowledged write %s, %s s ago\\n" "$n" "${1:--}" '
        '"$(($(date +%s) - ${2%.*}))"',
        "    sleep 1; n=$((n + 1))",
        "done",
        f"/bin/sh {READER} acked {log}",
        risk=Risk.READ,
        always=True,
        undo=no_undo("it only reads"),
        timeout=seconds + 60.0,
        phase="hang",
        leaves=leaves,
    )


def _free(site: Site, answers: SlaveDrillAnswers, leaves: str) -> Step:
    if answers.release == "at-once":
        # The steady state has just shown that the master's half is whole, and GEOM may hang by now.
        return release_gate(
            site,
            leaves=leaves,
            blind=True,
            why="What waits in the gate ends now, and the mirror goes on with its own half (R9).",
        )
    return wait_step(
        "gate-times-out",
        f"Wait until the gate's timeout of {site.gate_timeout} s has ended every request",
        "Meanwhile even gmirror status may not answer: GEOM waits for the dead gate (R5).",
        ("master-geom-answers", "not slave-half-in-mirror", "master-half-active"),
        timeout=_LONGEST_TIMEOUT,
        phase="hang",
        leaves=leaves,
    )


def _writes_again(site: Site, canary: Canary, leaves: str) -> Step:
    log = q(canary.acknowledged(1))
    return command_step(
        "writes-again",
        f"Wait until a write on {site.master.name} is acknowledged again",
        "From here on applications work; the mirror has one half.",
        site.master.name,
        f"before=$(tail -n 1 {log})",
        f'n=0; while [ "$(tail -n 1 {log})" = "$before" ]; do',
        "    [ $n -lt 120 ] || { echo 'no write is acknowledged' >&2; exit 1; }",
        "    sleep 1; n=$((n + 1))",
        "done",
        f"tail -n 1 {log}",
        risk=Risk.READ,
        always=True,
        undo=no_undo("it only reads"),
        timeout=180.0,
        phase="hang",
        leaves=leaves,
    )


def _write_meanwhile(site: Site, canary: Canary, leaves: str) -> Step:
    file = q(f"{canary.directory}/{MEANWHILE}")
    return command_step(
        "write-meanwhile",
        f"Write a file on {site.master.name} that {site.slave.name} knows nothing of",
        "It is what the copy has to bring over.",
        site.master.name,
        f"printf '%s\\n' {q(canary.mark)} > {file} && fsync {file}",
        guards=("master-mounted-through-mirror",),
        undo=no_undo("it is removed with the drill's other files"),
        phase="canary",
        leaves=leaves,
    )


def _is_there(site: Site, canary: Canary, leaves: str) -> Step:
    file = f"{canary.directory}/{MEANWHILE}"
    return command_step(
        "verify-file",
        f"Verify on {site.master.name} the file written while {site.slave.name} was away",
        "A mirror that looks whole proves nothing; the file does.",
        site.master.name,
        f"grep -qxF {q(canary.mark)} {q(file)} && ls -l {q(file)}",
        guards=("master-mounted-through-mirror", "master-mirror-complete"),
        risk=Risk.READ,
        always=True,
        undo=no_undo("it only reads"),
        phase="verify",
        leaves=leaves,
    )


def _returns(site: Site, answers: SlaveDrillAnswers, leaves: str) -> tuple[Step, ...]:
    slave = site.slave.name
    if answers.way == "stop-ggated":
        return ()
    what = {
        "power": f"Give {slave} its power back and let it boot",
        "cable": f"Put the replication cable of {slave} back",
    }[answers.way]
    return (
        manual_step(
            "bring-back",
            f"{slave} comes back",
            "What it holds is out of date by now; nothing serves it before it is copied.",
            what,
            typed=f"{slave} is back",
            leaves=leaves,
        ),
        wait_step(
            "slave-is-back",
            f"Wait until {slave} answers and holds nothing",
            "Its half may only be copied while nothing on it is in use.",
            ("slave-answers", "slave-geom-answers", "not slave-mounted", "not slave-image-attached"),
            timeout=900.0,
            phase="return",
            leaves=leaves,
        ),
    )


def _outage(site: Site, canary: Canary, leaves: str) -> Step:
    log = q(canary.acknowledged(1))
    return command_step(
        "canary-read-gap",
        f"The longest time without an acknowledged write on {site.master.name}",
        "The report takes from it for how long the slave's absence stopped everybody.",
        site.master.name,
        f"[ -s {log} ] || exit 1",
        'awk \'NF == 2 { if (seen && $2 - at > gap) { gap = $2 - at; before = n " " at; behind = $1 " " $2 }',
        "    n = $1; at = $2; seen = 1 }",
        '    END { if (before == "") exit 1; print "acked " before; print "first " behind }\' ' + log,
        risk=Risk.READ,
        always=True,
        undo=no_undo("it only reads"),
        leaves=leaves,
    )


JOB = Job(
    name="slave-drill",
    title="Slave drill",
    when="You want to see what the service does when the slave vanishes, and that it comes back whole.",
    answers=SlaveDrillAnswers,
    defaults=lambda snapshot: {},
    plan=plan,
)
