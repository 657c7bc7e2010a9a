"""The four truths of a node, read separately: VRRP role, floating address, mirror, mount.

The role comes from the daemon's log, its process and its configuration (or from the carp line of
ifconfig(8)); the address from ifconfig(8); the mirror from GEOM; the mount from mount(8). None is inferred
from another.
"""

import re

from console.health.stack import mirror_on, mounts_of, processes_of
from console.health.syslog import surely_before_boot
from console.model.config import PairConfig
from console.model.facts import Carp, Interface, LogLine, VrrpSection
from console.model.snapshot import NodeView, PairSnapshot, Truths
from console.model.words import Answer, Role

_STATE = re.compile(r"server state vrid (\d+): (\w+)")
_GIVEN_UP = re.compile(r"vrid \[?(\d+)\]?.*Cannot reach the correct state, disabled")
_FAULTY = re.compile(r"interface (\S+) is faulty, deactivated|cannot reactivate interface (\S+?),")
_ALIVE = re.compile(r"interface (\S+) is alive again")


def truths(node: NodeView, pair: PairConfig, peer: NodeView) -> Truths:
    """The four truths of `node`. What the peer says never changes them."""
    role, why = _role(node, pair)
    address, on = _address(node, pair)
    mounts = mounts_of(node, pair)
    known = node.facts.mounts.value is not None
    return Truths(
        role=role,
        role_why=why,
        address=address,
        address_on=on,
        mirror=mirror_on(node, pair),
        mirror_known=node.facts.geom.value is not None,
        mounted=(Answer.YES if mounts else Answer.NO) if known else Answer.UNKNOWN,
        mount=mounts[-1] if mounts else None,
    )


def pair_truths(snapshot: PairSnapshot) -> tuple[Truths, Truths]:
    """The truths of both nodes, home master first."""
    pair, a, b = snapshot.config, snapshot.master, snapshot.slave
    return truths(a, pair, b), truths(b, pair, a)


def vrrp_section(node: NodeView, pair: PairConfig) -> VrrpSection | None:
    """The section of freevrrpd.conf that holds the floating address, else the one with the pair's vrid."""
    conf = node.facts.vrrpconf.value
    if conf is None:
        return None
    for section in conf.sections:
        if any(bare_address(a) == pair.floating for a in section.addr):
            return section
    return next((s for s in conf.sections if s.serverid == pair.vrid), None)


def bare_address(addr: str) -> str:
    """The address of a freevrrpd `addr` word: `em0:192.168.1.102/32` is 192.168.1.102."""
    return addr.rpartition(":")[2].partition("/")[0].strip()


def _address(node: NodeView, pair: PairConfig) -> tuple[Answer, str | None]:
    faces = node.facts.interfaces.value
    if faces is None:
        return Answer.UNKNOWN, None
    for face in faces:
        for inet in face.inet:
            if inet.addr != pair.floating:
                continue
            if face.up is False or not _carp_answers(face, inet.vhid):
                return Answer.NO, face.name
            return Answer.YES, face.name
    return Answer.NO, None


def _carp_answers(face: Interface, vhid: int | None) -> bool:
    # CARP keeps the address configured in every state; only its master answers on it.
    carp = [c for c in face.carp if vhid is not None and c.vhid == vhid]
    return not carp or any(c.state.upper() == "MASTER" for c in carp)


def _carp_of(node: NodeView, pair: PairConfig) -> Carp | None:
    faces = node.facts.interfaces.value or ()
    vhids = {i.vhid for f in faces for i in f.inet if i.addr == pair.floating and i.vhid is not None}
    lines = [c for f in faces for c in f.carp]
    return next((c for c in lines if c.vhid in vhids), next((c for c in lines if c.vhid == pair.vrid), None))


def _role(node: NodeView, pair: PairConfig) -> tuple[Role, str]:
    daemons = processes_of(node, "freevrrpd")
    if daemons is None:
        return Role.UNKNOWN, f"processes: {node.facts.processes.unknown}"
    if not daemons:
        carp = _carp_of(node, pair)
        if carp is not None:
            role = Role.INITIALIZE if carp.state.upper() == "INIT" else Role(carp.state.upper())
            return role, f"carp: {carp.state} vhid {carp.vhid}"
        if node.facts.interfaces.value is None:
            return Role.UNKNOWN, f"no freevrrpd process; interfaces: {node.facts.interfaces.unknown}"
        return Role.STOPPED, "no freevrrpd process"
    return _freevrrpd_role(node, pair, {p.pid for p in daemons})


def _freevrrpd_role(node: NodeView, pair: PairConfig, pids: set[int]) -> tuple[Role, str]:
    log = node.facts.vrrplog.value
    if log is None:
        return Role.UNKNOWN, f"freevrrpd log: {node.facts.vrrplog.unknown}"
    section = vrrp_section(node, pair)
    vrid = section.serverid if section and section.serverid is not None else pair.vrid
    lines = [*(ln for ln in node.facts.messages.value or () if ln.program == "freevrrpd"), *log.lines]
    logged = {number for number, _, _ in log.states}
    if node.facts.vrrpconf.value is None and vrid not in logged and len(logged) == 1:
        # The configuration cannot be read, but there is only one group the daemon speaks of.
        vrid = logged.pop()
    role, why = Role.UNKNOWN, ""
    for line in lines:
        if (line.pid is not None and line.pid not in pids) or surely_before_boot(line.stamp, node):
            continue
        role, why = _after(line, role, why, vrid, section.interface if section else None)
    if why:
        return role, why
    if any(line.pid is not None and _STATE.search(line.text) for line in lines):
        return Role.UNKNOWN, "the running freevrrpd has logged no state yet; older ones are of a dead daemon"
    for number, word, stamp in reversed(log.states):
        if number == vrid and not surely_before_boot(stamp, node):
            return Role(word.upper()), f"{stamp} server state vrid {number}: {word}"
    return Role.UNKNOWN, f"freevrrpd runs, but no state of vrid {vrid} is in the log since boot"


def _after(line: LogLine, role: Role, why: str, vrid: int, interface: str | None) -> tuple[Role, str]:
    """What is known of the role after one more line of the daemon that runs now."""
    said = f"{line.stamp} {line.text}"
    if (state := _STATE.search(line.text)) and int(state[1]) == vrid:
        return Role(state[2].upper()), said
    if (given_up := _GIVEN_UP.search(line.text)) and int(given_up[1]) == vrid:
        return Role.DISABLED, said
    if faulty := _FAULTY.search(line.text):
        if interface in (None, faulty[1] or faulty[2]):
            return Role.DISABLED, said
    elif (alive := _ALIVE.search(line.text)) and role is Role.DISABLED:
        if interface in (None, alive[1]):
            return Role.UNKNOWN, f"{said}; no state logged since"
    elif "initializing threads and all VRID" in line.text:
        return Role.UNKNOWN, f"{said}; no state logged since"
    return role, why
