"""A stream through the console against `ssh | ssh` on loopback: rate, and what memory grows by."""

import asyncio
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

from console.model.config import NodeConfig
from console.model.words import Home
from console.ssh.streaming import ConsoleStreamer
from tests.ssh.sshd import missing, sshd

SIZE = 400 << 20
ROUNDS = 3
SHARE = 0.6
"""Of the bare pipe's rate, at least."""
GROWTH = 20 << 20
"""Bytes the console may grow by."""


def _node(name: str) -> NodeConfig:
    return NodeConfig(name=name, home=Home.MASTER, host=name, image="/x")


async def _bare(config: Path) -> float:
    send = f"ssh -F {config} from 'head -c {SIZE} /dev/zero'"
    began = time.perf_counter()
    process = await asyncio.create_subprocess_shell(f"{send} | ssh -F {config} to 'cat >/dev/null'")
    if await process.wait() != 0:
        raise RuntimeError("the bare pipe failed")
    return SIZE / (time.perf_counter() - began)


async def _ours(config: Path) -> float:
    began = time.perf_counter()
    done = await ConsoleStreamer(config, None).stream(
        _node("from"),
        f"head -c {SIZE} /dev/zero",
        _node("to"),
        "cat >/dev/null",
        lambda count: None,
        lambda name, text, is_error: None,
    )
    if (done.bytes, done.source_exit, done.target_exit) != (SIZE, 0, 0):
        raise RuntimeError(f"the stream failed: {done}")
    return SIZE / (time.perf_counter() - began)


async def main() -> int:
    """Print both rates; 1 where a bound is not kept."""
    if why := missing():
        print(f"skipped: {why}")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        async with sshd(Path(folder) / "a") as source, sshd(Path(folder) / "b") as target:
            config = Path(folder) / "config"
            both = source.ssh_config("from").read_text() + target.ssh_config("to").read_text()
            await asyncio.to_thread(config.write_text, both)
            await _ours(config)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            rounds = [(await _bare(config), await _ours(config)) for _ in range(ROUNDS)]
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
    share = statistics.median(ours / bare for bare, ours in rounds)
    for bare, ours in rounds:
        print(f"bare {bare / 1e6:.0f} MB/s, through the console {ours / 1e6:.0f} MB/s")
    print(f"share {share:.2f} (at least {SHARE}), memory +{grown >> 20} MiB (at most {GROWTH >> 20})")
    return int(share < SHARE or grown > GROWTH)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
