"""Looking at files: ls(1), stat(1), du(1)."""

import stat as modes
from collections.abc import Callable
from datetime import UTC, datetime

from console.lab.arguments import read_options
from console.lab.attributes import flag_words, hard_links
from console.lab.call import Call, Command
from console.lab.commands.gpart_show import human
from console.lab.files import (
    Entry,
    device_number,
    entry,
    inode_number,
    listed,
    reachable,
    resolve,
    wait_for,
)
from console.lab.users import groups_of, user_named

_HALF_YEAR = 365 / 2 * 86400


def moment_of(call: Call, moment: float) -> str:
    """A time as ls(1) shows it."""
    when = datetime.fromtimestamp(moment, UTC)
    age = call.node.clock.now() - moment
    tail = f"{when:%H:%M}" if -_HALF_YEAR < age < _HALF_YEAR else f" {when:%Y}"
    return f"{when:%b} {when.day:2d} {tail}"


async def ls(call: Call) -> int:
    """List directories and files."""
    read = read_options(
        call,
        "1ABCD:FGHILPRSTUWZabcdfghiklmnopqrstuwxy,",
        "usage: ls [-ABCFGHILPRSTUWZabcdfghiklmnopqrstuwxy1,] [--color=when] [-D format] [file ...]",
    )
    if read is None:
        return 1
    options, names = read
    status = 0
    files: list[tuple[str, Entry]] = []
    directories: list[tuple[str, Entry]] = []
    for name in sorted(names) or ["."]:
        path = resolve(call, name)
        await wait_for(call, path)
        known = entry(call.node, path, follow="l" not in options) or entry(call.node, path)
        if known is None or not reachable(call, path):
            why = "No such file or directory" if known is None else "Permission denied"
            call.complain(f"ls: {name}: {why}")
            status = 1
        elif known.kind == "directory" and "d" not in options:
            directories.append((name, known))
        else:
            files.append((name, known))
    _list(call, files, options, total=False)
    for index, (name, known) in enumerate(directories):
        if index or files:
            call.say("")
        if index or len(directories) + len(files) > 1 or status:
            call.say(f"{name}:")
        if not known.lets(call, 4):
            call.complain(f"ls: {name}: Permission denied")
            status = 1
            continue
        _list(call, _members(call, known, options), options, total=True)
        if "R" in options:
            for child in listed(call.node, known.path):
                if child.kind == "directory" and (
                    not child.name.startswith(".") or options.keys() & {"a", "A"}
                ):
                    directories.append((f"{name.rstrip('/')}/{child.name}", child))
    return status


def _members(call: Call, directory: Entry, options: dict[str, str]) -> list[tuple[str, Entry]]:
    found = [(known.name, known) for known in listed(call.node, directory.path)]
    hidden = options.keys() & {"a", "A", "f"} or (call.uid == 0 and "I" not in options)
    if not hidden:
        found = [(name, known) for name, known in found if not name.startswith(".")]
    if "a" in options or "f" in options:
        above = entry(call.node, resolve(call, directory.path + "/.."))
        found = [(".", directory), ("..", above or directory), *found]
    return found


def _list(call: Call, found: list[tuple[str, Entry]], options: dict[str, str], total: bool) -> None:
    if "t" in options:
        found = sorted(found, key=lambda pair: -pair[1].modified)
    if "S" in options:
        found = sorted(found, key=lambda pair: -pair[1].size)
    if "r" in options:
        found = found[::-1]
    long = options.keys() & {"l", "n", "g", "o"}
    if total and (long or "s" in options):
        blocks = sum(known.blocks for _, known in found) // 1024
        call.say(f"total {human(blocks * 1024) if 'h' in options else blocks}")
    if not found:
        return
    blocks_width = max(len(str(known.blocks // 1024)) for _, known in found)
    numbers = {known.path: inode_number(call.node, known.path) if "i" in options else 0 for _, known in found}
    number_width = len(str(max(numbers.values())))

    def front(known: Entry) -> str:
        number = f"{numbers[known.path]:>{number_width}} " if "i" in options else ""
        return number + (f"{known.blocks // 1024:>{blocks_width}} " if "s" in options else "")

    if not long:
        for name, known in found:
            call.say(front(known) + name)
        return
    sizes = [_size(known, options) for _, known in found]
    links = max(len(str(known.links)) for _, known in found)
    users = max(len(_user(call, known, options)) for _, known in found)
    groups = max(len(_group(call, known, options)) for _, known in found)
    width = max(len(size) for size in sizes)
    flags = max(len(flag_words(known.flags)) for _, known in found)
    for (name, known), size in zip(found, sizes, strict=True):
        target = f" -> {call.node.fs.read_link(known.path)}" if known.kind == "symlink" else ""
        owner = f"{_user(call, known, options):{users}}  {_group(call, known, options):{groups}}"
        owner += f"  {flag_words(known.flags):{flags}}" if "o" in options else ""
        mode = modes.filemode(known.full_mode)
        call.say(
            f"{front(known)}{mode}  {known.links:>{links}} {owner}  {size:>{width}} "
            f"{moment_of(call, known.modified)} {name}{target}"
        )


def _size(known: Entry, options: dict[str, str]) -> str:
    if known.kind == "device":
        return f"{known.device:#x}"
    return human(known.size) if "h" in options else str(known.size)


def _user(call: Call, known: Entry, options: dict[str, str]) -> str:
    user = user_named(call.node, known.user) if "n" in options else None
    return str(user.uid) if user else known.user


def _group(call: Call, known: Entry, options: dict[str, str]) -> str:
    group = next((g for g in groups_of(call.node) if g.name == known.group), None) if "n" in options else None
    return str(group.gid) if group else known.group


def _ctime(moment: float) -> str:
    when = datetime.fromtimestamp(moment, UTC)
    return f"{when:%a %b} {when.day:2d} {when:%H:%M:%S %Y}"


_KINDS = {
    "file": "Regular File", "directory": "Directory", "symlink": "Symbolic Link",
    "device": "Character Device", "socket": "Socket", "fifo": "Fifo File",
}  # fmt: skip


async def stat(call: Call) -> int:
    """Print what is known of files: -f format, -x in words, or one line."""
    read = read_options(
        call,
        "FHLf:lnqrst:x",
        "usage: stat [-FLnq] [-f format | -l | -r | -s | -x] [-t timefmt] [file|handle ...]",
    )
    if read is None:
        return 1
    options, names = read
    status = 0
    form = formatter(options.get("f", ""), options.get("t"))
    for name in names:
        path = resolve(call, name)
        await wait_for(call, path)
        known = entry(call.node, path, follow="L" in options)
        if known is None or not reachable(call, path):
            if "q" not in options:
                why = "No such file or directory" if known is None else "Permission denied"
                call.complain(f"stat: {name}: stat: {why}")
            status = 1
        elif "f" in options:
            call.say(form(call, known, name), end="" if "n" in options else "\n")
        elif "x" in options:
            _in_words(call, known, name)
        else:
            times = " ".join([f'"{datetime.fromtimestamp(known.modified, UTC):%b %d %H:%M:%S %Y}"'] * 4)
            numbers = f"{device_number(call.node, known.path)} {inode_number(call.node, known.path)}"
            call.say(
                f"{numbers} {modes.filemode(known.full_mode)} {known.links} {known.user}"
                f" {known.group} {known.device} {known.size} {times} 32768 {known.blocks // 512} 0 {name}"
            )
    return status


Formatter = Callable[[Call, Entry, str], str]
"""What one piece of a -f pattern says of a file that was named so."""


def _uid(call: Call, known: Entry, name: str) -> str:
    user = user_named(call.node, known.user)
    return str(user.uid if user else 0)


def _gid(call: Call, known: Entry, name: str) -> str:
    return next((str(group.gid) for group in groups_of(call.node) if group.name == known.group), "0")


_PIECES: dict[str, Formatter] = {
    "z": lambda call, known, name: str(known.size),
    "m": lambda call, known, name: str(int(known.modified)),
    "a": lambda call, known, name: str(int(known.modified)),
    "c": lambda call, known, name: str(int(known.modified)),
    "B": lambda call, known, name: str(int(known.modified)),
    "N": lambda call, known, name: name,
    "n": lambda call, known, name: "\n",
    "t": lambda call, known, name: "\t",
    "%": lambda call, known, name: "%",
    "k": lambda call, known, name: "32768",
    "p": lambda call, known, name: f"{known.full_mode:o}",
    "l": lambda call, known, name: str(known.links),
    "b": lambda call, known, name: str(known.blocks // 512),
    "i": lambda call, known, name: str(inode_number(call.node, known.path)),
    "d": lambda call, known, name: str(device_number(call.node, known.path)),
    "f": lambda call, known, name: str(known.flags),
    "u": _uid,
    "g": _gid,
    "Sf": lambda call, known, name: flag_words(known.flags),
    "Sp": lambda call, known, name: modes.filemode(known.full_mode),
    "Su": lambda call, known, name: known.user,
    "Sg": lambda call, known, name: known.group,
    "Lp": lambda call, known, name: f"{known.mode:03o}",
    "OLp": lambda call, known, name: f"{known.mode & 0o777:o}",
    "HT": lambda call, known, name: _KINDS[known.kind],
    "Fm": lambda call, known, name: f"{known.modified:.9f}",
}


def formatter(pattern: str, moment: str | None = None) -> Formatter:
    """What stat(1) prints by `-f PATTERN`; `moment` is the pattern of -t."""

    def when(call: Call, known: Entry, name: str) -> str:
        return _moment(known.modified, moment) if moment else _ctime(known.modified)

    pieces: list[Formatter] = []
    plain, at = "", 0
    known = {**_PIECES, "Sm": when}

    def literally(text: str) -> Formatter:
        return lambda call, known, name: text

    while at < len(pattern):
        key = ""
        if pattern[at] == "%":
            key = next((k for n in (3, 2, 1) if (k := pattern[at + 1 : at + 1 + n]) in known), "")
        if not key:
            plain += pattern[at] if pattern[at] != "%" or at + 1 == len(pattern) else ""
            at += 1
            continue
        pieces += [literally(plain), known[key]] if plain else [known[key]]
        plain, at = "", at + 1 + len(key)
    if plain:
        pieces.append(literally(plain))
    return lambda call, known, name: "".join([piece(call, known, name) for piece in pieces])


def _moment(at: float, pattern: str) -> str:
    return datetime.fromtimestamp(at, UTC).strftime(pattern)


def _in_words(call: Call, known: Entry, name: str) -> None:
    user = user_named(call.node, known.user)
    gid = next((group.gid for group in groups_of(call.node) if group.name == known.group), 0)
    call.say(f'  File: "{name}"')
    call.say(f"  Size: {known.size:<12} FileType: {_KINDS[known.kind]}")
    mode = f"({known.mode:04o}/{modes.filemode(known.full_mode)})"
    owner = f"Uid: ({user.uid if user else 0:5d}/{known.user:>8})  Gid: ({gid:5d}/{known.group:>8})"
    call.say(f"  Mode: {mode}         {owner}")
    device = device_number(call.node, known.path)
    call.say(f"Device: 0,{device}   Inode: {inode_number(call.node, known.path)}    Links: {known.links}")
    for label in ("Access", "Modify", "Change", " Birth"):
        call.say(f"{label}: {_ctime(known.modified)}")


async def du(call: Call) -> int:
    """Print the disk space that files and directories take, in KiB."""
    read = read_options(
        call,
        "AHLPacd:ghklmnrst:xB:I:",
        "usage: du [-Aclnx] [-H | -L | -P] [-g | -h | -k | -m] [-a | -s | -d depth] [-B blocksize] "
        "[-I mask] [-t threshold] [file ...]",
    )
    if read is None:
        return 1
    options, names = read
    status = 0

    counted: set[str] = set()
    points = {mount.point for mount in call.node.mounts.mounts} if "x" in options else set()

    def walk(known: Entry, depth: int) -> int:
        used = known.size if "A" in options else known.blocks
        if known.links > 1 and known.kind != "directory":
            if hard_links(call.node, known.path)[0] in counted:
                return 0
            counted.add(hard_links(call.node, known.path)[0])
        if known.kind == "directory":
            for child in listed(call.node, known.path):
                used += walk(child, depth + 1) if child.path not in points else 0
        told = depth == 0 or (known.kind == "directory" and "s" not in options) or "a" in options
        if told and depth <= int(options.get("d", "999")):
            unit = 1024**2 if "m" in options else 1024
            shown = human(used) if "h" in options else str(-(-used // unit))
            call.say(f"{shown}\t{known.path if depth else name}")
        return used

    for name in names or ["."]:
        found = entry(call.node, resolve(call, name))
        if found is None:
            call.complain(f"du: {name}: No such file or directory")
            status = 1
        else:
            walk(found, 0)
    return status


COMMANDS: dict[str, Command] = {"ls": ls, "stat": stat, "du": du}
