"""The four truths of a node, each from its own facts."""

from dataclasses import replace

import pytest

from console.health.truths import truths
from console.model.facts import Carp, Host, Inet, Interface, LogLine, Mount, Process, VrrpConf, VrrpLog
from console.model.snapshot import PairSnapshot, Truths
from console.model.words import Answer, Home, Role
from tests.health.building import (
    FLOATING,
    LINE,
    NOW,
    ROOT,
    healthy,
    log,
    losing,
    section,
    with_facts,
    with_processes,
    without,
)

A = Home.MASTER


def of_a(pair: PairSnapshot) -> Truths:
    return truths(pair.master, pair.config, pair.slave)


def said(*texts: str, pid: int | None = 2097) -> PairSnapshot:
    return with_facts(healthy(), A, vrrplog=VrrpLog(lines=tuple(log(t, "freevrrpd", pid) for t in texts)))


BACKUP_LINE, MASTER_LINE = "server state vrid 1: backup", "server state vrid 1: master"
FAULTY, ALIVE = (
    "interface vtnet1 is faulty, deactivated from VRRP VRIDs",
    "interface vtnet1 is alive again, reactivate it on VRRP",
)


@pytest.mark.parametrize(
    ("texts", "role"),
    [
        ((BACKUP_LINE,), Role.BACKUP),
        ((BACKUP_LINE, MASTER_LINE), Role.MASTER),
        ((MASTER_LINE, BACKUP_LINE), Role.BACKUP),
        ((MASTER_LINE, "server state vrid 2: backup"), Role.MASTER),
        (("server state vrid 1: initialize",), Role.INITIALIZE),
        (("server state vrid 1: dancing",), Role.UNKNOWN),
        (
            (MASTER_LINE, "vrid [1] Cannot reach the correct state, disabled: Interrupted system call"),
            Role.DISABLED,
        ),
        (
            (MASTER_LINE, "vrid [7] Cannot reach the correct state, disabled: Interrupted system call"),
            Role.MASTER,
        ),
        ((MASTER_LINE, FAULTY), Role.DISABLED),
        ((MASTER_LINE, FAULTY.replace("vtnet1", "em7")), Role.MASTER),
        ((MASTER_LINE, FAULTY, ALIVE), Role.UNKNOWN),
        ((MASTER_LINE, FAULTY, ALIVE, BACKUP_LINE), Role.BACKUP),
        ((MASTER_LINE, "cannot reactivate interface vtnet1, too much errors on it !"), Role.DISABLED),
        ((MASTER_LINE, "initializing threads and all VRID"), Role.UNKNOWN),
        ((), Role.UNKNOWN),
    ],
)
def test_the_role_is_what_the_running_daemon_said_last(texts: tuple[str, ...], role: Role) -> None:
    assert of_a(said(*texts)).role is role


def test_a_state_of_a_dead_daemon_does_not_count() -> None:
    assert of_a(said(MASTER_LINE, pid=999)).role is Role.UNKNOWN


def test_a_state_from_before_the_boot_does_not_count_even_when_the_pid_is_the_same() -> None:
    pair = with_facts(said(MASTER_LINE), A, host=Host("nodea", "13.2-RELEASE", int(NOW) + 2 * 86_400))
    assert of_a(pair).role is Role.UNKNOWN


def test_a_stamp_with_its_time_zone_is_compared_exactly() -> None:
    line = LogLine("2026-11-23T01:50:08.1+01:00", "freevrrpd", MASTER_LINE, 2097)
    booted = 1_795_395_008  # 00:50:08 UTC of that day
    for boottime, role in ((booted - 60, Role.MASTER), (booted + 60, Role.UNKNOWN)):
        pair = with_facts(healthy(), A, vrrplog=VrrpLog(lines=(line,)), host=Host("nodea", None, boottime))
        assert of_a(pair).role is role


def test_without_a_process_the_role_is_stopped() -> None:
    assert of_a(without(healthy(), A, "freevrrpd")).role is Role.STOPPED


def test_a_child_shell_or_a_grep_is_no_daemon() -> None:
    pair = with_processes(without(healthy(), A, "freevrrpd"), A, Process(9, 1, "S", "grep freevrrpd"))
    assert of_a(pair).role is Role.STOPPED


def test_a_state_that_left_the_end_of_the_log_still_counts() -> None:
    noise = tuple(
        log("authentification incorrect in a received vrrp packet.", "freevrrpd", 2097) for _ in range(3)
    )
    pair = with_facts(healthy(), A, vrrplog=VrrpLog(states=((1, "backup", LINE),), lines=noise))
    assert of_a(pair).role is Role.BACKUP


def test_the_configured_group_is_the_one_that_counts() -> None:
    pair = with_facts(said("server state vrid 2: backup"), A, vrrpconf=VrrpConf((section(serverid=2),)))
    assert of_a(pair).role is Role.BACKUP


def test_without_a_readable_configuration_the_only_group_in_the_log_counts() -> None:
    lines = (log("server state vrid 2: backup", "freevrrpd", 2097),)
    pair = with_facts(healthy(), A, vrrplog=VrrpLog(((2, "backup", LINE),), lines))
    assert of_a(losing(pair, A, "vrrpconf", "Permission denied")).role is Role.BACKUP


@pytest.mark.parametrize("state", ["MASTER", "BACKUP", "INIT"])
def test_carp_tells_the_role_where_no_freevrrpd_runs(state: str) -> None:
    face = Interface("vtnet1", up=True, inet=(Inet(FLOATING, vhid=3),), carp=(Carp(state, 3, 1, 0),))
    pair = with_facts(without(healthy(), A, "freevrrpd"), A, interfaces=(face,))
    truth = of_a(pair)
    assert truth.role is (Role.INITIALIZE if state == "INIT" else Role(state))
    # CARP keeps the address configured in every state: only the master answers on it.
    assert truth.address is (Answer.YES if state == "MASTER" else Answer.NO)


@pytest.mark.parametrize("section_name", ["processes", "vrrplog"])
def test_a_role_without_its_facts_is_unknown(section_name: str) -> None:
    assert of_a(losing(healthy(), A, section_name)).role is Role.UNKNOWN


def test_address_mirror_and_mount_are_read_from_their_own_facts_only() -> None:
    truth = of_a(healthy())
    assert (truth.role, truth.address, truth.address_on) == (Role.MASTER, Answer.YES, "ngeth0")
    assert truth.mirror_known
    assert truth.mounted is Answer.YES
    bare = with_facts(healthy(), A, interfaces=(), mounts=(ROOT,))
    assert of_a(bare).role is Role.MASTER
    assert of_a(bare).address is Answer.NO
    assert of_a(bare).mounted is Answer.NO
    for name, field in (("interfaces", "address"), ("mounts", "mounted")):
        assert getattr(of_a(losing(healthy(), A, name)), field) is Answer.UNKNOWN
    assert not of_a(losing(healthy(), A, "geom")).mirror_known


def test_an_address_on_an_interface_that_is_down_is_not_held() -> None:
    face = Interface("ngeth0", up=False, inet=(Inet(FLOATING),))
    assert of_a(with_facts(healthy(), A, interfaces=(face,))).address is Answer.NO


def test_a_trailing_slash_does_not_hide_a_mount() -> None:
    mount = Mount("/dev/mirror/remotemirror", "/home/sites/", "ufs", ("rw",))
    assert of_a(with_facts(healthy(), A, mounts=(mount,))).mounted is Answer.YES


def test_the_peer_changes_nothing() -> None:
    pair = healthy()
    other = replace(pair, slave=losing(pair, Home.SLAVE, "mounts").slave)
    assert of_a(pair) == of_a(other)
