"""A half of the mirror is lost and comes back: what the recorded pair showed, asked of the simulated one."""

from collections.abc import AsyncIterator

import pytest

from tests.lab_storage.situation import (
    ALONE,
    ATTACH,
    COMPLETE,
    GATE,
    IMAGE,
    SITES,
    UNTIL_DEVICE,
    Situation,
    recorded,
)

NO_PROVIDER = "gmirror: No such provider: ggate0.\n"
QUEUED = "ggatec list -v | grep queue_count"


@pytest.fixture
async def pair() -> AsyncIterator[Situation]:
    built = await Situation.free()
    yield built
    await built.stage.close()


@pytest.fixture
async def hardcoded() -> AsyncIterator[Situation]:
    built = await Situation.hardcoded()
    yield built
    await built.stage.close()


@pytest.fixture
async def as_built() -> AsyncIterator[Situation]:
    built = await Situation.as_built()
    yield built
    await built.stage.close()


async def slave_lost_to_the_timeout(pair: Situation) -> None:
    """Cut the slave's power under a writer and wait until the master has dropped its gate."""
    await pair.happen("power cut", "b")
    await pair.ok("a", f"(echo after-cut > {SITES}/masterfiletest.txt; sync) > /tmp/w.out 2>&1 &")
    await pair.wait(16)
    assert "DEGRADED" in await pair.status()


async def without_timeout(pair: Situation) -> None:
    """Replace the gate by one with ggatec's default, as recording 08 begins."""
    await pair.ok("a", "gmirror deactivate remotemirror ggate0; ggatec destroy -u 0")
    await pair.ok("a", f"ggatec create -u 0 192.168.1.101 {IMAGE['b']}; sleep 3")
    await pair.ok("a", "gmirror activate remotemirror ggate0; sleep 1")
    await pair.copied("ggate0")


async def test_after_a_power_cut_all_looks_complete_then_geom_is_silent_then_degraded(
    pair: Situation,
) -> None:
    """R5, recording 07: ten seconds of COMPLETE, 178 s without an answer, DEGRADED, genid one higher."""
    before = await pair.counters("a", "md0")
    await pair.happen("power cut", "b")
    await pair.ok("a", f"(echo after-cut > {SITES}/masterfiletest.txt; sync; date) > /tmp/w.out 2>&1 &")
    for _ in range(2):
        assert await pair.status() == COMPLETE == recorded("07", "gmirror status").out
        await pair.wait(3)
    assert "queue_count: 0" not in await pair.ok("a", QUEUED)
    assert await pair.ok("a", "cat /tmp/w.out") != ""
    await pair.wait(9)

    asked = pair.stage.now
    assert await pair.hangs("a", "gmirror status", 60)
    assert (
        await pair.ok("a", f"cat {SITES}/masterfiletest.txt; mount -p | grep -c {SITES}") == "after-cut\n1\n"
    )
    assert await pair.status() == ALONE == recorded("07", "gmirror status", 2).out

    assert 120 <= pair.stage.now - asked <= 220
    said = await pair.ok("a", "dmesg | grep GEOM")
    assert "GEOM_MIRROR: Request failed (error=5). ggate0[WRITE(offset=" in said
    assert "GEOM_MIRROR: Device remotemirror: provider ggate0 disconnected.\n" in said
    assert await pair.counters("a", "md0") == (before[0] + 1, before[1])


async def test_a_slave_that_returns_is_ignored_until_it_is_forgotten_and_inserted(pair: Situation) -> None:
    """R6, recording 07: the gate connects again, the mirror takes no notice; forget and insert is the way."""
    await slave_lost_to_the_timeout(pair)
    await pair.power_on("b")
    await pair.ok("b", "ggated")
    await pair.wait(90)
    assert "references: 2" in await pair.ok("a", "ggatec list -v")
    assert "genid: 0\n" in await pair.ok("a", "gmirror dump ggate0")
    assert await pair.status() == ALONE

    assert await pair.refused("a", "gmirror rebuild remotemirror ggate0") == NO_PROVIDER
    await pair.ok("a", "gmirror forget remotemirror")
    assert await pair.status() == ALONE.replace("DEGRADED", "COMPLETE")
    await pair.ok("a", "gmirror insert -p 0 remotemirror ggate0")
    assert await pair.status() == ALONE + "                               ggate0 (STALE)\n"
    await pair.copied("ggate0")
    assert await pair.counters("a", "ggate0") == await pair.counters("a", "md0")


async def test_without_timeout_a_pulled_cable_looks_complete_and_one_queued_request_tells(
    pair: Situation,
) -> None:
    """R7, recording 08: a minute of COMPLETE, `queue_count: 1`, and a small write that returned at once."""
    await without_timeout(pair)
    whole = await pair.status()
    await pair.happen("replication link pulled")
    asked = pair.stage.now
    wrote = await pair.says("a", f"dd if=/dev/zero of={SITES}/blob bs=64k count=8; sync")
    assert wrote.exit_status == 0
    assert "524288 bytes transferred" in wrote.err
    assert pair.stage.now - asked < 10

    for _ in range(6):
        await pair.wait(10)
        assert await pair.status() == whole == recorded("08", "gmirror status", 4).out
        assert await pair.ok("a", QUEUED) == "queue_count: 1\n"


async def test_a_gate_destroyed_at_once_returns_stale_and_one_rebuild_repairs_it(as_built: Situation) -> None:
    """R9, recording 14: destroyed 5 s after the cut; marked dirty before, the mirror had failed no write."""
    pair = as_built
    await pair.ok("a", f"echo before-cut > {SITES}/before.txt; fsync {SITES}/before.txt")
    await pair.wait(4)
    await pair.happen("power cut", "b")
    await pair.ok("a", f"(echo during > {SITES}/d; fsync {SITES}/d; date) > /tmp/during.out 2>&1 &")
    await pair.wait(5)
    assert "COMPLETE" in await pair.status()
    assert (await pair.says("a", "test -s /tmp/during.out")).exit_status == 1
    await pair.ok("a", "ggatec destroy -f -u 0; sleep 3")
    assert await pair.status() == ALONE
    await pair.ok("a", "test -s /tmp/during.out")
    await pair.power_on("b")
    await pair.ok("b", "ggated; sleep 1")
    await pair.ok("a", f"{GATE}; sleep 2")

    assert "ggate0 (STALE)" in await pair.status()
    mine, theirs = await pair.counters("a", "md0"), await pair.counters("a", "ggate0")
    assert mine[0] == theirs[0]
    await pair.copied("ggate0")


async def test_a_gate_destroyed_under_an_idle_mirror_returns_broken(pair: Situation) -> None:
    """R9, recordings 08 and 09: the dirty mark waited for the dead gate, so destroying it failed a write."""
    await pair.wait(60)
    await pair.happen("replication link pulled")
    await pair.ok("a", f"(echo x >> {SITES}/y; sync) > /tmp/w3.out 2>&1 &")
    await pair.wait(4)
    await pair.ok("a", "ggatec destroy -f -u 0; sleep 3")
    assert await pair.status() == ALONE
    said = await pair.ok("a", "dmesg | grep GEOM")
    for line in recorded("08", "dmesg | grep GEOM | tail -6").out.splitlines()[2:]:
        assert f"{line}\n" in said
    await pair.happen("replication link plugged in")
    await pair.ok("a", f"{GATE}; sleep 5")

    assert await pair.status() == ALONE
    assert await pair.counters("a", "md0") == (1, 2)
    assert await pair.counters("a", "ggate0") == (0, 1)
    assert await pair.refused("a", "gmirror rebuild remotemirror ggate0") == NO_PROVIDER


async def test_a_gate_destroyed_after_a_failed_write_returns_broken_and_rebuild_is_refused(
    pair: Situation,
) -> None:
    """R9, recordings 07 and 08: genid has moved, the old half is skipped until forget and insert."""
    await slave_lost_to_the_timeout(pair)
    await pair.ok("a", "ggatec destroy -f -u 0")
    await pair.power_on("b")
    await pair.ok("b", "ggated")
    await pair.ok("a", f"{GATE}; sleep 5")

    assert await pair.status() == ALONE
    said = await pair.ok("a", "dmesg | grep GEOM | tail -6")
    for line in recorded("07", "dmesg | grep GEOM | tail -6").out.splitlines()[2:4]:
        assert f"{line}\n" in said
    mine, theirs = await pair.counters("a", "md0"), await pair.counters("a", "ggate0")
    assert mine[0] == theirs[0] + 1
    assert await pair.refused("a", "gmirror rebuild remotemirror ggate0") == NO_PROVIDER
    await pair.ok("a", "gmirror forget remotemirror && gmirror insert -p 0 remotemirror ggate0")
    await pair.copied("ggate0")


async def test_a_hard_coded_slaves_half_is_no_mirror_on_the_slave(hardcoded: Situation) -> None:
    """R10, recording 09: hard-coded as `ggate0`, it is not tasted as md0: no surprise, and no device."""
    pair = hardcoded
    await pair.happen("replication link pulled")
    await pair.ok("b", f"pkill ggated; sleep 1; kldload geom_mirror; {ATTACH['b']}; sleep 6")

    assert await pair.status("b") == recorded("09", "gmirror status", 4).out == ""
    assert "hcprovider: ggate0\n" in await pair.ok("b", "gmirror dump md0")
    assert (
        await pair.refused("b", f"mount /dev/mirror/remotemirror {SITES}")
        == recorded("09", "mount /dev/mirror/remotemirror").err
    )
    await pair.ok("b", f"fsck -t ufs -y /dev/md0 > /dev/null; mount /dev/md0 {SITES}")


async def test_a_free_slaves_half_is_a_mirror_on_the_slave_whose_counter_moves(as_built: Situation) -> None:
    """R10, recording 14: the other edge; the raw half is held, the mirror runs and writing raises syncid."""
    pair = as_built
    await pair.let_go()
    await pair.ok("b", f"pkill ggated; sleep 1; kldload geom_mirror; {ATTACH['b']}; {UNTIL_DEVICE}")
    assert await pair.status("b") == ALONE
    before = await pair.counters("b", "md0")
    await pair.ok("b", f"mount /dev/mirror/remotemirror {SITES}")
    await pair.ok("b", f"echo from-slave > {SITES}/s; fsync {SITES}/s")

    assert await pair.counters("b", "md0") == (before[0], before[1] + 1)


@pytest.mark.parametrize(("flush", "arrives"), [("sync", False), ("fsync {}", True)])
async def test_only_fsync_brings_a_file_to_the_slave_before_the_link_goes(
    hardcoded: Situation, flush: str, arrives: bool
) -> None:
    """R11, recording 09: a file that was only `sync`ed was missing on the slave's half."""
    pair = hardcoded
    file = f"{SITES}/canary"
    await pair.ok("a", f"echo canary > {file}; {flush.format(file)}")
    await pair.happen("replication link pulled")
    await pair.ok("b", f"pkill ggated; sleep 1; kldload geom_mirror; {ATTACH['b']}")
    await pair.ok("b", f"fsck -t ufs -y /dev/md0 > /dev/null; mount /dev/md0 {SITES}")

    assert ("canary" in await pair.ok("b", f"ls {SITES}")) is arrives


async def test_a_frozen_gate_stops_ls_umount_and_fsync_but_neither_df_nor_a_buffered_writer(
    pair: Situation,
) -> None:
    """R12, recording 08: who hangs and who does not notice."""
    await without_timeout(pair)
    await pair.happen("replication link pulled")
    await pair.ok("a", f"dd if=/dev/zero of={SITES}/blob bs=64k count=8 2> /dev/null; sync")
    await pair.wait(35)

    for text in ("df -n", "df", "mount -p", f"echo more > {SITES}/buffered"):
        await pair.ok("a", text)
    for text in (f"ls {SITES}", f"fsync {SITES}/blob", f"umount {SITES}"):
        assert await pair.hangs("a", text, 12), text
