"""200 pairs on one collector: its cost, how punctual it is, what a viewer costs; Ansible on the same nodes.

By hand: `python -m tests.bench.collector [PAIRS [SECONDS]]`. Most nodes are answered by a canned server, some
by real sshd processes that run the sampler. Ansible is taken from $ANSIBLE, else installed from PyPI into a
folder that goes away again; without a network that part is skipped.
"""

import asyncio
import contextlib
import fcntl
import os
import pty
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

from console import config_file
from console.collector.client import Client
from console.collector.protocol import Line
from console.commands.sampling import opener
from console.model.snapshot import LinkState
from console.model.tape import LinkChanged, SectionRead, Taped
from console.watch.node_watch import LanePlan, NodeWatch
from tests.bench.canned_node import FAST, RAW
from tests.bench.refresh import COMMANDS
from tests.ssh.sshd import Sshd, missing, sshd
from tests.waiting import eventually

REAL = 10
"""Pairs behind real sshd processes: each of their refreshes forks some hundred processes here."""
INTERVAL = 5.0
TICKS = os.sysconf("SC_CLK_TCK")
_STARTED = 120.0
"""Seconds until every pair must have been read once."""
FLEET = b"5"
"""The key of the fleet screen."""
ROOT = Path(__file__).parents[2]


def config_of(pairs: int, folder: Path, server: Sshd | None) -> Path:
    """The configuration of every pair, and the ssh_config that reaches them."""
    real = REAL if server else 0
    text = [f'ssh_config = "{folder / "ssh"}"\ncollector = "{folder / "c.sock"}"\n']
    for number in range(pairs):
        kind = "real" if number < real else "canned"
        text.append(f'[[pairs]]\nname = "pair-{number:03}"\ninterval = {INTERVAL}\n')
        for name, home in (("a", "master"), ("b", "slave")):
            user = f'user = "{name}"\n' if kind == "canned" else ""
            text.append(
                f'[[pairs.nodes]]\nname = "{name}{number:03}"\nhome = "{home}"\nhost = "{kind}-{number:03}"\n'
                f'{user}image = "/root/images/{name}.img"\n'
            )
    path = folder / "config.toml"
    path.write_text("".join(text))
    ssh = (folder / "ssh_config").read_text()
    if server:
        ssh += server.ssh_config("real-*").read_text()
    (folder / "ssh").write_text(ssh)
    return path


def cpu(pid: int) -> float:
    """Seconds of processor a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid: int) -> float:
    """Megabytes that a process has had resident at most."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


async def share(pid: int, seconds: float) -> float:
    """Percent of a core that a process uses."""
    before, began = cpu(pid), time.monotonic()
    await asyncio.sleep(seconds)
    return 100 * (cpu(pid) - before) / (time.monotonic() - began)


def program(config: Path, *words: str) -> list[str]:
    """mirrorgate's command line."""
    return [sys.executable, "-m", "console.cli", "--config", str(config), *words]


@contextlib.contextmanager
def canned(folder: Path) -> Iterator[None]:
    """The canned server, in a process of its own."""
    server = subprocess.Popen([sys.executable, "-m", "tests.bench.canned_node", str(folder)], cwd=ROOT)
    try:
        while not (folder / "ready").exists():
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait(5)


@contextlib.asynccontextmanager
async def collector(config: Path) -> AsyncIterator[int]:
    """`mirrorgate collect`; yields its process id."""
    one = await asyncio.create_subprocess_exec(*program(config, "collect"), cwd=ROOT)
    try:
        yield one.pid
    finally:
        one.terminate()
        await one.wait()


@contextlib.contextmanager
def console(config: Path) -> Iterator[tuple[int, int]]:
    """`mirrorgate monitor` on a terminal of 160x48, which somebody reads; yields its process and terminal."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.environ["TERM"], os.environ["LANG"] = "xterm-256color", "C.UTF-8"
        os.execv(sys.executable, program(config, "monitor"))
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 48, 160, 0, 0))
    loop = asyncio.get_running_loop()
    drawn = bytearray()
    loop.add_reader(terminal, lambda: drawn.extend(os.read(terminal, 1 << 16)))
    try:
        yield pid, terminal
        if b"pair-007" not in drawn:
            raise RuntimeError("the fleet was not drawn")
    finally:
        loop.remove_reader(terminal)
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(terminal)


async def settled(socket: Path, pairs: int) -> tuple[float, int]:
    """Seconds until each pair's line is settled, and how many nodes answer."""
    began, lines = time.monotonic(), {}
    async with asyncio.timeout(_STARTED):
        await eventually(socket.exists, _STARTED)
        client = await Client.open(socket)
        async for heard in client.heard():
            if isinstance(heard, Line):
                lines[heard.line.pair] = heard.line
            if len(lines) == pairs and all(line.settled for line in lines.values()):
                break
    client.close()
    live = sum(link is LinkState.LIVE for line in lines.values() for link in line.links)
    return time.monotonic() - began, live


async def followed(socket: Path, pairs: list[str], seconds: float) -> tuple[list[float], list[float]]:
    """Seconds between one answer of a node and the next, and its round trips, of all of them."""
    client = await Client.open(socket)
    client.look(pairs)
    last: dict[tuple[str, str], float] = {}
    gaps: list[float] = []
    trips: list[float] = []
    try:
        async with asyncio.timeout(seconds):
            async for heard in client.heard():
                match heard:
                    case Taped(pair=pair, home=home, news=SectionRead(section="host", taken=taken)):
                        key = (pair, home.value)
                        if taken > last.get(key, taken):
                            gaps.append(taken - last[key])
                        last[key] = taken
                    case Taped(news=LinkChanged(link)) if link.round_trip is not None:
                        trips.append(link.round_trip)
    except TimeoutError:
        client.close()
    return gaps, trips


async def refreshed(config: Path, plans: Sequence[LanePlan] | None = None) -> float:
    """Seconds until every node has answered its plans, all asked at once, on connections that are open."""
    read = config_file.load(config)
    reach = opener(read, None)
    nodes = [NodeWatch(node, pair, reach, lambda: None, plans) for pair in read.pairs for node in pair.nodes]
    tasks = [asyncio.create_task(node.run()) for node in nodes]
    walls = []
    try:
        await eventually(lambda: all(node.settled for node in nodes), _STARTED)
        for _ in range(3):
            await asyncio.sleep(1)
            began = time.monotonic()
            views = await asyncio.gather(*(node.fresh(60) for node in nodes))
            walls.append(time.monotonic() - began)
            if any(view.link.state is not LinkState.LIVE for view in views):
                raise RuntimeError("a node did not answer")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return min(walls)


async def looking(socket: Path, pair: str) -> None:
    """One viewer, until cancelled."""
    client = await Client.open(socket)
    client.look([pair])
    try:
        async for heard in client.heard():
            del heard
    finally:
        client.close()


def ansible(folder: Path) -> Path | None:
    """Where ansible is; None: it cannot be had."""
    if named := os.environ.get("ANSIBLE"):
        return Path(named)
    venv = folder / "venv"
    made = subprocess.run([sys.executable, "-m", "venv", str(venv)], capture_output=True, check=False)
    pip = [str(venv / "bin" / "pip"), "install", "-q", "ansible-core"]
    if made.returncode or subprocess.run(pip, capture_output=True, check=False).returncode:
        return None
    return venv / "bin" / "ansible"


def by_ansible(tool: Path, folder: Path, pairs: int, real: int, forks: int) -> float:
    """Seconds of one `ansible -m raw` over every node whose connections are open already."""
    hosts = []
    for number in range(pairs):
        kind = "real" if number < real else "canned"
        for user in "ab":
            login = f" ansible_user={user}" if kind == "canned" else ""
            hosts.append(f"{kind}-{number:03}-{user} ansible_host={kind}-{number:03}{login}\n")
    inventory = folder / "inventory"
    inventory.write_text("".join(hosts))
    said = f"-F {folder / 'ssh'} -o ControlMaster=auto -o ControlPersist=120 -o ControlPath={folder}/m-%C"
    environment = dict(
        os.environ,
        ANSIBLE_SSH_ARGS=said,
        ANSIBLE_PIPELINING="1",
        ANSIBLE_HOME=str(folder / "ansible"),
        ANSIBLE_PYTHON_INTERPRETER="auto_silent",
        LC_ALL="C.UTF-8",
    )
    command = "; ".join((f": {RAW}", *COMMANDS, "true")).format(log="/var/log/messages")
    words = [str(tool), "all", "-i", str(inventory), "-f", str(forks), "-m", "raw", "-a", command]
    wall = 0.0
    # The first opens the connections, as the collector has opened its own.
    for _ in range(2):
        began = time.monotonic()
        done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
        wall = time.monotonic() - began
        good = done.stdout.count("| CHANGED | rc=0")
        if good != 2 * pairs:
            raise RuntimeError(
                f"ansible reached {good} of {2 * pairs}: {done.stdout[-500:]}{done.stderr[-500:]}"
            )
    return wall


def _p(numbers: list[float], percent: int) -> float:
    return statistics.quantiles(numbers, n=100, method="inclusive")[percent - 1]


async def measure(pairs: int, seconds: float, folder: Path, server: Sshd | None) -> bool:
    """Print every figure; returns whether one missed its goal."""
    real = REAL if server else 0
    config, socket = config_of(pairs, folder, server), folder / "c.sock"
    names = [f"pair-{number:03}" for number in range(pairs)]
    print(f"{pairs} pairs at {INTERVAL:g} s, {2 * real} nodes behind sshd; load {os.getloadavg()[0]:.1f}")
    async with collector(config) as pid:
        took, live = await settled(socket, pairs)
        print(f"started: all pairs settled after {took:.1f} s, {live} of {2 * pairs} nodes live", flush=True)
        alone = await share(pid, seconds)
        print(f"collector: {alone:.1f} % of a core (goal 100), no viewer", flush=True)
        with console(config) as (viewer, terminal):
            await asyncio.sleep(15)
            idle = await share(viewer, seconds)
            os.write(terminal, FLEET)
            await asyncio.sleep(5)
            fleet = await share(viewer, seconds)
            print(
                f"a console on it: {idle:.2f} % of a core (goal 1), on the fleet screen {fleet:.2f} %, "
                f"{memory(viewer):.0f} MB",
                flush=True,
            )
        viewers = [asyncio.create_task(looking(socket, names[n % pairs])) for n in range(20)]
        await asyncio.sleep(3)
        busy = await share(pid, seconds)
        for task in viewers:
            task.cancel()
        await asyncio.gather(*viewers, return_exceptions=True)
        print(f"with 20 viewers: collector {busy:.1f} %", flush=True)
        gaps, trips = await followed(socket, names, 2 * seconds)
        late = _p(gaps, 99)
        print(
            f"refresh: p50 {_p(gaps, 50):.2f} s, p99 {late:.2f} s (goal {INTERVAL + 1:g}), "
            f"longest {max(gaps):.2f} s of {len(gaps)}; whole state of every pair to one viewer",
            flush=True,
        )
        print(f"asked to answered: p50 {_p(trips, 50):.2f} s, p99 {_p(trips, 99):.2f} s of {len(trips)}")
        resident = memory(pid)
        print(f"collector: {resident:.0f} MB resident at most (goal 400)")
    whole = await refreshed(config)
    print(f"one refresh of all nodes at once, every section: {whole:.2f} s (the quickest of 3)", flush=True)
    # What ansible is asked for below.
    wall = await refreshed(config, [LanePlan(FAST[:-1], FAST[-1:], INTERVAL, 30.0)])
    print(
        f"one refresh of all nodes at once, {len(FAST)} sections: {wall:.2f} s (the quickest of 3)",
        flush=True,
    )
    missed = alone > 100 or idle > 1 or resident > 400 or late > INTERVAL + 1
    tool = await asyncio.to_thread(ansible, folder)
    if tool is None:
        print("ansible: skipped, it cannot be installed here")
        return missed
    for forks in (5, 50):
        other = await asyncio.to_thread(by_ansible, tool, folder, pairs, real, forks)
        print(
            f"ansible -m raw -f {forks}: {other:.1f} s, {other / wall:.0f} times as long (goal 20)",
            flush=True,
        )
    return missed or other / wall < 20


async def main() -> int:
    """Measure; 1 where a goal is missed."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 30.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with canned(folder):
            if missing():
                return int(await measure(pairs, seconds, folder, None))
            async with sshd(folder / "sshd") as server:
                return int(await measure(pairs, seconds, folder, server))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
