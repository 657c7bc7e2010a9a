"""What a migration costs beside `dump | ssh | restore` by hand, with real ones and a real sshd on loopback.

Every figure is a ratio of two times of one run, taken in turns, so that a busy machine is busy for both.
Needs root, loop devices, and Debian's `dump`; says why and ends well where it cannot run.
"""

import argparse
import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from console.model.config import NodeConfig
from console.model.plan import Command, Stream
from console.model.words import Home
from console.ssh.streaming import ConsoleStreamer
from playbooks.migrating.steps.moving import moved
from playbooks.migrating.steps.verifying import verified
from playbooks.migrating.work import Way
from tests.moving import real
from tests.moving.test_real_ways import Reached
from tests.moving.works import MARK
from tests.ssh import sshd as servers

DIRECT, CONSOLE, VERIFIED = 0.97, 0.60, 0.80
"""Least shares of the bare command's speed."""
GROWTH = 20 << 20
"""Bytes that the console may grow by."""


class Yard:
    """A source with files, an empty target, and a server between them."""

    def __init__(self, machine: real.Machine, server: servers.Sshd, size: int) -> None:
        device = machine.disk("old", size + size // 8 + 64)
        self.source = machine.formatted(device, "old")
        for number in range(size):
            (self.source / f"file{number}").write_bytes(os.urandom(1 << 20))
        os.sync()
        target = machine.disk("new", size + size // 4 + 128)
        self.machine, self.server, self.size = machine, server, size
        self.direct = Reached(machine, server, real.work_of(self.source, device, target, Way.DIRECT))
        self.direct.set_up()
        self.work = self.direct.work
        self.copy = machine.folder / "copy" / self.work.moves[0].slug
        self.config = server.ssh_config()

    def bare(self) -> float:
        """Seconds of what an administrator types, the new file system included."""
        move = self.work.moves[0]
        subprocess.run(["umount", self.copy], check=False, capture_output=True)
        ssh = f"ssh -F {self.config} node"
        restored = f"{ssh} 'cd {self.copy} && /usr/sbin/restore -rf -'"
        typed = (
            f"newfs -U /dev/{move.target.name} && mkdir -p {self.copy} &&"
            f" mount /dev/{move.target.name} {self.copy} &&"
            f" dump -0 -a -f - {move.device} | {restored}"
        )
        return self._timed(typed)

    def through_key(self) -> float:
        """Seconds of the step of a direct migration."""
        (step,) = moved(self.work, self.work.moves[0], MARK)
        assert isinstance(step.action, Command)
        return self._timed(self.direct.here(step.action.text))

    def verification(self) -> float:
        """Seconds in which both sides are listed and compared."""
        self._cold()
        step = verified(self.work, self.work.moves[0], MARK)
        assert isinstance(step.action, Command)
        return self._timed(self.direct.here(step.action.text))

    def sums(self) -> float:
        """Seconds of sha256sum of both ends at the same time."""
        self._cold()
        one = "find {} -xdev -type f -print0 | xargs -0 sha256sum >/dev/null"
        return self._timed(f"{one.format(self.source)} & {one.format(self.copy)}; wait")

    def _cold(self) -> None:
        os.sync()
        Path("/proc/sys/vm/drop_caches").write_text("3")

    async def through_console(self) -> float:
        """Seconds of the same file system through this process."""
        (step,) = moved(real.work_of(self.source, self.work.moves[0].device,
                                     f"/dev/{self.work.moves[0].target.name}", Way.CONSOLE),
                        self.work.moves[0], MARK)  # fmt: skip
        assert isinstance(step.action, Stream)
        path = f"PATH={self.machine.folder / 'bin'}:$PATH\n"
        node = NodeConfig(name="node", home=Home.MASTER, host="node", image="/x")
        begun = time.monotonic()
        ended = await ConsoleStreamer(self.config, None).stream(
            node,
            path + self.machine.here(step.action.text),
            node,
            path + self.machine.here(step.action.into),
            lambda count: None,
            lambda who, text, err: None,
        )
        if (ended.source_exit, ended.target_exit) != (0, 0):
            raise RuntimeError(f"the stream failed: {ended}")
        return time.monotonic() - begun

    def _timed(self, text: str) -> float:
        begun = time.monotonic()
        done = subprocess.run(
            ["dash", "-c", text], env=self.machine.environment, stdin=subprocess.DEVNULL, cwd="/",
            capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{text[:100]}: {done.stderr.decode()[-2000:]}")
        return time.monotonic() - begun


def resident() -> int:
    """Bytes of this process in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def measured(size: int, rounds: int) -> bool:
    """Print every figure; whether all are as they should be."""
    with tempfile.TemporaryDirectory() as folder, real.machine(Path(folder)) as machine:
        async with servers.sshd(Path(folder) / "sshd") as server:
            yard = Yard(machine, server, size)
            times: dict[str, list[float]] = {}
            settled = grown = 0
            for _ in range(rounds):
                times.setdefault("bare", []).append(await asyncio.to_thread(yard.bare))
                times.setdefault("direct", []).append(await asyncio.to_thread(yard.through_key))
                times.setdefault("console", []).append(await yard.through_console())
                settled = settled or resident()
                grown = max(grown, resident() - settled)
                times.setdefault("sums", []).append(await asyncio.to_thread(yard.sums))
                times.setdefault("verify", []).append(await asyncio.to_thread(yard.verification))
    best = {name: min(values) for name, values in times.items()}
    print(f"{size} MB, {rounds} rounds, load {os.getloadavg()[0]:.1f}; best and median in seconds:")
    for name, values in times.items():
        print(f"  {name:8} {best[name]:7.2f} {statistics.median(values):7.2f}  {size / best[name]:6.0f} MB/s")
    good = True
    bounds = (("direct", "bare", DIRECT), ("console", "bare", CONSOLE), ("verify", "sums", VERIFIED))
    for name, bare, least in bounds:
        share = best[bare] / best[name]
        good &= share >= least
        print(f"  {name}: {share:.2f} of {bare} (at least {least})")
    moved_through = size * (rounds - 1)
    grew = f"{grown / (1 << 20):+.1f} MB over {moved_through} MB after the first round"
    print(f"  console memory: {grew}")
    return good and grown <= GROWTH


def main() -> int:
    """Exit status 1 if a figure is not as it should be."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--size", type=int, default=1024, help="MB")
    arguments.add_argument("--rounds", type=int, default=4)
    said = arguments.parse_args()
    if why := real.missing() or servers.missing():
        print(f"  not measured: {why}")
        return 0
    return 0 if asyncio.run(measured(said.size, said.rounds)) else 1


if __name__ == "__main__":
    sys.exit(main())
