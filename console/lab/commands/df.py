"""df(1): how full file systems are, in columns as wide as FreeBSD makes them."""

import math
import posixpath

from console.lab.arguments import Options, read_options
from console.lab.call import Call, Command
from console.lab.mounts import Mount
from console.lab.usage import Usage, usage_of

_USAGE = "usage: df [-b | -g | -H | -h | -k | -m | -P] [-acilnT,] [-t type] [file | filesystem ...]"

_UNITS = {
    "k": ("1024-blocks", 1024),
    "m": ("1M-blocks", 1 << 20),
    "g": ("1G-blocks", 1 << 30),
    "b": ("512-blocks", 512),
    "P": ("512-blocks", 512),
}
_BLOCKSIZES = {"512": ("512-blocks", 512), "M": ("1M-blocks", 1 << 20), "G": ("1G-blocks", 1 << 30)}
_HUMAN_WIDTH = 7


async def df(call: Call) -> int:
    """Sizes of mounted file systems; -n never waits for a device."""
    read = read_options(call, "abcgHhiklmnPt:T,", _USAGE)
    if read is None:
        return 1
    options, rest = read
    table = call.node.mounts
    chosen: list[Mount] = []
    for name in rest:
        path = posixpath.normpath(posixpath.join(call.cwd, name))
        known = table.at(path)
        if known is None and call.node.fs.exists(path):
            known = table.containing(path)
        if known is None:
            call.complain(f"df: {name}: No such file or directory")
        else:
            chosen.append(known)
    failed = len(chosen) < len(rest)
    if failed and not chosen:
        return 1
    kinds = options.get("t", "").split(",")
    mounts = [known for known in chosen or table.mounts if "t" not in options or known.kind in kinds]
    if mounts:
        _print(call, options, [usage_of(call.node, known, waiting="n" not in options) for known in mounts])
    return int(failed)


def _print(call: Call, options: Options, usages: list[Usage]) -> None:
    human = 1000 if "H" in options else 1024 if "h" in options else 0
    heading, block = _unit(call, options)

    def size(kilobytes: int) -> str:
        if human:
            return _human(kilobytes * 1024, human)
        return str(math.ceil(kilobytes * 1024 / block) if block > 1024 else kilobytes * 1024 // block)

    rows = [["Filesystem"], *([usage.device] for usage in usages)]
    _add(rows, [], left=True)
    if "T" in options:
        _add(rows, [" Type", *(f" {usage.kind}" for usage in usages)], left=True)
    least = _HUMAN_WIDTH if human else 0
    _add(rows, ["Size" if human else heading, *(size(usage.total) for usage in usages)], least)
    _add(rows, ["Used", *(size(usage.used) for usage in usages)], least)
    _add(rows, ["Avail", *(size(usage.available) for usage in usages)], least)
    _add(rows, ["Capacity", *(f"{usage.capacity:>6}  " for usage in usages)])
    if "i" in options:
        _add(rows, ["iused", *(str(usage.inodes_used) for usage in usages)])
        _add(rows, ["ifree", *(str(usage.inodes_free) for usage in usages)])
        _add(rows, ["%iused", *(f"{usage.inode_capacity} " for usage in usages)])
    points = ["Mounted on", *(usage.point for usage in usages)]
    for row, point in zip(rows, points, strict=True):
        call.say(" ".join(row) + f"  {point}")


def _add(rows: list[list[str]], cells: list[str], least: int = 0, *, left: bool = False) -> None:
    """Put a column behind each row, as wide as its widest cell; without cells align what is there."""
    given = cells or [row.pop() for row in rows]
    width = max(least, *(len(cell) for cell in given))
    for row, cell in zip(rows, given, strict=True):
        row.append(f"{cell:<{width}}" if left else f"{cell:>{width}}")


def _unit(call: Call, options: Options) -> tuple[str, int]:
    for letter, unit in _UNITS.items():
        if letter in options:
            return unit
    return _BLOCKSIZES.get(call.env.get("BLOCKSIZE", "K").upper(), ("1K-blocks", 1024))


def _human(size: int, step: int) -> str:
    value, unit = float(size), 0
    while value >= step - 0.5 and unit < 6:
        value, unit = value / step, unit + 1
    text = f"{value:.1f}" if unit and value < 9.95 else f"{value:.0f}"
    return f"{text}{'BKMGTPE'[unit]}"


COMMANDS: dict[str, Command] = {"df": df}
