"""nc(1): reading a local socket (`nc -U /var/run/devd.pipe`), asking a port (`nc -z HOST PORT`)."""

import asyncio

from console.lab import devd
from console.lab.arguments import read_options
from console.lab.call import Call, Command
from console.lab.files import resolve

USAGE = "usage: nc [-46DdEFhklMNnrStUuvz] [-e policy] [-I length] [-i interval] [-O length]\n" + (
    "\t  [-P proxy_username] [-p source_port] [-s source] [-T toskeyword]\n"
    "\t  [-V rtable] [-w timeout] [-X proxy_protocol]\n"
    "\t  [-x proxy_address[:port]] [destination] [port]"
)


async def nc(call: Call) -> int:
    """Print what devd announces until the process is told to end; -z: look whether a port answers."""
    read = read_options(call, "46DdEFhklMNnrStUuvzi:w:p:s:", USAGE)
    if read is None:
        return 1
    options, rest = read
    if "z" in options and len(rest) == 2:
        return await _look(call, rest[0], rest[1], float(options.get("w", "75")))
    if not rest or "U" not in options or resolve(call, rest[0]) != devd.PIPE:
        call.complain(USAGE)
        return 1
    queue = devd.subscribe(call.node)
    process = call.node.processes.spawn("nc " + " ".join(call.arguments), stat="S", user=call.user)
    ended = asyncio.get_running_loop().create_future()

    def end(_: int) -> None:
        if not ended.done():
            ended.set_result(None)

    process.on_signal = end
    try:
        while True:
            news = asyncio.ensure_future(queue.get())
            await asyncio.wait({news, ended}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                news.cancel()
                return 143
            call.say(news.result(), end="")
            await call.flush()
    finally:
        devd.unsubscribe(call.node, queue)
        call.node.processes.exit(process)


async def _look(call: Call, host: str, port: str, limit: float) -> int:
    """Whether ggated, the one server the lab has on a port of its own, listens there."""
    node = call.node.reaches(host)
    if node is None:
        await call.node.clock.sleep(limit)
        return 1
    server = node.gate_server
    if server.listener is None or server.listener not in node.processes or port != str(server.port):
        return 1
    call.complain(f"Connection to {host} {port} port [tcp/*] succeeded!")
    return 0


COMMANDS: dict[str, Command] = {"nc": nc}
