"""mdconfig(8): memory disks."""

import posixpath

from console.lab.arguments import Options, read_options, read_size
from console.lab.call import Call, Command
from console.lab.errors import reason
from console.lab.geom.md import Backing, MemoryDisk
from console.lab.images import Image
from console.lab.sizes import rounded

_USAGE = """usage: mdconfig -a -t type [-n] [-o [no]option] ... [-f file]
                [-s size] [-S sectorsize] [-u unit] [-L label]
                [-x sectors/track] [-y heads/cylinder]
       mdconfig -d -u unit [-o [no]force]
       mdconfig -r -u unit -s size [-o [no]force]
       mdconfig -l [-v] [-n] [-f file] [-u unit]
       mdconfig file
\t\ttype = {malloc, vnode, swap}
\t\toption = {cache, cluster, compress, force,
\t\t          mustdealloc, readonly, reserve, ro,
\t\t          verify}
\t\tsize = %d (512 byte blocks), %db (B),
\t\t       %dk (kB), %dm (MB), %dg (GB),
\t\t       %dt (TB), or %dp (PB)"""


async def mdconfig(call: Call) -> int:
    """Attach (-a), detach (-d), resize (-r) or list (-l) memory disks."""
    read = read_options(call, "ab:df:lno:rs:S:t:u:vx:y:L:", _USAGE)
    if read is None:
        return 1
    options, rest = read
    if call.uid != 0:
        call.complain("mdconfig: open(/dev/mdctl): Permission denied")
        return 1
    if not options and len(rest) == 1:
        options = {"a": "", "t": "vnode", "f": rest[0]}
    unit = _unit(call, options)
    if unit is not None and unit < 0:
        return 1
    await call.node.geom.idle()
    if "l" in options:
        return _list(call, options, unit)
    if "d" in options:
        return await _detach(call, options, unit)
    if "r" in options:
        return await _resize(call, options, unit)
    if "a" in options or "t" in options:
        return await _attach(call, options, unit)
    call.complain(_USAGE)
    return 1


def _unit(call: Call, options: Options) -> int | None:
    """The unit asked for; -1 after a complaint about nonsense."""
    if "u" not in options:
        return None
    text = options["u"].removeprefix("/dev/").removeprefix("md")
    if not text.isdigit():
        call.complain(f"mdconfig: bad unit: {options['u']}")
        return -1
    return int(text)


def _refuse(call: Call, error: OSError) -> int:
    call.complain(f"mdconfig: ioctl(/dev/mdctl): {reason(error)}")
    return 1


def _list(call: Call, options: Options, unit: int | None) -> int:
    units = call.node.geom.md.units
    path = posixpath.normpath(posixpath.join(call.cwd, options["f"])) if "f" in options else None
    chosen = [
        disk
        for disk in units.values()
        if unit in (None, disk.unit) and (path is None or disk.backing.file == path)
    ]
    detailed = "v" in options or unit is not None
    if detailed:
        for disk in chosen:
            call.say(_row(disk, bare="n" in options))
    elif chosen:
        names = (str(disk.unit) if "n" in options else disk.name for disk in chosen)
        call.say("".join(f"{name} " for name in names))
    if not chosen and (unit is not None or path is not None):
        return 255
    return 0


def _row(disk: MemoryDisk, *, bare: bool) -> str:
    name = str(disk.unit) if bare else disk.name
    backing = disk.backing
    return f"{name}\t{backing.kind}\t{rounded(disk.mediasize):>6}\t{backing.file or '-'}\t{backing.label}"


async def _detach(call: Call, options: Options, unit: int | None) -> int:
    if unit is None:
        call.complain("mdconfig: -d requires -u")
        return 1
    try:
        call.node.geom.md.detach(unit, force="force" in options.get("o", ""))
    except OSError as error:
        return _refuse(call, error)
    await call.node.geom.idle()
    return 0


async def _resize(call: Call, options: Options, unit: int | None) -> int:
    size = _size(options.get("s", ""))
    if unit is None or size is None:
        call.complain(_USAGE)
        return 1
    try:
        call.node.geom.md.resize(unit, size)
    except OSError as error:
        return _refuse(call, error)
    await call.node.geom.idle()
    return 0


async def _attach(call: Call, options: Options, unit: int | None) -> int:
    kind = options.get("t", "vnode" if "f" in options else "")
    size = _size(options["s"]) if "s" in options else None
    backing: Backing | None
    if kind == "vnode":
        if "f" not in options:
            call.complain("mdconfig: -f is required with -t vnode")
            return 1
        backing = _file(call, options)
        size = size or (backing.image.size if backing is not None else 0)
    elif kind in ("malloc", "swap"):
        if size is None:
            call.complain(f"mdconfig: -s is required with -t {kind}")
            return 1
        backing = Backing(kind, Image(size), label=options.get("L", ""))
    else:
        call.complain(f"mdconfig: unknown type: {kind}" if kind else _USAGE)
        return 1
    if backing is None:
        return 1
    try:
        disk = call.node.geom.md.attach(backing, (size or 0) // 512 * 512, unit)
    except OSError as error:
        return _refuse(call, error)
    await call.node.geom.idle()
    if unit is None:
        call.say(str(disk.unit) if "n" in options else disk.name)
    return 0


def _file(call: Call, options: Options) -> Backing | None:
    path = posixpath.normpath(posixpath.join(call.cwd, options["f"]))
    fs = call.node.fs
    if not fs.exists(path):
        call.complain("mdconfig: realpath: No such file or directory")
        return None
    if fs.stat(path)["file_type"] == "directory":
        call.complain(f"mdconfig: {options['f']} is not a regular file")
        return None
    image = call.node.images.at(path)
    if image is None:
        content = fs.read_file(path)
        image = Image(len(content))
        image.write(0, content)
        call.node.images.put(path, image)
    words = options.get("o", "").split(",")
    return Backing("vnode", image, path, "readonly" in words or "ro" in words, options.get("L", ""))


def _size(text: str) -> int | None:
    """Bytes; a bare number counts sectors, as in mdconfig(8)."""
    size = read_size(text)
    return size * 512 if size is not None and text.isdigit() else size


COMMANDS: dict[str, Command] = {"mdconfig": mdconfig}
