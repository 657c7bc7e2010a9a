"""The node scripts on the simulated pair, called by VRRP and by hand: another shell, real storage rules."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from console.lab.pair import LabPair, serve
from console.lab.running import run_text
from console.lab.scenarios import is_mounted
from tests.waiting import eventually

LIBEXEC = "/usr/local/libexec/mirrorgate"
LINEAGE = "/var/db/mirrorgate/lineage"


@pytest.fixture
async def lab() -> AsyncIterator[LabPair]:
    # No faster: the limits of the scripts are world time, and a busy machine is slow in real time.
    pair = await serve(speed=8.0)
    yield pair
    await pair.close()


async def out(lab: LabPair, node: str, text: str) -> str:
    return (await run_text(lab.world.nodes[node], text)).out


async def said(lab: LabPair, node: str) -> str:
    return await out(lab, node, "grep ' mirrorgate\\[' /var/log/messages")


def logged(lab: LabPair, node: str, text: str) -> bool:
    return text in lab.world.nodes[node].fs.read_file("/var/log/messages").decode()


async def heads(lab: LabPair, node: str) -> list[str]:
    return [line.split()[0] for line in (await out(lab, node, f"cat {LINEAGE}")).splitlines()]


async def let_go_of_master(lab: LabPair) -> None:
    await run_text(lab.world.nodes["a"], "pkill freevrrpd")
    await run_text(lab.world.nodes["a"], f"{LIBEXEC}/demote.sh")


async def test_a_fresh_lab_has_one_lineage_on_both_nodes_and_in_the_file_system(lab: LabPair) -> None:
    a = await heads(lab, "a")
    assert len(a) == 1
    assert a == await heads(lab, "b")
    assert a[0] in await out(lab, "a", "cat /home/sites/.mirrorgate/lineage")


async def test_starting_vrrp_on_the_serving_master_does_not_make_it_let_go(lab: LabPair) -> None:
    await run_text(lab.world.nodes["a"], "service freevrrpd onestop; service freevrrpd onestart")
    await eventually(lambda: logged(lab, "a", "promote: /home/sites is mounted already"))
    assert is_mounted(lab.world.nodes["a"])
    assert not logged(lab, "a", "letting go")


async def test_the_slave_takes_over_after_a_power_cut_through_the_mirror_with_a_new_lineage(
    lab: LabPair,
) -> None:
    before = await heads(lab, "b")
    lab.world.nodes["a"].cut_power()
    b = lab.world.nodes["b"]
    await eventually(lambda: logged(lab, "b", "promote: /home/sites is mounted and served"))

    assert is_mounted(b)
    assert "/dev/mirror/remotemirror on /home/sites" in await out(lab, "b", "mount")
    after = await heads(lab, "b")
    assert after[:-1] == before
    assert await out(lab, "b", "cat /home/sites/.mirrorgate/lineage") == await out(lab, "b", f"cat {LINEAGE}")
    assert await out(lab, "b", "pgrep ggated") == ""


async def test_the_slave_does_not_take_over_while_the_master_is_seen_holding_the_mount(lab: LabPair) -> None:
    await lab.fault("stop-freevrrpd", "web-a")
    await eventually(lambda: logged(lab, "b", "so nothing is promoted"))
    assert not is_mounted(lab.world.nodes["b"])
    assert is_mounted(lab.world.nodes["a"])
    assert (await out(lab, "a", "gmirror status -s")).count("ACTIVE") == 2


async def test_the_slave_does_not_take_over_from_a_living_master_that_lost_its_gate(lab: LabPair) -> None:
    await run_text(
        lab.world.nodes["a"], "echo x > /home/sites/x; fsync /home/sites/x; ggatec destroy -f -u 0"
    )
    await lab.fault("stop-freevrrpd", "web-a")
    await eventually(lambda: logged(lab, "b", "it may go on without this half"), within=90)
    async with asyncio.timeout(150):
        while await out(lab, "b", "mdconfig -l") != "":
            assert await out(lab, "b", "pgrep ggated") == ""
            await lab.world.clock.sleep(1.0)
        while await out(lab, "b", "pgrep ggated") == "":
            await lab.world.clock.sleep(1.0)
    assert not is_mounted(lab.world.nodes["b"])


async def test_a_master_lets_go_of_everything_and_it_stays_let_go(lab: LabPair) -> None:
    await run_text(lab.world.nodes["a"], "pkill freevrrpd")
    ran = await run_text(lab.world.nodes["a"], f"{LIBEXEC}/demote.sh")
    assert ran.status == 0, ran.out + ran.err
    assert not is_mounted(lab.world.nodes["a"])
    assert (
        await out(lab, "a", "mdconfig -l; ggatec list; gmirror status -s; ls /dev/mirror 2>/dev/null") == ""
    )
    again = await run_text(lab.world.nodes["a"], f"{LIBEXEC}/demote.sh")
    assert again.status == 0, again.err


async def test_a_handed_over_pair_keeps_what_both_wrote_and_never_fails_back_alone(lab: LabPair) -> None:
    a, b = lab.world.nodes["a"], lab.world.nodes["b"]
    await run_text(a, "echo one > /home/sites/one.txt; fsync /home/sites/one.txt")
    await let_go_of_master(lab)
    await eventually(lambda: logged(lab, "b", "mounted and served"))
    assert await out(lab, "b", "cat /home/sites/one.txt") == "one\n"
    await run_text(b, "echo two > /home/sites/two.txt; fsync /home/sites/two.txt")

    await lab.fault("start-freevrrpd", "web-a")
    await eventually(lambda: logged(lab, "a", "this is a fail-back, use the job fail-back"))
    assert not is_mounted(a)

    # b let go since a has the address, but newer data is not offered to what may be an old gate (P06).
    await eventually(lambda: logged(lab, "b", "this node has served newer data than its peer has"))
    assert not is_mounted(b)
    assert await out(lab, "b", "mdconfig -l; pgrep ggated") == ""
    assert (await run_text(b, f"{LIBEXEC}/serve.sh -r any-run")).status == 0
    assert await out(lab, "b", "pgrep ggated") != ""


async def test_promoting_again_is_harmless(lab: LabPair) -> None:
    ran = await run_text(lab.world.nodes["a"], f"{LIBEXEC}/promote.sh")
    assert (ran.status, ran.out) == (0, "promote: /home/sites is mounted already\n")
    assert len(await heads(lab, "a")) == 1


async def test_a_half_that_lacks_a_known_promotion_is_not_served(lab: LabPair) -> None:
    await let_go_of_master(lab)
    b = lab.world.nodes["b"]
    await run_text(b, "pkill freevrrpd")
    await eventually(lambda: logged(lab, "b", "mounted and served"))
    await run_text(b, f"{LIBEXEC}/demote.sh")
    # Newer data was written elsewhere, and this node was told so.
    await run_text(b, f"echo 00000000deadbeef $(tail -1 {LINEAGE} | cut -d' ' -f1) 1 web-a >> {LINEAGE}")

    ran = await run_text(b, f"{LIBEXEC}/promote.sh")
    assert ran.status == 1
    assert "does not hold promotion 00000000deadbeef" in ran.out
    assert not is_mounted(b)
    assert await out(lab, "b", "mdconfig -l") == ""


async def test_an_unfinished_copy_is_not_served(lab: LabPair) -> None:
    lab.world.sync_rate = 1 << 20
    await run_text(lab.world.nodes["a"], "gmirror rebuild remotemirror ggate0")
    await eventually(lambda: logged(lab, "a", "rebuilding provider ggate0"))
    lab.world.nodes["a"].cut_power()
    await eventually(lambda: logged(lab, "b", "is a copy that was never finished"))
    assert not is_mounted(lab.world.nodes["b"])


async def test_an_operators_job_keeps_the_scripts_from_acting(lab: LabPair) -> None:
    b = lab.world.nodes["b"]
    await run_text(
        b, "mkdir -p /var/db/mirrorgate/lock; date +%s > /var/db/mirrorgate/lock/beat; "
        "echo run=20261123-1 > /var/db/mirrorgate/lock/owner",
    )  # fmt: skip
    lab.world.nodes["a"].cut_power()
    await eventually(lambda: logged(lab, "b", "an operator's job holds this node"))
    assert not is_mounted(b)
    assert (await run_text(b, f"{LIBEXEC}/promote.sh -r 20261123-1 -i 00112233445566aa")).status == 0
    assert is_mounted(b)
    assert (await heads(lab, "b"))[-1] == "00112233445566aa"


async def test_the_image_is_not_served_while_a_program_keeps_the_mount_busy(lab: LabPair) -> None:
    lab.world.nodes["a"].cut_power()
    b = lab.world.nodes["b"]
    await eventually(lambda: logged(lab, "b", "mounted and served"))
    await run_text(b, "cd /home/sites && daemon -p /var/run/nap.pid sleep 1000")
    b.processes.get(int(await out(lab, "b", "cat /var/run/nap.pid"))).cwd = "/home/sites"  # type: ignore[union-attr]
    ran = await run_text(b, f"{LIBEXEC}/demote.sh -r job")
    assert ran.status == 1
    assert "cannot be unmounted: this node still holds it" in ran.err
    assert is_mounted(b)
    assert await out(lab, "b", "pgrep ggated") == ""


async def test_hooks_run_in_order_and_back(lab: LabPair) -> None:
    a = lab.world.nodes["a"]
    for name in ("10-one", "20-two"):
        await run_text(
            a, f"echo 'echo {name} $1 >> /tmp/hooks' > /usr/local/etc/mirrorgate.d/{name}; "
            f"chmod 755 /usr/local/etc/mirrorgate.d/{name}",
        )  # fmt: skip
    await run_text(a, "echo 'exit 1' > /usr/local/etc/mirrorgate.d/readme; pkill freevrrpd")
    await run_text(a, f"{LIBEXEC}/demote.sh")
    assert await out(lab, "a", "cat /tmp/hooks") == "20-two stop\n10-one stop\n"


async def test_a_reboot_of_the_slave_serves_its_image_again(lab: LabPair) -> None:
    b = lab.world.nodes["b"]
    b.cut_power()
    await b.boot(5.0)
    await eventually(lambda: logged(lab, "b", "serve: /root/images/sitesbackup.img is served by ggated"))
    assert await out(lab, "b", "service ggated status") != "ggated is not running.\n"


async def test_services_start_stop_and_tell_their_status(lab: LabPair) -> None:
    assert (await out(lab, "a", "service freevrrpd onestatus")).startswith("freevrrpd is running as pid ")
    assert "Stopping freevrrpd." in await out(lab, "a", "service freevrrpd onestop")
    assert await out(lab, "a", "service freevrrpd status") == "freevrrpd is not running.\n"
    ran = await run_text(lab.world.nodes["a"], "service freevrrpd start")
    assert ran.err.startswith("Cannot 'start' freevrrpd. Set freevrrpd_enable to YES")
    assert (await out(lab, "b", "service mirrorgate status")).startswith("home slave: ggated serves ")
    assert (await out(lab, "a", "service mirrorgate status")).startswith("home master: mounted: /dev/mirror/")
    await out(lab, "b", "service ggated onerestart")
    await eventually(lambda: any(p.name == "ggated" for p in lab.world.nodes["b"].processes))


async def test_the_canary_counts_what_survives_a_hand_over(lab: LabPair) -> None:
    a, b = lab.world.nodes["a"], lab.world.nodes["b"]
    await run_text(a, "mkdir /home/sites/canary-1")
    started = f"daemon -p /var/run/canary.pid {LIBEXEC}/canary.sh /home/sites/canary-1 /var/tmp/acks 0.1"
    await run_text(a, f"mkdir -p /var/tmp; {started} /var/run/canary.pid")
    await eventually(
        lambda: a.fs.exists("/var/tmp/acks") and a.fs.read_file("/var/tmp/acks").count(b"\n") > 3
    )
    await let_go_of_master(lab)
    await eventually(lambda: logged(lab, "b", "mounted and served"))

    acked = (await out(lab, "a", f"{LIBEXEC}/canary_read.sh acked /var/tmp/acks")).split()
    found = (await out(lab, "b", f"{LIBEXEC}/canary_read.sh found /home/sites/canary-1")).split()
    assert acked[0] == "acked"
    assert int(acked[1]) > 3
    assert int(found[1]) >= int(acked[1])
    assert found[3] == "0"
    assert not is_mounted(a)
    assert not a.fs.exists("/home/sites/canary-1")
    assert is_mounted(b)
