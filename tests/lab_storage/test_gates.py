"""ggatec and ggated over the simulated link."""

import signal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lab_storage.bench import SLAVE_IMAGE, Bench

NOT_BY_DEADLINE = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@NOT_BY_DEADLINE
@given(timeout=st.integers(1, 40), asked=st.floats(0.0, 100.0))
async def test_a_request_dies_after_five_seconds_and_before_five_more_than_the_timeout(
    timeout: int, asked: float
) -> None:
    bench = await Bench.booted()
    await bench.ok(bench.b, "ggated")
    await bench.gate(timeout)
    await bench.pass_time(asked)
    bench.world.pull_link()
    gate = bench.a.geom.gates[0]
    died: list[tuple[float, int | None]] = []
    started = bench.world.clock.now()

    async def ask() -> None:
        try:
            await gate.read(0, 512)
        except OSError as error:
            died.append((bench.world.clock.now() - started, error.errno))

    bench.a.start(ask())
    await bench.pass_time(50)
    [(after, number)] = died
    assert number == 5
    assert 4.99 <= after <= timeout + 5.01


async def test_a_path_that_is_not_exported_is_refused_in_both_logs() -> None:
    bench = await Bench.booted()
    await bench.ok(bench.b, "ggated")
    error = await bench.fails(bench.a, "ggatec create -t 10 192.168.1.101 /root/images/sitebackup.img")
    assert error == ""
    assert "Cannot connect: No such file or directory." in bench.messages(bench.a)
    assert "Unauthorized connection from: 192.168.1.100." in bench.messages(bench.b)


async def test_without_ggated_the_connection_is_refused() -> None:
    bench = await Bench.booted()
    await bench.fails(bench.a, f"ggatec create 192.168.1.101 {SLAVE_IMAGE}")
    assert "ggatec[" in bench.messages(bench.a)
    assert "Cannot connect: Connection refused." in bench.messages(bench.a)


async def test_a_peer_without_power_is_given_up_after_seventy_five_seconds() -> None:
    bench = await Bench.booted()
    bench.b.cut_power()
    before = bench.world.clock.now()
    await bench.fails(bench.a, f"ggatec create 192.168.1.101 {SLAVE_IMAGE}")
    assert 74 <= bench.world.clock.now() - before <= 76
    assert "Cannot connect: Operation timed out." in bench.messages(bench.a)


async def test_an_export_of_a_missing_image_is_refused() -> None:
    bench = await Bench.booted()
    bench.b.fs.remove(SLAVE_IMAGE)
    await bench.ok(bench.b, "ggated")
    await bench.fails(bench.a, f"ggatec create 192.168.1.101 {SLAVE_IMAGE}")
    assert f"Cannot open {SLAVE_IMAGE}: No such file or directory." in bench.messages(bench.b)


async def test_a_read_only_export_refuses_writers() -> None:
    bench = await Bench.booted()
    bench.b.fs.write_file("/etc/gg.exports", f"192.168.1.0/24 RO {SLAVE_IMAGE}\n".encode())
    await bench.ok(bench.b, "ggated")
    await bench.fails(bench.a, f"ggatec create 192.168.1.101 {SLAVE_IMAGE}")
    assert "is exported read-only." in bench.messages(bench.b)
    await bench.ok(bench.a, f"ggatec create -o ro 192.168.1.101 {SLAVE_IMAGE}")


async def test_a_bad_exports_line_ends_the_listener_after_a_hangup() -> None:
    bench = await Bench.booted()
    await bench.ok(bench.b, "ggated")
    bench.b.fs.write_file("/etc/gg.exports", b"192.168.1.100 RW\n")
    listener = bench.b.gate_server.listener
    assert listener is not None
    bench.b.processes.kill(listener.pid, signal.SIGHUP)
    assert listener in bench.b.processes
    await bench.fails(bench.a, f"ggatec create 192.168.1.101 {SLAVE_IMAGE}")
    assert "Too few arguments at line 1." in bench.messages(bench.b)
    assert listener not in bench.b.processes


async def test_a_second_ggated_names_the_first() -> None:
    bench = await Bench.booted()
    await bench.ok(bench.b, "ggated")
    error = await bench.fails(bench.b, "ggated")
    assert error.startswith("ggated: Daemon already running, pid: ")


async def test_killing_ggated_makes_ggatec_reconnect_until_it_is_back() -> None:
    bench = await Bench.booted()
    await bench.ok(bench.b, "ggated")
    await bench.gate()
    for process in list(bench.b.processes):
        if process.name == "ggated":
            bench.b.processes.kill(process.pid)
    await bench.pass_time(10)
    said = bench.messages(bench.a)
    assert "Lost connection 1." in said
    assert f"Disconnected [192.168.1.101 {SLAVE_IMAGE}]. Connecting..." in said
    assert said.count(f"]: Connecting [192.168.1.101 {SLAVE_IMAGE}]...") >= 3
    assert "references: 1" in (await bench.ok(bench.a, "ggatec list -v")).out

    await bench.ok(bench.b, "ggated")
    await bench.pass_time(5)
    assert "references: 2" in (await bench.ok(bench.a, "ggatec list -v")).out


async def test_a_killed_ggatec_leaves_its_unit_and_rescue_takes_it_up_again() -> None:
    bench = await Bench.booted()
    await bench.ok(bench.b, "ggated")
    await bench.gate()
    client = bench.a.geom.gates[0].client
    assert client is not None
    bench.a.processes.kill(client.process.pid, signal.SIGKILL)
    assert (await bench.ok(bench.a, "ggatec list")).out == "ggate0\n"
    bench.a.start(bench.a.geom.gates[0].write(0, b"kept" * 128))
    await bench.pass_time(20)
    assert "queue_count: 1" in (await bench.ok(bench.a, "ggatec list -v")).out

    await bench.ok(bench.a, f"ggatec rescue -u 0 192.168.1.101 {SLAVE_IMAGE}")
    await bench.pass_time(1)

    assert bench.a.geom.gates[0].requests == []
    assert bench.image(bench.b).read(0, 512) == b"kept" * 128


async def test_a_gate_to_the_nodes_own_image_works_like_any_other() -> None:
    bench = await Bench.booted()
    await bench.ok(bench.b, "ggated")
    bench.b.fs.write_file("/etc/gg.exports", f"192.168.1.101 RW {SLAVE_IMAGE}\n".encode())
    bench.b.processes.kill(bench.b.gate_server.listener.pid, signal.SIGHUP)  # type: ignore[union-attr]
    await bench.ok(bench.b, f"ggatec create 192.168.1.101 {SLAVE_IMAGE}")
    assert (await bench.ok(bench.b, "ggatec list")).out == "ggate0\n"


async def test_a_missing_unit_and_a_unit_in_use_cannot_be_destroyed() -> None:
    bench = await Bench.provisioned(newfs=False)
    busy = await bench.run(bench.a, "ggatec destroy -u 0")
    assert busy is not None
    assert busy.out == "error: ggatec: ioctl(/dev/ggctl): Device busy.\nerror: Exiting.\n"
    missing = await bench.run(bench.a, "ggatec destroy -u 9")
    assert missing is not None
    assert missing.out == "error: ggatec: ioctl(/dev/ggctl): Device not configured.\nerror: Exiting.\n"


async def test_a_failing_disk_on_the_slave_drops_the_gate() -> None:
    bench = await Bench.provisioned()
    bench.image(bench.b).failing = True
    bench.a.fs.write_file("/home/sites/x", b"x")
    await bench.ok(bench.a, "sync")
    await bench.pass_time(1)
    assert "DEGRADED" in (await bench.ok(bench.a, "gmirror status")).out
    assert "error=5" in bench.messages(bench.a)
