"""A real sshd on a jump host whose accounts only watch: an own /etc/passwd in an own mount namespace."""

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

import asyncssh

from tests.ssh.sshd import Sshd, descendants, sshd
from tests.ssh.sshd import missing as no_sshd
from tests.waiting import eventually

WALL = files("console.papers").joinpath("wall.sh").read_text(encoding="utf-8")
PROGRAM = Path(sys.executable).with_name("mirrorgate")
_OWN_PASSWD = ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/passwd && exec "$@"')

CONSOLE_UP = b"\x1b[?1049h"
CONSOLE_DOWN = b"\x1b[?1049l"


@cache
def missing() -> str | None:
    """Why no account of our own can be had here; None when one can."""
    if why := no_sshd():
        return why
    if os.getuid() != 0 or shutil.which("unshare") is None:
        return "an account that only watches needs root and unshare(1)"
    tried = subprocess.run(
        [*_OWN_PASSWD[:4], "mount --bind /etc/passwd /etc/passwd"], capture_output=True, check=False
    )
    return "mounting is not allowed here" if tried.returncode else None


@dataclass
class Walled:
    """The server and its account `viewer`."""

    server: Sshd
    wall: Path
    home: Path

    async def connect(self) -> asyncssh.SSHClientConnection:
        """Log in as the viewer."""
        return await asyncssh.connect(
            self.server.host,
            self.server.port,
            username="viewer",
            client_keys=[str(self.server.key_file)],
            known_hosts=asyncssh.import_known_hosts(self.server.known_line()),
            config=[],
            agent_path=None,
        )

    def consoles(self) -> list[int]:
        """The processes that draw a console."""
        found = []
        for pid in descendants(self.server.process.pid):
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"--wall" in words:
                found.append(pid)
        return found

    def files(self) -> list[Path]:
        """What was written into the viewer's home."""
        return [path for path in self.home.rglob("*") if path.is_file()]


@dataclass
class Seen:
    """A session on a terminal, and all that it printed."""

    process: asyncssh.SSHClientProcess[bytes]
    text: bytearray = field(default_factory=bytearray)
    ended: bool = False

    async def read(self) -> None:
        """Take what comes until it ends."""
        try:
            while some := await self.process.stdout.read(1 << 16):
                self.text += some
        finally:
            self.ended = True

    async def shows(self, *words: bytes) -> None:
        """Wait until all of this was printed; what has ended prints nothing more."""

        def here() -> bool:
            return all(word in self.text for word in words)

        await eventually(lambda: here() or self.ended, 60, f"{words} in what it printed")
        assert here(), f"it ended with {self.process.exit_status}: {bytes(self.text[-2000:])!r}"


@asynccontextmanager
async def walled(
    folder: Path,
    config: Path,
    *,
    shell: str = "",
    options: Sequence[str] = (),
    program: Path = PROGRAM,
    prefix: Sequence[str] = (),
) -> AsyncIterator[Walled]:
    """Start a server; the viewer's login shell is the wall unless `shell` says another."""
    wall, home, named = _installed(folder, config, shell, options, program)
    passwd = str(folder / "passwd")
    async with sshd(folder / "sshd", options=named, prefix=(*prefix, *_OWN_PASSWD, passwd)) as server:
        yield Walled(server, wall, home)


def _installed(
    folder: Path, config: Path, shell: str, options: Sequence[str], program: Path
) -> tuple[Path, Path, list[str]]:
    """The wall, its account and its home, and the server's options with the wall's path in them."""
    home = folder / "home-of-viewer"
    home.mkdir(parents=True)
    wall = folder / "wall.sh"
    text = WALL.replace("/usr/local/bin/mirrorgate", str(program)).replace(
        "/usr/local/etc/mirrorgate", str(config)
    )
    wall.write_text(text)
    wall.chmod(0o755)
    passwd = folder / "passwd"
    # First of its number: whoever asks for the account of this uid finds the viewer.
    account = f"viewer:*:{os.getuid()}:{os.getgid()}::{home}:{shell or wall}\n"
    passwd.write_text(account + Path("/etc/passwd").read_text())
    return wall, home, [option.replace("WALL", str(wall)) for option in options]
