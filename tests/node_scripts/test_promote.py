"""promote.sh with stubs for every command: each refusal, and the order in which things are done."""

import re
from pathlib import Path

import pytest

from tests.node_scripts.fake_node import COMPLETE, FakeNode

ESTABLISHED = "tcp4 0 0 192.168.1.100.3080 192.168.1.101.20007 ESTABLISHED\n"
P = "0123456789abcdef - 1795396605 node\n"


@pytest.fixture
def slave(tmp_path: Path) -> FakeNode:
    node = FakeNode(tmp_path / "node", "slave")
    node.serves()
    return node


@pytest.fixture
def master(tmp_path: Path) -> FakeNode:
    node = FakeNode(tmp_path / "node", "master")
    node.has_whole_mirror()
    return node


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_a_slave_stops_serving_attaches_waits_checks_and_mounts_through_the_mirror(
    tmp_path: Path, shell: str
) -> None:
    slave = FakeNode(tmp_path / "node", "slave", shell)
    slave.serves()
    slave.write("files/.mirrorgate/lineage", P)
    slave.write("state/lineage", P)

    ran = slave.run("promote.sh")

    assert ran.status == 0, ran.err
    assert slave.changes == [
        "pkill -x ggated",
        "kldload geom_mirror",
        "mdconfig -a -t vnode -f own.img -u 0",
        "mount -t ufs -o ro dev/mirror/remotemirror state/look",
        "umount state/look",
        "fsck -t ufs -p dev/mirror/remotemirror",
        "mount -t ufs dev/mirror/remotemirror sites",
    ]
    first, second = (slave.stage / "state/lineage").read_text().splitlines()
    assert first + "\n" == P
    assert re.fullmatch(r"[0-9a-f]{16} 0123456789abcdef \d+ node", second)
    assert (slave.stage / "sites/.mirrorgate/lineage").read_text() == f"{first}\n{second}\n"
    assert "is mounted and served" in slave.log


def test_a_pair_without_any_lineage_begins_one(slave: FakeNode) -> None:
    assert slave.run("promote.sh", "-i", "00112233445566aa").status == 0
    lineage = (slave.stage / "state/lineage").read_text()
    assert re.fullmatch(r"00112233445566aa - \d+ node\n", lineage)


def test_the_same_id_again_is_written_once(slave: FakeNode) -> None:
    slave.write("files/.mirrorgate/lineage", P)
    assert slave.run("promote.sh", "-i", "0123456789abcdef").status == 0
    assert (slave.stage / "state/lineage").read_text() == P


@pytest.mark.parametrize(
    ("prepare", "reason", "changes"),
    [
        (
            lambda node: (node.write("peer-answers"), node.write("connections", ESTABLISHED)),
            "it may have it mounted, so nothing is promoted",
            [],
        ),
        (lambda node: node.write("stubborn"), None, None),
        (lambda node: node.fails("mount", "-p"), "mount does not answer", []),
        (lambda node: node.fails("mdconfig", "-lv"), "mdconfig -lv does not answer", []),
        (lambda node: (node.stage / "own.img").unlink(), "own.img is not ", []),
        (lambda node: node.write("dev/mirror/remotemirror"), "runs here on something else", []),
        (
            lambda node: node.write("mounts", f"/dev/md7 {node.stage}/sites ufs rw 2 2\n"),
            "mounted in another way",
            [],
        ),
        (
            lambda node: node.write(
                "units", "".join(f"md{n}\tvnode\t5M\t{node.stage}/own.img\t\n" for n in "03")
            ),
            "is attached twice, as md0 and md3",
            [],
        ),
        (lambda node: node.fails("netstat"), "netstat does not answer", []),
        (
            lambda node: node.fails("kldload"),
            "geom_mirror cannot be loaded",
            ["pkill -x ggated", "kldload geom_mirror"],
        ),
    ],
)
def test_a_slave_refuses_before_anything_is_attached(
    slave: FakeNode, prepare: object, reason: str | None, changes: list[str] | None
) -> None:
    assert callable(prepare)
    prepare(slave)
    ran = slave.run("promote.sh")
    if reason is None:
        # A ggated that ignores TERM gets KILL, and only then is the image attached.
        assert ran.status == 0, ran.err
        assert slave.changes[:4] == ["pkill -x ggated", "pkill -KILL -x ggated", *ATTACHED[1:]]
        return
    assert ran.status == 1
    assert reason in ran.err
    assert reason in slave.log
    assert slave.changes == changes


ATTACHED = ["pkill -x ggated", "kldload geom_mirror", "mdconfig -a -t vnode -f own.img -u 0"]
BACK = ["mdconfig -d -o force -u 0", "ggated "]


@pytest.mark.parametrize(
    ("prepare", "reason", "changes"),
    [
        (
            lambda node: node.write("dump", "  dflags: SYNCHRONIZING\n"),
            "a copy that was never finished",
            BACK,
        ),
        (lambda node: node.write("no-mirror"), "20 s after own.img was attached", BACK),
        (
            lambda node: (node.write("clean", "0\n"), node.write("peer-answers")),
            "it may go on without this half",
            BACK,
        ),
        (
            lambda node: (node.write("state/lineage", P), node.write("files/x")),
            "does not hold promotion 0123456789abcdef",
            ["mount -t ufs -o ro dev/mirror/remotemirror state/look", "umount state/look", *BACK],
        ),
        (
            lambda node: node.write("files/.mirrorgate/lineage", "what is this\n"),
            "does not hold promotion",
            ["mount -t ufs -o ro dev/mirror/remotemirror state/look", "umount state/look", *BACK],
        ),
    ],
)
def test_a_slave_backs_out_when_its_half_must_not_be_served(
    slave: FakeNode, prepare: object, reason: str, changes: list[str]
) -> None:
    assert callable(prepare)
    prepare(slave)
    ran = slave.run("promote.sh")
    assert ran.status == 1
    assert reason in ran.out.replace(f"{slave.stage}/", "")
    assert slave.changes == [*ATTACHED, *changes]


def test_a_half_that_its_dead_peer_had_dropped_is_promoted_by_hand_alone(slave: FakeNode) -> None:
    # Nobody is connected any more, and it was never unmounted: the peer went on without it, for unknown time.
    slave.write("clean", "0\n")
    slave.write("master")
    ran = slave.run("promote.sh", "-v")
    assert ran.status == 1
    assert "had dropped this half: data may be missing" in ran.out
    assert slave.changes == [*ATTACHED, *BACK]
    assert slave.run("promote.sh").status == 0


def test_a_unit_that_is_taken_by_another_file_is_left_alone(slave: FakeNode) -> None:
    slave.fails("mdconfig", "-a")
    ran = slave.run("promote.sh")
    assert ran.status == 1
    assert "could not be attached as md0" in ran.out
    assert slave.changes == [*ATTACHED, "ggated "]


LOOKED = ["mount -t ufs -o ro dev/mirror/remotemirror state/look", "umount state/look"]


@pytest.mark.parametrize(
    ("policy", "status", "checks"),
    [
        ("preen", 1, ["fsck -t ufs -p dev/mirror/remotemirror"]),
        ("yes", 0, ["fsck -t ufs -p dev/mirror/remotemirror", "fsck -t ufs -y dev/mirror/remotemirror"]),
        ("refuse", 1, []),
    ],
)
def test_a_file_system_that_preen_cannot_mend_is_treated_by_policy(
    slave: FakeNode, policy: str, status: int, checks: list[str]
) -> None:
    slave.save_settings(fsck=policy)
    slave.write("preen-fails")
    slave.write("clean", "0\n")
    # The peer died with this half in use.
    slave.write("connections", "tcp4 0 0 192.168.1.100.3080 192.168.1.101.20000 ESTABLISHED\n")
    slave.write("hangs-up")
    ran = slave.run("promote.sh")
    assert ran.status == status
    assert slave.changes == [
        *ATTACHED, *LOOKED, *checks, *(["mount -t ufs dev/mirror/remotemirror sites"] if status == 0 else []),
    ]  # fmt: skip
    assert status == 0 or "nothing mounted" in slave.log


def test_a_lineage_that_cannot_be_written_is_no_promotion(slave: FakeNode) -> None:
    slave.fails("fsync")
    ran = slave.run("promote.sh")
    assert ran.status == 1
    assert slave.changes[-1] == "umount sites"
    assert "unmounted again" in slave.log


def test_a_state_directory_without_room_refuses_first(slave: FakeNode) -> None:
    (slave.stage / "state/room").mkdir()
    ran = slave.run("promote.sh")
    assert ran.status == 1
    assert "cannot be written: nothing done" in ran.err
    assert slave.changes == []


def test_what_is_mounted_already_is_left_alone(slave: FakeNode) -> None:
    slave.write("units", f"md0\tvnode\t  500M\t{slave.stage}/own.img\t\n")
    slave.write("dev/mirror/remotemirror")
    slave.mounted()
    ran = slave.run("promote.sh")
    assert (ran.status, slave.changes) == (0, [])


def test_manual_promotion_refuses_vrrp_and_obeys_an_operator(slave: FakeNode) -> None:
    slave.save_settings(promotion="manual")
    slave.write("master")
    ran = slave.run("promote.sh", "-v")
    assert (ran.status, slave.changes) == (1, [])
    assert "promotion=manual" in slave.log
    assert slave.run("promote.sh").status == 0


def test_vrrp_is_only_believed_while_the_address_is_here(slave: FakeNode) -> None:
    ran = slave.run("promote.sh", "-v")
    assert (ran.status, slave.changes) == (0, [])
    assert "192.168.1.102 is not here any more: nothing done" in slave.log
    slave.write("master")
    assert slave.run("promote.sh", "-v").status == 0


@pytest.mark.parametrize(
    ("beat", "words", "acts"),
    [
        ("fresh", (), False),
        ("fresh", ("-r", "another-run"), False),
        ("fresh", ("-r", "20261123-021140-promote-7f3a"), True),
        ("stale", (), True),
        ("nonsense", (), False),
        ("missing", (), False),
    ],
)
def test_an_operators_lock_holds_the_scripts_back(
    slave: FakeNode, beat: str, words: tuple[str, ...], acts: bool
) -> None:
    import time

    slave.write("state/lock/owner", "run=20261123-021140-promote-7f3a\njob=promote\n")
    beats = {"fresh": str(int(time.time())), "stale": str(int(time.time()) - 120), "nonsense": "soon"}
    if beat in beats:
        slave.write("state/lock/beat", beats[beat])
    ran = slave.run("promote.sh", *words)
    assert ran.status == 0, ran.err
    assert bool(slave.changes) is acts
    assert ("an operator's job holds this node" in slave.log) is not acts


def test_a_master_with_its_whole_mirror_checks_and_mounts_it_and_its_lineage_stays(master: FakeNode) -> None:
    master.write("files/.mirrorgate/lineage", P)
    master.write("state/lineage", P)
    ran = master.run("promote.sh")
    assert ran.status == 0, ran.err
    assert master.changes == [
        "fsck -t ufs -p dev/mirror/remotemirror",
        "mount -t ufs dev/mirror/remotemirror sites",
    ]
    assert (master.stage / "state/lineage").read_text() == P


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (
            lambda node: (node.stage / "dev/mirror/remotemirror").unlink(),
            "this is a fail-back, use the job fail-back",
        ),
        (lambda node: node.write("mirror-list", COMPLETE.replace("COMPLETE", "DEGRADED")), "is not complete"),
        (
            lambda node: node.write("mirror-list", COMPLETE.replace("ACTIVE\n2", "STALE\n2")),
            "is not complete",
        ),
        (lambda node: node.write("mirror-list", COMPLETE.replace("ts: 2", "ts: 1")), "is not complete"),
        (lambda node: node.fails("gmirror", "list"), "is not complete"),
        (lambda node: node.write("gates"), "no gate to /images/peer.img"),
        (lambda node: (node.stage / "runs/ggatec").unlink(), "has no ggatec"),
        (lambda node: node.write("connections"), "is not connected to 192.168.1.101"),
        (lambda node: (node.stage / "peer-answers").unlink(), "does not answer: it may serve newer data"),
    ],
)
def test_a_master_never_fails_back_by_itself(master: FakeNode, prepare: object, reason: str) -> None:
    assert callable(prepare)
    prepare(master)
    ran = master.run("promote.sh")
    assert ran.status == 1
    assert reason in ran.err
    assert "job " in ran.err
    assert master.changes == []


def test_hooks_start_in_order_and_a_failing_one_is_told(master: FakeNode) -> None:
    for name, body in (("20-b", "exit 3"), ("10-a", "exit 0"), ("readme", "exit 0"), ("30-c", "exit 0")):
        master.write(f"hooks/{name}", f'#!/bin/sh\necho "{name} $1" >>{master.stage}/hooked\n{body}\n')
        (master.stage / "hooks" / name).chmod(0o755)
    ran = master.run("promote.sh")
    assert ran.status == 1
    assert (master.stage / "hooked").read_text() == "10-a start\n20-b start\n30-c start\n"
    assert "hook 20-b start failed" in master.log
    assert "is mounted, but a hook failed" in master.log


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("home", "primary", "home is master or slave"),
        ("mount", "home/sites", "is not an absolute path"),
        ("mount", "/", "is no path that can be used"),
        ("image", "/root/../x.img", "is no path that can be used"),
        ("md_unit", "md0", "md0 is not a number"),
        ("md_unit", "", "md_unit is empty or has odd characters"),
        ("peer", "web-b", "web-b is not an IPv4 address"),
        ("peer", "192.168.1.102", "peer is the floating address"),
        ("floating", "1.2.3", "1.2.3 is not an IPv4 address"),
        ("mirror", "../x", "mirror is a name"),
        ("fsck", "maybe", "fsck is preen, yes or refuse"),
        ("promotion", "sometimes", "promotion is auto or manual"),
        ("image", "/x;rm -rf /", "image is empty or has odd characters"),
        ("image", "$(reboot)", "image is empty or has odd characters"),
        ("image", "'/root/my image'", "image is empty or has odd characters"),
        ("colour", "red", "colour is no setting"),
    ],
)
def test_odd_settings_are_refused_and_nothing_is_done(
    slave: FakeNode, name: str, value: str, reason: str
) -> None:
    slave.save_settings(**{name: value})
    ran = slave.run("promote.sh")
    assert ran.status == 1
    assert reason in ran.err
    assert slave.changes == []


def test_settings_that_are_missing_doubled_or_no_assignments_are_refused(slave: FakeNode) -> None:
    text = (slave.stage / "mirrorgate.conf").read_text()
    for broken, reason in (
        (text.replace("hooks=", "# hooks="), "hooks is missing"),
        (text + "fsck=yes\n", "fsck is set twice"),
        (text + "export PATH\n", "not an assignment"),
        (text.replace("slave", "'slave'").replace("fsck=preen", 'fsck="preen"').rstrip("\n"), None),
    ):
        slave.write("mirrorgate.conf", broken)
        ran = slave.run("promote.sh")
        assert (ran.status == 0) is (reason is None), ran.err
        assert reason is None or reason in ran.err
    (slave.stage / "mirrorgate.conf").unlink()
    assert "cannot read" in slave.run("promote.sh").err


def test_arguments_are_words(slave: FakeNode) -> None:
    for words in (("-x",), ("-i", "$(reboot)"), ("-r", "a;b")):
        assert slave.run("promote.sh", *words).status == 1
    assert slave.changes == []
