"""One command on a node, bounded in time and output; however it ends, its channel is closed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import asyncssh

from console.ssh.collecting import Collector
from console.ssh.quoting import quote
from console.ssh.shell import SHELLS, Become
from console.ssh.text import inert_bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command said."""

    exit_status: int | None
    """None when it is unknown: too late, or the connection went. Unknown is not failure."""
    out: str
    err: str
    cut: bool = False
    """Whether there was more output than was kept."""

    @property
    def ok(self) -> bool:
        """Whether it is known to have succeeded."""
        return self.exit_status == 0


async def ask(
    connection: asyncssh.SSHClientConnection,
    what: Sequence[str] | str,
    limit: float,
    *,
    become: Become = "none",
    most: int = 4 << 20,
) -> Reply:
    """Run words (or a fixed script of ours) by `/bin/sh` with LC_ALL=C, for at most `limit` seconds.

    The command goes through the shell's input, so the login shell never sees it: csh would read `!` inside
    quotes. Its own input is empty. Closing the channel is no kill: what must not live on needs timeout(1).
    """
    body = what if isinstance(what, str) else quote(what)
    script = f"LC_ALL=C; export LC_ALL; unset BLOCKSIZE\n{{\n{body}\n}} </dev/null\nexit $?\n"
    collector = Collector(most)
    channel: asyncssh.SSHClientChannel[bytes] | None = None
    try:
        async with asyncio.timeout(limit):
            channel, _ = await connection.create_session(
                lambda: collector,
                SHELLS[become],
                encoding=None,
                request_pty=False,
                env=None,
                send_env=None,
                x11_forwarding=False,
            )
            channel.write(script.encode("utf-8", errors="surrogateescape"))
            channel.write_eof()
            await collector.closed.wait()
    except (TimeoutError, OSError, asyncssh.Error):
        # The reply says what is known: no exit status.
        return _reply(collector)
    finally:
        if channel is not None:
            channel.close()
    return _reply(collector)


def _reply(collector: Collector) -> Reply:
    return Reply(
        collector.exit_status,
        inert_bytes(bytes(collector.out)),
        inert_bytes(bytes(collector.err)),
        collector.cut,
    )
