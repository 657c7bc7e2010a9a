"""What else a file is: flags by chflags(1), more names by ln(1), fifos by mkfifo(1), devices by mknod(8)."""

import posixpath

from console.lab.arguments import read_options
from console.lab.attributes import attributes_of, flags_after
from console.lab.call import Call, Command
from console.lab.files import children, entry, resolve, set_modified, set_owner, wait_for


async def chflags(call: Call) -> int:
    """Set or clear flags: `chflags [-R] schg,nonodump FILE …`."""
    usage = "usage: chflags [-fhvx] [-R [-H | -L | -P]] flags file ..."
    words = [word for word in call.arguments if not word.startswith("-")]
    deep = any(word.startswith("-") and "R" in word for word in call.arguments)
    if len(words) < 2:
        call.complain(usage)
        return 1
    if flags_after(words[0], 0) is None:
        call.complain(f"chflags: invalid flags: {words[0]}")
        return 1
    status = 0
    for name in words[1:]:
        path = resolve(call, name)
        await wait_for(call, path)
        known = entry(call.node, path)
        if known is None or (call.uid != 0 and known.user != call.user):
            why = "Operation not permitted" if known else "No such file or directory"
            call.complain(f"chflags: {name}: {why}")
            status = 1
        else:
            _set(call, path, words[0], deep=deep)
    return status


def _set(call: Call, path: str, words: str, *, deep: bool) -> None:
    given = attributes_of(call.node)
    flags = flags_after(words, given.flags.get(path, 0))
    given.set_flags(path, flags or 0)
    given.changes[path] = call.node.clock.now()
    known = entry(call.node, path)
    if deep and known is not None and known.kind == "directory":
        for child in children(call.node, path):
            _set(call, child.path, words, deep=True)


async def ln(call: Call) -> int:
    """Give a file another name; -s by a symbolic link, -f in place of what is there."""
    usage = "usage: ln [-s [-F] | -L | -P] [-f | -i] [-hnv] source_file [target_file]"
    read = read_options(call, "FLPfhinsvw", usage)
    if read is None or not read[1]:
        if read is not None:
            call.complain(usage)
        return 1
    options, names = read
    sources, target = (names[:-1], resolve(call, names[-1])) if len(names) > 1 else (names, call.cwd)
    await wait_for(call, target)
    into = entry(call.node, target, follow="h" not in options and "n" not in options)
    status = 0
    for source in sources:
        inside = into is not None and into.kind == "directory"
        goal = posixpath.join(target, posixpath.basename(source)) if inside else target
        why = _link(call, source, goal, options)
        if why:
            call.complain(f"ln: {why}")
            status = 1
    return status


def _link(call: Call, source: str, goal: str, options: dict[str, str]) -> str:
    node, old = call.node, resolve(call, source)
    known = entry(node, old)
    if "s" not in options:
        if known is None:
            return f"{source}: No such file or directory"
        if known.kind == "directory":
            return f"{source}: Is a directory"
        if node.mounts.containing(old) is not node.mounts.containing(goal):
            return f"{goal}: Cross-device link"
    above = entry(node, posixpath.dirname(goal), follow=True)
    if above is None or above.kind != "directory":
        return f"{goal}: No such file or directory"
    if not above.lets(call, 2):
        return f"{goal}: Permission denied"
    if entry(node, goal) is not None:
        if "f" not in options:
            return f"{goal}: File exists"
        node.fs.remove(goal)
        attributes_of(node).forget(goal)
    if "s" in options:
        node.fs.symlink(source, goal)
        return ""
    link(call, old, goal)
    return ""


def link(call: Call, old: str, new: str) -> None:
    """Make `new` another name of the file `old`."""
    fs, given = call.node.fs, attributes_of(call.node)
    if fs.stat(old)["file_type"] == "symlink":
        fs.symlink(fs.read_link(old), new)
    else:
        fs.write_file(new, fs.read_file(old))
        fs.chmod(new, fs.stat(old)["mode"] & 0o7777)
    known = entry(call.node, old)
    given.forget(new)
    given.copy(old, new)
    given.link(old, new)
    if known is not None:
        set_modified(call.node, new, known.modified)


async def mkfifo(call: Call) -> int:
    """Make fifos; what shells of the lab write into one does not come out."""
    read = read_options(call, "m:", "usage: mkfifo [-m mode] fifo_name ...")
    if read is None:
        return 1
    status = 0
    for name in read[1]:
        path = resolve(call, name)
        if entry(call.node, path) is not None:
            call.complain(f"mkfifo: {name}: File exists")
            status = 1
            continue
        _special(call, path, "fifo", 0, int(read[0].get("m", "644"), 8))
    return status


async def mknod(call: Call) -> int:
    """Make a device node: `mknod NAME c MAJOR MINOR`."""
    words = call.arguments
    if len(words) != 4 or words[1] not in ("b", "c") or not (words[2] + words[3]).isdigit():
        call.complain("usage: mknod name\n       mknod name [b | c] major minor [owner:group]")
        return 1
    path = resolve(call, words[0])
    if entry(call.node, path) is not None:
        call.complain(f"mknod: {words[0]}: File exists")
        return 1
    _special(call, path, "device", int(words[2]) << 8 | int(words[3]), 0o600)
    return 0


def _special(call: Call, path: str, kind: str, number: int, mode: int) -> None:
    call.node.fs.write_file(path, b"")
    call.node.fs.chmod(path, mode)
    attributes_of(call.node).kinds[path] = (kind, number)
    set_owner(call.node, path, call.user, "wheel" if call.uid == 0 else call.groups[0])


COMMANDS: dict[str, Command] = {"chflags": chflags, "ln": ln, "mkfifo": mkfifo, "mknod": mknod}
