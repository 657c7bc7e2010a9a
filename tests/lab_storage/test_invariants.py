"""The watcher sees each thing that must never happen, done by hand, and is silent while nothing is wrong."""

from console.lab.invariants import watch
from tests.lab_storage.bench import MIRROR, SITES, SLAVE_IMAGE, Bench


async def let_go(bench: Bench) -> None:
    """The master lets go in the order that works."""
    await bench.ok(bench.a, f"umount {SITES}")
    for line in ("gmirror stop remotemirror", "mdconfig -d -u 0", "ggatec destroy -u 0"):
        await bench.ok(bench.a, line)
    await bench.pass_time(6)


async def promote(bench: Bench) -> None:
    """The slave runs the mirror on its half."""
    await bench.ok(bench.b, "gmirror load")
    for process in [process for process in bench.b.processes if process.name == "ggated"]:
        bench.b.processes.kill(process.pid)
    await bench.ok(bench.b, f"mdconfig -a -t vnode -f {SLAVE_IMAGE} -u 0")
    await bench.pass_time(6)
    await bench.ok(bench.b, f"mount {MIRROR} {SITES}")


async def test_the_whole_circle_done_right_breaks_nothing() -> None:
    bench = await Bench.provisioned(timeout=10)
    watcher = watch(bench.world)
    await bench.write(bench.a, "one.txt", "one")
    await let_go(bench)
    await promote(bench)
    await bench.write(bench.b, "two.txt", "two")
    await bench.ok(bench.b, f"umount {SITES}")
    await bench.ok(bench.b, "mdconfig -d -o force -u 0")
    await bench.pass_time(6)
    await bench.ok(bench.b, "ggated")
    await bench.gate(10)
    await bench.pass_time(5)
    await bench.ok(bench.a, "mdconfig -a -t vnode -f /root/images/sitesprimary.img -u 0")
    await bench.rebuild("md0")
    await bench.ok(bench.a, f"mount {MIRROR} {SITES}")

    assert await watcher.check() == []
    assert [write.path for write in watcher.acknowledged] == ["/one.txt", "/two.txt"]


async def test_a_file_system_mounted_on_both_nodes_is_told_once() -> None:
    bench = await Bench.provisioned()
    watcher = watch(bench.world)
    bench.world.pull_link()
    await bench.ok(bench.a, "ggatec destroy -f -u 0")
    await promote(bench)
    await bench.pass_time(10)

    assert watcher.violations == [f"mounted read-write on nodea and nodeb: {SITES}"]


async def test_an_image_that_is_served_while_it_is_mounted_is_told() -> None:
    bench = await Bench.provisioned()
    watcher = watch(bench.world)
    await let_go(bench)
    await promote(bench)
    assert watcher.violations == []
    await bench.ok(bench.b, "ggated")
    await bench.pass_time(1)

    assert watcher.violations == [f"served while attached and mounted: {SLAVE_IMAGE} on nodeb"]


async def test_the_old_half_served_again_is_told_although_the_mirror_is_complete() -> None:
    bench = await Bench.provisioned(options="")
    watcher = watch(bench.world)
    await bench.write(bench.a, "one.txt", "one")
    await bench.ok(bench.a, f"umount {SITES}")
    await bench.ok(bench.a, "gmirror stop remotemirror")
    await bench.ok(bench.a, "ggatec destroy -u 0")
    bench.b.processes.kill(bench.b.gate_server.listener.pid)  # type: ignore[union-attr]
    await bench.ok(bench.b, f"mdconfig -a -t vnode -f {SLAVE_IMAGE} -u 0")
    await bench.ok(bench.b, f"mount /dev/md0 {SITES}")
    await bench.write(bench.b, "two.txt", "two")
    await bench.ok(bench.b, f"umount {SITES}")
    await bench.ok(bench.b, "mdconfig -d -u 0")
    await bench.ok(bench.b, "ggated")
    await bench.gate(10)
    await bench.pass_time(6)
    assert watcher.violations == []
    await bench.ok(bench.a, f"mount {MIRROR} {SITES}")

    assert watcher.violations == [
        "nodea serves nodea:/root/images/sitesprimary.img, "
        "which lacks the acknowledged write to /two.txt on nodeb"
    ]
    # The mount wrote one superblock to both halves: what only the slave's had is out of reach.
    assert "in no image any more: the acknowledged write to /two.txt on nodeb" in await watcher.check()


async def test_a_copy_onto_the_newer_half_is_told_when_it_begins_and_when_the_data_is_gone() -> None:
    bench = await Bench.provisioned()
    watcher = watch(bench.world)
    await bench.ok(bench.a, "gmirror deactivate remotemirror md0")
    await bench.write(bench.a, "newer.txt", "only on the slave's half")
    await bench.ok(bench.a, f"umount {SITES}")
    await bench.ok(bench.a, "gmirror stop remotemirror")
    await bench.ok(bench.a, "gmirror label -h -n remotemirror md0")
    await bench.ok(bench.a, "gmirror clear ggate0")
    await bench.ok(bench.a, "gmirror insert remotemirror ggate0")
    assert watcher.violations == []
    await bench.rebuild("ggate0")

    assert watcher.violations == [
        "nodea:/root/images/sitesprimary.img is copied over nodeb:/root/images/sitesbackup.img, "
        "which alone has the acknowledged write to /newer.txt on nodea",
        "in no image any more: the acknowledged write to /newer.txt on nodea",
    ]


async def test_an_image_wiped_with_the_only_copy_is_told() -> None:
    bench = await Bench.provisioned()
    watcher = watch(bench.world)
    await bench.ok(bench.a, "ggatec destroy -f -u 0")
    await bench.write(bench.a, "alone.txt", "alone")
    await bench.ok(bench.a, f"umount {SITES}")
    await bench.ok(bench.a, f"newfs -U {MIRROR}")

    assert await watcher.check() == ["in no image any more: the acknowledged write to /alone.txt on nodea"]


async def test_what_the_operator_gave_up_is_no_loss() -> None:
    bench = await Bench.provisioned()
    watcher = watch(bench.world)
    await bench.ok(bench.a, "ggatec destroy -f -u 0")
    await bench.write(bench.a, "alone.txt", "alone")
    watcher.discard("/alone.txt")
    await bench.ok(bench.a, f"umount {SITES}")
    await bench.ok(bench.a, f"newfs -U {MIRROR}")

    assert await watcher.check() == []


async def test_a_write_that_nobody_acknowledged_may_be_lost_and_a_longer_file_still_holds_the_shorter() -> (
    None
):
    bench = await Bench.provisioned()
    watcher = watch(bench.world)
    await bench.write(bench.a, "log", "1\n")
    bench.a.fs.write_file(f"{SITES}/log", b"1\n2\n")
    bench.a.fs.write_file(f"{SITES}/never.txt", b"never")
    await bench.ok(bench.a, "sync")
    bench.a.cut_power()
    await promote(bench)

    assert await watcher.check() == []
    assert len(watcher.acknowledged) == 1


async def test_an_image_copied_aside_still_counts() -> None:
    bench = await Bench.provisioned()
    watcher = watch(bench.world)
    await bench.ok(bench.a, "ggatec destroy -f -u 0")
    await bench.write(bench.a, "alone.txt", "alone")
    await bench.ok(bench.a, f"umount {SITES}")
    await bench.ok(bench.a, "cp /root/images/sitesprimary.img /root/images/aside.img")
    await bench.ok(bench.a, f"newfs -U {MIRROR}")
    assert await watcher.check() == []
    await bench.ok(bench.a, "rm /root/images/aside.img")
    assert await watcher.check() != []


async def test_a_closed_watcher_sees_nothing() -> None:
    bench = await Bench.provisioned()
    watcher = watch(bench.world)
    watcher.close()
    await bench.write(bench.a, "one.txt", "one")
    await let_go(bench)
    assert watcher.acknowledged == []
    assert bench.world.observers == []
