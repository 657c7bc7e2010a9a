"""A refresh through a lane against a shell loop over `ssh` with ControlMaster, both on one loopback sshd."""

import asyncio
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import asyncssh

from console.model.config import NodeConfig
from console.model.words import Home
from console.ssh.channel import SamplerChannel
from console.ssh.connecting import connect
from console.ssh.sampler import Lane
from tests.ssh.sshd import Sshd, missing, sshd
from tests.ssh.stage import STUBS, Stage

FAST = ("host", "mounts", "ifconfig", "ps", "vrrplog", "geom")
COMMANDS = (
    "date +%s",
    "id -u",
    "id -Gn",
    "sysctl kern.hostname kern.osrelease kern.boottime vm.loadavg",
    "mount -p",
    "ifconfig -a",
    "ps -axww -o pid,ppid,stat,command",
    "tail -n 400 {log} | grep 'freevrrpd\\[' | tail -n 40",
    "sysctl -n kern.geom.confxml",
)
"""What the sections of FAST run."""
ROUNDS = 100
LOOPS = 15


def cpu(who: int) -> float:
    """User and system seconds spent so far."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


async def through_a_lane(server: Sshd, stage: Stage) -> tuple[list[float], float]:
    """Wall seconds of each refresh, and console CPU seconds per refresh; prints the count of round trips."""
    events: list[str] = []
    count(events)
    node = NodeConfig(name="bench", home=Home.MASTER, host="node", image="/sites.img")
    connection = await connect(node, ssh_config=server.ssh_config())
    lane = await Lane.open(connection, "bench", script=stage.script)
    frames = lane.frames()

    async def refresh() -> None:
        await lane.tick(FAST)
        for _ in FAST:
            frame = await anext(frames)
            if frame.exit_status != 0:
                raise RuntimeError(f"{frame.section}: {frame.text}")

    await refresh()
    walls: list[float] = []
    trips: list[int] = []
    received = 0
    before = cpu(resource.RUSAGE_SELF)
    for _ in range(ROUNDS):
        events.clear()
        started = time.perf_counter()
        await refresh()
        walls.append(time.perf_counter() - started)
        # A trip is a run of writes that answers came after.
        trips.append("".join(events).replace("rw", "r w").count(" ") + 1)
        received += events.count("r")
    spent = (cpu(resource.RUSAGE_SELF) - before) / ROUNDS
    await frames.aclose()
    await lane.close()
    connection.close()
    await connection.wait_closed()
    print(
        f"round trips per refresh: {min(trips)} to {max(trips)} "
        f"({received / ROUNDS:.1f} channel data events received)"
    )
    return walls, spent


def count(events: list[str]) -> None:
    """Note every write to and every data event from a sampler's channel, in their order."""
    write, received = SamplerChannel.write, SamplerChannel.data_received

    def counted_write(self: SamplerChannel, line: str) -> None:
        events.append("w")
        write(self, line)

    def counted_received(self: SamplerChannel, data: bytes, datatype: int | None) -> None:
        events.append("r")
        received(self, data, datatype)

    setattr(SamplerChannel, "write", counted_write)  # noqa: B010 - mypy forbids assigning to a method
    setattr(SamplerChannel, "data_received", counted_received)  # noqa: B010


def through_a_loop(server: Sshd, stage: Stage) -> tuple[float, float]:
    """Wall and client CPU seconds per refresh of a shell loop that runs the commands over a ControlMaster."""
    ssh = ["ssh", "-F", str(server.ssh_config()), "-S", str(server.folder / "mux"), "node"]
    master = [*ssh[:-1], "-M", "-N", "-f", "node"]
    subprocess.run(master, check=True, stdin=subprocess.DEVNULL)
    setting = f"STUB_STATE={stage.folder}; PATH={STUBS}:$PATH; export STUB_STATE PATH; "
    script = stage.write("loop", "")
    lines = [f"round=0; while [ $round -lt {LOOPS} ]; do"]
    for command in COMMANDS:
        remote = (setting + command.format(log=stage.folder / "messages")).replace("'", "'\\''")
        lines.append(f"{' '.join(ssh)} '{remote}' >/dev/null </dev/null || exit 1")
    script.write_text("\n".join([*lines, "round=$((round + 1)); done"]) + "\n")
    try:
        before, started = cpu(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(["sh", str(script)], check=True)
        wall = time.perf_counter() - started
        spent = cpu(resource.RUSAGE_CHILDREN) - before
    finally:
        subprocess.run([*ssh[:-1], "-O", "exit", "node"], check=True, capture_output=True)
    return wall / LOOPS, spent / LOOPS


def quickest(what: Callable[[], object], times: int = 3) -> float:
    """Seconds of the fastest of a few runs."""
    walls = []
    for _ in range(times):
        started = time.perf_counter()
        what()
        walls.append(time.perf_counter() - started)
    return min(walls)


def cold_status(server: Sshd, folder: Path) -> None:
    """`mirrorgate status` from nothing, against two bare `ssh true`."""
    program = Path(sys.executable).with_name("mirrorgate")
    if not program.exists():
        print("status cold: mirrorgate is not installed here")
        return
    config = server.ssh_config()
    nodes = "".join(
        f'[[pairs.nodes]]\nname = "{name}"\nhome = "{home}"\nhost = "node"\nimage = "/sites.img"\n'
        for name, home in (("web-a", "master"), ("web-b", "slave"))
    )
    path = folder / "config.toml"
    path.write_text(f'ssh_config = "{config}"\n[[pairs]]\nname = "web"\n{nodes}')
    status = [str(program), "--config", str(path), "status"]
    said = subprocess.run(status, capture_output=True, text=True, check=False)
    if "web-a" not in said.stdout:
        print(f"status cold: it did not run: {(said.stderr or said.stdout).strip()[:200]}")
        return
    bare = quickest(lambda: subprocess.run(["ssh", "-F", str(config), "node", "true"], check=True))
    cold = quickest(lambda: subprocess.run(status, capture_output=True, check=False))
    print(f"status cold: {cold:.2f} s; two bare `ssh true`: {2 * bare:.2f} s; ", end="")
    print(f"{cold - 2 * bare:.2f} s more (goal: at most 1.3)")


async def main() -> int:
    """Measure and print; 1 when a ratio falls short of its goal."""
    why = missing() or (None if shutil.which("ssh") else "no ssh on this machine")
    if why:
        print(f"skipped: {why}")
        return 0
    asyncssh.set_log_level("ERROR")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stage = Stage(folder / "stage")
        stage.folder.mkdir()
        line = "Nov 23 01:50:06 nodea freevrrpd[901]: server state vrid 1: master\n"
        stage.write("messages", line * 100)
        async with sshd(folder / "sshd") as server:
            walls, lane_cpu = await through_a_lane(server, stage)
            loop_wall, loop_cpu = await asyncio.to_thread(through_a_loop, server, stage)
            await asyncio.to_thread(cold_status, server, folder)
    wall = statistics.median(walls)
    print(
        f"lane:  {wall * 1000:7.2f} ms wall (median of {ROUNDS}), {lane_cpu * 1000:6.2f} ms CPU per refresh"
    )
    print(
        f"loop:  {loop_wall * 1000:7.2f} ms wall, {loop_cpu * 1000:6.2f} ms CPU per refresh (ControlMaster)"
    )
    print(f"ratio: {loop_wall / wall:.1f} times less wall (goal 20), ", end="")
    print(f"{loop_cpu / lane_cpu:.1f} times less CPU (goal 10)")
    return int(loop_wall / wall < 20 or loop_cpu / lane_cpu < 10)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
