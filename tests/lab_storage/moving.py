"""A lab node with two whole disks: a file system of everything that dump carries, and an empty one."""

import asyncio
from typing import Self

from console.lab import fresh
from console.lab.running import Ran, run_text
from console.lab.world import Node, World

SOURCE = """
newfs -U /dev/vtbd1 >/dev/null; mkdir -p /src /copy; mount /dev/vtbd1 /src
cp -R /etc /bin /src/; ln /src/bin/sh /src/bin/hardlink; ln -s etc/fstab /src/link
truncate -s 50m /src/sparse; chflags schg /src/bin/cat; mkfifo /src/fifo; mknod /src/device c 5 17
mkdir -p /src/a/very/deep/directory; echo x > "/src/a/very/deep/directory/a name with blanks"
chmod 640 /src/etc/fstab; chown 'operator:operator' /src/etc/rc; sync
printf '/dev/vtbd1\\t/src\\tufs\\trw\\t2\\t2\\n' >> /etc/fstab
"""
TARGET = "umount /copy 2>/dev/null; newfs -U /dev/vtbd2 >/dev/null; mount /dev/vtbd2 /copy; cd /copy"
KEYS = "sha256digest,type,mode,uid,gid,nlink,size,flags,link,time"


class Machine:
    """One node, and what is said to it."""

    def __init__(self, world: World) -> None:
        self.world = world

    @classmethod
    async def make(cls, speed: float = 200.0) -> Self:
        """A booted node with /src filled."""
        world = World(speed=speed)
        fresh.install(world.nodes["a"])
        await world.nodes["a"].boot(0)
        machine = cls(world)
        await machine.ok(SOURCE)
        return machine

    @property
    def node(self) -> Node:
        """The node."""
        return self.world.nodes["a"]

    async def says(self, text: str) -> Ran:
        """What a piece of shell text leaves behind."""
        return await asyncio.wait_for(run_text(self.node, text), 30)

    async def ok(self, text: str) -> str:
        """The output of what must succeed."""
        ran = await self.says(text)
        assert ran.status == 0, f"{text}: {ran.err}"
        return ran.out

    async def differences(self) -> str:
        """What mtree(8) finds different between /src and /copy."""
        ran = await self.says(
            f"rm -f /copy/restoresymtable; mtree -c -x -k {KEYS} -p /src > /root/spec; "
            "mtree -x -f /root/spec -p /copy"
        )
        return ran.out + ran.err
