"""keep: the ways out of a split brain, and that gmirror's mark is gone before the two halves can meet."""

from dataclasses import replace

import pytest

from console.model.facts import DiskUse, Geom
from console.model.plan import Risk, WriteFile
from console.model.snapshot import PairSnapshot
from console.model.words import Home
from tests.health.building import (
    MD,
    MD_OF_SLAVE,
    ROOT,
    SITES,
    component,
    healthy,
    losing,
    mirror,
    with_facts,
    without,
)
from tests.playbooks.planning import MARK, in_order, line_of, lines, plan, refused, typed


def split() -> PairSnapshot:
    """Both nodes serve, each by a promotion that the other never heard of."""
    pair = healthy()
    own, other = (
        mirror(component("md0"), state="DEGRADED"),
        mirror(component("md0", flags=()), state="DEGRADED"),
    )
    pair = with_facts(
        pair,
        Home.MASTER,
        geom=Geom(mirrors=(own,), mds=(MD,)),
        lineage=line_of(("a", "web-a"), ("b", "web-a")),
    )
    pair = with_facts(
        pair,
        Home.SLAVE,
        geom=Geom(mirrors=(other,), mds=(MD_OF_SLAVE,)),
        mounts=(ROOT, SITES),
        sockets=(),
        lineage=line_of(("a", "web-a"), ("c", "web-b")),
    )
    return without(without(pair, Home.MASTER, "ggatec"), Home.SLAVE, "ggated")


def test_keeping_the_master_sets_the_slave_aside_and_copies_it_anew() -> None:
    made = plan("keep", split(), keep="master")
    assert typed(made) == ["lose web-b, keep web-a"]
    assert in_order(
        made, "say-what-is-lost", "stop-vrrp-slave", "unmount-slave", "let-go-slave", "release-gate",
        "copy-aside", "wipe-mark", "one-history-slave",
        "one-history-master", "lineage-in-mount-master", "serve-image",
        "make-gate", "join", "copied", "verify", "start-vrrp-slave",
    )  # fmt: skip
    assert made.step("join").confirm == "web-b:ggate0"
    assert made.direction is not None
    assert made.direction.target.node == "web-b"


def test_keeping_the_slave_brings_its_data_home_over_the_master_s_half() -> None:
    made = plan("keep", split(), keep="slave")
    assert typed(made) == ["lose web-a, keep web-b"]
    assert in_order(
        made, "unmount-master", "let-go-master", "stays-gone-master", "copy-aside", "wipe-mark",
        "one-history-master", "one-history-slave", "unmount-slave", "attach-gate", "attach-md-master",
        "rebuild-master-half", "copied", "mount-master",
    )  # fmt: skip
    assert made.step("copy-aside").node == "web-a"
    assert made.direction is not None
    assert made.direction.target.node == "web-a"


@pytest.mark.parametrize(("keep", "node"), [("master", "web-b"), ("slave", "web-a")])
def test_the_mark_is_wiped_off_the_half_that_goes_while_nothing_uses_it(keep: str, node: str) -> None:
    step = plan("keep", split(), keep=keep).step("wipe-mark")
    assert (step.node, step.risk) == (node, Risk.DESTROYS)
    assert step.confirm is not None
    assert step.confirm.startswith(f"{node}:")
    home = "slave" if keep == "master" else "master"
    assert {f"not {home}-mounted", f"not {home}-image-attached", "not master-gate-present"} == set(
        step.guards
    )
    assert "seek=$last count=1 conv=notrunc" in "\n".join(lines(step))


@pytest.mark.parametrize(("keep", "ids"), [("master", "ab"), ("slave", "ac")])
def test_both_nodes_get_the_winner_s_history_with_the_decision_as_its_newest_entry(
    keep: str, ids: str
) -> None:
    made = plan("keep", split(), keep=keep)
    for home in ("master", "slave"):
        action = made.step(f"one-history-{home}").action
        assert isinstance(action, WriteFile)
        written = [line.split()[:2] for line in action.content.splitlines()]
        assert written == [[ids[0] * 16, "-"], [ids[1] * 16, ids[0] * 16], [MARK, ids[1] * 16]]


def test_without_a_copy_the_statement_says_so() -> None:
    made = plan("keep", split(), keep="master", copy_aside=False)
    assert "copy-aside" not in [step.id for step in made.steps]
    assert "no copy" in made.step("say-what-is-lost").action.model_dump()["ask"]


def test_a_copy_that_does_not_fit_is_refused() -> None:
    full = (DiskUse("/dev/gpt/rootfs", "/", 3_044_988, 3_040_000, 4_988, 100),)
    assert "copy_aside" in refused("keep", with_facts(split(), Home.SLAVE, df=full), keep="master")


def test_a_healthy_pair_or_a_dark_one_is_refused() -> None:
    assert "nothing to decide" in refused("keep", healthy(), keep="master")
    assert "geom-answers" in refused("keep", losing(split(), Home.SLAVE, "geom"), keep="master")
    dark = replace(split(), slave=losing(split(), Home.SLAVE, "lineage").slave)
    assert "lineage of web-b" in refused("keep", dark, keep="slave")
