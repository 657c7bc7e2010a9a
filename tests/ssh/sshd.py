"""A real OpenSSH server on loopback: an ordinary process with its own keys and configuration."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from tests.waiting import eventually

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
USER = pwd.getpwuid(os.getuid()).pw_name

NO_BASHRC = "SHLVL=1"
"""Bash below sshd reads ~/.bashrc where it is the first shell: what a developer has in there, and what is
left of it when a login is killed in the midst of it, is no part of a test. Sshd takes the first SetEnv only.
"""


def missing() -> str | None:
    """Why no sshd can be started here; None when one can."""
    return None if SSHD else "no sshd on this machine (Debian: openssh-server)"


def free_port(host: str = "127.0.0.1") -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def write_key(path: Path, passphrase: str | None = None) -> asyncssh.SSHKey:
    """A new private key with its .pub beside it."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(path, passphrase=passphrase)
    path.chmod(0o600)
    key.write_public_key(path.with_name(path.name + ".pub"))
    return key


@dataclass
class Sshd:
    """A running server, the files a client needs, and its processes."""

    folder: Path
    port: int
    host_key: asyncssh.SSHKey
    process: subprocess.Popen[bytes]
    host: str = "127.0.0.1"
    others: list[Path] = field(default_factory=list)

    @property
    def key_file(self) -> Path:
        """A key that logs in."""
        return self.folder / "client"

    @property
    def log(self) -> str:
        return (self.folder / "sshd.log").read_text(errors="replace")

    def known_line(self, key: asyncssh.SSHKey | None = None) -> str:
        """What known_hosts says of this server."""
        public = (key or self.host_key).export_public_key("openssh").decode().strip()
        return f"[{self.host}]:{self.port} {public}\n"

    def children(self) -> set[int]:
        """Every living process below the server, which is one per login and one per session's shell."""
        return set(descendants(self.process.pid))

    def ssh_config(self, name: str = "node", *, known: str | None = None, extra: str = "") -> Path:
        """An ssh_config with one host; `known` is the text of its known_hosts, by default the true key."""
        known_hosts = self.folder / f"known_hosts-{name}"
        known_hosts.write_text(self.known_line() if known is None else known)
        path = self.folder / f"config-{name}"
        path.write_text(
            f"Host {name}\n  HostName {self.host}\n  Port {self.port}\n  User {USER}\n"
            f"  IdentityFile {self.key_file}\n  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {known_hosts}\n  GlobalKnownHostsFile /dev/null\n{extra}"
        )
        return path

    def drop_logins(self) -> None:
        """Kill every login process, as a crash of them would; the listener stays."""
        # Those that speak to the client first: none may tell how what it had started ended.
        for pid in descendants(self.process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def stop(self) -> None:
        self.drop_logins()
        self.process.kill()
        self.process.wait()


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def descendants(pid: int) -> list[int]:
    """Processes below `pid`, from /proc, parents first; dead ones that nobody waited for are left out."""
    below: list[int] = []
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            state, above = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            parents.setdefault(int(above), []).append(int(entry.name))
    todo = [pid]
    while todo:
        children = parents.get(todo.pop(0), [])
        below.extend(children)
        todo.extend(children)
    return below


@asynccontextmanager
async def sshd(
    folder: Path, *, options: Sequence[str] = (), prefix: Sequence[str] = (), host: str = "127.0.0.1"
) -> AsyncIterator[Sshd]:
    """Start a server in `folder`; `prefix` runs it elsewhere (`ip netns exec NAME`)."""
    server = start(folder, options, prefix, host)
    try:
        await eventually(
            lambda: server.process.poll() is not None or "Server listening" in server.log,
            what="sshd listening",
        )
        if server.process.poll() is not None:
            raise RuntimeError(f"sshd ended: {server.log}")
        yield server
    finally:
        server.stop()


def start(folder: Path, options: Sequence[str], prefix: Sequence[str], host: str) -> Sshd:
    """Start a server that may not listen yet."""
    assert SSHD is not None
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    host_key = write_key(folder / "host")
    client = write_key(folder / "client")
    (folder / "authorized").write_bytes(client.export_public_key("openssh"))
    (folder / "sshd.log").touch()
    port = free_port()
    lines = (
        f"ListenAddress {host}:{port}",
        f"HostKey {folder / 'host'}",
        f"PidFile {folder / 'pid'}",
        f"AuthorizedKeysFile {folder / 'authorized'}",
        "StrictModes no",
        "UsePAM no",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PermitRootLogin yes",
        "MaxStartups 100",
        "UseDNS no",
        *options,
        f"SetEnv {NO_BASHRC}",
    )
    (folder / "sshd_config").write_text("\n".join(lines) + "\n")
    process = subprocess.Popen(
        [*prefix, SSHD, "-D", "-f", str(folder / "sshd_config"), "-E", str(folder / "sshd.log")],
        stdin=subprocess.DEVNULL,
    )
    return Sshd(folder, port, host_key, process, host)
