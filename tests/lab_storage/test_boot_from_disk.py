"""Booting from a disk: a copy that is right comes up, and each thing that is missing is told by its stage."""

from collections.abc import AsyncIterator

import pytest

from console.lab.control import Refused
from console.lab.pair import LabPair, serve
from console.lab.reboot import boot_from
from console.lab.running import run_text
from console.lab.world import Node

DIVIDE = """
gpart create -s MBR ada1 && gpart add -t freebsd ada1 && gpart set -a active -i 1 ada1 &&
gpart create -s BSD ada1s1 && gpart add -t freebsd-ufs -i 1 -s 100m ada1s1 &&
gpart add -t freebsd-swap -i 2 -s 32m ada1s1 && gpart add -t freebsd-ufs -i 5 -s 80m ada1s1 &&
gpart add -t freebsd-ufs -i 6 -s 100m ada1s1 && gpart add -t freebsd-ufs -i 7 ada1s1 &&
gpart bootcode -b /boot/mbr ada1 && gpart bootcode -b /boot/boot ada1s1
"""
COPY = """
for pair in a:/ e:/var f:/usr g:/home; do
    letter=${pair%%:*}; newfs -U /dev/ada1s1$letter >/dev/null; mkdir -p /copy/$letter
    mount /dev/ada1s1$letter /copy/$letter
    (cd /copy/$letter && dump -0aLf - ${pair#*:} 2>/dev/null | restore -rf - 2>/dev/null) || exit 1
    rm /copy/$letter/restoresymtable
done
"""
LEAVE = "for letter in a e f g; do umount /copy/$letter; done"


async def ok(node: Node, text: str) -> str:
    ran = await run_text(node, text)
    assert ran.status == 0, f"{text}: {ran.err}"
    return ran.out


@pytest.fixture
async def lab() -> AsyncIterator[LabPair]:
    lab = await serve(scenario="disks", speed=100.0)
    yield lab
    await lab.close()


@pytest.fixture
async def node(lab: LabPair) -> Node:
    return lab.world.nodes["a"]


async def copied(node: Node, more: str = "") -> None:
    await ok(node, f"{DIVIDE}\n{COPY}")
    await ok(node, f"{more}\n{LEAVE}")


async def test_a_copy_boots_in_place_of_the_old_disk_and_the_old_one_comes_back(
    lab: LabPair, node: Node
) -> None:
    sums = "sha256 /home/www/data/*.dat /usr/share/doc/*.dat | sort"
    before = await ok(node, f"echo here > /var/mark; sync; {sums}")
    await copied(node)

    said = await lab.fault("boot-from-disk", "web-a", "ada1", "remove")

    assert said == "boot-from-disk: web-a booted from ada1, called ada0 now: / is /dev/ada0s1a"
    assert node.ready
    assert await ok(node, sums) == before
    assert (await ok(node, "df -k / | awk 'NR == 2 { print $2 }'")) == "98716\n"
    assert "/dev/ada0s1b        32768" in await ok(node, "swapinfo")
    assert "Trying to mount root from ufs:/dev/ada0s1a [rw]..." in node.dmesg

    await ok(node, "rm /var/mark; sync")
    said = await lab.fault("boot-from-disk", "web-a", "removed")

    assert said == "boot-from-disk: web-a booted from removed, called ada0 now: / is /dev/ada0s1a"
    assert await ok(node, "cat /var/mark; ls /dev/ada1s1a") == "here\n/dev/ada1s1a\n"


async def test_with_both_disks_in_the_machine_the_fstab_of_the_copy_decides(lab: LabPair, node: Node) -> None:
    await copied(node, "echo copy > /copy/a/which; echo old > /which")

    wrong = await lab.fault("boot-from-disk", "web-a", "ada1", "keep")
    assert wrong.endswith(
        "booted from ada1: / is /dev/ada0s1a, which is on another disk: see its fstab and loader.conf"
    )
    assert await ok(node, "cat /which") == "old\n"

    await ok(node, "mount /dev/ada1s1a /mnt; sed -i '' s/ada0s1/ada1s1/ /mnt/etc/fstab; umount /mnt")
    right = await lab.fault("boot-from-disk", "web-a", "ada1", "keep")

    assert right.endswith("booted from ada1: / is /dev/ada1s1a")
    assert await ok(node, "cat /which; mount -p | grep -c ada1s1") == "copy\n4\n"


LACKING = (
    ("gpart unset -a active -i 1 ada1", "mbr: Missing operating system"),
    ("dd if=/dev/zero of=/dev/ada1 bs=440 count=1 conv=notrunc", "firmware: No bootable device"),
    ("gpart delete -i 1 ada1s1", "boot2: Invalid partition"),
    ("newfs -U /dev/ada1s1a >/dev/null", "boot2: No /boot/loader"),
    ("mount /dev/ada1s1a /mnt; rm /mnt/boot/kernel/kernel; umount /mnt", "loader: can't load 'kernel'"),
    (
        "mount /dev/ada1s1a /mnt; sed -i '' s/ada0s1a/ada7s1a/ /mnt/etc/fstab; umount /mnt",
        "kernel: Mounting from ufs:/dev/ada7s1a failed with error 19.",
    ),
    (
        "mount /dev/ada1s1a /mnt; sed -i '' s/ada0s1e/ada7s1e/ /mnt/etc/fstab; umount /mnt",
        "fsck: Can't stat /dev/ada7s1e: No such file or directory",
    ),
    (
        "dd if=/dev/zero of=/dev/ada1s1e bs=64k count=8",
        "fsck: fsck of /dev/ada0s1e failed: UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY.",
    ),
)


async def test_what_a_copy_lacks_is_told_by_the_stage_that_misses_it(lab: LabPair, node: Node) -> None:
    await copied(node)
    drive = node.drives["ada1"]
    whole = drive.image.copy()
    for damage, reason in LACKING:
        await ok(node, damage)

        said = await lab.fault("boot-from-disk", "web-a", "ada1", "remove")

        assert said.startswith(f"boot-from-disk: web-a did not boot from ada0: {reason}"), damage
        assert node.power
        assert not node.ready
        assert any(reason.split(": ", 1)[1] in line for line in node.dmesg)
        drive.image = whole.copy()
        assert "booted" in await lab.fault("boot-from-disk", "web-a", "removed")
    assert await ok(node, "mount -p | grep -c ada0s1") == "4\n"


async def test_an_empty_disk_boots_nothing_and_an_unknown_one_is_refused(lab: LabPair, node: Node) -> None:
    assert "did not boot from ada1: firmware: No bootable device." in await lab.fault(
        "boot-from-disk", "web-a", "ada1"
    )
    with pytest.raises(Refused, match="has no disk ada9"):
        await lab.fault("boot-from-disk", "web-a", "ada9")


async def test_a_power_cut_keeps_what_was_synced_and_loses_what_was_not(node: Node) -> None:
    await ok(node, "echo kept > /var/kept; sync; echo lost > /var/lost")

    node.cut_power()
    await node.boot(0)

    assert await ok(node, "ls /var/kept; ls /var/lost 2>/dev/null | cat") == "/var/kept\n"


async def test_the_other_host_boots_a_copy_and_its_own_system_again(lab: LabPair) -> None:
    other = lab.world.nodes["b"]
    await ok(
        other,
        "echo mine > /root/mine; gpart create -s GPT ada1 && gpart add -t freebsd-boot -s 47 ada1 && "
        "gpart add -t freebsd-ufs ada1 && gpart bootcode -b /boot/pmbr -p /boot/gptboot -i 1 ada1 && "
        "newfs -U /dev/ada1p2 >/dev/null && mount /dev/ada1p2 /mnt && cd /mnt && "
        "dump -0aLf - / 2>/dev/null | restore -rf - 2>/dev/null; echo copy > /mnt/root/mine; "
        "printf '/dev/ada1p2 / ufs rw 1 1\\n' > /mnt/etc/fstab; cd /; umount /mnt",
    )

    booted = await boot_from(other, "ada1")
    found = await ok(other, "cat /root/mine; mount -p | head -1")
    back = await boot_from(other, "vtbd0")

    assert booted.endswith("booted from ada1: / is /dev/ada1p2")
    assert found.startswith("copy\n/dev/ada1p2")
    assert back.endswith("/ is /dev/gpt/rootfs")
    assert await ok(other, "cat /root/mine") == "mine\n"
