"""Whatever an operator types in whatever order: commands end in words and the kernel goes on."""

import asyncio
import random
from typing import Any

import pytest

from console.lab.world import Node
from tests.lab_storage.bench import MASTER_IMAGE, MIRROR, SITES, SLAVE_IMAGE, Bench

COMMANDS = (
    f"""
gmirror status|gmirror list|gmirror load|gmirror unload|gmirror resize remotemirror
gmirror forget remotemirror|gmirror stop remotemirror|gmirror stop -f remotemirror
gmirror destroy -f remotemirror
gmirror rebuild remotemirror md0|gmirror rebuild remotemirror ggate0|gmirror insert -p 5 remotemirror md0
gmirror insert remotemirror ggate0|gmirror remove remotemirror md0|gmirror remove remotemirror ggate0
gmirror deactivate remotemirror md0|gmirror deactivate remotemirror ggate0|gmirror clear md0
gmirror activate remotemirror md0|gmirror activate remotemirror ggate0|gmirror dump md0 ggate0
gmirror label -n remotemirror ggate0|gmirror label -h remotemirror md0|gmirror label x md0 ggate0
gmirror configure -a remotemirror|gmirror configure -b round-robin remotemirror
ggatec list -v|ggatec destroy -u 0|ggatec destroy -f -u 0|ggatec rescue -u 0 192.168.1.101 {SLAVE_IMAGE}
ggatec create -t 10 -u 0 192.168.1.101 {SLAVE_IMAGE}|ggatec create -u 0 192.168.1.101 {SLAVE_IMAGE}
ggated|pkill ggated|mdconfig -lv|mdconfig -d -u 0|mdconfig -d -o force -u 0|mdconfig -r -u 0 -s 64m
mdconfig -a -t vnode -f {MASTER_IMAGE} -u 0|mdconfig -a -t vnode -f {MASTER_IMAGE}
mount -p|mount {MIRROR} {SITES}|mount /dev/md0 {SITES}|umount {SITES}|umount -f {SITES}|df|df -n|sync
newfs -U {MIRROR}|newfs -U /dev/md0|growfs -y {MIRROR}|fsck -y {MIRROR}|fsck -p /dev/md0|fsck -y /dev/ggate0
dumpfs /dev/md0|tunefs -p /dev/md0|diskinfo -v /dev/md0|fstat -f {SITES}|sysctl -n kern.geom.confxml
""".strip()
    .replace("\n", "|")
    .split("|")
)


async def act(bench: Bench, dice: random.Random) -> None:
    node: Node = dice.choice((bench.a, bench.a, bench.b))
    kind = dice.random()
    if kind < 0.06:
        if bench.world.link.up:
            bench.world.pull_link()
        else:
            bench.world.plug_link()
    elif kind < 0.1 and node.power:
        node.cut_power()
    elif kind < 0.1:
        await bench.world.clock.run_until(node.boot(), 60)
    elif kind < 0.2:
        await bench.pass_time(dice.choice((0.3, 2, 6, 20, 100)))
    elif node.ready and kind < 0.3:
        node.fs.write_file(
            f"{SITES}/{dice.randrange(5)}", bytes([dice.randrange(256)]) * dice.randrange(400_000)
        )
    elif node.ready:
        line = dice.choice(COMMANDS)
        if node is bench.b:
            line = line.replace(MASTER_IMAGE, SLAVE_IMAGE)
        await bench.run(node, line, limit=dice.choice((1, 30, 200)))


@pytest.mark.parametrize("seed", range(30))
async def test_no_order_of_commands_and_faults_breaks_the_lab(seed: int) -> None:
    dice = random.Random(seed)
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    bench = await Bench.provisioned(timeout=dice.choice((0, 10)), options=dice.choice(("", "-h")))
    for _ in range(60):
        await act(bench, dice)
    await bench.pass_time(300)
    await bench.world.close()
    assert faults == []
    assert [happening for happening in bench.world.events if "lab fault" in happening.text] == []
