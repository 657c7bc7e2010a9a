"""gpart(8): the words it prints; the work is done in `console.lab.geom.part_verbs`."""

import errno
from collections.abc import Awaitable, Callable

from console.lab.arguments import Options, read_options
from console.lab.call import Call, Command
from console.lab.commands.gpart_show import backup, describe, show, status
from console.lab.errors import reason
from console.lab.files import read_content
from console.lab.geom import part_verbs
from console.lab.geom.fitting import NoRoom, fit, lba
from console.lab.geom.part import TableGeom
from console.lab.geom.tables import Entry, TableError

Verb = Callable[[Call, Options, list[str]], Awaitable[None]]

_CODE_LIMIT, _PARTCODE_LIMIT = 800 << 10, 1 << 20


async def gpart(call: Call) -> int:
    """Show and change partition tables."""
    arguments = call.arguments
    if not arguments:
        call.complain(_usage())
        return 1
    verb = arguments[0]
    known = _VERBS.get(verb)
    if known is None:
        call.complain(f"gpart: Unknown command: {verb}.\n{_usage()}")
        return 1
    letters, work, changes = known
    inner = Call(call.node, [call.name, *arguments[1:]])
    read = read_options(inner, letters, f"usage: gpart {verb} {_WORDS[verb]}")
    if read is None:
        call.err += inner.err
        return 1
    options, rest = read
    try:
        if changes and call.uid != 0:
            raise TableError("Permission denied")
        if verb not in ("show", "status", "list", "restore") and len(rest) != 1:
            raise TableError("Invalid number of arguments.")
        if changes:
            await call.node.geom.idle()
        await work(call, options, rest)
        if changes:
            await call.node.geom.idle()
    except TableError as error:
        call.complain(f"gpart: {error}")
        return 1
    return 0


def _usage() -> str:
    lines = [f"gpart {verb} {_WORDS[verb]}".rstrip() for verb in _VERBS]
    return "\n".join(("usage: " if number == 0 else "       ") + line for number, line in enumerate(lines))


async def _create(call: Call, options: Options, rest: list[str]) -> None:
    if "s" not in options:
        raise TableError("param 'scheme': Invalid argument")
    geom = await part_verbs.create(call.node.geom, rest[0], options["s"], _number(options, "n") or 0)
    call.say(f"{geom.name} created")


async def _add(call: Call, options: Options, rest: list[str]) -> None:
    kernel = call.node.geom
    geom = kernel.part.find(rest[0])
    if geom is None:
        name = rest[0].removeprefix("/dev/")
        if kernel.find(name) is None:
            raise TableError(f"No such geom {name}.")
        raise TableError(
            f"No partitioning scheme found on geom {name}. Create one first using 'gpart create'."
        )
    if "t" not in options:
        raise TableError("param 'type': Invalid argument")
    index = _number(options, "i")
    await _add_one(call, geom, options, index)


async def _add_one(
    call: Call, geom: TableGeom, options: Options, index: int | None, *, quiet: bool = False
) -> None:
    kind = geom.scheme.raw(options["t"])
    try:
        start, size = fit(
            geom.table,
            shift=geom.consumer.below.stripeoffset,
            size=_sectors(options, "s", "size"),
            start=_sectors(options, "b", "start"),
            alignment=_sectors(options, "a", "alignment"),
        )
    except NoRoom as error:
        raise part_verbs.words(errno.ENOSPC, "autofill") from error
    entry = Entry(index or 0, start, size, kind, options.get("l", ""))
    before = {part.index for part in geom.table.parts}
    await part_verbs.edit(call.node.geom, geom.name, part_verbs.add(geom, entry, indexed=index is not None))
    if not quiet:
        added = next(part.index for part in geom.table.parts if part.index not in before)
        call.say(f"{geom.name_of(added)} added")


async def _delete(call: Call, options: Options, rest: list[str]) -> None:
    geom, index = _place(call, options, rest)
    await part_verbs.edit(call.node.geom, geom.name, part_verbs.delete(geom, index))
    call.say(f"{geom.name_of(index)} deleted")


async def _destroy(call: Call, options: Options, rest: list[str]) -> None:
    await part_verbs.destroy(call.node.geom, rest[0], force="F" in options)
    call.say(f"{rest[0].removeprefix('/dev/')} destroyed")


async def _modify(call: Call, options: Options, rest: list[str]) -> None:
    geom, index = _place(call, options, rest)
    kind = geom.scheme.raw(options["t"]) if "t" in options else None
    change = part_verbs.modify(geom, index, kind=kind, label=options.get("l"))
    await part_verbs.edit(call.node.geom, geom.name, change)
    call.say(f"{geom.name_of(index)} modified")


async def _resize(call: Call, options: Options, rest: list[str]) -> None:
    geom, index = _place(call, options, rest)
    part = geom.table.at(index)
    if part is None:
        raise TableError("invalid partition index")
    size = _sectors(options, "s", "size")
    if size is None:
        behind = [other.start for other in geom.table.parts if other.start > part.end]
        size = min(behind, default=geom.table.last + 1) - part.start
    await part_verbs.edit(call.node.geom, geom.name, part_verbs.resize(index, size))
    call.say(f"{geom.name_of(index)} resized")


async def _set(call: Call, options: Options, rest: list[str]) -> None:
    await _mark(call, options, rest, on=True)


async def _unset(call: Call, options: Options, rest: list[str]) -> None:
    await _mark(call, options, rest, on=False)


async def _mark(call: Call, options: Options, rest: list[str], *, on: bool) -> None:
    if "a" not in options:
        raise TableError("param 'attrib': Invalid argument")
    geom = part_verbs.table_named(call.node.geom, rest[0])
    index = _number(options, "i")
    await part_verbs.edit(call.node.geom, geom.name, part_verbs.mark(geom, options["a"], index, on=on))
    name = geom.name if index is None else geom.name_of(index)
    call.say(f"{options['a']} {'set' if on else 'unset'} on {name}")


async def _bootcode(call: Call, options: Options, rest: list[str]) -> None:
    if not {"b", "p"} & set(options):
        raise TableError("neither -b nor -p specified")
    if "p" not in options and "i" in options:
        raise TableError("-i is only valid with -p")
    code = _program(call, options["b"], _CODE_LIMIT) if "b" in options else None
    if "p" in options:
        index = _number(options, "i")
        if index is None:
            raise TableError("missing -i option")
        await _partcode(call, rest[0], index, _program(call, options["p"], _PARTCODE_LIMIT))
    if code is not None:
        geom = part_verbs.table_named(call.node.geom, rest[0])
        await part_verbs.edit(call.node.geom, geom.name, part_verbs.boot_code(geom, code))
        call.say(f"bootcode written to {geom.name}")


async def _partcode(call: Call, name: str, index: int, code: bytes) -> None:
    geom = call.node.geom.part.find(name)
    if geom is None:
        raise TableError(f"No such geom: {name}.")
    partition = geom.partition(index)
    if partition is None:
        raise TableError("invalid partition index")
    if partition.mediasize < len(code):
        raise TableError(f"/dev/{partition.name}: not enough space")
    try:
        with call.node.geom.dev.opened(partition, write=True):
            await partition.write(0, code.ljust(-(-len(code) // 512) * 512, b"\0"))
    except OSError as error:
        raise TableError(f"/dev/{partition.name}: {reason(error)}") from error
    call.say(f"partcode written to {partition.name}")


async def _recover(call: Call, options: Options, rest: list[str]) -> None:
    done = await part_verbs.recover(call.node.geom, rest[0])
    name = rest[0].removeprefix("/dev/")
    call.say(f"{name} recovered" if done else f"{name} recovering is not needed")


async def _restore(call: Call, options: Options, rest: list[str]) -> None:
    """Make tables from the text that `backup` prints."""
    kernel = call.node.geom
    if not rest:
        raise TableError("Invalid number of arguments.")
    lines = [
        line.split()
        for line in (await call.stdin.read()).decode("utf-8", "replace").splitlines()
        if line.split("#", 1)[0].strip()
    ]
    if not lines or len(lines[0]) not in (1, 2) or any(len(line) < 4 for line in lines[1:]):
        raise TableError("Incorrect backup format.")
    for name in rest:
        if "F" in options and kernel.part.find(name) is not None:
            await part_verbs.destroy(kernel, name, force=True)
        slots = int(lines[0][1]) if len(lines[0]) == 2 and lines[0][1].isdigit() else 0
        geom = await part_verbs.create(kernel, name, lines[0][0], slots)
        for line in lines[1:]:
            label = line[4] if len(line) > 4 and "l" in options and not line[4].startswith("[") else ""
            given = {"t": line[1], "b": line[2], "s": line[3]} | ({"l": label} if label else {})
            await _add_one(call, geom, given, int(line[0]), quiet=True)
            for word in line[-1].strip("[]").split(",") if line[-1].startswith("[") else ():
                await part_verbs.edit(kernel, name, part_verbs.mark(geom, word, int(line[0]), on=True))


def _place(call: Call, options: Options, rest: list[str]) -> tuple[TableGeom, int]:
    geom = part_verbs.table_named(call.node.geom, rest[0])
    index = _number(options, "i")
    if index is None:
        raise TableError("param 'index': Invalid argument")
    return geom, index


def _number(options: Options, letter: str) -> int | None:
    if letter not in options:
        return None
    if not options[letter].isdigit():
        raise TableError(f"Invalid value for '{letter}' argument")
    return int(options[letter])


def _sectors(options: Options, letter: str, what: str) -> int | None:
    if options.get(letter, "*") == "*":
        return None
    value = lba(options[letter])
    if value is None or (value == 0 and letter == "a"):
        raise TableError(f"Invalid {what} param: Invalid argument")
    return value


def _program(call: Call, path: str, limit: int) -> bytes:
    content = read_content(call, path)
    if isinstance(content, str):
        raise TableError(f"{path}: {content}")
    if not content:
        raise TableError(f"{path}: empty file")
    if len(content) > limit:
        raise TableError(f"{path}: file too big ({limit} limit)")
    return content


_WORDS = {
    "add": "-t type [-a alignment] [-b start] [-s size] [-i index] [-l label] [-f flags] geom",
    "backup": "geom",
    "bootcode": "[-N] [-b bootcode] [-p partcode -i index] [-f flags] geom",
    "create": "-s scheme [-n entries] [-f flags] provider",
    "delete": "-i index [-f flags] geom",
    "destroy": "[-F] [-f flags] geom",
    "modify": "-i index [-l label] [-t type] [-f flags] geom",
    "set": "-a attrib [-i index] [-f flags] geom",
    "show": "[-l | -r] [-p] [geom ...]",
    "unset": "-a attrib [-i index] [-f flags] geom",
    "resize": "-i index [-a alignment] [-s size] [-f flags] geom",
    "restore": "[-lF] [-f flags] provider [...]",
    "recover": "[-f flags] geom",
    "list": "[-a] [name ...]",
    "status": "[-ags] [name ...]",
}

_VERBS: dict[str, tuple[str, Verb, bool]] = {
    "add": ("a:b:s:t:i:l:f:", _add, True),
    "backup": ("", backup, False),
    "bootcode": ("b:p:i:f:N", _bootcode, True),
    "create": ("s:n:f:", _create, True),
    "delete": ("i:f:", _delete, True),
    "destroy": ("Ff:", _destroy, True),
    "modify": ("i:l:t:f:", _modify, True),
    "set": ("a:i:f:", _set, True),
    "show": ("lrp", show, False),
    "unset": ("a:i:f:", _unset, True),
    "resize": ("a:s:i:f:", _resize, True),
    "restore": ("lFf:", _restore, True),
    "recover": ("f:", _recover, True),
    "list": ("a", describe, False),
    "status": ("ags", status, False),
}

COMMANDS: dict[str, Command] = {"gpart": gpart}
