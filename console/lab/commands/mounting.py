"""mount(8), umount(8), sync(8), fsync(1) and fstat(1) -f: mounted file systems."""

import posixpath

from console.lab.arguments import read_options
from console.lab.call import Call, Command
from console.lab.errors import reason
from console.lab.mounts import Mount, MountError

_MOUNT_USAGE = "usage: mount [-adflpruvw] [-F fstab] [-o options] [-t ufs | external_type]"


async def mount(call: Call) -> int:
    """Show what is mounted (-p as fstab lines), or mount a device."""
    read = read_options(call, "adF:fLlno:prt:uvw", _MOUNT_USAGE)
    if read is None:
        return 1
    options, rest = read
    if "a" in options:
        return await _mount_all(call)
    if not rest:
        for known in call.node.mounts.mounts:
            if options.get("t", known.kind) == known.kind:
                call.say(_fstab_line(known) if "p" in options else _line(known))
        return 0
    words = [word for word in options.get("o", "").split(",") if word]
    words += ["ro"] if "r" in options else []
    words += ["force"] if "f" in options else []
    if "u" in options:
        return _update(call, rest[-1], words)
    if len(rest) == 1:
        entry = _from_fstab(call, rest[0])
        if entry is None:
            call.complain(f"mount: {rest[0]}: unknown special file or file system")
            return 1
        device, point, more = entry
        return await _mount_one(call, device, point, [*more, *words])
    return await _mount_one(call, rest[0], _absolute(call, rest[1]), words)


async def _mount_one(call: Call, device: str, point: str, words: list[str]) -> int:
    if call.uid != 0:
        call.complain(f"mount: {device}: Operation not permitted")
        return 1
    await call.node.geom.idle()
    try:
        await call.node.mounts.mount(device, point, words)
    except MountError as error:
        call.complain(f"mount: {error}")
        return 1
    await call.node.geom.idle()
    return 0


async def _mount_all(call: Call) -> int:
    status = 0
    for device, point, words in _fstab(call):
        if "noauto" not in words and call.node.mounts.at(point) is None:
            status = await _mount_one(call, device, point, words) or status
    return status


def _update(call: Call, name: str, words: list[str]) -> int:
    known = call.node.mounts.at(name)
    if known is None:
        call.complain(f"mount: {name}: not currently mounted")
        return 1
    known.read_only = "ro" in words or (known.read_only and "rw" not in words)
    if known.ufs is not None:
        known.ufs.read_only = known.read_only
    return 0


def _absolute(call: Call, path: str) -> str:
    return posixpath.normpath(posixpath.join(call.cwd, path))


def _fstab(call: Call) -> list[tuple[str, str, list[str]]]:
    fs = call.node.fs
    if not fs.exists("/etc/fstab"):
        return []
    rows = []
    for line in fs.read_file("/etc/fstab").decode("utf-8", "replace").splitlines():
        words = line.split("#", 1)[0].split()
        if len(words) >= 4 and words[2] == "ufs":
            kept = [word for word in words[3].split(",") if word not in ("rw", "sw")]
            rows.append((words[0], words[1], kept))
    return rows


def _from_fstab(call: Call, name: str) -> tuple[str, str, list[str]] | None:
    return next((row for row in _fstab(call) if name.rstrip("/") in (row[0], row[1])), None)


def _line(known: Mount) -> str:
    return f"{known.device} on {known.point} ({', '.join(known.words)})"


def _fstab_line(known: Mount) -> str:
    words = ["ro" if known.read_only else "rw"]
    words += [word for word in known.options if word not in ("rw", "ro", "force")]
    text = ",".join(words)
    numbers = "0 0" if known.kind != "ufs" else "1 1" if known.point == "/" else "2 2"
    gap = "\t\t" if len(text) < 8 else "\t"
    return f"{_column(known.device)}{_column(known.point)}{known.kind}\t{text}{gap}{numbers}"


def _column(text: str) -> str:
    """A word and the tabs that mount(8) -p puts behind it."""
    if len(text) >= 24:
        return f"{text} "
    return text + "\t" * (1 + (len(text) < 8) + (len(text) < 16))


async def umount(call: Call) -> int:
    """Unmount by mount point or device."""
    read = read_options(call, "AafF:h:nNt:v", "usage: umount [-fNnv] special ... | node ... | fsid ...")
    if read is None:
        return 1
    options, rest = read
    table = call.node.mounts
    if {"a", "A"} & set(options):
        rest = [known.point for known in reversed(table.mounts) if known.ufs is not None]
    elif not rest:
        call.complain("usage: umount [-fNnv] special ... | node ... | fsid ...")
        return 1
    status = 0
    for name in rest:
        status = await _unmount(call, name, force="f" in options) or status
    return status


async def _unmount(call: Call, name: str, *, force: bool) -> int:
    path = _absolute(call, name)
    table = call.node.mounts
    known = table.at(path)
    if known is None:
        if call.node.fs.exists(path):
            call.complain(f"umount: {name}: not a file system root directory")
        else:
            call.complain(
                f"umount: {name}: statfs: No such file or directory\numount: {name}: unknown file system"
            )
        return 1
    inside = call.cwd == known.point or call.cwd.startswith(known.point.rstrip("/") + "/")
    try:
        if call.uid != 0:
            raise MountError(f"unmount of {known.point} failed: Operation not permitted")
        if inside and not force:
            raise MountError(f"unmount of {known.point} failed: Device busy")
        await table.unmount(known, force=force)
    except MountError as error:
        call.complain(f"umount: {error}")
        return 1
    await call.node.geom.idle()
    return 0


async def sync(call: Call) -> int:
    """Start writing everything; returns even when a device does not answer."""
    await call.node.mounts.sync()
    return 0


async def fsync(call: Call) -> int:
    """Wait until files are on the disk."""
    if not call.arguments:
        call.complain("usage: fsync file ...")
        return 64
    status = 0
    for name in call.arguments:
        path = _absolute(call, name)
        if not call.node.fs.exists(path):
            call.complain(f"fsync: open {name}: No such file or directory")
            status = 66
            continue
        try:
            await call.node.mounts.fsync(path)
        except OSError as error:
            call.complain(f"fsync: fsync {name}: {reason(error)}")
            status = 71
    return status


async def fstat(call: Call) -> int:
    """Open files; -f of one file system, where only processes that stay there are known."""
    read = read_options(
        call, "fmnp:su:vM:N:", "usage: fstat [-fmnsv] [-M core] [-N system] [-p pid] [-u user] [file ...]"
    )
    if read is None:
        return 1
    _, rest = read
    call.say("USER     CMD          PID   FD MOUNT      INUM MODE         SZ|DV R/W")
    for name in rest:
        known = call.node.mounts.at(_absolute(call, name))
        for process in call.node.processes:
            if known is not None and known.point != "/" and process.cwd.startswith(known.point):
                call.say(
                    f"{process.user:<8} {process.name:<10.10} {process.pid:>5}   wd {known.point:<10} "
                    "     2 drwxr-xr-x     512  r"
                )
    return 0


COMMANDS: dict[str, Command] = {
    "fstat": fstat,
    "fsync": fsync,
    "mount": mount,
    "sync": sync,
    "umount": umount,
}
