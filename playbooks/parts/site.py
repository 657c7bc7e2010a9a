"""What the steps of a pair are written with: devices, units, addresses, as the snapshot shows them."""

import ipaddress
from dataclasses import dataclass

from console.health import stack
from console.health.truths import vrrp_section
from console.model.config import NodeConfig, PairConfig
from console.model.facts import Exports
from console.model.snapshot import NodeView, PairSnapshot
from console.model.words import Home
from playbooks.job import CannotPlan

GATE_TIMEOUT = 10
"""Seconds; 10 to 30 is sound, and 0 would mean never."""


@dataclass(frozen=True, slots=True)
class Site:
    """A pair as commands name it."""

    snapshot: PairSnapshot
    master_md: int
    """The md unit of the home master's image: the one it has, else a free one."""
    slave_md: int
    gate_unit: int
    """The unit the gate has, else the configured one."""
    gate_timeout: int
    master_hardcoded: bool
    """The master's half carries its provider's name (`-h`), so that nothing else is tasted in its place."""

    @property
    def pair(self) -> PairConfig:
        """The configuration."""
        return self.snapshot.config

    @property
    def mirror(self) -> str:
        """Name of the mirror."""
        return self.pair.mirror

    @property
    def mirror_device(self) -> str:
        """`/dev/mirror/remotemirror`."""
        return f"/dev/mirror/{self.pair.mirror}"

    @property
    def mount(self) -> str:
        """The mount point."""
        return self.pair.mount

    @property
    def gate(self) -> str:
        """`ggate0`."""
        return f"ggate{self.gate_unit}"

    @property
    def master(self) -> NodeConfig:
        """The home master."""
        return self.pair.master

    @property
    def slave(self) -> NodeConfig:
        """The home slave."""
        return self.pair.slave

    def node(self, home: Home) -> NodeConfig:
        """The node that lives at `home`."""
        return self.master if home is Home.MASTER else self.slave

    def md(self, home: Home) -> int:
        """The md unit of a node's image."""
        return self.master_md if home is Home.MASTER else self.slave_md

    @property
    def slave_address(self) -> str:
        """Where the master reaches the slave's ggated: never a name, never the floating address."""
        return _slave_address(self.snapshot)

    @property
    def copy_limit(self) -> float:
        """Seconds a whole copy may take: 1 MB/s is slower than any link worth mirroring over."""
        size = max((stack.image_size(n) or 0 for n in self.snapshot.nodes), default=0)
        return min(7 * 86_400.0, max(3_600.0, size / 1e6))


def site_of(snapshot: PairSnapshot, gate_timeout: int | None = None) -> Site:
    """The pair's site; raises CannotPlan when a name could not be put into a command."""
    config = snapshot.config
    for value in (config.mirror, config.mount, config.master.image, config.slave.image):
        if any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in value):
            raise CannotPlan(f"{value!r} in the configuration holds control characters: correct it there")
    if "/" in config.mirror or config.mirror in (".", ".."):
        raise CannotPlan(f"{config.mirror!r} cannot be the name of a mirror: correct the configuration")
    gates = stack.gates_to_peer(snapshot.master, config, snapshot.slave)
    by_path = [g for g in gates if g.path == config.slave.image]
    now = by_path[0].timeout if by_path else None
    return Site(
        snapshot=snapshot,
        master_md=_md_unit(snapshot.master),
        slave_md=_md_unit(snapshot.slave),
        gate_unit=by_path[0].unit if by_path else config.gate_unit,
        gate_timeout=gate_timeout or now or GATE_TIMEOUT,
        master_hardcoded=_hardcoded(snapshot),
    )


def _md_unit(node: NodeView) -> int:
    geom = node.facts.geom.last
    attached = stack.md_of(geom, node.config.image)
    if attached:
        return attached[0].unit
    taken = {md.unit for md in geom.mds} if geom else set()
    return next(n for n in range(len(taken) + 1) if n not in taken)


def _hardcoded(snapshot: PairSnapshot) -> bool:
    mirror = stack.mirror_on(snapshot.master, snapshot.config)
    half = stack.local_half(mirror) if mirror else None
    # What is not attached cannot be read; we and the reference build label the master's half with -h.
    return half is None or "HARDCODED" in half.flags


def _slave_address(snapshot: PairSnapshot) -> str:
    slave, floating = snapshot.config.slave, snapshot.config.floating
    gates = stack.gates_to_peer(snapshot.master, snapshot.config, snapshot.slave)
    for address in (slave.replication, *(g.host for g in gates), slave.host):
        if address and address != floating and _is_ipv4(address):
            return address
    section = vrrp_section(snapshot.slave, snapshot.config)
    for face in snapshot.slave.facts.interfaces.value or ():
        if section and face.name == section.interface:
            for inet in face.inet:
                if inet.addr != floating:
                    return inet.addr
    raise CannotPlan(
        f"the address of {slave.name} on the replication link is not known: "
        "set `replication` of this node in the configuration"
    )


def _is_ipv4(word: str) -> bool:
    try:
        ipaddress.IPv4Address(word)
    except ValueError:
        return False
    return True


def lint_export(site: Site) -> None:
    """Refuse when the slave's export table would not give its image to the master."""
    slave, image = site.slave.name, site.slave.image
    fact = site.snapshot.slave.facts.exports
    table: Exports | None = fact.value
    if table is None:
        raise CannotPlan(f"/etc/gg.exports of {slave} was not read ({fact.unknown}): look again")
    if table.bad:
        number, _, why = table.bad[0]
        raise CannotPlan(
            f"/etc/gg.exports of {slave}, line {number}: {why}; ggated would not start: correct it"
        )
    lines = [e for e in table.exports if e.path == image]
    if not lines:
        raise CannotPlan(
            f"/etc/gg.exports of {slave} does not name {image}: add it, with the master's address"
        )
    if not any(e.access.upper() == "RW" for e in lines):
        raise CannotPlan(f"/etc/gg.exports of {slave} gives {image} only as {lines[0].access}: make it RW")
