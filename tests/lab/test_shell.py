"""A shell of the lab as an object of this process."""

import asyncio
import gc
import weakref

from console.lab.catalogue import commands
from console.lab.lineinput import LineInput
from console.lab.shell import Shell
from console.lab.world import World
from tests.waiting import eventually


async def test_a_shell_that_nobody_uses_any_more_is_gone() -> None:
    # What bashkit holds is hidden from the garbage collector: each shell of a long lab would stay.
    live = LineInput()
    live.end()

    async def nowhere(data: bytes) -> None:
        return

    shell = Shell(World().nodes["a"], commands(), live, nowhere, nowhere)
    await shell.run("hostname")
    kept = weakref.ref(shell)
    del shell
    gc.collect()
    assert kept() is None


async def test_what_a_function_prints_in_the_background_is_there_before_it_ends() -> None:
    live = LineInput()
    live.end()
    printed = bytearray()

    async def take(data: bytes) -> None:
        printed.extend(data)

    node = World().nodes["a"]
    shell = Shell(node, commands(), live, take, take)
    text = """
    watch() {
        while [ ! -e /enough ]; do echo still | awk '{ print $1, "watching" }'; sleep 1; done
        return 3
    }
    watch &
    watcher=$!
    while [ ! -e /enough ]; do sleep 1; done
    wait "$watcher"
    echo "ended with $?"
    """
    run = asyncio.create_task(shell.run(text))
    await eventually(lambda: b"still watching\n" in printed, 30)
    node.fs.write_file("/enough", b"")
    assert await run == 0
    assert printed.endswith(b"still watching\nended with 3\n")
