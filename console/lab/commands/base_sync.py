"""Writing back what is only in memory: sync(8), fsync(1)."""

from collections.abc import Awaitable

from console.lab.call import Call, Command
from console.lab.files import entry, resolve


async def _uninterruptible(call: Call, work: Awaitable[None]) -> None:
    process = call.node.processes.spawn(" ".join(call.argv), call.parent, stat="D", user=call.user)
    try:
        await work
    finally:
        call.node.processes.exit(process)


async def sync(call: Call) -> int:
    """Write everything back; hangs with a file system that does."""
    await _uninterruptible(call, call.node.mounts.sync())
    return 0


async def fsync(call: Call) -> int:
    """Write files back and wait for it."""
    if not call.arguments:
        call.complain("usage: fsync file ...")
        return 64
    status = 0
    for name in call.arguments:
        path = resolve(call, name)
        if entry(call.node, path) is None:
            call.complain(f"fsync: open {name}: No such file or directory")
            status = 1
            continue
        await _uninterruptible(call, call.node.mounts.fsync(path))
    return status


COMMANDS: dict[str, Command] = {"sync": sync, "fsync": fsync}
