"""Everything known of one node, as rows: each in words, with the section whose text stands behind it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from console.model.facts import Fact, Geom, NodeFacts, VrrpConf
from console.model.snapshot import NodeView
from console.model.words import ComponentState, MirrorState
from widgets.amounts import date_and_clock, offset, size
from widgets.plain import one_line
from widgets.signs import COMPONENT_TONES, MIRROR_TONES, Tone

SECTIONS = tuple(field.name for field in fields(NodeFacts))
PROGRAMS = ("ggatec", "ggated", "freevrrpd", "qmail-send", "qmail-lspawn", "qmail-rspawn", "qmail-clean")
"""The processes worth a row; the rest are in the raw text."""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing known of a node."""

    section: str
    item: str
    text: str
    tone: Tone | None = None
    """Only where the thing itself says how it stands."""

    @property
    def key(self) -> str:
        """Stays the same while the thing is the same."""
        return f"{self.section}/{self.item}"


Lines = Iterator[tuple[str, str, Tone | None]]


def _host(host: Any) -> Lines:
    yield "host name", host.hostname or "?", None
    yield "release", host.release or "?", None
    yield "booted", date_and_clock(host.boottime) if host.boottime else "?", None
    yield "load", " ".join(f"{n:.2f}" for n in host.load) if host.load else "?", None
    who = "root" if host.uid == 0 else f"uid {host.uid if host.uid is not None else '?'}"
    yield "sampler runs as", f"{who} ({', '.join(host.groups)})" if host.groups else who, None


def _geom(geom: Geom) -> Lines:
    for mirror in geom.mirrors:
        known = mirror.state is not MirrorState.UNKNOWN
        about = [mirror.state.value if known else mirror.state_raw or "?"]
        about += [f"{mirror.balance}"] if mirror.balance else []
        about += [size(mirror.mediasize)] if mirror.mediasize is not None else []
        about += [f"genid {mirror.genid}"] if mirror.genid is not None else []
        about += [f"syncid {mirror.syncid}"] if mirror.syncid is not None else []
        about += [f"open {mirror.open_counts}"] if mirror.open_counts else []
        about += list(mirror.flags)
        yield f"mirror/{mirror.name}", "  ".join(about), MIRROR_TONES[mirror.state]
        for one in mirror.components:
            known_state = one.state is not ComponentState.UNKNOWN
            said = [one.state.value if known_state else one.state_raw or "?"]
            said += [f"{one.percent} %"] if one.percent is not None else []
            said += (
                [f"on {one.device} ({one.device_class or '?'})"]
                if one.device and one.device != one.name
                else []
            )
            said += [f"prio {one.priority}"] if one.priority is not None else []
            said += [f"genid {one.genid}"] if one.genid is not None else []
            said += [f"syncid {one.syncid}"] if one.syncid is not None else []
            said += list(one.flags)
            yield f"  {one.name} of {mirror.name}", "  ".join(said), COMPONENT_TONES[one.state]
    for gate in geom.gates:
        timeout = "?" if gate.timeout is None else f"{gate.timeout} s"
        queue = f"{_or(gate.queue_count)}/{_or(gate.queue_size)}"
        peer = f"{gate.host or '?'}:{_or(gate.port)} {gate.path or '?'}"
        yield (
            f"gate {gate.name}",
            f"{peer}  {gate.access or ''}  timeout {timeout}  queue {queue}",
            Tone.WARNING if gate.timeout == 0 else None,
        )
    for md in geom.mds:
        yield (
            f"md {md.name}",
            f"{md.file or md.type or '?'}  {size(md.size) if md.size is not None else '?'}",
            None,
        )
    if not geom.mirror_loaded:
        yield "geom_mirror", "not loaded", Tone.WARNING
    if geom.source != "confxml":
        yield "read from", geom.source, None


def _or(number: int | None) -> str:
    return "?" if number is None else str(number)


def _mounts(mounts: Any) -> Lines:
    for mount in mounts:
        yield f"mount {mount.node}", f"{mount.special}  {mount.type}  {','.join(mount.options)}", None


def _interfaces(interfaces: Any) -> Lines:
    for one in interfaces:
        addresses = [a.addr for a in one.inet] + list(one.inet6)
        state = "up" if one.up else "down" if one.up is False else "?"
        yield (
            f"interface {one.name}",
            f"{state}  {one.status or ''}  {' '.join(addresses) or 'no address'}",
            None,
        )


def _processes(processes: Any) -> Lines:
    for process in processes:
        if process.program in PROGRAMS:
            waits = "D" in process.stat
            text = f"pid {process.pid}  {process.stat}  {process.command}"
            yield f"{process.program} {process.pid}", text, Tone.WARNING if waits else None


def _vrrplog(log: Any) -> Lines:
    for vrid, state, stamp in log.states:
        yield f"vrid {vrid} by the log", f"{state} since {stamp}", None
    for number, line in enumerate(log.lines[-3:]):
        yield f"freevrrpd log {number + 1}", f"{line.stamp} {line.text}", None


def _messages(lines: Any) -> Lines:
    for number, line in enumerate(lines[-8:]):
        yield f"messages {number + 1}", f"{line.stamp} {line.program}: {line.text}", None


def _vrrpconf(conf: VrrpConf) -> Lines:
    for one in conf.sections:
        addresses = ", ".join(one.addr) or "?"
        text = f"interface {one.interface or '?'}  priority {_or(one.priority)}  addr {addresses}"
        yield f"vrid {_or(one.serverid)} as configured", text, None
        for name, script in (("master script", one.masterscript), ("backup script", one.backupscript)):
            if script:
                yield f"  {name} {_or(one.serverid)}", script, None
    if conf.fatal:
        yield "freevrrpd.conf", conf.fatal, Tone.CRITICAL


def _exports(exports: Any) -> Lines:
    for number, one in enumerate(exports.exports):
        yield f"export {number + 1}", f"{one.host}/{one.prefix}  {one.access}  {one.path}", None
    for number, text, why in exports.bad:
        yield f"gg.exports line {number}", f"{text}  ({why})", Tone.WARNING


def _sockets(sockets: Any) -> Lines:
    for number, one in enumerate(sockets):
        yield f"socket {number + 1}", f"{one.command} {one.pid}  {one.local} ─ {one.foreign}", None


def _images(images: Any) -> Lines:
    for one in images:
        if one.size is None:
            yield f"image {one.path}", "missing", Tone.CRITICAL
        else:
            held = f"  {size(one.allocated)} on disk" if one.allocated is not None else ""
            yield f"image {one.path}", f"{size(one.size)}{held}  {one.mtime or ''}", None


def _df(rows: Any) -> Lines:
    for one in rows:
        text = f"{one.capacity} % of {size(one.blocks * 1024)}  {size(one.avail * 1024)} free  {one.fs}"
        yield f"space {one.on}", text, None


def _metadata(metadata: Any) -> Lines:
    for one in metadata:
        flags = " ".join((*one.mflags, *one.dflags))
        text = f"{one.name or '?'}  genid {_or(one.genid)}  syncid {_or(one.syncid)}  {flags}"
        text += f"  hard-coded {one.hcprovider}" if one.hcprovider else ""
        yield f"metadata {one.provider}", text, None


def _files(files: Any) -> Lines:
    for one in files:
        yield f"file {one.path}", "missing" if one.lines is None else f"{len(one.lines)} line(s)", None


def _modules(modules: Any) -> Lines:
    yield "kernel modules", " ".join(modules), None


def _mail(mail: Any) -> Lines:
    local, remote = (f"{s[0]}/{s[1]}" if s else "?" for s in (mail.local, mail.remote))
    text = f"queue {_or(mail.queue)}  not preprocessed {_or(mail.todo)}  local {local}  remote {remote}"
    yield "mail", text, None


def _clock(seconds: Any) -> Lines:
    yield "clock against ours", offset(seconds), Tone.WARNING if abs(seconds) >= 2 else None


_READERS: dict[str, Callable[[Any], Lines]] = {
    "host": _host,
    "clock_offset": _clock,
    "geom": _geom,
    "mounts": _mounts,
    "df": _df,
    "interfaces": _interfaces,
    "processes": _processes,
    "sockets": _sockets,
    "vrrplog": _vrrplog,
    "vrrpconf": _vrrpconf,
    "exports": _exports,
    "images": _images,
    "metadata": _metadata,
    "files": _files,
    "modules": _modules,
    "mail": _mail,
    "messages": _messages,
}


def rows(view: NodeView) -> tuple[Row, ...]:
    """Every row of a node; a section that was never read is one row with a question mark."""
    out: list[Row] = []
    for section, reader in _READERS.items():
        fact: Fact[Any] = getattr(view.facts, section)
        if fact.last is None:
            out.append(Row(section, section, f"?  {fact.unknown or ''}", Tone.UNKNOWN))
            continue
        found = [
            Row(section, one_line(item, 60), one_line(text), tone) for item, text, tone in reader(fact.last)
        ]
        if fact.unknown is not None:
            # An old value keeps its words and loses its verdict.
            found = [Row(row.section, row.item, row.text, Tone.UNKNOWN) for row in found]
        out += found or [Row(section, section, "nothing", Tone.UNKNOWN if fact.unknown else None)]
    return tuple(out)


def all_raw(view: NodeView) -> str:
    """Every section's text, each under its name."""
    parts = []
    for section in SECTIONS:
        fact: Fact[Any] = getattr(view.facts, section)
        note = f"  ({fact.unknown})" if fact.unknown else ""
        if fact.raw or note:
            parts.append(f"## {section}{note}\n{fact.raw}".rstrip())
    return "\n\n".join(parts)
