"""dump(8), restore(8), mtree(8): what `console.lab.dumping` does, by the names of its commands."""

from console.lab.call import Call, Command
from console.lab.dumping.dump import dump
from console.lab.dumping.mtree import mtree
from console.lab.dumping.restore import restore


async def snapinfo(call: Call) -> int:
    """List the snapshots that are kept: none, dump(8) removes its own."""
    return 0


COMMANDS: dict[str, Command] = {
    "dump": dump, "rdump": dump, "restore": restore, "rrestore": restore, "mtree": mtree,
    "snapinfo": snapinfo,
}  # fmt: skip
