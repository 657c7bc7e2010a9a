"""ggatec(8) and ggated(8): block devices over the network."""

import errno

from console.lab import modules
from console.lab.arguments import Options, read_options
from console.lab.call import Call, Command
from console.lab.errors import reason
from console.lab.gatec import Client, connect
from console.lab.gated import EXPORTS, PORT
from console.lab.geom.gate import ACCESS_WORDS, Gate, GateOptions
from console.lab.sizes import rounded

_USAGE = """usage: ggatec create [-nv] [-o <ro|wo|rw>] [-p port] [-q queue_size] [-R rcvbuf] [-S sndbuf] \
[-s sectorsize] [-t timeout] [-u unit] <host> <path>
       ggatec rescue [-nv] [-o <ro|wo|rw>] [-p port] [-R rcvbuf] [-S sndbuf] <-u unit> <host> <path>
       ggatec destroy [-f] <-u unit>
       ggatec list [-v] [-u unit]"""
_SERVER_USAGE = (
    "usage: ggated [-nv] [-a address] [-F pidfile] [-p port] [-R rcvbuf] [-S sndbuf] [exports file]"
)
_NUMBERS = "pqRSstu"


async def ggatec(call: Call) -> int:
    """Create, rescue, destroy and list gates."""
    words = call.arguments
    if not words or words[0] not in ("create", "rescue", "destroy", "list"):
        call.complain(_USAGE)
        return 1
    action = words[0]
    inner = Call(call.node, [call.argv[0], *words[1:]])
    read = read_options(inner, "fhno:p:q:R:S:s:t:u:v", _USAGE)
    if read is None:
        call.complain(inner.err, end="")
        return 1
    options, rest = read
    if "u" in options:
        options["u"] = options["u"].removeprefix("/dev/").removeprefix("ggate")
    for letter in _NUMBERS:
        if letter in options and not options[letter].isdigit():
            call.complain(f"ggatec: Invalid {_NAMES[letter]}.")
            return 1
    if action == "list":
        return await _list(call, options)
    if action == "destroy":
        return await _destroy(call, options) if "u" in options and not rest else _usage(call)
    if len(rest) != 2 or (action == "rescue" and "u" not in options):
        return _usage(call)
    return await _attach(call, action, options, rest)


_NAMES = {
    "p": "port",
    "q": "queue_size",
    "R": "rcvbuf",
    "S": "sndbuf",
    "s": "sectorsize",
    "t": "timeout",
    "u": "unit number",
}


def _usage(call: Call) -> int:
    call.complain(_USAGE)
    return 1


async def _list(call: Call, options: Options) -> int:
    await call.node.geom.idle()
    for gate in call.node.geom.gates.values():
        if options.get("u", str(gate.unit)) != str(gate.unit):
            continue
        call.say(_details(gate) if "v" in options else gate.name)
    return 0


def _details(gate: Gate) -> str:
    rows = (
        ("NAME", gate.name),
        ("info", gate.info),
        ("access", ACCESS_WORDS[gate.options.access]),
        ("timeout", gate.options.timeout),
        ("queue_count", len(gate.requests)),
        ("queue_size", gate.options.queue_size),
        ("references", gate.references),
        ("mediasize", f"{gate.mediasize} ({rounded(gate.mediasize)})"),
        ("sectorsize", gate.sectorsize),
        ("mode", gate.mode),
    )
    return "".join(f"{label:>11}: {value}\n" for label, value in rows)


async def _destroy(call: Call, options: Options) -> int:
    gates = call.node.geom.gate_class
    if call.uid != 0 or gates is None:
        why = "No such file or directory" if gates is None else "Permission denied"
        call.complain(f"ggatec: open(/dev/ggctl): {why}")
        return 1
    try:
        gates.destroy(int(options["u"]), force="f" in options)
    except OSError as error:
        call.say(f"error: ggatec: ioctl(/dev/ggctl): {reason(error)}.\nerror: Exiting.")
        return 1
    if "f" not in options:
        await call.node.geom.idle()
    return 0


async def _attach(call: Call, action: str, options: Options, rest: list[str]) -> int:
    node = call.node
    if call.uid != 0:
        call.complain("ggatec: open(/dev/ggctl): Permission denied")
        return 1
    if not modules.is_loaded(node, "geom_gate"):
        modules.load_module(node, "geom_gate")
    pid = node.processes.take_pid()
    wanted = GateOptions(
        host=rest[0],
        path=rest[1],
        port=int(options.get("p", PORT)),
        access=options.get("o", "rw"),
        timeout=int(options.get("t", 0)),
        queue_size=min(int(options.get("q", 1024)), 4096),
    )
    try:
        connection = await connect(node, wanted)
    except OSError as error:
        return _give_up(call, options, pid, f"Cannot connect: {reason(error)}.")
    gates = node.geom.gate_class
    unit = int(options["u"]) if "u" in options else None
    try:
        if gates is None:
            raise OSError(errno.ENXIO, "Device not configured")
        if action == "rescue":
            if unit is None or unit not in gates.gates:
                raise OSError(errno.ENXIO, "Device not configured")
            gate = gates.gates[unit]
            if gate.client is not None:
                raise OSError(errno.EBUSY, "Device busy")
        else:
            gate = gates.create(wanted, connection.size // 512 * 512, unit)
    except OSError as error:
        connection.close()
        return _give_up(call, options, pid, f"ggatec: ioctl(/dev/ggctl): {reason(error)}.")
    Client(node, gate, connection, " ".join(call.argv), pid)
    if action == "create":
        node.geom.offer(gate)
        await node.geom.idle()
        if unit is None:
            call.say(gate.name)
    return 0


def _give_up(call: Call, options: Options, pid: int, text: str) -> int:
    for line in (text, "Exiting."):
        if "v" in options:
            call.say(f"error: {line}")
        else:
            call.node.syslog("ggatec", line, pid)
    return 1


async def ggated(call: Call) -> int:
    """Export images; goes into the background."""
    read = read_options(call, "a:hnp:F:R:S:v", _SERVER_USAGE)
    if read is None:
        return 1
    options, rest = read
    if "h" in options or len(rest) > 1:
        call.complain(_SERVER_USAGE)
        return 1
    server = call.node.gate_server
    running = server.listener
    if running is not None and running in call.node.processes:
        call.complain(f"ggated: Daemon already running, pid: {running.pid}.")
        return 1
    if call.uid != 0:
        call.complain("ggated: Cannot open pidfile: Permission denied")
        return 1
    pid = call.node.processes.take_pid()
    port = int(options["p"]) if options.get("p", "").isdigit() else PORT
    file = rest[0] if rest else EXPORTS
    return server.start(" ".join(call.argv), file, pid, port=port, address=options.get("a", ""))


COMMANDS: dict[str, Command] = {"ggatec": ggatec, "ggated": ggated}
