"""freevrrpd in the lab: who is master, whose scripts run, and what the logs say."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

import pytest

from console.lab import fresh
from console.lab.network import interfaces_of
from console.lab.running import run_text
from console.lab.world import Node, World
from tests.waiting import eventually

VIP = "192.168.1.102"
SPEED = 25.0


@dataclass
class Two:
    """Both nodes and what their scripts wrote."""

    world: World
    a: Node
    b: Node

    def log(self, node: Node) -> list[str]:
        text = node.fs.read_file("/var/log/messages").decode()
        found = re.findall(r"(?:freevrrpd|pair)\[\d+\]: (.*)", text)
        return [str(line) for line in found]

    def holds(self, node: Node) -> bool:
        return any(VIP in interface.addresses for interface in interfaces_of(node).values())

    def states(self, node: Node) -> list[str]:
        return [line.rpartition(" ")[2] for line in self.log(node) if line.startswith("server state")]

    async def settled(self, seconds: float) -> None:
        """Let so much world time pass."""
        moment = self.world.clock.now() + seconds
        await eventually(lambda: self.world.clock.now() >= moment, within=seconds / SPEED + 30)


def conf(priority: int, vrid: int = 1, password: str = "borkbork", header: str = "[VRID]\n") -> bytes:
    return (
        f"{header}serverid = {vrid}\ninterface = vtnet1\npriority = {priority}\naddr = {VIP}/32\n"
        f"password = {password}\nmasterscript = /usr/local/bin/master_script.sh\n"
        "backupscript = /usr/local/bin/backup_script.sh\n"
    ).encode()


def script(node: Node, name: str, text: str) -> None:
    path = f"/usr/local/bin/{name}_script.sh"
    node.fs.write_file(path, f"#!/bin/sh\n{text}\n".encode())
    node.fs.chmod(path, 0o755)


def says(two: Two, node: Node, words: str) -> bool:
    return any(words in line for line in two.log(node))


async def start(node: Node) -> None:
    ran = await run_text(node, "/usr/local/sbin/freevrrpd -f /usr/local/etc/freevrrpd.conf")
    assert (ran.status, ran.out, ran.err) == (0, "", "")


@pytest.fixture
async def two() -> AsyncIterator[Two]:
    world = World(SPEED)
    for node, priority in zip(world.nodes.values(), (200, 150), strict=True):
        fresh.install(node)
        await node.boot(0)
        await run_text(node, "kldload ng_socket ng_ether ng_eiface ng_bridge")
        node.fs.write_file("/usr/local/etc/freevrrpd.conf", conf(priority))
        for name in ("master", "backup"):
            script(node, name, f'logger -t pair "{name} script ran"')
    yield Two(world, world.nodes["a"], world.nodes["b"])
    await world.close()


async def elected(two: Two) -> None:
    await start(two.a)
    await eventually(lambda: two.states(two.a) == ["backup", "master"])
    await start(two.b)
    await eventually(lambda: "backup script ran" in two.log(two.b))


async def test_the_first_one_is_backup_then_master_and_runs_both_scripts(two: Two) -> None:
    await elected(two)
    await eventually(lambda: "master script ran" in two.log(two.a))
    assert two.log(two.a)[4:] == [
        "server state vrid 1: backup",
        "backup script ran",
        "server state vrid 1: master",
        "master script ran",
    ]
    await two.settled(8)
    assert two.states(two.b) == ["backup"]
    assert (two.holds(two.a), two.holds(two.b)) == (True, False)


async def test_term_lets_the_address_go_without_a_script_and_the_other_takes_over(two: Two) -> None:
    await elected(two)
    await run_text(two.a, "pkill -TERM freevrrpd")
    assert not two.holds(two.a)
    await eventually(lambda: two.states(two.b) == ["backup", "master"])
    assert two.log(two.a).count("backup script ran") == 1
    await start(two.a)
    await eventually(lambda: two.states(two.b)[-1] == "backup" and two.states(two.a)[-1] == "master")


async def test_kill_leaves_the_address_behind(two: Two) -> None:
    await elected(two)
    await run_text(two.a, "pkill -KILL freevrrpd")
    await eventually(lambda: two.holds(two.b))
    assert two.holds(two.a)


async def test_hup_resigns_runs_the_backup_script_and_never_takes_over_again(two: Two) -> None:
    await elected(two)
    await run_text(two.a, "pkill -HUP freevrrpd")
    await eventually(lambda: "vrid [1] Cannot reach the correct state" in two.log(two.a)[-1])
    assert "select on readfds fd_set failed: Interrupted system call" in two.log(two.a)
    await eventually(lambda: two.states(two.b)[-1] == "master")
    await run_text(two.b, "pkill -TERM freevrrpd")
    await two.settled(8)
    assert not two.holds(two.a)
    assert any(process.name == "freevrrpd" for process in two.a.processes)


async def test_different_serverids_make_two_masters_and_only_arp_tells(two: Two) -> None:
    two.b.fs.write_file("/usr/local/etc/freevrrpd.conf", conf(150, vrid=2))
    await start(two.a)
    await start(two.b)
    await eventually(lambda: two.holds(two.a) and two.holds(two.b))
    await eventually(lambda: any("is using my IP address" in line for line in two.a.dmesg + two.b.dmesg))
    await eventually(lambda: "server state vrid 2: master" in two.log(two.b))


async def test_different_passwords_make_two_masters_and_both_say_so(two: Two) -> None:
    two.b.fs.write_file("/usr/local/etc/freevrrpd.conf", conf(150, password="different"))
    await start(two.a)
    await start(two.b)
    await eventually(lambda: two.holds(two.a) and two.holds(two.b))
    for node in (two.a, two.b):
        await eventually(partial(says, two, node, "authentification incorrect"))


async def test_only_the_first_eight_characters_of_a_password_count(two: Two) -> None:
    two.a.fs.write_file("/usr/local/etc/freevrrpd.conf", conf(200, password="borkborkborkbork"))
    await elected(two)
    await two.settled(8)
    assert two.states(two.b) == ["backup"]


async def test_without_a_section_the_start_looks_fine_and_nothing_runs(two: Two) -> None:
    two.a.fs.write_file("/usr/local/etc/freevrrpd.conf", conf(200, header=""))
    await start(two.a)
    assert two.log(two.a)[-1] == "configuration file error ! cannot see [VRID] section"
    assert not any(process.name == "freevrrpd" for process in two.a.processes)


async def test_unknown_keys_are_logged_and_ignored(two: Two) -> None:
    two.a.fs.write_file("/usr/local/etc/freevrrpd.conf", conf(200) + b"useVMAC = no\n")
    await start(two.a)
    assert "option 'useVMAC' unknown on configuration file, ignoring it" in two.log(two.a)


async def test_a_slow_script_starves_the_adverts_and_both_hold_the_address(two: Two) -> None:
    script(two.a, "master", "logger -t pair begins; sleep 15; logger -t pair ends")
    await start(two.b)
    await eventually(lambda: two.states(two.b) == ["backup", "master"])
    await start(two.a)
    await eventually(lambda: "begins" in two.log(two.a))
    await eventually(lambda: two.states(two.b) == ["backup", "master", "backup", "master"])
    assert two.holds(two.a)
    assert two.holds(two.b)
    assert "ends" not in two.log(two.a)
    await eventually(lambda: "ends" in two.log(two.a) and two.states(two.b)[-1] == "backup")


async def test_a_script_may_leave_its_work_in_the_background(two: Two) -> None:
    script(two.a, "master", "( sleep 15; logger -t pair ends ) > /dev/null 2>&1 &")
    await elected(two)
    await two.settled(8)
    assert two.states(two.b) == ["backup"]
    await eventually(lambda: "ends" in two.log(two.a))


async def test_a_pulled_link_takes_the_address_from_both_and_no_script_runs(two: Two) -> None:
    await elected(two)
    await eventually(lambda: "master script ran" in two.log(two.a))
    before = [line for line in two.log(two.a) if line.endswith("script ran")]
    two.world.pull_link()
    faulty = "interface vtnet1 is faulty, deactivated from VRRP VRIDs"
    await eventually(lambda: faulty in two.log(two.a) and faulty in two.log(two.b))
    await two.settled(8)
    assert not two.holds(two.a)
    assert not two.holds(two.b)
    assert [line for line in two.log(two.a) if line.endswith("script ran")] == before
    two.world.plug_link()
    alive = "interface vtnet1 is alive again, reactivate it on VRRP"
    await eventually(lambda: alive in two.log(two.a) and alive in two.log(two.b))
    await eventually(lambda: two.holds(two.a) and not two.holds(two.b))


async def test_an_interface_that_fails_too_often_is_not_taken_back(two: Two) -> None:
    await elected(two)
    for _ in range(6):
        two.world.pull_link()
        await two.settled(1)
        two.world.plug_link()
        await two.settled(1)
    await eventually(lambda: "cannot reactivate interface vtnet1, too much errors on it !" in two.log(two.a))


async def test_equal_priorities_are_decided_by_the_last_byte_of_the_address(two: Two) -> None:
    two.a.fs.write_file("/usr/local/etc/freevrrpd.conf", conf(150))
    await start(two.a)
    await start(two.b)
    await eventually(lambda: two.states(two.a)[-1:] == ["master"] or two.states(two.b)[-1:] == ["master"])
    await two.settled(12)
    assert [two.holds(two.a), two.holds(two.b)].count(True) == 1


async def test_ifconfig_shows_the_floating_address_only_on_the_master(two: Two) -> None:
    await elected(two)
    shown = (await run_text(two.a, "ifconfig ngeth0")).out.splitlines()
    assert shown[0] == "ngeth0: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> metric 0 mtu 1500"
    assert "\tinet 192.168.1.102 netmask 0xffffffff broadcast 192.168.1.102" in shown
    backup = (await run_text(two.b, "ifconfig ngeth0")).out
    assert backup.startswith("ngeth0: flags=8802<BROADCAST,SIMPLEX,MULTICAST> metric 0 mtu 1500\n")
    assert "inet" not in backup
    assert (await run_text(two.b, f"ping -c 1 {VIP}")).status == 0
