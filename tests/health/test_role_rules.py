"""Roles, addresses, hand-over and clocks: every rule fires on its case and is quiet on its neighbour."""

import pytest

from console.health.findings import findings
from console.model.facts import (
    Interface,
    Process,
    VrrpConf,
)
from console.model.snapshot import LinkState
from console.model.words import Severity
from tests.health.building import (
    every_second,
    healthy,
    ids,
    interfaces,
    losing,
    promoted,
    section,
    vrrp_log,
    with_facts,
    with_link,
    with_messages,
    with_processes,
    without,
)
from tests.health.cases import (
    A,
    B,
    C,
    Firing,
    Make,
    N,
    Quiet,
    U,
    W,
    both_mounted,
    conf,
    fires,
    found,
    master_not_mounted,
    named,
    two_masters,
    vrrp_says,
)

FIRING: list[Firing] = [
    ("P28", C, lambda: conf(B, serverid=2, priority=150)),
    ("R17", C, two_masters),
    ("R17", C, lambda: with_facts(healthy(), B, interfaces=interfaces("192.168.1.101", floating=True))),
    ("R18", C, lambda: with_facts(healthy(), A, interfaces=interfaces("192.168.1.100", floating=False))),
    (
        "R18",
        C,
        lambda: with_facts(healthy(), B, interfaces=(Interface("vtnet1", up=True, status="no carrier"),)),
    ),
    ("R16", C, lambda: with_facts(healthy(), A, interfaces=interfaces("192.168.1.100", floating=False))),
    ("R16", C, lambda: with_facts(healthy(), B, interfaces=interfaces("192.168.1.101", floating=True))),
    (
        "P29",
        C,
        lambda: with_facts(
            healthy(), A, vrrpconf=VrrpConf((), ("serverid",), (), "cannot see [VRID] section")
        ),
    ),
    (
        "P29",
        C,
        lambda: without(vrrp_says(B, "configuration file error ! cannot see [VRID] section"), B, "freevrrpd"),
    ),
    ("P29", N, lambda: with_facts(healthy(), A, vrrpconf=VrrpConf((section(),), (), ("useVMAC",)))),
    ("P31", W, lambda: conf(A, priority=255)),
    ("P31", W, lambda: with_facts(promoted(), A, vrrpconf=VrrpConf((section(),)))),
    ("P31", N, lambda: conf(B, priority=200)),
    ("P32", W, lambda: without(healthy(), A, "freevrrpd")),
    ("P32", C, lambda: without(two_masters(), A, "freevrrpd")),
    ("P33", C, lambda: vrrp_says(A, "[master] cannot execute script /x", pair=master_not_mounted())),
    ("P34", C, lambda: conf(B, password_check="1", priority=150)),
    ("P34", W, lambda: conf(B, addr=("192.168.1.103/32", "192.168.1.102/32"), priority=150)),
    (
        "P34",
        C,
        lambda: vrrp_says(
            B,
            "authentification incorrect in a received vrrp packet. Packet is discarded !",
            pair=two_masters(),
        ),
    ),
    ("P35", W, lambda: with_facts(healthy(), A, modules=("kernel", "carp.ko"))),
    ("P35", C, lambda: with_facts(two_masters(), A, modules=("kernel", "if_carp.ko"))),
    (
        "P36",
        C,
        lambda: vrrp_says(B, "vrid [1] Cannot reach the correct state, disabled: Interrupted system call"),
    ),
    ("P36", C, lambda: vrrp_says(B, "interface vtnet1 is faulty, deactivated from VRRP VRIDs")),
    ("P36", C, lambda: vrrp_says(B, "cannot reactivate interface vtnet1, too much errors on it !")),
    ("P36", C, lambda: without(healthy(), B, "freevrrpd")),
    ("P38", C, both_mounted),
    ("P38", U, lambda: with_link(healthy(), B, LinkState.LOST, "connection reset")),
    ("P39", C, lambda: with_facts(healthy(), A, vrrplog=vrrp_log(2097, "master", "backup"))),
    (
        "P40",
        C,
        lambda: with_messages(
            master_not_mounted(), A, "R/W mount of /home/sites denied. Filesystem is not clean - run fsck."
        ),
    ),
    ("P40", N, lambda: with_messages(healthy(), A, "WARNING: /home/sites was not properly dismounted")),
    ("P43", U, lambda: with_link(healthy(), A, LinkState.SILENT, "no answer")),
    ("P43a", W, lambda: with_facts(healthy(), B, clock_offset=-10_800.0)),
    ("P43a", N, lambda: with_facts(with_facts(healthy(), B, clock_offset=600.0), A, clock_offset=600.2)),
]

QUIET: list[Quiet] = [
    ("P28", lambda: losing(conf(B, serverid=2), B, "vrrpconf")),
    (
        "P29",
        lambda: vrrp_says(
            B, "configuration file error ! cannot see [VRID] section", "server state vrid 1: backup"
        ),
    ),
    (
        "P30",
        lambda: with_processes(
            healthy(), A, Process(2200, 2097, "S", "sh -c /usr/local/bin/master_script.sh")
        ),
    ),
    ("P31", lambda: conf(A, priority=254)),
    ("P33", healthy),
    (
        "P34",
        lambda: vrrp_says(
            B,
            "authentification incorrect in a received vrrp packet. Packet is discarded !",
            "server state vrid 1: backup",
        ),
    ),
    ("P35", lambda: without(with_facts(healthy(), A, modules=("carp.ko",)), A, "freevrrpd")),
    (
        "P36",
        lambda: vrrp_says(
            B,
            "interface vtnet1 is faulty, deactivated from VRRP VRIDs",
            "interface vtnet1 is alive again, reactivate it on VRRP",
            "server state vrid 1: backup",
        ),
    ),
    ("P38", promoted),
    ("P39", promoted),
    (
        "P40",
        lambda: with_messages(
            healthy(), A, "R/W mount of /home/sites denied. Filesystem is not clean - run fsck."
        ),
    ),
    ("P43a", lambda: with_facts(healthy(), B, clock_offset=1.4)),
    ("R16", lambda: losing(healthy(), A, "interfaces")),
    ("R17", lambda: losing(losing(two_masters(), B, "vrrplog"), B, "interfaces")),
    ("R18", lambda: with_facts(healthy(), B, interfaces=(Interface("em7", up=True, status="no carrier"),))),
    ("R18", lambda: losing(with_facts(healthy(), A, interfaces=()), B, "interfaces")),
]


@pytest.mark.parametrize(("id", "expected", "make"), FIRING, ids=named(FIRING))
def test_a_rule_fires_on_its_case(id: str, expected: Severity, make: Make) -> None:
    fires(id, expected, make())


@pytest.mark.parametrize(("id", "make"), QUIET, ids=named(QUIET))
def test_a_rule_is_quiet_on_its_neighbour(id: str, make: Make) -> None:
    assert id not in ids(found(make())), found(make())


def test_a_script_that_lasts_is_found_after_two_seconds() -> None:
    slow = with_processes(healthy(), A, Process(2200, 2097, "S", "sh -c /usr/local/bin/master_script.sh"))
    pair, past = every_second(slow, slow, slow, slow)
    assert [f.severity for f in findings(pair, past) if f.id == "P30"] == [C]
    pair, past = every_second(slow, slow, healthy(), slow)
    assert "P30" not in ids(findings(pair, past))


def test_a_master_without_data_at_first_sight_is_critical() -> None:
    pair = master_not_mounted()
    assert [f.severity for f in found(pair) if f.id == "P33"] == [C]


def test_a_new_master_gets_time_to_mount() -> None:
    backup = with_facts(master_not_mounted(), A, vrrplog=vrrp_log(2097, "backup"))
    pair, past = every_second(backup, master_not_mounted(), master_not_mounted())
    assert [f.severity for f in findings(pair, past) if f.id == "P33"] == [W]
    pair, past = every_second(backup, *[master_not_mounted()] * 25)
    assert [f.severity for f in findings(pair, past) if f.id == "P33"] == [C]


def test_roles_that_flap_are_found() -> None:
    states = [with_facts(healthy(), A, vrrplog=vrrp_log(2097, s)) for s in ("backup", "master") * 3]
    pair, past = every_second(*states)
    assert "P37" in ids(findings(pair, past))


def test_the_secret_of_vrrp_is_in_no_finding() -> None:
    pair = with_facts(two_masters(), B, vrrpconf=VrrpConf((section(password_check="77", serverid=3),)))
    assert "77" not in str(found(pair))
