"""Interfaces, carrier, CARP, ping, arp and sockstat of simulated nodes."""

from collections.abc import AsyncIterator

import pytest

from console.lab import fresh
from console.lab.running import run_text
from console.lab.world import World
from tests.waiting import eventually


@pytest.fixture
async def world() -> AsyncIterator[World]:
    found = World(25.0)
    for node in found.nodes.values():
        fresh.install(node)
        await node.boot(0)
    yield found
    await found.close()


async def on(world: World, name: str, text: str) -> str:
    ran = await run_text(world.nodes[name], text)
    return ran.out + ran.err


async def test_ifconfig_shows_the_replication_interface_as_13_2_does(world: World) -> None:
    assert await on(world, "a", "ifconfig vtnet1") == (
        "vtnet1: flags=8863<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> metric 0 mtu 1500\n"
        "\toptions=80028<VLAN_MTU,JUMBO_MTU,LINKSTATE>\n"
        "\tether 52:54:00:12:01:0a\n"
        "\tinet 192.168.1.100 netmask 0xffffff00 broadcast 192.168.1.255\n"
        "\tmedia: Ethernet autoselect (10Gbase-T <full-duplex>)\n"
        "\tstatus: active\n"
        "\tnd6 options=29<PERFORMNUD,IFDISABLED,AUTO_LINKLOCAL>\n"
    )
    shown = await on(world, "a", "ifconfig -a")
    assert [line.split(":")[0] for line in shown.splitlines() if line[0] != "\t"] == [
        "vtnet0",
        "vtnet1",
        "lo0",
    ]
    assert await on(world, "a", "ifconfig em0") == "ifconfig: interface em0 does not exist\n"


async def test_a_pulled_link_shows_as_no_carrier_and_in_the_log(world: World) -> None:
    await on(world, "a", "ifconfig")
    world.pull_link()
    shown = await on(world, "a", "ifconfig vtnet1")
    assert "\tmedia: Ethernet autoselect (none)\n\tstatus: no carrier\n" in shown
    assert world.nodes["a"].dmesg[-1] == "vtnet1: link state changed to DOWN"
    assert (await run_text(world.nodes["a"], "ping -c 1 192.168.1.101")).status == 2
    world.plug_link()
    assert (await run_text(world.nodes["a"], "ping -c 1 192.168.1.101")).status == 0


async def test_aliases_come_and_go_and_answer(world: World) -> None:
    assert await on(world, "a", "ifconfig vtnet1 alias 192.168.1.110/32") == ""
    assert "\tinet 192.168.1.110 netmask 0xffffffff broadcast 192.168.1.110\n" in await on(
        world, "a", "ifconfig"
    )
    assert (await run_text(world.nodes["b"], "ping -c 1 192.168.1.110")).status == 0
    await on(world, "a", "ifconfig vtnet1 -alias 192.168.1.110")
    assert (await run_text(world.nodes["b"], "ping -c 1 192.168.1.110")).status == 2


async def test_carp_elects_by_skew_and_can_be_told_to_step_back(world: World) -> None:
    for name, skew in (("a", 0), ("b", 100)):
        text = (
            f"kldload carp; ifconfig vtnet1 vhid 1 advskew {skew} pass x alias 192.168.1.103/32; echo rc=$?"
        )
        assert await on(world, name, text) == "rc=0\n"
    a, b = world.nodes["a"], world.nodes["b"]
    await eventually(lambda: any("BACKUP -> MASTER" in line for line in a.dmesg))
    assert "carp: MASTER vhid 1 advbase 1 advskew 0" in await on(world, "a", "ifconfig vtnet1")
    assert "carp: BACKUP vhid 1 advbase 1 advskew 100" in await on(world, "b", "ifconfig vtnet1")
    await on(world, "a", "ifconfig vtnet1 vhid 1 state backup")
    await eventually(lambda: any("BACKUP -> MASTER" in line for line in b.dmesg))
    assert "carp: BACKUP" in await on(world, "a", "ifconfig vtnet1")
    assert (
        await on(world, "a", "ifconfig vtnet1 inet 192.168.1.103 -alias; ifconfig vtnet1 | grep -c carp")
        == "0\n"
    )


async def test_sockstat_lists_the_listener_of_ggated(world: World) -> None:
    node = world.nodes["b"]
    process = node.processes.spawn("ggated", stat="Ss")
    lines = (await on(world, "b", "sockstat -4l")).splitlines()
    assert lines[0] == "USER     COMMAND    PID   FD PROTO  LOCAL ADDRESS         FOREIGN ADDRESS      "
    assert f"root     ggated     {process.pid:<5} 6  tcp4   *:3080                *:*" in lines
    assert "root     sshd       647   4  tcp4   *:22                  *:*" in lines


async def test_arp_knows_the_peer_while_the_cable_is_in(world: World) -> None:
    assert "? (192.168.1.101) at 52:54:00:12:01:0b on vtnet1 expires" in await on(world, "a", "arp -an")
    world.pull_link()
    assert "192.168.1.101" not in await on(world, "a", "arp -an")


async def test_a_name_that_does_not_resolve_is_said_so(world: World) -> None:
    ran = await run_text(world.nodes["a"], "ping -c 1 nowhere.example")
    assert ran.status == 68
    assert ran.err == "ping: cannot resolve nowhere.example: Unknown host\n"
