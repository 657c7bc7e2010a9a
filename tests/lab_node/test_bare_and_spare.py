"""A lab without a pair yet, the host outside of the pair, and what planners call on a node."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from console.lab.pair import LabPair, serve
from console.lab.provision import MOUNT
from console.lab.running import run_text
from console.lab.scenarios import is_mounted


@pytest.fixture
async def bare() -> AsyncIterator[LabPair]:
    pair = await serve(speed=20.0, scenario="bare")
    yield pair
    await pair.close()


async def say(lab: LabPair, node: str, text: str) -> str:
    return (await run_text(lab.world.nodes[node], text)).out


async def test_a_bare_lab_has_nothing_of_a_pair_and_can_become_one(bare: LabPair) -> None:
    for name in "ab":
        looks = "mdconfig -l; ggatec list; pgrep ggated freevrrpd; mount -p | grep sites"
        assert await say(bare, name, looks) == ""
        for path in (
            "/etc/gg.exports", "/usr/local/etc/freevrrpd.conf", "/usr/local/etc/mirrorgate.conf",
            "/root/images", "/usr/local/libexec/mirrorgate", "/usr/local/bin/master_script.sh",
            "/var/db/mirrorgate", MOUNT,
        ):  # fmt: skip
            assert not bare.world.nodes[name].fs.exists(path), path
        assert await say(bare, name, "kldstat -q -m g_mirror && echo loaded") == ""
        assert await say(bare, name, "which freevrrpd ggated") == "/usr/local/sbin/freevrrpd\n/sbin/ggated\n"
    assert not any(map(is_mounted, bare.world.nodes.values()))

    await bare.fault("healthy")
    assert is_mounted(bare.world.nodes["a"])
    assert (await say(bare, "a", "gmirror status -s")).count("ACTIVE") == 2


async def test_the_spare_is_reached_by_its_alias_and_is_no_part_of_the_pair(bare: LabPair) -> None:
    process = await asyncio.create_subprocess_exec(
        "ssh", "-F", str(bare.ssh_config), "web-c", "hostname -s; sysctl -n kern.osrelease",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    assert out == b"web-c\n13.2-RELEASE\n"
    assert set(bare.world.nodes) == {"a", "b"}
    assert "web-c" not in bare.config_file.read_text()
    assert bare.world.nodes["a"].peer is bare.world.nodes["b"]


async def test_a_lab_starts_only_as_what_it_can() -> None:
    with pytest.raises(ValueError, match="bare, healthy or disks, not as broken"):
        await serve(scenario="broken")


async def test_a_split_brain_has_two_lineages_with_one_parent() -> None:
    lab = await serve(speed=20.0)
    try:
        await lab.fault("split-brain")
        mine, theirs = [
            [line.split() for line in (await say(lab, name, "cat /var/db/mirrorgate/lineage")).splitlines()]
            for name in "ab"
        ]
        assert mine[-1][0] != theirs[-1][0]
        assert mine[-1][1] == theirs[-1][1] == mine[0][0]
        for name, lines in (("a", mine), ("b", theirs)):
            assert (await say(lab, name, f"cat {MOUNT}/.mirrorgate/lineage")).split() == [
                word for line in lines for word in line
            ]
    finally:
        await lab.close()


@pytest.mark.parametrize(
    ("text", "out"),
    [
        (
            "sysrc a_enable=YES; sysrc -n a_enable; sysrc -x a_enable; sysrc -i a_enable",
            "a_enable:  -> YES\nYES\n",
        ),
        ("sysrc -f /tmp/x k=v; cat /tmp/x; sysrc -c -f /tmp/x k=v && echo same", 'k:  -> v\nk="v"\nsame\n'),
        ("truncate -s 1m /i; truncate -s +1m /i; truncate -s -512k /i; stat -f %z /i", "1572864\n"),
        (
            "truncate -r /etc/hosts /h; stat -f %z /h /etc/hosts | uniq | wc -l | tr -d ' '",
            "1\n",
        ),
        ("f=$(mktemp -t mg); stat -f %Lp $f; d=$(mktemp -d -t mg); stat -f %Lp $d", "600\n700\n"),
        ("jot 3 5", "5\n6\n7\n"),
        (
            "dd if=/dev/zero bs=1m count=20 2>/dev/null | dd of=/big bs=1m 2>/dev/null; stat -f %z /big",
            "20971520\n",
        ),
        (
            "truncate -s 8m /a; printf abc | dd of=/a bs=1m seek=9 conv=notrunc 2>/dev/null; stat -f %z /a; "
            "printf x | dd of=/a bs=1m seek=1 2>/dev/null; stat -f %z /a",
            "9437187\n1048577\n",
        ),
        ("dd if=/a of=/dev/null 2>/dev/null; echo $?", "1\n"),
        (
            "printf '/bin/kill -TERM $(pgrep -x sleep)\\n' > /k; sleep 999 & sleep 1; sh /k; wait; echo gone",
            "gone\n",
        ),
    ],
)
async def test_what_scripts_and_plans_call_works(bare: LabPair, text: str, out: str) -> None:
    ran = await asyncio.wait_for(run_text(bare.world.nodes["a"], text), 30)
    assert ran.out == out, ran.err


async def test_a_daemon_ends_with_the_power_and_not_with_its_channel(bare: LabPair) -> None:
    process = await asyncio.create_subprocess_exec(
        "ssh", "-F", str(bare.ssh_config), "web-a", "daemon -f sleep 100000", stdin=asyncio.subprocess.DEVNULL
    )  # fmt: skip
    await asyncio.wait_for(process.wait(), 30)
    node = bare.world.nodes["a"]
    assert "sleep 100000" in [process.command for process in node.processes]
    node.cut_power()
    assert list(node.processes) == []
