"""The vocabulary of conditions as a table: what holds, what certainly does not, and what cannot be told."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from console.health.conditions import CONDITIONS, check, known, sentence
from console.model.facts import Export, Exports, Geom, ImageFile, MemoryDisk, Socket
from console.model.lineage import Lineage
from console.model.snapshot import LinkState, PairSnapshot
from console.model.words import Answer, Home
from tests.health.building import (
    BACKUP,
    GATE,
    GEOM,
    MD,
    MD_OF_SLAVE,
    PRIMARY,
    ROOT,
    SITES,
    component,
    healthy,
    lineage,
    losing,
    mirror,
    promoted,
    vrrp_log,
    with_facts,
    with_gate,
    with_link,
    with_mirror,
    with_parts,
    without,
)
from tests.health.cases import both_mounted, geom_of_a, slave_attached, two_masters

A, B = Home.MASTER, Home.SLAVE
YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
Make = Callable[[], PairSnapshot]

ALIAS = component("ufsid/6b039d4e52ad8fb0", device="md0", device_class="MD")
ALIAS_OF_GATE = component("ufsid/77", "STALE", device="ggate0", device_class="GATE")


def parts(**states: str) -> Make:
    return lambda: with_parts(healthy(), "DEGRADED", **states)


def lost(home: Home, *sections: str, base: Make = healthy) -> Make:
    def make() -> PairSnapshot:
        pair = base()
        for section in sections:
            pair = losing(pair, home, section)
        return pair

    return make


def lineages(a: Lineage, b: Lineage) -> Make:
    return lambda: with_facts(with_facts(healthy(), A, lineage=a), B, lineage=b)


def unmounted(pair: PairSnapshot) -> PairSnapshot:
    return with_facts(pair, A, mounts=(ROOT,))


CASES: list[tuple[str, Make, Answer]] = [
    # Links.
    ("master-answers", healthy, YES),
    ("master-answers", lambda: with_link(healthy(), A, LinkState.LOST, "web-a: gone"), UNKNOWN),
    ("slave-geom-answers", healthy, YES),
    ("slave-geom-answers", lost(B, "geom"), UNKNOWN),
    # Mounts.
    ("master-mounted", healthy, YES),
    ("slave-mounted", healthy, NO),
    ("master-mounted", lost(A, "mounts"), UNKNOWN),
    ("slave-mounted", lost(B, "mounts"), UNKNOWN),
    ("master-mounted-through-mirror", healthy, YES),
    (
        "master-mounted-through-mirror",
        lambda: with_facts(healthy(), A, mounts=(ROOT, replace(SITES, special="/dev/md0"))),
        NO,
    ),
    ("slave-mounted-through-mirror", healthy, NO),
    ("master-mounted-through-mirror", lost(A, "mounts"), UNKNOWN),
    ("nothing-mounted", healthy, NO),
    ("nothing-mounted", lambda: unmounted(healthy()), YES),
    ("nothing-mounted", lost(A, "mounts", base=lambda: unmounted(healthy())), UNKNOWN),
    ("nothing-mounted", lost(B, "mounts"), NO),
    # The mirror of a node.
    ("master-mirror-running", healthy, YES),
    ("master-mirror-running", lambda: with_mirror(healthy(), mirror(state="STARTING", mediasize=None)), NO),
    ("slave-mirror-running", healthy, NO),
    ("slave-mirror-running", promoted, YES),
    ("master-mirror-running", lost(A, "geom"), UNKNOWN),
    ("master-mirror-complete", healthy, YES),
    ("master-mirror-complete", parts(ggate0="STALE"), NO),
    ("master-mirror-complete", lambda: with_mirror(healthy(), mirror(component("md0"))), NO),
    ("master-mirror-complete", lambda: with_mirror(healthy(), mirror(state="ODD")), UNKNOWN),
    ("master-mirror-complete", lost(A, "geom"), UNKNOWN),
    ("slave-mirror-complete", healthy, NO),
    ("master-mirror-loaded", healthy, YES),
    ("slave-mirror-loaded", lambda: with_facts(healthy(), B, geom=Geom(mirror_loaded=False), modules=()), NO),
    ("slave-mirror-loaded", lost(B, "geom"), YES),  # the list of modules says so too
    ("slave-mirror-loaded", lost(B, "geom", "modules"), UNKNOWN),
    ("master-gate-loaded", healthy, YES),
    ("slave-gate-loaded", healthy, NO),
    ("slave-gate-loaded", lost(B, "geom"), UNKNOWN),
    (
        "slave-gate-loaded",
        lambda: with_facts(healthy(), B, geom=Geom(source="text")),
        UNKNOWN,
    ),
    # Images.
    ("slave-image-exists", healthy, YES),
    ("master-image-exists", healthy, YES),  # attached, so it is there
    ("slave-image-exists", lambda: with_facts(healthy(), B, images=(ImageFile(BACKUP),)), NO),
    ("slave-image-exists", lambda: with_facts(healthy(), B, images=()), UNKNOWN),
    ("slave-image-exists", lost(B, "images"), UNKNOWN),
    ("master-image-attached", healthy, YES),
    ("slave-image-attached", healthy, NO),
    ("slave-image-attached", lambda: with_facts(healthy(), B, geom=Geom(mds=(MD,))), NO),
    (
        "slave-image-attached",
        lambda: with_facts(healthy(), B, geom=Geom(mds=(MemoryDisk("md0", 0, "vnode"),))),
        UNKNOWN,
    ),
    ("slave-image-attached", lost(B, "geom"), UNKNOWN),
    ("slave-image-free", healthy, YES),
    ("slave-image-free", slave_attached, NO),
    ("slave-image-free", lost(B, "geom"), UNKNOWN),
    ("slave-image-free", lost(B, "processes", base=slave_attached), UNKNOWN),
    # The gate.
    ("master-gate-present", healthy, YES),
    ("slave-gate-present", healthy, NO),
    ("master-gate-present", lambda: with_gate(healthy(), path="/root/images/other.img"), NO),
    ("master-gate-present", lambda: with_gate(healthy(), host="192.168.1.100"), NO),  # leads back (P12)
    ("master-gate-present", lambda: with_gate(healthy(), path=None), UNKNOWN),
    ("master-gate-present", lost(A, "geom"), UNKNOWN),
    ("master-gate-alive", healthy, YES),
    ("master-gate-alive", lambda: without(healthy(), A, "ggatec"), NO),
    ("master-gate-alive", lambda: without(healthy(), B, "ggated"), NO),
    ("master-gate-alive", lost(B, "processes"), UNKNOWN),
    # The exporting side.
    ("slave-ggated-runs", healthy, YES),
    ("master-ggated-runs", healthy, NO),
    ("slave-ggated-runs", lost(B, "processes"), UNKNOWN),
    ("slave-exports-image", healthy, YES),
    ("slave-exports-image", lambda: with_facts(healthy(), B, exports=Exports()), NO),
    ("slave-exports-image", lost(B, "exports"), UNKNOWN),
    ("slave-image-served", healthy, YES),
    ("slave-image-served", lambda: without(healthy(), B, "ggated"), NO),
    (
        "slave-image-served",
        lambda: with_facts(healthy(), B, sockets=(Socket("ggated", 740, "*:3081", "*:*"),)),
        NO,
    ),
    (
        "slave-image-served",
        lambda: with_facts(healthy(), B, exports=Exports((Export("192.168.1.100", 32, "RW", "/x", 1),))),
        NO,
    ),
    ("slave-image-served", lost(B, "sockets"), UNKNOWN),
    ("slave-image-served", lost(B, "exports"), UNKNOWN),
    # Halves: resolved to the image behind the device, never by the component's name.
    ("master-half-active", healthy, YES),
    ("slave-half-active", healthy, YES),
    ("slave-half-active", parts(ggate0="STALE"), NO),
    ("slave-half-stale", parts(ggate0="STALE"), YES),
    ("master-half-stale", parts(ggate0="STALE"), NO),
    ("master-half-synchronizing", parts(md0="SYNCHRONIZING"), YES),
    ("slave-half-synchronizing", parts(md0="SYNCHRONIZING"), NO),
    ("slave-half-in-mirror", parts(ggate0="gone"), NO),
    ("slave-half-active", parts(ggate0="gone"), NO),
    ("slave-half-active", parts(ggate0="ODD"), UNKNOWN),
    ("master-half-active", lambda: with_mirror(healthy(), mirror(component("ggate0"), ALIAS)), YES),
    ("slave-half-stale", lambda: with_mirror(healthy(), mirror(component("md0"), ALIAS_OF_GATE)), YES),
    (
        "slave-half-in-mirror",
        lambda: with_mirror(healthy(), mirror(component("md0"), component("ufsid/77", device=None))),
        UNKNOWN,
    ),
    ("master-half-in-mirror", lambda: geom_of_a(mds=(replace(MD, file="/other.img"),)), NO),
    ("slave-half-in-mirror", lambda: with_gate(healthy(), path="/other.img"), NO),
    ("slave-half-in-mirror", lambda: with_gate(healthy(), path=None), UNKNOWN),
    ("slave-half-in-mirror", lambda: geom_of_a(gates=()), UNKNOWN),
    ("slave-half-active", lost(A, "geom"), UNKNOWN),
    ("slave-half-active", promoted, YES),  # its own md0, on the slave
    ("master-half-in-mirror", promoted, NO),
    ("master-half-in-mirror", both_mounted, UNKNOWN),  # two mirrors run: which one counts?
    ("slave-half-in-mirror", lambda: unmounted(slave_attached()), UNKNOWN),
    ("slave-half-active", lost(B, "geom", base=lambda: unmounted(healthy())), UNKNOWN),
    ("slave-half-active", lambda: with_mirror(healthy(), None), NO),
    # VRRP and the address.
    ("master-vrrp-runs", healthy, YES),
    ("master-vrrp-runs", lambda: without(healthy(), A, "freevrrpd"), NO),
    ("master-vrrp-runs", lost(A, "processes"), UNKNOWN),
    ("master-vrrp-master", healthy, YES),
    ("slave-vrrp-master", healthy, NO),
    ("slave-vrrp-master", two_masters, YES),
    ("slave-vrrp-backup", healthy, YES),
    ("slave-vrrp-backup", lambda: with_facts(healthy(), B, vrrplog=vrrp_log(749)), UNKNOWN),
    ("slave-vrrp-backup", lost(B, "vrrplog"), UNKNOWN),
    ("master-holds-address", healthy, YES),
    ("slave-holds-address", healthy, NO),
    ("slave-holds-address", lost(B, "interfaces"), UNKNOWN),
    # Lineage.
    ("no-split-brain", healthy, YES),
    ("no-split-brain", lineages(lineage("a"), lineage("a", "b")), YES),
    ("no-split-brain", lineages(lineage("a", "c"), lineage("a", "b")), NO),
    ("no-split-brain", lineages(lineage("a"), Lineage()), UNKNOWN),
    ("no-split-brain", lineages(Lineage(), Lineage()), UNKNOWN),
    ("no-split-brain", lineages(lineage("a"), replace(lineage("a"), bad=("x",))), UNKNOWN),
    ("no-split-brain", lost(B, "lineage"), UNKNOWN),
    ("same-lineage", healthy, YES),
    ("same-lineage", lineages(lineage("a"), lineage("a", "b")), NO),
    ("same-lineage", lost(A, "lineage"), UNKNOWN),
    ("lineage-kept", healthy, YES),
    ("lineage-kept", lineages(lineage("a"), Lineage()), NO),
    ("lineage-kept", lost(A, "lineage"), UNKNOWN),
    ("slave-lineage-newest", lineages(lineage("a"), lineage("a", "b")), YES),
    ("master-lineage-newest", lineages(lineage("a"), lineage("a", "b")), NO),
    ("master-lineage-newest", healthy, YES),
    ("slave-lineage-newest", healthy, YES),
    ("master-lineage-newest", lineages(lineage("a", "c"), lineage("a", "b")), NO),
    ("master-lineage-newest", lineages(lineage("a"), Lineage()), UNKNOWN),
    ("master-lineage-newest", lost(B, "lineage"), UNKNOWN),
]


@pytest.mark.parametrize(
    ("name", "make", "answer"), CASES, ids=[f"{name}-{n}" for n, (name, _, _) in enumerate(CASES)]
)
def test_a_condition_and_its_negation(name: str, make: Make, answer: Answer) -> None:
    pair = make()
    verdict = check(name, pair)
    assert verdict.answer is answer, verdict.why
    assert verdict.why
    assert "\n" not in verdict.why
    opposite = {YES: NO, NO: YES, UNKNOWN: UNKNOWN}
    negated = check(f"not {name}", pair)
    assert negated.answer is opposite[answer]
    assert negated.why == verdict.why
    if answer is UNKNOWN:
        assert "web-" in verdict.why or "both nodes" in verdict.why


def test_every_condition_of_a_node_is_in_the_table_and_there_is_one_for_each_home() -> None:
    of_master = {n.removeprefix("master-") for n in CONDITIONS if n.startswith("master-")}
    of_slave = {n.removeprefix("slave-") for n in CONDITIONS if n.startswith("slave-")}
    assert of_master == of_slave
    tried = {n.removeprefix("master-").removeprefix("slave-") for n, _, _ in CASES}
    assert of_master - tried == {"has-let-go"}


@pytest.mark.parametrize("name", sorted(CONDITIONS))
def test_nothing_is_told_of_a_pair_in_the_dark(name: str) -> None:
    pair = with_link(with_link(healthy(), A, LinkState.LOST), B, LinkState.LOST)
    assert check(name, pair).answer is UNKNOWN
    assert check(f"not {name}", pair).answer is UNKNOWN


def test_a_name_is_known_with_and_without_not_and_no_other_is() -> None:
    assert known("master-mounted")
    assert known("not master-mounted")
    assert not known("mistress-mounted")
    assert not known("not not master-mounted")
    assert not known("")
    with pytest.raises(KeyError):
        check("mistress-mounted", healthy())


def test_a_condition_says_what_is_so() -> None:
    assert sentence("slave-gate-present") == "the home slave has a gate to the image of the home master"
    assert sentence("not master-mounted") == (
        "it is not so that the home master has the pair's mount point mounted"
    )


def test_two_halves_with_images_of_the_same_path_are_told_apart() -> None:
    def same_path(pair: PairSnapshot) -> PairSnapshot:
        a, b = (n.model_copy(update={"image": "/data/half.img"}) for n in pair.config.nodes)
        pair = replace(pair, master=replace(pair.master, config=a), slave=replace(pair.slave, config=b))
        return with_facts(
            pair,
            A,
            geom=replace(
                GEOM, mds=(replace(MD, file="/data/half.img"),), gates=(replace(GATE, path="/data/half.img"),)
            ),
        )

    pair = same_path(with_parts(healthy(), "DEGRADED", ggate0="STALE"))
    pair = with_mirror(pair, mirror(component("ggate0", "STALE"), component("md0"), state="DEGRADED"))
    assert check("slave-half-stale", pair).holds
    assert check("master-half-active", pair).holds
    assert not check("slave-image-attached", pair).holds


def test_a_slave_that_was_promoted_and_took_the_masters_half_back_is_read_from_its_own_mirror() -> None:
    gate = replace(GATE, host="192.168.1.100", path=PRIMARY)
    both = mirror(component("md0"), component("ggate0", "SYNCHRONIZING", percent=7), state="DEGRADED")
    pair = with_facts(promoted(), B, geom=Geom(mirrors=(both,), mds=(MD_OF_SLAVE,), gates=(gate,)))
    assert check("master-half-synchronizing", pair).holds
    assert check("slave-half-active", pair).holds
    assert check("slave-gate-present", pair).holds


def at(place: str) -> PairSnapshot:
    return with_facts(healthy(), A, mounts=(ROOT, replace(SITES, node=place)))


@pytest.mark.parametrize("place", ["/home/sites", "/usr/home/sites", "/mnt"])
def test_the_mirror_is_in_use_wherever_it_is_mounted(place: str) -> None:
    # mount(8) names the real path of a mount point that is reached by a link, /home on many systems.
    for name in ("master-mounted", "mounted-on-one-node"):
        assert check(name, at(place)).answer is YES, name
    for name in ("nothing-mounted", "master-has-let-go"):
        assert check(name, at(place)).answer is NO, name


def test_a_mirror_that_is_mounted_elsewhere_is_not_served() -> None:
    assert check("master-mounted-through-mirror", at("/usr/home/sites")).answer is YES
    assert check("master-mounted-through-mirror", at("/mnt")).answer is NO


def test_an_image_attached_by_another_path_of_it_is_not_taken_for_free() -> None:
    # mdconfig names the file by its real path: /usr/home/images/half.img where /home is a link.
    other = replace(MD_OF_SLAVE, file=f"/usr{BACKUP}")
    pair = with_facts(healthy(), B, geom=Geom(mds=(other,)))
    assert check("slave-image-attached", pair).answer is UNKNOWN
    assert check("slave-image-free", pair).answer is not YES
    assert "md0" in check("slave-image-attached", pair).why
