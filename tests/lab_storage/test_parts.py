"""Partition tables of the lab lie in the blocks of the disks: what is found is what is there."""

import struct
from collections.abc import AsyncIterator

import pytest

from console.lab import bootcode
from console.lab.geom import bsdlabel, gpt, mbr
from console.lab.geom.fitting import NoRoom, fit, lba
from console.lab.geom.part import recognise
from console.lab.geom.tables import SECTOR, Entry, Table
from console.lab.images import Image
from console.lab.world import Node
from tests.lab_storage.bench import Bench

DISK = 2097152
"""Sectors of the lab's vtbd1."""


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    await made.world.clock.run_until(made.a.boot(), 60)
    for path, program in bootcode.FILES.items():
        made.a.fs.mkdir("/boot", recursive=True)
        made.a.fs.write_file(path, program)
    made.a.fs.mkdir("/mnt", recursive=True)
    made.a.fs.mkdir("/root", recursive=True)
    yield made
    await made.world.close()


async def divided(bench: Bench) -> Image:
    """vtbd1 with a slice, a label, and partitions a and e."""
    for line in (
        "gpart create -s MBR vtbd1",
        "gpart add -t freebsd vtbd1",
        "gpart set -a active -i 1 vtbd1",
        "gpart create -s BSD vtbd1s1",
        "gpart add -t freebsd-ufs -s 200m vtbd1s1",
        "gpart add -t freebsd-ufs -i 5 -s 150m vtbd1s1",
    ):
        await bench.ok(bench.a, line)
    return bench.a.drives["vtbd1"].image


def devices(node: Node, disk: str) -> list[str]:
    return sorted(item["name"] for item in node.fs.read_dir("/dev") if item["name"].startswith(disk))


async def test_an_mbr_is_the_first_sector_as_the_pc_reads_it(bench: Bench) -> None:
    image = await divided(bench)

    sector = image.read(0, SECTOR)
    flag, kind, start, size = (
        struct.unpack_from("<BxxxBxxxII", sector, 446)[index] for index in (0, 1, 2, 3)
    )

    assert sector[510:] == b"\x55\xaa"
    assert (flag, kind, start, size) == (0x80, 165, 63, DISK - 63)


async def test_a_label_is_a_struct_disklabel_with_its_checksum_in_the_second_sector_of_the_slice(
    bench: Bench,
) -> None:
    image = await divided(bench)

    sector = image.read(64 * SECTOR, SECTOR)
    words = struct.unpack_from("<138H", sector)
    total = 0
    for word in words:
        total ^= word

    assert struct.unpack_from("<I", sector, 0) == struct.unpack_from("<I", sector, 132) == (0x82564557,)
    assert total == 0
    assert struct.unpack_from("<II4xB", sector, 148) == (409600, 0, 7)
    assert struct.unpack_from("<II4xB", sector, 148 + 4 * 16) == (307200, 409600, 7)


async def test_partitions_are_found_again_after_a_power_cut(bench: Bench) -> None:
    await divided(bench)
    await bench.ok(bench.a, "newfs -U /dev/vtbd1s1e")
    before = (await bench.ok(bench.a, "gpart show vtbd1 vtbd1s1")).out

    bench.a.cut_power()
    await bench.world.clock.run_until(bench.a.boot(), 60)

    assert (await bench.ok(bench.a, "gpart show vtbd1 vtbd1s1")).out == before
    assert devices(bench.a, "vtbd1") == ["vtbd1", "vtbd1s1", "vtbd1s1a", "vtbd1s1e"]
    await bench.ok(bench.a, "mount /dev/vtbd1s1e /mnt")


async def test_what_writes_the_disk_itself_has_its_table_tasted_again(bench: Bench) -> None:
    image = await divided(bench)
    first = image.read(0, SECTOR)
    geom = bench.a.geom
    disk = geom.find("vtbd1")
    assert disk is not None

    with geom.dev.opened(disk, write=True):
        assert devices(bench.a, "vtbd1") == ["vtbd1"]
        await disk.write(0, bytes(SECTOR))
    await geom.idle()
    assert geom.find("vtbd1s1") is None
    with geom.dev.opened(disk, write=True):
        await disk.write(0, first)
    await geom.idle()

    assert devices(bench.a, "vtbd1") == ["vtbd1", "vtbd1s1", "vtbd1s1a", "vtbd1s1e"]


async def test_a_disk_of_which_a_partition_is_mounted_cannot_be_written(bench: Bench) -> None:
    await divided(bench)
    await bench.ok(bench.a, "newfs -U /dev/vtbd1s1e")
    await bench.ok(bench.a, "mount /dev/vtbd1s1e /mnt")
    disk = bench.a.geom.find("vtbd1")
    assert disk is not None

    with pytest.raises(PermissionError), bench.a.geom.dev.opened(disk, write=True):
        pass


async def test_newfs_and_use_leave_the_label_and_the_boot_code_at_the_beginning(bench: Bench) -> None:
    """R14: partition a begins where the slice begins, and so do boot1, the label and boot2."""
    image = await divided(bench)
    await bench.ok(bench.a, "gpart bootcode -b /boot/boot vtbd1s1")
    area = image.read(63 * SECTOR, bsdlabel.AREA)
    assert bootcode.boot_program(area)

    await bench.ok(bench.a, "newfs -U /dev/vtbd1s1a")
    await bench.ok(bench.a, "mount /dev/vtbd1s1a /mnt")
    bench.a.fs.write_file("/mnt/file", b"x" * 3_000_000)
    await bench.ok(bench.a, "umount /mnt")

    assert image.read(63 * SECTOR, bsdlabel.AREA) == area


def test_both_copies_of_a_gpt_are_complete_and_one_alone_is_enough() -> None:
    table = gpt_of_two()
    image = Image(DISK * SECTOR)
    for offset, data in gpt.writes(table):
        image.write(offset, data)
    whole = recognise(image.read, DISK)
    assert whole is not None
    assert (whole.parts, whole.corrupt) == (table.parts, False)

    image.write(SECTOR, b"\0" * 16)
    half = recognise(image.read, DISK)
    assert half is not None
    assert (half.parts, half.corrupt) == (table.parts, True)

    image.write((DISK - 1) * SECTOR + 16, b"\xff")
    assert recognise(image.read, DISK) is None or recognise(image.read, DISK) == mbr.read(image.read, DISK)


def gpt_of_two() -> Table:
    guid = "0123456{}-0000-4000-8000-000000000000"
    empty = gpt.create(DISK, 0)
    parts = (
        Entry(1, 40, 1024, gpt.ALIASES["freebsd-boot"], "boot", guid.format(1)),
        Entry(2, 2048, 204800, gpt.ALIASES["freebsd-ufs"], "old root", guid.format(2), ("bootme",)),
    )
    return Table("GPT", DISK, empty.slots, empty.first, empty.last, parts, empty.area, guid.format(3))


async def test_a_damaged_gpt_is_told_kept_from_changes_and_recovered(bench: Bench) -> None:
    await bench.ok(bench.a, "gpart create -s GPT vtbd2")
    await bench.ok(bench.a, "gpart add -t freebsd-ufs -l data vtbd2")
    bench.a.drives["vtbd2"].image.write((DISK - 1) * SECTOR, bytes(SECTOR))
    bench.a.cut_power()
    await bench.world.clock.run_until(bench.a.boot(), 60)

    assert "[CORRUPT]" in (await bench.ok(bench.a, "gpart show vtbd2")).out
    assert "corrupt" in await bench.fails(bench.a, "gpart delete -i 1 vtbd2")
    assert (await bench.ok(bench.a, "gpart recover vtbd2")).out == "vtbd2 recovered\n"
    assert "[CORRUPT]" not in (await bench.ok(bench.a, "gpart show vtbd2")).out
    assert (await bench.ok(bench.a, "gpart recover vtbd2")).out == "vtbd2 recovering is not needed\n"


async def test_a_gpt_label_is_a_name_below_dev_and_moves_with_the_label(bench: Bench) -> None:
    await bench.ok(bench.a, "gpart create -s GPT vtbd2")
    await bench.ok(bench.a, "gpart add -t freebsd-ufs -l data vtbd2")
    assert bench.a.fs.exists("/dev/gpt/data")

    await bench.ok(bench.a, "gpart modify -i 1 -l moved vtbd2")

    assert not bench.a.fs.exists("/dev/gpt/data")
    assert bench.a.fs.exists("/dev/gpt/moved")


async def test_confxml_tells_scheme_type_and_place_of_every_partition(bench: Bench) -> None:
    await divided(bench)

    text = bench.a.geom.confxml()
    label = text[text.index("<name>vtbd1s1</name>\n      <rank>") :]

    assert "<scheme>BSD</scheme>" in label
    assert "<attrib>active</attrib>" in text
    assert "<type>freebsd-ufs</type>" in label
    assert f"<offset>{409600 * SECTOR}</offset>" in label
    assert "<rawtype>165</rawtype>" in text


def test_a_dedicated_disk_is_a_label_although_its_boot_block_looks_like_an_mbr() -> None:
    image = Image(DISK * SECTOR)
    label = bsdlabel.create(DISK, 0)
    for offset, data in bsdlabel.writes(label):
        image.write(offset, data)
    image.write(0, bootcode.FILES["/boot/boot1"])

    found = recognise(image.read, DISK)

    assert found is not None
    assert found.scheme == "BSD"


@pytest.mark.parametrize("damage", [(0, b"\0"), (132, b"\0"), (150, b"\x07")])
def test_a_label_with_a_wrong_magic_number_or_sum_is_none(damage: tuple[int, bytes]) -> None:
    sector = bsdlabel.encode(bsdlabel.virgin(DISK))
    at, data = damage

    assert bsdlabel.decode(sector) is not None
    assert bsdlabel.decode(sector[:at] + data + sector[at + 1 :]) is None


def test_a_new_partition_takes_the_tightest_gap_that_fits_and_starts_aligned() -> None:
    parts = (Entry(1, 40, 1024, "x"), Entry(2, 10000, 100, "x"), Entry(3, 30000, 2000000, "x"))
    table = Table("GPT", DISK, 128, 40, DISK - 41, parts)

    assert fit(table, shift=0, size=5000, start=None, alignment=None) == (1064, 5000)
    assert fit(table, shift=0, size=5000, start=None, alignment=2048) == (2048, 4096)
    assert fit(table, shift=63 * SECTOR, size=None, start=None, alignment=8)[0] % 8 == 1
    with pytest.raises(NoRoom):
        fit(table, shift=0, size=100000, start=None, alignment=None)


@pytest.mark.parametrize(
    ("text", "sectors"), [("2048", 2048), ("64m", 131072), ("1g", 2097152), ("100b", None), ("x", None)]
)
def test_sizes_are_sectors_unless_a_unit_follows(text: str, sectors: int | None) -> None:
    assert lba(text) == sectors
