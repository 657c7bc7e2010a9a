"""dump(8) of the lab: what it takes, what it says, and how it ends."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from console.lab.running import run_text
from tests.lab_storage.moving import Machine
from tests.waiting import eventually


@pytest.fixture
async def machine() -> AsyncIterator[Machine]:
    machine = await Machine.make()
    yield machine
    await machine.world.close()


async def test_a_mount_point_that_fstab_does_not_name_is_no_file_system(machine: Machine) -> None:
    await machine.ok("sed -i '' '/vtbd1/d' /etc/fstab")

    ran = await machine.says("dump -0aLf - /src > /root/x")

    assert ran.status == 1
    assert ran.err == (
        "  DUMP: WARNING: Cannot use -L on an unmounted filesystem.\ndump: /src: unknown file system\n"
    )
    assert machine.node.fs.read_file("/root/x") == b""


async def test_a_device_can_be_dumped_whether_fstab_names_it_or_not(machine: Machine) -> None:
    await machine.ok("sed -i '' '/vtbd1/d' /etc/fstab")

    ran = await machine.says("dump -0aLf - /dev/vtbd1 > /root/x")

    assert ran.status == 0
    assert "Dumping snapshot of /dev/vtbd1 (/src) to standard output" in ran.err
    assert ran.err.endswith("  DUMP: DUMP IS DONE\n")


async def test_old_style_options_are_understood(machine: Machine) -> None:
    ran = await machine.says("dump 0af /root/x /src; echo $?")

    assert ran.out == "0\n"
    assert "  DUMP: Closing /root/x\n" in ran.err


async def test_a_live_dump_without_a_snapshot_warns_and_loses_what_is_not_on_the_disk_yet(
    machine: Machine,
) -> None:
    machine.world.clock.speed = 1.0
    await machine.ok("umount /src; mount /src; echo unwritten > /src/late")

    ran = await machine.says("dump -0af /root/x /src; restore -tf /root/x | grep -c late")
    snapshot = await machine.says("dump -0aLf /root/x /src; restore -tf /root/x | grep -c late")

    assert "WARNING: should use -L when dumping live read-write filesystems!" in ran.err
    assert "DUMP IS DONE" in ran.err
    assert (ran.out, snapshot.out) == ("0\n", "1\n")


async def test_without_its_directory_a_snapshot_is_not_made(machine: Machine) -> None:
    ran = await machine.says("rmdir /src/.snap; dump -0aLf - /src > /dev/null")

    assert "  DUMP: WARNING: -L requested but snapshot location /src/.snap\n" in ran.err
    assert "is not a directory: dump downgraded, -L ignored\n" in ran.err
    assert "Dumping /dev/vtbd1 (/src)" in ran.err


async def test_a_reader_that_goes_away_ends_the_dump(machine: Machine) -> None:
    await machine.ok("dd if=/dev/zero bs=64k count=30 2>/dev/null | tr '\\0' x > /src/big")

    ran = await machine.says("dump -0aLf - /src | head -c 1000 > /dev/null")

    assert ran.err.endswith("  DUMP: Broken pipe\n  DUMP: The ENTIRE dump is aborted.\n")


async def test_a_full_tape_asks_for_the_next_and_finds_nobody(machine: Machine) -> None:
    ran = await machine.says("dump -0LB 10 -f /root/x /src")

    assert ran.status == 3
    assert "  DUMP: Change Volumes: Mount volume #2\n" in ran.err
    assert ran.err.endswith(
        "  DUMP: fopen on /dev/tty fails: Device not configured\n  DUMP: The ENTIRE dump is aborted.\n"
    )


async def test_an_estimate_is_near_what_is_written_and_writes_nothing(machine: Machine) -> None:
    estimate = await machine.says("dump -S -0 /src")
    ran = await machine.says("dump -0aLf - /src > /root/x")

    estimated = re.findall(r"estimated (\d+) tape blocks", estimate.err + ran.err)
    written = re.findall(r"DUMP: (\d+) tape blocks", ran.err)
    assert estimate.status == 0
    assert "DONE" not in estimate.err
    assert estimated[1] == written[0]
    assert abs(int(estimated[0]) - int(written[0])) <= 2


async def test_files_flagged_nodump_are_left_out_when_they_count(machine: Machine) -> None:
    await machine.ok("chflags -R nodump /src/a")

    counting = await machine.ok("dump -0aLh 0 -f - /src 2>/dev/null | restore -tf - 2>/dev/null")
    usual = await machine.ok("dump -0aLf - /src 2>/dev/null | restore -tf - 2>/dev/null")

    assert "./a" not in counting
    assert "./a/very/deep/directory/a name with blanks" in usual


async def test_what_a_dump_says_is_in_its_file_while_it_runs_and_ps_shows_how_far_it_is(
    machine: Machine,
) -> None:
    machine.world.dump_rate = 50_000
    await machine.ok("dd if=/dev/zero bs=64k count=40 2>/dev/null | tr '\\0' x > /src/big")
    running = asyncio.ensure_future(run_text(machine.node, "dump -0aLf /root/x /src 2>/root/said"))

    def titles() -> list[str]:
        return [process.command for process in machine.node.processes if process.name == "dump"]

    shown = r"dump: /dev/vtbd1: pass 4: \d+\.\d\d% done, finished in \d+:\d\d at .* 20\d\d \(dump\)"
    await eventually(lambda: any(re.fullmatch(shown, title) for title in titles()), 20)
    assert b"estimated" in machine.node.fs.read_file("/root/said")
    await machine.ok("pkill -INFO dump")
    await eventually(lambda: re.search(rb"DUMP: [\d.]+% done", machine.node.fs.read_file("/root/said")), 20)
    machine.world.dump_rate = 1 << 40
    await asyncio.wait_for(running, 30)
    assert titles() == []


async def test_a_slow_reader_slows_the_dump(machine: Machine) -> None:
    await machine.ok("dd if=/dev/zero bs=64k count=60 2>/dev/null | tr '\\0' x > /src/big")
    running = asyncio.ensure_future(
        run_text(
            machine.node,
            "{ dump -0aLf - /src 2>/root/said; echo $? > /root/exit; } | "
            "{ while [ ! -e /root/go ]; do sleep 1; done; cat > /dev/null; }",
        )
    )
    await eventually(lambda: machine.node.fs.exists("/root/said"), 10)
    for _ in range(50):
        await asyncio.sleep(0)
    assert not machine.node.fs.exists("/root/exit")

    machine.node.fs.write_file("/root/go", b"")
    await asyncio.wait_for(running, 30)

    assert machine.node.fs.read_file("/root/exit") == b"0\n"


async def test_a_killed_dump_has_not_said_that_it_is_done(machine: Machine) -> None:
    machine.world.dump_rate = 1000
    running = asyncio.ensure_future(machine.says("dump -0aLf /root/x /src; echo $?"))
    await eventually(lambda: any(p.name == "dump" for p in machine.node.processes), 10)

    await machine.ok("pkill dump")
    ran = await asyncio.wait_for(running, 30)

    assert ran.out == "3\n"
    assert "DONE" not in ran.err


async def test_dumpdates_are_kept_and_the_next_level_goes_on_from_them(machine: Machine) -> None:
    await machine.ok("dump -0aLuf /root/0 /src 2>/dev/null; sleep 5; echo new > /src/late")
    said = await machine.says("dump -1aLuf - /src > /root/1; cat /etc/dumpdates")
    listed = await machine.ok("restore -tf /root/1 2>/dev/null")

    lines = said.out.splitlines()
    assert [line.split()[:2] for line in lines] == [["/dev/vtbd1", "0"], ["/dev/vtbd1", "1"]]
    assert f"Date of last level 0 dump: {lines[0].split(None, 2)[2]}" in said.err
    assert "./late" in listed
    assert "./etc/rc\n" not in listed


async def test_a_date_given_by_hand_stands_for_dumpdates(machine: Machine) -> None:
    said = await machine.says("dump -0aLf /root/0 /src; sleep 5; echo new > /src/late")
    date = re.search(r"level 0 dump: (.*)", said.err)
    assert date is not None

    ran = await machine.says(f"dump -1 -T '{date[1]}' -aLf - /src > /root/1; restore -tf /root/1")

    assert f"Date of last (level unknown) dump: {date[1]}" in ran.err
    assert "./late" in ran.out
    assert "./etc/rc\n" not in ran.out
