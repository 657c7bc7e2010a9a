"""Many pairs in one process at 1 s: CPU, memory, and whether the cost grows in line with the pairs."""

import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from console.model.config import PairConfig
from console.ssh.policy import read_only_opener
from console.watch.fleet import Fleet
from console.watch.pair_watch import PairWatch

SECONDS = 20.0


def _pair(number: int) -> PairConfig:
    nodes = [
        {
            "name": f"{n}{number}",
            "home": home,
            "host": f"canned-{number}",
            "user": n,
            "image": f"/root/images/{n}.img",
        }
        for n, home in (("a", "master"), ("b", "slave"))
    ]
    qmail = {"enabled": False}
    return PairConfig.model_validate({"name": f"pair-{number}", "nodes": nodes, "qmail": qmail})


async def _measure(pairs: int, directory: Path) -> tuple[float, float, int]:
    """CPU share of one core and states per second for `pairs` pairs, after everything is connected."""
    configs = [_pair(n) for n in range(pairs)]
    reach = read_only_opener(directory / "ssh_config", None, configs)
    watches = [PairWatch(config, reach) for config in configs]
    states = Fleet(watches).states()
    seen = 0
    started: tuple[float, float] | None = None
    try:
        async with asyncio.timeout(180):
            async for _ in states:
                if started is None:
                    if all(w.settled for w in watches):
                        started = (time.monotonic(), time.process_time())
                    continue
                seen += 1
                if time.monotonic() - started[0] > SECONDS:
                    break
    finally:
        await states.aclose()
    assert started is not None
    wall = time.monotonic() - started[0]
    live = sum(node.view.link.state == "live" for w in watches for node in (w.master, w.slave))
    return (time.process_time() - started[1]) / wall, seen / wall, live


def main() -> None:
    """Print one line per fleet size."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        server = subprocess.Popen([sys.executable, "-m", "tests.bench.canned_node", name])
        try:
            while not (directory / "ready").exists():
                time.sleep(0.05)
            base: float | None = None
            for pairs in (5, 10, 25, 50):
                cpu, rate, live = asyncio.run(_measure(pairs, directory))
                base = base or cpu / pairs
                memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                print(
                    f"fleet {pairs:3d} pairs: {cpu:6.1%} of a core, {cpu / pairs / base:.2f} x the cost of 5 "
                    f"per pair, {rate:.0f} states/s, {live} of {2 * pairs} live, peak {memory:.0f} MB",
                    flush=True,
                )
        finally:
            server.terminate()
            server.wait(5)


if __name__ == "__main__":
    main()
