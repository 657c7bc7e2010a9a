"""known_hosts files: which keys are known for a host, where they stand, and adding one."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncssh


@dataclass(frozen=True, slots=True)
class KnownLine:
    """One usable line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)."""

    path: Path
    number: int
    entry: asyncssh.SSHKnownHosts
    text: str


@dataclass(frozen=True, slots=True)
class KnownHosts:
    """Every line of the files that ssh would read. A host it does not name is unknown, never trusted."""

    user_file: Path | None
    """The file that a newly trusted key is added to; None when ssh_config turns it off."""
    lines: tuple[KnownLine, ...] = ()

    @property
    def trusted(self) -> asyncssh.SSHKnownHosts:
        """All lines together, as asyncssh checks them."""
        return asyncssh.import_known_hosts("\n".join(line.text for line in self.lines))

    def about(self, name: str) -> tuple[KnownLine, ...]:
        """The lines that name exactly this host: `host` or `[host]:port`."""
        return tuple(line for line in self.lines if any(line.entry.match(name, "", None)[:3]))


def read_known_hosts(user_files: Sequence[Path], global_files: Sequence[Path]) -> KnownHosts:
    """Read the files that exist; a line that cannot be read trusts nobody."""
    lines: list[KnownLine] = []
    for path in (*user_files, *global_files):
        try:
            text = path.read_text("utf-8", "replace")
        except OSError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            try:
                entry = asyncssh.import_known_hosts(line)
            except ValueError:
                continue
            if line.strip() and not line.lstrip().startswith("#"):
                lines.append(KnownLine(path, number, entry, line))
    return KnownHosts(user_files[0] if user_files else None, tuple(lines))


def host_name(host: str, port: int) -> str:
    """A host as known_hosts names it."""
    return host if port == 22 else f"[{host}]:{port}"


def remember(path: Path, name: str, key: asyncssh.SSHKey) -> None:
    """Append one line in one write, so that two consoles at once lose neither."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    algorithm, data, *_ = key.export_public_key("openssh").decode("ascii").split()
    line = f"{name} {algorithm} {data}\n"
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = "\n" + line
        os.write(descriptor, line.encode("ascii"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
