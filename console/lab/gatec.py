"""ggatec, the process that carries a gate's requests to the peer, loses it and finds it again."""

import errno
import signal
from typing import TYPE_CHECKING

from console.lab.clock import Timer
from console.lab.gated import Connection, Refused
from console.lab.geom.gate import Gate, GateOptions

if TYPE_CHECKING:
    from console.lab.world import Node

SYN_AT = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 11.0, 19.0, 35.0, 67.0)
"""Seconds after which TCP tries again to connect."""

CONNECT_SECONDS = 75.0
RETRY_SECONDS = 2.0

GIVE_UP_SECONDS = 85.0
"""How long TCP sends an unanswered request again before it declares the connection lost."""

RETRANSMIT_SECONDS = 3.0
"""After the link is back, until TCP sends again what waits."""

FROZEN_POLL = 0.5


async def connect(node: "Node", options: GateOptions) -> Connection:
    """Reach the peer's ggated; raises OSError with the errno that ggatec reports."""
    clock = node.clock
    started = clock.now()
    for after in SYN_AT:
        await clock.sleep(started + after - clock.now())
        server = node.reaches(options.host)
        if server is not None:
            return server.gate_server.accept(node, options)
    await clock.sleep(started + CONNECT_SECONDS - clock.now())
    raise OSError(errno.ETIMEDOUT, "Operation timed out")


class Client:
    """One running `ggatec create` or `ggatec rescue`."""

    def __init__(self, node: "Node", gate: Gate, connection: Connection, command: str, pid: int) -> None:
        self._node = node
        self._gate = gate
        self._connection: Connection | None = None
        self._timers: list[Timer] = []
        self._unanswered: Timer | None = None
        self._ended = False
        self.process = node.processes.spawn(command, stat="Ss", pid=pid, on_signal=self._signalled)
        gate.client = self
        node.world.link.watchers.append(self._link_changed)
        self._take(connection)

    @property
    def connected(self) -> bool:
        """False while it tries to reach the peer again."""
        return self._connection is not None

    def serve(self) -> None:
        """Carry what can be carried now; the rest waits."""
        connection = self._connection
        if self._ended or connection is None:
            return
        if not connection.alive:
            self._wait_for_answer()
            if connection.reset:
                self._node.clock.call_later(0.0, self._lost)
            return
        for request in list(self._gate.requests):
            if connection.frozen:
                self._later(FROZEN_POLL)
                return
            try:
                self._gate.settle(request, connection.handle(request.offset, request.length, request.data))
            except OSError as error:
                self._gate.settle(request, error)
        if self._unanswered is not None:
            self._unanswered.cancel()
            self._unanswered = None

    def end(self) -> None:
        """Stop for good: the gate was destroyed, or the process killed."""
        if self._ended:
            return
        self._ended = True
        for timer in self._timers:
            timer.cancel()
        if self._unanswered is not None:
            self._unanswered.cancel()
        if self._link_changed in self._node.world.link.watchers:
            self._node.world.link.watchers.remove(self._link_changed)
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()
        if self._gate.client is self:
            self._gate.client = None
        self._node.processes.exit(self.process)

    def _take(self, connection: Connection) -> None:
        self._connection = connection
        connection.on_end = self._lost
        self._log("send_thread: started!")
        self._log("recv_thread: started!")
        self.serve()

    def _log(self, text: str) -> None:
        self._node.syslog("ggatec", text, self.process.pid)

    def _signalled(self, number: int) -> bool:
        if number == signal.SIGHUP:
            return True
        self.end()
        return False

    def _link_changed(self, up: bool) -> None:
        if up:
            self._later(RETRANSMIT_SECONDS)

    def _later(self, seconds: float) -> None:
        self._timers = [timer for timer in self._timers if not timer.cancelled]
        self._timers.append(self._node.clock.call_later(seconds, self.serve))

    def _wait_for_answer(self) -> None:
        if self._unanswered is None and self._gate.requests:
            self._unanswered = self._node.clock.call_later(GIVE_UP_SECONDS, self._lost)

    def _lost(self) -> None:
        """The connection broke: log it and try to connect until it works."""
        if self._ended or self._connection is None or not self._node.power:
            return
        connection, self._connection = self._connection, None
        connection.close()
        self._unanswered = None
        options = self._gate.options
        self._log("Lost connection 1.")
        self._log(f"Disconnected [{options.host} {options.path}]. Connecting...")
        self._node.start(self._reconnect())

    async def _reconnect(self) -> None:
        options = self._gate.options
        while not self._ended:
            try:
                connection = await connect(self._node, options)
            except (OSError, Refused):
                if self._ended:
                    return
                await self._node.clock.sleep(RETRY_SECONDS)
                if not self._ended:
                    self._log(f"Connecting [{options.host} {options.path}]...")
                continue
            if self._ended:
                connection.close()
                return
            self._take(connection)
            return
