"""The simulated stack loses data where the real one does, and keeps it where the real one does."""

from tests.lab_storage.bench import MASTER_IMAGE, MIRROR, SITES, SLAVE_IMAGE, Bench


async def test_a_pulled_cable_hangs_writers_until_the_gate_is_destroyed_by_force() -> None:
    bench = await Bench.provisioned()
    await bench.pass_time(30)
    bench.world.pull_link()
    bench.a.fs.write_file(f"{SITES}/during.txt", b"during")

    assert await bench.run(bench.a, f"fsync {SITES}/during.txt", limit=120) is None
    status = await bench.ok(bench.a, "gmirror status")
    assert "COMPLETE" in status.out
    assert "ggate0 (ACTIVE)" in status.out
    assert "queue_count: 1" in (await bench.ok(bench.a, "ggatec list -v")).out
    assert await bench.run(bench.a, f"umount {SITES}", limit=60) is None

    await bench.ok(bench.a, "ggatec destroy -f -u 0")
    await bench.write(bench.a, "after.txt", "after")
    status = await bench.ok(bench.a, "gmirror status")
    assert "DEGRADED" in status.out
    assert "ggate0" not in status.out


async def test_a_short_outage_without_timeout_loses_nothing() -> None:
    bench = await Bench.provisioned()
    await bench.pass_time(30)
    bench.world.pull_link()
    bench.a.fs.write_file(f"{SITES}/during.txt", b"during")
    assert await bench.run(bench.a, f"fsync {SITES}/during.txt", limit=20) is None

    bench.world.plug_link()
    await bench.pass_time(30)

    assert "queue_count: 0" in (await bench.ok(bench.a, "ggatec list -v")).out
    await bench.ok(bench.a, f"umount {SITES}")
    assert bench.same_contents()


async def test_sync_returns_at_once_even_when_the_gate_is_dead() -> None:
    bench = await Bench.provisioned()
    bench.world.pull_link()
    bench.a.fs.write_file(f"{SITES}/blob", b"x" * 100_000)

    assert await bench.run(bench.a, "sync", limit=1) is not None


async def test_rebuilding_in_the_wrong_direction_destroys_the_newer_file() -> None:
    bench = await Bench.provisioned()
    await bench.ok(bench.a, "gmirror deactivate remotemirror md0")
    await bench.write(bench.a, "newer.txt", "only on the slave's half")
    await bench.ok(bench.a, f"umount {SITES}")
    await bench.ok(bench.a, "gmirror stop remotemirror")
    await bench.ok(bench.a, "gmirror label -h -n remotemirror md0")
    await bench.ok(bench.a, f"mount {MIRROR} {SITES}")
    assert "newer.txt" not in bench.files(bench.a)

    await bench.ok(bench.a, "gmirror clear ggate0")
    await bench.ok(bench.a, "gmirror insert remotemirror ggate0")
    await bench.rebuild("ggate0")
    await bench.ok(bench.a, f"umount {SITES}")

    assert bench.same_contents()
    await bench.ok(bench.a, "gmirror stop remotemirror")
    await bench.ok(bench.a, "mdconfig -d -o force -u 0")
    await bench.ok(bench.a, "ggatec destroy -f -u 0")
    await bench.ok(bench.b, f"mdconfig -a -t vnode -f {SLAVE_IMAGE} -u 0")
    await bench.ok(bench.b, f"mount /dev/md0 {SITES}")
    assert "newer.txt" not in bench.files(bench.b)


async def test_a_raw_promotion_joins_later_as_complete_with_two_different_contents() -> None:
    bench = await Bench.provisioned(options="")
    await bench.write(bench.a, "one.txt", "one")
    await bench.ok(bench.a, f"umount {SITES}")
    await bench.ok(bench.a, "gmirror stop remotemirror")
    await bench.ok(bench.a, "ggatec destroy -u 0")
    bench.b.processes.kill(bench.b.gate_server.listener.pid)  # type: ignore[union-attr]
    await bench.ok(bench.b, f"mdconfig -a -t vnode -f {SLAVE_IMAGE} -u 0")
    await bench.ok(bench.b, f"mount /dev/md0 {SITES}")
    await bench.write(bench.b, "from_slave.txt", "from slave")
    await bench.ok(bench.b, f"umount {SITES}")
    await bench.ok(bench.b, "mdconfig -d -u 0")
    await bench.ok(bench.b, "ggated")
    await bench.gate(10)
    await bench.pass_time(6)

    status = await bench.ok(bench.a, "gmirror status -s")
    assert status.out.count("COMPLETE") == status.out.count("(ACTIVE)") == 2
    assert not bench.same_contents()
    await bench.ok(bench.a, f"mount {MIRROR} {SITES}")
    assert set(bench.files(bench.a)) == {"one.txt"}


async def test_the_circle_that_works_keeps_every_file() -> None:
    bench = await Bench.provisioned(timeout=10)
    await bench.write(bench.a, "one.txt", "one")
    await bench.ok(bench.a, f"umount {SITES}")
    for line in ("gmirror stop remotemirror", "mdconfig -d -u 0", "ggatec destroy -u 0"):
        await bench.ok(bench.a, line)
    await bench.pass_time(6)
    assert (await bench.ok(bench.a, "mdconfig -l")).out == ""

    await bench.ok(bench.b, "gmirror load")
    bench.b.processes.kill(bench.b.gate_server.listener.pid)  # type: ignore[union-attr]
    await bench.ok(bench.b, f"mdconfig -a -t vnode -f {SLAVE_IMAGE} -u 0")
    await bench.pass_time(5)
    await bench.ok(bench.b, f"mount {MIRROR} {SITES}")
    await bench.write(bench.b, "from_slave.txt", "from slave")
    await bench.ok(bench.b, f"umount {SITES}")
    await bench.ok(bench.b, "mdconfig -d -o force -u 0")
    await bench.pass_time(6)

    await bench.ok(bench.b, "ggated")
    await bench.gate(10)
    await bench.pass_time(5)
    await bench.ok(bench.a, f"mdconfig -a -t vnode -f {MASTER_IMAGE} -u 0")
    assert "md0 (STALE)" in (await bench.ok(bench.a, "gmirror status")).out
    await bench.rebuild("md0")
    await bench.ok(bench.a, f"mount {MIRROR} {SITES}")
    assert bench.files(bench.a) == {"one.txt": "one", "from_slave.txt": "from slave"}

    bench.b.cut_power()
    bench.a.fs.write_file(f"{SITES}/during.txt", b"during")
    assert await bench.run(bench.a, f"fsync {SITES}/during.txt", limit=3) is None
    await bench.ok(bench.a, "ggatec destroy -f -u 0")
    await bench.write(bench.a, "later.txt", "later")
    assert await bench.world.clock.run_until(bench.b.boot(), 60)
    await bench.ok(bench.b, "ggated")
    await bench.gate(10)
    assert "ggate0 (STALE)" in (await bench.ok(bench.a, "gmirror status")).out
    await bench.rebuild("ggate0")
    assert set(bench.files(bench.a)) == {"one.txt", "from_slave.txt", "during.txt", "later.txt"}
    await bench.ok(bench.a, f"umount {SITES}")
    assert bench.same_contents()


async def test_a_file_synced_just_before_the_cut_is_missing_on_the_slave() -> None:
    bench = await Bench.provisioned(timeout=10)
    bench.a.fs.write_file(f"{SITES}/canary", b"canary")
    await bench.ok(bench.a, "sync")
    bench.world.pull_link()
    await bench.pass_time(2)
    bench.b.processes.kill(bench.b.gate_server.listener.pid)  # type: ignore[union-attr]

    await bench.ok(bench.b, f"mdconfig -a -t vnode -f {SLAVE_IMAGE} -u 0")
    checked = await bench.ok(bench.b, "fsck -t ufs -y /dev/md0")
    assert "BLK(S) MISSING IN BIT MAPS" in checked.out
    assert "FILE SYSTEM WAS MODIFIED" in checked.out
    await bench.ok(bench.b, f"mount /dev/md0 {SITES}")
    assert bench.files(bench.b) == {}


async def test_a_power_cut_loses_what_was_not_written_and_leaves_the_file_system_dirty() -> None:
    bench = await Bench.provisioned()
    await bench.write(bench.a, "kept.txt", "kept")
    bench.a.fs.write_file(f"{SITES}/lost.txt", b"lost")
    bench.a.cut_power()
    await bench.world.clock.run_until(bench.a.boot(), 60)
    assert bench.files(bench.a) == {}

    await bench.ok(bench.a, f"mdconfig -a -t vnode -f {MASTER_IMAGE} -u 0")
    preened = await bench.ok(bench.a, "fsck -t ufs -p /dev/md0")
    assert "SKIPPING" not in preened.out
    await bench.ok(bench.a, f"mount /dev/md0 {SITES}")
    assert bench.files(bench.a) == {"kept.txt": "kept"}


async def test_a_copy_that_was_interrupted_is_no_source_for_a_mirror() -> None:
    bench = await Bench.provisioned()
    await bench.write(bench.a, "one.txt", "one")
    await bench.ok(bench.a, "gmirror rebuild remotemirror md0")
    await bench.pass_time(1)
    bench.a.cut_power()
    await bench.world.clock.run_until(bench.a.boot(), 60)
    await bench.ok(bench.a, "gmirror load")
    await bench.ok(bench.a, f"mdconfig -a -t vnode -f {MASTER_IMAGE} -u 0")
    await bench.pass_time(10)

    assert (await bench.ok(bench.a, "gmirror status")).out == ""
    assert not bench.a.fs.exists(MIRROR)
