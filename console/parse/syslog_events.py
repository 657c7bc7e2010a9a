"""What the lines of gmirror, ggate and freevrrpd in syslog say (g_mirror.c, sbin/ggate, FreeVRRPd 1.x)."""

import re
from dataclasses import dataclass

from console.model.facts import LogLine
from console.parse.lines import whole
from console.parse.reading import Reading
from console.parse.syslog import read_syslog, states_of

_P = r"(?P<provider>\S{1,255})"
_D = r"(?:mirror/)?(?P<device>[^\s:]{1,255})"
_ERROR = r"error=(?P<error>\d{1,9})"
_MIRROR: tuple[tuple[str, str], ...] = (
    ("rebuild-start", rf"Device {_D}: rebuilding provider {_P}"),
    ("rebuild-finished", rf"Device {_D}: rebuilding provider {_P} finished"),
    ("rebuild-stopped", rf"Device {_D}: rebuilding provider {_P} stopped"),
    ("launched", rf"Device {_D} launched \((?P<active>\d{{1,4}})/(?P<expected>\d{{1,4}})\)"),
    ("launched", rf"Device {_D}: provider mirror/\S{{1,255}} launched"),
    ("forced-start", rf"Force device {_D} start due to timeout"),
    ("disconnected", rf"Device {_D}: provider {_P} disconnected"),
    ("stale", rf"Device {_D}: provider {_P} is stale"),
    ("detected", rf"Device {_D}: provider {_P} detected"),
    ("activated", rf"Device {_D}: provider {_P} activated"),
    ("inactive", rf"Device {_D}: provider {_P} marked as inactive, skipping"),
    ("provider-destroyed", rf"Device {_D}: provider destroyed"),
    ("component-destroyed", rf"Device {_D}: provider {_P} destroyed"),
    ("created", rf"Device {_D} created \(id=\d{{1,20}}\)"),
    ("destroyed", rf"Device {_D} destroyed"),
    ("already-configured", rf"Device {_D} already configured"),
    ("broken", rf"Component {_P} \(device {_D}\) broken, skipping"),
    ("cannot-add", rf"Cannot add disk {_P} to {_D} \({_ERROR}\)"),
    ("cannot-write-metadata", rf"Cannot write metadata on {_P} \(device={_D}, {_ERROR}\)"),
    ("cannot-update-metadata", rf"Cannot update metadata on disk {_P} \({_ERROR}\)"),
    ("request-failed", rf"Request failed \({_ERROR}\)\. (?P<provider>[^\s\[]{{1,255}})\[.*"),
    ("synchronization-failed", rf"Synchronization request failed \({_ERROR}\)\..*"),
    (
        "freshest-too-late",
        rf"Device {_D} was started before the freshest disk \((?P<provider>[^\s)]{{1,255}})\) arrives!!.*",
    ),
    ("stale-genid", rf"Stale 'genid' field on {_P}.*"),
    ("mismatch", r"Found a mismatching '.*"),
    ("kernel-too-old", rf"Kernel module is too old to handle metadata from {_P}"),
    ("unmapped-cancelled", rf"Cancelling unmapped because of {_P}"),
)
_OPTION = r"(?P<option>[^']{1,80})"
_SCRIPT = r"(?P<script>\S{1,255})"
_ROLE = r"\[(?P<state>master|backup)\]"
_VRRP: tuple[tuple[str, str], ...] = (
    ("state", r"server state vrid (?P<vrid>\d{1,3}): (?P<state>[A-Za-z]{1,20})"),
    ("script-started", rf"{_ROLE} executing script {_SCRIPT}.*"),
    ("script-ended", rf"{_ROLE} script {_SCRIPT} has been executed.*"),
    ("script-failed", rf"{_ROLE} cannot execute script {_SCRIPT}.*"),
    ("launching", r"launching daemon in background mode.*"),
    ("initializing", r"initializing threads and all VRID.*"),
    ("reading-configuration", r"reading configuration file .*"),
    ("monitored-circuits", r"monitored circuits engine initialized.*"),
    ("interface-faulty", r"interface (?P<interface>\S{1,64}) is faulty, deactivated from VRRP VRIDs.*"),
    ("interface-alive", r"interface (?P<interface>\S{1,64}) is alive again, reactivate it on VRRP.*"),
    ("interface-given-up", r"cannot reactivate interface (?P<interface>[^\s,]{1,64}), too much errors.*"),
    ("disabled", r"vrid \[(?P<vrid>\d{1,3})\] Cannot reach the correct state, disabled.*"),
    ("authentication", r"authentification incorrect in a received vrrp packet.*"),
    (
        "misconfigured-peer",
        r"detection of misconfigured server on the network for vrid = (?P<vrid>\d{1,3}).*",
    ),
    ("interval-differs", r"(?:the )?advertisement interval set on received vrrp packet isn't same.*"),
    ("no-vrid-section", r"configuration file error ! cannot see \[VRID\] section.*"),
    ("unknown-option", rf"option '{_OPTION}' unknown on configuration file, ignoring it.*"),
    ("interrupted", r"select on readfds fd_set failed.*"),
    ("spanning-tree-wait", r"waiting \d{1,9} seconds for the spanning tree latency.*"),
    ("gratuitous-arp", r"send gratuitous arp.*"),
)
_MIRROR_SHAPES = tuple((name, re.compile(shape + r"\.?")) for name, shape in _MIRROR)
_VRRP_SHAPES = tuple((name, re.compile(shape)) for name, shape in _VRRP)
_GEOM = re.compile(r"(GEOM_MIRROR|GEOM_GATE)(?:\[\d\])?: (.*)")


@dataclass(frozen=True, slots=True)
class StorageEvent:
    """A line of gmirror, the gate or arp; `other` for a text of theirs that has no name here."""

    event: str
    device: str | None = None
    """The mirror, without `mirror/`."""
    provider: str | None = None
    error: int | None = None
    """errno."""
    active: int | None = None
    expected: int | None = None
    program: str | None = None
    """Who said it, unless it was the kernel's mirror class."""
    stamp: str | None = None
    text: str | None = None
    """The words of an `other`."""


@dataclass(frozen=True, slots=True)
class StorageEvents:
    """Oldest first, as pasted."""

    events: tuple[StorageEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class VrrpEvent:
    """A line of freevrrpd."""

    event: str
    vrid: int | None = None
    state: str | None = None
    script: str | None = None
    interface: str | None = None
    option: str | None = None
    pid: int | None = None
    stamp: str | None = None
    text: str | None = None
    """The words of an `other`."""


@dataclass(frozen=True, slots=True)
class VrrpState:
    """The last state of a vrid. It may be of a daemon that has died since."""

    vrid: int
    state: str
    stamp: str


@dataclass(frozen=True, slots=True)
class VrrpEvents:
    """Oldest first, as pasted, and what they come to."""

    events: tuple[VrrpEvent, ...] = ()
    states: tuple[VrrpState, ...] = ()


def read_syslog_geom_mirror(text: str) -> Reading[StorageEvents]:
    """GEOM_MIRROR, GEOM_GATE, ggatec, ggated and arp lines of syslog, dmesg or the console."""
    reading = read_syslog(text)
    unread = list(reading.unread)
    events: list[StorageEvent] = []
    for line in reading.facts:
        event = _storage(line)
        if event is None:
            unread.append(f"{line.stamp} {line.program}: {line.text}")
        else:
            events.append(event)
    return Reading(StorageEvents(tuple(events)), tuple(unread))


def read_syslog_freevrrpd(text: str) -> Reading[VrrpEvents]:
    """Lines of freevrrpd in /var/log/messages (FreeVRRPd 1.x)."""
    reading = read_syslog(text)
    unread = list(reading.unread)
    events: list[VrrpEvent] = []
    for line in reading.facts:
        if line.program == "freevrrpd":
            events.append(_vrrp(line))
        else:
            unread.append(f"{line.stamp} {line.program}: {line.text}")
    states = states_of(reading.facts).items()
    return Reading(
        VrrpEvents(tuple(events), tuple(VrrpState(vrid, word, stamp) for vrid, (word, stamp) in states)),
        tuple(unread),
    )


def _storage(line: LogLine) -> StorageEvent | None:
    stamp = line.stamp or None
    said = _GEOM.fullmatch(line.text)
    if said is None or said[1] == "GEOM_GATE":
        ours = said is not None or line.program in ("ggatec", "ggated") or line.text.startswith("arp: ")
        program = "arp" if line.text.startswith("arp: ") else line.program
        return StorageEvent("other", program=program, stamp=stamp, text=line.text) if ours else None
    for name, shape in _MIRROR_SHAPES:
        if found := shape.fullmatch(said[2].strip()):
            has = found.groupdict()
            return StorageEvent(
                name,
                device=has.get("device"),
                provider=(has.get("provider") or "").rstrip(".") or None,
                error=whole(has.get("error") or ""),
                active=whole(has.get("active") or ""),
                expected=whole(has.get("expected") or ""),
                stamp=stamp,
            )
    return StorageEvent("other", stamp=stamp, text=said[2])


def _vrrp(line: LogLine) -> VrrpEvent:
    for name, shape in _VRRP_SHAPES:
        if found := shape.fullmatch(line.text.strip()):
            has = found.groupdict()
            return VrrpEvent(
                name,
                vrid=whole(has.get("vrid") or ""),
                state=(has.get("state") or "").lower() or None,
                script=has.get("script"),
                interface=has.get("interface"),
                option=has.get("option"),
                pid=line.pid,
                stamp=line.stamp or None,
            )
    return VrrpEvent("other", pid=line.pid, stamp=line.stamp or None, text=line.text)
