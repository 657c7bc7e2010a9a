"""Complaints of the base system's storage commands: which program, about what, and what it means."""

import re
from dataclasses import dataclass, replace

from console.parse.lines import filled, whole
from console.parse.meanings import meaning
from console.parse.reading import Reading


@dataclass(frozen=True, slots=True)
class Complaint:
    """One message, taken apart as `program: call(…)|path|device: error`."""

    program: str
    error: str
    call: str | None = None
    path: str | None = None
    device: str | None = None
    """A device, provider or module the message names."""
    meaning: str | None = None
    otherwise: str | None = None
    """What it means instead when another subcommand printed the same words."""
    fatal: bool | None = None
    """False when the command did its work nevertheless; None when the words do not tell."""
    pid: int | None = None


@dataclass(frozen=True, slots=True)
class KernelEvent:
    """What the kernel printed about a file system that is full, or not clean."""

    path: str
    event: str
    """`filesystem-full`, `no-inodes-free`, `optimization-changed`, `mount-denied-not-clean` or
    `not-properly-dismounted`.
    """
    pid: int | None = None
    program: str | None = None


@dataclass(frozen=True, slots=True)
class Complaints:
    """All messages, and under the names of `Complaint` the one that decided."""

    errors: tuple[Complaint, ...] = ()
    events: tuple[KernelEvent, ...] | None = None
    program: str | None = None
    call: str | None = None
    path: str | None = None
    device: str | None = None
    error: str | None = None
    meaning: str | None = None
    otherwise: str | None = None
    fatal: bool | None = None


_SYSLOG = re.compile(r"[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} \S+ (?:kernel: )?")
_PROGRAM = re.compile(
    r"(?:-?(?:sh|csh|tcsh|bash): (?:[0-9]+: )?)?([a-z_][a-zA-Z0-9_.+-]{0,40})(?:\[([0-9]{1,9})\])?: (.+)"
)
_LEVEL = re.compile(r"(error|warning|notice|info|debug): (.+)")
_CALL = re.compile(r"([a-z_0-9]{2,24}\((/[^()]*)\)): (.+)")
_UNMOUNT = re.compile(r"unmount of (/.*?) failed: (.+)")
_UNMOUNT_BEGUN = re.compile(r"umount: unmount of (?!.* failed:)")
_PATH = re.compile(r"(/[^:]*): (.+)")
_SYSCALL = re.compile(
    r"(statfs|realpath|open|ioctl|stat|getmntinfo|nmount|connect|socket|bind|chdir|unlink): (.+)"
)
_QUOTED = re.compile(r'(.+?): "([^"]*)"')
_CANNOT = re.compile(r"(?:Cannot|Can't|can't|could not|unable to) [a-z]+ (/[^:]*)(?:: .+)?")
_SUBJECT = re.compile(
    r"(No such (?:device|provider|geom)|Unknown command|unknown oid)"
    r"[: ]+'?([^\s']+?)'?\.?"
)
_NAMES = (
    re.compile(r"Provider (\S+) (?:already inserted|too small|is the last active provider in \S+)"),
    re.compile(r"Cannot destroy device (\S+) \(error=[0-9]+\)"),
    re.compile(r"Device (\S+) is busy"),
    re.compile(r"Can't (?:store|read|clear) metadata (?:on|from) (\S+): .+"),
    re.compile(r"Cannot (?:store|write|clear) metadata (?:on|from) (\S+?)(?:: .+)?"),
    re.compile(r"\S+: Can't (?:remove|deactivate) the last ACTIVE component (\S+)"),
    re.compile(r"Can't attach disk (\S+)"),
    re.compile(r"Class '?[A-Z]+'? does not have an instance named '(.+)'"),
)
_MODULE = re.compile(r"can't (?:un)?load (\S+): (.+)")
_BARE = (
    (re.compile(r"(Class (\S+) not found)\.?"), "geom"),
    (re.compile(r"(Can't (?:read|clear|store) metadata (?:on|from) (\S+): .+?)\.?"), "gmirror"),
    (re.compile(r"(Cannot (?:write|store) metadata (?:on|from) (\S+?)(?:: .+?)?)\.?"), "gmirror"),
    (re.compile(r"(geom_gate module not available!)()"), "ggatec"),
)
_FULL = re.compile(
    r"(?:pid ([0-9]{1,9}) \((.*?)\), (?:jid [0-9]+, )?uid [0-9]+ (?:inumber [0-9]+ )?on )?"
    r"(/\S*): (write failed, filesystem is full|create/symlink failed, no inodes free|file ?system full"
    r"|out of inodes|optimization changed from (?:TIME to SPACE|SPACE to TIME))"
)
_KERNEL_WARNING = re.compile(
    r"WARNING: (?:R/W mount of (/\S*) denied\..*|(/\S*) was not properly dismounted)"
)
_DENIED = re.compile(r"(/\S+): (R/W mount of (/.*?) denied\. .*)")
_CONSEQUENCE = re.compile(r"Not fully done|Exiting|Try to use gpart\(8\)|Command failed")


def read_errors(text: str) -> Reading[Complaints]:
    """Read error texts of one command, or several, and the kernel's about full file systems."""
    unread: list[str] = []
    errors: list[Complaint] = []
    events: list[KernelEvent] = []
    usage = False
    for line in _unwrapped(text, unread):
        bare = " ".join(line.split())
        if prefix := _SYSLOG.match(bare):
            bare = bare[prefix.end() :]
        usage = bare.startswith("usage: ") or (usage and line[:1].isspace())
        if usage or re.fullmatch(r"\*+ Working on device \S+ \*+", bare):
            continue
        if event := _event(bare):
            events.append(event)
        elif complaint := _complaint(bare):
            errors.append(complaint)
        else:
            unread.append(line)
    return Reading(_decided(errors, events), tuple(unread))


def _unwrapped(text: str, unread: list[str]) -> list[str]:
    """The lines, with the rest of a message that was wrapped (`failed: …`) behind its beginning."""
    joined: list[str] = []
    begun: int | None = None
    for line in filled(text, unread):
        rest = line.strip()
        if rest.startswith("failed:") and begun is not None:
            joined[begun] = f"{joined[begun].rstrip()} {rest}"
            begun = None
            continue
        if _UNMOUNT_BEGUN.match(rest):
            begun = len(joined)
        joined.append(line)
    return joined


def _event(bare: str) -> KernelEvent | None:
    if warned := _KERNEL_WARNING.fullmatch(bare):
        denied, dirty = warned.groups()
        return KernelEvent(denied or dirty, "mount-denied-not-clean" if denied else "not-properly-dismounted")
    found = _FULL.fullmatch(bare)
    if found is None:
        return None
    pid, program, path, said = found.groups()
    if "inodes" in said:
        event = "no-inodes-free"
    elif said.startswith("optimization"):
        event = "optimization-changed"
    else:
        event = "filesystem-full"
    return KernelEvent(path, event, whole(pid or ""), program)


def _complaint(bare: str) -> Complaint | None:
    for pattern, program in _BARE:
        if found := pattern.fullmatch(bare):
            return _explained(Complaint(program, found[1], device=found[2] or None))
    if found := _LEVEL.fullmatch(bare):
        level, said = found[1], found[2].removeprefix("ggatec: ")
        if level in ("notice", "info", "debug"):
            return None
        program = "restore" if said.startswith("./") else "ggatec"
        complaint = _taken_apart(program, said)
        return _explained(complaint if level == "error" else replace(complaint, fatal=False))
    if found := _PROGRAM.fullmatch(bare):
        program, pid, said = found.groups()
        return _explained(replace(_taken_apart(program, said), pid=whole(pid or "")))
    return None


def _taken_apart(program: str, said: str) -> Complaint:
    if found := _DENIED.fullmatch(said):
        device, error, path = found.groups()
        return Complaint(program, error, path=path, device=device)
    said = said.rstrip(".")
    if found := _UNMOUNT.fullmatch(said):
        return Complaint(program, found[2], path=found[1])
    if found := _CALL.fullmatch(said):
        return Complaint(program, found[3], call=found[1], path=found[2])
    if found := _PATH.fullmatch(said):
        # Some releases print a blank and an empty reason between the path and the error.
        path, rest = found[1].rstrip(), found[2].removeprefix(": ")
        device = path if path.startswith("/dev/") else None
        called = _SYSCALL.fullmatch(rest)
        call, error = called.groups() if called else (None, rest)
        return Complaint(program, error, call=call, path=path, device=device)
    if found := _CANNOT.fullmatch(said):
        return Complaint(program, said, path=found[1])
    if found := _SYSCALL.fullmatch(said):
        return Complaint(program, found[2], call=found[1])
    if found := _QUOTED.fullmatch(said) or _SUBJECT.fullmatch(said):
        return Complaint(program, found[1], device=found[2])
    if found := _MODULE.fullmatch(said):
        return Complaint(program, found[2], device=None if found[1] == "file" else found[1])
    named = next((found[1] for found in (name.fullmatch(said) for name in _NAMES) if found), None)
    return Complaint(program, said, device=named)


def _explained(complaint: Complaint) -> Complaint:
    known = meaning(complaint.program, complaint.error, complaint.path or complaint.device or "")
    if known is None:
        return complaint
    fatal = complaint.fatal if complaint.fatal is not None else known.fatal
    return replace(complaint, meaning=known.text, otherwise=known.otherwise, fatal=fatal)


def _decided(errors: list[Complaint], events: list[KernelEvent]) -> Complaints:
    """The last message decides, unless it only says that something before it failed."""
    deciding = [error for error in errors if not _CONSEQUENCE.match(error.error)] or errors
    if not deciding:
        return Complaints(tuple(errors), tuple(events) or None)
    last = deciding[-1]
    return Complaints(
        tuple(errors),
        tuple(events) or None,
        last.program,
        last.call,
        last.path,
        last.device,
        last.error,
        last.meaning,
        last.otherwise,
        last.fatal,
    )
