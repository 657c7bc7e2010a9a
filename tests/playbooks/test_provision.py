"""provision: from bare nodes, on half-built pairs, and on everything that might hold data."""

import time
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from console.model.facts import (
    DiskUse,
    Exports,
    Geom,
    ImageFile,
    Mount,
    NodeFacts,
    Socket,
    VrrpConf,
)
from console.model.lineage import Lineage
from console.model.plan import Command, Risk, WriteFile
from console.model.snapshot import PairSnapshot
from console.model.words import Home
from playbooks import provision
from playbooks.provisioning.answers import ProvisionAnswers, defaults
from tests.health.building import (
    BACKUP,
    GATE,
    MD,
    MD_OF_SLAVE,
    PRIMARY,
    ROOT,
    SITES,
    SIZE,
    component,
    facts,
    healthy,
    interfaces,
    lineage,
    losing,
    mirror,
    section,
    with_facts,
)
from tests.playbooks.planning import MARK, ids, in_order, lines, plan, refused

STORAGE = """
image-slave image-master modules-slave boot-slave modules-master boot-master serve-image make-gate label
attach-md-master insert first-copy first-copy-done newfs
"""
END = """
to-be-mounted-master to-be-mounted-slave lineage-slave lineage-master mount-master lineage-in-mount-master
in-use-master in-use-slave start-vrrp-master address-on-master boot-vrrp-slave
start-vrrp-slave verify-master-serves verify
"""
WHOLE = f"{SIZE >> 20}m"
BARE_GEOM = Geom(mirror_loaded=False, gate_loaded=False)


def bare() -> PairSnapshot:
    """Two nodes with addresses and nothing of a pair."""
    pair = healthy()
    free = (DiskUse("/dev/gpt/rootfs", "/", 3_044_988, 121_632, 2_679_760, 4),)

    def node(address: str, image: str) -> NodeFacts:
        return facts(
            host=pair.master.facts.host.value,
            geom=BARE_GEOM,
            mounts=(ROOT,),
            interfaces=interfaces(address, floating=False)[:2],
            processes=(),
            vrrplog=None,
            messages=(),
            modules=("kernel",),
            sockets=(),
            vrrpconf=VrrpConf(),
            exports=Exports(),
            files=(),
            images=(ImageFile(image),),
            df=free,
            metadata=(),
            clock_offset=0.0,
            lineage=Lineage(),
            lock=None,
        )

    return replace(
        pair,
        master=replace(pair.master, facts=node("192.168.1.100", PRIMARY)),
        slave=replace(pair.slave, facts=node("192.168.1.101", BACKUP)),
    )


def half_built() -> PairSnapshot:
    """Stopped after the first copy: a complete mirror, nothing mounted, no VRRP."""
    pair = bare()
    geom = Geom(mirrors=(mirror(),), gates=(GATE,), mds=(MD,))
    pair = with_facts(pair, Home.MASTER, geom=geom, images=(ImageFile(PRIMARY, SIZE, SIZE),))
    return with_facts(
        pair, Home.SLAVE, images=(ImageFile(BACKUP, SIZE, SIZE),), exports=healthy().slave.facts.exports.value
    )


def test_a_bare_pair_is_built_in_the_order_that_worked_on_a_real_one() -> None:
    made = plan("provision", bare())
    order = ids(made)
    assert order[: len(STORAGE.split())] == STORAGE.split()
    assert order[-len(END.split()) :] == END.split()
    between = order[len(STORAGE.split()) : -len(END.split())]
    assert all(id.startswith(("file-", "directories-")) for id in between)
    assert in_order(made, "newfs", "file-master-1", "file-slave-1", "mount-master", "start-vrrp-master")


def test_the_commands_are_those_of_the_transcript() -> None:
    made = plan("provision", bare(), size="48m")
    assert 'truncate -s "$want" "$image" || exit 1' in lines(made.step("image-slave"))
    assert "ggatec create -t 10 -u 0 192.168.1.101 /root/images/sitesbackup.img" in "\n".join(
        lines(made.step("make-gate"))
    )
    assert 'gmirror label -n -b prefer "$mirror" "$dev" || exit 1' in lines(made.step("label"))
    assert 'mdconfig -a -t vnode -f "$image" -u 0' in lines(made.step("attach-md-master"))
    assert any(line.startswith('gmirror insert -h -p 100 "$mirror"') for line in lines(made.step("insert")))
    assert any(line.startswith('gmirror rebuild "$mirror"') for line in lines(made.step("first-copy")))
    assert 'newfs -U "$dev"' in lines(made.step("newfs"))
    assert "192.168.1.100 RW /root/images/sitesbackup.img" in "\n".join(lines(made.step("serve-image")))


def test_what_destroys_names_its_target_and_everything_else_only_changes() -> None:
    made = plan("provision", bare())
    destroying = {step.id: step.confirm for step in made.steps if step.risk is Risk.DESTROYS}
    assert destroying == {"first-copy": "web-a:md0", "newfs": "web-a:mirror/remotemirror"}
    assert made.step("first-copy").shows_direction
    assert made.direction is not None
    assert made.direction.source.size == made.direction.target.size == 500 << 20


@pytest.mark.parametrize("id", ["label", "insert", "attach-md-master", "newfs"])
def test_nothing_is_written_over_before_the_node_itself_has_looked(id: str) -> None:
    text = "\n".join(lines(plan("provision", bare()).step(id)))
    writes = next(w for w in ("gmirror label", "gmirror insert", "mdconfig -a", "newfs -U") if w in text)
    assert "sha256" in text.split(writes)[0]
    assert "|| fail" in " ".join(text.split(writes)[0].split()) or "||\n\tfail" in text.split(writes)[0]


def test_preallocation_writes_every_block_and_gives_it_time() -> None:
    step = plan("provision", bare(), size="500m", preallocate=True).step("image-master")
    assert any("count=500" in line for line in lines(step))
    assert step.timeout >= 100


def test_both_nodes_get_one_vrrp_group_with_the_password_as_a_placeholder() -> None:
    written = [
        step.action
        for step in plan("provision", bare()).steps
        if isinstance(step.action, WriteFile) and step.action.path.endswith("freevrrpd.conf")
    ]
    assert [action.mode for action in written] == ["0600", "0600"]
    first, second = (action.content for action in written)
    assert "password = @SECRET:vrrp-password@" in first
    assert [line for line in first.splitlines() if line not in second.splitlines()] == ["priority = 200"]
    assert "priority = 150" in second


def test_settings_name_the_other_node_by_its_own_address() -> None:
    files = provision.files(bare(), ProvisionAnswers.model_validate({"mark": MARK}))
    assert "peer=192.168.1.101\n" in files["web-a"]["/usr/local/etc/mirrorgate.conf"]
    assert "peer=192.168.1.100\n" in files["web-b"]["/usr/local/etc/mirrorgate.conf"]
    assert "home=slave\n" in files["web-b"]["/usr/local/etc/mirrorgate.conf"]


def test_files_only_shows_every_file_of_both_nodes_and_no_secret() -> None:
    files = provision.files(bare(), ProvisionAnswers.model_validate({"mark": MARK}))
    assert set(files) == {"web-a", "web-b"}
    assert files["web-b"]["/etc/gg.exports"] == f"192.168.1.100 RW {BACKUP}\n"
    assert 'freevrrpd_enable="YES"\n' in files["web-b"]["/etc/rc.conf"]
    # After a reboot its half may be the older one: the home master takes no address by itself.
    assert "freevrrpd_enable" not in files["web-a"]["/etc/rc.conf"]
    assert "@SECRET:vrrp-password@" in files["web-a"]["/usr/local/etc/freevrrpd.conf"]
    assert files["web-a"]["/usr/local/libexec/mirrorgate/promote.sh"].startswith("#!/bin/sh")
    modes = provision.modes(bare(), ProvisionAnswers.model_validate({"mark": MARK}))
    assert modes["web-a"]["/usr/local/etc/freevrrpd.conf"] == "0600"
    assert modes["web-a"]["/usr/local/bin/master_script.sh"] == "0755"


def test_a_half_built_pair_gets_the_same_plan_and_guards_that_let_its_done_steps_pass() -> None:
    made = plan("provision", half_built(), size=WHOLE)
    assert ids(made)[: len(STORAGE.split())] == STORAGE.split()
    for id in ("label", "attach-md-master", "insert", "first-copy"):
        assert not {"not master-image-attached", "not master-mounted"} & set(made.step(id).guards)


def test_a_pair_that_serves_is_never_given_a_new_file_system() -> None:
    made = plan("provision", healthy(), size=WHOLE)
    assert "newfs" not in ids(made)
    assert "lineage-master" not in ids(made)


OTHER_MIRROR = mirror(component("ada1", device="ada1", device_class="DISK"), state="COMPLETE", expected=1)
ALONE = mirror(component("md0"), state="DEGRADED")
STALE = mirror(component("ggate0"), component("md0", "STALE"), state="DEGRADED")


@pytest.mark.parametrize(
    ("home", "changed", "said"),
    [
        (Home.SLAVE, {"mounts": (ROOT, SITES)}, "fail-back"),
        (Home.SLAVE, {"geom": Geom(mirrors=(ALONE,), mds=(MD_OF_SLAVE,))}, "fail-back"),
        (Home.SLAVE, {"geom": Geom(mds=(MD_OF_SLAVE,))}, "attached as md0"),
        (Home.MASTER, {"mounts": (ROOT, Mount("/dev/ada1p1", "/home/sites", "ufs", ("rw",)))}, "/dev/ada1p1"),
        (Home.MASTER, {"geom": Geom(mirrors=(OTHER_MIRROR,))}, "neither image of this pair"),
        (Home.MASTER, {"geom": Geom(mirrors=(ALONE,), mds=(MD,)), "mounts": (ROOT, SITES)}, "recover-slave"),
        (Home.MASTER, {"geom": Geom(mirrors=(ALONE,), mds=(MD,)), "lineage": lineage("a")}, "has a lineage"),
        (
            Home.MASTER,
            {"geom": Geom(mirrors=(STALE,), mds=(MD,), gates=(GATE,)), "mounts": (ROOT, SITES)},
            "fail-back",
        ),
        (Home.MASTER, {"lineage": lineage("a")}, "has a lineage"),
        (Home.MASTER, {"images": (ImageFile(PRIMARY, 4711, 4711),)}, "has 4711 bytes"),
        (Home.MASTER, {"geom": Geom(gates=(replace(GATE, path="/other.img"),))}, "gate_unit"),
        (Home.MASTER, {"vrrpconf": VrrpConf((section(serverid=9, addr=("10.0.0.9/32",)),))}, "serverid 9"),
        (Home.SLAVE, {"exports": Exports(bad=((3, "x", "too few words"),))}, "line 3"),
        (Home.SLAVE, {"sockets": (Socket("nginx", 9, "*:3080", "*:*"),)}, "nginx"),
        (Home.MASTER, {"interfaces": interfaces("192.168.1.100", floating=False)[1:2]}, "vtnet1"),
    ],
)
def test_what_holds_data_or_stands_in_the_way_is_refused(
    home: Home, changed: dict[str, Any], said: str
) -> None:
    assert said in refused("provision", with_facts(bare(), home, **changed))


def test_half_built_images_are_begun_anew_only_where_they_are_not_one_mirror() -> None:
    anew = {"start-over-master", "start-over-slave"}
    assert not anew & {*ids(plan("provision", bare())), *ids(plan("provision", half_built(), size=WHOLE))}
    lost = with_facts(half_built(), Home.MASTER, geom=Geom(mirrors=(ALONE,), mds=(MD,)))
    for pair in (lost, with_facts(half_built(), Home.MASTER, geom=Geom())):
        made = plan("provision", pair, size=WHOLE)
        assert ids(made)[:2] == ["start-over-master", "start-over-slave"]
        assert made.step("start-over-slave").confirm == f"web-b:{BACKUP}"
        assert "not master-gate-present" in made.step("start-over-slave").guards


def test_the_slave_takes_part_in_vrrp_at_boot_only_once_the_master_serves() -> None:
    made = plan("provision", bare())
    commands = {step.id: step.action.text for step in made.steps if isinstance(step.action, Command)}
    assert [id for id, text in commands.items() if "freevrrpd_enable" in text] == ["boot-vrrp-slave"]
    assert "master-holds-address" in made.step("boot-vrrp-slave").guards


def test_the_history_begins_before_the_mount_and_what_one_node_has_of_it_is_kept() -> None:
    assert in_order(plan("provision", bare()), "lineage-slave", "lineage-master", "mount-master")
    begun = with_facts(bare(), Home.SLAVE, lineage=lineage("a"))
    geom = Geom(mirrors=(mirror(),), gates=(GATE,), mds=(MD,))
    made = plan("provision", with_facts(begun, Home.MASTER, geom=geom), size=WHOLE)
    action = made.step("lineage-master").action
    assert isinstance(action, WriteFile)
    assert action.content.startswith("a" * 16)


def test_without_a_look_at_storage_nothing_is_planned() -> None:
    assert "geom-answers" in refused("provision", losing(bare(), Home.SLAVE, "geom"))
    assert "mounts of web-a" in refused("provision", losing(bare(), Home.MASTER, "mounts"))


def test_a_preallocated_image_that_does_not_fit_is_refused_and_a_sparse_one_warned_of() -> None:
    assert "MiB free" in refused("provision", bare(), size="5g", preallocate=True)
    assert any("sparse" in line for line in plan("provision", bare(), size="5g").unchecked)


@pytest.mark.parametrize(
    "answers",
    [
        {"size": "500"},
        {"size": "1m"},
        {"priority_master": 255},
        {"priority_master": 100, "priority_slave": 150},
        {"gate_timeout": 0},
        {"interface_master": "vtnet1; reboot"},
    ],
)
def test_answers_that_cannot_be_are_refused_before_planning(answers: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ProvisionAnswers.model_validate(answers)


def test_defaults_come_from_the_nodes() -> None:
    pair = with_facts(half_built(), Home.MASTER, interfaces=interfaces("192.168.1.100", floating=False))
    assert defaults(pair) == {"size": "48m", "interface_master": "vtnet1", "interface_slave": "vtnet1"}


def test_the_largest_plan_is_made_in_less_than_50_ms() -> None:
    answers, pair = ProvisionAnswers.model_validate({"mark": MARK}), bare()
    provision.plan(pair, answers)
    took: list[float] = []
    for _ in range(5):
        began = time.process_time()
        provision.plan(pair, answers)
        took.append(time.process_time() - began)
    assert min(took) < 0.05
