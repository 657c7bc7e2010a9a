"""The sampler's sections: which facts each one gives, and how its text and exit status become them.

A section that failed or makes no sense leaves the last value standing, marked as not counting, and says why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeVar

from console.model.facts import (
    ConfigFile,
    DiskUse,
    Exports,
    Fact,
    Geom,
    ImageFile,
    Interface,
    LogLine,
    Mail,
    Metadata,
    Mount,
    NodeFacts,
    Process,
    Socket,
    VrrpConf,
    VrrpLog,
)
from console.model.lineage import LINEAGE_FILE, Lineage, OperatorLock
from console.parse.complaints import complaint, html, nonsense
from console.parse.df import read_disk_use
from console.parse.freevrrpd_conf import read_vrrp_conf
from console.parse.geom_text import FALLBACK, read_geom_text
from console.parse.geom_tree import read_geom
from console.parse.ggate import read_exports
from console.parse.gmirror_dump import read_gmirror_dump
from console.parse.host import read_host
from console.parse.ifconfig import read_ifconfig
from console.parse.kldstat import read_kldstat
from console.parse.lineage import read_lineage, read_lock
from console.parse.mail import read_mail
from console.parse.masking import masked
from console.parse.mounting import read_mount
from console.parse.node_files import read_files, read_images
from console.parse.parts import parts
from console.parse.processes import read_processes
from console.parse.sockstat import read_sockets
from console.parse.syslog import read_syslog, states_of, vrrp_log

T = TypeVar("T")

SECTION_FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "host": ("host", "clock_offset"),
        "mounts": ("mounts",),
        "ifconfig": ("interfaces",),
        "ps": ("processes",),
        "vrrplog": ("vrrplog",),
        "geom": ("geom",),
        "messages": ("messages",),
        "modules": ("modules",),
        "sockets": ("sockets",),
        "vrrpconf": ("vrrpconf",),
        "exports": ("exports",),
        "files": ("files",),
        "images": ("images",),
        "df": ("df",),
        "metadata": ("metadata",),
        "mail": ("mail",),
        "lineage": ("lineage",),
        "lock": ("lock",),
    }
)
"""The fields of NodeFacts that each section of the sampler fills."""

_STATES = "## states"
_TAKEN = "## taken"
_ABSENT_FILE = "No such file or directory"


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why a section says nothing."""

    why: str


def lose_section(facts: NodeFacts, section: str, why: str) -> NodeFacts:
    """The facts with everything of `section` unknown, because of `why`; the last values stay for display."""
    lost: dict[str, object] = {
        name: replace(getattr(facts, name), unknown=why) for name in SECTION_FIELDS.get(section, ())
    }
    return replace(facts, **lost)  # type: ignore[arg-type]  # each field stays a Fact of its own type


def read_section(facts: NodeFacts, section: str, text: str, exit_status: int, taken: float) -> NodeFacts:
    """The facts with `section` replaced by what its text says; a section of no known name changes nothing."""

    def fact(old: Fact[T], new: T | Unknown, raw: str = text) -> Fact[T]:
        if isinstance(new, Unknown):
            return replace(old, unknown=new.why, raw=old.raw if old.last is not None else raw)
        return Fact(last=new, unknown=None, taken=taken, raw=raw)

    match section:
        case "host":
            return _with_host(facts, text, exit_status, taken)
        case "mounts":
            return replace(facts, mounts=fact(facts.mounts, _mounts(text, exit_status)))
        case "ifconfig":
            return replace(facts, interfaces=fact(facts.interfaces, _interfaces(text, exit_status)))
        case "ps":
            return replace(facts, processes=fact(facts.processes, _processes(text, exit_status)))
        case "vrrplog":
            older = facts.vrrplog.last.states if facts.vrrplog.last else ()
            return replace(facts, vrrplog=fact(facts.vrrplog, _vrrplog(text, exit_status, older)))
        case "geom":
            return replace(facts, geom=fact(facts.geom, _geom(text, exit_status)))
        case "messages":
            messages = _messages(text, exit_status)
            known = replace(facts, messages=fact(facts.messages, messages))
            return known if isinstance(messages, Unknown) else _with_states(known, text)
        case "modules":
            return replace(facts, modules=fact(facts.modules, _modules(text, exit_status)))
        case "sockets":
            return replace(facts, sockets=fact(facts.sockets, _sockets(text, exit_status)))
        case "vrrpconf":
            return replace(facts, vrrpconf=fact(facts.vrrpconf, _vrrpconf(text, exit_status), masked(text)))
        case "exports":
            return replace(facts, exports=fact(facts.exports, _exports(text, exit_status)))
        case "files":
            files = _files(text, exit_status)
            return replace(facts, files=fact(facts.files, files, masked(text)))
        case "images":
            return replace(facts, images=fact(facts.images, _images(text, exit_status)))
        case "df":
            return replace(facts, df=fact(facts.df, _df(text, exit_status)))
        case "metadata":
            return replace(facts, metadata=fact(facts.metadata, _metadata(text, exit_status)))
        case "mail":
            return replace(facts, mail=fact(facts.mail, _mail(text, exit_status)))
        case "lineage":
            return replace(facts, lineage=fact(facts.lineage, _lineage(text, exit_status)))
        case "lock":
            return replace(facts, lock=fact(facts.lock, _lock(text, exit_status)))
        case _:
            return facts


def _failed(text: str, exit_status: int, command: str) -> Unknown | None:
    why = complaint(text, exit_status, command)
    return None if why is None else Unknown(why)


def _with_host(facts: NodeFacts, text: str, exit_status: int, taken: float) -> NodeFacts:
    answer = None if html(text) else read_host(text)
    why = complaint(text, exit_status, "sysctl") or nonsense(text, "sysctl")
    facts = lose_section(facts, "host", why)
    if answer is None:
        return facts
    # A variable that one release lacks makes sysctl fail and takes nothing from the others.
    if answer.host.hostname or answer.host.boottime:
        facts = replace(facts, host=Fact(last=answer.host, unknown=None, taken=taken, raw=text))
    if answer.clock is None:
        return replace(facts, clock_offset=replace(facts.clock_offset, unknown="date +%s printed no time"))
    offset = Fact(last=answer.clock - taken, unknown=None, taken=taken, raw=text)
    return replace(facts, clock_offset=offset)


def _mounts(text: str, exit_status: int) -> tuple[Mount, ...] | Unknown:
    """One unread line makes all of it unknown: it may be the mount that matters."""
    if failed := _failed(text, exit_status, "mount"):
        return failed
    reading = read_mount(text)
    if reading.unread or not reading.facts.mounts:
        return Unknown(nonsense("\n".join(reading.unread), "mount -p"))
    return reading.facts.mounts


def _interfaces(text: str, exit_status: int) -> tuple[Interface, ...] | Unknown:
    if failed := _failed(text, exit_status, "ifconfig"):
        return failed
    reading = read_ifconfig(text)
    return reading.facts.interfaces or Unknown(nonsense(text, "ifconfig"))


def _processes(text: str, exit_status: int) -> tuple[Process, ...] | Unknown:
    if failed := _failed(text, exit_status, "ps"):
        return failed
    return read_processes(text).facts or Unknown(nonsense(text, "ps"))


def _vrrplog(text: str, exit_status: int, older: tuple[tuple[int, str, str], ...]) -> VrrpLog | Unknown:
    found = _log(text, exit_status)
    return found if isinstance(found, Unknown) else vrrp_log(found, older)


def _messages(text: str, exit_status: int) -> tuple[LogLine, ...] | Unknown:
    return _log(_around_states(text)[0], exit_status)


def _log(text: str, exit_status: int) -> tuple[LogLine, ...] | Unknown:
    """A log in which nothing was found is known to hold nothing: grep then prints nothing and may exit 1."""
    if not text.strip() and exit_status in (0, 1):
        return ()
    if failed := _failed(text, exit_status, "/var/log/messages"):
        return failed
    return read_syslog(text).facts or Unknown(nonsense(text, "/var/log/messages"))


def _around_states(text: str) -> tuple[str, str]:
    """The two parts of `messages`: only a whole line parts them, which no line of a log is."""
    said = text.split("\n")
    place = said.index(_STATES) if _STATES in said else len(said)
    return "\n".join(said[:place]), "\n".join(said[place + 1 :])


def _with_states(facts: NodeFacts, text: str) -> NodeFacts:
    """States that have left the end of the log are still in the file: they count where the end has none."""
    found = read_syslog(_around_states(text)[1]).facts
    log = facts.vrrplog.last
    if log is None:
        return facts
    recent = states_of(log.lines)
    filed = tuple((vrid, word, stamp) for vrid, (word, stamp) in states_of(found).items())
    states = {vrid: (vrid, word, stamp) for vrid, word, stamp in (*log.states, *filed) if vrid not in recent}
    states.update({vrid: (vrid, word, stamp) for vrid, (word, stamp) in recent.items()})
    updated = replace(log, states=tuple(states[vrid] for vrid in sorted(states)))
    return replace(facts, vrrplog=replace(facts.vrrplog, last=updated))


def _geom(text: str, exit_status: int) -> Geom | Unknown:
    if FALLBACK in text.split("\n", 5)[:5]:
        found = read_geom_text(text)
        return Unknown(found) if isinstance(found, str) else found
    if failed := _failed(text, exit_status, "sysctl kern.geom.confxml"):
        return failed
    reading = read_geom(text)
    return Unknown(reading) if isinstance(reading, str) else reading.facts


def _modules(text: str, exit_status: int) -> tuple[str, ...] | Unknown:
    if failed := _failed(text, exit_status, "kldstat"):
        return failed
    names = tuple(module.name for module in read_kldstat(text).facts.modules)
    return names or Unknown(nonsense(text, "kldstat"))


def _sockets(text: str, exit_status: int) -> tuple[Socket, ...] | Unknown:
    if not text.strip() and exit_status in (0, 1):
        return ()
    if failed := _failed(text, exit_status, "sockstat"):
        return failed
    reading = read_sockets(text)
    if reading.unread and not reading.facts:
        return Unknown(nonsense(text, "sockstat"))
    return reading.facts


def _vrrpconf(text: str, exit_status: int) -> VrrpConf | Unknown:
    if exit_status != 0 and _ABSENT_FILE in text:
        return VrrpConf(fatal="there is no freevrrpd.conf")
    if failed := _failed(masked(text), exit_status, "freevrrpd.conf"):
        return failed
    reading = read_vrrp_conf(text)
    return reading.facts


def _exports(text: str, exit_status: int) -> Exports | Unknown:
    """A node without the file exports nothing."""
    if exit_status != 0 and _ABSENT_FILE in text:
        return Exports()
    if failed := _failed(text, exit_status, "gg.exports"):
        return failed
    return read_exports(text).facts


def _files(text: str, exit_status: int) -> tuple[ConfigFile, ...] | Unknown:
    files = read_files(text)
    if files:
        return files
    return _failed(text, exit_status, "reading the configuration") or Unknown(nonsense(text, "the sampler"))


def _images(text: str, exit_status: int) -> tuple[ImageFile, ...] | Unknown:
    images = read_images(text)
    if images or not text.strip():
        return images
    return _failed(text, exit_status, "ls") or Unknown(nonsense(text.partition("\n")[2], "ls -ls"))


def _df(text: str, exit_status: int) -> tuple[DiskUse, ...] | Unknown:
    if failed := _failed(text, exit_status, "df"):
        return failed
    return read_disk_use(text).facts or Unknown(nonsense(text, "df"))


def _metadata(text: str, exit_status: int) -> tuple[Metadata, ...] | Unknown:
    """Metadata that a component has not got is known; metadata that may not be read is not."""
    if "not available; try 'load' first" in text or "Class MIRROR not found" in text:
        return ()
    said_of = list(parts(text))
    if not said_of:
        failed = _failed(text, exit_status, "gmirror")
        return failed or (Unknown(nonsense(text, "gmirror dump")) if text.strip() else ())
    found: list[Metadata] = []
    for provider, body in said_of:
        said = "\n".join(body)
        dumped = read_gmirror_dump(said).facts.metadata
        if dumped:
            found.extend(replace(metadata, provider=provider) for metadata in dumped)
        elif "Invalid argument" in said:
            found.append(Metadata(provider))
        else:
            return _failed(said, exit_status or 1, "gmirror dump") or Unknown(nonsense(said, "gmirror dump"))
    return tuple(found)


def _mail(text: str, exit_status: int) -> Mail | Unknown:
    if failed := _failed(text, 0, "qmail-qstat"):
        return failed
    found = read_mail(dict(parts(text, ("qstat", "place", "log"))), exit_status)
    return Unknown(found) if isinstance(found, str) else found


def _lineage(text: str, exit_status: int) -> Lineage | Unknown:
    """No promotion was recorded where the file does not exist; with one bad line none of it counts."""
    if exit_status != 0 and _ABSENT_FILE in text:
        return Lineage()
    if failed := _failed(text, exit_status, LINEAGE_FILE):
        return failed
    found = read_lineage(text).facts
    return Unknown(nonsense("\n".join(found.bad), LINEAGE_FILE)) if found.bad else found


def _lock(text: str, exit_status: int) -> OperatorLock | Unknown | None:
    """Who holds the node's lock; None: nobody does."""
    taken = _TAKEN in text.split("\n")
    if exit_status != 0 and not taken and _ABSENT_FILE in text:
        return None
    found = read_lock(text).facts.lock
    if found is not None and not html(text):
        return found
    if taken:
        return Unknown("the lock is taken, but its owner is not written")
    return _failed(text, exit_status, "the lock") or Unknown(nonsense(text, "the lock"))
