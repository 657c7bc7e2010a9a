"""A pair on a virtual clock whose commands are called directly: no shell, no SSH, no real time."""

import asyncio
import shlex
from dataclasses import dataclass
from typing import Self

from console.lab.call import Call
from console.lab.catalogue import commands
from console.lab.images import Image
from console.lab.world import Node, World

MASTER_IMAGE = "/root/images/sitesprimary.img"
SLAVE_IMAGE = "/root/images/sitesbackup.img"
SITES = "/home/sites"
MIRROR = "/dev/mirror/remotemirror"
SIZE = 48 << 20


@dataclass(frozen=True)
class Answer:
    status: int
    out: str
    err: str


class Bench:
    """Two booted nodes; time passes only when asked."""

    def __init__(self) -> None:
        self.world = World(speed=0)
        self.a = self.world.nodes["a"]
        self.b = self.world.nodes["b"]

    @classmethod
    async def booted(cls) -> Self:
        bench = cls()
        for node in (bench.a, bench.b):
            await bench.world.clock.run_until(node.boot(), 60)
            for directory in ("/root/images", SITES, "/etc"):
                node.fs.mkdir(directory, recursive=True)
        bench.a.images.create(MASTER_IMAGE, SIZE)
        bench.b.images.create(SLAVE_IMAGE, SIZE)
        bench.b.fs.write_file("/etc/gg.exports", f"192.168.1.100 RW {SLAVE_IMAGE}\n".encode())
        return bench

    @classmethod
    async def provisioned(cls, *, timeout: int = 0, options: str = "-h", newfs: bool = True) -> Self:
        """A complete, mounted pair: the master's half hard-coded, the slave's free."""
        bench = await cls.booted()
        await bench.ok(bench.b, "ggated")
        await bench.gate(timeout)
        await bench.ok(bench.a, "gmirror label -n -b prefer remotemirror ggate0")
        await bench.ok(bench.a, f"mdconfig -a -t vnode -f {MASTER_IMAGE} -u 0")
        await bench.ok(bench.a, f"gmirror insert {options} -p 100 remotemirror md0")
        await bench.rebuild("md0")
        if newfs:
            await bench.ok(bench.a, f"newfs -U {MIRROR}")
            await bench.ok(bench.a, f"mount {MIRROR} {SITES}")
        return bench

    async def gate(self, timeout: int = 0) -> None:
        await self.ok(self.a, f"ggatec create -t {timeout} -u 0 192.168.1.101 {SLAVE_IMAGE}")

    async def rebuild(self, component: str) -> None:
        await self.ok(self.a, f"gmirror rebuild remotemirror {component}")
        await self.pass_time(60)
        assert "SYNCHRONIZING" not in (await self.ok(self.a, "gmirror status")).out

    async def run(self, node: Node, line: str, limit: float = 300.0) -> Answer | None:
        """The command's answer; None when it has not ended after `limit` world seconds."""
        call = Call(node, shlex.split(line))
        task = asyncio.ensure_future(commands()[call.name](call))
        if not await self.world.clock.run_until(task, limit):
            task.cancel()
            return None
        return Answer(task.result(), call.out, call.err)

    async def ok(self, node: Node, line: str) -> Answer:
        answer = await self.run(node, line)
        assert answer is not None, f"no answer: {line}"
        assert answer.status == 0, f"{line}: {answer.out}{answer.err}"
        return answer

    async def fails(self, node: Node, line: str) -> str:
        """Standard error of a command that must fail."""
        answer = await self.run(node, line)
        assert answer is not None, f"no answer: {line}"
        assert answer.status != 0, f"{line} succeeded: {answer.out}"
        return answer.err

    async def pass_time(self, seconds: float) -> None:
        await self.world.clock.advance(seconds)

    async def write(self, node: Node, name: str, text: str) -> None:
        """Write a file below the mount point and wait until it is on the disk."""
        node.fs.write_file(f"{SITES}/{name}", text.encode())
        await self.ok(node, f"fsync {SITES}/{name}")

    def files(self, node: Node) -> dict[str, str]:
        return {
            item["name"]: node.fs.read_file(f"{SITES}/{item['name']}").decode()
            for item in node.fs.read_dir(SITES)
            if item["metadata"]["file_type"] == "file"
        }

    def messages(self, node: Node) -> str:
        return node.fs.read_file("/var/log/messages").decode()

    def image(self, node: Node) -> Image:
        image = node.images.at(MASTER_IMAGE if node is self.a else SLAVE_IMAGE)
        assert image is not None
        return image

    def same_contents(self) -> bool:
        """True when both halves are equal but for the last sector."""
        mine, theirs = self.image(self.a), self.image(self.b)
        return mine.digest(length=SIZE - 512) == theirs.digest(length=SIZE - 512)
