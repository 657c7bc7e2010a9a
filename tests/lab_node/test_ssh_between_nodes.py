"""ssh(1), scp(1) and ssh-keygen(1) from one lab machine to another: keys, limits, streams, broken links."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from console.lab import fresh
from console.lab.running import Ran, run_text
from console.lab.world import World
from tests.waiting import eventually

OPTIONS = "-F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes -i /root/key"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World(speed=200.0)
    for node in world.nodes.values():
        fresh.install(node)
        await node.boot(0)
    await a(world, "ssh-keygen -q -t ed25519 -N '' -C mark -f /root/key; mkdir -m 700 -p /root/.ssh")
    host_key = (await b(world, "cat /etc/ssh/ssh_host_*key.pub")).out
    world.nodes["a"].fs.write_file("/root/.ssh/known_hosts", f"nodeb {host_key}".encode())
    yield world
    await world.close()


async def a(world: World, text: str) -> Ran:
    return await asyncio.wait_for(run_text(world.nodes["a"], text), 30)


async def b(world: World, text: str) -> Ran:
    return await asyncio.wait_for(run_text(world.nodes["b"], text), 30)


async def let_in(world: World, limits: str = "") -> None:
    """Put a's key into b's authorized_keys."""
    key = (await a(world, "cat /root/key.pub")).out
    node = world.nodes["b"]
    node.fs.mkdir("/root/.ssh", recursive=True)
    node.fs.write_file(
        "/root/.ssh/authorized_keys", f"# a comment\n{limits}{' ' if limits else ''}{key}".encode()
    )


async def test_a_key_that_is_not_authorized_is_refused(world: World) -> None:
    ran = await a(world, f"ssh {OPTIONS} nodeb true")

    assert ran.status == 255
    assert ran.err == "root@nodeb: Permission denied (publickey,keyboard-interactive).\n"


async def test_a_command_runs_there_with_its_input_outputs_and_status(world: World) -> None:
    await let_in(world)

    ran = await a(world, f"echo given | ssh {OPTIONS} nodeb 'hostname -s; cat; echo told >&2; exit 3'")

    assert (ran.status, ran.out, ran.err) == (3, "nodeb\ngiven\n", "told\n")


async def test_bytes_go_through_unchanged_both_ways(world: World) -> None:
    await let_in(world)
    world.nodes["a"].fs.write_file("/root/data", bytes(range(256)) * 20000)

    ran = await a(
        world,
        f"cat /root/data | ssh {OPTIONS} nodeb 'cat > /root/there; sha256 -q /root/there'; "
        "sha256 -q /root/data; "
        f"ssh {OPTIONS} nodeb 'cat /root/there' </dev/null | sha256",
    )

    assert len(set(ran.out.split())) == 1
    assert len(ran.out.split()) == 3


async def test_a_forced_command_is_run_in_place_of_what_was_asked_for(world: World) -> None:
    await let_in(world, r'restrict,command="/bin/sh /root/only \"$SSH_ORIGINAL_COMMAND\""')
    await b(world, "printf 'echo \"only <$1>\"\\n' > /root/only")

    ran = await a(world, f"ssh {OPTIONS} nodeb rm -rf / </dev/null")

    assert (ran.status, ran.out) == (0, "only <rm -rf />\n")


@pytest.mark.parametrize(("address", "status"), [("192.168.1.100", 0), ("10.9.9.9", 255)])
async def test_a_key_opens_only_from_its_address(world: World, address: str, status: int) -> None:
    await let_in(world, f'restrict,from="{address}"')

    assert (await a(world, f"ssh {OPTIONS} nodeb true")).status == status


async def test_an_authorized_keys_file_that_others_can_write_is_not_trusted(world: World) -> None:
    await let_in(world)
    await b(world, "chmod 666 /root/.ssh/authorized_keys")

    assert (await a(world, f"ssh {OPTIONS} nodeb true")).status == 255


async def test_an_unknown_host_is_refused_when_strict_and_remembered_when_not(world: World) -> None:
    await let_in(world)
    known = "-o UserKnownHostsFile=/root/other"

    strict = await a(world, f"ssh {known} {OPTIONS} nodeb true")
    new = await a(world, f"ssh {known} -o StrictHostKeyChecking=accept-new -i /root/key nodeb true")
    again = await a(world, f"ssh {known} {OPTIONS} nodeb true")

    assert strict.status == 255
    assert strict.err.endswith("Host key verification failed.\n")
    assert new.err == "Warning: Permanently added 'nodeb' (ED25519) to the list of known hosts.\n"
    assert (new.status, again.status, again.err) == (0, 0, "")


async def test_a_host_key_that_has_changed_is_refused_loudly(world: World) -> None:
    await let_in(world)
    await b(world, "rm /etc/ssh/ssh_host_*; ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key")

    ran = await a(world, f"ssh {OPTIONS} nodeb true")

    assert ran.status == 255
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in ran.err


async def test_an_alias_stands_for_the_host_in_known_hosts(world: World) -> None:
    await let_in(world)
    await a(world, "sed -i '' 's/^nodeb/the-target/' /root/.ssh/known_hosts")

    assert (await a(world, f"ssh -o HostKeyAlias=the-target {OPTIONS} nodeb true")).status == 0


async def test_a_machine_without_power_and_one_that_still_boots_answer_differently(world: World) -> None:
    world.nodes["b"].cut_power()
    gone = await a(world, f"ssh -o ConnectTimeout=5 {OPTIONS} nodeb true")
    world.nodes["b"].power = True
    booting = await a(world, f"ssh {OPTIONS} nodeb true")

    assert gone.err == "ssh: connect to host nodeb port 22: Operation timed out\n"
    assert booting.err == "ssh: connect to host nodeb port 22: Connection refused\n"
    assert (gone.status, booting.status) == (255, 255)


async def test_a_cut_link_ends_a_connection_that_asks_whether_the_other_lives(world: World) -> None:
    await let_in(world)
    running = asyncio.ensure_future(
        a(world, f"ssh -o ServerAliveInterval=15 {OPTIONS} nodeb 'echo begun; sleep 100000'")
    )
    await eventually(lambda: any("@notty" in p.command for p in world.nodes["b"].processes), 10)

    world.pull_link()
    ran = await asyncio.wait_for(running, 30)

    assert ran.status == 255
    assert ran.err == "Timeout, server nodeb not responding.\n"


async def test_a_power_cut_there_ends_the_connection(world: World) -> None:
    await let_in(world)
    running = asyncio.ensure_future(a(world, f"ssh {OPTIONS} nodeb 'sleep 100000'"))
    await eventually(lambda: any("@notty" in p.command for p in world.nodes["b"].processes), 10)

    world.nodes["b"].cut_power()
    ran = await asyncio.wait_for(running, 30)

    assert (ran.status, ran.err) == (255, "Connection to nodeb closed by remote host.\n")


async def test_scp_copies_there_and_back(world: World) -> None:
    await let_in(world)
    world.nodes["a"].fs.write_file("/root/data", bytes(range(256)))

    ran = await a(
        world,
        f"scp {OPTIONS} /root/data root@nodeb:/root/there && scp {OPTIONS} nodeb:/root/there /root/back; "
        f"cmp /root/data /root/back; scp {OPTIONS} nodeb:/root/nothing /root/x",
    )

    assert world.nodes["b"].fs.read_file("/root/there") == bytes(range(256))
    assert ran.err == "scp: /root/nothing: No such file or directory\n"
    assert ran.status == 1


async def test_keygen_prints_the_public_half_and_forgets_hosts(world: World) -> None:
    shown = await a(
        world,
        "ssh-keygen -y -f /root/key; cat /root/key.pub; ssh-keygen -R nodeb; cat /root/.ssh/known_hosts",
    )

    lines = shown.out.splitlines()
    assert lines[0].split()[:2] == lines[1].split()[:2]
    assert lines[-1] == "/root/.ssh/known_hosts updated."
