"""stop-pair: everything down in the order in which neither node takes over from the other."""

from console.health import stack
from console.model.plan import Plan, Step
from console.model.snapshot import PairSnapshot
from console.model.words import Home
from playbooks.job import Answers, CannotPlan, Job
from playbooks.parts import refusing
from playbooks.parts.building import make
from playbooks.parts.cautions import foreign_scripts, starts_by_itself
from playbooks.parts.letting_go import holds_nothing, master_lets_go, slave_lets_go, stays_gone, unmount
from playbooks.parts.services import stop_services
from playbooks.parts.serving_image import end_serving
from playbooks.parts.site import Site, site_of
from playbooks.parts.vrrp import stop_vrrp


class StopPairAnswers(Answers):
    """Nothing has to be said."""


def plan(snapshot: PairSnapshot, answers: StopPairAnswers) -> Plan:
    """The orderly stop of the whole pair; raises CannotPlan."""
    refusing.refuse_trouble(snapshot)
    for node in snapshot.nodes:
        refusing.require_answer(node)
        if node.facts.mounts.value is None:
            raise CannotPlan(
                f"the mounts of {node.name} are not known ({node.facts.mounts.unknown}): look again"
            )
    refusing.require(snapshot, "geom-answers", "wait until GEOM answers, or release a dead gate first")
    refusing.refuse_rebuild(snapshot)
    site = site_of(snapshot)
    server = stack.serving(snapshot)
    home = server.config.home if server else Home.MASTER
    down = "nothing serves; both images are free"
    steps = (
        *_release(site, home, server is not None),
        # The one that stands by first: else it takes over the moment the address is dropped.
        _quiet(site, Home.SLAVE if home is Home.MASTER else Home.MASTER, down),
        _quiet(site, home, down),
        end_serving(site, leaves=down, guards=("nothing-mounted", "master-has-let-go"), phase="release"),
    )
    return make(
        snapshot,
        answers,
        job="stop-pair",
        title="Stop the pair for maintenance",
        steps=steps,
        ends="nothing serves, both images are detached and unserved; start it again with "
        + ("start-pair" if home is Home.MASTER else "promote, then fail-back"),
        expects=(
            "nothing-mounted",
            "master-has-let-go",
            "slave-has-let-go",
            "not master-vrrp-runs",
            "not slave-vrrp-runs",
            "not slave-ggated-runs",
        ),
        aborts=("mounted-on-both-nodes",),
        unchecked=(*foreign_scripts(snapshot), *(s for n in snapshot.nodes for s in starts_by_itself(n))),
    )


def _quiet(site: Site, home: Home, leaves: str) -> Step:
    return stop_vrrp(
        site,
        home,
        why="The one that stands by ends before the one that holds the address, so that nobody takes over.",
        guards=("nothing-mounted",),
        leaves=leaves,
    )


def _release(site: Site, home: Home, serves: bool) -> tuple[Step, ...]:
    node = site.node(home).name
    half = f"{node} has the data mounted, its services are stopped"
    free = f"nothing serves; {node} holds the data, cleanly unmounted"
    first: tuple[Step, ...] = ()
    if serves:
        first = (stop_services(site, home, leaves=half), unmount(site, home, leaves=free))
    master: tuple[Step, ...] = ()
    if not holds_nothing(site, Home.MASTER):
        dead = home is Home.MASTER and not refusing.holds(site.snapshot, "master-gate-alive")
        master = (
            master_lets_go(site, leaves=free, gate_is_dead=dead),
            stays_gone(site, Home.MASTER, leaves=free),
        )
    slave = () if holds_nothing(site, Home.SLAVE) else slave_lets_go(site, leaves=free)
    return (*first, *master, *slave)


def defaults(snapshot: PairSnapshot) -> dict[str, object]:
    """Nothing is asked."""
    return {}


JOB = Job(
    name="stop-pair",
    title="Stop the pair",
    when="Both nodes go down for maintenance, and neither shall take over from the other.",
    answers=StopPairAnswers,
    defaults=defaults,
    plan=plan,
)
