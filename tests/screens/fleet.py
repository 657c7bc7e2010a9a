"""A fleet to draw: pairs in every state that a line can tell of, the same ones each time."""

import random
from collections.abc import Iterator

from console.model.config import PairConfig
from console.model.pair_line import PairLine
from console.model.snapshot import LinkState
from console.model.words import Answer, ComponentState, MirrorState, Role, Severity
from tests.screens.sample import NOW

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
SITES = ("berlin", "hamburg", "wien", "graz")


def pair(number: int, **more: object) -> PairConfig:
    """A pair with an address of its own, and tags."""
    nodes = [
        {
            "name": f"web{number:03}{letter}",
            "home": home,
            "host": f"10.1.{number}.{last}",
            "image": "/root/images/sites.img",
        }
        for letter, home, last in (("a", "master", 1), ("b", "slave", 2))
    ]
    tags = (SITES[number % 4], "production" if number % 5 else "test")
    said = {"name": f"customer-{number:03}", "floating": f"10.1.{number}.9", "nodes": nodes, "tags": tags}
    return PairConfig.model_validate(said | more)


def well(one: PairConfig, **other: object) -> PairLine:
    """A pair that stands as it should, but for what is named."""
    said: dict[str, object] = {
        "pair": one.name,
        "nodes": (one.master.name, one.slave.name),
        "settled": True,
        "links": (LinkState.LIVE, LinkState.LIVE),
        "roles": (Role.MASTER, Role.BACKUP),
        "address": (YES, NO),
        "mounted": (YES, NO),
        "mirror": MirrorState.COMPLETE,
        "mirror_known": True,
        "components": (ComponentState.ACTIVE, ComponentState.ACTIVE),
        "serving": one.master.name,
        "ready": YES,
        "queue": 12,
        "last_seen": (NOW - 0.5, NOW - 0.7),
    }
    return PairLine(**(said | other))  # type: ignore[arg-type]


def split(one: PairConfig) -> PairLine:
    """Both nodes serve."""
    return well(
        one,
        worst=Severity.CRITICAL,
        worst_id="P38",
        worst_what=f"{one.mount} is mounted on both nodes, read-write",
        findings=4,
        roles=(Role.MASTER, Role.MASTER),
        address=(YES, YES),
        mounted=(YES, YES),
        mirror=MirrorState.DEGRADED,
        components=(ComponentState.ACTIVE, ComponentState.ACTIVE),
        serving=None,
        ready=NO,
        queue=None,
    )


def rebuilding(one: PairConfig, percent: int = 43) -> PairLine:
    """The slave's half is copied."""
    return well(
        one,
        worst=Severity.WARNING,
        worst_id="P23",
        worst_what=f"{one.mirror} is written to on {one.master.name} while ggate0 is rebuilt: "
        f"the only whole copy is on {one.master.name}",
        findings=1,
        mirror=MirrorState.DEGRADED,
        components=(ComponentState.ACTIVE, ComponentState.SYNCHRONIZING),
        ready=NO,
        sync_percent=percent,
        sync_rate=48 * 2**20,
        sync_left=192.0,
        queue=1204,
    )


def gone(one: PairConfig) -> PairLine:
    """The slave does not answer."""
    return well(
        one,
        worst=Severity.UNKNOWN,
        worst_id="P43",
        worst_what=f"{one.slave.name} cannot be reached, last seen 840 s ago: its state is unknown",
        findings=2,
        links=(LinkState.LIVE, LinkState.LOST),
        roles=(Role.MASTER, Role.UNKNOWN),
        address=(YES, UNKNOWN),
        mounted=(YES, UNKNOWN),
        ready=UNKNOWN,
        last_seen=(NOW - 0.5, NOW - 840),
    )


def unheard(one: PairConfig) -> PairLine:
    """Nothing was read yet."""
    return PairLine(one.name, (one.master.name, one.slave.name))


def noticed(one: PairConfig) -> PairLine:
    """The slave serves, as somebody wanted it to."""
    return well(
        one,
        worst=Severity.NOTICE,
        worst_id="P09",
        worst_what=f"ggated on {one.slave.name} listens on every interface (*:3080)",
        findings=1,
        roles=(Role.BACKUP, Role.MASTER),
        address=(NO, YES),
        mounted=(NO, YES),
        serving=one.slave.name,
    )


def fleet(count: int = 200) -> tuple[tuple[PairConfig, ...], dict[str, PairLine]]:
    """So many pairs; most are well."""
    pairs = tuple(pair(number) for number in range(1, count + 1))
    odd = {7: split, 31: rebuilding, 58: gone, 90: rebuilding, 101: unheard, 120: noticed, 199: gone}
    return pairs, {one.name: odd.get(at, well)(one) for at, one in enumerate(pairs, start=1)}


def changes(pairs: tuple[PairConfig, ...], seed: int = 5) -> Iterator[PairLine]:
    """Lines of the pairs, one after the other, each another one than before."""
    dice = random.Random(seed)
    queues = dict.fromkeys((one.name for one in pairs), 0)
    while True:
        for one in pairs:
            queues[one.name] += 1
            kind = dice.random()
            if kind < 0.02:
                yield split(one)
            elif kind < 0.06:
                yield rebuilding(one, dice.randrange(100))
            elif kind < 0.08:
                yield gone(one)
            else:
                yield well(one, queue=queues[one.name])
