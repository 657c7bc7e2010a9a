"""The lab of `--disks`: a system on an MBR disk with a BSD label, told alike by every command."""

import json
from collections.abc import AsyncIterator

import pytest

from console.lab import bootcode
from console.lab.disks_scenario import install_disks, label_table
from console.lab.provision import install
from console.lab.world import Node
from tests.lab_storage.bench import Bench

MOUNTS = {"/": "ada0s1a", "/var": "ada0s1e", "/usr": "ada0s1f", "/home": "ada0s1g"}


@pytest.fixture
async def lab() -> AsyncIterator[Bench]:
    made = Bench()
    install(made.world, {"a": "web-a", "b": "web-b"})
    install_disks(made.world)
    for node in (made.a, made.b):
        await made.world.clock.run_until(node.boot(), 60)
    yield made
    await made.world.close()


def system_node(bench: Bench) -> Node:
    assert bench.a.system is not None
    return bench.a


async def test_mount_fstab_superblocks_and_swap_tell_the_same(lab: Bench) -> None:
    node = system_node(lab)
    mounted = [line.split() for line in (await lab.ok(node, "mount -p")).out.splitlines()]
    fstab = [line.split() for line in node.fs.read_file("/etc/fstab").decode().splitlines()[1:]]

    assert {row[1]: row[0] for row in mounted if row[2] == "ufs"} == {
        point: f"/dev/{name}" for point, name in MOUNTS.items()
    }
    assert {(row[0], row[1]) for row in fstab if row[2] == "ufs"} == {
        (row[0], row[1]) for row in mounted if row[2] == "ufs"
    }
    for point, name in MOUNTS.items():
        text = (await lab.ok(node, f"dumpfs /dev/{name}")).out
        assert f"fsmnt\t{point}\n" in text
        assert "clean\t0\n" in text
    assert "/dev/ada0s1b        16384" in (await lab.ok(node, "swapinfo")).out


async def test_the_first_disk_is_divided_and_bootable_and_the_second_is_empty_everywhere(lab: Bench) -> None:
    node = system_node(lab)
    image = node.drives["ada0"].image

    assert "freebsd  [active]  (256M)" in (await lab.ok(node, "gpart show ada0")).out
    assert bootcode.mbr_code(image.read(0, 512))
    assert bootcode.boot_program(image.read(63 * 512, 8192))
    for machine in (lab.a, lab.b):
        disk = machine.drives["ada1"].image
        assert (disk.size, disk.used()) == (512 << 20, 0)
        assert await lab.fails(machine, "gpart show ada1") == "gpart: No such geom: ada1.\n"
    for path in (bootcode.LOADER, bootcode.KERNEL, "/boot/gptboot"):
        assert node.fs.exists(path)


async def test_df_counts_what_the_tree_holds_against_the_room_of_the_partition(lab: Bench) -> None:
    node = system_node(lab)

    async def row(point: str) -> list[int]:
        text = (await lab.ok(node, f"df -k {point}")).out.splitlines()[1]
        return [int(word) for word in text.split()[1:4]]

    total, used, _ = await row("/home")
    node.fs.write_file("/home/www/more", b"x" * (4 << 20))
    await lab.pass_time(10)
    later = await row("/home")

    assert total == later[0]
    assert 70_000 < total < 163777 // 2
    assert 4096 <= later[1] - used <= 4200
    assert (await row("/"))[0] < 60 * 1024


async def test_a_volume_tells_its_own_files_and_not_those_of_another(lab: Bench) -> None:
    node = system_node(lab)
    assert node.system is not None
    paths = {volume.point: set(volume.paths()) for volume in node.system.volumes}

    assert "/etc/fstab" in paths["/"]
    assert {"/var", "/usr", "/home", "/dev"} <= paths["/"]
    assert not any(path.startswith(("/var/", "/usr/", "/home/", "/dev/")) for path in paths["/"])
    assert "/usr/bin" in paths["/usr"]
    assert node.system.volume_of("/usr/bin/awk").point == "/usr"
    assert node.system.volume_of("/usrlocal").point == "/"


async def test_the_running_system_keeps_its_disk_from_being_written(lab: Bench) -> None:
    node = system_node(lab)

    assert await lab.fails(node, "newfs -U /dev/ada0s1e") == (
        "newfs: /dev/ada0s1e: failed to open disk for writing\n"
    )
    assert "Operation not permitted" in await lab.fails(node, "bsdlabel -w ada0s1")
    assert await lab.fails(node, "gpart destroy -F ada0") == "gpart: Device busy\n"


async def test_a_clean_shutdown_leaves_clean_file_systems_and_a_power_cut_does_not(lab: Bench) -> None:
    node = system_node(lab)
    disk = node.drives["ada0"].image

    def clean() -> list[int]:
        table = label_table((disk.size >> 9) - 63)
        starts = [(63 + part.start) * 512 for part in table.parts if part.index != 2]
        return [json.loads(disk.read(at + 65550, 4082).rstrip(b"\0"))["clean"] for at in starts]

    node.cut_power()
    assert clean() == [0, 0, 0, 0]
    await lab.world.clock.run_until(node.boot(), 60)
    await lab.world.clock.run_until(node.halt(), 60)
    assert clean() == [1, 1, 1, 1]
