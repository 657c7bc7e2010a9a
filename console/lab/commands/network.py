"""ifconfig(8), ping(8), arp(8) and sockstat(1)."""

import ipaddress

from console.lab.call import Call, Command
from console.lab.carp import join_group, leave_group
from console.lab.modules import is_loaded
from console.lab.network import (
    MANAGEMENT,
    REPLICATION,
    RUNNING,
    UP,
    Address,
    Interface,
    interfaces_of,
    resolve,
    responder,
)
from console.lab.processes import Process
from console.lab.world import Node

_SETTINGS = ("vhid", "advskew", "advbase", "pass", "state", "netmask", "broadcast", "mtu", "metric")


async def ifconfig(call: Call) -> int:
    """Show interfaces, or change addresses, flags and CARP groups of one."""
    interfaces = interfaces_of(call.node)
    words = [word for word in call.arguments if word not in ("-a", "-v", "-u", "-d")]
    if "-l" in words:
        call.say(" ".join(interfaces))
        return 0
    if not words:
        wanted = list(interfaces.values())
        if "-u" in call.arguments:
            wanted = [i for i in wanted if i.up]
        if "-d" in call.arguments:
            wanted = [i for i in wanted if not i.up]
        for interface in wanted:
            call.say(interface.text(), end="")
        return 0
    name, *rest = words
    found = interfaces.get(name)
    if found is None:
        call.complain(f"ifconfig: interface {name} does not exist")
        return 1
    if not rest:
        call.say(found.text(), end="")
        return 0
    if call.uid != 0:
        call.complain("ifconfig: ioctl (SIOCSIFFLAGS): Operation not permitted")
        return 1
    return _change(call, found, rest)


def _change(call: Call, interface: Interface, words: list[str]) -> int:
    settings: dict[str, str] = {}
    address = prefix = None
    adding, removing = False, False
    index = 0
    while index < len(words):
        word = words[index]
        if word in _SETTINGS and index + 1 < len(words):
            settings[word] = words[index + 1]
            index += 1
        elif word in ("alias", "add"):
            adding = True
        elif word in ("-alias", "delete", "remove"):
            removing = True
        elif word in ("up", "down"):
            interface.set_flags(UP | RUNNING, word == "up")
        elif word == "inet":
            pass
        else:
            plain, _, bits = word.partition("/")
            try:
                address = str(ipaddress.IPv4Address(plain))
            except ValueError:
                call.complain(f"ifconfig: {word}: bad value")
                return 1
            prefix = int(bits) if bits.isdigit() else None
        index += 1
    if prefix is None and "netmask" in settings:
        mask = settings["netmask"]
        number = int(mask, 16) if mask.startswith("0x") else int(ipaddress.IPv4Address(mask))
        prefix = number.bit_count()
    if "mtu" in settings:
        interface.mtu = int(settings["mtu"])
    vhid = int(settings["vhid"]) if settings.get("vhid", "").isdigit() else None
    if vhid is not None:
        if not is_loaded(call.node, "carp"):
            call.complain("ifconfig: ioctl (SIOCSVH): Protocol not supported")
            return 1
        join_group(call.node, interface, vhid, settings)
    if address is None:
        return 0
    if removing:
        return _remove(call, interface, address)
    entry = Address(address, 24 if prefix is None else prefix, vhid)
    if adding or not interface.inet:
        if interface.find(address) is None:
            interface.inet.append(entry)
    else:
        interface.inet[0] = entry
    return 0


def _remove(call: Call, interface: Interface, address: str) -> int:
    entry = interface.find(address)
    if entry is None:
        call.complain("ifconfig: ioctl (SIOCDIFADDR): Can't assign requested address")
        return 1
    interface.inet.remove(entry)
    if entry.vhid is not None:
        leave_group(interface, entry.vhid)
    return 0


async def ping(call: Call) -> int:
    """Send echo requests once a second, and sum up."""
    count, wait, words = 0, 10.0, []
    quiet = False
    arguments = iter(call.arguments)
    for word in arguments:
        if word in ("-c", "-t", "-W", "-i", "-s", "-S"):
            value = next(arguments, "")
            if word == "-c" and value.isdigit():
                count = int(value)
            elif word == "-t" and value.isdigit():
                wait = float(value)
            elif word == "-W" and value.isdigit():
                wait = min(wait, int(value) / 1000)
        elif word == "-q":
            quiet = True
        elif not word.startswith("-"):
            words.append(word)
    if not words:
        call.complain("usage: ping [-c count] [-t timeout] [-W waittime] host")
        return 64
    address = resolve(call.node, words[0])
    if address is None:
        call.complain(f"ping: cannot resolve {words[0]}: Unknown host")
        return 68
    call.say(f"PING {words[0]} ({address}): 56 data bytes")
    await call.flush()
    times: list[float] = []
    sent = 0
    began = call.node.clock.now()
    random = call.node.world.random
    while not count or sent < count:
        if responder(call.node, address):
            taken = round(random.uniform(0.3, 1.8), 3)
            times.append(taken)
            if not quiet:
                call.say(f"64 bytes from {address}: icmp_seq={sent} ttl=64 time={taken:.3f} ms")
            await call.flush()
        sent += 1
        if not count or sent < count:
            await call.node.clock.sleep(1.0)
        elif len(times) < sent:
            await call.node.clock.sleep(wait)
        if "-t" in call.arguments and call.node.clock.now() - began >= wait:
            break
    lost = 100.0 * (sent - len(times)) / sent
    call.say(f"\n--- {words[0]} ping statistics ---")
    call.say(f"{sent} packets transmitted, {len(times)} packets received, {lost:.1f}% packet loss")
    if times:
        mean = sum(times) / len(times)
        deviation = (sum((t - mean) ** 2 for t in times) / len(times)) ** 0.5
        call.say(
            f"round-trip min/avg/max/stddev = {min(times):.3f}/{mean:.3f}/{max(times):.3f}/{deviation:.3f} ms"
        )
    return 0 if times else 2


async def arp(call: Call) -> int:
    """List the table of neighbours."""
    interfaces = interfaces_of(call.node)
    rows: list[tuple[str, str, str, str]] = []
    for interface in reversed(list(interfaces.values())):
        if not interface.ether:
            continue
        own = [(a.address, interface.ether, interface.name, "permanent") for a in interface.inet]
        if interface.name == REPLICATION and call.node.peer.power and call.node.world.link.up:
            peer = interfaces_of(call.node.peer)[REPLICATION]
            rows.append((call.node.peer.address, peer.ether, REPLICATION, "expires in 1156 seconds"))
        rows += own
        if interface.name == MANAGEMENT:
            rows.append(("10.0.2.2", "52:55:0a:00:02:02", MANAGEMENT, "expires in 792 seconds"))
    wanted = [word for word in call.arguments if not word.startswith("-")]
    for address, ether, name, life in rows:
        if not wanted or address in wanted:
            call.say(f"? ({address}) at {ether} on {name} {life} [ethernet]")
    if wanted and not any(row[0] in wanted for row in rows):
        call.say(f"{wanted[0]} ({wanted[0]}) -- no entry")
        return 1
    return 0


async def sockstat(call: Call) -> int:
    """List IPv4 sockets of the storage and login daemons."""
    letters = "".join(word[1:] for word in call.arguments if word.startswith("-"))
    call.say("USER     COMMAND    PID   FD PROTO  LOCAL ADDRESS         FOREIGN ADDRESS      ")
    connected = "l" not in letters
    listening = "c" not in letters
    if "6" in letters and "4" not in letters:
        return 0
    for process in sorted(call.node.processes, key=lambda p: -p.pid):
        if call.uid != 0 and process.user != call.user and process.name != "sshd":
            continue
        for descriptor, local, foreign in _sockets(call.node, process):
            if (foreign == "*:*" and listening) or (foreign != "*:*" and connected):
                call.say(
                    f"{process.user:<8.8} {process.name:<10.10} {process.pid:<5} {descriptor:<2} "
                    f"{'tcp4':<6} {local:<21} {foreign}"
                )
    return 0


def _sockets(node: Node, process: Process) -> list[tuple[int, str, str]]:
    """Descriptor, local and foreign address of a process' sockets."""
    if process.name == "sshd":
        return [(4, "*:22", "*:*")] if "[listener]" in process.command else []
    if process.name == "ggated":
        words = process.command.split()
        port = words[words.index("-p") + 1] if "-p" in words[:-1] else "3080"
        local = words[words.index("-a") + 1] if "-a" in words[:-1] else "*"
        found = [(6, f"{local}:{port}", "*:*")]
        parent = node.processes.get(process.ppid)
        if parent is not None and parent.name == "ggated":
            source = 20000 + process.pid % 20000
            found += [(n, f"{node.address}:{port}", f"{node.peer.address}:{source + n}") for n in (7, 8)]
        return found
    if process.name == "ggatec":
        source = 20000 + process.pid % 20000
        if node.world.link.up and node.peer.power:
            return [(n, f"{node.address}:{source + n}", f"{node.peer.address}:3080") for n in (3, 4)]
    return []


COMMANDS: dict[str, Command] = {"ifconfig": ifconfig, "ping": ping, "arp": arp, "sockstat": sockstat}
