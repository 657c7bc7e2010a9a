"""The wall below all that watches: whatever asks, only the fixed programs of `programs` get through."""

from collections.abc import Callable

import asyncssh

from console.ssh.programs import PROGRAMS
from console.ssh.shell import SHELLS

_SHELLS = frozenset(SHELLS.values())
_WORDS = frozenset(program.word for program in PROGRAMS)
_SCRIPTS = frozenset(program.script.encode("utf-8") for program in PROGRAMS)


class WallError(Exception):
    """Something asked a connection that only watches for more than that: a bug, and nothing was sent."""


class ReadOnlyConnection:
    """A connection that starts the sampler and the mail reader, and refuses everything else.

    A shell is given one of the two scripts, whole, before anything; what follows is read by that script.
    The connection itself stays in here: neither forwarding, nor files, nor another command is reachable.
    """

    __slots__ = ("__connection",)

    def __init__(self, connection: asyncssh.SSHClientConnection) -> None:
        self.__connection = connection

    async def create_session(
        self,
        factory: Callable[[], asyncssh.SSHClientSession[bytes]],
        command: str,
        *,
        encoding: None = None,
        request_pty: bool = False,
        env: None = None,
        send_env: None = None,
        x11_forwarding: bool = False,
    ) -> None:
        """As asyncssh's, for the fixed programs only.

        Raises:
            WallError: it is asked for another command, a terminal, an environment or forwarding.
        """
        if request_pty or env or send_env or x11_forwarding or encoding:
            raise WallError("what watches opens neither terminals nor forwardings")
        if command not in _SHELLS and command not in _WORDS:
            raise WallError(f"what watches does not run {command[:80]!r}")
        await self.__connection.create_session(
            lambda: _Guarded(factory(), needs_script=command in _SHELLS),
            command,
            encoding=None,
            request_pty=False,
            env=None,
            send_env=None,
            x11_forwarding=False,
        )

    def is_closed(self) -> bool:
        """Whether the connection has ended."""
        return self.__connection.is_closed()

    async def wait_closed(self) -> None:
        """Wait until it has."""
        await self.__connection.wait_closed()

    def close(self) -> None:
        """End it."""
        self.__connection.close()

    def abort(self) -> None:
        """Drop it."""
        self.__connection.abort()


class _Guarded(asyncssh.SSHClientSession[bytes]):
    """Passes everything on; only what is written has to begin with a fixed script."""

    def __init__(self, session: asyncssh.SSHClientSession[bytes], *, needs_script: bool) -> None:
        self._session = session
        self._needs_script = needs_script
        # The busiest of all: no call in between.
        self.data_received = session.data_received  # type: ignore[method-assign]

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self._session.connection_made(_Writer(chan, self._needs_script))  # type: ignore[arg-type]  # all it needs

    def session_started(self) -> None:
        self._session.session_started()

    def eof_received(self) -> bool:
        return bool(self._session.eof_received())

    def exit_status_received(self, status: int) -> None:
        self._session.exit_status_received(status)

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        self._session.exit_signal_received(signal, core_dumped, msg, lang)

    def connection_lost(self, exc: Exception | None) -> None:
        self._session.connection_lost(exc)


class _Writer:
    """The writing end of a channel."""

    __slots__ = ("__channel", "__needs_script")

    def __init__(self, channel: asyncssh.SSHClientChannel[bytes], needs_script: bool) -> None:
        self.__channel = channel
        self.__needs_script = needs_script

    def write(self, data: bytes) -> None:
        """Send requests, after the script where one is needed."""
        if self.__needs_script:
            if data not in _SCRIPTS:
                self.__channel.close()
                raise WallError("what watches gives a shell nothing but its fixed scripts")
            self.__needs_script = False
        self.__channel.write(data)

    def is_closing(self) -> bool:
        """Whether nothing can be sent any more."""
        return self.__channel.is_closing()

    def close(self) -> None:
        """Close the channel."""
        self.__channel.close()

    async def wait_closed(self) -> None:
        """Wait until the other end has closed it too."""
        await self.__channel.wait_closed()
