"""The pair's own history: which promotion each node knows of, and inside the file system too.

gmirror's counters cannot tell two histories apart; a random id per promotion with its parent can.
"""

import hashlib
from dataclasses import dataclass

from console.health import stack
from console.health.lineage import Relation, between
from console.model.lineage import LINEAGE_FILE, LINEAGE_IN_MOUNT, Lineage, Promotion
from console.model.plan import Step
from console.model.snapshot import NodeView
from console.model.words import Home
from playbooks.job import CannotPlan
from playbooks.parts.building import command_step, manual_step, no_undo, q, take_back
from playbooks.parts.site import Site

PROMOTED = f"{LINEAGE_FILE.rpartition('/')[0]}/promoted"
"""On a node: the id under which it mounted the data last; the scripts on the node read and write it too."""
_FIRST = "-"


@dataclass(frozen=True, slots=True)
class Descent:
    """The history a promotion continues."""

    known: tuple[Promotion, ...] = ()
    """Everything either node knows, oldest first; after an adoption its last entry is a new one."""
    adopted: bool = False
    """The records do not say that the keeper's data is the newest: a person must."""

    @property
    def parent(self) -> str:
        """The newest id, `-` where there is none."""
        return self.known[-1].id if self.known else _FIRST


def derived(mark: str, purpose: str) -> str:
    """A further id of the same plan."""
    return hashlib.sha256(f"{mark} {purpose}".encode()).hexdigest()[:16]


def descent(site: Site, keeper: Home, mark: str, *, whoever: bool = False) -> Descent:
    """The history of the data that `keeper` holds; CannotPlan where an answering node's record is unreadable.

    `whoever`: the node that served last cannot be asked; only an empty record needs a statement.
    """
    read = [_read(n) for n in site.snapshot.nodes if stack.answers(n)]
    if not read:
        raise CannotPlan("neither node answers: bring one back first")
    told, why = between(site.snapshot)
    if not whoever and told is (Relation.OLDER if keeper is Home.MASTER else Relation.NEWER):
        raise CannotPlan(
            f"{why}: {site.node(keeper).name} does not hold the newest data; decide what to keep"
        )
    heads = [lineage.head for lineage in read if lineage.head]
    # The newest one holds the heads of all.
    newest = max(read, key=lambda lineage: sum(map(lineage.holds, heads)))
    if len(heads) == len(read) and (whoever or served_last(site.snapshot.node(keeper), newest)):
        return Descent(newest.promotions)
    name = site.node(keeper).name
    begun = Promotion(derived(mark, "adopted"), newest.head or _FIRST, 0, name)
    return Descent((*newest.promotions, begun), adopted=True)


def served_last(node: NodeView, lineage: Lineage | None) -> bool:
    """Whether the newest entry of a lineage is about this node."""
    if lineage is None or not lineage.promotions:
        return False
    # The scripts on a node know it only by its host name. The last one read still names it.
    host = node.facts.host.last
    names = {node.name, host.hostname.partition(".")[0] if host and host.hostname else node.name}
    return lineage.promotions[-1].node in names


def _read(node: NodeView) -> Lineage:
    fact = node.facts.lineage
    if fact.value is None:
        raise CannotPlan(f"the lineage of {node.name} is not known ({fact.unknown}): look again as root")
    if fact.value.bad:
        raise CannotPlan(
            f"{LINEAGE_FILE} on {node.name} has a line that cannot be read: correct it by hand first"
        )
    return fact.value


def adopt(
    site: Site, history: Descent, keeper: Home, *, leaves: str, nodes: tuple[Home, ...] = tuple(Home)
) -> tuple[Step, ...]:
    """Where the records do not say whose data is newest: a typed statement, then its entry on the nodes."""
    if not history.adopted:
        return ()
    node = site.node(keeper).name
    return (
        manual_step(
            "say-which-is-newest",
            f"Say that {node} holds the newest data",
            f"The records of this pair do not say that {node} was the last to serve: it rests on your word.",
            f"Look at both nodes; if {node} holds the newest data, say so",
            typed=f"{node} holds the newest data",
            leaves=leaves,
        ),
        *_on_each(site, nodes, history.known, "adopt", leaves=leaves),
    )


def record(
    site: Site,
    history: Descent,
    id: str,
    serves: Home,
    *,
    leaves: str,
    nodes: tuple[Home, ...] = tuple(Home),
) -> tuple[Step, ...]:
    """Write the promotion of `serves` to the nodes that can be reached, before its data is used."""
    new = Promotion(id, history.parent, 0, site.node(serves).name)
    tag = f"lineage-{serves.value}-serves-on"
    return _on_each(site, nodes, (*history.known, new), tag, leaves=leaves, undone=id)


def after(site: Site, history: Descent, id: str, serves: Home) -> Descent:
    """The history once `serves` was promoted as `id`."""
    new = Promotion(id, history.parent, 0, site.node(serves).name)
    return Descent((*history.known, new), history.adopted)


def _on_each(
    site: Site,
    nodes: tuple[Home, ...],
    promotions: tuple[Promotion, ...],
    tag: str,
    *,
    leaves: str,
    undone: str | None = None,
) -> tuple[Step, ...]:
    everywhere = len(nodes) == len(Home)
    return tuple(
        _write(
            site,
            home,
            promotions,
            tag,
            leaves=leaves,
            last=everywhere and home is nodes[-1],
            undone=undone,
        )
        for home in nodes
    )


def _write(
    site: Site,
    home: Home,
    promotions: tuple[Promotion, ...],
    tag: str,
    *,
    leaves: str,
    last: bool,
    undone: str | None = None,
) -> Step:
    node, newest = site.node(home).name, promotions[-1]
    file = q(LINEAGE_FILE)
    directory = q(LINEAGE_FILE.rpartition("/")[0])
    known = _of(site.snapshot.node(home))
    missing = [p for p in promotions if known is None or not known.holds(p.id)]
    lines = [
        f"grep -q {q(f'^{p.id} ')} {file} || printf '%s %s %s %s\\n' {q(p.id, p.parent)} {_time(p)} "
        f"{q(p.node)} >> {file} || exit 1"
        for p in missing
    ]
    # What was mounted has begun this history, whatever was done since: the record has to stay.
    kept = q(f"{node} had the data mounted as {undone}: hand it back with a job, the record stays")
    forget = (
        f'[ "$(cat {PROMOTED} 2>/dev/null)" != {q(undone or _FIRST)} ] || {{ echo {kept} >&2; exit 1; }}',
        f"grep -v {q(f'^{undone} ')} {file} > {file}.new; mv {file}.new {file} && fsync {file}",
        f"! grep -q {q(f'^{undone} ')} {file}",
    )
    return command_step(
        f"{tag}-{home.value}",
        f"Record on {node} that {newest.node} serves from here on ({newest.id})",
        "gmirror's counters cannot tell two histories apart; this line can, on both nodes and in the data.",
        node,
        "umask 022",
        f"[ -d {directory} ] || mkdir -p -m 0755 {directory} || exit 1",
        f"touch {file} || exit 1",
        *lines,
        f"fsync {file} && tail -1 {file}",
        guards=(f"{home.value}-answers",),
        expects=("same-lineage",) if last else (),
        always=True,
        undo=take_back(*forget, expects=(f"{home.value}-answers",))
        if undone
        else no_undo("the first entry only names the data as it is; it may stay"),
        phase="lineage",
        leaves=leaves,
    )


def _time(promotion: Promotion) -> str:
    return q(str(promotion.at)) if promotion.at else '"$(date +%s)"'


def _of(node: NodeView) -> Lineage | None:
    return node.facts.lineage.value


def into_the_mount(site: Site, home: Home, *, leaves: str, tag: str = "lineage-in-mount") -> Step:
    """Copy the node's lineage into the mounted file system, so that every copy of the data carries it."""
    path = f"{site.mount.rstrip('/')}/{LINEAGE_IN_MOUNT}"
    new = f"{path}.new"
    return command_step(
        f"{tag}-{home.value}",
        "Write the lineage into the file system",
        "An image set aside or found later then says itself how new it is.",
        site.node(home).name,
        f"umask 077; mkdir -p {q(path.rpartition('/')[0])} || exit 1",
        f"cat {q(LINEAGE_FILE)} > {q(new)} && fsync {q(new)} && mv {q(new, path)}",
        guards=(f"{home.value}-mounted-through-mirror",),
        undo=no_undo("it is a note about the data, and goes with it"),
        phase="lineage",
        leaves=leaves,
    )
