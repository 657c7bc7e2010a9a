"""Making, copying and removing files: mkdir(1), rm(1), cp(1), mv(1), touch(1), truncate(1), chmod(1)."""

import posixpath
from collections.abc import Callable

from console.lab.arguments import read_options, read_size
from console.lab.attributes import attributes_of
from console.lab.call import Call, Command
from console.lab.files import (
    children,
    entry,
    locked,
    reachable,
    read_content,
    remove,
    resolve,
    set_mode,
    set_owner,
    wait_for,
)


def _why_not(call: Call, path: str) -> str:
    """Why nothing can be made or removed at `path`, or ""."""
    above = entry(call.node, posixpath.dirname(path), follow=True)
    if above is None:
        return "No such file or directory"
    if above.kind != "directory":
        return "Not a directory"
    return "" if reachable(call, path) and above.lets(call, 2) else "Permission denied"


async def mkdir(call: Call) -> int:
    """Make directories; -p with those above."""
    read = read_options(call, "m:pv", "usage: mkdir [-pv] [-m mode] directory_name ...")
    if read is None or not read[1]:
        return 64
    options, names = read
    status = 0
    for name in names:
        path = resolve(call, name)
        await wait_for(call, path)
        missing = [path]
        while (
            "p" in options and missing[-1] != "/" and entry(call.node, posixpath.dirname(missing[-1])) is None
        ):
            missing.append(posixpath.dirname(missing[-1]))
        known = entry(call.node, path, follow=True)
        if known is not None and "p" in options and known.kind == "directory":
            continue
        why = "File exists" if known is not None else _why_not(call, missing[-1])
        if why:
            call.complain(
                f"mkdir: {name if why == 'File exists' else posixpath.dirname(name) or name}: {why}"
            )
            status = 1
            continue
        for made in reversed(missing):
            call.node.fs.mkdir(made)
            set_owner(call.node, made, call.user, "wheel" if call.uid == 0 else call.groups[0])
            if "v" in options:
                call.say(made)
        if "m" in options and options["m"].isdigit():
            set_mode(call.node, path, int(options["m"], 8))
    return status


async def rmdir(call: Call) -> int:
    """Remove empty directories."""
    status = 0
    for name in [word for word in call.arguments if not word.startswith("-")]:
        path = resolve(call, name)
        known = entry(call.node, path)
        why = _why_not(call, path)
        if known is None:
            why = "No such file or directory"
        elif known.kind != "directory":
            why = "Not a directory"
        elif call.node.fs.read_dir(path):
            why = "Directory not empty"
        elif call.node.mounts.at(path) is not None:
            why = "Device busy"
        if why:
            call.complain(f"rmdir: {name}: {why}")
            status = 1
        else:
            remove(call.node, path)
    return status


async def rm(call: Call) -> int:
    """Remove files; -r directories too, -f without complaint about missing ones."""
    read = read_options(
        call, "dfiIPRrvWx", "usage: rm [-f | -i] [-dIPRrvWx] file ...\n       unlink [--] file"
    )
    if read is None:
        return 64
    options, names = read
    status = 0
    for name in names:
        path = resolve(call, name)
        await wait_for(call, path)
        known = entry(call.node, path)
        if known is None:
            if "f" not in options:
                call.complain(f"rm: {name}: No such file or directory")
                status = 1
            continue
        recursive = options.keys() & {"r", "R"}
        why = "is a directory" if known.kind == "directory" and not recursive else _why_not(call, path)
        if call.node.mounts.at(path) is not None and known.kind == "directory":
            why = "Device busy"
        elif not why and locked(call.node, path):
            why = "Operation not permitted"
        if why:
            call.complain(f"rm: {name}: {why}")
            status = 1
            continue
        remove(call.node, path)
        if "v" in options:
            call.say(name)
    return status


def _put(call: Call, path: str, content: bytes) -> None:
    call.node.fs.write_file(path, content)
    set_owner(call.node, path, call.user, "wheel" if call.uid == 0 else call.groups[0])


def _copy(call: Call, source: str, target: str, recursive: bool) -> str:
    """Copy one file or tree; returns the reason when it cannot be."""
    known = entry(call.node, source, follow=True)
    if known is None:
        return "No such file or directory"
    if known.kind == "directory":
        if not recursive:
            return "is a directory (not copied)."
        if entry(call.node, target) is None:
            call.node.fs.mkdir(target)
        for item in call.node.fs.read_dir(source):
            why = _copy(
                call, posixpath.join(source, item["name"]), posixpath.join(target, item["name"]), True
            )
            if why:
                return why
        return ""
    why = _why_not(call, target)
    if why:
        return why
    image = call.node.images.at(known.path)
    if image is not None:
        call.node.images.put(target, image.copy())
        return ""
    content = read_content(call, source)
    if isinstance(content, str):
        return content
    _put(call, target, content)
    set_mode(call.node, target, known.mode)
    return ""


async def cp(call: Call) -> int:
    """Copy files; -R directories."""
    usage = "usage: cp [-R [-H | -L | -P]] [-f | -i | -n] [-alpsvx] source_file target_file"
    read = read_options(call, "HLPRafilnprsvx", usage)
    if read is None:
        return 64
    options, names = read
    if len(names) < 2:
        call.complain(usage)
        return 64
    return await _to_target(
        call, names, lambda s, t: _copy(call, s, t, bool(options.keys() & {"R", "r", "a"}))
    )


async def mv(call: Call) -> int:
    """Move or rename files."""
    read = read_options(call, "finhv", "usage: mv [-f | -i | -n] [-hv] source target")
    if read is None or len(read[1]) < 2:
        return 64

    def move(source: str, target: str) -> str:
        if entry(call.node, source) is None:
            return "No such file or directory"
        why = _why_not(call, target) or _why_not(call, source)
        if locked(call.node, source) or locked(call.node, target):
            why = why or "Operation not permitted"
        if not why:
            if entry(call.node, target) is not None:
                call.node.fs.remove(target, recursive=True)
            call.node.fs.rename(source, target)
            given = attributes_of(call.node)
            given.move(source, target)
            given.changes[target] = given.moves[target] = call.node.clock.now()
        return why

    return await _to_target(call, read[1], move)


async def _to_target(call: Call, names: list[str], act: Callable[[str, str], str]) -> int:
    """Run `act` on each source and its goal; it says why not, or ""."""
    target = resolve(call, names[-1])
    await wait_for(call, target)
    into = entry(call.node, target, follow=True)
    status = 0
    for name in names[:-1]:
        source = resolve(call, name)
        inside = into is not None and into.kind == "directory"
        goal = posixpath.join(target, posixpath.basename(source)) if inside else target
        why = act(source, goal)
        if why:
            separator = " " if why.startswith("is a directory") else ": "
            call.complain(f"{call.name}: {name}{separator}{why}")
            status = 1
    return status


async def touch(call: Call) -> int:
    """Make empty files, or give files the present time."""
    read = read_options(
        call,
        "A:achmr:t:d:",
        "usage: touch [-A [-][[hh]mm]SS] [-achm] [-r file] [-t [[CC]YY]MMDDhhmm[.SS]] file ...",
    )
    if read is None:
        return 1
    status = 0
    for name in read[1]:
        path = resolve(call, name)
        await wait_for(call, path)
        why = _why_not(call, path)
        if why:
            call.complain(f"touch: {name}: {why}")
            status = 1
        elif entry(call.node, path) is None:
            if "c" not in read[0]:
                _put(call, path, b"")
        elif call.node.images.at(path) is None:
            call.node.fs.append_file(path, b"")
    return status


async def truncate(call: Call) -> int:
    """Give files a size; a large new one becomes a sparse image."""
    usage = "usage: truncate [-c] -s [+|-|%|/]size[K|k|M|m|G|g|T|t] file ..."
    read = read_options(call, "cr:s:", usage)
    if read is None:
        return 1
    options, names = read
    model = entry(call.node, resolve(call, options["r"]), follow=True) if "r" in options else None
    text = str(model.size) if model is not None else options.get("s", "")
    sign, text = (text[:1], text[1:]) if text[:1] in ("+", "-") else ("", text)
    given = read_size(text)
    if not names or given is None:
        if "s" in options and given is None:
            call.complain(f"truncate: invalid size argument `{options['s']}'")
        else:
            call.complain(usage)
        return 1
    status = 0
    for name in names:
        path = resolve(call, name)
        await wait_for(call, path)
        image = call.node.images.at(path)
        known = entry(call.node, path)
        if known is None and "c" in options:
            continue
        had = 0 if known is None else known.size
        size = given if not sign else had + given if sign == "+" else max(0, had - given)
        why = _why_not(call, path)
        if why:
            call.complain(f"truncate: {name}: {why}")
            status = 1
        elif image is not None:
            image.resize(size)
        elif known is None and size >= 65536:
            call.node.images.create(path, size)
        else:
            old = call.node.fs.read_file(path) if known is not None else b""
            _put(call, path, old[:size].ljust(size, b"\0"))
    return status


async def chmod(call: Call) -> int:
    """Change the mode of files, in octal or as +x, u+w, go-r."""
    words = [word for word in call.arguments if word not in ("-R", "-v", "-f", "-h")]
    if len(words) < 2:
        call.complain("usage: chmod [-fhv] [-R [-H | -L | -P]] mode file ...")
        return 1
    status = 0
    for name in words[1:]:
        path = resolve(call, name)
        known = entry(call.node, path, follow=True)
        if known is None or (call.uid != 0 and known.user != call.user):
            call.complain(
                f"chmod: {name}: {'Operation not permitted' if known else 'No such file or directory'}"
            )
            status = 1
            continue
        mode = _new_mode(words[0], known.mode)
        if mode is None:
            call.complain(f"chmod: invalid file mode: {words[0]}")
            return 1
        for path in _with_below(call, known.path, call.arguments):
            set_mode(call.node, path, mode)
    return status


def _with_below(call: Call, path: str, words: list[str]) -> list[str]:
    """A file and, after -R, everything below it that is no link."""
    found = [path]
    known = entry(call.node, path)
    if "-R" in words and known is not None and known.kind == "directory":
        for child in children(call.node, path):
            found += _with_below(call, child.path, words) if child.kind != "symlink" else []
    return found


def _new_mode(text: str, mode: int) -> int | None:
    if text.isdigit():
        return int(text, 8)
    for clause in text.split(","):
        sign = next((letter for letter in clause if letter in "+-="), "")
        if not sign:
            return None
        who, what = clause.split(sign, 1)
        bits = sum({"r": 4, "w": 2, "x": 1}.get(letter, 0) for letter in set(what))
        mask = 0
        for letter in who or "a":
            mask |= {"u": bits << 6, "g": bits << 3, "o": bits, "a": bits << 6 | bits << 3 | bits}.get(
                letter, 0
            )
        mode = mode | mask if sign != "-" else mode & ~mask
    return mode


async def chown(call: Call) -> int:
    """Change owner and group of files."""
    words = [word for word in call.arguments if not word.startswith("-")]
    user, _, group = words[0].partition(":") if words else ("", "", "")
    if call.name == "chgrp":
        user, group = "", user
    status = 0
    for name in words[1:]:
        path = resolve(call, name)
        known = entry(call.node, path)
        if known is None or call.uid != 0:
            call.complain(
                f"{call.name}: {name}: {'Operation not permitted' if known else 'No such file or directory'}"
            )
            status = 1
        else:
            for one in _with_below(call, path, call.arguments):
                set_owner(call.node, one, user or known.user, group or known.group)
    return status


COMMANDS: dict[str, Command] = {
    "mkdir": mkdir,
    "rmdir": rmdir,
    "rm": rm,
    "cp": cp,
    "mv": mv,
    "touch": touch,
    "truncate": truncate,
    "chmod": chmod,
    "chown": chown,
    "chgrp": chown,
}
