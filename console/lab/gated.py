"""ggated, the daemon that serves image files to gates: exports, listener, one child per connection."""

import errno
import ipaddress
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.lab.images import Image

if TYPE_CHECKING:
    from console.lab.geom.gate import GateOptions
    from console.lab.processes import Process
    from console.lab.world import Node

EXPORTS = "/etc/gg.exports"
PORT = 3080

FLAGS = {"RO": "ro", "RW": "rw", "WO": "wo"}


class Refused(OSError):
    """The server does not serve this client."""


@dataclass(frozen=True, slots=True)
class Export:
    """One line of the exports file."""

    network: ipaddress.IPv4Network
    access: str
    path: str


class BadExports(Exception):
    """The exports file cannot be used; the text is what ggated logs."""


def read_exports(text: str) -> tuple[Export, ...]:
    """Read gg.exports; raises BadExports with ggated's own words."""
    exports = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split("#", 1)[0].split(maxsplit=2)
        if not words:
            continue
        if len(words) < 3:
            raise BadExports(f"Too few arguments at line {number}.")
        try:
            network = ipaddress.IPv4Network(words[0], strict=False)
        except ValueError as error:
            raise BadExports(f"Invalid IP/host name at line {number}.") from error
        if words[1] not in FLAGS:
            raise BadExports(f"Invalid value in flags field at line {number}.")
        if not words[2].startswith("/"):
            raise BadExports(f"Invalid path at line {number}.")
        exports.append(Export(network, FLAGS[words[1]], words[2].strip()))
    if not exports:
        raise BadExports("There are no objects to export.")
    return tuple(exports)


class Connection:
    """A client's pair of TCP connections, served by one child of ggated that holds the image open."""

    def __init__(
        self, server: "GateServer", client: "Node", path: str, image: Image, child: "Process", boot: float
    ) -> None:
        self.path = path
        self._server = server
        self._client = client
        self._image = image
        self._boot = boot
        self.child = child
        self.closed = False
        self.on_end: Callable[[], None] | None = None

    @property
    def size(self) -> int:
        """The image's size in bytes."""
        return self._image.size

    @property
    def alive(self) -> bool:
        """True when what is sent now will be answered."""
        node = self._server.node
        return not self.closed and node.power and (node is self._client or self._client.world.link.up)

    @property
    def reset(self) -> bool:
        """True when the peer is there but knows nothing of this connection any more."""
        node = self._server.node
        reachable = node.power and node.ready and (node is self._client or self._client.world.link.up)
        return self.closed and reachable

    @property
    def frozen(self) -> bool:
        """True while the disk below the image does not answer."""
        return self._image.frozen

    def handle(self, offset: int, length: int, data: bytes | None) -> bytes:
        """Read or write the image; raises OSError."""
        if self._image.failing:
            raise OSError(errno.EIO, "Input/output error")
        if data is None:
            return self._image.read(offset, length)
        self._image.write(offset, data)
        return b""

    def close(self) -> None:
        """The client hangs up: the child ends."""
        if not self.closed:
            self.closed = True
            self._server.node.processes.exit(self.child)

    def drop(self) -> None:
        """The child was killed: the client notices if the link carries that."""
        if self.closed:
            return
        self.closed = True
        if self.on_end is not None and self._client.world.link.up:
            self._client.clock.call_later(0.0, self.on_end)


class GateServer:
    """A node's ggated, running or not."""

    def __init__(self, node: "Node") -> None:
        self.node = node
        self.listener: Process | None = None
        self.connections: list[Connection] = []
        self.port = PORT
        self.address = ""
        self._exports: tuple[Export, ...] = ()
        self._file = EXPORTS
        self._reread = False

    def start(self, command: str, file: str, pid: int, *, port: int = PORT, address: str = "") -> int:
        """Become a daemon; returns the exit status and logs why it is not 0."""
        if not self.node.fs.exists(file):
            self._log(f"Cannot open exports file ({file}): No such file or directory.", pid)
            self._log("Exiting.", pid)
            return 1
        try:
            self._exports = read_exports(self.node.fs.read_file(file).decode("utf-8", "replace"))
        except BadExports as error:
            self._log(str(error), pid)
            self._log("Exiting.", pid)
            return 1
        self._file, self.port, self.address, self._reread = file, port, address, False
        self.listener = self.node.processes.spawn(command, stat="Ss", pid=pid, on_signal=self._signalled)
        return 0

    @property
    def exports(self) -> tuple[Export, ...]:
        """What it serves, as its file was last read."""
        return self._exports

    def accept(self, client: "Node", options: "GateOptions") -> Connection:
        """Let a client in; raises Refused or OSError(ECONNREFUSED) as the client sees it."""
        listener = self.listener
        if listener is None or listener not in self.node.processes or options.port != self.port:
            raise OSError(errno.ECONNREFUSED, "Connection refused")
        if self._reread and not self._read_again():
            raise OSError(errno.ECONNREFUSED, "Connection refused")
        peer = ipaddress.IPv4Address(client.address)
        allowed = [e for e in self._exports if peer in e.network and e.path == options.path]
        if not allowed:
            self._log(f"Unauthorized connection from: {client.address}.", listener.pid)
            raise Refused(errno.ENOENT, "No such file or directory")
        if options.access != allowed[0].access and allowed[0].access != "rw":
            words = {"rw": "Read-write", "ro": "Read-only", "wo": "Write-only"}
            kept = {"ro": "read-only", "wo": "write-only", "rw": "read-write"}[allowed[0].access]
            self._log(
                f"{words[options.access]} access requested, but {options.path} ({client.address}) "
                f"is exported {kept}.",
                listener.pid,
            )
            raise Refused(errno.EPERM, "Operation not permitted")
        image = self.node.images.at(options.path)
        if image is None:
            self._log(f"Cannot open {options.path}: No such file or directory.", listener.pid)
            raise Refused(errno.ENOENT, "No such file or directory")
        return self._serve(client, listener, image, options.path)

    def lose(self) -> None:
        """Vanish, as in a power cut; clients learn it only when they ask."""
        self.listener = None
        for connection in self.connections:
            connection.closed = True
        self.connections.clear()

    def _serve(self, client: "Node", listener: "Process", image: Image, path: str) -> Connection:
        self.connections = [known for known in self.connections if not known.closed]
        child = self.node.processes.spawn(listener.command, ppid=listener.pid, stat="S")
        connection = Connection(self, client, path, image, child, self.node.boot_time)
        self.connections.append(connection)

        def killed(number: int) -> bool:
            if number == signal.SIGHUP:
                return True
            connection.drop()
            return False

        child.on_signal = killed
        for thread in ("disk_thread", "send_thread", "recv_thread"):
            self._log(f"{thread}: started [{path}]!", child.pid)
        return connection

    def _signalled(self, number: int) -> bool:
        if number == signal.SIGHUP:
            self._reread = True
            return True
        self.listener = None
        return False

    def _read_again(self) -> bool:
        self._reread = False
        listener = self.listener
        try:
            self._exports = read_exports(self.node.fs.read_file(self._file).decode("utf-8", "replace"))
        except BadExports as error:
            if listener is not None:
                self._log(str(error), listener.pid)
                self._log("Exiting.", listener.pid)
                self.node.processes.exit(listener)
            self.listener = None
            return False
        return True

    def _log(self, text: str, pid: int) -> None:
        self.node.syslog("ggated", text, pid)
