"""What dump(8) is asked for: its options, old style and new, and the file system that a name means (R13)."""

from dataclasses import dataclass
from itertools import pairwise

from console.lab.call import Call
from console.lab.dumping.dates import DUMPDATES, read_ctime
from console.lab.files import entry, resolve
from console.lab.mounts import Mount

LETTERS = "0123456789aB:b:C:cD:d:f:h:LnP:RrSs:T:uWw"
_TAPE = 39400
"""Tape blocks that a tape of 2300 feet takes: what dump reckons with unless told otherwise."""


class Refused(Exception):
    """The dump cannot even begin; the argument says why."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be dumped, how and to where."""

    device: str
    point: str
    """Where fstab or the mount table has it, else ""."""
    mount: Mount | None
    level: int
    to: str
    snapshot: bool
    update: bool
    estimate_only: bool
    nodump_level: int
    dates: str
    since: int | None
    """Date given with -T; None: what dumpdates says."""
    volume: int | None
    """Tape blocks after which the next tape is asked for; None = never."""

    @property
    def to_pipe(self) -> bool:
        """Whether it goes to standard output."""
        return self.to == "-"


def modern(words: list[str], letters: str = LETTERS) -> list[str]:
    """The arguments with `0uaf FILE DEVICE` of old turned into `-0 -u -a -f FILE DEVICE`."""
    if not words or words[0].startswith("-"):
        return words
    valued = {letter for letter, after in pairwise(letters) if after == ":"}
    values = words[1:]
    found: list[str] = []
    for letter in words[0]:
        found.append(f"-{letter}")
        if letter in valued and values:
            found.append(values.pop(0))
    return found + values


def read_request(call: Call, options: dict[str, str], name: str) -> Request:
    """What the arguments ask for; complains about -L as dump does, raises Refused."""
    node = call.node
    listed = _in_fstab(call, name)
    device = listed[0] if listed is not None else resolve(call, name) if "/" in name else f"/dev/{name}"
    mount = next((known for known in node.mounts.mounts if known.device == device), None)
    snapshot = "L" in options
    if mount is None:
        if snapshot:
            say(call, "WARNING: Cannot use -L on an unmounted filesystem.")
        snapshot = False
    elif mount.read_only:
        if snapshot:
            say(call, "WARNING: -L ignored for read-only filesystem.")
        snapshot = False
    elif not snapshot:
        say(call, "WARNING: should use -L when dumping live read-write filesystems!")
    else:
        snap = f"{mount.point.rstrip('/')}/.snap"
        known = entry(node, snap, follow=True)
        if known is None or known.kind != "directory":
            say(call, f"WARNING: -L requested but snapshot location {snap}")
            say(call, "         is not a directory: dump downgraded, -L ignored")
            snapshot = False
    if call.uid != 0 and "operator" not in call.groups:
        raise Refused(f"Cannot open {device}: Permission denied")
    if mount is None and listed is None:
        known = entry(node, resolve(call, name), follow=True)
        if known is None:
            raise Refused(f"Cannot open {name}: No such file or directory")
        if node.geom.find(device) is None:
            raise Refused(f"{name}: unknown file system")
    if "T" in options and "u" in options:
        raise Refused("You cannot use the T and u flags together.")
    since = read_ctime(options["T"]) if "T" in options else None
    if "T" in options and since is None:
        raise Refused(f'bad time "{options["T"]}"')
    level = max((int(letter) for letter in options if letter.isdigit()), default=0)
    to = options.get("f", "/dev/sa0")
    volume = None
    if to != "-" and "a" not in options:
        volume = int(options["B"]) if options.get("B", "").isdigit() else _TAPE
    point = listed[1] if listed is not None else mount.point if mount is not None else ""
    return Request(
        device, point, mount, level, to, snapshot, "u" in options, "S" in options,
        int(options.get("h", "1")), resolve(call, options.get("D", DUMPDATES)), since, volume,
    )  # fmt: skip


def _in_fstab(call: Call, name: str) -> tuple[str, str] | None:
    """(device, mount point) of the UFS line that names a device or a mount point."""
    fs = call.node.fs
    if not fs.exists("/etc/fstab"):
        return None
    wanted = name.rstrip("/") or "/"
    for line in fs.read_file("/etc/fstab").decode("utf-8", "replace").splitlines():
        words = line.split("#", 1)[0].split()
        if len(words) > 2 and words[2] == "ufs" and wanted in (words[0], words[1], words[0][5:]):
            return words[0], words[1]
    return None


def say(call: Call, text: str) -> None:
    """One of dump's messages."""
    call.complain(f"  DUMP: {text}")
