"""A shell of the lab as an object of this process."""

import gc
import weakref

from console.lab.catalogue import commands
from console.lab.lineinput import LineInput
from console.lab.shell import Shell
from console.lab.world import World


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
