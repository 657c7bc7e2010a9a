"""Whole situations of the pair, reached by the commands that would lead to them."""

import asyncio
from typing import TYPE_CHECKING

from console.lab.provision import IMAGES, MIRROR, MOUNT, build_mirror, start_services
from console.lab.qmail import mail_of
from console.lab.running import run_text
from console.lab.world import Node
from console.model.lineage import LINEAGE_FILE, LINEAGE_IN_MOUNT

if TYPE_CHECKING:
    from console.lab.pair import LabPair

_HURRY = 25.0
"""World seconds per real second while a situation is being prepared."""
SLOW_COPY = 2 * 1024 * 1024
"""Bytes per second at which a copy is worth looking at."""


def is_mounted(node: Node) -> bool:
    """Whether the pair's file system is mounted on the node."""
    return node.ready and node.mounts.at(MOUNT) is not None


_NEW_LINEAGE = f"""
id=$(od -An -N8 -tx1 /dev/urandom | tr -d ' ')
entry="$id $(awk 'END {{ print $1 }}' {LINEAGE_FILE}) $(date +%s) $(hostname -s)"
for file in {LINEAGE_FILE} {MOUNT}/{LINEAGE_IN_MOUNT}; do
    echo "$entry" >> "$file"
    fsync "$file"
done
"""
"""What an operator's promotion of a node that serves already leaves behind."""


class Hurry:
    """Lets the world run fast for a while."""

    def __init__(self, lab: "LabPair") -> None:
        self._clock = lab.world.clock
        self._speed = self._clock.speed

    async def __aenter__(self) -> None:
        self._speed = self._clock.speed
        self._clock.speed = max(_HURRY, self._speed)

    async def __aexit__(self, *_: object) -> None:
        self._clock.speed = self._speed


async def until(lab: "LabPair", node: Node, test: str, limit: float = 60.0) -> bool:
    """Wait in world time until a piece of shell text succeeds on the node."""
    clock = lab.world.clock
    deadline = clock.now() + limit
    while (await run_text(node, test)).status != 0:
        if clock.now() > deadline:
            return False
        await clock.sleep(1.0)
    return True


async def healthy(lab: "LabPair", words: list[str] | None = None) -> None:
    """Mend everything and build the mirror anew from nothing."""
    world = lab.world
    for server in lab.servers:
        server.plug(True)
    world.plug_link()
    for node in world.nodes.values():
        node.own_clock = None
        node.disk_filler = 0
        image = node.images.at(IMAGES[node.name])
        if image is not None:
            image.frozen = image.failing = False
        mail = mail_of(node)
        if mail is not None:
            mail.deferred_domains.clear()
            mail.forget_flood()
            mail.mend()
    async with Hurry(lab):
        await asyncio.gather(*(node.boot(5.0) for node in world.nodes.values() if not node.power))
        for node in world.nodes.values():
            while not node.ready:
                await world.clock.sleep(0.5)
            await run_text(
                node,
                f"pkill -TERM freevrrpd; sleep 1; umount -f {MOUNT}; gmirror destroy -f {MIRROR}; "
                "mdconfig -d -o force -u 0; ggatec destroy -f -u 0; pkill -TERM ggated; sleep 1; "
                f"gmirror destroy -f {MIRROR}; rm -f {IMAGES[node.name]}",
            )
        await lab.build()


async def serve(lab: "LabPair") -> None:
    """Make the mirror and let the home master serve it."""
    world = lab.world
    rate, world.sync_rate = world.sync_rate, 1 << 34
    try:
        await build_mirror(world)
    finally:
        world.sync_rate = rate
    await start_services(world)
    await until(lab, world.nodes["a"], f"mount | grep -q ' on {MOUNT} '")


async def degraded(lab: "LabPair", words: list[str] | None = None) -> None:
    """The gate was given up by force; the mirror goes on with one half."""
    await healthy(lab)
    await run_text(
        lab.world.nodes["a"], f"ggatec destroy -f -u 0; echo later > {MOUNT}/written-alone.txt; sync"
    )


async def syncing(lab: "LabPair", words: list[str] | None = None) -> None:
    """The gate is back and its half is being overwritten."""
    await degraded(lab)
    await rebuild(lab)


async def rebuild(lab: "LabPair", words: list[str] | None = None) -> None:
    """Bring the gate back if it is missing, and copy the master's half onto it."""
    lab.world.sync_rate = SLOW_COPY
    a, b = lab.world.nodes["a"], lab.world.nodes["b"]
    await run_text(b, "pgrep -q ggated || ggated")
    async with Hurry(lab):
        await run_text(
            a,
            f"[ -e /dev/ggate0 ] || ggatec create -t 10 -u 0 {b.address} {IMAGES['b']}\n"
            "n=0; while [ ! -e /dev/ggate0 ] && [ $n -lt 20 ]; do sleep 1; n=$((n+1)); done; sleep 1",
        )
    ran = await run_text(a, f"gmirror rebuild {MIRROR} ggate0")
    if ran.status != 0:
        await run_text(
            a,
            f"gmirror forget {MIRROR}; gmirror insert -p 0 {MIRROR} ggate0; gmirror rebuild {MIRROR} ggate0",
        )


async def split_brain(lab: "LabPair", words: list[str] | None = None) -> None:
    """The link is out, somebody promoted the slave by hand, and both nodes were written."""
    await healthy(lab)
    a, b = lab.world.nodes["a"], lab.world.nodes["b"]
    lab.world.pull_link()
    async with Hurry(lab):
        await run_text(a, "ggatec destroy -f -u 0")
        await run_text(a, _NEW_LINEAGE)
        await run_text(a, f"echo 'written on {a.hostname}' > {MOUNT}/orders-today.csv; sync")
        await run_text(b, "/usr/local/libexec/mirrorgate/promote.sh")
        await run_text(b, f"echo 'written on {b.hostname}' > {MOUNT}/orders-today.csv; sync")


async def node_gone(lab: "LabPair", words: list[str] | None = None) -> None:
    """The home slave loses its power."""
    await healthy(lab)
    lab.world.nodes["b"].cut_power()
