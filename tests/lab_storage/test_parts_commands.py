"""gpart, fdisk, bsdlabel and swapon on the lab: the words of 13.2, and what they refuse."""

import asyncio

import pytest

from console.lab import bootcode
from console.lab.call import Call
from console.lab.catalogue import commands
from tests.lab_storage.bench import Bench
from tests.lab_storage.test_parts import bench, devices, divided

__all__ = ["bench"]

LABEL = """8 partitions:
  a:      60m        0    4.2BSD
  b:      16m        *      swap
  c:        *        *    unused
  e:        *        *    4.2BSD
"""


@pytest.fixture
async def labelled(bench: Bench) -> Bench:
    await divided(bench)
    return bench


class Answers:
    """Standard input."""

    def __init__(self, text: str) -> None:
        self.text = text.encode()

    async def read(self, size: int = -1, /) -> bytes:
        data, self.text = self.text, b""
        return data


async def answered(bench: Bench, line: str, text: str) -> Call:
    call = Call(bench.a, line.split(), stdin=Answers(text))
    work = asyncio.ensure_future(commands()[call.name](call))
    assert await bench.world.clock.run_until(work, 60)
    return call


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("gpart create -s GPT vtbd1", "gpart: geom 'vtbd1': File exists\n"),
        ("gpart create -s GPT vtbd9", "gpart: arg0 'vtbd9': Invalid argument\n"),
        ("gpart add -t freebsd vtbd1", "gpart: autofill: No space left on device\n"),
        ("gpart add -t freebsd-ufs vtbd9", "gpart: No such geom vtbd9.\n"),
        ("gpart delete -i 3 vtbd1", "gpart: index '3': No such file or directory\n"),
        ("gpart destroy vtbd1", "gpart: Device busy\n"),
        ("gpart modify -i 1 -l name vtbd1", "gpart: Invalid argument\n"),
        ("gpart show vtbd2", "gpart: No such geom: vtbd2.\n"),
        ("gpart bootcode -b /boot/nothing vtbd1", "gpart: /boot/nothing: No such file or directory\n"),
        ("gpart bootcode -b /boot/gptboot vtbd1", "gpart: Operation not supported by device\n"),
        ("bsdlabel vtbd2", "bsdlabel: /dev/vtbd2: no valid label found\n"),
        ("bsdlabel vtbd9", "bsdlabel: unable to get correct path for vtbd9: No such file or directory\n"),
        ("bsdlabel -e vtbd1s1", "bsdlabel: /usr/bin/vi: No such file or directory\n"),
        ("disklabel -e -f ad1s1", "disklabel: ad1s1: No such file or directory\n"),
        ("swapon /dev/vtbd9", "swapon: /dev/vtbd9: No such file or directory\n"),
        ("swapoff /dev/vtbd1s1a", "swapoff: /dev/vtbd1s1a: Invalid argument\n"),
    ],
)
async def test_what_cannot_be_done_is_refused_in_one_line(labelled: Bench, line: str, words: str) -> None:
    assert await labelled.fails(labelled.a, line) == words


async def test_a_used_partition_is_neither_deleted_nor_lost_with_its_table(labelled: Bench) -> None:
    await labelled.ok(labelled.a, "newfs -U /dev/vtbd1s1e")
    await labelled.ok(labelled.a, "mount /dev/vtbd1s1e /mnt")

    for line in ("gpart delete -i 5 vtbd1s1", "gpart destroy -F vtbd1s1", "gpart destroy -F vtbd1"):
        assert await labelled.fails(labelled.a, line) == "gpart: Device busy\n"
    await labelled.ok(labelled.a, "umount /mnt")
    await labelled.ok(labelled.a, "gpart destroy -F vtbd1")

    assert devices(labelled.a, "vtbd1") == ["vtbd1"]


async def test_a_label_is_not_written_while_a_partition_of_its_slice_is_open(labelled: Bench) -> None:
    """R14: recording 10b."""
    labelled.a.fs.write_file("/root/label", LABEL.encode())
    await labelled.ok(labelled.a, "newfs -U /dev/vtbd1s1e")
    await labelled.ok(labelled.a, "mount /dev/vtbd1s1e /mnt")

    for line in ("bsdlabel -R vtbd1s1 /root/label", "bsdlabel -B vtbd1s1", "bsdlabel -w vtbd1s1"):
        assert await labelled.fails(labelled.a, line) == (
            "bsdlabel: cannot open provider /dev/vtbd1s1 for writing label: Operation not permitted\n"
            "bsdlabel: Try to use gpart(8).\n"
        )


async def test_a_restored_label_fills_in_what_is_left_open_and_changes_the_devices(labelled: Bench) -> None:
    labelled.a.fs.write_file("/root/label", LABEL.encode())

    shown = await labelled.ok(labelled.a, "bsdlabel -n -R vtbd1s1 /root/label")
    assert shown.err == "bsdlabel: write to disk label suppressed - label was as follows:\n"
    assert devices(labelled.a, "vtbd1")[-1] == "vtbd1s1e"
    await labelled.ok(labelled.a, "bsdlabel -R vtbd1s1 /root/label")

    text = (await labelled.ok(labelled.a, "bsdlabel vtbd1s1")).out
    assert text == shown.out
    assert "  a:     122880          0    4.2BSD     2048 16384    16\n" in text
    assert "  b:      32768     122880      swap" in text
    assert "  e:    1941441     155648    4.2BSD" in text
    assert devices(labelled.a, "vtbd1") == ["vtbd1", "vtbd1s1", "vtbd1s1a", "vtbd1s1b", "vtbd1s1e"]


async def test_a_label_that_was_printed_is_restored_as_it_was(labelled: Bench) -> None:
    text = (await labelled.ok(labelled.a, "bsdlabel -A vtbd1s1")).out
    labelled.a.fs.write_file("/root/label", text.encode())
    await labelled.ok(labelled.a, "bsdlabel -w vtbd1s1")
    assert (await labelled.ok(labelled.a, "bsdlabel -A vtbd1s1")).out != text

    # What gpart leaves at 0 bsdlabel does not accept.
    assert "bad interleave" in await labelled.fails(labelled.a, "bsdlabel -A -R vtbd1s1 /root/label")
    partitions = text[text.index("8 partitions") :]
    labelled.a.fs.write_file("/root/label", partitions.encode())
    await labelled.ok(labelled.a, "bsdlabel -R vtbd1s1 /root/label")

    assert (await labelled.ok(labelled.a, "bsdlabel vtbd1s1")).out.endswith(partitions)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 100 0 4.2BSD\nb: 100 50 swap\n", "partitions a and b overlap!\n"),
        ("a: 3000000 0 4.2BSD\n", "partition a: partition extends past end of unit\n"),
        ("a: 100 3000000 4.2BSD\n", "partition a: offset past end of unit\n"),
        ("a: 0 0 4.2BSD\n", "line 1: 0: bad partition size\n"),
        ("z: 100 0 4.2BSD\n", "line 1: partition name out of range a-h: z\n"),
        ("rubbish\n", "line 1: syntax error\n"),
        ("a: 2097089 0 4.2BSD\ne: * * 4.2BSD\n", "Cannot find space for partition e\n"),
    ],
)
async def test_a_label_that_does_not_fit_is_refused_and_nothing_is_written(
    labelled: Bench, text: str, words: str
) -> None:
    labelled.a.fs.write_file("/root/label", text.encode())
    before = (await labelled.ok(labelled.a, "bsdlabel vtbd1s1")).out

    assert words in await labelled.fails(labelled.a, "bsdlabel -R vtbd1s1 /root/label")

    assert (await labelled.ok(labelled.a, "bsdlabel vtbd1s1")).out == before


async def test_boot_code_is_told_present_where_it_was_written(labelled: Bench) -> None:
    image = labelled.a.drives["vtbd1"].image
    assert not bootcode.mbr_code(image.read(0, 512))
    assert not bootcode.boot_program(image.read(63 * 512, 8192))

    assert (
        await labelled.ok(labelled.a, "gpart bootcode -b /boot/mbr vtbd1")
    ).out == "bootcode written to vtbd1\n"
    await labelled.ok(labelled.a, "bsdlabel -B vtbd1s1")

    assert bootcode.mbr_code(image.read(0, 512))
    assert bootcode.boot_program(image.read(63 * 512, 8192))
    assert "[active]" in (await labelled.ok(labelled.a, "gpart show vtbd1")).out
    assert "  e:     307200" in (await labelled.ok(labelled.a, "bsdlabel vtbd1s1")).out


async def test_a_gpt_gets_its_boot_programs(bench: Bench) -> None:
    for line in ("gpart create -s GPT vtbd2", "gpart add -t freebsd-boot -s 512k vtbd2"):
        await bench.ok(bench.a, line)

    answer = await bench.ok(bench.a, "gpart bootcode -b /boot/pmbr -p /boot/gptboot -i 1 vtbd2")

    assert answer.out == "partcode written to vtbd2p1\nbootcode written to vtbd2\n"
    image = bench.a.drives["vtbd2"].image
    assert bootcode.mbr_code(image.read(0, 512))
    assert bootcode.partition_program(image.read(40 * 512, 512))


async def test_a_backup_restores_the_same_table_on_another_disk(labelled: Bench) -> None:
    await labelled.ok(labelled.a, "gpart create -s GPT vtbd2")
    await labelled.ok(labelled.a, "gpart add -t freebsd-ufs -s 100m -l root vtbd2")
    await labelled.ok(labelled.a, "gpart set -a bootme -i 1 vtbd2")
    text = (await labelled.ok(labelled.a, "gpart backup vtbd2")).out

    assert "vtbd2" not in (await answered(labelled, "gpart restore ada0", text)).err
    assert (await answered(labelled, "gpart restore -F -l vtbd1", text)).err == ""

    assert (await labelled.ok(labelled.a, "gpart backup vtbd1")).out == text
    assert (await answered(labelled, "gpart restore vtbd1", text)).err == "gpart: geom 'vtbd1': File exists\n"


async def test_fdisk_prepares_a_disk_and_asks_nothing_for_it(bench: Bench) -> None:
    answer = await bench.ok(bench.a, "fdisk -BI vtbd1")

    assert answer.out == "******* Working on device /dev/vtbd1 *******\n"
    assert devices(bench.a, "vtbd1") == ["vtbd1", "vtbd1s1"]
    assert "   1:          63     2096577 0xa5 0x80\n" in (await bench.ok(bench.a, "fdisk -s vtbd1")).out
    assert bootcode.mbr_code(bench.a.drives["vtbd1"].image.read(0, 512))


async def test_fdisk_that_has_to_ask_ends_without_an_answer_and_writes_nothing(labelled: Bench) -> None:
    image = labelled.a.drives["vtbd1"].image
    before = image.read(0, 512)

    for line in ("fdisk -B vtbd1", "fdisk -i vtbd1", "fdisk -a vtbd1", "fdisk -u vtbd1"):
        await labelled.fails(labelled.a, line)
    assert image.read(0, 512) == before
    call = await answered(labelled, "fdisk -B vtbd1", "y\ny\n")

    assert "Do you want to change the boot code? [n] " in call.out
    assert bootcode.mbr_code(image.read(0, 512))


async def test_a_script_sets_the_slices_and_which_is_active(bench: Bench) -> None:
    bench.a.fs.write_file("/root/slices", b"# two\ng c2080 h16 s63\np 1 165 63 512M\np 2 0xa5 * *\na 2\n")

    answer = await bench.ok(bench.a, "fdisk -i -f /root/slices vtbd1")

    assert "number of cylinders (2080)" not in answer.out
    assert (await bench.ok(bench.a, "fdisk -p vtbd1")).out == (
        "# /dev/vtbd1\ng c2080 h16 s63\np 1 0xa5 63 1048257\np 2 0xa5 1048320 1048320\na 2\n"
    )
    bench.a.fs.write_file("/root/slices", b"p 5 165 63 512M\n")
    assert "invalid partition number 5" in await bench.fails(bench.a, "fdisk -f /root/slices vtbd1")


async def test_fdisk_of_a_disk_in_use_fails_to_write(labelled: Bench) -> None:
    await labelled.ok(labelled.a, "newfs -U /dev/vtbd1s1e")
    await labelled.ok(labelled.a, "mount /dev/vtbd1s1e /mnt")
    before = labelled.a.drives["vtbd1"].image.read(0, 512)

    answer = await labelled.ok(labelled.a, "fdisk -I vtbd1")

    assert answer.err == "fdisk: Failed to write MBR. Try to use gpart(8).\n"
    assert labelled.a.drives["vtbd1"].image.read(0, 512) == before


async def test_swap_comes_and_goes_on_a_partition(labelled: Bench) -> None:
    await labelled.ok(labelled.a, "gpart add -t freebsd-swap -i 2 -s 64m vtbd1s1")

    assert (await labelled.ok(labelled.a, "swapon /dev/vtbd1s1b")).out == (
        "swapon: adding /dev/vtbd1s1b as swap device\n"
    )
    assert (await labelled.ok(labelled.a, "swapinfo -k")).out == (
        "Device          1K-blocks     Used    Avail Capacity\n"
        "/dev/gpt/swap      524288        0   524288     0%\n"
        "/dev/vtbd1s1b       65536        0    65536     0%\n"
        "Total              589824        0   589824     0%\n"
    )
    assert await labelled.fails(labelled.a, "gpart delete -i 2 vtbd1s1") == "gpart: Device busy\n"
    await labelled.ok(labelled.a, "swapoff /dev/vtbd1s1b")
    await labelled.ok(labelled.a, "gpart delete -i 2 vtbd1s1")
