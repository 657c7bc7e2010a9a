"""Clock, images, processes and the layout of file systems."""

import asyncio
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.lab.clock import Clock
from console.lab.geom.metadata import Metadata, decode
from console.lab.images import Image
from console.lab.processes import ProcessTable
from console.lab.ufs import geometry
from tests.lab_storage.bench import MIRROR, SITES, Bench
from tests.waiting import eventually


async def test_timers_run_in_order_and_at_their_moment() -> None:
    clock = Clock(0, 1000.0)
    seen: list[float] = []
    for after in (5, 1, 3):
        clock.call_later(after, lambda: seen.append(clock.now()))
    cancelled = clock.call_later(2, lambda: seen.append(-1))
    cancelled.cancel()
    await clock.advance(4)
    assert seen == [1001.0, 1003.0]
    assert clock.now() == 1004.0
    await clock.advance(4)
    assert seen == [1001.0, 1003.0, 1005.0]


async def test_a_timer_set_by_a_timer_falls_due_in_the_same_jump() -> None:
    clock = Clock(0, 0.0)
    seen: list[float] = []

    async def twice() -> None:
        for _ in range(3):
            await clock.sleep(1)
            seen.append(clock.now())

    task = asyncio.ensure_future(twice())
    await clock.advance(10)
    assert seen == [1.0, 2.0, 3.0]
    assert task.done()


async def test_a_fast_clock_wakes_sleepers_early() -> None:
    clock = Clock(1000.0)
    started = clock.now()
    task = asyncio.ensure_future(clock.sleep(60))
    await eventually(task.done)
    assert clock.now() - started >= 59.9


Writes = st.lists(st.tuples(st.integers(0, 200_000), st.binary(min_size=1, max_size=3000)), max_size=12)


@given(writes=Writes)
def test_an_image_reads_back_what_was_written_like_a_file(writes: list[tuple[int, bytes]]) -> None:
    image, plain = Image(200_000), bytearray(200_000)
    for offset, data in writes:
        image.write(offset, data)
        kept = data[: max(0, 200_000 - offset)]
        plain[offset : offset + len(kept)] = kept
    assert image.read(0, 200_000) == bytes(plain)
    twin = image.copy()
    assert twin.digest() == image.digest()
    image.resize(70_000)
    image.resize(200_000)
    assert image.read(0, 200_000) == bytes(plain[:70_000]) + bytes(130_000)
    assert twin.read(0, 200_000) == bytes(plain)


@given(
    name=st.text("abcxyz", min_size=1, max_size=15),
    numbers=st.lists(st.integers(0, 2**32 - 1), min_size=4, max_size=4),
    priority=st.integers(0, 255),
)
def test_metadata_survives_its_sector(name: str, numbers: list[int], priority: int) -> None:
    mid, did, genid, syncid = numbers
    md = Metadata(name, mid, did, 2, genid, syncid, priority, 4096, "prefer", 50331136, hcprovider="md0")
    assert decode(md.encode()) == md
    assert decode(md.encode()[:-1] + b"x") == md
    assert decode(b"x" + md.encode()[1:]) is None
    assert decode(md.encode().replace(b"md0", b"md1")) is None


@pytest.mark.parametrize(
    ("fragments", "group", "inodes", "data"),
    [
        (12287, 3072, 1536, 11814),
        (51200, 12808, 6528, 49479),
        (38400, 9608, 4864, 37095),
        (64000, 16008, 8064, 61895),
        (5000, 1256, 640, 4751),
    ],
)
def test_file_systems_are_laid_out_as_newfs_does(fragments: int, group: int, inodes: int, data: int) -> None:
    layout = geometry(fragments)
    assert (layout.group, layout.inodes, layout.data) == (group, inodes, data)


def test_signals_to_a_process_in_state_d_wait_until_it_wakes() -> None:
    table = ProcessTable(lambda: 0.0)
    process = table.spawn("dd if=/dev/zero of=/home/sites/x", stat="D")
    assert table.kill(process.pid, signal.SIGKILL)
    assert process in table
    table.resume(process, "S")
    assert process not in table
    assert not table.kill(process.pid)


async def test_files_below_a_mount_point_belong_to_the_mounted_file_system() -> None:
    bench = await Bench.provisioned()
    await bench.ok(bench.a, f"umount {SITES}")
    bench.a.fs.write_file(f"{SITES}/underneath", b"hidden")
    await bench.ok(bench.a, f"mount {MIRROR} {SITES}")
    assert bench.files(bench.a) == {}
    bench.a.fs.mkdir(f"{SITES}/a/b", recursive=True)
    bench.a.fs.write_file(f"{SITES}/a/b/c", b"deep")
    bench.a.fs.symlink("a/b/c", f"{SITES}/link")
    await bench.ok(bench.a, f"umount {SITES}")
    assert bench.files(bench.a) == {"underneath": "hidden"}
    await bench.ok(bench.a, f"mount {MIRROR} {SITES}")
    assert bench.a.fs.read_file(f"{SITES}/a/b/c") == b"deep"
    assert bench.a.fs.read_link(f"{SITES}/link") == "a/b/c"


async def test_a_full_file_system_says_so_in_the_kernel_log() -> None:
    bench = await Bench.provisioned()
    for number in range(7):
        bench.a.fs.write_file(f"{SITES}/{number}", bytes([number + 1]) * (7 << 20))
    await bench.ok(bench.a, f"df {SITES}")
    assert "filesystem full" in bench.messages(bench.a)


async def test_a_directory_in_which_something_runs_cannot_be_unmounted() -> None:
    bench = await Bench.provisioned()
    with bench.a.mounts.staying(f"{SITES}/deep"):
        error = await bench.fails(bench.a, f"umount {SITES}")
        assert error == f"umount: unmount of {SITES} failed: Device busy\n"
    await bench.ok(bench.a, f"umount {SITES}")


async def test_the_lab_runs_in_real_time_too() -> None:
    bench = await Bench.provisioned()
    bench.world.clock.speed = 200.0
    await bench.write(bench.a, "one.txt", "one")
    await bench.world.close()
