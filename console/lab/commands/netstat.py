"""netstat(1): the routing table, and TCP sockets with their states."""

from console.lab.call import Call, Command
from console.lab.gated import PORT
from console.lab.processes import Process
from console.lab.world import Node


async def netstat(call: Call) -> int:
    """Routing table (-rn), or sockets (-an)."""
    if any("r" in word for word in call.arguments if word.startswith("-")):
        _routes(call)
    else:
        _sockets(call)
    return 0


def _routes(call: Call) -> None:
    own = call.node.address
    call.say("Routing tables\n\nInternet:\nDestination        Gateway            Flags     Netif Expire")
    rows = [
        ("default", "10.0.2.2", "UGS", "vtnet0"), ("10.0.2.0/24", "link#1", "U", "vtnet0"),
        ("10.0.2.15", "link#1", "UHS", "lo0"), ("127.0.0.1", "link#3", "UH", "lo0"),
        ("192.168.1.0/24", "link#2", "U", "vtnet1"), (own, "link#2", "UHS", "lo0"),
    ]  # fmt: skip
    for destination, gateway, flags, interface in rows:
        call.say(f"{destination:18} {gateway:18} {flags:8} {interface:>6}")
    call.say(
        "\nInternet6:\nDestination                       Gateway                       Flags     Netif Expire"
    )
    for destination, gateway, flags in (
        ("::/96", "::1", "URS"), ("::1", "link#3", "UHS"), ("::ffff:0.0.0.0/96", "::1", "URS"),
        ("fe80::/10", "::1", "URS"), ("fe80::%lo0/64", "link#3", "U"), ("fe80::1%lo0", "link#3", "UHS"),
        ("ff02::/16", "::1", "URS"),
    ):  # fmt: skip
        call.say(f"{destination:33} {gateway:29} {flags:8} {'lo0':>6}")


def _gate_sockets(node: Node, process: Process) -> list[tuple[str, str, str]]:
    """Local and foreign address and state of what ggated and ggatec have open."""
    if process.name == "ggatec":
        gates = node.geom.gates.values()
        if not any(
            g.client is not None and g.client.process is process and g.client.connected for g in gates
        ):
            return []
        return [
            (
                f"{node.address}.{20000 + process.pid % 20000 + n}",
                f"{node.peer.address}.{PORT}",
                "ESTABLISHED",
            )
            for n in (3, 4)
        ]
    if process.name != "ggated":
        return []
    server = node.gate_server
    if server.listener is process:
        return [(f"{server.address or '*'}.{server.port}", "*.*", "LISTEN")]
    source = 20000 + process.pid % 20000
    return [
        (f"{node.address}.{server.port}", f"{node.peer.address}.{source + n}", "ESTABLISHED") for n in (7, 8)
    ]


def _sockets(call: Call) -> None:
    call.say("Active Internet connections (including servers)")
    call.say("Proto Recv-Q Send-Q Local Address          Foreign Address        (state)    ")
    rows = [("tcp4", "10.0.2.15.22", "10.0.2.2.43176", "ESTABLISHED")]
    rows += [("tcp4", *row) for process in call.node.processes for row in _gate_sockets(call.node, process)]
    rows += [("tcp4", "*.22", "*.*", "LISTEN"), ("tcp6", "*.22", "*.*", "LISTEN")]
    for kind, local, foreign, state in rows:
        call.say(f"{kind:5} {0:6d} {0:6d} {local:22} {foreign:22} {state:11}")
    call.say("Active UNIX domain sockets")
    call.say(
        "Address          Type   Recv-Q Send-Q            Inode             Conn             Refs"
        "          Nextref Addr"
    )


COMMANDS: dict[str, Command] = {"netstat": netstat}
