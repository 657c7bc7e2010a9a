"""Real dump and restore: ext4 in loop devices, the steps' own texts, and a shim for the names that differ.

Debian's dump knows no snapshots and ext4 no UFS flags, so a few commands of FreeBSD stand in a directory that
comes first in PATH: each is the Linux command of the same work, nothing is played.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from console.model.disks import FileSystem, HostDisks, Mounted, Scheme
from playbooks.migrating.work import Content, Move, Place, Way, Work
from tests.moving.works import MARK, TOOLS

_SHIMS = {
    # newfs -U [-i BYTES] DEVICE
    "newfs": 'for device; do :; done; exec mkfs.ext4 -q -F -E lazy_itable_init=0,nodiscard "$device"',
    # mount -p as FreeBSD prints it; anything else is the real one.
    "mount": """if [ "$1" = -p ]; then
    awk '{ printf "%s\\t%s\\t%s\\t%s\\t0 0\\n", $1, $2, $3, $4 }' /proc/self/mounts
else
    exec /bin/mount "$@"
fi""",
    # FreeBSD's dump tells its progress in its title; Debian's does not.
    "ps": "exec /bin/ps axww -o args",
    "sha256": 'exec sha256sum --tag "$@"',
    "chflags": "exit 0",
    "swapinfo": "exit 0",
}
_DUMP = """exec 3>&1
{ @PROGRAM@ "$@" 2>&1 >&3 3>&-; echo $? >"$0.$$"; } |
    sed -u -e 's/estimated \\([0-9]*\\) blocks/estimated \\1 tape blocks/' \\
        -e 's/: \\([0-9]*\\) blocks (.*/: DUMP: \\1 tape blocks/' >&2
read -r code <"$0.$$"
rm -f "$0.$$"
exit "$code"
"""
"""Debian's dump counts `blocks` where FreeBSD's counts `tape blocks`."""


_MOUNTS = """cd "$1" && truncate -s 4m image && mkfs.ext4 -q -F image && mkdir point || exit 1
mount -o loop image point && umount point
"""


@cache
def missing() -> str | None:
    """Why dump and restore cannot really be run here; None when they can."""
    if os.getuid() != 0:
        return "only root mounts loop devices"
    for tool in ("dump", "restore", "mkfs.ext4", "losetup"):
        if shutil.which(tool, path="/usr/sbin:/sbin:/usr/bin:/bin") is None:
            return f"no {tool} on this machine (Debian: dump, e2fsprogs, mount)"
    with tempfile.TemporaryDirectory() as folder:
        tried = subprocess.run(["sh", "-c", _MOUNTS, "sh", folder], capture_output=True, check=False)
    return None if tried.returncode == 0 else "a loop device cannot be made and mounted here (a container?)"


@dataclass
class Machine:
    """This machine, with disks in files."""

    folder: Path
    devices: list[str] = field(default_factory=list)
    mounts: list[Path] = field(default_factory=list)

    @property
    def state(self) -> Path:
        """Where the texts keep what they remember; `/var/db/mirrorgate` of a true machine."""
        return self.folder / "db" / f"migrate-{MARK}"

    def disk(self, name: str, megabytes: int) -> str:
        """A new loop device."""
        image = self.folder / f"{name}.img"
        with image.open("wb") as file:
            file.truncate(megabytes << 20)
        made = subprocess.run(["losetup", "-f", "--show", image], capture_output=True, text=True, check=True)
        self.devices.append(made.stdout.strip())
        return self.devices[-1]

    def formatted(self, device: str, at: str) -> Path:
        """A file system on it, mounted."""
        point = self.folder / at
        point.mkdir(exist_ok=True)
        subprocess.run(["mkfs.ext4", "-q", "-F", device], check=True)
        subprocess.run(["mount", device, point], check=True)
        self.mounts.append(point)
        return point

    def here(self, text: str) -> str:
        """A step's text with this test's directories for the machine's."""
        return text.replace("/var/db/mirrorgate", str(self.folder / "db")).replace(
            "/mirrorgate-copy", str(self.folder / "copy")
        )

    @property
    def environment(self) -> dict[str, str]:
        path = f"{self.folder / 'bin'}:/usr/sbin:/sbin:/usr/bin:/bin"
        return {"PATH": path, "LC_ALL": "C", "HOME": str(self.folder)}

    def start(self, text: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """A text as a job runs it: by /bin/sh, in a session of its own, without a terminal."""
        return subprocess.Popen(
            ["dash", "-c", self.here(text)],
            env=self.environment,
            start_new_session=True,
            cwd="/",
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, text: str) -> tuple[int, str]:
        """Its exit and what it said."""
        process = self.start(text)
        out, _ = process.communicate(timeout=120)
        return process.returncode, out.decode(errors="replace")


@contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """This machine as a node; everything is unmounted and let go afterwards."""
    (folder / "bin").mkdir()
    real = {name: shutil.which(name, path="/usr/sbin:/sbin") or name for name in ("dump", "restore")}
    bodies = _SHIMS | {
        "restore": f'exec {real["restore"]} "$@"',
        "dump": _DUMP.replace("@PROGRAM@", real["dump"]),
    }
    for name, body in bodies.items():
        path = folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
    one = Machine(folder)
    one.state.mkdir(parents=True)
    (one.state / "may-erase").touch()
    try:
        yield one
    finally:
        mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for point in reversed([point for point in mounted if point.startswith(f"{folder}/")]):
            subprocess.run(["umount", "-l", point], check=False)
        for device in one.devices:
            subprocess.run(["losetup", "-d", device], check=False)


def work_of(source: Path, device: str, target: str, way: Way = Way.HERE, *, mtree: bool = False) -> Work:
    """A migration of one file system on this machine."""
    lines = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    mounts = tuple(Mounted(special, file, type) for special, file, type, *_ in lines)
    tools = TOOLS if mtree else TOOLS - {"mtree"}
    host = HostDisks("web-a", "web-a", "13.2-RELEASE", 13, mounts=mounts, tools=tools)
    other = host if way is Way.HERE else replace(host, name="web-b")
    place = Place(target.removeprefix("/dev/"), "ada0s1e", 0, 0, Content.UFS)
    move = Move(str(source), device, FileSystem(), place, live=False)
    return Work(
        host, other, "ada0", "ada1", "ada0", Scheme.MBR, True, (place,), (move,), way,
        snapshots=False, second_level=True, compress=False, rate_limit=None,
    )  # fmt: skip
