"""A node gives its half up, takes it up or lets it grow, as the recorded pair showed it."""

from collections.abc import AsyncIterator

import pytest

from tests.lab_storage.bench import MIRROR, Bench
from tests.lab_storage.situation import (
    ALONE,
    ATTACH,
    IMAGE,
    SITES,
    Situation,
    recorded,
    without_ids,
)

LOOK = "sleep 6; gmirror status; mdconfig -l; ls /dev/mirror /dev/ufsid"
STOP_AND_DETACH = f"umount {SITES}; gmirror stop remotemirror; echo rc=$?; mdconfig -d -u 0; echo rc=$?"
BUSY = "mdconfig: ioctl(/dev/mdctl): Device busy\n"


@pytest.fixture
async def pair() -> AsyncIterator[Situation]:
    built = await Situation.as_built()
    yield built
    await built.stage.close()


@pytest.fixture
async def promoted(pair: Situation) -> Situation:
    """The master has let go; the slave runs the mirror on its half, which is free, and has it mounted."""
    await pair.let_go()
    await pair.promote()
    assert await pair.status("b") == ALONE
    return pair


async def test_a_stopped_mirror_is_back_after_four_seconds_while_its_half_is_attached(
    promoted: Situation,
) -> None:
    """R3, recording 14: stop succeeds, the provider is tasted again and the mirror is there as before."""
    pair = promoted
    await pair.ok("b", f"umount {SITES}; dmesg -c > /dev/null; gmirror stop remotemirror")
    await pair.wait(6)

    assert "DEGRADED" in await pair.status("b")
    assert await pair.ok("b", "ls /dev/mirror") == "remotemirror\n"
    said = await pair.ok("b", "dmesg | grep GEOM | tail -2")
    assert said == (
        "GEOM_MIRROR: Force device remotemirror start due to timeout.\n"
        "GEOM_MIRROR: Device mirror/remotemirror launched (1/2).\n"
    )
    assert await pair.refused("b", "mdconfig -d -u 0") == BUSY


async def test_stop_and_detach_fails_on_a_free_half(promoted: Situation) -> None:
    """R21, recording 15 a: stopped, then `Device busy`, and the mirror is back on another name."""
    pair = promoted
    real = recorded("15", STOP_AND_DETACH)
    said = await pair.says("b", STOP_AND_DETACH)
    assert (said.out, said.err) == (real.out, real.err) == ("rc=0\nrc=1\n", BUSY)
    assert without_ids((await pair.says("b", LOOK)).out) == without_ids(recorded("15", LOOK).out)


async def test_stop_and_detach_in_a_loop_fails_ten_times_of_ten(promoted: Situation) -> None:
    """R21, recording 15 b: each detach meets the mirror that has just returned."""
    pair = promoted
    await pair.ok("b", f"umount {SITES}; gmirror stop remotemirror; mdconfig -d -u 0; sleep 6")
    text = (
        "i=0; while mdconfig -l | grep -qw md0 && [ $i -lt 10 ]; do gmirror stop remotemirror; "
        "mdconfig -d -u 0; i=$((i+1)); sleep 0.3; done; echo tries=$i; mdconfig -l"
    )
    real = recorded("15", text)
    said = await pair.says("b", text)

    assert said.out == real.out == "tries=10\nmd0 \n"
    assert said.err == real.err == BUSY * 10


async def test_the_class_cannot_be_unloaded_to_let_go(promoted: Situation) -> None:
    """R21, recording 15 d: the module is busy with the mirror that has just returned."""
    text = f"umount {SITES}; kldstat | grep geom_mirror; gmirror stop remotemirror; kldunload geom_mirror"
    real = recorded("15", text)
    said = await promoted.says("b", f"{text}; echo rc=$?; mdconfig -d -u 0; echo rc=$?")

    assert said.err == real.err == f"kldunload: can't unload file: Device busy\n{BUSY}"
    assert said.out.endswith("rc=1\nrc=1\n")


async def test_a_forced_detach_under_the_unmounted_mirror_holds_on_a_free_half(promoted: Situation) -> None:
    """R21, recording 15 c: unmount, detach by force, look again after 6 s: nothing is left."""
    pair = promoted
    await pair.ok("b", f"umount {SITES}; mdconfig -d -o force -u 0")
    left = await pair.says("b", LOOK)

    assert left == recorded("15", LOOK, 2)
    assert left.out == ""
    said = await pair.ok("b", "dmesg | grep GEOM | tail -3")
    assert said == (
        "GEOM_MIRROR: Device remotemirror: provider md0 disconnected.\n"
        "GEOM_MIRROR: Device remotemirror: provider destroyed.\n"
        "GEOM_MIRROR: Device remotemirror destroyed.\n"
    )


async def test_a_hard_coded_half_lets_go_in_one_breath_and_stays_away(pair: Situation) -> None:
    """R21, recording 14: the master's half; no alias takes its place and nothing returns."""
    text = (
        f"umount {SITES} && gmirror stop remotemirror && mdconfig -d -u 0 && ggatec destroy -u 0; echo rc=$?"
    )
    assert await pair.says("a", text) == recorded("14", text)
    await pair.wait(6)

    look = "gmirror status; ls /dev/mirror /dev/md0 /dev/ggate0; ggatec list; pgrep -l ggatec"
    assert await pair.says("a", look) == recorded("14", look)


async def test_a_promoted_slave_waits_four_to_five_seconds_for_its_device() -> None:
    """R22, recording 14 (4.7 s): the taste waits for the other half, then starts with one of two."""
    bench = await Bench.provisioned(timeout=10)
    await bench.ok(bench.a, f"umount {SITES}")
    for line in ("gmirror stop remotemirror", "mdconfig -d -u 0", "ggatec destroy -u 0"):
        await bench.ok(bench.a, line)
    await bench.ok(bench.b, "pkill ggated")
    await bench.ok(bench.b, "kldload geom_mirror")
    began = bench.world.clock.now()
    await bench.ok(bench.b, ATTACH["b"])
    await bench.pass_time(began + 3.9 - bench.world.clock.now())
    assert not bench.b.fs.exists(MIRROR)
    await bench.pass_time(began + 5 - bench.world.clock.now())
    assert bench.b.fs.exists(MIRROR)

    assert "GEOM_MIRROR: Device mirror/remotemirror launched (1/2)." in bench.messages(bench.b)
    began = bench.world.clock.now()
    check = f"fsck -t ufs -p {MIRROR}"
    assert "FILE SYSTEM CLEAN; SKIPPING CHECKS" in recorded("14", check).out
    assert "FILE SYSTEM CLEAN; SKIPPING CHECKS" in (await bench.ok(bench.b, check)).out
    await bench.ok(bench.b, f"mount {MIRROR} {SITES}")
    assert bench.world.clock.now() - began < 1


async def test_an_image_enlarged_while_detached_loses_the_mirror_until_it_is_cut_back(
    pair: Situation,
) -> None:
    """R19, recording 12: gmirror's sector is the last one, and no longer the last."""
    await pair.let_go()
    await pair.ok("a", f"truncate -s 64m {IMAGE['a']}; {ATTACH['a']}; sleep 6")
    assert await pair.status() == ""
    assert await pair.refused("a", "gmirror dump md0") == recorded("12", "gmirror dump md0").err

    await pair.ok("a", f"mdconfig -d -u 0; truncate -s 48m {IMAGE['a']}; {ATTACH['a']}; sleep 6")
    assert await pair.status() == ALONE
    await pair.ok("a", f"mount /dev/mirror/remotemirror {SITES}")
    assert await pair.ok("a", f"cat {SITES}/one.txt") == "one\n"


async def test_a_half_grows_under_its_running_mirror_and_keeps_its_files(pair: Situation) -> None:
    """R19, recording 12: mdconfig -r, gmirror resize, growfs, mount."""
    await pair.let_go()
    await pair.ok("a", f"{ATTACH['a']}; sleep 6")
    await pair.ok("a", f"mdconfig -r -u 0 -s 64m; truncate -s 64m {IMAGE['a']}")
    sizes = await pair.ok("a", "gmirror list | grep Mediasize")
    assert sizes == "   Mediasize: 50331136 (48M)\n   Mediasize: 67108864 (64M)\n"

    for text in (
        "gmirror resize remotemirror; echo rc=$?; gmirror list | grep Mediasize",
        "growfs -y /dev/mirror/remotemirror; echo rc=$?",
    ):
        assert await pair.says("a", text) == recorded("12", text)
    await pair.ok("a", f"mount /dev/mirror/remotemirror {SITES}")
    assert " 62744 " in await pair.ok("a", f"df -k {SITES}")
    assert await pair.ok("a", f"cat {SITES}/one.txt") == "one\n"
