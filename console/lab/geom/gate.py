"""The GATE class: ggate units, their queue of requests, and the sweep that fails the old ones."""

import asyncio
import errno
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from console.lab.clock import Timer
from console.lab.geom.base import Config, GeomClass, GeomObject, Provider, failure

if TYPE_CHECKING:
    from console.lab.gatec import Client
    from console.lab.geom.kernel import Geom

OLD_SECONDS = 5.0
"""A sweep (every `timeout` seconds) fails every request that has waited at least this long."""

ACCESS_WORDS = {"rw": "read-write", "ro": "read-only", "wo": "write-only"}


@dataclass(eq=False)
class Request:
    """A request that the peer has not answered yet; `data` is None for a read."""

    offset: int
    length: int
    data: bytes | None
    since: float
    answer: "asyncio.Future[bytes]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


@dataclass(frozen=True, slots=True)
class GateOptions:
    """What `ggatec create` was asked for."""

    host: str
    path: str
    port: int = 3080
    access: str = "rw"
    timeout: int = 0
    queue_size: int = 1024


class Gate(Provider):
    """One ggate unit; it outlives the ggatec process that feeds it."""

    unmapped = False

    def __init__(self, geom: GeomObject, unit: int, options: GateOptions, size: int) -> None:
        super().__init__(geom, f"ggate{unit}", size)
        self.unit = unit
        self.options = options
        self.requests: list[Request] = []
        self.client: Client | None = None
        self._clock = geom.owner.node.clock
        self._sweeper: Timer | None = None
        self._plan_sweep()

    @property
    def info(self) -> str:
        """Host, port and path, as `ggatec list -v` shows them."""
        return f"{self.options.host}:{self.options.port} {self.options.path}"

    @property
    def references(self) -> int:
        """One for itself, one while a ggatec waits for requests."""
        return 2 if self.client is not None and self.client.connected else 1

    def access(self, reads: int, writes: int, exclusives: int) -> None:
        """A read-only gate refuses writers."""
        if self.options.access == "ro" and writes > 0:
            raise failure(errno.EPERM)

    async def read(self, offset: int, length: int) -> bytes:
        """Ask the peer; waits for as long as it does not answer."""
        return await self._ask(offset, length, None)

    async def write(self, offset: int, data: bytes) -> None:
        """Have the peer write; waits for as long as it does not answer."""
        await self._ask(offset, len(data), data)

    def fail(self, number: int, older_than: float = 0.0) -> None:
        """End waiting requests with an error."""
        now = self._clock.now()
        for request in list(self.requests):
            if now - request.since >= older_than:
                self.settle(request, failure(number))

    def settle(self, request: Request, answer: bytes | OSError) -> None:
        """Answer a request and take it out of the queue."""
        if request in self.requests:
            self.requests.remove(request)
        if request.answer.done():
            return
        if isinstance(answer, OSError):
            request.answer.set_exception(answer)
            # Whoever asked may have been killed meanwhile: nobody must look.
            request.answer.exception()
        else:
            request.answer.set_result(answer)

    def lose(self) -> None:
        """Vanish, as in a power cut."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        self.requests.clear()

    async def _ask(self, offset: int, length: int, data: bytes | None) -> bytes:
        if self.withered:
            raise failure(errno.ENXIO)
        if len(self.requests) >= self.options.queue_size:
            raise failure(errno.ENOMEM)
        request = Request(offset, length, data, self._clock.now())
        self.requests.append(request)
        if self.client is not None:
            self.client.serve()
        # Who asked may give up (a killed command); the request stays with the kernel.
        return await asyncio.shield(request.answer)

    def _plan_sweep(self) -> None:
        if self.options.timeout > 0:
            self._sweeper = self._clock.call_later(self.options.timeout, self._sweep)

    def _sweep(self) -> None:
        self.fail(errno.EIO, OLD_SECONDS)
        if not self.withered:
            self._plan_sweep()


class Gates(GeomClass):
    """All ggate units of a node."""

    name = "GATE"
    xml_id = "0xffffffff80d231b0"

    def __init__(self, kernel: "Geom") -> None:
        super().__init__(kernel)
        self.gates: dict[int, Gate] = {}
        self.node.fs.mkdir("/dev", recursive=True)
        self.node.fs.write_file("/dev/ggctl", b"")

    def create(self, options: GateOptions, size: int, unit: int | None) -> Gate:
        """Make a unit; raises OSError(EEXIST) when the number is taken."""
        if unit is None:
            unit = next(number for number in range(len(self.gates) + 1) if number not in self.gates)
        if unit in self.gates:
            raise failure(errno.EEXIST)
        geom = self.kernel.new_geom(self, f"ggate{unit}", 1)
        gate = Gate(geom, unit, options, size)
        geom.config = lambda: self._config(gate)
        self.gates[unit] = gate
        return gate

    def destroy(self, unit: int, *, force: bool) -> None:
        """Take a unit away: waiting requests end with ENXIO. Raises OSError (ENXIO unknown, EBUSY in use)."""
        gate = self.gates.get(unit)
        if gate is None:
            raise failure(errno.ENXIO)
        if not force and (gate.read_count or gate.write_count or gate.exclusive_count):
            raise failure(errno.EBUSY)
        del self.gates[unit]
        self.kernel.remove_geom(gate.geom)
        gate.fail(errno.ENXIO)
        gate.lose()
        if gate.client is not None:
            gate.client.end()

    def _config(self, gate: Gate) -> Config:
        return (
            ("access", ACCESS_WORDS[gate.options.access]),
            ("timeout", str(gate.options.timeout)),
            ("info", gate.info),
            ("queue_count", str(len(gate.requests))),
            ("queue_size", str(gate.options.queue_size)),
            ("ref", str(gate.references)),
            ("unit", str(gate.unit)),
        )
