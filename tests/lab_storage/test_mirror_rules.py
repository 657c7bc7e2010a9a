"""How components come, go and return: counters, names, refusals."""

import pytest

from tests.lab_storage.bench import MIRROR, SITES, SLAVE_IMAGE, Bench


async def lost_by(bench: Bench, line: str) -> str:
    """Lose the gate in some way, bring it back, and tell what the kernel says."""
    await bench.ok(bench.a, line)
    bench.world.plug_link()
    await bench.pass_time(5)
    await bench.gate(10)
    return (await bench.ok(bench.a, "gmirror status")).out


async def test_a_gate_destroyed_at_once_returns_as_stale() -> None:
    bench = await Bench.provisioned(timeout=10)
    bench.a.fs.write_file(f"{SITES}/x", b"x")
    await bench.ok(bench.a, "sync")
    bench.world.pull_link()
    bench.a.fs.write_file(f"{SITES}/y", b"y")
    await bench.ok(bench.a, "sync")

    assert "ggate0 (STALE)" in await lost_by(bench, "ggatec destroy -f -u 0")
    await bench.rebuild("ggate0")
    assert "COMPLETE" in (await bench.ok(bench.a, "gmirror status")).out


async def test_a_gate_dropped_by_its_timeout_returns_as_broken() -> None:
    bench = await Bench.provisioned(timeout=10)
    bench.a.fs.write_file(f"{SITES}/x", b"x")
    await bench.ok(bench.a, "sync")
    bench.world.pull_link()
    bench.a.fs.write_file(f"{SITES}/y", b"y")
    await bench.ok(bench.a, "sync")
    await bench.pass_time(16)
    assert "GEOM_MIRROR: Request failed (error=5). ggate0[WRITE(offset=" in bench.messages(bench.a)

    assert "ggate0" not in await lost_by(bench, "ggatec destroy -f -u 0")
    said = bench.messages(bench.a)
    assert "GEOM_MIRROR: Component ggate0 (device remotemirror) broken, skipping." in said
    assert "GEOM_MIRROR: Cannot add disk ggate0 to remotemirror (error=22)." in said
    error = await bench.fails(bench.a, "gmirror rebuild remotemirror ggate0")
    assert error == "gmirror: No such provider: ggate0.\n"
    await bench.ok(bench.a, "gmirror forget remotemirror")
    await bench.ok(bench.a, "gmirror insert -p 0 remotemirror ggate0")
    await bench.rebuild("ggate0")


async def test_status_is_silent_for_minutes_while_a_dead_gate_is_tasted() -> None:
    bench = await Bench.provisioned(timeout=10)
    bench.a.fs.write_file(f"{SITES}/x", b"x")
    await bench.ok(bench.a, "sync")
    bench.b.cut_power()
    bench.a.fs.write_file(f"{SITES}/y", b"y")
    await bench.ok(bench.a, "sync")
    await bench.pass_time(16)

    for line in ("gmirror status", "ggatec list -v", "mdconfig -l", "sysctl -n kern.geom.confxml"):
        assert await bench.run(bench.a, line, limit=30) is None, line
    assert await bench.run(bench.a, "mount -p", limit=1) is not None
    await bench.pass_time(200)
    assert "DEGRADED  md0 (ACTIVE)" in (await bench.ok(bench.a, "gmirror status -s")).out


async def test_destroying_the_dead_gate_ends_the_silence() -> None:
    bench = await Bench.provisioned(timeout=10)
    bench.b.cut_power()
    bench.a.fs.write_file(f"{SITES}/y", b"y")
    await bench.ok(bench.a, "sync")
    await bench.pass_time(16)
    assert await bench.run(bench.a, "gmirror status", limit=5) is None

    await bench.ok(bench.a, "ggatec destroy -f -u 0")

    assert "DEGRADED" in (await bench.ok(bench.a, "gmirror status")).out


@pytest.mark.parametrize("stops", [1, 2, 3, 4])
async def test_a_stopped_mirror_returns_on_another_name_each_time(stops: int) -> None:
    bench = await Bench.provisioned(options="")
    await bench.ok(bench.a, f"umount {SITES}")
    await bench.ok(bench.a, "gmirror deactivate remotemirror ggate0")
    await bench.ok(bench.a, "ggatec destroy -u 0")
    for _ in range(stops):
        await bench.ok(bench.a, "gmirror stop remotemirror")
    assert "Device busy" in await bench.fails(bench.a, "mdconfig -d -u 0")
    await bench.pass_time(5)

    status = (await bench.ok(bench.a, "gmirror status -s")).out
    assert ("ufsid/" in status) == (stops % 2 == 1)
    assert "Force device remotemirror start due to timeout." in bench.messages(bench.a)


async def test_a_forced_detach_under_the_unmounted_mirror_lets_go() -> None:
    bench = await Bench.provisioned(options="")
    await bench.ok(bench.a, f"umount {SITES}")
    await bench.ok(bench.a, "gmirror stop remotemirror")
    await bench.ok(bench.a, "ggatec destroy -u 0")
    await bench.pass_time(6)

    await bench.ok(bench.a, "mdconfig -d -o force -u 0")
    await bench.pass_time(6)

    assert (await bench.ok(bench.a, "gmirror status")).out == ""
    assert (await bench.ok(bench.a, "mdconfig -l")).out == ""
    assert not bench.a.fs.exists("/dev/ufsid")


async def test_a_hard_coded_half_lets_go_at_the_first_try() -> None:
    bench = await Bench.provisioned()
    await bench.ok(bench.a, f"umount {SITES}")
    for line in ("gmirror stop remotemirror", "mdconfig -d -u 0", "ggatec destroy -u 0"):
        await bench.ok(bench.a, line)
    await bench.pass_time(6)
    assert (await bench.ok(bench.a, "gmirror status")).out == ""


async def test_the_fresher_half_is_refused_by_a_mirror_that_runs_already() -> None:
    bench = await Bench.provisioned()
    await bench.ok(bench.a, "gmirror deactivate remotemirror md0")
    await bench.write(bench.a, "new.txt", "new")
    await bench.ok(bench.a, f"umount {SITES}")
    await bench.ok(bench.a, "gmirror stop remotemirror")
    await bench.ok(bench.a, "ggatec destroy -u 0")
    await bench.ok(bench.a, "gmirror activate remotemirror md0")
    await bench.pass_time(5)
    assert "DEGRADED  md0 (ACTIVE)" in (await bench.ok(bench.a, "gmirror status -s")).out

    await bench.gate(10)

    assert "was started before the freshest disk (ggate0) arrives!!" in bench.messages(bench.a)
    assert "ggate0" not in (await bench.ok(bench.a, "gmirror status")).out


async def test_synchronisation_takes_the_time_that_the_speed_says() -> None:
    bench = await Bench.provisioned()
    bench.world.sync_rate = 4 << 20
    await bench.ok(bench.a, "gmirror rebuild remotemirror md0")
    await bench.pass_time(6)
    status = (await bench.ok(bench.a, "gmirror status")).out
    assert "md0 (SYNCHRONIZING, 50%)" in status
    assert "BytesSynced: 25165824" in (await bench.ok(bench.a, "gmirror list")).out
    await bench.pass_time(6.5)
    assert "COMPLETE" in (await bench.ok(bench.a, "gmirror status")).out


async def test_a_write_during_a_copy_reaches_the_half_that_is_copied() -> None:
    bench = await Bench.provisioned()
    await bench.ok(bench.a, "gmirror rebuild remotemirror md0")
    for number in range(5):
        await bench.pass_time(1)
        await bench.write(bench.a, f"{number}.txt", "x" * 5000)
    await bench.pass_time(30)
    await bench.ok(bench.a, f"umount {SITES}")
    assert "COMPLETE" in (await bench.ok(bench.a, "gmirror status")).out
    assert bench.same_contents()


async def test_without_noautosync_a_returning_half_is_copied_at_once() -> None:
    bench = await Bench.provisioned()
    await bench.ok(bench.a, "gmirror configure -a remotemirror")
    await bench.ok(bench.a, "gmirror deactivate remotemirror md0")
    await bench.write(bench.a, "new.txt", "new")
    await bench.ok(bench.a, "gmirror activate remotemirror md0")
    assert "md0 (SYNCHRONIZING" in (await bench.ok(bench.a, "gmirror status")).out
    await bench.pass_time(30)
    await bench.ok(bench.a, f"umount {SITES}")
    assert bench.same_contents()


async def test_one_image_attached_twice_is_refused_by_the_mirror() -> None:
    bench = await Bench.provisioned()
    twin = await bench.ok(bench.a, "mdconfig -a -t vnode -f /root/images/sitesprimary.img")
    assert twin.out == "md1\n"
    assert (await bench.ok(bench.a, "mdconfig -l")).out == "md0 md1 \n"
    assert (await bench.ok(bench.a, "gmirror status")).out.count("md") == 1


async def test_a_full_queue_refuses_the_next_request() -> None:
    bench = await Bench.provisioned(newfs=False)
    gate = bench.a.geom.gates[0]
    bench.world.pull_link()
    for number in range(gate.options.queue_size):
        bench.a.start(gate.write(number * 512, b"x" * 512))
    await bench.pass_time(1)
    with pytest.raises(OSError, match=r"\[Errno 12\]"):
        await gate.write(0, b"y" * 512)


async def test_growing_the_image_the_mirror_and_the_file_system() -> None:
    bench = await Bench.provisioned()
    await bench.write(bench.a, "one.txt", "one")
    await bench.ok(bench.a, f"umount {SITES}")
    await bench.ok(bench.a, "gmirror remove remotemirror ggate0")
    await bench.ok(bench.a, "mdconfig -r -u 0 -s 64m")
    await bench.ok(bench.a, "gmirror resize remotemirror")
    grown = await bench.ok(bench.a, f"growfs -y {MIRROR}")
    assert grown.out.endswith(" 98496, 123072\n")
    await bench.ok(bench.a, f"mount {MIRROR} {SITES}")
    assert bench.files(bench.a) == {"one.txt": "one"}
    assert "62744" in (await bench.ok(bench.a, f"df -k {SITES}")).out


async def test_the_last_active_component_stays() -> None:
    bench = await Bench.provisioned()
    await bench.ok(bench.a, "gmirror deactivate remotemirror ggate0")
    error = await bench.fails(bench.a, "gmirror deactivate remotemirror md0")
    assert error == "gmirror: remotemirror: Can't deactivate the last ACTIVE component md0.\n"
    error = await bench.fails(bench.a, "gmirror rebuild remotemirror md0")
    assert error == "gmirror: Provider md0 is the last active provider in remotemirror.\n"


async def test_losing_the_last_component_takes_the_device_away() -> None:
    bench = await Bench.provisioned()
    await bench.ok(bench.a, f"umount {SITES}")
    await bench.ok(bench.a, "ggatec destroy -f -u 0")
    await bench.ok(bench.a, "mdconfig -d -o force -u 0")
    await bench.pass_time(1)
    said = bench.messages(bench.a)
    assert "GEOM_MIRROR: Device remotemirror: provider destroyed." in said
    assert "GEOM_MIRROR: Device remotemirror destroyed." in said
    assert not bench.a.fs.exists(MIRROR)


async def test_the_slaves_copy_tastes_itself_and_takes_the_raw_disk() -> None:
    bench = await Bench.provisioned()
    await bench.ok(bench.a, f"umount {SITES}")
    await bench.ok(bench.a, "ggatec destroy -f -u 0")
    await bench.ok(bench.b, "gmirror load")
    await bench.ok(bench.b, f"mdconfig -a -t vnode -f {SLAVE_IMAGE} -u 0")
    assert not bench.b.fs.exists(MIRROR)
    error = await bench.fails(bench.b, f"mount /dev/md0 {SITES}")
    assert error == "mount: /dev/md0: Operation not permitted\n"
    await bench.pass_time(4.5)
    assert bench.b.fs.exists(MIRROR)
