"""What a channel says, kept up to a bound."""

import asyncio
import signal

import asyncssh


class Collector(asyncssh.SSHClientSession[bytes]):
    """Keeps the first `most` bytes of each stream."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.out = bytearray()
        self.err = bytearray()
        self.cut = False
        self.exit_status: int | None = None
        self.closed = asyncio.Event()

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Keep what fits (asyncssh)."""
        kept = self.out if datatype is None else self.err
        room = self._most - len(kept)
        kept += data[:room]
        self.cut = self.cut or len(data) > room

    def exit_status_received(self, status: int) -> None:
        """Keep it (asyncssh)."""
        self.exit_status = status

    def exit_signal_received(self, signal_name: str, core_dumped: bool, msg: str, lang: str) -> None:
        """Keep it as a shell would tell it (asyncssh)."""
        number = getattr(signal, f"SIG{signal_name}", None)
        self.exit_status = 128 + number if isinstance(number, signal.Signals) else 255

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits (asyncssh)."""
        self.closed.set()
