"""dump(8), restore(8), mtree(8): what `console.lab.dumping` does, by the names of its commands."""

from console.lab.call import Command
from console.lab.dumping.dump import dump
from console.lab.dumping.mtree import mtree
from console.lab.dumping.restore import restore

COMMANDS: dict[str, Command] = {
    "dump": dump, "rdump": dump, "restore": restore, "rrestore": restore, "mtree": mtree,
}  # fmt: skip
