"""What the storage commands' error texts mean for a mirrored pair."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    """The plain sense of a message; `otherwise` when a subcommand that the text does not name printed it."""

    text: str
    otherwise: str | None = None
    fatal: bool | None = True


_MEANINGS: tuple[tuple[str, str, Meaning], ...] = (
    (
        "mdconfig",
        r"Device busy",
        Meaning(
            "unit number already in use", "when detaching: the unit is open (mounted, or part of a mirror)"
        ),
    ),
    ("mdconfig", r"No such file or directory", Meaning("no such image file, or no such unit")),
    ("mdconfig", r"Permission denied", Meaning("needs root")),
    ("mdconfig", r"Invalid argument", Meaning("the image's size or an option does not fit")),
    ("ggatec", r"File exists", Meaning("a ggate device with this unit number exists already")),
    ("ggatec", r"Device busy", Meaning("the ggate device is in use (mounted, or part of a mirror)")),
    ("ggatec", r"Device not configured", Meaning("no ggate device with this unit number")),
    ("ggatec", r"(Connection refused|Cannot connect.*)", Meaning("no ggated answers at the other node")),
    (
        "ggatec",
        r"(Operation|Connection) timed out|No route to host|Host is down",
        Meaning("the other node cannot be reached"),
    ),
    ("ggatec", r"geom_gate module not available!", Meaning("kernel module geom_gate is not loaded")),
    ("ggatec", r"illegal option -- d", Meaning("ggatec create has no option -d", None)),
    ("ggatec", r"No such file or directory", Meaning("kernel module geom_gate is not loaded")),
    ("ggated", r"Daemon already running, pid: [0-9]+", Meaning("ggated is running already", fatal=True)),
    ("ggated", r"There are no objects to export", Meaning("/etc/gg.exports has no usable line")),
    ("ggated", r"Cannot open.*", Meaning("the exported image cannot be opened")),
    ("gmirror", r"No such device", Meaning("there is no mirror of this name")),
    ("gmirror", r"No such geom", Meaning("there is no mirror of this name")),
    ("gmirror", r"Class '?MIRROR'? does not have an instance.*", Meaning("there is no mirror of this name")),
    ("gmirror", r"No such provider", Meaning("the mirror has no such component")),
    ("gmirror", r"Provider not found", Meaning("there is no such device")),
    (
        "gmirror",
        r"Not all disks connected.*",
        Meaning("a component is missing: bring it back or forget it first"),
    ),
    ("gmirror", r"Provider \S+ already inserted", Meaning("it is a component already")),
    ("gmirror", r"Provider \S+ too small", Meaning("the device is smaller than the mirror")),
    (
        "gmirror",
        r"(Provider \S+ is the last active provider .*|\S+: Can't .* the last ACTIVE component .*)",
        Meaning("it holds the only current copy of the data"),
    ),
    (
        "gmirror",
        r"Cannot destroy device \S+ \(error=16\)",
        Meaning("the mirror is in use, most likely mounted"),
    ),
    ("gmirror", r"Device \S+ is busy", Meaning("the mirror is in use, most likely mounted")),
    (
        "gmirror",
        r"Command '\S+' not available; try 'load' first",
        Meaning("kernel module geom_mirror is not loaded"),
    ),
    (
        "gmirror",
        r"(?:Can't|Cannot) (?:store|write|clear) metadata .*Operation not permitted",
        Meaning("the device is in use"),
    ),
    ("gmirror", r"Can't read metadata from \S+: Invalid argument", Meaning("no mirror metadata on it")),
    ("gmirror", r"Can't read metadata from \S+: Permission denied", Meaning("needs root or group operator")),
    ("gmirror", r"Nothing has changed", Meaning("the mirror is configured so already")),
    ("gmirror", r"Could not unload module: Device busy", Meaning("a mirror still exists")),
    ("geom", r"Class MIRROR not found", Meaning("kernel module geom_mirror is not loaded")),
    ("geom", r"Class GATE not found", Meaning("kernel module geom_gate is not loaded")),
    ("mount", r"Device busy", Meaning("mounted already, or in use by a mirror")),
    ("mount", r"(R/W mount of .* denied\. .*)", Meaning("the file system is not clean: check it first")),
    (
        "mount",
        r"Operation not permitted",
        Meaning("the file system is not clean, or the device is part of a mirror"),
    ),
    ("mount", r"Invalid fstype: Invalid argument", Meaning("no such device, or no UFS on it")),
    ("mount", r"(?:\S+: )?Invalid argument", Meaning("no usable file system on the device")),
    ("mount", r"No such file or directory", Meaning("no such device or mount point")),
    ("umount", r"Device busy", Meaning("a process has a file or its directory there")),
    ("umount", r"not a file system root directory", Meaning("it is not mounted")),
    ("umount", r"No such file or directory", Meaning("no such mount point")),
    ("umount", r"unknown file system", Meaning("no such mount point")),
    (
        "kldload",
        r"module already loaded or in kernel",
        Meaning("the module is loaded already", fatal=False),
    ),
    ("kldload", r"File exists", Meaning("the module is loaded already", fatal=False)),
    ("kldload", r"No such file or directory", Meaning("there is no such module")),
    ("kldunload", r"Device busy", Meaning("the module is in use")),
    ("fdisk", r"Geom not found", Meaning("often harmless: the slice table was written", fatal=False)),
    ("fdisk", r"Class not found", Meaning("the kernel has no GEOM class for MBR tables", fatal=None)),
    ("newfs", r"failed to open disk for writing", Meaning("the device is in use, most likely mounted")),
    ("sysctl", r"unknown oid", Meaning("the kernel module with this setting is not loaded")),
    ("dump", r"unknown file system", Meaning("not mounted and not in fstab")),
)
_COMPILED = tuple((program, re.compile(error), known) for program, error, known in _MEANINGS)


def meaning(program: str, error: str, about: str) -> Meaning | None:
    """What `program` means by `error`; None for a text that is not known. `about` is the path or device."""
    if program == "ggatec" and error == "No such file or directory" and about != "/dev/ggctl":
        return Meaning("no such file", None)
    program = "mount" if program.startswith("mount_") else program
    return next(
        (known for name, words, known in _COMPILED if name == program and words.fullmatch(error)), None
    )
