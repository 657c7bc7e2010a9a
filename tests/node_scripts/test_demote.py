"""demote.sh, serve.sh and the scripts that freevrrpd calls, with stubs for every command."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.node_scripts.fake_node import SOURCE, FakeNode

OWN = "0123456789abcdef - 1795396605 peer\nfedcba9876543210 0123456789abcdef 1795396700 node\n"


@pytest.fixture
def slave(tmp_path: Path) -> FakeNode:
    return FakeNode(tmp_path / "node", "slave")


@pytest.fixture
def master(tmp_path: Path) -> FakeNode:
    node = FakeNode(tmp_path / "node", "master")
    node.has_whole_mirror()
    return node


def promoted(slave: FakeNode) -> None:
    slave.write("units", f"md0\tvnode\t  500M\t{slave.stage}/own.img\t\n")
    slave.write("dev/mirror/remotemirror")
    slave.mounted()


def hook(node: FakeNode, name: str) -> None:
    node.write(f"hooks/{name}", f'#!/bin/sh\necho "hook {name} $1" >>{node.stage}/calls\n')
    (node.stage / "hooks" / name).chmod(0o755)


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_a_master_stops_its_services_unmounts_and_lets_go_in_one_breath(tmp_path: Path, shell: str) -> None:
    master = FakeNode(tmp_path / "node", "master", shell)
    master.has_whole_mirror()
    master.mounted()
    hook(master, "10-mysql")
    hook(master, "20-apache")

    ran = master.run("demote.sh")

    assert ran.status == 0, ran.err
    assert master.changes == [
        "hook 20-apache stop",
        "hook 10-mysql stop",
        "umount sites",
        "gmirror stop remotemirror",
        "mdconfig -d -u 0",
        "ggatec destroy -u 0",
    ]
    assert "nothing of the pair is attached here" in master.log
    assert master.run("demote.sh").status == 0


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_a_slave_unmounts_detaches_under_the_mirror_looks_again_and_only_then_serves(
    tmp_path: Path, shell: str
) -> None:
    slave = FakeNode(tmp_path / "node", "slave", shell)
    promoted(slave)

    ran = slave.run("demote.sh", "-r", "a-run")

    assert ran.status == 0, ran.err
    calls = (slave.stage / "calls").read_text().replace(f"{slave.stage}/", "").splitlines()
    assert slave.changes == ["umount sites", "mdconfig -d -o force -u 0", "ggated "]
    detached, served = calls.index("mdconfig -d -o force -u 0"), calls.index("ggated ")
    assert "sleep 6" in calls[detached:served]
    assert "mdconfig -lv" in calls[calls.index("sleep 6", detached) : served]


@pytest.mark.parametrize("home", ["master", "slave"])
def test_what_cannot_be_unmounted_is_not_given_away(tmp_path: Path, home: str) -> None:
    node = FakeNode(tmp_path / "node", home)
    promoted(node)
    node.fails("umount")
    ran = node.run("demote.sh")
    assert ran.status == 1
    assert node.changes == ["umount sites"] * 5 + ["fstat -f sites"]
    assert "in use: root vim 77 /sites" in node.log
    assert "this node still holds it, nothing is given away" in node.log


def test_a_slave_whose_image_does_not_let_go_serves_nothing(slave: FakeNode) -> None:
    promoted(slave)
    slave.fails("mdconfig", "-d")
    ran = slave.run("demote.sh", "-r", "a-run")
    assert ran.status == 1
    assert slave.changes == ["umount sites", "mdconfig -d -o force -u 0"]
    assert "is still attached: it is not served" in slave.log


def test_a_mirror_that_will_not_stop_keeps_everything_as_it_is(master: FakeNode) -> None:
    master.mounted()
    master.fails("gmirror", "stop")
    ran = master.run("demote.sh")
    assert ran.status == 1
    assert master.changes == ["umount sites", "gmirror stop remotemirror"]


def test_a_master_half_that_came_back_at_once_is_detached_by_force(master: FakeNode) -> None:
    master.mounted()
    master.fails("mdconfig", "-d -u")
    assert master.run("demote.sh").status == 0
    assert master.changes[2:] == ["mdconfig -d -u 0", "mdconfig -d -o force -u 0", "ggatec destroy -u 0"]


def test_what_stays_attached_after_letting_go_is_told(master: FakeNode) -> None:
    master.mounted()
    master.fails("ggatec", "destroy")
    ran = master.run("demote.sh")
    assert ran.status == 1
    assert "ggate0 is still there" in ran.err


def test_a_copy_under_way_without_a_mount_is_left_alone(master: FakeNode) -> None:
    master.write("mirror-status", "mirror/remotemirror  DEGRADED  md0 (SYNCHRONIZING, 6%)\n")
    ran = master.run("demote.sh")
    assert (ran.status, master.changes) == (1, [])


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (
            lambda node: node.write("mounts", f"server:/x {node.stage}/sites nfs rw 0 0\n"),
            "mounted in another way",
        ),
        (lambda node: node.fails("mount", "-p"), "mount does not answer"),
        (lambda node: node.fails("mdconfig", "-lv"), "mdconfig -lv does not answer"),
        (lambda node: (node.stage / "gg.exports").unlink(), "does not list"),
        (lambda node: node.write("gg.exports", "192.168.1.100 RW /another.img\n"), "does not list"),
        (lambda node: node.fails("ggated"), "ggated did not start"),
    ],
)
def test_a_slave_that_is_not_sure_serves_nothing(slave: FakeNode, prepare: object, reason: str) -> None:
    assert callable(prepare)
    prepare(slave)
    ran = slave.run("demote.sh")
    assert ran.status == 1
    assert reason in ran.err
    assert not (slave.stage / "runs/ggated").exists()


def test_an_ordinary_file_s_own_image_that_is_attached_is_never_served(slave: FakeNode) -> None:
    slave.write("units", f"md3\tvnode\t  500M\t{slave.stage}/own.img\t\n")
    ran = slave.run("serve.sh")
    assert ran.status == 1
    assert "is attached as md3: it is not served" in ran.err
    assert slave.changes == []


def test_a_node_that_holds_nothing_serves_as_slave_and_does_nothing_as_master(tmp_path: Path) -> None:
    slave, master = FakeNode(tmp_path / "s", "slave"), FakeNode(tmp_path / "m", "master")
    assert slave.run("demote.sh").status == master.run("demote.sh").status == 0
    assert (slave.changes, master.changes) == (["ggated "], [])
    assert slave.run("demote.sh").status == 0
    assert slave.changes == ["ggated "]
    assert master.run("serve.sh").status == 0
    assert "the job fail-back" in master.log


def test_data_that_only_this_slave_has_is_served_by_a_job_alone(slave: FakeNode) -> None:
    slave.write("state/lineage", OWN)
    ran = slave.run("serve.sh")
    assert ran.status == 1
    assert "newer data than its peer has" in ran.err
    assert slave.run("serve.sh", "-r", "20261123-fail-back").status == 0
    assert slave.changes == ["ggated "]


def test_data_that_this_slave_promoted_under_another_name_is_not_served_either(slave: FakeNode) -> None:
    slave.write("state/lineage", OWN.replace(" node", " web-b"))
    slave.write("state/promoted", "fedcba9876543210\n")
    assert "newer data than its peer has" in slave.run("serve.sh").err
    slave.write("state/promoted", "0123456789abcdef\n")
    assert slave.run("serve.sh").status == 0


def test_a_lineage_that_makes_no_sense_is_not_served(slave: FakeNode) -> None:
    slave.write("state/lineage", "half a li")
    assert "makes no sense" in slave.run("serve.sh").err
    assert slave.changes == []


def test_a_backup_that_is_master_a_moment_later_lets_go_of_nothing(master: FakeNode) -> None:
    master.mounted()
    master.write("master")
    ran = master.run("demote.sh", "-v")
    assert (ran.status, master.changes) == (0, [])
    assert "is here again: nothing done" in master.log


def test_a_backup_waits_longer_than_an_election_before_it_lets_go(master: FakeNode) -> None:
    master.mounted()
    assert master.run("demote.sh", "-v").status == 0
    calls = (master.stage / "calls").read_text()
    assert calls[: calls.index("lockf")].count("sleep 1\n") >= 6


def test_a_call_from_before_a_promotion_does_not_undo_it(slave: FakeNode) -> None:
    # The operator promotes while the call of freevrrpd waits for the election to settle.
    row = f"{slave.stage}/dev/mirror/remotemirror {slave.stage}/sites ufs"
    slave.write("bin/sleep", f"#!/bin/sh\necho '{row}' >{slave.stage}/mounts\n")
    ran = slave.run("demote.sh", "-v")
    assert (ran.status, slave.changes) == (0, [])
    assert "was promoted since freevrrpd called: nothing done" in slave.log


def test_an_operators_job_lets_go_itself(master: FakeNode) -> None:
    master.mounted()
    master.write("state/lock/owner", f"run=r1\nsince={int(time.time())}\n")
    assert (master.run("demote.sh").status, master.changes) == (0, [])
    assert master.run("demote.sh", "-r", "r1").status == 0
    assert "umount sites" in master.changes


@pytest.mark.parametrize(
    ("script", "work"), [("master_script.sh", "promote"), ("backup_script.sh", "demote")]
)
def test_what_freevrrpd_calls_returns_at_once_and_the_work_goes_on(
    slave: FakeNode, script: str, work: str
) -> None:
    sleeping = slave.stage / f"scripts/{work}.sh"
    sleeping.write_text(f'#!/bin/sh\n/bin/sleep 2\necho "$*" >{slave.stage}/worked\n')
    ran = slave.run(script)
    assert ran.status == 0
    assert ran.seconds < 1.0
    assert f"daemon -cf scripts/{work}.sh -v" in (slave.stage / "calls").read_text().replace(
        f"{slave.stage}/", ""
    )
    assert "VRRP: this node is" in slave.log


@pytest.mark.parametrize("script", ["master_script.sh", "backup_script.sh"])
def test_work_that_cannot_be_started_is_told(slave: FakeNode, script: str) -> None:
    slave.fails("daemon")
    assert slave.run(script).status == 1
    assert "could not be started" in slave.log


def test_two_scripts_take_turns(slave: FakeNode) -> None:
    slave.write("bin/lockf", "#!/bin/sh\nexit 75\n")
    ran = slave.run("promote.sh")
    assert ran.status == 1
    assert "another script of mirrorgate has been at work for 300 s" in ran.err
    assert slave.changes == []


@pytest.mark.parametrize("name", ["mirrorgate", "hooks/10-mysql", "hooks/20-apache", "hooks/30-nfs"])
def test_what_is_not_named_sh_is_clean_shell_too(name: str) -> None:
    program = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        pytest.skip("no shellcheck on this machine")
    done = subprocess.run(
        [program, "-s", "sh", str(SOURCE / name)], capture_output=True, text=True, check=False
    )
    assert done.stdout == ""


def test_the_sample_is_accepted_as_it_is(slave: FakeNode) -> None:
    sample = (SOURCE / "mirrorgate.conf.sample").read_text()
    slave.write("mirrorgate.conf", sample)
    ran = slave.run("serve.sh")
    assert ran.status == 0, ran.err
