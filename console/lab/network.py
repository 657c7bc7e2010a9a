"""Network interfaces of a simulated node: addresses, carrier, and who is reachable."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field

from console.lab import devd
from console.lab.world import Node

UP, BROADCAST, LOOPBACK, RUNNING = 0x1, 0x2, 0x8, 0x40
KNOWS_EPOCH = 0x20
"""Set by drivers such as vtnet(4) and never spelled out by ifconfig(8)."""
PROMISC, SIMPLEX, MULTICAST, PPROMISC = 0x100, 0x800, 0x8000, 0x20000
_FLAG_NAMES = {
    UP: "UP", BROADCAST: "BROADCAST", LOOPBACK: "LOOPBACK", RUNNING: "RUNNING", PROMISC: "PROMISC",
    SIMPLEX: "SIMPLEX", MULTICAST: "MULTICAST", PPROMISC: "PPROMISC",
}  # fmt: skip

REPLICATION = "vtnet1"
"""The interface at the cable between the nodes; the floating address belongs to its network."""
MANAGEMENT = "vtnet0"

_ETHERNET_ND6 = "29<PERFORMNUD,IFDISABLED,AUTO_LINKLOCAL>"


@dataclass(slots=True)
class Address:
    """One IPv4 address of an interface."""

    address: str
    prefix: int = 24
    vhid: int | None = None

    @property
    def text(self) -> str:
        """The line of ifconfig(8), without its indentation."""
        network = ipaddress.IPv4Network(f"{self.address}/{self.prefix}", strict=False)
        mask = f"{int(network.netmask):#010x}"
        if self.address.startswith("127."):
            return f"inet {self.address} netmask {mask}"
        vhid = f" vhid {self.vhid}" if self.vhid is not None else ""
        return f"inet {self.address} netmask {mask} broadcast {network.broadcast_address}{vhid}"


@dataclass(eq=False)
class Interface:
    """A network interface as ifconfig(8) shows it."""

    name: str
    flags: int
    options: str
    mtu: int = 1500
    ether: str = ""
    hwaddr: str = ""
    media: str = ""
    groups: str = ""
    nd6: str = ""
    inet: list[Address] = field(default_factory=list)
    inet6: list[str] = field(default_factory=list)
    carrier: bool = True
    carp: dict[int, "object"] = field(default_factory=dict)
    """CARP groups by vhid; what is inside belongs to `console.lab.carp`."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """Its IPv4 addresses that answer."""
        return tuple(a.address for a in self.inet) if self.up else ()

    @property
    def up(self) -> bool:
        """Whether it is marked up."""
        return bool(self.flags & UP)

    def set_flags(self, flags: int, on: bool = True) -> None:
        """Set or clear flags."""
        self.flags = self.flags | flags if on else self.flags & ~flags

    def find(self, address: str) -> Address | None:
        """The entry of that address."""
        return next((a for a in self.inet if a.address == address), None)

    def text(self) -> str:
        """The block that ifconfig(8) prints."""
        names = ",".join(name for flag, name in sorted(_FLAG_NAMES.items()) if self.flags & flag)
        lines = [f"{self.name}: flags={self.flags:x}<{names}> metric 0 mtu {self.mtu}"]
        lines.append(f"\toptions={self.options}")
        if self.ether:
            lines.append(f"\tether {self.ether}")
        if self.hwaddr:
            lines.append(f"\thwaddr {self.hwaddr}")
        lines += [f"\tinet6 {address}" for address in self.inet6]
        lines += [f"\t{address.text}" for address in self.inet]
        lines += [f"\tcarp: {group}" for group in self.carp.values()]
        if self.groups:
            lines.append(f"\tgroups: {self.groups}")
        if self.media:
            lines.append(f"\tmedia: Ethernet autoselect ({self.media if self.carrier else 'none'})")
            lines.append(f"\tstatus: {'active' if self.carrier else 'no carrier'}")
        lines.append(f"\tnd6 options={self.nd6}")
        return "\n".join(lines) + "\n"


def interfaces_of(node: Node) -> dict[str, Interface]:
    """The interfaces of a node; the standard ones are made when it has none yet."""
    interfaces: dict[str, Interface] = node.interfaces
    if not interfaces:
        _make(node, interfaces)
        node.world.link.watchers.append(_carrier_watcher(node))
        node.at_power_cut.append(_unplugged)
    elif MANAGEMENT not in interfaces:
        _make(node, interfaces)
    return interfaces


def floating_interface(node: Node, vrid: int) -> Interface:
    """The `ngeth0` that freevrrpd makes for its addresses, with the virtual router's MAC address."""
    interfaces = interfaces_of(node)
    name = "ngeth0"
    while name in interfaces and interfaces[name].ether != f"00:00:5e:00:01:{vrid:02x}":
        name = f"ngeth{int(name[5:]) + 1}"
    if name not in interfaces:
        interfaces[name] = Interface(
            name,
            BROADCAST | SIMPLEX | MULTICAST,
            "28<VLAN_MTU,JUMBO_MTU>",
            ether=f"00:00:5e:00:01:{vrid:02x}",
            hwaddr=f"58:9c:fc:10:ff:{0x95 if node.name == 'a' else 0x92:02x}",
            media="1000baseT <full-duplex>",
            nd6=_ETHERNET_ND6,
        )
        node.kernel(f"{name}: link state changed to DOWN")
        node.kernel(f"{name}: link state changed to UP")
    return interfaces[name]


def _make(node: Node, interfaces: dict[str, Interface]) -> None:
    ethernet = UP | BROADCAST | KNOWS_EPOCH | RUNNING | SIMPLEX | MULTICAST
    options = "80028<VLAN_MTU,JUMBO_MTU,LINKSTATE>"
    media = "10Gbase-T <full-duplex>"
    last = "0a" if node.name == "a" else "0b"
    interfaces[MANAGEMENT] = Interface(
        MANAGEMENT, ethernet, options, ether="52:54:00:12:34:56", media=media, nd6=_ETHERNET_ND6,
        inet=[Address("10.0.2.15")],
    )  # fmt: skip
    interfaces[REPLICATION] = Interface(
        REPLICATION, ethernet, options, ether=f"52:54:00:12:01:{last}", media=media, nd6=_ETHERNET_ND6,
        inet=[Address(node.address)], carrier=node.world.link.up,
    )  # fmt: skip
    interfaces["lo0"] = Interface(
        "lo0", UP | LOOPBACK | RUNNING | MULTICAST, "680003<RXCSUM,TXCSUM,LINKSTATE,RXCSUM_IPV6,TXCSUM_IPV6>",
        mtu=16384, groups="lo", nd6="21<PERFORMNUD,AUTO_LINKLOCAL>", inet=[Address("127.0.0.1", 8)],
        inet6=["::1 prefixlen 128", "fe80::1%lo0 prefixlen 64 scopeid 0x3"],
    )  # fmt: skip


def _carrier_watcher(node: Node) -> Callable[[bool], None]:
    def changed(up: bool) -> None:
        interface = node.interfaces.get(REPLICATION)
        if node.power and interface is not None:
            interface.carrier = up
            node.kernel(f"{REPLICATION}: link state changed to {'UP' if up else 'DOWN'}")
            devd.announce(node, "IFNET", REPLICATION, "LINK_UP" if up else "LINK_DOWN")

    return changed


def _unplugged(node: Node) -> None:
    """Addresses and made interfaces do not survive a power cut."""
    for name in list(node.interfaces):
        if name != "lo0":
            del node.interfaces[name]


def same_wire(node: Node) -> bool:
    """True when the node hears its peer on the replication link."""
    peer = node.peer
    return node.world.link.up and node.power and peer.power


def resolve(node: Node, name: str) -> str | None:
    """The address a name stands for: itself, a node's name, or a line of /etc/hosts."""
    try:
        return str(ipaddress.IPv4Address(name))
    except ValueError:
        pass
    for other in node.world.nodes.values():
        if name in (other.hostname, other.hostname + ".lab"):
            return other.address
    if name == "localhost":
        return "127.0.0.1"
    if node.fs.exists("/etc/hosts"):
        for line in node.fs.read_file("/etc/hosts").decode("utf-8", "replace").splitlines():
            words = line.split("#", 1)[0].split()
            if name in words[1:]:
                return words[0]
    return None


def responder(node: Node, address: str) -> bool:
    """Whether something answers at `address` when `node` asks."""
    if address in ("127.0.0.1", "10.0.2.2", "10.0.2.15"):
        return True
    return node.reaches(address) is not None
